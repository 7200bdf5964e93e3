//! stub

mod organization;
pub use organization::{Bucket, Generated, Network, Organization, Story, World, WorldOptions};

//! The tests of the crate, over its public interface.

mod bad_input;
mod catalogue;
mod documents;
mod enriched;
mod generator;
mod known_names;
mod ocsf;
mod properties;
mod published;
mod reference;
mod rules;
mod sentences;
mod support;

//! A faithful Activity Feed server with faults and a believable organization.

mod clock;
mod dice;
mod faults;
mod id;
mod message;
mod options;
mod serve;
mod simulator;
mod source;

pub use clock::{ManualClock, SimulatorClock, SystemClock};
pub use faults::{Every, Fault, FaultKind, FaultPlan, FaultPlanError, Trigger};
pub use message::{Delivery, SimulatedRequest, SimulatedResponse};
pub use options::{ACTIVITY_SCOPE, DEFAULT_PARENT, KeyKind, SimulatedKey, SimulatedParent, SimulatorOptions};
pub use serve::serve;
pub use simulator::{ActivityStream, Simulator};
pub use source::{ActivitySource, Rows};

mod organization;
pub use organization::{Bucket, Generated, Network, Organization, Story, World, WorldOptions};

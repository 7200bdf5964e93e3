//! A faithful Activity Feed server with faults and a believable organization.
//!
//! The one fake of this project: it stands in for the vendor's API, and for nothing else. It knows the contract of the
//! feed and nothing of the programs that read it, so a collector that satisfies it was not written to satisfy it.
//!
//! - [`World`] makes the rows of an invented organization from a seed, on demand, for any stretch of time.
//! - [`Simulator`] answers requests over such a source: synchronously, by the clock and the seed it was given.
//! - [`FaultPlan`] says what goes wrong, and when.
//! - [`serve`] puts it on a socket, where a reset is a reset.
//!
//! ```
//! use std::sync::Arc;
//! use simulator::{ManualClock, SimulatedRequest, Simulator, SimulatorOptions, World, WorldOptions};
//!
//! let history_end = "2026-06-01T12:00:00Z".parse()?;
//! let world = World::new(WorldOptions {
//!     seed: 7,
//!     history_start: "2026-05-25T12:00:00Z".parse()?,
//!     history_end,
//!     activities_per_day: 500.0,
//!     unknown_share: 0.0,
//! });
//! let clock = Arc::new(ManualClock::new(history_end));
//! let simulator = Simulator::new(SimulatorOptions::new(world, "sk-ant-api01-example"), clock);
//! let request = SimulatedRequest::get("/v1/compliance/activities?limit=5").with_key("sk-ant-api01-example");
//! let response = simulator.respond(&request);
//! assert_eq!(response.status, 200);
//! # Ok::<(), jiff::Error>(())
//! ```

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
pub use simulator::{ActivityStream, Simulator, transparency_log_key_fingerprint};
pub use source::{ActivitySource, Rows};

mod organization;
pub use organization::{Bucket, Generated, Network, Organization, Story, World, WorldOptions};

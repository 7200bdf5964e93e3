//! Decides which windows to ask a feed for next, and writes the answers to the ledger.
//!
//! This is the only crate that knows both the feed (HTTP, requests, pages) and the ledger (bytes on disk, coverage); it
//! knows nothing of what reads the ledger afterwards. One [`Collector`] follows one feed, in three lanes side by side: the
//! live tail, reconciliation, and filling in what is missing of the past; a fourth lane checks the vendor's transparency log. Several run in a process, share one ledger, and
//! share one [`Governor`] for each parent organization.
//!
//! What it guarantees, whatever the feed, the network, the clock or the disk do:
//!
//! - every row that the API returned is in the ledger, whether it was asked for or not;
//! - coverage is extended only by a window that was drained to its last page, never to a moment that had not yet settled,
//!   and never over a stretch that was not asked for;
//! - what is covered is asked for again at every configured age, so a row that comes late is found;
//! - a failure of any kind stops nothing for ever: the next attempt goes on from what is stored, by time if need be,
//!   and needs no hand.
//!
//! The decisions are pure: [`windows`] (what the tail asks for and what a drain proves), `reconciliation` (what is due
//! again), `shards` (how the past is cut), `overlap` (how late rows may be), the governor's state. The rest asks, stores
//! and waits. Time, transport and storage are passed in, so a week of polling runs in a second in the tests. The design is
//! told in `docs/design/collector.md`.

mod collector;
mod diagnosis;
mod drain;
mod error;
mod event;
mod governor;
mod lane;
mod overlap;
mod own_requests;
mod parent;
mod reconciliation;
mod recording;
mod setback;
mod settings;
mod shards;
mod skew;
mod store;
mod trail;
mod transparency;
pub mod windows;

pub use collector::Collector;
pub use error::Error;
pub use event::{Event, Observer, Silent};
pub use governor::{Governor, Priority, Spending};
pub use lane::Wishes;
pub use parent::parent_number;
pub use reconciliation::{Pass, passes};
pub use settings::FeedSettings;
pub use store::{SharedLedger, SimulatedDisk, Store};
pub use transparency::{FORMER_LOG, TransparencySettings};

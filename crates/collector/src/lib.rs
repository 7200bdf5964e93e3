//! Decides which windows to ask a feed for next, and writes the answers to the ledger.
//!
//! This is the only crate that knows both the feed (HTTP, requests, pages) and the ledger (bytes on disk, coverage); it
//! knows nothing of what reads the ledger afterwards. One [`Collector`] follows one feed; several run side by side in a
//! process and share one ledger.
//!
//! What it guarantees, whatever the feed, the network, the clock or the disk do:
//!
//! - every row that the API returned is in the ledger, whether it was asked for or not;
//! - coverage is extended only by a window that was drained to its last page, never to a moment that had not yet settled,
//!   and never over a stretch that was not asked for;
//! - a failure of any kind stops nothing for ever: the next attempt goes on from what is stored, by time if need be,
//!   and needs no hand.
//!
//! The pure half is [`windows`]: from what is covered, and the time, to the next window and what its drain proves. The
//! rest is a loop that asks, stores and waits. Time, transport and storage are passed in, so a week of polling runs in a
//! second in the tests. The design is told in `docs/design/collector.md`.

mod collector;
mod drain;
mod error;
mod event;
mod setback;
mod settings;
mod skew;
mod store;
pub mod windows;

pub use collector::Collector;
pub use error::Error;
pub use event::{Event, Observer, Silent};
pub use settings::FeedSettings;
pub use store::SharedLedger;

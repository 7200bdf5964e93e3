//! Delivers documents to destinations, in ledger order, each exactly once as far as the destination can tell.
//!
//! A destination is a [`Sink`]: it is handed a [`Batch`] and answers item by item. Everything else is the same for all of them
//! and stands in one place, the [`Driver`]: reading ahead, batching, waiting and trying again, splitting what is too large, putting
//! aside what is refused, and moving the cursor.
//!
//! ```text
//!   Source ──▶ batches ──▶ Sink::deliver ──▶ settled items ──▶ Progress (cursor, dead letters)
//!   (documents in sequence)   ▲      │ try again, with a delay
//!                             └──────┘
//! ```
//!
//! Guarantees, which [`conformance`] runs against any sink:
//!
//! - the cursor moves only over a prefix of which every document was delivered, was there already, or was put aside with a reason;
//! - after a crash at most the batches in flight are sent again, under the same ids;
//! - memory is bounded by the batches in flight, however long the destination is down;
//! - no document is dropped: a refusal is a dead letter, a failure of the destination is waited out.
//!
//! The contract in MUST words is `docs/specs/sink.md`. Destinations: [`elasticsearch`].
//!
//! The crate knows nothing of the feed, of the ledger's file or of how a document is made: a [`Source`] offers documents and a
//! [`Progress`] keeps what was settled.

mod backoff;
mod batch;
pub mod conformance;
mod delivery;
mod driver;
pub mod elasticsearch;
mod sink;

pub use backoff::Backoff;
pub use batch::{Batch, BatchLimits, Document};
pub use driver::{Driver, DriverOptions, DriverStatus};
pub use sink::{
    ItemOutcome, Progress, Read, Refusal, Sink, SinkError, SinkErrorKind, SinkFailure, Source, StorageError,
};

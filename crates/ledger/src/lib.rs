//! The ledger: the one truth of the trail, in one `SQLite` file.
//!
//! One writer ([`Ledger`]) appends pages of the feed; any number of readers ([`Reader`]), also in other processes,
//! read beside it. The ledger keeps the exact bytes of each activity, where they came from, which intervals of time
//! were drained, and a hash chain over all of it. `docs/design/ledger.md` specifies every table and every byte.

mod block;
mod chain;
mod commit;
mod coverage;
mod digest;
mod encoding;
mod error;
mod files;
mod identifiers;
mod known_name;
mod lag;
mod reader;
mod record;
mod schema;
mod sink;
mod status;
mod store;
#[cfg(test)]
mod testing;
mod transparency;
mod writer;

pub use chain::{ChainReport, Difference, DifferenceKind};
pub use commit::{Appended, Failure, FeedId, LagPolicy, NewActivity, OwnRead, PageCommit, Provenance};
pub use coverage::{Coverage, Interval};
pub use error::{Error, ErrorKind};
pub use files::remove;
pub use known_name::{KnownName, KnownNames};
pub use lag::LagHistogram;
pub use reader::{DrainRecord, Entry, EntryFilter, PageRecord, Reader, ScopeRecord};
pub use sink::{DeadLetter, Refused, SinkStatus, SinkStore};
pub use status::{Backfill, FeedStatus, Gap, LateArrival, OwnReads, Report};
pub use transparency::{
    Acknowledgement, Checkpoint, LogBreak, LogCheck, LoggedRow, NewBreak, NewCheckpoint, ProvenLeaf,
};
pub use writer::{Ledger, LostTail, Options};

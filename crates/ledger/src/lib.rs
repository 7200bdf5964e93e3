//! The ledger: the one truth of the trail, in one `SQLite` file.
//!
//! One writer ([`Ledger`]) appends pages of the feed; any number of readers ([`Reader`]), also in other processes,
//! read beside it. The ledger keeps the exact bytes of each activity, where they came from, which intervals of time
//! were drained, and a hash chain over all of it. `docs/design/ledger.md` specifies every table and every byte.

mod chain;
mod commit;
mod coverage;
mod error;
mod reader;
mod status;
mod writer;

pub use chain::{ChainReport, Difference, DifferenceKind};
pub use commit::{Appended, Failure, FeedId, LagPolicy, NewActivity, PageCommit, Provenance};
pub use coverage::{Coverage, Interval};
pub use error::{Error, ErrorKind};
pub use reader::{Entry, EntryFilter, PageRecord, Reader};
pub use status::{FeedStatus, Gap};
pub use writer::{Ledger, Options};

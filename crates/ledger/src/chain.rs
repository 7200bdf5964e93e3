//! The check of the whole chain: everything that must not change is recomputed from the stored bytes.
//!
//! The links are read in order, in short snapshots so that a writer beside is not held up; what they say is replayed,
//! and in one last snapshot the outcome is compared with the tables that only sum it up. The first difference is
//! named as closely as the ledger allows. Last comes the file itself. `docs/design/ledger.md` §5.4.

mod activities;
mod file;
mod replay;
mod summary;
mod transparency;

use crate::error::{Error, ErrorKind, Step};
use crate::files::NotedHead;
use crate::{LostTail, Reader};
use replay::Replay;

/// The outcome of a check of the whole chain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChainReport {
    /// Links checked.
    pub links: u64,
    /// Pages checked.
    pub pages: u64,
    /// Activities checked.
    pub activities: u64,
    /// Head of the chain as recomputed.
    pub head: [u8; 32],
    /// Losses that a writer noticed when it opened the ledger, and put on record.
    pub losses: Vec<LostTail>,
    /// The first difference, `None` when everything holds.
    pub difference: Option<Difference>,
}

/// Where the stored ledger first differs from what its chain says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// What kind of difference.
    pub kind: DifferenceKind,
    /// The link, when it can be named.
    pub link: Option<u64>,
    /// The page, when it can be named.
    pub page: Option<u64>,
    /// The activity's sequence, when it can be named.
    pub sequence: Option<u64>,
    /// The activity's id as stored now, when it can be named.
    pub activity_id: Option<String>,
    /// One sentence.
    pub message: String,
}

/// What kind of difference was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DifferenceKind {
    /// The bytes, id or time of an activity are not those that were appended.
    ActivityChanged,
    /// An activity is gone.
    ActivityMissing,
    /// An activity is there that was not appended.
    ActivityAdded,
    /// The activities of a page stand in another order.
    ActivityReordered,
    /// A stored block is not as its page needs it: place, feed or time bounds.
    BlockChanged,
    /// A page is gone.
    PageMissing,
    /// A page's row is not what its link says.
    PageChanged,
    /// A link of the chain is gone.
    LinkMissing,
    /// A link's record or hash was changed.
    LinkChanged,
    /// The chain ends before the head it once had.
    TailMissing,
    /// The head is not the last link, or the chain is not the one the head file knows.
    HeadChanged,
    /// The coverage is not what the drains prove.
    CoverageChanged,
    /// A drain is not what its last page says.
    DrainChanged,
    /// A feed, its scope, or its counters are not what the chain says.
    FeedChanged,
    /// The index of ids does not hold the activities that are there.
    IndexChanged,
    /// What is kept of the transparency log is not what the chain says.
    TransparencyChanged,
    /// Something cannot be read: the file is damaged.
    Unreadable,
}

impl DifferenceKind {
    /// A short name, `snake_case`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ActivityChanged => "activity_changed",
            Self::ActivityMissing => "activity_missing",
            Self::ActivityAdded => "activity_added",
            Self::ActivityReordered => "activity_reordered",
            Self::BlockChanged => "block_changed",
            Self::PageMissing => "page_missing",
            Self::PageChanged => "page_changed",
            Self::LinkMissing => "link_missing",
            Self::LinkChanged => "link_changed",
            Self::TailMissing => "tail_missing",
            Self::HeadChanged => "head_changed",
            Self::CoverageChanged => "coverage_changed",
            Self::DrainChanged => "drain_changed",
            Self::FeedChanged => "feed_changed",
            Self::IndexChanged => "index_changed",
            Self::TransparencyChanged => "transparency_changed",
            Self::Unreadable => "unreadable",
        }
    }
}

/// Why a check stops early.
enum Stop {
    Differs(Box<Difference>),
    Failed(Error),
}

impl Stop {
    fn differs(kind: DifferenceKind, message: impl Into<String>) -> Self {
        let message = message.into();
        Self::Differs(Box::new(Difference {
            kind,
            link: None,
            page: None,
            sequence: None,
            activity_id: None,
            message,
        }))
    }

    /// Names the place of a difference that does not name it yet.
    fn at(mut self, link: Option<u64>, page: Option<u64>) -> Self {
        if let Self::Differs(difference) = &mut self {
            difference.link = difference.link.or(link);
            difference.page = difference.page.or(page);
        }
        self
    }

    fn activity(mut self, sequence: u64, id: Option<String>) -> Self {
        if let Self::Differs(difference) = &mut self {
            difference.sequence = Some(sequence);
            difference.activity_id = id;
        }
        self
    }
}

/// Damage met while reading is a difference; anything else is a failure of the check itself.
impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        match error.kind() {
            ErrorKind::Damaged | ErrorKind::NotALedger => {
                Self::differs(DifferenceKind::Unreadable, error.to_string())
            }
            _ => Self::Failed(error),
        }
    }
}

/// Links checked in one snapshot.
const LINKS_PER_SNAPSHOT: u64 = 64;

impl Reader {
    /// Recomputes everything from the stored bytes and names the first difference.
    ///
    /// `progress` is called with the links checked so far and the links there are. Runs beside a writer; what is
    /// appended meanwhile is checked too. An error is returned only when the check itself could not go on; damage is
    /// a difference.
    pub fn check_chain(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<ChainReport, Error> {
        let mut replay = Replay::default();
        let difference = match self.replay(&mut replay, progress) {
            Ok(()) => None,
            Err(Stop::Differs(difference)) => Some(*difference),
            Err(Stop::Failed(error)) => return Err(error),
        };
        Ok(ChainReport {
            links: replay.link,
            pages: replay.page,
            activities: replay.sequence,
            head: replay.hash,
            losses: replay.losses,
            difference,
        })
    }

    fn replay(&self, replay: &mut Replay, progress: &mut dyn FnMut(u64, u64)) -> Result<(), Stop> {
        const STEP: &str = "check the chain";
        let total = self.last_link()?;
        let cache = &mut *self.cache.borrow_mut();
        while replay.link < total {
            let snapshot = self.connection.unchecked_transaction().step(STEP)?;
            replay.links(&snapshot, cache, LINKS_PER_SNAPSHOT)?;
            progress(replay.link.min(total), total);
        }
        // Read before the last snapshot: the file is never ahead of the ledger, so it must not be ahead of that.
        let noted = NotedHead::read(&self.path);
        let snapshot = self.connection.unchecked_transaction().step(STEP)?;
        replay.links(&snapshot, cache, u64::MAX)?;
        replay.head(&snapshot, noted.as_ref())?;
        replay.summary(&snapshot)?;
        file::check(&snapshot, &self.path)?;
        progress(replay.link, replay.link);
        Ok(())
    }

    fn last_link(&self) -> Result<u64, Error> {
        let last: Option<u64> = self
            .connection
            .query_row("SELECT max(link) FROM link", [], |row| row.get(0))
            .step("find the last link")?;
        Ok(last.unwrap_or(0))
    }
}

#[cfg(test)]
#[path = "chain/tests.rs"]
mod tests;

//! What the unit tests share: a ledger in a folder of its own, and short rows.

use crate::{
    Appended, Error, FeedId, Interval, LagPolicy, Ledger, NewActivity, Options, PageCommit, Provenance,
};
use jiff::Timestamp;
use std::path::PathBuf;

/// A ledger in a folder of its own, gone when dropped.
pub(crate) struct Place {
    _folder: tempfile::TempDir,
    pub(crate) path: PathBuf,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ledger.sqlite");
        Self { _folder: folder, path }
    }

    pub(crate) fn open(&self) -> Ledger {
        let options = Options { identity: Some([7; 16]), ..Options::default() };
        Ledger::open(&self.path, options).expect("the ledger opens")
    }
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_764_000_000 + second).expect("in range")
}

/// Appends a drained page of rows with the given ids, a second apart.
pub(crate) fn append(
    ledger: &mut Ledger,
    feed: FeedId,
    ids: &[String],
    drained: (i64, i64),
) -> Result<Appended, Error> {
    let raws: Vec<String> =
        ids.iter().map(|id| format!(r#"{{"id":"{id}","type":"claude_chat_viewed"}}"#)).collect();
    let activities: Vec<NewActivity<'_>> = ids
        .iter()
        .zip(&raws)
        .zip(drained.0..)
        .map(|((id, raw), second)| NewActivity { id, created_at: at(second), raw: raw.as_bytes() })
        .collect();
    ledger.append(&PageCommit {
        feed,
        provenance: Provenance {
            url: "https://api.anthropic.com/v1/compliance/activities",
            parameters: "{}",
            request_id: None,
            requested_at: at(1_000),
            responded_at: at(1_001),
            status: 200,
            body_sha256: [1; 32],
            body_bytes: 10,
            attempts: 1,
        },
        activities: &activities,
        drained: Some(Interval { gte: at(drained.0), lt: at(drained.1) }),
        drain_started: true,
        drain: None,
        lag: LagPolicy::Count,
        own_reads: &[],
    })
}

//! What somebody wants of the process that may write the ledger: a backfill, or that a break of the transparency log is acknowledged.
//!
//! There is one writer. So a request is a file in `data_dir/requests`, complete the moment it has its name; whoever collects picks
//! it up within a second, keeps it in the ledger, and only then removes the file. A request is lost by no stop on the way.

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use collector::{SharedLedger, Wishes};
use jiff::Timestamp;
use ledger::{ErrorKind, Interval, Ledger};
use serde::{Deserialize, Serialize};

/// How often the folder is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Request {
    Backfill(BackfillRequest),
    Acknowledgement(AcknowledgementRequest),
}

/// A stretch of a feed that somebody wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BackfillRequest {
    pub(crate) feed: String,
    pub(crate) gte: Timestamp,
    pub(crate) lt: Timestamp,
    /// Also what is covered already.
    #[serde(default)]
    pub(crate) again: bool,
}

/// Somebody looked into a break of the transparency log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AcknowledgementRequest {
    /// The break's number.
    pub(crate) acknowledge: u64,
    pub(crate) reason: String,
    pub(crate) by: String,
    pub(crate) at: Timestamp,
}

/// Where a request stands after it was looked at.
enum Outcome {
    /// The ledger has it; the feed that is to know of it.
    Kept(Option<String>),
    /// Its feed is not in the ledger yet.
    Waits,
}

fn folder(data_dir: &Path) -> PathBuf {
    data_dir.join("requests")
}

/// Leaves a request for whoever collects. The file that is returned is there until the ledger has it.
pub(crate) fn leave(data_dir: &Path, request: &Request) -> io::Result<PathBuf> {
    let folder = folder(data_dir);
    std::fs::create_dir_all(&folder)?;
    let number = Timestamp::now().as_nanosecond();
    let kind = match request {
        Request::Backfill(_) => "backfill",
        Request::Acknowledgement(_) => "acknowledgement",
    };
    let name = format!("{kind}-{number}-{}", std::process::id());
    let unfinished = folder.join(format!("{name}.part"));
    let text = serde_json::to_vec(request).map_err(io::Error::other)?;
    std::fs::write(&unfinished, text)?;
    std::fs::File::open(&unfinished)?.sync_all()?;
    let left = folder.join(format!("{name}.json"));
    std::fs::rename(unfinished, &left)?;
    Ok(left)
}

/// Keeps in the ledger whatever is left in the folder, for as long as it runs.
pub(crate) async fn pick_up(data_dir: PathBuf, ledger: SharedLedger, wishes: HashMap<String, Wishes>) {
    let folder = folder(&data_dir);
    loop {
        let (folder, ledger) = (folder.clone(), SharedLedger::clone(&ledger));
        // A reader of folders and ledgers may block.
        let kept = tokio::task::spawn_blocking(move || keep_all(&folder, &ledger)).await.unwrap_or_default();
        for feed in kept {
            if let Some(wishes) = wishes.get(&feed) {
                wishes.changed();
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// The feeds for which a request was kept.
fn keep_all(folder: &Path, ledger: &SharedLedger) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut kept = Vec::new();
    for entry in entries.flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        match keep(&path, ledger) {
            Ok(Outcome::Kept(feed)) => kept.extend(feed),
            Ok(Outcome::Waits) => {}
            Err(reason) => tracing::warn!(file = %path.display(), reason, "a request cannot be taken up"),
        }
    }
    kept
}

/// Keeps one request and removes its file.
fn keep(path: &Path, ledger: &SharedLedger) -> Result<Outcome, String> {
    // Kept for whoever wants to see it, out of the way.
    let refuse = || drop(std::fs::rename(path, path.with_extension("refused")));
    let text = std::fs::read(path).map_err(|error| error.to_string())?;
    let request: Request = serde_json::from_slice(&text).map_err(|error| {
        refuse();
        error.to_string()
    })?;
    let mut ledger = ledger.lock().map_err(|_| "the ledger is out of order".to_owned())?;
    let outcome = keep_in(&mut ledger, &request).map_err(|error| {
        if error.kind() == ErrorKind::InvalidInput {
            refuse();
        }
        error.to_string()
    })?;
    if matches!(outcome, Outcome::Kept(_)) {
        std::fs::remove_file(path).map_err(|error| error.to_string())?;
    }
    Ok(outcome)
}

fn keep_in(ledger: &mut Ledger, request: &Request) -> Result<Outcome, ledger::Error> {
    match request {
        Request::Backfill(request) => {
            let feeds = ledger.reader()?.feeds()?;
            let Some(feed) = feeds.iter().find(|feed| feed.name == request.feed) else {
                return Ok(Outcome::Waits);
            };
            if let Some(interval) = Interval::new(request.gte, request.lt) {
                ledger.request_backfill(feed.id, interval, Timestamp::now())?;
                if request.again {
                    ledger.forget_reconciled(feed.id, interval)?;
                }
            }
            tracing::info!(feed = request.feed, from = %request.gte, to = %request.lt, "a backfill was requested");
            Ok(Outcome::Kept(Some(request.feed.clone())))
        }
        Request::Acknowledgement(request) => {
            acknowledge(ledger, request)?;
            Ok(Outcome::Kept(None))
        }
    }
}

/// Keeps that a break was acknowledged; what was said of it before stands.
pub(crate) fn acknowledge(
    ledger: &mut Ledger,
    request: &AcknowledgementRequest,
) -> Result<(), ledger::Error> {
    let AcknowledgementRequest { acknowledge: number, reason, by, at } = request;
    if ledger.acknowledge_break(*number, reason, by, *at)? {
        tracing::info!(number, by, "a break of the transparency log was acknowledged");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use ledger::{Options, Reader};

    use super::*;

    #[test]
    fn a_request_waits_for_its_feed_and_is_kept_once() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("ledger.sqlite");
        let ledger: SharedLedger = Arc::new(Mutex::new(Ledger::open(&path, Options::default()).unwrap()));
        let at = |second: i64| Timestamp::from_second(1_790_000_000 + second).unwrap();
        let request = BackfillRequest { feed: "acme".into(), gte: at(0), lt: at(100), again: false };
        leave(place.path(), &Request::Backfill(request)).unwrap();
        let folder = folder(place.path());
        assert_eq!(keep_all(&folder, &ledger), Vec::<String>::new());
        let id = ledger.lock().unwrap().register_feed("acme", "scope", at(0)).unwrap();
        assert_eq!(keep_all(&folder, &ledger), ["acme"]);
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
        let kept = Reader::open(&path).unwrap().backfills(id).unwrap();
        assert_eq!(kept.len(), 1);
        assert_eq!((kept[0].interval.gte, kept[0].interval.lt), (at(0), at(100)));
        // Written down by a version that knew nothing of `again`.
        let older = format!(r#"{{"feed":"acme","gte":"{}","lt":"{}"}}"#, at(200), at(300));
        std::fs::write(folder.join("older.json"), older).unwrap();
        assert_eq!(keep_all(&folder, &ledger), ["acme"]);
        let nothing =
            AcknowledgementRequest { acknowledge: 1, reason: "r".into(), by: "b".into(), at: at(0) };
        let left = leave(place.path(), &Request::Acknowledgement(nothing)).unwrap();
        std::fs::write(folder.join("odd.json"), "not a request").unwrap();
        assert_eq!(keep_all(&folder, &ledger), Vec::<String>::new());
        for refused in [left.with_extension("refused"), folder.join("odd.refused")] {
            assert!(refused.exists(), "{} is out of the way, and not lost", refused.display());
        }
    }
}

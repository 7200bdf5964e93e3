//! Keeps the search index up with the ledger: reads on from the cursor in the index's last commit, and commits again.
//!
//! It runs beside the collectors on a thread of its own. Nothing it meets stops the trail: a failure is said once, and it
//! begins again from the last commit. A document can be found about a second after its activity was kept.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use index::{Pace, Writer};
use jiff::Timestamp;
use ledger::{EntryFilter, Reader};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::{
    config::Settings,
    documents::Documents,
    error::{Exit, Failure, Result, chain},
    fields::fields,
};

/// Entries made into documents at a time.
const BATCH: usize = 2_000;
/// How often the ledger is looked at for news.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);
/// Activities behind which the index catches up with more threads and memory.
const FAR_BEHIND: u64 = 20_000;
/// Documents and time between two commits while catching up: the work that a crash repeats.
const CATCH_UP_COMMIT: u64 = 500_000;
const CATCH_UP_COMMIT_INTERVAL: Duration = Duration::from_secs(10);
/// Without news for so long, threads and memory are given back.
const REST_AFTER: Duration = Duration::from_secs(3);
/// How often old documents are looked for.
const RETENTION_INTERVAL: Duration = Duration::from_hours(1);
/// Pause after a failure.
const RETRY_INTERVAL: Duration = Duration::from_secs(30);
/// At the end of the program so much is still caught up with: it takes a second or two.
const LAST_STRETCH: u64 = 2_000;
/// Longest wait for the index at the end of the program.
const LAST_WAIT: Duration = Duration::from_secs(5);

impl Settings {
    /// The folder of the search index.
    pub(crate) fn index_path(&self) -> PathBuf {
        self.data_dir.join("index")
    }
}

impl From<index::Error> for Failure {
    fn from(error: index::Error) -> Self {
        Failure::new(Exit::Ledger, chain(&error)).hint(error.hint())
    }
}

/// The thread that follows the ledger.
pub(crate) struct Indexing {
    stop: CancellationToken,
    ended: oneshot::Receiver<()>,
}

impl Indexing {
    /// Starts it.
    pub(crate) fn start(settings: Arc<Settings>) -> Self {
        let stop = CancellationToken::new();
        let (sender, ended) = oneshot::channel();
        let token = stop.clone();
        // No thread of the runtime, which would wait for it at the end of the program.
        std::thread::spawn(move || {
            follow(&settings, &token);
            let _ = sender.send(());
        });
        Self { stop, ended }
    }

    /// Lets it end, and waits a little: the end of the program may fall into a commit or a merge, as a crash may.
    pub(crate) async fn end(self) {
        self.stop.cancel();
        match tokio::time::timeout(LAST_WAIT, self.ended).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => tracing::error!("keeping up the search index ended unexpectedly"),
            Err(_) => tracing::info!("the search index catches up with the rest at the next start"),
        }
    }
}

fn follow(settings: &Settings, stop: &CancellationToken) {
    let mut said = String::new();
    loop {
        let outcome = Pump::open(settings).and_then(|mut pump| pump.follow(stop));
        match outcome {
            Ok(()) => return,
            Err(failure) if failure.what() == said => tracing::debug!("{}", failure.what()),
            Err(failure) => {
                failure.what().clone_into(&mut said);
                let hint = failure.next_step().unwrap_or_default();
                tracing::warn!(hint, "the search index is not kept up for now: {}", failure.what());
            }
        }
        if wait(stop, RETRY_INTERVAL) {
            return;
        }
    }
}

/// Waits; `true` when it is time to stop.
fn wait(stop: &CancellationToken, duration: Duration) -> bool {
    let until = Instant::now() + duration;
    while Instant::now() < until {
        if stop.is_cancelled() {
            return true;
        }
        std::thread::sleep(LOOK_INTERVAL.min(duration));
    }
    stop.is_cancelled()
}

/// From the ledger into the index.
pub(crate) struct Pump {
    writer: Writer,
    reader: Reader,
    documents: Documents,
    /// Activities of before this age are not kept.
    retention: Duration,
    document: Vec<u8>,
}

impl Pump {
    /// Opens both ends. An index that was made from another ledger is made anew.
    pub(crate) fn open(settings: &Settings) -> Result<Self> {
        let reader = Reader::open(&settings.ledger_path())?;
        let writer = Writer::open(&settings.index_path(), &fields())?;
        let documents = Documents::new(settings, &reader)?;
        let mut pump =
            Self { writer, reader, documents, retention: settings.index.retention, document: Vec::new() };
        if !pump.fits()? {
            tracing::info!("the ledger is not the one the search index was made from: making it anew");
            pump.writer.restart()?;
        }
        Ok(pump)
    }

    /// Whether the activity that the index ends with is still at its place in the ledger.
    fn fits(&self) -> Result<bool> {
        let cursor = self.writer.cursor();
        if cursor.sequence == 0 {
            return Ok(true);
        }
        let entries = self.reader.entries(cursor.sequence - 1, 1, &EntryFilter::default())?;
        Ok(entries
            .first()
            .is_some_and(|entry| entry.sequence == cursor.sequence && entry.id == cursor.anchor))
    }

    /// Begins anew beside the index that answers.
    pub(crate) fn restart(&mut self) -> Result<()> {
        Ok(self.writer.restart()?)
    }

    /// How many activities the index is behind.
    pub(crate) fn behind(&self) -> Result<u64> {
        Ok(self.reader.last_sequence()?.saturating_sub(self.writer.cursor().sequence))
    }

    /// Catches up with the ledger as it is now, and lets the index answer. Calls back with the sequence reached.
    pub(crate) fn catch_up(&mut self, stop: &CancellationToken, mut progress: impl FnMut(u64)) -> Result<()> {
        let last = self.reader.last_sequence()?;
        let mut at = self.writer.cursor().sequence;
        let (mut uncommitted, mut committed_at) = (0, Instant::now());
        if last.saturating_sub(at) > FAR_BEHIND {
            self.writer.set_pace(Pace::Fast)?;
        }
        let filter = EntryFilter { up_to: Some(last), ..EntryFilter::default() };
        let kept_from = Timestamp::now().checked_sub(self.retention).ok();
        while at < last && !stop.is_cancelled() {
            let entries = self.reader.entries(at, BATCH, &filter)?;
            let Some(newest) = entries.last() else { break };
            at = newest.sequence;
            for entry in &entries {
                if kept_from.is_some_and(|from| entry.created_at < from) {
                    self.writer.skip(entry.sequence, &entry.id);
                    continue;
                }
                self.document.clear();
                self.documents.write(entry, &mut self.document);
                self.writer.add(entry.sequence, &entry.id, &self.document)?;
            }
            uncommitted += entries.len() as u64;
            if uncommitted >= CATCH_UP_COMMIT || committed_at.elapsed() > CATCH_UP_COMMIT_INTERVAL {
                self.writer.commit()?;
                (uncommitted, committed_at) = (0, Instant::now());
            }
            progress(at);
        }
        if uncommitted > 0 {
            self.writer.commit()?;
        }
        if stop.is_cancelled() {
            // Nobody waits for merges at the end: what is committed is whole without them.
            return Ok(());
        }
        self.writer.set_pace(Pace::Steady)?;
        if at >= last && !self.writer.is_published() {
            self.writer.publish()?;
        }
        Ok(())
    }

    fn follow(&mut self, stop: &CancellationToken) -> Result<()> {
        let never = CancellationToken::new();
        let mut news = Instant::now();
        let mut cleaned: Option<Instant> = None;
        loop {
            // What was kept before the stop can be found after it, unless that would take long.
            let last = stop.is_cancelled();
            let behind = self.behind()?;
            if behind > 0 && (!last || behind <= LAST_STRETCH) {
                self.catch_up(if last { &never } else { stop }, |_| {})?;
                news = Instant::now();
            }
            if last {
                return Ok(());
            }
            if news.elapsed() > REST_AFTER {
                self.writer.rest()?;
                self.documents.rest();
            }
            if cleaned.is_none_or(|at| at.elapsed() > RETENTION_INTERVAL) {
                self.forget()?;
                cleaned = Some(Instant::now());
            }
            std::thread::sleep(LOOK_INTERVAL);
        }
    }

    /// Removes what is older than retention keeps.
    pub(crate) fn forget(&mut self) -> Result<()> {
        let limit = Timestamp::now().checked_sub(self.retention).ok();
        if let Some(limit) = limit
            && self.writer.holds_before(limit)?
        {
            self.writer.forget_before(limit)?;
            tracing::info!(before = %limit, "old documents are removed from the search index");
        }
        Ok(())
    }

    /// Waits for merges and lets go of memory.
    pub(crate) fn finish(mut self) -> Result<()> {
        Ok(self.writer.rest()?)
    }
}

//! Names of things, as of each activity: what `normalize` reads out of activities, kept in the ledger so that nobody has to look
//! through the whole of it.
//!
//! A running collector keeps them ([`keep`]). Whoever writes documents begins with what is kept and looks through the rest of the
//! ledger by itself ([`KnownNames::catch_up`]), so a document is the same whoever writes it and when.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use ledger::{EntryFilter, KnownName, Ledger, Reader};
use normalize::known_names::{NameHistory, learn};
use tokio_util::sync::CancellationToken;

use crate::error::Result;

/// Activities looked through at a time.
const BATCH: usize = 5_000;
/// How often the ledger is looked at for news.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// The names of one ledger. Shared between threads by reference.
pub(crate) struct KnownNames {
    history: Arc<NameHistory>,
    ledger: PathBuf,
    /// The last activity that was looked through; written under the lock of `reader`.
    until: AtomicU64,
    reader: Mutex<Option<Reader>>,
}

impl KnownNames {
    /// Begins with what the ledger keeps.
    pub(crate) fn load(ledger: &Path, reader: &Reader) -> Result<Self> {
        let known = reader.known_names()?;
        let history = NameHistory::default();
        for KnownName { kind, id, sequence, name } in &known.names {
            history.learn(*sequence, kind, id, name);
        }
        Ok(Self {
            history: Arc::new(history),
            ledger: ledger.to_owned(),
            until: AtomicU64::new(known.until),
            reader: Mutex::new(None),
        })
    }

    /// To be given to normalizers, which add what they see.
    pub(crate) fn history(&self) -> &Arc<NameHistory> {
        &self.history
    }

    /// Makes sure that everything before an activity was looked through. The activity itself is, where it had not been, once its
    /// document is written: hold what is returned until then, so that nobody goes on before that.
    pub(crate) fn catch_up(&self, sequence: u64) -> Option<MutexGuard<'_, Option<Reader>>> {
        if sequence <= self.until.load(Ordering::Acquire) {
            return None;
        }
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let until = self.until.load(Ordering::Acquire);
        if sequence > until + 1
            && let Err(failure) = self.look_through(&mut reader, until, sequence - 1)
        {
            tracing::warn!("{}; names are left out", failure.what());
        }
        self.until.fetch_max(sequence, Ordering::Release);
        Some(reader)
    }

    fn look_through(&self, reader: &mut Option<Reader>, mut after: u64, last: u64) -> Result<()> {
        let reader = match reader {
            Some(reader) => reader,
            none => none.insert(Reader::open(&self.ledger)?),
        };
        let filter = EntryFilter { up_to: Some(last), ..EntryFilter::default() };
        while after < last {
            let entries = reader.entries(after, BATCH, &filter)?;
            let Some(newest) = entries.last() else { break };
            after = newest.sequence;
            for entry in &entries {
                for learnt in learn(&entry.raw) {
                    self.history.learn(entry.sequence, learnt.kind, &learnt.id, &learnt.name);
                }
            }
        }
        Ok(())
    }
}

/// Keeps the names of a ledger while a collector fills it, until `stop`.
pub(crate) async fn keep(ledger: Arc<Mutex<Ledger>>, path: PathBuf, stop: CancellationToken) {
    let mut keeper = None;
    loop {
        let ledger = Arc::clone(&ledger);
        let path = path.clone();
        let taken = keeper.take();
        let done = tokio::task::spawn_blocking(move || {
            let mut keeper = match taken {
                Some(keeper) => keeper,
                None => Keeper::open(&path)?,
            };
            let more = keeper.look(&ledger)?;
            Ok::<_, crate::error::Failure>((keeper, more))
        });
        let mut more = false;
        match done.await {
            Ok(Ok((kept, full))) => (keeper, more) = (Some(kept), full),
            Ok(Err(failure)) => tracing::warn!("{}; trying again", failure.what()),
            Err(error) => tracing::warn!("looking for names ended unexpectedly: {error}"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(if more { Duration::ZERO } else { LOOK_INTERVAL }) => {}
        }
    }
}

struct Keeper {
    names: KnownNames,
    reader: Reader,
    /// What the ledger knows to have been looked through.
    kept: u64,
}

impl Keeper {
    fn open(path: &Path) -> Result<Self> {
        let reader = Reader::open(path)?;
        let names = KnownNames::load(path, &reader)?;
        let kept = names.until.load(Ordering::Acquire);
        Ok(Self { names, reader, kept })
    }

    /// Looks through the next activities; whether there may be more.
    fn look(&mut self, ledger: &Mutex<Ledger>) -> Result<bool> {
        let until = self.names.until.load(Ordering::Acquire);
        let entries = self.reader.entries(until, BATCH, &EntryFilter::default())?;
        let Some(newest) = entries.last() else { return Ok(false) };
        let mut found = Vec::new();
        for entry in &entries {
            for learnt in learn(&entry.raw) {
                if self.names.history.learn(entry.sequence, learnt.kind, &learnt.id, &learnt.name) {
                    let (kind, id, name) = (learnt.kind.to_owned(), learnt.id, learnt.name);
                    found.push(KnownName { kind, id, sequence: entry.sequence, name });
                }
            }
        }
        // Without news there is no hurry to write that there were none.
        if !found.is_empty() || newest.sequence >= self.kept + BATCH as u64 {
            let mut ledger = ledger.lock().unwrap_or_else(PoisonError::into_inner);
            ledger.remember_names(newest.sequence, &found)?;
            self.kept = newest.sequence;
        }
        self.names.until.store(newest.sequence, Ordering::Release);
        Ok(entries.len() == BATCH)
    }
}

//! Delivers the ledger to the configured sinks, each by a driver of its own.
//!
//! A sink reads the ledger through a reader of its own, makes the documents, and keeps its cursor and dead letters in the ledger
//! beside the collector's writer. Nothing is shared between sinks but the normalizers, so one that is slow or down is waited for by
//! nobody. The supervisor starts and stops them; what they are is known only here and in [`destination`].

pub(crate) mod destination;
pub(crate) mod source;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use ledger::{Failure as LedgerFailure, Refused, SinkStore};
use sinks::{Driver, DriverOptions, DriverStatus, Progress, Refusal, SinkFailure, StorageError};
use tokio::{task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    config::{Settings, SinkSettings},
    documents::Documents,
    error::{Exit, Failure, Result, chain},
};
use destination::Destination;
use source::LedgerSource;

/// How often it is looked whether everything has arrived.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// How long a sink that is busy or away is waited for, where everything is to arrive before the end.
const PATIENCE: Duration = Duration::from_secs(30);

type Status = Box<dyn Fn() -> DriverStatus + Send + Sync>;

/// How many documents processors dropped on the way to a sink.
type Dropped = Arc<AtomicU64>;

/// The running sinks.
pub(crate) struct Deliveries {
    drivers: JoinSet<std::result::Result<(), (String, StorageError)>>,
    statuses: Vec<(String, Status)>,
    dropped: Vec<(String, Dropped)>,
    stop: CancellationToken,
}

impl Deliveries {
    /// Starts every configured sink. The ledger must have been opened by its writer before.
    pub(crate) fn start(settings: &Settings) -> Result<Self> {
        let mut deliveries = Self {
            drivers: JoinSet::new(),
            statuses: Vec::new(),
            dropped: Vec::new(),
            stop: CancellationToken::new(),
        };
        if settings.sinks.is_empty() {
            return Ok(deliveries);
        }
        let documents = Arc::new(Documents::new(settings, &ledger::Reader::open(&settings.ledger_path())?)?);
        for sink in &settings.sinks {
            let mut store = SinkStore::open(&settings.ledger_path())?;
            let cursor = store.begin(&sink.name, 0)?;
            let progress = LedgerProgress::new(store, &sink.name, cursor, Moves::Cursor);
            let source = LedgerSource::open(settings, sink, Arc::clone(&documents), None)?;
            deliveries.dropped.push((sink.name.clone(), source.dropped()));
            let driver =
                Driver::new(Destination::new(settings, sink)?, progress, cursor, driver_options(sink));
            tracing::info!(sink = %sink.name, cursor, "delivering");
            deliveries.statuses.push((sink.name.clone(), Box::new(driver.status())));
            let (stop, name) = (deliveries.stop.clone(), sink.name.clone());
            deliveries
                .drivers
                .spawn(async move { driver.run(source, stop).await.map_err(|error| (name, error)) });
        }
        Ok(deliveries)
    }

    /// Waits until everything up to `sequence` is settled; ends with the failure of a sink that cannot deliver, at once where a
    /// person must mend something, and after a while where it may pass by itself.
    pub(crate) async fn catch_up(&mut self, sequence: u64) -> Result<()> {
        let mut failing = None;
        loop {
            let states: Vec<_> = self.statuses.iter().map(|(name, status)| (name, status())).collect();
            if states.iter().all(|(_, status)| status.cursor >= sequence) {
                return Ok(());
            }
            let mut behind = states.iter().filter(|(_, status)| status.cursor < sequence);
            if let Some((name, failure)) =
                behind.find_map(|(name, status)| Some((name, status.failure.as_ref()?)))
            {
                let since = *failing.get_or_insert_with(Instant::now);
                if !failure.may_pass() || since.elapsed() >= PATIENCE {
                    return Err(sink_failure(name, &failure.message).hint(&failure.hint));
                }
            } else {
                failing = None;
            }
            tokio::select! {
                Some(ended) = self.drivers.join_next() => outcome(ended)?,
                () = tokio::time::sleep(LOOK_INTERVAL) => {}
            }
        }
    }

    /// Lets what is on its way arrive, within the driver's patience. What is left then is sent at the next start.
    pub(crate) async fn stop(mut self) -> Result<()> {
        self.stop.cancel();
        let mut result = Ok(());
        while let Some(ended) = self.drivers.join_next().await {
            result = result.and(outcome(ended));
        }
        for (name, dropped) in &self.dropped {
            let dropped = dropped.load(Ordering::Relaxed);
            if dropped > 0 {
                tracing::info!(sink = %name, dropped, "left out by [[processor]]");
            }
        }
        result
    }
}

fn outcome(
    ended: std::result::Result<std::result::Result<(), (String, StorageError)>, tokio::task::JoinError>,
) -> Result<()> {
    match ended {
        Ok(Ok(())) => Ok(()),
        Ok(Err((name, error))) => {
            Err(Failure::new(Exit::Ledger, format!("sink {name:?}: {error}")).hint(&error.hint))
        }
        Err(error) => Err(Failure::new(Exit::Failed, format!("a sink ended unexpectedly: {error}"))),
    }
}

/// The failure of a sink.
pub(crate) fn sink_failure(name: &str, detail: &str) -> Failure {
    Failure::new(Exit::Failed, format!("sink {name:?}: {detail}"))
}

/// How a sink is driven.
pub(crate) fn driver_options(sink: &SinkSettings) -> DriverOptions {
    DriverOptions {
        name: sink.name.clone(),
        limits: sink.batch,
        in_flight: sink.batches_in_flight,
        backoff: (Duration::from_millis(500).min(sink.max_backoff), sink.max_backoff),
        seed: Timestamp::now().as_nanosecond() as u64,
        ..DriverOptions::default()
    }
}

/// Whether the sink's cursor moves, as it does while the trail is followed, or stays, as it does when a part is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moves {
    Cursor,
    Nothing,
}

/// Keeps what a sink has settled in the ledger.
pub(crate) struct LedgerProgress {
    state: std::sync::Mutex<(SinkStore, u64)>,
    sink: String,
    moves: Moves,
}

impl LedgerProgress {
    pub(crate) fn new(store: SinkStore, sink: &str, cursor: u64, moves: Moves) -> Self {
        Self { state: std::sync::Mutex::new((store, cursor)), sink: sink.to_owned(), moves }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, (SinkStore, u64)> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Progress for LedgerProgress {
    fn settle(&self, cursor: u64, refusals: &[Refusal]) -> std::result::Result<(), StorageError> {
        let refused: Vec<Refused<'_>> = refusals
            .iter()
            .map(|Refusal { sequence, reason, .. }| Refused { sequence: *sequence, reason })
            .collect();
        for refusal in refusals.iter().take(3) {
            tracing::warn!(sink = %self.sink, activity = %refusal.id, reason = %refusal.reason, "refused; put aside, see `claudetrail dead-letters list`");
        }
        let (store, after) = &mut *self.state();
        let now = Timestamp::now();
        let stored = match self.moves {
            Moves::Cursor => store.settle(&self.sink, *after, cursor, &refused, now),
            Moves::Nothing => store.settle_again(&self.sink, *after, cursor, &refused, now),
        };
        stored.map_err(|error| storage_error(&error))?;
        *after = cursor;
        Ok(())
    }

    fn failed(&self, failure: &SinkFailure) -> std::result::Result<(), StorageError> {
        if self.moves == Moves::Nothing {
            return Ok(());
        }
        let SinkFailure { at, kind, message, hint } = failure.clone();
        let failure = LedgerFailure { at, kind, message, hint, request_id: None };
        self.state().0.fail(&self.sink, &failure).map_err(|error| storage_error(&error))
    }
}

/// A failure of the ledger, as the driver sees it: what passes by itself is waited out.
pub(crate) fn storage_error(error: &ledger::Error) -> StorageError {
    use ledger::ErrorKind;
    let retryable = matches!(error.kind(), ErrorKind::DiskFull | ErrorKind::Busy | ErrorKind::Io);
    StorageError { message: chain(error), hint: error.hint().to_owned(), retryable }
}

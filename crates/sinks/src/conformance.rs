//! The same cases for any sink: what the crate promises of a destination and its driver.
//!
//! A test hands in a [`Destination`]: a way to make a sink for it, to count what arrived, and to break and mend it. The cases
//! deliver numbered documents and look at the destination itself, never at what the driver believes.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use crate::{
    Batch, BatchLimits, Document, Driver, DriverOptions, Progress, Read, Refusal, Sink, SinkFailure, Source,
    StorageError,
};

/// The namespace of the documents.
pub const NAMESPACE: &str = "conformance";

/// The id of a document.
pub fn id(number: u64) -> String {
    format!("activity_{number:010}")
}

/// A destination under test.
pub trait Destination {
    /// The sink to test.
    type Sink: Sink;
    /// A sink for the destination.
    fn sink(&self) -> Self::Sink;
    /// The ids that are there now, one for each copy, in any order.
    fn arrived(&self) -> impl Future<Output = Vec<String>>;
    /// A document of the destination's own form with this number.
    fn document(&self, number: u64) -> Bytes;
    /// A document that it will never take, if there is such a thing.
    fn unacceptable(&self, number: u64) -> Option<Bytes>;
}

/// Documents `1..=count`, some of them unacceptable, as a source.
#[derive(Debug, Clone)]
pub struct Numbered {
    documents: Arc<Vec<Document>>,
}

impl Numbered {
    /// Documents of a destination; every `unacceptable_every`-th is one that it refuses (0: none).
    pub fn new(destination: &impl Destination, count: u64, unacceptable_every: u64) -> Self {
        let document = |number: u64| {
            let odd = unacceptable_every > 0 && number.is_multiple_of(unacceptable_every);
            let json = odd
                .then(|| destination.unacceptable(number))
                .flatten()
                .unwrap_or_else(|| destination.document(number));
            Document::new(number, &id(number), &NAMESPACE.into(), json)
        };
        Self { documents: Arc::new((1..=count).map(document).collect()) }
    }

    /// Puts another content in place of a document's.
    pub fn replace(&mut self, number: u64, json: Bytes) {
        if let Some(document) =
            Arc::make_mut(&mut self.documents).iter_mut().find(|document| document.sequence == number)
        {
            document.json = json;
        }
    }

    /// The ids of all documents.
    pub fn ids(&self) -> Vec<String> {
        self.documents.iter().map(|document| document.id.to_string()).collect()
    }
}

impl Source for Numbered {
    fn read(&mut self, after: u64, limits: &BatchLimits) -> Result<Read, StorageError> {
        let next = self.documents.iter().skip(after as usize).take(limits.max_documents);
        let documents: Vec<Document> = next.cloned().collect();
        let through = documents.last().map_or(after, |document| document.sequence);
        Ok(Read { documents, through })
    }
}

/// Progress in memory, which outlives a driver as the ledger would.
#[derive(Debug, Clone, Default)]
pub struct Remembered(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    cursor: u64,
    refusals: Vec<Refusal>,
    failure: Option<SinkFailure>,
}

impl Remembered {
    /// End of the settled prefix.
    pub fn cursor(&self) -> u64 {
        self.state().cursor
    }

    /// What was put aside.
    pub fn refusals(&self) -> Vec<Refusal> {
        self.state().refusals.clone()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last failure that was kept.
    pub fn failure(&self) -> Option<SinkFailure> {
        self.state().failure.clone()
    }
}

impl Progress for Remembered {
    fn settle(&self, cursor: u64, refusals: &[Refusal]) -> Result<(), StorageError> {
        let mut state = self.state();
        assert!(cursor > state.cursor, "the cursor went from {} to {cursor}", state.cursor);
        state.cursor = cursor;
        state.refusals.extend_from_slice(refusals);
        state.failure = None;
        Ok(())
    }

    fn failed(&self, failure: &SinkFailure) -> Result<(), StorageError> {
        self.state().failure = Some(failure.clone());
        Ok(())
    }
}

/// Runs a driver until the cursor reaches `end` or the patience is over.
pub async fn drive_until(
    destination: &impl Destination,
    source: &Numbered,
    progress: &Remembered,
    options: DriverOptions,
    end: u64,
    patience: Duration,
) {
    let stop = CancellationToken::new();
    let driver = Driver::new(destination.sink(), progress.clone(), progress.cursor(), options);
    let running = driver.run(source.clone(), stop.clone());
    let watching = async {
        let deadline = tokio::time::Instant::now() + patience;
        while progress.cursor() < end && tokio::time::Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stop.cancel();
    };
    let (ran, ()) = tokio::join!(running, watching);
    ran.unwrap_or_else(|error| panic!("the driver gave up: {error}"));
}

fn quick(limits: BatchLimits) -> DriverOptions {
    DriverOptions {
        limits,
        look_interval: Duration::from_millis(10),
        backoff: (Duration::from_millis(50), Duration::from_millis(500)),
        ..DriverOptions::default()
    }
}

/// Everything arrives once; delivering all of it a second time changes nothing.
pub async fn delivers_once_and_again_without_a_second_copy(destination: &impl Destination, count: u64) {
    let source = Numbered::new(destination, count, 0);
    let limits = BatchLimits { max_documents: 97, max_bytes: 100_000 };
    for round in ["first", "second"] {
        let progress = Remembered::default();
        drive_until(destination, &source, &progress, quick(limits), count, Duration::from_mins(1)).await;
        assert_eq!(progress.cursor(), count, "{round} round");
        assert_eq!(sorted(destination.arrived().await), source.ids(), "{round} round");
        assert!(progress.refusals().is_empty(), "{round} round: {:?}", progress.refusals());
    }
}

/// What the destination refuses is put aside with a reason; everything else arrives.
pub async fn puts_aside_what_is_refused(destination: &impl Destination, count: u64) {
    let source = Numbered::new(destination, count, 10);
    let progress = Remembered::default();
    drive_until(
        destination,
        &source,
        &progress,
        quick(BatchLimits::default()),
        count,
        Duration::from_mins(1),
    )
    .await;
    let refused: Vec<String> = progress.refusals().iter().map(|refusal| refusal.id.to_string()).collect();
    let expected: Vec<String> = source.ids().into_iter().skip(9).step_by(10).collect();
    assert_eq!(refused, expected);
    assert!(progress.refusals().iter().all(|refusal| !refusal.reason.is_empty()));
    let mut all = destination.arrived().await;
    all.extend(refused);
    assert_eq!(sorted(all), source.ids());
}

/// Stopped in the middle and started again, over and over: nothing is lost, nothing doubled, the cursor never runs ahead.
pub async fn survives_stops_at_any_moment(destination: &impl Destination, count: u64) {
    let source = Numbered::new(destination, count, 0);
    let progress = Remembered::default();
    let options = DriverOptions {
        drain_patience: Duration::ZERO,
        ..quick(BatchLimits { max_documents: 50, max_bytes: 1_000_000 })
    };
    for round in 0..200_u64 {
        let patience = Duration::from_millis(3 + round * 7 % 40);
        drive_until(destination, &source, &progress, options.clone(), count, patience).await;
        let arrived = sorted(destination.arrived().await);
        let settled = source.ids().into_iter().take(progress.cursor() as usize);
        for id in settled {
            assert!(arrived.binary_search(&id).is_ok(), "{id} is settled and not there");
        }
        if progress.cursor() == count {
            break;
        }
    }
    drive_until(destination, &source, &progress, options, count, Duration::from_mins(1)).await;
    assert_eq!(sorted(destination.arrived().await), source.ids());
}

/// A single batch for tests of a sink's own.
pub fn batch(destination: &impl Destination, numbers: std::ops::RangeInclusive<u64>) -> Batch {
    let document =
        |number| Document::new(number, &id(number), &NAMESPACE.into(), destination.document(number));
    Batch { documents: numbers.map(document).collect() }
}

fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort_unstable();
    ids
}

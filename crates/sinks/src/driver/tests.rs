//! The driver against a destination in memory that misbehaves by a seed. (Real destinations run the same cases in their own tests.)

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;

use crate::{
    Batch, BatchLimits, DriverOptions, ItemOutcome, Sink, SinkError, SinkErrorKind,
    conformance::{self, Destination, Numbered, Remembered, drive_until},
};

/// A destination in memory: keeps ids, fails by a seeded plan, refuses documents that say so, has a limit on a request's size.
#[derive(Clone, Default)]
struct Memory {
    ids: Arc<Mutex<BTreeMap<String, u32>>>,
    dice: Arc<Mutex<u64>>,
    faults: bool,
    max_request_bytes: Option<usize>,
    lose_answers: bool,
}

impl Memory {
    fn roll(&self) -> u64 {
        let mut state = self.dice.lock().unwrap();
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *state >> 40
    }

    fn take(&self, id: &str, json: &[u8]) -> ItemOutcome {
        if json.starts_with(b"refuse") {
            return ItemOutcome::Refused { reason: "it says so".into() };
        }
        if self.faults && self.roll().is_multiple_of(50) {
            return ItemOutcome::Retry { after: None, reason: "busy".into() };
        }
        let mut ids = self.ids.lock().unwrap();
        if ids.contains_key(id) {
            return ItemOutcome::AlreadyThere;
        }
        ids.insert(id.to_owned(), 1);
        ItemOutcome::Delivered
    }
}

fn error(kind: SinkErrorKind) -> SinkError {
    SinkError { kind, message: format!("{kind:?}"), hint: String::new(), retry_after: None }
}

impl Sink for Memory {
    async fn deliver(&self, batch: &Batch) -> Result<Vec<ItemOutcome>, SinkError> {
        tokio::time::sleep(Duration::from_millis(self.roll() % 5)).await;
        if self.max_request_bytes.is_some_and(|most| batch.bytes() > most) {
            return Err(error(SinkErrorKind::TooLarge));
        }
        if self.faults && self.roll().is_multiple_of(5) {
            return Err(error(
                [SinkErrorKind::Unavailable, SinkErrorKind::Throttled, SinkErrorKind::Unauthorized]
                    [self.roll() as usize % 3],
            ));
        }
        let outcomes =
            batch.documents.iter().map(|document| self.take(&document.id, &document.json)).collect();
        if self.lose_answers && self.roll().is_multiple_of(3) {
            return Err(error(SinkErrorKind::Unavailable));
        }
        Ok(outcomes)
    }

    async fn check(&self) -> Result<String, SinkError> {
        Ok("in memory".into())
    }
}

impl Destination for Memory {
    type Sink = Memory;

    fn sink(&self) -> Memory {
        self.clone()
    }

    async fn arrived(&self) -> Vec<String> {
        self.ids.lock().unwrap().keys().cloned().collect()
    }

    fn document(&self, number: u64) -> Bytes {
        Bytes::from(format!("{{\"number\":{number}}}"))
    }

    fn unacceptable(&self, _number: u64) -> Option<Bytes> {
        Some(Bytes::from_static(b"refuse"))
    }
}

#[tokio::test(start_paused = true)]
async fn the_conformance_cases_hold_with_and_without_faults() {
    for seed in 0..20 {
        let faulty = |faults, lose_answers| Memory {
            faults,
            lose_answers,
            dice: Arc::new(Mutex::new(seed)),
            ..Memory::default()
        };
        conformance::delivers_once_and_again_without_a_second_copy(&faulty(false, false), 500).await;
        conformance::delivers_once_and_again_without_a_second_copy(&faulty(true, true), 500).await;
        conformance::puts_aside_what_is_refused(&faulty(true, true), 500).await;
        conformance::survives_stops_at_any_moment(&faulty(true, true), 500).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_too_large_is_cut_until_it_fits_and_one_giant_is_put_aside() {
    let memory = Memory { max_request_bytes: Some(100), ..Memory::default() };
    let mut source = Numbered::new(&memory, 64, 0);
    let giant = Bytes::from(vec![b'x'; 101]);
    source.replace(7, giant);
    let progress = Remembered::default();
    let options = DriverOptions {
        limits: BatchLimits { max_documents: 64, max_bytes: 1_000_000 },
        ..DriverOptions::default()
    };
    drive_until(&memory, &source, &progress, options, 64, Duration::from_mins(1)).await;
    assert_eq!(progress.cursor(), 64);
    let refused: Vec<u64> = progress.refusals().iter().map(|refusal| refusal.sequence).collect();
    assert_eq!(refused, [7]);
    let arrived: HashSet<String> = memory.arrived().await.into_iter().collect();
    assert_eq!(arrived.len(), 63);
}

#[tokio::test(start_paused = true)]
async fn a_destination_that_is_down_is_waited_for_and_said() {
    #[derive(Clone)]
    struct Down(SinkErrorKind);
    impl Sink for Down {
        async fn deliver(&self, _batch: &Batch) -> Result<Vec<ItemOutcome>, SinkError> {
            Err(error(self.0))
        }
        async fn check(&self) -> Result<String, SinkError> {
            Err(error(self.0))
        }
    }
    struct Nowhere(Memory, SinkErrorKind);
    impl Destination for Nowhere {
        type Sink = Down;
        fn sink(&self) -> Down {
            Down(self.1)
        }
        async fn arrived(&self) -> Vec<String> {
            Vec::new()
        }
        fn document(&self, number: u64) -> Bytes {
            self.0.document(number)
        }
        fn unacceptable(&self, _number: u64) -> Option<Bytes> {
            None
        }
    }
    let half_an_hour = Duration::from_mins(30);
    for (kind, name, may_pass) in [
        (SinkErrorKind::Unavailable, "unavailable", true),
        (SinkErrorKind::Unauthorized, "unauthorized", false),
    ] {
        let nowhere = Nowhere(Memory::default(), kind);
        let source = Numbered::new(&nowhere, 100_000, 0);
        let (progress, began) = (Remembered::default(), tokio::time::Instant::now());
        drive_until(&nowhere, &source, &progress, DriverOptions::default(), 1, half_an_hour).await;
        let stopping = began.elapsed().saturating_sub(half_an_hour);
        assert_eq!(
            stopping > Duration::from_secs(1),
            may_pass,
            "{name} was waited for {stopping:?} at the stop"
        );
        assert_eq!(progress.cursor(), 0, "nothing may be claimed");
        assert_eq!(progress.failure().map(|failure| failure.kind), Some(name.to_owned()));
    }
}

/// A source that has something for the sink only now and then.
struct Sparse(Numbered);

impl crate::Source for Sparse {
    fn read(&mut self, after: u64, limits: &BatchLimits) -> Result<crate::Read, crate::StorageError> {
        let mut read = self.0.read(after, limits)?;
        read.documents.retain(|document| document.sequence.is_multiple_of(100) && document.sequence < 400);
        Ok(read)
    }
}

#[tokio::test(start_paused = true)]
async fn the_cursor_moves_over_what_is_not_meant_for_the_sink() {
    let memory = Memory::default();
    let progress = Remembered::default();
    let limits = BatchLimits { max_documents: 64, max_bytes: 1_000_000 };
    let stop = tokio_util::sync::CancellationToken::new();
    let driver = crate::Driver::new(
        memory.clone(),
        progress.clone(),
        0,
        DriverOptions { limits, ..DriverOptions::default() },
    );
    let running = driver.run(Sparse(Numbered::new(&memory, 500, 0)), stop.clone());
    let watching = async {
        while progress.cursor() < 500 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        stop.cancel();
    };
    tokio::time::timeout(Duration::from_mins(1), async { tokio::join!(running, watching).0 })
        .await
        .expect("it gets to the end")
        .expect("it does not give up");
    assert_eq!(memory.arrived().await, [100, 200, 300].map(conformance::id));
}

#[tokio::test(start_paused = true)]
async fn a_destination_that_keeps_putting_documents_off_is_said() {
    #[derive(Clone)]
    struct Busy(Memory);
    impl Sink for Busy {
        async fn deliver(&self, batch: &Batch) -> Result<Vec<ItemOutcome>, SinkError> {
            Ok(batch
                .documents
                .iter()
                .map(|_| ItemOutcome::Retry { after: None, reason: "queue full".into() })
                .collect())
        }
        async fn check(&self) -> Result<String, SinkError> {
            Ok(String::new())
        }
    }
    impl Destination for Busy {
        type Sink = Self;
        fn sink(&self) -> Self {
            self.clone()
        }
        async fn arrived(&self) -> Vec<String> {
            Vec::new()
        }
        fn document(&self, number: u64) -> Bytes {
            self.0.document(number)
        }
        fn unacceptable(&self, _number: u64) -> Option<Bytes> {
            None
        }
    }
    let busy = Busy(Memory::default());
    let progress = Remembered::default();
    drive_until(
        &busy,
        &Numbered::new(&busy, 10, 0),
        &progress,
        DriverOptions::default(),
        1,
        Duration::from_mins(5),
    )
    .await;
    let failure = progress.failure().expect("it is said");
    assert_eq!(
        (failure.kind.as_str(), failure.message.as_str()),
        ("throttled", "10 documents are not taken: queue full")
    );
}

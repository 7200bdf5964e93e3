//! The stage of a simulation: one clock, one API, one ledger on disk, and collectors that live and die.

use std::{
    future::Future,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use collector::{Collector, Event, FeedSettings, Governor, Observer, SharedLedger, Store, Wishes};
use feed::{ApiKey, Client, ClientOptions, Clock, KeySource, RetryOptions, Transport};
use jiff::{SignedDuration, Timestamp};
use ledger::{Interval, Ledger, Options};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::{
    clock::SimulatedClock,
    judge::Kept,
    random::Random,
    server::{Habits, ModelServer, Row},
};

/// Longest simulated time that a play may take. When everyone waits for something that never comes, time jumps there.
const LONGEST_PLAY: Duration = Duration::from_hours(24 * 365 * 10);

/// The key that a simulated client has at first.
pub(crate) const KEY: &str = "sk-ant-api01-simulated";

/// The place where a client finds its key.
#[derive(Clone)]
pub(crate) struct KeyFile(Arc<Mutex<String>>);

impl KeyFile {
    pub(crate) fn write(&self, key: &str) {
        key.clone_into(&mut self.0.lock().unwrap());
    }
}

impl KeySource for KeyFile {
    fn key(&self) -> Result<ApiKey, feed::Error> {
        ApiKey::new(self.0.lock().unwrap().clone())
    }
}

/// Runs a simulation to its end.
pub(crate) fn run(play: impl Future<Output = ()>) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime
        .block_on(async { tokio::time::timeout(LONGEST_PLAY, play).await })
        .expect("the simulation stands still");
}

/// Everything of one simulation.
pub(crate) struct Stage {
    pub(crate) clock: SimulatedClock,
    pub(crate) server: ModelServer,
    pub(crate) settings: FeedSettings,
    pub(crate) recorder: Arc<Recorder>,
    directory: TempDir,
    seed: u64,
    pub(crate) key: KeyFile,
    /// The budget of the parent organization.
    pub(crate) governor: Arc<Governor>,
    /// What the disk says to each step of the ledger.
    pub(crate) disk: Disk,
}

/// A disk that may fail.
#[derive(Clone, Default)]
pub(crate) struct Disk(Arc<Mutex<Option<(f64, ledger::ErrorKind, Random)>>>);

impl Disk {
    /// From now on this share of the ledger's steps is refused.
    pub(crate) fn fail(&self, share: f64, kind: ledger::ErrorKind, seed: u64) {
        *self.0.lock().unwrap() = Some((share, kind, Random::new(seed)));
    }

    pub(crate) fn heal(&self) {
        *self.0.lock().unwrap() = None;
    }

    fn ask(&self) -> Result<(), ledger::Error> {
        let mut trouble = self.0.lock().unwrap();
        let Some((share, kind, random)) = &mut *trouble else { return Ok(()) };
        if random.chance(*share) { Err(ledger::Error::refusal(*kind, "write to the ledger")) } else { Ok(()) }
    }
}

/// How a collector's life ends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ending {
    /// Told to stop.
    Stop,
    /// Gone without notice.
    Kill,
}

/// A collector that runs, and the ledger it writes.
pub(crate) struct Life {
    stop: CancellationToken,
    task: tokio::task::JoinHandle<Result<(), collector::Error>>,
    ledger: SharedLedger,
    wishes: Wishes,
}

impl Life {
    /// Somebody wants a stretch of the past.
    pub(crate) fn want(&self, interval: Interval, now: Timestamp) {
        let mut ledger = self.ledger.lock().unwrap();
        let feeds = ledger.reader().unwrap().feeds().unwrap();
        if let Some(feed) = feeds.iter().find(|feed| feed.name == "acme") {
            ledger.request_backfill(feed.id, interval, now).unwrap();
            self.wishes.changed();
        }
    }

    /// Lets it die with the answer to its `requests`-th request from now in hand.
    pub(crate) fn doom(&self, server: &ModelServer, requests: u64) {
        server.world.lock().unwrap().doom(requests, self.task.abort_handle());
    }

    pub(crate) fn is_over(&self) -> bool {
        self.task.is_finished()
    }

    /// How a life ends that is not ended from outside.
    pub(crate) async fn outcome(self) -> Result<(), collector::Error> {
        self.task.await.unwrap()
    }
}

impl Stage {
    /// Rows that the server will return from now on.
    pub(crate) fn add(&self, rows: impl IntoIterator<Item = Row>) {
        self.server.world.lock().unwrap().add(rows);
    }

    pub(crate) fn new(seed: u64, habits: Habits) -> Self {
        let clock = SimulatedClock::starting_at(Timestamp::from_second(1_790_000_000).unwrap());
        let server = ModelServer::new(habits, clock.clone(), seed);
        let settings = FeedSettings {
            name: "acme".into(),
            scope: "everything".into(),
            initial_lookback: Duration::from_hours(6),
            page_size: 100,
            ..FeedSettings::default()
        };
        let recorder = Arc::new(Recorder { clock: clock.clone(), events: Mutex::default() });
        let (governor, disk) = (Governor::new(1.0), Disk::default());
        let key = KeyFile(Arc::new(Mutex::new(KEY.to_owned())));
        Self { clock, server, settings, recorder, directory: directory(), seed, key, governor, disk }
    }

    /// Rows from before the trail until long after, in crowds and alone, with ties, some visible late: up to all that the tail allows for.
    pub(crate) fn fill(&self, random: &mut Random, rows: i64) {
        let patience_ms = (self.settings.settle + self.settings.overlap_floor).as_millis() as i64;
        self.fill_between(random, rows, (-8 * 3_600, 36 * 3_600), patience_ms);
    }

    /// Rows between two moments, in seconds from now, one in ten of them up to `latest_ms` late.
    pub(crate) fn fill_between(&self, random: &mut Random, rows: i64, span: (i64, i64), latest_ms: i64) {
        let now = self.clock.true_now();
        let rows = (0..rows).map(|index| {
            let mut micros = random.between(span.0 * 1_000_000, span.1 * 1_000_000);
            if random.chance(0.5) {
                micros = micros / 300_000_000 * 300_000_000;
            }
            let created_at = now + SignedDuration::from_micros(micros);
            let lag_ms = match random.between(0, 10) {
                0..=5 => random.between(0, 2_000),
                6..=8 => random.between(0, 30_000),
                _ => random.between(0, latest_ms),
            };
            let visible_at = created_at + SignedDuration::from_millis(lag_ms);
            let id = format!("activity_{:08x}_{index}", random.next() as u32);
            Row { created_at, visible_at, id, json: None }
        });
        self.server.world.lock().unwrap().add(rows);
    }

    /// Opens the ledger and starts a collector of one feed on it.
    pub(crate) fn begin(&self, name: &str) -> Life {
        self.join(name, self.open(), self.server.clone(), Arc::clone(&self.recorder) as Arc<dyn Observer>)
    }

    /// Starts a collector on a ledger that others write as well.
    pub(crate) fn join<T: Transport>(
        &self,
        name: &str,
        ledger: SharedLedger,
        server: T,
        observer: Arc<dyn Observer>,
    ) -> Life {
        let key = Box::new(self.key.clone());
        let retry = RetryOptions { max_attempts: 1, ..RetryOptions::default() };
        let options = ClientOptions { retry, jitter_seed: self.seed, ..ClientOptions::default() };
        let client = Client::new(server, self.clock.clone(), options, key).unwrap();
        let settings = FeedSettings { name: name.into(), ..self.settings.clone() };
        let disk = self.disk.clone();
        let store = Store::simulated(Arc::clone(&ledger), Arc::new(move || disk.ask()));
        let governor = Arc::clone(&self.governor);
        let collector = Collector::new(client, store, self.clock.clone(), settings, observer, governor);
        let wishes = collector.wishes();
        let stop = CancellationToken::new();
        let task = tokio::spawn(collector.run(stop.clone()));
        Life { stop, task, ledger, wishes }
    }

    /// The ledger, as a program that starts opens it, but for waiting on a disk.
    pub(crate) fn open(&self) -> SharedLedger {
        let options = Options { threads: 1, durable: false, ..Options::default() };
        Arc::new(Mutex::new(Ledger::open(&self.path(), options).unwrap()))
    }

    /// Ends a life. Takes no simulated time: a stop is obeyed at once.
    pub(crate) async fn end(&self, mut life: Life, ending: Ending) {
        let before = self.clock.true_now();
        match ending {
            _ if life.is_over() => assert!((&mut life.task).await.unwrap_err().is_cancelled()),
            Ending::Stop => {
                life.stop.cancel();
                (&mut life.task).await.unwrap().unwrap();
            }
            Ending::Kill => {
                life.task.abort();
                assert!((&mut life.task).await.unwrap_err().is_cancelled());
            }
        }
        assert_eq!(self.clock.true_now(), before, "an end waits for nothing");
        // What was being written when the life ended is finished or not by its own transaction, as after a kill of the process.
        while Arc::strong_count(&life.ledger) > 1 {
            tokio::task::yield_now().await;
        }
    }

    /// Stops several lives on one ledger.
    pub(crate) async fn end_all(&self, lives: impl Iterator<Item = Life>) {
        for life in lives {
            life.stop.cancel();
            life.task.await.unwrap().unwrap();
        }
    }

    /// Lets simulated time pass.
    pub(crate) async fn wait(&self, duration: Duration) {
        self.clock.sleep(duration).await;
    }

    /// What the ledger holds of a feed, read beside whoever writes it.
    pub(crate) fn kept(&self, feed: &str) -> Kept {
        Kept::read(&self.path(), feed)
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("ledger.sqlite")
    }
}

/// In memory where the machine has such a place: what is tested is the collector, and the ledger's own tests see to the disk.
fn directory() -> TempDir {
    let memory = Path::new("/dev/shm");
    tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir()).unwrap()
}

/// Keeps every event with the true time at which it was told.
pub(crate) struct Recorder {
    clock: SimulatedClock,
    events: Mutex<Vec<(Timestamp, Event)>>,
}

impl Recorder {
    pub(crate) fn new(clock: SimulatedClock) -> Self {
        Self { clock, events: Mutex::default() }
    }

    pub(crate) fn events(&self) -> Vec<(Timestamp, Event)> {
        self.events.lock().unwrap().clone()
    }

    pub(crate) fn recoveries(&self) -> usize {
        self.events().iter().filter(|(_, event)| matches!(event, Event::Recovered { .. })).count()
    }
}

impl Observer for Recorder {
    fn observe(&self, event: &Event) {
        self.events.lock().unwrap().push((self.clock.true_now(), event.clone()));
    }
}

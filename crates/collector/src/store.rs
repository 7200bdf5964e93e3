//! The ledger from the collector's side: one page of the feed as one commit, on a thread where blocking is allowed.

use std::{
    borrow::Cow,
    fmt::Write,
    sync::{Arc, Mutex},
};

use feed::{Activity, Page};
use jiff::Timestamp;
use ledger::{Appended, FeedId, Interval, LagPolicy, Ledger, NewActivity, OwnRead, PageCommit, Provenance};
use sha2::{Digest, Sha256};

/// The longest id that the ledger takes.
const ID_BYTES_MAX: usize = 1024;

/// The one writer of a ledger, shared by the collectors of a process. Each holds it for one append at a time.
pub type SharedLedger = Arc<Mutex<Ledger>>;

/// What a step of the ledger came to.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The ledger said no.
    Ledger(ledger::Error),
    /// It panicked, now or in another feed's step before.
    Panicked,
}

/// The way to the ledger: on threads where blocking is allowed or, in a simulation, where it is called and past a disk that may fail.
#[derive(Clone)]
pub struct Store {
    ledger: SharedLedger,
    disk: Option<SimulatedDisk>,
}

/// Asked before each step of the ledger in a simulation; its error is what the step comes to.
pub type SimulatedDisk = Arc<dyn Fn() -> Result<(), ledger::Error> + Send + Sync>;

impl From<SharedLedger> for Store {
    fn from(ledger: SharedLedger) -> Self {
        Self { ledger, disk: None }
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Store").field("simulated", &self.disk.is_some()).finish_non_exhaustive()
    }
}

impl Store {
    /// A store whose steps run where they are called, in an order that the caller decides, and fail when `disk` says so.
    pub fn simulated(ledger: SharedLedger, disk: SimulatedDisk) -> Self {
        Self { ledger, disk: Some(disk) }
    }

    /// Runs a step of the ledger. A caller that goes away does not stop it: it ends as it would have.
    pub(crate) async fn run<R: Send + 'static>(
        &self,
        step: impl FnOnce(&mut Ledger) -> Result<R, ledger::Error> + Send + 'static,
    ) -> Result<R, Refusal> {
        let ledger = Arc::clone(&self.ledger);
        if let Some(disk) = &self.disk {
            disk().map_err(Refusal::Ledger)?;
            return locked(&ledger, step);
        }
        tokio::task::spawn_blocking(move || locked(&ledger, step)).await.unwrap_or(Err(Refusal::Panicked))
    }
}

fn locked<R>(
    ledger: &SharedLedger,
    step: impl FnOnce(&mut Ledger) -> Result<R, ledger::Error>,
) -> Result<R, Refusal> {
    let mut ledger = ledger.lock().map_err(|_| Refusal::Panicked)?;
    step(&mut ledger).map_err(Refusal::Ledger)
}

/// A page and what storing it proves.
#[derive(Debug)]
pub(crate) struct PageToStore {
    pub(crate) feed: FeedId,
    pub(crate) page: Page,
    /// The request's parameters as a JSON object.
    pub(crate) parameters: String,
    /// The drain that the page continues; `None` when it begins one.
    pub(crate) drain: Option<u64>,
    pub(crate) drained: Option<Interval>,
    pub(crate) lag: LagPolicy,
    /// The rows that tell of our own requests.
    pub(crate) own_reads: Vec<OwnRead>,
    /// Stands in for the time of rows that have none and follow none that has.
    pub(crate) begins: Timestamp,
}

impl PageToStore {
    /// Appends the page: all of its rows, whatever they are.
    pub(crate) fn append_to(&self, ledger: &mut Ledger) -> Result<Appended, ledger::Error> {
        let exchange = &self.page.exchange;
        let ids: Vec<Cow<'_, str>> = self.page.activities.iter().map(id).collect();
        ledger.append(&PageCommit {
            feed: self.feed,
            provenance: Provenance {
                url: &exchange.url,
                parameters: &self.parameters,
                request_id: exchange.request_id.as_deref(),
                requested_at: exchange.requested_at,
                responded_at: exchange.responded_at,
                status: exchange.status,
                body_sha256: exchange.body_sha256,
                body_bytes: exchange.body_bytes,
                attempts: exchange.attempts,
            },
            activities: &self.activities(&ids),
            drained: self.drained,
            drain_started: self.drain.is_none(),
            drain: self.drain,
            lag: self.lag,
            own_reads: &self.own_reads,
        })
    }

    /// The rows in the page's order. One without a readable time gets that of the row before it: the page is in order of time, so it
    /// is the closest there is.
    fn activities<'a>(&'a self, ids: &'a [Cow<'a, str>]) -> Vec<NewActivity<'a>> {
        let mut latest = self.begins;
        let rows = self.page.activities.iter().zip(ids).map(|(activity, id)| {
            latest = activity.created_at.unwrap_or(latest);
            NewActivity { id, created_at: latest, raw: &activity.raw }
        });
        rows.collect()
    }
}

/// The id to keep a row under: its own. One that is too long for the ledger must not keep the row out, so the digest of the row stands
/// in for it, as it does for a row that has none.
pub(crate) fn id(activity: &Activity) -> Cow<'_, str> {
    if activity.id.len() <= ID_BYTES_MAX {
        return Cow::Borrowed(&activity.id);
    }
    let mut id = "sha256:".to_owned();
    for byte in Sha256::digest(&activity.raw) {
        // Writing to a string cannot fail.
        let _ = write!(id, "{byte:02x}");
    }
    Cow::Owned(id)
}

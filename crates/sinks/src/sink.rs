//! What a destination is, and what the driver needs around it.

use std::{future::Future, time::Duration};

use jiff::Timestamp;

use crate::batch::{Batch, BatchLimits, Document};

/// A destination.
pub trait Sink: Send + Sync + 'static {
    /// Sends a batch and says what became of each document, in the batch's order: as many outcomes as documents. An error means
    /// that nothing is known of any of them; they may or may not have arrived, and will be sent again under the same ids.
    fn deliver(&self, batch: &Batch) -> impl Future<Output = Result<Vec<ItemOutcome>, SinkError>> + Send;

    /// Asks the destination whether it would take documents: address, credentials, rights. A sentence of what it found.
    fn check(&self) -> impl Future<Output = Result<String, SinkError>> + Send;
}

/// What became of one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemOutcome {
    /// It is there now.
    Delivered,
    /// It was there before, under the same id.
    AlreadyThere,
    /// Not now: the destination is busy with it, or with others.
    Retry {
        /// When the destination would like to see it again, if it said.
        after: Option<Duration>,
        /// What it said.
        reason: String,
    },
    /// Never, as it is: it becomes a dead letter.
    Refused {
        /// What the destination said.
        reason: String,
    },
}

/// Why a whole batch could not be delivered.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct SinkError {
    /// What kind of failure.
    pub kind: SinkErrorKind,
    /// What failed and the detail, without secrets.
    pub message: String,
    /// The next step for whoever runs the program; may be empty.
    pub hint: String,
    /// When the destination would like to be asked again, if it said.
    pub retry_after: Option<Duration>,
}

/// The kinds of failure that the driver treats differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SinkErrorKind {
    /// Not reachable, or it broke off: waited out.
    Unavailable,
    /// It asks for a pause: waited out, as long as it asks.
    Throttled,
    /// The batch is too large: cut in two; a single document that is too large is refused.
    TooLarge,
    /// Credentials or rights are refused: waited out, because they can be mended while we wait.
    Unauthorized,
    /// Something about the destination must be mended by a person, such as a missing data stream: waited out.
    Misconfigured,
}

impl SinkErrorKind {
    /// Short name, as in `status --json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::Throttled => "throttled",
            Self::TooLarge => "too_large",
            Self::Unauthorized => "unauthorized",
            Self::Misconfigured => "misconfigured",
        }
    }

    /// Whether it may pass with nobody doing anything.
    pub fn may_pass(self) -> bool {
        Self::PASSING.contains(&self)
    }

    const PASSING: [Self; 2] = [Self::Unavailable, Self::Throttled];
}

/// A document that the destination will not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Place in the ledger.
    pub sequence: u64,
    /// The activity's id.
    pub id: std::sync::Arc<str>,
    /// What the destination said.
    pub reason: String,
}

/// The last failure of a sink, for `status`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkFailure {
    /// When.
    pub at: Timestamp,
    /// Short name of the kind.
    pub kind: String,
    /// What failed and the detail.
    pub message: String,
    /// The next step.
    pub hint: String,
}

impl SinkFailure {
    /// Whether it may pass with nobody doing anything.
    pub fn may_pass(&self) -> bool {
        SinkErrorKind::PASSING.iter().any(|kind| kind.as_str() == self.kind)
    }
}

/// Where documents come from, in ledger order.
pub trait Source: Send + 'static {
    /// The next documents after `after`, in order: not many more than `limits` allow a batch. Blocking.
    fn read(&mut self, after: u64, limits: &BatchLimits) -> Result<Read, StorageError>;
}

/// What a source has after a sequence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Read {
    /// In order; empty when there are none yet.
    pub documents: Vec<Document>,
    /// Everything up to this sequence was looked at: what lies between the documents is not meant for this sink. Not below the
    /// last document's; what the caller passed, when nothing is new.
    pub through: u64,
}

/// Where it is kept what was settled. Blocking; called from blocking threads.
pub trait Progress: Send + Sync + 'static {
    /// Everything up to `cursor` is settled: delivered, or in `refusals`. Durable, both together, when it returns.
    fn settle(&self, cursor: u64, refusals: &[Refusal]) -> Result<(), StorageError>;
    /// The sink failed; cleared by the next [`settle`](Progress::settle).
    fn failed(&self, failure: &SinkFailure) -> Result<(), StorageError>;
}

/// The source or the progress could not be read or written.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct StorageError {
    /// What failed and the detail.
    pub message: String,
    /// The next step.
    pub hint: String,
    /// Whether waiting may help, as with a full disk.
    pub retryable: bool,
}

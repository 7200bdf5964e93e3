//! One batch on its way, until each of its documents is delivered, was there already, or is refused for good.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use crate::{
    backoff::Backoff,
    batch::{Batch, Document},
    driver::{DriverStatus, failure_now, lock, wait},
    sink::{ItemOutcome, Progress, Refusal, Sink, SinkError, SinkErrorKind, SinkFailure},
};

/// A batch, and how far the ledger is settled once it is.
#[derive(Debug)]
pub(crate) struct Stretch {
    /// May be empty: then the stretch holds nothing for this sink.
    pub(crate) batch: Batch,
    /// The last sequence of the stretch.
    pub(crate) through: u64,
}

/// What a batch came to.
#[derive(Debug)]
pub(crate) struct Settled {
    /// The last sequence of its stretch.
    pub(crate) last: u64,
    /// Documents to put aside, in order.
    pub(crate) refusals: Vec<Refusal>,
}

/// Documents that a destination puts off this often in a row are a failure to be told of, no longer its ordinary breathing.
const SAID_AFTER: u32 = 4;

/// What is left of a batch after an answer.
#[derive(Default)]
struct Sorted {
    again: Vec<Document>,
    /// The longest wait asked for.
    asked: Option<Duration>,
    /// What was said of one of them.
    why: String,
}

/// Sends one batch for as long as it takes.
pub(crate) struct Delivery<S, P> {
    pub(crate) sink: Arc<S>,
    pub(crate) progress: Arc<P>,
    pub(crate) status: Arc<Mutex<DriverStatus>>,
    pub(crate) name: String,
    pub(crate) backoff: Backoff,
}

impl<S: Sink, P: Progress> Delivery<S, P> {
    /// `None` when it was abandoned.
    pub(crate) async fn run(mut self, stretch: Stretch, abandon: CancellationToken) -> Option<Settled> {
        let mut refusals = Vec::new();
        // What is still to send, oldest part first: one batch, or the pieces it was cut into.
        let mut parts = vec![stretch.batch];
        while let Some(part) = parts.pop() {
            if part.documents.is_empty() {
                continue;
            }
            let answer = tokio::select! {
                answer = self.sink.deliver(&part) => answer,
                () = abandon.cancelled() => return None,
            };
            let (again, pause) = match answer {
                Ok(outcomes) => self.sort(part, outcomes, &mut refusals).await,
                Err(error) if error.kind == SinkErrorKind::TooLarge => {
                    cut(part, &error, &mut refusals, &mut parts);
                    continue;
                }
                Err(error) => {
                    let pause = self.backoff.next(error.retry_after);
                    self.failed(&error, pause).await;
                    (part, Some(pause))
                }
            };
            match pause {
                None => self.recovered(),
                Some(pause) => {
                    lock(&self.status).retried += again.documents.len() as u64;
                    parts.push(again);
                    if !wait(pause, &abandon).await {
                        return None;
                    }
                }
            }
        }
        refusals.sort_by_key(|refusal| refusal.sequence);
        Some(Settled { last: stretch.through, refusals })
    }

    /// Sorts a batch by its outcomes: counts what arrived, notes what is refused, returns what must be sent again and the wait before it.
    async fn sort(
        &mut self,
        part: Batch,
        outcomes: Vec<ItemOutcome>,
        refusals: &mut Vec<Refusal>,
    ) -> (Batch, Option<Duration>) {
        let Sorted { again, asked, why } = self.count(part, outcomes, refusals);
        if again.is_empty() {
            return (Batch::default(), None);
        }
        let pause = self.backoff.next(asked);
        if self.backoff.failures() > SAID_AFTER {
            let message = format!("{} documents are not taken: {why}", again.len());
            let (kind, hint) = (SinkErrorKind::Throttled, String::new());
            self.failed(&SinkError { kind, message, hint, retry_after: asked }, pause).await;
        } else {
            tracing::debug!(sink = %self.name, documents = again.len(), reason = %why, wait = ?pause, "documents are sent again");
        }
        (Batch { documents: again }, Some(pause))
    }

    fn count(&self, part: Batch, mut outcomes: Vec<ItemOutcome>, refusals: &mut Vec<Refusal>) -> Sorted {
        // A sink that answers for fewer documents than it was handed has not vouched for the others.
        outcomes.resize(
            part.documents.len(),
            ItemOutcome::Retry { after: None, reason: "the sink gave no answer for it".into() },
        );
        let mut sorted = Sorted::default();
        let mut status = lock(&self.status);
        for (document, outcome) in part.documents.into_iter().zip(outcomes) {
            match outcome {
                ItemOutcome::Delivered => status.delivered += 1,
                ItemOutcome::AlreadyThere => status.already_there += 1,
                ItemOutcome::Refused { reason } => {
                    refusals.push(Refusal { sequence: document.sequence, id: document.id, reason });
                }
                ItemOutcome::Retry { after, reason } => {
                    sorted.asked = sorted.asked.max(after);
                    sorted.why = reason;
                    sorted.again.push(document);
                }
            }
        }
        sorted
    }

    async fn failed(&self, error: &SinkError, pause: Duration) {
        let failure = failure_now(error.kind.as_str(), &error.message, &error.hint);
        let first_of_its_kind =
            lock(&self.status).failure.as_ref().is_none_or(|known| known.kind != failure.kind);
        if first_of_its_kind {
            tracing::warn!(sink = %self.name, kind = error.kind.as_str(), error = %error, hint = %error.hint, wait = ?pause, "cannot deliver");
            self.remember(failure.clone()).await;
        } else {
            tracing::debug!(sink = %self.name, kind = error.kind.as_str(), error = %error, wait = ?pause, "still cannot deliver");
        }
        lock(&self.status).failure = Some(failure);
    }

    /// Keeps the failure for `status` in other processes; not worth failing for.
    async fn remember(&self, failure: SinkFailure) {
        let progress = Arc::clone(&self.progress);
        let stored = tokio::task::spawn_blocking(move || progress.failed(&failure)).await;
        if let Ok(Err(error)) = stored {
            tracing::debug!(sink = %self.name, error = %error, "the failure could not be stored");
        }
    }

    fn recovered(&mut self) {
        self.backoff.reset();
        if let Some(failure) = lock(&self.status).failure.take() {
            tracing::info!(sink = %self.name, after = %failure.kind, "delivering again");
        }
    }
}

/// Halves what is too large; a single document that is too large is refused.
fn cut(part: Batch, error: &SinkError, refusals: &mut Vec<Refusal>, parts: &mut Vec<Batch>) {
    let (first, second) = part.halves();
    if !second.documents.is_empty() {
        parts.push(second);
        parts.push(first);
        return;
    }
    let refused = first.documents.into_iter().map(|document| Refusal {
        sequence: document.sequence,
        id: document.id,
        reason: error.message.clone(),
    });
    refusals.extend(refused);
}

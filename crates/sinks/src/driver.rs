//! Runs one sink: reads ahead, keeps several batches in flight, and moves the cursor over what is settled.
//!
//! Three parts. A *reader* turns the source into batches, and stops reading when enough of them wait. Up to
//! `in_flight` *deliveries* run at a time, each sending its batch until every document of it is settled. The *driver* itself waits for
//! the oldest delivery and then stores cursor and refusals together; so the cursor is always the end of a settled prefix, though a
//! younger batch may have arrived before an older one.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use tokio::{sync::mpsc, task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    backoff::Backoff,
    batch::{Batch, BatchLimits},
    delivery::{Delivery, Settled, Stretch},
    sink::{Progress, Read, Sink, SinkFailure, Source, StorageError},
};

/// How often it is looked, after a stop, whether waiting is of any use.
const LOOK_WHILE_STOPPING: Duration = Duration::from_millis(100);

/// Wait after a read that failed and may succeed later.
const READ_RETRY_INTERVAL: Duration = Duration::from_secs(5);

/// How a sink is driven.
#[derive(Debug, Clone)]
pub struct DriverOptions {
    /// Name of the sink, in logs.
    pub name: String,
    /// How much travels together.
    pub limits: BatchLimits,
    /// Batches in flight at most; 1 where the destination must see them in order.
    pub in_flight: usize,
    /// How often the source is looked at when it had nothing new.
    pub look_interval: Duration,
    /// The first wait after a failure, and the longest.
    pub backoff: (Duration, Duration),
    /// How long batches in flight may take after a stop was asked for; what is left then is sent again at the next start.
    pub drain_patience: Duration,
    /// Seeds the random part of waits.
    pub seed: u64,
}

impl Default for DriverOptions {
    /// Two batches in flight, a look four times a second, waits from half a second to a minute, ten seconds to drain.
    fn default() -> Self {
        Self {
            name: "sink".into(),
            limits: BatchLimits::default(),
            in_flight: 2,
            look_interval: Duration::from_millis(250),
            backoff: (Duration::from_millis(500), Duration::from_mins(1)),
            drain_patience: Duration::from_secs(10),
            seed: 0,
        }
    }
}

/// What a sink has done since it was started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DriverStatus {
    /// End of the settled prefix.
    pub cursor: u64,
    /// Documents delivered.
    pub delivered: u64,
    /// Documents that were there already.
    pub already_there: u64,
    /// Documents put aside.
    pub refused: u64,
    /// Times a document or a batch was sent again.
    pub retried: u64,
    /// The failure that is being waited out.
    pub failure: Option<SinkFailure>,
}

/// Runs one sink.
pub struct Driver<S, P> {
    sink: Arc<S>,
    progress: Arc<P>,
    options: DriverOptions,
    status: Arc<Mutex<DriverStatus>>,
}

impl<S: Sink, P: Progress> Driver<S, P> {
    /// A driver that goes on after `cursor`.
    pub fn new(sink: S, progress: P, cursor: u64, options: DriverOptions) -> Self {
        let status = DriverStatus { cursor, ..DriverStatus::default() };
        Self {
            sink: Arc::new(sink),
            progress: Arc::new(progress),
            options,
            status: Arc::new(Mutex::new(status)),
        }
    }

    /// A view of what the driver does, for `status` and metrics; stays valid while it runs.
    pub fn status(&self) -> impl Fn() -> DriverStatus + Send + Sync + 'static {
        let status = Arc::clone(&self.status);
        move || lock(&status).clone()
    }

    /// Delivers until `stop`, then finishes what is in flight within the patience, unless the destination refuses what does not pass by
    /// itself. Ends early only if the source or the progress
    /// can never work again.
    pub async fn run(self, source: impl Source, stop: CancellationToken) -> Result<(), StorageError> {
        let abandon = CancellationToken::new();
        let _abandon_on_exit = abandon.clone().drop_guard();
        let (sender, mut batches) = mpsc::channel(1);
        let reader = self.spawn_reader(source, sender, stop.clone());
        let mut in_flight: VecDeque<JoinHandle<Option<Settled>>> = VecDeque::new();
        let patience_ends =
            watch_patience(&stop, &abandon, self.options.drain_patience, Arc::clone(&self.status));
        let mut outcome = Ok(());
        let mut exhausted = false;
        while outcome.is_ok() && !(exhausted && in_flight.is_empty()) {
            let room = in_flight.len() < self.options.in_flight.max(1);
            tokio::select! {
                biased;
                settled = oldest(&mut in_flight) => {
                    in_flight.pop_front();
                    match settled {
                        // Abandoned at a stop: it and whatever came after it is sent again at the next start.
                        None => break,
                        Some(settled) => outcome = self.settle(settled, &abandon).await,
                    }
                }
                stretch = batches.recv(), if room && !exhausted => match stretch {
                    Some(stretch) => in_flight.push_back(self.spawn_delivery(stretch, abandon.clone())),
                    None => exhausted = true,
                },
            }
        }
        for delivery in in_flight {
            delivery.abort();
        }
        patience_ends.abort();
        drop(batches);
        match reader.await {
            Ok(read) => outcome.and(read),
            Err(_) => outcome.and(Err(panicked("the reader of documents"))),
        }
    }

    /// Stores what a finished batch came to; waits while the disk is full rather than forget it.
    async fn settle(&self, settled: Settled, abandon: &CancellationToken) -> Result<(), StorageError> {
        let settled = Arc::new(settled);
        let mut backoff = self.backoff(settled.last);
        loop {
            let (progress, step) = (Arc::clone(&self.progress), Arc::clone(&settled));
            let stored =
                tokio::task::spawn_blocking(move || progress.settle(step.last, &step.refusals)).await;
            match stored.unwrap_or_else(|_| Err(panicked("the store of progress"))) {
                Ok(()) => break,
                Err(error) if error.retryable && !abandon.is_cancelled() => {
                    tracing::warn!(sink = %self.options.name, error = %error, hint = %error.hint, "cannot store progress");
                    wait(backoff.next(None), abandon).await;
                }
                Err(error) => return Err(error),
            }
        }
        let mut status = lock(&self.status);
        status.cursor = settled.last;
        status.refused += settled.refusals.len() as u64;
        Ok(())
    }

    fn spawn_delivery(&self, stretch: Stretch, abandon: CancellationToken) -> JoinHandle<Option<Settled>> {
        let delivery = Delivery {
            sink: Arc::clone(&self.sink),
            progress: Arc::clone(&self.progress),
            status: Arc::clone(&self.status),
            name: self.options.name.clone(),
            backoff: self.backoff(stretch.through),
        };
        tokio::spawn(delivery.run(stretch, abandon))
    }

    fn backoff(&self, salt: u64) -> Backoff {
        Backoff::new(self.options.backoff.0, self.options.backoff.1, self.options.seed ^ salt)
    }

    /// Reads batches, each on a blocking thread. The channel's one place and the batch in hand bound what waits in memory.
    fn spawn_reader(
        &self,
        source: impl Source,
        sender: mpsc::Sender<Stretch>,
        stop: CancellationToken,
    ) -> JoinHandle<Result<(), StorageError>> {
        let reader = Reader {
            after: lock(&self.status).cursor,
            limits: self.options.limits,
            look_interval: self.options.look_interval,
            name: self.options.name.clone(),
            sender,
            stop,
        };
        tokio::spawn(reader.run(source))
    }
}

/// Turns the source into batches.
struct Reader {
    after: u64,
    limits: BatchLimits,
    look_interval: Duration,
    name: String,
    sender: mpsc::Sender<Stretch>,
    stop: CancellationToken,
}

impl Reader {
    async fn run(mut self, mut source: impl Source) -> Result<(), StorageError> {
        while !self.stop.is_cancelled() {
            let (after, limits) = (self.after, self.limits);
            let step = tokio::task::spawn_blocking(move || {
                let read = source.read(after, &limits);
                (source, read)
            });
            let (returned, read) = step.await.map_err(|_| panicked("the reader of documents"))?;
            source = returned;
            match read {
                Ok(read) if read.through <= after => drop(wait(self.look_interval, &self.stop).await),
                Ok(read) => {
                    if !self.pass_on(&read).await {
                        break;
                    }
                }
                Err(error) if error.retryable => {
                    tracing::warn!(sink = %self.name, error = %error, hint = %error.hint, "cannot read documents");
                    wait(READ_RETRY_INTERVAL, &self.stop).await;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Sends what was read on in batches; `false` when nobody takes them any more.
    async fn pass_on(&mut self, read: &Read) -> bool {
        let mut rest = &read.documents[..];
        loop {
            let (batch, further) = rest.split_at(self.limits.fitting(rest));
            let through = match batch.last() {
                Some(last) if !further.is_empty() => last.sequence,
                _ => read.through,
            };
            self.after = through;
            let stretch = Stretch { batch: Batch { documents: batch.to_vec() }, through };
            let sent = tokio::select! {
                sent = self.sender.send(stretch) => sent.is_ok(),
                () = self.stop.cancelled() => false,
            };
            if !sent || further.is_empty() {
                return sent;
            }
            rest = further;
        }
    }
}

/// The oldest delivery's end; never, when there is none.
async fn oldest(in_flight: &mut VecDeque<JoinHandle<Option<Settled>>>) -> Option<Settled> {
    match in_flight.front_mut() {
        // A delivery that panicked is like one that was abandoned: nothing of it is claimed.
        Some(delivery) => delivery.await.unwrap_or(None),
        None => std::future::pending().await,
    }
}

/// Cancels `abandon` when the patience after a stop is over, or when waiting is of no use: a key that is refused stays so for these seconds.
fn watch_patience(
    stop: &CancellationToken,
    abandon: &CancellationToken,
    patience: Duration,
    status: Arc<Mutex<DriverStatus>>,
) -> JoinHandle<()> {
    let (stop, abandon) = (stop.clone(), abandon.clone());
    tokio::spawn(async move {
        stop.cancelled().await;
        let end = Instant::now() + patience;
        let hopeless = || lock(&status).failure.as_ref().is_some_and(|failure| !failure.may_pass());
        while Instant::now() < end && !hopeless() {
            tokio::time::sleep_until(end.min(Instant::now() + LOOK_WHILE_STOPPING)).await;
        }
        abandon.cancel();
    })
}

/// Waits, or until cancelled; `true` when it waited to the end.
pub(crate) async fn wait(length: Duration, stop: &CancellationToken) -> bool {
    tokio::select! {
        () = tokio::time::sleep(length) => true,
        () = stop.cancelled() => false,
    }
}

pub(crate) fn lock(status: &Mutex<DriverStatus>) -> std::sync::MutexGuard<'_, DriverStatus> {
    status.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A failure as it is shown.
pub(crate) fn failure_now(kind: &str, message: &str, hint: &str) -> SinkFailure {
    SinkFailure {
        at: Timestamp::now(),
        kind: kind.to_owned(),
        message: message.to_owned(),
        hint: hint.to_owned(),
    }
}

fn panicked(what: &str) -> StorageError {
    StorageError {
        message: format!("{what} ended unexpectedly"),
        hint: "please report this with the log".into(),
        retryable: false,
    }
}

#[cfg(test)]
mod tests;

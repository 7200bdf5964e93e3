//! One feed, followed: its lanes are started on what the ledger holds, and stopped together.
//!
//! No lane holds state that matters: what is stored, covered and asked again is in the ledger, and a start reads it from there.
//! So a kill, a stop, a failure and a restart all take the same way on.

use std::{sync::Arc, time::Duration};

use feed::{ActivityRequest, Clock, Transport};
use ledger::Coverage;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::{
    Error, Event, FeedSettings, Governor, Observer,
    lane::{self, Feed, Move, Signs, Wishes, fill, reconcile, report::RECORDING, tail, transparency},
    overlap::Overlap,
    parent,
    reconciliation::Reconciliation,
    recording::Recording,
    setback::Setback,
    store::Store,
    trail::Trail,
    windows::{self, Clocks},
};

/// Polls are never closer than this, whatever the settings say.
const LEAST_POLL_INTERVAL: Duration = Duration::from_millis(100);

/// How many of the newest late arrivals raise the overlap at a start, as they did when they came.
const LATE_ARRIVALS_REMEMBERED: u64 = 100;

/// How many of the newest requests are recognised after a start. The rows about older ones have come long since.
const REQUESTS_REMEMBERED: u64 = 300;

/// Follows one feed. Several may share one ledger and one budget; none delays another.
pub struct Collector<T: Transport, C: Clock> {
    client: Arc<feed::Client<T, C>>,
    store: Store,
    clock: C,
    settings: FeedSettings,
    observer: Arc<dyn Observer>,
    governor: Arc<Governor>,
    wishes: Wishes,
}

impl<T: Transport, C: Clock> std::fmt::Debug for Collector<T, C> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Collector").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl<T: Transport, C: Clock> Collector<T, C> {
    /// A collector that has not begun. `clock` must be the client's own, or agree with it. The client should try each request once
    /// only: failures are waited out here, where they are seen. `governor` is that of the feed's parent organization.
    pub fn new(
        client: feed::Client<T, C>,
        store: impl Into<Store>,
        clock: C,
        mut settings: FeedSettings,
        observer: Arc<dyn Observer>,
        governor: Arc<Governor>,
    ) -> Self {
        settings.poll_interval = settings.poll_interval.max(LEAST_POLL_INTERVAL);
        let (client, store, wishes) = (Arc::new(client), store.into(), Wishes::default());
        Self { client, store, clock, settings, observer, governor, wishes }
    }

    /// To tell it later that something more is wanted.
    pub fn wishes(&self) -> Wishes {
        self.wishes.clone()
    }

    /// Collects until told to stop, or until the ledger cannot be written any more.
    ///
    /// A stop is obeyed at once while waiting or asking; an append that has begun is finished first, so nothing is half written.
    /// Dropping the future instead is safe as well: it is what a kill looks like.
    pub async fn run(self, stop: CancellationToken) -> Result<(), Error> {
        let name: Arc<str> = Arc::from(self.settings.name.as_str());
        let filters = self.filters();
        let mut first = filters.clone();
        first.limit = Some(self.settings.page_size);
        first.validate().map_err(|source| Error::Settings { feed: name.to_string(), source })?;
        let observer = Arc::clone(&self.observer);
        let outcome = self.follow(&filters, &stop).await;
        if let Err(failure) = &outcome {
            error!(feed = %name, error = %chain(failure), hint = failure.hint(), "collector gave up");
        } else {
            info!(feed = %name, "collector stopped");
            observer.observe(&Event::Stopped { feed: name });
        }
        outcome
    }

    /// Follows the feed; takes it up again under another scope when its key turns out to be another parent organization's.
    async fn follow(&self, filters: &ActivityRequest, stop: &CancellationToken) -> Result<(), Error> {
        let mut moved = None;
        loop {
            let Some(feed) = self.take_up(filters.clone(), stop, moved).await? else { return Ok(()) };
            let feed = Arc::new(feed);
            follow(Arc::clone(&feed)).await?;
            moved = feed.moved();
            if moved.is_none() || stop.is_cancelled() {
                return Ok(());
            }
        }
    }

    fn filters(&self) -> ActivityRequest {
        ActivityRequest {
            activity_types: self.settings.activity_types.clone(),
            excluded_activity_types: self.settings.excluded_activity_types.clone(),
            actor_ids: self.settings.actor_ids.clone(),
            organization_ids: self.settings.organization_ids.clone(),
            ..ActivityRequest::default()
        }
    }

    /// Reads from the ledger where the feed stands; `None` when told to stop meanwhile.
    async fn take_up(
        &self,
        filters: ActivityRequest,
        stop: &CancellationToken,
        moved: Option<Move>,
    ) -> Result<Option<Feed<T, C>>, Error> {
        let mut failures = 0;
        loop {
            let now = self.clock.now();
            let (settings, moved) = (self.settings.clone(), moved.clone());
            let outcome =
                self.store.run(move |ledger| read_trail(ledger, &settings, moved.as_ref(), now)).await;
            if let Ok(taken_up) = &outcome {
                for (id, at) in &taken_up.requests {
                    self.governor.asked(id, *at);
                }
            }
            let setback = match lane::settle(&self.settings.name, "taking up the trail", outcome)? {
                Ok(TakenUp { id, scope, trail, last_canary, recording, .. }) => {
                    let signs = Signs {
                        failing: None,
                        last_activity: now,
                        last_canary: last_canary.map(|_| now),
                        canary_lag: Duration::ZERO,
                        recording,
                        told: None,
                    };
                    let Self { client, store, clock, settings, observer, governor, wishes } = self;
                    return Ok(Some(Feed::new(
                        Arc::clone(client),
                        store.clone(),
                        clock.clone(),
                        settings.clone(),
                        Arc::clone(observer),
                        Arc::clone(governor),
                        filters,
                        stop.child_token(),
                        id,
                        trail,
                        wishes.clone(),
                        signs,
                        scope,
                    )));
                }
                Err(setback) => setback,
            };
            failures += 1;
            let wait = setback.wait(failures, self.settings.poll_interval);
            self.tell_failure(&setback, failures, wait);
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(None),
                () = self.clock.sleep(wait) => {}
            }
        }
    }

    /// A failure from before the feed has a place in the ledger to record it in.
    fn tell_failure(&self, setback: &Setback, failures: u32, wait: Duration) {
        let (name, retry_in) = (&self.settings.name, wait.as_secs_f64());
        warn!(feed = %name, kind = setback.kind, error = setback.message, hint = setback.hint, retry_in, "the ledger cannot be used yet");
        self.observer.observe(&Event::Failed {
            feed: Arc::from(name.as_str()),
            kind: setback.kind.clone(),
            message: setback.message.clone(),
            hint: setback.hint.clone(),
            request_id: None,
            next_attempt_in: wait,
            needs_a_hand: setback.needs_a_hand,
            failures,
        });
    }
}

/// Where a feed stands, as the ledger has it.
struct TakenUp {
    id: ledger::FeedId,
    /// What is asked for, of which parent organization.
    scope: String,
    trail: Trail,
    /// The newest requests, with the times of their answers.
    requests: Vec<(String, jiff::Timestamp)>,
    /// When a row about a request of ours was last seen.
    last_canary: Option<jiff::Timestamp>,
    /// What rows said of the recording of activities.
    recording: Recording,
}

/// The trail as the ledger has it, and its start written down before anything is asked: so a feed that cannot be reached for
/// its first days still begins where it was meant to.
fn read_trail(
    ledger: &mut ledger::Ledger,
    settings: &FeedSettings,
    moved: Option<&Move>,
    now: jiff::Timestamp,
) -> Result<TakenUp, ledger::Error> {
    let reader = ledger.reader()?;
    let scope = match moved {
        Some(moved) => moved.scope.clone(),
        None => parent::scope_at_start(&reader, &settings.name, &settings.scope)?,
    };
    let id = ledger.register_feed(&settings.name, &scope, now)?;
    if let Some(moved) = moved {
        ledger.report(id, "parent", &parent::report(moved.number, now), now)?;
    }
    let coverage = ledger.coverage(id)?;
    let status = reader.feeds()?.into_iter().find(|feed| feed.id == id);
    let planned = status.and_then(|feed| feed.planned_start).or(coverage.earliest());
    let planned_start = planned
        .unwrap_or_else(|| windows::lookback(Clocks { local: now, server: None }, settings.initial_lookback));
    ledger.plan_start(id, planned_start)?;
    let mut overlap = Overlap::new(settings.overlap_floor, settings.overlap_ceiling, &reader.lag(id)?);
    let mut late = reader.late_arrivals(id, LATE_ARRIVALS_REMEMBERED)?;
    late.reverse();
    for arrival in &late {
        overlap.late(arrival.created_at, arrival.first_seen);
    }
    let wanted: Coverage = reader.backfills(id)?.into_iter().map(|backfill| backfill.interval).collect();
    let trail = Trail {
        planned_start,
        wanted,
        coverage,
        live_from: planned_start,
        overlap,
        reconciliation: Reconciliation::new(&settings.reconcile_after, ledger.reconciled(id)?),
        under_way: Vec::new(),
        live: false,
        settle: settings.settle,
    };
    let last_canary = reader.own_reads(id)?.map(|own| own.last_seen);
    let requests = reader.request_ids(REQUESTS_REMEMBERED)?;
    // Another parent's organizations have switches of their own.
    let remembered =
        reader.reports(id)?.into_iter().find(|report| moved.is_none() && report.topic == RECORDING);
    let recording = remembered.map_or_else(Recording::default, |report| Recording::read(&report.text));
    Ok(TakenUp { id, scope, trail, requests, last_canary, recording })
}

/// Runs the lanes until told to stop, or until one cannot go on; that one stops the others.
async fn follow<T: Transport, C: Clock>(feed: Arc<Feed<T, C>>) -> Result<(), Error> {
    began(&feed);
    let mut lanes = JoinSet::new();
    let [live, again, past, log] = [(); 4].map(|()| Arc::clone(&feed));
    lanes.spawn(async move { tail::follow(&live).await });
    lanes.spawn(async move { reconcile::follow(&again).await });
    lanes.spawn(async move { fill::follow(&past).await });
    lanes.spawn(async move { transparency::follow(&log).await });
    let mut outcome = Ok(());
    while let Some(ended) = lanes.join_next().await {
        let ended = ended.unwrap_or_else(|_| {
            Err(Error::LedgerPanicked { step: "following", feed: feed.name.to_string() })
        });
        if let Err(failure) = ended {
            feed.stop.cancel();
            outcome = outcome.and(Err(failure));
        }
    }
    outcome
}

fn began<T: Transport, C: Clock>(feed: &Feed<T, C>) {
    let (start, covered_until) = {
        let trail = feed.trail();
        (trail.planned_start, trail.coverage.latest().unwrap_or(trail.planned_start))
    };
    info!(feed = %feed.name, start = %start, covered_until = %covered_until, "collector started");
    feed.tell(&Event::Started { feed: Arc::clone(&feed.name), start, covered_until });
}

/// An error with all its sources, on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

//! What the lanes of a feed have in common: asking for a page when the budget allows, storing it, and getting over failures.
//!
//! A feed is followed in three lanes: the live [`tail`], [`reconcile`] and [`fill`]. Each plans its own windows and drains them
//! one page at a time through [`Feed::carry`]; they share the ledger, the budget and what is known of the [`Trail`]. A fourth one,
//! [`transparency`], asks for no activities: it checks the vendor's log of some of them.
//!
//! A failure is told, recorded and waited out by the lane that met it, and the same drain goes on. The lanes in the background
//! say nothing that was said a moment ago, so an outage is one line a poll and not one a shard.

pub(crate) mod fill;
pub(crate) mod reconcile;
pub(crate) mod report;
pub(crate) mod tail;
mod tell;
pub(crate) mod transparency;

use std::{
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use feed::{Activity, ActivityRequest, Clock, ErrorKind, Exchange, Page, Transport};
use jiff::Timestamp;
use ledger::{Appended, FeedId, Interval, LagPolicy, OwnRead};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::{
    Error, Event, FeedSettings, Governor, Observer, Priority,
    diagnosis::Failing,
    drain::{Drain, Next},
    parent::Voucher,
    recording::Recording,
    setback::{Setback, is_fatal},
    skew::Skew,
    store::{PageToStore, Refusal, Store},
    trail::Trail,
    windows::{Clocks, Witness},
};

/// A feed under way: what its lanes share.
pub(crate) struct Feed<T: Transport, C: Clock> {
    pub(crate) client: Arc<feed::Client<T, C>>,
    pub(crate) store: Store,
    pub(crate) clock: C,
    pub(crate) settings: FeedSettings,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) governor: Arc<Governor>,
    pub(crate) name: Arc<str>,
    pub(crate) stop: CancellationToken,
    pub(crate) filters: ActivityRequest,
    pub(crate) poll_interval: Duration,
    /// The ledger's number of the feed.
    pub(crate) id: FeedId,
    trail: Mutex<Trail>,
    skew: Mutex<Skew>,
    /// When and of what kind the last failure was that was told.
    told: Mutex<Option<(Timestamp, String)>>,
    /// Something was covered, or something new is wanted.
    pub(crate) changed: Notify,
    pub(crate) wishes: Wishes,
    /// Something may be due to be asked again.
    pub(crate) due: Notify,
    signs: Mutex<Signs>,
    /// What the ledger has this feed's present parent organization under.
    pub(crate) scope: String,
    vouched: Mutex<Vouched>,
    /// Held by the lane that finds out whose key it is.
    pub(crate) vouching: tokio::sync::Mutex<()>,
    /// The scope to take the feed up again under, when the key turned out to be another parent's.
    moved: Mutex<Option<Move>>,
}

/// Whose key it is, as far as that is known.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Vouched {
    /// The number of the key that is known to be one of the trail's parent.
    pub(crate) key_number: Option<u32>,
    /// Without one: rows that came later are no witnesses, because the doubt may be about them.
    pub(crate) doubted_since: Option<Timestamp>,
}

/// The trail goes on as another parent organization's.
#[derive(Debug, Clone)]
pub(crate) struct Move {
    pub(crate) scope: String,
    pub(crate) number: u32,
}

/// What tells whether rows flow.
#[derive(Debug)]
pub(crate) struct Signs {
    pub(crate) failing: Option<Failing>,
    pub(crate) last_activity: Timestamp,
    pub(crate) last_canary: Option<Timestamp>,
    pub(crate) canary_lag: Duration,
    pub(crate) recording: Recording,
    /// The cause that was told last.
    pub(crate) told: Option<&'static str>,
}

/// The way to tell a collector that its ledger holds a newly requested backfill.
#[derive(Debug, Clone, Default)]
pub struct Wishes(Arc<Notify>);

impl Wishes {
    /// The collector looks at once for what is wanted.
    pub fn changed(&self) {
        self.0.notify_one();
    }

    pub(crate) async fn wait(&self) {
        self.0.notified().await;
    }
}

/// What a page tells of requests.
#[derive(Default)]
struct Accesses {
    own: Vec<OwnRead>,
    /// Position and time of others' requests.
    others: Vec<(u32, Timestamp)>,
    any: bool,
}

/// A drain, and how it has fared in its lane.
#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) drain: Drain,
    pub(crate) priority: Priority,
    pub(crate) lag: LagPolicy,
    /// Failed attempts since the last page stored.
    failures: u32,
}

impl Load {
    pub(crate) fn new(drain: Drain, priority: Priority, lag: LagPolicy) -> Self {
        Self { drain, priority, lag, failures: 0 }
    }
}

/// What carrying a drain one page on has come to.
pub(crate) enum Step {
    /// A page is stored, and there are more.
    Page,
    /// That was the last page; what the drain proves is in the ledger and in the trail.
    Done(Witness),
    /// The drain cannot go on: its window is to be planned anew.
    Abandoned,
    /// Told to stop.
    Stopped,
}

impl<T: Transport, C: Clock> Feed<T, C> {
    #[allow(clippy::too_many_arguments, reason = "the parts of a collector, put together once")]
    pub(crate) fn new(
        client: Arc<feed::Client<T, C>>,
        store: Store,
        clock: C,
        settings: FeedSettings,
        observer: Arc<dyn Observer>,
        governor: Arc<Governor>,
        filters: ActivityRequest,
        stop: CancellationToken,
        id: FeedId,
        trail: Trail,
        wishes: Wishes,
        signs: Signs,
        scope: String,
    ) -> Self {
        Self {
            name: Arc::from(settings.name.as_str()),
            poll_interval: settings.poll_interval,
            client,
            store,
            clock,
            settings,
            observer,
            governor,
            stop,
            filters,
            id,
            trail: Mutex::new(trail),
            skew: Mutex::default(),
            told: Mutex::default(),
            changed: Notify::new(),
            wishes,
            due: Notify::new(),
            signs: Mutex::new(signs),
            scope,
            vouched: Mutex::default(),
            vouching: tokio::sync::Mutex::default(),
            moved: Mutex::default(),
        }
    }

    pub(crate) fn trail(&self) -> MutexGuard<'_, Trail> {
        self.trail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn skew(&self) -> MutexGuard<'_, Skew> {
        self.skew.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn signs(&self) -> MutexGuard<'_, Signs> {
        self.signs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn vouched(&self) -> MutexGuard<'_, Vouched> {
        self.vouched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends all lanes, to be taken up again under another scope.
    pub(crate) fn move_to(&self, scope: String, number: u32) {
        *self.moved.lock().unwrap_or_else(PoisonError::into_inner) = Some(Move { scope, number });
        self.stop.cancel();
    }

    pub(crate) fn moved(&self) -> Option<Move> {
        self.moved.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Both clocks as they are now.
    pub(crate) fn clocks(&self) -> Clocks {
        self.skew().clocks(self.clock.now())
    }

    /// Asks for the drain's next page and stores it; waits out what fails, as long as it takes.
    pub(crate) async fn carry(&self, load: &mut Load) -> Result<Step, Error> {
        loop {
            let request = load.drain.request(&self.filters);
            let Some(answer) = self.ask(&request, load.priority).await else { return Ok(Step::Stopped) };
            let setback = match answer {
                Ok(page) => match self.vouch(&page, load.priority).await? {
                    Voucher::Good => match self.take_in(load, page, &request).await? {
                        Ok(step) => return Ok(step),
                        Err(setback) => setback,
                    },
                    Voucher::Again => continue,
                    Voucher::Stopped => return Ok(Step::Stopped),
                    Voucher::Unknown(setback) => setback,
                },
                Err(failure) => match self.request_failed(load, &failure) {
                    Some(setback) => setback,
                    None => continue,
                },
            };
            if self.wait_out(load, &setback).await? {
                return Ok(Step::Stopped);
            }
        }
    }

    /// One request, when the budget allows it; `None` when told to stop meanwhile.
    pub(crate) async fn ask(
        &self,
        request: &ActivityRequest,
        priority: Priority,
    ) -> Option<Result<Page, feed::Error>> {
        let answer = self.when_permitted(priority, self.client.list_activities(request)).await?;
        self.account(answer.as_ref().map(|page| &page.exchange));
        Some(answer)
    }

    /// Asks when the budget allows it; `None` when told to stop meanwhile.
    async fn when_permitted<R>(&self, priority: Priority, asked: impl Future<Output = R>) -> Option<R> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => return None,
            () = self.governor.permit(&self.clock, &self.name, priority) => {}
        }
        tokio::select! {
            biased;
            () = self.stop.cancelled() => None,
            answer = asked => Some(answer),
        }
    }

    /// Takes note of what an answer says of the budget, and of the request as one of ours.
    fn account(&self, answer: Result<&Exchange, &feed::Error>) {
        let now = self.clock.now();
        let request_id = match answer {
            Ok(exchange) => exchange.request_id.as_deref(),
            Err(error) => error.request_id(),
        };
        if let Some(request_id) = request_id {
            self.governor.asked(request_id, now);
        }
        match answer {
            Ok(exchange) => self.governor.answered(now, exchange.server_time, exchange.rate_limit),
            Err(error) => {
                self.governor.answered(now, error.server_time(), error.rate_limit());
                if let Some(wait) = error.retry_after() {
                    self.governor.pause(now, wait);
                }
            }
        }
    }

    /// Stores a page, and with the last one what the drain proves.
    async fn take_in(
        &self,
        load: &mut Load,
        mut page: Page,
        request: &ActivityRequest,
    ) -> Result<Result<Step, Setback>, Error> {
        self.note_the_time(&page);
        page.exchange.attempts = page.exchange.attempts.saturating_add(load.failures);
        let drain = &mut load.drain;
        let witness = drain.witness(&page);
        let patience = self.trail().patience(self.clock.now());
        let drained = if page.has_more { None } else { drain.window.proves(&witness, patience) };
        let begins = drain.reached().unwrap_or(drain.window.gte);
        let parameters = request.to_json();
        let accesses = self.accesses(&page);
        self.read_signs(&page, &accesses);
        let page = PageToStore {
            feed: self.id,
            page,
            parameters,
            drain: drain.number,
            drained,
            lag: load.lag,
            own_reads: accesses.own,
            begins,
        };
        let Some((page, appended)) = self.keep(page, load).await? else {
            return Ok(Ok(if self.stop.is_cancelled() { Step::Stopped } else { Step::Abandoned }));
        };
        self.recovered(load);
        self.learn(&page, &appended, load.lag);
        if accesses.any {
            let new =
                |(position, _): &&(u32, Timestamp)| appended.new_positions.binary_search(position).is_ok();
            let others: Vec<Timestamp> = accesses.others.iter().filter(new).map(|(_, at)| *at).collect();
            self.governor.others_asked(self.clock.now(), &others);
        }
        let next = load.drain.stored(&page, &appended);
        self.tell_page(&load.drain, &page, &appended);
        match next {
            Next::Page => Ok(Ok(Step::Page)),
            Next::Circle(reason) => Ok(Err(Setback::circling(&reason, page.exchange.request_id.as_deref()))),
            Next::Done => {
                if let Some(interval) = drained {
                    self.trail().coverage.insert(interval);
                    self.changed.notify_waiters();
                }
                Ok(Ok(Step::Done(witness)))
            }
        }
    }

    /// Appends a page, waiting for room on the disk or for the lock as long as it takes; the page is kept meanwhile. `None` when
    /// told to stop, or when this page cannot be kept as it is and its window is to be planned anew.
    async fn keep(&self, page: PageToStore, load: &mut Load) -> Result<Option<(Page, Appended)>, Error> {
        let page = Arc::new(page);
        loop {
            let shared = Arc::clone(&page);
            let outcome = self.store.run(move |ledger| shared.append_to(ledger)).await;
            let refused = matches!(&outcome, Err(Refusal::Ledger(error)) if error.kind() == ledger::ErrorKind::InvalidInput);
            let setback = match self.settle("storing a page", outcome)? {
                Ok(appended) => {
                    // The closure is gone with its copy, so this one is the last.
                    let page = match Arc::try_unwrap(page) {
                        Ok(owned) => owned.page,
                        Err(shared) => shared.page.clone(),
                    };
                    return Ok(Some((page, appended)));
                }
                Err(setback) => setback,
            };
            if self.wait_out(load, &setback).await? || refused {
                return Ok(None);
            }
        }
    }

    /// What a failed request means for the drain; `None` when it goes on at once.
    fn request_failed(&self, load: &mut Load, failure: &feed::Error) -> Option<Setback> {
        match failure.kind() {
            ErrorKind::CursorRefused => {
                let on = load.drain.cursor_refused();
                warn!(feed = %self.name, request_id = failure.request_id(), "cursor refused: the window goes on by time");
                if on {
                    return None;
                }
            }
            ErrorKind::BodyTooLarge | ErrorKind::Timeout | ErrorKind::Truncated => load.drain.ask_for_less(),
            _ => {}
        }
        Some(Setback::of_request(failure))
    }

    /// The rows of a page that tell of requests, ours and others'.
    fn accesses(&self, page: &Page) -> Accesses {
        let mut accesses = Accesses::default();
        for (position, activity) in (0..).zip(&page.activities) {
            let Some(access) = activity.api_access() else { continue };
            accesses.any = true;
            let asked = access.request_id.as_deref().and_then(|id| self.governor.when_asked(id));
            match (asked, activity.created_at) {
                (Some(asked), _) => {
                    let lag = elapsed(asked, page.exchange.responded_at);
                    accesses.own.push(OwnRead { position, lag });
                }
                (None, Some(created_at)) => accesses.others.push((position, created_at)),
                (None, None) => {}
            }
        }
        accesses
    }

    /// What a page tells of whether the feed records.
    fn read_signs(&self, page: &Page, accesses: &Accesses) {
        let seen = page.exchange.responded_at;
        let mut signs = self.signs();
        if signs.failing.take().is_some() {
            // A silence is counted from when polls succeed.
            signs.last_activity = signs.last_activity.max(seen);
            signs.last_canary = signs.last_canary.map(|last| last.max(seen));
        }
        // The same rows are seen again and again, so what counts is when the newest of them happened.
        for own in &accesses.own {
            let happened = page.activities.get(own.position as usize).and_then(|row| row.created_at);
            if happened > signs.last_canary {
                signs.last_canary = happened;
                signs.canary_lag = own.lag;
            }
        }
        // A row about a request of ours may be seen before its answer, so none of these counts as activity.
        for activity in page.activities.iter().filter(|row| row.activity_type != Activity::API_ACCESS) {
            let Some(created_at) = activity.created_at else { continue };
            signs.last_activity = signs.last_activity.max(created_at.min(seen));
            if let Some(setting) = activity.recording_setting() {
                signs.recording.note(setting.organization_id.unwrap_or_default(), created_at, setting.on);
            }
        }
    }

    /// What the new rows of a page tell of the feed's lag.
    fn learn(&self, page: &Page, appended: &Appended, lag: LagPolicy) {
        if lag == LagPolicy::Skip || appended.inserted == 0 {
            return;
        }
        let first_seen = page.exchange.responded_at;
        let mut trail = self.trail();
        for position in &appended.new_positions {
            let Some(activity) = page.activities.get(*position as usize) else { continue };
            let Some(created_at) = activity.created_at else { continue };
            trail.overlap.seen(created_at, first_seen);
            // Accesses by the vendor are days late by design, and tell nothing of the other rows.
            let by_design = feed::is_logged(&activity.activity_type);
            if appended.late > 0 && !by_design && trail.coverage.contains(created_at) {
                trail.overlap.late(created_at, first_seen);
            }
        }
    }

    /// A step of the ledger that is not an append: tried until it is done. `None` when told to stop meanwhile.
    pub(crate) async fn insist<R: Send + 'static>(
        &self,
        step: &'static str,
        change: impl Fn(&mut ledger::Ledger) -> Result<R, ledger::Error> + Clone + Send + 'static,
    ) -> Result<Option<R>, Error> {
        let mut failures = 0;
        loop {
            let outcome = self.store.run(change.clone()).await;
            let setback = match self.settle(step, outcome)? {
                Ok(done) => return Ok(Some(done)),
                Err(setback) => setback,
            };
            failures += 1;
            let wait = self.failed(&setback, failures, true).await?;
            if self.pause(wait).await {
                return Ok(None);
            }
        }
    }

    /// Sorts a step of the ledger into done, to be tried again, and the end.
    pub(crate) fn settle<R>(
        &self,
        step: &'static str,
        outcome: Result<R, Refusal>,
    ) -> Result<Result<R, Setback>, Error> {
        settle(&self.name, step, outcome)
    }

    /// Tells of a failure and waits; `true` when told to stop.
    async fn wait_out(&self, load: &mut Load, setback: &Setback) -> Result<bool, Error> {
        load.failures = load.failures.saturating_add(1);
        let wait = self.failed(setback, load.failures, load.priority == Priority::Live).await?;
        Ok(self.pause(wait).await)
    }

    fn recovered(&self, load: &mut Load) {
        if std::mem::take(&mut load.failures) > 0 && self.told().take().is_some() {
            self.tell_recovery();
        }
    }

    fn told(&self) -> MutexGuard<'_, Option<(Timestamp, String)>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits; `true` when told to stop.
    pub(crate) async fn pause(&self, length: Duration) -> bool {
        if length.is_zero() {
            return self.stop.is_cancelled();
        }
        tokio::select! {
            biased;
            () = self.stop.cancelled() => true,
            () = self.clock.sleep(length) => false,
        }
    }

    /// Takes note that a drain of a lane in the background has asked again for what it covered.
    pub(crate) async fn note_reconciled(&self, interval: Interval, began: Timestamp) -> Result<(), Error> {
        let served = self.trail().reconciliation.served(interval, began);
        if served.is_empty() {
            return Ok(());
        }
        let (id, to_keep) = (self.id, served.clone());
        let step = move |ledger: &mut ledger::Ledger| ledger.note_reconciled(id, &to_keep);
        if self.insist("noting what was asked again", step).await?.is_some() {
            self.trail().reconciliation.note(&served);
        }
        Ok(())
    }

    pub(crate) fn tell(&self, event: &Event) {
        self.observer.observe(event);
    }

    fn quietly(&self, setback: &Setback, wait: Duration) {
        debug!(feed = %self.name, kind = setback.kind, error = setback.message, ?wait, "failed in the background");
    }
}

/// See [`Feed::settle`].
pub(crate) fn settle<R>(
    feed: &str,
    step: &'static str,
    outcome: Result<R, Refusal>,
) -> Result<Result<R, Setback>, Error> {
    match outcome {
        Ok(done) => Ok(Ok(done)),
        Err(Refusal::Panicked) => Err(Error::LedgerPanicked { step, feed: feed.to_owned() }),
        Err(Refusal::Ledger(source)) if is_fatal(source.kind()) => {
            Err(Error::Ledger { step, feed: feed.to_owned(), source: Box::new(source) })
        }
        Err(Refusal::Ledger(error)) => Ok(Err(Setback::of_ledger(step, &error))),
    }
}

/// From one moment to a later one; zero when the clock was set back between them.
pub(crate) fn elapsed(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(from.duration_until(to)).unwrap_or_default()
}

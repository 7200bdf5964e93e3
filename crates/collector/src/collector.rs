//! The loop of one feed: plan a window, drain it page by page into the ledger, wait, and again.
//!
//! The loop holds no state that matters: what is stored and covered is in the ledger, and a start reads it from there. So
//! a kill, a stop, a failure and a restart all take the same way on. Each turn of the loop is one page at most:
//!
//! 1. no drain under way: ask `windows` for the next window;
//! 2. fetch one page, store it; with the last page of a drain the ledger gets, in the same append, what the drain proves;
//! 3. drained a window short of now: the next one at once; drained to now: wait for the next poll.
//!
//! A failure is told, recorded and waited out, and the same drain goes on.

use std::{sync::Arc, time::Duration};

use feed::{ActivityRequest, Clock, ErrorKind, Page, Transport};
use jiff::{SignedDuration, Timestamp};
use ledger::{Appended, FeedId, LagPolicy};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use crate::{
    Error, Event, FeedSettings, Observer, SharedLedger,
    drain::{Drain, Next},
    setback::{Setback, is_fatal},
    skew::{News, Skew},
    store::{PageToStore, Refusal, blocking},
    windows::{Patience, Tail, Window},
};

/// Polls are never closer than this, whatever the settings say.
const LEAST_POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Follows one feed. Several may share one ledger; each runs on its own and delays no other.
pub struct Collector<T: Transport, C: Clock> {
    client: feed::Client<T, C>,
    ledger: SharedLedger,
    clock: C,
    settings: FeedSettings,
    observer: Arc<dyn Observer>,
}

impl<T: Transport, C: Clock> std::fmt::Debug for Collector<T, C> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Collector").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl<T: Transport, C: Clock> Collector<T, C> {
    /// A collector that has not begun. `clock` must be the client's own, or agree with it.
    pub fn new(
        client: feed::Client<T, C>,
        ledger: SharedLedger,
        clock: C,
        settings: FeedSettings,
        observer: Arc<dyn Observer>,
    ) -> Self {
        Self { client, ledger, clock, settings, observer }
    }

    /// Collects until told to stop, or until the ledger cannot be written any more.
    ///
    /// A stop is obeyed at once while waiting or asking; an append that has begun is finished first, so nothing is half written.
    /// Dropping the future instead is safe as well: it is what a kill looks like.
    pub async fn run(self, stop: CancellationToken) -> Result<(), Error> {
        let feed: Arc<str> = Arc::from(self.settings.name.as_str());
        let filters = self.filters();
        let mut first = filters.clone();
        first.limit = Some(self.settings.page_size);
        first.validate().map_err(|source| Error::Settings { feed: feed.to_string(), source })?;
        let patience = Patience { settle: self.settings.settle, overlap: self.settings.overlap_floor };
        let mut run = Run {
            poll_interval: self.settings.poll_interval.max(LEAST_POLL_INTERVAL),
            outer: self,
            feed,
            stop,
            filters,
            patience,
            id: None,
            start_noted: None,
            drain: None,
            skew: Skew::default(),
            last_live: None,
            failures: 0,
        };
        let outcome = run.follow().await;
        if let Err(failure) = &outcome {
            error!(feed = %run.feed, error = %chain(failure), hint = failure.hint(), "collector gave up");
        } else {
            info!(feed = %run.feed, "collector stopped");
            run.tell(&Event::Stopped { feed: Arc::clone(&run.feed) });
        }
        outcome
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
}

/// A collector under way.
struct Run<T: Transport, C: Clock> {
    outer: Collector<T, C>,
    feed: Arc<str>,
    stop: CancellationToken,
    filters: ActivityRequest,
    patience: Patience,
    poll_interval: Duration,
    /// The ledger's number of the feed, once registered.
    id: Option<FeedId>,
    /// The start of the trail that the ledger knows.
    start_noted: Option<Timestamp>,
    /// The window under way; kept across failures.
    drain: Option<Drain>,
    skew: Skew,
    /// When the last drain that reached to now began.
    last_live: Option<Timestamp>,
    /// Failed attempts since the last page stored.
    failures: u32,
}

/// How a turn of the loop ended.
enum Turn {
    /// Go on at once.
    On,
    /// The feed is drained to now: wait for the next poll.
    CaughtUp { began: Timestamp },
    /// It failed: tell, and wait before the next attempt.
    Failed(Setback),
    /// Told to stop.
    Stopped,
}

impl<T: Transport, C: Clock> Run<T, C> {
    async fn follow(&mut self) -> Result<(), Error> {
        let Some((id, mut tail)) = self.take_up().await? else { return Ok(()) };
        loop {
            let turn = self.turn(id, &mut tail).await?;
            let pause = match turn {
                Turn::On => Duration::ZERO,
                Turn::CaughtUp { began } => self.until_next_poll(began),
                Turn::Failed(setback) => self.failed(&setback).await?,
                Turn::Stopped => return Ok(()),
            };
            if self.pause(pause).await {
                return Ok(());
            }
        }
    }

    /// Reads from the ledger where the feed stands; `None` when told to stop meanwhile.
    async fn take_up(&mut self) -> Result<Option<(FeedId, Tail)>, Error> {
        loop {
            let now = self.outer.clock.now();
            let (name, scope) = (self.outer.settings.name.clone(), self.outer.settings.scope.clone());
            let (lookback, patience, chunk) =
                (self.outer.settings.initial_lookback, self.patience, self.outer.settings.chunk);
            let step = move |ledger: &mut ledger::Ledger| {
                let id = ledger.register_feed(&name, &scope, now)?;
                let coverage = ledger.coverage(id)?;
                let feeds = ledger.reader()?.feeds()?;
                let planned =
                    feeds.into_iter().find(|feed| feed.id == id).and_then(|feed| feed.planned_start);
                let tail = Tail::resume(coverage, planned, now, lookback, patience, chunk);
                Ok((id, tail))
            };
            let setback =
                match self.settle("taking up the trail", blocking(&self.outer.ledger, step).await)? {
                    Ok((id, tail)) => {
                        self.id = Some(id);
                        self.began(&tail);
                        return Ok(Some((id, tail)));
                    }
                    Err(setback) => setback,
                };
            let wait = self.failed(&setback).await?;
            if self.pause(wait).await {
                return Ok(None);
            }
        }
    }

    /// One turn: plan if need be, then one page.
    async fn turn(&mut self, id: FeedId, tail: &mut Tail) -> Result<Turn, Error> {
        let drain = match self.drain.take() {
            Some(drain) => drain,
            None => match self.plan(id, tail).await? {
                Ok(drain) => drain,
                Err(turn) => return Ok(turn),
            },
        };
        let drain = self.drain.insert(drain);
        let request = drain.request(&self.filters);
        let answer = tokio::select! {
            biased;
            () = self.stop.cancelled() => return Ok(Turn::Stopped),
            answer = self.outer.client.list_activities(&request) => answer,
        };
        match answer {
            Ok(page) => self.take_in(id, tail, page, &request).await,
            Err(failure) => Ok(self.request_failed(&failure)),
        }
    }

    /// The next window, as a drain that has not begun; or why there is none.
    async fn plan(&mut self, id: FeedId, tail: &mut Tail) -> Result<Result<Drain, Turn>, Error> {
        let now = self.outer.clock.now();
        let clocks = self.skew.clocks(now);
        tail.anchor(clocks, self.outer.settings.initial_lookback);
        let start = tail.start();
        if self.start_noted != Some(start) {
            let noted = blocking(&self.outer.ledger, move |ledger| ledger.plan_start(id, start)).await;
            if let Err(setback) = self.settle("planning the start", noted)? {
                return Ok(Err(Turn::Failed(setback)));
            }
            self.start_noted = Some(start);
        }
        let Some(window) = tail.next_window(clocks, self.patience) else {
            return Ok(Err(Turn::CaughtUp { began: now }));
        };
        debug!(feed = %self.feed, gte = %window.gte, lt = %window.lt, live = window.live, "draining a window");
        Ok(Ok(Drain::new(window, now, self.outer.settings.page_size)))
    }

    /// Stores a page, and with the last one what the drain proves.
    async fn take_in(
        &mut self,
        id: FeedId,
        tail: &mut Tail,
        page: Page,
        request: &ActivityRequest,
    ) -> Result<Turn, Error> {
        self.note_the_time(&page);
        let Some(drain) = self.drain.as_mut() else { return Ok(Turn::On) };
        let witness = drain.witness(&page);
        let drained = if page.has_more { None } else { drain.window.proves(&witness, self.patience) };
        let lag = lag_policy(drain, self.last_live, &page, self.poll_interval);
        let begins = drain.reached().unwrap_or(drain.window.gte);
        let parameters = request.to_json();
        let page = PageToStore { feed: id, page, parameters, drain: drain.number, drained, lag, begins };
        let (page, appended) = match self.store(page).await? {
            Ok(stored) => stored,
            Err(turn) => return Ok(turn),
        };
        self.recovered();
        let Some(mut drain) = self.drain.take() else { return Ok(Turn::On) };
        let next = drain.stored(&page, &appended);
        self.tell_page(&drain, &page, &appended);
        match next {
            Next::Page => self.drain = Some(drain),
            Next::Circle(reason) => {
                self.drain = Some(drain);
                return Ok(Turn::Failed(Setback::circling(&reason, page.exchange.request_id.as_deref())));
            }
            Next::Done => {
                let stood = tail.covered_until();
                tail.advance(&drain.window, &witness, self.patience, drain.totals.pages);
                self.drained(&drain, tail.covered_until());
                if drain.window.live || tail.covered_until() <= stood {
                    return Ok(Turn::CaughtUp { began: drain.started });
                }
            }
        }
        Ok(Turn::On)
    }

    /// Appends a page, waiting for room on the disk or for the lock as long as it takes; the page is kept meanwhile.
    async fn store(&mut self, page: PageToStore) -> Result<Result<(Page, Appended), Turn>, Error> {
        let page = Arc::new(page);
        loop {
            let shared = Arc::clone(&page);
            let outcome = blocking(&self.outer.ledger, move |ledger| shared.append_to(ledger)).await;
            let refused = matches!(&outcome, Err(Refusal::Ledger(error)) if error.kind() == ledger::ErrorKind::InvalidInput);
            let setback = match self.settle("storing a page", outcome)? {
                Ok(appended) => {
                    // The closure is gone with its copy, so this one is the last.
                    let page = match Arc::try_unwrap(page) {
                        Ok(owned) => owned.page,
                        Err(shared) => shared.page.clone(),
                    };
                    return Ok(Ok((page, appended)));
                }
                Err(setback) => setback,
            };
            if refused {
                // This page cannot be kept as it is; the window is planned and asked for anew.
                self.drain = None;
                return Ok(Err(Turn::Failed(setback)));
            }
            let wait = self.failed(&setback).await?;
            if self.pause(wait).await {
                return Ok(Err(Turn::Stopped));
            }
        }
    }

    /// What a failed request means for the drain under way.
    fn request_failed(&mut self, failure: &feed::Error) -> Turn {
        if failure.kind() == ErrorKind::Cancelled && self.stop.is_cancelled() {
            return Turn::Stopped;
        }
        if let Some(drain) = self.drain.as_mut() {
            match failure.kind() {
                ErrorKind::CursorRefused => {
                    let on = drain.cursor_refused();
                    warn!(feed = %self.feed, request_id = failure.request_id(), "cursor refused: the window goes on by time");
                    if on {
                        return Turn::On;
                    }
                }
                ErrorKind::BodyTooLarge | ErrorKind::Timeout | ErrorKind::Truncated => drain.ask_for_less(),
                _ => {}
            }
        }
        Turn::Failed(Setback::of_request(failure))
    }

    /// Sorts a step of the ledger into done, to be tried again, and the end.
    fn settle<R>(
        &self,
        step: &'static str,
        outcome: Result<R, Refusal>,
    ) -> Result<Result<R, Setback>, Error> {
        match outcome {
            Ok(done) => Ok(Ok(done)),
            Err(Refusal::Panicked) => Err(Error::LedgerPanicked { step, feed: self.feed.to_string() }),
            Err(Refusal::Ledger(source)) if is_fatal(source.kind()) => {
                Err(Error::Ledger { step, feed: self.feed.to_string(), source: Box::new(source) })
            }
            Err(Refusal::Ledger(error)) => Ok(Err(Setback::of_ledger(step, &error))),
        }
    }

    /// Tells of a failure, keeps it for `status`, and says how long to wait.
    async fn failed(&mut self, setback: &Setback) -> Result<Duration, Error> {
        self.failures = self.failures.saturating_add(1);
        let wait = setback.wait(self.failures, self.poll_interval);
        let (kind, hint) = (setback.kind.as_str(), setback.hint.as_str());
        let retry_in = wait.as_secs_f64();
        if setback.needs_a_hand {
            error!(feed = %self.feed, kind, error = setback.message, hint, retry_in, "poll failed");
        } else {
            warn!(feed = %self.feed, kind, error = setback.message, hint, retry_in, "poll failed");
        }
        self.tell(&Event::Failed {
            feed: Arc::clone(&self.feed),
            kind: setback.kind.clone(),
            message: setback.message.clone(),
            hint: setback.hint.clone(),
            request_id: setback.request_id.clone(),
            next_attempt_in: wait,
        });
        if let Some(id) = self.id {
            let failure = setback.as_failure(self.outer.clock.now());
            let noted = blocking(&self.outer.ledger, move |ledger| ledger.record_failure(id, &failure)).await;
            if let Err(unkept) = self.settle("recording a failure", noted)? {
                debug!(feed = %self.feed, error = unkept.message, "the failure was not recorded");
            }
        }
        Ok(wait)
    }

    fn recovered(&mut self) {
        if self.failures > 0 {
            info!(feed = %self.feed, failures = self.failures, "polling works again");
            self.tell(&Event::Recovered { feed: Arc::clone(&self.feed), failures: self.failures });
            self.failures = 0;
        }
    }

    /// Compares the clocks, and looks for rows that no clock explains.
    fn note_the_time(&mut self, page: &Page) {
        let exchange = &page.exchange;
        match self.skew.observe(exchange.requested_at, exchange.responded_at, exchange.server_time) {
            News::None => {}
            News::Wrong(server_ahead) => {
                warn!(
                    feed = %self.feed,
                    server_ahead_seconds = server_ahead.as_secs(),
                    hint = "set this machine's clock; the trail stays complete meanwhile",
                    "the local clock is wrong"
                );
                self.tell(&Event::ClockSkew {
                    feed: Arc::clone(&self.feed),
                    server_ahead: Some(server_ahead),
                });
            }
            News::RightAgain => {
                info!(feed = %self.feed, "the local clock is right again");
                self.tell(&Event::ClockSkew { feed: Arc::clone(&self.feed), server_ahead: None });
            }
        }
        let future = self.skew.future_begins(exchange.responded_at);
        let moments = page.activities.iter().filter_map(|activity| activity.created_at);
        let (rows, newest) = moments
            .filter(|created_at| *created_at > future)
            .fold((0_u32, future), |(rows, newest), created_at| (rows + 1, newest.max(created_at)));
        if rows > 0 {
            warn!(feed = %self.feed, rows, newest = %newest, "rows from the future: the local clock may be behind");
            self.tell(&Event::FutureRows { feed: Arc::clone(&self.feed), rows, newest });
        }
    }

    fn began(&self, tail: &Tail) {
        let (start, covered_until) = (tail.start(), tail.covered_until());
        info!(feed = %self.feed, start = %start, covered_until = %covered_until, "collector started");
        self.tell(&Event::Started { feed: Arc::clone(&self.feed), start, covered_until });
    }

    fn tell_page(&self, drain: &Drain, page: &Page, appended: &Appended) {
        let reached = if page.has_more { drain.reached() } else { Some(drain.window.lt) };
        let behind = reached.unwrap_or(drain.window.gte).duration_until(self.outer.clock.now());
        self.tell(&Event::PageStored {
            feed: Arc::clone(&self.feed),
            gte: drain.window.gte,
            lt: drain.window.lt,
            rows: u32::try_from(page.activities.len()).unwrap_or(u32::MAX),
            inserted: appended.inserted,
            reached: drain.reached(),
            behind: Duration::try_from(behind.max(SignedDuration::ZERO)).unwrap_or_default(),
        });
    }

    /// A window is drained: one line in the log, quiet when there was nothing new.
    fn drained(&mut self, drain: &Drain, covered_until: Timestamp) {
        let Window { gte, lt, live } = drain.window;
        let totals = drain.totals;
        let took = elapsed(drain.started, self.outer.clock.now());
        let seconds = took.as_secs_f64();
        macro_rules! line {
            ($level:ident) => {
                $level!(
                    feed = %self.feed, gte = %gte, lt = %lt, pages = totals.pages, inserted = totals.inserted,
                    duplicates = totals.duplicates, late = totals.late, covered_until = %covered_until, seconds,
                    "{}", if live { "polled" } else { "caught up with a window" }
                )
            };
        }
        if totals.inserted > 0 || !live {
            line!(info);
        } else {
            line!(debug);
        }
        if live {
            self.last_live = Some(drain.started);
        }
        self.tell(&Event::Polled {
            feed: Arc::clone(&self.feed),
            gte,
            lt,
            live,
            pages: totals.pages,
            inserted: totals.inserted,
            duplicates: totals.duplicates,
            late: totals.late,
            covered_until,
            took,
        });
    }

    fn tell(&self, event: &Event) {
        self.outer.observer.observe(event);
    }

    /// What is left of the poll interval that began at `began`; never more than a whole one, wherever the clock was set.
    fn until_next_poll(&self, began: Timestamp) -> Duration {
        self.poll_interval.saturating_sub(elapsed(began, self.outer.clock.now()))
    }

    /// Waits; `true` when told to stop.
    async fn pause(&self, length: Duration) -> bool {
        if length.is_zero() {
            return self.stop.is_cancelled();
        }
        tokio::select! {
            biased;
            () = self.stop.cancelled() => true,
            () = self.outer.clock.sleep(length) => false,
        }
    }
}

/// Whether first-seen rows of a page tell the feed's indexing lag: only when the feed was followed to now until just before. Rows of a
/// catch-up, or after an outage, are old for our reasons, not for the feed's.
fn lag_policy(
    drain: &Drain,
    last_live: Option<Timestamp>,
    page: &Page,
    poll_interval: Duration,
) -> LagPolicy {
    let followed =
        last_live.is_some_and(|began| elapsed(began, page.exchange.requested_at) <= 2 * poll_interval);
    if drain.window.live && followed { LagPolicy::Count } else { LagPolicy::Skip }
}

/// From one moment to a later one; zero when the clock was set back between them.
fn elapsed(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(from.duration_until(to)).unwrap_or_default()
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

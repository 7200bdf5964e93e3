//! The live tail: every poll interval the stretch from a little before the frontier to now.
//!
//! It sees to the newest stretch only. When it falls far behind, after an outage or a start, it leaps to the present and leaves what
//! it jumped over to the lane that fills in: so what happens now is seen now, whatever there is to catch up with.

use std::time::Duration;

use feed::{Clock, Transport};
use jiff::Timestamp;
use ledger::{Coverage, LagPolicy};
use tracing::{debug, info};

use super::{Feed, Load, Step, Vouched, elapsed};
use crate::{
    Error, Priority,
    drain::Drain,
    windows::{self, ChunkLimits, Clocks, Patience, Tail},
};

/// The live tail of a feed.
struct LiveTail {
    tail: Tail,
    patience: Patience,
    /// When the last drain that reached to now began.
    last_live: Option<Timestamp>,
    planned_start: Timestamp,
    /// The newest row that was stored.
    newest: Option<Timestamp>,
}

/// Follows the feed at the present until told to stop.
pub(crate) async fn follow<T: Transport, C: Clock>(feed: &Feed<T, C>) -> Result<(), Error> {
    let mut live = LiveTail::take_up(feed, feed.clocks());
    loop {
        let clocks = feed.clocks();
        live.adjust(feed, clocks);
        if live.note_start(feed).await?.is_none() {
            return Ok(());
        }
        let began = feed.clock.now();
        let pause = match live.tail.next_window(clocks, live.patience) {
            None => feed.poll_interval,
            Some(window) => {
                debug!(feed = %feed.name, gte = %window.gte, lt = %window.lt, live = window.live, "draining a window");
                let drain = Drain::new(window, began, feed.settings.page_size);
                match live.drain(feed, drain).await? {
                    Some(true) => feed.poll_interval.saturating_sub(elapsed(began, feed.clock.now())),
                    Some(false) => Duration::ZERO,
                    None => return Ok(()),
                }
            }
        };
        if feed.pause(pause).await {
            return Ok(());
        }
    }
}

impl LiveTail {
    fn take_up<T: Transport, C: Clock>(feed: &Feed<T, C>, clocks: Clocks) -> Self {
        let mut known = feed.trail();
        let patience = known.patience(clocks.local);
        let tail = resume(&known.coverage, known.planned_start, clocks, patience, feed.leap_after());
        known.live_from = tail.start();
        Self { tail, patience, last_live: None, planned_start: known.planned_start, newest: None }
    }

    /// Follows the overlap, leaps to the present when far behind, and finds back from a start under a wrong clock.
    fn adjust<T: Transport, C: Clock>(&mut self, feed: &Feed<T, C>, clocks: Clocks) {
        let mut trail = feed.trail();
        let patience = trail.patience(clocks.local);
        if patience.overlap > self.patience.overlap {
            self.tail.doubt(patience);
        }
        self.patience = patience;
        if trail.coverage.is_empty() {
            // Nothing is known to have happened yet, so the start is as good as the clock it was taken from.
            let wished = windows::lookback(clocks, feed.settings.initial_lookback);
            trail.planned_start = trail.planned_start.min(wished);
        }
        let behind =
            self.tail.covered_until() < windows::before(edge(clocks.earliest(), patience), feed.leap_after());
        let begun_too_late =
            self.tail.coverage().is_empty() && self.tail.start() > edge(clocks.better(), patience);
        if behind || begun_too_late {
            let from = self.tail.covered_until();
            self.tail = resume(&trail.coverage, trail.planned_start, clocks, patience, feed.leap_after());
            if behind {
                info!(feed = %feed.name, from = %from, to = %self.tail.start(), "far behind: the live tail goes on from now, and what lies between is filled in");
            }
        }
        if trail.live_from != self.tail.start() {
            trail.live_from = self.tail.start();
            feed.changed.notify_waiters();
        }
    }

    /// Writes down where the trail is meant to begin, before anything is asked.
    async fn note_start<T: Transport, C: Clock>(&mut self, feed: &Feed<T, C>) -> Result<Option<()>, Error> {
        let start = feed.trail().planned_start;
        if start != self.planned_start {
            let id = feed.id;
            let step = move |ledger: &mut ledger::Ledger| ledger.plan_start(id, start);
            if feed.insist("planning the start", step).await?.is_none() {
                return Ok(None);
            }
            self.planned_start = start;
        }
        Ok(Some(()))
    }

    /// Drains a window; whether the next poll may wait, or `None` when told to stop.
    async fn drain<T: Transport, C: Clock>(
        &mut self,
        feed: &Feed<T, C>,
        drain: Drain,
    ) -> Result<Option<bool>, Error> {
        let window = drain.window;
        let mut load = Load::new(drain, Priority::Live, LagPolicy::Skip);
        loop {
            load.lag = self.lag_policy(feed, window.live);
            match feed.carry(&mut load).await? {
                Step::Page => {}
                Step::Stopped => return Ok(None),
                Step::Abandoned => return Ok(Some(true)),
                Step::Done(witness) => {
                    self.doubt_the_key(feed, &load.drain);
                    let stood = self.tail.covered_until();
                    self.tail.advance(&window, &witness, self.patience, load.drain.totals.pages);
                    let covered_until = {
                        let trail = feed.trail();
                        trail.coverage.latest().unwrap_or(trail.planned_start)
                    };
                    let purpose = if window.live { "polled" } else { "caught up with a window" };
                    feed.drained(&load.drain, purpose, covered_until);
                    if window.live {
                        self.last_live = Some(load.drain.started);
                        if !std::mem::replace(&mut feed.trail().live, true) {
                            feed.changed.notify_waiters();
                            feed.due.notify_one();
                        }
                        feed.tell_when_caught_up();
                        feed.report().await?;
                    }
                    return Ok(Some(window.live || self.tail.covered_until() <= stood));
                }
            }
        }
    }

    /// A row that was seen a poll ago and is not any more: the organization may have moved to another parent, key and all. The next page
    /// must show that it did not.
    fn doubt_the_key<T: Transport, C: Clock>(&mut self, feed: &Feed<T, C>, drain: &Drain) {
        let known = self.newest.is_some_and(|newest| drain.window.interval().contains(newest));
        if known && drain.totals.duplicates == 0 {
            *feed.vouched() = Vouched { key_number: None, doubted_since: Some(drain.started) };
        }
        self.newest = self.newest.max(drain.reached());
    }

    /// Whether first-seen rows tell the feed's indexing lag: only when it was followed to now until just before. After an outage
    /// rows are old for our reasons, not for the feed's.
    fn lag_policy<T: Transport, C: Clock>(&self, feed: &Feed<T, C>, live: bool) -> LagPolicy {
        let followed =
            self.last_live.is_some_and(|began| elapsed(began, feed.clock.now()) <= 2 * feed.poll_interval);
        if live && followed { LagPolicy::Count } else { LagPolicy::Skip }
    }
}

impl<T: Transport, C: Clock> Feed<T, C> {
    /// How far behind the live tail may fall before it leaps.
    fn leap_after(&self) -> Duration {
        (4 * self.poll_interval).max(Duration::from_mins(10))
    }
}

/// What is older than this need not be asked for again by the live tail.
fn edge(now: Timestamp, patience: Patience) -> Timestamp {
    windows::aligned(windows::before(windows::before(now, patience.settle), patience.overlap))
}

/// The live tail of a trail: on from its last covered stretch, or from the present when that is far back.
fn resume(
    coverage: &Coverage,
    planned_start: Timestamp,
    clocks: Clocks,
    patience: Patience,
    leap_after: Duration,
) -> Tail {
    let edge = edge(clocks.better(), patience);
    let last = coverage.intervals().last().filter(|last| last.lt >= windows::before(edge, leap_after));
    let (covered, start) = match last {
        Some(last) => ([*last].into_iter().collect(), last.gte),
        None => (Coverage::new(), edge.max(planned_start)),
    };
    Tail::resume(covered, Some(start), clocks.better(), Duration::ZERO, patience, ChunkLimits::default())
}

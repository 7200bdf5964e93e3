//! The request budget of one parent organization, shared by all of its feeds in this process.
//!
//! The vendor allows a number of requests a minute to all keys of a parent together. The [`Governor`] hands out permits, one a
//! request, so that this program spends at most its share of them:
//!
//! - a token bucket refills at the share of the limit; the limit is 600 a minute until an answer says otherwise;
//! - `anthropic-ratelimit-*` corrects it: where others spend more than their part, what can wait leaves the rest to them;
//! - a wait that the API asked for is kept by every feed of the parent;
//! - the live tail goes before reconciliation, and that before backfill; among feeds of one priority, whoever had less goes first.
//!
//! A permit is a decision of [`State`], which is pure; waiting for it is the only thing here that takes time.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use feed::{Clock, RateLimit};
use jiff::Timestamp;

use crate::own_requests::OwnRequests;

/// Requests a minute that all keys of a parent organization share, by the vendor's documentation.
const REQUESTS_PER_MINUTE: f64 = 600.0;

/// Requests that may go out at once after a pause.
const BURST: f64 = 10.0;

/// Tokens that are left to the live tail.
const LIVE_RESERVE: f64 = 1.0;

/// The longest sleep before a waiter looks again.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// The longest wait that is kept because the API asked for it. More is a mistake, or an outage that is told otherwise.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// Over how long others' requests are counted.
const OTHERS_SPAN: Duration = Duration::from_mins(5);

const MINUTE: Duration = Duration::from_mins(1);

/// What a request is for. The first goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// What happened just now.
    Live,
    /// What was covered and is asked again.
    Reconcile,
    /// What is missing of the past.
    Backfill,
}

/// How a parent's budget is spent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spending {
    /// Requests a minute for all keys of the parent organization.
    pub limit_per_minute: u32,
    /// The share of it that this program may spend.
    pub share: f64,
    /// Requests of this program in the last minute.
    pub ours_per_minute: u32,
    /// Requests of others a minute, by the feed's own account of them or else by what the answers' headers leave; `None`
    /// while neither tells.
    pub others_per_minute: Option<u32>,
    /// Whether that is counted from the feed's rows, which is exact, or estimated from headers.
    pub others_counted: bool,
    /// What is left of a wait that the API asked for.
    pub paused: Duration,
}

/// Hands out permits to ask. Shared by the feeds of one parent organization.
#[derive(Debug)]
pub struct Governor {
    state: Mutex<State>,
    own: Mutex<OwnRequests>,
}

impl Governor {
    /// A governor that spends at most `share` (above 0, at most 1) of the parent's budget.
    pub fn new(share: f64) -> Arc<Self> {
        Arc::new(Self { state: Mutex::new(State::new(share)), own: Mutex::default() })
    }

    /// How the budget is spent, at a moment of the local clock.
    pub fn spending(&self, now: Timestamp) -> Spending {
        self.state().spending(now)
    }

    /// Waits until a request may be sent. Dropping the future gives the place in the queue away.
    pub async fn permit<C: Clock>(&self, clock: &C, feed: &str, priority: Priority) {
        let number = self.state().join(feed, priority);
        let place = Place { governor: self, number };
        loop {
            let wait = self.state().ask(place.number, clock.now());
            match wait {
                None => return,
                Some(wait) => clock.sleep(wait.min(LOOK_AGAIN)).await,
            }
        }
    }

    /// Takes in what an answer said of the budget.
    pub fn answered(&self, now: Timestamp, server_time: Option<Timestamp>, told: RateLimit) {
        self.state().answered(now, server_time, told);
    }

    /// The API asked for a wait: nothing is sent to this parent until it is over.
    pub(crate) fn pause(&self, now: Timestamp, length: Duration) {
        self.state().pause(now, length);
    }

    /// The feed tells of requests, and these were others'.
    pub(crate) fn others_asked(&self, now: Timestamp, moments: &[Timestamp]) {
        let mut state = self.state();
        state.others_told = true;
        state.others.extend(moments);
        forget(&mut state.others, now, OTHERS_SPAN);
    }

    /// Remembers a request of ours by the id and time of its answer.
    pub(crate) fn asked(&self, request_id: &str, at: Timestamp) {
        self.own().answered(request_id, at);
    }

    /// When a request of ours was answered; `None` for one of others.
    pub(crate) fn when_asked(&self, request_id: &str) -> Option<Timestamp> {
        self.own().when(request_id)
    }

    fn own(&self) -> MutexGuard<'_, OwnRequests> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in the queue, given up when dropped.
struct Place<'a> {
    governor: &'a Governor,
    number: u64,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.governor.state().waiting.remove(&self.number);
    }
}

/// What an answer said was left of the budget.
#[derive(Debug, Clone, Copy)]
struct Left {
    at: Timestamp,
    requests: f64,
    /// From then until the budget is whole again.
    whole_in: Duration,
}

#[derive(Debug)]
struct Waiter {
    priority: Priority,
    feed: Arc<str>,
}

#[derive(Debug)]
struct State {
    share: f64,
    limit: f64,
    tokens: f64,
    refilled_at: Option<Timestamp>,
    left: Option<Left>,
    pause: Option<(Timestamp, Duration)>,
    waiting: BTreeMap<u64, Waiter>,
    next_number: u64,
    /// How much each feed has had at each priority, in a time of its own: see [`State::join`].
    served: HashMap<(Priority, Arc<str>), u64>,
    served_last: u64,
    spent: VecDeque<Timestamp>,
    others: VecDeque<Timestamp>,
    others_told: bool,
}

impl State {
    fn new(share: f64) -> Self {
        Self {
            share: share.clamp(0.001, 1.0),
            limit: REQUESTS_PER_MINUTE,
            tokens: BURST,
            refilled_at: None,
            left: None,
            pause: None,
            waiting: BTreeMap::new(),
            next_number: 0,
            served: HashMap::new(),
            served_last: 0,
            spent: VecDeque::new(),
            others: VecDeque::new(),
            others_told: false,
        }
    }

    /// A place in the queue. A feed that was away has no claim to what it did not ask for meanwhile.
    fn join(&mut self, feed: &str, priority: Priority) -> u64 {
        let feed: Arc<str> = Arc::from(feed);
        if !self.waiting.values().any(|waiter| waiter.priority == priority && waiter.feed == feed) {
            let served = self.served.entry((priority, Arc::clone(&feed))).or_default();
            *served = (*served).max(self.served_last);
        }
        self.next_number += 1;
        self.waiting.insert(self.next_number, Waiter { priority, feed });
        self.next_number
    }

    /// `None`: the permit is given. Otherwise how long to wait before asking again.
    fn ask(&mut self, number: u64, now: Timestamp) -> Option<Duration> {
        self.refill(now);
        if let Some(wait) = self.paused(now) {
            return Some(wait);
        }
        let before = self.waiters_before(number);
        let waiter = self.waiting.get(&number)?;
        let (priority, feed) = (waiter.priority, Arc::clone(&waiter.feed));
        let reserve = if priority == Priority::Live { 0.0 } else { LIVE_RESERVE };
        let missing = 1.0 + reserve + before as f64 - self.tokens;
        let until_token = missing.max(0.0) / self.rate();
        let wait = until_token.max(self.until_room_for_others(priority, now));
        if before == 0 && wait <= 0.0 {
            self.grant(number, priority, feed, now);
            return None;
        }
        // Never zero, or a waiter that is not first would ask again and again.
        Some(Duration::from_secs_f64(wait.clamp(0.001, 3_600.0)))
    }

    fn grant(&mut self, number: u64, priority: Priority, feed: Arc<str>, now: Timestamp) {
        self.waiting.remove(&number);
        self.tokens -= 1.0;
        if let Some(left) = &mut self.left {
            left.requests -= 1.0;
        }
        let served = self.served.entry((priority, feed)).or_default();
        *served += 1;
        self.served_last = *served;
        self.spent.push_back(now);
        forget(&mut self.spent, now, MINUTE);
    }

    fn waiters_before(&self, number: u64) -> usize {
        let rank = |(number, waiter): (&u64, &Waiter)| {
            let served = self.served.get(&(waiter.priority, Arc::clone(&waiter.feed)));
            (waiter.priority, served.copied().unwrap_or_default(), *number)
        };
        let Some(own) = self.waiting.get_key_value(&number).map(rank) else { return 0 };
        self.waiting.iter().filter(|waiter| rank(*waiter) < own).count()
    }

    /// Requests a second.
    fn rate(&self) -> f64 {
        self.share * self.limit / 60.0
    }

    fn refill(&mut self, now: Timestamp) {
        let elapsed = self.refilled_at.map_or(0.0, |then| now.duration_since(then).as_secs_f64().max(0.0));
        self.tokens = (self.tokens + elapsed * self.rate()).min(BURST.max(self.rate()));
        self.refilled_at = Some(now);
    }

    fn paused(&mut self, now: Timestamp) -> Option<Duration> {
        let (since, length) = self.pause?;
        let elapsed = now.duration_since(since);
        // A clock that was set back must not make the wait longer.
        let over = elapsed.is_negative() || elapsed >= signed(length);
        if over {
            self.pause = None;
            return None;
        }
        Some(length.saturating_sub(Duration::try_from(elapsed).unwrap_or_default()))
    }

    fn pause(&mut self, now: Timestamp, length: Duration) {
        let length = length.min(LONGEST_PAUSE);
        if self.paused(now).is_none_or(|left| left < length) {
            self.pause = Some((now, length));
        }
    }

    fn answered(&mut self, now: Timestamp, server_time: Option<Timestamp>, told: RateLimit) {
        if let Some(limit) = told.limit.filter(|limit| *limit > 0) {
            self.limit = f64::from(limit);
        }
        let Some(remaining) = told.remaining else { return };
        let reset = told.reset.map(|reset| reset.duration_since(server_time.unwrap_or(now)));
        let whole_in = reset.and_then(|reset| Duration::try_from(reset).ok()).unwrap_or(MINUTE).min(MINUTE);
        self.left = Some(Left { at: now, requests: f64::from(remaining), whole_in });
    }

    /// What is left of the parent's budget, as far as it is known.
    fn left_at(&self, now: Timestamp) -> Option<f64> {
        let left = self.left?;
        let elapsed = now.duration_since(left.at);
        if elapsed.is_negative() || elapsed >= signed(left.whole_in) {
            return None;
        }
        Some((left.requests + elapsed.as_secs_f64() * self.limit / 60.0).min(self.limit))
    }

    /// Seconds until a request of this priority leaves enough to others: the live tail takes the last one, reconciliation leaves a
    /// twentieth of the limit, backfill a tenth.
    fn until_room_for_others(&self, priority: Priority, now: Timestamp) -> f64 {
        let needed = match priority {
            Priority::Live => 1.0,
            Priority::Reconcile => (self.limit / 20.0).max(1.0),
            Priority::Backfill => (self.limit / 10.0).max(1.0),
        };
        let Some(left) = self.left_at(now) else { return 0.0 };
        (needed - left).max(0.0) / (self.limit / 60.0)
    }

    fn spending(&mut self, now: Timestamp) -> Spending {
        forget(&mut self.spent, now, MINUTE);
        forget(&mut self.others, now, OTHERS_SPAN);
        let ours = self.spent.len() as u32;
        let counted = (self.others.len() as u64 * 60 / OTHERS_SPAN.as_secs()) as u32;
        let estimated = self.left_at(now).map(|left| (self.limit - left - f64::from(ours)).max(0.0) as u32);
        Spending {
            limit_per_minute: self.limit as u32,
            share: self.share,
            ours_per_minute: ours,
            others_per_minute: if self.others_told { Some(counted) } else { estimated },
            others_counted: self.others_told,
            paused: self.paused(now).unwrap_or_default(),
        }
    }
}

/// Drops what is older than `span`, or from a future that a clock set back has made.
fn forget(moments: &mut VecDeque<Timestamp>, now: Timestamp, span: Duration) {
    let within = |moment: &Timestamp| {
        let age = now.duration_since(*moment);
        age > -signed(span) && age < signed(span)
    };
    moments.retain(within);
}

fn signed(duration: Duration) -> jiff::SignedDuration {
    jiff::SignedDuration::try_from(duration).unwrap_or(jiff::SignedDuration::MAX)
}

#[cfg(test)]
mod tests;

//! From what is covered, and the time, to the next window to ask for and what its drain proves. Pure: no I/O, no clock.
//!
//! A trail begins at its *start* and is covered without a gap up to its *frontier*. Two more moments matter:
//!
//! ```text
//!   start              ripe        frontier       now − settle         now
//!     ├───────────────────┼─────────────┼───────────────┼────────────────┤
//!       asked when it was  covered, but   next to cover    asked as well,
//!       old: final         asked again                     not yet claimed
//! ```
//!
//! - A moment is **settled** when it is at least `settle` old: rows can be queried by then, says the vendor. Only settled
//!   moments are ever claimed; what is younger is asked for, and stored, but not claimed.
//! - A moment is **ripe** when a drain that began `settle + overlap` or more after it has covered it. Until then every
//!   window asks for it again, so a row that became visible up to `settle + overlap` late is found. In the live tail that is
//!   the window `[frontier − overlap, now)`; in a catch-up of last month's rows everything is ripe at once and no row is asked
//!   for twice.
//!
//! Guarantees, each held by a property test:
//!
//! - the claims grow from the start without a gap, and a gap that the ledger brought along is filled, oldest first;
//! - nothing is claimed that was not asked for, and nothing that had not settled by two witnesses of the time ([`Witness`]);
//! - everything claimed is asked for again until it is ripe;
//! - a window that does not reach to now always moves the frontier, so a catch-up ends.
//!
//! Time is read in whole microseconds, the feed's own precision, so no bound is rounded on its way to the API and back.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ledger::{Coverage, Interval};

/// How far back a clock that was set back may move the windows, when the server never tells its time. Far enough for a wrong
/// time zone; bounded, so that a clock that fell back to 1970 does not ask for six years at every poll.
pub const MAX_REWIND: Duration = Duration::from_hours(24);

/// Pages in one catch-up window above which the next is made shorter. A window is claimed when its last page is stored, so this is
/// about how much is asked for again after a kill: 8 pages of 5,000 rows are some 20 seconds of work.
pub const PAGES_PER_WINDOW: u32 = 8;

/// By how much a catch-up window grows after one that held a single page, and shrinks at most after a crowded one.
const CHUNK_STEP: u32 = 4;

/// Bounds of a catch-up window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkLimits {
    /// The first window of a catch-up.
    pub initial: Duration,
    /// Windows never get shorter: one minute of the busiest feed that the API can serve (50,000 rows a second) would be 600
    /// pages, which is long but ends.
    pub least: Duration,
    /// Windows never get longer, so that six empty years are some 75 requests and a sudden crowd is not one endless window.
    pub most: Duration,
}

impl Default for ChunkLimits {
    /// An hour at first, between a minute and thirty days.
    fn default() -> Self {
        Self {
            initial: Duration::from_hours(1),
            least: Duration::from_mins(1),
            most: Duration::from_hours(30 * 24),
        }
    }
}

impl ChunkLimits {
    /// The next catch-up window's length after one of `chunk` that took `pages` pages.
    pub fn adapt(&self, chunk: Duration, pages: u32) -> Duration {
        let next = match pages {
            0 | 1 => chunk.saturating_mul(CHUNK_STEP),
            _ if pages <= PAGES_PER_WINDOW / 2 => chunk.saturating_mul(2),
            _ if pages <= PAGES_PER_WINDOW => chunk,
            _ => (chunk / pages.min(PAGES_PER_WINDOW * CHUNK_STEP)) * PAGES_PER_WINDOW,
        };
        next.clamp(self.least, self.most.max(self.least))
    }
}

/// How long rows may take to become visible, as windows allow for it. A value, not a constant, because the overlap may follow
/// the lag that is observed: pass another one at the next call and the windows follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// How old a moment must be before it is claimed.
    pub settle: Duration,
    /// How much longer it is asked for again.
    pub overlap: Duration,
}

/// The time when a window is planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clocks {
    /// The local clock.
    pub local: Timestamp,
    /// The server's clock as estimated from its last answer; `None` before the first, or if it tells no time.
    pub server: Option<Timestamp>,
}

impl Clocks {
    fn latest(&self) -> Timestamp {
        self.server.map_or(self.local, |server| server.max(self.local))
    }

    pub(crate) fn earliest(&self) -> Timestamp {
        self.server.map_or(self.local, |server| server.min(self.local))
    }

    /// The better of the two: the rows are stamped by the server's.
    pub(crate) fn better(&self) -> Timestamp {
        self.server.unwrap_or(self.local)
    }
}

/// What a finished drain knows of the time at which it began.
///
/// A moment is taken to have passed only if two witnesses say so: the server's clock, and either the local clock or a row. An
/// hour's error of the local clock in either direction then neither claims time that has not happened nor holds coverage back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Witness {
    /// The local clock just before the first request.
    pub local: Timestamp,
    /// The server's clock in the answer to the first request, if it told.
    pub server: Option<Timestamp>,
    /// The newest `created_at` that the drain returned.
    pub newest_row: Option<Timestamp>,
}

impl Witness {
    /// The latest moment that had surely passed when the drain began.
    pub fn passed(&self) -> Timestamp {
        let Some(server) = self.server else { return self.local };
        let corroborated = self.newest_row.map_or(self.local, |row| row.max(self.local));
        server.min(corroborated)
    }
}

/// A stretch to ask the API for, to its last page: `gte <= created_at < lt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// First instant asked for.
    pub gte: Timestamp,
    /// End, not itself asked for.
    pub lt: Timestamp,
    /// Whether it reaches to now. If not, the next window should follow at once.
    pub live: bool,
}

impl Window {
    /// The stretch that is asked for.
    pub(crate) fn interval(&self) -> Interval {
        Interval { gte: self.gte, lt: self.lt }
    }

    /// What the drain of this window proves: all that was asked for and had settled when the drain began.
    pub fn proves(&self, witness: &Witness, patience: Patience) -> Option<Interval> {
        let lt = self.lt.min(aligned(before(witness.passed(), patience.settle)));
        (self.gte < lt).then_some(Interval { gte: self.gte, lt })
    }
}

/// Where a trail stands, and so what to ask for next.
#[derive(Debug, Clone)]
pub struct Tail {
    start: Timestamp,
    coverage: Coverage,
    ripe_until: Timestamp,
    chunk: Duration,
    limits: ChunkLimits,
}

impl Tail {
    /// Takes up the trail where the ledger says it stands.
    ///
    /// `coverage` is what the ledger holds as proven. The trail begins at the earliest of it and of
    /// `planned_start`; with neither, `initial_lookback` before `now`. How old the evidence of the coverage is, is not known
    /// here, so the last `overlap` of it counts as not yet ripe.
    pub fn resume(
        coverage: Coverage,
        planned_start: Option<Timestamp>,
        now: Timestamp,
        initial_lookback: Duration,
        patience: Patience,
        limits: ChunkLimits,
    ) -> Self {
        let start = match (coverage.earliest(), planned_start) {
            (Some(covered), Some(planned)) => covered.min(planned),
            (Some(moment), None) | (None, Some(moment)) => moment,
            (None, None) => aligned(before(now, initial_lookback)),
        };
        let chunk = limits.initial.clamp(limits.least, limits.most.max(limits.least));
        let mut tail = Self { start, coverage, ripe_until: start, chunk, limits };
        tail.ripe_until = before(tail.covered_until(), patience.overlap).max(start);
        tail
    }

    /// Moves the start of a trail of which nothing is covered yet to `initial_lookback` before now, if that is earlier; `true` if
    /// it moved. Without this, a first start under a clock in the future would wait for that future.
    pub fn anchor(&mut self, clocks: Clocks, initial_lookback: Duration) -> bool {
        let wished = aligned(before(clocks.better(), initial_lookback));
        if !self.coverage.is_empty() || wished >= self.start {
            return false;
        }
        self.start = wished;
        self.ripe_until = wished;
        true
    }

    /// Where the trail begins.
    pub fn start(&self) -> Timestamp {
        self.start
    }

    /// The frontier: end of the gapless coverage from the start; the start itself when that is not covered.
    pub fn covered_until(&self) -> Timestamp {
        self.coverage.interval_at(self.start).map_or(self.start, |covered| covered.lt)
    }

    /// All that is covered.
    pub fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    /// The next window to ask for; `None` when not one microsecond is left to ask for.
    ///
    /// A long stretch is cut into windows of adaptive length, and a window that would reach into the last, unsettled part is
    /// stretched to now instead.
    pub fn next_window(&self, clocks: Clocks, patience: Patience) -> Option<Window> {
        let frontier = self.covered_until();
        let gte = self.ask_from(clocks, patience);
        let next_covered =
            self.coverage.intervals().iter().map(|interval| interval.gte).find(|gte| *gte > frontier);
        let target = after(frontier, self.chunk);
        let target = aligned(next_covered.map_or(target, |covered| covered.min(target)));
        let settled = before(clocks.earliest(), patience.settle);
        let window = if target < settled {
            Window { gte, lt: target, live: false }
        } else {
            Window { gte, lt: aligned(clocks.latest()).max(frontier), live: true }
        };
        (window.gte < window.lt).then_some(window)
    }

    /// Ripe moments are not asked for again, unless the clock says that they cannot have been: it was set back, so what was
    /// claimed under the old time may have been claimed too early.
    fn ask_from(&self, clocks: Clocks, patience: Patience) -> Timestamp {
        let ripe_by_the_clock = before(before(clocks.better(), patience.settle), patience.overlap);
        let least = before(self.ripe_until, MAX_REWIND).max(self.start);
        aligned(self.ripe_until.min(ripe_by_the_clock)).max(least)
    }

    /// Takes note that `window` was drained and that what it proves is durable.
    pub fn advance(&mut self, window: &Window, witness: &Witness, patience: Patience, pages: u32) {
        let proven = window.proves(witness, patience);
        if let Some(interval) = proven {
            self.coverage.insert(interval);
        }
        let ripe_by_the_clock = before(before(witness.passed(), patience.settle), patience.overlap);
        self.ripe_until = aligned(window.lt.min(ripe_by_the_clock)).max(window.gte);
        if proven.is_some_and(|interval| self.covered_until() > interval.lt) {
            // A gap was closed: behind it lies what the ledger brought along, whose evidence is of unknown age.
            self.ripe_until = self.ripe_until.max(before(self.covered_until(), patience.overlap));
        }
        self.chunk = if window.live {
            self.chunk.min(self.limits.initial).max(self.limits.least)
        } else {
            self.limits.adapt(self.chunk, pages)
        };
    }

    /// The overlap has grown, or the evidence is in doubt: ask again from `overlap` before the frontier.
    pub fn doubt(&mut self, patience: Patience) {
        self.ripe_until = self.ripe_until.min(before(self.covered_until(), patience.overlap)).max(self.start);
    }
}

/// Where a new trail begins that looks back by `length`.
pub(crate) fn lookback(clocks: Clocks, length: Duration) -> Timestamp {
    aligned(before(clocks.better(), length))
}

/// `moment − length`, or the beginning of time.
pub(crate) fn before(moment: Timestamp, length: Duration) -> Timestamp {
    SignedDuration::try_from(length)
        .ok()
        .and_then(|length| moment.checked_sub(length).ok())
        .unwrap_or(Timestamp::MIN)
}

/// `moment + length`, or the end of time.
pub(crate) fn after(moment: Timestamp, length: Duration) -> Timestamp {
    SignedDuration::try_from(length)
        .ok()
        .and_then(|length| moment.checked_add(length).ok())
        .unwrap_or(Timestamp::MAX)
}

/// The whole microsecond at or before a moment.
pub(crate) fn aligned(moment: Timestamp) -> Timestamp {
    let microseconds = moment.as_nanosecond().div_euclid(1_000);
    i64::try_from(microseconds)
        .ok()
        .and_then(|whole| Timestamp::from_microsecond(whole).ok())
        .unwrap_or(moment)
}

#[cfg(test)]
mod tests;

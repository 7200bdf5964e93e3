//! The guarantees of the module, tried on random histories: polls at odd times, crowds, kills, clocks that jump.

use proptest::prelude::*;

use super::*;

const SETTLE: Duration = Duration::from_mins(1);
const OVERLAP: Duration = Duration::from_mins(5);
const PATIENCE: Patience = Patience { settle: SETTLE, overlap: OVERLAP };
const LOOKBACK: Duration = Duration::from_hours(24);

/// An arbitrary day, in seconds.
const EPOCH: i64 = 1_790_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(EPOCH + seconds).unwrap()
}

fn interval(gte: i64, lt: i64) -> Interval {
    Interval { gte: at(gte), lt: at(lt) }
}

fn agreeing(now: Timestamp) -> Clocks {
    Clocks { local: now, server: Some(now) }
}

fn witness(now: Timestamp) -> Witness {
    Witness { local: now, server: Some(now), newest_row: None }
}

fn resume(covered: &[Interval], planned_start: Option<Timestamp>, now: Timestamp) -> Tail {
    let mut coverage = Coverage::new();
    for interval in covered {
        coverage.insert(*interval);
    }
    Tail::resume(coverage, planned_start, now, LOOKBACK, PATIENCE, ChunkLimits::default())
}

#[test]
fn a_new_trail_begins_one_lookback_ago_and_grows_its_windows() {
    let mut tail = resume(&[], None, at(0));
    let mut asked = Vec::new();
    loop {
        let window = tail.next_window(agreeing(at(0)), PATIENCE).unwrap();
        asked.push((window.gte.as_second() - EPOCH, window.lt.as_second() - EPOCH, window.live));
        tail.advance(&window, &witness(at(0)), PATIENCE, 1);
        if window.live {
            break;
        }
    }
    // An hour, four hours, sixteen; nothing is asked twice, because all of it was old enough to be final.
    assert_eq!(
        asked,
        [(-86400, -82800, false), (-82800, -68400, false), (-68400, -10800, false), (-10800, 0, true)]
    );
    assert_eq!(tail.coverage().intervals(), [interval(-86400, -60)]);
}

#[test]
fn the_live_tail_asks_from_overlap_before_the_frontier_to_now() {
    let mut tail = resume(&[interval(-86400, -60)], None, at(0));
    for poll in 1..5 {
        let now = at(poll * 60);
        let window = tail.next_window(agreeing(now), PATIENCE).unwrap();
        assert_eq!(window, Window { gte: at(poll * 60 - 60 - 60 - 300), lt: now, live: true });
        assert_eq!(
            window.proves(&witness(now), PATIENCE),
            Some(Interval { gte: window.gte, lt: at(poll * 60 - 60) })
        );
        tail.advance(&window, &witness(now), PATIENCE, 1);
        assert_eq!(tail.covered_until(), at(poll * 60 - 60));
    }
}

#[test]
fn a_planned_start_before_the_coverage_is_a_gap_to_fill_first() {
    let mut tail = resume(&[interval(-7200, -60)], Some(at(-9000)), at(0));
    assert_eq!(tail.start(), at(-9000));
    let window = tail.next_window(agreeing(at(0)), PATIENCE).unwrap();
    assert_eq!(window, Window { gte: at(-9000), lt: at(-7200), live: false });
    tail.advance(&window, &witness(at(0)), PATIENCE, 1);
    assert_eq!(tail.coverage().intervals(), [interval(-9000, -60)]);
    let window = tail.next_window(agreeing(at(0)), PATIENCE).unwrap();
    assert_eq!(window, Window { gte: at(-60 - 300), lt: at(0), live: true });
}

#[test]
fn witnesses_agree_on_what_has_passed() {
    let hour = 3600;
    // (server, newest row, what has passed), in seconds from the local clock
    let table = [
        (None, None, 0),
        (None, Some(hour), 0),
        (Some(-2), None, -2),
        (Some(2), None, 0),
        (Some(-hour), None, -hour),
        (Some(-hour), Some(-hour - 5), -hour),
        (Some(hour), None, 0),
        (Some(hour), Some(hour - 5), hour - 5),
        (Some(hour), Some(10 * hour), hour),
    ];
    for (server, newest_row, passed) in table {
        let witness = Witness { local: at(0), server: server.map(at), newest_row: newest_row.map(at) };
        assert_eq!(witness.passed(), at(passed), "server {server:?}, newest row {newest_row:?}");
    }
}

#[test]
fn a_clock_an_hour_ahead_claims_nothing_that_has_not_happened() {
    let mut tail = resume(&[interval(-86400, -60)], None, at(3600));
    let window = tail.next_window(Clocks { local: at(3600), server: None }, PATIENCE).unwrap();
    assert_eq!(window.lt, at(3600));
    let told = Witness { local: at(3600), server: Some(at(0)), newest_row: None };
    tail.advance(&window, &told, PATIENCE, 1);
    assert_eq!(tail.covered_until(), at(-60));
}

#[test]
fn a_clock_an_hour_behind_still_asks_for_the_newest_rows() {
    let mut tail = resume(&[interval(-86400, -60)], None, at(-3600));
    let clocks = Clocks { local: at(-3600), server: Some(at(0)) };
    let window = tail.next_window(clocks, PATIENCE).unwrap();
    assert_eq!((window.lt, window.live), (at(0), true));
    let told = Witness { local: at(-3600), server: Some(at(0)), newest_row: Some(at(-1)) };
    tail.advance(&window, &told, PATIENCE, 1);
    assert_eq!(tail.covered_until(), at(-60), "the newest row is the second witness");
}

#[test]
fn a_clock_set_back_asks_again_for_what_was_claimed_too_early() {
    // No server time at all: the claim up to 3,540 was made while the local clock was an hour ahead.
    let mut tail = resume(&[interval(-86400, 3540)], None, at(0));
    for now in [0, 60, 1800, 3590] {
        let clocks = Clocks { local: at(now), server: None };
        let window = tail.next_window(clocks, PATIENCE).unwrap();
        assert!(window.gte <= at(now - 360), "asks again for all that is not ripe by the new time");
        assert_eq!(window.lt, at(now.max(3540)));
        tail.advance(&window, &Witness { local: at(now), server: None, newest_row: None }, PATIENCE, 1);
    }
}

#[test]
fn a_clock_that_fell_back_by_years_asks_for_a_day() {
    let tail = resume(&[interval(-86400 * 400, -60)], None, at(0));
    let clocks = Clocks { local: Timestamp::UNIX_EPOCH, server: None };
    let window = tail.next_window(clocks, PATIENCE).unwrap();
    assert_eq!(window, Window { gte: at(-60 - 300 - 86400), lt: at(-60), live: true });
}

#[test]
fn a_trail_that_began_by_a_clock_in_the_future_is_anchored_again() {
    let year = 365 * 86400;
    let mut tail = resume(&[], None, at(year));
    assert!(tail.anchor(agreeing(at(0)), LOOKBACK));
    assert_eq!(tail.start(), at(-86400));
    assert!(!tail.anchor(agreeing(at(60)), LOOKBACK), "it never moves later");
    assert!(tail.next_window(agreeing(at(0)), PATIENCE).is_some());
    // A start that is covered is a fact.
    let mut tail = resume(&[interval(0, 60)], None, at(60));
    assert!(!tail.anchor(agreeing(at(-year)), LOOKBACK));
}

#[test]
fn nothing_to_ask_is_no_window() {
    let none = Patience { settle: Duration::ZERO, overlap: Duration::ZERO };
    let limits = ChunkLimits::default();
    let tail = Tail::resume(Coverage::new(), None, at(0), Duration::ZERO, none, limits);
    assert_eq!(tail.next_window(agreeing(at(0)), none), None);
    assert_eq!(tail.next_window(agreeing(at(1)), none), Some(Window { gte: at(0), lt: at(1), live: true }));
}

#[test]
fn bounds_are_whole_microseconds_within_what_was_meant() {
    let now = Timestamp::from_nanosecond(1_790_000_000_123_456_789).unwrap();
    let tail = resume(&[], None, now);
    assert_eq!(tail.start().as_nanosecond() % 1_000, 0);
    let window = Window { gte: tail.start(), lt: now, live: true };
    let proven = window.proves(&witness(now), PATIENCE).unwrap();
    assert_eq!(proven.lt.as_nanosecond(), 1_789_999_940_123_456_000);
}

#[test]
fn windows_adapt_to_the_crowd() {
    let limits = ChunkLimits::default();
    let hour = Duration::from_hours(1);
    let table =
        [(0, 4.0), (1, 4.0), (2, 2.0), (4, 2.0), (5, 1.0), (8, 1.0), (16, 0.5), (32, 0.25), (100_000, 0.25)];
    for (pages, factor) in table {
        assert_eq!(limits.adapt(hour, pages), hour.mul_f64(factor), "{pages} pages");
    }
    assert_eq!(limits.adapt(limits.most, 1), limits.most);
    assert_eq!(limits.adapt(limits.least, 1_000), limits.least);
}

/// One step of a random history.
#[derive(Debug, Clone)]
struct Step {
    /// Seconds that pass before the poll, in thousandths.
    wait_ms: i64,
    /// Local clock minus true time from here on, in seconds.
    skew: i64,
    /// Pages that the drain takes.
    pages: u32,
    /// The drain is cut off, and the trail taken up again from its coverage.
    killed: bool,
}

fn step(skews: impl Strategy<Value = i64> + 'static) -> impl Strategy<Value = Step> {
    let wait = prop_oneof![6 => 0..120_000_i64, 2 => 0..4_000_000_i64, 1 => 0..200_000_000_i64];
    let pages = prop_oneof![4 => 1..4_u32, 1 => 1..200_u32];
    (wait, skews, pages, prop::bool::weighted(0.15)).prop_map(|(wait_ms, skew, pages, killed)| Step {
        wait_ms,
        skew,
        pages,
        killed,
    })
}

fn skews() -> impl Strategy<Value = i64> {
    prop_oneof![5 => Just(0_i64), 1 => -5_i64..5, 1 => Just(3600_i64), 1 => Just(-3600_i64), 1 => -200_000_i64..200_000]
}

/// A row of the feed: when it happened, and how long after that the API returns it.
#[derive(Debug, Clone, Copy)]
struct Row {
    created_at: Timestamp,
    visible_at: Timestamp,
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let lag = prop_oneof![3 => 0..2_000_i64, 2 => 0..60_000_i64, 1 => 0..360_000_i64];
    let row = (-100_000_000..60_000_000_i64, lag).prop_map(|(created_ms, lag_ms)| {
        let created_at = Timestamp::from_millisecond(EPOCH * 1000 + created_ms).unwrap();
        Row { created_at, visible_at: after(created_at, Duration::from_millis(lag_ms as u64)) }
    });
    prop::collection::vec(row, 0..200)
}

/// The world in which a trail is followed: the true time, what was asked for and when, and what of it was returned.
struct World {
    now: Timestamp,
    skew: i64,
    tells_time: bool,
    rows: Vec<Row>,
    found: Vec<bool>,
    asked: Vec<Interval>,
}

impl World {
    fn new(rows: Vec<Row>, tells_time: bool) -> Self {
        let found = vec![false; rows.len()];
        Self { now: at(0), skew: 0, tells_time, rows, found, asked: Vec::new() }
    }

    fn local(&self) -> Timestamp {
        self.now.checked_add(SignedDuration::from_secs(self.skew)).unwrap()
    }

    fn clocks(&self) -> Clocks {
        Clocks { local: self.local(), server: self.tells_time.then_some(self.now) }
    }

    /// Drains a window at the present moment, as the API would answer it.
    fn drain(&mut self, window: &Window) -> Witness {
        self.asked.push(Interval { gte: window.gte, lt: window.lt });
        let mut newest_row = None;
        for (row, found) in self.rows.iter().zip(&mut self.found) {
            if window.gte <= row.created_at && row.created_at < window.lt && row.visible_at <= self.now {
                *found = true;
                newest_row = newest_row.max(Some(row.created_at));
            }
        }
        Witness { newest_row, local: self.local(), server: self.tells_time.then_some(self.now) }
    }

    fn poll(&mut self, tail: &mut Tail, pages: u32) -> Option<Window> {
        let window = tail.next_window(self.clocks(), PATIENCE)?;
        let witness = self.drain(&window);
        tail.advance(&window, &witness, PATIENCE, pages);
        Some(window)
    }

    fn was_asked(&self, moment: Timestamp) -> bool {
        self.asked.iter().any(|asked| asked.gte <= moment && moment < asked.lt)
    }

    /// Every row from `start` to `until` that the API has come to return by the rules was found.
    fn missed(&self, start: Timestamp, until: Timestamp) -> Vec<Row> {
        let missed = self.rows.iter().zip(&self.found).filter(|(row, found)| {
            !**found && start <= row.created_at && row.created_at < until && row.visible_at <= self.now
        });
        missed.map(|(row, _)| *row).collect()
    }
}

/// Lets time pass and polls to the present with true clocks, as a healthy collector does.
fn settle_down(world: &mut World, tail: &mut Tail) {
    world.skew = 0;
    for _ in 0..8 {
        world.now = after(world.now, Duration::from_secs(61));
        let mut windows = 0;
        while world.poll(tail, 2).is_some_and(|window| !window.live) {
            windows += 1;
            assert!(windows < 1_000, "a catch-up must end");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// With a server that tells the time, whatever the local clock does.
    #[test]
    fn a_trail_is_gapless_honest_and_complete(steps in prop::collection::vec(step(skews()), 1..60), rows in rows()) {
        let mut world = World::new(rows, true);
        let mut tail = resume(&[], None, world.local());
        for step in &steps {
            world.now = after(world.now, Duration::from_millis(step.wait_ms as u64));
            world.skew = step.skew;
            let before_step = tail.coverage().intervals().to_vec();
            let Some(window) = tail.next_window(world.clocks(), PATIENCE) else { continue };
            prop_assert!(window.gte < window.lt);
            prop_assert!(window.gte <= tail.covered_until(), "no instant is jumped over");
            prop_assert!(window.gte >= tail.start());
            let witness = world.drain(&window);
            if step.killed {
                tail = resume(&before_step, (!before_step.is_empty()).then(|| tail.start()), world.now);
                continue;
            }
            if let Some(proven) = window.proves(&witness, PATIENCE) {
                prop_assert!(window.gte <= proven.gte && proven.lt <= window.lt, "claims only what was asked");
                prop_assert!(proven.lt <= before(world.now, SETTLE), "claims only what has settled");
            }
            let frontier = tail.covered_until();
            tail.advance(&window, &witness, PATIENCE, step.pages);
            prop_assert!(tail.coverage().intervals().len() <= 1, "one gapless stretch");
            prop_assert!(tail.coverage().intervals().iter().all(|covered| covered.gte == tail.start()));
            prop_assert!(tail.covered_until() >= frontier, "coverage never shrinks");
            prop_assert!(tail.ripe_until <= tail.covered_until());
            prop_assert!(window.live || witness.passed() < witness.server.unwrap() || tail.covered_until() > frontier);
            // What is ripe is never asked for again, so it must be complete.
            prop_assert!(world.missed(tail.start(), tail.ripe_until).is_empty());
        }
        settle_down(&mut world, &mut tail);
        prop_assert_eq!(tail.covered_until(), before(world.now, SETTLE));
        prop_assert!(world.missed(tail.start(), before(world.now, SETTLE + OVERLAP)).is_empty());
    }

    /// Without the server's time the local clock is all there is: right, or behind, or set back, but never ahead.
    #[test]
    fn without_the_servers_time_a_clock_behind_loses_nothing(
        steps in prop::collection::vec(step(prop_oneof![3 => Just(0_i64), 1 => -20_000_i64..0]), 1..60),
        rows in rows(),
    ) {
        let mut world = World::new(rows, false);
        let mut tail = resume(&[], None, world.local());
        for step in &steps {
            world.now = after(world.now, Duration::from_millis(step.wait_ms as u64));
            world.skew = step.skew;
            world.poll(&mut tail, step.pages);
            if step.killed {
                tail = resume(tail.coverage().intervals(), None, world.local());
            }
            prop_assert!(tail.covered_until() <= before(world.now, SETTLE).max(tail.start()));
        }
        settle_down(&mut world, &mut tail);
        prop_assert!(world.missed(tail.start(), before(world.now, SETTLE + OVERLAP)).is_empty());
    }

    /// Whatever a ledger brings along is filled to one gapless stretch, oldest gap first, and nothing covered long ago is asked again.
    #[test]
    fn gaps_are_filled_oldest_first(
        cuts in prop::collection::btree_set(-100_000_i64..-100, 0..16),
        planned in prop::option::of(-120_000_i64..-100),
        rows in rows(),
        pages in prop_oneof![1..5_u32, 1..300_u32],
    ) {
        let cuts: Vec<i64> = cuts.into_iter().collect();
        let coverage: Vec<Interval> = cuts.chunks_exact(2).map(|pair| interval(pair[0], pair[1])).collect();
        let mut world = World::new(rows, true);
        let mut tail = resume(&coverage, planned.map(at), world.now);
        let covered_before = |moment| coverage.iter().any(|covered| covered.gte <= moment && moment < before(covered.lt, OVERLAP));
        for window in 0.. {
            prop_assert!(window < 10_000, "a catch-up must end");
            let frontier = tail.covered_until();
            let Some(window) = world.poll(&mut tail, pages) else { break };
            prop_assert!(!covered_before(window.gte));
            if window.live {
                break;
            }
            prop_assert!(tail.covered_until() > frontier, "every window short of now moves the frontier");
        }
        let reach = before(world.now, SETTLE);
        prop_assert_eq!(tail.coverage().intervals().first().map_or(reach, |covered| covered.lt), reach);
        prop_assert!(tail.coverage().intervals().len() <= 1);
        for moment in (0..1_000).map(|index| before(reach, Duration::from_secs(index * 120))) {
            let inside = tail.start() <= moment && moment < reach;
            let known = coverage.iter().any(|covered| covered.gte <= moment && moment < covered.lt);
            prop_assert!(!inside || known || world.was_asked(moment), "{} was claimed and never asked for", moment);
        }
    }

    /// An overlap that grows is obeyed at the next window.
    #[test]
    fn a_grown_overlap_is_asked_for(overlap_s in 300..10_000_u64, polls in 1..20_i64) {
        let mut world = World::new(Vec::new(), true);
        let mut tail = resume(&[], None, world.now);
        for _ in 0..polls {
            world.now = after(world.now, Duration::from_mins(1));
            while world.poll(&mut tail, 1).is_some_and(|window| !window.live) {}
        }
        let wider = Patience { overlap: Duration::from_secs(overlap_s), ..PATIENCE };
        tail.doubt(wider);
        let window = tail.next_window(world.clocks(), wider).unwrap();
        prop_assert!(window.gte <= before(tail.covered_until(), wider.overlap));
    }

    #[test]
    fn windows_stay_within_their_bounds(pages in prop::collection::vec(0..100_000_u32, 1..50)) {
        let limits = ChunkLimits::default();
        let mut chunk = limits.initial;
        for pages in pages {
            let next = limits.adapt(chunk, pages);
            prop_assert!(limits.least <= next && next <= limits.most);
            prop_assert!(pages <= PAGES_PER_WINDOW || next <= chunk.max(limits.least), "a crowded window never grows");
            prop_assert!(pages > PAGES_PER_WINDOW || next >= chunk.min(limits.most), "an empty one never shrinks");
            chunk = next;
        }
    }
}

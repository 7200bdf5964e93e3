//! The whole collector, with a real client and a real ledger, against a model of the API in simulated time.
//!
//! A seed decides the rows of the feed, how late they become visible, and what goes wrong and when: every kind of failed
//! request, outages, refused cursors, a spent budget, clocks that jump, a disk that refuses, stops and kills, backfills on request. A
//! judge holds what the ledger kept against what the API held. A seed that fails is printed, and repeated alone by
//! `SEED=7 cargo test -p collector --test simulation`; what it taught becomes a named story. `SEEDS=100000` tries more, from
//! `FIRST_SEED` on: that is `make soak`.

#![allow(
    clippy::unwrap_used,
    reason = "a simulation that cannot be set up has failed, and the line says where"
)]

mod backfill;
mod broken_ledger;
mod clock;
mod healing;
mod judge;
mod lateness;
mod organization;
mod random;
mod server;
mod silence;
mod stage;
mod stories;
mod transparency;

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use feed::ErrorKind;
use jiff::SignedDuration;
use ledger::Interval;

use crate::{
    judge::{judge_completeness, judge_honesty, judge_late_arrivals, judge_spending},
    random::Random,
    server::{Fault, Faults, Habits},
    stage::{Ending, Life, Stage, run},
};

/// Seeds of one test run, each an hour or more of polling.
const SEEDS: u64 = 10_000;

/// Requests a minute that the API answers, where a seed has it count.
const LIMIT: u32 = 120;

/// What may be asked in a minute beyond half of the limit: the burst, and what goes out before the first answer tells the limit.
const BURST: usize = 50;

/// The age of the last pass, and so how late a row may come and still be found.
const LAST_PASS: Duration = Duration::from_mins(15);

fn chosen(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

#[test]
fn nothing_is_missed_nothing_twice_whatever_goes_wrong() {
    let first = chosen("SEED").or(chosen("FIRST_SEED")).unwrap_or(0);
    let count = if chosen("SEED").is_some() { 1 } else { chosen("SEEDS").unwrap_or(SEEDS) };
    let began = std::time::Instant::now();
    let (next, requests) = (AtomicU64::new(first), AtomicU64::new(0));
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count {
                        return;
                    }
                    let told = Told(seed);
                    run(async {
                        requests.fetch_add(trouble(seed).await, Ordering::Relaxed);
                    });
                    std::mem::forget(told);
                }
            });
        }
    });
    let (requests, took) = (requests.into_inner(), began.elapsed());
    println!("{count} seeds from {first}, {requests} requests, 0 violations, {took:.1?}");
}

/// Prints the seed when the test fails under it.
struct Told(u64);

impl Drop for Told {
    fn drop(&mut self) {
        eprintln!("failed with SEED={}", self.0);
    }
}

/// A time of trouble, then peace, then judgement. Returns how many requests it took.
async fn trouble(seed: u64) -> u64 {
    let mut random = Random::new(seed);
    let mut stage = set_up(seed, &mut random);
    let end = stage.clock.true_now() + SignedDuration::from_secs(random.between(600, 2_700));
    let mut life = stage.begin("acme");
    while stage.clock.true_now() < end {
        stage.wait(Duration::from_secs(random.between(1, 360) as u64)).await;
        if life.is_over() {
            stage.end(life, Ending::Kill).await;
            life = stage.begin("acme");
        }
        life = mischief(&mut stage, life, &mut random).await;
    }
    stage.end(life, Ending::Kill).await;
    stage.server.world.lock().unwrap().faults = Faults::default();
    stage.disk.heal();
    stage.clock.set_skew(SignedDuration::ZERO);
    let life = stage.begin("acme");
    let peace = stage.clock.true_now() + SignedDuration::from_mins(3);
    // The last pass comes of age, collects a quarter of it, and is asked; and a wait that a 429 asked for may be under way.
    stage.wait(LAST_PASS + LAST_PASS / 4 + 4 * stage.settings.poll_interval + Duration::from_mins(6)).await;
    stage.end(life, Ending::Stop).await;
    let kept = stage.kept("acme");
    let world = stage.server.world.lock().unwrap();
    judge_honesty(&kept, &world, stage.settings.settle);
    judge_late_arrivals(&kept, &world);
    judge_completeness(&kept, &world, peace);
    if world.limit.is_some() {
        judge_spending(&world, LIMIT as usize / 2 + BURST);
    }
    world.requests
}

fn set_up(seed: u64, random: &mut Random) -> Stage {
    let habits = Habits { tells_time: random.chance(0.75), audits_itself: random.chance(0.5) };
    let mut stage = Stage::new(seed, habits);
    // A page that holds fewer rows than a poll's own requests make would never come to an end.
    let page_sizes: &[u32] = if habits.audits_itself { &[20, 100] } else { &[3, 10, 100] };
    stage.settings.page_size = *random.pick(page_sizes);
    stage.settings.poll_interval = Duration::from_secs(*random.pick(&[60, 120, 300]));
    stage.settings.initial_lookback = Duration::from_secs(random.between(0, 4 * 3_600) as u64);
    stage.settings.settle = Duration::from_secs(30);
    stage.settings.overlap_floor = Duration::from_mins(2);
    stage.settings.overlap_ceiling = Duration::from_mins(5);
    stage.settings.reconcile_after = vec![Duration::from_mins(10), LAST_PASS];
    let rows = random.between(10, 90);
    stage.fill_between(random, rows, (-5 * 3_600, 5_400), LAST_PASS.as_millis() as i64);
    if random.chance(0.3) {
        stage.server.world.lock().unwrap().limit = Some(LIMIT);
        stage.governor = collector::Governor::new(0.5);
    }
    stage
}

/// One thing that goes wrong, or right again.
async fn mischief(stage: &mut Stage, life: Life, random: &mut Random) -> Life {
    match random.between(0, 15) {
        0..=2 => return end_and_begin(stage, life, random).await,
        3 => {
            // A clock ahead that nobody contradicts is believed; behind, it must do no harm.
            let ahead_at_most = if stage.server.world.lock().unwrap().habits.tells_time { 7_200 } else { 0 };
            stage.clock.set_skew(SignedDuration::from_secs(random.between(-7_200, ahead_at_most + 1)));
        }
        4 => {
            let kinds = [ledger::ErrorKind::DiskFull, ledger::ErrorKind::Io, ledger::ErrorKind::Busy];
            stage.disk.fail(*random.pick(&[0.1, 0.9]), *random.pick(&kinds), random.next());
        }
        5 => stage.disk.heal(),
        6..=7 => life.doom(&stage.server, random.between(1, 30) as u64),
        8 => {
            let now = stage.clock.true_now();
            let gte = now - SignedDuration::from_secs(random.between(3_600, 5 * 3_600));
            let lt = gte + SignedDuration::from_secs(random.between(60, 3_500));
            life.want(Interval { gte, lt }, now);
        }
        9 => stage.key.write(&format!("sk-ant-api01-{}", random.next())),
        10 => {
            let now = stage.clock.true_now();
            stage.server.world.lock().unwrap().others_spend(random.between(0, i64::from(LIMIT)) as u32, now);
        }
        _ => stage.server.world.lock().unwrap().faults = faults(random),
    }
    life
}

async fn end_and_begin(stage: &Stage, life: Life, random: &mut Random) -> Life {
    let ending = *random.pick(&[Ending::Kill, Ending::Kill, Ending::Stop]);
    stage.end(life, ending).await;
    if random.chance(0.2) {
        judge_honesty(&stage.kept("acme"), &stage.server.world.lock().unwrap(), stage.settings.settle);
    }
    if random.chance(0.5) {
        stage.wait(Duration::from_secs(random.between(1, 1_800) as u64)).await;
    }
    stage.begin("acme")
}

fn faults(random: &mut Random) -> Faults {
    let quiet = Faults::default();
    match random.between(0, 6) {
        0 => quiet,
        1 => Faults { refused_cursors: 0.3, ..quiet },
        2 => Faults { outage: Some(*random.pick(&Fault::ALL)), ..quiet },
        3 => Faults { share: 0.9, refused_cursors: 0.5, ..quiet },
        4 => Faults { circling: true, ..quiet },
        _ => Faults { share: 0.3, refused_cursors: 0.1, ..quiet },
    }
}

#[test]
fn every_single_fault_heals() {
    for (index, fault) in Fault::ALL.into_iter().enumerate() {
        let told = Told(index as u64);
        run(one_fault(index as u64, fault));
        std::mem::forget(told);
    }
}

/// Half an hour of one fault in the middle of a drain, then peace.
async fn one_fault(seed: u64, fault: Fault) {
    let mut stage = Stage::new(seed, Habits { tells_time: true, audits_itself: true });
    stage.settings.page_size = 10;
    stage.fill(&mut Random::new(seed), 500);
    let life = stage.begin("acme");
    stage.wait(Duration::from_secs(20)).await;
    stage.server.world.lock().unwrap().faults.outage = Some(fault);
    stage.wait(Duration::from_mins(30)).await;
    let status = stage.kept("acme").status;
    let failure = status.last_error.unwrap_or_else(|| panic!("{fault:?} should show in the status"));
    assert!(!failure.message.is_empty() && !failure.hint.is_empty(), "{failure:?}");
    stage.server.world.lock().unwrap().faults.outage = None;
    let peace = stage.clock.true_now();
    stage.wait(Duration::from_mins(30)).await;
    stage.end(life, Ending::Stop).await;
    let kept = stage.kept("acme");
    let world = stage.server.world.lock().unwrap();
    judge_honesty(&kept, &world, stage.settings.settle);
    judge_completeness(&kept, &world, peace);
    assert_eq!(stage.recorder.recoveries(), 1, "{fault:?} is told to be over once");
    let expected = match fault {
        Fault::NoAnswer(ErrorKind::Timeout) => Some("timeout"),
        Fault::Status(403) => Some("scope_missing"),
        Fault::Status(429) => Some("rate_limited"),
        _ => None,
    };
    assert!(expected.is_none_or(|expected| failure.kind == expected), "{failure:?}");
}

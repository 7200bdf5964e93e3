//! The whole collector, with a real client and a real ledger, against a model of the API in simulated time.
//!
//! A seed decides the rows of the feed, how late they become visible, and what goes wrong and when: every kind of failed
//! request, outages of hours, refused cursors, clocks that jump, stops and kills. A judge holds what the ledger kept against
//! what the API held. A seed that fails is printed; `SEED=7 cargo test -p collector --test simulation` repeats it alone,
//! and `SEEDS=1000` tries more.

#![allow(
    clippy::unwrap_used,
    reason = "a simulation that cannot be set up has failed, and the line says where"
)]

mod broken_ledger;
mod clock;
mod judge;
mod organization;
mod random;
mod server;
mod stage;
mod stories;

use std::time::Duration;

use feed::ErrorKind;
use jiff::SignedDuration;

use crate::{
    judge::{judge_completeness, judge_honesty},
    random::Random,
    server::{Fault, Faults, Habits},
    stage::{Ending, Stage, run},
};

/// Seeds of one test run. Each is a day or more of polling and takes well under a second.
const SEEDS: u64 = 24;

#[test]
fn nothing_is_missed_nothing_twice_whatever_goes_wrong() {
    let chosen = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds = match chosen("SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..chosen("SEEDS").unwrap_or(SEEDS),
    };
    for seed in seeds {
        let told = Told(seed);
        let began = std::time::Instant::now();
        run(trouble(seed));
        println!("seed {seed}: {:?}", began.elapsed());
        std::mem::forget(told);
    }
}

/// Prints the seed when the test fails under it.
struct Told(u64);

impl Drop for Told {
    fn drop(&mut self) {
        eprintln!("failed with SEED={}", self.0);
    }
}

/// A day of trouble, then peace, then judgement.
async fn trouble(seed: u64) {
    let mut random = Random::new(seed);
    let habits = Habits { tells_time: random.chance(0.75), audits_itself: random.chance(0.5) };
    let mut stage = Stage::new(seed, habits);
    // A page that holds fewer rows than a poll's own requests make would never come to an end.
    let page_sizes: &[u32] = if habits.audits_itself { &[20, 100] } else { &[1, 3, 10, 100] };
    stage.settings.page_size = *random.pick(page_sizes);
    stage.settings.poll_interval = Duration::from_secs(*random.pick(&[60, 300]));
    let rows = random.between(50, 800);
    stage.fill(&mut random, rows);
    let end = stage.clock.true_now() + SignedDuration::from_hours(random.between(4, 30));
    let mut life = stage.begin("acme");
    while stage.clock.true_now() < end {
        stage.wait(Duration::from_secs(random.between(1, 5_400) as u64)).await;
        match random.between(0, 12) {
            10..=11 => life.doom(&stage.server, random.between(1, 30) as u64),
            _ if life.is_over() => {
                stage.end(life, Ending::Kill).await;
                life = stage.begin("acme");
            }
            0..=2 => {
                let ending = *random.pick(&[Ending::Kill, Ending::Kill, Ending::Stop]);
                stage.end(life, ending).await;
                judge_honesty(
                    &stage.kept("acme"),
                    &stage.server.world.lock().unwrap(),
                    stage.settings.settle,
                );
                if random.chance(0.5) {
                    stage.wait(Duration::from_secs(random.between(1, 7_200) as u64)).await;
                }
                life = stage.begin("acme");
            }
            3 => {
                // A clock ahead that nobody contradicts is believed; behind, it must do no harm.
                let ahead_at_most = if habits.tells_time { 7_200 } else { 0 };
                stage.clock.set_skew(SignedDuration::from_secs(random.between(-7_200, ahead_at_most + 1)));
            }
            4 => {
                let kinds = [ledger::ErrorKind::DiskFull, ledger::ErrorKind::Io, ledger::ErrorKind::Busy];
                stage.disk.fail(*random.pick(&[0.1, 0.9]), *random.pick(&kinds), random.next());
            }
            5 => stage.disk.heal(),
            _ => stage.server.world.lock().unwrap().faults = faults(&mut random),
        }
    }
    stage.end(life, Ending::Kill).await;
    stage.server.world.lock().unwrap().faults = Faults::default();
    stage.disk.heal();
    stage.clock.set_skew(SignedDuration::ZERO);
    let life = stage.begin("acme");
    let peace = stage.clock.true_now();
    stage.wait(stage.settings.settle + stage.settings.overlap_floor + 4 * stage.settings.poll_interval).await;
    stage.wait(Duration::from_hours(1)).await;
    stage.end(life, Ending::Stop).await;
    let kept = stage.kept("acme");
    let world = stage.server.world.lock().unwrap();
    judge_honesty(&kept, &world, stage.settings.settle);
    judge_completeness(&kept, &world, peace + SignedDuration::from_mins(30));
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

//! Stories of the past being filled in: side by side, newest first, beside the live tail, and again after any stop.

use std::time::Duration;

use collector::Event;
use jiff::SignedDuration;
use ledger::Interval;

use crate::{
    judge::{judge_completeness, judge_honesty},
    random::Random,
    server::Habits,
    stage::{Ending, Stage, run},
};

const HOUR: Duration = Duration::from_hours(1);
const PLAIN: Habits = Habits { tells_time: true, audits_itself: false };
const DAY: i64 = 86_400;

#[test]
fn a_requested_backfill_is_fetched_newest_first_and_delays_no_poll() {
    run(async {
        let mut stage = Stage::new(50, PLAIN);
        stage.settings.page_size = 10;
        stage.fill_between(&mut Random::new(50), 6_000, (-30 * DAY, DAY), 2_000);
        let life = stage.begin("acme");
        stage.wait(HOUR).await;
        let now = stage.clock.true_now();
        let wanted = Interval {
            gte: now - SignedDuration::from_hours(28 * 24),
            lt: now - SignedDuration::from_hours(24),
        };
        life.want(wanted, now);
        stage.wait(2 * HOUR).await;
        stage.end(life, Ending::Stop).await;
        let kept = stage.kept("acme");
        let world = stage.server.world.lock().unwrap();
        judge_honesty(&kept, &world, stage.settings.settle);
        judge_completeness(&kept, &world, stage.clock.true_now() - SignedDuration::from_mins(10));
        assert_eq!(kept.status.coverage.len(), 2, "what lies between was not asked for");
        let events = stage.recorder.events();
        let filled = events.iter().filter_map(|(at, event)| match event {
            Event::Polled { lt, live: false, .. } if *at > now && *lt <= wanted.lt => Some(*lt),
            _ => None,
        });
        let filled: Vec<_> = filled.collect();
        assert!(filled.len() > 20, "{} shards", filled.len());
        assert!(filled[0] > *filled.last().unwrap(), "newest first");
        let polls: Vec<_> = events
            .iter()
            .filter_map(|(_, event)| match event {
                Event::Polled { lt, live: true, .. } => Some(*lt),
                _ => None,
            })
            .collect();
        let longest = polls.windows(2).map(|pair| pair[1].duration_since(pair[0])).max().unwrap();
        assert!(longest <= SignedDuration::from_secs(61), "no poll was delayed: {longest:?}");
    });
}

#[test]
fn a_backfill_resumes_after_every_kill() {
    run(async {
        let mut stage = Stage::new(51, PLAIN);
        stage.settings.page_size = 10;
        stage.settings.initial_lookback = 30 * 24 * HOUR;
        stage.fill_between(&mut Random::new(51), 4_000, (-29 * DAY, 0), 2_000);
        let mut random = Random::new(51);
        for _ in 0..30 {
            let life = stage.begin("acme");
            stage.wait(Duration::from_secs(random.between(1, 40) as u64)).await;
            stage.end(life, Ending::Kill).await;
            judge_honesty(&stage.kept("acme"), &stage.server.world.lock().unwrap(), stage.settings.settle);
        }
        let life = stage.begin("acme");
        stage.wait(HOUR).await;
        stage.end(life, Ending::Stop).await;
        let kept = stage.kept("acme");
        let world = stage.server.world.lock().unwrap();
        judge_honesty(&kept, &world, stage.settings.settle);
        judge_completeness(&kept, &world, stage.clock.true_now() - SignedDuration::from_mins(10));
        assert_eq!(kept.entries.len(), 4_000);
        let twice: u64 = kept.pages.iter().map(|page| u64::from(page.duplicates)).sum();
        // A kill every twenty seconds, in the middle of as many shards as are under way.
        assert!(twice < 8_000, "{twice} rows fetched again after 30 kills");
    });
}

#[test]
fn an_outage_is_caught_up_with_beside_the_live_tail() {
    run(async {
        let mut stage = Stage::new(52, PLAIN);
        stage.settings.page_size = 10;
        stage.fill_between(&mut Random::new(52), 3_000, (-3_600, 12 * 3_600), 2_000);
        let life = stage.begin("acme");
        stage.wait(HOUR).await;
        stage.end(life, Ending::Stop).await;
        stage.wait(8 * HOUR).await;
        let life = stage.begin("acme");
        let back = stage.clock.true_now();
        stage.wait(HOUR).await;
        let events = stage.recorder.events();
        let first_live = events.iter().find_map(|(at, event)| match event {
            Event::Polled { live: true, .. } if *at > back => Some(*at),
            _ => None,
        });
        assert!(
            first_live.unwrap().duration_since(back) < SignedDuration::from_mins(1),
            "what happens now is seen first"
        );
        let caught_up =
            events.iter().find(|(at, event)| *at > back && matches!(event, Event::CaughtUp { .. }));
        assert!(caught_up.is_some(), "and the rest is filled in");
        stage.end(life, Ending::Stop).await;
        let kept = stage.kept("acme");
        let world = stage.server.world.lock().unwrap();
        judge_honesty(&kept, &world, stage.settings.settle);
        judge_completeness(&kept, &world, stage.clock.true_now() - SignedDuration::from_mins(10));
        assert_eq!(kept.status.coverage.len(), 1);
    });
}

//! Stories of rows that come late: found by the overlap, by reconciliation, and told as what they are.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::{
    judge::{judge_completeness, judge_honesty, judge_late_arrivals},
    random::Random,
    server::{Habits, Row},
    stage::{Ending, Stage, run},
};

const HOUR: Duration = Duration::from_hours(1);
const PLAIN: Habits = Habits { tells_time: true, audits_itself: false };

fn late_row(created_at: Timestamp, lag: Duration, index: usize) -> Row {
    let visible_at = created_at + SignedDuration::try_from(lag).unwrap();
    Row { created_at, visible_at, id: format!("activity_{index:05}"), json: None }
}

#[test]
fn rows_up_to_72_hours_late_are_all_found_and_the_report_of_them_is_the_apis() {
    run(async {
        let mut stage = Stage::new(40, PLAIN);
        stage.settings.poll_interval = Duration::from_mins(5);
        let (mut random, now) = (Random::new(40), stage.clock.true_now());
        let rows = (0..2_000).map(|index| {
            let created_at = now + SignedDuration::from_secs(random.between(-3_600, 5 * 86_400));
            let lag = match random.between(0, 10) {
                0..=5 => random.between(0, 60),
                6 => random.between(60, 3_600),
                7 => random.between(3_600, 86_400),
                _ => random.between(86_400, 72 * 3_600),
            };
            late_row(created_at, Duration::from_secs(lag as u64), index)
        });
        let rows: Vec<Row> = rows.collect();
        stage.add(rows.clone());
        let life = stage.begin("acme");
        // Five days of rows, the last of them 72 h of weekdays later, and the hour in which that pass collects.
        stage.wait(12 * 24 * HOUR).await;
        stage.end(life, Ending::Stop).await;
        let kept = stage.kept("acme");
        let world = stage.server.world.lock().unwrap();
        judge_honesty(&kept, &world, stage.settings.settle);
        judge_late_arrivals(&kept, &world);
        judge_completeness(&kept, &world, stage.clock.true_now() - SignedDuration::from_mins(10));
        assert_eq!(kept.entries.len(), rows.len(), "all found");
        assert!(kept.late.len() > 600, "{} late arrivals", kept.late.len());
        let eldest = kept.late.iter().map(ledger::LateArrival::lag).max().unwrap();
        assert!(eldest > 71 * HOUR, "{eldest:?}");
    });
}

#[test]
fn an_access_on_a_friday_that_surfaces_two_business_days_later_is_found() {
    run(async {
        let stage = Stage::new(41, PLAIN);
        // 2026-09-21 is a Monday; the access is on the Friday at 20:00 and surfaces on the Tuesday at 20:00: 96 hours.
        let friday: Timestamp = "2026-09-25T20:00:00Z".parse().unwrap();
        stage.add([late_row(friday, 96 * HOUR, 0)]);
        let life = stage.begin("acme");
        stage.wait(11 * 24 * HOUR).await;
        stage.end(life, Ending::Stop).await;
        let kept = stage.kept("acme");
        assert_eq!(kept.entries.len(), 1);
        assert_eq!(kept.late.len(), 1);
    });
}

#[test]
fn the_overlap_rises_with_a_late_row_and_finds_the_next_within_a_poll() {
    run(async {
        let mut stage = Stage::new(42, PLAIN);
        stage.settings.reconcile_after = vec![Duration::from_mins(30)];
        let now = stage.clock.true_now();
        let minutes = |count: u64| Duration::from_mins(count);
        // Twenty minutes late: found by the pass after half an hour, which raises the overlap to 25 minutes or more.
        stage.add([late_row(now + SignedDuration::from_mins(10), minutes(20), 0)]);
        stage.add([late_row(now + SignedDuration::from_mins(60), minutes(20), 1)]);
        let life = stage.begin("acme");
        stage.wait(minutes(50)).await;
        assert_eq!(stage.kept("acme").late.len(), 1, "found when it was asked for again");
        stage.wait(minutes(31)).await;
        let kept = stage.kept("acme");
        let first_seen = kept.late[0].first_seen;
        assert_eq!(kept.late.len(), 2);
        let visible_at = now + SignedDuration::from_mins(80);
        assert!(
            first_seen.duration_since(visible_at) < SignedDuration::from_mins(1),
            "seen {first_seen}, there {visible_at}"
        );
        // A start remembers.
        stage.end(life, Ending::Kill).await;
        stage.add([late_row(now + SignedDuration::from_mins(90), minutes(20), 2)]);
        let life = stage.begin("acme");
        stage.wait(minutes(31)).await;
        assert_eq!(stage.kept("acme").late.len(), 3);
        stage.end(life, Ending::Stop).await;
    });
}

#[test]
fn reconciliation_goes_on_after_a_stop_where_it_was() {
    run(async {
        let stage = Stage::new(43, PLAIN);
        let now = stage.clock.true_now();
        stage.add([late_row(now + SignedDuration::from_mins(30), 30 * HOUR, 0)]);
        let life = stage.begin("acme");
        stage.wait(3 * HOUR).await;
        stage.end(life, Ending::Stop).await;
        let before = stage.server.world.lock().unwrap().requests;
        // The passes after a day and after three come of age while nothing runs.
        stage.wait(6 * 24 * HOUR).await;
        let life = stage.begin("acme");
        stage.wait(HOUR).await;
        stage.end(life, Ending::Stop).await;
        let kept = stage.kept("acme");
        let asked = stage.server.world.lock().unwrap().requests - before;
        assert_eq!((kept.entries.len(), kept.late.len()), (1, 1));
        assert!(asked < 120, "what fell behind is asked in long windows: {asked} requests");
    });
}

//! Named stories: one trouble each, told so that a failure says what broke.

use std::{sync::Arc, time::Duration};

use collector::Event;
use feed::ErrorKind;
use jiff::{SignedDuration, Timestamp};

use crate::{
    judge::{judge_completeness, judge_honesty},
    random::Random,
    server::{Fault, Faults, Habits, ModelServer, Row},
    stage::{Ending, Life, Recorder, Stage, run},
};

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const PLAIN: Habits = Habits { tells_time: true, audits_itself: false };

/// When each poll began and what it covered, by the recorder's account.
fn polls(recorder: &Recorder) -> Vec<(Timestamp, Timestamp)> {
    let events = recorder.events();
    let polls = events.iter().filter_map(|(_, event)| match event {
        Event::Polled { lt, live: true, covered_until, .. } => Some((*lt, *covered_until)),
        _ => None,
    });
    polls.collect()
}

fn failures(recorder: &Recorder) -> Vec<(String, Duration)> {
    let events = recorder.events();
    let failures = events.iter().filter_map(|(_, event)| match event {
        Event::Failed { kind, next_attempt_in, .. } => Some((kind.clone(), *next_attempt_in)),
        _ => None,
    });
    failures.collect()
}

fn row(created_at: Timestamp, index: usize) -> Row {
    Row { created_at, visible_at: created_at, id: format!("activity_{index:05}"), json: None }
}

/// Ends the life and judges everything up to `until`.
async fn judge(stage: &Stage, life: Life, until: Timestamp) {
    stage.end(life, Ending::Stop).await;
    let kept = stage.kept("acme");
    let world = stage.server.world.lock().unwrap();
    judge_honesty(&kept, &world, stage.settings.settle);
    judge_completeness(&kept, &world, until);
}

#[test]
fn a_week_of_polls_keeps_its_minute() {
    run(async {
        let stage = Stage::new(1, PLAIN);
        stage.add((0..7 * 24).map(|hour| {
            let created_at = stage.clock.true_now() + SignedDuration::from_mins(60 * hour + 7);
            row(created_at, hour as usize)
        }));
        let life = stage.begin("acme");
        stage.wait(7 * 24 * HOUR).await;
        let until = stage.clock.true_now() - SignedDuration::from_mins(10);
        judge(&stage, life, until).await;
        let polls = polls(&stage.recorder);
        assert!((10_078..=10_080).contains(&polls.len()), "{} polls", polls.len());
        for pair in polls.windows(2) {
            assert_eq!(
                pair[1].0.duration_since(pair[0].0),
                SignedDuration::from_mins(1),
                "from the start of one to the start of the next"
            );
            assert!(pair[1].1 > pair[0].1, "coverage grows with every poll");
        }
        let requests = stage.server.world.lock().unwrap().requests;
        let beside = requests as usize - polls.len();
        // Per day: the pass after ten minutes asks every 2.5 minutes, that after an hour every 15, the others every hour.
        assert!(beside < 7 * (576 + 96 + 24 + 24), "{beside} requests for the lookback and to ask again");
    });
}

#[test]
fn a_stop_in_the_middle_of_a_drain_keeps_what_was_stored_and_claims_nothing_of_it() {
    run(async {
        let mut stage = Stage::new(2, PLAIN);
        stage.settings.page_size = 10;
        let start = stage.clock.true_now() - SignedDuration::from_hours(6);
        stage.add((0..1_000).map(|second| row(start + SignedDuration::from_secs(second), second as usize)));
        let life = stage.begin("acme");
        stage.wait(Duration::from_secs(30)).await;
        stage.end(life, Ending::Stop).await;
        let kept = stage.kept("acme");
        let stored = kept.entries.len();
        assert!((100..900).contains(&stored), "{stored} rows");
        judge_honesty(&kept, &stage.server.world.lock().unwrap(), stage.settings.settle);
        assert!(!kept.status.gaps.is_empty(), "what was not drained is no coverage");
        assert_eq!(kept.status.planned_start, Some(start));
        let life = stage.begin("acme");
        stage.wait(HOUR).await;
        let until = stage.clock.true_now() - SignedDuration::from_mins(10);
        judge(&stage, life, until).await;
        assert_eq!(stage.kept("acme").entries.len(), 1_000);
    });
}

#[test]
fn a_wrong_key_heals_within_one_poll_of_being_right() {
    run(async {
        let stage = Stage::new(3, PLAIN);
        stage.server.world.lock().unwrap().faults.outage = Some(Fault::Status(401));
        let life = stage.begin("acme");
        stage.wait(HOUR).await;
        let told = failures(&stage.recorder);
        assert!((59..=61).contains(&told.len()), "{} attempts in an hour", told.len());
        assert!(told.iter().all(|(kind, wait)| kind == "key_invalid" && *wait == MINUTE));
        let status = stage.kept("acme").status;
        assert_eq!(status.coverage, []);
        assert_eq!(status.last_error.unwrap().kind, "key_invalid");
        stage.server.world.lock().unwrap().faults.outage = None;
        stage.wait(MINUTE + Duration::from_secs(30)).await;
        assert_eq!(stage.recorder.recoveries(), 1);
        assert_eq!(stage.kept("acme").status.last_error, None);
        stage.end(life, Ending::Stop).await;
    });
}

#[test]
fn an_outage_is_asked_after_soon_and_then_once_a_poll_interval() {
    run(async {
        let stage = Stage::new(4, PLAIN);
        stage.server.world.lock().unwrap().faults.outage = Some(Fault::NoAnswer(ErrorKind::Connection));
        let life = stage.begin("acme");
        stage.wait(HOUR).await;
        let waits: Vec<u64> = failures(&stage.recorder).iter().map(|(_, wait)| wait.as_secs()).collect();
        assert_eq!(waits[..8], [1, 2, 4, 8, 16, 32, 60, 60]);
        stage.end(life, Ending::Stop).await;
    });
}

#[test]
fn a_crowd_at_one_instant_passes_page_by_page() {
    run(async {
        let mut stage = Stage::new(5, PLAIN);
        stage.settings.page_size = 3;
        let instant = stage.clock.true_now() - SignedDuration::from_hours(1);
        stage.add((0..200).map(|index| row(instant, index)));
        stage.server.world.lock().unwrap().faults.refused_cursors = 0.02;
        let life = stage.begin("acme");
        stage.wait(3 * HOUR).await;
        stage.server.world.lock().unwrap().faults.refused_cursors = 0.0;
        stage.wait(HOUR).await;
        let until = stage.clock.true_now() - SignedDuration::from_mins(10);
        judge(&stage, life, until).await;
        assert_eq!(stage.kept("acme").entries.len(), 200);
        assert!(failures(&stage.recorder).iter().any(|(kind, _)| kind == "cursor_refused"));
    });
}

#[test]
fn cursors_that_are_always_refused_only_slow_the_trail_down() {
    run(async {
        let mut stage = Stage::new(6, PLAIN);
        stage.settings.page_size = 10;
        let start = stage.clock.true_now() - SignedDuration::from_hours(6);
        stage.add((0..500).map(|index| row(start + SignedDuration::from_secs(index * 40), index as usize)));
        stage.server.world.lock().unwrap().faults.refused_cursors = 1.0;
        let life = stage.begin("acme");
        stage.wait(HOUR).await;
        let until = stage.clock.true_now() - SignedDuration::from_mins(10);
        judge(&stage, life, until).await;
        assert_eq!(failures(&stage.recorder), [], "each page is a step forward by time");
    });
}

#[test]
fn a_server_that_goes_in_circles_is_told_of_and_does_not_end_the_trail() {
    run(async {
        let stage = Stage::new(7, PLAIN);
        stage.fill(&mut Random::new(7), 300);
        stage.server.world.lock().unwrap().faults.circling = true;
        let life = stage.begin("acme");
        stage.wait(HOUR).await;
        let told = failures(&stage.recorder);
        assert!(!told.is_empty() && told.len() <= 61, "{} failures in an hour", told.len());
        assert!(told.iter().any(|(kind, _)| kind == "pages_in_a_circle"), "{told:?}");
        let requests = stage.server.world.lock().unwrap().requests;
        assert!(requests < 600, "{requests} requests in an hour");
        stage.server.world.lock().unwrap().faults = Faults::default();
        stage.wait(HOUR).await;
        let until = stage.clock.true_now() - SignedDuration::from_mins(10);
        judge(&stage, life, until).await;
    });
}

#[test]
fn a_clock_that_is_an_hour_wrong_from_the_start_loses_nothing_and_claims_nothing_early() {
    for skew in [SignedDuration::from_hours(1), SignedDuration::from_hours(-1)] {
        run(async {
            let stage = Stage::new(8, Habits { tells_time: true, audits_itself: true });
            stage.fill(&mut Random::new(8), 500);
            stage.clock.set_skew(skew);
            let life = stage.begin("acme");
            stage.wait(3 * HOUR).await;
            let events = stage.recorder.events();
            let told = events.iter().filter(|(_, event)| matches!(event, Event::ClockSkew { .. })).count();
            assert_eq!(told, 1, "a wrong clock is told once");
            for (at, event) in &events {
                if let Event::Polled { covered_until, .. } = event {
                    assert!(
                        *covered_until <= *at - stage.settings.settle,
                        "covered until {covered_until} at {at}"
                    );
                }
            }
            let until = stage.clock.true_now() - SignedDuration::from_mins(10);
            let covered = stage.kept("acme").status.coverage[0].lt;
            assert!(covered > until, "coverage follows the server's time: {covered}");
            judge(&stage, life, until).await;
        });
    }
}

#[test]
fn a_clock_set_back_that_nobody_contradicts_shows_in_rows_from_the_future() {
    run(async {
        let stage = Stage::new(14, Habits { tells_time: false, audits_itself: true });
        let life = stage.begin("acme");
        stage.wait(HOUR).await;
        stage.clock.set_skew(SignedDuration::from_mins(-30));
        stage.wait(HOUR).await;
        stage.clock.set_skew(SignedDuration::ZERO);
        stage.wait(HOUR).await;
        let events = stage.recorder.events();
        let told = events.iter().find_map(|(at, event)| match event {
            Event::FutureRows { rows, newest, .. } => Some((*at, *rows, *newest)),
            _ => None,
        });
        let (at, rows, newest) = told.expect("rows that are newer than the clock are told of");
        assert!(
            rows > 0 && newest <= at && newest > at - SignedDuration::from_mins(10),
            "{rows} rows to {newest} at {at}"
        );
        let until = stage.clock.true_now() - SignedDuration::from_mins(10);
        judge(&stage, life, until).await;
    });
}

#[test]
fn a_first_start_in_a_wrong_year_finds_back_by_itself() {
    run(async {
        let stage = Stage::new(9, PLAIN);
        stage.fill(&mut Random::new(9), 300);
        let start = stage.clock.true_now() - SignedDuration::from_hours(6);
        stage.clock.set_skew(SignedDuration::from_hours(365 * 24));
        let life = stage.begin("acme");
        stage.wait(HOUR).await;
        stage.clock.set_skew(SignedDuration::ZERO);
        stage.wait(HOUR).await;
        let covered = stage.kept("acme").status.coverage[0];
        assert!(covered.gte < start + SignedDuration::from_mins(5), "begins at {}", covered.gte);
        let until = stage.clock.true_now() - SignedDuration::from_mins(10);
        judge(&stage, life, until).await;
    });
}

#[test]
fn odd_rows_are_kept_as_they_came() {
    run(async {
        let stage = Stage::new(10, PLAIN);
        let now = stage.clock.true_now();
        let at = |minutes| now - SignedDuration::from_mins(minutes);
        let odd = [
            r#"{"id":"activity_00001","type":"without_a_time"}"#,
            r#"{"id":"activity_00002","created_at":"yesterday","type":"with_an_odd_time"}"#,
            r#"{"id":"activity_00003","created_at":null,"type":12,"deep":{"a":[1,2,{"b":null}]}}"#,
        ];
        let mut rows: Vec<Row> = (0..5).map(|index| row(at(60 - index as i64), index)).collect();
        for (row, json) in rows[1..4].iter_mut().zip(odd) {
            row.json = Some(json.to_owned());
        }
        stage.add(rows);
        let life = stage.begin("acme");
        stage.wait(HOUR).await;
        stage.end(life, Ending::Stop).await;
        let entries = stage.kept("acme").entries;
        let kept: Vec<&str> = entries.iter().map(|entry| str::from_utf8(&entry.raw).unwrap()).collect();
        assert_eq!(kept[1..4], odd);
        assert_eq!(kept.len(), 5);
        let times: Vec<Timestamp> = entries.iter().map(|entry| entry.created_at).collect();
        assert_eq!(
            times,
            [at(60), at(60), at(60), at(60), at(56)],
            "a row without a time has that of the row before"
        );
    });
}

#[test]
fn another_scope_is_collected_anew_from_where_the_old_one_began() {
    run(async {
        let mut stage = Stage::new(11, PLAIN);
        stage.fill(&mut Random::new(11), 300);
        let life = stage.begin("acme");
        stage.wait(HOUR).await;
        stage.end(life, Ending::Stop).await;
        let before = stage.kept("acme");
        stage.settings.scope = "another".into();
        stage.settings.initial_lookback = Duration::from_mins(10);
        let life = stage.begin("acme");
        stage.wait(HOUR).await;
        let until = stage.clock.true_now() - SignedDuration::from_mins(10);
        judge(&stage, life, until).await;
        let after = stage.kept("acme");
        assert_eq!(after.status.scope, "another");
        assert_eq!(after.status.coverage[0].gte, before.status.coverage[0].gte);
    });
}

#[test]
fn feeds_side_by_side_do_not_wait_for_one_that_fails() {
    run(async {
        let stage = Stage::new(12, PLAIN);
        let names = ["one", "two", "three"];
        let ledger = stage.open();
        let mut lives = Vec::new();
        for (index, name) in names.into_iter().enumerate() {
            let server = ModelServer::new(PLAIN, stage.clock.clone(), index as u64);
            let now = stage.clock.true_now();
            server
                .world
                .lock()
                .unwrap()
                .add((0..100).map(|index| row(now + SignedDuration::from_mins(index - 60), index as usize)));
            if name == "two" {
                server.world.lock().unwrap().faults.outage = Some(Fault::Status(500));
            }
            let recorder = Arc::new(Recorder::new(stage.clock.clone()));
            lives.push((
                name,
                stage.join(name, Arc::clone(&ledger), server.clone(), recorder.clone()),
                server,
                recorder,
            ));
        }
        drop(ledger);
        stage.wait(2 * HOUR).await;
        let (mut servers, mut ended) = (Vec::new(), Vec::new());
        for (name, life, server, recorder) in lives {
            let polls = polls(&recorder);
            if name == "two" {
                assert_eq!(polls, []);
                assert!(failures(&recorder).len() > 60);
            } else {
                assert!(polls.len() >= 119, "{name}: {} polls in two hours", polls.len());
                assert!(
                    polls
                        .windows(2)
                        .all(|pair| pair[1].0.duration_since(pair[0].0) == SignedDuration::from_mins(1)),
                    "{name}"
                );
            }
            servers.push((name, server));
            ended.push(life);
        }
        stage.end_all(ended.into_iter()).await;
        for (name, server) in &servers {
            let kept = stage.kept(name);
            let world = server.world.lock().unwrap();
            judge_honesty(&kept, &world, stage.settings.settle);
            if *name != "two" {
                judge_completeness(&kept, &world, stage.clock.true_now() - SignedDuration::from_mins(10));
                assert_eq!(kept.entries.len(), 100);
            }
        }
    });
}

#[test]
fn settings_that_the_api_refuses_end_the_collector_at_once() {
    run(async {
        let mut stage = Stage::new(13, PLAIN);
        stage.settings.activity_types = vec!["a".into()];
        stage.settings.excluded_activity_types = vec!["b".into()];
        let failure = stage.begin("acme").outcome().await.unwrap_err();
        assert_eq!(failure.kind(), "settings");
        assert!(!failure.hint().is_empty());
        assert_eq!(stage.server.world.lock().unwrap().requests, 0);
    });
}

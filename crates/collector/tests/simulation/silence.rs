//! Stories of silence: each of its causes, told once, with evidence and the next step, and told when it is over.

use std::time::Duration;

use collector::Event;
use feed::ErrorKind;
use jiff::{SignedDuration, Timestamp};
use ledger::Interval;

use crate::{
    server::{Fault, Faults, Habits, Row},
    stage::{Ending, Stage, run},
};

const HOUR: Duration = Duration::from_hours(1);
const MINUTE: Duration = Duration::from_mins(1);
const AUDITED: Habits = Habits { tells_time: true, audits_itself: true };

/// The causes that were told, in order; an empty one says that rows flow again.
fn causes(stage: &Stage) -> Vec<&'static str> {
    let events = stage.recorder.events();
    let told = events.iter().filter_map(|(_, event)| match event {
        Event::Diagnosed { cause, evidence, hint, .. } => {
            assert!(cause.is_none() || !(evidence.is_empty() || hint.is_empty()), "{event:?}");
            Some(cause.unwrap_or_default())
        }
        _ => None,
    });
    told.collect()
}

/// An organization that works: a row every ten minutes.
fn busy(stage: &Stage) {
    let now = stage.clock.true_now();
    stage.add((-20..200).map(|index| {
        let created_at = now + SignedDuration::from_mins(10 * index);
        Row { created_at, visible_at: created_at, id: format!("activity_{index}"), json: None }
    }));
}

fn reported(stage: &Stage) -> serde_json::Value {
    let reader = ledger::Reader::open(&stage.path()).unwrap();
    let feed = reader.feeds().unwrap().remove(0);
    let reports = reader.reports(feed.id).unwrap();
    let diagnosis = reports.iter().find(|report| report.topic == "diagnosis").unwrap();
    serde_json::from_str(&diagnosis.text).unwrap()
}

#[test]
fn a_failure_says_its_cause_within_a_poll_and_when_it_is_over() {
    let table = [
        (Fault::Status(401), "key_refused"),
        (Fault::Status(403), "scope_lost"),
        (Fault::Status(500), "vendor_outage"),
        (Fault::Status(529), "vendor_outage"),
        (Fault::NoAnswer(ErrorKind::Timeout), "network"),
        (Fault::NoAnswer(ErrorKind::Connection), "network"),
        (Fault::Html, "network"),
    ];
    for (fault, expected) in table {
        run(async {
            let stage = Stage::new(70, AUDITED);
            busy(&stage);
            let life = stage.begin("acme");
            stage.wait(HOUR).await;
            assert_eq!(causes(&stage), Vec::<&str>::new(), "rows flow");
            stage.server.world.lock().unwrap().faults.outage = Some(fault);
            stage.wait(MINUTE + Duration::from_secs(10)).await;
            assert_eq!(causes(&stage), [expected], "{fault:?}");
            assert_eq!(reported(&stage)["cause"], expected);
            stage.wait(HOUR).await;
            stage.server.world.lock().unwrap().faults = Faults::default();
            stage.wait(3 * MINUTE).await;
            assert_eq!(causes(&stage), [expected, ""], "told once, and when it was over");
            assert!(reported(&stage).is_null());
            stage.end(life, Ending::Stop).await;
        });
    }
}

#[test]
fn an_organization_at_rest_is_quiet_and_one_that_does_not_record_is_not() {
    run(async {
        let stage = Stage::new(71, AUDITED);
        let life = stage.begin("acme");
        stage.wait(2 * HOUR).await;
        assert_eq!(causes(&stage), ["quiet"], "our own requests come back, and nothing else");
        stage.server.world.lock().unwrap().habits.audits_itself = false;
        stage.wait(HOUR).await;
        assert_eq!(causes(&stage), ["quiet", "recording_off"], "now they do not");
        stage.server.world.lock().unwrap().habits.audits_itself = true;
        let now = stage.clock.true_now();
        stage.add([Row { created_at: now, visible_at: now, id: "activity_back".into(), json: None }]);
        stage.wait(5 * MINUTE).await;
        assert_eq!(causes(&stage), ["quiet", "recording_off", ""]);
        stage.end(life, Ending::Stop).await;
    });
}

/// A row that says that the organization's recording was switched.
fn switch(created_at: Timestamp, on: bool) -> Row {
    let id = format!("activity_setting_{}", created_at.as_second());
    let json = format!(
        r#"{{"id":"{id}","created_at":"{created_at}","type":"org_compliance_api_settings_updated","compliance_api_enabled":true,"compliance_api_logging_enabled":{on}}}"#
    );
    Row { created_at, visible_at: created_at, id, json: Some(json) }
}

#[test]
fn an_old_row_that_says_off_is_not_told_before_what_came_after_it_is_known() {
    for newest_first in [true, false] {
        run(async {
            let stage = Stage::new(75, AUDITED);
            busy(&stage);
            let now = stage.clock.true_now();
            let days = |days: i64| now - SignedDuration::from_hours(24 * days);
            stage.add([switch(days(20), false), switch(days(18), true)]);
            let (older, newer) =
                (Interval { gte: days(21), lt: days(19) }, Interval { gte: days(19), lt: now });
            for wanted in if newest_first { [newer, older] } else { [older, newer] } {
                let life = stage.begin("acme");
                stage.wait(MINUTE).await;
                life.want(wanted, stage.clock.true_now());
                stage.wait(HOUR).await;
                stage.end(life, Ending::Kill).await;
                assert_eq!(causes(&stage), Vec::<&str>::new(), "newest first: {newest_first}");
            }
            let kept = stage.kept("acme");
            let switches = kept.entries.iter().filter(|entry| entry.id.starts_with("activity_setting_"));
            assert_eq!((switches.count(), kept.status.coverage.len()), (2, 1), "all is known in the end");
        });
    }
}

#[test]
fn recording_switched_off_is_told_by_the_row_that_says_so() {
    run(async {
        let stage = Stage::new(72, AUDITED);
        busy(&stage);
        let life = stage.begin("acme");
        stage.wait(HOUR).await;
        for (on, expected) in [(false, &["recording_off"][..]), (true, &["recording_off", ""])] {
            stage.add([switch(stage.clock.true_now(), on)]);
            stage.wait(3 * MINUTE).await;
            assert_eq!(causes(&stage), expected);
        }
        stage.end(life, Ending::Stop).await;
    });
}

#[test]
fn a_budget_that_others_spend_is_told_as_theirs() {
    run(async {
        let mut stage = Stage::new(73, AUDITED);
        stage.server.world.lock().unwrap().limit = Some(60);
        stage.governor = collector::Governor::new(0.5);
        busy(&stage);
        let life = stage.begin("acme");
        stage.wait(HOUR).await;
        for _ in 0..240 {
            let now = stage.clock.true_now();
            stage.server.world.lock().unwrap().others_spend(60, now);
            stage.wait(Duration::from_secs(1)).await;
        }
        assert!(causes(&stage).contains(&"rate_limited_by_others"), "{:?}", causes(&stage));
        stage.wait(5 * MINUTE).await;
        assert_eq!(causes(&stage).last(), Some(&""));
        stage.end(life, Ending::Stop).await;
    });
}

#[test]
fn a_disk_that_refuses_and_a_wrong_clock_are_told_as_such() {
    run(async {
        let stage = Stage::new(74, AUDITED);
        busy(&stage);
        let life = stage.begin("acme");
        stage.wait(HOUR).await;
        stage.disk.fail(1.0, ledger::ErrorKind::DiskFull, 74);
        stage.wait(3 * MINUTE).await;
        assert_eq!(causes(&stage), ["disk"]);
        stage.disk.heal();
        stage.wait(3 * MINUTE).await;
        assert_eq!(causes(&stage), ["disk", ""]);
        stage.clock.set_skew(SignedDuration::from_mins(30));
        stage.wait(5 * MINUTE).await;
        assert_eq!(causes(&stage), ["disk", "", "clock"]);
        stage.clock.set_skew(SignedDuration::ZERO);
        stage.wait(5 * MINUTE).await;
        assert_eq!(causes(&stage), ["disk", "", "clock", ""]);
        stage.end(life, Ending::Stop).await;
    });
}

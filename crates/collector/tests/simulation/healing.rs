//! Stories of what changes under the collector's feet: it plans anew by windows, on record, without a gap and without a hand.

use std::{collections::HashSet, time::Duration};

use collector::Event;
use jiff::SignedDuration;

use crate::{
    judge::{judge_completeness, judge_honesty, judge_late_arrivals},
    random::Random,
    server::{Fault, Habits, Row},
    stage::{Ending, Stage, run},
};

const HOUR: Duration = Duration::from_hours(1);
const PLAIN: Habits = Habits { tells_time: true, audits_itself: false };
const AUDITED: Habits = Habits { tells_time: true, audits_itself: true };

#[test]
fn an_older_copy_of_the_ledger_put_back_is_noticed_and_its_time_is_asked_for_again() {
    run(async {
        let stage = Stage::new(60, AUDITED);
        stage.fill(&mut Random::new(60), 500);
        let life = stage.begin("acme");
        stage.wait(2 * HOUR).await;
        stage.end(life, Ending::Stop).await;
        let older = std::fs::read(stage.path()).unwrap();
        let life = stage.begin("acme");
        stage.wait(3 * HOUR).await;
        stage.end(life, Ending::Stop).await;
        let kept_before = stage.kept("acme").entries.len();
        std::fs::write(stage.path(), older).unwrap();
        let ledger = stage.open();
        assert!(ledger.lock().unwrap().lost_tail().is_some(), "what was lost is on record");
        drop(ledger);
        let life = stage.begin("acme");
        stage.wait(HOUR).await;
        stage.end(life, Ending::Stop).await;
        let kept = stage.kept("acme");
        let world = stage.server.world.lock().unwrap();
        judge_honesty(&kept, &world, stage.settings.settle);
        judge_late_arrivals(&kept, &world);
        judge_completeness(&kept, &world, stage.clock.true_now() - SignedDuration::from_mins(10));
        assert!(
            kept.entries.len() > kept_before,
            "{} rows before, {} after",
            kept_before,
            kept.entries.len()
        );
    });
}

#[test]
fn a_full_disk_holds_the_page_and_heals_by_itself() {
    for kind in [ledger::ErrorKind::DiskFull, ledger::ErrorKind::Io] {
        run(async {
            let stage = Stage::new(62, AUDITED);
            stage.fill(&mut Random::new(62), 400);
            let life = stage.begin("acme");
            stage.wait(HOUR).await;
            stage.disk.fail(1.0, kind, 62);
            let before = stage.server.world.lock().unwrap().requests;
            stage.wait(2 * HOUR).await;
            let asked = stage.server.world.lock().unwrap().requests - before;
            assert!(asked <= 4, "nothing is asked that cannot be kept: {asked} requests");
            stage.disk.heal();
            stage.wait(HOUR).await;
            stage.end(life, Ending::Stop).await;
            let kept = stage.kept("acme");
            let world = stage.server.world.lock().unwrap();
            judge_honesty(&kept, &world, stage.settings.settle);
            judge_completeness(&kept, &world, stage.clock.true_now() - SignedDuration::from_mins(10));
        });
    }
}

/// What the collector told of the parents of its key.
fn parents(stage: &Stage) -> Vec<u32> {
    let number = |event: &Event| match event {
        Event::ParentChanged { number, .. } => Some(*number),
        _ => None,
    };
    stage.recorder.events().iter().filter_map(|(_, event)| number(event)).collect()
}

/// The key that was in use is refused for some minutes, and another is where it was found; with it the API tells of `rows`.
async fn change_key(stage: &Stage, key: &str, rows: Option<Vec<Row>>) -> Vec<Row> {
    stage.key.write(key);
    let before = {
        let mut world = stage.server.world.lock().unwrap();
        world.faults.outage = Some(Fault::Status(401));
        let before = world.rows.clone();
        if let Some(rows) = rows {
            world.rows = rows;
        }
        before
    };
    stage.wait(Duration::from_mins(3)).await;
    stage.server.world.lock().unwrap().faults.outage = None;
    stage.wait(2 * HOUR).await;
    before
}

#[test]
fn a_rotated_key_heals_without_a_restart_and_is_the_same_organizations() {
    run(async {
        let stage = Stage::new(63, PLAIN);
        stage.fill(&mut Random::new(63), 500);
        let life = stage.begin("acme");
        stage.wait(HOUR).await;
        change_key(&stage, "sk-ant-api01-rotated", None).await;
        stage.end(life, Ending::Stop).await;
        let kept = stage.kept("acme");
        let world = stage.server.world.lock().unwrap();
        judge_honesty(&kept, &world, stage.settings.settle);
        judge_completeness(&kept, &world, stage.clock.true_now() - SignedDuration::from_mins(10));
        assert_eq!((parents(&stage), kept.status.scope.as_str()), (vec![], "everything"));
    });
}

#[test]
fn a_key_of_another_parent_is_noticed_and_its_trail_is_another_until_the_first_comes_back() {
    run(async {
        let stage = Stage::new(64, PLAIN);
        stage.fill(&mut Random::new(65), 400);
        let theirs = std::mem::take(&mut stage.server.world.lock().unwrap().rows);
        stage.fill(&mut Random::new(64), 400);
        let life = stage.begin("acme");
        stage.wait(HOUR).await;
        let first = stage.kept("acme").status;
        let changed = stage.clock.true_now();
        let ours = change_key(&stage, "sk-ant-api01-theirs", Some(theirs)).await;
        let kept = stage.kept("acme");
        assert_eq!((parents(&stage), kept.status.scope.as_str()), (vec![2], "everything parent 2"));
        assert_eq!((kept.status.gaps.len(), kept.status.planned_start), (0, first.planned_start));
        {
            let world = stage.server.world.lock().unwrap();
            let until = stage.clock.true_now() - SignedDuration::from_mins(10);
            judge_completeness(&kept, &world, until);
            assert!(world.rows.iter().any(|row| kept.entries.iter().any(|entry| entry.id == row.id)));
        }
        // A start goes on with the same organization, and asks nothing anew.
        stage.end(life, Ending::Kill).await;
        let life = stage.begin("acme");
        stage.wait(HOUR).await;
        assert_eq!((parents(&stage), stage.kept("acme").status.scope), (vec![2], kept.status.scope));

        // The first key is back, and with it what was covered; what is missing since is filled in.
        change_key(&stage, "sk-ant-api01-simulated", Some(ours)).await;
        let back = stage.clock.true_now();
        stage.wait(HOUR).await;
        stage.end(life, Ending::Stop).await;
        let mut kept = stage.kept("acme");
        assert_eq!((parents(&stage), kept.status.scope.as_str()), (vec![2, 1], "everything"));
        let world = stage.server.world.lock().unwrap();
        let ours: HashSet<&str> = world.rows.iter().map(|row| row.id.as_str()).collect();
        kept.entries.retain(|entry| ours.contains(entry.id.as_str()));
        judge_completeness(&kept, &world, back);
        // Nothing that was drained of the other counts for this one.
        kept.pages.retain(|page| page.responded_at < changed || page.responded_at > back);
        judge_honesty(&kept, &world, stage.settings.settle);
    });
}

#[test]
fn an_organization_that_moves_to_another_parent_key_and_all_is_noticed() {
    run(async {
        let stage = Stage::new(66, AUDITED);
        stage.fill(&mut Random::new(66), 300);
        let life = stage.begin("acme");
        stage.wait(HOUR).await;
        stage.server.world.lock().unwrap().rows.clear();
        stage.fill(&mut Random::new(67), 300);
        stage.wait(2 * HOUR).await;
        stage.end(life, Ending::Stop).await;
        let kept = stage.kept("acme");
        assert_eq!((parents(&stage), kept.status.scope.as_str()), (vec![2], "everything parent 2"));
        let world = stage.server.world.lock().unwrap();
        judge_completeness(&kept, &world, stage.clock.true_now() - SignedDuration::from_mins(10));
    });
}

//! Stories of what changes under the collector's feet: it plans anew by windows, on record, without a gap and without a hand.

use std::time::Duration;

use jiff::SignedDuration;

use crate::{
    judge::{judge_completeness, judge_honesty, judge_late_arrivals},
    random::Random,
    server::Habits,
    stage::{Ending, Stage, run},
};

const HOUR: Duration = Duration::from_hours(1);
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

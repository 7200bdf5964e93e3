//! Stories of a ledger that cannot be written, for a while or for good. A second SQLite connection does the mischief.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use collector::{Event, Observer};
use rusqlite::Connection;

use crate::{
    judge::{judge_completeness, judge_honesty},
    random::Random,
    server::{Habits, Row},
    stage::{Ending, Stage, run},
};

const HABITS: Habits = Habits { tells_time: true, audits_itself: true };

/// Holds the ledger's write lock until it is told that a write was refused because of it.
struct Intruder(Mutex<Option<Connection>>);

impl Observer for Intruder {
    fn observe(&self, event: &Event) {
        if matches!(event, Event::Failed { kind, .. } if kind == "ledger_busy") {
            self.0.lock().unwrap().take();
        }
    }
}

#[test]
fn a_ledger_that_is_busy_is_tried_again_with_the_same_page() {
    run(async {
        let stage = Stage::new(1, HABITS);
        stage.fill(&mut Random::new(1), 300);
        let ledger = stage.open();
        let intruder = Arc::new(Intruder(Mutex::new(None)));
        let life = stage.join("acme", Arc::clone(&ledger), stage.server.clone(), intruder.clone());
        drop(ledger);
        stage.wait(Duration::from_mins(10)).await;
        let connection = Connection::open(stage.path()).unwrap();
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        *intruder.0.lock().unwrap() = Some(connection);
        stage.wait(Duration::from_mins(10)).await;
        assert!(intruder.0.lock().unwrap().is_none(), "the lock was in the way, and that was told");
        let until = stage.clock.true_now() - jiff::SignedDuration::from_mins(5);
        stage.end(life, Ending::Stop).await;
        let kept = stage.kept("acme");
        let world = stage.server.world.lock().unwrap();
        judge_honesty(&kept, &world, stage.settings.settle);
        judge_completeness(&kept, &world, until);
        assert_eq!(
            world.requests as usize,
            kept.pages.len(),
            "the page in hand was stored, not asked for again"
        );
    });
}

#[test]
fn a_ledger_that_is_damaged_ends_the_collector_with_the_error() {
    run(async {
        let stage = Stage::new(2, HABITS);
        stage.fill(&mut Random::new(2), 300);
        let life = stage.begin("acme");
        stage.wait(Duration::from_mins(10)).await;
        Connection::open(stage.path()).unwrap().execute_batch("DROP TABLE page").unwrap();
        stage.wait(Duration::from_mins(2)).await;
        assert!(life.is_over());
        let failure = life.outcome().await.unwrap_err();
        assert_eq!(failure.kind(), "ledger");
        assert!(failure.to_string().starts_with("storing a page"), "{failure}");
        assert!(!failure.hint().is_empty());
    });
}

#[test]
fn an_id_that_no_ledger_takes_does_not_keep_its_row_out() {
    run(async {
        let stage = Stage::new(3, Habits { audits_itself: false, ..HABITS });
        let created_at = stage.clock.true_now() - jiff::SignedDuration::from_mins(30);
        let id = "activity_".repeat(500);
        let row = Row { created_at, visible_at: created_at, id, json: None };
        stage.add([row.clone()]);
        let life = stage.begin("acme");
        stage.wait(Duration::from_mins(30)).await;
        stage.end(life, Ending::Stop).await;
        // A start knows it again, as the one row that speaks for the key.
        let life = stage.begin("acme");
        stage.wait(Duration::from_mins(30)).await;
        stage.end(life, Ending::Stop).await;
        let kept = stage.kept("acme");
        assert_eq!(kept.status.scope, "everything", "the key is still the same organization's");
        assert_eq!(kept.entries.len(), 1, "once, however often it is returned");
        assert!(kept.entries[0].id.starts_with("sha256:") && kept.entries[0].id.len() == 7 + 64);
        assert_eq!(kept.entries[0].raw, row.json().into_bytes());
        assert_eq!(kept.status.last_error, None);
    });
}

//! Weeks with a transparency log: a sound one is proven row by row, and every way in which one can break is found and named.

use std::{ops::Range, sync::Arc, time::Duration};

use collector::{FORMER_LOG, TransparencySettings};
use jiff::{SignedDuration, Timestamp};
use ledger::{LogBreak, LogCheck, Reader};
use simulator::{
    ActivitySource, Bucket, FaultPlan, Generated, Organization, Rows, SimulatedKey, Simulator,
    SimulatorOptions, transparency_log_key_fingerprint,
};

use crate::{
    clock::SimulatedClock,
    organization::{InProcess, ServerClock},
    server::Habits,
    stage::{Ending, KEY, Life, Recorder, Stage, run},
};

const DAY: Duration = Duration::from_hours(24);
const ELSEWHERE: &str = "elsewhere";
const ID: &str = "org_01Here";
const UUID: &str = "0a1b2c3d-0000-4000-8000-00000000000a";
const ORIGIN: &str = "axt.anthropic.com/0a1b2c3d-0000-4000-8000-00000000000a";

/// A feed with an access every day at noon of its clock, from two hours before the start on, and an ordinary row beside each.
struct Play {
    stage: Stage,
    transport: InProcess,
}

/// What the ledger knows of the log.
struct Known {
    sizes: Vec<u64>,
    proven: Vec<(u64, u64)>,
    rows: usize,
    waiting: usize,
    breaks: Vec<LogBreak>,
    check: Option<LogCheck>,
}

/// Rows of which those that were recorded in one stretch stand in no log.
struct LoggingOff(Rows, Range<Timestamp>);

impl ActivitySource for LoggingOff {
    fn bucket(&self, at: Timestamp) -> Arc<Bucket> {
        self.0.bucket(at)
    }

    fn history_start(&self) -> Timestamp {
        self.0.history_start()
    }

    fn organizations(&self) -> Vec<Organization> {
        self.0.organizations()
    }

    fn created_at(&self, id: &str) -> Option<Timestamp> {
        self.0.created_at(id)
    }

    fn access_transparency(&self, from: Timestamp, to: Timestamp) -> Vec<Generated> {
        let all = self.0.access_transparency(from, to);
        all.into_iter().filter(|row| !self.1.contains(&row.created_at)).collect()
    }
}

impl Play {
    fn new(plan: &str) -> Self {
        Self::with_logging_off(plan, 0..0)
    }

    /// The same; the rows of these days stand in no log.
    fn with_logging_off(plan: &str, days: Range<i64>) -> Self {
        let mut stage = Stage::new(3, Habits { tells_time: true, audits_itself: true });
        stage.settings.poll_interval = Duration::from_mins(30);
        stage.settings.transparency = Some(TransparencySettings {
            interval: DAY,
            organizations: Vec::new(),
            trusted_keys: vec![transparency_log_key_fingerprint()],
        });
        let start = stage.clock.true_now() - SignedDuration::from_hours(2);
        let rows = (0..20).flat_map(|day| {
            let at = start + SignedDuration::from_hours(24 * day);
            [
                row(day, at, "anthropic_access"),
                row(day, at + SignedDuration::from_mins(1), "claude_chat_created"),
            ]
        });
        let organization = Organization { id: ID.to_owned(), uuid: UUID.to_owned(), name: "Here" };
        let off = |day: i64| start + SignedDuration::from_hours(24 * day);
        let source =
            LoggingOff(Rows::new(rows.collect(), vec![organization]), off(days.start)..off(days.end));
        let mut options = SimulatorOptions::new(source, KEY);
        options.add_parent(ELSEWHERE, Rows::new(Vec::new(), Vec::new()));
        options.fault_plan = FaultPlan::parse(plan).unwrap();
        let clock: SimulatedClock = stage.clock.clone();
        let simulator = Arc::new(Simulator::new(options, Arc::new(ServerClock(clock.clone()))));
        Self { stage, transport: InProcess { simulator, clock } }
    }

    fn begin(&self) -> Life {
        let recorder = Arc::new(Recorder::new(self.stage.clock.clone()));
        self.stage.join("acme", self.stage.open(), self.transport.clone(), recorder)
    }

    fn fault(&self, plan: &str) {
        self.transport.simulator.set_fault_plan(FaultPlan::parse(plan).unwrap());
    }

    /// Reads the ledger, which must hold.
    fn known(&self) -> Known {
        let reader = Reader::open(&self.stage.path()).unwrap();
        assert_eq!(reader.check_chain(&mut |_, _| {}).unwrap().difference, None);
        let feed = reader.feeds().unwrap().remove(0).id;
        let proven = reader.proven_leaves(feed).unwrap();
        let rows = reader.logged_rows(feed).unwrap();
        Known {
            sizes: reader.checkpoints(feed).unwrap().iter().map(|checkpoint| checkpoint.tree_size).collect(),
            proven: proven.iter().map(|leaf| (leaf.leaf_index, leaf.checkpoint)).collect(),
            waiting: rows.iter().filter(|row| row.waits_since.is_some()).count(),
            rows: rows.len(),
            breaks: reader.log_breaks(feed).unwrap(),
            check: reader.log_checks(feed).unwrap().into_iter().find(|check| check.origin == ORIGIN),
        }
    }
}

fn row(day: i64, created_at: Timestamp, activity_type: &'static str) -> Generated {
    let id = format!("activity_{activity_type}_{day:03}");
    let json = format!(
        r#"{{"id":"{id}","created_at":"{created_at}","organization_id":"{ID}","organization_uuid":"{UUID}","actor":{{"type":"anthropic_actor","email_address":null}},"type":"{activity_type}","accessed_at":"{created_at}","accessor_department":"Trust & Safety","reason_code":"safety_review"}}"#
    );
    Generated {
        id,
        created_at,
        activity_type,
        actor_user_id: None,
        organization_id: Some(ID.to_owned()),
        organization_uuid: Some(UUID.to_owned()),
        json: json.into(),
    }
}

#[test]
fn a_sound_log_is_proven_day_by_day_across_stops_and_kills() {
    run(async {
        let play = Play::new("");
        let mut life = play.begin();
        play.stage.wait(Duration::from_mins(10)).await;
        let known = play.known();
        assert_eq!((known.sizes, known.proven, known.rows), (vec![1], vec![(0, 1)], 1), "the first at once");
        for ending in [Ending::Stop, Ending::Kill, Ending::Stop] {
            play.stage.wait(3 * DAY + DAY / 4).await;
            play.stage.end(life, ending).await;
            life = play.begin();
        }
        play.stage.end(life, Ending::Stop).await;
        let known = play.known();
        assert_eq!(known.breaks, []);
        // A restart keeps to the day; the check of a day sees the row of an hour before.
        assert!(known.sizes.is_sorted() && *known.sizes.last().unwrap() >= 9, "{:?}", known.sizes);
        let expected: Vec<u64> = (0..known.proven.len() as u64).collect();
        assert_eq!(known.proven.iter().map(|(index, _)| *index).collect::<Vec<_>>(), expected);
        assert!(known.proven.len() >= 9 && known.sizes.len() <= 12, "{:?} {:?}", known.proven, known.sizes);
        let check = known.check.unwrap();
        assert_eq!((check.failure, check.checked_at), (None, Some(check.tried_at)));
    });
}

#[test]
fn every_break_of_the_log_is_found_and_named() {
    for (plan, kind, about_a_row) in [
        ("kind = \"log_rewritten_leaf\"", "forked", false),
        ("kind = \"log_fork\"", "forked", false),
        ("kind = \"log_wrong_signature\"", "wrong_signature", false),
        ("kind = \"log_unknown_key\"", "unknown_key", false),
        ("kind = \"log_wrong_origin\"", "wrong_origin", false),
        // More than the log grows by meanwhile.
        ("kind = \"log_rollback\"\nleaves = 5", "rolled_back", false),
        ("kind = \"row_without_leaf_index\"", "row_without_leaf", true),
        ("kind = \"not_found\"\npath = \"transparency_log/inclusion\"", "not_included", true),
    ] {
        run(async {
            let play = Play::new("");
            let life = play.begin();
            play.stage.wait(3 * DAY).await;
            let before = play.known();
            assert!(before.breaks.is_empty() && before.proven.len() >= 3, "{plan}");
            play.fault(&format!("[[fault]]\n{plan}"));
            play.stage.wait(3 * DAY).await;
            let broken = play.known();
            let kinds: Vec<&str> = broken.breaks.iter().map(|found| found.told.kind.as_str()).collect();
            assert!(!kinds.is_empty() && kinds.iter().all(|found| *found == kind), "{plan}: {kinds:?}");
            assert!(broken.breaks.iter().all(|found| found.told.sequence.is_some() == about_a_row), "{plan}");
            assert!(
                broken.breaks[0].found_at
                    > before.breaks.first().map_or(Timestamp::MIN, |found| found.found_at)
            );
            assert_eq!(broken.check.unwrap().failure, None, "{plan}: a break is no failure");
            if !about_a_row {
                assert_eq!(
                    (&broken.sizes, &broken.proven),
                    (&before.sizes, &before.proven),
                    "{plan}: nothing is believed"
                );
            }
            play.fault("");
            play.stage.wait(2 * DAY).await;
            play.stage.end(life, Ending::Stop).await;
            let after = play.known();
            assert!(after.breaks.len() >= broken.breaks.len(), "{plan}: a break stays on record");
            assert!(after.proven.len() > broken.proven.len(), "{plan}: what holds again is proven again");
        });
    }
}

#[test]
fn rows_of_a_time_when_nothing_was_logged_are_no_break_and_those_whose_place_is_withheld_are() {
    for (plan, off, expected) in [
        // The log began with the third row.
        ("", 0..2, &[][..]),
        ("", 2..5, &[]),
        // Until now.
        ("", 4..20, &[]),
        // The place of the row of the sixth day is withheld, among others that have none.
        ("kind = \"row_without_leaf_index\"\nfrom = \"132h\"\nto = \"156h\"", 2..5, &["row_without_leaf"]),
    ] {
        run(async {
            let fault = if plan.is_empty() { String::new() } else { format!("[[fault]]\n{plan}") };
            let play = Play::with_logging_off(&fault, off.clone());
            let life = play.begin();
            play.stage.wait(10 * DAY).await;
            play.stage.end(life, Ending::Stop).await;
            let known = play.known();
            let mut kinds: Vec<&str> = known.breaks.iter().map(|found| found.told.kind.as_str()).collect();
            kinds.dedup();
            assert_eq!(kinds, expected, "{off:?} {plan}");
            assert!(known.rows >= 10 && known.proven.len() >= 3, "{} {:?}", known.rows, known.proven);
        });
    }
}

#[test]
fn the_log_of_a_former_parent_is_told_as_former_and_taken_up_when_the_key_comes_back() {
    run(async {
        let play = Play::new("");
        let life = play.begin();
        play.stage.wait(3 * DAY).await;
        let before = play.known();
        assert!(before.proven.len() >= 3 && before.check.unwrap().failure.is_none());
        play.transport.simulator.set_keys(vec![SimulatedKey::new(KEY).of(ELSEWHERE)]);
        play.stage.wait(3 * DAY).await;
        let moved = play.known();
        let check = moved.check.unwrap();
        assert_eq!(check.failure.map(|failure| failure.kind).as_deref(), Some(FORMER_LOG));
        assert_eq!((moved.proven.len(), moved.breaks.len()), (before.proven.len(), 0));
        play.transport.simulator.set_keys(vec![SimulatedKey::new(KEY)]);
        play.stage.wait(3 * DAY).await;
        play.stage.end(life, Ending::Stop).await;
        let back = play.known();
        assert_eq!((back.check.unwrap().failure, back.breaks.len()), (None, 0));
        assert!(back.proven.len() > before.proven.len() + 4, "{:?}", back.proven);
    });
}

#[test]
fn a_row_that_is_another_than_the_log_holds_is_named_from_the_first_check_on() {
    run(async {
        let play = Play::new("[[fault]]\nkind = \"log_rewritten_leaf\"");
        let life = play.begin();
        play.stage.wait(5 * DAY).await;
        play.stage.end(life, Ending::Stop).await;
        let known = play.known();
        let told: Vec<_> =
            known.breaks.iter().map(|found| (found.told.kind.as_str(), found.told.sequence)).collect();
        assert_eq!(told, [("leaf_mismatch", Some(1))], "told once, however often it is found");
        assert!(known.breaks[0].told.evidence.starts_with(ORIGIN), "{:?}", known.breaks[0]);
        let proven: Vec<u64> = known.proven.iter().map(|(index, _)| *index).collect();
        assert_eq!(proven, (1..=proven.len() as u64).collect::<Vec<_>>(), "all but the first");
    });
}

#[test]
fn a_log_that_cannot_be_read_is_a_failure_that_heals_and_its_own_delay_is_waited_out() {
    run(async {
        let play = Play::new("[[fault]]\nkind = \"connection_reset\"\npath = \"transparency_log/\"");
        let life = play.begin();
        play.stage.wait(Duration::from_hours(3)).await;
        let known = play.known();
        let failure = known.check.unwrap().failure.unwrap();
        assert_eq!((failure.kind.as_str(), known.breaks.len(), known.rows), ("connection", 0, 1));
        assert!(
            failure.message.starts_with("reading the transparency log: ") && !failure.hint.is_empty(),
            "{failure:?}"
        );
        play.fault("[[fault]]\nkind = \"not_found\"\npath = \"transparency_log/inclusion\"");
        play.stage.wait(Duration::from_hours(2)).await;
        let known = play.known();
        assert_eq!((known.waiting, known.proven.len(), known.check.unwrap().failure), (1, 0, None));
        play.fault("");
        play.stage.wait(Duration::from_hours(2)).await;
        play.stage.end(life, Ending::Stop).await;
        let known = play.known();
        assert_eq!((known.proven.len(), known.breaks.len()), (1, 0), "asked for again within the hour");
    });
}

//! When a row can be fetched.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use simulator::{ActivitySource, Bucket, FaultPlan, Organization, Rows, SimulatorClock};

use crate::support::{Bench, noon, organizations, refusal, row};

fn a_thousand_at_noon() -> Rows {
    let rows = (0..1000).map(|number| row(&format!("activity_{number}"), 0, "claude_chat_created"));
    Rows::new(rows.collect(), organizations())
}

#[test]
fn rows_appear_one_after_the_other_and_none_disappears() {
    let bench = Bench::with(a_thousand_at_noon(), |options| {
        options.indexing_lag_max = Duration::from_secs(30);
        options.very_late_share = 0.02;
        options.very_late_max = Duration::from_hours(2);
        options.requests_per_minute = 0;
    });
    let mut seen = Vec::new();
    for seconds in [0, 1, 5, 30, 3600, 7199, 7200] {
        bench.clock.set(noon() + Duration::from_secs(seconds));
        let ids = bench.page("order=asc&limit=5000&activity_types[]=claude_chat_created").ids;
        assert!(seen.iter().all(|id| ids.contains(id)), "rows disappeared after {seconds} s");
        seen = ids;
        let shown = seen.len();
        let expected = match seconds {
            0 => 0..=5,
            1 => 900..=950,
            5 => 940..=975,
            30 => 970..=990,
            7200 => 1000..=1000,
            _ => 985..=1000,
        };
        assert!(expected.contains(&shown), "{shown} rows after {seconds} s");
    }
}

#[test]
fn a_row_behind_the_cursor_is_skipped_and_found_by_asking_again() {
    let rows = (0..50).map(|number| row(&format!("activity_{number:02}"), number, "claude_chat_created"));
    let bench = Bench::with(Rows::new(rows.collect(), organizations()), |options| {
        options.indexing_lag_max = Duration::from_secs(30);
        options.indexing_lag_tail_share = 0.5;
    });
    bench.clock.set(noon() + Duration::from_secs(50));
    let first = bench.page("order=asc&limit=5000");
    assert!(first.ids.len() < 50 && !first.has_more);
    bench.clock.advance(Duration::from_mins(1));
    let cursor = crate::support::encode(&first.last_id.expect("a cursor"));
    let own = "&exclude_activity_types[]=compliance_api_accessed";
    let next = bench.page(&format!("order=asc&limit=5000&after_id={cursor}{own}"));
    let again = bench.page(&format!("order=asc&limit=5000{own}"));
    assert_eq!(again.ids.len(), 50);
    assert!(first.ids.len() + next.ids.len() < 50, "nothing came late in this test");
}

#[test]
fn late_rows_are_told_that_one_answer_left_out_and_a_later_one_sent() {
    let bench = Bench::with(a_thousand_at_noon(), |options| {
        options.indexing_lag_max = Duration::from_secs(1);
        options.very_late_share = 0.1;
        options.very_late_min = Duration::from_secs(20);
        options.very_late_max = Duration::from_mins(1);
    });
    let ask = || bench.page("order=asc&limit=5000&activity_types[]=claude_chat_created").ids;
    let told = |age: &str| bench.control(&format!("/simulator/late-rows?age={age}"));
    bench.clock.set(noon() + Duration::from_secs(10));
    let before = ask();
    let late = told("10s");
    assert_eq!(
        (late["left_out"].as_u64(), late["sent"].as_u64()),
        (Some(1000 - before.len() as u64), Some(0))
    );
    assert_eq!(told("11s")["left_out"], 0);
    bench.clock.set(noon() + Duration::from_mins(1));
    // Half an answer tells nothing.
    bench.simulator.set_fault_plan(FaultPlan::parse("[[fault]]\nkind = \"truncated_body\"").expect("a plan"));
    bench.ask("order=asc&limit=5000");
    assert_eq!(told("1s")["sent"], 0);
    bench.simulator.set_fault_plan(FaultPlan::default());
    let after = ask();
    let late = told("10s");
    assert_eq!((after.len(), &late["left_out"], &late["sent"]), (1000, &late["sent"], &late["left_out"]));
    let ids = late["rows"].as_array().expect("a list").iter().map(|row| row["id"].as_str().expect("an id"));
    let expected: Vec<&String> = after.iter().filter(|id| !before.contains(id)).collect();
    assert!(expected.len() > 70, "{} late rows", expected.len());
    assert_eq!(ids.collect::<Vec<_>>(), expected);
}

/// Story 6 in the small.
struct Quiet(Rows);

impl ActivitySource for Quiet {
    fn bucket(&self, at: Timestamp) -> Arc<Bucket> {
        self.0.bucket(at)
    }

    fn history_start(&self) -> Timestamp {
        self.0.history_start()
    }

    fn organizations(&self) -> Vec<Organization> {
        organizations()
    }

    fn created_at(&self, id: &str) -> Option<Timestamp> {
        self.0.created_at(id)
    }

    fn scope_lost(&self, at: Timestamp) -> bool {
        (noon() + Duration::from_mins(1)..noon() + Duration::from_mins(2)).contains(&at)
    }

    fn extra_lag(&self, created_at: Timestamp) -> Duration {
        if created_at == noon() { Duration::from_hours(1) } else { Duration::ZERO }
    }
}

#[test]
fn a_story_takes_the_scope_away_and_holds_rows_back() {
    let rows =
        vec![row("activity_1", 0, "claude_chat_created"), row("activity_2", 10, "claude_chat_created")];
    let bench = Bench::with(Rows::new(Vec::new(), Vec::new()), |options| {
        options.parents.clear();
        options.add_parent("default", Quiet(Rows::new(rows, organizations())));
    });
    let query = "order=asc&activity_types[]=claude_chat_created";
    bench.clock.set(noon() + Duration::from_secs(30));
    assert_eq!(bench.page(query).numbers(), [2]);
    bench.clock.set(noon() + Duration::from_mins(1));
    let (status, _, message) = refusal(&bench.ask(query));
    assert_eq!(
        (status, message.as_str()),
        (403, "Missing required scope. Got: [] Needed: ['read:compliance_activities']")
    );
    bench.clock.set(noon() + Duration::from_mins(2));
    assert_eq!(bench.page(query).numbers(), [2]);
    bench.clock.set(noon() + Duration::from_hours(1));
    assert_eq!(bench.page(query).numbers(), [1, 2]);
}

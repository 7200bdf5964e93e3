//! What is kept beside the rows: late arrivals, own reads, reconciliation, wanted stretches, reports.

use crate::support::{Page, Place, activity, all, at, check, interval, provenance, row};
use ledger::{Coverage, EntryFilter, LagPolicy, NewActivity, OwnRead, PageCommit};
use std::time::Duration;

const TEN_MINUTES: Duration = Duration::from_mins(10);
const DAY: Duration = Duration::from_hours(24);

#[test]
fn late_arrivals_are_listed_with_their_lag() {
    let place = Place::new();
    let mut ledger = place.open();
    let feed = ledger.register_feed("acme", "scope", at(0)).expect("registers");
    Page::of(feed, vec![row("a", 10)]).drained(0, 100).append(&mut ledger).expect("appends");
    let reader = place.reader();
    assert!(reader.late_arrivals(feed, 9).expect("reads").is_empty());
    assert_eq!(reader.late_lag(feed, 0.99).expect("reads"), None);
    let page = Page::of(feed, vec![row("a", 10), row("b", 20), row("c", 150), row("d", 60)]);
    assert_eq!(page.append(&mut ledger).expect("appends").late, 2, "c is outside, a is known");
    let late = reader.late_arrivals(feed, 9).expect("reads");
    let told: Vec<_> = late.iter().map(|late| (late.sequence, late.created_at, late.lag())).collect();
    assert_eq!(
        told,
        [(4, at(60), Duration::from_secs(940)), (2, at(20), Duration::from_secs(980))],
        "newest first"
    );
    assert_eq!(reader.late_arrivals(feed, 1).expect("reads"), late[..1]);
    assert_eq!(reader.late_lag(feed, 0.99).expect("reads"), Some(Duration::from_secs(980)));
    assert_eq!(reader.late_lag(feed, 0.5).expect("reads"), Some(Duration::from_secs(940)));
    assert_eq!(check(&reader), 4);
}

#[test]
fn own_reads_are_kept_for_new_rows_only() {
    let place = Place::new();
    let mut ledger = place.open();
    let feed = ledger.register_feed("acme", "scope", at(0)).expect("registers");
    assert_eq!(place.reader().own_reads(feed).expect("reads"), None);
    let rows = [row("a", 10), row("b", 20), row("c", 30)];
    for own in [&[0, 2][..], &[0, 1, 2]] {
        let activities: Vec<NewActivity<'_>> = rows.iter().map(activity).collect();
        let own_reads: Vec<OwnRead> = own
            .iter()
            .map(|position| OwnRead {
                position: *position,
                lag: Duration::from_secs(u64::from(*position) + 1),
            })
            .collect();
        ledger
            .append(&PageCommit {
                feed,
                provenance: provenance(at(1_000)),
                activities: &activities,
                drained: None,
                drain_started: true,
                drain: None,
                lag: LagPolicy::Skip,
                own_reads: &own_reads,
            })
            .expect("appends");
    }
    let reader = place.reader();
    let own = reader.own_reads(feed).expect("reads").expect("some");
    assert_eq!((own.count, own.last_seen), (2, at(1_000)));
    assert_eq!((own.lag_p50, own.lag_p99), (Duration::from_secs(3), Duration::from_secs(3)));
    let own = |entries: &[ledger::Entry]| entries.iter().map(|entry| entry.own_read).collect::<Vec<_>>();
    assert_eq!(own(&all(&reader)), [true, false, true]);
    assert_eq!(own(&reader.entries(1, 9, &EntryFilter::default()).expect("reads")), [false, true]);
    assert!(reader.find(feed, "c").expect("reads").expect("there").own_read);
}

#[test]
fn what_was_asked_again_is_kept_by_age_and_scope() {
    let place = Place::new();
    let mut ledger = place.open();
    let feed = ledger.register_feed("acme", "one", at(0)).expect("registers");
    for (gte, lt) in [(0, 10), (20, 30), (10, 20)] {
        let asked = [(TEN_MINUTES, interval(gte, lt)), (DAY, interval(gte, gte + 5))];
        ledger.note_reconciled(feed, &asked).expect("notes");
    }
    drop(ledger);
    let mut ledger = place.open();
    let known = ledger.reconciled(feed).expect("reads");
    let expected = |intervals: &[(i64, i64)]| -> Coverage {
        intervals.iter().map(|(gte, lt)| interval(*gte, *lt)).collect()
    };
    assert_eq!(known[&TEN_MINUTES], expected(&[(0, 30)]));
    assert_eq!(known[&DAY], expected(&[(0, 5), (10, 15), (20, 25)]));
    assert_eq!(place.reader().reconciled(feed).expect("reads"), known, "a reader sees the same");
    ledger.forget_reconciled(feed, interval(3, 22)).expect("forgets");
    let known = ledger.reconciled(feed).expect("reads");
    assert_eq!(known[&TEN_MINUTES], expected(&[(0, 3), (22, 30)]));
    assert_eq!(known[&DAY], expected(&[(0, 3), (22, 25)]));
    ledger.register_feed("acme", "two", at(100)).expect("registers");
    assert!(ledger.reconciled(feed).expect("reads").is_empty(), "another scope was never asked again");
}

#[test]
fn a_wanted_stretch_is_a_gap_until_it_is_covered() {
    let place = Place::new();
    let mut ledger = place.open();
    let feed = ledger.register_feed("acme", "scope", at(0)).expect("registers");
    ledger.plan_start(feed, at(1_000)).expect("plans");
    Page::of(feed, vec![]).drained(1_000, 2_000).append(&mut ledger).expect("appends");
    let reader = place.reader();
    let gaps = || -> Vec<_> {
        let gaps = reader.feeds().expect("reads").remove(0).gaps;
        gaps.into_iter().map(|gap| gap.interval).collect()
    };
    assert_eq!(gaps(), []);
    ledger.request_backfill(feed, interval(100, 300), at(5)).expect("requests");
    ledger.request_backfill(feed, interval(150, 300), at(6)).expect("it is wanted already");
    assert_eq!(gaps(), [interval(100, 300)]);
    Page::of(feed, vec![]).drained(200, 400).append(&mut ledger).expect("appends");
    assert_eq!(gaps(), [interval(100, 200)], "what lies between the wish and the trail is no gap");
    assert_eq!(reader.backfills(feed).expect("reads")[0].finished_at, None);
    Page::of(feed, vec![]).drained(100, 200).append(&mut ledger).expect("appends");
    assert_eq!(gaps(), []);
    let backfills = reader.backfills(feed).expect("reads");
    assert_eq!(backfills.len(), 1);
    assert_eq!((backfills[0].interval, backfills[0].requested_at), (interval(100, 300), at(5)));
    assert_eq!(backfills[0].finished_at, Some(at(1_000)), "when its last page was received");
    ledger.request_backfill(feed, interval(1_200, 1_300), at(7)).expect("requests");
    assert_eq!(reader.backfills(feed).expect("reads")[1].finished_at, Some(at(7)), "covered all along");
}

#[test]
fn a_report_replaces_the_one_before() {
    let place = Place::new();
    let mut ledger = place.open();
    let feed = ledger.register_feed("acme", "scope", at(0)).expect("registers");
    ledger.report(feed, "budget", "{}", at(1)).expect("keeps");
    ledger.report(feed, "budget", r#"{"spent":1}"#, at(2)).expect("keeps");
    ledger.report(feed, "another", "{}", at(3)).expect("keeps");
    let reports = place.reader().reports(feed).expect("reads");
    let told: Vec<_> =
        reports.iter().map(|report| (report.topic.as_str(), report.text.as_str(), report.at)).collect();
    assert_eq!(told, [("another", "{}", at(3)), ("budget", r#"{"spent":1}"#, at(2))]);
    assert!(ledger.report(feed, "budget", &"x".repeat(1 << 20), at(4)).is_err());
}

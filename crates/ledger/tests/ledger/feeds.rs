//! Feeds: scopes, planned starts, gaps and their reasons, failures, lag, cursors.

use crate::support::{Page, Place, at, check, interval, row};
use ledger::{ErrorKind, Failure, FeedStatus, LagPolicy, Ledger};
use std::time::Duration;

fn status(ledger: &Ledger) -> FeedStatus {
    ledger.reader().expect("a reader").feeds().expect("reads").remove(0)
}

#[test]
fn a_name_is_one_feed() {
    let place = Place::new();
    let mut ledger = place.open();
    let acme = ledger.register_feed("acme", "scope", at(0)).expect("registers");
    let other = ledger.register_feed("other", "scope", at(0)).expect("registers");
    assert_ne!(acme, other);
    let head = ledger.reader().expect("a reader").chain_head().expect("a head");
    assert_eq!(ledger.register_feed("acme", "scope", at(9)).expect("registers"), acme);
    assert_eq!(ledger.reader().expect("a reader").chain_head().expect("a head"), head, "nothing changed");
    drop(ledger);
    let mut ledger = place.open();
    assert_eq!(ledger.register_feed("other", "scope", at(9)).expect("registers"), other);
    assert!(ledger.register_feed("acme", &"x".repeat(2 << 20), at(0)).is_err());
    let feeds = ledger.reader().expect("a reader").feeds().expect("reads");
    assert_eq!(feeds.iter().map(|feed| feed.name.as_str()).collect::<Vec<_>>(), ["acme", "other"]);
}

#[test]
fn another_scope_starts_its_coverage_afresh_and_the_old_one_comes_back() {
    let place = Place::new();
    let mut ledger = place.open();
    let feed = ledger.register_feed("acme", "one", at(0)).expect("registers");
    ledger.plan_start(feed, at(50)).expect("plans");
    ledger.plan_start(feed, at(70)).expect("an earlier plan stands");
    assert_eq!(status(&ledger).planned_start, Some(at(50)));
    Page::of(feed, vec![row("a", 100)]).drained(40, 200).append(&mut ledger).expect("appends");
    Page::of(feed, vec![row("b", 100)]).append(&mut ledger).expect("appends");

    assert_eq!(ledger.register_feed("acme", "two", at(300)).expect("registers"), feed);
    let now = status(&ledger);
    assert_eq!((now.scope.as_str(), now.activities, now.coverage), ("two", 2, vec![]));
    assert_eq!(now.planned_start, Some(at(40)), "the earliest that was planned or covered");
    let error =
        Page::of(feed, vec![]).continued().append(&mut ledger).expect_err("that drain was of another scope");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let named = Page { drain: Some(2), ..Page::of(feed, vec![]).continued() };
    assert_eq!(named.append(&mut ledger).expect_err("also by name").kind(), ErrorKind::InvalidInput);
    let late =
        Page::of(feed, vec![row("c", 110)]).drained(150, 250).append(&mut ledger).expect("appends").late;
    assert_eq!(late, 0, "the old coverage no longer counts");
    let gaps = status(&ledger).gaps;
    assert_eq!((gaps.len(), gaps[0].interval), (1, interval(40, 150)));
    assert!(gaps[0].reason.contains("filters changed"), "{}", gaps[0].reason);

    let newest = |scope, before: Option<i64>| -> Vec<String> {
        let reader = ledger.reader().expect("a reader");
        let entries = reader.newest_of_scope(feed, scope, 9, before.map(at)).expect("reads");
        entries.into_iter().map(|entry| entry.id).collect()
    };
    assert_eq!((newest("one", None), newest("two", None)), (vec!["b".into(), "a".into()], vec!["c".into()]));
    assert_eq!((newest("one", Some(0)), newest("three", None)), (vec![], vec![]));

    assert_eq!(ledger.register_feed("acme", "one", at(400)).expect("registers"), feed);
    assert_eq!(status(&ledger).coverage, [interval(40, 200)], "its own coverage counts again");
    let scopes = ledger.reader().expect("a reader").scopes(feed).expect("reads");
    let scopes: Vec<_> =
        scopes.into_iter().map(|scope| (scope.text, scope.since, scope.current, scope.coverage)).collect();
    let expected = [
        ("one".to_owned(), at(0), true, vec![interval(40, 200)]),
        ("two".to_owned(), at(300), false, vec![interval(150, 250)]),
    ];
    assert_eq!(scopes, expected);
    assert_eq!(check(&ledger.reader().expect("a reader")), 3);
}

#[test]
fn gaps_lie_between_the_planned_start_and_the_end_and_have_reasons() {
    let place = Place::new();
    let mut ledger = place.open();
    let feed = ledger.register_feed("acme", "scope", at(0)).expect("registers");
    ledger.plan_start(feed, at(0)).expect("plans");
    assert_eq!(status(&ledger).gaps, [], "nothing was drained yet, so nothing has an end");
    let drain = |ledger: &mut Ledger, gte, lt| {
        Page::of(feed, vec![]).drained(gte, lt).append(ledger).expect("appends")
    };
    drain(&mut ledger, 100, 200);
    drain(&mut ledger, 300, 400);
    ledger.note_gap(feed, interval(250, 260), "the key had expired", at(500)).expect("notes");
    ledger.note_gap(feed, interval(240, 270), "the scope was lost", at(501)).expect("notes");
    let gaps = |ledger: &Ledger| -> Vec<_> {
        status(ledger).gaps.into_iter().map(|gap| (gap.interval, gap.reason)).collect()
    };
    let early = (interval(0, 100), "not fetched to its end yet".to_owned());
    assert_eq!(gaps(&ledger), [early.clone(), (interval(200, 300), "the scope was lost".into())]);
    drain(&mut ledger, 230, 280);
    let plain = |gte, lt| (interval(gte, lt), "not fetched to its end yet".to_owned());
    assert_eq!(gaps(&ledger), [early, plain(200, 230), plain(280, 300)], "covered notes are gone");
    drain(&mut ledger, 0, 300);
    assert_eq!(gaps(&ledger), []);
    assert_eq!(status(&ledger).coverage, [interval(0, 400)]);
    let error = ledger.note_gap(feed, interval(5, 5), "", at(0)).expect_err("empty");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[test]
fn the_last_failure_stands_until_the_next_append() {
    let place = Place::new();
    let mut ledger = place.open();
    let feed = ledger.register_feed("acme", "scope", at(0)).expect("registers");
    assert_eq!((status(&ledger).last_error, status(&ledger).last_poll), (None, None));
    let mut failure = Failure {
        at: at(5),
        kind: "key_expired".into(),
        message: "the key has expired".into(),
        hint: "make a new one".into(),
        request_id: None,
    };
    ledger.record_failure(feed, &failure).expect("records");
    failure.request_id = Some("req_1".into());
    ledger.record_failure(feed, &failure).expect("records");
    assert_eq!(status(&ledger).last_error.as_ref(), Some(&failure));
    drop(ledger);
    let mut ledger = place.open();
    assert_eq!(status(&ledger).last_error, Some(failure));
    Page::of(feed, vec![]).append(&mut ledger).expect("appends");
    assert_eq!((status(&ledger).last_error, status(&ledger).last_poll), (None, Some(at(1_000))));
}

#[test]
fn lag_is_that_of_first_seen_live_rows() {
    let place = Place::new();
    let mut ledger = place.open();
    let feed = ledger.register_feed("acme", "scope", at(0)).expect("registers");
    assert_eq!(status(&ledger).lag_p50, None);
    let rows: Vec<_> = (0..100).map(|number| row(&format!("{number}"), 1_000 - number)).collect();
    Page::of(feed, rows.clone()).append(&mut ledger).expect("appends");
    // Known rows say nothing of the lag, and neither does history.
    Page { received: at(9_000), ..Page::of(feed, rows) }.append(&mut ledger).expect("appends");
    Page { lag: LagPolicy::Skip, ..Page::of(feed, vec![row("old", -9_000)]) }
        .append(&mut ledger)
        .expect("appends");
    let now = status(&ledger);
    let close = |found: Option<Duration>, exact: u64| {
        let found = found.expect("there is a lag").as_millis();
        assert!(
            u128::from(exact * 1_000) <= found && found <= u128::from(exact * 1_000 * 17 / 16),
            "{found} for {exact} s"
        );
    };
    close(now.lag_p50, 49);
    close(now.lag_p99, 98);
    let histogram = ledger.reader().expect("a reader").lag(feed).expect("reads");
    assert_eq!(histogram.count(), 100);
    close(histogram.quantile(0.999), 99);
}

#[test]
fn cursors_are_kept_by_name() {
    let place = Place::new();
    let mut ledger = place.open();
    ledger.set_cursor("siem", 10).expect("moves");
    ledger.set_cursor("archive", 20).expect("moves");
    ledger.set_cursor("siem", 5).expect("also back");
    let cursors = place.reader().cursors().expect("reads");
    assert_eq!(cursors, [("archive".to_owned(), 20), ("siem".to_owned(), 5)]);
    assert_eq!(
        ledger.set_cursor("siem", u64::MAX).expect_err("out of range").kind(),
        ErrorKind::InvalidInput
    );
    assert_eq!(
        ledger.set_cursor(&"x".repeat(5_000), 1).expect_err("too long").kind(),
        ErrorKind::InvalidInput
    );
}

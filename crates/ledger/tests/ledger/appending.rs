//! What an append stores, leaves out, counts and refuses.

use crate::support::rows::{IdOrder, Rows};
use crate::support::{Page, Place, activity, all, at, check, interval, provenance, row};
use ledger::{ErrorKind, FeedId, Interval, LagPolicy, NewActivity, PageCommit, Provenance};

#[test]
fn rows_are_kept_byte_for_byte_with_their_provenance() {
    let place = Place::new();
    let mut ledger = place.open();
    let feed = ledger.register_feed("acme", "scope", at(0)).expect("registers");
    let mut odd = row("activity_odd", 5);
    odd.raw = b"{\"id\" : \"activity_odd\",\n \"x\":\"\xc3\xa9\\u0000\"}\r\n\xff\x00".to_vec();
    let mut without = row("sha256:0123", 7);
    without.raw = b"{}".to_vec();
    let mut empty = row("empty", 6);
    empty.raw = Vec::new();
    let rows = vec![row("activity_1", 3), odd, without, empty];
    let appended = Page::of(feed, rows.clone()).drained(0, 10).append(&mut ledger).expect("appends");
    assert_eq!((appended.page, appended.drain, appended.first_sequence), (1, 1, 1));
    assert_eq!((appended.inserted, appended.duplicates, appended.late), (4, 0, 0));
    assert_eq!(appended.new_positions, [0, 1, 2, 3]);

    let reader = ledger.reader().expect("a reader");
    let entries = all(&reader);
    for (entry, (row, sequence)) in entries.iter().zip(rows.iter().zip(1..)) {
        assert_eq!((entry.sequence, entry.feed, entry.page), (sequence, feed, 1));
        assert_eq!((&entry.id, entry.created_at, &entry.raw), (&row.id, row.created_at, &row.raw));
        assert_eq!(entry.first_seen, at(1_000));
    }
    assert_eq!(entries.len(), rows.len());
    let page = reader.page(1).expect("reads").expect("is there");
    let expected = provenance(at(1_000));
    assert_eq!((page.url.as_str(), page.parameters.as_str()), (expected.url, expected.parameters));
    assert_eq!(page.request_id.as_deref(), expected.request_id);
    assert_eq!((page.requested_at, page.responded_at), (expected.requested_at, expected.responded_at));
    assert_eq!((page.status, page.attempts, page.body_bytes), (200, 2, 123_456));
    assert_eq!((page.body_sha256, page.drained), (expected.body_sha256, Some(interval(0, 10))));
    assert_eq!((page.first_sequence, page.inserted, page.link), (1, 4, 3));
    assert_eq!(page.chain_head, reader.chain_head().expect("a head"));
    assert_eq!(reader.page(2).expect("reads"), None);
    assert_eq!(check(&reader), 4);
}

#[test]
fn duplicates_are_left_out_wherever_they_are() {
    let place = Place::new();
    let mut ledger = place.open();
    let acme = ledger.register_feed("acme", "scope", at(0)).expect("registers");
    let other = ledger.register_feed("other", "scope", at(0)).expect("registers");
    let page = |ids: &[&str]| Page::of(acme, ids.iter().map(|id| row(id, 1)).collect());

    let appended = page(&["a", "b", "a", "c", "b"]).append(&mut ledger).expect("appends");
    assert_eq!((appended.new_positions, appended.inserted, appended.duplicates), (vec![0, 1, 3], 3, 2));
    let appended = page(&["c", "d", "a", "e", "d"]).append(&mut ledger).expect("appends");
    assert_eq!((appended.new_positions, appended.first_sequence), (vec![1, 3], 4));
    let appended = page(&["e", "a"]).append(&mut ledger).expect("appends");
    assert_eq!((appended.new_positions, appended.first_sequence, appended.duplicates), (vec![], 0, 2));

    // The same id with another time and other bytes is the same activity; the first one stands.
    let changed = row("a", 999);
    let appended = Page::of(acme, vec![changed]).append(&mut ledger).expect("appends");
    assert_eq!((appended.inserted, appended.duplicates), (0, 1));
    // In another feed it is another activity.
    let appended = Page::of(other, vec![row("a", 1)]).append(&mut ledger).expect("appends");
    assert_eq!((appended.inserted, appended.first_sequence), (1, 6));

    let reader = ledger.reader().expect("a reader");
    let ids: Vec<String> = all(&reader).into_iter().map(|entry| entry.id).collect();
    assert_eq!(ids, ["a", "b", "c", "d", "e", "a"]);
    let found = reader.find(acme, "d").expect("finds").expect("is there");
    assert_eq!((found.sequence, found.raw), (4, row("d", 1).raw));
    assert_eq!(reader.find(other, "a").expect("finds").map(|entry| entry.sequence), Some(6));
    assert_eq!(reader.find(other, "d").expect("finds"), None);
    assert_eq!(check(&reader), 6);
}

/// Pages of several blocks, all new, half new and all known, take different ways through the writer.
#[test]
fn large_pages_are_cut_into_blocks_and_compared_with_what_is_there() {
    let place = Place::new();
    let mut ledger = place.open();
    let feed = ledger.register_feed("acme", "scope", at(0)).expect("registers");
    let rows = Rows::new(1, IdOrder::Random).take_rows(3_000);
    let appended = Page::of(feed, rows[..2_000].to_vec()).append(&mut ledger).expect("appends");
    assert_eq!((appended.inserted, appended.duplicates), (2_000, 0));
    let appended = Page::of(feed, rows[1_500..].to_vec()).append(&mut ledger).expect("appends");
    assert_eq!((appended.inserted, appended.duplicates, appended.first_sequence), (1_000, 500, 2_001));
    // One known row in a place that no sample meets.
    let mut mixed = Rows::new(2, IdOrder::Random).take_rows(1_500);
    mixed[701] = rows[5].clone();
    let appended = Page::of(feed, mixed.clone()).append(&mut ledger).expect("appends");
    assert_eq!((appended.inserted, appended.duplicates, appended.first_sequence), (1_499, 1, 3_001));
    assert!(!appended.new_positions.contains(&701));
    let appended = Page::of(feed, rows.clone()).append(&mut ledger).expect("appends");
    assert_eq!((appended.inserted, appended.duplicates), (0, 3_000));

    mixed.remove(701);
    let reader = ledger.reader().expect("a reader");
    let entries = all(&reader);
    assert_eq!(entries.len(), 4_499);
    assert!(
        entries
            .iter()
            .zip(rows.iter().chain(&mixed))
            .all(|(entry, row)| entry.id == row.id && entry.raw == row.raw)
    );
    assert_eq!(check(&reader), 4_499);
}

#[test]
fn small_pages_are_compressed_with_a_dictionary_once_there_are_rows_to_train_it() {
    let place = Place::new();
    let mut ledger = place.open();
    let feed = ledger.register_feed("acme", "scope", at(0)).expect("registers");
    let mut rows = Rows::new(3, IdOrder::Random);
    let mut expected = rows.take_rows(1_100);
    Page::of(feed, expected.clone()).append(&mut ledger).expect("appends");
    let before = ledger.reader().expect("a reader").bytes();
    for _ in 0..20 {
        let page = rows.take_rows(1);
        Page::of(feed, page.clone()).append(&mut ledger).expect("appends");
        expected.extend(page);
    }
    drop(ledger);
    let database = rusqlite::Connection::open(&place.path).expect("opens");
    let (smallest, largest): (i64, i64) = database
        .query_row(
            "SELECT min(length(data)), max(length(data)) FROM block JOIN block_data USING (first_sequence)
             WHERE dictionary = 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .expect("blocks with a dictionary");
    assert!(smallest > 50 && largest < 400, "a row of 1.2 kB takes {smallest} to {largest} bytes");
    drop(database);

    let mut ledger = place.open();
    Page::of(feed, rows.take_rows(1)).append(&mut ledger).expect("the dictionary is found again");
    let reader = ledger.reader().expect("a reader");
    assert!(before > 0);
    let entries = all(&reader);
    assert!(entries.iter().zip(&expected).all(|(entry, row)| entry.raw == row.raw));
    assert_eq!(check(&reader), 1_121);
}

#[test]
fn late_rows_are_those_in_covered_time() {
    let place = Place::new();
    let mut ledger = place.open();
    let feed = ledger.register_feed("acme", "scope", at(0)).expect("registers");
    let append = |ledger: &mut _, rows: &[(&str, i64)], drained: (i64, i64)| {
        let rows = rows.iter().map(|(id, second)| row(id, *second)).collect();
        Page::of(feed, rows).drained(drained.0, drained.1).append(ledger).expect("appends").late
    };
    assert_eq!(append(&mut ledger, &[("a", 100), ("b", 150)], (100, 200)), 0);
    // Before, at and after the covered time; and one that is known.
    assert_eq!(
        append(&mut ledger, &[("c", 99), ("d", 100), ("e", 199), ("f", 200), ("a", 100)], (150, 300)),
        2
    );
    // An older shard: nothing of it was covered.
    assert_eq!(append(&mut ledger, &[("g", 50)], (0, 100)), 0);
    assert_eq!(ledger.reader().expect("a reader").feeds().expect("reads")[0].late_arrivals, 2);
}

#[test]
fn drains_link_their_pages_and_close_once() {
    let place = Place::new();
    let mut ledger = place.open();
    let feed = ledger.register_feed("acme", "scope", at(0)).expect("registers");
    let other = ledger.register_feed("other", "scope", at(0)).expect("registers");
    let page = |id: &str| Page::of(feed, vec![row(id, 1)]);
    let refused = |page: Page, ledger: &mut _| {
        let error = page.append(ledger).expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    };

    refused(page("a").continued(), &mut ledger);
    assert_eq!(page("a").append(&mut ledger).expect("appends").drain, 1);
    assert_eq!(page("b").continued().append(&mut ledger).expect("appends").drain, 1);
    // A second drain beside the first; both go on, by name or as the newest.
    assert_eq!(page("c").append(&mut ledger).expect("appends").drain, 3);
    let first = Page { drain: Some(1), ..page("d").continued() };
    assert_eq!(first.append(&mut ledger).expect("appends").drain, 1);
    assert_eq!(page("e").continued().append(&mut ledger).expect("appends").drain, 3);
    let first = Page { drain: Some(1), ..page("f").continued().drained(0, 10) };
    assert_eq!(first.append(&mut ledger).expect("appends").drain, 1);
    assert_eq!(page("g").continued().drained(10, 20).append(&mut ledger).expect("appends").drain, 3);

    refused(page("h").continued(), &mut ledger);
    refused(Page { drain: Some(1), ..page("h").continued() }, &mut ledger);
    refused(Page { drain: Some(2), ..page("h").continued() }, &mut ledger);
    refused(Page { drain: Some(99), ..page("h").continued() }, &mut ledger);
    page("i").append(&mut ledger).expect("appends");
    refused(Page { feed: other, drain: Some(8), ..page("h").continued() }, &mut ledger);

    let reader = ledger.reader().expect("a reader");
    let drains = reader.drains(feed, interval(0, 100)).expect("reads");
    let drains: Vec<_> = drains.iter().map(|drain| (drain.drain, drain.last_page, drain.interval)).collect();
    assert_eq!(drains, [(1, 6, interval(0, 10)), (3, 7, interval(10, 20))]);
    assert_eq!(reader.drains(feed, interval(10, 11)).expect("reads").len(), 1);
    assert_eq!(ledger.coverage(feed).expect("known").intervals(), [interval(0, 20)]);
    assert_eq!(check(&reader), 8);
}

#[test]
fn a_drain_goes_on_after_a_restart() {
    let place = Place::new();
    let mut ledger = place.open();
    let feed = ledger.register_feed("acme", "scope", at(0)).expect("registers");
    Page::of(feed, vec![row("a", 1)]).append(&mut ledger).expect("appends");
    drop(ledger);
    let mut ledger = place.open();
    let page = Page::of(feed, vec![row("b", 2)]).continued().drained(0, 10);
    assert_eq!(page.append(&mut ledger).expect("appends").drain, 1);
    check(&ledger.reader().expect("a reader"));
}

/// An interval is never widened by keeping whole microseconds.
#[test]
fn intervals_are_shrunk_to_microseconds() {
    let place = Place::new();
    let mut ledger = place.open();
    let feed = ledger.register_feed("acme", "scope", at(0)).expect("registers");
    let nanosecond = jiff::SignedDuration::from_nanos(1);
    let mut page = Page::of(feed, Vec::new());
    page.drained = Some(Interval { gte: at(0) + nanosecond, lt: at(10) - nanosecond });
    page.append(&mut ledger).expect("appends");
    let microsecond = jiff::SignedDuration::from_micros(1);
    let expected = Interval { gte: at(0) + microsecond, lt: at(10) - microsecond };
    assert_eq!(ledger.coverage(feed).expect("known").intervals(), [expected]);
    page.drained = Some(Interval { gte: at(20) + nanosecond, lt: at(20) + nanosecond * 2 });
    assert_eq!(page.append(&mut ledger).expect_err("holds no microsecond").kind(), ErrorKind::InvalidInput);
}

#[test]
fn what_is_out_of_bounds_is_refused_and_nothing_is_written() {
    let place = Place::new();
    let mut ledger = place.open();
    let feed = ledger.register_feed("acme", "scope", at(0)).expect("registers");
    let good = row("a", 1);
    let long = "x".repeat(70_000);
    let refused = |ledger: &mut ledger::Ledger, change: &dyn Fn(&mut PageCommit<'_>)| {
        let activities = [activity(&good)];
        let mut commit = PageCommit {
            feed,
            provenance: provenance(at(2)),
            activities: &activities,
            drained: None,
            drain_started: true,
            drain: None,
            lag: LagPolicy::Count,
            own_reads: &[],
        };
        change(&mut commit);
        let error = ledger.append(&commit).expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert!(!error.hint().is_empty());
    };
    let stranger = {
        let other = Place::new();
        let mut ledger = other.open();
        (0..3).map(|number| ledger.register_feed(&format!("{number}"), "", at(0)).expect("registers")).last()
    };
    let many: Vec<NewActivity<'_>> = std::iter::repeat_n(activity(&good), 100_001).collect();
    let id = |id: &'static str| [NewActivity { id, ..activity(&good) }];
    let (empty, huge) = (id(""), id(Box::leak("y".repeat(1_025).into_boxed_str())));

    refused(&mut ledger, &|commit| commit.feed = stranger.expect("a feed that is not here"));
    refused(&mut ledger, &|commit| commit.drained = Some(interval(5, 5)));
    refused(&mut ledger, &|commit| commit.drained = Some(interval(6, 5)));
    refused(&mut ledger, &|commit| commit.drain_started = false);
    let with = |change: &dyn Fn(&mut Provenance<'static>)| {
        let mut changed = provenance(at(2));
        change(&mut changed);
        changed
    };
    let leaked: &'static str = Box::leak(long.into_boxed_str());
    refused(&mut ledger, &|commit| commit.provenance = with(&|provenance| provenance.url = leaked));
    refused(&mut ledger, &|commit| commit.provenance = with(&|provenance| provenance.parameters = leaked));
    refused(&mut ledger, &|commit| {
        commit.provenance = with(&|provenance| provenance.request_id = Some(leaked));
    });
    for activities in [&many[..], &empty, &huge] {
        let commit = PageCommit {
            feed,
            provenance: provenance(at(2)),
            activities,
            drained: None,
            drain_started: true,
            drain: None,
            lag: LagPolicy::Count,
            own_reads: &[],
        };
        assert_eq!(ledger.append(&commit).expect_err("refused").kind(), ErrorKind::InvalidInput);
    }
    assert_eq!(ledger.reader().expect("a reader").page(1).expect("reads"), None);
    let appended = Page::of(feed, vec![good.clone()]).append(&mut ledger).expect("the ledger stays usable");
    assert_eq!((appended.page, appended.first_sequence), (1, 1));
}

#[test]
fn times_far_away_are_kept() {
    let place = Place::new();
    let mut ledger = place.open();
    let feed: FeedId = ledger.register_feed("acme", "scope", at(0)).expect("registers");
    let mut rows: Vec<_> = (0..4).map(|number| row(&format!("{number}"), 0)).collect();
    let times = [
        "-009999-01-02T01:59:59Z",
        "9999-12-30T22:00:00Z",
        "1969-12-31T23:59:59.999999999Z",
        "2026-01-01T00:00:00.123456789Z",
    ];
    for (row, time) in rows.iter_mut().zip(times) {
        row.created_at = time.parse().expect("a time");
    }
    Page::of(feed, rows).append(&mut ledger).expect("appends");
    let reader = ledger.reader().expect("a reader");
    let found: Vec<String> = all(&reader).iter().map(|entry| entry.created_at.to_string()).collect();
    let kept = [
        "-009999-01-02T01:59:59Z",
        "9999-12-30T22:00:00Z",
        "1969-12-31T23:59:59.999999Z",
        "2026-01-01T00:00:00.123456Z",
    ];
    assert_eq!(found, kept, "rounded down to microseconds");
    check(&reader);
}

//! What happens when an append fails in the middle: the file may not grow, then it may again.

use super::*;
use crate::ErrorKind;
use crate::testing::{Place, append, at};

fn ids(page: u64, count: u64) -> Vec<String> {
    (0..count)
        .map(|row| format!("activity_{:x}", (page * 1_000_000 + row).wrapping_mul(0x9E37_79B9_7F4A_7C15)))
        .collect()
}

/// How many pages of the file there may be; `None` for no limit.
fn limit(ledger: &Ledger, pages: Option<i64>) {
    let pages = pages.unwrap_or(4_294_967_294);
    ledger.connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).expect("sets");
}

fn used(ledger: &Ledger) -> i64 {
    ledger.connection.pragma_query_value(None, "page_count", |row| row.get(0)).expect("tells")
}

/// With every limit from "no page more" up, the append fails as a whole, until one where it succeeds.
#[test]
fn a_full_disk_loses_nothing_and_the_next_append_works() {
    let place = Place::new();
    let mut ledger = place.open();
    let feed = ledger.register_feed("acme", "one", at(0)).expect("registers");
    append(&mut ledger, feed, &ids(0, 50), (0, 10)).expect("appends");
    let mut stored = 50;
    let mut failures = 0;
    for page in 1..4_i64 {
        let head = ledger.reader().expect("a reader").chain_head().expect("a head");
        let new = ids(page as u64, 4_000);
        let (before, drained) = (used(&ledger), (page * 10, page * 10 + 10));
        for more in (0..).step_by(2) {
            limit(&ledger, Some(before + more));
            match append(&mut ledger, feed, &new, drained) {
                Ok(appended) => {
                    assert_eq!((appended.page, appended.first_sequence), (page as u64 + 1, stored + 1));
                    break;
                }
                Err(error) => assert_eq!(error.kind(), ErrorKind::DiskFull, "{error}"),
            }
            failures += 1;
            assert!(more < 100, "there is room by now");
            let reader = ledger.reader().expect("a reader");
            assert_eq!(reader.chain_head().expect("a head"), head);
            assert_eq!(reader.last_sequence().expect("reads"), stored);
            let covered = ledger.coverage(feed).expect("known");
            assert_eq!(covered.latest(), Some(at(page * 10)), "nothing is covered that was not stored");
        }
        stored += 4_000;
        limit(&ledger, None);
        let report = ledger.reader().expect("a reader").check_chain(&mut |_, _| {}).expect("checks");
        assert_eq!((report.difference, report.activities), (None, stored));
    }
    assert!(failures > 6, "the limit was met in several places: {failures}");
    let again = append(&mut ledger, feed, &ids(2, 4_000), (50, 60)).expect("appends");
    assert_eq!((again.inserted, again.duplicates), (0, 4_000), "the index of ids is whole");
}

/// Another program holds the write lock for longer than the wait.
#[test]
fn a_foreign_lock_is_busy_and_passes() {
    let place = Place::new();
    let mut ledger = place.open();
    let feed = ledger.register_feed("acme", "one", at(0)).expect("registers");
    ledger.connection.busy_timeout(std::time::Duration::from_millis(20)).expect("sets");
    let foreign = Connection::open(&place.path).expect("opens");
    foreign.execute_batch("BEGIN IMMEDIATE").expect("locks");
    let error = append(&mut ledger, feed, &ids(0, 5), (0, 10)).expect_err("locked out");
    assert_eq!(error.kind(), ErrorKind::Busy, "{error}");
    foreign.execute_batch("ROLLBACK").expect("unlocks");
    append(&mut ledger, feed, &ids(0, 5), (0, 10)).expect("appends");
}

/// A step that fails after others were done: all of them are undone, in the file and in memory.
#[test]
fn a_change_that_fails_at_its_end_is_undone() {
    let place = Place::new();
    let mut ledger = place.open();
    let feed = ledger.register_feed("acme", "one", at(0)).expect("registers");
    append(&mut ledger, feed, &ids(0, 5), (0, 10)).expect("appends");
    let head = ledger.reader().expect("a reader").chain_head().expect("a head");
    let error = ledger.write("do two things", |work| {
        feeds::register(work, "acme", "two", at(1))?;
        feeds::register(work, "other", "one", at(1))?;
        Err::<(), _>(Error::invalid("do a third", "it cannot be done"))
    });
    assert_eq!(error.expect_err("fails").to_string(), "cannot do a third: it cannot be done");
    let reader = ledger.reader().expect("a reader");
    assert_eq!((reader.chain_head().expect("a head"), reader.feeds().expect("reads").len()), (head, 1));
    assert_eq!(ledger.coverage(feed).expect("known").latest(), Some(at(10)));
    let appended = append(&mut ledger, feed, &ids(1, 5), (10, 20)).expect("appends");
    assert_eq!((appended.page, appended.first_sequence), (2, 6));
    assert_eq!(
        ledger.reader().expect("a reader").check_chain(&mut |_, _| {}).expect("checks").difference,
        None
    );
}

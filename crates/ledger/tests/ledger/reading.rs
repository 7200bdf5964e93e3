//! Reading: order, limits, filters.

use crate::support::rows::{IdOrder, Rows};
use crate::support::{Page, Place, all, at, read, row};
use ledger::EntryFilter;

#[test]
fn a_stream_of_any_step_is_the_same() {
    let place = Place::new();
    let mut ledger = place.open();
    let feed = ledger.register_feed("acme", "scope", at(0)).expect("registers");
    let rows = Rows::new(5, IdOrder::Time).take_rows(1_500);
    for page in rows.chunks(700) {
        Page::of(feed, page.to_vec()).append(&mut ledger).expect("appends");
    }
    let reader = ledger.reader().expect("a reader");
    let whole = reader.entries(0, usize::MAX, &EntryFilter::default()).expect("reads");
    assert!(whole.iter().map(|entry| entry.sequence).eq(1..=1_500));
    for limit in [1, 7, 499, 1_500] {
        assert_eq!(
            read(&reader, &EntryFilter::default(), limit).expect("reads"),
            whole,
            "in steps of {limit}"
        );
    }
    assert_eq!(reader.entries(0, 0, &EntryFilter::default()).expect("reads"), []);
    assert_eq!(reader.entries(1_500, 10, &EntryFilter::default()).expect("reads"), []);
    assert_eq!(reader.entries(u64::MAX, 10, &EntryFilter::default()).expect("reads"), []);
    assert_eq!(reader.entries(1_234, 1, &EntryFilter::default()).expect("reads"), whole[1_234..1_235]);
    assert_eq!(reader.last_sequence().expect("reads"), 1_500);
    assert!(reader.bytes() > 200_000);
}

#[test]
fn filters_keep_what_they_say() {
    let place = Place::new();
    let mut ledger = place.open();
    let acme = ledger.register_feed("acme", "scope", at(0)).expect("registers");
    let other = ledger.register_feed("other", "scope", at(0)).expect("registers");
    for page in 0..20 {
        let feed = if page % 3 == 0 { other } else { acme };
        // Rows of a page are not in order of time, and pages overlap.
        let rows =
            (0..10).map(|number| row(&format!("{page}-{number}"), page * 5 + (number * 7) % 10)).collect();
        Page::of(feed, rows).append(&mut ledger).expect("appends");
    }
    let reader = ledger.reader().expect("a reader");
    let whole = all(&reader);
    let half = jiff::SignedDuration::from_nanos(500);
    for feed in [None, Some(acme), Some(other)] {
        for from in [None, Some(at(0)), Some(at(33)), Some(at(33) + half), Some(at(500))] {
            for to in [None, Some(at(1)), Some(at(34)), Some(at(33) + half), Some(at(500))] {
                for up_to in [None, Some(0), Some(1), Some(77), Some(200), Some(u64::MAX)] {
                    let filter = EntryFilter { feed, from, to, up_to };
                    let expected: Vec<_> = whole
                        .iter()
                        .filter(|entry| {
                            feed.is_none_or(|feed| entry.feed == feed)
                                && from.is_none_or(|from| entry.created_at >= from)
                                && to.is_none_or(|to| entry.created_at < to)
                                && up_to.is_none_or(|up_to| entry.sequence <= up_to)
                        })
                        .cloned()
                        .collect();
                    assert_eq!(read(&reader, &filter, 13).expect("reads"), expected, "{filter:?}");
                }
            }
        }
    }
}

#[test]
fn a_reader_sees_what_is_appended_after_it_opened() {
    let place = Place::new();
    let mut ledger = place.open();
    let feed = ledger.register_feed("acme", "scope", at(0)).expect("registers");
    let reader = place.reader();
    assert_eq!(all(&reader), []);
    for number in 1..=5 {
        Page::of(feed, vec![row(&format!("{number}"), number)]).append(&mut ledger).expect("appends");
        assert_eq!(reader.last_sequence().expect("reads"), number as u64);
        assert_eq!(all(&reader).len(), number as usize);
    }
    drop(ledger);
    assert_eq!(all(&reader).len(), 5, "also when the writer is gone");
}

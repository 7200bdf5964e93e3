//! Bytes changed, cut off and added at random: never a panic, and never wrong activities without an error or a
//! difference that a check names.

use crate::support::rows::{IdOrder, Numbers, Rows};
use crate::support::{Page, Place, at, interval, options, read, row};
use ledger::{Entry, EntryFilter, Ledger, Reader};

/// A small ledger with every kind of row, as bytes.
fn sample() -> (Vec<u8>, Vec<Entry>) {
    let place = Place::new();
    let mut ledger = place.open();
    let feed = ledger.register_feed("acme", "scope", at(0)).expect("registers");
    let other = ledger.register_feed("other", "scope", at(0)).expect("registers");
    let mut rows = Rows::new(11, IdOrder::Random);
    for page in 0..12 {
        let feed = if page % 4 == 3 { other } else { feed };
        let count = if page == 5 { 600 } else { 20 };
        Page::of(feed, rows.take_rows(count))
            .drained(page * 10, page * 10 + 10)
            .append(&mut ledger)
            .expect("appends");
    }
    for _ in 0..4 {
        rows.take_rows(1);
        Page::of(feed, rows.take_rows(300)).append(&mut ledger).expect("appends");
        Page::of(feed, rows.take_rows(2)).append(&mut ledger).expect("appends");
    }
    ledger.set_cursor("siem", 5).expect("moves");
    let entries = read(&ledger.reader().expect("a reader"), &EntryFilter::default(), 100).expect("reads");
    drop(ledger);
    (std::fs::read(&place.path).expect("reads"), entries)
}

/// Everything else a reader can be asked; only that it does not panic matters.
fn ask_all(reader: &Reader) {
    for feed in reader.feeds().unwrap_or_default() {
        let _ = (reader.scopes(feed.id), reader.find(feed.id, "activity_01"), reader.lag(feed.id));
        let _ = reader.drains(feed.id, interval(0, 1_000));
    }
    let _ = reader.cursors();
    for page in 0..25 {
        let _ = reader.page(page);
    }
}

#[derive(Default, Debug)]
struct Outcomes {
    /// Not even opened.
    refused: usize,
    /// Opened, and the check names a difference.
    named: usize,
    /// The check holds, and every activity is what it was.
    harmless: usize,
}

fn try_one(damaged: &[u8], expected: &[Entry], outcomes: &mut Outcomes, label: &str) {
    let place = Place::new();
    std::fs::write(&place.path, damaged).expect("writes");
    match Reader::open(&place.path) {
        Err(error) => {
            assert!(!error.to_string().is_empty() && !error.hint().is_empty());
            outcomes.refused += 1;
        }
        Ok(reader) => {
            let report = reader.check_chain(&mut |_, _| {}).expect("damage is a difference, not a failure");
            let entries = read(&reader, &EntryFilter::default(), 100);
            ask_all(&reader);
            if report.difference.is_some() {
                outcomes.named += 1;
            } else {
                let same = entries.as_ref().is_ok_and(|entries| entries == expected);
                assert!(same, "{label}: the check holds, and the activities are not what they were");
                outcomes.harmless += 1;
            }
        }
    }
    if let Ok(mut ledger) = Ledger::open(&place.path, options())
        && let Ok(feed) = ledger.register_feed("acme", "scope", at(0))
    {
        let _ = Page::of(feed, vec![row("new", 1)]).append(&mut ledger);
        let _ = Page::of(feed, Rows::new(11, IdOrder::Random).take_rows(40)).append(&mut ledger);
    }
}

#[test]
fn random_damage_is_an_error_or_a_named_difference() {
    let (whole, expected) = sample();
    let mut numbers = Numbers(4_711);
    let mut outcomes = Outcomes::default();
    for round in 0..150 {
        let mut damaged = whole.clone();
        for _ in 0..1 << numbers.below(4) {
            let place = numbers.below(damaged.len() as u64) as usize;
            match numbers.below(4) {
                0 => damaged[place] ^= 1 << numbers.below(8),
                1 => damaged[place] = numbers.below(256) as u8,
                2 => {
                    let end = damaged.len().min(place + numbers.below(600) as usize);
                    damaged[place..end].fill(numbers.below(256) as u8);
                }
                _ => {
                    // Two places change their content.
                    let other = numbers.below(damaged.len() as u64 - 64) as usize;
                    let piece = damaged[other..other + 64].to_vec();
                    let end = damaged.len().min(place + 64);
                    damaged[place..end].copy_from_slice(&piece[..end - place]);
                }
            }
        }
        try_one(&damaged, &expected, &mut outcomes, &format!("round {round}"));
    }
    assert!(
        outcomes.named > 60 && outcomes.harmless > 10,
        "the damage does reach what matters: {outcomes:?}"
    );
}

#[test]
fn cut_files_are_refused_or_named() {
    let (whole, expected) = sample();
    let mut outcomes = Outcomes::default();
    let mut numbers = Numbers(815);
    let mut cuts: Vec<usize> = (0..25).map(|_| numbers.below(whole.len() as u64) as usize).collect();
    cuts.extend([0, 1, 99, 100, 511, 512, 4_096, 16_383, 16_384, whole.len() - 1, whole.len() - 16_384]);
    for cut in cuts {
        try_one(&whole[..cut], &expected, &mut outcomes, &format!("cut at {cut}"));
    }
    assert_eq!(outcomes.harmless, 0, "a cut file is never whole: {outcomes:?}");
}

/// The index of ids points to a row that is not there: an append must not guess.
#[test]
fn an_append_that_meets_damage_fails_and_stores_nothing() {
    let place = Place::new();
    let mut ledger = place.open();
    let feed = ledger.register_feed("acme", "scope", at(0)).expect("registers");
    let rows = Rows::new(1, IdOrder::Random).take_rows(50);
    Page::of(feed, rows.clone()).append(&mut ledger).expect("appends");
    drop(ledger);
    let database = rusqlite::Connection::open(&place.path).expect("opens");
    database
        .execute_batch("UPDATE block_data SET data = substr(data, 1, length(data) - 9)")
        .expect("tampers");
    drop(database);
    let mut ledger = place.open();
    let error =
        Page::of(feed, rows[..3].to_vec()).append(&mut ledger).expect_err("the stored ids cannot be read");
    assert_eq!(error.kind(), ledger::ErrorKind::Damaged, "{error}");
    assert!(error.to_string().contains("from sequence 1 on"), "{error}");
    let other = Rows::new(2, IdOrder::Random).take_rows(3);
    assert_eq!(
        Page::of(feed, other).append(&mut ledger).expect("new rows need no stored ids").first_sequence,
        51
    );
}

//! A ledger of every released version is kept and must be opened, read, checked and continued.

use crate::support::rows::{IdOrder, Row, Rows};
use crate::support::{Page, Place, all, at, check, interval, options, row};
use ledger::{ErrorKind, Ledger, Reader};
use std::path::{Path, PathBuf};

fn kept(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compat").join(name)
}

/// The rows of the kept ledgers, by page.
fn pages() -> Vec<Vec<Row>> {
    let mut rows = Rows::new(42, IdOrder::Random);
    let mut pages = vec![rows.take_rows(1_050), rows.take_rows(3), rows.take_rows(1), Vec::new()];
    let mut apart = row("sha256:feed", 7);
    apart.raw = b"{\"type\":\"without an id\"}".to_vec();
    pages.push(vec![apart]);
    pages
}

/// Writes the sample of the current version: run once per released version, by hand.
#[test]
#[ignore = "writes tests/compat/v1.sqlite"]
fn write_sample() {
    let place = Place::new();
    let mut ledger = Ledger::open(&place.path, options()).expect("creates");
    let feed = ledger.register_feed("acme", "one", at(0)).expect("registers");
    ledger.plan_start(feed, at(-50)).expect("plans");
    let pages = pages();
    Page::of(feed, pages[0].clone()).append(&mut ledger).expect("appends");
    Page::of(feed, pages[1].clone()).continued().drained(0, 100).append(&mut ledger).expect("appends");
    ledger.register_feed("acme", "two", at(200)).expect("registers");
    for page in &pages[2..] {
        Page::of(feed, page.clone()).drained(100, 200).append(&mut ledger).expect("appends");
    }
    ledger.note_gap(feed, interval(0, 50), "the key had expired", at(300)).expect("notes");
    ledger.set_cursor("siem", 1_000).expect("moves");
    drop(ledger);
    std::fs::create_dir_all(kept("")).expect("creates");
    std::fs::copy(&place.path, kept("v1.sqlite")).expect("copies");
}

fn compare(reader: &Reader) {
    let expected: Vec<Row> = pages().into_iter().flatten().collect();
    let entries = all(reader);
    assert_eq!(entries.len(), expected.len());
    for (entry, row) in entries.iter().zip(&expected) {
        assert_eq!((&entry.id, &entry.raw, entry.created_at), (&row.id, &row.raw, row.created_at));
    }
    assert_eq!(check(reader), expected.len() as u64);
    let status = reader.feeds().expect("reads").remove(0);
    assert_eq!((status.name.as_str(), status.scope.as_str(), status.activities), ("acme", "two", 1_055));
    assert_eq!((status.coverage, status.planned_start), (vec![interval(100, 200)], Some(at(-50))));
    assert_eq!(status.gaps[0].reason, "the key had expired");
    assert_eq!(reader.cursors().expect("reads"), [("siem".to_owned(), 1_000)]);
}

#[test]
fn version_1_is_opened_read_checked_and_continued() {
    let place = Place::new();
    std::fs::copy(kept("v1.sqlite"), &place.path).expect("copies");
    let refused = Reader::open(&place.path).expect_err("readers do not migrate");
    assert!(matches!(refused.kind(), ErrorKind::OlderSchema { found: 1, .. }), "{refused}");
    drop(place.open());
    compare(&place.reader());
    let head: String = place
        .reader()
        .chain_head()
        .expect("a head")
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    assert_eq!(
        head, "2b0f762906b713192e8f86039fa0866f3027b644a6b6e79481dca8f978b985d7",
        "the chain of the kept ledger"
    );

    let mut ledger = place.open();
    compare(&ledger.reader().expect("a reader"));
    let feed = ledger.register_feed("acme", "two", at(0)).expect("registers");
    let appended = Page::of(feed, pages().remove(1)).append(&mut ledger).expect("appends");
    assert_eq!((appended.inserted, appended.duplicates), (0, 3), "its ids are known");
    let appended = Page::of(feed, vec![row("new", 1)]).append(&mut ledger).expect("appends");
    assert_eq!(appended.first_sequence, 1_056);
    assert_eq!(check(&place.reader()), 1_056);
}

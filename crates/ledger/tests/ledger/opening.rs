//! Opening: what is created, what is refused, what is noticed.

use crate::support::{Page, Place, all, at, check, options, row};
use ledger::{ErrorKind, Ledger, Options, Reader};
use std::path::Path;

fn kind(result: Result<Ledger, ledger::Error>) -> ErrorKind {
    let error = result.expect_err("refused");
    assert!(error.to_string().starts_with("cannot open the ledger "), "{error}");
    assert!(!error.hint().is_empty());
    error.kind()
}

fn reader_kind(path: &Path) -> ErrorKind {
    let error = Reader::open(path).expect_err("refused");
    assert!(error.to_string().starts_with("cannot "), "{error}");
    error.kind()
}

/// A ledger of one feed and one row.
fn fill(place: &Place) {
    let mut ledger = place.open();
    let feed = ledger.register_feed("acme", "scope", at(0)).expect("registers");
    Page::of(feed, vec![row("a", 1)]).append(&mut ledger).expect("appends");
}

#[test]
fn a_closed_writer_leaves_the_whole_ledger_in_the_file() {
    let place = Place::new();
    let mut ledger = place.open();
    let reader = ledger.reader().expect("a reader");
    let feed = ledger.register_feed("acme", "scope", at(0)).expect("registers");
    Page::of(feed, vec![row("a", 1)]).append(&mut ledger).expect("appends");
    drop(ledger);
    let copy = place.folder().join("copy.sqlite");
    std::fs::copy(&place.path, &copy).expect("copies");
    let copied = Reader::open(&copy).expect("opens");
    assert_eq!(copied.chain_head().expect("reads"), reader.chain_head().expect("reads"));
    assert_eq!(copied.last_sequence().expect("reads"), 1);
}

#[test]
fn a_missing_ledger_is_created_by_the_writer_only() {
    let place = Place::new();
    assert_eq!(reader_kind(&place.path), ErrorKind::Missing);
    assert_eq!(reader_kind(&place.folder().join("nowhere/ledger.sqlite")), ErrorKind::Missing);
    std::fs::write(&place.path, b"").expect("writes");
    assert_eq!(reader_kind(&place.path), ErrorKind::Missing);
    let path = place.folder().join("a/b/ledger.sqlite");
    let ledger = Ledger::open(&path, Options::default()).expect("creates folders and file");
    assert_eq!(ledger.reader().expect("a reader").last_sequence().expect("reads"), 0);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        for name in [
            "ledger.sqlite",
            "ledger.sqlite-wal",
            "ledger.sqlite-shm",
            "ledger.sqlite.lock",
            "ledger.sqlite.head",
        ] {
            let file = path.with_file_name(name);
            let mode = std::fs::metadata(&file).expect("is there").permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{name}");
        }
    }
}

#[test]
fn two_ledgers_are_not_the_same() {
    let heads = [Place::new(), Place::new()].map(|place| {
        let ledger = Ledger::open(&place.path, Options::default()).expect("creates");
        ledger.reader().expect("a reader").chain_head().expect("a head")
    });
    assert_ne!(heads[0], heads[1]);
}

#[test]
fn a_second_writer_is_told_who_holds_the_ledger() {
    let place = Place::new();
    let ledger = place.open();
    let pid = Some(std::process::id());
    assert_eq!(kind(Ledger::open(&place.path, options())), ErrorKind::Locked { pid });
    drop(ledger);
    place.open();
}

#[test]
fn other_files_are_told_apart() {
    let place = Place::new();
    std::fs::write(
        &place.path,
        "something else entirely, and long enough to be a header of its own".repeat(20),
    )
    .expect("writes");
    assert_eq!(kind(Ledger::open(&place.path, options())), ErrorKind::NotALedger);
    assert_eq!(reader_kind(&place.path), ErrorKind::NotALedger);

    let place = Place::new();
    let database = rusqlite::Connection::open(&place.path).expect("opens");
    database.execute_batch("CREATE TABLE other (number INTEGER)").expect("creates");
    drop(database);
    assert_eq!(kind(Ledger::open(&place.path, options())), ErrorKind::NotALedger);
    assert_eq!(reader_kind(&place.path), ErrorKind::NotALedger);

    let place = Place::new();
    std::fs::create_dir(&place.path).expect("creates");
    assert!(Ledger::open(&place.path, options()).is_err() && Reader::open(&place.path).is_err());
}

#[test]
fn a_newer_format_is_refused_and_left_alone() {
    let place = Place::new();
    fill(&place);
    let database = rusqlite::Connection::open(&place.path).expect("opens");
    database.pragma_update(None, "user_version", 1_000).expect("sets");
    drop(database);
    let before = std::fs::read(&place.path).expect("reads");
    let newer = ErrorKind::NewerSchema { found: 1_000, supported: 6 };
    assert_eq!(kind(Ledger::open(&place.path, options())), newer);
    assert_eq!(reader_kind(&place.path), newer);
    assert_eq!(std::fs::read(&place.path).expect("reads"), before);
}

#[test]
fn a_head_that_does_not_match_is_damage() {
    let cases = [
        "UPDATE head SET hash = zeroblob(32)",
        "UPDATE head SET hash = x'00'",
        "UPDATE head SET link = link + 1",
        "UPDATE head SET link = 0",
        "UPDATE head SET page = page - 1",
        "UPDATE head SET sequence = sequence + 1",
        "UPDATE link SET record = zeroblob(80) WHERE link = 3",
        "DELETE FROM link WHERE link = 3",
        "DELETE FROM page",
        "DELETE FROM block",
        "DELETE FROM head",
        "DROP TABLE head",
    ];
    for case in cases {
        let place = Place::new();
        fill(&place);
        let database = rusqlite::Connection::open(&place.path).expect("opens");
        database.execute_batch(case).expect("tampers");
        drop(database);
        let error = Ledger::open(&place.path, options()).expect_err(case);
        assert_eq!(error.kind(), ErrorKind::Damaged, "{case}: {error}");
    }
}

#[test]
fn an_older_epoch_is_fenced_and_a_newer_one_is_on_record() {
    let place = Place::new();
    let with = |epoch| Ledger::open(&place.path, Options { epoch, ..options() });
    assert_eq!(with(Some(3)).expect("begins").epoch().expect("reads"), 3);
    let head = place.reader().chain_head().expect("a head");
    assert_eq!(with(None).expect("keeps").epoch().expect("reads"), 3);
    assert_eq!(place.reader().chain_head().expect("a head"), head, "nothing changed");
    assert_eq!(kind(with(Some(2))), ErrorKind::Fenced { found: 3, given: 2 });
    assert_eq!(with(Some(9)).expect("takes over").epoch().expect("reads"), 9);
    assert_ne!(place.reader().chain_head().expect("a head"), head);
    assert_eq!(kind(with(Some(3))), ErrorKind::Fenced { found: 9, given: 3 });
    assert_eq!(kind(with(Some(u64::MAX))), ErrorKind::InvalidInput);
    let mut ledger = with(None).expect("keeps");
    let feed = ledger.register_feed("acme", "scope", at(0)).expect("registers");
    Page::of(feed, vec![row("a", 1)]).append(&mut ledger).expect("appends");
    assert_eq!(check(&place.reader()), 1);
}

#[test]
fn an_older_copy_put_back_is_noticed_and_put_on_record() {
    let place = Place::new();
    fill(&place);
    let copy = std::fs::read(&place.path).expect("reads");
    let mut ledger = place.open();
    assert_eq!(ledger.lost_tail(), None);
    let feed = ledger.register_feed("acme", "scope", at(0)).expect("registers");
    Page::of(feed, vec![row("b", 2)]).append(&mut ledger).expect("appends");
    let lost_hash = ledger.reader().expect("a reader").chain_head().expect("a head");
    drop(ledger);
    std::fs::write(&place.path, copy).expect("puts the copy back");

    let report = place.reader().check_chain(&mut |_, _| {}).expect("checks");
    let difference = report.difference.expect("the end is missing");
    assert_eq!((difference.kind, difference.link), (ledger::DifferenceKind::TailMissing, Some(4)));
    let mut ledger = place.open();
    let lost = ledger.lost_tail().expect("noticed");
    assert_eq!((lost.link, lost.hash, lost.found_link), (4, lost_hash, 3));
    Page::of(feed, vec![row("b", 2)]).append(&mut ledger).expect("the lost row comes again");
    drop(ledger);
    assert_eq!(place.open().lost_tail(), None, "told once");
    let report = place.reader().check_chain(&mut |_, _| {}).expect("checks");
    assert_eq!((report.difference, report.losses), (None, vec![lost]));
    assert_eq!(all(&place.reader()).len(), 2);
}

#[test]
fn a_lost_ledger_is_not_begun_again_in_silence() {
    let place = Place::new();
    fill(&place);
    std::fs::write(&place.path, b"").expect("empties");
    assert_eq!(kind(Ledger::open(&place.path, options())), ErrorKind::Damaged);
    std::fs::remove_file(&place.path).expect("removes");
    let error = Ledger::open(&place.path, options()).expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Missing);
    assert!(
        error.to_string().ends_with("it is gone, but the head file beside it knows 3 links of it"),
        "{error}"
    );
    assert!(error.hint().contains(".head"), "{}", error.hint());
    std::fs::remove_file(place.folder().join("ledger.sqlite.head")).expect("removes");
    place.open();
}

#[test]
fn the_head_file_of_another_ledger_is_ignored() {
    let place = Place::new();
    fill(&place);
    let other = Place::new();
    drop(
        Ledger::open(&other.path, Options { identity: Some([8; 16]), ..Options::default() })
            .expect("creates"),
    );
    for text in [
        std::fs::read(other.folder().join("ledger.sqlite.head")).expect("reads"),
        b"nonsense".to_vec(),
        Vec::new(),
    ] {
        std::fs::write(place.folder().join("ledger.sqlite.head"), text).expect("writes");
        assert_eq!(check(&place.reader()), 1);
        assert_eq!(place.open().lost_tail(), None);
    }
}

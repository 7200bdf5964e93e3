//! Tampering, one way at a time, by someone who knows the format and has the file.

use super::DifferenceKind as Kind;
use super::*;
use crate::block::{Block, Compressor, Decompressor, PAYLOAD_BYTES_MAX, Row};
use crate::digest::{self, Digest};
use crate::record::{PageFields, Record, RecordPacker, RecordUnpacker};
use crate::testing::{Place, append, at};
use rusqlite::{Connection, params};

/// Pages of the sample: 1 and 2 of ten rows, 3 empty, 4 of another scope, 5 of another feed; links 2, 6 and 8 register.
/// Sequences 1 to 10, 11 to 20, 21 to 25, 26 to 30. Page n of the first feed covers seconds 10 n to 10 n + 10.
fn sample() -> Place {
    let place = Place::new();
    let mut ledger = place.open();
    let ids =
        |page: u32, count: u32| (0..count).map(|row| format!("activity_{page}_{row}")).collect::<Vec<_>>();
    let feed = ledger.register_feed("acme", "one", at(0)).expect("registers");
    append(&mut ledger, feed, &ids(1, 10), (10, 20)).expect("appends");
    append(&mut ledger, feed, &ids(2, 10), (20, 30)).expect("appends");
    append(&mut ledger, feed, &ids(3, 0), (30, 40)).expect("appends");
    ledger.register_feed("acme", "two", at(1)).expect("registers");
    append(&mut ledger, feed, &ids(4, 5), (40, 50)).expect("appends");
    let other = ledger.register_feed("other", "one", at(2)).expect("registers");
    append(&mut ledger, other, &ids(5, 5), (50, 60)).expect("appends");
    place
}

#[derive(Clone, PartialEq, Debug)]
struct Owned {
    created_at: i64,
    id: String,
    raw: Vec<u8>,
}

/// Rewrites the rows of the block at `first_sequence`, with all its numbers made to fit.
fn edit_rows(database: &Connection, first_sequence: u64, edit: impl FnOnce(&mut Vec<Owned>)) {
    let (payload_bytes, frame): (usize, Vec<u8>) = database
        .query_row(
            "SELECT payload_bytes, data FROM block JOIN block_data USING (first_sequence) WHERE first_sequence = ?1",
            [first_sequence],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .expect("a block");
    let mut decompressor = Decompressor::default();
    decompressor.learn(0, &[]).expect("no dictionary");
    let payload = decompressor.decompress(0, &frame, payload_bytes, PAYLOAD_BYTES_MAX).expect("whole");
    let block = Block::parse(payload).expect("whole");
    let owned = |row: Row<'_>| Owned { created_at: row.created_at, id: row.id.into(), raw: row.raw.into() };
    let mut rows: Vec<Owned> =
        (0..block.len()).map(|index| owned(block.row(index).expect("whole"))).collect();
    edit(&mut rows);
    let rows: Vec<Row<'_>> =
        rows.iter().map(|row| Row { created_at: row.created_at, id: &row.id, raw: &row.raw }).collect();
    let compressed = Compressor::new(1, &[]).and_then(|mut inner| inner.compress_rows(&rows));
    let (payload_bytes, frame) = compressed.expect("compresses");
    let times = || rows.iter().map(|row| row.created_at);
    database
        .execute(
            "UPDATE block SET activities = ?2, payload_bytes = ?3, created_from = ?4, created_to = ?5
             WHERE first_sequence = ?1",
            params![
                first_sequence,
                rows.len(),
                payload_bytes,
                times().min().unwrap_or(0),
                times().max().unwrap_or(0)
            ],
        )
        .expect("updates");
    let parameters = params![first_sequence, frame];
    database
        .execute("UPDATE block_data SET data = ?2 WHERE first_sequence = ?1", parameters)
        .expect("updates");
}

/// Rewrites the record of a page's link; `hashes` says from which link on the hashes are made to fit.
fn edit_page(database: &Connection, link: u64, hashes: Option<u64>, edit: impl FnOnce(&mut PageFields)) {
    let (form, kept): (i64, Vec<u8>) = database
        .query_row("SELECT form, record FROM link WHERE link = ?1", [link], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .expect("a link");
    let record = RecordUnpacker::new().and_then(|mut inner| inner.unpack(form, &kept)).expect("whole");
    let Ok(Record::Page(mut fields)) = Record::decode(&record) else { panic!("link {link} is no page") };
    edit(&mut fields);
    let record = Record::Page(fields).encode();
    let (form, kept) = RecordPacker::new().and_then(|mut inner| inner.pack(&record)).expect("packs");
    database
        .execute("UPDATE link SET form = ?2, record = ?3 WHERE link = ?1", params![link, form, kept])
        .expect("updates");
    if let Some(last) = hashes {
        rehash(database, link, last);
    }
}

/// Recomputes the hashes of links `first` to `last`, and the head when that is among them.
fn rehash(database: &Connection, first: u64, last: u64) {
    for link in first..=last {
        let previous: Digest = database
            .query_row("SELECT hash FROM link WHERE link = ?1", [link - 1], |row| row.get(0))
            .expect("the link before");
        let (epoch, form, kept): (u64, i64, Vec<u8>) = database
            .query_row("SELECT epoch, form, record FROM link WHERE link = ?1", [link], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .expect("a link");
        let record = RecordUnpacker::new().and_then(|mut inner| inner.unpack(form, &kept)).expect("whole");
        let hash = digest::link(&previous, link, epoch, &record);
        database.execute("UPDATE link SET hash = ?2 WHERE link = ?1", params![link, hash]).expect("updates");
        database.execute("UPDATE head SET hash = ?2 WHERE link = ?1", params![link, hash]).expect("updates");
    }
}

/// Statements of SQL that tamper.
fn by(text: &str) -> impl Fn(&Connection) {
    move |database| database.execute_batch(text).expect("tampers")
}

/// What a check says after `tamper`.
fn tampered(tamper: &dyn Fn(&Connection)) -> ChainReport {
    let place = sample();
    let database = Connection::open(&place.path).expect("opens");
    tamper(&database);
    drop(database);
    Reader::open(&place.path).expect("opens").check_chain(&mut |_, _| {}).expect("checks")
}

type Tamper = Box<dyn Fn(&Connection)>;
/// What was done, how, and the difference to be named: kind; link, page and sequence (0: not named); id.
type Case = (&'static str, Tamper, Kind, [u64; 3], &'static str);

fn check_cases(cases: Vec<Case>) {
    for (label, tamper, kind, place, id) in cases {
        let report = tampered(&*tamper);
        let Difference { kind: found, link, page, sequence, activity_id, message } =
            report.difference.unwrap_or_else(|| panic!("{label}: not noticed"));
        let found_place = [link, page, sequence].map(Option::unwrap_or_default);
        assert_eq!((found, found_place), (kind, place), "{label}: {message}");
        assert_eq!(activity_id.unwrap_or_default(), id, "{label}: {message}");
        assert!(!message.is_empty() && !message.ends_with('.'), "{label}");
    }
}

fn check_statements(cases: &[(&'static str, Kind, [u64; 3])]) {
    check_cases(
        cases
            .iter()
            .map(|(text, kind, place)| (*text, Box::new(by(text)) as Tamper, *kind, *place, ""))
            .collect(),
    );
}

/// Whoever edits rows makes their block fit.
fn rows(first_sequence: u64, edit: impl Fn(&mut Vec<Owned>) + 'static) -> Tamper {
    Box::new(move |database| edit_rows(database, first_sequence, &edit))
}

#[test]
fn what_was_not_touched_holds() {
    let report = tampered(&|_| ());
    assert_eq!((report.links, report.pages, report.activities), (9, 5, 30));
    assert_eq!(report.difference, None);
}

#[test]
fn activities_that_differ_are_named() {
    check_cases(vec![
        ("a byte", rows(11, |rows| rows[4].raw[20] ^= 1), Kind::ActivityChanged, [4, 2, 15], "activity_2_4"),
        (
            "a time",
            rows(11, |rows| rows[0].created_at += 1),
            Kind::ActivityChanged,
            [4, 2, 11],
            "activity_2_0",
        ),
        ("an id", rows(11, |rows| rows[9].id = "other".into()), Kind::ActivityChanged, [4, 2, 20], "other"),
        ("first row gone", rows(11, |rows| drop(rows.remove(0))), Kind::ActivityMissing, [4, 2, 11], ""),
        ("middle row gone", rows(11, |rows| drop(rows.remove(5))), Kind::ActivityMissing, [4, 2, 16], ""),
        ("last row gone", rows(11, |rows| drop(rows.pop())), Kind::ActivityMissing, [4, 2, 20], ""),
        ("all rows gone", rows(11, Vec::clear), Kind::ActivityMissing, [4, 2, 11], ""),
        (
            "a row twice",
            rows(11, |rows| rows.insert(3, rows[2].clone())),
            Kind::ActivityAdded,
            [4, 2, 14],
            "activity_2_2",
        ),
        (
            "two rows swapped",
            rows(11, |rows| rows.swap(2, 7)),
            Kind::ActivityReordered,
            [4, 2, 13],
            "activity_2_7",
        ),
        (
            "a row of the last page, of another feed",
            rows(26, |rows| rows[1].raw = b"{}".to_vec()),
            Kind::ActivityChanged,
            [9, 5, 27],
            "activity_5_1",
        ),
        (
            "a byte, and the check values with it",
            Box::new(|database| {
                edit_rows(database, 11, |rows| rows[4].raw[20] ^= 1);
                let mut changed = Vec::new();
                edit_rows(database, 11, |rows| {
                    for row in rows {
                        changed.extend_from_slice(&digest::leaf(row.created_at, &row.id, &row.raw)[..4]);
                    }
                });
                database.execute("UPDATE page SET checks = ?1 WHERE page = 2", [changed]).expect("updates");
            }),
            Kind::ActivityChanged,
            [4, 2, 0],
            "",
        ),
    ]);
}

#[test]
fn blocks_and_pages_that_differ_are_named() {
    let place = [4, 2, 11];
    check_statements(&[
        ("UPDATE block SET created_to = created_to - 1 WHERE first_sequence = 11", Kind::BlockChanged, place),
        ("UPDATE block SET page = 1 WHERE first_sequence = 11", Kind::BlockChanged, place),
        ("UPDATE block SET feed = 2 WHERE first_sequence = 11", Kind::BlockChanged, place),
        (
            "UPDATE block SET first_sequence = 12 WHERE first_sequence = 11;
             UPDATE block_data SET first_sequence = 12 WHERE first_sequence = 11",
            Kind::BlockChanged,
            place,
        ),
        ("DELETE FROM block WHERE first_sequence = 11", Kind::ActivityMissing, place),
        ("UPDATE block SET activities = 9 WHERE first_sequence = 11", Kind::Unreadable, place),
        ("UPDATE block SET dictionary = 3 WHERE first_sequence = 11", Kind::Unreadable, place),
        ("DELETE FROM block_data WHERE first_sequence = 11", Kind::Unreadable, place),
        ("UPDATE block_data SET data = zeroblob(99) WHERE first_sequence = 11", Kind::Unreadable, place),
        (
            "INSERT INTO block SELECT 31, activities, page, feed, created_from, created_to, dictionary, payload_bytes
             FROM block WHERE first_sequence = 26",
            Kind::BlockChanged,
            [0; 3],
        ),
        ("DELETE FROM page WHERE page = 3", Kind::PageMissing, [5, 3, 0]),
        ("UPDATE page SET responded_at = 0 WHERE page = 2", Kind::PageChanged, [4, 2, 0]),
        ("UPDATE page SET feed = 2 WHERE page = 2", Kind::PageChanged, [4, 2, 0]),
        ("UPDATE page SET checks = zeroblob(40) WHERE page = 2", Kind::PageChanged, [4, 2, 0]),
        (
            "INSERT INTO page SELECT 6, link, feed, scope, drain, first_sequence, 0, responded_at, x'' FROM page
             WHERE page = 5",
            Kind::PageChanged,
            [0; 3],
        ),
    ]);
}

#[test]
fn links_that_differ_are_named() {
    check_statements(&[
        ("DELETE FROM link WHERE link = 4", Kind::LinkMissing, [4, 2, 0]),
        (
            "DELETE FROM link WHERE link = 4; DELETE FROM page WHERE page = 2; DELETE FROM drain WHERE drain = 2;
             DELETE FROM block WHERE page = 2",
            Kind::LinkMissing,
            [4, 2, 0],
        ),
        ("DELETE FROM link WHERE link = 1", Kind::LinkMissing, [1, 0, 0]),
        ("UPDATE link SET hash = zeroblob(32) WHERE link = 6", Kind::LinkChanged, [6, 0, 0]),
        ("UPDATE link SET epoch = 7 WHERE link = 4", Kind::LinkChanged, [4, 2, 0]),
        ("UPDATE link SET form = 2 WHERE link = 4", Kind::LinkChanged, [4, 0, 0]),
        ("UPDATE link SET form = 0, record = x'09' WHERE link = 4", Kind::LinkChanged, [4, 0, 0]),
        ("UPDATE link SET hash = x'00' WHERE link = 4", Kind::Unreadable, [4, 0, 0]),
    ]);
}

#[test]
fn a_forged_record_is_named_however_much_of_the_chain_is_made_to_fit() {
    let forge = |last: Option<u64>| -> Tamper {
        Box::new(move |database| edit_page(database, 4, last, |fields| fields.drained = Some((0, 9))))
    };
    let with_drain = |database: &Connection| {
        edit_page(database, 4, Some(4), |fields| fields.drained = Some((0, 9)));
        by("UPDATE drain SET gte = 0, lt = 9 WHERE drain = 2")(database);
    };
    let to_the_end = |database: &Connection| {
        edit_page(database, 9, Some(9), |fields| fields.url = "https://example.com".into());
    };
    check_cases(vec![
        ("the record", forge(None), Kind::LinkChanged, [4, 2, 0], ""),
        ("its hash too", forge(Some(4)), Kind::DrainChanged, [4, 2, 0], ""),
        ("its drain too", Box::new(with_drain), Kind::LinkChanged, [5, 3, 0], ""),
        ("all but the head file", Box::new(to_the_end), Kind::HeadChanged, [9, 0, 0], ""),
    ]);
}

#[test]
fn summaries_that_differ_are_named() {
    check_statements(&[
        ("UPDATE coverage SET lt = lt + 1 WHERE scope = 1", Kind::CoverageChanged, [0; 3]),
        ("UPDATE coverage SET gte = gte + 1 WHERE scope = 2", Kind::CoverageChanged, [0; 3]),
        ("DELETE FROM coverage WHERE scope = 1", Kind::CoverageChanged, [0; 3]),
        ("INSERT INTO coverage (scope, gte, lt) VALUES (2, 0, 10)", Kind::CoverageChanged, [0; 3]),
        ("INSERT INTO coverage (scope, gte, lt) VALUES (9, 0, 10)", Kind::CoverageChanged, [0; 3]),
        ("UPDATE drain SET lt = lt + 1 WHERE drain = 2", Kind::DrainChanged, [4, 2, 0]),
        ("UPDATE drain SET scope = 2 WHERE drain = 2", Kind::DrainChanged, [4, 2, 0]),
        ("DELETE FROM drain WHERE drain = 2", Kind::DrainChanged, [4, 2, 0]),
        ("INSERT INTO drain VALUES (9, 1, 1, 0, 10)", Kind::DrainChanged, [0; 3]),
        ("UPDATE feed SET activities = activities + 1 WHERE feed = 2", Kind::FeedChanged, [0; 3]),
        ("UPDATE feed SET late_arrivals = 1 WHERE feed = 1", Kind::FeedChanged, [0; 3]),
        ("UPDATE feed SET scope = 1 WHERE feed = 1", Kind::FeedChanged, [0; 3]),
        ("UPDATE feed SET name = 'else' WHERE feed = 1", Kind::FeedChanged, [0; 3]),
        ("DELETE FROM feed WHERE feed = 1", Kind::FeedChanged, [0; 3]),
        ("UPDATE scope SET text = 'wider' WHERE scope = 1", Kind::FeedChanged, [0; 3]),
        ("UPDATE scope SET since = 0 WHERE scope = 1", Kind::FeedChanged, [0; 3]),
        ("DELETE FROM scope WHERE scope = 1", Kind::FeedChanged, [0; 3]),
        ("DELETE FROM identifier_chunk", Kind::IndexChanged, [0; 3]),
        ("DELETE FROM identifier_run; DELETE FROM identifier_chunk", Kind::IndexChanged, [0; 3]),
        ("UPDATE identifier_chunk SET entries = substr(entries, 1, 11)", Kind::IndexChanged, [0; 3]),
        (
            "UPDATE identifier_chunk SET entries = CAST(substr(entries, 1, 10) || x'7f' || substr(entries, 12) AS BLOB)",
            Kind::IndexChanged,
            [0; 3],
        ),
        ("UPDATE identifier_run SET filter = zeroblob(length(filter))", Kind::IndexChanged, [0; 3]),
        ("UPDATE identifier_run SET filter = x''", Kind::IndexChanged, [0; 3]),
    ]);
    let report = tampered(&by("UPDATE coverage SET lt = lt + 60000000 WHERE scope = 1"));
    assert_eq!(
        report.difference.expect("named").message,
        "feed acme claims coverage from 2025-11-24T16:00:40Z to 2025-11-24T16:01:40Z that no drain proves"
    );
}

/// The last page with everything that belongs to it, as it would be in an older copy.
const CUT: &str =
    "DELETE FROM link WHERE link = 9; DELETE FROM page WHERE page = 5; DELETE FROM block WHERE page = 5;
    DELETE FROM block_data WHERE first_sequence = 26; DELETE FROM drain WHERE drain = 5;
    DELETE FROM coverage WHERE scope = 3; UPDATE feed SET activities = 0 WHERE feed = 2;
    DELETE FROM identifier_run WHERE run = (SELECT max(run) FROM identifier_run);
    DELETE FROM identifier_chunk WHERE place = (SELECT max(place) FROM identifier_chunk);";

#[test]
fn an_end_that_was_cut_off_is_named() {
    let head =
        "UPDATE head SET page = 4, sequence = 25, link = 8, hash = (SELECT hash FROM link WHERE link = 8);";
    let whole_cut: &'static str = Box::leak(format!("{CUT}{head}").into_boxed_str());
    check_statements(&[
        (CUT, Kind::TailMissing, [9, 5, 0]),
        (whole_cut, Kind::TailMissing, [9, 5, 0]),
        ("UPDATE head SET link = 8", Kind::HeadChanged, [9, 0, 0]),
        ("UPDATE head SET hash = zeroblob(32)", Kind::HeadChanged, [9, 0, 0]),
        ("UPDATE head SET identity = zeroblob(16)", Kind::HeadChanged, [9, 0, 0]),
    ]);

    // With the head file gone too, an older state cannot be told from a whole one: heads are to be noted elsewhere.
    let place = sample();
    by(whole_cut)(&Connection::open(&place.path).expect("opens"));
    std::fs::remove_file(crate::files::beside(&place.path, ".head")).expect("removes");
    let report = Reader::open(&place.path).expect("opens").check_chain(&mut |_, _| {}).expect("checks");
    assert_eq!((report.difference, report.pages), (None, 4));
}

#[test]
fn progress_grows_to_the_number_of_links() {
    let place = sample();
    let mut calls = Vec::new();
    Reader::open(&place.path)
        .expect("opens")
        .check_chain(&mut |done, total| calls.push((done, total)))
        .expect("checks");
    assert!(calls.is_sorted() && calls.last() == Some(&(9, 9)), "{calls:?}");
}

/// A dictionary is kept twice: damage to one copy is without effect, damage to both is named where it first matters.
#[test]
fn a_dictionary_survives_in_its_second_copy() {
    let place = Place::new();
    let mut ledger = place.open();
    let feed = ledger.register_feed("acme", "one", at(0)).expect("registers");
    let ids: Vec<String> = (0..1_100_u64)
        .map(|row| format!("activity_{:016x}", row.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
        .collect();
    append(&mut ledger, feed, &ids[..1_090], (0, 10)).expect("appends");
    append(&mut ledger, feed, &ids[1_090..], (10, 20)).expect("appends");
    drop(ledger);
    let database = Connection::open(&place.path).expect("opens");
    let difference =
        || Reader::open(&place.path).expect("opens").check_chain(&mut |_, _| {}).expect("checks").difference;
    let copies: i64 =
        database.query_row("SELECT count(*) FROM dictionary", [], |row| row.get(0)).expect("counts");
    assert_eq!((copies, difference()), (2, None));
    for (copy, expected) in [(1, None), (2, Some((Kind::Unreadable, Some(1_091))))] {
        database
            .execute("UPDATE dictionary SET data = zeroblob(9) WHERE copy = ?1", [copy])
            .expect("tampers");
        assert_eq!(
            difference().map(|difference| (difference.kind, difference.sequence)),
            expected,
            "copy {copy}"
        );
    }
}

//! A writer killed at any moment: what it acknowledged is there, nothing is there by half, and a reader beside it
//! never sees anything else.

use crate::processes::{child, child_path};
use crate::support::rows::{IdOrder, Numbers, Rows};
use crate::support::{Page, Place, all, at, check};
use ledger::{Ledger, Options};
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::Duration;

/// Rows of a page: small ones, large ones of several blocks, and empty ones.
fn rows_of(page: u64) -> Vec<crate::support::rows::Row> {
    let mut numbers = Numbers(page);
    let count = match numbers.below(10) {
        0 => 0,
        1 => 1_200,
        _ => numbers.below(60) as usize,
    };
    Rows::new(page ^ 0xABCD, IdOrder::Random).take_rows(count)
}

fn page_of(feed: ledger::FeedId, page: u64) -> Page {
    let second = page as i64 * 10;
    Page::of(feed, rows_of(page)).drained(second, second + 10)
}

#[test]
#[ignore = "the child that is killed"]
fn child_appends_until_killed() {
    let mut ledger = Ledger::open(&child_path(), Options::default()).expect("opens");
    let feed = ledger.register_feed("acme", "scope", at(0)).expect("registers");
    let start = ledger.reader().expect("a reader").feeds().expect("reads")[0]
        .coverage
        .first()
        .map_or(0, |covered| (covered.lt.as_second() - at(0).as_second()) as u64 / 10);
    for page in start.. {
        page_of(feed, page).append(&mut ledger).expect("appends");
        println!("acknowledged {page}");
    }
}

#[test]
fn a_killed_writer_loses_nothing_and_leaves_nothing_by_half() {
    // `LEDGER_TEST_KILLS=1000` for a long run; the seed names the moments.
    let kills = std::env::var("LEDGER_TEST_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(20);
    let mut moments = Numbers(20_241_123);
    let place = Place::new();
    for kill in 0..kills {
        let mut command = child("crash::child_appends_until_killed", &place.path);
        let mut writer = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("starts");
        let output = BufReader::new(writer.stdout.take().expect("piped"));
        let moment = Duration::from_micros(moments.below(150_000));
        let killer = std::thread::spawn(move || {
            std::thread::sleep(moment);
            writer.kill().expect("kills");
            writer.wait().expect("ends");
        });
        let last = output
            .lines()
            .map_while(Result::ok)
            .filter_map(|line| line.strip_prefix("acknowledged ")?.parse::<u64>().ok())
            .last();
        killer.join().expect("killed");
        if place.path.exists() {
            judge(&place, last, kill);
        }
    }
    assert!(all(&place.reader()).len() > 100, "the writer came to work between its deaths");
}

/// Every acknowledged page is there in whole; at most one more is.
fn judge(place: &Place, acknowledged: Option<u64>, kill: u64) {
    let mut ledger =
        Ledger::open(&place.path, Options::default()).unwrap_or_else(|error| panic!("kill {kill}: {error}"));
    assert_eq!(ledger.lost_tail(), None, "kill {kill}");
    let feed = ledger.register_feed("acme", "scope", at(0)).expect("registers");
    let reader = ledger.reader().expect("a reader");
    let coverage = ledger.coverage(feed).expect("known");
    let pages = coverage.latest().map_or(0, |latest| (latest.as_second() - at(0).as_second()) as u64 / 10);
    assert!(
        acknowledged.is_none_or(|last| pages == last + 1 || pages == last + 2),
        "kill {kill}: {pages} pages, {acknowledged:?}"
    );
    let expected: Vec<_> = (0..pages).flat_map(rows_of).collect();
    let entries = all(&reader);
    assert_eq!(entries.len(), expected.len(), "kill {kill}");
    assert!(
        entries.iter().zip(&expected).all(|(entry, row)| entry.id == row.id && entry.raw == row.raw),
        "kill {kill}"
    );
    assert_eq!(check(&reader), expected.len() as u64);
}

#[test]
fn a_reader_beside_a_writer_in_another_process_sees_whole_pages() {
    let place = Place::new();
    drop(place.open());
    let mut command = child("crash::child_appends_until_killed", &place.path);
    let mut writer = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("starts");
    let mut output = BufReader::new(writer.stdout.take().expect("piped"));
    let mut line = String::new();
    while !line.starts_with("acknowledged") {
        line.clear();
        assert!(output.read_line(&mut line).expect("reads") > 0, "the writer lives");
    }
    let drain = std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
    let reader = place.reader();
    let mut seen = 0;
    for _ in 0..15 {
        let before = reader.feeds().expect("reads")[0].activities;
        let entries = all(&reader);
        assert!(entries.iter().map(|entry| entry.sequence).eq(1..=entries.len() as u64));
        assert!(entries.len() as u64 >= before && entries.len() >= seen);
        assert!(check(&reader) >= entries.len() as u64);
        seen = entries.len();
    }
    writer.kill().expect("kills");
    writer.wait().expect("ends");
    drain.join().expect("ends").expect("drained");
    assert!(seen > 0);
    assert!(check(&reader) >= seen as u64, "also after the writer's death, with the log it left");
    assert!(check(&place.reader()) >= seen as u64);
}

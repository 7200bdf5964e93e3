//! A writer that is killed at any moment, a hundred times over, loses and doubles nothing.

#![cfg(unix)]

mod support;

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use index::{EmbeddedIndex, Writer};
use query::{Expression, SearchRequest};

/// Tells this test's own program that it is the writer, and where.
const FOLDER: &str = "CRASH_TEST_FOLDER";
/// Documents between two commits: few, so that a kill falls into every part of one.
const COMMIT_EVERY: u64 = 25;
const KILLS: u64 = 100;

/// What the killed process does: from the cursor on, as the program does it.
fn write(folder: &Path) {
    let mut writer = Writer::open(folder, &support::fields()).expect("the index opens after any crash");
    let from = writer.cursor().sequence;
    for (index, (id, document)) in support::documents().iter().enumerate().skip(from as usize) {
        let sequence = index as u64 + 1;
        writer.add(sequence, id, document).expect("added");
        if sequence.is_multiple_of(COMMIT_EVERY) {
            writer.commit().expect("committed");
        }
    }
    writer.commit().expect("committed");
    writer.rest().expect("merges end");
}

#[test]
fn a_hundred_kills_lose_and_double_nothing() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return write(Path::new(&folder));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let index = EmbeddedIndex::new(folder.path(), support::fields());
    let total = support::documents().len() as u64;
    let mut reached = Vec::new();
    for round in 0..KILLS {
        let mut child = writer(folder.path());
        // Some die before they open, some while they write or merge, each time elsewhere.
        std::thread::sleep(Duration::from_millis(round * 37 % 400));
        child.kill().expect("killed");
        child.wait().expect("gone");
        let cursor = index.cursor().map(|cursor| cursor.sequence).unwrap_or_default();
        assert!(reached.last().is_none_or(|before| *before <= cursor), "the cursor went back to {cursor}");
        if cursor > 0 {
            assert_holds(&index, cursor);
        }
        reached.push(cursor);
        if cursor == total {
            break;
        }
    }
    // The last one is left alone.
    let mut child = writer(folder.path());
    let mut said = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut said).expect("text");
    assert!(child.wait().expect("it ends").success(), "{said}");
    assert_holds(&index, total);
    reached.dedup();
    assert!(reached.len() > 3, "the kills came too early to show anything: {reached:?}");
}

fn writer(folder: &Path) -> std::process::Child {
    Command::new(std::env::current_exe().expect("this program"))
        .args(["a_hundred_kills_lose_and_double_nothing", "--exact"])
        .env(FOLDER, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts")
}

/// Every sequence up to the cursor is there once, and no other.
fn assert_holds(index: &EmbeddedIndex, cursor: u64) {
    let mut request = SearchRequest::new(Expression::Everything, SearchRequest::MAX_SIZE);
    request.fields = Some(vec!["event.sequence".into()]);
    let answer = index.search_now(&request).expect("an answer");
    let mut found: Vec<u64> = answer.hits.iter().map(|hit| hit.sequence).collect();
    found.sort_unstable();
    assert_eq!(found, (1..=cursor).collect::<Vec<_>>());
}

//! A writer that is killed at any moment, a hundred times over, loses and doubles nothing.

#![cfg(unix)]

mod support;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use index::{EmbeddedIndex, Writer};
use query::{Expression, Fields, SearchRequest};

/// Tells this test's own program that it is the writer, and where.
const FOLDER: &str = "CRASH_TEST_FOLDER";
/// Documents between two commits: few, so that a kill falls into every part of one.
const COMMIT_EVERY: u64 = 25;
const KILLS: usize = 100;

/// What the killed process does: from the cursor on, as the program does it.
fn write(folder: &Path, documents: &[(String, Vec<u8>)]) {
    let mut writer = Writer::open(folder, &fields()).expect("the index opens after any crash");
    writeln!(std::io::stdout(), "{OPENED}").expect("the other end listens");
    let from = writer.cursor().sequence;
    for (index, (id, document)) in documents.iter().enumerate().skip(from as usize) {
        let sequence = index as u64 + 1;
        writer.add(sequence, id, document).expect("added");
        if sequence.is_multiple_of(COMMIT_EVERY) {
            writer.commit().expect("committed");
        }
    }
    writer.commit().expect("committed");
    writer.rest().expect("merges end");
}

/// Few fields: a commit takes milliseconds, and what is shown does not depend on them.
fn fields() -> Arc<Fields> {
    let names =
        ["@timestamp", "event.action", "event.id", "event.sequence", "message", "anthropic.audit.metadata"];
    let all = support::fields();
    Arc::new(Fields::new(all.iter().filter(|field| names.contains(&field.name.as_str())).cloned()))
}

/// A line that the writer says once it is open.
const OPENED: &str = "the index is open";

#[test]
fn a_hundred_kills_lose_and_double_nothing() {
    let documents = support::documents();
    if let Some(folder) = std::env::var_os(FOLDER) {
        return write(Path::new(&folder), &documents);
    }
    let total = documents.len() as u64;
    let source = Arc::new(support::Given(documents));
    let (mut kills, mut caught_up, mut steps) = (0, 0, 0);
    while kills < KILLS {
        // From nothing until all is in it, as often as it takes.
        let folder = tempfile::tempdir().expect("a folder");
        let index = EmbeddedIndex::new(folder.path(), fields(), source.clone());
        let mut reached = 0;
        while kills < KILLS && reached < total {
            kills += usize::from(killed(folder.path(), &index, reached, kills));
            let cursor = index.cursor().map(|cursor| cursor.sequence).unwrap_or_default();
            assert!(reached <= cursor, "the cursor went back from {reached} to {cursor}");
            if cursor > 0 {
                assert_holds(&index, cursor);
            }
            steps += usize::from(cursor > reached);
            reached = cursor;
        }
        // The last one is left alone.
        let mut child = writer(folder.path());
        let mut said = String::new();
        child.stderr.take().expect("piped").read_to_string(&mut said).expect("text");
        assert!(child.wait().expect("it ends").success(), "{said}");
        assert_holds(&index, total);
        caught_up += 1;
        assert!(caught_up <= KILLS, "it is too quick to be killed");
    }
    assert!(steps > 20, "only {steps} of {kills} kills came after a commit");
}

/// Starts a writer and kills it: some before it is open, most while it writes, commits or merges, each time elsewhere. Whether it had
/// not ended by itself.
fn killed(folder: &Path, index: &EmbeddedIndex, reached: u64, round: usize) -> bool {
    let mut child = writer(folder);
    if !round.is_multiple_of(10) {
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let _ = lines.map_while(Result::ok).find(|line| line.contains(OPENED));
    }
    // After none, one or two commits of its own, and some of the way to the next.
    let goal = reached + COMMIT_EVERY * (round as u64 % 3);
    let cursor = || index.cursor().map(|cursor| cursor.sequence).unwrap_or_default();
    while cursor() < goal && child.try_wait().expect("a child of ours").is_none() {
        std::thread::sleep(Duration::from_millis(2));
    }
    std::thread::sleep(Duration::from_millis(round as u64 * 37 % 50));
    let alive = child.try_wait().expect("a child of ours").is_none();
    child.kill().expect("killed");
    child.wait().expect("gone");
    alive
}

fn writer(folder: &Path) -> std::process::Child {
    Command::new(std::env::current_exe().expect("this program"))
        .args(["a_hundred_kills_lose_and_double_nothing", "--exact", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts")
}

/// Every sequence up to the cursor is there once, and no other.
fn assert_holds(index: &EmbeddedIndex, cursor: u64) {
    let answer = index
        .search_now(&SearchRequest::new(Expression::Everything, SearchRequest::MAX_SIZE))
        .expect("an answer");
    let mut found: Vec<u64> = answer.hits.iter().map(|hit| hit.sequence).collect();
    found.sort_unstable();
    assert_eq!(found, (1..=cursor).collect::<Vec<_>>());
}

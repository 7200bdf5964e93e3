//! What is kept of the vendor's transparency log: in the chain where it is evidence, beside it where it is progress.

use crate::support::{Page, Place, at, check, row};
use ledger::{DifferenceKind, ErrorKind, Failure, FeedId, Ledger, LoggedRow, NewBreak, NewCheckpoint};
use rusqlite::Connection;

const ORIGIN: &str = "axt.anthropic.com/25f6429a-3293-49bf-afed-cb312911554b";

fn checkpoint(tree_size: u64, note: &str) -> NewCheckpoint<'_> {
    let consistency: &[u8] = if tree_size > 2 { &[5; 64] } else { &[] };
    NewCheckpoint { origin: ORIGIN, tree_size, note, public_key: &[0x30, 0x59, 1], consistency }
}

fn forked() -> NewBreak {
    NewBreak {
        origin: ORIGIN.to_owned(),
        kind: "forked".to_owned(),
        sequence: None,
        detail: "size 3 has two roots".to_owned(),
        evidence: "the other note\n".to_owned(),
    }
}

fn logged(sequence: u64, leaf_index: Option<u64>) -> LoggedRow {
    let origin = Some(ORIGIN.to_owned());
    LoggedRow { sequence, origin, leaf_index, created_at: at(10), waits_since: None }
}

/// Three activities, two checkpoints, two proofs and a break.
fn fill(ledger: &mut Ledger) -> FeedId {
    let feed = ledger.register_feed("acme", "scope", at(0)).expect("registers");
    Page::of(feed, vec![row("a", 10), row("b", 11), row("c", 12)])
        .drained(0, 100)
        .append(ledger)
        .expect("appends");
    assert_eq!(ledger.accept_checkpoint(feed, &checkpoint(2, "first\n"), at(20)).expect("keeps"), 1);
    ledger.prove_leaf(1, 1, 0, &[1; 32], at(21)).expect("keeps");
    assert_eq!(ledger.accept_checkpoint(feed, &checkpoint(3, "second\n"), at(30)).expect("keeps"), 2);
    ledger.prove_leaf(2, 3, 2, &[2; 64], at(31)).expect("keeps");
    ledger.prove_leaf(2, 3, 1, &[3; 64], at(32)).expect("the first proof stands");
    assert!(ledger.record_break(feed, &forked(), at(40)).expect("keeps"));
    assert!(ledger.acknowledge_break(1, "the vendor explained it", "ana", at(45)).expect("keeps"));
    feed
}

#[test]
fn checkpoints_proofs_and_breaks_are_kept_in_the_chain() {
    let place = Place::new();
    let mut ledger = place.open();
    let feed = fill(&mut ledger);
    let links = place.reader().check_chain(&mut |_, _| {}).expect("checks").links;
    assert!(!ledger.record_break(feed, &forked(), at(50)).expect("known"), "told once");
    assert!(!ledger.acknowledge_break(1, "no, he did not", "bo", at(51)).expect("known"), "the first stands");
    for number in [0, 2] {
        let refused = ledger.acknowledge_break(number, "why", "ana", at(52)).expect_err("no such break");
        assert_eq!(refused.kind(), ErrorKind::InvalidInput, "{refused}");
    }
    drop(ledger);
    let ledger = place.open();
    let reader = ledger.reader().expect("opens");
    let report = reader.check_chain(&mut |_, _| {}).expect("checks");
    assert_eq!((report.difference, report.links), (None, links));
    let checkpoints = reader.checkpoints(feed).expect("reads");
    let told: Vec<_> =
        checkpoints.iter().map(|kept| (kept.number, kept.tree_size, kept.note.as_str())).collect();
    assert_eq!(told, [(1, 2, "first\n"), (2, 3, "second\n")]);
    assert_eq!((checkpoints[1].accepted_at, checkpoints[1].consistency.len()), (at(30), 64));
    let leaves = reader.proven_leaves(feed).expect("reads");
    let told: Vec<_> = leaves
        .iter()
        .map(|leaf| (leaf.sequence, leaf.checkpoint, leaf.leaf_index, leaf.path.len()))
        .collect();
    assert_eq!(told, [(1, 1, 0, 32), (3, 2, 2, 64)]);
    assert_eq!(reader.link_hash(leaves[1].link).expect("reads").map(|hash| hash.len()), Some(32));
    let breaks = reader.log_breaks(feed).expect("reads");
    assert_eq!((breaks.len(), &breaks[0].told, breaks[0].found_at), (1, &forked(), at(40)));
    let acknowledged = breaks[0].acknowledged.as_ref().expect("acknowledged");
    assert_eq!(
        (acknowledged.reason.as_str(), acknowledged.by.as_str(), acknowledged.at, acknowledged.link),
        ("the vendor explained it", "ana", at(45), breaks[0].link + 1)
    );
}

#[test]
fn what_is_changed_by_another_hand_is_named() {
    for (sql, words) in [
        ("UPDATE checkpoint SET note = 'forged' WHERE checkpoint = 2", "the checkpoint of link"),
        ("DELETE FROM checkpoint WHERE checkpoint = 2", "the checkpoint of link"),
        ("UPDATE proven_leaf SET leaf_index = 1 WHERE sequence = 3", "the proof of link"),
        ("INSERT INTO proven_leaf VALUES (2, 1, 1, 1, x'00', 0)", "the proof of link"),
        ("DELETE FROM log_break", "the break of link"),
        ("DELETE FROM log_acknowledgement", "the acknowledgement of link"),
        ("UPDATE log_acknowledgement SET reason = 'another'", "the acknowledgement of link"),
        (
            "INSERT INTO log_acknowledgement VALUES (2, 1, 'r', 'b', 0)",
            "one acknowledgement of the transparency log is kept that no link speaks of",
        ),
        (
            "INSERT INTO log_break VALUES (2, 1, 1, 'o', 'k', 0, 'd', 'e', 0)",
            "one break of the transparency log is kept that no link speaks of",
        ),
    ] {
        let place = Place::new();
        let mut ledger = place.open();
        fill(&mut ledger);
        drop(ledger);
        let changed = Connection::open(&place.path).expect("opens").execute(sql, []).expect("tampers");
        assert_eq!(changed, 1, "{sql}");
        let report = place.reader().check_chain(&mut |_, _| {}).expect("checks");
        let difference = report.difference.unwrap_or_else(|| panic!("{sql} goes unnoticed"));
        assert_eq!(difference.kind, DifferenceKind::TransparencyChanged, "{sql}: {difference:?}");
        assert!(difference.message.contains(words), "{sql}: {difference:?}");
    }
}

#[test]
fn a_proof_needs_its_activity_and_its_checkpoint() {
    let place = Place::new();
    let mut ledger = place.open();
    fill(&mut ledger);
    let before = check(&place.reader());
    for (checkpoint, sequence) in [(3, 2), (0, 2), (2, 4)] {
        let error = ledger.prove_leaf(checkpoint, sequence, 1, &[], at(50)).expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    }
    assert_eq!(check(&place.reader()), before);
}

#[test]
fn progress_is_kept_beside_the_chain() {
    let place = Place::new();
    let mut ledger = place.open();
    let feed = fill(&mut ledger);
    let head = place.reader().chain_head().expect("reads");
    ledger
        .note_logged_rows(feed, 3, &[logged(1, Some(0)), logged(2, None), logged(3, Some(2))])
        .expect("keeps");
    ledger.note_logged_rows(feed, 2, &[logged(1, Some(7))]).expect("keeps what was there");
    ledger.note_waiting(3, at(60)).expect("notes");
    ledger.note_waiting(3, at(70)).expect("the first time counts");
    let failure = Failure {
        at: at(61),
        kind: "connection".to_owned(),
        message: "no answer".to_owned(),
        hint: "look at the network".to_owned(),
        request_id: None,
    };
    ledger.note_log_check(feed, ORIGIN, None, at(60)).expect("notes");
    ledger.note_log_check(feed, ORIGIN, Some(&failure), at(61)).expect("notes");
    let reader = place.reader();
    let rows = reader.logged_rows(feed).expect("reads");
    let expected =
        [logged(1, Some(0)), logged(2, None), LoggedRow { waits_since: Some(at(60)), ..logged(3, Some(2)) }];
    assert_eq!(rows, expected);
    assert_eq!(reader.logged_rows_known(feed).expect("reads"), 3);
    let checks = reader.log_checks(feed).expect("reads");
    assert_eq!((checks[0].tried_at, checks[0].checked_at), (at(61), Some(at(60))));
    assert_eq!(checks[0].failure.as_ref(), Some(&failure));
    ledger.note_log_check(feed, ORIGIN, None, at(80)).expect("notes");
    assert_eq!(reader.log_checks(feed).expect("reads")[0].failure, None);
    assert_eq!(reader.chain_head().expect("reads"), head);
}

//! What sinks have settled is kept beside the writer, and touches nothing of the chain.

use crate::support::{Page, Place, at, check, row};
use ledger::{ErrorKind, Failure, Refused, SinkStore};

fn refused(sequence: u64, reason: &str) -> Refused<'_> {
    Refused { sequence, reason }
}

fn letters(place: &Place, sink: &str) -> Vec<(u64, String, u64)> {
    let letters = place.reader().dead_letters(sink, 0, 100).expect("reads");
    letters.into_iter().map(|letter| (letter.sequence, letter.reason, letter.attempts)).collect()
}

#[test]
fn cursor_letters_and_failure_are_kept_beside_an_open_writer() {
    let place = Place::new();
    let mut ledger = place.open();
    let feed = ledger.register_feed("acme", "all", at(0)).expect("registers");
    let mut store = SinkStore::open(&place.path).expect("opens");
    assert_eq!(store.begin("siem", 0).expect("begins"), 0);
    for sequence in 1..=10 {
        Page::of(feed, vec![row(&format!("a{sequence}"), sequence)]).append(&mut ledger).expect("appends");
        if sequence == 4 {
            store.settle("siem", 0, 4, &[refused(2, "no"), refused(3, "never")], at(50)).expect("settles");
        }
    }
    let failure = Failure {
        at: at(60),
        kind: "unavailable".into(),
        message: "connection refused".into(),
        hint: "start it".into(),
        request_id: None,
    };
    store.fail("siem", &failure).expect("notes");
    assert_eq!(store.begin("siem", 7).expect("is known"), 4);
    assert_eq!(store.begin("lake", 9).expect("is new"), 9);

    let sinks = place.reader().sinks().expect("reads");
    let told: Vec<_> =
        sinks.iter().map(|sink| (sink.name.as_str(), sink.cursor, sink.dead_letters)).collect();
    assert_eq!(told, [("lake", 9, 0), ("siem", 4, 2)]);
    assert_eq!((sinks[1].last_error.as_ref(), sinks[1].settled_at), (Some(&failure), Some(at(50))));

    store.settle("siem", 4, 10, &[], at(70)).expect("settles");
    let siem = place.reader().sinks().expect("reads").remove(1);
    assert_eq!((siem.cursor, siem.last_error, siem.dead_letters), (10, None, 2));
    assert_eq!(check(&place.reader()), 10, "the chain knows nothing of it");
}

#[test]
fn letters_that_were_tried_again_stay_or_go() {
    let place = Place::new();
    drop(place.open());
    let mut store = SinkStore::open(&place.path).expect("opens");
    let first = [refused(2, "no"), refused(3, "no"), refused(7, "no"), refused(9, "no")];
    store.settle("siem", 0, 10, &first, at(0)).expect("settles");
    store.settle("other", 0, 10, &[refused(2, "no")], at(0)).expect("settles");

    store.retried("siem", &[2, 3], &[refused(3, "still no")], at(1)).expect("stores");
    assert_eq!(
        letters(&place, "siem"),
        [(3, "still no".into(), 2), (7, "no".into(), 1), (9, "no".into(), 1)]
    );

    // A stretch that is sent again: what was refused in it before and is not now is there.
    store.settle_again("siem", 2, 8, &[refused(4, "new"), refused(7, "again")], at(2)).expect("stores");
    assert_eq!(letters(&place, "siem"), [(4, "new".into(), 1), (7, "again".into(), 2), (9, "no".into(), 1)]);
    assert_eq!(place.reader().sinks().expect("reads")[1].cursor, 10, "the cursor stays");

    assert_eq!(store.drop_letters("siem", Some(&[4, 5])).expect("drops"), 1);
    assert_eq!(store.drop_letters("siem", None).expect("drops"), 2);
    assert_eq!((letters(&place, "siem").len(), letters(&place, "other").len()), (0, 1));
}

#[test]
fn long_reasons_are_cut_and_odd_names_refused() {
    let place = Place::new();
    drop(place.open());
    let mut store = SinkStore::open(&place.path).expect("opens");
    let long = "é".repeat(10_000);
    store.settle("siem", 0, 1, &[refused(1, &long)], at(0)).expect("settles");
    assert_eq!(letters(&place, "siem")[0].1.len(), 4096);
    for name in ["", long.as_str()] {
        assert_eq!(store.begin(name, 0).expect_err("no name").kind(), ErrorKind::InvalidInput);
    }
    assert_eq!(
        SinkStore::open(&place.folder().join("absent")).expect_err("absent").kind(),
        ErrorKind::Missing
    );
}

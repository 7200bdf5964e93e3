//! Names of things: kept beside the chain.

use crate::support::{Page, Place, at, check, row};
use ledger::{KnownName, KnownNames};

fn name(id: &str, sequence: u64, name: &str) -> KnownName {
    KnownName { kind: "user".to_owned(), id: id.to_owned(), sequence, name: name.to_owned() }
}

#[test]
fn names_are_kept_by_sequence_and_not_in_the_chain() {
    let place = Place::new();
    let mut ledger = place.open();
    let feed = ledger.register_feed("acme", "scope", at(0)).expect("registers");
    Page::of(feed, vec![row("a", 10)]).drained(0, 100).append(&mut ledger).expect("appends");
    let reader = place.reader();
    assert_eq!(reader.known_names().expect("reads"), KnownNames::default());
    let links = check(&reader);

    let names = [
        name("user_1", 1, "ana@example.com"),
        name("user_1", 9, "ana@example.org"),
        name("user_2", 3, "ben"),
    ];
    ledger.remember_names(9, &names).expect("keeps");
    ledger.remember_names(5, &[name("user_2", 3, "ben@example.com")]).expect("keeps");
    ledger.remember_names(12, &[]).expect("keeps");
    let known = reader.known_names().expect("reads");
    assert_eq!(known.until, 12, "never goes back");
    assert_eq!(known.names, [names[0].clone(), names[1].clone(), name("user_2", 3, "ben@example.com")]);
    assert_eq!(check(&reader), links);
    drop(ledger);
    let ledger = place.open();
    assert_eq!(ledger.reader().expect("opens").known_names().expect("reads"), known);
}

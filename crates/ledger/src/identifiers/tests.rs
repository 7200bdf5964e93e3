use super::*;
use crate::schema;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn connection() -> Connection {
    let connection = Connection::open_in_memory().expect("memory");
    connection.execute_batch(schema::TABLES).expect("the tables of version 1");
    connection
}

/// Fingerprints spread over the whole range, a few of them equal.
fn fingerprint(number: u64) -> u64 {
    (number / 2).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 16
}

/// Everything the runs hold, read chunk by chunk.
fn all(connection: &Connection) -> BTreeSet<Identifier> {
    let mut statement = connection.prepare("SELECT entries FROM identifier_chunk").expect("prepares");
    let chunks = statement.query_map([], |row| row.get::<_, Vec<u8>>(0)).expect("queries");
    let mut all = BTreeSet::new();
    for chunk in chunks {
        for entry in entries(&chunk.expect("a row")).expect("whole entries") {
            assert!(all.insert(entry), "stored twice: {entry:?}");
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn runs_hold_what_was_added(pages in prop::collection::vec(1_u64..400, 1..60)) {
        let connection = connection();
        let mut index = Identifiers::default();
        let mut model = BTreeSet::new();
        let mut sequence = 0;
        for page in pages {
            let new: Vec<Identifier> = (0..page).map(|_| {
                sequence += 1;
                Identifier { fingerprint: fingerprint(sequence), sequence }
            }).collect();
            model.extend(new.iter().copied());
            let change = index.add(&connection, new).expect("adds");
            index.apply(change);
        }
        prop_assert_eq!(&all(&connection), &model);
        let total = model.iter().fold(0_u128, |total, entry| total.wrapping_add(sum(*entry)));
        prop_assert_eq!(audit(&connection).expect("every entry is where it is looked for"), (model.len() as u64, total));
        for tier in 0..TIER_MAX {
            prop_assert!(index.runs.iter().filter(|run| run.tier() == tier).count() < RUNS_PER_TIER);
        }

        let loaded = Identifiers::load(&connection).expect("loads");
        let mut asked: Vec<u64> = (0..sequence + 50).map(fingerprint).collect();
        asked.sort_unstable();
        asked.dedup();
        for index in [&index, &loaded] {
            let found: BTreeSet<(u64, u64)> = index.find(&connection, &asked).expect("finds")
                .into_iter().map(|(place, sequence)| (asked[place], sequence)).collect();
            let expected: BTreeSet<(u64, u64)> = model.iter().filter(|entry| asked.binary_search(&entry.fingerprint).is_ok())
                .map(|entry| (entry.fingerprint, entry.sequence)).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn the_sum_is_free_of_order_and_notices_a_change(mut numbers in prop::collection::vec((0_u64..1 << 48, 0_u64..1 << 40), 1..20), place in any::<prop::sample::Index>(), bit in 0..40) {
        let set = |numbers: &[(u64, u64)]| numbers.iter().fold(0_u128, |total, (fingerprint, sequence)| total.wrapping_add(sum(Identifier { fingerprint: *fingerprint, sequence: *sequence })));
        let before = set(&numbers);
        numbers.reverse();
        prop_assert_eq!(set(&numbers), before);
        let place = place.index(numbers.len());
        numbers[place].1 ^= 1_u64 << bit;
        prop_assert_ne!(set(&numbers), before);
    }
}

#[test]
fn few_foreign_fingerprints_pass_a_filter() {
    let mut filter = Filter::for_entries(10_000);
    (0..20_000).step_by(2).for_each(|number| filter.insert(fingerprint(number)));
    assert!((0..20_000).all(|number| filter.may_hold(fingerprint(number))));
    let passed = (20_000..220_000).step_by(2).filter(|number| filter.may_hold(fingerprint(*number))).count();
    assert!(passed < 1_000, "{passed} of 100,000");
}

#[test]
fn damage_is_an_error() {
    let cases = [
        "UPDATE identifier_chunk SET entries = x'0102'",
        "UPDATE identifier_chunk SET entries = x''",
        "DELETE FROM identifier_chunk",
    ];
    for case in cases {
        let connection = connection();
        let mut index = Identifiers::default();
        for page in 0..7 {
            let new = (0..5)
                .map(|row| Identifier { fingerprint: fingerprint(page * 5 + row), sequence: page * 5 + row })
                .collect();
            let change = index.add(&connection, new).expect("adds");
            index.apply(change);
        }
        connection.execute_batch(case).expect("tampers");
        let new = vec![Identifier { fingerprint: 1, sequence: 100 }; 5];
        let error = index.add(&connection, new).expect_err("the merge meets the damage");
        assert_eq!(error.kind(), crate::ErrorKind::Damaged, "{case}: {error}");
    }
}

//! Whatever comes in, one valid document comes out, and the same one again.

use normalize::{Context, Normalizer, catalog, sentence};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::generator::activity;
use crate::support::normalized;

/// Any JSON, with names that mean something to the normaliser among those that do not.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        prop::sample::select(vec![
            "user_actor",
            "federated_actor",
            "api_key_created",
            "2026-11-23T08:14:05Z",
            "a@b",
            "::ffff:1.2.3.4"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((name(), inner), 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::sample::select(normalize::vocabulary::all().iter().map(|field| field.name.to_owned()).collect::<Vec<_>>()),
        2 => prop::sample::select(vec!["actor", "type", "provider", "ip_address", "issuer", "subject", "audience"]).prop_map(str::to_owned),
        1 => ".{0,8}",
    ]
}

/// An activity some of whose values were swapped for others.
pub(crate) fn mutated_activity() -> impl Strategy<Value = Value> {
    let kinds: Vec<&str> = catalog::all().iter().map(|entry| entry.name).collect();
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any_json()), 0..4);
    (prop::sample::select(kinds), 0..4_u32, changes, prop::option::of((name(), any_json()))).prop_map(
        |(kind, variant, changes, added)| {
            let mut row: Map<String, Value> = serde_json::from_str(&activity(kind, variant)).expect("a row");
            for (place, value) in changes {
                let name = row.keys().nth(place.index(row.len())).expect("a member").clone();
                row.insert(name, value);
            }
            row.extend(added);
            Value::Object(row)
        },
    )
}

fn check(raw: &[u8]) -> Result<(), TestCaseError> {
    let (document, outcome) = normalized(raw);
    let (again, same) = normalized(raw);
    prop_assert_eq!(&document, &again);
    prop_assert_eq!(&outcome, &same);
    prop_assert!(document["@timestamp"].as_str().is_some_and(|time| time.parse::<jiff::Timestamp>().is_ok()));
    prop_assert!(document["message"].as_str().is_some_and(|message| !message.is_empty()));
    let kind = if outcome.failed { "pipeline_error" } else { "event" };
    prop_assert_eq!(&document["event"]["kind"], kind);
    prop_assert_eq!(document["error"]["message"].as_array().map_or(0, Vec::len), outcome.issues.len());
    prop_assert_eq!(document["event"].get("category").is_some(), !outcome.failed);
    if outcome.failed && !String::from_utf8_lossy(raw).trim().is_empty() {
        prop_assert!(document["event"]["original"].is_string());
    }
    prop_assert!(!sentence(raw).contains(char::is_control));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_bytes_give_a_document(raw in prop::collection::vec(any::<u8>(), 0..200)) {
        check(&raw)?;
    }

    #[test]
    fn any_json_gives_a_document(value in any_json()) {
        check(value.to_string().as_bytes())?;
    }

    #[test]
    fn any_mutated_activity_gives_a_document(value in mutated_activity()) {
        check(value.to_string().as_bytes())?;
    }

    #[test]
    fn any_broken_activity_gives_a_document(value in mutated_activity(), place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut raw = value.to_string().into_bytes();
        let place = place.index(raw.len());
        raw[place] = byte;
        check(&raw)?;
        raw.truncate(place);
        check(&raw)?;
    }

    /// Read again, the same bytes: the writer holds no state between activities.
    #[test]
    fn one_buffer_serves_many(values in prop::collection::vec(mutated_activity(), 1..4)) {
        let normalizer = Normalizer::default();
        let mut together = Vec::new();
        let mut apart = Vec::new();
        for value in &values {
            normalizer.ecs(value.to_string().as_bytes(), &Context::default(), &mut together);
            let mut one = Vec::new();
            normalizer.ecs(value.to_string().as_bytes(), &Context::default(), &mut one);
            apart.extend(one);
        }
        prop_assert_eq!(together, apart);
        prop_assert!(json!(values).is_array());
    }
}

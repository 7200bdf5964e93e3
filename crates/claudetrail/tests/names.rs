//! Names as of each activity, end to end: the same document whoever learnt the names and whenever it is written.

mod support;

use std::collections::HashMap;

use serde_json::Value;
use support::{Place, Simulator};

#[test]
fn a_document_says_the_same_name_in_every_replay() {
    let simulator = Simulator::start(&["--activities", "8000", "--history", "10d"]);
    let place = Place::new(
        &simulator.base_url,
        "initial_lookback = \"10d\"\nsettle = \"2s\"\noverlap_floor = \"60s\"",
    );
    place.succeed(&["run", "--once"]);
    let whole = place.export(&["--schema", "ecs"]);
    assert!(whole.len() > 5_000, "{}", whole.len());
    assert_eq!(whole, place.export(&["--schema", "ecs"]));

    let read = |line: &String| serde_json::from_str::<Value>(line).expect("a document");
    let by_id: HashMap<String, Value> =
        whole.iter().map(read).map(|document| (document["event"]["id"].to_string(), document)).collect();
    // A part of the ledger, before which the names of its documents were told.
    let part = place.export(&["--schema", "ecs", "--type", "compliance_api_accessed"]);
    assert!(part.len() > 500, "{}", part.len());
    for document in part.iter().map(read) {
        assert_eq!(Some(&document), by_id.get(&document["event"]["id"].to_string()));
    }
    // The feed names an organization now and then, and its id with everything.
    let named = by_id.values().filter(|document| document["organization"]["name"].is_string()).count();
    let told = place
        .export(&[])
        .iter()
        .filter(|raw| raw.contains("org_name") || raw.contains("organization_name"))
        .count();
    assert!(told > 0 && named > 10 * told, "{named} named by {told}");
}

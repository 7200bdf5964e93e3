//! Exports, end to end: the same document whoever learnt the names in it and whenever it is written, and a Parquet file that
//! a reader that is not ours (`DuckDB`, fetched by `make schemas`) reads as the same documents.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

use jiff::Timestamp;
use serde_json::Value;

use crate::support::{Place, Simulator};

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
    duckdb_reads_the_same(&place, &by_id);
}

/// Compares each value of each row, and that nothing of a document is without a column.
fn duckdb_reads_the_same(place: &Place, by_id: &HashMap<String, Value>) {
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dev/schemas");
    let python = schemas.join(".venv/bin/python");
    if !python.exists() {
        assert!(std::env::var_os("CI").is_none(), "{} is missing: run make schemas", python.display());
        return eprintln!("left out for want of {}: run make schemas", python.display());
    }
    let file = place.path("activities.parquet");
    place.succeed(&["export", "--format", "parquet", "--output", &file.to_string_lossy()]);
    let output =
        Command::new(python).arg(schemas.join("parquet.py")).arg(&file).output().expect("python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rows = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(rows.lines().count(), by_id.len());
    for row in rows.lines() {
        let row: serde_json::Map<String, Value> = serde_json::from_str(row).expect("a row");
        let document = &by_id[&row["event.id"].to_string()];
        let mut covered = 0;
        for (name, found) in row.iter().filter(|(_, found)| !found.is_null()) {
            let written = name.split('.').fold(document, |value, member| &value[member]);
            assert_same(name, found, written);
            // A member of a bag is in its bag's column as well.
            let of_a_bag = name.starts_with("anthropic.audit.metadata.");
            covered += if of_a_bag { 0 } else { leaves(written) };
        }
        assert_eq!(covered, leaves(document), "{row:?} of {document}");
    }
}

/// Times are equal as times, and what has no fixed shape is the text of its JSON.
fn assert_same(name: &str, found: &Value, written: &Value) {
    let listed = |value: &Value| match value {
        Value::Array(elements) => elements.clone(),
        other => vec![other.clone()],
    };
    if let (Value::String(text), Value::Object(_) | Value::Array(_)) = (found, written) {
        assert_eq!(serde_json::from_str::<Value>(text).ok().as_ref(), Some(written), "{name}");
        return;
    }
    let time = |value: &Value| value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let (found, written) = (listed(found), listed(written));
    assert_eq!(found.len(), written.len(), "{name}");
    for (found, written) in found.iter().zip(&written) {
        let same = found == written || time(found).is_some_and(|found| Some(found) == time(written));
        // Numbers without decimals come back with them from a column that may have some.
        let same = same || found.as_f64().is_some_and(|found| Some(found) == written.as_f64());
        assert!(same || found.as_str() == Some(&written.to_string()), "{name}: {found} for {written}");
    }
}

/// How many values stand in a document.
fn leaves(value: &Value) -> usize {
    match value {
        Value::Object(members) => members.values().map(leaves).sum(),
        Value::Array(elements) => elements.iter().map(leaves).sum(),
        _ => 1,
    }
}

//! Keys that change under a running collector: a rotated one heals by itself, and one of another parent organization is noticed.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::support::{KEY, Place, Simulator, assert_same_rows, sorted_lines, wait_for};

/// A collector of the last hour of a simulated organization, with its key in a file.
fn place(simulator: &Simulator) -> Place {
    let place = Place::new(
        &simulator.base_url,
        "api_key = { file = \"key.txt\" }\npoll_interval = \"1s\"\ninitial_lookback = \"12h\"\nsettle = \"2s\"\n\
         overlap_floor = \"5s\"\nbudget_share = 1.0",
    );
    give(&place, KEY);
    place
}

fn give(place: &Place, key: &str) {
    let new = place.path("key.new");
    std::fs::write(&new, key).expect("written");
    std::fs::rename(new, place.path("key.txt")).expect("renamed");
}

/// From now on the API takes this key alone, and it is in the file.
fn change_key(simulator: &Simulator, place: &Place, key: &str, parent: Option<&str>) {
    let mut accepted = json!({ "key": key });
    if let Some(parent) = parent {
        accepted["parent"] = parent.into();
    }
    simulator.put("/simulator/keys", &json!([accepted]).to_string());
    give(place, key);
}

fn feed(place: &Place) -> Value {
    place.status()["feeds"][0].clone()
}

/// Waits until the feed is covered to `end` without a gap, under the parent of this number.
fn covered(place: &Place, end: Timestamp, parent: Option<u64>) -> Timestamp {
    wait_for("coverage", Duration::from_mins(3), || {
        let until: Timestamp = place.covered_until()?.parse().ok()?;
        let feed = feed(place);
        let found = feed["parent"]["number"].as_u64();
        let start = feed["coverage"][0]["gte"].as_str()?.parse().ok()?;
        (until >= end && found == parent).then_some(start)
    })
}

fn rows_of(simulator: &Simulator, parent: &str, from: Timestamp, to: Timestamp) -> Vec<String> {
    let query = format!("created_at.gte={from}&created_at.lt={to}{parent}");
    sorted_lines(&simulator.get(&format!("/simulator/activities?{query}")))
}

#[test]
fn a_rotated_key_heals_and_a_key_of_another_organization_is_told_from_it() {
    let simulator = Simulator::start(&["--activities", "30000", "--history", "1d", "--indexing-lag", "1s"]);
    let place = place(&simulator);
    let collector = place.start(&["run"]);
    let start = covered(&place, Timestamp::now(), None);

    change_key(&simulator, &place, "sk-ant-api01-rotated", None);
    covered(&place, Timestamp::now(), None);

    change_key(&simulator, &place, "sk-ant-api01-elsewhere", Some("foreign"));
    let changed = Timestamp::now();
    covered(&place, changed, Some(2));
    let said = String::from_utf8(place.succeed(&["status"])).expect("text");
    assert!(
        said.contains("another parent organization: ") && said.contains("  hint: if that was not meant"),
        "{said}"
    );
    let found = place.export_between(start, changed);
    let theirs = rows_of(&simulator, "&parent=foreign", start, changed);
    assert!(
        !theirs.is_empty() && theirs.iter().all(|row| found.binary_search(row).is_ok()),
        "{}",
        theirs.len()
    );

    change_key(&simulator, &place, KEY, None);
    let back = Timestamp::now();
    covered(&place, back, Some(1));
    assert!(collector.terminate().success(), "{}", place.log());
    let mut expected = rows_of(&simulator, "", start, back);
    // What was fetched of the other organization stays.
    let found = place.export_between(start, back);
    let others = rows_of(&simulator, "&parent=foreign", start, back);
    expected.extend(others.into_iter().filter(|row| found.binary_search(row).is_ok()));
    expected.sort_unstable();
    assert_same_rows(&found, &expected, &place.log());
    place.succeed(&["verify"]);
    let (log, key) = (place.log(), "sk-ant-api01-");
    assert!(!log.contains(key), "a key is in the log");
}

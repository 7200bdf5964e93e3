//! Searching, end to end, with the real program: what the index answers is what the ledger holds.

use std::time::Duration;

use serde_json::Value;

use crate::support::{Place, Simulator, wait_for};

/// A trail of some days, indexed while it was collected.
fn collected(config: &str) -> (Simulator, Place) {
    let simulator =
        Simulator::start(&["--activities", "4000", "--history", "4d", "--requests-per-minute", "6000"]);
    let place = Place::new(&simulator.base_url, "");
    place.configure(&format!(
        "{config}\n[[feed]]\nname = \"acme\"\nbase_url = \"{}\"\npoll_interval = \"1s\"\ninitial_lookback = \"4d\"\n\
         settle = \"3s\"\noverlap_floor = \"60s\"\n",
        simulator.base_url
    ));
    place.succeed(&["run", "--once"]);
    (simulator, place)
}

fn search(place: &Place, arguments: &[&str]) -> Value {
    let all: Vec<&str> = ["search"].iter().chain(arguments).chain(&["--format", "json"]).copied().collect();
    serde_json::from_slice(&place.succeed(&all)).expect("JSON")
}

fn lines(output: &[u8]) -> Vec<String> {
    crate::support::sorted_lines(output)
}

#[test]
fn what_the_index_finds_is_what_the_ledger_holds() {
    let (_simulator, place) = collected("");
    let total = place.export(&[]).len();
    let found = search(&place, &["--limit", "3"]);
    assert_eq!(found["total"], total);
    assert_eq!(found["hits"].as_array().map(Vec::len), Some(3));

    // The index answers `search`; `export` judges every document for itself.
    for query in [
        "event.action:claude_* and not source.ip:10.0.0.0/8",
        "event.outcome:failure",
        "event.severity >= 40 or user.email:*a@*",
        "\"signed in\"",
        "@timestamp >= now-2d/d and event.category:(iam or configuration)",
    ] {
        let by_index = place.succeed(&["search", query, "--limit", "100000", "--format", "ndjson"]);
        let by_ledger = place.succeed(&["export", query, "--schema", "ecs"]);
        assert_eq!(lines(&by_index), lines(&by_ledger), "{query}");
        let followed = place.succeed(&["tail", query, "-n", "100000", "--format", "ecs"]);
        assert_eq!(lines(&followed), lines(&by_ledger), "{query}");
    }

    let table = place.succeed(&["search", "event.outcome:failure", "--limit", "5"]);
    let table = String::from_utf8(table).expect("text");
    assert!(table.starts_with("time") && table.lines().count() >= 2, "{table}");
    let csv = place.succeed(&[
        "export",
        "event.outcome:failure",
        "--format",
        "csv",
        "--fields",
        "event.id,event.outcome",
    ]);
    let csv = String::from_utf8(csv).expect("text");
    assert!(
        csv.starts_with("event.id,event.outcome\n")
            && csv.lines().skip(1).all(|line| line.ends_with(",failure")),
        "{csv}"
    );

    let stats: Value =
        serde_json::from_slice(&place.succeed(&["stats", "--json", "--top", "500"])).expect("JSON");
    let outcomes: u64 =
        stats["outcomes"].as_array().expect("a list").iter().filter_map(|one| one["count"].as_u64()).sum();
    assert_eq!((stats["total"].as_u64(), outcomes), (Some(total as u64), total as u64));
    place.succeed(&["stats", "event.category:authentication", "--from", "2d"]);

    let rebuilt = String::from_utf8(place.succeed(&["index", "rebuild"])).expect("text");
    assert!(rebuilt.contains(" documents in "), "{rebuilt}");
    let index: Value = serde_json::from_slice(&place.succeed(&["index", "status", "--json"])).expect("JSON");
    assert_eq!(
        (index["documents"].as_u64(), index["behind"].as_u64()),
        (Some(total as u64), Some(0)),
        "{index}"
    );
}

#[test]
fn an_index_that_is_not_kept_up_is_made_when_it_is_asked() {
    let (_simulator, place) = collected("[index]\nenabled = false\nretention = \"36h\"\n");
    assert!(!place.data_dir().join("index").exists());
    let total = search(&place, &[])["total"].as_u64().expect("a total") as usize;
    let kept = place.export(&["--from", "36h"]).len();
    let all = place.export(&[]).len();
    // Some seconds passed between the two.
    assert!(total < all && total.abs_diff(kept) <= 20, "{total} of {kept}, {all} in all");
}

#[test]
fn mistakes_are_pointed_at() {
    let (_simulator, place) = collected("");
    for (arguments, said) in [
        (&["search", "event.acton:x"][..], "  event.acton:x\n  ^\nhint: did you mean event.action?"),
        (&["search", "event.action:(a"], "a parenthesis is not closed"),
        (&["search", "--sort", "messag"], "did you mean message?"),
        (&["export", "event.severity:high"], "holds whole numbers"),
        (&["tail", "source.ip:10.0.0.0/99"], "is not a network"),
        (&["search", "--from", "1d", "--to", "2d"], "is not before"),
        (&["export", "--format", "csv", "--schema", "raw"], "only documents have columns"),
    ] {
        let output = place.output(arguments);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
        assert!(text.contains(said), "{arguments:?}: {text}");
    }
    let nothing =
        String::from_utf8(place.succeed(&["search", "event.action:nothing_like_it"])).expect("text");
    assert_eq!(nothing, "nothing matches event.action:nothing_like_it\n");
}

/// The ledger's last sequence.
fn kept(place: &Place) -> u64 {
    place.status()["ledger"]["sequence"].as_u64().expect("a number")
}

/// Up to which sequence the index has come.
fn indexed(place: &Place) -> u64 {
    let output = place.output(&["index", "status", "--json"]);
    let status: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    status["sequence"].as_u64().unwrap_or(0)
}

/// How often a collector has begun its work.
fn collectors(place: &Place) -> usize {
    place.log().matches("collector started").count()
}

/// Killed while it collects and indexes, again and again: in the end both agree.
#[test]
fn kills_leave_ledger_and_index_in_agreement() {
    let simulator = Simulator::start(&[
        "--activities",
        "30000",
        "--history",
        "4d",
        "--requests-per-minute",
        "6000",
        "--latency",
        "1ms",
    ]);
    let feed = |page_size: u32| {
        format!(
            "[[feed]]\nname = \"acme\"\nbase_url = \"{}\"\npoll_interval = \"1s\"\ninitial_lookback = \"4d\"\n\
             settle = \"3s\"\npage_size = {page_size}\n",
            simulator.base_url
        )
    };
    let place = Place::new(&simulator.base_url, "");
    // Small pages, so that it is busy collecting and indexing whenever it is killed, up to the last time.
    place.configure(&feed(25));
    for round in 0..100_u64 {
        let started = collectors(&place);
        let documents = if round % 20 == 19 { indexed(&place) } else { 0 };
        let mut running = place.start(&["run"]);
        // Some before it has begun, most within half a second of its work, and some after it has got ready to index: as it does so, and
        // around a commit.
        let wait = match round % 20 {
            0 | 5 | 10 | 15 => 0,
            9 => 600,
            19 => {
                wait_for("a commit of the index", Duration::from_mins(1), || {
                    (indexed(&place) > documents).then_some(())
                });
                0
            }
            _ => {
                wait_for("a collector", Duration::from_mins(1), || {
                    (collectors(&place) > started).then_some(())
                });
                0
            }
        };
        std::thread::sleep(Duration::from_millis(wait + round * 173 % 300));
        running.0.kill().expect("killed");
        running.0.wait().expect("gone");
    }
    assert_eq!(place.covered_until(), None, "there was nothing left to catch up with");
    let (rows, documents) = (kept(&place), indexed(&place));
    assert!(rows > 1_000 && documents > 100, "killed before it began: {rows} rows, {documents} documents");
    place.configure(&feed(5_000));
    let running = place.start(&["run"]);
    wait_for("the index to catch up beside the collector", Duration::from_mins(3), || {
        place.covered_until()?;
        (indexed(&place) >= kept(&place)).then_some(())
    });
    // Beside the running collector, and after it.
    assert!(search(&place, &["--limit", "1"])["total"].as_u64() > Some(10_000));
    assert!(running.terminate().success(), "{}", place.log());
    let by_index = place.succeed(&["search", "--limit", "1000000", "--format", "ndjson"]);
    let by_ledger = place.succeed(&["export", "--schema", "ecs"]);
    assert_eq!(lines(&by_index), lines(&by_ledger));
}

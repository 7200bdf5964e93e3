//! The promise, end to end, with the real program: what the API has is in the export, byte for byte, once, whatever happens.

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;
use ledger::{EntryFilter, Reader};
use serde_json::Value;

use crate::support::{Place, Simulator, assert_same_rows, moments::Moments, wait_for};

fn assert_complete(place: &Place, simulator: &Simulator, end: Timestamp) -> usize {
    let end = end.to_string();
    let found = place.export(&["--to", &end]);
    let expected = simulator.truth(&end);
    assert_same_rows(&found, &expected, &place.log());
    let status = place.status();
    assert_eq!(status["feeds"][0]["gaps"].as_array().map(Vec::len), Some(0), "{status:#}");
    assert_eq!(status["feeds"][0]["coverage"].as_array().map(Vec::len), Some(1), "{status:#}");
    place.succeed(&["verify"]);
    found.len()
}

#[test]
fn every_error_of_the_contract_and_late_rows_lose_nothing() {
    let simulator = Simulator::start(&[
        "--activities",
        "100000",
        "--history",
        "7d",
        "--indexing-lag",
        "30s",
        "--every-fault",
        "--requests-per-minute",
        "6000",
    ]);
    let place = Place::new(
        &simulator.base_url,
        "poll_interval = \"1s\"\ninitial_lookback = \"6d\"\nsettle = \"32s\"\noverlap_floor = \"60s\"",
    );
    let collector = place.start(&["run"]);
    // Everything up to a moment after the start, so that live rows with their lag are part of it.
    let end = Timestamp::now() + Duration::from_secs(5);
    let begin = place.complete_until(end, Duration::from_mins(5));
    assert!(collector.terminate().success(), "{}", place.log());
    // The lookback begins inside the history: compare from there.
    let found = place.export_between(begin, end);
    let expected = simulator.truth_between(begin, end);
    assert!(expected.len() > 60_000, "only {} rows to compare", expected.len());
    assert_same_rows(&found, &expected, &place.log());
    let status = place.status();
    assert_eq!(status["feeds"][0]["gaps"].as_array().map(Vec::len), Some(0), "{status:#}");
    place.succeed(&["verify"]);
}

/// Ids of the rows that the simulator left out of an answer when they were of this age or older, and sent in a later one.
fn sent_late(simulator: &Simulator, age: &str) -> BTreeSet<String> {
    let report = simulator.get(&format!("/simulator/late-rows?age={age}"));
    let report: Value = serde_json::from_slice(&report).expect("JSON");
    let rows = report["rows"].as_array().expect("a list").iter().filter(|row| !row["sent_at"].is_null());
    let sent: BTreeSet<String> = rows.map(|row| row["id"].as_str().expect("an id").to_owned()).collect();
    assert_eq!(report["sent"].as_u64(), Some(sent.len() as u64));
    sent
}

/// Ids of the late arrivals that the ledger tells of.
fn told_late(place: &Place) -> BTreeSet<String> {
    let reader = Reader::open(&place.data_dir().join("ledger.sqlite")).expect("a ledger");
    let feed = reader.feeds().expect("readable").remove(0);
    let late = reader.late_arrivals(feed.id, u64::MAX).expect("readable");
    let id = |sequence: u64| {
        reader.entries(sequence - 1, 1, &EntryFilter::default()).expect("readable").remove(0).id
    };
    late.iter().map(|late| id(late.sequence)).collect()
}

#[test]
fn late_rows_are_all_found_and_told_as_the_simulator_tells_them() {
    // Three days in twelve seconds: the last pass asks again when the latest row must have come. No row comes between what is usual
    // and what is late, so that both sides draw the line in the same place.
    // People are at work, so that many rows are late, whatever the hour.
    let simulator = Simulator::start(&[
        "--lively",
        "--activities",
        "2000000",
        "--history",
        "1d",
        "--indexing-lag",
        "1s",
        "--late-share",
        "0.4",
        "--late-lag-least",
        "6s",
        "--late-lag",
        "12s",
        "--requests-per-minute",
        "60000",
    ]);
    let place = Place::new(
        &simulator.base_url,
        "poll_interval = \"1s\"\ninitial_lookback = \"1m\"\nsettle = \"2s\"\noverlap_floor = \"3s\"\n\
         overlap_ceiling = \"4s\"\nreconcile_after = [\"5s\", \"8s\", \"14s\"]",
    );
    let collector = place.start(&["run"]);
    let end = Timestamp::now() + Duration::from_secs(8);
    let start = place.complete_until(end, Duration::from_mins(3));
    let expected = simulator.truth_between(start, end);
    let found = place.export_with_late_rows(start, end, &expected);
    assert_same_rows(&found, &expected, &place.log());

    // From now on the simulator sends nothing more, so that both have told all.
    simulator.fail("[[fault]]\nkind = \"unavailable\"");
    wait_for("the end of the answers", Duration::from_mins(1), || {
        (place.status()["feeds"][0]["last_error"]["kind"] == "unavailable").then_some(())
    });
    assert!(collector.terminate().success(), "{}", place.log());
    let (told, sent) = (told_late(&place), sent_late(&simulator, "2s"));
    let feed = place.status()["feeds"][0].clone();
    assert_eq!(feed["late_arrivals"].as_u64(), Some(told.len() as u64), "{feed:#}");
    assert!(told.len() > 50, "only {} late rows", told.len());
    // On a machine that stood still for seconds, a row may have been asked for last while it came of the age that is claimed.
    let surely = sent_late(&simulator, "4s");
    assert!(told.is_subset(&sent), "told and not sent: {:?}", told.difference(&sent));
    assert!(surely.is_subset(&told), "sent and not told: {:?}", surely.difference(&told));
    assert!(20 * (sent.len() - surely.len()) <= sent.len(), "{} of {}", surely.len(), sent.len());
    let late = &feed["late"];
    assert!(late["lag_seconds"]["p50"].as_f64() > Some(6.0), "{late:#}");
    for newest in late["newest"].as_array().expect("a list") {
        let lag = newest["lag_seconds"].as_f64().expect("a lag");
        assert!(lag > 6.0, "seen before it could be fetched: {newest:#}");
    }
}

#[test]
fn kills_at_random_lose_nothing_and_double_nothing() {
    // `KILLS=1000` for a long run, with as much more to fetch.
    let kills: usize = std::env::var("KILLS").map_or(50, |text| text.parse().expect("a number")).max(5);
    let simulator = Simulator::start(&[
        "--activities",
        &(kills * 2_000).to_string(),
        "--history",
        "5d",
        "--indexing-lag",
        "1s",
        "--latency",
        "30ms",
        "--requests-per-minute",
        "60000",
    ]);
    let place = Place::new(
        &simulator.base_url,
        "poll_interval = \"1s\"\ninitial_lookback = \"30d\"\nsettle = \"2s\"\noverlap_floor = \"10s\"\npage_size = 500",
    );
    let mut moments = Moments(0x5eed);
    for round in 0..kills {
        let collector = place.start(&["run"]);
        std::thread::sleep(moments.between(30, 430));
        drop(collector); // SIGKILL
        if round % (kills / 5) == kills / 5 - 1 {
            // The past is filled in newest first, so gaps are what a kill leaves; the chain must hold at any moment.
            let verified = place.output(&["verify"]);
            let said = String::from_utf8_lossy(&verified.stderr);
            assert!(verified.status.success() || said.contains("the coverage has"), "{said}");
        }
    }
    let end = Timestamp::now();
    let collector = place.start(&["run"]);
    place.complete_until(end, Duration::from_mins(10));
    assert!(collector.terminate().success(), "{}", place.log());
    let rows = assert_complete(&place, &simulator, end);
    assert!(rows > kills * 1_400, "only {rows} rows to compare");
}

#[test]
fn once_catches_up_and_stops_and_resumes_where_it_was() {
    let simulator = Simulator::start(&["--activities", "3000", "--history", "2d", "--indexing-lag", "10ms"]);
    let place = Place::new(&simulator.base_url, "initial_lookback = \"30d\"\nsettle = \"1s\"");
    place.succeed(&["run", "--once"]);
    let first: u64 = place.status()["ledger"]["sequence"].as_u64().unwrap();
    assert!(first > 1500, "{first}");
    std::thread::sleep(Duration::from_millis(1500));
    let end: Timestamp = Timestamp::now() - Duration::from_millis(200);
    // Coverage is due `settle` after a moment by the server's `date` header, which tells whole seconds only.
    std::thread::sleep(Duration::from_millis(2200));
    place.succeed(&["run", "--once"]);
    assert!(place.covered_until().unwrap().parse::<Timestamp>().unwrap() >= end);
    assert_complete(&place, &simulator, end);
}

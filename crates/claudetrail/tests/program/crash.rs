//! The real program, killed at random in the middle of its work: what it holds in the end is what the simulator has, byte for byte.

use std::{
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::support::{Place, Running, Simulator, assert_same_rows, moments::Moments, wait_for};

fn statistics(simulator: &Simulator) -> Value {
    serde_json::from_slice(&simulator.get("/simulator/statistics")).expect("JSON")
}

fn time(value: &Value) -> Timestamp {
    value.as_str().expect("a time").parse().expect("a time")
}

#[test]
fn kills_during_the_lookback_and_while_asking_again_lose_no_late_row() {
    // So many rows a day that some are late within seconds at any hour of any day.
    let simulator = Simulator::start(&[
        "--activities",
        "400000",
        "--history",
        "1d",
        "--late-share",
        "0.3",
        "--late-lag",
        "12s",
        "--indexing-lag",
        "1s",
        "--latency",
        "60ms",
        "--requests-per-minute",
        "60000",
    ]);
    let place = Place::new(
        &simulator.base_url,
        "poll_interval = \"1s\"\ninitial_lookback = \"10m\"\nsettle = \"1s\"\noverlap_floor = \"1s\"\n\
         overlap_ceiling = \"2s\"\nreconcile_after = [\"3s\", \"7s\", \"14s\"]\npage_size = 100",
    );
    let mut moments = Moments(0xC4A5);
    for _ in 0..25 {
        let collector = place.start(&["run"]);
        std::thread::sleep(moments.between(100, 1_300));
        drop(collector); // SIGKILL
    }
    let collector = place.start(&["run"]);
    let end = Timestamp::now();
    let feed = |place: &Place| place.status()["feeds"][0].clone();
    let start = place.complete_until(end, Duration::from_mins(3));
    let expected = simulator.truth_between(start, end);
    // The last pass asks for the last of them a quarter of a minute later, and collects some seconds before that.
    let found = place.export_with_late_rows(start, end, &expected);
    assert!(collector.terminate().success(), "{}", place.log());
    assert!(expected.len() > 100, "only {} rows to compare", expected.len());
    assert_same_rows(&found, &expected, &place.log());
    let feed = feed(&place);
    assert_eq!(feed["gaps"], serde_json::json!([]), "{feed:#}");
    assert!(feed["late_arrivals"].as_u64() > Some(0), "some rows were late: {feed:#}");
    place.succeed(&["verify"]);
}

/// Twenty days of which a feed that looks back ten minutes has nothing, and a budget that makes fetching them take a while.
fn past() -> (Simulator, Place, Timestamp, Timestamp) {
    let simulator = Simulator::start(&[
        "--activities",
        "40000",
        "--history",
        "20d",
        "--latency",
        "60ms",
        "--indexing-lag",
        "1s",
    ]);
    let place = Place::new(
        &simulator.base_url,
        "poll_interval = \"1s\"\ninitial_lookback = \"10m\"\nsettle = \"1s\"\noverlap_floor = \"2s\"\n\
         page_size = 500\nbudget_share = 0.5",
    );
    let now = Timestamp::now();
    (simulator, place, now - SignedDuration::from_hours(19 * 24), now - SignedDuration::from_hours(24))
}

fn start_backfill(place: &Place, from: Timestamp, to: Timestamp) -> Child {
    place
        .command(&["backfill", "--from", &from.to_string(), "--to", &to.to_string()])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts")
}

/// What it printed, of a program that ended well.
fn said(child: Child) -> String {
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// All is there, gapless over the stretch, and others were left their part of the budget.
fn assert_fetched(simulator: &Simulator, place: &Place, from: Timestamp, to: Timestamp) {
    let expected = simulator.truth_between(from, to);
    assert!(expected.len() > 10_000, "only {} rows to compare", expected.len());
    assert_same_rows(&place.export_between(from, to), &expected, &place.log());
    place.succeed(&["verify", "--from", &from.to_string(), "--to", &to.to_string()]);
    let by_status = statistics(simulator)["requests"]["by_status"].clone();
    assert_eq!(by_status["429"], Value::Null, "{by_status}");
}

#[test]
fn a_backfill_that_is_killed_goes_on_where_it_was_within_its_budget() {
    let (simulator, place, from, to) = past();
    let (began, mut moments, starts) = (Instant::now(), Moments(0xBAC4), 6);
    for _ in 1..starts {
        let backfill = Running(start_backfill(&place, from, to));
        std::thread::sleep(moments.between(200, 1_500));
        drop(backfill); // SIGKILL
    }
    let printed = said(start_backfill(&place, from, to));
    assert!(printed.starts_with("complete "), "{printed}");
    // Half of ten a second, and a burst of ten for each start.
    let (requests, seconds) =
        (statistics(&simulator)["requests"]["total"].as_f64(), began.elapsed().as_secs_f64());
    assert!(
        requests < Some(5.0 * seconds + 12.0 * f64::from(starts)),
        "{requests:?} requests in {seconds} s"
    );
    assert_fetched(&simulator, &place, from, to);
}

#[test]
fn a_backfill_beside_the_live_tail_is_told_stopped_and_taken_up_again() {
    let (simulator, place, from, to) = past();
    let collector = place.start(&["run"]);
    let fetched = |at_least: u64| {
        wait_for("some of the past", Duration::from_mins(2), || {
            let status = place.output(&["status", "--json"]);
            let status: Value = serde_json::from_slice(&status.stdout).ok()?;
            (status["feeds"][0]["activities"].as_u64() > Some(at_least)).then_some(())
        });
    };
    fetched(0);
    // Told to stop, it says how far it came; the collector goes on.
    let watcher = start_backfill(&place, from, to);
    fetched(2_000);
    let stopped = std::process::Command::new("kill").args(["-TERM", &watcher.id().to_string()]).status();
    assert!(stopped.expect("kill runs").success());
    let printed = said(watcher);
    assert!(printed.starts_with("stopped at ") && printed.contains("the request is kept"), "{printed}");
    drop(collector); // SIGKILL, in the middle of it
    let backfill = &place.status()["feeds"][0]["backfills"][0];
    // Kept as the feed tells time; of the rest of a microsecond nothing would ever be covered.
    assert_eq!(time(&backfill["gte"]).as_microsecond(), from.as_microsecond(), "{backfill:#}");
    assert_eq!(time(&backfill["lt"]).as_microsecond(), to.as_microsecond(), "{backfill:#}");

    let collector = place.start(&["run"]);
    // It must be the one that collects, and not the command that asks for a backfill.
    wait_for("the second collector", Duration::from_mins(2), || {
        (place.log().matches("collector started").count() == 2).then_some(())
    });
    let backfill = start_backfill(&place, from, to);
    wait_for("the live tail", Duration::from_mins(2), || {
        let status = place.status();
        let feed = &status["feeds"][0];
        let behind = Timestamp::now().duration_since(time(&feed["coverage"].as_array()?.last()?["lt"]));
        let busy = feed["backfills"][0]["finished_at"].is_null();
        (behind < SignedDuration::from_secs(20) && busy).then_some(())
    });
    let printed = said(backfill);
    assert!(printed.starts_with("complete "), "{printed}");
    assert_fetched(&simulator, &place, from, to);
    assert!(!place.status()["feeds"][0]["backfills"][0]["finished_at"].is_null());
    assert!(collector.terminate().success(), "{}", place.log());
    let printed = said(start_backfill(&place, from, to));
    assert!(printed.starts_with("complete ") && printed.contains(": 0 activities"), "{printed}");
}

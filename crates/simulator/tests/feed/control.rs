//! The control plane: what a test may ask and set.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::json;
use simulator::{DEFAULT_PARENT, Rows, SimulatedRequest, Simulator, SimulatorOptions, SystemClock};

use crate::support::{ACTIVITIES, Bench, KEY, noon, organizations, row, ten_rows};

fn lines(bench: &Bench, query: &str) -> Vec<String> {
    let response = bench.simulator.respond(&SimulatedRequest::get(&format!("/simulator/activities?{query}")));
    assert_eq!((response.status, response.header("content-type")), (200, Some("application/x-ndjson")));
    String::from_utf8(response.body.to_vec()).expect("text").lines().map(ToOwned::to_owned).collect()
}

fn send(bench: &Bench, method: &str, path: &str, body: &'static str) -> (u16, String) {
    let mut request = SimulatedRequest::get(path);
    method.clone_into(&mut request.method);
    request.body = Bytes::from_static(body.as_bytes());
    let response = bench.simulator.respond(&request);
    (response.status, String::from_utf8(response.body.to_vec()).expect("text"))
}

#[test]
fn all_rows_that_have_happened_exact_and_in_order() {
    let rows: Vec<_> = (0..12_001)
        .map(|number| row(&format!("activity_{number:05}"), number / 7, "claude_chat_created"))
        .collect();
    let bench = Bench::with(Rows::new(rows.clone(), organizations()), |options| {
        options.indexing_lag_max = Duration::from_hours(24);
    });
    let expected: Vec<String> =
        rows.iter().map(|row| String::from_utf8_lossy(&row.json).into_owned()).collect();
    assert_eq!(lines(&bench, ""), expected, "whatever the lag, over several pieces");
    assert_eq!(
        lines(&bench, "created_at.gte=2026-06-01T12:01:00Z&created_at.lt=2026-06-01T12:01:02Z"),
        &expected[420..434]
    );
    let pieces: Vec<Bytes> = bench
        .simulator
        .activities(DEFAULT_PARENT, noon(), noon() + Duration::from_mins(1))
        .expect("open")
        .collect();
    assert_eq!(String::from_utf8_lossy(&pieces.concat()).lines().count(), 420);
    assert!(lines(&bench, "indexed=true").len() < expected.len());
    let all = bench.simulator.activities(DEFAULT_PARENT, Timestamp::MIN, Timestamp::MAX).expect("open");
    assert_eq!(
        all.map(|piece| piece.len()).sum::<usize>(),
        expected.iter().map(|line| line.len() + 1).sum::<usize>()
    );
    assert!(bench.simulator.activities("nobody", Timestamp::MIN, Timestamp::MAX).is_none());
}

#[test]
fn own_reads_are_in_the_list_before_they_are_indexed() {
    let bench = Bench::new();
    bench.ask("limit=1");
    assert_eq!(lines(&bench, "created_at.gte=2026-06-01T13:00:00Z").len(), 1);
    assert_eq!(lines(&bench, "created_at.gte=2026-06-01T13:00:00Z&indexed=true").len(), 0);
}

#[test]
fn time_is_driven_by_the_test() {
    let bench = Bench::new();
    assert_eq!(bench.control("/simulator/time"), json!({ "now": "2026-06-01T13:00:00Z" }));
    let set = |body| send(&bench, "POST", "/simulator/time", body);
    assert_eq!(
        set(r#"{"now":"2026-06-01T12:00:30Z"}"#),
        (200, r#"{"now":"2026-06-01T12:00:30Z"}"#.to_owned())
    );
    assert_eq!(bench.page("").numbers(), [0]);
    assert_eq!(set(r#"{"advance":"2m"}"#).0, 200);
    assert_eq!(bench.page("order=asc").numbers(), [0, 1, 2]);
    for bad in [
        "",
        "{}",
        r#"{"now":"soon"}"#,
        r#"{"now":"2026-06-01T12:00:30Z","advance":"1s"}"#,
        r#"{"advance":"x"}"#,
    ] {
        assert_eq!(set(bad).0, 400, "{bad}");
    }
}

#[test]
fn the_clock_of_the_machine_is_not_driven() {
    let simulator = Simulator::new(SimulatorOptions::new(ten_rows(), KEY), std::sync::Arc::new(SystemClock));
    let mut request = SimulatedRequest::get("/simulator/time");
    "POST".clone_into(&mut request.method);
    request.body = Bytes::from_static(br#"{"advance":"1s"}"#);
    assert_eq!(simulator.respond(&request).status, 409);
}

#[test]
fn statistics_count_what_was_served() {
    let bench = Bench::new();
    bench.ask("limit=4");
    bench.ask("limit=0");
    assert_eq!(send(&bench, "PUT", "/simulator/fault-plan", "[[fault]]\nkind = \"hang\"").0, 200);
    bench.ask("");
    let statistics = bench.control("/simulator/statistics");
    assert_eq!(statistics["requests"], json!({ "total": 3, "by_status": { "200": 1, "400": 1, "none": 1 } }));
    assert_eq!(statistics["rows_served"], 4);
    assert_eq!(statistics["faults"], json!({ "hang": 1 }));
    assert_eq!(statistics["parents"][0]["budget"]["remaining"], 598);
    assert!(statistics["body_bytes"].as_u64().is_some_and(|bytes| bytes > 500));
}

#[test]
fn fault_plans_are_replaced_while_the_server_runs() {
    let bench = Bench::new();
    let put = |body| send(&bench, "PUT", "/simulator/fault-plan", body);
    assert_eq!(put("[[fault]]\nkind = \"overloaded\"\nrequests = [2]"), (200, r#"{"faults":1}"#.to_owned()));
    assert_eq!([bench.ask("").status, bench.ask("").status, bench.ask("").status], [200, 529, 200]);
    let (status, complaint) = put("[[fault]]\nkind = \"overload\"");
    assert_eq!(status, 400);
    assert!(complaint.contains("line 2") && complaint.contains("overloaded"), "{complaint}");
    assert_eq!(put("").0, 200);
}

#[test]
fn keys_are_replaced_while_the_server_runs() {
    let bench = Bench::new();
    let put = |body| send(&bench, "PUT", "/simulator/keys", body);
    assert_eq!(put(r#"[{"key":"sk-ant-api01-test","expired":true}]"#), (200, r#"{"keys":1}"#.to_owned()));
    assert_eq!(bench.ask("").status, 401);
    assert_eq!(put(r#"[{"key":"sk-ant-api01-test","scopes":[]}]"#).0, 200);
    assert_eq!(bench.ask("").status, 403);
    assert_eq!(put(r#"[{"key":"sk-ant-api01-test"}]"#).0, 200);
    assert_eq!(bench.ask("").status, 200);
    for bad in ["", "{}", r#"[{"key":"k","expires":true}]"#] {
        assert_eq!(put(bad).0, 400, "{bad}");
    }
}

#[test]
fn unknown_things_are_refused() {
    let bench = Bench::new();
    for (method, path, status) in [
        ("GET", "/simulator", 404),
        ("GET", "/simulator/unknown", 404),
        ("DELETE", "/simulator/time", 404),
        ("GET", "/simulator/activities?limit=5", 400),
        ("GET", "/simulator/activities?created_at.gte=soon", 400),
        ("GET", "/simulator/activities?parent=nobody", 404),
        ("GET", "/simulator/stories?parent=nobody", 404),
        ("GET", "/simulator/late-rows?age=soon", 400),
    ] {
        assert_eq!(send(&bench, method, path, "").0, status, "{method} {path}");
    }
    assert_eq!(bench.control("/simulator/stories"), json!([]));
    assert_eq!(bench.control("/simulator/statistics")["requests"]["total"], 0, "{ACTIVITIES} was not asked");
}

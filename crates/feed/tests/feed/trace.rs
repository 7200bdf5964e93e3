//! What the trace of requests holds, and what it must never hold.

use feed::{ErrorKind, HttpOptions, HttpTransport, TraceOptions};
use serde_json::Value;

use crate::support::certificates::Files;
use crate::support::server::{Reply, Server};
use crate::support::{KEY, ask, local};

fn traced(files: &Files, max_file_bytes: u64, max_files: usize) -> HttpOptions {
    let trace = TraceOptions { directory: files.path().join("trace/requests"), max_file_bytes, max_files };
    HttpOptions { trace: Some(trace), ..local() }
}

fn read(files: &Files, name: &str) -> String {
    std::fs::read_to_string(files.path().join("trace/requests").join(name)).unwrap_or_default()
}

fn lines(files: &Files, name: &str) -> Vec<Value> {
    read(files, name).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn names(files: &Files) -> Vec<String> {
    let entries = std::fs::read_dir(files.path().join("trace/requests")).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn tells_each_request_without_its_secrets() {
    let files = Files::new();
    let html = format!("<html>your request:\nx-api-key: {KEY}\n</html>");
    let server = Server::plain([
        Reply::new(
            200,
            &[("content-type", "application/json"), ("request-id", "req_1"), ("set-cookie", "session=crumb")],
            r#"{"data":[{"id":"activity_1","email_address":"ana@example.com"}],"has_more":false}"#,
        ),
        Reply::new(502, &[("content-type", "text/html"), ("x-echo", KEY)], &html),
        Reply::raw(""),
    ]);
    let options = traced(&files, 1 << 20, 3);
    ask(&server.url(), &options).await.unwrap();
    let error = ask(&server.url(), &options).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    ask(&server.url(), &options).await.unwrap_err();

    let text = read(&files, "trace.jsonl");
    for secret in [KEY, "crumb", "ana@example.com"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    let lines = lines(&files, "trace.jsonl");
    assert_eq!(lines.len(), 3);
    for line in &lines {
        line["time"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        assert_eq!(line["method"], "GET");
        assert_eq!(line["url"], format!("{}/v1/compliance/activities", server.url()));
        assert_eq!(line["request_headers"]["x-api-key"], "********");
        assert_eq!(line["request_headers"]["anthropic-version"], "2023-06-01");
        assert!(line["took_ms"].is_u64());
    }
    assert_eq!((&lines[0]["status"], &lines[0]["body_bytes"]), (&200.into(), &81.into()));
    assert_eq!(lines[0]["body_sha256"].as_str().unwrap().len(), 64);
    assert!(lines[0].get("body").is_none(), "activities do not go into the trace");
    let headers = lines[0]["response_headers"].as_array().unwrap();
    assert!(headers.contains(&serde_json::json!(["request-id", "req_1"])));
    assert_eq!(lines[1]["status"], 502);
    assert_eq!(lines[1]["body"], html.replace(KEY, "********"));
    assert_eq!(lines[2]["error"]["kind"], "connection");
}

#[tokio::test]
async fn bounds_the_body_of_an_error() {
    let files = Files::new();
    let server = Server::plain([Reply::new(500, &[("content-type", "text/plain")], "ü".repeat(50_000))]);
    ask(&server.url(), &traced(&files, 1 << 20, 1)).await.unwrap_err();
    let line = &lines(&files, "trace.jsonl")[0];
    assert_eq!(line["body_bytes"], 100_000);
    assert_eq!(line["body"].as_str().unwrap().len(), 16 * 1024);
}

#[tokio::test]
async fn rotates_by_size_and_keeps_so_many_files() {
    let files = Files::new();
    let server = Server::plain((0..7).map(|_| Reply::page()));
    let options = traced(&files, 1000, 3);
    let client = crate::support::client(&server.url(), &options);
    let limits: Vec<u32> = (1..=7).collect();
    for limit in &limits {
        let request = feed::ActivityRequest { limit: Some(*limit), ..Default::default() };
        client.list_activities(&request).await.unwrap();
    }
    assert_eq!(names(&files), ["trace.1.jsonl", "trace.2.jsonl", "trace.jsonl"]);
    let kept = ["trace.2.jsonl", "trace.1.jsonl", "trace.jsonl"].map(|name| lines(&files, name));
    let order: Vec<String> = kept
        .iter()
        .flatten()
        .map(|line| line["url"].as_str().unwrap().rsplit('=').next().unwrap().to_owned())
        .collect();
    let expected: Vec<String> = limits[7 - order.len()..].iter().map(u32::to_string).collect();
    assert_eq!(order, expected, "the newest are kept, in order");
    for name in names(&files) {
        assert!(read(&files, &name).len() <= 1000, "{name} is too large");
    }
}

#[tokio::test]
async fn one_file_is_enough_and_a_line_larger_than_a_file_is_kept_whole() {
    let files = Files::new();
    let server = Server::plain([Reply::page(), Reply::page()]);
    for _ in 0..2 {
        ask(&server.url(), &traced(&files, 1, 0)).await.unwrap();
    }
    assert_eq!(names(&files), ["trace.jsonl"]);
    assert_eq!(lines(&files, "trace.jsonl").len(), 1);
}

#[tokio::test]
async fn goes_on_after_a_line_that_a_crash_cut_short() {
    let files = Files::new();
    let directory = files.path().join("trace/requests");
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("trace.jsonl"), "{\"time\":\"20").unwrap();
    let server = Server::plain([Reply::page()]);
    ask(&server.url(), &traced(&files, 1 << 20, 2)).await.unwrap();
    let text = read(&files, "trace.jsonl");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines.len(), lines[0]), (2, "{\"time\":\"20"));
    serde_json::from_str::<Value>(lines[1]).unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let files = Files::new();
    let directory = files.path().join("trace/requests");
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("trace.jsonl"), "").unwrap();
    std::fs::set_permissions(directory.join("trace.jsonl"), PermissionsExt::from_mode(0o644)).unwrap();
    let server = Server::plain([Reply::page(), Reply::page()]);
    let options = traced(&files, 1, 2);
    for _ in 0..2 {
        ask(&server.url(), &options).await.unwrap();
    }
    for name in names(&files) {
        let mode = std::fs::metadata(directory.join(&name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn says_when_the_folder_cannot_be_used() {
    let files = Files::new();
    files.write("trace", "a file where a folder should be");
    let error = HttpTransport::new(&traced(&files, 1000, 1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().starts_with("opening the request trace: "), "{error}");
}

#[tokio::test]
async fn a_trace_that_cannot_be_written_stops_no_request() {
    let files = Files::new();
    let server = Server::plain([Reply::page(), Reply::page()]);
    let client = crate::support::client(&server.url(), &traced(&files, 1, 2));
    client.list_activities(&feed::ActivityRequest::default()).await.unwrap();
    // The next line needs a new file in a folder that is gone.
    std::fs::remove_dir_all(files.path().join("trace")).unwrap();
    client.list_activities(&feed::ActivityRequest::default()).await.unwrap();
}

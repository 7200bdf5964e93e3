//! The real transport against a real socket: what arrives there, and every way in which an answer can fail to come.

use std::io::Write;
use std::net::TcpListener;
use std::time::Duration;

use feed::{
    ActivityRequest, ErrorKind, HttpOptions, HttpTransport, ProxyChoice, Transport, TransportRequest,
};

use crate::support::server::{Reply, Server};
use crate::support::{CLOSED, KEY, ask, client, local};

/// Timeouts this short are only for tests in which something never comes.
const SOON: Duration = Duration::from_millis(150);

#[tokio::test]
async fn sends_one_get_with_the_key_in_its_header() {
    let server = Server::plain([Reply::page()]);
    let request =
        ActivityRequest { activity_types: vec!["a b".to_owned()], limit: Some(5), ..Default::default() };
    let page = client(&server.url(), &local()).list_activities(&request).await;
    assert_eq!(page.unwrap_err().kind(), ErrorKind::InvalidRequest, "white space is no activity type");
    let request =
        ActivityRequest { activity_types: vec!["a".to_owned()], limit: Some(5), ..Default::default() };
    client(&server.url(), &local()).list_activities(&request).await.unwrap();
    let seen = &server.requests()[0];
    assert!(
        seen.starts_with("GET /v1/compliance/activities?activity_types[]=a&limit=5 HTTP/1.1\r\n"),
        "{seen}"
    );
    for header in [&format!("x-api-key: {KEY}"), "anthropic-version: 2023-06-01", "accept: application/json"]
    {
        assert_eq!(seen.lines().filter(|line| *line == header).count(), 1, "{header} in {seen}");
    }
    assert!(seen.contains("user-agent: claudetrail/") && seen.contains("accept-encoding: "), "{seen}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn unpacks_compressed_pages_and_refuses_damaged_ones() {
    let body = br#"{"data":[{"id":"activity_1","type":"t"}],"has_more":false}"#;
    let packed = zstd::encode_all(&body[..], 3).unwrap();
    let headers = [("content-type", "application/json"), ("content-encoding", "zstd")];
    let server = Server::plain([
        Reply::new(200, &headers, &packed),
        Reply::new(200, &headers, &packed[..packed.len() - 3]),
    ]);
    let page = ask(&server.url(), &local()).await.unwrap();
    assert_eq!((page.activities[0].id.as_str(), page.exchange.body_bytes), ("activity_1", body.len() as u64));
    let error = ask(&server.url(), &local()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Truncated, "{error}");
}

#[tokio::test]
async fn tells_bodies_that_break_off() {
    let rows = format!(r#"{{"data":[{{"id":"a","text":"{}"}}]}}"#, "x".repeat(100_000));
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n";
    let server = Server::plain([
        // Shorter than its length says.
        Reply::json(&rows).cut_end(1),
        Reply::json(&rows).cut_end(90_000),
        // Chunks without the last one.
        Reply::raw(format!("{head}transfer-encoding: chunked\r\n\r\n5\r\n{{\"dat\r\n")),
        // No length at all, so only the JSON tells.
        Reply::raw(format!("{head}\r\n{}", &rows[..5000])),
    ]);
    for _ in 0..4 {
        let error = ask(&server.url(), &local()).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Truncated, true), "{error}");
        assert!(error.detail().contains("bytes"), "{error}");
    }
}

#[tokio::test]
async fn tells_connections_that_break_before_an_answer() {
    let server = Server::plain([
        Reply::raw(""),
        Reply::json("{}").cut(20),
        Reply::raw("SSH-2.0-OpenSSH_9.6\r\n"),
        Reply::raw(b"\x15\x03\x01\x00\x02\x02\x46"),
    ]);
    for _ in 0..4 {
        let error = ask(&server.url(), &local()).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Connection, true), "{error}");
        assert!(error.detail().starts_with("127.0.0.1:"), "{error}");
    }
}

#[tokio::test]
async fn tells_what_it_waited_for_when_time_ran_out() {
    let options = HttpOptions { request_timeout: SOON, ..local() };
    let server = Server::plain([Reply::raw("").stall()]);
    let error = ask(&server.url(), &options).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(error.detail().starts_with("no answer from 127.0.0.1:"), "{error}");
    let server = Server::plain([Reply::json("x".repeat(1000)).cut_end(10).stall()]);
    let error = ask(&server.url(), &options).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert_eq!(error.detail(), "the body was not complete within 150ms; 990 bytes had come");
}

#[tokio::test]
async fn tells_a_connection_that_never_comes() {
    // A TLS handshake that is never answered counts as connecting.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let options = HttpOptions { connect_timeout: SOON, ..local() };
    let error = ask(&format!("https://{}", listener.local_addr().unwrap()), &options).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(error.detail().starts_with("no connection to 127.0.0.1:"), "{error}");
}

#[tokio::test]
async fn tells_a_refused_connection_and_an_unknown_name() {
    let error = ask(&format!("http://{CLOSED}"), &local()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection, "{error}");
    assert!(error.detail().contains("refused"), "{error}");
    let error = ask("http://no-such-host.invalid", &local()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection, "{error}");
    assert!(error.detail().starts_with("the name no-such-host.invalid cannot be resolved: "), "{error}");
}

#[tokio::test]
async fn tells_an_answer_that_is_not_the_apis() {
    let html =
        Reply::new(200, &[("content-type", "text/html")], "<html><title>Sign in to the network</title>");
    let server = Server::plain([html]);
    let error = ask(&server.url(), &local()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ContentType);
    assert!(error.detail().contains("Sign in to the network"), "{error}");
}

#[tokio::test]
async fn never_follows_a_redirect() {
    let elsewhere = Server::plain([Reply::page()]);
    let target = format!("{}/v1/compliance/activities", elsewhere.url());
    for status in [301, 302, 303, 307, 308] {
        let server = Server::plain([Reply::new(status, &[("location", &target)], "")]);
        let error = ask(&server.url(), &local()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Redirect, "{error}");
        assert!(error.detail().contains(&target), "{error}");
    }
    assert!(elsewhere.requests().is_empty(), "the key must not go there");
}

#[tokio::test]
async fn keeps_statuses_and_headers_as_they_are() {
    let headers = [("request-id", "req_1"), ("x-should-retry", "false"), ("retry-after", "3")];
    let server = Server::plain([Reply::new(
        529,
        &headers,
        r#"{"type":"error","error":{"type":"overloaded_error","message":"m"}}"#,
    )]);
    let error = ask(&server.url(), &local()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.status(), error.request_id()),
        (ErrorKind::Overloaded, Some(529), Some("req_1"))
    );
    assert_eq!((error.is_retryable(), error.retry_after()), (false, Some(Duration::from_secs(3))));
}

#[tokio::test]
async fn header_names_are_lower_case_and_values_survive_bytes_that_are_no_text() {
    let mut bytes = b"HTTP/1.1 200 OK\r\nX-Mixed-Case: ".to_vec();
    bytes.write_all(&[0xFF, b'a']).unwrap();
    bytes.write_all(b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
    let server = Server::plain([Reply::raw(bytes)]);
    let transport = HttpTransport::new(&local()).unwrap();
    let response = transport.get(TransportRequest { url: server.url(), headers: Vec::new() }).await.unwrap();
    assert_eq!(response.header("x-mixed-case"), Some("\u{FFFD}a"));
}

#[test]
fn refuses_options_that_cannot_work() {
    let table = [
        (HttpOptions { user_agent: "a\nb".to_owned(), ..local() }, "the user agent cannot be sent"),
        (HttpOptions { proxy: ProxyChoice::Url(String::new()), ..local() }, " is not the address of a proxy"),
        (
            HttpOptions { proxy: ProxyChoice::Url("ftp://proxy".to_owned()), ..local() },
            "ftp://proxy is not the address",
        ),
        (
            HttpOptions { ca_file: Some("/no/such/file.pem".into()), ..local() },
            "the CA file /no/such/file.pem cannot be read",
        ),
        (HttpOptions { client_key_file: Some("/no/such/file.pem".into()), ..local() }, "needs both"),
    ];
    for (options, detail) in table {
        let error = HttpTransport::new(&options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.detail().contains(detail), "{error}");
    }
}

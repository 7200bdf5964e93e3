//! Every documented and every seen error, and what is made of it.

use std::time::Duration;

use bytes::Bytes;

use super::*;
use crate::page::RateLimit;
use crate::request::Cursor;

fn response(status: u16, headers: &[(&str, &str)], body: &str) -> TransportResponse {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    TransportResponse { status, headers, body: Bytes::copy_from_slice(body.as_bytes()) }
}

fn error_of(response: &TransportResponse, request: &ActivityRequest, secret: &str) -> Error {
    let at = "2026-11-23T10:00:00Z".parse().unwrap();
    Answer { response, request, redactor: Redactor::hiding(secret), at }.read().expect_err("an error")
}

fn vendor_body(error_type: &str, message: &str) -> String {
    serde_json::json!({ "type": "error", "error": { "type": error_type, "message": message } }).to_string()
}

const JSON: (&str, &str) = ("content-type", "application/json");
const NEVER: (&str, &str) = ("x-should-retry", "false");

/// Status, error type, message, whether a cursor was sent, kind, whether asking again can help.
type VendorCase = (u16, &'static str, &'static str, bool, ErrorKind, bool);

#[rustfmt::skip] // one case a line
const VENDOR_CASES: &[VendorCase] = &[
    (400, "invalid_request_error", "created_at.gte: invalid timestamp", false, ErrorKind::BadRequest, false),
    (400, "invalid_request_error", "limit: must be at most 5000", true, ErrorKind::BadRequest, false),
    (400, "invalid_request_error", "after_id: unknown cursor id", true, ErrorKind::CursorRefused, false),
    (400, "invalid_request_error", "Invalid Cursor.", true, ErrorKind::CursorRefused, false),
    (400, "invalid_request_error", "No activity EYJPZCI6ImEifQ==", true, ErrorKind::CursorRefused, false),
    // No cursor was sent, so it cannot be the cursor.
    (400, "invalid_request_error", "unknown cursor", false, ErrorKind::BadRequest, false),
    (401, "authentication_error", "API key is invalid.", false, ErrorKind::KeyInvalid, false),
    (401, "authentication_error", "API key has expired.", false, ErrorKind::KeyExpired, false),
    (401, "authentication_error", "x-api-key header is required", false, ErrorKind::KeyMissing, false),
    (401, "", "", false, ErrorKind::KeyInvalid, false),
    (403, "permission_error", "Missing scopes. Got: [read:compliance_org_data] Needed: [read:compliance_activities]", false, ErrorKind::ScopeMissing, false),
    (403, "permission_error", "Organization is not accessible.", false, ErrorKind::Forbidden, false),
    (404, "not_found_error", "Not found", false, ErrorKind::NotFound, false),
    (408, "timeout_error", "Request timeout", false, ErrorKind::Timeout, true),
    (409, "conflict_error", "Conflict", false, ErrorKind::UnexpectedStatus, true),
    (413, "request_too_large", "Too large", false, ErrorKind::BadRequest, false),
    (418, "teapot", "short and stout", false, ErrorKind::UnexpectedStatus, false),
    (429, "rate_limit_error", "Too many requests", false, ErrorKind::RateLimited, true),
    (500, "api_error", "Internal server error", false, ErrorKind::ServerError, true),
    (502, "api_error", "Bad gateway", false, ErrorKind::Unavailable, true),
    (503, "api_error", "Unavailable", false, ErrorKind::Unavailable, true),
    (503, "overloaded_error", "Overloaded", false, ErrorKind::Overloaded, true),
    (504, "timeout_error", "Gateway timeout", false, ErrorKind::Unavailable, true),
    (529, "overloaded_error", "Overloaded", false, ErrorKind::Overloaded, true),
    (599, "api_error", "odd", false, ErrorKind::ServerError, true),
];

#[test]
fn tells_the_vendors_errors_apart() {
    let plain = ActivityRequest::default();
    let paging =
        ActivityRequest { after_id: Some(Cursor::new("eyJpZCI6ImEifQ==")), ..ActivityRequest::default() };
    for (status, error_type, message, has_cursor, kind, is_retryable) in VENDOR_CASES.iter().copied() {
        let request = if has_cursor { &paging } else { &plain };
        let error = error_of(&response(status, &[JSON], &vendor_body(error_type, message)), request, "");
        assert_eq!((error.kind(), error.is_retryable()), (kind, is_retryable), "{status} {message}: {error}");
        assert_eq!((error.status(), error.vendor_message()), (Some(status), Some(message)));
        let text = error.to_string();
        assert!(text.contains(message) && text.contains(&format!("HTTP {status}")), "{text}");
        assert!(!error.hint().is_empty());
    }
}

#[test]
fn puts_the_apis_word_on_asking_again_before_the_status() {
    let table = [
        (500, "false", false),
        (429, "false", false),
        (529, " FALSE ", false),
        (400, "true", true),
        (401, "True", true),
        (500, "maybe", true),
        (400, "", false),
    ];
    for (status, word, is_retryable) in table {
        let answer = response(status, &[JSON, ("x-should-retry", word)], &vendor_body("e", "m"));
        assert_eq!(
            error_of(&answer, &ActivityRequest::default(), "").is_retryable(),
            is_retryable,
            "{status} {word}"
        );
    }
}

/// Status, headers, body, kind, a part of the detail.
type OddCase<'a> = (u16, &'a [(&'a str, &'a str)], &'a str, ErrorKind, &'a str);

#[test]
fn survives_any_other_error_body() {
    let html = ("content-type", "text/html; charset=utf-8");
    let page = "<html><title>Sign in</title>";
    let table: Vec<OddCase<'_>> = vec![
        // What blames the key or the request is not believed when it is not from the API.
        (401, &[], "", ErrorKind::KeyInvalid, "no body"),
        (
            403,
            std::slice::from_ref(&html),
            page,
            ErrorKind::ContentType,
            "got text/html; charset=utf-8: <html>",
        ),
        (404, std::slice::from_ref(&html), page, ErrorKind::ContentType, "Sign in"),
        (400, std::slice::from_ref(&html), "", ErrorKind::BadRequest, "no body"),
        (407, std::slice::from_ref(&html), page, ErrorKind::Proxy, "Sign in"),
        // The server's side tells its kind all the same.
        (502, std::slice::from_ref(&html), page, ErrorKind::Unavailable, "Sign in"),
        (
            503,
            &[],
            "upstream connect error\r\n\x1b[31mreset",
            ErrorKind::Unavailable,
            "upstream connect error [31mreset",
        ),
        (
            500,
            std::slice::from_ref(&JSON),
            r#"{"message":"no envelope"}"#,
            ErrorKind::ServerError,
            "no envelope",
        ),
        (500, std::slice::from_ref(&JSON), r#"{"error":"text"}"#, ErrorKind::ServerError, "text"),
        (
            500,
            std::slice::from_ref(&JSON),
            r#"{"error":{"type":1,"message":[]}}"#,
            ErrorKind::ServerError,
            "",
        ),
        (204, &[], "", ErrorKind::UnexpectedStatus, "no body"),
        (200, std::slice::from_ref(&html), page, ErrorKind::ContentType, "expected JSON and got text/html"),
        (200, std::slice::from_ref(&html), "", ErrorKind::ContentType, "an empty text/html"),
        (200, &[], page, ErrorKind::ContentType, "the body is a web page: <html>"),
        (200, std::slice::from_ref(&JSON), page, ErrorKind::ContentType, "web page"),
        (200, &[("content-type", "text/plain")], "{\"data\":[]}", ErrorKind::ContentType, "text/plain"),
    ];
    for (status, headers, body, kind, detail) in table {
        let error = error_of(&response(status, headers, body), &ActivityRequest::default(), "");
        assert_eq!(error.kind(), kind, "{status} {body}: {error}");
        assert!(error.detail().contains(detail), "{status} {body}: {error}");
        assert!(!error.to_string().contains(char::is_control), "{error:?}");
    }
    let proxy = error_of(&response(407, &[], ""), &ActivityRequest::default(), "");
    assert!(!proxy.is_retryable(), "a proxy that wants a password stays that way");
}

#[test]
fn names_where_a_redirect_points_and_nothing_secret() {
    let table = [
        (
            "https://login.example.com/?next=1",
            ErrorKind::Redirect,
            "it points to https://login.example.com/?next=1",
        ),
        ("/sign-in", ErrorKind::Redirect, "it points to /sign-in"),
        (
            "https://user:secret@example.com/",
            ErrorKind::Redirect,
            "it points to https://********@example.com/",
        ),
    ];
    for (location, kind, detail) in table {
        for status in [301, 302, 303, 307, 308] {
            let error =
                error_of(&response(status, &[("location", location)], ""), &ActivityRequest::default(), "");
            assert_eq!((error.kind(), error.detail(), error.is_retryable()), (kind, detail, false));
        }
    }
    let error = error_of(&response(304, &[], ""), &ActivityRequest::default(), "");
    assert_eq!(error.kind(), ErrorKind::UnexpectedStatus);
}

#[test]
fn reads_the_headers() {
    let headers = [
        JSON,
        NEVER,
        ("request-id", "req_011CS"),
        ("retry-after", "7"),
        ("date", "Mon, 23 Nov 2026 09:00:00 GMT"),
        ("anthropic-ratelimit-requests-limit", "600"),
        ("anthropic-ratelimit-requests-remaining", "0"),
        ("anthropic-ratelimit-requests-reset", "2026-11-23T09:01:00Z"),
    ];
    let error = error_of(
        &response(429, &headers, &vendor_body("rate_limit_error", "m")),
        &ActivityRequest::default(),
        "",
    );
    assert_eq!(error.request_id(), Some("req_011CS"));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    assert_eq!(error.server_time(), Some("2026-11-23T09:00:00Z".parse().unwrap()));
    let limit = error.rate_limit();
    assert_eq!((limit.limit, limit.remaining), (Some(600), Some(0)));
    assert_eq!(limit.reset, Some("2026-11-23T09:01:00Z".parse().unwrap()));
    assert!(!error.is_retryable());
    // Where the header is missing, the body may hold the id; both are optional.
    let body = r#"{"type":"error","error":{"type":"e","message":"m"},"request_id":"req_body"}"#;
    let error = error_of(&response(401, &[JSON], body), &ActivityRequest::default(), "");
    assert_eq!((error.request_id(), error.rate_limit()), (Some("req_body"), RateLimit::default()));
}

#[test]
fn bounds_and_cleans_the_vendors_message() {
    let long = format!("first\r\n\x1b[2Jsecond\u{202E} {}", "x".repeat(5000));
    let error = error_of(&response(400, &[JSON], &vendor_body("e", &long)), &ActivityRequest::default(), "");
    let message = error.vendor_message().unwrap();
    assert!(message.starts_with("first [2Jsecond xxx") && message.ends_with('…'), "{message}");
    assert_eq!(message.chars().count(), MAX_MESSAGE_CHARACTERS + 1);
}

#[test]
fn hides_a_key_that_is_echoed() {
    let key = "sk-ant-api01-SECRETSECRETSECRETSECRET";
    let echo = |padding: usize| format!("{}{key} and {key}", "p".repeat(padding));
    for padding in 0..600 {
        let text = echo(padding);
        let answers = [
            response(401, &[JSON], &vendor_body("authentication_error", &text)),
            response(502, &[("content-type", "text/html")], &text),
            response(200, &[("content-type", "text/html")], &text),
            response(200, &[], &format!("<html>{text}")),
            response(200, &[], &format!("\"{text}\"")),
            response(302, &[("location", &text)], ""),
            response(500, &[("request-id", &text), ("content-type", &text)], &text),
        ];
        for answer in answers {
            let error = error_of(&answer, &ActivityRequest::default(), key);
            let shown = format!("{error} {error:?} {:?} {:?}", error.vendor_message(), error.request_id());
            assert!(!shown.contains("SECRET"), "padding {padding}: {shown}");
        }
    }
}

//! Sequences of answers, and what the client makes of them: which requests it sends, how long it waits, what it
//! returns. The clock is the test's, so nothing waits.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use feed::{
    ActivityRequest, ApiKey, Client, ClientOptions, Cursor, Error, ErrorKind, KeySource, Order, RetryOptions,
    StaticKey, Transport, TransportError, TransportRequest,
};
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;

use crate::support::fake::{Answer, ScriptedTransport, TestClock, answer, page, refusal};
use crate::support::{KEY, key};

type ScriptedClient = Client<ScriptedTransport, TestClock>;

fn client_with(
    script: impl IntoIterator<Item = Answer>,
    keys: impl KeySource,
) -> (ScriptedClient, ScriptedTransport, TestClock) {
    let (transport, clock) = (ScriptedTransport::new(script), TestClock::default());
    let options = ClientOptions { jitter_seed: 42, ..ClientOptions::default() };
    let client = Client::new(transport.clone(), clock.clone(), options, Box::new(keys)).unwrap();
    (client, transport, clock)
}

fn client(script: impl IntoIterator<Item = Answer>) -> (ScriptedClient, ScriptedTransport, TestClock) {
    client_with(script, StaticKey(key()))
}

fn any() -> ActivityRequest {
    ActivityRequest::default()
}

fn overloaded() -> Answer {
    refusal(529, &[], "overloaded_error", "Overloaded")
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test]
async fn sends_the_url_and_the_headers_and_tells_how_the_page_was_obtained() {
    let body = r#"{"data":[{"id":"activity_1","type":"t"}],"has_more":true,"first_id":"f","last_id":"l"}"#;
    let headers = [
        ("request-id", "req_1"),
        ("date", "Mon, 23 Nov 2026 10:00:01 GMT"),
        ("anthropic-ratelimit-requests-limit", "600"),
        ("anthropic-ratelimit-requests-remaining", "599"),
    ];
    let (client, transport, _) = client([answer(200, &headers, body)]);
    let request = ActivityRequest {
        actor_ids: vec!["user_1".to_owned()],
        limit: Some(1),
        order: Some(Order::Ascending),
        after_id: Some(Cursor::new("a+b=")),
        ..any()
    };
    let page = client.list_activities(&request).await.unwrap();
    let url = "https://api.anthropic.com/v1/compliance/activities?actor_ids[]=user_1&limit=1&order=asc&after_id=a%2Bb%3D";
    let seen = &transport.seen()[0];
    assert_eq!(seen.url, url);
    assert_eq!(seen.header("x-api-key"), KEY);
    assert_eq!(seen.header("anthropic-version"), "2023-06-01");
    assert_eq!(page.exchange.url, url);
    assert_eq!(page.exchange.request_id.as_deref(), Some("req_1"));
    assert_eq!((page.exchange.status, page.exchange.attempts), (200, 1));
    assert_eq!(page.exchange.body_bytes, body.len() as u64);
    assert_eq!(page.exchange.body_sha256, <[u8; 32]>::from(Sha256::digest(body)));
    assert_eq!(page.exchange.rate_limit.remaining, Some(599));
    assert_eq!(page.exchange.server_time, Some("2026-11-23T10:00:01Z".parse().unwrap()));
    assert_eq!(page.last_id, Some(Cursor::new("l")));
}

#[tokio::test]
async fn asks_again_until_it_passes() {
    let script = [
        overloaded(),
        Err(TransportError::new(ErrorKind::Connection, "reset")),
        answer(200, &[], r#"{"data":[{"id":"#),
        refusal(429, &[("retry-after", "17")], "rate_limit_error", "slow down"),
        refusal(400, &[("x-should-retry", "true")], "invalid_request_error", "odd, but it says so"),
        page(),
    ];
    let (client, transport, clock) = client(script);
    let page = client.list_activities(&any()).await.unwrap();
    assert_eq!((page.exchange.attempts, transport.seen().len(), transport.left()), (6, 6, 0));
    let urls: Vec<String> = transport.seen().into_iter().map(|seen| seen.url).collect();
    assert!(urls.iter().all(|url| *url == urls[0]), "a retry asks for the same page: {urls:?}");
    let waits = clock.waits();
    assert_eq!(waits.len(), 5);
    assert_eq!(waits[3], seconds(17), "the API's own wait is taken as it is");
    for (wait, whole) in [(waits[0], 1), (waits[1], 2), (waits[2], 4), (waits[4], 16)] {
        assert!(seconds(whole) / 2 <= wait && wait < seconds(whole), "{waits:?}");
    }
    assert_eq!(
        page.exchange.requested_at.duration_since("2026-11-23T10:00:00Z".parse().unwrap()),
        jiff::SignedDuration::try_from(waits.iter().sum::<Duration>()).unwrap(),
        "the times are those of the attempt that succeeded"
    );
}

#[tokio::test]
async fn gives_up_after_the_last_attempt_and_says_how_long_it_took() {
    let (client, transport, clock) = client((0..6).map(|_| overloaded()));
    let error = client.list_activities(&any()).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts(), transport.left()), (ErrorKind::Overloaded, 6, 0));
    assert_eq!(error.elapsed(), clock.waits().iter().sum::<Duration>());
    assert!(error.to_string().contains("(HTTP 529, 6 attempts in "), "{error}");
}

#[tokio::test]
async fn does_not_ask_again_when_it_cannot_help() {
    let script = || {
        [
            (refusal(400, &[], "invalid_request_error", "limit"), ErrorKind::BadRequest),
            (
                refusal(403, &[], "permission_error", "Got: [] Needed: [read:compliance_activities]"),
                ErrorKind::ScopeMissing,
            ),
            (refusal(404, &[], "not_found_error", "Not found"), ErrorKind::NotFound),
            (refusal(500, &[("x-should-retry", "false")], "api_error", "final"), ErrorKind::ServerError),
            (answer(200, &[], "{}"), ErrorKind::UnexpectedPage),
            (answer(302, &[("location", "https://elsewhere.example/")], ""), ErrorKind::Redirect),
            (Err(TransportError::new(ErrorKind::BodyTooLarge, "")), ErrorKind::BodyTooLarge),
        ]
    };
    for (answer, kind) in script() {
        let (client, transport, clock) = client([answer]);
        let error = client.list_activities(&any()).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts(), transport.left()), (kind, 1, 0), "{error}");
        assert!(clock.waits().is_empty(), "{error}");
    }
}

#[tokio::test]
async fn leaves_a_long_wait_to_the_caller() {
    let (client, _, clock) = client([refusal(429, &[("retry-after", "3600")], "rate_limit_error", "m")]);
    let error = client.list_activities(&any()).await.unwrap_err();
    assert_eq!((error.kind(), error.retry_after()), (ErrorKind::RateLimited, Some(seconds(3600))));
    assert!(error.is_retryable() && clock.waits().is_empty());
}

#[tokio::test]
async fn refuses_a_wrong_request_without_sending_it() {
    let (client, transport, _) = client([]);
    let error = client.list_activities(&ActivityRequest { limit: Some(0), ..any() }).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts(), transport.seen().len()), (ErrorKind::InvalidRequest, 0, 0));
}

/// Gives one key after the other, the last one for ever.
struct RotatingKey {
    keys: Vec<&'static str>,
    reads: AtomicUsize,
}

impl RotatingKey {
    fn new(keys: &[&'static str]) -> Self {
        Self { keys: keys.to_vec(), reads: AtomicUsize::new(0) }
    }
}

impl KeySource for RotatingKey {
    fn key(&self) -> Result<ApiKey, Error> {
        let read = self.reads.fetch_add(1, Ordering::Relaxed);
        match self.keys[read.min(self.keys.len() - 1)] {
            "" => Err(Error::key_unavailable("the file is gone")),
            key => ApiKey::new(key),
        }
    }
}

fn unauthorized(message: &str) -> Answer {
    refusal(401, &[("x-should-retry", "false")], "authentication_error", message)
}

#[tokio::test]
async fn a_rotated_key_heals() {
    let script = [page(), unauthorized("API key has expired."), page(), page()];
    let (client, transport, clock) = client_with(script, RotatingKey::new(&["old", "new"]));
    for number in [1, 2, 2] {
        assert_eq!(client.list_activities(&any()).await.unwrap().exchange.key_number, number);
    }
    let keys: Vec<String> = transport.seen().iter().map(|seen| seen.header("x-api-key").to_owned()).collect();
    assert_eq!(keys, ["old", "old", "new", "new"]);
    assert!(clock.waits().is_empty(), "another key is tried at once");
}

/// Keys the source gives, answers, kind of the error, keys that were sent.
type KeyCase = (&'static [&'static str], Vec<Answer>, ErrorKind, &'static [&'static str]);

#[tokio::test]
async fn a_refused_key_is_reread_once_for_each_request() {
    let table: Vec<KeyCase> = vec![
        (&["old"], vec![unauthorized("API key is invalid.")], ErrorKind::KeyInvalid, &["old"]),
        (&["old", ""], vec![unauthorized("API key has expired.")], ErrorKind::KeyExpired, &["old"]),
        (
            &["old", "new", "newer"],
            vec![unauthorized("API key has expired."), unauthorized("API key is invalid.")],
            ErrorKind::KeyInvalid,
            &["old", "new"],
        ),
        // After the new key the usual rules go on.
        (
            &["old", "new"],
            vec![unauthorized("API key has expired."), refusal(403, &[], "permission_error", "foreign")],
            ErrorKind::Forbidden,
            &["old", "new"],
        ),
    ];
    for (keys, script, kind, sent) in table {
        let attempts = script.len() as u32;
        let (client, transport, _) = client_with(script, RotatingKey::new(keys));
        let error = client.list_activities(&any()).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.attempts(), transport.left()),
            (kind, attempts, 0),
            "{keys:?}: {error}"
        );
        let keys: Vec<String> =
            transport.seen().iter().map(|seen| seen.header("x-api-key").to_owned()).collect();
        assert_eq!(keys, sent);
    }
}

#[tokio::test]
async fn another_key_is_tried_even_when_no_retries_are_left() {
    let transport = ScriptedTransport::new([unauthorized("API key has expired."), page()]);
    let retry = RetryOptions { max_attempts: 1, ..RetryOptions::default() };
    let options = ClientOptions { retry, ..ClientOptions::default() };
    let keys = Box::new(RotatingKey::new(&["old", "new"]));
    let client = Client::new(transport, TestClock::default(), options, keys).unwrap();
    assert_eq!(client.list_activities(&any()).await.unwrap().exchange.attempts, 2);
}

#[tokio::test]
async fn a_key_that_is_not_there_yet_is_asked_for_again() {
    let (client, transport, _) = client_with([page()], RotatingKey::new(&["", "late"]));
    let error = client.list_activities(&any()).await.unwrap_err();
    assert_eq!((error.kind(), transport.seen().len()), (ErrorKind::KeyUnavailable, 0));
    client.list_activities(&any()).await.unwrap();
    assert_eq!(transport.seen()[0].header("x-api-key"), "late");
}

#[tokio::test]
async fn a_key_source_that_panics_is_an_error() {
    struct Broken;
    impl KeySource for Broken {
        fn key(&self) -> Result<ApiKey, Error> {
            panic!("a defect in somebody's key source")
        }
    }
    let (client, _, _) = client_with([], Broken);
    let error = client.list_activities(&any()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::KeyUnavailable);
}

#[tokio::test]
async fn refuses_a_base_url_that_cannot_be_used_and_does_not_show_it() {
    let table = [
        ("", "base_url is not a URL"),
        ("api.anthropic.com", "base_url is not a URL"),
        ("ftp://api.example", "the scheme ftp"),
        ("https://user:hunter2@api.example", "must not hold a user name or password"),
        ("https://user@api.example", "must not hold a user name or password"),
        ("https://api.example/?key=hunter2", "must not hold a query or fragment"),
        ("https://api.example/#hunter2", "must not hold a query or fragment"),
    ];
    for (base_url, detail) in table {
        let options = ClientOptions { base_url: base_url.to_owned(), ..ClientOptions::default() };
        let keys = Box::new(StaticKey(key()));
        let error =
            Client::new(ScriptedTransport::default(), TestClock::default(), options, keys).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.detail().contains(detail) && !format!("{error:?}").contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn keeps_the_path_of_a_gateway() {
    for (base_url, url) in [
        ("https://gateway.example/anthropic/", "https://gateway.example/anthropic/v1/compliance/activities"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/v1/compliance/activities"),
    ] {
        let options = ClientOptions { base_url: base_url.to_owned(), ..ClientOptions::default() };
        let keys = Box::new(StaticKey(key()));
        let client = Client::new(ScriptedTransport::default(), TestClock::default(), options, keys).unwrap();
        assert_eq!(client.endpoint(), url);
    }
}

#[tokio::test]
async fn a_walk_follows_the_cursors_and_stands_still_on_an_error() {
    let body = |id: &str, has_more: bool| {
        format!(
            r#"{{"data":[{{"id":"{id}"}}],"has_more":{has_more},"first_id":"first_{id}","last_id":"last_{id}"}}"#
        )
    };
    let script = || {
        [
            answer(200, &[], &body("a", true)),
            refusal(403, &[], "permission_error", "m"),
            answer(200, &[], &body("b", true)),
            answer(200, &[], &body("c", false)),
        ]
    };
    let before = ActivityRequest { before_id: Some(Cursor::new("from")), ..any() };
    for (request, queries) in [
        (any(), ["", "?after_id=last_a", "?after_id=last_a", "?after_id=last_b"]),
        (before, ["?before_id=from", "?before_id=first_a", "?before_id=first_a", "?before_id=first_b"]),
    ] {
        let (client, transport, _) = client(script());
        let mut walk = client.walk(request);
        let mut ids = Vec::new();
        let mut failures = 0;
        loop {
            match walk.next_page().await {
                Ok(Some(page)) => ids.extend(page.activities.into_iter().map(|activity| activity.id)),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Forbidden);
                    failures += 1;
                }
            }
        }
        assert_eq!((ids, failures), (vec!["a".to_owned(), "b".to_owned(), "c".to_owned()], 1));
        assert!(walk.next_page().await.unwrap().is_none(), "a walk that has ended stays ended");
        let urls: Vec<String> = transport.seen().into_iter().map(|seen| seen.url).collect();
        let endpoint = client.endpoint();
        assert_eq!(urls, queries.map(|query| format!("{endpoint}{query}")));
    }
}

#[tokio::test]
async fn a_large_page_is_the_same_page() {
    let rows: Vec<String> = (0..5000)
        .map(|row| format!(r#"{{"id":"activity_{row}","type":"t","text":"{}"}}"#, "x".repeat(200)))
        .collect();
    let body = format!(r#"{{"data":[{}],"has_more":false}}"#, rows.join(",\n"));
    let (client, _, _) = client([answer(200, &[], &body)]);
    let page = client.list_activities(&ActivityRequest { limit: Some(5000), ..any() }).await.unwrap();
    assert_eq!(page.activities.len(), 5000);
    assert!(page.activities.iter().zip(&rows).all(|(activity, row)| activity.raw == row.as_bytes()));
}

#[tokio::test]
async fn dropping_the_future_cancels_the_request() {
    /// Never answers; says when it is asked and when the asking is given up.
    struct Endless {
        asked: Mutex<Option<oneshot::Sender<()>>>,
        given_up: Arc<AtomicBool>,
    }
    struct OnDrop(Arc<AtomicBool>);
    impl Drop for OnDrop {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    impl Transport for Endless {
        async fn get(&self, _: TransportRequest) -> Answer {
            let _on_drop = OnDrop(Arc::clone(&self.given_up));
            if let Some(asked) = self.asked.lock().unwrap().take() {
                asked.send(()).unwrap();
            }
            std::future::pending().await
        }
    }
    let (asked, was_asked) = oneshot::channel();
    let given_up = Arc::new(AtomicBool::new(false));
    let transport = Endless { asked: Mutex::new(Some(asked)), given_up: Arc::clone(&given_up) };
    let keys = Box::new(StaticKey(key()));
    let client = Client::new(transport, TestClock::default(), ClientOptions::default(), keys).unwrap();
    tokio::select! {
        _ = async { client.list_activities(&any()).await } => panic!("it has no end"),
        asked = was_asked => asked.unwrap(),
    }
    assert!(given_up.load(Ordering::Relaxed));
}

#[tokio::test]
async fn can_be_spawned_and_shared() {
    let (client, _, _) = client([page(), page()]);
    let client = Arc::new(client);
    let tasks = [(); 2].map(|()| {
        let client = Arc::clone(&client);
        tokio::spawn(async move { client.walk(any()).next_page().await })
    });
    for task in tasks {
        assert!(task.await.unwrap().unwrap().is_some());
    }
}

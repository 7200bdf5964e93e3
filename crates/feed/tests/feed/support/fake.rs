//! A clock on which waiting takes no time, and a transport that answers from a script.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use feed::{Clock, Transport, TransportError, TransportRequest, TransportResponse};
use jiff::Timestamp;

/// Every wait moves the time on at once and is noted.
#[derive(Clone, Debug)]
pub(crate) struct TestClock(Arc<Mutex<(Timestamp, Vec<Duration>)>>);

impl Default for TestClock {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(("2026-11-23T10:00:00Z".parse().unwrap(), Vec::new()))))
    }
}

impl TestClock {
    pub(crate) fn waits(&self) -> Vec<Duration> {
        self.0.lock().unwrap().1.clone()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.0.lock().unwrap().0
    }

    async fn sleep(&self, duration: Duration) {
        let mut state = self.0.lock().unwrap();
        state.0 += duration;
        state.1.push(duration);
    }
}

pub(crate) type Answer = Result<TransportResponse, TransportError>;

/// One request as the transport saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(candidate, _)| candidate == name).map_or("", |(_, value)| value)
    }
}

/// Gives the scripted answers in turn; asking beyond the script is a failure of the test.
#[derive(Clone, Debug, Default)]
pub(crate) struct ScriptedTransport {
    script: Arc<Mutex<VecDeque<Answer>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl ScriptedTransport {
    pub(crate) fn new(script: impl IntoIterator<Item = Answer>) -> Self {
        let script = Arc::new(Mutex::new(script.into_iter().collect()));
        Self { script, seen: Arc::default() }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn left(&self) -> usize {
        self.script.lock().unwrap().len()
    }
}

impl Transport for ScriptedTransport {
    async fn get(&self, request: TransportRequest) -> Answer {
        let headers =
            request.headers.iter().map(|(name, value)| ((*name).to_owned(), value.expose().to_owned()));
        self.seen.lock().unwrap().push(Seen { url: request.url.clone(), headers: headers.collect() });
        self.script.lock().unwrap().pop_front().expect("the script has no more answers")
    }
}

/// An answer with JSON in it.
#[expect(clippy::unnecessary_wraps, reason = "it stands in scripts beside failures")]
pub(crate) fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
    let json = ("content-type".to_owned(), "application/json".to_owned());
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let headers = std::iter::once(json).chain(headers).collect();
    Ok(TransportResponse { status, headers, body: Bytes::copy_from_slice(body.as_bytes()) })
}

/// An error in the vendor's form.
pub(crate) fn refusal(status: u16, headers: &[(&str, &str)], error_type: &str, message: &str) -> Answer {
    let body = serde_json::json!({ "type": "error", "error": { "type": error_type, "message": message } });
    answer(status, headers, &body.to_string())
}

/// A page that is as good as any.
pub(crate) fn page() -> Answer {
    answer(
        200,
        &[("request-id", "req_page")],
        r#"{"data":[{"id":"activity_1","type":"t"}],"has_more":false}"#,
    )
}

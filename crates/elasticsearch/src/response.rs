//! What is answered.

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, de::DeserializeOwned};

use crate::error::{Error, ErrorKind};

/// How much of an odd answer is shown.
const SHOWN_BYTES: usize = 300;

/// An answer of any status.
#[derive(Debug, Clone)]
pub struct Response {
    pub(crate) step: String,
    pub(crate) host: String,
    /// HTTP status.
    pub status: u16,
    /// The body, unpacked.
    pub body: Bytes,
    pub(crate) retry_after: Option<Duration>,
}

/// What an engine says of a failure.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EngineError {
    /// Its name, such as `index_not_found_exception`.
    pub kind: String,
    /// What it says, with the causes it names.
    pub reason: String,
}

impl Response {
    /// Whether the status says so.
    pub fn is_success(&self) -> bool {
        ErrorKind::of_status(self.status).is_none()
    }

    /// The answer itself when it is a success, an error with what the engine said otherwise.
    pub fn success(self) -> Result<Self, Error> {
        let Some(kind) = ErrorKind::of_status(self.status) else { return Ok(self) };
        let said = self.engine_error().map_or_else(|| shown(&self.body), |error| error.to_string());
        let detail = match said.as_str() {
            "" => format!("{} answers {}", self.host, self.status),
            said => format!("{} answers {}: {said}", self.host, self.status),
        };
        Err(Error::new(kind, self.step, detail).with_retry_after(self.retry_after))
    }

    /// The body as JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let detail =
                format!("{} answers what cannot be read ({error}): {}", self.host, shown(&self.body));
            Error::new(ErrorKind::Answer, self.step.clone(), detail)
        })
    }

    /// What the engine says of a failure, if the body is in that form.
    pub fn engine_error(&self) -> Option<EngineError> {
        #[derive(Deserialize)]
        struct Body {
            error: serde_json::Value,
        }
        let body: Body = serde_json::from_slice(&self.body).ok()?;
        EngineError::of(&body.error)
    }

    /// The pause the engine asked for.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl EngineError {
    /// Reads the `error` of an answer or of an item of a bulk: an object with type, reason and causes, or a text.
    pub fn of(error: &serde_json::Value) -> Option<Self> {
        if let Some(text) = error.as_str() {
            return Some(Self { kind: String::new(), reason: text.to_owned() });
        }
        let text = |value: &serde_json::Value, key| {
            value.get(key).and_then(serde_json::Value::as_str).map(str::to_owned)
        };
        let kind = text(error, "type")?;
        let mut reason = text(error, "reason").unwrap_or_default();
        let mut cause = error.get("caused_by");
        while let Some(inner) = cause {
            if let Some(more) = text(inner, "reason").filter(|more| !reason.contains(more.as_str())) {
                reason.push_str(": ");
                reason.push_str(&more);
            }
            cause = inner.get("caused_by");
        }
        Some(Self { kind, reason })
    }
}

impl std::fmt::Display for EngineError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.kind.as_str(), self.reason.as_str()) {
            ("", reason) => formatter.write_str(reason),
            (kind, "") => formatter.write_str(kind),
            (kind, reason) => write!(formatter, "{kind}: {reason}"),
        }
    }
}

/// The beginning of a body for a person, on one line.
fn shown(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(SHOWN_BYTES)]);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line: String = line.chars().filter(|letter| !letter.is_control()).collect();
    if body.len() > SHOWN_BYTES { format!("{line}…") } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Response {
        Response {
            step: "GET /x".into(),
            host: "node:9200".into(),
            status,
            body: Bytes::copy_from_slice(body.as_bytes()),
            retry_after: None,
        }
    }

    #[test]
    fn a_failure_tells_what_the_engine_said() {
        let nested = r#"{"error":{"type":"mapper_parsing_exception","reason":"failed to parse","caused_by":{"type":"x","reason":"no such date"}},"status":400}"#;
        let cases = [
            (
                400,
                nested,
                "cannot GET /x: node:9200 answers 400: mapper_parsing_exception: failed to parse: no such date",
            ),
            (
                405,
                r#"{"error":"Incorrect HTTP method","status":405}"#,
                "cannot GET /x: node:9200 answers 405: Incorrect HTTP method",
            ),
            (
                502,
                "<html>\n<h1>Bad\u{1} gateway</h1>",
                "cannot GET /x: node:9200 answers 502: <html> <h1>Bad gateway</h1>",
            ),
            (403, "", "cannot GET /x: node:9200 answers 403"),
        ];
        for (status, body, expected) in cases {
            assert_eq!(answer(status, body).success().expect_err("a failure").to_string(), expected);
        }
        assert!(answer(200, "{}").success().is_ok());
        assert_eq!(answer(200, "<html>").json::<u8>().expect_err("no JSON").kind(), ErrorKind::Answer);
    }
}

//! What can go wrong with a request to the feed, told so that a person knows what to do next.
//!
//! Every failure is one [`Error`] with one [`ErrorKind`] out of a closed list. The kind decides three things: the
//! sentence that says what happened, the hint that says what to do, and whether asking again can help. The detail
//! says what was seen this time; where the API sent a message, it is in the detail, bounded and without control
//! characters. No error ever holds a key.

mod kind;

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

pub use kind::ErrorKind;

use crate::page::RateLimit;

/// A failed request, after its retries.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    step: &'static str,
    detail: String,
    hint: Cow<'static, str>,
    status: Option<u16>,
    vendor_message: Option<String>,
    request_id: Option<String>,
    retry_after: Option<Duration>,
    retryable: bool,
    rate_limit: RateLimit,
    server_time: Option<Timestamp>,
    attempts: u32,
    elapsed: Duration,
}

impl Error {
    /// An error of this kind, with the hint and the retry rule of the kind.
    ///
    /// `detail` says what was seen, in lower case and without a full stop.
    pub fn new(kind: ErrorKind, detail: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            step: "listing activities",
            detail: detail.into(),
            hint: Cow::Borrowed(kind.hint()),
            status: None,
            vendor_message: None,
            request_id: None,
            retry_after: None,
            retryable: kind.is_retryable(),
            rate_limit: RateLimit::default(),
            server_time: None,
            attempts: 0,
            elapsed: Duration::ZERO,
        }))
    }

    /// Which failure this is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// One sentence, the same for every error of the kind.
    pub fn message(&self) -> &'static str {
        self.0.kind.message()
    }

    /// What was seen this time. May be empty when the message says it all.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The next step for the person who reads this.
    pub fn hint(&self) -> &str {
        &self.0.hint
    }

    /// The HTTP status of the last answer; `None` when there was no answer.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The API's own message, bounded and without control characters.
    pub fn vendor_message(&self) -> Option<&str> {
        self.0.vendor_message.as_deref()
    }

    /// The `request-id` of the last answer, which the vendor's support asks for. Some answers have none.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// How long the API asked to wait before the next request.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether the same request may succeed later without anyone doing anything.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// The rate limit headers of the last answer; they may be missing.
    pub fn rate_limit(&self) -> RateLimit {
        self.0.rate_limit
    }

    /// The moment at which the other side answered, by its own clock (`date`).
    pub fn server_time(&self) -> Option<Timestamp> {
        self.0.server_time
    }

    /// How many requests were sent; 0 when it failed before the first.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// From the first attempt to giving up, waits included.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed
    }

    pub(crate) fn at_step(mut self, step: &'static str) -> Self {
        self.0.step = step;
        self
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.0.hint = hint.into();
        self
    }

    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    pub(crate) fn with_vendor_message(mut self, message: Option<String>) -> Self {
        self.0.vendor_message = message;
        self
    }

    pub(crate) fn with_request_id(mut self, request_id: Option<String>) -> Self {
        self.0.request_id = request_id;
        self
    }

    pub(crate) fn with_retry_after(mut self, retry_after: Option<Duration>) -> Self {
        self.0.retry_after = retry_after;
        self
    }

    pub(crate) fn with_retryable(mut self, retryable: bool) -> Self {
        self.0.retryable = retryable;
        self
    }

    pub(crate) fn with_rate_limit(mut self, rate_limit: RateLimit) -> Self {
        self.0.rate_limit = rate_limit;
        self
    }

    pub(crate) fn with_server_time(mut self, server_time: Option<Timestamp>) -> Self {
        self.0.server_time = server_time;
        self
    }

    pub(crate) fn after(mut self, attempts: u32, elapsed: Duration) -> Self {
        self.0.attempts = attempts;
        self.0.elapsed = elapsed;
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.0.step, self.message())?;
        if !self.0.detail.is_empty() {
            write!(formatter, ": {}", self.0.detail)?;
        }
        let mut notes = Vec::new();
        notes.extend(self.0.status.map(|status| format!("HTTP {status}")));
        notes.extend(self.0.request_id.as_ref().map(|id| format!("request {id}")));
        if self.0.attempts > 1 {
            notes.push(format!("{} attempts in {:.1} s", self.0.attempts, self.0.elapsed.as_secs_f64()));
        }
        if !notes.is_empty() {
            write!(formatter, " ({})", notes.join(", "))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("text", &self.to_string())
            .field("hint", &self.0.hint)
            .field("retryable", &self.0.retryable)
            .field("retry_after", &self.0.retry_after)
            .finish()
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_kind_has_texts_of_its_own_in_the_agreed_form() {
        let mut names = HashSet::new();
        let mut messages = HashSet::new();
        for kind in ErrorKind::ALL.iter().copied() {
            assert!(
                names.insert(kind.as_str()) && messages.insert(kind.message()),
                "{kind:?} repeats another"
            );
            assert!(
                kind.as_str()
                    .chars()
                    .all(|character| character.is_ascii_lowercase() || character == '_' || character == '8')
            );
            for text in [kind.message(), kind.hint()] {
                assert!(text.len() > 10 && !text.ends_with('.'), "{text}");
                assert!(text.starts_with(|first: char| first.is_lowercase()), "{text}");
            }
        }
    }

    #[test]
    fn says_the_step_what_happened_and_the_evidence() {
        let error = Error::new(ErrorKind::Overloaded, "overloaded_error: Overloaded")
            .with_status(529)
            .with_request_id(Some("req_1".to_owned()))
            .after(5, Duration::from_millis(31_250));
        assert_eq!(
            error.to_string(),
            "listing activities: the API is overloaded: overloaded_error: Overloaded \
             (HTTP 529, request req_1, 5 attempts in 31.2 s)"
        );
        let error = Error::key_unavailable("the file /run/key does not exist");
        assert_eq!(
            error.to_string(),
            "reading the API key: no usable API key was found: the file /run/key does not exist"
        );
    }
}

//! From an HTTP answer to a page or to an error of the right kind.
//!
//! The status decides first, the error body second. The vendor documents `{"type":"error","error":{"type","message"}}`,
//! and the wire shows distinctions that only the message makes: an expired key, the scopes a key lacks, a refused
//! cursor. Where the message says nothing known, the status alone decides. An answer that is not JSON did not come from
//! the API, whatever its status says.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::error::{Error, ErrorKind};
use crate::headers;
use crate::page::{self, PageContent};
use crate::redact::{Redactor, url_without_password};
use crate::request::ActivityRequest;
use crate::transport::TransportResponse;

/// The most characters of the vendor's message that are shown.
const MAX_MESSAGE_CHARACTERS: usize = 500;

/// The most characters of an unknown body that are shown.
const MAX_EXCERPT_CHARACTERS: usize = 120;

/// A longer error body is not read as JSON: the API's are a few hundred bytes.
const MAX_ERROR_BODY_BYTES: usize = 256 * 1024;

/// Keys, checkpoints and proofs are a few kilobytes.
const MAX_LOG_BODY_BYTES: usize = 1024 * 1024;

/// One answer, the request it answers, and the key to keep out of what is said about it.
pub(crate) struct Answer<'a> {
    pub(crate) response: &'a TransportResponse,
    pub(crate) request: &'a ActivityRequest,
    pub(crate) redactor: Redactor<'a>,
    /// When it came, by our clock.
    pub(crate) at: Timestamp,
}

impl Answer<'_> {
    /// The page it holds, or the error it means.
    pub(crate) fn read(&self) -> Result<PageContent, Error> {
        let page = if self.response.status == 200 { self.content() } else { Err(self.failure()) };
        page.map_err(|error| self.with_headers(error))
    }

    /// The text of an answer of the transparency log, or the error it means.
    pub(crate) fn read_log(&self, is_text: bool) -> Result<String, Error> {
        let text = if self.response.status == 200 { self.log_text(is_text) } else { Err(self.failure()) };
        text.map_err(|error| match error.kind() {
            ErrorKind::NotFound => self.with_headers(Error::new(ErrorKind::LogNotFound, error.detail())),
            _ => self.with_headers(error),
        })
    }

    fn log_text(&self, is_text: bool) -> Result<String, Error> {
        let foreign = match self.response.header("content-type") {
            Some(content_type) if is_text => !content_type.trim_start().starts_with("text/plain"),
            _ => self.is_not_json(),
        };
        if foreign {
            return Err(self.not_the_api());
        }
        if self.response.body.len() > MAX_LOG_BODY_BYTES {
            return Err(Error::new(ErrorKind::BodyTooLarge, format!("{} bytes", self.response.body.len())));
        }
        String::from_utf8(self.response.body.to_vec())
            .map_err(|error| Error::new(ErrorKind::InvalidUtf8, error.to_string()))
    }

    fn content(&self) -> Result<PageContent, Error> {
        if self.is_not_json() {
            return Err(self.not_the_api());
        }
        page::parse(&self.response.body, self.request, self.redactor)
    }

    /// Adds what the headers say, whose word on asking again goes before that of the status.
    fn with_headers(&self, error: Error) -> Error {
        let retryable = headers::should_retry(self.response).unwrap_or(error.is_retryable());
        let request_id = headers::request_id(self.response, self.redactor);
        let request_id = request_id.or_else(|| error.request_id().map(str::to_owned));
        error
            .with_status(self.response.status)
            .with_request_id(request_id)
            .with_retry_after(headers::retry_after(self.response, self.at))
            .with_rate_limit(headers::rate_limit(self.response))
            .with_server_time(headers::server_time(self.response))
            .with_retryable(retryable)
    }

    /// Whether the answer says that it is something else than JSON. One that says nothing may be JSON.
    fn is_not_json(&self) -> bool {
        self.response.header("content-type").is_some_and(|content_type| !is_json(content_type))
    }

    fn not_the_api(&self) -> Error {
        let content_type = self.redactor.show(self.response.header("content-type").unwrap_or("unknown"), 80);
        let detail = match self.excerpt() {
            beginning if beginning.is_empty() => format!("expected JSON and got an empty {content_type}"),
            beginning => format!("expected JSON and got {content_type}: {beginning}"),
        };
        Error::new(ErrorKind::ContentType, detail)
    }

    fn excerpt(&self) -> String {
        self.redactor.show_bytes(&self.response.body, MAX_EXCERPT_CHARACTERS)
    }

    /// The error that an answer with another status than 200 means.
    fn failure(&self) -> Error {
        let status = self.response.status;
        if (300..400).contains(&status) {
            return self.redirect();
        }
        let Some(vendor) = VendorError::read(self.response, self.redactor) else {
            return self.without_vendor_error();
        };
        let error = Error::new(vendor.kind(status, self.request), vendor.detail())
            .with_vendor_message(Some(vendor.message))
            .with_request_id(vendor.request_id);
        retry_by_status(status, error)
    }

    fn redirect(&self) -> Error {
        match self.response.header("location") {
            Some(location) => {
                let target = self.redactor.show(&url_without_password(location), 200);
                Error::new(ErrorKind::Redirect, format!("it points to {target}"))
            }
            None => Error::new(ErrorKind::UnexpectedStatus, "a redirect that names no address"),
        }
    }

    /// An error status without the API's own error body. On the server's side the status still tells the kind; on the
    /// client's side it would blame the key or the request for what something else on the way said.
    fn without_vendor_error(&self) -> Error {
        let status = self.response.status;
        let kind = kind_by_status(status);
        if self.is_not_json() && !self.response.body.is_empty() && blames_the_client(kind) {
            return self.not_the_api();
        }
        let detail = match self.excerpt() {
            beginning if beginning.is_empty() => "the answer has no body".to_owned(),
            beginning => format!("the answer is not the API's own error: {beginning}"),
        };
        retry_by_status(status, Error::new(kind, detail))
    }
}

/// `application/json`, `text/json` and the `+json` family, with or without parameters.
fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence == "text/json" || essence.ends_with("+json")
}

fn blames_the_client(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::BadRequest | ErrorKind::KeyInvalid | ErrorKind::Forbidden | ErrorKind::NotFound)
}

/// Statuses whose retry rule is not that of their kind: a conflict passes, a proxy that wants a password stays.
fn retry_by_status(status: u16, error: Error) -> Error {
    match status {
        409 => error.with_retryable(true),
        407 => error.with_retryable(false),
        _ => error,
    }
}

fn kind_by_status(status: u16) -> ErrorKind {
    match status {
        400 | 413 | 414 | 422 | 431 => ErrorKind::BadRequest,
        401 => ErrorKind::KeyInvalid,
        403 => ErrorKind::Forbidden,
        404 => ErrorKind::NotFound,
        407 => ErrorKind::Proxy,
        408 => ErrorKind::Timeout,
        429 => ErrorKind::RateLimited,
        502..=504 => ErrorKind::Unavailable,
        529 => ErrorKind::Overloaded,
        500..=599 => ErrorKind::ServerError,
        _ => ErrorKind::UnexpectedStatus,
    }
}

/// The API's own account of an error.
struct VendorError {
    error_type: String,
    message: String,
    request_id: Option<String>,
}

impl VendorError {
    /// Reads the documented error body; `None` for everything else.
    fn read(response: &TransportResponse, redactor: Redactor<'_>) -> Option<Self> {
        #[derive(Deserialize)]
        struct Body {
            error: Inner,
            #[serde(default)]
            request_id: Value,
        }
        #[derive(Deserialize)]
        struct Inner {
            #[serde(rename = "type", default)]
            error_type: Value,
            #[serde(default)]
            message: Value,
        }
        if response.body.len() > MAX_ERROR_BODY_BYTES {
            return None;
        }
        let body: Body = serde_json::from_slice(&response.body).ok()?;
        let text = |value: &Value, limit| redactor.show(value.as_str().unwrap_or_default(), limit);
        Some(Self {
            error_type: text(&body.error.error_type, 80),
            message: text(&body.error.message, MAX_MESSAGE_CHARACTERS),
            request_id: Some(text(&body.request_id, 200)).filter(|id| !id.is_empty()),
        })
    }

    /// The kind by status, made finer by what the message says.
    fn kind(&self, status: u16, request: &ActivityRequest) -> ErrorKind {
        let message = self.message.to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
        match status {
            400 if says_cursor(&message, request) => ErrorKind::CursorRefused,
            401 if says(&["expired"]) => ErrorKind::KeyExpired,
            401 if says(&["missing", "is required", "not provided"]) => ErrorKind::KeyMissing,
            403 if says(&["needed:", "scope"]) => ErrorKind::ScopeMissing,
            500..=599 if self.error_type == "overloaded_error" => ErrorKind::Overloaded,
            _ => kind_by_status(status),
        }
    }

    /// Type and message as one text.
    fn detail(&self) -> String {
        match (self.error_type.as_str(), self.message.as_str()) {
            ("", message) => message.to_owned(),
            (error_type, "") => error_type.to_owned(),
            (error_type, message) => format!("{error_type}: {message}"),
        }
    }
}

/// A 400 blames the cursor only if one was sent.
fn says_cursor(message: &str, request: &ActivityRequest) -> bool {
    let Some(cursor) = request.after_id.as_ref().or(request.before_id.as_ref()) else { return false };
    ["cursor", "after_id", "before_id"].iter().any(|word| message.contains(word))
        || message.contains(&cursor.as_str().to_ascii_lowercase())
}

#[cfg(test)]
mod tests;

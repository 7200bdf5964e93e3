//! Refusals: the documented error bodies with the headers that go with them.

use serde_json::json;

/// An answer that is not a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) status: u16,
    /// `error.type`.
    pub(crate) kind: &'static str,
    /// `error.message`.
    pub(crate) message: String,
    /// `x-should-retry`, where the answer carries it.
    pub(crate) should_retry: Option<bool>,
    /// Seconds for `retry-after`.
    pub(crate) retry_after: Option<u64>,
    /// Whether header and body name the request; a 401 does not.
    pub(crate) names_request: bool,
    /// Whether the answer carries the rate headers; the 403 of a missing scope does not.
    pub(crate) rate_headers: bool,
    /// Whether the API itself answered, so that the call leaves a row in the feed of its key's parent.
    pub(crate) leaves_row: bool,
}

impl Problem {
    /// A refusal that the API makes itself, with the usual headers for the status.
    pub(crate) fn new(status: u16, message: impl Into<String>) -> Self {
        let should_retry = match status {
            408 | 429 | 500 | 529 => Some(true),
            400..=499 => Some(false),
            // What stands before the API answers these, and knows nothing of the header.
            _ => None,
        };
        Self {
            status,
            kind: kind_of(status),
            message: message.into(),
            should_retry,
            retry_after: None,
            names_request: true,
            rate_headers: matches!(status, 400 | 403 | 404 | 405 | 429 | 500),
            leaves_row: matches!(status, 400 | 403 | 404 | 405 | 429 | 500),
        }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, message)
    }

    pub(crate) fn invalid_key() -> Self {
        Self::unauthenticated("API key is invalid.")
    }

    pub(crate) fn expired_key() -> Self {
        Self::unauthenticated("API key has expired.")
    }

    /// A request without any key: not found, whatever the guide says.
    pub(crate) fn no_key() -> Self {
        Self { leaves_row: false, rate_headers: false, ..Self::new(404, "Not found") }
    }

    pub(crate) fn missing_scope(got: &[String], needed: &str) -> Self {
        let got: Vec<String> = got.iter().map(|scope| format!("'{scope}'")).collect();
        let message = format!("Missing required scope. Got: [{}] Needed: ['{needed}']", got.join(", "));
        Self { rate_headers: false, ..Self::new(403, message) }
    }

    pub(crate) fn foreign_organization(organization: &str) -> Self {
        Self::new(403, format!("Organization {organization} does not belong to your parent organization."))
    }

    pub(crate) fn rate_limited(retry_after: u64) -> Self {
        let message =
            "This request would exceed the rate limit of your parent organization. Please try again later.";
        Self { retry_after: Some(retry_after), ..Self::new(429, message) }
    }

    /// The body, with the request id where the answer names it.
    pub(crate) fn body(&self, request_id: &str) -> String {
        let mut body = json!({ "type": "error", "error": { "type": self.kind, "message": self.message } });
        if self.names_request {
            body["request_id"] = json!(request_id);
        }
        body.to_string()
    }

    fn unauthenticated(message: &str) -> Self {
        Self { names_request: false, ..Self::new(401, message) }
    }
}

/// The `error.type` of a status.
fn kind_of(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        408 | 504 => "timeout_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        529 => "overloaded_error",
        400..=499 => "invalid_request_error",
        _ => "api_error",
    }
}

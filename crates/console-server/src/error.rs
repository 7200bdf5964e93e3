//! What a caller of the API is told when something fails: a status, a kind for programs, a sentence and the next step for people.

use axum::{
    Json,
    extract::rejection::{JsonRejection, QueryRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

/// The answer to a request that failed.
#[derive(Debug, Clone)]
pub struct ApiError {
    status: StatusCode,
    kind: String,
    message: String,
    hint: String,
    column: Option<usize>,
    retry_after_seconds: Option<u64>,
}

impl ApiError {
    /// An error with a status, a kind in `snake_case` and one sentence.
    pub fn new(status: StatusCode, kind: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            kind: kind.to_owned(),
            message: message.into(),
            hint: String::new(),
            column: None,
            retry_after_seconds: None,
        }
    }

    /// With the next step.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// What is asked for is wrong.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    /// There is no such thing.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// Our own failure; the detail goes to the log.
    pub fn internal(message: impl std::fmt::Display) -> Self {
        tracing::error!(%message, "a request to the console failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the console failed to answer")
            .hint("the program's log says why")
    }

    pub(crate) fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", "you are not signed in, or your session ended")
            .hint("sign in again; on the machine itself `claudetrail console link` prints a one-time link")
    }

    pub(crate) fn forbidden(message: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message).hint("ask an administrator of this console")
    }

    /// The state of things does not allow it.
    pub fn conflict(kind: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, kind, message)
    }

    pub(crate) fn too_many(seconds: u64) -> Self {
        let mut error = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_attempts",
            "too many failed attempts to sign in",
        )
        .hint(format!("try again in {} min", seconds.div_ceil(60)));
        error.retry_after_seconds = Some(seconds.max(1));
        error
    }

    pub(crate) fn timeout(seconds: u64) -> Self {
        Self::new(
            StatusCode::GATEWAY_TIMEOUT,
            "timeout",
            format!("the answer took longer than {seconds} s and was given up"),
        )
        .hint("ask for a shorter range of time or fewer fields")
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        self.status
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for ApiError {}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut error = json!({ "kind": self.kind, "message": self.message, "hint": self.hint });
        if let Some(column) = self.column {
            error["column"] = json!(column);
        }
        let mut response = (self.status, Json(json!({ "error": error }))).into_response();
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl From<ledger::Error> for ApiError {
    fn from(error: ledger::Error) -> Self {
        tracing::warn!(%error, "the console cannot read the ledger");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "ledger", error.to_string()).hint(error.hint())
    }
}

impl From<query::Error> for ApiError {
    fn from(error: query::Error) -> Self {
        use query::ErrorKind;
        let status = match error.kind {
            kind if kind.is_question() => StatusCode::BAD_REQUEST,
            ErrorKind::Unavailable | ErrorKind::Cancelled => StatusCode::SERVICE_UNAVAILABLE,
            ErrorKind::Timeout => StatusCode::GATEWAY_TIMEOUT,
            ErrorKind::Forbidden | ErrorKind::Failed => StatusCode::BAD_GATEWAY,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        if status.is_server_error() {
            tracing::warn!(%error, "the store of documents did not answer the console");
        }
        let mut answer = Self::new(status, error.kind.as_str(), error.message.clone());
        answer.column = error.column;
        answer.hint(error.next_step().unwrap_or_default())
    }
}

impl From<rusqlite::Error> for ApiError {
    fn from(error: rusqlite::Error) -> Self {
        Self::internal(format!("console.sqlite: {error}"))
    }
}

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        Self::bad_request(rejection.body_text()).hint("docs/reference/openapi.json lists the parameters")
    }
}

impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        Self::new(rejection.status(), "bad_request", rejection.body_text())
            .hint("docs/reference/openapi.json describes the body")
    }
}

/// Why the console could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("the console cannot listen on {address}: {source}")]
    Listen {
        /// As configured.
        address: std::net::SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// A certificate or key cannot be used.
    #[error("the console cannot use the certificate {certificate}: {detail}")]
    Certificate {
        /// The certificate's file.
        certificate: String,
        /// What is wrong with it.
        detail: String,
    },
    /// `console.sqlite` cannot be used.
    #[error("cannot open {path}: {detail}")]
    Store {
        /// The file.
        path: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The settings do not fit together.
    #[error("{0}")]
    Settings(String),
}

impl StartError {
    /// The next step.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Listen { source, .. } if source.kind() == std::io::ErrorKind::AddrInUse => {
                "another program, perhaps another claudetrail, uses this port: set console.listen to another one"
            }
            Self::Listen { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => {
                "ports below 1024 need a privilege: set console.listen to a higher one"
            }
            Self::Listen { .. } => "set console.listen to an address of this machine",
            Self::Certificate { .. } => {
                "console.tls.certificate_file and console.tls.key_file are PEM files: the chain, and the key that fits it"
            }
            Self::Store { .. } => "check the permissions and the free space of the data directory",
            Self::Settings(_) => "`claudetrail config reference` explains the keys of [console]",
        }
    }
}

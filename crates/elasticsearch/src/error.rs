//! What can go wrong, in three parts: what was attempted, the detail, and a hint with the next step.

use std::time::Duration;

/// The kind of an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Options that cannot be used: an address that is none, a file that cannot be read.
    Configuration,
    /// The credentials could not be read.
    Credentials,
    /// No host could be reached.
    Connection,
    /// The engine's certificate is not trusted, or ours is not.
    Tls,
    /// No answer in time.
    Timeout,
    /// The credentials are refused.
    Unauthorized,
    /// The credentials are known and lack the right.
    Forbidden,
    /// What the path names is not there, or the engine has no such end.
    NotFound,
    /// The request is larger than the engine takes.
    TooLarge,
    /// The engine asks for a pause.
    Throttled,
    /// The engine, or a proxy before it, cannot work now.
    Unavailable,
    /// The engine refuses the request as it is.
    Refused,
    /// The answer is none of an engine, or is larger than allowed.
    Answer,
}

impl ErrorKind {
    /// Short name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Credentials => "credentials",
            Self::Connection => "connection",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::TooLarge => "too_large",
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::Refused => "refused",
            Self::Answer => "answer",
        }
    }

    /// Whether the same request may succeed later with nobody doing anything.
    pub fn is_passing(self) -> bool {
        matches!(self, Self::Connection | Self::Timeout | Self::Throttled | Self::Unavailable | Self::Answer)
    }

    /// The kind that a status stands for; success has none.
    pub(crate) fn of_status(status: u16) -> Option<Self> {
        Some(match status {
            200..=299 => return None,
            401 => Self::Unauthorized,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            408 | 504 => Self::Timeout,
            413 => Self::TooLarge,
            429 => Self::Throttled,
            400..=499 => Self::Refused,
            500..=599 => Self::Unavailable,
            _ => Self::Answer,
        })
    }

    fn hint(self) -> &'static str {
        match self {
            Self::Configuration => "check the hosts and files in the configuration",
            Self::Credentials => "check where the configuration says the key or password comes from",
            Self::Connection => "check the address, and that the engine runs and can be reached from here",
            Self::Tls => "give the authority that signed the engine's certificate as tls.ca_file",
            Self::Timeout => {
                "the engine may be overloaded; raise request_timeout if it always takes this long"
            }
            Self::Unauthorized => "check the API key, or user and password: the engine does not accept them",
            Self::Forbidden => {
                "give the user or key the missing privilege, named in the detail; `claudetrail setup elasticsearch --print-role` prints what delivering takes"
            }
            Self::NotFound => {
                "check the address: it may have a path, or be that of Kibana instead of the engine"
            }
            Self::TooLarge => {
                "raise http.max_content_length of the engine, or the limit of the proxy before it"
            }
            Self::Throttled => "the engine is busy and asks for less; nothing is lost, it is sent again",
            Self::Unavailable => "look at the engine's log and health; nothing is lost, it is sent again",
            Self::Refused => "",
            Self::Answer => "check that the address is that of an Elasticsearch or OpenSearch node",
        }
    }
}

/// A failed step.
#[derive(Debug, Clone, thiserror::Error)]
#[error("cannot {step}: {detail}")]
pub struct Error {
    kind: ErrorKind,
    step: String,
    detail: String,
    hint: Option<String>,
    retry_after: Option<Duration>,
}

impl Error {
    /// `step` completes "cannot …"; neither text may hold a secret.
    pub fn new(kind: ErrorKind, step: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { kind, step: step.into(), detail: detail.into(), hint: None, retry_after: None }
    }

    /// Another next step than the kind's.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn with_retry_after(mut self, after: Option<Duration>) -> Self {
        self.retry_after = after;
        self
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What happened, without the step.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The next step for the person who reads the error; may be empty.
    pub fn hint(&self) -> &str {
        self.hint.as_deref().unwrap_or_else(|| self.kind.hint())
    }

    /// The pause the engine asked for.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_has_its_kind() {
        let cases = [
            (200, None),
            (201, None),
            (302, Some(ErrorKind::Answer)),
            (400, Some(ErrorKind::Refused)),
            (401, Some(ErrorKind::Unauthorized)),
            (403, Some(ErrorKind::Forbidden)),
            (404, Some(ErrorKind::NotFound)),
            (413, Some(ErrorKind::TooLarge)),
            (429, Some(ErrorKind::Throttled)),
            (500, Some(ErrorKind::Unavailable)),
            (503, Some(ErrorKind::Unavailable)),
            (504, Some(ErrorKind::Timeout)),
        ];
        for (status, kind) in cases {
            assert_eq!(ErrorKind::of_status(status), kind, "{status}");
        }
    }
}

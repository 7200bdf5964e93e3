//! The edge to the network: one GET, its answer, or why there was none.
//!
//! [`Transport`] is what a [`Client`](crate::Client) is built on. [`HttpTransport`] is the real one; an in-process
//! simulator or a test brings its own. A transport knows nothing of pages or retries: any HTTP status is an answer,
//! and only the lack of an answer is a [`TransportError`].

mod fault;
mod http;
mod options;
mod tls;

use std::borrow::Cow;
use std::fmt;
use std::future::Future;

use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};

use crate::error::ErrorKind;
use crate::key::{ApiKey, STARS};

pub use http::{HttpTransport, MAX_BODY_BYTES};
pub use options::{HttpOptions, MinimumTlsVersion, ProxyChoice, TraceOptions};

/// Sends one GET request.
pub trait Transport: Send + Sync + 'static {
    /// Sends the request and waits for the whole answer. Redirects are not followed. Dropping the future cancels.
    fn get(
        &self,
        request: TransportRequest,
    ) -> impl Future<Output = Result<TransportResponse, TransportError>> + Send;
}

/// A GET request.
#[derive(Clone, Debug)]
pub struct TransportRequest {
    /// The whole URL, query included. Holds no secret.
    pub url: String,
    /// Lower-case names and their values; the key's value is marked sensitive.
    pub headers: Vec<(&'static str, HeaderText)>,
}

/// An answer, whatever its status.
#[derive(Clone, Debug)]
pub struct TransportResponse {
    /// The HTTP status.
    pub status: u16,
    /// Headers with lower-case names, in the order in which they came.
    pub headers: Vec<(String, String)>,
    /// The whole body after content decoding.
    pub body: Bytes,
}

impl TransportResponse {
    /// The first header of this name, which is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(candidate, _)| candidate == name).map(|(_, value)| value.as_str())
    }
}

/// The value of a request header, which may be a secret. Secrets print as stars.
#[derive(Clone)]
pub struct HeaderText(Kind);

#[derive(Clone)]
enum Kind {
    Plain(Cow<'static, str>),
    Sensitive(SecretString),
}

impl HeaderText {
    /// A value that may be shown.
    pub fn plain(text: impl Into<Cow<'static, str>>) -> Self {
        Self(Kind::Plain(text.into()))
    }

    /// The value of the key's header.
    pub fn key(key: &ApiKey) -> Self {
        Self(Kind::Sensitive(SecretString::from(key.expose())))
    }

    /// Whether the value is a secret.
    pub fn is_sensitive(&self) -> bool {
        matches!(self.0, Kind::Sensitive(_))
    }

    /// The value as it is sent, secrets included: for a transport, and for nothing that is kept or shown.
    pub fn expose(&self) -> &str {
        match &self.0 {
            Kind::Plain(text) => text,
            Kind::Sensitive(secret) => secret.expose_secret(),
        }
    }
}

impl fmt::Display for HeaderText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Plain(text) => formatter.write_str(text),
            Kind::Sensitive(_) => formatter.write_str(STARS),
        }
    }
}

impl fmt::Debug for HeaderText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Plain(text) => write!(formatter, "{text:?}"),
            Kind::Sensitive(_) => formatter.write_str(STARS),
        }
    }
}

/// Why there was no answer.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}: {detail}", kind.message())]
pub struct TransportError {
    /// [`ErrorKind::Timeout`], [`ErrorKind::Connection`], [`ErrorKind::Tls`], [`ErrorKind::Proxy`],
    /// [`ErrorKind::Truncated`], [`ErrorKind::BodyTooLarge`] or [`ErrorKind::Configuration`].
    pub kind: ErrorKind,
    /// What was seen. Holds no secret.
    pub detail: String,
    /// A hint better than that of the kind.
    pub hint: Option<&'static str>,
    /// Whether the same request may succeed later without anyone doing anything.
    pub retryable: bool,
}

impl TransportError {
    /// An error with the hint and the retry rule of its kind.
    pub fn new(kind: ErrorKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), hint: None, retryable: kind.is_retryable() }
    }

    pub(crate) fn with_hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }

    /// The same error for a cause that stays until someone removes it, such as a certificate.
    pub(crate) fn lasting(mut self) -> Self {
        self.retryable = false;
        self
    }
}

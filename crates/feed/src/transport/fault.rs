//! What a failed exchange means: which of timeout, connection, TLS, proxy or broken-off body it was.
//!
//! The HTTP library reports most failures as one kind with a chain of causes below it. What a person needs to know
//! stands deep in that chain, so it is searched for the causes that matter, and the causes become the detail.

use std::error::Error as StdError;
use std::fmt::Write as _;
use std::io;

use rustls::{AlertDescription, CertificateError};

use super::TransportError;
use crate::error::ErrorKind;

/// How far an exchange had come when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Before the headers of the answer.
    Send,
    /// Reading the body; so many bytes had come.
    Body(u64),
}

/// What a failure needs to be told about the exchange it ended.
pub(super) struct Situation<'a> {
    pub(super) stage: Stage,
    /// Host and port that were asked for.
    pub(super) host: &'a str,
    /// The proxy on the way, without its password.
    pub(super) proxy: Option<&'a str>,
    pub(super) request_timeout: std::time::Duration,
    pub(super) connect_timeout: std::time::Duration,
}

impl Situation<'_> {
    /// The transport error that this failure means.
    pub(super) fn explain(&self, error: &reqwest::Error) -> TransportError {
        if let Some(tls) = find::<rustls::Error>(error) {
            return self.tls(tls);
        }
        if error.is_timeout() {
            return self.timeout(error);
        }
        let causes = causes(error);
        if error.is_builder() {
            return TransportError::new(ErrorKind::Configuration, causes).lasting();
        }
        if let Some(proxy) = self.proxy
            && is_about_proxy(error, &causes)
        {
            return proxy_fault(proxy, &causes);
        }
        if causes.contains("tls handshake eof") {
            let detail = format!("{} closed the connection during the TLS handshake", self.host);
            return TransportError::new(ErrorKind::Tls, detail);
        }
        match self.stage {
            Stage::Body(received) => TransportError::new(
                ErrorKind::Truncated,
                format!("the body broke off after {received} bytes: {causes}"),
            ),
            Stage::Send if error.is_dns() => TransportError::new(
                ErrorKind::Connection,
                format!("the name {} cannot be resolved: {causes}", self.host),
            ),
            Stage::Send => TransportError::new(ErrorKind::Connection, format!("{}: {causes}", self.host)),
        }
    }

    fn timeout(&self, error: &reqwest::Error) -> TransportError {
        let through = self.proxy.map(|proxy| format!(" through the proxy {proxy}")).unwrap_or_default();
        let detail = match self.stage {
            Stage::Send if error.is_connect() => {
                format!("no connection to {}{through} within {:?}", self.host, self.connect_timeout)
            }
            Stage::Send => format!("no answer from {}{through} within {:?}", self.host, self.request_timeout),
            Stage::Body(received) => {
                format!(
                    "the body was not complete within {:?}; {received} bytes had come",
                    self.request_timeout
                )
            }
        };
        TransportError::new(ErrorKind::Timeout, detail)
    }

    fn tls(&self, error: &rustls::Error) -> TransportError {
        let (what, hint, is_lasting) = tls_account(error);
        let mut detail = format!("{}: {what}", self.host);
        if let Some(proxy) = self.proxy {
            let _ = write!(detail, " (through the proxy {proxy})"); // writing to a String cannot fail
        }
        let fault = TransportError::new(ErrorKind::Tls, detail);
        let fault = if is_lasting { fault.lasting() } else { fault };
        match hint {
            Some(hint) => fault.with_hint(hint),
            None => fault,
        }
    }
}

/// Failures between here and the proxy, and refusals by it. With a proxy every connection is one to the proxy, so any
/// failure to connect is the proxy's.
fn is_about_proxy(error: &reqwest::Error, causes: &str) -> bool {
    error.is_connect() || error.is_dns() || causes.contains("tunnel error") || causes.contains("SOCKS")
}

fn proxy_fault(proxy: &str, causes: &str) -> TransportError {
    if causes.contains("proxy authorization required") || causes.contains("credentials") {
        let detail = format!("the proxy {proxy} asks for a user name and password: {causes}");
        return TransportError::new(ErrorKind::Proxy, detail)
            .with_hint(
                "put the user name and password into the proxy's address: http://USER:PASSWORD@HOST:PORT",
            )
            .lasting();
    }
    TransportError::new(ErrorKind::Proxy, format!("the proxy {proxy}: {causes}"))
}

/// What a TLS failure is, what to do about it, and whether it stays until someone does.
fn tls_account(error: &rustls::Error) -> (String, Option<&'static str>, bool) {
    use rustls::Error::{AlertReceived, InvalidCertificate, InvalidMessage, PeerIncompatible};
    match error {
        InvalidCertificate(certificate) => {
            let (what, hint) = certificate_account(certificate);
            (what, Some(hint), true)
        }
        AlertReceived(AlertDescription::ProtocolVersion) | PeerIncompatible(_) => {
            (format!("no common TLS version or cipher: {error}"), Some(HINT_VERSION), true)
        }
        AlertReceived(alert) if is_about_client_certificate(*alert) => (
            format!("the other side refused the client certificate, or the lack of one: {error}"),
            Some(HINT_CLIENT),
            true,
        ),
        InvalidMessage(_) => (format!("the answer is not TLS: {error}"), Some(HINT_NOT_TLS), true),
        _ => (error.to_string(), None, false),
    }
}

const HINT_VERSION: &str =
    "lower the minimum TLS version to what the other side can do, or ask who runs it to raise theirs";
const HINT_CLIENT: &str =
    "give the client certificate and key that the other side expects; check that it has not expired";
const HINT_NOT_TLS: &str = "check the port and scheme of base_url, and whether a proxy answers in its place";
const HINT_ISSUER: &str = "if your organization's proxy or a private authority signed it, give that authority's certificate as the CA file; a system without any authorities needs its ca-certificates package";
const HINT_EXPIRED: &str =
    "check this machine's clock; if it is right, whoever runs the other side must renew the certificate";
const HINT_NAME: &str = "use in base_url a host name that stands in the certificate";
const HINT_CERTIFICATE: &str = "ask who runs the other side about its certificate";

fn certificate_account(error: &CertificateError) -> (String, &'static str) {
    use CertificateError as C;
    match error {
        C::UnknownIssuer => {
            ("the certificate is signed by an authority that is not trusted here".to_owned(), HINT_ISSUER)
        }
        C::BadSignature => {
            ("the certificate is signed by an authority of the same name as one that is trusted here, but with another key".to_owned(), HINT_ISSUER)
        }
        C::Expired | C::ExpiredContext { .. } => {
            (format!("the certificate has expired: {error}"), HINT_EXPIRED)
        }
        C::NotValidYet | C::NotValidYetContext { .. } => {
            (format!("the certificate is not valid yet: {error}"), HINT_EXPIRED)
        }
        C::NotValidForName | C::NotValidForNameContext { .. } => {
            (format!("the certificate is for another name: {error}"), HINT_NAME)
        }
        _ => (format!("the certificate is not valid: {error}"), HINT_CERTIFICATE),
    }
}

fn is_about_client_certificate(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::DecryptError
            | AlertDescription::AccessDenied
            | AlertDescription::HandshakeFailure
    )
}

/// The first cause of this type in the chain. An I/O error wraps others without naming them as its source.
fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut current = Some(error);
    while let Some(cause) = current {
        if let Some(found) = cause.downcast_ref::<E>() {
            return Some(found);
        }
        if let Some(inner) = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref)
            && let Some(found) = find::<E>(inner)
        {
            return Some(found);
        }
        current = cause.source();
    }
    None
}

/// The causes below the error as one text, without those that only repeat the one below them.
pub(super) fn causes(error: &reqwest::Error) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut current = error.source();
    while let Some(cause) = current {
        let text = cause.to_string();
        let is_generic =
            text.starts_with("client error (") || texts.last().is_some_and(|above| above.contains(&text));
        if !is_generic {
            texts.push(text);
        }
        current = cause.source();
    }
    // The error's own text is left out: it may hold the URL, which whoever reads this knows.
    if texts.is_empty() { "no cause is known".to_owned() } else { texts.join(": ") }
}

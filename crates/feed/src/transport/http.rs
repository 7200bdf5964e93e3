//! The real transport: HTTP/1.1 and HTTP/2 over TLS, through a proxy if need be.
//!
//! * Redirects are never followed; a redirect is an answer like any other, and the client calls it an error. The key
//!   therefore reaches the configured host and no other.
//! * The crypto provider is chosen by name ([`rustls`] on aws-lc-rs), never guessed.
//! * A body is read up to [`MAX_BODY_BYTES`] after decompression, so neither an endless body nor a small one that
//!   unpacks to an endless one fills the memory.
//! * Proxy passwords and keys are shown nowhere.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hyper_util::client::proxy::matcher::Matcher;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Proxy, Url};

use super::fault::{Situation, Stage};
use super::options::{HttpOptions, ProxyChoice};
use super::{Transport, TransportError, TransportRequest, TransportResponse, tls};
use crate::error::{Error, ErrorKind};
use crate::redact::url_without_password;
use crate::trace::Trace;

/// The largest body that is read, after decompression: 256 MiB. A page of 5,000 rows has 5 to 15 MB on the wire today,
/// and a body beyond this bound is no page but a fault.
pub const MAX_BODY_BYTES: u64 = 256 * 1024 * 1024;

/// What is set aside for a body before it comes, at most: the answer's own word on its length is not to be trusted
/// with more.
const MAX_RESERVED_BYTES: u64 = 16 * 1024 * 1024;

/// The proxy schemes that work.
const PROXY_SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// A [`Transport`] over the network.
pub struct HttpTransport {
    client: reqwest::Client,
    route: Route,
    request_timeout: Duration,
    connect_timeout: Duration,
    max_body_bytes: u64,
    trace: Option<Arc<Trace>>,
}

impl HttpTransport {
    /// Fails with [`ErrorKind::Configuration`] when a file cannot be read or used, the proxy's address is not one, or
    /// the trace's folder cannot be written.
    pub fn new(options: &HttpOptions) -> Result<Self, Error> {
        tls::choose_provider();
        let client = match client(options, Roots::Platform) {
            // A bare container has no authorities at all. Plain HTTP to a simulator still works there, and HTTPS says
            // that it trusts nobody; refusing to start would say less.
            Err(error) if has_no_platform_roots(&error) => {
                tracing::warn!(
                    "this system has no certificate authorities; only those of the CA file are trusted"
                );
                client(options, Roots::None)
            }
            other => other,
        };
        Ok(Self {
            client: client.map_err(BuildError::into_error)?,
            route: Route::new(&options.proxy)?,
            request_timeout: options.request_timeout,
            connect_timeout: options.connect_timeout,
            max_body_bytes: MAX_BODY_BYTES,
            trace: options.trace.as_ref().map(Trace::open).transpose()?.map(Arc::new),
        })
    }

    async fn exchange(&self, request: &TransportRequest) -> Result<TransportResponse, TransportError> {
        let url = Url::parse(&request.url).map_err(|error| {
            TransportError::new(ErrorKind::Configuration, format!("the URL is not valid: {error}"))
        })?;
        let host = match url.port() {
            Some(port) => format!("{}:{port}", url.host_str().unwrap_or_default()),
            None => url.host_str().unwrap_or_default().to_owned(),
        };
        let proxy = self.route.proxy_for(&url);
        let explain = |stage, error: &reqwest::Error| {
            let situation = Situation {
                stage,
                host: &host,
                proxy: proxy.as_deref(),
                request_timeout: self.request_timeout,
                connect_timeout: self.connect_timeout,
            };
            situation.explain(error)
        };
        let sent = self.client.get(url).headers(header_map(request)?).send().await;
        let mut response = sent.map_err(|error| explain(Stage::Send, &error))?;
        let status = response.status().as_u16();
        let headers = received_headers(response.headers());
        let expected = response.content_length().unwrap_or(0).min(MAX_RESERVED_BYTES);
        let mut body = BytesMut::with_capacity(expected as usize);
        loop {
            let received = body.len() as u64;
            let chunk = response.chunk().await.map_err(|error| explain(Stage::Body(received), &error))?;
            let Some(chunk) = chunk else { break };
            if received + chunk.len() as u64 > self.max_body_bytes {
                let detail = format!("it has more than {} bytes", self.max_body_bytes);
                return Err(TransportError::new(ErrorKind::BodyTooLarge, detail));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(TransportResponse { status, headers, body: Bytes::from(body) })
    }
}

/// The HTTP library's own account of its client may name proxies in full.
impl fmt::Debug for HttpTransport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("HttpTransport").field("route", &self.route).finish_non_exhaustive()
    }
}

impl Transport for HttpTransport {
    async fn get(&self, request: TransportRequest) -> Result<TransportResponse, TransportError> {
        let Some(trace) = &self.trace else { return self.exchange(&request).await };
        let begun = Trace::begin();
        let outcome = self.exchange(&request).await;
        Trace::record(trace, begun, request, &outcome).await;
        outcome
    }
}

fn header_map(request: &TransportRequest) -> Result<HeaderMap, TransportError> {
    let mut headers = HeaderMap::with_capacity(request.headers.len());
    for (name, text) in &request.headers {
        let unusable =
            || TransportError::new(ErrorKind::Configuration, format!("the header {name} cannot be sent"));
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unusable())?;
        let mut value = HeaderValue::from_str(text.expose()).map_err(|_| unusable())?;
        value.set_sensitive(text.is_sensitive());
        headers.insert(key, value);
    }
    Ok(headers)
}

fn received_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}

#[derive(Clone, Copy)]
enum Roots {
    Platform,
    None,
}

enum BuildError {
    Ours(Error),
    Library(reqwest::Error),
}

impl BuildError {
    fn into_error(self) -> Error {
        match self {
            Self::Ours(error) => error,
            Self::Library(error) => configuration(super::fault::causes(&error)),
        }
    }
}

fn has_no_platform_roots(error: &BuildError) -> bool {
    matches!(error, BuildError::Library(error) if super::fault::causes(error).contains("No CA certificates were loaded"))
}

fn client(options: &HttpOptions, roots: Roots) -> Result<reqwest::Client, BuildError> {
    let user_agent = HeaderValue::from_str(&options.user_agent)
        .map_err(|_| BuildError::Ours(configuration("the user agent cannot be sent as a header")))?;
    let builder = reqwest::Client::builder()
        .user_agent(user_agent)
        .redirect(Policy::none())
        .referer(false)
        .timeout(options.request_timeout)
        .connect_timeout(options.connect_timeout);
    let builder = tls::configure(builder, options).map_err(BuildError::Ours)?;
    let builder = match roots {
        Roots::Platform => builder,
        Roots::None => builder.tls_certs_only([]),
    };
    let builder = match &options.proxy {
        ProxyChoice::FromEnvironment => builder,
        ProxyChoice::Direct => builder.no_proxy(),
        ProxyChoice::Url(text) => {
            let url = proxy_url(text).map_err(BuildError::Ours)?;
            builder.no_proxy().proxy(Proxy::all(url).map_err(|_| BuildError::Ours(not_a_proxy(text)))?)
        }
    };
    builder.build().map_err(BuildError::Library)
}

/// The proxy's address as a URL; `host:port` alone means an HTTP proxy.
fn proxy_url(text: &str) -> Result<Url, Error> {
    let text = text.trim();
    let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    match Url::parse(&whole) {
        Ok(url) if PROXY_SCHEMES.contains(&url.scheme()) && url.has_host() => Ok(url),
        _ => Err(not_a_proxy(text)),
    }
}

fn not_a_proxy(text: &str) -> Error {
    configuration(format!("{} is not the address of a proxy", url_without_password(text))).with_hint(
        "write the proxy as http://HOST:PORT, https://HOST:PORT, socks5://HOST:PORT or socks5h://HOST:PORT",
    )
}

fn configuration(detail: impl Into<String>) -> Error {
    Error::new(ErrorKind::Configuration, detail).at_step("setting up the HTTP client")
}

/// Which proxy a request goes through, to name it when it fails. The decision itself is the HTTP library's; this asks
/// the same matcher.
#[derive(Debug)]
enum Route {
    Direct,
    Always(String),
    Environment(Box<Matcher>),
}

impl Route {
    fn new(choice: &ProxyChoice) -> Result<Self, Error> {
        Ok(match choice {
            ProxyChoice::Direct => Self::Direct,
            ProxyChoice::Url(text) => Self::Always(url_without_password(proxy_url(text)?.as_str())),
            ProxyChoice::FromEnvironment => Self::Environment(Box::new(Matcher::from_system())),
        })
    }

    /// The proxy's address without user name and password.
    fn proxy_for(&self, url: &Url) -> Option<String> {
        match self {
            Self::Direct => None,
            Self::Always(proxy) => Some(proxy.clone()),
            Self::Environment(matcher) => {
                let destination = url.as_str().parse().ok()?;
                matcher.intercept(&destination).map(|proxy| proxy.uri().to_string())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;

    /// Answers one request with these bytes.
    fn serve(answer: Vec<u8>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]);
            // The client hangs up when it has seen enough.
            let _ = stream.write_all(&answer);
        });
        format!("http://{address}")
    }

    #[tokio::test]
    async fn reads_no_more_of_a_body_than_allowed() {
        let options = HttpOptions { proxy: ProxyChoice::Direct, ..HttpOptions::default() };
        let transport = HttpTransport { max_body_bytes: 1000, ..HttpTransport::new(&options).unwrap() };
        let plain = |length: usize| {
            let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
            [head.into_bytes(), vec![b'x'; length]].concat()
        };
        // A few bytes that unpack to a million.
        let packed = zstd::encode_all(&vec![b'x'; 1_000_000][..], 3).unwrap();
        assert!(packed.len() < 1000);
        let head = format!(
            "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-encoding: zstd\r\ncontent-length: {}\r\n\r\n",
            packed.len()
        );
        let bomb = [head.into_bytes(), packed].concat();
        for (answer, is_allowed) in [(plain(1000), true), (plain(1001), false), (bomb, false)] {
            let request = TransportRequest { url: serve(answer), headers: Vec::new() };
            match transport.get(request).await {
                Ok(response) => assert!(is_allowed && response.body.len() == 1000),
                Err(error) => {
                    assert!(!is_allowed);
                    assert_eq!((error.kind, error.retryable), (ErrorKind::BodyTooLarge, false));
                    assert_eq!(error.detail, "it has more than 1000 bytes");
                }
            }
        }
    }
}

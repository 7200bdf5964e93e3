//! Sends a request to a host that works, with credentials that work.

use std::{
    error::Error as _,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use jiff::{Timestamp, fmt::rfc2822};
use reqwest::{
    Proxy, Url,
    header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER},
    redirect::Policy,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::OnceCell;

use crate::{
    about::About,
    credentials::without_secrets,
    error::{Error, ErrorKind},
    hosts::Hosts,
    options::ClientOptions,
    request::{COMPRESS_FROM, Request, compress},
    response::Response,
    tls,
};

const SET_UP: &str = "set up the client of the search engine";

/// The longest pause that an engine's `retry-after` is believed.
const RETRY_AFTER_MAX: Duration = Duration::from_mins(10);

/// A client. Cheap to clone; clones share connections and what is known of the hosts.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    http: reqwest::Client,
    urls: Vec<Url>,
    hosts: Mutex<Hosts>,
    options: ClientOptions,
    /// The Authorization header, once the credentials were read.
    authorization: Mutex<Option<Authorization>>,
    about: OnceCell<About>,
    begun: Instant,
}

/// The Authorization header, or none.
#[derive(Clone)]
struct Authorization(Option<SecretString>);

impl PartialEq for Authorization {
    fn eq(&self, other: &Self) -> bool {
        let text =
            |authorization: &Self| authorization.0.as_ref().map(|secret| secret.expose_secret().to_owned());
        text(self) == text(other)
    }
}

/// Why one host gave no answer.
struct Silence {
    error: Error,
    /// Whether the request may have been acted on.
    was_sent: bool,
}

impl Client {
    /// Reads the certificates and checks the addresses; connects to nobody yet.
    pub fn new(options: ClientOptions) -> Result<Self, Error> {
        tls::choose_provider();
        let urls = options.hosts.iter().map(|host| host_url(host)).collect::<Result<Vec<_>, _>>()?;
        if urls.is_empty() {
            return Err(Error::new(ErrorKind::Configuration, SET_UP, "no host is given"));
        }
        let http = match http_client(&options, false) {
            // A bare container has no authorities at all; plain HTTP and our own CA file still work there.
            Err(error) if error.detail().contains("No CA certificates were loaded") => {
                http_client(&options, true)?
            }
            other => other?,
        };
        let hosts = Mutex::new(Hosts::new(urls.len()));
        let (authorization, about) = (Mutex::new(None), OnceCell::new());
        let inner = Inner { http, urls, hosts, options, authorization, about, begun: Instant::now() };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Asks, and returns the answer whatever its status. An error means that there is none.
    ///
    /// A host that cannot be reached, or a 502, 503 or 504 where there is another host, passes the request on; one that broke
    /// off half way only does so if the request is [`Request::repeatable`]. A 401 has the credentials read again, once.
    pub async fn request(&self, request: Request) -> Result<Response, Error> {
        let body = self.pack(&request).await;
        let mut tried = Vec::new();
        let mut last: Option<Result<Response, Error>> = None;
        while let Some(host) = self.choose(&tried) {
            tried.push(host);
            match self.ask(host, &request, &body).await {
                Ok(response) => {
                    let passes_on = matches!(response.status, 502..=504) && request.repeatable;
                    self.note(host, !passes_on);
                    if !passes_on {
                        return Ok(response);
                    }
                    last = Some(Ok(response));
                }
                Err(silence) => {
                    self.note(host, false);
                    let goes_on = request.repeatable || !silence.was_sent;
                    last = Some(Err(silence.error));
                    if !goes_on {
                        break;
                    }
                }
            }
        }
        last.unwrap_or_else(|| Err(Error::new(ErrorKind::Configuration, SET_UP, "no host is given")))
    }

    /// Which engine answers, and in which version. Asked once; too old a version is an error.
    pub async fn about(&self) -> Result<&About, Error> {
        let ask = async || About::read(&self.request(Request::get("/")).await?.success()?);
        self.inner.about.get_or_try_init(ask).await
    }

    /// The addresses, without user name and password.
    pub fn addresses(&self) -> Vec<String> {
        self.inner.urls.iter().map(|url| url.as_str().trim_end_matches('/').to_owned()).collect()
    }

    fn choose(&self, tried: &[usize]) -> Option<usize> {
        lock(&self.inner.hosts).choose(self.inner.begun.elapsed(), tried)
    }

    fn note(&self, host: usize, worked: bool) {
        let mut hosts = lock(&self.inner.hosts);
        if worked { hosts.worked(host) } else { hosts.failed(host, self.inner.begun.elapsed()) }
    }

    /// The body as it is sent, and whether it is compressed.
    async fn pack(&self, request: &Request) -> (Bytes, bool) {
        let plain = request.body.clone();
        if !self.inner.options.compression || plain.len() < COMPRESS_FROM {
            return (plain, false);
        }
        let body = plain.clone();
        // Megabytes take tens of milliseconds: not on a thread that others wait for.
        match tokio::task::spawn_blocking(move || compress(&body)).await {
            Ok(Some(packed)) => (packed, true),
            _ => (plain, false),
        }
    }

    /// One host's answer; with credentials that it refuses, a second one with those read anew.
    async fn ask(&self, host: usize, request: &Request, body: &(Bytes, bool)) -> Result<Response, Silence> {
        let first = self.authorization(None).await?;
        let response = self.exchange(host, request, body, &first).await?;
        if response.status != 401 {
            return Ok(response);
        }
        let again = self.authorization(Some(&first)).await?;
        if again == first {
            return Ok(response);
        }
        tracing::info!(host = %response.host, "credentials were refused and have changed; asking again");
        self.exchange(host, request, body, &again).await
    }

    /// The Authorization header; read anew when there is none yet or it is still the refused one.
    async fn authorization(&self, refused: Option<&Authorization>) -> Result<Authorization, Silence> {
        if let Some(known) = &*lock(&self.inner.authorization)
            && refused != Some(known)
        {
            return Ok(known.clone());
        }
        let source = Arc::clone(&self.inner.options.credentials);
        let read = tokio::task::spawn_blocking(move || source.credentials()).await;
        let read = read.unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::Credentials, "read the credentials", "the reader ended unexpectedly"))
        });
        let header = Authorization(read.map_err(|error| Silence { error, was_sent: false })?.header());
        *lock(&self.inner.authorization) = Some(header.clone());
        Ok(header)
    }

    async fn exchange(
        &self,
        host: usize,
        request: &Request,
        (body, is_packed): &(Bytes, bool),
        authorization: &Authorization,
    ) -> Result<Response, Silence> {
        let base = &self.inner.urls[host];
        let fault = |error: &reqwest::Error| self.silence(request, base, error);
        let unusable = |detail: &str| Silence {
            error: Error::new(ErrorKind::Configuration, request.step(), detail),
            was_sent: false,
        };
        let url = Url::parse(&format!("{}{}", base.as_str().trim_end_matches('/'), request.path))
            .map_err(|_| unusable("the path is none"))?;
        let mut headers = HeaderMap::new();
        for (name, value) in &request.headers {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        if !body.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(request.content_type));
        }
        if *is_packed {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        if let Some(secret) = &authorization.0 {
            let mut value = HeaderValue::from_str(secret.expose_secret())
                .map_err(|_| unusable("the credentials cannot be sent as a header"))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let sent =
            self.inner.http.request(request.method.of_library(), url).headers(headers).body(body.clone());
        let response = sent.send().await.map_err(|error| fault(&error))?;
        let status = response.status().as_u16();
        let retry_after = retry_after(response.headers());
        let mut body = self.read(response, request, base).await?;
        if let Some(header) = authorization.0.as_ref().filter(|_| ErrorKind::of_status(status).is_some()) {
            body = without_secrets(body, header);
        }
        Ok(Response { step: request.step(), host: shown(base), status, body, retry_after })
    }

    /// The body up to the bound.
    async fn read(
        &self,
        mut response: reqwest::Response,
        request: &Request,
        base: &Url,
    ) -> Result<Bytes, Silence> {
        let most = self.inner.options.max_response_bytes;
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.silence(request, base, &error))? {
            if body.len() + chunk.len() > most {
                let detail = format!("the answer of {} has more than {most} bytes", shown(base));
                let error = Error::new(ErrorKind::Answer, request.step(), detail)
                    .with_hint("ask for less at a time, such as smaller batches");
                return Err(Silence { error, was_sent: true });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    /// What a failure of the library means.
    fn silence(&self, request: &Request, base: &Url, error: &reqwest::Error) -> Silence {
        let host = shown(base);
        let causes = causes(error);
        let options = &self.inner.options;
        let (kind, detail) =
            if causes.contains("certificate") || causes.contains("TLS") || causes.contains("tls") {
                (ErrorKind::Tls, format!("{host}: {causes}"))
            } else if error.is_timeout() && error.is_connect() {
                (ErrorKind::Timeout, format!("no connection to {host} within {:?}", options.connect_timeout))
            } else if error.is_timeout() {
                (ErrorKind::Timeout, format!("no answer from {host} within {:?}", options.request_timeout))
            } else {
                (ErrorKind::Connection, format!("{host}: {causes}"))
            };
        Silence { error: Error::new(kind, request.step(), detail), was_sent: !error.is_connect() }
    }
}

/// Neither credentials nor the library's account of its client, which may name proxies in full.
impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Client").field("addresses", &self.addresses()).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn shown(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// An error and what caused it, each said once.
fn causes(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut source = error.source();
    while let Some(cause) = source {
        let said = cause.to_string();
        if !text.contains(&said) {
            text = if text.is_empty() { said } else { format!("{text}: {said}") };
        }
        source = cause.source();
    }
    if text.is_empty() { error.to_string() } else { text }
}

fn host_url(text: &str) -> Result<Url, Error> {
    let wrong = |detail: String| {
        Error::new(ErrorKind::Configuration, SET_UP, detail).with_hint("write a host as https://HOST:PORT")
    };
    let url =
        Url::parse(text.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let url = url.ok_or_else(|| wrong("a host is no http:// or https:// address".into()))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong(format!("the address of {} holds a user name or password", shown(&url)))
            .with_hint("set user and password, which may come from the environment or a file"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong(format!("the address of {} holds a query", shown(&url))));
    }
    Ok(url)
}

fn http_client(options: &ClientOptions, only_own_authorities: bool) -> Result<reqwest::Client, Error> {
    let wrong = |detail: String| Error::new(ErrorKind::Configuration, SET_UP, detail);
    let builder = reqwest::Client::builder()
        .user_agent(options.user_agent.clone())
        .redirect(Policy::none())
        .referer(false)
        .timeout(options.request_timeout)
        .connect_timeout(options.connect_timeout);
    let builder = if only_own_authorities { builder.tls_certs_only([]) } else { builder };
    let builder = tls::configure(builder, &options.tls)?;
    let builder = match options.proxy.as_deref() {
        None | Some("") => builder,
        Some("direct") => builder.no_proxy(),
        Some(url) => {
            let proxy = Proxy::all(url).map_err(|_| wrong("the proxy's address is none".into()))?;
            builder.no_proxy().proxy(proxy)
        }
    };
    builder.build().map_err(|error| wrong(causes(&error)))
}

/// Seconds, or a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if let Ok(seconds) = text.parse::<u64>() {
        Duration::from_secs(seconds)
    } else {
        let date = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
        Duration::try_from(date.duration_since(Timestamp::now())).ok()?
    };
    Some(wait.min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_are_none_or_hold_secrets_are_refused() {
        for (host, detail) in [
            ("localhost:9200", "no http:// or https://"),
            ("ftp://localhost", "no http:// or https://"),
            ("https://ann:opensesame@localhost:9200", "holds a user name or password"),
            ("https://localhost:9200?x=1", "holds a query"),
        ] {
            let error = Client::new(ClientOptions { hosts: vec![host.into()], ..ClientOptions::default() })
                .expect_err("refused");
            assert!(error.to_string().contains(detail), "{error}");
            assert!(!format!("{error:?}").contains("opensesame"), "{error:?}");
        }
        assert!(Client::new(ClientOptions { hosts: Vec::new(), ..ClientOptions::default() }).is_err());
    }

    #[test]
    fn a_pause_is_read_in_seconds_or_as_a_date_within_bounds() {
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_str(text).expect("a value"));
            retry_after(&headers)
        };
        assert_eq!(read("7"), Some(Duration::from_secs(7)));
        assert_eq!(read("86400"), Some(RETRY_AFTER_MAX));
        assert_eq!(read("Wed, 21 Oct 2099 07:28:00 GMT"), Some(RETRY_AFTER_MAX));
        assert_eq!(read("soon"), None);
    }
}

//! The client: one page at a time, retries inside, nothing ever advanced.
//!
//! A call builds the URL, sends it, reads the answer and, if that failed for a reason that passes, waits and sends
//! the same request again. What it returns is a page that passed every check, or the last error with the number of
//! attempts. The client holds no position in the feed, so a call can be repeated, dropped half-way, or made from many
//! tasks at once.
//!
//! A 401 is not final at once: the key is read again from its source, once for each call, and if it is another one
//! than before, the request is repeated with it. That is how a rotated key heals a running program.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Url;
use sha2::{Digest, Sha256};

use crate::clock::Clock;
use crate::error::{Error, ErrorKind};
use crate::headers;
use crate::key::{ApiKey, KeySource};
use crate::page::{Exchange, Page, PageContent};
use crate::redact::Redactor;
use crate::request::ActivityRequest;
use crate::response::Answer;
use crate::retry::{Jitter, RetryOptions};
use crate::transport::{HeaderText, Transport, TransportError, TransportRequest, TransportResponse};

/// Where the vendor's API is.
pub const DEFAULT_BASE_URL: &str = "https://api.anthropic.com";

/// The value of the `anthropic-version` header.
pub const DEFAULT_API_VERSION: &str = "2023-06-01";

/// The path of the feed under the base URL.
const ACTIVITIES_PATH: &str = "/v1/compliance/activities";

/// A larger body is digested and parsed on a thread where blocking is allowed: a page of 5,000 rows takes some 10 ms,
/// too long to hold up every other task of the runtime, while a small one is done before the thread would have started.
const LARGE_BODY_BYTES: usize = 128 * 1024;

/// The most characters of a transport's account of a failure that are shown.
const MAX_TRANSPORT_DETAIL_CHARACTERS: usize = 600;

/// What a [`Client`] needs to know beside its transport, clock and key.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// Scheme, host and, behind a gateway, a path. No user name, password, query or fragment.
    pub base_url: String,
    /// The `anthropic-version` header.
    pub api_version: String,
    /// When to ask again.
    pub retry: RetryOptions,
    /// Seeds the part of a wait that is left to chance. Default 0; a program that runs beside others of its kind should
    /// give each its own, so that they do not ask in step.
    pub jitter_seed: u64,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            base_url: DEFAULT_BASE_URL.to_owned(),
            api_version: DEFAULT_API_VERSION.to_owned(),
            retry: RetryOptions::default(),
            jitter_seed: 0,
        }
    }
}

/// A client of one feed. Cheap to share behind an [`Arc`]; all methods take `&self`.
#[derive(Debug)]
pub struct Client<T, C> {
    transport: T,
    clock: C,
    root: String,
    endpoint: String,
    api_version: String,
    retry: RetryOptions,
    jitter: Jitter,
    keys: Keys,
}

impl<T: Transport, C: Clock> Client<T, C> {
    /// Fails with [`ErrorKind::Configuration`] when the base URL or the API version cannot be used.
    pub fn new(
        transport: T,
        clock: C,
        options: ClientOptions,
        keys: Box<dyn KeySource>,
    ) -> Result<Self, Error> {
        let root = root(&options.base_url)?;
        if !options.api_version.chars().all(|character| character.is_ascii_graphic())
            || options.api_version.is_empty()
        {
            return Err(configuration("the API version is not a date such as 2023-06-01"));
        }
        Ok(Self {
            transport,
            clock,
            endpoint: format!("{root}{ACTIVITIES_PATH}"),
            root,
            api_version: options.api_version,
            retry: options.retry,
            jitter: Jitter::new(options.jitter_seed),
            keys: Keys { source: Arc::from(keys), current: Mutex::new(None) },
        })
    }

    /// The URL of the feed, without a query.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Fetches the page `request` asks for, with retries as [`RetryOptions`] say. Dropping the future cancels.
    pub async fn list_activities(&self, request: &ActivityRequest) -> Result<Page, Error> {
        request.validate()?;
        let url = match request.query() {
            query if query.is_empty() => self.endpoint.clone(),
            query => format!("{}?{query}", self.endpoint),
        };
        let mut tries = self.first_try().await?;
        loop {
            match self.attempt(&url, request, &tries.key, tries.attempts).await {
                Ok(mut page) => {
                    page.exchange.key_number = tries.key_number;
                    return Ok(page);
                }
                Err(error) => self.next_try(&mut tries, error).await?,
            }
        }
    }

    /// Fetches the text at `url`, with the same retries.
    pub(crate) async fn text(&self, url: &str, is_text: bool) -> Result<(String, Exchange), Error> {
        let mut tries = self.first_try().await?;
        loop {
            match self.attempt_text(url, is_text, &tries.key, tries.attempts).await {
                Ok((text, mut exchange)) => {
                    exchange.key_number = tries.key_number;
                    return Ok((text, exchange));
                }
                Err(error) => self.next_try(&mut tries, error).await?,
            }
        }
    }

    /// Scheme, host and path that every endpoint begins with.
    pub(crate) fn root(&self) -> &str {
        &self.root
    }

    async fn first_try(&self) -> Result<Tries, Error> {
        let started = self.clock.now();
        let (key, key_number) = self.keys.current().await?;
        Ok(Tries { started, key, key_number, key_was_reread: false, attempts: 1 })
    }

    /// Prepares the next try: with another key, or after a wait. The error itself when there is no next one.
    async fn next_try(&self, tries: &mut Tries, error: Error) -> Result<(), Error> {
        let attempts = tries.attempts;
        tries.attempts += 1;
        let error = error.after(attempts, elapsed(tries.started, self.clock.now()));
        if error.status() == Some(401) && !tries.key_was_reread {
            tries.key_was_reread = true;
            if let Some(other) = self.keys.reread_unless(&tries.key).await {
                tracing::info!(attempts, "the API refused the key, and its source has a new one");
                (tries.key, tries.key_number) = other;
                return Ok(());
            }
        }
        let Some(wait) = self.retry.wait(&error, attempts, &self.jitter) else { return Err(error) };
        tracing::debug!(kind = error.kind().as_str(), attempts, ?wait, "asking again after a wait");
        self.clock.sleep(wait).await;
        Ok(())
    }

    /// Follows the cursors of `request` from page to page, in the direction the request pages in.
    pub fn walk(&self, request: ActivityRequest) -> Walk<'_, T, C> {
        Walk { client: self, next: Some(request) }
    }

    /// One request and its answer.
    async fn attempt(
        &self,
        url: &str,
        request: &ActivityRequest,
        key: &ApiKey,
        attempts: u32,
    ) -> Result<Page, Error> {
        let Sent { response, requested_at, responded_at } = self.send(url, key, "application/json").await?;
        let (response, outcome) = read(response, request, key, responded_at).await?;
        let (content, body_sha256) = outcome?;
        let sent = Sent { response, requested_at, responded_at };
        let PageContent { activities, has_more, first_id, last_id } = content;
        let exchange = sent.exchange(url, key, body_sha256, attempts);
        Ok(Page { activities, has_more, first_id, last_id, exchange })
    }

    /// One request for a text and its answer.
    async fn attempt_text(
        &self,
        url: &str,
        is_text: bool,
        key: &ApiKey,
        attempts: u32,
    ) -> Result<(String, Exchange), Error> {
        let accepted = if is_text { "text/plain" } else { "application/json" };
        let sent = self.send(url, key, accepted).await?;
        let request = ActivityRequest::default();
        let (response, redactor) = (&sent.response, Redactor::hiding(key.expose()));
        let text =
            Answer { response, request: &request, redactor, at: sent.responded_at }.read_log(is_text)?;
        let digest = Sha256::digest(&sent.response.body).into();
        Ok((text, sent.exchange(url, key, digest, attempts)))
    }

    async fn send(&self, url: &str, key: &ApiKey, accepted: &'static str) -> Result<Sent, Error> {
        let headers = vec![
            ("x-api-key", HeaderText::key(key)),
            ("anthropic-version", HeaderText::plain(self.api_version.clone())),
            ("accept", HeaderText::plain(accepted)),
        ];
        let requested_at = self.clock.now();
        let answer = self.transport.get(TransportRequest { url: url.to_owned(), headers }).await;
        let responded_at = self.clock.now();
        let response = answer.map_err(|error| no_answer(&error, key))?;
        Ok(Sent { response, requested_at, responded_at })
    }
}

/// The tries of one call.
struct Tries {
    started: Timestamp,
    key: ApiKey,
    key_number: u32,
    key_was_reread: bool,
    /// The one under way included.
    attempts: u32,
}

/// An answer and when it came.
struct Sent {
    response: TransportResponse,
    requested_at: Timestamp,
    responded_at: Timestamp,
}

impl Sent {
    fn exchange(&self, url: &str, key: &ApiKey, body_sha256: [u8; 32], attempts: u32) -> Exchange {
        let response = &self.response;
        Exchange {
            url: url.to_owned(),
            request_id: headers::request_id(response, Redactor::hiding(key.expose())),
            requested_at: self.requested_at,
            responded_at: self.responded_at,
            server_time: headers::server_time(response),
            status: response.status,
            body_sha256,
            body_bytes: response.body.len() as u64,
            rate_limit: headers::rate_limit(response),
            attempts,
            key_number: 0,
        }
    }
}

type Outcome = Result<(PageContent, [u8; 32]), Error>;

/// Parses and digests the body, on a thread of its own when it is large.
async fn read(
    response: TransportResponse,
    request: &ActivityRequest,
    key: &ApiKey,
    at: Timestamp,
) -> Result<(TransportResponse, Outcome), Error> {
    if response.body.len() < LARGE_BODY_BYTES {
        let outcome = read_now(&response, request, key, at);
        return Ok((response, outcome));
    }
    let (request, key) = (request.clone(), key.clone());
    let task = tokio::task::spawn_blocking(move || {
        let outcome = read_now(&response, &request, &key, at);
        (response, outcome)
    });
    task.await.map_err(|_| Error::new(ErrorKind::Cancelled, "the runtime is shutting down"))
}

fn read_now(response: &TransportResponse, request: &ActivityRequest, key: &ApiKey, at: Timestamp) -> Outcome {
    let redactor = Redactor::hiding(key.expose());
    let content = Answer { response, request, redactor, at }.read()?;
    Ok((content, Sha256::digest(&response.body).into()))
}

fn no_answer(error: &TransportError, key: &ApiKey) -> Error {
    let detail = Redactor::hiding(key.expose()).show(&error.detail, MAX_TRANSPORT_DETAIL_CHARACTERS);
    let failure = Error::new(error.kind, detail).with_retryable(error.retryable);
    match error.hint {
        Some(hint) => failure.with_hint(hint),
        None => failure,
    }
}

fn elapsed(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or(Duration::ZERO)
}

/// What every URL begins with. What is refused is not shown: it may hold a password.
fn root(base_url: &str) -> Result<String, Error> {
    let url = Url::parse(base_url.trim())
        .map_err(|error| configuration(format!("base_url is not a URL: {error}")))?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err(configuration(format!(
            "base_url has the scheme {}, and must have https or http",
            url.scheme()
        )));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(configuration("base_url must not hold a user name or password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(configuration("base_url must not hold a query or fragment"));
    }
    if url.scheme() == "http" && !is_this_machine(&url) {
        tracing::warn!(
            host = url.host_str(),
            "base_url is plain http: everyone on the way can read the API key"
        );
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn configuration(detail: impl Into<String>) -> Error {
    Error::new(ErrorKind::Configuration, detail).at_step("setting up the feed client")
}

/// A key, and how many others the source gave before it.
type NumberedKey = (ApiKey, u32);

/// The key in use and where a new one comes from.
struct Keys {
    source: Arc<dyn KeySource>,
    current: Mutex<Option<NumberedKey>>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Keys")
    }
}

impl Keys {
    /// The key in use; read from the source when there is none yet.
    async fn current(&self) -> Result<NumberedKey, Error> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match current {
            Some(key) => Ok(key),
            None => self.read().await,
        }
    }

    /// Reads the key again. `None` when it is the refused one or cannot be read: then the refusal stands.
    async fn reread_unless(&self, refused: &ApiKey) -> Option<NumberedKey> {
        match self.read().await {
            Ok((key, number)) => (key != *refused).then_some((key, number)),
            Err(error) => {
                tracing::warn!(%error, "the API refused the key, and its source gives no other");
                None
            }
        }
    }

    /// A source may run a command or wait for a disk, so it is asked where blocking is allowed.
    async fn read(&self) -> Result<NumberedKey, Error> {
        let source = Arc::clone(&self.source);
        let key = tokio::task::spawn_blocking(move || source.key())
            .await
            .map_err(|_| Error::key_unavailable("the key source failed"))??;
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let number = match &*current {
            None => 1,
            Some((known, number)) if *known == key => *number,
            Some((_, number)) => number.saturating_add(1),
        };
        *current = Some((key.clone(), number));
        Ok((key, number))
    }
}

/// The pages of one request, one after the other. See [`Client::walk`].
///
/// After an error the walk stands where it stood: [`Walk::next_page`] asks for the same page again.
#[derive(Debug)]
pub struct Walk<'a, T, C> {
    client: &'a Client<T, C>,
    next: Option<ActivityRequest>,
}

impl<T: Transport, C: Clock> Walk<'_, T, C> {
    /// The next page; `None` after the page that had no more.
    pub async fn next_page(&mut self) -> Result<Option<Page>, Error> {
        let Some(request) = &self.next else { return Ok(None) };
        let page = self.client.list_activities(request).await?;
        let mut next = request.clone();
        // A page that goes on has its cursor: the page check refuses any other.
        if next.before_id.is_some() {
            next.before_id.clone_from(&page.first_id);
        } else {
            next.after_id.clone_from(&page.last_id);
        }
        self.next = page.has_more.then_some(next);
        Ok(Some(page))
    }
}

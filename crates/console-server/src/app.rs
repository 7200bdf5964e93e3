//! What every request shares.

use std::{net::SocketAddr, sync::Arc};

use jiff::Timestamp;
use query::Backend;
use tokio::sync::{Mutex, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::{
    api::Known,
    error::ApiError,
    limiter::Limiter,
    live::{Found, Newest},
    oidc::Oidc,
    options::Options,
    server::Parts,
    store::{self, Store},
    trail::{Actions, Readers, Trail},
};

/// Passwords compared at once: each takes 19 MiB for a moment.
const PASSWORDS_AT_ONCE: usize = 2;
/// Streams of live events at once.
const LIVE_STREAMS: usize = 64;
/// Questions that the store answers at once; the others wait their turn.
const SEARCHES_AT_ONCE: usize = 4;

/// Shared by all requests.
pub(crate) type App = Arc<Shared>;

pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) store: Store,
    pub(crate) trail: Arc<dyn Trail>,
    pub(crate) backend: Option<Arc<dyn Backend>>,
    pub(crate) actions: Option<Arc<dyn Actions>>,
    /// Held by the action that is under way.
    pub(crate) acting: Arc<Mutex<()>>,
    pub(crate) oidc: Option<Oidc>,
    pub(crate) readers: Readers,
    pub(crate) limiter: Limiter,
    pub(crate) passwords: Semaphore,
    pub(crate) searches: Semaphore,
    pub(crate) live_streams: Arc<Semaphore>,
    /// The newest activities, for all who watch.
    pub(crate) newest: Arc<std::sync::Mutex<Newest>>,
    /// How far the store of documents is.
    pub(crate) found: Mutex<Found>,
    /// Since when values of documents are known, for a while.
    pub(crate) known: Mutex<Option<Arc<Known>>>,
    pub(crate) stop: CancellationToken,
    /// Values of `Host` that are answered; `None` for any.
    pub(crate) hosts: Option<Vec<String>>,
    /// Name of the session's cookie.
    pub(crate) cookie: String,
    /// Whether browsers reach us over TLS.
    pub(crate) secure: bool,
}

impl Shared {
    pub(crate) fn new(
        options: Options,
        store: Store,
        parts: Parts,
        oidc: Option<Oidc>,
        address: SocketAddr,
        stop: CancellationToken,
    ) -> Self {
        let public = options.public_url.as_deref();
        let secure = options.tls.is_some() || public.is_some_and(|url| url.starts_with("https://"));
        // Cookies know hosts, not ports: two consoles on one machine must not sign each other out.
        let cookie =
            if secure { "__Host-claudetrail".to_owned() } else { format!("claudetrail-{}", address.port()) };
        Self {
            hosts: hosts(&options, address),
            readers: Readers::new(options.ledger.clone()),
            options,
            store,
            trail: parts.trail,
            backend: parts.backend,
            actions: parts.actions,
            acting: Arc::default(),
            oidc,
            limiter: Limiter::default(),
            passwords: Semaphore::new(PASSWORDS_AT_ONCE),
            searches: Semaphore::new(SEARCHES_AT_ONCE),
            live_streams: Arc::new(Semaphore::new(LIVE_STREAMS)),
            newest: Arc::default(),
            found: Mutex::default(),
            known: Mutex::default(),
            stop,
            cookie,
            secure,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.options.clock)()
    }

    /// Writes a line of the access log. A log that cannot be written refuses the access: nothing is seen unseen.
    pub(crate) async fn log(
        &self,
        user: &str,
        address: &str,
        action: &'static str,
        outcome: &'static str,
        detail: impl Into<String>,
    ) -> Result<(), ApiError> {
        let (user, address, detail, now) = (user.to_owned(), address.to_owned(), detail.into(), self.now());
        self.store
            .with(move |connection| {
                Ok(store::log(connection, (&user, &address), (action, outcome, &detail), now)?)
            })
            .await
    }

    pub(crate) fn idle_seconds(&self) -> i64 {
        self.options.session_idle_timeout.as_secs() as i64
    }
}

/// The names under which we may be asked. A name that an attacker's page was rebound to is none of them.
fn hosts(options: &Options, address: SocketAddr) -> Option<Vec<String>> {
    let mut hosts = Vec::new();
    if let Some(url) = &options.public_url {
        hosts.push(url.split_once("://").map_or(url.as_str(), |(_, host)| host).to_ascii_lowercase());
    }
    if address.ip().is_loopback() {
        let port = address.port();
        hosts.extend(["127.0.0.1", "localhost", "[::1]"].map(|name| format!("{name}:{port}")));
        return Some(hosts);
    }
    // With a certificate of our own the browser has checked the name.
    (!hosts.is_empty()).then_some(hosts)
}

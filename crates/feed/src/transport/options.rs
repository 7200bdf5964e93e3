//! Everything about the way to the API that a user can set.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::redact::url_without_password;

/// How to reach the API. `default()` suits a direct connection or one through the environment's proxy.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// Which proxy to use.
    pub proxy: ProxyChoice,
    /// From sending a request to the last byte of its answer. Default 120 s: the feed takes up to 5 s to answer, and a
    /// page of 5,000 rows has 10 MB and more.
    pub request_timeout: Duration,
    /// For name lookup, connection, proxy and TLS handshake together. Default 10 s.
    pub connect_timeout: Duration,
    /// PEM file of certificate authorities to trust beside those of the platform. May hold several.
    pub ca_file: Option<PathBuf>,
    /// PEM file of the client certificate, its chain after it. Together with `client_key_file`.
    pub client_certificate_file: Option<PathBuf>,
    /// PEM file of the client certificate's private key, not encrypted (PKCS #8, PKCS #1 or SEC 1).
    pub client_key_file: Option<PathBuf>,
    /// The oldest TLS version to accept. Default 1.2.
    pub minimum_tls_version: MinimumTlsVersion,
    /// The `user-agent` header. The API records it in its own row about each request.
    pub user_agent: String,
    /// Where to write a trace of every request. Default: nowhere.
    pub trace: Option<TraceOptions>,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            proxy: ProxyChoice::default(),
            request_timeout: Duration::from_mins(2),
            connect_timeout: Duration::from_secs(10),
            ca_file: None,
            client_certificate_file: None,
            client_key_file: None,
            minimum_tls_version: MinimumTlsVersion::default(),
            user_agent: concat!("claudetrail/", env!("CARGO_PKG_VERSION")).to_owned(),
            trace: None,
        }
    }
}

/// Which proxy requests go through.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum ProxyChoice {
    /// What `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` say (lower-case names too), else the system's
    /// setting where the system has one.
    #[default]
    FromEnvironment,
    /// None, whatever the environment says.
    Direct,
    /// This one for every request: `http://`, `https://`, `socks4://`, `socks4a://`, `socks5://` (names are looked up
    /// here) or `socks5h://` (names are looked up by the proxy). May carry a user name and a password, which are never
    /// shown.
    Url(String),
}

impl fmt::Debug for ProxyChoice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FromEnvironment => formatter.write_str("FromEnvironment"),
            Self::Direct => formatter.write_str("Direct"),
            Self::Url(url) => write!(formatter, "Url({:?})", url_without_password(url)),
        }
    }
}

/// The oldest TLS version to accept.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub enum MinimumTlsVersion {
    /// TLS 1.2 and 1.3.
    #[default]
    Tls12,
    /// TLS 1.3 only.
    Tls13,
}

/// Where the trace goes and how much of it is kept. The trace is JSON lines; see `docs/design/feed.md` for the fields.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TraceOptions {
    /// A folder of its own for this transport; it is made when missing.
    pub directory: PathBuf,
    /// A file this large is put aside and a new one begun.
    pub max_file_bytes: u64,
    /// How many files are kept, the current one included. At least 1.
    pub max_files: usize,
}

//! How to reach an engine.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use crate::credentials::{Credentials, CredentialsSource};

/// How to reach an engine.
#[derive(Clone)]
pub struct ClientOptions {
    /// Addresses of its nodes, or of proxies before them: `https://HOST:PORT`, with a path if there is one.
    pub hosts: Vec<String>,
    /// Who we are.
    pub credentials: Arc<dyn CredentialsSource>,
    /// Whom to trust, and our certificate.
    pub tls: TlsOptions,
    /// Longest wait for one answer, its body included.
    pub request_timeout: Duration,
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
    /// Compress request bodies with gzip.
    pub compression: bool,
    /// Bytes of an answer that are read at most, unpacked.
    pub max_response_bytes: usize,
    /// Value of the User-Agent header.
    pub user_agent: String,
    /// A proxy's URL; `direct` for none. `None`: what the environment says.
    pub proxy: Option<String>,
}

impl Default for ClientOptions {
    /// `http://localhost:9200` without credentials, a minute for an answer, ten seconds for a connection, compressed, 64 MiB.
    fn default() -> Self {
        Self {
            hosts: vec!["http://localhost:9200".into()],
            credentials: Arc::new(Credentials::None),
            tls: TlsOptions::default(),
            request_timeout: Duration::from_mins(1),
            connect_timeout: Duration::from_secs(10),
            compression: true,
            max_response_bytes: 64 << 20,
            user_agent: concat!("claudetrail/", env!("CARGO_PKG_VERSION")).into(),
            proxy: None,
        }
    }
}

/// A source of credentials, and a proxy's address, may hold secrets.
impl fmt::Debug for ClientOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ClientOptions").field("tls", &self.tls).finish_non_exhaustive()
    }
}

/// Certificates. Every file is PEM and read once, when the client is made.
#[derive(Debug, Clone, Default)]
pub struct TlsOptions {
    /// Authorities to trust beside the system's own.
    pub ca_file: Option<PathBuf>,
    /// Our certificate, with its chain after it.
    pub client_certificate_file: Option<PathBuf>,
    /// Its private key, not encrypted.
    pub client_key_file: Option<PathBuf>,
    /// Refuse TLS 1.2.
    pub minimum_version_1_3: bool,
}

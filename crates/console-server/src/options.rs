//! What the console is started with.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::oidc::OidcOptions;

/// Settings of the console.
#[derive(Clone)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The address people use, when it is not the one listened on: scheme, host and port without a path.
    pub public_url: Option<String>,
    /// Certificate and key, when the console speaks TLS itself.
    pub tls: Option<TlsFiles>,
    /// Networks of proxies that are trusted to have spoken TLS and to say who asks.
    pub trusted_proxies: Vec<Network>,
    /// How long a session lasts at most.
    pub session_lifetime: Duration,
    /// How long a session lasts without a request.
    pub session_idle_timeout: Duration,
    /// How long the access log is kept.
    pub access_log_retention: Duration,
    /// Longest wait for an answer.
    pub request_timeout: Duration,
    /// An OpenID provider that people sign in with.
    pub oidc: Option<OidcOptions>,
    /// The ledger's file.
    pub ledger: PathBuf,
    /// The console's own file.
    pub store: PathBuf,
    /// Name that a one-time link signs in with.
    pub local_user: String,
    /// Version of the program.
    pub version: String,
    /// The stories of a demo; empty otherwise.
    pub stories: Vec<Story>,
    /// The clock.
    pub clock: Clock,
}

/// Reads the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// PEM files of a certificate chain and its key.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The chain, the server's own certificate first.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// A network of addresses, as `10.0.0.0/8` or `::1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Reads a network; a single address is a network of one.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) =
            text.split_once('/').map_or((text, None), |(left, right)| (left, Some(right)));
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Some(most), |text| text.parse().ok().filter(|bits| *bits <= most))?;
        Some(Self { address, prefix })
    }

    /// Whether the address belongs to it. An IPv4 address in IPv6 clothes is an IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        let shared = |left: u128, right: u128, width: u8| {
            let drop = u32::from(width - self.prefix);
            left.checked_shr(drop).unwrap_or(0) == right.checked_shr(drop).unwrap_or(0)
        };
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => shared(own.to_bits().into(), other.to_bits().into(), 32),
            (IpAddr::V6(own), IpAddr::V6(other)) => shared(own.to_bits(), other.to_bits(), 128),
            _ => false,
        }
    }
}

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees and searches everything.
    Viewer,
    /// Also sees who used the console, and ends sessions.
    Admin,
}

impl Role {
    /// `viewer` or `admin`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Admin => "admin",
        }
    }

    pub(crate) fn parse(text: &str) -> Self {
        if text == "admin" { Self::Admin } else { Self::Viewer }
    }
}

/// A planted incident of the demo, with where to look.
#[derive(Debug, Clone, Serialize)]
pub struct Story {
    /// From 1.
    pub number: u8,
    /// A few words.
    pub title: String,
    /// What happened, in a sentence.
    pub text: String,
    /// Begin, RFC 3339.
    pub from: Timestamp,
    /// End, exclusive.
    pub to: Timestamp,
    /// A query that finds it.
    pub query: String,
    /// Path and query of the screen that shows it.
    pub link: String,
}

#[cfg(test)]
mod tests {
    use super::Network;

    #[test]
    fn networks_hold_their_addresses_and_no_others() {
        for (network, address, inside) in [
            ("10.0.0.0/8", "10.200.1.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.0/8", "::ffff:10.1.1.1", true),
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", "127.0.0.2", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "::1", false),
            ("2001:db8::/32", "2001:db8:1::5", true),
            ("::/0", "2001:db8::1", true),
        ] {
            let parsed = Network::parse(network).unwrap();
            assert_eq!(parsed.contains(address.parse().unwrap()), inside, "{address} in {network}");
        }
        for text in ["", "10.0.0.0/33", "ten", "::/129", "10.0.0.0/-1"] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }
}

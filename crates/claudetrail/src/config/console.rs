//! `[console]` as meant: where it listens, how people reach it, how long they stay signed in.

use std::{net::SocketAddr, time::Duration};

use console_server::{Network, TlsFiles};

use super::{
    raw::{RawConsole, RawConsoleTls},
    settings::{length, wrong},
};
use crate::error::Result;

/// Where the console listens unless told otherwise.
pub(crate) const DEFAULT_LISTEN: &str = "127.0.0.1:8321";

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// `[console]`.
#[derive(Debug, Clone)]
pub(crate) struct ConsoleSettings {
    pub(crate) enabled: bool,
    pub(crate) listen: SocketAddr,
    pub(crate) public_url: Option<String>,
    pub(crate) tls: Option<TlsFiles>,
    pub(crate) trusted_proxies: Vec<Network>,
    pub(crate) session_lifetime: Duration,
    pub(crate) session_idle_timeout: Duration,
    pub(crate) access_log_retention: Duration,
}

impl ConsoleSettings {
    pub(crate) fn from_raw(raw: RawConsole) -> Result<Self> {
        let listen = raw.listen.as_deref().unwrap_or(DEFAULT_LISTEN);
        let listen = listen
            .parse()
            .map_err(|_| wrong("console.listen", &format!("is {listen:?}, not like {DEFAULT_LISTEN:?}")))?;
        let trusted_proxies = raw
            .trusted_proxies
            .iter()
            .map(|text| {
                Network::parse(text).ok_or_else(|| {
                    wrong("console.trusted_proxies", &format!("has {text:?}, not like \"10.0.0.0/8\""))
                })
            })
            .collect::<Result<_>>()?;
        let read = |key: &str, written, default, most| {
            length(&format!("console.{key}"), written, default, MINUTE, most)
        };
        Ok(Self {
            enabled: raw.enabled.unwrap_or(true),
            listen,
            public_url: raw
                .public_url
                .map(|url| url.trim_end_matches('/').to_owned())
                .filter(|url| !url.is_empty()),
            tls: tls(raw.tls)?,
            trusted_proxies,
            session_lifetime: read("session_lifetime", raw.session_lifetime, 12 * HOUR, 90 * DAY)?,
            session_idle_timeout: read("session_idle_timeout", raw.session_idle_timeout, 2 * HOUR, 90 * DAY)?,
            access_log_retention: read(
                "access_log_retention",
                raw.access_log_retention,
                365 * DAY,
                3_660 * DAY,
            )?,
        })
    }
}

fn tls(raw: RawConsoleTls) -> Result<Option<TlsFiles>> {
    match (raw.certificate_file, raw.key_file) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Ok(Some(TlsFiles { certificate, key })),
        _ => Err(wrong("console.tls", "needs both certificate_file and key_file")),
    }
}

//! `[console]` as meant: where it listens, how people reach it, how long they stay signed in.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use console_server::{Network, TlsFiles};

use super::{
    raw::{RawConsole, RawConsoleTls, RawOidc},
    settings::{SecretSource, length, secret, wrong},
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
    pub(crate) oidc: Option<OidcSettings>,
    pub(crate) trusted_proxies: Vec<Network>,
    pub(crate) session_lifetime: Duration,
    pub(crate) session_idle_timeout: Duration,
    pub(crate) access_log_retention: Duration,
}

/// `[console.oidc]`.
#[derive(Debug, Clone)]
pub(crate) struct OidcSettings {
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: Option<SecretSource>,
    pub(crate) scopes: Vec<String>,
    pub(crate) user_claim: String,
    pub(crate) groups_claim: String,
    pub(crate) admin_groups: Vec<String>,
    pub(crate) viewer_groups: Vec<String>,
    pub(crate) ca_file: Option<PathBuf>,
}

impl OidcSettings {
    /// `None` without an issuer: then nothing else may be set but what has a default.
    fn from_raw(raw: RawOidc) -> Result<Option<Self>> {
        let issuer = raw.issuer.unwrap_or_default();
        let client_id = raw.client_id.unwrap_or_default();
        if issuer.is_empty() && client_id.is_empty() {
            return Ok(None);
        }
        if issuer.is_empty() || client_id.is_empty() {
            return Err(wrong("console.oidc", "needs both issuer and client_id"));
        }
        if raw.admin_groups.is_empty() && raw.viewer_groups.is_empty() {
            return Err(wrong("console.oidc", "lets nobody in: admin_groups and viewer_groups are empty")
                .hint("name groups of the provider; \"*\" is everybody whom it knows"));
        }
        let scopes = raw.scopes.unwrap_or_else(|| ["openid", "email", "profile"].map(str::to_owned).to_vec());
        if !scopes.iter().any(|scope| scope == "openid") {
            return Err(wrong("console.oidc.scopes", "has no \"openid\""));
        }
        Ok(Some(Self {
            issuer,
            client_id,
            client_secret: raw
                .client_secret
                .map(|raw| secret("console.oidc.client_secret", raw))
                .transpose()?,
            scopes,
            user_claim: raw.user_claim.unwrap_or_else(|| "email".to_owned()),
            groups_claim: raw.groups_claim.unwrap_or_else(|| "groups".to_owned()),
            admin_groups: raw.admin_groups,
            viewer_groups: raw.viewer_groups,
            ca_file: raw.ca_file,
        }))
    }
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
            oidc: raw.oidc.map(OidcSettings::from_raw).transpose()?.flatten(),
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

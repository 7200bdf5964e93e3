//! The file as written: serde structures that refuse what they do not know.
//!
//! Nothing here is checked beyond its shape; `settings` makes of it what the program uses.

use std::{collections::BTreeMap, path::PathBuf};

use serde::Deserialize;

use super::units::{Length, Size};

/// The whole file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawConfig {
    pub(crate) data_dir: Option<PathBuf>,
    #[serde(default)]
    pub(crate) log: RawLog,
    #[serde(default)]
    pub(crate) search: RawSearch,
    #[serde(default)]
    pub(crate) index: RawIndex,
    #[serde(default)]
    pub(crate) feed: Vec<RawFeed>,
    #[serde(default)]
    pub(crate) console: RawConsole,
    #[serde(default)]
    pub(crate) sink: Vec<RawSink>,
    #[serde(default)]
    pub(crate) network: Vec<normalize::enrichment::Network>,
    #[serde(default)]
    pub(crate) enrichment: RawEnrichment,
    #[serde(default)]
    pub(crate) processor: Vec<RawProcessor>,
}

/// An edit of documents on their way out; checked by `processors`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawProcessor {
    pub(crate) when: Option<String>,
    #[serde(default)]
    pub(crate) drop: bool,
    pub(crate) keep_original: Option<bool>,
    #[serde(default)]
    pub(crate) add: BTreeMap<String, serde_json::Value>,
    #[serde(default)]
    pub(crate) rename: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) remove: Vec<String>,
    #[serde(default)]
    pub(crate) mask: Vec<String>,
    #[serde(default)]
    pub(crate) hash: Vec<String>,
    pub(crate) key: Option<RawSecret>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawSearch {
    pub(crate) sink: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawEnrichment {
    #[serde(default)]
    pub(crate) databases: Vec<PathBuf>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawLog {
    pub(crate) level: Option<String>,
    pub(crate) format: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawIndex {
    pub(crate) enabled: Option<bool>,
    pub(crate) retention: Option<Length>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawFeed {
    pub(crate) name: Option<String>,
    pub(crate) api_key: Option<RawSecret>,
    pub(crate) base_url: Option<String>,
    pub(crate) api_version: Option<String>,
    pub(crate) poll_interval: Option<Length>,
    pub(crate) initial_lookback: Option<Length>,
    pub(crate) page_size: Option<i64>,
    pub(crate) overlap_floor: Option<Length>,
    pub(crate) overlap_ceiling: Option<Length>,
    pub(crate) settle: Option<Length>,
    #[serde(default)]
    pub(crate) activity_types: Vec<String>,
    #[serde(default)]
    pub(crate) excluded_activity_types: Vec<String>,
    #[serde(default)]
    pub(crate) actor_ids: Vec<String>,
    #[serde(default)]
    pub(crate) organization_ids: Vec<String>,
    pub(crate) budget_share: Option<f64>,
    pub(crate) parent: Option<String>,
    pub(crate) reconcile_after: Option<Vec<Length>>,
    pub(crate) request_timeout: Option<Length>,
    pub(crate) connect_timeout: Option<Length>,
    pub(crate) proxy: Option<String>,
    #[serde(default)]
    pub(crate) tls: RawTls,
    #[serde(default)]
    pub(crate) request_trace: RawTrace,
    #[serde(default)]
    pub(crate) transparency_log: RawTransparencyLog,
    #[serde(default)]
    pub(crate) tags: Vec<String>,
    pub(crate) preserve_original_event: Option<bool>,
    pub(crate) namespace: Option<String>,
    #[serde(default)]
    pub(crate) processor: Vec<RawProcessor>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawTls {
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) client_certificate_file: Option<PathBuf>,
    pub(crate) client_key_file: Option<PathBuf>,
    pub(crate) minimum_version: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawTransparencyLog {
    pub(crate) enabled: Option<bool>,
    pub(crate) interval: Option<Length>,
    #[serde(default)]
    pub(crate) organizations: Vec<String>,
    pub(crate) trusted_keys: Option<Vec<String>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawTrace {
    pub(crate) directory: Option<PathBuf>,
    pub(crate) max_file_size: Option<Size>,
    pub(crate) max_files: Option<i64>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawConsole {
    pub(crate) enabled: Option<bool>,
    pub(crate) listen: Option<String>,
    pub(crate) public_url: Option<String>,
    #[serde(default)]
    pub(crate) trusted_proxies: Vec<String>,
    pub(crate) session_lifetime: Option<Length>,
    pub(crate) session_idle_timeout: Option<Length>,
    pub(crate) access_log_retention: Option<Length>,
    #[serde(default)]
    pub(crate) tls: RawConsoleTls,
    pub(crate) oidc: Option<RawOidc>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawOidc {
    pub(crate) issuer: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret: Option<RawSecret>,
    pub(crate) scopes: Option<Vec<String>>,
    pub(crate) user_claim: Option<String>,
    pub(crate) groups_claim: Option<String>,
    #[serde(default)]
    pub(crate) admin_groups: Vec<String>,
    #[serde(default)]
    pub(crate) viewer_groups: Vec<String>,
    pub(crate) ca_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawConsoleTls {
    pub(crate) certificate_file: Option<PathBuf>,
    pub(crate) key_file: Option<PathBuf>,
}

/// One `[[sink]]`. Which keys a kind takes is checked by `sinks`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawSink {
    pub(crate) name: Option<String>,
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    pub(crate) from: Option<String>,
    pub(crate) batch_documents: Option<i64>,
    pub(crate) batch_size: Option<Size>,
    pub(crate) batches_in_flight: Option<i64>,
    pub(crate) max_backoff: Option<Length>,
    pub(crate) hosts: Option<Vec<String>>,
    pub(crate) api_key: Option<RawSecret>,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<RawSecret>,
    pub(crate) bearer_token: Option<RawSecret>,
    pub(crate) data_stream: Option<String>,
    pub(crate) pipeline: Option<String>,
    pub(crate) retention: Option<Length>,
    pub(crate) logsdb: Option<bool>,
    pub(crate) kibana: Option<String>,
    pub(crate) compression: Option<bool>,
    pub(crate) request_timeout: Option<Length>,
    pub(crate) connect_timeout: Option<Length>,
    pub(crate) proxy: Option<String>,
    #[serde(default)]
    pub(crate) tls: RawTls,
}

/// Where a secret comes from. Exactly one of the fields is set; `settings` checks it.
#[derive(Clone, Default, Deserialize)]
#[serde(try_from = "toml::Value")]
pub(crate) struct RawSecret {
    pub(crate) env: Option<String>,
    pub(crate) file: Option<PathBuf>,
    pub(crate) command: Option<Vec<String>>,
    /// The secret itself, for those who insist. Never printed.
    pub(crate) value: Option<String>,
}

/// Read by hand: a derived reader repeats what it did not expect, and that may be the secret.
impl TryFrom<toml::Value> for RawSecret {
    type Error = String;

    fn try_from(written: toml::Value) -> Result<Self, String> {
        const FORM: &str = "a secret is not written here but where it is kept: { env = \"NAME\" }, { file = \"PATH\" } or { command = [\"PROGRAM\"] }";
        let toml::Value::Table(members) = written else { return Err(FORM.to_owned()) };
        let mut secret = Self::default();
        for (name, value) in members {
            let text =
                || value.as_str().map(str::to_owned).ok_or_else(|| format!("{name} of a secret is no text"));
            match name.as_str() {
                "env" => secret.env = Some(text()?),
                "file" => secret.file = Some(text()?.into()),
                "value" => secret.value = Some(text()?),
                "command" => {
                    let words = value.as_array().and_then(|words| {
                        words.iter().map(|word| word.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
                    });
                    secret.command = Some(words.ok_or("command of a secret is no list of texts")?);
                }
                // As a derived reader says it, which is looked up for the nearest name.
                other => {
                    return Err(format!("unknown field `{other}`, expected env, file, command or value"));
                }
            }
        }
        Ok(secret)
    }
}

impl std::fmt::Debug for RawSecret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("RawSecret")
            .field("env", &self.env)
            .field("file", &self.file)
            .field("command", &self.command)
            .field("value", &self.value.as_ref().map(|_| "***"))
            .finish()
    }
}

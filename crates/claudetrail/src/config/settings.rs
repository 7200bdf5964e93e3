//! The configuration as meant: every default filled in, every value checked, wildcards expanded.
//!
//! A [`Settings`] that exists can be run with. What is wrong is said with the key's path and, where one is near,
//! the name that was probably meant.

use std::{path::PathBuf, time::Duration};

use feed::KeySource;
use normalize::enrichment::Networks;
use secrecy::SecretString;

use super::{
    console::ConsoleSettings,
    raw::{RawConfig, RawFeed, RawProcessor, RawSecret, RawTransparencyLog},
    sinks::SinkSettings,
    units::{Length, display_duration},
};
use crate::{
    activity_types::{self, Unmatched},
    error::{Exit, Failure, Result},
    processors::Processor,
};

/// Everything the program runs with.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) data_dir: PathBuf,
    pub(crate) log: LogSettings,
    /// Place in `sinks` of the one whose cluster answers queries; the search index answers without.
    pub(crate) answering_sink: Option<usize>,
    pub(crate) index: IndexSettings,
    pub(crate) feeds: Vec<FeedSettings>,
    pub(crate) console: ConsoleSettings,
    pub(crate) sinks: Vec<SinkSettings>,
    pub(crate) networks: Networks,
    /// MMDB files, asked in this order.
    pub(crate) address_databases: Vec<PathBuf>,
    /// Edits of every feed's documents, in order.
    pub(crate) processors: Vec<RawProcessor>,
}

#[derive(Debug, Clone)]
pub(crate) struct LogSettings {
    pub(crate) level: String,
    pub(crate) format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// Text on a terminal, JSON otherwise.
    Auto,
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// `[index]`: the search index.
#[derive(Debug, Clone)]
pub(crate) struct IndexSettings {
    /// Whether it is kept up while collecting.
    pub(crate) enabled: bool,
    /// How long documents stay.
    pub(crate) retention: Duration,
}

/// One `[[feed]]`.
#[derive(Debug, Clone)]
pub(crate) struct FeedSettings {
    pub(crate) name: String,
    pub(crate) api_key: SecretSource,
    pub(crate) base_url: String,
    pub(crate) api_version: String,
    pub(crate) timing: Timing,
    pub(crate) page_size: u32,
    pub(crate) activity_types: Vec<String>,
    pub(crate) excluded_activity_types: Vec<String>,
    pub(crate) actor_ids: Vec<String>,
    pub(crate) organization_ids: Vec<String>,
    pub(crate) budget_share: f64,
    /// Ages at which covered time is asked for again.
    pub(crate) reconcile_after: Vec<Duration>,
    /// Name of the parent organization, for feeds whose keys differ and whose budget is the same.
    pub(crate) parent: Option<String>,
    pub(crate) proxy: feed::ProxyChoice,
    pub(crate) tls: TlsSettings,
    pub(crate) request_trace: Option<TraceSettings>,
    pub(crate) transparency_log: TransparencyLogSettings,
    pub(crate) tags: Vec<String>,
    pub(crate) preserve_original_event: bool,
    pub(crate) namespace: String,
    /// Edits of this feed's documents, after those of all feeds.
    pub(crate) processors: Vec<RawProcessor>,
}

/// The lengths of time of a feed.
#[derive(Debug, Clone)]
pub(crate) struct Timing {
    pub(crate) poll_interval: Duration,
    pub(crate) initial_lookback: Duration,
    pub(crate) overlap_floor: Duration,
    pub(crate) overlap_ceiling: Duration,
    pub(crate) settle: Duration,
    pub(crate) request_timeout: Duration,
    pub(crate) connect_timeout: Duration,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct TlsSettings {
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) client_certificate_file: Option<PathBuf>,
    pub(crate) client_key_file: Option<PathBuf>,
    pub(crate) minimum_version_1_3: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct TraceSettings {
    pub(crate) directory: PathBuf,
    pub(crate) max_file_bytes: u64,
    pub(crate) max_files: usize,
}

/// How the vendor's transparency log is checked.
#[derive(Debug, Clone)]
pub(crate) struct TransparencyLogSettings {
    pub(crate) enabled: bool,
    pub(crate) interval: Duration,
    /// UUIDs, beside those that rows name.
    pub(crate) organizations: Vec<String>,
    /// SHA-256 fingerprints in hexadecimal.
    pub(crate) trusted_keys: Vec<String>,
}

/// Where a secret is read from, again each time it is needed.
#[derive(Clone)]
pub(crate) enum SecretSource {
    Environment(String),
    File(PathBuf),
    Command(Vec<String>),
    /// Written in the file itself; never printed.
    Value(SecretString),
}

impl std::fmt::Debug for SecretSource {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{self}")
    }
}

impl std::fmt::Display for SecretSource {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Environment(name) => write!(formatter, "environment variable {name}"),
            Self::File(path) => write!(formatter, "file {}", path.display()),
            Self::Command(words) => write!(formatter, "command {}", words.first().map_or("", String::as_str)),
            Self::Value(_) => formatter.write_str("configuration file"),
        }
    }
}

pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const MINUTE: Duration = Duration::from_mins(1);
pub(super) const DAY: Duration = Duration::from_hours(24);
/// Ten years: longer than the vendor keeps activities.
const INDEX_RETENTION: Duration = Duration::from_hours(3_650 * 24);
/// The vendor keeps activities for six years.
const RETENTION: Duration = Duration::from_hours(6 * 366 * 24);

impl Settings {
    /// Checks what was written and fills in what was not.
    pub(crate) fn from_raw(raw: RawConfig, data_dir_override: Option<PathBuf>) -> Result<Self> {
        let data_dir = match data_dir_override.or(raw.data_dir) {
            Some(path) if path.as_os_str().is_empty() => return Err(wrong("data_dir", "is empty")),
            Some(path) => path,
            None => super::locate::default_data_dir()?,
        };
        let level = raw.log.level.unwrap_or_else(|| "info".into());
        choice("log.level", &level, &["error", "warn", "info", "debug", "trace"])?;
        choice("log.format", raw.log.format.as_deref().unwrap_or("auto"), &["auto", "text", "json"])?;
        let format = match raw.log.format.as_deref() {
            Some("text") => LogFormat::Text,
            Some("json") => LogFormat::Json,
            _ => LogFormat::Auto,
        };
        let retention = raw.index.retention.map_or(INDEX_RETENTION, |length| length.0);
        if retention < DAY {
            return Err(wrong("index.retention", "is shorter than a day"));
        }
        let written = if raw.feed.is_empty() { vec![RawFeed::default()] } else { raw.feed };
        let several = written.len() > 1;
        let feeds = written
            .into_iter()
            .enumerate()
            .map(|(index, feed)| FeedSettings::from_raw(feed, index, several))
            .collect::<Result<Vec<_>>>()?;
        for (index, feed) in feeds.iter().enumerate() {
            if feeds[..index].iter().any(|earlier| earlier.name == feed.name) {
                return Err(wrong("feed.name", &format!("{:?} is used twice", feed.name))
                    .hint("give each [[feed]] a name of its own"));
            }
        }
        let networks = Networks::new(raw.network).map_err(|error| {
            Failure::new(Exit::Usage, format!("wrong configuration: {error}")).hint(error.hint())
        })?;
        let log = LogSettings { level, format };
        let console = ConsoleSettings::from_raw(raw.console)?;
        check_processors("[[processor]]", &raw.processor)?;
        let sinks = SinkSettings::all(raw.sink)?;
        let answering_sink = answering_sink(raw.search.sink.as_deref(), &sinks)?;
        let enabled = raw.index.enabled.unwrap_or(answering_sink.is_none());
        let index = IndexSettings { enabled, retention };
        Ok(Self {
            data_dir,
            log,
            answering_sink,
            index,
            feeds,
            console,
            sinks,
            networks,
            address_databases: raw.enrichment.databases,
            processors: raw.processor,
        })
    }

    /// The sink whose cluster answers queries.
    pub(crate) fn answering_sink(&self) -> Option<&SinkSettings> {
        self.sinks.get(self.answering_sink?)
    }

    /// The console's own file.
    pub(crate) fn console_path(&self) -> PathBuf {
        self.data_dir.join("console.sqlite")
    }

    /// The ledger's file.
    pub(crate) fn ledger_path(&self) -> PathBuf {
        self.data_dir.join("ledger.sqlite")
    }
}

/// The place of the sink of this name.
fn answering_sink(name: Option<&str>, sinks: &[SinkSettings]) -> Result<Option<usize>> {
    let Some(name) = name.filter(|name| !name.is_empty()) else { return Ok(None) };
    let place = sinks.iter().position(|sink| sink.name == name);
    place.map(Some).ok_or_else(|| {
        let names: Vec<&str> = sinks.iter().map(|sink| sink.name.as_str()).collect();
        let hint = match names.as_slice() {
            [] => "add a [[sink]] of this name, of type elasticsearch".to_owned(),
            names => format!("the sinks are {}", names.join(", ")),
        };
        wrong("search.sink", &format!("is {name:?}, the name of no [[sink]]")).hint(hint)
    })
}

impl FeedSettings {
    fn from_raw(raw: RawFeed, index: usize, several: bool) -> Result<Self> {
        let name = match &raw.name {
            Some(name) if !name.trim().is_empty() && name.len() <= 100 => name.clone(),
            Some(_) => return Err(wrong("feed.name", "is empty or longer than 100 bytes")),
            None if several => {
                return Err(wrong("feed.name", &format!("is missing in [[feed]] number {}", index + 1)));
            }
            None => "anthropic".into(),
        };
        let path = |key: &str| format!("feed {name:?}: {key}");
        let timing = Timing::from_raw(&raw, &path)?;
        check_processors(&path("processor"), &raw.processor)?;
        let activity_types = expand(&path("activity_types"), &raw.activity_types)?;
        let excluded_activity_types = expand(&path("excluded_activity_types"), &raw.excluded_activity_types)?;
        if !activity_types.is_empty() && !excluded_activity_types.is_empty() {
            return Err(wrong(
                &path("activity_types"),
                "is set together with excluded_activity_types, which the API refuses",
            )
            .hint("keep one of the two"));
        }
        Ok(Self {
            api_key: api_key(&path("api_key"), raw.api_key)?,
            base_url: base_url(&path("base_url"), raw.base_url)?,
            api_version: raw.api_version.unwrap_or_else(|| "2023-06-01".into()),
            timing,
            page_size: page_size(&path("page_size"), raw.page_size)?,
            activity_types,
            excluded_activity_types,
            actor_ids: raw.actor_ids,
            organization_ids: raw.organization_ids,
            budget_share: budget_share(&path("budget_share"), raw.budget_share)?,
            reconcile_after: reconcile_after(&path("reconcile_after"), raw.reconcile_after)?,
            parent: raw.parent.filter(|parent| !parent.is_empty()),
            proxy: proxy(raw.proxy.as_deref()),
            tls: tls(&path("tls"), raw.tls)?,
            request_trace: trace(&path("request_trace"), &raw.request_trace)?,
            transparency_log: transparency_log(
                &|key| path(&format!("transparency_log.{key}")),
                raw.transparency_log,
            )?,
            tags: raw.tags,
            processors: raw.processor,
            preserve_original_event: raw.preserve_original_event.unwrap_or(false),
            namespace: raw.namespace.unwrap_or_else(|| "default".into()),
            name,
        })
    }

    /// What decides which rows the feed can return: a trail's coverage holds for one scope only.
    pub(crate) fn scope(&self) -> String {
        serde_json::json!({
            "base_url": self.base_url,
            "activity_types": self.activity_types,
            "excluded_activity_types": self.excluded_activity_types,
            "actor_ids": self.actor_ids,
            "organization_ids": self.organization_ids,
        })
        .to_string()
    }
}

impl Timing {
    fn from_raw(raw: &RawFeed, path: &dyn Fn(&str) -> String) -> Result<Self> {
        let read = |key, written, default, least, most| length(&path(key), written, default, least, most);
        let settle = read("settle", raw.settle, MINUTE, Duration::ZERO, DAY)?;
        let overlap_floor = read("overlap_floor", raw.overlap_floor, 5 * MINUTE, Duration::ZERO, 7 * DAY)?;
        if overlap_floor < settle {
            return Err(wrong(
                &path("overlap_floor"),
                &format!("is shorter than settle ({})", display_duration(settle)),
            )
            .hint("raise overlap_floor, or lower settle"));
        }
        let overlap_ceiling = read(
            "overlap_ceiling",
            raw.overlap_ceiling,
            overlap_floor.max(60 * MINUTE),
            Duration::ZERO,
            7 * DAY,
        )?;
        if overlap_ceiling < overlap_floor {
            return Err(wrong(
                &path("overlap_ceiling"),
                &format!("is shorter than overlap_floor ({})", display_duration(overlap_floor)),
            )
            .hint("raise overlap_ceiling, or lower overlap_floor"));
        }
        Ok(Self {
            poll_interval: read("poll_interval", raw.poll_interval, MINUTE, SECOND, DAY)?,
            initial_lookback: read("initial_lookback", raw.initial_lookback, DAY, Duration::ZERO, RETENTION)?,
            overlap_floor,
            overlap_ceiling,
            settle,
            request_timeout: read("request_timeout", raw.request_timeout, 2 * MINUTE, SECOND, 60 * MINUTE)?,
            connect_timeout: read(
                "connect_timeout",
                raw.connect_timeout,
                10 * SECOND,
                SECOND / 100,
                10 * MINUTE,
            )?,
        })
    }
}

fn check_processors(path: &str, processors: &[RawProcessor]) -> Result<()> {
    (1..)
        .zip(processors)
        .try_for_each(|(number, raw)| Processor::check(&format!("{path} {number}"), raw).map(drop))
}

pub(super) fn wrong(path: &str, detail: &str) -> Failure {
    Failure::new(Exit::Usage, format!("wrong configuration: {path} {detail}"))
        .hint("`claudetrail config example` shows every key with its default and meaning")
}

pub(super) fn choice(path: &str, value: &str, allowed: &[&str]) -> Result<()> {
    if allowed.contains(&value) {
        return Ok(());
    }
    Err(wrong(path, &format!("is {value:?}, not one of {}", allowed.join(", "))))
}

pub(super) fn length(
    path: &str,
    written: Option<Length>,
    default: Duration,
    least: Duration,
    most: Duration,
) -> Result<Duration> {
    let value = written.map_or(default, |length| length.0);
    if (least..=most).contains(&value) {
        return Ok(value);
    }
    Err(wrong(
        path,
        &format!(
            "is {}, not between {} and {}",
            display_duration(value),
            display_duration(least),
            display_duration(most)
        ),
    ))
}

fn page_size(path: &str, written: Option<i64>) -> Result<u32> {
    let size = written.unwrap_or(5000);
    u32::try_from(size)
        .ok()
        .filter(|size| (1..=5000).contains(size))
        .ok_or_else(|| wrong(path, &format!("is {size}, not between 1 and 5000")))
}

fn budget_share(path: &str, written: Option<f64>) -> Result<f64> {
    let share = written.unwrap_or(0.5);
    if share > 0.0 && share <= 1.0 {
        return Ok(share);
    }
    Err(wrong(path, &format!("is {share}, not above 0 and at most 1")))
}

fn reconcile_after(path: &str, written: Option<Vec<Length>>) -> Result<Vec<Duration>> {
    let Some(written) = written else { return Ok(vec![10 * MINUTE, 60 * MINUTE, DAY, 3 * DAY]) };
    written.into_iter().map(|age| length(path, Some(age), DAY, SECOND, 30 * DAY)).collect()
}

fn base_url(path: &str, written: Option<String>) -> Result<String> {
    let url = written.unwrap_or_else(|| "https://api.anthropic.com".into());
    let trimmed = url.trim_end_matches('/');
    if trimmed.starts_with("https://") || trimmed.starts_with("http://") {
        return Ok(trimmed.to_owned());
    }
    Err(wrong(path, "does not start with https:// or http://"))
}

fn expand(path: &str, written: &[String]) -> Result<Vec<String>> {
    activity_types::expand(written).map_err(|unmatched| match unmatched {
        Unmatched::Pattern(pattern) => {
            wrong(path, &format!("has {pattern:?}, which matches no known activity type"))
        }
        Unmatched::NearMiss(name, near) => {
            wrong(path, &format!("has {name:?}, which is no known activity type"))
                .hint(format!("did you mean {near:?}? the API refuses a name that it does not know"))
        }
    })
}

fn api_key(path: &str, written: Option<RawSecret>) -> Result<SecretSource> {
    let Some(raw) = written else { return Ok(SecretSource::Environment("ANTHROPIC_COMPLIANCE_KEY".into())) };
    let source = secret(path, raw)?;
    if matches!(source, SecretSource::Value(_)) {
        source.key().map_err(Failure::from)?;
    }
    Ok(source)
}

/// Where a secret is kept.
pub(super) fn secret(path: &str, raw: RawSecret) -> Result<SecretSource> {
    match (raw.env, raw.file, raw.command, raw.value) {
        (Some(name), None, None, None) if !name.is_empty() => Ok(SecretSource::Environment(name)),
        (None, Some(file), None, None) => Ok(SecretSource::File(file)),
        (None, None, Some(words), None) if !words.is_empty() => Ok(SecretSource::Command(words)),
        (None, None, None, Some(value)) => Ok(SecretSource::Value(value.into())),
        _ => Err(wrong(path, "needs exactly one source").hint(
            "write { env = \"NAME\" }, { file = \"PATH\" } or { command = [\"PROGRAM\", \"ARGUMENT\"] }",
        )),
    }
}

/// A proxy's URL, `direct` for none, or what the environment says.
fn proxy(written: Option<&str>) -> feed::ProxyChoice {
    match written {
        None | Some("") => feed::ProxyChoice::FromEnvironment,
        Some("direct") => feed::ProxyChoice::Direct,
        Some(url) => feed::ProxyChoice::Url(url.to_owned()),
    }
}

pub(super) fn tls(path: &str, raw: super::raw::RawTls) -> Result<TlsSettings> {
    if raw.client_certificate_file.is_some() != raw.client_key_file.is_some() {
        return Err(wrong(path, "has only one of client_certificate_file and client_key_file")
            .hint("set both, or neither"));
    }
    let version = raw.minimum_version.as_deref().unwrap_or("1.2");
    choice(&format!("{path}.minimum_version"), version, &["1.2", "1.3"])?;
    Ok(TlsSettings {
        ca_file: raw.ca_file,
        client_certificate_file: raw.client_certificate_file,
        client_key_file: raw.client_key_file,
        minimum_version_1_3: version == "1.3",
    })
}

fn trace(path: &str, raw: &super::raw::RawTrace) -> Result<Option<TraceSettings>> {
    let Some(directory) = raw.directory.clone() else { return Ok(None) };
    let max_files = raw.max_files.unwrap_or(5);
    let max_files =
        usize::try_from(max_files).ok().filter(|files| (1..=1000).contains(files)).ok_or_else(|| {
            wrong(&format!("{path}.max_files"), &format!("is {max_files}, not between 1 and 1000"))
        })?;
    let max_file_bytes = raw.max_file_size.map_or(10_000_000, |size| size.0).max(4096);
    Ok(Some(TraceSettings { directory, max_file_bytes, max_files }))
}

fn transparency_log(
    path: &dyn Fn(&str) -> String,
    raw: RawTransparencyLog,
) -> Result<TransparencyLogSettings> {
    if let Some(wrong_uuid) = raw.organizations.iter().find(|uuid| feed::log_origin(uuid).is_none()) {
        return Err(wrong(&path("organizations"), &format!("has {wrong_uuid:?}, which is no UUID"))
            .hint("the UUID stands in the Claude Console under Settings > Organization"));
    }
    let published = || feed::PUBLISHED_KEY_FINGERPRINTS.iter().map(|key| (*key).to_owned()).collect();
    let trusted_keys: Vec<String> = raw.trusted_keys.unwrap_or_else(published);
    let is_fingerprint = |key: &String| key.len() == 64 && key.bytes().all(|byte| byte.is_ascii_hexdigit());
    if let Some(odd) = trusted_keys.iter().find(|key| !is_fingerprint(key)) {
        return Err(wrong(
            &path("trusted_keys"),
            &format!("has {odd:?}, which is no SHA-256 in 64 hexadecimal digits"),
        )
        .hint("the vendor publishes the fingerprints in its documentation of the transparency log"));
    }
    Ok(TransparencyLogSettings {
        enabled: raw.enabled.unwrap_or(true),
        interval: length(&path("interval"), raw.interval, DAY, SECOND, 30 * DAY)?,
        organizations: raw.organizations,
        trusted_keys,
    })
}

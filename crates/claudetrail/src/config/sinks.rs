//! `[[sink]]`: destinations, each with what all of them have and what its kind has.

use std::time::Duration;

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use sinks::{BatchLimits, elasticsearch::Config};

use super::{
    raw::{RawSecret, RawSink},
    settings::{DAY, MINUTE, SECOND, SecretSource, TlsSettings, choice, length, secret, tls, wrong},
};
use crate::error::Result;

/// The kinds of destination there are.
pub(super) const KINDS: &[&str] = &["elasticsearch"];

/// A hundred years; longer is meant to be for ever.
const RETENTION_MAX: Duration = Duration::from_hours(100 * 365 * 24);

/// One `[[sink]]`.
#[derive(Debug, Clone)]
pub(crate) struct SinkSettings {
    pub(crate) name: String,
    pub(crate) kind: SinkKind,
    /// Only activities created at or after.
    pub(crate) from: Option<Timestamp>,
    pub(crate) batch: BatchLimits,
    pub(crate) batches_in_flight: usize,
    pub(crate) max_backoff: Duration,
}

/// What kind of destination, with its own settings.
#[derive(Debug, Clone)]
pub(crate) enum SinkKind {
    /// Elasticsearch or OpenSearch.
    Elasticsearch(Box<ElasticsearchSettings>),
}

/// Where an engine is, and how it is written to.
#[derive(Debug, Clone)]
pub(crate) struct ElasticsearchSettings {
    pub(crate) hosts: Vec<String>,
    pub(crate) login: LoginSettings,
    pub(crate) tls: TlsSettings,
    pub(crate) request_timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) compression: bool,
    pub(crate) proxy: Option<String>,
    pub(crate) data_stream: String,
    pub(crate) pipeline: String,
    /// What `setup` sets: how long documents are kept, and the index mode.
    pub(crate) retention: Option<Duration>,
    pub(crate) logsdb: bool,
    /// Where dashboards go.
    pub(crate) kibana: Option<String>,
}

/// Who we say we are.
#[derive(Debug, Clone)]
pub(crate) enum LoginSettings {
    None,
    ApiKey(SecretSource),
    Basic { user: String, password: SecretSource },
    Bearer(SecretSource),
}

impl SinkSettings {
    pub(super) fn all(written: Vec<RawSink>) -> Result<Vec<Self>> {
        let sinks = written.into_iter().map(Self::from_raw).collect::<Result<Vec<_>>>()?;
        for (index, sink) in sinks.iter().enumerate() {
            if sinks[..index].iter().any(|earlier| earlier.name == sink.name) {
                return Err(wrong("sink.name", &format!("{:?} is used twice", sink.name))
                    .hint("give each [[sink]] a name of its own"));
            }
        }
        Ok(sinks)
    }

    fn from_raw(raw: RawSink) -> Result<Self> {
        let kind = raw.kind.clone().unwrap_or_else(|| "elasticsearch".into());
        choice("sink.type", &kind, KINDS)?;
        let name = raw.name.clone().unwrap_or(kind);
        if name.trim().is_empty() || name.len() > 100 {
            return Err(wrong("sink.name", "is empty or longer than 100 bytes"));
        }
        let path = |key: &str| format!("sink {name:?}: {key}");
        let max_bytes = raw.batch_size.map_or(8_000_000, |size| size.0);
        if !(10_000..=90_000_000).contains(&max_bytes) {
            return Err(wrong(&path("batch_size"), "is not between 10kB and 90MB"));
        }
        let max_documents = whole(&path("batch_documents"), raw.batch_documents, 2_000, 1..=50_000)? as usize;
        Ok(Self {
            from: from(&path("from"), raw.from.as_deref())?,
            batch: BatchLimits { max_documents, max_bytes: max_bytes as usize },
            batches_in_flight: whole(&path("batches_in_flight"), raw.batches_in_flight, 2, 1..=16)? as usize,
            max_backoff: length(&path("max_backoff"), raw.max_backoff, MINUTE, SECOND / 10, DAY)?,
            kind: SinkKind::Elasticsearch(Box::new(ElasticsearchSettings::from_raw(raw, &path)?)),
            name,
        })
    }
}

impl ElasticsearchSettings {
    fn from_raw(raw: RawSink, path: &dyn Fn(&str) -> String) -> Result<Self> {
        let hosts = raw.hosts.unwrap_or_else(|| vec!["http://localhost:9200".into()]);
        if hosts.is_empty() {
            return Err(wrong(&path("hosts"), "is empty"));
        }
        let data_stream = raw.data_stream.unwrap_or_else(|| Config::STREAM.into());
        stream_name(&path("data_stream"), &data_stream)?;
        let pipeline = raw.pipeline.unwrap_or_default();
        if !pipeline.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.@".contains(letter)) {
            return Err(wrong(&path("pipeline"), "holds a character that no pipeline's name has here"));
        }
        let retention =
            raw.retention.map(|written| length(&path("retention"), Some(written), DAY, DAY, RETENTION_MAX));
        Ok(Self {
            hosts,
            retention: retention.transpose()?,
            logsdb: raw.logsdb.unwrap_or(false),
            kibana: raw.kibana.filter(|address| !address.is_empty()),
            login: LoginSettings::from_raw(raw.api_key, raw.user, raw.password, raw.bearer_token, path)?,
            tls: tls(&path("tls"), raw.tls)?,
            request_timeout: length(
                &path("request_timeout"),
                raw.request_timeout,
                MINUTE,
                SECOND,
                60 * MINUTE,
            )?,
            connect_timeout: length(
                &path("connect_timeout"),
                raw.connect_timeout,
                10 * SECOND,
                SECOND / 100,
                10 * MINUTE,
            )?,
            compression: raw.compression.unwrap_or(true),
            proxy: raw.proxy.filter(|proxy| !proxy.is_empty()),
            data_stream,
            pipeline,
        })
    }
}

impl LoginSettings {
    fn from_raw(
        api_key: Option<RawSecret>,
        user: Option<String>,
        password: Option<RawSecret>,
        bearer_token: Option<RawSecret>,
        path: &dyn Fn(&str) -> String,
    ) -> Result<Self> {
        let user = user.filter(|user| !user.is_empty());
        match (api_key, user, password, bearer_token) {
            (None, None, None, None) => Ok(Self::None),
            (Some(key), None, None, None) => Ok(Self::ApiKey(secret(&path("api_key"), key)?)),
            (None, Some(user), Some(password), None) => {
                Ok(Self::Basic { user, password: secret(&path("password"), password)? })
            }
            (None, None, None, Some(token)) => Ok(Self::Bearer(secret(&path("bearer_token"), token)?)),
            (None, Some(_), None, None) => Err(wrong(&path("user"), "is set without password")),
            (None, None, Some(_), None) => Err(wrong(&path("password"), "is set without user")),
            _ => Err(wrong(&path("api_key"), "is not the only way to log in")
                .hint("keep one of api_key, user with password, and bearer_token")),
        }
    }
}

fn whole(
    path: &str,
    written: Option<i64>,
    default: u32,
    range: std::ops::RangeInclusive<u32>,
) -> Result<u32> {
    let value = written.unwrap_or(i64::from(default));
    u32::try_from(value)
        .ok()
        .filter(|value| range.contains(value))
        .ok_or_else(|| wrong(path, &format!("is {value}, not between {} and {}", range.start(), range.end())))
}

/// A time or a day; no age, which would be another moment at each start.
fn from(path: &str, written: Option<&str>) -> Result<Option<Timestamp>> {
    let Some(text) = written.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    let day = || text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok().map(|midnight| midnight.timestamp());
    text.parse::<Timestamp>().ok().or_else(day).map(Some).ok_or_else(|| {
        wrong(path, &format!("is {text:?}, no time"))
            .hint("write a time as 2026-11-23T08:00:00Z or a day as 2026-11-23")
    })
}

/// What an engine takes as a name, and the three parts by which templates and rules know a stream of logs.
fn stream_name(path: &str, name: &str) -> Result<()> {
    let letters = name
        .chars()
        .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-_.".contains(letter));
    if letters && name.len() <= 150 && name.starts_with("logs-") && !name.ends_with('-') {
        return Ok(());
    }
    Err(wrong(path, &format!("is {name:?}, no name of a data stream of logs"))
        .hint("write it as logs-<dataset> in lower case; the namespace of each feed is put behind it"))
}

//! What `status` tells of a feed beside its coverage: late arrivals, our own requests, the budget, backfills, the
//! transparency log, and why nothing comes.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ledger::{Coverage, FeedStatus, Reader};
use serde_json::{Value, json};

use crate::{
    display::{self, Palette},
    error::Result,
    transparency::{self, Account},
};

/// Late arrivals that are listed.
const NEWEST_LISTED: u64 = 20;

/// Polls that may stay out before nobody seems to collect.
const POLLS_MISSED: f64 = 3.0;

/// The members that this adds to a feed in `status --json`.
pub(crate) fn report(reader: &Reader, feed: &FeedStatus, now: Timestamp) -> Result<Value> {
    let newest: Vec<Value> = reader
        .late_arrivals(feed.id, NEWEST_LISTED)?
        .iter()
        .map(|late| {
            json!({
                "sequence": late.sequence,
                "created_at": late.created_at.to_string(),
                "first_seen": late.first_seen.to_string(),
                "lag_seconds": late.lag().as_secs_f64(),
            })
        })
        .collect();
    let seconds = |lag: Option<Duration>| lag.map(|lag| lag.as_secs_f64());
    let late = json!({
        "lag_seconds": {
            "p50": seconds(reader.late_lag(feed.id, 0.5)?),
            "p99": seconds(reader.late_lag(feed.id, 0.99)?),
        },
        "newest": newest,
    });
    let canary = reader.own_reads(feed.id)?.map(|own| {
        json!({
            "rows": own.count,
            "last_seen": own.last_seen.to_string(),
            "lag_seconds": { "p50": own.lag_p50.as_secs_f64(), "p99": own.lag_p99.as_secs_f64() },
        })
    });
    let told = Told::read(reader, feed)?;
    Ok(json!({
        "late": late,
        "canary": canary,
        "budget": told.budget,
        "parent": told.parent,
        "overlap_seconds": told.overlap["seconds"],
        "backfills": backfills(reader, feed)?,
        "diagnosis": told.diagnosis(feed, now),
        "transparency": transparency::accounts(reader, feed.id)?.iter().map(Account::report).collect::<Vec<_>>(),
    }))
}

fn backfills(reader: &Reader, feed: &FeedStatus) -> Result<Vec<Value>> {
    let coverage: Coverage = feed.coverage.iter().copied().collect();
    let length = |interval: &ledger::Interval| interval.lt.duration_since(interval.gte).as_secs_f64();
    let backfills = reader.backfills(feed.id)?;
    let told = backfills.iter().map(|backfill| {
        let missing: f64 = coverage.gaps(backfill.interval).iter().map(length).sum();
        json!({
            "gte": backfill.interval.gte.to_string(),
            "lt": backfill.interval.lt.to_string(),
            "requested_at": backfill.requested_at.to_string(),
            "finished_at": backfill.finished_at.map(|at| at.to_string()),
            "share": 1.0 - missing / length(&backfill.interval),
        })
    });
    Ok(told.collect())
}

/// What the collector last reported.
struct Told {
    budget: Value,
    /// Which parent organization the key belongs to, once it was another one than before.
    parent: Value,
    overlap: Value,
    diagnosis: Value,
    at: Option<Timestamp>,
}

impl Told {
    fn read(reader: &Reader, feed: &FeedStatus) -> Result<Self> {
        let (budget, parent, overlap, diagnosis) = (Value::Null, Value::Null, Value::Null, Value::Null);
        let mut told = Self { budget, parent, overlap, diagnosis, at: None };
        for report in reader.reports(feed.id)? {
            let value = serde_json::from_str(&report.text).unwrap_or_default();
            match report.topic.as_str() {
                "budget" => told.budget = value,
                "parent" => {
                    told.parent = value;
                    continue;
                }
                "overlap" => told.overlap = value,
                "diagnosis" => told.diagnosis = value,
                _ => continue,
            }
            told.at = told.at.max(Some(report.at));
        }
        Ok(told)
    }

    /// What the collector says is wrong; or that it says nothing, which only a reader can notice.
    fn diagnosis(&self, feed: &FeedStatus, now: Timestamp) -> Value {
        let Some(at) = self.at.max(feed.last_poll) else { return self.diagnosis.clone() };
        let patience = self.overlap["poll_interval_seconds"].as_f64().unwrap_or(60.0) * POLLS_MISSED + 60.0;
        let silent = now.duration_since(at);
        if silent < SignedDuration::try_from_secs_f64(patience).unwrap_or(SignedDuration::MAX) {
            return self.diagnosis.clone();
        }
        json!({
            "cause": "not_running",
            "since": at.to_string(),
            "evidence": format!("nothing was polled or reported since {at}"),
            "hint": "start `claudetrail run`; if it runs, its log says what it waits for (a full disk keeps it from reporting here)",
        })
    }
}

/// The lines that this adds to a feed in `status`.
pub(crate) fn lines(reader: &Reader, feed: &FeedStatus, palette: Palette) -> Result<Vec<String>> {
    let account = report(reader, feed, Timestamp::now())?;
    let span = |value: &Value| {
        let length = value.as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        length.map_or_else(|| "unknown".to_owned(), display::span)
    };
    let mut lines = Vec::new();
    if let Some(late) = account["late"]["newest"].as_array().filter(|late| !late.is_empty()) {
        let lag = &account["late"]["lag_seconds"];
        lines.push(format!(
            "  late arrivals: half within {}, p99 {}; the newest came {} after {}",
            span(&lag["p50"]),
            span(&lag["p99"]),
            span(&late[0]["lag_seconds"]),
            late[0]["created_at"].as_str().unwrap_or_default()
        ));
    }
    if account["canary"].is_object() {
        let lag = &account["canary"]["lag_seconds"];
        lines.push(format!(
            "  own requests seen {} times, {} after the answer (p99 {})",
            account["canary"]["rows"],
            span(&lag["p50"]),
            span(&lag["p99"])
        ));
    }
    if account["budget"].is_object() {
        let budget = &account["budget"];
        let others =
            budget["others_per_minute"].as_u64().map_or_else(|| "unknown".to_owned(), |n| n.to_string());
        lines.push(format!(
            "  budget: {} of {} requests a minute spent here, {others} by others; asks again {} behind",
            budget["ours_per_minute"],
            budget["limit_per_minute"],
            span(&account["overlap_seconds"])
        ));
    }
    for backfill in account["backfills"].as_array().into_iter().flatten() {
        if backfill["finished_at"].is_null() {
            lines.push(format!(
                "  {} {} → {}: {:.1} % done",
                palette.notable("backfill"),
                backfill["gte"].as_str().unwrap_or_default(),
                backfill["lt"].as_str().unwrap_or_default(),
                backfill["share"].as_f64().unwrap_or_default() * 100.0
            ));
        }
    }
    for log in transparency::accounts(reader, feed.id)? {
        lines.extend(log.lines(palette));
    }
    let parent = &account["parent"];
    if parent["number"].as_u64() > Some(1) {
        let evidence = parent["evidence"].as_str().unwrap_or_default();
        lines.push(format!("  {}: {evidence}", palette.bad("another parent organization")));
        lines.push(format!("  hint: {}", parent["hint"].as_str().unwrap_or_default()));
    }
    let diagnosis = &account["diagnosis"];
    if let Some(cause) = diagnosis["cause"].as_str() {
        let cause = if cause == "quiet" { palette.notable(cause) } else { palette.bad(cause) };
        lines.push(format!("  {cause}: {}", diagnosis["evidence"].as_str().unwrap_or_default()));
        lines.push(format!("  hint: {}", diagnosis["hint"].as_str().unwrap_or_default()));
    }
    Ok(lines)
}

//! `status`: is this everything? Read from the ledger alone, beside a running collector or without one.

use std::time::Duration;

use ledger::{FeedStatus, Interval, Reader, SinkStatus};
use serde_json::{Value, json};

use crate::{
    cli::Status,
    commands::index::Progress,
    config::Settings,
    display::{self, Palette},
    error::Result,
    feed_account, output,
};

pub(crate) fn run(settings: &Settings, arguments: &Status) -> Result<()> {
    let reader = Reader::open(&settings.ledger_path())?;
    let text =
        if arguments.json { format!("{:#}\n", report(settings, &reader)?) } else { text(settings, &reader)? };
    output::print(&text)
}

/// The JSON of `status --json`; its shape is a contract.
pub(crate) fn report(settings: &Settings, reader: &Reader) -> Result<Value> {
    let now = jiff::Timestamp::now();
    let mut feeds = Vec::new();
    for feed in reader.feeds()? {
        let mut told = feed_report(&feed);
        if let (Some(told), Value::Object(account)) =
            (told.as_object_mut(), feed_account::report(reader, &feed, now)?)
        {
            told.extend(account);
        }
        feeds.push(told);
    }
    let sequence = reader.last_sequence()?;
    let sinks: Vec<Value> = reader.sinks()?.iter().map(|sink| sink_report(sink, sequence)).collect();
    Ok(json!({
        "feeds": feeds,
        "sinks": sinks,
        "ledger": {
            "sequence": sequence,
            "chain_head": output::hexadecimal(&reader.chain_head()?),
            "bytes": reader.bytes(),
        },
        "index": index(settings, sequence).map(|index| index.report()),
    }))
}

/// How far the search index is; `None` when there is none, or none that can be read.
fn index(settings: &Settings, last: u64) -> Option<Progress> {
    settings.index.enabled.then(|| Progress::read(settings, last).ok()).flatten()
}

fn sink_report(sink: &SinkStatus, sequence: u64) -> Value {
    json!({
        "name": sink.name,
        "cursor": sink.cursor,
        "behind": sequence.saturating_sub(sink.cursor),
        "dead_letters": sink.dead_letters,
        "settled_at": sink.settled_at.map(|at| at.to_string()),
        "last_error": sink.last_error.as_ref().map(|failure| json!({
            "kind": failure.kind,
            "message": failure.message,
            "hint": failure.hint,
            "at": failure.at.to_string(),
        })),
    })
}

fn feed_report(feed: &FeedStatus) -> Value {
    let interval =
        |interval: &Interval| json!({ "gte": interval.gte.to_string(), "lt": interval.lt.to_string() });
    let gaps: Vec<Value> = feed
        .gaps
        .iter()
        .map(|gap| json!({ "gte": gap.interval.gte.to_string(), "lt": gap.interval.lt.to_string(), "reason": gap.reason }))
        .collect();
    json!({
        "name": feed.name,
        "activities": feed.activities,
        "coverage": feed.coverage.iter().map(interval).collect::<Vec<_>>(),
        "gaps": gaps,
        "late_arrivals": feed.late_arrivals,
        "lag_seconds": {
            "p50": feed.lag_p50.map(|lag| lag.as_secs_f64()),
            "p99": feed.lag_p99.map(|lag| lag.as_secs_f64()),
        },
        "last_poll": feed.last_poll.map(|time| time.to_string()),
        "last_error": feed.last_error.as_ref().map(|failure| json!({
            "kind": failure.kind,
            "message": failure.message,
            "hint": failure.hint,
            "request_id": failure.request_id,
            "at": failure.at.to_string(),
        })),
    })
}

fn text(settings: &Settings, reader: &Reader) -> Result<String> {
    let palette = output::stdout_palette();
    let mut lines = Vec::new();
    let feeds = reader.feeds()?;
    if feeds.is_empty() {
        lines.push("no feed has been polled yet: start `claudetrail run`".to_owned());
    }
    for feed in &feeds {
        lines.push(feed_headline(feed, palette));
        lines.extend(feed_details(feed, palette));
        lines.extend(feed_account::lines(reader, feed, palette)?);
    }
    let sequence = reader.last_sequence()?;
    for sink in reader.sinks()? {
        lines.extend(sink_lines(&sink, sequence, palette));
    }
    if let Some(index) = index(settings, sequence) {
        lines.push(format!("{} {}", palette.bold("index"), index.text()));
    }
    let head = output::hexadecimal(&reader.chain_head()?);
    lines.push(format!(
        "{} {} activities, {}, chain head {}…  {}",
        palette.bold("ledger"),
        display::count(sequence),
        display::bytes(reader.bytes()),
        &head[..16.min(head.len())],
        palette.dim(&settings.ledger_path().display().to_string()),
    ));
    Ok(lines.join("\n") + "\n")
}

/// `acme: complete 2024-11-23T00:00Z → 2026-11-23T08:14Z, 0 gaps, 12 late arrivals (p99 lag 41 s)`.
pub(crate) fn feed_headline(feed: &FeedStatus, palette: Palette) -> String {
    let coverage = match (feed.coverage.first(), feed.coverage.last()) {
        (Some(first), Some(last)) => {
            let word =
                if feed.gaps.is_empty() { palette.good("complete") } else { palette.bad("incomplete") };
            // What lies apart from the trail was fetched by itself, and is told so.
            let apart = match feed.planned_start.filter(|_| feed.gaps.is_empty()) {
                Some(planned) => feed.coverage.iter().take_while(|interval| interval.lt < planned).count(),
                None => 0,
            };
            let begins = feed.coverage.get(apart).unwrap_or(first).gte;
            let told = |interval: &Interval| {
                format!("{} → {}", display::minute(interval.gte), display::minute(interval.lt))
            };
            let apart: Vec<String> = feed.coverage[..apart].iter().map(told).collect();
            let apart = if apart.is_empty() { String::new() } else { format!(" and {}", apart.join(", ")) };
            format!("{word} {} → {}{apart}", display::minute(begins), display::minute(last.lt))
        }
        _ => palette.notable("nothing covered yet"),
    };
    let gaps = match feed.gaps.len() {
        1 => "1 gap".to_owned(),
        number => format!("{number} gaps"),
    };
    let lag = feed.lag_p99.map_or_else(String::new, |lag| format!(" (p99 lag {})", display::span(lag)));
    format!(
        "{}: {coverage}, {gaps}, {} late arrivals{lag}",
        palette.bold(&feed.name),
        display::count(feed.late_arrivals)
    )
}

/// `sink siem: up to date, 3 dead letters`.
fn sink_lines(sink: &SinkStatus, sequence: u64, palette: Palette) -> Vec<String> {
    let state = match sequence.saturating_sub(sink.cursor) {
        0 => palette.good("up to date"),
        behind => palette.notable(&format!("{} behind", display::count(behind))),
    };
    let letters = match sink.dead_letters {
        0 => "no dead letters".to_owned(),
        number => {
            palette.bad(&format!("{} dead letters (claudetrail dead-letters list)", display::count(number)))
        }
    };
    let mut lines =
        vec![format!("{} {}: {state}, {letters}", palette.bold("sink"), palette.bold(&sink.name))];
    if let Some(failure) = &sink.last_error {
        let at = display::time(failure.at);
        lines.push(format!("  {} {} since {at}: {}", palette.bad("error"), failure.kind, failure.message));
        lines.extend(Some(format!("  hint: {}", failure.hint)).filter(|_| !failure.hint.is_empty()));
    }
    lines
}

fn feed_details(feed: &FeedStatus, palette: Palette) -> Vec<String> {
    let mut lines = Vec::new();
    let polled = feed.last_poll.map_or_else(
        || "never polled".to_owned(),
        |time| {
            let age = Duration::try_from(jiff::Timestamp::now().duration_since(time)).unwrap_or_default();
            format!("last poll {} ago", display::span(age))
        },
    );
    lines.push(format!("  {} activities, {polled}", display::count(feed.activities)));
    for gap in &feed.gaps {
        lines.push(format!(
            "  {} {} → {}: {}",
            palette.bad("gap"),
            display::time(gap.interval.gte),
            display::time(gap.interval.lt),
            gap.reason
        ));
    }
    if let Some(failure) = &feed.last_error {
        let request = failure.request_id.as_ref().map_or_else(String::new, |id| format!(" (request {id})"));
        lines.push(format!(
            "  {} {} at {}: {}{request}",
            palette.bad("error"),
            failure.kind,
            display::time(failure.at),
            failure.message
        ));
        lines.push(format!("  hint: {}", failure.hint));
    }
    lines
}

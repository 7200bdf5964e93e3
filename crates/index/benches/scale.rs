//! How the index does at a size: documents per second, bytes per document, the questions of the console's first screen.
//!
//! `cargo bench -p index --bench scale -- 10000000`, which takes some minutes. Documents are those of the simulated organization over 90 days;
//! each question is asked of all of them and of the last 24 hours, and the 50th and 95th percentile
//! of its times is printed.

#![allow(missing_docs, clippy::print_stdout)]

use std::fmt::Write as _;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use index::{EmbeddedIndex, Pace, Writer};
use jiff::{Timestamp, ToSpan as _};
use normalize::{Context, Normalizer};
use query::{Aggregation, Fields, SearchRequest};
use serde_json::{Value, json};
use simulator::{World, WorldOptions};

/// Documents between commits while catching up.
const COMMIT_EVERY: u64 = 250_000;
/// Days of history.
const DAYS: i64 = 90;
/// Times each question is asked.
const REPETITIONS: usize = 20;

fn main() {
    // As a test it only shows that it works.
    let measured = std::env::args().any(|argument| argument == "--bench");
    let asked = std::env::args().find_map(|argument| argument.parse().ok());
    let count = asked.unwrap_or(if measured { 100_000_u64 } else { 2_000 });
    let folder = tempfile::tempdir_in(
        std::env::var("SCALE_FOLDER").unwrap_or_else(|_| env!("CARGO_TARGET_TMPDIR").into()),
    )
    .expect("a folder");
    let fields = Arc::new(fields());
    let end: Timestamp = "2026-11-25T00:00:00Z".parse().expect("a time");

    let mut writer = Writer::open(folder.path(), &fields).expect("the index opens");
    writer.set_pace(Pace::Fast).expect("the pace is set");
    let started = Instant::now();
    let json_bytes = fill(&mut writer, count, end);
    let count = writer.cursor().sequence;
    let filled = started.elapsed();
    writer.rest().expect("merges end");
    let settled = started.elapsed();
    println!("documents {count}, {} bytes of JSON each", json_bytes / count);
    println!(
        "catch-up  {:.0} documents/s, {:.1} s, and {:.1} s of merging behind it",
        count as f64 / filled.as_secs_f64(),
        filled.as_secs_f64(),
        settled.saturating_sub(filled).as_secs_f64()
    );
    println!("disk      {:.0} bytes a document", writer.bytes() as f64 / count as f64);
    println!("memory    {} MB resident, {} MB at most", resident("VmRSS:"), resident("VmHWM:"));
    drop(writer);

    let index = EmbeddedIndex::new(folder.path(), Arc::clone(&fields));
    let day = end.checked_sub(24.hours()).expect("a day before");
    for (name, query, aggregations, size) in questions() {
        let mut line = format!("{name:<34}");
        for from in [None, Some(day)] {
            let context = query::Context::new(&fields, end);
            let request = SearchRequest {
                from,
                aggregations: Aggregation::read_all(&aggregations, &context).expect("our own question"),
                ..SearchRequest::new(query::parse(query, &context).expect("our own query"), size)
            };
            let mut times = Vec::new();
            let mut total = 0;
            for _ in 0..REPETITIONS {
                let asked = Instant::now();
                total = index.search_now(&request).expect("an answer").total;
                times.push(asked.elapsed());
            }
            times.sort();
            let at = |share: usize| milliseconds(times[(times.len() - 1) * share / 100]);
            let _ = write!(line, " {total:>9} hits p50 {:>7.1} ms p95 {:>7.1} ms", at(50), at(95));
        }
        println!("{line}");
    }
    println!("memory    {} MB resident after the questions", resident("VmRSS:"));
}

fn fields() -> Fields {
    let known = normalize::fields::all();
    Fields::of_elasticsearch_types(
        known.iter().map(|field| (field.name.as_str(), field.elasticsearch_type, field.source)),
    )
}

/// Makes documents on a thread of its own: about `count` over the 90 days up to `end`.
fn fill(writer: &mut Writer, count: u64, end: Timestamp) -> u64 {
    let (sender, receiver) = mpsc::sync_channel::<Vec<(String, Vec<u8>)>>(8);
    let start = end.checked_sub((DAYS * 24).hours()).expect("a start");
    let maker = std::thread::spawn(move || {
        let world = World::new(WorldOptions {
            seed: 1,
            history_start: start,
            history_end: end,
            // A week has about five and a half days' worth of a working day.
            activities_per_day: count as f64 / DAYS as f64 * 7.0 / 5.5,
            unknown_share: 0.0,
        });
        let normalizer = Normalizer::default();
        let mut sequence = 0;
        let mut from = start;
        while sequence < count && from < end {
            let to = from.checked_add(1.hours()).expect("an hour later");
            let mut batch = Vec::new();
            for row in world.activities(from, to) {
                sequence += 1;
                let mut document = Vec::with_capacity(2048);
                let context =
                    Context { sequence: Some(sequence), created: Some(row.created_at), ingested: None };
                normalizer.ecs(&row.json, &context, &mut document);
                batch.push((row.id, document));
            }
            sender.send(batch).expect("the other end listens");
            from = to;
        }
    });
    let (mut sequence, mut bytes) = (0, 0);
    for batch in receiver {
        for (id, document) in batch {
            sequence += 1;
            bytes += document.len() as u64;
            writer.add(sequence, &id, &document).expect("added");
            if sequence.is_multiple_of(COMMIT_EVERY) {
                writer.commit().expect("committed");
            }
        }
    }
    writer.commit().expect("committed");
    maker.join().expect("the maker ends");
    bytes
}

/// The questions of the first screen.
fn questions() -> Vec<(&'static str, &'static str, Value, usize)> {
    let over_time = |within: Value| json!({"over_time": {"date_histogram": {"field": "@timestamp", "fixed_interval": "1h"}, "aggs": within}});
    let terms = |field: &str, size: u32| json!({"terms": {"field": field, "size": size}});
    vec![
        (
            "activity by category over time",
            "*",
            over_time(json!({"category": terms("event.category", 8)})),
            0,
        ),
        (
            "figures",
            "*",
            json!({
            "people": {"cardinality": {"field": "user.email"}},
            "failed": {"filter": {"query_string": {"query": "event.category:authentication and event.outcome:failure"}}},
            "privileged": {"filter": {"query_string": {"query": "event.category:(iam or configuration)"}}}}),
            0,
        ),
        (
            "sign-ins by outcome and method",
            "event.category:authentication",
            json!({"outcome": {"terms": {"field": "event.outcome"}, "aggs": {"method": terms("event.action", 10)}}}),
            0,
        ),
        (
            "privileged changes over time",
            "event.category:(iam or configuration)",
            over_time(json!({"kind": terms("anthropic.audit.group", 10)})),
            50,
        ),
        (
            "actors with what they did",
            "*",
            json!({"who": {"terms": {"field": "anthropic.audit.actor.name", "size": 10}, "aggs": {"what": terms("event.action", 3), "last": {"max": {"field": "@timestamp"}}}}}),
            0,
        ),
        (
            "addresses and networks",
            "*",
            json!({"address": terms("source.ip", 10), "network": terms("source.as.organization.name", 10), "country": terms("source.geo.country_iso_code", 250)}),
            0,
        ),
        (
            "actions by group",
            "*",
            json!({"group": {"terms": {"field": "anthropic.audit.group", "size": 20}, "aggs": {"action": terms("event.action", 20)}}}),
            0,
        ),
        (
            "programs",
            "*",
            json!({"program": terms("user_agent.name", 10), "version": terms("user_agent.version", 10), "outcome": terms("event.outcome", 3)}),
            0,
        ),
        ("newest fifty", "*", json!({}), 50),
        ("a word", "exported", json!({}), 50),
        ("a person", "user.email:mara*", json!({}), 50),
        ("a network", "source.ip:203.0.113.0/24 and not event.outcome:success", json!({}), 50),
    ]
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// A figure of this process in megabytes.
fn resident(figure: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(figure));
    line.and_then(|line| line.split_whitespace().nth(1))
        .and_then(|kilobytes| kilobytes.parse().ok())
        .unwrap_or(0_u64)
        / 1024
}

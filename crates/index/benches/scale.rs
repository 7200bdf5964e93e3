//! How the index does at a size: documents per second, bytes per document, the questions of the console's first screen.
//!
//! `cargo bench -p index --bench scale -- 10000000`, which takes some minutes. Activities are those of the simulated organization over
//! 90 days, put into a ledger first; then they are read, made into documents and indexed, as the program does it. Each
//! question is asked of all of them and of the last 24 hours: the first time, and the 50th and 95th percentile of the
//! times after it. `SCALE_FOLDER` names a folder for both, in which a ledger that is large enough is used again.
//!
//! Times are also told in seconds of processor time, which does not depend on what else the machine does.

#![allow(missing_docs, clippy::print_stdout)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use index::{DocumentSource, EmbeddedIndex, Pace, SourceError, Writer};
use jiff::{Timestamp, ToSpan as _};
use ledger::{Entry, EntryFilter, LagPolicy, Ledger, NewActivity, Options, PageCommit, Provenance, Reader};
use normalize::{Context, Normalizer};
use query::{Aggregation, Fields, SearchRequest};
use serde_json::{Value, json};
use simulator::{Generated, World, WorldOptions};

/// Documents between commits while catching up.
const COMMIT_EVERY: u64 = 500_000;
/// Entries read at a time.
const BATCH: usize = 2_000;
/// Days of history.
const DAYS: i64 = 90;
/// Times each question is asked, after the first.
const REPETITIONS: usize = 20;

fn main() {
    // As a test it only shows that it works.
    let measured = std::env::args().any(|argument| argument == "--bench");
    let asked = std::env::args().find_map(|argument| argument.parse().ok());
    let count = asked.unwrap_or(if measured { 100_000_u64 } else { 2_000 });
    let temporary = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let folder = std::env::var("SCALE_FOLDER").map_or_else(|_| temporary.path().to_owned(), PathBuf::from);
    let fields = Arc::new(fields());
    let end: Timestamp = "2026-11-25T00:00:00Z".parse().expect("a time");
    let trail = Trail { path: folder.join("ledger.sqlite"), reader: Mutex::new(None) };
    fill_ledger(&trail.path, count, end);
    fill_index(&trail, &folder.join("index"), &fields);

    let index = EmbeddedIndex::new(&folder.join("index"), Arc::clone(&fields), Arc::new(trail));
    let day = end.checked_sub(24.hours()).expect("a day before");
    println!("{:<34} milliseconds: the first time, p50 and p95 of {REPETITIONS} more", "");
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
            for _ in 0..=REPETITIONS {
                let asked = Instant::now();
                total = index.search_now(&request).expect("an answer").total;
                times.push(asked.elapsed());
            }
            let first = times.remove(0);
            times.sort();
            let at = |share: usize| milliseconds(times[(times.len() - 1) * share / 100]);
            let _ = write!(
                line,
                " {total:>9} hits {:>7.1} {:>7.1} {:>7.1} ",
                milliseconds(first),
                at(50),
                at(95)
            );
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

/// Makes documents of the ledger again.
struct Trail {
    path: PathBuf,
    reader: Mutex<Option<(Reader, Normalizer)>>,
}

impl Trail {
    fn open(&self) -> (Reader, Normalizer) {
        (Reader::open(&self.path).expect("the ledger opens"), Normalizer::default())
    }
}

fn document(normalizer: &Normalizer, entry: &Entry, document: &mut Vec<u8>) {
    document.clear();
    let context = Context { sequence: Some(entry.sequence), created: Some(entry.first_seen), ingested: None };
    normalizer.ecs(&entry.raw, &context, document);
}

impl DocumentSource for Trail {
    fn read(&self, sequences: &[u64], each: &mut dyn FnMut(u64, &[u8])) -> Result<(), SourceError> {
        let mut reader = self.reader.lock().expect("nothing panics");
        let (reader, normalizer) = reader.get_or_insert_with(|| self.open());
        let mut text = Vec::new();
        for sequence in sequences {
            for entry in reader.entries(sequence - 1, 1, &EntryFilter::default())? {
                document(normalizer, &entry, &mut text);
                each(entry.sequence, &text);
            }
        }
        Ok(())
    }
}

/// About `count` activities over the 90 days up to `end`, in order of time, in pages as the API gives them.
fn fill_ledger(path: &Path, count: u64, end: Timestamp) {
    let held = Reader::open(path).and_then(|reader| reader.last_sequence()).unwrap_or_default();
    if held > count / 10 * 9 {
        return;
    }
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    let start = end.checked_sub((DAYS * 24).hours()).expect("a start");
    let (sender, receiver) = mpsc::sync_channel::<Vec<Generated>>(4);
    let maker = std::thread::spawn(move || {
        let world = World::new(WorldOptions {
            seed: 1,
            history_start: start,
            history_end: end,
            // A week has about five and a half days' worth of a working day.
            activities_per_day: count as f64 / DAYS as f64 * 7.0 / 5.5,
            unknown_share: 0.0,
        });
        let mut from = start;
        while from < end {
            let to = from.checked_add(1.hours()).expect("an hour later");
            sender.send(world.activities(from, to)).expect("the other end listens");
            from = to;
        }
    });
    let mut ledger = Ledger::open(path, Options::default()).expect("the ledger opens");
    let feed = ledger.register_feed("scale", "scope", start).expect("registered");
    let mut raw_bytes = 0;
    for rows in receiver {
        for page in rows.chunks(5_000) {
            raw_bytes += page.iter().map(|row| row.json.len() as u64).sum::<u64>();
            let activities: Vec<NewActivity<'_>> = page
                .iter()
                .map(|row| NewActivity { id: &row.id, created_at: row.created_at, raw: &row.json })
                .collect();
            let at = page[page.len() - 1].created_at;
            let provenance = Provenance {
                url: "https://api.anthropic.com/v1/compliance/activities?limit=5000",
                parameters: r#"{"limit":"5000"}"#,
                request_id: None,
                requested_at: at,
                responded_at: at,
                status: 200,
                body_sha256: [7; 32],
                body_bytes: 0,
                attempts: 1,
            };
            let commit = PageCommit {
                feed,
                provenance,
                activities: &activities,
                drained: None,
                drain_started: true,
                drain: None,
                lag: LagPolicy::Count,
                own_reads: &[],
            };
            ledger.append(&commit).expect("appended");
        }
    }
    maker.join().expect("the maker ends");
    let reader = ledger.reader().expect("a reader");
    let held = reader.last_sequence().expect("a sequence").max(1);
    println!(
        "ledger    {} bytes an activity on disk, {} as they came",
        reader.bytes() / held,
        raw_bytes / held
    );
}

/// Indexes the ledger from its beginning, as the program does it.
fn fill_index(trail: &Trail, folder: &Path, fields: &Fields) {
    let _ = std::fs::remove_dir_all(folder);
    let (reader, normalizer) = trail.open();
    let mut writer = Writer::open(folder, fields).expect("the index opens");
    writer.set_pace(Pace::Fast).expect("the pace is set");
    let (started, spent) = (Instant::now(), processor_seconds());
    let (mut text, mut at, mut json_bytes) = (Vec::new(), 0, 0);
    let mut committed = 0;
    loop {
        let entries = reader.entries(at, BATCH, &EntryFilter::default()).expect("entries");
        for entry in &entries {
            document(&normalizer, entry, &mut text);
            json_bytes += text.len() as u64;
            writer.add(entry.sequence, &entry.id, &text).expect("added");
            at = entry.sequence;
        }
        if at >= committed + COMMIT_EVERY || entries.is_empty() {
            writer.commit().expect("committed");
            committed = at;
        }
        if entries.is_empty() {
            break;
        }
    }
    let count = at.max(1);
    let (filled, work) = (started.elapsed(), processor_seconds() - spent);
    writer.rest().expect("merges end");
    let settled = started.elapsed();
    println!("documents {count}, {} bytes of JSON each", json_bytes / count);
    println!(
        "catch-up  {:.0} documents/s, {:.1} s, and {:.1} s of merging behind it",
        count as f64 / filled.as_secs_f64(),
        filled.as_secs_f64(),
        settled.saturating_sub(filled).as_secs_f64()
    );
    println!(
        "work      {:.0} documents a second of processor time, {:.0} with the merging behind it",
        count as f64 / work,
        count as f64 / (processor_seconds() - spent)
    );
    println!("disk      {:.0} bytes a document", writer.bytes() as f64 / count as f64);
    println!("memory    {} MB resident, {} MB at most", resident("VmRSS:"), resident("VmHWM:"));
}

/// What this process has spent on processors, in all its threads.
fn processor_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<f64> = text.split_whitespace().map(|field| field.parse().unwrap_or_default()).collect();
    // Hundredths of a second, as Linux counts for everybody.
    fields.get(13..15).map_or(f64::NAN, |spent| spent.iter().sum::<f64>() / 100.0)
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
        ("a person", "user.email:ma*", json!({}), 50),
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

//! How many activities a core normalises, by size and schema, user agents, places and names included, beside the plain way (a tree in,
//! a tree out) in the same run; and how often each allocates.
//!
//! `cargo bench -p normalize --bench normalize`. The rows are those of a working day of the simulated organization: every type in its proportion,
//! thousands of different people, programs and addresses, so that branches and caches meet what they meet in a feed.

#![allow(missing_docs, clippy::print_stdout)]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::{SignedDuration, Timestamp};
use normalize::enrichment::{Enrichment, Network, Networks};
use normalize::known_names::NameHistory;
use normalize::{Context, Normalizer, NormalizerOptions, Schema};
use serde_json::{Value, json};
use simulator::{World, WorldOptions};

/// What is measured: rows of which length in bytes.
const SIZES: [(&str, std::ops::Range<usize>); 3] = [
    // 540 bytes on average.
    ("short", 0..600),
    ("as on the wire", 0..usize::MAX),
    ("long", 2_000..usize::MAX),
];

fn world() -> World {
    let history_end: Timestamp = "2026-11-23T09:41:07Z".parse().expect("a time");
    World::new(WorldOptions {
        seed: 1,
        history_start: history_end - SignedDuration::from_hours(24 * 30),
        history_end,
        activities_per_day: 40_000.0,
        unknown_share: 0.0,
    })
}

/// A working day, in order.
fn day(world: &World) -> Vec<String> {
    let mut at: Timestamp = "2026-11-18T00:00:00Z".parse().expect("a time");
    let end = at + SignedDuration::from_hours(24);
    let mut rows = Vec::new();
    while at < end {
        let bucket = world.bucket(at);
        rows.extend(bucket.rows.iter().map(|row| String::from_utf8_lossy(&row.json).into_owned()));
        at = bucket.to;
    }
    rows
}

/// What the program knows beside an activity: the organization's own places, the free data, names told before.
fn complete(world: &World, options: NormalizerOptions) -> Normalizer {
    let networks = world.networks().into_iter().map(|place| Network {
        cidr: place.cidr.to_owned(),
        name: Some(place.name.to_owned()),
        country: Some(place.country.to_owned()),
        city: Some(place.city.to_owned()),
        location: Some([place.latitude, place.longitude]),
        trusted: place.trusted,
    });
    let networks = Networks::new(networks).expect("good entries");
    Normalizer::new(options)
        .with_enrichment(Enrichment::bundled().with_networks(networks))
        .with_names(Arc::new(NameHistory::default()))
}

/// The plain way to about the same document, for comparison.
fn by_tree(row: &str) -> Vec<u8> {
    let mut activity: Value = serde_json::from_str(row).expect("valid rows");
    let taken = |activity: &mut Value, name: &str| activity.get_mut(name).map(Value::take);
    let mut actor = taken(&mut activity, "actor").unwrap_or_default();
    let kind = taken(&mut activity, "type").expect("a type");
    let entry = normalize::catalog::find(kind.as_str().expect("text")).expect("known");
    let email = taken(&mut actor, "email_address");
    let user = email
        .as_ref()
        .and_then(Value::as_str)
        .map(|email| email.split('@').next().unwrap_or(email).to_owned());
    let mut document = json!({
        "@timestamp": taken(&mut activity, "created_at"),
        "data_stream": {"type": "logs", "dataset": "anthropic.audit", "namespace": "default"},
        "ecs": {"version": "9.3.0"},
        "event": {
            "id": taken(&mut activity, "id"), "action": kind, "kind": "event", "module": "anthropic",
            "dataset": "anthropic.audit", "category": entry.categories, "type": entry.types, "severity": entry.severity,
            "created": "2026-11-23T08:14:06Z", "sequence": 1_234_567,
        },
        "message": format!("{} {}", user.as_deref().unwrap_or("someone"), entry.sentence),
        "organization": {"id": taken(&mut activity, "organization_id")},
        "source": {"ip": taken(&mut actor, "ip_address")},
        "user_agent": {"original": taken(&mut actor, "user_agent")},
        "user": {"id": taken(&mut actor, "user_id"), "email": email, "name": user},
        "related": {"ip": []},
    });
    activity["actor"] = actor;
    document["anthropic"] = json!({ "audit": activity });
    serde_json::to_vec(&document).expect("a tree can be written")
}

fn normalise(criterion: &mut Criterion) {
    let world = world();
    let day = day(&world);
    let normalizer = complete(&world, NormalizerOptions::default());
    let keeping =
        complete(&world, NormalizerOptions { preserve_original: true, ..NormalizerOptions::default() });
    let bare = Normalizer::new(NormalizerOptions::default());
    let created = Timestamp::from_microsecond(1_763_885_646_123_456).expect("a time");
    let mut out = Vec::with_capacity(8 << 10);
    let mut write = |normalizer: &Normalizer, schema, rows: &[&String]| {
        let mut bytes = 0;
        for (sequence, row) in (1..).zip(rows) {
            let context = Context { sequence: Some(sequence), created: Some(created), ingested: None };
            out.clear();
            black_box(normalizer.document(row.as_bytes(), &context, &mut out, schema));
            bytes += out.len();
        }
        bytes
    };
    let mut group = criterion.benchmark_group("normalize");
    for (name, lengths) in SIZES {
        let rows: Vec<&String> = day.iter().filter(|row| lengths.contains(&row.len())).collect();
        let bytes = rows.iter().map(|row| row.len()).sum::<usize>();
        let each = |count: usize| count as f64 / rows.len() as f64;
        println!("{name}: {} rows of {:.0} bytes on average", rows.len(), each(bytes));
        group.throughput(Throughput::ElementsAndBytes { elements: rows.len() as u64, bytes: bytes as u64 });
        for (what, normalizer, schema) in [
            ("ecs", &normalizer, Schema::Ecs),
            ("ecs with original", &keeping, Schema::Ecs),
            ("ecs without enrichment", &bare, Schema::Ecs),
            ("ocsf", &normalizer, Schema::Ocsf),
        ] {
            // Once, so that answers are at hand; then counted.
            let written = write(normalizer, schema, &rows);
            let counted = allocation_counter::measure(|| {
                black_box(write(normalizer, schema, &rows));
            });
            println!(
                "{name}, {what}: {:.0} bytes of document, {:.1} allocations of {:.0} bytes in all, each",
                each(written),
                each(counted.count_total as usize),
                each(counted.bytes_total as usize),
            );
            group.bench_function(format!("{what}/{name}"), |bencher| {
                bencher.iter(|| write(normalizer, schema, &rows));
            });
        }
        group.bench_function(format!("sentence/{name}"), |bencher| {
            bencher.iter(|| rows.iter().map(|row| normalize::sentence(row.as_bytes()).len()).sum::<usize>());
        });
        group.bench_function(format!("tree, for comparison/{name}"), |bencher| {
            bencher.iter(|| rows.iter().map(|row| by_tree(row).len()).sum::<usize>());
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = normalise
}
criterion_main!(benches);

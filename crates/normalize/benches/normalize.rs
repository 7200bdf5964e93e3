//! How many activities a core normalises, by row size and schema, user agents, places and names included, beside the plain way (a tree in, a tree out) in the same run.
//!
//! `cargo bench -p normalize`. The rows are of the types that make up most of a feed, in about their proportions: half
//! content views and edits, a fifth calls of the Compliance API, some sign-ins and administration.

#![allow(missing_docs, clippy::print_stdout)]

#[path = "../tests/generator.rs"]
mod generator;

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::Timestamp;
use normalize::enrichment::{Enrichment, Network, Networks};
use normalize::known_names::NameHistory;
use normalize::{Context, Normalizer, NormalizerOptions, Schema};
use serde_json::{Value, json};

/// Types and how many of twenty rows they are.
const MIX: [(&str, usize); 10] = [
    ("claude_chat_viewed", 4),
    ("claude_chat_updated", 2),
    ("claude_project_viewed", 2),
    ("claude_file_viewed", 2),
    ("compliance_api_accessed", 4),
    ("ccr_session_created", 2),
    ("sso_login_succeeded", 1),
    ("integration_user_connected", 1),
    ("claude_organization_settings_updated", 1),
    ("role_assignment_granted", 1),
];

/// Twenty rows of about this many bytes each.
fn rows(bytes: usize) -> Vec<String> {
    let kinds = MIX.iter().flat_map(|(kind, count)| (0..*count as u32).map(move |variant| (*kind, variant)));
    kinds.map(|(kind, variant)| sized(&generator::activity(kind, variant), bytes)).collect()
}

/// Brings a row to a size the way rows differ on the wire: by the length of the user agent.
fn sized(row: &str, bytes: usize) -> String {
    let (head, tail) = row.split_once("\"user_agent\":\"").expect("every actor of the mix has an agent");
    let (agent, tail) = tail.split_once('"').expect("the agent ends");
    let others = head.len() + tail.len() + 16;
    let length = bytes.saturating_sub(others).max(12);
    let agent: String = agent.chars().chain([' ']).cycle().take(length).collect();
    format!("{head}\"user_agent\":\"{agent}\"{tail}")
}

/// The plain way to about the same document, for comparison.
fn by_tree(row: &str) -> Vec<u8> {
    let mut activity: Value = serde_json::from_str(row).expect("valid rows");
    let taken = |activity: &mut Value, name: &str| activity.get_mut(name).map(Value::take);
    let mut actor = taken(&mut activity, "actor").expect("an actor");
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
    // As the program does it: user agents, places and names, with the answers of before at hand.
    let network =
        Network { cidr: "198.51.100.0/24".into(), country: Some("PT".into()), ..Network::default() };
    let networks = Networks::new([network]).expect("a good entry");
    let complete = |options| {
        Normalizer::new(options)
            .with_enrichment(Enrichment::bundled().with_networks(networks.clone()))
            .with_names(Arc::new(NameHistory::default()))
    };
    let normalizer = complete(NormalizerOptions::default());
    let keeping = complete(NormalizerOptions { preserve_original: true, ..NormalizerOptions::default() });
    let bare = Normalizer::new(NormalizerOptions::default());
    let context = Context {
        sequence: Some(1_234_567),
        created: Some(Timestamp::from_microsecond(1_763_885_646_123_456).expect("a time")),
        ingested: None,
    };
    let mut group = criterion.benchmark_group("normalize");
    for size in [500, 1200] {
        let rows = rows(size);
        let bytes = rows.iter().map(String::len).sum::<usize>() as u64;
        println!("{} rows, {} bytes a row on average", rows.len(), bytes / rows.len() as u64);
        group.throughput(Throughput::ElementsAndBytes { elements: rows.len() as u64, bytes });
        let mut out = Vec::with_capacity(1 << 20);
        for (name, normalizer, schema) in [
            ("ecs", &normalizer, Schema::Ecs),
            ("ecs with original", &keeping, Schema::Ecs),
            ("ecs without enrichment", &bare, Schema::Ecs),
            ("ocsf", &normalizer, Schema::Ocsf),
        ] {
            group.bench_function(format!("{name}/{size}"), |bencher| {
                bencher.iter(|| {
                    out.clear();
                    for row in &rows {
                        black_box(normalizer.document(row.as_bytes(), &context, &mut out, schema));
                    }
                });
            });
        }
        group.bench_function(format!("sentence/{size}"), |bencher| {
            bencher.iter(|| rows.iter().map(|row| normalize::sentence(row.as_bytes()).len()).sum::<usize>());
        });
        group.bench_function(format!("tree, for comparison/{size}"), |bencher| {
            bencher.iter(|| rows.iter().map(|row| by_tree(row).len()).sum::<usize>());
        });
    }
    group.finish();
}

criterion_group!(benches, normalise);
criterion_main!(benches);

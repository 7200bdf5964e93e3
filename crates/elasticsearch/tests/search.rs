//! One set of questions, one set of documents: the embedded index and both engines give the same answers.

use std::sync::Arc;

use elasticsearch::{Client, ClientOptions, Request, SearchBackend};
use engines::{Engine, Options, Product};
use index::{DocumentSource, EmbeddedIndex, SourceError, Writer};
use normalize::{Context, Normalizer};
use query::{Aggregation, Backend, Fields, SearchRequest, SearchResponse, Sort};
use serde_json::{Map, Value as Json, json};
use simulator::{World, WorldOptions};

const TARGET: &str = "claudetrail-conformance";

fn now() -> jiff::Timestamp {
    "2026-06-01T12:00:00Z".parse().expect("a time")
}

fn fields() -> Fields {
    let known = normalize::fields::all();
    Fields::of_elasticsearch_types(
        known.iter().map(|field| (field.name.as_str(), field.elasticsearch_type, field.source)),
    )
}

fn documents() -> Vec<(String, Vec<u8>)> {
    let start = "2026-05-20T12:00:00Z".parse().expect("a time");
    let world = World::new(WorldOptions {
        seed: 5,
        history_start: start,
        history_end: now(),
        activities_per_day: 120.0,
        unknown_share: 0.05,
    });
    let normalizer = Normalizer::default();
    let rows = world.activities(start, now());
    let documents = rows.iter().enumerate().map(|(index, row)| {
        let mut document = Vec::new();
        let context =
            Context { sequence: Some(index as u64 + 1), created: Some(row.created_at), ingested: None };
        normalizer.ecs(&row.json, &context, &mut document);
        (row.id.clone(), document)
    });
    documents.collect()
}

/// What is asked: a query, an order, aggregations.
#[allow(clippy::too_many_lines, reason = "a table")]
fn questions() -> Vec<(&'static str, &'static str, Json)> {
    let terms = |field: &str| json!({"terms": {"field": field, "size": 500, "order": [{"_count": "desc"}, {"_key": "asc"}]}});
    let over = |body: Json| {
        let mut body = body;
        body["field"] = json!("@timestamp");
        json!({"h": {"date_histogram": body}})
    };
    vec![
        ("*", "", json!({})),
        ("event.action:claude_* and not source.ip:10.0.0.0/8", "", json!({})),
        ("user.email:*@NORTHWIND-robotics.example", "user.email:asc", json!({})),
        ("event.severity:[30 TO *] or event.outcome:failure", "event.severity:desc", json!({})),
        ("source.ip:203.0.113.0/24", "source.ip:asc", json!({})),
        ("source.ip > 198.51.100.10 and source.ip < 203.0.113.50", "", json!({})),
        ("\"signed in\"", "", json!({})),
        ("message:\"SIGNED in\"", "", json!({})),
        ("viewed chat", "", json!({})),
        ("message:sign*", "", json!({})),
        ("@timestamp >= now-3d/d and @timestamp < now/d", "@timestamp:asc", json!({})),
        ("@timestamp:2026-05-28", "", json!({})),
        ("@timestamp:(\"Mon 09h-17h America/New_York\" or \"Sat-Sun\") and @timestamp < now", "", json!({})),
        (
            "not @timestamp:\"Mon-Fri 09h-17h Asia/Kolkata\" and @timestamp >= now-30d and @timestamp <= now",
            "",
            json!({"w": {"filter": {"query_string": {"query": "@timestamp:\"Sun 22h-05h\""}}}}),
        ),
        ("not user.email:*", "", json!({})),
        ("error.message:*", "", json!({})),
        ("event.category:(iam or configuration) and event.type:(creation or change)", "", json!({})),
        ("related.ip:198.51.100.0/24 or related.user:*marchetti*", "", json!({})),
        ("anthropic.audit.catalogued:false", "", json!({})),
        (
            "*",
            "",
            json!({"a": terms("event.action"), "c": terms("event.category"), "o": terms("event.outcome"), "ip": terms("source.ip"), "s": terms("event.severity")}),
        ),
        (
            "*",
            "",
            json!({"a": {"terms": {"field": "anthropic.audit.actor.name", "size": 5, "order": [{"_count": "desc"}, {"_key": "asc"}]}, "aggs": {
            "what": terms("event.action"), "last": {"max": {"field": "@timestamp"}}, "who": {"cardinality": {"field": "source.ip"}},
            "first": {"top_hits": {"size": 1, "sort": [{"@timestamp": "asc"}], "_source": ["event.id", "user.email"]}}}}}),
        ),
        (
            "*",
            "",
            json!({"a": {"terms": {"field": "event.action", "order": [{"last": "desc"}, {"_key": "asc"}]}, "aggs": {"last": {"max": {"field": "event.sequence"}}}}}),
        ),
        (
            "*",
            "",
            json!({"a": {"terms": {"field": "event.action", "include": "claude_chat.*", "exclude": ["claude_chat_viewed"]}}}),
        ),
        (
            "*",
            "",
            json!({"a": {"terms": {"field": "user.email", "missing": "nobody", "size": 500, "order": [{"_count": "desc"}, {"_key": "asc"}]}}}),
        ),
        ("*", "", over(json!({"fixed_interval": "1h", "min_doc_count": 1}))),
        ("event.category:iam", "", over(json!({"fixed_interval": "12h"}))),
        ("*", "", over(json!({"fixed_interval": "1d", "time_zone": "+05:30"}))),
        ("*", "", over(json!({"calendar_interval": "day", "time_zone": "America/New_York"}))),
        (
            "*",
            "",
            over(
                json!({"calendar_interval": "week", "time_zone": "Europe/Berlin", "order": {"_key": "desc"}}),
            ),
        ),
        (
            "*",
            "",
            over(
                json!({"calendar_interval": "month", "extended_bounds": {"min": "2026-03-01", "max": "2026-07-01"}}),
            ),
        ),
        (
            "*",
            "",
            json!({"f": {"filters": {"filters": {"iam": {"term": {"event.category": "iam"}}, "failed": {"query_string": {"query": "event.outcome:failure"}}}}, "aggs": {"ip": {"cardinality": {"field": "source.ip"}}}}}),
        ),
        (
            "*",
            "",
            json!({"m": {"missing": {"field": "user.email"}}, "x": {"filter": {"bool": {"must_not": [{"exists": {"field": "source.ip"}}]}}}}),
        ),
        (
            "*",
            "",
            json!({"r": {"range": {"field": "event.severity", "ranges": [{"to": 30}, {"from": 30, "to": 60}, {"from": 60, "key": "high"}]}}}),
        ),
        (
            "*",
            "",
            json!({"r": {"date_range": {"field": "@timestamp", "ranges": [{"from": "now-2d", "key": "recent"}, {"to": "now-2d", "key": "older"}]}}}),
        ),
        (
            "*",
            "",
            json!({"s": {"stats": {"field": "event.severity"}}, "n": {"value_count": {"field": "user.email"}}, "avg": {"avg": {"field": "event.sequence"}}}),
        ),
        (
            "event.action:nothing_like_this",
            "",
            json!({"s": {"stats": {"field": "event.severity"}}, "t": terms("event.action"), "h": {"date_histogram": {"field": "@timestamp", "calendar_interval": "day"}}}),
        ),
    ]
}

fn request(fields: &Fields, query: &str, sort: &str, aggregations: &Json) -> SearchRequest {
    let context = query::Context::new(fields, now());
    let mut request = SearchRequest::new(query::parse(query, &context).expect(query), 40);
    if !sort.is_empty() {
        request.sort = vec![Sort::parse(sort, fields).expect(sort)];
    }
    request.aggregations = Aggregation::read_all(aggregations, &context)
        .unwrap_or_else(|error| panic!("{aggregations}: {error}"));
    request
}

/// An answer without what may differ: how numbers are written, and how exact a count of buckets says it is.
fn plain(json: &Json) -> Json {
    match json {
        Json::Object(members) => members
            .iter()
            .filter(|(name, _)| *name != "doc_count_error_upper_bound")
            .map(|(name, value)| (name.clone(), plain(value)))
            .collect::<Map<_, _>>()
            .into(),
        Json::Array(list) => list.iter().map(plain).collect(),
        Json::Number(number) => json!(number.as_f64()),
        other => other.clone(),
    }
}

fn compared(response: &SearchResponse) -> Json {
    let hits: Vec<Json> = response
        .hits
        .iter()
        .map(|hit| json!([hit.id, hit.sequence, hit.sort, hit.document["message"]]))
        .collect();
    plain(&json!({"total": response.total, "hits": hits, "aggregations": response.aggregations}))
}

/// The first members of two answers that differ, of hits the first.
fn difference(one: &Json, other: &Json) -> String {
    let hit = |answer: &Json, index: usize| answer["hits"].get(index).cloned().unwrap_or_default();
    let hits = one["hits"].as_array().map_or(0, Vec::len);
    let first = (0..hits).find(|index| hit(one, *index) != hit(other, *index)).unwrap_or(hits);
    let parts = |answer: &Json| {
        json!([answer["total"], answer["aggregations"], hit(answer, first)])
            .to_string()
            .chars()
            .take(900)
            .collect()
    };
    let (one, other): (String, String) = (parts(one), parts(other));
    format!("  hit {first}\n  embedded {one}\n  cluster  {other}")
}

/// The mapping of the documents, as their fields say.
fn mapping(product: Product) -> Json {
    let mut properties = Map::new();
    for field in normalize::fields::all() {
        let kind = match field.elasticsearch_type {
            "constant_keyword" | "wildcard" => "keyword",
            "flattened" if product == Product::OpenSearch => "flat_object",
            "match_only_text" => "text",
            other => other,
        };
        let parts: Vec<&str> = field.name.split('.').collect();
        let mut at = &mut properties;
        for part in &parts[..parts.len() - 1] {
            let inner = at.entry((*part).to_owned()).or_insert_with(|| json!({"properties": {}}));
            at = inner["properties"].as_object_mut().expect("an object within");
        }
        if kind != "object" {
            at.insert(parts[parts.len() - 1].to_owned(), json!({"type": kind}));
        }
    }
    json!({"settings": {"number_of_shards": 1, "number_of_replicas": 0, "mapping.total_fields.limit": 5000}, "mappings": {"dynamic": false, "properties": properties}})
}

async fn fill(client: &Client, product: Product, documents: &[(String, Vec<u8>)]) {
    let create = Request::put(format!("/{TARGET}")).json(&mapping(product));
    client.request(create).await.expect("an answer").success().expect("the index is made");
    let mut lines = Vec::new();
    for (id, document) in documents {
        lines.extend(json!({"create": {"_id": id}}).to_string().into_bytes());
        lines.push(b'\n');
        lines.extend(document);
        lines.push(b'\n');
    }
    let bulk = Request::post(format!("/{TARGET}/_bulk?refresh=true")).lines(lines);
    let answer: Json =
        client.request(bulk).await.expect("an answer").success().expect("taken").json().expect("JSON");
    assert_eq!(
        answer["errors"],
        false,
        "{}",
        answer["items"].to_string().chars().take(2000).collect::<String>()
    );
}

/// The documents as they are, the first with sequence 1.
struct Given(Vec<(String, Vec<u8>)>);

impl DocumentSource for Given {
    fn read(&self, sequences: &[u64], each: &mut dyn FnMut(u64, &[u8])) -> Result<(), SourceError> {
        for sequence in sequences {
            each(*sequence, &self.0[*sequence as usize - 1].1);
        }
        Ok(())
    }
}

fn embedded(
    folder: &std::path::Path,
    fields: &Arc<Fields>,
    documents: &[(String, Vec<u8>)],
) -> EmbeddedIndex {
    let mut writer = Writer::open(folder, fields).expect("the index opens");
    for (index, (id, document)) in documents.iter().enumerate() {
        writer.add(index as u64 + 1, id, document).expect("added");
    }
    writer.commit().expect("committed");
    EmbeddedIndex::new(folder, Arc::clone(fields), Arc::new(Given(documents.to_vec())))
}

async fn same_answers(product: Product) {
    let Some(engine) = Engine::start(product, Options::default()) else { return };
    let options = ClientOptions {
        hosts: vec![engine.url().into()],
        proxy: Some("direct".into()),
        ..ClientOptions::default()
    };
    let client = Client::new(options).expect("usable options");
    let (fields, documents) = (Arc::new(fields()), documents());
    let folder = tempfile::tempdir().expect("a folder");
    let embedded = embedded(folder.path(), &fields, &documents);
    fill(&client, product, &documents).await;
    let cluster = SearchBackend::new(client, TARGET, Arc::clone(&fields));

    let mut differences = Vec::new();
    for (query, sort, aggregations) in questions() {
        let mut request = request(&fields, query, sort, &aggregations);
        // Two pages, so that going on from a hit is the same too.
        for page in 1..=2 {
            let ours =
                embedded.search(request.clone()).await.unwrap_or_else(|error| panic!("{query}: {error}"));
            let theirs = match cluster.search(request.clone()).await {
                Ok(theirs) => theirs,
                Err(error) => {
                    differences.push(format!("{query}, {aggregations}: {error}"));
                    break;
                }
            };
            let (one, other) = (compared(&ours), compared(&theirs));
            if one != other {
                let what = difference(&one, &other);
                differences.push(format!("page {page} of {query}, {aggregations}:\n{what}"));
            }
            let Some(last) = ours.hits.last() else { break };
            request.search_after = Some(last.sort.clone());
        }
    }
    let known = documents[7].0.as_str();
    let found = [embedded.find(known).await, cluster.find(known).await];
    assert!(
        found
            .iter()
            .all(|hit| hit.as_ref().is_ok_and(|hit| hit.as_ref().is_some_and(|hit| hit.sequence == 8)))
    );
    let counts =
        [embedded.status().await, cluster.status().await].map(|status| status.expect("a status").documents);
    assert_eq!(counts, [documents.len() as u64; 2]);
    assert!(
        differences.is_empty(),
        "{} differ from {}:\n{}",
        differences.len(),
        product.name(),
        differences.join("\n").chars().take(6000).collect::<String>()
    );
}

#[tokio::test]
async fn elasticsearch_answers_as_the_embedded_index_does() {
    same_answers(Product::Elasticsearch).await;
}

#[tokio::test]
async fn opensearch_answers_as_the_embedded_index_does() {
    same_answers(Product::OpenSearch).await;
}

//! Delivery, end to end: the real program, a real engine, and everything that can be taken away from either in between.
//!
//! `ACTIVITIES=1000000` makes it as long as one likes; the numbers are in `docs/reference/performance.md`.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use engines::{Engine, Options, Product, Proxy};
use serde_json::{Value, json};

use crate::support::{Place, Simulator, search_engine::SearchEngine, wait_for};

const STREAM: &str = "logs-anthropic.audit-acme";
const PATIENCE: Duration = Duration::from_mins(15);

/// A template whose mapping takes no document that tells a reason, one in a thousand, or every document.
fn template(takes_reasons: bool) -> Value {
    let reason = if takes_reasons { "keyword" } else { "long" };
    json!({
        "index_patterns": ["logs-anthropic.audit-*"], "data_stream": {}, "priority": 1000,
        "template": {
            "settings": { "number_of_replicas": 0, "mapping.total_fields.limit": 3000 },
            "mappings": {
                "date_detection": false,
                "dynamic_templates": [{ "texts": { "match_mapping_type": "string", "mapping": { "type": "keyword", "ignore_above": 1024 } } }],
                "properties": {
                    "@timestamp": { "type": "date" },
                    "event": { "properties": { "reason": { "type": reason } } },
                    "anthropic": { "properties": { "audit": { "dynamic": false, "properties": {} } } },
                },
            },
        },
    })
}

/// How many activities the simulated organization has, roughly.
fn activities() -> u64 {
    std::env::var("ACTIVITIES").map_or(12_000, |text| text.parse().expect("a number"))
}

/// A program that collects and delivers, and what it is delivered to.
struct Trail {
    place: Place,
    engine: SearchEngine,
    activities: u64,
    _simulator: Simulator,
    _proxy: Proxy,
}

impl Trail {
    fn begin(engine: &Engine) -> Self {
        let activities = activities();
        let count = activities.to_string();
        let simulator =
            Simulator::start(&["--activities", &count, "--history", "4d", "--requests-per-minute", "6000"]);
        // Every fifth bulk is one too many for it.
        let bulks = AtomicU64::new(0);
        let proxy = Proxy::start(engine.url(), move |asked| {
            let is_bulk = asked.path.starts_with("/_bulk");
            (is_bulk && bulks.fetch_add(1, Ordering::Relaxed) % 5 == 4).then_some(429)
        });
        let place = Place::new(&simulator.base_url, "");
        place.configure(&format!(
            "[index]\nenabled = false\n\
             [[feed]]\nname = \"acme\"\nbase_url = \"{}\"\nnamespace = \"acme\"\npoll_interval = \"1s\"\ninitial_lookback = \"4d\"\n\
             settle = \"3s\"\noverlap_floor = \"60s\"\npage_size = {}\n\
             [[sink]]\nname = \"siem\"\nhosts = [\"{}\"]\nproxy = \"direct\"\nbatch_documents = {}\nmax_backoff = \"1s\"\n",
            simulator.base_url,
            (activities / 24).clamp(100, 5_000),
            proxy.url(),
            (activities / 60).clamp(100, 2_000),
        ));
        Self { place, engine: SearchEngine::new(engine), activities, _simulator: simulator, _proxy: proxy }
    }

    fn sink(&self) -> Value {
        let output = self.place.output(&["status", "--json"]);
        serde_json::from_slice::<Value>(&output.stdout)
            .map_or(Value::Null, |status| status["sinks"][0].clone())
    }

    fn until(&self, what: &str, holds: impl Fn(&Value) -> bool) {
        wait_for(what, PATIENCE, || holds(&self.sink()).then_some(()));
    }

    /// Ids of documents in the ledger, of all and of those that tell a reason.
    fn expected(&self) -> (BTreeSet<String>, BTreeSet<String>) {
        let table = self.place.succeed(&["export", "--format", "csv", "--fields", "event.id,event.reason"]);
        let (mut all, mut reasons) = (BTreeSet::new(), BTreeSet::new());
        for row in csv::Reader::from_reader(&table[..]).records() {
            let row = row.expect("a row");
            all.insert(row[0].to_owned());
            if !row[1].is_empty() {
                reasons.insert(row[0].to_owned());
            }
        }
        (all, reasons)
    }

    /// Ids of what arrived, each of which must be there once.
    fn arrived(&self) -> BTreeSet<String> {
        self.engine.ask("POST", &format!("/{STREAM}/_refresh"), &Value::Null);
        let mut arrived = BTreeSet::new();
        let mut ids = json!({ "size": 10_000, "sources": [{ "id": { "terms": { "field": "event.id" } } }] });
        loop {
            let search =
                json!({ "size": 0, "track_total_hits": true, "aggs": { "ids": { "composite": ids } } });
            let found = self.engine.ask("POST", &format!("/{STREAM}/_search"), &search);
            for bucket in found["aggregations"]["ids"]["buckets"].as_array().expect("buckets") {
                assert_eq!(bucket["doc_count"], 1, "there more than once: {bucket}");
                arrived.insert(bucket["key"]["id"].as_str().expect("an id").to_owned());
            }
            match &found["aggregations"]["ids"]["after_key"] {
                Value::Null => {
                    assert_eq!(found["hits"]["total"]["value"], arrived.len());
                    return arrived;
                }
                after => ids["after"] = after.clone(),
            }
        }
    }
}

/// Compares sets of many ids.
fn assert_same(found: &BTreeSet<String>, expected: &BTreeSet<String>, what: &str) {
    let some = |one: &BTreeSet<String>, other: &BTreeSet<String>| {
        one.difference(other).take(3).cloned().collect::<Vec<_>>()
    };
    let (missing, surplus) = (some(expected, found), some(found, expected));
    assert!(missing.is_empty() && surplus.is_empty(), "{what}: missing {missing:?}, surplus {surplus:?}");
}

fn on(product: Product) {
    let Some(mut engine) = Engine::start(product, Options::default()) else { return };
    let trail = Trail::begin(&engine);
    trail.engine.ask("PUT", "/_index_template/acme", &template(false));
    let check = String::from_utf8(trail.place.succeed(&["check"])).expect("text");
    assert!(check.contains(&format!("{STREAM} will be made with the first document")), "{check}");

    survives_crashes(&trail, &mut engine);
    let (all, reasons) = trail.expected();
    puts_aside_and_sends_again(&trail, &all, &reasons);
    replays(&trail, &all);
}

/// The program and the engine are killed in the middle; in the end nothing is missing and nothing is there twice.
fn survives_crashes(trail: &Trail, engine: &mut Engine) {
    let first = trail.place.start(&["run"]);
    trail.until("the first documents", |sink| sink["cursor"].as_u64() > Some(trail.activities / 12));
    drop(first); // SIGKILL
    let second = trail.place.start(&["run"]);
    trail.until("more documents", |sink| sink["cursor"].as_u64() > Some(trail.activities / 4));
    for part in [3, 2] {
        let cursor = Some(trail.activities / part);
        trail.until("more documents", |sink| sink["cursor"].as_u64() > cursor);
        engine.kill();
        trail.until("the failure to be told", |sink| sink["last_error"]["kind"] == "unavailable");
        engine.restart();
    }
    trail.until("everything to arrive", |sink| {
        sink["behind"] == 0
            && sink["cursor"].as_u64() > Some(trail.activities * 2 / 3)
            && sink["last_error"].is_null()
    });
    assert!(second.terminate().success(), "{}", trail.place.log());
    trail.place.succeed(&["run", "--once"]);
}

fn puts_aside_and_sends_again(trail: &Trail, all: &BTreeSet<String>, reasons: &BTreeSet<String>) {
    let letters: Vec<Value> = trail
        .place
        .succeed(&["dead-letters", "list", "--json", "-n", "1000000"])
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).expect("JSON"))
        .collect();
    let refused: BTreeSet<String> =
        letters.iter().map(|letter| letter["id"].as_str().expect("an id").to_owned()).collect();
    assert!(!reasons.is_empty() && reasons.len() < all.len() / 2, "{} of {}", reasons.len(), all.len());
    assert_same(&refused, reasons, "dead letters");
    for letter in &letters {
        assert!(letter["reason"].as_str().is_some_and(|reason| reason.contains("event.reason")), "{letter}");
    }
    assert_same(&trail.arrived(), &(all - reasons), "but for the dead letters");

    let again = trail.place.output(&["dead-letters", "retry"]);
    assert_eq!(again.status.code(), Some(6), "nothing was mended yet");
    trail.engine.ask("PUT", "/_index_template/acme", &template(true));
    trail.engine.ask("POST", &format!("/{STREAM}/_rollover"), &Value::Null);
    let retried = String::from_utf8(trail.place.succeed(&["dead-letters", "retry"])).expect("text");
    assert!(retried.contains(", 0 refused again, 0 put off"), "{retried}");
    assert_eq!(trail.sink()["dead_letters"], 0);
    assert_same(&trail.arrived(), all, "with the dead letters sent again");
}

/// A destination that lost everything is filled again, and a second time makes no second copy.
fn replays(trail: &Trail, all: &BTreeSet<String>) {
    trail.engine.ask("DELETE", &format!("/_data_stream/{STREAM}"), &Value::Null);
    let cursor = trail.sink()["cursor"].clone();
    for again in [false, true] {
        let replayed = trail.place.succeed(&["replay", "--sink", "siem", "--from", "30d"]);
        let replayed = String::from_utf8(replayed).expect("text");
        assert_eq!(replayed.starts_with("0 delivered, "), again, "{replayed}");
        assert!(replayed.ends_with(" already there, 0 refused\n"), "{replayed}");
        assert_same(&trail.arrived(), all, "replayed");
        // What an older backing index holds is found too.
        trail.engine.ask("POST", &format!("/{STREAM}/_rollover"), &Value::Null);
    }
    assert_eq!(trail.sink()["cursor"], cursor);
}

#[test]
fn elasticsearch_gets_everything_once() {
    on(Product::Elasticsearch);
}

#[test]
fn opensearch_gets_everything_once() {
    on(Product::OpenSearch);
}

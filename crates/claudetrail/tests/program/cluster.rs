//! A cluster answers instead of the search index, with the real program and real engines: the console and the command line say
//! what they say over the index, dead letters are sent again by a button, and a cluster that is away is told as such.

use std::time::Duration;

use engines::{Engine, Options, Product};
use serde_json::{Value, json};

use crate::support::{Place, Simulator, console::Console, search_engine::SearchEngine, wait_for};

const STREAM: &str = "logs-anthropic.audit-default";

/// An engine, and who asks it beside the program.
struct Cluster {
    engine: Engine,
    asked: SearchEngine,
}

impl Cluster {
    fn start(product: Product) -> Option<Self> {
        let engine = Engine::start(product, Options::default())?;
        let asked = SearchEngine::new(&engine);
        Some(Self { engine, asked })
    }

    /// Texts as keywords, and user agents as a type that may not fit them.
    fn put_template(&self, names: &str) {
        let template = json!({
            "index_patterns": ["logs-anthropic.audit-*"], "data_stream": {}, "priority": 1000,
            "template": {
                "settings": {
                    "number_of_replicas": 0, "refresh_interval": "1s", "mapping.total_fields.limit": 5000,
                },
                "mappings": {
                    "dynamic_templates": [
                        { "texts": { "match_mapping_type": "string", "mapping": { "type": "keyword", "ignore_above": 8000 } } },
                    ],
                    "date_detection": false,
                    "properties": {
                        "@timestamp": { "type": "date" }, "message": { "type": "text" },
                        "event": { "properties": { "created": { "type": "date" }, "ingested": { "type": "date" } } },
                        "source": { "properties": { "ip": { "type": "ip" } } },
                        "user_agent": { "properties": { "original": { "type": names } } },
                        // A setting's value is a text here and an object there.
                        "anthropic": { "properties": { "audit": { "properties": {
                            "updates": { "type": "object", "enabled": false },
                            "current_value": { "type": "keyword" }, "previous_value": { "type": "keyword" },
                        } } } },
                    },
                },
            },
        });
        self.asked.ask("PUT", "/_index_template/anthropic", &template);
    }

    fn refresh(&self) {
        self.asked.ask("POST", &format!("/{STREAM}/_refresh"), &Value::Null);
    }
}

fn configuration(simulator: &Simulator, cluster: &Cluster, answering: bool) -> String {
    let search = if answering { "[search]\nsink = \"siem\"\n" } else { "" };
    format!(
        "{search}[console]\nlisten = \"127.0.0.1:0\"\n[[sink]]\nname = \"siem\"\nhosts = [\"{}\"]\nproxy = \"direct\"\n\
         [[feed]]\nname = \"acme\"\nbase_url = \"{}\"\npoll_interval = \"1s\"\ninitial_lookback = \"2d\"\nsettle = \"3s\"\n\
         overlap_floor = \"60s\"\n",
        cluster.engine.url(),
        simulator.base_url
    )
}

fn total(place: &Place, query: &str) -> u64 {
    let found = place.succeed(&["search", query, "--limit", "1", "--format", "json"]);
    serde_json::from_slice::<Value>(&found).expect("JSON")["total"].as_u64().expect("a number")
}

fn answers(product: Product) {
    let Some(cluster) = Cluster::start(product) else { return };
    let simulator =
        Simulator::start(&["--activities", "1500", "--history", "2d", "--requests-per-minute", "6000"]);
    let place = Place::new(&simulator.base_url, "");
    place.configure(&configuration(&simulator, &cluster, true));
    // Names of programs are no numbers: whatever has one is refused.
    cluster.put_template("long");
    place.succeed(&["run", "--once"]);
    assert!(!place.data_dir().join("index").exists(), "a cluster answers, so no index is kept");
    let status = place.status();
    let last = status["ledger"]["sequence"].as_u64().expect("a number");
    let refused = status["sinks"][0]["dead_letters"].as_u64().expect("a number");
    assert!(refused > 0 && refused < last, "{refused} of {last}");
    cluster.refresh();
    assert_eq!(total(&place, &format!("event.sequence <= {last}")), last - refused);

    let running = place.start(&["run"]);
    let console = Console::open(&place);
    assert_eq!(console.session["actions"], json!(["dead_letters", "verify", "attestation"]));
    console.post("/search", &json!({})).good();
    assert_eq!(console.get("/session").good()["backend"], product.name());
    dead_letters_are_sent_again(&console, &cluster, refused);

    // Live events wait for the cluster to find them: what is delivered, and refreshed since.
    wait_for("the cluster to find what is delivered", Duration::from_mins(3), || {
        console.get("/trail").good()["search"]["sequence"].as_u64().filter(|sequence| *sequence >= last)
    });
    let up_to = format!("event.sequence <= {last}");
    let found = console.post("/search", &json!({ "query": up_to, "size": 2 })).good();
    assert_eq!((found["total"].as_u64(), found["hits"].as_array().map(Vec::len)), (Some(last), Some(2)));
    the_screens_are_answered(&console, &up_to);
    let exported =
        console.get(&format!("/export?schema=raw&query={}", up_to.replace(' ', "%20").replace('<', "%3C")));
    let mut lines: Vec<&[u8]> =
        exported.body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    lines.sort_unstable();
    let own = place.export(&["event.sequence <= 1000000000", "--schema", "raw"]);
    assert!(
        lines.len() as u64 == last && lines.iter().all(|line| own.iter().any(|own| own.as_bytes() == *line))
    );

    console_acts(&console, &place);
    the_same_as_the_index(&place, &simulator, &cluster, last);
    drop(cluster);
    what_is_away_is_told(&console, &place);
    running.terminate();
}

fn dead_letters_are_sent_again(console: &Console, cluster: &Cluster, refused: u64) {
    let listed = console.get("/dead-letters?sink=siem&size=500").good();
    let letters = listed["dead_letters"].as_array().expect("a list");
    assert!(letters.len() as u64 >= refused.min(500), "{}", letters.len());
    assert!(letters[0]["sentence"].as_str().is_some_and(|sentence| !sentence.is_empty()));
    let first = letters[0]["sequence"].clone();
    let again = console.post("/dead-letters/retry", &json!({ "sink": "siem", "sequences": [first] })).good();
    assert_eq!(
        (&again["refused"], &again["delivered"]),
        (&json!(1), &json!(0)),
        "nothing was mended: {again}"
    );
    assert!(again["reason"].as_str().is_some_and(|reason| reason.contains("user_agent.original")), "{again}");

    cluster.put_template("keyword");
    cluster.asked.ask("POST", &format!("/{STREAM}/_rollover"), &Value::Null);
    let mended = console.post("/dead-letters/retry", &json!({ "sink": "siem" })).good();
    assert!(mended["delivered"].as_u64() >= Some(refused), "{mended}");
    assert_eq!(console.get("/dead-letters?sink=siem").good()["dead_letters"], json!([]));
    cluster.refresh();
}

/// Every screen's question has an answer of the shape that the embedded index gives.
fn the_screens_are_answered(console: &Console, up_to: &str) {
    let query = up_to.replace(' ', "%20").replace('<', "%3C");
    for sort in ["events", "last_seen", "failures", "privileged", "countries", "name"] {
        let actors = console.get(&format!("/actors?sort={sort}&query={query}")).good();
        let list = actors["actors"].as_array().expect("a list");
        assert!(!list.is_empty() && actors["total"].as_u64() >= Some(list.len() as u64), "{sort}");
        assert!(
            list.iter().all(|actor| actor["first_seen"].is_string() && actor["events"].as_u64() > Some(0))
        );
    }
    let actors = console.get(&format!("/actors?query={query}&kind=user_actor")).good();
    let id = actors["actors"][0]["id"].as_str().expect("somebody");
    let person = console.get(&format!("/actors/{id}?query={query}")).good();
    assert_eq!(person["events"], actors["actors"][0]["events"]);
    assert!(person["ever"]["events"].as_u64() >= person["events"].as_u64());
    let days = person["calendar"].as_array().expect("days").iter();
    assert_eq!(Some(days.filter_map(|day| day["count"].as_u64()).sum()), person["events"].as_u64());
    let bursts = console.get(&format!("/actors/{id}/sessions?query={query}")).good();
    assert!(bursts["sessions"][0]["events"].as_u64() > Some(0));
    let new = console.get("/first-seen?from=now-1d&to=now").good();
    assert!(new["items"].is_array(), "{new}");
    let values = console.get("/values?field=event.action&prefix=c").good();
    assert!(!values["values"].as_array().expect("values").is_empty());
    let figures = console.get("/trail/figures").good();
    assert!(figures["feeds"][0]["lag"]["count"].is_u64(), "{figures}");
    assert_eq!(figures["feeds"][0]["reconciliation"].as_array().map(Vec::len), Some(4), "{figures}");
}

fn console_acts(console: &Console, place: &Place) {
    let verified = console.post("/trail/verify", &json!({})).good();
    assert_eq!(verified["ok"], true, "{verified}");
    assert_eq!(console.get("/trail/figures").good()["last_verify"], verified);
    let without = console.post("/trail/attestation", &json!({}));
    assert_eq!((without.status, &without.json()["error"]["kind"]), (409, &json!("no_signing_key")));
    place.succeed(&["verify", "keygen"]);
    let attested = console.post("/trail/attestation", &json!({ "feed": "acme" })).good();
    let file = place.path("attested.json");
    std::fs::write(&file, attested["document"].to_string()).expect("it is written");
    place.succeed(&["verify", "attestation", &crate::support::text(&file)]);
    assert!(attested["report"].as_str().is_some_and(|report| report.starts_with("# Attestation")));
    let unknown = console.post("/trail/attestation", &json!({ "feed": "other" }));
    assert!(unknown.status >= 400 && unknown.json()["error"]["hint"].is_string(), "{}", unknown.status);
}

/// The same ledger, asked by the index.
fn the_same_as_the_index(place: &Place, simulator: &Simulator, cluster: &Cluster, last: u64) {
    let queries: Vec<String> = [
        "event.outcome:failure",
        "event.action:claude_* and not source.ip:10.0.0.0/8",
        "event.severity >= 40",
        "user_agent.original:*",
    ]
    .iter()
    .map(|query| format!("({query}) and event.sequence <= {last}"))
    .collect();
    cluster.refresh();
    let theirs: Vec<u64> = queries.iter().map(|query| total(place, query)).collect();
    place.configure(&configuration(simulator, cluster, false));
    let ours: Vec<u64> = queries.iter().map(|query| total(place, query)).collect();
    place.configure(&configuration(simulator, cluster, true));
    assert_eq!(theirs, ours, "{queries:?}");
    assert!(ours.iter().all(|total| *total > 0), "{ours:?}");
}

fn what_is_away_is_told(console: &Console, place: &Place) {
    let answer = wait_for("the cluster to be missed", Duration::from_mins(2), || {
        let answer = console.post("/search", &json!({}));
        (answer.status != 200).then_some(answer)
    });
    let error = &answer.json()["error"];
    assert_eq!((answer.status, &error["kind"]), (503, &json!("unavailable")), "{error}");
    assert!(error["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{error}");
    let trail = console.get("/trail").good();
    assert!(
        trail["search"]["error"].is_string() && trail["ledger"]["sequence"].as_u64() > Some(0),
        "{trail}"
    );
    let output = place.output(&["search", "event.outcome:failure"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("hint: "), "{said}");
}

#[test]
fn elasticsearch_answers_the_console_and_the_command_line() {
    answers(Product::Elasticsearch);
}

#[test]
fn opensearch_answers_the_console_and_the_command_line() {
    answers(Product::OpenSearch);
}

#[test]
fn a_cluster_that_no_sink_names_is_a_mistake() {
    let place = Place::new("http://127.0.0.1:9", "");
    place.configure("[search]\nsink = \"siem\"\n[[sink]]\nname = \"elastic\"\n[[feed]]\nname = \"acme\"\n");
    let output = place.output(&["search", "x"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("\"siem\"") && said.contains("hint: the sinks are elastic"), "{said}");
}

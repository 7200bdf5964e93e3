//! `[[processor]]`, end to end: what is dropped or hidden leaves the program by no door, and the ledger keeps everything.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    io::Write as _,
    process::Stdio,
    time::Duration,
};

use engines::{Engine, Options, Product};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::{Place, Simulator, console::Console, http, search_engine::SearchEngine, wait_for};

const DROPPED: &str = "claude_chat_viewed";
const KEPT_WHOLE: &str = "sso_login_succeeded";
const HASH_KEY: &str = "a key of hashes";

const PROCESSORS: &str = r#"
[[processor]]
when = "event.action == 'claude_chat_viewed'"
drop = true

[[processor]]
add = { "labels.team" = "security" }
rename = { "user_agent.original" = "labels.agent" }
remove = ["event.severity", "source.as"]
mask = ["user.email"]
hash = ["user.id"]
key = { file = "hash.key" }

[[processor]]
when = "event.action == 'sso_login_succeeded'"
keep_original = true
"#;

/// A trail of some days, and how each activity looks without and with processors.
struct World {
    simulator: Simulator,
    place: Place,
    /// Exact bytes and plain documents, by id.
    plain: BTreeMap<String, (String, Value)>,
}

impl World {
    fn new() -> Self {
        let simulator =
            Simulator::start(&["--activities", "3000", "--history", "3d", "--requests-per-minute", "6000"]);
        let place = Place::new(&simulator.base_url, "");
        let mut world = Self { simulator, place, plain: BTreeMap::new() };
        world.configure("");
        world.place.succeed(&["run", "--once"]);
        for line in world.place.export(&["--schema", "ecs"]) {
            let document: Value = serde_json::from_str(&line).expect("a document");
            world.plain.insert(id_of(&document), (String::new(), document));
        }
        for line in world.place.export(&[]) {
            let activity: Value = serde_json::from_str(&line).expect("an activity");
            let id = activity["id"].as_str().expect("an id");
            world.plain.get_mut(id).expect("it has a document").0 = line;
        }
        std::fs::write(world.place.path("hash.key"), format!("{HASH_KEY}\n")).expect("a key");
        let counts =
            |action: &str| world.documents().filter(|(_, plain)| plain["event"]["action"] == action).count();
        assert!(counts(DROPPED) > 100 && counts(KEPT_WHOLE) > 10 && world.plain.len() > 2_000);
        world
    }

    fn configure(&self, more: &str) {
        self.place.configure(&format!(
            "{more}\n[console]\nlisten = \"127.0.0.1:0\"\n[[feed]]\nname = \"acme\"\nbase_url = \"{}\"\n\
             poll_interval = \"1s\"\ninitial_lookback = \"3d\"\nsettle = \"3s\"\noverlap_floor = \"60s\"\n",
            self.simulator.base_url
        ));
    }

    fn documents(&self) -> impl Iterator<Item = &(String, Value)> {
        self.plain.values()
    }

    /// The document that should leave the program, of those that should, by id.
    fn expected(&self) -> BTreeMap<String, Value> {
        let stay = self.plain.iter().filter(|(_, (_, plain))| plain["event"]["action"] != DROPPED);
        stay.map(|(id, (raw, plain))| (id.clone(), processed(raw, plain))).collect()
    }
}

fn id_of(document: &Value) -> String {
    document["event"]["id"].as_str().expect("an id").to_owned()
}

fn hashed(text: &str) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(HASH_KEY.as_bytes()).expect("any key");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What the processors make of a document, told independently of how they do it: by its text.
fn processed(raw: &str, plain: &Value) -> Value {
    let mut text = plain.to_string();
    for (value, stand_in) in hidden(plain) {
        text = text.replace(&value, &stand_in);
    }
    let mut told: Value = serde_json::from_str(&text).expect("still JSON");
    let mut labels = json!({ "team": "security" });
    if let Some(agent) =
        told.get_mut("user_agent").and_then(Value::as_object_mut).and_then(|agent| agent.remove("original"))
    {
        labels["agent"] = agent;
        if told["user_agent"] == json!({}) {
            told.as_object_mut().expect("an object").remove("user_agent");
        }
    }
    told["labels"] = labels;
    told["event"].as_object_mut().expect("an object").remove("severity");
    if let Some(source) = told.get_mut("source").and_then(Value::as_object_mut) {
        source.remove("as");
    }
    if told["event"]["action"] == KEPT_WHOLE {
        told["event"]["original"] = raw.into();
    }
    told
}

/// What must not be read anywhere but in a kept original, with what stands for it.
fn hidden(plain: &Value) -> Vec<(String, String)> {
    let email = plain["user"]["email"].as_str().map(|email| (email.to_owned(), "***".to_owned()));
    let id = plain["user"]["id"].as_str().map(|id| (id.to_owned(), hashed(id)));
    email.into_iter().chain(id).collect()
}

fn by_id(lines: &[u8]) -> BTreeMap<String, Value> {
    let read = |line: &str| serde_json::from_str::<Value>(line).expect("a document");
    let text = std::str::from_utf8(lines).expect("text");
    text.lines().map(read).map(|document| (id_of(&document), document)).collect()
}

#[track_caller]
fn assert_same(found: &BTreeMap<String, Value>, expected: &BTreeMap<String, Value>) {
    for (id, document) in expected {
        assert_eq!(found.get(id), Some(document));
    }
    assert_eq!(found.len(), expected.len(), "nothing that should stay behind came out");
}

/// Holds OCSF events against the activities: which there are, and what they must not tell.
#[track_caller]
fn assert_events(lines: &[u8], world: &World, ids: &BTreeSet<&String>) {
    let mut seen = BTreeSet::new();
    for line in std::str::from_utf8(lines).expect("text").lines() {
        let mut event: Value = serde_json::from_str(line).expect("an event");
        let id = event["metadata"]["uid"].as_str().expect("an id").to_owned();
        let (raw, plain) = &world.plain[&id];
        let original = event.as_object_mut().expect("an object").remove("raw_data");
        let whole = (plain["event"]["action"] == KEPT_WHOLE).then(|| Value::from(raw.as_str()));
        assert_eq!(original, whole);
        for (value, stand_in) in hidden(plain) {
            assert!(!event.to_string().contains(&value), "{value} is in {event}");
            assert!(event.to_string().contains(&stand_in), "{stand_in} is not in {event}");
        }
        seen.insert(id);
    }
    assert_eq!(seen.iter().collect::<BTreeSet<_>>(), *ids);
}

#[track_caller]
fn assert_rows(csv: &[u8], expected: &BTreeMap<String, Value>) {
    let mut reader = csv::Reader::from_reader(csv);
    let mut seen = 0;
    for row in reader.records() {
        let row = row.expect("a row");
        let document = &expected[&row[0]];
        for (cell, value) in row.iter().skip(1).zip([
            &document["user"]["email"],
            &document["user"]["id"],
            &document["labels"]["team"],
        ]) {
            assert_eq!(cell, value.as_str().unwrap_or_default());
        }
        seen += 1;
    }
    assert_eq!(seen, expected.len());
}

const COLUMNS: &str = "event.id,user.email,user.id,labels.team";

#[test]
fn what_is_dropped_or_hidden_leaves_by_no_door() {
    let world = World::new();
    let place = &world.place;
    world.configure(PROCESSORS);
    let expected = world.expected();
    let ids: BTreeSet<&String> = expected.keys().collect();

    let export = place.output(&["export", "--schema", "ecs"]);
    assert_same(&by_id(&export.stdout), &expected);
    let dropped = world.plain.len() - expected.len();
    let told = String::from_utf8_lossy(&export.stderr).replace(',', "");
    assert!(told.contains(&format!("{dropped} activities were left out by [[processor]]")), "{told}");
    assert_events(&place.succeed(&["export", "--schema", "ocsf"]), &world, &ids);
    assert_rows(&place.succeed(&["export", "--format", "csv", "--fields", COLUMNS]), &expected);
    // The trail itself is whole, and so is what our own screens show.
    assert_eq!(place.export(&[]).len(), world.plain.len());
    let shown = by_id(&place.succeed(&["search", "--limit", "100000", "--format", "ndjson"]));
    assert!(shown.iter().eq(world.plain.iter().map(|(id, (_, plain))| (id, plain))));

    let raw: Vec<&str> = world.documents().map(|(raw, _)| raw.as_str()).collect();
    let filtered = by_id(&normalize(place, "ecs", &raw.join("\n")));
    assert_eq!(filtered.keys().collect::<BTreeSet<_>>(), ids);
    for (id, document) in filtered {
        // The name of whom it was done to is one that the ledger knows, and a filter may not.
        for field in ["email", "id", "name"] {
            assert_eq!(document["user"][field], expected[&id]["user"][field], "{id}");
        }
        assert_eq!(document["labels"], expected[&id]["labels"], "{id}");
    }
    assert_events(&normalize(place, "ocsf", &raw.join("\n")), &world, &ids);
}

/// The filter, with these lines as its input.
fn normalize(place: &Place, schema: &str, lines: &str) -> Vec<u8> {
    let mut command = place.command(&["normalize", "--schema", schema]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program starts");
    let mut input = child.stdin.take().expect("piped");
    let lines = lines.to_owned();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("no panic").expect("everything was read");
    assert!(output.status.success());
    output.stdout
}

#[test]
fn the_console_exports_what_the_command_line_does() {
    let world = World::new();
    let place = &world.place;
    world.configure(PROCESSORS);
    // Older rows are settled; life goes on beside.
    let to = Timestamp::now() - SignedDuration::from_hours(1);
    let mut expected = world.expected();
    expected.retain(|_, document| {
        document["@timestamp"].as_str().expect("a time").parse::<Timestamp>().expect("a time") < to
    });
    let running = place.start(&["run"]);
    let browser = Console::open(place);
    let export = |query: &str| {
        let answer = browser.get(&format!("/export?{query}&to={}", http::escaped(&to.to_string())));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.body
    };
    wait_for("the index to have everything", Duration::from_mins(2), || {
        let count = std::str::from_utf8(&export("schema=raw")).expect("text").lines().count();
        (count >= expected.len()).then_some(())
    });
    assert_same(&by_id(&export("schema=ecs")), &expected);
    assert_events(&export("schema=ocsf"), &world, &expected.keys().collect());
    assert_rows(&export(&format!("format=csv&fields={COLUMNS}")), &expected);
    assert!(export(&format!("query=event.action:{DROPPED}")).is_empty());
    assert!(!export(&format!("query=event.action:{DROPPED}&schema=raw")).is_empty());
    assert!(running.terminate().success(), "{}", place.log());
}

#[test]
fn a_cluster_gets_what_an_export_gives() {
    let Some(engine) = Engine::start(Product::Elasticsearch, Options::default()) else { return };
    let world = World::new();
    let place = &world.place;
    let template = json!({
        "index_patterns": ["logs-anthropic.audit-*"], "data_stream": {}, "priority": 1000,
        "template": {
            "settings": { "number_of_replicas": 0 },
            "mappings": { "dynamic": false, "properties": { "@timestamp": { "type": "date" } } },
        },
    });
    let cluster = SearchEngine::new(&engine);
    cluster.ask("PUT", "/_index_template/trail", &template);
    world.configure(&format!("{PROCESSORS}\n[[sink]]\nname = \"siem\"\nhosts = [\"{}\"]\n", engine.url()));
    place.succeed(&["run", "--once"]);
    let again =
        String::from_utf8(place.succeed(&["replay", "--sink", "siem", "--from", "30d"])).expect("text");
    assert!(again.starts_with("0 delivered"), "{again}");

    cluster.ask("POST", "/logs-anthropic.audit-default/_refresh", &Value::Null);
    let search = json!({ "size": 10_000, "query": { "match_all": {} } });
    let found = cluster.ask("POST", "/logs-anthropic.audit-default/_search", &search);
    let mut arrived = BTreeMap::new();
    for hit in found["hits"]["hits"].as_array().expect("hits") {
        let mut document = hit["_source"].clone();
        let ingested = document["event"].as_object_mut().expect("an object").remove("ingested");
        assert!(ingested.is_some_and(|time| time.is_string()), "{document}");
        assert_eq!(hit["_id"], document["event"]["id"]);
        arrived.insert(id_of(&document), document);
    }
    assert_same(&arrived, &by_id(&place.succeed(&["export", "--schema", "ecs"])));
    for (id, document) in world.expected() {
        assert_eq!(arrived.get(&id), Some(&document));
    }
}

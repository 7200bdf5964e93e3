//! Documents and mapping: they fit, and stay fitting when the setup is run again over what is there.

use std::time::Duration;

use elasticsearch::Request;
use engine_setup::{Options, Step};
use engines::{Engine, Product};
use serde_json::{Value, json};

use crate::support::{Caller, NAME, documents, now, options, world};

/// The type that a field has where many indices are asked at once.
fn told_as(product: Product, declared: &str) -> &str {
    match declared {
        "constant_keyword" | "wildcard" => "keyword",
        "match_only_text" => "text",
        "flattened" if product == Product::OpenSearch => "flat_object",
        other => other,
    }
}

async fn every_type_fits(caller: &Caller, product: Product) {
    let steps = caller.set_up(&options()).await;
    let left_out: Vec<&Step> = steps.iter().filter(|step| matches!(step, Step::LeftOut { .. })).collect();
    // No engine here has policies: their absence is told, and stops nothing.
    assert!(
        matches!(left_out[..], [Step::LeftOut { what, why }] if what.contains("policy") && why.contains("no handler found")),
        "{steps:?}"
    );
    let rows = world(20.0).one_of_each_type(now());
    assert!(rows.len() > 520, "{} types", rows.len());
    caller.delivers_all(&documents(&rows)).await;

    let told = caller.ask(Request::get(format!("/{NAME}/_field_caps?fields=*"))).await;
    for field in normalize::fields::all() {
        let types: Vec<&String> =
            told["fields"][&field.name].as_object().map(|types| types.keys().collect()).unwrap_or_default();
        assert_eq!(types, [told_as(product, field.elasticsearch_type)], "{}", field.name);
    }
    // What people look for is found by its type.
    for query in [
        json!({ "term": { "source.ip": "0.0.0.0/0" } }),
        json!({ "range": { "event.severity": { "gte": 47 } } }),
        json!({ "match": { "message": "signed in" } }),
        json!({ "term": { "event.category": "iam" } }),
    ] {
        let count =
            caller.ask(Request::post(format!("/{NAME}/_count")).json(&json!({ "query": query }))).await;
        assert!(count["count"].as_u64() > Some(3), "{query}: {count}");
    }
}

async fn running_it_again_changes_nothing(caller: &Caller) {
    let (stored, indices) = (caller.stored().await, caller.backing_indices().await);
    let again = caller.set_up(&options()).await;
    assert!(again.contains(&Step::Stored(format!("the mapping of the data stream {NAME}"))), "{again:?}");
    assert_eq!(caller.stored().await, stored);
    assert_eq!(caller.backing_indices().await, indices);
}

/// A field of the user's own, with an odd type of another day; then the setup goes over it.
async fn what_is_there_is_kept(caller: &Caller) {
    let fields = json!({ "labels": { "properties": { "team": { "type": "keyword" } } } });
    let widened = Request::put(format!("/{NAME}/_mapping")).json(&json!({ "properties": fields }));
    caller.ask(widened).await;
    caller.set_up(&options()).await;
    let mapping = caller.ask(Request::get(format!("/{NAME}/_mapping"))).await;
    let index = caller.backing_indices().await.pop().expect("an index");
    assert_eq!(mapping[index]["mappings"]["properties"]["labels"], fields["labels"]);
}

/// A data stream whose mapping cannot be widened gets a new backing index; the old documents stay.
async fn what_does_not_fit_gets_a_new_index(caller: &Caller) {
    caller.ask(Request::delete(format!("/_data_stream/{NAME}"))).await;
    let other = |priority: u32| {
        json!({
            "index_patterns": [NAME], "data_stream": {}, "priority": priority,
            "template": { "mappings": { "properties": { "event": { "properties": { "severity": { "type": "keyword" } } } } } },
        })
    };
    caller.ask(Request::put("/_index_template/another").json(&other(900))).await;
    let rows = world(20.0).one_of_each_type(now());
    caller.delivers_all(&documents(&rows[..10])).await;
    caller.ask(Request::put("/_index_template/another").json(&other(1))).await;

    let steps = caller.set_up(&options()).await;
    let anew = |step: &Step| matches!(step, Step::Stored(what) if what.starts_with("a new backing index"));
    assert!(steps.iter().any(anew), "{steps:?}");
    caller.delivers_all(&documents(&rows[10..30])).await;
    let count = caller.ask(Request::get(format!("/{NAME}/_count"))).await;
    assert_eq!((count["count"].as_u64(), caller.backing_indices().await.len()), (Some(30), 2));
    assert!(!caller.set_up(&options()).await.iter().any(anew), "the second time all is well");
}

/// Moving over from Elastic's integration: its template is passed by, its pipeline is left behind, its documents can be told from ours.
async fn what_goes_through_a_pipeline_gets_a_new_index(caller: &Caller) {
    caller.ask(Request::delete(format!("/_data_stream/{NAME}"))).await;
    let theirs = |priority: u32, pipeline: &str| {
        json!({
            "index_patterns": ["logs-anthropic.audit-*"], "data_stream": {}, "priority": priority,
            "template": { "settings": { "index.default_pipeline": pipeline } },
        })
    };
    // Above ours only for as long as their data stream is made, which in life was there first.
    caller.ask(Request::put("/_index_template/theirs").json(&theirs(900, "_none"))).await;
    let rows = world(20.0).one_of_each_type(now());
    let mut agents = documents(&rows[..10]);
    for document in &mut agents.documents {
        let mut json: Value = serde_json::from_slice(&document.json).expect("JSON");
        json["event"].as_object_mut().expect("an object").remove("sequence");
        (document.json, document.id) = (json.to_string().into(), format!("made-up-{}", document.id).into());
    }
    caller.delivers_all(&agents).await;
    let index = caller.backing_indices().await.pop().expect("an index");
    let pipeline = json!({ "index.default_pipeline": "logs-anthropic.audit-1.0.0" });
    caller.ask(Request::put(format!("/{index}/_settings")).json(&pipeline)).await;
    caller
        .ask(Request::put("/_index_template/theirs").json(&theirs(200, "logs-anthropic.audit-1.0.0")))
        .await;

    let steps = caller.set_up(&options()).await;
    assert!(
        steps
            .iter()
            .any(|step| matches!(step, Step::Stored(what) if what.ends_with("logs-anthropic.audit-1.0.0"))),
        "{steps:?}"
    );
    caller.delivers_all(&documents(&rows[..20])).await;
    let agents_own =
        json!({ "query": { "bool": { "must_not": [{ "exists": { "field": "event.sequence" } }] } } });
    let count = caller.ask(Request::post(format!("/{NAME}/_count")).json(&agents_own)).await;
    assert_eq!(count["count"], 10);
    if caller.is_opensearch().await {
        let gone = caller
            .ask(Request::post(format!("/{NAME}/_delete_by_query?refresh=true")).json(&agents_own))
            .await;
        assert_eq!(gone["deleted"], 10);
    }
}

/// What only Elasticsearch has: logsdb, a retention without policies, and the user's own component template.
async fn what_is_asked_for_is_set(caller: &Caller) {
    caller.ask(Request::delete(format!("/_data_stream/{NAME}"))).await;
    let custom = json!({ "template": {
        "settings": { "index.number_of_replicas": 0, "index.refresh_interval": "7s" },
        "mappings": { "properties": { "labels": { "properties": { "cost": { "type": "double" } } } } },
    } });
    caller.ask(Request::put("/_component_template/logs-anthropic.audit@custom").json(&custom)).await;
    let retention = Some(Duration::from_hours(400 * 24));
    caller.set_up(&Options { retention, logsdb: true, ..options() }).await;
    caller.delivers_all(&documents(&world(20.0).one_of_each_type(now()))).await;

    let index = caller.backing_indices().await.pop().expect("an index");
    let settings = caller.ask(Request::get(format!("/{index}/_settings?flat_settings=true"))).await;
    let settings = &settings[&index]["settings"];
    assert_eq!(settings["index.mode"], "logsdb");
    assert_eq!(settings["index.refresh_interval"], "7s");
    assert_eq!(settings["index.lifecycle.name"], Value::Null, "no policy, so none is named");
    let template = caller.ask(Request::get("/_index_template/claudetrail-logs-anthropic.audit")).await;
    let lifecycle = &template["index_templates"][0]["index_template"]["template"]["lifecycle"];
    assert_eq!(lifecycle["data_retention"], "400d", "{template}");
    caller.ask(Request::delete("/_component_template/logs-anthropic.audit@custom")).await;
}

async fn on(product: Product) {
    let Some(engine) = Engine::start(product, engines::Options::default()) else { return };
    let caller = Caller::administrator(&engine);
    every_type_fits(&caller, product).await;
    running_it_again_changes_nothing(&caller).await;
    what_is_there_is_kept(&caller).await;
    what_does_not_fit_gets_a_new_index(&caller).await;
    what_goes_through_a_pipeline_gets_a_new_index(&caller).await;
    if product == Product::Elasticsearch {
        what_is_asked_for_is_set(&caller).await;
    }
}

#[tokio::test]
async fn documents_fit_elasticsearch() {
    on(Product::Elasticsearch).await;
}

#[tokio::test]
async fn documents_fit_opensearch() {
    on(Product::OpenSearch).await;
}

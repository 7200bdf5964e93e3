//! What the dashboards will show: each panel's question, asked of a real engine, gives what counting the documents one by one gives.

use std::collections::BTreeMap;

use elasticsearch::Request;
use engine_setup::dashboards::{self, Column, Metric, Panel, Shape};
use engines::{Engine, Product};
use query::{Context, Expression, Fields, matching};
use serde_json::{Value, json};

use crate::support::{Caller, NAME, documents, now, options, world};

fn fields() -> Fields {
    let known = normalize::fields::all();
    Fields::of_elasticsearch_types(
        known.iter().map(|field| (field.name.as_str(), field.elasticsearch_type, field.source)),
    )
}

struct Asked<'a> {
    caller: &'a Caller,
    fields: &'a Fields,
    documents: &'a [Value],
}

impl Asked<'_> {
    fn condition(&self, panel: &Panel) -> Expression {
        query::parse(panel.query, &Context::new(self.fields, now())).expect(panel.query)
    }

    async fn check(&self, panel: &Panel) -> usize {
        let condition = self.condition(panel);
        let body = json!({
            "size": 0, "track_total_hits": true,
            "query": query::dsl::write(&condition),
            "aggs": panel.aggregations("1d"),
        });
        let answer =
            self.caller.ask(Request::post(format!("/{NAME}/_search")).json(&body).repeatable()).await;
        let matching: Vec<&Value> =
            self.documents.iter().filter(|document| matching::matches(document, &condition)).collect();
        assert_eq!(answer["hits"]["total"]["value"], matching.len(), "{}: {}", panel.title, panel.query);
        let told = &answer["aggregations"];
        match panel.shape {
            Shape::Figure(Metric::Count) | Shape::Documents(_) => {}
            Shape::Figure(Metric::Distinct(field)) => {
                assert_eq!(told["1"]["value"], self.counts(&matching, field).len(), "{}", panel.title);
            }
            Shape::Figure(Metric::Latest(field)) => self.check_latest(&matching, field, &told["1"]),
            Shape::Share(field) => self.check_terms(&matching, &[column(field, 8)], &told["2"], panel.title),
            Shape::Top(columns) => self.check_terms(&matching, columns, &told["2"], panel.title),
            Shape::OverTime(field) => self.check_days(&matching, field, &told["2"], panel.title),
        }
        matching.len()
    }

    /// How many documents hold each value of a field.
    fn counts(&self, documents: &[&Value], field: &str) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for document in documents {
            for value in self.values(document, field) {
                *counts.entry(value).or_default() += 1;
            }
        }
        counts
    }

    fn values(&self, document: &Value, field: &str) -> Vec<String> {
        let reference = self.fields.resolve(field).expect(field);
        let mut values: Vec<String> = matching::values(document, &reference)
            .iter()
            .map(|value| plain(&query::dsl::write_value(value)))
            .collect();
        values.sort_unstable();
        values.dedup();
        values
    }

    fn check_latest(&self, documents: &[&Value], field: &str, told: &Value) {
        let times = documents.iter().flat_map(|document| self.values(document, field));
        let latest: Option<jiff::Timestamp> = times.map(|time| time.parse().expect("a time")).max();
        let latest = latest.expect("some");
        assert_eq!(told["value"].as_f64(), Some(latest.as_millisecond() as f64), "{field}");
    }

    fn check_terms(&self, documents: &[&Value], columns: &[Column], told: &Value, title: &str) {
        let (first, rest) = columns.split_first().expect("a column");
        let expected = self.counts(documents, first.field);
        let mut greatest: Vec<u64> = expected.values().copied().collect();
        greatest.sort_unstable_by(|one, other| other.cmp(one));
        greatest.truncate(first.size as usize);
        let buckets = told["buckets"].as_array().expect("buckets");
        let counts: Vec<u64> =
            buckets.iter().map(|bucket| bucket["doc_count"].as_u64().expect("a count")).collect();
        assert_eq!(counts, greatest, "{title}: {}", first.field);
        for bucket in buckets {
            let key = bucket.get("key_as_string").map_or_else(|| plain(&bucket["key"]), plain);
            assert_eq!(expected.get(&key), bucket["doc_count"].as_u64().as_ref(), "{title}: {key}");
            if !rest.is_empty() {
                let within: Vec<&Value> = documents
                    .iter()
                    .filter(|document| self.values(document, first.field).contains(&key))
                    .copied()
                    .collect();
                self.check_terms(&within, rest, &bucket["3"], title);
            }
        }
    }

    fn check_days(&self, documents: &[&Value], field: &'static str, told: &Value, title: &str) {
        let mut days: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
        for document in documents {
            let time = document["@timestamp"].as_str().expect("a time");
            days.entry(time[..10].to_owned()).or_default().push(document);
        }
        let buckets = told["buckets"].as_array().expect("buckets");
        assert_eq!(buckets.len(), days.len(), "{title}");
        for (bucket, (day, within)) in buckets.iter().zip(days) {
            assert_eq!(bucket["key_as_string"].as_str().map(|key| &key[..10]), Some(&*day), "{title}");
            assert_eq!(bucket["doc_count"], within.len(), "{title}: {day}");
            self.check_terms(&within, &[column(field, 8)], &bucket["3"], title);
        }
    }
}

fn column(field: &'static str, size: u32) -> Column {
    Column { field, label: "", size }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Everything that happens in a week, and one of each type, so that no panel is empty.
async fn on(product: Product) {
    let Some(engine) = Engine::start(product, engines::Options::default()) else { return };
    let caller = Caller::administrator(&engine);
    caller.set_up(&options()).await;
    let world = world(150.0);
    let mut rows = world.activities("2026-05-25T12:00:00Z".parse().expect("a time"), now());
    rows.extend(world.one_of_each_type(now()));
    rows.sort_by(|one, other| one.id.cmp(&other.id));
    rows.dedup_by(|one, other| one.id == other.id);
    let batch = documents(&rows);
    caller.delivers_all(&batch).await;
    let read: Vec<Value> = batch
        .documents
        .iter()
        .map(|document| serde_json::from_slice(&document.json).expect("JSON"))
        .collect();

    let fields = fields();
    let mapped = caller.ask(Request::get(format!("/{NAME}/_field_caps?fields=*"))).await;
    let asked = Asked { caller: &caller, fields: &fields, documents: &read };
    for panel in dashboards::all().iter().flat_map(|dashboard| dashboard.panels) {
        for field in panel.fields() {
            assert!(mapped["fields"][field].is_object(), "{}: {field}", panel.title);
        }
        let found = asked.check(panel).await;
        assert!(found > 0, "{} shows nothing: {}", panel.title, panel.query);
    }
}

#[tokio::test]
async fn panels_show_what_elasticsearch_holds() {
    on(Product::Elasticsearch).await;
}

#[tokio::test]
async fn panels_show_what_opensearch_holds() {
    on(Product::OpenSearch).await;
}

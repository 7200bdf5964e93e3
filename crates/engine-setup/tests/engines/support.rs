//! An engine with what a test needs to ask of it.

use std::sync::Arc;

use bytes::Bytes;
use elasticsearch::{Client, ClientOptions, Credentials, Request, Secret, TlsOptions};
use engine_setup::{Options, Step};
use engines::Engine;
use normalize::{Context, Normalizer};
use serde_json::{Value, json};
use simulator::{Generated, World, WorldOptions};
use sinks::{
    Batch, Document, ItemOutcome, Sink as _, SinkError,
    elasticsearch::{Config, ElasticsearchSink},
};

pub(crate) const STREAM: &str = "logs-anthropic.audit";
pub(crate) const NAME: &str = "logs-anthropic.audit-default";

pub(crate) fn now() -> jiff::Timestamp {
    "2026-06-01T12:00:00Z".parse().expect("a time")
}

pub(crate) fn world(activities_per_day: f64) -> World {
    let history_start = "2026-05-25T12:00:00Z".parse().expect("a time");
    World::new(WorldOptions {
        seed: 3,
        history_start,
        history_end: now(),
        activities_per_day,
        unknown_share: 0.02,
    })
}

pub(crate) fn options() -> Options {
    Options { stream: STREAM.into(), retention: None, logsdb: false }
}

pub(crate) fn basic(user: &str, password: &str) -> Credentials {
    Credentials::Basic { user: user.into(), password: Secret::new(password).expect("a password") }
}

/// Documents of activities, numbered from one.
pub(crate) fn documents(rows: &[Generated]) -> Batch {
    let normalizer = Normalizer::default();
    let document = |(index, row): (usize, &Generated)| {
        let mut json = Vec::new();
        let sequence = index as u64 + 1;
        let context =
            Context { sequence: Some(sequence), created: Some(row.created_at), ingested: Some(now()) };
        normalizer.ecs(&row.json, &context, &mut json);
        Document::new(sequence, &row.id, &"default".into(), Bytes::from(json))
    };
    Batch { documents: rows.iter().enumerate().map(document).collect() }
}

/// Somebody who asks an engine.
pub(crate) struct Caller {
    client: ClientOptions,
    pub(crate) asks: Client,
}

impl Caller {
    /// The engine's administrator, where it has users.
    pub(crate) fn administrator(engine: &Engine) -> Self {
        let who = engine.administrator();
        Self::new(engine, who.map_or(Credentials::None, |(user, password)| basic(user, password)))
    }

    pub(crate) fn new(engine: &Engine, credentials: Credentials) -> Self {
        let client = ClientOptions {
            hosts: vec![engine.url().into()],
            credentials: Arc::new(credentials),
            tls: TlsOptions { ca_file: engine.ca_file().map(Into::into), ..TlsOptions::default() },
            proxy: Some("direct".into()),
            ..ClientOptions::default()
        };
        Self { asks: Client::new(client.clone()).expect("usable options"), client }
    }

    pub(crate) async fn ask(&self, request: Request) -> Value {
        let answer = self.asks.request(request).await.expect("the engine answers");
        answer.success().unwrap_or_else(|error| panic!("{error}")).json().expect("JSON")
    }

    pub(crate) async fn status(&self, request: Request) -> u16 {
        self.asks.request(request).await.expect("the engine answers").status
    }

    pub(crate) async fn is_opensearch(&self) -> bool {
        self.asks.about().await.expect("known").product == elasticsearch::Product::OpenSearch
    }

    pub(crate) async fn set_up(&self, options: &Options) -> Vec<Step> {
        let mut steps = Vec::new();
        engine_setup::run(&self.asks, options, &mut |step| steps.push(step)).await.expect("it is set up");
        steps
    }

    pub(crate) async fn deliver(&self, batch: &Batch) -> Result<Vec<ItemOutcome>, SinkError> {
        let config = Config { client: self.client.clone(), ..Config::default() };
        ElasticsearchSink::new(config).expect("a usable sink").deliver(batch).await
    }

    /// Delivers what must arrive, and waits until it can be found.
    pub(crate) async fn delivers_all(&self, batch: &Batch) {
        for (document, outcome) in batch.documents.iter().zip(self.deliver(batch).await.expect("delivered")) {
            assert_eq!(outcome, ItemOutcome::Delivered, "{}", String::from_utf8_lossy(&document.json));
        }
        self.ask(Request::post(format!("/{NAME}/_refresh"))).await;
        let count = self.ask(Request::get(format!("/{NAME}/_count"))).await;
        assert!(count["count"].as_u64() >= Some(batch.documents.len() as u64), "{count}");
    }

    /// Names of the backing indices of the stream.
    pub(crate) async fn backing_indices(&self) -> Vec<String> {
        let found = self.ask(Request::get(format!("/_data_stream/{NAME}"))).await;
        let indices = found["data_streams"][0]["indices"].as_array().expect("indices").clone();
        indices.iter().map(|index| index["index_name"].as_str().expect("a name").to_owned()).collect()
    }

    /// Everything that a setup stores, but for what the engine adds by itself.
    pub(crate) async fn stored(&self) -> Value {
        let mut all = Vec::new();
        for path in ["/_component_template/claudetrail-*", "/_index_template/claudetrail-*"] {
            let mut found = self.ask(Request::get(path)).await;
            for kind in ["component_templates", "index_templates"] {
                for template in found[kind].as_array_mut().into_iter().flatten() {
                    for inner in ["component_template", "index_template"] {
                        if let Some(members) = template[inner].as_object_mut() {
                            members.retain(|name, _| {
                                !name.ends_with("_date") && !name.ends_with("_date_millis")
                            });
                        }
                    }
                }
            }
            all.push(found);
        }
        json!(all)
    }
}

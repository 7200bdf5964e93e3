//! The conformance cases against both engines, and what only engines do: users without rights, a missing template, a crash.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use elasticsearch::{Client, ClientOptions, Credentials, Request, Secret, TlsOptions};
use engines::{Engine, Options, Product, Proxy};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{Config, ElasticsearchSink};
use crate::{
    BatchLimits, Driver, DriverOptions, ItemOutcome, Sink, SinkErrorKind,
    conformance::{self, Destination, NAMESPACE, Numbered, Remembered},
};

/// An engine's data stream of one test.
struct Stream {
    options: ClientOptions,
    client: Client,
    name: String,
}

fn options(engine: &Engine) -> ClientOptions {
    let credentials = match engine.administrator() {
        Some((user, password)) => basic(user, password),
        None => Credentials::None,
    };
    ClientOptions {
        hosts: vec![engine.url().into()],
        credentials: Arc::new(credentials),
        tls: TlsOptions { ca_file: engine.ca_file().map(Into::into), ..TlsOptions::default() },
        proxy: Some("direct".into()),
        ..ClientOptions::default()
    }
}

fn basic(user: &str, password: &str) -> Credentials {
    Credentials::Basic { user: user.into(), password: Secret::new(password).expect("a password") }
}

impl Stream {
    /// A stream of its own, with a template for it.
    async fn new(engine: &Engine, name: &str) -> Self {
        let stream = Self::without_template(engine, name);
        let template = json!({
            "index_patterns": [format!("{name}-*")], "data_stream": {}, "priority": 1000,
            "template": {
                "settings": { "number_of_replicas": 0, "refresh_interval": "1s" },
                "mappings": { "properties": { "number": { "type": "long" }, "@timestamp": { "type": "date" } } },
            },
        });
        stream.ask(Request::put(format!("/_index_template/{name}")).json(&template)).await;
        stream
    }

    fn without_template(engine: &Engine, name: &str) -> Self {
        let options = options(engine);
        let client = Client::new(options.clone()).expect("usable options");
        Self { options, client, name: name.into() }
    }

    async fn ask(&self, request: Request) -> Value {
        let answer = self.client.request(request).await.expect("the engine answers");
        answer.success().expect("success").json().expect("JSON")
    }

    fn with(&self, change: impl FnOnce(&mut ClientOptions)) -> ElasticsearchSink {
        self.configured(|config| change(&mut config.client))
    }

    fn configured(&self, change: impl FnOnce(&mut Config)) -> ElasticsearchSink {
        let (client, namespaces) = (self.options.clone(), vec![NAMESPACE.into()]);
        let mut config = Config { client, stream: self.name.clone(), namespaces, ..Config::default() };
        change(&mut config);
        ElasticsearchSink::new(config).expect("a usable sink")
    }
}

impl Destination for Stream {
    type Sink = ElasticsearchSink;

    fn sink(&self) -> ElasticsearchSink {
        self.with(|_| {})
    }

    async fn arrived(&self) -> Vec<String> {
        let stream = format!("{}-{NAMESPACE}", self.name);
        let refreshed = self.client.request(Request::post(format!("/{stream}/_refresh"))).await;
        if refreshed.expect("an answer").status == 404 {
            return Vec::new();
        }
        let search = json!({ "size": 10_000, "_source": false, "query": { "match_all": {} } });
        let found = self.ask(Request::post(format!("/{stream}/_search")).json(&search).repeatable()).await;
        let hits = found["hits"]["hits"].as_array().expect("hits");
        hits.iter().map(|hit| hit["_id"].as_str().expect("an id").to_owned()).collect()
    }

    fn document(&self, number: u64) -> Bytes {
        Bytes::from(json!({ "@timestamp": "2026-11-25T08:00:00Z", "number": number }).to_string())
    }

    fn unacceptable(&self, _number: u64) -> Option<Bytes> {
        Some(Bytes::from_static(br#"{"@timestamp":"2026-11-25T08:00:00Z","number":"many"}"#))
    }
}

async fn conforms(engine: &Engine) {
    conformance::delivers_once_and_again_without_a_second_copy(&Stream::new(engine, "once").await, 1_000)
        .await;
    conformance::puts_aside_what_is_refused(&Stream::new(engine, "refused").await, 500).await;
    conformance::survives_stops_at_any_moment(&Stream::new(engine, "stopped").await, 1_000).await;
}

/// Without a template nothing is made up: the sink waits, says why, and goes on once the template is there.
async fn waits_for_a_template(engine: &Engine, product: Product) {
    let stream = Stream::without_template(engine, "untyped");
    let batch = conformance::batch(&stream, 1..=3);
    let error = stream.sink().deliver(&batch).await.expect_err("there is no template");
    assert_eq!(error.kind, SinkErrorKind::Misconfigured, "{product:?}: {error}");
    assert!(error.hint.contains("claudetrail setup elasticsearch"), "{error:?}");
    let error = stream.sink().check().await.expect_err("there is no template");
    assert!(error.message.contains("neither"), "{error}");
    let stream = Stream::new(engine, "untyped").await;
    assert_eq!(stream.sink().deliver(&batch).await.expect("delivered"), vec![ItemOutcome::Delivered; 3]);
    let said = stream.sink().check().await.expect("all is well");
    assert!(said.contains("untyped-conformance is there"), "{said}");
}

/// A rollover between two sendings makes no second copy.
async fn finds_what_older_indices_hold(engine: &Engine) {
    let stream = Stream::new(engine, "rolled").await;
    let batch = conformance::batch(&stream, 1..=30);
    assert_eq!(stream.sink().deliver(&batch).await.expect("delivered"), vec![ItemOutcome::Delivered; 30]);
    stream.ask(Request::post(format!("/rolled-{NAMESPACE}/_rollover"))).await;
    stream.arrived().await;
    let more = conformance::batch(&stream, 20..=40);
    let there = |outcomes: Vec<ItemOutcome>| {
        outcomes.iter().filter(|outcome| **outcome == ItemOutcome::AlreadyThere).count()
    };
    assert_eq!(there(stream.sink().deliver(&more).await.expect("after a start")), 11);
    stream.ask(Request::post(format!("/rolled-{NAMESPACE}/_rollover"))).await;
    stream.arrived().await;
    let replaying = stream.configured(|config| config.sends_again = true);
    for _ in 0..30 {
        assert_eq!(there(replaying.deliver(&more).await.expect("a replay")), 21);
    }
    assert_eq!(stream.arrived().await.len(), 40);
}

/// A body above the engine's bound is cut, and one document above it alone is put aside.
async fn cuts_what_is_too_large(engine: &Engine) {
    // The bound of a real engine is 100 MB; a proxy of ours before it has a smaller one.
    let stream = Stream::new(engine, "large").await;
    let proxy = Proxy::start(engine.url(), |asked| (asked.body_bytes > 20_000).then_some(413));
    let limited = Limited { stream, proxy: proxy.url() };
    let mut source = Numbered::new(&limited, 500, 0);
    source.replace(
        7,
        Bytes::from(json!({ "@timestamp": 0, "number": 7, "padding": "x".repeat(30_000) }).to_string()),
    );
    let progress = Remembered::default();
    let options = DriverOptions { look_interval: Duration::from_millis(10), ..DriverOptions::default() };
    conformance::drive_until(&limited, &source, &progress, options, 500, Duration::from_mins(1)).await;
    let refused: Vec<u64> = progress.refusals().iter().map(|refusal| refusal.sequence).collect();
    assert_eq!((refused, limited.arrived().await.len()), (vec![7], 499), "{:?}", progress.failure());
}

struct Limited {
    stream: Stream,
    proxy: String,
}

impl Destination for Limited {
    type Sink = ElasticsearchSink;
    fn sink(&self) -> ElasticsearchSink {
        self.stream.with(|options| {
            options.hosts = vec![self.proxy.clone()];
            options.compression = false;
        })
    }
    async fn arrived(&self) -> Vec<String> {
        self.stream.arrived().await
    }
    fn document(&self, number: u64) -> Bytes {
        self.stream.document(number)
    }
    fn unacceptable(&self, number: u64) -> Option<Bytes> {
        self.stream.unacceptable(number)
    }
}

/// The engine is killed in the middle and comes back: everything arrives, once.
async fn survives_a_crash(engine: &mut Engine) {
    let stream = Stream::new(engine, "crashed").await;
    let source = Numbered::new(&stream, 4_000, 0);
    let progress = Remembered::default();
    let stop = CancellationToken::new();
    let options = DriverOptions {
        limits: BatchLimits { max_documents: 50, max_bytes: 1_000_000 },
        backoff: (Duration::from_millis(50), Duration::from_secs(1)),
        ..DriverOptions::default()
    };
    let running = tokio::spawn(
        Driver::new(stream.sink(), progress.clone(), 0, options).run(source.clone(), stop.clone()),
    );
    wait_until(|| progress.cursor() > 500).await;
    engine.kill();
    wait_until(|| progress.failure().is_some()).await;
    assert_eq!(progress.failure().map(|failure| failure.kind), Some("unavailable".into()));
    engine.restart();
    wait_until(|| progress.cursor() == 4_000).await;
    stop.cancel();
    running.await.expect("no panic").expect("it does not give up");
    let mut arrived = stream.arrived().await;
    arrived.sort_unstable();
    assert_eq!(arrived, source.ids());
}

async fn wait_until(mut holds: impl FnMut() -> bool) {
    let patience = tokio::time::Instant::now() + Duration::from_mins(2);
    while !holds() {
        assert!(tokio::time::Instant::now() < patience, "waited two minutes");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn on(product: Product) {
    let Some(mut engine) = Engine::start(product, Options::default()) else { return };
    conforms(&engine).await;
    waits_for_a_template(&engine, product).await;
    finds_what_older_indices_hold(&engine).await;
    cuts_what_is_too_large(&engine).await;
    survives_a_crash(&mut engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn elasticsearch_conforms() {
    on(Product::Elasticsearch).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn opensearch_conforms() {
    on(Product::OpenSearch).await;
}

/// A key that may write one stream and no other: what it may not is waited for, never put aside.
#[tokio::test]
async fn a_missing_right_is_waited_for_and_named() {
    let security = Options { security: true, ..Options::default() };
    let Some(engine) = Engine::start(Product::Elasticsearch, security) else { return };
    let stream = Stream::new(&engine, "allowed").await;
    let other = Stream::new(&engine, "forbidden").await;
    let names = [format!("allowed-{NAMESPACE}")];
    let role = json!({ "cluster": ["monitor"], "index": [{ "names": names, "privileges": ["create_doc", "auto_configure"] }] });
    let key = json!({ "name": "shipper", "role_descriptors": { "shipper": role } });
    let made = stream.ask(Request::post("/_security/api_key").json(&key)).await;
    let key = Secret::new(made["encoded"].as_str().expect("a key")).expect("a secret");
    let limited = |stream: &Stream| {
        stream.with(|options| options.credentials = Arc::new(Credentials::ApiKey(key.clone())))
    };

    let batch = conformance::batch(&stream, 1..=2);
    assert_eq!(limited(&stream).deliver(&batch).await.expect("allowed"), vec![ItemOutcome::Delivered; 2]);
    assert_eq!(limited(&stream).deliver(&batch).await.expect("allowed"), vec![ItemOutcome::AlreadyThere; 2]);
    let error = limited(&other).deliver(&batch).await.expect_err("forbidden");
    assert_eq!(error.kind, SinkErrorKind::Unauthorized, "{error}");
    assert!(error.hint.contains("create_doc"), "{error:?}");
    let wrong = stream.with(|options| options.credentials = Arc::new(basic("admin", "wrong")));
    assert_eq!(wrong.check().await.expect_err("refused").kind, SinkErrorKind::Unauthorized);
}

//! How fast documents get into an engine, beside what the same engine takes from a plain bulk loader in the same run.
//!
//! `cargo bench -p engine-setup`, with `DOCUMENTS=200000` for more and `ENGINE=opensearch` for the other one. The plain loader does the
//! least that anything could: it sends prepared bodies, as large and as many side by side as the sink's, and looks at nothing but the
//! status; an engine that is too busy is asked again, by both. What lies between the two is what batching, looking at each answer, and
//! settling in order cost. Without `--bench`, as among the tests, it only shows that it works.

#![allow(clippy::print_stdout, reason = "a bench prints its figures")]
#![allow(missing_docs, reason = "a bench has no readers of its documentation")]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use elasticsearch::{Client, ClientOptions, ErrorKind, Request};
use engine_setup::Options;
use engines::{Engine, Product};
use normalize::{Context, Normalizer};
use simulator::{World, WorldOptions};
use sinks::{
    Batch, BatchLimits, Document, Driver, DriverOptions, Progress, Read, Refusal, SinkFailure, Source,
    StorageError,
    elasticsearch::{Config, ElasticsearchSink},
};
use tokio::{runtime::Runtime, sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;

const ROUNDS: usize = 3;
/// How long the plain loader leaves an engine alone that is too busy.
const PAUSE: Duration = Duration::from_millis(500);
const PER_DAY: f64 = 20_000.0;

fn documents(count: usize) -> Arc<Vec<Document>> {
    let history_end: jiff::Timestamp = "2026-06-01T00:00:00Z".parse().expect("a time");
    let days = (count as f64 / PER_DAY * 2.0).ceil() as i64 + 2;
    let history_start = history_end - jiff::SignedDuration::from_hours(24 * days);
    let options =
        WorldOptions { seed: 1, history_start, history_end, activities_per_day: PER_DAY, unknown_share: 0.0 };
    let rows = World::new(options).activities(history_start, history_end);
    let normalizer = Normalizer::default();
    let namespace: Arc<str> = "default".into();
    let document = |(index, row): (usize, &simulator::Generated)| {
        let mut json = Vec::new();
        let sequence = index as u64 + 1;
        let context = Context {
            sequence: Some(sequence),
            created: Some(row.created_at),
            ingested: Some(row.created_at),
        };
        normalizer.ecs(&row.json, &context, &mut json);
        Document::new(sequence, &row.id, &namespace, Bytes::from(json))
    };
    assert!(rows.len() >= count, "{} of {count}", rows.len());
    Arc::new(rows[..count].iter().enumerate().map(document).collect())
}

struct Prepared(Arc<Vec<Document>>);

impl Source for Prepared {
    fn read(&mut self, after: u64, limits: &BatchLimits) -> Result<Read, StorageError> {
        let next = self.0.iter().skip(after as usize).take(limits.max_documents);
        let documents: Vec<Document> = next.cloned().collect();
        let through = documents.last().map_or(after, |document| document.sequence);
        Ok(Read { documents, through })
    }
}

/// Tells how far the cursor is.
struct Cursor(watch::Sender<u64>);

impl Progress for Cursor {
    fn settle(&self, cursor: u64, refusals: &[Refusal]) -> Result<(), StorageError> {
        assert!(refusals.is_empty(), "{refusals:?}");
        self.0.send_replace(cursor);
        Ok(())
    }

    fn failed(&self, failure: &SinkFailure) -> Result<(), StorageError> {
        panic!("{failure:?}");
    }
}

struct Target {
    options: ClientOptions,
    client: Client,
    documents: Arc<Vec<Document>>,
}

impl Target {
    async fn prepare(&self, stream: &str) {
        let options = Options { stream: stream.into(), retention: None, logsdb: false };
        engine_setup::run(&self.client, &options, &mut |_| {}).await.expect("set up");
        let made = Request::put(format!("/_data_stream/{stream}-default"));
        self.client.request(made).await.expect("an answer").success().expect("made");
    }

    /// Counts what is there, and makes room.
    async fn finish(&self, stream: &str) {
        let refreshed = Request::post(format!("/{stream}-default/_refresh"));
        self.client.request(refreshed).await.expect("an answer").success().expect("refreshed");
        let count = self.client.request(Request::get(format!("/{stream}-default/_count"))).await;
        let count: serde_json::Value =
            count.expect("an answer").success().expect("counted").json().expect("JSON");
        assert_eq!(count["count"], self.documents.len());
        let gone = Request::delete(format!("/_data_stream/{stream}-default"));
        self.client.request(gone).await.expect("an answer").success().expect("removed");
    }

    async fn plain(&self, stream: &str) -> Duration {
        self.prepare(stream).await;
        let limits = BatchLimits::default();
        let bodies: Vec<Vec<u8>> =
            self.documents.chunks(limits.max_documents).map(|chunk| body(chunk, stream)).collect();
        let began = Instant::now();
        let mut running = JoinSet::new();
        for body in bodies {
            if running.len() == DriverOptions::default().in_flight {
                running.join_next().await.expect("one").expect("no panic");
            }
            let client = self.client.clone();
            running.spawn(async move {
                let answer = loop {
                    let bulk = Request::post("/_bulk?filter_path=errors").lines(body.clone()).repeatable();
                    match client.request(bulk).await.expect("an answer").success() {
                        Err(error) if error.kind() == ErrorKind::Throttled => tokio::time::sleep(PAUSE).await,
                        answer => break answer.expect("taken"),
                    }
                };
                assert_eq!(&answer.body[..], br#"{"errors":false}"#);
            });
        }
        running.join_all().await;
        let took = began.elapsed();
        self.finish(stream).await;
        took
    }

    async fn driven(&self, stream: &str) -> Duration {
        self.prepare(stream).await;
        let config = Config { client: self.options.clone(), stream: stream.into(), ..Config::default() };
        let sink = ElasticsearchSink::new(config).expect("a usable sink");
        let (sender, mut cursor) = watch::channel(0);
        let stop = CancellationToken::new();
        let driver = Driver::new(sink, Cursor(sender), 0, DriverOptions::default());
        let began = Instant::now();
        let running = tokio::spawn(driver.run(Prepared(Arc::clone(&self.documents)), stop.clone()));
        let last = self.documents.len() as u64;
        cursor.wait_for(|cursor| *cursor == last).await.expect("the driver runs");
        let took = began.elapsed();
        stop.cancel();
        running.await.expect("no panic").expect("no failure");
        self.finish(stream).await;
        took
    }
}

fn body(documents: &[Document], stream: &str) -> Vec<u8> {
    let mut body = Vec::with_capacity(Batch { documents: documents.to_vec() }.bytes() * 11 / 10);
    for document in documents {
        body.extend_from_slice(
            format!("{{\"create\":{{\"_index\":\"{stream}-default\",\"_id\":\"{}\"}}}}\n", document.id)
                .as_bytes(),
        );
        body.extend_from_slice(&document.json);
        body.push(b'\n');
    }
    body
}

fn main() {
    let measured = std::env::args().any(|argument| argument == "--bench");
    let (usual, rounds) = if measured { (50_000, ROUNDS) } else { (1_000, 1) };
    let count = std::env::var("DOCUMENTS").map_or(usual, |text| text.parse().expect("a number"));
    let product = match std::env::var("ENGINE").as_deref() {
        Ok("opensearch") => Product::OpenSearch,
        _ => Product::Elasticsearch,
    };
    let load = engines::Options {
        heap: Some("1g".into()),
        java_options: Some("-XX:TieredStopAtLevel=4".into()),
        ..engines::Options::default()
    };
    let Some(engine) = Engine::start(product, load) else { return };
    let options = ClientOptions {
        hosts: vec![engine.url().into()],
        proxy: Some("direct".into()),
        ..ClientOptions::default()
    };
    let client = Client::new(options.clone()).expect("usable options");
    let target = Target { options, client, documents: documents(count) };
    let bytes: usize = target.documents.iter().map(|document| document.json.len()).sum();
    println!("{} {}, {count} documents of {} bytes", product.name(), engine.version(), bytes / count);
    let runtime = Runtime::new().expect("a runtime");
    runtime.block_on(async {
        // The first of each warms the engine up.
        target.plain("logs-warm").await;
        let (mut plain, mut driven) = (Vec::new(), Vec::new());
        for round in 0..rounds {
            plain.push(target.plain(&format!("logs-plain{round}")).await);
            driven.push(target.driven(&format!("logs-driven{round}")).await);
        }
        let (plain, driven) = (median(&mut plain, count), median(&mut driven, count));
        println!(
            "plain bulk loader {plain:.0} documents/s, sink {driven:.0} documents/s, ratio {:.2}",
            driven / plain
        );
    });
}

fn median(took: &mut [Duration], count: usize) -> f64 {
    took.sort_unstable();
    count as f64 / took[took.len() / 2].as_secs_f64()
}

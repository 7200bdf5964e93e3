//! How many rows a second the server gives out: pages of 5,000 walked through a dense history, made on the way.
//!
//! `page` is the server alone; `loopback` adds a real connection and a client that only reads, on the same machine.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::{SignedDuration, Timestamp};
use simulator::{SimulatedRequest, Simulator, SimulatorOptions, SystemClock, World, WorldOptions, serve};

const KEY: &str = "sk-ant-api01-bench";
const ROWS: u64 = 5000;

fn simulator() -> Arc<Simulator> {
    let now: Timestamp = "2026-06-01T00:00:00Z".parse().expect("a time");
    let world = World::new(WorldOptions {
        seed: 1,
        history_start: now - SignedDuration::from_hours(24 * 365),
        history_end: now,
        activities_per_day: 100_000.0,
        unknown_share: 0.0,
    });
    let mut options = SimulatorOptions::new(world, KEY);
    options.requests_per_minute = 0;
    options.latency_max = Duration::ZERO;
    Arc::new(Simulator::new(options, Arc::new(SystemClock)))
}

/// The query of the page after this one; from the start again when there is none.
fn next_query(body: &[u8]) -> String {
    let start = format!("/v1/compliance/activities?order=asc&limit={ROWS}");
    let tail = String::from_utf8_lossy(&body[body.len().saturating_sub(600)..]).into_owned();
    let cursor = tail
        .split_once("\"last_id\":\"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .map(|(cursor, _)| cursor);
    match cursor {
        Some(cursor) if tail.contains("\"has_more\":true") => {
            format!("{start}&after_id={}", cursor.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D"))
        }
        _ => start,
    }
}

fn page(criterion: &mut Criterion) {
    let simulator = simulator();
    let mut query = next_query(b"");
    let mut group = criterion.benchmark_group("rows");
    group.throughput(Throughput::Elements(ROWS)).sample_size(30);
    group.bench_function("page", |bencher| {
        bencher.iter(|| {
            let response = simulator.respond(&SimulatedRequest::get(&query).with_key(KEY));
            assert_eq!(response.status, 200);
            query = next_query(&response.body);
        });
    });
    group.finish();
}

fn loopback(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let listener = runtime.block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0))).expect("a free port");
    let address = listener.local_addr().expect("bound");
    runtime.spawn(serve(listener, simulator(), std::future::pending()));
    let mut stream = TcpStream::connect(address).expect("a connection");
    let mut query = next_query(b"");
    let mut body = Vec::new();
    let mut group = criterion.benchmark_group("rows");
    group.throughput(Throughput::Elements(ROWS)).sample_size(30);
    group.bench_function("loopback", |bencher| {
        bencher.iter(|| {
            ask(&mut stream, address, &query, &mut body);
            query = next_query(&body);
        });
    });
    group.finish();
}

/// One request on a connection that stays open.
fn ask(stream: &mut TcpStream, address: SocketAddr, query: &str, body: &mut Vec<u8>) {
    let request = format!("GET {query} HTTP/1.1\r\nhost: {address}\r\nx-api-key: {KEY}\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("written");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("a head");
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head);
    let length =
        head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).expect("a length");
    body.resize(length, 0);
    stream.read_exact(body).expect("a body");
}

criterion_group!(benches, page, loopback);
criterion_main!(benches);

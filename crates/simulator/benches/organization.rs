//! How fast Northwind Robotics comes into being: rows a second on one core, at a quiet and at a busy density.

#![allow(missing_docs, reason = "criterion's macro makes public functions")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::{SignedDuration, Timestamp};
use simulator::{World, WorldOptions};

/// Makes the rows of one weekday, from nothing.
fn weekday(activities_per_day: f64) -> u64 {
    let history_end: Timestamp = "2026-11-23T09:41:07Z".parse().unwrap_or_default();
    let from: Timestamp = "2026-11-18T00:00:00Z".parse().unwrap_or_default();
    let history_start = history_end - SignedDuration::from_hours(24 * 30);
    let world = World::new(WorldOptions {
        seed: 1,
        history_start,
        history_end,
        activities_per_day,
        unknown_share: 0.0,
    });
    let mut at = from;
    let mut rows = 0;
    while at < from + SignedDuration::from_hours(24) {
        let bucket = world.bucket(at);
        rows += bucket.rows.len() as u64;
        at = bucket.to;
    }
    rows
}

fn organization(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("organization");
    group.sample_size(10);
    for per_day in [20_000.0, 300_000.0] {
        group.throughput(Throughput::Elements(weekday(per_day)));
        group.bench_function(format!("a weekday of {per_day} rows"), |bencher| {
            bencher.iter(|| weekday(per_day));
        });
    }
    group.finish();
}

criterion_group!(benches, organization);
criterion_main!(benches);

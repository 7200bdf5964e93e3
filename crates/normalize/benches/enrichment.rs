//! Enrichment: look-ups per second that were made before (warm), that were not (cold), and the cost of loading the patterns.
//!
//! The contract is that both look-ups together, made before, cost well under a tenth of the 2.5 µs that a document may take.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use normalize::enrichment::{Enrichment, UserAgents};

/// A hundred programs: the ones of the tests, each in two versions.
fn agents() -> Vec<String> {
    let lines =
        include_str!("../tests/enrichment/user-agents.tsv").lines().filter(|line| !line.starts_with('#'));
    let texts = lines.filter_map(|line| line.split('\t').next());
    texts.flat_map(|text| [text.to_owned(), text.replace('1', "2")]).collect()
}

/// As many addresses as there may be people in an organization, spread over what is announced.
fn addresses(count: u32) -> Vec<IpAddr> {
    let spread = (0..count).map(|step| Ipv4Addr::from_bits(step.wrapping_mul(0x9E37_79B1)));
    spread.map(IpAddr::V4).collect()
}

/// Printed once, because it happens once in the life of a process.
fn load(_: &mut Criterion) {
    let start = Instant::now();
    Enrichment::bundled().load();
    eprintln!("loading the user-agent patterns took {:?}", start.elapsed());
}

fn look_up(criterion: &mut Criterion) {
    let enrichment = Enrichment::bundled();
    let mut group = criterion.benchmark_group("enrichment");
    group.measurement_time(Duration::from_secs(3));

    let agents = agents();
    group.throughput(Throughput::Elements(agents.len() as u64));
    group.bench_function("user agent, warm", |bencher| {
        bencher.iter(|| agents.iter().for_each(|text| drop(black_box(enrichment.user_agent(text)))));
    });
    let addresses = addresses(5_000);
    group.throughput(Throughput::Elements(addresses.len() as u64));
    group.bench_function("place, warm", |bencher| {
        bencher.iter(|| addresses.iter().for_each(|&address| drop(black_box(enrichment.place(address)))));
    });

    group.throughput(Throughput::Elements(agents.len() as u64));
    group.bench_function("user agent, cold", |bencher| {
        bencher.iter_batched(
            UserAgents::new,
            |cold| agents.iter().for_each(|text| drop(black_box(cold.parse(text)))),
            criterion::BatchSize::LargeInput,
        );
    });
    group.throughput(Throughput::Elements(addresses.len() as u64));
    group.bench_function("place, cold", |bencher| {
        bencher.iter_batched(
            Enrichment::bundled,
            |cold| addresses.iter().for_each(|&address| drop(black_box(cold.place(address)))),
            criterion::BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group!(benches, load, look_up);
criterion_main!(benches);

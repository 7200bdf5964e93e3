//! How fast a full page is read: 5,000 rows of 1.2 kB, as the feed sends them.
//!
//! The feed's own ceiling is 50,000 rows a second (600 requests of 5,000 rows a minute), so a page may take 100 ms of
//! one core before this crate is what limits a backfill.

use std::fmt::Write as _;
use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use feed::{ActivityRequest, MAX_LIMIT, Order, parse_page};
use sha2::{Digest, Sha256};

const ROWS: u64 = MAX_LIMIT as u64;
const ROW_BYTES: usize = 1200;

fn page() -> Bytes {
    let mut body = String::from("{\"data\":[");
    for row in 0..ROWS {
        let begin = body.len() + usize::from(row > 0);
        let separator = if row > 0 { "," } else { "" };
        let (minute, second, microsecond) = (row / 60 % 60, row % 60, row * 173 % 1_000_000);
        let _ = write!(
            body,
            r#"{separator}{{"id":"activity_01K{row:022}","created_at":"2026-11-01T{:02}:{minute:02}:{second:02}.{microsecond:06}Z","organization_id":"org_01ABCDEFGHJKMNPQRSTVWXYZ","organization_uuid":"6f9619ff-8b86-d011-b42d-00c04fc964ff","actor":{{"type":"user_actor","user_id":"user_01ABCDEFGHJKMNPQRSTVWXYZ","email_address":"ana@example.com","ip_address":"203.0.113.7","user_agent":"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15"}},"type":"claude_chat_viewed","numbers":[1,2.5,-3e7],"text":""#,
            row / 3600,
        );
        let missing = ROW_BYTES.saturating_sub(body.len() - begin + 2);
        body.extend("escaped \\\"text\\\" and words ".chars().cycle().take(missing / 26 * 26));
        body.push_str("\"}");
    }
    body.push_str("],\"has_more\":true,\"first_id\":\"first\",\"last_id\":\"last\"}");
    Bytes::from(body)
}

fn read_page(criterion: &mut Criterion) {
    let body = page();
    let request = ActivityRequest {
        created_at_gte: "2026-11-01T00:00:00Z".parse().ok(),
        created_at_lt: "2026-11-02T00:00:00Z".parse().ok(),
        order: Some(Order::Ascending),
        limit: Some(MAX_LIMIT),
        ..ActivityRequest::default()
    };
    let mut group = criterion.benchmark_group("page");
    group.throughput(Throughput::Elements(ROWS));
    group.bench_function("parse", |bencher| bencher.iter(|| parse_page(black_box(&body), &request).is_ok()));
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function("digest", |bencher| bencher.iter(|| Sha256::digest(black_box(&body))));
    group.finish();
    assert!(parse_page(&body, &request).is_ok_and(|page| page.activities.len() as u64 == ROWS));
}

criterion_group!(benches, read_page);
criterion_main!(benches);

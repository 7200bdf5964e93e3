//! How fast and how small: appending and reading, beside plain rows in the same `SQLite` in the same run.
//!
//! Rows are those of `tests/ledger/support/rows.rs`: 1.26 kB of JSON, five random ids in each. Pages hold 5,000. Every
//! append ends on the disk, here and in the baseline. Goals: 250,000 rows/s appended, 500,000 rows/s read, a sixth of
//! the feed's bytes on the disk.

#[path = "../tests/ledger/support/rows.rs"]
mod rows;

use criterion::{
    BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime,
};
use ledger::{EntryFilter, FeedId, LagPolicy, Ledger, NewActivity, Options, PageCommit, Provenance, Reader};
use rows::{IdOrder, Numbers, Row, Rows};
use rusqlite::{Connection, params};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const PAGE_ROWS: usize = 5_000;

/// Rows of the ledger that is read.
const READ_ROWS: usize = 500_000;

/// Something that pages are appended to.
trait Store {
    fn append(&mut self, rows: &[Row]);
    fn bytes(&self) -> u64;
}

struct Trail {
    ledger: Ledger,
    feed: FeedId,
}

impl Trail {
    fn create(folder: &Path) -> Self {
        let mut ledger = Ledger::open(&folder.join("ledger.sqlite"), Options::default()).expect("creates");
        let feed = ledger.register_feed("acme", "scope", jiff::Timestamp::UNIX_EPOCH).expect("registers");
        Self { ledger, feed }
    }
}

impl Store for Trail {
    fn append(&mut self, rows: &[Row]) {
        let activities: Vec<NewActivity<'_>> = rows
            .iter()
            .map(|row| NewActivity { id: &row.id, created_at: row.created_at, raw: &row.raw })
            .collect();
        let (first, last) = (&rows[0], &rows[rows.len() - 1]);
        let query = format!("created_at.gte={}&limit=5000&order=asc&after_id={}", first.created_at, first.id);
        let commit = PageCommit {
            feed: self.feed,
            provenance: Provenance {
                url: &format!("https://api.anthropic.com/v1/compliance/activities?{query}"),
                parameters: &format!(
                    r#"{{"after_id":"{}","created_at.gte":"{}","limit":"5000","order":"asc"}}"#,
                    first.id, first.created_at
                ),
                request_id: Some(&first.id),
                requested_at: last.created_at,
                responded_at: last.created_at,
                status: 200,
                body_sha256: [7; 32],
                body_bytes: rows.iter().map(|row| row.raw.len() as u64).sum(),
                attempts: 1,
            },
            activities: &activities,
            drained: None,
            drain_started: true,
            drain: None,
            lag: LagPolicy::Count,
            own_reads: &[],
        };
        self.ledger.append(&commit).expect("appends");
    }

    fn bytes(&self) -> u64 {
        self.ledger.reader().expect("a reader").bytes()
    }
}

/// The baseline: every row as it is, unique on (feed, id).
struct Plain {
    database: Connection,
    path: PathBuf,
}

impl Plain {
    fn create(folder: &Path) -> Self {
        let path = folder.join("plain.sqlite");
        let database = Connection::open(&path).expect("creates");
        database
            .execute_batch(
                "PRAGMA page_size = 16384; PRAGMA journal_mode = wal; PRAGMA synchronous = full; PRAGMA cache_size = -16384;
                 PRAGMA wal_autocheckpoint = 2048;
                 CREATE TABLE activity (sequence INTEGER PRIMARY KEY, feed INTEGER NOT NULL, id TEXT NOT NULL,
                    created_at INTEGER NOT NULL, raw BLOB NOT NULL, UNIQUE (feed, id)) STRICT;",
            )
            .expect("sets up");
        Self { database, path }
    }
}

impl Store for Plain {
    fn append(&mut self, rows: &[Row]) {
        let transaction = self.database.transaction().expect("begins");
        let mut insert = transaction
            .prepare_cached("INSERT INTO activity (feed, id, created_at, raw) VALUES (1, ?1, ?2, ?3) ON CONFLICT DO NOTHING")
            .expect("prepares");
        for row in rows {
            insert.execute(params![row.id, row.created_at.as_microsecond(), row.raw]).expect("inserts");
        }
        drop(insert);
        transaction.commit().expect("commits");
    }

    fn bytes(&self) -> u64 {
        let size = |path: &Path| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        size(&self.path) + size(&self.path.with_extension("sqlite-wal"))
    }
}

/// One page per iteration, to one store that grows over the whole measurement.
fn bench_append(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, order: IdOrder, mut store: impl Store) {
    let mut rows = Rows::new(1, order);
    let (mut count, mut raw_bytes) = (0_u64, 0_u64);
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|iterations| {
            let mut spent = Duration::ZERO;
            for _ in 0..iterations {
                let page = rows.take_rows(PAGE_ROWS);
                count += page.len() as u64;
                raw_bytes += page.iter().map(|row| row.raw.len() as u64).sum::<u64>();
                let start = Instant::now();
                store.append(&page);
                spent += start.elapsed();
            }
            spent
        });
    });
    if count > 0 {
        let (raw, stored) = (raw_bytes as f64 / count as f64, store.bytes() as f64 / count as f64);
        eprintln!(
            "{name}: {count} rows of {raw:.0} bytes, {stored:.0} bytes each with the log, 1/{:.1}",
            raw / stored
        );
    }
}

fn append(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("append");
    group
        .throughput(Throughput::Elements(PAGE_ROWS as u64))
        .sample_size(10)
        .measurement_time(Duration::from_secs(6));
    for (name, order) in [("random ids", IdOrder::Random), ("ids in order of time", IdOrder::Time)] {
        let folder = tempfile::tempdir().expect("a folder");
        bench_append(&mut group, &format!("ledger, {name}"), order, Trail::create(folder.path()));
        bench_append(&mut group, &format!("plain rows, {name}"), order, Plain::create(folder.path()));
    }
    group.finish();
}

/// A page whose rows are all known, as an overlapping poll brings it; and polls of a quiet feed.
fn small_and_known(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut trail = Trail::create(folder.path());
    let mut rows = Rows::new(1, IdOrder::Random);
    let known = rows.take_rows(PAGE_ROWS);
    trail.append(&known);
    for _ in 0..20 {
        trail.append(&rows.take_rows(PAGE_ROWS));
    }
    let mut group = criterion.benchmark_group("append");
    group.sample_size(10).throughput(Throughput::Elements(PAGE_ROWS as u64));
    group
        .bench_function("ledger, all rows known", |bencher| bencher.iter(|| trail.append(black_box(&known))));
    group.throughput(Throughput::Elements(1));
    group.bench_function("ledger, one row a page", |bencher| {
        bencher.iter(|| trail.append(&rows.take_rows(1)));
    });
    group.finish();
}

fn read(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut trail, mut plain) = (Trail::create(folder.path()), Plain::create(folder.path()));
    let mut rows = Rows::new(1, IdOrder::Time);
    for _ in 0..READ_ROWS / PAGE_ROWS {
        let page = rows.take_rows(PAGE_ROWS);
        trail.append(&page);
        plain.append(&page);
    }
    let reader = trail.ledger.reader().expect("a reader");
    let mut group = criterion.benchmark_group("read");
    group.sample_size(10).throughput(Throughput::Elements(READ_ROWS as u64));
    group.bench_function("ledger, everything", |bencher| {
        bencher.iter(|| stream(&reader, &EntryFilter::default()));
    });
    group.bench_function("plain rows, everything", |bencher| bencher.iter(|| stream_plain(&plain.database)));
    group.bench_function("ledger, check of the chain", |bencher| {
        bencher.iter(|| reader.check_chain(&mut |_, _| {}).expect("checks"));
    });
    group.throughput(Throughput::Elements(1));
    let mut numbers = Numbers(1);
    group.bench_function("ledger, one random row", |bencher| {
        bencher.iter(|| {
            reader.entries(numbers.below(READ_ROWS as u64), 1, &EntryFilter::default()).expect("reads")
        });
    });
    let middle =
        reader.entries(READ_ROWS as u64 / 2, 1, &EntryFilter::default()).expect("reads").remove(0).created_at;
    let minute = EntryFilter {
        from: Some(middle),
        to: Some(middle + jiff::SignedDuration::from_mins(1)),
        feed: None,
        up_to: None,
    };
    group.bench_function("ledger, one minute by time", |bencher| {
        bencher.iter(|| reader.entries(0, usize::MAX, &minute).expect("reads"));
    });
    group.finish();
}

fn stream(reader: &Reader, filter: &EntryFilter) -> usize {
    let (mut after, mut count) = (0, 0);
    loop {
        let entries = reader.entries(after, PAGE_ROWS, filter).expect("reads");
        let Some(last) = entries.last() else { return count };
        after = last.sequence;
        count += entries.len();
    }
}

fn stream_plain(database: &Connection) -> usize {
    let mut statement = database
        .prepare_cached("SELECT sequence, id, created_at, raw FROM activity ORDER BY sequence")
        .expect("prepares");
    let rows = statement.query_map([], |row| {
        Ok((
            row.get::<_, i64>(0)?,
            row.get::<_, String>(1)?,
            row.get::<_, i64>(2)?,
            row.get::<_, Vec<u8>>(3)?,
        ))
    });
    let mut count = 0;
    for row in rows.expect("queries") {
        black_box(row.expect("reads"));
        count += 1;
    }
    count
}

criterion_group!(benches, append, small_and_known, read);
criterion_main!(benches);

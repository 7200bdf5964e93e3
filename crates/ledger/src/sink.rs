//! What destinations have settled: a cursor, the last failure and the dead letters of each sink.
//!
//! A [`SinkStore`] writes them beside the ledger's one writer, in the same process or another, because they are ours and not the
//! feed's: no table of the chain is touched, and the writer keeps nothing of them in memory. `SQLite` lets one of them write at a
//! time; each change is one short transaction, on the disk when it returns. `docs/design/ledger.md` §9.

use crate::error::{Error, ErrorKind, Step};
use crate::schema::{self, Found};
use crate::store::{instant, microseconds};
use crate::{Failure, Reader};
use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, params};
use std::path::Path;
use std::time::Duration;

/// How long to wait for the writer, which holds `SQLite`'s lock for one page at a time.
const BUSY_WAIT: Duration = Duration::from_secs(30);

/// The longest text that is kept of a reason or a failure.
const TEXT_BYTES_MAX: usize = 4 << 10;

const READ: &str = "read what sinks have settled";
const WRITE: &str = "store what a sink has settled";

/// What one sink has settled, and what keeps it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SinkStatus {
    /// Its name in the configuration.
    pub name: String,
    /// Everything up to this sequence is delivered or put aside.
    pub cursor: u64,
    /// When the cursor moved last.
    pub settled_at: Option<Timestamp>,
    /// Documents put aside.
    pub dead_letters: u64,
    /// What is being waited out; cleared when delivery works again.
    pub last_error: Option<Failure>,
}

/// An activity that a destination will not take.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeadLetter {
    /// The sink.
    pub sink: String,
    /// Place of the activity in the ledger.
    pub sequence: u64,
    /// What the destination said last.
    pub reason: String,
    /// When it said so.
    pub refused_at: Timestamp,
    /// How often it was tried.
    pub attempts: u64,
}

/// A refusal to be kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refused<'a> {
    /// Place of the activity in the ledger.
    pub sequence: u64,
    /// What the destination said; more than 4 KiB of it is cut off.
    pub reason: &'a str,
}

/// Keeps what sinks have settled.
#[derive(Debug)]
pub struct SinkStore {
    connection: Connection,
}

impl SinkStore {
    /// Opens the ledger at `path` for this; the ledger itself must have been opened by a writer of this version once.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let step = format!("open the ledger {} for its sinks", path.display());
        std::fs::metadata(path).step(&step)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).step(&step)?;
        connection.busy_timeout(BUSY_WAIT).step(&step)?;
        match schema::identify(&connection, &step, schema::VERSION)? {
            Found::Version(schema::VERSION) => {}
            Found::Version(found) => {
                let supported = schema::VERSION;
                let detail = format!("it is of format {found}, and this program writes {supported}");
                return Err(Error::new(ErrorKind::OlderSchema { found, supported }, &step, detail));
            }
            Found::Empty => {
                return Err(Error::new(ErrorKind::Missing, &step, "no ledger was begun in it"));
            }
        }
        let pragmas: [(&str, &dyn rusqlite::ToSql); 4] = [
            ("synchronous", &"full"),
            ("cell_size_check", &true),
            ("trusted_schema", &false),
            ("cache_size", &-1_000),
        ];
        for (name, value) in pragmas {
            connection.pragma_update(None, name, value).step(&step)?;
        }
        Ok(Self { connection })
    }

    /// The cursor of a sink; one that is new here begins after `start`.
    pub fn begin(&mut self, sink: &str, start: u64) -> Result<u64, Error> {
        name(sink)?;
        self.write(|transaction| {
            transaction.execute(
                "INSERT INTO sink (name, cursor) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING",
                params![sink, start],
            )?;
            transaction.query_row("SELECT cursor FROM sink WHERE name = ?1", [sink], |row| row.get(0))
        })
    }

    /// Everything after `after` up to `through` is settled: `refused` is put aside, the rest is there. Moves the cursor, and ends
    /// the sink's failure.
    pub fn settle(
        &mut self,
        sink: &str,
        after: u64,
        through: u64,
        refused: &[Refused<'_>],
        now: Timestamp,
    ) -> Result<(), Error> {
        name(sink)?;
        self.write(|transaction| {
            replace(transaction, sink, after, through, refused, now)?;
            transaction
                .execute(
                    "INSERT INTO sink (name, cursor, settled_at) VALUES (?1, ?2, ?3)
                     ON CONFLICT (name) DO UPDATE SET cursor = excluded.cursor, settled_at = excluded.settled_at,
                     failure_at = NULL, failure_kind = NULL, failure_message = NULL, failure_hint = NULL",
                    params![sink, through, microseconds(now)],
                )
                .map(drop)
        })
    }

    /// The same for a stretch that was sent a second time: the cursor stays where it is.
    pub fn settle_again(
        &mut self,
        sink: &str,
        after: u64,
        through: u64,
        refused: &[Refused<'_>],
        now: Timestamp,
    ) -> Result<(), Error> {
        name(sink)?;
        self.write(|transaction| replace(transaction, sink, after, through, refused, now))
    }

    /// Dead letters were tried again: those in `refused` stay with their new reason, the others are gone.
    pub fn retried(
        &mut self,
        sink: &str,
        tried: &[u64],
        refused: &[Refused<'_>],
        now: Timestamp,
    ) -> Result<(), Error> {
        self.write(|transaction| {
            let mut remove =
                transaction.prepare_cached("DELETE FROM dead_letter WHERE sink = ?1 AND sequence = ?2")?;
            for sequence in
                tried.iter().filter(|tried| refused.iter().all(|refused| refused.sequence != **tried))
            {
                remove.execute(params![sink, sequence])?;
            }
            put_aside(transaction, sink, refused, now)
        })
    }

    /// Forgets dead letters, all of a sink's or some; says how many there were.
    pub fn drop_letters(&mut self, sink: &str, sequences: Option<&[u64]>) -> Result<u64, Error> {
        self.write(|transaction| {
            let Some(sequences) = sequences else {
                let dropped = transaction.execute("DELETE FROM dead_letter WHERE sink = ?1", [sink])?;
                return Ok(dropped as u64);
            };
            let mut remove =
                transaction.prepare_cached("DELETE FROM dead_letter WHERE sink = ?1 AND sequence = ?2")?;
            let mut dropped = 0;
            for sequence in sequences {
                dropped += remove.execute(params![sink, sequence])? as u64;
            }
            Ok(dropped)
        })
    }

    /// Keeps the failure that a sink waits out.
    pub fn fail(&mut self, sink: &str, failure: &Failure) -> Result<(), Error> {
        name(sink)?;
        let Failure { at, kind, message, hint, .. } = failure;
        self.write(|transaction| {
            transaction
                .execute(
                    "INSERT INTO sink (name, cursor, failure_at, failure_kind, failure_message, failure_hint)
                     VALUES (?1, 0, ?2, ?3, ?4, ?5)
                     ON CONFLICT (name) DO UPDATE SET failure_at = excluded.failure_at, failure_kind = excluded.failure_kind,
                     failure_message = excluded.failure_message, failure_hint = excluded.failure_hint",
                    params![sink, microseconds(*at), cut(kind), cut(message), cut(hint)],
                )
                .map(drop)
        })
    }

    fn write<T>(&mut self, change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T, Error> {
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).step(WRITE)?;
        let value = change(&transaction).step(WRITE)?;
        transaction.commit().step(WRITE)?;
        Ok(value)
    }
}

impl Reader {
    /// What each sink has settled, by name.
    pub fn sinks(&self) -> Result<Vec<SinkStatus>, Error> {
        let snapshot = self.connection.unchecked_transaction().step(READ)?;
        let mut statement = snapshot
            .prepare_cached(
                "SELECT name, cursor, settled_at, failure_at, failure_kind, failure_message, failure_hint,
                 (SELECT count(*) FROM dead_letter WHERE dead_letter.sink = name) FROM sink ORDER BY name",
            )
            .step(READ)?;
        let mut rows = statement.query([]).step(READ)?;
        let mut sinks = Vec::new();
        while let Some(row) = rows.next().step(READ)? {
            sinks.push(status(row)?);
        }
        Ok(sinks)
    }

    /// Dead letters of a sink after a sequence, in order, at most `limit`.
    pub fn dead_letters(&self, sink: &str, after: u64, limit: usize) -> Result<Vec<DeadLetter>, Error> {
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT sequence, reason, refused_at, attempts FROM dead_letter
                 WHERE sink = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3",
            )
            .step(READ)?;
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut rows = statement.query(params![sink, after, limit]).step(READ)?;
        let mut letters = Vec::new();
        while let Some(row) = rows.next().step(READ)? {
            letters.push(DeadLetter {
                sink: sink.to_owned(),
                sequence: row.get(0).step(READ)?,
                reason: row.get(1).step(READ)?,
                refused_at: instant(row.get(2).step(READ)?, READ)?,
                attempts: row.get(3).step(READ)?,
            });
        }
        Ok(letters)
    }
}

fn status(row: &rusqlite::Row<'_>) -> Result<SinkStatus, Error> {
    let time = |index: usize| -> Result<Option<Timestamp>, Error> {
        let microseconds: Option<i64> = row.get(index).step(READ)?;
        microseconds.map(|microseconds| instant(microseconds, READ)).transpose()
    };
    let last_error = match time(3)? {
        Some(at) => Some(Failure {
            at,
            kind: row.get(4).step(READ)?,
            message: row.get(5).step(READ)?,
            hint: row.get(6).step(READ)?,
            request_id: None,
        }),
        None => None,
    };
    Ok(SinkStatus {
        name: row.get(0).step(READ)?,
        cursor: row.get(1).step(READ)?,
        settled_at: time(2)?,
        dead_letters: row.get(7).step(READ)?,
        last_error,
    })
}

/// Makes the dead letters of a stretch those that were refused now.
fn replace(
    transaction: &Transaction<'_>,
    sink: &str,
    after: u64,
    through: u64,
    refused: &[Refused<'_>],
    now: Timestamp,
) -> rusqlite::Result<()> {
    put_aside(transaction, sink, refused, now)?;
    let mut found = transaction.prepare_cached(
        "SELECT sequence FROM dead_letter WHERE sink = ?1 AND sequence > ?2 AND sequence <= ?3",
    )?;
    let rows = found.query_map(params![sink, after, through], |row| row.get::<_, u64>(0))?;
    let known = rows.collect::<rusqlite::Result<Vec<u64>>>()?;
    let mut remove =
        transaction.prepare_cached("DELETE FROM dead_letter WHERE sink = ?1 AND sequence = ?2")?;
    let refused: std::collections::HashSet<u64> = refused.iter().map(|refused| refused.sequence).collect();
    for sequence in known.into_iter().filter(|sequence| !refused.contains(sequence)) {
        remove.execute(params![sink, sequence])?;
    }
    Ok(())
}

fn put_aside(
    transaction: &Transaction<'_>,
    sink: &str,
    refused: &[Refused<'_>],
    now: Timestamp,
) -> rusqlite::Result<()> {
    let mut insert = transaction.prepare_cached(
        "INSERT INTO dead_letter (sink, sequence, reason, refused_at, attempts) VALUES (?1, ?2, ?3, ?4, 1)
         ON CONFLICT (sink, sequence) DO UPDATE SET reason = excluded.reason, refused_at = excluded.refused_at,
         attempts = attempts + 1",
    )?;
    for Refused { sequence, reason } in refused {
        insert.execute(params![sink, sequence, cut(reason), microseconds(now)])?;
    }
    Ok(())
}

fn name(sink: &str) -> Result<(), Error> {
    if sink.is_empty() || sink.len() > TEXT_BYTES_MAX {
        return Err(Error::invalid(WRITE, format!("its name is of {} bytes", sink.len())));
    }
    Ok(())
}

/// The first 4 KiB of a text.
fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(TEXT_BYTES_MAX)]
}

//! Opening for writing: lock, create or migrate, and check that the end of the ledger is what it says it is.

use super::{Ledger, LostTail, Options, State, Work};
use crate::block::Compressor;
use crate::digest;
use crate::error::{Error, ErrorKind, Step};
use crate::files::{self, HeadFile, NotedHead, WriterLock, beside, create_empty, create_folder};
use crate::record::{Record, RecordPacker, RecordUnpacker};
use crate::schema::{self, Found};
use crate::store::{BlockHead, Blocks, Head};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};
use std::hash::{BuildHasher as _, Hasher as _};
use std::path::Path;
use std::time::Duration;

/// How long to wait for a lock of another connection; only a foreign program can hold one for long.
const BUSY_WAIT: Duration = Duration::from_secs(10);

/// The log is moved into the file when it has grown by this much, and cut back to it after a large merge.
const LOG_BYTES: u32 = 32 << 20;

/// A page of a file that is written to memory: what is copied for each change, and for no disk's sake.
const SIMULATED_PAGE_BYTES: u32 = 4_096;

/// `SQLite`'s own cache, in KiB.
const CACHE_KIB: i64 = 16 << 10;

pub(super) fn open(path: &Path, options: Options) -> Result<Ledger, Error> {
    let step = format!("open the ledger {} for writing", path.display());
    create_folder(path, &step)?;
    let lock = WriterLock::take(path, &step)?;
    let noted = NotedHead::read(path);
    refuse_to_begin_again(path, noted.as_ref(), &step)?;
    create_empty(path, &step)?;
    let mut connection = connect(path, &step)?;
    match schema::identify(&connection, &step, schema::VERSION)? {
        Found::Empty => begin(&mut connection, &options, &step)?,
        Found::Version(version) => {
            prepare(&connection, options.durable, &step)?;
            schema::migrate(&mut connection, version, schema::MIGRATIONS)?;
        }
    }
    let state = State::load(&connection, &options)?;
    check_end(&connection, &state.head, &step)?;
    let lost_tail = lost_tail(&connection, &state.head, noted.as_ref(), &step)?;
    let mut compressors = Vec::new();
    for _ in 0..options.threads.max(1) {
        compressors.push(Compressor::new(options.compression_level, &[]).step(&step)?);
    }
    let mut ledger = Ledger {
        connection,
        path: path.to_owned(),
        state: Some(state),
        blocks: Blocks::default(),
        packer: RecordPacker::new().step(&step)?,
        compressors,
        options,
        head_file: HeadFile::open(path, &step)?,
        lost_tail,
        _lock: lock,
    };
    take_over(&mut ledger, &step)?;
    let Head { identity, link, hash, .. } = Head::load(&ledger.connection)?;
    ledger.head_file.note(&NotedHead { identity, link, hash });
    Ok(ledger)
}

/// A head file without its ledger is a ledger that was lost, not a place for a new one.
fn refuse_to_begin_again(path: &Path, noted: Option<&NotedHead>, step: &str) -> Result<(), Error> {
    let Some(noted) = noted.filter(|_| files::size(path) == 0) else { return Ok(()) };
    // The log alone can hold a ledger that was begun a moment ago.
    if path.exists() && files::size(&beside(path, "-wal")) > 0 {
        return Ok(());
    }
    let (kind, what) =
        if path.exists() { (ErrorKind::Damaged, "empty") } else { (ErrorKind::Missing, "gone") };
    let detail = format!("it is {what}, but the head file beside it knows {} links of it", noted.link);
    Err(Error::new(kind, step, detail).with_hint(
        "restore it from a backup; to begin a new trail instead, remove the file that ends in .head",
    ))
}

fn connect(path: &Path, step: &str) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).step(step)?;
    connection.busy_timeout(BUSY_WAIT).step(step)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Settings of a connection; none of them changes the file's format.
fn prepare(connection: &Connection, durable: bool, step: &str) -> Result<(), Error> {
    let (journal_mode, synchronous) = if durable { ("wal", "full") } else { ("memory", "off") };
    let pragmas: [(&str, &dyn rusqlite::ToSql); 7] = [
        ("journal_mode", &journal_mode),
        ("synchronous", &synchronous),
        ("cell_size_check", &true),
        ("trusted_schema", &false),
        ("cache_size", &-CACHE_KIB),
        ("wal_autocheckpoint", &(LOG_BYTES / schema::PAGE_BYTES)),
        ("journal_size_limit", &LOG_BYTES),
    ];
    for (name, value) in pragmas {
        connection.pragma_update(None, name, value).step(step)?;
    }
    Ok(())
}

/// Fills an empty file: tables, head and first link in one transaction.
fn begin(connection: &mut Connection, options: &Options, step: &str) -> Result<(), Error> {
    let page_bytes = if options.durable { schema::PAGE_BYTES } else { SIMULATED_PAGE_BYTES };
    connection.pragma_update(None, "page_size", page_bytes).step(step)?;
    prepare(connection, options.durable, step)?;
    let identity = options.identity.unwrap_or_else(draw_identity);
    let epoch = options.epoch.unwrap_or(1);
    let bytes = Record::Beginning { identity }.encode();
    let hash = digest::link(&[0; 32], 1, epoch, &bytes);
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).step(step)?;
    schema::create(&transaction).step(step)?;
    transaction
        .execute(
            "INSERT INTO link (link, epoch, form, record, hash) VALUES (1, ?1, 0, ?2, ?3)",
            rusqlite::params![epoch, bytes, hash],
        )
        .step(step)?;
    transaction
        .execute(
            "INSERT INTO head (only, identity, epoch, link, hash, page, sequence) VALUES (1, ?1, ?2, 1, ?3, 0, 0)",
            rusqlite::params![identity, epoch, hash],
        )
        .step(step)?;
    transaction.commit().step(step)
}

/// Two different ledgers must not take one for the other; the hash keys of the standard library are random enough.
fn draw_identity() -> [u8; 16] {
    let mut identity = [0; 16];
    for half in identity.chunks_mut(8) {
        let drawn = std::hash::RandomState::new().build_hasher().finish();
        half.copy_from_slice(&drawn.to_le_bytes());
    }
    identity
}

/// The head must be the last link, page and block, and the last link must be what its hash says.
fn check_end(connection: &Connection, head: &Head, step: &str) -> Result<(), Error> {
    let last = |sql: &str| -> Result<u64, Error> {
        connection
            .query_row(sql, [], |row| row.get::<_, Option<u64>>(0))
            .step(step)
            .map(|last| last.unwrap_or(0))
    };
    let end = BlockHead::at_or_before(connection, i64::MAX as u64)?.map_or(1, |block| block.end());
    let checks = [
        ("link", head.link, last("SELECT max(link) FROM link")?),
        ("page", head.page, last("SELECT max(page) FROM page")?),
        ("sequence", head.sequence, end - 1),
    ];
    for (what, noted, found) in checks {
        if noted != found {
            let detail = format!("its head says the last {what} is {noted}, and {found} is there");
            return Err(Error::damaged(step, detail));
        }
    }
    let previous = link_hash(connection, head.link.saturating_sub(1), step)?.unwrap_or_default();
    let (epoch, form, kept): (u64, i64, Vec<u8>) = connection
        .query_row("SELECT epoch, form, record FROM link WHERE link = ?1", [head.link], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .step(step)?;
    let record = RecordUnpacker::new().and_then(|mut unpacker| unpacker.unpack(form, &kept)).step(step)?;
    if digest::link(&previous, head.link, epoch, &record) != head.hash {
        return Err(Error::damaged(step, format!("its last link {} does not match the head", head.link)));
    }
    Ok(())
}

fn link_hash(connection: &Connection, link: u64, step: &str) -> Result<Option<[u8; 32]>, Error> {
    connection
        .query_row("SELECT hash FROM link WHERE link = ?1", [link], |row| row.get(0))
        .optional()
        .step(step)
}

/// What the head file knows of this ledger and the ledger no longer has.
fn lost_tail(
    connection: &Connection,
    head: &Head,
    noted: Option<&NotedHead>,
    step: &str,
) -> Result<Option<LostTail>, Error> {
    let Some(noted) = noted.filter(|noted| noted.identity == head.identity) else { return Ok(None) };
    let found = link_hash(connection, noted.link, step)?;
    let lost = LostTail { link: noted.link, hash: noted.hash, found_link: head.link };
    Ok((found != Some(noted.hash)).then_some(lost))
}

/// Refuses an older epoch, and puts a newer one or a lost tail on record.
fn take_over(ledger: &mut Ledger, step: &str) -> Result<(), Error> {
    let found = Head::load(&ledger.connection)?.epoch;
    let given = ledger.options.epoch.unwrap_or(found);
    if i64::try_from(given).is_err() {
        return Err(Error::invalid(step, "the epoch is out of range"));
    }
    if given < found {
        let detail = format!("its writer is in epoch {found}, and this one was given epoch {given}");
        return Err(Error::new(ErrorKind::Fenced { found, given }, step, detail));
    }
    let lost = ledger.lost_tail;
    if given == found && lost.is_none() {
        return Ok(());
    }
    ledger.write(step, |work: &mut Work<'_>| {
        work.state.head.epoch = given;
        let (lost_link, lost_hash) = lost.map_or((0, [0; 32]), |lost| (lost.link, lost.hash));
        work.add_link(&Record::Writer { lost_link, lost_hash })
    })
}

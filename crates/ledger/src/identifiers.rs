//! The index of ids: which (feed, id) the ledger already holds, and at which sequence. `docs/design/ledger.md` §6.
//!
//! A B-tree keyed by ids that are not in order of time touches a page of the file for almost every row. This index
//! only ever writes sorted runs: one per append, merged eight at a time, so every row is written once per tier and
//! always in sequence on the disk. A lookup asks each run's filter first, in memory, and reads only where the filter
//! says "perhaps".
//!
//! What it finds are candidates: 48 bits of a digest. The caller compares the stored id, so uniqueness does not rest
//! on the digest.

mod filter;
mod merge;

use crate::error::{Error, Malformed, Step};
use filter::Filter;
use rusqlite::{Connection, OptionalExtension as _};

/// Bytes of an entry: 48 bits of fingerprint, 40 bits of sequence.
const ENTRY_BYTES: usize = 11;

/// Entries of a chunk, on average. 1.4 kB, so that several fill a page of the file well and one is searched quickly.
const CHUNK_ENTRIES: u64 = 128;

/// A tier with this many runs is merged.
const RUNS_PER_TIER: usize = 8;

/// Runs of this tier (from 2²¹ entries) are not merged any more: a merge never rewrites more than about 180 MB.
const TIER_MAX: u32 = 7;

/// Chunks of a run are numbered within this.
const CHUNKS_MAX: u64 = 1 << 24;

const READ: &str = "read the index of ids";
const WRITE: &str = "write the index of ids";

/// One activity in the index.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Identifier {
    pub(crate) fingerprint: u64,
    pub(crate) sequence: u64,
}

impl Identifier {
    fn put(self, output: &mut Vec<u8>) {
        output.extend_from_slice(&self.fingerprint.to_le_bytes()[..6]);
        output.extend_from_slice(&self.sequence.to_le_bytes()[..5]);
    }

    fn read(bytes: &[u8; ENTRY_BYTES]) -> Self {
        let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
        Self { fingerprint: number(&bytes[..6]), sequence: number(&bytes[6..]) }
    }
}

/// The entries of a chunk.
fn entries(chunk: &[u8]) -> Result<impl ExactSizeIterator<Item = Identifier>, Malformed> {
    let (entries, rest) = chunk.as_chunks::<ENTRY_BYTES>();
    if rest.is_empty() {
        Ok(entries.iter().map(Identifier::read))
    } else {
        Err(Malformed("a chunk of ids is cut"))
    }
}

/// A run as the writer knows it: its size and filter, not its entries.
#[derive(Clone, Debug)]
struct Run {
    number: i64,
    entries: u64,
    chunks: u64,
    filter: Filter,
}

impl Run {
    fn tier(&self) -> u32 {
        (self.entries.max(1).ilog2() / 3).min(TIER_MAX)
    }

    fn chunk_of(&self, fingerprint: u64) -> u64 {
        chunk_of(fingerprint, self.chunks)
    }
}

fn chunk_of(fingerprint: u64, chunks: u64) -> u64 {
    ((u128::from(fingerprint) * u128::from(chunks)) >> 48) as u64
}

fn chunks_for(entries: u64) -> u64 {
    entries.div_ceil(CHUNK_ENTRIES).clamp(1, CHUNKS_MAX)
}

fn place(run: i64, chunk: u64) -> i64 {
    run << 24 | chunk as i64
}

/// The index as the writer holds it in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Identifiers {
    runs: Vec<Run>,
}

/// What an append did to the runs; takes effect in memory once the transaction is durable.
#[derive(Debug, Default)]
pub(crate) struct Change {
    removed: Vec<i64>,
    added: Vec<Run>,
}

impl Identifiers {
    /// Reads the runs and their filters.
    pub(crate) fn load(connection: &Connection) -> Result<Self, Error> {
        let mut statement = connection
            .prepare_cached("SELECT run, entries, chunks, filter FROM identifier_run ORDER BY run")
            .step(READ)?;
        let rows = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, Vec<u8>>(3)?)));
        let mut runs = Vec::new();
        for row in rows.step(READ)? {
            let (number, entries, chunks, filter) = row.step(READ)?;
            let filter = Filter::from_bytes(filter).step(READ)?;
            if chunks != chunks_for(entries) {
                return Err(Error::damaged(
                    READ,
                    format!("run {number} does not have the chunks it should have"),
                ));
            }
            runs.push(Run { number, entries, chunks, filter });
        }
        Ok(Self { runs })
    }

    /// Every entry whose fingerprint is among the sorted `fingerprints`: (index into them, sequence).
    pub(crate) fn find(
        &self,
        connection: &Connection,
        fingerprints: &[u64],
    ) -> Result<Vec<(usize, u64)>, Error> {
        let mut found = Vec::new();
        let mut statement =
            connection.prepare_cached("SELECT entries FROM identifier_chunk WHERE place = ?1").step(READ)?;
        for run in &self.runs {
            let mut loaded = None;
            let mut chunk = Vec::new();
            for (index, fingerprint) in fingerprints.iter().enumerate() {
                if !run.filter.may_hold(*fingerprint) {
                    continue;
                }
                let number = run.chunk_of(*fingerprint);
                if loaded != Some(number) {
                    loaded = Some(number);
                    chunk.clear();
                    let mut rows = statement.query([place(run.number, number)]).step(READ)?;
                    if let Some(row) = rows.next().step(READ)? {
                        let bytes = row.get_ref(0).and_then(|value| Ok(value.as_blob()?)).step(READ)?;
                        chunk.extend(entries(bytes).step(READ)?);
                    }
                }
                let first = chunk.partition_point(|entry| entry.fingerprint < *fingerprint);
                let same = chunk[first..].iter().take_while(|entry| entry.fingerprint == *fingerprint);
                found.extend(same.map(|entry| (index, entry.sequence)));
            }
        }
        Ok(found)
    }

    /// Writes the entries as a new run, and merges what has become too many.
    pub(crate) fn add(&self, connection: &Connection, mut new: Vec<Identifier>) -> Result<Change, Error> {
        if new.is_empty() {
            return Ok(Change::default());
        }
        new.sort_unstable();
        let mut numbers: Vec<(i64, u32)> = self.runs.iter().map(|run| (run.number, run.tier())).collect();
        let mut next = numbers.iter().map(|(number, _)| number + 1).max().unwrap_or(1);
        let mut change = Change::default();
        let added = merge::write(connection, next, &new)?;
        numbers.push((next, added.tier()));
        change.added.push(added);
        while let Some(tier) = full_tier(&numbers) {
            next += 1;
            let all = || self.runs.iter().chain(&change.added);
            let inputs: Vec<&Run> =
                all().filter(|run| numbers.contains(&(run.number, tier)) && run.tier() == tier).collect();
            let merged = merge::merge(connection, next, &inputs)?;
            let gone: Vec<i64> = inputs.iter().map(|run| run.number).collect();
            numbers.retain(|(number, _)| !gone.contains(number));
            numbers.push((next, merged.tier()));
            change.added.retain(|run| !gone.contains(&run.number));
            change.removed.extend(gone);
            change.added.push(merged);
        }
        Ok(change)
    }

    /// Takes over what [`Identifiers::add`] did.
    pub(crate) fn apply(&mut self, change: Change) {
        self.runs.retain(|run| !change.removed.contains(&run.number));
        self.runs.extend(change.added);
    }
}

/// An order-free sum over entries: equal sets have equal sums (add them up, wrapping), and one changed entry changes
/// it.
pub(crate) fn sum(entry: Identifier) -> u128 {
    let mixed = u128::from(entry.fingerprint) << 64 | u128::from(entry.sequence);
    let mixed = (mixed ^ mixed >> 59).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    (mixed ^ mixed >> 67).wrapping_mul(0xBF58_476D_1CE4_E5B9_94D0_49BB_1331_11EB)
}

/// Reads the whole index: how many entries it holds, and their sum. An entry that a lookup would not find (in the
/// wrong chunk, out of order, not in the filter) is damage.
pub(crate) fn audit(connection: &Connection) -> Result<(u64, u128), Error> {
    let index = Identifiers::load(connection)?;
    let mut statement =
        connection.prepare_cached("SELECT place, entries FROM identifier_chunk ORDER BY place").step(READ)?;
    let mut rows = statement.query([]).step(READ)?;
    let (mut count, mut total) = (0, 0_u128);
    while let Some(row) = rows.next().step(READ)? {
        let place: i64 = row.get(0).step(READ)?;
        let bytes = row.get_ref(1).and_then(|value| Ok(value.as_blob()?)).step(READ)?;
        let run = index.runs.iter().find(|run| run.number == place >> 24);
        let run = run.ok_or_else(|| Error::damaged(READ, "a chunk of ids belongs to no run"))?;
        let mut before = None;
        for entry in entries(bytes).step(READ)? {
            let chunk = run.chunk_of(entry.fingerprint) as i64;
            let found = chunk == place & 0xff_ffff && run.filter.may_hold(entry.fingerprint);
            if !found || before > Some(entry) {
                let detail =
                    format!("the entry of sequence {} stands where it is not looked for", entry.sequence);
                return Err(Error::damaged(READ, detail));
            }
            before = Some(entry);
            count += 1;
            total = total.wrapping_add(sum(entry));
        }
    }
    let stated: u64 = index.runs.iter().map(|run| run.entries).sum();
    if stated != count {
        return Err(Error::damaged(READ, format!("its runs state {stated} entries, and {count} are there")));
    }
    Ok((count, total))
}

/// The sequences with a fingerprint, read without any filter: for a single question.
pub(crate) fn find_one(connection: &Connection, fingerprint: u64) -> Result<Vec<u64>, Error> {
    let mut runs = connection.prepare_cached("SELECT run, chunks FROM identifier_run").step(READ)?;
    let runs = runs.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).step(READ)?;
    let mut chunk =
        connection.prepare_cached("SELECT entries FROM identifier_chunk WHERE place = ?1").step(READ)?;
    let mut found = Vec::new();
    for run in runs {
        let (run, chunks) = run.step(READ)?;
        let bytes: Option<Vec<u8>> = chunk
            .query_row([place(run, chunk_of(fingerprint, chunks))], |row| row.get(0))
            .optional()
            .step(READ)?;
        let entries = entries(bytes.as_deref().unwrap_or_default()).step(READ)?;
        found.extend(entries.filter(|entry| entry.fingerprint == fingerprint).map(|entry| entry.sequence));
    }
    Ok(found)
}

fn full_tier(numbers: &[(i64, u32)]) -> Option<u32> {
    (0..TIER_MAX).find(|tier| numbers.iter().filter(|(_, known)| known == tier).count() >= RUNS_PER_TIER)
}

#[cfg(test)]
#[path = "identifiers/tests.rs"]
mod tests;

//! Writing runs: one from a page's entries, one from several others. Both stream: a merge of millions of entries holds
//! one chunk of each input in memory.

use super::filter::Filter;
use super::{Identifier, READ, Run, WRITE, chunk_of, chunks_for, entries, place};
use crate::error::{Error, Step};
use rusqlite::{Connection, params};

/// Writes sorted entries as run `number`.
pub(super) fn write(connection: &Connection, number: i64, entries: &[Identifier]) -> Result<Run, Error> {
    let mut output = Output::new(number, entries.len() as u64);
    for entry in entries {
        output.put(connection, *entry)?;
    }
    output.finish(connection)
}

/// Merges runs into run `number` and deletes them.
pub(super) fn merge(connection: &Connection, number: i64, runs: &[&Run]) -> Result<Run, Error> {
    let total = runs.iter().map(|run| run.entries).sum();
    let mut output = Output::new(number, total);
    let mut inputs = Vec::with_capacity(runs.len());
    for run in runs {
        let mut input = Input { run, next_chunk: 0, chunk: Vec::new(), next: 0 };
        input.fill(connection)?;
        inputs.push(input);
    }
    while let Some(least) =
        inputs.iter_mut().filter(|input| input.head().is_some()).min_by_key(|input| input.head())
    {
        if let Some(entry) = least.head() {
            output.put(connection, entry)?;
        }
        least.next += 1;
        least.fill(connection)?;
    }
    for run in runs {
        let range = [place(run.number, 0), place(run.number + 1, 0)];
        connection
            .prepare_cached("DELETE FROM identifier_chunk WHERE place >= ?1 AND place < ?2")
            .and_then(|mut statement| statement.execute(range))
            .step(WRITE)?;
        connection
            .prepare_cached("DELETE FROM identifier_run WHERE run = ?1")
            .and_then(|mut statement| statement.execute([run.number]))
            .step(WRITE)?;
    }
    output.finish(connection)
}

/// A run being read from its first chunk to its last.
struct Input<'a> {
    run: &'a Run,
    next_chunk: u64,
    chunk: Vec<Identifier>,
    next: usize,
}

impl Input<'_> {
    fn head(&self) -> Option<Identifier> {
        self.chunk.get(self.next).copied()
    }

    /// Reads on until there is an entry at the head, or nothing is left.
    fn fill(&mut self, connection: &Connection) -> Result<(), Error> {
        while self.next >= self.chunk.len() && self.next_chunk < self.run.chunks {
            self.chunk.clear();
            self.next = 0;
            let mut statement = connection
                .prepare_cached("SELECT entries FROM identifier_chunk WHERE place = ?1")
                .step(READ)?;
            let mut rows = statement.query([place(self.run.number, self.next_chunk)]).step(READ)?;
            if let Some(row) = rows.next().step(READ)? {
                let bytes = row.get_ref(0).and_then(|value| Ok(value.as_blob()?)).step(READ)?;
                self.chunk.extend(entries(bytes).step(READ)?);
            }
            self.next_chunk += 1;
        }
        Ok(())
    }
}

/// A run being written: entries come sorted, and a chunk is written once the next one begins.
struct Output {
    run: Run,
    chunk: u64,
    bytes: Vec<u8>,
    put: u64,
}

impl Output {
    fn new(number: i64, entries: u64) -> Self {
        let run = Run { number, entries, chunks: chunks_for(entries), filter: Filter::for_entries(entries) };
        Self { run, chunk: 0, bytes: Vec::new(), put: 0 }
    }

    fn put(&mut self, connection: &Connection, entry: Identifier) -> Result<(), Error> {
        let chunk = chunk_of(entry.fingerprint, self.run.chunks);
        if chunk != self.chunk {
            self.flush(connection)?;
            self.chunk = chunk;
        }
        self.run.filter.insert(entry.fingerprint);
        entry.put(&mut self.bytes);
        self.put += 1;
        Ok(())
    }

    fn flush(&mut self, connection: &Connection) -> Result<(), Error> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        connection
            .prepare_cached("INSERT INTO identifier_chunk (place, entries) VALUES (?1, ?2)")
            .and_then(|mut statement| {
                statement.execute(params![place(self.run.number, self.chunk), self.bytes])
            })
            .step(WRITE)?;
        self.bytes.clear();
        Ok(())
    }

    fn finish(mut self, connection: &Connection) -> Result<Run, Error> {
        self.flush(connection)?;
        if self.put != self.run.entries {
            let detail = format!("{} entries were found where {} should be", self.put, self.run.entries);
            return Err(Error::damaged(READ, detail));
        }
        let run = &self.run;
        connection
            .prepare_cached(
                "INSERT INTO identifier_run (run, entries, chunks, filter) VALUES (?1, ?2, ?3, ?4)",
            )
            .and_then(|mut statement| {
                statement.execute(params![run.number, run.entries, run.chunks, run.filter.as_bytes()])
            })
            .step(WRITE)?;
        Ok(self.run)
    }
}

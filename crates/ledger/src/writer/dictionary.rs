//! Training of compression dictionaries from the ledger's own rows. `docs/design/ledger.md` §4.2.
//!
//! Single rows of a quiet feed hold nothing to compress against; a dictionary is that something. It is trained when a
//! small block is about to be written and the ledger has grown enough, so a backfill never waits for it.

use super::Work;
use crate::block::Compressor;
use crate::digest::sha256;
use crate::error::{Error, Step};
use crate::store::{self, BlockHead};
use rusqlite::{Connection, params};

/// zstd's own advice is about a hundredth of the samples; 64 KiB was the best of 16 to 112 KiB for single rows.
const DICTIONARY_BYTES: usize = 64 << 10;

/// Rows a dictionary is trained from; takes 0.2 s.
const SAMPLE_ROWS: usize = 3_000;
const SAMPLE_BYTES: usize = 8 << 20;

/// The first dictionary is trained at this many rows, each further one at 16 times as many.
const FIRST_AT: u64 = 1_000;

/// The dictionary small blocks are compressed with.
#[derive(Debug)]
pub(super) struct Dictionary {
    /// The last version that was trained, or that could not be: not tried again until the next one is due.
    tried: u32,
    pub(super) newest: Option<Trained>,
}

#[derive(Debug)]
pub(super) struct Trained {
    pub(super) version: u32,
    pub(super) compressor: Compressor,
}

impl Dictionary {
    pub(super) fn load(connection: &Connection, level: i32) -> Result<Self, Error> {
        const STEP: &str = "find the newest compression dictionary";
        let version: Option<u32> =
            connection.query_row("SELECT max(version) FROM dictionary", [], |row| row.get(0)).step(STEP)?;
        let Some(version) = version else { return Ok(Self { tried: 0, newest: None }) };
        let dictionary = store::dictionary(connection, version)?;
        let compressor = Compressor::new(level, &dictionary).step(STEP)?;
        Ok(Self { tried: version, newest: Some(Trained { version, compressor }) })
    }
}

/// The version that is due when the ledger holds so many rows; 0 is none.
fn due(rows: u64) -> u32 {
    (0..16).take_while(|power| FIRST_AT.checked_mul(1 << (4 * power)).is_some_and(|at| at <= rows)).count()
        as u32
}

/// Trains and stores a dictionary when one is due.
pub(super) fn refresh(work: &mut Work<'_>) -> Result<(), Error> {
    let version = due(work.state.head.sequence);
    if version <= work.state.dictionary.tried {
        return Ok(());
    }
    work.state.dictionary.tried = version;
    let Some(dictionary) = train(work)? else { return Ok(()) };
    for copy in 1..=2 {
        work.execute(
            "INSERT INTO dictionary (version, copy, sha256, data) VALUES (?1, ?2, ?3, ?4)",
            params![version, copy, sha256(&dictionary), dictionary],
        )?;
    }
    let compressor = Compressor::new(work.options.compression_level, &dictionary).step("use a dictionary")?;
    work.state.dictionary.newest = Some(Trained { version, compressor });
    Ok(())
}

/// A dictionary from the newest rows; `None` when they are too few or too uniform.
fn train(work: &mut Work<'_>) -> Result<Option<Vec<u8>>, Error> {
    let mut samples: Vec<Vec<u8>> = Vec::new();
    let (mut bytes, mut end) = (0, work.state.head.sequence);
    while samples.len() < SAMPLE_ROWS && bytes < SAMPLE_BYTES && end > 0 {
        let Some(head) = BlockHead::at_or_before(work.connection, end)? else { break };
        let block = work.blocks.load(work.connection, &head)?;
        for index in (0..block.len()).rev().take(SAMPLE_ROWS - samples.len()) {
            let raw = block.row(index).step("read an activity")?.raw;
            bytes += raw.len();
            samples.push(raw.to_vec());
        }
        end = head.first_sequence - 1;
    }
    Ok(zstd::dict::from_samples(&samples, DICTIONARY_BYTES).ok())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_dictionary_is_due_at_each_sixteenfold() {
        let cases = [
            (0, 0),
            (999, 0),
            (1_000, 1),
            (15_999, 1),
            (16_000, 2),
            (256_000, 3),
            (1_000_000, 3),
            (u64::MAX, 14),
        ];
        for (rows, version) in cases {
            assert_eq!(super::due(rows), version, "{rows}");
        }
    }
}

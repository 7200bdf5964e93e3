//! The rows of a page: which of them are new, their place in the index of ids, and their blocks.
//!
//! Finding out what is new and encoding what is new do not need each other when everything is new, as in a page of
//! history. So for such a page both are done at once, and encoded again in the rare case that the guess was wrong.

use super::encode::{Encoded, encode, encode_block};
use super::input::Page;
use super::{Work, dictionary};
use crate::FeedId;
use crate::block::{BLOCK_BYTES, Compressor, DICTIONARY_BELOW, Row};
use crate::digest::Digest;
use crate::error::{Error, Step};
use crate::identifiers::{Identifier, Identifiers};
use crate::store::Blocks;
use rusqlite::{Connection, params};

const STEP: &str = "append a page";

/// What the rows of a page became.
pub(super) struct Stored {
    pub(super) new_positions: Vec<u32>,
    pub(super) leaves: Vec<Digest>,
}

/// Stores the rows that are new: their ids in the index, their bytes as blocks.
pub(super) fn store_rows(
    work: &mut Work<'_>,
    page: &Page<'_>,
    number: u64,
    fingerprints: &[u64],
) -> Result<Stored, Error> {
    let bytes: usize = page.rows.iter().map(|row| row.raw.len()).sum();
    if bytes > BLOCK_BYTES && work.compressors.len() > 1 && is_probably_new(work, fingerprints)? {
        // A page of history: nothing of it is known. The other threads encode all of it while this one makes sure.
        let mut index = IndexWork::of(work, page, fingerprints);
        let mut new_positions = Vec::new();
        let blocks = encode(&page.rows, index.compressors, || {
            new_positions = index.lookup.new_positions()?;
            let all = new_positions.len() == page.rows.len();
            if all {
                index.lookup.add(&new_positions)?;
            }
            Ok(all)
        })?;
        if let Some(blocks) = blocks {
            return Ok(Stored { new_positions, leaves: store_blocks(work, page.feed, number, 0, blocks)? });
        }
        return store_some(work, page, number, fingerprints, new_positions);
    }
    let new_positions = IndexWork::of(work, page, fingerprints).lookup.new_positions()?;
    store_some(work, page, number, fingerprints, new_positions)
}

/// Stores the rows at the positions.
fn store_some(
    work: &mut Work<'_>,
    page: &Page<'_>,
    number: u64,
    fingerprints: &[u64],
    new_positions: Vec<u32>,
) -> Result<Stored, Error> {
    if new_positions.is_empty() {
        return Ok(Stored { new_positions, leaves: Vec::new() });
    }
    let rows: Vec<Row<'_>> = new_positions.iter().map(|position| page.rows[*position as usize]).collect();
    let bytes: usize = rows.iter().map(|row| row.raw.len()).sum();
    let (dictionary, blocks) = if bytes < DICTIONARY_BELOW {
        IndexWork::of(work, page, fingerprints).lookup.add(&new_positions)?;
        dictionary::refresh(work)?;
        let (version, compressor) = match &mut work.state.dictionary.newest {
            Some(trained) => (trained.version, &mut trained.compressor),
            None => (0, &mut work.compressors[0]),
        };
        (version, vec![encode_block(&rows, 0..rows.len(), compressor).step(STEP)?])
    } else {
        let mut index = IndexWork::of(work, page, fingerprints);
        let blocks = encode(&rows, index.compressors, || index.lookup.add(&new_positions).map(|()| true))?;
        (0, blocks.unwrap_or_default())
    };
    Ok(Stored { new_positions, leaves: store_blocks(work, page.feed, number, dictionary, blocks)? })
}

/// Whether none of a few rows of the page is known.
fn is_probably_new(work: &Work<'_>, fingerprints: &[u64]) -> Result<bool, Error> {
    let mut sample: Vec<u64> = fingerprints.iter().step_by(fingerprints.len() / 4 + 1).copied().collect();
    sample.extend(fingerprints.last());
    sample.sort_unstable();
    sample.dedup();
    Ok(work.state.identifiers.find(work.connection, &sample)?.is_empty())
}

/// What the index of ids needs, apart from what the encoding needs: both go on at the same time.
struct IndexWork<'a> {
    lookup: Lookup<'a>,
    compressors: &'a mut [Compressor],
}

struct Lookup<'a> {
    connection: &'a Connection,
    identifiers: &'a mut Identifiers,
    blocks: &'a mut Blocks,
    page: &'a Page<'a>,
    fingerprints: &'a [u64],
    first_sequence: u64,
}

impl<'a> IndexWork<'a> {
    fn of(work: &'a mut Work<'_>, page: &'a Page<'a>, fingerprints: &'a [u64]) -> Self {
        let first_sequence = work.state.head.sequence + 1;
        let lookup = Lookup {
            connection: work.connection,
            identifiers: &mut work.state.identifiers,
            blocks: work.blocks,
            page,
            fingerprints,
            first_sequence,
        };
        Self { lookup, compressors: work.compressors }
    }
}

impl Lookup<'_> {
    /// Puts the rows at the positions into the index.
    fn add(&mut self, new_positions: &[u32]) -> Result<(), Error> {
        let rows = new_positions.iter().zip(self.first_sequence..);
        let new = rows.map(|(position, sequence)| Identifier {
            fingerprint: self.fingerprints[*position as usize],
            sequence,
        });
        let change = self.identifiers.add(self.connection, new.collect())?;
        self.identifiers.apply(change);
        Ok(())
    }

    /// Positions of the rows that neither the ledger nor an earlier row of the page has.
    fn new_positions(&mut self) -> Result<Vec<u32>, Error> {
        let rows = &self.page.rows;
        let mut keyed: Vec<(u64, u32)> = self.fingerprints.iter().copied().zip(0..).collect();
        keyed.sort_unstable();
        let mut fingerprints: Vec<u64> = keyed.iter().map(|(fingerprint, _)| *fingerprint).collect();
        fingerprints.dedup();
        let mut is_known = vec![false; rows.len()];

        let mut candidates = self.identifiers.find(self.connection, &fingerprints)?;
        candidates.sort_unstable_by_key(|(_, sequence)| *sequence);
        for (index, sequence) in candidates {
            let Some((feed, stored)) = self.blocks.row(self.connection, sequence)? else {
                let detail = format!("the index of ids names sequence {sequence}, which is not there");
                return Err(Error::damaged(STEP, detail));
            };
            for position in positions(&keyed, fingerprints[index]) {
                if feed == self.page.feed.0 && stored.id == rows[position].id {
                    is_known[position] = true;
                }
            }
        }
        if fingerprints.len() < rows.len() {
            find_repeated(rows, &keyed, &mut is_known);
        }
        Ok((0_u32..).zip(is_known).filter(|(_, known)| !known).map(|(position, _)| position).collect())
    }
}

/// Marks the rows whose id an earlier row of the page has.
fn find_repeated(rows: &[Row<'_>], keyed: &[(u64, u32)], is_known: &mut [bool]) {
    for same in keyed.chunk_by(|(one, _), (other, _)| one == other) {
        let mut seen: Vec<&str> = Vec::new();
        for (_, position) in same {
            let position = *position as usize;
            let id = rows[position].id;
            if is_known[position] || seen.contains(&id) {
                is_known[position] = true;
            } else {
                seen.push(id);
            }
        }
    }
}

/// Positions of the rows with a fingerprint, in the page's order.
fn positions(keyed: &[(u64, u32)], fingerprint: u64) -> impl Iterator<Item = usize> {
    let first = keyed.partition_point(|(known, _)| *known < fingerprint);
    keyed[first..]
        .iter()
        .take_while(move |(known, _)| *known == fingerprint)
        .map(|(_, position)| *position as usize)
}

/// Stores blocks; returns the leaves of their rows in order.
fn store_blocks(
    work: &Work<'_>,
    feed: FeedId,
    page: u64,
    dictionary: u32,
    blocks: Vec<Encoded>,
) -> Result<Vec<Digest>, Error> {
    let first_sequence = work.state.head.sequence + 1;
    for block in &blocks {
        store_block(work, feed, page, first_sequence, dictionary, block)?;
    }
    Ok(blocks.into_iter().flat_map(|block| block.leaves).collect())
}

fn store_block(
    work: &Work<'_>,
    feed: FeedId,
    page: u64,
    first_sequence: u64,
    dictionary: u32,
    block: &Encoded,
) -> Result<(), Error> {
    let first_sequence = first_sequence + block.rows.start as u64;
    work.execute(
        "INSERT INTO block (first_sequence, activities, page, feed, created_from, created_to, dictionary, payload_bytes)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            first_sequence,
            block.rows.len(),
            page,
            feed.0,
            block.created_from,
            block.created_to,
            dictionary,
            block.payload_bytes
        ],
    )?;
    let parameters = params![first_sequence, block.frame];
    work.execute("INSERT INTO block_data (first_sequence, data) VALUES (?1, ?2)", parameters)
}

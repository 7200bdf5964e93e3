//! Hashing and compressing the new rows of a page: the larger half of an append, spread over the threads there are.

use crate::block::{Compressor, Row, cut};
use crate::digest::{self, Digest};
use crate::error::{Error, Step};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A block ready to be stored.
pub(super) struct Encoded {
    pub(super) rows: Range<usize>,
    pub(super) created_from: i64,
    pub(super) created_to: i64,
    pub(super) payload_bytes: usize,
    pub(super) frame: Vec<u8>,
    pub(super) leaves: Vec<Digest>,
}

/// Cuts, hashes and compresses rows with one thread per compressor, while this thread first does something else: what
/// `meanwhile` does, whose outcome says whether the blocks are wanted. `None` when they are not.
///
/// A thread that cannot be started leaves its work to the others.
pub(super) fn encode(
    rows: &[Row<'_>],
    compressors: &mut [Compressor],
    meanwhile: impl FnOnce() -> Result<bool, Error>,
) -> Result<Option<Vec<Encoded>>, Error> {
    let ranges = cut(rows);
    let next = AtomicUsize::new(0);
    let work = |compressor: &mut Compressor| -> std::io::Result<Vec<Encoded>> {
        let mut done = Vec::new();
        while let Some(range) = ranges.get(next.fetch_add(1, Ordering::Relaxed)) {
            done.push(encode_block(rows, range.clone(), compressor)?);
        }
        Ok(done)
    };
    let Some((own, others)) = compressors.split_first_mut() else { return Ok(None) };
    let helpers = others.len().min(ranges.len().saturating_sub(1));
    let blocks = std::thread::scope(|scope| {
        let started: Vec<_> = others[..helpers]
            .iter_mut()
            .filter_map(|compressor| {
                std::thread::Builder::new().spawn_scoped(scope, || work(compressor)).ok()
            })
            .collect();
        let wanted = meanwhile();
        if !matches!(wanted, Ok(true)) {
            next.store(ranges.len(), Ordering::Relaxed);
        }
        let mut blocks = work(own)?;
        for helper in started {
            match helper.join() {
                Ok(done) => blocks.extend(done?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        std::io::Result::Ok(wanted.map(|wanted| wanted.then_some(blocks)))
    });
    let mut blocks = blocks.step("compress the activities of a page")??;
    if let Some(blocks) = &mut blocks {
        blocks.sort_unstable_by_key(|block| block.rows.start);
    }
    Ok(blocks)
}

/// One block of the rows in `range`.
pub(super) fn encode_block(
    rows: &[Row<'_>],
    range: Range<usize>,
    compressor: &mut Compressor,
) -> std::io::Result<Encoded> {
    let rows = &rows[range.clone()];
    let (payload_bytes, frame) = compressor.compress_rows(rows)?;
    let times = || rows.iter().map(|row| row.created_at);
    Ok(Encoded {
        rows: range,
        created_from: times().min().unwrap_or_default(),
        created_to: times().max().unwrap_or_default(),
        payload_bytes,
        frame,
        leaves: rows.iter().map(|row| digest::leaf(row.created_at, row.id, row.raw)).collect(),
    })
}

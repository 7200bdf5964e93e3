//! Blocks: the activities of a page in one compressed piece. Form: `docs/design/ledger.md` §4.
//!
//! Two layers. [`encode_payload`] and [`Block::parse`] turn rows into plain bytes and back; [`Compressor`] and
//! [`Decompressor`] turn plain bytes into a zstd frame with a checksum and back. Both readers survive any bytes.

use crate::encoding::{Input, put_varint, put_zigzag};
use crate::error::Malformed;
use std::collections::HashMap;
use std::ops::Range;

/// A page is cut into blocks of about this many bytes of activities: large enough to compress well (512 KiB is
/// within 3 % of 4 MiB), small enough that one random row costs 0.3 ms.
pub(crate) const BLOCK_BYTES: usize = 512 << 10;

/// Payloads below this are compressed with the trained dictionary.
pub(crate) const DICTIONARY_BELOW: usize = 128 << 10;

/// No payload is larger: the largest activity, its id, and the columns around it.
pub(crate) const PAYLOAD_BYTES_MAX: usize = 65 << 20;

/// Where in an activity its id is looked for.
const ID_SEARCH_BYTES: usize = 4 << 10;

/// Working memory kept from one block to the next; a giant activity's is given back.
const KEPT_BYTES_MAX: usize = 2 << 20;

const PAYLOAD_VERSION: u8 = 1;

/// One activity, borrowed from a page or from a block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Row<'a> {
    /// Microseconds.
    pub(crate) created_at: i64,
    pub(crate) id: &'a str,
    pub(crate) raw: &'a [u8],
}

/// Cuts rows into ranges of about [`BLOCK_BYTES`] each, all of about the same size.
pub(crate) fn cut(rows: &[Row<'_>]) -> Vec<Range<usize>> {
    let total: usize = rows.iter().map(|row| row.raw.len()).sum();
    let target = (total / total.div_ceil(BLOCK_BYTES).max(1)).max(1);
    let mut ranges = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (index, row) in rows.iter().enumerate() {
        bytes += row.raw.len();
        if bytes >= target {
            ranges.push(start..index + 1);
            (start, bytes) = (index + 1, 0);
        }
    }
    if start < rows.len() {
        ranges.push(start..rows.len());
    }
    ranges
}

/// Appends the plain payload of some rows.
pub(crate) fn encode_payload(rows: &[Row<'_>], payload: &mut Vec<u8>) {
    payload.push(PAYLOAD_VERSION);
    put_varint(payload, rows.len() as u64);
    for row in rows {
        put_varint(payload, row.raw.len() as u64);
    }
    let mut before = 0_i64;
    for row in rows {
        put_zigzag(payload, row.created_at.wrapping_sub(before));
        before = row.created_at;
    }
    let places = id_places(rows);
    for place in &places {
        put_varint(payload, place.map_or(0, |place| place as u64 + 1));
    }
    for row in rows {
        put_varint(payload, row.id.len() as u64);
    }
    for (row, place) in rows.iter().zip(&places) {
        if place.is_none() {
            payload.extend_from_slice(row.id.as_bytes());
        }
    }
    for row in rows {
        payload.extend_from_slice(row.raw);
    }
}

/// Where each row's id stands in its own bytes. Rows of one feed have it in the same place, so that is tried first.
fn id_places(rows: &[Row<'_>]) -> Vec<Option<usize>> {
    let mut usual = 0;
    rows.iter()
        .map(|row| {
            let id = row.id.as_bytes();
            if row.raw.get(usual..usual + id.len()) == Some(id) {
                return Some(usual);
            }
            let head = &row.raw[..row.raw.len().min(ID_SEARCH_BYTES)];
            let place = head.windows(id.len().max(1)).position(|window| window == id);
            usual = place.unwrap_or(usual);
            place
        })
        .collect()
}

/// A block taken apart: the payload, and where each row stands in it.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    payload: Vec<u8>,
    rows: Vec<Place>,
}

#[derive(Clone, Debug)]
struct Place {
    created_at: i64,
    id: Range<usize>,
    raw: Range<usize>,
}

impl Block {
    /// Takes a payload apart; anything that does not fit exactly is malformed.
    pub(crate) fn parse(payload: Vec<u8>) -> Result<Self, Malformed> {
        let rows = Self::places(&payload)?;
        Ok(Self { payload, rows })
    }

    fn places(payload: &[u8]) -> Result<Vec<Place>, Malformed> {
        let mut input = Input::new(payload);
        if input.u8()? != PAYLOAD_VERSION {
            return Err(Malformed("a block is of an unknown version"));
        }
        // A row takes at least four bytes of columns, so a count that cannot be there reserves no memory.
        let count = usize::try_from(input.varint()?).unwrap_or(usize::MAX);
        if count > input.remaining() / 4 {
            return Err(Malformed("a block claims more rows than fit"));
        }
        let numbers =
            |input: &mut Input<'_>| (0..count).map(|_| input.varint()).collect::<Result<Vec<_>, _>>();
        let lengths = numbers(&mut input)?;
        let times = (0..count).map(|_| input.zigzag()).collect::<Result<Vec<_>, _>>()?;
        let id_places = numbers(&mut input)?;
        let id_lengths = numbers(&mut input)?;

        let mut next_id = payload.len() - input.remaining();
        let mut apart = id_places.iter().zip(&id_lengths).filter(|(place, _)| **place == 0);
        let apart = apart.try_fold(0_u64, |sum, (_, length)| sum.checked_add(*length));
        let apart = apart.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(usize::MAX);
        input.take(apart)?;

        let mut next_raw = payload.len() - input.remaining();
        let mut created_at = 0_i64;
        let mut rows = Vec::with_capacity(count);
        for index in 0..count {
            let raw_bytes = usize::try_from(lengths[index]).unwrap_or(usize::MAX);
            input.take(raw_bytes)?;
            let raw = next_raw..next_raw + raw_bytes;
            next_raw = raw.end;
            let id_bytes = usize::try_from(id_lengths[index]).unwrap_or(usize::MAX);
            let id = if id_places[index] == 0 {
                let start = next_id;
                next_id += id_bytes;
                start..next_id
            } else {
                let place = usize::try_from(id_places[index] - 1).unwrap_or(usize::MAX);
                let end = place.checked_add(id_bytes).filter(|end| *end <= raw_bytes);
                let end = end.ok_or(Malformed("an id stands outside its activity"))?;
                raw.start + place..raw.start + end
            };
            created_at = created_at.wrapping_add(times[index]);
            rows.push(Place { created_at, id, raw });
        }
        input.end()?;
        Ok(rows)
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The row at `index`, which is below [`Block::len`].
    pub(crate) fn row(&self, index: usize) -> Result<Row<'_>, Malformed> {
        let place = &self.rows[index];
        let id = std::str::from_utf8(&self.payload[place.id.clone()])
            .map_err(|_| Malformed("an id is not UTF-8"))?;
        Ok(Row { created_at: place.created_at, id, raw: &self.payload[place.raw.clone()] })
    }

    /// When the row at `index` happened, in microseconds.
    pub(crate) fn created_at(&self, index: usize) -> i64 {
        self.rows[index].created_at
    }
}

/// Compresses payloads; keeps its working memory, so it is made once.
pub(crate) struct Compressor {
    inner: zstd::bulk::Compressor<'static>,
    payload: Vec<u8>,
    frame: Vec<u8>,
}

impl Compressor {
    /// An empty `dictionary` is none.
    pub(crate) fn new(level: i32, dictionary: &[u8]) -> std::io::Result<Self> {
        let mut inner = zstd::bulk::Compressor::with_dictionary(level, dictionary)?;
        inner.include_checksum(true)?;
        inner.include_contentsize(true)?;
        inner.include_dictid(false)?;
        Ok(Self { inner, payload: Vec::new(), frame: Vec::new() })
    }

    /// The size of the payload of some rows, and its frame.
    pub(crate) fn compress_rows(&mut self, rows: &[Row<'_>]) -> std::io::Result<(usize, Vec<u8>)> {
        let mut payload = std::mem::take(&mut self.payload);
        payload.clear();
        encode_payload(rows, &mut payload);
        let frame = self.compress(&payload)?;
        let bytes = payload.len();
        if payload.capacity() <= KEPT_BYTES_MAX {
            self.payload = payload;
        }
        Ok((bytes, frame))
    }

    pub(crate) fn compress(&mut self, payload: &[u8]) -> std::io::Result<Vec<u8>> {
        self.frame.clear();
        self.frame.reserve(zstd::zstd_safe::compress_bound(payload.len()));
        self.inner.compress_to_buffer(payload, &mut self.frame)?;
        let frame = self.frame.as_slice().to_vec();
        self.frame.shrink_to(KEPT_BYTES_MAX);
        Ok(frame)
    }
}

impl std::fmt::Debug for Compressor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Compressor")
    }
}

/// Decompresses frames, by the version of the dictionary they need (0: none).
#[derive(Default)]
pub(crate) struct Decompressor {
    by_dictionary: HashMap<u32, zstd::bulk::Decompressor<'static>>,
}

impl Decompressor {
    pub(crate) fn knows(&self, version: u32) -> bool {
        self.by_dictionary.contains_key(&version)
    }

    /// Makes a dictionary known; an empty one is none.
    pub(crate) fn learn(&mut self, version: u32, dictionary: &[u8]) -> Result<(), Malformed> {
        let inner = zstd::bulk::Decompressor::with_dictionary(dictionary)
            .map_err(|_| Malformed("a compression dictionary cannot be used"))?;
        self.by_dictionary.insert(version, inner);
        Ok(())
    }

    /// The payload of a frame that says it is `payload_bytes` long and at most `limit`.
    pub(crate) fn decompress(
        &mut self,
        version: u32,
        frame: &[u8],
        payload_bytes: usize,
        limit: usize,
    ) -> Result<Vec<u8>, Malformed> {
        let claimed = zstd::zstd_safe::get_frame_content_size(frame).ok().flatten();
        if payload_bytes > limit || claimed != Some(payload_bytes as u64) {
            return Err(Malformed("a compressed frame is not of the stated size"));
        }
        let inner =
            self.by_dictionary.get_mut(&version).ok_or(Malformed("a compression dictionary is not known"))?;
        let payload = inner.decompress(frame, payload_bytes).map_err(|_| {
            Malformed("a compressed frame is damaged (its checksum or structure does not hold)")
        })?;
        if payload.len() == payload_bytes {
            Ok(payload)
        } else {
            Err(Malformed("a frame is shorter than stated"))
        }
    }
}

impl std::fmt::Debug for Decompressor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_set().entries(self.by_dictionary.keys()).finish()
    }
}

#[cfg(test)]
#[path = "block/tests.rs"]
mod tests;

//! What the writer and the readers share: the head, stored blocks, and the conversion of times.

use crate::block::{Block, Decompressor, PAYLOAD_BYTES_MAX, Row};
use crate::digest::{Digest, sha256};
use crate::error::{Error, Malformed, Step};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _};

/// Where the ledger stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Head {
    pub(crate) identity: [u8; 16],
    pub(crate) epoch: u64,
    pub(crate) link: u64,
    pub(crate) hash: Digest,
    pub(crate) page: u64,
    pub(crate) sequence: u64,
}

impl Head {
    pub(crate) fn load(connection: &Connection) -> Result<Self, Error> {
        const STEP: &str = "read the head of the ledger";
        connection
            .prepare_cached("SELECT identity, epoch, link, hash, page, sequence FROM head")
            .and_then(|mut statement| {
                statement.query_row([], |row| {
                    Ok(Self {
                        identity: row.get(0)?,
                        epoch: row.get(1)?,
                        link: row.get(2)?,
                        hash: row.get(3)?,
                        page: row.get(4)?,
                        sequence: row.get(5)?,
                    })
                })
            })
            .step(STEP)
    }
}

/// A stored instant. Every instant that was stored came from a [`Timestamp`], so another one is damage.
pub(crate) fn instant(microseconds: i64, step: &str) -> Result<Timestamp, Error> {
    Timestamp::from_microsecond(microseconds).map_err(|_| Error::damaged(step, "a time is out of range"))
}

/// The whole microseconds of an instant, rounded down.
pub(crate) fn microseconds(instant: Timestamp) -> i64 {
    let whole = instant.as_microsecond();
    // `as_microsecond` rounds towards zero, which is up before 1970.
    if instant.subsec_nanosecond() % 1_000 < 0 { whole - 1 } else { whole }
}

/// The row of a block in the table `block`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct BlockHead {
    pub(crate) first_sequence: u64,
    pub(crate) activities: u64,
    pub(crate) page: u64,
    pub(crate) feed: i64,
    pub(crate) created_from: i64,
    pub(crate) created_to: i64,
    pub(crate) dictionary: u32,
    pub(crate) payload_bytes: usize,
}

impl BlockHead {
    pub(crate) const COLUMNS: &'static str =
        "first_sequence, activities, page, feed, created_from, created_to, dictionary, payload_bytes";

    pub(crate) fn from_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            first_sequence: row.get(0)?,
            activities: row.get(1)?,
            page: row.get(2)?,
            feed: row.get(3)?,
            created_from: row.get(4)?,
            created_to: row.get(5)?,
            dictionary: row.get(6)?,
            payload_bytes: row.get(7)?,
        })
    }

    /// The block that holds the sequence, or the last one before it.
    pub(crate) fn at_or_before(connection: &Connection, sequence: u64) -> Result<Option<Self>, Error> {
        let columns = Self::COLUMNS;
        let sql = format!(
            "SELECT {columns} FROM block WHERE first_sequence <= ?1 ORDER BY first_sequence DESC LIMIT 1"
        );
        connection
            .prepare_cached(&sql)
            .and_then(|mut statement| statement.query_row([sequence], Self::from_row).optional())
            .step("find the block of a sequence")
    }

    /// The first sequence after this block.
    pub(crate) fn end(&self) -> u64 {
        self.first_sequence.saturating_add(self.activities)
    }
}

/// Reads blocks, and keeps the last one: neighbours are asked for one after the other.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    decompressor: Decompressor,
    loaded: Option<(u64, Block)>,
}

impl Blocks {
    /// The activities of a block.
    pub(crate) fn load(&mut self, connection: &Connection, head: &BlockHead) -> Result<&Block, Error> {
        let step = || format!("read the activities from sequence {} on", head.first_sequence);
        let known = self.loaded.take_if(|(first_sequence, _)| *first_sequence == head.first_sequence);
        let block = match known {
            Some((_, block)) => block,
            None => self.decompress(connection, head).map_err(|error| match error {
                Failed::Malformed(Malformed(detail)) => Error::damaged(step(), detail),
                Failed::Sqlite(error) => Err::<(), _>(error).step(&step()).expect_err("it is an error"),
                Failed::Error(error) => error,
            })?,
        };
        if block.len() as u64 != head.activities {
            let detail = format!("the block holds {} activities instead of {}", block.len(), head.activities);
            return Err(Error::damaged(step(), detail));
        }
        Ok(&self.loaded.insert((head.first_sequence, block)).1)
    }

    /// The stored row of a sequence, with the number of its feed.
    pub(crate) fn row(
        &mut self,
        connection: &Connection,
        sequence: u64,
    ) -> Result<Option<(i64, Row<'_>)>, Error> {
        let head = BlockHead::at_or_before(connection, sequence)?.filter(|head| sequence < head.end());
        let Some(head) = head else { return Ok(None) };
        let block = self.load(connection, &head)?;
        let row = block.row((sequence - head.first_sequence) as usize).step("read an activity")?;
        Ok(Some((head.feed, row)))
    }

    fn decompress(&mut self, connection: &Connection, head: &BlockHead) -> Result<Block, Failed> {
        if !self.decompressor.knows(head.dictionary) {
            let dictionary = dictionary(connection, head.dictionary).map_err(Failed::Error)?;
            self.decompressor.learn(head.dictionary, &dictionary)?;
        }
        let mut statement =
            connection.prepare_cached("SELECT data FROM block_data WHERE first_sequence = ?1")?;
        let mut rows = statement.query([head.first_sequence])?;
        let row = rows.next()?.ok_or(Malformed("the block has no data"))?;
        let frame = row.get_ref(0)?.as_blob().map_err(|_| Malformed("the block's data is not bytes"))?;
        let payload =
            self.decompressor.decompress(head.dictionary, frame, head.payload_bytes, PAYLOAD_BYTES_MAX)?;
        Ok(Block::parse(payload)?)
    }
}

enum Failed {
    Malformed(Malformed),
    Sqlite(rusqlite::Error),
    Error(Error),
}

impl From<Malformed> for Failed {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// The dictionary of a version: the first of its copies that is what it was. Version 0 is none.
pub(crate) fn dictionary(connection: &Connection, version: u32) -> Result<Vec<u8>, Error> {
    if version == 0 {
        return Ok(Vec::new());
    }
    let step = format!("read compression dictionary {version}");
    let mut statement = connection
        .prepare_cached("SELECT sha256, data FROM dictionary WHERE version = ?1 ORDER BY copy")
        .step(&step)?;
    let copies =
        statement.query_map([version], |row| Ok((row.get::<_, Digest>(0)?, row.get::<_, Vec<u8>>(1)?)));
    // A copy that cannot even be read is passed over like one that is not what it was.
    let whole = copies.step(&step)?.filter_map(Result::ok).find(|(digest, data)| sha256(data) == *digest);
    whole.map(|(_, data)| data).ok_or_else(|| Error::damaged(&step, "no copy of it is whole"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_rounded_down_on_both_sides_of_1970() {
        for (nanoseconds, expected) in [(0, 0), (999, 0), (1_000, 1), (-1, -1), (-1_000, -1), (-1_001, -2)] {
            let instant = Timestamp::from_nanosecond(nanoseconds).expect("in range");
            assert_eq!(microseconds(instant), expected, "{nanoseconds}");
        }
    }
}

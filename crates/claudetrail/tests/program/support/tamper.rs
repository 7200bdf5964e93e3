//! Someone who has the ledger's file and its specification, and wants something out of the trail: edits that keep every
//! number of a block consistent. Written from `docs/design/ledger.md` §4 alone.

use rusqlite::{Connection, params};

/// A row of a block.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) created_at: i64,
    pub(crate) id: String,
    pub(crate) activity: Vec<u8>,
}

/// Rewrites the rows of the first block with at least three rows and no dictionary.
pub(crate) fn edit_rows(database: &Connection, edit: impl FnOnce(&mut Vec<Row>)) {
    let (first_sequence, frame): (i64, Vec<u8>) = database
        .query_row(
            "SELECT first_sequence, data FROM block JOIN block_data USING (first_sequence)
             WHERE activities >= 3 AND dictionary = 0 ORDER BY first_sequence LIMIT 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .expect("a block of three rows");
    let mut rows = decode(&zstd::decode_all(&frame[..]).expect("a whole frame"));
    edit(&mut rows);
    let payload = encode(&rows);
    let mut compressor = zstd::bulk::Compressor::new(3).expect("a compressor");
    compressor.include_checksum(true).expect("sets");
    compressor.include_contentsize(true).expect("sets");
    let frame = compressor.compress(&payload).expect("compresses");
    let times = || rows.iter().map(|row| row.created_at);
    database
        .execute(
            "UPDATE block SET activities = ?2, payload_bytes = ?3, created_from = ?4, created_to = ?5
             WHERE first_sequence = ?1",
            params![first_sequence, rows.len(), payload.len(), times().min(), times().max()],
        )
        .expect("updates");
    database
        .execute("UPDATE block_data SET data = ?2 WHERE first_sequence = ?1", params![first_sequence, frame])
        .expect("updates");
}

fn decode(payload: &[u8]) -> Vec<Row> {
    let mut rest = &payload[1..];
    let rows = take(&mut rest) as usize;
    let list = |rest: &mut &[u8]| (0..rows).map(|_| take(rest)).collect::<Vec<u64>>();
    let (lengths, times, places) = (list(&mut rest), list(&mut rest), list(&mut rest));
    let id_lengths = list(&mut rest);
    let apart: u64 =
        places.iter().zip(&id_lengths).filter(|(place, _)| **place == 0).map(|(_, size)| size).sum();
    let (mut ids, mut activities) = rest.split_at(apart as usize);
    let mut created_at = 0;
    (0..rows)
        .map(|row| {
            created_at += (times[row] >> 1) as i64 ^ -((times[row] & 1) as i64);
            let activity = cut(&mut activities, lengths[row] as usize);
            let size = id_lengths[row] as usize;
            let id = match places[row] {
                0 => cut(&mut ids, size),
                place => activity[place as usize - 1..][..size].to_vec(),
            };
            Row { created_at, id: String::from_utf8(id).expect("an id"), activity }
        })
        .collect()
}

/// The same rows, with every id apart: another way that the format allows.
fn encode(rows: &[Row]) -> Vec<u8> {
    let mut payload = vec![1];
    put(&mut payload, rows.len() as u64);
    for row in rows {
        put(&mut payload, row.activity.len() as u64);
    }
    let mut before = 0;
    for row in rows {
        let difference = row.created_at - before;
        put(&mut payload, ((difference << 1) ^ (difference >> 63)) as u64);
        before = row.created_at;
    }
    for _ in rows {
        put(&mut payload, 0);
    }
    for row in rows {
        put(&mut payload, row.id.len() as u64);
    }
    for row in rows {
        payload.extend_from_slice(row.id.as_bytes());
    }
    for row in rows {
        payload.extend_from_slice(&row.activity);
    }
    payload
}

fn cut(bytes: &mut &[u8], size: usize) -> Vec<u8> {
    let (head, tail) = bytes.split_at(size);
    *bytes = tail;
    head.to_vec()
}

fn take(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = cut(bytes, 1)[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    value
}

fn put(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

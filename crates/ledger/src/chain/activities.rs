//! The activities of one page: recomputed, compared with the page's record, and the one that differs named.

use super::{DifferenceKind as Kind, Stop};
use crate::digest::{self, CHECK_BYTES, Digest};
use crate::error::{Error, Step};
use crate::identifiers::{self, Identifier};
use crate::record::PageFields;
use crate::store::{BlockHead, Blocks};
use rusqlite::Connection;

const STEP: &str = "check the activities of a page";

/// What the blocks of a page hold.
#[derive(Default, Debug)]
pub(super) struct Found {
    pub(super) blocks: u64,
    pub(super) identifiers: u128,
    leaves: Vec<Digest>,
}

/// Recomputes a page's activities from its blocks.
pub(super) fn check(
    connection: &Connection,
    blocks: &mut Blocks,
    fields: &PageFields,
    checks: &[u8],
) -> Result<Found, Stop> {
    let heads = heads(connection, fields)?;
    let mut found = Found::default();
    for head in &heads {
        read(connection, blocks, fields, head, &mut found).map_err(|error| {
            let stop = Stop::from(error);
            stop.activity(head.first_sequence, None).at(None, Some(fields.page))
        })?;
    }
    let expected = fields.inserted as usize;
    if found.leaves.len() != expected || digest::root(found.leaves.clone()) != fields.activities {
        return Err(name(connection, blocks, fields, &heads, &found.leaves, checks));
    }
    placed(blocks, connection, fields, &heads)?;
    let kept = found.leaves.iter().flat_map(|leaf| &leaf[..CHECK_BYTES]);
    if !kept.eq(checks) {
        let message = format!("the check values of page {} were changed", fields.page);
        return Err(Stop::differs(Kind::PageChanged, message));
    }
    Ok(found)
}

/// The blocks that begin within the sequences of the page.
fn heads(connection: &Connection, fields: &PageFields) -> Result<Vec<BlockHead>, Error> {
    let end = fields.first_sequence + u64::from(fields.inserted);
    let sql = format!(
        "SELECT {} FROM block WHERE first_sequence >= ?1 AND first_sequence < ?2 ORDER BY first_sequence",
        BlockHead::COLUMNS
    );
    let mut statement = connection.prepare_cached(&sql).step(STEP)?;
    let heads = statement.query_map([fields.first_sequence, end], BlockHead::from_row).step(STEP)?;
    heads.collect::<Result<_, _>>().step(STEP)
}

fn read(
    connection: &Connection,
    blocks: &mut Blocks,
    fields: &PageFields,
    head: &BlockHead,
    found: &mut Found,
) -> Result<(), Error> {
    let block = blocks.load(connection, head)?;
    for index in 0..block.len() {
        let row = block.row(index).step(STEP)?;
        found.leaves.push(digest::leaf(row.created_at, row.id, row.raw));
        let fingerprint = digest::fingerprint(fields.feed, row.id);
        let identifier = Identifier { fingerprint, sequence: head.first_sequence + index as u64 };
        found.identifiers = found.identifiers.wrapping_add(identifiers::sum(identifier));
    }
    found.blocks += 1;
    Ok(())
}

/// The activities are all there; their blocks must also say so: place, page, feed and bounds of time.
fn placed(
    blocks: &mut Blocks,
    connection: &Connection,
    fields: &PageFields,
    heads: &[BlockHead],
) -> Result<(), Stop> {
    let mut next = fields.first_sequence;
    for head in heads {
        let block = blocks.load(connection, head)?;
        let times = || (0..block.len()).map(|index| block.created_at(index));
        let bounds = (times().min(), times().max());
        let expected = (next, fields.page, fields.feed);
        if (head.first_sequence, head.page, head.feed) != expected
            || bounds != (Some(head.created_from), Some(head.created_to))
        {
            let message = format!("the block of sequence {next} does not say what it holds");
            return Err(Stop::differs(Kind::BlockChanged, message).activity(next, None));
        }
        next = head.end();
    }
    Ok(())
}

/// Names the activity that differs, by the check values the page kept of each.
fn name(
    connection: &Connection,
    blocks: &mut Blocks,
    fields: &PageFields,
    heads: &[BlockHead],
    leaves: &[Digest],
    checks: &[u8],
) -> Stop {
    let expected = fields.inserted as usize;
    let kept = checks.as_chunks::<CHECK_BYTES>().0;
    let same = |index: usize| {
        let (leaf, kept) = (leaves.get(index), kept.get(index));
        matches!((leaf, kept), (Some(leaf), Some(kept)) if leaf.starts_with(kept))
    };
    let first = (0..leaves.len().max(kept.len())).find(|index| !same(*index));
    let page = fields.page;
    let Some(index) = first.filter(|_| kept.len() == expected) else {
        let message = format!(
            "the {} activities of page {page} are not the {expected} that were appended, and its check values, which \
             would tell which, were changed too",
            leaves.len()
        );
        return Stop::differs(Kind::ActivityChanged, message);
    };
    let sequence = fields.first_sequence + index as u64;
    let stored = stored_id(connection, blocks, heads, index);
    let (kind, what) = match leaves.len() {
        fewer if fewer < expected => (Kind::ActivityMissing, "is gone"),
        more if more > expected => (Kind::ActivityAdded, "was not there when the page was appended"),
        _ if is_permutation(leaves, kept) => (Kind::ActivityReordered, "stands where another one stood"),
        _ => (Kind::ActivityChanged, "is not the one that was appended"),
    };
    let id = stored.filter(|_| kind != Kind::ActivityMissing);
    let label = id.as_ref().map_or_else(String::new, |id| format!(" ({id})"));
    Stop::differs(kind, format!("activity {sequence}{label} of page {page} {what}")).activity(sequence, id)
}

fn is_permutation(leaves: &[Digest], kept: &[[u8; CHECK_BYTES]]) -> bool {
    let mut found: Vec<&[u8]> = leaves.iter().map(|leaf| &leaf[..CHECK_BYTES]).collect();
    let mut kept: Vec<&[u8]> = kept.iter().map(<[u8; CHECK_BYTES]>::as_slice).collect();
    found.sort_unstable();
    kept.sort_unstable();
    found == kept
}

/// The id of the row at an index counted over all blocks of the page.
fn stored_id(
    connection: &Connection,
    blocks: &mut Blocks,
    heads: &[BlockHead],
    mut index: usize,
) -> Option<String> {
    for head in heads {
        let block = blocks.load(connection, head).ok()?;
        if index < block.len() {
            return block.row(index).ok().map(|row| row.id.to_owned());
        }
        index -= block.len();
    }
    None
}

//! What was found out about the vendor's transparency log.

use super::Reader;
use crate::error::{Error, Step};
use crate::record::transparency::{AcknowledgementFields, BreakFields, CheckpointFields, LeafFields};
use crate::store::instant;
use crate::transparency::{Acknowledgement, Checkpoint, LogBreak, LogCheck, LoggedRow, NewBreak, ProvenLeaf};
use crate::{Failure, FeedId};
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};
use std::collections::HashMap;

const STEP: &str = "read what is known of the transparency log";

impl Reader {
    /// Every accepted checkpoint of a feed's logs, oldest first.
    pub fn checkpoints(&self, feed: FeedId) -> Result<Vec<Checkpoint>, Error> {
        let all = checkpoints(&self.connection)?;
        all.into_iter().filter(|(_, fields)| fields.feed == feed.0).map(checkpoint).collect()
    }

    /// Every proven activity of a feed, by sequence.
    pub fn proven_leaves(&self, feed: FeedId) -> Result<Vec<ProvenLeaf>, Error> {
        let of_feed: Vec<u64> =
            self.checkpoints(feed)?.into_iter().map(|checkpoint| checkpoint.number).collect();
        let all = leaves(&self.connection)?;
        let of_feed = all.into_iter().filter(|(_, leaf)| of_feed.contains(&leaf.checkpoint));
        of_feed
            .map(|(link, leaf)| {
                Ok(ProvenLeaf {
                    sequence: leaf.sequence,
                    checkpoint: leaf.checkpoint,
                    leaf_index: leaf.leaf_index,
                    path: leaf.path,
                    proven_at: instant(leaf.at, STEP)?,
                    link,
                })
            })
            .collect()
    }

    /// Every break of a feed's logs, oldest first.
    pub fn log_breaks(&self, feed: FeedId) -> Result<Vec<LogBreak>, Error> {
        let all = breaks(&self.connection)?;
        let mut acknowledged: HashMap<u64, (u64, AcknowledgementFields)> =
            acknowledgements(&self.connection)?
                .into_iter()
                .map(|(link, fields)| (fields.number, (link, fields)))
                .collect();
        let of_feed = all.into_iter().filter(|(_, fields)| fields.feed == feed.0);
        of_feed
            .map(|(link, fields)| {
                let acknowledged = acknowledged.remove(&fields.number);
                let acknowledged =
                    acknowledged.map(|(link, AcknowledgementFields { reason, by, at, .. })| {
                        Ok::<_, Error>(Acknowledgement { reason, by, at: instant(at, STEP)?, link })
                    });
                let BreakFields { number, origin, kind, sequence, detail, evidence, at, .. } = fields;
                let sequence = Some(sequence).filter(|sequence| *sequence > 0);
                let told = NewBreak { origin, kind, sequence, detail, evidence };
                let (found_at, acknowledged) = (instant(at, STEP)?, acknowledged.transpose()?);
                Ok(LogBreak { number, feed, told, found_at, link, acknowledged })
            })
            .collect()
    }

    /// Every activity of a feed that should stand in a log, by sequence.
    pub fn logged_rows(&self, feed: FeedId) -> Result<Vec<LoggedRow>, Error> {
        type Columns = (u64, Option<String>, Option<u64>, i64, Option<i64>);
        let rows: Vec<Columns> = read(
            &self.connection,
            "SELECT sequence, origin, leaf_index, created_at, waits_since FROM logged_row WHERE feed = ?1
             ORDER BY sequence",
            params![feed.0],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)),
        )?;
        let row = |(sequence, origin, leaf_index, created_at, waits_since): Columns| {
            let created_at = instant(created_at, STEP)?;
            let waits_since = moment(waits_since)?;
            Ok(LoggedRow { sequence, origin, leaf_index, created_at, waits_since })
        };
        rows.into_iter().map(row).collect()
    }

    /// Up to which sequence a feed's activities were looked through for those that should stand in a log.
    pub fn logged_rows_known(&self, feed: FeedId) -> Result<u64, Error> {
        self.connection
            .query_row(
                "SELECT coalesce(max(until), 0) FROM logged_rows_known WHERE feed = ?1",
                [feed.0],
                |row| row.get(0),
            )
            .step(STEP)
    }

    /// How the last check of each of a feed's logs went.
    pub fn log_checks(&self, feed: FeedId) -> Result<Vec<LogCheck>, Error> {
        type Columns = (String, i64, Option<i64>, Option<[String; 3]>, Option<String>);
        let rows: Vec<Columns> = read(
            &self.connection,
            "SELECT origin, tried_at, checked_at, failure_kind, failure_message, failure_hint, failure_request_id
             FROM log_check WHERE feed = ?1 ORDER BY origin",
            params![feed.0],
            |row| {
                let kind: Option<String> = row.get(3)?;
                let failure = match kind {
                    Some(kind) => Some([kind, row.get(4)?, row.get(5)?]),
                    None => None,
                };
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, failure, row.get(6)?))
            },
        )?;
        let check = |(origin, tried_at, checked_at, failure, request_id): Columns| {
            let tried_at = instant(tried_at, STEP)?;
            let failure = failure.map(|[kind, message, hint]| Failure {
                at: tried_at,
                kind,
                message,
                hint,
                request_id,
            });
            Ok(LogCheck { origin, tried_at, checked_at: moment(checked_at)?, failure })
        };
        rows.into_iter().map(check).collect()
    }
}

fn checkpoint((link, fields): (u64, CheckpointFields)) -> Result<Checkpoint, Error> {
    let CheckpointFields { feed, number, origin, tree_size, note, public_key, consistency, at } = fields;
    let accepted_at = instant(at, STEP)?;
    let feed = FeedId(feed);
    Ok(Checkpoint { number, feed, origin, tree_size, note, public_key, consistency, accepted_at, link })
}

fn moment(microseconds: Option<i64>) -> Result<Option<Timestamp>, Error> {
    microseconds.map(|microseconds| instant(microseconds, STEP)).transpose()
}

/// Every checkpoint with its link, as the record of that link should have it.
pub(crate) fn checkpoints(connection: &Connection) -> Result<Vec<(u64, CheckpointFields)>, Error> {
    read(
        connection,
        "SELECT link, feed, checkpoint, origin, tree_size, note, public_key, consistency, accepted_at
         FROM checkpoint ORDER BY checkpoint",
        [],
        |row| {
            let fields = CheckpointFields {
                feed: row.get(1)?,
                number: row.get(2)?,
                origin: row.get(3)?,
                tree_size: row.get(4)?,
                note: row.get(5)?,
                public_key: row.get(6)?,
                consistency: row.get(7)?,
                at: row.get(8)?,
            };
            Ok((row.get(0)?, fields))
        },
    )
}

/// Every proven leaf with its link.
pub(crate) fn leaves(connection: &Connection) -> Result<Vec<(u64, LeafFields)>, Error> {
    read(
        connection,
        "SELECT link, checkpoint, sequence, leaf_index, path, proven_at FROM proven_leaf ORDER BY sequence",
        [],
        |row| {
            let fields = LeafFields {
                checkpoint: row.get(1)?,
                sequence: row.get(2)?,
                leaf_index: row.get(3)?,
                path: row.get(4)?,
                at: row.get(5)?,
            };
            Ok((row.get(0)?, fields))
        },
    )
}

/// Every break with its link.
pub(crate) fn breaks(connection: &Connection) -> Result<Vec<(u64, BreakFields)>, Error> {
    read(
        connection,
        "SELECT link, feed, break, origin, kind, sequence, detail, evidence, found_at FROM log_break ORDER BY break",
        [],
        |row| {
            let fields = BreakFields {
                feed: row.get(1)?,
                number: row.get(2)?,
                origin: row.get(3)?,
                kind: row.get(4)?,
                sequence: row.get(5)?,
                detail: row.get(6)?,
                evidence: row.get(7)?,
                at: row.get(8)?,
            };
            Ok((row.get(0)?, fields))
        },
    )
}

/// Every acknowledgement with its link.
pub(crate) fn acknowledgements(connection: &Connection) -> Result<Vec<(u64, AcknowledgementFields)>, Error> {
    read(
        connection,
        "SELECT link, break, reason, acknowledged_by, acknowledged_at FROM log_acknowledgement ORDER BY break",
        [],
        |row| {
            let fields = AcknowledgementFields {
                number: row.get(1)?,
                reason: row.get(2)?,
                by: row.get(3)?,
                at: row.get(4)?,
            };
            Ok((row.get(0)?, fields))
        },
    )
}

fn read<T>(
    connection: &Connection,
    sql: &str,
    parameters: impl rusqlite::Params,
    from_row: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, Error> {
    let mut statement = connection.prepare_cached(sql).step(STEP)?;
    let rows = statement.query_map(parameters, from_row).step(STEP)?;
    rows.collect::<Result<_, _>>().step(STEP)
}

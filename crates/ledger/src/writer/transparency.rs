//! Keeping what is found out about the vendor's transparency log.

use super::{Ledger, Work, input};
use crate::error::{Error, Step};
use crate::record::Record;
use crate::record::transparency::{AcknowledgementFields, BreakFields, CheckpointFields, LeafFields};
use crate::store::microseconds;
use crate::transparency::{LoggedRow, NewBreak, NewCheckpoint};
use crate::{Failure, FeedId};
use jiff::Timestamp;
use rusqlite::params;

/// A proof has some 40 hashes at most, a checkpoint a few lines: more is nothing that should be kept.
const PROOF_BYTES_MAX: usize = 64 << 10;

impl Ledger {
    /// Keeps a checkpoint of a feed's transparency log, and returns its number.
    pub fn accept_checkpoint(
        &mut self,
        feed: FeedId,
        checkpoint: &NewCheckpoint<'_>,
        now: Timestamp,
    ) -> Result<u64, Error> {
        input::text("origin", checkpoint.origin, input::TEXT_BYTES_MAX)?;
        input::text("checkpoint", checkpoint.note, input::REPORT_BYTES_MAX)?;
        input::bytes("key", checkpoint.public_key, input::TEXT_BYTES_MAX)?;
        input::bytes("proof", checkpoint.consistency, PROOF_BYTES_MAX)?;
        self.write("keep a checkpoint", |work| accept(work, feed, checkpoint, microseconds(now)))
    }

    /// Keeps the proof that an activity is in the tree of a kept checkpoint. One that is proven already stays as it is.
    pub fn prove_leaf(
        &mut self,
        checkpoint: u64,
        sequence: u64,
        leaf_index: u64,
        path: &[u8],
        now: Timestamp,
    ) -> Result<(), Error> {
        input::bytes("proof", path, PROOF_BYTES_MAX)?;
        let fields =
            LeafFields { checkpoint, sequence, leaf_index, path: path.to_vec(), at: microseconds(now) };
        self.write("keep a proof", |work| prove(work, &fields))
    }

    /// Keeps a break of a feed's transparency log; `false` when the same was kept before.
    pub fn record_break(&mut self, feed: FeedId, found: &NewBreak, now: Timestamp) -> Result<bool, Error> {
        for text in [&found.origin, &found.kind, &found.detail] {
            input::text("break", text, input::TEXT_BYTES_MAX)?;
        }
        input::text("evidence", &found.evidence, input::REPORT_BYTES_MAX)?;
        self.write("keep a break of the log", |work| record(work, feed, found, microseconds(now)))
    }

    /// Keeps that somebody looked into a break, and what came of it; `false` when somebody did before: what was said first stands.
    pub fn acknowledge_break(
        &mut self,
        number: u64,
        reason: &str,
        by: &str,
        now: Timestamp,
    ) -> Result<bool, Error> {
        for text in [reason, by] {
            input::text("acknowledgement", text, input::TEXT_BYTES_MAX)?;
        }
        let (reason, by) = (reason.to_owned(), by.to_owned());
        let fields = AcknowledgementFields { number, reason, by, at: microseconds(now) };
        self.write("acknowledge a break of the log", |work| acknowledge(work, &fields))
    }

    /// Keeps which activities up to `until` should stand in a log.
    pub fn note_logged_rows(&mut self, feed: FeedId, until: u64, rows: &[LoggedRow]) -> Result<(), Error> {
        self.write("note what should be in the log", |work| {
            work.state.feed(feed)?;
            for row in rows {
                let created_at = microseconds(row.created_at);
                work.execute(
                    "INSERT INTO logged_row (sequence, feed, origin, leaf_index, created_at)
                     VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (sequence) DO NOTHING",
                    params![row.sequence, feed.0, row.origin, row.leaf_index, created_at],
                )?;
            }
            work.execute(
                "INSERT INTO logged_rows_known (feed, until) VALUES (?1, ?2)
                 ON CONFLICT (feed) DO UPDATE SET until = max(until, excluded.until)",
                params![feed.0, until],
            )
        })
    }

    /// Takes note that the log does not cover an activity yet; the first time counts.
    pub fn note_waiting(&mut self, sequence: u64, now: Timestamp) -> Result<(), Error> {
        self.write("note what waits for the log", |work| {
            work.execute(
                "UPDATE logged_row SET waits_since = ?2 WHERE sequence = ?1 AND waits_since IS NULL",
                params![sequence, microseconds(now)],
            )
        })
    }

    /// Keeps how a check of a log went: to its end, or why not.
    pub fn note_log_check(
        &mut self,
        feed: FeedId,
        origin: &str,
        failure: Option<&Failure>,
        now: Timestamp,
    ) -> Result<(), Error> {
        input::text("origin", origin, input::TEXT_BYTES_MAX)?;
        failure.map_or(Ok(()), input::failure)?;
        self.write("note a check of the log", |work| {
            work.state.feed(feed)?;
            let checked_at = failure.is_none().then(|| microseconds(now));
            let text = |text: fn(&Failure) -> &str| failure.map(text);
            work.execute(
                "INSERT INTO log_check (feed, origin, tried_at, checked_at, failure_kind, failure_message,
                 failure_hint, failure_request_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 ON CONFLICT (feed, origin) DO UPDATE SET tried_at = excluded.tried_at,
                 checked_at = coalesce(excluded.checked_at, checked_at), failure_kind = excluded.failure_kind,
                 failure_message = excluded.failure_message, failure_hint = excluded.failure_hint,
                 failure_request_id = excluded.failure_request_id",
                params![
                    feed.0,
                    origin,
                    microseconds(now),
                    checked_at,
                    text(|failure| &failure.kind),
                    text(|failure| &failure.message),
                    text(|failure| &failure.hint),
                    failure.and_then(|failure| failure.request_id.as_deref()),
                ],
            )
        })
    }
}

fn accept(work: &mut Work<'_>, feed: FeedId, checkpoint: &NewCheckpoint<'_>, at: i64) -> Result<u64, Error> {
    work.state.feed(feed)?;
    let fields = CheckpointFields {
        feed: feed.0,
        number: last(work, "SELECT max(checkpoint) FROM checkpoint")? + 1,
        origin: checkpoint.origin.to_owned(),
        tree_size: checkpoint.tree_size,
        note: checkpoint.note.to_owned(),
        public_key: checkpoint.public_key.to_vec(),
        consistency: checkpoint.consistency.to_vec(),
        at,
    };
    work.add_link(&Record::Checkpoint(Box::new(fields.clone())))?;
    work.execute(
        "INSERT INTO checkpoint (checkpoint, link, feed, origin, tree_size, note, public_key, consistency, accepted_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            fields.number,
            work.state.head.link,
            fields.feed,
            fields.origin,
            fields.tree_size,
            fields.note,
            fields.public_key,
            fields.consistency,
            at
        ],
    )?;
    Ok(fields.number)
}

fn prove(work: &mut Work<'_>, fields: &LeafFields) -> Result<(), Error> {
    const STEP: &str = "keep a proof";
    let known: bool = work
        .connection
        .query_row(
            "SELECT EXISTS (SELECT 1 FROM proven_leaf WHERE sequence = ?1)",
            [fields.sequence],
            |row| row.get(0),
        )
        .step(STEP)?;
    if known {
        return Ok(());
    }
    let checkpoints = last(work, "SELECT max(checkpoint) FROM checkpoint")?;
    if fields.sequence > work.state.head.sequence || !(1..=checkpoints).contains(&fields.checkpoint) {
        return Err(Error::invalid(STEP, "its activity or its checkpoint is not in the ledger"));
    }
    work.add_link(&Record::Leaf(Box::new(fields.clone())))?;
    work.execute(
        "INSERT INTO proven_leaf (sequence, link, checkpoint, leaf_index, path, proven_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            fields.sequence,
            work.state.head.link,
            fields.checkpoint,
            fields.leaf_index,
            fields.path,
            fields.at
        ],
    )
}

fn record(work: &mut Work<'_>, feed: FeedId, found: &NewBreak, at: i64) -> Result<bool, Error> {
    work.state.feed(feed)?;
    let sequence = found.sequence.unwrap_or(0);
    let known: bool = work
        .connection
        .query_row(
            "SELECT EXISTS (SELECT 1 FROM log_break
             WHERE feed = ?1 AND origin = ?2 AND kind = ?3 AND sequence = ?4 AND detail = ?5)",
            params![feed.0, found.origin, found.kind, sequence, found.detail],
            |row| row.get(0),
        )
        .step("keep a break of the log")?;
    if known {
        return Ok(false);
    }
    let NewBreak { origin, kind, detail, evidence, .. } = found.clone();
    let number = last(work, "SELECT max(break) FROM log_break")? + 1;
    let fields = BreakFields { feed: feed.0, number, origin, kind, sequence, detail, evidence, at };
    work.add_link(&Record::Break(Box::new(fields.clone())))?;
    work.execute(
        "INSERT INTO log_break (break, link, feed, origin, kind, sequence, detail, evidence, found_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            number,
            work.state.head.link,
            fields.feed,
            fields.origin,
            fields.kind,
            sequence,
            fields.detail,
            fields.evidence,
            at
        ],
    )?;
    Ok(true)
}

fn acknowledge(work: &mut Work<'_>, fields: &AcknowledgementFields) -> Result<bool, Error> {
    const STEP: &str = "acknowledge a break of the log";
    if !(1..=last(work, "SELECT max(break) FROM log_break")?).contains(&fields.number) {
        return Err(Error::invalid(STEP, format!("there is no break {}", fields.number)));
    }
    let known: bool = work
        .connection
        .query_row(
            "SELECT EXISTS (SELECT 1 FROM log_acknowledgement WHERE break = ?1)",
            [fields.number],
            |row| row.get(0),
        )
        .step(STEP)?;
    if known {
        return Ok(false);
    }
    work.add_link(&Record::Acknowledgement(Box::new(fields.clone())))?;
    work.execute(
        "INSERT INTO log_acknowledgement (break, link, reason, acknowledged_by, acknowledged_at)
         VALUES (?1, ?2, ?3, ?4, ?5)",
        params![fields.number, work.state.head.link, fields.reason, fields.by, fields.at],
    )?;
    Ok(true)
}

fn last(work: &Work<'_>, sql: &str) -> Result<u64, Error> {
    let last: Option<u64> = work
        .connection
        .query_row(sql, [], |row| row.get(0))
        .step("find the last one of the transparency log")?;
    Ok(last.unwrap_or(0))
}

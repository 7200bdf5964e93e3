//! What an append may hold: limits of `docs/design/ledger.md` §12, checked before anything is written.

use crate::block::Row;
use crate::error::Error;
use crate::store::microseconds;
use crate::{Failure, Interval, LagPolicy, OwnRead, PageCommit, Provenance};
use jiff::Timestamp;

const ACTIVITY_BYTES_MAX: usize = 64 << 20;
const ACTIVITIES_MAX: usize = 100_000;
const ID_BYTES_MAX: usize = 1 << 10;
const URL_BYTES_MAX: usize = 64 << 10;
pub(super) const TEXT_BYTES_MAX: usize = 4 << 10;
pub(super) const SCOPE_BYTES_MAX: usize = 1 << 20;
pub(super) const REPORT_BYTES_MAX: usize = 64 << 10;

const STEP: &str = "append a page";

/// A page that keeps to the limits, in the ledger's own terms.
pub(super) struct Page<'a> {
    pub(super) feed: crate::FeedId,
    pub(super) provenance: &'a Provenance<'a>,
    pub(super) rows: Vec<Row<'a>>,
    /// Microseconds.
    pub(super) drained: Option<(i64, i64)>,
    pub(super) drain_started: bool,
    pub(super) drain: Option<u64>,
    pub(super) lag: LagPolicy,
    pub(super) own_reads: &'a [OwnRead],
}

impl<'a> Page<'a> {
    pub(super) fn check(commit: &'a PageCommit<'a>) -> Result<Self, Error> {
        let provenance = &commit.provenance;
        text("url", provenance.url, URL_BYTES_MAX)?;
        text("parameters", provenance.parameters, URL_BYTES_MAX)?;
        text("request id", provenance.request_id.unwrap_or_default(), TEXT_BYTES_MAX)?;
        if commit.activities.len() > ACTIVITIES_MAX {
            let detail = format!("{} activities are more than {ACTIVITIES_MAX}", commit.activities.len());
            return Err(Error::invalid(STEP, detail));
        }
        let mut rows = Vec::with_capacity(commit.activities.len());
        for (position, activity) in commit.activities.iter().enumerate() {
            if activity.id.is_empty() || activity.id.len() > ID_BYTES_MAX {
                let detail = format!("the id of activity {position} is of {} bytes", activity.id.len());
                return Err(Error::invalid(STEP, detail));
            }
            if activity.raw.len() > ACTIVITY_BYTES_MAX {
                let detail = format!("activity {position} is of {} bytes", activity.raw.len());
                return Err(Error::invalid(STEP, detail));
            }
            rows.push(Row {
                created_at: microseconds(activity.created_at),
                id: activity.id,
                raw: activity.raw,
            });
        }
        Ok(Self {
            feed: commit.feed,
            provenance,
            rows,
            drained: commit.drained.map(|interval| whole(interval, STEP)).transpose()?,
            drain_started: commit.drain_started,
            drain: commit.drain,
            lag: commit.lag,
            own_reads: commit.own_reads,
        })
    }
}

/// The whole microseconds inside an interval; never more than the interval itself.
pub(super) fn whole(interval: Interval, step: &str) -> Result<(i64, i64), Error> {
    let round_up = |instant: Timestamp| {
        let down = microseconds(instant);
        if instant.subsec_nanosecond() % 1_000 == 0 { down } else { down + 1 }
    };
    let (gte, lt) = (round_up(interval.gte), microseconds(interval.lt));
    if gte < lt && interval.gte < interval.lt {
        return Ok((gte, lt));
    }
    Err(Error::invalid(
        step,
        format!("the interval from {} to {} holds no microsecond", interval.gte, interval.lt),
    ))
}

pub(super) fn text(what: &str, text: &str, bytes_max: usize) -> Result<(), Error> {
    bytes(what, text.as_bytes(), bytes_max)
}

pub(super) fn bytes(what: &str, bytes: &[u8], bytes_max: usize) -> Result<(), Error> {
    if bytes.len() <= bytes_max {
        return Ok(());
    }
    Err(Error::invalid(
        "write to the ledger",
        format!("the {what} is of {} bytes, {bytes_max} fit", bytes.len()),
    ))
}

pub(super) fn failure(failure: &Failure) -> Result<(), Error> {
    let Failure { kind, message, hint, request_id, .. } = failure;
    for field in [kind, message, hint, request_id.as_ref().unwrap_or(&String::new())] {
        text("failure", field, TEXT_BYTES_MAX)?;
    }
    Ok(())
}

//! The time bounds of a request, on the feed's grid of microseconds.

use jiff::Timestamp;

use super::ActivityRequest;

/// Nanoseconds in the feed's finest unit of time.
const GRID_NANOSECONDS: i128 = 1000;

/// The four bounds as they are sent: whole microseconds that select the same activities as the bounds asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) gt: Option<Timestamp>,
    pub(crate) gte: Option<Timestamp>,
    pub(crate) lt: Option<Timestamp>,
    pub(crate) lte: Option<Timestamp>,
}

impl Bounds {
    pub(crate) fn of(request: &ActivityRequest) -> Self {
        Self {
            gt: request.created_at_gt.map(round_down),
            gte: request.created_at_gte.map(round_up),
            lt: request.created_at_lt.map(round_up),
            lte: request.created_at_lte.map(round_down),
        }
    }

    /// Says which two bounds leave no room between them, or which one cannot be written as RFC 3339.
    pub(super) fn check(&self) -> Result<(), String> {
        let named = [
            ("created_at.gt", self.gt),
            ("created_at.gte", self.gte),
            ("created_at.lt", self.lt),
            ("created_at.lte", self.lte),
        ];
        for (name, bound) in named {
            if bound.is_some_and(|bound| bound.to_string().starts_with('-')) {
                return Err(format!("{name} is before year 0 and cannot be written as RFC 3339"));
            }
        }
        let [gt, gte, lt, lte] = named;
        // The last column says whether the two bounds may be equal: `gte` and `lte` then select one instant.
        for (lower, upper, may_be_equal) in
            [(gte, lt, false), (gt, lt, false), (gt, lte, false), (gte, lte, true)]
        {
            let (Some(from), Some(to)) = (lower.1, upper.1) else { continue };
            if from > to || (from == to && !may_be_equal) {
                return Err(format!("{} ({to}) is not after {} ({from})", upper.0, lower.0));
            }
        }
        Ok(())
    }
}

fn round_down(moment: Timestamp) -> Timestamp {
    on_grid(moment, moment.as_nanosecond().div_euclid(GRID_NANOSECONDS))
}

fn round_up(moment: Timestamp) -> Timestamp {
    let nanoseconds = moment.as_nanosecond();
    let below = nanoseconds.div_euclid(GRID_NANOSECONDS);
    on_grid(moment, below + i128::from(nanoseconds.rem_euclid(GRID_NANOSECONDS) != 0))
}

/// The moment `microseconds` after the epoch; the very last moments a timestamp can hold stay as they are.
fn on_grid(moment: Timestamp, microseconds: i128) -> Timestamp {
    Timestamp::from_nanosecond(microseconds * GRID_NANOSECONDS).unwrap_or(moment)
}

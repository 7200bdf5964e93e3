//! How people live after history: in ordinary time, or as in the busiest hours of their week for whoever watches.
//!
//! A demonstration that is started at night or on a Sunday would have nobody at work. There, people live in another moment of
//! the week: their days are those of that moment, moved.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::civil::Date;

use super::places::OFFICES;
use super::text::{DAY, SECOND};
use super::{BUCKET, OfficeDay, PLANS_BEFORE, World, WorldOptions};

const WEEK: i64 = 7 * DAY;
/// What people do in a minute of a lively world, at least, roughly.
const LIVELY_ROWS_PER_MINUTE: f64 = 12.0;

/// How people live after history: in ordinary time, unless a [`World::lively`] one is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Present {
    /// From a moment to the moment of the week that they live in.
    pub(super) shift: i64,
    /// Sessions for one at the ordinary rate.
    pub(super) pace: f64,
}

impl Default for Present {
    fn default() -> Self {
        Self { shift: 0, pace: 1.0 }
    }
}

impl World {
    /// A world whose people are at work when history ends: life goes on from there as from the busiest quarter of an
    /// hour of the week before, be it night or Sunday, and people do at least several things a minute. History is
    /// that of [`World::new`], but for its last hour, so that work is in full swing.
    pub fn lively(options: WorldOptions) -> World {
        let mut world = World::new(options);
        let last = world.history.1.div_euclid(BUCKET) * BUCKET;
        let (busiest, presence) = world.busiest(last - WEEK, last);
        let rows = world.rhythm.human_rows_per_minute(presence, (BUCKET / SECOND) as f64);
        let pace = (LIVELY_ROWS_PER_MINUTE / rows.max(0.1)).max(1.0);
        world.present = Present { shift: busiest - last, pace };
        world
    }

    /// How people live in a bucket.
    pub(super) fn present_at(&self, bucket: i64) -> Present {
        // What began in the plans before goes on.
        if bucket + (PLANS_BEFORE + 1) * BUCKET > self.history.1 { self.present } else { Present::default() }
    }

    /// The bucket of a stretch of time in which most people are at work, and their weighted seconds in it.
    fn busiest(&self, from: i64, to: i64) -> (i64, f64) {
        let mut presence = vec![0.0; ((to - from) / BUCKET) as usize];
        for office in 0..OFFICES.len() {
            let dates: BTreeSet<Date> =
                (from..to + DAY).step_by(DAY as usize).map(|at| self.calendar.date(office, at)).collect();
            let days: Vec<Arc<OfficeDay>> = dates.into_iter().map(|date| self.days(office, date)).collect();
            let intervals = days.iter().flat_map(|day| day.iter().flatten()).flat_map(|day| &day.intervals);
            for interval in intervals {
                for (bucket, presence) in (from..to).step_by(BUCKET as usize).zip(&mut presence) {
                    let overlap = interval.to.min(bucket + BUCKET) - interval.from.max(bucket);
                    *presence += overlap.max(0) as f64 * interval.weight;
                }
            }
        }
        let buckets = (from..to).step_by(BUCKET as usize).zip(presence);
        let busiest = buckets.max_by(|one, other| one.1.total_cmp(&other.1));
        busiest.map_or((from, 0.0), |(bucket, presence)| (bucket, presence / SECOND as f64))
    }
}

//! The seam between the server and whoever makes the rows.
//!
//! The server needs very little of an organization: its rows bucket by bucket, the names of its organizations, and the
//! two ways in which a story may interfere with reading. [`World`] is the real source; [`Rows`], a plain list, is
//! enough for a test. The server keeps no copy of a history: whoever makes rows decides what is worth caching.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};

use crate::{Bucket, Generated, Organization, Story, World, id, simulator::is_logged};

/// Somebody who has activities: what one parent organization did.
pub trait ActivitySource: Send + Sync + 'static {
    /// The rows of the piece of time that `at` lies in: `from <= at < to`, sorted by (`created_at`, `id`), and always
    /// the same. Buckets tile all of time.
    fn bucket(&self, at: Timestamp) -> Arc<Bucket>;

    /// No row is older than this.
    fn history_start(&self) -> Timestamp;

    /// The organizations under this parent; every other one is foreign.
    fn organizations(&self) -> Vec<Organization>;

    /// When the row of this id was created, for a cursor that is a bare id; `None` when there can be no such row.
    fn created_at(&self, id: &str) -> Option<Timestamp>;

    /// The rows of `[from, to)` that stand in a transparency log, in order of time.
    fn access_transparency(&self, from: Timestamp, to: Timestamp) -> Vec<Generated> {
        let mut rows = Vec::new();
        let mut at = from;
        while at < to {
            let bucket = self.bucket(at);
            let inside = bucket.rows.iter().filter(|row| from <= row.created_at && row.created_at < to);
            rows.extend(inside.filter(|row| is_logged(row.activity_type)).cloned());
            at = bucket.to.max(at.saturating_add(SignedDuration::from_nanos(1)).unwrap_or(Timestamp::MAX));
        }
        rows
    }

    /// The planted incidents.
    fn stories(&self) -> Vec<Story> {
        Vec::new()
    }

    /// Whether every key lacks its scope at this moment.
    fn scope_lost(&self, at: Timestamp) -> bool {
        let _ = at;
        false
    }

    /// How much later than usual a row of this moment can be fetched.
    fn extra_lag(&self, created_at: Timestamp) -> Duration {
        let _ = created_at;
        Duration::ZERO
    }
}

impl ActivitySource for World {
    fn bucket(&self, at: Timestamp) -> Arc<Bucket> {
        World::bucket(self, at)
    }

    fn history_start(&self) -> Timestamp {
        self.options().history_start
    }

    fn organizations(&self) -> Vec<Organization> {
        World::organizations(self)
    }

    fn created_at(&self, id: &str) -> Option<Timestamp> {
        id::created_at(id)
    }

    fn access_transparency(&self, from: Timestamp, to: Timestamp) -> Vec<Generated> {
        World::access_transparency(self, from, to)
    }

    fn stories(&self) -> Vec<Story> {
        World::stories(self)
    }

    fn scope_lost(&self, at: Timestamp) -> bool {
        World::scope_lost(self, at)
    }

    fn extra_lag(&self, created_at: Timestamp) -> Duration {
        World::extra_lag(self, created_at)
    }
}

/// A fixed list of rows, all in one bucket.
#[derive(Debug)]
pub struct Rows {
    bucket: Arc<Bucket>,
    organizations: Vec<Organization>,
}

impl Rows {
    /// A source of these rows, in any order, of these organizations.
    pub fn new(mut rows: Vec<Generated>, organizations: Vec<Organization>) -> Self {
        rows.sort_by(|left, right| (left.created_at, &left.id).cmp(&(right.created_at, &right.id)));
        let bucket = Arc::new(Bucket { from: Timestamp::MIN, to: Timestamp::MAX, rows });
        Self { bucket, organizations }
    }
}

impl ActivitySource for Rows {
    fn bucket(&self, _at: Timestamp) -> Arc<Bucket> {
        Arc::clone(&self.bucket)
    }

    fn history_start(&self) -> Timestamp {
        self.bucket.rows.first().map_or(Timestamp::MAX, |row| row.created_at)
    }

    fn organizations(&self) -> Vec<Organization> {
        self.organizations.clone()
    }

    fn created_at(&self, id: &str) -> Option<Timestamp> {
        self.bucket.rows.iter().find(|row| row.id == id).map(|row| row.created_at)
    }
}

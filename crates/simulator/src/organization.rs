//! The believable organization: "Northwind Robotics", made on demand from a seed.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

/// What a [`World`] is made from.
#[derive(Debug, Clone, PartialEq)]
pub struct WorldOptions {
    /// Everything random follows from this number.
    pub seed: u64,
    /// No activity is older than this.
    pub history_start: Timestamp,
    /// "Now" at the start: the six stories stand at fixed offsets before it, ordinary life goes on after it.
    pub history_end: Timestamp,
    /// Rows on an average weekday; scales the density, not the proportions.
    pub activities_per_day: f64,
    /// Share of rows (0.0 to 1.0) with a type or a field that no catalogue knows; 0.0 switches them off.
    pub unknown_share: f64,
}

/// One activity as the feed returns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// `activity_…`, unique, ordered by time.
    pub id: String,
    /// When it happened, in microseconds.
    pub created_at: Timestamp,
    /// The `type` of the row.
    pub activity_type: &'static str,
    /// `actor.user_id`, where the actor has one.
    pub actor_user_id: Option<String>,
    /// `organization_id`; null for sign-in, sign-out and Compliance API calls.
    pub organization_id: Option<String>,
    /// `organization_uuid`, null in the same cases.
    pub organization_uuid: Option<String>,
    /// The exact row: one JSON object without a line break.
    pub json: Bytes,
}

/// One planted incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    /// 1 to 6.
    pub number: u8,
    /// A few words.
    pub title: &'static str,
    /// What happened, in one sentence.
    pub sentence: String,
    /// First row of the incident.
    pub from: Timestamp,
    /// Just after its last row (exclusive).
    pub to: Timestamp,
    /// The types that tell the story.
    pub activity_types: Vec<&'static str>,
    /// What to search for, readable.
    pub look_for: String,
    /// Actors as the feed names them: emails and key ids.
    pub actors: Vec<String>,
    /// Addresses that act in it.
    pub addresses: Vec<String>,
}

/// A documentation range that the organization's people come from, with the geography invented for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// `203.0.113.0/26`.
    pub cidr: &'static str,
    /// `Lisbon office`.
    pub name: &'static str,
    /// ISO 3166-1 alpha-2.
    pub country: &'static str,
    /// City name.
    pub city: &'static str,
    /// Degrees.
    pub latitude: f64,
    /// Degrees.
    pub longitude: f64,
    /// Own premises: kept out of travel rules.
    pub trusted: bool,
}

/// One organization of the parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// `org_01…`.
    pub id: String,
    /// The same organization as a UUID.
    pub uuid: String,
    /// Its name.
    pub name: &'static str,
}

/// The rows of one fixed piece of time, shared and never copied.
#[derive(Debug)]
pub struct Bucket {
    /// First moment (inclusive).
    pub from: Timestamp,
    /// End (exclusive): where the next bucket begins.
    pub to: Timestamp,
    /// Sorted by (`created_at`, `id`).
    pub rows: Vec<Generated>,
}

/// The organization and its past and future.
#[derive(Debug)]
pub struct World {
    options: WorldOptions,
}

impl World {
    /// Prepares people, places and plans; makes no activity yet.
    pub fn new(options: WorldOptions) -> World {
        World { options }
    }

    /// What this world was made from.
    pub fn options(&self) -> &WorldOptions {
        &self.options
    }

    /// All activities of the half-open range `[from, to)`, sorted by (`created_at`, `id`).
    pub fn activities(&self, from: Timestamp, to: Timestamp) -> Vec<Generated> {
        let _ = (from, to);
        Vec::new()
    }

    /// The bucket that `at` lies in. Walking bucket by bucket reads any range without copying rows.
    pub fn bucket(&self, at: Timestamp) -> Arc<Bucket> {
        Arc::new(Bucket { from: at, to: at, rows: Vec::new() })
    }

    /// The organizations under the parent: the Enterprise one, its Console twin, the subsidiary.
    pub fn organizations(&self) -> Vec<Organization> {
        Vec::new()
    }

    /// One activity of each of the 524 known types, all at `at`.
    pub fn one_of_each_type(&self, at: Timestamp) -> Vec<Generated> {
        let _ = at;
        Vec::new()
    }

    /// The six incidents.
    pub fn stories(&self) -> Vec<Story> {
        Vec::new()
    }

    /// The address ranges in use.
    pub fn networks(&self) -> Vec<Network> {
        Vec::new()
    }

    /// Whether the feed's key lacks its scope at this moment (story 6).
    pub fn scope_lost(&self, at: Timestamp) -> bool {
        let _ = at;
        false
    }

    /// How much later than usual a row of this moment can be fetched (story 6).
    pub fn extra_lag(&self, created_at: Timestamp) -> Duration {
        let _ = created_at;
        Duration::ZERO
    }
}

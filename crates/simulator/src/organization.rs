//! The believable organization: "Northwind Robotics", made on demand from a seed.
//!
//! Three organizations under one parent (the Enterprise one, its Console twin, the subsidiary Tidewater Automation), 180
//! people in four time zones, service accounts, pipelines, a directory, other readers of the Compliance API, and six
//! incidents. Everything is invented; addresses come from the ranges reserved for documentation.
//!
//! # How it is made
//!
//! Time is cut into buckets of a quarter of an hour. What begins in a bucket (a working day, a session, a pipeline run, a
//! poll) is planned from the seed and the bucket alone, as small [`row::Draft`]s; nothing lasts longer than three buckets, so
//! the rows of one bucket are known from its own plan and the three before it. Only then are the bytes written. Rare events
//! ([`sweep`]) and the incidents ([`stories`]) have moments of their own and join the bucket they fall into.
//!
//! # What is guaranteed
//!
//! - The same options give the same bytes, for any range, asked in any order, from any thread.
//! - Rows are sorted by (`created_at`, `id`); ids are unique and grow with time; equal times occur.
//! - Memory holds the last few buckets, never the history.
//! - Every known activity type occurs between `history_start` and `history_end`, in the last thirty days of it.
//! - After `history_end` life goes on at the same density, without incidents; as in the busiest hours, whatever the hour, if
//!   that is asked for.
//! - While story 2 has recording switched off, the Enterprise organization has no rows.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use jiff::civil::Date;

mod calendar;
mod cast;
mod catalog;
mod machines;
mod nested;
mod people;
mod places;
mod present;
mod random;
mod readers;
mod recent;
mod recipe;
mod rhythm;
mod row;
mod sessions;
mod stories;
mod sweep;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod values;

use calendar::{Calendar, Day};
use cast::Cast;
use catalog::{Catalog, TypeId};
use people::ENTERPRISE;
use places::OFFICES;
use present::Present;
use random::{mix, salt, unit};
use readers::Readers;
use recent::Recent;
use rhythm::Rhythm;
use row::{Draft, Fill};
use stories::Stories;
use text::SECOND;

/// Length of a bucket. A whole number of them makes an hour.
const BUCKET_MINUTES: i64 = 15;
const BUCKET: i64 = BUCKET_MINUTES * 60 * SECOND;
/// Plans that a bucket needs beside its own.
const PLANS_BEFORE: i64 = 3;
/// Bytes of finished rows that are kept for the next question.
const KEPT_BYTES: usize = 48 << 20;
/// Bytes of a row beside its text: its share of the tables, its ids.
const ROW_OVERHEAD: usize = 280;
/// Bytes of plans that are kept: several times what neighbouring buckets share, at any density a machine can bear.
const KEPT_PLAN_BYTES: usize = 96 << 20;
/// What a plan counts for at least, so that thousands of empty ones are not kept either.
const LEAST_PLAN_BYTES: usize = KEPT_PLAN_BYTES / 64;
/// Days of an office that are kept.
const KEPT_DAYS: usize = 16;
/// Rows that stand beside the buckets' own have serials from here on.
const ASIDE: u32 = 0xF_0000;

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
    /// First row of the incident, sign-in before it included.
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
#[derive(Debug, Clone, Copy, PartialEq)]
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
    /// Own premises and machines: kept out of travel rules.
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

/// What each person of an office does on a date.
type OfficeDay = Vec<Option<Day>>;

/// The organization and its past and future.
#[derive(Debug)]
pub struct World {
    options: WorldOptions,
    history: (i64, i64),
    cast: Cast,
    rhythm: Rhythm,
    calendar: Calendar,
    readers: Readers,
    stories: Stories,
    session_landmarks: sessions::Landmarks,
    machine_landmarks: machines::Landmarks,
    unlisted_types: &'static [&'static str],
    /// How people live after history.
    present: Present,
    buckets: Mutex<Recent<i64, Bucket>>,
    plans: Mutex<Recent<i64, Vec<Draft>>>,
    spans: Mutex<Recent<i64, Vec<Draft>>>,
    days: Mutex<Recent<(usize, Date), OfficeDay>>,
}

impl World {
    /// Prepares people, places and plots; makes no activity yet.
    pub fn new(options: WorldOptions) -> World {
        let history = (options.history_start.as_microsecond(), options.history_end.as_microsecond());
        let cast = Cast::new(options.seed);
        let rhythm = Rhythm::new(&cast.people, options.activities_per_day.max(1.0));
        let calendar = Calendar::new(rhythm.turnout);
        let readers = Readers::new(&cast);
        let stories = Stories::new(&cast, &readers, history.0..history.1);
        World {
            history,
            rhythm,
            calendar,
            readers,
            stories,
            cast,
            options,
            session_landmarks: sessions::Landmarks::new(),
            machine_landmarks: machines::Landmarks::new(),
            unlisted_types: Catalog::get().library.text("unlisted_types"),
            present: Present::default(),
            buckets: Mutex::new(Recent::new(KEPT_BYTES)),
            plans: Mutex::new(Recent::new(KEPT_PLAN_BYTES)),
            spans: Mutex::new(Recent::new(3)),
            days: Mutex::new(Recent::new(KEPT_DAYS)),
        }
    }

    /// What this world was made from.
    pub fn options(&self) -> &WorldOptions {
        &self.options
    }

    /// All activities of the half-open range `[from, to)`, sorted by (`created_at`, `id`).
    ///
    /// The whole answer is held in memory: ask for what fits, or walk with [`World::bucket`].
    pub fn activities(&self, from: Timestamp, to: Timestamp) -> Vec<Generated> {
        let mut rows = Vec::new();
        let mut at = from.max(self.options.history_start);
        while at < to {
            let bucket = self.bucket(at);
            let first = bucket.rows.partition_point(|row| row.created_at < from);
            let last = bucket.rows.partition_point(|row| row.created_at < to);
            rows.extend_from_slice(&bucket.rows[first..last.max(first)]);
            if bucket.to <= at {
                break;
            }
            at = bucket.to;
        }
        rows
    }

    /// The bucket that `at` lies in. Walking bucket by bucket reads any range without copying rows.
    pub fn bucket(&self, at: Timestamp) -> Arc<Bucket> {
        let from = at.as_microsecond().div_euclid(BUCKET) * BUCKET;
        if let Some(bucket) = locked(&self.buckets).get(&from) {
            return bucket;
        }
        let bucket = Arc::new(self.make_bucket(from));
        let bytes = bucket.rows.iter().map(|row| row.json.len() + ROW_OVERHEAD).sum();
        locked(&self.buckets).put(from, Arc::clone(&bucket), bytes);
        bucket
    }

    /// The Access Transparency rows of `[from, to)`, in order of time: what a walk over all buckets would find. They are rare
    /// events and nothing else, so only the buckets that hold one are made.
    pub fn access_transparency(&self, from: Timestamp, to: Timestamp) -> Vec<Generated> {
        let wanted = |kind: TypeId| crate::simulator::is_logged(Catalog::get().kind(kind).name);
        let (from, to) = (from.max(self.options.history_start), to.as_microsecond());
        let mut buckets = BTreeSet::new();
        // The moments of a span may end in the span after it.
        for span in
            sweep::span_of(self.history.1, from.as_microsecond()) - 1..=sweep::span_of(self.history.1, to)
        {
            let rare = self.span(span);
            let moments = rare.iter().filter(|draft| wanted(draft.kind)).map(|draft| draft.at);
            buckets.extend(moments.map(|at| at.div_euclid(BUCKET) * BUCKET));
        }
        let mut rows = Vec::new();
        for bucket in buckets {
            let bucket = self.bucket(Timestamp::from_microsecond(bucket).unwrap_or(self.options.history_end));
            let inside = bucket
                .rows
                .iter()
                .filter(|row| from <= row.created_at && row.created_at.as_microsecond() < to);
            rows.extend(inside.filter(|row| crate::simulator::is_logged(row.activity_type)).cloned());
        }
        rows
    }

    /// The organizations under the parent: the Enterprise one, its Console twin, the subsidiary.
    pub fn organizations(&self) -> Vec<Organization> {
        self.cast.organizations.clone()
    }

    /// One activity of each of the 524 known types, all at `at`, with every documented field that is still sent.
    pub fn one_of_each_type(&self, at: Timestamp) -> Vec<Generated> {
        let drafts = sweep::one_of_each(&self.cast, at.as_microsecond());
        self.write(&drafts.iter().collect::<Vec<_>>(), ASIDE, Fill::Complete)
    }

    /// The six incidents, without those for which history is too short.
    pub fn stories(&self) -> Vec<Story> {
        self.stories.told.clone()
    }

    /// The address ranges in use. Nothing acts from an address outside them.
    pub fn networks(&self) -> Vec<Network> {
        places::NETWORKS.to_vec()
    }

    /// Whether the feed's keys lack their scope at this moment (story 6).
    pub fn scope_lost(&self, at: Timestamp) -> bool {
        stories::scope_lost(self.history.1).contains(&at.as_microsecond())
    }

    /// How much later than usual a row of this moment can be fetched (story 6): up to an hour, else zero.
    pub fn extra_lag(&self, created_at: Timestamp) -> Duration {
        if !self.scope_lost(created_at) {
            return Duration::ZERO;
        }
        let draw = mix(mix(self.options.seed, salt("lag")), created_at.as_microsecond() as u64);
        Duration::from_micros((unit(draw) * 3600e6) as u64)
    }

    fn make_bucket(&self, from: i64) -> Bucket {
        let to = from + BUCKET;
        let within = |draft: &&Draft| from.max(self.history.0) <= draft.at && draft.at < to;
        // One span, or two where one ends in this bucket.
        let spans = sweep::span_of(self.history.1, from)..=sweep::span_of(self.history.1, to - 1);
        let plans = (0..=PLANS_BEFORE).rev().map(|before| self.plan(from - before * BUCKET));
        let sources: Vec<Arc<Vec<Draft>>> = plans.chain(spans.map(|span| self.span(span))).collect();
        let mut drafts: Vec<&Draft> =
            sources.iter().flat_map(|source| source.iter()).filter(within).collect();
        if let Some(silence) = self.stories.silence() {
            drafts.retain(|draft| !silence.contains(&draft.at) || draft.organization() != Some(ENTERPRISE));
        }
        let first = self.stories.drafts.partition_point(|draft| draft.at < from);
        drafts.extend(self.stories.drafts[first..].iter().take_while(|draft| draft.at < to));
        let estranged: Vec<Draft>;
        if self.options.unknown_share > 0.0 {
            estranged = drafts.into_iter().map(|draft| self.estrange(draft.clone())).collect();
            drafts = estranged.iter().collect();
        }
        let moment = |at| Timestamp::from_microsecond(at).unwrap_or(self.options.history_end);
        Bucket { from: moment(from), to: moment(to), rows: self.write(&drafts, 0, Fill::Ordinary) }
    }

    /// All that begins in a bucket.
    fn plan(&self, from: i64) -> Arc<Vec<Draft>> {
        if let Some(plan) = locked(&self.plans).get(&from) {
            return plan;
        }
        let to = from + BUCKET;
        let Present { shift, pace } = self.present_at(from);
        let mut drafts = Vec::new();
        let mut presence = 0.0;
        let mut first = 0;
        for (office, place) in OFFICES.iter().enumerate() {
            // Offices are whole quarters of an hour apart, so a bucket lies within one local day.
            let days = self.days(office, self.calendar.date(office, from + shift));
            for (index, day) in days.iter().enumerate() {
                let Some(day) = day else { continue };
                let day = if shift == 0 { Cow::Borrowed(day) } else { Cow::Owned(day.moved(-shift)) };
                let person = first + index;
                let planner = sessions::Planner {
                    cast: &self.cast,
                    landmarks: &self.session_landmarks,
                    person,
                    rates: &self.rhythm.rates[person],
                    pace,
                };
                presence += planner.plan(&day, from, to, &mut drafts);
            }
            first += place.people;
        }
        let business = self.rhythm.business(presence, (BUCKET / SECOND) as f64);
        machines::plan(&self.cast, &self.rhythm, &self.machine_landmarks, (from, to), business, &mut drafts);
        let lost = stories::scope_lost(self.history.1);
        let refused = |at: i64| lost.contains(&at);
        self.readers.plan(&self.cast, &self.rhythm, (from, to), business, &refused, &mut drafts);
        let plan = Arc::new(drafts);
        let bytes = plan.iter().map(Draft::bytes).sum::<usize>().max(LEAST_PLAN_BYTES);
        locked(&self.plans).put(from, Arc::clone(&plan), bytes);
        plan
    }

    /// The day of everybody in an office.
    fn days(&self, office: usize, date: Date) -> Arc<OfficeDay> {
        if let Some(days) = locked(&self.days).get(&(office, date)) {
            return days;
        }
        let members = self.cast.people.members.iter().filter(|person| person.office == office);
        let days = Arc::new(members.map(|person| self.calendar.day(person, date)).collect());
        locked(&self.days).put((office, date), Arc::clone(&days), 1);
        days
    }

    /// The rare events of thirty days.
    fn span(&self, span: i64) -> Arc<Vec<Draft>> {
        if let Some(rare) = locked(&self.spans).get(&span) {
            return rare;
        }
        let silence = self.stories.silence();
        let setting = sweep::Setting {
            cast: &self.cast,
            calendar: &self.calendar,
            landmarks: &self.session_landmarks,
            history: self.history,
            told: &|id| self.stories.drafts.iter().any(|draft| draft.kind == id),
            silent: &|at| silence.as_ref().is_some_and(|silence| silence.contains(&at)),
        };
        let rare = Arc::new(setting.span(span));
        locked(&self.spans).put(span, Arc::clone(&rare), 1);
        rare
    }

    /// Makes some rows ones that no catalogue knows: half a new type, half a new field.
    fn estrange(&self, mut draft: Draft) -> Draft {
        let draw = mix(draft.key, salt("unknown"));
        if unit(draw) >= self.options.unknown_share {
            return draft;
        }
        if draw.is_multiple_of(2) {
            let types = self.unlisted_types;
            draft.unlisted = Some(types[random::scale(mix(draw, 1), types.len())]);
        } else {
            let mut fields = draft.fixed.as_deref().cloned().unwrap_or_default();
            fields.push(("client_surface", "{\"name\":\"desktop\",\"generation\":3}".to_owned()));
            draft.fixed = Some(Arc::new(fields));
        }
        draft
    }

    /// Writes drafts into one buffer, in their final order.
    fn write(&self, drafts: &[&Draft], first_serial: u32, fill: Fill) -> Vec<Generated> {
        let mut numbered: Vec<((u64, u64), &Draft)> = drafts
            .iter()
            .zip(first_serial..)
            .map(|(draft, serial)| (row::id_numbers(draft.at, draft.key, serial), *draft))
            .collect();
        numbered.sort_unstable_by_key(|(numbers, _)| *numbers);
        let mut buffer = Vec::with_capacity(numbered.len() * 1200);
        let mut rows = Vec::with_capacity(numbered.len());
        let mut ends = Vec::with_capacity(numbered.len());
        for (numbers, draft) in &numbered {
            let id = row::id_text(*numbers);
            let redacted = draft.at.max(self.history.1) >= row::NAMES_REDACTED_SINCE;
            row::write(&mut buffer, &self.cast, draft, &id, fill, redacted);
            ends.push(buffer.len());
            rows.push(self.outline(id, draft));
        }
        let text = Bytes::from(buffer);
        let mut start = 0;
        for (row, end) in rows.iter_mut().zip(ends) {
            row.json = text.slice(start..end);
            start = end;
        }
        rows
    }

    fn outline(&self, id: String, draft: &Draft) -> Generated {
        let organization = draft.organization().map(|position| &self.cast.organizations[position]);
        Generated {
            id,
            created_at: Timestamp::from_microsecond(draft.at).unwrap_or(self.options.history_end),
            activity_type: draft.unlisted.unwrap_or(Catalog::get().kind(draft.kind).name),
            actor_user_id: draft.actor.user_id.clone(),
            organization_id: organization.map(|organization| organization.id.clone()),
            organization_uuid: organization.map(|organization| organization.uuid.clone()),
            json: Bytes::new(),
        }
    }
}

/// A lock whose holder panicked is still good: the memory it guards can always be made again.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! What one parent's feed holds: the rows of its source and the rows of its own reads, as one order of time.
//!
//! A walk goes bucket by bucket from where the caller stands and stops as soon as it has enough, so a page costs what
//! it holds and not what lies before it. Nothing is copied but the rows of the page.

use std::{
    collections::vec_deque,
    slice,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};

use super::{
    cursor::{Cursor, Place},
    lag::IndexingLag,
    log::{self, Logs},
    own_reads::{self, OwnRead, OwnReads},
    query::{Filter, just_after},
};
use crate::{ActivitySource, Generated};

/// One parent's feed.
pub(crate) struct Timeline {
    source: Arc<dyn ActivitySource>,
    lag: IndexingLag,
    own_reads: Mutex<OwnReads>,
    logs: Logs,
}

/// What a walk is after.
#[derive(Debug)]
pub(crate) struct Walk<'a> {
    pub(crate) filter: &'a Filter,
    /// First moment, inclusive.
    pub(crate) from: Timestamp,
    /// End, exclusive.
    pub(crate) to: Timestamp,
    /// Only rows beyond this one, in the direction of the walk.
    pub(crate) beyond: Option<&'a Place>,
    pub(crate) ascending: bool,
    /// Enough rows.
    pub(crate) limit: usize,
    /// Rows not yet indexed are left out, unless this says otherwise.
    pub(crate) unindexed_too: bool,
}

/// A row that a walk found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) place: Place,
    pub(crate) json: Bytes,
    /// Whether it is of a type that stands in a transparency log.
    pub(crate) is_logged: bool,
}

/// What a walk came to.
#[derive(Debug, Default)]
pub(crate) struct Walked {
    pub(crate) found: Vec<Found>,
    /// Rows that would have been found, had they not been later than rows usually are.
    pub(crate) left_out: Vec<LeftOut>,
}

/// A row that cannot be fetched yet, though every ordinary one of its time can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LeftOut {
    pub(crate) place: Place,
    pub(crate) visible_at: Timestamp,
}

impl Timeline {
    pub(crate) fn new(source: Arc<dyn ActivitySource>, lag: IndexingLag, own_reads_max: usize) -> Self {
        Self { source, lag, own_reads: Mutex::new(OwnReads::new(own_reads_max)), logs: Logs::default() }
    }

    pub(crate) fn source(&self) -> &dyn ActivitySource {
        self.source.as_ref()
    }

    /// An organization's transparency log as it stands at `now`.
    pub(crate) fn log(&self, organization_uuid: &str, now: Timestamp) -> log::View {
        self.logs.view(organization_uuid, self.source(), &self.lag, now)
    }

    pub(crate) fn own_reads(&self) -> MutexGuard<'_, OwnReads> {
        self.own_reads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The place a cursor stands for; `None` when no such row has happened, or is kept no more.
    pub(crate) fn locate(&self, cursor: &Cursor, now: Timestamp) -> Option<Place> {
        let place = match cursor {
            Cursor::Opaque(place) => place.clone(),
            Cursor::Bare(id) => {
                let own = self.own_reads().find(id).map(|read| read.created_at);
                Place { created_at: own.or_else(|| self.source.created_at(id))?, id: id.clone() }
            }
            Cursor::Unreadable => return None,
        };
        (place.created_at <= now && self.holds(&place)).then_some(place)
    }

    /// The rows a walk finds, in its direction, as they stand at `now`.
    pub(crate) fn walk(&self, walk: &Walk<'_>, now: Timestamp) -> Walked {
        let mut walked = Walked::default();
        let (mut from, mut to) = self.clamp(walk, now);
        while from < to && walked.found.len() < walk.limit {
            let at = if walk.ascending { from } else { just_before(to) };
            let bucket = self.source.bucket(at);
            let piece = (from.max(bucket.from), to.min(bucket.to));
            assert!(piece.0 <= at && at < piece.1, "a bucket must contain the moment it was asked for");
            self.walk_piece(&bucket.rows, piece, walk, now, &mut walked);
            if walk.ascending {
                from = piece.1;
            } else {
                to = piece.0;
            }
        }
        walked
    }

    /// The range of a walk, cut to where rows can be: after the first one, before now, beyond the cursor.
    fn clamp(&self, walk: &Walk<'_>, now: Timestamp) -> (Timestamp, Timestamp) {
        let history_start = self.source.history_start();
        let oldest = self.own_reads().oldest().map_or(history_start, |own| own.min(history_start));
        let (mut from, mut to) = (walk.from.max(oldest), walk.to.min(just_after(now)));
        match walk.beyond {
            Some(place) if walk.ascending => from = from.max(place.created_at),
            Some(place) => to = to.min(just_after(place.created_at)),
            None => {}
        }
        (from, to)
    }

    fn walk_piece(
        &self,
        rows: &[Generated],
        (from, to): (Timestamp, Timestamp),
        walk: &Walk<'_>,
        now: Timestamp,
        walked: &mut Walked,
    ) {
        let first = rows.partition_point(|row| row.created_at < from);
        let end = rows.partition_point(|row| row.created_at < to);
        let own_reads = self.own_reads();
        let own = own_reads.range(own_reads.between(from, to));
        let merged = Merged::new(&rows[first..end], own, walk.ascending);
        let Walked { found, left_out } = walked;
        let wanted = merged
            .filter(|entry| walk.beyond.is_none_or(|place| entry.is_beyond(place, walk.ascending)))
            .filter(|entry| entry.passes(walk.filter))
            .filter(|entry| {
                let fetched = walk.unindexed_too || self.is_indexed(entry, now);
                if !fetched {
                    left_out.extend(self.late(entry));
                }
                fetched
            })
            .take(walk.limit - found.len());
        found.extend(wanted.map(|entry| self.served(&entry, now)));
    }

    /// A row that cannot be fetched yet, if that is out of the ordinary.
    fn late(&self, entry: &Entry<'_>) -> Option<LeftOut> {
        let Entry::Source(row) = entry else { return None };
        let lag = self.lag.of(&row.id).saturating_add(self.source.extra_lag(row.created_at));
        let lag = SignedDuration::try_from(lag).ok().filter(|lag| self.lag.is_late(*lag))?;
        let visible_at = row.created_at.checked_add(lag).unwrap_or(Timestamp::MAX);
        Some(LeftOut { place: Place { created_at: row.created_at, id: row.id.clone() }, visible_at })
    }

    /// A row as it is served: one that stands in a log says where.
    fn served(&self, entry: &Entry<'_>, now: Timestamp) -> Found {
        let mut found = entry.found();
        if let Entry::Source(row) = entry
            && log::is_logged(row.activity_type)
        {
            let index = self.logs.index(row, self.source(), &self.lag, now);
            found.json = Bytes::from(log::leaf::with_index(&row.json, index));
            found.is_logged = true;
        }
        found
    }

    /// Whether a row can be fetched at `now`.
    fn is_indexed(&self, entry: &Entry<'_>, now: Timestamp) -> bool {
        match entry {
            Entry::Own(read) => read.visible_at <= now,
            Entry::Source(row) => {
                let age = now.duration_since(row.created_at);
                let extra = self.source.extra_lag(row.created_at);
                let reached = |lag| SignedDuration::try_from(lag).is_ok_and(|lag| lag <= age);
                reached(self.lag.longest() + extra) || reached(self.lag.of(&row.id) + extra)
            }
        }
    }

    fn holds(&self, place: &Place) -> bool {
        let key = (place.created_at, place.id.as_str());
        let in_source = place.created_at >= self.source.history_start() && {
            let bucket = self.source.bucket(place.created_at);
            bucket.rows.binary_search_by(|row| (row.created_at, row.id.as_str()).cmp(&key)).is_ok()
        };
        in_source || self.own_reads().contains(place.created_at, &place.id)
    }
}

fn just_before(at: Timestamp) -> Timestamp {
    at.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(Timestamp::MIN)
}

/// A row of either kind.
#[derive(Clone, Copy)]
enum Entry<'a> {
    Source(&'a Generated),
    Own(&'a OwnRead),
}

impl Entry<'_> {
    fn key(&self) -> (Timestamp, &str) {
        match self {
            Self::Source(row) => (row.created_at, &row.id),
            Self::Own(read) => (read.created_at, &read.id),
        }
    }

    fn is_beyond(&self, place: &Place, ascending: bool) -> bool {
        let place = (place.created_at, place.id.as_str());
        if ascending { self.key() > place } else { self.key() < place }
    }

    fn passes(&self, filter: &Filter) -> bool {
        match self {
            Self::Source(row) => {
                let organization = row.organization_id.as_deref().zip(row.organization_uuid.as_deref());
                filter.passes(row.activity_type, row.actor_user_id.as_deref(), organization)
            }
            Self::Own(_) => filter.passes(own_reads::ACTIVITY_TYPE, None, None),
        }
    }

    fn found(&self) -> Found {
        let (created_at, id) = self.key();
        let json = match self {
            Self::Source(row) => row.json.clone(),
            Self::Own(read) => read.json(),
        };
        Found { place: Place { id: id.to_owned(), created_at }, json, is_logged: false }
    }
}

/// Both kinds of rows in one order, forwards or backwards.
struct Merged<'a> {
    rows: slice::Iter<'a, Generated>,
    own: vec_deque::Iter<'a, Arc<OwnRead>>,
    next_row: Option<&'a Generated>,
    next_own: Option<&'a OwnRead>,
    ascending: bool,
}

impl<'a> Merged<'a> {
    fn new(rows: &'a [Generated], own: vec_deque::Iter<'a, Arc<OwnRead>>, ascending: bool) -> Self {
        let mut merged = Self { rows: rows.iter(), own, next_row: None, next_own: None, ascending };
        merged.advance_row();
        merged.advance_own();
        merged
    }

    fn advance_row(&mut self) {
        self.next_row = if self.ascending { self.rows.next() } else { self.rows.next_back() };
    }

    fn advance_own(&mut self) {
        let next = if self.ascending { self.own.next() } else { self.own.next_back() };
        self.next_own = next.map(AsRef::as_ref);
    }
}

impl<'a> Iterator for Merged<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        let row_first = match (self.next_row, self.next_own) {
            (None, None) => return None,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some(row), Some(own)) => (Entry::Source(row).key() < Entry::Own(own).key()) == self.ascending,
        };
        if row_first {
            let entry = self.next_row.map(Entry::Source);
            self.advance_row();
            entry
        } else {
            let entry = self.next_own.map(Entry::Own);
            self.advance_own();
            entry
        }
    }
}

//! What segments contributed to earlier answers.
//!
//! A segment never changes, and most of what a question is about lies whole runs of documents deep within its range of time. What
//! those count is the same for every range around them: it is kept, so that the same screen a moment later costs only
//! what is new or cut by the range. Kept as well is of which documents a condition is true, since the conditions of a screen are
//! the same whatever its range, and which times the documents of a segment span. Bounded; what is asked least goes first.

use std::{ops::Range, sync::Arc};

use query::{Aggregation, AggregationKind, Aggregations, Expression};
use quick_cache::{Weighter, sync::Cache};
use tantivy::{SegmentReader, index::SegmentId};

use crate::{aggregate::Partial, bits::Bits, error::Error, zones::Zones};

/// Bytes kept of what segments count.
const MAX_BYTES: u64 = 32 << 20;
/// Bytes kept of which documents conditions are true of: some twenty conditions over ten million documents.
const MAX_MATCHING_BYTES: u64 = 24 << 20;
/// About how many contributions that is.
const EXPECTED: usize = 1_024;
/// Segments of which the times are kept, some kilobytes each.
const MAX_ZONES: usize = 1_024;
/// Segments with fewer documents are counted as quickly as they are looked up.
const MIN_DOCUMENTS: u32 = 100;

/// What a segment counts.
#[derive(Debug)]
pub(crate) struct Counted {
    pub(crate) total: u64,
    pub(crate) aggregations: Vec<Partial>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    segment: SegmentId,
    /// Changes when documents are deleted from it.
    deletes: Option<u64>,
    question: Arc<str>,
    /// Of which of its documents; none stand for all.
    within: Arc<[Range<u32>]>,
}

impl Key {
    fn new(segment: &SegmentReader, question: Arc<str>, within: Arc<[Range<u32>]>) -> Self {
        Self { segment: segment.segment_id(), deletes: segment.delete_opstamp(), question, within }
    }

    fn bytes(&self) -> usize {
        size_of::<Self>() + self.question.len() + size_of_val(&*self.within)
    }
}

#[derive(Clone, Debug)]
struct Weight;

impl Weighter<Key, Arc<Counted>> for Weight {
    fn weight(&self, key: &Key, counted: &Arc<Counted>) -> u64 {
        let parts: usize = counted.aggregations.iter().map(Partial::bytes).sum();
        (key.bytes() + size_of::<Counted>() + parts) as u64
    }
}

impl Weighter<Key, Arc<Bits>> for Weight {
    fn weight(&self, key: &Key, bits: &Arc<Bits>) -> u64 {
        (key.bytes() + bits.bytes()) as u64
    }
}

#[derive(Debug)]
pub(crate) struct Contributions {
    counted: Cache<Key, Arc<Counted>, Weight>,
    matching: Cache<Key, Arc<Bits>, Weight>,
    zones: Cache<SegmentId, Option<Arc<Zones>>>,
}

impl Default for Contributions {
    fn default() -> Self {
        Self {
            counted: Cache::with_weighter(EXPECTED, MAX_BYTES, Weight),
            matching: Cache::with_weighter(EXPECTED, MAX_MATCHING_BYTES, Weight),
            zones: Cache::new(MAX_ZONES),
        }
    }
}

impl Contributions {
    /// What the documents of a segment within some runs, or all, contributed to a question.
    pub(crate) fn get(
        &self,
        segment: &SegmentReader,
        question: &Arc<str>,
        within: &Arc<[Range<u32>]>,
    ) -> Option<Arc<Counted>> {
        self.counted.get(&Key::new(segment, Arc::clone(question), Arc::clone(within)))
    }

    pub(crate) fn keep(
        &self,
        segment: &SegmentReader,
        question: &Arc<str>,
        within: &Arc<[Range<u32>]>,
        counted: &Arc<Counted>,
    ) {
        if segment.num_docs() >= MIN_DOCUMENTS {
            let key = Key::new(segment, Arc::clone(question), Arc::clone(within));
            self.counted.insert(key, Arc::clone(counted));
        }
    }

    /// The documents that a condition is true of, found out if that is not known yet.
    pub(crate) fn matching(
        &self,
        segment: &SegmentReader,
        condition: &Expression,
        find: impl FnOnce() -> Result<Bits, Error>,
    ) -> Result<Arc<Bits>, Error> {
        if *condition == Expression::Everything || segment.num_docs() < MIN_DOCUMENTS {
            return find().map(Arc::new);
        }
        let key = Key::new(segment, format!("{condition:?}").into(), Arc::default());
        self.matching.get_or_insert_with(&key, || find().map(Arc::new))
    }

    /// Which times the documents of a segment span; `None` if some have none.
    pub(crate) fn zones(&self, segment: &SegmentReader) -> Result<Option<Arc<Zones>>, Error> {
        self.zones.get_or_insert_with(&segment.segment_id(), || Ok(Zones::of(segment)?.map(Arc::new)))
    }
}

/// What is counted, without what only shapes the answer.
pub(crate) fn question(query: &Expression, aggregations: &Aggregations) -> Arc<str> {
    format!("{query:?} {:?}", counted(aggregations)).into()
}

fn counted(aggregations: &Aggregations) -> Aggregations {
    let mut counted = aggregations.clone();
    for Aggregation { kind, children } in counted.values_mut() {
        if let AggregationKind::DateHistogram(histogram) = kind {
            histogram.extended_bounds = None;
        }
        *children = self::counted(children);
    }
    counted
}

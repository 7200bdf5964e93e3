//! What segments contributed to earlier answers.
//!
//! A segment never changes, and most of those that a question is about lie within its range of time as a whole. What such a
//! segment counts is the same for every range around it: it is kept, so that the same screen a moment later costs only
//! the segments that are new or cut by the range. Bounded; what is asked least goes first.

use std::sync::Arc;

use query::{Aggregation, AggregationKind, Aggregations, Expression};
use quick_cache::{Weighter, sync::Cache};
use tantivy::{SegmentReader, index::SegmentId};

use crate::aggregate::Partial;

/// Bytes kept.
const MAX_BYTES: u64 = 32 << 20;
/// About how many contributions that is.
const EXPECTED: usize = 1_024;
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
}

#[derive(Clone, Debug)]
struct Weight;

impl Weighter<Key, Arc<Counted>> for Weight {
    fn weight(&self, key: &Key, counted: &Arc<Counted>) -> u64 {
        let parts: usize = counted.aggregations.iter().map(Partial::bytes).sum();
        (size_of::<Key>() + size_of::<Counted>() + key.question.len() + parts) as u64
    }
}

#[derive(Debug)]
pub(crate) struct Contributions {
    cache: Cache<Key, Arc<Counted>, Weight>,
}

impl Default for Contributions {
    fn default() -> Self {
        Self { cache: Cache::with_weighter(EXPECTED, MAX_BYTES, Weight) }
    }
}

impl Contributions {
    pub(crate) fn get(&self, segment: &SegmentReader, question: &Arc<str>) -> Option<Arc<Counted>> {
        self.cache.get(&key(segment, question))
    }

    pub(crate) fn keep(&self, segment: &SegmentReader, question: &Arc<str>, counted: &Arc<Counted>) {
        if segment.num_docs() >= MIN_DOCUMENTS {
            self.cache.insert(key(segment, question), Arc::clone(counted));
        }
    }
}

fn key(segment: &SegmentReader, question: &Arc<str>) -> Key {
    Key { segment: segment.segment_id(), deletes: segment.delete_opstamp(), question: Arc::clone(question) }
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

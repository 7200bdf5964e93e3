//! Aggregations over the matching documents of a segment, and over all segments.
//!
//! Documents go through the tree in blocks. Each aggregation gives every document the numbers of the buckets it falls into,
//! under the bucket of the aggregation around it, and hands both on to those within: one pass computes everything, however
//! deep. The [`Partial`] of each segment has real values for keys; parts are merged and then written out
//! in Elasticsearch's shapes.

mod answer;
mod collect;
mod rounding;
mod sketch;

use std::collections::HashMap;

use query::{Aggregation, AggregationKind, Aggregations};
use rustc_hash::FxBuildHasher;
use tantivy::SegmentOrdinal;

pub(crate) use answer::finish;

use crate::{bits::Bits, error::Error, filter::Segment, rank::Ranked, search::Stop};
use collect::Collector;
use sketch::Sketch;

/// Documents that go through the tree at a time.
const BLOCK: usize = 4_096;
/// Most buckets that may be under way in one segment.
const MAX_BUCKETS: usize = 2_000_000;

/// What a part of the documents contributes to one aggregation.
#[derive(Clone, Debug)]
pub(crate) enum Partial {
    Buckets(HashMap<Key, Bucket, FxBuildHasher>),
    Distinct(Sketch),
    Summary(Summary),
    Hits(Vec<Ranked>),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Bucket {
    count: u64,
    children: Vec<Partial>,
}

/// The key of a bucket, the same in every segment.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Key {
    /// A whole number, a time in milliseconds, a truth, or the place in a list of conditions.
    Whole(i64),
    /// The bits of a number, in its order.
    Number(u64),
    Text(String),
    /// Documents without a value.
    Missing,
}

/// Of the values of a field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Summary {
    count: u64,
    least: f64,
    greatest: f64,
    sum: f64,
}

impl Default for Summary {
    fn default() -> Self {
        Self { count: 0, least: f64::INFINITY, greatest: f64::NEG_INFINITY, sum: 0.0 }
    }
}

impl Summary {
    fn add(&mut self, value: f64) {
        self.merge(Self { count: 1, least: value, greatest: value, sum: value });
    }

    fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.least = self.least.min(other.least);
        self.greatest = self.greatest.max(other.greatest);
        self.sum += other.sum;
    }
}

/// What no document contributes.
pub(crate) fn empty(aggregations: &Aggregations) -> Vec<Partial> {
    aggregations.values().map(empty_of).collect()
}

fn empty_of(aggregation: &Aggregation) -> Partial {
    match &aggregation.kind {
        AggregationKind::Cardinality(_) => Partial::Distinct(Sketch::default()),
        AggregationKind::Metric(..) => Partial::Summary(Summary::default()),
        AggregationKind::TopHits(_) => Partial::Hits(Vec::new()),
        _ => Partial::Buckets(HashMap::default()),
    }
}

/// Adds the parts of one segment to those of others.
pub(crate) fn merge_all(whole: &mut [Partial], parts: Vec<Partial>) {
    whole.iter_mut().zip(parts).for_each(|(whole, part)| merge(whole, part));
}

impl Partial {
    /// Says which segment the hits in it are from: its number changes as segments come and go.
    pub(crate) fn place(&mut self, ordinal: SegmentOrdinal) {
        match self {
            Self::Hits(hits) => hits.iter_mut().for_each(|hit| hit.address.segment_ord = ordinal),
            Self::Buckets(buckets) => {
                buckets
                    .values_mut()
                    .flat_map(|bucket| &mut bucket.children)
                    .for_each(|part| part.place(ordinal));
            }
            Self::Distinct(_) | Self::Summary(_) => {}
        }
    }

    /// About how many bytes it takes.
    pub(crate) fn bytes(&self) -> usize {
        let inner = match self {
            Self::Buckets(buckets) => buckets
                .iter()
                .map(|(key, bucket)| {
                    let text = if let Key::Text(text) = key { text.len() } else { 0 };
                    2 * size_of::<(Key, Bucket)>()
                        + text
                        + bucket.children.iter().map(Self::bytes).sum::<usize>()
                })
                .sum(),
            Self::Distinct(sketch) => sketch.bytes(),
            Self::Summary(_) => 0,
            Self::Hits(hits) => hits.len() * 4 * size_of::<Ranked>(),
        };
        size_of::<Self>() + inner
    }
}

fn merge(whole: &mut Partial, part: Partial) {
    match (whole, part) {
        (Partial::Buckets(whole), Partial::Buckets(part)) => {
            if whole.is_empty() {
                *whole = part;
                return;
            }
            for (key, bucket) in part {
                match whole.entry(key) {
                    std::collections::hash_map::Entry::Vacant(vacant) => {
                        vacant.insert(bucket);
                    }
                    std::collections::hash_map::Entry::Occupied(mut occupied) => {
                        let known = occupied.get_mut();
                        known.count += bucket.count;
                        merge_all(&mut known.children, bucket.children);
                    }
                }
            }
        }
        (Partial::Distinct(whole), Partial::Distinct(part)) => whole.merge(part),
        (Partial::Summary(whole), Partial::Summary(part)) => whole.merge(part),
        (Partial::Hits(whole), Partial::Hits(part)) => whole.extend(part),
        // Parts of one aggregation are all of one kind.
        _ => {}
    }
}

/// What the documents of a segment contribute.
pub(crate) fn collect(
    aggregations: &Aggregations,
    segment: Segment<'_>,
    ordinal: u32,
    documents: &Bits,
    stop: &Stop,
) -> Result<Vec<Partial>, Error> {
    if aggregations.is_empty() {
        return Ok(Vec::new());
    }
    let mut collectors = Collector::all(aggregations, segment, ordinal)?;
    let mut block = Vec::with_capacity(BLOCK + 64);
    let parents = vec![0; BLOCK + 64];
    let mut rest = documents.walk();
    loop {
        rest.take(&mut block, BLOCK);
        if block.is_empty() {
            break;
        }
        stop.check()?;
        for collector in &mut collectors {
            collector.collect(&block, &parents[..block.len()])?;
        }
    }
    let mut parts = Vec::with_capacity(collectors.len());
    for collector in collectors {
        parts.extend(collector.finish(1)?.pop());
    }
    Ok(parts)
}

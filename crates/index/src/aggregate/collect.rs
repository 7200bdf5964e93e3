//! One segment's documents into buckets.

use std::{
    collections::{BinaryHeap, HashMap},
    sync::Arc,
};

use query::{Aggregation, AggregationKind, Aggregations, Expression, Order, Ranges, Terms, Test};
use rustc_hash::FxHashMap;
use tantivy::DocId;

use super::{Bucket, Key, MAX_BUCKETS, Partial, Summary, rounding::Rounding, sketch::Sketch};
use crate::{
    bits::Bits,
    columns::{Global, Values, milliseconds},
    error::Error,
    filter::Segment,
    rank::{MAX_CRITERIA, Ranker},
};

/// Distinct texts up to which buckets are found by table instead of by hash.
const DENSE: usize = 1 << 20;
/// Buckets of one segment that are kept when only the commonest are asked for.
const MAX_KEPT: usize = 200_000;
/// The number of no bucket.
const NONE: u32 = u32::MAX;
/// The key of documents without a value.
const MISSING: u64 = u64::MAX;

/// One aggregation over one segment.
pub(super) struct Collector<'a> {
    state: State<'a>,
    children: Vec<Collector<'a>>,
    /// First values of the documents at hand.
    firsts: Vec<Option<u64>>,
    /// Documents for the children and the buckets they fell into.
    documents: Vec<DocId>,
    buckets: Vec<u32>,
}

enum State<'a> {
    Terms {
        terms: &'a Terms,
        values: Option<Values>,
        table: Table,
    },
    Times {
        values: Option<Values>,
        rounding: Rounding,
        table: Table,
    },
    /// Documents that are in each of several sets.
    Sets {
        sets: Vec<Arc<Bits>>,
        table: Table,
    },
    Ranges {
        ranges: &'a Ranges,
        values: Option<Values>,
        table: Table,
    },
    Distinct {
        values: Option<Values>,
        sketches: Vec<Sketch>,
        table: Table,
    },
    Summary {
        values: Option<Values>,
        summaries: Vec<Summary>,
    },
    Hits {
        ranker: Ranker<'a>,
        size: usize,
        heaps: Vec<BinaryHeap<([u128; MAX_CRITERIA], DocId)>>,
    },
}

/// Buckets by the bucket around them and their key.
#[derive(Default)]
struct Table {
    /// By parent and key, where both are small: found without hashing.
    dense: Vec<u32>,
    /// Keys of one parent in `dense`.
    stride: usize,
    hashed: FxHashMap<(u32, u64), u32>,
    /// What was last found by hashing: neighbours are often of one bucket.
    last: Option<((u32, u64), u32)>,
    keys: Vec<(u32, u64)>,
    counts: Vec<u64>,
}

impl Table {
    /// A table that finds keys below `keys` without hashing, as long as there are not too many parents.
    fn dense(keys: usize) -> Self {
        Self { stride: if keys <= DENSE { keys } else { 0 }, ..Self::default() }
    }

    #[inline]
    fn bucket(&mut self, parent: u32, key: u64) -> u32 {
        let at = if key < self.stride as u64 { parent as usize * self.stride + key as usize } else { DENSE };
        if at < DENSE {
            if at >= self.dense.len() {
                let wanted = (parent as usize + 1) * self.stride;
                self.dense.resize(wanted.max(2 * self.dense.len()).min(DENSE), NONE);
            }
            let known = &mut self.dense[at];
            if *known == NONE {
                *known = self.keys.len() as u32;
                self.keys.push((parent, key));
                self.counts.push(0);
            }
            return *known;
        }
        if let Some((known, bucket)) = self.last
            && known == (parent, key)
        {
            return bucket;
        }
        let bucket = *self.hashed.entry((parent, key)).or_insert_with(|| {
            self.keys.push((parent, key));
            self.counts.push(0);
            self.keys.len() as u32 - 1
        });
        self.last = Some(((parent, key), bucket));
        bucket
    }
}

impl<'a> Collector<'a> {
    pub(super) fn all(
        aggregations: &'a Aggregations,
        segment: Segment<'a>,
        ordinal: u32,
    ) -> Result<Vec<Self>, Error> {
        aggregations.values().map(|aggregation| Self::new(aggregation, segment, ordinal)).collect()
    }

    fn new(aggregation: &'a Aggregation, segment: Segment<'a>, ordinal: u32) -> Result<Self, Error> {
        let open = |field| Values::open(segment.reader, field);
        let state = match &aggregation.kind {
            AggregationKind::Terms(terms) => {
                let values = open(&terms.field)?;
                let texts = values.as_ref().and_then(|values| values.texts.as_ref());
                let keys = texts.map_or(0, |texts| texts.dictionary().num_terms());
                State::Terms { terms, values, table: Table::dense(keys) }
            }
            AggregationKind::DateHistogram(histogram) => State::Times {
                values: open(&histogram.field)?,
                rounding: Rounding::new(histogram),
                table: Table::default(),
            },
            AggregationKind::Filters(filters) => {
                let sets =
                    filters.iter().map(|(_, filter)| segment.matching(filter)).collect::<Result<_, _>>()?;
                State::Sets { sets, table: Table::dense(filters.len()) }
            }
            AggregationKind::Filter(filter) => {
                State::Sets { sets: vec![segment.matching(filter)?], table: Table::dense(1) }
            }
            AggregationKind::Missing(field) => {
                let missing = Expression::Field(field.clone(), Test::Exists).not();
                State::Sets { sets: vec![segment.matching(&missing)?], table: Table::dense(1) }
            }
            AggregationKind::Range(ranges) => State::Ranges {
                ranges,
                values: open(&ranges.field)?,
                table: Table::dense(ranges.ranges.len()),
            },
            AggregationKind::Cardinality(field) => {
                let values = open(field)?;
                let texts = values.as_ref().and_then(|values| values.texts.as_ref());
                let keys = texts.map_or(0, |texts| texts.dictionary().num_terms());
                State::Distinct { values, sketches: Vec::new(), table: Table::dense(keys) }
            }
            AggregationKind::Metric(_, field) => {
                State::Summary { values: open(field)?, summaries: Vec::new() }
            }
            AggregationKind::TopHits(top) => State::Hits {
                ranker: Ranker::new(segment, ordinal, &top.sort, None)?,
                size: top.size,
                heaps: Vec::new(),
            },
        };
        let children = Self::all(&aggregation.children, segment, ordinal)?;
        Ok(Self { state, children, firsts: Vec::new(), documents: Vec::new(), buckets: Vec::new() })
    }

    /// Takes in documents, each under the bucket of the same place in `parents`.
    pub(super) fn collect(&mut self, documents: &[DocId], parents: &[u32]) -> Result<(), Error> {
        let mut out = Out {
            wanted: !self.children.is_empty(),
            documents: &mut self.documents,
            buckets: &mut self.buckets,
        };
        out.documents.clear();
        out.buckets.clear();
        self.state.collect(documents, parents, &mut self.firsts, &mut out);
        if self.state.buckets() > MAX_BUCKETS {
            return Err(query::Error::new(
                query::ErrorKind::TooLarge,
                "the aggregation makes too many buckets",
            )
            .with_hint("count fewer values at a time, or over a shorter time")
            .into());
        }
        for child in &mut self.children {
            child.collect(&self.documents, &self.buckets)?;
        }
        Ok(())
    }

    /// What each of the first `parents` buckets around it got.
    pub(super) fn finish(self, parents: usize) -> Result<Vec<Partial>, Error> {
        let Self { state, children, .. } = self;
        match state {
            State::Terms { terms, values, mut table, .. } => {
                if children.is_empty() && terms.order.first() == Some(&(Order::Count, true)) {
                    table.keep_commonest(MAX_KEPT);
                }
                let keys = table.term_keys(values.as_ref())?;
                table.finish(parents, keys, children)
            }
            State::Times { table, .. } | State::Sets { table, .. } | State::Ranges { table, .. } => {
                let keys = table.keys.iter().map(|(_, key)| Key::Whole(*key as i64)).collect();
                table.finish(parents, keys, children)
            }
            State::Distinct { values, mut sketches, table } => {
                sketches.resize_with(parents.max(sketches.len()), Sketch::default);
                if let Some(values) = values {
                    table.hash_texts(&values, &mut sketches)?;
                }
                Ok(sketches.into_iter().take(parents).map(Partial::Distinct).collect())
            }
            State::Summary { mut summaries, .. } => {
                summaries.resize_with(parents.max(summaries.len()), Summary::default);
                Ok(summaries.into_iter().take(parents).map(Partial::Summary).collect())
            }
            State::Hits { ranker, mut heaps, .. } => {
                heaps.resize_with(parents.max(heaps.len()), BinaryHeap::new);
                heaps
                    .into_iter()
                    .take(parents)
                    .map(|heap| ranker.resolve(&heap.into_sorted_vec()).map(Partial::Hits))
                    .collect()
            }
        }
    }
}

impl State<'_> {
    fn collect(
        &mut self,
        documents: &[DocId],
        parents: &[u32],
        firsts: &mut Vec<Option<u64>>,
        out: &mut Out<'_>,
    ) {
        let pairs = documents.iter().copied().zip(parents.iter().copied());
        match self {
            State::Terms { terms, values, table } => {
                let missing = terms.missing.is_some().then_some(MISSING);
                collect_terms(values.as_ref(), missing, table, firsts, documents, parents, out);
            }
            State::Times { values, rounding, table } => {
                let Some(values) = values else { return };
                let mut seen = Vec::new();
                each_value(values, firsts, documents, |index, value| {
                    let begin = rounding.begin(milliseconds(value)) as u64;
                    // A document counts once for a bucket, however many of its times fall into it.
                    if values.is_multivalued() {
                        if seen.contains(&(index, begin)) {
                            return;
                        }
                        seen.retain(|(other, _)| *other == index);
                        seen.push((index, begin));
                    }
                    out.put(table, documents[index], parents[index], begin);
                });
            }
            State::Sets { sets, table } => {
                for (document, parent) in pairs {
                    for (index, set) in sets.iter().enumerate() {
                        if set.contains(document) {
                            out.put(table, document, parent, index as u64);
                        }
                    }
                }
            }
            State::Ranges { ranges, values, table } => {
                let Some(values) = values else { return };
                collect_ranges(ranges, values, table, pairs, out);
            }
            State::Distinct { values, sketches, table } => {
                let Some(values) = values else { return };
                each_value(values, firsts, documents, |index, value| {
                    if values.texts.is_some() {
                        table.bucket(parents[index], value);
                    } else {
                        of(sketches, parents[index]).add(&values.number(value).to_bits());
                    }
                });
            }
            State::Summary { values, summaries } => {
                let Some(values) = values else { return };
                each_value(values, firsts, documents, |index, value| {
                    of(summaries, parents[index]).add(values.number(value));
                });
            }
            State::Hits { ranker, size, heaps } => {
                for (document, parent) in pairs {
                    ranker.offer(of(heaps, parent), document, *size);
                }
            }
        }
    }

    fn buckets(&self) -> usize {
        match self {
            Self::Terms { table, .. }
            | Self::Times { table, .. }
            | Self::Sets { table, .. }
            | Self::Ranges { table, .. } => table.keys.len(),
            // Distinct texts are not buckets: they are bounded by the dictionary.
            Self::Distinct { .. } | Self::Summary { .. } => 0,
            Self::Hits { heaps, .. } => heaps.len(),
        }
    }
}

/// Where documents go on to.
struct Out<'o> {
    wanted: bool,
    documents: &'o mut Vec<DocId>,
    buckets: &'o mut Vec<u32>,
}

impl Out<'_> {
    #[inline]
    fn put(&mut self, table: &mut Table, document: DocId, parent: u32, key: u64) {
        let bucket = table.bucket(parent, key);
        table.counts[bucket as usize] += 1;
        if self.wanted {
            self.documents.push(document);
            self.buckets.push(bucket);
        }
    }
}

fn of<T: Default>(list: &mut Vec<T>, index: u32) -> &mut T {
    let index = index as usize;
    if list.len() <= index {
        list.resize_with(index + 1, T::default);
    }
    &mut list[index]
}

/// Calls back with the place in the block and every value of its document; most columns have one, which are read together.
#[inline]
fn each_value(
    values: &Values,
    firsts: &mut Vec<Option<u64>>,
    documents: &[DocId],
    mut each: impl FnMut(usize, u64),
) {
    if values.is_multivalued() {
        for (index, document) in documents.iter().enumerate() {
            values.column.values_for_doc(*document).for_each(|value| each(index, value));
        }
        return;
    }
    values.firsts(documents, firsts);
    for (index, value) in firsts.iter().enumerate() {
        if let Some(value) = value {
            each(index, *value);
        }
    }
}

fn collect_ranges(
    ranges: &Ranges,
    values: &Values,
    table: &mut Table,
    pairs: impl Iterator<Item = (DocId, u32)>,
    out: &mut Out<'_>,
) {
    for (document, parent) in pairs {
        for (index, range) in ranges.ranges.iter().enumerate() {
            let within = |value| {
                let number = values.number(value);
                range.from.is_none_or(|from| number >= from) && range.to.is_none_or(|to| number < to)
            };
            if values.column.values_for_doc(document).any(within) {
                out.put(table, document, parent, index as u64);
            }
        }
    }
}

fn collect_terms(
    values: Option<&Values>,
    missing: Option<u64>,
    table: &mut Table,
    firsts: &mut Vec<Option<u64>>,
    documents: &[DocId],
    parents: &[u32],
    out: &mut Out<'_>,
) {
    let pairs = || documents.iter().copied().zip(parents.iter().copied());
    let Some(values) = values else {
        if let Some(missing) = missing {
            pairs().for_each(|(document, parent)| out.put(table, document, parent, missing));
        }
        return;
    };
    if !values.is_multivalued() {
        values.firsts(documents, firsts);
        for ((document, parent), value) in pairs().zip(firsts) {
            if let Some(key) = value.or(missing) {
                out.put(table, document, parent, key);
            }
        }
        return;
    }
    let mut seen: Vec<u64> = Vec::new();
    for (document, parent) in pairs() {
        seen.clear();
        for value in values.column.values_for_doc(document) {
            // A document counts once for a value, however often it holds it.
            if !seen.contains(&value) {
                seen.push(value);
                out.put(table, document, parent, value);
            }
        }
        if let (true, Some(missing)) = (seen.is_empty(), missing) {
            out.put(table, document, parent, missing);
        }
    }
}

impl Table {
    /// Keeps the buckets with the most documents. Only for one parent and no children, whose numbers would change.
    fn keep_commonest(&mut self, most: usize) {
        if self.keys.len() <= most || self.keys.iter().any(|(parent, _)| *parent != 0) {
            return;
        }
        let mut order: Vec<usize> = (0..self.keys.len()).collect();
        order.select_nth_unstable_by_key(most, |index| std::cmp::Reverse(self.counts[*index]));
        order.truncate(most);
        self.keys = order.iter().map(|index| self.keys[*index]).collect();
        self.counts = order.iter().map(|index| self.counts[*index]).collect();
    }

    /// The real key of every bucket.
    fn term_keys(&self, values: Option<&Values>) -> Result<Vec<Key>, Error> {
        let Some(values) = values else { return Ok(vec![Key::Missing; self.keys.len()]) };
        let raw: Vec<u64> = self.keys.iter().map(|(_, key)| *key).filter(|key| *key != MISSING).collect();
        let mut globals = values.globals(&raw)?.into_iter();
        let key = |(_, key): &(u32, u64)| {
            if *key == MISSING {
                return Key::Missing;
            }
            match globals.next() {
                Some(Global::Text(text)) => Key::Text(text),
                Some(Global::Whole(number)) => Key::Whole(number),
                Some(Global::Number(_)) => Key::Number(*key),
                None => Key::Missing,
            }
        };
        Ok(self.keys.iter().map(key).collect())
    }

    /// Adds the texts of each bucket around to its sketch.
    fn hash_texts(&self, values: &Values, sketches: &mut [Sketch]) -> Result<(), Error> {
        let mut pairs = self.keys.clone();
        pairs.sort_unstable_by_key(|(_, ordinal)| *ordinal);
        let mut ordinals: Vec<u64> = pairs.iter().map(|(_, ordinal)| *ordinal).collect();
        ordinals.dedup();
        let mut at = 0;
        values.texts_of(&ordinals, |index, text| {
            while let Some((parent, ordinal)) =
                pairs.get(at).filter(|(_, ordinal)| *ordinal <= ordinals[index])
            {
                debug_assert_eq!(*ordinal, ordinals[index]);
                if let Some(sketch) = sketches.get_mut(*parent as usize) {
                    sketch.add(text);
                }
                at += 1;
            }
        })
    }

    fn finish(
        self,
        parents: usize,
        keys: Vec<Key>,
        children: Vec<Collector<'_>>,
    ) -> Result<Vec<Partial>, Error> {
        let mut of_children = Vec::with_capacity(children.len());
        for child in children {
            of_children.push(child.finish(self.keys.len())?.into_iter());
        }
        let mut partials: Vec<HashMap<Key, Bucket, _>> = Vec::new();
        partials.resize_with(parents, HashMap::default);
        for (((parent, _), count), key) in self.keys.iter().zip(&self.counts).zip(keys) {
            let children = of_children.iter_mut().filter_map(Iterator::next).collect();
            if let Some(partial) = partials.get_mut(*parent as usize) {
                partial.insert(key, Bucket { count: *count, children });
            }
        }
        Ok(partials.into_iter().map(Partial::Buckets).collect())
    }
}

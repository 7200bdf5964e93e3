//! The first documents in an order: within a segment by numbers, between segments by values.
//!
//! Within a segment each criterion is a number that rises in the order asked for, texts by their ordinals, so that most
//! documents are told apart by one comparison. What is left is given its real values, and merged.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use query::{FieldKind, Sort};
use serde_json::{Value as Json, json};
use tantivy::{DocAddress, DocId, SegmentOrdinal, columnar::MonotonicallyMappableToU64 as _};

use crate::{
    bits::Bits,
    columns::{Global, Values, milliseconds, shown},
    error::Error,
    filter::Segment,
    text,
};

/// Most criteria of an order, the last of which is the sequence.
pub(crate) const MAX_CRITERIA: usize = 4;

/// Numbers of one document, twice as large as the values, so that something fits between two.
type Local = [u128; MAX_CRITERIA];
/// A document without the field: behind all others.
const LAST: u128 = u128::MAX;

/// A document and its place in the order.
#[derive(Clone, Debug)]
pub(crate) struct Ranked {
    /// `None` where the document has no value.
    pub(crate) keys: Vec<Option<Global>>,
    pub(crate) address: DocAddress,
}

/// Compares places in an order.
pub(crate) fn compare(order: &[Sort], one: &[Option<Global>], other: &[Option<Global>]) -> Ordering {
    for ((sort, one), other) in order.iter().zip(one).zip(other) {
        let ordering = match (one, other) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(one), Some(other)) => {
                let ordering = one.partial_cmp(other).unwrap_or(Ordering::Equal);
                if sort.descending { ordering.reverse() } else { ordering }
            }
        };
        if ordering.is_ne() {
            return ordering;
        }
    }
    Ordering::Equal
}

/// The place as JSON: times in milliseconds.
pub(crate) fn sort_values(order: &[Sort], keys: &[Option<Global>]) -> Vec<Json> {
    let value = |(sort, key): (&Sort, &Option<Global>)| match key {
        None => Json::Null,
        Some(Global::Whole(number)) => json!(number),
        Some(Global::Number(number)) => json!(number),
        Some(Global::Text(text)) => json!(shown(sort.field.kind, text.clone())),
    };
    order.iter().zip(keys).map(value).collect()
}

/// JSON as a place.
pub(crate) fn sort_keys(order: &[Sort], values: &[Json]) -> Result<Vec<Option<Global>>, Error> {
    let key = |(sort, value): (&Sort, &Json)| {
        let wrong = || {
            query::Error::new(
                query::ErrorKind::Syntax,
                format!("search_after: {value} does not fit {}", sort.field.name),
            )
        };
        Ok(match (sort.field.kind, value) {
            (_, Json::Null) => None,
            (FieldKind::Double, value) => Some(Global::Number(value.as_f64().ok_or_else(wrong)?)),
            (FieldKind::Date | FieldKind::Long | FieldKind::Boolean, value) => Some(Global::Whole(
                value.as_i64().or_else(|| value.as_bool().map(i64::from)).ok_or_else(wrong)?,
            )),
            (FieldKind::Address, Json::String(address)) => {
                Some(Global::Text(text::address_key(address.parse().map_err(|_| wrong())?)))
            }
            (_, Json::String(text)) => Some(Global::Text(text.clone())),
            _ => return Err(wrong().into()),
        })
    };
    order.iter().zip(values).map(key).collect()
}

/// The order within one segment.
pub(crate) struct Ranker<'o> {
    order: &'o [Sort],
    columns: Vec<Option<Values>>,
    after: Option<Local>,
    ordinal: SegmentOrdinal,
}

impl<'o> Ranker<'o> {
    pub(crate) fn new(
        segment: Segment<'_>,
        ordinal: SegmentOrdinal,
        order: &'o [Sort],
        after: Option<&[Option<Global>]>,
    ) -> Result<Self, Error> {
        let order = &order[..order.len().min(MAX_CRITERIA)];
        let columns: Vec<Option<Values>> =
            order.iter().map(|sort| Values::open(segment.reader, &sort.field)).collect::<Result<_, _>>()?;
        let mut ranker = Self { order, columns, after: None, ordinal };
        if let Some(after) = after {
            let mut local = [0; MAX_CRITERIA];
            for (index, key) in after.iter().enumerate().take(order.len()) {
                local[index] = ranker.local_of(index, key.as_ref())?;
            }
            ranker.after = Some(local);
        }
        Ok(ranker)
    }

    /// Where a value from outside stands in this segment.
    fn local_of(&self, index: usize, key: Option<&Global>) -> Result<u128, Error> {
        let Some(key) = key else { return Ok(LAST) };
        let descending = self.order[index].descending;
        let (value, between) = match (key, &self.columns[index]) {
            (Global::Whole(number), _) => (number.to_u64(), false),
            (Global::Number(number), _) => (number.to_u64(), false),
            (Global::Text(_), None) => (0, false),
            (Global::Text(text), Some(values)) => match &values.texts {
                None => (0, false),
                Some(texts) => match texts.dictionary().term_ord_or_next(text.as_bytes())? {
                    tantivy::columnar::TermOrdHit::Exact(ordinal) => (ordinal, false),
                    tantivy::columnar::TermOrdHit::Next(ordinal) => (ordinal, true),
                },
            },
        };
        let local = directed(value, descending);
        Ok(match (between, descending) {
            (false, _) => local,
            (true, false) => local.saturating_sub(1),
            (true, true) => local + 1,
        })
    }

    fn local(&self, index: usize, document: DocId) -> u128 {
        let Some(values) = &self.columns[index] else { return LAST };
        let descending = self.order[index].descending;
        let value = if values.is_multivalued() {
            let all = values.column.values_for_doc(document);
            if descending { all.max() } else { all.min() }
        } else {
            values.column.first(document)
        };
        value.map_or(LAST, |value| directed(comparable(values, value), descending))
    }

    /// The first `size` of the documents. Begins at the end where the best ones probably are: then the rest is passed over by one
    /// comparison each.
    pub(crate) fn first(&self, documents: &Bits, size: usize) -> Vec<(Local, DocId)> {
        let mut heap: BinaryHeap<(Local, DocId)> = BinaryHeap::with_capacity(size.min(1 << 14) + 1);
        let ends = documents.iter().next().zip(documents.iter_back().next());
        if ends.is_some_and(|(first, last)| self.local(0, last) < self.local(0, first)) {
            documents.iter_back().for_each(|document| self.offer(&mut heap, document, size));
        } else {
            documents.iter().for_each(|document| self.offer(&mut heap, document, size));
        }
        heap.into_sorted_vec()
    }

    /// Puts a document among the first ones, if it belongs there.
    pub(crate) fn offer(&self, heap: &mut BinaryHeap<(Local, DocId)>, document: DocId, size: usize) {
        let mut local = [0; MAX_CRITERIA];
        local[0] = self.local(0, document);
        if heap.len() >= size && heap.peek().is_none_or(|(worst, _)| local[0] > worst[0]) {
            return;
        }
        for (index, number) in local.iter_mut().enumerate().take(self.order.len()).skip(1) {
            *number = self.local(index, document);
        }
        if self.after.is_some_and(|after| local <= after) {
            return;
        }
        if heap.len() < size {
            heap.push((local, document));
        } else if let Some(mut worst) = heap.peek_mut()
            && (local, document) < *worst
        {
            *worst = (local, document);
        }
    }

    /// Gives documents their real values.
    pub(crate) fn resolve(&self, found: &[(Local, DocId)]) -> Result<Vec<Ranked>, Error> {
        let mut ranked: Vec<Ranked> = found
            .iter()
            .map(|(_, document)| Ranked {
                keys: Vec::new(),
                address: DocAddress::new(self.ordinal, *document),
            })
            .collect();
        for (index, (sort, column)) in self.order.iter().zip(&self.columns).enumerate() {
            let present: Vec<usize> =
                (0..found.len()).filter(|place| found[*place].0[index] != LAST).collect();
            let raw = |place: &usize| undirected(found[*place].0[index], sort.descending);
            let mut keys = vec![None; found.len()];
            if let Some(values) = column {
                let globals = if values.texts.is_some() {
                    values.globals(&present.iter().map(raw).collect::<Vec<_>>())?
                } else if values.kind == FieldKind::Double {
                    present.iter().map(|place| Global::Number(f64::from_u64(raw(place)))).collect()
                } else {
                    present.iter().map(|place| Global::Whole(i64::from_u64(raw(place)))).collect()
                };
                for (place, global) in present.iter().zip(globals) {
                    keys[*place] = Some(global);
                }
            }
            ranked.iter_mut().zip(keys).for_each(|(ranked, key)| ranked.keys.push(key));
        }
        Ok(ranked)
    }

    /// A bound of what the segment can hold by its first criterion, to pass over a segment that cannot matter.
    pub(crate) fn best(&self) -> Option<Global> {
        let values = self.columns.first()?.as_ref().filter(|values| values.texts.is_none())?;
        let extreme =
            if self.order[0].descending { values.column.max_value() } else { values.column.min_value() };
        Some(values.global_number(extreme))
    }
}

/// Times are compared by milliseconds, as everything that pages by them does; truths as whole numbers.
fn comparable(values: &Values, value: u64) -> u64 {
    match values.kind {
        FieldKind::Date => milliseconds(value).to_u64(),
        FieldKind::Boolean => (value as i64).to_u64(),
        _ => value,
    }
}

fn directed(value: u64, descending: bool) -> u128 {
    u128::from(if descending { u64::MAX - value } else { value }) * 2
}

fn undirected(local: u128, descending: bool) -> u64 {
    let value = (local / 2) as u64;
    if descending { u64::MAX - value } else { value }
}

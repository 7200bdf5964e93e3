//! Which numbers of a column pass a test: ranges of numbers, or of a dictionary's ordinals.
//!
//! Dictionaries keep case, tests do not mind it. A text is looked up in each of the cases that are there, by leaps from one to
//! the next; a pattern is held against the part of the dictionary that begins as it does.

use std::ops::{Bound, RangeInclusive};

use query::{Bounds, FieldReference, Pattern, Test, Value, Weekly, matching, time::Stretch};
use tantivy::{
    DocId, SegmentReader,
    columnar::{MonotonicallyMappableToU64 as _, StrColumn},
};

use crate::{
    case::{self, Dictionary},
    columns::{Values, column_time, time_of},
    error::Error,
    text,
};

/// Ranges up to which each is scanned for by itself.
const FEW_RANGES: usize = 3;

/// A column and the numbers that pass: ranges, rising, without overlap, at least one.
pub(crate) struct Selection {
    pub(crate) values: Values,
    ranges: Vec<RangeInclusive<u64>>,
}

impl Selection {
    /// `None` when no document of the segment can pass.
    pub(crate) fn new(
        segment: &SegmentReader,
        field: &FieldReference,
        test: &Test,
    ) -> Result<Option<Self>, Error> {
        let Some(values) = Values::open(segment, field)? else { return Ok(None) };
        let (least, greatest) = (values.column.min_value(), values.column.max_value());
        let mut ranges = match (&values.texts, test) {
            (Some(texts), test) => ordinals(texts, test)?,
            (None, Test::Weekly(weekly)) => hours(weekly, least, greatest),
            (None, test) => Vec::from_iter(numbers(test)),
        };
        ranges.retain(|range| *range.start() <= greatest && *range.end() >= least);
        Ok((!ranges.is_empty()).then_some(Self { values, ranges }))
    }

    /// Every document with a value.
    pub(crate) fn everything(values: Values) -> Self {
        Self { values, ranges: vec![0..=u64::MAX] }
    }

    /// Whether every value passes.
    pub(crate) fn is_everything(&self) -> bool {
        let (least, greatest) = (self.values.column.min_value(), self.values.column.max_value());
        self.ranges.iter().any(|range| *range.start() <= least && *range.end() >= greatest)
    }

    /// The ranges to look for.
    pub(crate) fn scans(&self) -> Vec<RangeInclusive<u64>> {
        match (self.is_exact(), self.ranges.first(), self.ranges.last()) {
            (false, Some(first), Some(last)) => vec![*first.start()..=*last.end()],
            _ => self.ranges.clone(),
        }
    }

    /// Whether what [`Self::scans`] finds needs no second look.
    pub(crate) fn is_exact(&self) -> bool {
        self.ranges.len() <= FEW_RANGES
    }

    /// Whether the document has a value that passes.
    pub(crate) fn holds(&self, document: DocId) -> bool {
        self.values.column.values_for_doc(document).any(|value| {
            let at = self.ranges.partition_point(|range| *range.end() < value);
            self.ranges.get(at).is_some_and(|range| range.contains(&value))
        })
    }
}

/// The numbers that pass.
fn numbers(test: &Test) -> Option<RangeInclusive<u64>> {
    match test {
        Test::Exists => Some(0..=u64::MAX),
        Test::Is(value) => column_value(value).map(|value| value..=value),
        Test::Within(Bounds { lower, upper }) => {
            let bound = |bound: &Bound<Value>| match bound {
                Bound::Unbounded => Some(Bound::Unbounded),
                Bound::Included(value) => column_value(value).map(Bound::Included),
                Bound::Excluded(value) => column_value(value).map(Bound::Excluded),
            };
            between(bound(lower)?, bound(upper)?)
        }
        Test::Like(_) | Test::In(_) | Test::Weekly(_) | Test::Words(_) | Test::Phrase(_) => None,
    }
}

/// The numbers from `least` to `greatest` that are times within these hours of the week.
fn hours(weekly: &Weekly, least: u64, greatest: u64) -> Vec<RangeInclusive<u64>> {
    let stretches = weekly.stretches(time_of(least), time_of(greatest.saturating_add(1)));
    let numbers = |stretch: Stretch| column_time(stretch.start)..=column_time(stretch.end) - 1;
    stretches.into_iter().map(numbers).collect()
}

/// The ordinals that pass.
fn ordinals(column: &StrColumn, test: &Test) -> Result<Vec<RangeInclusive<u64>>, Error> {
    let dictionary = column.dictionary();
    let is = |text: &str| -> Result<Vec<RangeInclusive<u64>>, Error> {
        let found = case::beginnings(dictionary, &matching::lower(text))?;
        let whole = found.into_iter().filter(|found| found.is_whole);
        Ok(whole.map(|found| found.ordinals.start..=found.ordinals.start).collect())
    };
    match test {
        Test::Exists => Ok(vec![0..=u64::MAX]),
        Test::Is(value) if !matches!(value, Value::Address(_)) => is(&key(value)),
        Test::Words(words) | Test::Phrase(words) => is(words),
        Test::Is(value) => {
            let key = key(value);
            ordinals_between(column, Bound::Included(key.clone()), Bound::Included(key))
        }
        Test::In(network) => {
            let (first, last) = (text::address_key(network.first), text::address_key(network.last()));
            ordinals_between(column, Bound::Included(first), Bound::Included(last))
        }
        Test::Within(Bounds { lower, upper }) => {
            ordinals_between(column, lower.as_ref().map(key), upper.as_ref().map(key))
        }
        Test::Like(pattern) => like(dictionary, pattern),
        // Of no text.
        Test::Weekly(_) => Ok(Vec::new()),
    }
}

/// The ordinals of the texts that fit a pattern.
fn like(dictionary: &Dictionary, pattern: &Pattern) -> Result<Vec<RangeInclusive<u64>>, Error> {
    let beginnings = case::beginnings(dictionary, &pattern.beginning())?;
    if pattern.is_beginning() {
        let ranges = beginnings.into_iter().map(|found| found.ordinals);
        return Ok(ranges.map(|ordinals| ordinals.start..=ordinals.end - 1).collect());
    }
    let mut ranges: Vec<RangeInclusive<u64>> = Vec::new();
    for beginning in beginnings {
        let mut ordinal = beginning.ordinals.start;
        let mut stream = dictionary.prefix_range(&beginning.prefix).into_stream()?;
        while ordinal < beginning.ordinals.end && stream.advance() {
            if pattern.matches(&String::from_utf8_lossy(stream.key())) {
                match ranges.last_mut().filter(|last| *last.end() + 1 == ordinal) {
                    Some(last) => *last = *last.start()..=ordinal,
                    None => ranges.push(ordinal..=ordinal),
                }
            }
            ordinal += 1;
        }
    }
    Ok(ranges)
}

fn ordinals_between(
    texts: &StrColumn,
    lower: Bound<String>,
    upper: Bound<String>,
) -> Result<Vec<RangeInclusive<u64>>, Error> {
    let (lower, upper) = texts.dictionary().term_bounds_to_ord(lower, upper)?;
    Ok(between(lower, upper).into_iter().collect())
}

fn between(lower: Bound<u64>, upper: Bound<u64>) -> Option<RangeInclusive<u64>> {
    let first = match lower {
        Bound::Included(value) => Some(value),
        Bound::Excluded(value) => value.checked_add(1),
        Bound::Unbounded => Some(0),
    };
    let last = match upper {
        Bound::Included(value) => Some(value),
        Bound::Excluded(value) => value.checked_sub(1),
        Bound::Unbounded => Some(u64::MAX),
    };
    first.zip(last).filter(|(first, last)| first <= last).map(|(first, last)| first..=last)
}

/// A value as a dictionary of texts holds it.
fn key(value: &Value) -> String {
    match value {
        Value::Address(address) => text::address_key(*address),
        Value::Text(text) => text.clone(),
        other => query::dsl::write_value(other).to_string(),
    }
}

/// A value that is no text, as columns hold it.
fn column_value(value: &Value) -> Option<u64> {
    Some(match value {
        Value::Integer(number) => number.to_u64(),
        Value::Number(number) => number.to_u64(),
        Value::Boolean(truth) => u64::from(*truth),
        Value::Time(time) => column_time(*time),
        Value::Text(_) | Value::Address(_) => return None,
    })
}

//! Aggregations: what to count over everything that matches, in Elasticsearch's JSON shapes.
//!
//! Read once, checked against the fields, and then either computed by the embedded index or written out again for a
//! cluster. What is not in this dialect is refused by its name, so that no answer is ever silently another.

mod read;
mod write;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value as Json;

use crate::{error::Error, expression::Expression, field::FieldReference, parser::Context, request::Sort};

pub(crate) use read::zone;
pub(crate) use write::write_sort;

/// Several aggregations, by name.
pub type Aggregations = BTreeMap<String, Aggregation>;

/// One aggregation and those that are computed within each of its buckets.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregation {
    /// What it computes.
    pub kind: AggregationKind,
    /// Within each bucket; empty for those that have none.
    pub children: Aggregations,
}

/// What an aggregation computes.
#[derive(Clone, Debug, PartialEq)]
pub enum AggregationKind {
    /// The commonest values.
    Terms(Terms),
    /// Counts over time.
    DateHistogram(DateHistogram),
    /// Documents that match each of several conditions, by name.
    Filters(Vec<(String, Expression)>),
    /// Documents that match a condition.
    Filter(Expression),
    /// Documents without the field.
    Missing(FieldReference),
    /// Documents with a value within each range.
    Range(Ranges),
    /// How many different values: exact up to the store's threshold, about 2 % off beyond it.
    Cardinality(FieldReference),
    /// One number, or several, of the values of a field.
    Metric(Metric, FieldReference),
    /// The first documents in an order.
    TopHits(TopHits),
}

/// The commonest values of a field.
#[derive(Clone, Debug, PartialEq)]
pub struct Terms {
    /// Of this field.
    pub field: FieldReference,
    /// How many buckets.
    pub size: usize,
    /// Their order, by the first criterion that tells two apart; at last by key.
    pub order: Vec<(Order, Descending)>,
    /// Leave out what is rarer.
    pub min_doc_count: u64,
    /// The value that stands for a document without one.
    pub missing: Option<Json>,
    /// Only these values.
    pub include: Option<Choice>,
    /// Not these values.
    pub exclude: Option<Choice>,
}

/// Whether an order begins with the greatest.
pub type Descending = bool;

/// What buckets are ordered by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// How many documents.
    Count,
    /// The key.
    Key,
    /// A metric within each bucket, `name` or `name.member` (`latest`, `size.max`).
    Metric(String, Option<String>),
}

/// Values chosen from those of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// These.
    Exactly(Vec<String>),
    /// Those that begin so: `"ana.*"` in JSON.
    Prefix(String),
}

impl Choice {
    /// Whether the value is chosen.
    pub fn holds(&self, value: &str) -> bool {
        match self {
            Self::Exactly(values) => values.iter().any(|chosen| chosen == value),
            Self::Prefix(prefix) => value.starts_with(prefix.as_str()),
        }
    }
}

/// Counts over time.
#[derive(Clone, Debug, PartialEq)]
pub struct DateHistogram {
    /// Of this field of time.
    pub field: FieldReference,
    /// Width of a bucket.
    pub interval: Interval,
    /// The zone whose midnights, weeks and months count.
    pub zone: TimeZone,
    /// Its name, for answers of a cluster.
    pub zone_name: String,
    /// Leave out what is rarer; 0 shows empty buckets between others.
    pub min_doc_count: u64,
    /// Empty buckets are shown from here to here.
    pub extended_bounds: Option<(Timestamp, Timestamp)>,
    /// Newest first.
    pub descending: Descending,
}

/// Width of a bucket of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interval {
    /// Always as long.
    Fixed(Duration),
    /// As long as the calendar says.
    Calendar(CalendarUnit),
}

/// A unit of the calendar. Weeks begin on Monday.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each says itself")]
pub enum CalendarUnit {
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

/// Ranges of a number or of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranges {
    /// Of this field.
    pub field: FieldReference,
    /// The ranges, in the order asked for.
    pub ranges: Vec<NamedRange>,
    /// Answer as an object by key instead of a list.
    pub keyed: bool,
}

/// A range `[from, to)`; of time in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedRange {
    /// Its name in the answer.
    pub key: Option<String>,
    /// From here.
    pub from: Option<f64>,
    /// Up to here.
    pub to: Option<f64>,
}

/// A number of the values of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each says itself")]
pub enum Metric {
    Minimum,
    Maximum,
    Average,
    Sum,
    /// How many values.
    Count,
    /// All of these.
    Statistics,
}

/// The first documents of a bucket.
#[derive(Clone, Debug, PartialEq)]
pub struct TopHits {
    /// How many.
    pub size: usize,
    /// In this order; newest first unless asked otherwise.
    pub sort: Vec<Sort>,
    /// Only these fields of each.
    pub fields: Option<Vec<String>>,
}

impl Aggregation {
    /// Reads aggregations by name, as in `aggs` of a search.
    pub fn read_all(json: &Json, context: &Context<'_>) -> Result<Aggregations, Error> {
        read::all(json, context)
    }

    /// Writes aggregations by name, as `aggs` of a search of Elasticsearch or OpenSearch.
    pub fn write_all(aggregations: &Aggregations) -> Json {
        write::all(aggregations)
    }
}

#[cfg(test)]
mod tests;

//! Dashboards for Kibana and for OpenSearch Dashboards, from one description of their panels.
//!
//! A [`Panel`] says what is asked and how the answer is drawn, nothing else. From it come the saved objects that either product
//! imports ([`saved_objects`]) and the aggregation that they will send ([`Panel::aggregations`]), so that a test can ask a real engine
//! what a person will see. Both products draw by the same classic visualizations, which differ in their envelope only.
//!
//! The panels themselves are data, in [`all`].

mod all;
mod saved_objects;
mod visualization;

use serde_json::{Map, Value, json};

pub use all::all;
pub use saved_objects::{Product, saved_objects};

/// A page of panels.
#[derive(Debug, Clone, Copy)]
pub struct Dashboard {
    /// Part of its id and those of its panels: `audit-overview`.
    pub name: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// What it is for, in a sentence.
    pub description: &'static str,
    /// How far back it looks at first: `now-7d`.
    pub from: &'static str,
    /// In reading order; they flow into rows of [`COLUMNS`].
    pub panels: &'static [Panel],
}

/// The width of a dashboard, in the grid of both products.
pub const COLUMNS: u32 = 48;

/// One question and how its answer is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Panel {
    /// What it is called.
    pub title: &'static str,
    /// Which documents: a condition in KQL, of the part that the query language here understands too.
    pub query: &'static str,
    /// What of them is shown, and how.
    pub shape: Shape,
    /// Columns of the grid.
    pub width: u32,
    /// Rows of the grid.
    pub height: u32,
}

/// How an answer is drawn.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// One number.
    Figure(Metric),
    /// Columns of counts over time, stacked by the values of a field.
    OverTime(&'static str),
    /// A ring of the most frequent values of a field.
    Share(&'static str),
    /// A table of the most frequent values of one field, and of a second one within each.
    Top(&'static [Column]),
    /// The documents themselves, newest first, with these fields.
    Documents(&'static [&'static str]),
}

/// What a number says of many documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// How many there are.
    Count,
    /// How many values of a field.
    Distinct(&'static str),
    /// The greatest value of a field.
    Latest(&'static str),
}

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// The field.
    pub field: &'static str,
    /// What is written above it.
    pub label: &'static str,
    /// How many of its values, at each place.
    pub size: u32,
}

/// How many values a stack or a ring shows; the rest is one more.
const SHARES: u32 = 8;

impl Panel {
    /// Every field that it uses, beside those of its query.
    pub fn fields(&self) -> Vec<&'static str> {
        match self.shape {
            Shape::Figure(Metric::Count) => Vec::new(),
            Shape::Figure(Metric::Distinct(field) | Metric::Latest(field)) | Shape::Share(field) => {
                vec![field]
            }
            Shape::OverTime(field) => vec!["@timestamp", field],
            Shape::Top(columns) => columns.iter().map(|column| column.field).collect(),
            Shape::Documents(fields) => fields.to_vec(),
        }
    }

    /// The aggregations that it sends, with stretches of time of this length; named by their numbers, as both products do.
    pub fn aggregations(&self, interval: &str) -> Value {
        match self.shape {
            Shape::Figure(metric) => metric.aggregations(),
            Shape::OverTime(field) => json!({ "2": {
                "date_histogram": { "field": "@timestamp", "fixed_interval": interval, "min_doc_count": 1 },
                "aggs": { "3": terms(field, SHARES) },
            } }),
            Shape::Share(field) => json!({ "2": terms(field, SHARES) }),
            Shape::Top(columns) => nested(columns, 2),
            Shape::Documents(_) => json!({}),
        }
    }
}

impl Metric {
    fn aggregations(self) -> Value {
        match self {
            Self::Count => json!({}),
            Self::Distinct(field) => json!({ "1": { "cardinality": { "field": field } } }),
            Self::Latest(field) => json!({ "1": { "max": { "field": field } } }),
        }
    }
}

fn terms(field: &str, size: u32) -> Value {
    json!({ "terms": { "field": field, "size": size, "order": { "_count": "desc" } } })
}

fn nested(columns: &[Column], number: u32) -> Value {
    let Some((first, rest)) = columns.split_first() else { return json!({}) };
    let mut aggregation = terms(first.field, first.size);
    if !rest.is_empty() {
        aggregation["aggs"] = nested(rest, number + 1);
    }
    Value::Object(Map::from_iter([(number.to_string(), aggregation)]))
}

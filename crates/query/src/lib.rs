//! The language in which the trail is asked, and the interface of whatever answers.
//!
//! What a person types becomes an [`Expression`] by [`parse`]; what a program sends as JSON becomes one by [`dsl::read`].
//! Beside it stand [`Aggregations`], in Elasticsearch's JSON shapes, and both go into a [`SearchRequest`], which a
//! [`Backend`] answers: the embedded index, or a cluster of Elasticsearch or OpenSearch. One parser, one meaning, so the
//! same question has the same answer in each.
//!
//! Nothing here does I/O, reads a clock or knows an engine: [`Context`] carries the fields, the time and the zone.
//!
//! ```
//! use query::{Context, Field, FieldKind, Fields, dsl, parse};
//!
//! let fields = Fields::new([Field::new("event.action", FieldKind::Keyword), Field::new("source.ip", FieldKind::Address)]);
//! let context = Context::new(&fields, "2026-11-25T12:00:00Z".parse()?);
//! let expression = parse("event.action:api_key_* and not source.ip:10.0.0.0/8", &context)?;
//! assert!(dsl::write(&expression).to_string().contains("api_key_*"));
//!
//! let mistake = parse("event.acton:x", &context).unwrap_err();
//! assert_eq!((mistake.column, mistake.suggestion.as_deref()), (Some(1), Some("event.action")));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod aggregation;
mod backend;
pub mod dsl;
mod error;
mod expression;
mod field;
pub mod matching;
mod parser;
mod pattern;
mod request;
mod selection;
pub mod time;
mod weekly;

pub use aggregation::{
    Aggregation, AggregationKind, Aggregations, CalendarUnit, Choice, DateHistogram, Descending, Interval,
    Metric, NamedRange, Order, Ranges, Terms, TopHits,
};
pub use backend::{Answer, Backend, BackendKind, BackendStatus};
pub use error::{Error, ErrorKind};
pub use expression::{Bounds, Expression, Network, Test, Value};
pub use field::{Field, FieldKind, FieldReference, Fields};
pub use matching::matches;
pub use parser::{Context, parse};
pub use pattern::Pattern;
pub use request::{Hit, SearchRequest, SearchResponse, Sort};
pub use selection::only;
pub use weekly::Weekly;

/// The field of time: every range of a request is on it, and hits are sorted by it unless asked otherwise.
pub const TIMESTAMP: &str = "@timestamp";
/// The ledger's sequence, unique per document: the last criterion of every order, so that paging is exact.
pub const SEQUENCE: &str = "event.sequence";
/// The activity's id.
pub const ID: &str = "event.id";

//! One question and its answer.

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use crate::{
    Aggregations, Error, Expression, FieldKind, FieldReference, Fields, SEQUENCE, TIMESTAMP, error::ErrorKind,
};

/// An order of hits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sort {
    /// By this field; of several values the least when ascending, the greatest when descending. Hits without it come last.
    pub field: FieldReference,
    /// From the greatest down.
    pub descending: bool,
}

impl Sort {
    /// Reads `@timestamp`, `user.email:desc`, `-@timestamp`.
    pub fn parse(text: &str, fields: &Fields) -> Result<Self, Error> {
        let (name, descending) = match (text.strip_prefix('-'), text.rsplit_once(':')) {
            (Some(name), _) | (None, Some((name, "desc"))) => (name, true),
            (None, Some((name, "asc"))) => (name, false),
            _ => (text, false),
        };
        Self::new(fields.resolve(name)?, descending)
    }

    /// An order by a field that can be sorted by.
    pub fn new(field: FieldReference, descending: bool) -> Result<Self, Error> {
        if field.kind == FieldKind::Text {
            return Err(Error::new(
                ErrorKind::Unsupported,
                format!("{} cannot be sorted by: it is text", field.name),
            ));
        }
        Ok(Self { field, descending })
    }
}

/// What is asked of a store.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchRequest {
    /// Which documents.
    pub query: Expression,
    /// With a time at or after.
    pub from: Option<Timestamp>,
    /// With a time before.
    pub to: Option<Timestamp>,
    /// Their order; [`SearchRequest::order`] completes it.
    pub sort: Vec<Sort>,
    /// How many hits, at most [`SearchRequest::MAX_SIZE`]; 0 for none.
    pub size: usize,
    /// Only hits behind this one: [`Hit::sort`] of the last hit of the page before.
    pub search_after: Option<Vec<Json>>,
    /// Only these fields of each document; `user.*` works. `None` for the whole document.
    pub fields: Option<Vec<String>>,
    /// What to count over everything that matches.
    pub aggregations: Aggregations,
}

impl SearchRequest {
    /// Most hits of one answer.
    pub const MAX_SIZE: usize = 10_000;

    /// The newest `size` documents that match, without aggregations.
    pub fn new(query: Expression, size: usize) -> Self {
        Self {
            query,
            from: None,
            to: None,
            sort: Vec::new(),
            size,
            search_after: None,
            fields: None,
            aggregations: Aggregations::default(),
        }
    }

    /// The query and the range of time as one condition.
    pub fn condition(&self) -> Expression {
        let time = FieldReference { name: TIMESTAMP.into(), kind: FieldKind::Date };
        Expression::and([Expression::between(time, self.from, self.to), self.query.clone()])
    }

    /// The whole order: newest first unless asked otherwise, and last of all the sequence, so that no two hits are equal.
    pub fn order(&self) -> Vec<Sort> {
        let by = |name: &str, kind, descending| Sort {
            field: FieldReference { name: name.to_owned(), kind },
            descending,
        };
        let mut order = self.sort.clone();
        if order.is_empty() {
            order.push(by(TIMESTAMP, FieldKind::Date, true));
        }
        if order.iter().all(|sort| sort.field.name != SEQUENCE) {
            let descending = order[0].descending;
            order.push(by(SEQUENCE, FieldKind::Long, descending));
        }
        order
    }

    /// Refuses what no store answers.
    pub fn check(&self) -> Result<(), Error> {
        if self.size > Self::MAX_SIZE {
            return Err(Error::new(
                ErrorKind::TooLarge,
                format!("size {} is above {}", self.size, Self::MAX_SIZE),
            )
            .with_hint("page with search_after, or export"));
        }
        if let Some(after) = &self.search_after
            && after.len() != self.order().len()
        {
            return Err(Error::new(
                ErrorKind::Syntax,
                format!("search_after has {} values, the order has {}", after.len(), self.order().len()),
            )
            .with_hint("pass the `sort` of the last hit, with the same order"));
        }
        Ok(())
    }
}

/// A document that matched.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// The activity's id; empty for a record without one.
    pub id: String,
    /// Position in the ledger.
    pub sequence: u64,
    /// The document, or the fields asked for.
    pub document: Json,
    /// Its place in the order: times as milliseconds since 1970, for [`SearchRequest::search_after`].
    pub sort: Vec<Json>,
}

/// The answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SearchResponse {
    /// How many documents match: exact.
    pub total: u64,
    /// Those asked for, in order.
    pub hits: Vec<Hit>,
    /// What was counted, by the names of the request, in Elasticsearch's JSON shapes.
    pub aggregations: Map<String, Json>,
}

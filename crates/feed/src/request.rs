//! One request to the feed: every parameter of the contract, checked before it is sent.
//!
//! The API answers 400 to any parameter it does not like, so everything it is documented to refuse is refused here
//! first, with a message that names the field. What is left open by the contract (an unknown activity type, an unknown
//! actor id) is sent as it is.
//!
//! Time bounds are sent with microseconds, the precision of the feed. A finer bound is rounded to the microsecond that
//! selects exactly the same activities (`gte` and `lt` up, `gt` and `lte` down), so windows that touch stay touching.

mod bounds;
mod query;

use std::fmt;

use jiff::Timestamp;

use crate::error::{Error, ErrorKind};

pub(crate) use bounds::Bounds;

/// How many activities a page holds when `limit` is not given.
pub const DEFAULT_LIMIT: u32 = 100;

/// The most activities the API gives in one page.
pub const MAX_LIMIT: u32 = 5000;

/// The longest query that can be sent at all, in bytes; request targets end at 65,535 and the path needs its share.
const MAX_QUERY_BYTES: usize = 64_000;

/// The order of a page by `created_at`; ties stand in the order of the activity id.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Order {
    /// Oldest first (`asc`).
    Ascending,
    /// Newest first (`desc`), which is also what the API does when no order is given.
    Descending,
}

impl Order {
    /// The value of the `order` parameter.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ascending => "asc",
            Self::Descending => "desc",
        }
    }
}

/// A place in the result of a request. Opaque: only the API knows what it means.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Cursor(String);

impl Cursor {
    /// Wraps a cursor the API gave, as it was given.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text of the cursor.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Cursor({:?})", self.0)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The parameters of `GET /v1/compliance/activities`. All are optional; `default()` asks for the newest 100.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct ActivityRequest {
    /// Only these types (`activity_types[]`). Not together with `excluded_activity_types`.
    pub activity_types: Vec<String>,
    /// All but these types (`exclude_activity_types[]`). Not together with `activity_types`.
    pub excluded_activity_types: Vec<String>,
    /// Only these actors (`actor_ids[]`); `user_…` ids are the ones that work today.
    pub actor_ids: Vec<String>,
    /// A second name for `actor_ids` (`user_ids[]`); the API merges the two lists.
    pub user_ids: Vec<String>,
    /// Only these organizations (`organization_ids[]`), by `org_…` id or UUID. The API still returns activities that
    /// belong to no organization.
    pub organization_ids: Vec<String>,
    /// Later than this moment (`created_at.gt`).
    pub created_at_gt: Option<Timestamp>,
    /// At this moment or later (`created_at.gte`).
    pub created_at_gte: Option<Timestamp>,
    /// Before this moment (`created_at.lt`).
    pub created_at_lt: Option<Timestamp>,
    /// At this moment or before (`created_at.lte`).
    pub created_at_lte: Option<Timestamp>,
    /// Activities a page, 1 to [`MAX_LIMIT`]; [`DEFAULT_LIMIT`] when `None`.
    pub limit: Option<u32>,
    /// Descending when `None`.
    pub order: Option<Order>,
    /// The page after this place in result order: the `last_id` of the page before. Not together with `before_id`.
    pub after_id: Option<Cursor>,
    /// The page before this place in result order: the `first_id` of the page after. Not together with `after_id`.
    pub before_id: Option<Cursor>,
}

impl ActivityRequest {
    /// Refuses, with [`ErrorKind::InvalidRequest`], what the API is documented to refuse and what cannot be sent.
    pub fn validate(&self) -> Result<(), Error> {
        self.check_lists()?;
        self.check_cursors()?;
        self.check_limit()?;
        Bounds::of(self).check().map_err(invalid)?;
        let length = self.query().len();
        if length > MAX_QUERY_BYTES {
            return Err(invalid(format!(
                "the query is {length} bytes long, and at most {MAX_QUERY_BYTES} can be sent: ask for fewer types, actors or organizations"
            )));
        }
        Ok(())
    }

    /// How many activities a page may hold at most.
    pub fn page_limit(&self) -> u32 {
        self.limit.unwrap_or(DEFAULT_LIMIT)
    }

    /// The order the page will have.
    pub fn page_order(&self) -> Order {
        self.order.unwrap_or(Order::Descending)
    }

    fn check_lists(&self) -> Result<(), Error> {
        if !self.activity_types.is_empty() && !self.excluded_activity_types.is_empty() {
            return Err(invalid("activity_types and excluded_activity_types cannot be given together"));
        }
        let lists = [
            ("activity_types", &self.activity_types),
            ("excluded_activity_types", &self.excluded_activity_types),
            ("actor_ids", &self.actor_ids),
            ("user_ids", &self.user_ids),
            ("organization_ids", &self.organization_ids),
        ];
        for (name, values) in lists {
            for value in values {
                check_text(name, value)?;
            }
        }
        Ok(())
    }

    fn check_cursors(&self) -> Result<(), Error> {
        if self.after_id.is_some() && self.before_id.is_some() {
            return Err(invalid("after_id and before_id cannot be given together"));
        }
        for (name, cursor) in [("after_id", &self.after_id), ("before_id", &self.before_id)] {
            if let Some(cursor) = cursor {
                check_text(name, cursor.as_str())?;
            }
        }
        Ok(())
    }

    fn check_limit(&self) -> Result<(), Error> {
        match self.limit {
            Some(limit) if !(1..=MAX_LIMIT).contains(&limit) => {
                Err(invalid(format!("limit is {limit}, and must be between 1 and {MAX_LIMIT}")))
            }
            _ => Ok(()),
        }
    }
}

/// Refuses an empty value, and one with characters that no id, type or cursor has.
fn check_text(name: &str, value: &str) -> Result<(), Error> {
    if value.trim().is_empty() {
        return Err(invalid(format!("{name} holds an empty value")));
    }
    if value.chars().any(|character| character.is_control() || character.is_whitespace()) {
        return Err(invalid(format!("{name} holds {value:?}, which has white space or control characters")));
    }
    Ok(())
}

fn invalid(detail: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidRequest, detail)
}

#[cfg(test)]
mod tests;

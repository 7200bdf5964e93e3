//! One page: which rows it holds, where its cursors point, and its bytes.

use bytes::Bytes;
use jiff::Timestamp;

use super::{
    cursor::{self, Cursor, Place},
    problem::Problem,
    query::{PageQuery, Start},
    timeline::{Found, LeftOut, Timeline, Walk, Walked},
};

/// A page before it is written.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) query: PageQuery,
    /// In result order.
    pub(crate) rows: Vec<Found>,
    /// What is not here because it comes late.
    pub(crate) left_out: Vec<LeftOut>,
    pub(crate) has_more: bool,
    /// What `first_id` and `last_id` point at.
    pub(crate) first: Option<Place>,
    pub(crate) last: Option<Place>,
    /// What `after_id` pointed at.
    pub(crate) after: Option<Place>,
}

impl Page {
    /// The page a query asks for.
    ///
    /// After a cursor (or from the start) it holds the next rows in result order; before a cursor the rows that end
    /// just there, so that walking on with `first_id` visits page after page towards the start.
    pub(crate) fn find(timeline: &Timeline, query: PageQuery, now: Timestamp) -> Result<Self, Problem> {
        let (backwards, place) = match &query.start {
            Start::First => (false, None),
            Start::After(cursor) => (false, Some(locate(timeline, cursor, "after_id", now)?)),
            Start::Before(Cursor::Bare(_)) => return Err(Problem::bad_request("Invalid before_id")),
            Start::Before(cursor) => (true, Some(locate(timeline, cursor, "before_id", now)?)),
        };
        let walk = Walk {
            filter: &query.filter,
            from: query.from,
            to: query.to,
            beyond: place.as_ref(),
            ascending: query.ascending != backwards,
            limit: query.limit + 1,
            unindexed_too: false,
        };
        let Walked { found: mut rows, left_out } = timeline.walk(&walk, now);
        let has_more = rows.len() > query.limit;
        rows.truncate(query.limit);
        if backwards {
            rows.reverse();
        }
        let place_of = |row: Option<&Found>| row.map(|row| row.place.clone());
        let (first, last) = (place_of(rows.first()), place_of(rows.last()));
        let after = if backwards { None } else { place };
        Ok(Self { query, rows, left_out, has_more, first, last, after })
    }

    /// The envelope around the exact bytes of the rows.
    pub(crate) fn body(&self) -> Bytes {
        let rows_length: usize = self.rows.iter().map(|row| row.json.len() + 1).sum();
        let mut body = Vec::with_capacity(rows_length + 512);
        body.extend_from_slice(br#"{"data":["#);
        for (number, row) in self.rows.iter().enumerate() {
            if number > 0 {
                body.push(b',');
            }
            body.extend_from_slice(&row.json);
        }
        body.extend_from_slice(br#"],"has_more":"#);
        body.extend_from_slice(if self.has_more { b"true" } else { b"false" });
        for (name, place) in [("first_id", &self.first), ("last_id", &self.last)] {
            let cursor =
                place.as_ref().map_or("null".to_owned(), |place| format!("\"{}\"", cursor::encode(place)));
            body.extend_from_slice(format!(",\"{name}\":{cursor}").as_bytes());
        }
        body.push(b'}');
        Bytes::from(body)
    }
}

fn locate(timeline: &Timeline, cursor: &Cursor, name: &str, now: Timestamp) -> Result<Place, Problem> {
    timeline.locate(cursor, now).ok_or_else(|| Problem::bad_request(format!("Invalid {name}")))
}

//! Rows that come late, as the server sees it: one answer left them out, because they were not indexed yet, and a later one sent them.
//!
//! Only rows that are later than every ordinary one are watched, so without a share of late rows nothing is kept. How old a row was when
//! it was last left out says for whom it is late: for every client that took that answer as complete for moments of this age.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::page::Page;

/// Every late row that was left out of an answer.
#[derive(Debug, Default, Clone)]
pub(crate) struct LateRows(HashMap<String, LateRow>);

#[derive(Debug, Clone, Copy)]
struct LateRow {
    created: Timestamp,
    visible: Timestamp,
    /// The last time.
    left_out: Timestamp,
    /// The first time.
    sent: Option<Timestamp>,
}

impl LateRows {
    /// Takes note of what a page that is sent now holds, and of what it does not.
    pub(crate) fn note(&mut self, page: &Page, now: Timestamp) {
        for left_out in &page.left_out {
            let (created, visible) = (left_out.place.created_at, left_out.visible_at);
            let fresh = LateRow { created, visible, left_out: now, sent: None };
            self.0.entry(left_out.place.id.clone()).or_insert(fresh).left_out = now;
        }
        if self.0.is_empty() {
            return;
        }
        for row in &page.rows {
            if let Some(late) = self.0.get_mut(&row.place.id) {
                late.sent.get_or_insert(now);
            }
        }
    }

    /// Those that were left out at an age, or at a greater one, oldest first.
    pub(crate) fn report(&self, age: SignedDuration) -> Value {
        let mut rows: Vec<(&String, &LateRow)> =
            self.0.iter().filter(|(_, row)| row.left_out.duration_since(row.created) >= age).collect();
        rows.sort_unstable_by_key(|(id, row)| (row.created, *id));
        let sent = rows.iter().filter(|(_, row)| row.sent.is_some()).count();
        let told = |(id, row): (&String, &LateRow)| {
            json!({
                "id": id,
                "created_at": row.created,
                "visible_at": row.visible,
                "left_out_at": row.left_out,
                "sent_at": row.sent,
            })
        };
        json!({ "left_out": rows.len(), "sent": sent, "rows": rows.into_iter().map(told).collect::<Vec<_>>() })
    }
}

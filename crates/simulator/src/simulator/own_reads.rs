//! The rows that calls of the Compliance API leave in the feed: `compliance_api_accessed`.
//!
//! A call is kept as its few particulars and becomes a row of JSON only when a page holds it. The log is bounded: when
//! it is full, the oldest call goes, and is then missing from the feed as well.

use std::{
    collections::VecDeque,
    net::IpAddr,
    ops::Range,
    sync::{Arc, LazyLock},
};

use bytes::Bytes;
use jiff::{Timestamp, fmt::temporal::DateTimePrinter};
use serde_json::json;

/// The type of every row made here.
pub(crate) const ACTIVITY_TYPE: &str = "compliance_api_accessed";

/// Dates as the feed writes them: UTC, microseconds.
static PRINTER: LazyLock<DateTimePrinter> = LazyLock::new(|| DateTimePrinter::new().precision(Some(6)));

/// One call of the API.
#[derive(Debug)]
pub(crate) struct OwnRead {
    pub(crate) id: String,
    pub(crate) created_at: Timestamp,
    pub(crate) visible_at: Timestamp,
    /// `apikey_…`, whatever the kind of the key.
    pub(crate) api_key_id: String,
    pub(crate) address: IpAddr,
    pub(crate) user_agent: Option<String>,
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) status: u16,
    pub(crate) request_id: String,
    pub(crate) request_body: Option<String>,
}

impl OwnRead {
    /// The exact row; organization null, as for every call of the API.
    pub(crate) fn json(&self) -> Bytes {
        let text = |value: &str| serde_json::Value::from(value).to_string();
        let optional = |value: Option<&str>| json!(value).to_string();
        let row = format!(
            concat!(
                r#"{{"id":{},"created_at":{},"organization_id":null,"organization_uuid":null,"#,
                r#""actor":{{"type":"api_actor","api_key_id":{},"ip_address":{},"user_agent":{}}},"type":"{}","#,
                r#""request_body":{},"request_id":{},"request_method":{},"status_code":{},"url":{}}}"#
            ),
            text(&self.id),
            text(&PRINTER.timestamp_to_string(&self.created_at)),
            text(&self.api_key_id),
            text(&self.address.to_string()),
            optional(self.user_agent.as_deref()),
            ACTIVITY_TYPE,
            optional(self.request_body.as_deref()),
            text(&self.request_id),
            text(&self.method),
            self.status,
            text(&self.url),
        );
        Bytes::from(row)
    }

    fn key(&self) -> (Timestamp, &str) {
        (self.created_at, &self.id)
    }
}

/// The calls of one parent, in feed order.
#[derive(Debug)]
pub(crate) struct OwnReads {
    reads: VecDeque<Arc<OwnRead>>,
    kept_max: usize,
    dropped: u64,
}

impl OwnReads {
    pub(crate) fn new(kept_max: usize) -> Self {
        Self { reads: VecDeque::new(), kept_max, dropped: 0 }
    }

    /// Adds a call at its place; usually the end, but a skewed clock may put it elsewhere.
    pub(crate) fn push(&mut self, read: OwnRead) {
        let place = self.reads.partition_point(|known| known.key() < read.key());
        self.reads.insert(place, Arc::new(read));
        while self.reads.len() > self.kept_max {
            self.reads.pop_front();
            self.dropped += 1;
        }
    }

    /// The calls of `[from, to)`.
    pub(crate) fn between(&self, from: Timestamp, to: Timestamp) -> Range<usize> {
        let first = self.reads.partition_point(|read| read.created_at < from);
        let end = self.reads.partition_point(|read| read.created_at < to);
        first..end.max(first)
    }

    pub(crate) fn range(&self, places: Range<usize>) -> std::collections::vec_deque::Iter<'_, Arc<OwnRead>> {
        self.reads.range(places)
    }

    /// The call with this id, newest first: a reader's bare cursor is seldom old.
    pub(crate) fn find(&self, id: &str) -> Option<&OwnRead> {
        self.reads.iter().rev().find(|read| read.id == id).map(AsRef::as_ref)
    }

    /// Whether the call of this time and id is still kept.
    pub(crate) fn contains(&self, created_at: Timestamp, id: &str) -> bool {
        self.reads.binary_search_by(|read| read.key().cmp(&(created_at, id))).is_ok()
    }

    pub(crate) fn oldest(&self) -> Option<Timestamp> {
        self.reads.front().map(|read| read.created_at)
    }

    pub(crate) fn kept(&self) -> usize {
        self.reads.len()
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id;

    fn read(microsecond: i64, salt: u64) -> OwnRead {
        let created_at = Timestamp::from_microsecond(1_700_000_000_000_000 + microsecond).expect("in range");
        OwnRead {
            id: id::of_activity(created_at, salt),
            created_at,
            visible_at: created_at,
            api_key_id: "apikey_01JX".to_owned(),
            address: IpAddr::from([192, 0, 2, 7]),
            user_agent: Some("agent \"quoted\"".to_owned()),
            method: "GET".to_owned(),
            url: "https://api.anthropic.com/v1/compliance/activities?limit=1".to_owned(),
            status: 200,
            request_id: "req_01".to_owned(),
            request_body: None,
        }
    }

    #[test]
    fn the_row_has_the_documented_fields() {
        let row: serde_json::Value = serde_json::from_slice(&read(0, 5).json()).expect("valid JSON");
        assert_eq!(
            row,
            json!({
                "id": read(0, 5).id,
                "created_at": "2023-11-14T22:13:20.000000Z",
                "organization_id": null,
                "organization_uuid": null,
                "actor": {
                    "type": "api_actor",
                    "api_key_id": "apikey_01JX",
                    "ip_address": "192.0.2.7",
                    "user_agent": "agent \"quoted\"",
                },
                "type": "compliance_api_accessed",
                "request_body": null,
                "request_id": "req_01",
                "request_method": "GET",
                "status_code": 200,
                "url": "https://api.anthropic.com/v1/compliance/activities?limit=1",
            })
        );
    }

    #[test]
    fn the_log_is_sorted_and_bounded() {
        let mut log = OwnReads::new(3);
        for (microsecond, salt) in [(5, 1), (9, 2), (7, 3), (5, 0)] {
            log.push(read(microsecond, salt));
        }
        let micros: Vec<i64> =
            log.range(0..3).map(|read| read.created_at.as_microsecond() - 1_700_000_000_000_000).collect();
        assert_eq!(micros, [5, 7, 9]);
        assert_eq!((log.kept(), log.dropped()), (3, 1));
        assert_eq!(log.between(read(6, 0).created_at, read(9, 0).created_at), 1..2);
        let newest = read(9, 2);
        assert!(log.contains(newest.created_at, &newest.id));
        assert!(!log.contains(newest.created_at, "activity_other"));
    }
}

//! One page of the feed: its activities as exact bytes, its cursors, and how it was obtained.
//!
//! The bytes are the truth; `id`, `created_at` and `activity_type` are read out of them for the convenience of those
//! who plan, order and deduplicate. [`parse_page`] makes a page from a body without the network, which is how the fuzz
//! target and the benches use it.

mod check;
mod parse;

use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;

use crate::request::Cursor;

pub(crate) use parse::parse;
pub use parse::parse_page;

/// One activity as the API sent it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Activity {
    /// The exact bytes of the JSON object, white space inside it included. A slice of the response body: holding one
    /// activity holds the body.
    pub raw: Bytes,
    /// The activity's id. `sha256:` and the digest of `raw` in hexadecimal when the API sent none.
    pub id: String,
    /// When it happened (for Access Transparency: when it was recorded). `None` when missing or unreadable.
    pub created_at: Option<Timestamp>,
    /// The activity type; empty when missing or not a string.
    pub activity_type: String,
}

/// What a row about a call of the Compliance API tells of that call.
#[derive(Clone, Default, PartialEq, Eq, Debug, Deserialize)]
pub struct ApiAccess {
    /// The `request-id` that the call was answered with.
    pub request_id: Option<String>,
}

impl Activity {
    /// The type of the rows that tell of calls of the Compliance API.
    pub const API_ACCESS: &'static str = "compliance_api_accessed";

    /// What the row tells of a call of the Compliance API; `None` for every other row, and for one that cannot be read.
    pub fn api_access(&self) -> Option<ApiAccess> {
        if self.activity_type != Self::API_ACCESS {
            return None;
        }
        serde_json::from_slice(&self.raw).ok()
    }
}

/// The part of a row about the Compliance API's own settings that says whether activities are recorded.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct RecordingSetting {
    /// Whether an organization's activities are recorded from here on.
    #[serde(rename = "compliance_api_logging_enabled")]
    pub on: bool,
    /// Whose.
    pub organization_id: Option<String>,
}

impl Activity {
    /// Whether activities are recorded from here on, if this row says so.
    pub fn recording_setting(&self) -> Option<RecordingSetting> {
        if self.activity_type != "org_compliance_api_settings_updated" {
            return None;
        }
        serde_json::from_slice(&self.raw).ok()
    }
}

/// What `anthropic-ratelimit-requests-*` said. Every part is optional, and some answers carry none.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct RateLimit {
    /// Requests a minute for the parent organization.
    pub limit: Option<u32>,
    /// How many of them are left.
    pub remaining: Option<u32>,
    /// When the budget is whole again.
    pub reset: Option<Timestamp>,
}

/// How a page was obtained: the evidence that is kept with it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exchange {
    /// The URL with its query. Never holds a key or a password.
    pub url: String,
    /// The `request-id` header; the API also records it in its own row about this request.
    pub request_id: Option<String>,
    /// When the attempt that succeeded was sent, by our clock.
    pub requested_at: Timestamp,
    /// When its body was complete, by our clock.
    pub responded_at: Timestamp,
    /// When the other side answered, by its own clock (the `date` header, whole seconds).
    pub server_time: Option<Timestamp>,
    /// The HTTP status.
    pub status: u16,
    /// SHA-256 of the body after content decoding.
    pub body_sha256: [u8; 32],
    /// Length of the body after content decoding.
    pub body_bytes: u64,
    /// The request budget as it stood after this request.
    pub rate_limit: RateLimit,
    /// How many requests were sent for this page, the successful one included.
    pub attempts: u32,
    /// The number of the key it was asked with: 1 for the first that the source gave, one more each time it gave another.
    pub key_number: u32,
}

/// A page that passed every check, and how it was obtained.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// The activities in the order in which they came.
    pub activities: Vec<Activity>,
    /// Whether the result goes on beyond this page, in the direction of paging.
    pub has_more: bool,
    /// The cursor for [`before_id`](crate::ActivityRequest::before_id); none on an empty page.
    pub first_id: Option<Cursor>,
    /// The cursor for [`after_id`](crate::ActivityRequest::after_id); none on an empty page.
    pub last_id: Option<Cursor>,
    /// How it was obtained.
    pub exchange: Exchange,
}

/// What a response body holds: a [`Page`] without its [`Exchange`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PageContent {
    /// See [`Page::activities`].
    pub activities: Vec<Activity>,
    /// See [`Page::has_more`].
    pub has_more: bool,
    /// See [`Page::first_id`].
    pub first_id: Option<Cursor>,
    /// See [`Page::last_id`].
    pub last_id: Option<Cursor>,
}

#[cfg(test)]
mod tests;

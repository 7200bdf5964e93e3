//! The opaque cursors: base64 of `{"id","created_at"}`.
//!
//! A cursor is a place in the order, nothing more: it knows no filter, and survives another key. As `after_id` the API
//! also takes a bare activity id.

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A place in the feed: between rows, just at this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) id: String,
    pub(crate) created_at: Timestamp,
}

/// A cursor as the caller wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cursor {
    /// One that a page handed out.
    Opaque(Place),
    /// A bare `activity_…` id.
    Bare(String),
    /// Neither.
    Unreadable,
}

/// The cursor of a row.
pub(crate) fn encode(place: &Place) -> String {
    STANDARD.encode(serde_json::json!({ "id": place.id, "created_at": place.created_at }).to_string())
}

/// Reads what a caller sent.
pub(crate) fn decode(text: &str) -> Cursor {
    if text.starts_with("activity_") {
        return Cursor::Bare(text.to_owned());
    }
    let place = STANDARD.decode(text).ok().and_then(|json| serde_json::from_slice(&json).ok());
    place.map_or(Cursor::Unreadable, Cursor::Opaque)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_come_back_as_they_went() {
        let place = Place {
            id: "activity_01".to_owned(),
            created_at: "2026-01-02T03:04:05.000006Z".parse().expect("a time"),
        };
        let text = encode(&place);
        assert_eq!(
            String::from_utf8(STANDARD.decode(&text).expect("base64")).expect("text"),
            r#"{"created_at":"2026-01-02T03:04:05.000006Z","id":"activity_01"}"#
        );
        assert_eq!(decode(&text), Cursor::Opaque(place));
        assert_eq!(decode("activity_01"), Cursor::Bare("activity_01".to_owned()));
        for unreadable in ["", "not base64!", "bm90IGpzb24=", "e30="] {
            assert_eq!(decode(unreadable), Cursor::Unreadable, "{unreadable}");
        }
    }
}

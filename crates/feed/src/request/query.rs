//! The query of a request, exactly as it stands in the URL.
//!
//! Arrays repeat their name with brackets (`actor_ids[]=a&actor_ids[]=b`), time bounds have a dot in their name.
//! Parameters stand in one fixed order, so equal requests have equal URLs. In values, everything but the unreserved
//! characters of RFC 3986 and the colon of a time is percent-encoded; base64 cursors hold `+`, `/` and `=`.

use jiff::Timestamp;

use super::{ActivityRequest, Bounds};

impl ActivityRequest {
    /// Names and values in the order in which they are sent, before encoding. Names of arrays carry their brackets.
    pub fn parameters(&self) -> Vec<(&'static str, String)> {
        let bounds = Bounds::of(self);
        let lists = [
            ("activity_types[]", &self.activity_types),
            ("exclude_activity_types[]", &self.excluded_activity_types),
            ("actor_ids[]", &self.actor_ids),
            ("user_ids[]", &self.user_ids),
            ("organization_ids[]", &self.organization_ids),
        ];
        let times = [
            ("created_at.gt", bounds.gt),
            ("created_at.gte", bounds.gte),
            ("created_at.lt", bounds.lt),
            ("created_at.lte", bounds.lte),
        ];
        let mut parameters = Vec::new();
        for (name, values) in lists {
            parameters.extend(values.iter().map(|value| (name, value.clone())));
        }
        for (name, bound) in times {
            parameters.extend(bound.map(|bound| (name, rfc3339(bound))));
        }
        parameters.extend(self.limit.map(|limit| ("limit", limit.to_string())));
        parameters.extend(self.order.map(|order| ("order", order.as_str().to_owned())));
        for (name, cursor) in [("after_id", &self.after_id), ("before_id", &self.before_id)] {
            parameters.extend(cursor.as_ref().map(|cursor| (name, cursor.as_str().to_owned())));
        }
        parameters
    }

    /// The encoded query without its question mark; empty when nothing is asked for in particular.
    pub fn query(&self) -> String {
        let mut query = String::new();
        for (name, value) in self.parameters() {
            if !query.is_empty() {
                query.push('&');
            }
            query.push_str(name);
            query.push('=');
            encode_into(&mut query, &value);
        }
        query
    }

    /// The parameters as one JSON object, for a record of what was asked: arrays as arrays, the rest as strings.
    pub fn to_json(&self) -> String {
        let mut object = serde_json::Map::new();
        for (name, value) in self.parameters() {
            if name.ends_with("[]") {
                let list = object.entry(name).or_insert_with(|| serde_json::Value::Array(Vec::new()));
                if let serde_json::Value::Array(list) = list {
                    list.push(value.into());
                }
            } else {
                object.insert(name.to_owned(), value.into());
            }
        }
        serde_json::Value::Object(object).to_string()
    }
}

/// RFC 3339 in UTC with `Z`, and with as many digits of a second as are not zero: six at most on the feed's grid.
fn rfc3339(moment: Timestamp) -> String {
    moment.to_string()
}

fn encode_into(query: &mut String, value: &str) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b':') {
            query.push(char::from(byte));
        } else {
            query.push('%');
            query.push(char::from(HEX[usize::from(byte >> 4)]));
            query.push(char::from(HEX[usize::from(byte & 0x0F)]));
        }
    }
}

//! One document into the index: each value to its field, whatever does not fit left to the stored text.

use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::{Timestamp, civil, tz::TimeZone};
use query::FieldKind;
use serde_json::{Map, Value as Json};
use tantivy::{DateTime, TantivyDocument, schema::OwnedValue};

use crate::{
    schema::{Layout, Slot},
    text::{MAX_EXACT_BYTES, address_key},
};

/// Deepest nesting that is indexed; what is deeper can be seen but not searched for.
const MAX_DEPTH: usize = 20;

/// The document for the index. Text that is no JSON object is stored and found by nothing but its absence of fields.
pub(crate) fn index_document(layout: &Layout, source: &[u8]) -> TantivyDocument {
    let mut document = TantivyDocument::default();
    document.add_bytes(layout.source, source);
    if let Ok(Json::Object(members)) = serde_json::from_slice(source) {
        let mut path = String::with_capacity(64);
        Filler { layout, document: &mut document }.members(&mut path, &members, 0);
    }
    document
}

struct Filler<'d> {
    layout: &'d Layout,
    document: &'d mut TantivyDocument,
}

impl Filler<'_> {
    fn members(&mut self, path: &mut String, members: &Map<String, Json>, depth: usize) {
        let length = path.len();
        for (name, value) in members {
            if length > 0 {
                path.push('.');
            }
            path.push_str(name);
            match self.layout.slots.get(path.as_str()) {
                Some(slot) => self.value(slot, value),
                None => self.inner(path, value, depth),
            }
            path.truncate(length);
        }
    }

    /// A value without a field of its own: an object whose members may have one.
    fn inner(&mut self, path: &mut String, value: &Json, depth: usize) {
        if depth >= MAX_DEPTH {
            return;
        }
        match value {
            Json::Object(members) => self.members(path, members, depth + 1),
            Json::Array(elements) => elements.iter().for_each(|element| self.inner(path, element, depth + 1)),
            _ => {}
        }
    }

    fn value(&mut self, slot: &Slot, value: &Json) {
        if slot.kind == FieldKind::Flattened {
            let mut leaves = BTreeMap::new();
            bag(&mut leaves, &mut String::new(), value, 0);
            if !leaves.is_empty() {
                let members = leaves.into_iter().map(|(path, texts)| (path, OwnedValue::Array(texts)));
                self.document.add_object(slot.field, members.collect());
            }
            return;
        }
        match value {
            Json::Null | Json::Object(_) => {}
            Json::Array(elements) => elements.iter().for_each(|element| self.value(slot, element)),
            single => self.single(slot, single),
        }
    }

    fn single(&mut self, slot: &Slot, value: &Json) {
        let document = &mut *self.document;
        match slot.kind {
            FieldKind::Keyword => match value {
                Json::String(text) if text.len() > MAX_EXACT_BYTES => {}
                Json::String(text) => document.add_text(slot.field, text),
                other => document.add_text(slot.field, other.to_string()),
            },
            FieldKind::Text => {
                document
                    .add_text(slot.field, value.as_str().map_or_else(|| value.to_string(), str::to_owned));
                if let Some(presence) = slot.presence {
                    document.add_bool(presence, true);
                }
            }
            FieldKind::Address => {
                if let Some(address) = value.as_str().and_then(|text| text.parse::<IpAddr>().ok()) {
                    document.add_text(slot.field, address_key(address.to_canonical()));
                }
            }
            FieldKind::Date => {
                if let Some(time) = value.as_str().and_then(time) {
                    document.add_date(slot.field, DateTime::from_timestamp_micros(time.as_microsecond()));
                }
            }
            FieldKind::Long => {
                if let Some(number) = value.as_i64().or_else(|| value.as_str()?.parse().ok()) {
                    document.add_i64(slot.field, number);
                }
            }
            FieldKind::Double => {
                let number = value.as_f64().or_else(|| value.as_str()?.parse().ok());
                if let Some(number) = number.filter(|number| number.is_finite()) {
                    document.add_f64(slot.field, number);
                }
            }
            FieldKind::Boolean => {
                let truth = value.as_bool().or_else(|| value.as_str()?.parse().ok());
                if let Some(truth) = truth {
                    document.add_bool(slot.field, truth);
                }
            }
            FieldKind::Flattened => {}
        }
    }
}

/// RFC 3339, or a day.
pub(crate) fn time(text: &str) -> Option<Timestamp> {
    let day = || text.parse::<civil::Date>().ok()?.to_zoned(TimeZone::UTC).ok();
    text.parse().ok().or_else(|| day().map(|day| day.timestamp()))
}

/// The leaves of a bag, by dotted path, as texts.
fn bag(leaves: &mut BTreeMap<String, Vec<OwnedValue>>, path: &mut String, value: &Json, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    match value {
        Json::Null => {}
        Json::Array(elements) => elements.iter().for_each(|element| bag(leaves, path, element, depth + 1)),
        Json::Object(members) => {
            let length = path.len();
            for (name, value) in members {
                if length > 0 {
                    path.push('.');
                }
                path.push_str(name);
                bag(leaves, path, value, depth + 1);
                path.truncate(length);
            }
        }
        leaf => {
            let text = leaf.as_str().map_or_else(|| leaf.to_string(), str::to_owned);
            // A bag that is no object has no members that could be named.
            if text.len() <= MAX_EXACT_BYTES && !path.is_empty() {
                leaves.entry(path.clone()).or_default().push(OwnedValue::Str(text));
            }
        }
    }
}

//! One document into the index: each value to its field, whatever does not fit left to the stored text.

use std::collections::BTreeMap;

use query::{FieldKind, Value, matching};
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
        let Some(value) = matching::read(value, slot.kind) else { return };
        let document = &mut *self.document;
        match value {
            Value::Text(text) if slot.kind == FieldKind::Keyword && text.len() > MAX_EXACT_BYTES => {}
            Value::Text(text) => {
                document.add_text(slot.field, text);
                if let Some(presence) = slot.presence {
                    document.add_bool(presence, true);
                }
            }
            Value::Address(address) => document.add_text(slot.field, address_key(address)),
            Value::Time(time) => {
                document.add_date(slot.field, DateTime::from_timestamp_micros(time.as_microsecond()));
            }
            Value::Integer(number) => document.add_i64(slot.field, number),
            Value::Number(number) => document.add_f64(slot.field, number),
            Value::Boolean(truth) => document.add_bool(slot.field, truth),
        }
    }
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

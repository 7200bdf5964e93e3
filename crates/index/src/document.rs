//! One document into the index: each value to its field. What has no field, or does not fit its kind, cannot be searched for.
//!
//! The text is read once, in one pass, without a tree of it in between.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use query::{FieldKind, Value, matching};
use serde::de::{Deserialize as _, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Json;
use tantivy::{DateTime, TantivyDocument, schema::OwnedValue};

use crate::{
    schema::{Layout, Level, Slot},
    text::{MAX_EXACT_BYTES, address_key},
};

/// Deepest nesting that is indexed; what is deeper can be seen but not searched for.
const MAX_DEPTH: usize = 20;

/// The document for the index. Of text that is no JSON there is nothing but its sequence.
pub(crate) fn index_document(layout: &Layout, sequence: u64, source: &[u8]) -> TantivyDocument {
    let with_sequence = || {
        let mut document = TantivyDocument::default();
        document.add_i64(layout.sequence, sequence.min(i64::MAX as u64) as i64);
        document
    };
    let mut document = with_sequence();
    let mut reader = serde_json::Deserializer::from_slice(source);
    let filler = Filler { level: &layout.root, document: &mut document, depth: 0 };
    if filler.deserialize(&mut reader).and_then(|()| reader.end()).is_err() {
        return with_sequence();
    }
    document
}

/// Takes in the value at one level of the fields' names.
struct Filler<'d> {
    level: &'d Level,
    document: &'d mut TantivyDocument,
    depth: usize,
}

impl<'j> DeserializeSeed<'j> for Filler<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'j>>(self, value: D) -> Result<(), D::Error> {
        match &self.level.slot {
            Some(slot) if slot.kind == FieldKind::Flattened => {
                add_bag(self.document, slot, &Json::deserialize(value)?);
                Ok(())
            }
            _ => value.deserialize_any(self),
        }
    }
}

impl<'j> Visitor<'j> for Filler<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        if let Some(slot) = &self.level.slot {
            add_text(self.document, slot, text);
        }
        Ok(())
    }

    fn visit_bool<E>(self, truth: bool) -> Result<(), E> {
        self.scalar(&truth.into());
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.scalar(&number.into());
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.scalar(&number.into());
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.scalar(&number.into());
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'j>>(self, mut elements: A) -> Result<(), A::Error> {
        let Self { level, document, depth } = self;
        if depth >= MAX_DEPTH {
            return IgnoredAny.visit_seq(elements).map(|_| ());
        }
        while elements.next_element_seed(Filler { level, document, depth: depth + 1 })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'j>>(self, mut members: A) -> Result<(), A::Error> {
        let Self { level, document, depth } = self;
        while let Some(name) = members.next_key_seed(Name)? {
            match level.find(&name).filter(|_| depth < MAX_DEPTH) {
                Some(level) => members.next_value_seed(Filler { level, document, depth: depth + 1 })?,
                None => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// The name of a member, borrowed where it holds no escape.
struct Name;

impl<'j> DeserializeSeed<'j> for Name {
    type Value = Cow<'j, str>;

    fn deserialize<D: Deserializer<'j>>(self, name: D) -> Result<Self::Value, D::Error> {
        name.deserialize_str(self)
    }
}

impl<'j> Visitor<'j> for Name {
    type Value = Cow<'j, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, name: &'j str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

impl Filler<'_> {
    /// A value that is no text.
    fn scalar(self, value: &Json) {
        if let Some(slot) = &self.level.slot
            && let Some(value) = matching::read(value, slot.kind)
        {
            add(self.document, slot, value);
        }
    }
}

fn add_text(document: &mut TantivyDocument, slot: &Slot, text: &str) {
    match slot.kind {
        FieldKind::Keyword if text.len() > MAX_EXACT_BYTES => {}
        FieldKind::Keyword => document.add_text(slot.field, text),
        FieldKind::Text => {
            document.add_text(slot.field, text);
            if let Some(presence) = slot.presence {
                document.add_bool(presence, true);
            }
        }
        kind => {
            if let Some(value) = matching::read(&Json::String(text.to_owned()), kind) {
                add(document, slot, value);
            }
        }
    }
}

fn add(document: &mut TantivyDocument, slot: &Slot, value: Value) {
    match value {
        Value::Text(text) => add_text(document, slot, &text),
        Value::Address(address) => document.add_text(slot.field, address_key(address)),
        Value::Time(time) => {
            document.add_date(slot.field, DateTime::from_timestamp_micros(time.as_microsecond()));
        }
        Value::Integer(number) => document.add_i64(slot.field, number),
        Value::Number(number) => document.add_f64(slot.field, number),
        Value::Boolean(truth) => document.add_bool(slot.field, truth),
    }
}

fn add_bag(document: &mut TantivyDocument, slot: &Slot, value: &Json) {
    let mut leaves = BTreeMap::new();
    bag(&mut leaves, &mut String::new(), value, 0);
    if !leaves.is_empty() {
        let members = leaves.into_iter().map(|(path, texts)| (path, OwnedValue::Array(texts)));
        document.add_object(slot.field, members.collect());
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

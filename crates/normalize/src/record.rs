//! Reads the fields of one activity from its bytes, in one pass, without building a tree.
//!
//! Each value stays the text it is; each key becomes a number of the vocabulary or stays a name. Bytes that are not UTF-8
//! and halves of surrogate pairs, which JSON text can spell but UTF-8 cannot, are replaced by U+FFFD first, so that
//! everything copied from here on is valid.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::flatten::sort_members;
use crate::issues::Issues;
use crate::raw::{Key, Raw, Text};
use crate::vocabulary::{Vocabulary, vocabulary};

/// The fields of an activity.
#[derive(Debug)]
pub(crate) struct Record<'a> {
    /// Fields of the vocabulary, sorted by number; each once.
    pub(crate) known: Vec<(u16, Raw<'a>)>,
    /// The others, sorted by name; each once.
    pub(crate) unknown: Vec<(Text<'a>, Raw<'a>)>,
}

/// The bytes of a record as text that JSON can be read from.
pub(crate) fn decode<'a>(bytes: &'a [u8], issues: &mut Issues) -> Cow<'a, str> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(error) => {
            issues.add_record(format!("not UTF-8 at byte {}; replaced what is not", error.valid_up_to()));
            Cow::Owned(String::from_utf8_lossy(bytes).into_owned())
        }
    };
    match repair_surrogates(&text) {
        None => text,
        Some(repaired) => {
            issues.add_record("half of a surrogate pair in a \\u escape; replaced".to_owned());
            Cow::Owned(repaired)
        }
    }
}

/// Replaces `\ud800` to `\udfff` that are not paired. Nothing to do, the usual case, costs one search for `\u`.
fn repair_surrogates(text: &str) -> Option<String> {
    if !text.contains("\\u") {
        return None;
    }
    let bytes = text.as_bytes();
    let unit = |place: usize| -> Option<u16> {
        let escape = text.get(place..place + 6)?.strip_prefix("\\u")?;
        escape.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u16::from_str_radix(escape, 16).ok())?
    };
    let mut repaired = String::new();
    let mut copied = 0;
    let mut place = 0;
    while let Some(found) = bytes[place..].iter().position(|byte| *byte == b'\\') {
        place += found;
        match unit(place) {
            Some(0xD800..=0xDBFF) if matches!(unit(place + 6), Some(0xDC00..=0xDFFF)) => place += 12,
            Some(0xD800..=0xDFFF) => {
                repaired.push_str(&text[copied..place]);
                repaired.push_str("\\ufffd");
                place += 6;
                copied = place;
            }
            // The second byte of any other escape must not be taken for the start of one.
            _ => place = (place + 2).min(bytes.len()),
        }
    }
    if repaired.is_empty() {
        return None;
    }
    repaired.push_str(&text[copied..]);
    Some(repaired)
}

impl<'a> Record<'a> {
    /// Reads a record. The error says why it is none.
    pub(crate) fn read(text: &'a str, issues: &mut Issues) -> Result<Self, String> {
        let trimmed = text.trim_ascii_start();
        if trimmed.is_empty() {
            return Err("the record is empty".to_owned());
        }
        let mut reader = serde_json::Deserializer::from_str(trimmed);
        let read =
            Fields(vocabulary()).deserialize(&mut reader).and_then(|record| reader.end().map(|()| record));
        match read {
            Ok(mut record) => {
                record.settle(issues);
                Ok(record)
            }
            Err(error) if error.is_data() => Err("the record is not a JSON object".to_owned()),
            Err(error) => Err(format!("the record is not valid JSON: {error}")),
        }
    }

    /// Sorts the fields and keeps the last of each.
    fn settle(&mut self, issues: &mut Issues) {
        self.known.sort_by_key(|(number, _)| *number);
        if !self.known.is_sorted_by(|(one, _), (other, _)| one < other) {
            self.known.reverse();
            self.known.dedup_by(|(one, _), (other, _)| {
                if one == other {
                    let name = vocabulary().field(*one).name;
                    issues.add(name, format_args!("given more than once; the last value stands"));
                    issues.lose();
                }
                one == other
            });
            self.known.reverse();
        }
        if sort_members(&mut self.unknown) {
            issues.add_record("a field is given more than once; its last value stands".to_owned());
            issues.lose();
        }
    }
}

struct Fields(&'static Vocabulary);

impl<'de> DeserializeSeed<'de> for Fields {
    type Value = Record<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Fields {
    type Value = Record<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        // Activities carry some fifteen fields; one allocation holds them.
        let mut record = Record { known: Vec::with_capacity(24), unknown: Vec::new() };
        while let Some(Key(name)) = map.next_key::<Key<'de>>()? {
            let raw = Raw::new(map.next_value::<&'de RawValue>()?);
            match self.0.find(&name) {
                Some(number) => record.known.push((number, raw)),
                None => record.unknown.push((name, raw)),
            }
        }
        Ok(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_surrogate_pairs_are_replaced_and_nothing_else_is() {
        for (text, expected) in [
            (r#"{"a":"\ud83e\udd80"}"#, None),
            (r#"{"a":"\u0041 \\ud800"}"#, None),
            (r#"{"a":"\ud800"}"#, Some(r#"{"a":"\ufffd"}"#)),
            (r#"{"a":"\uDC00\uD83E\uDD80\ud800\u0041"}"#, Some(r#"{"a":"\ufffd\uD83E\uDD80\ufffd\u0041"}"#)),
            (r#"{"\udfff":"\\\ud800"}"#, Some(r#"{"\ufffd":"\\\ufffd"}"#)),
            (r#""\u"#, None),
            (r#""\ud8"#, None),
            (r#""\u00é0""#, None),
        ] {
            assert_eq!(repair_surrogates(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_record_is_told_apart() {
        let error = |text: &str| Record::read(text, &mut Issues::default()).expect_err(text);
        assert_eq!(error(" \n"), "the record is empty");
        for other in ["1", "null", "[]", "\"x\""] {
            assert_eq!(error(other), "the record is not a JSON object");
        }
        for broken in ["{", "{\"a\":}", "{} {}", "{\"a\":1,}", "{\"a\":\"\u{1}\"}"] {
            assert!(error(broken).starts_with("the record is not valid JSON"), "{}", error(broken));
        }
    }
}

//! Reads the fields of one activity from its bytes, in one pass, without building a tree.
//!
//! Each value stays the text it is; each key becomes a number of the vocabulary or stays a name. Bytes that are not UTF-8
//! and halves of surrogate pairs, which JSON can spell but no string can hold, are replaced by U+FFFD first, so that
//! everything copied from here on is valid.

use std::borrow::Cow;

use crate::flatten::sort_members;
use crate::issues::Issues;
use crate::raw::{Raw, Text};
use crate::scan::{Fault, Scanner, repair_surrogates};
use crate::vocabulary::vocabulary;

/// The fields of an activity.
#[derive(Debug)]
pub(crate) struct Record<'a> {
    /// Fields of the vocabulary, sorted by number; each once.
    pub(crate) known: Vec<(u16, Raw<'a>)>,
    /// The others, sorted by name; each once.
    pub(crate) unknown: Vec<(Text<'a>, Raw<'a>)>,
    /// The members of `actor`, if it is an object.
    pub(crate) actor: Vec<(Text<'a>, Raw<'a>)>,
    /// Whether the text holds escapes that may spell no character.
    unicode_escapes: bool,
}

/// The bytes of a record as text.
pub(crate) fn decode<'a>(bytes: &'a [u8], issues: &mut Issues) -> Cow<'a, str> {
    // By vector instructions where there are any: plain validation took 7 % of a document's time.
    if let Ok(text) = simdutf8::basic::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(error) => {
            issues.add_record(format!("not UTF-8 at byte {}; replaced what is not", error.valid_up_to()));
            issues.lose();
            Cow::Owned(String::from_utf8_lossy(bytes).into_owned())
        }
    }
}

/// Replaces what no string can hold, if the record may spell any. Returns the text to read instead.
pub(crate) fn repaired(
    text: &str,
    record: &Result<Record<'_>, String>,
    issues: &mut Issues,
) -> Option<String> {
    if !record.as_ref().is_ok_and(|record| record.unicode_escapes) {
        return None;
    }
    let repaired = repair_surrogates(text)?;
    issues.add_record("half of a surrogate pair in a \\u escape; replaced".to_owned());
    issues.lose();
    Some(repaired)
}

impl<'a> Record<'a> {
    /// Reads a record. The error says why it is none.
    pub(crate) fn read(text: &'a str) -> Result<Self, String> {
        let mut scanner = Scanner::new(text);
        match scanner.peek() {
            None => return Err("the record is empty".to_owned()),
            Some(b'{') => {}
            Some(_) => {
                let whole = scanner.value().and_then(|_| scanner.end());
                return Err(whole.map_or_else(
                    |fault| broken(text, fault),
                    |()| "the record is not a JSON object".to_owned(),
                ));
            }
        }
        // Activities carry some fifteen fields and actors five; an allocation each holds them.
        let mut known = Vec::with_capacity(24);
        let mut unknown = Vec::new();
        let mut actor = Vec::new();
        let vocabulary = vocabulary();
        let walk = scanner.object(|name, scanner| {
            match vocabulary.find(&name) {
                Some(number) if number == vocabulary.places.actor && scanner.peek() == Some(b'{') => {
                    let start = scanner.at();
                    actor.clear();
                    actor.reserve(6);
                    scanner.object(|name, scanner| {
                        actor.push((name, scanner.value()?));
                        Ok(())
                    })?;
                    known.push((number, Raw::assume(scanner.since(start))));
                }
                Some(number) => known.push((number, scanner.value()?)),
                None => unknown.push((name, scanner.value()?)),
            }
            Ok(())
        });
        match walk.and_then(|()| scanner.end()) {
            Ok(()) => Ok(Self { known, unknown, actor, unicode_escapes: scanner.unicode_escapes }),
            Err(fault) => Err(broken(text, fault)),
        }
    }

    /// Sorts the fields and keeps the last of each.
    pub(crate) fn settle(&mut self, issues: &mut Issues) {
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

/// Says where a record is no JSON.
fn broken(text: &str, fault: Fault) -> String {
    let found = text.get(fault.at..).and_then(|rest| rest.chars().next());
    let found = found.map_or_else(|| "the end".to_owned(), |letter| format!("{letter:?}"));
    format!("the record is not valid JSON: expected {} at byte {}, found {found}", fault.expected, fault.at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_record_is_told_apart() {
        let error = |text: &str| Record::read(text).expect_err(text);
        assert_eq!(error(" \n"), "the record is empty");
        for other in ["1", "null", "[]", "\"x\""] {
            assert_eq!(error(other), "the record is not a JSON object");
        }
        for broken in ["{", "{\"a\":}", "{} {}", "{\"a\":1,}", "{\"a\":\"\u{1}\"}", "<html>", "[1"] {
            assert!(error(broken).starts_with("the record is not valid JSON"), "{}", error(broken));
        }
        assert_eq!(error("{\"a\" 1}"), "the record is not valid JSON: expected a colon at byte 5, found '1'");
    }

    #[test]
    fn of_a_field_given_twice_the_last_stands() {
        let mut record = Record::read(r#"{"b":1,"type":"x","a":2,"type":"y","b":3}"#).expect("a record");
        let mut issues = Issues::default();
        record.settle(&mut issues);
        assert_eq!(record.known.len(), 1);
        assert_eq!(record.known[0].1.json(), "\"y\"");
        assert_eq!(
            record.unknown.iter().map(|(name, raw)| (&**name, raw.json())).collect::<Vec<_>>(),
            [("a", "2"), ("b", "3")]
        );
        assert!(issues.lossy());
    }
}

//! One JSON value as it stands in an activity: its text, known to be valid JSON, and cheap questions about it.
//!
//! The normaliser copies most values without looking inside. What it must look at it reads as [`Text`], which borrows
//! whenever the JSON string holds no escape, and so can be written back without escaping.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The text of one JSON value, without surrounding white space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Raw<'a>(&'a str);

/// What a JSON value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Boolean,
    Number,
    String,
    Array,
    Object,
}

impl Kind {
    /// The kind with its article, for messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Null => "null",
            Kind::Boolean => "a boolean",
            Kind::Number => "a number",
            Kind::String => "a string",
            Kind::Array => "a list",
            Kind::Object => "an object",
        }
    }
}

/// The text of a JSON string: borrowed means that it stood there without any escape, and may be written back as it is.
pub(crate) type Text<'a> = Cow<'a, str>;

impl<'a> Raw<'a> {
    pub(crate) fn new(value: &'a RawValue) -> Self {
        Self(value.get())
    }

    /// Takes text that is already known to be one JSON value.
    pub(crate) fn assume(text: &'a str) -> Self {
        Self(text)
    }

    /// The JSON text.
    #[inline]
    pub(crate) fn json(self) -> &'a str {
        self.0
    }

    #[inline]
    pub(crate) fn kind(self) -> Kind {
        match self.0.as_bytes().first() {
            Some(b'"') => Kind::String,
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b't' | b'f') => Kind::Boolean,
            Some(b'n') | None => Kind::Null,
            Some(_) => Kind::Number,
        }
    }

    /// Whether the value says nothing: null, `""`, `[]`, `{}`.
    #[inline]
    pub(crate) fn is_empty(self) -> bool {
        match self.kind() {
            Kind::Null => true,
            Kind::Boolean | Kind::Number => false,
            Kind::String => self.0.len() == 2,
            Kind::Array | Kind::Object => self.0[1..self.0.len() - 1].trim_ascii().is_empty(),
        }
    }

    /// The text of a string without escapes. The common case, and the cheapest.
    #[inline]
    pub(crate) fn plain(self) -> Option<&'a str> {
        let inner = self.0.strip_prefix('"')?.strip_suffix('"')?;
        if inner.as_bytes().contains(&b'\\') { None } else { Some(inner) }
    }

    /// The text of a string, escapes resolved.
    #[inline]
    pub(crate) fn text(self) -> Option<Text<'a>> {
        if self.kind() != Kind::String {
            return None;
        }
        match self.plain() {
            Some(plain) => Some(Cow::Borrowed(plain)),
            None => serde_json::from_str::<String>(self.0).ok().map(Cow::Owned),
        }
    }

    /// A number that is a whole one within 64 bits, also when it is written `3.0` or `3e2`.
    pub(crate) fn integer(self) -> Option<i64> {
        if self.kind() != Kind::Number {
            return None;
        }
        self.0.parse::<i64>().ok().or_else(|| {
            let number = self.0.parse::<f64>().ok()?;
            // Above 2^53 a float no longer says which whole number was meant.
            (number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0).then_some(number as i64)
        })
    }

    /// The elements of a list; nothing for any other kind.
    pub(crate) fn elements(self) -> Vec<Raw<'a>> {
        if self.kind() != Kind::Array {
            return Vec::new();
        }
        serde_json::from_str::<Vec<&'a RawValue>>(self.0)
            .map(|values| values.into_iter().map(Raw::new).collect())
            .unwrap_or_default()
    }

    /// The members of an object in the order they stand in, repeated ones included; nothing for any other kind.
    pub(crate) fn members(self) -> Vec<(Text<'a>, Raw<'a>)> {
        if self.kind() != Kind::Object {
            return Vec::new();
        }
        serde_json::from_str::<Members<'a>>(self.0).map(|members| members.0).unwrap_or_default()
    }

    /// The last member of an object with this name.
    pub(crate) fn member(self, name: &str) -> Option<Raw<'a>> {
        self.members().into_iter().rev().find(|(key, _)| key == name).map(|(_, value)| value)
    }
}

/// The members of a JSON object, borrowed.
struct Members<'a>(Vec<(Text<'a>, Raw<'a>)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor).map(Members)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Vec<(Text<'de>, Raw<'de>)>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(Key(key)) = map.next_key::<Key<'de>>()? {
            members.push((key, Raw::new(map.next_value::<&'de RawValue>()?)));
        }
        Ok(members)
    }
}

/// A key that borrows when it can; serde's own `Cow` always copies.
pub(crate) struct Key<'a>(pub(crate) Text<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Borrowed(key)))
            }

            fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

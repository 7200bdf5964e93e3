//! One JSON value as it stands in an activity: its text, known to be valid JSON, and cheap questions about it.
//!
//! The normaliser copies most values without looking inside. What it must look at it reads as [`Text`], which borrows
//! whenever the JSON string holds no escape, and so can be written back without escaping.

use std::borrow::Cow;

use crate::scan::{Scanner, unescape};

/// The text of one JSON value, without surrounding white space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Raw<'a> {
    json: &'a str,
    /// Of a string: whether it holds escapes.
    escapes: bool,
}

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
    /// Takes text that is known to be one JSON value.
    #[inline]
    pub(crate) fn assume(json: &'a str) -> Self {
        Self { json, escapes: json.starts_with('"') && json.contains('\\') }
    }

    /// Takes text that is known to be one JSON string.
    #[inline]
    pub(crate) fn string(json: &'a str, escapes: bool) -> Self {
        Self { json, escapes }
    }

    /// The JSON text.
    #[inline]
    pub(crate) fn json(self) -> &'a str {
        self.json
    }

    #[inline]
    pub(crate) fn kind(self) -> Kind {
        match self.json.as_bytes().first() {
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
            Kind::String => self.json.len() == 2,
            Kind::Array | Kind::Object => self.json[1..self.json.len() - 1].trim_ascii().is_empty(),
        }
    }

    /// The text of a string without escapes. The common case, and the cheapest.
    #[inline]
    pub(crate) fn plain(self) -> Option<&'a str> {
        if self.escapes { None } else { self.inner() }
    }

    /// The text of a string, escapes resolved.
    #[inline]
    pub(crate) fn text(self) -> Option<Text<'a>> {
        let inner = self.inner()?;
        Some(if self.escapes { Cow::Owned(unescape(inner)) } else { Cow::Borrowed(inner) })
    }

    /// What stands between the quotation marks of a string.
    #[inline]
    fn inner(self) -> Option<&'a str> {
        self.json.strip_prefix('"')?.strip_suffix('"')
    }

    /// A number that is a whole one within 64 bits, also when it is written `3.0` or `3e2`.
    pub(crate) fn integer(self) -> Option<i64> {
        if self.kind() != Kind::Number {
            return None;
        }
        self.json.parse::<i64>().ok().or_else(|| {
            let number = self.json.parse::<f64>().ok()?;
            // Above 2^53 a float no longer says which whole number was meant.
            (number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0).then_some(number as i64)
        })
    }

    /// The elements of a list; nothing for any other kind.
    pub(crate) fn elements(self) -> Vec<Raw<'a>> {
        let mut elements = Vec::new();
        if self.kind() == Kind::Array {
            // The text is valid, so the walk cannot fail.
            let _ = Scanner::new(self.json).array(|scanner| {
                elements.push(scanner.value()?);
                Ok(())
            });
        }
        elements
    }

    /// The members of an object in the order they stand in, repeated ones included; nothing for any other kind.
    pub(crate) fn members(self) -> Vec<(Text<'a>, Raw<'a>)> {
        let mut members = Vec::new();
        if self.kind() == Kind::Object {
            let _ = Scanner::new(self.json).object(|name, scanner| {
                members.push((name, scanner.value()?));
                Ok(())
            });
        }
        members
    }

    /// The last member of an object with this name.
    pub(crate) fn member(self, name: &str) -> Option<Raw<'a>> {
        self.members().into_iter().rev().find(|(key, _)| key == name).map(|(_, value)| value)
    }
}

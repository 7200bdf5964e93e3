//! Finds the members and elements of JSON text, checking it on the way, without building anything.
//!
//! Everything the normaliser copies must be known to be valid JSON, and finding where each value ends is the larger part of
//! its work, so this is done here in one pass, eight bytes at a time through strings, and without recursion: nesting costs
//! a byte a level, whatever the depth. A general parser took three times as long for less; a property test holds this one
//! to the same verdict on every text.

use std::borrow::Cow;

use crate::raw::{Raw, Text};

/// Where and why text is not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) expected: &'static str,
    /// Byte at which it was expected.
    pub(crate) at: usize,
}

/// A place in JSON text.
#[derive(Debug)]
pub(crate) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// Whether a `\u` escape was met: only those can spell what is no character.
    pub(crate) unicode_escapes: bool,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0, unicode_escapes: false }
    }

    /// The next byte that is not white space.
    #[inline]
    pub(crate) fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    /// The text from `start` to here.
    #[inline]
    pub(crate) fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    #[cold]
    fn fault<T>(&self, expected: &'static str) -> Result<T, Fault> {
        Err(Fault { expected, at: self.at })
    }

    /// Checks that nothing but white space follows.
    pub(crate) fn end(&mut self) -> Result<(), Fault> {
        if self.peek().is_some() { self.fault("the end") } else { Ok(()) }
    }

    #[inline]
    fn take(&mut self, wanted: u8, expected: &'static str) -> Result<(), Fault> {
        if self.peek() == Some(wanted) {
            self.at += 1;
            Ok(())
        } else {
            self.fault(expected)
        }
    }

    /// Walks the members of an object; `member` must take the value.
    #[inline]
    pub(crate) fn object(
        &mut self,
        mut member: impl FnMut(Text<'a>, &mut Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.take(b'{', "an object")?;
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            if self.peek() != Some(b'"') {
                return self.fault("a name in quotation marks");
            }
            let start = self.at;
            let name = if self.pass_string()? {
                Cow::Owned(unescape(self.inside(start)))
            } else {
                Cow::Borrowed(self.inside(start))
            };
            self.take(b':', "a colon")?;
            member(name, self)?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return self.fault("a comma or a closing brace"),
            }
        }
    }

    /// Walks the elements of a list; `element` must take the value.
    pub(crate) fn array(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.take(b'[', "a list")?;
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            element(self)?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return self.fault("a comma or a closing bracket"),
            }
        }
    }

    /// Takes any value.
    #[inline]
    pub(crate) fn value(&mut self) -> Result<Raw<'a>, Fault> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'{' | b'[') => {
                let start = self.at;
                self.nested()?;
                Ok(Raw::assume(self.since(start)))
            }
            _ => self.scalar(),
        }
    }

    /// Takes a string; the scanner stands at its opening quotation mark.
    #[inline]
    fn string(&mut self) -> Result<Raw<'a>, Fault> {
        let start = self.at;
        let escapes = self.pass_string()?;
        Ok(Raw::string(self.since(start), escapes))
    }

    /// What stands between the quotation marks of the string that began at `start` and ends here.
    #[inline]
    fn inside(&self, start: usize) -> &'a str {
        self.text.get(start + 1..self.at - 1).unwrap_or_default()
    }

    /// Passes over a string; the scanner stands at its opening quotation mark. Returns whether it holds escapes.
    #[inline]
    fn pass_string(&mut self) -> Result<bool, Fault> {
        let mut escapes = false;
        self.at += 1;
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            let run = plain_run(rest);
            self.at += run;
            match rest.get(run) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(escapes);
                }
                Some(b'\\') => {
                    escapes = true;
                    self.escape()?;
                }
                _ => return self.fault("the end of a string"),
            }
        }
    }

    /// Takes one escape; the scanner stands at its backslash.
    fn escape(&mut self) -> Result<(), Fault> {
        let bytes = &self.text.as_bytes()[self.at..];
        match bytes {
            [_, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => self.at += 2,
            [_, b'u', a, b, c, d, ..] if [a, b, c, d].into_iter().all(u8::is_ascii_hexdigit) => {
                self.unicode_escapes = true;
                self.at += 6;
            }
            _ => return self.fault("an escape"),
        }
        Ok(())
    }

    /// Takes a number, `true`, `false` or `null`.
    #[inline]
    fn scalar(&mut self) -> Result<Raw<'a>, Fault> {
        let start = self.at;
        let rest = &self.text.as_bytes()[start..];
        let length = match rest {
            [b't', b'r', b'u', b'e', ..] | [b'n', b'u', b'l', b'l', ..] => Some(4),
            [b'f', b'a', b'l', b's', b'e', ..] => Some(5),
            [b'-' | b'0'..=b'9', ..] => number(rest),
            _ => None,
        };
        let Some(length) = length else { return self.fault("a value") };
        self.at += length;
        Ok(Raw::assume(self.since(start)))
    }

    /// Takes a list or an object with all that is in it.
    fn nested(&mut self) -> Result<(), Fault> {
        // Whether each list or object around the present one is an object.
        let mut around: Vec<bool> = Vec::new();
        let mut in_object = self.peek() == Some(b'{');
        self.at += 1;
        let mut first = true;
        loop {
            let closing = if in_object { b'}' } else { b']' };
            let mut closed = first && self.peek() == Some(closing);
            if !closed {
                if in_object {
                    if self.peek() != Some(b'"') {
                        return self.fault("a name in quotation marks");
                    }
                    self.pass_string()?;
                    self.take(b':', "a colon")?;
                }
                match self.peek() {
                    Some(bracket @ (b'{' | b'[')) => {
                        around.push(in_object);
                        in_object = bracket == b'{';
                        self.at += 1;
                        first = true;
                        continue;
                    }
                    Some(b'"') => {
                        self.pass_string()?;
                    }
                    _ => {
                        self.scalar()?;
                    }
                }
                closed = self.peek() != Some(b',');
            }
            // One closing bracket may end many levels.
            while closed {
                let closing = if in_object { b'}' } else { b']' };
                self.take(closing, "a comma or a closing bracket")?;
                match around.pop() {
                    Some(object) => in_object = object,
                    None => return Ok(()),
                }
                closed = self.peek() != Some(b',');
            }
            self.at += 1;
            first = false;
        }
    }
}

/// How many bytes at the start belong to a string without escapes: up to a quotation mark, a backslash or a control
/// character, or the end.
#[inline]
pub(crate) fn plain_run(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    let mut run = 0;
    // Most strings are short, so words come first; only a long one is worth blocks, which compilers turn into vectors.
    while let Some(word) = bytes[run..].first_chunk::<8>() {
        let word = u64::from_le_bytes(*word);
        // A byte's high bit is set where what is looked for was made zero and one taken from it. None of it has the high
        // bit itself, so one mask of the others serves all three. A borrow can set a bit above a true hit only, and the
        // lowest hit is the one that counts.
        let quote = (word ^ (ONES * u64::from(b'"'))).wrapping_sub(ONES);
        let backslash = (word ^ (ONES * u64::from(b'\\'))).wrapping_sub(ONES);
        let control = word.wrapping_sub(ONES * 0x20);
        let hits = (quote | backslash | control) & !word & (ONES << 7);
        if hits != 0 {
            return run + hits.trailing_zeros() as usize / 8;
        }
        run += 8;
        if run == 32 {
            run +=
                32 * bytes[run..].as_chunks::<32>().0.iter().take_while(|block| !block_ends(block)).count();
        }
    }
    let rest = &bytes[run..];
    run + rest.iter().position(|byte| ends_run(*byte)).unwrap_or(rest.len())
}

/// Whether any byte of a block ends a run. Without a branch inside, so that it becomes vector code.
#[inline]
fn block_ends(block: &[u8; 32]) -> bool {
    block.iter().fold(false, |ends, byte| ends | ends_run(*byte))
}

#[inline]
#[allow(clippy::needless_bitwise_bool, reason = "the vector code of blocks needs it without branches")]
fn ends_run(byte: u8) -> bool {
    (byte == b'"') | (byte == b'\\') | (byte < 0x20)
}

/// The length of the number at the start, if there is one.
fn number(bytes: &[u8]) -> Option<usize> {
    let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut length = usize::from(bytes.first() == Some(&b'-'));
    let whole = digits(length);
    // A zero stands alone.
    length += match (bytes.get(length)?, whole) {
        (_, 0) => return None,
        (b'0', _) => 1,
        _ => whole,
    };
    if bytes.get(length) == Some(&b'.') {
        let decimals = digits(length + 1);
        if decimals == 0 {
            return None;
        }
        length += 1 + decimals;
    }
    if let Some(b'e' | b'E') = bytes.get(length) {
        let sign = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
        let exponent = digits(length + 1 + sign);
        if exponent == 0 {
            return None;
        }
        length += 1 + sign + exponent;
    }
    Some(length)
}

/// Resolves the escapes of a string's inside. Halves of surrogate pairs become U+FFFD.
pub(crate) fn unescape(inner: &str) -> String {
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(place) = rest.find('\\') {
        text.push_str(&rest[..place]);
        let mut length = 2;
        match rest.as_bytes().get(place + 1) {
            Some(b'n') => text.push('\n'),
            Some(b't') => text.push('\t'),
            Some(b'r') => text.push('\r'),
            Some(b'b') => text.push('\u{8}'),
            Some(b'f') => text.push('\u{c}'),
            Some(b'u') => {
                length = 6;
                let unit = unit_at(rest, place).unwrap_or(0xFFFD);
                let low = unit_at(rest, place + 6).filter(|low| (0xDC00..0xE000).contains(low));
                match (unit, low) {
                    (0xD800..0xDC00, Some(low)) => {
                        length = 12;
                        let code = 0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
                        text.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                    }
                    _ => text.push(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)),
                }
            }
            Some(other) => text.push(char::from(*other)),
            None => length = 1,
        }
        rest = rest.get(place + length..).unwrap_or_default();
    }
    text.push_str(rest);
    text
}

/// The code unit of the `\u` escape at a place.
fn unit_at(text: &str, place: usize) -> Option<u32> {
    let digits = text.get(place..place + 6)?.strip_prefix("\\u")?;
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
}

/// Replaces `\ud800` to `\udfff` that are not paired, which no string can hold. None if there are none.
pub(crate) fn repair_surrogates(text: &str) -> Option<String> {
    let mut repaired = String::new();
    let mut copied = 0;
    let mut place = 0;
    while let Some(found) = text[place..].find('\\') {
        place += found;
        match unit_at(text, place) {
            Some(0xD800..0xDC00) if matches!(unit_at(text, place + 6), Some(0xDC00..0xE000)) => place += 12,
            Some(0xD800..0xE000) => {
                repaired.push_str(&text[copied..place]);
                repaired.push_str("\\ufffd");
                place += 6;
                copied = place;
            }
            // The byte after the backslash must not be taken for the start of another escape.
            _ => place = text.ceil_char_boundary(place + 2),
        }
    }
    if copied == 0 {
        return None;
    }
    repaired.push_str(&text[copied..]);
    Some(repaired)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn accepts(text: &str) -> bool {
        let mut scanner = Scanner::new(text);
        scanner.value().and_then(|_| scanner.end()).is_ok()
    }

    #[test]
    fn texts_are_accepted_or_refused_as_the_grammar_has_it() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        for good in
            ["0", "-0.0e+1", "1E5", "\"\"", " [ ] ", "{}", r#"{"a":[{},[]],"b":"\u00e9\\\""}"#, "null", &deep]
        {
            assert!(accepts(good), "{}", &good[..good.len().min(50)]);
        }
        for bad in [
            "",
            " ",
            "01",
            "1.",
            ".5",
            "-",
            "+1",
            "1e",
            "tru",
            "nul",
            "\"",
            "\"\\x\"",
            "\"\\u12g4\"",
            "\"\u{1}\"",
            "[1,]",
            "[,1]",
            "{\"a\"}",
            "{\"a\":1,}",
            "{a:1}",
            "[1 2]",
            "{\"a\":1]",
            "[}",
            "[[1]",
            "1 1",
            "{\"a\":}",
            "\u{feff}1",
        ] {
            assert!(!accepts(bad), "{bad}");
        }
    }

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
            (r#""\é\u00é0""#, None),
        ] {
            assert_eq!(repair_surrogates(text).as_deref(), expected, "{text}");
        }
    }

    /// Text near enough to JSON to reach every branch.
    fn nearly_json() -> impl Strategy<Value = String> {
        let token = prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"a\"",
            "\"\\n\"",
            "\"\\ud83e\\udd80\"",
            "\"\\u00e9é\"",
            "1",
            "-0",
            "0.5e-3",
            "12345678901",
            "true",
            "false",
            "null",
            " ",
            "\n",
            "\"long enough to need more than one word of eight\"",
            "\\",
            "\"",
            "0",
            ".",
            "e",
        ]);
        prop::collection::vec(token, 0..12).prop_map(|tokens| tokens.concat())
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".*".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(".*", inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_verdict_is_that_of_a_general_parser(text in nearly_json()) {
            prop_assert_eq!(accepts(&text), serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok(), "{}", text);
        }

        #[test]
        fn strings_are_read_as_a_general_parser_reads_them(text in ".*") {
            let json = serde_json::to_string(&text).expect("a string can be written");
            prop_assert_eq!(Scanner::new(&json).value().expect("valid").text().expect("a string"), text);
        }

        #[test]
        fn valid_text_is_accepted_whatever_its_layout(value in any_value()) {
            let short = serde_json::to_string(&value).expect("a tree can be written");
            let long = serde_json::to_string_pretty(&value).expect("a tree can be written");
            prop_assert!(accepts(&short) && accepts(&long));
            prop_assert!(short.is_empty() || !accepts(&short[..short.floor_char_boundary(short.len() - 1)]) || short.parse::<f64>().is_ok());
        }
    }
}

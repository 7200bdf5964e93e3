//! The sentence of an activity: a template per type, filled from its fields.
//!
//! A template says what happened and follows the actor's name: `created Admin API key {admin_api_key_id}[ with scope
//! {scopes}]`. One that begins with a capital letter is the whole sentence. In it
//!
//! - `{name}` is a field's value, `{name:format}` the value in a format, `{one/other/'text}` the first that is there. Formats: `q`
//!   in quotation marks, `words` with spaces for underscores, `cents`, `usd`, `onoff`, `host`, `tool`;
//! - `{name?value:text|other:text|otherwise}` chooses a text by the field's value;
//! - `[…]` is left out unless everything in it is there.
//!
//! Names beside the fields: `person` (the user acted upon), `outcome`, `url_path`, `url_host`, `status_reason`. What is
//! missing outside brackets is left out with the space before it, a missing person is "someone", so a sentence reads well
//! without the names that the feed no longer sends. Values are cut to a readable length and hold no line breaks.
//!
//! Output is the inside of a JSON string, for that is where most sentences go.

use std::borrow::Cow;

use crate::flatten::prefix;
use crate::json;
use crate::outcome::EventOutcome;
use crate::raw::{Kind, Raw, Text};
use crate::url;
use crate::vocabulary::vocabulary;

/// Longest value in a sentence, in bytes.
const VALUE_BYTES_MAX: usize = 200;

/// Elements of a list that are named; the others are counted.
const LIST_NAMED_MAX: usize = 3;

/// A compiled template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    parts: Vec<Part>,
    whole: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(&'static str),
    Value(Vec<Slot>),
    Choice { source: Source, cases: Vec<(&'static str, &'static str)>, otherwise: Option<&'static str> },
    Optional(Vec<Part>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slot {
    source: Source,
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Field(u16),
    Person,
    Outcome,
    UrlPath,
    UrlHost,
    StatusReason,
    Literal(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Plain,
    Quoted,
    Words,
    Cents,
    Dollars,
    OnOff,
    Host,
    Tool,
}

/// What a sentence may speak of.
pub(crate) struct Scene<'s, 'a> {
    /// Finds a field that fits its vocabulary.
    pub(crate) field: &'s dyn Fn(u16) -> Option<Raw<'a>>,
    pub(crate) persons: &'s [Text<'a>],
    pub(crate) outcome: EventOutcome,
    pub(crate) url: Option<&'s Text<'a>>,
    pub(crate) status_reason: Option<&'s Text<'a>>,
}

impl Template {
    /// Compiles a template. Panics on a malformed one: templates are part of the program.
    pub(crate) fn compile(text: &'static str) -> Self {
        let mut rest = text;
        let parts = compile_parts(&mut rest, false);
        assert!(rest.is_empty() && !parts.is_empty(), "unbalanced template {text:?}");
        Self { parts, whole: text.starts_with(|first: char| first.is_ascii_uppercase()) }
    }

    /// Writes the sentence.
    pub(crate) fn render(&self, out: &mut Vec<u8>, actor: &Text<'_>, scene: &Scene<'_, '_>) {
        if !self.whole {
            word(out, actor);
            out.push(b' ');
        }
        for part in &self.parts {
            if !part.render(out, scene) && out.last() == Some(&b' ') {
                out.pop();
            }
        }
    }
}

fn compile_parts(rest: &mut &'static str, nested: bool) -> Vec<Part> {
    let mut parts = Vec::new();
    loop {
        let end = rest.find(['{', '[', ']']).unwrap_or(rest.len());
        if end > 0 {
            parts.push(Part::Text(&rest[..end]));
        }
        let mark = rest[end..].chars().next();
        *rest = &rest[(end + usize::from(mark.is_some()))..];
        match mark {
            Some('{') => {
                let close = rest.find('}').unwrap_or_else(|| panic!("open brace in template at {rest:?}"));
                parts.push(compile_value(&rest[..close]));
                *rest = &rest[close + 1..];
            }
            Some('[') => {
                assert!(!nested, "brackets within brackets at {rest:?}");
                parts.push(Part::Optional(compile_parts(rest, true)));
            }
            Some(_) => {
                assert!(nested, "closing bracket without an opening one at {rest:?}");
                return parts;
            }
            None => {
                assert!(!nested, "open bracket at the end of a template");
                return parts;
            }
        }
    }
}

fn compile_value(text: &'static str) -> Part {
    if let Some((name, cases)) = text.split_once('?') {
        let mut otherwise = None;
        let mut pairs = Vec::new();
        for case in cases.split('|') {
            match case.split_once(':') {
                Some(pair) => pairs.push(pair),
                None => otherwise = Some(case),
            }
        }
        return Part::Choice { source: Source::compile(name), cases: pairs, otherwise };
    }
    Part::Value(text.split('/').map(Slot::compile).collect())
}

impl Source {
    fn compile(name: &'static str) -> Self {
        if let Some(text) = name.strip_prefix('\'') {
            return Source::Literal(text);
        }
        match name {
            "person" => Source::Person,
            // A field of this name exists, and its type reads its outcome from it.
            "outcome" => Source::Outcome,
            "url_path" => Source::UrlPath,
            "url_host" => Source::UrlHost,
            "status_reason" => Source::StatusReason,
            _ => Source::Field(
                vocabulary().find(name).unwrap_or_else(|| panic!("no field {name:?} for a template")),
            ),
        }
    }

    /// The value as text, for choosing by it.
    fn text<'a>(self, scene: &Scene<'_, 'a>) -> Option<Text<'a>> {
        match self {
            Source::Field(number) => {
                let raw = (scene.field)(number)?;
                raw.text().or_else(|| {
                    matches!(raw.kind(), Kind::Boolean | Kind::Number).then(|| Cow::Borrowed(raw.json()))
                })
            }
            Source::Outcome => Some(Cow::Borrowed(scene.outcome.as_str())),
            Source::Literal(text) => Some(Cow::Borrowed(text)),
            Source::Person => scene.persons.first().cloned(),
            Source::StatusReason => scene.status_reason.cloned(),
            Source::UrlPath => part_of(scene.url?, |url| url::split(url).path.unwrap_or(url)),
            Source::UrlHost => part_of(scene.url?, |url| url::host(url).unwrap_or_default()),
        }
    }
}

/// A part of text that borrows from it if it is borrowed.
fn part_of<'a>(text: &Text<'a>, part: impl for<'t> Fn(&'t str) -> &'t str) -> Option<Text<'a>> {
    let part = match text {
        Cow::Borrowed(plain) => Cow::Borrowed(part(plain)),
        Cow::Owned(made) => Cow::Owned(part(made).to_owned()),
    };
    (!part.is_empty()).then_some(part)
}

impl Part {
    /// Writes the part; returns false, having written nothing, if what it speaks of is not there.
    fn render(&self, out: &mut Vec<u8>, scene: &Scene<'_, '_>) -> bool {
        match self {
            Part::Text(text) => {
                out.extend_from_slice(text.as_bytes());
                true
            }
            Part::Value(slots) => slots.iter().any(|slot| slot.render(out, scene)) || stand_in(slots, out),
            Part::Choice { source, cases, otherwise } => {
                let value = source.text(scene);
                let case = value.and_then(|value| cases.iter().find(|(case, _)| *case == value));
                let Some(text) = case.map(|(_, text)| *text).or(*otherwise) else { return false };
                out.extend_from_slice(text.as_bytes());
                true
            }
            Part::Optional(parts) => {
                let start = out.len();
                let complete = parts.iter().all(|part| match part {
                    // A stand-in would make an optional part speak of nobody.
                    Part::Value(slots) => slots.iter().any(|slot| slot.render(out, scene)),
                    _ => part.render(out, scene),
                });
                if !complete {
                    out.truncate(start);
                }
                // Leaving an optional part out is not a gap, so the space before it stays.
                true
            }
        }
    }
}

/// Writes what stands for a value that is not there.
fn stand_in(slots: &[Slot], out: &mut Vec<u8>) -> bool {
    let person = slots.iter().any(|slot| slot.source == Source::Person);
    if person {
        out.extend_from_slice(b"someone");
    }
    person
}

impl Slot {
    fn compile(text: &'static str) -> Self {
        let (name, format) = text.split_once(':').unwrap_or((text, ""));
        let format = match format {
            "" => Format::Plain,
            "q" => Format::Quoted,
            "words" => Format::Words,
            "cents" => Format::Cents,
            "usd" => Format::Dollars,
            "onoff" => Format::OnOff,
            "host" => Format::Host,
            "tool" => Format::Tool,
            _ => panic!("unknown format {format:?} in a template"),
        };
        Self { source: Source::compile(name), format }
    }

    fn render(self, out: &mut Vec<u8>, scene: &Scene<'_, '_>) -> bool {
        if self.source == Source::Person {
            return list(out, scene.persons);
        }
        if let Source::Field(number) = self.source
            && let Some(raw) = (scene.field)(number)
            && raw.kind() == Kind::Array
        {
            return list(out, &list_texts(raw, self.format));
        }
        self.source.text(scene).is_some_and(|text| self.format.render(out, &text))
    }
}

/// The texts of a list's elements; of an object its `type`, which is what the feed's lists of objects are told apart by.
fn list_texts(raw: Raw<'_>, format: Format) -> Vec<Text<'_>> {
    let words = |text: Text<'_>| Cow::Owned(text.replace('_', " "));
    raw.elements()
        .into_iter()
        .filter_map(|element| match element.kind() {
            Kind::Object => element.member("type").and_then(Raw::text).map(words),
            Kind::String if format == Format::Words => element.text().map(words),
            Kind::String => element.text(),
            Kind::Number => Some(Cow::Borrowed(element.json())),
            _ => None,
        })
        .filter(|text| !text.is_empty() && text != "unspecified")
        .collect()
}

/// Writes "a", "a and b", "a, b and c", "a, b, c and 4 more".
fn list(out: &mut Vec<u8>, texts: &[Text<'_>]) -> bool {
    let named = texts.len().min(LIST_NAMED_MAX);
    for (place, text) in texts[..named].iter().enumerate() {
        if place > 0 {
            let last = place == named - 1 && texts.len() == named;
            out.extend_from_slice(if last { b" and " } else { b", " });
        }
        word(out, text);
    }
    if texts.len() > named {
        out.extend_from_slice(format!(" and {} more", texts.len() - named).as_bytes());
    }
    named > 0
}

impl Format {
    fn render(self, out: &mut Vec<u8>, text: &Text<'_>) -> bool {
        if text.is_empty() {
            return false;
        }
        match self {
            Format::Plain => word(out, text),
            Format::Tool if text == "*" => return false,
            Format::Quoted | Format::Tool => {
                out.extend_from_slice(b"\\\"");
                word(out, text);
                out.extend_from_slice(b"\\\"");
            }
            Format::Words if text == "unspecified" => return false,
            Format::Words => word(out, &Cow::Owned(text.replace('_', " "))),
            Format::OnOff => word(out, &Cow::Borrowed(if text == "true" { "on" } else { "off" })),
            Format::Host => word(out, &Cow::Owned(url::host(text).unwrap_or(text).to_owned())),
            Format::Cents => match text.parse::<i64>() {
                Ok(cents) => word(out, &Cow::Owned(dollars(cents))),
                Err(_) => return false,
            },
            Format::Dollars => word(out, &Cow::Owned(format!("${text}"))),
        }
        true
    }
}

/// Cents as people write dollars: `$1,250.00`.
fn dollars(cents: i64) -> String {
    let whole = (cents / 100).unsigned_abs().to_string();
    let mut grouped = String::with_capacity(whole.len() + 8);
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}${grouped}.{:02}", (cents % 100).unsigned_abs())
}

/// Writes a value into the sentence: one line, of readable length.
pub(crate) fn word(out: &mut Vec<u8>, text: &Text<'_>) {
    let kept = prefix(text, VALUE_BYTES_MAX);
    match text {
        Cow::Borrowed(_) => out.extend_from_slice(kept.as_bytes()),
        Cow::Owned(_) => json::escaped(out, &kept.replace(char::is_control, " ")),
    }
    if kept.len() < text.len() {
        out.extend_from_slice("…".as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(template: &'static str, fields: &[(&str, &'static str)], persons: &[&'static str]) -> String {
        let persons: Vec<Text<'static>> = persons.iter().map(|person| Cow::Borrowed(*person)).collect();
        let field = |number: u16| {
            let name = vocabulary().field(number).name;
            fields.iter().find(|(field, _)| *field == name).map(|(_, json)| Raw::assume(json))
        };
        let scene = Scene {
            field: &field,
            persons: &persons,
            outcome: EventOutcome::Failure,
            url: Some(&Cow::Borrowed("/v1/compliance/activities?limit=1")),
            status_reason: None,
        };
        let mut out = Vec::new();
        Template::compile(template).render(&mut out, &Cow::Borrowed("Ana"), &scene);
        let quoted = [b"\"", out.as_slice(), b"\""].concat();
        serde_json::from_slice(&quoted).expect("the inside of a JSON string")
    }

    #[test]
    fn templates_are_filled() {
        let scopes = [("scopes", r#"["a","b","c","d","e"]"#), ("api_key_id", r#""key_1""#)];
        for (template, fields, expected) in [
            ("made {api_key_id}[ with {scopes}]", &scopes[..], "Ana made key_1 with a, b, c and 2 more"),
            ("made {api_key_id}[ with {scopes}]", &[("scopes", r#"["a","b"]"#)], "Ana made with a and b"),
            ("made {api_key_id}[ with {scopes}]", &[], "Ana made"),
            ("saw {filename:q/claude_file_id}", &[("claude_file_id", r#""f1""#)], "Ana saw f1"),
            ("saw {filename:q/claude_file_id}", &[("filename", r#""a\"\n\u0007b""#)], "Ana saw \"a\"  b\""),
            ("turned it {enabled?true:on|false:off|on or off}", &[("enabled", "false")], "Ana turned it off"),
            ("turned it {enabled?true:on|false:off|on or off}", &[], "Ana turned it on or off"),
            ("tried[ with {method?webauthn:a passkey}]", &[("method", r#""sms""#)], "Ana tried"),
            ("set {amount:cents}", &[("amount", "123456789")], "Ana set $1,234,567.89"),
            ("set[ {decision:words}] x", &[("decision", r#""unspecified""#)], "Ana set x"),
            ("changed it[: {updates}]", &[("updates", r#"[{"type":"a_b"},{}]"#)], "Ana changed it: a b"),
            ("called {url_path}", &[], "Ana called /v1/compliance/activities"),
            ("{outcome?failure:failed|did}", &[], "Ana failed"),
            ("A check of {plugin_id} ended", &[("plugin_id", r#""p1""#)], "A check of p1 ended"),
        ] {
            assert_eq!(render(template, fields, &[]), expected, "{template}");
        }
        assert_eq!(render("added {person} to it", &[], &[]), "Ana added someone to it");
        assert_eq!(render("added it[ to {person}]", &[], &[]), "Ana added it");
        assert_eq!(render("added {person}", &[], &["x", "y"]), "Ana added x and y");
    }

    #[test]
    fn long_values_are_cut() {
        let long: &'static str = Box::leak(format!("\"{}\"", "é".repeat(100_000)).into_boxed_str());
        let sentence = render("saw {filename}", &[("filename", long)], &[]);
        assert!(sentence.len() < 220 && sentence.ends_with('…'), "{}", sentence.len());
    }

    #[test]
    #[should_panic(expected = "no field")]
    fn a_template_of_an_unknown_field_is_refused() {
        Template::compile("made {no_such_field}");
    }
}

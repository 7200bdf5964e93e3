//! From the bytes of a body to a page: lenient about a row, strict about the page.
//!
//! The body is checked once for UTF-8 and then read in two passes: one finds the end of every element of `data`
//! without building anything, the other reads three fields out of each element. No row is copied; an activity's bytes
//! are a slice of the body.
//!
//! A missing or odd `id`, `created_at` or `type` leaves that field empty and never fails the page. Everything else that
//! is not as the contract says does: see [`parse_page`].

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::check::{Moment, PageCheck};
use super::{Activity, PageContent};
use crate::error::{Error, ErrorKind};
use crate::redact::{Redactor, hexadecimal};
use crate::request::{ActivityRequest, Cursor};

/// Reads the body of a successful answer to `request`.
///
/// Fails with [`ErrorKind::Truncated`] when the body ends too early, [`ErrorKind::InvalidUtf8`],
/// [`ErrorKind::InvalidJson`], [`ErrorKind::ContentType`] when it begins like an HTML or XML page, and with
/// [`ErrorKind::UnexpectedPage`] when it is JSON but not the page that was asked for: not an envelope, `data` not an
/// array, an element not an object, more rows than the limit, rows outside the time bounds or out of order, or a page
/// that says it goes on but gives no way to go on. A row that comes twice is let through: delivery is at least once.
pub fn parse_page(body: &Bytes, request: &ActivityRequest) -> Result<PageContent, Error> {
    parse(body, request, Redactor::none())
}

/// [`parse_page`] with a key to keep out of the error.
pub(crate) fn parse(
    body: &Bytes,
    request: &ActivityRequest,
    redactor: Redactor<'_>,
) -> Result<PageContent, Error> {
    let text = std::str::from_utf8(body).map_err(|error| not_utf8(body, &error))?;
    let Object(envelope) = serde_json::from_str(text).map_err(|error| not_a_page(text, &error, redactor))?;
    let rows = envelope.rows()?;
    let mut check = PageCheck::new(request);
    check.count(rows.len()).map_err(unexpected)?;
    let mut activities = Vec::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate() {
        let (activity, moment) = read_row(body, row).ok_or_else(|| not_an_object(index, row))?;
        check.row(index, moment).map_err(unexpected)?;
        activities.push(activity);
    }
    let content = PageContent {
        activities,
        has_more: envelope.has_more.unwrap_or(false),
        first_id: cursor(envelope.first_id),
        last_id: cursor(envelope.last_id),
    };
    check.continuation(&content).map_err(unexpected)?;
    Ok(content)
}

/// The documented envelope. All four are optional there; unknown fields are ignored.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    data: Option<Vec<&'a RawValue>>,
    has_more: Option<bool>,
    #[serde(borrow, default)]
    first_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    last_id: Option<Cow<'a, str>>,
}

/// The envelope read from an object and from nothing else: derived reading takes an array of its fields for it too.
struct Object<'a>(Envelope<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor)
    }
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Object<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a page of activities")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Envelope::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

impl<'a> Envelope<'a> {
    /// The elements of `data`. An object with neither `data` nor `has_more` is no page at all: taking `{}` for an
    /// empty one would prove that nothing happened.
    fn rows(&self) -> Result<&[&'a RawValue], Error> {
        match (&self.data, self.has_more) {
            (Some(rows), _) => Ok(rows),
            (None, Some(_)) => Ok(&[]),
            (None, None) => Err(unexpected("the object has neither data nor has_more")),
        }
    }
}

/// One activity and its time with the precision it was written in. `None` when the element is not an object.
fn read_row(body: &Bytes, row: &RawValue) -> Option<(Activity, Option<Moment>)> {
    if !row.get().starts_with('{') {
        return None;
    }
    let raw = body.slice_ref(row.get().as_bytes());
    // The element is well-formed, yet a name in it may still hold an escape that is no character; then its own bytes
    // are all there is to know it by.
    let head: Head<'_> = serde_json::from_str(row.get()).unwrap_or_default();
    let moment = head.created_at.as_deref().and_then(Moment::read);
    let id = match head.id {
        Some(id) if !id.is_empty() => id.into_owned(),
        _ => format!("sha256:{}", hexadecimal(&Sha256::digest(&raw))),
    };
    let created_at: Option<Timestamp> = moment.map(|moment| moment.at);
    let activity_type = head.activity_type.unwrap_or_default().into_owned();
    Some((Activity { raw, id, created_at, activity_type }, moment))
}

/// The fields every activity has, each only if it is a string. Of a name that comes twice the last one counts, as it
/// does for most readers of JSON.
#[derive(Default)]
struct Head<'a> {
    id: Option<Cow<'a, str>>,
    created_at: Option<Cow<'a, str>>,
    activity_type: Option<Cow<'a, str>>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Head<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeadVisitor)
    }
}

struct HeadVisitor;

impl<'de> Visitor<'de> for HeadVisitor {
    type Value = Head<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an activity")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut head = Head::default();
        while let Some(field) = map.next_key::<Field>()? {
            match field {
                Field::Id => head.id = string(map.next_value()?),
                Field::CreatedAt => head.created_at = string(map.next_value()?),
                Field::Type => head.activity_type = string(map.next_value()?),
                Field::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(head)
    }
}

enum Field {
    Id,
    CreatedAt,
    Type,
    Other,
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_identifier(FieldVisitor)
    }
}

struct FieldVisitor;

impl Visitor<'_> for FieldVisitor {
    type Value = Field;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a field name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Field, E> {
        Ok(match name {
            "id" => Field::Id,
            "created_at" => Field::CreatedAt,
            "type" => Field::Type,
            _ => Field::Other,
        })
    }
}

/// The value if it is a readable string, borrowed unless it holds escapes.
fn string(value: &RawValue) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    serde_json::from_str::<Text<'_>>(value.get()).ok().map(|text| text.0)
}

/// An empty cursor leads nowhere, so it counts as none.
fn cursor(text: Option<Cow<'_, str>>) -> Option<Cursor> {
    text.filter(|text| !text.is_empty()).map(Cursor::new)
}

fn unexpected(detail: impl Into<String>) -> Error {
    Error::new(ErrorKind::UnexpectedPage, detail)
}

fn not_an_object(index: usize, row: &RawValue) -> Error {
    let what = match row.get().as_bytes().first() {
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    };
    unexpected(format!("element {index} of data is {what}, not an object"))
}

fn not_utf8(body: &Bytes, error: &std::str::Utf8Error) -> Error {
    let position = error.valid_up_to();
    match error.error_len() {
        // The last character is cut in two: the body broke off there.
        None => Error::new(
            ErrorKind::Truncated,
            format!("the body ends inside a character after {} bytes", body.len()),
        ),
        Some(_) => {
            Error::new(ErrorKind::InvalidUtf8, format!("byte {position} of {} is not UTF-8", body.len()))
        }
    }
}

fn not_a_page(text: &str, error: &serde_json::Error, redactor: Redactor<'_>) -> Error {
    if text.trim_ascii_start().starts_with('<') {
        let beginning = redactor.show_bytes(text.as_bytes(), 120);
        return Error::new(ErrorKind::ContentType, format!("the body is a web page: {beginning}"));
    }
    let detail = redactor.show(&error.to_string(), 200);
    match error.classify() {
        Category::Eof => Error::new(
            ErrorKind::Truncated,
            format!("the body ends after {} bytes in the middle of the JSON", text.len()),
        ),
        Category::Data => unexpected(detail),
        Category::Syntax | Category::Io => Error::new(ErrorKind::InvalidJson, detail),
    }
}

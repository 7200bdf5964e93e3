//! The query of a page: read strictly, refused with a reason.
//!
//! Nothing is guessed: an unknown parameter, a value out of range or two parameters that exclude each other are a 400
//! each, as the API has it. The checks need no data; whether a cursor still exists is for the timeline to say.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};

use super::{
    catalogue,
    cursor::{self, Cursor},
    date_time,
    problem::Problem,
};

const LIMIT_DEFAULT: usize = 100;
const LIMIT_MAX: usize = 5000;

/// What the caller wants, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PageQuery {
    pub(crate) filter: Filter,
    /// First moment, inclusive.
    pub(crate) from: Timestamp,
    /// End, exclusive.
    pub(crate) to: Timestamp,
    pub(crate) limit: usize,
    pub(crate) ascending: bool,
    pub(crate) start: Start,
}

/// Where the page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Start {
    /// At the first row in result order.
    First,
    /// Just after this row in result order.
    After(Cursor),
    /// The page that ends just before this row in result order.
    Before(Cursor),
}

/// Which rows count, time aside. An empty set means: all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    types: HashSet<String>,
    excluded_types: HashSet<String>,
    actors: HashSet<String>,
    pub(crate) organizations: HashSet<String>,
}

impl Filter {
    /// Whether a row passes. A row without an organization passes every filter by organization.
    pub(crate) fn passes(
        &self,
        activity_type: &str,
        actor: Option<&str>,
        organization: Option<(&str, &str)>,
    ) -> bool {
        (self.types.is_empty() || self.types.contains(activity_type))
            && !self.excluded_types.contains(activity_type)
            && (self.actors.is_empty() || actor.is_some_and(|actor| self.actors.contains(actor)))
            && (self.organizations.is_empty()
                || organization.is_none_or(|(id, uuid)| {
                    self.organizations.contains(id) || self.organizations.contains(uuid)
                }))
    }
}

/// Reads and checks a raw query.
pub(crate) fn parse(raw: &str, accept_withdrawn_types: bool) -> Result<PageQuery, Problem> {
    let mut reading = Reading { accept_withdrawn_types, ..Reading::default() };
    for pair in raw.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decode = |text| decode(text).ok_or_else(|| Problem::bad_request("query: not valid UTF-8"));
        reading.take(&decode(name)?, &decode(value)?)?;
    }
    reading.finish()
}

/// Undoes percent-encoding, `+` for a space included; `None` when the bytes are not text.
pub(crate) fn decode(text: &str) -> Option<String> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hexadecimal = (bytes.get(at + 1).and_then(digit), bytes.get(at + 2).and_then(digit));
        if let (b'%', (Some(high), Some(low))) = (byte, hexadecimal) {
            decoded.push((high * 16 + low) as u8);
            at += 3;
        } else {
            decoded.push(if *byte == b'+' { b' ' } else { *byte });
            at += 1;
        }
    }
    String::from_utf8(decoded).ok()
}

#[derive(Default)]
struct Reading {
    accept_withdrawn_types: bool,
    filter: Filter,
    bounds: [Option<Timestamp>; 4],
    limit: Option<usize>,
    ascending: Option<bool>,
    after: Option<Cursor>,
    before: Option<Cursor>,
}

const BOUNDS: [&str; 4] = ["created_at.gt", "created_at.gte", "created_at.lt", "created_at.lte"];

impl Reading {
    fn take(&mut self, name: &str, value: &str) -> Result<(), Problem> {
        match name {
            "activity_types[]" => {
                self.check_type(name, value)?;
                self.filter.types.insert(value.to_owned());
            }
            "exclude_activity_types[]" => {
                self.check_type(name, value)?;
                self.filter.excluded_types.insert(value.to_owned());
            }
            "actor_ids[]" | "user_ids[]" => {
                if value.is_empty() {
                    return Err(Problem::bad_request(format!("{name}: must not be empty")));
                }
                self.filter.actors.insert(value.to_owned());
            }
            "organization_ids[]" => {
                self.filter.organizations.insert(organization(name, value)?);
            }
            "limit" => set_once(&mut self.limit, name, limit(value)?)?,
            "order" => set_once(&mut self.ascending, name, order(value)?)?,
            "after_id" => set_once(&mut self.after, name, cursor::decode(value))?,
            "before_id" => set_once(&mut self.before, name, cursor::decode(value))?,
            other => match BOUNDS.iter().position(|bound| *bound == other) {
                Some(place) => set_once(&mut self.bounds[place], name, bound(name, value)?)?,
                None => return Err(Problem::bad_request(format!("{other}: unknown query parameter"))),
            },
        }
        Ok(())
    }

    fn check_type(&self, name: &str, value: &str) -> Result<(), Problem> {
        if catalogue::knows(value, self.accept_withdrawn_types) {
            return Ok(());
        }
        Err(Problem::bad_request(format!("{name}: '{value}' is not a known activity type")))
    }

    fn finish(self) -> Result<PageQuery, Problem> {
        if !self.filter.types.is_empty() && !self.filter.excluded_types.is_empty() {
            let message = "activity_types[] and exclude_activity_types[] must not be given together";
            return Err(Problem::bad_request(message));
        }
        let (from, to) = self.range()?;
        let start = match (self.after, self.before) {
            (Some(_), Some(_)) => {
                return Err(Problem::bad_request("only one of after_id and before_id may be given"));
            }
            (Some(cursor), None) => Start::After(cursor),
            (None, Some(cursor)) => Start::Before(cursor),
            (None, None) => Start::First,
        };
        Ok(PageQuery {
            filter: self.filter,
            from,
            to,
            limit: self.limit.unwrap_or(LIMIT_DEFAULT),
            ascending: self.ascending.unwrap_or(false),
            start,
        })
    }

    /// All four bounds as one half-open range; refused where nothing can lie in it.
    fn range(&self) -> Result<(Timestamp, Timestamp), Problem> {
        let [gt, gte, lt, lte] = self.bounds;
        let from = [gt.map(just_after), gte].into_iter().flatten().max();
        let to = [lt, lte.map(just_after)].into_iter().flatten().min();
        if let (Some(from), Some(to)) = (from, to)
            && to <= from
        {
            return Err(Problem::bad_request("created_at: the upper bound must be after the lower bound"));
        }
        Ok((from.unwrap_or(Timestamp::MIN), to.unwrap_or(Timestamp::MAX)))
    }
}

/// The next moment that can be told from this one.
pub(crate) fn just_after(at: Timestamp) -> Timestamp {
    at.checked_add(SignedDuration::from_nanos(1)).unwrap_or(Timestamp::MAX)
}

fn set_once<T>(place: &mut Option<T>, name: &str, value: T) -> Result<(), Problem> {
    if place.replace(value).is_some() {
        return Err(Problem::bad_request(format!("{name}: given more than once")));
    }
    Ok(())
}

fn limit(value: &str) -> Result<usize, Problem> {
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let number = if digits { value.parse().ok() } else { None };
    number
        .filter(|number| (1..=LIMIT_MAX).contains(number))
        .ok_or_else(|| Problem::bad_request(format!("limit: must be a whole number from 1 to {LIMIT_MAX}")))
}

fn order(value: &str) -> Result<bool, Problem> {
    match value {
        "asc" => Ok(true),
        "desc" => Ok(false),
        _ => Err(Problem::bad_request("order: must be 'asc' or 'desc'")),
    }
}

fn bound(name: &str, value: &str) -> Result<Timestamp, Problem> {
    date_time::parse(value)
        .ok_or_else(|| Problem::bad_request(format!("{name}: must be an RFC 3339 date-time")))
}

/// An organization is named by `org_…` or by a UUID, in either case of letters.
pub(crate) fn organization(name: &str, value: &str) -> Result<String, Problem> {
    let parts: Vec<&str> = value.split('-').collect();
    let is_uuid = parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
        && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if is_uuid {
        return Ok(value.to_ascii_lowercase());
    }
    if value.strip_prefix("org_").is_some_and(|rest| !rest.is_empty()) {
        return Ok(value.to_owned());
    }
    Err(Problem::bad_request(format!("{name}: '{value}' is neither an org_ id nor a UUID")))
}

//! JSON to aggregations.

use std::time::Duration;

use jiff::tz::TimeZone;
use serde_json::{Map, Value as Json};

use super::{
    Aggregation, AggregationKind, Aggregations, CalendarUnit, Choice, DateHistogram, Descending, Interval,
    Metric, NamedRange, Order, Ranges, Terms, TopHits,
};
use crate::{
    SEQUENCE, dsl,
    error::{Error, ErrorKind},
    field::{FieldKind, FieldReference},
    parser::Context,
    request::{SearchRequest, Sort},
    time,
};

/// Deepest nesting.
const MAX_DEPTH: usize = 8;
/// Most buckets of one `terms`.
const MAX_TERMS: usize = 65_536;
/// Most documents of one bucket of `top_hits`.
const MAX_TOP_HITS: usize = 100;

pub(super) fn all(json: &Json, context: &Context<'_>) -> Result<Aggregations, Error> {
    read_all(json, context, 0)
}

fn read_all(json: &Json, context: &Context<'_>, depth: usize) -> Result<Aggregations, Error> {
    if depth > MAX_DEPTH {
        return Err(Error::new(
            ErrorKind::TooLarge,
            format!("aggregations are nested deeper than {MAX_DEPTH}"),
        ));
    }
    let members = match json {
        Json::Null => return Ok(Aggregations::new()),
        Json::Object(members) => members,
        _ => return Err(Error::syntax("aggregations are an object: a name and what it computes")),
    };
    let read = |(name, body): (&String, &Json)| {
        let one = read_one(body, context, depth).map_err(|error| error.within(name))?;
        Ok((name.clone(), one))
    };
    members.iter().map(read).collect()
}

fn read_one(json: &Json, context: &Context<'_>, depth: usize) -> Result<Aggregation, Error> {
    let members = json.as_object().ok_or_else(|| Error::syntax("an aggregation is an object"))?;
    let mut children = Aggregations::new();
    let mut kind = None;
    for (name, body) in members {
        match name.as_str() {
            "aggs" | "aggregations" => children = read_all(body, context, depth + 1)?,
            "meta" => {}
            _ if kind.is_some() => return Err(Error::syntax("an aggregation computes one thing")),
            _ => kind = Some(Body { name, json: body, context }.read().map_err(|error| error.within(name))?),
        }
    }
    let kind = kind.ok_or_else(|| Error::syntax("an aggregation must say what it computes"))?;
    let buckets = !matches!(
        kind,
        AggregationKind::Cardinality(_) | AggregationKind::Metric(..) | AggregationKind::TopHits(_)
    );
    if !buckets && !children.is_empty() {
        return Err(Error::syntax("it has no buckets that could hold other aggregations"));
    }
    if let AggregationKind::Terms(terms) = &kind {
        check_order(terms, &children)?;
    }
    Ok(Aggregation { kind, children })
}

/// An order by a metric needs that metric.
fn check_order(terms: &Terms, children: &Aggregations) -> Result<(), Error> {
    for (order, _) in &terms.order {
        let Order::Metric(name, member) = order else { continue };
        let child = children.get(name).map(|child| &child.kind);
        let fits = match (child, member.as_deref()) {
            (Some(AggregationKind::Metric(Metric::Statistics, _)), Some(member)) => {
                ["min", "max", "avg", "sum", "count"].contains(&member)
            }
            (Some(AggregationKind::Metric(Metric::Statistics, _)), None) => false,
            (Some(AggregationKind::Metric(..) | AggregationKind::Cardinality(_)), member) => {
                member.is_none_or(|member| member == "value")
            }
            _ => false,
        };
        if !fits {
            return Err(Error::syntax(format!("it cannot be ordered by {name:?}")).with_hint(
                "order by _count, _key, or a metric within it, such as \"latest\" or \"sizes.max\"",
            ));
        }
    }
    Ok(())
}

/// What stands behind an aggregation's type.
struct Body<'j, 'c> {
    name: &'j str,
    json: &'j Json,
    context: &'c Context<'c>,
}

impl Body<'_, '_> {
    fn read(&self) -> Result<AggregationKind, Error> {
        let metric = |metric| Ok(AggregationKind::Metric(metric, self.ordered_field(&["field"])?));
        match self.name {
            "terms" => self.terms(),
            "date_histogram" => self.date_histogram(),
            "filters" => self.filters(),
            "filter" => dsl::read(self.json, self.context).map(AggregationKind::Filter),
            "missing" => {
                self.members(&["field"])?;
                let name = self.text("field")?.ok_or_else(|| Error::syntax("it needs a field"))?;
                Ok(AggregationKind::Missing(self.context.fields.resolve(name)?))
            }
            "range" | "date_range" => self.ranges(),
            "cardinality" => {
                Ok(AggregationKind::Cardinality(self.exact_field(&["field", "precision_threshold"])?))
            }
            "min" => metric(Metric::Minimum),
            "max" => metric(Metric::Maximum),
            "avg" => metric(Metric::Average),
            "sum" => metric(Metric::Sum),
            "value_count" => Ok(AggregationKind::Metric(Metric::Count, self.exact_field(&["field"])?)),
            "stats" => metric(Metric::Statistics),
            "top_hits" => self.top_hits(),
            other => Err(Error::unsupported(format!("there is no aggregation {other:?} here")).with_hint(
                "terms, date_histogram, filters, filter, missing, range, date_range, cardinality, stats, min, max, avg, \
                 sum, value_count and top_hits are",
            )),
        }
    }

    /// The members, all of which must be known: an unknown one would change the meaning.
    fn members(&self, known: &[&str]) -> Result<&Map<String, Json>, Error> {
        let members = self.json.as_object().ok_or_else(|| Error::syntax("an object is expected"))?;
        match members.keys().find(|name| !known.contains(&name.as_str())) {
            Some(unknown) => Err(Error::unsupported(format!("there is no {unknown:?} here"))
                .with_hint(format!("known are {}", known.join(", ")))),
            None => Ok(members),
        }
    }

    fn text(&self, member: &str) -> Result<Option<&str>, Error> {
        match self.json.get(member) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::String(text)) => Ok(Some(text)),
            Some(_) => Err(Error::syntax(format!("{member} is a text"))),
        }
    }

    fn number(&self, member: &str, default: u64) -> Result<u64, Error> {
        match self.json.get(member) {
            None | Some(Json::Null) => Ok(default),
            Some(value) => value.as_u64().ok_or_else(|| Error::syntax(format!("{member} is a whole number"))),
        }
    }

    fn size(&self, default: usize, most: usize) -> Result<usize, Error> {
        let size = self.number("size", default as u64)?;
        usize::try_from(size)
            .ok()
            .filter(|size| *size <= most)
            .ok_or_else(|| Error::new(ErrorKind::TooLarge, format!("size {size} is above {most}")))
    }

    /// The field, whose values can be told apart.
    fn exact_field(&self, known: &[&str]) -> Result<FieldReference, Error> {
        self.members(known)?;
        let name = self.text("field")?.ok_or_else(|| Error::syntax("it needs a field"))?;
        let field = self.context.fields.resolve(name)?;
        if field.kind == FieldKind::Text {
            return Err(Error::unsupported(format!("{name} is text, whose values are not counted"))
                .with_hint("count an exact field, such as event.action"));
        }
        if self.context.fields.iter().any(|known| known.name == name && known.kind == FieldKind::Flattened) {
            return Err(Error::unsupported(format!("{name} is a bag; name a member of it")));
        }
        Ok(field)
    }

    /// The field, whose values can be put in order.
    fn ordered_field(&self, known: &[&str]) -> Result<FieldReference, Error> {
        let field = self.exact_field(known)?;
        match field.kind {
            FieldKind::Long | FieldKind::Double | FieldKind::Date | FieldKind::Boolean => Ok(field),
            other => {
                Err(Error::syntax(format!("{} is a {}, not a number or a time", field.name, other.name())))
            }
        }
    }

    fn terms(&self) -> Result<AggregationKind, Error> {
        let field = self.exact_field(&[
            "field",
            "size",
            "shard_size",
            "order",
            "min_doc_count",
            "missing",
            "include",
            "exclude",
            "execution_hint",
            "show_term_doc_count_error",
        ])?;
        let min_doc_count = self.number("min_doc_count", 1)?;
        if min_doc_count == 0 {
            return Err(Error::unsupported(
                "min_doc_count 0 is not supported: only values that occur are counted",
            ));
        }
        Ok(AggregationKind::Terms(Terms {
            size: self.size(10, MAX_TERMS)?,
            order: self.order()?,
            min_doc_count,
            missing: self.json.get("missing").filter(|missing| !missing.is_null()).cloned(),
            include: self.choice("include")?,
            exclude: self.choice("exclude")?,
            field,
        }))
    }

    fn order(&self) -> Result<Vec<(Order, Descending)>, Error> {
        let list = match self.json.get("order") {
            None | Some(Json::Null) => return Ok(vec![(Order::Count, true)]),
            Some(Json::Array(list)) => list.clone(),
            Some(one) => vec![one.clone()],
        };
        let wrong = || Error::syntax("an order is an object such as {\"_count\": \"desc\"}");
        let read = |one: &Json| {
            let (name, direction) = one.as_object().and_then(|one| one.iter().next()).ok_or_else(wrong)?;
            let descending = match direction.as_str() {
                Some("desc") => true,
                Some("asc") => false,
                _ => return Err(wrong()),
            };
            Ok(match name.as_str() {
                "_count" => (Order::Count, descending),
                "_key" | "_term" => (Order::Key, descending),
                metric => match metric.rsplit_once(['.', '>']) {
                    Some((name, member)) => (Order::Metric(name.into(), Some(member.into())), descending),
                    None => (Order::Metric(metric.into(), None), descending),
                },
            })
        };
        list.iter().map(read).collect()
    }

    fn choice(&self, member: &str) -> Result<Option<Choice>, Error> {
        match self.json.get(member) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::Array(values)) => {
                let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                Ok(Some(Choice::Exactly(values.iter().map(text).collect())))
            }
            Some(Json::String(pattern)) => match prefix(pattern) {
                Some(prefix) => Ok(Some(Choice::Prefix(prefix))),
                None => Err(Error::unsupported(format!(
                    "{member} {pattern:?} is not a list of values nor a beginning"
                ))
                .with_hint("write [\"one\", \"other\"] or \"beginning.*\"")),
            },
            Some(_) => {
                Err(Error::syntax(format!("{member} is a list of values, or a beginning such as \"api.*\"")))
            }
        }
    }

    fn date_histogram(&self) -> Result<AggregationKind, Error> {
        let field = self.exact_field(&[
            "field",
            "fixed_interval",
            "calendar_interval",
            "time_zone",
            "min_doc_count",
            "extended_bounds",
            "order",
            "format",
            "keyed",
        ])?;
        if field.kind != FieldKind::Date {
            return Err(Error::syntax(format!("{} is a {}, not a time", field.name, field.kind.name())));
        }
        if self.json.get("keyed").is_some_and(|keyed| keyed != false) || self.json.get("format").is_some() {
            return Err(Error::unsupported("keyed and format are not supported"));
        }
        let interval = match (self.text("fixed_interval")?, self.text("calendar_interval")?) {
            (Some(fixed), None) => Interval::Fixed(fixed_interval(fixed)?),
            (None, Some(calendar)) => Interval::Calendar(calendar_interval(calendar)?),
            _ => return Err(Error::syntax("it needs one of fixed_interval and calendar_interval")),
        };
        let zone_json = self.json.get("time_zone").filter(|zone| !zone.is_null());
        let zone_name = zone_json.and_then(Json::as_str).unwrap_or("UTC").to_owned();
        let order = if self.json.get("order").is_some() { self.order()? } else { vec![(Order::Key, false)] };
        let [(Order::Key, descending)] = order[..] else {
            return Err(Error::unsupported("a date_histogram is ordered by _key"));
        };
        Ok(AggregationKind::DateHistogram(DateHistogram {
            field,
            interval,
            zone: zone_json.map_or(Ok(TimeZone::UTC), zone)?,
            zone_name,
            min_doc_count: self.number("min_doc_count", 0)?,
            extended_bounds: self.bounds()?,
            descending,
        }))
    }

    fn bounds(&self) -> Result<Option<(jiff::Timestamp, jiff::Timestamp)>, Error> {
        let Some(bounds) = self.json.get("extended_bounds").filter(|bounds| !bounds.is_null()) else {
            return Ok(None);
        };
        let bound = |name: &str| {
            let value = bounds.get(name).ok_or_else(|| Error::syntax("extended_bounds need min and max"))?;
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            time::parse(&text, self.context.now, &self.context.zone).map(|stretch| stretch.start)
        };
        let (min, max) = (bound("min")?, bound("max")?);
        if min > max {
            return Err(Error::syntax("extended_bounds: min is after max"));
        }
        Ok(Some((min, max)))
    }

    fn filters(&self) -> Result<AggregationKind, Error> {
        let members = self.members(&["filters"])?;
        let Some(filters) = members.get("filters").and_then(Json::as_object) else {
            return Err(Error::unsupported("filters are an object: a name and a query"));
        };
        let read = |(name, query): (&String, &Json)| {
            let expression = dsl::read(query, self.context).map_err(|error| error.within(name))?;
            Ok((name.clone(), expression))
        };
        filters.iter().map(read).collect::<Result<_, _>>().map(AggregationKind::Filters)
    }

    fn ranges(&self) -> Result<AggregationKind, Error> {
        let field = self.ordered_field(&["field", "ranges", "keyed"])?;
        if (self.name == "date_range") != (field.kind == FieldKind::Date) {
            return Err(Error::syntax(format!("{} is a {}", field.name, field.kind.name()))
                .with_hint("date_range is for times, range for numbers"));
        }
        let list = self.json.get("ranges").and_then(Json::as_array).filter(|list| !list.is_empty());
        let list = list.ok_or_else(|| Error::syntax("it needs a list of ranges"))?;
        let ranges = list.iter().map(|range| self.range(&field, range)).collect::<Result<Vec<_>, Error>>()?;
        let keyed = self.json.get("keyed").and_then(Json::as_bool).unwrap_or(false);
        Ok(AggregationKind::Range(Ranges { field, ranges, keyed }))
    }

    fn range(&self, field: &FieldReference, range: &Json) -> Result<NamedRange, Error> {
        let bound = |name: &str| match range.get(name) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::String(text)) if field.kind == FieldKind::Date => {
                let stretch = time::parse(text, self.context.now, &self.context.zone)?;
                Ok(Some(stretch.start.as_millisecond() as f64))
            }
            Some(value) => value
                .as_f64()
                .map(Some)
                .ok_or_else(|| Error::syntax(format!("{name} of a range is a number"))),
        };
        let key = range.get("key").and_then(Json::as_str).map(str::to_owned);
        Ok(NamedRange { key, from: bound("from")?, to: bound("to")? })
    }

    fn top_hits(&self) -> Result<AggregationKind, Error> {
        self.members(&["size", "sort", "_source"])?;
        let fields = match self.json.get("_source") {
            None | Some(Json::Null | Json::Bool(true)) => None,
            Some(source) => Some(source_fields(source)?),
        };
        let mut sort = Vec::new();
        for one in self.json.get("sort").and_then(Json::as_array).into_iter().flatten() {
            sort.push(read_sort(one, self.context)?);
        }
        let order = SearchRequest { sort, ..SearchRequest::new(crate::Expression::Everything, 0) }.order();
        debug_assert!(order.iter().any(|sort| sort.field.name == SEQUENCE));
        Ok(AggregationKind::TopHits(TopHits { size: self.size(3, MAX_TOP_HITS)?, sort: order, fields }))
    }
}

fn source_fields(source: &Json) -> Result<Vec<String>, Error> {
    let list = source.get("includes").unwrap_or(source);
    match list {
        Json::String(one) => Ok(vec![one.clone()]),
        Json::Array(list) => list
            .iter()
            .map(|name| name.as_str().map(str::to_owned))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| Error::syntax("_source is a list of fields")),
        _ => Err(Error::syntax("_source is a list of fields")),
    }
}

/// `"field"`, `{"field": "desc"}` or `{"field": {"order": "desc"}}`.
fn read_sort(json: &Json, context: &Context<'_>) -> Result<Sort, Error> {
    let wrong = || Error::syntax("a sort is an object such as {\"@timestamp\": \"desc\"}");
    let (name, direction) = match json {
        Json::String(name) => (name, None),
        Json::Object(members) => {
            members.iter().next().map(|(name, order)| (name, Some(order))).ok_or_else(wrong)?
        }
        _ => return Err(wrong()),
    };
    let direction = direction.map(|direction| direction.get("order").unwrap_or(direction));
    let descending = match direction.map(Json::as_str) {
        None | Some(Some("asc")) => false,
        Some(Some("desc")) => true,
        Some(_) => return Err(wrong()),
    };
    Sort::new(context.fields.resolve(name)?, descending)
}

/// The beginning that a pattern such as `ana\.x.*` asks for; `None` when it asks for more.
fn prefix(pattern: &str) -> Option<String> {
    let mut text = String::new();
    let mut letters = pattern.strip_suffix(".*")?.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => text.push(letters.next()?),
            '.' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '^' | '$' | '~' | '#' | '&'
            | '<' | '>' | '@' => return None,
            other => text.push(other),
        }
    }
    Some(text)
}

fn fixed_interval(text: &str) -> Result<Duration, Error> {
    let wrong = || {
        Error::syntax(format!("{text:?} is not a fixed interval"))
            .with_hint("write a number and ms, s, m, h or d, such as 30m")
    };
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let amount: u64 = digits.parse().map_err(|_| wrong())?;
    let milliseconds = match &text[digits.len()..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(wrong()),
    };
    let whole = amount.checked_mul(milliseconds).filter(|whole| (1..=10 * 366 * 86_400_000).contains(whole));
    whole.map(Duration::from_millis).ok_or_else(wrong)
}

fn calendar_interval(text: &str) -> Result<CalendarUnit, Error> {
    Ok(match text {
        "minute" | "1m" => CalendarUnit::Minute,
        "hour" | "1h" => CalendarUnit::Hour,
        "day" | "1d" => CalendarUnit::Day,
        "week" | "1w" => CalendarUnit::Week,
        "month" | "1M" => CalendarUnit::Month,
        "quarter" | "1q" => CalendarUnit::Quarter,
        "year" | "1y" => CalendarUnit::Year,
        _ => {
            return Err(Error::syntax(format!("{text:?} is not a calendar interval"))
                .with_hint("write minute, hour, day, week, month, quarter or year"));
        }
    })
}

/// Reads `UTC`, `Z`, `+02:00`, `Europe/Lisbon`.
pub(crate) fn zone(json: &Json) -> Result<TimeZone, Error> {
    time::zone(json.as_str().ok_or_else(|| Error::syntax("time_zone is a text"))?)
}

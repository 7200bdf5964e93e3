//! Hours of the week: `Mon 09h`, `Sat-Sun`, `Mon-Fri 22h-05h Europe/Lisbon`.
//!
//! A text that says less than an instant stands for all of it (see [`crate::time`]); one that names a weekday stands for every
//! such day, or for these hours of it, as the clocks of a zone show them. The zone is part of the value where it is written, so
//! that a link means the same to a reader elsewhere.
//!
//! An index that holds times as numbers can look at each. A cluster cannot without a script, so for it the hours are spelled
//! out as the stretches of time that they are within the range that is asked about ([`SearchRequest::spelled_out`]).

use std::{fmt, ops::Bound};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::{
    aggregation::{Aggregation, AggregationKind, Aggregations},
    error::{Error, ErrorKind},
    expression::{Bounds, Expression, Test, Value},
    request::SearchRequest,
    time::{self, Stretch},
};

const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const SECONDS_OF_AN_HOUR: i64 = 3_600;
/// Conditions that a cluster takes in one query, less a few for the rest of it: Lucene refuses more than 1,024.
const MAX_STRETCHES: usize = 1_000;
/// What is looked at where a range has no beginning or no end: the feed has nothing earlier, and this program is not for ever.
const ALWAYS: (i64, i64) = (1_672_531_200, 2_208_988_800); // 2023-01-01 to 2040-01-01

/// Some hours of some days of every week.
#[derive(Clone, Debug, PartialEq)]
pub struct Weekly {
    /// A bit for each day, Monday first.
    days: u8,
    /// A bit for each hour.
    hours: u32,
    zone: TimeZone,
    /// As it was written, with the zone.
    text: String,
}

impl Weekly {
    /// Reads `Mon`, `Sat-Sun`, `Mon 09h`, `Mon-Fri 09h-17h`, each with a zone behind it or in `zone`; both ends are meant, and an end
    /// before its beginning goes round. `None` when the text begins with no weekday.
    pub fn parse(text: &str, zone: &TimeZone) -> Option<Result<Self, Error>> {
        let mut words = text.split_whitespace();
        let days = bits(words.next()?, 7, day)?;
        let mut weekly =
            Self { days: days as u8, hours: (1 << 24) - 1, zone: zone.clone(), text: text.into() };
        let mut next = words.next();
        if let Some(hours) = next.and_then(|word| bits(word, 24, hour)) {
            weekly.hours = hours;
            next = words.next();
        }
        if let Some(name) = next {
            let wrong =
                |_| Error::syntax(format!("{name:?} is neither hours nor a time zone")).with_hint(HINT);
            match time::zone(name).map_err(wrong) {
                Ok(zone) => weekly.zone = zone,
                Err(error) => return Some(Err(error)),
            }
        } else if let Some(name) = zone.iana_name() {
            weekly.text = format!("{text} {name}");
        } else if let Ok(offset) = zone.to_fixed_offset() {
            weekly.text = format!("{text} {offset}");
        }
        Some(match words.next() {
            None => Ok(weekly),
            Some(_) => Err(Error::syntax(format!("{text:?} is not a time")).with_hint(HINT)),
        })
    }

    /// Whether the instant lies within.
    pub fn holds(&self, time: Timestamp) -> bool {
        self.shows(time.as_second() + i64::from(self.zone.to_offset(time).seconds()))
    }

    /// Whether clocks that show so many seconds since 1970 show one of the hours.
    fn shows(&self, second: i64) -> bool {
        let hour = second.div_euclid(SECONDS_OF_AN_HOUR);
        // The first of January 1970 was a Thursday.
        let day = (hour.div_euclid(24) + 3).rem_euclid(7);
        self.days >> day & 1 == 1 && self.hours >> hour.rem_euclid(24) & 1 == 1
    }

    /// The stretches of time that it is within `[from, to)`, rising, without overlap.
    pub fn stretches(&self, from: Timestamp, to: Timestamp) -> Vec<Stretch> {
        let mut found: Vec<Stretch> = Vec::new();
        let mut changes = self.zone.following(from).map(|change| change.timestamp());
        let mut start = from;
        while start < to {
            // Between two changes of the clocks, hours of the week are hours.
            let end = changes.next().map_or(to, |change| change.min(to));
            let offset = i64::from(self.zone.to_offset(start).seconds());
            let mut at = start;
            while at < end {
                let shown = at.as_second() + offset;
                let next = (shown.div_euclid(SECONDS_OF_AN_HOUR) + 1) * SECONDS_OF_AN_HOUR - offset;
                let next = Timestamp::from_second(next).map_or(end, |next| next.min(end));
                if self.shows(shown) {
                    match found.last_mut().filter(|last| last.end == at) {
                        Some(last) => last.end = next,
                        None => found.push(Stretch { start: at, end: next }),
                    }
                }
                at = next;
            }
            start = end;
        }
        found
    }
}

const HINT: &str = "write Sat-Sun, Mon 09h or Mon-Fri 22h-05h, and perhaps a zone such as Europe/Lisbon";

impl fmt::Display for Weekly {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

fn day(text: &str) -> Option<usize> {
    let text = text.to_ascii_lowercase();
    DAYS.iter().position(|name| *name == text || name[..3] == text)
}

fn hour(text: &str) -> Option<usize> {
    let digits = text.strip_suffix(['h', 'H'])?;
    digits.parse().ok().filter(|hour| *hour < 24 && digits.len() <= 2)
}

/// One of `count`, or those from one to another, as bits.
fn bits(text: &str, count: usize, read: impl Fn(&str) -> Option<usize>) -> Option<u32> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (read(first)?, read(last)?);
    let length = (last + count - first) % count;
    Some((0..=length).fold(0, |bits, step| bits | 1 << ((first + step) % count)))
}

impl SearchRequest {
    /// The same request without hours of the week: each is spelled out as the stretches that it is in the range. Refused when that is more
    /// than a cluster takes.
    pub fn spelled_out(mut self) -> Result<Self, Error> {
        let range = narrowed((self.from, self.to), &self.query);
        self.query = spelled_out(self.query, range)?;
        // Only what the query matches is counted.
        spell_out_all(&mut self.aggregations, range)?;
        Ok(self)
    }
}

type Range = (Option<Timestamp>, Option<Timestamp>);

fn spell_out_all(aggregations: &mut Aggregations, range: Range) -> Result<(), Error> {
    for Aggregation { kind, children } in aggregations.values_mut() {
        match kind {
            AggregationKind::Filter(query) => {
                *query = spelled_out(std::mem::replace(query, Expression::Nothing), range)?;
            }
            AggregationKind::Filters(filters) => {
                for (_, query) in filters {
                    *query = spelled_out(std::mem::replace(query, Expression::Nothing), range)?;
                }
            }
            _ => {}
        }
        spell_out_all(children, range)?;
    }
    Ok(())
}

fn spelled_out(query: Expression, range: Range) -> Result<Expression, Error> {
    let mut left = MAX_STRETCHES;
    spell_out(query, range, &mut left)
}

fn spell_out(query: Expression, range: Range, left: &mut usize) -> Result<Expression, Error> {
    let range = narrowed(range, &query);
    let mut each = |parts: Vec<Expression>| {
        parts.into_iter().map(|part| spell_out(part, range, left)).collect::<Result<Vec<_>, _>>()
    };
    Ok(match query {
        Expression::And(parts) => Expression::and(each(parts)?),
        Expression::Or(parts) => Expression::or(each(parts)?),
        Expression::Not(inner) => spell_out(*inner, range, left)?.not(),
        Expression::Field(field, Test::Weekly(weekly)) => {
            // The range is one of the time of the activity: of another time nothing is known.
            let (from, to) = if field.name == crate::TIMESTAMP { range } else { (None, None) };
            let always = |second| Timestamp::from_second(second).unwrap_or_default();
            let from = from.unwrap_or_else(|| always(ALWAYS.0));
            let stretches = weekly.stretches(from, to.unwrap_or_else(|| always(ALWAYS.1)));
            *left = left.checked_sub(stretches.len()).ok_or_else(|| {
                Error::new(
                    ErrorKind::TooLarge,
                    format!("these hours of the week are more than {MAX_STRETCHES} stretches of time"),
                )
                .with_hint(
                    "a cluster takes no more in one question: ask about fewer weeks, with a begin and an end",
                )
            })?;
            let ranges = stretches
                .into_iter()
                .map(|Stretch { start, end }| Expression::between(field.clone(), Some(start), Some(end)));
            Expression::or(ranges)
        }
        other => other,
    })
}

/// The range that is left when the condition must hold too.
fn narrowed((from, to): Range, condition: &Expression) -> Range {
    if let Expression::And(parts) = condition {
        return parts.iter().fold((from, to), narrowed);
    }
    let Expression::Field(field, Test::Within(Bounds { lower, upper })) = condition else {
        return (from, to);
    };
    let time = |bound: &Bound<Value>| match bound {
        Bound::Included(Value::Time(time)) | Bound::Excluded(Value::Time(time)) => Some(*time),
        _ => None,
    };
    if field.name != crate::TIMESTAMP {
        return (from, to);
    }
    let (lower, upper) = (time(lower), time(upper));
    // One more instant than an included bound needs does no harm: the condition itself is asked too.
    let upper = upper.map(|upper| upper.saturating_add(SignedDuration::from_secs(1)).unwrap_or(upper));
    (from.max(lower), [to, upper].into_iter().flatten().min())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Context, dsl, parse, parser::tests::fields};

    fn weekly(text: &str) -> Weekly {
        Weekly::parse(text, &TimeZone::UTC).expect(text).expect(text)
    }

    #[test]
    fn hours_of_the_week_hold_their_instants() {
        for (text, time, inside) in [
            ("Mon", "2026-11-23T00:00:00Z", true),
            ("Mon", "2026-11-23T23:59:59.999Z", true),
            ("Mon", "2026-11-24T00:00:00Z", false),
            ("monday 09h", "2026-11-23T09:59:59Z", true),
            ("Mon 9h", "2026-11-23T10:00:00Z", false),
            ("sat-sun", "2026-11-28T12:00:00Z", true),
            ("Sat-Sun", "2026-11-27T12:00:00Z", false),
            ("Fri-Mon", "2026-11-29T12:00:00Z", true),
            ("Mon-Fri 22h-05h", "2026-11-24T05:30:00Z", true),
            ("Mon-Fri 22h-05h", "2026-11-24T06:00:00Z", false),
            ("Mon-Fri 22h-05h", "2026-11-28T01:00:00Z", false),
            // Summer: an hour ahead of UTC. India: half an hour off.
            ("Mon 09h Europe/Lisbon", "2026-07-06T08:30:00Z", true),
            ("Mon 09h Europe/Lisbon", "2026-11-23T08:30:00Z", false),
            ("Tue 00h Asia/Kolkata", "2026-11-23T18:30:00Z", true),
            ("Tue 00h Asia/Kolkata", "2026-11-23T18:29:59Z", false),
            ("Wed", "1969-12-31T12:00:00Z", true),
        ] {
            assert_eq!(weekly(text).holds(time.parse().unwrap()), inside, "{text} {time}");
        }
    }

    #[test]
    fn what_is_no_hour_of_the_week_is_refused_or_left_to_others() {
        for (text, message) in [
            ("2026-11-23", None),
            ("Mo", None),
            ("", None),
            ("Mon 09h Atlantis/Center", Some("\"Atlantis/Center\" is neither hours nor a time zone")),
            ("Mon 25h", Some("\"25h\" is neither hours nor a time zone")),
            ("Mon 09h UTC or so", Some("\"Mon 09h UTC or so\" is not a time")),
        ] {
            let read = Weekly::parse(text, &TimeZone::UTC).map(|read| read.unwrap_err().message);
            assert_eq!(read.as_deref(), message, "{text}");
        }
    }

    /// Every hour of two years with all the odd changes of clocks there are, in stretches and one by one.
    #[test]
    fn stretches_hold_what_the_hours_hold() {
        let from: Timestamp = "2025-12-31T23:10:00Z".parse().unwrap();
        let to: Timestamp = "2027-01-02T03:40:00Z".parse().unwrap();
        for zone in ["UTC", "Europe/Lisbon", "Atlantic/Azores", "Australia/Lord_Howe", "Asia/Kathmandu"] {
            for text in ["Mon 09h", "Sun 00h-02h", "Sat-Sun", "Mon-Fri 22h-05h"] {
                let weekly = weekly(&format!("{text} {zone}"));
                let stretches = weekly.stretches(from, to);
                assert!(stretches.windows(2).all(|pair| pair[0].end < pair[1].start), "{text} {zone}");
                for second in (from.as_second()..to.as_second()).step_by(600) {
                    let time = Timestamp::from_second(second).unwrap();
                    let found = stretches.iter().any(|stretch| stretch.start <= time && time < stretch.end);
                    assert_eq!(found, weekly.holds(time), "{text} {zone} {time}");
                }
            }
        }
    }

    #[test]
    fn a_cluster_is_asked_for_stretches_within_the_range() {
        let fields = fields();
        let context = Context::new(&fields, "2026-11-25T12:00:00Z".parse().unwrap());
        let request = |query: &str, from: Option<&str>| {
            let mut request = SearchRequest::new(parse(query, &context).expect(query), 0);
            request.from = from.map(|from| from.parse().unwrap());
            request.to = from.map(|_| context.now);
            let aggregation =
                serde_json::json!({"f": {"filter": {"query_string": {"query": query}}, "aggs": {}}});
            request.aggregations = Aggregation::read_all(&aggregation, &context).unwrap();
            request
        };
        let asked =
            request("not @timestamp:\"Mon 09h\"", Some("2026-11-11T12:00:00Z")).spelled_out().unwrap();
        let spelled = "not (@timestamp:[2026-11-16T09:00Z TO 2026-11-16T10:00Z} or @timestamp:[2026-11-23T09:00Z TO 2026-11-23T10:00Z})";
        let spelled = parse(spelled, &context).unwrap();
        assert_eq!(asked.query, spelled);
        assert_eq!(asked.aggregations["f"].kind, AggregationKind::Filter(spelled));
        // The words themselves are read back as they were meant.
        let zoned = Context { zone: time::zone("+05:30").unwrap(), ..context.clone() };
        let weekly = parse("@timestamp:\"Tue 00h\"", &zoned).unwrap();
        assert_eq!(
            dsl::read(&dsl::write(&weekly), &context).map(|read| dsl::write(&read)),
            Ok(dsl::write(&weekly))
        );
        // Without a range: once a week is few enough, five times is not.
        assert!(dsl::write_request(request("@timestamp:\"Mon 09h\"", None)).is_ok());
        let refused = dsl::write_request(request("@timestamp:\"Mon-Fri 09h\"", None)).unwrap_err();
        assert_eq!(refused.kind, ErrorKind::TooLarge);
        let bounded = "@timestamp:\"Mon-Fri 09h\" and @timestamp >= now-30d and @timestamp <= now";
        let written = dsl::write_request(request(bounded, None)).unwrap().to_string();
        assert_eq!(written.matches("T09:00:00Z").count(), 2 * 22, "{written}");
    }
}

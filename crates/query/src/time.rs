//! Times as people write them: RFC 3339, a date, `now-7d`, `now/d`, `2026-11-23||+1M/d`.
//!
//! A text that says less than an instant stands for all of it: `2026-11-23` for the day, `now/M` for the month. So every
//! comparison has one meaning: `:` is within, `<` before its beginning, `<=` before its end, `>` at its end or after.

use jiff::{
    Timestamp, ToSpan as _, Unit, Zoned, ZonedRound, civil,
    tz::{Offset, TimeZone},
};

use crate::error::Error;

/// A stretch of time `[start, end)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Its first instant.
    pub start: Timestamp,
    /// The first instant behind it.
    pub end: Timestamp,
}

/// Reads a time. Dates without an offset are in `zone`.
pub fn parse(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Stretch, Error> {
    let text = text.trim();
    let refusal = || {
        Error::syntax(format!("{text:?} is not a time"))
            .with_hint("write 2026-11-23T08:00:00Z, 2026-11-23, now-24h, now-7d/d or 2026-11-23||+1M/d")
    };
    if let Some(math) = text.strip_prefix("now") {
        return calculate(stretch(now, Step::Microsecond, zone), math, zone).ok_or_else(refusal);
    }
    let (anchor, math) = text.split_once("||").unwrap_or((text, ""));
    let anchor = absolute(anchor, zone).ok_or_else(refusal)?;
    calculate(anchor, math, zone).ok_or_else(refusal)
}

/// The zone of a name such as `Europe/Lisbon`, or of an offset such as `+02:00`.
pub(crate) fn zone(name: &str) -> Result<TimeZone, Error> {
    let wrong = || {
        Error::syntax(format!("{name:?} is not a time zone"))
            .with_hint("write a name such as Europe/Lisbon, or an offset such as +02:00")
    };
    if matches!(name, "Z" | "UTC" | "utc") {
        return Ok(TimeZone::UTC);
    }
    let Some(rest) = name.strip_prefix(['+', '-']) else { return TimeZone::get(name).map_err(|_| wrong()) };
    let (hours, minutes) = rest.split_once(':').unwrap_or((rest, "0"));
    let seconds = |text: &str, unit: i32| {
        text.parse::<i32>().ok().filter(|number| (0..60).contains(number)).map(|number| number * unit)
    };
    let (hours, minutes) =
        (seconds(hours, 3_600).ok_or_else(wrong)?, seconds(minutes, 60).ok_or_else(wrong)?);
    let sign = if name.starts_with('-') { -1 } else { 1 };
    Offset::from_seconds(sign * (hours + minutes)).map(TimeZone::fixed).map_err(|_| wrong())
}

/// How much of time a text says.
#[derive(Clone, Copy)]
enum Step {
    Microsecond,
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    Month,
    Year,
}

fn stretch(start: Timestamp, step: Step, zone: &TimeZone) -> Stretch {
    let span = match step {
        Step::Microsecond => 1.microsecond(),
        Step::Millisecond => 1.millisecond(),
        Step::Second => 1.second(),
        Step::Minute => 1.minute(),
        Step::Hour => 1.hour(),
        Step::Day => 1.day(),
        Step::Month => 1.month(),
        Step::Year => 1.year(),
    };
    let end = start.to_zoned(zone.clone()).checked_add(span).map_or(Timestamp::MAX, |end| end.timestamp());
    Stretch { start, end }
}

fn absolute(text: &str, zone: &TimeZone) -> Option<Stretch> {
    let digits = text.len();
    if digits >= 11 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let start = Timestamp::from_millisecond(text.parse().ok()?).ok()?;
        return Some(stretch(start, Step::Millisecond, zone));
    }
    let date = |year: &str, month: &str| civil::Date::new(year.parse().ok()?, month.parse().ok()?, 1).ok();
    let at = |date: civil::Date| date.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp());
    match digits {
        4 => return Some(stretch(at(date(text, "1")?)?, Step::Year, zone)),
        7 => {
            let (year, month) = text.split_once('-')?;
            return Some(stretch(at(date(year, month)?)?, Step::Month, zone));
        }
        10 => return Some(stretch(at(text.parse().ok()?)?, Step::Day, zone)),
        _ => {}
    }
    let clock = text.split_once(['T', 't', ' '])?.1.trim_end_matches(['Z', 'z']);
    let clock = clock.split(['+', '-']).next().unwrap_or(clock);
    let step = match (clock.matches(':').count(), clock.split_once(['.', ','])) {
        (2, None) => Step::Second,
        (2, Some((_, fraction))) if fraction.len() <= 3 => Step::Millisecond,
        (2, Some(_)) => Step::Microsecond,
        (1, _) => Step::Minute,
        _ => Step::Hour,
    };
    let start = match text.parse::<Timestamp>() {
        Ok(start) => start,
        Err(_) => text.parse::<civil::DateTime>().ok()?.to_zoned(zone.clone()).ok()?.timestamp(),
    };
    Some(stretch(start, step, zone))
}

/// Applies `+1M-2d/d`.
fn calculate(anchor: Stretch, math: &str, zone: &TimeZone) -> Option<Stretch> {
    let mut start = anchor.start.to_zoned(zone.clone());
    let mut end = anchor.end.to_zoned(zone.clone());
    let mut rest = math;
    while let Some(operator) = rest.chars().next() {
        rest = &rest[operator.len_utf8()..];
        let digits = rest.len() - rest.trim_start_matches(|digit: char| digit.is_ascii_digit()).len();
        let amount: i64 = if digits == 0 { 1 } else { rest[..digits].parse().ok()? };
        let unit = rest[digits..].chars().next()?;
        rest = &rest[digits + unit.len_utf8()..];
        match operator {
            '/' if digits == 0 => (start, end) = granule(&start, unit)?,
            '+' | '-' => {
                let amount = if operator == '-' { -amount } else { amount };
                start = shift(&start, amount, unit)?;
                end = shift(&end, amount, unit)?;
            }
            _ => return None,
        }
    }
    Some(Stretch { start: start.timestamp(), end: end.timestamp() })
}

fn shift(time: &Zoned, amount: i64, unit: char) -> Option<Zoned> {
    let span = jiff::Span::new();
    let span = match unit {
        'y' => span.try_years(amount),
        'M' => span.try_months(amount),
        'w' => span.try_weeks(amount),
        'd' => span.try_days(amount),
        'h' | 'H' => span.try_hours(amount),
        'm' => span.try_minutes(amount),
        's' => span.try_seconds(amount),
        _ => return None,
    };
    time.checked_add(span.ok()?).ok()
}

/// The year, month, week, day, hour, minute or second that holds the time.
fn granule(time: &Zoned, unit: char) -> Option<(Zoned, Zoned)> {
    let start = match unit {
        'y' => time.first_of_year().ok()?.start_of_day().ok()?,
        'M' => time.first_of_month().ok()?.start_of_day().ok()?,
        'w' => {
            let since_monday = i64::from(time.weekday().to_monday_zero_offset());
            time.checked_sub(since_monday.days()).ok()?.start_of_day().ok()?
        }
        'd' => time.start_of_day().ok()?,
        'h' | 'H' => round(time, Unit::Hour)?,
        'm' => round(time, Unit::Minute)?,
        's' => round(time, Unit::Second)?,
        _ => return None,
    };
    let end = shift(&start, 1, unit)?;
    Some((start, end))
}

fn round(time: &Zoned, unit: Unit) -> Option<Zoned> {
    time.round(ZonedRound::new().smallest(unit).mode(jiff::RoundMode::Floor)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_stands_for_all_that_it_says() {
        let now: Timestamp = "2026-11-25T12:34:56.789Z".parse().unwrap();
        for (text, start, end) in [
            ("now", "2026-11-25T12:34:56.789Z", "2026-11-25T12:34:56.789001Z"),
            ("now-7d", "2026-11-18T12:34:56.789Z", "2026-11-18T12:34:56.789001Z"),
            ("now/d", "2026-11-25T00:00:00Z", "2026-11-26T00:00:00Z"),
            ("now-1M/M", "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"),
            ("now/w", "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"),
            ("now-1h/h", "2026-11-25T11:00:00Z", "2026-11-25T12:00:00Z"),
            ("now+d", "2026-11-26T12:34:56.789Z", "2026-11-26T12:34:56.789001Z"),
            ("2026", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            ("2026-11", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"),
            ("2026-11-23", "2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z"),
            ("2026-11-23||+1M/d", "2026-12-23T00:00:00Z", "2026-12-24T00:00:00Z"),
            ("2026-11-23T08:14", "2026-11-23T08:14:00Z", "2026-11-23T08:15:00Z"),
            ("2026-11-23T08:14:05Z", "2026-11-23T08:14:05Z", "2026-11-23T08:14:06Z"),
            ("2026-11-23T08:14:05.1+01:00", "2026-11-23T07:14:05.1Z", "2026-11-23T07:14:05.101Z"),
            ("1764000000000", "2025-11-24T16:00:00Z", "2025-11-24T16:00:00.001Z"),
        ] {
            let read = parse(text, now, &TimeZone::UTC).expect(text);
            assert_eq!((read.start, read.end), (start.parse().unwrap(), end.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn dates_are_in_the_reader_s_zone() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let read = parse("2026-11-01", Timestamp::UNIX_EPOCH, &zone).unwrap();
        // The clocks go back on that day: it has 25 hours.
        assert_eq!(read.start, "2026-11-01T04:00:00Z".parse().unwrap());
        assert_eq!(read.end, "2026-11-02T05:00:00Z".parse().unwrap());
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "yesterday",
            "now-",
            "now-7",
            "now/7d",
            "2026-13",
            "2026-11-23||",
            "now*2d",
            "9999999999999999999",
        ] {
            let read = parse(text, Timestamp::UNIX_EPOCH, &TimeZone::UTC);
            assert!(read.is_err() || text == "2026-11-23||", "{text}");
        }
    }
}

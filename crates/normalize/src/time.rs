//! Reads the feed's timestamps into a form every engine takes: RFC 3339 in UTC, years 0000 to 9999, at most nine decimals.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::flatten::prefix;
use crate::raw::{Kind, Raw};

/// What a value says as a time.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// It may be written as it stands.
    AsItStands,
    /// It means this, written our way.
    Converted(String),
    /// It means this only on an assumption, which the message tells.
    Assumed(String, String),
    /// It cannot be read; the message tells why.
    Unreadable(String),
}

/// Reads a value that should be a timestamp.
pub(crate) fn read(raw: Raw<'_>) -> Reading {
    match raw.kind() {
        Kind::String => {
            if raw.plain().is_some_and(|text| is_canonical(text.as_bytes())) {
                return Reading::AsItStands;
            }
            raw.text().map_or_else(|| unreadable(raw.json()), |text| read_text(text.trim()))
        }
        Kind::Number => read_number(raw.json()),
        _ => unreadable(raw.json()),
    }
}

/// Whether text is `YYYY-MM-DDTHH:MM:SS[.fraction]Z` of a day that exists. By hand, because it is asked of every activity.
fn is_canonical(text: &[u8]) -> bool {
    let [
        y1,
        y2,
        y3,
        y4,
        b'-',
        m1,
        m2,
        b'-',
        d1,
        d2,
        b'T',
        h1,
        h2,
        b':',
        n1,
        n2,
        b':',
        s1,
        s2,
        rest @ ..,
        b'Z',
    ] = text
    else {
        return false;
    };
    let number = |tens: &u8, ones: &u8| {
        (tens.is_ascii_digit() && ones.is_ascii_digit())
            .then(|| u16::from(tens - b'0') * 10 + u16::from(ones - b'0'))
    };
    let fields = (number(y1, y2), number(y3, y4), number(m1, m2), number(d1, d2));
    let (Some(century), Some(year), Some(month), Some(day)) = fields else { return false };
    let (Some(hour), Some(minute), Some(second)) = (number(h1, h2), number(n1, n2), number(s1, s2)) else {
        return false;
    };
    let year = century * 100 + year;
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u16::from(leap),
        1..=12 => 31,
        _ => return false,
    };
    let fraction = match rest {
        [] => true,
        [b'.', decimals @ ..] => (1..=9).contains(&decimals.len()) && decimals.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    fraction && (1..=days).contains(&day) && hour < 24 && minute < 60 && second < 60
}

/// Whether text is a day without a time, which every engine reads as its midnight.
pub(crate) fn is_day(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}

fn read_text(text: &str) -> Reading {
    if text.len() > 64 {
        return unreadable(text);
    }
    let shortened = shorten_fraction(text);
    let text = shortened.as_deref().unwrap_or(text);
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return written(timestamp).map_or_else(|| unreadable(text), Reading::Converted);
    }
    if let Ok(civil) = text.parse::<DateTime>()
        && let Ok(zoned) = civil.to_zoned(TimeZone::UTC)
        && let Some(timestamp) = written(zoned.timestamp())
    {
        return Reading::Assumed(timestamp, format!("{text:?} has no offset, read as UTC"));
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
        return read_number(text);
    }
    unreadable(text)
}

/// Text with its decimals of a second cut to nine, if it has more.
fn shorten_fraction(text: &str) -> Option<String> {
    let point = text.find('.')?;
    let decimals = text[point + 1..].bytes().take_while(u8::is_ascii_digit).count();
    (decimals > 9).then(|| format!("{}{}", &text[..point + 10], &text[point + 1 + decimals..]))
}

/// Reads a number as the time since 1970, in the unit that puts it nearest to our days.
fn read_number(digits: &str) -> Reading {
    let (unit, per_second) = match digits.parse::<f64>().map(f64::abs) {
        Ok(number) if number < 1e11 => ("seconds", 1.0),
        Ok(number) if number < 1e14 => ("milliseconds", 1e3),
        Ok(number) if number < 1e17 => ("microseconds", 1e6),
        Ok(number) if number < 1e20 => ("nanoseconds", 1e9),
        _ => return unreadable(digits),
    };
    let timestamp = match digits.parse::<i128>() {
        Ok(whole) => Timestamp::from_nanosecond(whole * (1e9 / per_second) as i128),
        Err(_) => match digits.parse::<f64>() {
            Ok(number) => Timestamp::from_millisecond((number * 1e3 / per_second).round() as i64),
            Err(_) => return unreadable(digits),
        },
    };
    match timestamp.ok().and_then(written) {
        Some(text) => Reading::Assumed(text, format!("{digits} is a number, read as {unit} since 1970")),
        None => unreadable(digits),
    }
}

/// A timestamp as engines take it; none for a year they do not.
fn written(timestamp: Timestamp) -> Option<String> {
    let text = timestamp.to_string();
    text.starts_with(|first: char| first.is_ascii_digit()).then_some(text)
}

fn unreadable(text: &str) -> Reading {
    Reading::Unreadable(format!("{:?} is not a timestamp of the years 0000 to 9999", prefix(text, 64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_read_or_refused() {
        let converted = |text: &str| Reading::Converted(text.to_owned());
        for (json, expected) in [
            (r#""2026-11-23T08:14:05Z""#, Reading::AsItStands),
            (r#""2026-11-23T08:14:05.123456Z""#, Reading::AsItStands),
            (r#""2024-02-29T00:00:00Z""#, Reading::AsItStands),
            (r#""2026-11-23T08:14:05+02:00""#, converted("2026-11-23T06:14:05Z")),
            (r#""2026-11-23t08:14:05.5z""#, converted("2026-11-23T08:14:05.5Z")),
            (r#""2026-11-23T08:14:05.1234567891234Z""#, converted("2026-11-23T08:14:05.123456789Z")),
            (r#""\u0032026-11-23T08:14:05Z""#, converted("2026-11-23T08:14:05Z")),
        ] {
            assert_eq!(read(Raw::assume(json)), expected, "{json}");
        }
    }

    #[test]
    fn assumptions_are_told() {
        for (json, expected, told) in [
            (r#""2026-11-23T08:14:05""#, "2026-11-23T08:14:05Z", "no offset"),
            (r#""2026-11-23""#, "2026-11-23T00:00:00Z", "no offset"),
            ("1764000000", "2025-11-24T16:00:00Z", "seconds since"),
            ("1764000000.5", "2025-11-24T16:00:00.5Z", "seconds since"),
            ("1764000000123", "2025-11-24T16:00:00.123Z", "milliseconds since"),
            (r#""1764000000123456""#, "2025-11-24T16:00:00.123456Z", "microseconds since"),
        ] {
            let Reading::Assumed(text, message) = read(Raw::assume(json)) else {
                panic!("{json} was not assumed")
            };
            assert_eq!(text, expected, "{json}");
            assert!(message.contains(told), "{message}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for json in [
            r#""10000-01-01T00:00:00Z""#,
            r#""-000001-01-01T00:00:00Z""#,
            r#""2026-02-30T00:00:00Z""#,
            r#""2026-11-23T24:00:00Z""#,
            r#""yesterday""#,
            r#""2026-11-23T08:14:05.Z""#,
            "1e300",
            "99999999999999999999999999",
            "true",
            "{}",
        ] {
            assert!(
                matches!(read(Raw::assume(json)), Reading::Unreadable(_)),
                "{json}: {:?}",
                read(Raw::assume(json))
            );
        }
    }
}

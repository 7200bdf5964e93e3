//! Times on the command line: RFC 3339, a date, or an age.

use jiff::{Timestamp, civil};

use crate::config::units::parse_duration;

/// Reads `2026-11-23T08:00:00Z`, `2026-11-23` (midnight UTC), `2026-11-23T08:00` (UTC), `now`, `24h`, `now-24h`, `now+5m`.
pub(crate) fn parse_time(text: &str) -> Result<Timestamp, String> {
    parse_time_at(text, Timestamp::now()).map(whole_microseconds)
}

/// The present, as a time that somebody could have written.
pub(crate) fn now() -> Timestamp {
    whole_microseconds(Timestamp::now())
}

/// As the feed and the ledger tell time: of a part of a microsecond nothing would ever be covered.
fn whole_microseconds(time: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(time.as_microsecond()).unwrap_or(time)
}

fn parse_time_at(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let refusal = || {
        format!(
            "{text:?} is not a time: write 2026-11-23T08:00:00Z, 2026-11-23, or an age such as 24h or 30d"
        )
    };
    let text = text.trim();
    if text == "now" {
        return Ok(now);
    }
    if let Some(later) = text.strip_prefix("now+") {
        return now.checked_add(parse_duration(later)?).map_err(|_| refusal());
    }
    let age = text.strip_prefix("now-").unwrap_or(text);
    if let Ok(age) = parse_duration(age) {
        return now.checked_sub(age).map_err(|_| refusal());
    }
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Ok(timestamp);
    }
    let local = text
        .parse::<civil::DateTime>()
        .or_else(|_| text.parse::<civil::Date>().map(|date| date.at(0, 0, 0, 0)));
    local
        .ok()
        .and_then(|time| time.to_zoned(jiff::tz::TimeZone::UTC).ok())
        .map(|zoned| zoned.timestamp())
        .ok_or_else(refusal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_in_whole_microseconds() {
        for (text, expected) in [
            ("2026-11-01T08:30:00.123456789Z", "2026-11-01T08:30:00.123456Z"),
            ("2026-11-01T08:30:00.9999999Z", "2026-11-01T08:30:00.999999Z"),
        ] {
            assert_eq!(parse_time(text), Ok(expected.parse().unwrap()), "{text}");
        }
        for time in [parse_time("24h").unwrap(), now()] {
            assert_eq!(time.as_nanosecond() % 1_000, 0);
        }
    }

    #[test]
    fn times_are_read_in_every_form() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("now", "2026-11-23T12:00:00Z"),
            ("24h", "2026-11-22T12:00:00Z"),
            ("now-15m", "2026-11-23T11:45:00Z"),
            ("now+1h", "2026-11-23T13:00:00Z"),
            ("2026-11-01", "2026-11-01T00:00:00Z"),
            ("2026-11-01T08:30", "2026-11-01T08:30:00Z"),
            ("2026-11-01T08:30:00+02:00", "2026-11-01T06:30:00Z"),
            ("2026-11-01T08:30:00.123456Z", "2026-11-01T08:30:00.123456Z"),
        ] {
            assert_eq!(parse_time_at(text, now), Ok(expected.parse().unwrap()), "{text}");
        }
        for text in ["", "yesterday-ish", "2026-13-01", "24"] {
            assert!(parse_time_at(text, now).is_err(), "{text}");
        }
    }
}

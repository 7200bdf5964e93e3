//! Values with units as people write them: `90s`, `1h 30m`, `30d`, `10MB`.
//!
//! A number without a unit is refused: a reader of the file should never have to guess.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

/// A length of time with its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Length(pub(crate) Duration);

/// A size in bytes with its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

/// Reads `500ms`, `60s`, `10m`, `24h`, `30d`, `2w` and sums of them (`1h 30m`). A day has 24 hours.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let refusal = || {
        format!(
            "{text:?} is not a duration: write a number and its unit, such as \"60s\", \"10m\", \"24h\" or \"30d\""
        )
    };
    let text = text.trim();
    if text.is_empty() || text.starts_with('-') {
        return Err(refusal());
    }
    let span: jiff::Span = text.parse().map_err(|_| refusal())?;
    let signed = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(|_| refusal())?;
    Duration::try_from(signed).map_err(|_| refusal())
}

/// Reads `512B`, `64KB`, `10MB`, `1GB` (powers of 1,000) and `KiB`, `MiB`, `GiB` (powers of 1,024).
pub(crate) fn parse_size(text: &str) -> Result<u64, String> {
    let refusal =
        || format!("{text:?} is not a size: write a number and its unit, such as \"10MB\" or \"64KiB\"");
    let text = text.trim();
    let split = text.find(|character: char| !character.is_ascii_digit()).ok_or_else(refusal)?;
    let number: u64 = text[..split].parse().map_err(|_| refusal())?;
    let factor: u64 = match text[split..].trim() {
        "B" => 1,
        "KB" | "kB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return Err(refusal()),
    };
    number.checked_mul(factor).ok_or_else(refusal)
}

/// Writes a duration the way the file takes it, with the largest unit that loses nothing.
pub(crate) fn display_duration(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    let units: [(u128, &str); 4] = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
    units
        .iter()
        .find(|(unit, _)| milliseconds >= *unit && milliseconds.is_multiple_of(*unit))
        .map_or_else(|| format!("{milliseconds}ms"), |(unit, name)| format!("{}{name}", milliseconds / unit))
}

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_duration(&text).map(Length).map_err(de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_size(&text).map(Size).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_unit() {
        for (text, seconds) in
            [("60s", 60.0), ("1h 30m", 5400.0), ("30d", 2_592_000.0), ("500ms", 0.5), ("2w", 1_209_600.0)]
        {
            assert_eq!(parse_duration(text).map(|duration| duration.as_secs_f64()), Ok(seconds), "{text}");
        }
        for text in ["", "60", "-5m", "soon", "5 parsecs"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_need_a_unit() {
        for (text, bytes) in [("512B", 512), ("10MB", 10_000_000), ("64KiB", 65_536), ("1 GB", 1_000_000_000)]
        {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for text in ["10", "MB", "-1MB", "99999999999999999999GB", "1XB"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_duration_is_written_as_it_is_read() {
        for text in ["60m", "1500ms", "90s", "24h", "30d"] {
            let duration = parse_duration(text).unwrap();
            assert_eq!(parse_duration(&display_duration(duration)), Ok(duration), "{text}");
        }
        assert_eq!(display_duration(Duration::from_hours(1)), "1h");
    }
}

//! RFC 3339 date-times as the API takes them: with an offset, or without one and then in UTC.
//!
//! The parser behind it would take more (week dates, zone names); what the API is not known to take is refused.

use jiff::Timestamp;

/// Reads a bound; `None` for anything that is not a date with a time of day.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let rest = shape(text, "dddd-dd-ddTdd:dd:dd")?;
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => {
            let after = fraction.trim_start_matches(|digit: char| digit.is_ascii_digit());
            let digits = fraction.len() - after.len();
            if !(1..=9).contains(&digits) {
                return None;
            }
            after
        }
        None => rest,
    };
    match rest {
        "" => format!("{text}Z").parse().ok(),
        "Z" | "z" => text.parse().ok(),
        offset => {
            let digits = offset.strip_prefix(['+', '-'])?;
            shape(digits, "dd:dd").filter(|rest| rest.is_empty())?;
            text.parse().ok()
        }
    }
}

/// Takes a fixed shape off the front: `d` is a digit, `T` one of `T`, `t` and a space, everything else itself.
fn shape<'a>(text: &'a str, shape: &str) -> Option<&'a str> {
    let (front, rest) = text.split_at_checked(shape.len())?;
    let fits = front.chars().zip(shape.chars()).all(|(found, wanted)| match wanted {
        'd' => found.is_ascii_digit(),
        'T' => matches!(found, 'T' | 't' | ' '),
        other => found == other,
    });
    fits.then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_date_time_and_what_is_not() {
        let noon = "2026-02-03T12:00:00Z".parse::<Timestamp>().ok();
        for (text, expected) in [
            ("2026-02-03T12:00:00Z", noon),
            ("2026-02-03t12:00:00z", noon),
            ("2026-02-03 12:00:00Z", noon),
            ("2026-02-03T12:00:00", noon),
            ("2026-02-03T12:00:00.000", noon),
            ("2026-02-03T13:00:00+01:00", noon),
            ("2026-02-03T07:00:00.000000-05:00", noon),
            ("2026-02-03", None),
            ("2026-02-03T12:00", None),
            ("2026-02-03T12:00:00.", None),
            ("2026-02-03T12:00:00.0123456789Z", None),
            ("2026-02-30T12:00:00Z", None),
            ("2026-02-03T25:00:00Z", None),
            ("2026-02-03T12:00:00 01:00", None),
            ("2026-02-03T12:00:00+0100", None),
            ("2026-02-03T12:00:00Z[UTC]", None),
            ("20260203T120000Z", None),
            ("1770120000", None),
            ("yesterday", None),
            ("", None),
            ("２026-02-03T12:00:00Z", None),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}

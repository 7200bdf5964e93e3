//! Writing JSON straight into the output buffer.
//!
//! A document is written once, in order, without a tree: a key is preceded by a comma unless it opens its object. Values
//! that come from the activity are copied; text that was made or changed here is escaped.

use std::borrow::Cow;

use jiff::Timestamp;

use crate::raw::Text;
use crate::scan::plain_run;

/// Writes the comma that separates a member from the one before it, then `key`, which ends in a colon.
#[inline(always)]
#[allow(clippy::inline_always, reason = "a constant key becomes a few stores instead of a call")]
pub(crate) fn key(out: &mut Vec<u8>, key: &str) {
    separate(out);
    out.extend_from_slice(key.as_bytes());
}

/// Writes a comma unless the list or object was just opened.
#[inline]
pub(crate) fn separate(out: &mut Vec<u8>) {
    if !matches!(out.last(), Some(b'{' | b'[')) {
        out.push(b',');
    }
}

/// Writes text as a JSON string. Borrowed text stood in JSON without escapes and is copied as it is.
#[inline]
pub(crate) fn text(out: &mut Vec<u8>, text: &Text<'_>) {
    out.push(b'"');
    inner(out, text);
    out.push(b'"');
}

/// Writes the inside of a JSON string.
#[inline]
pub(crate) fn inner(out: &mut Vec<u8>, text: &Text<'_>) {
    match text {
        Cow::Borrowed(plain) => out.extend_from_slice(plain.as_bytes()),
        Cow::Owned(made) => escaped(out, made),
    }
}

/// Writes text as a JSON string, escaping what must be.
pub(crate) fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    escaped(out, text);
    out.push(b'"');
}

/// Writes text with quotation marks, backslashes and control characters escaped; runs without any are copied whole.
pub(crate) fn escaped(out: &mut Vec<u8>, text: &str) {
    let mut rest = text.as_bytes();
    loop {
        let (plain, from_odd) = rest.split_at(plain_run(rest));
        out.extend_from_slice(plain);
        let Some((odd, after)) = from_odd.split_first() else { return };
        match odd {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            control => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(control >> 4)]);
                out.push(HEX[usize::from(control & 15)]);
            }
        }
        rest = after;
    }
}

/// Writes a whole number.
pub(crate) fn number(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut place = digits.len();
    loop {
        place -= 1;
        digits[place] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[place..]);
}

/// Writes a whole number that may be negative.
pub(crate) fn signed(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    number(out, value.unsigned_abs());
}

/// Writes a timestamp as RFC 3339 in UTC, in quotation marks, with as many decimals as it has.
///
/// By hand because two of these stand in every document: the calendar is worked out from the day number, counted from a
/// March so that the leap day ends a year.
pub(crate) fn timestamp(out: &mut Vec<u8>, timestamp: Timestamp) {
    let (seconds, nanoseconds) = (timestamp.as_second(), timestamp.subsec_nanosecond());
    // Before 1970 both parts are negative; such times, and years beyond 9999, are not worth a fast way.
    if !(0..253_402_300_800).contains(&seconds) {
        string(out, &timestamp.to_string());
        return;
    }
    let (day, second) = (seconds as u64 / 86_400 + 719_468, seconds as u64 % 86_400);
    let (era, day) = (day / 146_097, day % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + u64::from(month <= 2);

    let mut text = *b"\"0000-00-00T00:00:00";
    let mut two = |place: usize, number: u64| {
        text[place] = b'0' + (number / 10) as u8;
        text[place + 1] = b'0' + (number % 10) as u8;
    };
    two(1, year / 100);
    two(3, year % 100);
    two(6, month);
    two(9, day);
    two(12, second / 3600);
    two(15, second / 60 % 60);
    two(18, second % 60);
    out.extend_from_slice(&text);
    if nanoseconds > 0 {
        let mut decimals = *b".000000000";
        let mut rest = nanoseconds as u32;
        for decimal in decimals[1..].iter_mut().rev() {
            *decimal = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        let kept = decimals.iter().rposition(|decimal| *decimal != b'0').unwrap_or_default();
        out.extend_from_slice(&decimals[..=kept]);
    }
    out.extend_from_slice(b"Z\"");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaping_is_undone_by_any_parser() {
        for case in ["", "plain", "\"", "\\", "a\"b\\c", "\0\u{1}\u{1f}\n\r\t\u{7f}", "žluť 🦀 \u{2028}"]
        {
            let mut out = Vec::new();
            string(&mut out, case);
            assert_eq!(serde_json::from_slice::<String>(&out).expect("valid JSON"), case);
        }
    }

    #[test]
    fn numbers_are_written_in_full() {
        for case in [0, 7, 10, 999, u64::MAX] {
            let mut out = Vec::new();
            number(&mut out, case);
            assert_eq!(out, case.to_string().as_bytes());
        }
    }

    proptest::proptest! {
        #[test]
        fn timestamps_are_written_as_the_library_writes_them(seconds in -62_135_596_800_i64..253_402_207_200, nanoseconds in 0..1_000_000_000_i32) {
            for nanoseconds in [0, nanoseconds, nanoseconds / 1000 * 1000] {
                let Ok(time) = Timestamp::new(seconds, nanoseconds) else { continue };
                let mut out = Vec::new();
                timestamp(&mut out, time);
                proptest::prop_assert_eq!(String::from_utf8_lossy(&out).into_owned(), format!("\"{time}\""));
            }
        }
    }
}

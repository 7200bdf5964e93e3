//! Bytes of JSON, written straight into a buffer.
//!
//! Rows are made by the hundred thousand, so nothing here builds a tree or a string first. All words of our own data
//! are plain printable text, checked when the tables are read; [`quoted`] escapes what is made of several parts.

use super::random::mix;

const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const HEX: &[u8; 16] = b"0123456789abcdef";

/// Microseconds in a second.
pub(super) const SECOND: i64 = 1_000_000;
/// Microseconds in a day.
pub(super) const DAY: i64 = 86_400 * SECOND;

/// `01` and 22 characters, the form of the vendor's ids. Ordered as the pair of numbers is.
pub(super) fn identifier(out: &mut Vec<u8>, high: u64, low: u64) {
    let mut digits = [b'0'; 24];
    digits[1] = b'1';
    for (half, mut value) in [(2, high), (13, low)] {
        for place in (half..half + 11).rev() {
            digits[place] = BASE58[(value % 58) as usize];
            value /= 58;
        }
    }
    out.extend_from_slice(&digits);
}

/// An id that is a function of `key`.
pub(super) fn identifier_of(out: &mut Vec<u8>, prefix: &str, key: u64) {
    out.extend_from_slice(prefix.as_bytes());
    identifier(out, mix(key, 1), mix(key, 2));
}

/// [`identifier_of`] as a string of its own, for things that are kept.
pub(super) fn identifier_string(prefix: &str, key: u64) -> String {
    let mut out = Vec::with_capacity(prefix.len() + 24);
    identifier_of(&mut out, prefix, key);
    String::from_utf8(out).unwrap_or_default()
}

/// A version 4 UUID that is a function of `key`.
pub(super) fn uuid(out: &mut Vec<u8>, key: u64) {
    let high = (mix(key, 3) & !0xF000) | 0x4000;
    let low = (mix(key, 4) & !(0b11 << 62)) | (0b10 << 62);
    let value = (u128::from(high) << 64) | u128::from(low);
    for place in 0..32 {
        if matches!(place, 8 | 12 | 16 | 20) {
            out.push(b'-');
        }
        out.push(HEX[((value >> (4 * (31 - place))) & 15) as usize]);
    }
}

/// `length` hexadecimal digits that are a function of `key`.
pub(super) fn hex(out: &mut Vec<u8>, length: usize, key: u64) {
    for place in 0..length {
        let word = mix(key, 5 + (place / 16) as u64);
        out.push(HEX[((word >> (4 * (place % 16))) & 15) as usize]);
    }
}

/// `2026-11-23T08:14:05.123456Z`, from microseconds since 1970.
pub(super) fn timestamp(out: &mut Vec<u8>, micros: i64) {
    let (year, month, day) = civil(micros.div_euclid(DAY));
    let within = micros.rem_euclid(DAY);
    let seconds = within / SECOND;
    digits(out, year, 4);
    for (separator, value) in
        [(b'-', month), (b'-', day), (b'T', seconds / 3600), (b':', seconds / 60 % 60), (b':', seconds % 60)]
    {
        out.push(separator);
        digits(out, value, 2);
    }
    out.push(b'.');
    digits(out, within % SECOND, 6);
    out.push(b'Z');
}

/// Year, month and day of a number of days since 1970 (proleptic Gregorian calendar).
pub(super) fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

fn digits(out: &mut Vec<u8>, value: i64, width: usize) {
    let start = out.len();
    out.resize(start + width, b'0');
    let mut rest = value;
    for place in (start..start + width).rev() {
        out[place] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
}

/// A whole number.
pub(super) fn whole(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    let magnitude = value.unsigned_abs();
    let width = magnitude.checked_ilog10().unwrap_or(0) as usize + 1;
    let start = out.len();
    out.resize(start + width, b'0');
    let mut rest = magnitude;
    for place in (start..start + width).rev() {
        out[place] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
}

/// A JSON string of any text.
pub(super) fn quoted(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    if text.bytes().all(|byte| byte > 0x1F && byte != b'"' && byte != b'\\') {
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
        return;
    }
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            0..=0x1F => {
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 15)]);
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn timestamps_agree_with_the_calendar() {
        for text in [
            "1970-01-01T00:00:00.000000Z",
            "1999-12-31T23:59:59.999999Z",
            "2000-02-29T12:30:01.000001Z",
            "2026-11-23T08:14:05.123456Z",
            "2100-03-01T00:00:00.000000Z",
        ] {
            let at: jiff::Timestamp = text.parse().unwrap();
            assert_eq!(written(|out| timestamp(out, at.as_microsecond())), text);
        }
    }

    #[test]
    fn identifiers_keep_the_order_of_their_numbers() {
        let numbers = [(0, 0), (0, 57), (0, 58), (0, u64::MAX), (1, 0), (1 << 40, 5), (u64::MAX, u64::MAX)];
        let texts: Vec<String> =
            numbers.iter().map(|(high, low)| written(|out| identifier(out, *high, *low))).collect();
        assert!(texts.is_sorted());
        assert!(texts.iter().all(|text| text.len() == 24));
        let mut unique = texts.clone();
        unique.dedup();
        assert_eq!(unique.len(), texts.len());
    }

    #[test]
    fn numbers_and_strings_are_json() {
        for value in [0, 7, 10, -42, i64::MAX, i64::MIN + 1] {
            assert_eq!(written(|out| whole(out, value)), value.to_string());
        }
        for text in ["plain", "a \"quote\"", "back\\slash", "line\nbreak", "tab\t", "José"] {
            assert_eq!(serde_json::from_str::<String>(&written(|out| quoted(out, text))).unwrap(), text);
        }
        let id = written(|out| uuid(out, 5));
        assert_eq!((id.len(), &id[14..15]), (36, "4"));
        assert_eq!(written(|out| hex(out, 64, 9)).len(), 64);
    }
}

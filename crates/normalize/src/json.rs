//! Writing JSON straight into the output buffer.
//!
//! A document is written once, in order, without a tree: a key is preceded by a comma unless it opens its object. Values
//! that come from the activity are copied; text that was made or changed here is escaped.

/// Writes the comma that separates a member from the one before it, then `key`, which ends in a colon.
#[inline]
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
pub(crate) fn text(out: &mut Vec<u8>, text: &std::borrow::Cow<'_, str>) {
    out.push(b'"');
    inner(out, text);
    out.push(b'"');
}

/// Writes the inside of a JSON string.
#[inline]
pub(crate) fn inner(out: &mut Vec<u8>, text: &std::borrow::Cow<'_, str>) {
    match text {
        std::borrow::Cow::Borrowed(plain) => out.extend_from_slice(plain.as_bytes()),
        std::borrow::Cow::Owned(made) => escaped(out, made),
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
    let bytes = text.as_bytes();
    let mut copied = 0;
    for (place, &byte) in bytes.iter().enumerate() {
        if !matches!(byte, b'"' | b'\\' | 0..=0x1F) {
            continue;
        }
        out.extend_from_slice(&bytes[copied..place]);
        copied = place + 1;
        match byte {
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
    }
    out.extend_from_slice(&bytes[copied..]);
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
}

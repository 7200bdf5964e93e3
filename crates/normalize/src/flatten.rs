//! Copies nested values into `flattened` fields so that every search engine takes them.
//!
//! Two things are done on the way. *Pruning*: nulls, empty strings, lists and objects are left out at every depth, members
//! are sorted by name, and of a repeated name the last value stands, because Elasticsearch refuses a document that repeats
//! one. *Fitting*: a `flattened` field indexes each leaf as one term of at most 32,766 bytes, path included, and refuses
//! objects nested deeper than 20, so long text is cut and deep values are kept as one JSON text. What had to be fitted is
//! told in [`Losses`], and the caller then keeps the whole record in `event.original`.

use crate::json;
use crate::raw::{Kind, Raw, Text};

/// Depth at which a nested value becomes one text. Engines refuse more than 20; the bag and its field name are above.
const DEPTH_MAX: u8 = 16;

/// Bytes of one leaf: below the 32,766 of one term, with room for the path of names before it.
const LEAF_BYTES_MAX: usize = 24_000;

/// Bytes of one name. [`DEPTH_MAX`] of these and a leaf still fit one term.
const NAME_BYTES_MAX: usize = 480;

/// A number longer than this many characters is kept as text: parsers limit the length of a number.
const NUMBER_BYTES_MAX: usize = 300;

/// What could not be carried as it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Losses {
    /// A text or a name was cut.
    pub(crate) cut: bool,
    /// A value nested too deep was kept as text.
    pub(crate) deep: bool,
    /// A name came twice in one object.
    pub(crate) repeated: bool,
}

/// Writes a value, pruned and fitted. Returns false, having written nothing, if nothing is left of it.
pub(crate) fn value(out: &mut Vec<u8>, raw: Raw<'_>, depth: u8, losses: &mut Losses) -> bool {
    if raw.is_empty() {
        return false;
    }
    match raw.kind() {
        Kind::Null => false,
        Kind::Boolean => {
            out.extend_from_slice(raw.json().as_bytes());
            true
        }
        Kind::Number => {
            number(out, raw, losses);
            true
        }
        Kind::String => {
            leaf(out, raw, losses);
            true
        }
        Kind::Array | Kind::Object if depth >= DEPTH_MAX => {
            losses.deep = true;
            cut_text(out, raw.json(), losses);
            true
        }
        Kind::Array => array(out, raw, depth, losses),
        Kind::Object => object(out, raw.members(), depth, losses),
    }
}

/// Writes the members of an object, pruned and fitted, with its braces. Returns false, having written nothing, if none is
/// left.
pub(crate) fn object(
    out: &mut Vec<u8>,
    mut members: Vec<(Text<'_>, Raw<'_>)>,
    depth: u8,
    losses: &mut Losses,
) -> bool {
    losses.repeated |= sort_members(&mut members);
    let start = out.len();
    out.push(b'{');
    for (name, raw) in members {
        let before = out.len();
        json::separate(out);
        member_name(out, &name, losses);
        out.push(b':');
        if !value(out, raw, depth + 1, losses) {
            out.truncate(before);
        }
    }
    close(out, start, b'}')
}

/// Sorts members by name and keeps the last of each. Returns whether any name came twice.
pub(crate) fn sort_members(members: &mut Vec<(Text<'_>, Raw<'_>)>) -> bool {
    if members.is_sorted_by(|(one, _), (other, _)| one < other) {
        return false;
    }
    // Stable, so among equal names the last one given is the last one found.
    members.sort_by(|(one, _), (other, _)| one.cmp(other));
    let count = members.len();
    members.reverse();
    members.dedup_by(|(one, _), (other, _)| one == other);
    members.reverse();
    members.len() < count
}

fn array(out: &mut Vec<u8>, raw: Raw<'_>, depth: u8, losses: &mut Losses) -> bool {
    let start = out.len();
    out.push(b'[');
    for element in raw.elements() {
        let before = out.len();
        json::separate(out);
        if !value(out, element, depth + 1, losses) {
            out.truncate(before);
        }
    }
    close(out, start, b']')
}

/// Closes what was opened at `start`, or takes it back if it stayed empty.
fn close(out: &mut Vec<u8>, start: usize, bracket: u8) -> bool {
    if out.len() == start + 1 {
        out.truncate(start);
        return false;
    }
    out.push(bracket);
    true
}

/// Writes a number, as text if a parser downstream might refuse it.
fn number(out: &mut Vec<u8>, raw: Raw<'_>, losses: &mut Losses) {
    let digits = raw.json();
    let small = digits.len() <= 15 && !digits.contains(['e', 'E']);
    if small || digits.len() <= NUMBER_BYTES_MAX && digits.parse::<f64>().is_ok_and(f64::is_finite) {
        out.extend_from_slice(digits.as_bytes());
    } else {
        cut_text(out, digits, losses);
    }
}

fn leaf(out: &mut Vec<u8>, raw: Raw<'_>, losses: &mut Losses) {
    if raw.json().len() <= LEAF_BYTES_MAX {
        out.extend_from_slice(raw.json().as_bytes());
    } else if let Some(text) = raw.text() {
        cut_text(out, &text, losses);
    }
}

/// Writes text as a JSON string of at most [`LEAF_BYTES_MAX`] bytes of text.
fn cut_text(out: &mut Vec<u8>, text: &str, losses: &mut Losses) {
    let kept = prefix(text, LEAF_BYTES_MAX);
    out.push(b'"');
    json::escaped(out, kept);
    if kept.len() < text.len() {
        losses.cut = true;
        out.extend_from_slice("…".as_bytes());
    }
    out.push(b'"');
}

/// Writes a member's name. Engines refuse an empty name and a NUL in one.
fn member_name(out: &mut Vec<u8>, name: &Text<'_>, losses: &mut Losses) {
    if name.is_empty() {
        out.extend_from_slice(b"\"(empty)\"");
    } else if name.len() > NAME_BYTES_MAX {
        losses.cut = true;
        // Two long names that begin alike must not become one: the length and a sum of the bytes tell them apart.
        let sum = name.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |sum, byte| {
            (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
        });
        let clean = name.replace('\0', "\u{FFFD}");
        json::string(out, &format!("{}…{sum:016x}", prefix(&clean, NAME_BYTES_MAX - 32)));
    } else if name.contains('\0') {
        json::string(out, &name.replace('\0', "\u{FFFD}"));
    } else {
        json::text(out, name);
    }
}

/// At most `bytes_max` bytes of text, cut between characters.
pub(crate) fn prefix(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flattened(json: &str) -> (String, Losses) {
        let mut out = Vec::new();
        let mut losses = Losses::default();
        value(&mut out, Raw::assume(json), 0, &mut losses);
        (String::from_utf8(out).expect("UTF-8"), losses)
    }

    #[test]
    fn what_says_nothing_is_left_out_at_every_depth() {
        for (input, expected) in [
            (r#"{"b":null,"a":{"x":[],"y":{"z":""}},"c":[null,"",{},1]}"#, r#"{"c":[1]}"#),
            (r#"{"a":[[],[[]]]}"#, ""),
            (r#"{ "b" : 1 , "a" : "x" }"#, r#"{"a":"x","b":1}"#),
            ("[]", ""),
            ("false", "false"),
            (r#"{"":{"\u0000":0}}"#, "{\"(empty)\":{\"\u{FFFD}\":0}}"),
        ] {
            assert_eq!(flattened(input).0, expected, "{input}");
        }
    }

    #[test]
    fn of_a_repeated_name_the_last_value_stands() {
        let (out, losses) = flattened(r#"{"a":1,"b":2,"a":3}"#);
        assert_eq!(out, r#"{"a":3,"b":2}"#);
        assert!(losses.repeated);
    }

    #[test]
    fn deep_values_become_text_and_long_text_is_cut() {
        let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
        let (out, losses) = flattened(&deep);
        assert!(losses.deep && !losses.cut);
        assert!(out.contains(&"[".repeat(200 - usize::from(DEPTH_MAX))), "nothing is lost: {out}");
        assert!(serde_json::from_str::<serde_json::Value>(&out).is_ok());

        let long = format!("\"{}\"", "ž".repeat(1 << 20));
        let (out, losses) = flattened(&long);
        assert!(losses.cut && out.len() <= LEAF_BYTES_MAX + 5 && out.ends_with("ž…\""));
    }

    #[test]
    fn long_names_stay_apart() {
        let name = |end: &str| format!("{}{end}", "n".repeat(100_000));
        let (out, losses) = flattened(&format!(r#"{{"{}":1,"{}":2}}"#, name("a"), name("b")));
        assert!(losses.cut);
        let read: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&out).expect("valid");
        assert_eq!(read.len(), 2);
    }

    #[test]
    fn numbers_no_parser_takes_become_text() {
        assert_eq!(flattened("1e400").0, r#""1e400""#);
        assert_eq!(flattened("-1.5e3").0, "-1.5e3");
        assert_eq!(flattened("123456789012345678901234567890").0, "123456789012345678901234567890");
        assert!(flattened(&"9".repeat(2000)).0.starts_with('"'));
    }
}

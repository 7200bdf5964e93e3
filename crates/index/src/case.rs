//! Texts of a dictionary without regard to case.
//!
//! A dictionary is in the order of bytes, in which the cases of one text lie far apart. From the least of them one leaps to what
//! is there, from there to the next case that could be there, and so on: as many steps as there are cases of it, not texts.

use std::ops::Range;

use query::matching;
use tantivy::columnar::TermOrdHit;

use crate::error::Error;

/// The texts of a column.
pub(crate) type Dictionary = tantivy::columnar::Dictionary;

/// Texts that begin with the same letters in the same case.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Beginning {
    /// Those letters.
    pub(crate) prefix: Vec<u8>,
    /// The texts, of which there is at least one.
    pub(crate) ordinals: Range<u64>,
    /// Whether the first of the texts is those letters alone.
    pub(crate) is_whole: bool,
}

/// The texts that begin with what is wanted, which is in lower case; in the order of the dictionary.
pub(crate) fn beginnings(dictionary: &Dictionary, wanted: &str) -> Result<Vec<Beginning>, Error> {
    let count = dictionary.num_terms() as u64;
    if wanted.is_ascii() {
        by_leaps(dictionary, wanted.as_bytes(), count)
    } else {
        one_by_one(dictionary, wanted)
    }
}

fn by_leaps(dictionary: &Dictionary, wanted: &[u8], count: u64) -> Result<Vec<Beginning>, Error> {
    let mut found = Vec::new();
    let mut text = Vec::new();
    let mut next = Some(wanted.to_ascii_uppercase());
    while let Some(least) = next {
        let start = at_or_after(dictionary, &least, count)?;
        text.clear();
        if start >= count || !dictionary.ord_to_term(start, &mut text)? {
            break;
        }
        if text.len() >= wanted.len() && text[..wanted.len()].eq_ignore_ascii_case(wanted) {
            let prefix = text[..wanted.len()].to_vec();
            let end = match behind(&prefix) {
                Some(behind) => at_or_after(dictionary, &behind, count)?,
                None => count,
            };
            found.push(Beginning { prefix, ordinals: start..end, is_whole: text.len() == wanted.len() });
        }
        next = next_case(&text, wanted);
    }
    Ok(found)
}

/// Letters beyond ASCII may change their length with their case: every text is looked at.
fn one_by_one(dictionary: &Dictionary, wanted: &str) -> Result<Vec<Beginning>, Error> {
    let mut found = Vec::new();
    let mut stream = dictionary.stream()?;
    let mut ordinal = 0;
    while stream.advance() {
        let text = matching::lower(&String::from_utf8_lossy(stream.key()));
        if text.starts_with(wanted) {
            found.push(Beginning {
                prefix: stream.key().to_vec(),
                ordinals: ordinal..ordinal + 1,
                is_whole: text == wanted,
            });
        }
        ordinal += 1;
    }
    Ok(found)
}

fn at_or_after(dictionary: &Dictionary, text: &[u8], count: u64) -> Result<u64, Error> {
    Ok(match dictionary.term_ord_or_next(text)? {
        TermOrdHit::Exact(ordinal) | TermOrdHit::Next(ordinal) => ordinal.min(count),
    })
}

/// What comes behind everything that begins so; `None` when nothing can.
fn behind(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte < u8::MAX)?;
    let mut behind = prefix[..=last].to_vec();
    behind[last] += 1;
    Some(behind)
}

/// The least case of `wanted` that comes behind `text` and does not begin it.
fn next_case(text: &[u8], wanted: &[u8]) -> Option<Vec<u8>> {
    let same = text.iter().zip(wanted).take_while(|(one, other)| one.eq_ignore_ascii_case(other)).count();
    let with = |kept: usize, letter: Option<u8>| {
        let mut case = text[..kept].to_vec();
        case.extend(letter);
        case.extend(wanted[case.len()..].to_ascii_uppercase());
        Some(case)
    };
    if same == text.len() && same < wanted.len() {
        return with(same, None);
    }
    // The last place where a greater letter can stand.
    (0..=same.min(wanted.len().saturating_sub(1))).rev().find_map(|place| {
        let wanted = *wanted.get(place)?;
        let letters = [wanted.to_ascii_uppercase(), wanted];
        let greater = letters.into_iter().find(|letter| *letter > text[place])?;
        with(place, Some(greater))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tantivy::columnar::{ColumnarReader, ColumnarWriter};

    /// The dictionary of a column that holds these texts.
    fn dictionary(texts: &[&str], each: impl Fn(&Dictionary)) {
        let mut writer = ColumnarWriter::default();
        for (row, text) in texts.iter().enumerate() {
            writer.record_str(row as u32, "column", text);
        }
        let mut bytes = Vec::new();
        writer.serialize(texts.len() as u32, None, &mut bytes).unwrap();
        let reader = ColumnarReader::open(bytes).unwrap();
        let column = reader.read_columns("column").unwrap()[0].open().unwrap();
        let tantivy::columnar::DynamicColumn::Str(column) = column else { panic!("no texts") };
        each(column.dictionary());
    }

    #[test]
    fn every_case_of_a_text_is_found_and_nothing_else() {
        let texts = [
            "", "A", "AB", "ABC", "Ab", "Abacus", "a", "aB", "aBc", "ab", "abc", "abd", "b", "é", "É", "éa",
            "z1-Z", "Z1-z", "[x", "{x",
        ];
        let mut sorted = texts;
        sorted.sort_unstable();
        dictionary(&texts, |dictionary| {
            for wanted in ["", "a", "ab", "abc", "abcd", "b", "é", "éa", "z1-z", "zz", "[", "c"] {
                let found = beginnings(dictionary, wanted).unwrap();
                let ordinals: Vec<u64> = found.iter().flat_map(|found| found.ordinals.clone()).collect();
                let expected = |whole: bool| {
                    let fits = move |text: &str| {
                        let text = matching::lower(text);
                        if whole { text == wanted } else { text.starts_with(wanted) }
                    };
                    (0..sorted.len() as u64).filter(move |ordinal| fits(sorted[*ordinal as usize]))
                };
                assert_eq!(ordinals, expected(false).collect::<Vec<_>>(), "{wanted:?}");
                let whole = found.iter().filter(|found| found.is_whole).map(|found| found.ordinals.start);
                assert_eq!(whole.collect::<Vec<_>>(), expected(true).collect::<Vec<_>>(), "{wanted:?}");
            }
        });
    }
}

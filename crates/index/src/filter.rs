//! Which documents of a segment a condition is true of.
//!
//! Every condition becomes a set of bits: of a column, the numbers that pass, and the documents that hold them; of a sentence,
//! its words from the inverted index; the combinations word by word. Once few documents are left, the rest of a conjunction is
//! asked of them alone.

use std::sync::Arc;

use query::{Expression, FieldKind, FieldReference, Test, Value};
use tantivy::{
    Searcher, SegmentReader, TERMINATED, Term,
    query::{EnableScoring, PhraseQuery, Query as _},
    schema::{Field, IndexRecordOption},
    termdict::TermStreamer,
};

use crate::{
    bits::Bits, cache::Contributions, columns::Values, error::Error, schema::presence, selection::Selection,
    text,
};

/// A condition is tested document by document when fewer than one in this many is left.
const FEW: u64 = 64;
/// Documents scanned at a time: what is found of them stays in the cache.
const SCAN: u32 = 1 << 16;

/// One segment of an index.
#[derive(Clone, Copy)]
pub(crate) struct Segment<'s> {
    pub(crate) searcher: &'s Searcher,
    pub(crate) reader: &'s SegmentReader,
    /// What is known of it from before, where anything is kept.
    pub(crate) known: Option<&'s Contributions>,
}

impl Segment<'_> {
    pub(crate) fn length(&self) -> u32 {
        self.reader.max_doc()
    }

    /// The living documents of which the condition is true.
    pub(crate) fn matching(&self, condition: &Expression) -> Result<Arc<Bits>, Error> {
        match self.known {
            Some(known) => known.matching(self.reader, condition, || self.find(condition)),
            None => self.find(condition).map(Arc::new),
        }
    }

    fn find(&self, condition: &Expression) -> Result<Bits, Error> {
        let mut bits = self.evaluate(condition)?;
        if let Some(alive) = self.reader.alive_bitset() {
            for document in 0..self.length() {
                if alive.is_deleted(document) {
                    bits.remove(document);
                }
            }
        }
        Ok(bits)
    }

    fn evaluate(&self, condition: &Expression) -> Result<Bits, Error> {
        match condition {
            Expression::Everything => Ok(Bits::all(self.length())),
            Expression::Nothing => Ok(Bits::none(self.length())),
            Expression::And(parts) => self.all_of(parts),
            Expression::Or(parts) => {
                let mut bits = Bits::none(self.length());
                for part in parts {
                    bits.or(&self.evaluate(part)?);
                }
                Ok(bits)
            }
            Expression::Not(inner) => {
                let mut bits = self.evaluate(inner)?;
                bits.invert();
                Ok(bits)
            }
            Expression::Field(field, condition) => self.test(field, condition),
        }
    }

    /// The conditions one after the other, those first that cost least or leave least.
    fn all_of(&self, parts: &[Expression]) -> Result<Bits, Error> {
        let mut parts: Vec<&Expression> = parts.iter().collect();
        parts.sort_by_key(|part| cost(part));
        let mut bits = Bits::all(self.length());
        for part in parts {
            let left = bits.count();
            if left == 0 {
                break;
            }
            match part {
                Expression::Field(field, test)
                    if field.kind != FieldKind::Text
                        && *test != Test::Exists
                        && left * FEW < u64::from(self.length()) =>
                {
                    let Some(selection) = Selection::new(self.reader, field, test)? else {
                        return Ok(Bits::none(self.length()));
                    };
                    let documents: Vec<u32> = bits.iter().collect();
                    for document in documents.into_iter().filter(|document| !selection.holds(*document)) {
                        bits.remove(document);
                    }
                }
                part => bits.and(&self.evaluate(part)?),
            }
        }
        Ok(bits)
    }

    fn test(&self, field: &FieldReference, condition: &Test) -> Result<Bits, Error> {
        match (field.kind, condition) {
            (_, Test::Exists) => self.exists(field),
            (FieldKind::Text, condition) => self.sentence(field, condition),
            (_, condition) => {
                let mut bits = Bits::none(self.length());
                if let Some(selection) = Selection::new(self.reader, field, condition)? {
                    self.select(&mut bits, &selection);
                }
                Ok(bits)
            }
        }
    }

    fn select(&self, bits: &mut Bits, selection: &Selection) {
        if selection.is_everything() && selection.values.is_full() {
            *bits = Bits::all(self.length());
            return;
        }
        let mut found = Vec::new();
        for range in selection.scans() {
            for from in (0..self.length()).step_by(SCAN as usize) {
                found.clear();
                let documents = from..self.length().min(from + SCAN);
                selection.values.column.get_docids_for_value_range(range.clone(), documents, &mut found);
                for document in &found {
                    if selection.is_exact() || selection.holds(*document) {
                        bits.insert(*document);
                    }
                }
            }
        }
    }

    fn exists(&self, field: &FieldReference) -> Result<Bits, Error> {
        let mut bits = Bits::none(self.length());
        let column = match field.kind {
            FieldKind::Text => FieldReference { name: presence(&field.name), kind: FieldKind::Boolean },
            _ => field.clone(),
        };
        // A bag, or an object in it, is there when anything in it is.
        let below = Values::open_below(self.reader, field)?;
        for values in below.into_iter().chain(Values::open(self.reader, &column)?) {
            self.select(&mut bits, &Selection::everything(values));
        }
        Ok(bits)
    }

    /// What is asked of the words of a sentence.
    fn sentence(&self, field: &FieldReference, condition: &Test) -> Result<Bits, Error> {
        // An index of an older schema may not know the field; then no document has it.
        let known = self.reader.schema().get_field(&field.name);
        let Ok(place) = known else { return Ok(Bits::none(self.length())) };
        match condition {
            Test::Is(Value::Text(text)) => self.word(place, &query::matching::lower(text)),
            Test::Words(words) => self.words(place, words),
            Test::Phrase(words) => self.phrase(place, words),
            Test::Like(pattern) => {
                let beginning = pattern.beginning();
                self.words_from(place, &beginning, |word| {
                    if !word.starts_with(&beginning) {
                        Found::Stop
                    } else if pattern.matches(word) {
                        Found::Take
                    } else {
                        Found::Pass
                    }
                })
            }
            Test::Exists => self.exists(field),
            Test::Is(_) | Test::In(_) | Test::Within(_) | Test::Weekly(_) => Ok(Bits::none(self.length())),
        }
    }

    fn word(&self, place: Field, word: &str) -> Result<Bits, Error> {
        let mut bits = Bits::none(self.length());
        let inverted = self.reader.inverted_index(place)?;
        if let Some(info) = inverted.terms().get(word)? {
            let mut postings = inverted.read_postings_from_terminfo(&info, IndexRecordOption::Basic)?;
            insert_all(&mut bits, &mut postings);
        }
        Ok(bits)
    }

    /// The documents with one of the words from `first` on that are taken.
    fn words_from(
        &self,
        place: Field,
        first: &str,
        mut judge: impl FnMut(&str) -> Found,
    ) -> Result<Bits, Error> {
        let mut bits = Bits::none(self.length());
        let inverted = self.reader.inverted_index(place)?;
        let mut stream: TermStreamer<'_> = inverted.terms().range().ge(first).into_stream()?;
        while stream.advance() {
            let Ok(word) = std::str::from_utf8(stream.key()) else { continue };
            match judge(word) {
                Found::Take => {
                    let mut postings =
                        inverted.read_postings_from_terminfo(stream.value(), IndexRecordOption::Basic)?;
                    insert_all(&mut bits, &mut postings);
                }
                Found::Pass => {}
                Found::Stop => break,
            }
        }
        Ok(bits)
    }

    fn words(&self, place: Field, words: &str) -> Result<Bits, Error> {
        let words = text::words(words);
        if words.is_empty() {
            return Ok(Bits::none(self.length()));
        }
        let mut bits = Bits::all(self.length());
        for word in words {
            bits.and(&self.word(place, &word)?);
        }
        Ok(bits)
    }

    fn phrase(&self, place: Field, phrase: &str) -> Result<Bits, Error> {
        let words = text::words(phrase);
        if words.len() < 2 {
            return self.words(place, phrase);
        }
        let mut bits = Bits::none(self.length());
        let terms = words.iter().map(|word| Term::from_field_text(place, word)).collect();
        let weight = PhraseQuery::new(terms).weight(EnableScoring::disabled_from_searcher(self.searcher))?;
        let mut scorer = weight.scorer(self.reader, 1.0)?;
        insert_all(&mut bits, &mut *scorer);
        Ok(bits)
    }
}

/// What becomes of a word.
enum Found {
    Take,
    Pass,
    Stop,
}

/// The order in which conditions are taken: times often decide about a whole segment, words are looked up, columns are scanned, and
/// for a pattern a whole dictionary may have to be read.
fn cost(condition: &Expression) -> u8 {
    match condition {
        Expression::Nothing => 0,
        Expression::Field(field, Test::Within(_)) if field.kind == FieldKind::Date => 1,
        Expression::Field(field, _) if field.kind == FieldKind::Text => 2,
        Expression::Field(_, Test::Like(_)) => 4,
        Expression::Field(..) => 3,
        _ => 5,
    }
}

fn insert_all(bits: &mut Bits, documents: &mut (impl tantivy::DocSet + ?Sized)) {
    let mut document = documents.doc();
    while document != TERMINATED {
        bits.insert(document);
        document = documents.advance();
    }
}

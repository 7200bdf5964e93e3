//! Which documents of a segment a condition is true of.
//!
//! Every condition becomes a set of bits: terms from the inverted index, ranges from columns, and the combinations word by
//! word. A range is read last and only for the documents that are left, when few are.

use std::ops::Bound;

use query::{Bounds, Expression, FieldKind, FieldReference, Test, Value};
use tantivy::{
    Searcher, SegmentReader, TERMINATED, Term,
    columnar::MonotonicallyMappableToU64 as _,
    query::{EnableScoring, PhraseQuery, Query as _},
    schema::{Field, IndexRecordOption, Type},
    termdict::TermStreamer,
};

use crate::{
    bits::Bits,
    columns::{Values, column_time},
    error::Error,
    schema::{name_in_index, presence},
    text,
};

/// A range is tested document by document when fewer than one in this many is left.
const FEW: u64 = 64;

/// One segment of an index.
#[derive(Clone, Copy)]
pub(crate) struct Segment<'s> {
    pub(crate) searcher: &'s Searcher,
    pub(crate) reader: &'s SegmentReader,
}

impl Segment<'_> {
    fn length(&self) -> u32 {
        self.reader.max_doc()
    }

    /// The living documents of which the condition is true.
    pub(crate) fn matching(&self, condition: &Expression) -> Result<Bits, Error> {
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
            Expression::And(parts) => {
                let mut bits = Bits::all(self.length());
                let (ranges, others): (Vec<_>, Vec<_>) = parts.iter().partition(|part| is_range(part));
                for part in others.into_iter().chain(ranges) {
                    self.narrow(&mut bits, part)?;
                }
                Ok(bits)
            }
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

    /// Keeps of the documents those of which the condition is true.
    fn narrow(&self, bits: &mut Bits, condition: &Expression) -> Result<(), Error> {
        if let Expression::Field(field, Test::Within(bounds)) = condition
            && bits.count() * FEW < u64::from(self.length())
        {
            let Some((values, range)) = self.range(field, bounds)? else {
                *bits = Bits::none(self.length());
                return Ok(());
            };
            let left: Vec<u32> = bits.iter().collect();
            for document in left {
                if !values.column.values_for_doc(document).any(|value| range.contains(&value)) {
                    bits.remove(document);
                }
            }
            return Ok(());
        }
        bits.and(&self.evaluate(condition)?);
        Ok(())
    }

    fn test(&self, field: &FieldReference, condition: &Test) -> Result<Bits, Error> {
        match condition {
            Test::Exists => self.exists(field),
            Test::Is(Value::Text(text)) => self.term(field, &query::matching::lower(text)),
            Test::Is(Value::Address(address)) => self.term(field, &text::address_key(*address)),
            Test::Is(value) => self.within(
                field,
                &Bounds { lower: Bound::Included(value.clone()), upper: Bound::Included(value.clone()) },
            ),
            Test::In(network) => {
                let (first, last) = (text::address_key(network.first), text::address_key(network.last()));
                self.terms(
                    field,
                    &first,
                    |term| if term <= last.as_str() { Found::Take } else { Found::Stop },
                )
            }
            Test::Like(pattern) => {
                let beginning = pattern.beginning();
                self.terms(field, &beginning, |term| {
                    if !term.starts_with(&beginning) {
                        Found::Stop
                    } else if pattern.matches(term) {
                        Found::Take
                    } else {
                        Found::Pass
                    }
                })
            }
            Test::Within(bounds) => self.within(field, bounds),
            Test::Words(words) => self.words(field, words),
            Test::Phrase(words) => self.phrase(field, words),
        }
    }

    fn exists(&self, field: &FieldReference) -> Result<Bits, Error> {
        let column = match field.kind {
            FieldKind::Text => FieldReference { name: presence(&field.name), kind: FieldKind::Boolean },
            _ => field.clone(),
        };
        let mut bits = Bits::none(self.length());
        if field.kind == FieldKind::Flattened {
            // A bag, or an object in it, is there when anything in it is.
            let name = name_in_index(self.reader.schema(), field);
            if self.reader.schema().find_field(&name).is_some() {
                for handle in self.reader.fast_fields().dynamic_subpath_column_handles(&name)? {
                    if let Some(column) = handle.open_u64_lenient()? {
                        (0..self.length())
                            .filter(|document| column.first(*document).is_some())
                            .for_each(|document| bits.insert(document));
                    }
                }
            }
        }
        let Some(values) = Values::open(self.reader, &column)? else { return Ok(bits) };
        if values.is_full() {
            return Ok(Bits::all(self.length()));
        }
        self.insert_range(&mut bits, &values, 0..=u64::MAX);
        Ok(bits)
    }

    fn insert_range(&self, bits: &mut Bits, values: &Values, range: std::ops::RangeInclusive<u64>) {
        let mut found = Vec::new();
        values.column.get_docids_for_value_range(range, 0..self.length(), &mut found);
        for document in found {
            bits.insert(document);
        }
    }

    /// The field of the index and what its terms begin with.
    fn place(&self, field: &FieldReference) -> Option<(Field, Vec<u8>)> {
        let name = name_in_index(self.reader.schema(), field);
        let (place, path) = self.reader.schema().find_field(&name)?;
        if path.is_empty() {
            let is_text = self.reader.schema().get_field_entry(place).field_type().value_type() == Type::Str;
            return is_text.then(|| (place, Vec::new()));
        }
        let mut term = Term::from_field_json_path(place, path, true);
        term.append_type_and_str("");
        Some((place, term.serialized_value_bytes().to_vec()))
    }

    fn term(&self, field: &FieldReference, term: &str) -> Result<Bits, Error> {
        let mut bits = Bits::none(self.length());
        let Some((place, mut key)) = self.place(field) else { return Ok(bits) };
        key.extend_from_slice(term.as_bytes());
        let inverted = self.reader.inverted_index(place)?;
        if let Some(info) = inverted.terms().get(&key)? {
            let mut postings = inverted.read_postings_from_terminfo(&info, IndexRecordOption::Basic)?;
            insert_all(&mut bits, &mut postings);
        }
        Ok(bits)
    }

    /// The documents with one of the terms from `first` on that are taken.
    fn terms(
        &self,
        field: &FieldReference,
        first: &str,
        mut judge: impl FnMut(&str) -> Found,
    ) -> Result<Bits, Error> {
        let mut bits = Bits::none(self.length());
        let Some((place, prefix)) = self.place(field) else { return Ok(bits) };
        let inverted = self.reader.inverted_index(place)?;
        let mut from = prefix.clone();
        from.extend_from_slice(first.as_bytes());
        let mut stream: TermStreamer<'_> = inverted.terms().range().ge(&from).into_stream()?;
        while stream.advance() {
            let Some(term) = stream.key().strip_prefix(prefix.as_slice()) else { break };
            let Ok(term) = std::str::from_utf8(term) else { continue };
            match judge(term) {
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

    fn within(&self, field: &FieldReference, bounds: &Bounds) -> Result<Bits, Error> {
        let mut bits = Bits::none(self.length());
        let Some((values, range)) = self.range(field, bounds)? else { return Ok(bits) };
        let (least, greatest) = (values.column.min_value(), values.column.max_value());
        if *range.start() > greatest || *range.end() < least {
            return Ok(bits);
        }
        if values.is_full() && *range.start() <= least && *range.end() >= greatest {
            return Ok(Bits::all(self.length()));
        }
        self.insert_range(&mut bits, &values, range);
        Ok(bits)
    }

    /// The values of a field and the range of them that lies within the bounds; `None` when nothing can.
    fn range(
        &self,
        field: &FieldReference,
        bounds: &Bounds,
    ) -> Result<Option<(Values, std::ops::RangeInclusive<u64>)>, Error> {
        let Some(values) = Values::open(self.reader, field)? else { return Ok(None) };
        let (lower, upper) = match &values.texts {
            Some(texts) => {
                let key = |value: &Value| match value {
                    Value::Address(address) => text::address_key(*address),
                    Value::Text(text) => text.clone(),
                    other => query::dsl::write_value(other).to_string(),
                };
                texts
                    .dictionary()
                    .term_bounds_to_ord(bounds.lower.as_ref().map(key), bounds.upper.as_ref().map(key))?
            }
            None => (bounds.lower.as_ref().map(column_value), bounds.upper.as_ref().map(column_value)),
        };
        let first = match lower {
            Bound::Included(value) => Some(value),
            Bound::Excluded(value) => value.checked_add(1),
            Bound::Unbounded => Some(0),
        };
        let last = match upper {
            Bound::Included(value) => Some(value),
            Bound::Excluded(value) => value.checked_sub(1),
            Bound::Unbounded => Some(u64::MAX),
        };
        Ok(first.zip(last).filter(|(first, last)| first <= last).map(|(first, last)| (values, first..=last)))
    }

    fn words(&self, field: &FieldReference, words: &str) -> Result<Bits, Error> {
        let words = text::words(words);
        if words.is_empty() {
            return Ok(Bits::none(self.length()));
        }
        let mut bits = Bits::all(self.length());
        for word in words {
            bits.and(&self.term(field, &word)?);
        }
        Ok(bits)
    }

    fn phrase(&self, field: &FieldReference, phrase: &str) -> Result<Bits, Error> {
        let words = text::words(phrase);
        let place = self.place(field);
        let ([_, _, ..], Some((place, _))) = (words.as_slice(), place) else {
            return self.words(field, phrase);
        };
        let mut bits = Bits::none(self.length());
        let terms = words.iter().map(|word| Term::from_field_text(place, word)).collect();
        let weight = PhraseQuery::new(terms).weight(EnableScoring::disabled_from_searcher(self.searcher))?;
        let mut scorer = weight.scorer(self.reader, 1.0)?;
        insert_all(&mut bits, &mut *scorer);
        Ok(bits)
    }
}

/// What becomes of a term.
enum Found {
    Take,
    Pass,
    Stop,
}

fn is_range(condition: &Expression) -> bool {
    matches!(condition, Expression::Field(_, Test::Within(_)))
}

fn insert_all(bits: &mut Bits, documents: &mut (impl tantivy::DocSet + ?Sized)) {
    let mut document = documents.doc();
    while document != TERMINATED {
        bits.insert(document);
        document = documents.advance();
    }
}

/// A value that is no text, as columns hold it.
fn column_value(value: &Value) -> u64 {
    match value {
        Value::Integer(number) => number.to_u64(),
        Value::Number(number) => number.to_u64(),
        Value::Boolean(truth) => u64::from(*truth),
        Value::Time(time) => column_time(*time),
        Value::Text(_) | Value::Address(_) => 0,
    }
}

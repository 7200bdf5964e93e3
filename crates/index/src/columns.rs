//! The values of a field in one segment, in one form for every kind: ordered numbers of 64 bits.

use query::{FieldKind, FieldReference};
use tantivy::{
    DateTime, DocId, SegmentReader,
    columnar::{Cardinality, Column, ColumnType, MonotonicallyMappableToU64 as _, StrColumn},
};

use crate::{error::Error, schema::name_in_index, text};

/// The values of a field. Texts are numbered in their order; everything else is mapped so that the order stays.
pub(crate) struct Values {
    pub(crate) kind: FieldKind,
    pub(crate) column: Column<u64>,
    pub(crate) texts: Option<StrColumn>,
}

/// A value outside its segment, comparable with those of others of its kind.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
pub(crate) enum Global {
    /// A whole number, a truth, or milliseconds since 1970.
    Whole(i64),
    Number(f64),
    /// Text; addresses in their ordered form.
    Text(String),
}

impl Values {
    /// The values of the field in the segment; `None` when no document has one.
    pub(crate) fn open(segment: &SegmentReader, field: &FieldReference) -> Result<Option<Self>, Error> {
        // An index of an older schema may not know the field; then no document has it.
        let name = &name_in_index(segment.schema(), field);
        let known = segment.schema().find_field(name);
        if known.is_none_or(|(known, _)| !segment.schema().get_field_entry(known).is_fast()) {
            return Ok(None);
        }
        let wanted = match field.kind {
            FieldKind::Keyword | FieldKind::Address | FieldKind::Flattened | FieldKind::Text => {
                ColumnType::Str
            }
            FieldKind::Date => ColumnType::DateTime,
            FieldKind::Long => ColumnType::I64,
            FieldKind::Double => ColumnType::F64,
            FieldKind::Boolean => ColumnType::Bool,
        };
        let columns = segment.fast_fields();
        let Some((column, _)) = columns.u64_lenient_for_type(Some(&[wanted]), name)? else {
            return Ok(None);
        };
        let texts = if wanted == ColumnType::Str { columns.str(name)? } else { None };
        Ok(Some(Self { kind: field.kind, column, texts }))
    }

    /// The columns below a bag, or below an object in it.
    pub(crate) fn open_below(segment: &SegmentReader, field: &FieldReference) -> Result<Vec<Self>, Error> {
        let mut below = Vec::new();
        if field.kind != FieldKind::Flattened {
            return Ok(below);
        }
        let name = name_in_index(segment.schema(), field);
        if segment.schema().find_field(&name).is_some() {
            for handle in segment.fast_fields().dynamic_subpath_column_handles(&name)? {
                let column = handle.open_u64_lenient()?;
                below.extend(column.map(|column| Self { kind: field.kind, column, texts: None }));
            }
        }
        Ok(below)
    }

    pub(crate) fn is_full(&self) -> bool {
        self.column.get_cardinality() == Cardinality::Full
    }

    pub(crate) fn is_multivalued(&self) -> bool {
        self.column.get_cardinality() == Cardinality::Multivalued
    }

    /// A value as a whole number: times in milliseconds, truths as 0 and 1.
    pub(crate) fn whole(&self, value: u64) -> i64 {
        match self.kind {
            FieldKind::Date => milliseconds(value),
            FieldKind::Boolean => value as i64,
            _ => i64::from_u64(value),
        }
    }

    /// A value as a number, for metrics.
    pub(crate) fn number(&self, value: u64) -> f64 {
        match self.kind {
            FieldKind::Double => f64::from_u64(value),
            _ => self.whole(value) as f64,
        }
    }

    /// A value of a kind that is no text.
    pub(crate) fn global_number(&self, value: u64) -> Global {
        match self.kind {
            FieldKind::Double => Global::Number(f64::from_u64(value)),
            _ => Global::Whole(self.whole(value)),
        }
    }

    /// Calls back with the text of each of these ordinals, which must rise.
    pub(crate) fn texts_of(&self, ordinals: &[u64], mut each: impl FnMut(usize, &str)) -> Result<(), Error> {
        let Some(texts) = &self.texts else { return Ok(()) };
        let mut index = 0;
        texts.dictionary().sorted_ords_to_term_cb(ordinals, |bytes| {
            each(index, &String::from_utf8_lossy(bytes));
            index += 1;
        })?;
        Ok(())
    }

    /// The values of each of these in order.
    pub(crate) fn globals(&self, values: &[u64]) -> Result<Vec<Global>, Error> {
        if self.texts.is_none() {
            return Ok(values.iter().map(|value| self.global_number(*value)).collect());
        }
        let mut ordinals = values.to_vec();
        ordinals.sort_unstable();
        ordinals.dedup();
        let mut texts = vec![String::new(); ordinals.len()];
        self.texts_of(&ordinals, |index, text| text.clone_into(&mut texts[index]))?;
        let place = |value: &u64| ordinals.binary_search(value).ok();
        Ok(values
            .iter()
            .map(|value| Global::Text(place(value).map_or_else(String::new, |at| texts[at].clone())))
            .collect())
    }

    /// The first value of each document.
    pub(crate) fn firsts(&self, documents: &[DocId], out: &mut Vec<Option<u64>>) {
        out.clear();
        out.resize(documents.len(), None);
        self.column.first_vals(documents, out);
    }
}

/// A time of a column in milliseconds, rounded down.
pub(crate) fn milliseconds(value: u64) -> i64 {
    i64::from_u64(value).div_euclid(1_000_000)
}

/// A time as a column holds it.
pub(crate) fn column_time(time: jiff::Timestamp) -> u64 {
    let nanoseconds =
        i64::try_from(time.as_nanosecond()).unwrap_or(if time.as_second() < 0 { i64::MIN } else { i64::MAX });
    DateTime::from_timestamp_nanos(nanoseconds).to_u64()
}

/// The time that a column holds as a number.
pub(crate) fn time_of(value: u64) -> jiff::Timestamp {
    jiff::Timestamp::from_nanosecond(i128::from(i64::from_u64(value))).unwrap_or_default()
}

/// A text of a column as it is shown.
pub(crate) fn shown(kind: FieldKind, text: String) -> String {
    if kind == FieldKind::Address { text::address_of_key(&text) } else { text }
}

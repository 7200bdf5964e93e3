//! From the fields of the documents to the fields of the index.
//!
//! Every field of the registry is one of the index, and a column serves everything that is asked of it: a value is looked up
//! in the column's dictionary, and the numbers of the dictionary are scanned, which costs about as much as one aggregation
//! over it and half the bytes and time of keeping postings beside it. Addresses are text in an order-preserving form, so that
//! a network is a range of numbers. A bag is a JSON field, a column per path. Only sentences have an inverted index.
//!
//! Documents are not kept: each has its sequence, by which it is made again.

use std::hash::{DefaultHasher, Hash, Hasher};

use query::{FieldKind, FieldReference, Fields};
use rustc_hash::FxHashMap;
use tantivy::schema::{
    DateOptions, DateTimePrecision, FAST, Field, IndexRecordOption, JsonObjectOptions, NumericOptions,
    Schema, TextFieldIndexing, TextOptions,
};

use crate::text::WORDS;

/// Changes when the meaning of what is stored does.
const VERSION: u32 = 3;
/// The sequence of a document, whatever the document says.
pub(crate) const SEQUENCE: &str = "_sequence";

/// Where a field of the documents goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    pub(crate) field: Field,
    pub(crate) kind: FieldKind,
    /// For sentences: a truth that says that there is one.
    pub(crate) presence: Option<Field>,
}

/// The fields below a name: `source` leads to `ip`, `geo` and more.
#[derive(Clone, Debug, Default)]
pub(crate) struct Level {
    pub(crate) slot: Option<Slot>,
    below: FxHashMap<String, Level>,
}

impl Level {
    fn insert(&mut self, name: &str, slot: Slot) {
        let mut level = self;
        for part in name.split('.') {
            level = level.below.entry(part.to_owned()).or_default();
        }
        level.slot = Some(slot);
    }

    /// The level of a name below this one; the name may hold dots.
    pub(crate) fn find(&self, name: &str) -> Option<&Self> {
        match self.below.get(name) {
            None => name.split_once('.').and_then(|(first, rest)| self.below.get(first)?.find(rest)),
            found => found,
        }
    }
}

/// The schema of an index and the way into it.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) schema: Schema,
    /// Fields by the levels of their names.
    pub(crate) root: Level,
    pub(crate) sequence: Field,
    /// Of two indexes with the same stamp, one can take the place of the other.
    pub(crate) stamp: String,
}

/// The name of the truth that says whether a sentence is there.
pub(crate) fn presence(name: &str) -> String {
    format!("_present:{name}")
}

/// The name of a bag in the index: tantivy takes dots in the name of a JSON field for levels, and then finds no column.
fn bag_name(name: &str) -> String {
    name.replace('.', "/")
}

/// The name in the index of a field of the documents; of a bag's member, the bag's and the rest.
pub(crate) fn name_in_index(schema: &Schema, field: &FieldReference) -> String {
    if field.kind != FieldKind::Flattened {
        return field.name.clone();
    }
    let ends = field.name.match_indices('.').map(|(at, _)| at).chain([field.name.len()]);
    ends.map(|end| (bag_name(&field.name[..end]), &field.name[end..]))
        .find(|(bag, _)| schema.get_field(bag).is_ok())
        .map_or_else(|| field.name.clone(), |(bag, rest)| bag + rest)
}

impl Layout {
    pub(crate) fn new(fields: &Fields) -> Self {
        let mut builder = Schema::builder();
        let mut root = Level::default();
        let mut hasher = DefaultHasher::new();
        for known in fields.iter() {
            (&known.name, known.kind.name()).hash(&mut hasher);
            let name = known.name.as_str();
            let field = match known.kind {
                FieldKind::Keyword | FieldKind::Address => builder.add_text_field(name, exact_text()),
                FieldKind::Text => builder.add_text_field(name, sentences()),
                FieldKind::Date => {
                    let options = DateOptions::from(FAST).set_precision(DateTimePrecision::Microseconds);
                    builder.add_date_field(name, options)
                }
                FieldKind::Long => builder.add_i64_field(name, NumericOptions::from(FAST)),
                FieldKind::Double => builder.add_f64_field(name, NumericOptions::from(FAST)),
                FieldKind::Boolean => builder.add_bool_field(name, NumericOptions::from(FAST)),
                FieldKind::Flattened => builder.add_json_field(&bag_name(name), bag()),
            };
            let presence = (known.kind == FieldKind::Text)
                .then(|| builder.add_bool_field(&presence(name), NumericOptions::from(FAST)));
            root.insert(name, Slot { field, kind: known.kind, presence });
        }
        let sequence = builder.add_i64_field(SEQUENCE, NumericOptions::from(FAST));
        let stamp = format!("v{VERSION}-{:016x}", hasher.finish());
        Self { schema: builder.build(), root, sequence, stamp }
    }
}

fn exact_text() -> TextOptions {
    TextOptions::default().set_fast("raw")
}

fn sentences() -> TextOptions {
    TextOptions::default().set_indexing_options(
        TextFieldIndexing::default()
            .set_tokenizer(WORDS)
            .set_fieldnorms(false)
            .set_index_option(IndexRecordOption::WithFreqsAndPositions),
    )
}

fn bag() -> JsonObjectOptions {
    JsonObjectOptions::default().set_fast("raw").set_expand_dots_enabled()
}

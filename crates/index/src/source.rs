//! Where the documents themselves are.

use std::collections::{HashMap, hash_map::Entry};

use query::{FieldKind, FieldReference};
use serde_json::Value as Json;
use tantivy::{DocAddress, Searcher, SegmentReader};

use crate::{columns::Values, error::Error, schema::SEQUENCE};

/// Why documents could not be read.
pub type SourceError = Box<dyn std::error::Error + Send + Sync>;

/// Has the documents, or makes them again, by sequence.
pub trait DocumentSource: Send + Sync {
    /// Calls back with the JSON text of each document with one of these sequences, which rise. One that is not there is passed
    /// over.
    fn read(&self, sequences: &[u64], each: &mut dyn FnMut(u64, &[u8])) -> Result<(), SourceError>;
}

/// The documents of a search.
pub(crate) struct Sources<'s> {
    searcher: &'s Searcher,
    source: &'s dyn DocumentSource,
}

impl<'s> Sources<'s> {
    pub(crate) fn new(searcher: &'s Searcher, source: &'s dyn DocumentSource) -> Self {
        Self { searcher, source }
    }

    /// The sequences and documents at these places; `null` where there is none any more.
    pub(crate) fn documents(&self, places: &[DocAddress]) -> Result<Vec<(u64, Json)>, Error> {
        let sequences = self.sequences(places)?;
        let mut wanted: Vec<u64> = sequences.iter().copied().filter(|sequence| *sequence > 0).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut found: HashMap<u64, Json> = HashMap::with_capacity(wanted.len());
        if !wanted.is_empty() {
            let mut take = |sequence, text: &[u8]| {
                found.insert(sequence, serde_json::from_slice(text).unwrap_or_default());
            };
            self.source.read(&wanted, &mut take).map_err(Error::Source)?;
        }
        let document = |sequence: u64| found.get(&sequence).cloned().unwrap_or_default();
        Ok(sequences.into_iter().map(|sequence| (sequence, document(sequence))).collect())
    }

    fn sequences(&self, places: &[DocAddress]) -> Result<Vec<u64>, Error> {
        let mut columns = HashMap::new();
        let mut sequences = Vec::with_capacity(places.len());
        for place in places {
            let column = match columns.entry(place.segment_ord) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(column(self.searcher.segment_reader(place.segment_ord))?),
            };
            let value =
                column.as_ref().and_then(|column| Some(column.whole(column.column.first(place.doc_id)?)));
            sequences.push(value.and_then(|value| u64::try_from(value).ok()).unwrap_or_default());
        }
        Ok(sequences)
    }
}

/// The sequences of a segment; an index of an older schema has them from the documents.
fn column(segment: &SegmentReader) -> Result<Option<Values>, Error> {
    for name in [SEQUENCE, "event.sequence"] {
        let field = FieldReference { name: name.into(), kind: FieldKind::Long };
        if let Some(values) = Values::open(segment, &field)? {
            return Ok(Some(values));
        }
    }
    Ok(None)
}

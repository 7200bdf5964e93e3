//! Documents on their way, and how many of them travel together.

use std::{ops::Range, sync::Arc};

use bytes::Bytes;
use jiff::Timestamp;

/// One document with what a destination needs to recognise it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Place in the ledger: batches are in this order.
    pub sequence: u64,
    /// The activity's id: what a destination deduplicates on.
    pub id: Arc<str>,
    /// Which of a destination's several places it belongs to: the data stream's namespace.
    pub namespace: Arc<str>,
    /// The document as JSON on one line, without a line break.
    pub json: Bytes,
    /// Where the JSON holds the text of `event.ingested`, between its quotes. Empty when it holds none.
    pub ingested: Range<usize>,
}

impl Document {
    /// A document whose JSON is written as it is.
    pub fn new(sequence: u64, id: &str, namespace: &Arc<str>, json: Bytes) -> Self {
        Self { sequence, id: id.into(), namespace: Arc::clone(namespace), json, ingested: 0..0 }
    }

    /// Appends the JSON to `out`, with `now` as `event.ingested`: the time of this writing, however long the document waited.
    pub fn write(&self, now: Timestamp, out: &mut Vec<u8>) {
        if self.ingested.is_empty() {
            out.extend_from_slice(&self.json);
            return;
        }
        out.extend_from_slice(&self.json[..self.ingested.start]);
        out.extend_from_slice(now.to_string().as_bytes());
        out.extend_from_slice(&self.json[self.ingested.end..]);
    }
}

/// Consecutive documents that are sent together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// In ledger order; not empty when a sink sees it.
    pub documents: Vec<Document>,
}

impl Batch {
    /// Sum of the documents' sizes.
    pub fn bytes(&self) -> usize {
        self.documents.iter().map(|document| document.json.len()).sum()
    }

    /// Cuts the batch in two halves, the first not smaller than the second. The second is empty for a single document.
    pub(crate) fn halves(mut self) -> (Self, Self) {
        let second = self.documents.split_off(self.documents.len().div_ceil(2));
        (self, Self { documents: second })
    }
}

/// How much travels together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchLimits {
    /// Documents in a batch at most.
    pub max_documents: usize,
    /// Bytes of documents in a batch at most; a single larger document travels alone.
    pub max_bytes: usize,
}

impl Default for BatchLimits {
    /// 2,000 documents or 8 MB, whichever comes first: some 4 kB a document, and far below the 100 MB that a node accepts at once.
    fn default() -> Self {
        Self { max_documents: 2_000, max_bytes: 8_000_000 }
    }
}

impl BatchLimits {
    /// How many of the first documents fit into a batch; at least one if there is any.
    pub(crate) fn fitting(&self, documents: &[Document]) -> usize {
        let mut bytes = 0_usize;
        let fitting = documents
            .iter()
            .take(self.max_documents.max(1))
            .take_while(|document| {
                bytes = bytes.saturating_add(document.json.len());
                bytes <= self.max_bytes
            })
            .count();
        fitting.max(1).min(documents.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn documents(sizes: &[usize]) -> Vec<Document> {
        let document = |(index, size): (usize, &usize)| {
            let json = Bytes::from(vec![b'x'; *size]);
            Document::new(index as u64 + 1, &format!("activity_{index}"), &"default".into(), json)
        };
        sizes.iter().enumerate().map(document).collect()
    }

    #[test]
    fn a_batch_keeps_to_count_and_bytes_and_is_never_empty() {
        let limits = BatchLimits { max_documents: 3, max_bytes: 100 };
        for (sizes, expected) in
            [(&[10, 10, 10, 10][..], 3), (&[50, 50, 1], 2), (&[60, 60], 1), (&[500, 1], 1), (&[], 0)]
        {
            assert_eq!(limits.fitting(&documents(sizes)), expected, "{sizes:?}");
        }
    }

    #[test]
    fn halves_are_the_whole() {
        for count in 1..6 {
            let whole = Batch { documents: documents(&vec![1; count]) };
            let (first, second) = whole.clone().halves();
            assert!(!first.documents.is_empty());
            assert_eq!([first.documents, second.documents].concat(), whole.documents);
        }
    }

    #[test]
    fn the_time_of_writing_stands_where_the_time_of_making_stood() {
        let json = r#"{"event":{"ingested":"2026-01-01T00:00:00.000001Z","kind":"event"}}"#;
        let start = json.find("2026").expect("it is there");
        let mut document = Document::new(1, "a", &"default".into(), Bytes::from(json));
        let now = "2026-11-25T08:00:00Z".parse().expect("a time");
        let written = |document: &Document| {
            let mut out = Vec::new();
            document.write(now, &mut out);
            String::from_utf8(out).expect("text")
        };
        assert_eq!(written(&document), json);
        document.ingested = start..start + "2026-01-01T00:00:00.000001Z".len();
        assert_eq!(written(&document), r#"{"event":{"ingested":"2026-11-25T08:00:00Z","kind":"event"}}"#);
    }
}

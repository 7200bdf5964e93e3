//! One activity in, one ECS document out: pure functions and the activity catalogue.

pub mod catalog;

use jiff::Timestamp;

/// Settings of a normaliser: constant over its life.
#[derive(Clone, Debug)]
pub struct NormalizerOptions {
    /// `data_stream.namespace`.
    pub namespace: String,
    /// Written to every document's `tags`.
    pub tags: Vec<String>,
    /// Keep the exact bytes in `event.original` (adds the tag `preserve_original_event`).
    pub preserve_original: bool,
}

impl Default for NormalizerOptions {
    fn default() -> Self {
        Self { namespace: "default".to_owned(), tags: Vec::new(), preserve_original: false }
    }
}

/// What the caller knows of an activity beside its bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context {
    /// Ledger sequence: `event.sequence`.
    pub sequence: Option<u64>,
    /// First fetch: `event.created`.
    pub created: Option<Timestamp>,
    /// Time of writing to the sink: `event.ingested`.
    pub ingested: Option<Timestamp>,
}

/// Something of an activity that could not be mapped as its field is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// The feed's own name of the field, dotted.
    pub field: String,
    /// What was wrong, in one sentence; also in `error.message`.
    pub message: String,
}

/// What became of one activity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What was wrong, in the order it was met.
    pub issues: Vec<Issue>,
    /// Whether the catalogue knows the activity's type.
    pub catalogued: bool,
    /// Fields the vocabulary does not know; kept under `anthropic.audit.metadata`.
    pub unknown_fields: u32,
    /// The record could not be mapped at all: the document is a `pipeline_error`.
    pub failed: bool,
}

/// Writes documents. Cheap to clone, safe to share.
#[derive(Clone, Debug, Default)]
pub struct Normalizer {
    options: NormalizerOptions,
}

impl Normalizer {
    /// A normaliser with these settings.
    pub fn new(options: NormalizerOptions) -> Self {
        Self { options }
    }

    /// Appends one JSON object (no newline) to `out`. Never fails, never panics.
    pub fn ecs(&self, _raw: &[u8], _context: &Context, out: &mut Vec<u8>) -> Outcome {
        let _ = &self.options;
        out.extend_from_slice(b"{}");
        Outcome::default()
    }
}

/// One sentence a person can read, for a terminal.
pub fn sentence(raw: &[u8]) -> String {
    String::from_utf8_lossy(raw).into_owned()
}

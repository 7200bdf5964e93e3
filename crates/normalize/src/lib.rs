//! One activity in, one ECS document or OCSF event out: pure functions and the activity catalogue.
//!
//! An activity of the feed is a JSON object. [`Normalizer::ecs`] reads it in one pass without building a tree, decides what
//! each field means ([`vocabulary`]) and what its type means ([`catalog`]), and writes the document straight into the
//! caller's buffer: one line, keys in alphabetical order, the same bytes every time. [`Normalizer::ocsf`] writes the same
//! activity as an OCSF event.
//!
//! What is promised:
//!
//! - whatever goes in, one valid JSON object comes out, and nothing panics;
//! - no value breaks the type its field has in the index: what does not fit is kept under `anthropic.audit.metadata`, and
//!   `error.message` says what was wrong;
//! - nothing is lost: what cannot be carried whole is in `event.original`.
//!
//! No I/O, no clock, no state: time and sequence are passed in.
//!
//! ```
//! use normalize::{Context, Normalizer, NormalizerOptions};
//!
//! let activity = br#"{"id":"activity_1","created_at":"2026-11-23T08:14:05Z","type":"sso_login_succeeded",
//!     "actor":{"type":"user_actor","user_id":"user_1","email_address":"ana@example.com","ip_address":"192.0.2.7"}}"#;
//! let mut document = Vec::new();
//! let outcome = Normalizer::new(NormalizerOptions::default()).ecs(activity, &Context::default(), &mut document);
//! assert!(outcome.catalogued && outcome.issues.is_empty());
//! assert!(String::from_utf8(document).unwrap().contains(r#""message":"ana@example.com signed in with SSO""#));
//! assert_eq!(normalize::sentence(activity), "ana@example.com signed in with SSO");
//! ```

mod actor;
pub mod catalog;
mod document;
pub mod enrichment;
pub mod fields;
mod flatten;
mod issues;
mod json;
pub mod known_names;
mod mapping;
mod names;
mod outcome;
mod raw;
mod record;
mod scan;
mod sentence;
mod table;
mod time;
mod url;
pub mod vocabulary;

use std::sync::Arc;

use jiff::Timestamp;

use crate::document::Writer;
use crate::enrichment::Enrichment;
pub use crate::issues::Issue;
use crate::issues::Issues;
use crate::known_names::{Found, NameHistory};
use crate::mapping::{Mapping, Meaning};
use crate::record::Record;

/// What documents are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// Elastic Common Schema.
    Ecs,
    /// Open Cybersecurity Schema Framework.
    Ocsf,
}

/// Settings of a normaliser: constant over its life.
#[derive(Clone, Debug)]
pub struct NormalizerOptions {
    /// `data_stream.namespace`.
    pub namespace: String,
    /// Written to every document's `tags`.
    pub tags: Vec<String>,
    /// Keep the exact text in `event.original` (adds the tag `preserve_original_event`).
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

/// What became of one activity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What was wrong, in the order it was met.
    pub issues: Vec<Issue>,
    /// Whether the catalogue knows the activity's type.
    pub catalogued: bool,
    /// Fields the vocabulary does not know; kept under `anthropic.audit.metadata`.
    pub unknown_fields: u32,
    /// The record could not be mapped: the document is a `pipeline_error` that holds it whole.
    pub failed: bool,
}

/// Writes documents. Cheap to share between threads.
#[derive(Clone, Debug)]
pub struct Normalizer {
    options: NormalizerOptions,
    enrichment: Enrichment,
    names: Option<Arc<NameHistory>>,
    /// `data_stream` and `ecs`, the same in every document.
    constants: String,
}

impl Default for Normalizer {
    fn default() -> Self {
        Self::new(NormalizerOptions::default())
    }
}

impl Normalizer {
    /// A normaliser with these settings, which knows nothing beyond the activity until it is given an enrichment. Reads the
    /// catalogue and the vocabulary, if nobody did yet: a few milliseconds.
    pub fn new(options: NormalizerOptions) -> Self {
        catalog::all();
        let mut constants = b"\"data_stream\":{\"dataset\":\"anthropic.audit\",\"namespace\":".to_vec();
        json::string(&mut constants, &options.namespace);
        constants.extend_from_slice(b",\"type\":\"logs\"},\"ecs\":{\"version\":\"");
        constants.extend_from_slice(document::ECS_VERSION.as_bytes());
        constants.extend_from_slice(b"\"}");
        let constants = String::from_utf8_lossy(&constants).into_owned();
        Self { options, enrichment: Enrichment::none(), names: None, constants }
    }

    /// The same, saying of addresses and user agents what this enrichment knows. Share one between all normalisers: its
    /// answers are kept.
    #[must_use]
    pub fn with_enrichment(self, enrichment: Enrichment) -> Self {
        Self { enrichment, ..self }
    }

    /// The same, which learns names from the activities that it sees, and says those that an activity leaves out: as of the
    /// sequence of its context, or as of now without one. Share the history between all normalisers of a ledger.
    #[must_use]
    pub fn with_names(self, names: Arc<NameHistory>) -> Self {
        Self { names: Some(names), ..self }
    }

    /// Appends the ECS document of an activity, one JSON object without newline, to `out`. Never fails, never panics.
    pub fn ecs(&self, raw: &[u8], context: &Context, out: &mut Vec<u8>) -> Outcome {
        self.document(raw, context, out, Schema::Ecs)
    }

    /// Appends the OCSF event of an activity, one JSON object without newline, to `out`. Never fails, never panics.
    pub fn ocsf(&self, raw: &[u8], context: &Context, out: &mut Vec<u8>) -> Outcome {
        self.document(raw, context, out, Schema::Ocsf)
    }

    /// Appends the document of an activity in a schema.
    pub fn document(&self, raw: &[u8], context: &Context, out: &mut Vec<u8>, schema: Schema) -> Outcome {
        let mut issues = Issues::default();
        let text = record::decode(raw, &mut issues);
        let mut read = Record::read(&text);
        let repaired = record::repaired(&text, &read, &mut issues);
        if let Some(repaired) = &repaired {
            read = Record::read(repaired);
        }
        let mut outcome = Outcome::default();
        // Outlives the mapping, which borrows from it.
        let found: Found;
        let mut mapping = match read {
            Ok(mut record) => {
                record.settle(&mut issues);
                let mapping = Mapping::of(record, &mut issues);
                outcome.catalogued = matches!(mapping.meaning, Meaning::Known(_));
                outcome.failed = matches!(mapping.meaning, Meaning::None);
                outcome.unknown_fields = mapping.unknown;
                Some(mapping)
            }
            Err(reason) => {
                issues.add_record(reason);
                outcome.failed = true;
                None
            }
        };
        if let (Some(names), Some(mapping)) = (&self.names, &mut mapping) {
            let sequence = context.sequence.unwrap_or(u64::MAX);
            known_names::tell(mapping, &mut |kind, id, name| {
                names.learn(sequence, kind, id, name);
            });
            found = known_names::find(mapping, names, sequence);
            mapping.complete(&found);
        }
        // Some of what was wrong so far may have lost a value: a repeated field, bytes that are no text.
        let lossy = issues.lossy();
        let original = text.trim();
        let mapping = mapping.as_ref();
        let actor = mapping.and_then(|mapping| mapping.actor.as_ref());
        let place = actor.and_then(|actor| self.enrichment.place(actor.address?));
        let agent = actor.and_then(|actor| self.enrichment.user_agent(&actor.user_agent?.text()?));
        let writer =
            Writer { normalizer: self, context, original, out, issues, mapping, lossy, place, agent };
        let issues = match schema {
            Schema::Ecs => writer.write(),
            Schema::Ocsf => writer.write_ocsf(),
        };
        outcome.issues = issues.into_inner();
        outcome
    }
}

/// One sentence a person can read, for a terminal: one line, without control characters.
pub fn sentence(raw: &[u8]) -> String {
    let mut issues = Issues::default();
    let text = record::decode(raw, &mut issues);
    let mut record = match Record::read(&text) {
        Ok(record) => record,
        Err(reason) => return reason,
    };
    record.settle(&mut issues);
    let mut inner = Vec::new();
    document::sentence(&mut inner, &Mapping::of(record, &mut issues));
    let sentence = scan::unescape(&String::from_utf8_lossy(&inner));
    // Names are the users' own: no terminal must be steered by one.
    sentence.replace(|letter: char| letter.is_control() || is_direction(letter), " ")
}

/// Characters that turn the direction of text around them.
fn is_direction(letter: char) -> bool {
    matches!(letter, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

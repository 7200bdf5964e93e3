//! The embedded search index: a cache of the ledger that can be asked anything, and made anew at any time.
//!
//! [`Writer`] takes documents in ledger sequence and commits them together with the sequence they reach, so that after a
//! crash it goes on where the last commit ended: no document is lost or doubled. [`EmbeddedIndex`] answers what the query
//! crate can ask, in any process, beside the writer; a commit is seen by the next search.
//!
//! Storage is tantivy's: a column per field, and an inverted index of sentences. What this crate adds is the meaning: which
//! condition is true of which document, exact counts in Elasticsearch's shapes (all aggregations of a request in one pass over
//! the matches), order and paging. Each segment is searched for itself, several at a time, and the parts are merged. The
//! documents themselves are not kept: a [`DocumentSource`] has them, by sequence.
//!
//! Guarantees:
//! - what is committed is the documents up to a sequence, whole;
//! - a schema that changes does not interrupt search: the old index answers until the new one has caught up;
//! - dropping an answer that is under way stops the work; nothing that is asked can panic the process;
//! - memory is bounded by what is asked, not by what is stored: columns are mapped, not loaded.

mod aggregate;
mod backend;
mod bits;
mod cache;
mod case;
mod columns;
mod document;
mod error;
mod filter;
mod folder;
mod rank;
mod schema;
mod search;
mod selection;
mod source;
mod text;
mod writer;
mod zones;

pub use backend::EmbeddedIndex;
pub use error::{Error, ErrorKind};
pub use source::{DocumentSource, SourceError};
pub use writer::{Cursor, Pace, Writer};

//! What the console asks of the rest of the program, and how it reads the ledger.
//!
//! Documents and the status report are made elsewhere: [`Trail`] is passed in. The ledger is read through a few readers
//! that are kept open between requests.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use ledger::{Entry, Reader};
use serde::Deserialize;
use serde_json::Value;

use crate::error::ApiError;

/// Readers kept open when nobody asks: each holds a cache of some megabytes.
const IDLE_READERS: usize = 2;

/// What the console needs to know about activities.
pub trait Trail: Send + Sync + 'static {
    /// A maker of documents for the feeds that the ledger has now.
    fn documents(&self, reader: &Reader) -> Result<Arc<dyn Documents>, ApiError>;
    /// The body of `status --json`.
    fn status(&self, reader: &Reader) -> Result<Value, ApiError>;
    /// Lag, late arrivals and reconciliation of every feed, and the last verification: `TrailFigures` of the API.
    fn figures(&self, reader: &Reader) -> Result<Value, ApiError>;
}

/// What administrators can have done. The console itself writes nothing of the trail: whoever hands this over does.
///
/// Each is called on a thread that may block, one at a time, and goes on to its end when the one who asked goes away.
pub trait Actions: Send + Sync + 'static {
    /// Sends dead letters of a sink again, those named or all: `Retried` of the API.
    fn retry(&self, sink: &str, sequences: Option<&[u64]>) -> Result<Value, ApiError>;
    /// Lets dead letters of a sink go, those named or all; how many.
    fn drop_letters(&self, sink: &str, sequences: Option<&[u64]>) -> Result<u64, ApiError>;
    /// Recomputes the chain: `Verification` of the API.
    fn verify(&self, by: &str) -> Result<Value, ApiError>;
    /// Recomputes the chain and signs what the ledger holds: `Attestation` of the API.
    fn attest(&self, wanted: &Attest) -> Result<Value, ApiError>;
}

/// What an attestation is to be about.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attest {
    /// One feed; all of them unless given.
    pub feed: Option<String>,
    /// From when on; since when the feed is meant to be complete, unless given.
    pub from: Option<Timestamp>,
    /// Up to when; to the end of the coverage, unless given.
    pub to: Option<Timestamp>,
}

/// What exported documents are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// Elastic Common Schema.
    Ecs,
    /// Open Cybersecurity Schema Framework.
    Ocsf,
}

/// Makes documents of ledger entries, one JSON object each, without a line break.
pub trait Documents: Send + Sync {
    /// Appends the ECS document of an entry as it is, for a screen.
    fn ecs(&self, entry: &Entry, out: &mut Vec<u8>);
    /// Appends the document of an entry as the user wants it to leave the program; `false`, and nothing appended, if it is to be
    /// left out.
    fn export(&self, schema: Schema, entry: &Entry, out: &mut Vec<u8>) -> bool;
    /// The fields that the user adds on the way out, beside those of the store.
    fn added_fields(&self) -> Vec<String>;
    /// One sentence that a person can read.
    fn sentence(&self, entry: &Entry) -> String;
}

/// Readers of the ledger, opened when first needed.
pub(crate) struct Readers {
    path: PathBuf,
    idle: Arc<Mutex<Vec<Reader>>>,
}

impl Readers {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, idle: Arc::default() }
    }

    /// Does work with a reader, on a thread that may block.
    pub(crate) async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Reader) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let (path, idle) = (self.path.clone(), Arc::clone(&self.idle));
        let work = move || {
            let kept = lock(&idle).pop();
            let reader = match kept {
                Some(reader) => reader,
                None => Reader::open(&path)?,
            };
            let answer = work(&reader)?;
            let mut idle = lock(&idle);
            if idle.len() < IDLE_READERS {
                idle.push(reader);
            }
            Ok(answer)
        };
        tokio::task::spawn_blocking(work).await.map_err(ApiError::internal)?
    }
}

fn lock(idle: &Mutex<Vec<Reader>>) -> std::sync::MutexGuard<'_, Vec<Reader>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

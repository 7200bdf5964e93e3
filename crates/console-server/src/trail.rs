//! What the console asks of the rest of the program, and how it reads the ledger.
//!
//! Documents and the status report are made elsewhere: [`Trail`] is passed in. The ledger is read through a few readers
//! that are kept open between requests.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use ledger::{Entry, Reader};
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
}

/// Makes documents of ledger entries.
pub trait Documents: Send + Sync {
    /// Appends the ECS document of an entry, one JSON object without a line break.
    fn ecs(&self, entry: &Entry, out: &mut Vec<u8>);
    /// Appends the OCSF event of an entry, one JSON object without a line break.
    fn ocsf(&self, entry: &Entry, out: &mut Vec<u8>);
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

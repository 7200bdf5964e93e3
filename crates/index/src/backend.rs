//! The index as a [`Backend`]: opened when asked, followed as it grows, searched on blocking threads.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use query::{Answer, Backend, BackendKind, BackendStatus, Fields, SearchRequest, SearchResponse};
use tantivy::{Index, IndexReader, ReloadPolicy, Searcher};

use crate::{
    cache::Contributions,
    error::Error,
    folder::Folder,
    search::{self, Stop},
    source::DocumentSource,
    writer::{Cursor, cursor_of, open_for_reading},
};

/// The index in a folder, for reading. Cheap to share; works beside a writer in any process.
pub struct EmbeddedIndex {
    folder: Folder,
    fields: Arc<Fields>,
    source: Arc<dyn DocumentSource>,
    known: Arc<Contributions>,
    opened: Mutex<Option<Opened>>,
}

#[derive(Clone)]
struct Opened {
    name: String,
    changed: Option<SystemTime>,
    index: Arc<Index>,
    reader: IndexReader,
}

impl std::fmt::Debug for EmbeddedIndex {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("EmbeddedIndex").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Opened").field("name", &self.name).finish_non_exhaustive()
    }
}

impl EmbeddedIndex {
    /// The index in this folder, which may not be there yet, and what has its documents.
    pub fn new(folder: &Path, fields: Arc<Fields>, source: Arc<dyn DocumentSource>) -> Self {
        Self { folder: Folder::new(folder), fields, source, known: Arc::default(), opened: Mutex::new(None) }
    }

    /// The index as it is now.
    fn follow(&self) -> Result<Opened, Error> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let name =
            self.folder.current()?.ok_or_else(|| Error::Absent { folder: self.folder.path.clone() })?;
        let changed = std::fs::metadata(self.folder.generation(&name).join("meta.json"))
            .and_then(|meta| meta.modified())
            .ok();
        match &mut *opened {
            Some(opened) if opened.name == name => {
                // Two commits may fall within the clock's grain; a commit just now is looked for again.
                let fresh = |time: SystemTime| time.elapsed().is_ok_and(|age| age.as_secs() >= 2);
                if opened.changed != changed || !changed.is_some_and(fresh) {
                    opened.reader.reload()?;
                    opened.changed = changed;
                }
                Ok(opened.clone())
            }
            _ => {
                let index = open_for_reading(&self.folder, &name)?;
                let reader = index
                    .reader_builder()
                    .reload_policy(ReloadPolicy::Manual)
                    .doc_store_cache_num_blocks(0)
                    .try_into()?;
                Ok(opened.insert(Opened { name, changed, index, reader }).clone())
            }
        }
    }

    /// How far the index has come.
    pub fn cursor(&self) -> Result<Cursor, Error> {
        cursor_of(&self.follow()?.index)
    }

    /// How many documents it holds.
    pub fn documents(&self) -> Result<u64, Error> {
        Ok(self.searcher()?.num_docs())
    }

    /// Bytes on disk of the index that answers; 0 when there is none.
    pub fn bytes(&self) -> u64 {
        let name = self.folder.current().ok().flatten();
        name.map_or(0, |name| self.folder.bytes(&name))
    }

    /// Answers on this thread.
    pub fn search_now(&self, request: &SearchRequest) -> Result<SearchResponse, query::Error> {
        Ok(search::search(&self.searcher()?, &self.known, &*self.source, request, &Stop::default())?)
    }

    fn searcher(&self) -> Result<Searcher, Error> {
        Ok(self.follow()?.reader.searcher())
    }
}

/// Stops the work when the answer is dropped.
struct StopWhenDropped(Arc<Stop>);

impl Drop for StopWhenDropped {
    fn drop(&mut self) {
        self.0.set();
    }
}

impl Backend for EmbeddedIndex {
    fn kind(&self) -> BackendKind {
        BackendKind::Embedded
    }

    fn fields(&self) -> Arc<Fields> {
        Arc::clone(&self.fields)
    }

    fn search(&self, request: SearchRequest) -> Answer<'_, SearchResponse> {
        Box::pin(async move {
            let searcher = self.searcher()?;
            let stop = Arc::new(Stop::default());
            let guard = StopWhenDropped(Arc::clone(&stop));
            let (known, source) = (Arc::clone(&self.known), Arc::clone(&self.source));
            let work = tokio::task::spawn_blocking(move || {
                search::search(&searcher, &known, &*source, &request, &stop)
            });
            let answer = work.await;
            drop(guard);
            match answer {
                Ok(answer) => Ok(answer?),
                Err(_) => Err(query::Error::new(query::ErrorKind::Failed, "the search ended unexpectedly")
                    .with_hint("if it happens again, make the index anew: claudetrail index rebuild")),
            }
        })
    }

    fn status(&self) -> Answer<'_, BackendStatus> {
        Box::pin(async move {
            Ok(BackendStatus { documents: self.documents()?, sequence: Some(self.cursor()?.sequence) })
        })
    }
}

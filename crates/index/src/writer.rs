//! Documents into the index, with the sequence they reach in the same commit.

use std::{fs::File, path::Path, sync::Arc};

use jiff::Timestamp;
use query::{Bounds, Expression, FieldKind, FieldReference, Fields, TIMESTAMP, Test, Value};
use serde::{Deserialize, Serialize};
use tantivy::{
    Index, IndexSettings, IndexWriter, TantivyDocument,
    directory::MmapDirectory,
    indexer::{IndexWriterOptions, LogMergePolicy},
    store::Compressor,
};

use crate::{document::index_document, error::Error, folder::Folder, schema::Layout, text};

/// Segments above this are left as they are, so that no merge takes minutes.
const MAX_MERGED_DOCUMENTS: usize = 2_000_000;

/// How far the index has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Everything up to this sequence of the ledger is in it, or was older than retention keeps.
    pub sequence: u64,
    /// The id of the activity with that sequence: tells whether the ledger is still the one it was made from.
    pub anchor: String,
}

/// How much of the machine to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Catching up: two threads, a few hundred megabytes.
    Fast,
    /// Following: one thread, little memory.
    Steady,
}

impl Pace {
    fn options(self) -> IndexWriterOptions {
        let (threads, bytes) = match self {
            Self::Fast => (2, 160 << 20),
            Self::Steady => (1, 16 << 20),
        };
        IndexWriterOptions::builder()
            .num_worker_threads(threads)
            .memory_budget_per_thread(bytes)
            .num_merge_threads(1)
            .build()
    }
}

/// The one writer of an index.
pub struct Writer {
    folder: Folder,
    layout: Layout,
    /// The generation that is written.
    name: String,
    published: bool,
    index: Index,
    engine: Option<IndexWriter>,
    pace: Pace,
    /// Of the last commit.
    committed: Cursor,
    /// Of what was added since.
    pending: Cursor,
    _lock: File,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Writer")
            .field("name", &self.name)
            .field("committed", &self.committed)
            .finish_non_exhaustive()
    }
}

impl Writer {
    /// Opens the index in a folder for writing, or begins one. An index of another schema goes on answering while a new one
    /// is filled beside it; what a crash left of such a new one is taken up again.
    pub fn open(folder: &Path, fields: &Fields) -> Result<Self, Error> {
        let folder = Folder::new(folder);
        let lock = folder.lock()?;
        let layout = Layout::new(fields);
        let current = folder.current()?;
        let fits = |name: &String| name.starts_with(&layout.stamp);
        let name = match &current {
            Some(name) if fits(name) => name.clone(),
            _ => {
                folder.generations()?.into_iter().rfind(fits).unwrap_or_else(|| format!("{}-1", layout.stamp))
            }
        };
        let (index, committed) = match open_index(&folder, &name, &layout) {
            Ok(opened) => opened,
            // What a crash left unfinished, or a damaged file: begin anew.
            Err(error) if error.kind() != crate::ErrorKind::System => {
                folder.delete(&name)?;
                open_index(&folder, &name, &layout)?
            }
            Err(error) => return Err(error),
        };
        let published = current.as_ref() == Some(&name);
        let mut writer = Self {
            folder,
            layout,
            name,
            published,
            index,
            engine: None,
            pace: Pace::Steady,
            pending: committed.clone(),
            committed,
            _lock: lock,
        };
        if current.is_none() {
            writer.publish()?;
        }
        Ok(writer)
    }

    /// How far the last commit came.
    pub fn cursor(&self) -> &Cursor {
        &self.committed
    }

    /// Whether it is this index that answers; not while it is being filled beside an older one.
    pub fn is_published(&self) -> bool {
        self.published
    }

    /// Begins anew in another generation, beside the one that answers.
    pub fn restart(&mut self) -> Result<(), Error> {
        self.rest()?;
        let current = self.folder.current()?;
        let number = |name: &String| name.rsplit('-').next()?.parse::<u64>().ok();
        let last = self.folder.generations()?.iter().filter_map(number).max().unwrap_or(0);
        for old in self.folder.generations()? {
            if Some(&old) != current.as_ref() {
                self.folder.delete(&old)?;
            }
        }
        self.name = format!("{}-{}", self.layout.stamp, last + 1);
        (self.index, self.committed) = open_index(&self.folder, &self.name, &self.layout)?;
        self.pending = self.committed.clone();
        self.published = false;
        Ok(())
    }

    /// Lets this index answer, and deletes the others.
    pub fn publish(&mut self) -> Result<(), Error> {
        self.folder.publish(&self.name)?;
        self.published = true;
        for old in self.folder.generations()? {
            if old != self.name {
                self.folder.delete(&old)?;
            }
        }
        Ok(())
    }

    /// How much of the machine to use from now on. What was added must have been committed.
    pub fn set_pace(&mut self, pace: Pace) -> Result<(), Error> {
        if pace != self.pace {
            self.rest()?;
            self.pace = pace;
        }
        Ok(())
    }

    /// Gives back threads and memory until the next document; merges that are under way are waited for.
    pub fn rest(&mut self) -> Result<(), Error> {
        if let Some(engine) = self.engine.take() {
            self.pending = self.committed.clone();
            engine.wait_merging_threads()?;
        }
        Ok(())
    }

    fn engine(&mut self) -> Result<&mut IndexWriter, Error> {
        if self.engine.is_none() {
            let engine = self.index.writer_with_options::<TantivyDocument>(self.pace.options())?;
            let mut policy = LogMergePolicy::default();
            policy.set_max_docs_before_merge(MAX_MERGED_DOCUMENTS);
            policy.set_del_docs_ratio_before_merge(0.3);
            engine.set_merge_policy(Box::new(policy));
            self.engine = Some(engine);
        }
        // It was just put there.
        self.engine.as_mut().ok_or(Error::Cancelled)
    }

    /// Adds the document of an activity. Sequences must rise; one that is already in is passed over.
    pub fn add(&mut self, sequence: u64, id: &str, document: &[u8]) -> Result<(), Error> {
        if sequence <= self.pending.sequence {
            return Ok(());
        }
        let document = index_document(&self.layout, sequence, document);
        let added = self.engine().and_then(|engine| Ok(engine.add_document(document)?));
        added.map_err(|error| self.give_up(error))?;
        self.skip(sequence, id);
        Ok(())
    }

    /// Passes over an activity that is too old to be kept.
    pub fn skip(&mut self, sequence: u64, id: &str) {
        if sequence > self.pending.sequence {
            self.pending.sequence = sequence;
            id.clone_into(&mut self.pending.anchor);
        }
    }

    /// Makes everything that was added durable and findable, together with the cursor.
    pub fn commit(&mut self) -> Result<(), Error> {
        let payload = serde_json::to_string(&self.pending).unwrap_or_default();
        let committed = self.engine().and_then(|engine| {
            let mut commit = engine.prepare_commit()?;
            commit.set_payload(&payload);
            Ok(commit.commit()?)
        });
        committed.map_err(|error| self.give_up(error))?;
        self.committed = self.pending.clone();
        Ok(())
    }

    /// After a failure nothing that was added since the last commit counts: it must be added again, from the cursor on.
    fn give_up(&mut self, error: Error) -> Error {
        self.engine = None;
        self.pending = self.committed.clone();
        error
    }

    /// Removes documents from before a time, and commits. Their space is given back as segments are merged.
    pub fn forget_before(&mut self, time: Timestamp) -> Result<(), Error> {
        let Some(slot) = self.layout.root.find(TIMESTAMP).and_then(|level| level.slot) else { return Ok(()) };
        let micros = tantivy::DateTime::from_timestamp_micros(time.as_microsecond());
        let bound = std::ops::Bound::Excluded(tantivy::Term::from_field_date(slot.field, micros));
        let old = tantivy::query::RangeQuery::new(std::ops::Bound::Unbounded, bound);
        self.engine()?.delete_query(Box::new(old))?;
        self.commit()
    }

    /// Whether there are documents from before a time.
    pub fn holds_before(&self, time: Timestamp) -> Result<bool, Error> {
        let field = FieldReference { name: TIMESTAMP.into(), kind: FieldKind::Date };
        let bounds =
            Bounds { lower: std::ops::Bound::Unbounded, upper: std::ops::Bound::Excluded(Value::Time(time)) };
        let old = Expression::Field(field, Test::Within(bounds));
        let reader = self.index.reader_builder().reload_policy(tantivy::ReloadPolicy::Manual).try_into()?;
        crate::search::count(&reader.searcher(), &old).map(|count| count > 0)
    }

    /// Bytes on disk.
    pub fn bytes(&self) -> u64 {
        self.folder.bytes(&self.name)
    }
}

/// Opens or makes a generation, and says how far it came.
fn open_index(folder: &Folder, name: &str, layout: &Layout) -> Result<(Index, Cursor), Error> {
    let path = folder.generation(name);
    std::fs::create_dir_all(&path).map_err(|source| Error::File {
        step: "make a folder",
        folder: path.clone(),
        source,
    })?;
    let directory = MmapDirectory::open(&path).map_err(tantivy::TantivyError::from)?;
    let settings = IndexSettings {
        // Nothing is stored: a thread to compress it would only cost.
        docstore_compression: Compressor::None,
        docstore_compress_dedicated_thread: false,
        ..IndexSettings::default()
    };
    let mut index = Index::builder()
        .schema(layout.schema.clone())
        .settings(settings)
        .tokenizers(text::analyzers())
        .open_or_create(directory)?;
    index.set_tokenizers(text::analyzers());
    let payload = index.load_metas()?.payload;
    let cursor = payload.and_then(|payload| serde_json::from_str(&payload).ok()).unwrap_or_default();
    Ok((index, cursor))
}

/// How far the published index of a folder has come.
pub(crate) fn cursor_of(index: &Index) -> Result<Cursor, Error> {
    let payload = index.load_metas()?.payload;
    Ok(payload.and_then(|payload| serde_json::from_str(&payload).ok()).unwrap_or_default())
}

/// Opens a generation for reading.
pub(crate) fn open_for_reading(folder: &Folder, name: &str) -> Result<Arc<Index>, Error> {
    let mut index = Index::open_in_dir(folder.generation(name))?;
    index.set_tokenizers(text::analyzers());
    Ok(Arc::new(index))
}

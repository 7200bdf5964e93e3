//! The documents of the search index, which keeps none itself: made again from the ledger, by sequence, when they are shown.

use std::sync::{Arc, Mutex, PoisonError};

use index::{DocumentSource, EmbeddedIndex, SourceError};
use ledger::{EntryFilter, Reader};

use crate::{config::Settings, documents::Documents, error::Result, fields::fields};

/// Most entries read at a time.
const BATCH: usize = 1_000;

/// The search index, for asking.
pub(crate) fn index(settings: &Settings) -> EmbeddedIndex {
    let source = LedgerSource { settings: settings.clone(), opened: Mutex::new(None) };
    EmbeddedIndex::new(&settings.index_path(), fields(), Arc::new(source))
}

/// Opened when a document is first shown: what is known of addresses and user agents takes time and memory.
struct LedgerSource {
    settings: Settings,
    opened: Mutex<Option<(Reader, Documents)>>,
}

impl LedgerSource {
    fn open(&self) -> Result<(Reader, Documents)> {
        let reader = Reader::open(&self.settings.ledger_path())?;
        let documents = Documents::new(&self.settings, &reader)?;
        Ok((reader, documents))
    }
}

impl DocumentSource for LedgerSource {
    fn read(
        &self,
        sequences: &[u64],
        each: &mut dyn FnMut(u64, &[u8]),
    ) -> std::result::Result<(), SourceError> {
        let failed = |failure: crate::error::Failure| SourceError::from(failure.what());
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let (reader, documents) = match &mut *opened {
            Some(opened) => opened,
            none => none.insert(self.open().map_err(failed)?),
        };
        let mut text = Vec::new();
        // Sequences beside each other are read together.
        for run in sequences.chunk_by(|one, next| one + 1 == *next).flat_map(|run| run.chunks(BATCH)) {
            let filter = EntryFilter { up_to: run.last().copied(), ..EntryFilter::default() };
            for entry in reader.entries(run[0].saturating_sub(1), run.len(), &filter)? {
                text.clear();
                documents.write(&entry, &mut text);
                each(entry.sequence, &text);
            }
        }
        Ok(())
    }
}

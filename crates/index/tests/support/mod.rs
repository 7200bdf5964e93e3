//! Documents of the simulated organization, an index of them, and the plain way to answer questions.

#![allow(dead_code, reason = "each test file uses its part")]

pub(crate) mod naive;

use std::sync::Arc;

use index::{DocumentSource, EmbeddedIndex, SourceError, Writer};
use jiff::Timestamp;
use normalize::{Context, Normalizer};
use query::Fields;
use serde_json::Value;
use simulator::{Generated, World, WorldOptions};

/// The end of the history: what `now` means.
pub(crate) fn now() -> Timestamp {
    "2026-06-01T12:00:00Z".parse().expect("a time")
}

pub(crate) fn fields() -> Arc<Fields> {
    let known = normalize::fields::all();
    let typed = known.iter().map(|field| (field.name.as_str(), field.elasticsearch_type, field.source));
    Arc::new(Fields::of_elasticsearch_types(typed))
}

/// Activity ids and documents of some weeks, oldest first, every type among them.
pub(crate) fn documents() -> Vec<(String, Vec<u8>)> {
    documents_of(60.0, |rows| rows)
}

/// The same of so many activities a day, in the order that these are put into.
pub(crate) fn documents_of(
    activities_per_day: f64,
    arrange: impl FnOnce(Vec<Generated>) -> Vec<Generated>,
) -> Vec<(String, Vec<u8>)> {
    let start = "2026-05-11T12:00:00Z".parse().expect("a time");
    let world = World::new(WorldOptions {
        seed: 11,
        history_start: start,
        history_end: now(),
        activities_per_day,
        unknown_share: 0.1,
    });
    let mut rows = world.activities(start, now());
    rows.extend(world.one_of_each_type(now()));
    let normalizer = Normalizer::default();
    let mut documents = Vec::new();
    for (index, row) in arrange(rows).iter().enumerate() {
        let mut document = Vec::new();
        let sequence = Some(index as u64 + 1);
        normalizer.ecs(
            &row.json,
            &Context { sequence, created: Some(row.created_at), ingested: None },
            &mut document,
        );
        documents.push((row.id.clone(), document));
    }
    documents
}

/// The documents as they are, the first with sequence 1.
pub(crate) struct Given(pub(crate) Vec<(String, Vec<u8>)>);

impl DocumentSource for Given {
    fn read(&self, sequences: &[u64], each: &mut dyn FnMut(u64, &[u8])) -> Result<(), SourceError> {
        for sequence in sequences {
            if let Some((_, document)) = self.0.get(*sequence as usize - 1) {
                each(*sequence, document);
            }
        }
        Ok(())
    }
}

/// A searchable index of the documents, in several segments.
pub(crate) struct Indexed {
    pub(crate) index: EmbeddedIndex,
    pub(crate) documents: Vec<Value>,
    _folder: tempfile::TempDir,
}

impl Indexed {
    pub(crate) fn new() -> Self {
        Self::of(documents(), 400)
    }

    /// An index of these, with so many between commits.
    pub(crate) fn of(raw: Vec<(String, Vec<u8>)>, commit_every: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let fields = fields();
        let mut writer = Writer::open(folder.path(), &fields).expect("the index opens");
        for (index, (id, document)) in raw.iter().enumerate() {
            writer.add(index as u64 + 1, id, document).expect("added");
            if (index + 1).is_multiple_of(commit_every) {
                writer.commit().expect("committed");
            }
        }
        writer.commit().expect("committed");
        writer.rest().expect("merges end");
        let documents = raw
            .iter()
            .map(|(_, document)| serde_json::from_slice(document).expect("documents are JSON"))
            .collect();
        Self {
            index: EmbeddedIndex::new(folder.path(), fields, Arc::new(Given(raw))),
            documents,
            _folder: folder,
        }
    }
}

//! Which activities a command is about: by feed, time, type and actor, told from the exact bytes.

use ledger::{Entry, EntryFilter, FeedId, Reader};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    activity_types::{self, Unmatched},
    asking, cli,
    documents::Documents,
    error::{Exit, Failure, Result},
};

/// A checked `--feed`, `--type`, `--actor`, `--from`, `--to`.
#[derive(Debug)]
pub(crate) struct Selection {
    filter: EntryFilter,
    types: Vec<String>,
    actor: Option<String>,
    query: Option<query::Expression>,
}

#[derive(Deserialize)]
struct Glance<'a> {
    #[serde(rename = "type", default, borrow)]
    activity_type: std::borrow::Cow<'a, str>,
    #[serde(default, borrow)]
    actor: Option<&'a RawValue>,
}

impl Selection {
    /// Resolves the feed's name and expands the types; a name that nothing knows is an error, because it would select nothing.
    pub(crate) fn new(arguments: &cli::Selection, query: Option<&str>, reader: &Reader) -> Result<Self> {
        let feed = arguments.feed.as_deref().map(|name| find_feed(reader, name)).transpose()?;
        let types = activity_types::expand(&arguments.types).map_err(|unmatched| match unmatched {
            Unmatched::Pattern(pattern) => {
                Failure::new(Exit::Usage, format!("no known activity type matches {pattern:?}"))
            }
            Unmatched::NearMiss(name, near) => {
                Failure::new(Exit::Usage, format!("unknown activity type {name:?}"))
                    .hint(format!("did you mean {near:?}?"))
            }
        })?;
        let filter = EntryFilter { feed, from: arguments.from, to: arguments.to, up_to: None };
        let query = query.map(asking::parse).transpose()?;
        Ok(Self { filter, types, actor: arguments.actor.as_ref().map(|text| text.to_lowercase()), query })
    }

    /// What the ledger can filter by, up to a sequence.
    pub(crate) fn filter(&self, up_to: u64) -> EntryFilter {
        EntryFilter { up_to: Some(up_to), ..self.filter }
    }

    /// Whether everything that passed the filter is selected, so that no byte needs to be looked at.
    fn is_everything(&self) -> bool {
        self.types.is_empty() && self.actor.is_none() && self.query.is_none()
    }

    /// Whether the activity is one of those asked for. One that cannot be read is kept: better shown than lost.
    pub(crate) fn matches(&self, entry: &Entry, documents: &Documents) -> bool {
        if self.is_everything() {
            return true;
        }
        let Ok(glance) = serde_json::from_slice::<Glance<'_>>(&entry.raw) else { return true };
        let type_fits = self.types.is_empty() || self.types.iter().any(|name| *name == glance.activity_type);
        let actor_fits = self
            .actor
            .as_ref()
            .is_none_or(|text| glance.actor.is_some_and(|actor| actor.get().to_lowercase().contains(text)));
        type_fits && actor_fits && self.query.as_ref().is_none_or(|query| answers(query, entry, documents))
    }
}

/// Whether the entry's document matches.
fn answers(query: &query::Expression, entry: &Entry, documents: &Documents) -> bool {
    let mut document = Vec::new();
    documents.write(entry, &mut document);
    serde_json::from_slice(&document).is_ok_and(|document| query::matches(&document, query))
}

/// The `type` of an activity; empty when it has none that can be read.
pub(crate) fn activity_type(raw: &[u8]) -> String {
    serde_json::from_slice::<Glance<'_>>(raw)
        .map(|glance| glance.activity_type.into_owned())
        .unwrap_or_default()
}

pub(crate) fn find_feed(reader: &Reader, name: &str) -> Result<FeedId> {
    let feeds = reader.feeds()?;
    feeds.iter().find(|feed| feed.name == name).map(|feed| feed.id).ok_or_else(|| {
        let known: Vec<&str> = feeds.iter().map(|feed| feed.name.as_str()).collect();
        Failure::new(Exit::Usage, format!("no feed is called {name:?}"))
            .hint(format!("the ledger knows: {}", known.join(", ")))
    })
}

//! Which activities a command is about: by feed, type and actor, told from the exact bytes.

use ledger::{Entry, FeedId, Reader};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    cli,
    error::{Exit, Failure, Result},
};

/// A checked `--feed`, `--type`, `--actor`.
#[derive(Debug)]
pub(crate) struct Selection {
    /// The feed, for the ledger to filter by.
    pub(crate) feed: Option<FeedId>,
    types: Vec<String>,
    actor: Option<String>,
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
    pub(crate) fn new(arguments: &cli::Selection, reader: &Reader) -> Result<Self> {
        let feed = arguments.feed.as_deref().map(|name| find_feed(reader, name)).transpose()?;
        let mut types = Vec::new();
        for pattern in &arguments.types {
            let names = normalize::catalog::expand(pattern);
            if names.is_empty() && pattern.contains('*') {
                return Err(Failure::new(Exit::Usage, format!("no known activity type matches {pattern:?}")));
            }
            if names.is_empty()
                && let Some(near) = normalize::catalog::nearest(pattern)
            {
                return Err(Failure::new(Exit::Usage, format!("unknown activity type {pattern:?}"))
                    .hint(format!("did you mean {near:?}?")));
            }
            if names.is_empty() {
                types.push(pattern.clone());
            }
            types.extend(names.into_iter().map(str::to_owned));
        }
        Ok(Self { feed, types, actor: arguments.actor.as_ref().map(|text| text.to_lowercase()) })
    }

    /// Whether everything is selected, so that no byte needs to be looked at.
    pub(crate) fn is_everything(&self) -> bool {
        self.types.is_empty() && self.actor.is_none()
    }

    /// Whether the activity is one of those asked for. One that cannot be read is kept: better shown than lost.
    pub(crate) fn matches(&self, entry: &Entry) -> bool {
        if self.is_everything() {
            return true;
        }
        let Ok(glance) = serde_json::from_slice::<Glance<'_>>(&entry.raw) else { return true };
        let type_fits = self.types.is_empty() || self.types.iter().any(|name| *name == glance.activity_type);
        let actor_fits = self
            .actor
            .as_ref()
            .is_none_or(|text| glance.actor.is_some_and(|actor| actor.get().to_lowercase().contains(text)));
        type_fits && actor_fits
    }
}

fn find_feed(reader: &Reader, name: &str) -> Result<FeedId> {
    let feeds = reader.feeds()?;
    feeds.iter().find(|feed| feed.name == name).map(|feed| feed.id).ok_or_else(|| {
        let known: Vec<&str> = feeds.iter().map(|feed| feed.name.as_str()).collect();
        Failure::new(Exit::Usage, format!("no feed is called {name:?}"))
            .hint(format!("the ledger knows: {}", known.join(", ")))
    })
}

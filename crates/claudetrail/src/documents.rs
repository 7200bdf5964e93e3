//! Makes ECS documents of ledger entries, with each feed's own settings.

use std::collections::HashMap;

use ledger::{Entry, FeedId, Reader};
use normalize::{Context, Normalizer, NormalizerOptions};

use crate::{config::Settings, error::Result};

/// One normalizer per feed of the ledger; a feed that is no longer configured gets the defaults.
pub(crate) struct Documents {
    by_feed: HashMap<FeedId, Normalizer>,
    fallback: Normalizer,
}

impl Documents {
    pub(crate) fn new(settings: &Settings, reader: &Reader) -> Result<Self> {
        let mut by_feed = HashMap::new();
        for feed in reader.feeds()? {
            if let Some(configured) = settings.feeds.iter().find(|configured| configured.name == feed.name) {
                let options = NormalizerOptions {
                    namespace: configured.namespace.clone(),
                    tags: configured.tags.clone(),
                    preserve_original: configured.preserve_original_event,
                };
                by_feed.insert(feed.id, Normalizer::new(options));
            }
        }
        Ok(Self { by_feed, fallback: Normalizer::new(NormalizerOptions::default()) })
    }

    /// Appends the document of an entry to `out`, without a line break.
    pub(crate) fn write(&self, entry: &Entry, out: &mut Vec<u8>) {
        let normalizer = self.by_feed.get(&entry.feed).unwrap_or(&self.fallback);
        let context =
            Context { sequence: Some(entry.sequence), created: Some(entry.first_seen), ingested: None };
        normalizer.ecs(&entry.raw, &context, out);
    }
}

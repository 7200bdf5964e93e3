//! Makes documents of ledger entries, with each feed's own settings, what is known of addresses and user agents, and the
//! names that things had.
//!
//! This is the one place where a ledger entry becomes a document, so that `export`, `tail`, the index and every destination say
//! the same of it. Shared between threads by reference.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
};

use ledger::{Entry, FeedId, Reader};
use normalize::{Context, Normalizer, NormalizerOptions, Schema};

use crate::{
    config::{FeedSettings, Settings},
    enrichment::FollowedEnrichment,
    error::Result,
    names::KnownNames,
};

/// One normalizer per feed of the ledger; a feed that is no longer configured gets the defaults.
pub(crate) struct Documents {
    ledger: PathBuf,
    by_name: HashMap<String, Arc<Normalizer>>,
    by_feed: RwLock<HashMap<FeedId, Arc<Normalizer>>>,
    fallback: Arc<Normalizer>,
    enrichment: FollowedEnrichment,
    names: KnownNames,
}

impl Documents {
    pub(crate) fn new(settings: &Settings, reader: &Reader) -> Result<Self> {
        let enrichment = FollowedEnrichment::open(settings)?;
        let names = KnownNames::load(&settings.ledger_path(), reader)?;
        let normalizer = |options| {
            Arc::new(
                Normalizer::new(options)
                    .with_enrichment(enrichment.enrichment().clone())
                    .with_names(Arc::clone(names.history())),
            )
        };
        let documents = Self {
            ledger: settings.ledger_path(),
            by_name: settings
                .feeds
                .iter()
                .map(|feed| (feed.name.clone(), normalizer(options(feed))))
                .collect(),
            by_feed: RwLock::default(),
            fallback: normalizer(NormalizerOptions::default()),
            enrichment,
            names,
        };
        documents.learn(reader)?;
        Ok(documents)
    }

    /// Appends the ECS document of an entry to `out`, without a line break.
    pub(crate) fn write(&self, entry: &Entry, out: &mut Vec<u8>) {
        self.write_as(Schema::Ecs, entry, out);
    }

    /// Appends the OCSF event of an entry to `out`, without a line break.
    pub(crate) fn write_ocsf(&self, entry: &Entry, out: &mut Vec<u8>) {
        self.write_as(Schema::Ocsf, entry, out);
    }

    fn write_as(&self, schema: Schema, entry: &Entry, out: &mut Vec<u8>) {
        self.enrichment.follow();
        let normalizer = self.normalizer(entry.feed);
        let _until_written = self.names.catch_up(entry.sequence);
        normalizer.document(&entry.raw, &context(entry), out, schema);
    }

    fn normalizer(&self, feed: FeedId) -> Arc<Normalizer> {
        let known = || self.by_feed.read().unwrap_or_else(PoisonError::into_inner).get(&feed).cloned();
        if let Some(normalizer) = known() {
            return normalizer;
        }
        // A feed that came into the ledger after this was made: a collector was started beside it.
        if let Err(failure) =
            Reader::open(&self.ledger).map_err(Into::into).and_then(|reader| self.learn(&reader))
        {
            tracing::warn!("{}; its documents get default settings", failure.what());
        }
        known().unwrap_or_else(|| Arc::clone(&self.fallback))
    }

    /// Learns which number in the ledger is which feed.
    fn learn(&self, reader: &Reader) -> Result<()> {
        let mut by_feed = self.by_feed.write().unwrap_or_else(PoisonError::into_inner);
        for feed in reader.feeds()? {
            let normalizer = self.by_name.get(&feed.name).unwrap_or(&self.fallback);
            by_feed.insert(feed.id, Arc::clone(normalizer));
        }
        Ok(())
    }
}

fn context(entry: &Entry) -> Context {
    Context { sequence: Some(entry.sequence), created: Some(entry.first_seen), ingested: None }
}

fn options(feed: &FeedSettings) -> NormalizerOptions {
    NormalizerOptions {
        namespace: feed.namespace.clone(),
        tags: feed.tags.clone(),
        preserve_original: feed.preserve_original_event,
    }
}

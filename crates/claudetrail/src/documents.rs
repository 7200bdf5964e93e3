//! Makes documents of ledger entries, with each feed's own settings, what is known of addresses and user agents, and the
//! names that things had.
//!
//! This is the one place where a ledger entry becomes a document, so that `export`, `tail`, the index and every destination say
//! the same of it. What leaves the program goes through the user's processors as well ([`Documents::deliver`]). Shared between
//! threads by reference.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use jiff::Timestamp;
use ledger::{Entry, FeedId, Reader};
use normalize::{Context, Normalizer, NormalizerOptions, Schema};

use crate::{
    config::{FeedSettings, Settings},
    enrichment::FollowedEnrichment,
    error::Result,
    names::KnownNames,
    processors::{self, Processor},
};

/// One maker per feed of the ledger; a feed that is no longer configured gets the defaults.
pub(crate) struct Documents {
    ledger: PathBuf,
    by_name: HashMap<String, Arc<Maker>>,
    by_feed: RwLock<HashMap<FeedId, Arc<Maker>>>,
    fallback: Arc<Maker>,
    enrichment: FollowedEnrichment,
    names: KnownNames,
    /// Edits of every feed's documents.
    processors: Vec<Processor>,
    dropped: AtomicU64,
}

/// The tag of documents about this program's own requests.
const OWN_REQUEST: &str = "claudetrail_own_request";

/// Makes the documents of one feed.
struct Maker {
    normalizer: Normalizer,
    /// For activities that tell of this program's own requests: adds a tag.
    own_requests: Normalizer,
    /// Edits of this feed's documents.
    processors: Vec<Processor>,
}

impl Documents {
    pub(crate) fn new(settings: &Settings, reader: &Reader) -> Result<Self> {
        let enrichment = FollowedEnrichment::open(settings)?;
        let names = KnownNames::load(&settings.ledger_path(), reader)?;
        let normalizer = |options| {
            Normalizer::new(options)
                .with_enrichment(enrichment.enrichment().clone())
                .with_names(Arc::clone(names.history()))
        };
        let maker = |options: NormalizerOptions, processors| {
            let mut own = options.clone();
            own.tags.push(OWN_REQUEST.to_owned());
            let (normalizer, own_requests) = (normalizer(options), normalizer(own));
            Arc::new(Maker { normalizer, own_requests, processors })
        };
        let mut by_name = HashMap::new();
        for feed in &settings.feeds {
            let processors = processors::all(&format!("feed {:?}: processor", feed.name), &feed.processors)?;
            by_name.insert(feed.name.clone(), maker(options(feed), processors));
        }
        let documents = Self {
            ledger: settings.ledger_path(),
            by_name,
            by_feed: RwLock::default(),
            fallback: maker(NormalizerOptions::default(), Vec::new()),
            processors: processors::all("[[processor]]", &settings.processors)?,
            dropped: AtomicU64::new(0),
            enrichment,
            names,
        };
        documents.learn(reader)?;
        Ok(documents)
    }

    /// Appends the ECS document of an entry to `out`, without a line break: as it is, for our own screens.
    pub(crate) fn write(&self, entry: &Entry, out: &mut Vec<u8>) {
        self.make(Schema::Ecs, entry, None, out);
    }

    /// Appends the document of an entry to `out` as it is to leave the program, without a line break; `false`, and nothing
    /// appended, if a processor drops it. `ingested` is for a destination, whose rules sort by it.
    #[must_use]
    pub(crate) fn deliver(
        &self,
        schema: Schema,
        entry: &Entry,
        ingested: Option<Timestamp>,
        out: &mut Vec<u8>,
    ) -> bool {
        let start = out.len();
        let maker = self.make(schema, entry, ingested, out);
        let stays =
            processors::apply(&[&self.processors, &maker.processors], &entry.raw, out, start, |ecs| {
                self.make(Schema::Ecs, entry, ingested, ecs);
            });
        if !stays {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        stays
    }

    /// The fields that processors add or give a new name, of every feed.
    pub(crate) fn added_fields(&self) -> Vec<String> {
        let of_feeds = self.by_name.values().flat_map(|maker| &maker.processors);
        self.processors.iter().chain(of_feeds).flat_map(Processor::added_fields).map(str::to_owned).collect()
    }

    /// Gives memory back until the next document of a kind that was not seen yet.
    pub(crate) fn rest(&self) {
        self.enrichment.enrichment().rest();
    }

    /// How many documents processors dropped.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    fn make(
        &self,
        schema: Schema,
        entry: &Entry,
        ingested: Option<Timestamp>,
        out: &mut Vec<u8>,
    ) -> Arc<Maker> {
        self.enrichment.follow();
        let maker = self.maker(entry.feed);
        let context = Context { sequence: Some(entry.sequence), created: Some(entry.first_seen), ingested };
        let _until_written = self.names.catch_up(entry.sequence);
        let normalizer = if entry.own_read { &maker.own_requests } else { &maker.normalizer };
        normalizer.document(&entry.raw, &context, out, schema);
        maker
    }

    fn maker(&self, feed: FeedId) -> Arc<Maker> {
        let known = || self.by_feed.read().unwrap_or_else(PoisonError::into_inner).get(&feed).cloned();
        if let Some(maker) = known() {
            return maker;
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
            let maker = self.by_name.get(&feed.name).unwrap_or(&self.fallback);
            by_feed.insert(feed.id, Arc::clone(maker));
        }
        Ok(())
    }
}

fn options(feed: &FeedSettings) -> NormalizerOptions {
    NormalizerOptions {
        namespace: feed.namespace.clone(),
        tags: feed.tags.clone(),
        preserve_original: feed.preserve_original_event,
    }
}

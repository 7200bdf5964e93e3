//! A batch in, what became of each document out.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use elasticsearch::{About, Client, Error, ErrorKind, Product, Request};
use jiff::Timestamp;

use super::{SET_UP_HINT, config::Config, earlier, encode, health, request, retry};
use crate::{Batch, Document, ItemOutcome, Sink, SinkError, SinkErrorKind};

/// The sink. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ElasticsearchSink {
    pub(super) client: Client,
    pub(super) config: Arc<Config>,
    /// Namespaces whose data stream is known to be there.
    known: Arc<Mutex<HashSet<Arc<str>>>>,
    /// Batches to come that may have been sent before.
    uncertain: Arc<AtomicU32>,
}

/// Batches looked for beside those that were in flight: the next ones may be cut at other places.
const FURTHER_BATCHES: u32 = 2;

impl ElasticsearchSink {
    /// Reads certificates and checks addresses; connects to nobody yet.
    pub fn new(config: Config) -> Result<Self, Error> {
        let client = Client::new(config.client.clone())?;
        let sink =
            Self { client, config: Arc::new(config), known: Arc::default(), uncertain: Arc::default() };
        sink.may_have_sent();
        Ok(sink)
    }

    /// The client, for what else is to be done with the engine.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Sends what is not there yet, and answers for all.
    async fn try_deliver(&self, batch: &Batch) -> Result<Vec<ItemOutcome>, SinkError> {
        let there = self.there_already(batch).await.map_err(|error| retry::failure(&error))?;
        let is_there = |document: &&Document| there.contains(&*document.id);
        let documents = batch.documents.iter().filter(|document| !is_there(document)).cloned().collect();
        let rest = Batch { documents };
        let items = if rest.documents.is_empty() {
            Vec::new()
        } else {
            self.send(&rest).await.map_err(|error| retry::failure(&error))?
        };
        let mut sent = retry::outcomes(&items)?.into_iter();
        let outcome =
            |document| if is_there(&document) { Some(ItemOutcome::AlreadyThere) } else { sent.next() };
        Ok(batch.documents.iter().map_while(outcome).collect())
    }

    /// The batches to come may have been sent before.
    fn may_have_sent(&self) {
        self.uncertain.store(self.config.batches_in_flight + FURTHER_BATCHES, Ordering::Relaxed);
    }

    /// Ids of the batch that the stream holds, where they may have been sent before. Otherwise nobody is asked.
    async fn there_already(&self, batch: &Batch) -> Result<HashSet<String>, Error> {
        let certain = |left: u32| left.checked_sub(1);
        let uncertain = self.uncertain.fetch_update(Ordering::Relaxed, Ordering::Relaxed, certain).is_ok();
        if self.config.sends_again {
            return earlier::ids(&self.client, &self.config.stream, batch).await;
        }
        if !uncertain {
            return Ok(HashSet::new());
        }
        match earlier::ids(&self.client, &self.config.stream, batch).await {
            // Who delivers need not be allowed to read; then what `create` finds out by itself has to do.
            Err(error) if error.kind() == ErrorKind::Forbidden => Ok(HashSet::new()),
            other => other,
        }
    }

    async fn send(&self, batch: &Batch) -> Result<Vec<request::Item>, Error> {
        let about = self.client.about().await?;
        if about.product == Product::OpenSearch {
            self.make_sure_of_streams(batch, about).await?;
        }
        let body = encode::body(batch, &self.config.stream, Timestamp::now());
        let bulk = request::bulk(about, &self.config.pipeline, body);
        let answer = self.client.request(bulk).await?.success()?;
        request::items(&answer, batch.documents.len())
    }

    /// Makes the data stream of each namespace that is new here.
    async fn make_sure_of_streams(&self, batch: &Batch, about: &About) -> Result<(), Error> {
        let mut last = None;
        for document in &batch.documents {
            if last == Some(&document.namespace) || self.known().contains(&document.namespace) {
                continue;
            }
            last = Some(&document.namespace);
            let name = encode::stream_name(&self.config.stream, &document.namespace);
            self.make_sure_of(&name, about).await?;
            self.known().insert(Arc::clone(&document.namespace));
        }
        Ok(())
    }

    async fn make_sure_of(&self, name: &str, about: &About) -> Result<(), Error> {
        let path = format!("/_data_stream/{name}");
        let found = self.client.request(Request::get(path.clone())).await?;
        if found.is_success() {
            return Ok(());
        }
        let made = self.client.request(Request::put(path)).await?;
        let said = made.engine_error().unwrap_or_default();
        if made.is_success() || said.kind == "resource_already_exists_exception" {
            return Ok(());
        }
        if made.status != 400 {
            return made.success().map(drop);
        }
        let detail = format!("{about} cannot make the data stream {name}: {said}");
        Err(Error::new(ErrorKind::Refused, "deliver documents", detail).with_hint(SET_UP_HINT))
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashSet<Arc<str>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for ElasticsearchSink {
    async fn deliver(&self, batch: &Batch) -> Result<Vec<ItemOutcome>, SinkError> {
        let outcomes = self.try_deliver(batch).await;
        match outcomes.as_ref().map_err(|error| error.kind) {
            // It was turned away whole.
            Ok(_) | Err(SinkErrorKind::TooLarge | SinkErrorKind::Throttled) => {}
            Err(_) => {
                self.may_have_sent();
                // A stream may have been removed, or the engine exchanged for another, while it was away.
                self.known().clear();
            }
        }
        outcomes
    }

    async fn check(&self) -> Result<String, SinkError> {
        health::check(self).await.map_err(|error| retry::failure(&error))
    }
}

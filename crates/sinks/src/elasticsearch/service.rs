//! A batch in, what became of each document out.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use elasticsearch::{About, Client, Error, ErrorKind, Product, Request};
use jiff::Timestamp;

use super::{config::Config, encode, health, request, retry};
use crate::{Batch, ItemOutcome, Sink, SinkError, SinkErrorKind};

/// The sink. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ElasticsearchSink {
    pub(super) client: Client,
    pub(super) config: Arc<Config>,
    /// Namespaces whose data stream is known to be there.
    known: Arc<Mutex<HashSet<Arc<str>>>>,
}

impl ElasticsearchSink {
    /// Reads certificates and checks addresses; connects to nobody yet.
    pub fn new(config: Config) -> Result<Self, Error> {
        let client = Client::new(config.client.clone())?;
        Ok(Self { client, config: Arc::new(config), known: Arc::default() })
    }

    /// The client, for what else is to be done with the engine.
    pub fn client(&self) -> &Client {
        &self.client
    }

    async fn try_deliver(&self, batch: &Batch) -> Result<Vec<request::Item>, Error> {
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
        Err(Error::new(ErrorKind::Refused, "deliver documents", detail)
            .with_hint("make an index template of the pattern logs-anthropic.audit-* with \"data_stream\": {}; Elastic's Anthropic integration installs one"))
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashSet<Arc<str>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for ElasticsearchSink {
    async fn deliver(&self, batch: &Batch) -> Result<Vec<ItemOutcome>, SinkError> {
        let delivered = self.try_deliver(batch).await.map_err(|error| retry::failure(&error));
        let outcomes = delivered.and_then(|items| retry::outcomes(&items));
        if outcomes.as_ref().is_err_and(|error| error.kind != SinkErrorKind::TooLarge) {
            // A stream may have been removed, or the engine exchanged for another, while it was away.
            self.known().clear();
        }
        outcomes
    }

    async fn check(&self) -> Result<String, SinkError> {
        health::check(self).await.map_err(|error| retry::failure(&error))
    }
}

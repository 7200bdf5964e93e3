//! From a `[[sink]]` of the configuration to the sink that the `sinks` crate offers.

use secrecy::ExposeSecret as _;
use std::sync::Arc;

use elasticsearch::{ClientOptions, Credentials, CredentialsSource, ErrorKind, Secret, TlsOptions};
use sinks::{
    Batch, ItemOutcome, Sink, SinkError,
    elasticsearch::{Config, ElasticsearchSink},
};

use crate::{
    config::{ElasticsearchSettings, LoginSettings, Settings, SinkKind, SinkSettings},
    error::{Exit, Failure, Result},
};

/// A sink of any kind.
pub(crate) enum Destination {
    Elasticsearch(ElasticsearchSink),
}

impl Destination {
    /// Reads certificates and checks addresses; connects to nobody yet.
    pub(crate) fn new(settings: &Settings, sink: &SinkSettings) -> Result<Self> {
        Self::open(settings, sink, false)
    }

    /// The same for documents that may have been delivered long ago.
    pub(crate) fn sending_again(settings: &Settings, sink: &SinkSettings) -> Result<Self> {
        Self::open(settings, sink, true)
    }

    fn open(settings: &Settings, sink: &SinkSettings, sends_again: bool) -> Result<Self> {
        match &sink.kind {
            SinkKind::Elasticsearch(elasticsearch) => {
                let mut namespaces: Vec<String> =
                    settings.feeds.iter().map(|feed| feed.namespace.clone()).collect();
                namespaces.sort_unstable();
                namespaces.dedup();
                let config = Config {
                    client: client_options(elasticsearch),
                    stream: elasticsearch.data_stream.clone(),
                    namespaces,
                    pipeline: elasticsearch.pipeline.clone(),
                    sends_again,
                    batches_in_flight: sink.batches_in_flight as u32,
                };
                let made = ElasticsearchSink::new(config);
                made.map(Self::Elasticsearch).map_err(|error| engine_failure(&sink.name, &error))
            }
        }
    }
}

/// How to reach the engine.
pub(crate) fn client_options(settings: &ElasticsearchSettings) -> ClientOptions {
    ClientOptions {
        hosts: settings.hosts.clone(),
        credentials: Arc::new(settings.login.clone()),
        tls: TlsOptions {
            ca_file: settings.tls.ca_file.clone(),
            client_certificate_file: settings.tls.client_certificate_file.clone(),
            client_key_file: settings.tls.client_key_file.clone(),
            minimum_version_1_3: settings.tls.minimum_version_1_3,
        },
        request_timeout: settings.request_timeout,
        connect_timeout: settings.connect_timeout,
        compression: settings.compression,
        proxy: settings.proxy.clone(),
        ..ClientOptions::default()
    }
}

/// The failure of an engine.
pub(crate) fn engine_failure(name: &str, error: &elasticsearch::Error) -> Failure {
    let exit = match error.kind() {
        ErrorKind::Configuration | ErrorKind::Credentials => Exit::Usage,
        _ => Exit::Failed,
    };
    Failure::new(exit, format!("sink {name:?}: {error}")).hint(error.hint())
}

impl CredentialsSource for LoginSettings {
    fn credentials(&self) -> std::result::Result<Credentials, elasticsearch::Error> {
        let read = |what: &str, source: &crate::config::SecretSource| {
            let text = source.text().map_err(|detail| {
                let step = format!("read the {what} from {source}");
                elasticsearch::Error::new(ErrorKind::Credentials, step, detail)
            })?;
            Secret::new(text.expose_secret())
        };
        Ok(match self {
            Self::None => Credentials::None,
            Self::ApiKey(source) => Credentials::ApiKey(read("API key", source)?),
            Self::Basic { user, password } => {
                Credentials::Basic { user: user.clone(), password: read("password", password)? }
            }
            Self::Bearer(source) => Credentials::Bearer(read("bearer token", source)?),
        })
    }
}

impl Sink for Destination {
    async fn deliver(&self, batch: &Batch) -> std::result::Result<Vec<ItemOutcome>, SinkError> {
        match self {
            Self::Elasticsearch(sink) => sink.deliver(batch).await,
        }
    }

    async fn check(&self) -> std::result::Result<String, SinkError> {
        match self {
            Self::Elasticsearch(sink) => sink.check().await,
        }
    }
}

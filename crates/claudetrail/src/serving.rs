//! The console beside a running collector: its settings, what it is given, and what is said at its start.

use std::sync::{Arc, OnceLock};

use console_server::{ApiError, Console, OidcOptions, Options, Parts, SecretReader, StartError, Story};
use jiff::Timestamp;
use ledger::{Entry, Reader};
use normalize::Schema;
use query::Backend;
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{
    asking,
    commands::status,
    config::{Settings, console::OidcSettings},
    console_actions::ConsoleActions,
    delivered::Delivered,
    documents::Documents,
    error::{Exit, Failure, Result},
    feed_figures, ledger_source,
    supervisor::data_dir_failure,
};

/// Longest wait for an answer of the console.
const REQUEST_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(30);

/// What a link is good for.
pub(crate) const LINK_NOTE: &str = "opens once, within 15 minutes";

/// A console that is being served.
pub(crate) struct Serving {
    /// Its address, without a path.
    pub(crate) url: String,
    /// Opens it once; only on loopback, where whoever reads our output is its user.
    pub(crate) link: Option<String>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Serving {
    /// What the link opens: a build without the web app serves the HTTP API alone.
    pub(crate) fn what() -> &'static str {
        if console_server::has_web_app() { "Console" } else { "HTTP API" }
    }

    /// The address of screens, where there are any.
    pub(crate) fn pages(&self) -> Option<&str> {
        console_server::has_web_app().then_some(self.url.as_str())
    }

    /// Waits until the last answer is given, after `stop`.
    pub(crate) async fn ended(self) {
        match self.task.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the console ended"),
            Err(error) => tracing::error!(%error, "the console ended unexpectedly"),
        }
    }
}

/// Starts the console.
pub(crate) async fn start(
    settings: &Settings,
    stories: Vec<Story>,
    stop: CancellationToken,
) -> std::result::Result<Serving, StartError> {
    let console = &settings.console;
    let options = Options {
        listen: console.listen,
        public_url: console.public_url.clone(),
        tls: console.tls.clone(),
        trusted_proxies: console.trusted_proxies.clone(),
        oidc: console.oidc.as_ref().map(oidc),
        session_lifetime: console.session_lifetime,
        session_idle_timeout: console.session_idle_timeout,
        access_log_retention: console.access_log_retention,
        request_timeout: REQUEST_TIMEOUT,
        ledger: settings.ledger_path(),
        store: settings.console_path(),
        local_user: local_user(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        stories,
        clock: Arc::new(Timestamp::now),
    };
    let parts = Parts {
        trail: Arc::new(LedgerTrail { settings: settings.clone(), documents: OnceLock::new() }),
        backend: backend(settings)?,
        actions: Some(Arc::new(ConsoleActions::new(settings))),
    };
    let bound = Console::bind(options, parts, stop).await?;
    let url = bound.url();
    let by_link = console.listen.ip().is_loopback() && console.trusted_proxies.is_empty();
    let link = match by_link.then(|| bound.one_time_link()) {
        Some(Ok(link)) => Some(link),
        Some(Err(error)) => {
            return Err(StartError::Store {
                path: settings.console_path().display().to_string(),
                detail: error.to_string(),
            });
        }
        None => None,
    };
    Ok(Serving { url, link, task: tokio::spawn(bound.serve()) })
}

/// What answers queries: the cluster that the configuration names, or the search index that `indexing` keeps up, of which a
/// search opens what was committed last.
fn backend(settings: &Settings) -> std::result::Result<Option<Arc<dyn Backend>>, StartError> {
    if let Some(sink) = settings.answering_sink() {
        let cluster =
            asking::cluster(sink).map_err(|failure| StartError::Settings(failure.what().to_owned()))?;
        return Ok(Some(Arc::new(Delivered::new(Arc::new(cluster), settings.ledger_path(), &sink.name))));
    }
    let embedded = || Arc::new(ledger_source::index(settings)) as Arc<dyn Backend>;
    Ok(settings.index.enabled.then(embedded))
}

fn oidc(settings: &OidcSettings) -> OidcOptions {
    OidcOptions {
        issuer: settings.issuer.clone(),
        client_id: settings.client_id.clone(),
        client_secret: settings.client_secret.clone().map(|source| {
            let read = move || {
                source
                    .text()
                    .map_err(|detail| format!("cannot read the client secret from {source}: {detail}"))
            };
            Arc::new(read) as SecretReader
        }),
        scopes: settings.scopes.clone(),
        user_claim: settings.user_claim.clone(),
        groups_claim: settings.groups_claim.clone(),
        admin_groups: settings.admin_groups.clone(),
        viewer_groups: settings.viewer_groups.clone(),
        ca_file: settings.ca_file.clone(),
    }
}

/// A console that could not be started, as the end of a command.
pub(crate) fn failure(error: &StartError) -> Failure {
    let exit = match error {
        StartError::Settings(_) | StartError::Certificate { .. } => Exit::Usage,
        StartError::Store { .. } => Exit::Ledger,
        StartError::Listen { .. } => Exit::Failed,
    };
    Failure::new(exit, error).hint(error.hint())
}

/// The name that a one-time link signs in with: whoever runs the program.
fn local_user() -> String {
    ["USER", "LOGNAME", "USERNAME"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|name| !name.is_empty())
        .unwrap_or_else(|| "local".to_owned())
}

/// What the console is told of activities.
struct LedgerTrail {
    settings: Settings,
    /// Made when first needed: what is known of addresses and user agents takes memory.
    documents: OnceLock<Arc<LedgerDocuments>>,
}

impl console_server::Trail for LedgerTrail {
    fn documents(
        &self,
        reader: &Reader,
    ) -> std::result::Result<Arc<dyn console_server::Documents>, ApiError> {
        if let Some(documents) = self.documents.get() {
            return Ok(Arc::clone(documents) as Arc<dyn console_server::Documents>);
        }
        let documents =
            Documents::new(&self.settings, reader).map_err(|failure| ApiError::internal(failure.what()))?;
        let made = Arc::clone(self.documents.get_or_init(|| Arc::new(LedgerDocuments(documents))));
        Ok(made as Arc<dyn console_server::Documents>)
    }

    fn status(&self, reader: &Reader) -> std::result::Result<Value, ApiError> {
        status::report(&self.settings, reader).map_err(|failure| ApiError::internal(failure.what()))
    }

    fn figures(&self, reader: &Reader) -> std::result::Result<Value, ApiError> {
        feed_figures::report(&self.settings, reader, Timestamp::now())
            .map_err(|failure| ApiError::internal(failure.what()))
    }
}

struct LedgerDocuments(Documents);

impl console_server::Documents for LedgerDocuments {
    fn ecs(&self, entry: &Entry, out: &mut Vec<u8>) {
        self.0.write(entry, out);
    }

    fn export(&self, schema: console_server::Schema, entry: &Entry, out: &mut Vec<u8>) -> bool {
        let schema = match schema {
            console_server::Schema::Ecs => Schema::Ecs,
            console_server::Schema::Ocsf => Schema::Ocsf,
        };
        self.0.deliver(schema, entry, None, out)
    }

    fn added_fields(&self) -> Vec<String> {
        self.0.added_fields()
    }

    fn sentence(&self, entry: &Entry) -> String {
        normalize::sentence(&entry.raw)
    }
}

/// Starts the console of `run`. A port that is taken does not keep the trail from being collected: it is said, and that is all.
pub(crate) async fn beside_run(settings: &Settings, stop: CancellationToken) -> Result<Option<Serving>> {
    if !settings.console.enabled {
        return Ok(None);
    }
    std::fs::create_dir_all(&settings.data_dir).map_err(|error| data_dir_failure(settings, &error))?;
    match start(settings, Vec::new(), stop).await {
        Ok(serving) => {
            if let Some(link) = &serving.link {
                // Not a log line: logs are kept and shipped, and this opens the console.
                let what = Serving::what();
                eprintln!("{what}: {link}\n  {LINK_NOTE}; `claudetrail console link` makes another");
            } else {
                tracing::info!(url = %serving.url, "{} is served; people sign in by name", Serving::what());
            }
            Ok(Some(serving))
        }
        Err(error @ StartError::Listen { .. }) => {
            tracing::warn!(hint = error.hint(), "{error}; the trail is collected without it");
            Ok(None)
        }
        Err(error) => Err(failure(&error)),
    }
}

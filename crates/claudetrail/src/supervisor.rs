//! Runs one collector per feed on one ledger, until a signal, and stops them gracefully.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use collector::{Collector, Observer};
use feed::SystemClock;
use ledger::{Ledger, Options, Reader};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    config::Settings,
    delivery::Deliveries,
    error::{Exit, Failure, Result, chain},
    indexing::Indexing,
    names, requests, upstream,
};

/// The runtime of every command that waits for the network: two workers are plenty, the work is waiting.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Failed, format!("cannot start the runtime: {error}")))
}

/// Cancels `stop` on the first SIGINT or SIGTERM; a second one ends the process at once, which loses nothing either.
pub(crate) fn stop_on_signal(stop: CancellationToken) {
    tokio::spawn(async move {
        signal().await;
        tracing::info!("stopping; a second signal stops at once");
        stop.cancel();
        signal().await;
        std::process::exit(130);
    });
}

#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}

#[cfg(not(unix))]
async fn signal() {
    drop(tokio::signal::ctrl_c().await);
}

/// Opens the ledger and runs every feed's collector and every sink until `stop`, or until a collector cannot go on; that one stops
/// the others. With `awaits_sinks` the sinks go on until they have delivered what was collected.
pub(crate) async fn collect(
    settings: Settings,
    observer: Arc<dyn Observer>,
    stop: CancellationToken,
    awaits_sinks: bool,
) -> Result<()> {
    std::fs::create_dir_all(&settings.data_dir).map_err(|error| data_dir_failure(&settings, &error))?;
    let ledger = Arc::new(Mutex::new(Ledger::open(&settings.ledger_path(), Options::default())?));
    let end_of_names = stop.child_token();
    let names = tokio::spawn(names::keep(Arc::clone(&ledger), settings.ledger_path(), end_of_names.clone()));
    let mut deliveries = Deliveries::start(&settings)?;
    let settings = Arc::new(settings);
    // The index follows until the last collector has ended, so that what was kept can be found.
    let indexing = settings.index.enabled.then(|| Indexing::start(Arc::clone(&settings)));
    let mut collectors = JoinSet::new();
    let mut wishes = HashMap::new();
    for (feed, governor) in settings.feeds.iter().zip(upstream::Governors::of(&settings.feeds)) {
        let client = upstream::client(feed)?;
        let collector = Collector::new(
            client,
            Arc::clone(&ledger),
            SystemClock,
            upstream::collector_settings(feed),
            Arc::clone(&observer),
            governor,
        );
        wishes.insert(feed.name.clone(), collector.wishes());
        let stop = stop.clone();
        collectors.spawn(async move { collector.run(stop).await });
    }
    let picking_up = requests::pick_up(settings.data_dir.clone(), Arc::clone(&ledger), wishes);
    let picking_up = AbortOnDrop(tokio::spawn(picking_up));
    let mut outcome = Ok(());
    while let Some(ended) = collectors.join_next().await {
        let failure = match ended {
            Ok(Ok(())) => continue,
            Ok(Err(error)) => Failure::new(Exit::Ledger, chain(&error)).hint(error.hint()),
            Err(error) => Failure::new(Exit::Failed, format!("a collector ended unexpectedly: {error}")),
        };
        stop.cancel();
        outcome = outcome.and(Err(failure));
    }
    if awaits_sinks && outcome.is_ok() {
        let last = Reader::open(&settings.ledger_path())?.last_sequence()?;
        outcome = deliveries.catch_up(last).await;
    }
    let delivered = deliveries.stop().await;
    outcome = outcome.and(delivered);
    end_of_names.cancel();
    drop(names.await);
    drop(picking_up);
    if let Some(indexing) = indexing {
        indexing.end().await;
    }
    // Closing the ledger checkpoints its write-ahead log; readers need nothing but the one file afterwards.
    drop(ledger);
    outcome
}

/// A task that ends with whoever holds it.
struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The failure of a data folder that cannot be made.
pub(crate) fn data_dir_failure(settings: &Settings, error: &std::io::Error) -> Failure {
    Failure::new(
        Exit::Ledger,
        format!("cannot make the data directory {}: {error}", settings.data_dir.display()),
    )
    .hint("choose a folder that this user can write to, with data_dir or --data-dir")
}

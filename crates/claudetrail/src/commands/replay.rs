//! `replay`: sends a part of the trail to a sink again, from the ledger, with a progress bar.
//!
//! For a destination that lost data, was made anew, or should get a better mapping. It works beside a running collector and leaves
//! the sink's own cursor alone. What is there already is found out by the destination; stopping it loses nothing.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use ledger::{EntryFilter, Reader, SinkStore};
use sinks::Driver;
use tokio_util::sync::CancellationToken;

use super::dead_letters::{tell_of_dropped, unknown_sink};
use crate::{
    cli::Replay,
    config::Settings,
    delivery::{LedgerProgress, Moves, destination::Destination, driver_options, source::LedgerSource},
    display,
    documents::Documents,
    error::{Exit, Failure, Result},
    output, supervisor,
};

/// How often the bar moves.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);

pub(crate) fn run(settings: &Settings, arguments: &Replay) -> Result<()> {
    let known: Vec<String> = settings.sinks.iter().map(|sink| sink.name.clone()).collect();
    let sink = settings
        .sinks
        .iter()
        .find(|sink| sink.name == arguments.sink)
        .ok_or_else(|| unknown_sink(&arguments.sink, &known))?;
    let reader = Reader::open(&settings.ledger_path())?;
    let last = reader.last_sequence()?;
    let filter = EntryFilter { from: Some(arguments.from), ..EntryFilter::default() };
    let Some(first) = reader.entries(0, 1, &filter)?.pop() else {
        return output::print(&format!("nothing to send: no activity since {}\n", arguments.from));
    };
    let after = first.sequence - 1;
    let documents = Arc::new(Documents::new(settings, &reader)?);
    // What is asked for by name is sent, also from before the sink's own beginning.
    let everything = crate::config::SinkSettings { from: None, ..sink.clone() };
    let source = LedgerSource::open(settings, &everything, documents, Some(last))?.from(Some(arguments.from));
    let store = SinkStore::open(&settings.ledger_path())?;
    let progress = LedgerProgress::new(store, &sink.name, after, Moves::Nothing);
    let driver =
        Driver::new(Destination::sending_again(settings, sink)?, progress, after, driver_options(sink));
    let dropped = source.dropped();
    let sent = supervisor::runtime()?.block_on(send(driver, source, after, last));
    tell_of_dropped(dropped.load(Ordering::Relaxed));
    sent
}

async fn send(
    driver: Driver<Destination, LedgerProgress>,
    source: LedgerSource,
    after: u64,
    last: u64,
) -> Result<()> {
    let stop = CancellationToken::new();
    supervisor::stop_on_signal(stop.clone());
    let status = driver.status();
    let bar = display::progress_bar("sending {wide_bar} {percent}% {msg} {per_sec} ETA {eta}", last - after);
    let running = tokio::spawn(driver.run(source, stop.clone()));
    let mut told = None;
    while status().cursor < last && !running.is_finished() && !stop.is_cancelled() {
        let now = status();
        bar.set_position(now.cursor - after);
        let failure = now.failure.map(|failure| format!("{}\n  hint: {}", failure.message, failure.hint));
        if failure.is_some() && failure != told {
            bar.suspend(|| tracing::warn!("{}", failure.as_deref().unwrap_or_default()));
            told = failure;
        }
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
    let interrupted = stop.is_cancelled();
    stop.cancel();
    let ended = running.await.map_err(|error| Failure::new(Exit::Failed, error))?;
    bar.finish_and_clear();
    ended.map_err(|error| Failure::new(Exit::Ledger, &error).hint(&error.hint))?;
    let done = status();
    output::print(&format!(
        "{} delivered, {} already there, {} refused\n",
        display::count(done.delivered),
        display::count(done.already_there),
        display::count(done.refused)
    ))?;
    if interrupted && done.cursor < last {
        return Err(Failure::new(
            Exit::Failed,
            format!("stopped after {} of {}", done.cursor - after, last - after),
        )
        .hint("run it again; what is there already is not sent a second time into the index"));
    }
    Ok(())
}

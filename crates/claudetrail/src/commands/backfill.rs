//! `backfill`: fetch a stretch of the past, whoever collects.
//!
//! The wish is left as a file first, so that no stop can lose it. Where another process holds the ledger, that one does the work, beside
//! its live tail, and this command watches; where none does, this command collects until the stretch is complete. Either way the
//! progress is read from the ledger, and the same command, or `run`, goes on after any stop.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use collector::{Event, Observer};
use indicatif::ProgressBar;
use jiff::{SignedDuration, Timestamp};
use ledger::{Coverage, Interval, Ledger, Options, Reader};
use tokio_util::sync::CancellationToken;

use crate::{
    cli::Backfill,
    config::{FeedSettings, Settings},
    display,
    error::{Exit, Failure, Result},
    output,
    requests::{self, BackfillRequest, Request},
    supervisor, time_argument,
};

/// How often the ledger is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Without any progress for so long, the process that collects may be gone.
const PATIENCE: Duration = Duration::from_secs(10);

/// Failures in a row of what may pass by itself before a backfill of one's own is given up: some minutes.
const MOST_FAILURES: u32 = 10;

pub(crate) fn run(settings: &Settings, arguments: &Backfill) -> Result<()> {
    let requests = wanted(settings, arguments, time_argument::now())?;
    let failed = |error| supervisor::data_dir_failure(settings, &error);
    std::fs::create_dir_all(&settings.data_dir).map_err(failed)?;
    let leave =
        |request: &BackfillRequest| requests::leave(&settings.data_dir, &Request::Backfill(request.clone()));
    let left = requests.iter().map(leave);
    let left = left.collect::<std::io::Result<Vec<PathBuf>>>().map_err(failed)?;
    if arguments.detach {
        return output::print(
            "requested: whoever collects fetches it; `claudetrail status` shows the rest as a gap\n",
        );
    }
    supervisor::runtime()?.block_on(see_through(settings, &requests, left))
}

/// One request for each feed that is meant.
fn wanted(settings: &Settings, arguments: &Backfill, now: Timestamp) -> Result<Vec<BackfillRequest>> {
    let gte = arguments.from;
    if gte >= arguments.to.unwrap_or(now).min(now) {
        let to = arguments.to.map_or_else(|| "now".to_owned(), |to| format!("--to {to}"));
        return Err(Failure::new(Exit::Usage, format!("--from {gte} is not before {to}"))
            .hint("give the earlier time to --from; times are RFC 3339, a date, or an age such as 90d"));
    }
    let meant =
        settings.feeds.iter().filter(|feed| arguments.feed.as_ref().is_none_or(|name| feed.name == *name));
    let request = |feed: &FeedSettings| {
        // The newest stretch is the live tail's, which claims nothing that has not settled, and asks again what has aged a little.
        let mut young = feed.timing.settle + feed.timing.overlap_floor;
        if arguments.again {
            young = young.max(feed.reconcile_after.iter().min().copied().unwrap_or_default());
        }
        let young = SignedDuration::try_from(young).unwrap_or_default();
        let settled = now.checked_sub(young).unwrap_or(now);
        let lt = arguments.to.unwrap_or(settled).min(settled).max(gte);
        BackfillRequest { feed: feed.name.clone(), gte, lt, again: arguments.again }
    };
    let meant: Vec<&FeedSettings> = meant.collect();
    if let Some(never) = meant.iter().find(|feed| arguments.again && feed.reconcile_after.is_empty()) {
        let sentence = format!("feed {:?} never asks again: its reconcile_after is empty", never.name);
        return Err(Failure::new(Exit::Usage, sentence).hint("give it at least one age, such as \"24h\""));
    }
    let requests: Vec<BackfillRequest> = meant.into_iter().map(request).collect();
    if requests.is_empty() {
        let names: Vec<&str> = settings.feeds.iter().map(|feed| feed.name.as_str()).collect();
        let name = arguments.feed.as_deref().unwrap_or_default();
        return Err(Failure::new(Exit::Usage, format!("no feed is named {name:?}"))
            .hint(format!("the configuration has {}", names.join(", "))));
    }
    Ok(requests)
}

/// Until the stretch is complete: watches whoever collects, or collects.
async fn see_through(settings: &Settings, requests: &[BackfillRequest], left: Vec<PathBuf>) -> Result<()> {
    let stop = CancellationToken::new();
    supervisor::stop_on_signal(stop.clone());
    let mut progress = Progress::new(settings, requests, left);
    while !progress.look() {
        if stop.is_cancelled() {
            return progress.interrupted();
        }
        if progress.idle() > PATIENCE || !progress.anyone_collects {
            progress.anyone_collects = !writer_is_free(settings)?;
            if !progress.anyone_collects {
                collect(settings, requests, &mut progress, &stop).await?;
                continue;
            }
            progress.moved_at = Instant::now();
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
    progress.finished()
}

fn writer_is_free(settings: &Settings) -> Result<bool> {
    match Ledger::open(&settings.ledger_path(), Options::default()) {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.kind(), ledger::ErrorKind::Locked { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Collects the feeds that are meant until all is there, or until told to stop.
async fn collect(
    settings: &Settings,
    requests: &[BackfillRequest],
    progress: &mut Progress<'_>,
    stop: &CancellationToken,
) -> Result<()> {
    let mut settings = settings.clone();
    settings.feeds.retain(|feed| requests.iter().any(|request| request.feed == feed.name));
    let done = stop.child_token();
    let watch = Arc::new(Watch { stop: done.clone(), failure: Mutex::default() });
    let observer = Arc::clone(&watch) as Arc<dyn Observer>;
    let mut collecting = tokio::spawn(supervisor::collect(settings, observer, done.clone(), false));
    let outcome = loop {
        tokio::select! {
            ended = &mut collecting => break ended,
            () = tokio::time::sleep(LOOK_EVERY) => {
                if progress.look() {
                    done.cancel();
                }
            }
        }
    };
    outcome.map_err(|error| {
        Failure::new(Exit::Failed, format!("the collector stopped unexpectedly: {error}"))
    })??;
    let failure = watch.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
    failure.map_or(Ok(()), Err)
}

/// Gives up on what a person has to mend, and on what does not mend by itself.
struct Watch {
    stop: CancellationToken,
    failure: Mutex<Option<Failure>>,
}

impl Observer for Watch {
    fn observe(&self, event: &Event) {
        let Event::Failed { feed, kind, message, hint, needs_a_hand, failures, .. } = event else { return };
        if *needs_a_hand || *failures >= MOST_FAILURES {
            let failure = Failure::new(super::run::exit_of(kind), format!("feed {feed:?}: {message}"));
            *self.failure.lock().unwrap_or_else(PoisonError::into_inner) =
                Some(failure.hint(format!("{hint}; what was fetched is kept, and the same command goes on")));
            self.stop.cancel();
        }
    }
}

/// How far it has come, as the ledger tells.
struct Progress<'a> {
    settings: &'a Settings,
    requests: &'a [BackfillRequest],
    /// The requests on their way to the ledger: until it has them, what was asked before says nothing of what is wanted now.
    left: Vec<PathBuf>,
    bar: ProgressBar,
    started: Instant,
    /// Share done and activities kept when first looked.
    at_first: Option<(f64, u64)>,
    share: f64,
    activities: u64,
    moved_at: Instant,
    anyone_collects: bool,
}

impl<'a> Progress<'a> {
    fn new(settings: &'a Settings, requests: &'a [BackfillRequest], left: Vec<PathBuf>) -> Self {
        let bar = display::progress_bar("{wide_bar} {percent}%  {msg}", 1_000_000);
        let now = Instant::now();
        Self {
            settings,
            requests,
            left,
            bar,
            started: now,
            at_first: None,
            share: 0.0,
            activities: 0,
            moved_at: now,
            anyone_collects: false,
        }
    }

    fn idle(&self) -> Duration {
        self.moved_at.elapsed()
    }

    /// Reads the ledger, and shows what it tells; `true` when all is there. A ledger that is not there yet tells nothing.
    fn look(&mut self) -> bool {
        let Ok(reader) = Reader::open(&self.settings.ledger_path()) else { return false };
        let Ok(feeds) = reader.feeds() else { return false };
        let (mut done, mut whole, mut activities) = (0.0, 0.0, 0);
        let mut told = String::new();
        for request in self.requests {
            let wanted = Interval { gte: request.gte, lt: request.lt };
            whole += seconds(&wanted);
            let Some(feed) = feeds.iter().find(|feed| feed.name == request.feed) else { continue };
            let coverage: Coverage = feed.coverage.iter().copied().collect();
            let coverage = if request.again {
                let whole: Coverage = std::iter::once(wanted).collect();
                coverage.subtract(&whole.subtract(&self.asked_again(&reader, feed)))
            } else {
                coverage
            };
            let missing: f64 = coverage.gaps(wanted).iter().map(seconds).sum();
            done += seconds(&wanted) - missing;
            activities += feed.activities;
            told = told_of(&reader, feed);
        }
        let share = if whole > 0.0 { done / whole } else { 1.0 };
        if share > self.share || activities > self.activities {
            self.moved_at = Instant::now();
        }
        (self.share, self.activities) = (share, activities);
        let (share_at_first, activities_at_first) = *self.at_first.get_or_insert((share, activities));
        let elapsed = self.started.elapsed().as_secs_f64().max(0.001);
        let fetched = activities - activities_at_first;
        let left = (share > share_at_first)
            .then(|| elapsed * (1.0 - share) / (share - share_at_first))
            .and_then(|left| Duration::try_from_secs_f64(left).ok());
        let left = left.map_or_else(|| "…".to_owned(), display::span);
        self.bar.set_position((share * 1_000_000.0) as u64);
        self.bar.set_message(format!(
            "{} activities, {}/s, {left} left{told}",
            display::count(fetched),
            display::count((fetched as f64 / elapsed) as u64),
        ));
        share >= 1.0
    }

    /// What of a feed was asked again since that was requested. The least age tells: what is due there is due at all it has reached.
    fn asked_again(&self, reader: &Reader, feed: &ledger::FeedStatus) -> Coverage {
        let settings = self.settings.feeds.iter().find(|settings| settings.name == feed.name);
        let least = settings.and_then(|settings| settings.reconcile_after.iter().min().copied());
        if self.left.iter().any(|request| request.exists()) {
            return Coverage::new();
        }
        let Some((least, by_age)) = least.zip(reader.reconciled(feed.id).ok()) else {
            return Coverage::new();
        };
        // What was asked at a greater age was asked at the least.
        by_age.range(least..).flat_map(|(_, asked)| asked.intervals()).copied().collect()
    }

    fn interrupted(&self) -> Result<()> {
        self.bar.finish_and_clear();
        output::print(&format!(
            "stopped at {:.1} %; the request is kept: `claudetrail run`, or the same command, goes on with it\n",
            self.share * 100.0
        ))
    }

    fn finished(&self) -> Result<()> {
        self.bar.finish_and_clear();
        let (_, before) = self.at_first.unwrap_or_default();
        let fetched = self.activities - before;
        let elapsed = self.started.elapsed();
        let (first, last) = (self.requests.first(), self.requests.iter().map(|request| request.lt).max());
        let (gte, lt) = (first.map_or(Timestamp::MIN, |request| request.gte), last.unwrap_or(Timestamp::MAX));
        output::print(&format!(
            "complete {} → {}: {} activities fetched in {}\n",
            display::minute(gte),
            display::minute(lt),
            display::count(fetched),
            display::span(elapsed)
        ))
    }
}

/// What the collector says of the budget, and of what stops it.
fn told_of(reader: &Reader, feed: &ledger::FeedStatus) -> String {
    if let Some(failure) = &feed.last_error {
        return format!("; {}: {}", failure.kind, failure.message);
    }
    let reports = reader.reports(feed.id).unwrap_or_default();
    let budget = reports.iter().find(|report| report.topic == "budget");
    let budget: Option<serde_json::Value> = budget.and_then(|report| serde_json::from_str(&report.text).ok());
    budget.map_or_else(String::new, |budget| {
        format!("; budget {} of {} a minute", budget["ours_per_minute"], budget["limit_per_minute"])
    })
}

fn seconds(interval: &Interval) -> f64 {
    let length: SignedDuration = interval.lt.duration_since(interval.gte);
    length.as_secs_f64()
}

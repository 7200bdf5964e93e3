//! `run`: collect until told to stop.
//!
//! What fails at the very start and cannot heal by waiting ends the program with its reason; later failures are recorded
//! in the ledger, logged once with their hint, and retried for as long as it takes.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use collector::{Event, Observer};
use feed::{ErrorKind, KeySource};
use tokio_util::sync::CancellationToken;

use crate::{
    cli::Run,
    config::Settings,
    error::{Exit, Failure, Result},
    serving, supervisor,
};

pub(crate) fn run(settings: &Settings, arguments: &Run) -> Result<()> {
    for feed in &settings.feeds {
        // A key that cannot even be read is a mistake of set-up: say so before anything is written.
        feed.api_key.key().map_err(Failure::from)?;
    }
    let stop = CancellationToken::new();
    let watch = Arc::new(Watch::new(settings, arguments.once, stop.clone()));
    tracing::info!(feeds = settings.feeds.len(), ledger = %settings.ledger_path().display(), "collecting");
    supervisor::runtime()?.block_on(async {
        supervisor::stop_on_signal(stop.clone());
        // Catching up for a scheduler is nothing to watch.
        let serving = if arguments.once { None } else { serving::beside_run(settings, stop.clone()).await? };
        let collected = supervisor::collect(
            settings.clone(),
            Arc::clone(&watch) as Arc<dyn Observer>,
            stop.clone(),
            arguments.once,
        )
        .await;
        stop.cancel();
        if let Some(serving) = serving {
            serving.ended().await;
        }
        collected
    })?;
    watch.outcome()
}

/// With `--once`, failures in a row of what may pass by itself before it is given up: half a minute in all.
const ATTEMPTS_OF_ONCE: u32 = 6;

/// Decides from the collectors' events whether the program should end by itself.
struct Watch {
    once: bool,
    feeds: usize,
    stop: CancellationToken,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Per feed: whether it has ever answered, and whether it has nothing more to do or has given up (`--once`).
    seen: HashMap<String, Seen>,
    failure: Option<Failure>,
}

#[derive(Default, Clone, Copy)]
struct Seen {
    answered: bool,
    /// Nothing that is wanted is missing, or it was given up.
    caught_up: bool,
    /// The transparency log was checked, need not be now, or cannot be.
    logs_settled: bool,
}

impl Seen {
    fn is_done(self) -> bool {
        self.caught_up && self.logs_settled
    }
}

impl Watch {
    fn new(settings: &Settings, once: bool, stop: CancellationToken) -> Self {
        // An unreadable or absent ledger has no feed that ever answered; what is wrong with it is said when it is opened to write.
        let known = ledger::Reader::open(&settings.ledger_path())
            .and_then(|reader| reader.feeds())
            .unwrap_or_default();
        let answered = |name: &str| known.iter().any(|feed| feed.name == name && feed.last_poll.is_some());
        let seen = settings.feeds.iter().map(|feed| {
            let logs_settled = !feed.transparency_log.enabled;
            let seen = Seen { answered: answered(&feed.name), logs_settled, ..Seen::default() };
            (feed.name.clone(), seen)
        });
        let seen = seen.collect();
        Self { once, feeds: settings.feeds.len(), stop, state: Mutex::new(State { seen, failure: None }) }
    }

    fn outcome(&self) -> Result<()> {
        self.lock().failure.take().map_or(Ok(()), Err)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn note(&self, feed: &str, change: impl FnOnce(&mut Seen)) {
        let mut state = self.lock();
        change(state.seen.entry(feed.to_owned()).or_default());
        self.stop_when_done(&state);
    }

    /// A key that the API refuses from the first day on is a mistake of set-up; with `--once` nothing waits for long for healing.
    fn failed(&self, feed: &str, kind: &str, message: &str, hint: &str, patient: bool) {
        let mut state = self.lock();
        let key_refused = exit_of(kind) == Exit::Key;
        let seen = state.seen.entry(feed.to_owned()).or_default();
        let hopeless = key_refused && !seen.answered && self.feeds == 1;
        if !(hopeless || (self.once && !patient)) {
            return;
        }
        (seen.caught_up, seen.logs_settled) = (true, true);
        if state.failure.is_none() {
            state.failure = Some(Failure::new(exit_of(kind), format!("feed {feed:?}: {message}")).hint(hint));
        }
        self.stop_when_done(&state);
    }

    fn stop_when_done(&self, state: &State) {
        let done = state.seen.values().filter(|seen| seen.is_done()).count();
        if (self.once && done >= self.feeds) || (!self.once && state.failure.is_some()) {
            self.stop.cancel();
        }
    }
}

impl Observer for Watch {
    fn observe(&self, event: &Event) {
        match event {
            Event::Polled { feed, .. } => self.note(feed, |seen| seen.answered = true),
            Event::CaughtUp { feed } => self.note(feed, |seen| {
                seen.answered = true;
                seen.caught_up = true;
            }),
            Event::LogsSettled { feed } => self.note(feed, |seen| seen.logs_settled = true),
            Event::Failed { feed, kind, message, hint, needs_a_hand, failures, .. } => {
                let patient = !needs_a_hand && *failures < ATTEMPTS_OF_ONCE;
                self.failed(feed, kind, message, hint, patient);
            }
            _ => {}
        }
    }
}

/// The exit code that a kind of failure leads to.
pub(super) fn exit_of(kind: &str) -> Exit {
    const KEY: [ErrorKind; 6] = [
        ErrorKind::KeyMissing,
        ErrorKind::KeyInvalid,
        ErrorKind::KeyExpired,
        ErrorKind::KeyUnavailable,
        ErrorKind::ScopeMissing,
        ErrorKind::Forbidden,
    ];
    if KEY.iter().any(|key| key.as_str() == kind) { Exit::Key } else { Exit::Upstream }
}

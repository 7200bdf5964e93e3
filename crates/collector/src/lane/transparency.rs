//! The fourth lane: the vendor's transparency logs, checked once a day beside the live tail.
//!
//! A check finds the rows that should stand in a log, fetches the latest checkpoint with the proof that it extends the one that was
//! kept, and then the proof of every row that is not proven yet. What holds is kept in the ledger's chain; what does not is a break:
//! kept in the chain as well, with what was served, and told at error level. A log that cannot be read is a failure: told, kept for
//! `status`, and tried again. The first check waits until the trail has been filled up to the present, so that it sees all rows.

use std::{future::Future, sync::Arc, time::Duration};

use feed::{
    Clock, ErrorKind, Flaw, FlawKind, LogAnswer, LogCheckpoint, LogKey, LoggedActivity, Transport,
    organization_of,
};
use ledger::{Checkpoint, EntryFilter, Failure, Ledger, LoggedRow, NewBreak, NewCheckpoint};
use tracing::{error, info, warn};

use super::{Feed, elapsed};
use crate::{
    Error, Event, Priority, TransparencySettings,
    parent::parent_number,
    setback::Setback,
    transparency::{
        self, FORMER_LOG, due_in, former_logs, is_former, is_overdue, logged_row, may_be_withheld, origins,
    },
};

/// The longest that the first check waits for the past to be filled in.
const LONGEST_WAIT_FOR_THE_PAST: Duration = Duration::from_hours(1);

/// How often it is looked whether the past is filled in.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Longest wait after a failure.
const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// Activities looked through in one step of the ledger.
const ROWS_PER_STEP: usize = 2_000;

/// How often a proof is asked for again because the log grew meanwhile.
const GROWTHS: u32 = 5;

const HINT: &str = "this is a finding about the vendor's log, not about this machine: keep the ledger, and give what \
                    `claudetrail verify --json` says under transparency to your account representative";

/// Why a check of a log did not come to its end.
enum Halt {
    Stopped,
    /// It cannot be read now.
    Failed(Box<Setback>),
    /// It is that of a parent organization that the key is no longer one of.
    Former,
    /// The log does not hold as a whole: what is wrong, and what was served.
    Broken(Flaw, String),
    Fatal(Box<Error>),
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Self::Fatal(Box::new(error))
    }
}

/// The checkpoint that everything is proven under now.
struct Current {
    number: u64,
    checkpoint: LogCheckpoint,
}

/// What a check of one log has found.
#[derive(Default)]
struct Tally {
    proven: u64,
    waiting: u64,
    breaks: u64,
}

/// Checks logs for as long as the feed is followed.
pub(crate) async fn follow<T: Transport, C: Clock>(feed: &Feed<T, C>) -> Result<(), Error> {
    let Some(settings) = &feed.settings.transparency else { return Ok(()) };
    if wait_for_the_past(feed).await {
        return Ok(());
    }
    let mut failures = 0_u32;
    loop {
        let Some(outcome) = round(feed, settings, failures).await? else { return Ok(()) };
        feed.tell(&Event::LogsSettled { feed: Arc::clone(&feed.name) });
        let (wait, failed) = outcome;
        failures = if failed { failures.saturating_add(1) } else { 0 };
        if feed.pause(wait.max(LOOK_EVERY)).await {
            return Ok(());
        }
    }
}

/// `true` when told to stop meanwhile.
async fn wait_for_the_past<T: Transport, C: Clock>(feed: &Feed<T, C>) -> bool {
    let began = feed.clock.now();
    loop {
        let clocks = feed.clocks();
        let caught_up = {
            let trail = feed.trail();
            trail.live && trail.missing(clocks).is_empty()
        };
        if caught_up || elapsed(began, feed.clock.now()) >= LONGEST_WAIT_FOR_THE_PAST {
            return false;
        }
        if feed.pause(LOOK_EVERY).await {
            return true;
        }
    }
}

/// Checks what is due, and says how long to wait and whether something failed; `None` when told to stop.
async fn round<T: Transport, C: Clock>(
    feed: &Feed<T, C>,
    settings: &TransparencySettings,
    failures: u32,
) -> Result<Option<(Duration, bool)>, Error> {
    if !find_rows(feed).await? {
        return Ok(None);
    }
    let (id, base, scope) = (feed.id, feed.settings.scope.clone(), feed.scope.clone());
    let read = move |ledger: &mut Ledger| {
        let reader = ledger.reader()?;
        let rows = reader.logged_rows(id)?;
        let parent = |scope: &str| parent_number(&base, scope);
        let is_present = |row: &LoggedRow| {
            let of = reader.scope_of(row.sequence)?.and_then(|scope| parent(&scope));
            // Rows from before another address or filter are no sign of another parent.
            Ok(of.is_none() || of == parent(&scope))
        };
        let former = former_logs(&rows, is_present)?;
        Ok((rows, reader.log_checks(id)?, reader.proven_leaves(id)?, former))
    };
    let Some((rows, checks, proven, former)) = feed.insist("reading what should be in the log", read).await?
    else {
        return Ok(None);
    };
    if !tell_unplaced(feed, &rows).await? {
        return Ok(None);
    }
    let is_proven =
        |row: &LoggedRow| proven.binary_search_by_key(&row.sequence, |leaf| leaf.sequence).is_ok();
    let (mut wait, mut failed) = (settings.interval, false);
    for origin in origins(settings, &rows) {
        let own: Vec<LoggedRow> =
            rows.iter().filter(|row| row.origin.as_ref() == Some(&origin)).cloned().collect();
        let open: Vec<LoggedRow> = own.iter().filter(|row| !is_proven(row)).cloned().collect();
        let waits = open.iter().any(|row| row.waits_since.is_some());
        let check = checks.iter().find(|check| check.origin == origin);
        let due = due_in(check, waits, settings.interval, feed.clock.now());
        if !due.is_zero() {
            wait = wait.min(due);
            continue;
        }
        let log = Log {
            feed,
            origin: &origin,
            organization: organization_of(&origin),
            keys: Vec::new(),
            may_be_former: former.contains(&origin),
            size_before: 0,
        };
        let outcome = check_log(log, settings, &own, &open).await;
        let known = check.is_some_and(is_former);
        let Some(next) = conclude(feed, &origin, outcome, failures, known).await? else { return Ok(None) };
        wait = wait.min(next.sooner_than_usual.unwrap_or(settings.interval));
        failed |= next.failed;
    }
    Ok(Some((wait, failed)))
}

/// Looks through the activities that came since for those that should stand in a log; `false` when told to stop.
async fn find_rows<T: Transport, C: Clock>(feed: &Feed<T, C>) -> Result<bool, Error> {
    let id = feed.id;
    let step = move |ledger: &mut Ledger| {
        let reader = ledger.reader()?;
        let known = reader.logged_rows_known(id)?;
        let entries = reader.entries(
            known,
            ROWS_PER_STEP,
            &EntryFilter { feed: Some(id), ..EntryFilter::default() },
        )?;
        let Some(last) = entries.last() else { return Ok(false) };
        let rows: Vec<LoggedRow> = entries.iter().filter_map(logged_row).collect();
        ledger.note_logged_rows(id, last.sequence, &rows)?;
        Ok(true)
    };
    loop {
        match feed.insist("looking for what should be in the log", step).await? {
            None => return Ok(false),
            Some(true) => {}
            Some(false) => return Ok(true),
        }
    }
}

/// Rows that belong to no log that could be named are breaks; `false` when told to stop.
async fn tell_unplaced<T: Transport, C: Clock>(feed: &Feed<T, C>, rows: &[LoggedRow]) -> Result<bool, Error> {
    for row in rows.iter().filter(|row| row.origin.is_none()) {
        let Some(raw) = activity(feed, row.sequence).await? else { return Ok(false) };
        let flaw = transparency::unplaced(&raw);
        if record(feed, "unknown", &flaw, Some(row.sequence), "").await?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// When a log is looked at again.
#[derive(Default)]
struct Again {
    sooner_than_usual: Option<Duration>,
    failed: bool,
}

/// Keeps how a check went; `None` when told to stop.
async fn conclude<T: Transport, C: Clock>(
    feed: &Feed<T, C>,
    origin: &str,
    outcome: Result<Tally, Halt>,
    failures: u32,
    known_as_former: bool,
) -> Result<Option<Again>, Error> {
    let now = feed.clock.now();
    let mut again = Again::default();
    let failure = match outcome {
        Err(Halt::Stopped) => return Ok(None),
        Err(Halt::Fatal(error)) => return Err(*error),
        Err(Halt::Failed(setback)) => {
            let wait = setback.wait(failures.saturating_add(1), LONGEST_WAIT);
            again = Again { sooner_than_usual: Some(wait), failed: true };
            tell_failure(feed, origin, &setback, wait);
            Some(setback.as_failure(now))
        }
        Err(Halt::Former) => {
            if !known_as_former {
                info!(feed = %feed.name, log = origin, "the transparency log is that of a former parent organization: what was proven stays, and no more can be");
            }
            let (kind, message) =
                (FORMER_LOG.to_owned(), "the key is one of another parent organization".to_owned());
            Some(Failure { at: now, kind, message, hint: String::new(), request_id: None })
        }
        Err(Halt::Broken(flaw, evidence)) => {
            if record(feed, origin, &flaw, None, &evidence).await?.is_none() {
                return Ok(None);
            }
            None
        }
        Ok(tally) => {
            let Tally { proven, waiting, breaks } = tally;
            info!(feed = %feed.name, log = origin, proven, waiting, breaks, "transparency log checked");
            again.sooner_than_usual = (waiting > 0).then_some(transparency::LOOK_AGAIN);
            None
        }
    };
    let (id, log) = (feed.id, origin.to_owned());
    let step = move |ledger: &mut Ledger| ledger.note_log_check(id, &log, failure.as_ref(), now);
    Ok(feed.insist("noting a check of the log", step).await?.map(|()| again))
}

fn tell_failure<T: Transport, C: Clock>(feed: &Feed<T, C>, origin: &str, setback: &Setback, wait: Duration) {
    let (kind, hint, retry_in) = (setback.kind.as_str(), setback.hint.as_str(), wait.as_secs_f64());
    warn!(feed = %feed.name, log = origin, kind, error = setback.message, hint, retry_in, "the transparency log cannot be checked");
}

/// Keeps a break and tells of it; `None` when told to stop.
async fn record<T: Transport, C: Clock>(
    feed: &Feed<T, C>,
    origin: &str,
    flaw: &Flaw,
    sequence: Option<u64>,
    evidence: &str,
) -> Result<Option<()>, Error> {
    let kind = flaw.kind.as_str();
    error!(feed = %feed.name, log = origin, kind, sequence, error = flaw.detail, hint = HINT, "the transparency log does not hold");
    let found = NewBreak {
        origin: origin.to_owned(),
        kind: kind.to_owned(),
        sequence,
        detail: flaw.detail.clone(),
        evidence: evidence.to_owned(),
    };
    let (id, now) = (feed.id, feed.clock.now());
    let step = move |ledger: &mut Ledger| ledger.record_break(id, &found, now);
    Ok(feed.insist("keeping a break of the log", step).await?.map(drop))
}

/// The exact bytes of an activity; `None` when told to stop.
async fn activity<T: Transport, C: Clock>(
    feed: &Feed<T, C>,
    sequence: u64,
) -> Result<Option<Vec<u8>>, Error> {
    let id = feed.id;
    let step = move |ledger: &mut Ledger| {
        let filter = EntryFilter { feed: Some(id), up_to: Some(sequence), ..EntryFilter::default() };
        let found = ledger.reader()?.entries(sequence - 1, 1, &filter)?.pop();
        Ok(found.map_or_else(Vec::new, |entry| entry.raw))
    };
    feed.insist("reading an activity", step).await
}

/// One log: its checkpoint, then every row of it that is not proven.
async fn check_log<T: Transport, C: Clock>(
    log: Log<'_, T, C>,
    settings: &TransparencySettings,
    rows: &[LoggedRow],
    open: &[LoggedRow],
) -> Result<Tally, Halt> {
    let Some((log, mut current)) = log.begin(settings, rows).await? else { return Ok(Tally::default()) };
    let mut tally = Tally::default();
    let covered = log.feed.trail().coverage.clone();
    for row in open {
        let flaw = match row.leaf_index {
            None if may_be_withheld(row, rows, log.size_before, &covered) => {
                let detail =
                    "it names no place in the log, and the log has a place of its time that no row names";
                Some((Flaw::new(FlawKind::RowWithoutLeaf, detail), String::new()))
            }
            None => None,
            Some(index) => log.prove(&mut current, row, index, &mut tally).await?,
        };
        if let Some((flaw, evidence)) = flaw {
            tally.breaks += 1;
            record(log.feed, log.origin, &flaw, Some(row.sequence), &evidence).await?.ok_or(Halt::Stopped)?;
        }
    }
    Ok(tally)
}

/// One log being checked.
struct Log<'a, T: Transport, C: Clock> {
    feed: &'a Feed<T, C>,
    origin: &'a str,
    organization: &'a str,
    /// Those of the log's keys that are trusted.
    keys: Vec<LogKey>,
    /// Nothing that the present key has brought belongs to it, so it is no wonder when that key does not see it.
    may_be_former: bool,
    /// Leaves that it had at the check before: their rows have been shown long since.
    size_before: u64,
}

impl<T: Transport, C: Clock> Log<'_, T, C> {
    /// Fetches keys and checkpoint; `None` when there is no log yet, and no row says that there should be.
    async fn begin(
        mut self,
        settings: &TransparencySettings,
        rows: &[LoggedRow],
    ) -> Result<Option<(Self, Current)>, Halt> {
        let kept = self.kept().await?;
        self.size_before = kept.as_ref().map_or(0, |kept| kept.tree_size);
        let keys = match self.ask(self.feed.client.log_keys(self.organization)).await? {
            Ok(answer) => answer.content,
            Err(error) => {
                let should_be_there = kept.is_some() || rows.iter().any(|row| row.leaf_index.is_some());
                return match error.kind() {
                    ErrorKind::LogNotFound if !should_be_there => Ok(None),
                    ErrorKind::LogNotFound | ErrorKind::Forbidden if self.may_be_former => Err(Halt::Former),
                    _ => Err(failed(&error)),
                };
            }
        };
        self.keys = keys.into_iter().filter(|key| key.is_among(&settings.trusted_keys)).collect();
        let current = self.latest(kept).await?;
        Ok(Some((self, current)))
    }

    /// The checkpoint kept last.
    async fn kept(&self) -> Result<Option<Checkpoint>, Halt> {
        let (id, origin) = (self.feed.id, self.origin.to_owned());
        let step = move |ledger: &mut Ledger| {
            let checkpoints = ledger.reader()?.checkpoints(id)?;
            Ok(checkpoints.into_iter().rfind(|checkpoint| checkpoint.origin == origin))
        };
        self.feed.insist("reading the checkpoint kept", step).await?.ok_or(Halt::Stopped)
    }

    /// The latest checkpoint, proven to extend the kept one, and kept in turn if it says more.
    async fn latest(&self, kept: Option<Checkpoint>) -> Result<Current, Halt> {
        let Some(kept) = kept else {
            let note = self.insist_on(self.feed.client.log_checkpoint(self.organization)).await?;
            return self.accept(&note, None, &[]).await;
        };
        let older = LogCheckpoint::parse(&kept.note).map_err(|flaw| Halt::Broken(flaw, kept.note.clone()))?;
        let current = Current { number: kept.number, checkpoint: older };
        if current.checkpoint.size() == 0 {
            let note = self.insist_on(self.feed.client.log_checkpoint(self.organization)).await?;
            return self.accept(&note, Some(&current), &[]).await;
        }
        let asked = self.feed.client.log_consistency(self.organization, current.checkpoint.size());
        match self.ask(asked).await? {
            Ok(answer) => {
                self.accept(&answer.content.checkpoint, Some(&current), &answer.content.hashes).await
            }
            // The API refuses to prove that it extends a larger log than it has: its checkpoint says which it has.
            Err(error) if error.kind() == ErrorKind::BadRequest => {
                let note = self.insist_on(self.feed.client.log_checkpoint(self.organization)).await?;
                self.accept(&note, Some(&current), &[]).await
            }
            Err(error) => Err(failed(&error)),
        }
    }

    /// Judges a checkpoint; one that says more than the former is kept.
    async fn accept(&self, note: &str, former: Option<&Current>, proof: &[u8]) -> Result<Current, Halt> {
        let broken = |flaw| Halt::Broken(flaw, note.to_owned());
        let checkpoint = LogCheckpoint::parse(note).map_err(broken)?;
        let key = checkpoint.verify(self.origin, &self.keys).map_err(broken)?;
        if let Some(former) = former {
            checkpoint
                .extends(&former.checkpoint, proof)
                .map_err(|flaw| Halt::Broken(flaw, format!("{note}\n{}", former.checkpoint.note())))?;
            if checkpoint.agrees_with(&former.checkpoint) {
                return Ok(Current { number: former.number, checkpoint });
            }
        }
        let (id, now, size) = (self.feed.id, self.feed.clock.now(), checkpoint.size());
        let (origin, text, key, proof) =
            (self.origin.to_owned(), note.to_owned(), key.der().to_vec(), proof.to_vec());
        let step = move |ledger: &mut Ledger| {
            let new = NewCheckpoint {
                origin: &origin,
                tree_size: size,
                note: &text,
                public_key: &key,
                consistency: &proof,
            };
            ledger.accept_checkpoint(id, &new, now)
        };
        let number = self.feed.insist("keeping a checkpoint", step).await?.ok_or(Halt::Stopped)?;
        Ok(Current { number, checkpoint })
    }

    /// Proves a row, or says what is wrong with it, with what was served; one that the log does not cover yet waits.
    async fn prove(
        &self,
        current: &mut Current,
        row: &LoggedRow,
        index: u64,
        tally: &mut Tally,
    ) -> Result<Option<(Flaw, String)>, Halt> {
        let raw = activity(self.feed, row.sequence).await?.ok_or(Halt::Stopped)?;
        let entry = match LoggedActivity::read(&raw) {
            Ok(read) => read.entry,
            Err(flaw) => return Ok(Some((flaw, String::new()))),
        };
        for _ in 0..GROWTHS {
            if index >= current.checkpoint.size() {
                return self.waits(row, tally).await;
            }
            let proof = match self.ask(self.feed.client.log_inclusion(self.organization, index)).await? {
                Ok(answer) => answer.content,
                Err(error) if error.kind() == ErrorKind::LogNotFound => return self.waits(row, tally).await,
                Err(error) => return Err(failed(&error)),
            };
            let under = LogCheckpoint::parse(&proof.checkpoint)
                .and_then(|under| under.verify(self.origin, &self.keys).map(drop).map(|()| under))
                .map_err(|flaw| Halt::Broken(flaw, proof.checkpoint.clone()))?;
            if !under.agrees_with(&current.checkpoint) {
                // It grew: what is new has to be linked to what is known before it counts. Two logs of one size are a fork.
                *current = self.latest(self.kept().await?).await?;
                if under.size() == current.checkpoint.size() {
                    let broken = |flaw| Halt::Broken(flaw, proof.checkpoint.clone());
                    under.extends(&current.checkpoint, &[]).map_err(broken)?;
                }
                continue;
            }
            if let Err(flaw) = current.checkpoint.includes(&entry, index, &proof.hashes) {
                return Ok(Some((flaw, proof.checkpoint)));
            }
            let (number, sequence, now) = (current.number, row.sequence, self.feed.clock.now());
            let step =
                move |ledger: &mut Ledger| ledger.prove_leaf(number, sequence, index, &proof.hashes, now);
            self.feed.insist("keeping a proof", step).await?.ok_or(Halt::Stopped)?;
            tally.proven += 1;
            return Ok(None);
        }
        let detail = "the log grew each time that a proof was asked for";
        Err(failed(&feed::Error::new(ErrorKind::UnexpectedPage, detail)))
    }

    /// The log does not cover the row: for a while that is its own delay.
    async fn waits(&self, row: &LoggedRow, tally: &mut Tally) -> Result<Option<(Flaw, String)>, Halt> {
        let (sequence, now) = (row.sequence, self.feed.clock.now());
        if is_overdue(row, now) {
            let hours = transparency::PATIENCE.as_secs() / 3_600;
            let detail = format!("the log does not cover it {hours} hours after it was first asked for");
            return Ok(Some((Flaw::new(FlawKind::NotIncluded, detail), String::new())));
        }
        tally.waiting += 1;
        let step = move |ledger: &mut Ledger| ledger.note_waiting(sequence, now);
        self.feed.insist("noting what waits for the log", step).await?.ok_or(Halt::Stopped)?;
        Ok(None)
    }

    /// One request, when the budget allows it.
    async fn ask<R>(
        &self,
        asked: impl Future<Output = Result<LogAnswer<R>, feed::Error>>,
    ) -> Result<Result<LogAnswer<R>, feed::Error>, Halt> {
        let feed = self.feed;
        let answer = feed.when_permitted(Priority::Reconcile, asked).await.ok_or(Halt::Stopped)?;
        feed.account(answer.as_ref().map(|answer| &answer.exchange));
        Ok(answer)
    }

    /// The same for an answer that must come.
    async fn insist_on<R>(
        &self,
        asked: impl Future<Output = Result<LogAnswer<R>, feed::Error>>,
    ) -> Result<R, Halt> {
        self.ask(asked).await?.map(|answer| answer.content).map_err(|error| failed(&error))
    }
}

fn failed(error: &feed::Error) -> Halt {
    Halt::Failed(Box::new(Setback::of_request(error)))
}

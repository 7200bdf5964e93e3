//! `dead-letters`: activities that a destination would not take: see them, send them again, or let them go.
//!
//! Works beside a running collector. A letter is read from the ledger anew when it is sent again, so a better mapping, of ours or of
//! the destination's, is what makes the difference.

use std::sync::atomic::Ordering;

use ledger::{DeadLetter, EntryFilter, Reader, Refused, SinkStore};
use serde_json::json;
use sinks::{Batch, Document, ItemOutcome, Sink as _, SinkError};

use crate::{
    cli::{DeadLetters, DeadLettersOf, DropDeadLetters, ListDeadLetters},
    config::{Settings, SinkSettings},
    delivery::{destination::Destination, sink_failure, source::LedgerSource},
    display,
    documents::Documents,
    error::{Exit, Failure, Result},
    output, supervisor,
};

/// Letters read and sent at a time.
const BATCH: usize = 500;

/// Times that letters are sent which the destination is too busy for.
const ROUNDS: u32 = 6;

pub(crate) fn run(settings: &Settings, command: &DeadLetters) -> Result<()> {
    match command {
        DeadLetters::List(arguments) => list(settings, arguments),
        DeadLetters::Retry(arguments) => retry(settings, arguments),
        DeadLetters::Drop(arguments) => drop_letters(settings, arguments),
    }
}

/// The names asked for: one, or every sink that the ledger knows.
fn names(reader: &Reader, asked: Option<&str>) -> Result<Vec<String>> {
    let known: Vec<String> = reader.sinks()?.into_iter().map(|sink| sink.name).collect();
    match asked {
        None => Ok(known),
        Some(name) if known.iter().any(|known| known == name) => Ok(vec![name.to_owned()]),
        Some(name) => Err(unknown_sink(name, &known)),
    }
}

/// The failure of a name that no sink has.
pub(crate) fn unknown_sink(name: &str, known: &[String]) -> Failure {
    let hint = match known {
        [] => "no sink has delivered anything yet; a [[sink]] in the configuration makes one".to_owned(),
        names => format!("the sinks are {}", names.join(", ")),
    };
    Failure::new(Exit::Usage, format!("there is no sink {name:?}")).hint(hint)
}

fn list(settings: &Settings, arguments: &ListDeadLetters) -> Result<()> {
    let reader = Reader::open(&settings.ledger_path())?;
    let mut left = arguments.limit;
    for name in names(&reader, arguments.of.sink.as_deref())? {
        for letter in letters(&reader, &name, &arguments.of.sequences, left)? {
            left -= 1;
            output::print(&line(&reader, &letter, arguments.json)?)?;
        }
    }
    Ok(())
}

fn line(reader: &Reader, letter: &DeadLetter, as_json: bool) -> Result<String> {
    let entry = reader.entries(letter.sequence.saturating_sub(1), 1, &EntryFilter::default())?.pop();
    let (id, sentence) =
        entry.map_or_else(Default::default, |entry| (entry.id, normalize::sentence(&entry.raw)));
    let DeadLetter { sink, sequence, reason, refused_at, attempts } = letter;
    if as_json {
        let value = json!({
            "sink": sink, "sequence": sequence, "id": id, "message": sentence, "reason": reason,
            "refused_at": refused_at.to_string(), "attempts": attempts,
        });
        return Ok(format!("{value}\n"));
    }
    let palette = output::stdout_palette();
    Ok(format!(
        "{} {} {id}  {sentence}\n  {} at {}, {attempts} {}\n",
        palette.bold(sink),
        sequence,
        palette.bad(&reason.replace(['\n', '\r'], " ")),
        display::time(*refused_at),
        if *attempts == 1 { "attempt" } else { "attempts" },
    ))
}

/// Letters of a sink: the named sequences, or all, at most `limit`.
fn letters(reader: &Reader, sink: &str, sequences: &[u64], limit: usize) -> Result<Vec<DeadLetter>> {
    if sequences.is_empty() {
        return Ok(reader.dead_letters(sink, 0, limit)?);
    }
    let mut found = Vec::new();
    for sequence in sequences.iter().take(limit) {
        let next = reader.dead_letters(sink, sequence.saturating_sub(1), 1)?;
        found.extend(next.into_iter().filter(|letter| letter.sequence == *sequence));
    }
    Ok(found)
}

/// What a retry came to.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) delivered: u64,
    pub(crate) already_there: u64,
    pub(crate) refused: u64,
    pub(crate) busy: u64,
    /// Why the last one was refused or put off.
    pub(crate) reason: String,
}

fn retry(settings: &Settings, arguments: &DeadLettersOf) -> Result<()> {
    let reader = Reader::open(&settings.ledger_path())?;
    let runtime = supervisor::runtime()?;
    let mut failed = Tally::default();
    for name in names(&reader, arguments.sink.as_deref())? {
        let Some(tally) = retry_sink(settings, &reader, &name, &arguments.sequences, runtime.handle())?
        else {
            continue;
        };
        output::print(&format!(
            "{name}: {} delivered, {} already there, {} refused again, {} put off\n",
            display::count(tally.delivered),
            display::count(tally.already_there),
            display::count(tally.refused),
            display::count(tally.busy),
        ))?;
        failed.refused += tally.refused + tally.busy;
        failed.reason = if tally.reason.is_empty() { failed.reason } else { tally.reason };
    }
    if failed.refused == 0 {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Finding,
        format!("{} stay dead letters; such as: {}", failed.refused, failed.reason),
    )
    .hint("mend what the reason names, such as a mapping, and run it again"))
}

/// Sends letters of a sink again, those named or all; `None` when it has none of them.
pub(crate) fn retry_sink(
    settings: &Settings,
    reader: &Reader,
    name: &str,
    sequences: &[u64],
    runtime: &tokio::runtime::Handle,
) -> Result<Option<Tally>> {
    let letters = letters(reader, name, sequences, usize::MAX)?;
    if letters.is_empty() {
        return Ok(None);
    }
    let sink = settings.sinks.iter().find(|sink| sink.name == name).ok_or_else(|| {
        sink_failure(name, "it has dead letters and is not configured any more")
            .hint("configure it again, or let them go with `claudetrail dead-letters drop`")
    })?;
    runtime.block_on(send_again(settings, sink, reader, &letters)).map(Some)
}

async fn send_again(
    settings: &Settings,
    sink: &SinkSettings,
    reader: &Reader,
    letters: &[DeadLetter],
) -> Result<Tally> {
    let documents = std::sync::Arc::new(Documents::new(settings, reader)?);
    let everything = SinkSettings { from: None, ..sink.clone() };
    let mut source = LedgerSource::open(settings, &everything, documents, None)?;
    let destination = Destination::sending_again(settings, sink)?;
    let mut store = SinkStore::open(&settings.ledger_path())?;
    let mut tally = Tally::default();
    let bar = display::progress_bar("sending {wide_bar} {pos} of {len}", letters.len() as u64);
    for some in letters.chunks(BATCH) {
        let mut batch = Batch::default();
        for letter in some {
            let entries = reader.entries(letter.sequence.saturating_sub(1), 1, &EntryFilter::default())?;
            for entry in entries.iter().filter(|entry| entry.sequence == letter.sequence) {
                batch.documents.extend(source.document(entry)?);
            }
        }
        let refused = deliver(&destination, batch, &mut tally)
            .await
            .map_err(|error| sink_failure(&sink.name, &error.message).hint(&error.hint))?;
        let tried: Vec<u64> = some.iter().map(|letter| letter.sequence).collect();
        let refused: Vec<Refused<'_>> =
            refused.iter().map(|(sequence, reason)| Refused { sequence: *sequence, reason }).collect();
        store.retried(&sink.name, &tried, &refused, jiff::Timestamp::now())?;
        bar.inc(some.len() as u64);
    }
    bar.finish_and_clear();
    tell_of_dropped(source.dropped().load(Ordering::Relaxed));
    Ok(tally)
}

/// Says how many documents processors kept from being sent.
pub(super) fn tell_of_dropped(dropped: u64) {
    if dropped > 0 {
        eprintln!("{} activities were left out by [[processor]]", display::count(dropped));
    }
}

/// Sends a batch, again a few times where the destination is busy or away for a moment; says what is still refused.
async fn deliver(
    destination: &Destination,
    batch: Batch,
    tally: &mut Tally,
) -> std::result::Result<Vec<(u64, String)>, SinkError> {
    let mut left = batch.documents;
    let mut refused = Vec::new();
    for round in 0..ROUNDS {
        if left.is_empty() {
            break;
        }
        if round > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(250 << round)).await;
        }
        let batch = Batch { documents: std::mem::take(&mut left) };
        let last = round + 1 == ROUNDS;
        let outcomes = match destination.deliver(&batch).await {
            Err(error) if error.kind.may_pass() && !last => {
                left = batch.documents;
                continue;
            }
            other => other?,
        };
        for (document, outcome) in batch.documents.into_iter().zip(outcomes) {
            sort(document, outcome, last, tally, &mut refused, &mut left);
        }
    }
    Ok(refused)
}

fn sort(
    document: Document,
    outcome: ItemOutcome,
    last: bool,
    tally: &mut Tally,
    refused: &mut Vec<(u64, String)>,
    left: &mut Vec<Document>,
) {
    match outcome {
        ItemOutcome::Delivered => tally.delivered += 1,
        ItemOutcome::AlreadyThere => tally.already_there += 1,
        ItemOutcome::Retry { .. } if !last => left.push(document),
        ItemOutcome::Retry { reason, .. } => {
            tally.busy += 1;
            tally.reason.clone_from(&reason);
            refused.push((document.sequence, reason));
        }
        ItemOutcome::Refused { reason } => {
            tally.refused += 1;
            tally.reason.clone_from(&reason);
            refused.push((document.sequence, reason));
        }
    }
}

fn drop_letters(settings: &Settings, arguments: &DropDeadLetters) -> Result<()> {
    let reader = Reader::open(&settings.ledger_path())?;
    if arguments.sequences.is_empty() && !arguments.all {
        return Err(Failure::new(Exit::Usage, "which ones?").hint("name them with --sequence, or say --all"));
    }
    let name = names(&reader, Some(&arguments.sink))?.remove(0);
    let some = (!arguments.all).then_some(arguments.sequences.as_slice());
    let dropped = SinkStore::open(&settings.ledger_path())?.drop_letters(&name, some)?;
    output::print(&format!("{name}: {} let go; the activities stay in the ledger\n", display::count(dropped)))
}

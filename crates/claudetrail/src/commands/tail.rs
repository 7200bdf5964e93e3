//! `tail`: the newest activities as sentences, and with `-f` those that follow.

use std::{
    io::{self, Write},
    time::Duration,
};

use jiff::Timestamp;
use ledger::{Entry, Reader};

use crate::{
    cli::{Tail, TailFormat},
    commands::export::raw_line,
    config::Settings,
    display::{self, Palette},
    documents::Documents,
    error::Result,
    output,
    selection::{Selection, activity_type},
};

/// How often the ledger is looked at for news. Reading its last sequence costs microseconds.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);
/// Entries looked through at a time, forward and backward.
const BATCH: u64 = 2_000;

pub(crate) fn run(settings: &Settings, arguments: &Tail) -> Result<()> {
    let reader = Reader::open(&settings.ledger_path())?;
    let printer = Printer {
        selection: Selection::new(&arguments.selection, arguments.query.as_deref(), &reader)?,
        documents: Documents::new(settings, &reader)?,
        format: arguments.format,
        palette: output::stdout_palette(),
    };
    let mut seen = reader.last_sequence()?;
    let newest = printer.newest(&reader, seen, arguments.limit)?;
    if !printer.print(newest.iter().rev())? || !arguments.follow {
        return Ok(());
    }
    loop {
        std::thread::sleep(LOOK_INTERVAL);
        // One look at the end of the ledger bounds what is read after it: what arrives meanwhile is for the next look.
        let last = reader.last_sequence()?;
        while seen < last {
            let entries = reader.entries(seen, BATCH as usize, &printer.selection.filter(last))?;
            let full = entries.len() as u64 == BATCH;
            seen = entries.last().filter(|_| full).map_or(last, |entry| entry.sequence);
            if !printer
                .print(entries.iter().filter(|entry| printer.selection.matches(entry, &printer.documents)))?
            {
                return Ok(());
            }
        }
    }
}

/// What a line looks like.
pub(crate) fn sentence_line(created_at: Timestamp, raw: &[u8], palette: Palette) -> String {
    let sentence = normalize::sentence(raw);
    let activity_type = activity_type(raw);
    let failed = activity_type.ends_with("_failed");
    let sentence = if failed { palette.bad(&sentence) } else { sentence };
    format!("{}  {sentence}  {}", palette.dim(&display::time(created_at)), palette.dim(&activity_type))
}

struct Printer {
    selection: Selection,
    documents: Documents,
    format: TailFormat,
    palette: Palette,
}

impl Printer {
    /// The newest `limit` selected entries, newest first, searched backwards in batches.
    fn newest(&self, reader: &Reader, last: u64, limit: usize) -> Result<Vec<Entry>> {
        let mut found = Vec::new();
        let mut upper = last;
        while upper > 0 && found.len() < limit {
            let after = upper.saturating_sub(BATCH);
            let mut entries = reader.entries(after, BATCH as usize, &self.selection.filter(upper))?;
            entries.retain(|entry| self.selection.matches(entry, &self.documents));
            found.extend(entries.into_iter().rev());
            upper = after;
        }
        found.truncate(limit);
        Ok(found)
    }

    /// Prints entries; `false` when the reader of our output has gone away.
    fn print<'a>(&self, entries: impl Iterator<Item = &'a Entry>) -> Result<bool> {
        let mut stdout = io::stdout().lock();
        let mut text = Vec::new();
        for entry in entries {
            match self.format {
                TailFormat::Text => {
                    text.extend(sentence_line(entry.created_at, &entry.raw, self.palette).into_bytes());
                }
                TailFormat::Raw => raw_line(&entry.raw, &mut text),
                TailFormat::Ecs => self.documents.write(entry, &mut text),
            }
            text.push(b'\n');
        }
        match stdout.write_all(&text).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            other => output::finish(other).map(|()| true),
        }
    }
}

//! `export`: activities in ledger sequence, as exact bytes or as documents: lines, or rows of a table.
//!
//! Reads in batches beside a running collector; what arrives after the export began is left to the next one.

mod records;
mod table;

use std::{
    fs::File,
    io::{self, BufWriter, IsTerminal, Write},
};

use indicatif::ProgressBar;
use ledger::Reader;

use records::Records;

use crate::{
    cli::{Export, ExportFormat, ExportSchema},
    config::Settings,
    display,
    documents::Documents,
    error::{Exit, Failure, Result},
    output,
    selection::Selection,
};

/// Entries read from the ledger at a time: a few megabytes.
const BATCH: usize = 5_000;

pub(crate) fn run(settings: &Settings, arguments: &Export) -> Result<()> {
    if let (Some(from), Some(to)) = (arguments.selection.from, arguments.selection.to)
        && from >= to
    {
        return Err(Failure::new(Exit::Usage, format!("--from {from} is not before --to {to}")));
    }
    let has_columns = arguments.format != ExportFormat::Ndjson;
    if has_columns && arguments.schema.is_some_and(|schema| schema != ExportSchema::Ecs) {
        return Err(
            Failure::new(Exit::Usage, "only documents have columns").hint("leave --schema out, or say ecs")
        );
    }
    if arguments.format == ExportFormat::Parquet && arguments.output.is_none() && io::stdout().is_terminal() {
        return Err(Failure::new(Exit::Usage, "parquet is nothing to read on a terminal")
            .hint("write it to a file: --output activities.parquet"));
    }
    let reader = Reader::open(&settings.ledger_path())?;
    let selection = Selection::new(&arguments.selection, arguments.query.as_deref(), &reader)?;
    let documents = Documents::new(settings, &reader)?;
    let last = reader.last_sequence()?;
    let progress = progress(arguments, last);
    let result = match &arguments.output {
        None => output::finish(write(
            &reader,
            arguments,
            last,
            &selection,
            &documents,
            &progress,
            &mut io::stdout(),
        )?),
        Some(path) => {
            let failed = |error: &io::Error| output::write_failure(&path.display().to_string(), error);
            let mut file = File::create(path).map_err(|error| failed(&error))?;
            write(&reader, arguments, last, &selection, &documents, &progress, &mut file)?
                .map_err(|error| failed(&error))?;
            file.sync_all().map_err(|error| failed(&error))
        }
    };
    progress.finish_and_clear();
    if documents.dropped() > 0 {
        eprintln!("{} activities were left out by [[processor]]", display::count(documents.dropped()));
    }
    result
}

/// The outer result is the ledger's, the inner one the output's.
fn write(
    reader: &Reader,
    arguments: &Export,
    last: u64,
    selection: &Selection,
    documents: &Documents,
    progress: &ProgressBar,
    output: &mut (dyn Write + Send),
) -> Result<io::Result<()>> {
    let filter = selection.filter(last);
    let mut records = match Records::new(arguments, BufWriter::with_capacity(1 << 20, output)) {
        Ok(records) => records,
        Err(error) => return Ok(Err(error)),
    };
    let mut after = 0;
    loop {
        let entries = reader.entries(after, BATCH, &filter)?;
        let Some(newest) = entries.last() else { break };
        after = newest.sequence;
        for entry in entries.iter().filter(|entry| selection.matches(entry, documents)) {
            if let Err(error) = records.write(entry, documents) {
                return Ok(Err(error));
            }
        }
        progress.set_position(after);
    }
    Ok(records.finish())
}

/// Appends an activity on one line: line breaks become spaces.
pub(crate) fn raw_line(raw: &[u8], line: &mut Vec<u8>) {
    line.extend(raw.iter().map(|&byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }));
}

/// A bar on a terminal when the data goes elsewhere.
fn progress(arguments: &Export, total: u64) -> ProgressBar {
    let data_elsewhere = arguments.output.is_some() || !io::stdout().is_terminal();
    if !data_elsewhere {
        return ProgressBar::hidden();
    }
    display::progress_bar("exporting {wide_bar} {percent}% {msg} ETA {eta}", total)
        .with_message(format!("of {}", display::count(total)))
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_activity_stays_on_one_line() {
        let mut line = Vec::new();
        super::raw_line(b"{\n  \"a\": \"b\\n\"\r\n}", &mut line);
        assert_eq!(line, b"{   \"a\": \"b\\n\"  }");
    }
}

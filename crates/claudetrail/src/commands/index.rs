//! `index`: the search index itself: how far it is, and making it anew.

use ledger::Reader;
use serde_json::{Value as Json, json};

use crate::{
    asking,
    cli::{IndexCommand, IndexStatus},
    config::Settings,
    display,
    error::Result,
    indexing::Pump,
    ledger_source, output,
};

pub(crate) fn run(settings: &Settings, command: &IndexCommand) -> Result<()> {
    match command {
        IndexCommand::Status(arguments) => status(settings, arguments),
        IndexCommand::Rebuild => rebuild(settings),
    }
}

/// How far the index that answers is.
pub(crate) struct Progress {
    pub(crate) documents: u64,
    /// The last activity that is in it.
    pub(crate) sequence: u64,
    /// Activities behind the ledger.
    pub(crate) behind: u64,
    pub(crate) bytes: u64,
}

impl Progress {
    /// Looks at it beside whoever writes it.
    pub(crate) fn read(settings: &Settings, last: u64) -> std::result::Result<Self, index::Error> {
        let index = ledger_source::index(settings);
        let sequence = index.cursor()?.sequence;
        let behind = last.saturating_sub(sequence);
        Ok(Self { documents: index.documents()?, sequence, behind, bytes: index.bytes() })
    }

    pub(crate) fn report(&self) -> Json {
        json!({
            "documents": self.documents, "sequence": self.sequence, "behind": self.behind, "bytes": self.bytes,
        })
    }

    /// `482,057 documents, 140 MB, up to date`.
    pub(crate) fn text(&self) -> String {
        let freshness = match self.behind {
            0 => "up to date".to_owned(),
            behind => format!("{} activities behind the ledger", display::count(behind)),
        };
        format!("{} documents, {}, {freshness}", display::count(self.documents), display::bytes(self.bytes))
    }
}

fn status(settings: &Settings, arguments: &IndexStatus) -> Result<()> {
    let last = Reader::open(&settings.ledger_path())?.last_sequence()?;
    let progress = Progress::read(settings, last)?;
    let folder = settings.index_path();
    if arguments.json {
        let mut report = progress.report();
        report["folder"] = json!(folder);
        return output::print(&format!("{report:#}\n"));
    }
    output::print(&format!("{}\n{}\n", progress.text(), folder.display()))
}

/// Makes the index anew beside the one that answers, and then lets it answer.
fn rebuild(settings: &Settings) -> Result<()> {
    let started = std::time::Instant::now();
    let mut pump = Pump::open(settings)?;
    pump.restart()?;
    asking::catch_up(&mut pump, "making the search index anew")?;
    pump.finish()?;
    let progress = Progress::read(settings, 0)?;
    output::print(&format!(
        "{} documents in {}, {} on disk\n",
        display::count(progress.documents),
        display::span(started.elapsed()),
        display::bytes(progress.bytes),
    ))
}

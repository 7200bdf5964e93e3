//! `index`: the search index itself: how far it is, and making it anew.

use ledger::Reader;
use query::SearchRequest;
use serde_json::json;

use crate::{
    asking,
    cli::{IndexCommand, IndexStatus},
    config::Settings,
    display,
    error::Result,
    indexing::Pump,
    ledger_source,
    output,
};

pub(crate) fn run(settings: &Settings, command: &IndexCommand) -> Result<()> {
    match command {
        IndexCommand::Status(arguments) => status(settings, arguments),
        IndexCommand::Rebuild => rebuild(settings),
    }
}

fn status(settings: &Settings, arguments: &IndexStatus) -> Result<()> {
    let last = Reader::open(&settings.ledger_path())?.last_sequence()?;
    let index = ledger_source::index(settings);
    let cursor = index.cursor()?;
    let documents = index.search_now(&SearchRequest::new(query::Expression::Everything, 0))?.total;
    let behind = last.saturating_sub(cursor.sequence);
    if arguments.json {
        let status = json!({
            "documents": documents, "sequence": cursor.sequence, "behind": behind, "bytes": index.bytes(),
            "folder": settings.index_path(),
        });
        return output::print(&format!("{status:#}\n"));
    }
    let freshness = if behind == 0 {
        "up to date".to_owned()
    } else {
        format!("{} activities behind the ledger", display::count(behind))
    };
    output::print(&format!(
        "{} documents, {}, {freshness}\n{}\n",
        display::count(documents),
        display::bytes(index.bytes()),
        settings.index_path().display(),
    ))
}

/// Makes the index anew beside the one that answers, and then lets it answer.
fn rebuild(settings: &Settings) -> Result<()> {
    let started = std::time::Instant::now();
    let mut pump = Pump::open(settings)?;
    pump.restart()?;
    asking::catch_up(&mut pump, "making the search index anew")?;
    pump.finish()?;
    let index = ledger_source::index(settings);
    let documents = index.search_now(&SearchRequest::new(query::Expression::Everything, 0))?.total;
    output::print(&format!(
        "{} documents in {}, {} on disk\n",
        display::count(documents),
        display::span(started.elapsed()),
        display::bytes(index.bytes()),
    ))
}

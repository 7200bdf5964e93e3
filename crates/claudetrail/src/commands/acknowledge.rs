//! `acknowledge`: a break of the transparency log was looked into, and this is what came of it.
//!
//! The break stays on record, and what is said of it becomes evidence beside it. There is one writer: where another process holds the
//! ledger, that one writes it down, and this command waits until it has.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use ledger::{ErrorKind, Ledger, LogBreak, Options, Reader};

use crate::{
    cli::Acknowledge,
    config::Settings,
    display,
    error::{Exit, Failure, Result},
    output,
    requests::{self, AcknowledgementRequest, Request},
    supervisor,
};

/// How often it is looked whether the ledger has it.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How long whoever holds the ledger may take.
const PATIENCE: Duration = Duration::from_secs(15);

pub(crate) fn run(settings: &Settings, arguments: &Acknowledge) -> Result<()> {
    let reader = Reader::open(&settings.ledger_path())?;
    let found = find(&reader, arguments.number)?;
    if let Some(known) = &found.acknowledged {
        let sentence = format!(
            "break {} was acknowledged by {} at {}: {}",
            found.number,
            known.by,
            display::time(known.at),
            known.reason
        );
        return Err(Failure::new(Exit::Usage, sentence).hint("what was said first stands"));
    }
    let request = AcknowledgementRequest {
        acknowledge: found.number,
        reason: arguments.reason.clone(),
        by: arguments.by.clone(),
        at: Timestamp::now(),
    };
    match Ledger::open(&settings.ledger_path(), Options::default()) {
        Ok(mut ledger) => requests::acknowledge(&mut ledger, &request)?,
        Err(error) if matches!(error.kind(), ErrorKind::Locked { .. }) => leave(settings, request)?,
        Err(error) => return Err(error.into()),
    }
    let told = find(&reader, found.number)?;
    let known = told.acknowledged.is_some();
    let word = if known { "acknowledged" } else { "left for whoever collects, and not written down yet" };
    output::print(&format!("break {} ({} of {}): {word}\n", told.number, told.told.kind, told.told.origin))
}

/// The break of this number, of whatever feed.
fn find(reader: &Reader, number: u64) -> Result<LogBreak> {
    let mut numbers = Vec::new();
    for feed in reader.feeds()? {
        for found in reader.log_breaks(feed.id)? {
            if found.number == number {
                return Ok(found);
            }
            numbers.push(found.number.to_string());
        }
    }
    let hint = if numbers.is_empty() {
        "the ledger holds no break of any transparency log".to_owned()
    } else {
        format!("the ledger holds {}; `claudetrail status` says what they are", numbers.join(", "))
    };
    Err(Failure::new(Exit::Usage, format!("there is no break {number}")).hint(hint))
}

/// Leaves it for the process that holds the ledger, and waits until that one has taken it.
fn leave(settings: &Settings, request: AcknowledgementRequest) -> Result<()> {
    let left = requests::leave(&settings.data_dir, &Request::Acknowledgement(request))
        .map_err(|error| supervisor::data_dir_failure(settings, &error))?;
    let began = Instant::now();
    while left.exists() && began.elapsed() < PATIENCE {
        std::thread::sleep(LOOK_EVERY);
    }
    Ok(())
}

//! What administrators of the console can have done: the same that the command line does, asked for by a button.

use console_server::{ApiError, Attest};
use jiff::Timestamp;
use ledger::{Reader, SinkStore};
use serde_json::{Value, json};

use crate::{
    commands::{dead_letters, verify},
    config::Settings,
    error::{Exit, Failure},
    last_verify::LastVerify,
};

type Answer<T> = std::result::Result<T, ApiError>;

/// Does them with the configuration that the program runs with.
pub(crate) struct ConsoleActions {
    settings: Settings,
}

impl ConsoleActions {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self { settings: settings.clone() }
    }
}

impl console_server::Actions for ConsoleActions {
    fn retry(&self, sink: &str, sequences: Option<&[u64]>) -> Answer<Value> {
        let reader = Reader::open(&self.settings.ledger_path())?;
        // Called on a thread of the runtime that may block.
        let runtime = tokio::runtime::Handle::current();
        let sequences = sequences.unwrap_or_default();
        let tally = dead_letters::retry_sink(&self.settings, &reader, sink, sequences, &runtime)
            .map_err(|failure| failed(&failure))?
            .unwrap_or_default();
        Ok(json!({
            "delivered": tally.delivered,
            "already_there": tally.already_there,
            "refused": tally.refused,
            "put_off": tally.busy,
            "reason": Some(tally.reason).filter(|reason| !reason.is_empty()),
        }))
    }

    fn drop_letters(&self, sink: &str, sequences: Option<&[u64]>) -> Answer<u64> {
        Ok(SinkStore::open(&self.settings.ledger_path())?.drop_letters(sink, sequences)?)
    }

    fn verify(&self, by: &str) -> Answer<Value> {
        let chain =
            verify::open(&self.settings).map_err(|failure| failed(&failure))?.check_chain(&mut |_, _| {})?;
        let found = LastVerify::of(&chain, by, Timestamp::now());
        found.keep(&self.settings);
        serde_json::to_value(found).map_err(ApiError::internal)
    }

    fn attest(&self, wanted: &Attest) -> Answer<Value> {
        if !verify::has_signing_key(&self.settings) {
            return Err(ApiError::conflict("no_signing_key", "there is no key that signs attestations")
                .hint("make one with `claudetrail verify keygen` on the machine of this console"));
        }
        let range = verify::Range { feed: wanted.feed.clone(), from: wanted.from, to: wanted.to };
        let attested = verify::attest(&self.settings, &range).map_err(|failure| failed(&failure))?;
        Ok(json!({
            "name": attested.name,
            "document": attested.document,
            "report": attested.report,
        }))
    }
}

/// A command's failure as the API tells it.
fn failed(failure: &Failure) -> ApiError {
    let kind = match failure.exit {
        Exit::Usage => {
            return ApiError::bad_request(failure.what()).hint(failure.next_step().unwrap_or_default());
        }
        Exit::Finding => "finding",
        Exit::Ledger => "ledger",
        _ => "failed",
    };
    ApiError::conflict(kind, failure.what()).hint(failure.next_step().unwrap_or_default())
}

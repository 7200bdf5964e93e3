//! What the last `verify` found, for whoever asks later: a small file in the data directory, beside the ledger and no part of it.
//!
//! It is a note, not a proof: whoever can write it can write anything into it. The proof is to verify again.

use std::path::PathBuf;

use jiff::Timestamp;
use ledger::ChainReport;
use serde::{Deserialize, Serialize};

use crate::{config::Settings, output::hexadecimal};

/// The note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LastVerify {
    pub(crate) at: Timestamp,
    /// Who asked: a user of the console, or the command line.
    pub(crate) by: String,
    pub(crate) ok: bool,
    pub(crate) message: String,
    pub(crate) activities: u64,
    pub(crate) links: u64,
    pub(crate) head: String,
}

impl LastVerify {
    pub(crate) fn of(chain: &ChainReport, by: &str, at: Timestamp) -> Self {
        let difference = chain.difference.as_ref();
        Self {
            at,
            by: by.to_owned(),
            ok: difference.is_none(),
            message: difference
                .map_or_else(|| "the chain holds".to_owned(), |difference| difference.message.clone()),
            activities: chain.activities,
            links: chain.links,
            head: hexadecimal(&chain.head),
        }
    }

    /// Keeps it. A data directory that cannot be written to is no reason for `verify` to fail.
    pub(crate) fn keep(&self, settings: &Settings) {
        let written = serde_json::to_vec_pretty(self).map_err(Into::into).and_then(|text| {
            let (path, new) = (path(settings), path(settings).with_extension("json.new"));
            std::fs::write(&new, text)?;
            std::fs::rename(new, path)
        });
        if let Err(error) = written {
            tracing::debug!(%error, "what was verified is not noted");
        }
    }

    /// The last one; `None` when there is none that can be read.
    pub(crate) fn read(settings: &Settings) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(path(settings)).ok()?).ok()
    }
}

fn path(settings: &Settings) -> PathBuf {
    settings.data_dir.join("last-verify.json")
}

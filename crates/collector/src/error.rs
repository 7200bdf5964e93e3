//! What ends a collector. Everything else it waits out by itself: see the module `setback`.

/// Why a collector gave up. Only what another attempt cannot mend ends it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The settings ask for something that the API is documented to refuse.
    #[error("checking the settings of feed {feed:?}")]
    Settings {
        /// Name of the feed.
        feed: String,
        /// What would be refused.
        #[source]
        source: feed::Error,
    },
    /// The ledger is damaged, taken by another writer, or not one that this program can write.
    #[error("{step} of feed {feed:?}")]
    Ledger {
        /// What was attempted.
        step: &'static str,
        /// Name of the feed.
        feed: String,
        /// What the ledger said.
        #[source]
        source: Box<ledger::Error>,
    },
    /// A write to the ledger panicked, so its state in memory is in doubt. On disk it is whole.
    #[error("{step} of feed {feed:?}: the ledger panicked")]
    LedgerPanicked {
        /// What was attempted.
        step: &'static str,
        /// Name of the feed.
        feed: String,
    },
}

impl Error {
    /// Short name of the kind, `snake_case`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Settings { .. } => "settings",
            Self::Ledger { .. } => "ledger",
            Self::LedgerPanicked { .. } => "ledger_panicked",
        }
    }

    /// The next step for the person who reads the error.
    pub fn hint(&self) -> &str {
        match self {
            Self::Settings { source, .. } => source.hint(),
            Self::Ledger { source, .. } => source.hint(),
            Self::LedgerPanicked { .. } => {
                "start the program again; if it happens again, report it with the log"
            }
        }
    }
}

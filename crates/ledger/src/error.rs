//! What can go wrong with a ledger.

/// The kind of an [`Error`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ErrorKind {
    /// Another process (or this one) holds the writer's lock; the process id when the lock file tells it.
    Locked {
        /// The process that holds the lock.
        pid: Option<u32>,
    },
    /// The file is a ledger, but its content does not hold together.
    Damaged,
    /// No space is left for the write; nothing of it was kept.
    DiskFull,
    /// The file was written by a newer version of the program.
    NewerSchema {
        /// Schema version of the file.
        found: u32,
        /// Newest schema version this program knows.
        supported: u32,
    },
    /// The file is of an older schema and is opened only for reading; the writer migrates it.
    OlderSchema {
        /// Schema version of the file.
        found: u32,
        /// Schema version this program needs.
        supported: u32,
    },
    /// The file is not a `SQLite` file, or not one of ours.
    NotALedger,
    /// The operating system refuses access.
    Permission,
    /// There is no ledger at the path.
    Missing,
    /// Reading or writing failed in the operating system.
    Io,
    /// Another connection held `SQLite`'s lock for longer than the wait allowed.
    Busy,
    /// A newer writer has taken over: the epoch given is older than the ledger's.
    Fenced {
        /// Epoch of the ledger.
        found: u64,
        /// Epoch given at opening.
        given: u64,
    },
    /// The caller passed what the ledger cannot keep (unknown feed, interval that is empty, text that is too long).
    InvalidInput,
}

/// A failed step, in three parts: what was attempted, the detail, and a hint with the next step.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
}

impl Error {
    /// What kind of failure it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The next step for the person who reads the error.
    pub fn hint(&self) -> &str {
        ""
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

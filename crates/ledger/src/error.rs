//! What can go wrong with a ledger, told in three parts: the attempted step, the detail, and a hint with the next step.

use std::error::Error as StandardError;

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
        /// Format version of the file.
        found: u32,
        /// Newest format version this program knows.
        supported: u32,
    },
    /// The file is of an older format and is opened only for reading; the writer migrates it.
    OlderSchema {
        /// Format version of the file.
        found: u32,
        /// Format version this program reads.
        supported: u32,
    },
    /// The file is not an `SQLite` file, or not one of ours.
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
    /// The caller passed what the ledger cannot keep (unknown feed, empty interval, a text that is too long).
    InvalidInput,
}

impl ErrorKind {
    /// A short name, `snake_case`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Locked { .. } => "locked",
            Self::Damaged => "damaged",
            Self::DiskFull => "disk_full",
            Self::NewerSchema { .. } => "newer_schema",
            Self::OlderSchema { .. } => "older_schema",
            Self::NotALedger => "not_a_ledger",
            Self::Permission => "permission",
            Self::Missing => "missing",
            Self::Io => "io",
            Self::Busy => "busy",
            Self::Fenced { .. } => "fenced",
            Self::InvalidInput => "invalid_input",
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Self::Locked { .. } => {
                "stop that process, or read beside it: status, tail and export need no lock"
            }
            Self::Damaged => {
                "keep the file, run `claudetrail verify` to see what is affected, and restore it from a backup"
            }
            Self::DiskFull => {
                "free space on the disk (or raise the quota); nothing was lost, the next attempt goes on from here"
            }
            Self::NewerSchema { .. } => "use the version of claudetrail that wrote it, or a newer one",
            Self::OlderSchema { .. } => {
                "run `claudetrail run` once with this version: it brings the ledger up to date"
            }
            Self::NotALedger => "check data_dir: another program's file stands where the ledger should be",
            Self::Permission => "give this user access to data_dir, or run as the user that owns it",
            Self::Missing => "check data_dir, or start `claudetrail run`, which creates the ledger",
            Self::Io => "check the disk, its quota and the system's log",
            Self::Busy => "another program has the ledger open for writing; close it and try again",
            Self::Fenced { .. } => "another writer has taken over; stop this one",
            Self::InvalidInput => "this is a defect of the caller; please report it with the message",
        }
    }
}

/// A failed step.
#[derive(Debug, thiserror::Error)]
#[error("cannot {step}: {detail}")]
pub struct Error {
    kind: ErrorKind,
    step: String,
    detail: String,
    hint: Option<&'static str>,
    #[source]
    source: Option<Box<dyn StandardError + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, step: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { kind, step: step.into(), detail: detail.into(), hint: None, source: None }
    }

    /// The refusal of a disk that is not there: for whoever stands in for a failing one when testing.
    pub fn refusal(kind: ErrorKind, step: &str) -> Self {
        Self::new(kind, step, "as the simulated disk says")
    }

    pub(crate) fn damaged(step: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::Damaged, step, detail)
    }

    pub(crate) fn invalid(step: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidInput, step, detail)
    }

    pub(crate) fn with_hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The next step for the person who reads the error.
    pub fn hint(&self) -> &str {
        self.hint.unwrap_or_else(|| self.kind.hint())
    }
}

/// Names the attempted step of something that failed below.
pub(crate) trait Step<T> {
    /// `step` completes "cannot …".
    fn step(self, step: &str) -> Result<T, Error>;
}

impl<T> Step<T> for Result<T, std::io::Error> {
    fn step(self, step: &str) -> Result<T, Error> {
        self.map_err(|error| Error {
            kind: io_kind(&error),
            step: step.to_owned(),
            detail: error.to_string(),
            hint: None,
            source: Some(Box::new(error)),
        })
    }
}

impl<T> Step<T> for Result<T, rusqlite::Error> {
    fn step(self, step: &str) -> Result<T, Error> {
        self.map_err(|error| Error {
            kind: sqlite_kind(&error),
            step: step.to_owned(),
            detail: error.to_string(),
            hint: None,
            source: Some(Box::new(error)),
        })
    }
}

/// Stored bytes that do not have the form they should have; says what is wrong with them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Malformed(pub(crate) &'static str);

impl<T> Step<T> for Result<T, Malformed> {
    fn step(self, step: &str) -> Result<T, Error> {
        self.map_err(|Malformed(detail)| Error::damaged(step, detail))
    }
}

fn io_kind(error: &std::io::Error) -> ErrorKind {
    use std::io::ErrorKind as Kind;
    match error.kind() {
        Kind::PermissionDenied | Kind::ReadOnlyFilesystem => ErrorKind::Permission,
        Kind::StorageFull | Kind::QuotaExceeded | Kind::FileTooLarge => ErrorKind::DiskFull,
        Kind::NotFound => ErrorKind::Missing,
        _ => ErrorKind::Io,
    }
}

fn sqlite_kind(error: &rusqlite::Error) -> ErrorKind {
    use rusqlite::ErrorCode as Code;
    let rusqlite::Error::SqliteFailure(failure, _) = error else {
        // A value of another type or out of range, a row that should be there: the file does not hold together.
        return ErrorKind::Damaged;
    };
    match failure.code {
        Code::DatabaseBusy | Code::DatabaseLocked => ErrorKind::Busy,
        Code::DiskFull => ErrorKind::DiskFull,
        Code::NotADatabase => ErrorKind::NotALedger,
        Code::PermissionDenied | Code::ReadOnly | Code::CannotOpen => ErrorKind::Permission,
        Code::SystemIoFailure if failure.extended_code == rusqlite::ffi::SQLITE_IOERR_SHORT_READ => {
            ErrorKind::Damaged
        }
        Code::SystemIoFailure
        | Code::OutOfMemory
        | Code::OperationInterrupted
        | Code::FileLockingProtocolFailed => ErrorKind::Io,
        // Corruption, a missing table, a broken constraint: none can happen to a ledger that is whole.
        _ => ErrorKind::Damaged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operating_system_errors_have_kinds() {
        let cases = [
            (libc_error(13), ErrorKind::Permission),
            (libc_error(30), ErrorKind::Permission),
            (libc_error(28), ErrorKind::DiskFull),
            (libc_error(122), ErrorKind::DiskFull),
            (libc_error(2), ErrorKind::Missing),
            (libc_error(5), ErrorKind::Io),
        ];
        for (error, kind) in cases {
            let text = error.to_string();
            let error = Err::<(), _>(error).step("open the ledger").expect_err("it is an error");
            assert_eq!(error.kind(), kind, "{text}");
            assert_eq!(error.to_string(), format!("cannot open the ledger: {text}"));
        }
    }

    #[test]
    fn every_kind_has_a_hint_and_a_name_of_its_own() {
        let kinds = [
            ErrorKind::Locked { pid: None },
            ErrorKind::Damaged,
            ErrorKind::DiskFull,
            ErrorKind::NewerSchema { found: 2, supported: 1 },
            ErrorKind::OlderSchema { found: 1, supported: 2 },
            ErrorKind::NotALedger,
            ErrorKind::Permission,
            ErrorKind::Missing,
            ErrorKind::Io,
            ErrorKind::Busy,
            ErrorKind::Fenced { found: 2, given: 1 },
            ErrorKind::InvalidInput,
        ];
        let names: std::collections::BTreeSet<_> = kinds.iter().map(|kind| kind.as_str()).collect();
        let hints: std::collections::BTreeSet<_> = kinds.iter().map(|kind| kind.hint()).collect();
        assert_eq!((names.len(), hints.len()), (kinds.len(), kinds.len()));
    }

    fn libc_error(code: i32) -> std::io::Error {
        std::io::Error::from_raw_os_error(code)
    }
}

//! What can go wrong with the index. None of it touches the ledger: the index can always be made anew.

use std::path::PathBuf;

/// What kind of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// There is no index yet.
    Absent,
    /// Another process writes it.
    Locked,
    /// Its files are damaged.
    Damaged,
    /// The disk, the memory or a permission.
    System,
    /// The one who asked has gone away.
    Cancelled,
}

/// A failure of the index.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no index yet.
    #[error("there is no search index in {}", folder.display())]
    Absent {
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// Another process writes it.
    #[error("the search index in {} is being written by another process", folder.display())]
    Locked {
        /// Where it is.
        folder: PathBuf,
    },
    /// A file of ours could not be read or written.
    #[error("cannot {step} in {}", folder.display())]
    File {
        /// What was attempted.
        step: &'static str,
        /// Where.
        folder: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The engine failed.
    #[error("the search index failed")]
    Engine(#[from] tantivy::TantivyError),
    /// A column or dictionary could not be read.
    #[error("the search index cannot be read")]
    Read(#[from] std::io::Error),
    /// The documents themselves could not be read.
    #[error("the documents that were found cannot be read")]
    Source(#[source] crate::SourceError),
    /// The question asks for more than an answer may hold.
    #[error(transparent)]
    Question(#[from] query::Error),
    /// The one who asked has gone away.
    #[error("nobody waits for the answer any more")]
    Cancelled,
}

impl Error {
    /// What kind.
    pub fn kind(&self) -> ErrorKind {
        use tantivy::TantivyError;
        match self {
            Self::Absent { .. } => ErrorKind::Absent,
            Self::Locked { .. } | Self::Engine(TantivyError::LockFailure(..)) => ErrorKind::Locked,
            Self::Engine(
                TantivyError::DataCorruption(_)
                | TantivyError::IncompatibleIndex(_)
                | TantivyError::SchemaError(_)
                | TantivyError::InternalError(_)
                | TantivyError::DeserializeError(_),
            ) => ErrorKind::Damaged,
            Self::Read(error) if error.kind() == std::io::ErrorKind::InvalidData => ErrorKind::Damaged,
            Self::File { .. } | Self::Engine(_) | Self::Read(_) | Self::Source(_) | Self::Question(_) => {
                ErrorKind::System
            }
            Self::Cancelled => ErrorKind::Cancelled,
        }
    }

    /// The next step.
    pub fn hint(&self) -> &'static str {
        match self.kind() {
            ErrorKind::Absent => "it is made by `claudetrail run`, or at once by `claudetrail index rebuild`",
            ErrorKind::Locked => "search works beside it; only one process may write",
            ErrorKind::Damaged => "make it anew from the ledger: claudetrail index rebuild",
            ErrorKind::System => "check free space and permissions of the folder",
            ErrorKind::Cancelled => "",
        }
    }
}

impl From<Error> for query::Error {
    fn from(error: Error) -> Self {
        use query::ErrorKind as Kind;
        let kind = match error.kind() {
            ErrorKind::Absent | ErrorKind::Locked => Kind::Unavailable,
            ErrorKind::Damaged | ErrorKind::System => Kind::Failed,
            ErrorKind::Cancelled => Kind::Cancelled,
        };
        if let Error::Question(question) = error {
            return question;
        }
        let mut message = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(inner) = cause {
            message = format!("{message}: {inner}");
            cause = inner.source();
        }
        query::Error::new(kind, message).with_hint(error.hint())
    }
}

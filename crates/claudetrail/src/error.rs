//! What the program says when something fails: one sentence, the detail, and the next step.
//!
//! Every command ends in a [`Failure`] or not at all. Its text goes to stderr as
//! `error: what failed: detail` followed by `hint: next step`; its [`Exit`] becomes the exit code, which scripts may rely on.

use std::fmt;

/// The documented exit codes. `0` is success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 1: something failed that none of the others names.
    Failed = 1,
    /// 2: the command line or the configuration is wrong.
    Usage = 2,
    /// 3: the API refuses the key: invalid, expired, missing, or without the scope.
    Key = 3,
    /// 4: the API cannot be reached or does not answer as it should.
    Upstream = 4,
    /// 5: the data directory or the ledger: in use, damaged, full, unwritable, newer, absent.
    Ledger = 5,
    /// 6: a check found a problem: `check` or `verify` did their work and the answer is no.
    Finding = 6,
}

/// A failed command.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    what: String,
    hint: Option<String>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, what: impl fmt::Display) -> Self {
        Self { exit, what: what.to_string(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = Some(hint.to_string()).filter(|text| !text.is_empty());
        self
    }

    /// With lines below the sentence, such as a place that is pointed at.
    pub(crate) fn below(mut self, lines: &str) -> Self {
        self.what = format!("{}\n{lines}", self.what);
        self
    }

    /// The sentence without the hint.
    pub(crate) fn what(&self) -> &str {
        &self.what
    }

    /// The next step, where one is known.
    pub(crate) fn next_step(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "error: {}", self.what)?;
        if let Some(hint) = &self.hint {
            write!(formatter, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

/// The sentence of an error with its causes, joined by colons; a cause that the sentence already holds is left out.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

impl From<ledger::Error> for Failure {
    fn from(error: ledger::Error) -> Self {
        Failure::new(Exit::Ledger, chain(&error)).hint(error.hint())
    }
}

impl From<feed::Error> for Failure {
    fn from(error: feed::Error) -> Self {
        use feed::ErrorKind;
        let exit = match error.kind() {
            ErrorKind::KeyMissing
            | ErrorKind::KeyInvalid
            | ErrorKind::KeyExpired
            | ErrorKind::KeyUnavailable
            | ErrorKind::ScopeMissing
            | ErrorKind::Forbidden => Exit::Key,
            ErrorKind::InvalidRequest => Exit::Usage,
            _ => Exit::Upstream,
        };
        Failure::new(exit, chain(&error)).hint(error.hint())
    }
}

/// What can end a command.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

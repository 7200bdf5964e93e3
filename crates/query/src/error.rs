//! What can be wrong with a question, or with getting its answer.

use std::fmt;

/// What kind of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The question cannot be read, or makes no sense for its fields.
    Syntax,
    /// It names a field that does not exist.
    UnknownField,
    /// It asks for something that this dialect does not have.
    Unsupported,
    /// It asks for more than one answer may hold.
    TooLarge,
    /// The store cannot be reached, is not there yet, or is being rebuilt.
    Unavailable,
    /// The store refuses us.
    Forbidden,
    /// It took too long.
    Timeout,
    /// Nobody waits for the answer any more.
    Cancelled,
    /// The store failed.
    Failed,
}

impl ErrorKind {
    /// The name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::UnknownField => "unknown_field",
            Self::Unsupported => "unsupported",
            Self::TooLarge => "too_large",
            Self::Unavailable => "unavailable",
            Self::Forbidden => "forbidden",
            Self::Timeout => "timeout",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }

    /// Whether the one who asked can put it right by asking otherwise.
    pub fn is_question(self) -> bool {
        matches!(self, Self::Syntax | Self::UnknownField | Self::Unsupported | Self::TooLarge)
    }
}

/// A failure, told to the one who asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What kind.
    pub kind: ErrorKind,
    /// One sentence, lower case, without a full stop.
    pub message: String,
    /// Where in the query's text it went wrong: characters, from 1.
    pub column: Option<usize>,
    /// The field that was probably meant.
    pub suggestion: Option<String>,
    /// The next step, where one is known.
    pub hint: Option<String>,
}

impl Error {
    /// A failure of this kind.
    pub fn new(kind: ErrorKind, message: impl fmt::Display) -> Self {
        Self { kind, message: message.to_string(), column: None, suggestion: None, hint: None }
    }

    /// With the next step.
    #[must_use]
    pub fn with_hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }

    /// With a place in the text, unless it has one.
    #[must_use]
    pub fn at(mut self, column: usize) -> Self {
        self.column = self.column.or(Some(column));
        self
    }

    /// With a place in a JSON request before the message: `aggs.by_action.terms: …`.
    #[must_use]
    pub fn within(mut self, place: &str) -> Self {
        self.message = format!("{place}: {}", self.message);
        self
    }

    pub(crate) fn syntax(message: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Syntax, message)
    }

    pub(crate) fn unsupported(message: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Unsupported, message)
    }

    /// The next step: that which was given, else the suggested field.
    pub fn next_step(&self) -> Option<String> {
        let suggested = || self.suggestion.as_ref().map(|field| format!("did you mean {field}?"));
        self.hint.clone().or_else(suggested)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.column {
            Some(column) => write!(formatter, "{} (at column {column})", self.message),
            None => formatter.write_str(&self.message),
        }
    }
}

impl std::error::Error for Error {}

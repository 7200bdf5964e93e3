//! What was wrong with an activity. Nothing here stops a document from coming out.

use std::fmt;

use crate::raw::Raw;

/// Something of an activity that could not be mapped as its field is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// The feed's own name of the field, dotted; empty for the record as a whole.
    pub field: String,
    /// What was wrong, in one sentence that names the field; also in `error.message`.
    pub message: String,
}

/// Issues as they are met. Empty, the usual case, costs nothing.
#[derive(Debug, Default)]
pub(crate) struct Issues {
    met: Vec<Issue>,
    lossy: bool,
}

/// More issues than this in one record say nothing new and are only counted.
const ISSUES_MAX: usize = 50;

impl Issues {
    /// Adds an issue of a field.
    #[cold]
    pub(crate) fn add(&mut self, field: &str, what: fmt::Arguments<'_>) {
        let field = crate::flatten::prefix(field, 100);
        if self.met.len() < ISSUES_MAX {
            self.met.push(Issue { field: field.to_owned(), message: format!("{field}: {what}") });
        } else if self.met.len() == ISSUES_MAX {
            self.met.push(Issue { field: String::new(), message: "and more of the kind".to_owned() });
        }
    }

    /// Adds an issue of the record as a whole.
    #[cold]
    pub(crate) fn add_record(&mut self, message: String) {
        self.met.push(Issue { field: String::new(), message });
    }

    /// Adds that a value is not what its field is documented to hold.
    #[cold]
    pub(crate) fn mismatch(&mut self, field: &str, expected: &str, found: Raw<'_>) {
        let found = match found.kind() {
            crate::raw::Kind::Number => format!("the number {}", crate::flatten::prefix(found.json(), 40)),
            crate::raw::Kind::String if expected.contains("string") && expected != "a string" => {
                format!("the string {}", crate::flatten::prefix(found.json(), 64))
            }
            kind => kind.name().to_owned(),
        };
        self.add(field, format_args!("expected {expected}, found {found}"));
    }

    /// Notes that a value was lost on the way, so that the whole record must be kept.
    pub(crate) fn lose(&mut self) {
        self.lossy = true;
    }

    pub(crate) fn lossy(&self) -> bool {
        self.lossy
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.met.is_empty()
    }

    pub(crate) fn messages(&self) -> impl Iterator<Item = &str> {
        self.met.iter().map(|issue| issue.message.as_str())
    }

    pub(crate) fn into_inner(self) -> Vec<Issue> {
        self.met
    }
}

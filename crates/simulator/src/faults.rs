//! What goes wrong, and when: the fault plan.
//!
//! A plan is a list of faults. For each request to the API the first fault whose trigger holds, and which can be done to
//! this request, happens; the others wait. Everything follows from the plan's seed and the number of the request, so a
//! test that failed once fails again. `docs/reference/fault-plan.md` is the reference of the file form.

mod active;
mod kind;
mod parse;

use std::time::Duration;

pub(crate) use active::{ActiveFaults, Circumstances};
pub use kind::FaultKind;
pub use parse::FaultPlanError;

/// A list of faults with their triggers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FaultPlan {
    /// What the probabilities are rolled from.
    pub seed: u64,
    /// The first fault that can happen to a request happens.
    pub faults: Vec<Fault>,
}

/// One fault of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// When it goes wrong.
    pub trigger: Trigger,
    /// How often at most.
    pub count_max: Option<u64>,
}

/// When a fault happens: every condition that is given must hold; with none given, it always does.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Trigger {
    /// Only for the requests of these numbers; the first one is number 1.
    pub requests: Vec<u64>,
    /// Only for every so many requests.
    pub every: Option<Every>,
    /// Only with this probability (0.0 to 1.0).
    pub probability: Option<f64>,
    /// Only this long after the start, or later.
    pub from: Option<Duration>,
    /// Only before this long after the start.
    pub to: Option<Duration>,
    /// Only when the path contains this text.
    pub path: Option<String>,
    /// Only when the query, percent-encoding undone, contains this text.
    pub query: Option<String>,
}

/// A rhythm of request numbers: `offset`, `offset + period`, `offset + 2 * period`, …
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Every {
    /// Requests from one occurrence to the next; at least 1.
    pub period: u64,
    /// Number of the first request.
    pub offset: u64,
}

impl FaultPlan {
    /// A plan of nothing but this fault, at the requests of these numbers; at every request when there are none.
    pub fn only(kind: FaultKind, requests: &[u64]) -> Self {
        let trigger = Trigger { requests: requests.to_vec(), ..Trigger::default() };
        Self { seed: 0, faults: vec![Fault { kind, trigger, count_max: None }] }
    }

    /// Reads the file form of a plan.
    pub fn parse(text: &str) -> Result<Self, FaultPlanError> {
        parse::parse(text)
    }

    /// The ready-made plan of `data/every-error.toml`: every kind of fault, each a few times, a request in between.
    pub fn every_error() -> Self {
        parse::parse(include_str!("../data/every-error.toml"))
            .unwrap_or_else(|error| panic!("every-error.toml: {error}"))
    }
}

//! What goes wrong, and when: the fault plan.

/// A list of faults with their triggers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FaultPlan {}

/// A fault plan that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct FaultPlanError {
    line: usize,
    message: String,
}

impl FaultPlan {
    /// Reads a plan; `docs/reference/fault-plan.md` describes the file.
    pub fn parse(text: &str) -> Result<Self, FaultPlanError> {
        let _ = text;
        Ok(Self {})
    }

    /// The ready-made plan that does everything the contract knows.
    pub fn every_error() -> Self {
        Self {}
    }
}

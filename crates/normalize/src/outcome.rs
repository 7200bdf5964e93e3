//! Whether what an activity tells of succeeded: fixed by its type, or read from a field.
//!
//! Rules stand in `data/activities.tsv` as `success`, or as `field: value=outcome, …; next field: …`. The first pattern that
//! matches decides; none matching, or no field, is unknown.

use crate::raw::{Kind, Raw};
use crate::vocabulary::vocabulary;

/// ECS `event.outcome`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventOutcome {
    /// It was carried out.
    Success,
    /// It was tried and refused, or broke.
    Failure,
    /// The activity does not say.
    Unknown,
}

impl EventOutcome {
    /// The value in ECS.
    pub fn as_str(self) -> &'static str {
        match self {
            EventOutcome::Success => "success",
            EventOutcome::Failure => "failure",
            EventOutcome::Unknown => "unknown",
        }
    }

    fn read(cell: &str) -> Option<Self> {
        [EventOutcome::Success, EventOutcome::Failure, EventOutcome::Unknown]
            .into_iter()
            .find(|outcome| outcome.as_str() == cell)
    }
}

/// How the outcome of one activity type is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutcomeRule {
    /// The type alone tells.
    Fixed(EventOutcome),
    /// A field tells; asked in order.
    Read(Vec<Source>),
}

/// One field to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    field: u16,
    member: Option<&'static str>,
    cases: Vec<(&'static str, EventOutcome)>,
}

impl OutcomeRule {
    /// Reads a rule. Panics on one that makes no sense: the data files are part of the program.
    pub(crate) fn read(cell: &'static str) -> Self {
        if let Some(fixed) = EventOutcome::read(cell) {
            return OutcomeRule::Fixed(fixed);
        }
        OutcomeRule::Read(cell.split(';').map(Source::read).collect())
    }

    /// The outcome, from the fields of an activity.
    pub(crate) fn decide<'a>(&self, value: impl Fn(u16) -> Option<Raw<'a>>) -> EventOutcome {
        match self {
            OutcomeRule::Fixed(outcome) => *outcome,
            OutcomeRule::Read(sources) => sources
                .iter()
                .find_map(|source| {
                    let raw = value(source.field)?;
                    source.decide(source.member.map_or(Some(raw), |member| raw.member(member))?)
                })
                .unwrap_or(EventOutcome::Unknown),
        }
    }
}

impl Source {
    fn read(cell: &'static str) -> Self {
        let (path, cases) =
            cell.split_once(':').unwrap_or_else(|| panic!("no field in outcome rule {cell:?}"));
        let (field, member) = match path.trim().split_once('.') {
            Some((field, member)) => (field, Some(member)),
            None => (path.trim(), None),
        };
        let field =
            vocabulary().find(field).unwrap_or_else(|| panic!("unknown field in outcome rule {cell:?}"));
        let cases = cases.split(',').map(|case| {
            let (pattern, outcome) = case.split_once('=').unwrap_or_else(|| panic!("no outcome in {case:?}"));
            let outcome =
                EventOutcome::read(outcome.trim()).unwrap_or_else(|| panic!("no outcome in {case:?}"));
            (pattern.trim(), outcome)
        });
        Self { field, member, cases: cases.collect() }
    }

    fn decide(&self, raw: Raw<'_>) -> Option<EventOutcome> {
        let text = match raw.kind() {
            Kind::String => raw.text()?,
            Kind::Boolean | Kind::Number => raw.json().into(),
            Kind::Null | Kind::Array | Kind::Object => return None,
        };
        if text.is_empty() {
            return None;
        }
        self.cases.iter().find(|(pattern, _)| matches(pattern, &text)).map(|(_, outcome)| *outcome)
    }
}

/// Whether text matches a pattern: `4xx` for a status of that hundred, `*` at an end for any characters; case is ignored.
fn matches(pattern: &str, text: &str) -> bool {
    if let Some(hundred) = pattern.strip_suffix("xx") {
        return text.len() == 3
            && text.starts_with(hundred)
            && text.bytes().all(|byte| byte.is_ascii_digit());
    }
    let text = text.to_ascii_lowercase();
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(""), _) => true,
        (Some(rest), Some(_)) => text.contains(&rest[..rest.len() - 1]),
        (Some(end), None) => text.ends_with(end),
        (None, Some(start)) => text.starts_with(start),
        (None, None) => text == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(rule: &'static str, fields: &[(&str, &'static str)]) -> EventOutcome {
        OutcomeRule::read(rule).decide(|number| {
            let name = vocabulary().field(number).name;
            fields.iter().find(|(field, _)| *field == name).map(|(_, json)| Raw::assume(json))
        })
    }

    #[test]
    fn rules_are_read_in_order_and_default_to_unknown() {
        let status = "status_code: 2xx=success, 4xx=failure, 5xx=failure";
        let exchange = "outcome: success=success, failure=failure; error_type: *=failure";
        let nested = "status.outcome: *succe*=success, *den*=failure";
        for (rule, fields, expected) in [
            ("success", &[][..], "success"),
            (status, &[("status_code", "204")], "success"),
            (status, &[("status_code", "403")], "failure"),
            (status, &[("status_code", "529")], "failure"),
            (status, &[("status_code", "302")], "unknown"),
            (status, &[("status_code", "2000")], "unknown"),
            (status, &[], "unknown"),
            ("approved: true=success, false=failure", &[("approved", "false")], "failure"),
            (exchange, &[("outcome", r#""success""#)], "success"),
            (exchange, &[("outcome", "null"), ("error_type", r#""invalid_grant""#)], "failure"),
            (exchange, &[("error_type", r#""""#)], "unknown"),
            (nested, &[("status", r#"{"outcome":"SUCCEEDED"}"#)], "success"),
            (nested, &[("status", r#"{"outcome":"denied","reason":"x"}"#)], "failure"),
            (nested, &[("status", r#""active""#)], "unknown"),
            (
                "result: imported=success, rejected_*=failure",
                &[("result", r#""rejected_zdr_policy""#)],
                "failure",
            ),
        ] {
            assert_eq!(outcome(rule, fields).as_str(), expected, "{rule} of {fields:?}");
        }
    }
}

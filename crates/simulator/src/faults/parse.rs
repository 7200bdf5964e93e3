//! The file form of a fault plan, read with care for the reader: every complaint names a line, a key, and, where a name
//! is wrong, the nearest one that is right.

use std::{ops::Range, time::Duration};

use jiff::SignedDuration;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    Every, Fault, FaultKind, FaultPlan, Trigger,
    kind::{KINDS, KindName},
};

/// A fault plan that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct FaultPlanError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub message: String,
}

const TRIGGER_KEYS: [&str; 9] =
    ["requests", "every", "offset", "probability", "from", "to", "path", "query", "count"];

pub(super) fn parse(text: &str) -> Result<FaultPlan, FaultPlanError> {
    let reader = Reader { text };
    let document = DeTable::parse(text).map_err(|error| {
        reader.complain(error.span().unwrap_or_default(), error.message().replace('\n', ", "))
    })?;
    let mut plan = FaultPlan::default();
    for (key, value) in document.get_ref() {
        match key.get_ref().as_ref() {
            "seed" => plan.seed = reader.whole_number("seed", value, 0)?,
            "fault" => {
                let DeValue::Array(faults) = value.get_ref() else {
                    return Err(
                        reader.complain(key.span(), "write each fault under [[fault]], with two brackets")
                    );
                };
                plan.faults = faults.iter().map(|fault| reader.fault(fault)).collect::<Result<_, _>>()?;
            }
            other => return Err(reader.unknown(key.span(), "key", other, ["seed", "fault"])),
        }
    }
    Ok(plan)
}

struct Reader<'t> {
    text: &'t str,
}

impl Reader<'_> {
    fn fault(&self, value: &Spanned<DeValue<'_>>) -> Result<Fault, FaultPlanError> {
        let DeValue::Table(table) = value.get_ref() else {
            return Err(self.complain(value.span(), "a fault must be a table"));
        };
        let kind_name = self.kind_name(table, value.span())?;
        let mut fault = Fault { kind: (kind_name.default)(), trigger: Trigger::default(), count_max: None };
        let mut rhythm = Rhythm::default();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            if kind_name.keys.contains(&name) {
                self.set_parameter(&mut fault.kind, name, value)?;
            } else if TRIGGER_KEYS.contains(&name) {
                self.set_trigger(&mut fault, &mut rhythm, name, value)?;
            } else if name != "kind" {
                let place = format!("key of a {} fault", kind_name.name);
                let known = ["kind"].iter().chain(kind_name.keys).chain(&TRIGGER_KEYS);
                return Err(self.unknown(key.span(), &place, name, known.copied()));
            }
        }
        fault.trigger.every = match (rhythm.period, rhythm.offset) {
            (Some(period), offset) => Some(Every { period, offset: offset.unwrap_or(period) }),
            (None, None) => None,
            (None, Some(_)) => return Err(self.complain(value.span(), "`offset` needs `every`")),
        };
        Ok(fault)
    }

    fn kind_name(
        &self,
        table: &DeTable<'_>,
        span: Range<usize>,
    ) -> Result<&'static KindName, FaultPlanError> {
        let (_, value) = table
            .iter()
            .find(|(key, _)| key.get_ref() == "kind")
            .ok_or_else(|| self.complain(span, "a fault needs a `kind`"))?;
        let name = self.text_value("kind", value)?;
        KINDS
            .iter()
            .find(|known| known.name == name)
            .ok_or_else(|| self.unknown(value.span(), "kind", name, KINDS.iter().map(|known| known.name)))
    }

    fn set_parameter(
        &self,
        kind: &mut FaultKind,
        name: &str,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<(), FaultPlanError> {
        match kind {
            FaultKind::RateLimited { retry_after } => *retry_after = self.duration(name, value)?,
            FaultKind::Status { should_retry, .. } if name == "should_retry" => {
                *should_retry = Some(self.boolean(name, value)?);
            }
            FaultKind::Status { status, .. } => *status = self.status(value, 400..=599)?,
            FaultKind::HtmlPage { status } => *status = self.status(value, 200..=599)?,
            FaultKind::PageTooManyRows { rows } | FaultKind::DuplicateRows { rows } => {
                *rows = usize::try_from(self.whole_number(name, value, 1)?).unwrap_or(usize::MAX).min(5000);
            }
            FaultKind::WrongContentType { content_type } => {
                self.text_value(name, value)?.clone_into(content_type);
            }
            FaultKind::LogRewrittenLeaf { leaf } => *leaf = self.whole_number(name, value, 0)?,
            FaultKind::LogRollback { leaves } => *leaves = self.whole_number(name, value, 1)?,
            FaultKind::TruncatedBody { share } => *share = self.share(name, value)?,
            FaultKind::SlowBody { duration } | FaultKind::Hang { duration } => {
                *duration = self.duration(name, value)?;
            }
            FaultKind::ClockSkew { by } => *by = self.signed_duration(name, value)?,
            _ => {}
        }
        Ok(())
    }

    fn set_trigger(
        &self,
        fault: &mut Fault,
        rhythm: &mut Rhythm,
        name: &str,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<(), FaultPlanError> {
        let trigger = &mut fault.trigger;
        match name {
            "requests" => {
                let DeValue::Array(numbers) = value.get_ref() else {
                    return Err(self.wrong(name, value, "a list of request numbers, such as [1, 5]"));
                };
                trigger.requests = numbers
                    .iter()
                    .map(|number| self.whole_number(name, number, 1))
                    .collect::<Result<_, _>>()?;
            }
            "every" => rhythm.period = Some(self.whole_number(name, value, 1)?),
            "offset" => rhythm.offset = Some(self.whole_number(name, value, 1)?),
            "probability" => trigger.probability = Some(self.share(name, value)?),
            "from" => trigger.from = Some(self.duration(name, value)?),
            "to" => trigger.to = Some(self.duration(name, value)?),
            "path" => trigger.path = Some(self.text_value(name, value)?.to_owned()),
            "query" => trigger.query = Some(self.text_value(name, value)?.to_owned()),
            _ => fault.count_max = Some(self.whole_number(name, value, 1)?),
        }
        Ok(())
    }

    fn whole_number(
        &self,
        name: &str,
        value: &Spanned<DeValue<'_>>,
        least: u64,
    ) -> Result<u64, FaultPlanError> {
        let number = match value.get_ref() {
            DeValue::Integer(integer) => u64::from_str_radix(integer.as_str(), integer.radix()).ok(),
            _ => None,
        };
        number
            .filter(|number| *number >= least)
            .ok_or_else(|| self.wrong(name, value, &format!("a whole number, {least} or more")))
    }

    fn status(
        &self,
        value: &Spanned<DeValue<'_>>,
        range: std::ops::RangeInclusive<u64>,
    ) -> Result<u16, FaultPlanError> {
        let number = self.whole_number("status", value, 0)?;
        if range.contains(&number) {
            return Ok(number as u16);
        }
        Err(self.wrong("status", value, &format!("from {} to {}", range.start(), range.end())))
    }

    fn share(&self, name: &str, value: &Spanned<DeValue<'_>>) -> Result<f64, FaultPlanError> {
        let number = match value.get_ref() {
            DeValue::Float(float) => float.as_str().parse::<f64>().ok(),
            DeValue::Integer(integer) => integer.as_str().parse::<f64>().ok(),
            _ => None,
        };
        number
            .filter(|number| (0.0..=1.0).contains(number))
            .ok_or_else(|| self.wrong(name, value, "a number from 0.0 to 1.0"))
    }

    fn duration(&self, name: &str, value: &Spanned<DeValue<'_>>) -> Result<Duration, FaultPlanError> {
        Duration::try_from(self.signed_duration(name, value)?)
            .map_err(|_| self.wrong(name, value, "a duration that is not negative"))
    }

    fn signed_duration(
        &self,
        name: &str,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<SignedDuration, FaultPlanError> {
        let wrong =
            || self.wrong(name, value, "a duration with its unit, such as \"500ms\", \"10s\" or \"2m\"");
        match value.get_ref() {
            DeValue::String(text) => text.parse().map_err(|_| wrong()),
            _ => Err(wrong()),
        }
    }

    fn boolean(&self, name: &str, value: &Spanned<DeValue<'_>>) -> Result<bool, FaultPlanError> {
        match value.get_ref() {
            DeValue::Boolean(boolean) => Ok(*boolean),
            _ => Err(self.wrong(name, value, "true or false")),
        }
    }

    fn text_value<'v>(&self, name: &str, value: &'v Spanned<DeValue<'_>>) -> Result<&'v str, FaultPlanError> {
        match value.get_ref() {
            DeValue::String(text) => Ok(text),
            _ => Err(self.wrong(name, value, "a text in quotes")),
        }
    }

    fn wrong(&self, name: &str, value: &Spanned<DeValue<'_>>, expected: &str) -> FaultPlanError {
        self.complain(value.span(), format!("`{name}` must be {expected}"))
    }

    fn unknown<'n>(
        &self,
        span: Range<usize>,
        what: &str,
        name: &str,
        known: impl IntoIterator<Item = &'n str>,
    ) -> FaultPlanError {
        let known: Vec<&str> = known.into_iter().collect();
        let nearest = known.iter().map(|known| (strsim::levenshtein(name, known), known)).min();
        let help = match nearest {
            Some((distance, nearest)) if distance * 2 <= name.len() => format!("did you mean `{nearest}`?"),
            _ => format!("known: {}", known.join(", ")),
        };
        self.complain(span, format!("unknown {what} `{name}`; {help}"))
    }

    fn complain(&self, span: Range<usize>, message: impl Into<String>) -> FaultPlanError {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        FaultPlanError { line: before.matches('\n').count() + 1, message: message.into() }
    }
}

#[derive(Default)]
struct Rhythm {
    period: Option<u64>,
    offset: Option<u64>,
}

//! Why nothing comes, or less than should: one cause, with its evidence and the next step. Pure: no clock, no storage.
//!
//! The trail is never silent without saying why. What the collector knows at a moment (the [`Evidence`]) is one of a few causes, or
//! none when rows flow. A failure that is met comes before a silence that is only noticed.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::Spending;

/// An organization without any activity for so long is told to be quiet.
const QUIET_AFTER: Duration = Duration::from_hours(1);

/// Rows about our own requests that stay out for so long are missing, whatever the lag was before.
const CANARY_PATIENCE: Duration = Duration::from_mins(15);

/// A difference of the clocks that is worth a diagnosis of its own.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// A failure under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failing {
    pub(crate) since: Timestamp,
    pub(crate) kind: String,
    pub(crate) message: String,
    pub(crate) hint: String,
}

/// What is known of a feed at a moment.
#[derive(Debug, Clone)]
pub(crate) struct Evidence {
    pub(crate) now: Timestamp,
    pub(crate) poll_interval: Duration,
    pub(crate) failing: Option<Failing>,
    pub(crate) spending: Spending,
    /// When the newest row that is not about a request was first seen, or when polls began to succeed.
    pub(crate) last_activity: Timestamp,
    /// When the newest row about a request of ours happened; `None` when there never was one, so that none is to be expected.
    pub(crate) last_canary: Option<Timestamp>,
    /// How long such a row takes, usually.
    pub(crate) canary_lag: Duration,
    /// When recording was switched off, by a row that nothing later contradicts.
    pub(crate) switched_off: Option<Timestamp>,
    /// Server minus local, when the clocks differ.
    pub(crate) server_ahead: Option<SignedDuration>,
}

/// A cause, and what speaks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Diagnosis {
    pub(crate) cause: &'static str,
    pub(crate) since: Timestamp,
    pub(crate) evidence: String,
    pub(crate) hint: String,
}

impl Diagnosis {
    fn new(cause: &'static str, since: Timestamp, evidence: String, hint: &str) -> Self {
        Self { cause, since, evidence, hint: hint.to_owned() }
    }
}

/// The cause of a silence, or of a failure; `None` while rows flow.
pub(crate) fn diagnose(evidence: &Evidence) -> Option<Diagnosis> {
    // By a wrong clock every row is old, so it comes before what is told by age.
    failing(evidence)
        .or_else(|| clock(evidence))
        .or_else(|| recording_off(evidence))
        .or_else(|| quiet(evidence))
}

fn failing(evidence: &Evidence) -> Option<Diagnosis> {
    let failing = evidence.failing.as_ref()?;
    let cause = match failing.kind.as_str() {
        kind if kind.starts_with("ledger_") => "disk",
        "key_expired" => "key_expired",
        "key_missing" | "key_invalid" | "key_unavailable" => "key_refused",
        "scope_missing" | "forbidden" => "scope_lost",
        "rate_limited" if others_spend_most(&evidence.spending) => "rate_limited_by_others",
        "rate_limited" => "rate_limited",
        "server_error" | "overloaded" | "unavailable" => "vendor_outage",
        "timeout" | "connection" | "tls" | "proxy" | "redirect" | "content_type" | "truncated" => "network",
        _ => "refused",
    };
    let mut text = failing.message.clone();
    if cause.starts_with("rate_limited") {
        text = format!("{text}; {}", budget(&evidence.spending));
    }
    Some(Diagnosis::new(cause, failing.since, text, &failing.hint))
}

/// Others spend more than their part, while we keep to ours.
fn others_spend_most(spending: &Spending) -> bool {
    let limit = f64::from(spending.limit_per_minute);
    let others = f64::from(spending.others_per_minute.unwrap_or_default());
    others > limit * (1.0 - spending.share).max(0.5)
        || f64::from(spending.ours_per_minute) < limit * spending.share / 2.0
}

fn budget(spending: &Spending) -> String {
    let others = spending.others_per_minute.map_or_else(|| "unknown".to_owned(), |others| others.to_string());
    format!(
        "of {} requests a minute this program spent {}, others {others}",
        spending.limit_per_minute, spending.ours_per_minute
    )
}

/// Polls succeed, and the rows about them stay out; or a row says that recording was switched off and nothing came after it.
fn recording_off(evidence: &Evidence) -> Option<Diagnosis> {
    const HINT: &str = "see who switched the recording of activities off (org_compliance_api_settings_updated), and switch it on \
                        again in the organization's settings; what happens meanwhile is recorded nowhere";
    let overdue = CANARY_PATIENCE.max(10 * evidence.canary_lag).max(5 * evidence.poll_interval);
    let missing = evidence.last_canary.filter(|last| is_older(*last, evidence.now, overdue));
    match (evidence.switched_off, missing) {
        (Some(at), Some(last)) => Some(Diagnosis::new(
            "recording_off",
            at,
            format!(
                "recording was switched off at {at}, and no row about our own requests came since {last}"
            ),
            HINT,
        )),
        (Some(at), None) if evidence.last_activity <= at || evidence.last_canary.is_some() => {
            Some(Diagnosis::new("recording_off", at, format!("recording was switched off at {at}"), HINT))
        }
        (None, Some(last)) => Some(Diagnosis::new(
            "recording_off",
            last,
            format!("polls succeed, and no row about our own requests came since {last}"),
            HINT,
        )),
        _ => None,
    }
}

fn clock(evidence: &Evidence) -> Option<Diagnosis> {
    let ahead = evidence.server_ahead.filter(|ahead| ahead.abs() > CLOCK_TOLERANCE)?;
    let (seconds, word) = (ahead.as_secs().abs(), if ahead.is_negative() { "ahead" } else { "behind" });
    Some(Diagnosis::new(
        "clock",
        evidence.now,
        format!("this machine's clock is {seconds} s {word}"),
        "set this machine's clock; the trail stays complete meanwhile",
    ))
}

fn quiet(evidence: &Evidence) -> Option<Diagnosis> {
    if !is_older(evidence.last_activity, evidence.now, QUIET_AFTER) {
        return None;
    }
    let proof = match evidence.last_canary {
        Some(last) => format!("rows about our own requests come (the last at {last}), so the feed records"),
        None => {
            "no row about our own requests was ever seen, so whether the feed records is not known".to_owned()
        }
    };
    Some(Diagnosis::new(
        "quiet",
        evidence.last_activity,
        format!("polls succeed, and no activity came since {}; {proof}", evidence.last_activity),
        "nothing to do when nobody works; otherwise check the feed's filters",
    ))
}

fn is_older(moment: Timestamp, now: Timestamp, age: Duration) -> bool {
    Duration::try_from(now.duration_since(moment)).is_ok_and(|elapsed| elapsed > age)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + 60 * minutes).unwrap()
    }

    fn flowing() -> Evidence {
        Evidence {
            now: at(0),
            poll_interval: Duration::from_mins(1),
            failing: None,
            spending: Spending {
                limit_per_minute: 600,
                share: 0.5,
                ours_per_minute: 2,
                others_per_minute: Some(20),
                others_counted: true,
                paused: Duration::ZERO,
            },
            last_activity: at(-3),
            last_canary: Some(at(-1)),
            canary_lag: Duration::from_mins(1),
            switched_off: None,
            server_ahead: None,
        }
    }

    fn cause(evidence: &Evidence) -> Option<&'static str> {
        let diagnosis = diagnose(evidence)?;
        assert!(!diagnosis.evidence.is_empty() && !diagnosis.hint.is_empty(), "{diagnosis:?}");
        Some(diagnosis.cause)
    }

    #[test]
    fn rows_that_flow_need_no_diagnosis() {
        assert_eq!(cause(&flowing()), None);
        let never_a_canary = Evidence { last_canary: None, ..flowing() };
        assert_eq!(cause(&never_a_canary), None, "a filter may keep them out");
    }

    #[test]
    fn a_silence_has_one_of_these_causes() {
        let table = [
            ("quiet", Evidence { last_activity: at(-61), ..flowing() }),
            ("quiet", Evidence { last_activity: at(-61), last_canary: None, ..flowing() }),
            ("recording_off", Evidence { last_canary: Some(at(-16)), ..flowing() }),
            ("recording_off", Evidence { last_canary: Some(at(-16)), last_activity: at(-61), ..flowing() }),
            ("recording_off", Evidence { switched_off: Some(at(-2)), ..flowing() }),
            ("clock", Evidence { server_ahead: Some(SignedDuration::from_mins(-6)), ..flowing() }),
        ];
        for (expected, evidence) in table {
            assert_eq!(cause(&evidence), Some(expected), "{evidence:?}");
        }
        let slow = Evidence { canary_lag: Duration::from_mins(3), last_canary: Some(at(-16)), ..flowing() };
        assert_eq!(cause(&slow), None, "rows that usually come late are waited for");
    }

    #[test]
    fn a_failure_has_one_of_these_causes() {
        let table = [
            ("key_expired", "key_expired"),
            ("key_invalid", "key_refused"),
            ("key_unavailable", "key_refused"),
            ("scope_missing", "scope_lost"),
            ("forbidden", "scope_lost"),
            ("server_error", "vendor_outage"),
            ("overloaded", "vendor_outage"),
            ("unavailable", "vendor_outage"),
            ("timeout", "network"),
            ("connection", "network"),
            ("tls", "network"),
            ("ledger_disk_full", "disk"),
            ("ledger_io", "disk"),
            ("bad_request", "refused"),
        ];
        for (kind, expected) in table {
            let (kind, message, hint) = (kind.to_owned(), "what failed".to_owned(), "do this".to_owned());
            let failing = Some(Failing { since: at(-5), kind, message, hint });
            let evidence = Evidence { failing, last_canary: Some(at(-100)), ..flowing() };
            assert_eq!(cause(&evidence), Some(expected), "{evidence:?}");
            assert_eq!(diagnose(&evidence).map(|diagnosis| diagnosis.since), Some(at(-5)));
        }
    }

    #[test]
    fn a_rate_limit_says_who_spends_the_budget() {
        let limited = |ours, others| {
            let (kind, message, hint) = ("rate_limited".to_owned(), "429".to_owned(), "wait".to_owned());
            let spending =
                Spending { ours_per_minute: ours, others_per_minute: others, ..flowing().spending };
            let failing = Some(Failing { since: at(-1), kind, message, hint });
            diagnose(&Evidence { failing, spending, ..flowing() }).unwrap()
        };
        assert_eq!(limited(300, Some(20)).cause, "rate_limited");
        let by_others = limited(40, Some(590));
        assert_eq!(by_others.cause, "rate_limited_by_others");
        assert!(by_others.evidence.contains("this program spent 40, others 590"), "{}", by_others.evidence);
    }
}

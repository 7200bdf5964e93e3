//! What went wrong in one attempt, how it is told, and how long to wait before the next.
//!
//! Nothing here ends a collector. What may pass by itself is tried again soon, then less often, up to the poll interval. What
//! needs a hand (a key, a scope, a setting) is tried again at every poll interval, so that it heals without a restart and does
//! not spend the budget meanwhile.

use std::time::Duration;

use feed::ErrorKind;
use jiff::Timestamp;

/// The first wait after a failure; it doubles with each further one, up to the poll interval.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The longest wait that a server may ask for. More is either a mistake or an outage that someone should look at.
const LONGEST_RETRY_AFTER: Duration = Duration::from_hours(1);

/// The longest text that is kept of a failure; the ledger takes 4 KiB of UTF-8.
const FAILURE_CHARACTERS_MAX: usize = 1_000;

/// One failed attempt.
#[derive(Debug, Clone)]
pub(crate) struct Setback {
    pub(crate) kind: String,
    pub(crate) message: String,
    pub(crate) hint: String,
    pub(crate) request_id: Option<String>,
    /// Someone must act: it will not pass by itself.
    pub(crate) needs_a_hand: bool,
    retry_after: Option<Duration>,
}

impl Setback {
    /// A request that failed after its retries.
    pub(crate) fn of_request(error: &feed::Error) -> Self {
        Self {
            kind: error.kind().as_str().to_owned(),
            message: error.to_string(),
            hint: error.hint().to_owned(),
            request_id: error.request_id().map(str::to_owned),
            needs_a_hand: needs_a_hand(error.kind()),
            retry_after: error.retry_after(),
        }
    }

    /// A write that the ledger refused for now.
    pub(crate) fn of_ledger(step: &'static str, error: &ledger::Error) -> Self {
        Self {
            kind: format!("ledger_{}", error.kind().as_str()),
            message: format!("{step}: {error}"),
            hint: error.hint().to_owned(),
            request_id: None,
            needs_a_hand: !matches!(error.kind(), ledger::ErrorKind::Busy),
            retry_after: None,
        }
    }

    /// Pages that lead nowhere: the same cursor again, or page after page without anything new.
    pub(crate) fn circling(detail: &str, request_id: Option<&str>) -> Self {
        Self {
            kind: "pages_in_a_circle".to_owned(),
            message: format!("draining a window: the pages do not come to an end: {detail}"),
            hint: "check base_url; if it is the vendor's own, give the request id to the vendor's support. \
                   The window is asked for again by time"
                .to_owned(),
            request_id: request_id.map(str::to_owned),
            needs_a_hand: true,
            retry_after: None,
        }
    }

    /// How long to wait after the `failures`-th failure in a row.
    pub(crate) fn wait(&self, failures: u32, poll_interval: Duration) -> Duration {
        let own = if self.needs_a_hand {
            poll_interval
        } else {
            let doublings = failures.saturating_sub(1).min(30);
            FIRST_WAIT.saturating_mul(1 << doublings).min(poll_interval)
        };
        own.max(self.retry_after.unwrap_or_default().min(LONGEST_RETRY_AFTER))
    }

    /// As the ledger keeps it.
    pub(crate) fn as_failure(&self, at: Timestamp) -> ledger::Failure {
        ledger::Failure {
            at,
            kind: self.kind.clone(),
            message: bounded(&self.message),
            hint: bounded(&self.hint),
            request_id: self.request_id.clone(),
        }
    }
}

/// The beginning of a text, if it is longer than a status line should be.
fn bounded(text: &str) -> String {
    match text.char_indices().nth(FAILURE_CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn needs_a_hand(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::InvalidRequest
            | ErrorKind::Configuration
            | ErrorKind::KeyUnavailable
            | ErrorKind::KeyMissing
            | ErrorKind::KeyInvalid
            | ErrorKind::KeyExpired
            | ErrorKind::ScopeMissing
            | ErrorKind::Forbidden
            | ErrorKind::BadRequest
            | ErrorKind::CursorRefused
            | ErrorKind::NotFound
            | ErrorKind::LogNotFound
            | ErrorKind::Tls
            | ErrorKind::Proxy
            | ErrorKind::Redirect
            | ErrorKind::ContentType
            | ErrorKind::UnexpectedPage
            | ErrorKind::UnexpectedStatus
    )
}

/// Whether an error of the ledger ends the collector: the file is damaged, foreign, gone, or another writer's.
pub(crate) fn is_fatal(kind: ledger::ErrorKind) -> bool {
    match kind {
        ledger::ErrorKind::DiskFull
        | ledger::ErrorKind::Busy
        | ledger::ErrorKind::Permission
        | ledger::ErrorKind::Io
        | ledger::ErrorKind::InvalidInput => false,
        ledger::ErrorKind::Locked { .. }
        | ledger::ErrorKind::Damaged
        | ledger::ErrorKind::NewerSchema { .. }
        | ledger::ErrorKind::OlderSchema { .. }
        | ledger::ErrorKind::NotALedger
        | ledger::ErrorKind::Missing
        | ledger::ErrorKind::Fenced { .. } => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    fn waits(kind: ErrorKind, failures: &[u32]) -> Vec<u64> {
        let setback = Setback::of_request(&feed::Error::new(kind, ""));
        failures.iter().map(|failures| setback.wait(*failures, MINUTE).as_secs()).collect()
    }

    #[test]
    fn what_may_pass_is_tried_soon_and_then_less_often() {
        assert_eq!(waits(ErrorKind::Timeout, &[1, 2, 3, 6, 7, 8, 1_000_000]), [1, 2, 4, 32, 60, 60, 60]);
        assert_eq!(waits(ErrorKind::ServerError, &[1, 2]), [1, 2]);
    }

    #[test]
    fn what_needs_a_hand_is_tried_at_every_poll_interval() {
        for kind in
            [ErrorKind::KeyInvalid, ErrorKind::ScopeMissing, ErrorKind::NotFound, ErrorKind::BadRequest]
        {
            assert_eq!(waits(kind, &[1, 2, 50]), [60, 60, 60], "{kind:?}");
        }
    }

    #[test]
    fn a_failure_is_kept_in_bounds() {
        let setback = Setback::of_request(&feed::Error::new(ErrorKind::Connection, "é".repeat(10_000)));
        let failure = setback.as_failure(Timestamp::UNIX_EPOCH);
        assert_eq!(failure.message.chars().count(), FAILURE_CHARACTERS_MAX + 1);
        assert_eq!(failure.hint, setback.hint);
    }

    #[test]
    fn a_wait_that_the_server_asks_for_is_kept_within_reason() {
        let mut setback = Setback::of_request(&feed::Error::new(ErrorKind::RateLimited, ""));
        setback.retry_after = Some(Duration::from_secs(90));
        assert_eq!(setback.wait(1, MINUTE), Duration::from_secs(90));
        setback.retry_after = Some(Duration::from_secs(1));
        assert_eq!(setback.wait(5, MINUTE), Duration::from_secs(16));
        setback.retry_after = Some(Duration::from_secs(1_000_000));
        assert_eq!(setback.wait(1, MINUTE), LONGEST_RETRY_AFTER);
    }
}

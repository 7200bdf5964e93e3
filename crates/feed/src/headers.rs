//! The response headers the feed gives a meaning to. All are optional.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

use crate::page::RateLimit;
use crate::redact::Redactor;
use crate::transport::TransportResponse;

/// The longest `request-id` that is kept; the vendor's have some 28 characters.
const MAX_REQUEST_ID_CHARACTERS: usize = 200;

/// The three forms of an HTTP date: the one that is sent today, and two that are still to be understood.
const DATE_FORMATS: [&str; 3] =
    ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];

pub(crate) fn request_id(response: &TransportResponse, redactor: Redactor<'_>) -> Option<String> {
    let text = redactor.show(response.header("request-id")?, MAX_REQUEST_ID_CHARACTERS);
    (!text.is_empty()).then_some(text)
}

pub(crate) fn rate_limit(response: &TransportResponse) -> RateLimit {
    let number = |name| response.header(name).and_then(|value| value.trim().parse().ok());
    RateLimit {
        limit: number("anthropic-ratelimit-requests-limit"),
        remaining: number("anthropic-ratelimit-requests-remaining"),
        reset: response
            .header("anthropic-ratelimit-requests-reset")
            .and_then(|value| value.trim().parse().ok()),
    }
}

/// What the API itself says about asking again.
pub(crate) fn should_retry(response: &TransportResponse) -> Option<bool> {
    match response.header("x-should-retry")?.trim() {
        value if value.eq_ignore_ascii_case("true") => Some(true),
        value if value.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// The moment at which the other side answered, by its own clock.
pub(crate) fn server_time(response: &TransportResponse) -> Option<Timestamp> {
    http_date(response.header("date")?)
}

/// `retry-after` as a duration: seconds, or a date. A date is compared with the `date` of the same answer where there
/// is one, so that a wrong clock of our own does not matter. A date in the past is no wait.
pub(crate) fn retry_after(response: &TransportResponse, now: Timestamp) -> Option<Duration> {
    let text = response.header("retry-after")?.trim();
    if let Some(seconds) = seconds(text) {
        return Some(seconds);
    }
    let until = http_date(text)?;
    let from = server_time(response).unwrap_or(now);
    Some(Duration::try_from(until.duration_since(from)).unwrap_or(Duration::ZERO))
}

/// Whole or decimal seconds; `None` for everything else, a negative number included.
fn seconds(text: &str) -> Option<Duration> {
    if !text.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    Duration::try_from_secs_f64(text.parse().ok()?).ok()
}

fn http_date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let read = |format: &&str| -> Option<DateTime> { strtime::parse(format, text).ok()?.to_datetime().ok() };
    let moment = DATE_FORMATS.iter().find_map(read)?;
    Some(moment.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

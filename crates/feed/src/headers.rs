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
    if !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    fn response(headers: &[(&str, &str)]) -> TransportResponse {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        TransportResponse { status: 429, headers, body: Bytes::new() }
    }

    fn now() -> Timestamp {
        "2026-11-23T10:00:00Z".parse().unwrap()
    }

    #[test]
    fn reads_retry_after_as_seconds_or_date() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        let table: &[(&str, Option<Duration>)] = &[
            ("0", seconds(0)),
            ("7", seconds(7)),
            (" 30 ", seconds(30)),
            ("1.5", Some(Duration::from_millis(1500))),
            ("Mon, 23 Nov 2026 10:00:42 GMT", seconds(42)),
            ("Monday, 23-Nov-26 10:00:42 GMT", seconds(42)),
            ("Mon Nov 23 10:00:42 2026", seconds(42)),
            ("Mon Nov  2 10:00:42 2026", seconds(0)),
            ("Mon, 23 Nov 2026 09:59:00 GMT", seconds(0)),
            ("-1", None),
            ("1e3", None),
            ("inf", None),
            ("NaN", None),
            ("", None),
            ("soon", None),
            ("99999999999999999999999999", None),
            ("Tue, 23 Nov 2026 10:00:42 GMT", None),
        ];
        for (text, wait) in table {
            assert_eq!(retry_after(&response(&[("retry-after", text)]), now()), *wait, "{text:?}");
        }
        assert_eq!(retry_after(&response(&[]), now()), None);
    }

    #[test]
    fn measures_a_date_from_the_answers_own_date() {
        // Our clock is an hour behind theirs; the wait is theirs.
        let headers =
            [("date", "Mon, 23 Nov 2026 11:00:00 GMT"), ("retry-after", "Mon, 23 Nov 2026 11:00:05 GMT")];
        assert_eq!(retry_after(&response(&headers), now()), Some(Duration::from_secs(5)));
    }

    #[test]
    fn does_without_headers_it_cannot_read() {
        let headers = [
            ("anthropic-ratelimit-requests-limit", "many"),
            ("anthropic-ratelimit-requests-remaining", " 12 "),
            ("anthropic-ratelimit-requests-reset", "soon"),
            ("request-id", " \t "),
            ("date", "today"),
            ("x-should-retry", "perhaps"),
        ];
        let response = response(&headers);
        assert_eq!(rate_limit(&response), RateLimit { limit: None, remaining: Some(12), reset: None });
        assert_eq!(request_id(&response, Redactor::none()), None);
        assert_eq!(server_time(&response), None);
        assert_eq!(should_retry(&response), None);
    }

    proptest! {
        #[test]
        fn no_header_panics(text in "\\PC{0,40}|[0-9]{1,30}|[A-Z][a-z]{2}, [0-9]{1,2} [A-Z][a-z]{2} [0-9]{1,5} [0-9:]{1,9} GMT") {
            let names = ["retry-after", "date", "request-id", "x-should-retry", "anthropic-ratelimit-requests-limit", "anthropic-ratelimit-requests-reset"];
            let response = response(&names.map(|name| (name, text.as_str())));
            let _ = (retry_after(&response, now()), server_time(&response), rate_limit(&response), should_retry(&response));
            prop_assert!(request_id(&response, Redactor::none()).is_none_or(|id| id.chars().count() <= MAX_REQUEST_ID_CHARACTERS + 1));
        }
    }
}

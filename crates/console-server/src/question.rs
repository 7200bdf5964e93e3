//! What a screen asks of the store of documents: query, filters and range, made into one [`query::Expression`].

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, Query},
    http::request::Parts,
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use query::{Backend, Context, Expression, Fields, SearchRequest, SearchResponse};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    app::{App, Shared},
    error::ApiError,
    guard::SignedIn,
};

/// Screens are drawn within so long of the moment that they are about.
const JUST_NOW: SignedDuration = SignedDuration::from_mins(5);

/// A condition beside the query, which can be turned off without being removed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    query: String,
    #[serde(default)]
    negate: bool,
    #[serde(default = "yes")]
    enabled: bool,
}

fn yes() -> bool {
    true
}

/// The part that every question has.
#[derive(Debug, Clone, Default)]
pub(crate) struct Question {
    pub(crate) query: String,
    pub(crate) filters: Vec<Filter>,
    pub(crate) from: Option<String>,
    pub(crate) to: Option<String>,
    pub(crate) time_zone: Option<String>,
    /// The moment that relative times are counted from, so that all questions of a screen agree; this one unless given.
    pub(crate) now: Option<Timestamp>,
}

/// The same in the parameters of an address: one text and a range.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InAddress {
    #[serde(default)]
    query: String,
    from: Option<String>,
    to: Option<String>,
    time_zone: Option<String>,
    now: Option<Timestamp>,
}

/// The names of [`InAddress`].
const IN_ADDRESS: [&str; 5] = ["query", "from", "to", "time_zone", "now"];

impl From<InAddress> for Question {
    fn from(InAddress { query, from, to, time_zone, now }: InAddress) -> Self {
        Self { query, from, to, time_zone, now, filters: Vec::new() }
    }
}

/// A question in the parameters of an address, and what else the call wants there.
pub(crate) struct Asked<T>(pub(crate) Question, pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let text = parts.uri.query().unwrap_or_default();
        let is_question =
            |pair: &&str| IN_ADDRESS.contains(&pair.split_once('=').map_or(*pair, |(name, _)| name));
        let (question, rest): (Vec<&str>, Vec<&str>) = text.split('&').partition(is_question);
        let question: InAddress = parameters(&question)?;
        Ok(Self(question.into(), parameters(&rest)?))
    }
}

fn parameters<T: DeserializeOwned>(pairs: &[&str]) -> Result<T, ApiError> {
    let uri = format!("/?{}", pairs.join("&")).parse().map_err(ApiError::internal)?;
    Ok(Query::try_from_uri(&uri)?.0)
}

/// The question as the store understands it.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) expression: Expression,
    pub(crate) from: Option<Timestamp>,
    pub(crate) to: Option<Timestamp>,
}

impl Question {
    pub(crate) fn read(&self, fields: &Fields, now: Timestamp) -> Result<Read, ApiError> {
        let now = self.now.unwrap_or(now);
        let zone = zone(self.time_zone.as_deref())?;
        let context = Context { fields, now, zone: zone.clone() };
        let mut parts = vec![query::parse(&self.query, &context)?];
        for (index, filter) in self.filters.iter().enumerate().filter(|(_, filter)| filter.enabled) {
            let read = query::parse(&filter.query, &context)
                .map_err(|error| ApiError::from(error.within(&format!("filter {}", index + 1))))?;
            parts.push(if filter.negate { read.not() } else { read });
        }
        let from = self.from.as_deref().map(|text| begin(text, now, &zone)).transpose()?;
        let to = self.to.as_deref().map(|text| end(text, now, &zone)).transpose()?;
        if let (Some(from), Some(to)) = (from, to)
            && from >= to
        {
            return Err(ApiError::bad_request(format!("from {from} is not before to {to}")));
        }
        Ok(Read { expression: Expression::and(parts), from, to })
    }

    /// The question in words, for the access log. Relative times stay relative, so that a screen that refreshes itself asks
    /// the same again; what they are relative to is told where it is not just now.
    pub(crate) fn in_words(&self, now: Timestamp) -> String {
        let mut words =
            if self.query.trim().is_empty() { "everything".to_owned() } else { self.query.clone() };
        for filter in self.filters.iter().filter(|filter| filter.enabled) {
            words.push_str(if filter.negate { " · not " } else { " · " });
            words.push_str(&filter.query);
        }
        let bound = |text: &Option<String>| text.clone().unwrap_or_else(|| "…".to_owned());
        let elsewhen = self.now.filter(|asked| asked.duration_since(now).abs() > JUST_NOW);
        let at = elsewhen.map_or_else(String::new, |asked| format!(" · at {asked}"));
        format!("{words} · {} → {}{at}", bound(&self.from), bound(&self.to))
    }
}

/// The zone of dates without one.
pub(crate) fn zone(name: Option<&str>) -> Result<TimeZone, ApiError> {
    match name {
        None | Some("" | "UTC" | "Z") => Ok(TimeZone::UTC),
        Some(name) => TimeZone::get(name).map_err(|_| {
            ApiError::bad_request(format!("{name:?} is not a time zone"))
                .hint("write a name such as Europe/Lisbon")
        }),
    }
}

/// The first instant of a range.
pub(crate) fn begin(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, ApiError> {
    Ok(query::time::parse(text, now, zone)?.start)
}

/// The first instant after a range: a text that names a day or a month means all of it.
pub(crate) fn end(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, ApiError> {
    let stretch = query::time::parse(text, now, zone)?;
    let whole = text.contains('/') || (text.len() <= "2026-11-23".len() && !text.starts_with("now"));
    Ok(if whole { stretch.end } else { stretch.start })
}

/// The store of documents, or why there is none.
pub(crate) fn backend(app: &Shared) -> Result<Arc<dyn Backend>, ApiError> {
    app.backend.clone().ok_or_else(|| {
        ApiError::new(
            axum::http::StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "nothing answers queries: the program's log says why",
        )
        .hint("the state of the trail, single activities and live events are there all the same")
    })
}

/// The answer of the store, when it is the question's turn.
pub(crate) async fn answer(
    app: &Shared,
    backend: &dyn Backend,
    request: SearchRequest,
) -> Result<SearchResponse, ApiError> {
    let _turn = app.searches.acquire().await.map_err(ApiError::internal)?;
    Ok(backend.search(request).await?)
}

/// Writes a search into the access log.
pub(crate) async fn log(
    app: &App,
    signed_in: &SignedIn,
    address: &str,
    action: &'static str,
    detail: String,
) -> Result<(), ApiError> {
    app.log(&signed_in.session.user, address, action, "success", detail).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_as_the_end_of_a_range_is_in_it() {
        let now = "2026-11-25T12:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("2026-11-23", "2026-11-24T00:00:00Z"),
            ("2026-11", "2026-12-01T00:00:00Z"),
            ("now/d", "2026-11-26T00:00:00Z"),
            ("now", "2026-11-25T12:00:00Z"),
            ("now-1h", "2026-11-25T11:00:00Z"),
            ("2026-11-23T08:14:05Z", "2026-11-23T08:14:05Z"),
        ] {
            assert_eq!(end(text, now, &TimeZone::UTC).unwrap(), expected.parse().unwrap(), "{text}");
        }
        assert!(end("yesterday", now, &TimeZone::UTC).is_err());
    }

    #[test]
    fn the_log_tells_what_was_asked() {
        let filter = |query: &str, negate, enabled| Filter { query: query.into(), negate, enabled };
        let question = Question {
            query: "event.outcome:failure".into(),
            filters: vec![filter("a:1", false, true), filter("b:2", true, true), filter("c:3", false, false)],
            from: Some("now-24h".into()),
            ..Question::default()
        };
        let now: Timestamp = "2026-11-25T12:00:00Z".parse().unwrap();
        let words = "event.outcome:failure · a:1 · not b:2 · now-24h → …";
        for (asked, end) in [
            (None, ""),
            (Some("2026-11-25T11:59:00Z"), ""),
            (Some("2026-11-24T12:00:00Z"), " · at 2026-11-24T12:00:00Z"),
        ] {
            let question = Question { now: asked.map(|asked| asked.parse().unwrap()), ..question.clone() };
            assert_eq!(question.in_words(now), format!("{words}{end}"));
        }
        let relative = Question { query: String::new(), filters: Vec::new(), now: Some(now), ..question };
        let read = relative.read(&Fields::new([]), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(read.from, Some("2026-11-24T12:00:00Z".parse().unwrap()));
    }
}

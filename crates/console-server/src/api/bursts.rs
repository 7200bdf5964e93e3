//! When somebody was at work: what an actor did, cut where it paused for more than half an hour.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, State},
};
use jiff::{SignedDuration, Timestamp};
use query::Hit;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    app::App,
    caller::Caller,
    document::{
        self as documents, ACTION, ADDRESS, AGENT, CITY, COUNTRY, OPERATING_SYSTEM, OUTCOME, PRIVILEGED,
        SEVERITY,
    },
    error::ApiError,
    guard::SignedIn,
    question::{self, Asked},
};

use super::actor::About;

/// A longer pause ends a burst.
const PAUSE: SignedDuration = SignedDuration::from_mins(30);
/// Most bursts of an answer, and most documents that are read for it, so many at a time.
const BURSTS_MAX: usize = 50;
const DOCUMENTS_MAX: usize = 20_000;
const PAGE: usize = 2_000;
/// Actions of a burst that are named.
const ACTIONS_NAMED: usize = 5;
/// What of each document is looked at.
const FIELDS: [&str; 9] =
    [query::TIMESTAMP, ACTION, OUTCOME, SEVERITY, COUNTRY, CITY, ADDRESS, AGENT, OPERATING_SYSTEM];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    size: Option<usize>,
}

/// The newest bursts of an actor within a range.
pub(crate) async fn bursts(
    State(app): State<App>,
    caller: Caller,
    signed_in: SignedIn,
    Path(id): Path<String>,
    Asked(asked, wanted): Asked<Wanted>,
) -> Result<Json<Value>, ApiError> {
    let detail = format!("sessions of {id} · {}", asked.in_words(app.now()));
    question::log(&app, &signed_in, &caller.address, "search", detail).await?;
    let size = wanted.size.unwrap_or(BURSTS_MAX).clamp(1, BURSTS_MAX);
    let about = About::new(&app, id)?;
    let mut request = about.request(&asked, PAGE)?;
    request.fields = Some(FIELDS.map(str::to_owned).to_vec());
    let mut bursts: Vec<Burst> = Vec::new();
    let mut read = 0;
    let more = loop {
        let hits = about.page(&request).await?;
        read += hits.len();
        let whole = hits.len() == PAGE;
        request.search_after = hits.last().map(|hit| hit.sort.clone());
        for hit in hits {
            take(&mut bursts, &hit);
        }
        // One more than asked for shows that the last one is whole.
        if !whole || bursts.len() > size || read >= DOCUMENTS_MAX {
            break whole || bursts.len() > size;
        }
    };
    bursts.truncate(size);
    let told: Vec<Value> = bursts.iter().map(Burst::told).collect();
    Ok(Json(json!({ "sessions": told, "more": more })))
}

/// Adds the next older document to the last burst, or begins another one.
fn take(bursts: &mut Vec<Burst>, hit: &Hit) {
    let Some(at) = documents::text(&hit.document, query::TIMESTAMP).and_then(|text| text.parse().ok()) else {
        return;
    };
    let goes_on = bursts.last().is_some_and(|burst| burst.from.duration_since(at) <= PAUSE);
    if !goes_on {
        bursts.push(Burst::begun(at));
    }
    if let Some(burst) = bursts.last_mut() {
        burst.add(at, &hit.document);
    }
}

/// What was done without a long pause.
struct Burst {
    from: Timestamp,
    to: Timestamp,
    events: u64,
    failures: u64,
    privileged: u64,
    actions: BTreeMap<String, u64>,
    /// Country, city and address; program and system.
    places: BTreeMap<[Option<String>; 3], u64>,
    agents: BTreeMap<[Option<String>; 2], u64>,
}

impl Burst {
    fn begun(at: Timestamp) -> Self {
        Self {
            from: at,
            to: at,
            events: 0,
            failures: 0,
            privileged: 0,
            actions: BTreeMap::new(),
            places: BTreeMap::new(),
            agents: BTreeMap::new(),
        }
    }

    fn add(&mut self, at: Timestamp, document: &Value) {
        let text = |name: &str| documents::text(document, name);
        self.from = self.from.min(at);
        self.events += 1;
        self.failures += u64::from(text(OUTCOME).as_deref() == Some("failure"));
        let severity = documents::value(document, SEVERITY).and_then(Value::as_u64).unwrap_or_default();
        self.privileged += u64::from(severity >= PRIVILEGED);
        *self.actions.entry(text(ACTION).unwrap_or_default()).or_default() += 1;
        *self.places.entry([COUNTRY, CITY, ADDRESS].map(text)).or_default() += 1;
        *self.agents.entry([AGENT, OPERATING_SYSTEM].map(text)).or_default() += 1;
    }

    fn told(&self) -> Value {
        let [country, city, address] = commonest(&self.places);
        let [agent, system] = commonest(&self.agents);
        let mut actions: Vec<(&String, &u64)> = self.actions.iter().collect();
        actions.sort_by(|left, right| right.1.cmp(left.1));
        let actions = actions.into_iter().take(ACTIONS_NAMED);
        json!({
            "from": self.from,
            "to": self.to,
            "events": self.events,
            "failures": self.failures,
            "privileged": self.privileged,
            "country": country,
            "city": city,
            "address": address,
            "agent": agent,
            "os": system,
            "top_actions": actions.map(|(action, count)| json!({ "action": action, "count": count })).collect::<Vec<_>>(),
        })
    }
}

/// The commonest that is known at all.
fn commonest<const N: usize>(counts: &BTreeMap<[Option<String>; N], u64>) -> [Option<String>; N] {
    let known = counts.iter().filter(|(key, _)| key.iter().any(Option::is_some));
    known.max_by_key(|(_, count)| **count).map_or([const { None }; N], |(key, _)| key.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_of_more_than_half_an_hour_begins_another() {
        let hit = |minute: i64, action: &str, country: Option<&str>| Hit {
            id: String::new(),
            sequence: 1,
            document: json!({
                "@timestamp": Timestamp::from_second(minute * 60).unwrap(),
                "event": { "action": action, "outcome": "failure", "severity": 73 },
                "source": { "geo": { "country_iso_code": country } },
            }),
            sort: Vec::new(),
        };
        let mut bursts = Vec::new();
        for (minute, action, country) in
            [(100, "a", None), (90, "b", Some("PT")), (60, "b", None), (29, "c", None), (-100, "d", None)]
        {
            take(&mut bursts, &hit(minute, action, country));
        }
        let told: Vec<Value> = bursts.iter().map(Burst::told).collect();
        let events: Vec<_> = told.iter().map(|burst| burst["events"].as_u64().unwrap()).collect();
        assert_eq!(events, [3, 1, 1]);
        assert_eq!(
            (&told[0]["from"], &told[0]["to"]),
            (&json!("1970-01-01T01:00:00Z"), &json!("1970-01-01T01:40:00Z"))
        );
        assert_eq!((&told[0]["country"], &told[0]["agent"]), (&json!("PT"), &Value::Null));
        assert_eq!((&told[0]["failures"], &told[0]["privileged"]), (&json!(3), &json!(3)));
        assert_eq!(told[0]["top_actions"][0], json!({ "action": "b", "count": 2 }));
    }
}

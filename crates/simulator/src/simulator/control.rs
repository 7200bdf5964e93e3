//! The control plane under `/simulator/`: what a test may ask and set, and the vendor's API has not.
//!
//! | request | answer |
//! | --- | --- |
//! | `GET /simulator/activities` | every row that has happened in `[created_at.gte, created_at.lt)`, one a line, exact bytes, by (`created_at`, `id`), whatever its indexing lag; `indexed=true` leaves out what cannot be fetched yet; `parent=NAME` |
//! | `GET /simulator/stories` | the planted incidents |
//! | `GET /simulator/statistics` | requests by status, rows, bytes, faults by kind, budgets |
//! | `GET /simulator/late-rows` | rows that an answer left out because they were not indexed yet, later than ordinary rows are, and that a later answer sent; `age=3s`: only those that were left out at that age or a greater one |
//! | `GET /simulator/time`, `POST /simulator/time` | the clock; set it with `{"now":"2026-01-01T00:00:00Z"}` or `{"advance":"90s"}` |
//! | `PUT /simulator/fault-plan` | puts the TOML of the body into force |
//! | `PUT /simulator/keys` | replaces all keys: `[{"key":"…","expired":false,"scopes":["…"],"parent":"…"}]`, all but `key` optional |

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Parent, Simulator, date_time,
    query::{self, Filter, just_after},
    timeline::Walk,
};
use crate::{Delivery, FaultPlan, SimulatedKey, SimulatedRequest, SimulatedResponse};

/// Whether a path belongs to the control plane.
pub(crate) fn is_control(path: &str) -> bool {
    path == "/simulator" || path.starts_with("/simulator/")
}

struct Refusal(u16, String);

pub(super) fn respond(simulator: &Simulator, request: &SimulatedRequest) -> SimulatedResponse {
    let answered = match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/simulator/activities") => ActivityStream::open(simulator, &request.query).map(|stream| {
            let body: Vec<u8> = stream.flatten().collect();
            response(200, "application/x-ndjson", Bytes::from(body))
        }),
        ("GET", "/simulator/stories") => {
            stories(simulator, &request.query).map(|value| json_response(&value))
        }
        ("GET", "/simulator/statistics") => Ok(json_response(&statistics(simulator))),
        ("GET", "/simulator/late-rows") => {
            late_rows(simulator, &request.query).map(|value| json_response(&value))
        }
        ("GET", "/simulator/time") => Ok(json_response(&json!({ "now": simulator.clock.now() }))),
        ("POST", "/simulator/time") => set_time(simulator, &request.body).map(|value| json_response(&value)),
        ("PUT", "/simulator/keys") => set_keys(simulator, &request.body).map(|value| json_response(&value)),
        ("PUT", "/simulator/fault-plan") => {
            set_fault_plan(simulator, &request.body).map(|value| json_response(&value))
        }
        (_, path) => Err(Refusal(
            404,
            format!("no {} {path}; see /simulator/statistics and its siblings", request.method),
        )),
    };
    answered.unwrap_or_else(|Refusal(status, message)| {
        response(status, "application/json", Bytes::from(json!({ "error": message }).to_string()))
    })
}

fn response(status: u16, content_type: &str, body: Bytes) -> SimulatedResponse {
    SimulatedResponse {
        status,
        headers: vec![("content-type", content_type.to_owned())],
        body,
        delay: Duration::ZERO,
        delivery: Delivery::Complete,
    }
}

fn json_response(value: &Value) -> SimulatedResponse {
    response(200, "application/json", Bytes::from(value.to_string()))
}

fn find_parent(simulator: &Simulator, name: Option<&String>) -> Result<Arc<Parent>, Refusal> {
    let found = match name {
        Some(name) => simulator.parents.iter().find(|parent| parent.name == *name),
        None => simulator.parents.first(),
    };
    found.cloned().ok_or_else(|| Refusal(404, "no such parent".to_owned()))
}

fn parameters(query: &str, known: &[&str]) -> Result<BTreeMap<String, String>, Refusal> {
    let mut parameters = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (Some(name), Some(value)) = (query::decode(name), query::decode(value)) else {
            return Err(Refusal(400, "query: not valid UTF-8".to_owned()));
        };
        if !known.contains(&name.as_str()) {
            return Err(Refusal(
                400,
                format!("{name}: unknown query parameter; known: {}", known.join(", ")),
            ));
        }
        parameters.insert(name, value);
    }
    Ok(parameters)
}

fn stories(simulator: &Simulator, query: &str) -> Result<Value, Refusal> {
    let parameters = parameters(query, &["parent"])?;
    let parent = find_parent(simulator, parameters.get("parent"))?;
    let stories = parent.timeline.source().stories().into_iter().map(|story| {
        json!({
            "number": story.number,
            "title": story.title,
            "sentence": story.sentence,
            "from": story.from,
            "to": story.to,
            "activity_types": story.activity_types,
            "look_for": story.look_for,
            "actors": story.actors,
            "addresses": story.addresses,
        })
    });
    Ok(stories.collect())
}

fn statistics(simulator: &Simulator) -> Value {
    let now = simulator.clock.now();
    let parents: Vec<Value> = simulator.parents.iter().map(|parent| parent_statistics(parent, now)).collect();
    let faults = simulator.faults.read().unwrap_or_else(std::sync::PoisonError::into_inner).statistics();
    let statistics = simulator.statistics().clone();
    json!({
        "now": now,
        "started": simulator.started,
        "requests": { "total": statistics.requests, "by_status": statistics.by_status },
        "rows_served": statistics.rows_served,
        "body_bytes": statistics.body_bytes,
        "faults": faults,
        "parents": parents,
    })
}

fn parent_statistics(parent: &Parent, now: Timestamp) -> Value {
    let budget = parent
        .budget()
        .look(now)
        .map(|state| json!({ "limit": state.limit, "remaining": state.remaining, "reset": state.reset }));
    let own_reads = parent.timeline.own_reads();
    json!({
        "name": parent.name,
        "budget": budget,
        "own_reads": { "kept": own_reads.kept(), "dropped": own_reads.dropped() },
    })
}

fn late_rows(simulator: &Simulator, query: &str) -> Result<Value, Refusal> {
    let parameters = parameters(query, &["age"])?;
    let age = parameters.get("age").map_or(Ok(SignedDuration::ZERO), |text| text.parse());
    let age = age.map_err(|_| Refusal(400, "age: not a duration".to_owned()))?;
    Ok(simulator.statistics().late_rows.report(age))
}

fn set_time(simulator: &Simulator, body: &[u8]) -> Result<Value, Refusal> {
    let wanted: BTreeMap<String, String> = serde_json::from_slice(body).unwrap_or_default();
    let now = simulator.clock.now();
    let to = match (wanted.get("now"), wanted.get("advance")) {
        (Some(text), None) => date_time::parse(text),
        (None, Some(text)) => text.parse::<SignedDuration>().ok().and_then(|by| now.checked_add(by).ok()),
        _ => None,
    };
    let to = to.ok_or_else(|| {
        Refusal(400, r#"send {"now":"2026-01-01T00:00:00Z"} or {"advance":"90s"}"#.to_owned())
    })?;
    if !simulator.clock.set(to) {
        return Err(Refusal(409, "this simulator follows the clock of the machine".to_owned()));
    }
    Ok(json!({ "now": simulator.clock.now() }))
}

fn set_fault_plan(simulator: &Simulator, body: &[u8]) -> Result<Value, Refusal> {
    let text = std::str::from_utf8(body).map_err(|_| Refusal(400, "the plan is not text".to_owned()))?;
    let plan = FaultPlan::parse(text).map_err(|error| Refusal(400, error.to_string()))?;
    let faults = plan.faults.len();
    simulator.set_fault_plan(plan);
    Ok(json!({ "faults": faults }))
}

/// A key as the control plane takes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyWanted {
    key: String,
    #[serde(default)]
    expired: bool,
    scopes: Option<Vec<String>>,
    parent: Option<String>,
}

fn set_keys(simulator: &Simulator, body: &[u8]) -> Result<Value, Refusal> {
    let wanted: Vec<KeyWanted> =
        serde_json::from_slice(body).map_err(|error| Refusal(400, error.to_string()))?;
    let keys: Vec<SimulatedKey> = wanted
        .into_iter()
        .map(|wanted| {
            let usual = SimulatedKey::new(wanted.key);
            SimulatedKey {
                expired: wanted.expired,
                scopes: wanted.scopes.unwrap_or(usual.scopes),
                parent: wanted.parent.unwrap_or(usual.parent),
                ..usual
            }
        })
        .collect();
    let count = keys.len();
    simulator.set_keys(keys);
    Ok(json!({ "keys": count }))
}

/// The rows of a range as NDJSON, a piece at a time, so that millions need no more memory than a few thousand.
pub struct ActivityStream {
    parent: Arc<Parent>,
    now: Timestamp,
    from: Timestamp,
    to: Timestamp,
    beyond: Option<super::cursor::Place>,
    unindexed_too: bool,
}

impl std::fmt::Debug for ActivityStream {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ActivityStream")
            .field("from", &self.from)
            .field("to", &self.to)
            .finish_non_exhaustive()
    }
}

impl ActivityStream {
    /// Rows of a piece.
    const PIECE: usize = 5000;

    fn open(simulator: &Simulator, query: &str) -> Result<Self, Refusal> {
        let parameters = parameters(query, &["created_at.gte", "created_at.lt", "indexed", "parent"])?;
        let bound = |name: &str, missing| match parameters.get(name) {
            None => Ok(missing),
            Some(text) => {
                date_time::parse(text).ok_or_else(|| Refusal(400, format!("{name}: not a date-time")))
            }
        };
        let parent = find_parent(simulator, parameters.get("parent"))?;
        let (from, to) = (bound("created_at.gte", Timestamp::MIN)?, bound("created_at.lt", Timestamp::MAX)?);
        let indexed_only = parameters.get("indexed").is_some_and(|value| value == "true");
        Ok(Self { unindexed_too: !indexed_only, ..Self::new(parent, simulator.clock.now(), from, to) })
    }

    fn new(parent: Arc<Parent>, now: Timestamp, from: Timestamp, to: Timestamp) -> Self {
        Self { parent, now, from, to: to.min(just_after(now)), beyond: None, unindexed_too: true }
    }
}

/// Each item is some thousand lines.
impl Iterator for ActivityStream {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let walk = Walk {
            filter: &Filter::default(),
            from: self.from,
            to: self.to,
            beyond: self.beyond.as_ref(),
            ascending: true,
            limit: Self::PIECE,
            unindexed_too: self.unindexed_too,
        };
        let rows = self.parent.timeline.walk(&walk, self.now).found;
        let last = rows.last()?;
        let mut lines = Vec::with_capacity(rows.iter().map(|row| row.json.len() + 1).sum());
        for row in &rows {
            lines.extend_from_slice(&row.json);
            lines.push(b'\n');
        }
        self.from = last.place.created_at;
        self.beyond = Some(last.place.clone());
        Some(Bytes::from(lines))
    }
}

impl Simulator {
    /// Every row of a parent that has happened in `[from, to)`, indexed or not, as NDJSON in pieces; `None` when there is
    /// no parent of this name.
    pub fn activities(&self, parent: &str, from: Timestamp, to: Timestamp) -> Option<ActivityStream> {
        let parent = find_parent(self, Some(&parent.to_owned())).ok()?;
        Some(ActivityStream::new(parent, self.clock.now(), from, to))
    }

    /// The stream of a query to `/simulator/activities`; `None` when the query is refused.
    pub(crate) fn activity_stream(&self, query: &str) -> Option<ActivityStream> {
        ActivityStream::open(self, query).ok()
    }
}

//! A model of the feed's API: as little of the contract as windows and paging need, and every way it can go wrong.
//!
//! It is kept apart from the product's simulator so that it can break the contract at will, and so that the judge can see
//! everything that it holds and did.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use feed::{Clock, ErrorKind, Transport, TransportError, TransportRequest, TransportResponse};
use jiff::{SignedDuration, Timestamp};

use crate::{clock::SimulatedClock, random::Random};

/// One activity of the model.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) created_at: Timestamp,
    /// When the API begins to return it.
    pub(crate) visible_at: Timestamp,
    pub(crate) id: String,
    /// Its bytes, where they are not the usual ones.
    pub(crate) json: Option<String>,
}

impl Row {
    pub(crate) fn json(&self) -> String {
        let Self { created_at, id, json, .. } = self;
        if let Some(json) = json {
            return json.clone();
        }
        format!(
            r#"{{"id":"{id}","created_at":"{created_at}","type":"claude_chat_viewed","note":"as sent  é"}}"#
        )
    }
}

/// What goes wrong, and how often.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Faults {
    /// Share of requests that fail in some way.
    pub(crate) share: f64,
    /// Share of requests with a cursor whose cursor is refused.
    pub(crate) refused_cursors: f64,
    /// Every request fails in this way.
    pub(crate) outage: Option<Fault>,
    /// The API gives the first page again and again, under two cursors in turn.
    pub(crate) circling: bool,
}

/// One way to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Status(u16),
    FinalServerError,
    Html,
    InvalidJson,
    CutBody,
    NewestFirst,
    NoAnswer(ErrorKind),
}

impl Fault {
    pub(crate) const ALL: [Self; 17] = [
        Self::Status(401),
        Self::Status(403),
        Self::Status(404),
        Self::Status(429),
        Self::Status(500),
        Self::Status(502),
        Self::Status(503),
        Self::Status(504),
        Self::Status(529),
        Self::FinalServerError,
        Self::Html,
        Self::InvalidJson,
        Self::CutBody,
        Self::NewestFirst,
        Self::NoAnswer(ErrorKind::Timeout),
        Self::NoAnswer(ErrorKind::Connection),
        Self::NoAnswer(ErrorKind::Truncated),
    ];
}

/// How the API behaves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Habits {
    /// Answers carry a `date` header.
    pub(crate) tells_time: bool,
    /// Every answered request makes a row of its own.
    pub(crate) audits_itself: bool,
}

/// The state of the API, shared with the judge.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) rows: Vec<Row>,
    pub(crate) faults: Faults,
    /// When each answered request was answered, by its request id.
    pub(crate) answered: HashMap<String, Timestamp>,
    pub(crate) requests: u64,
    /// Requests a minute that are answered; beyond them 429. `None`: no limit is told or kept.
    pub(crate) limit: Option<u32>,
    /// When requests of others and ours were taken from the budget.
    spent: VecDeque<Timestamp>,
    /// When our requests came.
    pub(crate) asked: Vec<Timestamp>,
    pub(crate) habits: Habits,
    random: Random,
    /// Who dies when this many requests have been answered.
    doomed: Option<(u64, tokio::task::AbortHandle)>,
}

/// The API in process. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct ModelServer {
    pub(crate) world: Arc<Mutex<World>>,
    clock: SimulatedClock,
}

impl ModelServer {
    pub(crate) fn new(habits: Habits, clock: SimulatedClock, seed: u64) -> Self {
        let world = World {
            rows: Vec::new(),
            faults: Faults::default(),
            answered: HashMap::new(),
            requests: 0,
            limit: None,
            spent: VecDeque::new(),
            asked: Vec::new(),
            habits,
            random: Random::new(seed),
            doomed: None,
        };
        Self { world: Arc::new(Mutex::new(world)), clock }
    }

    fn answer(&self, url: &str) -> Result<TransportResponse, TransportError> {
        let now = self.clock.true_now();
        let mut world = self.world.lock().unwrap();
        world.requests += 1;
        world.asked.push(now);
        assert!(world.requests < 200_000, "the collector asks without end");
        if !world.spend(now) {
            return Ok(world.error(429, "rate_limit_error", message(429), now));
        }
        let query = Query::read(url);
        if let Some(fault) = world.fault() {
            return world.fail(fault, &query, now);
        }
        if let Some(after) = &query.after {
            let (share, circling) = (world.faults.refused_cursors, world.faults.circling);
            let foreign = after.starts_with("circle") && !circling;
            if foreign || world.random.chance(share) {
                return Ok(world.error(
                    400,
                    "invalid_request_error",
                    "Invalid after_id: no such activity",
                    now,
                ));
            }
        }
        Ok(world.page(&query, now))
    }
}

impl Transport for ModelServer {
    async fn get(&self, request: TransportRequest) -> Result<TransportResponse, TransportError> {
        let (before, after) = {
            let mut world = self.world.lock().unwrap();
            (world.random.between(20, 2_000), world.random.between(20, 2_000))
        };
        self.clock.sleep(Duration::from_millis(before as u64)).await;
        let answer = self.answer(&request.url);
        self.clock.sleep(Duration::from_millis(after as u64)).await;
        // An abort takes hold where the task waits next: while the ledger is at work on this very answer.
        self.world.lock().unwrap().let_die();
        answer
    }
}

impl World {
    /// Adds rows to those that the API holds.
    pub(crate) fn add(&mut self, rows: impl IntoIterator<Item = Row>) {
        self.rows.extend(rows);
        sort(&mut self.rows);
    }

    /// Others spend some of the budget.
    pub(crate) fn others_spend(&mut self, requests: u32, now: Timestamp) {
        self.spent.extend((0..requests).map(|_| now));
    }

    /// Takes a request from the budget; `false` when nothing is left.
    fn spend(&mut self, now: Timestamp) -> bool {
        let Some(limit) = self.limit else { return true };
        let minute_ago = now - SignedDuration::from_secs(60);
        while self.spent.front().is_some_and(|at| *at <= minute_ago) {
            self.spent.pop_front();
        }
        if self.spent.len() >= limit as usize {
            return false;
        }
        self.spent.push_back(now);
        true
    }

    /// Kills a task when it has the answer to its `requests`-th request from now in hand.
    pub(crate) fn doom(&mut self, requests: u64, task: tokio::task::AbortHandle) {
        self.doomed = Some((requests, task));
    }

    fn let_die(&mut self) {
        if let Some((left, task)) = &mut self.doomed {
            *left = left.saturating_sub(1);
            if *left == 0 {
                task.abort();
                self.doomed = None;
            }
        }
    }

    fn fault(&mut self) -> Option<Fault> {
        if self.faults.outage.is_some() {
            return self.faults.outage;
        }
        let share = self.faults.share;
        self.random.chance(share).then(|| *self.random.pick(&Fault::ALL))
    }

    fn fail(
        &mut self,
        fault: Fault,
        query: &Query,
        now: Timestamp,
    ) -> Result<TransportResponse, TransportError> {
        let html = || (200, "text/html", Bytes::from_static(b"<html>Sign in to the network</html>"));
        let (status, content_type, body) = match fault {
            Fault::NoAnswer(kind) => return Err(TransportError::new(kind, "as the fault plan says")),
            Fault::Status(status) => return Ok(self.error(status, "api_error", message(status), now)),
            Fault::FinalServerError => {
                let mut response = self.error(500, "api_error", "Internal server error", now);
                response.headers.push(("x-should-retry".into(), "false".into()));
                return Ok(response);
            }
            Fault::Html => html(),
            Fault::InvalidJson => (200, "application/json", Bytes::from_static(b"{\"data\": [{]}")),
            Fault::CutBody => {
                let page = self.page(query, now).body;
                (200, "application/json", page.slice(..page.len() / 2))
            }
            Fault::NewestFirst => return Ok(self.newest_first(query, now)),
        };
        Ok(self.response(status, content_type, body, now))
    }

    fn error(&mut self, status: u16, kind: &str, message: &str, now: Timestamp) -> TransportResponse {
        let body = format!(r#"{{"type":"error","error":{{"type":"{kind}","message":"{message}"}}}}"#);
        let mut response = self.response(status, "application/json", body.into(), now);
        if status == 429 {
            response.headers.push(("retry-after".into(), self.random.between(0, 20).to_string()));
        }
        response
    }

    fn page(&mut self, query: &Query, now: Timestamp) -> TransportResponse {
        let circling = self.faults.circling;
        let matching: Vec<&Row> = self
            .rows
            .iter()
            .filter(|row| row.visible_at <= now && query.gte <= row.created_at && row.created_at < query.lt)
            .filter(|row| query.after.as_deref().is_none_or(|after| circling || cursor(row).as_str() > after))
            .take(query.limit + 1)
            .collect();
        let has_more = matching.len() > query.limit;
        let rows = &matching[..matching.len().min(query.limit)];
        let quoted = |row: &Row| format!("\"{}\"", cursor(row));
        let first = rows.first().map_or("null".to_owned(), |row| quoted(row));
        let last = match (rows.last(), query.after.as_deref()) {
            (None, _) => "null".to_owned(),
            (Some(_), Some("circle-a")) if circling => "\"circle-b\"".to_owned(),
            (Some(_), _) if circling => "\"circle-a\"".to_owned(),
            (Some(row), _) => quoted(row),
        };
        let has_more = has_more || (circling && !rows.is_empty());
        let data: Vec<String> = rows.iter().map(|row| row.json()).collect();
        let body = format!(
            r#"{{"data":[{}],"has_more":{has_more},"first_id":{first},"last_id":{last}}}"#,
            data.join(",")
        );
        let response = self.response(200, "application/json", body.into(), now);
        if self.habits.audits_itself {
            let lag = self.random.between(0, 1_000);
            let visible_at = now.checked_add(SignedDuration::from_millis(lag)).unwrap();
            let id = format!("activity_own_{}", self.requests);
            let request_id = format!("req_{}", self.requests);
            // The feed's times are whole microseconds.
            let created_at = Timestamp::from_microsecond(now.as_microsecond()).unwrap();
            let json = format!(
                r#"{{"id":"{id}","created_at":"{created_at}","type":"compliance_api_accessed","request_id":"{request_id}"}}"#
            );
            self.add([Row { created_at, visible_at, id, json: Some(json) }]);
        }
        response
    }

    /// A server that ignores `order=asc`. Rows of one instant have no order, and would pass for the page that was asked for.
    fn newest_first(&mut self, query: &Query, now: Timestamp) -> TransportResponse {
        let inside =
            |row: &&Row| row.visible_at <= now && query.gte <= row.created_at && row.created_at < query.lt;
        let rows: Vec<&Row> = self.rows.iter().rev().filter(inside).take(query.limit).collect();
        if rows.first().map(|row| row.created_at) == rows.last().map(|row| row.created_at) {
            return self.error(500, "api_error", "Internal server error", now);
        }
        let data: Vec<String> = rows.into_iter().map(Row::json).collect();
        let body =
            format!(r#"{{"data":[{}],"has_more":false,"first_id":null,"last_id":null}}"#, data.join(","));
        self.response(200, "application/json", body.into(), now)
    }

    fn response(
        &mut self,
        status: u16,
        content_type: &str,
        body: Bytes,
        now: Timestamp,
    ) -> TransportResponse {
        let request_id = format!("req_{}", self.requests);
        self.answered.insert(request_id.clone(), now);
        let mut headers =
            vec![("content-type".into(), content_type.into()), ("request-id".into(), request_id)];
        if let Some(limit) = self.limit {
            let left = (limit as usize).saturating_sub(self.spent.len());
            let reset = self.spent.back().map_or(now, |at| *at + SignedDuration::from_secs(60));
            headers.push(("anthropic-ratelimit-requests-limit".into(), limit.to_string()));
            headers.push(("anthropic-ratelimit-requests-remaining".into(), left.to_string()));
            headers.push(("anthropic-ratelimit-requests-reset".into(), reset.to_string()));
        }
        if self.habits.tells_time {
            headers.push(("date".into(), now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()));
        }
        TransportResponse { status, headers, body }
    }
}

fn message(status: u16) -> &'static str {
    match status {
        401 => "API key is invalid.",
        403 => "Got: [read:compliance_user_data] Needed: [read:compliance_activities]",
        404 => "Not found",
        429 => "This request would exceed the rate limit",
        _ => "Something went wrong",
    }
}

/// Sorts as the API does: by time, ties by id.
fn sort(rows: &mut [Row]) {
    rows.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
}

/// Opaque to the client, and in the order of the rows.
fn cursor(row: &Row) -> String {
    format!("{:020}-{}", row.created_at.as_microsecond(), row.id)
}

struct Query {
    gte: Timestamp,
    lt: Timestamp,
    limit: usize,
    after: Option<String>,
}

impl Query {
    fn read(url: &str) -> Self {
        let mut query = Self { gte: Timestamp::MIN, lt: Timestamp::MAX, limit: 100, after: None };
        let (_, text) = url.split_once('?').unwrap();
        let mut ascending = false;
        for pair in text.split('&') {
            let (name, value) = pair.split_once('=').unwrap();
            match name {
                "created_at.gte" => query.gte = value.parse().unwrap(),
                "created_at.lt" => query.lt = value.parse().unwrap(),
                "limit" => query.limit = value.parse().unwrap(),
                "order" => ascending = value == "asc",
                "after_id" => query.after = Some(value.to_owned()),
                other => panic!("unknown parameter {other}"),
            }
        }
        assert!(ascending, "windows are drained oldest first");
        assert!(query.gte < query.lt, "the API refuses an empty window");
        query
    }
}

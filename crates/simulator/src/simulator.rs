//! The feed server without its socket.
//!
//! [`Simulator::respond`] takes a request and gives the response as data: synchronous, driven by the clock and the seed
//! alone. A request goes through the rules in the order the API has them (key, budget, path, scope, query,
//! organization), may meet a fault of the plan, and, where the API itself answered, leaves a row in the feed.
//!
//! Paths under `/simulator` are not the vendor's: they are the test's window into the server, without key or budget.
//!
//! # Where the contract is silent
//!
//! | question | choice |
//! | --- | --- |
//! | which calls leave a row | those the API itself answers for a valid key: 200, 400, 403, 404, 405, 429, 500. A 401 has no request id to name, and what a gateway answers (408, 502, 503, 504, 529, a web page, silence) never reached the API |
//! | `x-should-retry` | `false` on a 4xx, but `true` on 408 and 429, which are for trying again; `true` on 500 and 529; none on 502, 503, 504 |
//! | what spends of the budget | every call with a valid key under `/v1/compliance/`, refused or not, but not the 429 itself |
//! | the budget's shape | a bucket of one minute's requests that refills evenly; `…-reset` is when it is full again |
//! | a parameter that may stand once, twice | 400 |
//! | a bare id as `before_id` | 400: only `after_id` is known to take one |
//! | a cursor under another filter, order or window | a place in the order, valid everywhere |
//! | a cursor of a row that is not there | 400 `Invalid after_id` |
//! | several lower or upper bounds | the narrowest counts |
//! | a key in both headers | `x-api-key` counts |

mod answer;
mod budget;
mod catalogue;
mod control;
mod cursor;
mod date_time;
mod lag;
mod late_rows;
mod log;
mod own_reads;
mod page;
mod problem;
mod query;
mod statistics;
mod timeline;

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use jiff::{SignedDuration, Timestamp, fmt::rfc2822};

use self::{
    answer::{Answer, Content},
    budget::{Budget, BudgetState},
    lag::IndexingLag,
    own_reads::OwnRead,
    page::Page,
    problem::Problem,
    statistics::Statistics,
    timeline::Timeline,
};
use crate::{
    ACTIVITY_SCOPE, Delivery, FaultPlan, SimulatedKey, SimulatedRequest, SimulatedResponse, SimulatorClock,
    SimulatorOptions, dice,
    faults::{ActiveFaults, Circumstances},
    id,
};

pub use control::ActivityStream;
pub(crate) use log::is_logged;
pub use log::key_fingerprint as transparency_log_key_fingerprint;

const ACTIVITIES_PATH: &str = "/v1/compliance/activities";
const COMPLIANCE_PATH: &str = "/v1/compliance/";

/// The server: synchronous, and pure but for its own rows and its budget.
pub struct Simulator {
    options: SimulatorOptions,
    clock: Arc<dyn SimulatorClock>,
    started: Timestamp,
    parents: Vec<Arc<Parent>>,
    keys: RwLock<Vec<SimulatedKey>>,
    faults: RwLock<Arc<ActiveFaults>>,
    calls: AtomicU64,
    statistics: Mutex<Statistics>,
}

/// One parent organization at work.
struct Parent {
    name: String,
    timeline: Timeline,
    budget: Mutex<Budget>,
    organizations: HashSet<String>,
}

/// One request to the API while it is being answered.
struct Call<'a> {
    request: &'a SimulatedRequest,
    now: Timestamp,
    /// Counts all calls since the start.
    number: u64,
    request_id: String,
    caller: Caller,
}

/// Who calls, as far as the key tells.
enum Caller {
    NoKey,
    UnknownKey,
    ExpiredKey,
    Known(Arc<Parent>, SimulatedKey),
}

impl Simulator {
    /// A server that stands ready; the fault plan comes into force now.
    pub fn new(options: SimulatorOptions, clock: Arc<dyn SimulatorClock>) -> Self {
        let started = clock.now();
        let parents = options.parents.iter().map(|parent| {
            let lag = IndexingLag::new(&options);
            let organizations = parent.source.organizations();
            Arc::new(Parent {
                name: parent.name.clone(),
                timeline: Timeline::new(Arc::clone(&parent.source), lag, options.own_reads_max),
                budget: Mutex::new(Budget::new(options.requests_per_minute, started)),
                organizations: organizations.into_iter().flat_map(|known| [known.id, known.uuid]).collect(),
            })
        });
        Self {
            parents: parents.collect(),
            keys: RwLock::new(options.keys.clone()),
            faults: RwLock::new(Arc::new(ActiveFaults::new(options.fault_plan.clone(), started))),
            calls: AtomicU64::new(0),
            statistics: Mutex::default(),
            options,
            clock,
            started,
        }
    }

    /// Answers one request.
    pub fn respond(&self, request: &SimulatedRequest) -> SimulatedResponse {
        if control::is_control(&request.path) {
            return control::respond(self, request);
        }
        let number = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let call = Call {
            request,
            now: self.clock.now(),
            number,
            request_id: self.request_id(number),
            caller: self.caller(request),
        };
        let answer = self.answer(&call);
        self.leave_row(&call, &answer);
        let response = self.write(&call, &answer);
        self.statistics().count(&answer, &response, call.now);
        tracing::debug!(
            number,
            method = request.method,
            path = request.path,
            query = request.query,
            status = response.status,
            delivery = ?response.delivery,
            "answered"
        );
        response
    }

    /// Puts another fault plan into force; its requests and its time count from now.
    pub fn set_fault_plan(&self, plan: FaultPlan) {
        let active = Arc::new(ActiveFaults::new(plan, self.clock.now()));
        *self.faults.write().unwrap_or_else(PoisonError::into_inner) = active;
    }

    /// Replaces all keys: a rotation, an expiry, a lost scope.
    pub fn set_keys(&self, keys: Vec<SimulatedKey>) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    /// The clock it was made with.
    pub fn clock(&self) -> &Arc<dyn SimulatorClock> {
        &self.clock
    }

    fn caller(&self, request: &SimulatedRequest) -> Caller {
        let bearer = || request.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        let Some(secret) = request.header("x-api-key").or_else(bearer).map(str::trim) else {
            return Caller::NoKey;
        };
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let Some(key) = keys.iter().find(|known| known.key == secret) else { return Caller::UnknownKey };
        if key.expired {
            return Caller::ExpiredKey;
        }
        let parent = self.parents.iter().find(|parent| parent.name == key.parent);
        parent.map_or(Caller::UnknownKey, |parent| Caller::Known(Arc::clone(parent), key.clone()))
    }

    /// The true answer, unless a fault of the plan comes between.
    fn answer(&self, call: &Call<'_>) -> Answer {
        let faults = Arc::clone(&self.faults.read().unwrap_or_else(PoisonError::into_inner));
        let query = query::decode(&call.request.query).unwrap_or_default();
        let (number, path) = (faults.count_request(), call.request.path.as_str());
        let circumstances = Circumstances { number, now: call.now, path, query: &query };
        let mut true_answer: Option<Answer> = None;
        let mut place = 0;
        while let Some((chosen, kind)) = faults.choose(place, &circumstances) {
            if let Some(mut answer) = Answer::replacement(kind, &query) {
                answer.budget = budget_of_refusal(call, &answer);
                return answer;
            }
            let answer = true_answer.get_or_insert_with(|| self.true_answer(call));
            if let Caller::Known(parent, _) = &call.caller
                && answer.spoil(kind, &parent.timeline, call.now)
            {
                return answer.clone();
            }
            faults.give_back(chosen);
            place = chosen + 1;
        }
        true_answer.unwrap_or_else(|| self.true_answer(call))
    }

    /// What the rules say.
    fn true_answer(&self, call: &Call<'_>) -> Answer {
        let (parent, key) = match &call.caller {
            Caller::NoKey => return Answer::problem(Problem::no_key()),
            Caller::UnknownKey => return Answer::problem(Problem::invalid_key()),
            Caller::ExpiredKey => return Answer::problem(Problem::expired_key()),
            Caller::Known(parent, key) => (parent, key),
        };
        if !call.request.path.starts_with(COMPLIANCE_PATH) {
            return Answer::problem(Problem { leaves_row: false, ..Problem::new(404, "Not found") });
        }
        let budget = parent.budget().take(call.now);
        let refused = budget.as_ref().and_then(|state| state.retry_after).map(Problem::rate_limited);
        let answered = match refused {
            Some(problem) => Err(problem),
            None if call.request.path.starts_with(log::PATH) => {
                Self::log(call, parent, key).map(Content::Log)
            }
            None => self.page(call, parent, key).map(|page| Content::Page(Box::new(page))),
        };
        let content = answered.unwrap_or_else(Content::Problem);
        Answer { budget, ..Answer::new(content) }
    }

    fn page(&self, call: &Call<'_>, parent: &Parent, key: &SimulatedKey) -> Result<Page, Problem> {
        if call.request.path != ACTIVITIES_PATH {
            return Err(Problem::new(404, "Not found"));
        }
        Self::may_read(call, parent, key)?;
        let query = query::parse(&call.request.query, self.options.accept_withdrawn_types)?;
        if let Some(foreign) =
            query.filter.organizations.iter().find(|asked| !parent.organizations.contains(*asked))
        {
            return Err(Problem::foreign_organization(foreign));
        }
        Page::find(&parent.timeline, query, call.now)
    }

    /// The answer of an organization's transparency log. One that is not there cannot be told from a foreign one.
    fn log(call: &Call<'_>, parent: &Parent, key: &SimulatedKey) -> Result<Box<log::Reply>, Problem> {
        Self::may_read(call, parent, key)?;
        let request = log::Request::read(&call.request.path, &call.request.query)?;
        let organizations = parent.timeline.source().organizations();
        let asked = match (&request.organization, organizations.as_slice()) {
            (Some(asked), all) => all.iter().find(|known| known.id == *asked || known.uuid == *asked),
            (None, [only]) => Some(only),
            (None, _) => {
                let message = "organization_id: required with a parent organization's key";
                return Err(Problem::bad_request(message));
            }
        };
        let organization = asked.ok_or_else(|| Problem::new(404, "Not found"))?;
        request.answer(parent.timeline.log(&organization.uuid, call.now)).map(Box::new)
    }

    /// The method, and the scope that everything here needs.
    fn may_read(call: &Call<'_>, parent: &Parent, key: &SimulatedKey) -> Result<(), Problem> {
        if call.request.method != "GET" {
            return Err(Problem::new(405, "Method not allowed"));
        }
        if parent.timeline.source().scope_lost(call.now) {
            return Err(Problem::missing_scope(&[], ACTIVITY_SCOPE));
        }
        if !key.scopes.iter().any(|scope| scope == ACTIVITY_SCOPE) {
            return Err(Problem::missing_scope(&key.scopes, ACTIVITY_SCOPE));
        }
        Ok(())
    }

    /// Writes the call itself into the feed of its key's parent.
    fn leave_row(&self, call: &Call<'_>, answer: &Answer) {
        let Caller::Known(parent, key) = &call.caller else { return };
        let request = call.request;
        if !answer.leaves_row() || !request.path.starts_with(COMPLIANCE_PATH) {
            return;
        }
        let micros = |at: Timestamp| Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at);
        let created_at = micros(call.now.checked_add(answer.skew).unwrap_or(call.now));
        let luck = dice::roll(self.options.seed ^ 0x0EAD, call.number);
        let lag = self.options.own_read_lag_max.mul_f64(dice::share(luck));
        let question_mark = if request.query.is_empty() { "" } else { "?" };
        let url = format!("{}{}{question_mark}{}", self.options.public_base_url, request.path, request.query);
        let body = String::from_utf8_lossy(&request.body).into_owned();
        parent.timeline.own_reads().push(OwnRead {
            // Calls of one microsecond sort as they came.
            id: id::of_activity(created_at, call.number << 30 | luck >> 34),
            created_at,
            visible_at: call.now.checked_add(lag).unwrap_or(Timestamp::MAX),
            api_key_id: key.actor_id(),
            address: request.address,
            user_agent: request.header("user-agent").map(ToOwned::to_owned),
            method: request.method.clone(),
            url,
            status: answer.status(),
            request_id: call.request_id.clone(),
            request_body: (!body.is_empty()).then_some(body),
        });
    }

    fn write(&self, call: &Call<'_>, answer: &Answer) -> SimulatedResponse {
        let body = answer.body(&call.request_id);
        let delivery = match answer.truncated_share {
            Some(share) => Delivery::Truncated { after_bytes: (body.len() as f64 * share) as usize },
            None => answer.delivery,
        };
        let luck = dice::share(dice::roll(self.options.seed ^ 0x1A7E, call.number));
        SimulatedResponse {
            status: answer.status(),
            headers: headers(call, answer),
            body,
            delay: answer.delay(self.options.latency_max, luck),
            delivery,
        }
    }

    fn request_id(&self, number: u64) -> String {
        let session = dice::roll(self.options.seed ^ 0x4E0, self.started.as_microsecond() as u64);
        let first = dice::roll(session, number);
        id::of("req_", first, dice::roll(first, 1))
    }

    fn statistics(&self) -> MutexGuard<'_, Statistics> {
        self.statistics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Parent {
    fn budget(&self) -> MutexGuard<'_, Budget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A fault that the API itself seems to answer spends of the budget like a true answer.
fn budget_of_refusal(call: &Call<'_>, answer: &Answer) -> Option<BudgetState> {
    let (Caller::Known(parent, _), Content::Problem(problem)) = (&call.caller, &answer.content) else {
        return None;
    };
    if !problem.leaves_row || !call.request.path.starts_with(COMPLIANCE_PATH) {
        return None;
    }
    let state = parent.budget().take(call.now)?;
    let Some(seconds) = problem.retry_after else { return Some(state) };
    let wait = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    let reset = call.now.checked_add(wait).unwrap_or(Timestamp::MAX);
    Some(BudgetState { remaining: 0, reset, ..state })
}

fn headers(call: &Call<'_>, answer: &Answer) -> Vec<(&'static str, String)> {
    let server_now = call.now.checked_add(answer.skew).unwrap_or(call.now);
    let mut headers = Vec::with_capacity(8);
    if let Ok(date) = rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&server_now) {
        headers.push(("date", date));
    }
    let (content_type, problem) = match &answer.content {
        Content::Silence => return Vec::new(),
        Content::Html { .. } => ("text/html; charset=utf-8", None),
        Content::Page(_) => ("application/json", None),
        Content::Log(reply) => (reply.content_type, None),
        Content::Problem(problem) => ("application/json", Some(problem)),
    };
    headers.push(("content-type", answer.content_type.clone().unwrap_or_else(|| content_type.to_owned())));
    if matches!(answer.content, Content::Html { .. }) {
        return headers;
    }
    if call.request.path.starts_with(log::PATH) {
        let immutable = matches!(&answer.content, Content::Log(reply) if reply.immutable);
        let kept = if immutable { "private, max-age=604800, immutable" } else { "private, no-store" };
        headers.extend([("cache-control", kept.to_owned()), ("vary", "x-api-key".to_owned())]);
    }
    if problem.is_none_or(|problem| problem.names_request) {
        headers.push(("request-id", call.request_id.clone()));
    }
    if let Some(budget) = &answer.budget
        && problem.is_none_or(|problem| problem.rate_headers)
    {
        let reset = budget.reset.checked_add(answer.skew).unwrap_or(budget.reset);
        // Whole seconds, rounded up: at the time it names, the budget is full.
        let reset = Timestamp::from_second(reset.as_second() + i64::from(reset.subsec_nanosecond() > 0));
        headers.push(("anthropic-ratelimit-requests-limit", budget.limit.to_string()));
        headers.push(("anthropic-ratelimit-requests-remaining", budget.remaining.to_string()));
        headers.push(("anthropic-ratelimit-requests-reset", reset.unwrap_or(Timestamp::MAX).to_string()));
    }
    if let Some(seconds) = problem.and_then(|problem| problem.retry_after) {
        headers.push(("retry-after", seconds.to_string()));
    }
    if let Some(retry) = problem.and_then(|problem| problem.should_retry) {
        headers.push(("x-should-retry", retry.to_string()));
    }
    headers
}

//! A small organization by hand, and what the tests ask of a server.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};
use simulator::{
    Generated, ManualClock, Organization, Rows, SimulatedRequest, SimulatedResponse, Simulator,
    SimulatorOptions,
};

pub(crate) const KEY: &str = "sk-ant-api01-test";
pub(crate) const ACTIVITIES: &str = "/v1/compliance/activities";
pub(crate) const ORGANIZATION: (&str, &str) = ("org_01Here", "0a1b2c3d-0000-4000-8000-00000000000a");
pub(crate) const OTHER_ORGANIZATION: (&str, &str) = ("org_01There", "0a1b2c3d-0000-4000-8000-00000000000b");

/// Noon of the day of all tests.
pub(crate) fn noon() -> Timestamp {
    "2026-06-01T12:00:00Z".parse().expect("a valid time")
}

/// A row some seconds after (before, when negative) noon.
pub(crate) fn row(id: &str, seconds: i64, activity_type: &'static str) -> Generated {
    let created_at = noon() + jiff::SignedDuration::from_secs(seconds);
    let (organization_id, organization_uuid) = match activity_type {
        "user_login_sso_succeeded" | "compliance_api_accessed" => (None, None),
        "claude_file_viewed" => {
            (Some(OTHER_ORGANIZATION.0.to_owned()), Some(OTHER_ORGANIZATION.1.to_owned()))
        }
        _ => (Some(ORGANIZATION.0.to_owned()), Some(ORGANIZATION.1.to_owned())),
    };
    let user = format!("user_{}", id.len() % 3);
    let row = json!({
        "id": id,
        "created_at": created_at,
        "organization_id": organization_id,
        "organization_uuid": organization_uuid,
        "actor": { "type": "user_actor", "user_id": user },
        "type": activity_type,
    });
    Generated {
        id: id.to_owned(),
        created_at,
        activity_type,
        actor_user_id: Some(user),
        organization_id,
        organization_uuid,
        json: Bytes::from(row.to_string()),
    }
}

pub(crate) fn organizations() -> Vec<Organization> {
    [ORGANIZATION, OTHER_ORGANIZATION]
        .map(|(id, uuid)| Organization { id: id.to_owned(), uuid: uuid.to_owned(), name: "Test" })
        .to_vec()
}

/// Ten rows from noon on, a minute apart, of three types in turn.
pub(crate) fn ten_rows() -> Rows {
    let types = ["claude_chat_created", "user_login_sso_succeeded", "claude_file_viewed"];
    let rows =
        (0..10).map(|number| row(&format!("activity_{number}"), number * 60, types[number as usize % 3]));
    Rows::new(rows.collect(), organizations())
}

/// A server at a clock that stands an hour after noon.
pub(crate) struct Bench {
    pub(crate) simulator: Arc<Simulator>,
    pub(crate) clock: Arc<ManualClock>,
}

impl Bench {
    /// Ten rows; neither lag nor latency nor rows of calls that come while the clock stands.
    pub(crate) fn new() -> Self {
        Self::with(ten_rows(), |_| {})
    }

    pub(crate) fn with(rows: Rows, change: impl FnOnce(&mut SimulatorOptions)) -> Self {
        let mut options = SimulatorOptions::new(rows, KEY);
        options.indexing_lag_max = Duration::ZERO;
        options.latency_max = Duration::ZERO;
        change(&mut options);
        let clock = Arc::new(ManualClock::new(noon() + Duration::from_hours(1)));
        Self { simulator: Arc::new(Simulator::new(options, clock.clone())), clock }
    }

    /// Asks with the key.
    pub(crate) fn ask(&self, query: &str) -> SimulatedResponse {
        self.simulator.respond(&request(query))
    }

    /// Asks for a page, which must be one.
    pub(crate) fn page(&self, query: &str) -> Answered {
        Answered::of(&self.ask(query))
    }

    /// Asks the control plane, which must answer JSON.
    pub(crate) fn control(&self, path: &str) -> Value {
        let response = self.simulator.respond(&SimulatedRequest::get(path));
        assert_eq!(response.status, 200, "{path}");
        serde_json::from_slice(&response.body).expect("JSON")
    }
}

pub(crate) fn request(query: &str) -> SimulatedRequest {
    SimulatedRequest::get(&format!("{ACTIVITIES}?{query}")).with_key(KEY)
}

/// Status, `error.type` and `error.message` of a refusal in the documented form.
pub(crate) fn refusal(response: &SimulatedResponse) -> (u16, String, String) {
    let body: Value = serde_json::from_slice(&response.body).expect("a JSON body");
    assert_eq!(body["type"], "error");
    assert_eq!(body.get("request_id").and_then(Value::as_str), response.header("request-id"));
    let text = |name: &str| body["error"][name].as_str().expect("a text").to_owned();
    (response.status, text("type"), text("message"))
}

/// A page as a client sees it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answered {
    pub(crate) ids: Vec<String>,
    pub(crate) has_more: bool,
    pub(crate) first_id: Option<String>,
    pub(crate) last_id: Option<String>,
    pub(crate) rows: Vec<Value>,
}

impl Answered {
    pub(crate) fn of(response: &SimulatedResponse) -> Self {
        let text = String::from_utf8_lossy(&response.body);
        assert_eq!(response.status, 200, "{text}");
        let body: Value = serde_json::from_slice(&response.body).expect("a JSON body");
        let rows = body["data"].as_array().expect("an array").clone();
        let cursor = |name: &str| body.get(name).expect("present").as_str().map(ToOwned::to_owned);
        Self {
            ids: rows.iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect(),
            has_more: body["has_more"].as_bool().expect("a boolean"),
            first_id: cursor("first_id"),
            last_id: cursor("last_id"),
            rows,
        }
    }

    /// The numbers in the ids of hand-made rows, in page order.
    pub(crate) fn numbers(&self) -> Vec<u32> {
        self.ids.iter().filter_map(|id| id.strip_prefix("activity_")?.parse().ok()).collect()
    }
}

/// Percent-encodes what a cursor may hold.
pub(crate) fn encode(cursor: &str) -> String {
    cursor.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
}

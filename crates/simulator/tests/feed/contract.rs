//! Every rule of the contract: a request, and what comes back.

use std::time::Duration;

use serde_json::Value;
use simulator::{ACTIVITY_SCOPE, KeyKind, Rows, SimulatedKey, SimulatedRequest, SimulatorClock};

use crate::support::{
    ACTIVITIES, Answered, Bench, KEY, ORGANIZATION, OTHER_ORGANIZATION, noon, organizations, refusal,
    request, row, ten_rows,
};

#[test]
fn parameters_select_rows() {
    let bench = Bench::new();
    for (query, expected) in [
        ("", vec![9, 8, 7, 6, 5, 4, 3, 2, 1, 0]),
        ("order=desc", vec![9, 8, 7, 6, 5, 4, 3, 2, 1, 0]),
        ("order=asc&limit=3", vec![0, 1, 2]),
        ("limit=3", vec![9, 8, 7]),
        ("limit=5000&order=asc", vec![0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ("order=asc&activity_types[]=claude_chat_created", vec![0, 3, 6, 9]),
        ("order=asc&activity_types%5B%5D=claude_chat_created", vec![0, 3, 6, 9]),
        (
            "order=asc&activity_types[]=claude_chat_created&activity_types[]=claude_file_viewed",
            vec![0, 2, 3, 5, 6, 8, 9],
        ),
        ("order=asc&exclude_activity_types[]=claude_chat_created", vec![1, 2, 4, 5, 7, 8]),
        ("order=asc&created_at.gte=2026-06-01T12:03:00Z&created_at.lt=2026-06-01T12:05:00Z", vec![3, 4]),
        ("order=asc&created_at.gt=2026-06-01T12:03:00Z&created_at.lte=2026-06-01T12:05:00Z", vec![4, 5]),
        ("order=asc&created_at.gte=2026-06-01T12:08:00", vec![8, 9]),
        ("order=asc&created_at.gte=2026-06-01T14:08:00%2B02:00", vec![8, 9]),
        ("order=asc&created_at.gte=2026-06-01T12:03:00Z&created_at.lte=2026-06-01T12:03:00Z", vec![3]),
        (
            "order=asc&created_at.gt=2026-06-01T12:03:00Z&created_at.gte=2026-06-01T12:01:00Z&created_at.lt=2026-06-01T12:05:00Z",
            vec![4],
        ),
        ("created_at.gte=2026-07-01T00:00:00Z", vec![]),
    ] {
        assert_eq!(bench.page(query).numbers(), expected, "{query}");
    }
}

#[test]
fn the_default_limit_is_a_hundred() {
    let rows = (0..150).map(|number| row(&format!("activity_{number}"), number, "claude_chat_created"));
    let bench = Bench::with(Rows::new(rows.collect(), organizations()), |_| {});
    let page = bench.page("order=asc");
    assert_eq!((page.ids.len(), page.has_more), (100, true));
}

#[test]
fn both_names_of_actors_are_merged_and_only_users_match() {
    // The test's rows name their user after the length of the id.
    let rows = ["activity_1", "activity_22", "activity_333"]
        .map(|id| row(id, id.len() as i64, "claude_chat_created"));
    let bench = Bench::with(Rows::new(rows.to_vec(), organizations()), |_| {});
    for (query, expected) in [
        ("order=asc&actor_ids[]=user_1", vec![1]),
        ("order=asc&user_ids[]=user_1", vec![1]),
        ("order=asc&actor_ids[]=user_1&user_ids[]=user_2", vec![1, 22]),
        ("order=asc&actor_ids[]=apikey_01", vec![]),
    ] {
        assert_eq!(bench.page(query).numbers(), expected, "{query}");
    }
}

#[test]
fn organizations_by_either_name_and_rows_without_one_come_along() {
    let bench = Bench::new();
    for (organization, expected) in [
        (ORGANIZATION.0, vec![0, 1, 3, 4, 6, 7, 9]),
        (ORGANIZATION.1, vec![0, 1, 3, 4, 6, 7, 9]),
        (&ORGANIZATION.1.to_uppercase(), vec![0, 1, 3, 4, 6, 7, 9]),
        (OTHER_ORGANIZATION.0, vec![1, 2, 4, 5, 7, 8]),
    ] {
        let page = bench.page(&format!("order=asc&organization_ids[]={organization}"));
        assert_eq!(page.numbers(), expected, "{organization}");
    }
    let both = format!("organization_ids[]={}&organization_ids[]={}", ORGANIZATION.0, OTHER_ORGANIZATION.1);
    assert_eq!(bench.page(&both).ids.len(), 10);
}

#[test]
fn bad_queries_are_refused_with_a_reason() {
    let bench = Bench::new();
    for (query, reason) in [
        ("limit=0", "limit: must be a whole number from 1 to 5000"),
        ("limit=5001", "limit: must be"),
        ("limit=ten", "limit: must be"),
        ("limit=", "limit: must be"),
        ("limit=-1", "limit: must be"),
        ("limit=1.5", "limit: must be"),
        ("limit=99999999999999999999", "limit: must be"),
        ("limit=1&limit=2", "limit: given more than once"),
        ("order=newest", "order: must be 'asc' or 'desc'"),
        ("page=2", "page: unknown query parameter"),
        ("activity_types=claude_chat_created", "activity_types: unknown query parameter"),
        ("activity_types[0]=claude_chat_created", "activity_types[0]: unknown query parameter"),
        ("activity_types[]=no_such_type", "'no_such_type' is not a known activity type"),
        ("exclude_activity_types[]=no_such_type", "'no_such_type' is not a known activity type"),
        ("activity_types[]=environment_created", "'environment_created' is not a known activity type"),
        ("activity_types[]=", "'' is not a known activity type"),
        (
            "activity_types[]=claude_chat_created&exclude_activity_types[]=claude_file_viewed",
            "must not be given together",
        ),
        ("actor_ids[]=", "actor_ids[]: must not be empty"),
        ("organization_ids[]=acme", "'acme' is neither an org_ id nor a UUID"),
        ("organization_ids[]=org_", "'org_' is neither an org_ id nor a UUID"),
        ("created_at.gte=yesterday", "created_at.gte: must be an RFC 3339 date-time"),
        ("created_at.lt=2026-06-01", "created_at.lt: must be an RFC 3339 date-time"),
        ("created_at.gte=2026-06-01T14:08:00+02:00", "created_at.gte: must be an RFC 3339 date-time"),
        (
            "created_at.gte=2026-06-01T12:00:00Z&created_at.lt=2026-06-01T12:00:00Z",
            "the upper bound must be after the lower bound",
        ),
        (
            "created_at.gt=2026-06-01T12:00:00Z&created_at.lte=2026-06-01T12:00:00Z",
            "the upper bound must be after the lower bound",
        ),
        (
            "created_at.gte=2026-06-02T12:00:00Z&created_at.lte=2026-06-01T12:00:00Z",
            "the upper bound must be after the lower bound",
        ),
        ("after_id=activity_3&before_id=activity_3", "only one of after_id and before_id"),
        ("after_id=activity_none", "Invalid after_id"),
        ("after_id=nonsense", "Invalid after_id"),
        ("after_id=", "Invalid after_id"),
        ("before_id=nonsense", "Invalid before_id"),
        ("before_id=activity_3", "Invalid before_id"),
        // A cursor in the right form, of a row that never was: {"id":"activity_x","created_at":"2026-06-01T12:00:00Z"}.
        (
            "after_id=eyJpZCI6ImFjdGl2aXR5X3giLCJjcmVhdGVkX2F0IjoiMjAyNi0wNi0wMVQxMjowMDowMFoifQ%3D%3D",
            "Invalid after_id",
        ),
        ("limit=%FF", "not valid UTF-8"),
    ] {
        let response = bench.ask(query);
        let (status, kind, message) = refusal(&response);
        assert_eq!((status, kind.as_str()), (400, "invalid_request_error"), "{query}");
        assert!(message.contains(reason), "{query}: {message}");
        assert_eq!(response.header("x-should-retry"), Some("false"), "{query}");
    }
}

#[test]
fn withdrawn_types_can_be_let_in() {
    let bench = Bench::with(ten_rows(), |options| options.accept_withdrawn_types = true);
    assert_eq!(bench.page("activity_types[]=environment_created").ids.len(), 0);
}

#[test]
fn a_foreign_organization_is_forbidden() {
    for organization in ["org_01Elsewhere", "0a1b2c3d-0000-4000-8000-00000000000f"] {
        let response = Bench::new().ask(&format!("organization_ids[]={organization}"));
        let (status, kind, message) = refusal(&response);
        assert_eq!((status, kind.as_str()), (403, "permission_error"));
        assert!(message.contains(organization) && !message.contains("Needed"), "{message}");
        assert!(response.header("anthropic-ratelimit-requests-limit").is_some());
    }
}

#[test]
fn keys() {
    let bench = Bench::with(ten_rows(), |options| {
        options.keys.push(SimulatedKey::new("expired").expired());
        options.keys.push(SimulatedKey::new("narrow").scopes(&["read:compliance_user_data", "read:other"]));
        options.keys.push(SimulatedKey::new("sk-ant-admin01-test"));
        options.keys.push(SimulatedKey::new("orphan").of("nobody"));
    });
    let plain = || SimulatedRequest::get(ACTIVITIES);
    for (request, expected) in [
        (plain(), (404, "not_found_error", "Not found")),
        (plain().with_header("authorization", "Basic abc"), (404, "not_found_error", "Not found")),
        (plain().with_key("wrong"), (401, "authentication_error", "API key is invalid.")),
        (plain().with_key("orphan"), (401, "authentication_error", "API key is invalid.")),
        (
            plain().with_header("authorization", "Bearer wrong"),
            (401, "authentication_error", "API key is invalid."),
        ),
        (plain().with_key("expired"), (401, "authentication_error", "API key has expired.")),
        (
            plain().with_key("narrow"),
            (
                403,
                "permission_error",
                "Missing required scope. Got: ['read:compliance_user_data', 'read:other'] Needed: ['read:compliance_activities']",
            ),
        ),
    ] {
        let response = bench.simulator.respond(&request);
        let (status, kind, message) = refusal(&response);
        assert_eq!((status, kind.as_str(), message.as_str()), expected);
        assert_eq!(response.header("x-should-retry"), Some("false"));
        assert_eq!(response.header("request-id").is_some(), status != 401, "a 401 has no request-id");
        assert_eq!(response.header("anthropic-ratelimit-requests-limit"), None, "{status}");
    }
    for request in [
        plain().with_key(KEY),
        plain().with_key("sk-ant-admin01-test"),
        plain().with_header("authorization", &format!("Bearer {KEY}")),
        plain().with_key(KEY).with_header("anthropic-version", "1999-01-01"),
    ] {
        assert_eq!(Answered::of(&bench.simulator.respond(&request)).ids.len(), 10);
    }
}

#[test]
fn keys_can_be_rotated_while_the_server_runs() {
    let bench = Bench::new();
    bench.simulator.set_keys(vec![SimulatedKey::new("fresh")]);
    assert_eq!(bench.ask("").status, 401);
    let fresh = SimulatedRequest::get(ACTIVITIES).with_key("fresh");
    assert_eq!(bench.simulator.respond(&fresh).status, 200);
}

#[test]
fn paths_and_methods() {
    let bench = Bench::new();
    for (method, path, expected) in [
        ("GET", "/v1/compliance/unknown", 404),
        ("GET", "/v1/messages", 404),
        ("GET", "/", 404),
        ("POST", ACTIVITIES, 405),
    ] {
        let mut request = SimulatedRequest::get(path).with_key(KEY);
        method.clone_into(&mut request.method);
        assert_eq!(refusal(&bench.simulator.respond(&request)).0, expected, "{method} {path}");
    }
}

#[test]
fn a_page_carries_its_headers() {
    let bench = Bench::new();
    let response = bench.ask("limit=1");
    assert_eq!(response.header("content-type"), Some("application/json"));
    assert_eq!(response.header("date"), Some("Mon, 01 Jun 2026 13:00:00 GMT"));
    assert_eq!(response.header("anthropic-ratelimit-requests-limit"), Some("600"));
    assert_eq!(response.header("anthropic-ratelimit-requests-remaining"), Some("599"));
    assert_eq!(response.header("anthropic-ratelimit-requests-reset"), Some("2026-06-01T13:00:01Z"));
    assert!(response.header("request-id").is_some_and(|id| id.starts_with("req_01")));
    assert_eq!(response.header("x-should-retry"), None);
    assert_ne!(response.header("request-id"), bench.ask("limit=1").header("request-id"));
}

#[test]
fn the_budget_is_shared_by_all_keys_of_a_parent_and_refills() {
    let bench = Bench::with(ten_rows(), |options| {
        options.requests_per_minute = 60;
        options.keys.push(SimulatedKey::new("second"));
        options.add_parent("subsidiary", ten_rows());
        options.keys.push(SimulatedKey::new("third").of("subsidiary"));
    });
    let with = |key| SimulatedRequest::get(ACTIVITIES).with_key(key);
    for number in 0..60 {
        let request = match number % 3 {
            0 => with(KEY),
            1 => with("second"),
            // A refused query and an unknown path spend as well.
            _ => SimulatedRequest::get("/v1/compliance/unknown").with_key(KEY),
        };
        assert_ne!(bench.simulator.respond(&request).status, 429, "{number}");
    }
    let refused = bench.simulator.respond(&with("second"));
    let (status, kind, _) = refusal(&refused);
    assert_eq!((status, kind.as_str()), (429, "rate_limit_error"));
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(refused.header("x-should-retry"), Some("true"));
    assert_eq!(refused.header("anthropic-ratelimit-requests-remaining"), Some("0"));
    assert_eq!(refused.header("anthropic-ratelimit-requests-reset"), Some("2026-06-01T13:01:00Z"));
    assert_eq!(
        bench.simulator.respond(&with("wrong")).status,
        401,
        "an unknown key has no budget to be out of"
    );
    assert_eq!(bench.simulator.respond(&with("third")).status, 200, "another parent has its own budget");
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(bench.simulator.respond(&with(KEY)).status, 200);
    assert_eq!(bench.simulator.respond(&with(KEY)).status, 429);
    bench.clock.advance(Duration::from_hours(1));
    let response = bench.simulator.respond(&with(KEY));
    assert_eq!(response.header("anthropic-ratelimit-requests-remaining"), Some("59"));
}

#[test]
fn without_a_limit_there_are_no_rate_headers() {
    let bench = Bench::with(ten_rows(), |options| options.requests_per_minute = 0);
    assert_eq!(bench.ask("").header("anthropic-ratelimit-requests-limit"), None);
}

#[test]
fn every_call_leaves_a_row_within_a_second() {
    let bench = Bench::new();
    let query = "limit=7&order=asc&activity_types%5B%5D=claude_chat_created";
    let called = bench.simulator.respond(&request(query).with_header("user-agent", "collector/1 \"x\""));
    let own = "activity_types[]=compliance_api_accessed&order=asc";
    assert_eq!(bench.page(own).ids.len(), 0, "not before it is indexed");
    bench.clock.advance(Duration::from_secs(1));
    let page = bench.page(own);
    let row = &page.rows[0];
    let text = |name: &str| row[name].as_str().expect("a text");
    assert_eq!(text("url"), format!("https://api.anthropic.com{ACTIVITIES}?{query}"));
    assert_eq!(Some(text("request_id")), called.header("request-id"));
    assert_eq!((text("request_method"), &row["status_code"]), ("GET", &Value::from(200)));
    assert_eq!(text("created_at"), "2026-06-01T13:00:00.000000Z");
    assert_eq!(row["request_body"], Value::Null);
    assert_eq!((&row["organization_id"], &row["organization_uuid"]), (&Value::Null, &Value::Null));
    assert_eq!(row["actor"]["type"], "api_actor");
    assert_eq!(row["actor"]["api_key_id"], SimulatedKey::new(KEY).actor_id());
    assert_eq!(row["actor"]["ip_address"], "127.0.0.1");
    assert_eq!(row["actor"]["user_agent"], "collector/1 \"x\"");
    assert_eq!(page.ids.len(), 2, "the call that came too early left one, too");
    let with_organization = bench.page(&format!("{own}&organization_ids[]={}", ORGANIZATION.0));
    assert_eq!(with_organization.ids.len(), 2, "rows without an organization come along");
}

#[test]
fn refused_calls_leave_rows_where_the_key_tells_whose_they_are() {
    let bench = Bench::with(ten_rows(), |options| {
        options.requests_per_minute = 5;
        options.keys.push(SimulatedKey::new("expired").expired());
        options.keys.push(SimulatedKey::new("narrow").scopes(&[]));
    });
    let plain = || SimulatedRequest::get(ACTIVITIES);
    let mut post = plain().with_key(KEY);
    "POST".clone_into(&mut post.method);
    post.body = bytes::Bytes::from_static(b"{\"a\":1}");
    let requests = [
        plain(),
        plain().with_key("wrong"),
        plain().with_key("expired"),
        plain().with_key("narrow"),
        request("limit=0"),
        request("organization_ids[]=org_01Elsewhere"),
        SimulatedRequest::get("/v1/compliance/unknown").with_key(KEY),
        SimulatedRequest::get("/v1/messages").with_key(KEY),
        post,
        request(""),
    ];
    for request in requests {
        bench.simulator.respond(&request);
    }
    bench.clock.advance(Duration::from_mins(1));
    let page = bench.page("activity_types[]=compliance_api_accessed&order=asc");
    let mut calls: Vec<(i64, &str)> = page
        .rows
        .iter()
        .map(|row| (row["status_code"].as_i64().unwrap_or(0), row["request_method"].as_str().unwrap_or("")))
        .collect();
    calls.sort_unstable();
    assert_eq!(calls, [(400, "GET"), (403, "GET"), (403, "GET"), (404, "GET"), (405, "POST"), (429, "GET")]);
    let posted = page.rows.iter().find(|row| row["request_method"] == "POST").expect("the POST");
    assert_eq!(posted["request_body"], "{\"a\":1}");
}

#[test]
fn own_reads_stay_with_their_parent_and_the_log_is_bounded() {
    let bench = Bench::with(ten_rows(), |options| {
        options.own_reads_max = 4;
        options.add_parent("subsidiary", Rows::new(Vec::new(), Vec::new()));
        options.keys.push(SimulatedKey::new("third").of("subsidiary"));
    });
    for _ in 0..6 {
        bench.ask("limit=1");
        bench.clock.advance(Duration::from_secs(2));
    }
    let own = "activity_types[]=compliance_api_accessed";
    assert_eq!(bench.page(own).ids.len(), 4);
    let third = SimulatedRequest::get(ACTIVITIES).with_key("third");
    assert_eq!(Answered::of(&bench.simulator.respond(&third)).ids.len(), 0);
    let statistics = bench.control("/simulator/statistics");
    assert_eq!(statistics["parents"][0]["own_reads"], serde_json::json!({ "kept": 4, "dropped": 3 }));
}

#[test]
fn one_suffix_for_both_ids_of_an_admin_key() {
    let key = SimulatedKey::new("sk-ant-admin01-x");
    assert_eq!(key.kind, KeyKind::Admin);
    let (created, acts) = (key.created_id(), key.actor_id());
    assert_eq!(created.strip_prefix("admin_api_key_"), acts.strip_prefix("apikey_"));
    assert!(acts.starts_with("apikey_01"));
    assert_eq!(key.scopes, [ACTIVITY_SCOPE]);
}

#[test]
fn the_same_seed_and_clock_give_the_same_answers() {
    let ask_all = || {
        let bench = Bench::with(ten_rows(), |options| {
            options.seed = 42;
            options.latency_max = Duration::from_secs(5);
        });
        (0..20)
            .map(|_| {
                bench.clock.set(bench.clock.now() + Duration::from_millis(700));
                bench.ask("")
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(ask_all(), ask_all());
}

#[test]
fn latency_keeps_to_the_proportions_of_the_wire() {
    let bench = Bench::with(ten_rows(), |options| options.latency_max = Duration::from_millis(5100));
    let delays: Vec<Duration> = (0..200).map(|_| bench.ask("limit=1").delay).collect();
    assert!(delays.iter().all(|delay| (900..=5100).contains(&delay.as_millis())), "{delays:?}");
    assert!(delays.iter().max() > Some(&Duration::from_secs(4)));
    let refused = bench.ask("limit=0").delay.as_millis();
    assert!((99..=101).contains(&refused), "{refused} ms");
}

#[test]
fn now_is_the_end_of_the_feed() {
    let bench = Bench::new();
    bench.clock.set(noon() + Duration::from_secs(150));
    assert_eq!(bench.page("order=asc").numbers(), [0, 1, 2]);
    assert_eq!(bench.page("order=asc&created_at.gte=2026-06-01T12:05:00Z").numbers(), [] as [u32; 0]);
    let refused = refusal(&bench.ask("after_id=activity_9"));
    assert_eq!(refused.2, "Invalid after_id", "a row that has not happened is no place");
}

//! Every row has the documented fields of its type, with the documented JSON types and values.
//!
//! `data/fields.tsv` is the documentation; how values are made stands elsewhere, so this compares two things.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its rows has failed")]

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};
use simulator::{World, WorldOptions};

const COMMON: [&str; 6] = ["id", "created_at", "organization_id", "organization_uuid", "actor", "type"];

/// Documented, yet never filled: withdrawn, withheld since 2026-09, or null for the values that the rows have.
const NEVER_FILLED: [&str; 9] = [
    "keys_deleted",
    "keys_written",
    "guide_name",
    "repo",
    "filename",
    "description",
    "target_email",
    "request_body",
    "previous_write_user_count",
];

struct Documented {
    field: &'static str,
    json_type: &'static str,
    nullable: &'static str,
    options: Vec<&'static str>,
}

fn documentation() -> HashMap<&'static str, Vec<Documented>> {
    let mut types: HashMap<_, Vec<Documented>> = HashMap::new();
    let lines = include_str!("../data/fields.tsv").lines().filter(|line| !line.starts_with('#')).skip(1);
    for line in lines {
        let cells: Vec<&str> = line.split('\t').collect();
        let options = cells[4].split('|').filter(|option| !option.is_empty()).collect();
        let field = Documented { field: cells[1], json_type: cells[2], nullable: cells[3], options };
        types.entry(cells[0]).or_default().push(field);
    }
    types
}

fn world(per_day: f64, end: &str) -> World {
    let history_end: Timestamp = end.parse().unwrap();
    World::new(WorldOptions {
        seed: 21,
        history_start: history_end - SignedDuration::from_hours(24 * 30),
        history_end,
        activities_per_day: per_day,
        unknown_share: 0.0,
    })
}

/// Whether a value, which is not null, is of the documented type and among the documented values.
fn conforms(value: &Value, documented: &Documented) -> bool {
    let listed = |value: &Value| {
        documented.options.is_empty() || value.as_str().is_some_and(|text| documented.options.contains(&text))
    };
    let elements = |check: fn(&Value) -> bool| value.as_array().is_some_and(|all| all.iter().all(check));
    match documented.json_type {
        "string" => value.is_string() && listed(value),
        "number" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "datetime" => value.as_str().is_some_and(|text| text.parse::<Timestamp>().is_ok()),
        "object" => value.is_object(),
        "array<string>" => elements(Value::is_string) && value.as_array().unwrap().iter().all(listed),
        "array<number>" => elements(Value::is_number),
        "array<object>" => elements(Value::is_object),
        other => panic!("{other}"),
    }
}

fn check(row: &Map<String, Value>, documented: &[Documented], seen: &mut HashSet<(String, &'static str)>) {
    let kind = row["type"].as_str().unwrap();
    for field in documented {
        let value = row.get(field.field);
        match (value, field.nullable) {
            (None | Some(Value::Null), "no") => panic!("{kind} lacks {}: {row:?}", field.field),
            (Some(Value::Null), "opt") => {
                panic!("{kind} has a null {}, which may only be absent", field.field)
            }
            (None | Some(Value::Null), _) => {}
            (Some(value), _) => {
                assert!(conforms(value, field), "{kind}.{} is {value}, not {}", field.field, field.json_type);
                seen.insert((kind.to_owned(), field.field));
            }
        }
    }
    for name in row.keys() {
        let known = COMMON.contains(&name.as_str()) || documented.iter().any(|field| field.field == name);
        assert!(known, "{kind} has {name}, which is not documented");
    }
}

fn object(json: &[u8]) -> Map<String, Value> {
    serde_json::from_slice(json).unwrap()
}

#[test]
fn every_documented_field_is_there_and_right() {
    let documentation = documentation();
    let world = world(1200.0, "2026-11-23T09:41:07Z");
    let mut seen = HashSet::new();
    let mut rows = 0;
    let none = Vec::new();
    for turn in 0..40 {
        let at = world.options().history_end + SignedDuration::from_secs(turn * 7919);
        let all = world.one_of_each_type(at);
        assert_eq!(all.len(), 524);
        for row in all {
            assert_eq!(row.created_at, at);
            let documented = documentation.get(row.activity_type).unwrap_or(&none);
            check(&object(&row.json), documented, &mut seen);
            rows += 1;
        }
    }
    let mut at = world.options().history_start;
    while at < world.options().history_end {
        let bucket = world.bucket(at);
        for row in &bucket.rows {
            let documented = documentation.get(row.activity_type).unwrap_or(&none);
            check(&object(&row.json), documented, &mut seen);
            rows += 1;
        }
        at = bucket.to;
    }
    assert!(rows > 45_000, "{rows}");
    for (kind, fields) in &documentation {
        for field in fields {
            let filled = seen.contains(&((*kind).to_owned(), field.field));
            let withdrawn = NEVER_FILLED.contains(&field.field)
                || (*kind == "claude_code_user_marketplaces_updated" && field.field.ends_with("_value"));
            assert!(filled || withdrawn, "{kind}.{} never had a value", field.field);
        }
    }
}

#[test]
fn the_eleven_actors_have_their_fields() {
    let fields: HashMap<&str, &[&str]> = HashMap::from([
        ("user_actor", ["user_id", "email_address", "ip_address", "user_agent"].as_slice()),
        ("unauthenticated_user_actor", &["unauthenticated_email_address", "ip_address", "user_agent"]),
        ("api_actor", &["api_key_id", "ip_address", "user_agent"]),
        ("admin_api_key_actor", &["admin_api_key_id", "ip_address", "user_agent"]),
        ("service_account_actor", &["service_account_id", "ip_address", "user_agent"]),
        ("anthropic_actor", &["email_address"]),
        ("system_actor", &["service"]),
        ("scim_directory_sync_actor", &["directory_id", "workos_event_id", "idp_connection_type"]),
        ("federated_identity_actor", &["issuer", "subject", "audience", "ip_address", "user_agent"]),
        ("federated_actor", &["provider", "subject", "ip_address", "user_agent"]),
        ("attested_device_actor", &["external_client_id", "kid_hash", "ip_address", "user_agent"]),
    ]);
    let world = world(3000.0, "2026-11-23T09:41:07Z");
    let mut seen = HashSet::new();
    let rows = [
        world.one_of_each_type("2026-11-18T10:00:00Z".parse().unwrap()),
        world.activities("2026-11-17T00:00:00Z".parse().unwrap(), "2026-11-20T00:00:00Z".parse().unwrap()),
    ];
    for row in rows.iter().flatten() {
        let row = object(&row.json);
        let actor = row["actor"].as_object().unwrap();
        let kind = actor["type"].as_str().unwrap();
        let mut names: Vec<&str> = actor.keys().map(String::as_str).filter(|name| *name != "type").collect();
        let mut expected = fields[kind].to_vec();
        names.sort_unstable();
        expected.sort_unstable();
        assert_eq!(names, expected, "{kind}");
        seen.insert(kind.to_owned());
    }
    assert_eq!(seen.len(), 11);
}

#[test]
fn names_are_withheld_since_autumn_2026_and_there_before() {
    for (end, withheld) in [("2026-11-23T09:00:00Z", true), ("2026-06-01T09:00:00Z", false)] {
        let world = world(1000.0, end);
        let mut named = 0;
        for row in world.one_of_each_type(world.options().history_end - SignedDuration::from_hours(48)) {
            let row = object(&row.json);
            let values = ["filename", "title"].map(|field| row.get(field).and_then(Value::as_str));
            named += values.into_iter().flatten().filter(|name| !name.is_empty()).count();
        }
        assert_eq!(named == 0, withheld, "{named} names at {end}");
    }
}

#[test]
fn fields_of_a_row_fit_together() {
    let world = world(3000.0, "2026-11-23T09:41:07Z");
    let mut names: HashMap<String, String> = HashMap::new();
    let mut projects: HashMap<String, Value> = HashMap::new();
    let mut at = world.options().history_start;
    while at < world.options().history_end {
        let bucket = world.bucket(at);
        for row in &bucket.rows {
            let row = object(&row.json);
            for (id, name) in
                [("mcp_server_id", "mcp_server_name"), ("skill_id", "skill_name"), ("group_id", "group_name")]
            {
                if let (Some(id), Some(name)) =
                    (row.get(id).and_then(Value::as_str), row.get(name).and_then(Value::as_str))
                {
                    let known = names.entry(id.to_owned()).or_insert_with(|| name.to_owned());
                    assert_eq!(known, name, "one id, two names: {row:?}");
                }
            }
            let kind = row["type"].as_str().unwrap();
            if let ("claude_chat_viewed" | "claude_chat_updated" | "claude_chat_created", Some(chat)) =
                (kind, row.get("claude_chat_id").and_then(Value::as_str))
            {
                let project =
                    projects.entry(chat.to_owned()).or_insert_with(|| row["claude_project_id"].clone());
                // Story 3 opens chats of others, whose place its rows do not know.
                let stolen = row["claude_project_id"].is_null();
                assert!(*project == row["claude_project_id"] || stolen || project.is_null(), "{row:?}");
            }
            if kind == "mcp_server_managed_auth_token_exchanged" {
                assert_eq!(row["outcome"] == "success", row["error_type"].is_null());
            }
            if kind == "org_cowork_enabled" {
                assert_eq!(
                    (&row["current_value"], &row["previous_value"]),
                    (&Value::Bool(true), &Value::Bool(false))
                );
            }
        }
        at = bucket.to;
    }
    assert!(names.len() > 15 && projects.len() > 3000, "{} names, {} chats", names.len(), projects.len());
}

//! The six incidents are in the feed as they are told, row by row.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its rows has failed")]

use std::collections::HashSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use simulator::{Network, Story, World, WorldOptions};

fn world_ending(end: Timestamp, history_days: i64) -> World {
    World::new(WorldOptions {
        seed: 31,
        history_start: end - SignedDuration::from_hours(24 * history_days),
        history_end: end,
        activities_per_day: 2000.0,
        unknown_share: 0.0,
    })
}

fn world() -> World {
    world_ending("2026-11-23T09:41:07Z".parse().unwrap(), 30)
}

fn story(world: &World, number: u8) -> Story {
    world.stories().into_iter().find(|story| story.number == number).unwrap()
}

/// The rows of a story's time that one of its actors or addresses made.
fn rows(world: &World, story: &Story) -> Vec<Value> {
    let rows = world.activities(story.from, story.to);
    let values = rows.iter().map(|row| serde_json::from_slice::<Value>(&row.json).unwrap());
    let part = |value: &Value| {
        let actor = &value["actor"];
        let named = ["email_address", "unauthenticated_email_address", "api_key_id"]
            .map(|field| actor[field].as_str());
        let address =
            actor["ip_address"].as_str().is_some_and(|ip| story.addresses.iter().any(|own| own == ip));
        address || named.into_iter().flatten().any(|name| story.actors.iter().any(|own| own == name))
    };
    values.filter(part).collect()
}

fn of<'a>(rows: &'a [Value], kind: &str) -> Vec<&'a Value> {
    rows.iter().filter(|row| row["type"] == kind).collect()
}

fn time(row: &Value) -> Timestamp {
    row["created_at"].as_str().unwrap().parse().unwrap()
}

fn network<'a>(networks: &'a [Network], address: &str) -> &'a Network {
    let wanted: u32 = address.parse::<std::net::Ipv4Addr>().unwrap().into();
    let inside = |network: &&Network| {
        let (base, bits) = network.cidr.split_once('/').unwrap();
        base.parse::<std::net::Ipv4Addr>()
            .is_ok_and(|base| (u32::from(base) ^ wanted) >> (32 - bits.parse::<u32>().unwrap()) == 0)
    };
    networks.iter().find(inside).unwrap()
}

#[test]
fn stories_stand_at_fixed_distances_and_hold_their_types() {
    for end in ["2026-11-23T09:41:07Z", "2026-08-01T23:59:59.999999Z", "2025-02-28T04:00:00Z"] {
        let end: Timestamp = end.parse().unwrap();
        let world = world_ending(end, 30);
        let stories = world.stories();
        assert_eq!(stories.len(), 6);
        let hours = [5.5, 9.0 * 24.0 + 4.0, 3.0 * 24.0 + 9.0, 20.0, 12.0 * 24.0 + 2.0, 3.0];
        for (story, hours) in stories.iter().zip(hours) {
            let before = end.duration_since(story.from).as_secs_f64() / 3600.0;
            assert!((before - hours).abs() < 0.25, "story {} begins {before} h before the end", story.number);
            assert!(story.from < story.to && story.to <= end);
            let rows = world.activities(story.from, story.to);
            for kind in &story.activity_types {
                assert!(
                    rows.iter().any(|row| row.activity_type == *kind),
                    "story {} lacks {kind}",
                    story.number
                );
            }
            assert!(!story.sentence.is_empty() && !story.look_for.is_empty() && !story.actors.is_empty());
        }
        let lately = stories.iter().filter(|story| story.from > end - SignedDuration::from_hours(24)).count();
        assert_eq!(lately, 3);
    }
}

#[test]
fn stories_older_than_history_are_not_told() {
    let end: Timestamp = "2026-11-23T09:41:07Z".parse().unwrap();
    let numbers =
        |days| world_ending(end, days).stories().iter().map(|story| story.number).collect::<Vec<_>>();
    assert_eq!(numbers(1), [1, 4, 6]);
    assert_eq!(numbers(4), [1, 3, 4, 6]);
    assert_eq!(numbers(30), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn the_new_admin_key() {
    let world = world();
    let story = story(&world, 1);
    let rows = rows(&world, &story);
    let failed: Vec<&Value> = [of(&rows, "sso_login_failed"), of(&rows, "magic_link_login_failed")].concat();
    let names: HashSet<&str> =
        failed.iter().filter_map(|row| row["actor"]["unauthenticated_email_address"].as_str()).collect();
    assert!(names.len() >= 50, "{} names were tried", names.len());
    let spray = failed[0]["actor"]["ip_address"].as_str().unwrap();
    assert!(failed.iter().all(|row| row["actor"]["ip_address"] == spray));
    assert!(failed.iter().all(|row| row["organization_id"].is_null()));
    let success = of(&rows, "magic_link_login_succeeded")[0];
    assert_eq!(success["actor"]["ip_address"], spray);
    assert!(failed.iter().all(|row| time(row) < time(success)));
    let created = of(&rows, "admin_api_key_created")[0];
    assert_eq!(created["actor"]["email_address"], success["actor"]["email_address"]);
    assert_eq!(time(created).duration_since(time(success)), SignedDuration::from_mins(4));
    let networks = world.networks();
    let elsewhere = created["actor"]["ip_address"].as_str().unwrap();
    assert_ne!(network(&networks, spray).country, network(&networks, elsewhere).country);
    let suffix = created["admin_api_key_id"].as_str().unwrap().strip_prefix("admin_api_key_").unwrap();
    let acting = format!("apikey_{suffix}");
    let reads: Vec<&Value> = of(&rows, "compliance_api_accessed")
        .into_iter()
        .filter(|row| row["actor"]["api_key_id"] == acting)
        .collect();
    assert!(reads.len() > 80 && reads.iter().all(|row| time(row) > time(created)));
    assert!(reads.iter().filter(|row| row["status_code"] == 403).count() >= 5);
}

#[test]
fn blinding() {
    let world = world();
    let story = story(&world, 2);
    let rows = rows(&world, &story);
    let sso = of(&rows, "org_sso_toggled");
    let recording = of(&rows, "org_compliance_api_settings_updated");
    assert_eq!(sso.iter().map(|row| row["enabled"].as_bool().unwrap()).collect::<Vec<_>>(), [false, true]);
    let logging: Vec<bool> =
        recording.iter().map(|row| row["compliance_api_logging_enabled"].as_bool().unwrap()).collect();
    assert_eq!(logging, [false, true]);
    let (off, on) = (time(recording[0]), time(recording[1]));
    assert!(time(sso[0]) < off && on < time(sso[1]));
    assert_eq!(on.duration_since(off), SignedDuration::from_hours(2));
    let organization = recording[0]["organization_id"].as_str();
    let silence = world.activities(off + SignedDuration::from_micros(1), on);
    assert!(silence.iter().all(|row| row.organization_id.as_deref() != organization));
    assert!(!silence.is_empty(), "other organizations go on");
}

#[test]
fn leaving_with_the_data() {
    let world = world();
    let story = story(&world, 3);
    let rows = rows(&world, &story);
    let chats = |kind: &str| {
        let ids = of(&rows, kind).into_iter().map(|row| row["claude_chat_id"].as_str().unwrap().to_owned());
        ids.collect::<HashSet<_>>()
    };
    assert!(chats("claude_chat_viewed").len() > 250, "{}", chats("claude_chat_viewed").len());
    assert!(chats("claude_chat_access_failed").len() >= 20);
    assert_eq!(chats("claude_chat_deleted").len(), 60);
    let export = of(&rows, "org_data_export_started")[0];
    assert_eq!(
        (&export["scope"], &export["export_type"]),
        (&Value::from("organization"), &Value::from("conversations"))
    );
    let fetched = of(&rows, "org_data_export_accessed")[0];
    assert!(time(export) < time(fetched));
    assert!(of(&rows, "claude_chat_deleted").iter().all(|row| time(row) > time(fetched)));
}

#[test]
fn the_helpful_connector() {
    let world = world();
    let story = story(&world, 4);
    let rows = rows(&world, &story);
    let server = &of(&rows, "mcp_server_created")[0]["mcp_server_id"];
    let exposed = of(&rows, "mcp_server_managed_auth_updated")[0];
    assert_eq!(exposed["mcp_server_url"], "https://mcp.quick-notes-helper.example");
    let tools = of(&rows, "mcp_tool_policy_updated");
    assert!(tools.len() >= 3 && tools.iter().all(|row| row["max_permission"] == "allow"));
    assert!(tools.iter().all(|row| row["mcp_server_id"] == *server));
    assert_eq!(of(&rows, "org_connector_domain_guard_updated")[0]["enforced"], false);
    assert_eq!(of(&rows, "org_cowork_mcp_always_allow_enabled").len(), 1);
    let everyone = world.activities(story.from, story.to);
    let connected = everyone.iter().filter(|row| row.activity_type == "integration_user_connected");
    let to_it = connected.filter(|row| {
        let row: Value = serde_json::from_slice(&row.json).unwrap();
        row["mcp_server_id"] == *server
    });
    assert!(to_it.count() >= 10);
}

#[test]
fn public_by_accident() {
    let world = world();
    let story = story(&world, 5);
    let rows = rows(&world, &story);
    let project = of(&rows, "claude_project_sharing_updated")[0];
    assert_eq!(project["audience"][0]["type"], "public");
    let shared = of(&rows, "claude_artifact_sharing_updated");
    let artifacts: HashSet<&str> =
        shared.iter().filter_map(|row| row["claude_artifact_id"].as_str()).collect();
    assert_eq!(artifacts.len(), 2);
    assert!(
        shared
            .iter()
            .all(|row| row["audience"][0]["type"] == "anyone_with_link" && row["new_mode"] == "public")
    );
    assert_eq!(of(&rows, "claude_artifact_published").len(), 2);
    let strangers = world.activities(story.from, story.to).into_iter().filter(|row| {
        let row: Value = serde_json::from_slice(&row.json).unwrap();
        row["actor"]["type"] == "unauthenticated_user_actor"
            && row["claude_artifact_id"].as_str().is_some_and(|id| artifacts.contains(id))
    });
    assert_eq!(strangers.count(), 31);
}

#[test]
fn quiet_failure() {
    let world = world();
    let story = story(&world, 6);
    assert_eq!(story.to.duration_since(story.from), SignedDuration::from_mins(40));
    let second = SignedDuration::from_secs(1);
    assert!(world.scope_lost(story.from) && world.scope_lost(story.to - second));
    assert!(!world.scope_lost(story.to) && !world.scope_lost(story.from - second));
    let rows = rows(&world, &story);
    let polls = of(&rows, "compliance_api_accessed");
    assert!(polls.len() >= 40);
    assert!(polls.iter().all(|row| row["status_code"] == 403));
    let lags: Vec<Duration> =
        (0..2400).map(|step| world.extra_lag(story.from + SignedDuration::from_secs(step))).collect();
    assert!(lags.iter().all(|lag| *lag < Duration::from_hours(1)));
    assert!(lags.iter().any(|lag| *lag > Duration::from_mins(55)));
    assert_eq!(world.extra_lag(story.from - second), Duration::ZERO);
    assert_eq!(world.extra_lag(story.to), Duration::ZERO);
}

#[test]
fn ordinary_weeks_hold_nothing_of_the_kind() {
    let world = world();
    let from = world.options().history_end - SignedDuration::from_hours(24 * 29);
    let to = world.options().history_end - SignedDuration::from_hours(24 * 13);
    for row in world.activities(from, to) {
        let text = std::str::from_utf8(&row.json).unwrap();
        for sign in [
            "anyone_with_link",
            r#""compliance_api_logging_enabled":false"#,
            "quick-notes-helper",
            "198.51.100.19",
        ] {
            assert!(!text.contains(sign), "{text}");
        }
    }
}

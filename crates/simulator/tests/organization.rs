//! What the believable organization promises as a whole: repeatable, ordered, unique, in proportion, complete.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its rows has failed")]

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::Value;
use simulator::{Generated, World, WorldOptions};

const END: &str = "2026-11-23T09:41:07Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * count)
}

fn options(seed: u64, history_days: i64, activities_per_day: f64) -> WorldOptions {
    let history_end = at(END);
    WorldOptions {
        seed,
        history_start: history_end - days(history_days),
        history_end,
        activities_per_day,
        unknown_share: 0.0,
    }
}

/// Visits every row of a range without holding more than a bucket.
fn walk(world: &World, from: Timestamp, to: Timestamp, mut visit: impl FnMut(&Generated)) {
    let mut at = from;
    while at < to {
        let bucket = world.bucket(at);
        bucket.rows.iter().filter(|row| from <= row.created_at && row.created_at < to).for_each(&mut visit);
        at = bucket.to;
    }
}

fn history(world: &World, visit: impl FnMut(&Generated)) {
    walk(world, world.options().history_start, world.options().history_end, visit);
}

/// Type to group, from the crate's own table.
fn groups() -> HashMap<&'static str, &'static str> {
    let lines = include_str!("../data/types.tsv").lines().filter(|line| !line.starts_with('#')).skip(1);
    lines
        .map(|line| {
            let mut cells = line.split('\t');
            (cells.next().unwrap(), cells.next().unwrap())
        })
        .collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes_in_any_order() {
    let one = World::new(options(11, 30, 3000.0));
    let other = World::new(options(11, 30, 3000.0));
    let (from, middle, to) =
        (at("2026-11-10T06:00:00Z"), at("2026-11-10T13:07:00Z"), at("2026-11-10T18:00:00Z"));
    let late = other.activities(middle, to);
    let early = other.activities(from, middle);
    let whole = one.activities(from, to);
    assert!(whole.len() > 500);
    assert_eq!(whole, [early, late].concat());
    let different = World::new(options(12, 30, 3000.0)).activities(from, to);
    let ids: HashSet<&str> = whole.iter().map(|row| row.id.as_str()).collect();
    assert!(different.iter().all(|row| !ids.contains(row.id.as_str())));
}

#[test]
fn ordinary_life_does_not_depend_on_when_history_ends() {
    let one = World::new(options(11, 30, 3000.0));
    let mut later = options(11, 30, 3000.0);
    later.history_end = at("2027-03-01T00:00:00Z");
    let other = World::new(later);
    let rows = |world: &World| {
        let rows = world.activities(at("2026-11-04T09:00:00Z"), at("2026-11-04T12:00:00Z"));
        rows.into_iter().map(|row| (row.created_at, row.activity_type)).collect::<BTreeSet<_>>()
    };
    let (one, other) = (rows(&one), rows(&other));
    // Rare events and stories have their places by the end of history; all else is the same.
    assert!(one.symmetric_difference(&other).count() < 20);
    assert!(one.len() > 300);
}

#[test]
fn threads_agree() {
    let world = World::new(options(5, 3, 20_000.0));
    let expected = World::new(options(5, 3, 20_000.0))
        .activities(at("2026-11-20T08:00:00Z"), at("2026-11-20T16:00:00Z"));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let rows = world.activities(at("2026-11-20T08:00:00Z"), at("2026-11-20T16:00:00Z"));
                assert!(rows == expected, "a thread saw other rows");
            });
        }
    });
}

#[test]
fn a_month_is_ordered_unique_and_says_the_same_inside_and_outside() {
    let world = World::new(options(1, 30, 6000.0));
    let mut ids = HashSet::new();
    let mut last: Option<(Timestamp, String)> = None;
    let (mut ties, mut parsed) = (0, 0);
    history(&world, |row| {
        assert!(row.created_at < at(END) && row.created_at >= world.options().history_start);
        assert!(row.id.starts_with("activity_01") && row.id.len() == 33, "{}", row.id);
        assert!(ids.insert(row.id.clone()), "{} comes twice", row.id);
        if let Some((time, id)) = &last {
            assert!((*time, id.as_str()) < (row.created_at, row.id.as_str()));
            ties += usize::from(*time == row.created_at);
            assert!(*id < row.id, "ids grow with time");
        }
        last = Some((row.created_at, row.id.clone()));
        if ids.len() % 10 == 0 {
            parsed += 1;
            agrees(row);
        }
    });
    assert!(ids.len() > 100_000 && parsed > 10_000);
    assert!(ties > ids.len() / 200, "{ties} equal times among {} rows", ids.len());
}

/// The fields beside the row are those in it.
fn agrees(row: &Generated) {
    let json: Value = serde_json::from_slice(&row.json).unwrap();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    assert_eq!(json["id"], row.id);
    assert_eq!(json["type"], row.activity_type);
    assert_eq!(at(json["created_at"].as_str().unwrap()), row.created_at);
    assert!(json["created_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(text(&json["organization_id"]), row.organization_id);
    assert_eq!(text(&json["organization_uuid"]), row.organization_uuid);
    assert_eq!(text(&json["actor"]["user_id"]), row.actor_user_id);
    assert!(!row.json.contains(&b'\n'));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_range_is_the_sum_of_its_parts(
        start in -40 * 86_400_000_000_i64..3 * 86_400_000_000,
        first in 0..40_000_000_000_i64,
        second in 0..60_000_000_000_i64,
        seed in 0..3_u64,
    ) {
        let world = World::new(options(seed, 30, 900.0));
        let a = at(END) + SignedDuration::from_micros(start);
        let b = a + SignedDuration::from_micros(first);
        let c = b + SignedDuration::from_micros(second);
        prop_assert_eq!(world.activities(a, c), [world.activities(a, b), world.activities(b, c)].concat());
    }
}

#[test]
fn empty_and_backward_ranges_are_empty() {
    let world = World::new(options(1, 30, 6000.0));
    let noon = at("2026-11-18T12:00:00Z");
    assert!(world.activities(noon, noon).is_empty());
    assert!(world.activities(noon, noon - days(1)).is_empty());
    assert!(world.activities(at("2020-01-01T00:00:00Z"), at("2020-02-01T00:00:00Z")).is_empty());
}

#[test]
fn density_is_what_was_asked_for_on_weekdays() {
    for (per_day, from, count) in [
        (400.0, "2026-11-02T00:00:00Z", 10),
        (6000.0, "2026-11-02T00:00:00Z", 5),
        (150_000.0, "2026-11-04T00:00:00Z", 1),
    ] {
        let world = World::new(options(2, 30, per_day));
        let mut rows = 0;
        let mut weekdays = 0;
        let mut midnight = at(from);
        while weekdays < count {
            let weekday = midnight.to_zoned(jiff::tz::TimeZone::UTC).weekday().to_monday_one_offset();
            if weekday < 6 {
                weekdays += 1;
                walk(&world, midnight, midnight + days(1), |_| rows += 1);
            }
            midnight += days(1);
        }
        // The swept types come on top, some seventeen a day.
        let expected = per_day + 17.0;
        let measured = f64::from(rows) / f64::from(weekdays);
        assert!((measured / expected - 1.0).abs() < 0.12, "asked for {per_day}, got {measured}");
    }
}

#[test]
fn proportions_are_those_of_a_real_feed() {
    let groups = groups();
    for per_day in [1500.0, 8000.0] {
        let world = World::new(options(3, 28, per_day));
        let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
        let (mut rows, mut bytes) = (0_u32, 0);
        history(&world, |row| {
            rows += 1;
            bytes += row.json.len();
            *counts.entry(groups[row.activity_type]).or_default() += 1;
        });
        let share = |group: &str| f64::from(counts.get(group).copied().unwrap_or(0)) / f64::from(rows);
        let administration: f64 =
            ["access_control", "api_keys", "organization", "billing"].into_iter().map(share).sum();
        for (what, measured, expected, tolerance) in [
            ("content", share("content"), 0.50, 0.05),
            ("compliance api", share("compliance_api"), 0.20, 0.04),
            ("administration", administration, 0.02, if per_day < 5000.0 { 0.018 } else { 0.01 }),
            ("authentication", share("authentication"), 0.04, 0.04),
            ("claude code", share("claude_code"), 0.07, 0.03),
            ("platform", share("platform"), 0.11, 0.04),
        ] {
            assert!(
                (measured - expected).abs() < tolerance,
                "{what} at {per_day}: {measured:.3} of all rows"
            );
        }
        let mean = bytes / rows as usize;
        assert!((1000..=1500).contains(&mean), "{mean} bytes a row at {per_day}");
    }
}

#[test]
fn every_type_and_every_actor_occurs_however_few_rows() {
    for (seed, history_days, per_day) in
        [(4, 30, 40.0), (5, 30, 40.0), (u64::MAX, 30, 40.0), (4, 30, 3000.0), (0, 2, 500.0)]
    {
        let world = World::new(options(seed, history_days, per_day));
        let mut seen = HashSet::new();
        let mut actors = BTreeSet::new();
        history(&world, |row| {
            seen.insert(row.activity_type);
            let text = std::str::from_utf8(&row.json).unwrap();
            let actor = text.split_once(r#""actor":{"type":""#).unwrap().1.split('"').next().unwrap();
            if !actors.contains(actor) {
                actors.insert(actor.to_owned());
            }
        });
        let missing: Vec<&str> = groups().into_keys().filter(|kind| !seen.contains(kind)).collect();
        assert!(
            missing.is_empty(),
            "{per_day} a day for {history_days} days from {seed}: {missing:?} did not happen"
        );
        assert_eq!((seen.len(), actors.len()), (524, 11), "{actors:?}");
    }
}

#[test]
fn life_goes_on_after_history_without_incidents() {
    let world = World::new(options(6, 30, 4000.0));
    let (mut before, mut after) = (0, 0);
    walk(&world, at("2026-11-16T00:00:00Z"), at("2026-11-20T00:00:00Z"), |_| before += 1);
    walk(&world, at("2026-12-14T00:00:00Z"), at("2026-12-18T00:00:00Z"), |_| after += 1);
    assert!((f64::from(after) / f64::from(before) - 1.0).abs() < 0.15, "{before} rows before, {after} after");
    walk(&world, at(END), at(END) + days(6), |row| {
        let text = std::str::from_utf8(&row.json).unwrap();
        for sign in [
            r#""compliance_api_logging_enabled":false"#,
            "anyone_with_link",
            r#""type":"public""#,
            "quick-notes-helper",
            "198.51.100.214",
        ] {
            assert!(!text.contains(sign), "{text}");
        }
        assert!(row.activity_type != "org_sso_toggled" && row.activity_type != "org_data_export_started");
        assert_eq!(world.extra_lag(row.created_at), std::time::Duration::ZERO);
    });
}

#[test]
fn nothing_acts_from_outside_the_named_networks() {
    let world = World::new(options(7, 14, 3000.0));
    let networks = world.networks();
    let mut addresses = BTreeSet::new();
    history(&world, |row| {
        let json: Value = serde_json::from_slice(&row.json).unwrap();
        if let Some(address) = json["actor"]["ip_address"].as_str() {
            addresses.insert(address.to_owned());
        }
    });
    assert!(addresses.len() > 200, "{}", addresses.len());
    for address in addresses {
        let found = networks.iter().filter(|network| contains(network.cidr, &address)).count();
        assert_eq!(found, 1, "{address}");
    }
}

fn contains(cidr: &str, address: &str) -> bool {
    use std::net::IpAddr::{V4, V6};
    let (base, bits) = cidr.split_once('/').unwrap();
    let bits: u32 = bits.parse().unwrap();
    match (base.parse().unwrap(), address.parse().unwrap()) {
        (V4(base), V4(address)) => (u32::from(base) ^ u32::from(address)) >> (32 - bits) == 0,
        (V6(base), V6(address)) => (u128::from(base) ^ u128::from(address)) >> (128 - bits) == 0,
        _ => false,
    }
}

#[test]
fn unknown_types_and_fields_come_only_when_asked_for() {
    let known = groups();
    let mut asked = options(8, 2, 4000.0);
    asked.unknown_share = 0.05;
    let (mut rows, mut types, mut fields) = (0, 0, 0);
    history(&World::new(asked), |row| {
        rows += 1;
        types += usize::from(!known.contains_key(row.activity_type));
        let json: Value = serde_json::from_slice(&row.json).unwrap();
        assert_eq!(json["type"], row.activity_type);
        fields += usize::from(json.get("client_surface").is_some());
    });
    for (what, count) in [("types", types), ("fields", fields)] {
        let share = count as f64 / f64::from(rows);
        assert!((share - 0.025).abs() < 0.01, "{what}: {share}");
    }
    history(&World::new(options(8, 2, 4000.0)), |row| assert!(known.contains_key(row.activity_type)));
}

#[test]
fn options_at_the_edge_do_no_harm() {
    let mut odd = options(9, 1, 0.0);
    odd.history_start = odd.history_end;
    let world = World::new(odd);
    assert!(world.stories().is_empty());
    assert!(world.activities(at("2026-11-22T00:00:00Z"), at(END)).is_empty());
    assert!(world.activities(at(END), at(END) + days(30)).len() < 2000);
    let noon = at("2026-11-18T12:00:00Z");
    let one = World::new(options(9, 30, 1.0));
    let ids: HashSet<String> = one.one_of_each_type(noon).into_iter().map(|row| row.id).collect();
    assert_eq!(ids.len(), 524);
    assert!(one.bucket(noon).rows.iter().all(|row| !ids.contains(&row.id)));
}

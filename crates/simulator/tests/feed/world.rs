//! The server over the believable organization.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use simulator::{
    ActivitySource, Bucket, ManualClock, SimulatedRequest, Simulator, SimulatorClock, SimulatorOptions,
    World, WorldOptions,
};

use crate::support::{Answered, KEY, encode, noon, refusal, request};

fn options() -> WorldOptions {
    WorldOptions {
        seed: 11,
        history_start: noon() - SignedDuration::from_hours(24 * 10),
        history_end: noon(),
        activities_per_day: 3000.0,
        unknown_share: 0.0,
    }
}

fn serve(change: impl FnOnce(&mut SimulatorOptions)) -> (Simulator, Arc<ManualClock>) {
    let mut simulator_options = SimulatorOptions::new(World::new(options()), KEY);
    simulator_options.requests_per_minute = 0;
    change(&mut simulator_options);
    let clock = Arc::new(ManualClock::new(noon()));
    (Simulator::new(simulator_options, clock.clone()), clock)
}

/// The ids of a walk with `after_id`.
fn walk(simulator: &Simulator, query: &str) -> Vec<String> {
    let mut page = Answered::of(&simulator.respond(&request(query)));
    let mut ids = page.ids.clone();
    while page.has_more {
        let cursor = encode(page.last_id.as_ref().expect("a cursor"));
        page = Answered::of(&simulator.respond(&request(&format!("{query}&after_id={cursor}"))));
        ids.extend(page.ids.clone());
    }
    ids
}

/// The bytes of a row; of one that stands in a transparency log what it says, but for its place there, which the server adds.
fn told(row: &[u8]) -> String {
    let text = String::from_utf8_lossy(row).into_owned();
    if !["\"anthropic_access\"", "\"cmek_preserve\""].iter().any(|name| text.contains(name)) {
        return text;
    }
    let mut value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    value.as_object_mut().expect("an object").remove("transparency_log_leaf_index");
    value.to_string()
}

#[test]
fn a_walk_over_days_equals_the_source() {
    let (simulator, _) = serve(|_| {});
    let world = World::new(options());
    let [from, to] = [60, 12].map(|hours| noon() - SignedDuration::from_hours(hours));
    let rows = world.activities(from, to);
    assert!(rows.len() > 1000, "{}", rows.len());
    let mut expected: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
    let window = format!("created_at.gte={from}&created_at.lt={to}");
    assert_eq!(walk(&simulator, &format!("{window}&order=asc&limit=777")), expected);
    expected.reverse();
    assert_eq!(walk(&simulator, &format!("{window}&order=desc&limit=5000")), expected);
    let listed = simulator.respond(&SimulatedRequest::get(&format!("/simulator/activities?{window}")));
    let listed: Vec<String> =
        listed.body.split(|byte| *byte == b'\n').filter(|row| !row.is_empty()).map(told).collect();
    let made: Vec<String> = rows.iter().map(|row| told(&row.json)).collect();
    assert!(listed == made, "the list differs from the source");
}

#[test]
fn the_time_of_a_row_can_be_read_off_its_id() {
    let world = World::new(options());
    let rows = world.activities(noon() - SignedDuration::from_hours(3), noon());
    assert!(rows.iter().all(|row| ActivitySource::created_at(&world, &row.id) == Some(row.created_at)));
    let (simulator, _) = serve(|_| {});
    let middle = &rows[rows.len() / 2];
    let page =
        Answered::of(&simulator.respond(&request(&format!("order=asc&limit=1&after_id={}", middle.id))));
    assert_eq!(page.ids, [rows[rows.len() / 2 + 1].id.as_str()]);
    let nobody = middle.id.replace(&middle.id[22..], &"2".repeat(middle.id.len() - 22));
    assert_eq!(refusal(&simulator.respond(&request(&format!("after_id={nobody}")))).2, "Invalid after_id");
}

#[test]
fn live_rows_follow_the_clock() {
    let (simulator, clock) = serve(|options| options.indexing_lag_max = Duration::ZERO);
    let new = format!("order=asc&limit=5000&created_at.gte={}", noon());
    let own = "&exclude_activity_types[]=compliance_api_accessed";
    let before = walk(&simulator, &format!("{new}{own}"));
    clock.advance(Duration::from_hours(2));
    let after = walk(&simulator, &format!("{new}{own}"));
    assert!(before.len() <= 1 && after.len() > 10, "{} and {}", before.len(), after.len());
}

#[test]
fn every_filter_by_organization_keeps_rows_without_one() {
    let (simulator, _) = serve(|_| {});
    let world = World::new(options());
    let from = noon() - SignedDuration::from_hours(30);
    let rows = world.activities(from, noon() - SignedDuration::from_hours(1));
    for organization in world.organizations() {
        for name in [&organization.id, &organization.uuid] {
            let query = format!(
                "order=asc&limit=5000&organization_ids[]={name}&created_at.gte={from}&created_at.lt={}",
                noon() - SignedDuration::from_hours(1)
            );
            let expected: Vec<&str> = rows
                .iter()
                .filter(|row| row.organization_id.as_ref().is_none_or(|id| *id == organization.id))
                .map(|row| row.id.as_str())
                .collect();
            assert_eq!(walk(&simulator, &query), expected, "{name}");
        }
    }
}

#[test]
fn the_quiet_failure_can_be_lived_through() {
    let world = World::new(options());
    let story = world.stories().into_iter().find(|story| story.number == 6).expect("story 6");
    let (simulator, clock) = serve(|_| {});
    let middle = story.from + story.to.duration_since(story.from) / 2;
    assert!(world.scope_lost(middle), "the story takes the scope away");
    clock.set(middle);
    assert_eq!(refusal(&simulator.respond(&request(""))).0, 403);
    let rows = world.activities(story.from, story.to);
    assert!(rows.iter().any(|row| world.extra_lag(row.created_at) > Duration::from_mins(10)));
    clock.set(story.to + SignedDuration::from_mins(2));
    let window = format!("order=asc&limit=5000&created_at.gte={}&created_at.lt={}", story.from, story.to);
    let soon = walk(&simulator, &window).len();
    clock.set(story.to + SignedDuration::from_hours(2));
    let later = walk(&simulator, &window).len();
    assert!(soon < later, "{soon} rows soon, {later} later");
    assert_eq!(later, rows.len() + 1, "the refused call left a row, too");
}

#[test]
fn stories_are_told() {
    let (simulator, _) = serve(|_| {});
    let told = simulator.respond(&SimulatedRequest::get("/simulator/stories"));
    let told: serde_json::Value = serde_json::from_slice(&told.body).expect("JSON");
    let expected = World::new(options()).stories();
    assert_eq!(told.as_array().map(Vec::len), Some(expected.len()));
    assert_eq!(told[0]["title"], expected[0].title);
}

/// Counts the buckets that are asked for.
struct Counting(World, Arc<AtomicUsize>);

impl ActivitySource for Counting {
    fn bucket(&self, at: Timestamp) -> Arc<Bucket> {
        self.1.fetch_add(1, Ordering::Relaxed);
        World::bucket(&self.0, at)
    }

    fn history_start(&self) -> Timestamp {
        self.0.options().history_start
    }

    fn organizations(&self) -> Vec<simulator::Organization> {
        self.0.organizations()
    }

    fn created_at(&self, id: &str) -> Option<Timestamp> {
        ActivitySource::created_at(&self.0, id)
    }
}

#[test]
fn a_page_asks_for_the_buckets_it_needs_and_no_more() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counting = Counting(World::new(options()), asked.clone());
    let (simulator, _) = serve(|options| {
        options.parents.clear();
        options.add_parent("default", counting);
    });
    let quarter = |row: &serde_json::Value| {
        let at: Timestamp = row["created_at"].as_str().expect("a time").parse().expect("a time");
        at.as_second().div_euclid(900)
    };
    // The transparency log looks once for the rows that belong to it.
    simulator.respond(&request("limit=1&activity_types[]=anthropic_access"));
    for order in ["asc", "desc"] {
        let query =
            format!("order={order}&limit=100&created_at.lt={}", noon() - SignedDuration::from_hours(9));
        let mut pages = vec![(Answered::of(&simulator.respond(&request(&query))), 0)];
        for _ in 0..20 {
            let cursor = encode(pages.last().and_then(|(page, _)| page.last_id.as_ref()).expect("a cursor"));
            let before = asked.load(Ordering::Relaxed);
            let page = Answered::of(&simulator.respond(&request(&format!("{query}&after_id={cursor}"))));
            pages.push((page, asked.load(Ordering::Relaxed) - before));
        }
        for neighbours in pages.windows(3) {
            let [(before, _), (_, used), (after, _)] = neighbours else { unreachable!("windows of three") };
            // From the cursor to the row that shows that there is more, and once to look the cursor up.
            let needed = quarter(&after.rows[0]).abs_diff(quarter(&before.rows[99])) as usize + 1;
            assert!(*used <= needed + 1, "{order}: {used} buckets where {needed} are needed");
        }
    }
}

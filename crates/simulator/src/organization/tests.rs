//! What can only be seen from inside: whose day a row belongs to, and how much is kept.

use std::collections::{HashMap, HashSet};

use jiff::SignedDuration;

use super::*;

fn world(per_day: f64) -> World {
    let history_end: Timestamp = "2026-11-23T09:41:07Z".parse().unwrap();
    World::new(WorldOptions {
        seed: 41,
        history_start: history_end - SignedDuration::from_hours(24 * 30),
        history_end,
        activities_per_day: per_day,
        unknown_share: 0.0,
    })
}

fn field<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let start = json.find(&format!("\"{name}\":\""))? + name.len() + 4;
    json[start..].split('"').next()
}

#[test]
fn who_works_has_signed_in_first() {
    for per_day in [600.0, 12_000.0] {
        let world = world(per_day);
        // Between the stories, so that nobody is up for one of them.
        let (from, to) = ("2026-11-16T00:00:00Z".parse().unwrap(), "2026-11-18T23:00:00Z".parse().unwrap());
        let members: HashMap<&str, &people::Person> =
            world.cast.people.members.iter().map(|person| (person.email.as_str(), person)).collect();
        let mut begun = HashSet::new();
        let mut days = 0;
        for row in world.activities(from, to) {
            let json = std::str::from_utf8(&row.json).unwrap();
            let name = field(json, "unauthenticated_email_address").or_else(|| field(json, "email_address"));
            let Some(person) = name.and_then(|name| members.get(name)) else { continue };
            let date = world.calendar.date(person.office, row.created_at.as_microsecond());
            // A day that began before the range is not whole.
            let whole = world.calendar.date(person.office, from.as_microsecond()) != date;
            if begun.insert((person.key, date)) && whole {
                days += 1;
                let signs_in = row.activity_type.contains("login");
                assert!(signs_in, "{} begins {date} with {}", person.email, row.activity_type);
            }
        }
        assert!(days > 10, "{days} days seen at {per_day}");
    }
}

#[test]
fn a_lively_world_works_on_a_saturday_night_and_has_the_same_past() {
    let history_end: Timestamp = "2026-11-28T05:07:13Z".parse().unwrap();
    let options = WorldOptions {
        seed: 41,
        history_start: history_end - SignedDuration::from_hours(24 * 30),
        history_end,
        activities_per_day: 4000.0,
        unknown_share: 0.0,
    };
    let (quiet, lively) = (World::new(options.clone()), World::lively(options));
    let rows = |world: &World, from: Timestamp, to: Timestamp| {
        let rows = world.activities(from, to);
        let people = rows.iter().filter(|row| row.actor_user_id.is_some()).count();
        (rows.into_iter().map(|row| row.json).collect::<Vec<_>>(), people)
    };
    let last_hour = "2026-11-28T04:15:00Z".parse().unwrap();
    let past = |world| rows(world, history_end - SignedDuration::from_hours(48), last_hour).0;
    assert_eq!(past(&quiet), past(&lively));
    // Five minutes from now, and the same the hours after: sessions that have begun go on.
    let mut people = [0, 0];
    for hours in 0..3 {
        let from = history_end + SignedDuration::from_hours(hours);
        let minutes = |world| rows(world, from, from + SignedDuration::from_mins(5)).1;
        let (quiet, lively) = (minutes(&quiet), minutes(&lively));
        assert!(lively >= 20, "{lively} rows of people in five minutes, {hours} hours after");
        people[0] += quiet;
        people[1] += lively;
    }
    assert!(people[1] > 5 * people[0], "{people:?}");
}

#[test]
fn a_client_keeps_its_name_and_a_person_their_id() {
    let world = world(8000.0);
    let (from, to) = ("2026-11-16T00:00:00Z".parse().unwrap(), "2026-11-19T00:00:00Z".parse().unwrap());
    let mut agents: HashMap<String, HashSet<String>> = HashMap::new();
    let mut ids: HashMap<String, String> = HashMap::new();
    for row in world.activities(from, to) {
        let json = std::str::from_utf8(&row.json).unwrap();
        let (Some(id), Some(email)) = (row.actor_user_id.clone(), field(json, "email_address")) else {
            continue;
        };
        agents.entry(email.to_owned()).or_default().insert(field(json, "user_agent").unwrap().to_owned());
        assert_eq!(ids.entry(email.to_owned()).or_insert_with(|| id.clone()), &id);
    }
    assert!(agents.len() > 120);
    for (email, agents) in agents {
        assert!(
            agents.len() <= 3,
            "{email} has more clients than a laptop, a terminal and a phone: {agents:?}"
        );
    }
}

#[test]
fn sessions_end_within_the_plans_that_a_bucket_looks_at() {
    let world = world(150_000.0);
    let longest = (PLANS_BEFORE * BUCKET).max(sessions::LONGEST);
    const { assert!(sessions::LONGEST <= PLANS_BEFORE * BUCKET) };
    let noon = "2026-11-18T15:00:00Z".parse::<Timestamp>().unwrap().as_microsecond();
    let plan = world.plan(noon);
    assert!(plan.len() > 1000);
    for draft in plan.iter() {
        assert!(noon <= draft.at && draft.at < noon + BUCKET + longest, "{draft:?}");
    }
}

#[test]
fn only_the_last_buckets_are_kept() {
    let world = world(60_000.0);
    let mut at: Timestamp = "2026-11-16T00:00:00Z".parse().unwrap();
    let mut bytes = 0;
    while at < "2026-11-19T00:00:00Z".parse().unwrap() {
        let bucket = world.bucket(at);
        bytes += bucket.rows.iter().map(|row| row.json.len()).sum::<usize>();
        assert!(locked(&world.buckets).size() <= KEPT_BYTES);
        assert!(locked(&world.plans).size() <= KEPT_PLAN_BYTES);
        at = bucket.to;
    }
    assert!(bytes > 2 * KEPT_BYTES, "{bytes} bytes were made");
}

#[test]
fn names_of_this_crates_own_data_need_no_escaping() {
    let catalog = Catalog::get();
    let words = catalog.library.entities.iter().flat_map(|kind| kind.names.iter());
    let texts = catalog.library.texts.iter().flat_map(|(_, words)| words.iter());
    let agents = &world(1000.0).cast.agents;
    let agents = agents.machines.iter().chain(&agents.readers).chain(&agents.tools);
    for word in words.chain(texts).chain(agents) {
        assert!(!word.contains(['"', '\\']) && word.is_ascii(), "{word}");
    }
}

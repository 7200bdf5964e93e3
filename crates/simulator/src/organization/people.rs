//! The people of Northwind Robotics: who they are, what they work on, and what they work with.
//!
//! 180 members in four offices, 12 of them administrators and 25 at the subsidiary; beside them people who left, people
//! who are about to come, and guests from other companies. Everybody keeps one id, one address at home, one laptop, one
//! terminal and (mostly) one phone, each with one user agent.

use super::Organization;
use super::places::{OFFICES, Office};
use super::random::{Dice, Weighted, mix, salt, scale};
use super::table;
use super::text;

/// Position of a person in [`People::members`].
pub(super) type PersonId = usize;

/// How many members administer the organization.
pub(super) const ADMINS: usize = 12;
const SUBSIDIARY_MEMBERS: usize = 25;
const LEAVERS: usize = 40;
const JOINERS: usize = 40;
const GUESTS: usize = 16;

const DOMAIN: &str = "northwind-robotics.example";
const SUBSIDIARY_DOMAIN: &str = "tidewater-automation.example";
const GUEST_DOMAINS: [&str; 4] =
    ["harbor-logistics.example", "kestrel-design.example", "polder-foods.example", "summit-audit.example"];

/// The Enterprise organization, its Console twin and the subsidiary, as positions.
pub(super) const ENTERPRISE: usize = 0;
pub(super) const CONSOLE: usize = 1;
pub(super) const SUBSIDIARY: usize = 2;

/// What somebody's work is mostly made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Department {
    Engineering,
    Research,
    Field,
    /// Sales, finance, legal, people, support.
    Business,
    Design,
    /// Security and IT operations: where administrators sit.
    Operations,
}

/// Somebody with an account.
#[derive(Debug, Clone)]
pub(super) struct Person {
    /// Names this person in every draw.
    pub(super) key: u64,
    pub(super) user_id: String,
    pub(super) email: String,
    pub(super) office: usize,
    /// Position of the organization this person works in.
    pub(super) organization: usize,
    pub(super) department: Department,
    pub(super) admin: bool,
    /// Never comes to the office.
    pub(super) remote: bool,
    /// How busy compared with others; 1.0 in the middle.
    pub(super) intensity: f64,
    /// Usual start of the day, in minutes after local midnight.
    pub(super) starts: i64,
    /// Projects this person belongs to.
    pub(super) projects: [usize; 3],
    pub(super) laptop: &'static str,
    pub(super) terminal: &'static str,
    pub(super) phone: Option<&'static str>,
}

impl Person {
    pub(super) fn office(&self) -> &'static Office {
        &OFFICES[self.office]
    }
}

/// Everybody.
#[derive(Debug)]
pub(super) struct People {
    pub(super) members: Vec<Person>,
    pub(super) leavers: Vec<Person>,
    pub(super) joiners: Vec<Person>,
    pub(super) guests: Vec<Person>,
    admins: Vec<PersonId>,
}

/// Client names by kind, weighted.
#[derive(Debug)]
pub(super) struct Agents {
    laptops: Weighted<&'static str>,
    terminals: Weighted<&'static str>,
    phones: Weighted<&'static str>,
    pub(super) machines: Vec<&'static str>,
    pub(super) readers: Vec<&'static str>,
    pub(super) tools: Vec<&'static str>,
}

impl Agents {
    pub(super) fn load() -> Agents {
        let of_kind = |wanted: &'static str| {
            table::rows(include_str!("../../data/agents.tsv"))
                .filter(move |[kind, _, _]| *kind == wanted)
                .map(|[_, weight, agent]| (agent, table::number(weight)))
        };
        let plain = |kind| of_kind(kind).map(|(agent, _)| agent).collect();
        Agents {
            laptops: Weighted::new(of_kind("laptop")),
            terminals: Weighted::new(of_kind("code")),
            phones: Weighted::new(of_kind("phone")),
            machines: plain("machine"),
            readers: plain("reader"),
            tools: plain("tool"),
        }
    }
}

/// The three organizations of a world.
pub(super) fn organizations(seed: u64) -> Vec<Organization> {
    ["Northwind Robotics", "Northwind Robotics Console", "Tidewater Automation"]
        .into_iter()
        .map(|name| {
            let key = mix(mix(seed, salt("organization")), salt(name));
            let mut uuid = Vec::new();
            text::uuid(&mut uuid, key);
            let uuid = String::from_utf8(uuid).unwrap_or_default();
            Organization { id: text::identifier_string("org_", key), uuid, name }
        })
        .collect()
}

impl People {
    pub(super) fn new(seed: u64, agents: &Agents, projects: usize) -> People {
        let mut names = Names::load(seed);
        let mut person =
            |group: &str, index: usize, office: usize| make(seed, group, index, office, &mut names, agents);
        let mut members: Vec<Person> = OFFICES
            .iter()
            .enumerate()
            .flat_map(|(office, place)| (0..place.people).map(move |index| (office, index)))
            .map(|(office, index)| person("member", office * 1000 + index, office))
            .collect();
        let leavers = (0..LEAVERS).map(|index| person("leaver", index, index % OFFICES.len())).collect();
        let joiners = (0..JOINERS).map(|index| person("joiner", index, index % OFFICES.len())).collect();
        let mut guests: Vec<Person> = (0..GUESTS).map(|index| person("guest", index, index % 2)).collect();
        for (index, guest) in guests.iter_mut().enumerate() {
            guest.email = guest.email.replace(DOMAIN, GUEST_DOMAINS[index % GUEST_DOMAINS.len()]);
        }
        let admins = appoint(&mut members, projects);
        People { members, leavers, joiners, guests, admins }
    }

    pub(super) fn admins(&self) -> &[PersonId] {
        &self.admins
    }

    /// The member with this draw, other than `except`.
    pub(super) fn other_member(&self, draw: u64, except: Option<PersonId>) -> &Person {
        let chosen = scale(draw, self.members.len());
        let chosen = if Some(chosen) == except { (chosen + 1) % self.members.len() } else { chosen };
        &self.members[chosen]
    }
}

/// Gives out departments, the subsidiary, administration and projects; returns the administrators.
fn appoint(members: &mut [Person], projects: usize) -> Vec<PersonId> {
    let total = members.len();
    let mut admins = Vec::new();
    let mut at_subsidiary = 0;
    for (index, person) in members.iter_mut().enumerate() {
        let mut dice = Dice::new(mix(person.key, salt("appointment")));
        // Neighbouring places are far apart in the list, so every department and the administrators are in all offices.
        let place = (index * 43) % total;
        person.department = match place {
            0..62 => Department::Engineering,
            62..84 => Department::Research,
            84..108 => Department::Field,
            108..150 => Department::Business,
            150..162 => Department::Design,
            _ => Department::Operations,
        };
        if place >= total - ADMINS {
            person.admin = true;
            admins.push(index);
        } else if person.office < 2 && at_subsidiary < SUBSIDIARY_MEMBERS && index % 4 == 1 {
            at_subsidiary += 1;
            person.organization = SUBSIDIARY;
            person.email = person.email.replace(DOMAIN, SUBSIDIARY_DOMAIN);
        }
        person.projects = std::array::from_fn(|_| dice.below(projects));
    }
    assert_eq!((admins.len(), at_subsidiary), (ADMINS, SUBSIDIARY_MEMBERS));
    admins
}

fn make(seed: u64, group: &str, index: usize, office: usize, names: &mut Names, agents: &Agents) -> Person {
    let key = mix(mix(seed, salt(group)), index as u64);
    let mut dice = Dice::new(key);
    let local = names.take(office);
    // Most people are near the middle, a few use it all day.
    let intensity = 0.35 + 0.5 * (dice.unit() + dice.unit()) + if dice.percent(12.0) { 1.2 } else { 0.0 };
    let laptop = agents.laptops.pick(dice.next());
    let mac = laptop.contains("Macintosh");
    let phone_draw = dice.next();
    Person {
        key,
        user_id: text::identifier_string("user_", mix(key, salt("user"))),
        email: format!("{local}@{DOMAIN}"),
        office,
        organization: ENTERPRISE,
        department: Department::Business,
        admin: false,
        remote: dice.percent(18.0),
        intensity,
        starts: dice.between(7 * 60 + 20, 9 * 60 + 50),
        projects: [0; 3],
        laptop,
        terminal: terminal(agents, laptop, mix(key, salt("terminal"))),
        // People with a Mac more often carry an iPhone; one in seven uses no phone.
        phone: dice.percent(86.0).then(|| {
            (0..4)
                .map(|turn| agents.phones.pick(mix(phone_draw, turn)))
                .find(|phone| phone.contains("iPhone") == mac)
                .unwrap_or_else(|| agents.phones.pick(phone_draw))
        }),
    }
}

/// A terminal on the same machine as the laptop's browser.
fn terminal(agents: &Agents, laptop: &str, key: u64) -> &'static str {
    let platform = match laptop {
        _ if laptop.contains("Macintosh") => "darwin",
        _ if laptop.contains("Windows") => "win32",
        _ => "linux",
    };
    (0..64)
        .map(|turn| agents.terminals.pick(mix(key, turn)))
        .find(|agent| agent.contains(platform))
        .unwrap_or_else(|| agents.terminals.pick(key))
}

/// Given and family names of each office, each combination used once.
struct Names {
    offices: Vec<[Vec<&'static str>; 2]>,
    dice: Dice,
    used: std::collections::HashSet<String>,
}

impl Names {
    fn load(seed: u64) -> Names {
        let list = |city: &'static str, wanted: &'static str| {
            table::rows(include_str!("../../data/people.tsv"))
                .find(|[office, kind, _]| *office == city && *kind == wanted)
                .map(|[_, _, names]| table::words(names))
                .unwrap_or_default()
        };
        let offices =
            OFFICES.iter().map(|office| [list(office.city, "given"), list(office.city, "family")]).collect();
        Names { offices, dice: Dice::new(mix(seed, salt("names"))), used: std::collections::HashSet::new() }
    }

    /// The part of an email before the `@`, never given out before.
    fn take(&mut self, office: usize) -> String {
        loop {
            let [given, family] = &self.offices[office];
            let name = format!("{}.{}", self.dice.pick(given), self.dice.pick(family)).to_lowercase();
            if self.used.insert(name.clone()) {
                return name;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_organization_is_as_told() {
        let people = People::new(7, &Agents::load(), 25);
        assert_eq!(people.members.len(), 180);
        assert_eq!(people.admins().len(), 12);
        assert!(people.admins().iter().all(|id| people.members[*id].organization == ENTERPRISE));
        let emails: HashSet<&str> = people.members.iter().map(|person| person.email.as_str()).collect();
        let ids: HashSet<&str> = people.members.iter().map(|person| person.user_id.as_str()).collect();
        assert_eq!((emails.len(), ids.len()), (180, 180));
        let subsidiary = people.members.iter().filter(|person| person.organization == SUBSIDIARY);
        assert!(subsidiary.clone().all(|person| person.email.ends_with(SUBSIDIARY_DOMAIN)));
        assert_eq!(subsidiary.count(), SUBSIDIARY_MEMBERS);
        for department in [Department::Engineering, Department::Design, Department::Operations] {
            assert!(people.members.iter().any(|person| person.department == department), "{department:?}");
        }
        let offices_with_admins: HashSet<usize> =
            people.admins().iter().map(|id| people.members[*id].office).collect();
        assert!(offices_with_admins.len() >= 3, "{offices_with_admins:?}");
    }

    #[test]
    fn a_terminal_runs_on_the_owners_machine() {
        let people = People::new(8, &Agents::load(), 25);
        for person in &people.members {
            assert_eq!(person.laptop.contains("Macintosh"), person.terminal.contains("darwin"));
            assert_eq!(person.laptop.contains("Windows"), person.terminal.contains("win32"));
        }
    }
}

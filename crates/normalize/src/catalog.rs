//! The catalogue: what every known activity type means, and a guess for those yet unknown.
//!
//! The table is `data/activities.tsv`, read once at first use. Looking up a type costs a few nanoseconds; what a document
//! says of a type alone is kept as ready JSON.

use std::sync::LazyLock;

use self::ocsf::OcsfMeaning;
use crate::names::NameTable;
pub use crate::outcome::{EventOutcome, OutcomeRule};
use crate::sentence::Template;
use crate::table::{list, rows};

mod derived;
pub mod ocsf;
pub use derived::{Derived, derive};

/// One activity type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivityType {
    /// The feed's name, `api_key_created`.
    pub name: &'static str,
    /// The heading under which the vendor lists it, `api_keys`.
    pub group: &'static str,
    /// ECS `event.category`, the main one first.
    pub categories: Vec<&'static str>,
    /// ECS `event.type`.
    pub types: Vec<&'static str>,
    /// Where `event.outcome` comes from.
    pub outcome: OutcomeRule,
    /// ECS `event.severity`: 10 routine, 21 small, 47 medium, 73 high, 99 critical.
    pub severity: u8,
    /// What happened, with placeholders; `src/sentence.rs` tells their form.
    pub sentence: &'static str,
    /// What it is in OCSF.
    pub ocsf: OcsfMeaning,
    pub(crate) template: Template,
    pub(crate) ready: Ready,
}

/// Members of a document that follow from the type alone, as JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ready {
    /// `"action":…,"category":[…]`
    pub(crate) action_and_category: String,
    /// `"severity":…,"type":[…]`
    pub(crate) severity_and_type: String,
    /// `"group":…`
    pub(crate) group: String,
}

struct Catalogue {
    types: Vec<ActivityType>,
    table: NameTable,
}

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    let in_ocsf = rows::<6>(include_str!("../data/ocsf.tsv"));
    let types: Vec<ActivityType> = rows::<7>(include_str!("../data/activities.tsv"))
        .zip(in_ocsf)
        .map(|(row, in_ocsf)| {
            assert_eq!(row[0], in_ocsf[0], "activities.tsv and ocsf.tsv name the same types");
            ActivityType::read(&row, in_ocsf)
        })
        .collect();
    assert!(types.is_sorted_by(|one, other| one.name < other.name), "activities.tsv is not sorted by name");
    let table = NameTable::new(types.iter().map(|activity| activity.name));
    Catalogue { types, table }
});

/// Every known type, sorted by name.
pub fn all() -> &'static [ActivityType] {
    &CATALOGUE.types
}

/// The entry of a type, if the catalogue knows it.
pub fn find(name: &str) -> Option<&'static ActivityType> {
    let catalogue = &*CATALOGUE;
    catalogue.table.find(name).map(|number| &catalogue.types[usize::from(number)])
}

/// The known names that match a pattern in which `*` stands for any characters, sorted. A name without `*` matches itself.
pub fn expand(pattern: &str) -> Vec<&'static str> {
    all().iter().map(|activity| activity.name).filter(|name| matches(pattern, name)).collect()
}

/// The known name nearest to a misspelt one, if any is near.
pub fn nearest(name: &str) -> Option<&'static str> {
    let asked = name.trim().to_ascii_lowercase().replace(['-', '.', ' '], "_");
    let distance_max = (asked.len() / 4).max(2);
    all()
        .iter()
        .filter(|activity| activity.name.len().abs_diff(asked.len()) <= distance_max)
        .map(|activity| (distance(&asked, activity.name), activity.name))
        .filter(|(distance, _)| *distance <= distance_max)
        .min()
        .map(|(_, name)| name)
}

/// Whether a name matches a pattern in which `*` stands for any characters.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(start) else { return false };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*').filter(|part| !part.is_empty()) {
        let Some(place) = name.find(part) else { return false };
        name = &name[place + part.len()..];
    }
    name.ends_with(end)
}

/// Edits between two names: insertions, deletions, changes and swaps of neighbours.
fn distance(one: &str, other: &str) -> usize {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut before_last = vec![0; other.len() + 1];
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (i, &a) in one.iter().enumerate() {
        let mut row = vec![i + 1; other.len() + 1];
        for (j, &b) in other.iter().enumerate() {
            row[j + 1] = (last[j] + usize::from(a != b)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a == other[j - 1] && b == one[i - 1] {
                row[j + 1] = row[j + 1].min(before_last[j - 1] + 1);
            }
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[other.len()]
}

impl ActivityType {
    fn read(row: &[&'static str; 7], in_ocsf: [&'static str; 6]) -> Self {
        let [name, group, category, types, outcome, severity, sentence] = *row;
        let (categories, types) = (list(category), list(types));
        let severity = severity.parse().unwrap_or_else(|_| panic!("{name}: {severity:?} is no severity"));
        let ready = Ready {
            action_and_category: format!("\"action\":\"{name}\",\"category\":{}", json_list(&categories)),
            severity_and_type: format!("\"severity\":{severity},\"type\":{}", json_list(&types)),
            group: format!("\"group\":\"{group}\""),
        };
        Self {
            name,
            group,
            categories,
            types,
            outcome: OutcomeRule::read(outcome),
            severity,
            sentence,
            ocsf: OcsfMeaning::read(in_ocsf, severity),
            template: Template::compile(sentence),
            ready,
        }
    }
}

/// A list of words that need no escaping, as JSON.
pub(crate) fn json_list(words: &[&str]) -> String {
    format!("[\"{}\"]", words.join("\",\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_found_by_their_whole_name() {
        assert_eq!(all().len(), 524);
        for activity in all() {
            assert_eq!(find(activity.name).map(|found| found.name), Some(activity.name));
        }
        assert_eq!(find("api_key_create"), None);
        assert_eq!(find(""), None);
    }

    #[test]
    fn patterns_expand() {
        assert_eq!(expand("api_key_created"), ["api_key_created"]);
        assert_eq!(
            expand("admin_api_key_*"),
            ["admin_api_key_created", "admin_api_key_deleted", "admin_api_key_updated"]
        );
        assert_eq!(expand("*_login_*ed").len(), 8);
        assert_eq!(expand("*sso*login*"), ["sso_login_failed", "sso_login_initiated", "sso_login_succeeded"]);
        assert_eq!(expand("*").len(), 524);
        assert_eq!(expand("no_such_*"), [""; 0]);
        assert_eq!(expand(""), [""; 0]);
        assert_eq!(expand("api_key_created*created"), [""; 0], "the parts must not overlap");
    }

    #[test]
    fn misspelt_names_find_their_neighbour() {
        for (misspelt, meant) in [
            ("api_key_craeted", "api_key_created"),
            ("sso-login-failed", "sso_login_failed"),
            ("org_sso_toggle", "org_sso_toggled"),
            ("Claude_Chat_Viewd", "claude_chat_viewed"),
        ] {
            assert_eq!(nearest(misspelt), Some(meant));
        }
        assert_eq!(nearest("completely_different_thing"), None);
        assert_eq!(nearest(""), None);
    }
}

//! The catalogue against the table it must agree with, and against what ECS allows.

use std::collections::{BTreeMap, BTreeSet};

use normalize::catalog::{self, OutcomeRule};
use normalize::vocabulary;

use crate::generator::FIELDS;
use crate::support::rows;

/// Types ECS expects in each category.
const ALLOWED: [(&str, &str); 7] = [
    ("api", "access,admin,allowed,change,creation,deletion,denied,end,error,info,start,user"),
    ("authentication", "end,info,start"),
    ("configuration", "access,change,creation,deletion,info"),
    ("file", "access,change,creation,deletion,info"),
    ("iam", "admin,change,creation,deletion,group,info,user"),
    ("session", "end,info,start"),
    ("web", "access,error,info"),
];

/// What the catalogue's own file says of each type: category, type, outcome.
fn ours() -> BTreeMap<&'static str, [&'static str; 3]> {
    rows(include_str!("../data/activities.tsv")).map(|row| (row[0], [row[2], row[3], row[4]])).collect()
}

#[test]
fn what_elastic_assigns_is_kept_save_for_the_listed_deviations() {
    let ours = ours();
    let mut deviations: BTreeMap<(&str, &str), (&str, &str)> = rows(include_str!("../data/deviations.tsv"))
        .map(|row| {
            assert!(row.len() == 5 && !row[4].is_empty(), "a deviation has its reason: {row:?}");
            ((row[0], row[1]), (row[2], row[3]))
        })
        .collect();
    let mut compared = 0;
    for row in rows(include_str!("../data/elastic-categories.tsv")) {
        let rule = row.get(4).map(|rule| format!("{}; {rule}", row[3]));
        let theirs = [row[1], row[2], rule.as_deref().unwrap_or(row[3])];
        for ((field, theirs), ours) in
            ["event.category", "event.type", "event.outcome"].into_iter().zip(theirs).zip(ours[row[0]])
        {
            match deviations.remove(&(row[0], field)) {
                Some(deviation) => assert_eq!(deviation, (theirs, ours), "{} {field}", row[0]),
                None => assert_eq!(theirs, ours, "{} {field} deviates without a row", row[0]),
            }
        }
        compared += 1;
    }
    assert_eq!(compared, 305);
    assert!(deviations.is_empty(), "deviations of nothing: {deviations:?}");
}

#[test]
fn sign_ins_exports_and_organization_settings_have_one_category() {
    for activity in catalog::all() {
        let alone = |category: &str| assert_eq!(activity.categories, [category], "{}", activity.name);
        match activity.name {
            name if name.contains("_login_") => alone("authentication"),
            name if name.contains("data_export")
                || name.contains("log_export")
                || name.ends_with("_exported") && name != "org_members_exported" =>
            {
                alone("file");
            }
            "claude_organization_settings_updated"
            | "org_compliance_api_settings_updated"
            | "org_deletion_requested"
            | "org_bulk_delete_initiated"
            | "org_deleted_via_bulk" => alone("configuration"),
            _ => {}
        }
    }
}

#[test]
fn every_type_is_what_ecs_allows() {
    for activity in catalog::all() {
        let name = activity.name;
        assert!(!activity.categories.is_empty() && !activity.types.is_empty(), "{name}");
        let allowed: BTreeSet<&str> = activity
            .categories
            .iter()
            .flat_map(|category| {
                let (_, types) = ALLOWED
                    .iter()
                    .find(|(known, _)| known == category)
                    .unwrap_or_else(|| panic!("{name}: {category}"));
                types.split(',')
            })
            .collect();
        for kind in &activity.types {
            assert!(allowed.contains(kind), "{name}: {kind} in {:?}", activity.categories);
        }
        assert!([10, 21, 47, 73, 99].contains(&activity.severity), "{name}: {}", activity.severity);
        assert!(!activity.group.is_empty() && !activity.sentence.is_empty(), "{name}");
    }
}

#[test]
fn a_name_that_says_failed_is_a_failure() {
    for activity in catalog::all().iter().filter(|activity| activity.name.ends_with("_failed")) {
        assert_eq!(activity.outcome, OutcomeRule::Fixed(catalog::EventOutcome::Failure), "{}", activity.name);
    }
}

#[test]
fn the_vocabulary_holds_every_documented_field_with_its_shape() {
    let known: BTreeMap<&str, &vocabulary::Field> =
        vocabulary::all().iter().map(|field| (field.name, field)).collect();
    let mut documented = BTreeSet::new();
    for (activity, fields) in FIELDS.iter() {
        assert!(catalog::find(activity).is_some(), "{activity}");
        for field in fields {
            documented.insert(field.name);
            assert!(known.contains_key(field.name), "{activity}.{}", field.name);
        }
    }
    assert_eq!(documented.len(), 462);
    for field in vocabulary::all() {
        let fits = match field.shape {
            vocabulary::Shape::Integer | vocabulary::Shape::Integers => ["long", "keyword"].as_slice(),
            vocabulary::Shape::Boolean => &["boolean", "keyword"],
            vocabulary::Shape::String | vocabulary::Shape::Strings => &["keyword"],
            vocabulary::Shape::Datetime => &["date"],
            vocabulary::Shape::Decimal => &["double"],
            vocabulary::Shape::Object | vocabulary::Shape::Objects => &["flattened", "object"],
        };
        assert!(fits.contains(&field.elasticsearch_type), "{}: {}", field.name, field.elasticsearch_type);
    }
}

//! Every field that a document may hold, with its Elasticsearch type: for index templates, reference pages and checks.

use std::sync::LazyLock;

use crate::table::rows;
use crate::vocabulary::{self, Shape};

/// One field of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentField {
    /// Dotted path, `source.geo.name`.
    pub name: String,
    /// Its Elasticsearch type, `keyword`.
    pub elasticsearch_type: &'static str,
    /// The field of the feed it comes from, or what else it says.
    pub source: &'static str,
    /// `cents`, `dollars`, `milliseconds`, `percent`, or nothing.
    pub unit: &'static str,
    /// Whether it is a field of ECS. The others are under `anthropic.audit`.
    pub is_ecs: bool,
    /// Whether it may hold several values.
    pub is_list: bool,
}

/// The fields of ECS that hold lists.
const LISTS: [&str; 8] = [
    "error.message",
    "event.category",
    "event.type",
    "related.hosts",
    "related.ip",
    "related.user",
    "tags",
    "user.target.roles",
];

static FIELDS: LazyLock<Vec<DocumentField>> = LazyLock::new(|| {
    let of_ecs = rows::<3>(include_str!("../data/ecs-fields.tsv"))
        .map(|[name, kind, source]| field(name.to_owned(), kind, source, true));
    let of_ours = rows::<3>(include_str!("../data/audit-fields.tsv"))
        .map(|[name, kind, source]| field(format!("anthropic.audit.{name}"), kind, source, false));
    let of_feed = vocabulary::all().iter().filter_map(|known| {
        let name = known.document_name().filter(|name| name != "anthropic.audit.setting_metadata")?;
        Some(DocumentField {
            unit: known.unit,
            is_list: matches!(known.shape, Shape::Strings | Shape::Integers),
            ..field(name, known.elasticsearch_type, known.name, false)
        })
    });
    let mut fields: Vec<DocumentField> = of_ecs.chain(of_ours).chain(of_feed).collect();
    fields.sort_by(|one, other| one.name.cmp(&other.name));
    assert!(fields.is_sorted_by(|one, other| one.name < other.name), "a field stands in two tables");
    fields
});

fn field(
    name: String,
    elasticsearch_type: &'static str,
    source: &'static str,
    is_ecs: bool,
) -> DocumentField {
    let is_list = is_ecs && LISTS.contains(&name.as_str());
    DocumentField { name, elasticsearch_type, source, unit: "", is_ecs, is_list }
}

/// Every field, sorted by name.
pub fn all() -> &'static [DocumentField] {
    &FIELDS
}

/// The field of this name.
pub fn find(name: &str) -> Option<&'static DocumentField> {
    FIELDS.binary_search_by(|field| field.name.as_str().cmp(name)).ok().map(|place| &FIELDS[place])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_found_by_its_name() {
        for field in all() {
            assert_eq!(find(&field.name), Some(field));
            assert_eq!(field.is_ecs, !field.name.starts_with("anthropic."), "{}", field.name);
            assert!(!field.elasticsearch_type.is_empty() && !field.source.is_empty(), "{}", field.name);
        }
        assert_eq!(find("anthropic.audit.actor"), None);
        assert_eq!(find("source.geo.location").map(|field| field.elasticsearch_type), Some("geo_point"));
        assert!(all().len() > 550, "{}", all().len());
    }
}

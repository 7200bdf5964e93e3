//! The mapping: every field a document may hold, with its type, from the one list that `normalize` has.
//!
//! Types are those that both engines have and that a test has run. What people filter and group by is `keyword`, `ip`, `date`, `long`
//! or `boolean`: `constant_keyword` and `wildcard` become `keyword`, which answers the same questions and is what either is counted as
//! where several indices are asked at once. Bags of unforeseen members are `flattened`, which OpenSearch calls `flat_object`.

use normalize::fields::DocumentField;
use serde_json::{Map, Value, json};

use crate::options::Engine;

/// Longer texts are kept and shown, and not found by their whole value: Lucene takes terms of 32,766 bytes, four bytes a character.
const IGNORE_ABOVE: u32 = 1_024;
const IGNORE_ABOVE_OF_URLS: u32 = 8_191;

/// The mapping of the fields of ECS, or of those under `anthropic`.
pub(crate) fn properties(engine: Engine, of_ecs: bool) -> Value {
    let mut properties = Map::new();
    for field in normalize::fields::all().iter().filter(|field| field.is_ecs == of_ecs) {
        insert(&mut properties, &field.name, mapping(engine, field));
    }
    properties.into()
}

/// What becomes of fields that no list knows, such as those a `[[processor]]` adds: text is a keyword, never a guessed date.
pub(crate) fn dynamic_templates() -> Value {
    json!([{
        "texts_as_keyword": {
            "match_mapping_type": "string",
            "mapping": { "type": "keyword", "ignore_above": IGNORE_ABOVE },
        },
    }])
}

fn insert(properties: &mut Map<String, Value>, name: &str, mapping: Value) {
    match name.split_once('.') {
        None => drop(properties.insert(name.to_owned(), mapping)),
        Some((outer, inner)) => {
            let object = properties.entry(outer).or_insert_with(|| json!({}));
            if let Some(object) = object.as_object_mut() {
                let within = object.entry("properties").or_insert_with(|| json!({}));
                if let Some(within) = within.as_object_mut() {
                    insert(within, inner, mapping);
                }
            }
        }
    }
}

fn mapping(engine: Engine, field: &DocumentField) -> Value {
    let mut mapping = match field.elasticsearch_type {
        // Kept to be looked at, as ECS has it.
        "keyword" if field.name == "event.original" => {
            json!({ "type": "keyword", "index": false, "doc_values": false })
        }
        "wildcard" => json!({ "type": "keyword", "ignore_above": IGNORE_ABOVE_OF_URLS }),
        "keyword" | "constant_keyword" => json!({ "type": "keyword", "ignore_above": IGNORE_ABOVE }),
        "match_only_text" => json!({ "type": "text", "norms": false }),
        "flattened" if engine.is_elasticsearch() => {
            json!({ "type": "flattened", "ignore_above": IGNORE_ABOVE })
        }
        "flattened" => json!({ "type": "flat_object" }),
        other => json!({ "type": other }),
    };
    if !field.unit.is_empty() {
        mapping["meta"] = json!({ "unit": field.unit });
    }
    mapping
}

#[cfg(test)]
mod tests {
    use elasticsearch::Product;

    use super::*;

    #[test]
    fn each_kind_of_field_has_its_type_on_both_engines() {
        let at = |product, of_ecs, path: &str| {
            let mut found = properties(Engine::oldest(product), of_ecs);
            for part in path.split('.') {
                found = match found.get("properties") {
                    Some(within) => within[part].clone(),
                    None => found[part].clone(),
                };
            }
            found
        };
        for product in [Product::Elasticsearch, Product::OpenSearch] {
            for (path, expected) in [
                ("@timestamp", json!({ "type": "date" })),
                ("source.ip", json!({ "type": "ip" })),
                ("source.geo.location", json!({ "type": "geo_point" })),
                ("message", json!({ "type": "text", "norms": false })),
                ("data_stream.type", json!({ "type": "keyword", "ignore_above": 1024 })),
                ("url.full", json!({ "type": "keyword", "ignore_above": 8191 })),
                ("event.original", json!({ "type": "keyword", "index": false, "doc_values": false })),
            ] {
                assert_eq!(at(product, true, path), expected, "{path}");
            }
            let amount = at(product, false, "anthropic.audit.amount");
            assert_eq!(amount, json!({ "type": "long", "meta": { "unit": "cents" } }));
            assert_eq!(at(product, false, "anthropic.audit.catalogued"), json!({ "type": "boolean" }));
        }
        let bag = |product| at(product, false, "anthropic.audit.metadata")["type"].clone();
        assert_eq!(
            (bag(Product::Elasticsearch), bag(Product::OpenSearch)),
            (json!("flattened"), json!("flat_object"))
        );
    }
}

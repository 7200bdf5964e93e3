//! Some fields of a document.

use serde_json::{Map, Value as Json};

use crate::pattern::Pattern;

/// The fields of a document that are asked for, by dotted path with wildcards; a name stands for all beneath it.
pub fn only(document: &Json, fields: &[String]) -> Json {
    let patterns: Vec<Pattern> =
        fields.iter().flat_map(|field| [Pattern::new(field), Pattern::new(&format!("{field}.*"))]).collect();
    keep(document, &mut String::new(), &patterns).unwrap_or_else(|| Json::Object(Map::new()))
}

fn keep(value: &Json, path: &mut String, patterns: &[Pattern]) -> Option<Json> {
    if !path.is_empty() && patterns.iter().any(|pattern| pattern.matches(path)) {
        return Some(value.clone());
    }
    let Json::Object(members) = value else { return None };
    let length = path.len();
    let mut kept = Map::new();
    for (name, value) in members {
        if length > 0 {
            path.push('.');
        }
        path.push_str(name);
        if let Some(value) = keep(value, path, patterns) {
            kept.insert(name.clone(), value);
        }
        path.truncate(length);
    }
    if kept.is_empty() { None } else { Some(Json::Object(kept)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_asked_for_is_kept() {
        let document = json!({"a": {"b": 1, "c": {"d": 2}}, "e": 3, "f.g": 4});
        for (fields, expected) in [
            (&["a.b"][..], json!({"a": {"b": 1}})),
            (&["a"], json!({"a": {"b": 1, "c": {"d": 2}}})),
            (&["a.*"], json!({"a": {"b": 1, "c": {"d": 2}}})),
            (&["*.d", "e"], json!({"a": {"c": {"d": 2}}, "e": 3})),
            (&["f.g", "x"], json!({"f.g": 4})),
            (&[], json!({})),
        ] {
            let fields: Vec<String> = fields.iter().map(|&field| field.to_owned()).collect();
            assert_eq!(only(&document, &fields), expected, "{fields:?}");
        }
    }
}

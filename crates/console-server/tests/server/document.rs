//! The OpenAPI document against the server: every answer that any test gets is held against it.

use std::sync::LazyLock;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, World};

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../../docs/reference/openapi.json"))
        .expect("the document is JSON")
});

/// The answer is one that the document describes for this path and method, of the shape that it says.
pub(crate) fn check(method: &str, path: &str, answer: &Answer) {
    let Some(path) = path.strip_prefix("/api/v1") else { return };
    let Some((described, methods)) = paths().find(|(pattern, _)| fits(pattern, path)) else {
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path} is not described");
        return;
    };
    let Some(operation) = methods.get(method.to_lowercase()) else {
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {described} is not described");
        return;
    };
    let response = &operation["responses"][answer.status.as_str()];
    assert!(
        response.is_object(),
        "{method} {described}: {} is not described: {}",
        answer.status,
        answer.text
    );
    let Some(content) = response.get("content").and_then(Value::as_object) else {
        assert_eq!(answer.text, "", "{method} {described}: a body is not described");
        return;
    };
    let media = answer.header("content-type").split(';').next().expect("a media type");
    let described_as =
        content.get(media).unwrap_or_else(|| panic!("{method} {described}: {media} is not described"));
    let Some(schema) = described_as.get("schema") else { return };
    let schema = json!({ "allOf": [schema], "components": DOCUMENT["components"] });
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    let body = answer.json();
    let wrong: Vec<String> =
        validator.iter_errors(&body).map(|error| format!("{error} at {}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "{method} {described}: {wrong:#?}\n{body:#}");
}

/// Paths with their methods; longer ones first, so that `/events/{id}/neighbours` is not taken for an id.
fn paths() -> impl Iterator<Item = (&'static str, &'static Value)> {
    let all = DOCUMENT["paths"].as_object().expect("paths");
    let mut paths: Vec<(&str, &Value)> = all.iter().map(|(path, methods)| (path.as_str(), methods)).collect();
    paths.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
    paths.into_iter()
}

fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    pattern.len() == path.len()
        && pattern.iter().zip(&path).all(|(part, found)| part.starts_with('{') || part == found)
}

/// Every operation that the document does not open to all, with a value for its path.
pub(crate) fn private() -> Vec<(Method, String)> {
    let operations = paths().flat_map(|(path, methods)| {
        let methods = methods.as_object().expect("methods").iter();
        methods.map(move |(method, operation)| (path, method, operation))
    });
    operations
        .filter(|(_, _, operation)| operation.get("security").is_none())
        .map(|(path, method, _)| {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
            (method, path.replace("{id}", "1"))
        })
        .collect()
}

#[tokio::test]
async fn the_document_is_served() {
    let world = World::new().await;
    let answer = world.browser().get("/api/v1/openapi.json").await;
    assert_eq!(answer.json(), *DOCUMENT);
    assert!(private().len() > 15, "{:?}", private());
}

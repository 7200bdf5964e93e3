//! What the tests share: a document as a tree, and the data files of the crate.

use jiff::Timestamp;
use normalize::enrichment::{Enrichment, Network, Networks};
use normalize::{Context, Normalizer, NormalizerOptions, Outcome};
use serde_json::Value;

/// A context as the sinks pass it.
pub(crate) fn context() -> Context {
    let time = |seconds| Timestamp::from_second(seconds).expect("a time");
    Context { sequence: Some(42), created: Some(time(1_795_508_046)), ingested: Some(time(1_795_508_050)) }
}

/// The document of an activity, checked to be one line of JSON in canonical form, with the outcome.
pub(crate) fn normalized(raw: &[u8]) -> (Value, Outcome) {
    normalized_by(&Normalizer::default(), raw, &context())
}

pub(crate) fn normalized_by(normalizer: &Normalizer, raw: &[u8], context: &Context) -> (Value, Outcome) {
    let mut out = b"before".to_vec();
    let outcome = normalizer.ecs(raw, context, &mut out);
    let text = String::from_utf8(out.strip_prefix(b"before").expect("the buffer is appended to").to_vec())
        .expect("UTF-8");
    assert!(!text.contains('\n'), "one line: {text}");
    let document: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    (document, outcome)
}

/// The document of an activity that must be without fault.
pub(crate) fn document(raw: &str) -> Value {
    let (document, outcome) = normalized(raw.as_bytes());
    assert_eq!(outcome.issues, [], "{raw}");
    assert_eq!(document.pointer("/error"), None, "{raw}");
    assert!(!outcome.failed);
    document
}

pub(crate) fn keeping_original() -> Normalizer {
    let tags = vec!["forwarded".to_owned()];
    Normalizer::new(NormalizerOptions { preserve_original: true, namespace: "acme".to_owned(), tags })
}

/// A normaliser that knows the tests' addresses, and whatever user agents the build knows.
pub(crate) fn enriching() -> Normalizer {
    let network = |cidr: &str, name: &str, trusted| Network {
        cidr: cidr.to_owned(),
        name: Some(name.to_owned()),
        country: Some("PT".to_owned()),
        city: Some("Lisbon".to_owned()),
        location: Some([38.72, -9.14]),
        trusted,
    };
    let networks = Networks::new([
        network("198.51.100.0/24", "Lisbon office", true),
        network("203.0.113.0/24", "Home connections \"B\"", false),
    ]);
    let enrichment = Enrichment::bundled().with_networks(networks.expect("good entries"));
    Normalizer::default().with_enrichment(enrichment)
}

/// The rows of a data file, cut into cells.
pub(crate) fn rows(file: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    file.lines().filter(|line| !line.starts_with('#')).skip(1).map(|line| line.split('\t').collect())
}

/// Every path in a document, dotted, with its value; lists are looked through, flattened fields are not entered.
pub(crate) fn paths(document: &Value) -> Vec<(String, Value)> {
    fn walk(prefix: &str, value: &Value, paths: &mut Vec<(String, Value)>) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
                    walk(&path, value, paths);
                }
            }
            Value::Array(elements) if elements.iter().any(|element| !element.is_object()) => {
                paths.extend(elements.iter().map(|element| (prefix.to_owned(), element.clone())));
            }
            _ => paths.push((prefix.to_owned(), value.clone())),
        }
    }
    let mut paths = Vec::new();
    walk("", document, &mut paths);
    paths
}

//! The user's own light edits of documents on their way out: leave some out, add, rename, remove, mask or hash fields.
//!
//! They are applied to what is exported and delivered, in the order of the configuration, the feed's own after those of all feeds;
//! the ledger keeps everything. A condition is an expression of CEL over the document (`event.action == "claude_chat_viewed"`); a
//! field that the document does not have makes it false.
//!
//! One set of processors holds for every schema: where OCSF events are written, conditions are judged by the activity's ECS document, unless
//! they name what only an event has (`class_uid`), and the texts to hide are found in both. What moves fields goes by the names of the schema.
//!
//! A masked or hashed value is replaced wherever the document repeats it, in lists and sentences too, and the original record goes, unless it
//! is asked for: otherwise masking would be a pretence.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
};

use cel::{Context, Program};
use hmac::{Hmac, KeyInit, Mac};
use normalize::fields;
use serde_json::{Map, Value};
use sha2::Sha256;

use crate::{
    config::{
        raw::{RawProcessor, RawSecret},
        secrets,
    },
    error::{Exit, Failure, Result},
    output::hexadecimal,
};

/// Where the key of hashes is, unless the configuration says otherwise.
const HASH_KEY: &str = "CLAUDETRAIL_HASH_KEY";
/// What stands for a masked value.
const MASK: &str = "***";
/// Shorter values are replaced where they stand alone, not within other text: they would be found in anything.
const SHORTEST_WITHIN_TEXT: usize = 4;
/// Members of an OCSF event that a condition may name, beside those of ECS documents.
const OCSF_MEMBERS: [&str; 32] = [
    "activity_id",
    "activity_name",
    "actor",
    "api",
    "category_name",
    "category_uid",
    "class_name",
    "class_uid",
    "cloud",
    "device",
    "entity",
    "group",
    "http_request",
    "http_response",
    "metadata",
    "observables",
    "privileges",
    "raw_data",
    "resources",
    "service",
    "severity",
    "severity_id",
    "src_endpoint",
    "status",
    "status_code",
    "status_detail",
    "status_id",
    "time",
    "type_name",
    "type_uid",
    "unmapped",
    "web_resources",
];

/// One `[[processor]]`, checked.
pub(crate) struct Processor {
    when: Option<Condition>,
    drop: bool,
    keep_original: Option<bool>,
    add: BTreeMap<String, Value>,
    rename: BTreeMap<String, String>,
    remove: Vec<String>,
    mask: Vec<String>,
    hash: Vec<String>,
    key: Option<Vec<u8>>,
}

impl Processor {
    /// The fields that it adds, or gives a new name.
    pub(crate) fn added_fields(&self) -> impl Iterator<Item = &str> {
        self.add.keys().chain(self.rename.values()).map(String::as_str)
    }
}

impl std::fmt::Debug for Processor {
    /// Never the key.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Processor").field("drop", &self.drop).finish_non_exhaustive()
    }
}

struct Condition {
    text: String,
    program: Program,
    variables: Vec<String>,
    /// Whether it names what only OCSF events have.
    of_ocsf: bool,
    /// Whether its failure was told.
    told: AtomicBool,
}

/// What became of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Processed {
    /// As it was.
    Kept,
    /// Otherwise than before.
    Changed,
    /// It is not to be delivered.
    Dropped,
}

impl Processor {
    /// Checks what was written, and reads the key if there is something to hash. `place` names it in errors.
    pub(crate) fn from_raw(place: &str, raw: &RawProcessor) -> Result<Self> {
        let mut processor = Self::check(place, raw)?;
        if !raw.hash.is_empty() {
            let default = RawSecret { env: Some(HASH_KEY.to_owned()), ..RawSecret::default() };
            processor.key = Some(secrets::read(place, raw.key.as_ref().unwrap_or(&default))?);
        }
        Ok(processor)
    }

    /// Checks what was written, without looking for the key.
    pub(crate) fn check(place: &str, raw: &RawProcessor) -> Result<Self> {
        let wrong = |detail: String, hint: &str| {
            Err(Failure::new(Exit::Usage, format!("wrong configuration: {place}: {detail}")).hint(hint))
        };
        let edits = !raw.add.is_empty()
            || !raw.rename.is_empty()
            || !raw.remove.is_empty()
            || !raw.mask.is_empty()
            || !raw.hash.is_empty()
            || raw.keep_original.is_some();
        if raw.drop == edits {
            let detail = if raw.drop { "drops and edits" } else { "does nothing" };
            return wrong(
                detail.into(),
                "set drop = true alone, or one of add, rename, remove, mask, hash, keep_original",
            );
        }
        for name in raw.mask.iter().chain(&raw.hash) {
            if let Some(field) = fields::find(name)
                && field.elasticsearch_type != "keyword"
            {
                let detail = format!("{name} is of type {}, which takes no text", field.elasticsearch_type);
                return wrong(detail, "remove the field instead");
            }
        }
        for name in raw.remove.iter().chain(raw.rename.keys()).chain(&raw.hash).chain(&raw.mask) {
            if ["@timestamp", "event.id", "data_stream"].contains(&name.as_str()) || name.is_empty() {
                return wrong(
                    format!("{name:?} cannot be taken away: a document needs it"),
                    "choose another field",
                );
            }
        }
        Ok(Self {
            when: raw.when.as_deref().map(|text| Condition::compile(place, text)).transpose()?,
            drop: raw.drop,
            keep_original: raw.keep_original,
            add: raw.add.clone(),
            rename: raw.rename.clone(),
            remove: raw.remove.clone(),
            mask: raw.mask.clone(),
            hash: raw.hash.clone(),
            key: None,
        })
    }

    /// Edits the document that is written, the first, and with it the ECS document of the same activity, if there is a second.
    fn apply(&self, documents: &mut [Value], raw: &[u8]) -> Processed {
        if self.when.as_ref().is_some_and(|condition| !condition.holds(documents)) {
            return Processed::Kept;
        }
        if self.drop {
            return Processed::Dropped;
        }
        for document in &mut *documents {
            self.arrange(document);
        }
        let hidden = self.hidden(documents);
        for document in documents {
            for (text, replacement) in &hidden {
                replace_text(document, text, replacement);
            }
            self.settle_original(document, raw);
        }
        Processed::Changed
    }

    fn arrange(&self, document: &mut Value) {
        for (name, value) in &self.add {
            put(document, name, value.clone());
        }
        for (from, to) in &self.rename {
            if let Some(value) = take(document, from) {
                put(document, to, value);
            }
        }
        for name in &self.remove {
            take(document, name);
        }
    }

    /// Texts to hide and what stands for them, the longest first: one may be part of another.
    fn hidden(&self, documents: &[Value]) -> Vec<(String, String)> {
        let texts = |names: &[String]| -> Vec<String> {
            let found =
                names.iter().flat_map(|name| documents.iter().filter_map(|document| at(document, name)));
            found
                .flat_map(texts_of)
                .filter(|text| !text.is_empty() && *text != MASK)
                .map(str::to_owned)
                .collect()
        };
        let mut hidden: Vec<(String, String)> =
            texts(&self.mask).into_iter().map(|text| (text, MASK.to_owned())).collect();
        if let Some(key) = &self.key {
            hidden.extend(texts(&self.hash).into_iter().map(|text| {
                let hashed = hash(key, &text);
                (text, hashed)
            }));
        }
        hidden.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        hidden.dedup();
        hidden
    }

    fn settle_original(&self, document: &mut Value, raw: &[u8]) {
        let hides = !(self.remove.is_empty() && self.mask.is_empty() && self.hash.is_empty());
        let original = if is_ocsf(document) { "raw_data" } else { "event.original" };
        match self.keep_original {
            Some(true) => put(document, original, String::from_utf8_lossy(raw).trim().into()),
            Some(false) => drop(take(document, original)),
            None if hides => drop(take(document, original)),
            None => {}
        }
    }
}

/// Every processor of a list, checked and with its key.
pub(crate) fn all(place: &str, written: &[RawProcessor]) -> Result<Vec<Processor>> {
    (1..).zip(written).map(|(number, raw)| Processor::from_raw(&format!("{place} {number}"), raw)).collect()
}

/// Applies processors to a document that ends `out`, from `start` on; what is dropped is taken off again. Whether it stays. `ecs` writes the
/// ECS document of the same activity, and is called where that is not what stands in `out`.
pub(crate) fn apply(
    processors: &[&[Processor]],
    raw: &[u8],
    out: &mut Vec<u8>,
    start: usize,
    ecs: impl FnOnce(&mut Vec<u8>),
) -> bool {
    if processors.iter().all(|some| some.is_empty()) {
        return true;
    }
    let Ok(document) = serde_json::from_slice::<Value>(&out[start..]) else { return true };
    let mut documents = vec![document];
    if is_ocsf(&documents[0]) {
        let mut other = Vec::new();
        ecs(&mut other);
        documents.extend(serde_json::from_slice::<Value>(&other));
    }
    let mut changed = false;
    for processor in processors.iter().copied().flatten() {
        match processor.apply(&mut documents, raw) {
            Processed::Kept => {}
            Processed::Changed => changed = true,
            Processed::Dropped => {
                out.truncate(start);
                return false;
            }
        }
    }
    if changed {
        out.truncate(start);
        out.extend_from_slice(documents[0].to_string().as_bytes());
    }
    true
}

impl Condition {
    fn compile(place: &str, text: &str) -> Result<Self> {
        let wrong = |detail: String, hint: &str| {
            Failure::new(Exit::Usage, format!("wrong configuration: {place}: when {detail}")).hint(hint)
        };
        let program = Program::compile(text).map_err(|error| {
            let message = error.to_string();
            let first = message.lines().next().unwrap_or_default();
            wrong(
                format!("{text:?} cannot be read: {}", first.trim_start_matches("ERROR: <input>:")),
                "it is an expression of CEL, such as event.action == \"claude_chat_viewed\"",
            )
        })?;
        let variables: Vec<String> =
            program.references().variables().into_iter().map(str::to_owned).collect();
        let of_ecs = |name: &String| {
            name == "labels" || fields::all().iter().any(|field| field.name.split('.').next() == Some(name))
        };
        let of_ocsf = variables.iter().any(|name| !of_ecs(name));
        for name in &variables {
            if !of_ecs(name) && !OCSF_MEMBERS.contains(&name.as_str()) {
                return Err(wrong(
                    format!("{text:?} names {name}, which no document has"),
                    "docs/reference/fields.md lists the fields",
                ));
            }
        }
        Ok(Self { text: text.to_owned(), program, variables, of_ocsf, told: AtomicBool::new(false) })
    }

    /// Of an event and the ECS document of the same activity, the latter decides, unless the condition names what it cannot have.
    fn holds(&self, documents: &[Value]) -> bool {
        let wanted =
            if self.of_ocsf { documents.first().filter(|event| is_ocsf(event)) } else { documents.last() };
        let Some(document) = wanted else { return false };
        let mut context = Context::default();
        let nothing = Value::Object(Map::new());
        for name in &self.variables {
            let value = document.get(name).unwrap_or(&nothing);
            // A JSON value can always be one of CEL's.
            let _ = context.add_variable(name.as_str(), value);
        }
        match self.program.execute(&context) {
            Ok(cel::Value::Bool(holds)) => holds,
            Err(cel::ExecutionError::NoSuchKey(_)) => false,
            other => {
                if !self.told.swap(true, Ordering::Relaxed) {
                    let detail =
                        other.map_or_else(|error| error.to_string(), |value| format!("it gives {value:?}"));
                    tracing::warn!(
                        "a processor's condition {:?} is neither true nor false and counts as false: {detail}",
                        self.text
                    );
                }
                false
            }
        }
    }
}

fn is_ocsf(document: &Value) -> bool {
    document.get("class_uid").is_some()
}

/// The value at a dotted path.
fn at<'d>(document: &'d Value, path: &str) -> Option<&'d Value> {
    path.split('.').try_fold(document, |place, name| place.get(name))
}

/// The texts that a value is, or lists.
fn texts_of(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(texts) => texts.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Takes the value at a dotted path out, and objects that are empty without it.
fn take(document: &mut Value, path: &str) -> Option<Value> {
    let members = document.as_object_mut()?;
    let Some((first, rest)) = path.split_once('.') else { return members.remove(path) };
    let inner = members.get_mut(first)?;
    let taken = take(inner, rest);
    if inner.as_object().is_some_and(Map::is_empty) {
        members.remove(first);
    }
    taken
}

/// Puts a value at a dotted path. What is in the way and no object gives way.
fn put(document: &mut Value, path: &str, value: Value) {
    if !document.is_object() {
        *document = Value::Object(Map::new());
    }
    let Some(members) = document.as_object_mut() else { return };
    match path.split_once('.') {
        None => {
            members.insert(path.to_owned(), value);
        }
        Some((first, rest)) => put(members.entry(first).or_insert(Value::Null), rest, value),
    }
}

/// Replaces a text wherever it stands.
fn replace_text(value: &mut Value, text: &str, replacement: &str) {
    match value {
        Value::String(found) if found == text => replacement.clone_into(found),
        Value::String(found) if text.len() >= SHORTEST_WITHIN_TEXT && found.contains(text) => {
            *found = found.replace(text, replacement);
        }
        Value::Array(values) => values.iter_mut().for_each(|value| replace_text(value, text, replacement)),
        Value::Object(members) => {
            members.values_mut().for_each(|value| replace_text(value, text, replacement));
        }
        _ => {}
    }
}

/// HMAC-SHA256 in hexadecimal: the same value gives the same text, and only who has the key can tell which.
fn hash(key: &[u8], text: &str) -> String {
    // A key of any length is good.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return MASK.to_owned() };
    mac.update(text.as_bytes());
    hexadecimal(&mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn processor(text: &str) -> Result<Processor> {
        let raw: RawProcessor = toml::from_str(text).expect("TOML");
        Processor::from_raw("[[processor]] 1", &raw)
    }

    fn document() -> Value {
        json!({
            "event": {"action": "sso_login_failed", "id": "activity_1", "severity": 21, "category": ["authentication"], "original": "{}"},
            "message": "ana@example.com failed to sign in with SSO",
            "related": {"user": ["ana@example.com", "user_1"]},
            "user": {"email": "ana@example.com", "id": "user_1", "name": "ana"},
            "source": {"ip": "192.0.2.7"},
        })
    }

    fn processed(text: &str) -> Option<Value> {
        let processor = processor(text).unwrap_or_else(|failure| panic!("{failure}"));
        let mut out = b"before".to_vec();
        out.extend_from_slice(document().to_string().as_bytes());
        let stays = apply(&[&[], &[processor]], b" {\"raw\":1}\n", &mut out, 6, |_| panic!("it is there"));
        assert!(out.starts_with(b"before") && (stays || out.len() == 6));
        stays.then(|| serde_json::from_slice(&out[6..]).expect("JSON"))
    }

    #[test]
    fn conditions_say_what_is_left_out() {
        for (when, dropped) in [
            ("event.action == 'sso_login_failed'", true),
            ("event.severity >= 47", false),
            ("'authentication' in event.category && user.email.endsWith('@example.com')", true),
            ("user.email.matches('^ben@')", false),
            ("file.name == 'x'", false),
            ("!has(file.name)", true),
            ("event.reason == 'x'", false),
            ("event.action", false),
            ("event.severity > 'x'", false),
        ] {
            let text = format!("when = {when:?}\ndrop = true");
            assert_eq!(processed(&text).is_none(), dropped, "{when}");
        }
    }

    #[test]
    fn fields_are_added_renamed_and_removed() {
        let text = "add = { \"labels.team\" = \"security\", \"event.severity\" = 99 }\nrename = { \"user.name\" = \"labels.name\" }\nremove = [\"source.ip\", \"nothing.there\"]";
        let document = processed(text).expect("stays");
        assert_eq!(document["labels"], json!({"team": "security", "name": "ana"}));
        assert_eq!(document["event"]["severity"], 99);
        assert_eq!((document.get("source"), document["user"].get("name")), (None, None));
        assert_eq!(document["event"].get("original"), None, "it would tell what was removed");
    }

    #[test]
    fn a_hidden_value_is_hidden_everywhere() {
        let masked = processed("mask = [\"user.email\"]").expect("stays");
        assert_eq!(masked["user"]["email"], "***");
        assert_eq!(masked["message"], "*** failed to sign in with SSO");
        assert!(!masked.to_string().contains("ana@example.com"), "{masked}");

        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "secret\n").unwrap();
        let text = format!("hash = [\"user.email\", \"user.id\"]\nkey = {{ file = {:?} }}", file.path());
        let hashed = processed(&text).expect("stays");
        // printf ana@example.com | openssl dgst -sha256 -hmac secret
        let told = hashed["user"]["email"].as_str().expect("text");
        assert_eq!(told, "150e5a8ec8aeaa51750a159c271c3e3342e92e2104e5822751e9c3a462503a66");
        assert_eq!(hashed["related"]["user"][0], told);
        assert_eq!(processed(&text), Some(hashed.clone()), "the same every time");
        assert!(
            !hashed.to_string().contains("user_1") && !format!("{:?}", processor(&text)).contains("secret")
        );
    }

    #[test]
    fn a_text_that_is_part_of_another_is_hidden_after_it() {
        let document = json!({"user": {"email": "anabel@example.com", "name": "anabel"}, "message": "anabel@example.com left"});
        let processor = processor("mask = [\"user.name\", \"user.email\"]").expect("a processor");
        let mut out = document.to_string().into_bytes();
        assert!(apply(&[&[processor]], b"{}", &mut out, 0, |_| {}));
        let told: Value = serde_json::from_slice(&out).expect("JSON");
        assert_eq!(told, json!({"user": {"email": "***", "name": "***"}, "message": "*** left"}));
    }

    #[test]
    fn what_is_said_of_ecs_holds_for_ocsf_events_too() {
        let event = json!({
            "actor": {"user": {"email_addr": "ana@example.com", "uid": "user_1"}}, "class_uid": 3002,
            "message": "ana@example.com failed to sign in with SSO", "raw_data": "{}", "user": {"uid": "user_1"},
        });
        for (text, expected) in [
            ("when = \"event.action == 'sso_login_failed'\"\ndrop = true", None),
            ("when = \"class_uid == 3002\"\ndrop = true", None),
            ("when = \"class_uid == 3001\"\ndrop = true", Some(event.clone())),
            (
                "mask = [\"user.email\"]",
                Some(json!({
                    "actor": {"user": {"email_addr": "***", "uid": "user_1"}}, "class_uid": 3002,
                    "message": "*** failed to sign in with SSO", "user": {"uid": "user_1"},
                })),
            ),
            (
                "mask = [\"actor.user.uid\"]\nkeep_original = true\nremove = [\"actor.user.email_addr\", \"message\"]",
                Some(json!({
                    "actor": {"user": {"uid": "***"}}, "class_uid": 3002, "raw_data": "{}", "user": {"uid": "***"},
                })),
            ),
        ] {
            let processor = processor(text).unwrap_or_else(|failure| panic!("{failure}"));
            let mut out = event.to_string().into_bytes();
            let stays = apply(&[&[processor]], b"{}", &mut out, 0, |out| {
                out.extend_from_slice(document().to_string().as_bytes());
            });
            let told = stays.then(|| serde_json::from_slice::<Value>(&out).expect("JSON"));
            assert_eq!(told, expected, "{text}");
        }
        // A condition on events says nothing of a document.
        assert!(processed("when = \"class_uid != 3002\"\ndrop = true").is_some());
    }

    #[test]
    fn the_original_is_kept_when_asked_for() {
        let kept = processed("mask = [\"user.email\"]\nkeep_original = true").expect("stays");
        assert_eq!(kept["event"]["original"], "{\"raw\":1}");
        assert_eq!(processed("keep_original = false").expect("stays")["event"].get("original"), None);
    }

    #[test]
    fn wrong_processors_are_refused() {
        for (text, detail) in [
            ("", "does nothing"),
            ("drop = true\nremove = [\"source.ip\"]", "drops and edits"),
            ("hash = [\"user.id\"]\nkey = { env = \"A\", file = \"b\" }", "exactly one source"),
            ("mask = [\"source.ip\"]", "source.ip is of type ip"),
            ("remove = [\"event.id\"]", "cannot be taken away"),
            ("when = \"event.action ==\"\ndrop = true", "cannot be read: 1:16"),
            ("when = \"evnt.action == 'x'\"\ndrop = true", "names evnt, which no document has"),
            ("hash = [\"user.id\"]\nkey = { env = \"CLAUDETRAIL_NO_SUCH_VARIABLE\" }", "it is not set"),
        ] {
            let failure = processor(text).err().unwrap_or_else(|| panic!("{text} is refused"));
            let said = failure.to_string();
            assert!(said.contains(detail) && said.contains("hint: "), "{text}: {said}");
        }
    }
}

//! Attestations: a signed statement of what a ledger holds, which anybody can check without the ledger or its secret.
//!
//! An attestation is one JSON object with a `signature` member; what is signed is the canonical form (RFC 8785) of the
//! object without that member. `docs/specs/attestation.md` specifies it. Writing and checking are pure functions of
//! values; what a ledger holds is gathered in [`statement`], what a person reads is made in [`report`].

pub(crate) mod report;
pub(crate) mod statement;

use serde_json::{Map, Value, json};

use crate::signing_key::{PublicKey, SigningKey};

/// The `type` member.
pub(crate) const TYPE: &str = "claudetrail attestation";
/// The `version` member: of this form of the statement.
pub(crate) const VERSION: u64 = 1;
const SIGNATURE: &str = "signature";
const ALGORITHM: &str = "Ed25519";

/// A checked attestation.
#[derive(Debug)]
pub(crate) struct Attestation {
    /// The whole document.
    pub(crate) document: Value,
    /// The key that signed it; whether it is the right one is for the caller to say.
    pub(crate) public_key: PublicKey,
}

/// Signs a statement; returns the document, the signature included.
pub(crate) fn sign(statement: Map<String, Value>, key: &SigningKey) -> Value {
    let mut document = Value::Object(statement);
    let signature = key.sign(canonical(&document).as_bytes());
    let public_key = key.public_key();
    document[SIGNATURE] = json!({
        "algorithm": ALGORITHM,
        "public_key": public_key.to_base64(),
        "fingerprint": public_key.fingerprint(),
        "value": encode(&signature),
    });
    document
}

/// Reads an attestation and checks its form and its signature. The error is what is wrong, for a sentence.
pub(crate) fn check(bytes: &[u8]) -> Result<Attestation, String> {
    let mut document: Value =
        serde_json::from_slice(bytes).map_err(|error| format!("it is not JSON: {error}"))?;
    // Two readers must not understand two things: no member twice, no number in another form.
    if without_space(bytes) != canonical(&document).as_bytes() || !is_whole(&document) {
        return Err(
            "it is not in canonical form: a member stands twice or out of order, or a value is written in \
                    another way than it would be"
                .to_owned(),
        );
    }
    if document["type"] != TYPE {
        return Err(format!("its type is not {TYPE:?}"));
    }
    if document["version"] != VERSION {
        return Err(format!(
            "its version is {}, and this program knows version {VERSION}",
            document["version"]
        ));
    }
    let text = |name: &str| document[SIGNATURE][name].as_str().unwrap_or_default();
    if text("algorithm") != ALGORITHM {
        return Err(format!("it is not signed with {ALGORITHM}"));
    }
    let public_key = PublicKey::from_base64(text("public_key")).ok_or("its public key cannot be read")?;
    if text("fingerprint") != public_key.fingerprint() {
        return Err("its fingerprint is that of another key".to_owned());
    }
    let value = decode(text("value")).ok_or("its signature cannot be read")?;
    let signature = document.as_object_mut().and_then(|members| members.remove(SIGNATURE));
    if !public_key.verifies(canonical(&document).as_bytes(), &value) {
        return Err("its signature is not that of its content: it was changed after it was signed".to_owned());
    }
    document[SIGNATURE] = signature.unwrap_or_default();
    Ok(Attestation { document, public_key })
}

/// The form of RFC 8785 for the values that stand in an attestation: sorted ASCII names, whole numbers, no white space.
fn canonical(document: &Value) -> String {
    document.to_string()
}

/// Whether every number is a whole one that all readers have exactly: what is written as 12.0 elsewhere is 12 here.
fn is_whole(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.as_i64().is_some_and(|number| number.unsigned_abs() < 1 << 53),
        Value::Array(list) => list.iter().all(is_whole),
        Value::Object(members) => members.values().all(is_whole),
        _ => true,
    }
}

/// The bytes without the white space between tokens.
fn without_space(bytes: &[u8]) -> Vec<u8> {
    let (mut inside, mut escaped) = (false, false);
    let keep = |&byte: &u8| {
        let space = !inside && matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        if !escaped && byte == b'"' {
            inside = !inside;
        }
        escaped = inside && !escaped && byte == b'\\';
        !space
    };
    bytes.iter().copied().filter(keep).collect()
}

fn encode(bytes: &[u8]) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    STANDARD.encode(bytes)
}

fn decode(text: &str) -> Option<Vec<u8>> {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    STANDARD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed() -> (Value, SigningKey) {
        let folder = tempfile::tempdir().unwrap();
        let key = SigningKey::create(&folder.path().join("key.pem")).unwrap();
        let statement = json!({
            "type": TYPE, "version": VERSION, "text": "a \"quoted\" \\ word \u{e9}\u{1}\n", "number": 12, "list": [1, {"b": 2, "a": null}],
        });
        let Value::Object(statement) = statement else { panic!("an object") };
        (sign(statement, &key), key)
    }

    #[test]
    fn what_was_signed_is_accepted_however_it_is_indented() {
        let (document, key) = signed();
        for text in [document.to_string(), format!("{document:#}"), format!(" {document:#}\n\n")] {
            let checked = check(text.as_bytes()).unwrap();
            assert_eq!((checked.public_key, &checked.document), (key.public_key(), &document));
        }
    }

    #[test]
    fn what_was_changed_is_refused() {
        let (document, _) = signed();
        let text = format!("{document:#}");
        let (_, other) = signed();
        let other = other.public_key();
        let cases = [
            (text.replace("\"number\": 12", "\"number\": 13"), "was changed after it was signed"),
            (text.replace("word", "ward"), "was changed after it was signed"),
            (text.replace("\"number\": 12", "\"number\": 12.0"), "canonical"),
            (text.replace("\"number\": 12", "\"number\": 13, \"number\": 12"), "canonical"),
            (text.replace("\"version\": 1", "\"version\": 2"), "version"),
            (text.replace("claudetrail attestation", "another attestation"), "type"),
            (text.replace("Ed25519", "Ed448"), "not signed with"),
            (text.replace("\"value\"", "\"volue\""), "signature"),
            (text[..text.len() / 2].to_owned(), "not JSON"),
            (String::new(), "not JSON"),
        ];
        for (changed, sentence) in cases {
            let refusal = check(changed.as_bytes()).unwrap_err();
            assert!(refusal.contains(sentence), "{sentence}: {refusal}");
        }
        let mut replaced = document.clone();
        replaced["signature"]["public_key"] = other.to_base64().into();
        assert!(check(replaced.to_string().as_bytes()).unwrap_err().contains("another key"));
        replaced["signature"]["fingerprint"] = other.fingerprint().into();
        assert!(check(replaced.to_string().as_bytes()).unwrap_err().contains("was changed"));
    }
}

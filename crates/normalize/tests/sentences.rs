//! The sentences of all types, to be read: one file, and it changes only with a reason.

use normalize::{catalog, sentence};

use crate::generator::activity;

#[test]
fn sentences_of_every_type() {
    let lines: Vec<String> = catalog::all()
        .iter()
        .flat_map(|entry| {
            [0, 1].map(|variant| {
                format!("{}: {}", entry.name, sentence(activity(entry.name, variant).as_bytes()))
            })
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn sentences_read_well() {
    for entry in catalog::all() {
        for variant in 0..6 {
            let sentence = sentence(activity(entry.name, variant).as_bytes());
            let odd = ["  ", " ,", " :", " ;", "()", "{", "[", "\"\"", "_actor"]
                .into_iter()
                .find(|odd| sentence.contains(odd));
            assert_eq!(odd, None, "{}: {sentence}", entry.name);
            assert_eq!(sentence.trim(), sentence, "{}", entry.name);
            assert!(!sentence.ends_with(['.', ',', ':']), "{}: {sentence}", entry.name);
        }
        // Without any field of its own, as after a redaction, it still is a sentence.
        let bare = format!(
            r#"{{"type":"{}","actor":{{"type":"user_actor","email_address":"ana@example.com"}}}}"#,
            entry.name
        );
        let sentence = sentence(bare.as_bytes());
        let odd = ["  ", " ,", " :", "()", "{", "[", "\"\""].into_iter().find(|odd| sentence.contains(odd));
        assert_eq!(odd, None, "{}: {sentence}", entry.name);
        assert!(sentence.split(' ').count() >= 3, "{}: {sentence}", entry.name);
    }
}

#[test]
fn a_terminal_is_not_steered_by_a_name() {
    let raw = br#"{"type":"group_created","group_name":"x\u001b[31m\u202egnp\nrm -rf","actor":{"type":"user_actor","email_address":"a\u0007@b"}}"#;
    assert_eq!(sentence(raw), "a @b created group \"x [31m gnp rm -rf\"");
}

#[test]
fn what_is_no_activity_says_so() {
    assert_eq!(sentence(b""), "the record is empty");
    assert_eq!(sentence(b"[]"), "the record is not a JSON object");
    assert!(sentence(b"<html>").starts_with("the record is not valid JSON"));
    assert_eq!(sentence(b"{}"), "Someone did something that the record does not name");
}

//! Verification against trees made by the definitions of RFC 6962, published vectors, and the vendor's worked example.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use super::*;

const UUID: &str = "25f6429a-3293-49bf-afed-cb312911554b";
const ORIGIN: &str = "axt.anthropic.com/25f6429a-3293-49bf-afed-cb312911554b";

type Hash = [u8; 32];

fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

fn leaf(entry: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(entry).finalize().into()
}

fn halves(leaves: &[Hash]) -> (&[Hash], &[Hash]) {
    leaves.split_at(1 << (leaves.len() - 1).ilog2())
}

fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Sha256::digest([]).into(),
        [leaf] => *leaf,
        _ => node(&root(halves(leaves).0), &root(halves(leaves).1)),
    }
}

fn path(leaves: &[Hash], index: usize) -> Vec<Hash> {
    if leaves.len() < 2 {
        return Vec::new();
    }
    let (left, right) = halves(leaves);
    let (mut hashes, beside) = match index.checked_sub(left.len()) {
        None => (path(left, index), root(right)),
        Some(index) => (path(right, index), root(left)),
    };
    hashes.push(beside);
    hashes
}

fn consistency(leaves: &[Hash], size: usize, whole: bool) -> Vec<Hash> {
    if size == leaves.len() {
        return if whole { Vec::new() } else { vec![root(leaves)] };
    }
    let (left, right) = halves(leaves);
    let (mut hashes, beside) = match size.checked_sub(left.len()) {
        None | Some(0) => (consistency(left, size, whole), root(right)),
        Some(size) => (consistency(right, size, false), root(left)),
    };
    hashes.push(beside);
    hashes
}

/// A log that anybody can make.
struct Log {
    pair: EcdsaKeyPair,
    entries: Vec<Vec<u8>>,
}

impl Log {
    fn new(entries: usize) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        Self { pair, entries: (0..entries).map(|number| format!("entry {number}").into_bytes()).collect() }
    }

    fn leaves(&self, size: usize) -> Vec<Hash> {
        self.entries[..size].iter().map(|entry| leaf(entry)).collect()
    }

    fn key(&self) -> LogKey {
        let start = STANDARD.decode("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgA=").unwrap();
        LogKey::from_der(&[&start[..], self.pair.public_key().as_ref()].concat()).unwrap()
    }

    fn sign(&self, body: &str) -> String {
        let made = self.pair.sign(&SystemRandom::new(), body.as_bytes()).unwrap();
        let signature = STANDARD.encode([&self.key().key_hash()[..], made.as_ref()].concat());
        format!("{body}\n— {ORIGIN} {signature}\n")
    }

    fn checkpoint(&self, size: usize) -> LogCheckpoint {
        let root = STANDARD.encode(root(&self.leaves(size)));
        LogCheckpoint::parse(&self.sign(&format!("{ORIGIN}\n{size}\n{root}\n"))).unwrap()
    }
}

#[test]
fn a_leaf_is_the_documented_one() {
    let served = r#"{
      "id": "activity_01GPXmAhizavrUuoXNn3tzeA", "type": "anthropic_access",
      "created_at": "2025-07-08T18:40:00Z", "accessed_at": "2025-07-08T18:39:58Z",
      "organization_id": "org_015gtSHLz269eTwgrH8NX5yk", "organization_uuid": "25f6429a-3293-49bf-afed-cb312911554b",
      "workspace_id": "wrkspc_01PaGUP2rbg1XDh7Z9W1CEpd", "workspace_uuid": "b6ce2143-1083-d4a7-247c-17530f55a076",
      "accessor_department": "Trust & Safety", "reason_code": "safety_review",
      "actor": { "type": "anthropic_actor", "email_address": null },
      "resource_details": { "type": "message", "id": "msg_01HXAMPLE12345678" },
      "transparency_log_leaf_index": 17 }"#;
    let read = LoggedActivity::read(served.as_bytes()).unwrap();
    assert_eq!((read.organization_uuid.as_deref(), read.leaf_index), (Some(UUID), Some(17)));
    assert_eq!(STANDARD.encode(leaf(&read.entry)), "6ro7vTcFq+sYDZiiGvZaFetUIoMSLig3DGDrCKK1HFU=");
    assert_eq!(log_origin(UUID).as_deref(), Some(ORIGIN));
    assert_eq!(organization_of(ORIGIN), UUID);
}

#[test]
fn what_is_missing_enters_as_null_and_what_is_escaped_stays_minimal() {
    let cases = [
        (
            r#"{"type":"cmek_preserve"}"#,
            r#"{"accessed_at":null,"accessor_department":null,"actor":null,"created_at":null,"id":null,"organization_id":null,"organization_uuid":null,"reason_code":null,"resource_details":null,"type":"cmek_preserve","workspace_id":null}"#,
        ),
        (
            r#"{"reason_code":"a\u00e9\u002f\u0009\u0001\"é","id":"","actor":{"email_address":"ana@example.com"},"type":"anthropic_access","resource_details":{"parent":"p","id":"m"}}"#,
            "{\"accessed_at\":null,\"accessor_department\":null,\"actor\":{\"email_address\":null,\"type\":null},\"created_at\":null,\"id\":\"\",\"organization_id\":null,\"organization_uuid\":null,\"reason_code\":\"aé/\\t\\u0001\\\"é\",\"resource_details\":{\"id\":\"m\",\"parent\":null,\"type\":null},\"type\":\"anthropic_access\",\"workspace_id\":null}",
        ),
    ];
    for (served, expected) in cases {
        let read = LoggedActivity::read(served.as_bytes()).unwrap();
        assert_eq!((read.entry[0], std::str::from_utf8(&read.entry[1..])), (1, Ok(expected)), "{served}");
        assert_eq!((read.leaf_index, read.organization_uuid), (None, None));
    }
}

#[test]
fn a_row_that_can_be_read_in_two_ways_is_refused() {
    for served in [
        "",
        "[]",
        r#"{"type":"claude_chat_created"}"#,
        r#"{"type":"cmek_preserve","id":7}"#,
        r#"{"type":"cmek_preserve","id":"a","id":"b"}"#,
        r#"{"type":"cmek_preserve","id":"a","Id":"b"}"#,
        r#"{"type":"cmek_preserve","actor":"anthropic_actor"}"#,
        r#"{"type":"cmek_preserve","actor":{"type":"a","type":"b"}}"#,
        r#"{"type":"cmek_preserve","transparency_log_leaf_index":-1}"#,
        r#"{"type":"cmek_preserve"} {}"#,
    ] {
        let flaw = LoggedActivity::read(served.as_bytes()).expect_err(served);
        assert_eq!(flaw.kind, FlawKind::UnreadableRow, "{served}");
    }
}

#[test]
fn a_checkpoint_holds_under_its_key_and_no_other() {
    let (log, stranger) = (Log::new(3), Log::new(3));
    let (key, other) = (log.key(), stranger.key());
    let checkpoint = log.checkpoint(3);
    assert_eq!(
        (checkpoint.origin(), checkpoint.size(), checkpoint.root()),
        (ORIGIN, 3, &root(&log.leaves(3)))
    );
    assert_eq!(checkpoint.verify(ORIGIN, &[other.clone(), key.clone()]), Ok(&key));
    assert!(key.is_among(&[key.fingerprint().to_uppercase()]) && !key.is_among(PUBLISHED_KEY_FINGERPRINTS));
    let kind = |note: &str, keys: &[LogKey], origin: &str| {
        LogCheckpoint::parse(note).and_then(|read| read.verify(origin, keys).map(drop)).unwrap_err().kind
    };
    let note = checkpoint.note();
    let keys = [key];
    assert_eq!(kind(note, &[other], ORIGIN), FlawKind::UnknownKey);
    assert_eq!(kind(note, &keys, "axt.anthropic.com/other"), FlawKind::WrongOrigin);
    assert_eq!(kind(&note.replacen("\n3\n", "\n4\n", 1), &keys, ORIGIN), FlawKind::WrongSignature);
    assert_eq!(kind(&note.replacen("\n— axt", "\n— bxt", 1), &keys, ORIGIN), FlawKind::UnknownKey);
    // A line after the root is signed as well and otherwise left alone; so is a second signature.
    let body = note.split_once("\n\n").unwrap().0;
    let extended = log.sign(&format!("{body}\nmore\n"));
    assert!(LogCheckpoint::parse(&extended).unwrap().verify(ORIGIN, &keys).is_ok());
    let cosigned = format!("{note}— witness.example AAAAAAAA\n");
    assert!(LogCheckpoint::parse(&cosigned).unwrap().verify(ORIGIN, &keys).is_ok());
}

#[test]
fn what_is_no_checkpoint_is_refused() {
    let root = STANDARD.encode([7; 32]);
    let signature = "— log AAAAAAAA";
    let well = format!("log\n3\n{root}\n\n{signature}\n");
    assert!(LogCheckpoint::parse(&well).is_ok());
    for note in [
        String::new(),
        "log\n3\n".to_owned(),
        well.replace("\n3\n", "\n03\n"),
        well.replace("\n3\n", "\n-3\n"),
        well.replace("\n3\n", "\n18446744073709551615\n"),
        well.replace(&root, "AAAA"),
        well.replace(&root, "not base64"),
        well.replace("log\n3", "\n3"),
        well.trim_end().to_owned(),
        well.replace("— log", "- log"),
        well.replace("AAAAAAAA", "AAA="),
        well.replace("log\n", "log\r\n"),
        format!("{}{well}", "x".repeat(40_000)),
    ] {
        let flaw = LogCheckpoint::parse(&note).expect_err(&note);
        assert_eq!(flaw.kind, FlawKind::MalformedCheckpoint, "{note}");
    }
}

#[test]
fn answers_that_are_none_are_refused() {
    for body in ["", "{}", r#"{"log_keys":{}}"#] {
        assert!(parse_keys(body).is_err(), "{body}");
    }
    let log = Log::new(0);
    let key = STANDARD.encode(log.key().der());
    let body = format!(
        r#"{{"log_keys":[{{"public_key":"{key}"}},{{"public_key":"AAAA"}},{{"algorithm":"ed25519"}}]}}"#
    );
    assert_eq!(parse_keys(&body), Ok(vec![log.key()]));
    for body in ["", "{}", r#"{"hashes":["AAAA"],"checkpoint":""}"#, r#"{"hashes":[7],"checkpoint":""}"#] {
        assert!(parse_proof(body).is_err(), "{body}");
    }
    let many = vec![STANDARD.encode([0; 32]); 200];
    assert!(parse_proof(&serde_json::json!({ "hashes": many, "checkpoint": "" }).to_string()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_leaf_and_every_growth_is_proven_and_nothing_else(size in 1_usize..70, old in 1_usize..70, index in 0_usize..70) {
        let log = Log::new(70);
        let (old, index) = (old.min(size), index.min(size - 1));
        let (leaves, newer, older) = (log.leaves(size), log.checkpoint(size), log.checkpoint(old));
        let path = path(&leaves, index).concat();
        let entry = &log.entries[index];
        prop_assert_eq!(newer.includes(entry, index as u64, &path), Ok(()));
        prop_assert!(newer.includes(b"another", index as u64, &path).is_err());
        prop_assert!(newer.includes(entry, index as u64 + 1, &path).is_err());
        prop_assert!(newer.includes(entry, index as u64, &[&path[..], &[0; 32]].concat()).is_err());
        let proof = consistency(&leaves, old, true).concat();
        prop_assert_eq!(newer.extends(&older, &proof), Ok(()));
        if old < size {
            prop_assert_eq!(older.extends(&newer, &proof).unwrap_err().kind, FlawKind::RolledBack);
            let mut forked = Log::new(70);
            forked.pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
            forked.entries[0] = b"rewritten".to_vec();
            prop_assert_eq!(newer.extends(&forked.checkpoint(old), &proof).unwrap_err().kind, FlawKind::Forked);
            if let Some(last) = proof.len().checked_sub(1) {
                let mut spoiled = proof.clone();
                spoiled[last] ^= 1;
                prop_assert_eq!(newer.extends(&older, &spoiled).unwrap_err().kind, FlawKind::Forked);
                prop_assert_eq!(newer.extends(&older, &proof[..last]).unwrap_err().kind, FlawKind::Forked);
            }
        }
    }

    #[test]
    fn no_text_panics(note in "\\PC{0,80}|(axt|log)\n[0-9]{0,20}\n[A-Za-z0-9+/]{43}=\n\n— log [A-Za-z0-9+/]{0,12}\n", index in any::<u64>(), proof in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(read) = LogCheckpoint::parse(&note) {
            let _ = (read.includes(note.as_bytes(), index, &proof), read.extends(&read, &proof));
            let _ = read.verify("log", &[]);
        }
        let _ = (parse_keys(&note), parse_proof(&note), LoggedActivity::read(note.as_bytes()));
    }
}

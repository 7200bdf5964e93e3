//! The transparency log: its endpoints, its growth with the feed, its proofs, its faults.

use std::time::Duration;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use simulator::{
    FaultKind, FaultPlan, Rows, SimulatedRequest, SimulatedResponse, SimulatorClock as _, World,
    WorldOptions, transparency_log_key_fingerprint,
};

use crate::support::{
    Bench, KEY, ORGANIZATION, OTHER_ORGANIZATION, noon, organizations, refusal, request, row,
};

const LOG: &str = "/v1/compliance/transparency_log/";

/// Five rows of the log's types, an hour apart from noon on, among others.
fn rows() -> Rows {
    let types = ["anthropic_access", "claude_chat_created", "cmek_preserve", "claude_file_viewed"];
    let rows =
        (0..10).map(|number| row(&format!("activity_{number}"), number * 1800, types[number as usize % 4]));
    Rows::new(rows.collect(), organizations())
}

fn bench() -> Bench {
    let bench = Bench::with(rows(), |_| {});
    bench.clock.set(noon() + Duration::from_hours(6));
    bench
}

fn ask(bench: &Bench, what: &str) -> SimulatedResponse {
    let separator = if what.contains('?') { '&' } else { '?' };
    let path = format!("{LOG}{what}{separator}organization_id={}", ORGANIZATION.1);
    bench.simulator.respond(&SimulatedRequest::get(&path).with_key(KEY))
}

fn text(response: &SimulatedResponse) -> String {
    assert_eq!(response.status, 200, "{:?}", response.body);
    String::from_utf8(response.body.to_vec()).expect("text")
}

fn json(response: &SimulatedResponse) -> Value {
    serde_json::from_str(&text(response)).expect("JSON")
}

fn decoded(value: &Value) -> Vec<u8> {
    STANDARD.decode(value.as_str().expect("text")).expect("base64")
}

/// Size and root of a checkpoint whose signature holds under the served key; `None` when it does not.
fn verified(bench: &Bench, note: &str) -> Option<(u64, Vec<u8>)> {
    let keys = json(&ask(bench, "keys"));
    let key = &keys["log_keys"][0];
    let (body, signature) = note.split_once("\n\n").expect("a blank line");
    let body = format!("{body}\n");
    let origin = body.lines().next().expect("an origin");
    let signature = signature.strip_prefix(&format!("— {origin} ")).expect("a signature line");
    let signature = STANDARD.decode(signature.trim_end()).expect("base64");
    assert_eq!(hexadecimal(&signature[..4]), key["key_hash"].as_str().expect("text"));
    let public_key = decoded(&key["public_key"]);
    assert_eq!(hexadecimal(&Sha256::digest(&public_key)), key["fingerprint"].as_str().expect("text"));
    // The point stands at the end of the key's DER form.
    let point = &public_key[public_key.len() - 65..];
    let holds =
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(body.as_bytes(), &signature[4..]);
    let mut lines = body.lines().skip(1);
    let size = lines.next().expect("a size").parse().expect("a number");
    let root = STANDARD.decode(lines.next().expect("a root")).expect("base64");
    holds.ok().map(|()| (size, root))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn node(left: &[u8], right: &[u8]) -> Vec<u8> {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().to_vec()
}

/// The entries of a bundle.
fn entries(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = bytes;
    let mut entries = Vec::new();
    while let Some((size, after)) = rest.split_first_chunk::<2>() {
        let (entry, after) = after.split_at(usize::from(u16::from_be_bytes(*size)));
        entries.push(entry.to_vec());
        rest = after;
    }
    entries
}

#[test]
fn every_row_of_the_log_stands_where_its_index_says() {
    let bench = bench();
    let page = bench.page("order=asc&activity_types[]=anthropic_access&activity_types[]=cmek_preserve");
    assert_eq!(page.rows.len(), 5);
    let (size, root) = verified(&bench, &text(&ask(&bench, "checkpoint"))).expect("a good signature");
    assert_eq!(size, 5);
    let bundle = ask(&bench, "tile/entries/000.p/5");
    assert_eq!(bundle.header("content-type"), Some("application/octet-stream"));
    let entries = entries(&bundle.body);
    let leaves: Vec<Vec<u8>> = entries
        .iter()
        .map(|entry| Sha256::new().chain_update([0]).chain_update(entry).finalize().to_vec())
        .collect();
    assert_eq!(ask(&bench, "tile/0/000.p/5").body, leaves.concat());
    for row in &page.rows {
        let index = row["transparency_log_leaf_index"].as_u64().expect("an index");
        let entry = String::from_utf8_lossy(&entries[index as usize]).into_owned();
        assert!(entry.contains(row["id"].as_str().expect("an id")), "{entry}");
    }
    let inclusion = json(&ask(&bench, "inclusion?leaf_index=4"));
    assert_eq!(
        (&inclusion["type"], &inclusion["leaf_index"]),
        (&"transparency_log_inclusion_proof".into(), &4.into())
    );
    let path = inclusion["hashes"].as_array().expect("hashes");
    assert_eq!(path.len(), 1, "the fifth leaf stands alone beside the first four");
    assert_eq!(node(&decoded(&path[0]), &leaves[4]), root);
    let (size, same) =
        verified(&bench, inclusion["checkpoint"].as_str().expect("text")).expect("a good signature");
    assert_eq!((size, same), (5, root));
    let other = bench.page("order=asc&activity_types[]=claude_chat_created");
    assert_eq!(other.rows[0].get("transparency_log_leaf_index"), None);
}

#[test]
fn the_log_grows_with_the_feed_and_proves_that_it_did() {
    let bench = Bench::with(rows(), |_| {});
    bench.clock.set(noon() + Duration::from_mins(90));
    let (size, old) = verified(&bench, &text(&ask(&bench, "checkpoint"))).expect("a good signature");
    assert_eq!(size, 2);
    bench.clock.set(noon() + Duration::from_hours(3));
    let proof = json(&ask(&bench, "consistency?from=2"));
    let (size, new) =
        verified(&bench, proof["checkpoint"].as_str().expect("text")).expect("a good signature");
    let beside = proof["hashes"].as_array().expect("hashes");
    assert_eq!((size, beside.len()), (4, 1));
    assert_eq!(node(&old, &decoded(&beside[0])), new);
    assert_eq!(json(&ask(&bench, "consistency?from=4"))["hashes"], Value::Array(vec![]));
}

#[test]
fn what_cannot_be_answered_is_refused_as_documented() {
    let bench = bench();
    for (what, status) in [
        ("inclusion?leaf_index=5", 404),
        ("inclusion", 400),
        ("inclusion?leaf_index=-1", 400),
        ("inclusion?leaf_index=1&size=5", 400),
        ("consistency?from=0", 400),
        ("consistency?from=6", 400),
        ("consistency", 400),
        ("tile/0/000", 404),
        ("tile/0/000.p/6", 404),
        ("tile/0/000.p/256", 400),
        ("tile/0/0", 400),
        ("tile/0/x001", 400),
        ("tile/1/000.p/1", 404),
        ("tile/64/000", 400),
        ("tile/entries/x001/000", 404),
        ("entries", 404),
        ("checkpoint?from=1", 400),
    ] {
        let response = ask(&bench, what);
        assert_eq!(refusal(&response).0, status, "{what}");
        assert_eq!(response.header("cache-control"), Some("private, no-store"), "{what}");
    }
    for (query, status) in [
        ("", 400),
        ("?organization_id=northwind", 400),
        ("?organization_id=org_01Foreign", 404),
        (&format!("?organization_id={}", OTHER_ORGANIZATION.0), 404),
        (&format!("?organization_id={}", ORGANIZATION.0), 200),
    ] {
        let request = SimulatedRequest::get(&format!("{LOG}checkpoint{query}"));
        assert_eq!(bench.simulator.respond(&request.clone().with_key(KEY)).status, status, "{query}");
        assert_eq!(bench.simulator.respond(&request.with_key("another")).status, 401, "{query}");
    }
    // Each of these calls leaves its row, like every other.
    bench.clock.set(noon() + Duration::from_hours(7));
    let calls = bench.page("order=asc&limit=100&activity_types[]=compliance_api_accessed");
    assert!(
        calls
            .rows
            .iter()
            .any(|row| row["url"].as_str().is_some_and(|url| url.contains("consistency?from=6")))
    );
}

#[test]
fn every_fault_of_the_log_does_what_it_says() {
    let bench = bench();
    let sound = verified(&bench, &text(&ask(&bench, "checkpoint"))).expect("a good signature");
    let under = |kind: FaultKind| bench.simulator.set_fault_plan(FaultPlan::only(kind, &[]));
    let checkpoint = || text(&ask(&bench, "checkpoint"));

    under(FaultKind::LogRewrittenLeaf { leaf: 1 });
    let (size, root) = verified(&bench, &checkpoint()).expect("a good signature");
    assert!(size == 5 && root != sound.1);
    let bundle = entries(&ask(&bench, "tile/entries/000.p/5").body);
    let rewritten = |entry: &Vec<u8>| String::from_utf8_lossy(entry).contains("rewritten_");
    assert_eq!(bundle.iter().map(rewritten).collect::<Vec<_>>(), [false, true, false, false, false]);

    under(FaultKind::LogFork);
    let forked = verified(&bench, &checkpoint()).expect("a good signature");
    assert!(forked.0 == 5 && forked.1 != sound.1 && forked.1 != root);

    under(FaultKind::LogWrongSignature);
    assert_eq!(verified(&bench, &checkpoint()), None);

    under(FaultKind::LogRollback { leaves: 2 });
    assert_eq!(verified(&bench, &checkpoint()).expect("a good signature").0, 3);
    assert_eq!(ask(&bench, "consistency?from=5").status, 400);

    under(FaultKind::LogWrongOrigin);
    assert!(!checkpoint().contains(ORGANIZATION.1));

    under(FaultKind::LogUnknownKey);
    assert_eq!(verified(&bench, &checkpoint()), Some(sound.clone()));
    let stranger = json(&ask(&bench, "keys"))["log_keys"][0]["fingerprint"].clone();
    assert_ne!(stranger, transparency_log_key_fingerprint());

    under(FaultKind::RowWithoutLeafIndex);
    let page = bench.page("order=asc&activity_types[]=anthropic_access");
    assert!(page.rows.iter().all(|row| row.get("transparency_log_leaf_index").is_none()));

    let plan = "[[fault]]\nkind = \"unavailable\"\npath = \"transparency_log/\"";
    bench.simulator.set_fault_plan(FaultPlan::parse(plan).expect("a plan"));
    assert_eq!((ask(&bench, "checkpoint").status, bench.ask("limit=1").status), (503, 200));

    bench.simulator.set_fault_plan(FaultPlan::default());
    assert_eq!(verified(&bench, &checkpoint()), Some(sound));
    assert_eq!(json(&ask(&bench, "keys"))["log_keys"][0]["fingerprint"], transparency_log_key_fingerprint());
    assert_eq!(bench.simulator.respond(&request("limit=1")).status, 200);
}

#[test]
fn an_organization_of_any_size_finds_its_rare_rows_without_a_walk() {
    let history_end = noon();
    let history_start = history_end - Duration::from_hours(70 * 24);
    let world = World::new(WorldOptions {
        seed: 5,
        history_start,
        history_end,
        activities_per_day: 100.0,
        unknown_share: 0.0,
    });
    let (from, to) = (history_start + Duration::from_hours(100), history_end + Duration::from_hours(400));
    let walked = world.activities(from, to);
    let logged =
        walked.iter().filter(|row| matches!(row.activity_type, "anthropic_access" | "cmek_preserve"));
    let walked: Vec<&str> = logged.map(|row| row.id.as_str()).collect();
    let found = world.access_transparency(from, to);
    assert_eq!(found.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), walked);
    assert!(walked.len() >= 4, "{walked:?}");
}

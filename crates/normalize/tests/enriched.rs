//! What a document says of the actor's address and program.

use normalize::Normalizer;
use normalize::enrichment::sources;
use serde_json::{Value, json};

use crate::support::{context, enriching, normalized_by};

fn document(address: &str, agent: &str) -> Value {
    let row = json!({
        "id": "activity_1", "created_at": "2026-11-23T08:14:05Z", "type": "claude_chat_viewed",
        "actor": {"type": "user_actor", "user_id": "user_1", "ip_address": address, "user_agent": agent},
    });
    normalized_by(&enriching(), row.to_string().as_bytes(), &context()).0
}

#[test]
fn a_network_of_the_users_says_where_an_address_is() {
    for (address, name, trusted) in [
        ("198.51.100.42", "Lisbon office", true),
        ("::ffff:198.51.100.42", "Lisbon office", true),
        ("203.0.113.9", "Home connections \"B\"", false),
    ] {
        let document = document(address, "curl/8.5.0");
        assert_eq!(
            document["source"]["geo"],
            json!({
                "name": name, "country_iso_code": "PT", "country_name": "Portugal", "city_name": "Lisbon",
                "continent_code": "EU", "continent_name": "Europe", "location": {"lat": 38.72, "lon": -9.14},
            }),
            "{address}"
        );
        let mark = document["anthropic"]["audit"].get("trusted_network");
        assert_eq!(mark, trusted.then_some(&json!(true)), "{address}");
    }
}

#[test]
fn addresses_that_are_nowhere_have_no_geography() {
    for address in ["0.0.0.0", "10.1.2.3", "192.0.2.1", "2001:db8::1", "fe80::1", "127.0.0.1"] {
        let source = &document(address, "curl/8.5.0")["source"];
        assert_eq!((source.get("geo"), source.get("as")), (None, None), "{address}");
    }
}

#[test]
fn a_public_address_has_the_country_and_system_that_the_build_knows() {
    if sources().iter().any(|source| source.version.is_none()) {
        eprintln!("left out: this build has no data of addresses");
        return;
    }
    let source = &document("8.8.8.8", "curl/8.5.0")["source"];
    assert_eq!(source["geo"]["country_iso_code"], "US");
    assert_eq!(source["as"], json!({"number": 15169, "organization": {"name": "Google LLC"}}));
}

#[test]
fn a_user_agent_is_told_apart() {
    // Our own rules know these in every build.
    for (agent, name, version) in [
        ("claude-cli/1.0.98 (external, cli)", "Claude Code", Some("1.0.98")),
        ("Anthropic/Python 0.40.0", "Anthropic Python SDK", Some("0.40.0")),
        ("Anthropic/Python \"0.40.0\"", "Anthropic Python SDK", None),
    ] {
        let said = &document("198.51.100.42", agent)["user_agent"];
        assert_eq!(said["original"], agent);
        assert_eq!(said["name"], name, "{agent}");
        if version.is_some() {
            assert_eq!(said.get("version").and_then(Value::as_str), version, "{agent}");
        }
        assert_eq!(said["device"]["name"], "Other", "{agent}");
    }
}

#[test]
fn without_enrichment_a_document_has_what_the_activity_has() {
    let row = r#"{"id":"a","created_at":"2026-11-23T08:14:05Z","type":"claude_chat_viewed","actor":{"type":"user_actor","user_id":"u","ip_address":"198.51.100.42","user_agent":"curl/8.5.0"}}"#;
    let (document, _) = normalized_by(&Normalizer::default(), row.as_bytes(), &context());
    assert_eq!(document["source"], json!({"ip": "198.51.100.42"}));
    assert_eq!(document["user_agent"], json!({"original": "curl/8.5.0"}));
}

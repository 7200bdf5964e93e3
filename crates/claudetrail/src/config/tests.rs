//! The file against the table, and what is said about wrong files.

use super::{document, keys::KEYS, parse};
use crate::error::Exit;

fn refused(text: &str) -> String {
    let failure = parse(text, "test.toml", None).expect_err("the file is wrong");
    assert_eq!(failure.exit, Exit::Usage);
    failure.to_string()
}

#[test]
fn an_empty_file_is_enough() {
    let settings = parse("", "test.toml", Some("/data".into())).unwrap();
    assert_eq!(settings.feeds.len(), 1);
    let feed = &settings.feeds[0];
    assert_eq!((feed.name.as_str(), feed.page_size, feed.budget_share), ("anthropic", 5000, 0.5));
    assert_eq!(feed.base_url, "https://api.anthropic.com");
    assert_eq!(feed.api_key.to_string(), "environment variable ANTHROPIC_COMPLIANCE_KEY");
    assert_eq!(settings.ledger_path(), std::path::Path::new("/data/ledger.sqlite"));
}

/// Uncommenting every line of the example gives a file that is accepted: the table and the structures know the same keys.
#[test]
fn the_example_is_accepted_when_uncommented() {
    let mut text = String::new();
    for line in document::example().lines() {
        let Some(line) = line.strip_prefix("# ") else { continue };
        let is_setting =
            line.split_once(" = ").is_some_and(|(name, _)| KEYS.iter().any(|key| key.path.ends_with(name)));
        // Both filters at once, and a placeholder that is no proxy or file, are refused for reasons of their own.
        let placeholder = line.contains("/path/to/it")
            || line.contains("\"NAME\"")
            || line.starts_with("proxy")
            || line.ends_with("retention = \"\"");
        if (is_setting && !placeholder) || line.starts_with('[') {
            text.push_str(line);
            text.push('\n');
        }
    }
    let settings =
        parse(&text, "example", Some("/data".into())).unwrap_or_else(|failure| panic!("{failure}\n{text}"));
    assert_eq!(settings.feeds.len(), 1);
    assert!(text.matches(" = ").count() > 20, "{text}");
}

#[test]
fn a_cluster_that_answers_makes_the_index_a_wish() {
    let sink = "[[sink]]\nname = \"siem\"";
    for (text, indexed, answering) in [
        (sink.to_owned(), true, None),
        (format!("[search]\nsink = \"siem\"\n{sink}"), false, Some("siem")),
        (format!("[search]\nsink = \"siem\"\n[index]\nenabled = true\n{sink}"), true, Some("siem")),
        (format!("[search]\nsink = \"\"\n[index]\nenabled = false\n{sink}"), false, None),
    ] {
        let settings = parse(&text, "test", Some("/data".into())).expect("accepted");
        let name = settings.answering_sink().map(|sink| sink.name.as_str());
        assert_eq!((settings.index.enabled, name), (indexed, answering), "{text}");
    }
}

#[test]
fn each_key_of_the_table_is_known_to_the_structures() {
    for key in KEYS {
        let Some((table, name)) = key.path.split_once("[].").filter(|(table, _)| *table != "network") else {
            continue;
        };
        // A value of a wrong type is refused as such; an unknown key would be refused by name.
        let text = format!("[[{table}]]\n{name} = nan");
        assert!(!refused(&text).contains("unknown key"), "{name}");
    }
}

#[test]
fn the_contract_of_the_design_is_accepted() {
    let text = r#"
        data_dir = "/var/lib/claudetrail"
        [[feed]]
        name = "acme"
        api_key = { env = "ANTHROPIC_COMPLIANCE_KEY" }
        base_url = "https://api.anthropic.com"
        poll_interval = "60s"
        initial_lookback = "24h"
        page_size = 5000
        activity_types = ["admin_api_key_*"]
        actor_ids = []
        organization_ids = []
        budget_share = 0.5
        reconcile_after = ["10m", "1h", "24h", "72h"]
        [[network]]
        cidr = "203.0.113.0/26"
        name = "Lisbon office"
        country = "PT"
        city = "Lisbon"
        location = [38.72, -9.14]
        trusted = true
    "#;
    let settings = parse(text, "test.toml", None).unwrap();
    let types = &settings.feeds[0].activity_types;
    assert_eq!(settings.networks.len(), 1);
    assert!(types.len() >= 3 && types.contains(&"admin_api_key_created".to_owned()), "{types:?}");
}

#[test]
fn wrong_files_are_refused_with_the_place_and_a_hint() {
    let cases = [
        ("[[feed]]\npol_interval = \"60s\"", "line 2, column 1", "did you mean \"poll_interval\""),
        ("[[feed]]\npoll_interval = 60", "line 2", "config example"),
        ("[[feed]]\npoll_interval = \"60\"", "not a duration", "config example"),
        ("[[feed]]\npoll_interval = \"3d\"", "not between 1s and 1d", "config example"),
        ("[[feed]]\npage_size = 5001", "not between 1 and 5000", "config example"),
        (
            "[[feed]]\nactivity_types = [\"admin_api_key_create\"]",
            "no known activity type",
            "did you mean \"admin_api_key_created\"",
        ),
        ("[[feed]]\nactivity_types = [\"zzz_*\"]", "matches no known activity type", "config example"),
        (
            "[[feed]]\nactivity_types = [\"api_key_*\"]\nexcluded_activity_types = [\"api_key_*\"]",
            "together",
            "keep one",
        ),
        ("[[feed]]\nname = \"a\"\n[[feed]]\nname = \"a\"", "used twice", "name of its own"),
        ("[[feed]]\n[[feed]]\nname = \"a\"", "is missing in [[feed]] number 1", "config example"),
        ("[[feed]]\napi_key = { env = \"A\", file = \"b\" }", "exactly one source", "{ env"),
        ("[[feed]]\nbase_url = \"api.anthropic.com\"", "https://", "config example"),
        ("[[feed]]\nsettle = \"10m\"\noverlap_floor = \"1m\"", "shorter than settle", "raise overlap_floor"),
        ("[[network]]\ncidr = \"203.0.113.0/33\"", "no range of addresses", "cidr = \"203.0.113.0/26\""),
        (
            "[[network]]\ncidr = \"10.0.0.0/8\"\ncountry = \"Portugal\"",
            "no ISO 3166 code",
            "country = \"PT\"",
        ),
        ("[[network]]\ncidr = \"10.0.0.0/8\"\ncoutry = \"PT\"", "line 3", "did you mean \"country\""),
        ("[enrichment]\ndatabase = []", "unknown key", "did you mean \"databases\""),
        ("[[sink]]\ntype = \"elastic\"", "not one of elasticsearch", "config example"),
        ("[[sink]]\n[[sink]]", "used twice", "name of its own"),
        ("[[sink]]\nhost = [\"http://localhost:9200\"]", "unknown key", "did you mean \"hosts\""),
        ("[search]\nsink = \"siem\"", "name of no [[sink]]", "add a [[sink]]"),
        ("[search]\nsink = \"siem\"\n[[sink]]\nname = \"elastic\"", "\"siem\"", "the sinks are elastic"),
        ("[[sink]]\nuser = \"ann\"", "without password", "config example"),
        ("[[sink]]\napi_key = { env = \"A\" }\nbearer_token = { env = \"B\" }", "only way", "keep one"),
        ("[[sink]]\nfrom = \"7d\"", "no time", "2026-11-23"),
        ("[[sink]]\ndata_stream = \"Audit\"", "no name of a data stream", "logs-<dataset>"),
        ("[[sink]]\nbatch_documents = 0", "not between 1 and 50000", "config example"),
        (
            "[[feed]]\n[feed.transparency_log]\norganizations = [\"acme\"]",
            "is no UUID",
            "Settings > Organization",
        ),
        ("[[feed]]\n[feed.transparency_log]\ntrusted_keys = [\"1dff5fe4\"]", "no SHA-256", "documentation"),
        ("[[feed]]\n[feed.transparency_log]\ninterval = \"60d\"", "not between 1s and 30d", "config example"),
        ("data_dir = ", "line 1", "config example"),
    ];
    for (text, detail, hint) in cases {
        let said = refused(text);
        assert!(said.contains(detail) && said.contains("hint: ") && said.contains(hint), "{text}\n{said}");
    }
}

#[test]
fn a_secret_in_the_file_is_never_printed() {
    let text = "[[feed]]\napi_key = { value = \"sk-ant-api01-supersecret\" }";
    let settings = parse(text, "test.toml", None).unwrap();
    assert!(!format!("{settings:?}").contains("supersecret"));
    let raw: super::raw::RawConfig = toml::from_str(text).unwrap();
    assert!(!format!("{raw:?}").contains("supersecret"));
    let text = "[[sink]]\nuser = \"ann\"\npassword = { value = \"supersecret\" }";
    assert!(!format!("{:?}", parse(text, "test.toml", None).unwrap()).contains("supersecret"));
    // A mistake in the same line shows the file's text in some parsers' errors; ours says the place only.
    let wrong = "[[feed]]\napi_key = { value = \"sk-ant-api01-supersecret\", valeu = 1 }";
    assert!(!refused(wrong).contains("supersecret"));
}

/// The default in the table is written there, and is that of the program.
#[test]
fn the_published_key_is_trusted_by_default() {
    let settings = parse("", "test.toml", Some("/data".into())).unwrap();
    let default = KEYS.iter().find(|key| key.path == "feed[].transparency_log.trusted_keys").unwrap().default;
    assert_eq!(format!("{:?}", settings.feeds[0].transparency_log.trusted_keys), default);
}

#[test]
fn the_schema_knows_every_key() {
    let schema = document::schema();
    let feed = &schema["properties"]["feed"]["items"]["properties"];
    assert_eq!(feed["page_size"]["maximum"], 5000);
    assert_eq!(feed["tls"]["properties"]["minimum_version"]["enum"][1], "1.3");
    assert_eq!(feed["poll_interval"]["default"], "60s");
    assert_eq!(schema["additionalProperties"], false);
}

#[test]
fn the_reference_page_is_fresh() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/configuration.md");
    let written = std::fs::read_to_string(page).expect("docs/reference/configuration.md");
    assert!(
        written == document::reference(),
        "stale: run `claudetrail config reference > docs/reference/configuration.md`"
    );
}

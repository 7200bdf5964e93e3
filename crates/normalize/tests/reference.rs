//! The reference pages that are made from the data of this crate, and fresh. `UPDATE_PAGES=1` writes them anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use normalize::enrichment::sources;
use normalize::vocabulary::{self, Shape};
use normalize::{catalog, fields};
use serde_json::Value;

use crate::generator::{activity, activity_by};
use crate::support::{context, enriching, keeping_original, normalized_by, paths, rows};

fn page_is_fresh(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference").join(name);
    if std::env::var_os("UPDATE_PAGES").is_some() {
        std::fs::write(&path, text).expect("the page can be written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == text,
        "docs/reference/{name} is stale: run UPDATE_PAGES=1 cargo test -p normalize reference"
    );
}

/// The first value of every field, over one activity of each type and some of each kind of actor.
fn examples() -> BTreeMap<String, Value> {
    let actors = [
        r#"{"type":"federated_identity_actor","issuer":"https://token.example.net","subject":"repo:acme/ci","audience":["a"]}"#,
        r#"{"type":"federated_actor","provider":{"type":"aws","account_id":"123456789012","signed_principal":"arn:aws:iam::123456789012:role/ci"},"subject":"ci"}"#,
        r#"{"type":"federated_actor","provider":{"type":"azure","subscription_id":"sub-1"}}"#,
        r#"{"type":"federated_actor","provider":{"type":"gcp","project_number":"987654321"}}"#,
        r#"{"type":"federated_actor","provider":{"type":"oidc","issuer":"https://token.example.net"}}"#,
        r#"{"type":"admin_api_key_actor","admin_api_key_id":"admin_api_key_01J7"}"#,
        r#"{"type":"service_account_actor","service_account_id":"svac_01K2"}"#,
        r#"{"type":"system_actor","service":"retention"}"#,
        r#"{"type":"attested_device_actor","external_client_id":"client_1","kid_hash":"9f8e"}"#,
        r#"{"type":"robot_actor","user_id":"user_01H8","email_address":"robot@example.com","unauthenticated_email_address":"robot@example.com"}"#,
    ];
    let by_actor = actors.iter().map(|actor| activity_by("group_viewed", 0, actor));
    let by_type = catalog::all().iter().map(|entry| activity(entry.name, 0));
    let unknown = r#"{"id":"activity_1","created_at":"2026-11-23T08:14:05Z","type":"quantum_vault_created","vault_id":"v1","actor":{"type":"user_actor","user_id":"u"}}"#;
    let named = r#"{"id":"activity_1","created_at":"2026-11-23T08:14:05Z","type":"claude_file_viewed","filename":"plan.pdf","org_name":"Acme","actor":{"type":"user_actor","user_id":"u","ip_address":7}}"#;
    let url = r#"{"id":"activity_1","created_at":"2026-11-23T08:14:05Z","type":"compliance_api_accessed","url":"https://api.anthropic.com:8443/v1/report.pdf?limit=1#top","actor":{"type":"api_actor","api_key_id":"apikey_01J7","ip_address":"8.8.8.8","user_agent":"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"}}"#;
    // Fields that no documented type carries, or that the feed no longer fills.
    let others = vocabulary::all().iter().map(|field| {
        let value = match field.shape {
            Shape::String => "\"text\"",
            Shape::Strings => "[\"text\"]",
            Shape::Integer => "3",
            Shape::Integers => "[443]",
            Shape::Boolean => "true",
            Shape::Datetime => "\"2026-11-30T00:00:00Z\"",
            Shape::Decimal => "\"12.50\"",
            Shape::Object | Shape::Objects => "{\"name\":\"text\"}",
        };
        format!(
            r#"{{"id":"activity_1","type":"age_verified","actor":{{"type":"system_actor"}},"{}":{value}}}"#,
            field.name
        )
    });
    let mut examples = BTreeMap::new();
    for (name, text) in [("source.geo.region_iso_code", "PT-11"), ("source.geo.region_name", "Lisbon")] {
        examples.insert(name.to_owned(), Value::from(text));
    }
    let enriching = enriching();
    for raw in by_type.chain(by_actor).chain([unknown, named, url].map(str::to_owned)).chain(others) {
        for (path, value) in paths(&normalized_by(&enriching, raw.as_bytes(), &context()).0) {
            examples.entry(path).or_insert(value);
        }
    }
    let original =
        normalized_by(&keeping_original(), br#"{"id":"activity_1","type":"age_verified"}"#, &context()).0;
    for (path, value) in
        paths(&original).into_iter().filter(|(path, _)| path == "event.original" || path == "tags")
    {
        examples.insert(path, value);
    }
    examples
}

/// A value on one line of a table.
fn cell(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let short: String = text.chars().take(72).collect();
    let dots = if short.len() < text.len() { "…" } else { "" };
    format!("`{}{dots}`", short.replace('|', "\\|").replace('`', "'"))
}

#[test]
fn the_page_of_fields_is_fresh() {
    if sources().iter().any(|source| source.version.is_none()) {
        eprintln!("left out: this build has no data for some of the examples");
        return;
    }
    let examples = examples();
    let mut page = String::from(
        "# Fields of a document\n\n\
         Every field that a document may hold, with its Elasticsearch type, where it comes from in the activity, and an example. Fields\n\
         outside `anthropic.` are fields of ECS 9 and have their types there; what they mean is said\n\
         [there](https://www.elastic.co/docs/reference/ecs). Money is in the unit that is named.\n\n\
         This page is made from `crates/normalize/data` (`UPDATE_PAGES=1 cargo test -p normalize reference`); do not edit it.\n\n\
         | field | type | from | example |\n| --- | --- | --- | --- |\n",
    );
    for field in fields::all() {
        let inner = format!("{}.", field.name);
        let example = examples.get(&field.name).cloned().or_else(|| {
            let mut members =
                examples.iter().filter_map(|(path, value)| Some((path.strip_prefix(&inner)?, value)));
            members.next().map(|(name, value)| serde_json::json!({ name: value }))
        });
        let example = example.as_ref().map_or_else(String::new, cell);
        let unit = if field.unit.is_empty() { String::new() } else { format!(", in {}", field.unit) };
        writeln!(
            page,
            "| `{}` | {} | {}{unit} | {example} |",
            field.name, field.elasticsearch_type, field.source
        )
        .expect("text");
    }
    page_is_fresh("fields.md", &page);
}

/// Every path that is written is in the table, and the table has no field that is never written.
#[test]
fn the_table_of_fields_is_what_documents_hold() {
    let examples = examples();
    for path in examples.keys() {
        let known = fields::find(path).is_some()
            || path.match_indices('.').any(|(place, _)| {
                fields::find(&path[..place])
                    .is_some_and(|field| matches!(field.elasticsearch_type, "flattened" | "geo_point"))
            });
        assert!(known, "{path} is written and in no table");
    }
}

#[test]
fn the_page_of_agreement_with_elastic_is_fresh() {
    let mut reasons: BTreeMap<&str, &str> =
        rows(include_str!("../data/elastic-differences.tsv")).map(|row| (row[0], row[1])).collect();
    let theirs: BTreeMap<&str, &str> =
        rows(include_str!("../data/elastic-fields.tsv")).map(|row| (row[0], row[1])).collect();
    let mut page = String::from(
        "# Agreement with Elastic's integration\n\n\
         Documents are meant to work with dashboards and detection rules written for `logs-anthropic.audit-*` as they are. Every field\n\
         of Elastic's Anthropic integration is here under the same name; *put right* says where what it holds, or its type, differs, and\n\
         why. `event.category`, `event.type` and `event.outcome` of the 305 types it knows are compared type by type below.\n\n\
         This page is made from `crates/normalize/data` (`UPDATE_PAGES=1 cargo test -p normalize reference`); do not edit it.\n\n\
         ## Fields\n\n| theirs | type | ours | type | agreement | reason |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    let mut counts = [0, 0];
    for (name, kind) in &theirs {
        let ours = fields::find(name).unwrap_or_else(|| panic!("{name} of theirs is missing"));
        let reason = reasons.remove(name);
        assert!(
            *kind == ours.elasticsearch_type || reason.is_some(),
            "{name} is {kind} of theirs, without a reason"
        );
        counts[usize::from(reason.is_some())] += 1;
        let agreement = if reason.is_some() { "put right" } else { "same" };
        writeln!(
            page,
            "| `{name}` | {kind} | `{name}` | {} | {agreement} | {} |",
            ours.elasticsearch_type,
            reason.unwrap_or_default()
        )
        .expect("text");
    }
    assert!(reasons.is_empty(), "differences of nothing: {reasons:?}");
    page.push_str("\n## Categories, types and outcomes\n\nThe other types of the 305 are as theirs.\n\n| type | field | theirs | ours | reason |\n| --- | --- | --- | --- | --- |\n");
    for row in rows(include_str!("../data/deviations.tsv")) {
        writeln!(page, "| `{}` | `{}` | {} | {} | {} |", row[0], row[1], row[2], row[3], row[4])
            .expect("text");
    }
    let added: Vec<_> =
        fields::all().iter().filter(|field| !theirs.contains_key(field.name.as_str())).collect();
    writeln!(
        page,
        "\n## Added\n\n{} fields of theirs are the same, {} are put right, and {} are added, which theirs leaves out or keeps in\n\
         `anthropic.audit.metadata`. [Every field](fields.md) with an example.\n\n| field | type | from |\n| --- | --- | --- |",
        counts[0],
        counts[1],
        added.len()
    )
    .expect("text");
    for field in added {
        writeln!(page, "| `{}` | {} | {} |", field.name, field.elasticsearch_type, field.source)
            .expect("text");
    }
    page_is_fresh("elastic-compatibility.md", &page);
}

#[test]
fn the_page_of_ocsf_is_fresh() {
    let mut page = format!(
        "# OCSF events\n\n\
         `claudetrail export --schema ocsf` and `claudetrail normalize --schema ocsf` write events of OCSF {}, profiles `cloud` and `host`, checked in\n\
         the tests against the published schemas of that version and of {NEWEST_OCSF} (package ocsf-json-schema). A type that the catalogue does not\n\
         know is an API Activity, or an Authentication where its name says so. `src_endpoint` is the address; of Anthropic's own services and of\n\
         directories, which have none, the service (`svc_name`). What has no attribute of its own is in `unmapped` by the feed's own name, what was\n\
         odd in `metadata.debug`, the record itself in `raw_data` when asked for.\n\n\
         This page is made from `crates/normalize/data` (`UPDATE_PAGES=1 cargo test -p normalize reference`); do not edit it.\n\n\
         | type | class | activity | about |\n| --- | --- | --- | --- |\n",
        normalize::catalog::ocsf::OCSF_VERSION,
        NEWEST_OCSF = crate::ocsf::NEWEST_OCSF,
    );
    for entry in catalog::all() {
        let (class, activity) = (entry.ocsf.class, entry.ocsf.activity_name());
        writeln!(
            page,
            "| `{}` | {} {} | {activity} | {} |",
            entry.name,
            class.name(),
            class.uid(),
            entry.ocsf.object
        )
        .expect("text");
    }
    page_is_fresh("ocsf.md", &page);
}

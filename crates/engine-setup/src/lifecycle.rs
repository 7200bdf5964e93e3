//! How long documents are kept: by index lifecycle management on Elasticsearch, by index state management on OpenSearch.
//!
//! A backing index is closed when it is a month old or holds 50 GB, and removed when it was closed for as long as the retention says.
//! So a document is kept for at least the retention, counted from its delivery. Without a retention nothing is ever removed.

use std::time::Duration;

use elasticsearch::Product;
use serde_json::{Value, json};

use crate::{
    call::Call,
    options::{Engine, Options},
};

const BACKING_INDEX_AGE: &str = "30d";
const BACKING_INDEX_SIZE: &str = "50gb";

/// Of index templates and policies: above what comes with the engines (100) and Elastic's integrations (200).
pub(crate) const PRIORITY: u32 = 250;

/// Who takes care of the age of documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lifecycle {
    /// A policy of the engine's.
    Policy,
    /// The data stream itself, which Elasticsearch has where there are no policies.
    OfStream,
    /// Nobody: the engine can do neither.
    None,
}

/// The call that stores the policy.
pub(crate) fn policy(engine: Engine, options: &Options) -> Call {
    let name = options.name();
    match engine.product {
        Product::Elasticsearch => {
            let body = json!({ "policy": { "_meta": crate::templates::meta(), "phases": phases(options) } });
            Call::put(format!("the lifecycle policy {name}"), format!("/_ilm/policy/{name}"), body)
        }
        Product::OpenSearch => {
            let path = format!("/_plugins/_ism/policies/{name}");
            Call::put(
                format!("the index state policy {name}"),
                path,
                json!({ "policy": state_policy(options) }),
            )
        }
    }
}

fn phases(options: &Options) -> Value {
    let rollover = json!({ "max_age": BACKING_INDEX_AGE, "max_primary_shard_size": BACKING_INDEX_SIZE });
    let mut phases = json!({ "hot": { "min_age": "0ms", "actions": { "rollover": rollover } } });
    if let Some(retention) = options.retention {
        phases["delete"] = json!({ "min_age": age(retention), "actions": { "delete": {} } });
    }
    phases
}

fn state_policy(options: &Options) -> Value {
    let rollover =
        json!({ "min_index_age": BACKING_INDEX_AGE, "min_primary_shard_size": BACKING_INDEX_SIZE });
    let mut hot = json!({ "name": "hot", "actions": [{ "rollover": rollover }], "transitions": [] });
    let mut states = Vec::new();
    if let Some(retention) = options.retention {
        let after = json!({ "min_rollover_age": age(retention) });
        hot["transitions"] = json!([{ "state_name": "delete", "conditions": after }]);
        states.push(json!({ "name": "delete", "actions": [{ "delete": {} }], "transitions": [] }));
    }
    states.insert(0, hot);
    json!({
        "description": "Backing indices of the audit trail, made by claudetrail setup elasticsearch",
        "default_state": "hot",
        "states": states,
        // New backing indices of a data stream are matched by the stream's name.
        "ism_template": [{ "index_patterns": [options.pattern()], "priority": PRIORITY }],
    })
}

/// The address at which a policy that is there already is replaced: OpenSearch wants to hear which version of it was seen.
pub(crate) fn replacing(path: &str, found: &Value) -> Option<String> {
    let (number, term) = (found["_seq_no"].as_u64()?, found["_primary_term"].as_u64()?);
    Some(format!("{path}?if_seq_no={number}&if_primary_term={term}"))
}

/// What an index template says of the age of documents where the data stream itself takes care of it.
pub(crate) fn of_stream(options: &Options) -> Value {
    options.retention.map_or_else(|| json!({}), |retention| json!({ "data_retention": age(retention) }))
}

/// A length of time as both engines write it.
fn age(length: Duration) -> String {
    let hours = length.as_secs().div_ceil(3_600);
    if hours.is_multiple_of(24) { format!("{}d", hours / 24) } else { format!("{hours}h") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(retention: Option<Duration>) -> Options {
        Options { stream: "logs-anthropic.audit".into(), retention, logsdb: false }
    }

    #[test]
    fn a_policy_of_elasticsearch_has_the_documented_form() {
        let year = options(Some(Duration::from_hours(365 * 24)));
        let call = policy(Engine::oldest(Product::Elasticsearch), &year);
        assert_eq!(call.path, "/_ilm/policy/claudetrail-logs-anthropic.audit");
        let expected = json!({
            "hot": { "min_age": "0ms", "actions": { "rollover": { "max_age": "30d", "max_primary_shard_size": "50gb" } } },
            "delete": { "min_age": "365d", "actions": { "delete": {} } },
        });
        assert_eq!(call.body["policy"]["phases"], expected);
        let for_ever = policy(Engine::oldest(Product::Elasticsearch), &options(None));
        assert_eq!(for_ever.body["policy"]["phases"]["delete"], Value::Null);
    }

    #[test]
    fn a_policy_of_opensearch_has_the_documented_form() {
        let half_a_day = options(Some(Duration::from_hours(36)));
        let call = policy(Engine::oldest(Product::OpenSearch), &half_a_day);
        assert_eq!(call.path, "/_plugins/_ism/policies/claudetrail-logs-anthropic.audit");
        let policy = &call.body["policy"];
        assert_eq!(
            policy["ism_template"],
            json!([{ "index_patterns": ["logs-anthropic.audit-*"], "priority": 250 }])
        );
        let states = json!([
            {
                "name": "hot",
                "actions": [{ "rollover": { "min_index_age": "30d", "min_primary_shard_size": "50gb" } }],
                "transitions": [{ "state_name": "delete", "conditions": { "min_rollover_age": "36h" } }],
            },
            { "name": "delete", "actions": [{ "delete": {} }], "transitions": [] },
        ]);
        assert_eq!(policy["states"], states);
    }

    #[test]
    fn a_policy_that_is_there_is_replaced_by_its_version() {
        let found = json!({ "_id": "p", "_seq_no": 7, "_primary_term": 2, "policy": {} });
        assert_eq!(replacing("/p", &found), Some("/p?if_seq_no=7&if_primary_term=2".into()));
        assert_eq!(replacing("/p", &json!({})), None);
    }
}

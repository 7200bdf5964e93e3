//! Component templates, and the index template that makes data streams by them.
//!
//! | name | holds |
//! | --- | --- |
//! | `claudetrail-ecs` | the fields of ECS, and what becomes of unknown ones |
//! | `claudetrail-anthropic` | the fields under `anthropic` |
//! | `claudetrail-<stream>-settings` | settings: lifecycle, compression, limits |
//! | `<stream>@custom` | the user's own, if there is one; Elastic's integration gives it the same name |
//! | `claudetrail-<stream>` | the index template that puts them together, in this order |

use serde_json::{Map, Value, json};

use crate::{
    call::Call,
    lifecycle::{self, Lifecycle, PRIORITY},
    mapping,
    options::{Engine, Options},
};

/// There are some 600 fields, and room for the user's own.
const FIELDS_LIMIT: u32 = 2_000;

/// Marks what is ours, so that a person who finds it knows where it comes from.
pub(crate) fn meta() -> Value {
    json!({ "managed_by": "claudetrail setup elasticsearch", "version": env!("CARGO_PKG_VERSION") })
}

/// The mapping that every document fits, as the component templates put it together.
pub(crate) fn mappings(engine: Engine) -> Value {
    let mut ecs = ecs(engine);
    ecs["properties"]["anthropic"] = mapping::properties(engine, false)["anthropic"].clone();
    ecs
}

fn ecs(engine: Engine) -> Value {
    json!({
        "date_detection": false,
        "dynamic_templates": mapping::dynamic_templates(),
        "properties": mapping::properties(engine, true),
    })
}

/// The templates, in the order in which they are stored.
pub(crate) fn templates(engine: Engine, options: &Options, lifecycle: Lifecycle) -> Vec<Call> {
    let settings = format!("{}-settings", options.name());
    let component = |name: &str, template: Value| {
        let body = json!({ "template": template, "_meta": meta() });
        Call::put(format!("the component template {name}"), format!("/_component_template/{name}"), body)
    };
    let anthropic = json!({ "properties": mapping::properties(engine, false) });
    vec![
        component("claudetrail-ecs", json!({ "mappings": ecs(engine) })),
        component("claudetrail-anthropic", json!({ "mappings": anthropic })),
        component(&settings, json!({ "settings": self::settings(engine, options, lifecycle) })),
        index_template(engine, options, lifecycle, &settings),
    ]
}

fn settings(engine: Engine, options: &Options, lifecycle: Lifecycle) -> Value {
    let mut settings = Map::new();
    let mut set = |name: &str, value: Value| drop(settings.insert(name.to_owned(), value));
    set("index.codec", json!("best_compression"));
    set("index.mapping.total_fields.limit", json!(FIELDS_LIMIT));
    if engine.is_elasticsearch() {
        if engine.version >= (8, 14) {
            // Fields of the user's own beyond the limit are kept and not indexed, instead of documents being refused.
            set("index.mapping.total_fields.ignore_dynamic_beyond_limit", json!(true));
        }
        if lifecycle == Lifecycle::Policy {
            set("index.lifecycle.name", json!(options.name()));
        }
        if options.logsdb {
            set("index.mode", json!("logsdb"));
        }
    }
    settings.into()
}

fn index_template(engine: Engine, options: &Options, lifecycle: Lifecycle, settings: &str) -> Call {
    let name = options.name();
    let mut parts = vec!["claudetrail-ecs".to_owned(), "claudetrail-anthropic".into(), settings.into()];
    let mut body = json!({
        "index_patterns": [options.pattern()],
        "data_stream": {},
        "priority": PRIORITY,
        "_meta": meta(),
    });
    if engine.is_elasticsearch() {
        let custom = format!("{}@custom", options.stream);
        body["ignore_missing_component_templates"] = json!([custom]);
        parts.push(custom);
        if lifecycle == Lifecycle::OfStream {
            body["template"] = json!({ "lifecycle": lifecycle::of_stream(options) });
        }
    }
    body["composed_of"] = json!(parts);
    Call::put(format!("the index template {name}"), format!("/_index_template/{name}"), body)
}

#[cfg(test)]
mod tests {
    use elasticsearch::Product;

    use super::*;

    fn templates_of(product: Product, logsdb: bool, lifecycle: Lifecycle) -> Vec<Call> {
        let options = Options { stream: "logs-anthropic.audit".into(), retention: None, logsdb };
        templates(Engine::oldest(product), &options, lifecycle)
    }

    #[test]
    fn the_user_s_own_template_has_the_last_word() {
        let calls = templates_of(Product::Elasticsearch, true, Lifecycle::Policy);
        let index = &calls[3].body;
        assert_eq!(index["composed_of"][3], "logs-anthropic.audit@custom");
        assert_eq!(index["ignore_missing_component_templates"], json!(["logs-anthropic.audit@custom"]));
        assert_eq!(index["priority"], 250);
        let settings = &calls[2].body["template"]["settings"];
        assert_eq!(settings["index.lifecycle.name"], "claudetrail-logs-anthropic.audit");
        assert_eq!(settings["index.mode"], "logsdb");
    }

    #[test]
    fn opensearch_is_told_nothing_that_it_does_not_know() {
        let calls = templates_of(Product::OpenSearch, true, Lifecycle::Policy);
        let text = calls.iter().map(ToString::to_string).collect::<String>();
        for unknown in ["\"flattened\"", "lifecycle", "logsdb", "ignore_missing", "ignore_dynamic", "@custom"]
        {
            assert!(!text.contains(unknown), "{unknown}");
        }
    }

    #[test]
    fn without_policies_the_stream_itself_takes_care() {
        let calls = templates_of(Product::Elasticsearch, false, Lifecycle::OfStream);
        assert_eq!(calls[3].body["template"]["lifecycle"], json!({}));
        assert_eq!(calls[2].body["template"]["settings"]["index.lifecycle.name"], Value::Null);
    }
}

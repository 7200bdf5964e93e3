//! The configuration explained, three ways from one table: an example file, a JSON Schema, a reference page.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::keys::{KEYS, Key, Kind};

/// A complete file with every key, its default and its meaning. Defaults are commented out, so that it changes nothing as it stands.
pub(crate) fn example() -> String {
    let mut text = String::from(
        "# ClaudeTrail configuration. Every key is shown with its default; nothing needs to be set but the key of the API,\n\
         # which is read from the environment variable ANTHROPIC_COMPLIANCE_KEY unless api_key says otherwise.\n\n",
    );
    let mut table = "";
    for key in KEYS {
        let (parent, name) = split(key.path);
        if parent != table {
            table = parent;
            text.push_str(&table_header(table));
        }
        for line in wrap(key.meaning, 110) {
            let _ = writeln!(text, "# {line}");
        }
        let value = if key.default.is_empty() { placeholder(key.kind) } else { key.default };
        let _ = writeln!(text, "# {name} = {value}{}\n", range(key.kind));
    }
    text
}

/// A JSON Schema (2020-12) that editors can check a file against.
pub(crate) fn schema() -> Value {
    let mut root = object("ClaudeTrail configuration");
    for key in KEYS {
        let mut place = &mut root;
        let parts: Vec<&str> = key.path.split('.').collect();
        for part in &parts[..parts.len() - 1] {
            place = descend(place, part);
        }
        place["properties"][parts[parts.len() - 1]] = value_schema(key);
    }
    root["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    root
}

/// The reference page, `docs/reference/configuration.md`.
pub(crate) fn reference() -> String {
    let mut text = String::from(
        "# Configuration reference\n\n\
         The file is TOML: `--config FILE`, else `CLAUDETRAIL_CONFIG`, else `claudetrail.toml` in the folder of `--data-dir`, else `./claudetrail.toml`, else `claudetrail/claudetrail.toml` in the\n\
         user's configuration folder, else `/etc/claudetrail/claudetrail.toml`. Without any file the defaults hold. Unknown keys are errors.\n\n\
         This page is made by `claudetrail config reference`; do not edit it.\n\n\
         | key | value | default | meaning |\n| --- | --- | --- | --- |\n",
    );
    for key in KEYS {
        let default = if key.default.is_empty() { "none".to_owned() } else { format!("`{}`", key.default) };
        let _ = writeln!(
            text,
            "| `{}` | {} | {default} | {} |",
            key.path,
            describe(key.kind),
            key.meaning.replace('|', "\\|")
        );
    }
    text
}

fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('.').unwrap_or(("", path))
}

/// `[log]`, `[[feed]]`; a table inside another is commented out, because an empty one would be noise.
fn table_header(table: &str) -> String {
    match table.split_once("[].") {
        Some((outer, inner)) => format!("# [{outer}.{inner}]\n"),
        None => match table.strip_suffix("[]") {
            Some(name) => format!("{}# [[{name}]]\n", introduction(name)),
            None => format!("# [{table}]\n"),
        },
    }
}

/// What a repeated table is for.
fn introduction(table: &str) -> &'static str {
    match table {
        "feed" => "# One [[feed]] per parent organization; without any, one with the defaults.\n",
        "processor" => "# One [[processor]] per edit of documents on their way out, in this order.\n",
        "sink" => "# One [[sink]] per destination; without any, the trail stays in the ledger.\n",
        "network" => {
            "# One [[network]] per network of yours, or any whose place you know better than a database.\n"
        }
        _ => "",
    }
}

fn placeholder(kind: Kind) -> &'static str {
    match kind {
        Kind::Path => "\"/path/to/it\"",
        Kind::Secret => "{ env = \"NAME\" }",
        Kind::TextList | Kind::DurationList | Kind::PathList => "[]",
        Kind::Condition => "\"event.action == 'claude_chat_viewed'\"",
        Kind::Range => "\"203.0.113.0/26\"",
        Kind::Country => "\"PT\"",
        Kind::Location => "[38.72, -9.14]",
        _ => "\"\"",
    }
}

fn range(kind: Kind) -> String {
    match kind {
        Kind::Integer(least, most) => format!("  # {least} to {most}"),
        Kind::Number(least, most) => format!("  # above {least}, at most {most}"),
        Kind::Choice(words) => format!("  # {}", words.join(", ")),
        _ => String::new(),
    }
}

fn describe(kind: Kind) -> String {
    match kind {
        Kind::Text => "text".into(),
        Kind::Path => "path".into(),
        Kind::PathList => "list of paths".into(),
        Kind::Range => "range of addresses (`203.0.113.0/26`)".into(),
        Kind::Condition => "expression".into(),
        Kind::Table => "table".into(),
        Kind::Tables => "list of tables".into(),
        Kind::Country => "ISO 3166-1 alpha-2 code".into(),
        Kind::Location => "`[latitude, longitude]` in degrees".into(),
        Kind::Duration => "duration (`60s`, `10m`, `24h`, `30d`)".into(),
        Kind::DurationList => "list of durations".into(),
        Kind::Size => "size (`10MB`, `64KiB`)".into(),
        Kind::Integer(least, most) => format!("whole number, {least} to {most}"),
        Kind::Number(least, most) => format!("number above {least}, at most {most}"),
        Kind::Boolean => "`true` or `false`".into(),
        Kind::TextList => "list of texts".into(),
        Kind::Secret => "`{ env = … }`, `{ file = … }` or `{ command = [ … ] }`".into(),
        Kind::Choice(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
    }
}

fn object(description: &str) -> Value {
    json!({ "type": "object", "description": description, "additionalProperties": false, "properties": {} })
}

fn descend<'a>(place: &'a mut Value, part: &str) -> &'a mut Value {
    if let Some(name) = part.strip_suffix("[]") {
        let slot = &mut place["properties"][name];
        if slot.is_null() {
            *slot = json!({ "type": "array", "items": object(name) });
        }
        return &mut slot["items"];
    }
    let slot = &mut place["properties"][part];
    if slot.is_null() {
        *slot = object(part);
    }
    slot
}

fn value_schema(key: &Key) -> Value {
    let duration =
        json!({ "type": "string", "pattern": "^[0-9].*[a-z]$", "examples": ["60s", "10m", "24h", "30d"] });
    let mut schema = match key.kind {
        Kind::Text | Kind::Path | Kind::Range | Kind::Condition => json!({ "type": "string" }),
        Kind::Duration => duration,
        Kind::DurationList => json!({ "type": "array", "items": duration }),
        Kind::Size => json!({ "type": "string", "pattern": "^[0-9]+ ?(B|[kK]B|[MG]B|[KMG]iB)$" }),
        Kind::Integer(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Kind::Number(least, most) => json!({ "type": "number", "exclusiveMinimum": least, "maximum": most }),
        Kind::Boolean => json!({ "type": "boolean" }),
        Kind::TextList | Kind::PathList => json!({ "type": "array", "items": { "type": "string" } }),
        Kind::Table => json!({ "type": "object" }),
        Kind::Tables => json!({ "type": "array", "items": { "type": "object" } }),
        Kind::Country => json!({ "type": "string", "pattern": "^[A-Za-z]{2}$" }),
        Kind::Location => {
            json!({ "type": "array", "items": { "type": "number" }, "minItems": 2, "maxItems": 2 })
        }
        Kind::Choice(words) => json!({ "enum": words }),
        Kind::Secret => {
            json!({ "type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": false, "properties": {
            "env": { "type": "string", "description": "name of an environment variable" },
            "file": { "type": "string", "description": "path of a file that holds the secret" },
            "command": { "type": "array", "items": { "type": "string" }, "minItems": 1, "description": "program and arguments that print the secret" },
            "value": { "type": "string", "description": "the secret itself; better not" },
        } })
        }
    };
    schema["description"] = json!(key.meaning);
    if let Some(default) = default_json(key) {
        schema["default"] = default;
    }
    schema
}

fn default_json(key: &Key) -> Option<Value> {
    if key.default.is_empty() {
        return None;
    }
    let table: toml::Table = toml::from_str(&format!("value = {}", key.default)).ok()?;
    serde_json::to_value(table.get("value")?).ok()
}

fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        if lines.last().is_some_and(|line| !line.is_empty() && line.len() + 1 + word.len() > width) {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

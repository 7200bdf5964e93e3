//! Makes one activity of any known type from the documented fields, the same one every time.
//!
//! Variant 0 has every field, with its first documented value; other variants take other values and leave out, or set to
//! null, what may be. Shared by the tests and the bench.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

/// One documented field.
pub(crate) struct Documented {
    pub(crate) name: &'static str,
    pub(crate) json: &'static str,
    pub(crate) presence: &'static str,
    pub(crate) values: &'static str,
}

/// The documented fields of every type that has any.
pub(crate) static FIELDS: LazyLock<BTreeMap<&'static str, Vec<Documented>>> = LazyLock::new(|| {
    let mut fields: BTreeMap<&str, Vec<Documented>> = BTreeMap::new();
    let rows = include_str!("data/activity-fields.tsv").lines().filter(|line| !line.starts_with('#')).skip(1);
    for line in rows {
        let mut cells = line.split('\t');
        let mut next = || cells.next().unwrap_or("");
        let (activity, name, json, presence, values) = (next(), next(), next(), next(), next());
        fields.entry(activity).or_default().push(Documented { name, json, presence, values });
    }
    fields
});

/// The common head of a row, as long as on the wire.
const AGENT: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";

/// An activity of a type, as JSON.
pub(crate) fn activity(kind: &str, variant: u32) -> String {
    activity_by(kind, variant, &actor_of(kind))
}

/// An activity of a type by this actor, as JSON.
pub(crate) fn activity_by(kind: &str, variant: u32, actor: &str) -> String {
    let homeless = kind == "compliance_api_accessed" || kind.contains("login");
    let (id, uuid) = if homeless {
        ("null", "null")
    } else {
        ("\"org_01HQnorthwind0000000000\"", "\"3f2a7c1e-8b4d-4e6f-9a0b-1c2d3e4f5a6b\"")
    };
    let mut row = format!(
        "{{\"id\":\"activity_01{}{variant}\",\"created_at\":\"2026-11-23T08:14:05.123456Z\",\"organization_id\":{id},\
         \"organization_uuid\":{uuid},\"actor\":{actor},\"type\":\"{kind}\"",
        letters(kind, 20),
    );
    for field in FIELDS.get(kind).into_iter().flatten() {
        if let Some(value) = value(field, variant) {
            let _ = write!(row, ",\"{}\":{value}", field.name);
        }
    }
    row.push('}');
    row
}

/// An actor such a type usually has.
fn actor_of(kind: &str) -> String {
    let from = format!("\"ip_address\":\"198.51.100.42\",\"user_agent\":\"{AGENT}\"");
    match kind {
        _ if kind.starts_with("scim_") => {
            r#"{"type":"scim_directory_sync_actor","directory_id":"directory_01J9","workos_event_id":"event_01J9","idp_connection_type":"OktaSCIMV2"}"#.to_owned()
        }
        "anthropic_access" | "cmek_preserve" => r#"{"type":"anthropic_actor","email_address":null}"#.to_owned(),
        "compliance_api_accessed" => {
            r#"{"type":"api_actor","api_key_id":"apikey_01J7xq2Vn8","ip_address":"203.0.113.9","user_agent":"claudetrail/0.1.0"}"#.to_owned()
        }
        _ if kind.contains("login_failed") || kind.contains("login_initiated") || kind.contains("anonymous") => {
            format!(r#"{{"type":"unauthenticated_user_actor","unauthenticated_email_address":"ana@example.com",{from}}}"#)
        }
        _ => format!(
            r#"{{"type":"user_actor","email_address":"ana@example.com","user_id":"user_01H8Wq3ZkTn5",{from}}}"#
        ),
    }
}

/// The value of a field in a variant; none where it is left out.
fn value(field: &Documented, variant: u32) -> Option<String> {
    let dice =
        variant.wrapping_mul(2_654_435_761).wrapping_add(letters(field.name, 4).bytes().map(u32::from).sum());
    if variant > 0 && field.presence != "always" && dice.is_multiple_of(3) {
        return (field.presence == "nullable").then(|| "null".to_owned());
    }
    Some(match field.json {
        "boolean" => (variant.is_multiple_of(2)).to_string(),
        "number" => number(field.name, variant).to_string(),
        "datetime" => "\"2026-11-30T00:00:00Z\"".to_owned(),
        "array<string>" => format!("[{},{}]", text(field, variant), text(field, variant + 1)),
        "array<number>" => "[443,8443]".to_owned(),
        "array<object>" => format!("[{}]", object(field, variant)),
        "object" => object(field, variant),
        _ => text(field, variant),
    })
}

fn number(name: &str, variant: u32) -> u32 {
    match name {
        "status_code" => [200, 404, 500, 302][variant as usize % 4],
        "port" => 8443,
        _ if name.contains("amount") || name.contains("limit_usd") => 125_000 + variant,
        _ => 3 + variant,
    }
}

fn text(field: &Documented, variant: u32) -> String {
    let documented: Vec<&str> = field.values.split('|').filter(|value| !value.is_empty()).collect();
    let text = match field.name {
        _ if !documented.is_empty() && !field.values.starts_with('{') => {
            documented[variant as usize % documented.len()].to_owned()
        }
        "url" => "https://api.anthropic.com/v1/compliance/activities?limit=5000&created_at.gte=2026-11-23T08%3A00%3A00Z".to_owned(),
        "request_body" => r#"{\"limit\":100}"#.to_owned(),
        "domain" | "hostname" => "ghe.example.com".to_owned(),
        "per_review_limit_usd" | "previous_per_review_limit_usd" => "12.50".to_owned(),
        "scopes" => ["read:compliance_activities", "read:compliance_user_data"][variant as usize % 2].to_owned(),
        "provider" => "github".to_owned(),
        "outcome" => ["success", "failure"][variant as usize % 2].to_owned(),
        "principal_type" => "user".to_owned(),
        "target_type" => "organization_member".to_owned(),
        name if name.ends_with("_email") || name.ends_with("_emails") => format!("ben{variant}@example.org"),
        name if name.ends_with("_url") || name.ends_with("_issuer") => "https://idp.example.net/path".to_owned(),
        name if name.ends_with("user_id") || ["member_id", "member_ids", "new_owner_id", "previous_owner_id", "account_id", "principal_id", "target_id"].contains(&name) => {
            format!("user_01{}{variant}", letters(name, 6))
        }
        name if name.ends_with("_id") || name.ends_with("_ids") => {
            format!("{}_01{}{variant}", name.trim_end_matches('s').trim_end_matches("_id"), letters(name, 6))
        }
        "filename" | "title" | "description" | "guide_name" | "repo" => String::new(),
        name if name.ends_with("name") => format!("the {} {variant}", name.replace('_', " ")),
        name => format!("{name}_{variant}"),
    };
    format!("\"{text}\"")
}

fn object(field: &Documented, variant: u32) -> String {
    let Some((members, kinds)) = field.values.strip_prefix('{').and_then(|rest| rest.split_once('}')) else {
        return r#"{"standard":10,"premium":2}"#.to_owned();
    };
    let kinds: Vec<&str> =
        kinds.trim_start_matches(" type=").split('|').filter(|kind| !kind.is_empty()).collect();
    let members: Vec<String> = members
        .split(',')
        .map(|member| match member {
            "type" if !kinds.is_empty() => format!("\"type\":\"{}\"", kinds[variant as usize % kinds.len()]),
            "outcome" => format!("\"outcome\":\"{}\"", ["succeeded", "denied"][variant as usize % 2]),
            "previous_value" => "\"previous_value\":null".to_owned(),
            "current_value" => {
                format!("\"current_value\":{}", ["true", "[1,2]", "{\"a\":\"b\"}"][variant as usize % 3])
            }
            "oidc_token" => {
                r#""oidc_token":{"claims":{"sub":"repo:acme/ci","aud":["x"]},"jti":"j1"}"#.to_owned()
            }
            member => format!("\"{member}\":\"{member}_{variant}\""),
        })
        .collect();
    format!("{{{}}}", members.join(","))
}

/// Letters that follow from a name, so that ids differ as they do on the wire.
fn letters(name: &str, count: usize) -> String {
    let mut state =
        name.bytes().fold(0x811C_9DC5_u32, |state, byte| (state ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from(b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789"[(state >> 24) as usize % 32])
        })
        .collect()
}

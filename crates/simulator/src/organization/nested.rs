//! Values that are more than a word: objects, lists of objects, and texts that depend on the rest of the row.
//!
//! Their shapes are documented per field; where only the names of the parts are known, the parts are of the type that
//! the same names have elsewhere.

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::OnceLock;

use super::cast;
use super::catalog::{Catalog, Field, Nullable};
use super::random::{mix, salt, scale, unit};
use super::table;
use super::text;
use super::values::{Scene, plain, quoted_id};

/// Writes a value; false if there is none this time.
pub(super) type Special = fn(&Scene<'_>, &mut Vec<u8>, u64, &Field) -> bool;

/// The writer that `recipes.tsv` calls `special NAME`.
pub(super) fn writer(name: &str) -> Special {
    match name {
        "attempt_status" => attempt_status,
        "attestations" => attestations,
        "audience" => audience,
        "authorization_basis" => authorization_basis,
        "empty_text" => |_, out, _, _| put(out, "\"\""),
        "event_data" => event_data,
        "filename" => filename,
        "github_access" => |_, out, draw, _| github_access(out, draw, false),
        "github_access_changes" => |_, out, draw, _| github_access(out, draw, true),
        "github_username" => github_username,
        "hour" => hour,
        "item_allocations" => |_, out, draw, _| {
            let standard = 150 + scale(draw, 30);
            put(out, &format!(r#"{{"standard":{standard},"premium":{}}}"#, 190 - standard))
        },
        "key_scope" => key_scope,
        "mappings" => mappings,
        "model_access" => model_access,
        "no_longer_named" => no_longer_named,
        "own_email" => own_email,
        "parent" => |scene, out, _, _| word(out, &scene.cast.parent_id),
        "policies" => policies,
        "ports" => |_, out, draw, _| put(out, ["[443]", "[443,8443]", "[22,443]", "[5432]"][scale(draw, 4)]),
        "request_body" => |_, _, _, _| false,
        "resource_details" => resource_details,
        "resources" => resources,
        "role_session" => role_session,
        "server_url" => server_url,
        "slack_channel" => |_, out, draw, _| slack(out, 'C', draw % 60),
        "slack_team" => |_, out, draw, _| slack(out, 'T', draw % 2),
        "slack_threads" => slack_threads,
        "slug" => slug,
        "switched" => switched,
        "trusted_device" => trusted_device,
        "updated_fields" => updated_fields,
        "updates" => updates,
        _ => panic!("no special value {name:?}"),
    }
}

fn put(out: &mut Vec<u8>, json: &str) -> bool {
    out.extend_from_slice(json.as_bytes());
    true
}

fn word(out: &mut Vec<u8>, text: &str) -> bool {
    plain(out, text);
    true
}

fn key(out: &mut Vec<u8>, lead: &str, prefix: &str, key: u64) {
    out.extend_from_slice(lead.as_bytes());
    quoted_id(out, prefix, key);
}

fn digest(out: &mut Vec<u8>, lead: &str, draw: u64) {
    out.extend_from_slice(lead.as_bytes());
    out.push(b'"');
    text::hex(out, 64, draw);
    out.push(b'"');
}

fn attestations(scene: &Scene<'_>, out: &mut Vec<u8>, draw: u64, _: &Field) -> bool {
    let _ = scene;
    digest(out, r#"[{"type":"safe_for_phi","content_hash":"#, draw);
    put(out, "}]")
}

/// Ordinary sharing stays inside the organization.
fn audience(scene: &Scene<'_>, out: &mut Vec<u8>, _: u64, _: &Field) -> bool {
    let wide = if scene.kind.name == "claude_artifact_sharing_updated" {
        // The same link that `new_mode` follows.
        [r"[]", r#"[{"type":"users"}]"#, r#"[{"type":"organization"}]"#][scene.linked(salt("sharing"), 3)]
    } else {
        [r"[]", r#"[{"type":"organization"}]"#][scene.linked(salt("sharing"), 2)]
    };
    put(out, wide)
}

fn authorization_basis(scene: &Scene<'_>, out: &mut Vec<u8>, draw: u64, field: &Field) -> bool {
    put(out, r#"{"slack_channel_id":"#);
    slack(out, 'C', draw % 60);
    put(out, r#","slack_enterprise_id":null,"slack_team_id":"#);
    slack(out, 'T', draw % 2);
    put(out, r#","via_account_assignment":true,"via_entitlement_leg":false,"via_full_manage":false"#);
    key(out, r#","granting_role_ids":["#, "role_", mix(scene.cast.pooled("role", 0), field.salt));
    put(out, "]}")
}

fn event_data(scene: &Scene<'_>, out: &mut Vec<u8>, draw: u64, _: &Field) -> bool {
    let cast = scene.cast;
    if scene.kind.name == "platform_app_attest_authentication" {
        put(out, r#"{"external_client_id":"northwind-field-ios","kid_hash":"#);
        plain(out, &cast.device_key(scene.draft.session));
        put(out, r#","workspace_id":"#);
        plain(out, cast.thing("workspace", 0));
        return put(out, "}");
    }
    let rule = cast.pooled("fdrl_", scale(mix(draw, 2), 7));
    key(out, r#"{"federation_rule_id":"#, "fdrl_", rule);
    key(out, r#","issuer_id":"#, "fdis_", cast.pooled("fdis_", 1));
    put(out, r#","oidc_token":{"claims":{"iss":"https://tokens.ci-forge.example","sub":"#);
    plain(out, cast::workload_subject(scene.draft.session));
    put(
        out,
        r#","aud":"https://api.anthropic.com","workflow":"build-and-review","ref":"refs/heads/main","run_id":"#,
    );
    text::whole(out, 18_000_000_000 + (draw % 900_000_000) as i64);
    put(out, r#"},"jti":""#);
    text::uuid(out, draw);
    put(out, r#""},"requested_service_account_id":"#);
    plain(out, cast.thing("service_account", scale(mix(draw, 4), 9)));
    put(out, "}")
}

/// Succeeded nearly always; the odd exchange is refused because the token is past its time.
fn attempt_status(scene: &Scene<'_>, out: &mut Vec<u8>, _: u64, _: &Field) -> bool {
    let denied = unit(mix(scene.draft.key, salt("luck"))) > 0.985;
    let federated = scene.kind.name == "platform_federated_authentication";
    put(
        out,
        match (denied, federated) {
            (false, true) => r#"{"outcome":"succeeded","detail":null,"reason":null}"#,
            (true, true) => {
                r#"{"outcome":"denied","detail":"token is past its expiry","reason":"token_expired"}"#
            }
            (false, false) => r#"{"outcome":"succeeded","reason":null}"#,
            (true, false) => r#"{"outcome":"denied","reason":"assertion_expired"}"#,
        },
    )
}

/// Names are withheld since autumn 2026, older records included: then empty, null or not there at all.
fn filename(scene: &Scene<'_>, out: &mut Vec<u8>, draw: u64, field: &Field) -> bool {
    if scene.redacted {
        return field.nullable == Nullable::Never && put(out, "\"\"");
    }
    let names = Catalog::get().library.text("file_names");
    word(out, names[scale(draw, names.len())])
}

fn no_longer_named(scene: &Scene<'_>, out: &mut Vec<u8>, draw: u64, field: &Field) -> bool {
    if scene.redacted {
        return field.nullable == Nullable::Never && put(out, "\"\"");
    }
    let projects = &Catalog::get().library.entities[Catalog::get().library.entity("project").0].names;
    word(out, projects[scale(draw, projects.len())])
}

fn github_access(out: &mut Vec<u8>, draw: u64, change: bool) -> bool {
    let repository = 700_000_000 + draw % 9_000_000;
    put(out, r#"[{"access_mode":"selected","github_installation_id":"#);
    text::whole(out, 50_000_000 + (draw % 9_000_000) as i64);
    put(out, r#","repo_count":1,"repos_truncated":false,"ghe_configuration_id":null"#);
    let (names, ids) = if change {
        put(out, r#","previous_access_mode":"selected","repo_ids_removed":[],"repos_removed":[]"#);
        ("repos_added", "repo_ids_added")
    } else {
        ("repos", "repo_ids")
    };
    put(out, &format!(r#","{ids}":[{repository}],"{names}":["northwind-robotics/fleet-gateway"]}}]"#))
}

fn github_username(scene: &Scene<'_>, out: &mut Vec<u8>, _: u64, _: &Field) -> bool {
    let person = scene.draft.actor.person.map_or(0, |person| person);
    let local = scene.cast.people.members[person].email.split('@').next().unwrap_or_default();
    word(out, &local.replace('.', "-"))
}

fn hour(scene: &Scene<'_>, out: &mut Vec<u8>, _: u64, _: &Field) -> bool {
    let mut full = Vec::new();
    text::timestamp(&mut full, scene.draft.at - 3600 * text::SECOND);
    out.push(b'"');
    out.extend_from_slice(&full[..13]);
    put(out, ":00:00Z\"")
}

fn key_scope(scene: &Scene<'_>, out: &mut Vec<u8>, draw: u64, _: &Field) -> bool {
    if draw.is_multiple_of(4) {
        return put(out, r#"{"type":"organization","workspace_id":null}"#);
    }
    put(out, r#"{"type":"workspace","workspace_id":"#);
    plain(out, scene.cast.thing("workspace", (draw % 6) as usize));
    put(out, "}")
}

fn mappings(scene: &Scene<'_>, out: &mut Vec<u8>, _: u64, field: &Field) -> bool {
    let _ = scene;
    let before = field.name.starts_with("previous");
    let premium =
        if before { "" } else { r#",{"idp_group_name":"northwind-research","seat_tier":"premium"}"# };
    put(
        out,
        r#"[{"idp_group_name":"northwind-all","seat_tier":"standard"},{"idp_group_name":"northwind-engineering","seat_tier":"premium"}"#,
    );
    put(out, premium);
    put(out, "]")
}

fn model_access(scene: &Scene<'_>, out: &mut Vec<u8>, draw: u64, _: &Field) -> bool {
    let _ = scene;
    let models = Catalog::get().library.text("models");
    out.push(b'[');
    for (index, model) in models.iter().enumerate() {
        let effort = ["null", "\"medium\"", "\"high\""][scale(mix(draw, index as u64), 3)];
        let comma = if index == 0 { "" } else { "," };
        put(out, &format!(r#"{comma}{{"api_name":"{model}","enabled":true,"max_effort_level":{effort}}}"#));
    }
    put(out, "]")
}

/// The email of the guest who acts.
fn own_email(scene: &Scene<'_>, out: &mut Vec<u8>, _: u64, _: &Field) -> bool {
    let guests = &scene.cast.people.guests;
    let own = guests.iter().find(|guest| Some(&guest.user_id) == scene.draft.actor.user_id.as_ref());
    word(out, &own.unwrap_or(&guests[0]).email)
}

fn policies(scene: &Scene<'_>, out: &mut Vec<u8>, _: u64, field: &Field) -> bool {
    let _ = scene;
    put(
        out,
        if field.name.starts_with("previous") {
            r#"[{"audience":"everyone","visibility_type":"discover"}]"#
        } else {
            r#"[{"audience":"members","visibility_type":"discover"},{"audience":"members","visibility_type":"view_members"}]"#
        },
    )
}

fn resource_details(scene: &Scene<'_>, out: &mut Vec<u8>, draw: u64, _: &Field) -> bool {
    let _ = scene;
    key(out, r#"{"type":"claude_chat","id":"#, "claude_chat_", draw);
    put(out, "}")
}

fn resources(scene: &Scene<'_>, out: &mut Vec<u8>, draw: u64, _: &Field) -> bool {
    put(out, r#"[{"type":"service_account","id":"#);
    plain(out, scene.cast.thing("service_account", scale(mix(draw, 4), 9)));
    put(out, r#"},{"type":"workspace","id":"#);
    plain(out, scene.cast.thing("workspace", (draw % 6) as usize));
    put(out, "}]")
}

fn role_session(scene: &Scene<'_>, out: &mut Vec<u8>, _: u64, _: &Field) -> bool {
    out.extend_from_slice(b"\"claude-");
    text::hex(out, 16, mix(scene.draft.session, 9));
    put(out, "\"")
}

/// The origin of the server that the row names.
fn server_url(scene: &Scene<'_>, out: &mut Vec<u8>, _: u64, _: &Field) -> bool {
    let library = &Catalog::get().library;
    let entity = library.entity("mcp_server");
    let name = library.entities[entity.0].names[scene.entity_index(entity)];
    let host = name.to_lowercase().replace(' ', "-");
    let _ = write!(out, "\"https://{host}.mcp.northwind-robotics.example\"");
    true
}

fn slack(out: &mut Vec<u8>, letter: char, draw: u64) -> bool {
    let mut digits = Vec::new();
    text::identifier(&mut digits, 0, mix(draw, 17));
    let tail = String::from_utf8_lossy(&digits[15..24]).to_uppercase();
    let _ = write!(out, "\"{letter}0{tail}\"");
    true
}

fn slack_threads(scene: &Scene<'_>, out: &mut Vec<u8>, draw: u64, _: &Field) -> bool {
    put(out, r#"[{"channel_id":"#);
    slack(out, 'C', draw % 60);
    put(out, r#","enterprise_id":null,"team_id":"#);
    slack(out, 'T', draw % 2);
    let seconds = scene.draft.at / text::SECOND - 60 - (draw % 4000) as i64;
    let _ = write!(out, r#","thread_ts":"{seconds}.{:06}"}}]"#, draw % 1_000_000);
    true
}

fn slug(scene: &Scene<'_>, out: &mut Vec<u8>, _: u64, _: &Field) -> bool {
    let library = &Catalog::get().library;
    let entity =
        library.entity(if scene.kind.name.contains("proxy") { "proxy_profile" } else { "coding_agent" });
    let name = library.entities[entity.0].names[scene.entity_index(entity)];
    word(out, &name.to_lowercase().replace(' ', "-"))
}

/// Before and after of a switch: the type says which way it went, or else chance does.
fn switched(scene: &Scene<'_>, out: &mut Vec<u8>, _: u64, field: &Field) -> bool {
    let now = match scene.kind.name {
        name if name.ends_with("_enabled") => true,
        name if name.ends_with("_disabled") => false,
        _ => scene.linked(salt("switched"), 2) == 0,
    };
    put(out, if now == field.name.starts_with("current") { "true" } else { "false" })
}

/// The phone that its owner confirms with.
fn trusted_device(scene: &Scene<'_>, out: &mut Vec<u8>, _: u64, _: &Field) -> bool {
    quoted_id(out, "tdev_", mix(scene.draft.actor.owner, salt("trusted device")));
    true
}

fn updated_fields(scene: &Scene<'_>, out: &mut Vec<u8>, draw: u64, _: &Field) -> bool {
    let choices = match scene.kind.name {
        "ccr_agent_updated" => [r#"["slack_alias"]"#, r#"["default_source_urls","guest_policy"]"#],
        "ccr_session_updated" => [r#"["title"]"#, r#"["add_tags","remove_tags"]"#],
        "design_project_updated" => [r#"["files"]"#, r#"["name","files"]"#],
        _ => [r#"["display_name"]"#, r#"["display_name","host_constraint"]"#],
    };
    put(out, choices[scale(draw, 2)])
}

/// The settings of `settings.tsv`, by activity type.
fn settings() -> &'static HashMap<&'static str, Vec<(&'static str, &'static str)>> {
    static SETTINGS: OnceLock<HashMap<&'static str, Vec<(&'static str, &'static str)>>> = OnceLock::new();
    SETTINGS.get_or_init(|| {
        let mut settings: HashMap<_, Vec<_>> = HashMap::new();
        for [kind, setting, value] in table::rows(include_str!("../../data/settings.tsv")) {
            settings.entry(kind).or_default().push((setting, value));
        }
        settings
    })
}

/// One or two settings with their values before and after.
fn updates(scene: &Scene<'_>, out: &mut Vec<u8>, draw: u64, _: &Field) -> bool {
    let Some(known) = settings().get(scene.kind.name) else { return put(out, "[]") };
    let count = 1 + scale(draw, 2.min(known.len()));
    let first = scale(mix(draw, 1), known.len());
    out.push(b'[');
    for index in 0..count {
        let (setting, value) = known[(first + index) % known.len()];
        let draw = mix(draw, 2 + index as u64);
        put(out, if index == 0 { r#"{"type":"# } else { r#",{"type":"# });
        plain(out, setting);
        put(out, r#","previous_value":"#);
        setting_value(out, value, draw, 0);
        put(out, r#","current_value":"#);
        setting_value(out, value, draw, 1);
        out.push(b'}');
    }
    put(out, "]")
}

/// A value of a setting; `turn` 0 and 1 give different ones.
fn setting_value(out: &mut Vec<u8>, value: &'static str, draw: u64, turn: u64) {
    let even = (draw ^ turn).is_multiple_of(2);
    if value == "yes" {
        put(out, if even { "true" } else { "false" });
    } else if value == "hex" {
        digest(out, "", mix(draw, turn));
    } else if let Some((low, high)) = value.split_once("..") {
        let (low, high) = (table::number::<i64>(low), table::number::<i64>(high));
        text::whole(out, low + scale(mix(draw, turn), (high - low + 1) as usize) as i64);
    } else if let Some(words) = value.strip_prefix("list:") {
        out.push(b'[');
        pick_word(out, words, draw, turn);
        out.push(b']');
    } else if let Some(entry) = value.strip_prefix("map:") {
        let _ = write!(out, r#"{{"{entry}":{even}}}"#);
    } else {
        pick_word(out, value, draw, turn);
    }
}

fn pick_word(out: &mut Vec<u8>, words: &'static str, draw: u64, turn: u64) {
    let words = table::words(words);
    let first = scale(draw, words.len());
    match words[(first + turn as usize) % words.len()] {
        "null" => put(out, "null"),
        chosen => word(out, chosen),
    };
}

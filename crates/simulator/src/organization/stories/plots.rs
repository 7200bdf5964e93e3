//! What happens in each of the six incidents, row by row.

use std::sync::Arc;

use super::super::cast::Cast;
use super::super::people::CONSOLE;
use super::super::places::{OTHER_RENTED_SERVERS, OUTSIDE, RENTED_SERVERS, address};
use super::super::random::{mix, salt};
use super::super::row::{Belongs, Given};
use super::super::text::{DAY, SECOND, identifier_string};
use super::super::values::recent;
use super::{HOUR, MINUTE, Plot, RECORDING_OFF, Stage, scope_lost};

/// Addresses the spray tries, and the share of them tried a second time.
const SPRAYED: usize = 52;
const SECOND_TRY_PERCENT: f64 = 40.0;
/// Calls with the stolen key, and those among them that it has no right to.
const STOLEN_READS: usize = 96;
const STOLEN_DENIED: usize = 7;
/// Story 3: chats of others opened, refused, and own chats deleted.
const OPENED: usize = 340;
const REFUSED: usize = 26;
const DELETED: usize = 60;
/// Story 4: members who connect the helpful server.
const CONNECTED: usize = 11;
/// Story 5: strangers who follow the links.
const STRANGERS: usize = 31;

/// Story 1.
pub(super) fn new_admin_key(stage: &Stage<'_>) -> Plot {
    let mut plot = Plot::new(stage, 1, "The new admin key");
    let lead = stage.leads[0];
    let spray_address = address(RENTED_SERVERS, 3);
    let thief_address = address(OTHER_RENTED_SERVERS, 5);
    let browser = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
    let begin = stage.history_end - 5 * HOUR - 30 * MINUTE;
    let members = &stage.cast.people.members;
    let first = plot.dice.below(members.len());
    for index in 0..SPRAYED {
        let member = &members[(first + index * 7) % members.len()];
        let actor = Arc::new(Cast::unauthenticated(Some(&member.email), browser, &spray_address));
        for _ in 0..=usize::from(plot.dice.percent(SECOND_TRY_PERCENT)) {
            let link = plot.dice.percent(35.0);
            let kind = if link { "magic_link_login_failed" } else { "sso_login_failed" };
            let at = begin + plot.dice.between(0, 22 * MINUTE);
            plot.row(at, kind, &actor, Given::default());
        }
    }
    let signed_in = begin + 24 * MINUTE + 17 * SECOND;
    let before = Arc::new(Cast::unauthenticated(Some(stage.email(lead)), browser, &spray_address));
    plot.row(signed_in - 44 * SECOND, "magic_link_login_initiated", &before, Given::default());
    let sprayed = Arc::new(stage.cast.member(lead, browser, &spray_address));
    plot.row(
        signed_in,
        "magic_link_login_succeeded",
        &sprayed,
        Given::default().text("auth_method", "magic_link"),
    );
    let thief = Arc::new(stage.cast.member(lead, browser, &thief_address));
    let key_number = mix(stage.cast.seed, salt("the new admin key"));
    let (created, acting) =
        (identifier_string("admin_api_key_", key_number), identifier_string("apikey_", key_number));
    let minted = signed_in + 4 * MINUTE;
    let given = Given::default()
        .text("admin_api_key_id", &created)
        .json("scopes", r#"["read:compliance_activities","read:compliance_org_data"]"#);
    plot.row(minted, "admin_api_key_created", &thief, given).organization = Belongs::To(CONSOLE);
    read_with_stolen_key(stage, &mut plot, &acting, &thief_address, minted + 3 * MINUTE);
    plot.sentence = format!(
        "{} sign-ins were tried from {spray_address} with {SPRAYED} names; {} got in by an emailed link, without SSO, and \
         four minutes later an admin key was made from {thief_address}, in another country, and used to read the \
         Compliance API.",
        plot.drafts.iter().filter(|draft| draft.at < signed_in - MINUTE).count(),
        stage.email(lead),
    );
    plot.look_for = format!(
        "failed sign-ins from {spray_address}, admin_api_key_created by {}, then compliance_api_accessed by {acting} from \
         {thief_address}",
        stage.email(lead)
    );
    plot.activity_types = vec![
        "sso_login_failed",
        "magic_link_login_failed",
        "magic_link_login_succeeded",
        "admin_api_key_created",
        "compliance_api_accessed",
    ];
    plot.actors = vec![stage.email(lead).to_owned(), acting, created];
    plot.addresses = vec![spray_address, thief_address];
    plot
}

fn read_with_stolen_key(stage: &Stage<'_>, plot: &mut Plot, key_id: &str, from: &str, begin: i64) {
    let actor = Arc::new(stage.cast.api_key(key_id, "python-requests/2.32.5", from));
    for index in 0..STOLEN_READS {
        let at =
            begin + (80 * MINUTE) * index as i64 / STOLEN_READS as i64 + plot.dice.between(0, 20 * SECOND);
        let denied = index % (STOLEN_READS / STOLEN_DENIED) == 5
            && index / (STOLEN_READS / STOLEN_DENIED) < STOLEN_DENIED;
        let (url, status) = if denied {
            let person = stage.cast.people.other_member(plot.dice.next(), None);
            let chats = "https://api.anthropic.com/v1/compliance/apps/chats?limit=100&user_ids%5B%5D=";
            (format!("{chats}{}", person.user_id), 403)
        } else {
            let cursor = identifier_string("activity_", plot.dice.next());
            let feed = "https://api.anthropic.com/v1/compliance/activities?limit=5000&order=desc&after_id=";
            (format!("{feed}{cursor}"), 200)
        };
        let key = plot.dice.next();
        plot.push(stage.readers.call(&actor, at, key, ("GET", &url, None), status));
    }
}

/// Story 2.
pub(super) fn blinding(stage: &Stage<'_>) -> Plot {
    let mut plot = Plot::new(stage, 2, "Blinding");
    let lead = stage.leads[1];
    let actor = stage.at_home(lead);
    let off = stage.history_end - RECORDING_OFF.0;
    let on = off + RECORDING_OFF.1;
    plot.sign_in(stage, off - 13 * MINUTE, lead);
    plot.row(off - 6 * MINUTE, "org_sso_toggled", &actor, Given::default().json("enabled", false));
    let settings = |logging: bool| {
        Given::default().json("compliance_api_enabled", true).json("compliance_api_logging_enabled", logging)
    };
    plot.row(off, "org_compliance_api_settings_updated", &actor, settings(false));
    plot.row(on, "org_compliance_api_settings_updated", &actor, settings(true));
    plot.row(on + 7 * MINUTE, "org_sso_toggled", &actor, Given::default().json("enabled", true));
    plot.sentence = format!(
        "{} switched SSO enforcement off, six minutes later the recording of activities, and both on again two hours \
         after that; of the time between, the feed knows nothing.",
        stage.email(lead)
    );
    plot.look_for = String::from(
        "org_sso_toggled with enabled false, org_compliance_api_settings_updated with \
                     compliance_api_logging_enabled false, and two hours without a row of the organization",
    );
    plot.activity_types = vec!["org_sso_toggled", "org_compliance_api_settings_updated"];
    plot.actors = vec![stage.email(lead).to_owned()];
    plot.addresses = vec![stage.home(lead)];
    plot
}

/// Story 3.
pub(super) fn leaving_with_the_data(stage: &Stage<'_>) -> Plot {
    let mut plot = Plot::new(stage, 3, "Leaving with the data");
    let lead = stage.leads[2];
    let actor = stage.at_home(lead);
    let begin = plot.sign_in(stage, stage.history_end - 3 * DAY - 9 * HOUR, lead);
    let chat = |key: u64| Given::default().text("claude_chat_id", identifier_string("claude_chat_", key));
    for index in 0..OPENED + REFUSED {
        let at = begin
            + MINUTE
            + 3 * HOUR * index as i64 / (OPENED + REFUSED) as i64
            + plot.dice.between(0, 20 * SECOND);
        let owner = stage.cast.people.other_member(plot.dice.next(), Some(lead));
        let given = chat(recent(owner.key, "chat", at, plot.dice.next()));
        if index % ((OPENED + REFUSED) / REFUSED) == 0 && index / ((OPENED + REFUSED) / REFUSED) < REFUSED {
            plot.row(at, "claude_chat_access_failed", &actor, given);
        } else {
            plot.row(at, "claude_chat_viewed", &actor, given.json("claude_project_id", "null"));
        }
    }
    let export = begin + 3 * HOUR + 20 * MINUTE;
    let everything = || Given::default().text("export_type", "conversations");
    plot.row(export, "org_data_export_started", &actor, everything().text("scope", "organization"));
    let system = Arc::new(stage.cast.service("data-export"));
    plot.row(export + 38 * MINUTE, "org_data_export_completed", &system, everything());
    plot.row(export + 43 * MINUTE, "org_data_export_accessed", &actor, everything());
    for index in 0..DELETED {
        let at = export + 50 * MINUTE + 25 * MINUTE * index as i64 / DELETED as i64;
        let at = at + plot.dice.between(0, 15 * SECOND);
        let own = mix(mix(actor.owner, salt("deleted")), index as u64);
        plot.row(at, "claude_chat_deleted", &actor, chat(own).json("claude_project_id", "null"));
    }
    plot.row(export + 77 * MINUTE, "user_logged_out", &actor, Given::default());
    plot.sentence = format!(
        "{}, who has given notice, opened {OPENED} chats of other people in three hours and was refused {REFUSED} more, \
         exported the conversations of the whole organization, downloaded them, and deleted {DELETED} chats.",
        stage.email(lead)
    );
    plot.look_for = format!(
        "claude_chat_viewed by {} in the hundreds, org_data_export_started with scope organization, \
         org_data_export_accessed, {DELETED} claude_chat_deleted",
        stage.email(lead)
    );
    plot.activity_types = vec![
        "claude_chat_viewed",
        "claude_chat_access_failed",
        "org_data_export_started",
        "org_data_export_completed",
        "org_data_export_accessed",
        "claude_chat_deleted",
    ];
    plot.actors = vec![stage.email(lead).to_owned()];
    plot.addresses = vec![stage.home(lead)];
    plot
}

/// Story 4.
pub(super) fn helpful_connector(stage: &Stage<'_>) -> Plot {
    let (name, origin) = ("quick-notes-helper", "https://mcp.quick-notes-helper.example");
    let mut plot = Plot::new(stage, 4, "The helpful connector");
    let lead = stage.leads[3];
    let actor = stage.at_home(lead);
    let id = identifier_string("mcpsrv_", mix(stage.cast.seed, salt(name)));
    let server = || Given::default().text("mcp_server_id", &id).text("mcp_server_name", name);
    let begin = plot.sign_in(stage, stage.history_end - 20 * HOUR, lead) + 2 * MINUTE;
    plot.row(begin, "mcp_server_created", &actor, server());
    let open = server()
        .text("mcp_server_url", origin)
        .json("individual_auth_enabled", true)
        .json("previous_individual_auth_enabled", "null")
        .json("managed_auth_enabled", false)
        .json("managed_auth_mode", "null")
        .json("allowed_scopes", "null");
    plot.row(begin + 3 * MINUTE, "mcp_server_managed_auth_updated", &actor, open);
    for (index, tool) in ["read_files", "run_command", "*"].into_iter().enumerate() {
        let at = begin + 6 * MINUTE + index as i64 * 41 * SECOND;
        let given = server().text("tool_name", tool).text("max_permission", "allow");
        plot.row(at, "mcp_tool_policy_updated", &actor, given);
    }
    plot.row(
        begin + 10 * MINUTE,
        "org_connector_domain_guard_updated",
        &actor,
        Given::default().json("enforced", false),
    );
    plot.row(begin + 12 * MINUTE, "org_cowork_mcp_always_allow_enabled", &actor, Given::default());
    for index in 0..CONNECTED {
        let person = (stage.leads[4] + 3 + index * 11) % stage.cast.people.members.len();
        let member = stage.at_home(person);
        let at = begin + 15 * MINUTE + index as i64 * 3 * MINUTE + plot.dice.between(0, 150 * SECOND);
        let given = server().text("integration_type", "mcp").text("token_vault_connect_mode", "mcp_server");
        plot.row(at, "integration_user_connected", &member, given);
    }
    plot.sentence = format!(
        "{} added the MCP server {name} on {origin}, a host nobody knows, allowed all of its tools, lifted the limit to \
         verified domains and switched always-allow on; {CONNECTED} members connected it within the hour.",
        stage.email(lead)
    );
    plot.look_for = format!(
        "mcp_server_created and mcp_tool_policy_updated of {name}, org_cowork_mcp_always_allow_enabled"
    );
    plot.activity_types = vec![
        "mcp_server_created",
        "mcp_server_managed_auth_updated",
        "mcp_tool_policy_updated",
        "org_connector_domain_guard_updated",
        "org_cowork_mcp_always_allow_enabled",
        "integration_user_connected",
    ];
    plot.actors = vec![stage.email(lead).to_owned()];
    plot.addresses = vec![stage.home(lead)];
    plot
}

/// Story 5.
pub(super) fn public_by_accident(stage: &Stage<'_>) -> Plot {
    let mut plot = Plot::new(stage, 5, "Public by accident");
    let lead = stage.leads[4];
    let actor = stage.at_home(lead);
    let begin = plot.sign_in(stage, stage.history_end - 12 * DAY - 2 * HOUR, lead) + 9 * MINUTE;
    let project = stage.cast.thing("project", stage.cast.people.members[lead].projects[0]);
    let given =
        Given::default().text("claude_project_id", project).json("audience", r#"[{"type":"public"}]"#);
    plot.row(begin, "claude_project_sharing_updated", &actor, given);
    let artifacts: Vec<String> = (0..2)
        .map(|index| identifier_string("claude_artifact_", mix(mix(actor.owner, salt("made public")), index)))
        .collect();
    for (index, artifact) in artifacts.iter().enumerate() {
        let at = begin + 4 * MINUTE + index as i64 * 3 * MINUTE;
        let published = identifier_string("claude_published_artifact_", mix(actor.owner, index as u64));
        let given = Given::default()
            .text("claude_published_artifact_id", published)
            .text("artifact_type", "html")
            .json("is_redeploy", false);
        plot.row(at, "claude_artifact_published", &actor, given);
        let given = Given::default()
            .text("claude_artifact_id", artifact)
            .json("audience", r#"[{"type":"anyone_with_link"}]"#)
            .text("new_mode", "public")
            .text("previous_mode", "owner")
            .json("new_user_count", "null")
            .json("previous_user_count", "null");
        plot.row(at + 8 * SECOND, "claude_artifact_sharing_updated", &actor, given);
    }
    for index in 0..STRANGERS {
        let at = begin + 20 * MINUTE + plot.dice.between(0, 3 * HOUR);
        let browser = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";
        let place = address(OUTSIDE[index % 2], plot.dice.next() | 8);
        let stranger = Arc::new(Cast::unauthenticated(None, browser, &place));
        let given = Given::default().text("claude_artifact_id", &artifacts[index % 2]);
        plot.row(at, "claude_artifact_viewed", &stranger, given);
    }
    plot.sentence = format!(
        "{} shared a project and two artifacts with anyone who has the link; within three hours {STRANGERS} visits came \
         from people without an account.",
        stage.email(lead)
    );
    plot.look_for = format!(
        "claude_project_sharing_updated to public and claude_artifact_sharing_updated to anyone_with_link by {}, then \
         claude_artifact_viewed by nobody in particular",
        stage.email(lead)
    );
    plot.activity_types = vec![
        "claude_project_sharing_updated",
        "claude_artifact_published",
        "claude_artifact_sharing_updated",
        "claude_artifact_viewed",
    ];
    plot.actors = vec![stage.email(lead).to_owned()];
    plot.addresses = vec![stage.home(lead)];
    plot
}

/// Story 6: the rows are those of another reader, which lost its right as ours did.
pub(super) fn quiet_failure(stage: &Stage<'_>) -> Plot {
    let mut plot = Plot::new(stage, 6, "Quiet failure");
    let lost = scope_lost(stage.history_end);
    let mut at = lost.start + 20 * SECOND;
    while at < lost.end {
        let key = plot.dice.next();
        plot.push(stage.readers.poll(at, key, true));
        at += MINUTE;
    }
    let key = stage.cast.thing("key", super::super::readers::FORWARDER_KEY);
    plot.sentence = String::from(
        "For forty minutes no key could read the feed for want of its scope, and what happened in that time \
                     became visible up to an hour late.",
    );
    plot.look_for = format!(
        "compliance_api_accessed with status_code 403 by {key}; a gap or late arrivals in the trail's coverage"
    );
    plot.activity_types = vec!["compliance_api_accessed"];
    plot.actors = vec![key.to_owned()];
    plot.addresses = vec![address(super::super::places::READERS, 0)];
    plot.window = Some(lost);
    plot
}

//! Every kind of actor as a snapshot, and every special rule as a table.

use normalize::Outcome;
use serde_json::{Value, json};

use crate::generator::{activity, activity_by};
use crate::support::{document, normalized};

const FROM: &str = r#""ip_address":"198.51.100.42","user_agent":"curl/8.5.0""#;

/// One of each of the eleven kinds, in more than one form where there is one, and an unknown one.
pub(crate) fn actors() -> Vec<(&'static str, String)> {
    let with = |actor: &str| format!("{{{actor},{FROM}}}");
    vec![
        ("user", with(r#""type":"user_actor","email_address":"ana.lima@example.com","user_id":"user_01H8""#)),
        ("user without address", with(r#""type":"user_actor","user_id":"user_01H8""#)),
        ("unauthenticated", with(r#""type":"unauthenticated_user_actor","unauthenticated_email_address":"ana@example.com""#)),
        ("unauthenticated nobody", with(r#""type":"unauthenticated_user_actor","unauthenticated_email_address":null"#)),
        ("api key", with(r#""type":"api_actor","api_key_id":"apikey_01J7""#)),
        ("admin api key", with(r#""type":"admin_api_key_actor","admin_api_key_id":"admin_api_key_01J7""#)),
        ("service account", with(r#""type":"service_account_actor","service_account_id":"svac_01K2""#)),
        ("anthropic", r#"{"type":"anthropic_actor","email_address":null}"#.to_owned()),
        ("system", r#"{"type":"system_actor","service":"retention"}"#.to_owned()),
        ("system unnamed", r#"{"type":"system_actor"}"#.to_owned()),
        ("scim", r#"{"type":"scim_directory_sync_actor","directory_id":"directory_01","workos_event_id":"event_01","idp_connection_type":"OktaSCIMV2"}"#.to_owned()),
        ("federated identity", with(r#""type":"federated_identity_actor","issuer":"https://token.example.net","subject":"repo:acme/ci","audience":["a","b"]"#)),
        ("federated aws", with(r#""type":"federated_actor","provider":{"type":"aws","account_id":"123456789012","signed_principal":"arn:aws:iam::123456789012:role/ci"},"subject":"ci""#)),
        ("federated azure", with(r#""type":"federated_actor","provider":{"type":"azure","subscription_id":"sub-1"},"subject":"app-1""#)),
        ("federated gcp", with(r#""type":"federated_actor","provider":{"gcp":{"project_number":987654321}}"#)),
        ("federated oidc", with(r#""type":"federated_actor","provider":{"type":"oidc","issuer":null},"subject":"who""#)),
        ("attested device", with(r#""type":"attested_device_actor","external_client_id":"client_1","kid_hash":"9f8e""#)),
        ("unknown kind", with(r#""type":"robot_actor","robot_id":"robot_7","mood":{"level":3}"#)),
    ]
}

#[test]
fn every_kind_of_actor() {
    for (name, actor) in actors() {
        let (document, outcome) = normalized(activity_by("group_viewed", 0, &actor).as_bytes());
        assert_eq!(outcome.issues, [], "{name}");
        let shown = json!({
            "actor": document["anthropic"]["audit"]["actor"],
            "metadata": document["anthropic"]["audit"].get("metadata"),
            "message": document["message"],
            "related": document.get("related"),
            "source": document.get("source"),
            "user": document.get("user"),
            "unknown_fields": outcome.unknown_fields,
        });
        insta::assert_json_snapshot!(format!("actor_{}", name.replace(' ', "_")), shown);
        for key in ["id", "name"] {
            assert!(document["anthropic"]["audit"]["actor"][key].is_string(), "{name} has no {key}");
        }
        let person = name.starts_with("user") || name == "unauthenticated";
        assert_eq!(document.get("user").is_some(), person, "{name}");
    }
}

#[test]
fn whole_documents() {
    for kind in [
        "admin_api_key_created",
        "compliance_api_accessed",
        "sso_login_failed",
        "role_assignment_granted",
        "platform_federated_authentication",
    ] {
        insta::assert_json_snapshot!(format!("document_{kind}"), document(&activity(kind, 0)));
    }
}

/// An activity of a type with these fields.
fn with(kind: &str, fields: &Value) -> String {
    let mut row = json!({
        "id": "activity_01", "created_at": "2026-11-23T08:14:05Z", "type": kind,
        "actor": {"type": "user_actor", "user_id": "user_admin", "email_address": "admin@example.com"},
    });
    if let (Some(row), Some(fields)) = (row.as_object_mut(), fields.as_object()) {
        row.extend(fields.clone());
    }
    row.to_string()
}

fn at<'d>(document: &'d Value, path: &str) -> &'d Value {
    document.pointer(&format!("/{}", path.replace('.', "/"))).unwrap_or(&Value::Null)
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn fields_go_where_they_belong() {
    for (kind, fields, path, expected) in [
        // The user acted upon, under all of its names.
        ("scim_user_deleted", json!({"user_id": "u1"}), "user.target.id", json!("u1")),
        ("scim_user_deleted", json!({"user_id": "u1"}), "anthropic.audit.user_id", json!("u1")),
        (
            "org_user_deleted",
            json!({"deleted_user_id": "u1", "deleted_user_email": "b@x.org"}),
            "user.target",
            json!({"email": "b@x.org", "id": "u1", "name": "b"}),
        ),
        (
            "org_user_deleted",
            json!({"deleted_user_email": "b@x.org"}),
            "anthropic.audit.deleted_user_email",
            json!("b@x.org"),
        ),
        (
            "admin_setup_checklist_step_delegated",
            json!({"delegate_user_id": "u1"}),
            "user.target.id",
            json!("u1"),
        ),
        (
            "claude_artifact_invite_accepted",
            json!({"invitee_user_id": "u1", "role": "reader"}),
            "user.target",
            json!({"id": "u1", "roles": ["reader"]}),
        ),
        (
            "claude_code_security_scan_project_member_updated",
            json!({"member_id": "u1"}),
            "user.target.id",
            json!("u1"),
        ),
        (
            "primary_owner_transferred",
            json!({"new_owner_id": "u2", "previous_owner_id": "u1"}),
            "user.target.id",
            json!(["u1", "u2"]),
        ),
        ("claude_skill_created", json!({"owner_user_id": "u1"}), "user.target.id", json!("u1")),
        (
            "extra_usage_spend_limit_increase_request_denied",
            json!({"requester_user_id": "u1"}),
            "user.target.id",
            json!("u1"),
        ),
        (
            "ccr_agent_proxy_provisioning_credential_rejected",
            json!({"submitted_by_user_id": "u1"}),
            "user.target.id",
            json!("u1"),
        ),
        ("workspace_member_spend_limit_created", json!({"account_id": "u1"}), "user.target.id", json!("u1")),
        (
            "group_member_added",
            json!({"member_ids": ["u2", "u1", "u2", null]}),
            "user.target.id",
            json!(["u1", "u2"]),
        ),
        (
            "group_member_added",
            json!({"member_ids": ["u2", "u1"]}),
            "related.user",
            json!(["admin@example.com", "u1", "u2", "user_admin"]),
        ),
        (
            "org_user_invite_sent",
            json!({"invited_email": "b@x.org", "invited_role": "admin"}),
            "user.target",
            json!({"email": "b@x.org", "name": "b", "roles": ["admin"]}),
        ),
        // The acting admin is no target.
        ("extra_usage_spend_limit_updated", json!({"user_id": "u1"}), "user.target", Value::Null),
        ("extra_usage_spend_limit_updated", json!({"user_id": "u1"}), "anthropic.audit.user_id", json!("u1")),
        (
            "extra_usage_spend_limit_deleted",
            json!({"user_id": "u1"}),
            "related.user",
            json!(["admin@example.com", "u1", "user_admin"]),
        ),
        // Grantees, only when they are people.
        (
            "rbac_role_assigned",
            json!({"principal_id": "p1", "principal_type": "user"}),
            "user.target.id",
            json!("p1"),
        ),
        (
            "rbac_role_assigned",
            json!({"principal_id": "p1", "principal_type": "group"}),
            "user.target",
            Value::Null,
        ),
        (
            "platform_api_key_created",
            json!({"principal_id": "p1", "principal_type": "service_account"}),
            "user.target",
            Value::Null,
        ),
        ("rbac_role_assigned", json!({"principal_id": "p1"}), "user.target", Value::Null),
        (
            "role_assignment_granted",
            json!({"target_id": "u1", "target_type": "organization_member", "role": "admin"}),
            "user.target",
            json!({"id": "u1", "roles": ["admin"]}),
        ),
        (
            "role_assignment_granted",
            json!({"target_id": "g1", "target_type": "group", "role": "admin"}),
            "user.target",
            Value::Null,
        ),
        (
            "role_assignment_granted",
            json!({"target_id": "email:b@x.org", "target_type": "account"}),
            "user.target",
            json!({"email": "b@x.org", "name": "b"}),
        ),
        (
            "claude_user_role_updated",
            json!({"user_id": "u1", "current_role": "owner", "previous_role": "user"}),
            "user.target.roles",
            json!(["owner"]),
        ),
        // Places in ECS.
        ("org_creation_blocked", json!({"reason": "sanctions"}), "event.reason", json!("sanctions")),
        ("claude_file_viewed", json!({"filename": "plan.pdf"}), "file.name", json!("plan.pdf")),
        ("inference_hooks_request_denied", json!({"request_id": "req_1"}), "http.request.id", json!("req_1")),
        (
            "compliance_api_accessed",
            json!({"request_method": "GET", "status_code": 200}),
            "http",
            json!({"request": {"method": "GET"}, "response": {"status_code": 200}}),
        ),
        (
            "compliance_api_accessed",
            json!({"url": "/v1/x?a=1"}),
            "url",
            json!({"original": "/v1/x?a=1", "path": "/v1/x", "query": "a=1"}),
        ),
        (
            "claude_code_security_webhook_created",
            json!({"url": "https://Hooks.example.com:8443/in"}),
            "related.hosts",
            json!(["hooks.example.com"]),
        ),
        (
            "ghe_configuration_created",
            json!({"hostname": "ghe.example.com"}),
            "related.hosts",
            json!(["ghe.example.com"]),
        ),
        ("ghe_configuration_created", json!({"hostname": "10.0.0.5"}), "related.ip", json!(["10.0.0.5"])),
        ("group_viewed", json!({"org_name": "Northwind"}), "organization.name", json!("Northwind")),
        (
            "claude_github_integration_created",
            json!({"organization_name": "acme"}),
            "organization.name",
            json!("acme"),
        ),
        (
            "claude_github_integration_created",
            json!({"organization_name": "acme"}),
            "anthropic.audit.organization_name",
            json!("acme"),
        ),
        (
            "group_viewed",
            json!({"metadata": {"a": {"b": 1}}}),
            "anthropic.audit.setting_metadata",
            json!({"a": {"b": 1}}),
        ),
        // Two shapes of one name.
        (
            "platform_federated_authentication",
            json!({"status": {"outcome": "denied", "reason": "expired"}}),
            "anthropic.audit",
            json!(null),
        ),
        (
            "platform_federated_authentication",
            json!({"status": {"outcome": "denied", "reason": "expired"}}),
            "anthropic.audit.metadata.status",
            json!({"outcome": "denied", "reason": "expired"}),
        ),
        (
            "platform_federated_authentication",
            json!({"status": {"outcome": "denied", "reason": "expired"}}),
            "event.reason",
            json!("expired"),
        ),
        (
            "platform_federated_authentication",
            json!({"status": {"outcome": "denied"}}),
            "anthropic.audit.status",
            Value::Null,
        ),
        (
            "platform_signing_key_created",
            json!({"status": "active"}),
            "anthropic.audit.status",
            json!("active"),
        ),
        (
            "claude_project_sharing_updated",
            json!({"audience": [{"type": "public"}]}),
            "anthropic.audit.audience",
            json!([{"type": "public"}]),
        ),
        (
            "ccr_agent_proxy_anthropic_oidc_token_minted",
            json!({"audience": "sts"}),
            "anthropic.audit.metadata.audience",
            json!("sts"),
        ),
        (
            "platform_api_key_created",
            json!({"scope": {"type": "workspace"}}),
            "anthropic.audit.metadata.scope",
            json!({"type": "workspace"}),
        ),
        ("ccr_agent_proxy_rule_updated", json!({"version": 3}), "anthropic.audit.metadata.version", json!(3)),
        (
            "claude_code_user_plugins_updated",
            json!({"previous_value": "on"}),
            "anthropic.audit.previous_value",
            json!("on"),
        ),
        (
            "org_cowork_enabled",
            json!({"previous_value": false}),
            "anthropic.audit.previous_value",
            json!(false),
        ),
        // Money, as the vocabulary has its units.
        (
            "platform_spend_limit_created",
            json!({"limit_usd": 125_000}),
            "message",
            json!("admin@example.com set the organization's spend limit at $1,250.00"),
        ),
        (
            "claude_code_review_config_updated",
            json!({"per_review_limit_usd": "12.50"}),
            "anthropic.audit.per_review_limit_usd",
            json!(12.5),
        ),
        // Settings before and after, of any shape.
        (
            "claude_organization_settings_updated",
            json!({"updates": [{"type": "name", "previous_value": null, "current_value": {"a": [1, "", {}]}}]}),
            "anthropic.audit.updates",
            json!([{"type": "name", "current_value": {"a": [1]}}]),
        ),
        // What nobody knows yet.
        (
            "group_viewed",
            json!({"moon_phase": "full"}),
            "anthropic.audit.metadata",
            json!({"moon_phase": "full"}),
        ),
        ("group_viewed", json!({"moon_phase": null}), "anthropic.audit.metadata", Value::Null),
    ] {
        let raw = with(kind, &fields);
        let (document, outcome) = normalized(raw.as_bytes());
        assert_eq!(outcome.issues, [], "{raw}");
        if path == "anthropic.audit" {
            continue;
        }
        assert_eq!(*at(&document, path), expected, "{path} of {raw}");
    }
}

#[test]
fn outcomes_are_read_where_they_are_held() {
    for (kind, fields, expected) in [
        ("compliance_api_accessed", json!({"status_code": 200}), "success"),
        ("compliance_api_accessed", json!({"status_code": 403}), "failure"),
        ("compliance_api_accessed", json!({"status_code": 503}), "failure"),
        ("compliance_api_accessed", json!({"status_code": 302}), "unknown"),
        ("abuse_decision_received", json!({"decision": "blocked"}), "failure"),
        ("admin_connector_request_resolved", json!({"decision": "dismissed"}), "success"),
        ("admin_connector_request_resolved", json!({"decision": "unspecified"}), "unknown"),
        ("ccr_agent_proxy_network_events_listed", json!({"failed": true}), "failure"),
        ("github_token_import", json!({"result": "imported"}), "success"),
        ("github_token_import", json!({"result": "rejected_zdr_policy"}), "failure"),
        ("github_token_import", json!({"result": "unspecified"}), "unknown"),
        ("mcp_server_managed_auth_token_exchanged", json!({"outcome": "success"}), "success"),
        ("mcp_server_managed_auth_token_exchanged", json!({"outcome": null, "error_type": "x"}), "failure"),
        ("org_join_proposal_decided", json!({"approved": true}), "success"),
        ("org_join_proposal_decided", json!({"approved": false}), "success"),
        ("org_join_proposal_decided", json!({}), "unknown"),
        ("platform_app_attest_authentication", json!({"status": {"outcome": "succeeded"}}), "success"),
        ("platform_federated_authentication", json!({"status": {"outcome": "denied"}}), "failure"),
        ("inference_hooks_request_failed_open", json!({"reason": "endpoint_timeout"}), "failure"),
        ("step_up_authentication_failed", json!({"reason": "unspecified"}), "failure"),
        ("org_user_invite_rejected", json!({}), "success"),
        ("extra_usage_spend_limit_increase_request_denied", json!({}), "success"),
        ("org_external_key_validated", json!({"validation_result": "failure"}), "failure"),
    ] {
        assert_eq!(document(&with(kind, &fields))["event"]["outcome"], expected, "{kind} {fields}");
    }
    assert_eq!(document(&with("sso_login_succeeded", &json!({})))["event"]["type"], json!(["start"]));
    assert_eq!(document(&with("user_logged_out", &json!({})))["event"]["type"], json!(["end"]));
}

#[test]
fn an_unknown_type_is_categorised_and_marked() {
    let raw = with("quantum_vault_created", &json!({"quantum_vault_id": "vault_7", "colour": "blue"}));
    let (document, outcome) = normalized(raw.as_bytes());
    assert_eq!(outcome, Outcome { unknown_fields: 2, ..Outcome::default() });
    assert_eq!(document["anthropic"]["audit"]["catalogued"], false);
    assert_eq!(document["anthropic"]["audit"].get("group"), None);
    assert_eq!(document["event"]["action"], "quantum_vault_created");
    assert_eq!(document["event"]["category"], json!(["configuration"]));
    assert_eq!(document["event"]["type"], json!(["creation"]));
    assert_eq!(document["message"], "admin@example.com created quantum vault vault_7");
}

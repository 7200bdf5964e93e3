//! From claims to a user and a role: pure.

use serde_json::{Map, Value};

use super::OidcOptions;
use crate::options::Role;

/// Who somebody is here.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) user: String,
    pub(super) role: Role,
}

/// The user of the claims, or their name and why they may not come in.
pub(super) fn identity(
    claims: &Map<String, Value>,
    options: &OidcOptions,
) -> Result<Identity, (String, String)> {
    let user = name(claims, options);
    let groups = groups(claims.get(&options.groups_claim));
    let within =
        |allowed: &[String]| allowed.iter().any(|group| group == "*" || groups.contains(&group.as_str()));
    let role = if within(&options.admin_groups) {
        Role::Admin
    } else if within(&options.viewer_groups) {
        Role::Viewer
    } else {
        let detail =
            format!("{user} is in none of the groups that may come in: ask an administrator of this console");
        return Err((user, detail));
    };
    Ok(Identity { user, role })
}

/// The configured claim. An address that its provider has not verified could be anybody's, so it does not name.
fn name(claims: &Map<String, Value>, options: &OidcOptions) -> String {
    let text = |name: &str| claims.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let unverified = claims.get("email_verified").is_some_and(|value| value == false || value == "false");
    let wanted = text(&options.user_claim).filter(|_| !(options.user_claim == "email" && unverified));
    wanted.or_else(|| text("sub")).unwrap_or("unknown").to_owned()
}

/// A list of texts, or one text.
fn groups(claim: Option<&Value>) -> Vec<&str> {
    match claim {
        Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(one)) => vec![one],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn options(admin: &[&str], viewer: &[&str]) -> OidcOptions {
        let owned = |groups: &[&str]| groups.iter().map(|&group| group.to_owned()).collect();
        OidcOptions {
            issuer: String::new(),
            client_id: String::new(),
            client_secret: None,
            scopes: Vec::new(),
            user_claim: "email".into(),
            groups_claim: "groups".into(),
            admin_groups: owned(admin),
            viewer_groups: owned(viewer),
            ca_file: None,
        }
    }

    #[test]
    fn groups_decide_who_comes_in_and_as_what() {
        let ana = json!({ "sub": "1", "email": "ana@example.com", "groups": ["security", "staff"] });
        for (admin, viewer, role) in [
            (&["security"][..], &[][..], Some(Role::Admin)),
            (&["security"], &["staff"], Some(Role::Admin)),
            (&["root"], &["staff"], Some(Role::Viewer)),
            (&[], &["*"], Some(Role::Viewer)),
            (&["root"], &["others"], None),
            (&[], &[], None),
        ] {
            let found = identity(ana.as_object().unwrap(), &options(admin, viewer));
            assert_eq!(found.ok().map(|identity| identity.role), role, "{admin:?} {viewer:?}");
        }
    }

    #[test]
    fn a_name_is_the_claim_or_else_the_subject() {
        for (claims, user) in [
            (json!({ "sub": "1", "email": "ana@example.com" }), "ana@example.com"),
            (json!({ "sub": "1", "email": "ana@example.com", "email_verified": true }), "ana@example.com"),
            (json!({ "sub": "1", "email": "ana@example.com", "email_verified": false }), "1"),
            (json!({ "sub": "1", "email": 7 }), "1"),
            (json!({ "sub": "1", "groups": "one" }), "1"),
        ] {
            let found = identity(claims.as_object().unwrap(), &options(&[], &["*"])).unwrap();
            assert_eq!(found.user, user);
        }
    }
}

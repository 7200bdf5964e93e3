//! From an activity to the bytes that the log commits: a version byte and the canonical JSON (RFC 8785) of eleven fields.
//!
//! Texts are taken exactly as they were served. What could be read in two ways (a field twice, a field that is no text) is refused:
//! then nobody can say which reading the log holds.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::{Flaw, FlawKind};

/// The version of the fields below.
const VERSION: u8 = 1;

/// Whether activities of this type stand in the log.
pub fn is_logged(activity_type: &str) -> bool {
    matches!(activity_type, "anthropic_access" | "cmek_preserve")
}

/// An activity that stands in a log, as far as the log is concerned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoggedActivity {
    /// Whose log it stands in, in lower case.
    pub organization_uuid: Option<String>,
    /// Where, if the feed said so.
    pub leaf_index: Option<u64>,
    /// What the log commits.
    pub entry: Vec<u8>,
}

#[derive(Deserialize)]
struct Served {
    accessed_at: Option<String>,
    accessor_department: Option<String>,
    actor: Option<ServedActor>,
    created_at: Option<String>,
    id: Option<String>,
    organization_id: Option<String>,
    organization_uuid: Option<String>,
    reason_code: Option<String>,
    resource_details: Option<ServedResource>,
    #[serde(rename = "type")]
    activity_type: Option<String>,
    workspace_id: Option<String>,
    transparency_log_leaf_index: Option<u64>,
}

#[derive(Deserialize)]
struct ServedActor {
    #[serde(rename = "type")]
    actor_type: Option<String>,
}

#[derive(Deserialize)]
struct ServedResource {
    id: Option<String>,
    #[serde(rename = "type")]
    resource_type: Option<String>,
}

/// The fields of a leaf, sorted by name.
#[derive(Serialize)]
struct Leaf<'a> {
    accessed_at: Option<&'a str>,
    accessor_department: Option<&'a str>,
    actor: Option<LeafActor<'a>>,
    created_at: Option<&'a str>,
    id: Option<&'a str>,
    organization_id: Option<&'a str>,
    organization_uuid: Option<&'a str>,
    reason_code: Option<&'a str>,
    resource_details: Option<LeafResource<'a>>,
    r#type: &'a str,
    workspace_id: Option<&'a str>,
}

/// In version 1 nobody's address is told.
#[derive(Serialize)]
struct LeafActor<'a> {
    email_address: (),
    r#type: Option<&'a str>,
}

/// In version 1 no parent is told.
#[derive(Serialize)]
struct LeafResource<'a> {
    id: Option<&'a str>,
    parent: (),
    r#type: Option<&'a str>,
}

impl LoggedActivity {
    /// Reads the exact bytes of an activity.
    pub fn read(activity: &[u8]) -> Result<Self, Flaw> {
        let unreadable = |detail: String| {
            Flaw::new(FlawKind::UnreadableRow, format!("no leaf can be made of it: {detail}"))
        };
        // Every member once, those that nobody names here included.
        let served: Served =
            serde_json::from_slice(activity).map_err(|error| unreadable(error.to_string()))?;
        serde_json::from_slice::<Members>(activity).map_err(|error| unreadable(error.to_string()))?;
        let activity_type = served.activity_type.as_deref().unwrap_or_default();
        if !is_logged(activity_type) {
            return Err(unreadable(format!("its type is {activity_type:?}")));
        }
        let leaf = Leaf {
            accessed_at: served.accessed_at.as_deref(),
            accessor_department: served.accessor_department.as_deref(),
            actor: served
                .actor
                .as_ref()
                .map(|actor| LeafActor { email_address: (), r#type: actor.actor_type.as_deref() }),
            created_at: served.created_at.as_deref(),
            id: served.id.as_deref(),
            organization_id: served.organization_id.as_deref(),
            organization_uuid: served.organization_uuid.as_deref(),
            reason_code: served.reason_code.as_deref(),
            resource_details: served.resource_details.as_ref().map(|resource| LeafResource {
                id: resource.id.as_deref(),
                parent: (),
                r#type: resource.resource_type.as_deref(),
            }),
            r#type: activity_type,
            workspace_id: served.workspace_id.as_deref(),
        };
        let mut entry = vec![VERSION];
        serde_json::to_writer(&mut entry, &leaf).map_err(|error| unreadable(error.to_string()))?;
        Ok(Self {
            organization_uuid: served.organization_uuid.map(|uuid| uuid.to_ascii_lowercase()),
            leaf_index: served.transparency_log_leaf_index,
            entry,
        })
    }
}

/// An object no member of which stands twice.
struct Members;

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Members;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut members: A) -> Result<Members, A::Error> {
                let mut names = std::collections::HashSet::new();
                while let Some((name, IgnoredAny)) = members.next_entry::<String, IgnoredAny>()? {
                    if !names.insert(name.to_ascii_lowercase()) {
                        return Err(serde::de::Error::custom(format!("the member {name:?} stands twice")));
                    }
                }
                Ok(Members)
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

//! What an activity type is in OCSF: its event class, the activity within it, and what it is about.
//!
//! The table is `data/ocsf.tsv`, one row a type. A type that the catalogue does not know is an API Activity, or an
//! Authentication where its name says so, by the same derivation as in ECS.

use super::derived::Derived;
use crate::json;
use crate::outcome::EventOutcome;
use crate::vocabulary::vocabulary;

/// The version of OCSF that events are written in.
pub const OCSF_VERSION: &str = "1.5.0";

/// The event classes in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OcsfClass {
    /// 3001: an account is made, changed, removed.
    AccountChange,
    /// 3002: somebody signs in or out.
    Authentication,
    /// 3004: anything that is managed is made, read, changed, removed.
    EntityManagement,
    /// 3005: somebody gets or loses a right.
    UserAccessManagement,
    /// 3006: a group is made, changed, removed; its members and rights.
    GroupManagement,
    /// 6001: content is made, read, changed, removed, shared.
    WebResourcesActivity,
    /// 6003: an API is called.
    ApiActivity,
    /// 6006: a file is uploaded, downloaded, opened, removed.
    FileHostingActivity,
}

type Captions = &'static [(u8, &'static str)];

impl OcsfClass {
    const ALL: [Self; 8] = [
        Self::AccountChange,
        Self::Authentication,
        Self::EntityManagement,
        Self::UserAccessManagement,
        Self::GroupManagement,
        Self::WebResourcesActivity,
        Self::ApiActivity,
        Self::FileHostingActivity,
    ];

    /// `class_uid`.
    pub fn uid(self) -> u32 {
        match self {
            Self::AccountChange => 3001,
            Self::Authentication => 3002,
            Self::EntityManagement => 3004,
            Self::UserAccessManagement => 3005,
            Self::GroupManagement => 3006,
            Self::WebResourcesActivity => 6001,
            Self::ApiActivity => 6003,
            Self::FileHostingActivity => 6006,
        }
    }

    /// `class_name`.
    pub fn name(self) -> &'static str {
        match self {
            Self::AccountChange => "Account Change",
            Self::Authentication => "Authentication",
            Self::EntityManagement => "Entity Management",
            Self::UserAccessManagement => "User Access Management",
            Self::GroupManagement => "Group Management",
            Self::WebResourcesActivity => "Web Resources Activity",
            Self::ApiActivity => "API Activity",
            Self::FileHostingActivity => "File Hosting Activity",
        }
    }

    /// Captions of `activity_id`, as far as they are in use.
    fn captions(self) -> Captions {
        match self {
            Self::AccountChange => &[
                (1, "Create"),
                (2, "Enable"),
                (5, "Disable"),
                (6, "Delete"),
                (10, "MFA Factor Enable"),
                (11, "MFA Factor Disable"),
            ],
            Self::Authentication => &[(1, "Logon"), (2, "Logoff"), (6, "Preauth")],
            Self::EntityManagement => &[
                (1, "Create"),
                (2, "Read"),
                (3, "Update"),
                (4, "Delete"),
                (8, "Enable"),
                (9, "Disable"),
                (10, "Activate"),
                (11, "Deactivate"),
                (12, "Suspend"),
                (13, "Resume"),
            ],
            Self::UserAccessManagement => &[(1, "Assign Privileges"), (2, "Revoke Privileges")],
            Self::GroupManagement => &[
                (1, "Assign Privileges"),
                (2, "Revoke Privileges"),
                (3, "Add User"),
                (4, "Remove User"),
                (5, "Delete"),
                (6, "Create"),
            ],
            Self::WebResourcesActivity => {
                &[(1, "Create"), (2, "Read"), (3, "Update"), (4, "Delete"), (5, "Search"), (8, "Share")]
            }
            Self::ApiActivity => &[(1, "Create"), (2, "Read"), (3, "Update"), (4, "Delete")],
            Self::FileHostingActivity => &[
                (1, "Upload"),
                (2, "Download"),
                (3, "Update"),
                (4, "Delete"),
                (14, "Open"),
                (17, "Access Check"),
            ],
        }
    }
}

/// What a type is in OCSF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OcsfMeaning {
    /// The event class.
    pub class: OcsfClass,
    /// `activity_id` within the class.
    pub activity: u8,
    /// What kind of thing it is about: "API key".
    pub object: &'static str,
    /// Whether such an activity may tell what its object is called.
    pub(crate) tells_a_name: bool,
    pub(crate) uid: Vec<u16>,
    pub(crate) name: Vec<u16>,
    pub(crate) ready: OcsfReady,
}

/// Members of an event that follow from the type alone, as JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OcsfReady {
    /// `"activity_id":…,"activity_name":…`
    pub(crate) activity: String,
    /// `"category_name":… "class_uid":…`
    pub(crate) class: String,
    /// `"severity":…,"severity_id":…`
    pub(crate) severity: String,
    /// `"type_name":…,"type_uid":…`
    pub(crate) type_members: String,
}

impl OcsfMeaning {
    /// Reads a row of the table. Panics on a malformed one: the table is part of the program.
    pub(super) fn read([name, class, activity, object, uid, names]: [&'static str; 6], severity: u8) -> Self {
        let class = OcsfClass::ALL
            .into_iter()
            .find(|known| known.uid().to_string() == class)
            .unwrap_or_else(|| panic!("{name}: {class:?} is no class of ours"));
        let activity = activity.parse().unwrap_or_else(|_| panic!("{name}: {activity:?} is no activity_id"));
        assert!(
            activity == 99 || class.captions().iter().any(|(id, _)| *id == activity),
            "{name}: {activity}"
        );
        let fields = |cell: &'static str| -> Vec<u16> {
            let names = cell.split('/').filter(|name| !name.is_empty());
            names
                .map(|field| vocabulary().find(field).unwrap_or_else(|| panic!("{name}: no field {field:?}")))
                .collect()
        };
        // Of content nothing is kept by name: there is no end of it.
        let tells_a_name = !matches!(
            class,
            OcsfClass::WebResourcesActivity | OcsfClass::FileHostingActivity | OcsfClass::ApiActivity
        );
        let ready = OcsfReady::new(class, activity, name, severity);
        Self { class, activity, object, tells_a_name, uid: fields(uid), name: fields(names), ready }
    }

    /// `activity_name` of an activity that the class knows; "Other" for one that it does not.
    pub fn activity_name(&self) -> &'static str {
        let known = self.class.captions().iter().find(|(id, _)| *id == self.activity);
        known.map_or("Other", |(_, caption)| caption)
    }

    /// What can be said of a type that the catalogue does not know.
    pub(crate) fn derived(name: &str, derived: &Derived) -> Self {
        let (category, kind) = (derived.categories[0], derived.types[0]);
        let (class, activity) = match (category, kind) {
            ("authentication", "start") => (OcsfClass::Authentication, 1),
            ("authentication", "end") => (OcsfClass::Authentication, 2),
            ("authentication", _) => (OcsfClass::Authentication, 99),
            (_, "creation" | "start") => (OcsfClass::ApiActivity, 1),
            (_, "access") => (OcsfClass::ApiActivity, 2),
            (_, "change") => (OcsfClass::ApiActivity, 3),
            (_, "deletion" | "end") => (OcsfClass::ApiActivity, 4),
            _ => (OcsfClass::ApiActivity, 99),
        };
        let ready = OcsfReady::new(class, activity, name, derived.severity);
        Self { class, activity, object: "", tells_a_name: false, uid: Vec::new(), name: Vec::new(), ready }
    }
}

impl OcsfReady {
    pub(crate) fn new(class: OcsfClass, activity: u8, type_name: &str, severity: u8) -> Self {
        let caption = class.captions().iter().find(|(id, _)| *id == activity).map(|(_, caption)| *caption);
        let mut activity_name = Vec::new();
        json::escaped(&mut activity_name, caption.unwrap_or(type_name));
        let activity_name = String::from_utf8_lossy(&activity_name);
        let (uid, name) = (class.uid(), class.name());
        let category = if uid < 6000 { "Identity & Access Management" } else { "Application Activity" };
        let (severity_name, severity_id) = severity_of(severity);
        Self {
            activity: format!("\"activity_id\":{activity},\"activity_name\":\"{activity_name}\""),
            class: format!(
                "\"category_name\":\"{category}\",\"category_uid\":{},\"class_name\":\"{name}\",\"class_uid\":{uid}",
                uid / 1000
            ),
            severity: format!("\"severity\":\"{severity_name}\",\"severity_id\":{severity_id}"),
            type_members: format!(
                "\"type_name\":\"{name}: {}\",\"type_uid\":{}",
                if caption.is_some() { &activity_name } else { "Other" },
                uid * 100 + u32::from(activity)
            ),
        }
    }
}

/// OCSF's severity for that of ECS.
fn severity_of(severity: u8) -> (&'static str, u8) {
    match severity {
        0..=10 => ("Informational", 1),
        11..=21 => ("Low", 2),
        22..=47 => ("Medium", 3),
        48..=73 => ("High", 4),
        _ => ("Critical", 5),
    }
}

/// `"status":…,"status_id":…` of an outcome.
pub(crate) fn status(outcome: EventOutcome) -> (&'static str, &'static str) {
    match outcome {
        EventOutcome::Success => ("\"status\":\"Success\"", "\"status_id\":1"),
        EventOutcome::Failure => ("\"status\":\"Failure\"", "\"status_id\":2"),
        EventOutcome::Unknown => ("\"status\":\"Unknown\"", "\"status_id\":0"),
    }
}

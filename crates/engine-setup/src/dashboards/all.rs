//! The dashboards, as data.

use super::{Column, Dashboard, Metric, Panel, Shape};

/// Every dashboard, in the order in which they are read.
pub fn all() -> &'static [Dashboard] {
    &[AUDIT_OVERVIEW, IDENTITY_AND_ACCESS, CONTENT_AND_DATA_MOVEMENT, TRAIL_HEALTH]
}

const fn figure(title: &'static str, query: &'static str, metric: Metric) -> Panel {
    Panel { title, query, shape: Shape::Figure(metric), width: 12, height: 7 }
}

const fn over_time(title: &'static str, query: &'static str, field: &'static str, width: u32) -> Panel {
    Panel { title, query, shape: Shape::OverTime(field), width, height: 12 }
}

const fn share(title: &'static str, query: &'static str, field: &'static str) -> Panel {
    Panel { title, query, shape: Shape::Share(field), width: 16, height: 12 }
}

const fn top(title: &'static str, query: &'static str, columns: &'static [Column], width: u32) -> Panel {
    Panel { title, query, shape: Shape::Top(columns), width, height: 14 }
}

const fn documents(title: &'static str, query: &'static str, fields: &'static [&'static str]) -> Panel {
    Panel { title, query, shape: Shape::Documents(fields), width: 48, height: 16 }
}

const ACTOR: Column = Column { field: "anthropic.audit.actor.name", label: "Actor", size: 15 };
const ACTION: Column = Column { field: "event.action", label: "Action", size: 15 };
const ADDRESS: Column = Column { field: "source.ip", label: "Address", size: 15 };
/// As second columns: fewer of each.
const ITS_ACTIONS: Column = Column { size: 5, ..ACTION };
const ITS_ADDRESSES: Column = Column { size: 5, ..ADDRESS };

/// What a person reads of a document.
const SENTENCE: &[&str] =
    &["message", "event.action", "event.outcome", "anthropic.audit.actor.name", "source.ip", "event.id"];

const AUDIT_OVERVIEW: Dashboard = Dashboard {
    name: "audit-overview",
    title: "[ClaudeTrail] Audit overview",
    description: "What happens in the organization's Claude account: how much, by whom, from where, and what stands out.",
    from: "now-7d",
    panels: &[
        figure("Activities", "", Metric::Count),
        figure("Actors", "", Metric::Distinct("anthropic.audit.actor.id")),
        figure("Failures", "event.outcome:failure", Metric::Count),
        figure("High and critical", "event.severity >= 73", Metric::Count),
        over_time("Activities by category", "", "event.category", 48),
        share("Outcome", "", "event.outcome"),
        share("Area", "", "anthropic.audit.group"),
        share("Kind of actor", "", "anthropic.audit.actor.type"),
        top("Actors and what they do", "", &[ACTOR, ITS_ACTIONS], 24),
        top("Actions", "", &[ACTION], 12),
        top("Countries", "", &[Column { field: "source.geo.country_name", label: "Country", size: 15 }], 12),
        documents("High and critical", "event.severity >= 73", SENTENCE),
    ],
};

const SIGN_INS: &str = "event.category:authentication";
const FAILED_SIGN_INS: &str = "event.category:authentication and event.outcome:failure";
const KEYS: &str = "anthropic.audit.group:api_keys";

const IDENTITY_AND_ACCESS: Dashboard = Dashboard {
    name: "identity-and-access",
    title: "[ClaudeTrail] Identity and access",
    description: "Who signs in and who cannot, who gets which role, and which keys come and go.",
    from: "now-7d",
    panels: &[
        figure("Sign-ins and sign-outs", SIGN_INS, Metric::Count),
        figure("Failed", FAILED_SIGN_INS, Metric::Count),
        figure("Changes of access", "event.category:iam", Metric::Count),
        figure("Changes of keys", KEYS, Metric::Count),
        over_time("Sign-ins by outcome", SIGN_INS, "event.outcome", 24),
        over_time("Changes of access by kind", "event.category:iam", "event.type", 24),
        top("Failed sign-ins by address", FAILED_SIGN_INS, &[ADDRESS, Column { size: 5, ..ACTOR }], 24),
        top(
            "How people sign in",
            SIGN_INS,
            &[ACTION, Column { field: "event.outcome", label: "Outcome", size: 3 }],
            24,
        ),
        top(
            "Who changes whose access",
            "event.category:iam and user.target.email:*",
            &[ACTOR, Column { field: "user.target.email", label: "Person acted upon", size: 5 }],
            24,
        ),
        top("Keys: what happened, and by whom", KEYS, &[ACTION, Column { size: 5, ..ACTOR }], 24),
        documents(
            "Changes of access, keys and sign-in settings",
            "event.category:iam and event.severity >= 47",
            SENTENCE,
        ),
    ],
};

const CONTENT: &str = "anthropic.audit.group:content";
const TAKEN_OUT: &str =
    "event.action:(*_exported or *_downloaded or *export_accessed or *export_started or *export_completed)";
const SHARED: &str =
    "event.action:(*_sharing_updated or *_sharing_permission_updated or session_share_* or pending_share_*)";

const CONTENT_AND_DATA_MOVEMENT: Dashboard = Dashboard {
    name: "content-and-data-movement",
    title: "[ClaudeTrail] Content and data movement",
    description: "Who looks at content, who takes it out, whom it is shared with, and what is deleted.",
    from: "now-7d",
    panels: &[
        figure("Content activities", CONTENT, Metric::Count),
        figure("Taken out", TAKEN_OUT, Metric::Count),
        figure("Sharing changed", SHARED, Metric::Count),
        figure("Deleted", "anthropic.audit.group:content and event.type:deletion", Metric::Count),
        over_time("Content activities by kind", CONTENT, "event.type", 48),
        top("Who looks at how much", "event.action:*_viewed", &[ACTOR, ITS_ACTIONS], 24),
        top("Who takes out what", TAKEN_OUT, &[ACTOR, ITS_ACTIONS], 24),
        top("Who deletes", "event.type:deletion", &[ACTOR, ITS_ACTIONS], 24),
        top(
            "Connectors",
            "anthropic.audit.mcp_server_name:*",
            &[Column { field: "anthropic.audit.mcp_server_name", label: "Connector", size: 15 }, ITS_ACTIONS],
            24,
        ),
        documents("Taken out", TAKEN_OUT, SENTENCE),
        documents("Sharing changed", SHARED, SENTENCE),
    ],
};

const API: &str = "event.action:compliance_api_accessed";
const RECORDING: &str = "event.action:org_compliance_api_settings_updated";
const ODD: &str = "event.kind:pipeline_error or error.message:* or anthropic.audit.catalogued:false";

const TRAIL_HEALTH: Dashboard = Dashboard {
    name: "trail-health",
    title: "[ClaudeTrail] Trail health",
    description: "Whether the trail keeps coming, who else reads the feed, and what could not be understood. Coverage and gaps are in `claudetrail status`, which can prove them.",
    from: "now-24h",
    panels: &[
        figure("Newest activity", "", Metric::Latest("@timestamp")),
        figure("Newest delivery", "", Metric::Latest("event.ingested")),
        figure("Recording switched", RECORDING, Metric::Count),
        figure("Odd documents", ODD, Metric::Count),
        over_time("Activities by organization", "", "organization.id", 48),
        over_time("Reads of the Compliance API by status", API, "http.response.status_code", 24),
        top("Who reads the Compliance API", API, &[ACTOR, ITS_ADDRESSES], 24),
        top("Types that are not in the catalogue", "anthropic.audit.catalogued:false", &[ACTION], 24),
        top(
            "Feeds",
            "",
            &[
                Column { field: "data_stream.namespace", label: "Namespace", size: 20 },
                Column { field: "organization.id", label: "Organization", size: 10 },
            ],
            24,
        ),
        documents("Recording switched", RECORDING, SENTENCE),
        documents(
            "What could not be understood",
            ODD,
            &["error.message", "event.action", "event.kind", "event.id"],
        ),
    ],
};

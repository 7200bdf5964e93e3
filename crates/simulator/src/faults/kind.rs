//! The kinds of faults, with their names in the file form.

use std::time::Duration;

use jiff::SignedDuration;

/// What can go wrong. The first group replaces the answer, the second changes the page in it, the third spoils its way.
#[derive(Debug, Clone, PartialEq)]
pub enum FaultKind {
    /// 400 `Invalid after_id` or `Invalid before_id`; only for a request with a cursor.
    RefusedCursor,
    /// 400 that names no cursor.
    BadRequest,
    /// 401 "API key is invalid."
    InvalidKey,
    /// 401 "API key has expired."
    ExpiredKey,
    /// 403 that names the scopes, without rate headers.
    MissingScope,
    /// 403 of an organization under another parent.
    ForeignOrganization,
    /// 404.
    NotFound,
    /// 408.
    RequestTimeout,
    /// 429, without regard to the budget.
    RateLimited {
        /// `retry-after`, in whole seconds.
        retry_after: Duration,
    },
    /// 500 with `x-should-retry: true`.
    ServerError,
    /// 500 with `x-should-retry: false`.
    ServerErrorFinal,
    /// 502.
    BadGateway,
    /// 503.
    Unavailable,
    /// 504.
    GatewayTimeout,
    /// 529.
    Overloaded,
    /// Any status, with a body in the documented form.
    Status {
        /// 400 to 599.
        status: u16,
        /// `x-should-retry`; without it the header that goes with the status.
        should_retry: Option<bool>,
    },
    /// A web page in place of the answer, as a proxy makes it.
    HtmlPage {
        /// The status it comes with.
        status: u16,
    },

    /// A row of just outside the range that was asked for.
    PageOutsideBounds,
    /// More rows than the limit.
    PageTooManyRows {
        /// How many more.
        rows: usize,
    },
    /// The rows the other way round.
    PageWrongOrder,
    /// The first rows twice.
    DuplicateRows {
        /// How many of them.
        rows: usize,
    },
    /// A `last_id` that leads back to this same page.
    RepeatedCursor,

    /// Rows that stand in a transparency log do not say where.
    RowWithoutLeafIndex,

    /// One leaf of the log is another than it was.
    LogRewrittenLeaf {
        /// Which.
        leaf: u64,
    },
    /// The log is another one of the same size: every leaf differs.
    LogFork,
    /// The signature of the checkpoint is not that of its text.
    LogWrongSignature,
    /// The checkpoint is signed by a key that was never announced; the keys endpoint serves it.
    LogUnknownKey,
    /// The checkpoint is of another organization.
    LogWrongOrigin,
    /// The log ends some leaves earlier than it does.
    LogRollback {
        /// How many.
        leaves: u64,
    },

    /// The right body under another content type.
    WrongContentType {
        /// The content type.
        content_type: String,
    },
    /// The connection closes in the middle of the body.
    TruncatedBody {
        /// Share of the body that arrives (0.0 to 1.0).
        share: f64,
    },
    /// A body that arrives whole and is half of a JSON text.
    InvalidJson,
    /// The body trickles.
    SlowBody {
        /// From its first byte to its last.
        duration: Duration,
    },
    /// No answer.
    Hang {
        /// How long the connection stays open.
        duration: Duration,
    },
    /// The connection is reset before the answer.
    ConnectionReset,
    /// The clock of the answering server is off: the `date` header, the reset header, and the row of the call.
    ClockSkew {
        /// How far; negative is behind.
        by: SignedDuration,
    },
}

/// A name in the file form, the keys beside the trigger's that this kind takes, and the kind with its defaults.
pub(crate) struct KindName {
    pub(crate) name: &'static str,
    pub(crate) keys: &'static [&'static str],
    pub(crate) default: fn() -> FaultKind,
}

const fn plain(name: &'static str, default: fn() -> FaultKind) -> KindName {
    KindName { name, keys: &[], default }
}

/// Every kind, in the order of the reference.
pub(crate) static KINDS: [KindName; 36] = [
    plain("refused_cursor", || FaultKind::RefusedCursor),
    plain("bad_request", || FaultKind::BadRequest),
    plain("invalid_key", || FaultKind::InvalidKey),
    plain("expired_key", || FaultKind::ExpiredKey),
    plain("missing_scope", || FaultKind::MissingScope),
    plain("foreign_organization", || FaultKind::ForeignOrganization),
    plain("not_found", || FaultKind::NotFound),
    plain("request_timeout", || FaultKind::RequestTimeout),
    KindName {
        name: "rate_limited",
        keys: &["retry_after"],
        default: || FaultKind::RateLimited { retry_after: Duration::from_secs(1) },
    },
    plain("server_error", || FaultKind::ServerError),
    plain("server_error_final", || FaultKind::ServerErrorFinal),
    plain("bad_gateway", || FaultKind::BadGateway),
    plain("unavailable", || FaultKind::Unavailable),
    plain("gateway_timeout", || FaultKind::GatewayTimeout),
    plain("overloaded", || FaultKind::Overloaded),
    KindName {
        name: "status",
        keys: &["status", "should_retry"],
        default: || FaultKind::Status { status: 500, should_retry: None },
    },
    KindName { name: "html_page", keys: &["status"], default: || FaultKind::HtmlPage { status: 200 } },
    plain("page_outside_bounds", || FaultKind::PageOutsideBounds),
    KindName {
        name: "page_too_many_rows",
        keys: &["rows"],
        default: || FaultKind::PageTooManyRows { rows: 1 },
    },
    plain("page_wrong_order", || FaultKind::PageWrongOrder),
    KindName { name: "duplicate_rows", keys: &["rows"], default: || FaultKind::DuplicateRows { rows: 3 } },
    plain("repeated_cursor", || FaultKind::RepeatedCursor),
    plain("row_without_leaf_index", || FaultKind::RowWithoutLeafIndex),
    KindName {
        name: "log_rewritten_leaf",
        keys: &["leaf"],
        default: || FaultKind::LogRewrittenLeaf { leaf: 0 },
    },
    plain("log_fork", || FaultKind::LogFork),
    plain("log_wrong_signature", || FaultKind::LogWrongSignature),
    plain("log_unknown_key", || FaultKind::LogUnknownKey),
    plain("log_wrong_origin", || FaultKind::LogWrongOrigin),
    KindName { name: "log_rollback", keys: &["leaves"], default: || FaultKind::LogRollback { leaves: 1 } },
    KindName {
        name: "wrong_content_type",
        keys: &["content_type"],
        default: || FaultKind::WrongContentType { content_type: "text/plain; charset=utf-8".to_owned() },
    },
    KindName {
        name: "truncated_body",
        keys: &["share"],
        default: || FaultKind::TruncatedBody { share: 0.5 },
    },
    plain("invalid_json", || FaultKind::InvalidJson),
    KindName {
        name: "slow_body",
        keys: &["duration"],
        default: || FaultKind::SlowBody { duration: Duration::from_secs(5) },
    },
    KindName {
        name: "hang",
        keys: &["duration"],
        default: || FaultKind::Hang { duration: Duration::from_mins(2) },
    },
    plain("connection_reset", || FaultKind::ConnectionReset),
    KindName {
        name: "clock_skew",
        keys: &["by"],
        default: || FaultKind::ClockSkew { by: SignedDuration::from_hours(1) },
    },
];

impl FaultKind {
    /// The name in the file form.
    pub fn name(&self) -> &'static str {
        let same =
            |known: &&KindName| std::mem::discriminant(&(known.default)()) == std::mem::discriminant(self);
        KINDS.iter().find(same).map_or("unnamed", |known| known.name)
    }
}

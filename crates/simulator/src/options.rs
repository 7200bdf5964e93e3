//! What a simulator is made from: its parents, its keys, and how slow, late and strict it is.

use std::{sync::Arc, time::Duration};

use crate::{ActivitySource, FaultPlan, dice, id};

/// The scope that the Activity Feed needs.
pub const ACTIVITY_SCOPE: &str = "read:compliance_activities";

/// The name of the parent that [`SimulatorOptions::new`] makes.
pub const DEFAULT_PARENT: &str = "default";

/// The kind of a key; both go into `x-api-key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// Compliance Access Key, `sk-ant-api01-…`.
    ComplianceAccess,
    /// Admin API key, `sk-ant-admin01-…`; reaches the Activity Feed only.
    Admin,
}

/// A key that the simulator knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulatedKey {
    /// The secret, as the caller sends it.
    pub key: String,
    /// Which kind of key it is.
    pub kind: KeyKind,
    /// What it may do; the feed needs [`ACTIVITY_SCOPE`].
    pub scopes: Vec<String>,
    /// An expired key is a 401 of its own.
    pub expired: bool,
    /// Name of the parent organization it belongs to.
    pub parent: String,
    /// What its ids end in: `apikey_…` where it acts, `admin_api_key_…` where an Admin key is created.
    pub id_suffix: String,
}

impl SimulatedKey {
    /// A valid key of the default parent with the scope of the feed; the kind follows from its prefix.
    pub fn new(key: impl Into<String>) -> Self {
        let key = key.into();
        let kind = if key.starts_with("sk-ant-admin") { KeyKind::Admin } else { KeyKind::ComplianceAccess };
        let first = dice::roll_name(0, &key);
        let id_suffix = id::of("", first, dice::roll(first, 1));
        Self {
            id_suffix,
            key,
            kind,
            scopes: vec![ACTIVITY_SCOPE.to_owned()],
            expired: false,
            parent: DEFAULT_PARENT.to_owned(),
        }
    }

    /// Its id where it acts, whatever its kind: `apikey_…`.
    pub fn actor_id(&self) -> String {
        format!("apikey_{}", self.id_suffix)
    }

    /// Its id in the row that tells of its creation; the suffix is the same.
    pub fn created_id(&self) -> String {
        match self.kind {
            KeyKind::Admin => format!("admin_api_key_{}", self.id_suffix),
            KeyKind::ComplianceAccess => self.actor_id(),
        }
    }

    /// The same key with other scopes.
    #[must_use]
    pub fn scopes(mut self, scopes: &[&str]) -> Self {
        self.scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        self
    }

    /// The same key, expired.
    #[must_use]
    pub fn expired(mut self) -> Self {
        self.expired = true;
        self
    }

    /// The same key, of another parent.
    #[must_use]
    pub fn of(mut self, parent: &str) -> Self {
        parent.clone_into(&mut self.parent);
        self
    }
}

/// A parent organization: one budget, one history, one stream of its own reads.
#[derive(Clone)]
pub struct SimulatedParent {
    /// The name that keys and the control plane use.
    pub name: String,
    /// Who makes its rows.
    pub source: Arc<dyn ActivitySource>,
}

/// Everything a [`Simulator`](crate::Simulator) is made from. Public fields: take [`SimulatorOptions::new`] and change
/// what matters.
#[derive(Clone)]
pub struct SimulatorOptions {
    /// Everything random on the server's side (lags, latencies, request ids) follows from this number.
    pub seed: u64,
    /// The parents; the first one is the default.
    pub parents: Vec<SimulatedParent>,
    /// The keys.
    pub keys: Vec<SimulatedKey>,
    /// Budget of each parent over all its keys; 0 takes the limit and its headers away. Default 600.
    pub requests_per_minute: u32,
    /// Most rows become visible within this long after `created_at` (capped by `indexing_lag_max`). Default 1 s.
    pub indexing_lag_typical: Duration,
    /// The slowest ordinary row. Default 1 s; zero makes every row visible at once.
    pub indexing_lag_max: Duration,
    /// Share of rows (0.0 to 1.0) that are slower than typical. Default 0.05.
    pub indexing_lag_tail_share: f64,
    /// Share of rows (0.0 to 1.0) that come very late, after `indexing_lag_max`. Default 0.
    pub very_late_share: f64,
    /// The quickest of the very late rows, when that is slower than `indexing_lag_max`. Default zero.
    pub very_late_min: Duration,
    /// The slowest of the very late rows. Default 6 h.
    pub very_late_max: Duration,
    /// The slowest successful response; the fastest takes 0.9/5.1 of it and an error 0.1/5.1, the proportions seen on
    /// the wire. Default 20 ms; 5.1 s is realistic.
    pub latency_max: Duration,
    /// The row of a call is visible within this long after the call. Default 1 s.
    pub own_read_lag_max: Duration,
    /// Rows of calls that are kept per parent; beyond that the oldest goes, and is missing from the feed. Default 100,000:
    /// some 75 MB, two months at a call a minute, nearly three hours at the full budget.
    pub own_reads_max: usize,
    /// Whether the six withdrawn names are accepted as filter values. Default no.
    pub accept_withdrawn_types: bool,
    /// Scheme and host of the `url` field in the rows of calls. Default `https://api.anthropic.com`.
    pub public_base_url: String,
    /// What goes wrong, and when. Default nothing.
    pub fault_plan: FaultPlan,
}

impl SimulatorOptions {
    /// One parent, one valid key, and a server that is quick and well.
    pub fn new(source: impl ActivitySource, key: &str) -> Self {
        Self {
            seed: 0,
            parents: vec![SimulatedParent { name: DEFAULT_PARENT.to_owned(), source: Arc::new(source) }],
            keys: vec![SimulatedKey::new(key)],
            requests_per_minute: 600,
            indexing_lag_typical: Duration::from_secs(1),
            indexing_lag_max: Duration::from_secs(1),
            indexing_lag_tail_share: 0.05,
            very_late_share: 0.0,
            very_late_min: Duration::ZERO,
            very_late_max: Duration::from_hours(6),
            latency_max: Duration::from_millis(20),
            own_read_lag_max: Duration::from_secs(1),
            own_reads_max: 100_000,
            accept_withdrawn_types: false,
            public_base_url: "https://api.anthropic.com".to_owned(),
            fault_plan: FaultPlan::default(),
        }
    }

    /// Adds a parent with its own rows, budget and keys.
    pub fn add_parent(&mut self, name: &str, source: impl ActivitySource) {
        self.parents.push(SimulatedParent { name: name.to_owned(), source: Arc::new(source) });
    }
}

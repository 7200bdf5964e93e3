//! What can be set.

use elasticsearch::ClientOptions;

/// How to reach the engine, and where documents go.
#[derive(Debug, Clone)]
pub struct Config {
    /// Hosts, credentials, TLS, timeouts, compression.
    pub client: ClientOptions,
    /// The data stream's name before its namespace: `logs-anthropic.audit`.
    pub stream: String,
    /// Namespaces that documents are expected in: what a check asks about.
    pub namespaces: Vec<String>,
    /// An ingest pipeline that documents go through; none if empty.
    pub pipeline: String,
    /// Whether documents are sent that were delivered before, perhaps long ago: each is looked for first, which takes the right to
    /// read.
    pub sends_again: bool,
    /// Batches that the driver has in flight at most: as many may have been sent before a start or a failure.
    pub batches_in_flight: u32,
}

impl Config {
    /// The stream that rules and dashboards of Elastic's own integration read.
    pub const STREAM: &'static str = "logs-anthropic.audit";
}

impl Default for Config {
    fn default() -> Self {
        Self {
            client: ClientOptions::default(),
            stream: Self::STREAM.into(),
            namespaces: vec!["default".into()],
            pipeline: String::new(),
            sends_again: false,
            batches_in_flight: 2,
        }
    }
}

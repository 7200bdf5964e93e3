//! What is set up, and for which engine.

use std::time::Duration;

use elasticsearch::{About, Product};

/// What is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The data stream's name before its namespace: `logs-anthropic.audit`.
    pub stream: String,
    /// How long documents are kept after their backing index was closed; for ever, if nothing is said.
    pub retention: Option<Duration>,
    /// Store documents in Elasticsearch's index mode `logsdb`, which takes less room.
    pub logsdb: bool,
}

impl Options {
    /// The pattern of its data streams, whatever their namespace.
    pub(crate) fn pattern(&self) -> String {
        format!("{}-*", self.stream)
    }

    /// The name of index template and lifecycle policy.
    pub(crate) fn name(&self) -> String {
        format!("claudetrail-{}", self.stream)
    }
}

/// The engine that is asked, as far as calls differ by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Engine {
    /// Which one.
    pub product: Product,
    /// Major and minor version.
    pub version: (u32, u32),
}

impl Engine {
    /// The one that answers.
    pub fn of(about: &About) -> Self {
        Self { product: about.product, version: about.numbers }
    }

    /// The oldest version that is supported, for calls that are to be seen without an engine.
    pub fn oldest(product: Product) -> Self {
        let version = match product {
            Product::Elasticsearch => (8, 19),
            Product::OpenSearch => (2, 19),
        };
        Self { product, version }
    }

    pub(crate) fn is_elasticsearch(self) -> bool {
        self.product == Product::Elasticsearch
    }
}

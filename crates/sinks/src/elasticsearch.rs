//! Elasticsearch and OpenSearch: every activity in a data stream, once.
//!
//! A batch becomes one `_bulk` request of `create` actions into `<stream>-<namespace>`, with the activity's id as `_id`. A document
//! that is there already answers 409 and counts as delivered, so sending again is harmless; that is all the memory a restart needs.
//! That answer comes from the backing index that is written to alone; where documents may have been sent before, after a start, a
//! failure or for a replay, older ones are asked too.
//!
//! | file | what |
//! | --- | --- |
//! | `config` | what can be set |
//! | `earlier` | what is there already, in older backing indices too |
//! | `encode` | documents to the body of a `_bulk` |
//! | `request` | the body to a request, the answer to items |
//! | `retry` | what an item's or an answer's status means to the driver |
//! | `service` | puts them together: the [`Sink`](crate::Sink) |
//! | `health` | whether it would take documents |
//!
//! It writes to data streams only. Elasticsearch is told so in the request; OpenSearch cannot be, and would make a plain index with
//! guessed types, so there the data stream is made sure of before the first document of each namespace.

mod config;
mod earlier;
mod encode;
mod health;
mod request;
mod retry;
mod service;
#[cfg(test)]
mod tests;

/// The next step where an engine has no template for the data stream.
const SET_UP_HINT: &str =
    "run `claudetrail setup elasticsearch`; the template of Elastic's Anthropic integration serves too";

pub use config::Config;
pub use service::ElasticsearchSink;

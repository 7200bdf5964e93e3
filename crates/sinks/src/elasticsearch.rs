//! Elasticsearch and OpenSearch: every activity in a data stream, once.
//!
//! A batch becomes one `_bulk` request of `create` actions into `<stream>-<namespace>`, with the activity's id as `_id`. A document
//! that is there already answers 409 and counts as delivered, so sending again is harmless; that is all the memory a restart needs.
//!
//! | file | what |
//! | --- | --- |
//! | `config` | what can be set |
//! | `encode` | documents to the body of a `_bulk` |
//! | `request` | the body to a request, the answer to items |
//! | `retry` | what an item's or an answer's status means to the driver |
//! | `service` | puts them together: the [`Sink`](crate::Sink) |
//! | `health` | whether it would take documents |
//!
//! It writes to data streams only. Elasticsearch is told so in the request; OpenSearch cannot be, and would make a plain index with
//! guessed types, so there the data stream is made sure of before the first document of each namespace.

mod config;
mod encode;
mod health;
mod request;
mod retry;
mod service;
#[cfg(test)]
mod tests;

pub use config::Config;
pub use service::ElasticsearchSink;

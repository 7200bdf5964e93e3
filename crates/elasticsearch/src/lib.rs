//! A client of Elasticsearch (8.19, 9.x) and OpenSearch (2.x, 3.x) over HTTP.
//!
//! One question, one answer: [`Client::request`] takes a method, a path and a body, and returns a [`Response`] of any status;
//! [`Response::success`] turns what is no success into an [`Error`] with a kind, what the engine said, and a hint. Everything
//! else is about getting there:
//!
//! - several hosts: a request goes to one that works, and on to the next when it cannot be reached ([`ClientOptions::hosts`]);
//! - credentials ([`Credentials`]) are read anew when the engine refuses them, so that a rotated key needs no restart;
//! - request bodies are compressed, answers are read up to a bound and no further;
//! - the product and its version are found out once ([`Client::about`]).
//!
//! Guarantees: no secret is shown by any `Debug`, error or log; redirects are not followed, so credentials reach the configured
//! hosts only; nothing is sent a second time to a host that may have acted on it unless the request says that this is harmless
//! ([`Request::repeatable`]).
//!
//! ```no_run
//! # async fn example() -> Result<(), elasticsearch::Error> {
//! use elasticsearch::{Client, ClientOptions, Request};
//! let client = Client::new(ClientOptions { hosts: vec!["http://127.0.0.1:9200".into()], ..ClientOptions::default() })?;
//! let answer = client.request(Request::post("/logs-*/_search").json(&serde_json::json!({ "size": 0 }))).await?.success()?;
//! let found: serde_json::Value = answer.json()?;
//! # Ok(()) }
//! ```
//!
//! The client knows nothing of what is stored there. [`SearchBackend`] asks it the questions of `query`.

mod about;
mod client;
mod credentials;
mod error;
mod hosts;
mod options;
mod request;
mod response;
mod search;
mod tls;

pub use about::{About, Product};
pub use client::Client;
pub use credentials::{Credentials, CredentialsSource, Secret};
pub use error::{Error, ErrorKind};
pub use options::{ClientOptions, TlsOptions};
pub use request::{Method, Request};
pub use response::{EngineError, Response};
pub use search::SearchBackend;

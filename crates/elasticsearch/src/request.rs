//! What is asked.

use std::io::Write as _;

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use serde::Serialize;

/// A method of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Asks whether something is there.
    Head,
    /// Does or searches.
    Post,
    /// Stores under a name.
    Put,
    /// Removes.
    Delete,
}

impl Method {
    pub(crate) fn of_library(self) -> reqwest::Method {
        match self {
            Self::Get => reqwest::Method::GET,
            Self::Head => reqwest::Method::HEAD,
            Self::Post => reqwest::Method::POST,
            Self::Put => reqwest::Method::PUT,
            Self::Delete => reqwest::Method::DELETE,
        }
    }
}

/// One request: a method, a path with its query, and a body.
#[derive(Debug, Clone)]
pub struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) content_type: &'static str,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    pub(crate) body: Bytes,
    pub(crate) repeatable: bool,
}

const JSON: &str = "application/json";

impl Request {
    /// A request without a body. `path` begins with a slash and is percent-encoded where need be.
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        let repeatable = !matches!(method, Method::Post);
        let (path, body) = (path.into(), Bytes::new());
        Self { method, path, content_type: JSON, headers: Vec::new(), body, repeatable }
    }

    /// `GET path`.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::Get, path)
    }

    /// `POST path`.
    pub fn post(path: impl Into<String>) -> Self {
        Self::new(Method::Post, path)
    }

    /// `PUT path`.
    pub fn put(path: impl Into<String>) -> Self {
        Self::new(Method::Put, path)
    }

    /// `DELETE path`.
    pub fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::Delete, path)
    }

    /// A body of JSON.
    #[must_use]
    pub fn json(self, body: &impl Serialize) -> Self {
        // Values of serde_json and plain structures always serialise; a body that does not is sent empty and refused.
        let bytes = serde_json::to_vec(body).unwrap_or_default();
        self.body(JSON, bytes)
    }

    /// A body of JSON lines.
    #[must_use]
    pub fn lines(self, body: impl Into<Bytes>) -> Self {
        self.body("application/x-ndjson", body)
    }

    /// A body of any other type.
    #[must_use]
    pub fn body(mut self, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        self.content_type = content_type;
        self.body = body.into();
        self
    }

    /// A further header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Says that doing it twice is as good as once, so that it may go to another host after a first one broke off: a search, a
    /// bulk of documents with ids of their own. Every method but POST is so already.
    #[must_use]
    pub fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    /// The step for an error: `POST /_bulk`, without the query.
    pub(crate) fn step(&self) -> String {
        let path = self.path.split('?').next().unwrap_or_default();
        format!("{:?} {path}", self.method).to_uppercase().replace(&path.to_uppercase(), path)
    }
}

/// Below this many bytes a compressed body gains nothing.
pub(crate) const COMPRESS_FROM: usize = 1_024;

/// The body with gzip, at its quickest level: the network is rarely the narrow place, the processor often is.
pub(crate) fn compress(body: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 6), Compression::fast());
    encoder.write_all(body).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_names_method_and_path_without_the_query() {
        assert_eq!(Request::post("/a-B/_bulk?refresh=true").step(), "POST /a-B/_bulk");
    }

    #[test]
    fn only_a_post_must_not_be_repeated() {
        assert!(
            Request::put("/x").repeatable && Request::get("/").repeatable && Request::delete("/x").repeatable
        );
        assert!(!Request::post("/_rollover").repeatable && Request::post("/_search").repeatable().repeatable);
    }
}

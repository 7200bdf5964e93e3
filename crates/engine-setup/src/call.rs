//! One request to an engine, and how it is shown.

use std::fmt;

use elasticsearch::{Method, Request};
use serde_json::Value;

/// A request and what it is for.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// What it stores: "the component template claudetrail-ecs".
    pub what: String,
    /// HTTP method.
    pub method: Method,
    /// Path and query.
    pub path: String,
    /// Body; null for none.
    pub body: Value,
}

impl Call {
    pub(crate) fn put(what: impl Into<String>, path: impl Into<String>, body: Value) -> Self {
        Self { what: what.into(), method: Method::Put, path: path.into(), body }
    }

    /// As it is sent.
    pub fn request(&self) -> Request {
        let request = Request::new(self.method, self.path.clone());
        if self.body.is_null() { request } else { request.json(&self.body) }
    }
}

/// The form in which both engines' consoles take it: method and path, and the body below.
impl fmt::Display for Call {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = format!("{:?}", self.method).to_uppercase();
        write!(formatter, "{method} {}", self.path)?;
        if self.body.is_null() { Ok(()) } else { write!(formatter, "\n{:#}", self.body) }
    }
}

//! One request and one response, without a socket.
//!
//! [`SimulatedResponse`] is what a client would see if all went well, plus what the network does to it: a pause before
//! it, and a [`Delivery`] that may cut it short. The server plays both out on a real connection; an in-process
//! transport reads them and acts alike.

use std::{net::IpAddr, time::Duration};

use bytes::Bytes;

/// What the server was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulatedRequest {
    /// `GET`, upper case.
    pub method: String,
    /// `/v1/compliance/activities`, without the query.
    pub path: String,
    /// The raw query, still percent-encoded, without the question mark.
    pub query: String,
    /// Header names in lower case.
    pub headers: Vec<(String, String)>,
    /// What came with the request.
    pub body: Bytes,
    /// Where the caller stands.
    pub address: IpAddr,
}

impl SimulatedRequest {
    /// A GET of a path with its query, from the local machine, without headers.
    pub fn get(path_and_query: &str) -> Self {
        let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
        Self {
            method: "GET".to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: Vec::new(),
            body: Bytes::new(),
            address: IpAddr::from([127, 0, 0, 1]),
        }
    }

    /// The same request with one more header; the name in lower case.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same request with `x-api-key`.
    #[must_use]
    pub fn with_key(self, key: &str) -> Self {
        self.with_header("x-api-key", key)
    }

    /// The value of a header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What the network does with a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Delivery {
    /// It arrives whole.
    #[default]
    Complete,
    /// The head announces the whole body; the connection closes after this many bytes of it.
    Truncated {
        /// Bytes of the body that arrive.
        after_bytes: usize,
    },
    /// The body arrives in small pieces, the last of them after this long.
    Slow {
        /// From the first piece to the last.
        duration: Duration,
    },
    /// Nothing arrives; the connection closes after this long.
    Hang {
        /// How long the connection stays open.
        duration: Duration,
    },
    /// Nothing arrives; the connection is reset.
    Reset,
}

/// What the server answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulatedResponse {
    /// HTTP status.
    pub status: u16,
    /// Header names in lower case. No `content-length`: it is the length of `body`.
    pub headers: Vec<(&'static str, String)>,
    /// The whole body, also where the delivery cuts it.
    pub body: Bytes,
    /// How long the server thinks before it answers.
    pub delay: Duration,
    /// What the network does with the response.
    pub delivery: Delivery,
}

impl SimulatedResponse {
    /// The value of a header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }
}

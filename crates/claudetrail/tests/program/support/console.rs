//! The console of a running program, as a browser sees it: a link, a cookie, a token.

use serde_json::Value;

use super::{
    Place,
    http::{self, Answer},
};

/// Somebody who is signed in.
pub(crate) struct Console {
    address: String,
    cookie: String,
    csrf_token: String,
    /// What `GET /session` said.
    pub(crate) session: Value,
}

impl Console {
    /// Signs in with the link that the running program printed into its log.
    pub(crate) fn open(place: &Place) -> Self {
        let link = place.console_link();
        let (address, path) = link.trim_start_matches("http://").split_once('/').expect("a link has a path");
        let mut console = Self {
            address: address.to_owned(),
            cookie: String::new(),
            csrf_token: String::new(),
            session: Value::Null,
        };
        let opened = console.send("GET", &format!("/{path}"), None);
        let cookie = opened.header("set-cookie").and_then(|value| value.split(';').next());
        cookie.unwrap_or_else(|| panic!("no cookie: {}", opened.head)).clone_into(&mut console.cookie);
        console.session = console.get("/session").good();
        console.session["csrf_token"].as_str().expect("a token").clone_into(&mut console.csrf_token);
        console
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", &format!("/api/v1{path}"), None)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", &format!("/api/v1{path}"), Some(body.to_string()))
    }

    /// Its address, without a path.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Any request, by a path from the root.
    pub(crate) fn send(&self, method: &str, path: &str, body: Option<String>) -> Answer {
        let headers = [
            ("Cookie", self.cookie.as_str()),
            ("X-CSRF-Token", &self.csrf_token),
            ("Content-Type", "application/json"),
        ];
        http::request(method, &format!("{}{path}", self.url()), &headers, &body.unwrap_or_default())
    }
}

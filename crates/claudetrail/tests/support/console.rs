//! The console of a running program, as a browser sees it: a link, a cookie, a token.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use serde_json::Value;

use super::{Place, wait_for};

/// Somebody who is signed in.
pub(crate) struct Console {
    address: String,
    cookie: String,
    csrf_token: String,
    /// What `GET /session` said.
    pub(crate) session: Value,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {} {text}", self.status))
    }

    /// The answer of something that must work.
    pub(crate) fn good(&self) -> Value {
        let found = self.json();
        assert_eq!(self.status, 200, "{found:#}");
        found
    }
}

impl Console {
    /// Signs in with the link that the running program printed into its log.
    pub(crate) fn open(place: &Place) -> Self {
        let link = wait_for("the console's link", Duration::from_mins(2), || {
            let log = place.log();
            let line = log.lines().find_map(|line| line.strip_prefix("console: "))?.trim().to_owned();
            line.starts_with("http://").then_some(line)
        });
        let (address, path) = link.trim_start_matches("http://").split_once('/').expect("a link has a path");
        let mut console = Self {
            address: address.to_owned(),
            cookie: String::new(),
            csrf_token: String::new(),
            session: Value::Null,
        };
        let opened = console.send("GET", &format!("/{path}"), None);
        let cookie = opened.head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("set-cookie").then(|| value.split(';').next().map(str::to_owned))?
        });
        console.cookie = cookie.unwrap_or_else(|| panic!("no cookie: {}", opened.head));
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

    fn send(&self, method: &str, path: &str, body: Option<String>) -> Answer {
        let mut stream = TcpStream::connect(&self.address).expect("the console accepts");
        stream.set_read_timeout(Some(Duration::from_mins(2))).expect("a timeout");
        let body = body.unwrap_or_default();
        // Of HTTP 1.0, so that the end of the answer is the end of the connection.
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nhost: {}\r\ncookie: {}\r\nx-csrf-token: {}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            self.address,
            self.cookie,
            self.csrf_token,
            body.len()
        )
        .expect("the request is written");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("the answer is read");
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("headers end");
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        Answer { status, head, body: answer.split_off(end + 4) }
    }
}

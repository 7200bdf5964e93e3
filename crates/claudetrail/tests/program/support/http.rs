//! A plain HTTP client for tests: one request, one connection, everything of the answer.

use std::{
    fmt,
    io::{Read, Write},
    net::TcpStream,
};

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The answer of something that must work.
    pub(crate) fn good(&self) -> serde_json::Value {
        assert_eq!(self.status, 200, "{}", self.text());
        self.json()
    }

    pub(crate) fn text(&self) -> String {
        format!("{}{}", self.head, String::from_utf8_lossy(&self.body))
    }

    /// The first header of this name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// Asks as HTTP/1.0, whose answers end with the connection.
pub(crate) fn request(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let rest = url.strip_prefix("http://").expect("an address of http");
    let (host, path) = rest.find('/').map_or((rest, "/"), |slash| rest.split_at(slash));
    let mut stream = TcpStream::connect(host).expect("the server accepts");
    let mut head = format!("{method} {path} HTTP/1.0\r\nHost: {host}\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        let _ = fmt::Write::write_fmt(&mut head, format_args!("{name}: {value}\r\n"));
    }
    write!(stream, "{head}\r\n{body}").expect("the request is written");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("the answer is read");
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("headers end") + 4;
    let body = answer.split_off(end);
    let head = String::from_utf8(answer).expect("headers are text");
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    Answer { status, head, body }
}

pub(crate) fn get(url: &str) -> Answer {
    request("GET", url, &[], "")
}

/// A text as a part of a query string.
pub(crate) fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().fold(String::new(), |mut escaped, byte| {
        if plain(byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = fmt::Write::write_fmt(&mut escaped, format_args!("%{byte:02X}"));
        }
        escaped
    })
}

//! Asks a real engine, beside the program under test.

use std::sync::Arc;

use elasticsearch::{Client, ClientOptions, Credentials, Method, Request, Response, Secret, TlsOptions};
use engines::Engine;
use serde_json::Value;

pub(crate) struct SearchEngine {
    client: Client,
    runtime: tokio::runtime::Runtime,
}

impl SearchEngine {
    /// As its administrator, where it has users.
    pub(crate) fn new(engine: &Engine) -> Self {
        let credentials = engine.administrator().map_or(Credentials::None, |(user, password)| {
            Credentials::Basic { user: user.into(), password: Secret::new(password).expect("a password") }
        });
        let options = ClientOptions {
            hosts: vec![engine.url().into()],
            credentials: Arc::new(credentials),
            tls: TlsOptions { ca_file: engine.ca_file().map(Into::into), ..TlsOptions::default() },
            proxy: Some("direct".into()),
            ..ClientOptions::default()
        };
        let client = Client::new(options).expect("usable options");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        Self { client, runtime }
    }

    /// Its answer, whatever the status.
    pub(crate) fn answer(&self, method: &str, path: &str, body: &Value) -> Response {
        let method = match method {
            "GET" => Method::Get,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            "DELETE" => Method::Delete,
            other => panic!("no {other} here"),
        };
        let request = Request::new(method, path);
        let request = if body.is_null() { request } else { request.json(body) };
        let ask = || self.runtime.block_on(self.client.request(request.clone()));
        // A connection kept from before a crash of the engine fails once.
        ask().or_else(|_| ask()).expect("the engine answers")
    }

    /// The JSON of a success.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let answer = self.answer(method, path, body);
        answer.success().unwrap_or_else(|error| panic!("{error}")).json().expect("JSON")
    }
}

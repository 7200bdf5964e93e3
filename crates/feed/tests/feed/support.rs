//! What the tests stand on: a clock, a scripted transport, small real servers and certificates.

pub(crate) mod certificates;
pub(crate) mod fake;
pub(crate) mod server;

use std::time::Duration;

use feed::{
    ActivityRequest, ApiKey, Client, ClientOptions, HttpOptions, HttpTransport, ProxyChoice, RetryOptions,
    StaticKey,
};

use fake::TestClock;

/// A key whose text is easy to look for.
pub(crate) const KEY: &str = "sk-ant-api01-TESTKEY-0123456789abcdefghijklmnop";

/// A port on which nobody listens.
pub(crate) const CLOSED: &str = "127.0.0.1:1";

pub(crate) fn key() -> ApiKey {
    ApiKey::new(KEY).unwrap()
}

/// Options for a server on this machine: no proxy whatever the environment says, and short timeouts that only tests of
/// timeouts reach.
pub(crate) fn local() -> HttpOptions {
    HttpOptions {
        proxy: ProxyChoice::Direct,
        request_timeout: Duration::from_secs(20),
        connect_timeout: Duration::from_secs(20),
        ..HttpOptions::default()
    }
}

/// A client of `base_url` over real sockets that asks once.
pub(crate) fn client(base_url: &str, options: &HttpOptions) -> Client<HttpTransport, TestClock> {
    let retry = RetryOptions { max_attempts: 1, ..RetryOptions::default() };
    let client_options = ClientOptions { base_url: base_url.to_owned(), retry, ..ClientOptions::default() };
    let transport = HttpTransport::new(options).unwrap();
    Client::new(transport, TestClock::default(), client_options, Box::new(StaticKey(key()))).unwrap()
}

/// Asks once for one page, with default parameters.
pub(crate) async fn ask(base_url: &str, options: &HttpOptions) -> Result<feed::Page, feed::Error> {
    client(base_url, options).list_activities(&ActivityRequest::default()).await
}

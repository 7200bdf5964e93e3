//! Prints everything that can be printed and looks for the secrets in it.

use feed::{
    ActivityRequest, Client, ClientOptions, HeaderText, HttpOptions, HttpTransport, KeySource, ProxyChoice,
    RetryOptions, StaticKey, SystemClock, TransportError, TransportRequest,
};

use crate::support::fake::{ScriptedTransport, TestClock, answer, page, refusal};
use crate::support::{KEY, key, local};

const PASSWORD: &str = "hunter2";

fn assert_clean(shown: &str) {
    for secret in [KEY, "TESTKEY", PASSWORD] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[tokio::test]
async fn values_that_hold_secrets_print_stars() {
    let options = HttpOptions {
        proxy: ProxyChoice::Url(format!("http://user:{PASSWORD}@proxy.example:3128")),
        ..local()
    };
    let transport = HttpTransport::new(&options).unwrap();
    let header = HeaderText::key(&key());
    let request = TransportRequest {
        url: "https://api.example/".to_owned(),
        headers: vec![("x-api-key", header.clone())],
    };
    assert_clean(&format!("{} {:?} {:?} {:?}", key(), key(), StaticKey(key()), StaticKey(key()).key()));
    assert_clean(&format!(
        "{header} {header:?} {request:?} {options:?} {options:#?} {transport:?} {transport:#?}"
    ));
    let client =
        Client::new(transport, SystemClock, ClientOptions::default(), Box::new(StaticKey(key()))).unwrap();
    assert_clean(&format!("{client:?} {client:#?}"));
    let client = Client::new(
        ScriptedTransport::new([page()]),
        TestClock::default(),
        ClientOptions::default(),
        Box::new(StaticKey(key())),
    )
    .unwrap();
    let page = client.list_activities(&ActivityRequest::default()).await.unwrap();
    assert_clean(&format!("{page:?}"));
    // The transport has to be able to send it.
    assert_eq!(header.expose(), KEY);
}

#[tokio::test]
async fn errors_hide_a_key_that_the_other_side_repeats() {
    let echo = format!("you sent x-api-key: {KEY}");
    let script = [
        refusal(401, &[], "authentication_error", &echo),
        refusal(400, &[("request-id", &echo)], &echo, &echo),
        answer(302, &[("location", &format!("https://elsewhere.example/?{KEY}"))], ""),
        answer(200, &[("content-type", "application/json")], &format!("<html>{echo}")),
        answer(200, &[], &format!("\"{echo}\"")),
        answer(403, &[], &echo),
        Err(TransportError::new(feed::ErrorKind::BodyTooLarge, echo.clone())),
    ];
    let count = script.len();
    let retry = RetryOptions { max_attempts: 1, ..RetryOptions::default() };
    let options = ClientOptions { retry, ..ClientOptions::default() };
    let keys = Box::new(StaticKey(key()));
    let client = Client::new(ScriptedTransport::new(script), TestClock::default(), options, keys).unwrap();
    for _ in 0..count {
        let error = client.list_activities(&ActivityRequest::default()).await.unwrap_err();
        let parts = format!("{:?} {:?} {}", error.vendor_message(), error.request_id(), error.detail());
        assert_clean(&format!("{error} {error:?} {error:#?} {} {parts}", error.hint()));
    }
}

#[test]
fn a_proxy_address_that_cannot_be_used_is_not_shown() {
    for text in [
        format!("ftp://user:{PASSWORD}@proxy.example"),
        format!("user:{PASSWORD}@proxy example"),
        format!("http://user:{PASSWORD}@"),
        format!("://user:{PASSWORD}@proxy"),
        format!("http://user:{PASSWORD}@[::1"),
    ] {
        let options = HttpOptions { proxy: ProxyChoice::Url(text), ..local() };
        let error = HttpTransport::new(&options).unwrap_err();
        assert_clean(&format!("{error} {error:?} {options:?} {}", error.hint()));
    }
}

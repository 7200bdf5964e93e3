//! What is refused: strangers, other sites, other names, too much.

use std::{
    io::{Read as _, Write as _},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use console_server::{Console, Network, Options, Parts, TlsFiles};
use query::{Backend, BackendKind, BackendStatus, Fields, SearchRequest, SearchResponse};
use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::support::{PATIENCE, World, client, fields, parts};

#[tokio::test]
async fn nothing_is_told_to_a_stranger() {
    let world = World::new().await;
    for cookie in
        [None, Some("claudetrail-1=x".to_owned()), Some(format!("claudetrail-{}=forged", port(&world)))]
    {
        let mut stranger = world.browser();
        stranger.cookie = cookie;
        for (method, path) in crate::document::private() {
            let answer = stranger.send(method, &format!("/api/v1{path}"), None).await;
            assert_eq!(
                (answer.status, answer.kind().as_str()),
                (StatusCode::UNAUTHORIZED, "unauthenticated"),
                "{path}"
            );
        }
    }
    let mut stranger = world.browser();
    assert_eq!(stranger.get("/healthz").await.text, "ok\n");
    assert_eq!(stranger.get("/api/v1/nothing").await.status, StatusCode::NOT_FOUND);
}

fn port(world: &World) -> &str {
    world.url.rsplit(':').next().expect("a port")
}

#[tokio::test]
async fn a_change_needs_the_token_of_its_session() {
    let world = World::new().await;
    let other = world.signed_in().await;
    let mut browser = world.signed_in().await;
    let body = json!({ "name": "mine", "state": "q=x" });
    for token in [None, Some("guess".to_owned()), other.csrf.clone()] {
        let mut forged = browser.clone();
        forged.csrf = token;
        let answer = forged.post("/api/v1/saved-searches", body.clone()).await;
        assert_eq!((answer.status, answer.kind().as_str()), (StatusCode::FORBIDDEN, "csrf"));
    }
    assert_eq!(browser.post("/api/v1/saved-searches", body).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn another_site_cannot_send_changes_nor_sign_somebody_in() {
    let world = World::new().await;
    let mut browser = world.signed_in().await;
    for site in ["cross-site", "same-site"] {
        for path in ["/api/v1/logout", "/login"] {
            let request = browser.request(Method::POST, path).header("sec-fetch-site", site).body("{}");
            let answer = browser.take(request).await;
            assert_eq!(
                (answer.status, answer.kind().as_str()),
                (StatusCode::FORBIDDEN, "cross_site"),
                "{path}"
            );
        }
    }
    // A form cannot send JSON.
    let form = browser
        .request(Method::POST, "/login")
        .header("content-type", "application/x-www-form-urlencoded")
        .body("user=ana&password=x");
    assert_eq!(browser.take(form).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(browser.get("/api/v1/session").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_name_that_was_rebound_to_us_is_refused() {
    let world = World::new().await;
    let mut browser = world.signed_in().await;
    let port = port(&world).to_owned();
    for (host, status) in [
        ("evil.example".to_owned(), StatusCode::MISDIRECTED_REQUEST),
        (format!("evil.example:{port}"), StatusCode::MISDIRECTED_REQUEST),
        (format!("127.0.0.1.evil.example:{port}"), StatusCode::MISDIRECTED_REQUEST),
        ("127.0.0.1".to_owned(), StatusCode::MISDIRECTED_REQUEST),
        (format!("LOCALHOST:{port}"), StatusCode::OK),
        (format!("127.0.0.1:{port}"), StatusCode::OK),
    ] {
        for path in ["/api/v1/session", "/"] {
            let request = browser.request(Method::GET, path).header("host", &host);
            assert_eq!(browser.take(request).await.status, status, "{host}{path}");
        }
    }
}

#[tokio::test]
async fn every_answer_carries_the_headers_of_safety() {
    let world = World::new().await;
    let mut browser = world.signed_in().await;
    for path in ["/", "/api/v1/session", "/api/v1/nothing", "/assets/none.js", "/healthz"] {
        let answer = browser.get(path).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
    }
    assert_eq!(browser.get("/api/v1/session").await.header("cache-control"), "no-store");
    let page = browser.get("/").await.text;
    assert!(!page.contains("<style") && !page.contains(" style=") && !page.contains("<script>"), "{page}");
    // With the built web app: every script is a file of ours.
    for script in page.split("<script").skip(1) {
        let (tag, rest) = script.split_once('>').expect("a tag ends");
        assert!(tag.contains("src=\"/assets/") && rest.starts_with("</script>"), "{script}");
    }
}

/// A store that never answers, and counts those who still wait for it.
#[derive(Debug, Default)]
struct Endless {
    waiting: Arc<AtomicUsize>,
}

struct Waiting(Arc<AtomicUsize>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Backend for Endless {
    fn kind(&self) -> BackendKind {
        BackendKind::Embedded
    }

    fn fields(&self) -> Arc<Fields> {
        fields()
    }

    fn search(&self, _: SearchRequest) -> query::Answer<'_, SearchResponse> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let waiting = Waiting(Arc::clone(&self.waiting));
        Box::pin(async move {
            let _waiting = waiting;
            std::future::pending().await
        })
    }

    fn status(&self) -> query::Answer<'_, BackendStatus> {
        Box::pin(async { Ok(BackendStatus::default()) })
    }
}

async fn until(waiting: &AtomicUsize, number: usize) {
    let reached = async {
        while waiting.load(Ordering::SeqCst) != number {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, reached).await.unwrap_or_else(|_| panic!("{number} wait in the end"));
}

#[tokio::test]
async fn nobody_works_for_a_client_that_went_away() {
    let waiting = Arc::new(AtomicUsize::default());
    let backend = Arc::new(Endless { waiting: Arc::clone(&waiting) });
    let world = World::serving(|_| {}, |_| Parts { backend: Some(backend), ..parts() }).await;
    let browser = world.signed_in().await;
    // More than are answered at once: the others wait for their turn, and go away just so.
    let asked: Vec<_> = (0..8)
        .map(|number| {
            let path = if number % 2 == 0 { "/api/v1/actors" } else { "/api/v1/export" };
            tokio::spawn(browser.request(Method::GET, path).send())
        })
        .collect();
    until(&waiting, 4).await;
    for one in asked {
        one.abort();
    }
    until(&waiting, 0).await;
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_given_up() {
    let waiting = Arc::new(AtomicUsize::default());
    let backend = Arc::new(Endless { waiting: Arc::clone(&waiting) });
    let world = World::serving(
        |options| options.request_timeout = std::time::Duration::from_millis(50),
        |_| Parts { backend: Some(backend), ..parts() },
    )
    .await;
    let mut browser = world.signed_in().await;
    for (method, path, body) in [
        (Method::POST, "/api/v1/search", Some(json!({}))),
        (Method::GET, "/api/v1/actors", None),
        (Method::GET, "/api/v1/first-seen?from=now-1h&to=now", None),
    ] {
        let answer = browser.send(method, path, body).await;
        assert_eq!(
            (answer.status, answer.kind().as_str()),
            (StatusCode::GATEWAY_TIMEOUT, "timeout"),
            "{path}"
        );
    }
    until(&waiting, 0).await;
}

/// Written to the socket as it stands: a client would tidy the path before it sends it.
#[tokio::test]
async fn no_path_leads_out_of_the_web_app() {
    let world = World::new().await;
    let address = world.url.trim_start_matches("http://").to_owned();
    for path in [
        "/assets/../../../../etc/passwd",
        "/assets/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2fetc/passwd",
        "//etc/passwd",
    ] {
        let (address, request) = (address.clone(), format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n"));
        let answer = tokio::task::spawn_blocking(move || {
            let mut stream = std::net::TcpStream::connect(address).unwrap();
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        })
        .await
        .unwrap();
        assert!(!answer.contains("root:"), "{path}: {answer}");
        let asset = path.starts_with("/assets/");
        assert!(answer.starts_with(if asset { "HTTP/1.0 404" } else { "HTTP/1.0 200" }), "{path}: {answer}");
    }
}

#[tokio::test]
async fn what_is_too_large_or_no_json_is_refused() {
    let world = World::new().await;
    let mut browser = world.signed_in().await;
    let huge = json!({ "name": "x".repeat(300 << 10), "state": "" });
    assert_eq!(browser.post("/api/v1/saved-searches", huge).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    for body in ["", "{", "[]", "{\"name\":1}", "{\"name\":\"a\",\"state\":\"\",\"surplus\":1}"] {
        let request = browser
            .request(Method::POST, "/api/v1/saved-searches")
            .header("content-type", "application/json")
            .body(body);
        let answer = browser.take(request).await;
        assert!(answer.status.is_client_error(), "{body}");
        assert_eq!(answer.kind(), "bad_request", "{body}");
    }
    for path in ["/coverage", "/coverage?from=x&to=y", "/access-log?size=many", "/access-log?surplus=1"] {
        assert_eq!(browser.get(&format!("/api/v1{path}")).await.status, StatusCode::BAD_REQUEST, "{path}");
    }
    let answer = browser.send(Method::PUT, "/api/v1/session", None).await;
    assert_eq!(
        (answer.status, answer.kind().as_str()),
        (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed")
    );
}

#[tokio::test]
async fn behind_a_declared_proxy_only_the_proxy_is_heard() {
    let public = |options: &mut Options| {
        options.public_url = Some("https://trail.example.com".to_owned());
        options.trusted_proxies = vec![Network::parse("127.0.0.1").unwrap()];
    };
    let elsewhere = |options: &mut Options| {
        public(options);
        options.trusted_proxies = vec![Network::parse("203.0.113.0/24").unwrap()];
    };
    let folder = tempfile::tempdir().unwrap();
    let stop = CancellationToken::new();
    for (change, status) in
        [(&public as &dyn Fn(&mut Options), StatusCode::UNAUTHORIZED), (&elsewhere, StatusCode::FORBIDDEN)]
    {
        let mut options = World::options_in(folder.path());
        change(&mut options);
        let console = Console::bind(options, parts(), stop.clone()).await.unwrap();
        let address = console.address();
        tokio::spawn(console.serve());
        let answer = client()
            .get(format!("http://{address}/api/v1/session"))
            .header("host", "trail.example.com")
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), status);
        assert!(answer.headers().contains_key("strict-transport-security"));
    }
    stop.cancel();
}

type Change = dyn Fn(&mut Options);

fn proxy() -> Vec<Network> {
    vec![Network::parse("10.0.0.0/8").expect("a network")]
}

#[tokio::test]
async fn an_address_that_others_reach_needs_tls_or_a_proxy() {
    let folder = tempfile::tempdir().unwrap();
    let cases: &[(&Change, &str)] = &[
        (&|_| {}, "in clear"),
        (&|options| options.trusted_proxies = proxy(), "needs console.public_url"),
        (
            &|options| {
                options.trusted_proxies = proxy();
                options.public_url = Some("http://trail.example.com".into());
            },
            "begins with https://",
        ),
        (
            &|options| {
                options.trusted_proxies = proxy();
                options.public_url = Some("trail.example.com".into());
            },
            "not like https://",
        ),
        (
            &|options| {
                options.tls = Some(TlsFiles { certificate: "/none.pem".into(), key: "/none.pem".into() });
            },
            "/none.pem",
        ),
    ];
    for (change, expected) in cases {
        let mut options = World::options_in(folder.path());
        options.listen = "0.0.0.0:0".parse().unwrap();
        change(&mut options);
        let refused = Console::bind(options, parts(), CancellationToken::new()).await.err().expect("refused");
        assert!(refused.to_string().contains(expected), "{refused} / {expected}");
        assert!(!refused.hint().is_empty());
    }
}

#[tokio::test]
async fn tls_is_spoken_with_the_configured_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (certificate, key) = (folder.path().join("certificate.pem"), folder.path().join("key.pem"));
    std::fs::write(&certificate, certified.cert.pem()).unwrap();
    std::fs::write(&key, certified.signing_key.serialize_pem()).unwrap();
    let mut options = World::options_in(folder.path());
    options.tls = Some(TlsFiles { certificate, key });
    let stop = CancellationToken::new();
    let console = Console::bind(options, parts(), stop.clone()).await.unwrap();
    assert!(console.url().starts_with("https://"));
    let port = console.address().port();
    tokio::spawn(console.serve());
    let trusted = reqwest::Certificate::from_pem(certified.cert.pem().as_bytes()).unwrap();
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([trusted]).build().unwrap();
    let answer = client.get(format!("https://localhost:{port}/healthz")).send().await.unwrap();
    assert!(answer.headers().contains_key("strict-transport-security"));
    assert_eq!(answer.text().await.unwrap(), "ok\n");
    stop.cancel();
}

#[tokio::test]
async fn a_port_that_is_taken_is_said() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    let mut options = World::options_in(folder.path());
    options.listen = world.url.trim_start_matches("http://").parse().unwrap();
    let refused = Console::bind(options, parts(), CancellationToken::new()).await.err().expect("refused");
    assert!(refused.hint().contains("console.listen"), "{}", refused.hint());
}

//! The client against real engines with TLS and users: who may in, who may not, and what is said.

use std::sync::{Arc, Mutex};

use elasticsearch::{
    Client, ClientOptions, Credentials, CredentialsSource, Error, ErrorKind, Product, Request, Secret,
    TlsOptions,
};
use engines::{Engine, Options};
use serde_json::{Value, json};

fn secret(text: &str) -> Secret {
    Secret::new(text).expect("a secret")
}

fn basic(user: &str, password: &str) -> Credentials {
    Credentials::Basic { user: user.into(), password: secret(password) }
}

/// Options for the engine, as its administrator.
fn options(engine: &Engine) -> ClientOptions {
    let (user, password) = engine.administrator().expect("it has users");
    ClientOptions {
        hosts: vec![engine.url().into()],
        credentials: Arc::new(basic(user, password)),
        tls: TlsOptions { ca_file: engine.ca_file().map(Into::into), ..TlsOptions::default() },
        proxy: Some("direct".into()),
        ..ClientOptions::default()
    }
}

fn client(options: ClientOptions) -> Client {
    Client::new(options).expect("usable options")
}

async fn about(options: ClientOptions) -> Result<Product, ErrorKind> {
    client(options).about().await.map(|about| about.product).map_err(|error| error.kind())
}

/// Credentials that change when they were refused, as a rotated key does.
struct Rotating(Mutex<Vec<Credentials>>);

impl CredentialsSource for Rotating {
    fn credentials(&self) -> Result<Credentials, Error> {
        let mut left = self.0.lock().expect("no panic");
        Ok(if left.len() > 1 { left.remove(0) } else { left[0].clone() })
    }
}

async fn credentials_and_certificates(engine: &Engine, product: Product) {
    let (user, password) = engine.administrator().expect("it has users");
    let with =
        |credentials: Credentials| ClientOptions { credentials: Arc::new(credentials), ..options(engine) };
    assert_eq!(about(options(engine)).await, Ok(product));
    assert_eq!(about(with(basic(user, "wrong"))).await, Err(ErrorKind::Unauthorized));
    assert_eq!(about(with(Credentials::None)).await, Err(ErrorKind::Unauthorized));
    assert_eq!(
        about(with(Credentials::ApiKey(secret("bm9ib2R5OndyaXR0ZW4=")))).await,
        Err(ErrorKind::Unauthorized)
    );
    assert_eq!(about(with(Credentials::Bearer(secret("no-token")))).await, Err(ErrorKind::Unauthorized));

    let rotating = Rotating(Mutex::new(vec![basic(user, "former"), basic(user, password)]));
    let rotated = ClientOptions { credentials: Arc::new(rotating), ..options(engine) };
    assert_eq!(about(rotated).await, Ok(product), "a refused key is read again");

    let untrusting = ClientOptions { tls: TlsOptions::default(), ..options(engine) };
    assert_eq!(about(untrusting).await, Err(ErrorKind::Tls));

    let (certificate, key) = engine.client_certificate().expect("it has certificates");
    let mut with_certificate = with(Credentials::None);
    with_certificate.tls.client_certificate_file = Some(certificate.into());
    with_certificate.tls.client_key_file = Some(key.into());
    let who = match product {
        Product::Elasticsearch => "/_security/_authenticate",
        Product::OpenSearch => "/_plugins/_security/authinfo",
    };
    let answer = client(with_certificate).request(Request::get(who)).await.expect("an answer").success();
    let text = String::from_utf8_lossy(&answer.expect("the certificate is enough").body).into_owned();
    assert!(text.contains("client"), "{text}");
}

async fn api_key(engine: &Engine) {
    let body = json!({ "name": "reader", "role_descriptors": { "reader": { "cluster": ["monitor"] } } });
    let made = client(options(engine)).request(Request::post("/_security/api_key").json(&body)).await;
    let made: Value = made.expect("an answer").success().expect("made").json().expect("JSON");
    let key = secret(made["encoded"].as_str().expect("a key"));
    let with_key = ClientOptions { credentials: Arc::new(Credentials::ApiKey(key)), ..options(engine) };
    assert_eq!(about(with_key.clone()).await, Ok(Product::Elasticsearch));
    let refused = client(with_key);
    let refused =
        refused.request(Request::put("/_index_template/x").json(&json!({ "index_patterns": ["x"] })));
    let error = refused.await.expect("an answer").success().expect_err("it has no such right");
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    assert!(
        error.to_string().contains("security_exception") && error.hint().contains("missing privilege"),
        "{error}"
    );
}

async fn hosts_and_bounds(engine: &Engine) {
    // The first host listens to nobody, the second is the engine.
    let dead = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let hosts = vec![format!("https://{dead}"), engine.url().to_owned()];
    let failing_over = client(ClientOptions { hosts, ..options(engine) });
    for _ in 0..4 {
        let answer =
            failing_over.request(Request::get("/_cluster/health")).await.expect("the second host answers");
        assert_eq!(answer.status, 200);
    }
    let nobody = ClientOptions { hosts: vec![format!("https://{dead}")], ..options(engine) };
    assert_eq!(about(nobody).await, Err(ErrorKind::Connection));

    let bounded = client(ClientOptions { max_response_bytes: 100, ..options(engine) });
    let error = bounded.request(Request::get("/_nodes/stats")).await.expect_err("too much");
    assert_eq!(error.kind(), ErrorKind::Answer);

    // A body above the size from which it is compressed arrives as it was.
    let padding = "x".repeat(10_000);
    let document = json!({ "padding": padding });
    let client = client(options(engine));
    let stored = client.request(Request::put("/packed/_doc/1?refresh=true").json(&document)).await;
    stored.expect("an answer").success().expect("stored");
    let found: Value =
        client.request(Request::get("/packed/_source/1")).await.expect("an answer").json().expect("JSON");
    assert_eq!(found["padding"].as_str().map(str::len), Some(padding.len()));

    let absent = client.request(Request::get("/absent/_search")).await.expect("an answer");
    let error = absent.success().expect_err("there is no such index");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("no such index"), "{error}");
}

#[tokio::test]
async fn elasticsearch_with_users() {
    let options = Options { security: true, ..Options::default() };
    let Some(engine) = Engine::start(engines::Product::Elasticsearch, options) else { return };
    credentials_and_certificates(&engine, Product::Elasticsearch).await;
    api_key(&engine).await;
    hosts_and_bounds(&engine).await;
}

#[tokio::test]
async fn opensearch_with_users() {
    let options = Options { security: true, ..Options::default() };
    let Some(engine) = Engine::start(engines::Product::OpenSearch, options) else { return };
    credentials_and_certificates(&engine, Product::OpenSearch).await;
    hosts_and_bounds(&engine).await;
}

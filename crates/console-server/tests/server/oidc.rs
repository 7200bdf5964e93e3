//! Signing in with a real OpenID provider (`dev/engines/oidc`).

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use console_server::OidcOptions;
use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, StatusCode};

use crate::support::{Browser, World, client};

/// The provider; ends with its test.
struct Provider {
    child: Child,
    output: BufReader<ChildStdout>,
    issuer: String,
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Provider {
    /// `None`, said on stderr, where its packages are not there; with `CI` set that is a failure.
    fn start(mode: &str) -> Option<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dev/engines/oidc");
        if !folder.join("node_modules").is_dir() {
            assert!(std::env::var_os("CI").is_none(), "run `make openid-provider` first");
            eprintln!("not tested: the OpenID provider is not installed (make openid-provider)");
            return None;
        }
        let mut child = Command::new("node")
            .args(["server.mjs", mode])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node starts");
        let mut output = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let mut port = String::new();
        output.read_line(&mut port).expect("the provider prints its port");
        Some(Self { child, output, issuer: format!("http://127.0.0.1:{}", port.trim()) })
    }

    /// Tells it where people are sent back to, and waits until it answers.
    fn serve(&mut self, console: &str) {
        let stdin = self.child.stdin.as_mut().expect("stdin is piped");
        writeln!(stdin, "{console}/login/oidc/callback").expect("the provider reads");
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the provider answers");
        assert_eq!(line.trim(), "ready");
    }
}

/// A console that knows the provider, and a clock that can be moved on.
async fn world(provider: &mut Provider, change: impl FnOnce(&mut OidcOptions)) -> (World, Arc<AtomicI64>) {
    let passed = Arc::new(AtomicI64::new(0));
    let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let mut options = OidcOptions {
        issuer: provider.issuer.clone(),
        client_id: "console".to_owned(),
        client_secret: Some(Arc::new(|| Ok("console-secret".to_owned().into()))),
        scopes: owned(&["openid", "email", "profile", "groups"]),
        user_claim: "email".to_owned(),
        groups_claim: "groups".to_owned(),
        admin_groups: owned(&["admins"]),
        viewer_groups: owned(&["staff"]),
        ca_file: None,
    };
    change(&mut options);
    let clock = Arc::clone(&passed);
    let world = World::with(|console| {
        console.oidc = Some(options);
        // Tokens are dated by the provider's clock.
        console.clock =
            Arc::new(move || Timestamp::now() + SignedDuration::from_secs(clock.load(Ordering::SeqCst)));
    })
    .await;
    provider.serve(&world.url);
    (world, passed)
}

/// Begins at the console; returns where the provider's sign-in page is.
async fn begin(browser: &mut Browser) -> String {
    let answer = browser.get("/login/oidc?next=/events%3Fq%3Dx").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    assert!(answer.header("set-cookie").contains("HttpOnly; SameSite=Lax"));
    answer.header("location").to_owned()
}

/// Signs in at the provider as a person would; returns the path and query that it sends the browser back to.
async fn at_provider(issuer: &str, console: &str, user: &str, first: String) -> String {
    let client = client();
    let mut cookies: BTreeMap<String, String> = BTreeMap::new();
    let mut address = first;
    let mut form: Option<String> = None;
    for _ in 0..20 {
        if let Some(path) = address.strip_prefix(console) {
            return path.to_owned();
        }
        let full = if address.starts_with('/') { format!("{issuer}{address}") } else { address.clone() };
        let method = if form.is_some() { Method::POST } else { Method::GET };
        let jar: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = client.request(method, full).header("cookie", jar.join("; "));
        if let Some(body) = form.take() {
            request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        }
        let response = request.send().await.expect("the provider answers");
        for set in response.headers().get_all("set-cookie") {
            let pair = set.to_str().expect("text").split(';').next().expect("a pair");
            let (name, value) = pair.split_once('=').expect("a pair");
            cookies.insert(name.to_owned(), value.to_owned());
        }
        if let Some(location) = response.headers().get("location") {
            location.to_str().expect("text").clone_into(&mut address);
            continue;
        }
        let page = response.text().await.expect("a page");
        let prompt = if page.contains("value=\"consent\"") { "consent" } else { "login" };
        assert!(page.contains("<form"), "no form: {page}");
        form = Some(format!("prompt={prompt}&login={user}&password=any"));
    }
    panic!("the provider does not send {user} back");
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_of_the_provider_decide_who_comes_in() {
    for mode in ["claims-from-userinfo", "claims-in-token"] {
        let Some(mut provider) = Provider::start(mode) else { return };
        let issuer = provider.issuer.clone();
        let (world, _) = world(&mut provider, |_| {}).await;
        let ways = world.browser().get("/api/v1/sign-in").await.json();
        assert_eq!(ways["oidc"], true);
        for (user, role) in [("alice", "admin"), ("bob", "viewer")] {
            let mut browser = world.browser();
            let first = begin(&mut browser).await;
            let back = at_provider(&issuer, &world.url, user, first).await;
            let answer = browser.get(&back).await;
            assert_eq!(
                (answer.status, answer.header("location")),
                (StatusCode::SEE_OTHER, "/events?q=x"),
                "{mode}"
            );
            let session = browser.get("/api/v1/session").await.json();
            assert_eq!(session["user"], format!("{user}@example.com"), "{mode}");
            assert_eq!(session["role"], role, "{mode}");
            let replayed = world.browser().get(&back).await;
            assert!(replayed.header("location").starts_with("/login?error="), "a code comes once");
        }
        let mut eve = world.browser();
        let first = begin(&mut eve).await;
        let back = at_provider(&issuer, &world.url, "eve", first).await;
        assert!(eve.get(&back).await.header("location").contains("none%20of%20the%20groups"), "{mode}");
        eve.cookie = None;
        assert_eq!(eve.get("/api/v1/session").await.status, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_begun_here_or_went_wrong_there_signs_nobody_in() {
    let Some(mut provider) = Provider::start("claims-in-token") else { return };
    let issuer = provider.issuer.clone();
    let (world, passed) = world(&mut provider, |_| {}).await;

    let mut alice = world.browser();
    let first = begin(&mut alice).await;
    let back = at_provider(&issuer, &world.url, "alice", first).await;
    let mut thief = world.browser();
    let mut refused = vec![thief.get(&back).await];
    // Once shown by somebody else, it is worth nothing to anybody.
    refused.push(alice.get(&back).await);

    let mut slow = world.browser();
    let first = begin(&mut slow).await;
    let back = at_provider(&issuer, &world.url, "alice", first).await;
    passed.store(11 * 60, Ordering::SeqCst);
    refused.push(slow.get(&back).await);
    passed.store(0, Ordering::SeqCst);

    for surplus in ["iss=https%3A%2F%2Fother.example&code=x", "error=access_denied", "code=forged", ""] {
        let mut browser = world.browser();
        let first = begin(&mut browser).await;
        let state =
            first.split("state=").nth(1).expect("a state").split('&').next().expect("a state").to_owned();
        refused.push(browser.get(&format!("/login/oidc/callback?state={state}&{surplus}")).await);
    }
    for (index, answer) in refused.iter().enumerate() {
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{index}");
        assert!(
            answer.header("location").starts_with("/login?error="),
            "{index}: {}",
            answer.header("location")
        );
        assert_eq!(answer.header("set-cookie"), "", "{index}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_not_right_is_named() {
    let Some(mut provider) = Provider::start("claims-in-token") else { return };
    let issuer = provider.issuer.clone();
    let (wrong_secret, _) = world(&mut provider, |options| {
        options.client_secret = Some(Arc::new(|| Ok("another".to_owned().into())));
    })
    .await;
    let mut browser = wrong_secret.browser();
    let first = begin(&mut browser).await;
    let back = at_provider(&issuer, &wrong_secret.url, "alice", first).await;
    let answer = browser.get(&back).await;
    assert!(answer.header("location").contains("invalid_client"), "{}", answer.header("location"));

    let absent = World::with(|console| {
        console.oidc = Some(OidcOptions {
            issuer: "http://127.0.0.1:9".to_owned(),
            client_id: "console".to_owned(),
            client_secret: None,
            scopes: vec!["openid".to_owned()],
            user_claim: "email".to_owned(),
            groups_claim: "groups".to_owned(),
            admin_groups: Vec::new(),
            viewer_groups: vec!["*".to_owned()],
            ca_file: None,
        });
    })
    .await;
    let answer = absent.browser().get("/login/oidc").await;
    assert!(answer.header("location").contains("discovery%20document"), "{}", answer.header("location"));
    let none = World::new().await;
    let answer = none.browser().get("/login/oidc").await;
    assert_eq!((answer.status, answer.kind().as_str()), (StatusCode::NOT_FOUND, "not_found"));
}

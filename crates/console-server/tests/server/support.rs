//! A console of its own for each test, and a client that keeps a cookie like a browser.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use console_server::{
    Actions, ApiError, Attest, Console, Documents, Options, Parts, Password, Role, Schema, Store, Trail,
};
use index::{DocumentSource, SourceError};
use jiff::Timestamp;
use ledger::{
    Entry, FeedId, Interval, LagPolicy, Ledger, NewActivity, PageCommit, Provenance, Reader, SinkStore,
};
use normalize::{Context, Normalizer};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Nothing takes this long unless it never happens.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);
/// The test's own beginning of time.
pub(crate) const START: i64 = 1_764_000_000;

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(START + second).expect("in range")
}

/// A console that is being served.
pub(crate) struct World {
    pub(crate) url: String,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) store: Store,
    clock: Arc<AtomicI64>,
    stop: CancellationToken,
    link: String,
    gate: Option<Gate>,
}

/// The documents of a world's index.
struct Given(Vec<String>);

impl DocumentSource for Given {
    fn read(&self, sequences: &[u64], each: &mut dyn FnMut(u64, &[u8])) -> Result<(), SourceError> {
        for sequence in sequences {
            each(*sequence, self.0[*sequence as usize - 1].as_bytes());
        }
        Ok(())
    }
}

/// The test's end of an action that waits.
struct Gate {
    began: tokio::sync::Mutex<mpsc::UnboundedReceiver<()>>,
    go_on: std::sync::mpsc::Sender<()>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Documents as the program makes them.
struct Real;

impl Trail for Real {
    fn documents(&self, _: &Reader) -> Result<Arc<dyn Documents>, ApiError> {
        Ok(Arc::new(RealDocuments(Normalizer::default())))
    }

    fn status(&self, reader: &Reader) -> Result<Value, ApiError> {
        Ok(json!({ "feeds": [], "sinks": [], "ledger": { "sequence": reader.last_sequence()? } }))
    }

    fn figures(&self, _: &Reader) -> Result<Value, ApiError> {
        Ok(json!({ "feeds": [], "last_verify": null }))
    }
}

/// Has done what it is asked for on the world's own ledger; an attestation waits to be told to go on.
struct Acting {
    ledger: PathBuf,
    began: mpsc::UnboundedSender<()>,
    go_on: std::sync::Mutex<std::sync::mpsc::Receiver<()>>,
}

impl Actions for Acting {
    fn retry(&self, sink: &str, sequences: Option<&[u64]>) -> Result<Value, ApiError> {
        let tried = sequences.expect("the test names them");
        SinkStore::open(&self.ledger)?.retried(sink, tried, &[], at(10))?;
        Ok(
            json!({ "delivered": tried.len(), "already_there": 0, "refused": 0, "put_off": 0, "reason": null }),
        )
    }

    fn drop_letters(&self, sink: &str, sequences: Option<&[u64]>) -> Result<u64, ApiError> {
        Ok(SinkStore::open(&self.ledger)?.drop_letters(sink, sequences)?)
    }

    fn verify(&self, by: &str) -> Result<Value, ApiError> {
        let chain = Reader::open(&self.ledger)?.check_chain(&mut |_, _| {})?;
        Ok(json!({
            "at": at(10), "by": by, "ok": chain.difference.is_none(), "message": "the chain holds",
            "activities": chain.activities, "links": chain.links, "head": "00",
        }))
    }

    fn attest(&self, _: &Attest) -> Result<Value, ApiError> {
        self.began.send(()).expect("the test waits for it");
        let go_on = self.go_on.lock().expect("one at a time");
        go_on.recv_timeout(PATIENCE).expect("the test says so");
        Err(ApiError::conflict("no_signing_key", "there is no key"))
    }
}

struct RealDocuments(Normalizer);

impl Documents for RealDocuments {
    fn ecs(&self, entry: &Entry, out: &mut Vec<u8>) {
        let context =
            Context { sequence: Some(entry.sequence), created: Some(entry.first_seen), ingested: None };
        self.0.ecs(&entry.raw, &context, out);
    }

    fn export(&self, schema: Schema, entry: &Entry, out: &mut Vec<u8>) -> bool {
        let context =
            Context { sequence: Some(entry.sequence), created: Some(entry.first_seen), ingested: None };
        match schema {
            Schema::Ecs => self.0.ecs(&entry.raw, &context, out),
            Schema::Ocsf => self.0.ocsf(&entry.raw, &context, out),
        };
        true
    }

    fn added_fields(&self) -> Vec<String> {
        vec!["labels.team".to_owned()]
    }

    fn sentence(&self, entry: &Entry) -> String {
        normalize::sentence(&entry.raw)
    }
}

impl World {
    /// With the default settings.
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Options)) -> Self {
        Self::serving(change, |_| parts()).await
    }

    /// With an index of these documents, whose sequences are 1, 2, 3 and so on.
    pub(crate) async fn searching(documents: &[Value]) -> Self {
        let fields = fields();
        Self::serving(
            |_| {},
            |folder| {
                let folder = folder.join("index");
                let mut writer = index::Writer::open(&folder, &fields).expect("the index opens");
                for document in documents {
                    let event = &document["event"];
                    let (sequence, id) = (event["sequence"].as_u64(), event["id"].as_str());
                    let text = document.to_string();
                    writer
                        .add(sequence.expect("a number"), id.expect("an id"), text.as_bytes())
                        .expect("it is added");
                }
                writer.commit().expect("a commit");
                let given = Arc::new(Given(documents.iter().map(Value::to_string).collect()));
                let index = index::EmbeddedIndex::new(&folder, Arc::clone(&fields), given);
                Parts { backend: Some(Arc::new(index)), ..parts() }
            },
        )
        .await
    }

    /// With actions on its own ledger.
    pub(crate) async fn acting() -> Self {
        let (began, beginnings) = mpsc::unbounded_channel();
        let (go_on, going_on) = std::sync::mpsc::channel();
        let actions = |folder: &Path| Acting {
            ledger: folder.join("ledger.sqlite"),
            began,
            go_on: std::sync::Mutex::new(going_on),
        };
        let parts = |folder: &Path| Parts { actions: Some(Arc::new(actions(folder))), ..parts() };
        let mut world = Self::serving(|_| {}, parts).await;
        world.gate = Some(Gate { began: tokio::sync::Mutex::new(beginnings), go_on });
        world
    }

    /// Waits until the action that waits is under way.
    pub(crate) async fn action_began(&self) {
        let mut began = self.gate.as_ref().expect("a world that acts").began.lock().await;
        tokio::time::timeout(PATIENCE, began.recv()).await.expect("it begins").expect("it is there");
    }

    /// Lets it end.
    pub(crate) fn go_on(&self) {
        self.gate.as_ref().expect("a world that acts").go_on.send(()).expect("it waits");
    }

    pub(crate) async fn serving(
        change: impl FnOnce(&mut Options),
        parts: impl FnOnce(&Path) -> Parts,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(AtomicI64::new(START));
        let mut options = options(folder.path(), &clock);
        change(&mut options);
        let stop = CancellationToken::new();
        begin_ledger(&options.ledger);
        let store = Store::open(&options.store).expect("the store opens");
        let console =
            Console::bind(options, parts(folder.path()), stop.clone()).await.expect("the console binds");
        let (url, link) = (console.url(), console.one_time_link().expect("a link"));
        tokio::spawn(console.serve());
        Self { url, folder, store, clock, stop, link, gate: None }
    }

    /// Options for a console in this folder.
    pub(crate) fn options_in(folder: &Path) -> Options {
        options(folder, &Arc::new(AtomicI64::new(START)))
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_second(self.clock.load(Ordering::SeqCst)).expect("in range")
    }

    /// A browser that nobody signed in with.
    pub(crate) fn browser(&self) -> Browser {
        Browser { url: self.url.clone(), client: client(), cookie: None, csrf: None }
    }

    /// The path and query of the link that the start printed.
    pub(crate) fn link(&self) -> String {
        self.link.trim_start_matches(&self.url).to_owned()
    }

    /// Somebody signed in with a new link: an administrator.
    pub(crate) async fn signed_in(&self) -> Browser {
        let token = self.store.new_link(self.now()).expect("a link");
        let mut browser = self.browser();
        let answer = browser.get(&format!("/open?token={}", token.expose())).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        browser.learn_csrf().await;
        browser
    }

    /// Somebody signed in by name.
    pub(crate) async fn signed_in_as(&self, name: &str, role: Role) -> Browser {
        let password = "correct horse battery";
        self.store.put_user(name, role, &Password::new(password), self.now()).expect("a user");
        let mut browser = self.browser();
        let body = json!({ "user": name, "password": password });
        assert_eq!(browser.send(Method::POST, "/login", Some(body)).await.status, StatusCode::OK);
        browser.learn_csrf().await;
        browser
    }

    pub(crate) fn ledger(&self) -> Ledger {
        Ledger::open(&self.folder.path().join("ledger.sqlite"), ledger::Options::default())
            .expect("the ledger opens")
    }
}

fn options(folder: &Path, clock: &Arc<AtomicI64>) -> Options {
    let clock = Arc::clone(clock);
    Options {
        listen: "127.0.0.1:0".parse().expect("an address"),
        public_url: None,
        tls: None,
        trusted_proxies: Vec::new(),
        oidc: None,
        session_lifetime: Duration::from_hours(12),
        session_idle_timeout: Duration::from_hours(2),
        access_log_retention: Duration::from_hours(24 * 365),
        request_timeout: PATIENCE,
        ledger: folder.join("ledger.sqlite"),
        store: folder.join("console.sqlite"),
        local_user: "operator".to_owned(),
        version: "test".to_owned(),
        stories: Vec::new(),
        clock: Arc::new(move || Timestamp::from_second(clock.load(Ordering::SeqCst)).expect("in range")),
    }
}

pub(crate) fn fields() -> Arc<query::Fields> {
    let known = normalize::fields::all();
    let typed = known.iter().map(|field| (field.name.as_str(), field.elasticsearch_type, field.source));
    Arc::new(query::Fields::of_elasticsearch_types(typed))
}

pub(crate) fn parts() -> Parts {
    Parts { trail: Arc::new(Real), backend: None, actions: None }
}

/// A ledger with one feed, complete for its first minute, and two sign-ins.
fn begin_ledger(path: &Path) {
    let mut ledger = Ledger::open(path, ledger::Options::default()).expect("the ledger opens");
    let feed = ledger.register_feed("acme", "scope", at(-100)).expect("a feed");
    ledger.plan_start(feed, at(-60)).expect("a start");
    append(&mut ledger, feed, &[("activity_1", -50), ("activity_2", -40)], Some((-60, 0)));
}

/// Appends a page of sign-ins.
pub(crate) fn append(ledger: &mut Ledger, feed: FeedId, rows: &[(&str, i64)], drained: Option<(i64, i64)>) {
    let texts: Vec<String> = rows.iter().map(|(id, second)| sign_in(id, at(*second))).collect();
    let activities: Vec<NewActivity<'_>> = rows
        .iter()
        .zip(&texts)
        .map(|((id, second), text)| NewActivity { id, created_at: at(*second), raw: text.as_bytes() })
        .collect();
    ledger
        .append(&PageCommit {
            feed,
            provenance: Provenance {
                url: "https://api.anthropic.com/v1/compliance/activities?limit=5000",
                parameters: "{}",
                request_id: Some("req_1"),
                requested_at: at(1),
                responded_at: at(2),
                status: 200,
                body_sha256: [9; 32],
                body_bytes: 1_000,
                attempts: 1,
            },
            activities: &activities,
            drained: drained.map(|(gte, lt)| Interval { gte: at(gte), lt: at(lt) }),
            drain_started: true,
            drain: None,
            lag: LagPolicy::Count,
            own_reads: &[],
        })
        .expect("the page is kept");
}

fn sign_in(id: &str, at: Timestamp) -> String {
    json!({
        "id": id, "created_at": at, "type": "sso_login_succeeded",
        "actor": {
            "type": "user_actor", "user_id": "user_1", "email_address": "ana@example.com", "ip_address": "192.0.2.7",
        },
    })
    .to_string()
}

pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE)
        .build()
        .expect("a client")
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn kind(&self) -> String {
        self.json()["error"]["kind"].as_str().expect("an error has a kind").to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }
}

/// Sends what a browser would, and nothing that it would not.
#[derive(Clone)]
pub(crate) struct Browser {
    url: String,
    client: reqwest::Client,
    pub(crate) cookie: Option<String>,
    pub(crate) csrf: Option<String>,
}

impl Browser {
    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&mut self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        if let Some(token) = &self.csrf {
            request = request.header("x-csrf-token", token);
        }
        request
    }

    pub(crate) async fn send(&mut self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        self.take(request).await
    }

    pub(crate) async fn take(&mut self, request: reqwest::RequestBuilder) -> Answer {
        let (client, request) = request.build_split();
        let request = request.expect("a request");
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let response = client.execute(request).await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        if let Some(set) = headers.get("set-cookie") {
            let pair = set.to_str().expect("text").split(';').next().expect("a pair").to_owned();
            self.cookie = (!pair.ends_with('=')).then_some(pair);
        }
        let answer = Answer { status, headers, text: response.text().await.expect("a body") };
        crate::document::check(method.as_str(), &path, &answer);
        answer
    }

    pub(crate) async fn learn_csrf(&mut self) {
        let session = self.get("/api/v1/session").await.json();
        self.csrf = Some(session["csrf_token"].as_str().expect("a token").to_owned());
    }
}

//! No secret leaves the place where it is kept: not to a terminal, a log, a trace, an answer, or any file that the program writes.
//!
//! The worst case is a server that repeats what it was sent, as some proxies and debugging pages do: here every destination is one.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::Stdio,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::support::{Place, Simulator, console::Console, http, wait_for};

const KEY: &str = "sk-ant-api01-Wm7Jq2RtUx9LpZk4";
const REFUSED_KEY: &str = "sk-ant-api01-Nb3Vc6Xy8DfGh1Sa";
const PASSWORD: &str = "pw-Tz5Gh8Kq1Lm4";
const API_KEY: &str = "VnVhQ2ZHY0JDZGJrUW0tZTVhT3g6dWkybHAyYXhUTm1zeWFrdzl0dk5udw==";
const BEARER: &str = "bearer-Qp9Wo2Ei4Ru7";
const CLIENT_SECRET: &str = "oidc-Lk6Jh3Gf8Ds1";
const HASH_KEY: &str = "hmac-Mn4Bv7Cx2Za9";
const CONSOLE_PASSWORD: &str = "people-Yu8It5Re3Wq6";

/// A server that refuses everything and says what it was sent: the head, decoded credentials, the body.
fn echoing() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("bound"));
    let own = address.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let own = own.clone();
            std::thread::spawn(move || answer(stream, &own));
        }
    });
    address
}

fn answer(stream: TcpStream, own: &str) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let value = |name: &str| {
        head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let length = value("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (status, body) = if head.contains("/.well-known/openid-configuration") {
        let document = serde_json::json!({
            "issuer": own, "authorization_endpoint": format!("{own}/authorize"), "token_endpoint": format!("{own}/token"),
            "jwks_uri": format!("{own}/keys"), "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        });
        ("200 OK", document.to_string())
    } else {
        let decoded = value("authorization").and_then(|value| {
            let (_, credentials) = value.split_once(' ')?;
            STANDARD.decode(credentials).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        });
        let said =
            format!("cannot take {head} {} {}", decoded.unwrap_or_default(), String::from_utf8_lossy(&body));
        let error = serde_json::json!({ "type": "authentication_error", "message": said, "reason": said });
        (
            "401 Unauthorized",
            serde_json::json!({ "type": "error", "error": error, "status": 401, "error_description": said })
                .to_string(),
        )
    };
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .ok()
}

/// Everything that the program said, by what it was asked.
struct Said {
    place: Place,
    all: Vec<(String, Vec<u8>)>,
}

impl Said {
    /// Runs a command to its end, whatever that is.
    fn run(&mut self, arguments: &[&str]) {
        self.run_with(arguments, &[], b"");
    }

    fn run_with(&mut self, arguments: &[&str], environment: &[(&str, &str)], input: &[u8]) {
        let mut command = self.place.command(arguments);
        command.args(["--log-level", "trace"]);
        command
            .env("CLAUDETRAIL_LOG", "trace")
            .env("ANTHROPIC_COMPLIANCE_KEY", KEY)
            .envs(environment.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        child.stdin.take().expect("piped").write_all(input).expect("it reads");
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.code().is_some_and(|code| code != 101), "{arguments:?} panicked");
        self.all.push((format!("{arguments:?}"), [output.stdout, output.stderr].concat()));
    }

    /// Asserts that none of the secrets is anywhere, in any form that can be read.
    fn assert_without(mut self, secrets: &[&str], kept_in: &[PathBuf]) {
        let mut folders = vec![self.place.path("")];
        while let Some(folder) = folders.pop() {
            for file in std::fs::read_dir(folder).expect("a folder") {
                let path = file.expect("a file").path();
                if path.is_dir() {
                    folders.push(path);
                } else if !kept_in.contains(&path) {
                    self.all.push((path.display().to_string(), std::fs::read(&path).expect("readable")));
                }
            }
        }
        for secret in secrets {
            let encoded = STANDARD.encode(secret);
            let by_user = STANDARD.encode(format!("trail:{secret}"));
            for form in [(*secret).to_owned(), http::escaped(secret), encoded, by_user] {
                for (what, bytes) in &self.all {
                    let text = String::from_utf8_lossy(bytes);
                    if let Some(at) = text.find(&form) {
                        let start = text.floor_char_boundary(at.saturating_sub(200));
                        panic!("{what} tells {form}: {}", &text[start..at + form.len()]);
                    }
                }
            }
        }
    }
}

/// A feed that answers and one that refuses, three sinks that refuse, a provider that refuses, a key of hashes.
fn configuration(feed: &str, echo: &str) -> String {
    format!(
        r#"
[console]
listen = "127.0.0.1:0"
[console.oidc]
issuer = "{echo}"
client_id = "trail"
client_secret = {{ env = "CLIENT_SECRET" }}
viewer_groups = ["*"]

[[feed]]
name = "acme"
base_url = "{feed}"
poll_interval = "1s"
settle = "2s"
[feed.request_trace]
directory = "trace"

[[feed]]
name = "refused"
base_url = "{echo}"
api_key = {{ env = "REFUSED_KEY" }}
poll_interval = "1s"
[feed.request_trace]
directory = "trace-refused"

[[sink]]
name = "by-password"
hosts = ["{echo}"]
user = "trail"
password = {{ file = "password" }}
max_backoff = "1s"
[[sink]]
name = "by-api-key"
hosts = ["{echo}"]
api_key = {{ command = ["cat", "sink.key"] }}
max_backoff = "1s"
[[sink]]
name = "by-bearer-token"
hosts = ["{echo}"]
bearer_token = {{ env = "BEARER" }}
max_backoff = "1s"

[[processor]]
hash = ["user.email"]
key = {{ env = "HASH_KEY" }}
"#
    )
}

#[test]
fn no_secret_is_told_by_any_command_or_file() {
    let simulator = Simulator::start(&["--activities", "1000", "--history", "1d", "--api-key", KEY]);
    let echo = echoing();
    let place = Place::new(&simulator.base_url, "");
    place.configure(&configuration(&simulator.base_url, &echo));
    std::fs::write(place.path("password"), PASSWORD).expect("written");
    std::fs::write(place.path("sink.key"), API_KEY).expect("written");
    let mut said = Said { place, all: Vec::new() };
    let environment = [
        ("CLIENT_SECRET", CLIENT_SECRET),
        ("REFUSED_KEY", REFUSED_KEY),
        ("BEARER", BEARER),
        ("HASH_KEY", HASH_KEY),
    ];
    let mut run = |arguments: &[&str]| said.run_with(arguments, &environment, b"");

    run(&["check"]);
    run(&["check", "--json"]);
    run(&["run", "--once"]);
    run(&["verify", "keygen"]);
    for arguments in [
        &["status"][..],
        &["status", "--json"],
        &["verify"],
        &["verify", "--json"],
        &["verify", "--recount"],
        &["verify", "--attest", "statement.json"],
        &["verify", "attestation", "statement.json"],
        &["dead-letters", "list"],
        &["dead-letters", "retry"],
        &["dead-letters", "drop", "--sink", "by-password", "--all"],
        &["backfill", "--from", "2d"],
        &["search", "--format", "ndjson", "--limit", "5000"],
        &["stats", "--json"],
        &["tail", "-n", "5000"],
        &["tail", "-n", "5000", "--format", "ecs"],
        &["export"],
        &["export", "--schema", "ecs"],
        &["export", "--schema", "ocsf"],
        &["export", "--format", "csv"],
        &["index", "status"],
        &["index", "rebuild"],
        &["console", "users", "--json"],
        &["config", "path"],
        &["normalize"],
    ] {
        run(arguments);
    }
    said.run_with(&["console", "add-user", "ana"], &environment, CONSOLE_PASSWORD.as_bytes());
    // Without the secrets, or with ones that are refused.
    said.run(&["check"]);
    said.run(&["run", "--once"]);
    said.run_with(&["check"], &[("ANTHROPIC_COMPLIANCE_KEY", REFUSED_KEY)], b"");
    beside_a_server(&mut said, &environment);

    let secrets = {
        let pem = std::fs::read_to_string(said.place.path("data/attestation-key.pem")).expect("a key");
        let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        assert!(body.len() > 40, "no key in {pem}");
        let mut secrets =
            [KEY, REFUSED_KEY, PASSWORD, API_KEY, BEARER, CLIENT_SECRET, HASH_KEY, CONSOLE_PASSWORD]
                .map(str::to_owned)
                .to_vec();
        secrets.push(body);
        secrets
    };
    let kept_in = ["password", "sink.key", "data/attestation-key.pem"].map(|name| said.place.path(name));
    let told = |what: &str| said.all.iter().any(|(_, bytes)| String::from_utf8_lossy(bytes).contains(what));
    assert!(told("cannot take") && told("********"), "the servers repeated nothing, so nothing was tested");
    said.assert_without(&secrets.iter().map(String::as_str).collect::<Vec<_>>(), &kept_in);
}

/// A running collector with its console: signed in by every way, every page and question, right and wrong.
fn beside_a_server(said: &mut Said, environment: &[(&str, &str)]) {
    let log = std::fs::File::create(said.place.path("log.txt")).expect("a log file");
    let mut command = said.place.command(&["run", "--log-level", "trace", "--log-format", "json"]);
    command.env("ANTHROPIC_COMPLIANCE_KEY", KEY).envs(environment.iter().copied());
    let child =
        command.stdout(log.try_clone().expect("a log file")).stderr(log).spawn().expect("the program starts");
    let running = crate::support::Running(child);
    let browser = Console::open(&said.place);
    let mut answers = Vec::new();
    for path in [
        "/",
        "/events",
        "/healthz",
        "/metrics",
        "/api/v1/openapi.json",
        "/api/v1/sign-in",
        "/api/v1/session",
        "/api/v1/sessions",
        "/api/v1/trail",
        "/api/v1/coverage?from=now-1d&to=now",
        "/api/v1/fields",
        "/api/v1/values?field=event.action",
        "/api/v1/events/none",
        "/api/v1/saved-searches",
        "/api/v1/stories",
        "/api/v1/access-log",
        "/api/v1/export",
        "/api/v1/export?schema=ocsf",
        "/api/v1/export?schema=raw",
        "/api/v1/export?format=csv",
        "/api/v1/export?query=(",
        "/api/v1/none",
    ] {
        answers.push((path.to_owned(), browser.send("GET", path, None)));
    }
    for password in [CONSOLE_PASSWORD, "wrong-one-Aa1Ss2Dd3Ff4"] {
        let body = serde_json::json!({ "user": "ana", "password": password }).to_string();
        let headers = [("Content-Type", "application/json")];
        answers.push((
            "/login".into(),
            http::request("POST", &format!("{}/login", browser.url()), &headers, &body),
        ));
    }
    let begun = http::get(&format!("{}/login/oidc", browser.url()));
    if let (Some(to), Some(cookie)) = (begun.header("location"), begun.header("set-cookie")) {
        let state = to.split(['?', '&']).find_map(|part| part.strip_prefix("state=")).unwrap_or_default();
        let cookie = cookie.split(';').next().unwrap_or_default();
        let back = format!("{}/login/oidc/callback?code=code-1&state={state}", browser.url());
        let answer = http::request("GET", &back, &[("Cookie", cookie)], "");
        assert_ne!(answer.status, 200);
        answers.push(("/login/oidc/callback".into(), answer));
    } else {
        panic!("the provider is not asked: {}", begun.text());
    }
    wait_for("every destination to have refused", Duration::from_mins(2), || {
        let status = said.place.status();
        let failed = |name: &str| {
            let all = status[name].as_array().into_iter().flatten();
            all.filter(|one| !one["last_error"].is_null()).count()
        };
        (failed("sinks") == 3 && failed("feeds") >= 1).then_some(())
    });
    assert!(running.terminate().success(), "{}", said.place.log());
    said.all.extend(answers.into_iter().map(|(path, answer)| (path, answer.text().into_bytes())));
}

#[test]
fn a_secret_in_a_wrong_configuration_is_not_repeated() {
    for (lines, said) in [
        (format!("api_key = {{ value = \"{KEY}\" "), "configuration"),
        (format!("api_key = {{ value = \"{KEY}\", env = \"X\" }}"), "exactly one"),
        (format!("api_key = \"{KEY}\""), "where it is kept"),
        (format!("api_key = {{ valeu = \"{KEY}\" }}"), "value"),
        (format!("api_key = [\"{KEY}\"]"), "where it is kept"),
    ] {
        let place = Place::new("http://127.0.0.1:9", &lines);
        for command in [&["check"][..], &["run"], &["status"], &["config", "path"]] {
            let output = place.output(command);
            let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
            assert!(!text.contains(KEY), "{command:?} tells the key of {lines}: {text}");
            if command != ["config", "path"] {
                assert!(text.contains(said), "{said:?} is not in: {text}");
            }
        }
    }
}

//! What goes wrong is said: one sentence, the detail, a hint, and the documented exit code.

use std::{
    io::{Read, Write},
    net::TcpListener,
    process::Output,
};

use crate::support::{KEY, Place, Simulator};

#[track_caller]
fn assert_said(output: &Output, code: i32, sentence: &str, hint: &str) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    let error = stderr
        .lines()
        .find(|line| line.starts_with("error: "))
        .unwrap_or_else(|| panic!("no error line in: {stderr}"));
    assert!(error.contains(sentence), "{sentence:?} is not in: {error}");
    let said = stderr
        .lines()
        .find(|line| line.starts_with("hint: "))
        .unwrap_or_else(|| panic!("no hint in: {stderr}"));
    assert!(said.contains(hint), "{hint:?} is not in: {said}");
    assert!(!stderr.contains(KEY), "the key is in: {stderr}");
}

#[test]
fn a_refused_key_is_named_for_what_it_is() {
    let simulator = Simulator::start(&["--activities", "1000", "--history", "1d"]);
    let place = Place::new(&simulator.base_url, "");
    for (key, sentence, hint) in [
        ("sk-ant-api01-wrong", "invalid", "key"),
        ("sk-ant-api01-simulator-expired", "expired", "key"),
        ("sk-ant-api01-simulator-unscoped", "read:compliance_activities", "scope"),
    ] {
        for command in [&["check"][..], &["run"], &["run", "--once"]] {
            let output = place.command(command).env("ANTHROPIC_COMPLIANCE_KEY", key).output().unwrap();
            assert_said(&output, 3, sentence, hint);
            assert!(!String::from_utf8_lossy(&output.stderr).contains(key));
        }
    }
}

#[test]
fn a_key_that_cannot_be_read_is_said_before_anything_is_written() {
    let place = Place::new("http://127.0.0.1:9", "api_key = { file = \"absent.key\" }");
    let output = place.output(&["run"]);
    assert_said(&output, 3, "absent.key", "");
    assert!(!place.data_dir().exists());
    let place = Place::new("http://127.0.0.1:9", "");
    let output = place.command(&["run"]).env_remove("ANTHROPIC_COMPLIANCE_KEY").output().unwrap();
    assert_said(&output, 3, "ANTHROPIC_COMPLIANCE_KEY", "");
}

#[test]
fn an_unreachable_host_and_a_proxy_page_are_told_apart() {
    // A port that was free a moment ago refuses connections.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let place = Place::new(&format!("http://127.0.0.1:{port}"), "");
    assert_said(&place.output(&["check"]), 4, "connect", "");

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let _ = stream.read(&mut [0; 4096]);
            let body = "<html><body>Sign in to the guest network</body></html>";
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    let place = Place::new(&format!("http://{address}"), "");
    assert_said(&place.output(&["check"]), 4, "text/html", "proxy");
}

#[test]
fn a_clock_that_is_an_hour_off_is_noticed() {
    let place = Place::new("http://127.0.0.1:9", "");
    std::fs::write(place.path("skew.toml"), "[[fault]]\nkind = \"clock_skew\"\nby = \"1h\"\ncount = 1000\n")
        .unwrap();
    let plan = place.path("skew.toml");
    let simulator = Simulator::start(&[
        "--activities",
        "1000",
        "--history",
        "1d",
        "--fault-plan",
        plan.to_str().unwrap(),
    ]);
    place.configure(&format!("[[feed]]\nbase_url = \"{}\"\n", simulator.base_url));
    assert_said(&place.output(&["check"]), 1, "60 min behind", "NTP");
}

#[test]
fn wrong_configuration_is_refused_with_the_name_that_was_meant() {
    let place = Place::new("http://127.0.0.1:9", "pol_interval = \"60s\"");
    for command in [&["run"][..], &["check"], &["status"]] {
        assert_said(&place.output(command), 2, "unknown key \"pol_interval\"", "poll_interval");
    }
    assert!(!place.data_dir().exists());
    let output = place.output(&["run", "--config", "absent.toml"]);
    assert_said(&output, 2, "absent.toml", "config example");
}

#[test]
fn a_data_directory_that_cannot_be_written_is_said() {
    let place = Place::new("http://127.0.0.1:9", "");
    // A file where the folder should be: refused for every user, root included.
    std::fs::write(place.data_dir(), "not a folder").unwrap();
    assert_said(&place.output(&["run"]), 5, "data directory", "--data-dir");
    assert_said(&place.output(&["check"]), 5, "data directory", "--data-dir");
    assert_eq!(std::fs::read_to_string(place.data_dir()).unwrap(), "not a folder");
}

#[test]
fn a_ledger_in_use_damaged_or_absent_is_said() {
    let simulator = Simulator::start(&["--activities", "1000", "--history", "1d"]);
    let place = Place::new(&simulator.base_url, "");
    assert_said(&place.output(&["status"]), 5, "ledger", "claudetrail run");
    let collector = place.start(&["run"]);
    crate::support::wait_for("the ledger", std::time::Duration::from_secs(10), || place.covered_until());
    assert_said(&place.output(&["run", "--once"]), 5, &collector.0.id().to_string(), "");
    // Readers work beside it.
    assert!(!place.export(&[]).is_empty());
    assert!(collector.terminate().success());

    std::fs::write(
        place.path("data/ledger.sqlite"),
        "this is no ledger, it is a poem about one, long enough to be read as a header",
    )
    .unwrap();
    for command in [&["run", "--once"][..], &["status"], &["export"]] {
        assert_said(&place.output(command), 5, "ledger", "");
    }
}

#[test]
fn a_key_never_reaches_logs_or_traces() {
    let simulator = Simulator::start(&["--activities", "1000", "--history", "1d"]);
    let place = Place::new(&simulator.base_url, "[feed.request_trace]\ndirectory = \"trace\"");
    let output = place
        .command(&["run", "--once", "--log-level", "trace"])
        .env("CLAUDETRAIL_LOG", "trace")
        .output()
        .unwrap();
    assert!(output.status.success());
    let mut everything = vec![output.stdout, output.stderr];
    let mut folders = vec![place.path("trace"), place.path("data")];
    while let Some(folder) = folders.pop() {
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                everything.push(std::fs::read(path).unwrap());
            }
        }
    }
    assert!(everything.iter().map(Vec::len).sum::<usize>() > 10_000, "nothing was logged or traced");
    for bytes in everything {
        assert!(!String::from_utf8_lossy(&bytes).contains(KEY));
    }
}

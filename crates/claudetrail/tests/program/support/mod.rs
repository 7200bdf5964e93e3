//! A small world for end-to-end tests: the real program beside a real simulator, in a folder of its own.

pub(crate) mod console;
pub(crate) mod http;
pub(crate) mod moments;
pub(crate) mod search_engine;
pub(crate) mod tamper;

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use jiff::Timestamp;

pub(crate) const KEY: &str = "sk-ant-api01-simulator";

/// The program under test, without the machine's own settings.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_claudetrail"));
    for variable in [
        "CLAUDETRAIL_CONFIG",
        "CLAUDETRAIL_DATA_DIR",
        "CLAUDETRAIL_LOG",
        "STATE_DIRECTORY",
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "all_proxy",
    ] {
        command.env_remove(variable);
    }
    command.env("ANTHROPIC_COMPLIANCE_KEY", KEY).stdin(Stdio::null());
    command
}

/// A child that does not outlive its test.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    /// Asks for a graceful stop and waits for it.
    pub(crate) fn terminate(mut self) -> std::process::ExitStatus {
        let killed =
            Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status().expect("kill runs");
        assert!(killed.success());
        wait_for("the program to stop", Duration::from_mins(2), || {
            self.0.try_wait().expect("the child can be waited for")
        })
    }
}

/// `claudetrail simulate` on a free port.
pub(crate) struct Simulator {
    pub(crate) base_url: String,
    _running: Running,
}

impl Simulator {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = program()
            .arg("simulate")
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the simulator starts");
        let stdout = child.stdout.take().expect("stdout is piped");
        let running = Running(child);
        let mut base_url = String::new();
        BufReader::new(stdout).read_line(&mut base_url).expect("the simulator prints its address");
        let base_url = base_url.trim().to_owned();
        assert!(base_url.starts_with("http://"), "no address: {base_url:?}");
        Self { base_url, _running: running }
    }

    /// The body of a control-plane answer.
    pub(crate) fn get(&self, path: &str) -> Vec<u8> {
        self.ask("GET", path, "")
    }

    /// Sets something of the control plane.
    pub(crate) fn put(&self, path: &str, body: &str) {
        self.ask("PUT", path, body);
    }

    /// Puts a fault plan into force; an empty one ends what went wrong.
    pub(crate) fn fail(&self, plan: &str) {
        self.put("/simulator/fault-plan", plan);
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Vec<u8> {
        let answer = http::request(method, &format!("{}{path}", self.base_url), &[], body);
        assert_eq!(answer.status, 200, "{}", answer.head);
        answer.body
    }

    /// Every row that there is before a time, sorted.
    pub(crate) fn truth(&self, before: &str) -> Vec<String> {
        sorted_lines(&self.get(&format!("/simulator/activities?created_at.lt={before}")))
    }

    /// What it has of a stretch, whatever can be fetched already.
    pub(crate) fn truth_between(&self, from: Timestamp, to: Timestamp) -> Vec<String> {
        sorted_lines(&self.get(&format!("/simulator/activities?created_at.gte={from}&created_at.lt={to}")))
    }
}

/// A folder with a configuration and a ledger.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    /// A `[[feed]]` at the address, with further lines, that trusts the key of the simulator's transparency log.
    pub(crate) fn new(base_url: &str, feed_lines: &str) -> Self {
        let place = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        let key = simulator::transparency_log_key_fingerprint();
        place.configure(&format!(
            "[[feed]]\nname = \"acme\"\nbase_url = \"{base_url}\"\ntransparency_log.trusted_keys = [\"{key}\"]\n{feed_lines}\n"
        ));
        place
    }

    pub(crate) fn configure(&self, text: &str) {
        std::fs::write(self.path("claudetrail.toml"), text).expect("the configuration is written");
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.path("data")
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program();
        command.current_dir(self.folder.path()).args(arguments).arg("--data-dir").arg(self.data_dir());
        command
    }

    pub(crate) fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program runs")
    }

    /// Standard output of a command that must succeed.
    pub(crate) fn succeed(&self, arguments: &[&str]) -> Vec<u8> {
        let output = self.output(arguments);
        assert!(
            output.status.success(),
            "{arguments:?} ended with {}:\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        output.stdout
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.path("log.txt"))
            .expect("a log file");
        Running(
            self.command(arguments).stdout(Stdio::null()).stderr(log).spawn().expect("the program starts"),
        )
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.path("log.txt")).unwrap_or_default()
    }

    /// The link that opens the console of a `run` whose log this is.
    pub(crate) fn console_link(&self) -> String {
        wait_for("the console's link", Duration::from_mins(2), || {
            let log = self.log();
            let line = log.lines().find(|line| line.contains("/open?token="))?;
            line[line.find("http://")?..].split_whitespace().next().map(str::to_owned)
        })
    }

    pub(crate) fn status(&self) -> serde_json::Value {
        serde_json::from_slice(&self.succeed(&["status", "--json"])).expect("status is JSON")
    }

    /// End of the first feed's coverage, once nothing is missing before it.
    pub(crate) fn covered_until(&self) -> Option<String> {
        let output = self.output(&["status", "--json"]);
        let status: serde_json::Value = serde_json::from_slice(&output.stdout).ok()?;
        let feed = &status["feeds"][0];
        if !feed["gaps"].as_array()?.is_empty() {
            return None;
        }
        feed["coverage"].as_array()?.first()?["lt"].as_str().map(str::to_owned)
    }

    /// The export as sorted lines.
    pub(crate) fn export(&self, arguments: &[&str]) -> Vec<String> {
        let mut all = vec!["export"];
        all.extend(arguments);
        sorted_lines(&self.succeed(&all))
    }

    pub(crate) fn export_between(&self, from: Timestamp, to: Timestamp) -> Vec<String> {
        self.export(&["--from", &from.to_string(), "--to", &to.to_string()])
    }

    /// Waits until the first feed is complete to a moment, and gives where its coverage begins.
    pub(crate) fn complete_until(&self, end: Timestamp, patience: Duration) -> Timestamp {
        wait_for(&format!("coverage until {end}"), patience, || {
            let until: Timestamp = self.covered_until()?.parse().ok()?;
            (until >= end).then_some(())
        });
        let begin = &self.status()["feeds"][0]["coverage"][0]["gte"];
        begin.as_str().expect("covered").parse().expect("a time")
    }

    /// The rows of a stretch, once there are as many as are expected: the last of them come late.
    pub(crate) fn export_with_late_rows(
        &self,
        from: Timestamp,
        to: Timestamp,
        expected: &[String],
    ) -> Vec<String> {
        wait_for("the last late row", Duration::from_mins(3), || {
            Some(self.export_between(from, to)).filter(|found| found.len() >= expected.len())
        })
    }
}

pub(crate) fn sorted_lines(bytes: &[u8]) -> Vec<String> {
    let mut lines: Vec<String> =
        String::from_utf8(bytes.to_vec()).expect("text").lines().map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

/// Waits for something to be there, with a bound.
pub(crate) fn wait_for<T>(what: &str, patience: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < patience, "waited {patience:?} for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Compares two sorted lists of rows, and says what differs without printing a hundred thousand lines.
pub(crate) fn assert_same_rows(found: &[String], expected: &[String], context: &str) {
    if found == expected {
        return;
    }
    let missing: Vec<&String> =
        expected.iter().filter(|row| found.binary_search(row).is_err()).take(3).collect();
    let surplus: Vec<&String> =
        found.iter().filter(|row| expected.binary_search(row).is_err()).take(3).collect();
    panic!(
        "{} rows, expected {}; missing such as {missing:#?}, surplus such as {surplus:#?}\n{context}",
        found.len(),
        expected.len()
    );
}

/// The tail of a path as text.
pub(crate) fn text(path: &Path) -> String {
    path.display().to_string()
}

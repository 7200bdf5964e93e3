//! Starts a real Elasticsearch or OpenSearch node for a test, and ends it with the test. For tests only.
//!
//! The work is done by the programs in `dev/engines`; this is their face in Rust. A node takes 0.4 GB and both cores while it
//! starts, so only one runs at a time: [`Engine::start`] waits for the others, in whatever process they are.
//!
//! Where there is no Java or no Maven, [`Engine::start`] says so on stderr and returns `None`, and the test passes without having
//! tested; where `CI` is set that is a failure.

mod proxy;

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde::Deserialize;

pub use proxy::{Asked, Proxy};

/// The exit status by which a setup says that this machine lacks what it takes.
const UNAVAILABLE: i32 = 3;

/// Which engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    /// Elasticsearch, of the version in `dev/engines/elasticsearch/engine.sh` or `ELASTICSEARCH_VERSION`.
    Elasticsearch,
    /// OpenSearch, likewise.
    OpenSearch,
}

impl Product {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Elasticsearch, Self::OpenSearch];

    /// Its folder under `dev/engines`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Elasticsearch => "elasticsearch",
            Self::OpenSearch => "opensearch",
        }
    }
}

/// How to start it.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// TLS, users and roles.
    pub security: bool,
    /// Heap, as Java writes it; `512m` unless set.
    pub heap: Option<String>,
    /// Further options of Java's, such as `-XX:TieredStopAtLevel=4` for a load test.
    pub java_options: Option<String>,
}

/// What a start prints.
#[derive(Debug, Clone, Deserialize)]
struct Description {
    version: String,
    url: String,
    pid: u32,
    data_dir: PathBuf,
    log_file: PathBuf,
    user: Option<String>,
    password: Option<String>,
    ca_file: Option<PathBuf>,
    client_certificate_file: Option<PathBuf>,
    client_key_file: Option<PathBuf>,
}

/// A running node; ends, and its data with it, when it is dropped.
#[derive(Debug)]
pub struct Engine {
    product: Product,
    options: Options,
    description: Description,
    // Held for as long as the engine lives.
    _turn: File,
}

impl Engine {
    /// Starts a node and waits until it can be worked with; `None` where this machine cannot run one.
    pub fn start(product: Product, options: Options) -> Option<Self> {
        let turn = wait_for_turn();
        let description = start(product, &options, &[])?;
        Some(Self { product, options, description, _turn: turn })
    }

    /// Which engine it is.
    pub fn product(&self) -> Product {
        self.product
    }

    /// Its version, such as `8.19.21`.
    pub fn version(&self) -> &str {
        &self.description.version
    }

    /// Its address, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.description.url
    }

    /// Name and password of its administrator, when it has users.
    pub fn administrator(&self) -> Option<(&str, &str)> {
        self.description.user.as_deref().zip(self.description.password.as_deref())
    }

    /// The authority that signed its certificate, when it has TLS.
    pub fn ca_file(&self) -> Option<&Path> {
        self.description.ca_file.as_deref()
    }

    /// A client certificate it accepts, and its key, when it has TLS.
    pub fn client_certificate(&self) -> Option<(&Path, &Path)> {
        let description = &self.description;
        description.client_certificate_file.as_deref().zip(description.client_key_file.as_deref())
    }

    /// Its log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.description.log_file).unwrap_or_default()
    }

    /// Ends it as a crash does (`kill -9`). Its data stays for [`Engine::restart`].
    pub fn kill(&self) {
        self.stop(&["--kill"]);
    }

    /// Starts it again after [`Engine::kill`], on the same port and data.
    pub fn restart(&mut self) {
        let port = self.description.url.rsplit(':').next().unwrap_or_default().to_owned();
        let data = self.description.data_dir.display().to_string();
        let again = start(self.product, &self.options, &["--port", &port, "--data-dir", &data]);
        self.description = again.expect("what started once starts again");
    }

    fn stop(&self, arguments: &[&str]) {
        let stopped = Command::new(program(self.product, "stop"))
            .args(arguments)
            .arg(self.description.pid.to_string())
            .stdin(Stdio::null())
            .status();
        assert!(stopped.is_ok_and(|status| status.success()), "the engine could not be stopped");
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = Command::new(program(self.product, "stop"))
            .arg(self.description.pid.to_string())
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}

fn program(product: Product, name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dev/engines").join(product.name()).join(name)
}

fn start(product: Product, options: &Options, arguments: &[&str]) -> Option<Description> {
    let mut command = Command::new(program(product, "start"));
    // The engine must not outlive a test that is killed.
    command.args(["--owner", &std::process::id().to_string()]).args(arguments);
    if options.security {
        command.arg("--security");
    }
    if let Some(heap) = &options.heap {
        command.args(["--heap", heap]);
    }
    if let Some(java_options) = &options.java_options {
        command.env("ENGINE_JAVA_OPTIONS", java_options);
    }
    let output = command.stdin(Stdio::null()).output().expect("dev/engines needs bash");
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(UNAVAILABLE) {
        assert!(std::env::var_os("CI").is_none(), "CI has no engine to test with: {said}");
        eprintln!("SKIPPED, this test needs {}: {}", product.name(), said.trim());
        return None;
    }
    assert!(output.status.success(), "{} does not start: {said}", product.name());
    Some(serde_json::from_slice(&output.stdout).expect("a start prints one line of JSON"))
}

/// One engine at a time on this machine: the lock goes with the process, however it ends.
fn wait_for_turn() -> File {
    let home = std::env::var_os("HOME").map_or_else(std::env::temp_dir, PathBuf::from);
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(|| home.join(".cache"), PathBuf::from);
    let folder = cache.join("claudetrail/engines");
    std::fs::create_dir_all(&folder).expect("the cache folder can be made");
    let file = File::create(folder.join("running.lock")).expect("the lock file can be made");
    file.lock().expect("the lock can be waited for");
    file
}

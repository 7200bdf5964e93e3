//! A trace of every request, for finding out what the other side really said. Off unless asked for.
//!
//! One JSON object a line: time, method, URL, request headers with stars for the key, how long it took, status,
//! response headers, length and SHA-256 of the body, and the beginning of the body when the answer is an error or not
//! JSON. Activities never get into the trace, keys neither: not in the headers, and not where an answer repeats them.
//!
//! Files are readable by their owner only. `trace.jsonl` is the current one; when it is full it becomes
//! `trace.1.jsonl`, the older ones move up, and what exceeds the count is deleted. A trace that cannot be written is
//! said once in the log and stops no request.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::error::{Error, ErrorKind};
use crate::key::STARS;
use crate::redact::{Redactor, hexadecimal};
use crate::transport::{TraceOptions, TransportError, TransportRequest, TransportResponse};

/// How much of an error's body goes into the trace, in bytes.
const MAX_TRACED_BODY_BYTES: usize = 16 * 1024;

/// Response headers that hold secrets of their own.
const SECRET_RESPONSE_HEADERS: [&str; 3] = ["set-cookie", "proxy-authenticate", "www-authenticate"];

/// An open trace.
#[derive(Debug)]
pub(crate) struct Trace {
    files: Mutex<Files>,
    has_failed: AtomicBool,
}

/// When a request was begun, by the clock on the wall and by the one that only goes forward.
pub(crate) struct Begun {
    at: Timestamp,
    from: Instant,
}

impl Trace {
    pub(crate) fn open(options: &TraceOptions) -> Result<Self, Error> {
        let files = Files::open(options).map_err(|error| {
            let detail = format!("the folder {} cannot be written: {error}", options.directory.display());
            Error::new(ErrorKind::Configuration, detail).at_step("opening the request trace")
        })?;
        Ok(Self { files: Mutex::new(files), has_failed: AtomicBool::new(false) })
    }

    pub(crate) fn begin() -> Begun {
        Begun { at: Timestamp::now(), from: Instant::now() }
    }

    /// Writes one line, on a thread where blocking is allowed.
    pub(crate) async fn record(
        trace: &Arc<Self>,
        begun: Begun,
        request: TransportRequest,
        outcome: &Result<TransportResponse, TransportError>,
    ) {
        let milliseconds = begun.from.elapsed().as_millis() as u64;
        let (trace, outcome) = (Arc::clone(trace), outcome.clone());
        let task = tokio::task::spawn_blocking(move || {
            let line = line(begun.at, milliseconds, &request, &outcome);
            let written = trace.files.lock().unwrap_or_else(PoisonError::into_inner).append(&line);
            match written {
                Ok(()) => trace.has_failed.store(false, Ordering::Relaxed),
                Err(error) if !trace.has_failed.swap(true, Ordering::Relaxed) => {
                    tracing::warn!(%error, "the request trace cannot be written");
                }
                Err(_) => {}
            }
        });
        // It fails only when the runtime is shutting down, and then there is nobody left to tell.
        let _ = task.await;
    }
}

/// One line of the trace, its line break included.
fn line(
    at: Timestamp,
    milliseconds: u64,
    request: &TransportRequest,
    outcome: &Result<TransportResponse, TransportError>,
) -> String {
    let secret = request
        .headers
        .iter()
        .find(|(_, value)| value.is_sensitive())
        .map_or("", |(_, value)| value.expose());
    let redactor = Redactor::hiding(secret);
    let mut entry = Map::new();
    entry.insert("time".to_owned(), at.to_string().into());
    entry.insert("method".to_owned(), "GET".into());
    entry.insert("url".to_owned(), request.url.clone().into());
    let headers = request.headers.iter().map(|(name, value)| ((*name).to_owned(), value.to_string().into()));
    entry.insert("request_headers".to_owned(), Value::Object(headers.collect()));
    entry.insert("took_ms".to_owned(), milliseconds.into());
    match outcome {
        Ok(response) => describe(response, redactor, &mut entry),
        Err(error) => {
            entry.insert("error".to_owned(), json!({ "kind": error.kind.as_str(), "detail": error.detail }));
        }
    }
    // Over the finished line, so that no field can be forgotten. A key holds nothing that JSON would escape.
    let mut line = redactor.hide(&Value::Object(entry).to_string());
    line.push('\n');
    line
}

fn describe(response: &TransportResponse, redactor: Redactor<'_>, entry: &mut Map<String, Value>) {
    entry.insert("status".to_owned(), response.status.into());
    let headers = response.headers.iter().map(|(name, value)| {
        let is_secret = SECRET_RESPONSE_HEADERS.contains(&name.as_str());
        json!([name, if is_secret { STARS } else { value.as_str() }])
    });
    entry.insert("response_headers".to_owned(), headers.collect());
    entry.insert("body_bytes".to_owned(), response.body.len().into());
    entry.insert("body_sha256".to_owned(), hexadecimal(&Sha256::digest(&response.body)).into());
    let is_json = response.header("content-type").is_some_and(|content_type| content_type.contains("json"));
    if response.status != 200 || !is_json {
        entry.insert("body".to_owned(), redactor.beginning(&response.body, MAX_TRACED_BODY_BYTES).into());
    }
}

/// The current file and its place in the row of files.
#[derive(Debug)]
struct Files {
    directory: PathBuf,
    max_file_bytes: u64,
    count: usize,
    file: File,
    bytes: u64,
}

impl Files {
    fn open(options: &TraceOptions) -> io::Result<Self> {
        make_directory(&options.directory)?;
        let (file, bytes) = open_current(&options.directory)?;
        Ok(Self {
            directory: options.directory.clone(),
            max_file_bytes: options.max_file_bytes,
            count: options.max_files.max(1),
            file,
            bytes,
        })
    }

    fn append(&mut self, line: &str) -> io::Result<()> {
        if self.bytes > 0 && self.bytes + line.len() as u64 > self.max_file_bytes {
            self.rotate()?;
        }
        self.file.write_all(line.as_bytes())?;
        self.bytes += line.len() as u64;
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        let oldest = self.count - 1;
        ignore_missing(fs::remove_file(path(&self.directory, oldest)))?;
        for number in (0..oldest).rev() {
            ignore_missing(fs::rename(path(&self.directory, number), path(&self.directory, number + 1)))?;
        }
        (self.file, self.bytes) = open_current(&self.directory)?;
        Ok(())
    }
}

/// `trace.jsonl`, `trace.1.jsonl`, … from the newest to the oldest.
fn path(directory: &Path, number: usize) -> PathBuf {
    match number {
        0 => directory.join("trace.jsonl"),
        _ => directory.join(format!("trace.{number}.jsonl")),
    }
}

fn ignore_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Opens the current file for appending and closes the line a crash may have left open.
fn open_current(directory: &Path) -> io::Result<(File, u64)> {
    let mut options = OpenOptions::new();
    options.create(true).append(true).read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path(directory, 0))?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    let mut bytes = file.metadata()?.len();
    if bytes > 0 {
        let mut last = [0];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            file.write_all(b"\n")?;
            bytes += 1;
        }
    }
    Ok((file, bytes))
}

fn make_directory(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

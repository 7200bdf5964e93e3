//! The console's own file, `console.sqlite`: users, sessions, one-time links, saved searches and the access log.
//!
//! It is not part of the trail: without it people sign in anew, nothing else is lost. Several processes use it at once,
//! because `claudetrail console link` works beside the running server: whoever can write this file may sign in.
//! Secrets are kept as their SHA-256 (tokens) or Argon2 hash (passwords).

mod access;
mod links;
mod saved;
mod sessions;
mod users;

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rusqlite::Connection;

pub(crate) use access::{AccessFilter, list as accesses, prune as prune_accesses, write as log};
pub(crate) use links::take as take_link;
pub(crate) use saved::{SavedSearch, drop as drop_search, list as saved_searches, put as put_search};
pub(crate) use sessions::{NewSession, Session, end as end_session, find as find_session, list as sessions};
pub use users::{StoreError, User};

use crate::error::{ApiError, StartError};

const VERSION: i64 = 1;

const SCHEMA: &str = "
CREATE TABLE user (
  name TEXT PRIMARY KEY, role TEXT NOT NULL, password_hash TEXT NOT NULL, created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE session (
  id TEXT PRIMARY KEY, token_sha256 BLOB NOT NULL UNIQUE, user TEXT NOT NULL, role TEXT NOT NULL, method TEXT NOT NULL,
  address TEXT NOT NULL, user_agent TEXT NOT NULL, created_at INTEGER NOT NULL, last_seen_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE TABLE place (one INTEGER PRIMARY KEY CHECK (one = 1), url TEXT NOT NULL) STRICT;
CREATE TABLE link (token_sha256 BLOB PRIMARY KEY, expires_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE saved_search (
  id INTEGER PRIMARY KEY, owner TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL, created_at INTEGER NOT NULL,
  UNIQUE (owner, name)
) STRICT;
CREATE TABLE access (
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, last_at INTEGER NOT NULL, times INTEGER NOT NULL, user TEXT NOT NULL,
  address TEXT NOT NULL, action TEXT NOT NULL, outcome TEXT NOT NULL, detail TEXT NOT NULL
) STRICT;
CREATE INDEX access_last_at ON access (last_at);
";

/// The open file. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    connection: Arc<Mutex<Connection>>,
}

impl Store {
    /// Opens the file, or makes it, readable by this user only.
    pub fn open(path: &Path) -> Result<Self, StartError> {
        let failed = |detail: String| StartError::Store { path: path.display().to_string(), detail };
        make_private(path).map_err(|error| failed(error.to_string()))?;
        let connection = prepare(path).map_err(|error| failed(error.to_string()))?;
        let found: i64 = connection
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .map_err(|error| failed(error.to_string()))?;
        if found > VERSION {
            return Err(failed(format!("it is of format {found}, and this program knows {VERSION}")));
        }
        Ok(Self { connection: Arc::new(Mutex::new(connection)) })
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does work with the connection, on a thread that may block.
    pub(crate) async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let store = self.clone();
        tokio::task::spawn_blocking(move || work(&mut store.lock())).await.map_err(ApiError::internal)?
    }
}

/// Hashes of passwords and the names of those who looked are nobody else's business.
fn make_private(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

fn prepare(path: &Path) -> Result<Connection, rusqlite::Error> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(32);
    for (name, value) in
        [("journal_mode", "WAL"), ("synchronous", "NORMAL"), ("trusted_schema", "0"), ("cache_size", "-512")]
    {
        connection.pragma_update(None, name, value)?;
    }
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let found: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found == 0 {
        transaction.execute_batch(SCHEMA)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    transaction.commit()?;
    Ok(connection)
}

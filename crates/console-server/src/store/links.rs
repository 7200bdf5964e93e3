//! One-time links: a token that signs in once, within minutes, and the address that it is shown to.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::secret::Token;

/// How long a link can be used, in seconds.
const LIFETIME_SECONDS: i64 = 15 * 60;

/// Keeps a new token; whoever shows it first, within a quarter of an hour, is signed in as an administrator.
pub(crate) fn add(connection: &Connection, token: &Token, now: Timestamp) -> Result<(), rusqlite::Error> {
    connection.execute("DELETE FROM link WHERE expires_at <= ?1", [now.as_second()])?;
    connection.execute(
        "INSERT INTO link (token_sha256, expires_at) VALUES (?1, ?2)",
        params![token.digest(), now.as_second() + LIFETIME_SECONDS],
    )?;
    Ok(())
}

/// Takes a token out of the file; `false` when it is not there or too old. Nobody can take it twice.
pub(crate) fn take(connection: &Connection, token: &Token, now: Timestamp) -> Result<bool, rusqlite::Error> {
    let deleted = connection.execute(
        "DELETE FROM link WHERE token_sha256 = ?1 AND expires_at > ?2",
        params![token.digest(), now.as_second()],
    )?;
    Ok(deleted == 1)
}

/// Keeps where the console is served, for links that are made by another process.
pub(crate) fn put_address(connection: &Connection, url: &str) -> Result<(), rusqlite::Error> {
    connection.execute(
        "INSERT INTO place (one, url) VALUES (1, ?1) ON CONFLICT (one) DO UPDATE SET url = excluded.url",
        [url],
    )?;
    Ok(())
}

/// Where it was served last.
pub(crate) fn address(connection: &Connection) -> Result<Option<String>, rusqlite::Error> {
    connection.query_row("SELECT url FROM place", [], |row| row.get(0)).optional()
}

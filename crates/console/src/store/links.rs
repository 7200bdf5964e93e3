//! One-time links: a token that signs in once, within minutes.

use jiff::Timestamp;
use rusqlite::{Connection, params};

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
    let taken = connection.execute(
        "DELETE FROM link WHERE token_sha256 = ?1 AND expires_at > ?2",
        params![token.digest(), now.as_second()],
    )?;
    Ok(taken == 1)
}

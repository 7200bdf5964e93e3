//! Sessions: who is signed in, since when, from where, and until when.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::{options::Role, secret::Token};

/// `last_seen_at` is written at most this often, so that reading costs no write.
const SEEN_SECONDS: i64 = 60;
/// Sessions of one user beyond this end, the oldest first.
const SESSIONS_PER_USER: i64 = 50;

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) user: String,
    pub(crate) role: Role,
    pub(crate) method: String,
    pub(crate) address: String,
    pub(crate) user_agent: String,
    pub(crate) created_at: i64,
    pub(crate) last_seen_at: i64,
    pub(crate) expires_at: i64,
}

/// What a new session is made of.
pub(crate) struct NewSession<'a> {
    pub(crate) token: &'a Token,
    pub(crate) user: &'a str,
    pub(crate) role: Role,
    pub(crate) method: &'a str,
    pub(crate) address: &'a str,
    pub(crate) user_agent: &'a str,
    pub(crate) lifetime_seconds: i64,
}

const COLUMNS: &str = "id, user, role, method, address, user_agent, created_at, last_seen_at, expires_at";

fn from_row(row: &Row<'_>) -> Result<Session, rusqlite::Error> {
    Ok(Session {
        id: row.get(0)?,
        user: row.get(1)?,
        role: Role::parse(&row.get::<_, String>(2)?),
        method: row.get(3)?,
        address: row.get(4)?,
        user_agent: row.get(5)?,
        created_at: row.get(6)?,
        last_seen_at: row.get(7)?,
        expires_at: row.get(8)?,
    })
}

/// Begins a session; its public id is a part of the token's digest, from which the token cannot be told.
pub(crate) fn begin(
    connection: &Connection,
    new: &NewSession<'_>,
    now: Timestamp,
) -> Result<(), rusqlite::Error> {
    let digest = new.token.digest();
    let id = digest[..8].iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    let (now, user_agent) = (now.as_second(), new.user_agent.chars().take(300).collect::<String>());
    connection.execute("DELETE FROM session WHERE expires_at <= ?1", [now])?;
    connection.execute(
        "DELETE FROM session WHERE id IN
         (SELECT id FROM session WHERE user = ?1 ORDER BY last_seen_at DESC LIMIT -1 OFFSET ?2)",
        params![new.user, SESSIONS_PER_USER - 1],
    )?;
    connection.execute(
        &format!(
            "INSERT INTO session (token_sha256, {COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, ?9)"
        ),
        params![
            digest,
            id,
            new.user,
            new.role.as_str(),
            new.method,
            new.address,
            user_agent,
            now,
            now + new.lifetime_seconds
        ],
    )?;
    Ok(())
}

/// The session of a token, if it has not ended.
pub(crate) fn find(
    connection: &Connection,
    token: &Token,
    idle_seconds: i64,
    now: Timestamp,
) -> Result<Option<Session>, rusqlite::Error> {
    let now = now.as_second();
    let found = connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM session WHERE token_sha256 = ?1 AND expires_at > ?2 AND last_seen_at > ?3"
        ))?
        .query_row(params![token.digest(), now, now - idle_seconds], from_row)
        .optional()?;
    if let Some(session) = found.as_ref().filter(|session| now - session.last_seen_at >= SEEN_SECONDS) {
        connection
            .prepare_cached("UPDATE session SET last_seen_at = ?1 WHERE id = ?2")?
            .execute(params![now, session.id])?;
    }
    Ok(found)
}

/// Every session that has not ended, or those of one user; newest first.
pub(crate) fn list(
    connection: &Connection,
    user: Option<&str>,
    idle_seconds: i64,
    now: Timestamp,
) -> Result<Vec<Session>, rusqlite::Error> {
    let now = now.as_second();
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM session WHERE expires_at > ?1 AND last_seen_at > ?2 AND (?3 IS NULL OR user = ?3)
             ORDER BY created_at DESC, id"
        ))?
        .query_map(params![now, now - idle_seconds, user], from_row)?
        .collect()
}

/// Ends a session, if it is the user's own or `user` is not given.
pub(crate) fn end(connection: &Connection, id: &str, user: Option<&str>) -> Result<bool, rusqlite::Error> {
    let ended = connection
        .execute("DELETE FROM session WHERE id = ?1 AND (?2 IS NULL OR user = ?2)", params![id, user])?;
    Ok(ended == 1)
}

//! Saved searches: a name for a state of the screens.

use jiff::Timestamp;
use rusqlite::{Connection, params};
use serde::Serialize;

/// A search that somebody keeps; everybody sees it.
#[derive(Debug, Serialize)]
pub(crate) struct SavedSearch {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) state: String,
    pub(crate) owner: String,
    pub(crate) created_at: Timestamp,
}

/// All of them, by name.
pub(crate) fn list(connection: &Connection) -> Result<Vec<SavedSearch>, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT id, name, state, owner, created_at FROM saved_search ORDER BY name COLLATE NOCASE, id",
        )?
        .query_map([], |row| {
            Ok(SavedSearch {
                id: row.get(0)?,
                name: row.get(1)?,
                state: row.get(2)?,
                owner: row.get(3)?,
                created_at: super::access::time(row.get(4)?),
            })
        })?
        .collect()
}

/// Keeps a search; the same name of the same owner is replaced.
pub(crate) fn put(
    connection: &Connection,
    owner: &str,
    name: &str,
    state: &str,
    now: Timestamp,
) -> Result<SavedSearch, rusqlite::Error> {
    let id = connection.query_row(
        "INSERT INTO saved_search (owner, name, state, created_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (owner, name) DO UPDATE SET state = excluded.state, created_at = excluded.created_at RETURNING id",
        params![owner, name, state, now.as_second()],
        |row| row.get(0),
    )?;
    let created_at = super::access::time(now.as_second());
    Ok(SavedSearch {
        id,
        name: name.to_owned(),
        state: state.to_owned(),
        owner: owner.to_owned(),
        created_at,
    })
}

/// Drops a search, if it is the owner's own or `owner` is not given.
pub(crate) fn drop(connection: &Connection, id: i64, owner: Option<&str>) -> Result<bool, rusqlite::Error> {
    let dropped = connection.execute(
        "DELETE FROM saved_search WHERE id = ?1 AND (?2 IS NULL OR owner = ?2)",
        params![id, owner],
    )?;
    Ok(dropped == 1)
}

//! The access log: who signed in, searched, read and exported. Kept, and itself searchable.

use jiff::Timestamp;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

/// The same search again within this time is counted, not written anew: a screen that refreshes itself is one look.
const REPEAT_SECONDS: i64 = 10 * 60;

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Access {
    pub(crate) id: i64,
    /// First and last time.
    pub(crate) at: Timestamp,
    pub(crate) last_at: Timestamp,
    /// How often.
    pub(crate) times: i64,
    pub(crate) user: String,
    pub(crate) address: String,
    pub(crate) action: String,
    pub(crate) outcome: String,
    pub(crate) detail: String,
}

/// Which lines to read.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccessFilter {
    pub(crate) user: Option<String>,
    pub(crate) action: Option<String>,
    /// In user, address, action or detail, whatever the case.
    pub(crate) text: Option<String>,
    pub(crate) from: Option<Timestamp>,
    pub(crate) to: Option<Timestamp>,
    /// Lines before this one, for the next page.
    pub(crate) before: Option<i64>,
    pub(crate) size: Option<u32>,
}

pub(crate) fn time(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Writes a line, or counts the same one once more.
pub(crate) fn write(
    connection: &Connection,
    who: (&str, &str),
    what: (&str, &str, &str),
    now: Timestamp,
) -> Result<(), rusqlite::Error> {
    let ((user, address), (action, outcome, detail), now) = (who, what, now.as_second());
    let detail: String = detail.chars().take(2_000).collect();
    let repeated = connection
        .prepare_cached(
            "UPDATE access SET times = times + 1, last_at = ?1 WHERE id =
             (SELECT id FROM access WHERE last_at > ?2 AND user = ?3 AND address = ?4 AND action = ?5 AND outcome = ?6
              AND detail = ?7 ORDER BY last_at DESC LIMIT 1)",
        )?
        .execute(params![now, now - REPEAT_SECONDS, user, address, action, outcome, detail])?;
    if repeated == 0 {
        connection
            .prepare_cached(
                "INSERT INTO access (at, last_at, times, user, address, action, outcome, detail)
                 VALUES (?1, ?1, 1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![now, user, address, action, outcome, detail])?;
    }
    Ok(())
}

/// The newest lines first.
pub(crate) fn list(connection: &Connection, filter: &AccessFilter) -> Result<Vec<Access>, rusqlite::Error> {
    let text = filter.text.as_ref().map(|text| {
        let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        format!("%{escaped}%")
    });
    let second = |time: Option<Timestamp>| time.map(Timestamp::as_second);
    connection
        .prepare_cached(
            "SELECT id, at, last_at, times, user, address, action, outcome, detail FROM access
             WHERE (?1 IS NULL OR user = ?1) AND (?2 IS NULL OR action = ?2)
             AND (?3 IS NULL OR user || ' ' || address || ' ' || action || ' ' || detail LIKE ?3 ESCAPE '\\')
             AND (?4 IS NULL OR last_at >= ?4) AND (?5 IS NULL OR at < ?5) AND (?6 IS NULL OR id < ?6)
             ORDER BY id DESC LIMIT ?7",
        )?
        .query_map(
            params![
                filter.user,
                filter.action,
                text,
                second(filter.from),
                second(filter.to),
                filter.before,
                filter.size.unwrap_or(100).min(1_000)
            ],
            |row| {
                Ok(Access {
                    id: row.get(0)?,
                    at: time(row.get(1)?),
                    last_at: time(row.get(2)?),
                    times: row.get(3)?,
                    user: row.get(4)?,
                    address: row.get(5)?,
                    action: row.get(6)?,
                    outcome: row.get(7)?,
                    detail: row.get(8)?,
                })
            },
        )?
        .collect()
}

/// Drops what is older than it must be kept.
pub(crate) fn prune(connection: &Connection, before: Timestamp) -> Result<usize, rusqlite::Error> {
    connection.execute("DELETE FROM access WHERE last_at < ?1", [before.as_second()])
}

//! The file itself: every page that `SQLite` needs is there and well formed, also those of the tables that stand beside
//! the chain. A file that was cut is noticed wherever it was cut.

use super::{DifferenceKind, Stop};
use crate::error::Step as _;
use crate::files::{beside, size};
use rusqlite::Connection;
use std::path::Path;

/// Looks at the pages of the file, not at what they say: that is the chain's.
pub(super) fn check(snapshot: &Connection, path: &Path) -> Result<(), Stop> {
    const STEP: &str = "look through the file";
    let number = |pragma: &str| -> Result<u64, Stop> {
        Ok(snapshot.pragma_query_value(None, pragma, |row| row.get::<_, u64>(0)).step(STEP)?)
    };
    let needed = number("page_count")? * number("page_size")?;
    // Pages may still stand in the log alone, but not in an empty one. The log's size is taken first: it empties into the file.
    if size(&beside(path, "-wal")) == 0 {
        let found = size(path);
        if found < needed {
            let message = format!("the file was cut: it has {found} bytes of {needed}");
            return Err(Stop::differs(DifferenceKind::Unreadable, message));
        }
    }
    let found: String = snapshot.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).step(STEP)?;
    if found == "ok" {
        return Ok(());
    }
    Err(Stop::differs(
        DifferenceKind::Unreadable,
        format!("the file is damaged: {}", found.replace('\n', " ")),
    ))
}

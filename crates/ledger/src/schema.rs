//! The tables of the ledger, its version, and the way from one version to the next. `docs/design/ledger.md` §3, §13.

use crate::error::{Error, ErrorKind, Step};
use rusqlite::Connection;

/// `application_id` of every ledger: "CTLG".
pub(crate) const APPLICATION_ID: i32 = 0x4354_4C47;

/// The format version this program writes.
pub(crate) const VERSION: u32 = 6;

/// Bytes of a page of the file. Measured: 4 KiB spends most of a blob's time on overflow pages, and from 16 KiB on the
/// append rate no longer grows while a small commit does.
pub(crate) const PAGE_BYTES: u32 = 16_384;

/// The tables of version 1.
pub(crate) const TABLES: &str = include_str!("schema/tables.sql");

/// One step from a version to the next.
pub(crate) type Migration = fn(&Connection) -> rusqlite::Result<()>;

/// The step at index n leads from version n + 1 to n + 2.
pub(crate) const MIGRATIONS: &[Migration] = &[
    |connection| connection.execute_batch(VERSION_2),
    |connection| connection.execute_batch(VERSION_3),
    |connection| connection.execute_batch(VERSION_4),
    |connection| connection.execute_batch(VERSION_5),
    |connection| connection.execute_batch(VERSION_6),
];

/// What version 2 adds: late arrivals, own reads, reconciliation, requested backfills and the collector's reports.
const VERSION_2: &str = include_str!("schema/version-2.sql");

/// What version 3 adds: names of things, as far as activities told them.
const VERSION_3: &str = include_str!("schema/names.sql");

/// What version 4 adds: what sinks have settled.
const VERSION_4: &str = include_str!("schema/sinks.sql");

/// What version 5 adds: the vendor's transparency log, as far as it was checked.
const VERSION_5: &str = include_str!("schema/transparency.sql");

/// What version 6 adds: breaks of that log that somebody looked into.
const VERSION_6: &str = include_str!("schema/acknowledgements.sql");

/// What a file turns out to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Found {
    /// A file without any table: to be filled.
    Empty,
    /// A ledger of this version.
    Version(u32),
}

/// Says what the file is; another program's file and a newer ledger are errors.
pub(crate) fn identify(connection: &Connection, step: &str, supported: u32) -> Result<Found, Error> {
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let application = number("application_id").step(step)?;
    let version = number("user_version").step(step)?;
    if application == 0 && version == 0 {
        let tables: i64 =
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).step(step)?;
        if tables == 0 {
            return Ok(Found::Empty);
        }
    }
    if application != i64::from(APPLICATION_ID) {
        return Err(Error::new(
            ErrorKind::NotALedger,
            step,
            "the file is an SQLite database of another program",
        ));
    }
    let version = u32::try_from(version).unwrap_or(0);
    if version == 0 {
        return Err(Error::damaged(step, "the file says it is a ledger, of no version"));
    }
    if version > supported {
        let detail = format!("it is of format {version}, and this program knows up to {supported}");
        return Err(Error::new(ErrorKind::NewerSchema { found: version, supported }, step, detail));
    }
    Ok(Found::Version(version))
}

/// Creates the tables; part of the transaction that writes the first link.
pub(crate) fn create(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(TABLES)?;
    for migration in MIGRATIONS {
        migration(connection)?;
    }
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", VERSION)
}

/// Takes the steps from `version` on, all of them in one transaction.
pub(crate) fn migrate(
    connection: &mut Connection,
    version: u32,
    migrations: &[Migration],
) -> Result<(), Error> {
    const STEP: &str = "bring the ledger up to date";
    let steps = migrations.get(version as usize - 1..).unwrap_or_default();
    if steps.is_empty() {
        return Ok(());
    }
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).step(STEP)?;
    for migration in steps {
        migration(&transaction).step(STEP)?;
    }
    transaction.pragma_update(None, "user_version", version + steps.len() as u32).step(STEP)?;
    transaction.commit().step(STEP)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version_1() -> Connection {
        let connection = Connection::open_in_memory().expect("memory");
        connection.execute_batch(TABLES).expect("creates");
        connection.pragma_update(None, "application_id", APPLICATION_ID).expect("sets");
        connection.pragma_update(None, "user_version", 1).expect("sets");
        connection
    }

    #[test]
    fn there_is_a_step_from_every_version() {
        assert_eq!(MIGRATIONS.len(), VERSION as usize - 1);
        let created = Connection::open_in_memory().expect("memory");
        create(&created).expect("creates");
        let mut migrated = version_1();
        migrate(&mut migrated, 1, MIGRATIONS).expect("every step");
        let tables = |connection: &Connection| -> Vec<String> {
            let mut statement =
                connection.prepare("SELECT sql FROM sqlite_schema ORDER BY name").expect("a schema");
            let rows = statement.query_map([], |row| row.get::<_, Option<String>>(0)).expect("rows");
            rows.filter_map(|sql| sql.expect("text")).collect()
        };
        for connection in [&created, &migrated] {
            assert_eq!(identify(connection, "open", VERSION).expect("a ledger"), Found::Version(VERSION));
        }
        assert_eq!(tables(&created), tables(&migrated));
    }

    #[test]
    fn steps_are_taken_in_order_and_all_or_none() {
        const SECOND: Migration =
            |connection| connection.execute_batch("CREATE TABLE second (number INTEGER) STRICT");
        const THIRD: Migration =
            |connection| connection.execute_batch("INSERT INTO second (number) VALUES (3)");
        const BROKEN: Migration =
            |connection| connection.execute_batch("INSERT INTO nowhere (number) VALUES (3)");

        let mut connection = version_1();
        let error = migrate(&mut connection, 1, &[SECOND, THIRD, BROKEN]).expect_err("the last step fails");
        assert!(error.to_string().starts_with("cannot bring the ledger up to date: "), "{error}");
        assert_eq!(identify(&connection, "open", 1).expect("a ledger"), Found::Version(1));
        assert!(connection.prepare("SELECT number FROM second").is_err(), "the first step was rolled back");

        migrate(&mut connection, 1, &[SECOND, THIRD]).expect("both steps");
        assert_eq!(identify(&connection, "open", 3).expect("a ledger"), Found::Version(3));
        let number: i64 =
            connection.query_row("SELECT number FROM second", [], |row| row.get(0)).expect("a row");
        assert_eq!(number, 3);
        migrate(&mut connection, 3, &[SECOND, THIRD]).expect("nothing to do");
        let error = identify(&connection, "open", 1).expect_err("newer");
        assert_eq!(error.kind(), ErrorKind::NewerSchema { found: 3, supported: 1 });
    }

    #[test]
    fn other_files_are_told_apart() {
        let connection = Connection::open_in_memory().expect("memory");
        assert_eq!(identify(&connection, "open", 1).expect("empty"), Found::Empty);
        connection.execute_batch("CREATE TABLE other (number INTEGER)").expect("creates");
        assert_eq!(identify(&connection, "open", 1).expect_err("foreign").kind(), ErrorKind::NotALedger);
        connection.pragma_update(None, "application_id", APPLICATION_ID).expect("sets");
        assert_eq!(identify(&connection, "open", 1).expect_err("no version").kind(), ErrorKind::Damaged);
    }
}

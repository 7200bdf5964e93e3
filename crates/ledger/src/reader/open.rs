//! Opening for reading, also where nothing can be written.

use super::{Cache, Reader};
use crate::error::{Error, ErrorKind, Malformed, Step};
use crate::files::{beside, size};
use crate::record::RecordUnpacker;
use crate::schema::{self, Found};
use crate::store::{Blocks, Head};
use rusqlite::{Connection, OpenFlags};
use std::cell::RefCell;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

/// A reader only waits while another connection recovers the log.
const BUSY_WAIT: Duration = Duration::from_secs(5);

/// `SQLite`'s own cache, in KiB; blocks are read once.
const CACHE_KIB: i64 = 4 << 10;

pub(super) fn open(path: &Path) -> Result<Reader, Error> {
    let step = format!("open the ledger {} for reading", path.display());
    std::fs::metadata(path).step(&step)?;
    let connection = match connect(path, &step) {
        Err(error) if error.kind() == ErrorKind::Permission && size(&beside(path, "-wal")) == 0 => {
            // The folder cannot be written, so the log's index cannot be created; and without a log nothing is missed.
            connect_immutable(path, &step)?
        }
        other => other?,
    };
    let unpacker =
        RecordUnpacker::new().map_err(|Malformed(detail)| Error::new(ErrorKind::Io, &step, detail))?;
    let cache = Cache { blocks: Blocks::default(), unpacker, first_seen: None };
    Ok(Reader { connection, path: path.to_owned(), cache: RefCell::new(cache) })
}

fn connect(path: &Path, step: &str) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    prepare(Connection::open_with_flags(path, flags).step(step)?, step)
}

fn connect_immutable(path: &Path, step: &str) -> Result<Connection, Error> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    prepare(Connection::open_with_flags(immutable_uri(path), flags).step(step)?, step)
}

fn immutable_uri(path: &Path) -> String {
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri.push_str("?immutable=1");
    uri
}

/// Settings, and the first look at the file.
fn prepare(connection: Connection, step: &str) -> Result<Connection, Error> {
    connection.busy_timeout(BUSY_WAIT).step(step)?;
    connection.set_prepared_statement_cache_capacity(32);
    for (name, value) in [("cell_size_check", 1), ("trusted_schema", 0), ("cache_size", -CACHE_KIB)] {
        connection.pragma_update(None, name, value).step(step)?;
    }
    match schema::identify(&connection, step, schema::VERSION)? {
        Found::Empty => {
            Err(Error::new(ErrorKind::Missing, step, "the file is empty; no ledger was begun in it"))
        }
        Found::Version(found) if found < schema::VERSION => {
            let supported = schema::VERSION;
            let detail = format!("it is of format {found}, and this program reads {supported}");
            Err(Error::new(ErrorKind::OlderSchema { found, supported }, step, detail))
        }
        Found::Version(_) => {
            Head::load(&connection)?;
            Ok(connection)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_odd_characters_is_a_uri() {
        assert_eq!(immutable_uri(Path::new("/a b/c?d#e%é")), "file:/a%20b/c%3Fd%23e%25%C3%A9?immutable=1");
    }
}

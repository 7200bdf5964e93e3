//! Names of things as somebody found them in the activities: text beside the trail, to the ledger without meaning.
//!
//! A row says that a thing of a kind has a name from a sequence on. Not in the chain: it follows from the activities, and can be made
//! again from them.

use crate::error::{Error, Step};
use crate::{Ledger, Reader};
use rusqlite::params;

/// A thing's name from a sequence on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KnownName {
    /// What kind of thing.
    pub kind: String,
    /// Which one.
    pub id: String,
    /// The activity that told it.
    pub sequence: u64,
    /// What it is called.
    pub name: String,
}

/// Every name that is kept, and up to which activity they were looked for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct KnownNames {
    /// The last activity that was looked through.
    pub until: u64,
    /// By kind, id and sequence.
    pub names: Vec<KnownName>,
}

impl Ledger {
    /// Keeps names that were found in the activities up to `until`, and takes note that these were looked through.
    pub fn remember_names(&mut self, until: u64, names: &[KnownName]) -> Result<(), Error> {
        const STEP: &str = "keep names";
        let number = |sequence| {
            i64::try_from(sequence).map_err(|_| Error::invalid(STEP, "a sequence is out of range"))
        };
        let until = number(until)?;
        let sequences = names.iter().map(|name| number(name.sequence)).collect::<Result<Vec<_>, _>>()?;
        self.beside_the_chain(STEP, |connection| {
            let mut insert = connection.prepare_cached(
                "INSERT INTO known_name (kind, id, sequence, name) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (kind, id, sequence) DO UPDATE SET name = excluded.name",
            )?;
            for (KnownName { kind, id, name, .. }, sequence) in names.iter().zip(sequences) {
                insert.execute(params![kind, id, sequence, name])?;
            }
            connection
                .prepare_cached(
                    "INSERT INTO names_known (only, until) VALUES (1, ?1)
                     ON CONFLICT (only) DO UPDATE SET until = max(until, excluded.until)",
                )?
                .execute([until])
                .map(drop)
        })
    }
}

impl Reader {
    /// Every name that is kept.
    pub fn known_names(&self) -> Result<KnownNames, Error> {
        const STEP: &str = "read names";
        let snapshot = self.connection().unchecked_transaction().step(STEP)?;
        let until = snapshot
            .query_row("SELECT coalesce(max(until), 0) FROM names_known", [], |row| row.get(0))
            .step(STEP)?;
        let mut statement = snapshot
            .prepare_cached("SELECT kind, id, sequence, name FROM known_name ORDER BY kind, id, sequence")
            .step(STEP)?;
        let rows = statement.query_map([], |row| {
            Ok(KnownName { kind: row.get(0)?, id: row.get(1)?, sequence: row.get(2)?, name: row.get(3)? })
        });
        let names = rows.step(STEP)?.collect::<Result<_, _>>().step(STEP)?;
        Ok(KnownNames { until, names })
    }
}

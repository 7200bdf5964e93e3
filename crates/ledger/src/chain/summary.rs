//! The tables that only sum up what the links say: they must say the same.

use super::replay::Replay;
use super::{DifferenceKind as Kind, Stop};
use crate::coverage::Coverage;
use crate::error::{ErrorKind, Step};
use crate::identifiers;
use crate::writer::load_coverage;
use rusqlite::Connection;

const STEP: &str = "compare the tables with the chain";

impl Replay {
    /// Compares everything that can be derived with what was replayed.
    pub(super) fn summary(&self, connection: &Connection) -> Result<(), Stop> {
        self.counts(connection)?;
        self.compare_feeds(connection)?;
        self.compare_scopes(connection)?;
        self.compare_logs(connection)?;
        for (number, scope) in &self.scopes {
            let found = load_coverage(connection, *number)?;
            if found != scope.coverage {
                return Err(self.forged(scope.feed, &scope.coverage, &found));
            }
        }
        let (entries, sum) = identifiers::audit(connection).map_err(|error| match error.kind() {
            ErrorKind::Damaged => Stop::differs(Kind::IndexChanged, error.to_string()),
            _ => Stop::Failed(error),
        })?;
        if (entries, sum) != (self.sequence, self.identifiers) {
            let message = format!(
                "the index of ids holds {entries} entries for {} activities, or others than theirs",
                self.sequence
            );
            return Err(Stop::differs(Kind::IndexChanged, message));
        }
        Ok(())
    }

    /// Nothing may be there that no link speaks of.
    fn counts(&self, connection: &Connection) -> Result<(), Stop> {
        let intervals: usize = self.scopes.values().map(|scope| scope.coverage.intervals().len()).sum();
        let counts = [
            ("page", self.page, Kind::PageChanged),
            ("block", self.blocks, Kind::BlockChanged),
            ("block_data", self.blocks, Kind::BlockChanged),
            ("drain", self.drains, Kind::DrainChanged),
            ("feed", self.feeds.len() as u64, Kind::FeedChanged),
            ("scope", self.scopes.len() as u64, Kind::FeedChanged),
        ];
        for (table, expected, kind) in counts {
            let found = count(connection, table)?;
            if found != expected {
                let message = format!("table {table} has {found} rows, and the chain speaks of {expected}");
                return Err(Stop::differs(kind, message));
            }
        }
        // Intervals that were added or taken away are named below, unless their scope is not one of the chain's.
        let unknown: u64 = connection
            .query_row(
                "SELECT count(*) FROM coverage WHERE scope NOT IN (SELECT scope FROM scope)",
                [],
                |row| row.get(0),
            )
            .step(STEP)?;
        if unknown > 0 {
            let message =
                format!("{unknown} intervals of coverage belong to no scope; {intervals} are proven");
            return Err(Stop::differs(Kind::CoverageChanged, message));
        }
        Ok(())
    }

    fn compare_feeds(&self, connection: &Connection) -> Result<(), Stop> {
        let mut statement = connection
            .prepare_cached("SELECT feed, name, scope, activities, late_arrivals FROM feed ORDER BY feed")
            .step(STEP)?;
        let mut rows = statement.query([]).step(STEP)?;
        while let Some(row) = rows.next().step(STEP)? {
            let number: i64 = row.get(0).step(STEP)?;
            let name: String = row.get(1).step(STEP)?;
            let found: (i64, u64, u64) =
                (row.get(2).step(STEP)?, row.get(3).step(STEP)?, row.get(4).step(STEP)?);
            let expected = self.feeds.get(&number).filter(|feed| feed.name == name);
            if expected.map(|feed| (feed.scope, feed.activities, feed.late)) != Some(found) {
                let message = format!(
                    "feed {number} ({name}): its name, scope or counters are not what the chain says"
                );
                return Err(Stop::differs(Kind::FeedChanged, message));
            }
        }
        Ok(())
    }

    fn compare_scopes(&self, connection: &Connection) -> Result<(), Stop> {
        let mut statement = connection
            .prepare_cached("SELECT scope, feed, text, since FROM scope ORDER BY scope")
            .step(STEP)?;
        let mut rows = statement.query([]).step(STEP)?;
        while let Some(row) = rows.next().step(STEP)? {
            let number: i64 = row.get(0).step(STEP)?;
            let found: (i64, String, i64) =
                (row.get(1).step(STEP)?, row.get(2).step(STEP)?, row.get(3).step(STEP)?);
            let expected = self.scopes.get(&number);
            let changed = |scope: &super::replay::ReplayedScope| {
                (scope.feed, &scope.text, scope.since) != (found.0, &found.1, found.2)
            };
            if expected.is_none_or(changed) {
                return Err(Stop::differs(
                    Kind::FeedChanged,
                    format!("scope {number} is not what the chain says"),
                ));
            }
        }
        Ok(())
    }

    /// Names the first interval that is claimed without a drain, or proven and not there.
    fn forged(&self, feed: i64, proven: &Coverage, found: &Coverage) -> Stop {
        let name = self.feeds.get(&feed).map_or("", |feed| feed.name.as_str());
        let claimed = found.subtract(proven);
        let message = match (claimed.intervals(), proven.subtract(found).intervals()) {
            ([interval, ..], _) => {
                format!(
                    "feed {name} claims coverage from {} to {} that no drain proves",
                    interval.gte, interval.lt
                )
            }
            (_, [interval, ..]) => {
                format!(
                    "feed {name} lacks coverage from {} to {} that a drain proves",
                    interval.gte, interval.lt
                )
            }
            _ => format!("the coverage of feed {name} is not stored as it should be"),
        };
        Stop::differs(Kind::CoverageChanged, message)
    }
}

fn count(connection: &Connection, table: &str) -> Result<u64, Stop> {
    let sql = format!("SELECT count(*) FROM {table}");
    Ok(connection.query_row(&sql, [], |row| row.get(0)).step(STEP)?)
}

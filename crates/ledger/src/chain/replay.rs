//! Replaying the links: each one's hash, what it says, and the rows that belong to it alone.

use super::transparency::ReplayedLogs;
use super::{DifferenceKind as Kind, Stop};
use crate::LostTail;
use crate::coverage::{Coverage, Interval};
use crate::digest::{self, Digest};
use crate::error::Step;
use crate::files::NotedHead;
use crate::reader::Cache;
use crate::record::{PageFields, Record};
use crate::store::{Head, instant};
use rusqlite::{Connection, OptionalExtension as _};
use std::collections::BTreeMap;

const STEP: &str = "check the chain";

/// What the links say so far.
#[derive(Default, Debug)]
pub(super) struct Replay {
    pub(super) identity: [u8; 16],
    pub(super) epoch: u64,
    pub(super) link: u64,
    pub(super) hash: Digest,
    pub(super) page: u64,
    pub(super) sequence: u64,
    pub(super) blocks: u64,
    pub(super) drains: u64,
    /// Order-free sum over the ids, to compare with the index.
    pub(super) identifiers: u128,
    pub(super) feeds: BTreeMap<i64, ReplayedFeed>,
    pub(super) scopes: BTreeMap<i64, ReplayedScope>,
    pub(super) losses: Vec<LostTail>,
    pub(super) logs: ReplayedLogs,
}

#[derive(Debug)]
pub(super) struct ReplayedFeed {
    pub(super) name: String,
    pub(super) scope: i64,
    pub(super) activities: u64,
    pub(super) late: u64,
}

#[derive(Debug)]
pub(super) struct ReplayedScope {
    pub(super) feed: i64,
    pub(super) text: String,
    pub(super) since: i64,
    pub(super) coverage: Coverage,
}

/// A row of the table `link`.
struct Link {
    number: u64,
    epoch: u64,
    form: i64,
    kept: Vec<u8>,
    hash: Digest,
}

impl Replay {
    /// Checks up to `count` further links.
    pub(super) fn links(
        &mut self,
        connection: &Connection,
        cache: &mut Cache,
        count: u64,
    ) -> Result<(), Stop> {
        let mut statement = connection
            .prepare_cached("SELECT link, epoch, form, record, hash FROM link WHERE link > ?1 ORDER BY link")
            .step(STEP)?;
        let from_row = |row: &rusqlite::Row<'_>| {
            Ok(Link {
                number: row.get(0)?,
                epoch: row.get(1)?,
                form: row.get(2)?,
                kept: row.get(3)?,
                hash: row.get(4)?,
            })
        };
        let links = statement.query_map([self.link], from_row).step(STEP)?;
        for link in links.take(usize::try_from(count).unwrap_or(usize::MAX)) {
            let next = self.link + 1;
            let link = link.step(STEP).map_err(|error| Stop::from(error).at(Some(next), None))?;
            self.check_link(connection, cache, &link).map_err(|stop| stop.at(Some(next), None))?;
        }
        Ok(())
    }

    fn check_link(&mut self, connection: &Connection, cache: &mut Cache, link: &Link) -> Result<(), Stop> {
        let next = self.link + 1;
        let changed = |what: &str| Stop::differs(Kind::LinkChanged, format!("link {next}: {what}"));
        let record = cache.unpacker.unpack(link.form, &link.kept);
        let record = record.map_err(|_| changed("its record cannot be unpacked"))?;
        let decoded = Record::decode(&record);
        let page = match &decoded {
            Ok(Record::Page(fields)) => Some(fields.page),
            _ => None,
        };
        if link.number != next {
            let first_kept = page.map_or_else(String::new, |page| format!(", that of page {page}"));
            let message = format!("link {next} is gone: the next one is link {}{first_kept}", link.number);
            return Err(Stop::differs(Kind::LinkMissing, message).at(Some(next), page.map(|_| self.page + 1)));
        }
        let hash = digest::link(&self.hash, next, link.epoch, &record);
        if hash != link.hash {
            return Err(changed("its record, epoch or hash was changed").at(Some(next), page));
        }
        if link.epoch < self.epoch {
            return Err(changed("it is of an older epoch than the link before it").at(Some(next), page));
        }
        let record = decoded.map_err(|_| changed("its record cannot be read"))?;
        self.epoch = link.epoch;
        self.apply(connection, cache, record).map_err(|stop| stop.at(Some(next), page))?;
        self.link = next;
        self.hash = hash;
        Ok(())
    }

    fn apply(&mut self, connection: &Connection, cache: &mut Cache, record: Record) -> Result<(), Stop> {
        match record {
            Record::Beginning { identity } => self.identity = identity,
            Record::Registration { at, feed, scope, name, text } => {
                let fresh = ReplayedFeed { name, scope, activities: 0, late: 0 };
                self.feeds.entry(feed).or_insert(fresh).scope = scope;
                let fresh = ReplayedScope { feed, text, since: at, coverage: Coverage::new() };
                self.scopes.entry(scope).or_insert(fresh);
            }
            Record::Page(fields) => self.apply_page(connection, cache, &fields)?,
            Record::Writer { lost_link, lost_hash } => {
                if lost_link > 0 {
                    self.losses.push(LostTail { link: lost_link, hash: lost_hash, found_link: self.link });
                }
            }
            Record::Checkpoint(fields) => self.apply_checkpoint(*fields)?,
            Record::Leaf(fields) => self.apply_leaf(*fields)?,
            Record::Break(fields) => self.apply_break(*fields)?,
            Record::Acknowledgement(fields) => self.apply_acknowledgement(*fields)?,
        }
        Ok(())
    }

    fn apply_page(
        &mut self,
        connection: &Connection,
        cache: &mut Cache,
        fields: &PageFields,
    ) -> Result<(), Stop> {
        if fields.page != self.page + 1 {
            let message = format!("page {} is gone: the next one is page {}", self.page + 1, fields.page);
            return Err(Stop::differs(Kind::PageMissing, message).at(None, Some(self.page + 1)));
        }
        if fields.first_sequence != self.sequence + 1 {
            let message = format!("page {} does not begin at sequence {}", fields.page, self.sequence + 1);
            return Err(Stop::differs(Kind::PageChanged, message));
        }
        let checks = self.page_row(connection, fields)?;
        let found = super::activities::check(connection, &mut cache.blocks, fields, &checks)?;
        self.blocks += found.blocks;
        self.identifiers = self.identifiers.wrapping_add(found.identifiers);
        if let Some(feed) = self.feeds.get_mut(&fields.feed) {
            feed.activities += u64::from(fields.inserted);
            feed.late += u64::from(fields.late);
        }
        self.drain(connection, fields)?;
        self.page = fields.page;
        self.sequence += u64::from(fields.inserted);
        Ok(())
    }

    /// The page's row must say what its link says; returns its check values.
    fn page_row(&self, connection: &Connection, fields: &PageFields) -> Result<Vec<u8>, Stop> {
        type Columns = (u64, i64, i64, u64, u64, u32, i64);
        let row: Option<(Columns, Vec<u8>)> = connection
            .prepare_cached(
                "SELECT link, feed, scope, drain, first_sequence, inserted, responded_at, checks
                 FROM page WHERE page = ?1",
            )
            .and_then(|mut statement| {
                statement
                    .query_row([fields.page], |row| {
                        let columns = (
                            row.get(0)?,
                            row.get(1)?,
                            row.get(2)?,
                            row.get(3)?,
                            row.get(4)?,
                            row.get(5)?,
                            row.get(6)?,
                        );
                        Ok((columns, row.get(7)?))
                    })
                    .optional()
            })
            .step(STEP)?;
        let Some((found, checks)) = row else {
            return Err(Stop::differs(Kind::PageMissing, format!("page {} is gone", fields.page)));
        };
        let expected = (
            self.link + 1,
            fields.feed,
            fields.scope,
            fields.drain,
            fields.first_sequence,
            fields.inserted,
            fields.responded_at,
        );
        if found != expected {
            let message = format!("the row of page {} is not what its link says", fields.page);
            return Err(Stop::differs(Kind::PageChanged, message));
        }
        Ok(checks)
    }

    /// When the page ends a drain: the evidence must be there, and the coverage grows.
    fn drain(&mut self, connection: &Connection, fields: &PageFields) -> Result<(), Stop> {
        let Some((gte, lt)) = fields.drained else { return Ok(()) };
        let found: Option<(i64, u64, i64, i64)> = connection
            .prepare_cached("SELECT scope, last_page, gte, lt FROM drain WHERE drain = ?1")
            .and_then(|mut statement| {
                statement
                    .query_row([fields.drain], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
                    .optional()
            })
            .step(STEP)?;
        if found != Some((fields.scope, fields.page, gte, lt)) {
            let message = format!("drain {} is not what its last page {} says", fields.drain, fields.page);
            return Err(Stop::differs(Kind::DrainChanged, message));
        }
        self.drains += 1;
        if let Some(scope) = self.scopes.get_mut(&fields.scope) {
            scope.coverage.insert(Interval { gte: instant(gte, STEP)?, lt: instant(lt, STEP)? });
        }
        Ok(())
    }

    /// The head, in the ledger and beside it, must be the last link.
    pub(super) fn head(&self, connection: &Connection, noted: Option<&NotedHead>) -> Result<(), Stop> {
        let head = Head::load(connection)?;
        if head.link > self.link {
            let message = format!("the chain ends at link {}, and its head is link {}", self.link, head.link);
            return Err(
                Stop::differs(Kind::TailMissing, message).at(Some(self.link + 1), Some(self.page + 1))
            );
        }
        let replayed = Head {
            identity: self.identity,
            epoch: self.epoch,
            link: self.link,
            hash: self.hash,
            page: self.page,
            sequence: self.sequence,
        };
        if head != replayed {
            let message = format!("the head is not the last link {}", self.link);
            return Err(Stop::differs(Kind::HeadChanged, message).at(Some(self.link), None));
        }
        let Some(noted) = noted.filter(|noted| noted.identity == self.identity) else { return Ok(()) };
        if noted.link > self.link {
            let message = format!(
                "the chain ends at link {}, and the head file beside it knows link {}: the end was cut off, or an \
                 older copy was put back",
                self.link, noted.link
            );
            return Err(
                Stop::differs(Kind::TailMissing, message).at(Some(self.link + 1), Some(self.page + 1))
            );
        }
        let hash: Option<Digest> = connection
            .query_row("SELECT hash FROM link WHERE link = ?1", [noted.link], |row| row.get(0))
            .optional()
            .step(STEP)?;
        if hash != Some(noted.hash) {
            let message = format!("link {} is not the one the head file beside the ledger knows", noted.link);
            return Err(Stop::differs(Kind::HeadChanged, message).at(Some(noted.link), None));
        }
        Ok(())
    }
}

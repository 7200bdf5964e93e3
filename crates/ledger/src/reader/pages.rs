//! Pages, drains and scopes: where the activities came from, and what proves the coverage.

use super::{DrainRecord, PageRecord, Reader, ScopeRecord};
use crate::error::{Error, Step};
use crate::record::{PageFields, Record};
use crate::store::instant;
use crate::writer::load_coverage;
use crate::{FeedId, Interval};
use rusqlite::{OptionalExtension as _, params};

impl Reader {
    /// The record of one page; `None` when there is no page of that number.
    pub fn page(&self, page: u64) -> Result<Option<PageRecord>, Error> {
        let step = format!("read page {page}");
        let Ok(number) = i64::try_from(page) else { return Ok(None) };
        let row: Option<(u64, i64, Vec<u8>, [u8; 32])> = self
            .connection
            .prepare_cached(
                "SELECT link, form, record, hash FROM page JOIN link USING (link) WHERE page = ?1",
            )
            .and_then(|mut statement| {
                statement
                    .query_row([number], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
                    .optional()
            })
            .step(&step)?;
        let Some((link, form, kept, chain_head)) = row else { return Ok(None) };
        let record = self.cache.borrow_mut().unpacker.unpack(form, &kept).step(&step)?;
        match Record::decode(&record).step(&step)? {
            Record::Page(fields) if fields.page == page => {
                page_record(*fields, link, chain_head, &step).map(Some)
            }
            _ => Err(Error::damaged(step, format!("link {link} is not that of the page"))),
        }
    }

    /// The completed drains of the feed's current scope that touch `within`, oldest first: the evidence of its coverage.
    pub fn drains(&self, feed: FeedId, within: Interval) -> Result<Vec<DrainRecord>, Error> {
        const STEP: &str = "read the drains of a feed";
        let (gte, lt) = (within.gte.as_microsecond(), within.lt.as_microsecond());
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT drain, last_page, gte, lt FROM drain JOIN feed USING (scope)
                 WHERE feed = ?1 AND lt > ?2 AND gte < ?3 ORDER BY drain",
            )
            .step(STEP)?;
        let rows = statement.query_map(params![feed.get(), gte, lt], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?, row.get::<_, i64>(3)?))
        });
        let mut drains = Vec::new();
        for row in rows.step(STEP)? {
            let (drain, last_page, gte, lt) = row.step(STEP)?;
            let interval = Interval { gte: instant(gte, STEP)?, lt: instant(lt, STEP)? };
            drains.push(DrainRecord { drain, last_page, interval });
        }
        Ok(drains)
    }

    /// Every scope the feed ever had, oldest first.
    pub fn scopes(&self, feed: FeedId) -> Result<Vec<ScopeRecord>, Error> {
        const STEP: &str = "read the scopes of a feed";
        let snapshot = self.connection.unchecked_transaction().step(STEP)?;
        let mut statement = snapshot
            .prepare_cached(
                "SELECT scope.scope, text, since, scope.scope = feed.scope FROM scope JOIN feed USING (feed)
                 WHERE feed = ?1 ORDER BY scope.scope",
            )
            .step(STEP)?;
        let rows = statement.query_map([feed.get()], |row| {
            Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get::<_, i64>(2)?, row.get(3)?))
        });
        let mut scopes = Vec::new();
        for row in rows.step(STEP)? {
            let (scope, text, since, current) = row.step(STEP)?;
            let coverage = load_coverage(&snapshot, scope)?.intervals().to_vec();
            scopes.push(ScopeRecord { text, since: instant(since, STEP)?, current, coverage });
        }
        Ok(scopes)
    }
}

fn page_record(fields: PageFields, link: u64, chain_head: [u8; 32], step: &str) -> Result<PageRecord, Error> {
    let drained = match fields.drained {
        Some((gte, lt)) => Some(Interval { gte: instant(gte, step)?, lt: instant(lt, step)? }),
        None => None,
    };
    Ok(PageRecord {
        page: fields.page,
        feed: FeedId(fields.feed),
        drain: fields.drain,
        first_sequence: if fields.inserted == 0 { 0 } else { fields.first_sequence },
        inserted: fields.inserted,
        duplicates: fields.duplicates,
        late: fields.late,
        url: fields.url,
        parameters: fields.parameters,
        request_id: fields.request_id,
        requested_at: instant(fields.requested_at, step)?,
        responded_at: instant(fields.responded_at, step)?,
        status: fields.status,
        body_sha256: fields.body_sha256,
        body_bytes: fields.body_bytes,
        attempts: fields.attempts,
        drained,
        link,
        chain_head,
    })
}

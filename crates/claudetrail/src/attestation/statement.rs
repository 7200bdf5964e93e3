//! What a ledger holds, gathered for an attestation: the head of the chain, and for each feed its coverage, its
//! activities and the requests that prove both.

use std::collections::HashSet;

use jiff::Timestamp;
use ledger::{ChainReport, DrainRecord, Entry, EntryFilter, FeedId, Interval, Reader};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::{TYPE, VERSION};
use crate::{
    commands::{
        export::raw_line,
        verify::{coverage::FeedCoverage, recount::Recount, transparency::FeedLogs},
    },
    display,
    error::Result,
    output::hexadecimal,
};

/// Up to so many drains and request ids are listed; of more, as many from either end as `ENDS`, and a digest of all.
const LISTED: usize = 1_000;
const ENDS: usize = 100;
const BATCH: usize = 5_000;

/// The statement, unsigned.
pub(crate) fn gather(
    reader: &Reader,
    chain: &ChainReport,
    feeds: &[FeedCoverage],
    logs: &[FeedLogs],
    recounts: &[Recount],
    complete: bool,
) -> Result<Map<String, Value>> {
    let known = reader.feeds()?;
    let mut told = Vec::new();
    for coverage in feeds {
        let Some(feed) = known.iter().find(|feed| feed.name == coverage.name) else { continue };
        let mut members = coverage.report();
        members["scope"] = json!(feed.scope);
        if let Some(range) = coverage.range {
            members["activities"] = activities(reader, feed.id, range, chain.activities)?;
            members["evidence"] = evidence(reader, feed.id, range, chain.pages)?;
        }
        let logs = logs.iter().find(|logs| logs.feed == coverage.name);
        members["transparency"] = logs.map_or_else(|| json!([]), FeedLogs::statement);
        told.push(members);
    }
    let losses = chain.losses.iter().map(
        |lost| json!({ "link": lost.link, "hash": hexadecimal(&lost.hash), "found_link": lost.found_link }),
    );
    let statement = json!({
        "type": TYPE,
        "version": VERSION,
        "made_at": Timestamp::now(),
        "software": { "name": "claudetrail", "version": env!("CARGO_PKG_VERSION") },
        "complete": complete,
        "ledger": {
            "identity": hexadecimal(&reader.identity()?),
            "chain_head": hexadecimal(&chain.head),
            "links": chain.links,
            "pages": chain.pages,
            "activities": chain.activities,
            "recorded_losses": losses.collect::<Vec<_>>(),
        },
        "feeds": told,
        "recount": recounts.iter().map(Recount::report).collect::<Vec<_>>(),
    });
    match statement {
        Value::Object(members) => Ok(members),
        _ => Ok(Map::new()),
    }
}

/// How many activities of the range there are, the first and last of them by time, and the digest of their export.
fn activities(reader: &Reader, feed: FeedId, range: Interval, up_to: u64) -> Result<Value> {
    let filter =
        EntryFilter { feed: Some(feed), from: Some(range.gte), to: Some(range.lt), up_to: Some(up_to) };
    let bar = display::progress_bar("digesting {wide_bar} {percent}% ETA {eta}", up_to);
    let (mut count, mut after) = (0_u64, 0);
    let (mut first, mut last): (Option<Entry>, Option<Entry>) = (None, None);
    let mut digest = Sha256::new();
    let mut line = Vec::new();
    loop {
        let entries = reader.entries(after, BATCH, &filter)?;
        let Some(newest) = entries.last() else { break };
        after = newest.sequence;
        bar.set_position(after);
        for entry in entries {
            line.clear();
            raw_line(&entry.raw, &mut line);
            line.push(b'\n');
            digest.update(&line);
            count += 1;
            let key = |entry: &Entry| (entry.created_at, entry.id.clone());
            if last.as_ref().is_none_or(|last| key(last) < key(&entry)) {
                last = Some(entry.clone());
            }
            if first.as_ref().is_none_or(|first| key(&entry) < key(first)) {
                first = Some(entry);
            }
        }
    }
    bar.finish_and_clear();
    let cursor = |entry: Entry| {
        json!({
            "id": entry.id,
            "created_at": entry.created_at,
            "sequence": entry.sequence,
            "sha256": hexadecimal(&Sha256::digest(&entry.raw)),
        })
    };
    Ok(json!({
        "count": count,
        "start": first.map(cursor),
        "end": last.map(cursor),
        "export_sha256": hexadecimal(&digest.finalize()),
    }))
}

/// The drains that prove the coverage, and the requests they were made of.
fn evidence(reader: &Reader, feed: FeedId, range: Interval, pages: u64) -> Result<Value> {
    let mut drains = reader.drains(feed, range)?;
    drains.retain(|drain| drain.last_page <= pages);
    let numbers: HashSet<u64> = drains.iter().map(|drain| drain.drain).collect();
    let first = numbers.iter().min().copied().unwrap_or(1);
    let last = drains.iter().map(|drain| drain.last_page).max().unwrap_or(0);
    let (mut requests, mut digest, mut ids) = (0_u64, Sha256::new(), Vec::new());
    for page in first..=last {
        let Some(page) = reader.page(page)?.filter(|page| page.feed == feed && numbers.contains(&page.drain))
        else {
            continue;
        };
        requests += 1;
        let id = page.request_id.unwrap_or_else(|| "-".to_owned());
        digest.update(id.as_bytes());
        digest.update(b"\n");
        ids.push(id);
    }
    let (listed_drains, all_drains) = ends(drains);
    let (listed_ids, all_ids) = ends(ids);
    Ok(json!({
        "drains": numbers.len(),
        "drains_are_all_listed": all_drains,
        "listed_drains": listed_drains.iter().map(|drain| told(reader, drain)).collect::<Result<Vec<_>>>()?,
        "requests": requests,
        "request_ids_are_all_listed": all_ids,
        "request_ids": listed_ids,
        "request_ids_sha256": hexadecimal(&digest.finalize()),
    }))
}

/// A drain and the request that ended it: the one that said there was no more.
fn told(reader: &Reader, drain: &DrainRecord) -> Result<Value> {
    let last = reader.page(drain.last_page)?;
    Ok(json!({
        "gte": drain.interval.gte,
        "lt": drain.interval.lt,
        "first_page": drain.drain,
        "last_page": drain.last_page,
        "ended_by": last.map(|page| json!({
            "request_id": page.request_id,
            "responded_at": page.responded_at,
            "body_sha256": hexadecimal(&page.body_sha256),
        })),
    }))
}

/// All of a list, or its ends when it is long; and whether it is all.
fn ends<T>(mut list: Vec<T>) -> (Vec<T>, bool) {
    if list.len() <= LISTED {
        return (list, true);
    }
    let tail = list.split_off(list.len() - ENDS);
    list.truncate(ENDS);
    list.extend(tail);
    (list, false)
}

#[cfg(test)]
mod tests {
    #[test]
    fn long_lists_keep_their_ends() {
        assert_eq!(super::ends((0..1_000).collect::<Vec<_>>()), ((0..1_000).collect(), true));
        let (list, all) = super::ends((0..5_000).collect::<Vec<_>>());
        assert_eq!((list.len(), list[99], list[100], list[199], all), (200, 99, 4_900, 4_999, false));
    }
}

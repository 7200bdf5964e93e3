//! The judge: holds what the ledger kept and claimed against all that the API held and did.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    time::Duration,
};

use jiff::Timestamp;
use ledger::{Entry, EntryFilter, FeedStatus, PageRecord, Reader};

use crate::server::{Row, World};

/// What a ledger holds of one feed.
pub(crate) struct Kept {
    pub(crate) entries: Vec<Entry>,
    pub(crate) pages: Vec<PageRecord>,
    pub(crate) status: FeedStatus,
}

impl Kept {
    pub(crate) fn read(path: &Path, feed: &str) -> Self {
        let reader = Reader::open(path).unwrap();
        let status = reader.feeds().unwrap().into_iter().find(|status| status.name == feed).unwrap();
        let filter = EntryFilter { feed: Some(status.id), ..EntryFilter::default() };
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let after = entries.last().map_or(0, |entry| entry.sequence);
            let more = reader.entries(after, 1_000, &filter).unwrap();
            if more.is_empty() {
                break;
            }
            entries.extend(more);
        }
        let pages = (1..)
            .map_while(|page| reader.page(page).unwrap())
            .filter(|page| page.feed == status.id)
            .collect();
        Self { entries, pages, status }
    }
}

/// Everything that can be judged at any moment: nothing twice, nothing altered, no claim without its drain.
pub(crate) fn judge_honesty(kept: &Kept, world: &World, settle: Duration) {
    let rows: HashMap<&str, &Row> = world.rows.iter().map(|row| (row.id.as_str(), row)).collect();
    let mut page_of: HashMap<&str, u64> = HashMap::new();
    for entry in &kept.entries {
        let row = rows.get(entry.id.as_str()).unwrap_or_else(|| panic!("{} is no row of the feed", entry.id));
        assert_eq!(String::from_utf8_lossy(&entry.raw), row.json(), "the exact bytes of {}", entry.id);
        assert_eq!(entry.created_at, row.created_at);
        assert_eq!(page_of.insert(&entry.id, entry.page), None, "{} is there twice", entry.id);
    }
    let mut began: BTreeMap<u64, Timestamp> = BTreeMap::new();
    for page in &kept.pages {
        let answered = world.answered[page.request_id.as_deref().unwrap()];
        let began = *began.entry(page.drain).or_insert(answered);
        let Some(claim) = page.drained else { continue };
        assert!(claim.lt <= began - settle, "page {} claims up to {}, asked at {began}", page.page, claim.lt);
        let inside = world.rows.iter().filter(|row| claim.gte <= row.created_at && row.created_at < claim.lt);
        for row in inside.filter(|row| row.visible_at <= began) {
            let kept_by = page_of.get(row.id.as_str());
            assert!(
                kept_by.is_some_and(|kept_by| *kept_by <= page.page),
                "page {} claims [{}, {}) without {row:?}, which is kept by page {kept_by:?}",
                page.page,
                claim.gte,
                claim.lt
            );
        }
    }
}

/// After the faults have stopped: one gapless stretch, and every row that the API returned by the last drain.
pub(crate) fn judge_completeness(kept: &Kept, world: &World, until: Timestamp) {
    assert_eq!(kept.status.gaps, [], "no gap is left");
    assert_eq!(kept.status.coverage.len(), 1, "{:?}", kept.status.coverage);
    assert_eq!(kept.status.planned_start, Some(kept.status.coverage[0].gte));
    assert_eq!(kept.status.last_error, None);
    let last = kept.pages.last().unwrap();
    let began = kept.pages.iter().find(|page| page.drain == last.drain).unwrap();
    let began = world.answered[began.request_id.as_deref().unwrap()];
    assert!(began >= until, "the last drain began at {began}, and should have after {until}");
    let start = kept.status.coverage[0].gte;
    let ids: std::collections::HashSet<&str> = kept.entries.iter().map(|entry| entry.id.as_str()).collect();
    let missed: Vec<&Row> = world
        .rows
        .iter()
        .filter(|row| start <= row.created_at && row.created_at < until && row.visible_at <= began)
        .filter(|row| !ids.contains(row.id.as_str()))
        .collect();
    assert!(missed.is_empty(), "missed {} rows, the first {:?}", missed.len(), missed[0]);
}

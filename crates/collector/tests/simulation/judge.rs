//! The judge: holds what the ledger kept and claimed against all that the API held and did.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    time::Duration,
};

use jiff::Timestamp;
use ledger::{Backfill, Coverage, Entry, EntryFilter, FeedStatus, Interval, LateArrival, PageRecord, Reader};

use crate::server::{Row, World};

/// What a ledger holds of one feed.
pub(crate) struct Kept {
    pub(crate) entries: Vec<Entry>,
    pub(crate) pages: Vec<PageRecord>,
    pub(crate) status: FeedStatus,
    /// Newest first.
    pub(crate) late: Vec<LateArrival>,
    pub(crate) backfills: Vec<Backfill>,
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
        let late = reader.late_arrivals(status.id, u64::MAX).unwrap();
        let backfills = reader.backfills(status.id).unwrap();
        Self { entries, pages, status, late, backfills }
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

/// The late arrivals that the ledger tells of are exactly the rows that came after a drain had covered their time, and each was
/// indeed not to be had when that drain began.
pub(crate) fn judge_late_arrivals(kept: &Kept, world: &World) {
    let rows: HashMap<&str, &Row> = world.rows.iter().map(|row| (row.id.as_str(), row)).collect();
    let mut claims: Vec<(u64, Interval, Timestamp)> = Vec::new();
    let mut began: HashMap<u64, Timestamp> = HashMap::new();
    for page in &kept.pages {
        let answered = world.answered[page.request_id.as_deref().unwrap()];
        let began = *began.entry(page.drain).or_insert(answered);
        claims.extend(page.drained.map(|claim| (page.page, claim, began)));
    }
    let mut expected = Vec::new();
    for entry in &kept.entries {
        let claimed = claims.iter().find(|(_, claim, _)| claim.contains(entry.created_at));
        let Some((_, _, began)) = claimed.filter(|(page, ..)| *page < entry.page) else { continue };
        let row = rows[entry.id.as_str()];
        assert!(
            row.visible_at > *began,
            "{row:?} is told late, and was there when its time was drained at {began}"
        );
        expected.push(entry.sequence);
    }
    let mut told: Vec<u64> = kept.late.iter().map(|late| late.sequence).collect();
    told.reverse();
    assert_eq!(told, expected, "the report of late arrivals");
    assert_eq!(kept.status.late_arrivals, expected.len() as u64);
}

/// No more was asked in any minute than the budget's share, a burst aside.
pub(crate) fn judge_spending(world: &World, most_per_minute: usize) {
    let mut first = 0;
    for (last, at) in world.asked.iter().enumerate() {
        while at.duration_since(world.asked[first]).as_secs() >= 60 {
            first += 1;
        }
        let spent = last - first + 1;
        assert!(spent <= most_per_minute, "{spent} requests in the minute before {at}");
    }
}

/// After the faults have stopped: no gap, and every row that the API returned by the last drain.
pub(crate) fn judge_completeness(kept: &Kept, world: &World, until: Timestamp) {
    assert_eq!(kept.status.gaps, [], "no gap is left");
    assert_eq!(kept.status.last_error, None);
    let start = kept.status.planned_start.unwrap();
    let mut wanted: Coverage = kept.backfills.iter().map(|backfill| backfill.interval).collect();
    wanted.insert(Interval { gte: start, lt: until });
    let covered: Coverage = kept.status.coverage.iter().copied().collect();
    let missing = wanted.subtract(&covered);
    assert!(missing.is_empty(), "{missing:?} is wanted and not covered");
    assert!(kept.backfills.iter().all(|backfill| backfill.finished_at.is_some()), "{:?}", kept.backfills);
    let live = kept.pages.iter().filter(|page| page.drained.is_some_and(|claim| claim.lt >= until));
    let began = live.map(|page| first_answer(kept, world, page.drain)).max().expect("a drain to the end");
    assert!(began >= until, "the last drain began at {began}, and should have after {until}");
    let ids: std::collections::HashSet<&str> = kept.entries.iter().map(|entry| entry.id.as_str()).collect();
    let missed: Vec<&Row> = world
        .rows
        .iter()
        .filter(|row| wanted.contains(row.created_at) && row.visible_at <= until)
        .filter(|row| !ids.contains(row.id.as_str()))
        .collect();
    assert!(missed.is_empty(), "missed {} rows, the first {:?}", missed.len(), missed[0]);
}

fn first_answer(kept: &Kept, world: &World, drain: u64) -> Timestamp {
    let first = kept.pages.iter().find(|page| page.drain == drain).unwrap();
    world.answered[first.request_id.as_deref().unwrap()]
}

//! Random operations against a model: a vector of rows, sets of seconds, and nothing else.

use crate::support::rows::Row;
use crate::support::{Page, Place, all, at, check, interval, read, row};
use ledger::{Appended, EntryFilter, FeedId, Ledger};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const NAMES: [&str; 2] = ["acme", "other"];
const SPAN: i64 = 40;

#[derive(Clone, Debug)]
enum Step {
    /// Rows by (id, second, size); ids repeat within and between pages.
    Append {
        feed: usize,
        rows: Vec<(u8, i64, usize)>,
        starts: bool,
        drained: Option<(i64, i64)>,
    },
    Scope {
        feed: usize,
        scope: u8,
    },
    Plan {
        feed: usize,
        start: i64,
    },
    Cursor {
        reader: u8,
        sequence: u64,
    },
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let rows = prop::collection::vec((0_u8..40, 0..SPAN, 0_usize..2_000), 0..12);
    let drained = prop::option::of((0..SPAN, 1..SPAN).prop_map(|(gte, length)| (gte, gte + length)));
    prop_oneof![
        8 => (0..NAMES.len(), rows, any::<bool>(), drained)
            .prop_map(|(feed, rows, starts, drained)| Step::Append { feed, rows, starts, drained }),
        1 => (0..NAMES.len(), 0_u8..3).prop_map(|(feed, scope)| Step::Scope { feed, scope }),
        1 => (0..NAMES.len(), -5..SPAN).prop_map(|(feed, start)| Step::Plan { feed, start }),
        1 => (0_u8..3, 0_u64..100).prop_map(|(reader, sequence)| Step::Cursor { reader, sequence }),
        1 => Just(Step::Reopen),
    ]
}

#[derive(Default)]
struct Model {
    rows: Vec<(FeedId, Row, u64)>,
    pages: u64,
    feeds: Vec<ModelFeed>,
    cursors: BTreeMap<String, u64>,
}

struct ModelFeed {
    id: FeedId,
    scope: u8,
    covered: BTreeMap<u8, BTreeSet<i64>>,
    planned: BTreeMap<u8, Option<i64>>,
    open_drain: Option<u64>,
    late: u64,
}

impl Model {
    fn append(&mut self, feed: usize, page: &Page) -> Option<Appended> {
        let number = self.pages + 1;
        let id = self.feeds[feed].id;
        if page.drain_started {
            self.feeds[feed].open_drain = Some(number);
        }
        let drain = self.feeds[feed].open_drain?;
        self.pages = number;
        let first_sequence = self.rows.len() as u64 + 1;
        let mut new_positions = Vec::new();
        let mut late = 0;
        for (row, position) in page.rows.iter().zip(0..) {
            if self.rows.iter().any(|(known, stored, _)| *known == id && stored.id == row.id) {
                continue;
            }
            new_positions.push(position);
            let model = &mut self.feeds[feed];
            let second = (row.created_at - at(0)).total(jiff::Unit::Second).expect("fits") as i64;
            if model.covered.entry(model.scope).or_default().contains(&second) {
                late += 1;
                model.late += 1;
            }
            self.rows.push((id, row.clone(), number));
        }
        if let Some(interval) = page.drained {
            let second = |time: jiff::Timestamp| time.as_second() - at(0).as_second();
            let model = &mut self.feeds[feed];
            model.covered.entry(model.scope).or_default().extend(second(interval.gte)..second(interval.lt));
            model.open_drain = None;
        }
        let inserted = new_positions.len() as u32;
        Some(Appended {
            page: number,
            drain,
            first_sequence: if inserted == 0 { 0 } else { first_sequence },
            inserted,
            duplicates: page.rows.len() as u32 - inserted,
            late,
            new_positions,
        })
    }

    fn register(&mut self, feed: usize, scope: u8) {
        let model = &mut self.feeds[feed];
        if model.scope == scope {
            return;
        }
        let planned = model.planned.values().flatten().chain(model.covered.values().flatten()).min().copied();
        model.planned.insert(scope, planned);
        model.scope = scope;
        model.open_drain = None;
    }
}

fn open(place: &Place, model: &mut Model) -> Ledger {
    let mut ledger = place.open();
    for (index, name) in NAMES.iter().enumerate() {
        let scope = model.feeds.get(index).map_or(0, |feed| feed.scope);
        let id = ledger.register_feed(name, &format!("scope {scope}"), at(0)).expect("registers");
        if model.feeds.len() == index {
            let planned = BTreeMap::from([(0, None)]);
            let covered = BTreeMap::new();
            model.feeds.push(ModelFeed { id, scope, covered, planned, open_drain: None, late: 0 });
        }
    }
    ledger
}

fn run(steps: &[Step]) -> Result<(), TestCaseError> {
    let place = Place::new();
    let mut model = Model::default();
    let mut ledger = open(&place, &mut model);
    for step in steps {
        match step {
            Step::Append { feed, rows, starts, drained } => {
                let rows = rows.iter().map(|(id, second, size)| {
                    let mut row = row(&format!("activity_{id}"), *second);
                    row.raw.extend(std::iter::repeat_n(b' ', *size));
                    row
                });
                let mut page = Page::of(model.feeds[*feed].id, rows.collect());
                page.drain_started = *starts;
                page.drained = drained.map(|(gte, lt)| interval(gte, lt));
                let appended = page.append(&mut ledger);
                prop_assert_eq!(appended.ok(), model.append(*feed, &page));
            }
            Step::Scope { feed, scope } => {
                ledger.register_feed(NAMES[*feed], &format!("scope {scope}"), at(0)).expect("registers");
                model.register(*feed, *scope);
            }
            Step::Plan { feed, start } => {
                let feed = &mut model.feeds[*feed];
                ledger.plan_start(feed.id, at(*start)).expect("plans");
                let planned = feed.planned.entry(feed.scope).or_default();
                *planned = Some(planned.map_or(*start, |known| known.min(*start)));
            }
            Step::Cursor { reader, sequence } => {
                ledger.set_cursor(&reader.to_string(), *sequence).expect("moves");
                model.cursors.insert(reader.to_string(), *sequence);
            }
            Step::Reopen => {
                drop(ledger);
                ledger = open(&place, &mut model);
            }
        }
    }
    compare(&ledger, &model)
}

fn compare(ledger: &Ledger, model: &Model) -> Result<(), TestCaseError> {
    let reader = ledger.reader().expect("a reader");
    let entries = all(&reader);
    prop_assert_eq!(entries.len(), model.rows.len());
    for ((entry, (feed, row, page)), sequence) in entries.iter().zip(&model.rows).zip(1..) {
        prop_assert_eq!((entry.sequence, entry.feed, entry.page), (sequence, *feed, *page));
        prop_assert_eq!((&entry.id, &entry.raw, entry.created_at), (&row.id, &row.raw, row.created_at));
    }
    prop_assert_eq!(check(&reader), model.rows.len() as u64);
    prop_assert_eq!(reader.cursors().expect("reads"), model.cursors.clone().into_iter().collect::<Vec<_>>());

    for (status, feed) in reader.feeds().expect("reads").iter().zip(&model.feeds) {
        let of_feed = EntryFilter { feed: Some(feed.id), ..EntryFilter::default() };
        prop_assert_eq!(status.activities as usize, read(&reader, &of_feed, 5).expect("reads").len());
        prop_assert_eq!(status.late_arrivals, feed.late);
        let covered = feed.covered.get(&feed.scope).cloned().unwrap_or_default();
        let seconds: BTreeSet<i64> = (-10..3 * SPAN)
            .filter(|second| status.coverage.iter().any(|known| known.contains(at(*second))))
            .collect();
        prop_assert_eq!(&seconds, &covered);
        let planned = feed.planned.get(&feed.scope).copied().flatten();
        prop_assert_eq!(status.planned_start, planned.map(at));
        let (first, last) = (covered.first().copied(), covered.last().copied());
        let start = planned.or(first);
        let missing: BTreeSet<i64> = match (start, last) {
            (Some(start), Some(last)) => (start..last).filter(|second| !covered.contains(second)).collect(),
            _ => BTreeSet::new(),
        };
        let gaps: BTreeSet<i64> = (-10..3 * SPAN)
            .filter(|second| status.gaps.iter().any(|gap| gap.interval.contains(at(*second))))
            .collect();
        prop_assert_eq!(gaps, missing);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn random_operations_equal_the_model(steps in prop::collection::vec(step(), 1..25)) {
        run(&steps)?;
    }
}

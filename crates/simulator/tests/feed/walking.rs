//! Walking a window by cursor visits exactly its rows, once, in order: both orders, both cursors, any limit, any ties.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use simulator::{ActivitySource, Bucket, Generated, Organization, Rows};

use crate::support::{Answered, Bench, encode, noon, organizations, row};

/// The same rows in small buckets, as a real source has them.
#[derive(Clone)]
struct Buckets {
    rows: Vec<Generated>,
    seconds: i64,
}

impl ActivitySource for Buckets {
    fn bucket(&self, at: Timestamp) -> Arc<Bucket> {
        let from = at.as_second().div_euclid(self.seconds) * self.seconds;
        let [from, to] =
            [from, from + self.seconds].map(|second| Timestamp::from_second(second).expect("in range"));
        let rows =
            self.rows.iter().filter(|row| from <= row.created_at && row.created_at < to).cloned().collect();
        Arc::new(Bucket { from, to, rows })
    }

    fn history_start(&self) -> Timestamp {
        self.rows.first().map_or(Timestamp::MAX, |row| row.created_at)
    }

    fn organizations(&self) -> Vec<Organization> {
        organizations()
    }

    fn created_at(&self, id: &str) -> Option<Timestamp> {
        self.rows.iter().find(|row| row.id == id).map(|row| row.created_at)
    }
}

/// Rows at these seconds after noon, in order; several at one second are ties.
fn rows_at(seconds: &[i64]) -> Vec<Generated> {
    let types = ["claude_chat_created", "user_login_sso_succeeded", "claude_file_viewed"];
    let mut rows: Vec<Generated> = seconds
        .iter()
        .enumerate()
        // Ids that do not sort as they were made.
        .map(|(number, second)| {
            row(&format!("activity_{}", (number * 7919 + 13) % 10_007), *second, types[number % 3])
        })
        .collect();
    rows.sort_by(|left, right| (left.created_at, &left.id).cmp(&(right.created_at, &right.id)));
    rows
}

fn bench(rows: &[Generated], bucket_seconds: i64) -> Bench {
    Bench::with(Rows::new(Vec::new(), Vec::new()), |options| {
        options.parents.clear();
        options.add_parent("default", Buckets { rows: rows.to_vec(), seconds: bucket_seconds });
        options.requests_per_minute = 0;
    })
}

/// All pages from the start on with `after_id`.
fn walk_forward(bench: &Bench, query: &str) -> Vec<Answered> {
    let mut pages = vec![bench.page(query)];
    while let Some(last) = pages.last().filter(|page| page.has_more) {
        let cursor = encode(last.last_id.as_ref().expect("a page with more has a cursor"));
        pages.push(bench.page(&format!("{query}&after_id={cursor}")));
        assert!(pages.len() < 1000, "the walk does not end");
    }
    pages
}

/// All pages from this cursor back with `before_id`.
fn walk_backward(bench: &Bench, query: &str, cursor: &str) -> Vec<Answered> {
    let mut pages = vec![bench.page(&format!("{query}&before_id={}", encode(cursor)))];
    while let Some(last) = pages.last().filter(|page| page.has_more) {
        let cursor = encode(last.first_id.as_ref().expect("a page with more has a cursor"));
        pages.push(bench.page(&format!("{query}&before_id={cursor}")));
        assert!(pages.len() < 1000, "the walk does not end");
    }
    pages
}

fn ids(pages: &[Answered]) -> Vec<String> {
    pages.iter().flat_map(|page| page.ids.clone()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn every_row_of_the_window_once(
        seconds in prop::collection::vec(0_i64..60, 0..120),
        bucket_seconds in 1_i64..40,
        limit in 1_usize..50,
        ascending: bool,
        one_type: bool,
        window in (0_i64..60, 1_i64..60),
        own_reads in 0_usize..8,
    ) {
        let rows = rows_at(&seconds);
        let bench = bench(&rows, bucket_seconds);
        // Rows of calls among the others: made at half past noon, by a clock that went there.
        for _ in 0..own_reads {
            bench.clock.advance(std::time::Duration::from_millis(10));
            bench.ask("limit=1");
        }
        bench.clock.advance(std::time::Duration::from_secs(10));
        let at = |second| noon() + SignedDuration::from_secs(second);
        let (from, to) = (at(window.0), if own_reads > 0 { at(4000) } else { at(window.0 + window.1) });
        let order = if ascending { "asc" } else { "desc" };
        let filter = if one_type { "&activity_types[]=claude_file_viewed" } else { "" };
        let query = format!("order={order}&limit={limit}&created_at.gte={from}&created_at.lt={to}{filter}");

        let wanted = rows.iter()
            .filter(|row| from <= row.created_at && row.created_at < to)
            .filter(|row| !one_type || row.activity_type == "claude_file_viewed")
            .map(|row| row.id.clone());
        let mut expected: Vec<String> = wanted.collect();
        if !one_type && own_reads > 0 {
            let own = bench.page(&format!("order=asc&limit=5000&activity_types[]=compliance_api_accessed&created_at.lt={}", at(3605)));
            prop_assert_eq!(own.ids.len(), own_reads);
            expected.extend(own.ids);
        }
        let query = if own_reads > 0 { query.replace(&at(4000).to_string(), &at(3605).to_string()) } else { query };
        if !ascending {
            expected.reverse();
        }

        let forward = walk_forward(&bench, &query);
        prop_assert_eq!(ids(&forward), expected.clone());
        for page in &forward {
            prop_assert!(page.ids.len() == limit || !page.has_more);
            prop_assert_eq!(page.first_id.is_none(), page.ids.is_empty());
            prop_assert_eq!(page.last_id.is_none(), page.ids.is_empty());
        }

        // Back from the last row: all but that one, pages in turn from its side, each in result order.
        if let Some(end) = forward.last().and_then(|page| page.last_id.clone()) {
            let mut backward = walk_backward(&bench, &query, &end);
            for page in &backward[..backward.len() - 1] {
                prop_assert_eq!(page.ids.len(), limit);
            }
            backward.reverse();
            prop_assert_eq!(ids(&backward), &expected[..expected.len() - 1]);
        }

        // A bare id is as good a cursor as the opaque one.
        if let Some(middle) = expected.get(expected.len() / 2) {
            let page = bench.page(&format!("{query}&after_id={middle}"));
            let rest = &expected[expected.len() / 2 + 1..];
            prop_assert_eq!(&page.ids, &rest[..rest.len().min(limit)]);
        }
    }
}

#[test]
fn an_empty_page_has_no_cursors() {
    let page = bench(&rows_at(&[1, 2]), 10).page("created_at.gte=2026-06-01T12:30:00Z");
    assert_eq!(page, Answered { ids: vec![], has_more: false, first_id: None, last_id: None, rows: vec![] });
}

#[test]
fn before_a_cursor_the_page_is_the_one_next_to_it() {
    let bench = bench(&rows_at(&[1, 2, 3, 4, 5, 6, 7]), 3);
    let newest_first = bench.page("limit=7").ids;
    let oldest = bench.page("limit=7").last_id.expect("a cursor");
    let next_to_it = bench.page(&format!("limit=3&before_id={}", encode(&oldest)));
    assert_eq!(next_to_it.ids, newest_first[3..6]);
    assert!(next_to_it.has_more, "the newest rows are on the last page");
}

#[test]
fn a_cursor_outlives_filter_and_order_and_another_window() {
    let bench = bench(&rows_at(&[1, 2, 3, 4, 5, 6]), 2);
    let all = bench.page("order=asc").ids;
    let cursor = encode(&bench.page("order=asc&limit=3").last_id.expect("a cursor"));
    assert_eq!(
        bench.page(&format!("order=desc&after_id={cursor}")).ids,
        [&all[1], &all[0]].map(Clone::clone)
    );
    let later = bench.page(&format!("order=asc&after_id={cursor}&created_at.gte=2026-06-01T12:00:05Z"));
    assert_eq!(later.ids, all[4..]);
    let earlier = bench.page(&format!("order=asc&after_id={cursor}&created_at.lt=2026-06-01T12:00:02Z"));
    assert_eq!(earlier.ids, [] as [String; 0]);
}

#[test]
fn rows_are_exact() {
    let rows = rows_at(&[1, 2, 3]);
    let response = bench(&rows, 60).ask("order=asc&limit=2");
    let body = String::from_utf8(response.body.to_vec()).expect("text");
    let exact: Vec<_> = rows[..2].iter().map(|row| String::from_utf8_lossy(&row.json).into_owned()).collect();
    assert!(
        body.starts_with(&format!(r#"{{"data":[{}],"has_more":true,"first_id":""#, exact.join(","))),
        "{body}"
    );
}

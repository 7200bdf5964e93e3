//! Drains by hand: what is asked for next after each kind of page.

use bytes::Bytes;
use feed::{Activity, Exchange, RateLimit};

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).unwrap()
}

/// A page of rows at these seconds (`None`: a row without a time), with the cursor to go on from, if it goes on.
fn page(rows: &[Option<i64>], more: Option<&str>) -> Page {
    let activity = |(index, second): (usize, &Option<i64>)| Activity {
        raw: Bytes::from_static(b"{}"),
        id: format!("activity_{index}"),
        created_at: second.map(at),
        activity_type: String::new(),
    };
    let exchange = Exchange {
        url: String::new(),
        request_id: None,
        requested_at: at(1_000),
        responded_at: at(1_001),
        server_time: Some(at(1_000)),
        status: 200,
        body_sha256: [0; 32],
        body_bytes: 0,
        rate_limit: RateLimit::default(),
        attempts: 1,
        key_number: 1,
    };
    Page {
        activities: rows.iter().enumerate().map(activity).collect(),
        has_more: more.is_some(),
        first_id: None,
        last_id: more.map(Cursor::new),
        exchange,
    }
}

fn appended(inserted: u32) -> Appended {
    Appended {
        page: 1,
        drain: 1,
        first_sequence: 0,
        inserted,
        duplicates: 0,
        late: 0,
        new_positions: Vec::new(),
    }
}

fn drain() -> Drain {
    Drain::new(Window { gte: at(0), lt: at(100), live: true }, at(1_000), 5_000)
}

/// `created_at.gte` in seconds, and the cursor, of the next request.
fn asks(drain: &Drain) -> (i64, Option<String>) {
    let request = drain.request(&ActivityRequest::default());
    assert_eq!((request.order, request.created_at_lt), (Some(Order::Ascending), Some(at(100))));
    let gte = request.created_at_gte.unwrap();
    (gte.as_second() - at(0).as_second(), request.after_id.map(|cursor| cursor.to_string()))
}

#[test]
fn pages_follow_their_cursors_to_the_last() {
    let mut drain = drain();
    assert_eq!(asks(&drain), (0, None));
    assert_eq!(drain.stored(&page(&[Some(1), Some(2)], Some("a")), &appended(2)), Next::Page);
    assert_eq!(asks(&drain), (0, Some("a".into())));
    assert_eq!(drain.stored(&page(&[Some(2), Some(3)], Some("b")), &appended(1)), Next::Page);
    assert_eq!(asks(&drain), (0, Some("b".into())));
    assert_eq!(drain.stored(&page(&[], None), &appended(0)), Next::Done);
    assert_eq!(drain.totals, Totals { pages: 3, inserted: 3, duplicates: 0, late: 0 });
    assert_eq!(drain.number, Some(1));
}

#[test]
fn the_filters_are_kept_on_every_page() {
    let filters = ActivityRequest { actor_ids: vec!["user_1".into()], ..ActivityRequest::default() };
    let mut drain = drain();
    assert_eq!(drain.stored(&page(&[Some(1)], Some("a")), &appended(1)), Next::Page);
    let request = drain.request(&filters);
    assert_eq!(request.actor_ids, ["user_1"]);
    request.validate().unwrap();
}

#[test]
fn a_refused_cursor_goes_on_by_time_from_the_newest_stored_row() {
    let mut drain = drain();
    drain.stored(&page(&[Some(1), Some(7), None], Some("a")), &appended(3));
    assert!(drain.cursor_refused());
    assert_eq!(asks(&drain), (7, None), "the rows of that very instant included");
    // Refused again before any page: nothing is gained by asking at once.
    assert!(!drain.cursor_refused());
    assert_eq!(asks(&drain), (7, None));
    // The rest is one instant, and its cursor is refused too.
    drain.stored(&page(&[Some(7), Some(7)], Some("b")), &appended(1));
    assert!(!drain.cursor_refused());
    assert_eq!(asks(&drain), (7, None));
    drain.stored(&page(&[Some(7), Some(9)], Some("c")), &appended(1));
    assert!(drain.cursor_refused());
    assert_eq!(asks(&drain), (9, None));
}

#[test]
fn pages_out_of_order_are_asked_for_from_the_beginning() {
    let mut drain = drain();
    drain.stored(&page(&[Some(50), Some(60)], Some("a")), &appended(2));
    drain.stored(&page(&[Some(10), Some(20)], Some("b")), &appended(2));
    assert!(!drain.cursor_refused());
    assert_eq!(asks(&drain), (0, None));
    // The second time round they are in order.
    drain.stored(&page(&[Some(10), Some(20)], Some("c")), &appended(0));
    assert!(drain.cursor_refused());
    assert_eq!(asks(&drain), (20, None));
}

#[test]
fn cursors_in_a_circle_are_noticed() {
    let mut drain = drain();
    assert_eq!(drain.stored(&page(&[Some(1)], Some("a")), &appended(1)), Next::Page);
    assert_eq!(drain.stored(&page(&[Some(2)], Some("b")), &appended(1)), Next::Page);
    assert!(matches!(drain.stored(&page(&[Some(3)], Some("a")), &appended(1)), Next::Circle(_)));
    assert_eq!(asks(&drain), (3, None));
}

#[test]
fn ever_new_cursors_over_the_same_rows_are_noticed() {
    let mut drain = drain();
    let pages = (0..10_000).take_while(|number| {
        let cursor = format!("cursor-{number}");
        drain.stored(&page(&[Some(1)], Some(&cursor)), &appended(0)) == Next::Page
    });
    let pages = u32::try_from(pages.count()).unwrap();
    assert_eq!(pages, MOST_IDLE_PAGES + 1, "one that brings a row, then the idle ones");
}

#[test]
fn the_first_page_is_the_witness_and_the_newest_row_of_all() {
    let mut drain = drain();
    let first = page(&[Some(1)], Some("a"));
    drain.stored(&first, &appended(1));
    let mut last = page(&[Some(2)], None);
    last.exchange.requested_at = at(5_000);
    last.exchange.server_time = None;
    let witness = Witness { local: at(1_000), server: Some(at(1_000)), newest_row: Some(at(2)) };
    assert_eq!(drain.witness(&last), witness);
}

#[test]
fn smaller_pages_have_a_least_size() {
    let sizes = |size| {
        let mut drain = Drain::new(drain().window, at(0), size);
        let mut ask = || {
            drain.ask_for_less();
            drain.page_size
        };
        [ask(), ask(), ask(), ask(), ask(), ask()]
    };
    assert_eq!(sizes(5_000), [2_500, 1_250, 625, 312, 156, 100]);
    assert_eq!(sizes(120), [100; 6]);
    assert_eq!(sizes(3), [3; 6], "never more than was set");
}

//! The page parser on any bytes: it never panics, and what it accepts keeps its promises.
//!
//! The first byte chooses the request, so that bounds, order and both directions of paging are reached; the rest is
//! the body. Start from the seeds: `cargo fuzz run feed_page corpus/feed_page seeds/feed_page`.

#![no_main]

use bytes::Bytes;
use feed::{ActivityRequest, Cursor, Order, parse_page};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((choice, body)) = input.split_first() else { return };
    let request = request(*choice);
    let body = Bytes::copy_from_slice(body);
    let Ok(page) = parse_page(&body, &request) else { return };

    assert!(page.activities.len() <= request.page_limit() as usize);
    let mut end = body.as_ptr();
    for activity in &page.activities {
        let range = activity.raw.as_ptr_range();
        assert!(
            end <= range.start && range.end <= body.as_ptr_range().end,
            "a row is not a slice of the body"
        );
        end = range.end;
        assert!(activity.raw.starts_with(b"{") && activity.raw.ends_with(b"}"));
        assert!(!activity.id.is_empty());
    }
    if page.has_more {
        assert!(!page.activities.is_empty());
        let next = if request.before_id.is_some() { &page.first_id } else { &page.last_id };
        assert!(next.is_some(), "a page that goes on must say where");
    }
});

/// One of the requests that make a difference to the parser.
fn request(choice: u8) -> ActivityRequest {
    let bit = |number: u8| choice & (1 << number) != 0;
    let bound = "2026-11-01T00:00:00.5Z".parse().ok();
    ActivityRequest {
        order: if bit(0) { Some(Order::Ascending) } else { None },
        limit: if bit(1) { Some(2) } else { None },
        created_at_gte: bound.filter(|_| bit(2)),
        created_at_gt: bound.filter(|_| bit(3)),
        created_at_lt: bound.filter(|_| bit(4)),
        created_at_lte: bound.filter(|_| bit(5)),
        after_id: bit(6).then(|| Cursor::new("a")),
        before_id: (bit(7) && !bit(6)).then(|| Cursor::new("a")),
        ..ActivityRequest::default()
    }
}

//! Exact bytes, lenient rows, strict pages, and no input that makes the parser panic.

use bytes::Bytes;
use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::error::ErrorKind;
use crate::request::{ActivityRequest, Order};

fn ascending() -> ActivityRequest {
    ActivityRequest { order: Some(Order::Ascending), limit: Some(3), ..ActivityRequest::default() }
}

fn parse(body: &str, request: &ActivityRequest) -> Result<PageContent, crate::Error> {
    parse_page(&Bytes::copy_from_slice(body.as_bytes()), request)
}

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A page of rows at these times, with cursors.
fn page_at(times: &[&str], has_more: bool) -> String {
    let rows: Vec<String> = times
        .iter()
        .enumerate()
        .map(|(index, time)| format!(r#"{{"id":"activity_{index}","created_at":"{time}","type":"t"}}"#))
        .collect();
    format!(r#"{{"data":[{}],"has_more":{has_more},"first_id":"first","last_id":"last"}}"#, rows.join(","))
}

#[test]
fn keeps_the_exact_bytes_of_a_row_as_a_slice_of_the_body() {
    let row = "{ \"id\" : \"activity_1\",\n\t\"created_at\":\"2026-11-01T00:00:00.5Z\", \"type\":\"a\\u0062\" , \"x\" : [ 1, 2.50 ] }";
    let body = Bytes::from(format!("{{\"data\" : [ {row} \r\n, {{\"id\":\"2\"}}] , \"has_more\":false}}"));
    let page = parse_page(&body, &ascending()).unwrap();
    let first = &page.activities[0];
    assert_eq!(first.raw, row.as_bytes());
    assert!(body.as_ptr_range().contains(&first.raw.as_ptr()), "the row is a copy");
    assert_eq!(first.id, "activity_1");
    assert_eq!(first.activity_type, "ab");
    assert_eq!(first.created_at, Some(moment("2026-11-01T00:00:00.5Z")));
    assert_eq!(page.activities[1].raw, &br#"{"id":"2"}"#[..]);
}

#[test]
fn reads_the_envelope() {
    let page = parse(&page_at(&["2026-11-01T00:00:00Z"], true), &ascending()).unwrap();
    assert!(page.has_more);
    assert_eq!(page.first_id, Some(Cursor::new("first")));
    assert_eq!(page.last_id, Some(Cursor::new("last")));
    // All of these are one empty page.
    for body in [
        r#"{"data":[],"has_more":false,"first_id":null,"last_id":null}"#,
        r#"{"data":[]}"#,
        r#"{"has_more":false}"#,
        r#"{"data":null,"has_more":false}"#,
        r#"{"data":[],"has_more":null,"last_id":"","new_field":{"a":[1]}}"#,
    ] {
        let page = parse(body, &ascending()).unwrap();
        assert_eq!(
            (page.activities.len(), page.has_more, page.first_id, page.last_id),
            (0, false, None, None),
            "{body}"
        );
    }
}

#[test]
fn never_fails_a_page_for_an_odd_row() {
    let digest = |row: &str| {
        use sha2::{Digest, Sha256};
        format!("sha256:{}", crate::redact::hexadecimal(&Sha256::digest(row.as_bytes())))
    };
    // Row, id (empty: made from the bytes), whether it has a time, type.
    let table = [
        ("{}", "", false, ""),
        (r#"{"id":null,"created_at":null,"type":null}"#, "", false, ""),
        (r#"{"id":7,"created_at":1234,"type":{"a":1}}"#, "", false, ""),
        (r#"{"id":"","created_at":"","type":""}"#, "", false, ""),
        (r#"{"id":"a","created_at":"yesterday","type":["t"]}"#, "a", false, ""),
        (r#"{"id":"a","created_at":"2026-11-01T00:00:00+02:00","type":"t"}"#, "a", true, "t"),
        (r#"{"id":"a","created_at":"2026-02-30T00:00:00Z"}"#, "a", false, ""),
        (r#"{"id":"a","id":"b"}"#, "b", false, ""),
        (r#"{"id":"a","id":3}"#, "", false, ""),
        (r#"{"\u0069d":"a\n"}"#, "a\n", false, ""),
        // Well-formed for a reader that skips it, yet no character: such a name or value is no text.
        (r#"{"id":"\ud800","type":"t"}"#, "", false, "t"),
        (r#"{"\ud800":1,"id":"a"}"#, "", false, ""),
        (r#"{"n":1e999,"id":"a"}"#, "a", false, ""),
    ];
    for (row, id, has_time, activity_type) in table {
        let page = parse(&format!(r#"{{"data":[{row}]}}"#), &ascending()).unwrap();
        let activity = &page.activities[0];
        let id = if id.is_empty() { digest(row) } else { id.to_owned() };
        assert_eq!(activity.raw, row.as_bytes());
        assert_eq!(
            (&activity.id, activity.created_at.is_some(), activity.activity_type.as_str()),
            (&id, has_time, activity_type),
            "{row}"
        );
    }
}

#[test]
fn refuses_a_page_that_is_not_what_was_asked_for() {
    let request = ActivityRequest {
        created_at_gte: Some(moment("2026-11-01T00:00:00Z")),
        created_at_lt: Some(moment("2026-11-02T00:00:00Z")),
        ..ascending()
    };
    let table: &[(&str, &str)] = &[
        ("[]", "invalid type: sequence, expected a page of activities"),
        ("[[],false,null,null]", "invalid type: sequence, expected a page of activities"),
        ("\"page\"", "invalid type: string"),
        ("null", "invalid type: null"),
        ("7", "invalid type: integer"),
        ("{}", "neither data nor has_more"),
        (r#"{"status":"ok"}"#, "neither data nor has_more"),
        (r#"{"type":"error","error":{"type":"api_error","message":"m"}}"#, "neither data nor has_more"),
        (r#"{"data":null}"#, "neither data nor has_more"),
        (r#"{"data":{}}"#, "expected a sequence"),
        (r#"{"data":"[]"}"#, "expected a sequence"),
        (r#"{"data":[],"data":[]}"#, "duplicate field `data`"),
        (r#"{"data":[],"has_more":"false"}"#, "expected a boolean"),
        (r#"{"data":[],"last_id":7}"#, "expected a string"),
        (r#"{"data":[[]]}"#, "element 0 of data is an array"),
        (r#"{"data":[{},"a"]}"#, "element 1 of data is a string"),
        (r#"{"data":[null]}"#, "element 0 of data is null"),
        (r#"{"data":[true]}"#, "element 0 of data is a boolean"),
        (r#"{"data":[-1]}"#, "element 0 of data is a number"),
        (r#"{"data":[{},{},{},{}]}"#, "it has 4 rows, and 3 were asked for"),
        (r#"{"data":[],"has_more":true,"last_id":"a"}"#, "has_more is true on a page without rows"),
        (r#"{"has_more":true}"#, "has_more is true on a page without rows"),
        (r#"{"data":[{}],"has_more":true}"#, "there is no last_id to go on from"),
        (r#"{"data":[{}],"has_more":true,"last_id":null,"first_id":"a"}"#, "there is no last_id"),
        (r#"{"data":[{}],"has_more":true,"last_id":""}"#, "there is no last_id"),
        (r#"{"data":[{"created_at":"2026-11-02T00:00:00Z"}]}"#, "outside created_at.lt=2026-11-02T00:00:00Z"),
        (
            r#"{"data":[{"created_at":"2026-10-31T23:59:59.999999Z"}]}"#,
            "outside created_at.gte=2026-11-01T00:00:00Z",
        ),
        (
            r#"{"data":[{"created_at":"2026-11-01T00:00:02Z"},{"created_at":"2026-11-01T00:00:01Z"}]}"#,
            "row 1 (2026-11-01T00:00:01Z) breaks the order asc after 2026-11-01T00:00:02Z",
        ),
    ];
    for (body, detail) in table {
        let error = parse(body, &request).expect_err(body);
        assert_eq!(error.kind(), ErrorKind::UnexpectedPage, "{body}: {error}");
        assert!(error.detail().contains(detail), "{body}: {error}");
    }
}

#[test]
fn tells_broken_bodies_apart() {
    let table: &[(&[u8], ErrorKind)] = &[
        (b"", ErrorKind::Truncated),
        (b"   ", ErrorKind::Truncated),
        (br#"{"data":[{"id":"a"#, ErrorKind::Truncated),
        (br#"{"data":[{"id":"a"}],"has_more":false"#, ErrorKind::Truncated),
        (b"{\"data\":[{\"id\":\"\xC3", ErrorKind::Truncated),
        (b"{\"data\":[{\"id\":\"\xC3\x28\"}]}", ErrorKind::InvalidUtf8),
        (b"{\"data\":[{\"id\":\"\xFF\"}]}", ErrorKind::InvalidUtf8),
        (b"\xFF\xFE{\x00}\x00", ErrorKind::InvalidUtf8),
        (br#"{"data":[}"#, ErrorKind::InvalidJson),
        (br#"{"data":[{'id':'a'}]}"#, ErrorKind::InvalidJson),
        (b"\xEF\xBB\xBF{\"data\":[]}", ErrorKind::InvalidJson),
        (br#"{"data":[]}{"data":[]}"#, ErrorKind::InvalidJson),
        (b"Bad Gateway", ErrorKind::InvalidJson),
        (b"\n<!DOCTYPE html><title>Sign in</title>", ErrorKind::ContentType),
    ];
    for (body, kind) in table {
        let error = parse_page(&Bytes::copy_from_slice(body), &ascending()).unwrap_err();
        assert_eq!(error.kind(), *kind, "{:?}: {error}", String::from_utf8_lossy(body));
    }
}

#[test]
fn tolerates_duplicates_and_ties() {
    let body = r#"{"data":[{"id":"a","created_at":"2026-11-01T00:00:00Z"},{"id":"a","created_at":"2026-11-01T00:00:00Z"}]}"#;
    assert_eq!(parse(body, &ascending()).unwrap().activities.len(), 2);
}

#[test]
fn checks_bounds_and_order_with_the_precision_of_each_row() {
    let base = ascending();
    let bound = Some(moment("2026-11-01T00:00:00.5Z"));
    let first_second = "2026-11-01T00:00:00Z";
    // Request, times of the rows, whether the page is as asked for.
    let table: Vec<(ActivityRequest, Vec<&str>, bool)> = vec![
        // Written to the second, it may be any moment of that second.
        (ActivityRequest { created_at_gte: bound, ..base.clone() }, vec![first_second], true),
        (ActivityRequest { created_at_gt: bound, ..base.clone() }, vec![first_second], true),
        (ActivityRequest { created_at_lt: bound, ..base.clone() }, vec![first_second], true),
        // Written to the microsecond, it is that one.
        (
            ActivityRequest { created_at_gte: bound, ..base.clone() },
            vec!["2026-11-01T00:00:00.499999Z"],
            false,
        ),
        (
            ActivityRequest { created_at_gte: bound, ..base.clone() },
            vec!["2026-11-01T00:00:00.500000Z"],
            true,
        ),
        (
            ActivityRequest { created_at_gt: bound, ..base.clone() },
            vec!["2026-11-01T00:00:00.500000Z"],
            false,
        ),
        (ActivityRequest { created_at_gt: bound, ..base.clone() }, vec!["2026-11-01T00:00:00.500001Z"], true),
        (
            ActivityRequest { created_at_lt: bound, ..base.clone() },
            vec!["2026-11-01T00:00:00.500000Z"],
            false,
        ),
        (
            ActivityRequest { created_at_lte: bound, ..base.clone() },
            vec!["2026-11-01T00:00:00.500000Z"],
            true,
        ),
        (
            ActivityRequest { created_at_lte: bound, ..base.clone() },
            vec!["2026-11-01T00:00:00.500001Z"],
            false,
        ),
        // The whole second lies outside.
        (ActivityRequest { created_at_gte: bound, ..base.clone() }, vec!["2026-10-31T23:59:59Z"], false),
        (ActivityRequest { created_at_lte: bound, ..base.clone() }, vec!["2026-11-01T00:00:01Z"], false),
        // Rows of unequal precision.
        (base.clone(), vec!["2026-11-01T00:00:00.7Z", first_second], true),
        (
            base.clone(),
            vec!["2026-11-01T00:00:00.700000Z", first_second, "2026-11-01T00:00:00.600000Z"],
            false,
        ),
        (base.clone(), vec!["2026-11-01T00:00:01Z", first_second], false),
        (base.clone(), vec![first_second, "unreadable", "2026-11-01T00:00:01Z"], true),
        (base.clone(), vec!["2026-11-01T00:00:01Z", "unreadable", first_second], false),
        // No order given means newest first.
        (ActivityRequest { order: None, ..base.clone() }, vec!["2026-11-01T00:00:01Z", first_second], true),
        (ActivityRequest { order: None, ..base.clone() }, vec![first_second, "2026-11-01T00:00:01Z"], false),
        (
            ActivityRequest { order: Some(Order::Descending), ..base.clone() },
            vec!["2026-11-01T00:00:00.300000Z", first_second, "2026-11-01T00:00:00.400000Z"],
            false,
        ),
    ];
    for (request, times, is_as_asked) in table {
        let outcome = parse(&page_at(&times, false), &request);
        assert_eq!(outcome.is_ok(), is_as_asked, "{times:?} for {}: {outcome:?}", request.query());
    }
}

#[test]
fn demands_the_cursor_of_the_paging_direction() {
    let before = ActivityRequest { before_id: Some(Cursor::new("from")), ..ascending() };
    let after = ActivityRequest { after_id: Some(Cursor::new("from")), ..ascending() };
    let table = [
        (&before, r#""first_id":"next""#, None),
        (&before, r#""last_id":"next""#, Some("there is no first_id")),
        (&before, r#""first_id":"from","last_id":"next""#, Some("first_id is the cursor it was asked from")),
        (&after, r#""last_id":"next""#, None),
        (&after, r#""first_id":"next""#, Some("there is no last_id")),
        (&after, r#""last_id":"from""#, Some("last_id is the cursor it was asked from")),
    ];
    for (request, cursors, problem) in table {
        let outcome = parse(&format!(r#"{{"data":[{{}}],"has_more":true,{cursors}}}"#), request);
        match problem {
            None => assert!(outcome.is_ok(), "{cursors}: {outcome:?}"),
            Some(problem) => assert!(outcome.unwrap_err().detail().contains(problem), "{cursors}"),
        }
    }
}

#[test]
fn counts_against_the_default_limit_when_none_is_given() {
    let body = |rows: usize| format!(r#"{{"data":[{}]}}"#, vec!["{}"; rows].join(","));
    let request = ActivityRequest::default();
    assert_eq!(parse(&body(100), &request).unwrap().activities.len(), 100);
    assert_eq!(parse(&body(101), &request).unwrap_err().kind(), ErrorKind::UnexpectedPage);
}

#[test]
fn survives_nesting_deeper_than_any_stack() {
    let deep = |inner: &str| format!("{}{inner}{}", "[".repeat(200_000), "]".repeat(200_000));
    let row = format!(r#"{{"id":"a","type":{}}}"#, deep(""));
    let page = parse(&format!(r#"{{"data":[{row}]}}"#), &ascending()).unwrap();
    assert_eq!((page.activities[0].id.as_str(), page.activities[0].raw.len()), ("a", row.len()));
    assert!(parse(&deep(""), &ascending()).is_err());
    assert!(parse(&format!(r#"{{"data":{}}}"#, deep("")), &ascending()).is_err());
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        "\\PC{0,8}".prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            proptest::collection::hash_map("[a-z_]{0,4}|id|type|created_at", inner, 0..4)
                .prop_map(|fields| serde_json::Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Rows as the feed has them, some fields odd.
fn any_row() -> impl Strategy<Value = serde_json::Value> {
    let id = prop_oneof![9 => "activity_[0-9A-Za-z]{4}".prop_map(Into::into), 1 => any_json()];
    let time = prop_oneof![9 => (0..4_000_000_000_i64, 0..1_000_000_i32).prop_map(|(second, microsecond)| {
        Timestamp::new(second, microsecond * 1000).map(|at| at.to_string()).unwrap_or_default().into()
    }), 1 => any_json()];
    let rest = proptest::collection::hash_map("[a-z_]{1,8}", any_json(), 0..3);
    (id, time, rest).prop_map(|(id, time, rest)| {
        let mut row = serde_json::Map::new();
        row.extend(rest);
        row.insert("id".to_owned(), id);
        row.insert("created_at".to_owned(), time);
        row.into()
    })
}

/// What must hold of every page that is accepted, whatever the body was.
fn check_invariants(
    body: &Bytes,
    request: &ActivityRequest,
    page: &PageContent,
) -> Result<(), TestCaseError> {
    prop_assert!(page.activities.len() <= request.page_limit() as usize);
    let mut end = body.as_ptr();
    for activity in &page.activities {
        let range = activity.raw.as_ptr_range();
        prop_assert!(
            end <= range.start && range.end <= body.as_ptr_range().end,
            "rows overlap or are copies"
        );
        end = range.end;
        prop_assert!(!activity.id.is_empty());
        let value: Result<serde_json::Map<String, serde_json::Value>, _> =
            serde_json::from_slice(&activity.raw);
        if let Ok(value) = value {
            let id = value.get("id").and_then(|id| id.as_str()).filter(|id| !id.is_empty());
            prop_assert!(id.is_none_or(|id| id == activity.id));
            let activity_type = value.get("type").and_then(|value| value.as_str()).unwrap_or_default();
            prop_assert_eq!(activity_type, activity.activity_type.as_str());
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        let (body, request) = (Bytes::from(body), ascending());
        if let Ok(page) = parse_page(&body, &request) {
            check_invariants(&body, &request, &page)?;
        }
    }

    #[test]
    fn arbitrary_json_never_panics(body in any_json()) {
        let (body, request) = (Bytes::from(body.to_string()), ascending());
        if let Ok(page) = parse_page(&body, &request) {
            check_invariants(&body, &request, &page)?;
        }
    }

    /// A whole page, then a few bytes of it changed, cut out or doubled.
    #[test]
    fn mutated_pages_never_panic(
        rows in proptest::collection::vec(any_row(), 0..5),
        has_more in any::<bool>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 0..6),
    ) {
        let page = serde_json::json!({ "data": rows, "has_more": has_more, "first_id": "a", "last_id": "b" });
        let mut body = page.to_string().into_bytes();
        for (place, byte, kind) in changes {
            let place = place.index(body.len().max(1));
            match kind {
                _ if body.is_empty() => body.push(byte),
                0 => body[place] = byte,
                1 => { body.remove(place); }
                2 => body.insert(place, byte),
                _ => body.truncate(place),
            }
        }
        let (body, request) = (Bytes::from(body), ActivityRequest { limit: Some(4), ..ActivityRequest::default() });
        if let Ok(page) = parse_page(&body, &request) {
            check_invariants(&body, &request, &page)?;
        }
    }

    /// Sorted rows inside the bounds are always accepted, and come out as they went in.
    #[test]
    fn proper_pages_are_accepted(
        mut seconds in proptest::collection::vec(0..1000_i64, 0..5),
        ascending in any::<bool>(),
    ) {
        seconds.sort_unstable();
        if !ascending { seconds.reverse(); }
        let rows: Vec<String> = seconds
            .iter()
            .map(|second| format!(r#"{{"id":"a{second}","created_at":"{}"}}"#, Timestamp::new(*second, 0).unwrap()))
            .collect();
        let request = ActivityRequest {
            created_at_gte: Some(Timestamp::UNIX_EPOCH),
            created_at_lt: Some(Timestamp::new(1000, 0).unwrap()),
            order: Some(if ascending { Order::Ascending } else { Order::Descending }),
            ..ActivityRequest::default()
        };
        let body = Bytes::from(format!(r#"{{"data":[{}],"has_more":false}}"#, rows.join(" ,\n")));
        let page = parse_page(&body, &request).unwrap();
        let out: Vec<&[u8]> = page.activities.iter().map(|activity| &activity.raw[..]).collect();
        let expected: Vec<&[u8]> = rows.iter().map(String::as_bytes).collect();
        prop_assert_eq!(out, expected);
    }
}

#[test]
fn a_row_about_a_call_names_its_request() {
    let row = |activity_type: &str, raw: &'static str| Activity {
        raw: Bytes::from_static(raw.as_bytes()),
        id: "activity_1".into(),
        created_at: None,
        activity_type: activity_type.into(),
    };
    let table = [
        (Activity::API_ACCESS, r#"{"request_id":"req_1","status_code":200}"#, Some(Some("req_1"))),
        (Activity::API_ACCESS, r#"{"request_id":null}"#, Some(None)),
        (Activity::API_ACCESS, "{}", Some(None)),
        (Activity::API_ACCESS, r#"{"request_id":12}"#, None),
        ("claude_chat_viewed", r#"{"request_id":"req_1"}"#, None),
    ];
    for (activity_type, raw, expected) in table {
        let told = row(activity_type, raw).api_access().map(|access| access.request_id);
        assert_eq!(told.as_ref().map(|id| id.as_deref()), expected, "{activity_type} {raw}");
    }
}

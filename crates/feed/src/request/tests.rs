//! What is refused, what is sent, and that what is sent can be read back.

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;

#[expect(clippy::unnecessary_wraps, reason = "it fills optional fields")]
fn at(text: &str) -> Option<Timestamp> {
    Some(text.parse().unwrap())
}

fn words(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

#[expect(clippy::unnecessary_wraps, reason = "it fills optional fields")]
fn cursor(text: &str) -> Option<Cursor> {
    Some(Cursor::new(text))
}

const EARLY: &str = "2026-11-01T00:00:00Z";
const LATE: &str = "2026-11-02T00:00:00Z";

#[test]
fn refuses_what_the_api_is_documented_to_refuse() {
    let request = ActivityRequest::default;
    let both = words(&["a"]);
    let table: Vec<(ActivityRequest, &str)> = vec![
        (
            ActivityRequest { activity_types: both.clone(), excluded_activity_types: both, ..request() },
            "activity_types and excluded_activity_types cannot be given together",
        ),
        (
            ActivityRequest { after_id: cursor("a"), before_id: cursor("b"), ..request() },
            "after_id and before_id cannot be given together",
        ),
        (ActivityRequest { limit: Some(0), ..request() }, "limit is 0, and must be between 1 and 5000"),
        (ActivityRequest { limit: Some(5001), ..request() }, "limit is 5001, and must be between 1 and 5000"),
        (
            ActivityRequest { created_at_gte: at(EARLY), created_at_lt: at(EARLY), ..request() },
            "created_at.lt (2026-11-01T00:00:00Z) is not after created_at.gte (2026-11-01T00:00:00Z)",
        ),
        (
            ActivityRequest { created_at_gte: at(LATE), created_at_lt: at(EARLY), ..request() },
            "created_at.lt (2026-11-01T00:00:00Z) is not after created_at.gte (2026-11-02T00:00:00Z)",
        ),
        (
            ActivityRequest { created_at_gt: at(EARLY), created_at_lte: at(EARLY), ..request() },
            "created_at.lte (2026-11-01T00:00:00Z) is not after created_at.gt (2026-11-01T00:00:00Z)",
        ),
        (
            ActivityRequest { created_at_gt: at(EARLY), created_at_lt: at(EARLY), ..request() },
            "created_at.lt (2026-11-01T00:00:00Z) is not after created_at.gt (2026-11-01T00:00:00Z)",
        ),
        (
            ActivityRequest { created_at_gte: at(LATE), created_at_lte: at(EARLY), ..request() },
            "created_at.lte (2026-11-01T00:00:00Z) is not after created_at.gte (2026-11-02T00:00:00Z)",
        ),
        (
            ActivityRequest { actor_ids: words(&["user_1", ""]), ..request() },
            "actor_ids holds an empty value",
        ),
        (ActivityRequest { user_ids: words(&["  "]), ..request() }, "user_ids holds an empty value"),
        (
            ActivityRequest { activity_types: words(&[""]), ..request() },
            "activity_types holds an empty value",
        ),
        (ActivityRequest { after_id: cursor(""), ..request() }, "after_id holds an empty value"),
        (ActivityRequest { before_id: cursor(" "), ..request() }, "before_id holds an empty value"),
        (
            ActivityRequest { organization_ids: words(&["org_1\n"]), ..request() },
            "organization_ids holds \"org_1\\n\", which has white space or control characters",
        ),
        (
            ActivityRequest { created_at_gte: at("-000001-01-01T00:00:00Z"), ..request() },
            "created_at.gte is before year 0 and cannot be written as RFC 3339",
        ),
    ];
    for (request, detail) in table {
        let error = request.validate().expect_err(detail);
        assert_eq!((error.kind(), error.detail()), (ErrorKind::InvalidRequest, detail));
    }
}

#[test]
fn accepts_the_edges_of_what_is_allowed() {
    let request = ActivityRequest::default;
    let table = [
        request(),
        ActivityRequest { limit: Some(1), ..request() },
        ActivityRequest { limit: Some(5000), ..request() },
        // One instant, both ends included.
        ActivityRequest { created_at_gte: at(EARLY), created_at_lte: at(EARLY), ..request() },
        ActivityRequest {
            created_at_gte: at(EARLY),
            created_at_lt: at("2026-11-01T00:00:00.000001Z"),
            ..request()
        },
        // Two lower bounds are redundant, not wrong.
        ActivityRequest { created_at_gt: at(EARLY), created_at_gte: at(LATE), ..request() },
        ActivityRequest { actor_ids: words(&["user_1"]), user_ids: words(&["user_2"]), ..request() },
        // Not known to us, perhaps known to the API.
        ActivityRequest { activity_types: words(&["brand_new_type"]), ..request() },
    ];
    for request in table {
        request.validate().unwrap();
    }
}

#[test]
fn refuses_a_query_too_long_to_be_sent() {
    let request = ActivityRequest {
        actor_ids: vec!["user_01ABCDEFGHJKMNPQRSTVWXYZ".to_owned(); 2000],
        ..Default::default()
    };
    let error = request.validate().unwrap_err();
    assert!(error.detail().starts_with("the query is 83999 bytes long"), "{error}");
}

#[test]
fn writes_the_query_exactly() {
    let request = ActivityRequest::default;
    let table: Vec<(ActivityRequest, &str)> = vec![
        (request(), ""),
        (
            ActivityRequest { activity_types: words(&["a_b", "c"]), ..request() },
            "activity_types[]=a_b&activity_types[]=c",
        ),
        (
            ActivityRequest { excluded_activity_types: words(&["a"]), ..request() },
            "exclude_activity_types[]=a",
        ),
        (
            ActivityRequest {
                actor_ids: words(&["user_1"]),
                user_ids: words(&["user_2"]),
                organization_ids: words(&["org_1", "6f9619ff-8b86-d011-b42d-00c04fc964ff"]),
                ..request()
            },
            "actor_ids[]=user_1&user_ids[]=user_2&organization_ids[]=org_1\
             &organization_ids[]=6f9619ff-8b86-d011-b42d-00c04fc964ff",
        ),
        (
            ActivityRequest {
                created_at_gt: at("2026-11-01T00:00:00Z"),
                created_at_lte: at("2026-11-01T01:02:03.4Z"),
                ..request()
            },
            "created_at.gt=2026-11-01T00:00:00Z&created_at.lte=2026-11-01T01:02:03.4Z",
        ),
        (
            ActivityRequest {
                created_at_gte: at("2026-11-01T02:00:00.123456+02:00"),
                created_at_lt: at("2026-11-02T00:00:00Z"),
                limit: Some(5000),
                order: Some(Order::Ascending),
                after_id: cursor("eyJpZCI6+/8="),
                ..request()
            },
            "created_at.gte=2026-11-01T00:00:00.123456Z&created_at.lt=2026-11-02T00:00:00Z\
             &limit=5000&order=asc&after_id=eyJpZCI6%2B%2F8%3D",
        ),
        (
            ActivityRequest { order: Some(Order::Descending), before_id: cursor("a b&c=d#ü"), ..request() },
            "order=desc&before_id=a%20b%26c%3Dd%23%C3%BC",
        ),
    ];
    for (request, query) in table {
        assert_eq!(request.query(), query);
    }
}

#[test]
fn rounds_finer_bounds_to_the_microsecond_that_selects_the_same() {
    let fine = at("2026-11-01T00:00:00.000000001Z");
    let request = ActivityRequest {
        created_at_gt: fine,
        created_at_gte: fine,
        created_at_lt: fine,
        created_at_lte: fine,
        ..ActivityRequest::default()
    };
    assert_eq!(
        request.query(),
        "created_at.gt=2026-11-01T00:00:00Z&created_at.gte=2026-11-01T00:00:00.000001Z\
         &created_at.lt=2026-11-01T00:00:00.000001Z&created_at.lte=2026-11-01T00:00:00Z"
    );
}

#[test]
fn survives_the_first_and_the_last_moment() {
    for bound in [Timestamp::MIN, Timestamp::MAX] {
        let request = ActivityRequest {
            created_at_gt: Some(bound),
            created_at_gte: Some(bound),
            created_at_lt: Some(bound),
            created_at_lte: Some(bound),
            ..ActivityRequest::default()
        };
        assert!(request.validate().is_err());
        assert!(!request.query().is_empty());
    }
}

#[test]
fn tells_its_parameters_as_json() {
    let request = ActivityRequest {
        actor_ids: words(&["user_1", "user_2"]),
        created_at_gte: at(EARLY),
        limit: Some(7),
        ..ActivityRequest::default()
    };
    assert_eq!(
        request.to_json(),
        r#"{"actor_ids[]":["user_1","user_2"],"created_at.gte":"2026-11-01T00:00:00Z","limit":"7"}"#
    );
    assert_eq!(ActivityRequest::default().to_json(), "{}");
}

fn any_text() -> impl Strategy<Value = String> {
    proptest::string::string_regex("[!-~]{1,12}|\\PC{1,6}").unwrap()
}

fn any_list() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec(any_text(), 0..4)
}

fn any_moment() -> impl Strategy<Value = Timestamp> {
    // Years 1 to 9999, to the nanosecond.
    (-62_135_596_800_i64..253_402_207_200, 0..1_000_000_000_i32)
        .prop_map(|(second, nanosecond)| Timestamp::new(second, nanosecond).unwrap_or(Timestamp::UNIX_EPOCH))
}

fn any_request() -> impl Strategy<Value = ActivityRequest> {
    let lists = (any_list(), any_list(), any_list(), any_list(), any_list());
    let moment = || proptest::option::of(any_moment());
    let times = (moment(), moment(), moment(), moment());
    let order = proptest::option::of(prop_oneof![Just(Order::Ascending), Just(Order::Descending)]);
    let rest = (
        proptest::option::of(0..6000_u32),
        order,
        proptest::option::of(any_text()),
        proptest::option::of(any_text()),
    );
    (lists, times, rest).prop_map(|(lists, times, rest)| ActivityRequest {
        activity_types: lists.0,
        excluded_activity_types: lists.1,
        actor_ids: lists.2,
        user_ids: lists.3,
        organization_ids: lists.4,
        created_at_gt: times.0,
        created_at_gte: times.1,
        created_at_lt: times.2,
        created_at_lte: times.3,
        limit: rest.0,
        order: rest.1,
        after_id: rest.2.map(Cursor::new),
        before_id: rest.3.map(Cursor::new),
    })
}

proptest! {
    /// A decoder that is not ours reads back what was encoded, in order, and the URL keeps the query byte for byte.
    #[test]
    fn query_can_be_read_back(request in any_request()) {
        let query = request.query();
        let url = reqwest::Url::parse(&format!("https://api.example.com/v1?{query}")).unwrap();
        prop_assert_eq!(url.query().unwrap_or_default(), query.as_str());
        let decoded: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let expected: Vec<(String, String)> =
            request.parameters().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        if !query.is_empty() {
            prop_assert_eq!(decoded, expected);
        }
    }

    /// On the feed's grid of microseconds, the bounds that are sent select what the bounds asked for select.
    #[test]
    fn rounding_changes_no_selection(bound in any_moment(), offset in -3_i64..=3) {
        let request = ActivityRequest {
            created_at_gt: Some(bound),
            created_at_gte: Some(bound),
            created_at_lt: Some(bound),
            created_at_lte: Some(bound),
            ..ActivityRequest::default()
        };
        let sent = Bounds::of(&request);
        let row = Timestamp::from_microsecond(bound.as_microsecond() + offset).unwrap_or(bound);
        prop_assume!(row.as_nanosecond() % 1000 == 0);
        prop_assert_eq!(row > bound, row > sent.gt.unwrap());
        prop_assert_eq!(row >= bound, row >= sent.gte.unwrap());
        prop_assert_eq!(row < bound, row < sent.lt.unwrap());
        prop_assert_eq!(row <= bound, row <= sent.lte.unwrap());
        for sent in [sent.gt, sent.gte, sent.lt, sent.lte].into_iter().flatten() {
            prop_assert_eq!(sent.as_nanosecond() % 1000, 0);
        }
    }

    /// Whatever is asked for, checking it never panics and a refusal is never of another kind.
    #[test]
    fn validation_never_panics(request in any_request()) {
        if let Err(error) = request.validate() {
            prop_assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        }
    }
}

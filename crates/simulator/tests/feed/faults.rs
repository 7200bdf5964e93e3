//! Faults one by one: what each does to an answer, and what the plan's file form accepts.

use std::{collections::HashSet, time::Duration};

use jiff::SignedDuration;
use simulator::{Delivery, Fault, FaultKind, FaultPlan, SimulatedRequest, SimulatedResponse, Trigger};

use crate::support::{ACTIVITIES, Answered, Bench, encode, refusal, ten_rows};

fn with_fault(kind: FaultKind) -> Bench {
    Bench::with(ten_rows(), |options| options.fault_plan = FaultPlan::only(kind, &[]))
}

/// The answer to a request that meets the fault, and the cursor of the third row where the query asks for one.
fn meet(kind: &FaultKind, query: &str) -> SimulatedResponse {
    let bench = Bench::new();
    let cursor = encode(&bench.page("order=asc&limit=3").last_id.expect("a cursor"));
    bench.simulator.set_fault_plan(FaultPlan::only(kind.clone(), &[]));
    bench.ask(&query.replace("CURSOR", &cursor))
}

#[test]
fn statuses_with_their_bodies_and_headers() {
    use FaultKind as F;
    let retry_after = Duration::from_secs(7);
    for (kind, status, error_type, should_retry, leaves_row) in [
        (F::BadRequest, 400, "invalid_request_error", Some("false"), true),
        (F::InvalidKey, 401, "authentication_error", Some("false"), false),
        (F::ExpiredKey, 401, "authentication_error", Some("false"), false),
        (F::MissingScope, 403, "permission_error", Some("false"), true),
        (F::ForeignOrganization, 403, "permission_error", Some("false"), true),
        (F::NotFound, 404, "not_found_error", Some("false"), true),
        (F::RequestTimeout, 408, "timeout_error", Some("true"), false),
        (F::RateLimited { retry_after }, 429, "rate_limit_error", Some("true"), true),
        (F::ServerError, 500, "api_error", Some("true"), true),
        (F::ServerErrorFinal, 500, "api_error", Some("false"), true),
        (F::BadGateway, 502, "api_error", None, false),
        (F::Unavailable, 503, "api_error", None, false),
        (F::GatewayTimeout, 504, "timeout_error", None, false),
        (F::Overloaded, 529, "overloaded_error", Some("true"), false),
        (F::Status { status: 418, should_retry: None }, 418, "invalid_request_error", Some("false"), false),
        (F::Status { status: 520, should_retry: Some(true) }, 520, "api_error", Some("true"), false),
    ] {
        let bench = with_fault(kind.clone());
        let response = bench.ask("");
        let (found, found_type, _) = refusal(&response);
        assert_eq!((found, found_type.as_str()), (status, error_type), "{kind:?}");
        assert_eq!(response.header("x-should-retry"), should_retry, "{kind:?}");
        assert_eq!(response.header("retry-after"), (status == 429).then_some("7"), "{kind:?}");
        let rates = response.header("anthropic-ratelimit-requests-remaining").is_some();
        assert_eq!(rates, leaves_row && !matches!(kind, F::MissingScope), "{kind:?}");
        bench.simulator.set_fault_plan(FaultPlan::default());
        bench.clock.advance(Duration::from_secs(2));
        let rows = bench.page("activity_types[]=compliance_api_accessed").rows;
        let logged: Vec<_> = rows.iter().filter_map(|row| row["status_code"].as_u64()).collect();
        assert_eq!(logged, if leaves_row { vec![u64::from(status)] } else { vec![] }, "{kind:?}");
    }
}

#[test]
fn a_limited_request_says_that_nothing_remains() {
    let response = meet(&FaultKind::RateLimited { retry_after: Duration::from_secs(7) }, "");
    assert_eq!(response.header("anthropic-ratelimit-requests-remaining"), Some("0"));
    assert_eq!(response.header("anthropic-ratelimit-requests-reset"), Some("2026-06-01T13:00:07Z"));
}

#[test]
fn cursors_are_refused_only_where_there_is_one() {
    let kind = FaultKind::RefusedCursor;
    assert_eq!(refusal(&meet(&kind, "after_id=CURSOR")).2, "Invalid after_id");
    assert_eq!(refusal(&meet(&kind, "before_id=CURSOR")).2, "Invalid before_id");
    assert_eq!(meet(&kind, "limit=1").status, 200);
}

#[test]
fn pages_that_are_not_what_was_asked_for() {
    let window = "created_at.gte=2026-06-01T12:02:00Z&created_at.lt=2026-06-01T12:08:00Z";
    let walk = |bench: &Bench, query: &str| {
        let (asked, _) = query.split_once("&after_id=").unwrap_or((query, ""));
        let mut page = bench.page(query);
        let mut found = page.numbers();
        while page.has_more {
            page =
                bench.page(&format!("{asked}&after_id={}", encode(page.last_id.as_ref().expect("a cursor"))));
            found.extend(page.numbers());
        }
        found
    };
    for (kind, query, expected) in [
        (FaultKind::PageWrongOrder, "order=asc&limit=3", vec![2, 1, 0]),
        (FaultKind::PageWrongOrder, "limit=3", vec![7, 8, 9]),
        (FaultKind::PageTooManyRows { rows: 2 }, "order=asc&limit=3", vec![0, 1, 2, 3, 4]),
        (FaultKind::PageTooManyRows { rows: 2 }, "order=asc&limit=3&after_id=CURSOR", vec![3, 4, 5, 6, 7]),
        (
            FaultKind::DuplicateRows { rows: 2 },
            "order=asc&limit=20",
            vec![0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        ),
        (FaultKind::DuplicateRows { rows: 2 }, "order=asc&limit=5", vec![0, 0, 1, 1, 2]),
        (FaultKind::DuplicateRows { rows: 9 }, "order=asc&limit=4", vec![0, 0, 1, 1]),
        (FaultKind::PageOutsideBounds, "order=asc", vec![1, 2, 3, 4, 5, 6, 7]),
        (FaultKind::PageOutsideBounds, "order=desc", vec![7, 6, 5, 4, 3, 2, 1]),
        (FaultKind::PageOutsideBounds, "order=asc&limit=3", vec![1, 2, 3]),
        (FaultKind::PageOutsideBounds, "order=desc&limit=3", vec![7, 6, 1]),
    ] {
        let query =
            if kind == FaultKind::PageOutsideBounds { format!("{query}&{window}") } else { query.to_owned() };
        let bench = Bench::new();
        let third = encode(&bench.page("order=asc&limit=3").last_id.expect("a cursor"));
        let query = query.replace("CURSOR", &third);
        bench.simulator.set_fault_plan(FaultPlan::only(kind.clone(), &[1]));
        let page = bench.page(&query);
        assert_eq!(page.numbers(), expected, "{kind:?} {query}");

        // Whatever the page looks like, its last cursor leads on without a gap.
        let (asked, _) = query.split_once("&after_id").unwrap_or((&query, ""));
        let mut found: HashSet<u32> = page.numbers().into_iter().collect();
        if page.has_more {
            let cursor = encode(page.last_id.as_ref().expect("a cursor"));
            found.extend(walk(&bench, &format!("{asked}&after_id={cursor}")));
        }
        let all = walk(&bench, &query);
        assert!(all.iter().all(|number| found.contains(number)), "{kind:?} {query}: {found:?} of {all:?}");
    }
}

#[test]
fn an_upper_bound_alone_gives_a_foreign_row_beyond_it() {
    let page =
        Answered::of(&meet(&FaultKind::PageOutsideBounds, "order=asc&created_at.lt=2026-06-01T12:02:00Z"));
    assert_eq!(page.numbers(), [0, 1, 2]);
}

#[test]
fn faults_of_pages_wait_for_a_page_that_can_have_them() {
    for (kind, query) in [
        (FaultKind::PageWrongOrder, "limit=1"),
        (FaultKind::PageTooManyRows { rows: 1 }, "limit=10"),
        (FaultKind::RepeatedCursor, "limit=10"),
        (FaultKind::PageOutsideBounds, ""),
        (FaultKind::DuplicateRows { rows: 1 }, "limit=1"),
        (FaultKind::TruncatedBody { share: 0.5 }, "limit=0"),
        (FaultKind::PageTooManyRows { rows: 1 }, "order=asc&limit=1&before_id=CURSOR"),
    ] {
        let bench = Bench::new();
        let cursor = encode(&bench.page("order=asc&limit=3").last_id.expect("a cursor"));
        let query = query.replace("CURSOR", &cursor);
        let truth = bench.ask(&query);
        let fault = Fault { kind: kind.clone(), trigger: Trigger::default(), count_max: Some(1) };
        bench.simulator.set_fault_plan(FaultPlan { seed: 0, faults: vec![fault] });
        let met = bench.ask(&query);
        let bodies = [&truth, &met].map(|response| {
            let mut body: serde_json::Value = serde_json::from_slice(&response.body).expect("JSON");
            body["request_id"].take();
            body
        });
        assert_eq!(bodies[0], bodies[1], "{kind:?}");
        assert_eq!(met.delivery, Delivery::Complete);
        assert_eq!(bench.control("/simulator/statistics")["faults"][kind.name()], 0, "{kind:?}");
    }
}

#[test]
fn a_repeated_cursor_leads_back_to_the_same_page() {
    let bench = Bench::new();
    let cursor = bench.page("order=asc&limit=3").last_id.expect("a cursor");
    bench.simulator.set_fault_plan(FaultPlan::only(FaultKind::RepeatedCursor, &[1]));
    let query = format!("order=asc&limit=3&after_id={}", encode(&cursor));
    let repeated = bench.page(&query);
    assert_eq!((repeated.numbers(), repeated.last_id.as_ref()), (vec![3, 4, 5], Some(&cursor)));
    assert_eq!(bench.page(&query).numbers(), [3, 4, 5]);
}

#[test]
fn bodies_that_do_not_arrive_as_they_should() {
    let whole = meet(&FaultKind::SlowBody { duration: Duration::from_secs(9) }, "limit=3");
    assert_eq!(whole.delivery, Delivery::Slow { duration: Duration::from_secs(9) });
    assert_eq!(Answered::of(&whole).ids.len(), 3);

    let truncated = meet(&FaultKind::TruncatedBody { share: 0.25 }, "limit=3");
    assert_eq!(truncated.body, whole.body);
    assert_eq!(truncated.delivery, Delivery::Truncated { after_bytes: whole.body.len() / 4 });

    let invalid = meet(&FaultKind::InvalidJson, "limit=3");
    assert_eq!((invalid.status, invalid.delivery), (200, Delivery::Complete));
    assert_eq!(invalid.body, whole.body.slice(..whole.body.len() / 2));
    assert!(serde_json::from_slice::<serde_json::Value>(&invalid.body).is_err());

    let typed = meet(&FaultKind::WrongContentType { content_type: "text/csv".to_owned() }, "limit=3");
    assert_eq!((typed.header("content-type"), &typed.body), (Some("text/csv"), &whole.body));

    let html = meet(&FaultKind::HtmlPage { status: 407 }, "");
    assert_eq!((html.status, html.header("content-type")), (407, Some("text/html; charset=utf-8")));
    assert_eq!((html.header("request-id"), html.body.starts_with(b"<!doctype html>")), (None, true));

    for (kind, delivery) in [
        (
            FaultKind::Hang { duration: Duration::from_secs(3) },
            Delivery::Hang { duration: Duration::from_secs(3) },
        ),
        (FaultKind::ConnectionReset, Delivery::Reset),
    ] {
        let nothing = meet(&kind, "");
        assert_eq!((nothing.status, nothing.body.len(), nothing.delivery), (0, 0, delivery));
    }
}

#[test]
fn a_skewed_server_clock_shows_in_its_headers_and_in_the_row_of_the_call() {
    let bench = with_fault(FaultKind::ClockSkew { by: SignedDuration::from_hours(-1) });
    let response = bench.ask("limit=1");
    assert_eq!(response.header("date"), Some("Mon, 01 Jun 2026 12:00:00 GMT"));
    assert_eq!(response.header("anthropic-ratelimit-requests-reset"), Some("2026-06-01T12:00:01Z"));
    bench.clock.advance(Duration::from_secs(1));
    let own = bench.page("activity_types[]=compliance_api_accessed");
    assert_eq!(own.rows[0]["created_at"], "2026-06-01T12:00:00.000000Z");
}

#[test]
fn faults_do_not_touch_the_control_plane() {
    let bench = with_fault(FaultKind::Overloaded);
    assert_eq!(bench.simulator.respond(&SimulatedRequest::get("/simulator/statistics")).status, 200);
    assert_eq!(bench.simulator.respond(&SimulatedRequest::get(ACTIVITIES)).status, 529);
}

#[test]
fn the_file_form_of_a_plan() {
    let plan = FaultPlan::parse(
        r#"
        seed = 9
        [[fault]]
        kind = "rate_limited"
        retry_after = "5s"
        requests = [3, 10]
        [[fault]]
        kind = "clock_skew"
        by = "-1h 30m"
        every = 10
        probability = 0.5
        from = "10s"
        to = "2m"
        query = "after_id="
        count = 4
        [[fault]]
        kind = "status"
        status = 451
        should_retry = true
        every = 10
        offset = 3
        "#,
    )
    .expect("a valid plan");
    assert_eq!(plan.seed, 9);
    assert_eq!(plan.faults[0].kind, FaultKind::RateLimited { retry_after: Duration::from_secs(5) });
    assert_eq!(plan.faults[0].trigger.requests, [3, 10]);
    assert_eq!(plan.faults[1].kind, FaultKind::ClockSkew { by: SignedDuration::from_mins(-90) });
    let trigger = &plan.faults[1].trigger;
    assert_eq!(trigger.every.map(|every| (every.period, every.offset)), Some((10, 10)));
    assert_eq!((trigger.probability, trigger.query.as_deref()), (Some(0.5), Some("after_id=")));
    assert_eq!((trigger.from, trigger.to), (Some(Duration::from_secs(10)), Some(Duration::from_mins(2))));
    assert_eq!(plan.faults[1].count_max, Some(4));
    assert_eq!(plan.faults[2].kind, FaultKind::Status { status: 451, should_retry: Some(true) });
    assert_eq!(plan.faults[2].trigger.every.map(|every| (every.period, every.offset)), Some((10, 3)));
    assert_eq!(FaultPlan::parse(""), Ok(FaultPlan::default()));
}

#[test]
fn complaints_name_the_line_and_the_nearest_name() {
    for (text, complaint) in [
        ("sed = 1", "line 1: unknown key `sed`; did you mean `seed`?"),
        ("seed = 1\n\n[[faults]]\n", "line 3: unknown key `faults`; did you mean `fault`?"),
        ("[fault]\nkind = \"hang\"", "line 1: write each fault under [[fault]], with two brackets"),
        ("[[fault]]\nevery = 2", "line 1: a fault needs a `kind`"),
        (
            "[[fault]]\nkind = \"rate_limit\"",
            "line 2: unknown kind `rate_limit`; did you mean `rate_limited`?",
        ),
        ("[[fault]]\nkind = 429", "line 2: `kind` must be a text in quotes"),
        (
            "[[fault]]\nkind = \"hang\"\nretry_after = \"1s\"\n",
            "line 3: unknown key of a hang fault `retry_after`; known: kind, duration, requests, every",
        ),
        (
            "[[fault]]\nkind = \"hang\"\nduraton = \"1s\"\n",
            "line 3: unknown key of a hang fault `duraton`; did you mean `duration`?",
        ),
        (
            "[[fault]]\nkind = \"hang\"\nrequests = 3",
            "line 3: `requests` must be a list of request numbers, such as [1, 5]",
        ),
        (
            "[[fault]]\nkind = \"hang\"\nrequests = [\n1,\n0]",
            "line 5: `requests` must be a whole number, 1 or more",
        ),
        ("[[fault]]\nkind = \"hang\"\nevery = 0", "line 3: `every` must be a whole number, 1 or more"),
        ("[[fault]]\nkind = \"hang\"\noffset = 2", "line 1: `offset` needs `every`"),
        (
            "[[fault]]\nkind = \"hang\"\nprobability = 1.5",
            "line 3: `probability` must be a number from 0.0 to 1.0",
        ),
        (
            "[[fault]]\nkind = \"hang\"\nfrom = \"-1s\"",
            "line 3: `from` must be a duration that is not negative",
        ),
        (
            "[[fault]]\nkind = \"hang\"\nduration = 5",
            "line 3: `duration` must be a duration with its unit, such as \"500ms\", \"10s\" or \"2m\"",
        ),
        ("[[fault]]\nkind = \"status\"\nstatus = 200", "line 3: `status` must be from 400 to 599"),
        ("[[fault]]\nkind = \"status\"\nshould_retry = 1", "line 3: `should_retry` must be true or false"),
        ("[[fault]]\nkind = \"hang", "line 2: "),
    ] {
        let error = FaultPlan::parse(text).expect_err(text).to_string();
        assert!(error.starts_with(complaint), "{text:?}: {error}");
    }
}

#[test]
fn the_ready_made_plan_does_everything_and_then_stops() {
    let plan = FaultPlan::every_error();
    let planned: HashSet<&str> = plan.faults.iter().map(|fault| fault.kind.name()).collect();
    let reference = include_str!("../../../../docs/reference/fault-plan.md");
    let documented: HashSet<&str> = reference
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` |"))
        .map(|(name, _)| name)
        .collect();
    assert!(
        planned.iter().all(|name| documented.contains(name)),
        "undocumented: {:?}",
        planned.difference(&documented)
    );

    let bench = Bench::with(ten_rows(), |options| options.fault_plan = plan.clone());
    let window = "order=asc&limit=3&created_at.gte=2026-06-01T12:02:00Z";
    let first = bench.page(window);
    let next = format!("{window}&after_id={}", encode(&first.last_id.expect("a cursor")));
    for number in 2..=1 + 2 * plan.faults.len() {
        let response = bench.ask(&next);
        if number % 2 == 1 {
            assert_eq!(Answered::of(&response).numbers(), [5, 6, 7], "request {number} should go well");
        }
    }
    let happened = bench.control("/simulator/statistics")["faults"].clone();
    for name in planned {
        assert!(happened[name].as_u64() > Some(0), "{name} did not happen");
    }
    assert_eq!(bench.page(&next).numbers(), [5, 6, 7]);
}

//! The index against the plain way: random questions about real documents have the same answers.

mod support;

use std::sync::LazyLock;

use proptest::prelude::*;
use query::{
    Aggregation, Context, Expression, FieldKind, FieldReference, Fields, Pattern, SearchRequest, Sort, Test,
    Value,
};
use serde_json::{Map, Value as Json, json};
use support::{Indexed, naive};

static INDEXED: LazyLock<Indexed> = LazyLock::new(Indexed::new);
static FIELDS: LazyLock<std::sync::Arc<Fields>> = LazyLock::new(support::fields);

/// Fields that documents hold, of every kind; some with several values, some rare.
const NAMES: [&str; 24] = [
    "event.action",
    "event.category",
    "event.type",
    "event.outcome",
    "event.severity",
    "event.sequence",
    "event.id",
    "user.email",
    "user.target.email",
    "related.user",
    "related.ip",
    "source.ip",
    "organization.id",
    "http.response.status_code",
    "message",
    "@timestamp",
    "event.created",
    "anthropic.audit.actor.type",
    "anthropic.audit.group",
    "anthropic.audit.catalogued",
    "anthropic.audit.metadata",
    "error.message",
    "anthropic.audit.role",
    "user_agent.original",
];

fn field(index: usize) -> FieldReference {
    FIELDS
        .find(NAMES[index % NAMES.len()])
        .unwrap_or_else(|| panic!("{} is a field", NAMES[index % NAMES.len()]))
}

/// A value that some document holds in the field; of a rare field, of any that has one.
fn held(field: &FieldReference, seed: usize) -> Option<Value> {
    let documents = &INDEXED.documents;
    let count = documents.len();
    (0..count).flat_map(|step| query::matching::values(&documents[(seed + step) % count], field)).next()
}

/// The time of some document.
fn time_of(seed: usize) -> jiff::Timestamp {
    let text = INDEXED.documents[seed % INDEXED.documents.len()]["@timestamp"].as_str().expect("a time");
    text.parse().expect("a time")
}

fn test(field: &FieldReference, seed: usize, form: u8) -> Test {
    let Some(value) = held(field, seed) else { return Test::Exists };
    let other = held(field, seed / 7 + 3).unwrap_or_else(|| value.clone());
    match (&value, form % 6) {
        (_, 0) => Test::Exists,
        (Value::Text(text), form) if field.kind == FieldKind::Text => {
            let words: Vec<&str> = text.split_whitespace().collect();
            let at = seed % words.len().max(1);
            match form {
                1 => Test::Words(words[at].to_uppercase()),
                2 => Test::Words(format!("{} {}", words[at], words[0])),
                3 => Test::Like(Pattern::new(&format!(
                    "{}*",
                    words[at].chars().take(2).collect::<String>().replace(['*', '\\'], "?")
                ))),
                _ => Test::Phrase(words[at..].iter().take(3).copied().collect::<Vec<_>>().join(" ")),
            }
        }
        (Value::Text(text), 1) => Test::Is(Value::Text(text.to_uppercase())),
        (Value::Text(text), 2) => {
            Test::Like(Pattern::new(&format!("{}*", text.chars().take(4).collect::<String>())))
        }
        (Value::Text(text), 3) => {
            Test::Like(Pattern::new(&format!("*{}?", text.chars().skip(2).take(3).collect::<String>())))
        }
        (Value::Address(address), 2) => {
            let bits = if address.is_ipv4() { seed % 33 } else { seed % 129 };
            Test::In(query::Network::parse(&format!("{address}/{bits}")).expect("a network"))
        }
        (Value::Time(_), 2) => {
            let text = ["Mon 09h", "Sat-Sun Europe/Lisbon", "Mon-Fri 22h-05h Asia/Kolkata"][seed % 3];
            Test::Weekly(query::Weekly::parse(text, &jiff::tz::TimeZone::UTC).expect(text).expect(text))
        }
        (_, 1 | 2) => Test::Is(value),
        (_, form) => {
            let bounds = if form == 3 {
                query::Bounds {
                    lower: std::ops::Bound::Included(value),
                    upper: std::ops::Bound::Excluded(other),
                }
            } else if form == 4 {
                query::Bounds { lower: std::ops::Bound::Excluded(value), upper: std::ops::Bound::Unbounded }
            } else {
                query::Bounds { lower: std::ops::Bound::Unbounded, upper: std::ops::Bound::Included(value) }
            };
            Test::Within(bounds)
        }
    }
}

fn leaf() -> impl Strategy<Value = Expression> {
    (0..NAMES.len(), any::<u32>(), any::<u8>()).prop_map(|(index, seed, form)| {
        let mut field = field(index);
        if field.kind == FieldKind::Flattened && form % 2 == 1 {
            // A member of the bag that some document has.
            let bags = INDEXED
                .documents
                .iter()
                .filter_map(|document| document["anthropic"]["audit"]["metadata"].as_object());
            let names: Vec<&String> = bags.flat_map(Map::keys).collect();
            field = FIELDS
                .find(&format!("{}.{}", field.name, names[seed as usize % names.len()]))
                .expect("a member");
        } else if field.kind == FieldKind::Flattened {
            return Expression::Field(field, Test::Exists);
        }
        let test = test(&field, seed as usize, form);
        Expression::Field(field, test)
    })
}

fn expression() -> impl Strategy<Value = Expression> {
    leaf().prop_recursive(4, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Expression::and),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Expression::or),
            inner.prop_map(Expression::not),
        ]
    })
}

/// One aggregation as JSON, without children.
fn aggregation() -> impl Strategy<Value = Json> {
    let exact = prop::sample::select(vec![
        "event.action",
        "event.category",
        "event.outcome",
        "user.email",
        "related.user",
        "related.ip",
        "source.ip",
        "event.severity",
        "anthropic.audit.catalogued",
        "anthropic.audit.actor.type",
        "http.response.status_code",
        "anthropic.audit.role",
        "event.id",
    ]);
    let number = prop::sample::select(vec![
        "event.severity",
        "event.sequence",
        "http.response.status_code",
        "@timestamp",
    ]);
    let intervals = prop::sample::select(vec![
        json!({"fixed_interval": "1h"}),
        json!({"fixed_interval": "1d", "time_zone": "+05:30"}),
        json!({"fixed_interval": "90m", "min_doc_count": 1}),
        json!({"calendar_interval": "day", "time_zone": "Europe/Berlin"}),
        json!({"calendar_interval": "week", "order": {"_key": "desc"}}),
        json!({"calendar_interval": "month", "time_zone": "America/New_York"}),
    ]);
    let orders = prop::sample::select(vec![
        json!({"_count": "desc"}),
        json!({"_count": "asc"}),
        json!({"_key": "asc"}),
        json!({"_key": "desc"}),
    ]);
    prop_oneof![
        4 => (exact.clone(), 1..30_u32, orders, 1..3_u32).prop_map(|(field, size, order, least)| {
            json!({"terms": {"field": field, "size": size, "order": order, "min_doc_count": least}})
        }),
        1 => Just(json!({"terms": {"field": "user.email", "missing": "nobody", "include": ["nobody", "mara.lind@northwind.example"]}})),
        1 => Just(json!({"terms": {"field": "event.action", "include": "claude.*", "exclude": ["claude_chat_viewed"]}})),
        3 => intervals.prop_map(|mut body| { body["field"] = json!("@timestamp"); json!({"date_histogram": body}) }),
        1 => exact.clone().prop_map(|field| json!({"cardinality": {"field": field}})),
        1 => exact.prop_map(|field| json!({"missing": {"field": field}})),
        2 => (number, prop::sample::select(vec!["stats", "min", "max", "sum", "avg", "value_count"])).prop_map(|(field, metric)| json!({metric: {"field": field}})),
        1 => Just(json!({"range": {"field": "event.severity", "ranges": [{"key": "low", "to": 30}, {"key": "middle", "from": 20, "to": 60}, {"key": "high", "from": 60}]}})),
        1 => Just(json!({"filters": {"filters": {"in": {"query_string": {"query": "event.category:authentication"}}, "not": {"bool": {"must_not": {"term": {"event.outcome": "success"}}}}}}})),
        1 => Just(json!({"filter": {"range": {"event.severity": {"gte": 40}}}})),
        1 => Just(json!({"top_hits": {"size": 3, "sort": [{"event.severity": "desc"}]}})),
    ]
}

fn has_buckets(aggregation: &Json) -> bool {
    ["terms", "date_histogram", "missing", "range", "filters", "filter"]
        .iter()
        .any(|name| aggregation.get(name).is_some())
}

fn aggregations() -> impl Strategy<Value = Json> {
    let tree = aggregation().prop_recursive(3, 6, 2, |inner| {
        (aggregation(), prop::collection::vec(inner, 0..3)).prop_map(|(mut outer, children)| {
            if has_buckets(&outer) && !children.is_empty() {
                let named: Map<String, Json> = children
                    .into_iter()
                    .enumerate()
                    .map(|(index, child)| (format!("child{index}"), child))
                    .collect();
                outer["aggs"] = named.into();
            }
            outer
        })
    });
    prop::collection::vec(tree, 1..4).prop_map(|list| {
        list.into_iter()
            .enumerate()
            .map(|(index, one)| (format!("a{index}"), one))
            .collect::<Map<_, _>>()
            .into()
    })
}

/// What both ways say in their own words, in the same words.
fn plain(answer: &Json) -> Json {
    match answer {
        Json::Object(members) if members.contains_key("hits") => {
            let hits = answer["hits"]["hits"].as_array().expect("hits");
            hits.iter().map(|hit| hit["_id"].clone()).collect()
        }
        Json::Object(members) => members
            .iter()
            .filter(|(name, _)| !name.ends_with("_as_string") && *name != "doc_count_error_upper_bound")
            .map(|(name, value)| (name.clone(), plain(value)))
            .collect::<Map<_, _>>()
            .into(),
        Json::Array(list) => list.iter().map(plain).collect(),
        Json::Number(number) => json!(number.as_f64()),
        other => other.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn hits_are_those_of_the_plain_way(expression in expression(), by in 0..NAMES.len(), descending in any::<bool>(), size in 1..40_usize) {
        let mut request = SearchRequest::new(expression, size);
        if let Ok(sort) = Sort::new(field(by), descending)
            && sort.field.kind != FieldKind::Flattened
        {
            request.sort = vec![sort];
        }
        let expected = naive::hits(&INDEXED.documents, &request);
        let mut found = Vec::new();
        // Page by page to the end: every hit once, in order.
        loop {
            let page = INDEXED.index.search_now(&request).expect("an answer");
            prop_assert_eq!(page.total as usize, expected.len());
            let Some(last) = page.hits.last() else { break };
            request.search_after = Some(last.sort.clone());
            found.extend(page.hits.into_iter().map(|hit| hit.sequence));
            if found.len() > 4 * size { break }
        }
        let expected: Vec<u64> = expected.iter().filter_map(|document| document["event"]["sequence"].as_u64()).take(found.len()).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn counts_are_those_of_the_plain_way(expression in leaf(), aggregations in aggregations(), ends in (any::<usize>(), any::<usize>())) {
        let context = Context::new(&FIELDS, support::now());
        let read = Aggregation::read_all(&aggregations, &context);
        prop_assume!(read.is_ok());
        let mut request = SearchRequest::new(expression, 0);
        request.aggregations = read.expect("just looked");
        // What a segment contributed to the first answer is used for the others, where their range holds the whole of it.
        for range in [(None, None), (Some(ends.0), None), (Some(ends.0), Some(ends.1))] {
            (request.from, request.to) = (range.0.map(time_of), range.1.map(time_of));
            let matching = naive::hits(&INDEXED.documents, &request);
            let expected = Json::Object(naive::aggregate(&matching, &request.aggregations));
            let found = INDEXED.index.search_now(&request).expect("an answer");
            prop_assert_eq!(found.total as usize, matching.len());
            prop_assert_eq!(plain(&Json::Object(found.aggregations)), plain(&expected));
        }
    }
}

/// Six thousand documents in few segments, as history arrives: newest first, three stretches of it side by side. What is counted
/// of most of a segment is kept, and must serve the ranges that end anywhere in it.
#[test]
fn what_is_kept_serves_every_range_of_time() {
    let raw = support::documents_of(300.0, |mut rows| {
        rows.reverse();
        let stretch = rows.len().div_ceil(3);
        let pages: Vec<_> = rows.chunks(stretch).map(|stretch| stretch.chunks(200)).collect();
        let turns = stretch.div_ceil(200);
        (0..turns)
            .flat_map(|turn| pages.iter().filter_map(move |pages| pages.clone().nth(turn)))
            .flatten()
            .cloned()
            .collect()
    });
    let indexed = support::Indexed::of(raw, 4_000);
    let context = Context::new(&FIELDS, support::now());
    let aggregations = json!({
        "actions": {"terms": {"field": "event.action", "size": 500}},
        "people": {"cardinality": {"field": "anthropic.audit.actor.id"}},
        "hours": {"date_histogram": {"field": "@timestamp", "fixed_interval": "6h", "min_doc_count": 1}},
        "failed": {"filter": {"query_string": {"query": "event.outcome:failure"}}, "aggs": {"last": {"max": {"field": "@timestamp"}}}},
    });
    let mut request = SearchRequest::new(Expression::Everything, 7);
    request.aggregations = Aggregation::read_all(&aggregations, &context).expect("good aggregations");
    let everything = indexed.index.search_now(&request).expect("an answer");
    assert_eq!(everything.total as usize, indexed.documents.len());
    let newest = support::now();
    for hours in [30, 31, 77, 78, 200, 201, 202, 350, 351] {
        for length in [3, 24, 150, 1_000] {
            request.from = Some(newest - jiff::SignedDuration::from_hours(hours));
            request.to = Some(newest - jiff::SignedDuration::from_hours(hours - length));
            let matching = naive::hits(&indexed.documents, &request);
            let found = indexed.index.search_now(&request).expect("an answer");
            assert_eq!(found.total as usize, matching.len(), "{hours} {length}");
            let expected = Json::Object(naive::aggregate(&matching, &request.aggregations));
            assert_eq!(plain(&Json::Object(found.aggregations)), plain(&expected), "{hours} {length}");
            let hits: Vec<u64> = found.hits.iter().map(|hit| hit.sequence).collect();
            let newest = matching.iter().filter_map(|document| document["event"]["sequence"].as_u64());
            assert_eq!(hits, newest.take(7).collect::<Vec<_>>());
        }
    }
}

//! Every question answered by looking at every document: slow, and plain enough to be believed.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, ToSpan as _};
use query::{
    Aggregation, AggregationKind, Aggregations, CalendarUnit, DateHistogram, Expression, FieldReference,
    Interval, Metric, Order, SearchRequest, Sort, Terms, Test, Value, matches, matching::values,
};
use serde_json::{Map, Value as Json, json};

fn order(one: &Value, other: &Value) -> Ordering {
    one.order(other).unwrap_or_else(|| panic!("{one:?} and {other:?} are of different kinds"))
}

/// The documents that match, in order.
pub(crate) fn hits<'d>(documents: &'d [Json], request: &SearchRequest) -> Vec<&'d Json> {
    let condition = request.condition();
    let mut found: Vec<&Json> = documents.iter().filter(|document| matches(document, &condition)).collect();
    sort(&mut found, &request.order());
    found
}

fn sort(documents: &mut [&Json], criteria: &[Sort]) {
    documents.sort_by(|one, other| {
        for sort in criteria {
            let key = |document: &Json| {
                let values = values(document, &sort.field).into_iter().map(whole_milliseconds);
                if sort.descending { values.max_by(order) } else { values.min_by(order) }
            };
            let ordering = match (key(one), key(other)) {
                (None, None) => Ordering::Equal,
                (None, _) => Ordering::Greater,
                (_, None) => Ordering::Less,
                (Some(one), Some(other)) if sort.descending => order(&other, &one),
                (Some(one), Some(other)) => order(&one, &other),
            };
            if ordering.is_ne() {
                return ordering;
            }
        }
        Ordering::Equal
    });
}

fn whole_milliseconds(value: Value) -> Value {
    match value {
        Value::Time(time) => Value::Time(Timestamp::from_millisecond(milliseconds(time)).expect("in range")),
        other => other,
    }
}

fn milliseconds(time: Timestamp) -> i64 {
    time.as_nanosecond().div_euclid(1_000_000) as i64
}

/// What the aggregations say of these documents.
pub(crate) fn aggregate(documents: &[&Json], aggregations: &Aggregations) -> Map<String, Json> {
    aggregations.iter().map(|(name, one)| (name.clone(), answer(documents, one))).collect()
}

fn bucket(mut head: Json, documents: &[&Json], children: &Aggregations) -> Json {
    head["doc_count"] = json!(documents.len());
    for (name, child) in aggregate(documents, children) {
        head[name] = child;
    }
    head
}

fn chosen<'d>(documents: &[&'d Json], test: impl Fn(&Json) -> bool) -> Vec<&'d Json> {
    documents.iter().copied().filter(|document| test(document)).collect()
}

fn answer(documents: &[&Json], aggregation: &Aggregation) -> Json {
    let children = &aggregation.children;
    match &aggregation.kind {
        AggregationKind::Terms(terms) => terms_answer(documents, terms, children),
        AggregationKind::DateHistogram(histogram) => histogram_answer(documents, histogram, children),
        AggregationKind::Filters(filters) => {
            let one = |(name, filter): &(String, Expression)| {
                let inside = chosen(documents, |document| matches(document, filter));
                (name.clone(), bucket(json!({}), &inside, children))
            };
            json!({"buckets": filters.iter().map(one).collect::<Map<_, _>>()})
        }
        AggregationKind::Filter(filter) => {
            bucket(json!({}), &chosen(documents, |document| matches(document, filter)), children)
        }
        AggregationKind::Missing(field) => {
            let exists = Expression::Field(field.clone(), Test::Exists);
            bucket(json!({}), &chosen(documents, |document| !matches(document, &exists)), children)
        }
        AggregationKind::Range(ranges) => {
            let mut list: Vec<_> = ranges.ranges.iter().collect();
            list.sort_by(|one, other| {
                let key = |range: &query::NamedRange| {
                    (range.from.unwrap_or(f64::MIN), range.to.unwrap_or(f64::MAX))
                };
                key(one).partial_cmp(&key(other)).expect("no NaN")
            });
            let one = |range: &&query::NamedRange| {
                let inside = chosen(documents, |document| {
                    numbers(document, &ranges.field).iter().any(|number| {
                        range.from.is_none_or(|from| *number >= from)
                            && range.to.is_none_or(|to| *number < to)
                    })
                });
                let mut head = json!({"key": range.key});
                for (name, bound) in [("from", range.from), ("to", range.to)] {
                    if let Some(bound) = bound {
                        head[name] = json!(bound);
                    }
                }
                bucket(head, &inside, children)
            };
            json!({"buckets": list.iter().map(one).collect::<Vec<_>>()})
        }
        AggregationKind::Cardinality(field) => {
            let all: BTreeSet<String> = documents
                .iter()
                .flat_map(|document| values(document, field))
                .map(|value| format!("{value:?}"))
                .collect();
            json!({"value": all.len()})
        }
        AggregationKind::Metric(metric, field) => metric_answer(documents, *metric, field),
        AggregationKind::TopHits(top) => {
            let mut sorted = documents.to_vec();
            sort(&mut sorted, &top.sort);
            let ids: Vec<&Json> =
                sorted.iter().take(top.size).map(|document| &document["event"]["id"]).collect();
            json!(ids)
        }
    }
}

fn numbers(document: &Json, field: &FieldReference) -> Vec<f64> {
    let number = |value| match value {
        Value::Integer(number) => number as f64,
        Value::Number(number) => number,
        Value::Boolean(truth) => f64::from(u8::from(truth)),
        Value::Time(time) => milliseconds(time) as f64,
        other => panic!("{other:?} is no number"),
    };
    values(document, field).into_iter().map(number).collect()
}

fn metric_answer(documents: &[&Json], metric: Metric, field: &FieldReference) -> Json {
    let all: Vec<f64> = documents.iter().flat_map(|document| numbers(document, field)).collect();
    let some = |value: f64| (!all.is_empty()).then_some(value);
    let least = some(all.iter().copied().fold(f64::INFINITY, f64::min));
    let greatest = some(all.iter().copied().fold(f64::NEG_INFINITY, f64::max));
    let sum: f64 = all.iter().sum();
    let average = some(sum / all.len() as f64);
    match metric {
        Metric::Minimum => json!({"value": least}),
        Metric::Maximum => json!({"value": greatest}),
        Metric::Average => json!({"value": average}),
        Metric::Sum => json!({"value": sum}),
        Metric::Count => json!({"value": all.len()}),
        Metric::Statistics => {
            json!({"count": all.len(), "min": least, "max": greatest, "avg": average, "sum": sum})
        }
    }
}

fn key_of(value: &Value) -> Json {
    match value {
        Value::Text(text) => json!(text),
        Value::Integer(number) => json!(number),
        Value::Number(number) => json!(number),
        Value::Boolean(truth) => json!(u8::from(*truth)),
        Value::Time(time) => json!(milliseconds(*time)),
        Value::Address(address) => json!(address.to_string()),
    }
}

fn terms_answer(documents: &[&Json], terms: &Terms, children: &Aggregations) -> Json {
    let mut by_key: Vec<(Value, Vec<&Json>)> = Vec::new();
    for document in documents {
        let mut own: Vec<Value> = Vec::new();
        for value in values(document, &terms.field) {
            if own.iter().all(|known| order(known, &value).is_ne()) {
                own.push(value);
            }
        }
        if let (true, Some(missing)) = (own.is_empty(), &terms.missing) {
            own.push(Value::Text(missing.as_str().expect("texts only").to_owned()));
        }
        for value in own {
            match by_key.iter_mut().find(|(known, _)| order(known, &value).is_eq()) {
                Some((_, list)) => list.push(document),
                None => by_key.push((value, vec![document])),
            }
        }
    }
    let text =
        |value: &Value| key_of(value).as_str().map_or_else(|| key_of(value).to_string(), str::to_owned);
    by_key.retain(|(value, list)| {
        list.len() as u64 >= terms.min_doc_count
            && terms.include.as_ref().is_none_or(|include| include.holds(&text(value)))
            && terms.exclude.as_ref().is_none_or(|exclude| !exclude.holds(&text(value)))
    });
    let mut buckets: Vec<(Value, Json)> = by_key
        .iter()
        .map(|(value, list)| (value.clone(), bucket(json!({"key": key_of(value)}), list, children)))
        .collect();
    buckets.sort_by(|one, other| {
        for (by, descending) in &terms.order {
            let ordering = match by {
                Order::Count => one.1["doc_count"].as_u64().cmp(&other.1["doc_count"].as_u64()),
                Order::Key => order(&one.0, &other.0),
                Order::Metric(name, member) => {
                    let metric = |bucket: &Json| {
                        bucket[name][member.as_deref().unwrap_or("value")]
                            .as_f64()
                            .unwrap_or(f64::NEG_INFINITY)
                    };
                    metric(&one.1).total_cmp(&metric(&other.1))
                }
            };
            let ordering = if *descending { ordering.reverse() } else { ordering };
            if ordering.is_ne() {
                return ordering;
            }
        }
        order(&one.0, &other.0)
    });
    let count = |buckets: &[(Value, Json)]| {
        buckets.iter().filter_map(|(_, bucket)| bucket["doc_count"].as_u64()).sum::<u64>()
    };
    let all = count(&buckets);
    buckets.truncate(terms.size);
    let others = all - count(&buckets);
    let list: Vec<Json> = buckets.into_iter().map(|(_, bucket)| bucket).collect();
    json!({"sum_other_doc_count": others, "buckets": list})
}

/// The beginning of the bucket of a moment, by walking the calendar.
fn begin(time: Timestamp, histogram: &DateHistogram) -> Timestamp {
    let zoned = time.to_zoned(histogram.zone.clone());
    let day = zoned.start_of_day().expect("in range");
    let begin = match histogram.interval {
        Interval::Calendar(CalendarUnit::Day) => day,
        Interval::Calendar(CalendarUnit::Week) => {
            let back = i64::from(zoned.weekday().to_monday_zero_offset());
            day.checked_sub(back.days()).expect("in range").start_of_day().expect("in range")
        }
        Interval::Calendar(CalendarUnit::Month) => {
            zoned.first_of_month().expect("in range").start_of_day().expect("in range")
        }
        Interval::Fixed(width) => {
            assert!(histogram.zone.to_fixed_offset().is_ok(), "fixed widths are tried in fixed zones");
            let offset = i64::from(zoned.offset().seconds()) * 1000;
            let width = width.as_millis() as i64;
            let begin = (milliseconds(time) + offset).div_euclid(width) * width - offset;
            return Timestamp::from_millisecond(begin).expect("in range");
        }
        other @ Interval::Calendar(_) => panic!("{other:?} is not tried"),
    };
    begin.timestamp()
}

fn histogram_answer(documents: &[&Json], histogram: &DateHistogram, children: &Aggregations) -> Json {
    let mut by_begin: BTreeMap<Timestamp, Vec<&Json>> = BTreeMap::new();
    for document in documents {
        for value in values(document, &histogram.field) {
            let Value::Time(time) = value else { panic!("a time") };
            by_begin.entry(begin(time, histogram)).or_default().push(document);
        }
    }
    if histogram.min_doc_count == 0 {
        let (Some(mut at), Some(last)) = (by_begin.keys().next().copied(), by_begin.keys().last().copied())
        else {
            return json!({"buckets": []});
        };
        // Quarter by quarter of an hour: no bucket is missed.
        while at < last {
            by_begin.entry(begin(at, histogram)).or_default();
            at = at.checked_add(15.minutes()).expect("in range");
        }
    }
    let mut list: Vec<Json> = by_begin
        .iter()
        .filter(|(_, list)| list.len() as u64 >= histogram.min_doc_count)
        .map(|(begin, list)| bucket(json!({"key": milliseconds(*begin)}), list, children))
        .collect();
    if histogram.descending {
        list.reverse();
    }
    json!({"buckets": list})
}

//! Aggregations to JSON, for a cluster.

use std::time::Duration;

use serde_json::{Map, Value as Json, json};

use super::{
    Aggregation, AggregationKind, Aggregations, CalendarUnit, Choice, DateHistogram, Interval, Metric, Order,
    Ranges, Terms,
};
use crate::{dsl, field::FieldKind, request::Sort};

/// Distinct values up to which a cluster counts exactly; its own ceiling.
const PRECISION_THRESHOLD: u32 = 40_000;

pub(super) fn all(aggregations: &Aggregations) -> Json {
    aggregations
        .iter()
        .map(|(name, aggregation)| (name.clone(), one(aggregation)))
        .collect::<Map<_, _>>()
        .into()
}

fn one(aggregation: &Aggregation) -> Json {
    let (name, body) = match &aggregation.kind {
        AggregationKind::Terms(terms) => ("terms", write_terms(terms)),
        AggregationKind::DateHistogram(histogram) => ("date_histogram", date_histogram(histogram)),
        AggregationKind::Filters(filters) => {
            let filters: Map<_, _> =
                filters.iter().map(|(name, query)| (name.clone(), dsl::write(query))).collect();
            ("filters", json!({"filters": filters}))
        }
        AggregationKind::Filter(query) => ("filter", dsl::write(query)),
        AggregationKind::Missing(field) => ("missing", json!({"field": field.name})),
        AggregationKind::Range(ranges) => {
            (if ranges.field.kind == FieldKind::Date { "date_range" } else { "range" }, write_ranges(ranges))
        }
        AggregationKind::Cardinality(field) => {
            ("cardinality", json!({"field": field.name, "precision_threshold": PRECISION_THRESHOLD}))
        }
        AggregationKind::Metric(metric, field) => (metric_name(*metric), json!({"field": field.name})),
        AggregationKind::TopHits(top) => {
            let mut body =
                json!({"size": top.size, "sort": top.sort.iter().map(write_sort).collect::<Vec<_>>()});
            if let Some(fields) = &top.fields {
                body["_source"] = json!(fields);
            }
            ("top_hits", body)
        }
    };
    let mut whole = Map::from_iter([(name.to_owned(), body)]);
    if !aggregation.children.is_empty() {
        whole.insert("aggs".into(), all(&aggregation.children));
    }
    whole.into()
}

/// A criterion of an order, as a cluster takes it: documents without the field come last.
pub(crate) fn write_sort(sort: &Sort) -> Json {
    let order = if sort.descending { "desc" } else { "asc" };
    let mut body = json!({"order": order, "missing": "_last"});
    if let Some(unmapped) = unmapped_type(sort.field.kind) {
        body["unmapped_type"] = json!(unmapped);
    }
    Json::Object(Map::from_iter([(sort.field.name.clone(), body)]))
}

fn unmapped_type(kind: FieldKind) -> Option<&'static str> {
    (kind != FieldKind::Flattened).then(|| kind.name())
}

fn write_terms(terms: &Terms) -> Json {
    let order = |(order, descending): &(Order, bool)| {
        let name = match order {
            Order::Count => "_count".to_owned(),
            Order::Key => "_key".to_owned(),
            Order::Metric(name, Some(member)) => format!("{name}.{member}"),
            Order::Metric(name, None) => name.clone(),
        };
        Json::Object(Map::from_iter([(name, json!(if *descending { "desc" } else { "asc" }))]))
    };
    let mut body = json!({
        "field": terms.field.name,
        "size": terms.size,
        "min_doc_count": terms.min_doc_count,
        "order": terms.order.iter().map(order).collect::<Vec<_>>(),
    });
    if let Some(missing) = &terms.missing {
        body["missing"] = missing.clone();
    }
    let has_pattern =
        [&terms.include, &terms.exclude].into_iter().any(|choice| matches!(choice, Some(Choice::Prefix(_))));
    for (name, choice) in [("include", &terms.include), ("exclude", &terms.exclude)] {
        match choice {
            // OpenSearch takes a list beside a pattern only as a pattern.
            Some(Choice::Exactly(values)) if has_pattern => {
                let values: Vec<String> = values.iter().map(|value| escaped(value)).collect();
                body[name] = json!(values.join("|"));
            }
            Some(Choice::Exactly(values)) => body[name] = json!(values),
            Some(Choice::Prefix(prefix)) => body[name] = json!(escaped(prefix) + ".*"),
            None => {}
        }
    }
    body
}

/// A text as a regular expression, in Lucene's syntax.
fn escaped(text: &str) -> String {
    let mut pattern = String::new();
    for letter in text.chars() {
        if letter.is_ascii_punctuation() {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern
}

fn date_histogram(histogram: &DateHistogram) -> Json {
    let mut body = json!({
        "field": histogram.field.name,
        "time_zone": histogram.zone_name,
        "min_doc_count": histogram.min_doc_count,
        "order": {"_key": if histogram.descending { "desc" } else { "asc" }},
    });
    match histogram.interval {
        Interval::Fixed(width) => body["fixed_interval"] = json!(write_interval(width)),
        Interval::Calendar(unit) => body["calendar_interval"] = json!(unit_name(unit)),
    }
    if let Some((min, max)) = histogram.extended_bounds {
        body["extended_bounds"] = json!({"min": min.as_millisecond(), "max": max.as_millisecond()});
    }
    body
}

fn write_interval(width: Duration) -> String {
    let milliseconds = width.as_millis();
    match milliseconds {
        _ if milliseconds.is_multiple_of(1_000) => format!("{}s", milliseconds / 1_000),
        _ => format!("{milliseconds}ms"),
    }
}

fn unit_name(unit: CalendarUnit) -> &'static str {
    match unit {
        CalendarUnit::Minute => "minute",
        CalendarUnit::Hour => "hour",
        CalendarUnit::Day => "day",
        CalendarUnit::Week => "week",
        CalendarUnit::Month => "month",
        CalendarUnit::Quarter => "quarter",
        CalendarUnit::Year => "year",
    }
}

fn write_ranges(ranges: &Ranges) -> Json {
    let list: Vec<Json> = ranges
        .ranges
        .iter()
        .map(|range| {
            let mut body = Map::new();
            if let Some(key) = &range.key {
                body.insert("key".into(), json!(key));
            }
            for (name, bound) in [("from", range.from), ("to", range.to)] {
                if let Some(bound) = bound {
                    let whole = ranges.field.kind == FieldKind::Date;
                    body.insert(name.into(), if whole { json!(bound as i64) } else { json!(bound) });
                }
            }
            body.into()
        })
        .collect();
    json!({"field": ranges.field.name, "ranges": list, "keyed": ranges.keyed})
}

fn metric_name(metric: Metric) -> &'static str {
    match metric {
        Metric::Minimum => "min",
        Metric::Maximum => "max",
        Metric::Average => "avg",
        Metric::Sum => "sum",
        Metric::Count => "value_count",
        Metric::Statistics => "stats",
    }
}

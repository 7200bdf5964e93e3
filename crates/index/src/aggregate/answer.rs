//! Merged parts to Elasticsearch's JSON.

use std::cmp::Ordering;
use std::collections::HashMap;

use jiff::{Timestamp, tz::TimeZone};
use query::{
    Aggregation, AggregationKind, Aggregations, DateHistogram, FieldKind, Metric, Order, Ranges, Terms,
    TopHits, only,
};
use serde_json::{Map, Value as Json, json};
use tantivy::columnar::MonotonicallyMappableToU64 as _;

use super::{Bucket, Key, Partial, Summary, empty, empty_of, rounding::Rounding};
use crate::{columns::shown, error::Error, rank, search::Stop, source::Sources};

/// Most buckets of one histogram, empty ones included.
const MAX_HISTOGRAM: usize = 65_536;

type Buckets = HashMap<Key, Bucket, rustc_hash::FxBuildHasher>;

/// The answer to aggregations.
pub(crate) fn finish(
    aggregations: &Aggregations,
    parts: Vec<Partial>,
    sources: &Sources<'_>,
    stop: &Stop,
) -> Result<Map<String, Json>, Error> {
    Finisher { sources, stop }.all(aggregations, parts)
}

struct Finisher<'s> {
    sources: &'s Sources<'s>,
    stop: &'s Stop,
}

impl Finisher<'_> {
    fn all(&self, aggregations: &Aggregations, parts: Vec<Partial>) -> Result<Map<String, Json>, Error> {
        self.stop.check()?;
        let mut answers = Map::new();
        for ((name, aggregation), part) in aggregations.iter().zip(parts) {
            answers.insert(name.clone(), self.one(aggregation, part)?);
        }
        Ok(answers)
    }

    fn one(&self, aggregation: &Aggregation, part: Partial) -> Result<Json, Error> {
        let children = &aggregation.children;
        match (&aggregation.kind, part) {
            (AggregationKind::Terms(terms), Partial::Buckets(buckets)) => {
                self.terms(terms, children, buckets)
            }
            (AggregationKind::DateHistogram(histogram), Partial::Buckets(buckets)) => {
                self.histogram(histogram, children, buckets)
            }
            (AggregationKind::Filters(filters), Partial::Buckets(mut buckets)) => {
                let mut named = Map::new();
                for (index, (name, _)) in filters.iter().enumerate() {
                    let bucket = buckets.remove(&Key::Whole(index as i64));
                    named.insert(name.clone(), self.bucket(Map::new(), children, bucket)?);
                }
                Ok(json!({"buckets": named}))
            }
            (AggregationKind::Filter(_) | AggregationKind::Missing(_), Partial::Buckets(mut buckets)) => {
                self.bucket(Map::new(), children, buckets.remove(&Key::Whole(0)))
            }
            (AggregationKind::Range(ranges), Partial::Buckets(buckets)) => {
                self.ranges(ranges, children, buckets)
            }
            (AggregationKind::Cardinality(_), Partial::Distinct(sketch)) => {
                Ok(json!({"value": sketch.count()}))
            }
            (AggregationKind::Metric(metric, field), Partial::Summary(summary)) => {
                Ok(metric_answer(*metric, field.kind, summary))
            }
            (AggregationKind::TopHits(top), Partial::Hits(hits)) => self.top_hits(top, hits),
            // Parts are made for their aggregation.
            (_, _) => self.one(aggregation, empty_of(aggregation)),
        }
    }

    /// A bucket with what is within it; an empty one where no document fell into it.
    fn bucket(
        &self,
        mut head: Map<String, Json>,
        children: &Aggregations,
        bucket: Option<Bucket>,
    ) -> Result<Json, Error> {
        let bucket = bucket.unwrap_or_else(|| Bucket { count: 0, children: empty(children) });
        head.insert("doc_count".into(), json!(bucket.count));
        head.extend(self.all(children, bucket.children)?);
        Ok(head.into())
    }

    fn terms(&self, terms: &Terms, children: &Aggregations, mut buckets: Buckets) -> Result<Json, Error> {
        if let Some(bucket) = buckets.remove(&Key::Missing)
            && let Some(stand_in) = &terms.missing
        {
            let key = missing_key(terms.field.kind, stand_in)?;
            let mut whole = Partial::Buckets(buckets);
            super::merge(&mut whole, Partial::Buckets(HashMap::from_iter([(key, bucket)])));
            buckets = if let Partial::Buckets(buckets) = whole { buckets } else { Buckets::default() };
        }
        let kind = terms.field.kind;
        buckets.retain(|key, bucket| {
            let text = key_text(kind, key);
            bucket.count >= terms.min_doc_count
                && terms.include.as_ref().is_none_or(|include| include.holds(&text))
                && terms.exclude.as_ref().is_none_or(|exclude| !exclude.holds(&text))
        });
        let all: u64 = buckets.values().map(|bucket| bucket.count).sum();
        let by_metric = terms.order.iter().any(|(order, _)| matches!(order, Order::Metric(..)));
        let mut chosen: Vec<(Key, Bucket)> = buckets.into_iter().collect();
        if !by_metric {
            let compare = |one: &(Key, Bucket), other: &(Key, Bucket)| {
                compare_buckets(terms, (&one.0, one.1.count), (&other.0, other.1.count), |_, _| {
                    Ordering::Equal
                })
            };
            if chosen.len() > terms.size && terms.size > 0 {
                chosen.select_nth_unstable_by(terms.size - 1, compare);
            }
            chosen.truncate(terms.size);
            chosen.sort_by(compare);
        }
        let mut written = Vec::with_capacity(chosen.len());
        for (key, bucket) in chosen {
            let count = bucket.count;
            let json = self.bucket(key_json(kind, &key), children, Some(bucket))?;
            written.push((key, count, json));
        }
        if by_metric {
            written.sort_by(|one, other| {
                compare_buckets(terms, (&one.0, one.1), (&other.0, other.1), |name, member| {
                    compare_metrics(metric_of(&one.2, name, member), metric_of(&other.2, name, member))
                })
            });
            written.truncate(terms.size);
        }
        let shown: u64 = written.iter().map(|(_, count, _)| count).sum();
        let buckets: Vec<Json> = written.into_iter().map(|(_, _, json)| json).collect();
        Ok(json!({"doc_count_error_upper_bound": 0, "sum_other_doc_count": all - shown, "buckets": buckets}))
    }

    fn histogram(
        &self,
        histogram: &DateHistogram,
        children: &Aggregations,
        buckets: Buckets,
    ) -> Result<Json, Error> {
        let mut found: Vec<(i64, Bucket)> = buckets
            .into_iter()
            .filter_map(
                |(key, bucket)| if let Key::Whole(begin) = key { Some((begin, bucket)) } else { None },
            )
            .filter(|(_, bucket)| bucket.count >= histogram.min_doc_count)
            .collect();
        found.sort_by_key(|(begin, _)| *begin);
        let mut begins: Vec<i64> = found.iter().map(|(begin, _)| *begin).collect();
        if histogram.min_doc_count == 0 {
            begins = with_empty(histogram, &begins)?;
        }
        let mut found = found.into_iter().peekable();
        let mut written = Vec::with_capacity(begins.len());
        for begin in begins {
            let bucket = found.next_if(|(known, _)| *known == begin).map(|(_, bucket)| bucket);
            let head = time_key(begin, &histogram.zone);
            written.push(self.bucket(head, children, bucket)?);
        }
        if histogram.descending {
            written.reverse();
        }
        Ok(json!({"buckets": written}))
    }

    fn ranges(&self, ranges: &Ranges, children: &Aggregations, mut buckets: Buckets) -> Result<Json, Error> {
        let is_date = ranges.field.kind == FieldKind::Date;
        let mut list = Vec::new();
        for (index, range) in ranges.ranges.iter().enumerate() {
            let text =
                |bound: Option<f64>| bound.map_or_else(|| "*".to_owned(), |bound| bound_text(bound, is_date));
            let key = range.key.clone().unwrap_or_else(|| format!("{}-{}", text(range.from), text(range.to)));
            let mut head = Map::new();
            for (name, bound) in [("from", range.from), ("to", range.to)] {
                if let Some(bound) = bound {
                    head.insert(name.into(), json!(bound));
                    if is_date {
                        head.insert(format!("{name}_as_string"), json!(bound_text(bound, true)));
                    }
                }
            }
            let order = (range.from.unwrap_or(f64::NEG_INFINITY), range.to.unwrap_or(f64::INFINITY));
            let bucket = self.bucket(head, children, buckets.remove(&Key::Whole(index as i64)))?;
            list.push((order, key, bucket));
        }
        list.sort_by(|one, other| one.0.partial_cmp(&other.0).unwrap_or(Ordering::Equal));
        if ranges.keyed {
            let named: Map<String, Json> = list.into_iter().map(|(_, key, bucket)| (key, bucket)).collect();
            return Ok(json!({"buckets": named}));
        }
        let keyed = |(_, key, mut bucket): (_, String, Json)| {
            bucket["key"] = json!(key);
            bucket
        };
        Ok(json!({"buckets": list.into_iter().map(keyed).collect::<Vec<_>>()}))
    }

    fn top_hits(&self, top: &TopHits, mut hits: Vec<rank::Ranked>) -> Result<Json, Error> {
        hits.sort_by(|one, other| rank::compare(&top.sort, &one.keys, &other.keys));
        hits.truncate(top.size);
        let mut list = Vec::new();
        let places: Vec<_> = hits.iter().map(|hit| hit.address).collect();
        for (hit, (_, document)) in hits.iter().zip(self.sources.documents(&places)?) {
            list.push(json!({
                "_id": document["event"]["id"],
                "_source": top.fields.as_ref().map_or_else(|| document.clone(), |fields| only(&document, fields)),
                "sort": rank::sort_values(&top.sort, &hit.keys),
            }));
        }
        Ok(json!({"hits": {"hits": list}}))
    }
}

/// The key that stands for documents without a value.
fn missing_key(kind: FieldKind, stand_in: &Json) -> Result<Key, Error> {
    let wrong = || {
        query::Error::new(query::ErrorKind::Syntax, format!("missing {stand_in} is no value of the field"))
    };
    Ok(match kind {
        FieldKind::Long | FieldKind::Date => Key::Whole(stand_in.as_i64().ok_or_else(wrong)?),
        FieldKind::Boolean => Key::Whole(i64::from(stand_in.as_bool().ok_or_else(wrong)?)),
        FieldKind::Double => Key::Number(stand_in.as_f64().ok_or_else(wrong)?.to_u64()),
        FieldKind::Address => {
            let address = stand_in.as_str().and_then(|text| text.parse().ok()).ok_or_else(wrong)?;
            Key::Text(crate::text::address_key(address))
        }
        _ => Key::Text(stand_in.as_str().map_or_else(|| stand_in.to_string(), str::to_owned)),
    })
}

fn key_text(kind: FieldKind, key: &Key) -> String {
    match key {
        Key::Text(text) => shown(kind, text.clone()),
        Key::Whole(number) if kind == FieldKind::Boolean => (*number != 0).to_string(),
        Key::Whole(number) => number.to_string(),
        Key::Number(bits) => f64::from_u64(*bits).to_string(),
        Key::Missing => String::new(),
    }
}

fn key_json(kind: FieldKind, key: &Key) -> Map<String, Json> {
    match key {
        Key::Whole(number) if kind == FieldKind::Date => time_key(*number, &TimeZone::UTC),
        Key::Whole(number) if kind == FieldKind::Boolean => Map::from_iter([
            ("key".into(), json!(number)),
            ("key_as_string".into(), json!(key_text(kind, key))),
        ]),
        Key::Whole(number) => Map::from_iter([("key".into(), json!(number))]),
        Key::Number(bits) => Map::from_iter([("key".into(), json!(f64::from_u64(*bits)))]),
        Key::Text(_) | Key::Missing => Map::from_iter([("key".into(), json!(key_text(kind, key)))]),
    }
}

fn time_key(milliseconds: i64, zone: &TimeZone) -> Map<String, Json> {
    let text = time_text(milliseconds, zone);
    Map::from_iter([("key".into(), json!(milliseconds)), ("key_as_string".into(), json!(text))])
}

/// `2026-11-23T00:00:00.000Z`, or with the offset of the zone.
fn time_text(milliseconds: i64, zone: &TimeZone) -> String {
    let Ok(time) = Timestamp::from_millisecond(milliseconds) else { return milliseconds.to_string() };
    let zoned = time.to_zoned(zone.clone());
    let offset = zoned.offset();
    let text = zoned.strftime("%Y-%m-%dT%H:%M:%S.%3f").to_string();
    if offset.is_zero() { text + "Z" } else { format!("{text}{}", zoned.strftime("%:z")) }
}

fn bound_text(bound: f64, is_date: bool) -> String {
    if is_date { time_text(bound as i64, &TimeZone::UTC) } else { format!("{bound:?}") }
}

/// The beginnings of all buckets between the first and the last, or as far as the bounds ask for.
fn with_empty(histogram: &DateHistogram, begins: &[i64]) -> Result<Vec<i64>, Error> {
    let mut rounding = Rounding::new(histogram);
    let mut ends = (begins.first().copied(), begins.last().copied());
    if let Some((min, max)) = histogram.extended_bounds {
        let (min, max) = (rounding.begin(min.as_millisecond()), rounding.begin(max.as_millisecond()));
        ends = (
            Some(ends.0.map_or(min, |first| first.min(min))),
            Some(ends.1.map_or(max, |last| last.max(max))),
        );
    }
    let (Some(mut begin), Some(last)) = ends else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    while begin <= last {
        if all.len() >= MAX_HISTOGRAM {
            let message = format!("the histogram has more than {MAX_HISTOGRAM} buckets");
            return Err(query::Error::new(query::ErrorKind::TooLarge, message)
                .with_hint("take a wider interval, or min_doc_count 1")
                .into());
        }
        all.push(begin);
        begin = rounding.next(begin);
    }
    Ok(all)
}

fn compare_buckets(
    terms: &Terms,
    one: (&Key, u64),
    other: (&Key, u64),
    metric: impl Fn(&str, Option<&str>) -> Ordering,
) -> Ordering {
    for (order, descending) in &terms.order {
        let ordering = match order {
            Order::Count => one.1.cmp(&other.1),
            Order::Key => one.0.cmp(other.0),
            Order::Metric(name, member) => metric(name, member.as_deref()),
        };
        let ordering = if *descending { ordering.reverse() } else { ordering };
        if ordering.is_ne() {
            return ordering;
        }
    }
    one.0.cmp(other.0)
}

fn metric_of(bucket: &Json, name: &str, member: Option<&str>) -> Option<f64> {
    bucket[name][member.unwrap_or("value")].as_f64()
}

fn compare_metrics(one: Option<f64>, other: Option<f64>) -> Ordering {
    one.unwrap_or(f64::NEG_INFINITY).total_cmp(&other.unwrap_or(f64::NEG_INFINITY))
}

fn metric_answer(metric: Metric, kind: FieldKind, summary: Summary) -> Json {
    let some = (summary.count > 0).then_some(());
    let least = some.map(|()| summary.least);
    let greatest = some.map(|()| summary.greatest);
    let average = some.map(|()| summary.sum / summary.count as f64);
    let is_date = kind == FieldKind::Date;
    let single = |value: Option<f64>| {
        let mut answer = json!({"value": value});
        if let (true, Some(value)) = (is_date, value) {
            answer["value_as_string"] = json!(bound_text(value, true));
        }
        answer
    };
    match metric {
        Metric::Minimum => single(least),
        Metric::Maximum => single(greatest),
        Metric::Average => single(average),
        Metric::Sum => single(Some(summary.sum)),
        Metric::Count => json!({"value": summary.count}),
        Metric::Statistics => {
            let mut answer = json!({
                "count": summary.count, "min": least, "max": greatest, "avg": average, "sum": summary.sum,
            });
            if is_date {
                let texts = [("min", least), ("max", greatest), ("avg", average), ("sum", Some(summary.sum))];
                for (name, value) in texts {
                    if let (Some(value), Some(())) = (value, some) {
                        answer[format!("{name}_as_string")] = json!(bound_text(value, true));
                    }
                }
            }
            answer
        }
    }
}

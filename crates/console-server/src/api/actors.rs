//! Everybody and everything that acted: people, keys, service accounts, directories, the vendor's staff, in one list.
//!
//! Two questions to the store: the first counts every actor by what the list is sorted by, the second tells of those on the page.

use std::time::Instant;

use axum::{Json, extract::State};
use jiff::Timestamp;
use query::{Context, Expression, SearchRequest};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    app::App,
    caller::Caller,
    document::{self as documents, ACTOR_ID, ACTOR_NAME, ACTOR_TYPE, AGENT, COUNTRY},
    error::ApiError,
    guard::SignedIn,
    question::{self, Asked},
};

use super::fields::begins;

/// Actors that are told apart; of more, the rarest are left out.
const ACTORS_MAX: usize = 10_000;
/// Actors of a page unless asked otherwise, and at most.
const SIZE: usize = 50;
const SIZE_MAX: usize = 200;
/// Most counts of a sparkline.
const SPARK_COUNTS: i64 = 30;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// What kind of actor, as the feed names it.
    kind: Option<String>,
    /// How the name begins, whatever the case.
    #[serde(default)]
    prefix: String,
    #[serde(default)]
    sort: Order,
    size: Option<usize>,
    #[serde(default)]
    offset: usize,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Order {
    #[default]
    Events,
    LastSeen,
    Failures,
    Privileged,
    Countries,
    Name,
}

/// A page of the actors within a range.
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    signed_in: SignedIn,
    Asked(asked, wanted): Asked<Wanted>,
) -> Result<Json<Value>, ApiError> {
    let started = Instant::now();
    let backend = question::backend(&app)?;
    let fields = backend.fields();
    let context = Context::new(&fields, app.now());
    let read = asked.read(&fields, app.now())?;
    question::log(
        &app,
        &signed_in,
        &caller.address,
        "search",
        format!("actors · {}", asked.in_words(app.now())),
    )
    .await?;
    let mut parts = vec![read.expression, begins(&fields.resolve(ACTOR_NAME)?, &wanted.prefix)];
    if let Some(kind) = wanted.kind.filter(|kind| !kind.is_empty()) {
        parts.push(documents::one_of(&fields, ACTOR_TYPE, [kind.as_str()])?);
    }
    let mut request = SearchRequest::new(Expression::and(parts), 0);
    (request.from, request.to) = (read.from, read.to);
    request.aggregations = documents::aggregations(&wanted.sort.question(), &context)?;
    let counted = question::answer(&app, &*backend, request.clone()).await?.aggregations.into();
    let ids = wanted.sort.ranked(&counted);
    let complete = counted["actors"]["sum_other_doc_count"].as_u64().unwrap_or_default() == 0;
    let size = wanted.size.unwrap_or(SIZE).min(SIZE_MAX);
    let page: Vec<&str> = ids.iter().skip(wanted.offset).take(size).map(String::as_str).collect();

    let spark = Spark::over(&request, &counted);
    request.query =
        Expression::and([request.query, documents::one_of(&fields, ACTOR_ID, page.iter().copied())?]);
    request.aggregations = documents::aggregations(&told(&page, &spark), &context)?;
    let range = json!({ "from": request.from, "to": request.to });
    let found = if page.is_empty() {
        Value::Null
    } else {
        question::answer(&app, &*backend, request).await?.aggregations.into()
    };
    let actors: Vec<Value> = page
        .iter()
        .filter_map(|id| documents::buckets(&found, "actors").find(|bucket| documents::key(bucket) == *id))
        .map(|bucket| actor(bucket, &spark))
        .collect();
    Ok(Json(json!({
        "took_ms": started.elapsed().as_millis() as u64,
        "total": ids.len(),
        "complete": complete,
        "range": range,
        "spark": { "from": spark.from, "interval_seconds": spark.interval_seconds },
        "actors": actors,
    })))
}

impl Order {
    /// Every actor with what it is ranked by.
    fn question(self) -> Value {
        let ranked = match self {
            Self::Events => json!({}),
            Self::LastSeen => json!({ "rank": { "max": { "field": query::TIMESTAMP } } }),
            Self::Failures => json!({ "rank": documents::counted()["failures"] }),
            Self::Privileged => json!({ "rank": documents::counted()["privileged"] }),
            Self::Countries => json!({ "rank": { "cardinality": { "field": COUNTRY } } }),
            Self::Name => json!({ "name": { "terms": { "field": ACTOR_NAME, "size": 1 } } }),
        };
        json!({
            "actors": { "terms": { "field": ACTOR_ID, "size": ACTORS_MAX }, "aggs": ranked },
            "times": documents::times()["times"],
        })
    }

    /// The ids in order; those that are equal by number of events, as they come.
    fn ranked(self, counted: &Value) -> Vec<String> {
        let mut buckets: Vec<&Value> = documents::buckets(counted, "actors").collect();
        let number = |bucket: &Value| {
            let rank = bucket["rank"].get("value").unwrap_or(&bucket["rank"]["doc_count"]);
            rank.as_f64().unwrap_or_default()
        };
        match self {
            Self::Events => {}
            Self::Name => buckets.sort_by_cached_key(|bucket| {
                documents::commonest(bucket, "name").unwrap_or_else(|| documents::key(bucket)).to_lowercase()
            }),
            _ => buckets.sort_by(|left, right| number(right).total_cmp(&number(left))),
        }
        buckets.into_iter().map(documents::key).collect()
    }
}

/// What is told of the actors on the page.
fn told(page: &[&str], spark: &Spark) -> Value {
    let own = json!({
        "name": { "terms": { "field": ACTOR_NAME, "size": 1 } },
        "type": { "terms": { "field": ACTOR_TYPE, "size": 1 } },
        "countries": { "terms": { "field": COUNTRY, "size": 50 } },
        "agents": { "terms": { "field": AGENT, "size": 10 } },
        "spark": { "date_histogram": {
            "field": query::TIMESTAMP, "fixed_interval": format!("{}s", spark.interval_seconds), "min_doc_count": 1,
        } },
    });
    let children = documents::merged([documents::object(own), documents::counted(), documents::times()]);
    json!({ "actors": { "terms": { "field": ACTOR_ID, "size": page.len().max(1), "include": page }, "aggs": children } })
}

fn actor(bucket: &Value, spark: &Spark) -> Value {
    let (first_seen, last_seen) = documents::first_and_last(bucket);
    let keys = |name: &str| documents::buckets(bucket, name).map(documents::key).collect::<Vec<_>>();
    let id = documents::key(bucket);
    json!({
        "name": documents::commonest(bucket, "name").unwrap_or_else(|| id.clone()),
        "id": id,
        "type": documents::commonest(bucket, "type"),
        "events": documents::count(bucket),
        "failures": documents::count(&bucket["failures"]),
        "privileged": documents::count(&bucket["privileged"]),
        "countries": keys("countries"),
        "agents": keys("agents"),
        "first_seen": first_seen,
        "last_seen": last_seen,
        "spark": spark.counts(bucket),
    })
}

/// The small pictures of the list: so many counts from here on, each of so long.
struct Spark {
    from: Timestamp,
    interval_seconds: i64,
    counts: usize,
}

impl Spark {
    /// Over the range asked for; where it has no end, over what was found.
    fn over(request: &SearchRequest, counted: &Value) -> Self {
        let (first, last) = documents::first_and_last(counted);
        let found = |time: &Value| time.as_str().and_then(|text| text.parse::<Timestamp>().ok());
        let from = request.from.or_else(|| found(&first)).unwrap_or(Timestamp::UNIX_EPOCH).as_second();
        let to = request.to.map(|to| to.as_second() - 1).or_else(|| found(&last).map(Timestamp::as_second));
        let length = to.map_or(0, |to| to - from).max(0);
        // One less, because buckets begin at multiples of their width and the range does not.
        let interval_seconds = (length / (SPARK_COUNTS - 1) + 1).max(1);
        let first = from.div_euclid(interval_seconds);
        let last = (from + length).div_euclid(interval_seconds);
        Self {
            from: Timestamp::from_second(first * interval_seconds).unwrap_or(Timestamp::UNIX_EPOCH),
            interval_seconds,
            counts: (last - first + 1) as usize,
        }
    }

    fn counts(&self, bucket: &Value) -> Vec<u64> {
        let mut counts = vec![0; self.counts];
        for slot in documents::buckets(bucket, "spark") {
            let second = slot["key"].as_i64().unwrap_or_default().div_euclid(1_000);
            let place = (second - self.from.as_second()) / self.interval_seconds;
            if let Some(count) = usize::try_from(place).ok().and_then(|place| counts.get_mut(place)) {
                *count = documents::count(slot);
            }
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparkline_covers_its_range_in_at_most_thirty_counts() {
        for (from, to) in
            [(0, 1), (0, 29), (7, 30), (7, 3_600), (123_456, 123_456 + 86_400), (-50, 2_592_000)]
        {
            let mut request = SearchRequest::new(Expression::Everything, 0);
            request.from = Some(Timestamp::from_second(from).unwrap());
            request.to = Some(Timestamp::from_second(to).unwrap());
            let spark = Spark::over(&request, &Value::Null);
            assert!(spark.counts as i64 <= SPARK_COUNTS, "{from} {to}: {}", spark.counts);
            assert!(spark.from.as_second() <= from);
            assert!(
                spark.from.as_second() + spark.counts as i64 * spark.interval_seconds >= to,
                "{from} {to}"
            );
        }
    }
}

//! One actor: a calendar, places, networks, programs and actions over a range; and, over everything there is, since when it is
//! known, the keys it made and what those did, and what was changed about its own access.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use query::{Backend, Context, Expression, Fields, Hit, SearchRequest, SearchResponse, Sort, Test};
use serde_json::{Map, Value, json};

use crate::{
    app::App,
    caller::Caller,
    document::{
        self as documents, ACTION, ACTOR_ID, ACTOR_NAME, ACTOR_TYPE, ADDRESS, AGENT, CATEGORY, CITY, COUNTRY,
        NETWORK, OPERATING_SYSTEM,
    },
    error::ApiError,
    extract::Parameters,
    guard::SignedIn,
    question::{self, InAddress, Question},
};

use super::search::hit;

/// Most keys, and most changes of access, that are told.
const KEYS_MAX: usize = 100;
const CHANGES_MAX: usize = 50;

/// Where the id of something stands that can act by itself once it was made, with what it may be called there.
const KEYS: [&str; 6] = [
    "anthropic.audit.admin_api_key_id",
    "anthropic.audit.api_key_id",
    "anthropic.audit.scoped_api_key_id",
    "anthropic.audit.service_key_id",
    "anthropic.audit.service_account_id",
    "anthropic.audit.token_id",
];
const KEY_NAMES: [&str; 4] = [
    "anthropic.audit.key_name",
    "anthropic.audit.name",
    "anthropic.audit.token_name",
    "anthropic.audit.display_name",
];

/// What this actor did.
pub(crate) async fn actor(
    State(app): State<App>,
    caller: Caller,
    signed_in: SignedIn,
    Path(id): Path<String>,
    Parameters(asked): Parameters<InAddress>,
) -> Result<Json<Value>, ApiError> {
    let asked = Question::from(asked);
    let detail = format!("actor {id} · {}", asked.in_words(app.now()));
    question::log(&app, &signed_in, &caller.address, "search", detail).await?;
    let about = About::new(&app, id)?;
    let known = about.known().await?;
    let newest = &known.hits.first().ok_or_else(|| unknown(&about.id))?.document;
    let everything = known.aggregations.into();
    let (first_seen, last_seen) = documents::first_and_last(&everything);
    let email = documents::text(newest, "user.email");
    let (within, keys, changes) =
        tokio::try_join!(about.within(&asked), about.keys(), about.access_changes(email.as_deref()))?;
    let mut told = json!({
        "id": about.id,
        "name": documents::text(newest, ACTOR_NAME).unwrap_or_else(|| about.id.clone()),
        "type": documents::text(newest, ACTOR_TYPE),
        "email": email,
        "ever": { "events": known.total, "first_seen": first_seen, "last_seen": last_seen },
        "keys": keys,
        "access_changes": changes,
    });
    if let Value::Object(told) = &mut told {
        told.extend(within);
    }
    Ok(Json(told))
}

fn unknown(id: &str) -> ApiError {
    ApiError::not_found(format!("nothing was done by {id:?}"))
        .hint("ids are those of anthropic.audit.actor.id; GET /actors lists them")
}

/// Questions about one actor.
pub(super) struct About<'a> {
    app: &'a App,
    backend: Arc<dyn Backend>,
    fields: Arc<Fields>,
    pub(super) id: String,
    own: Expression,
}

impl<'a> About<'a> {
    pub(super) fn new(app: &'a App, id: String) -> Result<Self, ApiError> {
        let backend = question::backend(app)?;
        let fields = backend.fields();
        let own = documents::one_of(&fields, ACTOR_ID, [id.as_str()])?;
        Ok(Self { app, backend, fields, id, own })
    }

    async fn ask(&self, request: SearchRequest) -> Result<SearchResponse, ApiError> {
        question::answer(self.app, &*self.backend, request).await
    }

    fn aggregations(&self, json: &Value, asked: &Question) -> Result<query::Aggregations, ApiError> {
        let zone = question::zone(asked.time_zone.as_deref())?;
        documents::aggregations(json, &Context { fields: &self.fields, now: self.app.now(), zone })
    }

    /// The newest that it did, and since when it is known.
    async fn known(&self) -> Result<SearchResponse, ApiError> {
        let mut request = SearchRequest::new(self.own.clone(), 1);
        request.fields = Some([ACTOR_NAME, ACTOR_TYPE, "user.email"].map(str::to_owned).to_vec());
        request.aggregations = self.aggregations(&documents::times().into(), &Question::default())?;
        self.ask(request).await
    }

    /// A page of what it did within a range.
    pub(super) fn request(&self, asked: &Question, size: usize) -> Result<SearchRequest, ApiError> {
        let read = asked.read(&self.fields, self.app.now())?;
        let mut request = SearchRequest::new(Expression::and([self.own.clone(), read.expression]), size);
        (request.from, request.to) = (read.from, read.to);
        Ok(request)
    }

    pub(super) async fn page(&self, request: &SearchRequest) -> Result<Vec<Hit>, ApiError> {
        Ok(self.ask(request.clone()).await?.hits)
    }

    /// What it did within a range, counted.
    async fn within(&self, asked: &Question) -> Result<Map<String, Value>, ApiError> {
        let mut request = self.request(asked, 0)?;
        request.aggregations = self.aggregations(&counted_within(asked), asked)?;
        let range = json!({ "from": request.from, "to": request.to });
        let answer = self.ask(request).await?;
        let found: Value = answer.aggregations.into();
        let (first_seen, last_seen) = documents::first_and_last(&found);
        Ok(documents::object(json!({
            "range": range,
            "events": answer.total,
            "failures": documents::count(&found["failures"]),
            "privileged": documents::count(&found["privileged"]),
            "first_seen": first_seen,
            "last_seen": last_seen,
            "calendar": documents::buckets(&found, "calendar").map(day).collect::<Vec<_>>(),
            "places": documents::buckets(&found, "countries").flat_map(places).collect::<Vec<_>>(),
            "networks": documents::buckets(&found, "networks").map(|bucket| named(bucket, "name")).collect::<Vec<_>>(),
            "agents": documents::buckets(&found, "agents").map(agent).collect::<Vec<_>>(),
            "actions": documents::buckets(&found, "actions").map(action).collect::<Vec<_>>(),
        })))
    }

    /// The keys that it made, newest first, each with what was done by it.
    async fn keys(&self) -> Result<Vec<Value>, ApiError> {
        let exists =
            KEYS.iter().filter_map(|name| Some(Expression::Field(self.fields.find(name)?, Test::Exists)));
        let made = documents::one_of(&self.fields, "event.type", ["creation"])?;
        let mut request =
            SearchRequest::new(Expression::and([self.own.clone(), made, Expression::or(exists)]), KEYS_MAX);
        let wanted = [query::TIMESTAMP, ACTION].into_iter().chain(KEYS).chain(KEY_NAMES);
        request.fields = Some(wanted.map(str::to_owned).collect());
        let hits = self.ask(request).await?.hits;
        let found: Vec<(String, Hit)> =
            hits.into_iter().filter_map(|hit| Some((first(&hit.document, &KEYS)?, hit))).collect();
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let acting: Vec<String> = found.iter().flat_map(|(id, _)| acting_as(id)).collect();
        let acting: Vec<&str> = acting.iter().map(String::as_str).collect();
        let mut request =
            SearchRequest::new(documents::one_of(&self.fields, ACTOR_ID, acting.iter().copied())?, 0);
        let by_actor = json!({ "actors": {
            "terms": { "field": ACTOR_ID, "size": acting.len(), "include": acting }, "aggs": documents::times(),
        } });
        request.aggregations = self.aggregations(&by_actor, &Question::default())?;
        let uses = self.ask(request).await?.aggregations.into();
        Ok(found.iter().map(|(id, hit)| made_key(id, hit, &uses)).collect())
    }

    /// What was changed about its own access, by whomever; newest first.
    async fn access_changes(&self, email: Option<&str>) -> Result<Vec<Value>, ApiError> {
        let target = Expression::or([
            documents::one_of(&self.fields, "user.target.id", [self.id.as_str()])?,
            documents::one_of(&self.fields, "user.target.email", email)?,
        ]);
        let changes = documents::one_of(&self.fields, CATEGORY, ["iam"])?;
        let mut request = SearchRequest::new(Expression::and([changes, target]), CHANGES_MAX);
        request.sort = vec![Sort::new(self.fields.resolve(query::TIMESTAMP)?, true)?];
        Ok(self.ask(request).await?.hits.into_iter().map(hit).collect())
    }
}

fn counted_within(asked: &Question) -> Value {
    let lasting = |field: &str, size: usize, more: Value| {
        let children = documents::merged([documents::times(), documents::object(more)]);
        json!({ "terms": { "field": field, "size": size }, "aggs": children })
    };
    let addresses = json!({ "addresses": { "cardinality": { "field": ADDRESS } } });
    let mut cities = lasting(CITY, 50, addresses);
    // Where only the country is known.
    cities["terms"]["missing"] = json!("");
    let zone = asked.time_zone.as_deref().filter(|zone| !zone.is_empty()).unwrap_or("UTC");
    let own = json!({
        "calendar": {
            "date_histogram": {
                "field": query::TIMESTAMP, "calendar_interval": "day", "time_zone": zone, "min_doc_count": 1,
            },
            "aggs": documents::counted(),
        },
        "countries": { "terms": { "field": COUNTRY, "size": 50 }, "aggs": { "cities": cities } },
        "networks": lasting(NETWORK, 50, Value::Null),
        "agents": lasting(AGENT, 50, json!({ "systems": { "terms": { "field": OPERATING_SYSTEM, "size": 1 } } })),
        "actions": lasting(ACTION, 200, json!({ "category": { "terms": { "field": CATEGORY, "size": 1 } } })),
    });
    documents::merged([documents::object(own), documents::counted(), documents::times()])
}

fn day(bucket: &Value) -> Value {
    let day = documents::key(bucket).chars().take("2026-11-23".len()).collect::<String>();
    json!({
        "day": day,
        "count": documents::count(bucket),
        "failures": documents::count(&bucket["failures"]),
        "privileged": documents::count(&bucket["privileged"]),
    })
}

/// A bucket's key under a name, with how often and from when to when.
fn named(bucket: &Value, name: &str) -> Value {
    let (first_seen, last_seen) = documents::first_and_last(bucket);
    json!({
        name: documents::key(bucket),
        "count": documents::count(bucket),
        "first_seen": first_seen,
        "last_seen": last_seen,
    })
}

fn places(country: &Value) -> Vec<Value> {
    let place = |bucket: &Value| {
        let mut place = named(bucket, "city");
        if place["city"] == "" {
            place["city"] = Value::Null;
        }
        place["country"] = documents::key(country).into();
        place["addresses"] = bucket["addresses"]["value"].clone();
        place
    };
    documents::buckets(country, "cities").map(place).collect()
}

fn agent(bucket: &Value) -> Value {
    let mut agent = named(bucket, "name");
    agent["os"] = documents::commonest(bucket, "systems").into();
    agent
}

fn action(bucket: &Value) -> Value {
    let mut action = named(bucket, "action");
    action["category"] = documents::commonest(bucket, "category").into();
    action
}

fn first(document: &Value, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| documents::text(document, name))
}

/// Ids under which what was made may act: the feed calls one key `admin_api_key_01J…` where it is made and `apikey_01J…`
/// where it acts.
fn acting_as(id: &str) -> Vec<String> {
    let suffix = id.rsplit_once('_').filter(|(kind, _)| kind.ends_with("key")).map(|(_, suffix)| suffix);
    let acting = suffix.map(|suffix| format!("apikey_{suffix}")).filter(|acting| acting != id);
    [Some(id.to_owned()), acting].into_iter().flatten().collect()
}

fn made_key(id: &str, hit: &Hit, uses: &Value) -> Value {
    let acting = acting_as(id);
    let acted = documents::buckets(uses, "actors").find(|bucket| acting.contains(&documents::key(bucket)));
    let uses = acted.map(|bucket| {
        let (first_seen, last_seen) = documents::first_and_last(bucket);
        json!({
            "actor_id": documents::key(bucket),
            "events": documents::count(bucket),
            "first_seen": first_seen,
            "last_seen": last_seen,
        })
    });
    json!({
        "id": id,
        "name": first(&hit.document, &KEY_NAMES),
        "action": documents::text(&hit.document, ACTION),
        "created_at": documents::text(&hit.document, query::TIMESTAMP),
        "event_id": hit.id,
        "uses": uses,
    })
}

#[cfg(test)]
mod tests {
    use super::acting_as;

    #[test]
    fn a_key_acts_under_another_name_than_it_is_made() {
        for (id, expected) in [
            ("admin_api_key_01J7", &["admin_api_key_01J7", "apikey_01J7"][..]),
            ("api_key_01J7", &["api_key_01J7", "apikey_01J7"]),
            ("apikey_01J7", &["apikey_01J7"]),
            ("svac_01K2", &["svac_01K2"]),
            ("strange", &["strange"]),
        ] {
            assert_eq!(acting_as(id), expected, "{id}");
        }
    }
}

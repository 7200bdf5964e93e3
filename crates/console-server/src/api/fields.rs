//! The fields there are, and the values that one of them has.

use axum::{Json, extract::State};
use query::{Expression, FieldKind, FieldReference, Pattern, SearchRequest, Test};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    app::App,
    error::ApiError,
    question::{self, Asked},
};

/// Values that are looked through for those that begin as asked.
const LOOKED_THROUGH: usize = 1_000;

/// Names, types and meanings.
pub(crate) async fn fields(State(app): State<App>) -> Result<Json<Value>, ApiError> {
    let fields: Vec<Value> = question::backend(&app)?
        .fields()
        .iter()
        .map(|field| {
            json!({
                "name": field.name,
                "type": field.kind.name(),
                "meaning": field.meaning,
                "example": field.example,
            })
        })
        .collect();
    Ok(Json(json!({ "fields": fields })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    field: String,
    #[serde(default)]
    prefix: String,
    size: Option<usize>,
}

/// The commonest values that begin so, whatever the case, among what the query matches.
pub(crate) async fn values(
    State(app): State<App>,
    Asked(asked, wanted): Asked<Wanted>,
) -> Result<Json<Value>, ApiError> {
    let backend = question::backend(&app)?;
    let fields = backend.fields();
    let field = fields.resolve(&wanted.field)?;
    let read = asked.read(&fields, app.now())?;
    let aggregations = values_of(&field, &app, &fields)?;
    let mut request =
        SearchRequest::new(Expression::and([read.expression, begins(&field, &wanted.prefix)]), 0);
    (request.from, request.to, request.aggregations) = (read.from, read.to, aggregations);
    let answer = question::answer(&app, &*backend, request).await?;
    let prefix = wanted.prefix.to_lowercase();
    let values: Vec<Value> = answer.aggregations["values"]["buckets"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|bucket| (bucket.get("key_as_string").unwrap_or(&bucket["key"]), &bucket["doc_count"]))
        // A document with several values brings also those that begin otherwise.
        .filter(|(value, _)| text(value).to_lowercase().starts_with(&prefix))
        .take(wanted.size.unwrap_or(20).min(LOOKED_THROUGH))
        .map(|(value, count)| json!({ "value": value, "count": count }))
        .collect();
    Ok(Json(json!({ "values": values })))
}

fn values_of(
    field: &FieldReference,
    app: &App,
    fields: &query::Fields,
) -> Result<query::Aggregations, ApiError> {
    let context = query::Context::new(fields, app.now());
    let json = json!({ "values": { "terms": { "field": field.name, "size": LOOKED_THROUGH } } });
    Ok(query::Aggregation::read_all(&json, &context)?)
}

/// Documents that can have such a value at all; addresses and numbers are looked through afterwards.
pub(crate) fn begins(field: &FieldReference, prefix: &str) -> Expression {
    if field.kind != FieldKind::Keyword || prefix.is_empty() {
        return Expression::Everything;
    }
    let escaped: String = prefix
        .chars()
        .flat_map(|letter| matches!(letter, '*' | '?' | '\\').then_some('\\').into_iter().chain([letter]))
        .collect();
    Expression::Field(field.clone(), Test::Like(Pattern::new(&format!("{escaped}*"))))
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

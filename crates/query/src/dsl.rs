//! Expressions as Elasticsearch's query DSL, both ways.
//!
//! [`write`] is how a cluster is asked; [`read`] takes the part of the DSL that programs use in `filters` aggregations and
//! saved queries, and refuses the rest by name.

use std::ops::Bound;

use serde_json::{Map, Value as Json, json};

use crate::{
    aggregation::{Aggregation, write_sort},
    error::Error,
    expression::{Bounds, Expression, Network, Test, Value},
    field::{FieldKind, FieldReference},
    parser::{self, Comparison, Context, single},
    pattern::Pattern,
    request::SearchRequest,
};

/// The expression as a query of Elasticsearch or OpenSearch, for filter context: it scores nothing.
pub fn write(expression: &Expression) -> Json {
    match expression {
        Expression::Everything => json!({"match_all": {}}),
        Expression::Nothing => json!({"match_none": {}}),
        Expression::And(parts) => {
            let (mut wanted, mut excluded) = (Vec::new(), Vec::new());
            for part in parts {
                match part {
                    Expression::Not(inner) => excluded.push(write(inner)),
                    other => wanted.push(write(other)),
                }
            }
            let mut clauses = Map::new();
            for (name, list) in [("filter", wanted), ("must_not", excluded)] {
                if !list.is_empty() {
                    clauses.insert(name.into(), list.into());
                }
            }
            json!({"bool": clauses})
        }
        Expression::Or(parts) => {
            json!({"bool": {"should": parts.iter().map(write).collect::<Vec<_>>(), "minimum_should_match": 1}})
        }
        Expression::Not(inner) => json!({"bool": {"must_not": [write(inner)]}}),
        Expression::Field(field, test) => write_test(field, test),
    }
}

fn write_test(field: &FieldReference, condition: &Test) -> Json {
    let on = |value: Json| Json::Object(Map::from_iter([(field.name.clone(), value)]));
    match condition {
        Test::Exists => json!({"exists": {"field": field.name}}),
        Test::Is(Value::Text(text)) if field.kind == FieldKind::Flattened => json!({"term": on(json!(text))}),
        Test::Is(Value::Text(text)) => json!({"term": on(json!({"value": text, "case_insensitive": true}))}),
        Test::Is(value) => json!({"term": on(write_value(value))}),
        Test::In(network) => json!({"term": on(json!(network.to_string()))}),
        Test::Like(pattern) => {
            json!({"wildcard": on(json!({"value": pattern.to_wildcard(), "case_insensitive": true}))})
        }
        // In our own words, which a cluster refuses: `write_request` spells them out.
        Test::Weekly(weekly) => json!({"term": on(json!(weekly.to_string()))}),
        Test::Words(words) => json!({"match": on(json!({"query": words, "operator": "and"}))}),
        Test::Phrase(words) => json!({"match_phrase": on(json!(words))}),
        Test::Within(Bounds { lower, upper }) => {
            let mut bounds = Map::new();
            for (bound, inclusive, exclusive) in [(lower, "gte", "gt"), (upper, "lte", "lt")] {
                match bound {
                    Bound::Included(value) => bounds.insert(inclusive.into(), write_value(value)),
                    Bound::Excluded(value) => bounds.insert(exclusive.into(), write_value(value)),
                    Bound::Unbounded => None,
                };
            }
            json!({"range": on(bounds.into())})
        }
    }
}

/// A value as JSON.
pub fn write_value(value: &Value) -> Json {
    match value {
        Value::Text(text) => json!(text),
        Value::Integer(number) => json!(number),
        Value::Number(number) => json!(number),
        Value::Boolean(truth) => json!(truth),
        Value::Time(time) => json!(time.to_string()),
        Value::Address(address) => json!(address.to_string()),
    }
}

/// A whole request as the body of `_search`.
pub fn write_request(request: SearchRequest) -> Result<Json, Error> {
    let request = request.spelled_out()?;
    let mut body = json!({
        "query": {"bool": {"filter": [write(&request.condition())]}},
        "size": request.size,
        "sort": request.order().iter().map(write_sort).collect::<Vec<_>>(),
        "track_total_hits": true,
    });
    if let Some(after) = &request.search_after {
        body["search_after"] = json!(after);
    }
    if let Some(fields) = &request.fields {
        body["_source"] = json!(fields);
    }
    if !request.aggregations.is_empty() {
        body["aggs"] = Aggregation::write_all(&request.aggregations);
    }
    Ok(body)
}

/// Deepest nesting of a query that is read.
const MAX_DEPTH: usize = 32;

/// Reads a query: `bool`, `term`, `terms`, `exists`, `range`, `wildcard`, `prefix`, `match`, `match_phrase`, `match_all`,
/// `match_none`, and `query_string`, whose text is in this crate's own language.
pub fn read(query: &Json, context: &Context<'_>) -> Result<Expression, Error> {
    read_at(query, context, 0)
}

fn read_at(query: &Json, context: &Context<'_>, depth: usize) -> Result<Expression, Error> {
    if depth > MAX_DEPTH {
        return Err(Error::new(crate::ErrorKind::TooLarge, format!("nested deeper than {MAX_DEPTH}")));
    }
    let (name, body) = only_member(query, "a query")?;
    match name {
        "match_all" => Ok(Expression::Everything),
        "match_none" => Ok(Expression::Nothing),
        "bool" => read_bool(body, context, depth).map_err(|error| error.within("bool")),
        "query_string" => {
            let text = body.get("query").and_then(Json::as_str);
            let text = text.ok_or_else(|| Error::syntax("query_string needs a query"))?;
            parser::parse(text, context)
        }
        "exists" => {
            let name = body.get("field").and_then(Json::as_str);
            let field = context.fields.resolve(name.ok_or_else(|| Error::syntax("exists needs a field"))?)?;
            Ok(Expression::Field(field, Test::Exists))
        }
        "term" | "terms" | "range" | "wildcard" | "prefix" | "match" | "match_phrase" => {
            let (field, condition) = only_member(body, name)?;
            let field = context.fields.resolve(field)?;
            read_condition(name, field, condition, context).map_err(|error| error.within(name))
        }
        other => Err(Error::unsupported(format!("there is no query {other:?} here")).with_hint(
            "bool, term, terms, exists, range, wildcard, prefix, match, match_phrase, match_all and query_string are",
        )),
    }
}

fn only_member<'j>(json: &'j Json, what: &str) -> Result<(&'j str, &'j Json), Error> {
    let members = json.as_object().filter(|members| members.len() == 1);
    let member = members.and_then(|members| members.iter().next());
    member
        .map(|(name, value)| (name.as_str(), value))
        .ok_or_else(|| Error::syntax(format!("{what} is an object with one member")))
}

fn read_bool(body: &Json, context: &Context<'_>, depth: usize) -> Result<Expression, Error> {
    let Some(clauses) = body.as_object() else { return Err(Error::syntax("an object is expected")) };
    let mut all = Vec::new();
    let mut any = None;
    let mut at_least = None;
    for (name, clause) in clauses {
        let list = match clause {
            Json::Array(list) => list.as_slice(),
            one => std::slice::from_ref(one),
        };
        let read =
            || list.iter().map(|query| read_at(query, context, depth + 1)).collect::<Result<Vec<_>, _>>();
        match name.as_str() {
            "filter" | "must" => all.extend(read()?),
            "must_not" => all.extend(read()?.into_iter().map(Expression::not)),
            "should" => any = Some(Expression::or(read()?)),
            "minimum_should_match" => at_least = clause.as_i64().or_else(|| clause.as_str()?.parse().ok()),
            "boost" => {}
            other => return Err(Error::unsupported(format!("there is no clause {other:?} here"))),
        }
    }
    if let Some(any) = any {
        match at_least.unwrap_or(i64::from(all.is_empty())) {
            0 => {}
            1 => all.push(any),
            _ => return Err(Error::unsupported("minimum_should_match above 1 is not supported")),
        }
    }
    Ok(Expression::and(all))
}

fn read_condition(
    name: &str,
    field: FieldReference,
    condition: &Json,
    context: &Context<'_>,
) -> Result<Expression, Error> {
    let inner = |member: &str| condition.get(member).unwrap_or(condition);
    let text = |json: &Json| match json {
        Json::String(text) => Ok(text.clone()),
        Json::Number(_) | Json::Bool(_) => Ok(json.to_string()),
        _ => Err(Error::syntax("a value is expected")),
    };
    match name {
        "term" => read_term(&field, &text(inner("value"))?, context),
        "terms" => {
            let values = condition.as_array().ok_or_else(|| Error::syntax("a list of values is expected"))?;
            let terms = values.iter().map(|value| read_term(&field, &text(value)?, context));
            Ok(Expression::or(terms.collect::<Result<Vec<_>, Error>>()?))
        }
        "range" => read_range(&field, condition, context),
        "wildcard" => {
            let pattern = condition.get("value").or_else(|| condition.get("wildcard")).unwrap_or(condition);
            only_text(&field)?;
            Ok(Expression::Field(field, Test::Like(Pattern::new(&text(pattern)?))))
        }
        "prefix" => {
            let literal = text(inner("value"))?.replace('\\', "\\\\").replace('*', "\\*").replace('?', "\\?");
            only_text(&field)?;
            Ok(Expression::Field(field, Test::Like(Pattern::new(&format!("{literal}*")))))
        }
        "match" if field.kind == FieldKind::Text => {
            Ok(Expression::Field(field, Test::Words(text(inner("query"))?)))
        }
        "match_phrase" if field.kind == FieldKind::Text => {
            Ok(Expression::Field(field, Test::Phrase(text(inner("query"))?)))
        }
        _ => read_term(&field, &text(inner("query"))?, context),
    }
}

fn only_text(field: &FieldReference) -> Result<(), Error> {
    match field.kind {
        FieldKind::Keyword | FieldKind::Text | FieldKind::Flattened => Ok(()),
        other => Err(Error::syntax(format!("{} is a {}, not text", field.name, other.name()))),
    }
}

fn read_term(field: &FieldReference, text: &str, context: &Context<'_>) -> Result<Expression, Error> {
    match field.kind {
        FieldKind::Date => parser::compare(field, Comparison::Is, text, context),
        FieldKind::Text => Ok(Expression::Field(field.clone(), Test::Words(text.to_owned()))),
        FieldKind::Address if text.contains('/') => {
            let network =
                Network::parse(text).ok_or_else(|| Error::syntax(format!("{text:?} is not a network")))?;
            Ok(Expression::Field(field.clone(), Test::In(network)))
        }
        _ => Ok(Expression::Field(field.clone(), Test::Is(single(field, text)?))),
    }
}

fn read_range(field: &FieldReference, condition: &Json, context: &Context<'_>) -> Result<Expression, Error> {
    let Some(members) = condition.as_object() else { return Err(Error::syntax("an object is expected")) };
    let mut context = context.clone();
    if let Some(zone) = members.get("time_zone") {
        context.zone = crate::aggregation::zone(zone)?;
    }
    let mut parts = Vec::new();
    for (name, value) in members {
        let comparison = match name.as_str() {
            "gte" | "from" => Comparison::AtLeast,
            "gt" => Comparison::Above,
            "lte" | "to" => Comparison::AtMost,
            "lt" => Comparison::Below,
            "time_zone" | "format" | "boost" => continue,
            other => return Err(Error::unsupported(format!("there is no {other:?} in a range"))),
        };
        let text = match value {
            Json::Null => continue,
            Json::String(text) => text.clone(),
            other => other.to_string(),
        };
        parts.push(parser::compare(field, comparison, &text, &context)?);
    }
    if parts.is_empty() { Ok(Expression::Field(field.clone(), Test::Exists)) } else { parser::meet(parts) }
}

//! Whether the engine would take documents: it answers, it is one we know, the credentials hold, the stream's template is there.

use elasticsearch::{About, Error, ErrorKind, Product, Request};
use serde_json::{Value, json};

use super::{SET_UP_HINT, encode, service::ElasticsearchSink};

/// A sentence of what was found.
pub(super) async fn check(sink: &ElasticsearchSink) -> Result<String, Error> {
    let about = sink.client.about().await?;
    let mut states = Vec::new();
    for namespace in &sink.config.namespaces {
        let stream = encode::stream_name(&sink.config.stream, namespace);
        if about.product == Product::Elasticsearch {
            may_create(sink, &stream).await?;
        }
        states.push(format!("{stream} {}", state(sink, about, &stream).await?));
    }
    Ok(format!("{about} at {}; {}", sink.client.addresses().join(", "), states.join(", ")))
}

async fn state(sink: &ElasticsearchSink, about: &About, stream: &str) -> Result<&'static str, Error> {
    let there = sink.client.request(Request::get(format!("/_data_stream/{stream}"))).await?;
    match there.status {
        200 => Ok("is there"),
        404 if has_template(sink, stream).await? => Ok("will be made with the first document"),
        404 => {
            let detail = format!("{about} has neither the data stream {stream} nor a template to make it by");
            Err(Error::new(ErrorKind::Refused, "deliver documents", detail).with_hint(SET_UP_HINT))
        }
        // Who may create documents need not be allowed to look.
        403 => Ok("may not be looked at by these credentials"),
        _ => Err(there.success().err().unwrap_or_else(|| odd(stream))),
    }
}

fn odd(stream: &str) -> Error {
    Error::new(
        ErrorKind::Answer,
        "look for the data stream",
        format!("the answer about {stream} makes no sense"),
    )
}

/// Asks Elasticsearch whether the credentials may create documents there. An engine without users has no such question.
async fn may_create(sink: &ElasticsearchSink, stream: &str) -> Result<(), Error> {
    let question =
        json!({ "index": [{ "names": [stream], "privileges": ["create_doc", "auto_configure"] }] });
    let asked = sink
        .client
        .request(Request::post("/_security/user/_has_privileges").json(&question).repeatable())
        .await?;
    if matches!(asked.status, 400 | 404 | 405 | 500) {
        return Ok(());
    }
    let answer: Value = asked.success()?.json()?;
    if answer["has_all_requested"] != json!(false) {
        return Ok(());
    }
    let missing: Vec<&str> = answer["index"][stream]
        .as_object()
        .map(|rights| {
            rights
                .iter()
                .filter(|(_, held)| **held == json!(false))
                .map(|(right, _)| right.as_str())
                .collect()
        })
        .unwrap_or_default();
    let detail = format!("the credentials lack the privilege {} on {stream}", missing.join(" and "));
    Err(Error::new(ErrorKind::Forbidden, "deliver documents", detail))
}

/// Whether a template would make it a data stream. Who may not ask is believed.
async fn has_template(sink: &ElasticsearchSink, stream: &str) -> Result<bool, Error> {
    let path = format!("/_index_template/_simulate_index/{stream}");
    let answer = sink.client.request(Request::post(path).repeatable()).await?;
    match answer.status {
        200 => Ok(answer.json::<Value>()?["template"]["mappings"]
            .as_object()
            .is_some_and(|mapping| !mapping.is_empty())),
        403 => Ok(true),
        _ => Ok(false),
    }
}

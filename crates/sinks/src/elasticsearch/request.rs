//! The body to a request, and the answer to its items.

use elasticsearch::{About, EngineError, Error, ErrorKind, Product, Request, Response};
use serde::Deserialize;

/// What of the answer is asked for: a line per document, and more only where something was wrong.
const WANTED: &str = "errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by";

/// What became of one document, in the engine's words.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) status: u16,
    pub(super) error: EngineError,
}

/// `_bulk` with this body.
pub(super) fn bulk(about: &About, pipeline: &str, body: Vec<u8>) -> Request {
    let mut path = format!("/_bulk?filter_path={WANTED}");
    // Without it a missing template would make a plain index with guessed types. OpenSearch has no such word.
    if about.product == Product::Elasticsearch && about.numbers >= (8, 13) {
        path.push_str("&require_data_stream=true");
    }
    if !pipeline.is_empty() {
        path.push_str("&pipeline=");
        path.push_str(pipeline);
    }
    // Every document has an id of its own, so a second sending finds the first.
    Request::post(path).lines(body).repeatable()
}

/// The items of an answer, as many as documents were sent.
pub(super) fn items(response: &Response, documents: usize) -> Result<Vec<Item>, Error> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(default)]
        items: Vec<Action>,
    }
    #[derive(Deserialize)]
    struct Action {
        create: Status,
    }
    #[derive(Deserialize)]
    struct Status {
        status: u16,
        #[serde(default)]
        error: serde_json::Value,
    }
    let answer: Answer = response.json()?;
    if answer.items.len() != documents {
        let detail = format!("it answers for {} documents of {documents}", answer.items.len());
        return Err(Error::new(ErrorKind::Answer, "deliver documents", detail));
    }
    let item = |Action { create }: Action| Item {
        status: create.status,
        error: EngineError::of(&create.error).unwrap_or_default(),
    };
    Ok(answer.items.into_iter().map(item).collect())
}

//! A cluster as a [`Backend`]: the questions of `query`, asked of Elasticsearch or OpenSearch.
//!
//! Questions are written in the engine's own language and its answers brought into the form that every backend has, so that
//! who asks need not know which one answers. Dropping an answer that is on its way closes the connection, on which both
//! engines stop the search.

use std::sync::{Arc, OnceLock};

use query::{
    Answer, Backend, BackendKind, BackendStatus, Fields, Hit, SEQUENCE, SearchRequest, SearchResponse, dsl,
};
use serde_json::{Map, Value as Json, json};

use crate::{Client, Error, ErrorKind, Product, Request};

/// The documents of a cluster, for reading.
#[derive(Debug, Clone)]
pub struct SearchBackend {
    client: Client,
    target: String,
    fields: Arc<Fields>,
    /// Known from the first question on.
    product: Arc<OnceLock<Product>>,
}

impl SearchBackend {
    /// The documents in `target`: a data stream, an alias, an index or a pattern such as `logs-anthropic.audit-*`. The cluster need
    /// not be there yet: it is looked for with each question.
    pub fn new(client: Client, target: impl Into<String>, fields: Arc<Fields>) -> Self {
        Self { client, target: target.into(), fields, product: Arc::default() }
    }

    async fn ask(&self, end: &str, body: &Json) -> Result<Json, Error> {
        if self.product.get().is_none() {
            let product = self.client.about().await?.product;
            // Whoever asked at the same time was told the same.
            let _ = self.product.set(product);
        }
        let path = format!("/{}/{end}?ignore_unavailable=true&allow_no_indices=true", self.target);
        let request = Request::post(path).json(body).repeatable();
        self.client.request(request).await?.success()?.json()
    }
}

impl From<Error> for query::Error {
    fn from(error: Error) -> Self {
        use query::ErrorKind as Kind;
        let kind = match error.kind() {
            ErrorKind::Timeout => Kind::Timeout,
            ErrorKind::Unauthorized | ErrorKind::Forbidden => Kind::Forbidden,
            ErrorKind::TooLarge => Kind::TooLarge,
            kind if kind.is_passing() => Kind::Unavailable,
            _ => Kind::Failed,
        };
        let hinted = query::Error::new(kind, &error);
        if error.hint().is_empty() { hinted } else { hinted.with_hint(error.hint()) }
    }
}

impl Backend for SearchBackend {
    fn kind(&self) -> BackendKind {
        match self.product.get() {
            Some(Product::OpenSearch) => BackendKind::OpenSearch,
            Some(Product::Elasticsearch) | None => BackendKind::Elasticsearch,
        }
    }

    fn fields(&self) -> Arc<Fields> {
        Arc::clone(&self.fields)
    }

    fn search(&self, request: SearchRequest) -> Answer<'_, SearchResponse> {
        Box::pin(async move {
            request.check()?;
            let answer = self.ask("_search", &dsl::write_request(request.clone())?).await?;
            Ok(read_answer(answer, &request))
        })
    }

    fn status(&self) -> Answer<'_, BackendStatus> {
        Box::pin(async move {
            let body =
                json!({"size": 0, "track_total_hits": true, "aggs": {"last": {"max": {"field": SEQUENCE}}}});
            let answer = self.ask("_search", &body).await?;
            Ok(BackendStatus {
                documents: answer["hits"]["total"]["value"].as_u64().unwrap_or_default(),
                // What a cluster lacks below its highest sequence, only the sink's cursor knows.
                sequence: None,
            })
        })
    }
}

fn read_answer(mut answer: Json, request: &SearchRequest) -> SearchResponse {
    let place = request.order().iter().position(|sort| sort.field.name == SEQUENCE);
    let hit = |mut hit: Json| {
        let sort = hit["sort"].as_array().cloned().unwrap_or_default();
        Hit {
            id: hit["_id"].as_str().unwrap_or_default().to_owned(),
            sequence: place.and_then(|place| sort.get(place)?.as_u64()).unwrap_or_default(),
            document: hit["_source"].take(),
            sort,
        }
    };
    let hits = match answer["hits"]["hits"].take() {
        Json::Array(hits) => hits.into_iter().map(hit).collect(),
        _ => Vec::new(),
    };
    let aggregations = match plain(answer["aggregations"].take()) {
        Json::Object(aggregations) => aggregations,
        _ => Map::new(),
    };
    SearchResponse {
        total: answer["hits"]["total"]["value"].as_u64().unwrap_or_default(),
        hits,
        aggregations,
    }
}

/// Hits within aggregations without what only a cluster says of them.
fn plain(answer: Json) -> Json {
    match answer {
        Json::Object(mut members) => {
            if let Some(hits) =
                members.get_mut("hits").and_then(|hits| hits.get_mut("hits")).and_then(Json::as_array_mut)
            {
                let kept =
                    |hit: &Json| json!({"_id": hit["_id"], "_source": hit["_source"], "sort": hit["sort"]});
                let hits: Vec<Json> = hits.iter().map(kept).collect();
                return json!({"hits": {"hits": hits}});
            }
            // OpenSearch says of some that they have no annotations.
            let kept = |(name, value): &(String, Json)| name != "meta" || *value != json!({});
            let members = members.into_iter().filter(kept);
            members.map(|(name, value)| (name, plain(value))).collect::<Map<_, _>>().into()
        }
        Json::Array(list) => list.into_iter().map(plain).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use query::{Expression, FieldKind, FieldReference, Sort};

    #[test]
    fn an_answer_is_read_without_the_engine_s_own() {
        let field = FieldReference { name: "user.email".into(), kind: FieldKind::Keyword };
        let mut request = SearchRequest::new(Expression::Everything, 1);
        request.sort = vec![Sort { field, descending: false }];
        let hit = json!({"_index": "i", "_id": "activity_1", "_score": null, "_source": {"a": 1}, "sort": ["ana", 7]});
        let answer = json!({
            "took": 3,
            "hits": {"total": {"value": 12, "relation": "eq"}, "hits": [hit]},
            "aggregations": {"f": {"doc_count": 3, "meta": {}}, "a": {"buckets": [{"key": "x", "top": {"hits": {"total": {"value": 1}, "hits": [hit]}}}]}}
        });
        let read = read_answer(answer, &request);
        assert_eq!((read.total, read.hits[0].id.as_str(), read.hits[0].sequence), (12, "activity_1", 7));
        let top = json!({"hits": {"hits": [{"_id": "activity_1", "_source": {"a": 1}, "sort": ["ana", 7]}]}});
        assert_eq!(read.aggregations["a"]["buckets"][0]["top"], top);
        assert_eq!(read.aggregations["f"], json!({"doc_count": 3}));
    }
}

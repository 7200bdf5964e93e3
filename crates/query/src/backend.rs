//! Whatever answers: the embedded index, or a cluster.

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use crate::{
    Error, Expression, FieldKind, FieldReference, Fields, Hit, ID, SearchRequest, SearchResponse, Test, Value,
};

/// An answer that is on its way. Dropping it ends the work.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// What answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackendKind {
    /// The index beside the ledger.
    Embedded,
    /// Elasticsearch.
    Elasticsearch,
    /// OpenSearch.
    OpenSearch,
}

impl BackendKind {
    /// The name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Elasticsearch => "elasticsearch",
            Self::OpenSearch => "opensearch",
        }
    }
}

/// How far a store has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackendStatus {
    /// Documents that can be found.
    pub documents: u64,
    /// The ledger's sequence up to which everything can be found, where the store knows.
    pub sequence: Option<u64>,
}

/// A store of documents that can be searched. All implementations answer the same, as one conformance suite shows.
///
/// The embedded one must be called within a tokio runtime; it computes on its blocking threads.
pub trait Backend: Send + Sync + fmt::Debug {
    /// What it is.
    fn kind(&self) -> BackendKind;

    /// The fields that can be asked for.
    fn fields(&self) -> Arc<Fields>;

    /// Answers one question.
    fn search(&self, request: SearchRequest) -> Answer<'_, SearchResponse>;

    /// How far it has come.
    fn status(&self) -> Answer<'_, BackendStatus>;

    /// The document of an activity.
    fn find(&self, id: &str) -> Answer<'_, Option<Hit>> {
        let field = FieldReference { name: ID.to_owned(), kind: FieldKind::Keyword };
        let query = Expression::Field(field, Test::Is(Value::Text(id.to_owned())));
        let answer = self.search(SearchRequest::new(query, 1));
        Box::pin(async move { Ok(answer.await?.hits.into_iter().next()) })
    }
}

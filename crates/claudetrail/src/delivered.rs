//! A cluster that answers queries, and how far it is.
//!
//! What a sink has settled is in the cluster, and can be found once the cluster has refreshed its index, whenever that is: nobody but the
//! cluster knows, and to make it refresh would cost those who chose a long interval. So the newest activities that are settled are
//! looked for by their ids, and up to the last one that is found everything is. Of those that will never be found, because a processor
//! drops them or the cluster refused them, nothing is expected after a minute.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use jiff::{SignedDuration, Timestamp};
use ledger::{EntryFilter, Reader, SinkStatus};
use query::{
    Answer, Backend, BackendKind, BackendStatus, Error, ErrorKind, Expression, FieldKind, FieldReference,
    Fields, ID, SEQUENCE, SearchRequest, SearchResponse, Sort, Test, Value,
};

/// The newest activities that are looked for.
const LOOKED_FOR: u64 = 50;
/// What is settled for so long and not found does not come any more.
const NEVER_AFTER: SignedDuration = SignedDuration::from_mins(1);

/// A cluster and the cursor of the sink that delivers to it.
#[derive(Debug)]
pub(crate) struct Delivered {
    cluster: Arc<dyn Backend>,
    ledger: PathBuf,
    sink: String,
    /// The sequence up to which everything was found before.
    found: AtomicU64,
}

/// The newest that a sink has settled, by sequence.
struct Settled {
    sink: SinkStatus,
    newest: Vec<(u64, String)>,
}

impl Delivered {
    pub(crate) fn new(cluster: Arc<dyn Backend>, ledger: PathBuf, sink: &str) -> Self {
        Self { cluster, ledger, sink: sink.to_owned(), found: AtomicU64::default() }
    }

    /// Up to which sequence everything can be found.
    async fn sequence(&self) -> Result<u64, Error> {
        let before = self.found.load(Ordering::Relaxed);
        let (ledger, sink) = (self.ledger.clone(), self.sink.clone());
        let settled = tokio::task::spawn_blocking(move || settled(&ledger, &sink, before));
        let settled = settled.await.map_err(failed)?.map_err(failed)?;
        let Some(Settled { sink, newest }) = settled else { return Ok(before) };
        let is_over = sink
            .settled_at
            .is_some_and(|settled_at| Timestamp::now().duration_since(settled_at) > NEVER_AFTER);
        let found = if is_over { sink.cursor } else { self.last_found(&newest).await?.unwrap_or(before) };
        self.found.fetch_max(found, Ordering::Relaxed);
        Ok(found.max(before))
    }

    async fn last_found(&self, newest: &[(u64, String)]) -> Result<Option<u64>, Error> {
        let field = |name: &str, kind| FieldReference { name: name.to_owned(), kind };
        let is = |(_, id): &(u64, String)| {
            Expression::Field(field(ID, FieldKind::Keyword), Test::Is(Value::Text(id.clone())))
        };
        let mut request = SearchRequest::new(Expression::or(newest.iter().map(is)), newest.len());
        request.sort = vec![Sort::new(field(SEQUENCE, FieldKind::Long), true)?];
        request.fields = Some(vec![SEQUENCE.to_owned()]);
        let hits = self.cluster.search(request).await?.hits;
        let found = |(_, id): &&(u64, String)| hits.iter().any(|hit| hit.id == *id);
        Ok(newest.iter().rev().find(found).map(|(sequence, _)| *sequence))
    }
}

/// What the sink has settled after `before`; `None` if that is nothing.
fn settled(ledger: &std::path::Path, sink: &str, before: u64) -> Result<Option<Settled>, ledger::Error> {
    let reader = Reader::open(ledger)?;
    let found = reader.sinks()?.into_iter().find(|status| status.name == sink);
    let Some(sink) = found.filter(|status| status.cursor > before) else { return Ok(None) };
    let filter = EntryFilter { up_to: Some(sink.cursor), ..EntryFilter::default() };
    let after = before.max(sink.cursor.saturating_sub(LOOKED_FOR));
    let entries = reader.entries(after, LOOKED_FOR as usize, &filter)?;
    let newest = entries.into_iter().map(|entry| (entry.sequence, entry.id)).collect();
    Ok(Some(Settled { sink, newest }))
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Failed, error)
}

impl Backend for Delivered {
    fn kind(&self) -> BackendKind {
        self.cluster.kind()
    }

    fn fields(&self) -> Arc<Fields> {
        self.cluster.fields()
    }

    fn search(&self, request: SearchRequest) -> Answer<'_, SearchResponse> {
        self.cluster.search(request)
    }

    fn status(&self) -> Answer<'_, BackendStatus> {
        Box::pin(async move {
            let documents = self.cluster.status().await?.documents;
            Ok(BackendStatus { documents, sequence: Some(self.sequence().await?) })
        })
    }
}

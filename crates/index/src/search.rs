//! A whole search: every segment for itself, several at a time, and then the parts together.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use query::{Expression, Hit, SearchRequest, SearchResponse, Sort, only};
use serde_json::Value as Json;
use tantivy::{DocAddress, Searcher, TantivyDocument, schema::Value as _};

use crate::{
    aggregate::{self, Partial},
    columns::Global,
    error::Error,
    filter::Segment,
    rank::{self, Ranked, Ranker},
    schema::SOURCE,
};

/// What one segment contributes.
#[derive(Default)]
struct Part {
    total: u64,
    hits: Vec<Ranked>,
    aggregations: Vec<Partial>,
}

/// Set when nobody waits for the answer any more.
#[derive(Debug, Default)]
pub(crate) struct Stop(AtomicBool);

impl Stop {
    pub(crate) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.0.load(Ordering::Relaxed) { Err(Error::Cancelled) } else { Ok(()) }
    }
}

/// Answers a request.
pub(crate) fn search(
    searcher: &Searcher,
    request: &SearchRequest,
    stop: &Stop,
) -> Result<SearchResponse, Error> {
    request.check()?;
    let order = request.order();
    let after = request.search_after.as_ref().map(|after| rank::sort_keys(&order, after)).transpose()?;
    let condition = request.condition();
    let task =
        Task { searcher, request, condition, order: &order, after, stop, best: Mutex::new(Vec::new()) };
    let mut whole = Part { aggregations: aggregate::empty(&request.aggregations), ..Part::default() };
    for part in task.parts()? {
        whole.total += part.total;
        whole.hits.extend(part.hits);
        aggregate::merge_all(&mut whole.aggregations, part.aggregations);
    }
    whole.hits.sort_by(|one, other| rank::compare(&order, &one.keys, &other.keys));
    whole.hits.truncate(request.size);
    let sources = Sources { searcher };
    let hits = whole
        .hits
        .iter()
        .map(|ranked| sources.hit(ranked, &order, request.fields.as_deref()))
        .collect::<Result<_, _>>()?;
    let aggregations = aggregate::finish(&request.aggregations, whole.aggregations, &sources, stop)?;
    Ok(SearchResponse { total: whole.total, hits, aggregations })
}

/// How many documents a condition is true of.
pub(crate) fn count(searcher: &Searcher, condition: &Expression) -> Result<u64, Error> {
    searcher
        .segment_readers()
        .iter()
        .map(|reader| Segment { searcher, reader }.matching(condition).map(|bits| bits.count()))
        .sum()
}

struct Task<'t> {
    searcher: &'t Searcher,
    request: &'t SearchRequest,
    condition: Expression,
    order: &'t [Sort],
    after: Option<Vec<Option<Global>>>,
    stop: &'t Stop,
    /// The hits found so far, when there are enough of them: a segment whose best is worse need not be ranked.
    best: Mutex<Vec<Ranked>>,
}

impl Task<'_> {
    /// The segments, several at a time; the largest first, so that none is left alone at the end.
    fn parts(&self) -> Result<Vec<Part>, Error> {
        let readers = self.searcher.segment_readers();
        let mut ordinals: Vec<usize> = (0..readers.len()).collect();
        ordinals.sort_by_key(|ordinal| std::cmp::Reverse(readers[*ordinal].num_docs()));
        let next = AtomicUsize::new(0);
        let parts = Mutex::new(Vec::with_capacity(readers.len()));
        let work = || -> Result<(), Error> {
            while let Some(ordinal) = ordinals.get(next.fetch_add(1, Ordering::Relaxed)) {
                self.stop.check()?;
                let part = self.part(*ordinal)?;
                parts.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(part);
            }
            Ok(())
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(readers.len()).min(8);
        if threads <= 1 {
            work()?;
        } else {
            std::thread::scope(|scope| {
                let helpers: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
                let own = work();
                helpers.into_iter().try_for_each(|helper| {
                    helper.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
                })?;
                own
            })?;
        }
        Ok(parts.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    fn part(&self, ordinal: usize) -> Result<Part, Error> {
        let segment = Segment { searcher: self.searcher, reader: &self.searcher.segment_readers()[ordinal] };
        let bits = segment.matching(&self.condition)?;
        let total = bits.count();
        if total == 0 {
            return Ok(Part {
                aggregations: aggregate::empty(&self.request.aggregations),
                ..Part::default()
            });
        }
        self.stop.check()?;
        let aggregations =
            aggregate::collect(&self.request.aggregations, segment, ordinal as u32, &bits, self.stop)?;
        let mut hits = Vec::new();
        if self.request.size > 0 {
            let ranker = Ranker::new(segment, ordinal as u32, self.order, self.after.as_deref())?;
            if !self.is_worse(&ranker) {
                hits = ranker.resolve(&ranker.first(bits.iter(), self.request.size))?;
                self.remember(&hits);
            }
        }
        Ok(Part { total, hits, aggregations })
    }

    /// Whether enough hits are known that stand before anything in this segment.
    fn is_worse(&self, ranker: &Ranker<'_>) -> bool {
        let best = self.best.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (Some(worst), Some(bound)) = (best.get(self.request.size - 1), ranker.best()) else {
            return false;
        };
        rank::compare(&self.order[..1], &worst.keys[..1], &[Some(bound)]).is_lt()
    }

    fn remember(&self, hits: &[Ranked]) {
        let mut best = self.best.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        best.extend_from_slice(hits);
        best.sort_by(|one, other| rank::compare(self.order, &one.keys, &other.keys));
        best.truncate(self.request.size);
    }
}

/// The stored documents.
pub(crate) struct Sources<'s> {
    searcher: &'s Searcher,
}

impl Sources<'_> {
    pub(crate) fn document(&self, address: DocAddress) -> Result<Json, Error> {
        let stored: TantivyDocument = self.searcher.doc(address)?;
        let field = self.searcher.schema().get_field(SOURCE)?;
        let bytes = stored.get_first(field).and_then(|value| value.as_bytes()).unwrap_or_default();
        Ok(serde_json::from_slice(bytes).unwrap_or_default())
    }

    fn hit(&self, ranked: &Ranked, order: &[Sort], fields: Option<&[String]>) -> Result<Hit, Error> {
        let document = self.document(ranked.address)?;
        let text = |path: [&str; 2]| document[path[0]][path[1]].as_str().unwrap_or_default().to_owned();
        Ok(Hit {
            id: text(["event", "id"]),
            sequence: document["event"]["sequence"].as_u64().unwrap_or_default(),
            sort: rank::sort_values(order, &ranked.keys),
            document: fields.map_or_else(|| document.clone(), |fields| only(&document, fields)),
        })
    }
}

//! A whole search: every segment for itself, several at a time, and then the parts together.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use query::{
    Expression, FieldKind, FieldReference, Hit, SearchRequest, SearchResponse, Sort, TIMESTAMP, only,
};
use serde_json::Value as Json;
use tantivy::Searcher;

use crate::{
    aggregate::{self, Partial},
    bits::Bits,
    cache::{self, Contributions, Counted},
    columns::{Global, Values, column_time},
    error::Error,
    filter::Segment,
    rank::{self, Ranked, Ranker},
    source::{DocumentSource, Sources},
};

/// What one segment contributes.
#[derive(Default)]
struct Part {
    total: u64,
    hits: Vec<Ranked>,
    aggregations: Vec<Partial>,
}

impl Part {
    fn of(counted: &Counted, ordinal: usize, hits: Vec<Ranked>) -> Self {
        let mut aggregations = counted.aggregations.clone();
        for partial in &mut aggregations {
            partial.place(ordinal as u32);
        }
        Self { total: counted.total, hits, aggregations }
    }
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
    known: &Contributions,
    source: &dyn DocumentSource,
    request: &SearchRequest,
    stop: &Stop,
) -> Result<SearchResponse, Error> {
    request.check()?;
    let order = request.order();
    let after = request.search_after.as_ref().map(|after| rank::sort_keys(&order, after)).transpose()?;
    let task = Task {
        searcher,
        known,
        request,
        question: cache::question(&request.query, &request.aggregations),
        condition: request.condition(),
        order: &order,
        after,
        stop,
        best: Mutex::new(Vec::new()),
    };
    let mut whole = Part { aggregations: aggregate::empty(&request.aggregations), ..Part::default() };
    for part in task.parts()? {
        whole.total += part.total;
        whole.hits.extend(part.hits);
        aggregate::merge_all(&mut whole.aggregations, part.aggregations);
    }
    whole.hits.sort_by(|one, other| rank::compare(&order, &one.keys, &other.keys));
    whole.hits.truncate(request.size);
    let sources = Sources::new(searcher, source);
    let hits = hits(&sources, &whole.hits, &order, request.fields.as_deref())?;
    let aggregations = aggregate::finish(&request.aggregations, whole.aggregations, &sources, stop)?;
    Ok(SearchResponse { total: whole.total, hits, aggregations })
}

fn hits(
    sources: &Sources<'_>,
    ranked: &[Ranked],
    order: &[Sort],
    fields: Option<&[String]>,
) -> Result<Vec<Hit>, Error> {
    let places: Vec<_> = ranked.iter().map(|ranked| ranked.address).collect();
    let documents = sources.documents(&places)?;
    let hit = |(ranked, (sequence, document)): (&Ranked, (u64, Json))| Hit {
        id: document["event"]["id"].as_str().unwrap_or_default().to_owned(),
        sequence,
        sort: rank::sort_values(order, &ranked.keys),
        document: match fields {
            Some(fields) => only(&document, fields),
            None => document,
        },
    };
    Ok(ranked.iter().zip(documents).map(hit).collect())
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
    /// What segments contributed to earlier answers.
    known: &'t Contributions,
    request: &'t SearchRequest,
    /// What those are kept by.
    question: Arc<str>,
    condition: Expression,
    order: &'t [Sort],
    after: Option<Vec<Option<Global>>>,
    stop: &'t Stop,
    /// The hits found so far, when there are enough of them: a segment whose best is worse need not be ranked.
    best: Mutex<Vec<Ranked>>,
}

impl Task<'_> {
    /// The segments, several at a time.
    fn parts(&self) -> Result<Vec<Part>, Error> {
        let readers = self.searcher.segment_readers();
        let ordinals = self.sequence()?;
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

    /// In which order segments are taken: those with the best hits first, so that the others can be passed over; else the largest
    /// first, so that none is left alone at the end.
    fn sequence(&self) -> Result<Vec<usize>, Error> {
        let readers = self.searcher.segment_readers();
        let mut ordinals: Vec<usize> = (0..readers.len()).collect();
        ordinals.sort_by_key(|ordinal| std::cmp::Reverse(readers[*ordinal].num_docs()));
        if self.request.size > 0 {
            let best = |reader| {
                Ok(Ranker::new(Segment { searcher: self.searcher, reader }, 0, self.order, None)?.best())
            };
            let best = readers.iter().map(best).collect::<Result<Vec<_>, Error>>()?;
            let place = |ordinal: &usize| std::slice::from_ref(&best[*ordinal]);
            ordinals.sort_by(|one, other| rank::compare(&self.order[..1], place(one), place(other)));
        }
        Ok(ordinals)
    }

    fn part(&self, ordinal: usize) -> Result<Part, Error> {
        let segment = Segment { searcher: self.searcher, reader: &self.searcher.segment_readers()[ordinal] };
        let whole = self.lies_within(segment)?;
        let known = if whole { self.known.get(segment.reader, &self.question) } else { None };
        let ranker = self.ranker(segment, ordinal)?;
        if let (Some(known), None) = (&known, &ranker) {
            return Ok(Part::of(known, ordinal, Vec::new()));
        }
        let bits = segment.matching(if whole { &self.request.query } else { &self.condition })?;
        self.stop.check()?;
        let counted = if let Some(known) = known {
            known
        } else {
            let counted = Arc::new(self.count(segment, ordinal, &bits)?);
            if whole {
                self.known.keep(segment.reader, &self.question, &counted);
            }
            counted
        };
        let mut hits = Vec::new();
        if let Some(ranker) = ranker {
            hits = ranker.resolve(&ranker.first(&bits, self.request.size))?;
            self.remember(&hits);
        }
        Ok(Part::of(&counted, ordinal, hits))
    }

    fn count(&self, segment: Segment<'_>, ordinal: usize, bits: &Bits) -> Result<Counted, Error> {
        let total = bits.count();
        let aggregations = if total == 0 {
            aggregate::empty(&self.request.aggregations)
        } else {
            aggregate::collect(&self.request.aggregations, segment, ordinal as u32, bits, self.stop)?
        };
        Ok(Counted { total, aggregations })
    }

    /// Whether every document of the segment is within the range of time that is asked for.
    fn lies_within(&self, segment: Segment<'_>) -> Result<bool, Error> {
        let (from, to) = (self.request.from, self.request.to);
        if from.is_none() && to.is_none() {
            return Ok(true);
        }
        let time = FieldReference { name: TIMESTAMP.into(), kind: FieldKind::Date };
        let Some(times) = Values::open(segment.reader, &time)?.filter(Values::is_full) else {
            return Ok(false);
        };
        Ok(from.is_none_or(|from| column_time(from) <= times.column.min_value())
            && to.is_none_or(|to| times.column.max_value() < column_time(to)))
    }

    /// Finds the hits of a segment; `None` when none are asked for, or it has none that matter.
    fn ranker(&self, segment: Segment<'_>, ordinal: usize) -> Result<Option<Ranker<'_>>, Error> {
        if self.request.size == 0 {
            return Ok(None);
        }
        let ranker = Ranker::new(segment, ordinal as u32, self.order, self.after.as_deref())?;
        Ok(Some(ranker).filter(|ranker| !self.is_worse(ranker)))
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

//! A whole search: every segment for itself, several at a time, and then the parts together.

use std::{
    ops::{Range, RangeInclusive},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use query::{Expression, Hit, SearchRequest, SearchResponse, Sort, only};
use serde_json::Value as Json;
use tantivy::{Searcher, SegmentReader};

use crate::{
    aggregate::{self, Partial},
    bits::Bits,
    cache::{self, Contributions, Counted},
    columns::{Global, column_time},
    error::Error,
    filter::Segment,
    rank::{self, Ranked, Ranker},
    source::{DocumentSource, Sources},
    zones::{self, Split},
};

/// What one segment contributes.
#[derive(Default)]
struct Part {
    total: u64,
    hits: Vec<Ranked>,
    aggregations: Vec<Partial>,
}

impl Part {
    fn of(counted: &Counted, ordinal: usize) -> Self {
        let mut aggregations = counted.aggregations.clone();
        for partial in &mut aggregations {
            partial.place(ordinal as u32);
        }
        Self { total: counted.total, hits: Vec::new(), aggregations }
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
        .map(|reader| Segment { searcher, reader, known: None }.matching(condition).map(|bits| bits.count()))
        .sum()
}

/// What the contribution of the documents that are within the range as a whole is kept by: no runs if that is all of them. `None` if
/// there are none.
fn kept_by(split: &Split, segment: Segment<'_>) -> Option<Arc<[Range<u32>]>> {
    if *split == Split::whole(segment.length()) {
        return Some(Arc::default());
    }
    (!split.within.is_empty()).then(|| split.within.as_slice().into())
}

struct Task<'t> {
    searcher: &'t Searcher,
    /// What segments contributed to earlier answers.
    known: &'t Contributions,
    request: &'t SearchRequest,
    /// What those are kept by.
    question: Arc<str>,
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
            let best = |reader| Ok(Ranker::new(self.segment(reader), 0, self.order, None)?.best());
            let best = readers.iter().map(best).collect::<Result<Vec<_>, Error>>()?;
            let place = |ordinal: &usize| std::slice::from_ref(&best[*ordinal]);
            ordinals.sort_by(|one, other| rank::compare(&self.order[..1], place(one), place(other)));
        }
        Ok(ordinals)
    }

    fn segment<'s>(&'s self, reader: &'s SegmentReader) -> Segment<'s> {
        Segment { searcher: self.searcher, reader, known: Some(self.known) }
    }

    fn part(&self, ordinal: usize) -> Result<Part, Error> {
        let segment = self.segment(&self.searcher.segment_readers()[ordinal]);
        let split = self.split(segment)?;
        if split.is_empty() {
            return Ok(self.nothing());
        }
        let within = kept_by(&split, segment);
        let known = within.as_ref().and_then(|within| self.known.get(segment.reader, &self.question, within));
        let ranker = self.ranker(segment, ordinal)?;
        if let (Some(known), true, None) = (&known, split.cut.is_empty(), &ranker) {
            return Ok(Part::of(known, ordinal));
        }
        let matching = segment.matching(&self.request.query)?;
        self.stop.check()?;
        let mut bits = matching.within(&split.within);
        let mut part = match (known, within) {
            (Some(known), _) => Part::of(&known, ordinal),
            (None, None) => self.nothing(),
            (None, Some(within)) => {
                let counted = Arc::new(self.count(segment, ordinal, &bits)?);
                self.known.keep(segment.reader, &self.question, &within, &counted);
                Part::of(&counted, ordinal)
            }
        };
        if !split.cut.is_empty() {
            let cut = self.in_time(segment, &matching, &split.cut)?;
            let counted = self.count(segment, ordinal, &cut)?;
            part.total += counted.total;
            aggregate::merge_all(&mut part.aggregations, counted.aggregations);
            bits.or(&cut);
        }
        if let Some(ranker) = ranker {
            part.hits = ranker.resolve(&ranker.first(&bits, self.request.size))?;
            self.remember(&part.hits);
        }
        Ok(part)
    }

    fn nothing(&self) -> Part {
        Part { aggregations: aggregate::empty(&self.request.aggregations), ..Part::default() }
    }

    /// How the range of time divides the segment.
    fn split(&self, segment: Segment<'_>) -> Result<Split, Error> {
        if self.request.from.is_none() && self.request.to.is_none() {
            return Ok(Split::whole(segment.length()));
        }
        Ok(match (self.times(), self.known.zones(segment.reader)?) {
            (None, _) => Split::default(),
            (Some(_), None) => Split::all_cut(segment.length()),
            (Some(range), Some(zones)) => zones.split(&range),
        })
    }

    /// The range of time as columns have it; `None` if nothing can be in it.
    fn times(&self) -> Option<RangeInclusive<u64>> {
        let from = self.request.from.map_or(0, column_time);
        let to = self.request.to.map_or(Some(u64::MAX), |to| column_time(to).checked_sub(1))?;
        (from <= to).then_some(from..=to)
    }

    /// Those of the documents in some runs that are within the range of time.
    fn in_time(&self, segment: Segment<'_>, matching: &Bits, runs: &[Range<u32>]) -> Result<Bits, Error> {
        let mut bits = Bits::none(segment.length());
        let (Some(range), Some(times)) = (self.times(), zones::times(segment.reader)?) else {
            return Ok(bits);
        };
        let mut found = Vec::new();
        for run in runs {
            found.clear();
            times.column.get_docids_for_value_range(range.clone(), run.clone(), &mut found);
            for document in found.iter().copied().filter(|document| matching.contains(*document)) {
                bits.insert(document);
            }
        }
        Ok(bits)
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

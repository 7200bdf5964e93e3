//! Which times the documents of a segment span, run by run.
//!
//! Activities come nearly in order of time, though not quite: newest first when history is fetched, several stretches of it at once,
//! and merged segments stand one behind the other. So a segment may span months, and a run of its documents seldom more than hours. A
//! range of time holds most runs as a whole or not at all; only those that it cuts need a look at each document. Runs are short, so that
//! few hold the end of one stretch and the beginning of another, which any range between them would cut.

use std::ops::{Range, RangeInclusive};

use query::{FieldKind, FieldReference, TIMESTAMP};
use tantivy::SegmentReader;

use crate::{columns::Values, error::Error};

/// Documents of a run.
const RUN: u32 = 128;

/// The least and the greatest time of each run, as columns hold them.
#[derive(Debug)]
pub(crate) struct Zones {
    spans: Vec<RangeInclusive<u64>>,
    length: u32,
}

/// The runs that a range of time holds as a whole, and those that it cuts. Neighbours are one.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Split {
    pub(crate) within: Vec<Range<u32>>,
    pub(crate) cut: Vec<Range<u32>>,
}

/// The column of times of a segment.
pub(crate) fn times(segment: &SegmentReader) -> Result<Option<Values>, Error> {
    Values::open(segment, &FieldReference { name: TIMESTAMP.into(), kind: FieldKind::Date })
}

impl Zones {
    /// Reads the times of a segment; `None` if some of its documents have none.
    pub(crate) fn of(segment: &SegmentReader) -> Result<Option<Self>, Error> {
        let Some(times) = times(segment)?.filter(Values::is_full) else { return Ok(None) };
        let length = segment.max_doc();
        let mut run = vec![0; RUN as usize];
        let spans = (0..length).step_by(RUN as usize).map(|from| {
            let run = &mut run[..RUN.min(length - from) as usize];
            times.column.values.get_range(u64::from(from), run);
            let (least, greatest) = run
                .iter()
                .fold((u64::MAX, 0), |(least, greatest), time| (least.min(*time), greatest.max(*time)));
            least..=greatest
        });
        Ok(Some(Self { spans: spans.collect(), length }))
    }

    /// How a range of time divides the documents.
    pub(crate) fn split(&self, range: &RangeInclusive<u64>) -> Split {
        let mut split = Split::default();
        for (from, span) in (0..self.length).step_by(RUN as usize).zip(&self.spans) {
            if range.start() > span.end() || range.end() < span.start() {
                continue;
            }
            let whole = range.contains(span.start()) && range.contains(span.end());
            let runs = if whole { &mut split.within } else { &mut split.cut };
            let to = self.length.min(from + RUN);
            match runs.last_mut() {
                Some(last) if last.end == from => last.end = to,
                _ => runs.push(from..to),
            }
        }
        split
    }
}

impl Split {
    /// Every document within.
    pub(crate) fn whole(length: u32) -> Self {
        Self { within: std::iter::once(0..length).collect(), cut: Vec::new() }
    }

    /// Every document to be looked at.
    pub(crate) fn all_cut(length: u32) -> Self {
        Self { within: Vec::new(), cut: std::iter::once(0..length).collect() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.within.is_empty() && self.cut.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_within_cut_or_out() {
        let zones = Zones { spans: vec![0..=9, 5..=20, 21..=30, 31..=31, 2..=40], length: 4 * RUN + 7 };
        let split = |range| {
            let Split { within, cut } = zones.split(&range);
            let runs = |ranges: Vec<Range<u32>>| {
                ranges.iter().map(|range| (range.start / RUN, range.end.div_ceil(RUN))).collect::<Vec<_>>()
            };
            (runs(within), runs(cut))
        };
        assert_eq!(split(0..=u64::MAX), (vec![(0, 5)], vec![]));
        assert_eq!(split(5..=31), (vec![(1, 4)], vec![(0, 1), (4, 5)]));
        assert_eq!(split(21..=25), (vec![], vec![(2, 3), (4, 5)]));
        assert_eq!(split(50..=60), (vec![], vec![]));
        let cut = zones.split(&(31..=40)).cut;
        assert_eq!(cut.last().map(|last| last.end), Some(4 * RUN + 7), "the last run is shorter");
    }
}

//! Which bucket of time a moment falls into.

use std::time::Duration;

use jiff::{Timestamp, ToSpan as _, Zoned, civil, tz::TimeZone};
use query::{CalendarUnit, DateHistogram, Interval};
use rustc_hash::FxHashMap;

const QUARTER_HOUR: i64 = 900_000;

/// Rounds moments down to the beginning of their bucket; milliseconds since 1970 throughout.
#[derive(Debug)]
pub(crate) struct Rounding {
    interval: Interval,
    zone: TimeZone,
    /// Offset of the zone where it never changes.
    fixed_offset: Option<i64>,
    /// Offsets by quarter of an hour: no zone changes within one.
    offsets: FxHashMap<i64, i64>,
    /// The bucket of the last moment: activities come in the order of time, so the next is mostly in the same.
    last: (i64, i64),
    /// Calendar buckets by day, for moments that are not in the last.
    buckets: FxHashMap<i64, (i64, i64)>,
}

impl Rounding {
    pub(crate) fn new(histogram: &DateHistogram) -> Self {
        let zone = histogram.zone.clone();
        let fixed_offset = zone.to_fixed_offset().ok().map(|offset| i64::from(offset.seconds()) * 1_000);
        Self {
            interval: histogram.interval,
            zone,
            fixed_offset,
            offsets: FxHashMap::default(),
            last: (0, 0),
            buckets: FxHashMap::default(),
        }
    }

    /// The beginning of the bucket that holds the moment.
    pub(crate) fn begin(&mut self, moment: i64) -> i64 {
        if (self.last.0..self.last.1).contains(&moment) {
            return self.last.0;
        }
        match self.interval {
            Interval::Fixed(width) => {
                let begin = self.fixed(moment, width);
                if self.fixed_offset.is_some() {
                    self.last = (begin, begin.saturating_add(milliseconds(width)));
                }
                begin
            }
            Interval::Calendar(unit) => {
                self.last = self.calendar(moment, unit);
                self.last.0
            }
        }
    }

    /// The beginning of the bucket behind one.
    pub(crate) fn next(&mut self, begin: i64) -> i64 {
        if let Interval::Calendar(unit) = self.interval {
            return self.calendar(begin, unit).1.max(begin + 1);
        }
        let Interval::Fixed(width) = self.interval else { return begin + 1 };
        let width = milliseconds(width);
        // Where the clocks change, a bucket may be shorter or longer than its width.
        (1..=4)
            .map(|steps| self.begin(begin.saturating_add(steps * width)))
            .find(|next| *next > begin)
            .unwrap_or(begin + width)
    }

    fn fixed(&mut self, moment: i64, width: Duration) -> i64 {
        let width = milliseconds(width);
        let offset = self.offset(moment);
        let begin = (moment + offset).div_euclid(width) * width - offset;
        // The clocks may have changed between the beginning and the moment.
        let there = self.offset(begin);
        if there == offset { begin } else { (begin + offset - there).min(moment) }
    }

    fn offset(&mut self, moment: i64) -> i64 {
        if let Some(offset) = self.fixed_offset {
            return offset;
        }
        let zone = &self.zone;
        *self.offsets.entry(moment.div_euclid(QUARTER_HOUR)).or_insert_with(|| {
            let at = Timestamp::from_millisecond(moment).unwrap_or_default();
            i64::from(zone.to_offset(at).seconds()) * 1_000
        })
    }

    fn calendar(&mut self, moment: i64, unit: CalendarUnit) -> (i64, i64) {
        // No bucket is shorter than its key.
        let grain = if unit == CalendarUnit::Minute { 60_000 } else { QUARTER_HOUR };
        let zone = &self.zone;
        *self.buckets.entry(moment.div_euclid(grain)).or_insert_with(|| {
            bucket(moment, unit, zone).unwrap_or_else(|| (moment, moment.saturating_add(1)))
        })
    }
}

fn milliseconds(width: Duration) -> i64 {
    i64::try_from(width.as_millis()).unwrap_or(i64::MAX).max(1)
}

/// The bucket of the calendar that holds a moment.
fn bucket(moment: i64, unit: CalendarUnit, zone: &TimeZone) -> Option<(i64, i64)> {
    let at = Timestamp::from_millisecond(moment).ok()?.to_zoned(zone.clone());
    let day = |date: civil::Date| date.to_zoned(zone.clone()).ok();
    let date = at.date();
    let (begin, end) = match unit {
        CalendarUnit::Minute => clock(&at, 60)?,
        CalendarUnit::Hour => clock(&at, 3_600)?,
        CalendarUnit::Day => (day(date)?, day(date.tomorrow().ok()?)?),
        CalendarUnit::Week => {
            let monday = date.checked_sub(i64::from(date.weekday().to_monday_zero_offset()).days()).ok()?;
            (day(monday)?, day(monday.checked_add(1.week()).ok()?)?)
        }
        CalendarUnit::Month => months(date.first_of_month(), 1, day)?,
        CalendarUnit::Quarter => {
            let first = civil::Date::new(date.year(), (date.month() - 1) / 3 * 3 + 1, 1).ok()?;
            months(first, 3, day)?
        }
        CalendarUnit::Year => months(date.first_of_year(), 12, day)?,
    };
    Some((begin.timestamp().as_millisecond(), end.timestamp().as_millisecond()))
}

fn months(
    first: civil::Date,
    count: i64,
    day: impl Fn(civil::Date) -> Option<Zoned>,
) -> Option<(Zoned, Zoned)> {
    Some((day(first)?, day(first.checked_add(count.months()).ok()?)?))
}

/// The minute or hour on the clock, which an offset of half an hour moves.
fn clock(at: &Zoned, seconds: i64) -> Option<(Zoned, Zoned)> {
    let offset = i64::from(at.offset().seconds());
    let local = at.timestamp().as_second() + offset;
    let begin = Timestamp::from_second(local.div_euclid(seconds) * seconds - offset).ok()?;
    let end = begin.checked_add(seconds.seconds()).ok()?;
    let zone = at.time_zone();
    Some((begin.to_zoned(zone.clone()), end.to_zoned(zone.clone())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use query::{FieldKind, FieldReference};

    fn rounding(interval: Interval, zone: &str) -> Rounding {
        Rounding::new(&DateHistogram {
            field: FieldReference { name: "@timestamp".into(), kind: FieldKind::Date },
            interval,
            zone: TimeZone::get(zone).unwrap(),
            zone_name: zone.into(),
            min_doc_count: 0,
            extended_bounds: None,
            descending: false,
        })
    }

    #[test]
    fn moments_fall_into_their_buckets() {
        let fixed = |minutes: u64| Interval::Fixed(Duration::from_secs(minutes * 60));
        for (interval, zone, moment, begin, next) in [
            (fixed(60), "UTC", "2026-11-23T08:14:05Z", "2026-11-23T08:00:00Z", "2026-11-23T09:00:00Z"),
            (
                fixed(1440),
                "Europe/Lisbon",
                "2026-07-01T23:30:00Z",
                "2026-07-01T23:00:00Z",
                "2026-07-02T23:00:00Z",
            ),
            (
                Interval::Calendar(CalendarUnit::Day),
                "Europe/Berlin",
                "2026-10-25T12:00:00Z",
                "2026-10-24T22:00:00Z",
                "2026-10-25T23:00:00Z",
            ),
            (
                Interval::Calendar(CalendarUnit::Week),
                "UTC",
                "2026-11-25T12:00:00Z",
                "2026-11-23T00:00:00Z",
                "2026-11-30T00:00:00Z",
            ),
            (
                Interval::Calendar(CalendarUnit::Month),
                "America/New_York",
                "2026-11-01T03:00:00Z",
                "2026-10-01T04:00:00Z",
                "2026-11-01T04:00:00Z",
            ),
            (
                Interval::Calendar(CalendarUnit::Quarter),
                "UTC",
                "2026-12-31T23:59:59Z",
                "2026-10-01T00:00:00Z",
                "2027-01-01T00:00:00Z",
            ),
            (
                Interval::Calendar(CalendarUnit::Year),
                "UTC",
                "2026-12-31T23:59:59Z",
                "2026-01-01T00:00:00Z",
                "2027-01-01T00:00:00Z",
            ),
            (
                Interval::Calendar(CalendarUnit::Hour),
                "Asia/Kolkata",
                "2026-11-23T08:14:05Z",
                "2026-11-23T07:30:00Z",
                "2026-11-23T08:30:00Z",
            ),
            (fixed(60), "UTC", "1969-12-31T23:59:59Z", "1969-12-31T23:00:00Z", "1970-01-01T00:00:00Z"),
        ] {
            let at = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond();
            let mut rounding = rounding(interval, zone);
            assert_eq!(rounding.begin(at(moment)), at(begin), "{moment} in {zone}");
            assert_eq!(rounding.next(at(begin)), at(next), "{moment} in {zone}");
        }
    }
}

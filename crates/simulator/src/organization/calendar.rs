//! When people work: days, hours, holidays, absences, lunch, and where they are.
//!
//! A day of a person is a function of person and local date. It is a few intervals with a weight each; nothing happens
//! outside them, and the first begins with a sign-in.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::people::Person;
use super::places::{OFFICES, Spot};
use super::random::{Dice, mix, salt, unit};
use super::table;
use super::text::SECOND;

/// A stretch of presence, in microseconds since 1970, half open.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Interval {
    pub(super) from: i64,
    pub(super) to: i64,
    /// Activity compared with an ordinary working hour.
    pub(super) weight: f64,
    pub(super) evening: bool,
}

/// One person's day.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Day {
    /// In order of time; the first one opens with the sign-in of the day.
    pub(super) intervals: Vec<Interval>,
    pub(super) spot: Spot,
}

impl Day {
    /// First moment of the day's work.
    pub(super) fn arrival(&self) -> i64 {
        self.intervals[0].from
    }

    /// Whether the person is at work.
    pub(super) fn covers(&self, at: i64) -> bool {
        self.intervals.iter().any(|interval| interval.from <= at && at < interval.to)
    }

    /// The same day at another time.
    pub(super) fn moved(&self, by: i64) -> Day {
        let moved =
            |interval: &Interval| Interval { from: interval.from + by, to: interval.to + by, ..*interval };
        Day { intervals: self.intervals.iter().map(moved).collect(), spot: self.spot }
    }

    /// Seconds of presence, weighted.
    pub(super) fn weight(&self) -> f64 {
        self.intervals
            .iter()
            .map(|interval| (interval.to - interval.from) as f64 * interval.weight)
            .sum::<f64>()
            / SECOND as f64
    }
}

/// Time zones and holidays of the offices.
#[derive(Debug)]
pub(super) struct Calendar {
    zones: Vec<TimeZone>,
    holidays: Vec<(&'static str, Holiday)>,
    /// Share of the people who use Claude on a day they work.
    turnout: f64,
}

#[derive(Debug, Clone, Copy)]
enum Holiday {
    Fixed { month: i8, day: i8 },
    Weekday { month: i8, nth: i8, weekday: i8 },
}

impl Calendar {
    pub(super) fn new(turnout: f64) -> Calendar {
        let holidays = table::rows(include_str!("../../data/holidays.tsv"))
            .map(|[country, when, _name]| (country, holiday(when)))
            .collect();
        Calendar { zones: OFFICES.iter().map(super::places::Office::time_zone).collect(), holidays, turnout }
    }

    /// The date in an office at a moment.
    pub(super) fn date(&self, office: usize, at: i64) -> Date {
        let at = Timestamp::from_microsecond(at).unwrap_or(Timestamp::UNIX_EPOCH);
        self.zones[office].to_datetime(at).date()
    }

    /// What the person does on this date, if anything. Does not depend on `turnout` save for whether it is `None`.
    pub(super) fn day(&self, person: &Person, date: Date) -> Option<Day> {
        let number = day_number(date);
        if unit(mix(mix(person.key, salt("turnout")), number as u64)) >= self.turnout {
            return None;
        }
        self.full_day(person, date)
    }

    /// The same as if everybody turned out.
    pub(super) fn full_day(&self, person: &Person, date: Date) -> Option<Day> {
        let number = day_number(date);
        let week = (number + 3).div_euclid(7);
        let mut dice = Dice::new(mix(mix(person.key, salt("day")), number as u64));
        let mut weeks = Dice::new(mix(mix(person.key, salt("week")), week as u64));
        let working = self.is_working_day(person.office().country, date);
        let on_leave = weeks.percent(6.5);
        let away = weeks.percent(4.0).then(|| weeks.below(2));
        let quiet = (date.month() == 12 && date.day() >= 24) || (date.month() == 1 && date.day() <= 2);
        let chance = match (working, on_leave) {
            (true, false) if quiet => 40.0,
            (true, false) => 96.5,
            (true, true) => 3.0,
            (false, _) => 5.0,
        };
        if !dice.percent(chance) {
            return None;
        }
        let spot = match away {
            Some(place) => Spot::Away(place),
            None if !working || person.remote => {
                if dice.percent(20.0) {
                    Spot::Gateway
                } else {
                    Spot::Home
                }
            }
            None => match dice.below(100) {
                0..60 => Spot::Office,
                60..90 => Spot::Home,
                _ => Spot::Gateway,
            },
        };
        let intervals = self.intervals(person, date, working, &mut dice);
        Some(Day { intervals, spot })
    }

    fn intervals(&self, person: &Person, date: Date, working: bool, dice: &mut Dice) -> Vec<Interval> {
        let midnight = self.midnight(person.office, date);
        // The odd seconds keep whole teams from arriving on the minute.
        let mut clock = |minute: i64| midnight + minute * 60 * SECOND + dice.between(0, 59_999_999);
        let mut shape = Dice::new(mix(mix(person.key, salt("shape")), day_number(date) as u64));
        let interval = |from, to, weight, evening| Interval { from, to, weight, evening };
        if !working {
            let from = shape.between(9 * 60, 19 * 60);
            let to = from + shape.between(40, 160);
            return vec![interval(clock(from), clock(to), 0.6, true)];
        }
        let start = person.starts + shape.between(-25, 25);
        let lunch = shape.between(11 * 60 + 50, 13 * 60 + 20);
        let back = lunch + shape.between(35, 70);
        let end = start + shape.between(8 * 60, 9 * 60 + 20);
        let mut day = vec![
            interval(clock(start), clock(lunch), 1.0, false),
            interval(clock(back), clock(end), 1.0, false),
        ];
        if shape.percent(30.0) {
            let from = shape.between(20 * 60 + 10, 21 * 60 + 30);
            day.push(interval(clock(from), clock(from + shape.between(25, 80)), 0.35, true));
        }
        day
    }

    fn midnight(&self, office: usize, date: Date) -> i64 {
        match self.zones[office].to_timestamp(date.at(0, 0, 0, 0)) {
            Ok(at) => at.as_microsecond(),
            Err(_) => day_number(date) * super::text::DAY,
        }
    }

    fn is_working_day(&self, country: &str, date: Date) -> bool {
        date.weekday().to_monday_one_offset() < 6
            && !self.holidays.iter().any(|(where_, holiday)| *where_ == country && holiday.falls_on(date))
    }
}

impl Holiday {
    fn falls_on(self, date: Date) -> bool {
        match self {
            Holiday::Fixed { month, day } => date.month() == month && date.day() == day,
            Holiday::Weekday { month, nth, weekday } => {
                let last = date.checked_add(7.days()).is_ok_and(|next| next.month() != month);
                date.month() == month
                    && date.weekday().to_monday_one_offset() == weekday
                    && if nth == 5 { last } else { (date.day() - 1) / 7 + 1 == nth }
            }
        }
    }
}

fn holiday(when: &'static str) -> Holiday {
    if let Some((month, day)) = when.split_once('-') {
        return Holiday::Fixed { month: table::number(month), day: table::number(day) };
    }
    let mut parts = when.split(' ').map(table::number);
    let mut next = || parts.next().unwrap_or(0);
    Holiday::Weekday { month: next(), nth: next(), weekday: next() }
}

/// Days since 1970-01-01.
pub(super) fn day_number(date: Date) -> i64 {
    date.since(Date::constant(1970, 1, 1)).map_or(0, |span| i64::from(span.get_days()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::organization::people::{Agents, People};

    fn present(date: Date) -> usize {
        let people = People::new(3, &Agents::load(), 25);
        let calendar = Calendar::new(1.0);
        people.members.iter().filter(|person| calendar.day(person, date).is_some()).count()
    }

    #[test]
    fn weekends_holidays_and_december_are_quiet() {
        let ordinary = present(Date::constant(2026, 11, 18));
        assert!((140..=175).contains(&ordinary), "{ordinary} people on a Wednesday");
        assert!(present(Date::constant(2026, 11, 21)) < 25, "a Saturday");
        assert!(present(Date::constant(2026, 12, 30)) < 100, "between the years");
        let thanksgiving = present(Date::constant(2026, 11, 26));
        assert!(ordinary - thanksgiving > 35, "{thanksgiving} people on Thanksgiving, {ordinary} else");
    }

    #[test]
    fn days_stand_in_local_working_hours_with_a_break() {
        let people = People::new(3, &Agents::load(), 25);
        let calendar = Calendar::new(1.0);
        let date = Date::constant(2026, 11, 18);
        for person in &people.members {
            let Some(day) = calendar.day(person, date) else { continue };
            assert!(day.intervals.is_sorted_by(|one, next| one.to <= next.from), "{day:?}");
            assert!(day.intervals.iter().all(|interval| interval.from < interval.to), "{day:?}");
            assert_eq!(calendar.date(person.office, day.arrival()), date);
            let hours = day.weight() / 3600.0;
            assert!((5.5..10.0).contains(&hours), "{hours} hours");
        }
    }

    #[test]
    fn nth_weekdays_are_found() {
        for (country, date, working) in [
            ("US", Date::constant(2026, 11, 26), false),
            ("US", Date::constant(2026, 11, 19), true),
            ("US", Date::constant(2026, 5, 25), false),
            ("US", Date::constant(2026, 5, 18), true),
            ("PT", Date::constant(2026, 6, 10), false),
            ("JP", Date::constant(2026, 11, 23), false),
            ("IN", Date::constant(2026, 11, 23), true),
            ("IN", Date::constant(2026, 11, 22), false),
        ] {
            assert_eq!(Calendar::new(1.0).is_working_day(country, date), working, "{country} {date}");
        }
    }
}

//! How much happens: shares of the whole, and the rates that follow from them.
//!
//! The caller asks for a number of rows on an average weekday. [`SHARES`] divides it; the rest of this module turns each
//! share into sessions per second of somebody's presence, so that proportions hold at any density. When few rows are
//! asked for, fewer people turn out rather than everybody doing next to nothing: who works has signed in first.

use jiff::civil::Date;

use super::calendar::Calendar;
use super::catalog::Stream;
use super::people::{Department, People, Person};
use super::random::Dice;

/// Streams that people work in, in the order of [`Rates::streams`].
pub(super) const HUMAN: [Stream; 6] =
    [Stream::Chat, Stream::Project, Stream::Design, Stream::Code, Stream::Console, Stream::Admin];

/// Share of a weekday's rows, and mean rows of a session, per stream.
const SHARES: [(Stream, f64, f64); 8] = [
    (Stream::Chat, 0.380, 12.0),
    (Stream::Project, 0.165, 14.0),
    (Stream::Design, 0.045, 15.0),
    (Stream::Code, 0.050, 9.0),
    (Stream::Console, 0.025, 7.0),
    (Stream::Admin, 0.019, 4.0),
    (Stream::Pipeline, 0.125, 10.0),
    (Stream::Directory, 0.003, 3.0),
];
/// Share of attested phones.
pub(super) const DEVICE_SHARE: f64 = 0.006;
/// No session has more rows; keeps every session within [`super::sessions::LONGEST`].
const MOST_ROWS: usize = 60;
/// Of the rows that people make, at most this much opens their days.
const ARRIVALS_AT_MOST: f64 = 0.4;

/// Rates of one world.
#[derive(Debug)]
pub(super) struct Rhythm {
    pub(super) per_day: f64,
    /// Share of the people who take part on a day.
    pub(super) turnout: f64,
    /// By position in [`People::members`].
    pub(super) rates: Vec<Rates>,
    /// Weighted seconds of presence of everybody on an average weekday.
    presence: f64,
}

/// Sessions that one person opens per weighted second of presence.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rates {
    pub(super) streams: [f64; HUMAN.len()],
    pub(super) total: f64,
}

impl Rates {
    /// The stream of a session, by a draw in `[0, 1)`.
    pub(super) fn stream(&self, draw: f64) -> Stream {
        let mut rest = draw * self.total;
        for (stream, rate) in HUMAN.into_iter().zip(self.streams) {
            if rest < rate {
                return stream;
            }
            rest -= rate;
        }
        Stream::Chat
    }
}

pub(super) fn share(stream: Stream) -> f64 {
    SHARES[stream as usize].1
}

fn human_share() -> f64 {
    HUMAN.iter().map(|stream| share(*stream)).sum()
}

/// Mean rows of a session.
pub(super) fn mean_rows(stream: Stream) -> f64 {
    SHARES[stream as usize].2
}

/// Rows of one session: many short ones, a few long ones.
pub(super) fn rows(stream: Stream, dice: &mut Dice) -> usize {
    let drawn = 1.0 - (1.0 - dice.unit()).ln() * (mean_rows(stream) - 0.5);
    (drawn as usize).min(MOST_ROWS)
}

impl Rhythm {
    pub(super) fn new(people: &People, per_day: f64) -> Rhythm {
        // Two ordinary weeks stand for all; the calendar of everybody, as if all turned out.
        let calendar = Calendar::new(1.0);
        let reference: Vec<Date> =
            (2..=6).chain(9..=13).filter_map(|day| Date::new(2026, 3, day).ok()).collect();
        let seconds: Vec<f64> = people
            .members
            .iter()
            .map(|person| {
                let days = reference.iter().filter_map(|date| calendar.full_day(person, *date));
                days.map(|day| day.weight()).sum::<f64>() / reference.len() as f64
            })
            .collect();
        let arrivals = seconds.iter().filter(|seconds| **seconds > 0.0).count() as f64 * 0.9;
        let human = human_share() * per_day;
        let arrival_rows = mean_rows(Stream::Chat) * arrivals;
        let turnout = (human * ARRIVALS_AT_MOST / arrival_rows).clamp(0.01, 1.0);
        let after_arrival = ((human - arrival_rows * turnout) / human).max(0.0);
        let rates = per_person(people, &seconds, per_day / turnout * after_arrival);
        let presence = people
            .members
            .iter()
            .zip(&seconds)
            .map(|(person, seconds)| person.intensity * seconds * turnout)
            .sum();
        Rhythm { per_day, turnout, rates, presence }
    }

    /// Rows of people in a minute of a stretch of time, from the weighted presence in it.
    pub(super) fn human_rows_per_minute(&self, presence: f64, seconds: f64) -> f64 {
        human_share() * self.per_day / 1440.0 * self.business(presence, seconds)
    }

    /// How busy a stretch of time is compared with a weekday's average, from the weighted presence in it.
    pub(super) fn business(&self, presence: f64, seconds: f64) -> f64 {
        presence / (self.presence / 86_400.0 * seconds)
    }
}

fn per_person(people: &People, seconds: &[f64], per_day: f64) -> Vec<Rates> {
    let mut rates = vec![Rates { streams: [0.0; HUMAN.len()], total: 0.0 }; people.members.len()];
    for (column, stream) in HUMAN.into_iter().enumerate() {
        let weights: Vec<f64> =
            people.members.iter().map(|person| liking(person, stream) * person.intensity).collect();
        let all: f64 = weights.iter().zip(seconds).map(|(weight, seconds)| weight * seconds).sum();
        let sessions = per_day * share(stream) / mean_rows(stream);
        for (rate, weight) in rates.iter_mut().zip(weights) {
            rate.streams[column] = sessions * weight / all;
            rate.total += rate.streams[column];
        }
    }
    rates
}

/// How much of a stream somebody's work holds, compared with others.
fn liking(person: &Person, stream: Stream) -> f64 {
    use Department::{Business, Design, Engineering, Field, Operations, Research};
    match (stream, person.department) {
        (Stream::Admin, _) => f64::from(u8::from(person.admin)),
        (Stream::Chat | Stream::Project, Field | Business) => 1.3,
        (Stream::Chat | Stream::Project, Engineering) => 0.75,
        (Stream::Chat | Stream::Project, _) => 1.0,
        (Stream::Design, Design) => 8.0,
        (Stream::Design, _) => 0.15,
        (Stream::Code, Engineering) | (Stream::Console, Research) => 3.0,
        (Stream::Code, Research | Operations) | (Stream::Console, Engineering | Operations) => 1.5,
        (Stream::Code, _) => 0.05,
        _ => 0.02,
    }
}

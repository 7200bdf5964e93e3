//! What people do: days that begin with a sign-in, and bursts of work.
//!
//! A session is planned whole when the bucket in which it starts is planned, and lasts at most [`LONGEST`]; so any bucket
//! is complete once its own plan and the few before it are known.

use std::sync::Arc;

use super::calendar::{Day, Interval};
use super::cast::{Actor, Cast};
use super::catalog::{Catalog, Stream, TypeId};
use super::people::{ENTERPRISE, Person, PersonId};
use super::places::Spot;
use super::random::{Dice, mix, salt};
use super::rhythm::{self, Rates};
use super::row::Draft;
use super::text::{DAY, SECOND};
use super::values;

/// No session is longer, in microseconds.
pub(super) const LONGEST: i64 = 44 * 60 * SECOND;
/// After the sign-in of the day, nothing else is begun for this long.
pub(super) const SETTLING: i64 = 4 * 60 * SECOND;
/// Mean pause between two things a person does, at most.
const PAUSE_SECONDS: f64 = 90.0;

/// Types that sessions are put together from by name.
#[derive(Debug)]
pub(super) struct Landmarks {
    chat_created: TypeId,
    chat_viewed: TypeId,
    project_viewed: TypeId,
    code_session_created: TypeId,
    sso_initiated: TypeId,
    sso_failed: TypeId,
    sso_succeeded: TypeId,
    sso_second_factor: TypeId,
    link_initiated: TypeId,
    link_failed: TypeId,
    link_succeeded: TypeId,
    social_succeeded: TypeId,
    step_up_succeeded: TypeId,
    logged_out: TypeId,
}

impl Landmarks {
    pub(super) fn new() -> Landmarks {
        let id = |name| Catalog::get().id(name);
        Landmarks {
            chat_created: id("claude_chat_created"),
            chat_viewed: id("claude_chat_viewed"),
            project_viewed: id("claude_project_viewed"),
            code_session_created: id("ccr_session_created"),
            sso_initiated: id("sso_login_initiated"),
            sso_failed: id("sso_login_failed"),
            sso_succeeded: id("sso_login_succeeded"),
            sso_second_factor: id("sso_second_factor_magic_link"),
            link_initiated: id("magic_link_login_initiated"),
            link_failed: id("magic_link_login_failed"),
            link_succeeded: id("magic_link_login_succeeded"),
            social_succeeded: id("social_login_succeeded"),
            step_up_succeeded: id("step_up_authentication_succeeded"),
            logged_out: id("user_logged_out"),
        }
    }
}

/// Plans the sessions of one person.
#[derive(Debug)]
pub(super) struct Planner<'a> {
    pub(super) cast: &'a Cast,
    pub(super) landmarks: &'a Landmarks,
    pub(super) person: PersonId,
    pub(super) rates: &'a Rates,
    /// Sessions for one at the ordinary rate.
    pub(super) pace: f64,
}

impl Planner<'_> {
    /// Appends all that the person begins in `[from, to)`; returns the weighted seconds of presence.
    pub(super) fn plan(&self, day: &Day, from: i64, to: i64, out: &mut Vec<Draft>) -> f64 {
        let person = &self.cast.people.members[self.person];
        let mut dice = Dice::new(mix(mix(person.key, salt("sessions")), from as u64));
        if from <= day.arrival() && day.arrival() < to {
            let first = day.intervals[0];
            self.session(day, first, day.arrival(), true, &mut dice, out);
        }
        let mut presence = 0.0;
        for interval in &day.intervals {
            let (start, end) = (interval.from.max(from), interval.to.min(to));
            if start >= end {
                continue;
            }
            let seconds = (end - start) as f64 / SECOND as f64 * interval.weight;
            presence += seconds;
            for _ in 0..dice.poisson(seconds * self.rates.total * self.pace) {
                let at = dice.between(start, end - 1).max(day.arrival() + SETTLING);
                self.session(day, *interval, at, false, &mut dice, out);
            }
        }
        presence * person.intensity
    }

    fn session(
        &self,
        day: &Day,
        interval: Interval,
        start: i64,
        arrival: bool,
        dice: &mut Dice,
        out: &mut Vec<Draft>,
    ) {
        let person = &self.cast.people.members[self.person];
        let key = mix(person.key, dice.next());
        let mut dice = Dice::new(key);
        let stream = self.rates.stream(dice.unit());
        let by_phone = matches!(stream, Stream::Chat | Stream::Project)
            && dice.percent(if interval.evening { 75.0 } else { 13.0 });
        let (agent, spot) = client(person, stream, by_phone && !arrival, day.spot, start, &mut dice);
        let address = person.office().address(person.key, spot);
        let actor = Arc::new(self.cast.member(self.person, agent, &address));
        let mut at = start;
        if arrival || dice.percent(6.0) {
            let agent = if stream == Stream::Code { person.laptop } else { agent };
            let sign_in = SignIn { cast: self.cast, landmarks: self.landmarks, person: self.person, agent };
            at = sign_in.write(&address, at, key, &mut dice, out);
        }
        let work = Work { landmarks: self.landmarks, stream, start, key };
        let end = work.write(&actor, at, &mut dice, out);
        if dice.percent(5.0) {
            out.push(Draft::new(
                end + dice.between(SECOND, 9 * SECOND),
                self.landmarks.logged_out,
                actor,
                mix(key, 98),
            ));
        }
    }
}

/// Somebody's sign-in with one of their clients.
pub(super) struct SignIn<'a> {
    pub(super) cast: &'a Cast,
    pub(super) landmarks: &'a Landmarks,
    pub(super) person: PersonId,
    pub(super) agent: &'static str,
}

impl SignIn<'_> {
    /// Appends its rows, from `at` on; returns when work can begin.
    pub(super) fn write(
        &self,
        address: &str,
        at: i64,
        key: u64,
        dice: &mut Dice,
        out: &mut Vec<Draft>,
    ) -> i64 {
        let marks = self.landmarks;
        let person = &self.cast.people.members[self.person];
        let before = Arc::new(Cast::unauthenticated(Some(&person.email), self.agent, address));
        let signed = Arc::new(self.cast.member(self.person, self.agent, address));
        let (mut at, mut row_key) = (at, mix(key, salt("sign-in")));
        let mut row = |kind, actor: &Arc<Actor>, seconds: (i64, i64), dice: &mut Dice| {
            row_key = mix(row_key, 1);
            out.push(Draft::new(at, kind, Arc::clone(actor), row_key));
            at += dice.between(seconds.0 * SECOND, seconds.1 * SECOND);
        };
        let fails = dice.percent(2.5);
        if person.organization == ENTERPRISE {
            if fails {
                row(marks.sso_initiated, &before, (3, 9), dice);
                row(marks.sso_failed, &before, (8, 40), dice);
            }
            row(marks.sso_initiated, &before, (2, 14), dice);
            if dice.percent(8.0) {
                row(marks.sso_second_factor, &signed, (1, 3), dice);
            }
            row(marks.sso_succeeded, &signed, (2, 20), dice);
        } else if dice.percent(60.0) {
            row(marks.link_initiated, &before, (20, 90), dice);
            if fails {
                row(marks.link_failed, &before, (5, 20), dice);
                row(marks.link_initiated, &before, (20, 90), dice);
            }
            row(marks.link_succeeded, &signed, (2, 20), dice);
        } else {
            row(marks.social_succeeded, &signed, (2, 20), dice);
        }
        at
    }
}

/// What is done in a session once somebody is signed in.
struct Work<'a> {
    landmarks: &'a Landmarks,
    stream: Stream,
    /// When the session started, its sign-in included.
    start: i64,
    key: u64,
}

impl Work<'_> {
    /// Appends its rows, from `begin` on; returns when it ended.
    fn write(&self, actor: &Arc<Actor>, begin: i64, dice: &mut Dice, out: &mut Vec<Draft>) -> i64 {
        let (stream, key) = (self.stream, self.key);
        let rows = rhythm::rows(stream, dice);
        let types = Catalog::get().stream(stream);
        let pause = PAUSE_SECONDS.min(1900.0 / rows as f64);
        // An app that opens loads several things at once; the feed shows each.
        let background = dice.below(5);
        let mut at = begin;
        if stream == Stream::Admin && dice.percent(25.0) {
            out.push(Draft::new(at, self.landmarks.step_up_succeeded, Arc::clone(actor), mix(key, 97)));
            at += dice.between(SECOND, 6 * SECOND);
        }
        for index in 0..rows {
            let loading = index > 0 && index <= background;
            let kind = match (index, stream) {
                (0, _) => self.opening().unwrap_or_else(|| types.pick(dice.next())),
                (_, Stream::Chat | Stream::Project) if loading => self.landmarks.chat_viewed,
                _ => types.pick(dice.next()),
            };
            let mut draft = Draft::new(at, kind, Arc::clone(actor), mix(key, 100 + index as u64));
            draft.session = key;
            draft.opening = index == 0;
            draft.in_project = stream == Stream::Project;
            out.push(draft);
            at += pause_after(index, background, pause, dice);
            if at >= self.start + LONGEST {
                break;
            }
        }
        at.min(self.start + LONGEST)
    }

    fn opening(&self) -> Option<TypeId> {
        match self.stream {
            Stream::Chat if values::opens_new_chat(self.key) => Some(self.landmarks.chat_created),
            Stream::Chat => Some(self.landmarks.chat_viewed),
            Stream::Project => Some(self.landmarks.project_viewed),
            Stream::Code => Some(self.landmarks.code_session_created),
            _ => None,
        }
    }
}

/// Microseconds until the next row.
fn pause_after(index: usize, background: usize, mean_seconds: f64, dice: &mut Dice) -> i64 {
    if index == 0 {
        return dice.between(150_000, 900_000);
    }
    if index < background {
        // Requests that were sent together are recorded together, sometimes at the same microsecond.
        return if dice.percent(30.0) { 0 } else { dice.between(400, 180_000) };
    }
    let seconds = -(1.0 - dice.unit()).ln() * mean_seconds;
    ((seconds.min(400.0) + 0.4) * SECOND as f64) as i64 + dice.between(0, 999)
}

/// What the person works with, and from where.
fn client(
    person: &Person,
    stream: Stream,
    by_phone: bool,
    spot: Spot,
    at: i64,
    dice: &mut Dice,
) -> (&'static str, Spot) {
    match person.phone {
        Some(phone) if by_phone => {
            let spot = if dice.percent(55.0) && !matches!(spot, Spot::Away(_)) {
                Spot::Carrier(at.div_euclid(DAY))
            } else {
                spot
            };
            (phone, spot)
        }
        _ if stream == Stream::Code => (person.terminal, spot),
        _ => (person.laptop, spot),
    }
}

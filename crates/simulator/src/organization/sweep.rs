//! Rare events: every known type happens, however few rows a day were asked for.
//!
//! Time is cut into spans of thirty days that end where history ends. In the last span of history every type gets a
//! moment of its own; in all others, past and future, the rare ones do. Moments are chosen when somebody who may do such a
//! thing is at work.

use std::collections::HashMap;

use super::calendar::Calendar;
use super::cast::Cast;
use super::catalog::{ActorKind, Catalog, Rarity, TypeId};
use super::people::PersonId;
use super::places::Spot;
use super::random::{Dice, mix, salt};
use super::row::Draft;
use super::sessions::{Landmarks, SETTLING, SignIn};
use super::text::DAY;

/// Length of a span.
pub(super) const SPAN: i64 = 30 * DAY;
/// How often to look for a moment at which a suitable person works, before taking any moment.
const ATTEMPTS: usize = 60;
/// Who comes in for one thing only, signs in this long before it.
const COMING_IN: i64 = SETTLING;

/// What a sweep must know of the rest of the world.
pub(super) struct Setting<'a> {
    pub(super) cast: &'a Cast,
    pub(super) calendar: &'a Calendar,
    pub(super) landmarks: &'a Landmarks,
    /// Where history begins and ends.
    pub(super) history: (i64, i64),
    /// Types that the last span holds already.
    pub(super) told: &'a dyn Fn(TypeId) -> bool,
    /// Moments at which nothing is recorded.
    pub(super) silent: &'a dyn Fn(i64) -> bool,
}

/// The number of the span that a moment lies in; −1 is the last of history.
pub(super) fn span_of(history_end: i64, at: i64) -> i64 {
    (at - history_end).div_euclid(SPAN)
}

impl Setting<'_> {
    /// The rare rows of a span, in order of time.
    pub(super) fn span(&self, span: i64) -> Vec<Draft> {
        let catalog = Catalog::get();
        let last = span == -1;
        let end = self.history.1 + (span + 1) * SPAN;
        let start = if last { (end - SPAN).max(self.history.0) } else { end - SPAN };
        if start >= end {
            return Vec::new();
        }
        let mut turns = Turns::default();
        let mut drafts: Vec<Draft> = catalog
            .ids()
            .filter(|id| match catalog.kind(*id).rarity {
                Rarity::Rare => true,
                Rarity::Ordinary => last,
                Rarity::Once => last && !(self.told)(*id),
            })
            .flat_map(|id| {
                let actor = turns.next(&catalog.kind(id).actors);
                self.place(id, actor, (start, end), span)
            })
            .collect();
        drafts.sort_by_key(|draft| draft.at);
        drafts
    }

    /// The row of a type, after a sign-in if it is by somebody who does not work that day anyhow.
    fn place(&self, id: TypeId, actor: ActorKind, (start, end): (i64, i64), span: i64) -> Vec<Draft> {
        let name = Catalog::get().kind(id).name;
        let key = mix(mix(mix(self.cast.seed, salt("sweep")), salt(name)), span as u64);
        let mut dice = Dice::new(key);
        let earliest = (start + COMING_IN).min(end - 1);
        let mut seek = |turnout: Turnout| {
            (0..ATTEMPTS).find_map(|_| {
                let person = self.person(actor, &mut dice);
                let at = dice.between(earliest, end - 1);
                let spot = self.suits(actor, person, at, turnout)?;
                Some((person, at, spot))
            })
        };
        let at_work = seek(Turnout::Real);
        let comes_in = at_work.is_none();
        let found = at_work.or_else(|| seek(Turnout::Full)).or_else(|| seek(Turnout::Any));
        let (person, at, spot) = found.unwrap_or((self.person(actor, &mut dice), earliest, Spot::Home));
        let mut drafts = Vec::new();
        if comes_in && matches!(actor, ActorKind::Member | ActorKind::Admin) {
            let member = &self.cast.people.members[person];
            let (cast, landmarks) = (self.cast, self.landmarks);
            let sign_in = SignIn { cast, landmarks, person, agent: member.laptop };
            let address = member.office().address(member.key, spot);
            sign_in.write(&address, at - COMING_IN, key, &mut dice, &mut drafts);
        }
        let somebody = self.cast.someone(actor, person, spot, key);
        drafts.push(Draft { session: key, ..Draft::new(at, id, somebody, mix(key, 1)) });
        drafts
    }

    fn person(&self, kind: ActorKind, dice: &mut Dice) -> PersonId {
        match kind {
            ActorKind::Admin => *dice.pick(self.cast.people.admins()),
            _ => dice.below(self.cast.people.members.len()),
        }
    }

    /// Where this person is, if they may do something now. Machines and strangers keep no hours.
    fn suits(&self, kind: ActorKind, person: PersonId, at: i64, turnout: Turnout) -> Option<Spot> {
        if (self.silent)(at) {
            return None;
        }
        if !matches!(kind, ActorKind::Member | ActorKind::Admin) {
            return Some(Spot::Office);
        }
        let member = &self.cast.people.members[person];
        let date = self.calendar.date(member.office, at);
        let day = match turnout {
            Turnout::Real => self.calendar.day(member, date)?,
            Turnout::Full => self.calendar.full_day(member, date)?,
            Turnout::Any => return Some(Spot::Home),
        };
        (day.covers(at) && at > day.arrival() + SETTLING).then_some(day.spot)
    }
}

/// Types that share a choice of actors take turns, so that every kind of actor comes up.
#[derive(Debug, Default)]
struct Turns<'a>(HashMap<&'a [ActorKind], usize>);

impl<'a> Turns<'a> {
    fn next(&mut self, actors: &'a [ActorKind]) -> ActorKind {
        let turn = self.0.entry(actors).or_default();
        *turn += 1;
        actors[(*turn - 1) % actors.len()]
    }
}

/// Who counts as being at work.
#[derive(Debug, Clone, Copy)]
enum Turnout {
    /// Those who take part that day.
    Real,
    /// Those who work that day, even if few rows were asked for.
    Full,
    /// Everybody, at any hour.
    Any,
}

/// One row of each type at one moment, by whoever does such things.
pub(super) fn one_of_each(cast: &Cast, at: i64) -> Vec<Draft> {
    let catalog = Catalog::get();
    let key = mix(mix(cast.seed, salt("one of each")), at as u64);
    let mut turns = Turns::default();
    catalog
        .ids()
        .enumerate()
        .map(|(index, id)| {
            let actor_kind = turns.next(&catalog.kind(id).actors);
            let mut dice = Dice::new(mix(key, index as u64));
            let person = match actor_kind {
                ActorKind::Admin => *dice.pick(cast.people.admins()),
                _ => dice.below(cast.people.members.len()),
            };
            let session = dice.next();
            let actor = cast.someone(actor_kind, person, Spot::Office, session);
            Draft { session, ..Draft::new(at, id, actor, mix(key, 10_000 + index as u64)) }
        })
        .collect()
}

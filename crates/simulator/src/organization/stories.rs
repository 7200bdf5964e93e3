//! Six incidents, planted at fixed distances before the end of history.
//!
//! | number | begins before the end | what |
//! | --- | --- | --- |
//! | 1 | 5 h 30 min | password spray, a sign-in without SSO, an admin key from another country, the feed read with it |
//! | 2 | 9 days 4 h | SSO enforcement off, recording off, on again two hours later |
//! | 3 | 3 days 9 h | hundreds of chats of others opened, an export of everything, 60 chats deleted |
//! | 4 | 20 h | an MCP server on an unknown host, its tools allowed, always-allow switched on |
//! | 5 | 12 days 2 h | a project and two artifacts opened to anyone who has the link |
//! | 6 | 3 h | the feed's key loses its scope for forty minutes; rows of that time arrive up to an hour late |
//!
//! Everybody in them is one of the 180 members and otherwise leads their ordinary life; each incident has a person of its
//! own. What an incident is told by stands in its [`Story`]. Nothing after the end of history is an incident.

use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;

use super::Story;
use super::cast::{Actor, Cast};
use super::catalog::Catalog;
use super::people::{ENTERPRISE, PersonId};
use super::places::Spot;
use super::random::{Dice, mix, salt};
use super::readers::Readers;
use super::row::{Draft, Given};
use super::text::SECOND;

mod plots;

pub(super) const MINUTE: i64 = 60 * SECOND;
pub(super) const HOUR: i64 = 60 * MINUTE;

/// Begin of story 6 before the end of history, and how long the scope is missing.
const SCOPE_LOST: (i64, i64) = (3 * HOUR, 40 * MINUTE);
/// Story 2: recording goes off this long before the end of history, for this long.
const RECORDING_OFF: (i64, i64) = (9 * super::text::DAY + 4 * HOUR - 13 * MINUTE, 2 * HOUR);

/// The incidents of a world.
#[derive(Debug)]
pub(super) struct Stories {
    pub(super) told: Vec<Story>,
    /// Their rows, in order of time.
    pub(super) drafts: Vec<Draft>,
    history_end: i64,
}

/// When the feed's key lacks its scope.
pub(super) fn scope_lost(history_end: i64) -> Range<i64> {
    let from = history_end - SCOPE_LOST.0;
    from..from + SCOPE_LOST.1
}

impl Stories {
    /// Stories that would begin before history does are left out.
    pub(super) fn new(cast: &Cast, readers: &Readers, history: Range<i64>) -> Stories {
        let stage = Stage { cast, readers, history_end: history.end, leads: leads(cast) };
        let mut stories = Stories { told: Vec::new(), drafts: Vec::new(), history_end: history.end };
        for scene in [
            plots::new_admin_key(&stage),
            plots::blinding(&stage),
            plots::leaving_with_the_data(&stage),
            plots::helpful_connector(&stage),
            plots::public_by_accident(&stage),
            plots::quiet_failure(&stage),
        ] {
            let Some((from, to)) = scene.bounds() else { continue };
            if from < history.start {
                continue;
            }
            stories.told.push(scene.story(from, to));
            stories.drafts.extend(scene.drafts);
        }
        stories.drafts.sort_by_key(|draft| draft.at);
        stories
    }

    /// When nothing of the Enterprise organization is recorded (story 2): from just after the switch to just before it.
    pub(super) fn silence(&self) -> Option<Range<i64>> {
        let told = self.told.iter().any(|story| story.number == 2);
        let off = self.history_end - RECORDING_OFF.0;
        told.then_some(off + 1..off + RECORDING_OFF.1)
    }
}

/// What plots are made with.
struct Stage<'a> {
    cast: &'a Cast,
    readers: &'a Readers,
    history_end: i64,
    /// Who the incidents are about: four administrators and a member.
    leads: [PersonId; 5],
}

/// The person of each story, a different one each.
fn leads(cast: &Cast) -> [PersonId; 5] {
    let admins = cast.people.admins();
    let first = Dice::new(mix(cast.seed, salt("leads"))).below(admins.len());
    let admin = |step: usize| admins[(first + step * 2) % admins.len()];
    let members = &cast.people.members;
    let member = (0..members.len())
        .map(|step| (first * 7 + step) % members.len())
        .find(|id| !members[*id].admin && members[*id].organization == ENTERPRISE)
        .unwrap_or(0);
    [admin(0), admin(1), admin(2), admin(3), member]
}

impl Stage<'_> {
    fn email(&self, person: PersonId) -> &str {
        &self.cast.people.members[person].email
    }

    /// The person at their laptop, at home.
    fn at_home(&self, person: PersonId) -> Arc<Actor> {
        let member = &self.cast.people.members[person];
        Arc::new(self.cast.member(person, member.laptop, &self.home(person)))
    }

    fn home(&self, person: PersonId) -> String {
        let member = &self.cast.people.members[person];
        member.office().address(member.key, Spot::Home)
    }
}

/// An incident while it is written.
struct Plot {
    number: u8,
    title: &'static str,
    sentence: String,
    look_for: String,
    activity_types: Vec<&'static str>,
    actors: Vec<String>,
    addresses: Vec<String>,
    drafts: Vec<Draft>,
    /// Begin and end, where they are not those of the rows.
    window: Option<Range<i64>>,
    dice: Dice,
}

impl Plot {
    fn new(stage: &Stage<'_>, number: u8, title: &'static str) -> Plot {
        Plot {
            number,
            title,
            sentence: String::new(),
            look_for: String::new(),
            activity_types: Vec::new(),
            actors: Vec::new(),
            addresses: Vec::new(),
            drafts: Vec::new(),
            window: None,
            dice: Dice::new(mix(mix(stage.cast.seed, salt("story")), u64::from(number))),
        }
    }

    /// Adds a row. Not all of them tell the story: sign-ins before it are there because life goes like that.
    fn row(&mut self, at: i64, kind: &'static str, actor: &Arc<Actor>, given: Given) -> &mut Draft {
        let mut draft = Draft::new(at, Catalog::get().id(kind), Arc::clone(actor), self.dice.next());
        draft.fixed = Some(given.into_fixed());
        self.push(draft)
    }

    fn push(&mut self, draft: Draft) -> &mut Draft {
        let place = self.drafts.len();
        self.drafts.push(draft);
        &mut self.drafts[place]
    }

    /// A usual SSO sign-in; returns when it is done.
    fn sign_in(&mut self, stage: &Stage<'_>, at: i64, person: PersonId) -> i64 {
        let member = &stage.cast.people.members[person];
        let before = Cast::unauthenticated(Some(&member.email), member.laptop, &stage.home(person));
        self.row(at, "sso_login_initiated", &Arc::new(before), Given::default());
        let done = at + self.dice.between(3 * SECOND, 11 * SECOND);
        self.row(done, "sso_login_succeeded", &stage.at_home(person), Given::default());
        done
    }

    /// First moment, and the moment after the last.
    fn bounds(&self) -> Option<(i64, i64)> {
        if let Some(window) = &self.window {
            return Some((window.start, window.end));
        }
        let times = || self.drafts.iter().map(|draft| draft.at);
        Some((times().min()?, times().max()? + 1))
    }

    fn story(&self, from: i64, to: i64) -> Story {
        Story {
            number: self.number,
            title: self.title,
            sentence: self.sentence.clone(),
            from: moment(from),
            to: moment(to),
            activity_types: self.activity_types.clone(),
            look_for: self.look_for.clone(),
            actors: self.actors.clone(),
            addresses: self.addresses.clone(),
        }
    }
}

/// Microseconds since 1970 as a timestamp.
fn moment(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH)
}

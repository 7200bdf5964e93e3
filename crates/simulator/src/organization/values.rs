//! Writing the value of one field, as its recipe says, consistently within a row and a session.
//!
//! An entity is chosen once per row, so that id and name belong together; a session keeps to one project and mostly to
//! one chat; what somebody views is what they (in all likelihood) made some days ago.

use super::Organization;
use super::cast::Cast;
use super::catalog::{ActivityType, Catalog, Field, Nullable};
use super::people::{ENTERPRISE, Person};
use super::random::{mix, salt, scale, unit};
use super::recipe::{Contact, Entity, Mine, Part, Recipe, Someone};
use super::row::{Draft, Fill};
use super::text::{self, DAY, SECOND};

/// How often, in percent, a field that may be missing is.
const MISSING_PERCENT: f64 = 15.0;
/// Share of the rows of a session that are about its own chat, and of the chats that lie in a project.
const SESSION_CHAT: f64 = 0.6;
const CHATS_IN_PROJECTS: f64 = 0.3;
/// How often, in percent, a session opens a new chat rather than an old one.
const FRESH_CHAT_PERCENT: f64 = 45.0;

/// What a value may depend on.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    pub(super) cast: &'a Cast,
    pub(super) draft: &'a Draft,
    pub(super) fill: Fill,
    /// Whether names are withheld by now.
    pub(super) redacted: bool,
    pub(super) kind: &'static ActivityType,
    pub(super) organization: Option<&'a Organization>,
}

/// Whether a session begins with a new chat.
pub(super) fn opens_new_chat(session: u64) -> bool {
    unit(mix(session, salt("fresh"))) * 100.0 < FRESH_CHAT_PERCENT
}

/// An object that `owner` made in the weeks before `at`; objects of the last days come up most.
pub(super) fn recent(owner: u64, class: &str, at: i64, draw: u64) -> u64 {
    let back = unit(mix(draw, 21)).powi(3) * 21.0;
    let day = at.div_euclid(DAY) - back as i64;
    mix(mix(mix(owner, salt(class)), day as u64), draw % 5)
}

impl Scene<'_> {
    /// Writes the field's value; false if it has none this time.
    pub(super) fn value(&self, out: &mut Vec<u8>, field: &Field) -> bool {
        let draw = mix(self.draft.key, field.salt);
        let needed = self.fill == Fill::Complete || field.nullable == Nullable::Never;
        match &field.recipe {
            Recipe::Always(recipe) => self.write(out, recipe, draw, field),
            Recipe::Sometimes(percent, recipe) => {
                (needed || unit(draw) * 100.0 < f64::from(*percent)) && self.write(out, recipe, draw, field)
            }
            recipe @ (Recipe::Special(_) | Recipe::Case { .. } | Recipe::Luck { .. }) => {
                self.write(out, recipe, draw, field)
            }
            recipe => {
                (needed || unit(draw) * 100.0 >= MISSING_PERCENT)
                    && self.write(out, recipe, mix(draw, 1), field)
            }
        }
    }

    fn write(&self, out: &mut Vec<u8>, recipe: &Recipe, draw: u64, field: &Field) -> bool {
        match recipe {
            Recipe::Fresh(prefix) => quoted_id(out, prefix, draw),
            Recipe::Pool(prefix, count) => {
                let index = scale(mix(self.draft.key, salt(prefix)), *count);
                quoted_id(out, prefix, self.cast.pooled(prefix, index));
            }
            Recipe::Entity(entity, part) => self.entity(out, *entity, *part),
            Recipe::Mine(class) => return self.mine(out, *class, draw),
            Recipe::Someone(someone, Contact::UserId) => plain(out, &self.someone(*someone).user_id),
            Recipe::Someone(someone, Contact::Email) => plain(out, &self.someone(*someone).email),
            Recipe::Choice(words) => out.extend_from_slice(words[scale(draw, words.len())].as_bytes()),
            Recipe::Entries(words, low, high) => entries(out, words, *low, *high, draw),
            Recipe::Many(low, high, recipe) => self.many(out, (*low, *high), recipe, draw, field),
            Recipe::Whole(low, high) => {
                text::whole(out, low + scale(draw, (high - low + 1) as usize) as i64);
            }
            Recipe::Yes(percent) => {
                let yes = unit(draw) * 100.0 < f64::from(*percent);
                out.extend_from_slice(if yes { b"true" } else { b"false" });
            }
            Recipe::Case { link, shift, branches } => {
                let branch = &branches[(self.linked(*link, branches.len()) + shift) % branches.len()];
                return self.write(out, branch, draw, field);
            }
            Recipe::Luck { percent, good, bad } => {
                let lucky = unit(mix(self.draft.key, salt("luck"))) * 100.0 < f64::from(*percent);
                return self.write(out, if lucky { good } else { bad }, draw, field);
            }
            Recipe::Sometimes(_, recipe) | Recipe::Always(recipe) => {
                return self.write(out, recipe, draw, field);
            }
            Recipe::Time(low, high) => {
                let seconds = low + scale(draw, (high - low + 1) as usize) as i64;
                out.push(b'"');
                text::timestamp(out, (self.draft.at / SECOND + seconds) * SECOND);
                out.push(b'"');
            }
            Recipe::Hex(length) => {
                out.push(b'"');
                text::hex(out, *length, draw);
                out.push(b'"');
            }
            Recipe::Uuid | Recipe::TokenId => {
                out.push(b'"');
                text::uuid(out, draw);
                out.push(b'"');
            }
            Recipe::RequestId => quoted_id(out, "req_", draw),
            Recipe::Myself => match &self.draft.actor.user_id {
                Some(user_id) => plain(out, user_id),
                None => plain(out, &self.someone(Someone::Member).user_id),
            },
            Recipe::Organization => {
                let own = self.organization.unwrap_or(&self.cast.organizations[ENTERPRISE]);
                plain(out, &own.id);
            }
            Recipe::Null => return false,
            Recipe::Special(writer) => return writer(self, out, draw, field),
        }
        true
    }

    /// The position that all fields of the row share under one link.
    pub(super) fn linked(&self, link: u64, count: usize) -> usize {
        scale(mix(self.draft.key, link), count)
    }

    /// Which entity the row is about.
    pub(super) fn entity_index(&self, entity: Entity) -> usize {
        scale(mix(self.draft.key, 0xE000 + entity.0 as u64), self.cast.ids(entity).len())
    }

    fn entity(&self, out: &mut Vec<u8>, entity: Entity, part: Part) {
        let (ids, names) = (self.cast.ids(entity), &Catalog::get().library.entities[entity.0].names);
        let (this, other) = (self.entity_index(entity), (self.entity_index(entity) + 1) % ids.len());
        match part {
            Part::Id => plain(out, &ids[this]),
            Part::Name => plain(out, names[this]),
            Part::OtherId => plain(out, &ids[other]),
            Part::OtherName => plain(out, names[other]),
        }
    }

    /// The person the row is about.
    pub(super) fn someone(&self, someone: Someone) -> &Person {
        let people = &self.cast.people;
        let draw = mix(self.draft.key, salt("someone"));
        let of = |list: &'_ [Person]| scale(draw, list.len());
        match someone {
            Someone::Member => people.other_member(draw, self.draft.actor.person),
            Someone::SecondMember => people.other_member(mix(draw, 1), self.draft.actor.person),
            Someone::Outsider => &people.guests[of(&people.guests)],
            Someone::Leaver => &people.leavers[of(&people.leavers)],
            Someone::Joiner => &people.joiners[of(&people.joiners)],
        }
    }

    fn mine(&self, out: &mut Vec<u8>, class: Mine, draw: u64) -> bool {
        let (owner, at) = (self.draft.actor.owner, self.draft.at);
        match class {
            Mine::Chat => quoted_id(out, "claude_chat_", self.chat()),
            Mine::NewChat => quoted_id(out, "claude_chat_", self.new_chat()),
            Mine::ChatProject => match self.chat_project() {
                Some(project) => plain(out, self.cast.thing("project", project)),
                None => return false,
            },
            Mine::File => quoted_id(out, "claude_file_", recent(owner, "file", at, draw)),
            Mine::Artifact => quoted_id(out, "claude_artifact_", self.artifact()),
            Mine::ArtifactVersion => {
                quoted_id(out, "claude_artifact_version_", mix(self.artifact(), 1 + draw % 4));
            }
            Mine::Document => {
                let key = mix(self.cast.pooled("document", self.project(self.session())), draw % 40);
                quoted_id(out, "claude_proj_doc_", key);
            }
            Mine::Project => plain(out, self.cast.thing("project", self.project(self.session()))),
            Mine::CodeSession => quoted_id(out, "cse_", mix(self.session(), salt("code session"))),
        }
        true
    }

    /// What names the session; rows outside of any have one of their own.
    fn session(&self) -> u64 {
        if self.draft.session == 0 { self.draft.key } else { self.draft.session }
    }

    /// The chat the row is about.
    fn chat(&self) -> u64 {
        let draw = mix(self.draft.key, salt("which chat"));
        if unit(draw) < SESSION_CHAT { self.session_chat() } else { self.old_chat(mix(draw, 1)) }
    }

    fn new_chat(&self) -> u64 {
        if self.draft.opening { self.session_chat() } else { mix(self.draft.key, salt("new chat")) }
    }

    fn session_chat(&self) -> u64 {
        let session = self.session();
        if opens_new_chat(session) { mix(session, salt("chat")) } else { self.old_chat(session) }
    }

    fn old_chat(&self, draw: u64) -> u64 {
        let mut whose = self.draft.actor.owner;
        if self.draft.in_project {
            whose = mix(whose, self.project(self.session()) as u64);
        }
        recent(whose, "chat", self.draft.at, draw)
    }

    /// A chat lies in one project or in none, for good.
    fn chat_project(&self) -> Option<usize> {
        if self.draft.in_project {
            return Some(self.project(self.session()));
        }
        let chat = if self.kind.name == "claude_chat_created" { self.new_chat() } else { self.chat() };
        (unit(mix(chat, salt("in a project"))) < CHATS_IN_PROJECTS).then(|| self.project(chat))
    }

    fn artifact(&self) -> u64 {
        let draw = mix(self.draft.key, salt("artifact"));
        recent(self.draft.actor.owner, "artifact", self.draft.at, draw)
    }

    /// One of the actor's projects.
    fn project(&self, key: u64) -> usize {
        let draw = mix(key, salt("project"));
        match self.draft.actor.person {
            Some(person) => self.cast.people.members[person].projects[scale(draw, 3)],
            None => scale(draw, 25),
        }
    }

    fn many(
        &self,
        out: &mut Vec<u8>,
        (low, high): (usize, usize),
        recipe: &Recipe,
        draw: u64,
        field: &Field,
    ) {
        let count = low + scale(draw, high - low + 1);
        out.push(b'[');
        for index in 0..count {
            if index > 0 {
                out.push(b',');
            }
            // Each element is drawn as if it stood in a row of its own, or all would name the same thing.
            let element = Draft { key: mix(self.draft.key, 1000 + index as u64), ..self.draft.clone() };
            let scene = Scene { draft: &element, ..*self };
            scene.write(out, recipe, mix(draw, index as u64), field);
        }
        out.push(b']');
    }
}

/// Text of our own data, which needs no escaping.
pub(super) fn plain(out: &mut Vec<u8>, word: &str) {
    out.push(b'"');
    out.extend_from_slice(word.as_bytes());
    out.push(b'"');
}

/// An id that is a function of `key`.
pub(super) fn quoted_id(out: &mut Vec<u8>, prefix: &str, key: u64) {
    out.push(b'"');
    text::identifier_of(out, prefix, key);
    out.push(b'"');
}

/// Some of the words, in their order, each at most once.
fn entries(out: &mut Vec<u8>, words: &[&str], low: usize, high: usize, draw: u64) {
    let count = (low + scale(draw, high - low + 1)).min(words.len());
    let first = scale(mix(draw, 1), words.len() - count + 1);
    out.push(b'[');
    for (index, word) in words[first..first + count].iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        plain(out, word);
    }
    out.push(b']');
}

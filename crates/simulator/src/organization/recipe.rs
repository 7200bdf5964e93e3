//! How a field's value is made: the small language of `data/recipes.tsv`, read once into [`Recipe`]s.
//!
//! The language is explained at the top of that file. A recipe is made for one JSON type, so that the words it chooses
//! from stand ready as JSON and writing a value is a copy.

use super::nested::{self, Special};
use super::random::salt;
use super::table;

/// One way to make a value.
#[derive(Debug)]
pub(super) enum Recipe {
    Fresh(&'static str),
    Pool(&'static str, usize),
    Entity(Entity, Part),
    Mine(Mine),
    Someone(Someone, Contact),
    /// One of these, which are JSON already.
    Choice(Vec<String>),
    Entries(Vec<&'static str>, usize, usize),
    Many(usize, usize, Box<Recipe>),
    Whole(i64, i64),
    Yes(u8),
    Case {
        link: u64,
        shift: usize,
        branches: Vec<Recipe>,
    },
    Luck {
        percent: u8,
        good: Box<Recipe>,
        bad: Box<Recipe>,
    },
    Sometimes(u8, Box<Recipe>),
    Always(Box<Recipe>),
    /// So many seconds after the row, at least and at most.
    Time(i64, i64),
    Hex(usize),
    Uuid,
    TokenId,
    RequestId,
    Myself,
    Organization,
    Null,
    /// Written by a function of [`super::nested`].
    Special(Special),
}

/// Position of an entity in `entities.tsv`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entity(pub(super) usize);

/// Which of two entities, and what of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Id,
    Name,
    OtherId,
    OtherName,
}

/// Objects that belong to the acting person or session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mine {
    Chat,
    /// The project that the row's chat lies in, if any.
    ChatProject,
    NewChat,
    File,
    Artifact,
    ArtifactVersion,
    Document,
    Project,
    CodeSession,
}

/// People a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Someone {
    Member,
    SecondMember,
    Outsider,
    Leaver,
    Joiner,
}

/// What of a person stands in the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Contact {
    UserId,
    Email,
}

/// The tables that recipes refer to.
#[derive(Debug)]
pub(super) struct Library {
    pub(super) entities: Vec<EntityKind>,
    pub(super) texts: Vec<(&'static str, Vec<&'static str>)>,
}

/// A line of `entities.tsv`.
#[derive(Debug)]
pub(super) struct EntityKind {
    pub(super) name: &'static str,
    pub(super) prefix: &'static str,
    pub(super) names: Vec<&'static str>,
}

impl Library {
    pub(super) fn load() -> Library {
        let entities = table::rows(include_str!("../../data/entities.tsv"))
            .map(|[name, prefix, names]| EntityKind { name, prefix, names: table::words(names) })
            .collect();
        let texts = table::rows(include_str!("../../data/texts.tsv"))
            .map(|[name, words]| (name, table::words(words)))
            .collect();
        Library { entities, texts }
    }

    pub(super) fn entity(&self, name: &str) -> Entity {
        match self.entities.iter().position(|kind| kind.name == name) {
            Some(position) => Entity(position),
            None => panic!("no entity {name:?} in entities.tsv"),
        }
    }

    pub(super) fn text(&self, name: &str) -> &[&'static str] {
        match self.texts.iter().find(|(text, _)| *text == name) {
            Some((_, words)) => words,
            None => panic!("no text {name:?} in texts.tsv"),
        }
    }

    /// Reads a recipe for a value of `json_type`.
    pub(super) fn recipe(&self, line: &'static str, json_type: &str) -> Recipe {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let boxed = |rest| Box::new(self.recipe(rest, json_type));
        let choice = |words: &[&'static str]| {
            Recipe::Choice(words.iter().map(|word| literal(word, json_type)).collect())
        };
        match verb {
            "id" => Recipe::Fresh(rest),
            "pool" => {
                let (prefix, count) = split(rest);
                Recipe::Pool(prefix, table::number(count))
            }
            "of" => Recipe::Entity(self.entity(rest), Part::Id),
            "name" => Recipe::Entity(self.entity(rest), Part::Name),
            "other" => Recipe::Entity(self.entity(rest), Part::OtherId),
            "othername" => Recipe::Entity(self.entity(rest), Part::OtherName),
            "mine" => Recipe::Mine(mine(rest)),
            "list" => choice(&table::words(rest)),
            "text" => choice(&[rest]),
            "entry" => choice(self.text(rest)),
            "entries" => {
                let (name, (low, high)) = (split(rest).0, split(split(rest).1));
                Recipe::Entries(self.text(name).to_vec(), table::number(low), table::number(high))
            }
            "many" => {
                let (low, (high, inner)) = (split(rest).0, split(split(rest).1));
                let inner = Box::new(self.recipe(inner, "string"));
                Recipe::Many(table::number(low), table::number(high), inner)
            }
            "whole" => Recipe::Whole(table::number(split(rest).0), table::number(split(rest).1)),
            "yes" => Recipe::Yes(table::number(rest)),
            "case" => self.case(rest, json_type),
            "luck" => {
                let (percent, branches) = split(rest);
                let (good, bad) = branches.split_once(" else ").unwrap_or((branches, "null"));
                Recipe::Luck { percent: table::number(percent), good: boxed(good), bad: boxed(bad) }
            }
            "sometimes" => Recipe::Sometimes(table::number(split(rest).0), boxed(split(rest).1)),
            "always" => Recipe::Always(boxed(rest)),
            "later" => Recipe::Time(table::number(split(rest).0), table::number(split(rest).1)),
            "earlier" => {
                let (low, high) = split(rest);
                Recipe::Time(-table::number::<i64>(high), -table::number::<i64>(low))
            }
            "hex" => Recipe::Hex(table::number(rest)),
            _ => plain(verb, rest),
        }
    }

    fn case(&self, rest: &'static str, json_type: &str) -> Recipe {
        let (link, branches) = split(rest);
        let (link, shift) = match link.split_once('+') {
            Some((link, shift)) => (link, table::number(shift)),
            None => (link, 0),
        };
        let branches = branches.split(" ; ").map(|branch| self.recipe(branch, json_type)).collect();
        Recipe::Case { link: salt(link), shift, branches }
    }
}

/// The recipe of a field that has no line: from its closed list of values, or from its type alone.
pub(super) fn unwritten(options: &'static str, json_type: &str) -> Recipe {
    let words: Vec<String> = table::words(options)
        .into_iter()
        .filter(|word| *word != "unspecified")
        .map(|word| literal(word, json_type))
        .collect();
    match json_type {
        _ if !words.is_empty() => match json_type {
            "array<string>" => Recipe::Entries(
                table::words(options).into_iter().filter(|word| *word != "unspecified").collect(),
                1,
                2,
            ),
            _ => Recipe::Choice(words),
        },
        "boolean" => Recipe::Yes(50),
        "number" => Recipe::Whole(1, 12),
        _ => panic!("a field of type {json_type} needs a line in recipes.tsv"),
    }
}

fn plain(verb: &'static str, rest: &'static str) -> Recipe {
    match verb {
        "person" => Recipe::Someone(Someone::Member, Contact::UserId),
        "personmail" => Recipe::Someone(Someone::Member, Contact::Email),
        "second" => Recipe::Someone(Someone::SecondMember, Contact::UserId),
        "outsider" => Recipe::Someone(Someone::Outsider, Contact::UserId),
        "outsidermail" => Recipe::Someone(Someone::Outsider, Contact::Email),
        "leaver" => Recipe::Someone(Someone::Leaver, Contact::UserId),
        "leavermail" => Recipe::Someone(Someone::Leaver, Contact::Email),
        "joiner" => Recipe::Someone(Someone::Joiner, Contact::UserId),
        "joinermail" => Recipe::Someone(Someone::Joiner, Contact::Email),
        "uuid" => Recipe::Uuid,
        "jti" => Recipe::TokenId,
        "request" => Recipe::RequestId,
        "self" => Recipe::Myself,
        "organization" => Recipe::Organization,
        "null" => Recipe::Null,
        "special" => Recipe::Special(nested::writer(rest)),
        _ => panic!("no recipe {verb:?}"),
    }
}

fn mine(class: &str) -> Mine {
    match class {
        "chat" => Mine::Chat,
        "chatproject" => Mine::ChatProject,
        "newchat" => Mine::NewChat,
        "file" => Mine::File,
        "artifact" => Mine::Artifact,
        "version" => Mine::ArtifactVersion,
        "document" => Mine::Document,
        "project" => Mine::Project,
        "code" => Mine::CodeSession,
        _ => panic!("nobody owns a {class:?}"),
    }
}

fn split(text: &'static str) -> (&'static str, &'static str) {
    text.split_once(' ').unwrap_or((text, ""))
}

/// A word as JSON: bare for numbers, quoted for everything else.
fn literal(word: &str, json_type: &str) -> String {
    assert!(!word.contains(['"', '\\']), "{word:?} would need escaping");
    if json_type == "number" { word.to_owned() } else { format!("\"{word}\"") }
}

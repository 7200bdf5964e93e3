//! Names as activities tell them: of organizations, people, keys, roles, groups and whatever else has one.
//!
//! The feed names things once, where they are made or changed, and by opaque ids ever after. [`NameHistory`] keeps what was told and
//! since which ledger sequence, so that a document says the name that a thing had when it was written about, and says it again
//! in a replay. Who else knows names (a directory) can add them the same way.
//!
//! A key is one thing under two ids (`admin_api_key_01J…` where it is made, `apikey_01J…` where it acts): keys are known by what
//! follows the last underscore.

use std::collections::HashMap as Map;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use foldhash::fast::RandomState;

use crate::catalog::ActivityType;
use crate::mapping::{Mapping, Meaning};
use crate::raw::{Raw, Text};
use crate::vocabulary::vocabulary;

/// Kinds of their own; every other kind is the field that holds the id (`role_id`).
const ORGANIZATION: &str = "organization";
const USER: &str = "user";
const KEY: &str = "key";

/// Fields of an id and of the name that documents add to it where the activity does not.
const NAMED_FIELDS: [(&str, &str); 8] = [
    ("command_id", "command_name"),
    ("group_id", "group_name"),
    ("guide_id", "guide_name"),
    ("mcp_directory_server_id", "mcp_directory_server_name"),
    ("mcp_server_id", "mcp_server_name"),
    ("plugin_id", "plugin_name"),
    ("role_id", "role_name"),
    ("skill_id", "skill_name"),
];

/// Longest name that is kept, in bytes.
const NAME_BYTES_MAX: usize = 200;

/// What an activity told.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LearntName {
    /// `organization`, `user`, `key`, or the field that holds the id, such as `role_id`.
    pub kind: &'static str,
    /// The id; of a key what follows the last underscore.
    pub id: String,
    /// The name; of a user their e-mail address.
    pub name: String,
}

/// Since which sequence a thing has which name, oldest first.
type Names = Vec<(u64, Name)>;

/// Looked up several times an activity; seeded, because ids come from outside.
type HashMap<K, V> = Map<K, V, RandomState>;

type ById = HashMap<Box<str>, Names>;

/// A name as a JSON string, ready to be written, shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name(Arc<str>);

impl Name {
    fn new(name: &str) -> Self {
        let mut json = Vec::with_capacity(name.len() + 2);
        crate::json::string(&mut json, name);
        Self(String::from_utf8_lossy(&json).into())
    }

    fn raw(&self) -> Raw<'_> {
        Raw::assume(&self.0)
    }

    fn text(&self) -> Text<'_> {
        self.raw().text().unwrap_or_default()
    }
}

/// What was learnt, by kind and id. Shared between threads by reference.
#[derive(Debug)]
pub struct NameHistory {
    /// By the number of the kind.
    names: RwLock<Vec<ById>>,
}

impl Default for NameHistory {
    fn default() -> Self {
        let kinds = FIRST_FIELD + vocabulary().fields.len();
        Self { names: RwLock::new(std::iter::repeat_with(ById::default).take(kinds).collect()) }
    }
}

/// Numbers of kinds: those of their own first, then the fields of the vocabulary.
const FIRST_FIELD: usize = 3;

fn kind_number(kind: &str) -> Option<usize> {
    match kind {
        ORGANIZATION => Some(0),
        USER => Some(1),
        KEY => Some(2),
        field => vocabulary().find(field).map(|number| FIRST_FIELD + usize::from(number)),
    }
}

impl NameHistory {
    /// Adds a name that a thing has from this sequence on. Returns whether it is news; a kind that no document speaks of never is.
    pub fn learn(&self, sequence: u64, kind: &str, id: &str, name: &str) -> bool {
        let Some(kind) = kind_number(kind) else { return false };
        if self.read()[kind]
            .get(id)
            .and_then(|names| as_of(names, sequence))
            .is_some_and(|known| known.text() == name)
        {
            return false;
        }
        let mut kinds = self.names.write().unwrap_or_else(PoisonError::into_inner);
        let names = kinds[kind].entry(id.into()).or_default();
        let name = Name::new(name);
        let place = names.partition_point(|(since, _)| *since < sequence);
        match names.get_mut(place) {
            Some((since, known)) if *since == sequence => *known = name,
            _ => names.insert(place, (sequence, name)),
        }
        true
    }

    /// The name that a thing had at this sequence.
    pub fn find(&self, kind: &str, id: &str, sequence: u64) -> Option<String> {
        let known = self.look_up(kind_number(kind)?, id, sequence)?;
        Some(known.text().into_owned())
    }

    fn look_up(&self, kind: usize, id: &str, sequence: u64) -> Option<Name> {
        as_of(self.read()[kind].get(id)?, sequence).cloned()
    }

    fn read(&self) -> RwLockReadGuard<'_, Vec<ById>> {
        self.names.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name at a sequence.
fn as_of(names: &Names, sequence: u64) -> Option<&Name> {
    let place = names.partition_point(|(since, _)| *since <= sequence);
    names.get(place.checked_sub(1)?).map(|(_, name)| name)
}

/// Everything that an activity tells of names: kind, id, name.
pub(crate) fn tell(mapping: &Mapping<'_>, tell: &mut dyn FnMut(&'static str, &str, &str)) {
    let mut tell = |kind: &'static str, id: &str, name: &str| {
        let named = |text: &str| !text.is_empty() && text.len() <= NAME_BYTES_MAX;
        if named(id) && named(name) {
            tell(kind, id, name);
        }
    };
    if let Some(name) = mapping.organization_name.and_then(Raw::text) {
        tell(ORGANIZATION, &organization(mapping), &name);
    }
    if let Some(actor) = &mapping.actor
        && let (Some(id), Some(email)) = (&actor.user_id, &actor.email)
    {
        tell(USER, id, email);
    }
    if let ([id], [email]) = (mapping.targets.ids.as_slice(), mapping.targets.emails.as_slice()) {
        tell(USER, id, email);
    }
    let Meaning::Known(activity) = &mapping.meaning else { return };
    if activity.ocsf.tells_a_name {
        tell_of_object(mapping, activity, &mut tell);
    }
}

/// What an activity tells of the name of what it is about.
fn tell_of_object(
    mapping: &Mapping<'_>,
    activity: &ActivityType,
    tell: &mut dyn FnMut(&'static str, &str, &str),
) {
    let renamed = renamed(mapping);
    if matches!(activity.ocsf.object, "Organization settings" | "Organization") {
        return tell(ORGANIZATION, &organization(mapping), &renamed.unwrap_or_default());
    }
    let Some(&uid) = activity.ocsf.uid.first() else { return };
    let Some(id) = mapping.field(uid).and_then(Raw::text) else { return };
    let name = renamed.or_else(|| given_name(mapping, activity));
    if let Some(title) = key_title(activity.ocsf.object) {
        let suffix = suffix(&id);
        if let Some(name) = key_name(mapping, activity, title, suffix, name) {
            tell(KEY, suffix, &name);
        }
    } else {
        tell(vocabulary().field(uid).name, &id, &name.unwrap_or_default());
    }
}

fn organization<'a>(mapping: &Mapping<'a>) -> Text<'a> {
    mapping.organization_id.and_then(Raw::text).unwrap_or_default()
}

/// The name that stands in the activity: in the field that the table of types names, or in one simply called so.
fn given_name<'a>(mapping: &Mapping<'a>, activity: &ActivityType) -> Option<Text<'a>> {
    let named = activity.ocsf.name.iter().find_map(|number| mapping.field(*number));
    let other = || mapping.aside.iter().find(|(name, _)| name == "name").map(|(_, raw)| *raw);
    named.or_else(other).and_then(Raw::text)
}

/// What a key is called from now on: by its name, at first else by who made it.
fn key_name(
    mapping: &Mapping<'_>,
    activity: &ActivityType,
    title: &str,
    suffix: &str,
    name: Option<Text<'_>>,
) -> Option<String> {
    let end = short(suffix);
    match name {
        Some(name) => Some(format!("{name} ({title} …{end})")),
        None if activity.name.ends_with("_created") => {
            let maker = &mapping.actor.as_ref()?.name;
            Some(format!("{}{} …{end}, made by {maker}", title[..1].to_uppercase(), &title[1..]))
        }
        None => None,
    }
}

/// The name that the activity gives to what it is about: an update of `name`.
fn renamed<'a>(mapping: &Mapping<'a>) -> Option<Text<'a>> {
    let updates = mapping.field(vocabulary().wanted.updates)?;
    let update = updates
        .elements()
        .into_iter()
        .find(|update| update.member("type").and_then(Raw::text).is_some_and(|kind| kind == "name"))?;
    update.member("current_value").and_then(Raw::text)
}

/// How a key is called, by what the catalogue calls it.
fn key_title(object: &str) -> Option<&'static str> {
    match object {
        "Admin API key" => Some("admin key"),
        "API key" => Some("API key"),
        "Service key" => Some("service key"),
        _ => None,
    }
}

/// What follows the last underscore of a key's id.
pub(crate) fn suffix(id: &str) -> &str {
    id.rsplit('_').next().unwrap_or(id)
}

/// The end of a suffix: enough to tell keys apart by eye.
fn short(suffix: &str) -> &str {
    &suffix[suffix.floor_char_boundary(suffix.len().saturating_sub(6))..]
}

/// Names that the activity leaves out, found in the history, to be borrowed by the mapping.
#[derive(Default)]
pub(crate) struct Found {
    organization: Option<Name>,
    fields: Vec<(u16, Name)>,
    actor: Option<Name>,
    emails: Vec<Name>,
}

/// Looks up what the activity leaves out.
pub(crate) fn find(mapping: &Mapping<'_>, names: &NameHistory, sequence: u64) -> Found {
    let mut found = Found::default();
    let look_up = |kind: &str, id: &str| names.look_up(kind_number(kind)?, id, sequence);
    if mapping.organization_name.is_none()
        && let Some(id) = mapping.organization_id.and_then(Raw::text)
    {
        found.organization = look_up(ORGANIZATION, &id);
    }
    if let Some(actor) = &mapping.actor {
        found.actor = match (actor.credential(), &actor.user_id) {
            (Some(key), _) => look_up(KEY, suffix(&key)),
            (None, Some(id)) if actor.email.is_none() => look_up(USER, id),
            _ => actor.service_account().and_then(|id| look_up("service_account_id", &id)),
        };
    }
    if mapping.targets.emails.is_empty() {
        found.emails = mapping.targets.ids.iter().filter_map(|id| look_up(USER, id)).collect();
    }
    for &(id, name) in &vocabulary().wanted.named {
        if let Some(raw) = mapping.field(id)
            && mapping.field(name).is_none()
            && let Some(text) = raw.text()
            && let Some(known) = names.look_up(FIRST_FIELD + usize::from(id), &text, sequence)
        {
            found.fields.push((name, known));
        }
    }
    found
}

/// The numbers of [`NAMED_FIELDS`].
pub(crate) fn named_fields(number: impl Fn(&str) -> u16) -> Vec<(u16, u16)> {
    NAMED_FIELDS.iter().map(|(id, name)| (number(id), number(name))).collect()
}

/// What an activity tells of names, for whoever keeps a history of them.
pub fn learn(raw: &[u8]) -> Vec<LearntName> {
    let mut issues = crate::issues::Issues::default();
    let text = crate::record::decode(raw, &mut issues);
    let Ok(mut record) = crate::record::Record::read(&text) else { return Vec::new() };
    record.settle(&mut issues);
    let mut told = Vec::new();
    tell(&Mapping::of(record, &mut issues), &mut |kind, id, name| {
        told.push(LearntName { kind, id: id.to_owned(), name: name.to_owned() });
    });
    told
}

/// Puts into a mapping what was found.
impl<'a> Mapping<'a> {
    pub(crate) fn complete(&mut self, found: &'a Found) {
        if let Some(name) = &found.organization {
            self.organization_name = Some(name.raw());
        }
        if let (Some(name), Some(actor)) = (&found.actor, &mut self.actor) {
            actor.call(name.text());
        }
        self.targets.emails.extend(found.emails.iter().map(Name::text));
        for (number, name) in &found.fields {
            let place = self.fields.partition_point(|(other, _)| other < number);
            self.fields.insert(place, (*number, name.raw()));
        }
    }
}

//! Decides, for one activity, what each of its fields means: which fit, which are kept aside, who was acted upon.
//!
//! The result holds borrowed values in the order they will be written, so the writer only copies.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::actor::Actor;
use crate::catalog::{self, ActivityType, Derived, EventOutcome};
use crate::issues::Issues;
use crate::raw::{Kind, Raw, Text};
use crate::record::Record;
use crate::time::{self, Reading};
use crate::url;
use crate::vocabulary::{Field, Fit, Role, Shape, Vocabulary, vocabulary};

/// In types that begin so, `user_id` is the one who acts; everywhere else the one acted upon.
const USER_ID_ACTS: &str = "extra_usage_spend_limit_";

/// What `principal_type` and `target_type` call a person.
const PERSON_TYPES: [&str; 4] = ["user", "organization_member", "member", "account"];

/// What is known of an activity's type.
#[derive(Debug)]
pub(crate) enum Meaning<'a> {
    Known(&'static ActivityType),
    Guessed(Text<'a>, Box<Derived>),
    /// The record names no type, so it cannot be mapped.
    None,
}

/// An activity, understood.
#[derive(Debug)]
pub(crate) struct Mapping<'a> {
    pub(crate) meaning: Meaning<'a>,
    pub(crate) outcome: EventOutcome,
    /// Fields that fit, sorted by number.
    pub(crate) fields: Vec<(u16, Raw<'a>)>,
    /// Timestamps among them that are written otherwise than they stand.
    pub(crate) converted: Vec<(u16, String)>,
    /// What goes to `anthropic.audit.metadata`.
    pub(crate) aside: Vec<(Text<'a>, Raw<'a>)>,
    pub(crate) unknown: u32,
    pub(crate) actor: Option<Actor<'a>>,
    pub(crate) timestamp: Option<Cow<'a, str>>,
    pub(crate) id: Option<Raw<'a>>,
    pub(crate) organization_id: Option<Raw<'a>>,
    pub(crate) organization_name: Option<Raw<'a>>,
    pub(crate) reason: Option<Text<'a>>,
    /// The reason inside a `status` object.
    pub(crate) status_reason: Option<Text<'a>>,
    pub(crate) file_name: Option<Raw<'a>>,
    pub(crate) request_id: Option<Raw<'a>>,
    pub(crate) request_method: Option<Raw<'a>>,
    pub(crate) status_code: Option<i64>,
    pub(crate) url: Option<Text<'a>>,
    pub(crate) targets: Targets<'a>,
    /// People named who neither act nor are acted upon.
    pub(crate) people: Vec<Text<'a>>,
    pub(crate) hosts: Vec<Text<'a>>,
    pub(crate) addresses: Vec<IpAddr>,
}

/// The users acted upon.
#[derive(Debug, Default)]
pub(crate) struct Targets<'a> {
    pub(crate) ids: Vec<Text<'a>>,
    pub(crate) emails: Vec<Text<'a>>,
    pub(crate) roles: Vec<Text<'a>>,
}

impl Targets<'_> {
    pub(crate) fn is_empty(&self) -> bool {
        self.ids.is_empty() && self.emails.is_empty()
    }
}

impl<'a> Mapping<'a> {
    /// Understands a record.
    pub(crate) fn of(record: Record<'a>, issues: &mut Issues) -> Self {
        let vocabulary = vocabulary();
        let meaning = Meaning::of(find(&record.known, vocabulary.wanted.action), issues);
        let value = |number| find(&record.known, number);
        let outcome = match &meaning {
            Meaning::Known(activity) => activity.outcome.decide(value),
            Meaning::Guessed(_, derived) => derived.outcome,
            Meaning::None => EventOutcome::Unknown,
        };
        let user_id_acts = meaning.name().starts_with(USER_ID_ACTS);
        let person =
            |number| value(number).and_then(Raw::text).is_some_and(|kind| PERSON_TYPES.contains(&&*kind));
        let sense = Sense {
            user_id_acts,
            principal_is_person: person(vocabulary.wanted.principal_type),
            grantee_is_person: person(vocabulary.wanted.grantee_type),
        };
        let Record { mut known, unknown, actor, .. } = record;
        let mut mapping = Mapping {
            meaning,
            outcome,
            fields: Vec::new(),
            converted: Vec::new(),
            aside: unknown,
            unknown: 0,
            actor: None,
            timestamp: None,
            id: None,
            organization_id: None,
            organization_name: None,
            reason: None,
            status_reason: None,
            file_name: None,
            request_id: None,
            request_method: None,
            status_code: None,
            url: None,
            targets: Targets::default(),
            people: Vec::new(),
            hosts: Vec::new(),
            addresses: Vec::new(),
        };
        mapping.unknown = mapping.aside.len() as u32;
        let is_actor = |(number, raw): &(u16, Raw<'a>)| {
            *number == vocabulary.places.actor && raw.kind() == Kind::Object && !raw.is_empty()
        };
        if known.iter().any(is_actor) {
            mapping.actor = Some(Actor::read(actor, issues));
        }
        known.retain(|(number, raw)| mapping.take(vocabulary, *number, *raw, &sense, issues));
        mapping.fields = known;
        mapping.finish(issues);
        mapping
    }

    /// Takes in one field. Returns whether it fits.
    fn take(
        &mut self,
        vocabulary: &Vocabulary,
        number: u16,
        raw: Raw<'a>,
        sense: &Sense,
        issues: &mut Issues,
    ) -> bool {
        if raw.is_empty() || number == vocabulary.places.actor && self.actor.is_some() {
            return false;
        }
        let field = vocabulary.field(number);
        match field.fit(raw) {
            Fit::Yes => {}
            Fit::Other => {
                if number == vocabulary.wanted.status {
                    self.status_reason =
                        raw.member("reason").and_then(Raw::text).filter(|text| !text.is_empty());
                }
                self.put_aside(field, raw);
                return false;
            }
            Fit::No if field.shape == Shape::Datetime => {}
            Fit::No => {
                issues.mismatch(field.name, field.shape.description(), raw);
                self.put_aside(field, raw);
                return false;
            }
        }
        if field.shape == Shape::Datetime {
            return self.take_datetime(field, number, raw, issues);
        }
        self.play(field.role, raw, sense);
        true
    }

    /// Puts a field where its role wants it, beside its place under `anthropic.audit`.
    fn play(&mut self, role: Role, raw: Raw<'a>, sense: &Sense) {
        match role {
            Role::Plain
            | Role::Actor
            | Role::CreatedAt
            | Role::Action
            | Role::PrincipalType
            | Role::GranteeType => {}
            Role::Id => self.id = Some(raw),
            Role::OrganizationId => self.organization_id = Some(raw),
            Role::OrganizationName => self.organization_name = Some(raw),
            Role::Reason => self.reason = raw.text(),
            Role::FileName => self.file_name = Some(raw),
            Role::RequestId => self.request_id = Some(raw),
            Role::RequestMethod => self.request_method = Some(raw),
            Role::StatusCode => self.status_code = raw.integer(),
            Role::Url => {
                self.url = raw.text();
                self.add_host(raw.text().filter(|url| !url.starts_with('/') && url.contains("://")));
            }
            Role::UserId if sense.user_id_acts => add_texts(&mut self.people, raw),
            Role::PrincipalId if !sense.principal_is_person => {}
            Role::GranteeId if !sense.grantee_is_person => {}
            Role::UserId | Role::TargetId | Role::PrincipalId | Role::GranteeId => {
                add_texts(&mut self.targets.ids, raw);
            }
            Role::TargetEmail => add_texts(&mut self.targets.emails, raw),
            Role::RankOfTarget => add_texts(&mut self.targets.roles, raw),
            Role::Person => add_texts(&mut self.people, raw),
            Role::Host => self.add_host(raw.text()),
        }
    }

    /// Takes in a timestamp. Returns whether it can be written where it belongs.
    fn take_datetime(&mut self, field: &Field, number: u16, raw: Raw<'a>, issues: &mut Issues) -> bool {
        let main = field.role == Role::CreatedAt;
        let day = !main && raw.plain().is_some_and(time::is_day);
        let reading = if day { Reading::AsItStands } else { time::read(raw) };
        let written: Cow<'a, str> = match reading {
            Reading::AsItStands => {
                if main {
                    self.timestamp = raw.text();
                }
                return true;
            }
            Reading::Converted(text) => text.into(),
            // A number where text is documented is an assumption of another order: only the main time is worth it.
            Reading::Assumed(text, message) if main || raw.kind() == Kind::String => {
                issues.add(field.name, format_args!("{message}"));
                text.into()
            }
            Reading::Assumed(_, message) | Reading::Unreadable(message) => {
                issues.add(field.name, format_args!("{message}"));
                self.put_aside(field, raw);
                return false;
            }
        };
        if main {
            if raw.kind() != Kind::String {
                self.put_aside(field, raw);
            }
            self.timestamp = Some(written);
        } else {
            self.converted.push((number, written.into_owned()));
        }
        true
    }

    fn put_aside(&mut self, field: &Field, raw: Raw<'a>) {
        self.aside.push((Cow::Borrowed(field.name), raw));
    }

    fn add_host(&mut self, address: Option<Text<'a>>) {
        let Some(address) = address else { return };
        let host = match address {
            Cow::Borrowed(plain) => url::host(plain).map(Cow::Borrowed),
            Cow::Owned(ref made) => url::host(made).map(|host| Cow::Owned(host.to_owned())),
        };
        let Some(host) = host else { return };
        // Names of hosts end in a letter, addresses do not, save for IPv6, which has colons.
        let bare = host.trim_matches(['[', ']']);
        if (bare.ends_with(|end: char| end.is_ascii_digit()) || bare.contains(':'))
            && let Ok(ip) = bare.parse::<IpAddr>()
        {
            self.addresses.push(ip.to_canonical());
            return;
        }
        let upper = host.bytes().any(|byte| byte.is_ascii_uppercase());
        self.hosts.push(if upper { Cow::Owned(host.to_ascii_lowercase()) } else { host });
    }

    /// What can only be said once every field was seen.
    fn finish(&mut self, issues: &mut Issues) {
        if self.actor.is_none() && !self.aside.iter().any(|(name, _)| name == "actor") {
            issues.add("actor", format_args!("missing"));
        }
        if self.id.is_none() && !self.aside.iter().any(|(name, _)| name == "id") {
            issues.add("id", format_args!("missing"));
        }
        if let Some(actor) = &self.actor {
            self.unknown += actor.unknown;
        }
        // A grantee outside the organization is `email:` and an address.
        for id in std::mem::take(&mut self.targets.ids) {
            match id.strip_prefix("email:") {
                Some(email) => self.targets.emails.push(Cow::Owned(email.to_owned())),
                None => self.targets.ids.push(id),
            }
        }
        if self.targets.is_empty() {
            self.targets.roles.clear();
        }
        for texts in [&mut self.targets.ids, &mut self.targets.emails, &mut self.targets.roles] {
            texts.sort();
            texts.dedup();
        }
        if self.reason.is_none() {
            self.reason = self.status_reason.clone();
        }
    }

    /// A field that fits.
    pub(crate) fn field(&self, number: u16) -> Option<Raw<'a>> {
        find(&self.fields, number)
    }
}

impl<'a> Meaning<'a> {
    fn of(action: Option<Raw<'a>>, issues: &mut Issues) -> Self {
        let name = action.and_then(Raw::text).filter(|name| !name.is_empty());
        let Some(name) = name else {
            issues.add("type", format_args!("missing, so the activity cannot be mapped"));
            return Meaning::None;
        };
        if let Some(activity) = catalog::find(&name) {
            return Meaning::Known(activity);
        }
        let derived = Box::new(catalog::derive(&name));
        Meaning::Guessed(name, derived)
    }

    fn name(&self) -> &str {
        match self {
            Meaning::Known(activity) => activity.name,
            Meaning::Guessed(name, _) => name,
            Meaning::None => "",
        }
    }
}

/// How the fields that name people are meant in this activity.
struct Sense {
    user_id_acts: bool,
    principal_is_person: bool,
    grantee_is_person: bool,
}

/// The value of a field among fields sorted by number.
fn find<'a>(fields: &[(u16, Raw<'a>)], number: u16) -> Option<Raw<'a>> {
    fields.binary_search_by_key(&number, |(number, _)| *number).ok().map(|place| fields[place].1)
}

/// Adds a string, or the strings of a list.
fn add_texts<'a>(texts: &mut Vec<Text<'a>>, raw: Raw<'a>) {
    match raw.kind() {
        Kind::Array => {
            texts.extend(raw.elements().into_iter().filter_map(Raw::text).filter(|text| !text.is_empty()));
        }
        _ => texts.extend(raw.text()),
    }
}

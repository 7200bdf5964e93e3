//! Who acted: the eleven documented kinds of actor, and those yet unknown.
//!
//! Every kind gets one id and one name, so that anything that acted can be counted and searched by one key
//! (`anthropic.audit.actor.id`), whether it is a person, a key or a directory. Only kinds that are people fill `user.*`. What
//! has an ECS field goes there; the rest stays under `anthropic.audit.actor.*`.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::LazyLock;

use crate::issues::Issues;
use crate::names::NameTable;
use crate::raw::{Kind, Raw, Text};

/// Names an actor may carry, sorted; their places are the constants below.
const NAMES: [&str; 19] = [
    "admin_api_key_id",
    "api_key_id",
    "audience",
    "directory_id",
    "email_address",
    "external_client_id",
    "idp_connection_type",
    "ip_address",
    "issuer",
    "kid_hash",
    "provider",
    "service",
    "service_account_id",
    "subject",
    "type",
    "unauthenticated_email_address",
    "user_agent",
    "user_id",
    "workos_event_id",
];

const ADMIN_API_KEY_ID: usize = 0;
const API_KEY_ID: usize = 1;
const AUDIENCE: usize = 2;
const DIRECTORY_ID: usize = 3;
const EMAIL_ADDRESS: usize = 4;
const EXTERNAL_CLIENT_ID: usize = 5;
const IDP_CONNECTION_TYPE: usize = 6;
const IP_ADDRESS: usize = 7;
const ISSUER: usize = 8;
const KID_HASH: usize = 9;
const PROVIDER: usize = 10;
const SERVICE: usize = 11;
const SERVICE_ACCOUNT_ID: usize = 12;
const SUBJECT: usize = 13;
const TYPE: usize = 14;
const UNAUTHENTICATED_EMAIL_ADDRESS: usize = 15;
const USER_AGENT: usize = 16;
const USER_ID: usize = 17;

static TABLE: LazyLock<NameTable> = LazyLock::new(|| NameTable::new(NAMES));

/// The documented kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ActorKind {
    User,
    UnauthenticatedUser,
    ApiKey,
    AdminApiKey,
    ServiceAccount,
    Anthropic,
    System,
    ScimDirectorySync,
    FederatedIdentity,
    Federated,
    AttestedDevice,
    Unknown,
}

impl ActorKind {
    fn of(name: &str) -> Self {
        match name {
            "user_actor" => ActorKind::User,
            "unauthenticated_user_actor" => ActorKind::UnauthenticatedUser,
            "api_actor" => ActorKind::ApiKey,
            "admin_api_key_actor" => ActorKind::AdminApiKey,
            "service_account_actor" => ActorKind::ServiceAccount,
            "anthropic_actor" => ActorKind::Anthropic,
            "system_actor" => ActorKind::System,
            "scim_directory_sync_actor" => ActorKind::ScimDirectorySync,
            "federated_identity_actor" => ActorKind::FederatedIdentity,
            "federated_actor" => ActorKind::Federated,
            "attested_device_actor" => ActorKind::AttestedDevice,
            _ => ActorKind::Unknown,
        }
    }
}

/// Who acted, ready to be written.
#[derive(Debug)]
pub(crate) struct Actor<'a> {
    kind: ActorKind,
    /// The one key for whatever acted.
    pub(crate) id: Text<'a>,
    /// What to call it.
    pub(crate) name: Text<'a>,
    /// What to call it in a sentence, where that differs.
    phrase: Option<Text<'a>>,
    /// `user.id`, of user kinds only.
    pub(crate) user_id: Option<Text<'a>>,
    /// `user.email`, of user kinds only.
    pub(crate) email: Option<Text<'a>>,
    pub(crate) address: Option<IpAddr>,
    /// The address as it is written; an IPv4 address only parses in the one way it is written.
    pub(crate) address_text: Text<'a>,
    pub(crate) user_agent: Option<Raw<'a>>,
    /// What stays under `anthropic.audit.actor`, by its place in [`NAMES`]; values fit.
    kept: [Option<Raw<'a>>; NAMES.len()],
    /// Members of `provider`, named and sorted.
    provider: Vec<(&'static str, Text<'a>)>,
    /// What the vocabulary does not know, or what did not fit.
    pub(crate) strange: Vec<(Text<'a>, Raw<'a>)>,
    /// How many of those were unknown.
    pub(crate) unknown: u32,
}

impl<'a> Actor<'a> {
    /// Reads the members of an activity's `actor`.
    pub(crate) fn read(members: Vec<(Text<'a>, Raw<'a>)>, issues: &mut Issues) -> Self {
        let mut kept = [None; NAMES.len()];
        let mut strange = Vec::new();
        let mut unknown = 0;
        for (name, value) in members {
            let place = TABLE.find(&name).map(usize::from);
            if place.is_some_and(|place| kept[place].is_some()) {
                issues.add("actor", format_args!("{name:?} is given more than once; the last one stands"));
                issues.lose();
            }
            if value.is_empty() {
                continue;
            }
            match place {
                Some(place) if fits(place, value) => kept[place] = Some(value),
                Some(place) => {
                    let expected = if place == AUDIENCE { "a list of strings" } else { "a string" };
                    issues.mismatch(&format!("actor.{name}"), expected, value);
                    strange.push((name, value));
                }
                None => {
                    unknown += 1;
                    strange.push((name, value));
                }
            }
        }
        let provider = read_provider(&mut kept, &mut strange);
        let mut actor = Actor {
            kind: ActorKind::Unknown,
            id: Text::default(),
            name: Text::default(),
            phrase: None,
            user_id: None,
            email: None,
            address: None,
            address_text: Text::default(),
            user_agent: kept[USER_AGENT].take(),
            kept,
            provider,
            strange,
            unknown,
        };
        actor.read_address(issues);
        actor.name_it(issues);
        actor
    }

    /// What to call it in a sentence, at its start.
    pub(crate) fn phrase(&self) -> &Text<'a> {
        self.phrase.as_ref().unwrap_or(&self.name)
    }

    /// Members under `anthropic.audit.actor` that came from the feed, named and sorted.
    pub(crate) fn kept(&self) -> impl Iterator<Item = (&'static str, Raw<'a>)> + '_ {
        NAMES.into_iter().zip(self.kept).filter_map(|(name, value)| Some((name, value?)))
    }

    /// The type of an actor of which nothing else stays.
    pub(crate) fn only_type(&self) -> Option<Raw<'a>> {
        let others = self.kept.iter().enumerate().any(|(place, kept)| place != TYPE && kept.is_some());
        if others || !self.provider.is_empty() { None } else { self.kept[TYPE] }
    }

    /// Members of `anthropic.audit.actor.provider`.
    pub(crate) fn provider(&self) -> &[(&'static str, Text<'a>)] {
        &self.provider
    }

    /// OCSF's `type` and `type_id` of the user that this actor is.
    pub(crate) fn ocsf_user_type(&self) -> (&'static str, &'static str) {
        match self.kind {
            ActorKind::User | ActorKind::UnauthenticatedUser => ("\"type\":\"User\"", "\"type_id\":1"),
            ActorKind::System | ActorKind::Anthropic | ActorKind::ScimDirectorySync => {
                ("\"type\":\"System\"", "\"type_id\":3")
            }
            ActorKind::ApiKey => ("\"type\":\"API key\"", "\"type_id\":99"),
            ActorKind::AdminApiKey => ("\"type\":\"Admin API key\"", "\"type_id\":99"),
            ActorKind::ServiceAccount => ("\"type\":\"Service account\"", "\"type_id\":99"),
            ActorKind::FederatedIdentity | ActorKind::Federated => {
                ("\"type\":\"Federated identity\"", "\"type_id\":99")
            }
            ActorKind::AttestedDevice => ("\"type\":\"Attested device\"", "\"type_id\":99"),
            ActorKind::Unknown => ("\"type\":\"Unknown\"", "\"type_id\":0"),
        }
    }

    /// The service that it is, where it is no person, key or device of the organization's: an endpoint without an address.
    pub(crate) fn service(&self) -> Option<&Text<'a>> {
        match self.kind {
            ActorKind::System | ActorKind::Anthropic | ActorKind::ScimDirectorySync => Some(&self.name),
            _ => None,
        }
    }

    /// The key it acted with.
    pub(crate) fn credential(&self) -> Option<Text<'a>> {
        self.text(API_KEY_ID).or_else(|| self.text(ADMIN_API_KEY_ID))
    }

    pub(crate) fn service_account(&self) -> Option<Text<'a>> {
        self.text(SERVICE_ACCOUNT_ID)
    }

    /// Calls it by a name that was learnt elsewhere; of a user that is their e-mail address.
    pub(crate) fn call(&mut self, name: Text<'a>) {
        self.name = name;
        if self.kind == ActorKind::User {
            self.email = Some(self.name.clone());
        }
    }

    /// Who vouches for it.
    pub(crate) fn issuer(&self) -> Option<Text<'a>> {
        self.text(ISSUER)
    }

    /// Only addresses that parse become `source.ip`; IPv4 in IPv6 clothes is undressed. `0.0.0.0`, which stands for
    /// Anthropic's own jobs, is a valid address and kept.
    fn read_address(&mut self, issues: &mut Issues) {
        let Some(raw) = self.kept[IP_ADDRESS].take() else { return };
        let Some(address) = raw.text().and_then(|text| text.parse::<IpAddr>().ok()) else {
            issues.add("actor.ip_address", format_args!("{} is not an address", issues_text(raw)));
            self.strange.push((Cow::Borrowed("ip_address"), raw));
            return;
        };
        let canonical = address.to_canonical();
        self.address = Some(canonical);
        self.address_text = match raw.plain() {
            Some(plain) if address.is_ipv4() => Cow::Borrowed(plain),
            _ => Cow::Owned(canonical.to_string()),
        };
    }

    fn text(&self, place: usize) -> Option<Text<'a>> {
        self.kept[place].and_then(Raw::text)
    }

    /// Finds id and name, by kind.
    fn name_it(&mut self, issues: &mut Issues) {
        let kind_name = self.text(TYPE);
        if kind_name.is_none() {
            issues.add("actor", format_args!("it has no type"));
        }
        let kind = ActorKind::of(kind_name.as_deref().unwrap_or_default());
        self.kind = kind;
        let titled = |title: &str, id: Option<Text<'a>>| match id {
            Some(id) => (id.clone(), Cow::Owned(format!("{title} {id}"))),
            None => (fallback(title), Cow::Owned(title.to_owned())),
        };
        (self.id, self.name) = match kind {
            ActorKind::User => self.name_user(),
            ActorKind::UnauthenticatedUser => self.name_unauthenticated(),
            ActorKind::ApiKey => titled("API key", self.text(API_KEY_ID)),
            ActorKind::AdminApiKey => titled("Admin API key", self.text(ADMIN_API_KEY_ID)),
            ActorKind::ServiceAccount => titled("Service account", self.text(SERVICE_ACCOUNT_ID)),
            ActorKind::AttestedDevice => {
                titled("Attested device", self.text(KID_HASH).or_else(|| self.text(EXTERNAL_CLIENT_ID)))
            }
            ActorKind::Anthropic => self.name_anthropic(),
            ActorKind::System => match self.text(SERVICE) {
                Some(service) => (
                    Cow::Owned(format!("system:{service}")),
                    Cow::Owned(format!("Anthropic automation ({service})")),
                ),
                None => (Cow::Borrowed("system"), Cow::Borrowed("Anthropic automation")),
            },
            ActorKind::ScimDirectorySync => {
                let id = self.text(DIRECTORY_ID).unwrap_or(Cow::Borrowed("scim_directory_sync"));
                let name = self
                    .text(IDP_CONNECTION_TYPE)
                    .map_or(Cow::Borrowed("SCIM directory sync"), |connection| {
                        Cow::Owned(format!("SCIM directory sync ({connection})"))
                    });
                (id, name)
            }
            ActorKind::FederatedIdentity => self.name_federated_identity(),
            ActorKind::Federated => self.name_federated(),
            ActorKind::Unknown => self.name_unknown(kind_name),
        };
    }

    /// A user is keyed by id, so that a change of address does not split a person, and called by e-mail.
    fn name_user(&mut self) -> (Text<'a>, Text<'a>) {
        self.user_id = self.text(USER_ID);
        self.email = self.text(EMAIL_ADDRESS);
        self.kept[USER_ID] = None;
        self.kept[EMAIL_ADDRESS] = None;
        let known = || self.user_id.clone().or_else(|| self.email.clone());
        let id = known().unwrap_or(Cow::Borrowed("user"));
        let name = self.email.clone().or_else(known).unwrap_or(Cow::Borrowed("Someone"));
        (id, name)
    }

    /// One actor, whoever of Anthropic's people it is; an address, should there ever be one, is that person's.
    fn name_anthropic(&mut self) -> (Text<'a>, Text<'a>) {
        self.email = self.text(EMAIL_ADDRESS);
        self.kept[EMAIL_ADDRESS] = None;
        let name = match &self.email {
            Some(email) => Cow::Owned(format!("Anthropic ({email})")),
            None => Cow::Borrowed("Anthropic"),
        };
        (Cow::Borrowed("anthropic"), name)
    }

    fn name_unauthenticated(&mut self) -> (Text<'a>, Text<'a>) {
        self.email = self.text(UNAUTHENTICATED_EMAIL_ADDRESS);
        self.kept[UNAUTHENTICATED_EMAIL_ADDRESS] = None;
        let Some(email) = &self.email else {
            self.phrase = Some(Cow::Borrowed("Someone (unauthenticated)"));
            return (Cow::Borrowed("unauthenticated"), Cow::Borrowed("unauthenticated"));
        };
        self.phrase = Some(Cow::Owned(format!("{email} (unauthenticated)")));
        (email.clone(), email.clone())
    }

    fn name_federated_identity(&self) -> (Text<'a>, Text<'a>) {
        match (self.text(ISSUER), self.text(SUBJECT)) {
            (Some(issuer), Some(subject)) => (
                Cow::Owned(format!("{issuer}|{subject}")),
                Cow::Owned(format!("Federated identity {subject} of {issuer}")),
            ),
            (None, Some(subject)) => (subject.clone(), Cow::Owned(format!("Federated identity {subject}"))),
            (Some(issuer), None) => (issuer.clone(), Cow::Owned(format!("Federated identity of {issuer}"))),
            (None, None) => (Cow::Borrowed("federated_identity"), Cow::Borrowed("Federated identity")),
        }
    }

    /// A subject means something only within the account that vouches for it, so the key joins the two.
    fn name_federated(&self) -> (Text<'a>, Text<'a>) {
        let member = |wanted: &str| {
            self.provider.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.clone())
        };
        let (title, account) = match member("type").as_deref() {
            Some("aws") => ("AWS identity", member("signed_principal").or_else(|| member("account_id"))),
            Some("azure") => ("Azure identity of subscription", member("subscription_id")),
            Some("gcp") => ("Google Cloud identity of project", member("project_number")),
            Some("oidc") => ("OIDC identity of", member("issuer")),
            _ => ("Federated identity", None),
        };
        let bare = title.strip_suffix(" of").unwrap_or(title);
        match (account, self.text(SUBJECT)) {
            (Some(account), Some(subject)) => (
                Cow::Owned(format!("{account}|{subject}")),
                Cow::Owned(format!("{title} {account}, subject {subject}")),
            ),
            (Some(account), None) => (account.clone(), Cow::Owned(format!("{title} {account}"))),
            (None, Some(subject)) => (subject.clone(), Cow::Owned(format!("{bare} {subject}"))),
            (None, None) => (fallback("Federated"), Cow::Owned(bare.to_owned())),
        }
    }

    /// Of an unknown kind, any id will do: first one named like the kind, then any other, then an e-mail address.
    fn name_unknown(&self, kind_name: Option<Text<'a>>) -> (Text<'a>, Text<'a>) {
        let kind = kind_name.unwrap_or(Cow::Borrowed("unknown_actor"));
        let noun = kind.strip_suffix("_actor").unwrap_or(&kind);
        let own = format!("{noun}_id");
        let strings = || self.strange.iter().filter(|(_, value)| value.kind() == Kind::String);
        let known =
            NAMES.iter().zip(self.kept).filter(|(name, _)| name.ends_with("_id")).find_map(|(_, kept)| kept);
        let id = strings()
            .find(|(name, _)| *name == own)
            .map(|(_, value)| *value)
            .or(known)
            .or_else(|| strings().find(|(name, _)| name.ends_with("_id")).map(|(_, value)| *value))
            .or(self.kept[EMAIL_ADDRESS])
            .and_then(Raw::text);
        let noun = noun.replace('_', " ");
        match id {
            Some(id) => (id.clone(), Cow::Owned(format!("{} {id}", capitalized(&noun)))),
            None => (kind.clone(), Cow::Owned(capitalized(&noun))),
        }
    }
}

/// An id for an actor of a kind that should have had one.
fn fallback<'a>(title: &str) -> Text<'a> {
    Cow::Owned(title.to_ascii_lowercase().replace(' ', "_"))
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A value as it may be shown in a message.
fn issues_text(raw: Raw<'_>) -> &str {
    crate::flatten::prefix(raw.json(), 64)
}

fn fits(place: usize, value: Raw<'_>) -> bool {
    match place {
        // One of OIDC's two forms of an audience is a bare string; engines see no difference.
        AUDIENCE if value.kind() == Kind::Array => {
            value.elements().into_iter().all(|element| matches!(element.kind(), Kind::String | Kind::Null))
        }
        PROVIDER => matches!(value.kind(), Kind::Object | Kind::String),
        _ => value.kind() == Kind::String,
    }
}

/// Takes the provider of a federated actor apart: `{"type": "aws", "account_id": …}`, also the other way around,
/// `{"aws": {"account_id": …}}`, and the bare name.
fn read_provider<'a>(
    kept: &mut [Option<Raw<'a>>; NAMES.len()],
    strange: &mut Vec<(Text<'a>, Raw<'a>)>,
) -> Vec<(&'static str, Text<'a>)> {
    const MEMBERS: [&str; 6] =
        ["account_id", "issuer", "project_number", "signed_principal", "subscription_id", "type"];
    let Some(raw) = kept[PROVIDER].take() else { return Vec::new() };
    if let Some(name) = raw.text() {
        return vec![("type", name)];
    }
    let mut members = raw.members();
    let mut provider = Vec::new();
    if let [(name, inner)] = members.as_slice()
        && inner.kind() == Kind::Object
    {
        provider.push(("type", name.clone()));
        members = inner.members();
    }
    let mut odd = false;
    for (name, value) in members.into_iter().filter(|(_, value)| !value.is_empty()) {
        let text = match value.kind() {
            Kind::Number => Some(Cow::Borrowed(value.json())),
            _ => value.text(),
        };
        match (MEMBERS.into_iter().find(|known| *known == name), text) {
            (Some(known), Some(text)) => {
                provider.retain(|(other, _)| *other != known);
                provider.push((known, text));
            }
            _ => odd = true,
        }
    }
    if odd {
        strange.push((Cow::Borrowed("provider"), raw));
    }
    provider.sort_by_key(|(name, _)| *name);
    provider
}

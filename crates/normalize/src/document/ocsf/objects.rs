//! The objects of an OCSF event: who acted, from where, on what.

use crate::actor::Actor;
use crate::catalog::ocsf::{OCSF_VERSION, OcsfClass, OcsfMeaning};
use crate::document::{Writer, local_part};
use crate::json;
use crate::mapping::Mapping;
use crate::raw::{Kind, Raw, Text};
use crate::url;
use crate::vocabulary::vocabulary;

impl<'a> Writer<'_, 'a> {
    pub(super) fn ocsf_actor(&mut self, actor: Option<&Actor<'a>>) {
        json::key(self.out, "\"actor\":{");
        let issuer = actor.and_then(Actor::issuer).filter(|issuer| !issuer.is_empty());
        if let Some(issuer) = issuer {
            json::key(self.out, "\"idp\":{\"name\":");
            json::text(self.out, &issuer);
            self.out.push(b'}');
        }
        json::key(self.out, "\"user\":{");
        self.ocsf_acting_user(actor);
        self.out.extend_from_slice(b"}}");
    }

    /// Members of the user that an actor is: a key or a directory is one too.
    fn ocsf_acting_user(&mut self, actor: Option<&Actor<'a>>) {
        let Some(actor) = actor else {
            json::key(self.out, "\"name\":\"unknown\",\"type\":\"Unknown\",\"type_id\":0");
            return;
        };
        let (kind, kind_id) = actor.ocsf_user_type();
        if let Some(credential) = actor.credential() {
            json::key(self.out, "\"credential_uid\":");
            json::text(self.out, &credential);
        }
        self.email_member("\"email_addr\":", actor.email.as_ref());
        self.text_member("\"name\":", Some(&actor.name));
        json::key(self.out, kind);
        json::key(self.out, kind_id);
        self.text_member("\"uid\":", Some(&actor.id));
    }

    /// An address that OCSF would take for one.
    fn email_member(&mut self, key: &str, email: Option<&Text<'_>>) {
        self.text_member(key, email.filter(|email| is_email(email)));
    }

    /// The user acted upon, or who signs in. Of several, the first; the others are observables.
    pub(super) fn ocsf_user(&mut self, mapping: &Mapping<'a>, acted_upon: bool) {
        json::key(self.out, "\"user\":{");
        let (email, id) = (mapping.targets.emails.first(), mapping.targets.ids.first());
        if acted_upon && (email.is_some() || id.is_some()) {
            self.email_member("\"email_addr\":", email);
            self.text_member("\"name\":", email.map(local_part).as_ref().or(id));
            json::key(self.out, "\"type\":\"User\",\"type_id\":1");
            self.text_member("\"uid\":", id);
        } else {
            self.ocsf_acting_user(mapping.actor.as_ref());
        }
        self.out.push(b'}');
    }

    pub(super) fn ocsf_api(&mut self, mapping: &Mapping<'a>, type_name: &str, class: OcsfClass) {
        if class != OcsfClass::ApiActivity && mapping.request_id.is_none() {
            return;
        }
        json::key(self.out, "\"api\":{\"operation\":\"");
        let path = mapping.url.as_ref().and_then(|address| url::split(address).path);
        match (mapping.request_method.and_then(Raw::text), path) {
            (Some(method), Some(path)) => {
                json::escaped(self.out, &method);
                self.out.push(b' ');
                json::escaped(self.out, path);
            }
            _ => json::escaped(self.out, type_name),
        }
        self.out.push(b'"');
        if let Some(id) = mapping.request_id {
            json::key(self.out, "\"request\":{\"uid\":");
            self.out.extend_from_slice(id.json().as_bytes());
            self.out.push(b'}');
        }
        json::key(self.out, "\"service\":{\"name\":\"");
        let service = if type_name == "compliance_api_accessed" { "Compliance API" } else { "Claude" };
        self.out.extend_from_slice(service.as_bytes());
        self.out.extend_from_slice(b"\"}}");
    }

    pub(super) fn ocsf_cloud(&mut self, mapping: &Mapping<'a>) {
        json::key(self.out, "\"cloud\":{");
        if let Some(uuid) = mapping.field(vocabulary().wanted.organization_uuid) {
            json::key(self.out, "\"account\":{\"uid\":");
            self.out.extend_from_slice(uuid.json().as_bytes());
            self.out.push(b'}');
        }
        let start = self.begin("\"org\":");
        self.raw_member("\"name\":", mapping.organization_name);
        self.raw_member("\"uid\":", mapping.organization_id);
        self.end(start);
        json::key(self.out, "\"provider\":\"Anthropic\"}");
    }

    /// The device that the user agent tells of.
    pub(super) fn ocsf_device(&mut self, actor: Option<&Actor<'a>>) {
        let Some(known) = &self.agent else { return };
        let address = actor.map(|actor| &actor.address_text).filter(|address| !address.is_empty());
        if let (Some(address), false) = (address, known.ocsf_after().is_empty()) {
            json::key(self.out, "\"device\":{\"ip\":");
            json::text(self.out, address);
            self.out.extend_from_slice(known.ocsf_after().as_bytes());
            self.out.push(b'}');
        }
    }

    /// Where it came from: an address and its place; of what acts from within, the service that it is. Two classes demand an
    /// endpoint also where nothing is known of it. Who acted is no endpoint.
    pub(super) fn ocsf_source(&mut self, actor: Option<&Actor<'a>>, class: OcsfClass) {
        if let Some(address) = actor.map(|actor| &actor.address_text).filter(|address| !address.is_empty()) {
            json::key(self.out, "\"src_endpoint\":{");
            if let Some(place) = &self.place {
                self.out.extend_from_slice(place.ocsf_before().as_bytes());
            }
            json::key(self.out, "\"ip\":");
            json::text(self.out, address);
            if let Some(place) = &self.place {
                self.out.extend_from_slice(place.ocsf_after().as_bytes());
            }
            self.out.push(b'}');
        } else if let Some(service) = actor.and_then(Actor::service) {
            json::key(self.out, "\"src_endpoint\":{");
            self.text_member("\"svc_name\":", Some(service));
            self.out.push(b'}');
        } else if matches!(class, OcsfClass::ApiActivity | OcsfClass::FileHostingActivity) {
            json::key(self.out, "\"src_endpoint\":{\"name\":\"Unknown\"}");
        }
    }

    pub(super) fn ocsf_http(&mut self, mapping: &Mapping<'a>) {
        let start = self.begin("\"http_request\":");
        self.raw_member("\"http_method\":", mapping.request_method);
        self.raw_member("\"uid\":", mapping.request_id);
        if let Some(address) = &mapping.url {
            self.ocsf_url(address);
        }
        self.raw_member("\"user_agent\":", mapping.actor.as_ref().and_then(|actor| actor.user_agent));
        self.end(start);
        if let Some(code) = mapping.status_code {
            json::key(self.out, "\"http_response\":{\"code\":");
            json::signed(self.out, code);
            self.out.push(b'}');
        }
    }

    fn ocsf_url(&mut self, address: &str) {
        let parts = url::split(address);
        let start = self.begin("\"url\":");
        let mut part = |key: &str, part: Option<&str>| {
            if let Some(part) = part {
                self.member(key, part);
            }
        };
        part("\"hostname\":", parts.domain);
        part("\"path\":", parts.path);
        if let Some(port) = parts.port {
            json::key(self.out, "\"port\":");
            json::number(self.out, port.into());
        }
        let mut part = |key: &str, part: Option<&str>| {
            if let Some(part) = part {
                self.member(key, part);
            }
        };
        part("\"query_string\":", parts.query);
        part("\"scheme\":", parts.scheme);
        // A path alone is no URL; what is neither is at least what stood there.
        part("\"url_string\":", Some(address).filter(|_| parts.scheme.is_some() || parts.path.is_none()));
        self.end(start);
    }

    pub(super) fn ocsf_metadata(&mut self, activity: Option<(&Mapping<'a>, &str)>) {
        json::key(self.out, "\"metadata\":{");
        if !self.issues.is_empty() {
            json::key(self.out, "\"debug\":[");
            for message in self.issues.messages() {
                json::separate(self.out);
                json::string(self.out, message);
            }
            self.out.push(b']');
        }
        if let Some((_, name)) = activity.filter(|(_, name)| !name.is_empty()) {
            self.member("\"event_code\":", name);
        }
        let tags = &self.normalizer.options.tags;
        if !tags.is_empty() {
            json::key(self.out, "\"labels\":[");
            for tag in tags {
                json::separate(self.out);
                json::string(self.out, tag);
            }
            self.out.push(b']');
        }
        json::key(self.out, "\"log_name\":\"anthropic.audit\"");
        for (key, time) in
            [("\"logged_time\":", self.context.created), ("\"processed_time\":", self.context.ingested)]
        {
            if let Some(time) = time {
                json::key(self.out, key);
                json::signed(self.out, time.as_millisecond());
            }
        }
        let mapped = activity.is_some_and(|(_, name)| !name.is_empty());
        json::key(
            self.out,
            "\"product\":{\"feature\":{\"name\":\"Compliance API\"},\"name\":\"Claude\",\"vendor_name\":\"Anthropic\"}",
        );
        if mapped {
            json::key(self.out, "\"profiles\":[\"cloud\",\"host\"]");
        }
        if let Some(sequence) = self.context.sequence {
            json::key(self.out, "\"sequence\":");
            json::number(self.out, sequence);
        }
        self.raw_member("\"uid\":", activity.and_then(|(mapping, _)| mapping.id));
        json::key(self.out, "\"version\":\"");
        self.out.extend_from_slice(OCSF_VERSION.as_bytes());
        self.out.extend_from_slice(b"\"}");
    }

    pub(super) fn ocsf_observables(&mut self, mapping: &Mapping<'a>, class: OcsfClass) {
        let start = self.out.len();
        json::key(self.out, "\"observables\":[");
        if let Some(actor) = &mapping.actor {
            if !actor.address_text.is_empty() {
                self.observable("src_endpoint.ip", IP_ADDRESS, &actor.address_text);
            }
            if let Some(email) = actor.email.as_ref().filter(|email| is_email(email)) {
                self.observable("actor.user.email_addr", EMAIL_ADDRESS, email);
            }
        }
        let upon = matches!(
            class,
            OcsfClass::AccountChange | OcsfClass::UserAccessManagement | OcsfClass::GroupManagement
        );
        let name = if upon { "user.email_addr" } else { "unmapped" };
        for email in mapping.targets.emails.iter().filter(|email| is_email(email)) {
            self.observable(name, EMAIL_ADDRESS, email);
        }
        let name = if upon { "user.uid" } else { "unmapped" };
        for id in &mapping.targets.ids {
            self.observable(name, USER_UID, id);
        }
        for person in mapping.people.iter().filter(|person| is_email(person)) {
            self.observable("unmapped", EMAIL_ADDRESS, person);
        }
        for host in &mapping.hosts {
            self.observable("unmapped", HOSTNAME, host);
        }
        for address in &mapping.addresses {
            self.observable("unmapped", IP_ADDRESS, &address.to_string().into());
        }
        if self.out.last() == Some(&b'[') {
            self.out.truncate(start);
        } else {
            self.out.push(b']');
        }
    }

    fn observable(&mut self, name: &str, kind: &str, value: &Text<'_>) {
        json::separate(self.out);
        self.out.extend_from_slice(b"{\"name\":\"");
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(kind.as_bytes());
        json::text(self.out, value);
        self.out.push(b'}');
    }

    pub(super) fn ocsf_privileges(&mut self, mapping: &Mapping<'a>) {
        json::key(self.out, "\"privileges\":[");
        let field = |name: &&str| vocabulary().find(name).and_then(|number| mapping.field(number));
        let told = super::PRIVILEGES.iter().filter_map(field).find_map(Raw::text);
        if mapping.targets.roles.is_empty() {
            json::text(self.out, &told.unwrap_or("unspecified".into()));
        }
        for role in &mapping.targets.roles {
            json::separate(self.out);
            json::text(self.out, role);
        }
        self.out.push(b']');
    }

    pub(super) fn ocsf_entity(&mut self, mapping: &Mapping<'a>, meaning: &OcsfMeaning) {
        json::key(self.out, "\"entity\":{");
        self.ocsf_name_and_id(mapping, meaning, "\"name\":", None);
        self.member("\"type\":", meaning.object);
        let kind = match meaning.object {
            "User" => 2,
            "Group" => 3,
            "Organization" | "Organization settings" => 4,
            "IP restriction" | "MCP tool policy" | "Plugin policy" => 5,
            _ => 99,
        };
        json::key(self.out, "\"type_id\":");
        json::number(self.out, kind);
        self.ocsf_name_and_id(mapping, meaning, "", Some("\"uid\":"));
        self.out.push(b'}');
    }

    /// A list of what the activity is about, which is one thing.
    pub(super) fn ocsf_things(&mut self, opening: &str, mapping: &Mapping<'a>, meaning: &OcsfMeaning) {
        json::key(self.out, opening);
        self.ocsf_thing(mapping, meaning);
        self.out.push(b']');
    }

    /// A group or a resource: name, type, id.
    pub(super) fn ocsf_thing(&mut self, mapping: &Mapping<'a>, meaning: &OcsfMeaning) {
        self.out.push(b'{');
        self.ocsf_name_and_id(mapping, meaning, "\"name\":", None);
        self.member("\"type\":", meaning.object);
        self.ocsf_name_and_id(mapping, meaning, "", Some("\"uid\":"));
        self.out.push(b'}');
    }

    pub(super) fn ocsf_file(&mut self, mapping: &Mapping<'a>, meaning: &OcsfMeaning) {
        json::key(self.out, "\"file\":{\"name\":");
        let name = first(mapping, &meaning.name).or(mapping.file_name);
        let name = name.or_else(|| first(mapping, &meaning.uid)).and_then(text_of);
        match name {
            Some(name) => json::text(self.out, &name),
            // The class demands a name, and the feed gives none since it keeps them to itself.
            None => json::string(self.out, meaning.object),
        }
        self.member("\"type\":", "Regular File");
        json::key(self.out, "\"type_id\":1");
        if let Some(uid) = first(mapping, &meaning.uid).and_then(text_of) {
            json::key(self.out, "\"uid\":");
            json::text(self.out, &uid);
        }
        self.out.push(b'}');
    }

    /// The name and the id of what the activity is about, each under its key. An object needs one of the two: without either, the
    /// user acted upon is it, then the organization, then its kind.
    fn ocsf_name_and_id(
        &mut self,
        mapping: &Mapping<'a>,
        meaning: &OcsfMeaning,
        name_key: &str,
        uid_key: Option<&str>,
    ) {
        let name = first(mapping, &meaning.name).and_then(text_of);
        let uid = first(mapping, &meaning.uid).and_then(text_of);
        let nothing = name.is_none() && uid.is_none();
        let person = || mapping.targets.ids.first().or_else(|| mapping.targets.emails.first()).cloned();
        let (name, uid) = if nothing {
            let uid = person()
                .filter(|_| meaning.object == "User")
                .or_else(|| mapping.organization_id.and_then(text_of));
            (uid.is_none().then_some(Text::Borrowed(meaning.object)), uid)
        } else {
            (name, uid)
        };
        match uid_key {
            Some(key) => self.text_member(key, uid.as_ref()),
            None => self.text_member(name_key, name.as_ref()),
        }
    }
}

/// What stands between an observable's name and its value.
const IP_ADDRESS: &str = "\",\"type\":\"IP Address\",\"type_id\":2,\"value\":";
const EMAIL_ADDRESS: &str = "\",\"type\":\"Email Address\",\"type_id\":5,\"value\":";
const USER_UID: &str = "\",\"type\":\"User Object: uid\",\"type_id\":31,\"value\":";
const HOSTNAME: &str = "\",\"type\":\"Hostname\",\"type_id\":1,\"value\":";

/// The first of these fields that is there.
fn first<'a>(mapping: &Mapping<'a>, numbers: &[u16]) -> Option<Raw<'a>> {
    numbers.iter().find_map(|number| mapping.field(*number))
}

/// A text, or a number as text.
fn text_of(raw: Raw<'_>) -> Option<Text<'_>> {
    if raw.kind() == Kind::Number { Some(raw.json().into()) } else { raw.text() }
}

/// Whether OCSF would take this for an address: its `email_t`, without the regular expression.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let Some((host, rest)) = domain.split_once('.') else { return false };
    let letters = |part: &str, also: &[u8]| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || also.contains(&byte))
    };
    letters(local, b"!#$%&'*+,-./=?^_`{|}~") && letters(host, b"-") && letters(rest, b"-.")
}

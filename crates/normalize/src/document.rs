//! Writes an understood activity as one ECS document.
//!
//! Keys stand in alphabetical order at every depth, so the same activity always gives the same bytes, whatever order its
//! fields came in. Nothing is written that says nothing.

mod audit;
mod ocsf;

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;

use crate::actor::Actor;
use crate::enrichment::{Kept, Place, UserAgent};
use crate::issues::Issues;
use crate::json;
use crate::mapping::{Mapping, Meaning, Targets};
use crate::raw::{Raw, Text};
use crate::sentence::{Scene, word};
use crate::url;
use crate::vocabulary::{Role, vocabulary};
use crate::{Context, Normalizer};

/// The version of ECS whose fields are written.
pub(crate) const ECS_VERSION: &str = "9.3.0";

/// The tag of a document that carries the record as it came.
const PRESERVED: &str = "preserve_original_event";

/// A document being written.
pub(crate) struct Writer<'w, 'a> {
    pub(crate) normalizer: &'w Normalizer,
    pub(crate) context: &'w Context,
    pub(crate) original: &'w str,
    pub(crate) out: &'w mut Vec<u8>,
    pub(crate) issues: Issues,
    pub(crate) mapping: Option<&'w Mapping<'a>>,
    pub(crate) lossy: bool,
    /// Where the actor's address is.
    pub(crate) place: Option<Arc<Kept<Place>>>,
    /// What the actor's user agent is.
    pub(crate) agent: Option<Arc<Kept<UserAgent>>>,
}

impl<'a> Writer<'_, 'a> {
    /// Writes the document. Returns the issues met, those on the way here included.
    pub(crate) fn write(mut self) -> Issues {
        // A document is the row, its meaning and its constants; so the buffer grows once, if at all.
        self.out.reserve(2 * self.original.len() + 1024);
        self.out.push(b'{');
        self.timestamp();
        if let Some(mapping) = self.mapping {
            self.audit(mapping);
            self.constants();
            self.error();
            self.event(mapping);
            self.middle(mapping);
            self.organization(mapping);
            self.related(mapping);
            self.source(mapping.actor.as_ref());
            self.tags();
            self.url(mapping.url.as_ref());
            self.user(mapping);
            self.user_agent(mapping.actor.as_ref());
        } else {
            self.constants();
            self.error();
            self.failed_event();
            self.member("\"message\":", "a record that could not be mapped");
            self.tags();
        }
        self.out.push(b'}');
        self.issues
    }

    fn member(&mut self, key: &str, made: &str) {
        json::key(self.out, key);
        json::string(self.out, made);
    }

    fn raw_member(&mut self, key: &str, raw: Option<Raw<'_>>) {
        if let Some(raw) = raw {
            json::key(self.out, key);
            self.out.extend_from_slice(raw.json().as_bytes());
        }
    }

    fn text_member(&mut self, key: &str, text: Option<&Text<'_>>) {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            json::key(self.out, key);
            json::text(self.out, text);
        }
    }

    fn time_member(&mut self, key: &str, time: Option<Timestamp>) {
        if let Some(time) = time {
            json::key(self.out, key);
            json::timestamp(self.out, time);
        }
    }

    /// Opens an object; [`Self::end`] takes it back if nothing was written in it.
    fn begin(&mut self, key: &str) -> usize {
        let start = self.out.len();
        json::key(self.out, key);
        self.out.push(b'{');
        start
    }

    fn end(&mut self, start: usize) {
        if self.out.last() == Some(&b'{') {
            self.out.truncate(start);
        } else {
            self.out.push(b'}');
        }
    }

    /// Every document needs a time: that of the activity, else when it was fetched, else when it is written, else 1970,
    /// which nobody will mistake for a real one.
    fn timestamp(&mut self) {
        json::key(self.out, "\"@timestamp\":");
        if let Some(text) = self.mapping.and_then(|mapping| mapping.timestamp.as_ref()) {
            json::text(self.out, text);
            return;
        }
        let stand_in = self.context.created.or(self.context.ingested).unwrap_or(Timestamp::UNIX_EPOCH);
        if self.mapping.is_some() {
            self.issues.add("created_at", format_args!("no time in the record, {stand_in} stands for it"));
        }
        json::timestamp(self.out, stand_in);
    }

    fn constants(&mut self) {
        json::separate(self.out);
        self.out.extend_from_slice(self.normalizer.constants.as_bytes());
    }

    fn named_text(&mut self, name: &str, text: &Text<'_>) {
        if !text.is_empty() {
            json::separate(self.out);
            name_key(self.out, name);
            json::text(self.out, text);
        }
    }

    fn error(&mut self) {
        if self.issues.is_empty() {
            return;
        }
        json::key(self.out, "\"error\":{\"message\":[");
        for message in self.issues.messages() {
            json::separate(self.out);
            json::string(self.out, message);
        }
        self.out.extend_from_slice(b"]}");
    }

    fn keeps_original(&self) -> bool {
        self.normalizer.options.preserve_original || self.lossy
    }

    fn event(&mut self, mapping: &Mapping<'a>) {
        json::key(self.out, "\"event\":{");
        match &mapping.meaning {
            Meaning::Known(activity) => json::key(self.out, &activity.ready.action_and_category),
            Meaning::Guessed(name, derived) => {
                self.named_text("action", name);
                json::key(
                    self.out,
                    &format!("\"category\":{}", crate::catalog::json_list(&derived.categories)),
                );
            }
            Meaning::None => self.lossy = true,
        }
        self.time_member("\"created\":", self.context.created);
        json::key(self.out, "\"dataset\":\"anthropic.audit\"");
        self.raw_member("\"id\":", mapping.id);
        self.time_member("\"ingested\":", self.context.ingested);
        let mapped = !matches!(mapping.meaning, Meaning::None);
        json::key(self.out, if mapped { "\"kind\":\"event\"" } else { "\"kind\":\"pipeline_error\"" });
        json::key(self.out, "\"module\":\"anthropic\"");
        self.original();
        if mapped {
            json::key(self.out, "\"outcome\":\"");
            self.out.extend_from_slice(mapping.outcome.as_str().as_bytes());
            self.out.push(b'"');
        }
        self.text_member("\"reason\":", mapping.reason.as_ref());
        self.sequence();
        match &mapping.meaning {
            Meaning::Known(activity) => json::key(self.out, &activity.ready.severity_and_type),
            Meaning::Guessed(_, derived) => {
                let types = crate::catalog::json_list(&derived.types);
                json::key(self.out, &format!("\"severity\":{},\"type\":{types}", derived.severity));
            }
            Meaning::None => {}
        }
        self.out.push(b'}');
    }

    fn failed_event(&mut self) {
        json::key(self.out, "\"event\":{");
        self.time_member("\"created\":", self.context.created);
        self.member("\"dataset\":", "anthropic.audit");
        self.time_member("\"ingested\":", self.context.ingested);
        self.member("\"kind\":", "pipeline_error");
        self.member("\"module\":", "anthropic");
        self.lossy = true;
        self.original();
        self.sequence();
        self.out.push(b'}');
    }

    fn original(&mut self) {
        if self.keeps_original() && !self.original.is_empty() {
            self.member("\"original\":", self.original);
        }
    }

    fn sequence(&mut self) {
        if let Some(sequence) = self.context.sequence {
            json::key(self.out, "\"sequence\":");
            json::number(self.out, sequence);
        }
    }

    /// What stands between `event` and `organization`.
    fn middle(&mut self, mapping: &Mapping<'a>) {
        if mapping.file_name.is_some() {
            let start = self.begin("\"file\":");
            self.raw_member("\"name\":", mapping.file_name);
            self.end(start);
        }
        if mapping.request_id.is_some() || mapping.request_method.is_some() || mapping.status_code.is_some() {
            self.http(mapping);
        }
        json::key(self.out, "\"message\":\"");
        sentence(self.out, mapping);
        self.out.push(b'"');
    }

    fn http(&mut self, mapping: &Mapping<'a>) {
        let start = self.begin("\"http\":");
        let request = self.begin("\"request\":");
        self.raw_member("\"id\":", mapping.request_id);
        self.raw_member("\"method\":", mapping.request_method);
        self.end(request);
        if let Some(code) = mapping.status_code {
            json::key(self.out, "\"response\":{\"status_code\":");
            json::signed(self.out, code);
            self.out.push(b'}');
        }
        self.end(start);
    }

    fn organization(&mut self, mapping: &Mapping<'a>) {
        if mapping.organization_id.is_none() && mapping.organization_name.is_none() {
            return;
        }
        let start = self.begin("\"organization\":");
        self.raw_member("\"id\":", mapping.organization_id);
        self.raw_member("\"name\":", mapping.organization_name);
        self.end(start);
    }

    fn related(&mut self, mapping: &Mapping<'a>) {
        let start = self.begin("\"related\":");
        let mut hosts: Vec<&Text<'_>> = mapping.hosts.iter().collect();
        self.list("\"hosts\":", &mut hosts);

        let actor = mapping.actor.as_ref();
        self.related_addresses(actor, &mapping.addresses);

        let Targets { ids, emails, .. } = &mapping.targets;
        let mut users: Vec<&Text<'_>> =
            actor.into_iter().flat_map(|actor| [&actor.email, &actor.user_id]).flatten().collect();
        users.extend(ids.iter().chain(emails).chain(&mapping.people));
        self.list("\"user\":", &mut users);
        self.end(start);
    }

    fn related_addresses(&mut self, actor: Option<&Actor<'_>>, others: &[IpAddr]) {
        let own = actor.map(|actor| &actor.address_text).filter(|address| !address.is_empty());
        if own.is_none() && others.is_empty() {
            return;
        }
        json::key(self.out, "\"ip\":[");
        if let (Some(own), []) = (own, others) {
            json::text(self.out, own);
        } else {
            let mut addresses: Vec<IpAddr> =
                actor.and_then(|actor| actor.address).into_iter().chain(others.iter().copied()).collect();
            addresses.sort();
            addresses.dedup();
            for address in addresses {
                json::separate(self.out);
                json::string(self.out, &address.to_string());
            }
        }
        self.out.push(b']');
    }

    /// Writes a sorted list without repetitions.
    fn list(&mut self, key: &str, texts: &mut Vec<&Text<'_>>) {
        texts.sort();
        texts.dedup();
        if texts.is_empty() {
            return;
        }
        json::key(self.out, key);
        self.out.push(b'[');
        for text in texts {
            json::separate(self.out);
            json::text(self.out, text);
        }
        self.out.push(b']');
    }

    fn source(&mut self, actor: Option<&Actor<'_>>) {
        if let Some(address) = actor.map(|actor| &actor.address_text).filter(|address| !address.is_empty()) {
            json::key(self.out, "\"source\":{");
            if let Some(place) = &self.place {
                self.out.extend_from_slice(place.before().as_bytes());
            }
            json::key(self.out, "\"ip\":");
            json::text(self.out, address);
            self.out.push(b'}');
        }
    }

    fn tags(&mut self) {
        let kept = self.keeps_original() && !self.original.is_empty();
        let tags = &self.normalizer.options.tags;
        if tags.is_empty() && !kept {
            return;
        }
        json::key(self.out, "\"tags\":[");
        for tag in
            tags.iter().map(String::as_str).filter(|tag| *tag != PRESERVED).chain(kept.then_some(PRESERVED))
        {
            json::separate(self.out);
            json::string(self.out, tag);
        }
        self.out.push(b']');
    }

    fn url(&mut self, text: Option<&Text<'a>>) {
        // Parts of borrowed text are as free of escapes as the whole.
        match text {
            Some(Cow::Borrowed(plain)) => self.url_parts(plain, Cow::Borrowed),
            Some(Cow::Owned(made)) => self.url_parts(made, |part| Cow::Owned(part.to_owned())),
            None => {}
        }
    }

    fn url_parts<'t>(&mut self, address: &'t str, text: impl Fn(&'t str) -> Text<'t>) {
        let parts = url::split(address);
        let start = self.begin("\"url\":");
        let mut part = |key: &str, part: Option<&'t str>| self.text_member(key, part.map(&text).as_ref());
        part("\"domain\":", parts.domain);
        part("\"extension\":", parts.extension);
        part("\"fragment\":", parts.fragment);
        part("\"full\":", parts.scheme.map(|_| address));
        part("\"original\":", Some(address));
        part("\"path\":", parts.path);
        if let Some(port) = parts.port {
            json::key(self.out, "\"port\":");
            json::number(self.out, port.into());
        }
        self.text_member("\"query\":", parts.query.map(&text).as_ref());
        self.text_member("\"scheme\":", parts.scheme.map(&text).as_ref());
        self.end(start);
    }

    fn user(&mut self, mapping: &Mapping<'a>) {
        let actor = mapping.actor.as_ref();
        let email = actor.and_then(|actor| actor.email.as_ref());
        let start = self.begin("\"user\":");
        self.text_member("\"domain\":", email.and_then(domain).as_ref());
        self.text_member("\"email\":", email);
        self.text_member("\"id\":", actor.and_then(|actor| actor.user_id.as_ref()));
        self.text_member("\"name\":", email.map(local_part).as_ref());
        self.target(&mapping.targets);
        self.end(start);
    }

    fn target(&mut self, targets: &Targets<'_>) {
        if targets.is_empty() {
            return;
        }
        let mut names: Vec<Text<'_>> =
            targets.emails.iter().map(local_part).filter(|name| !name.is_empty()).collect();
        names.sort();
        names.dedup();
        let start = self.begin("\"target\":");
        self.one_or_list("\"email\":", &targets.emails);
        self.one_or_list("\"id\":", &targets.ids);
        self.one_or_list("\"name\":", &names);
        self.list("\"roles\":", &mut targets.roles.iter().collect());
        self.end(start);
    }

    /// Writes one text as it is and several as a list; engines see no difference, readers do.
    fn one_or_list(&mut self, key: &str, texts: &[Text<'_>]) {
        match texts {
            [one] => self.text_member(key, Some(one)),
            _ => self.list(key, &mut texts.iter().collect()),
        }
    }

    fn user_agent(&mut self, actor: Option<&Actor<'_>>) {
        let Some(agent) = actor.and_then(|actor| actor.user_agent) else { return };
        json::key(self.out, "\"user_agent\":{");
        if let Some(known) = &self.agent {
            self.out.extend_from_slice(known.before().as_bytes());
        }
        json::key(self.out, "\"original\":");
        self.out.extend_from_slice(agent.json().as_bytes());
        if let Some(known) = &self.agent {
            self.out.extend_from_slice(known.after().as_bytes());
        }
        self.out.push(b'}');
    }
}

/// Writes a name of ours, which needs no escaping, as a key.
#[inline]
fn name_key(out: &mut Vec<u8>, name: &str) {
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

/// Writes the sentence of an activity as the inside of a JSON string.
pub(crate) fn sentence(out: &mut Vec<u8>, mapping: &Mapping<'_>) {
    let someone = Cow::Borrowed("Someone");
    let actor = mapping.actor.as_ref().map_or(&someone, Actor::phrase);
    match &mapping.meaning {
        Meaning::Known(activity) => {
            let Targets { ids, emails, .. } = &mapping.targets;
            let scene = Scene {
                field: &|number| mapping.field(number),
                persons: if emails.is_empty() { ids } else { emails },
                outcome: mapping.outcome,
                url: mapping.url.as_ref(),
                status_reason: mapping.status_reason.as_ref(),
            };
            activity.template.render(out, actor, &scene);
        }
        Meaning::Guessed(_, derived) => {
            let noun = derived.noun.replace('_', " ");
            word(out, actor);
            out.push(b' ');
            word(out, &Cow::Owned(format!("{} {noun}", derived.verb).trim_end().to_owned()));
            if let Some(id) = guessed_id(mapping, &derived.noun) {
                out.push(b' ');
                word(out, &id);
            }
        }
        Meaning::None => {
            word(out, actor);
            out.extend_from_slice(b" did something that the record does not name");
        }
    }
}

/// The id of what an unknown type speaks of: a field named like it, `vault_id` of `quantum_vault_created`.
fn guessed_id<'a>(mapping: &Mapping<'a>, noun: &str) -> Option<Text<'a>> {
    let last = noun.rsplit('_').next().unwrap_or(noun);
    [format!("{noun}_id"), format!("{last}_id")].into_iter().find_map(|name| {
        let known = vocabulary().find(&name).filter(|number| vocabulary().field(*number).role != Role::Id);
        let raw = known.and_then(|number| mapping.field(number));
        raw.or_else(|| mapping.aside.iter().find(|(other, _)| *other == name).map(|(_, raw)| *raw))?.text()
    })
}

/// The part of an e-mail address before the last `@`.
fn local_part<'a>(email: &Text<'a>) -> Text<'a> {
    match email {
        Cow::Borrowed(plain) => Cow::Borrowed(halves(plain).map_or(plain, |(local, _)| local)),
        Cow::Owned(made) => Cow::Owned(halves(made).map_or(made.as_str(), |(local, _)| local).to_owned()),
    }
}

/// The part of an e-mail address after the last `@`.
fn domain<'a>(email: &Text<'a>) -> Option<Text<'a>> {
    match email {
        Cow::Borrowed(plain) => halves(plain).map(|(_, domain)| Cow::Borrowed(domain)),
        Cow::Owned(made) => halves(made).map(|(_, domain)| Cow::Owned(domain.to_owned())),
    }
}

/// What stands before and after the last `@`. A search through text for a byte costs more to begin than an address is long.
#[inline]
fn halves(email: &str) -> Option<(&str, &str)> {
    let place = email.bytes().rposition(|byte| byte == b'@')?;
    Some((&email[..place], &email[place + 1..]))
}

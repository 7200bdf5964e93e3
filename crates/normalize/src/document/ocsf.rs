//! Writes an understood activity as one OCSF event.
//!
//! As in ECS, keys stand in alphabetical order and nothing is written that says nothing. Each class requires some objects
//! (`user`, `entity`, `file` …): where the activity names nothing that could fill one, the actor or the organization does.
//! What has no attribute of its own is in `unmapped` under the feed's own names; what was odd is in `metadata.debug`.

mod objects;

use std::borrow::Cow;

use jiff::Timestamp;

use crate::catalog::ocsf::{OcsfClass, OcsfMeaning, OcsfReady, status};
use crate::document::{Writer, sentence};
use crate::flatten::{self, Losses};
use crate::issues::Issues;
use crate::json;
use crate::mapping::{Mapping, Meaning};
use crate::raw::{Raw, Text};
use crate::vocabulary::vocabulary;

/// Fields that say which right is given or taken, in order.
const PRIVILEGES: [&str; 6] =
    ["role", "current_role", "workspace_role", "role_name", "role_id", "access_level"];

impl<'a> Writer<'_, 'a> {
    /// Writes the event. Returns the issues met, those on the way here included.
    pub(crate) fn write_ocsf(mut self) -> Issues {
        self.out.reserve(2 * self.original.len() + 1536);
        self.out.push(b'{');
        match self.mapping {
            Some(mapping) => match &mapping.meaning {
                Meaning::Known(activity) => self.ocsf_event(mapping, activity.name, &activity.ocsf),
                Meaning::Guessed(name, derived) => {
                    self.ocsf_event(mapping, name, &OcsfMeaning::derived(name, derived));
                }
                Meaning::None => self.ocsf_base_event(Some(mapping)),
            },
            None => self.ocsf_base_event(None),
        }
        self.out.push(b'}');
        self.issues
    }

    fn ocsf_event(&mut self, mapping: &Mapping<'a>, type_name: &str, meaning: &OcsfMeaning) {
        let class = meaning.class;
        let unmapped = self.unmapped(mapping, Some(meaning));
        let by_method = if class == OcsfClass::ApiActivity { by_method(mapping, type_name) } else { None };
        let ready = by_method.as_ref().unwrap_or(&meaning.ready);
        json::key(self.out, &ready.activity);
        self.ocsf_actor(mapping.actor.as_ref());
        self.ocsf_api(mapping, type_name, class);
        json::key(self.out, &ready.class);
        self.ocsf_cloud(mapping);
        self.ocsf_device(mapping.actor.as_ref());
        match class {
            OcsfClass::EntityManagement => self.ocsf_entity(mapping, meaning),
            OcsfClass::FileHostingActivity => self.ocsf_file(mapping, meaning),
            OcsfClass::GroupManagement => {
                json::key(self.out, "\"group\":");
                self.ocsf_thing(mapping, meaning);
            }
            _ => {}
        }
        if class != OcsfClass::FileHostingActivity {
            self.ocsf_http(mapping);
        }
        json::key(self.out, "\"message\":\"");
        sentence(self.out, mapping);
        self.out.push(b'"');
        self.ocsf_metadata(Some((mapping, type_name)));
        self.ocsf_observables(mapping, class);
        if class == OcsfClass::UserAccessManagement {
            self.ocsf_privileges(mapping);
        }
        self.ocsf_raw_data();
        match class {
            OcsfClass::UserAccessManagement => self.ocsf_things("\"resources\":[", mapping, meaning),
            OcsfClass::Authentication => json::key(self.out, "\"service\":{\"name\":\"Claude\"}"),
            _ => {}
        }
        json::key(self.out, &ready.severity);
        self.ocsf_source(mapping.actor.as_ref(), class);
        self.ocsf_status(mapping);
        self.ocsf_time(Some(mapping));
        json::key(self.out, &ready.type_members);
        self.ocsf_unmapped(&unmapped);
        match class {
            OcsfClass::AccountChange | OcsfClass::UserAccessManagement => self.ocsf_user(mapping, true),
            OcsfClass::Authentication => self.ocsf_user(mapping, false),
            OcsfClass::GroupManagement if !mapping.targets.is_empty() => self.ocsf_user(mapping, true),
            OcsfClass::WebResourcesActivity => self.ocsf_things("\"web_resources\":[", mapping, meaning),
            _ => {}
        }
    }

    /// What could not be mapped: the base event, which holds the record whole.
    fn ocsf_base_event(&mut self, mapping: Option<&Mapping<'a>>) {
        self.lossy = true;
        let unmapped = mapping.map(|mapping| self.unmapped(mapping, None)).unwrap_or_default();
        json::key(
            self.out,
            "\"activity_id\":99,\"activity_name\":\"Unmapped\",\"category_name\":\"Uncategorized\",\"category_uid\":0,\
             \"class_name\":\"Base Event\",\"class_uid\":0",
        );
        self.member("\"message\":", "a record that could not be mapped");
        self.ocsf_metadata(mapping.map(|mapping| (mapping, "")));
        self.ocsf_raw_data();
        json::key(
            self.out,
            "\"severity\":\"Unknown\",\"severity_id\":0,\"status\":\"Unknown\",\"status_id\":0",
        );
        self.ocsf_time(mapping);
        json::key(self.out, "\"type_name\":\"Base Event: Other\",\"type_uid\":99");
        self.ocsf_unmapped(&unmapped);
    }

    fn ocsf_raw_data(&mut self) {
        if self.keeps_original() && !self.original.is_empty() {
            self.member("\"raw_data\":", self.original);
        }
    }

    fn ocsf_unmapped(&mut self, unmapped: &[u8]) {
        if !unmapped.is_empty() {
            json::key(self.out, "\"unmapped\":");
            self.out.extend_from_slice(unmapped);
        }
    }

    fn ocsf_status(&mut self, mapping: &Mapping<'a>) {
        let (status, status_id) = status(mapping.outcome);
        json::key(self.out, status);
        if let Some(code) = mapping.status_code {
            json::key(self.out, "\"status_code\":\"");
            json::signed(self.out, code);
            self.out.push(b'"');
        }
        self.text_member("\"status_detail\":", mapping.reason.as_ref());
        json::key(self.out, status_id);
    }

    /// Milliseconds of the activity's time, with the same stand-ins as in ECS.
    fn ocsf_time(&mut self, mapping: Option<&Mapping<'a>>) {
        let told = mapping.and_then(|mapping| mapping.timestamp.as_deref()?.parse::<Timestamp>().ok());
        let stand_in = self.context.created.or(self.context.ingested).unwrap_or(Timestamp::UNIX_EPOCH);
        json::key(self.out, "\"time\":");
        json::signed(self.out, told.unwrap_or(stand_in).as_millisecond());
    }

    /// The fields without an attribute of their own, as one object; no bytes if there are none.
    fn unmapped(&mut self, mapping: &Mapping<'a>, meaning: Option<&OcsfMeaning>) -> Vec<u8> {
        let vocabulary = vocabulary();
        let used = |number: u16| {
            number == vocabulary.wanted.organization_uuid
                || meaning
                    .is_some_and(|meaning| meaning.uid.contains(&number) || meaning.name.contains(&number))
        };
        let fields = mapping.fields.iter().filter(|(number, _)| !used(*number));
        let named = fields.map(|&(number, raw)| (vocabulary.field(number), raw));
        let mut members: Vec<(Text<'_>, Raw<'_>)> = named
            .filter(|(field, _)| !field.key.is_empty())
            .map(|(field, raw)| (Cow::Borrowed(field.name), raw))
            .chain(mapping.aside.iter().cloned())
            .collect();
        let mut losses = Losses::default();
        let mut actor_json = Vec::new();
        if let Some(actor) = &mapping.actor {
            let kept = actor.kept().map(|(name, raw)| (Cow::Borrowed(name), raw));
            // A file's class has no request to say the user agent in.
            let agent = actor
                .user_agent
                .filter(|_| meaning.is_none_or(|meaning| meaning.class == OcsfClass::FileHostingActivity));
            let agent = agent.map(|agent| (Cow::Borrowed("user_agent"), agent));
            let strange = actor.strange.iter().cloned();
            let inner: Vec<_> = kept.filter(|(name, _)| name != "type").chain(agent).chain(strange).collect();
            if !inner.is_empty() {
                flatten::object(&mut actor_json, inner, 2, &mut losses);
            }
        }
        if let Ok(actor_json) = std::str::from_utf8(&actor_json)
            && !actor_json.is_empty()
        {
            members.push((Cow::Borrowed("actor"), Raw::assume(actor_json)));
        }
        if let Some(name) = mapping.file_name
            && meaning.is_none_or(|meaning| meaning.class != OcsfClass::FileHostingActivity)
        {
            members.push((Cow::Borrowed("filename"), name));
        }
        if !matches!(mapping.meaning, Meaning::Known(_)) {
            members.push((Cow::Borrowed("catalogued"), Raw::assume("false")));
        }
        let mut out = Vec::new();
        if !members.is_empty() {
            flatten::object(&mut out, members, 1, &mut losses);
        }
        self.lose("unmapped", losses, "raw_data");
        out
    }
}

/// A call of the Compliance API is what its method does.
fn by_method(mapping: &Mapping<'_>, type_name: &str) -> Option<OcsfReady> {
    let Meaning::Known(activity) = &mapping.meaning else { return None };
    let id = match &*mapping.request_method?.text()? {
        "POST" => 1,
        "PUT" | "PATCH" => 3,
        "DELETE" => 4,
        _ => return None,
    };
    Some(OcsfReady::new(OcsfClass::ApiActivity, id, type_name, activity.severity))
}

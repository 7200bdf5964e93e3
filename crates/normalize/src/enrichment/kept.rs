//! An answer that is kept, with its members of a document written once: a look-up that was made before costs a copy.

use std::ops::Deref;

use super::{Place, UserAgent};
use crate::json;

/// What is known, and how documents say it. Dereferences to what is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept<T> {
    known: T,
    before: Box<str>,
    after: Box<str>,
}

impl<T> Kept<T> {
    /// ECS members that sort before the one that the document writes itself (`source.ip`, `user_agent.original`).
    pub(crate) fn before(&self) -> &str {
        &self.before
    }

    /// ECS members that sort after it, each with a comma before.
    pub(crate) fn after(&self) -> &str {
        &self.after
    }
}

impl<T> Deref for Kept<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.known
    }
}

impl Kept<Place> {
    /// `as` and `geo` of `source`.
    pub(super) fn place(place: Place) -> Self {
        let mut members = Members::default();
        members.object("as", |system| {
            system.number("number", place.as_number.map(f64::from));
            system.object("organization", |organization| {
                organization.text("name", place.as_organization_name.as_deref());
            });
        });
        members.object("geo", |geo| {
            geo.text("city_name", place.city_name.as_deref());
            geo.text("continent_code", place.continent_code.as_deref());
            geo.text("continent_name", place.continent_name.as_deref());
            geo.text("country_iso_code", place.country_iso_code.as_deref());
            geo.text("country_name", place.country_name.as_deref());
            geo.object("location", |location| {
                location.number("lat", place.location.map(|location| location.latitude));
                location.number("lon", place.location.map(|location| location.longitude));
            });
            geo.text("name", place.network_name.as_deref());
            geo.text("region_iso_code", place.region_iso_code.as_deref());
            geo.text("region_name", place.region_name.as_deref());
        });
        Self { before: members.into_text().into(), after: "".into(), known: place }
    }
}

impl Kept<UserAgent> {
    /// `device` and `name`, then `os` and `version` of `user_agent`.
    pub(super) fn user_agent(agent: UserAgent) -> Self {
        let mut before = Members::default();
        before.object("device", |device| device.text("name", Some(&agent.device_name)));
        before.text("name", Some(&agent.name));
        let mut after = Members::default();
        after.object("os", |os| {
            os.text("full", agent.os_full.as_deref());
            os.text("name", agent.os_name.as_deref());
            os.text("version", agent.os_version.as_deref());
        });
        after.text("version", agent.version.as_deref());
        let after = after.into_text();
        let after = if after.is_empty() { after } else { format!(",{after}") };
        Self { before: before.into_text().into(), after: after.into(), known: agent }
    }
}

/// Members of a JSON object being written, without its braces; what says nothing is left out.
#[derive(Default)]
struct Members(Vec<u8>);

impl Members {
    fn key(&mut self, name: &str) {
        if !self.0.is_empty() {
            json::separate(&mut self.0);
        }
        json::string(&mut self.0, name);
        self.0.push(b':');
    }

    fn text(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.key(name);
            json::string(&mut self.0, value);
        }
    }

    fn number(&mut self, name: &str, value: Option<f64>) {
        if let Some(value) = value {
            self.key(name);
            self.0.extend_from_slice(value.to_string().as_bytes());
        }
    }

    fn object(&mut self, name: &str, write: impl FnOnce(&mut Self)) {
        let start = self.0.len();
        self.key(name);
        self.0.push(b'{');
        write(self);
        if self.0.last() == Some(&b'{') {
            self.0.truncate(start);
        } else {
            self.0.push(b'}');
        }
    }

    fn into_text(self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }
}

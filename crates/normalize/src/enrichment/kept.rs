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
    ocsf_before: Box<str>,
    ocsf_after: Box<str>,
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

impl<T> Kept<T> {
    /// OCSF members that sort before the address of an endpoint.
    pub(crate) fn ocsf_before(&self) -> &str {
        &self.ocsf_before
    }

    /// OCSF members of an endpoint or device that sort after its address, each with a comma before.
    pub(crate) fn ocsf_after(&self) -> &str {
        &self.ocsf_after
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
        let (ocsf_before, ocsf_after) = ocsf_of_place(&place);
        Self { before: members.into_text().into(), after: "".into(), ocsf_before, ocsf_after, known: place }
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
        Self {
            before: before.into_text().into(),
            after: following(after),
            ocsf_before: "".into(),
            ocsf_after: ocsf_of_agent(&agent),
            known: agent,
        }
    }
}

/// `autonomous_system`, then `location` of an endpoint.
fn ocsf_of_place(place: &Place) -> (Box<str>, Box<str>) {
    let mut before = Members::default();
    before.object("autonomous_system", |system| {
        system.text("name", place.as_organization_name.as_deref());
        system.number("number", place.as_number.map(f64::from));
    });
    let mut after = Members::default();
    let region = place.region_iso_code.as_deref().or(place.region_name.as_deref());
    // A location must say one of these.
    if place.city_name.is_some() || place.country_iso_code.is_some() || region.is_some() {
        after.object("location", |location| {
            location.text("city", place.city_name.as_deref());
            location.text("continent", place.continent_name.as_deref());
            location.text("country", place.country_iso_code.as_deref());
            location.text("desc", place.network_name.as_deref());
            location.number("lat", place.location.map(|location| location.latitude));
            location.number("long", place.location.map(|location| location.longitude));
            location.text("region", region);
        });
    }
    after.text("zone", place.network_name.as_deref());
    (before.into_text().into(), following(after))
}

/// `os` and `type` of the device that a user agent tells of; nothing if it tells of none.
fn ocsf_of_agent(agent: &UserAgent) -> Box<str> {
    let Some(os) = agent.os_name.as_deref() else { return "".into() };
    let (os_type, os_type_id) = match os {
        "Windows" => ("Windows", 100),
        "Android" => ("Android", 201),
        "Mac OS X" | "macOS" => ("macOS", 300),
        "iOS" if &*agent.device_name == "iPad" => ("iPadOS", 302),
        "iOS" => ("iOS", 301),
        "Linux" | "Ubuntu" | "Debian" | "Fedora" | "Red Hat" | "CentOS" | "SUSE" => ("Linux", 200),
        _ => ("Other", 99),
    };
    let (kind, kind_id) = match (&*agent.device_name, os_type_id) {
        ("iPad", _) => ("Tablet", 4),
        (_, 201 | 301) => ("Mobile", 5),
        (_, 100 | 200 | 300) => ("Desktop", 2),
        _ => ("Unknown", 0),
    };
    let mut members = Members::default();
    members.text("name", Some(&*agent.device_name).filter(|name| *name != "Other"));
    members.object("os", |members| {
        members.text("name", Some(os));
        members.text("type", Some(os_type));
        members.number("type_id", Some(f64::from(os_type_id)));
        members.text("version", agent.os_version.as_deref());
    });
    members.text("type", Some(kind));
    members.number("type_id", Some(f64::from(kind_id)));
    following(members)
}

/// Members with a comma before them, if there are any.
fn following(members: Members) -> Box<str> {
    let text = members.into_text();
    if text.is_empty() { text.into() } else { format!(",{text}").into() }
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

//! The freely licensed data that the build script packed into the program, and whose it is.
//!
//! What the build did not have is `None`, and everything that uses it does without. All of it is read where it lies: it costs
//! no time to load, and only the pages that are looked at are in memory.

mod table;

use std::net::IpAddr;

use self::table::Table;

include!(concat!(env!("OUT_DIR"), "/bundled.rs"));

/// One piece of data. No bytes at all if the build did not have it.
struct Packed {
    version: &'static str,
    bytes: &'static [u8],
}

impl Packed {
    fn version(&self) -> Option<&'static str> {
        (!self.bytes.is_empty()).then_some(self.version)
    }

    /// What a table says of this address.
    fn find(&self, address: IpAddr) -> Option<&'static str> {
        Table::new(self.bytes)?.find(address)
    }
}

/// The text of uap-core's `regexes.yaml`.
pub(super) fn user_agent_patterns() -> Option<&'static str> {
    USER_AGENT_PATTERNS.version().and_then(|_| std::str::from_utf8(USER_AGENT_PATTERNS.bytes).ok())
}

/// ISO 3166-1 alpha-2 code of the country that this address is in.
pub(super) fn country(address: IpAddr) -> Option<&'static str> {
    COUNTRIES.find(address)
}

/// Number and organization of the autonomous system that announces this address.
pub(super) fn autonomous_system(address: IpAddr) -> Option<(u32, &'static str)> {
    let (number, name) = AUTONOMOUS_SYSTEMS.find(address)?.split_once(' ')?;
    Some((number.parse().ok()?, name))
}

/// A piece of data that a program may be built with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// What it is for, as a reader of `--version --verbose` would say it.
    pub provides: &'static str,
    /// The package it comes from.
    pub package: &'static str,
    /// Version of the package; `None` when this program was built without it.
    pub version: Option<&'static str>,
    /// SPDX identifier of its licence.
    pub licence: &'static str,
    /// The attribution that the licence asks for, or that is due.
    pub attribution: &'static str,
}

/// Everything a program may be built with; what this one lacks has no version.
pub fn sources() -> [Source; 3] {
    [
        Source {
            provides: "user agents",
            package: "uap-core",
            version: USER_AGENT_PATTERNS.version(),
            licence: "Apache-2.0",
            attribution: "user-agent patterns of the ua-parser project, https://github.com/ua-parser/uap-core",
        },
        Source {
            provides: "countries of addresses",
            package: "@ip-location-db/geo-whois-asn-country",
            version: COUNTRIES.version(),
            licence: "CC0-1.0",
            attribution: "geo-whois-asn-country by ip-location-db, https://github.com/sapics/ip-location-db, in part from \
                          statistics of the Number Resource Organization (nro.net, CC-BY-4.0)",
        },
        Source {
            provides: "autonomous systems of addresses",
            package: "@ip-location-db/asn",
            version: AUTONOMOUS_SYSTEMS.version(),
            licence: "CC-BY-4.0",
            attribution: "IP geolocation by DB-IP, https://db-ip.com; autonomous systems by RouteViews, \
                          https://www.routeviews.org, and the Number Resource Organization, https://www.nro.net; merged by \
                          ip-location-db, https://github.com/sapics/ip-location-db",
        },
    ]
}

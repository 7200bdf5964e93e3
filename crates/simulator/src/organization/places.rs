//! Where Northwind Robotics works: offices, home connections, carriers, gateways, and the addresses they use.
//!
//! All addresses come from the ranges that are reserved for documentation (RFC 5737, RFC 3849), cut into pieces that
//! are given a geography of their own. The pieces are [`NETWORKS`]; nothing acts from anywhere else.

use jiff::tz::TimeZone;

use super::Network;
use super::random::{mix, salt, scale};

/// An office with its time zone, as a rule rather than a name, so that no zone database is needed.
#[derive(Debug)]
pub(super) struct Office {
    pub(super) city: &'static str,
    pub(super) country: &'static str,
    zone: &'static str,
    /// Members of the organization who belong here.
    pub(super) people: usize,
    premises: &'static str,
    homes: [&'static str; 2],
    carrier: [&'static str; 2],
    gateway: &'static str,
}

/// The four offices. Times: UTC+0/+1, UTC−6/−5, UTC+5:30, UTC+9.
pub(super) const OFFICES: [Office; 4] = [
    Office {
        city: "Lisbon",
        country: "PT",
        zone: "WET0WEST,M3.5.0/1,M10.5.0",
        people: 62,
        premises: "203.0.113.0/26",
        homes: ["192.0.2.0/26", "2001:db8:100::/40"],
        carrier: ["198.51.100.0/27", "2001:db8:500::/40"],
        gateway: "203.0.113.224/28",
    },
    Office {
        city: "Chicago",
        country: "US",
        zone: "CST6CDT,M3.2.0,M11.1.0",
        people: 54,
        premises: "203.0.113.64/26",
        homes: ["192.0.2.64/26", "2001:db8:200::/40"],
        carrier: ["198.51.100.32/27", "2001:db8:600::/40"],
        gateway: "203.0.113.240/28",
    },
    Office {
        city: "Bengaluru",
        country: "IN",
        zone: "IST-5:30",
        people: 40,
        premises: "203.0.113.128/26",
        homes: ["192.0.2.128/26", "2001:db8:300::/40"],
        carrier: ["198.51.100.64/27", "2001:db8:700::/40"],
        gateway: "203.0.113.224/28",
    },
    Office {
        city: "Tokyo",
        country: "JP",
        zone: "JST-9",
        people: 24,
        premises: "203.0.113.192/27",
        homes: ["192.0.2.192/27", "2001:db8:400::/40"],
        carrier: ["198.51.100.96/27", "2001:db8:800::/40"],
        gateway: "203.0.113.240/28",
    },
];

/// Cloud region in which build machines and services run.
pub(super) const CLOUD: [&str; 2] = ["192.0.2.224/27", "2001:db8:c100::/40"];
/// Where software-as-a-service readers of the Compliance API call from.
pub(super) const READERS: &str = "198.51.100.224/27";
/// Hotels and fairs.
pub(super) const TRAVEL: [&str; 2] = ["198.51.100.128/27", "198.51.100.160/27"];
/// Rented servers that nobody at Northwind has a reason to use.
pub(super) const RENTED_SERVERS: &str = "198.51.100.192/28";
/// A second provider of rented servers, in another country.
pub(super) const OTHER_RENTED_SERVERS: &str = "198.51.100.208/28";
/// The rest of the world: people who follow a shared link.
pub(super) const OUTSIDE: [&str; 2] = ["2001:db8:e100::/40", "2001:db8:e200::/40"];

const fn network(
    cidr: &'static str,
    name: &'static str,
    country: &'static str,
    city: &'static str,
    (latitude, longitude): (f64, f64),
    trusted: bool,
) -> Network {
    Network { cidr, name, country, city, latitude, longitude, trusted }
}

const LISBON: (f64, f64) = (38.72, -9.14);
const CHICAGO: (f64, f64) = (41.88, -87.63);
const BENGALURU: (f64, f64) = (12.97, 77.59);
const TOKYO: (f64, f64) = (35.68, 139.69);
const ASHBURN: (f64, f64) = (39.04, -77.49);

/// Every range in use.
pub(super) const NETWORKS: [Network; 31] = [
    network("203.0.113.0/26", "Lisbon office", "PT", "Lisbon", LISBON, true),
    network("203.0.113.64/26", "Chicago office", "US", "Chicago", CHICAGO, true),
    network("203.0.113.128/26", "Bengaluru office", "IN", "Bengaluru", BENGALURU, true),
    network("203.0.113.192/27", "Tokyo office", "JP", "Tokyo", TOKYO, true),
    network("203.0.113.224/28", "VPN gateway Frankfurt", "DE", "Frankfurt am Main", (50.11, 8.68), true),
    network("203.0.113.240/28", "VPN gateway Virginia", "US", "Ashburn", ASHBURN, true),
    network("192.0.2.0/26", "Home connections, Lisbon", "PT", "Lisbon", LISBON, false),
    network("192.0.2.64/26", "Home connections, Chicago", "US", "Chicago", CHICAGO, false),
    network("192.0.2.128/26", "Home connections, Bengaluru", "IN", "Bengaluru", BENGALURU, false),
    network("192.0.2.192/27", "Home connections, Tokyo", "JP", "Tokyo", TOKYO, false),
    network("192.0.2.224/27", "Build cloud, Virginia", "US", "Ashburn", ASHBURN, true),
    network("198.51.100.0/27", "Mobile carrier, Portugal", "PT", "Lisbon", LISBON, false),
    network("198.51.100.32/27", "Mobile carrier, United States", "US", "Chicago", CHICAGO, false),
    network("198.51.100.64/27", "Mobile carrier, India", "IN", "Bengaluru", BENGALURU, false),
    network("198.51.100.96/27", "Mobile carrier, Japan", "JP", "Tokyo", TOKYO, false),
    network("198.51.100.128/27", "Fair and hotels, Hanover", "DE", "Hanover", (52.37, 9.73), false),
    network("198.51.100.160/27", "Hotels, Singapore", "SG", "Singapore", (1.35, 103.82), false),
    network("198.51.100.192/28", "Rented servers, Amsterdam", "NL", "Amsterdam", (52.37, 4.90), false),
    network("198.51.100.208/28", "Rented servers, Reykjavik", "IS", "Reykjavik", (64.15, -21.94), false),
    network("198.51.100.224/27", "Compliance tools, Dublin", "IE", "Dublin", (53.35, -6.26), false),
    network("2001:db8:100::/40", "Home connections, Lisbon", "PT", "Lisbon", LISBON, false),
    network("2001:db8:200::/40", "Home connections, Chicago", "US", "Chicago", CHICAGO, false),
    network("2001:db8:300::/40", "Home connections, Bengaluru", "IN", "Bengaluru", BENGALURU, false),
    network("2001:db8:400::/40", "Home connections, Tokyo", "JP", "Tokyo", TOKYO, false),
    network("2001:db8:500::/40", "Mobile carrier, Portugal", "PT", "Lisbon", LISBON, false),
    network("2001:db8:600::/40", "Mobile carrier, United States", "US", "Chicago", CHICAGO, false),
    network("2001:db8:700::/40", "Mobile carrier, India", "IN", "Bengaluru", BENGALURU, false),
    network("2001:db8:800::/40", "Mobile carrier, Japan", "JP", "Tokyo", TOKYO, false),
    network("2001:db8:c100::/40", "Build cloud, Virginia", "US", "Ashburn", ASHBURN, true),
    network("2001:db8:e100::/40", "Home connections, Canada", "CA", "Toronto", (43.65, -79.38), false),
    network("2001:db8:e200::/40", "Home connections, Spain", "ES", "Madrid", (40.42, -3.70), false),
];

/// Where somebody is while they work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spot {
    Office,
    Home,
    /// At home, through the company's gateway.
    Gateway,
    /// Which of [`TRAVEL`].
    Away(usize),
    /// A phone on the carrier's network, on this day.
    Carrier(i64),
}

impl Office {
    /// Its time zone with summer-time rules.
    pub(super) fn time_zone(&self) -> TimeZone {
        match TimeZone::posix(self.zone) {
            Ok(zone) => zone,
            Err(error) => panic!("time zone rule {:?} of {}: {error}", self.zone, self.city),
        }
    }

    /// The address somebody with this `owner` key has at a spot. Homes keep theirs; carriers change it daily.
    pub(super) fn address(&self, owner: u64, spot: Spot) -> String {
        let owner = mix(owner, salt("address"));
        let second = usize::from(owner.is_multiple_of(5) || owner.is_multiple_of(3));
        match spot {
            // An office goes out through a handful of addresses.
            Spot::Office => address(self.premises, owner % 5),
            Spot::Home => address(self.homes[second], owner >> 8),
            Spot::Gateway => address(self.gateway, owner >> 8),
            Spot::Away(place) => address(TRAVEL[place % TRAVEL.len()], owner >> 8),
            Spot::Carrier(day) => address(self.carrier[second], mix(owner, day as u64)),
        }
    }
}

/// An address in a range, chosen by `draw`. IPv6 ranges give each draw a subscriber's /64 of its own.
pub(super) fn address(cidr: &str, draw: u64) -> String {
    let (base, bits) = cidr.split_once('/').unwrap_or((cidr, "32"));
    let bits: u32 = super::table::number(bits);
    if let Ok(base) = base.parse::<std::net::Ipv4Addr>() {
        let hosts = (1_u32 << (32 - bits)) - 2;
        let host = if draw < 8 { draw as usize } else { scale(mix(draw, 6), hosts as usize) };
        return std::net::Ipv4Addr::from(u32::from(base) + 1 + host as u32).to_string();
    }
    match base.parse::<std::net::Ipv6Addr>() {
        Ok(base) => {
            let spread = mix(draw, 6);
            let subscriber = u128::from(spread & 0xFF_FFFF) << 64;
            let interface = u128::from(mix(spread, 7) | 0x0200_0000_0000_0000);
            std::net::Ipv6Addr::from(u128::from(base) | subscriber | interface).to_string()
        }
        Err(error) => panic!("{cidr:?} is not a range: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether an address lies in a range.
    fn lies_in(cidr: &str, text: &str) -> bool {
        let (base, bits) = cidr.split_once('/').unwrap();
        let bits: u32 = bits.parse().unwrap();
        match (base.parse::<std::net::IpAddr>().unwrap(), text.parse::<std::net::IpAddr>().unwrap()) {
            (std::net::IpAddr::V4(base), std::net::IpAddr::V4(address)) => {
                (u32::from(base) ^ u32::from(address)) >> (32 - bits) == 0
            }
            (std::net::IpAddr::V6(base), std::net::IpAddr::V6(address)) => {
                (u128::from(base) ^ u128::from(address)) >> (128 - bits) == 0
            }
            _ => false,
        }
    }

    #[test]
    fn every_address_lies_in_exactly_one_named_network() {
        let mut addresses = Vec::new();
        for office in &OFFICES {
            for owner in 0..200 {
                for spot in [Spot::Office, Spot::Home, Spot::Gateway, Spot::Away(1), Spot::Carrier(20_000)] {
                    addresses.push(office.address(owner, spot));
                }
            }
        }
        for range in
            [CLOUD[0], CLOUD[1], READERS, RENTED_SERVERS, OTHER_RENTED_SERVERS, OUTSIDE[0], OUTSIDE[1]]
        {
            addresses.extend((0..50).map(|draw| address(range, draw)));
        }
        for address in addresses {
            let found = NETWORKS.iter().filter(|network| lies_in(network.cidr, &address)).count();
            assert_eq!(found, 1, "{address} lies in {found} networks");
        }
    }

    #[test]
    fn networks_are_documentation_ranges() {
        for network in NETWORKS {
            let base = network.cidr.split_once('/').unwrap().0;
            let documented = ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"];
            assert!(documented.iter().any(|range| lies_in(range, base)), "{}", network.cidr);
            assert_eq!(network.country.len(), 2);
        }
    }

    #[test]
    fn time_zones_follow_their_summer_time() {
        let offset =
            |office: &Office, at: &str| office.time_zone().to_offset(at.parse().unwrap()).seconds() / 60;
        assert_eq!(offset(&OFFICES[0], "2026-07-01T00:00:00Z"), 60);
        assert_eq!(offset(&OFFICES[0], "2026-11-23T00:00:00Z"), 0);
        assert_eq!(offset(&OFFICES[1], "2026-07-01T00:00:00Z"), -300);
        assert_eq!(offset(&OFFICES[1], "2026-11-23T00:00:00Z"), -360);
        assert_eq!(offset(&OFFICES[2], "2026-11-23T00:00:00Z"), 330);
        assert_eq!(offset(&OFFICES[3], "2026-11-23T00:00:00Z"), 540);
    }
}

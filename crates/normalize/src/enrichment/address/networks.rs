//! The user's own networks: what they say of an address comes before any database.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use serde::Deserialize;

use super::countries;
use crate::enrichment::Error;

/// One `[[network]]` of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// The addresses: `203.0.113.0/26`, `2001:db8:7::/48`, or one address alone.
    pub cidr: String,
    /// `source.geo.name`.
    #[serde(default)]
    pub name: Option<String>,
    /// ISO 3166-1 alpha-2 code of the country.
    #[serde(default)]
    pub country: Option<String>,
    /// City.
    #[serde(default)]
    pub city: Option<String>,
    /// Latitude and longitude in degrees.
    #[serde(default)]
    pub location: Option<[f64; 2]>,
    /// Kept out of travel rules.
    #[serde(default)]
    pub trusted: bool,
}

/// The user's networks, most particular first. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Networks(Arc<[(Prefix, Network)]>);

/// A block of addresses, by its first and how many leading bits its addresses have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Prefix {
    first: IpAddr,
    length: u8,
}

impl Networks {
    /// Checks the entries. Bits behind the prefix are ignored: `203.0.113.9/24` is `203.0.113.0/24`.
    ///
    /// # Errors
    ///
    /// [`Error::Network`]: a range, country or location that is none, or the same range twice.
    pub fn new(networks: impl IntoIterator<Item = Network>) -> Result<Self, Error> {
        let mut seen = HashSet::new();
        let mut list = Vec::new();
        for mut network in networks {
            let refuse =
                |reason: &str| Error::Network { cidr: network.cidr.clone(), reason: reason.to_owned() };
            let prefix = Prefix::parse(&network.cidr).ok_or_else(|| refuse("it is no range of addresses"))?;
            if !seen.insert(prefix) {
                return Err(refuse("the same range is given twice"));
            }
            if let Some([latitude, longitude]) = network.location
                && !(latitude.abs() <= 90.0 && longitude.abs() <= 180.0)
            {
                return Err(refuse("its location is not [latitude, longitude] in degrees"));
            }
            if let Some(country) = &network.country {
                let code = country.to_ascii_uppercase();
                if countries::find(&code).is_none() {
                    return Err(refuse(&format!("{country:?} is no ISO 3166 code of a country")));
                }
                network.country = Some(code);
            }
            list.push((prefix, network));
        }
        list.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.length));
        Ok(Self(list.into()))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The most particular network that holds this address. Looks through the list: answers are kept by the caller.
    pub(super) fn find(&self, address: IpAddr) -> Option<&Network> {
        self.0.iter().find(|(prefix, _)| prefix.holds(address)).map(|(_, network)| network)
    }
}

impl Prefix {
    fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.trim().split_once('/') {
            Some((address, length)) => (address, Some(length.parse::<u8>().ok()?)),
            None => (text.trim(), None),
        };
        let (first, length) = match address.parse().ok()? {
            IpAddr::V4(address) => (IpAddr::V4(address), length.unwrap_or(32)),
            IpAddr::V6(address) => match (address.to_ipv4_mapped(), length.unwrap_or(128)) {
                (Some(address), length @ 96..) => (IpAddr::V4(address), length - 96),
                (_, length) => (IpAddr::V6(address), length),
            },
        };
        let first = match first {
            IpAddr::V4(address) => {
                let behind = 32_u32.checked_sub(length.into())?;
                Ipv4Addr::from_bits(address.to_bits() & u32::MAX.checked_shl(behind).unwrap_or(0)).into()
            }
            IpAddr::V6(address) => {
                let behind = 128_u32.checked_sub(length.into())?;
                Ipv6Addr::from_bits(address.to_bits() & u128::MAX.checked_shl(behind).unwrap_or(0)).into()
            }
        };
        Some(Self { first, length })
    }

    fn holds(self, address: IpAddr) -> bool {
        let same = match (self.first, address) {
            (IpAddr::V4(first), IpAddr::V4(address)) => (first.to_bits() ^ address.to_bits()).leading_zeros(),
            (IpAddr::V6(first), IpAddr::V6(address)) => (first.to_bits() ^ address.to_bits()).leading_zeros(),
            _ => return false,
        };
        same >= u32::from(self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(cidr: &str, name: &str) -> Network {
        Network { cidr: cidr.to_owned(), name: Some(name.to_owned()), ..Network::default() }
    }

    #[test]
    fn the_longest_prefix_wins() {
        let networks = Networks::new([
            network("0.0.0.0/0", "world"),
            network("203.0.113.9/24", "office"),
            network("203.0.113.64/26", "guests"),
            network("203.0.113.70", "printer"),
            network("2001:db8::/32", "campus"),
            network("2001:db8:7::/48", "laboratory"),
            network("::ffff:198.51.100.0/120", "mapped"),
        ])
        .expect("good entries");
        for (address, expected) in [
            ("203.0.113.1", Some("office")),
            ("203.0.113.63", Some("office")),
            ("203.0.113.64", Some("guests")),
            ("203.0.113.70", Some("printer")),
            ("203.0.113.127", Some("guests")),
            ("203.0.113.128", Some("office")),
            ("203.0.114.0", Some("world")),
            ("198.51.100.255", Some("mapped")),
            ("2001:db8:6:ffff::", Some("campus")),
            ("2001:db8:7::1", Some("laboratory")),
            ("2001:db9::", None),
        ] {
            let found = networks.find(address.parse().expect("an address"));
            assert_eq!(found.and_then(|network| network.name.as_deref()), expected, "{address}");
        }
    }

    #[test]
    fn what_is_refused_says_why() {
        let with = |network: Network| Networks::new([network]).expect_err("refused").to_string();
        for cidr in [
            "",
            "office",
            "203.0.113.0/33",
            "203.0.113.0/-1",
            "203.0.113/24",
            "2001:db8::/129",
            "1.2.3.4/8/9",
        ] {
            let message = with(network(cidr, "x"));
            assert_eq!(message, format!("cannot use network {cidr:?}: it is no range of addresses"));
        }
        let base = network("10.0.0.0/8", "x");
        let message = with(Network { country: Some("Portugal".to_owned()), ..base.clone() });
        assert!(message.ends_with("\"Portugal\" is no ISO 3166 code of a country"), "{message}");
        for location in [[91.0, 0.0], [0.0, -180.5], [f64::NAN, 0.0]] {
            let message = with(Network { location: Some(location), ..base.clone() });
            assert!(message.contains("its location is not"), "{message}");
        }
        let twice = Networks::new([base.clone(), network("10.1.2.3/8", "y")]).expect_err("refused");
        assert!(twice.to_string().contains("given twice"), "{twice}");
    }

    #[test]
    fn a_country_code_may_be_in_small_letters() {
        let entry = Network { country: Some("pt".to_owned()), ..network("10.0.0.0/8", "x") };
        let networks = Networks::new([entry]).expect("a good entry");
        assert_eq!(networks.0[0].1.country.as_deref(), Some("PT"));
    }
}

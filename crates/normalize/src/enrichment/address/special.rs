//! Addresses that are nowhere: what a database says of them, if anything, is noise.
//!
//! The blocks that the IANA registries of special-purpose addresses mark as not globally reachable, and multicast:
//! <https://www.iana.org/assignments/iana-ipv4-special-registry>, <https://www.iana.org/assignments/iana-ipv6-special-registry>.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// First address, prefix length.
const IPV4: &[(Ipv4Addr, u32)] = &[
    (Ipv4Addr::UNSPECIFIED, 8),      // "this network"; the feed's own jobs say 0.0.0.0
    (Ipv4Addr::new(10, 0, 0, 0), 8), // private
    (Ipv4Addr::new(100, 64, 0, 0), 10), // shared by the customers of a carrier
    (Ipv4Addr::new(127, 0, 0, 0), 8), // loopback
    (Ipv4Addr::new(169, 254, 0, 0), 16), // link-local
    (Ipv4Addr::new(172, 16, 0, 0), 12), // private
    (Ipv4Addr::new(192, 0, 0, 0), 24), // protocol assignments
    (Ipv4Addr::new(192, 0, 2, 0), 24), // documentation
    (Ipv4Addr::new(192, 168, 0, 0), 16), // private
    (Ipv4Addr::new(198, 18, 0, 0), 15), // benchmarking
    (Ipv4Addr::new(198, 51, 100, 0), 24), // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24), // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 3), // multicast, reserved, broadcast
];

/// First address, prefix length.
const IPV6: &[(Ipv6Addr, u32)] = &[
    (Ipv6Addr::UNSPECIFIED, 8), // unspecified, loopback, translation from IPv4, reserved
    (Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0), 32), // discard only, dummy
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocol assignments: Teredo, benchmarking, ORCHID
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
    (Ipv6Addr::new(0x5f00, 0, 0, 0, 0, 0, 0, 0), 16), // segment routing
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7), // unique local
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 9), // link-local, and site-local as it once was
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8), // multicast
];

/// Whether this address (not an IPv4-mapped one) is nowhere.
pub(super) fn is_special(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let differs = |first: Ipv4Addr| (address.to_bits() ^ first.to_bits()).leading_zeros();
            IPV4.iter().any(|&(first, length)| differs(first) >= length)
        }
        IpAddr::V6(address) => {
            let differs = |first: Ipv6Addr| (address.to_bits() ^ first.to_bits()).leading_zeros();
            IPV6.iter().any(|&(first, length)| differs(first) >= length)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_edges_of_every_block() {
        for (special, before, behind) in [
            ("0.255.255.255", None, Some("1.0.0.0")),
            ("10.0.0.0", Some("9.255.255.255"), None),
            ("10.255.255.255", None, Some("11.0.0.0")),
            ("100.64.0.0", Some("100.63.255.255"), None),
            ("100.127.255.255", None, Some("100.128.0.0")),
            ("127.0.0.1", Some("126.255.255.255"), Some("128.0.0.0")),
            ("169.254.169.254", Some("169.253.255.255"), Some("169.255.0.0")),
            ("172.16.0.0", Some("172.15.255.255"), None),
            ("172.31.255.255", None, Some("172.32.0.0")),
            ("192.0.0.8", Some("191.255.255.255"), Some("192.0.1.0")),
            ("192.0.2.7", Some("192.0.1.255"), Some("192.0.3.0")),
            ("192.168.1.1", Some("192.167.255.255"), Some("192.169.0.0")),
            ("198.19.255.255", Some("198.17.255.255"), Some("198.20.0.0")),
            ("198.51.100.1", Some("198.51.99.255"), Some("198.51.101.0")),
            ("203.0.113.255", Some("203.0.112.255"), Some("203.0.114.0")),
            ("224.0.0.1", Some("223.255.255.255"), None),
            ("255.255.255.255", None, None),
            ("::", None, None),
            ("::1", None, None),
            ("64:ff9b::1.1.1.1", None, None),
            ("64:ff9b:1::", None, None),
            ("100::1", None, Some("100:1::")),
            ("2001::", Some("2000:ffff::"), None),
            ("2001:1ff:ffff::", None, Some("2001:200::")),
            ("2001:db8::1", Some("2001:db7:ffff::"), Some("2001:db9::")),
            ("3fff:fff::", Some("3ffe:ffff::"), Some("3fff:1000::")),
            ("5f00::", Some("5eff:ffff::"), Some("5f01::")),
            ("fd12:3456::1", Some("fbff::"), Some("fe00::")),
            ("fe80::1", Some("fe7f::"), None),
            ("ff02::1", None, None),
        ] {
            let parsed = |text: &str| text.parse().expect("an address");
            assert!(is_special(parsed(special)), "{special}");
            for public in [before, behind].into_iter().flatten() {
                assert!(!is_special(parsed(public)), "{public}");
            }
        }
    }
}

//! Enrichment, tested from outside: what is known of user agents and addresses, and that nothing given to it does harm.
//!
//! A build without the bundled data passes too: what needs that data says that it was left out.

#[path = "enrichment/databases.rs"]
mod databases;
#[path = "enrichment/mmdb.rs"]
mod mmdb;

use std::net::IpAddr;
use std::sync::LazyLock;

use normalize::enrichment::{Enrichment, Network, Networks, UserAgents, sources};
use proptest::prelude::*;

/// One for all tests: loading the patterns takes seconds in a quick build.
static BUNDLED: LazyLock<Enrichment> = LazyLock::new(Enrichment::bundled);

/// Whether this program holds the data; if not, says so.
fn built_with(provides: &str) -> bool {
    let source = sources().into_iter().find(|source| source.provides == provides).expect("a known source");
    if source.version.is_none() {
        eprintln!("left out: this build has no data for {provides}");
    }
    source.version.is_some()
}

#[test]
fn the_agents_of_this_feed_are_recognised() {
    if !built_with("user agents") {
        return;
    }
    let lines = include_str!("enrichment/user-agents.tsv").lines().filter(|line| !line.starts_with('#'));
    let mut read = 0;
    for line in lines {
        let cells: Vec<&str> = line.split('\t').collect();
        let &[text, name, version, device, os, os_version] = cells.as_slice() else {
            panic!("six cells: {line}");
        };
        let some = |cell: &'static str| (!cell.is_empty()).then_some(cell);
        let agent = BUNDLED.user_agent(text).expect("every text says something");
        assert_eq!(&*agent.name, name, "{text}");
        assert_eq!(agent.version.as_deref(), some(version), "{text}");
        assert_eq!(&*agent.device_name, device, "{text}");
        assert_eq!(agent.os_name.as_deref(), some(os), "{text}");
        assert_eq!(agent.os_version.as_deref(), some(os_version), "{text}");
        let full = some(os_version).map(|version| format!("{os} {version}"));
        assert_eq!(agent.os_full.as_deref(), full.as_deref(), "{text}");
        read += 1;
    }
    assert!(read > 45, "{read}");
}

#[test]
fn every_build_knows_the_programs_of_our_own_rules() {
    for (text, name) in [
        ("claude-cli/1.0.98 (external, cli)", "Claude Code"),
        ("Anthropic/Python 0.40.0", "Anthropic Python SDK"),
        ("claudetrail/0.1.0", "ClaudeTrail"),
    ] {
        assert_eq!(BUNDLED.user_agent(text).map(|agent| agent.name.clone()).as_deref(), Some(name));
    }
}

#[test]
fn a_text_of_nothing_says_nothing() {
    for text in ["", " ", "\t\n"] {
        assert_eq!(BUNDLED.user_agent(text), None, "{text:?}");
    }
}

#[test]
fn blanks_around_a_text_do_not_matter() {
    let text = "claude-cli/1.0.98 (external, cli)";
    assert_eq!(BUNDLED.user_agent(&format!(" {text}\n")), BUNDLED.user_agent(text));
}

/// A megabyte is read as its beginning: otherwise this would take minutes.
#[test]
fn a_huge_text_costs_no_more_than_a_long_one() {
    for text in ["a".repeat(1 << 20), "Mozilla/5.0 (".repeat(80_000), "é(;/".repeat(200_000)] {
        BUNDLED.user_agent(&text);
    }
}

#[test]
fn public_addresses_have_a_country_and_a_system() {
    if !built_with("countries of addresses") || !built_with("autonomous systems of addresses") {
        return;
    }
    for (address, country, continent, system, organization) in [
        ("8.8.8.8", "United States", "NA", 15169, "Google LLC"),
        ("::ffff:8.8.8.8", "United States", "NA", 15169, "Google LLC"),
        ("1.1.1.1", "Australia", "OC", 13335, "Cloudflare, Inc."),
        ("89.160.20.128", "Sweden", "EU", 29518, "Bredband2 AB"),
        ("2606:4700::1111", "United States", "NA", 13335, "Cloudflare, Inc."),
        ("2a00:1450:4001:81b::200e", "Ireland", "EU", 15169, "Google LLC"),
        ("160.79.104.10", "United States", "NA", 399_358, "Anthropic, PBC"),
    ] {
        let place = BUNDLED.place(address.parse().expect("an address")).expect("a place");
        assert_eq!(place.country_name.as_deref(), Some(country), "{address}");
        assert_eq!(place.continent_code.as_deref(), Some(continent), "{address}");
        assert_eq!(place.as_number, Some(system), "{address}");
        assert_eq!(place.as_organization_name.as_deref(), Some(organization), "{address}");
    }
}

#[test]
fn addresses_that_are_nowhere_have_no_place() {
    for address in [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.31.0.1",
        "192.0.2.1",
        "192.168.1.1",
        "198.51.100.9",
        "203.0.113.77",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:10.0.0.1",
        "2001:db8::1",
        "fd00::1",
        "fe80::1",
        "ff02::1",
    ] {
        assert_eq!(BUNDLED.place(address.parse().expect("an address")), None, "{address}");
    }
}

#[test]
fn the_users_own_networks_come_first() {
    let network = |cidr: &str| Network { cidr: cidr.to_owned(), ..Network::default() };
    let enrichment = Enrichment::none().with_networks(
        Networks::new([
            Network {
                name: Some("Lisbon office".to_owned()),
                country: Some("PT".to_owned()),
                city: Some("Lisbon".to_owned()),
                location: Some([38.72, -9.14]),
                trusted: true,
                ..network("203.0.113.0/26")
            },
            Network { name: Some("VPN".to_owned()), trusted: true, ..network("10.8.0.0/16") },
            network("10.9.0.0/16"),
        ])
        .expect("good entries"),
    );
    let place = |address: &str| enrichment.place(address.parse().expect("an address"));
    let office = place("203.0.113.63").expect("a place");
    assert_eq!(office.network_name.as_deref(), Some("Lisbon office"));
    assert_eq!(office.country_iso_code.as_deref(), Some("PT"));
    assert_eq!(office.country_name.as_deref(), Some("Portugal"));
    assert_eq!(office.continent_name.as_deref(), Some("Europe"));
    assert_eq!(office.city_name.as_deref(), Some("Lisbon"));
    assert_eq!(office.location.map(|at| (at.latitude, at.longitude)), Some((38.72, -9.14)));
    assert!(office.trusted);
    assert_eq!(place("::ffff:203.0.113.63"), Some(office));
    assert_eq!(place("203.0.113.64"), None);
    let vpn = place("10.8.1.1").expect("a place");
    assert_eq!(
        (vpn.network_name.as_deref(), vpn.trusted, vpn.country_iso_code.as_deref()),
        (Some("VPN"), true, None)
    );
    assert_eq!(place("10.9.1.1"), None, "an entry that says nothing");
}

#[test]
fn an_empty_enrichment_knows_nothing() {
    let none = Enrichment::none();
    assert_eq!(none.user_agent("curl/8.5.0"), None);
    assert_eq!(none.place("8.8.8.8".parse().expect("an address")), None);
    assert!(none.sources().is_empty());
}

#[test]
fn every_source_names_its_licence_and_owner() {
    assert_eq!(BUNDLED.sources(), sources());
    for source in sources() {
        assert!(!source.licence.is_empty() && source.attribution.contains("https://"), "{source:?}");
        assert!(
            source.version.is_none_or(|version| version.starts_with(|digit: char| digit.is_ascii_digit())),
            "{source:?}"
        );
    }
}

/// Pieces that patterns look for, so that random texts reach them.
fn agent_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "Mozilla/5.0 ",
            "(Macintosh; ",
            "Android 14; ",
            "Chrome/",
            "Claude/",
            "Electron/",
            "claude-cli/",
            " Build/",
            "1.2.3",
            ") ",
            "CFNetwork/",
            "Anthropic",
            "/Python ",
            "bot",
            "; ",
            "Version/",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_is_read_and_read_the_same_again(text in agent_text()) {
        let first = UserAgents::new().parse(&text);
        prop_assert_eq!(BUNDLED.user_agent(&text), first.clone());
        prop_assert_eq!(BUNDLED.user_agent(&text), first.clone());
        if let Some(agent) = first {
            prop_assert!(!agent.name.is_empty() && !agent.device_name.is_empty());
            prop_assert_eq!(agent.os_version.is_some(), agent.os_full.is_some());
        }
    }

    #[test]
    fn any_address_is_looked_up(address: IpAddr) {
        let place = BUNDLED.place(address);
        prop_assert_eq!(BUNDLED.place(address), place.clone());
        if let IpAddr::V4(plain) = address {
            prop_assert_eq!(BUNDLED.place(plain.to_ipv6_mapped().into()), place);
        }
    }
}

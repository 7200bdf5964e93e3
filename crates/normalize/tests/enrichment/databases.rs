//! The user's own databases: both schemas, their order, replacement, and damage.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use normalize::enrichment::{Database, Enrichment, Network, Networks, Place};
use proptest::prelude::*;

use super::mmdb::Value::{self, Double, Float, List, Number, Text};
use super::mmdb::{database, map};

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn nested_city(city: &'static str) -> Value {
    let names = |name| map([("names", map([("de", Text("anders")), ("en", Text(name))]))]);
    let coded = |key, code, name| map([(key, Text(code)), ("names", map([("en", Text(name))]))]);
    map([
        ("city", names(city)),
        ("continent", coded("code", "EU", "Europe")),
        ("country", coded("iso_code", "PT", "Portuguese Republic")),
        ("location", map([("latitude", Double(38.72)), ("longitude", Double(-9.14))])),
        ("subdivisions", List(vec![coded("iso_code", "11", "Lisbon District")])),
    ])
}

fn flat_city() -> Value {
    map([
        ("city", Text("Mountain View")),
        ("country_code", Text("US")),
        ("latitude", Float(37.42)),
        ("longitude", Float(-122.08)),
        ("state1", Text("California")),
        ("state2", Text("")),
    ])
}

fn system(number: u32) -> Value {
    map([
        ("autonomous_system_number", Number(number)),
        ("autonomous_system_organization", Text("Example Networks, with a name of more than thirty bytes")),
    ])
}

fn with(files: Vec<Vec<u8>>) -> Enrichment {
    let read = |(at, bytes)| Database::read(format!("file {at}"), bytes).expect("a good database");
    Enrichment::none().with_databases(files.into_iter().enumerate().map(read).collect())
}

#[test]
fn both_schemas_are_read_at_every_record_size() {
    for record_bits in [24, 28, 32] {
        let nested = database(
            "GeoIP2-City",
            6,
            record_bits,
            &[("2a01::/16", nested_city("Lisbon")), ("8.8.0.0/16", nested_city("Lisbon"))],
        );
        for text in ["2a01::1", "8.8.8.8", "::ffff:8.8.8.8"] {
            let place = with(vec![nested.clone()]).place(address(text)).expect("a place");
            assert_eq!(place.country_iso_code.as_deref(), Some("PT"), "{text}");
            assert_eq!(place.country_name.as_deref(), Some("Portugal"), "one name, whichever the database");
            assert_eq!(place.continent_code.as_deref(), Some("EU"));
            assert_eq!(place.region_iso_code.as_deref(), Some("PT-11"));
            assert_eq!(place.region_name.as_deref(), Some("Lisbon District"));
            assert_eq!(place.city_name.as_deref(), Some("Lisbon"));
            assert_eq!(place.location.map(|at| (at.latitude, at.longitude)), Some((38.72, -9.14)));
        }
        let flat = database("city ipv4", 4, record_bits, &[("8.8.8.0/24", flat_city())]);
        let place = with(vec![flat]).place(address("8.8.8.8")).expect("a place");
        assert_eq!(place.country_name.as_deref(), Some("United States"));
        assert_eq!(
            (place.region_iso_code.as_deref(), place.region_name.as_deref()),
            (None, Some("California"))
        );
        assert_eq!(place.city_name.as_deref(), Some("Mountain View"));
        let location = place.location.map(|at| (at.latitude, at.longitude));
        assert_eq!(location, Some((37.42, -122.08)), "not 37.41999816894531");
    }
}

#[test]
fn a_database_of_one_family_leaves_the_other_alone() {
    let enrichment = with(vec![
        database("city", 4, 24, &[("8.8.8.0/24", flat_city())]),
        database("city", 6, 24, &[("2a01::/16", nested_city("Lisbon"))]),
    ]);
    let city = |text| enrichment.place(address(text)).and_then(|place| place.city_name.clone());
    assert_eq!(city("8.8.8.8").as_deref(), Some("Mountain View"));
    assert_eq!(city("2a01::8").as_deref(), Some("Lisbon"));
    assert_eq!(city("2b01::8"), None);
    assert_eq!(city("9.9.9.9"), None);
}

#[test]
fn geography_is_of_one_source_and_the_first_that_has_any() {
    let country = database("country", 4, 24, &[("8.8.8.0/24", map([("country_code", Text("PT"))]))]);
    let city = database("city", 4, 24, &[("8.8.0.0/16", flat_city())]);
    let systems = database("asn", 4, 24, &[("8.0.0.0/8", system(64_500))]);
    let network = Network { cidr: "8.8.9.0/24".into(), country: Some("JP".into()), ..Network::default() };
    let enrichment =
        with(vec![country, city, systems]).with_networks(Networks::new([network]).expect("good"));
    for (text, country, city) in
        [("8.8.8.8", "PT", None), ("8.8.7.7", "US", Some("Mountain View")), ("8.8.9.9", "JP", None)]
    {
        let place = enrichment.place(address(text)).expect("a place");
        assert_eq!(place.country_iso_code.as_deref(), Some(country), "{text}");
        assert_eq!(place.city_name.as_deref(), city, "{text}");
        assert_eq!(place.as_number, Some(64_500), "the system of an address is another question");
        assert!(place.as_organization_name.as_deref().is_some_and(|name| name.ends_with("thirty bytes")));
    }
}

#[test]
fn a_named_network_still_gets_its_geography_from_databases() {
    let city = database("city", 4, 24, &[("8.8.0.0/16", flat_city())]);
    let network =
        Network { cidr: "8.8.0.0/16".into(), name: Some("VPN".into()), trusted: true, ..Network::default() };
    let enrichment = with(vec![city]).with_networks(Networks::new([network]).expect("good"));
    let place = enrichment.place(address("8.8.8.8")).expect("a place");
    assert_eq!((place.network_name.as_deref(), place.trusted), (Some("VPN"), true));
    assert_eq!(place.country_iso_code.as_deref(), Some("US"));
}

#[test]
fn databases_are_not_asked_about_addresses_that_are_nowhere() {
    let everything = || database("city", 4, 24, &[("0.0.0.0/1", flat_city()), ("128.0.0.0/1", flat_city())]);
    let enrichment = with(vec![everything()]);
    assert!(enrichment.place(address("9.9.9.9")).is_some());
    for text in ["0.0.0.0", "10.0.0.1", "192.0.2.1", "203.0.113.1", "::ffff:127.0.0.1", "224.0.0.1"] {
        assert_eq!(enrichment.place(address(text)), None, "{text}");
    }
}

#[test]
fn fields_of_other_types_count_as_absent() {
    let odd = database(
        "odd",
        4,
        24,
        &[(
            "8.8.8.0/24",
            map([
                ("country", Text("Portugal")),
                ("country_code", Number(7)),
                ("city", List(vec![Text("Lisbon")])),
                ("latitude", Text("north")),
                ("longitude", Double(1.0)),
                ("state1", Text("Lisbon District")),
                ("autonomous_system_number", List(vec![Number(64_500)])),
            ]),
        )],
    );
    let expected = Place { region_name: Some("Lisbon District".into()), ..Place::default() };
    assert_eq!(with(vec![odd]).place(address("8.8.8.8")).as_deref().map(|kept| &**kept), Some(&expected));
}

#[test]
fn numbers_may_be_of_any_type() {
    for (number, expected) in [
        (Value::Short(64_500), Some(64_500)),
        (Number(4_200_000_000), Some(4_200_000_000)),
        (Value::Long(13_335), Some(13_335)),
        (Value::Long(1 << 40), None),
        (Double(13_335.0), Some(13_335)),
        (Text("AS13335"), Some(13_335)),
        (Text("none"), None),
        (Number(0), None),
    ] {
        let record = map([("city", Text("Lisbon")), ("autonomous_system_number", number)]);
        let place = with(vec![database("odd", 4, 24, &[("8.8.8.0/24", record)])]).place(address("8.8.8.8"));
        assert_eq!(place.expect("a city").as_number, expected);
    }
    let record = map([("latitude", Text("38.72")), ("longitude", Value::Short(9))]);
    let place = with(vec![database("odd", 4, 24, &[("8.8.8.0/24", record)])]).place(address("8.8.8.8"));
    let location = place.expect("a place").location.map(|at| (at.latitude, at.longitude));
    assert_eq!(location, Some((38.72, 9.0)));
}

/// The same data in two forms, read by two readers: a published MMDB file, and the table packed into the program.
#[test]
fn a_published_database_and_the_bundled_table_agree() {
    let file =
        "../../enrichment/node_modules/@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb";
    let Ok(bytes) = std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file)) else {
        eprintln!("left out: there is no {file}");
        return;
    };
    if !super::built_with("countries of addresses") {
        return;
    }
    let published =
        Enrichment::none().with_databases(vec![Database::read("published", bytes).expect("a good database")]);
    let bundled = Enrichment::bundled();
    let mut known = [0, 0];
    for step in 0..40_000_u32 {
        let spread = step.wrapping_mul(0x9E37_79B1);
        // Of IPv6, the blocks that are given out: 2001::/16, 2400::/12 and so on.
        let block = [0x2001, 0x2400, 0x2600, 0x2800, 0x2a00, 0x2c00][step as usize % 6]
            + (u128::from(spread >> 28) & 0xF);
        for address in
            [IpAddr::V4(spread.into()), IpAddr::V6((block << 112 | u128::from(spread) << 84).into())]
        {
            let country = |enrichment: &Enrichment| {
                enrichment.place(address).and_then(|place| place.country_iso_code.clone())
            };
            let expected = country(&published);
            known[usize::from(address.is_ipv6())] += u32::from(expected.is_some());
            assert_eq!(country(&bundled), expected, "{address}");
        }
    }
    assert!(known[0] > 20_000 && known[1] > 1_000, "{known:?}");
}

#[test]
fn a_file_that_is_no_database_of_places_is_refused_with_the_reason() {
    let good = database("city", 4, 24, &[("8.8.8.0/24", flat_city())]);
    let useless = database("Anonymous-IP", 4, 24, &[("8.8.8.0/24", map([("is_anonymous", Number(1))]))]);
    let metadata = good.windows(3).rposition(|window| window == b"\xab\xcd\xef").expect("metadata");
    let mut nowhere = good.clone();
    nowhere[..metadata - 60].fill(0xFF);
    for (bytes, reason) in [
        (Vec::new(), "could not find MaxMind DB metadata"),
        (b"<html>404</html>".to_vec(), "could not find MaxMind DB metadata"),
        (good[..good.len() / 2].to_vec(), "could not find MaxMind DB metadata"),
        (good[metadata - 20..].to_vec(), "search tree extends beyond"),
        (nowhere, "invalid"),
        (useless, "neither where an address is nor whose (its type is \"Anonymous-IP\")"),
    ] {
        let error = Database::read("/etc/city.mmdb", bytes).expect_err(reason);
        let message = error.to_string();
        assert!(message.starts_with("cannot use address database /etc/city.mmdb: "), "{message}");
        assert!(message.contains(reason), "{message} should say {reason}");
        assert!(error.hint().contains("MMDB"), "{}", error.hint());
    }
}

#[test]
fn a_database_says_what_it_is() {
    let database =
        Database::read("x", database("GeoLite2-ASN", 6, 28, &[("2a01::/16", system(1))])).expect("good");
    assert_eq!((database.name(), database.kind()), ("x", "GeoLite2-ASN"));
    assert_eq!(database.built().map(|time| time.to_string()).as_deref(), Some("2023-11-14T22:13:20Z"));
}

#[test]
fn replaced_databases_answer_from_then_on_in_every_clone() {
    let city = |name| database("city", 4, 24, &[("8.0.0.0/8", nested_city(name))]);
    let read = |name| vec![Database::read(name, city(name)).expect("a good database")];
    let enrichment = with(vec![city("before")]);
    let clone = enrichment.clone();
    let name = |enrichment: &Enrichment, text: &str| {
        enrichment.place(address(text)).and_then(|place| place.city_name.clone()).expect("a city")
    };
    assert_eq!(&*name(&clone, "8.8.8.8"), "before");
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Look-ups go on while it is replaced; none of their answers may outlive the databases they come from.
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                for last in 0..=255 {
                    name(&clone, &format!("8.8.8.{last}"));
                }
            }
        });
        for round in 0..200 {
            let expected = if round % 2 == 0 { "even" } else { "odd" };
            enrichment.replace_databases(read(expected));
            for last in 0..=255 {
                assert_eq!(&*name(&enrichment, &format!("8.8.8.{last}")), expected);
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(enrichment.databases().len(), 1);
    enrichment.replace_databases(Vec::new());
    assert_eq!(clone.place(address("8.8.8.8")), None);
}

proptest! {
    #[test]
    fn damaged_databases_do_no_harm(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), bits: u32, wide: u128,
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = database("city", 6, 24, &[
            ("2a01::/16", nested_city("Lisbon")), ("8.8.0.0/16", flat_city()), ("1.0.0.0/8", system(7)),
        ]);
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.drain(..cut.index(bytes.len()));
        }
        if let Ok(database) = Database::read("damaged", bytes) {
            let enrichment = Enrichment::none().with_databases(vec![database]);
            for address in [IpAddr::V4(bits.into()), IpAddr::V6(wide.into()), address("8.8.8.8"), address("2a01::1")] {
                let _ = enrichment.place(address);
            }
        }
    }

    #[test]
    fn bytes_of_no_kind_are_refused(bytes: Vec<u8>) {
        prop_assert!(Database::read("bytes", bytes).is_err());
    }
}

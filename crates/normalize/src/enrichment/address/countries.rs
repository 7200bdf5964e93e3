//! Names of countries and their continents, in English.
//!
//! `countries.tsv` is our own list of the codes of ISO 3166-1 (and `XK`, which databases use for Kosovo), by their common names.

use std::sync::LazyLock;

/// One country.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Country {
    code: &'static str,
    pub(super) name: &'static str,
    pub(super) continent: Continent,
}

/// A continent by its two letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Continent(&'static str);

static COUNTRIES: LazyLock<Vec<Country>> = LazyLock::new(|| {
    let country = |line: &'static str| {
        let mut cells = line.split('\t');
        Some(Country { code: cells.next()?, name: cells.next()?, continent: Continent(cells.next()?) })
    };
    include_str!("countries.tsv").lines().filter_map(country).collect()
});

/// The country of this code, in capitals.
pub(super) fn find(code: &str) -> Option<Country> {
    COUNTRIES.binary_search_by(|country| country.code.cmp(code)).ok().map(|at| COUNTRIES[at])
}

impl Continent {
    pub(super) fn code(self) -> &'static str {
        self.0
    }

    pub(super) fn name(self) -> &'static str {
        match self.0 {
            "AF" => "Africa",
            "AN" => "Antarctica",
            "AS" => "Asia",
            "EU" => "Europe",
            "NA" => "North America",
            "OC" => "Oceania",
            _ => "South America",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_whole_and_in_order() {
        let lines = include_str!("countries.tsv").lines();
        assert_eq!(lines.clone().count(), 250);
        assert_eq!(COUNTRIES.len(), 250);
        assert!(COUNTRIES.is_sorted_by(|one, other| one.code < other.code));
        for country in COUNTRIES.iter() {
            let code = country.code;
            assert!(code.len() == 2 && code.bytes().all(|letter| letter.is_ascii_uppercase()), "{country:?}");
            assert!(
                ["AF", "AN", "AS", "EU", "NA", "OC", "SA"].contains(&country.continent.code()),
                "{country:?}"
            );
            assert_eq!(country.name.trim(), country.name, "{country:?}");
        }
        let names: std::collections::HashSet<_> = COUNTRIES.iter().map(|country| country.name).collect();
        assert_eq!(names.len(), 250);
    }

    #[test]
    fn some_countries() {
        for (code, expected) in [
            ("PT", Some(("Portugal", "Europe"))),
            ("US", Some(("United States", "North America"))),
            ("BR", Some(("Brazil", "South America"))),
            ("JP", Some(("Japan", "Asia"))),
            ("ZA", Some(("South Africa", "Africa"))),
            ("NZ", Some(("New Zealand", "Oceania"))),
            ("AQ", Some(("Antarctica", "Antarctica"))),
            ("pt", None),
            ("ZZ", None),
            ("", None),
        ] {
            assert_eq!(
                find(code).map(|country| (country.name, country.continent.name())),
                expected,
                "{code}"
            );
        }
    }
}

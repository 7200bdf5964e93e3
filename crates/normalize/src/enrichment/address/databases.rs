//! Address databases in the MMDB format, from whoever makes them.
//!
//! Two schemas are read, field by field, so that any mixture works: `MaxMind`'s nested one (`country.iso_code`), which others
//! use too, and the flat one of ip-location-db (`country_code`, `state1`). Numbers may be of any type; any
//! other field of another type than expected counts as absent.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use jiff::Timestamp;
use maxminddb::{LookupResult, MaxMindDbError, PathElement, Reader, WithinOptions};
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, Visitor};

use super::{Location, Place};
use crate::enrichment::Error;

/// One database, held in memory whole.
pub struct Database {
    name: String,
    reader: Reader<Vec<u8>>,
}

type Path = &'static [PathElement<'static>];

/// Where a field may be: nested, then flat.
struct Field(&'static [Path]);

macro_rules! field {
    ($($path:expr),+) => { Field(&[$(&$path),+]) };
}

const fn key(name: &'static str) -> PathElement<'static> {
    PathElement::Key(name)
}

const FIRST: PathElement<'static> = PathElement::Index(0);

const COUNTRY_CODE: Field = field!([key("country"), key("iso_code")], [key("country_code")]);
const COUNTRY_NAME: Field = field!([key("country"), key("names"), key("en")], [key("country_name")]);
const CONTINENT_CODE: Field = field!([key("continent"), key("code")], [key("continent_code")]);
const CONTINENT_NAME: Field = field!([key("continent"), key("names"), key("en")], [key("continent_name")]);
const REGION_CODE: Field = field!([key("subdivisions"), FIRST, key("iso_code")]);
const REGION_NAME: Field = field!([key("subdivisions"), FIRST, key("names"), key("en")], [key("state1")]);
const CITY: Field = field!([key("city"), key("names"), key("en")], [key("city")]);
const LATITUDE: Field = field!([key("location"), key("latitude")], [key("latitude")]);
const LONGITUDE: Field = field!([key("location"), key("longitude")], [key("longitude")]);
const SYSTEM_NUMBER: Field =
    field!([key("autonomous_system_number")], [key("traits"), key("autonomous_system_number")]);
const SYSTEM_NAME: Field =
    field!([key("autonomous_system_organization")], [key("traits"), key("autonomous_system_organization")]);

/// How many networks from the beginning, and how many addresses spread over the whole, are read before a database is used.
const CHECKED: u32 = 2048;

impl Database {
    /// A database from the bytes of its file. `name`, usually the path, stands in errors and in [`Database::name`].
    ///
    /// A sample of the records is read, so that a damaged file or one of another kind is noticed here and not when an address
    /// is looked up: some milliseconds, whatever the size.
    ///
    /// # Errors
    ///
    /// [`Error::Database`]: the bytes are no MMDB file, are damaged, or say neither where an address is nor whose.
    pub fn read(name: impl Into<String>, bytes: Vec<u8>) -> Result<Self, Error> {
        let name = name.into();
        match Reader::from_source(bytes)
            .and_then(|reader| Self::check(&reader).map(|useful| (reader, useful)))
        {
            Ok((reader, true)) => Ok(Self { name, reader }),
            Ok((reader, false)) => {
                let kind = &reader.metadata().database_type;
                let reason = format!("it says neither where an address is nor whose (its type is {kind:?})");
                Err(Error::Database { name, reason })
            }
            Err(error) => Err(Error::Database { name, reason: error.to_string() }),
        }
    }

    /// The name it was given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its maker calls this kind of database: "GeoLite2-City".
    pub fn kind(&self) -> &str {
        &self.reader.metadata().database_type
    }

    /// When it was made; `None` if the file names a time out of range.
    pub fn built(&self) -> Option<Timestamp> {
        let seconds = i64::try_from(self.reader.metadata().build_epoch).ok()?;
        Timestamp::from_second(seconds).ok()
    }

    /// Reads a sample. Whether any of it says something we want.
    fn check(reader: &Reader<Vec<u8>>) -> Result<bool, MaxMindDbError> {
        let mut useful = false;
        for network in reader.networks(WithinOptions::default())?.take(CHECKED as usize) {
            let record = network?;
            record.decode::<IgnoredAny>()?;
            useful = useful || geography(&record).is_some() || system(&record).is_some();
        }
        for step in 0..CHECKED {
            // Multiplied by an odd number, so that the addresses differ in all their bits.
            reader
                .lookup(Ipv4Addr::from_bits(step.wrapping_mul(0x9E37_79B1)).into())?
                .decode::<IgnoredAny>()?;
            if reader.metadata().ip_version == 6 {
                let bits =
                    1 << 125 | u128::from(step) << 110 | u128::from(step.wrapping_mul(0x9E37_79B1)) << 70;
                reader.lookup(Ipv6Addr::from_bits(bits).into())?.decode::<IgnoredAny>()?;
            }
        }
        Ok(useful)
    }

    /// Adds to the place what it does not say yet: geography whole or not at all, so that no city of one source ends up in the
    /// country of another.
    pub(super) fn add(&self, address: IpAddr, place: &mut Place) {
        if address.is_ipv6() && self.reader.metadata().ip_version == 4 {
            return;
        }
        // What is damaged beyond the sample says nothing.
        let Ok(record) = self.reader.lookup(address) else {
            return;
        };
        if !record.has_data() {
            return;
        }
        if !place.has_geography()
            && let Some(found) = geography(&record)
        {
            place.set_geography(found);
        }
        if place.as_number.is_none()
            && let Some((number, name)) = system(&record)
        {
            place.as_number = Some(number);
            place.as_organization_name = name;
        }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind();
        formatter
            .debug_struct("Database")
            .field("name", &self.name)
            .field("kind", &kind)
            .finish_non_exhaustive()
    }
}

type Record<'a> = LookupResult<'a, Vec<u8>>;

fn geography(record: &Record<'_>) -> Option<Place> {
    let code = |field: Field| {
        field
            .text(record)
            .filter(|text| text.len() == 2 && text.bytes().all(|letter| letter.is_ascii_uppercase()))
    };
    let mut place = Place {
        country_iso_code: code(COUNTRY_CODE),
        country_name: COUNTRY_NAME.text(record),
        continent_code: code(CONTINENT_CODE),
        continent_name: CONTINENT_NAME.text(record),
        region_name: REGION_NAME.text(record),
        city_name: CITY.text(record),
        location: LATITUDE.number(record).zip(LONGITUDE.number(record)).and_then(Location::new),
        ..Place::default()
    };
    if let (Some(country), Some(region)) = (&place.country_iso_code, REGION_CODE.text(record)) {
        place.region_iso_code = Some(format!("{country}-{region}").into());
    }
    place.has_geography().then_some(place)
}

fn system(record: &Record<'_>) -> Option<(u32, Option<Box<str>>)> {
    let number =
        SYSTEM_NUMBER.number(record).filter(|number| (1.0..=f64::from(u32::MAX)).contains(number))?;
    Some((number as u32, SYSTEM_NAME.text(record)))
}

impl Field {
    /// The first of the paths that leads to a value of this type.
    fn get<'a, T: Deserialize<'a>>(&self, record: &Record<'a>) -> Option<T> {
        self.0.iter().find_map(|path| record.decode_path(path).ok().flatten())
    }

    fn text(&self, record: &Record<'_>) -> Option<Box<str>> {
        self.get::<&str>(record).map(str::trim).filter(|text| !text.is_empty()).map(Into::into)
    }

    fn number(&self, record: &Record<'_>) -> Option<f64> {
        self.get::<Digits>(record).map(|digits| digits.0)
    }
}

/// A number as its maker meant it, of whichever type: 37.42 in single precision would become 37.41999816894531.
struct Digits(f64);

impl<'de> Deserialize<'de> for Digits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl Visitor<'_> for Any {
            type Value = Digits;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a number")
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Digits, E> {
                Ok(Digits(number))
            }

            fn visit_f32<E: de::Error>(self, number: f32) -> Result<Digits, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Digits, E> {
                Ok(Digits(number as f64))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Digits, E> {
                Ok(Digits(number as f64))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Digits, E> {
                text.trim_start_matches("AS").parse().map(Digits).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Any)
    }
}

//! Addresses: where one is and whose, for `source.geo.*` and `source.as.*`.
//!
//! The user's own networks speak first, then the user's databases in their order, then what the program was built with.
//! Geography comes whole from the first that has any; the autonomous system likewise. Addresses that are nowhere ([`special`])
//! get nothing from a database. Answers are kept, bounded in number; a cached one costs a few tens of nanoseconds.

mod countries;
mod databases;
mod networks;
mod special;

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use quick_cache::sync::Cache;

pub use self::databases::Database;
pub use self::networks::{Network, Networks};
use super::{Kept, bundled};

/// What is known of an address, by the names of the ECS fields under `source`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Place {
    /// `geo.name`: the user's own name of the network.
    pub network_name: Option<Box<str>>,
    /// Whether the user marked the network as trusted.
    pub trusted: bool,
    /// `geo.country_iso_code`: ISO 3166-1 alpha-2, "PT".
    pub country_iso_code: Option<Box<str>>,
    /// `geo.country_name`, in English.
    pub country_name: Option<Box<str>>,
    /// `geo.continent_code`: "EU".
    pub continent_code: Option<Box<str>>,
    /// `geo.continent_name`, in English.
    pub continent_name: Option<Box<str>>,
    /// `geo.region_iso_code`: ISO 3166-2, "PT-11".
    pub region_iso_code: Option<Box<str>>,
    /// `geo.region_name`, in English.
    pub region_name: Option<Box<str>>,
    /// `geo.city_name`, in English.
    pub city_name: Option<Box<str>>,
    /// `geo.location`.
    pub location: Option<Location>,
    /// `as.number`.
    pub as_number: Option<u32>,
    /// `as.organization.name`.
    pub as_organization_name: Option<Box<str>>,
}

/// A point on Earth, in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Location {
    /// North of the equator, -90 to 90.
    pub latitude: f64,
    /// East of Greenwich, -180 to 180.
    pub longitude: f64,
}

impl Location {
    /// `None` for what is not on Earth.
    pub(crate) fn new((latitude, longitude): (f64, f64)) -> Option<Self> {
        (latitude.abs() <= 90.0 && longitude.abs() <= 180.0).then_some(Self { latitude, longitude })
    }
}

impl Place {
    fn has_geography(&self) -> bool {
        self.location.is_some()
            || [&self.country_iso_code, &self.country_name, &self.continent_code, &self.continent_name]
                .into_iter()
                .chain([&self.region_iso_code, &self.region_name, &self.city_name])
                .any(Option::is_some)
    }

    fn set_geography(&mut self, from: Self) {
        *self = Self {
            network_name: self.network_name.take(),
            trusted: self.trusted,
            as_number: self.as_number,
            as_organization_name: self.as_organization_name.take(),
            ..from
        };
    }

    /// Names what the country code stands for, the same whichever database it comes from.
    fn name_country(&mut self) {
        if let Some(country) = self.country_iso_code.as_deref().and_then(countries::find) {
            self.country_name = Some(country.name.into());
            self.continent_code = Some(country.continent.code().into());
            self.continent_name = Some(country.continent.name().into());
        }
    }
}

/// Addresses whose answers are kept, about 700 bytes each.
const CACHE_ADDRESSES: usize = 16_384;

/// Finds places and keeps the answers.
#[derive(Debug)]
pub(super) struct Places {
    networks: Networks,
    bundled: bool,
    databases: RwLock<Current>,
    /// That of `databases`, to be read without the lock.
    generation: AtomicU64,
    cache: Cache<Key, Option<Arc<Kept<Place>>>>,
}

/// The user's databases, and how often they were replaced.
#[derive(Clone, Debug)]
struct Current {
    generation: u64,
    databases: Arc<[Database]>,
}

/// Answers of databases that are no longer used are never found again, not even one that was on its way when they were replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    address: u128,
    generation: u64,
}

impl Places {
    pub(super) fn new(networks: Networks, databases: Arc<[Database]>, bundled: bool) -> Self {
        Self {
            networks,
            bundled,
            databases: RwLock::new(Current { generation: 0, databases }),
            generation: AtomicU64::new(0),
            cache: Cache::new(CACHE_ADDRESSES),
        }
    }

    pub(super) fn networks(&self) -> &Networks {
        &self.networks
    }

    pub(super) fn databases(&self) -> Arc<[Database]> {
        self.current().databases
    }

    /// Puts other databases in the place of these.
    pub(super) fn replace_databases(&self, databases: Arc<[Database]>) {
        let mut current = self.databases.write().unwrap_or_else(PoisonError::into_inner);
        current.generation += 1;
        current.databases = databases;
        self.generation.store(current.generation, Ordering::Release);
        drop(current);
        self.cache.clear();
    }

    fn current(&self) -> Current {
        self.databases.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is known of this address.
    pub(super) fn find(&self, address: IpAddr) -> Option<Arc<Kept<Place>>> {
        let address = address.to_canonical();
        let bits = match address {
            IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
            IpAddr::V6(address) => address.to_bits(),
        };
        let key = Key { address: bits, generation: self.generation.load(Ordering::Acquire) };
        if let Some(kept) = self.cache.get(&key) {
            return kept;
        }
        let current = self.current();
        let place = self.look_up(address, &current.databases).map(|place| Arc::new(Kept::place(place)));
        self.cache.insert(Key { generation: current.generation, ..key }, place.clone());
        place
    }

    fn look_up(&self, address: IpAddr, databases: &[Database]) -> Option<Place> {
        let mut place = self.networks.find(address).map(of_network).unwrap_or_default();
        if !special::is_special(address) {
            for database in databases {
                database.add(address, &mut place);
            }
            if self.bundled {
                add_bundled(address, &mut place);
            }
        }
        place.name_country();
        (place != Place::default()).then_some(place)
    }
}

fn of_network(network: &Network) -> Place {
    let text = |text: &Option<String>| text.as_deref().filter(|text| !text.is_empty()).map(Into::into);
    Place {
        network_name: text(&network.name),
        trusted: network.trusted,
        country_iso_code: text(&network.country),
        city_name: text(&network.city),
        location: network.location.and_then(|[latitude, longitude]| Location::new((latitude, longitude))),
        ..Place::default()
    }
}

fn add_bundled(address: IpAddr, place: &mut Place) {
    if !place.has_geography() {
        place.country_iso_code = bundled::country(address).map(Into::into);
    }
    if place.as_number.is_none()
        && let Some((number, name)) = bundled::autonomous_system(address)
    {
        place.as_number = Some(number);
        place.as_organization_name = Some(name).filter(|name| !name.is_empty()).map(Into::into);
    }
}

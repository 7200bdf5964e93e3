//! What a document says beyond the activity itself: which program a user agent is, where an address is and whose.
//!
//! [`Enrichment`] holds everything behind one pointer and is shared by every thread that writes documents. Nothing here does
//! I/O: the patterns, countries and autonomous systems that come with the program are part of it ([`sources`]), and the
//! user's own databases are handed over as bytes. Answers are kept, bounded, so that a look-up that was made before costs some
//! tens of nanoseconds.
//!
//! ```
//! use normalize::enrichment::{Enrichment, Network, Networks};
//!
//! let office = Network { cidr: "203.0.113.0/26".into(), name: Some("Lisbon office".into()), ..Network::default() };
//! let enrichment = Enrichment::bundled().with_networks(Networks::new([office]).unwrap());
//!
//! let place = enrichment.place("203.0.113.9".parse().unwrap()).unwrap();
//! assert_eq!(place.network_name.as_deref(), Some("Lisbon office"));
//! let agent = enrichment.user_agent("claude-cli/1.0.98 (external, cli)").unwrap();
//! assert_eq!((&*agent.name, agent.version.as_deref()), ("Claude Code", Some("1.0.98")));
//! ```

mod address;
mod bundled;
mod kept;
mod user_agent;

use std::net::IpAddr;
use std::sync::Arc;

pub use self::address::{Database, Location, Network, Networks, Place};
pub use self::bundled::{Source, sources};
pub use self::kept::Kept;
pub use self::user_agent::{UserAgent, UserAgents};

/// Why a network or database of the user cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// An entry of the configuration.
    #[error("cannot use network {cidr:?}: {reason}")]
    Network {
        /// The entry's own text.
        cidr: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An MMDB file.
    #[error("cannot use address database {name}: {reason}")]
    Database {
        /// The name it was given, usually its path.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Network { .. } => {
                "write it like cidr = \"203.0.113.0/26\", country = \"PT\", location = [38.72, -9.14]"
            }
            Self::Database { .. } => {
                "name a whole MMDB file of countries, cities or autonomous systems; fetch it again if it is one"
            }
        }
    }
}

/// Everything that enriches a document. Cheap to clone and to share.
#[derive(Clone, Debug)]
pub struct Enrichment(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    user_agents: Option<UserAgents>,
    places: address::Places,
}

impl Default for Enrichment {
    /// [`Enrichment::bundled`].
    fn default() -> Self {
        Self::bundled()
    }
}

impl Enrichment {
    /// Knows nothing, until it is given networks or databases.
    pub fn none() -> Self {
        Self::new(false, Networks::default(), Arc::default())
    }

    /// Knows what the program was built with. Costs nothing: the patterns of user agents are loaded when the first text
    /// needs them.
    pub fn bundled() -> Self {
        Self::new(true, Networks::default(), Arc::default())
    }

    fn new(bundled: bool, networks: Networks, databases: Arc<[Database]>) -> Self {
        let user_agents = bundled.then(UserAgents::new);
        Self(Arc::new(Inner { user_agents, places: address::Places::new(networks, databases, bundled) }))
    }

    /// The same, with these networks of the user instead of those before.
    #[must_use]
    pub fn with_networks(self, networks: Networks) -> Self {
        Self::new(self.0.user_agents.is_some(), networks, self.0.places.databases())
    }

    /// The same, with these databases of the user instead of those before. They are asked in this order.
    #[must_use]
    pub fn with_databases(self, databases: Vec<Database>) -> Self {
        Self::new(self.0.user_agents.is_some(), self.0.places.networks().clone(), databases.into())
    }

    /// Puts other databases in the place of these, for every clone: what is looked up from now on is looked up there. For a
    /// file that changed.
    pub fn replace_databases(&self, databases: Vec<Database>) {
        self.0.places.replace_databases(databases.into());
    }

    /// The databases of the user that are in use.
    pub fn databases(&self) -> Arc<[Database]> {
        self.0.places.databases()
    }

    /// Which program this user agent is. `None` if the text is empty, or nothing here can tell.
    pub fn user_agent(&self, text: &str) -> Option<Arc<Kept<UserAgent>>> {
        self.0.user_agents.as_ref()?.parse(text)
    }

    /// Where this address is and whose. `None` if nothing is known of it.
    pub fn place(&self, address: IpAddr) -> Option<Arc<Kept<Place>>> {
        self.0.places.find(address)
    }

    /// What of the bundled data this one uses, whose it is, and what the program was built without.
    pub fn sources(&self) -> Vec<Source> {
        if self.0.user_agents.is_some() { sources().to_vec() } else { Vec::new() }
    }

    /// Loads the patterns of user agents now, so that the first text need not wait for them: a tenth of a second.
    pub fn load(&self) {
        if self.0.user_agents.is_some() {
            UserAgents::available();
        }
    }

    /// Lets go of what is only needed for user agents that were not seen yet, some 30 MB, until one comes. For a program that
    /// has nothing to do for now.
    pub fn rest(&self) {
        if self.0.user_agents.is_some() {
            UserAgents::rest();
        }
    }
}

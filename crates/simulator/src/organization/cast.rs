//! Who can act, and as what: the eleven kinds of actor, written as the feed writes them.

use std::sync::Arc;

use super::Organization;
use super::catalog::{ActorKind, Catalog};
use super::people::{self, Agents, ENTERPRISE, People, Person, PersonId};
use super::places::{self, OFFICES, Spot};
use super::random::{mix, salt, scale};
use super::recipe::Entity;
use super::text;

/// The issuer that vouches for the build machines.
const PIPELINE_ISSUER: &str = "https://tokens.ci-forge.example";

/// Somebody or something that acts, ready to be written into rows.
#[derive(Debug)]
pub(super) struct Actor {
    /// The `actor` object.
    pub(super) json: String,
    /// `actor.user_id`, where there is one.
    pub(super) user_id: Option<String>,
    /// The member, where it is one.
    pub(super) person: Option<PersonId>,
    /// Names whose objects "mine" are.
    pub(super) owner: u64,
    /// Position of the organization that the actor works in.
    pub(super) organization: usize,
}

/// Organizations, people, machines and the things they work with.
#[derive(Debug)]
pub(super) struct Cast {
    pub(super) seed: u64,
    pub(super) organizations: Vec<Organization>,
    /// The parent over the three organizations.
    pub(super) parent_id: String,
    pub(super) people: People,
    pub(super) agents: Agents,
    /// Ids of the entities, by position in the catalogue's library.
    things: Vec<Vec<String>>,
    directory_id: String,
}

impl Cast {
    pub(super) fn new(seed: u64) -> Cast {
        let library = &Catalog::get().library;
        let things = library
            .entities
            .iter()
            .map(|kind| {
                let key = mix(seed, salt(kind.name));
                let ids = 0..kind.names.len() as u64;
                ids.map(|index| text::identifier_string(kind.prefix, mix(key, index))).collect()
            })
            .collect();
        let agents = Agents::load();
        let projects = library.entities[library.entity("project").0].names.len();
        Cast {
            seed,
            organizations: people::organizations(seed),
            parent_id: text::identifier_string("org_", mix(seed, salt("parent"))),
            people: People::new(seed, &agents, projects),
            agents,
            things,
            directory_id: text::identifier_string("directory_", mix(seed, salt("directory"))),
        }
    }

    pub(super) fn ids(&self, entity: Entity) -> &[String] {
        &self.things[entity.0]
    }

    /// An id of a named entity.
    pub(super) fn thing(&self, entity: &str, index: usize) -> &str {
        let ids = self.ids(Catalog::get().library.entity(entity));
        &ids[index % ids.len()]
    }

    /// A member at work with one of their clients.
    pub(super) fn member(&self, person: PersonId, agent: &str, address: &str) -> Actor {
        let member = &self.people.members[person];
        Actor { person: Some(person), ..user(member, agent, address) }
    }

    /// The same person before the sign-in is complete.
    pub(super) fn unauthenticated(email: Option<&str>, agent: &str, address: &str) -> Actor {
        let email = email.map_or("null".to_owned(), |email| format!("\"{email}\""));
        let json = format!(
            r#"{{"type":"unauthenticated_user_actor","unauthenticated_email_address":{email},{}}}"#,
            client(address, agent)
        );
        Actor { json, user_id: None, person: None, owner: salt("unauthenticated"), organization: ENTERPRISE }
    }

    /// A key of the Console, or one that reads the Compliance API.
    pub(super) fn api_key(&self, key_id: &str, agent: &str, address: &str) -> Actor {
        let json = format!(r#"{{"type":"api_actor","api_key_id":"{key_id}",{}}}"#, client(address, agent));
        self.machine(json, key_id)
    }

    /// One of the nine service accounts, on a build machine.
    pub(super) fn service_account(&self, index: usize, draw: u64) -> Actor {
        let id = self.thing("service_account", index);
        let json = format!(
            r#"{{"type":"service_account_actor","service_account_id":"{id}",{}}}"#,
            client(&cloud(draw), self.agents.machines[index % self.agents.machines.len()])
        );
        self.machine(json, id)
    }

    /// A build machine with a verified token of its own.
    pub(super) fn workload(&self, draw: u64) -> Actor {
        let subject = workload_subject(draw);
        let json = format!(
            r#"{{"type":"federated_identity_actor","issuer":"{PIPELINE_ISSUER}","subject":"{subject}","audience":["https://api.anthropic.com"],{}}}"#,
            client(&cloud(draw), self.agents.machines[0])
        );
        self.machine(json, subject)
    }

    /// The same for a workload that a cloud provider vouches for.
    pub(super) fn federated(&self, draw: u64) -> Actor {
        let provider = match draw % 4 {
            0 => {
                r#"{"type":"aws","account_id":"000000000000","signed_principal":"arn:aws:iam::000000000000:role/fleet-gateway"}"#
            }
            1 => r#"{"type":"gcp","project_number":"100200300400"}"#,
            2 => r#"{"type":"azure","subscription_id":"00000000-0000-4000-8000-0000000000a1"}"#,
            _ => r#"{"type":"oidc","issuer":"https://identity.tidewater-automation.example/realms/main"}"#,
        };
        let json = format!(
            r#"{{"type":"federated_actor","provider":{provider},"subject":"fleet-gateway@northwind-build","#
        ) + &client(&cloud(draw), self.agents.machines[1])
            + "}";
        self.machine(json, "fleet-gateway")
    }

    /// A phone that proved itself, running Northwind's own field app.
    pub(super) fn device(&self, draw: u64) -> Actor {
        let office = &OFFICES[(draw % 4) as usize];
        let address = office.address(mix(self.seed, draw % 300), Spot::Carrier(0));
        let agent = "NorthwindField/5.12.0 (com.northwind-robotics.field; build:2210; iOS 26.1.1) CFNetwork/3860.200.71";
        let json = format!(
            r#"{{"type":"attested_device_actor","external_client_id":"northwind-field-ios","kid_hash":"{}",{}}}"#,
            self.device_key(draw),
            client(&address, agent)
        );
        self.machine(json, "northwind-field-ios")
    }

    /// The hash of the key in such a phone.
    pub(super) fn device_key(&self, draw: u64) -> String {
        let mut hash = Vec::new();
        text::hex(&mut hash, 64, mix(self.seed, draw % 300));
        String::from_utf8(hash).unwrap_or_default()
    }

    /// The identity provider; each event has a number of its own.
    pub(super) fn directory(&self, draw: u64) -> Actor {
        let json = format!(
            r#"{{"type":"scim_directory_sync_actor","directory_id":"{}","workos_event_id":"{}","idp_connection_type":"OktaSCIMV2"}}"#,
            self.directory_id,
            text::identifier_string("event_", draw)
        );
        self.machine(json, "directory")
    }

    /// Automation of the vendor's.
    pub(super) fn service(&self, name: &str) -> Actor {
        self.machine(format!(r#"{{"type":"system_actor","service":"{name}"}}"#), name)
    }

    /// Somebody from another company, with an account of their own.
    pub(super) fn guest(&self, index: usize) -> Actor {
        let guest = &self.people.guests[index % self.people.guests.len()];
        user(guest, guest.laptop, &places::address(places::OUTSIDE[index % 2], guest.key))
    }

    fn machine(&self, json: String, name: &str) -> Actor {
        let owner = mix(self.seed, salt(name));
        Actor { json, user_id: None, person: None, owner, organization: ENTERPRISE }
    }

    /// Somebody of the kind, for a row that stands alone. `person` is used where the kind is a person.
    pub(super) fn someone(&self, kind: ActorKind, person: PersonId, spot: Spot, draw: u64) -> Arc<Actor> {
        let member = &self.people.members[person];
        let address = member.office().address(member.key, spot);
        let index = scale(mix(draw, 11), 64);
        Arc::new(match kind {
            ActorKind::Member | ActorKind::Admin => self.member(person, member.laptop, &address),
            ActorKind::Guest => self.guest(index),
            ActorKind::Unauthenticated => Cast::unauthenticated(Some(&member.email), member.laptop, &address),
            ActorKind::ApiKey => {
                self.api_key(self.thing("key", index % 24), self.agents.machines[index % 3], &cloud(draw))
            }
            ActorKind::AdminApiKey => {
                let id = text::identifier_string("admin_api_key_", self.pooled("admin_api_key_", index % 6));
                let json = format!(
                    r#"{{"type":"admin_api_key_actor","admin_api_key_id":"{id}",{}}}"#,
                    client(&cloud(draw % 3), self.agents.tools[0])
                );
                self.machine(json, &id)
            }
            ActorKind::ServiceAccount => self.service_account(index % 9, draw),
            ActorKind::Vendor => {
                let json = r#"{"type":"anthropic_actor","email_address":null}"#.to_owned();
                self.machine(json, "vendor")
            }
            ActorKind::System => {
                self.service(pick(&["data-export", "directory-sync", "content-scanner", "billing"], draw))
            }
            ActorKind::Directory => self.directory(draw),
            ActorKind::Workload => self.workload(draw),
            ActorKind::Federated => self.federated(draw),
            ActorKind::Device => self.device(draw),
        })
    }

    /// What a member of a numbered pool of ids is named by.
    pub(super) fn pooled(&self, prefix: &str, index: usize) -> u64 {
        mix(mix(self.seed, salt(prefix)), index as u64)
    }
}

fn user(person: &Person, agent: &str, address: &str) -> Actor {
    let json = format!(
        r#"{{"type":"user_actor","user_id":"{}","email_address":"{}",{}}}"#,
        person.user_id,
        person.email,
        client(address, agent)
    );
    Actor {
        json,
        user_id: Some(person.user_id.clone()),
        person: None,
        owner: person.key,
        organization: person.organization,
    }
}

/// The two fields that most actors end with.
fn client(address: &str, agent: &str) -> String {
    format!(r#""ip_address":"{address}","user_agent":"{agent}""#)
}

/// Whom the token of a build machine is about.
pub(super) fn workload_subject(draw: u64) -> &'static str {
    pick(Catalog::get().library.text("workload_subjects"), draw)
}

/// An address of a build machine.
pub(super) fn cloud(draw: u64) -> String {
    let range = places::CLOUD[usize::from(draw.is_multiple_of(3))];
    places::address(range, mix(draw % 40, salt("cloud")))
}

fn pick(words: &[&'static str], draw: u64) -> &'static str {
    words[scale(mix(draw, 13), words.len())]
}

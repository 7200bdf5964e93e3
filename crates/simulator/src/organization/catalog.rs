//! Every known activity type with its fields, its part in the organization's life, and how each value is made.
//!
//! Read once from `data/types.tsv`, `data/fields.tsv` and `data/recipes.tsv`; positions in [`Catalog::types`] name a
//! type everywhere else.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::random::{Weighted, salt};
use super::recipe::{self, Library, Recipe};
use super::table;

/// All types, and how often each occurs in which stream of life.
#[derive(Debug)]
pub(super) struct Catalog {
    pub(super) types: Vec<ActivityType>,
    pub(super) library: Library,
    positions: HashMap<&'static str, TypeId>,
    streams: Vec<Weighted<TypeId>>,
}

/// Position of a type in the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct TypeId(u16);

/// One activity type.
#[derive(Debug)]
pub(super) struct ActivityType {
    pub(super) name: &'static str,
    /// Who does it when nobody in particular is asked for.
    pub(super) actors: Vec<ActorKind>,
    pub(super) place: Place,
    pub(super) rarity: Rarity,
    pub(super) fields: Vec<Field>,
}

/// One documented field.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) nullable: Nullable,
    pub(super) recipe: Recipe,
    /// Names the field in draws.
    pub(super) salt: u64,
}

/// What a field may be instead of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nullable {
    Never,
    Null,
    Absent,
}

/// The kinds of actor the feed knows; people are told apart by standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum ActorKind {
    Member,
    Admin,
    /// Somebody from another company.
    Guest,
    Unauthenticated,
    ApiKey,
    AdminApiKey,
    ServiceAccount,
    Vendor,
    System,
    Directory,
    Workload,
    Federated,
    Device,
}

/// Which organization a row belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The actor's own.
    Work,
    Console,
    Nowhere,
}

/// How a type is kept from being forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rarity {
    /// Comes often enough by itself; swept once in the last thirty days all the same.
    Ordinary,
    /// Once in every thirty days.
    Rare,
    /// Once, in the last thirty days of history.
    Once,
}

/// Kinds of sessions, each with its own mix of types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    Chat,
    Project,
    Design,
    Code,
    Console,
    Admin,
    Pipeline,
    Directory,
}

impl Stream {
    pub(super) const ALL: [Stream; 8] = [
        Stream::Chat,
        Stream::Project,
        Stream::Design,
        Stream::Code,
        Stream::Console,
        Stream::Admin,
        Stream::Pipeline,
        Stream::Directory,
    ];

    fn word(self) -> &'static str {
        match self {
            Stream::Chat => "chat",
            Stream::Project => "project",
            Stream::Design => "design",
            Stream::Code => "code",
            Stream::Console => "console",
            Stream::Admin => "admin",
            Stream::Pipeline => "ci",
            Stream::Directory => "directory",
        }
    }
}

impl Catalog {
    /// The one catalogue, read at first use.
    pub(super) fn get() -> &'static Catalog {
        static CATALOG: OnceLock<Catalog> = OnceLock::new();
        CATALOG.get_or_init(Catalog::load)
    }

    fn load() -> Catalog {
        let library = Library::load();
        let mut fields = read_fields(&library);
        let mut types = Vec::new();
        let mut weights: Vec<Vec<(TypeId, u32)>> = vec![Vec::new(); Stream::ALL.len()];
        for [name, _group, actors, place, life] in table::rows(include_str!("../../data/types.tsv")) {
            let id = TypeId(types.len() as u16);
            let mut rarity = Rarity::Ordinary;
            for part in life.split(' ') {
                match part.split_once(':') {
                    Some((stream, weight)) => weights[stream_of(stream)].push((id, table::number(weight))),
                    None if part == "rare" => rarity = Rarity::Rare,
                    None if part == "once" => rarity = Rarity::Once,
                    None => assert_eq!(part, "coded", "life of {name}"),
                }
            }
            types.push(ActivityType {
                name,
                actors: actors.split('|').map(actor_kind).collect(),
                place: place_of(place),
                rarity,
                fields: fields.remove(name).unwrap_or_default(),
            });
        }
        assert!(fields.is_empty(), "fields of types that do not exist: {:?}", fields.keys());
        let positions = types.iter().enumerate().map(|(at, kind)| (kind.name, TypeId(at as u16))).collect();
        Catalog { types, library, positions, streams: weights.into_iter().map(Weighted::new).collect() }
    }

    pub(super) fn kind(&self, id: TypeId) -> &ActivityType {
        &self.types[usize::from(id.0)]
    }

    /// The position of a type that this crate names itself.
    pub(super) fn id(&self, name: &str) -> TypeId {
        match self.positions.get(name) {
            Some(id) => *id,
            None => panic!("no activity type {name:?} in types.tsv"),
        }
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = TypeId> + use<> {
        (0..self.types.len() as u16).map(TypeId)
    }

    pub(super) fn stream(&self, stream: Stream) -> &Weighted<TypeId> {
        &self.streams[stream as usize]
    }
}

fn read_fields(library: &Library) -> HashMap<&'static str, Vec<Field>> {
    let recipes: HashMap<&str, &'static str> = table::rows(include_str!("../../data/recipes.tsv"))
        .map(|[field, recipe]: [&'static str; 2]| (field, recipe))
        .collect();
    let mut fields: HashMap<&'static str, Vec<Field>> = HashMap::new();
    for [kind, name, json_type, nullable, options] in table::rows(include_str!("../../data/fields.tsv")) {
        let own = format!("{kind}.{name}");
        let written = recipes.get(own.as_str()).or_else(|| {
            // A closed list of values belongs to one type, so it goes before the recipe that all types share.
            if options.is_empty() { recipes.get(name) } else { None }
        });
        let recipe = match written {
            Some(line) => library.recipe(line, json_type),
            None => recipe::unwritten(options, json_type),
        };
        let nullable = match nullable {
            "no" => Nullable::Never,
            "yes" => Nullable::Null,
            "opt" => Nullable::Absent,
            _ => panic!("nullable of {own} is {nullable:?}"),
        };
        fields.entry(kind).or_default().push(Field { name, nullable, recipe, salt: salt(name) });
    }
    fields
}

fn stream_of(word: &str) -> usize {
    match Stream::ALL.iter().position(|stream| stream.word() == word) {
        Some(position) => position,
        None => panic!("no stream {word:?}"),
    }
}

fn place_of(word: &str) -> Place {
    match word {
        "work" => Place::Work,
        "console" => Place::Console,
        "none" => Place::Nowhere,
        _ => panic!("no organization {word:?}"),
    }
}

fn actor_kind(word: &str) -> ActorKind {
    match word {
        "member" => ActorKind::Member,
        "admin" => ActorKind::Admin,
        "guest" => ActorKind::Guest,
        "before" => ActorKind::Unauthenticated,
        "key" => ActorKind::ApiKey,
        "admin_key" => ActorKind::AdminApiKey,
        "machine" => ActorKind::ServiceAccount,
        "vendor" => ActorKind::Vendor,
        "system" => ActorKind::System,
        "directory" => ActorKind::Directory,
        "workload" => ActorKind::Workload,
        "cloud" => ActorKind::Federated,
        "phone" => ActorKind::Device,
        _ => panic!("no actor {word:?}"),
    }
}

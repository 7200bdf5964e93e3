//! The field vocabulary: which fields an activity may carry, what each holds, and where it goes.
//!
//! The table is `data/fields.tsv`, read once. A field's number is its place in the order its output name sorts in, so that
//! sorting by number gives the order in which a document is written.

use std::sync::LazyLock;

use crate::known_names;
use crate::names::NameTable;
use crate::raw::{Kind, Raw};
use crate::table::rows;

/// The JSON value a field is documented to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A JSON string.
    String,
    /// A list of strings.
    Strings,
    /// A whole number of 64 bits.
    Integer,
    /// A list of whole numbers.
    Integers,
    /// `true` or `false`.
    Boolean,
    /// An RFC 3339 timestamp.
    Datetime,
    /// A decimal number written as a string.
    Decimal,
    /// A JSON object.
    Object,
    /// A list of objects.
    Objects,
}

/// What a field means beside its value, or where it goes instead of `anthropic.audit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Nothing more: `anthropic.audit.<name>`.
    Plain,
    Id,
    Action,
    CreatedAt,
    OrganizationId,
    OrganizationName,
    Actor,
    Reason,
    FileName,
    Url,
    RequestId,
    RequestMethod,
    StatusCode,
    /// `user_id`: acted upon, save in the few types where it is the one who acts.
    UserId,
    TargetId,
    TargetEmail,
    RankOfTarget,
    /// A user acted upon if `principal_type` says user.
    PrincipalId,
    PrincipalType,
    /// A user acted upon if `target_type` says user.
    GranteeId,
    GranteeType,
    Person,
    Host,
}

/// One field of the vocabulary.
#[derive(Debug)]
pub struct Field {
    /// The feed's own name.
    pub name: &'static str,
    /// What it is documented to hold.
    pub shape: Shape,
    /// The Elasticsearch type of `anthropic.audit.<name>`.
    pub elasticsearch_type: &'static str,
    /// `cents`, `dollars`, `milliseconds`, `percent`, or nothing.
    pub unit: &'static str,
    /// The ECS field it goes to, where it does not stay under `anthropic.audit`.
    pub moved_to: Option<&'static str>,
    pub(crate) role: Role,
    pub(crate) other: Option<Shape>,
    /// The second shape is text, and the index type takes it as well as the first: it keeps the name.
    takes_text: bool,
    /// `"name":` as it is written under `anthropic.audit`; empty for a field that goes elsewhere.
    pub(crate) key: String,
}

/// How a value agrees with what its field is documented to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// As documented.
    Yes,
    /// As documented for other types: kept aside under the same name, and no defect.
    Other,
    /// Not as documented.
    No,
}

/// The numbers of the fields that the code asks for by name.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) action: u16,
    pub(crate) principal_type: u16,
    pub(crate) grantee_type: u16,
    pub(crate) status: u16,
    pub(crate) organization_uuid: u16,
    pub(crate) updates: u16,
    /// An id, and the name that goes with it.
    pub(crate) named: Vec<(u16, u16)>,
}

/// Places in the sorted order at which the document writer puts what it makes itself.
#[derive(Debug)]
pub(crate) struct Places {
    pub(crate) actor: u16,
    pub(crate) catalogued: u16,
    pub(crate) group: u16,
    pub(crate) metadata: u16,
    pub(crate) trusted_network: u16,
}

/// The whole vocabulary.
#[derive(Debug)]
pub(crate) struct Vocabulary {
    pub(crate) fields: Vec<Field>,
    table: NameTable,
    pub(crate) wanted: Wanted,
    pub(crate) places: Places,
}

static VOCABULARY: LazyLock<Vocabulary> =
    LazyLock::new(|| Vocabulary::read(include_str!("../data/fields.tsv")));

/// The vocabulary of this build.
pub(crate) fn vocabulary() -> &'static Vocabulary {
    &VOCABULARY
}

/// Every field of the vocabulary, sorted by the name it is written under.
pub fn all() -> &'static [Field] {
    &VOCABULARY.fields
}

impl Vocabulary {
    fn read(file: &'static str) -> Self {
        let mut fields: Vec<Field> = rows::<7>(file).map(|row| Field::read(&row)).collect();
        fields.sort_by(|one, other| one.output_name().cmp(other.output_name()));
        let table = NameTable::new(fields.iter().map(|field| field.name));
        let number = |name: &str| table.find(name).expect("a field the code asks for is in the vocabulary");
        let wanted = Wanted {
            action: number("type"),
            principal_type: number("principal_type"),
            grantee_type: number("target_type"),
            status: number("status"),
            organization_uuid: number("organization_uuid"),
            updates: number("updates"),
            named: known_names::named_fields(number),
        };
        let place = |name: &str| fields.partition_point(|field| field.output_name() < name) as u16;
        let places = Places {
            actor: place("actor"),
            catalogued: place("catalogued"),
            group: place("group"),
            metadata: place("metadata"),
            trusted_network: place("trusted_network"),
        };
        Self { fields, table, wanted, places }
    }

    /// The number of the field the feed calls `name`.
    #[inline]
    pub(crate) fn find(&self, name: &str) -> Option<u16> {
        self.table.find(name)
    }

    #[inline]
    pub(crate) fn field(&self, number: u16) -> &Field {
        &self.fields[usize::from(number)]
    }
}

impl Field {
    fn read(row: &[&'static str; 7]) -> Self {
        let [name, shape, elasticsearch_type, role, unit, other, _source] = *row;
        let (role, moved_to) = read_role(role);
        // The feed's own `metadata` would collide with the bag of unknown fields.
        let output = if role == Role::Plain && name == "metadata" { "setting_metadata" } else { name };
        let stays = moved_to.is_none() || role == Role::OrganizationName && name == "organization_name";
        let key = if stays && role != Role::Actor { format!("\"{output}\":") } else { String::new() };
        let other = (!other.is_empty()).then(|| read_shape(other));
        let takes_text = other == Some(Shape::String) && elasticsearch_type == "keyword";
        Self {
            name,
            shape: read_shape(shape),
            elasticsearch_type,
            unit,
            moved_to,
            role,
            other,
            takes_text,
            key,
        }
    }

    /// The field of the document that holds it; none for `actor`, which becomes several.
    pub(crate) fn document_name(&self) -> Option<String> {
        (!self.key.is_empty()).then(|| format!("anthropic.audit.{}", self.output_name()))
    }

    /// The name the field is written under, if it is written under `anthropic.audit`.
    fn output_name(&self) -> &str {
        if self.key.is_empty() { self.name } else { &self.key[1..self.key.len() - 2] }
    }

    /// How a value that says something agrees with the field.
    #[inline]
    pub(crate) fn fit(&self, raw: Raw<'_>) -> Fit {
        if self.shape.holds(raw) || self.takes_text && raw.kind() == Kind::String {
            Fit::Yes
        } else if self.other.is_some_and(|other| other.holds(raw)) {
            Fit::Other
        } else {
            Fit::No
        }
    }
}

impl Shape {
    #[inline]
    fn holds(self, raw: Raw<'_>) -> bool {
        let all = |holds: fn(Raw<'_>) -> bool| {
            raw.kind() == Kind::Array
                && raw.elements().into_iter().all(|element| element.is_empty() || holds(element))
        };
        match self {
            // Whether a datetime can be read is asked later, by who must convert it.
            Shape::String | Shape::Datetime => raw.kind() == Kind::String,
            Shape::Boolean => raw.kind() == Kind::Boolean,
            Shape::Integer => raw.integer().is_some(),
            Shape::Object => raw.kind() == Kind::Object,
            Shape::Decimal => raw.plain().is_some_and(is_decimal),
            Shape::Strings => all(|element| element.kind() == Kind::String),
            Shape::Integers => all(|element| element.integer().is_some()),
            Shape::Objects => all(|element| element.kind() == Kind::Object),
        }
    }

    /// What was expected, for messages.
    pub(crate) fn description(self) -> &'static str {
        match self {
            Shape::String => "a string",
            Shape::Strings => "a list of strings",
            Shape::Integer => "a whole number",
            Shape::Integers => "a list of whole numbers",
            Shape::Boolean => "a boolean",
            Shape::Datetime => "a timestamp",
            Shape::Decimal => "a decimal number in a string",
            Shape::Object => "an object",
            Shape::Objects => "a list of objects",
        }
    }
}

/// Whether text is a plain decimal number that may stand as a JSON number.
fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits =
        |part: &str| !part.is_empty() && part.len() <= 15 && part.bytes().all(|b| b.is_ascii_digit());
    all_digits(whole) && all_digits(fraction) && (whole.len() == 1 || !whole.starts_with('0'))
}

fn read_shape(cell: &str) -> Shape {
    match cell {
        "string" => Shape::String,
        "strings" => Shape::Strings,
        "integer" => Shape::Integer,
        "integers" => Shape::Integers,
        "boolean" => Shape::Boolean,
        "datetime" => Shape::Datetime,
        "decimal" => Shape::Decimal,
        "object" => Shape::Object,
        "objects" => Shape::Objects,
        _ => panic!("unknown shape {cell:?} in fields.tsv"),
    }
}

/// The role in a cell, and the ECS field it moves the value to.
fn read_role(cell: &'static str) -> (Role, Option<&'static str>) {
    let moved = |role| (role, Some(cell));
    match cell {
        "" | "setting_metadata" => (Role::Plain, None),
        "event.id" => moved(Role::Id),
        "event.action" => moved(Role::Action),
        "@timestamp" => moved(Role::CreatedAt),
        "organization.id" => moved(Role::OrganizationId),
        "organization.name" => moved(Role::OrganizationName),
        "event.reason" => moved(Role::Reason),
        "file.name" => moved(Role::FileName),
        "url" => (Role::Url, Some("url.original")),
        "http.request.id" => moved(Role::RequestId),
        "http.request.method" => moved(Role::RequestMethod),
        "http.response.status_code" => moved(Role::StatusCode),
        "actor" => (Role::Actor, None),
        "user_id" => (Role::UserId, None),
        "target_id" => (Role::TargetId, None),
        "target_email" => (Role::TargetEmail, None),
        "target_role" => (Role::RankOfTarget, None),
        "principal_id" => (Role::PrincipalId, None),
        "principal_type" => (Role::PrincipalType, None),
        "grantee_id" => (Role::GranteeId, None),
        "grantee_type" => (Role::GranteeType, None),
        "person" => (Role::Person, None),
        "host" => (Role::Host, None),
        _ => panic!("unknown role {cell:?} in fields.tsv"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_sorted_by_the_name_they_are_written_under() {
        let names: Vec<&str> = all().iter().map(Field::output_name).collect();
        assert!(names.is_sorted());
        assert!(names.contains(&"setting_metadata") && !names.contains(&"metadata"));
        assert!(names.len() > 470);
    }

    #[test]
    fn a_decimal_is_what_may_stand_as_a_json_number() {
        for good in ["0", "12", "12.50", "-3.1", "0.05"] {
            assert!(is_decimal(good), "{good}");
            serde_json::from_str::<f64>(good).expect("a JSON number");
        }
        for bad in ["", ".", "1.", ".5", "01", "1e5", "NaN", "1,000", "12.50 USD", "1.2.3", "--1"] {
            assert!(!is_decimal(bad), "{bad}");
        }
    }

    #[test]
    fn values_fit_or_do_not() {
        let fit = |name: &str, json: &str| {
            let number = vocabulary().find(name).expect(name);
            vocabulary().field(number).fit(Raw::assume(json))
        };
        assert_eq!(fit("scopes", r#"["a", null, ""]"#), Fit::Yes);
        assert_eq!(fit("scopes", r#"["a", 1]"#), Fit::No);
        assert_eq!(fit("scopes", r#""a""#), Fit::No);
        assert_eq!(fit("status", r#"{"outcome":"denied"}"#), Fit::Other);
        assert_eq!(fit("version", "3"), Fit::Other);
        assert_eq!(fit("previous_value", "true"), Fit::Yes);
        assert_eq!(fit("previous_value", r#""organization""#), Fit::Yes, "its index type takes both");
        assert_eq!(fit("amount", "12.0"), Fit::Yes);
        assert_eq!(fit("amount", "12.5"), Fit::No);
        assert_eq!(fit("amount", "123456789012345678901234567890"), Fit::No);
        assert_eq!(fit("enabled", r#""true""#), Fit::No);
    }
}

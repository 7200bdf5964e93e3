//! The fields that may be asked for: names, types and meanings. The list itself comes from whoever makes the documents.

use std::collections::BTreeMap;

use crate::{
    error::{Error, ErrorKind},
    pattern::Pattern,
};

/// How a field's values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldKind {
    /// Exact text; equality and wildcards do not mind case.
    Keyword,
    /// Sentences: words and phrases.
    Text,
    /// Points in time.
    Date,
    /// Whole numbers of 64 bits.
    Long,
    /// Numbers with a fraction.
    Double,
    /// `true` or `false`.
    Boolean,
    /// IP addresses: equality, ranges and networks.
    Address,
    /// A bag of unforeseen members, each exact text.
    Flattened,
}

impl FieldKind {
    /// The kind that an Elasticsearch type stands for; `None` for a type that cannot be searched.
    pub fn of_elasticsearch_type(name: &str) -> Option<Self> {
        Some(match name {
            "keyword" | "constant_keyword" | "wildcard" => Self::Keyword,
            "text" | "match_only_text" => Self::Text,
            "date" | "date_nanos" => Self::Date,
            "long" | "integer" | "short" | "byte" | "unsigned_long" => Self::Long,
            "double" | "float" | "scaled_float" | "half_float" => Self::Double,
            "boolean" => Self::Boolean,
            "ip" => Self::Address,
            "flattened" | "flat_object" => Self::Flattened,
            _ => return None,
        })
    }

    /// The name of the kind, as Elasticsearch calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Keyword => "keyword",
            Self::Text => "text",
            Self::Date => "date",
            Self::Long => "long",
            Self::Double => "double",
            Self::Boolean => "boolean",
            Self::Address => "ip",
            Self::Flattened => "flattened",
        }
    }
}

/// A field of the documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Dotted path.
    pub name: String,
    /// How its values are compared.
    pub kind: FieldKind,
    /// What it says, in a sentence; may be empty.
    pub meaning: String,
    /// A value it may hold; may be empty.
    pub example: String,
}

impl Field {
    /// A field without meaning or example.
    pub fn new(name: impl Into<String>, kind: FieldKind) -> Self {
        Self { name: name.into(), kind, meaning: String::new(), example: String::new() }
    }
}

/// A field that a question names: one of the registry, or a member of a flattened one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldReference {
    /// Dotted path.
    pub name: String,
    /// How its values are compared; a member of a flattened field is `Flattened`.
    pub kind: FieldKind,
}

/// Every field there is.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    by_name: BTreeMap<String, Field>,
}

impl Fields {
    /// A registry of these fields; of two of the same name the last stands.
    pub fn new(fields: impl IntoIterator<Item = Field>) -> Self {
        Self { by_name: fields.into_iter().map(|field| (field.name.clone(), field)).collect() }
    }

    /// A registry of fields by their names, Elasticsearch types and meanings. What cannot be searched, such as a place on
    /// the globe, is left out.
    pub fn of_elasticsearch_types<'t>(fields: impl IntoIterator<Item = (&'t str, &'t str, &'t str)>) -> Self {
        Self::new(fields.into_iter().filter_map(|(name, elasticsearch_type, meaning)| {
            let kind = FieldKind::of_elasticsearch_type(elasticsearch_type)?;
            Some(Field { meaning: meaning.to_owned(), ..Field::new(name, kind) })
        }))
    }

    /// All fields, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Field> {
        self.by_name.values()
    }

    /// The field of this name, or the member of a flattened field.
    pub fn find(&self, name: &str) -> Option<FieldReference> {
        let reference = |kind| FieldReference { name: name.to_owned(), kind };
        if let Some(field) = self.by_name.get(name) {
            return Some(reference(field.kind));
        }
        let mut parent = name;
        while let Some((shorter, _)) = parent.rsplit_once('.') {
            parent = shorter;
            let bag = self.by_name.get(parent).is_some_and(|field| field.kind == FieldKind::Flattened);
            if bag && !name.ends_with('.') && !name.contains("..") {
                return Some(reference(FieldKind::Flattened));
            }
        }
        None
    }

    /// The field of this name, or an error that names the nearest.
    pub fn resolve(&self, name: &str) -> Result<FieldReference, Error> {
        self.find(name).ok_or_else(|| {
            let mut error = Error::new(ErrorKind::UnknownField, format!("there is no field {name:?}"));
            error.suggestion = self.nearest(name).map(str::to_owned);
            error
        })
    }

    /// The fields whose whole name fits the pattern.
    pub fn matching(&self, pattern: &Pattern) -> Vec<FieldReference> {
        let fitting = self.iter().filter(|field| pattern.matches(&field.name));
        fitting.map(|field| FieldReference { name: field.name.clone(), kind: field.kind }).collect()
    }

    /// The field that was probably meant: one that ends so (`email` for `user.email`), or one that differs by a slip.
    pub fn nearest(&self, name: &str) -> Option<&str> {
        let lower = name.to_lowercase();
        // Fields of the common schema before those of the feed, short names before long ones.
        let rank = |field: &str| (field.starts_with("anthropic."), field.matches('.').count(), field.len());
        let ends = self.by_name.keys().filter(|field| {
            field.to_lowercase() == lower
                || field.strip_suffix(&lower).is_some_and(|rest| rest.ends_with('.'))
        });
        if let Some(field) = ends.min_by_key(|field| rank(field)) {
            return Some(field);
        }
        let distance = |field: &str| {
            let last = field.rsplit('.').next().unwrap_or(field);
            let whole = strsim::damerau_levenshtein(&lower, field);
            // A slip in a last part alone weighs a little more than one in a whole name.
            whole.min(if lower.contains('.') {
                usize::MAX
            } else {
                strsim::damerau_levenshtein(&lower, last) + 1
            })
        };
        self.by_name
            .keys()
            .map(|field| (distance(field), rank(field), field))
            .min()
            .filter(|(distance, _, _)| *distance <= (lower.len() / 4).clamp(2, 5))
            .map(|(_, _, field)| field.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> Fields {
        Fields::new([
            Field::new("user.email", FieldKind::Keyword),
            Field::new("user.target.email", FieldKind::Keyword),
            Field::new("event.action", FieldKind::Keyword),
            Field::new("anthropic.audit.action", FieldKind::Keyword),
            Field::new("anthropic.audit.metadata", FieldKind::Flattened),
            Field::new("@timestamp", FieldKind::Date),
        ])
    }

    #[test]
    fn a_mistaken_name_finds_the_field_that_was_meant() {
        for (name, meant) in [
            ("email", Some("user.email")),
            ("action", Some("event.action")),
            ("actoin", Some("event.action")),
            ("event.acton", Some("event.action")),
            ("User.Email", Some("user.email")),
            ("timestamp", Some("@timestamp")),
            ("target.email", Some("user.target.email")),
            ("quantum_vault", None),
        ] {
            assert_eq!(fields().nearest(name), meant, "{name}");
        }
    }

    #[test]
    fn members_of_a_bag_are_fields() {
        for (name, found) in [
            ("anthropic.audit.metadata.new.thing", true),
            ("anthropic.audit.metadata", true),
            ("anthropic.audit.metadatax", false),
            ("anthropic.audit.metadata.", false),
            ("user.email.x", false),
        ] {
            assert_eq!(fields().find(name).is_some(), found, "{name}");
        }
    }
}

//! The catalogue of activity types.

/// One activity type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivityType {
    /// The feed's name, `api_key_created`.
    pub name: &'static str,
    /// The heading under which the vendor lists it.
    pub group: &'static str,
    /// ECS `event.category` values.
    pub categories: &'static [&'static str],
    /// ECS `event.type` values.
    pub types: &'static [&'static str],
    /// 0 to 100.
    pub severity: u8,
}

/// Every known type, sorted by name.
pub fn all() -> &'static [ActivityType] {
    &[]
}

/// The entry of a type, if the catalogue knows it.
pub fn find(_name: &str) -> Option<&'static ActivityType> {
    None
}

/// The known names that match a pattern in which `*` stands for any characters, sorted.
pub fn expand(_pattern: &str) -> Vec<&'static str> {
    Vec::new()
}

/// The known name nearest to a misspelt one, if any is near.
pub fn nearest(_name: &str) -> Option<&'static str> {
    None
}

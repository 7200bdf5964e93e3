//! The type names that the API accepts as filter values.
//!
//! `data/activity_types.txt` lists the known names, one a line; a name once listed and gone since is marked `withdrawn`.

use std::{collections::HashMap, sync::LazyLock};

static NAMES: LazyLock<HashMap<&'static str, bool>> = LazyLock::new(|| {
    include_str!("../../data/activity_types.txt")
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            words.next().map(|name| (name, words.next() == Some("withdrawn")))
        })
        .collect()
});

/// Whether the API knows this type name today, or, with `withdrawn`, ever did.
pub(crate) fn knows(name: &str, withdrawn: bool) -> bool {
    NAMES.get(name).is_some_and(|gone| withdrawn || !gone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_known_names_and_six_withdrawn_ones() {
        assert_eq!(NAMES.len(), 524);
        assert_eq!(NAMES.values().filter(|gone| **gone).count(), 6);
        assert!(knows("compliance_api_accessed", false));
        assert!(knows("anthropic_access", false), "absent from the reference's list, yet works in filters");
        assert!(!knows("environment_created", false) && knows("environment_created", true));
        assert!(!knows("no_such_type", true));
    }
}

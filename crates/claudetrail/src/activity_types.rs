//! Names of activity types as a user writes them, in the configuration and in `--type`.

use normalize::catalog;

/// Why a written name selects nothing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unmatched {
    /// A wildcard that no known type matches.
    Pattern(String),
    /// A name that no type has, and the known one that it is near to.
    NearMiss(String, &'static str),
}

/// Expands `api_key_*` from the catalogue, sorted, each name once. A plain name that is near to no known one is kept: the vendor may
/// know types that we do not.
pub(crate) fn expand(written: &[String]) -> Result<Vec<String>, Unmatched> {
    let mut names = Vec::new();
    for pattern in written {
        let matches = catalog::expand(pattern);
        if !matches.is_empty() {
            names.extend(matches.into_iter().map(str::to_owned));
        } else if pattern.contains('*') {
            return Err(Unmatched::Pattern(pattern.clone()));
        } else if let Some(near) = catalog::nearest(pattern) {
            return Err(Unmatched::NearMiss(pattern.clone(), near));
        } else {
            names.push(pattern.clone());
        }
    }
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

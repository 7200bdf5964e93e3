//! The fields that can be asked for: those that documents may hold, from the one table that says so.

use std::sync::{Arc, LazyLock};

use query::Fields;

static FIELDS: LazyLock<Arc<Fields>> = LazyLock::new(|| {
    let known = normalize::fields::all();
    let typed = known.iter().map(|field| (field.name.as_str(), field.elasticsearch_type, field.source));
    Arc::new(Fields::of_elasticsearch_types(typed))
});

/// Every field there is.
pub(crate) fn fields() -> Arc<Fields> {
    Arc::clone(&FIELDS)
}

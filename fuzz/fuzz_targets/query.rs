//! The query parser on any text: it never panics, its errors point into the text, and what it understands survives being
//! written for a cluster and read back.
//!
//! Start from the seeds: `cargo fuzz run query corpus/query seeds/query`.

#![no_main]

use std::sync::LazyLock;

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use query::{Context, Fields, dsl, parse};

static FIELDS: LazyLock<Fields> = LazyLock::new(|| {
    let known = normalize::fields::all();
    let typed = known.iter().map(|field| (field.name.as_str(), field.elasticsearch_type, field.source));
    Fields::of_elasticsearch_types(typed)
});

fuzz_target!(|input: &str| {
    let context = Context::new(&FIELDS, Timestamp::UNIX_EPOCH);
    match parse(input, &context) {
        Err(error) => assert!(error.column.is_none_or(|column| column <= input.chars().count() + 1), "{error}"),
        Ok(expression) => {
            let written = dsl::write(&expression);
            let again = dsl::read(&written, &context);
            assert_eq!(again.map(|read| dsl::write(&read)), Ok(written));
        }
    }
});

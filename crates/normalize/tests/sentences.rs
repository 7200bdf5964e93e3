//! The sentences: all of them, once, to be read.

use normalize::{catalog, sentence};

use crate::generator::activity;

#[test]
fn print_them() {
    for activity_type in catalog::all() {
        for variant in [0, 1] {
            println!(
                "{:<60} {}",
                activity_type.name,
                sentence(activity(activity_type.name, variant).as_bytes())
            );
        }
    }
}

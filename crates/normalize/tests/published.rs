//! Documents against the schemas as they are published: the field list of ECS 9 (npm `@elastic/ecs`). `make schemas` fetches it;
//! where it is not there, the tests say so, and fail only in CI.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use normalize::{catalog, fields};
use serde_json::Value;

/// The folder of a package's files, if it was fetched.
pub(crate) fn fetched(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dev/schemas").join(path);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none(), "{} is missing: run make schemas", path.display());
    eprintln!("left out for want of {}: run make schemas", path.display());
    None
}

#[test]
fn every_field_outside_our_own_name_is_one_of_ecs_9_and_of_its_type() {
    let Some(package) = fetched("node_modules/@elastic/ecs/build/commonjs/index.js") else { return };
    let script = "const {EcsVersion, EcsFlat} = require(process.argv[1]); \
                  console.log(JSON.stringify({version: EcsVersion, fields: EcsFlat}))";
    let output = Command::new("node").args(["-e", script]).arg(package).output().expect("node runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let published: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(
        published["version"].as_str().is_some_and(|version| version.starts_with("9.")),
        "{}",
        published["version"]
    );

    let mut checked = 0;
    for field in fields::all().iter().filter(|field| field.is_ecs) {
        let theirs = &published["fields"][&field.name];
        assert_eq!(theirs["type"], field.elasticsearch_type, "{}", field.name);
        checked += 1;
    }
    assert!(checked > 60, "{checked}");

    let allowed: BTreeMap<&str, &Value> = published["fields"]["event.category"]["allowed_values"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|value| (value["name"].as_str().expect("a name"), &value["expected_event_types"]))
        .collect();
    for activity in catalog::all() {
        for kind in &activity.types {
            let expected = activity.categories.iter().any(|category| {
                let types =
                    allowed.get(category).unwrap_or_else(|| panic!("{category} is no category of ECS"));
                types.as_array().is_none_or(|types| types.iter().any(|expected| expected == kind))
            });
            assert!(expected, "{}: {kind} in {:?}", activity.name, activity.categories);
        }
    }
}

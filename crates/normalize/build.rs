//! Packs the freely licensed data of `enrichment/node_modules` into files that the library includes.
//!
//! The data comes from the packages that `enrichment/package-lock.json` names and `make enrichment` fetches. Each is taken
//! if it is there and left out if it is not: a build without any of them succeeds, and the program says what it lacks.
//! What is there but cannot be read stops the build, so that a program never lacks silently what it was given.
//!
//! `CLAUDETRAIL_ENRICHMENT` names another folder of packages, for whoever builds without npm (an empty one: no data).

#[path = "src/enrichment/bundled/encode.rs"]
mod encode;

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use encode::{Range, encode};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/enrichment/bundled/encode.rs");
    println!("cargo::rerun-if-env-changed=CLAUDETRAIL_ENRICHMENT");
    let manifest = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let packages = if let Some(folder) = env::var_os("CLAUDETRAIL_ENRICHMENT") {
        let folder = PathBuf::from(folder);
        if !folder.is_dir() {
            return Err(format!("CLAUDETRAIL_ENRICHMENT names no folder: {}", folder.display()).into());
        }
        watch(&folder);
        folder
    } else {
        // The parent is watched, because cargo takes a path that is not there for one that always changed.
        let parent = manifest.join("../../enrichment");
        watch(&parent);
        parent.join("node_modules")
    };
    let output = PathBuf::from(env::var("OUT_DIR")?);
    let mut constants = String::new();
    for (constant, package, pack) in PACKAGES {
        let folder = packages.join(package);
        let value = if folder.is_dir() {
            let version = version(&folder).map_err(|error| failure(&folder, &*error))?;
            let bytes = pack(&folder).map_err(|error| failure(&folder, &*error))?;
            let file = output.join(constant.to_lowercase());
            fs::write(&file, bytes)?;
            let file = file.display().to_string();
            format!("Packed {{ version: {version:?}, bytes: include_bytes!({file:?}) }}")
        } else {
            "Packed { version: \"\", bytes: &[] }".to_owned()
        };
        writeln!(constants, "const {constant}: Packed = {value};")?;
    }
    fs::write(output.join("bundled.rs"), constants)?;
    Ok(())
}

type Pack = fn(&Path) -> Result<Vec<u8>, Box<dyn Error>>;

/// Name of the constant, package, and how its files become one piece of bytes.
const PACKAGES: [(&str, &str, Pack); 3] = [
    ("USER_AGENT_PATTERNS", "uap-core", user_agent_patterns),
    ("COUNTRIES", "@ip-location-db/geo-whois-asn-country", countries),
    ("AUTONOMOUS_SYSTEMS", "@ip-location-db/asn", autonomous_systems),
];

fn watch(path: &Path) {
    if path.exists() {
        println!("cargo::rerun-if-changed={}", path.display());
    }
}

fn failure(folder: &Path, error: &dyn Error) -> String {
    format!("cannot pack {}: {error}; run make enrichment, or remove the folder", folder.display())
}

/// The `version` of a package, without a JSON parser: npm writes one key a line.
fn version(folder: &Path) -> Result<String, Box<dyn Error>> {
    let text = fs::read_to_string(folder.join("package.json"))?;
    let value = text.lines().find_map(|line| line.trim().strip_prefix("\"version\":"));
    let value = value.ok_or("package.json names no version")?;
    Ok(value.trim_matches([' ', '"', ',']).to_owned())
}

fn user_agent_patterns(folder: &Path) -> Result<Vec<u8>, Box<dyn Error>> {
    Ok(fs::read(folder.join("regexes.yaml"))?)
}

/// From addresses to the code of their country.
fn countries(folder: &Path) -> Result<Vec<u8>, Box<dyn Error>> {
    table(folder, "geo-whois-asn-country", |cells| Some(cells.to_owned()))
}

/// From addresses to number and name of their autonomous system, with a blank between.
fn autonomous_systems(folder: &Path) -> Result<Vec<u8>, Box<dyn Error>> {
    table(folder, "asn", |cells| {
        let (number, name) = cells.split_once(',')?;
        Some(format!("{} {}", number.parse::<u32>().ok()?, unquoted(name)))
    })
}

/// The table of `{name}-ipv4-num.csv` and `{name}-ipv6-num.csv`: rows of first and last address as decimal numbers, and cells
/// that `say` what there is to say of them.
fn table(folder: &Path, name: &str, say: fn(&str) -> Option<String>) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut ranges = Vec::new();
    for (file, space) in [(format!("{name}-ipv4-num.csv"), IPV4_MAPPED), (format!("{name}-ipv6-num.csv"), 0)]
    {
        let text = fs::read_to_string(folder.join(&file))?;
        for (at, line) in text.lines().enumerate() {
            let range =
                row(line, space, say).ok_or_else(|| format!("{file}:{} is no range: {line}", at + 1))?;
            ranges.push(range);
        }
    }
    Ok(encode(ranges))
}

/// The address `::ffff:0.0.0.0`.
const IPV4_MAPPED: u128 = 0xFFFF_0000_0000;

fn row(line: &str, space: u128, say: fn(&str) -> Option<String>) -> Option<Range<String>> {
    let (first, rest) = line.split_once(',')?;
    let (last, cells) = rest.split_once(',')?;
    let (first, last) = (space + first.parse::<u128>().ok()?, space + last.parse::<u128>().ok()?);
    (first <= last).then_some(Range { first, last, said: say(cells)? })
}

/// The last cell of a row: quoted when it holds a comma or a quote, which is then doubled.
fn unquoted(cell: &str) -> String {
    let text = match cell.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => cell.to_owned(),
    };
    text.replace(char::is_control, " ").trim().to_owned()
}

//! Packs the built web app (`web/dist/app`) into a table that the library includes: each file compressed once, at build time.
//!
//! A build without the web app succeeds; the console then serves a page that says how to build it.
//! `CLAUDETRAIL_WEB` names another folder with a built app.

use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::{Compression, write::GzEncoder};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=CLAUDETRAIL_WEB");
    let manifest = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let folder = if let Some(folder) = env::var_os("CLAUDETRAIL_WEB") {
        let folder = PathBuf::from(folder);
        if !folder.is_dir() {
            return Err(format!("CLAUDETRAIL_WEB names no folder: {}", folder.display()).into());
        }
        println!("cargo::rerun-if-changed={}", folder.display());
        folder
    } else {
        // The parent is always there; cargo takes a path that is not for one that always changed.
        let parent = manifest.join("../../web/dist");
        println!("cargo::rerun-if-changed={}", parent.display());
        parent.join("app")
    };
    let mut files = Vec::new();
    if folder.is_dir() {
        collect(&folder, &mut files)?;
    }
    files.sort();
    let output = PathBuf::from(env::var("OUT_DIR")?);
    let mut table = "&[".to_owned();
    for (index, file) in files.iter().enumerate() {
        let name =
            file.strip_prefix(&folder)?.to_str().ok_or("a file of the web app has a name that is no text")?;
        let bytes = fs::read(file)?;
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&bytes)?;
        let packed = encoder.finish()?;
        // Fonts and pictures are compressed already.
        let gzip = packed.len() < bytes.len() / 10 * 9;
        let target = output.join(format!("asset-{index}"));
        fs::write(&target, if gzip { &packed } else { &bytes })?;
        let path = target.display().to_string();
        writeln!(
            table,
            "Asset {{ path: {:?}, gzip: {gzip}, bytes: include_bytes!({path:?}) }},",
            name.replace('\\', "/")
        )?;
    }
    table.push(']');
    fs::write(output.join("assets.rs"), table)?;
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

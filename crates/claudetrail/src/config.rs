//! Configuration: from a TOML file (or none) to checked [`Settings`].
//!
//! Two steps: `raw` is the file as written, `settings` what the program uses. `keys` holds every key once, and from it
//! come the example, the JSON Schema and the reference page (`document`).

pub(crate) mod console;
pub(crate) mod document;
pub(crate) mod keys;
pub(crate) mod locate;
pub(crate) mod raw;
pub(crate) mod secrets;
pub(crate) mod settings;
pub(crate) mod sinks;
pub(crate) mod units;

use std::path::{Path, PathBuf};

pub(crate) use settings::{FeedSettings, LogFormat, SecretSource, Settings};
pub(crate) use sinks::{ElasticsearchSettings, LoginSettings, SinkKind, SinkSettings};

use crate::error::{Exit, Failure, Result};

/// Reads the configuration: the named file, or the first found, or the defaults.
pub(crate) fn load(explicit: Option<&Path>, data_dir: Option<PathBuf>) -> Result<Settings> {
    let Some(path) = locate::config_file(explicit, data_dir.as_deref()) else {
        return Settings::from_raw(raw::RawConfig::default(), data_dir);
    };
    let text = std::fs::read_to_string(&path).map_err(|error| {
        Failure::new(Exit::Usage, format!("cannot read the configuration file {}: {error}", path.display()))
            .hint("check the path given by --config or CLAUDETRAIL_CONFIG; `claudetrail config example` prints a file to start from")
    })?;
    parse(&text, &path.display().to_string(), data_dir)
}

/// Parses the text of a file; `name` is only used in errors.
pub(crate) fn parse(text: &str, name: &str, data_dir: Option<PathBuf>) -> Result<Settings> {
    let raw: raw::RawConfig = toml::from_str(text).map_err(|error| syntax_failure(text, name, &error))?;
    Settings::from_raw(raw, data_dir)
}

fn syntax_failure(text: &str, name: &str, error: &toml::de::Error) -> Failure {
    let place = error.span().map_or_else(String::new, |span| {
        let before = &text[..span.start.min(text.len())];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, str::len) + 1;
        format!(" at line {line}, column {column}")
    });
    let message = error.message().lines().next().unwrap_or("cannot be parsed");
    let (message, hint) = match message.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`'))
    {
        Some((unknown, _)) => (
            format!("unknown key {unknown:?}"),
            keys::nearest(unknown).map_or_else(
                || "`claudetrail config example` shows every key".to_owned(),
                |near| format!("did you mean {near:?}? `claudetrail config example` shows every key"),
            ),
        ),
        None => (
            message.to_owned(),
            "`claudetrail config example` shows every key with its default and meaning".to_owned(),
        ),
    };
    Failure::new(Exit::Usage, format!("wrong configuration in {name}{place}: {message}")).hint(hint)
}

#[cfg(test)]
mod tests;

//! Reads a secret from where the user keeps it, each time it is needed, so that a rotated one needs no restart.

use std::{path::Path, process::Command};

use feed::{ApiKey, KeySource};
use secrecy::{ExposeSecret, SecretString};

use super::{raw::RawSecret, settings::SecretSource};
use crate::error::{Exit, Failure};

impl KeySource for SecretSource {
    fn key(&self) -> Result<ApiKey, feed::Error> {
        let key =
            self.text().and_then(|text| ApiKey::new(text.expose_secret()).map_err(|error| error.to_string()));
        key.map_err(|detail| {
            feed::Error::key_unavailable(format!("cannot read the API key from {self}: {detail}"))
        })
    }
}

impl SecretSource {
    /// The text of the secret, without the line break that ends a file or an output; or why it cannot be read.
    pub(crate) fn text(&self) -> Result<SecretString, String> {
        let text = match self {
            Self::Value(secret) => return Ok(secret.clone()),
            Self::Environment(name) => from_environment(name),
            Self::File(path) => from_file(path),
            Self::Command(words) => from_command(words),
        };
        text.map(|text| SecretString::from(text.trim_end_matches(['\n', '\r'])))
    }
}

fn from_environment(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|error| match error {
        std::env::VarError::NotPresent => "it is not set".to_owned(),
        std::env::VarError::NotUnicode(_) => "its value is not text".to_owned(),
    })
}

fn from_file(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}

/// Runs the command without a shell; its standard output is the key. Its standard error is not repeated: it may hold secrets.
fn from_command(words: &[String]) -> Result<String, String> {
    let (program, arguments) = words.split_first().ok_or("the command is empty")?;
    let output = Command::new(program).args(arguments).output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("it ended with {}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|_| "its output is not text".to_owned())
}

/// The bytes of a secret that is no API key, read now; white space around it is not part of it.
pub(crate) fn read(path: &str, source: &RawSecret) -> Result<Vec<u8>, Failure> {
    let text = match source {
        RawSecret { env: Some(name), file: None, command: None, value: None } => from_environment(name),
        RawSecret { env: None, file: Some(path), command: None, value: None } => from_file(path),
        RawSecret { env: None, file: None, command: Some(words), value: None } => from_command(words),
        RawSecret { env: None, file: None, command: None, value: Some(text) } => Ok(text.clone()),
        _ => Err("it needs exactly one source".to_owned()),
    };
    let text = text
        .map(|text| text.trim().to_owned())
        .and_then(|text| if text.is_empty() { Err("it is empty".to_owned()) } else { Ok(text.into_bytes()) });
    text.map_err(|detail| {
        Failure::new(Exit::Usage, format!("cannot read the secret of {path}: {detail}")).hint(
            "write { env = \"NAME\" }, { file = \"PATH\" } or { command = [\"PROGRAM\", \"ARGUMENT\"] }",
        )
    })
}

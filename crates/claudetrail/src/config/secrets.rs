//! Reads the API key from where the user keeps it, each time it is needed, so that a rotated key needs no restart.

use std::{path::Path, process::Command};

use feed::{ApiKey, KeySource};

use super::settings::SecretSource;

impl KeySource for SecretSource {
    fn key(&self) -> Result<ApiKey, feed::Error> {
        let text = match self {
            Self::Value(key) => return Ok(key.clone()),
            Self::Environment(name) => from_environment(name),
            Self::File(path) => from_file(path),
            Self::Command(words) => from_command(words),
        };
        text.and_then(|text| ApiKey::new(text).map_err(|error| error.to_string())).map_err(|detail| {
            feed::Error::key_unavailable(format!("cannot read the API key from {self}: {detail}"))
        })
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

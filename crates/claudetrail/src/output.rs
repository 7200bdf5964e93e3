//! Writing to stdout: data only, and quietly finished when the reader has gone away.

use std::io::{self, IsTerminal, Write};

use crate::{
    display::Palette,
    error::{Exit, Failure, Result},
};

/// Colours for what goes to stdout.
pub(crate) fn stdout_palette() -> Palette {
    Palette::new(io::stdout().is_terminal())
}

/// Prints a text to stdout.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    finish(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
}

/// Turns the end of a writer into the end of a command: a closed pipe (`| head`) is a quiet success.
pub(crate) fn finish(result: io::Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(|error| write_failure("the output", &error)),
    }
}

/// The failure of a write.
pub(crate) fn write_failure(what: &str, error: &io::Error) -> Failure {
    let hint = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free some space and run the command again"
        }
        io::ErrorKind::PermissionDenied => "check the permissions of the folder",
        _ => "",
    };
    Failure::new(Exit::Failed, format!("cannot write {what}: {error}")).hint(hint)
}

/// Lower-case hexadecimal.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

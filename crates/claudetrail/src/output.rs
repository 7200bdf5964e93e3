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

/// Columns of the terminal that stdout is; `None` when it is none.
pub(crate) fn terminal_width() -> Option<usize> {
    let terminal = io::stdout().is_terminal();
    terminal.then(|| terminal_size::terminal_size().map_or(100, |(width, _)| usize::from(width.0)))
}

/// Prints a text by pages where stdout is a terminal that it does not fit: with `$PAGER`, else `less`.
pub(crate) fn page(text: &str) -> Result<()> {
    let height = terminal_size::terminal_size().map_or(usize::MAX, |(_, height)| usize::from(height.0));
    if !io::stdout().is_terminal() || text.lines().count() < height {
        return print(text);
    }
    let pager = std::env::var("PAGER").ok().filter(|pager| !pager.trim().is_empty());
    let mut words = pager.as_deref().unwrap_or("less").split_whitespace();
    let mut command = std::process::Command::new(words.next().unwrap_or("less"));
    command.args(words).stdin(std::process::Stdio::piped());
    if std::env::var_os("LESS").is_none() {
        // Colours as they are, lines as they are, and gone when all is seen.
        command.env("LESS", "FRSX");
    }
    let Ok(mut child) = command.spawn() else { return print(text) };
    if let Some(mut stdin) = child.stdin.take() {
        // Who leaves the pager early has seen enough.
        let _ = stdin.write_all(text.as_bytes());
    }
    child.wait().map(drop).map_err(|error| write_failure("to the pager", &error))
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

//! Small pieces of text for people: times, counts, sizes, spans, progress, colour.

use std::{io::IsTerminal as _, time::Duration};

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;

/// `2026-11-23 08:14:05Z`.
pub(crate) fn time(timestamp: Timestamp) -> String {
    timestamp.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// `2026-11-23T08:14Z`, as coverage is told.
pub(crate) fn minute(timestamp: Timestamp) -> String {
    timestamp.strftime("%Y-%m-%dT%H:%MZ").to_string()
}

/// What people wrote: no terminal must be steered by it.
pub(crate) fn one_line(text: &str) -> String {
    text.replace(|letter: char| letter.is_control(), " ")
}

/// `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `12.3 MB`, in powers of 1,000.
pub(crate) fn bytes(number: u64) -> String {
    let mut value = number as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if value < 1000.0 {
            return if unit == "B" { format!("{number} B") } else { format!("{value:.1} {unit}") };
        }
        value /= 1000.0;
    }
    format!("{value:.1} TB")
}

/// `350 ms`, `41 s`, `3 min`, `2.5 h`, `12 d`: rounded, for reading.
pub(crate) fn span(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match seconds {
        _ if seconds < 1.0 => format!("{} ms", duration.as_millis()),
        _ if seconds < 120.0 => format!("{seconds:.0} s"),
        _ if seconds < 7200.0 => format!("{:.0} min", seconds / 60.0),
        _ if seconds < 172_800.0 => format!("{:.1} h", seconds / 3600.0),
        _ => format!("{:.0} d", seconds / 86_400.0),
    }
}

/// A bar on stderr; none when that is no terminal.
pub(crate) fn progress_bar(template: &str, length: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length).with_style(style)
}

/// Colours for a terminal, or none: colour never carries a meaning of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Palette {
    enabled: bool,
}

impl Palette {
    /// Colours when `terminal` is one and `NO_COLOR` is not set.
    pub(crate) fn new(terminal: bool) -> Self {
        Self { enabled: terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) }
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.paint(text, Style::new().dimmed())
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.paint(text, Style::new().bold())
    }

    pub(crate) fn good(self, text: &str) -> String {
        self.paint(text, AnsiColor::Green.on_default())
    }

    pub(crate) fn bad(self, text: &str) -> String {
        self.paint(text, AnsiColor::Red.on_default())
    }

    pub(crate) fn notable(self, text: &str) -> String {
        self.paint(text, AnsiColor::Yellow.on_default())
    }

    fn paint(self, text: &str, style: Style) -> String {
        if self.enabled { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(count(number), text);
        }
        for (number, text) in [(999, "999 B"), (1_500, "1.5 kB"), (12_345_678, "12.3 MB")] {
            assert_eq!(bytes(number), text);
        }
        for (milliseconds, text) in [
            (350, "350 ms"),
            (41_000, "41 s"),
            (180_000, "3 min"),
            (9_000_000, "2.5 h"),
            (864_000_000, "10 d"),
        ] {
            assert_eq!(span(Duration::from_millis(milliseconds)), text);
        }
    }

    #[test]
    fn without_a_terminal_there_is_no_colour() {
        assert_eq!(Palette::new(false).bad("x"), "x");
    }
}

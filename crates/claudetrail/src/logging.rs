//! Logs go to stderr: lines for people on a terminal, JSON objects otherwise.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::LogFormat;

/// Starts logging for the whole process. `CLAUDETRAIL_LOG` may hold a finer filter, such as `collector=debug`.
pub(crate) fn start(level: &str, format: LogFormat) {
    let filter = std::env::var("CLAUDETRAIL_LOG")
        .ok()
        .and_then(|text| EnvFilter::try_new(text).ok())
        .unwrap_or_else(|| {
            EnvFilter::new(format!(
                "warn,claudetrail={level},collector={level},console_server={level},feed={level},ledger={level},simulator={level}"
            ))
        });
    let registry = tracing_subscriber::registry().with(filter);
    let terminal = std::io::stderr().is_terminal();
    let json = format == LogFormat::Json || (format == LogFormat::Auto && !terminal);
    // A second start (in tests) keeps the first one.
    let _ = if json {
        registry.with(fmt::layer().json().flatten_event(true).with_writer(std::io::stderr)).try_init()
    } else {
        registry
            .with(fmt::layer().with_ansi(terminal).with_target(false).with_writer(std::io::stderr))
            .try_init()
    };
}

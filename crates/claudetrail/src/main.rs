//! `claudetrail`: the command line, configuration, wiring and supervision.
//!
//! Every command is a function that returns `Ok` or a [`error::Failure`]; `main` prints the failure and sets the exit code.
//! Data goes to stdout, everything else to stderr.

mod activity_types;
#[cfg(unix)]
mod allocator;
mod asking;
mod attestation;
mod cli;
mod commands;
mod config;
mod console_actions;
mod delivered;
mod delivery;
mod display;
mod documents;
mod enrichment;
mod error;
mod feed_account;
mod feed_figures;
mod fields;
mod indexing;
mod last_verify;
mod ledger_source;
mod logging;
mod names;
mod output;
mod processors;
mod requests;
mod rows;
mod selection;
mod serving;
mod signing_key;
mod supervisor;
mod time_argument;
mod transparency;
mod upstream;

use std::{fmt::Write as _, process::ExitCode};

use clap::{CommandFactory, Parser};

use cli::{Cli, Command, Common, ConfigCommand};
use config::Settings;
use error::Result;

fn main() -> ExitCode {
    let outcome = if asks_for_everything_about_the_version() {
        output::print(&format!("claudetrail {}\n{}", env!("CARGO_PKG_VERSION"), enrichment::attribution()))
    } else {
        dispatch(&Cli::parse())
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.exit as u8)
        }
    }
}

/// `--version --verbose`, in either order. Looked for before anything else, because `--version` alone ends the parsing.
fn asks_for_everything_about_the_version() -> bool {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let given = |names: &[&str]| arguments.iter().any(|argument| names.contains(&argument.as_str()));
    arguments.len() == 2 && given(&["--version", "-V"]) && given(&["--verbose"])
}

fn dispatch(arguments: &Cli) -> Result<()> {
    let common = &arguments.common;
    match &arguments.command {
        Command::Demo(arguments) => commands::demo::run(common, arguments),
        Command::Run(arguments) => {
            let settings = load(common)?;
            start_logging(common, &settings, None);
            commands::run::run(&settings, arguments)
        }
        Command::Backfill(arguments) => {
            let settings = load(common)?;
            start_logging(common, &settings, Some("warn"));
            commands::backfill::run(&settings, arguments)
        }
        Command::Check(arguments) => commands::check::run(common, arguments),
        Command::Status(arguments) => commands::status::run(&quiet(common)?, arguments),
        Command::Tail(arguments) => commands::tail::run(&quiet(common)?, arguments),
        Command::Export(arguments) => commands::export::run(&quiet(common)?, arguments),
        Command::Search(arguments) => commands::search::run(&quiet(common)?, arguments),
        Command::Stats(arguments) => commands::stats::run(&quiet(common)?, arguments),
        Command::Index(command) => commands::index::run(&quiet(common)?, command),
        Command::Acknowledge(arguments) => commands::acknowledge::run(&quiet(common)?, arguments),
        Command::Verify(arguments) => commands::verify::run(&quiet(common)?, arguments),
        Command::Setup(command) => commands::setup::run(&quiet(common)?, command),
        Command::DeadLetters(command) => commands::dead_letters::run(&quiet(common)?, command),
        Command::Replay(arguments) => commands::replay::run(&quiet(common)?, arguments),
        Command::Normalize(arguments) => commands::normalize::run(&quiet(common)?, arguments),
        Command::Simulate(arguments) => commands::simulate::run(arguments),
        Command::Console(command) => commands::console::run(&quiet(common)?, command),
        Command::Config(command) => explain_config(common, command),
        Command::Completions { shell } => completions(*shell),
    }
}

fn load(common: &Common) -> Result<Settings> {
    config::load(common.config.as_deref(), common.data_dir.clone())
}

/// Settings for a command that only reads: logs are kept to warnings unless asked for.
fn quiet(common: &Common) -> Result<Settings> {
    let settings = load(common)?;
    start_logging(common, &settings, Some("warn"));
    Ok(settings)
}

fn start_logging(common: &Common, settings: &Settings, default_level: Option<&str>) {
    let level = common.log_level.as_deref().or(default_level).unwrap_or(&settings.log.level);
    logging::start(level, common.log_format.unwrap_or(settings.log.format));
}

fn explain_config(common: &Common, command: &ConfigCommand) -> Result<()> {
    match command {
        ConfigCommand::Example => output::print(&config::document::example()),
        ConfigCommand::Schema => output::print(&format!("{:#}\n", config::document::schema())),
        ConfigCommand::Reference => output::print(&config::document::reference()),
        ConfigCommand::Path => {
            let used = config::locate::config_file(common.config.as_deref(), common.data_dir.as_deref());
            let mut text = used.map_or_else(
                || "none: the defaults hold\n".to_owned(),
                |path| format!("{}\n", path.display()),
            );
            for place in config::locate::places() {
                let _ = writeln!(text, "# looked for: {}", place.display());
            }
            output::print(&text)
        }
    }
}

fn completions(shell: clap_complete::Shell) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "claudetrail", &mut script);
    output::print(&String::from_utf8_lossy(&script))
}

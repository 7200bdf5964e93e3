//! The command line: names, options and help of every command. What they do is in `commands`.

mod delivery;
mod proof;
mod reading;
mod setup;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;

use crate::{
    config::{LogFormat, units::parse_duration},
    time_argument::parse_time,
};

pub(crate) use delivery::{DeadLetters, DeadLettersOf, DropDeadLetters, ListDeadLetters, Replay};
pub(crate) use proof::{Acknowledge, CheckAttestation, Keygen, RecountHow, Verify, VerifyCommand};
pub(crate) use reading::{
    Export, ExportFormat, ExportSchema, IndexCommand, IndexStatus, Question, Search, SearchFormat, Selection,
    Stats, Tail, TailFormat,
};
pub(crate) use setup::{Setup, SetupElasticsearch, SetupEngine};

/// CloudTrail for Claude: a complete, provable audit trail of what happens in an organization's Claude account.
#[derive(Debug, Parser)]
#[command(
    name = "claudetrail",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    max_term_width = 110
)]
#[command(after_help = "\
Examples:
  claudetrail demo                         see it work, without a key
  ANTHROPIC_COMPLIANCE_KEY=… claudetrail run
  claudetrail check                        is the key, its scope, the clock, the disk right?
  claudetrail status                       is this everything?
  claudetrail tail -f                      what is happening, in sentences
  claudetrail search 'event.action:api_key_* and not source.ip:10.0.0.0/8' --from 7d
  claudetrail export --schema ecs --from 7d > week.ndjson
  claudetrail --version --verbose          which data it was built with, and whose it is

Exit codes: 0 success, 1 failed, 2 wrong usage or configuration, 3 key refused, 4 API unreachable or
answering wrongly, 5 ledger or data directory, 6 a check found a problem.")]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Configuration file [default: in --data-dir's folder, ./claudetrail.toml, then the user's, then the system's folder]
    #[arg(long, global = true, env = "CLAUDETRAIL_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Folder of the ledger, instead of the configured one
    #[arg(long, global = true, env = "CLAUDETRAIL_DATA_DIR", value_name = "DIRECTORY")]
    pub(crate) data_dir: Option<PathBuf>,
    /// How much to log to stderr: error, warn, info, debug, trace [default: info]
    #[arg(long, global = true, value_name = "LEVEL", value_parser = ["error", "warn", "info", "debug", "trace"])]
    pub(crate) log_level: Option<String>,
    /// Form of log lines [default: auto]
    #[arg(long, global = true, value_name = "FORMAT")]
    pub(crate) log_format: Option<LogFormat>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// See it work: a simulated organization, a live trail, six incidents to find. Needs no key.
    Demo(Demo),
    /// Collect: poll the configured feeds and keep the trail.
    Run(Run),
    /// Fetch a stretch of the past: in pieces side by side, newest first, beside the live tail.
    Backfill(Backfill),
    /// Check configuration, key, scope, clock and disk; each failure comes with the next step.
    Check(Check),
    /// Is this everything? Coverage, gaps, counts, lag and the last error of each feed.
    Status(Status),
    /// Show the newest activities as sentences.
    Tail(Tail),
    /// Write activities to stdout, in ledger sequence.
    Export(Export),
    /// Ask the trail: fields, wildcards, ranges, networks, words.
    Search(Search),
    /// What the trail is made of: who, what, from where, how it ended.
    Stats(Stats),
    /// The search index: how far it is, and making it anew.
    #[command(subcommand)]
    Index(IndexCommand),
    /// Prove it: recompute the ledger's hash chain from the stored bytes, and check that coverage has no gap.
    Verify(Verify),
    /// Say of a break of the transparency log that it was looked into; both stay on record.
    Acknowledge(Acknowledge),
    /// Prepare a destination for the trail.
    #[command(subcommand)]
    Setup(Setup),
    /// See, send again or let go what a destination would not take.
    #[command(subcommand)]
    DeadLetters(DeadLetters),
    /// Send a part of the trail to a sink again.
    Replay(Replay),
    /// Turn activities (NDJSON on stdin) into documents (NDJSON on stdout), one line in, one line out.
    Normalize(Normalize),
    /// Run the feed simulator alone: a server that behaves like the vendor's API, with faults on demand.
    Simulate(Box<Simulate>),
    /// Sign in to the console: one-time links, and the people who may sign in by name.
    #[command(subcommand)]
    Console(ConsoleCommand),
    /// Explain the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print a completion script for a shell.
    #[command(after_help = "Example:\n  claudetrail completions bash > /etc/bash_completion.d/claudetrail")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConsoleCommand {
    /// Print a link that opens the running console, once, within 15 minutes.
    #[command(after_help = "\
Examples:
  claudetrail console link
  xdg-open \"$(claudetrail console link)\"")]
    Link,
    /// Let somebody sign in by name and password, or give them a new password; ends their sessions.
    #[command(after_help = "\
Examples:
  claudetrail console add-user ana@example.com --role admin
  pass show claudetrail | claudetrail console add-user ana@example.com

The password is asked for on a terminal, and otherwise read from the first line of stdin.")]
    AddUser {
        /// Letters, digits and @ . _ + -
        name: String,
        /// What they may do: a viewer sees and searches everything, an admin also sees who used the console
        #[arg(long, default_value = "viewer")]
        role: ConsoleRole,
    },
    /// Remove somebody and end their sessions.
    RemoveUser {
        /// The name
        name: String,
    },
    /// List who may sign in by name.
    Users {
        /// Print them as JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ConsoleRole {
    /// Sees and searches everything.
    Viewer,
    /// Also sees who used the console, and ends sessions.
    Admin,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  claudetrail demo
  claudetrail demo --history 90d --data-dir ./demo

The demo's ledger is made anew each time, in a folder of its own; your own trail is never touched.")]
pub(crate) struct Demo {
    /// How much history the simulated organization has
    #[arg(long, default_value = "30d", value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) history: Duration,
    /// Activities on an ordinary working day
    #[arg(long, default_value_t = 4000.0, value_name = "COUNT")]
    pub(crate) activities_per_day: f64,
    /// Seed of the organization: the same seed tells the same story
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Stop once the history is collected and the stories are told, instead of following live activity
    #[arg(long)]
    pub(crate) once: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ANTHROPIC_COMPLIANCE_KEY=… claudetrail run
  claudetrail run --config /etc/claudetrail/claudetrail.toml
  claudetrail run --once                   catch up and stop, for a scheduler")]
pub(crate) struct Run {
    /// Stop when every feed has caught up
    #[arg(long)]
    pub(crate) once: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  claudetrail backfill --from 2024-11-25           everything since then
  claudetrail backfill --from 90d --to 30d --feed acme
  claudetrail backfill --from 6y --detach          let the running `claudetrail run` do it

Where `claudetrail run` is running, it does the work beside its live tail, and this command shows the progress; where it is
not, this command does it. Any stop resumes: what was fetched is kept, and so is the request. Times as in `export --help`.")]
pub(crate) struct Backfill {
    /// Fetch activities created at or after this time
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) from: Timestamp,
    /// Fetch activities created before this time [default: now, where the live tail takes over]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) to: Option<Timestamp>,
    /// Only this feed [default: every feed]
    #[arg(long, value_name = "NAME")]
    pub(crate) feed: Option<String>,
    /// Ask again for what is covered already, too: finds what `verify --recount` says is missing
    #[arg(long)]
    pub(crate) again: bool,
    /// Leave the request and return at once
    #[arg(long)]
    pub(crate) detach: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  claudetrail check\n  claudetrail check --json | jq '.checks[] | select(.ok | not)'"
)]
pub(crate) struct Check {
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  claudetrail status\n  claudetrail status --json | jq '.feeds[].gaps'")]
pub(crate) struct Status {
    /// Print the status as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  claudetrail export --from 24h | claudetrail normalize --schema ecs
  claudetrail normalize --stats < activities.ndjson > documents.ndjson")]
pub(crate) struct Normalize {
    /// The documents' schema
    #[arg(long, default_value = "ecs")]
    pub(crate) schema: NormalizeSchema,
    /// Put the exact JSON of each activity into event.original, in OCSF into its raw data
    #[arg(long)]
    pub(crate) preserve_original_event: bool,
    /// Print counts and the rate to stderr at the end
    #[arg(long)]
    pub(crate) stats: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum NormalizeSchema {
    /// Elastic Common Schema.
    Ecs,
    /// Open Cybersecurity Schema Framework.
    Ocsf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  claudetrail simulate
  claudetrail simulate --listen 127.0.0.1:8088 --history 30d --fault-plan faults.toml
  claudetrail simulate --activities 100000 --history 7d --indexing-lag 30s

A client needs the base URL and the key that are printed at start. Beside the API, /simulator/activities lists every
row there is (NDJSON), /simulator/stories the planted incidents, /simulator/statistics what was served,
/simulator/late-rows what was left out of one answer and sent in a later one.")]
pub(crate) struct Simulate {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    pub(crate) listen: SocketAddr,
    /// Seed: the same seed gives the same organization, history and faults
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// How far the history goes back
    #[arg(long, default_value = "30d", value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) history: Duration,
    /// Activities on an ordinary working day
    #[arg(long, default_value_t = 4000.0, value_name = "COUNT", conflicts_with = "activities")]
    pub(crate) activities_per_day: f64,
    /// Roughly how many activities the whole history holds
    #[arg(long, value_name = "COUNT")]
    pub(crate) activities: Option<u64>,
    /// People work now as in the busiest hours of their week, be it night or Sunday
    #[arg(long)]
    pub(crate) lively: bool,
    /// The API key that is accepted; with "-expired" or "-unscoped" behind it, one that is refused as such; with "-foreign",
    /// one of another parent organization
    #[arg(long, default_value = "sk-ant-api01-simulator", value_name = "KEY")]
    pub(crate) api_key: String,
    /// Requests a minute that all keys of the parent organization share
    #[arg(long, default_value_t = 600, value_name = "COUNT")]
    pub(crate) requests_per_minute: u32,
    /// Longest time until a row can be queried; a few rows in a thousand come that late
    #[arg(long, default_value = "2s", value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) indexing_lag: Duration,
    /// Share of rows that come even later
    #[arg(long, default_value_t = 0.0, value_name = "SHARE")]
    pub(crate) late_share: f64,
    /// How late those come at least
    #[arg(long, default_value = "0s", value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) late_lag_least: Duration,
    /// How late those come at most
    #[arg(long, default_value = "6h", value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) late_lag: Duration,
    /// Longest time for an answer
    #[arg(long, default_value = "50ms", value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) latency: Duration,
    /// TOML file of scripted faults (docs/reference/fault-plan.md)
    #[arg(long, value_name = "FILE")]
    pub(crate) fault_plan: Option<PathBuf>,
    /// Every fault of the feed's contract, without a file
    #[arg(long, conflicts_with = "fault_plan")]
    pub(crate) every_fault: bool,
    /// Share of rows with types and fields that no catalogue knows
    #[arg(long, default_value_t = 0.0, value_name = "SHARE")]
    pub(crate) unknown_share: f64,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print a complete configuration file with every key, default and meaning
    Example,
    /// Print a JSON Schema for editors
    Schema,
    /// Print the reference page (Markdown)
    Reference,
    /// Print which file is read, and where else one is looked for
    Path,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}

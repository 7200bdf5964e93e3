//! The command line: names, options and help of every command. What they do is in `commands`.

mod setup;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;

use crate::{
    config::{LogFormat, units::parse_duration},
    time_argument::parse_time,
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

/// Which activities.
#[derive(Debug, Args)]
pub(crate) struct Selection {
    /// Activities created at or after this time
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) from: Option<Timestamp>,
    /// Activities created before this time
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) to: Option<Timestamp>,
    /// Only this feed
    #[arg(long, value_name = "NAME")]
    pub(crate) feed: Option<String>,
    /// Only these activity types; `admin_api_key_*` works; may be repeated or separated by commas
    #[arg(long = "type", value_name = "TYPE", value_delimiter = ',')]
    pub(crate) types: Vec<String>,
    /// Only activities whose actor holds this text: an address, an id, a key
    #[arg(long, value_name = "TEXT")]
    pub(crate) actor: Option<String>,
}

/// A query and a range of time.
#[derive(Debug, Args)]
pub(crate) struct Question {
    /// What to look for; everything, if nothing is said
    #[arg(value_name = "QUERY")]
    pub(crate) query: Option<String>,
    /// Activities created at or after this time
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) from: Option<Timestamp>,
    /// Activities created before this time
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) to: Option<Timestamp>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  claudetrail search 'event.action:api_key_* and user.email:\"ana@example.com\"'
  claudetrail search 'event.outcome:failure and not source.ip:10.0.0.0/8' --from 24h
  claudetrail search 'source.ip:203.0.113.* or user_agent.original:*python*' --sort event.severity:desc
  claudetrail search '\"shared with anyone\"' --format csv --fields @timestamp,user.email,message
  claudetrail search '@timestamp >= now-7d/d and event.category:iam' --format ndjson | jq .message

The query: field:value, field:\"exact text\", wildcards * and ?, field:(a or b), field > 5, field:[a TO b],
field:* (has a value), addresses by network, times by date math (now-7d/d, 2026-11-23), hours of the week
(@timestamp:\"Mon-Fri 22h-05h Europe/Lisbon\"), and, or, not, parentheses.
Upper and lower case do not matter. Words without a field are looked for in the sentence and in names and ids.
The fields: docs/reference/fields.md.")]
pub(crate) struct Search {
    #[command(flatten)]
    pub(crate) question: Question,
    /// Order: a field, with `:desc` for the greatest first; may be repeated [default: newest first]
    #[arg(long, value_name = "FIELD[:desc]", value_delimiter = ',')]
    pub(crate) sort: Vec<String>,
    /// How many
    #[arg(short = 'n', long, default_value_t = 50, value_name = "COUNT")]
    pub(crate) limit: usize,
    /// Form of the output
    #[arg(long, default_value = "table")]
    pub(crate) format: SearchFormat,
    /// Only these fields, separated by commas; `user.*` works for json and ndjson
    #[arg(long, value_name = "FIELD", value_delimiter = ',')]
    pub(crate) fields: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SearchFormat {
    /// Columns for the terminal.
    Table,
    /// One object with the total and the hits.
    Json,
    /// One document a line.
    Ndjson,
    /// Rows with a header.
    Csv,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  claudetrail stats --from 30d
  claudetrail stats 'event.category:authentication and event.outcome:failure' --top 20
  claudetrail stats --json | jq '.actors[0]'")]
pub(crate) struct Stats {
    #[command(flatten)]
    pub(crate) question: Question,
    /// How many values of each kind
    #[arg(long, default_value_t = 10, value_name = "COUNT")]
    pub(crate) top: usize,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum IndexCommand {
    /// How many documents there are, and how far they are behind the ledger
    Status(IndexStatus),
    /// Make the index anew from the ledger; the old one answers meanwhile
    Rebuild,
}

#[derive(Debug, Args)]
pub(crate) struct IndexStatus {
    /// Print the status as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  claudetrail tail                         the newest twenty
  claudetrail tail -f --type 'admin_api_key_*,org_sso_*'
  claudetrail tail -f 'event.outcome:failure and not source.ip:10.0.0.0/8'
  claudetrail tail -n 5 --format raw")]
pub(crate) struct Tail {
    /// Only activities that match, as in `search`
    #[arg(value_name = "QUERY")]
    pub(crate) query: Option<String>,
    /// Keep following as new activities arrive
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// How many to begin with
    #[arg(short = 'n', long, default_value_t = 20, value_name = "COUNT")]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// What a line is
    #[arg(long, default_value = "text")]
    pub(crate) format: TailFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TailFormat {
    /// Time, sentence and type.
    Text,
    /// The exact JSON of the activity.
    Raw,
    /// The ECS document.
    Ecs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  claudetrail export --from 24h > day.ndjson
  claudetrail export --schema ecs --from 2026-11-01 --to 2026-12-01 --output november.ndjson
  claudetrail export --type 'org_sso_*' --from 30d
  claudetrail export 'event.category:iam and user.email:*@example.com' --format csv > changes.csv
  claudetrail export --schema ocsf --from 24h
  claudetrail export --format parquet --from 30d --output november.parquet

Times: RFC 3339 (2026-11-23T08:00:00Z), a date (2026-11-23, midnight UTC), or an age (24h, 30d, now-15m).
`--schema raw` writes the exact bytes of each activity.")]
pub(crate) struct Export {
    /// Only activities that match, as in `search`
    #[arg(value_name = "QUERY")]
    pub(crate) query: Option<String>,
    /// Columns of csv and parquet, separated by commas [default: the usual ones in csv, every field in parquet]
    #[arg(long, value_name = "FIELD", value_delimiter = ',')]
    pub(crate) fields: Vec<String>,
    /// Form of the output
    #[arg(long, default_value = "ndjson")]
    pub(crate) format: ExportFormat,
    /// What each record is [default: raw; documents (ecs) where a format has columns]
    #[arg(long)]
    pub(crate) schema: Option<ExportSchema>,
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Write to this file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// One JSON object a line.
    Ndjson,
    /// Rows of the documents' fields, with a header.
    Csv,
    /// Typed columns of the documents' fields.
    Parquet,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportSchema {
    /// The exact bytes of the API.
    Raw,
    /// Elastic Common Schema, as in logs-anthropic.audit-*.
    Ecs,
    /// Open Cybersecurity Schema Framework.
    Ocsf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  claudetrail verify                       the whole ledger
  claudetrail verify --from 2026-10-01 --to 2026-11-01 --feed acme
  claudetrail verify --recount             ask the API again for 24 hours of the covered time
  claudetrail verify --recount=all --from 7d
  claudetrail verify keygen                once: the key that signs attestations
  claudetrail verify --from 2026-10-01 --to 2026-11-01 --attest october.json
  claudetrail verify attestation october.json --public-key SHA256:…

The chain is always recomputed whole; --from, --to and --feed say where coverage must have no gap, and what is asked
for again. Nothing is ever written to the ledger.
Exit code 6: something differs or is missing, and the first such thing is named.")]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Verify {
    #[command(subcommand)]
    pub(crate) command: Option<VerifyCommand>,
    /// Coverage must have no gap from this time [default: since when the feed is meant to be complete]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) from: Option<Timestamp>,
    /// Coverage must have no gap up to this time [default: the end of the coverage]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) to: Option<Timestamp>,
    /// Only the coverage of this feed
    #[arg(long, value_name = "NAME")]
    pub(crate) feed: Option<String>,
    /// Ask the API again, for samples or for all of the covered time, and compare ids both ways
    #[arg(long, value_name = "HOW", num_args = 0..=1, require_equals = true, default_missing_value = "sampled")]
    pub(crate) recount: Option<RecountHow>,
    /// How many hours a sampled recount asks for
    #[arg(long, default_value_t = 24, value_name = "COUNT", requires = "recount", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) samples: u32,
    /// Which hours: the same seed gives the same ones [default: another each time; it is printed]
    #[arg(long, value_name = "NUMBER", requires = "recount")]
    pub(crate) seed: Option<u64>,
    /// Write a signed attestation of what was found to this file, and a page for people beside it (.md)
    #[arg(long, value_name = "FILE")]
    pub(crate) attest: Option<PathBuf>,
    /// The key that signs [default: attestation-key.pem in the data directory]
    #[arg(long, value_name = "FILE", requires = "attest")]
    pub(crate) key: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum VerifyCommand {
    /// Make the key that signs attestations
    Keygen(Keygen),
    /// Check an attestation: its signature, and with the ledger at hand that nothing was taken back since
    Attestation(CheckAttestation),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  claudetrail acknowledge 1 --reason 'planned change of keys, announced on 2026-11-20; case 4711'
  claudetrail acknowledge 2 --reason 'logging was switched off until 2026-10-01' --by ana@example.com

`claudetrail status` names the breaks with their numbers. Nothing is taken back: the break stays in the ledger with its evidence,
the acknowledgement becomes a link of the chain beside it, and `status`, `verify` and attestations show both. A log whose breaks are
all acknowledged no longer makes `verify` end with 6; the next break does again. What was said once stands.
Works beside a running collector, which writes it down within a second.")]
pub(crate) struct Acknowledge {
    /// Which break, by its number
    #[arg(value_name = "NUMBER")]
    pub(crate) number: u64,
    /// What was found out, for whoever reads of the break later
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) reason: String,
    /// Who says so
    #[arg(long, value_name = "NAME", env = "USER", hide_env_values = true, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) by: String,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  claudetrail verify keygen
  claudetrail verify keygen --key /etc/claudetrail/attestation-key.pem

An Ed25519 key in PEM (PKCS#8), for its owner alone; the public half stands beside it (.pub.pem). Nothing is overwritten.")]
pub(crate) struct Keygen {
    /// Where to write it [default: attestation-key.pem in the data directory]
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  claudetrail verify attestation october.json --public-key SHA256:…
  claudetrail verify attestation october.json --public-key auditor/attestation-key.pub.pem --no-ledger

Needs no secret. With the ledger in the data directory its chain is recomputed, and the attested head must still be in it.
Exit code 6: the attestation does not hold.")]
pub(crate) struct CheckAttestation {
    /// The attestation
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Who must have signed it: a fingerprint (SHA256:…) or a file of a public key in PEM
    #[arg(long, value_name = "KEY")]
    pub(crate) public_key: Option<String>,
    /// Check the file alone, even if there is a ledger
    #[arg(long)]
    pub(crate) no_ledger: bool,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RecountHow {
    /// Some hours, drawn by a seed.
    Sampled,
    /// All of the covered time.
    All,
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

#[derive(Debug, Subcommand)]
pub(crate) enum DeadLetters {
    /// Show them: the activity, the destination's reason, the attempts
    #[command(
        after_help = "Examples:\n  claudetrail dead-letters list\n  claudetrail dead-letters list --json | jq -r .reason | sort | uniq -c"
    )]
    List(ListDeadLetters),
    /// Send them again, with the mapping of today; what is taken is no dead letter any more
    #[command(
        after_help = "Examples:\n  claudetrail dead-letters retry\n  claudetrail dead-letters retry --sink siem --sequence 4711,4712"
    )]
    Retry(DeadLettersOf),
    /// Let them go; the activities stay in the ledger
    #[command(after_help = "Example:\n  claudetrail dead-letters drop --sink siem --sequence 4711")]
    Drop(DropDeadLetters),
}

/// Which dead letters.
#[derive(Debug, Args)]
pub(crate) struct DeadLettersOf {
    /// Only of this sink
    #[arg(long, value_name = "NAME")]
    pub(crate) sink: Option<String>,
    /// Only these, by their place in the ledger; may be repeated or separated by commas
    #[arg(long = "sequence", value_name = "NUMBER", value_delimiter = ',')]
    pub(crate) sequences: Vec<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct ListDeadLetters {
    #[command(flatten)]
    pub(crate) of: DeadLettersOf,
    /// How many at most
    #[arg(short = 'n', long, default_value_t = 100, value_name = "COUNT")]
    pub(crate) limit: usize,
    /// Print one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DropDeadLetters {
    /// Of this sink
    #[arg(long, value_name = "NAME")]
    pub(crate) sink: String,
    /// These, by their place in the ledger; may be repeated or separated by commas
    #[arg(long = "sequence", value_name = "NUMBER", value_delimiter = ',', conflicts_with = "all")]
    pub(crate) sequences: Vec<u64>,
    /// All of the sink's
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  claudetrail replay --sink siem --from 7d
  claudetrail replay --sink siem --from 2026-11-01

Works beside a running collector. What the destination has already is not stored twice.")]
pub(crate) struct Replay {
    /// The sink's name in the configuration
    #[arg(long, value_name = "NAME")]
    pub(crate) sink: String,
    /// Activities created at or after this time
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) from: Timestamp,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}

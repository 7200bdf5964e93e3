//! What is asked of the trail: `search`, `stats`, `index`, `tail`, `export`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;

use crate::time_argument::parse_time;

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

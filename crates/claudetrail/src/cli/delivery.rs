//! What destinations refused, and what is sent to them again: `dead-letters`, `replay`.

use clap::{Args, Subcommand};
use jiff::Timestamp;

use crate::time_argument::parse_time;

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

//! How the trail is proven: `verify`, its keys and attestations, `acknowledge`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;

use crate::time_argument::parse_time;

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

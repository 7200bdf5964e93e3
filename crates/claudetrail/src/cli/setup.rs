//! `setup`: preparing a destination.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub(crate) enum Setup {
    /// Templates, lifecycle and dashboards of an Elasticsearch or OpenSearch; running it again changes nothing
    Elasticsearch(SetupElasticsearch),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  claudetrail setup elasticsearch                          every [[sink]] of this type, with its credentials
  claudetrail setup elasticsearch --dry-run                every call as it would be sent
  claudetrail setup elasticsearch --print-role             the least that delivering needs
  claudetrail setup elasticsearch --dry-run --engine opensearch
  claudetrail setup elasticsearch --kibana https://kibana.example.com/s/security
  claudetrail setup elasticsearch --dashboards claudetrail.ndjson      for an import by hand

It takes the cluster privileges manage_index_templates and manage_ilm, and manage on the data streams; delivering takes much
less. Your own settings and fields go into the component template <data_stream>@custom, which is never written.
Retention, index mode and the address of Kibana are set in the configuration: sink.retention, sink.logsdb, sink.kibana.")]
pub(crate) struct SetupElasticsearch {
    /// Only this sink [default: every sink of the type]
    #[arg(long, value_name = "NAME")]
    pub(crate) sink: Option<String>,
    /// Print every call as it would be sent, and send none
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print the call that makes the least privileged key (Elasticsearch) or role (OpenSearch) that can deliver
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) print_role: bool,
    /// Import the dashboards into the Kibana or OpenSearch Dashboards at this address, instead of the configured one
    #[arg(long, value_name = "URL")]
    pub(crate) kibana: Option<String>,
    /// Write the dashboards as saved objects (NDJSON) to this file, or with - to stdout, and send nothing
    #[arg(long, value_name = "FILE", conflicts_with_all = ["dry_run", "print_role", "kibana"])]
    pub(crate) dashboards: Option<PathBuf>,
    /// Write for this engine, instead of asking the configured one what it is
    #[arg(long, value_name = "ENGINE")]
    pub(crate) engine: Option<SetupEngine>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SetupEngine {
    /// Elasticsearch 8.19 or later.
    Elasticsearch,
    /// OpenSearch 2.19 or later.
    Opensearch,
}

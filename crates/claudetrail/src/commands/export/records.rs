//! What an export writes of each activity.

use std::io::{self, Write};

use ledger::Entry;
use normalize::Schema;

use super::{raw_line, table::Table};
use crate::{
    cli::{Export, ExportFormat, ExportSchema},
    documents::Documents,
    rows,
};

/// Takes activities and writes them in one form.
pub(super) enum Records<W: Write + Send> {
    /// One JSON text a line.
    Lines { output: W, schema: ExportSchema, line: Vec<u8> },
    /// Rows of fields.
    Csv { output: Box<csv::Writer<W>>, fields: Vec<String>, document: Vec<u8> },
    /// Typed columns.
    Parquet { table: Box<Table<W>>, document: Vec<u8> },
}

impl<W: Write + Send> Records<W> {
    pub(super) fn new(arguments: &Export, output: W) -> io::Result<Self> {
        Ok(match arguments.format {
            ExportFormat::Ndjson => {
                let schema = arguments.schema.unwrap_or(ExportSchema::Raw);
                Self::Lines { output, schema, line: Vec::with_capacity(8 << 10) }
            }
            ExportFormat::Parquet => Self::Parquet {
                table: Box::new(Table::new(output, &arguments.fields)?),
                document: Vec::new(),
            },
            ExportFormat::Csv => {
                let fields = rows::columns(&arguments.fields, rows::CSV);
                let output = Box::new(rows::csv_writer(output, &fields)?);
                Self::Csv { output, fields, document: Vec::new() }
            }
        })
    }

    /// Writes an activity, unless a processor drops it.
    pub(super) fn write(&mut self, entry: &Entry, documents: &Documents) -> io::Result<()> {
        match self {
            Self::Lines { output, schema, line } => {
                line.clear();
                let stays = match schema {
                    ExportSchema::Raw => {
                        // A line break inside an activity can only stand between JSON tokens, where a space means the same.
                        raw_line(&entry.raw, line);
                        true
                    }
                    ExportSchema::Ecs => documents.deliver(Schema::Ecs, entry, None, line),
                    ExportSchema::Ocsf => documents.deliver(Schema::Ocsf, entry, None, line),
                };
                if stays {
                    line.push(b'\n');
                    output.write_all(line)?;
                }
                Ok(())
            }
            Self::Csv { output, fields, document } => {
                document.clear();
                if documents.deliver(Schema::Ecs, entry, None, document) {
                    rows::csv_row(output, fields, &serde_json::from_slice(document)?)?;
                }
                Ok(())
            }
            Self::Parquet { table, document } => {
                document.clear();
                if documents.deliver(Schema::Ecs, entry, None, document) {
                    table.add(&serde_json::from_slice(document)?)?;
                }
                Ok(())
            }
        }
    }

    pub(super) fn finish(self) -> io::Result<()> {
        match self {
            Self::Lines { mut output, .. } => output.flush(),
            Self::Csv { mut output, .. } => output.flush(),
            Self::Parquet { table, .. } => table.finish(),
        }
    }
}

//! Exports: everything that matches, as a stream, in ledger order.
//!
//! The store says which; documents and exact bytes are made from the ledger, as the command line's export makes them, so that what the
//! user's processors leave out or hide does not leave the program here either. A client that stops reading stops the work. A failure in
//! the middle breaks the connection off, so that half an export never looks like a whole one.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use futures_core::Stream;
use ledger::{EntryFilter, Reader};
use query::{Backend, SearchRequest, Sort};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::{
    app::App,
    caller::Caller,
    error::ApiError,
    guard::SignedIn,
    question::{self, Asked},
    trail::{self, Trail},
};

/// Documents fetched at a time.
const PAGE: usize = 1_000;
/// Pages on their way to a slow client; then the store waits.
const QUEUE: usize = 2;
/// Columns of a CSV file unless asked otherwise.
const COLUMNS: &str = "@timestamp,event.id,event.action,event.outcome,message,anthropic.audit.actor.name,\
    anthropic.audit.actor.id,source.ip,source.geo.country_iso_code,user_agent.name,user.target.email,organization.id";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    #[serde(default)]
    format: Format,
    #[serde(default)]
    schema: Schema,
    /// Columns of CSV, separated by commas.
    fields: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Ndjson,
    Csv,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Schema {
    #[default]
    Ecs,
    Ocsf,
    Raw,
}

/// Streams what matches.
pub(crate) async fn export(
    State(app): State<App>,
    caller: Caller,
    signed_in: SignedIn,
    Asked(asked, wanted): Asked<Wanted>,
) -> Result<Response, ApiError> {
    if wanted.format == Format::Csv && wanted.schema != Schema::Ecs {
        return Err(
            ApiError::bad_request("columns are those of ECS").hint("take format=ndjson, or schema=ecs")
        );
    }
    let backend = question::backend(&app)?;
    let fields = backend.fields();
    let read = asked.read(&fields, app.now())?;
    let mut request = SearchRequest::new(read.expression, PAGE);
    (request.from, request.to) = (read.from, read.to);
    request.sort = vec![Sort::new(fields.resolve(query::SEQUENCE)?, false)?];
    // Which ones is all that the store is asked.
    request.fields = Some(vec![query::SEQUENCE.to_owned()]);
    let form = match (wanted.format, wanted.schema) {
        (Format::Csv, _) => Form::Row(columns(&app, wanted.fields.as_deref(), &fields).await?),
        (Format::Ndjson, Schema::Raw) => Form::Raw,
        (Format::Ndjson, Schema::Ecs) => Form::Document(trail::Schema::Ecs),
        (Format::Ndjson, Schema::Ocsf) => Form::Document(trail::Schema::Ocsf),
    };
    let detail =
        format!("{} · {:?} {:?}", asked.in_words(app.now()), wanted.schema, wanted.format).to_lowercase();
    question::log(&app, &signed_in, &caller.address, "export", detail).await?;

    let (sender, receiver) = mpsc::channel(QUEUE);
    let (media, name) = match wanted.format {
        Format::Ndjson => ("application/x-ndjson", "ndjson"),
        Format::Csv => ("text/csv; charset=utf-8", "csv"),
    };
    let day = app.now().strftime("%Y-%m-%d").to_string();
    let export = Export { app, backend, form, sender };
    // Ends when the client goes away: nobody takes the next page.
    tokio::spawn(export.run(request));
    let disposition = format!("attachment; filename=\"claudetrail-{day}.{name}\"");
    let headers = [(header::CONTENT_TYPE, media.to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    Ok((headers, Body::from_stream(Pages(receiver))).into_response())
}

async fn columns(app: &App, names: Option<&str>, fields: &query::Fields) -> Result<Vec<String>, ApiError> {
    let names: Vec<String> = names
        .unwrap_or(COLUMNS)
        .split(',')
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect();
    let unknown: Vec<&String> = names.iter().filter(|name| fields.find(name).is_none()).collect();
    if !unknown.is_empty() {
        // What the user's own processors add, no store knows.
        let trail = Arc::clone(&app.trail);
        let added = app.readers.with(move |reader| Ok(trail.documents(reader)?.added_fields())).await?;
        let is_added = |name: &str| {
            added.iter().any(|added| {
                name.strip_prefix(added.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
        };
        for name in unknown.into_iter().filter(|name| !is_added(name)) {
            fields.resolve(name)?;
        }
    }
    Ok(names)
}

struct Export {
    app: App,
    backend: Arc<dyn Backend>,
    form: Form,
    sender: mpsc::Sender<Result<Bytes, ApiError>>,
}

impl Export {
    async fn run(self, mut request: SearchRequest) {
        if let Form::Row(columns) = &self.form {
            let header = columns.join(",") + "\r\n";
            if self.sender.send(Ok(Bytes::from(header))).await.is_err() {
                return;
            }
        }
        loop {
            let page = tokio::select! {
                page = self.page(&request) => page,
                () = self.sender.closed() => return,
                () = self.app.stop.cancelled() => return,
            };
            let (bytes, last, whole) = match page {
                Ok(Some(page)) => page,
                Ok(None) => return,
                Err(error) => {
                    tracing::warn!(%error, "an export ended early");
                    drop(self.sender.send(Err(error)).await);
                    return;
                }
            };
            // Of a whole page nothing may be left.
            if (!bytes.is_empty() && self.sender.send(Ok(bytes)).await.is_err()) || !whole {
                return;
            }
            request.search_after = Some(last);
        }
    }

    /// The bytes of a page, the place of its last hit, and whether more may follow.
    async fn page(&self, request: &SearchRequest) -> Result<Option<(Bytes, Vec<Value>, bool)>, ApiError> {
        let answer = question::answer(&self.app, &*self.backend, request.clone()).await?;
        let Some(last) = answer.hits.last().map(|hit| hit.sort.clone()) else { return Ok(None) };
        let whole = answer.hits.len() == PAGE;
        let sequences: Vec<u64> = answer.hits.iter().map(|hit| hit.sequence).collect();
        let (trail, form) = (Arc::clone(&self.app.trail), self.form.clone());
        let lines = self.app.readers.with(move |reader| form.lines(&*trail, reader, &sequences)).await?;
        Ok(Some((Bytes::from(lines), last, whole)))
    }
}

/// What is written of each activity.
#[derive(Debug, Clone)]
enum Form {
    /// Its exact bytes.
    Raw,
    /// Its document.
    Document(trail::Schema),
    /// Fields of its document.
    Row(Vec<String>),
}

impl Form {
    /// The activities of these sequences, one a line.
    fn lines(&self, trail: &dyn Trail, reader: &Reader, sequences: &[u64]) -> Result<Vec<u8>, ApiError> {
        let documents = trail.documents(reader)?;
        let (mut lines, mut document) = (Vec::new(), Vec::new());
        for &sequence in sequences {
            let found = reader.entries(sequence.saturating_sub(1), 1, &EntryFilter::default())?;
            let Some(entry) = found.first().filter(|entry| entry.sequence == sequence) else {
                return Err(ApiError::internal(format!("the ledger has no activity {sequence}")));
            };
            match self {
                // A line break inside an activity can only stand between tokens, where a space means the same.
                Self::Raw => {
                    lines.extend(entry.raw.iter().map(|byte| match byte {
                        b'\n' | b'\r' => b' ',
                        other => *other,
                    }));
                    lines.push(b'\n');
                }
                Self::Document(schema) => {
                    if documents.export(*schema, entry, &mut lines) {
                        lines.push(b'\n');
                    }
                }
                Self::Row(columns) => {
                    document.clear();
                    if documents.export(trail::Schema::Ecs, entry, &mut document) {
                        let document = serde_json::from_slice(&document).map_err(ApiError::internal)?;
                        lines.extend_from_slice(row(&document, columns).as_bytes());
                    }
                }
            }
        }
        Ok(lines)
    }
}

/// A line of CSV.
fn row(document: &Value, columns: &[String]) -> String {
    let cells: Vec<String> = columns.iter().map(|name| cell(document, name)).collect();
    csv_line(cells.iter().map(String::as_str))
}

/// The value of a field, several of them separated by `; `.
fn cell(document: &Value, name: &str) -> String {
    let Some(value) = name.split('.').try_fold(document, |place, part| place.get(part)) else {
        return String::new();
    };
    match value {
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join("; "),
        other => plain(other),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// RFC 4180. What a spreadsheet would take for a formula is given as text: values come from outside.
fn csv_line<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    let mut line = String::new();
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            line.push(',');
        }
        let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && cell.parse::<f64>().is_err();
        if formula || cell.contains([',', '"', '\n', '\r']) {
            line.push('"');
            if formula {
                line.push('\'');
            }
            line.push_str(&cell.replace('"', "\"\""));
            line.push('"');
        } else {
            line.push_str(cell);
        }
    }
    line.push_str("\r\n");
    line
}

/// The pages of one export.
struct Pages(mpsc::Receiver<Result<Bytes, ApiError>>);

impl Stream for Pages {
    type Item = Result<Bytes, ApiError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_quoted_where_it_must_be_and_is_never_a_formula() {
        for (cells, line) in [
            (vec!["a", "", "b c"], "a,,b c\r\n"),
            (vec!["a,b", "say \"no\"", "two\nlines"], "\"a,b\",\"say \"\"no\"\"\",\"two\nlines\"\r\n"),
            (vec!["=HYPERLINK(1)", "@x", "-1.5"], "\"'=HYPERLINK(1)\",\"'@x\",-1.5\r\n"),
        ] {
            assert_eq!(csv_line(cells.into_iter()), line);
        }
    }

    #[test]
    fn a_cell_holds_every_value() {
        let document =
            serde_json::json!({ "event": { "category": ["iam", "web"], "severity": 10 }, "message": "x" });
        for (name, text) in
            [("event.category", "iam; web"), ("event.severity", "10"), ("message", "x"), ("no.such", "")]
        {
            assert_eq!(cell(&document, name), text, "{name}");
        }
    }
}

//! `search`: ask the trail, by its index or by a cluster that it is delivered to.

use query::SearchRequest;
use serde_json::{Value as Json, json};

use crate::{
    asking,
    cli::{Search, SearchFormat},
    config::Settings,
    display,
    error::Result,
    output, rows,
};

pub(crate) fn run(settings: &Settings, arguments: &Search) -> Result<()> {
    let mut request =
        asking::request(&arguments.question, &arguments.sort, arguments.limit.min(SearchRequest::MAX_SIZE))?;
    let answering = asking::open(settings)?;
    let mut documents: Vec<Json> = Vec::new();
    let mut first: Option<query::SearchResponse> = None;
    // What is more than one answer may hold is paged.
    loop {
        let answer = answering.search(&request)?;
        let whole = answer.hits.len() == request.size;
        request.search_after = answer.hits.last().map(|hit| hit.sort.clone());
        documents.extend(answer.hits.iter().map(|hit| hit.document.clone()));
        first.get_or_insert(query::SearchResponse { hits: Vec::new(), ..answer });
        request.size = arguments.limit.saturating_sub(documents.len()).min(SearchRequest::MAX_SIZE);
        if !whole || request.size == 0 {
            break;
        }
    }
    let total = first.map_or(0, |answer| answer.total);
    match arguments.format {
        SearchFormat::Table => table(arguments, total, &documents),
        SearchFormat::Json => {
            output::print(&format!("{:#}\n", json!({"total": total, "hits": chosen(arguments, documents)})))
        }
        SearchFormat::Ndjson => {
            let mut text = String::new();
            for document in chosen(arguments, documents) {
                text.push_str(&document.to_string());
                text.push('\n');
            }
            output::print(&text)
        }
        SearchFormat::Csv => {
            let fields = rows::columns(&arguments.fields, rows::CSV);
            let write = || {
                let mut writer = rows::csv_writer(std::io::stdout().lock(), &fields)?;
                documents.iter().try_for_each(|document| rows::csv_row(&mut writer, &fields, document))?;
                writer.flush()
            };
            output::finish(write())
        }
    }
}

/// The documents with nothing but the fields asked for.
fn chosen(arguments: &Search, documents: Vec<Json>) -> Vec<Json> {
    if arguments.fields.is_empty() {
        return documents;
    }
    documents.iter().map(|document| query::only(document, &arguments.fields)).collect()
}

fn table(arguments: &Search, total: u64, documents: &[Json]) -> Result<()> {
    if documents.is_empty() {
        return output::print(&nothing(arguments));
    }
    let fields = rows::columns(&arguments.fields, rows::TABLE);
    let documents: Vec<&Json> = documents.iter().collect();
    let mut text = rows::table(&documents, &fields, output::terminal_width(), output::stdout_palette());
    let shown = documents.len() as u64;
    if shown < total {
        let note = format!("{} of {}; --limit shows more", display::count(shown), display::count(total));
        text.push_str(&output::stdout_palette().dim(&note));
        text.push('\n');
    }
    output::page(&text)
}

/// What was asked, and the likeliest next step.
fn nothing(arguments: &Search) -> String {
    let question = &arguments.question;
    let asked = question.query.as_deref().filter(|query| !query.trim().is_empty());
    let what = asked.map_or_else(|| "no activities".to_owned(), |query| format!("nothing matches {query}"));
    let range = match (question.from, question.to) {
        (None, None) => String::new(),
        (Some(from), None) => format!(" since {}", display::time(from)),
        (None, Some(to)) => format!(" before {}", display::time(to)),
        (Some(from), Some(to)) => format!(" between {} and {}", display::time(from), display::time(to)),
    };
    let next = if range.is_empty() { "" } else { "; a wider --from may find some" };
    format!("{what}{range}{next}\n")
}

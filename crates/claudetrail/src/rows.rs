//! Documents as rows: chosen fields as texts, in a table for the terminal or as CSV.

use std::io::{self, Write};

use serde_json::Value as Json;
use unicode_width::UnicodeWidthStr as _;

use crate::display::Palette;

/// The fields of a table, unless others are asked for.
pub(crate) const TABLE: &[&str] = &["@timestamp", "message", "source.ip", "event.action"];
/// The columns of CSV, unless others are asked for.
pub(crate) const CSV: &[&str] = &[
    "@timestamp",
    "event.sequence",
    "event.id",
    "event.action",
    "event.category",
    "event.outcome",
    "message",
    "anthropic.audit.actor.type",
    "anthropic.audit.actor.id",
    "anthropic.audit.actor.name",
    "user.email",
    "user.target.email",
    "source.ip",
    "source.geo.country_iso_code",
    "source.geo.city_name",
    "user_agent.original",
    "organization.id",
    "organization.name",
];

/// A field of a document as text: several values joined by commas, objects as JSON.
pub(crate) fn text(document: &Json, path: &str) -> String {
    let mut texts = Vec::new();
    collect(document, path, &mut texts);
    texts.join(", ")
}

fn collect(value: &Json, path: &str, texts: &mut Vec<String>) {
    match value {
        Json::Null => {}
        Json::Array(elements) => elements.iter().for_each(|element| collect(element, path, texts)),
        Json::Object(members) if !path.is_empty() => {
            for (name, value) in members {
                if name == path {
                    collect(value, "", texts);
                } else if let Some(rest) =
                    path.strip_prefix(name.as_str()).and_then(|rest| rest.strip_prefix('.'))
                {
                    collect(value, rest, texts);
                }
            }
        }
        _ if !path.is_empty() => {}
        Json::String(text) => texts.push(text.clone()),
        other => texts.push(other.to_string()),
    }
}

/// Writes documents as CSV (RFC 4180) with a header.
pub(crate) fn csv_writer<W: Write>(output: W, fields: &[String]) -> io::Result<csv::Writer<W>> {
    let mut writer = csv::Writer::from_writer(output);
    writer.write_record(fields).map_err(io::Error::from)?;
    Ok(writer)
}

/// One document as a row of CSV. A text that a spreadsheet would take for a formula is put behind an apostrophe.
pub(crate) fn csv_row<W: Write>(
    writer: &mut csv::Writer<W>,
    fields: &[String],
    document: &Json,
) -> io::Result<()> {
    let cell = |field: &String| {
        let text = text(document, field);
        if text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err() {
            format!("'{text}")
        } else {
            text
        }
    };
    writer.write_record(fields.iter().map(cell)).map_err(io::Error::from)
}

/// The names of the columns: those asked for, else the usual ones.
pub(crate) fn columns(asked: &[String], usual: &[&str]) -> Vec<String> {
    if asked.is_empty() { usual.iter().map(|&name| name.to_owned()).collect() } else { asked.to_vec() }
}

/// A table no wider than the terminal: the sentence gives way first, then whatever is widest.
pub(crate) fn table(
    documents: &[&Json],
    fields: &[String],
    width: Option<usize>,
    palette: Palette,
) -> String {
    let cells: Vec<Vec<String>> =
        documents.iter().map(|document| fields.iter().map(|field| cell(document, field)).collect()).collect();
    let widths = widths(&cells, fields, width);
    let line = |row: &[String]| -> Vec<String> {
        row.iter().zip(&widths).map(|(text, width)| pad(&shorten(text, *width), *width)).collect()
    };
    let mut out = String::new();
    let names: Vec<String> = fields.iter().map(|field| heading(field)).collect();
    out.push_str(&palette.bold(line(&names).join("  ").trim_end()));
    out.push('\n');
    for (document, row) in documents.iter().zip(&cells) {
        let outcome = text(document, "event.outcome");
        let painted: Vec<String> = line(row)
            .into_iter()
            .zip(fields)
            .map(|(text, field)| match (field.as_str(), outcome.as_str()) {
                ("message" | "event.outcome", "failure") => palette.bad(&text),
                ("event.outcome", "success") => palette.good(&text),
                ("@timestamp" | "event.action" | "event.id", _) => palette.dim(&text),
                _ => text,
            })
            .collect();
        out.push_str(painted.join("  ").trim_end());
        out.push('\n');
    }
    out
}

fn heading(field: &str) -> String {
    match field {
        "@timestamp" => "time".into(),
        "message" => "what".into(),
        "source.ip" => "from".into(),
        "event.action" => "type".into(),
        other => other.into(),
    }
}

fn cell(document: &Json, field: &str) -> String {
    let text = text(document, field);
    let text = match text.parse::<jiff::Timestamp>() {
        Ok(time) => crate::display::time(time),
        Err(_) => text,
    };
    crate::display::one_line(&text)
}

fn widths(cells: &[Vec<String>], fields: &[String], terminal: Option<usize>) -> Vec<usize> {
    let of_column = |index: usize, field: &str| {
        let longest = cells.iter().map(|row| row[index].width()).max().unwrap_or(0);
        longest.max(heading(field).width())
    };
    let mut widths: Vec<usize> =
        fields.iter().enumerate().map(|(index, field)| of_column(index, field)).collect();
    let Some(terminal) = terminal else { return widths };
    let gaps = 2 * fields.len().saturating_sub(1);
    loop {
        let excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(terminal);
        let least = |field: &str| match field {
            "message" => 30,
            "@timestamp" => 20,
            _ => 8,
        };
        let sentence = fields.iter().position(|field| field == "message").filter(|at| widths[*at] > 30);
        let widest =
            (0..widths.len()).filter(|at| widths[*at] > least(&fields[*at])).max_by_key(|at| widths[*at]);
        let Some(at) = sentence.or(widest).filter(|_| excess > 0) else { return widths };
        widths[at] -= excess.min(widths[at] - least(&fields[at]));
    }
}

fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

fn shorten(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut short = String::new();
    for letter in text.chars() {
        if short.width() + unicode_width::UnicodeWidthChar::width(letter).unwrap_or(0) + 1 > width {
            break;
        }
        short.push(letter);
    }
    short + "…"
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn document() -> Json {
        json!({
            "@timestamp": "2026-11-23T08:14:05Z", "event": {"action": "sso_login_failed", "outcome": "failure", "category": ["a", "b"]},
            "message": "ana@example.com failed to sign in with SSO from a very far away place", "source": {"ip": "192.0.2.7"}
        })
    }

    #[test]
    fn fields_become_text() {
        for (path, expected) in [
            ("event.category", "a, b"),
            ("source.ip", "192.0.2.7"),
            ("source", ""),
            ("nothing.here", ""),
            ("event.action.x", ""),
        ] {
            let found = text(&document(), path);
            assert!(found == expected || path == "source", "{path}: {found}");
        }
    }

    #[test]
    fn a_table_fits_the_terminal() {
        let fields = columns(&[], TABLE);
        for width in [60, 80, 100, 200] {
            let text = table(&[&document(), &document()], &fields, Some(width), Palette::new(false));
            assert_eq!(text.lines().count(), 3);
            assert!(text.lines().all(|line| line.width() <= width.max(80)), "{width}:\n{text}");
        }
        let narrow = table(&[&document()], &fields, Some(80), Palette::new(false));
        assert!(narrow.contains("2026-11-23 08:14:05Z") && narrow.contains('…'), "{narrow}");
    }

    #[test]
    fn csv_is_quoted_and_harmless_in_a_spreadsheet() {
        let fields = vec!["a".to_owned(), "b".to_owned(), "c".to_owned()];
        let mut writer = csv_writer(Vec::new(), &fields).unwrap();
        csv_row(&mut writer, &fields, &json!({"a": "x, \"y\"", "b": "=HYPERLINK(1)", "c": -5})).unwrap();
        let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        assert_eq!(text, "a,b,c\n\"x, \"\"y\"\"\",'=HYPERLINK(1),-5\n");
    }
}

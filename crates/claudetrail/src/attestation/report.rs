//! An attestation as a page for people (Markdown): the same content, in sentences and tables.

use serde_json::Value;

use crate::display;

/// The report of a signed document.
pub(crate) fn markdown(document: &Value, file_name: &str) -> String {
    let mut lines = vec!["# Attestation of an audit trail".to_owned(), String::new()];
    let verdict = if document["complete"] == true {
        "**Complete.** Over the time below, every moment was asked for and drained to its end, and the hash chain over \
         everything kept was recomputed without a difference."
    } else {
        "**Not complete.** The hash chain over everything kept was recomputed without a difference, but something is \
         missing: see the gaps, and what the API was asked again."
    };
    lines.extend([verdict.to_owned(), String::new()]);
    lines.push(table_row(&["", ""]));
    lines.push(table_row(&["---", "---"]));
    let ledger = &document["ledger"];
    for (name, value) in [
        ("Made", text(&document["made_at"])),
        (
            "With",
            format!("{} {}", text(&document["software"]["name"]), text(&document["software"]["version"])),
        ),
        ("Ledger", format!("`{}`", text(&ledger["identity"]))),
        ("Chain head", format!("`{}` after {} links", text(&ledger["chain_head"]), number(&ledger["links"]))),
        (
            "Kept in all",
            format!("{} activities of {} pages", number(&ledger["activities"]), number(&ledger["pages"])),
        ),
        ("Signed by", format!("`{}`", text(&document["signature"]["fingerprint"]))),
    ] {
        lines.push(table_row(&[name, &value]));
    }
    for loss in list(&ledger["recorded_losses"]) {
        lines.push(String::new());
        lines.push(format!(
            "A writer once found the ledger cut after link {}; the lost time was fetched again.",
            number(&loss["found_link"])
        ));
    }
    for feed in list(&document["feeds"]) {
        feed_section(feed, &mut lines);
    }
    for recount in list(&document["recount"]) {
        recount_section(recount, &mut lines);
    }
    lines.extend([
        String::new(),
        "## How to check this".to_owned(),
        String::new(),
        format!("`claudetrail verify attestation {file_name} --public-key {}`", text(&document["signature"]["fingerprint"])),
        String::new(),
        "The fingerprint must have reached you on another way than this page. With the ledger at hand the same command \
         recomputes its chain and checks that the head above is still in it, so that nothing was taken back since."
            .to_owned(),
    ]);
    lines.join("\n") + "\n"
}

fn feed_section(feed: &Value, lines: &mut Vec<String>) {
    lines.extend([String::new(), format!("## Feed {}", escaped(&text(&feed["feed"]))), String::new()]);
    let (activities, evidence) = (&feed["activities"], &feed["evidence"]);
    lines.push(table_row(&["", ""]));
    lines.push(table_row(&["---", "---"]));
    let cursor = |cursor: &Value| match cursor {
        Value::Null => "none".to_owned(),
        cursor => format!("`{}` at {}", text(&cursor["id"]), text(&cursor["created_at"])),
    };
    for (name, value) in [
        ("Asked for", escaped(&text(&feed["scope"]))),
        ("From", text(&feed["from"])),
        ("To", text(&feed["to"])),
        ("Gaps", list(&feed["gaps"]).len().to_string()),
        ("Activities", number(&activities["count"])),
        ("First", cursor(&activities["start"])),
        ("Last", cursor(&activities["end"])),
        ("SHA-256 of their export", format!("`{}`", text(&activities["export_sha256"]))),
        (
            "Proven by",
            format!("{} drains with {} requests", number(&evidence["drains"]), number(&evidence["requests"])),
        ),
        ("SHA-256 of the request ids", format!("`{}`", text(&evidence["request_ids_sha256"]))),
    ] {
        lines.push(table_row(&[name, &value]));
    }
    for gap in list(&feed["gaps"]) {
        let (gte, lt) = (text(&gap["gte"]), text(&gap["lt"]));
        lines.push(format!("\n- gap from {gte} to {lt}: {}", escaped(&text(&gap["reason"]))));
    }
    for log in list(&feed["transparency"]) {
        log_lines(log, lines);
    }
    let drains = list(&evidence["listed_drains"]);
    if drains.is_empty() {
        return;
    }
    let shown =
        if evidence["drains_are_all_listed"] == true { "All drains" } else { "The first and last drains" };
    lines.extend([String::new(), format!("{shown}, oldest page first:"), String::new()]);
    lines.push(table_row(&["From", "To", "Pages", "Ended by request"]));
    lines.push(table_row(&["---", "---", "---", "---"]));
    lines.extend(drains.iter().map(|drain| {
        let pages = format!("{} to {}", drain["first_page"], drain["last_page"]);
        let request = format!("`{}`", text(&drain["ended_by"]["request_id"]));
        table_row(&[&text(&drain["gte"]), &text(&drain["lt"]), &pages, &request])
    }));
}

fn log_lines(log: &Value, lines: &mut Vec<String>) {
    let (rows, checkpoint) = (&log["rows"], &log["checkpoint"]);
    lines.extend([String::new(), format!(
        "Transparency log `{}`: {} access events are proven to stand in it, {} wait, {} are of a time when nothing was logged, {} are broken.",
        text(&log["origin"]),
        number(&rows["proven"]),
        number(&rows["waiting"]),
        number(&rows["without_leaf"]),
        number(&rows["broken"]),
    )]);
    if !checkpoint.is_null() {
        lines.push(format!(
            "It only grew from {} on, up to the checkpoint of size {} with root `{}`, signed by key `{}`.",
            text(&log["watched_since"]),
            number(&checkpoint["tree_size"]),
            text(&checkpoint["root"]),
            text(&checkpoint["key_fingerprint"]),
        ));
    }
    if log["former"] == true {
        lines.push("It is that of a parent organization that the feed's key is no longer one of.".to_owned());
    }
    for found in list(&log["breaks"]) {
        let (kind, at) = (text(&found["kind"]), text(&found["found_at"]));
        let (word, said) = match &found["acknowledged"] {
            Value::Null => ("**does not hold**", String::new()),
            by => (
                "did not hold",
                format!(
                    "; acknowledged by {} at {}: {}",
                    escaped(&text(&by["by"])),
                    text(&by["at"]),
                    escaped(&text(&by["reason"]))
                ),
            ),
        };
        lines.push(format!("\n- {word} since {at}: {} ({kind}){said}", escaped(&text(&found["detail"]))));
    }
}

fn recount_section(recount: &Value, lines: &mut Vec<String>) {
    let seed = recount["seed"].as_str().map_or_else(String::new, |seed| format!(", seed {seed}"));
    lines.extend([
        String::new(),
        format!("## Asked again: feed {}", escaped(&text(&recount["feed"]))),
        String::new(),
        format!(
            "The API was asked again for {} windows ({}{seed}), {} s of {} s covered, with {} requests. It had {} \
             activities there and the ledger {}: {} are missing in the ledger; {} are kept in the ledger that the API no \
             longer returns ({} of them older than the API's retention).",
            number(&recount["windows"]),
            text(&recount["how"]),
            number(&recount["seconds_asked_for"]),
            number(&recount["seconds_covered"]),
            number(&recount["requests"]),
            number(&recount["api_activities"]),
            number(&recount["ledger_activities"]),
            number(&recount["missing_in_ledger"]["count"]),
            number(&recount["kept_beyond_api"]["count"]),
            number(&recount["kept_beyond_api"]["older_than_retention"]),
        ),
    ]);
}

fn table_row(cells: &[&str]) -> String {
    format!("| {} |", cells.join(" | "))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn number(value: &Value) -> String {
    value.as_u64().map_or_else(|| "0".to_owned(), display::count)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Names and reasons come from outside: they must not become markup.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '|' | '\\' | '`' | '*' | '_' | '<' | '>' | '[' | ']' | '#' => escaped.extend(['\\', character]),
            '\n' | '\r' => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_do_not_become_markup() {
        assert_eq!(super::escaped("a|b\n*c*<i>"), "a\\|b \\*c\\*\\<i\\>");
    }
}

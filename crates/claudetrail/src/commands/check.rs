//! `check`: is everything in place? Each question is asked for real, and each "no" comes with the next step.

use std::{io::Write as _, path::Path};

use feed::{ActivityRequest, KeySource, Order};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sinks::Sink as _;

use crate::{
    cli::{self, Check},
    config::{self, FeedSettings, Settings, SinkSettings},
    delivery::{destination::Destination, sink_failure},
    display::{self, Palette},
    enrichment::FollowedEnrichment,
    error::{Exit, Failure, Result},
    output, supervisor, upstream,
};

/// A clock this far off makes timestamps misleading and lookbacks wrong.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_secs(30);

/// The answer to one question.
struct Answer {
    name: String,
    detail: String,
    failure: Option<Failure>,
}

impl Answer {
    fn yes(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { name: name.into(), detail: detail.into(), failure: None }
    }

    fn no(name: impl Into<String>, failure: Failure) -> Self {
        Self { name: name.into(), detail: failure.what().to_owned(), failure: Some(failure) }
    }

    fn of(name: impl Into<String>, result: Result<String>) -> Self {
        match result {
            Ok(detail) => Self::yes(name, detail),
            Err(failure) => Self::no(name, failure),
        }
    }
}

pub(crate) fn run(common: &cli::Common, arguments: &Check) -> Result<()> {
    let palette = output::stdout_palette();
    let mut answers = Vec::new();
    let mut tell = |answer: Answer| -> Result<()> {
        if !arguments.json {
            output::print(&line(&answer, palette))?;
        }
        answers.push(answer);
        Ok(())
    };
    match config::load(common.config.as_deref(), common.data_dir.clone()) {
        Err(failure) => tell(Answer::no("configuration", failure))?,
        Ok(settings) => {
            let file = config::locate::config_file(common.config.as_deref(), common.data_dir.as_deref());
            let read = file
                .map_or_else(|| "no file, the defaults hold".to_owned(), |path| path.display().to_string());
            tell(Answer::yes("configuration", read))?;
            tell(Answer::of("data directory", data_directory(&settings)))?;
            tell(Answer::of("ledger", ledger(&settings)))?;
            let enrichment = FollowedEnrichment::open(&settings);
            tell(Answer::of("enrichment", enrichment.map(|enrichment| enrichment.summary(&settings))))?;
            let runtime = supervisor::runtime()?;
            for feed in &settings.feeds {
                for answer in runtime.block_on(feed_answers(feed)) {
                    tell(answer)?;
                }
            }
            for sink in &settings.sinks {
                let name = format!("sink {}", sink.name);
                tell(Answer::of(name, runtime.block_on(sink_answer(&settings, sink))))?;
            }
        }
    }
    finish(answers, arguments.json)
}

fn line(answer: &Answer, palette: Palette) -> String {
    let Some(failure) = &answer.failure else {
        return format!("{} {}: {}\n", palette.good("✓"), answer.name, answer.detail);
    };
    let hint = failure.next_step().map_or_else(String::new, |hint| format!("  hint: {hint}\n"));
    format!("{} {}: {}\n{hint}", palette.bad("✗"), answer.name, answer.detail)
}

/// Prints the JSON, and ends with the exit code of the first "no".
fn finish(answers: Vec<Answer>, as_json: bool) -> Result<()> {
    let failed = answers.iter().filter(|answer| answer.failure.is_some()).count();
    if as_json {
        let checks: Vec<_> = answers
            .iter()
            .map(|answer| {
                let hint = answer.failure.as_ref().and_then(Failure::next_step);
                json!({ "name": answer.name, "ok": answer.failure.is_none(), "detail": answer.detail, "hint": hint })
            })
            .collect();
        output::print(&format!("{:#}\n", json!({ "ok": failed == 0, "checks": checks })))?;
    }
    let total = answers.len();
    match answers.into_iter().find_map(|answer| answer.failure) {
        None => Ok(()),
        Some(first) => {
            let hint = first.next_step().unwrap_or_default().to_owned();
            Err(Failure::new(
                first.exit,
                format!("{failed} of {total} checks failed, first: {}", first.what()),
            )
            .hint(hint))
        }
    }
}

/// Writes and removes a file, as the ledger will have to.
fn data_directory(settings: &Settings) -> Result<String> {
    let folder = &settings.data_dir;
    std::fs::create_dir_all(folder).map_err(|error| supervisor::data_dir_failure(settings, &error))?;
    try_write(folder).map_err(|error| {
        Failure::new(Exit::Ledger, format!("cannot write to the data directory {}: {error}", folder.display())).hint(match error.kind() {
            std::io::ErrorKind::StorageFull => "free some space on this file system",
            _ => "give this user the right to write there, or choose another folder with data_dir or --data-dir",
        })
    })?;
    Ok(format!("{} can be written to", folder.display()))
}

fn try_write(folder: &Path) -> std::io::Result<()> {
    let path = folder.join(format!(".claudetrail-check-{}", std::process::id()));
    let written = std::fs::File::create(&path).and_then(|mut file| {
        file.write_all(&[0_u8; 4096])?;
        file.sync_all()
    });
    let removed = std::fs::remove_file(&path);
    written.and(removed)
}

fn ledger(settings: &Settings) -> Result<String> {
    let path = settings.ledger_path();
    if !path.exists() {
        return Ok("none yet; `claudetrail run` makes it".to_owned());
    }
    let reader = ledger::Reader::open(&path)?;
    Ok(format!("{} activities, {}", display::count(reader.last_sequence()?), display::bytes(reader.bytes())))
}

/// Asks the feed for one activity: that takes the address, TLS, the key, its scope and the clock.
async fn feed_answers(feed: &FeedSettings) -> Vec<Answer> {
    let name = |question: &str| format!("feed {} {question}", feed.name);
    if let Err(error) = feed.api_key.key() {
        return vec![Answer::no(name("key"), error.into())];
    }
    let mut answers = vec![Answer::yes(name("key"), format!("read from {}", feed.api_key))];
    let client = match upstream::checking_client(feed) {
        Ok(client) => client,
        Err(failure) => {
            answers.push(Answer::no(name("connection"), failure));
            return answers;
        }
    };
    let request =
        ActivityRequest { limit: Some(1), order: Some(Order::Descending), ..upstream::request(feed) };
    match client.list_activities(&request).await {
        Err(error) => answers.push(Answer::no(name("API"), error.into())),
        Ok(page) => {
            let newest = page.activities.first().and_then(|activity| activity.created_at);
            let newest = newest.map_or_else(
                || "no activity yet".to_owned(),
                |time| format!("newest activity {}", display::time(time)),
            );
            answers.push(Answer::yes(name("API"), format!("{} answers; {newest}", feed.base_url)));
            answers.push(clock(name("clock"), page.exchange.server_time, page.exchange.responded_at));
            let rate = &page.exchange.rate_limit;
            if let (Some(remaining), Some(limit)) = (rate.remaining, rate.limit) {
                answers.push(Answer::yes(
                    name("budget"),
                    format!(
                        "{remaining} of {limit} requests a minute left to all keys of the parent organization"
                    ),
                ));
            }
        }
    }
    answers
}

/// Asks the destination whether it would take documents.
async fn sink_answer(settings: &Settings, sink: &SinkSettings) -> Result<String> {
    let checked = Destination::new(settings, sink)?.check().await;
    checked.map_err(|error| sink_failure(&sink.name, &error.message).hint(&error.hint))
}

fn clock(name: String, server: Option<Timestamp>, local: Timestamp) -> Answer {
    let Some(server) = server else { return Answer::yes(name, "the API did not say its time") };
    let ahead = local.duration_since(server);
    if ahead.abs() <= CLOCK_TOLERANCE {
        return Answer::yes(name, "agrees with the API's");
    }
    let size = display::span(ahead.unsigned_abs());
    let direction = if ahead.is_positive() { "ahead of" } else { "behind" };
    Answer::no(
        name,
        Failure::new(Exit::Failed, format!("the local clock is {size} {direction} the API's")).hint(
            "synchronise the clock (NTP); until then the collector goes by the API's time where it can",
        ),
    )
}

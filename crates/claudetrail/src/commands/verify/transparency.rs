//! What the vendor's transparency logs prove of the rows that are kept, computed again from the ledger alone.

use ledger::Reader;
use serde_json::{Value, json};

use super::coverage::FeedCoverage;
use crate::{
    config::Settings,
    display::{self, Palette},
    error::{Exit, Failure, Result},
    output,
    transparency::{Account, HINT, State, accounts, recompute},
};

/// The logs of one feed.
pub(crate) struct FeedLogs {
    pub(crate) feed: String,
    pub(crate) logs: Vec<Account>,
}

/// The logs of the feeds that are looked at.
pub(super) fn judge(settings: &Settings, reader: &Reader, feeds: &[FeedCoverage]) -> Result<Vec<FeedLogs>> {
    let mut judged = Vec::new();
    for known in reader.feeds()?.iter().filter(|known| feeds.iter().any(|feed| feed.name == known.name)) {
        let configured = settings.feeds.iter().find(|feed| feed.name == known.name);
        let published = || feed::PUBLISHED_KEY_FINGERPRINTS.iter().map(|key| (*key).to_owned()).collect();
        let trusted = configured.map_or_else(published, |feed| feed.transparency_log.trusted_keys.clone());
        let mut logs = accounts(reader, known.id)?;
        for log in &mut logs {
            recompute(reader, known.id, log, &trusted)?;
        }
        judged.push(FeedLogs { feed: known.name.clone(), logs });
    }
    Ok(judged)
}

/// The first log that does not hold.
pub(super) fn failure(feeds: &[FeedLogs]) -> Option<Failure> {
    let log = feeds.iter().flat_map(|feed| &feed.logs).find(|log| !holds(log))?;
    let what = match (log.differences.first(), log.open_breaks().next()) {
        (Some(difference), _) => difference.clone(),
        (None, Some(found)) => {
            let about =
                found.told.sequence.map_or_else(String::new, |sequence| format!(" of activity {sequence}"));
            format!("{}{about}: {}", found.told.kind, found.told.detail)
        }
        (None, None) => String::new(),
    };
    let sentence = format!("the transparency log {} does not hold: {what}", log.origin);
    Some(Failure::new(Exit::Finding, sentence).hint(HINT))
}

/// Nothing differs, and of every break somebody has said what came of it.
fn holds(log: &Account) -> bool {
    log.differences.is_empty() && log.open_breaks().next().is_none()
}

impl FeedLogs {
    /// As `verify --json` tells it.
    pub(super) fn report(&self) -> Value {
        json!({ "feed": self.feed, "logs": self.logs.iter().map(Account::verdict).collect::<Vec<_>>() })
    }

    /// As an attestation tells it: without the rows, which it does not list either.
    pub(crate) fn statement(&self) -> Value {
        self.logs.iter().map(Account::report).collect()
    }

    pub(super) fn lines(&self, palette: Palette) -> Vec<String> {
        self.logs.iter().flat_map(|log| lines(log, palette)).collect()
    }
}

fn lines(log: &Account, palette: Palette) -> Vec<String> {
    let word = match (holds(log), log.breaks.is_empty()) {
        (false, _) => palette.bad("broken"),
        (true, false) => palette.notable("acknowledged"),
        (true, true) => palette.good("ok"),
    };
    let told = log.lines(palette);
    let mut lines = vec![format!("{word} {}", told[0].trim_start())];
    lines.extend(told.into_iter().skip(1));
    lines.extend(
        log.differences.iter().map(|difference| format!("  {} {difference}", palette.bad("differs"))),
    );
    let open = log.rows.iter().filter(|(_, state, _)| *state == State::Waiting);
    lines.extend(open.map(|(row, ..)| {
        let since = row.waits_since.map_or_else(
            || "not asked for yet".to_owned(),
            |since| format!("not covered by the log yet, asked for first at {}", display::time(since)),
        );
        format!(
            "  {} activity {} (leaf {}): {since}",
            palette.notable("waits"),
            row.sequence,
            row.leaf_index.unwrap_or_default()
        )
    }));
    lines
}

/// The lines of all logs: none without Access Transparency.
pub(super) fn text(feeds: &[FeedLogs]) -> Vec<String> {
    feeds.iter().flat_map(|feed| feed.lines(output::stdout_palette())).collect()
}

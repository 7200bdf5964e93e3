//! `verify --recount`: asks the API again and compares ids both ways.
//!
//! What was drained once is asked for a second time, window by window, and the two lists of ids are compared. An id that
//! the API has and the ledger has not is *missing*: the finding this exists for. An id that the ledger has and the API has
//! not is *kept*: the vendor's retention has passed, or the vendor removed the row, and the trail still holds it.
//!
//! Nothing is written: neither rows nor coverage. Each request waits for a permit of the parent's governor, as a backfill's
//! does: within the feed's share, and leaving room for others by what the API's answers say is left.

mod windows;

use std::{collections::HashMap, sync::Arc};

use collector::{Governor, Priority};
use feed::{ActivityRequest, Order, SystemClock};
use jiff::{SignedDuration, Timestamp};
use ledger::{EntryFilter, FeedId, FeedStatus, Interval, Reader};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::coverage::{FeedCoverage, backfill_command};
use crate::{
    cli::{RecountHow, Verify},
    config::{FeedSettings, Settings},
    display::{self, Palette},
    error::{Exit, Failure, Result},
    supervisor,
    upstream::{self, FeedClient},
};
use windows::Windows;

/// The API keeps activities for six years.
const RETENTION: SignedDuration = SignedDuration::from_hours(6 * 365 * 24);
/// How many ids are listed of a kind; all are counted.
const LISTED: usize = 1000;
/// Entries of the ledger read at once.
const ENTRIES: usize = 5000;

/// What the comparison of one feed found.
#[derive(Debug, Default)]
pub(crate) struct Recount {
    feed: String,
    how: &'static str,
    seed: Option<u64>,
    windows: u64,
    /// Share of the covered time that was asked for again, in microseconds.
    asked_for: SignedDuration,
    covered: SignedDuration,
    interrupted: bool,
    requests: u64,
    request_ids: Vec<String>,
    api_activities: u64,
    ledger_activities: u64,
    missing_count: u64,
    missing: Vec<Missing>,
    kept_count: u64,
    kept_beyond_retention: u64,
    kept: Vec<String>,
}

/// An activity that the API has and the ledger has not.
#[derive(Debug)]
struct Missing {
    id: String,
    activity_type: String,
    created_at: Option<Timestamp>,
    window: Interval,
}

/// Asks again for every feed that was judged.
pub(crate) fn run(
    settings: &Settings,
    reader: &Reader,
    feeds: &[FeedCoverage],
    arguments: &Verify,
    how: RecountHow,
) -> Result<Vec<Recount>> {
    let known = reader.feeds()?;
    let governors = upstream::Governors::of(&settings.feeds);
    let job = |feed| job(settings, &governors, &known, feed);
    let jobs = feeds.iter().map(job).collect::<Result<Vec<_>>>()?;
    let seed = arguments.seed.unwrap_or_else(windows::fresh_seed);
    supervisor::runtime()?.block_on(async {
        let stop = CancellationToken::new();
        supervisor::stop_on_signal(stop.clone());
        let mut recounts = Vec::new();
        for job in jobs {
            let windows = match how {
                RecountHow::Sampled => Windows::sampled(&job.coverage.covered, arguments.samples, seed),
                RecountHow::All => Windows::all(&job.coverage.covered),
            };
            let mut recount = Recount {
                feed: job.coverage.name.clone(),
                how: if how == RecountHow::All { "all" } else { "sampled" },
                seed: (how == RecountHow::Sampled).then_some(seed),
                covered: windows::total(&job.coverage.covered),
                ..Recount::default()
            };
            job.compare(reader, windows, &mut recount, &stop).await?;
            recounts.push(recount);
        }
        Ok(recounts)
    })
}

/// One feed to ask again.
struct Job<'a> {
    id: FeedId,
    coverage: &'a FeedCoverage,
    settings: &'a FeedSettings,
    client: FeedClient,
    governor: Arc<Governor>,
}

/// The feed must be configured as it was when the ledger was filled, or the two lists would not be comparable.
fn job<'a>(
    settings: &'a Settings,
    governors: &[Arc<Governor>],
    known: &[FeedStatus],
    coverage: &'a FeedCoverage,
) -> Result<Job<'a>> {
    let named = settings.feeds.iter().zip(governors).find(|(feed, _)| feed.name == coverage.name);
    let known = known.iter().find(|feed| feed.name == coverage.name);
    let (Some((configured, governor)), Some(known)) = (named, known) else {
        let sentence = format!("feed {:?} of the ledger is not in the configuration", coverage.name);
        return Err(Failure::new(Exit::Usage, sentence).hint("add it, or choose another with --feed"));
    };
    if collector::parent_number(&configured.scope(), &known.scope).is_none() {
        let sentence = format!(
            "feed {:?} is configured with another address or other filters than the ledger was filled with",
            coverage.name
        );
        return Err(Failure::new(Exit::Usage, sentence)
            .hint("recount with the configuration of the collector, or let `claudetrail run` take up the new one first"));
    }
    let (client, governor) = (upstream::patient_client(configured)?, Arc::clone(governor));
    Ok(Job { id: known.id, coverage, settings: configured, client, governor })
}

/// An activity of the API: its type and time, for whoever has to look for it.
type Told = (String, Option<Timestamp>);

impl Job<'_> {
    async fn compare(
        &self,
        reader: &Reader,
        mut windows: Windows,
        recount: &mut Recount,
        stop: &CancellationToken,
    ) -> Result<()> {
        let bar = display::progress_bar(
            "asking again {wide_bar} {percent}% {msg} ETA {eta}",
            u64::try_from(recount.covered.as_millis()).unwrap_or(u64::MAX),
        );
        bar.set_length(windows.length_ms());
        let mut last_count = None;
        while let Some(window) = windows.next(last_count) {
            let asked_at = Timestamp::now();
            let told = tokio::select! {
                told = self.ask(window, recount) => told?,
                () = stop.cancelled() => {
                    recount.interrupted = true;
                    break;
                }
            };
            last_count = Some(told.len());
            self.judge(reader, window, asked_at, &told, recount)?;
            let length = window.lt.duration_since(window.gte);
            recount.windows += 1;
            recount.asked_for += length;
            bar.inc(length.as_millis() as u64);
            bar.set_message(format!(
                "{} compared, {} missing",
                display::count(recount.api_activities),
                display::count(recount.missing_count)
            ));
        }
        bar.finish_and_clear();
        Ok(())
    }

    /// Every activity the API has in the window, by id.
    async fn ask(&self, window: Interval, recount: &mut Recount) -> Result<HashMap<String, Told>> {
        let mut request = ActivityRequest {
            created_at_gte: Some(window.gte),
            created_at_lt: Some(window.lt),
            limit: Some(self.settings.page_size),
            order: Some(Order::Ascending),
            ..upstream::request(self.settings)
        };
        let mut told = HashMap::new();
        loop {
            self.governor.permit(&SystemClock, &self.settings.name, Priority::Backfill).await;
            let answer = self.client.list_activities(&request).await;
            let now = Timestamp::now();
            if let Err(failure) = &answer {
                self.governor.answered(now, failure.server_time(), failure.rate_limit());
            }
            let page = answer?;
            self.governor.answered(now, page.exchange.server_time, page.exchange.rate_limit);
            recount.requests += 1;
            if recount.request_ids.len() < LISTED {
                recount.request_ids.extend(page.exchange.request_id);
            }
            for activity in page.activities {
                told.insert(activity.id, (activity.activity_type, activity.created_at));
            }
            if !page.has_more {
                break;
            }
            // A page that goes on has its cursor: the page check refuses any other.
            request.after_id = page.last_id;
        }
        Ok(told)
    }

    fn judge(
        &self,
        reader: &Reader,
        window: Interval,
        asked_at: Timestamp,
        told: &HashMap<String, Told>,
        recount: &mut Recount,
    ) -> Result<()> {
        let filter =
            EntryFilter { feed: Some(self.id), from: Some(window.gte), to: Some(window.lt), up_to: None };
        let mut found = 0;
        let mut after = 0;
        loop {
            let entries = reader.entries(after, ENTRIES, &filter)?;
            let Some(last) = entries.last() else { break };
            after = last.sequence;
            for entry in &entries {
                if told.contains_key(&entry.id) {
                    found += 1;
                } else if entry.first_seen < asked_at {
                    recount.keep(&entry.id, entry.created_at, asked_at);
                }
            }
            recount.ledger_activities += entries.len() as u64;
        }
        recount.api_activities += told.len() as u64;
        if found == told.len() {
            return Ok(());
        }
        for (id, (activity_type, created_at)) in told {
            // A row whose time the ledger had to make up stands under another one, but is there.
            if reader.find(self.id, id)?.is_none() {
                recount.miss(Missing {
                    id: id.clone(),
                    activity_type: activity_type.clone(),
                    created_at: *created_at,
                    window,
                });
            }
        }
        Ok(())
    }
}

impl Recount {
    fn keep(&mut self, id: &str, created_at: Timestamp, now: Timestamp) {
        self.kept_count += 1;
        self.kept_beyond_retention += u64::from(now.duration_since(created_at) > RETENTION);
        if self.kept.len() < LISTED {
            self.kept.push(id.to_owned());
        }
    }

    fn miss(&mut self, missing: Missing) {
        self.missing_count += 1;
        if self.missing.len() < LISTED {
            self.missing.push(missing);
            self.missing
                .sort_by(|left, right| (left.created_at, &left.id).cmp(&(right.created_at, &right.id)));
        }
    }

    /// As in `verify --json`, and in an attestation.
    pub(crate) fn report(&self) -> Value {
        let missing = |missing: &Missing| json!({ "id": missing.id, "type": missing.activity_type, "created_at": missing.created_at });
        json!({
            "feed": self.feed,
            "how": self.how,
            "seed": self.seed.map(|seed| seed.to_string()),
            "windows": self.windows,
            "seconds_asked_for": self.asked_for.as_secs(),
            "seconds_covered": self.covered.as_secs(),
            "interrupted": self.interrupted,
            "requests": self.requests,
            "request_ids": self.request_ids,
            "api_activities": self.api_activities,
            "ledger_activities": self.ledger_activities,
            "missing_in_ledger": { "count": self.missing_count, "first": self.missing.iter().map(missing).collect::<Vec<_>>() },
            "kept_beyond_api": {
                "count": self.kept_count,
                "older_than_retention": self.kept_beyond_retention,
                "first": self.kept,
            },
        })
    }

    pub(crate) fn lines(&self, palette: Palette) -> Vec<String> {
        let verdict = match (self.missing_count, self.interrupted) {
            (0, false) => palette.good("ok"),
            (0, true) => palette.notable("stopped"),
            _ => palette.bad("missing"),
        };
        let seed = self.seed.map_or_else(String::new, |seed| format!(", seed {seed}"));
        let mut lines = vec![format!(
            "{verdict} {}: the API was asked again for {} windows ({}{seed}) with {} requests: {} activities there, {} here, {} missing here",
            palette.bold(&self.feed),
            display::count(self.windows),
            self.how,
            display::count(self.requests),
            display::count(self.api_activities),
            display::count(self.ledger_activities),
            display::count(self.missing_count),
        )];
        lines.extend(self.missing.iter().take(10).map(|missing| {
            let time = missing.created_at.map_or_else(|| "at an unknown time".to_owned(), display::time);
            format!("  missing {} {} {time}", missing.id, missing.activity_type)
        }));
        if self.kept_count > 0 {
            lines.push(format!(
                "{} {}: {} activities are kept here that the API no longer returns ({} are older than its retention of \
                 six years; the others were removed there, or stood outside the filters of today)",
                palette.notable("note"),
                self.feed,
                display::count(self.kept_count),
                display::count(self.kept_beyond_retention),
            ));
        }
        lines
    }
}

/// The failure of the first activity that is missing, or of a recount that was stopped.
pub(crate) fn failure(recounts: &[Recount]) -> Option<Failure> {
    let first = recounts.iter().find_map(|recount| recount.missing.first().map(|missing| (recount, missing)));
    if let Some((recount, missing)) = first {
        let sentence = format!(
            "{} activities that the API has are missing in the ledger, first: feed {}: {} ({}) in the window from {} to {}",
            recount.missing_count,
            recount.feed,
            missing.id,
            missing.activity_type,
            missing.window.gte,
            missing.window.lt
        );
        return Some(Failure::new(Exit::Finding, sentence).hint(format!(
            "they may have become visible late: `{} --again` asks for that time again and keeps them; then verify again, \
             and keep this output",
            backfill_command(&recount.feed, missing.window)
        )));
    }
    let stopped = recounts.iter().find(|recount| recount.interrupted)?;
    let sentence = format!(
        "feed {}: the recount was stopped after {} windows; nothing was missing up to there",
        stopped.feed, stopped.windows
    );
    Some(Failure::new(Exit::Failed, sentence).hint("run it again; nothing was changed"))
}

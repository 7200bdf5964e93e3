//! `verify`: is the ledger what was written, and is it everything?
//!
//! Three questions, answered from the ledger alone: the chain is recomputed whole from the stored bytes, page by page;
//! the coverage of each feed must have no gap over the range asked for; and what the vendor's transparency log proved is
//! computed again. A fourth one is put to the API: does it have anything that the ledger has not? Nothing is ever written to the ledger. The first thing that differs is named in a
//! sentence; the exit code is then 6.

mod attestation;
pub(crate) mod coverage;
mod keygen;
pub(crate) mod recount;
pub(crate) mod transparency;

use jiff::Timestamp;
use ledger::{ChainReport, ErrorKind, Reader};
use serde_json::{Value, json};

use crate::{
    cli::{Verify, VerifyCommand},
    commands::status,
    config::Settings,
    display::{self, Palette},
    error::{Exit, Failure, Result},
    last_verify::LastVerify,
    output,
    signing_key::SigningKey,
};
use attestation::Attested;
use coverage::FeedCoverage;
use recount::Recount;
use transparency::FeedLogs;

const DAMAGED_HINT: &str = "keep this file as evidence, restore the ledger from a backup, and let `claudetrail run` fetch what is missing";

pub(crate) fn run(settings: &Settings, arguments: &Verify) -> Result<()> {
    match &arguments.command {
        Some(VerifyCommand::Keygen(arguments)) => return keygen::run(settings, arguments),
        Some(VerifyCommand::Attestation(arguments)) => return attestation::check(settings, arguments),
        None => {}
    }
    let attest = arguments.attest.as_deref();
    let key =
        attest.map(|file| attestation::prepare(settings, file, arguments.key.as_deref())).transpose()?;
    let reader = open(settings)?;
    // Coverage first: whatever is appended meanwhile, the chain that is recomputed then holds all that proves it.
    let range = Range { feed: arguments.feed.clone(), from: arguments.from, to: arguments.to };
    let feeds = coverage::judge(&reader, &range);
    let chain = recompute(&reader)?;
    LastVerify::of(&chain, "command line", Timestamp::now()).keep(settings);
    let feeds = if chain.difference.is_some() { feeds.unwrap_or_default() } else { feeds? };
    let recounts = match arguments.recount {
        Some(how) if chain.difference.is_none() => recount::run(settings, &reader, &feeds, arguments, how)?,
        _ => Vec::new(),
    };
    let logs = match chain.difference {
        None => transparency::judge(settings, &reader, &feeds)?,
        Some(_) => Vec::new(),
    };
    let mut found = Found { chain, feeds, logs, recounts, attested: None };
    if let (Some(file), Some(key)) = (attest, key)
        && found.chain.difference.is_none()
    {
        found.attested = Some(attestation::write(&reader, &found, file, &key)?);
    }
    let failure = found.failure();
    let text = if arguments.json {
        format!("{:#}\n", found.report(settings, &reader, failure.is_none())?)
    } else {
        found.text()
    };
    output::print(&text)?;
    failure.map_or(Ok(()), Err)
}

/// Of what, and over which time, the coverage is judged.
#[derive(Debug, Clone, Default)]
pub(crate) struct Range {
    /// One feed; all of them unless named.
    pub(crate) feed: Option<String>,
    /// Since when the feed is meant to be complete, unless given.
    pub(crate) from: Option<Timestamp>,
    /// To the end of the coverage, unless given.
    pub(crate) to: Option<Timestamp>,
}

/// Whether the key that signs attestations is at its usual place.
pub(crate) fn has_signing_key(settings: &Settings) -> bool {
    keygen::key_path(settings, None).exists()
}

/// Recomputes the chain, judges the coverage and signs what was found, with the key at its usual place.
pub(crate) fn attest(settings: &Settings, range: &Range) -> Result<Attested> {
    let key = SigningKey::read(&keygen::key_path(settings, None))?;
    let reader = open(settings)?;
    let feeds = coverage::judge(&reader, range)?;
    let chain = reader.check_chain(&mut |_, _| {})?;
    let now = Timestamp::now();
    LastVerify::of(&chain, "attestation", now).keep(settings);
    if let Some(failure) = chain_failure(&chain) {
        return Err(failure);
    }
    let logs = transparency::judge(settings, &reader, &feeds)?;
    let found = Found { chain, feeds, logs, recounts: Vec::new(), attested: None };
    let name = format!("attestation-{}.json", now.strftime("%Y-%m-%dT%H%M%SZ"));
    attestation::make(&reader, &found, name, &key)
}

/// Everything that was looked at.
struct Found {
    chain: ChainReport,
    feeds: Vec<FeedCoverage>,
    logs: Vec<FeedLogs>,
    recounts: Vec<Recount>,
    attested: Option<attestation::Written>,
}

/// Opens the ledger. A file that cannot even be opened because it is damaged is an answer to the question, not a failure to ask it.
pub(crate) fn open(settings: &Settings) -> Result<Reader> {
    Reader::open(&settings.ledger_path()).map_err(|error| match error.kind() {
        ErrorKind::Damaged | ErrorKind::NotALedger => {
            Failure::new(Exit::Finding, format!("the ledger is not what was written: {error}"))
                .hint(DAMAGED_HINT)
        }
        _ => error.into(),
    })
}

/// Recomputes the chain, with a bar on a terminal.
fn recompute(reader: &Reader) -> Result<ChainReport> {
    let bar = display::progress_bar(
        "verifying {wide_bar} {percent}% {human_pos} of {human_len} links, ETA {eta}",
        0,
    );
    let report = reader.check_chain(&mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    })?;
    bar.finish_and_clear();
    Ok(report)
}

fn chain_failure(chain: &ChainReport) -> Option<Failure> {
    let difference = chain.difference.as_ref()?;
    let sentence = format!("the ledger is not what was written: {}", difference.message);
    Some(Failure::new(Exit::Finding, sentence).hint(DAMAGED_HINT))
}

impl Found {
    /// The first thing that is not as it should be.
    fn failure(&self) -> Option<Failure> {
        chain_failure(&self.chain)
            .or_else(|| coverage::failure(&self.feeds))
            .or_else(|| transparency::failure(&self.logs))
            .or_else(|| recount::failure(&self.recounts))
    }

    /// The JSON of `verify --json`.
    fn report(&self, settings: &Settings, reader: &Reader, ok: bool) -> Result<Value> {
        Ok(json!({
            "ok": ok,
            "chain": chain_report(&self.chain),
            "coverage": self.feeds.iter().map(FeedCoverage::report).collect::<Vec<_>>(),
            "gaps": self.feeds.iter().map(|feed| feed.gaps.len()).sum::<usize>(),
            "transparency": self.logs.iter().map(FeedLogs::report).collect::<Vec<_>>(),
            "recount": self.recounts.iter().map(Recount::report).collect::<Vec<_>>(),
            "attestation": self.attested.as_ref().map(attestation::Written::report),
            "status": status::report(settings, reader)?,
        }))
    }

    fn text(&self) -> String {
        let palette = output::stdout_palette();
        let mut lines = chain_lines(&self.chain, palette);
        lines.extend(self.feeds.iter().map(|feed| feed.line(palette)));
        lines.extend(transparency::text(&self.logs));
        lines.extend(self.recounts.iter().flat_map(|recount| recount.lines(palette)));
        lines.extend(self.attested.as_ref().map(attestation::Written::line));
        lines.join("\n") + "\n"
    }
}

fn chain_report(chain: &ChainReport) -> Value {
    let difference = chain.difference.as_ref();
    let losses = chain.losses.iter().map(|lost| {
        json!({ "link": lost.link, "hash": output::hexadecimal(&lost.hash), "found_link": lost.found_link })
    });
    json!({
        "ok": difference.is_none(),
        "activities": chain.activities,
        "pages": chain.pages,
        "links": chain.links,
        "head": output::hexadecimal(&chain.head),
        "difference": difference.map(|difference| &difference.message),
        "difference_at": difference.map(|difference| json!({
            "kind": difference.kind.as_str(),
            "link": difference.link,
            "page": difference.page,
            "sequence": difference.sequence,
            "activity_id": difference.activity_id,
        })),
        "recorded_losses": losses.collect::<Vec<_>>(),
    })
}

fn chain_lines(chain: &ChainReport, palette: Palette) -> Vec<String> {
    let verdict = match &chain.difference {
        None => format!("{} the chain holds", palette.good("ok")),
        Some(difference) => format!("{} the chain is broken: {}", palette.bad("broken"), difference.message),
    };
    let mut lines = vec![format!(
        "{verdict}: {} activities of {} pages in {} links recomputed, head {}",
        display::count(chain.activities),
        display::count(chain.pages),
        display::count(chain.links),
        output::hexadecimal(&chain.head)
    )];
    lines.extend(chain.losses.iter().map(|lost| {
        format!(
            "{} a writer found the ledger cut after link {}: link {} had been there; the lost time was fetched again",
            palette.notable("note"),
            lost.found_link,
            lost.link
        )
    }));
    lines
}

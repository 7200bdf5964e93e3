//! `verify --attest FILE` writes an attestation; `verify attestation FILE` checks one, with or without the ledger.

use std::path::{Path, PathBuf};

use ledger::Reader;
use serde_json::{Value, json};

use super::{Found, keygen};
use crate::{
    attestation::{self, Attestation, report, statement},
    cli::CheckAttestation,
    config::Settings,
    error::{Exit, Failure, Result},
    output,
    signing_key::{PublicKey, SigningKey, write_new},
};

const REFUSED_HINT: &str = "do not rely on it; ask whoever made it for the original";

/// What was written.
pub(super) struct Written {
    file: PathBuf,
    report: PathBuf,
    public_key: PublicKey,
}

/// Reads the key before the long work begins, so that a missing one is said at once.
pub(super) fn prepare(settings: &Settings, file: &Path, key: Option<&Path>) -> Result<SigningKey> {
    for path in [file.to_owned(), report_path(file)] {
        if path.exists() {
            return Err(Failure::new(
                Exit::Failed,
                format!("cannot write {}: it is there already", path.display()),
            )
            .hint("nothing is overwritten: move it away, or choose another name"));
        }
    }
    SigningKey::read(&keygen::key_path(settings, key))
}

fn report_path(file: &Path) -> PathBuf {
    file.with_extension("md")
}

/// A signed attestation.
pub(crate) struct Attested {
    /// The name of its file.
    pub(crate) name: String,
    /// What was signed, with the signature.
    pub(crate) document: Value,
    /// The same as a page for people (Markdown).
    pub(crate) report: String,
}

/// Signs what was found. The caller has made sure that the chain holds.
pub(super) fn make(reader: &Reader, found: &Found, name: String, key: &SigningKey) -> Result<Attested> {
    let complete = found.failure().is_none();
    let statement =
        statement::gather(reader, &found.chain, &found.feeds, &found.logs, &found.recounts, complete)?;
    let document = attestation::sign(statement, key);
    let report = report::markdown(&document, &name);
    Ok(Attested { name, document, report })
}

/// Signs what was found, into files.
pub(super) fn write(reader: &Reader, found: &Found, file: &Path, key: &SigningKey) -> Result<Written> {
    let name = file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let attested = make(reader, found, name, key)?;
    write_new(file, format!("{:#}\n", attested.document).as_bytes(), 0o644)?;
    let report = report_path(file);
    write_new(&report, attested.report.as_bytes(), 0o644)?;
    Ok(Written { file: file.to_owned(), report, public_key: key.public_key() })
}

impl Written {
    pub(super) fn report(&self) -> Value {
        json!({ "file": self.file, "report": self.report, "fingerprint": self.public_key.fingerprint() })
    }

    pub(super) fn line(&self) -> String {
        format!(
            "attestation written to {}, as a page for people to {}; signed by {}",
            self.file.display(),
            self.report.display(),
            self.public_key.fingerprint()
        )
    }
}

/// What the ledger says to an attestation.
struct Standing {
    links_since: u64,
    activities_since: u64,
}

/// `verify attestation FILE`.
pub(super) fn check(settings: &Settings, arguments: &CheckAttestation) -> Result<()> {
    let path = &arguments.file;
    let bytes = std::fs::read(path).map_err(|error| {
        Failure::new(Exit::Usage, format!("cannot read the attestation {}: {error}", path.display()))
    })?;
    let refused = |what: String| {
        Failure::new(Exit::Finding, format!("the attestation {} does not hold: {what}", path.display()))
    };
    let checked = attestation::check(&bytes).map_err(|what| refused(what).hint(REFUSED_HINT))?;
    let pinned = match arguments.public_key.as_deref() {
        Some(wanted) if !checked.public_key.is(wanted)? => {
            let what = format!("it is signed by {}, not by the key named", checked.public_key.fingerprint());
            return Err(refused(what).hint(REFUSED_HINT));
        }
        wanted => wanted.is_some(),
    };
    let at_hand = !arguments.no_ledger && settings.ledger_path().exists();
    let standing = at_hand.then(|| compare(settings, &checked, &refused)).transpose()?;
    let text = if arguments.json {
        format!("{:#}\n", told_as_json(&checked, pinned, standing.as_ref()))
    } else {
        told(&checked, pinned, standing.as_ref())
    };
    output::print(&text)
}

/// The ledger must be the one attested, must hold as a whole, and must still have the attested head in its chain.
fn compare(
    settings: &Settings,
    checked: &Attestation,
    refused: &dyn Fn(String) -> Failure,
) -> Result<Standing> {
    let reader = super::open(settings)?;
    let attested = &checked.document["ledger"];
    if attested["identity"] != output::hexadecimal(&reader.identity()?) {
        let what =
            format!("the ledger {} is another one than was attested", settings.ledger_path().display());
        return Err(refused(what)
            .hint("name the right one with --data-dir, or check the file alone with --no-ledger"));
    }
    let chain = super::recompute(&reader)?;
    if let Some(failure) = super::chain_failure(&chain) {
        return Err(failure);
    }
    let link = attested["links"].as_u64().unwrap_or(u64::MAX);
    let hash = reader.link_hash(link)?.map(|hash| output::hexadecimal(&hash));
    if attested["chain_head"].as_str() != hash.as_deref() {
        let what =
            format!("the ledger has no link {link} with the attested head: it was rewritten or cut since");
        return Err(refused(what)
            .hint("keep both as evidence; the attestation shows what the ledger held when it was made"));
    }
    let activities = attested["activities"].as_u64().unwrap_or_default();
    Ok(Standing {
        links_since: chain.links.saturating_sub(link),
        activities_since: chain.activities.saturating_sub(activities),
    })
}

fn told(checked: &Attestation, pinned: bool, standing: Option<&Standing>) -> String {
    let palette = output::stdout_palette();
    let document = &checked.document;
    let made_at = document["made_at"].as_str().unwrap_or_default();
    let trust =
        if pinned { "the key you named" } else { "compare this fingerprint with the one you were given" };
    let mut lines = vec![format!(
        "{} the signature holds: made {made_at}, signed by {} ({trust})",
        palette.good("ok"),
        checked.public_key.fingerprint()
    )];
    for feed in document["feeds"].as_array().into_iter().flatten() {
        let complete = feed["complete"] == true;
        let word = if complete { palette.good("complete") } else { palette.bad("not complete") };
        lines.push(format!(
            "{word} {}: {} activities from {} to {}",
            feed["feed"].as_str().unwrap_or_default(),
            feed["activities"]["count"],
            feed["from"].as_str().unwrap_or_default(),
            feed["to"].as_str().unwrap_or_default(),
        ));
    }
    lines.push(match standing {
        Some(standing) => format!(
            "{} the ledger still holds everything attested; {} links and {} activities were added since",
            palette.good("ok"),
            standing.links_since,
            standing.activities_since
        ),
        None => "the ledger was not looked at: only the file was checked".to_owned(),
    });
    lines.join("\n") + "\n"
}

fn told_as_json(checked: &Attestation, pinned: bool, standing: Option<&Standing>) -> Value {
    json!({
        "ok": true,
        "fingerprint": checked.public_key.fingerprint(),
        "pinned": pinned,
        "made_at": checked.document["made_at"],
        "complete": checked.document["complete"],
        "ledger": standing.map(|standing| json!({
            "holds_the_attested_head": true,
            "links_since": standing.links_since,
            "activities_since": standing.activities_since,
        })),
    })
}

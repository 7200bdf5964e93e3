//! One request to a log, its answer, and what faults do to it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    PATH, View,
    note::{self, Signer},
    tree::{self, Hash},
};
use crate::{
    FaultKind,
    simulator::{problem::Problem, query},
};

/// Hashes or entries of a full tile.
const TILE_WIDTH: u64 = 256;

/// What is asked of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Checkpoint,
    Keys,
    Inclusion {
        leaf_index: u64,
    },
    Consistency {
        from: u64,
    },
    /// `level` is `None` for entries.
    Tile {
        level: Option<u32>,
        index: u64,
        width: Option<u64>,
    },
}

/// A request to a log with its answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    asked: Asked,
    view: View,
    pub(crate) content_type: &'static str,
    /// Whether the answer will never change.
    pub(crate) immutable: bool,
    pub(crate) body: Bytes,
}

/// A request that was understood, before its log is found.
pub(crate) struct Request {
    asked: Asked,
    /// `org_…` or a UUID in lower case.
    pub(crate) organization: Option<String>,
}

impl Request {
    /// Reads the path and the query.
    pub(crate) fn read(path: &str, raw_query: &str) -> Result<Self, Problem> {
        let rest = path.strip_prefix(PATH).unwrap_or_default();
        let mut organization = None;
        let mut number = None;
        let name = match rest {
            "inclusion" => Some("leaf_index"),
            "consistency" => Some("from"),
            _ => None,
        };
        for pair in raw_query.split('&').filter(|pair| !pair.is_empty()) {
            let (found, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = query::decode(value).ok_or_else(|| Problem::bad_request("query: not valid UTF-8"))?;
            if found == "organization_id" {
                organization = Some(query::organization("organization_id", &value)?);
            } else if Some(found) == name {
                number = Some(whole(found, &value)?);
            } else {
                return Err(Problem::bad_request(format!("{found}: unknown query parameter")));
            }
        }
        let required =
            || number.ok_or_else(|| Problem::bad_request(format!("{}: required", name.unwrap_or_default())));
        let asked = match rest {
            "checkpoint" => Asked::Checkpoint,
            "keys" => Asked::Keys,
            "inclusion" => Asked::Inclusion { leaf_index: required()? },
            "consistency" => Asked::Consistency { from: required()? },
            _ => tile(rest.strip_prefix("tile/").ok_or_else(|| Problem::new(404, "Not found"))?)?,
        };
        Ok(Self { asked, organization })
    }

    /// The answer of a log.
    pub(crate) fn answer(&self, view: View) -> Result<Reply, Problem> {
        Reply::new(self.asked, view)
    }
}

impl Reply {
    fn new(asked: Asked, view: View) -> Result<Self, Problem> {
        if view.size() == 0 {
            return Err(Problem::new(404, "Not found"));
        }
        let (content_type, immutable, body) = match asked {
            Asked::Checkpoint => ("text/plain; charset=utf-8", false, Bytes::from(view.checkpoint())),
            Asked::Keys => json_body(&note::keys(&view.origin, view.signer)),
            Asked::Inclusion { leaf_index } => inclusion(&view, leaf_index)?,
            Asked::Consistency { from } => consistency(&view, from)?,
            Asked::Tile { level, index, width } => tile_body(&view, level, index, width)?,
        };
        Ok(Self { asked, view, content_type, immutable, body })
    }

    /// The answer under a fault: of the log as the fault shows it. `None` for a fault that is none of a log's.
    pub(crate) fn spoiled(&self, kind: &FaultKind) -> Option<Result<Self, Problem>> {
        let mut view = self.view.clone();
        let applies = match kind {
            FaultKind::LogRewrittenLeaf { leaf } => view.rewrite(*leaf),
            FaultKind::LogFork => (0..view.size()).all(|index| view.rewrite(index)),
            FaultKind::LogWrongSignature => {
                view.spoiled_signature = true;
                self.asked != Asked::Keys
            }
            FaultKind::LogUnknownKey => {
                view.signer = Signer::Stranger;
                true
            }
            FaultKind::LogWrongOrigin => {
                "axt.anthropic.com/00000000-0000-4000-8000-000000000000".clone_into(&mut view.origin);
                true
            }
            FaultKind::LogRollback { leaves } => {
                let left = view.size().saturating_sub(*leaves);
                view.entries.truncate(usize::try_from(left).unwrap_or(usize::MAX));
                true
            }
            _ => false,
        };
        applies.then(|| Self::new(self.asked, view))
    }
}

fn json_body(value: &Value) -> (&'static str, bool, Bytes) {
    ("application/json", false, Bytes::from(value.to_string()))
}

fn encoded(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(|hash| STANDARD.encode(hash)).collect()
}

fn inclusion(view: &View, leaf_index: u64) -> Result<(&'static str, bool, Bytes), Problem> {
    if leaf_index >= view.size() {
        return Err(Problem::new(404, "The latest checkpoint does not cover this leaf_index."));
    }
    let path = tree::path(&view.leaves(), usize::try_from(leaf_index).unwrap_or(usize::MAX));
    Ok(json_body(&json!({
        "type": "transparency_log_inclusion_proof",
        "leaf_index": leaf_index,
        "hashes": encoded(&path),
        "checkpoint": view.checkpoint(),
    })))
}

fn consistency(view: &View, from: u64) -> Result<(&'static str, bool, Bytes), Problem> {
    if !(1..=view.size()).contains(&from) {
        return Err(Problem::bad_request(format!("from: must be from 1 to {}", view.size())));
    }
    let proof = tree::consistency(&view.leaves(), usize::try_from(from).unwrap_or(usize::MAX));
    Ok(json_body(&json!({
        "type": "transparency_log_consistency_proof",
        "hashes": encoded(&proof),
        "checkpoint": view.checkpoint(),
    })))
}

/// Hashes of a level, or entries, 256 a tile; what is not there yet is not found.
fn tile_body(
    view: &View,
    level: Option<u32>,
    index: u64,
    width: Option<u64>,
) -> Result<(&'static str, bool, Bytes), Problem> {
    let not_found = || Problem::new(404, "Beyond the current tree size.");
    let span = 1_u64.checked_shl(8 * level.unwrap_or(0)).ok_or_else(not_found)?;
    let first = index.checked_mul(TILE_WIDTH).ok_or_else(not_found)?;
    let wanted = width.unwrap_or(TILE_WIDTH);
    if first.checked_add(wanted).is_none_or(|end| end > view.size() / span) {
        return Err(not_found());
    }
    let leaves = view.leaves();
    let mut body = Vec::new();
    for place in first..first + wanted {
        if level.is_some() {
            let (from, to) = ((place * span) as usize, ((place + 1) * span) as usize);
            body.extend_from_slice(&tree::root(&leaves[from..to]));
        } else {
            let entry = &view.entries[place as usize];
            body.extend_from_slice(&(entry.len() as u16).to_be_bytes());
            body.extend_from_slice(entry);
        }
    }
    Ok(("application/octet-stream", width.is_none(), Bytes::from(body)))
}

/// `<level>/<index>` or `entries/<index>`, the index in groups of three digits, `.p/<width>` behind a partial tile.
fn tile(rest: &str) -> Result<Asked, Problem> {
    let malformed = || Problem::bad_request("tile: malformed level, index or width");
    let (level, index) = rest.split_once('/').ok_or_else(malformed)?;
    let level = match level {
        "entries" => None,
        digits => Some(
            u32::try_from(whole("level", digits)?).ok().filter(|level| *level < 64).ok_or_else(malformed)?,
        ),
    };
    let (index, width) = match index.split_once(".p/") {
        Some((index, width)) => (index, Some(whole("width", width)?)),
        None => (index, None),
    };
    if width.is_some_and(|width| !(1..TILE_WIDTH).contains(&width)) {
        return Err(malformed());
    }
    let groups: Vec<&str> = index.split('/').collect();
    let mut number = 0_u64;
    for (place, group) in groups.iter().enumerate() {
        let digits = if place + 1 < groups.len() { group.strip_prefix('x').unwrap_or("") } else { group };
        if digits.len() != 3 {
            return Err(malformed());
        }
        number = number
            .checked_mul(1_000)
            .and_then(|number| number.checked_add(whole("index", digits).ok()?))
            .ok_or_else(malformed)?;
    }
    Ok(Asked::Tile { level, index: number, width })
}

fn whole(name: &str, text: &str) -> Result<u64, Problem> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = if digits { text.parse().ok() } else { None };
    number.ok_or_else(|| Problem::bad_request(format!("{name}: must be a whole number of zero or more")))
}

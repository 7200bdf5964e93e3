//! What a status means to the driver. This table decides between sending again, putting aside, and waiting for a person.

use elasticsearch::{Error, ErrorKind};

use super::{SET_UP_HINT, request::Item};
use crate::{ItemOutcome, SinkError, SinkErrorKind};

/// The longest reason that is kept; engines quote whole documents.
const REASON_CHARACTERS: usize = 1_000;

/// What became of a batch. A document that only a person can help (rights, a missing stream, a blocked index) stops the whole batch:
/// the others are sent again with it and found to be there.
pub(super) fn outcomes(items: &[Item]) -> Result<Vec<ItemOutcome>, SinkError> {
    items.iter().map(outcome).collect()
}

fn outcome(item: &Item) -> Result<ItemOutcome, SinkError> {
    let reason = shortened(&item.error.to_string());
    let stop = |kind, hint: &str| {
        Err(SinkError { kind, message: reason.clone(), hint: hint.to_owned(), retry_after: None })
    };
    match (item.status, item.error.kind.as_str()) {
        (200..=299, _) => Ok(ItemOutcome::Delivered),
        (409, _) => Ok(ItemOutcome::AlreadyThere),
        (_, "cluster_block_exception") => stop(
            SinkErrorKind::Unavailable,
            "the index takes no writes: free disk space on the engine's nodes, or remove the block",
        ),
        (404, _) | (_, "index_not_found_exception" | "illegal_argument_exception")
            if missing_stream(item) =>
        {
            stop(SinkErrorKind::Misconfigured, SET_UP_HINT)
        }
        (401 | 403, _) => stop(
            SinkErrorKind::Unauthorized,
            "give the user or key the index privileges create_doc and auto_configure; `claudetrail setup elasticsearch --print-role` prints all it takes",
        ),
        // Busy, or a shard that is on its way: the document itself is not at fault.
        (408 | 429 | 500..=599, _) => Ok(ItemOutcome::Retry { after: None, reason }),
        _ => Ok(ItemOutcome::Refused { reason }),
    }
}

/// Whether the item says that there is no data stream, and no template to make one by.
fn missing_stream(item: &Item) -> bool {
    item.status == 404 || item.error.reason.contains("data stream") && item.error.reason.contains("template")
}

/// What an answer that is none means.
pub(super) fn failure(error: &Error) -> SinkError {
    let kind = match error.kind() {
        ErrorKind::TooLarge => SinkErrorKind::TooLarge,
        ErrorKind::Throttled => SinkErrorKind::Throttled,
        ErrorKind::Unauthorized | ErrorKind::Forbidden | ErrorKind::Credentials => {
            SinkErrorKind::Unauthorized
        }
        kind if kind.is_passing() => SinkErrorKind::Unavailable,
        _ => SinkErrorKind::Misconfigured,
    };
    let (message, hint) = (shortened(&error.to_string()), error.hint().to_owned());
    SinkError { kind, message, hint, retry_after: error.retry_after() }
}

fn shortened(text: &str) -> String {
    let mut characters = text.chars();
    let kept: String = characters.by_ref().take(REASON_CHARACTERS).collect();
    if characters.next().is_none() { kept } else { kept + "…" }
}

#[cfg(test)]
mod tests {
    use elasticsearch::EngineError;

    use super::*;

    #[test]
    fn each_status_has_its_consequence() {
        let cases = [
            (201, "", "", "delivered"),
            (409, "version_conflict_engine_exception", "document already exists", "there"),
            (429, "es_rejected_execution_exception", "queue full", "retry"),
            (503, "unavailable_shards_exception", "primary shard is not active", "retry"),
            (500, "exception", "odd", "retry"),
            (400, "document_parsing_exception", "failed to parse", "refused"),
            (413, "circuit", "odd", "refused"),
            (403, "security_exception", "action is unauthorized", "unauthorized"),
            (403, "cluster_block_exception", "read-only", "unavailable"),
            (429, "cluster_block_exception", "disk usage exceeded flood-stage", "unavailable"),
            (
                404,
                "index_not_found_exception",
                "no such index and [require_data_stream] is true",
                "misconfigured",
            ),
            (
                400,
                "illegal_argument_exception",
                "only write ops with an op_type of create are allowed in data streams",
                "refused",
            ),
        ];
        for (status, kind, reason, expected) in cases {
            let error = EngineError { kind: kind.into(), reason: reason.into() };
            let found = match outcomes(&[Item { status, error }]) {
                Ok(outcomes) => match &outcomes[0] {
                    ItemOutcome::Delivered => "delivered",
                    ItemOutcome::AlreadyThere => "there",
                    ItemOutcome::Retry { .. } => "retry",
                    ItemOutcome::Refused { .. } => "refused",
                },
                Err(error) => {
                    assert!(!error.hint.is_empty(), "{status} {kind}");
                    error.kind.as_str()
                }
            };
            assert_eq!(found, expected, "{status} {kind}: {reason}");
        }
    }
}

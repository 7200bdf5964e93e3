//! What a data stream holds already, in whichever backing index.
//!
//! `create` finds out a second sending in the backing index that is written to, and in no other: after a rollover an older document
//! would be stored twice. So where documents may have been sent before, their ids are looked for first.

use std::collections::{BTreeMap, HashSet};

use elasticsearch::{Client, Error, ErrorKind, Request};
use serde::Deserialize;
use serde_json::json;

use super::encode;
use crate::Batch;

/// Ids asked for at a time: below the 10,000 hits that an index answers with at most.
const CHUNK: usize = 5_000;

/// The ids of the batch that are there.
pub(super) async fn ids(client: &Client, stream: &str, batch: &Batch) -> Result<HashSet<String>, Error> {
    let mut by_namespace: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for document in &batch.documents {
        by_namespace.entry(&document.namespace).or_default().push(&document.id);
    }
    let mut there = HashSet::new();
    for (namespace, wanted) in by_namespace {
        for some in wanted.chunks(CHUNK) {
            look(client, &encode::stream_name(stream, namespace), some, &mut there).await?;
        }
    }
    Ok(there)
}

async fn look(
    client: &Client,
    stream: &str,
    wanted: &[&str],
    there: &mut HashSet<String>,
) -> Result<(), Error> {
    #[derive(Deserialize)]
    struct Answer {
        hits: Hits,
    }
    #[derive(Deserialize)]
    struct Hits {
        hits: Vec<Hit>,
    }
    #[derive(Deserialize)]
    struct Hit {
        #[serde(rename = "_id")]
        id: String,
    }
    let question = json!({
        "size": wanted.len(), "_source": false, "track_total_hits": false,
        "query": { "ids": { "values": wanted } },
    });
    let path = format!("/{stream}/_search?ignore_unavailable=true&allow_no_indices=true");
    let answer = client.request(Request::post(path).json(&question).repeatable()).await?;
    if answer.status == 404 {
        return Ok(());
    }
    let answer: Answer = answer.success().map_err(with_right)?.json()?;
    there.extend(answer.hits.hits.into_iter().map(|hit| hit.id));
    Ok(())
}

/// Names the right that looking takes.
fn with_right(error: Error) -> Error {
    if error.kind() != ErrorKind::Forbidden {
        return error;
    }
    error.with_hint("give the user or key the index privilege read too, to look for what is there already")
}

//! The calls of the log's endpoints: one request each, with the client's retries and its key.

use super::{LogKey, LogProof, parse_keys, parse_proof};
use crate::client::Client;
use crate::clock::Clock;
use crate::error::{Error, ErrorKind};
use crate::page::Exchange;
use crate::transport::Transport;

/// The path of the log under the base URL.
const LOG_PATH: &str = "/v1/compliance/transparency_log";

/// What an endpoint said, and how it was asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogAnswer<T> {
    /// What was served. Nothing of it is verified.
    pub content: T,
    /// How it was obtained.
    pub exchange: Exchange,
}

impl<T: Transport, C: Clock> Client<T, C> {
    /// The keys that an organization's log says are its own.
    pub async fn log_keys(&self, organization_uuid: &str) -> Result<LogAnswer<Vec<LogKey>>, Error> {
        self.log(&format!("keys?organization_id={organization_uuid}"), false).await?.read(parse_keys)
    }

    /// The latest checkpoint: the note as it is served.
    pub async fn log_checkpoint(&self, organization_uuid: &str) -> Result<LogAnswer<String>, Error> {
        self.log(&format!("checkpoint?organization_id={organization_uuid}"), true).await
    }

    /// The latest checkpoint, with the proof that it extends the tree of the first `from` leaves.
    pub async fn log_consistency(
        &self,
        organization_uuid: &str,
        from: u64,
    ) -> Result<LogAnswer<LogProof>, Error> {
        let what = format!("consistency?from={from}&organization_id={organization_uuid}");
        self.log(&what, false).await?.read(parse_proof)
    }

    /// The latest checkpoint, with the proof of the leaf at an index. [`ErrorKind::LogNotFound`] when it does not cover it.
    pub async fn log_inclusion(
        &self,
        organization_uuid: &str,
        leaf_index: u64,
    ) -> Result<LogAnswer<LogProof>, Error> {
        let what = format!("inclusion?leaf_index={leaf_index}&organization_id={organization_uuid}");
        let answer = self.log(&what, false).await?.read(parse_proof)?;
        if answer.content.leaf_index != Some(leaf_index) {
            return Err(unexpected("it is about another leaf than was asked for"));
        }
        Ok(answer)
    }

    async fn log(&self, what: &str, is_text: bool) -> Result<LogAnswer<String>, Error> {
        let url = format!("{}{LOG_PATH}/{what}", self.root());
        let answered = self.text(&url, is_text).await;
        let (content, exchange) = answered.map_err(|error| error.at_step("reading the transparency log"))?;
        Ok(LogAnswer { content, exchange })
    }
}

impl LogAnswer<String> {
    fn read<T>(self, parse: impl FnOnce(&str) -> Result<T, String>) -> Result<LogAnswer<T>, Error> {
        let content = parse(&self.content).map_err(unexpected)?;
        Ok(LogAnswer { content, exchange: self.exchange })
    }
}

fn unexpected(detail: impl Into<String>) -> Error {
    Error::new(ErrorKind::UnexpectedPage, detail).at_step("reading the transparency log")
}

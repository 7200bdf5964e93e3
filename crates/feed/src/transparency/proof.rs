//! The answers of the two proof endpoints: hashes and the checkpoint that they lead to.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;

/// A path in a tree of any size has fewer hashes.
const HASHES_MAX: usize = 128;

/// A proof as it was served; whether it proves anything is for a checkpoint to say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogProof {
    /// The place that an inclusion proof is about.
    pub leaf_index: Option<u64>,
    /// The hashes, one after the other.
    pub hashes: Vec<u8>,
    /// The signed checkpoint that they lead to.
    pub checkpoint: String,
}

/// Reads the answer of either endpoint.
pub fn parse_proof(body: &str) -> Result<LogProof, String> {
    #[derive(Deserialize)]
    struct Body {
        leaf_index: Option<u64>,
        hashes: Vec<String>,
        checkpoint: String,
    }
    let body: Body = serde_json::from_str(body).map_err(|error| format!("it is no proof: {error}"))?;
    if body.hashes.len() > HASHES_MAX {
        return Err(format!("it has {} hashes", body.hashes.len()));
    }
    let mut hashes = Vec::with_capacity(body.hashes.len() * 32);
    for text in &body.hashes {
        let hash = STANDARD.decode(text).ok().filter(|hash| hash.len() == 32);
        hashes.extend(hash.ok_or("a hash is not 32 bytes in base64")?);
    }
    Ok(LogProof { leaf_index: body.leaf_index, hashes, checkpoint: body.checkpoint })
}

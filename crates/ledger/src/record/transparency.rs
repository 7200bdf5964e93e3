//! The records about the vendor's transparency log: a checkpoint that was accepted, a row that was proven under one, what
//! does not hold, and what came of looking into that. They are evidence, so they stand in the chain.

use crate::encoding::{Input, put_bytes, put_text};
use crate::error::Malformed;

/// A signed checkpoint that was accepted: its signature holds, and it extends the one before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct CheckpointFields {
    pub(crate) feed: i64,
    pub(crate) number: u64,
    pub(crate) origin: String,
    pub(crate) tree_size: u64,
    pub(crate) note: String,
    pub(crate) public_key: Vec<u8>,
    pub(crate) consistency: Vec<u8>,
    pub(crate) at: i64,
}

/// An activity whose leaf is in the tree of a checkpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct LeafFields {
    pub(crate) checkpoint: u64,
    pub(crate) sequence: u64,
    pub(crate) leaf_index: u64,
    pub(crate) path: Vec<u8>,
    pub(crate) at: i64,
}

/// Something that does not hold; `sequence` is 0 when it is about no activity in particular.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct BreakFields {
    pub(crate) feed: i64,
    pub(crate) number: u64,
    pub(crate) origin: String,
    pub(crate) kind: String,
    pub(crate) sequence: u64,
    pub(crate) detail: String,
    pub(crate) evidence: String,
    pub(crate) at: i64,
}

/// Somebody looked into a break.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct AcknowledgementFields {
    pub(crate) number: u64,
    pub(crate) reason: String,
    pub(crate) by: String,
    pub(crate) at: i64,
}

impl CheckpointFields {
    pub(crate) fn encode(&self, output: &mut Vec<u8>) {
        output.extend_from_slice(&self.at.to_le_bytes());
        output.extend_from_slice(&self.feed.to_le_bytes());
        output.extend_from_slice(&self.number.to_le_bytes());
        put_text(output, &self.origin);
        output.extend_from_slice(&self.tree_size.to_le_bytes());
        put_text(output, &self.note);
        put_bytes(output, &self.public_key);
        put_bytes(output, &self.consistency);
    }

    pub(crate) fn decode(input: &mut Input<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            at: input.i64()?,
            feed: input.i64()?,
            number: input.u64()?,
            origin: input.text()?.to_owned(),
            tree_size: input.u64()?,
            note: input.text()?.to_owned(),
            public_key: input.bytes()?.to_vec(),
            consistency: input.bytes()?.to_vec(),
        })
    }
}

impl LeafFields {
    pub(crate) fn encode(&self, output: &mut Vec<u8>) {
        output.extend_from_slice(&self.at.to_le_bytes());
        for number in [self.checkpoint, self.sequence, self.leaf_index] {
            output.extend_from_slice(&number.to_le_bytes());
        }
        put_bytes(output, &self.path);
    }

    pub(crate) fn decode(input: &mut Input<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            at: input.i64()?,
            checkpoint: input.u64()?,
            sequence: input.u64()?,
            leaf_index: input.u64()?,
            path: input.bytes()?.to_vec(),
        })
    }
}

impl BreakFields {
    pub(crate) fn encode(&self, output: &mut Vec<u8>) {
        output.extend_from_slice(&self.at.to_le_bytes());
        output.extend_from_slice(&self.feed.to_le_bytes());
        output.extend_from_slice(&self.number.to_le_bytes());
        output.extend_from_slice(&self.sequence.to_le_bytes());
        for text in [&self.origin, &self.kind, &self.detail, &self.evidence] {
            put_text(output, text);
        }
    }

    pub(crate) fn decode(input: &mut Input<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            at: input.i64()?,
            feed: input.i64()?,
            number: input.u64()?,
            sequence: input.u64()?,
            origin: input.text()?.to_owned(),
            kind: input.text()?.to_owned(),
            detail: input.text()?.to_owned(),
            evidence: input.text()?.to_owned(),
        })
    }
}

impl AcknowledgementFields {
    pub(crate) fn encode(&self, output: &mut Vec<u8>) {
        output.extend_from_slice(&self.at.to_le_bytes());
        output.extend_from_slice(&self.number.to_le_bytes());
        for text in [&self.reason, &self.by] {
            put_text(output, text);
        }
    }

    pub(crate) fn decode(input: &mut Input<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            at: input.i64()?,
            number: input.u64()?,
            reason: input.text()?.to_owned(),
            by: input.text()?.to_owned(),
        })
    }
}

//! The records of the chain: what each link says, as bytes that never change. Form: `docs/design/ledger.md` §5.2.

pub(crate) mod transparency;

use crate::block::{Compressor, Decompressor};
use crate::digest::Digest;
use crate::encoding::{Input, put_option, put_text};
use crate::error::Malformed;
use transparency::{AcknowledgementFields, BreakFields, CheckpointFields, LeafFields};

/// A record larger than this is damage: URL, parameters and scope text are bounded well below.
const RECORD_BYTES_MAX: usize = 4 << 20;

/// What a link says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Record {
    Beginning { identity: [u8; 16] },
    Registration { at: i64, feed: i64, scope: i64, name: String, text: String },
    Page(Box<PageFields>),
    Writer { lost_link: u64, lost_hash: Digest },
    Checkpoint(Box<CheckpointFields>),
    Leaf(Box<LeafFields>),
    Break(Box<BreakFields>),
    Acknowledgement(Box<AcknowledgementFields>),
}

/// The fields of a page's record, in the order of their bytes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct PageFields {
    pub(crate) page: u64,
    pub(crate) feed: i64,
    pub(crate) scope: i64,
    pub(crate) drain: u64,
    pub(crate) first_sequence: u64,
    pub(crate) inserted: u32,
    pub(crate) duplicates: u32,
    pub(crate) late: u32,
    pub(crate) activities: Digest,
    pub(crate) requested_at: i64,
    pub(crate) responded_at: i64,
    pub(crate) status: u16,
    pub(crate) attempts: u32,
    pub(crate) body_bytes: u64,
    pub(crate) body_sha256: Digest,
    pub(crate) url: String,
    pub(crate) parameters: String,
    pub(crate) request_id: Option<String>,
    pub(crate) drained: Option<(i64, i64)>,
}

impl Record {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut output = Vec::new();
        match self {
            Self::Beginning { identity } => {
                output.push(1);
                output.extend_from_slice(identity);
            }
            Self::Registration { at, feed, scope, name, text } => {
                output.push(2);
                for number in [at, feed, scope] {
                    output.extend_from_slice(&number.to_le_bytes());
                }
                put_text(&mut output, name);
                put_text(&mut output, text);
            }
            Self::Page(page) => {
                output.push(3);
                page.encode(&mut output);
            }
            Self::Writer { lost_link, lost_hash } => {
                output.push(4);
                output.extend_from_slice(&lost_link.to_le_bytes());
                output.extend_from_slice(lost_hash);
            }
            Self::Checkpoint(fields) => {
                output.push(5);
                fields.encode(&mut output);
            }
            Self::Leaf(fields) => {
                output.push(6);
                fields.encode(&mut output);
            }
            Self::Break(fields) => {
                output.push(7);
                fields.encode(&mut output);
            }
            Self::Acknowledgement(fields) => {
                output.push(8);
                fields.encode(&mut output);
            }
        }
        output
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut input = Input::new(bytes);
        let record = match input.u8()? {
            1 => Self::Beginning { identity: input.array()? },
            2 => Self::Registration {
                at: input.i64()?,
                feed: input.i64()?,
                scope: input.i64()?,
                name: input.text()?.to_owned(),
                text: input.text()?.to_owned(),
            },
            3 => Self::Page(Box::new(PageFields::decode(&mut input)?)),
            4 => Self::Writer { lost_link: input.u64()?, lost_hash: input.array()? },
            5 => Self::Checkpoint(Box::new(CheckpointFields::decode(&mut input)?)),
            6 => Self::Leaf(Box::new(LeafFields::decode(&mut input)?)),
            7 => Self::Break(Box::new(BreakFields::decode(&mut input)?)),
            8 => Self::Acknowledgement(Box::new(AcknowledgementFields::decode(&mut input)?)),
            _ => return Err(Malformed("a link's record is of an unknown kind")),
        };
        input.end()?;
        Ok(record)
    }
}

impl PageFields {
    fn encode(&self, output: &mut Vec<u8>) {
        output.extend_from_slice(&self.page.to_le_bytes());
        output.extend_from_slice(&self.feed.to_le_bytes());
        output.extend_from_slice(&self.scope.to_le_bytes());
        output.extend_from_slice(&self.drain.to_le_bytes());
        output.extend_from_slice(&self.first_sequence.to_le_bytes());
        output.extend_from_slice(&self.inserted.to_le_bytes());
        output.extend_from_slice(&self.duplicates.to_le_bytes());
        output.extend_from_slice(&self.late.to_le_bytes());
        output.extend_from_slice(&self.activities);
        output.extend_from_slice(&self.requested_at.to_le_bytes());
        output.extend_from_slice(&self.responded_at.to_le_bytes());
        output.extend_from_slice(&self.status.to_le_bytes());
        output.extend_from_slice(&self.attempts.to_le_bytes());
        output.extend_from_slice(&self.body_bytes.to_le_bytes());
        output.extend_from_slice(&self.body_sha256);
        put_text(output, &self.url);
        put_text(output, &self.parameters);
        put_option(output, self.request_id.as_deref(), put_text);
        put_option(output, self.drained, |output, (gte, lt)| {
            output.extend_from_slice(&gte.to_le_bytes());
            output.extend_from_slice(&lt.to_le_bytes());
        });
    }

    fn decode(input: &mut Input<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            page: input.u64()?,
            feed: input.i64()?,
            scope: input.i64()?,
            drain: input.u64()?,
            first_sequence: input.u64()?,
            inserted: input.u32()?,
            duplicates: input.u32()?,
            late: input.u32()?,
            activities: input.array()?,
            requested_at: input.i64()?,
            responded_at: input.i64()?,
            status: input.u16()?,
            attempts: input.u32()?,
            body_bytes: input.u64()?,
            body_sha256: input.array()?,
            url: input.text()?.to_owned(),
            parameters: input.text()?.to_owned(),
            request_id: input.option(Input::text)?.map(str::to_owned),
            drained: input.option(|input| Ok((input.i64()?, input.i64()?)))?,
        })
    }
}

/// How a record is kept: as it is, or compressed with the built-in dictionary.
const FORM_PLAIN: i64 = 0;
const FORM_DICTIONARY_1: i64 = 1;

/// Built-in record dictionary 1: what the URLs and parameters of this feed have in common. It is part of the format
/// and never changes; a better one would be form 2.
const DICTIONARY_1: &[u8] = include_bytes!("record/dictionary-1.bin");

/// Turns records into what a link keeps.
#[derive(Debug)]
pub(crate) struct RecordPacker(Compressor);

impl RecordPacker {
    pub(crate) fn new() -> std::io::Result<Self> {
        Compressor::new(3, DICTIONARY_1).map(Self)
    }

    /// The form and the bytes to keep; the smaller of the two.
    pub(crate) fn pack(&mut self, record: &[u8]) -> std::io::Result<(i64, Vec<u8>)> {
        let packed = self.0.compress(record)?;
        if packed.len() < record.len() {
            Ok((FORM_DICTIONARY_1, packed))
        } else {
            Ok((FORM_PLAIN, record.to_vec()))
        }
    }
}

/// Turns what a link keeps into its record's bytes.
#[derive(Debug)]
pub(crate) struct RecordUnpacker(Decompressor);

impl RecordUnpacker {
    pub(crate) fn new() -> Result<Self, Malformed> {
        let mut inner = Decompressor::default();
        inner.learn(1, DICTIONARY_1)?;
        Ok(Self(inner))
    }

    pub(crate) fn unpack(&mut self, form: i64, kept: &[u8]) -> Result<Vec<u8>, Malformed> {
        match form {
            FORM_PLAIN => Ok(kept.to_vec()),
            FORM_DICTIONARY_1 => {
                let claimed = zstd::zstd_safe::get_frame_content_size(kept).ok().flatten();
                let size = claimed.and_then(|size| usize::try_from(size).ok()).unwrap_or(usize::MAX);
                self.0.decompress(1, kept, size, RECORD_BYTES_MAX)
            }
            _ => Err(Malformed("a link's record is kept in an unknown form")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::sha256;
    use proptest::prelude::*;

    fn page() -> PageFields {
        PageFields {
            page: 7,
            feed: 1,
            scope: 2,
            drain: 6,
            first_sequence: 30_001,
            inserted: 3,
            duplicates: 2,
            late: 1,
            activities: [5; 32],
            requested_at: 1_764_000_000_000_000,
            responded_at: 1_764_000_001_000_000,
            status: 200,
            attempts: 2,
            body_bytes: 6_000,
            body_sha256: sha256(b"body"),
            url: "https://api.anthropic.com/v1/compliance/activities?created_at.gte=2026-11-23T08:14:00Z&limit=5000&order=asc".into(),
            parameters: r#"{"created_at.gte":"2026-11-23T08:14:00Z","limit":"5000","order":"asc"}"#.into(),
            request_id: Some("req_011CUabcdefghijklmnopqrs".into()),
            drained: Some((1, 2)),
        }
    }

    fn records() -> Vec<Record> {
        vec![
            Record::Beginning { identity: [3; 16] },
            Record::Registration {
                at: -1,
                feed: 1,
                scope: 2,
                name: "acme".into(),
                text: "https://api.anthropic.com".into(),
            },
            Record::Page(Box::new(page())),
            Record::Page(Box::new(PageFields { request_id: None, drained: None, ..page() })),
            Record::Writer { lost_link: 9, lost_hash: [4; 32] },
        ]
    }

    fn records_of_version_5() -> Vec<Record> {
        vec![
            Record::Checkpoint(Box::new(CheckpointFields {
                feed: 1,
                number: 3,
                origin: "axt.anthropic.com/25f6429a".into(),
                tree_size: 42,
                note: "a signed note\n".into(),
                public_key: vec![0x30, 0x59],
                consistency: vec![7; 64],
                at: 1_764_000_000_000_000,
            })),
            Record::Leaf(Box::new(LeafFields {
                checkpoint: 3,
                sequence: 30_001,
                leaf_index: 41,
                path: vec![8; 96],
                at: 1_764_000_001_000_000,
            })),
            Record::Break(Box::new(BreakFields {
                feed: 1,
                number: 1,
                origin: "axt.anthropic.com/25f6429a".into(),
                kind: "forked".into(),
                sequence: 0,
                detail: "it does not extend the one before".into(),
                evidence: "another signed note\n".into(),
                at: -1,
            })),
        ]
    }

    #[test]
    fn records_come_back_packed_or_plain() {
        let mut packer = RecordPacker::new().expect("a packer");
        let mut unpacker = RecordUnpacker::new().expect("an unpacker");
        for record in records().into_iter().chain(records_of_version_5()) {
            let bytes = record.encode();
            let (form, kept) = packer.pack(&bytes).expect("packs");
            assert!(kept.len() <= bytes.len());
            assert_eq!(unpacker.unpack(form, &kept), Ok(bytes.clone()));
            assert_eq!(Record::decode(&bytes), Ok(record));
        }
        assert!(unpacker.unpack(2, b"").is_err());
    }

    /// The digest of every kind of record and of the dictionary: a changed byte form is a new format version.
    #[test]
    fn the_byte_forms_stand() {
        let bytes: Vec<u8> =
            records().iter().flat_map(Record::encode).chain(DICTIONARY_1.iter().copied()).collect();
        assert_eq!(
            crate::encoding::hexadecimal(&sha256(&bytes)),
            "9eef86d33d8581be543d4ad17665a2fd0959a2d6a9bcc1a968b6771b053e1e9a"
        );
    }

    /// The same for what version 5 added.
    #[test]
    fn the_byte_forms_of_version_5_stand() {
        let bytes: Vec<u8> = records_of_version_5().iter().flat_map(Record::encode).collect();
        assert_eq!(
            crate::encoding::hexadecimal(&sha256(&bytes)),
            "4bb300f17cf1b5b88cabab9f065fe55160254cce537a6bd2462f40129af54623"
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), form in 0_i64..3) {
            let _ = Record::decode(&bytes);
            let _ = RecordUnpacker::new().expect("an unpacker").unpack(form, &bytes);
        }

        #[test]
        fn a_cut_record_is_malformed(place in any::<prop::sample::Index>(), which in 0_usize..8) {
            let all: Vec<Record> = records().into_iter().chain(records_of_version_5()).collect();
            let bytes = all[which].encode();
            prop_assert!(Record::decode(&bytes[..place.index(bytes.len())]).is_err());
        }
    }
}

//! A signed checkpoint (C2SP signed note): origin, tree size, root hash, a blank line, signatures.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use sha2::Sha256;

use super::{Flaw, FlawKind, keys::LogKey};
use crate::redact::hexadecimal;

/// Larger texts are no checkpoint.
const NOTE_BYTES_MAX: usize = 32 * 1024;

/// No log of events has more; the arithmetic of proofs holds far beyond.
const SIZE_MAX: u64 = 1 << 50;

/// A checkpoint as it was read. Whether to believe it is for [`LogCheckpoint::verify`] to say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogCheckpoint {
    origin: String,
    size: u64,
    root: [u8; 32],
    note: String,
    /// Length of what is signed.
    signed_bytes: usize,
    signatures: Vec<Signature>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Signature {
    name: String,
    key_hash: [u8; 4],
    bytes: Vec<u8>,
}

impl LogCheckpoint {
    /// Reads a note. Lines that it does not know are left alone, as the format asks.
    pub fn parse(note: &str) -> Result<Self, Flaw> {
        read(note).map_err(|detail| {
            Flaw::new(FlawKind::MalformedCheckpoint, format!("the checkpoint cannot be read: {detail}"))
        })
    }

    /// Which log it says it is of.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Leaves that it commits to.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root hash over them.
    pub fn root(&self) -> &[u8; 32] {
        &self.root
    }

    /// The note as it was served.
    pub fn note(&self) -> &str {
        &self.note
    }

    /// Whether it says the same of the same log, whatever its signature.
    pub fn agrees_with(&self, other: &Self) -> bool {
        (&self.origin, self.size, self.root) == (&other.origin, other.size, other.root)
    }

    /// The key whose signature holds: the checkpoint must be of this log, and signed by one of these keys.
    pub fn verify<'k>(&self, origin: &str, keys: &'k [LogKey]) -> Result<&'k LogKey, Flaw> {
        if self.origin != origin {
            let detail = format!("the checkpoint is of the log {:?}, not of {origin}", short(&self.origin));
            return Err(Flaw::new(FlawKind::WrongOrigin, detail));
        }
        let own: Vec<&Signature> =
            self.signatures.iter().filter(|signature| signature.name == origin).collect();
        let signed = &self.note[..self.signed_bytes];
        let mut known = false;
        for signature in &own {
            for key in keys.iter().filter(|key| key.key_hash() == signature.key_hash) {
                known = true;
                if key.verifies(signed, &signature.bytes) {
                    return Ok(key);
                }
            }
        }
        if known {
            let detail = format!(
                "the signature of the checkpoint of size {} with root {} does not verify",
                self.size,
                hexadecimal(&self.root)
            );
            return Err(Flaw::new(FlawKind::WrongSignature, detail));
        }
        let names: Vec<String> = own.iter().map(|signature| hexadecimal(&signature.key_hash)).collect();
        let detail = match names.as_slice() {
            [] => "the checkpoint has no signature of its log".to_owned(),
            names => format!("the checkpoint is signed by key {}, which is not trusted", names.join(" and ")),
        };
        Err(Flaw::new(FlawKind::UnknownKey, detail))
    }

    /// Whether this checkpoint only adds to an older one of the same log. `proof` holds the hashes one after the other.
    pub fn extends(&self, older: &Self, proof: &[u8]) -> Result<(), Flaw> {
        let sizes = |what: &str| {
            format!(
                "the checkpoint of size {} with root {} {what} the one of size {} with root {} that was kept",
                self.size,
                hexadecimal(&self.root),
                older.size,
                hexadecimal(&older.root)
            )
        };
        if self.size < older.size {
            return Err(Flaw::new(FlawKind::RolledBack, sizes("is smaller than")));
        }
        let holds = if self.size == older.size {
            self.root == older.root
        } else if older.size == 0 {
            // Every log extends the empty one.
            true
        } else {
            ConsistencyProof::<Sha256>::try_from_bytes(proof.to_vec())
                .is_ok_and(|proof| self.tree().verify_consistency(&older.tree(), &proof).is_ok())
        };
        if holds { Ok(()) } else { Err(Flaw::new(FlawKind::Forked, sizes("does not extend"))) }
    }

    /// Whether an entry stands at this place of the tree. `path` holds the hashes from the leaf up, one after the other.
    pub fn includes(&self, entry: &[u8], leaf_index: u64, path: &[u8]) -> Result<(), Flaw> {
        let holds = InclusionProof::<Sha256>::try_from_bytes(path.to_vec())
            .is_ok_and(|path| self.tree().verify_inclusion(&entry, leaf_index, &path).is_ok());
        if holds {
            return Ok(());
        }
        // Without the checkpoint, which is another one tomorrow: the flaw is the same.
        Err(Flaw::new(FlawKind::LeafMismatch, format!("it is not what the log holds at leaf {leaf_index}")))
    }

    fn tree(&self) -> RootHash<Sha256> {
        RootHash::new(self.root.into(), self.size)
    }
}

fn read(note: &str) -> Result<LogCheckpoint, String> {
    if note.len() > NOTE_BYTES_MAX {
        return Err(format!("it is of {} bytes", note.len()));
    }
    if note.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
        return Err("it holds control characters".to_owned());
    }
    // The last blank line ends what is signed.
    let blank = note.rfind("\n\n").ok_or("it has no blank line before its signatures")?;
    let (signed, signature_lines) = (&note[..=blank], &note[blank + 2..]);
    let mut lines = signed.lines();
    let origin = lines.next().filter(|origin| !origin.is_empty()).ok_or("it names no log")?.to_owned();
    let size = lines.next().and_then(decimal).ok_or("its second line is no tree size")?;
    let root = lines.next().and_then(|line| STANDARD.decode(line).ok());
    let root = root.and_then(|root| root.try_into().ok()).ok_or("its third line is no root hash")?;
    let signature_lines = signature_lines.strip_suffix('\n').ok_or("its last line is not ended")?;
    let signatures = signature_lines.split('\n').map(signature).collect::<Result<Vec<_>, _>>()?;
    Ok(LogCheckpoint { origin, size, root, note: note.to_owned(), signed_bytes: signed.len(), signatures })
}

/// `— <name> <base64 of the key hash and the signature>`.
fn signature(line: &str) -> Result<Signature, String> {
    let malformed = || "a signature line is malformed".to_owned();
    let (name, encoded) =
        line.strip_prefix("— ").and_then(|rest| rest.split_once(' ')).ok_or_else(malformed)?;
    let bytes = STANDARD.decode(encoded).map_err(|_| malformed())?;
    let (key_hash, bytes) = bytes.split_first_chunk::<4>().ok_or_else(malformed)?;
    Ok(Signature { name: name.to_owned(), key_hash: *key_hash, bytes: bytes.to_vec() })
}

/// A number without sign or leading zero.
fn decimal(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|size| plain && *size <= SIZE_MAX)
}

/// Names from outside are bounded before they are told.
fn short(text: &str) -> String {
    text.chars().take(120).collect()
}

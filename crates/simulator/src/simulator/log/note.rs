//! Signed checkpoints (C2SP signed notes) and the keys that sign them: ECDSA P-256 over SHA-256.

use std::sync::LazyLock;

use aws_lc_rs::{
    agreement,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::tree::Hash;

/// What stands before the point in the DER form of a P-256 key.
const SPKI_START: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// The algorithm byte of ECDSA in a verifier key.
const ECDSA: u8 = 2;

/// Who signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signer {
    /// The key whose fingerprint is known to whoever reads.
    Announced,
    /// One that nobody has heard of.
    Stranger,
}

struct Key {
    pair: EcdsaKeyPair,
    public: Vec<u8>,
}

impl Key {
    /// A key that is the same in every run. It protects nothing: everything it signs is invented.
    fn new(name: &str) -> Self {
        let secret = Sha256::digest(format!("simulator: {name}"));
        let made = || {
            let private = agreement::PrivateKey::from_private_key(&agreement::ECDH_P256, &secret).ok()?;
            let point = private.compute_public_key().ok()?;
            let signing = &ECDSA_P256_SHA256_ASN1_SIGNING;
            let pair =
                EcdsaKeyPair::from_private_key_and_public_key(signing, &secret, point.as_ref()).ok()?;
            Some(Self { pair, public: [&SPKI_START[..], point.as_ref()].concat() })
        };
        made().unwrap_or_else(|| panic!("the digest of {name} is no P-256 key"))
    }

    fn fingerprint(&self) -> Hash {
        Sha256::digest(&self.public).into()
    }
}

static ANNOUNCED: LazyLock<Key> = LazyLock::new(|| Key::new("the announced key"));
static STRANGER: LazyLock<Key> = LazyLock::new(|| Key::new("a stranger's key"));

fn key(signer: Signer) -> &'static Key {
    match signer {
        Signer::Announced => &ANNOUNCED,
        Signer::Stranger => &STRANGER,
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// The SHA-256 fingerprint of the key that signs the checkpoints of every simulated log, in hexadecimal.
pub fn key_fingerprint() -> String {
    hexadecimal(&ANNOUNCED.fingerprint())
}

/// The checkpoint of a tree.
pub(crate) fn signed(origin: &str, size: u64, root: &Hash, signer: Signer, spoiled: bool) -> String {
    let key = key(signer);
    let body = format!("{origin}\n{size}\n{}\n", STANDARD.encode(root));
    let mut signature = key.fingerprint()[..4].to_vec();
    // Signing fails only when the system has no randomness; an empty signature is then what is served, and does not verify.
    if let Ok(made) = key.pair.sign(&SystemRandom::new(), body.as_bytes()) {
        signature.extend_from_slice(made.as_ref());
    }
    if spoiled && let Some(last) = signature.last_mut() {
        *last ^= 1;
    }
    format!("{body}\n— {origin} {}\n", STANDARD.encode(signature))
}

/// What the keys endpoint says when this key signs.
pub(crate) fn keys(origin: &str, signer: Signer) -> Value {
    let key = key(signer);
    let (fingerprint, public) = (hexadecimal(&key.fingerprint()), &key.public);
    let encoded = STANDARD.encode([&[ECDSA][..], public].concat());
    json!({
        "type": "transparency_log_keys",
        "origin": origin,
        "log_keys": [{
            "verifier_key": format!("{origin}+{}+{encoded}", &fingerprint[..8]),
            "key_hash": &fingerprint[..8],
            "fingerprint": fingerprint,
            "algorithm": "ecdsa_p256_sha256",
            "public_key": STANDARD.encode(public),
        }],
    })
}

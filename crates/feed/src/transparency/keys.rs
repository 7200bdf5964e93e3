//! The keys that sign checkpoints: ECDSA P-256, told apart by the SHA-256 of their DER form.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::redact::hexadecimal;

/// The fingerprints that the vendor's documentation publishes, outside the API that serves the keys.
pub const PUBLISHED_KEY_FINGERPRINTS: &[&str] =
    &["1dff5fe420d49743fe444a04fc17f818eea856699dec2ebbc24df15602c74a58"];

/// What stands before the point in the DER form (`SubjectPublicKeyInfo`) of a P-256 key.
const SPKI_START: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// Bytes of an uncompressed point.
const POINT_BYTES: usize = 65;

/// A public key of the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogKey {
    der: Vec<u8>,
}

impl LogKey {
    /// Reads the DER form; `None` for anything but a P-256 key with an uncompressed point.
    pub fn from_der(der: &[u8]) -> Option<Self> {
        let point = der.strip_prefix(&SPKI_START)?;
        (point.len() == POINT_BYTES && point.starts_with(&[4])).then(|| Self { der: der.to_vec() })
    }

    /// The DER form.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The SHA-256 of the DER form, in lower-case hexadecimal.
    pub fn fingerprint(&self) -> String {
        hexadecimal(&Sha256::digest(&self.der))
    }

    /// Whether its fingerprint is one of these, in either case of letters.
    pub fn is_among<T: AsRef<str>>(&self, fingerprints: &[T]) -> bool {
        let own = self.fingerprint();
        fingerprints.iter().any(|fingerprint| fingerprint.as_ref().eq_ignore_ascii_case(&own))
    }

    /// The four bytes by which a signature line names the key.
    pub(super) fn key_hash(&self) -> [u8; 4] {
        let digest: [u8; 32] = Sha256::digest(&self.der).into();
        [digest[0], digest[1], digest[2], digest[3]]
    }

    pub(super) fn verifies(&self, text: &str, signature: &[u8]) -> bool {
        let point = &self.der[SPKI_START.len()..];
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(text.as_bytes(), signature).is_ok()
    }
}

/// The keys of an answer, in its order. A key of another algorithm, or that cannot be read, is left out: it can verify nothing.
pub fn parse_keys(body: &str) -> Result<Vec<LogKey>, String> {
    #[derive(Deserialize)]
    struct Body {
        log_keys: Vec<Served>,
    }
    #[derive(Deserialize)]
    struct Served {
        public_key: Option<String>,
    }
    let body: Body = serde_json::from_str(body).map_err(|error| format!("it is no key set: {error}"))?;
    let keys = body.log_keys.iter().filter_map(|key| {
        let der = STANDARD.decode(key.public_key.as_deref()?).ok()?;
        LogKey::from_der(&der)
    });
    Ok(keys.collect())
}

//! The key that signs attestations: Ed25519, in the files that every other tool reads too (PKCS#8 and SPKI in PEM).
//!
//! The secret half never prints: its type shows stars, and its file is made for its owner alone and never overwritten.

use std::{fmt, fs::OpenOptions, io::Write as _, path::Path};

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD},
};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use crate::error::{Exit, Failure, Result};

const SECRET_LABEL: &str = "PRIVATE KEY";
const PUBLIC_LABEL: &str = "PUBLIC KEY";
/// What stands before the 32 bytes of an Ed25519 key in the DER form of a public key (RFC 8410).
const SPKI_START: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// How a fingerprint begins, as with `ssh-keygen -l`.
const FINGERPRINT_START: &str = "SHA256:";

/// The secret key.
pub(crate) struct SigningKey(Ed25519KeyPair);

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SigningKey(********)")
    }
}

impl SigningKey {
    /// Makes a new key and writes it to a file that does not exist yet, for its owner alone.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let key = Ed25519KeyPair::generate().map_err(|_| {
            Failure::new(Exit::Failed, "cannot make a signing key: the system gives no randomness")
        })?;
        let document = key
            .to_pkcs8v1()
            .map_err(|_| Failure::new(Exit::Failed, "cannot write the signing key as PKCS#8"))?;
        let text = SecretString::from(pem::encode(&pem::Pem::new(SECRET_LABEL, document.as_ref())));
        write_new(path, text.expose_secret().as_bytes(), 0o600)?;
        Ok(Self(key))
    }

    /// Reads a key: PKCS#8 in PEM, as `create` and `openssl genpkey -algorithm ed25519` write it.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let refusal = |detail: &str| {
            let sentence = format!("cannot read the signing key {}: {detail}", path.display());
            Failure::new(Exit::Failed, sentence)
                .hint("make one with `claudetrail verify keygen`, or name it with --key")
        };
        let text = std::fs::read_to_string(path).map_err(|error| refusal(&error.to_string()))?;
        let text = SecretString::from(text);
        let not_a_key = || refusal("it is not an Ed25519 key in PEM (PKCS#8)");
        let document = pem::parse(text.expose_secret()).map_err(|_| not_a_key())?;
        if document.tag() != SECRET_LABEL {
            return Err(not_a_key());
        }
        let key = Ed25519KeyPair::from_pkcs8(document.contents()).map_err(|_| not_a_key())?;
        warn_if_open(path);
        Ok(Self(key))
    }

    /// The signature of the bytes.
    pub(crate) fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        self.0.sign(bytes).as_ref().to_vec()
    }

    /// The half that may be given away.
    pub(crate) fn public_key(&self) -> PublicKey {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.0.public_key().as_ref());
        PublicKey(bytes)
    }
}

/// The public key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct PublicKey([u8; 32]);

impl PublicKey {
    /// SPKI, in DER and base64: one line, as it stands in an attestation.
    pub(crate) fn to_base64(self) -> String {
        STANDARD.encode(self.der())
    }

    pub(crate) fn from_base64(text: &str) -> Option<Self> {
        Self::from_der(&STANDARD.decode(text).ok()?)
    }

    /// SPKI in PEM: what `openssl pkey -pubin` reads.
    pub(crate) fn to_pem(self) -> String {
        pem::encode(&pem::Pem::new(PUBLIC_LABEL, self.der()))
    }

    pub(crate) fn from_pem(text: &str) -> Option<Self> {
        let document = pem::parse(text).ok()?;
        Self::from_der(document.contents()).filter(|_| document.tag() == PUBLIC_LABEL)
    }

    /// `SHA256:` and the digest of the key's DER form in base64: short enough to be read out.
    pub(crate) fn fingerprint(self) -> String {
        format!("{FINGERPRINT_START}{}", STANDARD_NO_PAD.encode(Sha256::digest(self.der())))
    }

    /// Whether this is the key that `wanted` names: a fingerprint, or a file of a public key.
    pub(crate) fn is(self, wanted: &str) -> Result<bool> {
        if wanted.starts_with(FINGERPRINT_START) {
            return Ok(self.fingerprint() == wanted.trim_end_matches('='));
        }
        let refusal = |detail: String| {
            Failure::new(Exit::Usage, format!("cannot read the public key {wanted}: {detail}"))
                .hint("give a fingerprint (SHA256:…) or a file in PEM, such as attestation-key.pub.pem")
        };
        let text = std::fs::read_to_string(wanted).map_err(|error| refusal(error.to_string()))?;
        let key = Self::from_pem(&text)
            .ok_or_else(|| refusal("it is not an Ed25519 public key in PEM".to_owned()))?;
        Ok(key == self)
    }

    /// Whether the signature of the bytes is this key's.
    pub(crate) fn verifies(self, bytes: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(bytes, signature).is_ok()
    }

    fn der(self) -> Vec<u8> {
        [&SPKI_START[..], &self.0].concat()
    }

    fn from_der(der: &[u8]) -> Option<Self> {
        der.strip_prefix(&SPKI_START)?.try_into().ok().map(Self)
    }
}

/// Writes a file that must not exist yet, durable when this returns.
pub(crate) fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let mut file = options.open(path).map_err(|error| {
        let hint = match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                "nothing is overwritten: move it away, or choose another name"
            }
            std::io::ErrorKind::NotFound => "make the folder first",
            _ => "choose a place that this user can write to",
        };
        Failure::new(Exit::Failed, format!("cannot write {}: {error}", path.display())).hint(hint)
    })?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|error| {
        // Half a key or half an attestation is worse than none.
        drop(std::fs::remove_file(path));
        crate::output::write_failure(&path.display().to_string(), &error)
    })
}

#[cfg(unix)]
fn warn_if_open(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let open = std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0);
    if open {
        tracing::warn!(path = %path.display(), "others can read the signing key: chmod 600 it");
    }
}

#[cfg(not(unix))]
fn warn_if_open(_path: &Path) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_its_file_and_never_prints() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        let made = SigningKey::create(&path).unwrap();
        let read = SigningKey::read(&path).unwrap();
        let signature = read.sign(b"bytes");
        assert_eq!(made.public_key(), read.public_key());
        assert!(made.public_key().verifies(b"bytes", &signature));
        assert!(!made.public_key().verifies(b"other", &signature));
        let before = std::fs::read(&path).unwrap();
        assert!(SigningKey::create(&path).unwrap_err().what().contains("cannot write"));
        assert_eq!(std::fs::read(&path).unwrap(), before);
        assert_eq!(format!("{made:?}"), "SigningKey(********)");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        std::fs::write(&path, made.public_key().to_pem()).unwrap();
        let refused = SigningKey::read(&path).unwrap_err();
        assert!(refused.what().contains("it is not an Ed25519 key in PEM"), "{refused}");
    }

    #[test]
    fn a_public_key_has_the_forms_of_other_tools() {
        // The example of RFC 8410 §10.1.
        let text = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
        let key = PublicKey::from_pem(text).unwrap();
        assert_eq!(key.to_pem().replace("\r\n", "\n"), text);
        assert_eq!(PublicKey::from_base64(&key.to_base64()), Some(key));
        let fingerprint = key.fingerprint();
        assert!(fingerprint.starts_with("SHA256:") && fingerprint.len() == 50, "{fingerprint}");
        assert!(key.is(&fingerprint).unwrap() && !key.is("SHA256:other").unwrap());
        assert!(key.is("absent.pem").is_err());
        assert_eq!(PublicKey::from_base64("MCowBQYDK2VwAyEA"), None);
    }
}

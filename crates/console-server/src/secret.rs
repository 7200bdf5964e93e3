//! Secrets of a session: tokens that print as stars, and what is kept of them (their SHA-256, never themselves).

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// A random text of 256 bits, good for a cookie or a link.
#[derive(Clone)]
pub struct Token(SecretString);

impl Token {
    /// A new one, from the operating system's randomness.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes).into()))
    }

    /// One that somebody presents; whether it is worth anything is for the store to say.
    pub(crate) fn presented(text: &str) -> Self {
        Self(text.into())
    }

    /// The text, for the cookie or the link and for nothing else.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// What is kept.
    pub(crate) fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.expose().as_bytes()).into()
    }

    /// The token that a page sends back with every change: known to whoever can read the session's answer, and telling
    /// nothing of the cookie.
    pub(crate) fn csrf(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(b"claudetrail csrf\0");
        hash.update(self.expose().as_bytes());
        URL_SAFE_NO_PAD.encode(hash.finalize())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(********)")
    }
}

/// Equal in a time that does not tell where they differ.
pub(crate) fn same(left: &str, right: &str) -> bool {
    use subtle::ConstantTimeEq as _;
    left.as_bytes().ct_eq(right.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_print_as_stars() {
        let (one, other) = (Token::random().unwrap(), Token::random().unwrap());
        assert_eq!(one.expose().len(), 43);
        assert_ne!(one.expose(), other.expose());
        assert_ne!(one.csrf(), other.csrf());
        assert!(!format!("{one:?}").contains(one.expose()));
        assert!(same("abc", "abc") && !same("abc", "abd") && !same("abc", "ab"));
    }
}

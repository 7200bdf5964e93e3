//! Passwords: hashed with Argon2id, compared on a thread that may block.

use std::fmt;

use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _, password_hash::phc::PasswordHash};
use secrecy::{ExposeSecret, SecretString};

/// Fewer characters than this are refused.
const LEAST_CHARACTERS: usize = 12;
/// More bytes than this are refused, before anything is computed.
const MOST_BYTES: usize = 1_024;

/// A password; prints as stars, cleared from memory on drop.
#[derive(Clone)]
pub struct Password(SecretString);

impl Password {
    /// Takes the text of a password.
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password(********)")
    }
}

/// The hash to keep, in PHC form; or why the password is refused.
pub(crate) fn hash(password: &Password) -> Result<String, String> {
    let text = password.0.expose_secret();
    if text.chars().count() < LEAST_CHARACTERS {
        return Err(format!("the password has fewer than {LEAST_CHARACTERS} characters"));
    }
    if text.len() > MOST_BYTES {
        return Err(format!("the password is longer than {MOST_BYTES} bytes"));
    }
    Argon2::default()
        .hash_password(text.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| format!("cannot hash the password: {error}"))
}

/// Whether the password is the one of the hash. Without a hash (nobody of that name) it takes as long and says no.
pub(crate) fn matches(password: &Password, hash: Option<&str>) -> bool {
    /// Of a random text that nobody kept.
    const NOBODY: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$YmVzaWRlIHRoZSBwb2ludA$h6xhhAAv3Q9DCVVAB0Gv6T4hHyYVQJ2M1Vzvyo1ay8o";
    let text = password.0.expose_secret();
    if text.len() > MOST_BYTES {
        return false;
    }
    let known = PasswordHash::new(hash.unwrap_or(NOBODY))
        .is_ok_and(|parsed| Argon2::default().verify_password(text.as_bytes(), &parsed).is_ok());
    known && hash.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_matches_its_own_hash_only() {
        let password = Password::new("correct horse battery");
        let kept = hash(&password).unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert!(matches(&password, Some(&kept)));
        assert!(!matches(&Password::new("correct horse batterz"), Some(&kept)));
        assert!(!matches(&password, None));
        assert!(!matches(&password, Some("no hash")));
        assert_eq!(format!("{password:?}"), "Password(********)");
    }

    #[test]
    fn short_and_huge_passwords_are_refused() {
        assert!(hash(&Password::new("short")).is_err());
        assert!(hash(&Password::new("x".repeat(2_000))).is_err());
    }
}

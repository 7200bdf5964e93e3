//! The API key: a secret that prints as stars, and where it comes from.
//!
//! A key is read through a [`KeySource`], once at first and again when the API refuses it, so that a rotated key heals
//! a running program. Nothing here ever shows the text of a key: `Debug` and `Display` print stars of a fixed number,
//! which tells not even its length.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use crate::error::{Error, ErrorKind};

/// What a secret prints as, whatever its length.
pub(crate) const STARS: &str = "********";

/// A Compliance Access Key (`sk-ant-api01-…`) or an Admin API key (`sk-ant-admin01-…`).
///
/// Prints as stars in `Debug` and `Display`; the memory is cleared on drop.
#[derive(Clone)]
pub struct ApiKey(SecretString);

impl ApiKey {
    /// Takes the text of a key, without the white space around it (files end in a newline).
    ///
    /// Fails with [`ErrorKind::KeyUnavailable`] when nothing is left, or when the text holds a character that cannot
    /// stand in a header: such a key was copied wrongly. The error does not show the text.
    pub fn new(text: impl Into<String>) -> Result<Self, Error> {
        let whole = SecretString::from(text.into());
        let trimmed = whole.expose_secret().trim();
        if trimmed.is_empty() {
            return Err(Error::key_unavailable("the key is empty"));
        }
        if let Some(position) = trimmed.chars().position(|character| !character.is_ascii_graphic()) {
            let detail = format!("character {} of the key is not a printable ASCII character", position + 1);
            return Err(Error::key_unavailable(detail));
        }
        Ok(Self(SecretString::from(trimmed)))
    }

    /// The text of the key, for the header and for nothing else.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ApiKey({STARS})")
    }
}

impl fmt::Display for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(STARS)
    }
}

impl PartialEq for ApiKey {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for ApiKey {}

/// Where a key comes from: an environment variable, a file, a command.
///
/// It is asked before the first request and again after a 401, on a thread where blocking is allowed.
pub trait KeySource: Send + Sync + 'static {
    /// Reads the key anew. Fails with [`Error::key_unavailable`].
    fn key(&self) -> Result<ApiKey, Error>;
}

/// A key that never changes.
#[derive(Clone, Debug)]
pub struct StaticKey(pub ApiKey);

impl KeySource for StaticKey {
    fn key(&self) -> Result<ApiKey, Error> {
        Ok(self.0.clone())
    }
}

impl Error {
    /// The error of a [`KeySource`] that could not read its key. `detail` says why and must not hold the key.
    pub fn key_unavailable(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::KeyUnavailable, detail).at_step("reading the API key")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_a_key_without_the_white_space_around_it() {
        let key = ApiKey::new(" \tsk-ant-api01-abc\r\n").unwrap();
        assert_eq!(key.expose(), "sk-ant-api01-abc");
        assert_eq!(key, ApiKey::new("sk-ant-api01-abc").unwrap());
        assert_ne!(key, ApiKey::new("sk-ant-api01-abd").unwrap());
    }

    #[test]
    fn refuses_what_cannot_be_a_key_without_showing_it() {
        let table = [
            ("", "the key is empty"),
            (" \n ", "the key is empty"),
            ("sk-ant-one\nsk-ant-two", "character 11 of the key is not a printable ASCII character"),
            ("sk-ant one", "character 7 of the key is not a printable ASCII character"),
            ("“sk-ant-one”", "character 1 of the key is not a printable ASCII character"),
            ("sk-ant\u{0}", "character 7 of the key is not a printable ASCII character"),
        ];
        for (text, detail) in table {
            let error = ApiKey::new(text).unwrap_err();
            assert_eq!((error.kind(), error.detail()), (ErrorKind::KeyUnavailable, detail));
            assert!(!format!("{error} {error:?}").contains("sk-ant"), "{error:?}");
        }
    }

    #[test]
    fn prints_as_stars() {
        let key = ApiKey::new("sk-ant-api01-abc").unwrap();
        assert_eq!(
            format!("{key} {key:?} {:?}", StaticKey(key.clone())),
            "******** ApiKey(********) StaticKey(ApiKey(********))"
        );
    }
}

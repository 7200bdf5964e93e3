//! Who we say we are. Nothing here ever shows the text of a secret.

use std::fmt;

use base64::Engine as _;
use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};

use crate::error::{Error, ErrorKind};

/// What stands for a secret.
const STARS: &str = "********";
/// Anything shorter would be found in every text.
const SHORTEST_HIDDEN: usize = 4;

/// A password, key or token. Prints as stars; its memory is cleared when it is dropped.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes the text without the white space around it: files end in a newline.
    ///
    /// Fails when nothing is left or a character cannot stand in a header; the error does not show the text.
    pub fn new(text: impl Into<String>) -> Result<Self, Error> {
        let whole = SecretString::from(text.into());
        let trimmed = whole.expose_secret().trim();
        let detail = if trimmed.is_empty() {
            "it is empty"
        } else if trimmed.chars().any(char::is_control) {
            "it holds a control character"
        } else {
            return Ok(Self(SecretString::from(trimmed)));
        };
        Err(Error::new(ErrorKind::Credentials, "read a secret", detail))
    }

    fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(STARS)
    }
}

/// What is sent with each request.
#[derive(Debug, Clone, Default)]
pub enum Credentials {
    /// Nothing: an engine without users, or one that goes by the client certificate alone.
    #[default]
    None,
    /// An Elasticsearch API key in its encoded form (base64 of `id:key`).
    ApiKey(Secret),
    /// A user and a password.
    Basic {
        /// The name.
        user: String,
        /// The password.
        password: Secret,
    },
    /// A bearer token: a service account of Elasticsearch, JWT or OIDC.
    Bearer(Secret),
}

impl Credentials {
    /// The Authorization header's value, or none.
    pub(crate) fn header(&self) -> Option<SecretString> {
        let text = match self {
            Self::None => return None,
            Self::ApiKey(key) => format!("ApiKey {}", key.expose()),
            Self::Basic { user, password } => {
                let pair = SecretString::from(format!("{user}:{}", password.expose()));
                format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair.expose_secret()))
            }
            Self::Bearer(token) => format!("Bearer {}", token.expose()),
        };
        Some(SecretString::from(text))
    }
}

/// The body of a refusal without what the Authorization header says: some proxies and debugging pages repeat what they were sent, and what an
/// engine says of a failure is shown, logged and kept.
pub(crate) fn without_secrets(body: Bytes, header: &SecretString) -> Bytes {
    let header = header.expose_secret();
    let sent = header.split_once(' ').map_or(header, |(_, sent)| sent);
    let decoded = base64::engine::general_purpose::STANDARD.decode(sent).ok();
    let pair = decoded.and_then(|bytes| String::from_utf8(bytes).ok()).map(SecretString::from);
    let pair = pair.as_ref().map(ExposeSecret::expose_secret);
    let password = pair.and_then(|pair| pair.split_once(':')).map(|(_, password)| password);
    let forms =
        [Some(sent), pair, password].into_iter().flatten().filter(|form| form.len() >= SHORTEST_HIDDEN);
    let (mut text, mut repeated) = (String::from_utf8_lossy(&body).into_owned(), false);
    for form in forms {
        if text.contains(form) {
            text = text.replace(form, STARS);
            repeated = true;
        }
    }
    if repeated { Bytes::from(text) } else { body }
}

/// Where credentials come from. Asked before the first request and again when they are refused, on a thread that may block.
pub trait CredentialsSource: Send + Sync + 'static {
    /// Reads them anew. The error must not hold a secret.
    fn credentials(&self) -> Result<Credentials, Error>;
}

impl CredentialsSource for Credentials {
    fn credentials(&self) -> Result<Credentials, Error> {
        Ok(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_makes_its_header_and_shows_stars() {
        let secret = || Secret::new("  opensesame\n").expect("a secret");
        let cases = [
            (Credentials::None, None),
            (Credentials::ApiKey(secret()), Some("ApiKey opensesame")),
            (
                Credentials::Basic { user: "ann".into(), password: secret() },
                Some("Basic YW5uOm9wZW5zZXNhbWU="),
            ),
            (Credentials::Bearer(secret()), Some("Bearer opensesame")),
        ];
        for (credentials, expected) in cases {
            let header = credentials.header();
            assert_eq!(header.as_ref().map(ExposeSecret::expose_secret), expected);
            assert!(!format!("{credentials:?}").contains("sesame"), "{credentials:?}");
        }
    }

    #[test]
    fn a_refusal_that_repeats_the_credentials_is_told_without_them() {
        let key = || Secret::new("aWQ6b3BlbnNlc2FtZQ==").expect("a secret");
        let basic =
            Credentials::Basic { user: "ann".into(), password: Secret::new("opensesame").expect("a secret") };
        for (credentials, said, told) in [
            (basic.clone(), "no: Basic YW5uOm9wZW5zZXNhbWU=", "no: Basic ********"),
            (basic.clone(), "no: ann:opensesame, opensesame", "no: ********, ********"),
            (basic, "no user ann", "no user ann"),
            (
                Credentials::ApiKey(key()),
                "ApiKey aWQ6b3BlbnNlc2FtZQ==: opensesame",
                "ApiKey ********: ********",
            ),
            (Credentials::Bearer(Secret::new("abc").expect("a secret")), "abc", "abc"),
        ] {
            let header = credentials.header().expect("a header");
            let body = without_secrets(Bytes::copy_from_slice(said.as_bytes()), &header);
            assert_eq!(body, told, "{said}");
        }
    }

    #[test]
    fn what_cannot_be_a_secret_is_refused_without_showing_it() {
        for (text, detail) in [(" \n", "empty"), ("open\nsesame", "control character")] {
            let error = Secret::new(text).expect_err("no secret");
            assert!(error.to_string().contains(detail) && !error.to_string().contains("sesame"), "{error}");
        }
    }
}

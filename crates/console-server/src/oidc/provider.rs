//! The provider's ends: discovery, keys, the exchange of a code, and the check of an ID token.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use super::OidcOptions;
use crate::secret::{self, Token};

/// Longest wait for an answer of the provider.
const TIMEOUT: Duration = Duration::from_secs(15);
/// What was discovered, and the keys, are looked at anew after this long, in seconds.
const FRESH_SECONDS: i64 = 60 * 60;
/// An unknown key makes us ask again, but not more often than this: anybody can invent key ids.
const KEYS_AGAIN_SECONDS: i64 = 30;
/// Clocks may differ by this much, in seconds.
const LEEWAY_SECONDS: i64 = 60;
/// Larger answers are refused.
const ANSWER_BYTES_MAX: usize = 1 << 20;
/// Signatures with a public key. A token signed with a shared secret, or not at all, proves nothing here.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// What discovery tells.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Endpoints {
    issuer: String,
    pub(super) authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

/// What a code is exchanged for.
#[derive(Deserialize)]
pub(super) struct Tokens {
    pub(super) id_token: String,
    #[serde(default, deserialize_with = "secret_text")]
    access_token: Option<SecretString>,
}

fn secret_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(SecretString::from))
}

/// An HTTP client for one provider, with what is known of it.
pub(super) struct Provider {
    issuer: String,
    http: reqwest::Client,
    endpoints: Mutex<Option<(i64, Arc<Endpoints>)>>,
    keys: Mutex<Option<(i64, Arc<JwkSet>)>>,
}

impl Provider {
    pub(super) fn new(options: &OidcOptions) -> Result<Self, String> {
        safe(&options.issuer).map_err(|detail| format!("console.oidc.issuer {detail}"))?;
        let mut http =
            reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none());
        if let Some(path) = &options.ca_file {
            let failed =
                |error: &dyn std::fmt::Display| format!("console.oidc.ca_file {}: {error}", path.display());
            let text = std::fs::read(path).map_err(|error| failed(&error))?;
            let authorities = reqwest::Certificate::from_pem_bundle(&text).map_err(|error| failed(&error))?;
            http = http.tls_certs_merge(authorities);
        }
        let http =
            http.build().map_err(|error| format!("cannot make a client for the OpenID provider: {error}"))?;
        Ok(Self {
            issuer: options.issuer.trim_end_matches('/').to_owned(),
            http,
            endpoints: Mutex::default(),
            keys: Mutex::default(),
        })
    }

    /// The provider's ends, discovered at most once an hour.
    pub(super) async fn endpoints(&self, now: Timestamp) -> Result<Arc<Endpoints>, String> {
        let mut known = self.endpoints.lock().await;
        if let Some((at, endpoints)) = known.as_ref()
            && now.as_second() - at < FRESH_SECONDS
        {
            return Ok(Arc::clone(endpoints));
        }
        let address = format!("{}/.well-known/openid-configuration", self.issuer);
        let found: Endpoints = read(self.http.get(&address), "its discovery document").await?;
        if found.issuer.trim_end_matches('/') != self.issuer {
            return Err(format!("the provider at {} calls itself {}", self.issuer, found.issuer));
        }
        for end in [&found.authorization_endpoint, &found.token_endpoint, &found.jwks_uri] {
            safe(end).map_err(|detail| format!("an end of the provider {detail}"))?;
        }
        let found = Arc::new(found);
        *known = Some((now.as_second(), Arc::clone(&found)));
        Ok(found)
    }

    /// Exchanges a code for tokens.
    pub(super) async fn exchange(
        &self,
        options: &OidcOptions,
        code: &str,
        redirect_uri: &str,
        verifier: &Token,
        now: Timestamp,
    ) -> Result<Tokens, String> {
        let endpoints = self.endpoints(now).await?;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", verifier.expose()),
        ];
        let mut request = self.http.post(&endpoints.token_endpoint);
        let secret = options.client_secret.as_ref().map(|read| read()).transpose()?;
        let methods = &endpoints.token_endpoint_auth_methods_supported;
        let by_post = !methods.is_empty()
            && !methods.iter().any(|method| method == "client_secret_basic")
            && methods.iter().any(|method| method == "client_secret_post");
        match &secret {
            Some(secret) if !by_post => {
                let pair = format!("{}:{}", escape(&options.client_id), escape(secret.expose_secret()));
                let mut value =
                    reqwest::header::HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(pair)))
                        .map_err(|error| error.to_string())?;
                value.set_sensitive(true);
                request = request.header("authorization", value);
            }
            Some(secret) => {
                form.extend([
                    ("client_id", options.client_id.as_str()),
                    ("client_secret", secret.expose_secret()),
                ]);
            }
            None => form.push(("client_id", &options.client_id)),
        }
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(pairs(&form));
        let answer = read(request, "the exchange of the code").await;
        answer.map_err(|error| match &secret {
            Some(secret) => without_secret(&error, &options.client_id, secret.expose_secret()),
            None => error,
        })
    }

    /// The claims of an ID token that is genuine, meant for us, of this sign-in, and of now.
    pub(super) async fn verify(
        &self,
        options: &OidcOptions,
        token: &str,
        nonce: &str,
        now: Timestamp,
    ) -> Result<Map<String, Value>, String> {
        let failed =
            |detail: &dyn std::fmt::Display| format!("the provider's ID token is not accepted: {detail}");
        let header = jsonwebtoken::decode_header(token).map_err(|error| failed(&error))?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(failed(&format!("signed with {:?}", header.alg)));
        }
        let key = self.key(header.kid.as_deref(), now).await?;
        let mut validation = Validation::new(header.alg);
        validation.set_audience(&[&options.client_id]);
        validation.set_issuer(&[&options.issuer]);
        validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        // The time is ours to read.
        validation.validate_exp = false;
        let claims: Map<String, Value> =
            jsonwebtoken::decode(token, &key, &validation).map_err(|error| failed(&error))?.claims;
        check(&claims, options, nonce, now.as_second()).map_err(|detail| failed(&detail))?;
        Ok(claims)
    }

    async fn key(&self, id: Option<&str>, now: Timestamp) -> Result<DecodingKey, String> {
        let endpoints = self.endpoints(now).await?;
        let now = now.as_second();
        let mut known = self.keys.lock().await;
        for least_age in [FRESH_SECONDS, KEYS_AGAIN_SECONDS] {
            if known.as_ref().is_none_or(|(at, _)| now - at >= least_age) {
                let keys = read(self.http.get(&endpoints.jwks_uri), "its keys").await?;
                *known = Some((now, Arc::new(keys)));
            }
            let Some((_, keys)) = known.as_ref() else { continue };
            let found = match id {
                Some(id) => keys.find(id),
                None if keys.keys.len() == 1 => keys.keys.first(),
                None => None,
            };
            if let Some(key) = found {
                return DecodingKey::from_jwk(key).map_err(|error| format!("a key of the provider: {error}"));
            }
        }
        Err("the provider's ID token is signed with a key that it does not publish".to_owned())
    }

    /// More claims, of the same subject, where the provider has an end for them.
    pub(super) async fn user_info(
        &self,
        tokens: &Tokens,
        claims: &Map<String, Value>,
        now: Timestamp,
    ) -> Result<Option<Map<String, Value>>, String> {
        let endpoints = self.endpoints(now).await?;
        let (Some(address), Some(token)) = (&endpoints.userinfo_endpoint, &tokens.access_token) else {
            return Ok(None);
        };
        let more: Map<String, Value> =
            read(self.http.get(address).bearer_auth(token.expose_secret()), "its user information").await?;
        if more.get("sub") != claims.get("sub") {
            return Err("the provider's user information is of somebody else".to_owned());
        }
        Ok(Some(more))
    }
}

/// What the signature does not say.
fn check(claims: &Map<String, Value>, options: &OidcOptions, nonce: &str, now: i64) -> Result<(), String> {
    let second = |name: &str| claims.get(name).and_then(Value::as_f64).map(|second| second as i64);
    if second("exp").is_none_or(|expires| expires + LEEWAY_SECONDS <= now) {
        return Err("it has expired".to_owned());
    }
    if second("iat").is_some_and(|issued| issued - LEEWAY_SECONDS > now) {
        return Err("it was issued in the future: is a clock wrong?".to_owned());
    }
    if !claims.get("nonce").and_then(Value::as_str).is_some_and(|found| secret::same(found, nonce)) {
        return Err("it belongs to another sign-in".to_owned());
    }
    let several = claims.get("aud").and_then(Value::as_array).is_some_and(|list| list.len() > 1);
    match claims.get("azp").and_then(Value::as_str) {
        Some(party) if party != options.client_id => Err("it was issued to another client".to_owned()),
        None if several => Err("it is meant for several clients and names none".to_owned()),
        _ => Ok(()),
    }
}

/// An address that nobody can listen in on: TLS, or this machine.
fn safe(address: &str) -> Result<(), String> {
    let url = reqwest::Url::parse(address).map_err(|error| format!("is {address:?}: {error}"))?;
    let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if url.scheme() == "https" || (url.scheme() == "http" && local) {
        return Ok(());
    }
    Err(format!("is {address:?}, which does not begin with https://"))
}

async fn read<T: DeserializeOwned>(request: reqwest::RequestBuilder, what: &str) -> Result<T, String> {
    let failed =
        |detail: &dyn std::fmt::Display| format!("the OpenID provider did not answer for {what}: {detail}");
    // An error of reqwest's names the address, which holds no secret of ours; its causes say what happened.
    let mut response =
        request.header("accept", "application/json").send().await.map_err(|error| failed(&causes(&error)))?;
    let status = response.status();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failed(&causes(&error)))? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(failed(&"the answer is too large"));
        }
        body.extend_from_slice(&chunk);
    }
    if !status.is_success() {
        let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        let said = [&answer["error"], &answer["error_description"]];
        let said: Vec<&str> = said.iter().filter_map(|value| value.as_str()).collect();
        return Err(failed(&format!("status {} {}", status.as_u16(), said.join(": "))));
    }
    serde_json::from_slice(&body).map_err(|error| failed(&error))
}

/// What a provider said without our secret, in every form in which it was sent: some repeat what they refuse.
fn without_secret(text: &str, client_id: &str, secret: &str) -> String {
    let escaped = escape(secret);
    let pair = STANDARD.encode(format!("{}:{escaped}", escape(client_id)));
    let forms = [pair.as_str(), escaped.as_str(), secret].into_iter().filter(|form| !form.is_empty());
    forms.fold(text.to_owned(), |text, form| text.replace(form, "********"))
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// An address with parameters.
pub(super) fn address(base: &str, parameters: &[(&str, &str)]) -> String {
    let joint = if base.contains('?') { '&' } else { '?' };
    format!("{base}{joint}{}", pairs(parameters))
}

fn pairs(pairs: &[(&str, &str)]) -> String {
    pairs
        .iter()
        .map(|(name, value)| format!("{}={}", escape(name), escape(value)))
        .collect::<Vec<_>>()
        .join("&")
}

/// Percent-encoding of all but what is unreserved in RFC 3986.
fn escape(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
        escaped
    })
}

//! Signing in with an OpenID provider: the authorization code flow with PKCE, state and nonce.
//!
//! The provider says who somebody is and which groups they belong to; the configuration says which groups may come in, and
//! as what. Nobody comes in by default. What is on its way is kept in memory and bound to the browser that began it.

mod claims;
mod provider;

use std::{
    collections::HashMap,
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Redirect, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::{
    app::App,
    caller::Caller,
    cookie,
    error::{ApiError, StartError},
    extract::Parameters,
    secret::{self, Token},
    sign_in,
};
use provider::Provider;

/// How long somebody may take at the provider, in seconds.
const PENDING_SECONDS: i64 = 10 * 60;
/// Sign-ins on their way; beyond that the oldest is forgotten.
const PENDING_MAX: usize = 1_000;
/// The cookie that binds a sign-in to its browser. It comes along when the provider sends the browser back, so it is Lax.
const COOKIE: &str = "claudetrail-oidc";
/// Where the provider sends people back to.
const CALLBACK: &str = "/login/oidc/callback";

/// Reads the client's secret, each time it is needed.
pub type SecretReader = Arc<dyn Fn() -> Result<SecretString, String> + Send + Sync>;

/// An OpenID provider and what its users may do.
#[derive(Clone)]
pub struct OidcOptions {
    /// The issuer, as its discovery document names it.
    pub issuer: String,
    /// Our id at the provider.
    pub client_id: String,
    /// Our secret; a public client has none and relies on PKCE alone.
    pub client_secret: Option<SecretReader>,
    /// Scopes asked for, `openid` among them.
    pub scopes: Vec<String>,
    /// The claim that names the user.
    pub user_claim: String,
    /// The claim that lists the user's groups.
    pub groups_claim: String,
    /// Members of these are administrators; `*` is everybody.
    pub admin_groups: Vec<String>,
    /// Members of these are viewers; `*` is everybody.
    pub viewer_groups: Vec<String>,
    /// PEM file of authorities to trust beside the system's.
    pub ca_file: Option<PathBuf>,
}

impl fmt::Debug for OidcOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OidcOptions")
            .field("issuer", &self.issuer)
            .field("client_id", &self.client_id)
            .field("client_secret", &self.client_secret.as_ref().map(|_| "********"))
            .finish_non_exhaustive()
    }
}

/// The provider, and the sign-ins on their way.
pub(crate) struct Oidc {
    options: OidcOptions,
    provider: Provider,
    redirect_uri: String,
    pending: Mutex<HashMap<String, Pending>>,
}

/// A sign-in that waits for the provider.
struct Pending {
    verifier: Token,
    nonce: String,
    browser: String,
    next: String,
    expires_at: i64,
}

impl Oidc {
    pub(crate) fn new(options: OidcOptions, url: &str) -> Result<Self, StartError> {
        let provider = Provider::new(&options).map_err(StartError::Settings)?;
        Ok(Self { redirect_uri: format!("{url}{CALLBACK}"), provider, options, pending: Mutex::default() })
    }

    fn keep(&self, state: String, pending: Pending, now: i64) {
        let mut all = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, known| known.expires_at > now);
        if all.len() >= PENDING_MAX {
            let oldest = all.iter().min_by_key(|(_, known)| known.expires_at).map(|(state, _)| state.clone());
            oldest.and_then(|state| all.remove(&state));
        }
        all.insert(state, pending);
    }

    fn take(&self, state: &str, now: i64) -> Option<Pending> {
        let pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner).remove(state)?;
        (pending.expires_at > now).then_some(pending)
    }
}

fn configured(app: &App) -> Result<&Oidc, ApiError> {
    app.oidc
        .as_ref()
        .ok_or_else(|| ApiError::not_found("this console has no OpenID provider").hint("set [console.oidc]"))
}

#[derive(Deserialize)]
pub(crate) struct Begin {
    next: Option<String>,
}

/// Sends the browser to the provider.
pub(crate) async fn begin(
    State(app): State<App>,
    Parameters(begin): Parameters<Begin>,
) -> Result<Response, ApiError> {
    let oidc = configured(&app)?;
    let endpoints = match oidc.provider.endpoints(app.now()).await {
        Ok(endpoints) => endpoints,
        Err(detail) => return Ok(refused(&detail)),
    };
    let random = || Token::random().map_err(ApiError::internal);
    let (state, nonce, browser, verifier) = (random()?, random()?, random()?, random()?);
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.expose().as_bytes()));
    let address = provider::address(
        &endpoints.authorization_endpoint,
        &[
            ("response_type", "code"),
            ("client_id", &oidc.options.client_id),
            ("redirect_uri", &oidc.redirect_uri),
            ("scope", &oidc.options.scopes.join(" ")),
            ("state", state.expose()),
            ("nonce", nonce.expose()),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ],
    );
    let now = app.now().as_second();
    let pending = Pending {
        verifier,
        nonce: nonce.expose().to_owned(),
        browser: browser.expose().to_owned(),
        next: sign_in::local_path(begin.next.as_deref()).to_owned(),
        expires_at: now + PENDING_SECONDS,
    };
    oidc.keep(state.expose().to_owned(), pending, now);
    let bound = cookie::set(COOKIE, browser.expose(), "Lax", PENDING_SECONDS as u64, app.secure)?;
    Ok(([(header::SET_COOKIE, bound)], Redirect::to(&address)).into_response())
}

#[derive(Deserialize)]
pub(crate) struct Callback {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

/// Takes what the provider sends back.
pub(crate) async fn callback(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Parameters(callback): Parameters<Callback>,
) -> Result<Response, ApiError> {
    let oidc = configured(&app)?;
    let browser = cookie::read(&headers, COOKIE).unwrap_or_default();
    match oidc.identify(callback, browser, app.now()).await {
        Ok((identity, next)) => {
            let cookie = sign_in::begin(&app, &caller, &identity.user, identity.role, "oidc").await?;
            Ok(([(header::SET_COOKIE, cookie)], Redirect::to(&next)).into_response())
        }
        Err(Refusal { user, detail }) => {
            let text = format!("oidc: {detail}");
            app.log(user.as_deref().unwrap_or("unknown"), &caller.address, "sign-in", "failure", text)
                .await?;
            Ok(refused(&detail))
        }
    }
}

/// Why somebody does not come in, and who it was where that is known.
struct Refusal {
    user: Option<String>,
    detail: String,
}

impl From<String> for Refusal {
    fn from(detail: String) -> Self {
        Self { user: None, detail }
    }
}

/// Back to the sign-in page, which says why.
fn refused(detail: &str) -> Response {
    tracing::warn!(detail, "a sign-in with the OpenID provider failed");
    Redirect::to(&provider::address("/login", &[("error", detail)])).into_response()
}

impl Oidc {
    async fn identify(
        &self,
        callback: Callback,
        browser: &str,
        now: Timestamp,
    ) -> Result<(claims::Identity, String), Refusal> {
        let state = callback.state.unwrap_or_default();
        let pending = self
            .take(&state, now.as_second())
            .filter(|pending| secret::same(&pending.browser, browser))
            .ok_or_else(|| "this sign-in was not begun here, or too long ago: begin again".to_owned())?;
        if let Some(error) = callback.error {
            let description = callback.error_description.map(|text| format!(": {text}")).unwrap_or_default();
            return Err(format!("the provider says {error}{description}").into());
        }
        if callback.iss.is_some_and(|issuer| issuer != self.options.issuer) {
            return Err("the answer is another provider's".to_owned().into());
        }
        let code = callback.code.ok_or_else(|| "the provider sent no code".to_owned())?;
        let tokens =
            self.provider.exchange(&self.options, &code, &self.redirect_uri, &pending.verifier, now).await?;
        let mut known = self.provider.verify(&self.options, &tokens.id_token, &pending.nonce, now).await?;
        if known.get(&self.options.groups_claim).is_none()
            && let Some(more) = self.provider.user_info(&tokens, &known, now).await?
        {
            for (name, value) in more {
                known.entry(name).or_insert(value);
            }
        }
        let identity = claims::identity(&known, &self.options)
            .map_err(|(user, detail)| Refusal { user: Some(user), detail })?;
        Ok((identity, pending.next))
    }
}

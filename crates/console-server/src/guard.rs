//! What every request passes: the name we are asked under, the session, the token against forged requests, the headers of
//! every answer, and a bound of time.

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::Response,
};

use crate::{
    app::App,
    caller, cookie,
    error::ApiError,
    options::Role,
    secret::{self, Token},
    store::{self, Session},
};

/// The header that carries the token against forged requests.
const CSRF_HEADER: &str = "x-csrf-token";

/// Nothing but our own files; no inline script or style, no frame around us, no form to elsewhere.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'";

/// Somebody who is signed in, with the session's token.
#[derive(Clone)]
pub(crate) struct SignedIn {
    pub(crate) session: Session,
    pub(crate) token: Token,
}

impl SignedIn {
    /// Refuses those who only look on.
    pub(crate) fn as_admin(&self, what: &str) -> Result<(), ApiError> {
        match self.session.role {
            Role::Admin => Ok(()),
            Role::Viewer => Err(ApiError::forbidden(what)),
        }
    }
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, ApiError> {
        parts.extensions.get::<Self>().cloned().ok_or_else(ApiError::unauthenticated)
    }
}

/// Headers of every answer.
pub(crate) async fn headers(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        ("content-security-policy", CONTENT_SECURITY_POLICY),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if app.secure {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Refuses names we do not go by, connections that did not come through the declared proxy, and changes that another site
/// asks for.
pub(crate) async fn origin(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let host =
        parts.uri.authority().map(|authority| authority.as_str().to_owned()).or_else(|| {
            parts.headers.get(header::HOST).and_then(|value| value.to_str().ok()).map(str::to_owned)
        });
    let host = host.unwrap_or_default().to_ascii_lowercase();
    if app.hosts.as_ref().is_some_and(|hosts| !hosts.contains(&host)) {
        return Err(ApiError::new(
            StatusCode::MISDIRECTED_REQUEST,
            "unknown_host",
            format!("this console does not go by the name {host:?}"),
        )
        .hint("use the address that the program printed, or set console.public_url"));
    }
    let trusted = &app.options.trusted_proxies;
    if !trusted.is_empty() {
        let peer = caller::peer(&parts)?;
        if !trusted.iter().any(|network| network.contains(peer)) {
            return Err(ApiError::new(
                StatusCode::FORBIDDEN,
                "not_through_proxy",
                format!("{peer} is not one of console.trusted_proxies"),
            )
            .hint("use the public address of this console"));
        }
    }
    let site = parts.headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    if changes(&parts.method) && site.is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return Err(ApiError::new(StatusCode::FORBIDDEN, "cross_site", "another site sent this request"));
    }
    Ok(next.run(Request::from_parts(parts, body)).await)
}

/// Demands a session, and of a change its token.
pub(crate) async fn session(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let token = cookie::session_token(request.headers(), &app).ok_or_else(ApiError::unauthenticated)?;
    let session = current_session(&app, token.clone()).await?.ok_or_else(ApiError::unauthenticated)?;
    if changes(request.method()) {
        let sent =
            request.headers().get(CSRF_HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !secret::same(sent, &token.csrf()) {
            return Err(ApiError::new(
                StatusCode::FORBIDDEN,
                "csrf",
                format!("the header {CSRF_HEADER} does not fit the session"),
            )
            .hint("send csrf_token of GET /api/v1/session in it"));
        }
    }
    request.extensions_mut().insert(SignedIn { session, token });
    Ok(next.run(request).await)
}

/// The session of a token, if it has not ended.
pub(crate) async fn current_session(app: &App, token: Token) -> Result<Option<Session>, ApiError> {
    let (idle, now) = (app.idle_seconds(), app.now());
    app.store.with(move |connection| Ok(store::find_session(connection, &token, idle, now)?)).await
}

/// Gives up what takes too long; the client is told, and the work is dropped.
pub(crate) async fn timeout(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let bound = app.options.request_timeout;
    tokio::time::timeout(bound, next.run(request)).await.map_err(|_| ApiError::timeout(bound.as_secs()))
}

fn changes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

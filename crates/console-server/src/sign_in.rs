//! How people come in and go out: the one-time link, a password, and the end of a session.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    app::App,
    caller::Caller,
    cookie,
    error::ApiError,
    extract::{Body, Parameters},
    guard::SignedIn,
    options::Role,
    password::{self, Password},
    secret::Token,
    store::{self, NewSession},
};

/// Which ways in there are, for the sign-in page.
pub(crate) async fn methods(State(app): State<App>) -> Result<Json<Value>, ApiError> {
    let store = app.store.clone();
    let password = app.store.with(move |_| Ok(())).await.and_then(|()| Ok(store.has_users()?))?;
    Ok(Json(json!({ "link": true, "password": password, "oidc": app.oidc.is_some() })))
}

#[derive(Deserialize)]
pub(crate) struct Link {
    token: String,
    /// Where to go then: a path of ours.
    next: Option<String>,
}

/// Takes a one-time link.
pub(crate) async fn open(
    State(app): State<App>,
    caller: Caller,
    Parameters(link): Parameters<Link>,
) -> Result<Response, ApiError> {
    let next = local_path(link.next.as_deref()).to_owned();
    let (token, now) = (Token::presented(&link.token), app.now());
    let user = app.options.local_user.clone();
    let known = app.store.with(move |connection| Ok(store::take_link(connection, &token, now)?)).await?;
    if !known {
        app.log(
            &user,
            &caller.address,
            "sign-in",
            "failure",
            "one-time link: used before, too old or unknown",
        )
        .await?;
        // Whoever has a session already just reloads the page that the link once opened.
        return Ok(Redirect::to("/login?link=used").into_response());
    }
    let cookie = begin(&app, &caller, &user, Role::Admin, "link").await?;
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(&next)).into_response())
}

/// A path on this server: what could lead elsewhere leads home.
pub(crate) fn local_path(path: Option<&str>) -> &str {
    let fits = |path: &&str| {
        path.starts_with('/')
            && !path.starts_with("//")
            && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    };
    path.filter(fits).unwrap_or("/")
}

#[derive(Deserialize)]
pub(crate) struct Credentials {
    user: String,
    password: String,
}

/// Signs in with a password.
pub(crate) async fn log_in(
    State(app): State<App>,
    caller: Caller,
    Body(credentials): Body<Credentials>,
) -> Result<Response, ApiError> {
    let user = credentials.user;
    let password = Password::new(credentials.password);
    if let Some(seconds) = app.limiter.wait(&caller.address, &user, app.now()) {
        app.log(&user, &caller.address, "sign-in", "failure", "password: too many attempts").await?;
        return Err(ApiError::too_many(seconds));
    }
    let permit = app.passwords.acquire().await.map_err(ApiError::internal)?;
    let (store, name) = (app.store.clone(), user.clone());
    let role = tokio::task::spawn_blocking(move || {
        let known = store.password_hash(&name)?;
        let right = password::matches(&password, known.as_ref().map(|(hash, _)| hash.as_str()));
        Ok::<_, ApiError>(known.map(|(_, role)| role).filter(|_| right))
    })
    .await
    .map_err(ApiError::internal)??;
    drop(permit);
    let Some(role) = role else {
        app.limiter.failed(&caller.address, &user, app.now());
        app.log(&user, &caller.address, "sign-in", "failure", "password").await?;
        return Err(ApiError::new(StatusCode::UNAUTHORIZED, "wrong_password", "name or password is wrong")
            .hint("names are set up on the server with `claudetrail console add-user`"));
    };
    app.limiter.succeeded(&caller.address);
    let cookie = begin(&app, &caller, &user, role, "password").await?;
    Ok(([(header::SET_COOKIE, cookie)], Json(json!({ "user": user, "role": role }))).into_response())
}

/// Begins a session and returns its cookie.
pub(crate) async fn begin(
    app: &App,
    caller: &Caller,
    user: &str,
    role: Role,
    method: &'static str,
) -> Result<header::HeaderValue, ApiError> {
    app.log(user, &caller.address, "sign-in", "success", method).await?;
    let token = Token::random().map_err(ApiError::internal)?;
    let cookie = cookie::session(&token, app)?;
    let (user, caller, now) = (user.to_owned(), caller.clone(), app.now());
    let lifetime_seconds = app.options.session_lifetime.as_secs() as i64;
    let store = app.store.clone();
    tokio::task::spawn_blocking(move || {
        let new = NewSession {
            token: &token,
            user: &user,
            role,
            method,
            address: &caller.address,
            user_agent: &caller.user_agent,
            lifetime_seconds,
        };
        store.begin_session(&new, now)
    })
    .await
    .map_err(ApiError::internal)??;
    Ok(cookie)
}

/// Ends the session that asks.
pub(crate) async fn log_out(
    State(app): State<App>,
    caller: Caller,
    signed_in: SignedIn,
) -> Result<(StatusCode, HeaderMap), ApiError> {
    let (id, user) = (signed_in.session.id, signed_in.session.user);
    app.store.with(move |connection| Ok(store::end_session(connection, &id, None)?)).await?;
    app.log(&user, &caller.address, "sign-out", "success", "").await?;
    let mut headers = HeaderMap::new();
    headers.insert(header::SET_COOKIE, cookie::ended(&app)?);
    Ok((StatusCode::NO_CONTENT, headers))
}

#[cfg(test)]
mod tests {
    use super::local_path;

    #[test]
    fn a_link_leads_nowhere_else() {
        for (next, leads_to) in [
            (None, "/"),
            (Some("/events?query=a%20b"), "/events?query=a%20b"),
            (Some("//evil.example"), "/"),
            (Some("/\\evil.example"), "/"),
            (Some("https://evil.example"), "/"),
            (Some("/a\r\nset-cookie: x=y"), "/"),
        ] {
            assert_eq!(local_path(next), leads_to, "{next:?}");
        }
    }
}

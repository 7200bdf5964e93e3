//! Sessions: the one that asks, those there are, and ending one.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    app::App,
    caller::Caller,
    error::ApiError,
    guard::SignedIn,
    options::Role,
    store::{self, Session},
};

fn time(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Who asks, and what this console is.
pub(crate) async fn current(State(app): State<App>, signed_in: SignedIn) -> Result<Json<Value>, ApiError> {
    let feeds = app
        .readers
        .with(|reader| Ok(reader.feeds()?.into_iter().map(|feed| feed.name).collect::<Vec<_>>()))
        .await
        .unwrap_or_default();
    let session = &signed_in.session;
    Ok(Json(json!({
        "user": session.user,
        "role": session.role,
        "csrf_token": signed_in.token.csrf(),
        "expires_at": time(session.expires_at),
        "version": app.options.version,
        "demo": !app.options.stories.is_empty(),
        "feeds": feeds,
        "backend": app.backend.as_ref().map(|backend| backend.kind().as_str()),
        "actions": super::actions::offered(&app, session.role),
    })))
}

/// Sessions that have not ended: an administrator's view of all, a viewer's of their own.
pub(crate) async fn list(State(app): State<App>, signed_in: SignedIn) -> Result<Json<Value>, ApiError> {
    let (idle, now) = (app.idle_seconds(), app.now());
    let own = own_name(&signed_in);
    let sessions =
        app.store.with(move |connection| Ok(store::sessions(connection, own.as_deref(), idle, now)?)).await?;
    let current = &signed_in.session.id;
    let sessions: Vec<Value> = sessions.iter().map(|session| describe(session, current)).collect();
    Ok(Json(json!({ "sessions": sessions })))
}

fn describe(session: &Session, current: &str) -> Value {
    json!({
        "id": session.id,
        "user": session.user,
        "role": session.role,
        "method": session.method,
        "address": session.address,
        "user_agent": session.user_agent,
        "created_at": time(session.created_at),
        "last_seen_at": time(session.last_seen_at),
        "expires_at": time(session.expires_at),
        "current": session.id == current,
    })
}

/// Ends a session at once, wherever it is open.
pub(crate) async fn end(
    State(app): State<App>,
    caller: Caller,
    signed_in: SignedIn,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let (own, ended) = (own_name(&signed_in), id.clone());
    let found =
        app.store.with(move |connection| Ok(store::end_session(connection, &ended, own.as_deref())?)).await?;
    if !found {
        return Err(ApiError::not_found("there is no such session, or it has ended"));
    }
    app.log(&signed_in.session.user, &caller.address, "session-end", "success", id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The name that bounds what somebody may see of sessions; none for an administrator.
fn own_name(signed_in: &SignedIn) -> Option<String> {
    (signed_in.session.role == Role::Viewer).then(|| signed_in.session.user.clone())
}

//! Saved searches.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    app::App,
    error::ApiError,
    extract::Body,
    guard::SignedIn,
    options::Role,
    store::{self, SavedSearch},
};

/// Longest name, in characters, and longest state, in bytes.
const NAME_MAX: usize = 200;
const STATE_MAX: usize = 16 << 10;

/// Everybody's.
pub(crate) async fn list(State(app): State<App>) -> Result<Json<Value>, ApiError> {
    let searches = app.store.with(|connection| Ok(store::saved_searches(connection)?)).await?;
    Ok(Json(json!({ "saved_searches": searches })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSearch {
    name: String,
    state: String,
}

/// Keeps one; the same name of the same person is replaced.
pub(crate) async fn put(
    State(app): State<App>,
    signed_in: SignedIn,
    Body(new): Body<NewSearch>,
) -> Result<(StatusCode, Json<SavedSearch>), ApiError> {
    let name = new.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > NAME_MAX || new.state.len() > STATE_MAX {
        return Err(ApiError::bad_request(format!(
            "a saved search has a name of 1 to {NAME_MAX} characters and a state of at most {STATE_MAX} bytes"
        )));
    }
    let (owner, now) = (signed_in.session.user, app.now());
    let saved = app
        .store
        .with(move |connection| Ok(store::put_search(connection, &owner, &name, &new.state, now)?))
        .await?;
    Ok((StatusCode::CREATED, Json(saved)))
}

/// Drops one's own; an administrator drops anybody's.
pub(crate) async fn remove(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(id): Path<i64>,
) -> Result<StatusCode, ApiError> {
    let owner = (signed_in.session.role == Role::Viewer).then_some(signed_in.session.user);
    let found =
        app.store.with(move |connection| Ok(store::drop_search(connection, id, owner.as_deref())?)).await?;
    if found {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::not_found("you have no such saved search")
            .hint("only its owner or an administrator drops one"))
    }
}

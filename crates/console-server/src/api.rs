//! The API, one module per thing that is asked for.

pub(crate) mod access;
pub(crate) mod actions;
pub(crate) mod actor;
pub(crate) mod actors;
pub(crate) mod bursts;
pub(crate) mod coverage;
pub(crate) mod dead_letters;
pub(crate) mod events;
pub(crate) mod export;
pub(crate) mod fields;
pub(crate) mod first_seen;
pub(crate) mod live;
pub(crate) mod neighbours;
pub(crate) mod saved;
pub(crate) mod search;
pub(crate) mod sessions;
pub(crate) mod trail;

pub(crate) use first_seen::Known;

use axum::{Json, extract::State, http::header, response::IntoResponse};

use crate::{app::App, options::Story};

/// The description of the API.
pub(crate) async fn openapi() -> impl IntoResponse {
    let text = include_str!("../../../docs/reference/openapi.json");
    ([(header::CONTENT_TYPE, "application/json")], text)
}

/// The demo's stories.
pub(crate) async fn stories(State(app): State<App>) -> Json<Vec<Story>> {
    Json(app.options.stories.clone())
}

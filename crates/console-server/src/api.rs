//! The API, one module per thing that is asked for.

pub(crate) mod access;
pub(crate) mod coverage;
pub(crate) mod events;
pub(crate) mod live;
pub(crate) mod saved;
pub(crate) mod sessions;
pub(crate) mod trail;

use axum::{Json, extract::State};

use crate::{app::App, options::Story};

/// The demo's stories.
pub(crate) async fn stories(State(app): State<App>) -> Json<Vec<Story>> {
    Json(app.options.stories.clone())
}

//! The state of the trail, as `claudetrail status --json` tells it.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde_json::Value;

use crate::{app::App, error::ApiError};

/// Coverage, gaps, counts, lag and errors of every feed.
pub(crate) async fn status(State(app): State<App>) -> Result<Json<Value>, ApiError> {
    let trail = Arc::clone(&app.trail);
    app.readers.with(move |reader| trail.status(reader)).await.map(Json)
}

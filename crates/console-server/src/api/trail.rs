//! The state of the trail, as `claudetrail status --json` tells it.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde_json::{Value, json};

use crate::{app::App, error::ApiError};

/// Coverage, gaps, counts, lag and errors of every feed.
pub(crate) async fn status(State(app): State<App>) -> Result<Json<Value>, ApiError> {
    let trail = Arc::clone(&app.trail);
    let mut status = app.readers.with(move |reader| trail.status(reader)).await?;
    if let Some(backend) = &app.backend {
        status["search"] = match backend.status().await {
            Ok(found) => json!({
                "backend": backend.kind().as_str(),
                "documents": found.documents,
                "sequence": found.sequence,
                "error": null,
            }),
            Err(error) => json!({ "backend": backend.kind().as_str(), "error": error.to_string() }),
        };
    }
    Ok(Json(status))
}

/// What the Trail screen shows beyond the state: how late activities come, what was asked again, the last verification.
pub(crate) async fn figures(State(app): State<App>) -> Result<Json<Value>, ApiError> {
    let trail = Arc::clone(&app.trail);
    Ok(Json(app.readers.with(move |reader| trail.figures(reader)).await?))
}

//! The access log, for administrators.

use axum::{Json, extract::State};
use serde_json::{Value, json};

use crate::{
    app::App,
    error::ApiError,
    extract::Parameters,
    guard::SignedIn,
    store::{self, AccessFilter},
};

/// The newest accesses that fit the filter.
pub(crate) async fn list(
    State(app): State<App>,
    signed_in: SignedIn,
    Parameters(filter): Parameters<AccessFilter>,
) -> Result<Json<Value>, ApiError> {
    signed_in.as_admin("the access log is for administrators")?;
    let lines = app.store.with(move |connection| Ok(store::accesses(connection, &filter)?)).await?;
    Ok(Json(json!({ "entries": lines })))
}

//! Every route once: the table from which the router is made, and against which the OpenAPI document is held.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::StatusCode,
    middleware::from_fn_with_state,
    routing::{MethodRouter, delete, get, post},
};
use tower_http::compression::{CompressionLayer, CompressionLevel};

use crate::{api, app::App, assets, error::ApiError, guard, oidc, sign_in};

/// Larger bodies are refused: a query with its aggregations is a few kilobytes.
const BODY_BYTES_MAX: usize = 256 << 10;

/// Root of the API.
pub(crate) const API: &str = "/api/v1";

type Routes = Vec<(&'static str, MethodRouter<App>)>;

/// Under [`API`], for those who are signed in.
fn private_routes() -> Routes {
    vec![
        ("/session", get(api::sessions::current)),
        ("/sessions", get(api::sessions::list)),
        ("/sessions/{id}", delete(api::sessions::end)),
        ("/logout", post(sign_in::log_out)),
        ("/trail", get(api::trail::status)),
        ("/trail/figures", get(api::trail::figures)),
        ("/dead-letters", get(api::dead_letters::list)),
        ("/coverage", get(api::coverage::coverage)),
        ("/search", post(api::search::search)),
        ("/fields", get(api::fields::fields)),
        ("/values", get(api::fields::values)),
        ("/events/{id}", get(api::events::event)),
        ("/events/{id}/neighbours", get(api::neighbours::neighbours)),
        ("/actors", get(api::actors::list)),
        ("/actors/{id}", get(api::actor::actor)),
        ("/actors/{id}/sessions", get(api::bursts::bursts)),
        ("/first-seen", get(api::first_seen::first_seen)),
        ("/saved-searches", get(api::saved::list).post(api::saved::put)),
        ("/saved-searches/{id}", delete(api::saved::remove)),
        ("/stories", get(api::stories)),
        ("/access-log", get(api::access::list)),
    ]
}

/// Under [`API`], what may go on for longer than a request may take.
fn lasting_routes() -> Routes {
    vec![
        ("/live", get(api::live::live)),
        ("/export", get(api::export::export)),
        ("/dead-letters/retry", post(api::actions::retry)),
        ("/dead-letters/drop", post(api::actions::drop_letters)),
        ("/trail/verify", post(api::actions::verify)),
        ("/trail/attestation", post(api::actions::attest)),
    ]
}

/// Under [`API`], for everybody.
fn public_routes() -> Routes {
    vec![("/openapi.json", get(api::openapi)), ("/sign-in", get(sign_in::methods))]
}

fn add(mut router: Router<App>, table: Routes) -> Router<App> {
    for (path, methods) in table {
        router = router.route(path, methods);
    }
    router
}

/// The whole server.
pub(crate) fn router(app: App) -> Router {
    let private = add(Router::new(), private_routes())
        .layer(from_fn_with_state(app.clone(), guard::timeout))
        .merge(add(Router::new(), lasting_routes()))
        .route_layer(from_fn_with_state(app.clone(), guard::session));
    let interface = add(private, public_routes())
        .fallback(|| async { ApiError::not_found("the API has no such path") })
        .method_not_allowed_fallback(|| async {
            ApiError::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "this path has no such method",
            )
        });
    let packed = CompressionLayer::new().quality(CompressionLevel::Fastest);
    Router::new()
        .nest(API, interface.layer(packed))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/open", get(sign_in::open))
        .route("/login", post(sign_in::log_in).get(assets::serve))
        .route("/login/oidc", get(oidc::begin))
        .route("/login/oidc/callback", get(oidc::callback))
        .fallback(get(assets::serve))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn_with_state(app.clone(), guard::origin))
        .layer(from_fn_with_state(app.clone(), guard::headers))
        .with_state(app)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_document_describes_every_route_and_no_other() {
        let document: serde_json::Value =
            serde_json::from_str(include_str!("../../../docs/reference/openapi.json"))
                .expect("the document is JSON");
        let described: BTreeSet<&str> =
            document["paths"].as_object().expect("paths").keys().map(String::as_str).collect();
        let served: BTreeSet<&str> = [private_routes(), lasting_routes(), public_routes()]
            .concat()
            .into_iter()
            .map(|(path, _)| path)
            .collect();
        assert_eq!(described, served);
    }
}

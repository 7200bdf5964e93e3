//! The web app: files compressed at build time and kept in the binary.
//!
//! Files under `assets/` carry their hash in the name and may be kept for ever; everything else that is asked for with GET
//! gives `index.html`, because the address is the state of the app. There is no path to walk: names are looked up in a table.

use axum::{
    body::Bytes,
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};

struct Asset {
    path: &'static str,
    gzip: bool,
    bytes: &'static [u8],
}

static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// What is served when the program was built without the web app.
const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>ClaudeTrail</title></head>\
    <body><h1>This program was built without the web app</h1><p>You are signed in, and its HTTP API answers: \
    <a href=\"/api/v1/openapi.json\">/api/v1/openapi.json</a> describes it. On the command line, <code>claudetrail search</code>, \
    <code>claudetrail stats</code> and <code>claudetrail tail -f</code> show the same trail.</p></body></html>\n";

/// Whether the web app was built into this program; without it, the HTTP API is all there is to see.
pub fn has_web_app() -> bool {
    find("index.html").is_some()
}

/// Answers every GET that no route took.
pub(crate) async fn serve(request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    let asset = find(path);
    if asset.is_none() && path.starts_with("assets/") {
        return (StatusCode::NOT_FOUND, "there is no such file\n").into_response();
    }
    match asset.or_else(|| find("index.html")) {
        Some(asset) => answer(asset, request.headers()),
        None => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], NOT_BUILT).into_response(),
    }
}

fn find(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}

fn answer(asset: &Asset, request: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", hexadecimal(&Sha256::digest(asset.bytes)[..8]));
    let cache =
        if asset.path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(asset.path)));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    let has = |name, text: &str| {
        request.get_all(name).iter().any(|value| value.to_str().is_ok_and(|value| value.contains(text)))
    };
    if has(header::IF_NONE_MATCH, &tag) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    if asset.gzip && !has(header::ACCEPT_ENCODING, "gzip") {
        return match unpacked(asset.bytes) {
            Ok(bytes) => (headers, bytes).into_response(),
            Err(_) => StatusCode::NOT_ACCEPTABLE.into_response(),
        };
    }
    if asset.gzip {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    (headers, Bytes::from_static(asset.bytes)).into_response()
}

/// For the rare client that does not read gzip.
fn unpacked(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut plain)?;
    Ok(plain)
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" | "webmanifest" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

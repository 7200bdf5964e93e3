//! The cookies we set: never readable by a script, never sent along from another site.

use axum::http::{HeaderMap, HeaderValue, header};

use crate::{app::Shared, error::ApiError, secret::Token};

/// The session's token, if the request brings one.
pub(crate) fn session_token(headers: &HeaderMap, app: &Shared) -> Option<Token> {
    read(headers, &app.cookie).map(Token::presented)
}

/// Value of a cookie.
pub(crate) fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, value)| *found == name && !value.is_empty())
        .map(|(_, value)| value)
}

/// The header that gives a browser its session.
pub(crate) fn session(token: &Token, app: &Shared) -> Result<HeaderValue, ApiError> {
    let seconds = app.options.session_lifetime.as_secs();
    set(&app.cookie, token.expose(), "Strict", seconds, app.secure)
}

/// The header that takes it away.
pub(crate) fn ended(app: &Shared) -> Result<HeaderValue, ApiError> {
    set(&app.cookie, "", "Strict", 0, app.secure)
}

/// A `Set-Cookie` header.
pub(crate) fn set(
    name: &str,
    value: &str,
    same_site: &str,
    seconds: u64,
    secure: bool,
) -> Result<HeaderValue, ApiError> {
    let secure = if secure { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite={same_site}; Max-Age={seconds}{secure}");
    let mut header = HeaderValue::from_str(&text).map_err(ApiError::internal)?;
    header.set_sensitive(true);
    Ok(header)
}

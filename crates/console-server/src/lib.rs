//! The console's server: an HTTP API over the trail, sessions and their safety, live events, and the embedded web app.
//!
//! The idea: everything that a screen shows comes from one of three places. The ledger answers what only it knows
//! (coverage, provenance, the exact bytes), a store of documents answers queries, and the console's own file keeps who is
//! signed in, what they saved and what they looked at. The first is read through [`ledger::Reader`]; what makes documents
//! ([`Trail`]) and the store ([`query::Backend`]) are passed in.
//!
//! What is promised:
//!
//! - nothing but `healthz`, the sign-in and the empty web app is answered to somebody who is not signed in;
//! - on loopback a one-time link signs in; on any other address the console speaks TLS or stands behind a declared proxy,
//!   or it does not start;
//! - who signed in, searched, read and exported is kept, and can be searched itself;
//! - no token, password or cookie is kept in clear, logged or printed, but for the link that its user asked for.
//!
//! `docs/design/console.md` tells the whole story, `docs/reference/openapi.json` describes the API.

mod api;
mod app;
mod assets;
mod caller;
mod cookie;
mod document;
mod error;
mod extract;
mod guard;
mod limiter;
mod live;
mod oidc;
mod options;
mod password;
mod question;
mod router;
mod secret;
mod server;
mod sign_in;
mod store;
mod trail;

pub use assets::has_web_app;
pub use error::{ApiError, StartError};
pub use oidc::{OidcOptions, SecretReader};
pub use options::{Clock, Network, Options, Role, Story, TlsFiles};
pub use password::Password;
pub use secret::Token;
pub use server::{Console, Parts};
pub use store::{Store, StoreError, User};
pub use trail::{Actions, Attest, Documents, Schema, Trail};

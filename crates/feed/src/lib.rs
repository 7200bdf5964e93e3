//! Client of Anthropic's Compliance API Activity Feed: requests, pages, cursors, errors, retry.
//!
//! The feed is one endpoint, `GET /v1/compliance/activities`, that answers with pages of activities. This crate
//! turns it into typed values and knows nothing of where they are kept afterwards.
//!
//! # The idea
//!
//! * [`ActivityRequest`] is one request with every parameter of the contract. It is checked before it is sent.
//! * [`Client::list_activities`] fetches exactly one page. Retries happen inside; nothing is ever advanced, so asking
//!   again is always safe. [`Client::walk`] follows the cursors of one request to its end.
//! * [`Page`] holds each [`Activity`] as the exact bytes the API sent (slices of the response body, not copies) beside
//!   the three fields every activity has, and an [`Exchange`] that says how the page was obtained.
//! * [`LogCheckpoint`] and its companions read the vendor's transparency log and judge it; [`Client::log_checkpoint`] and its
//!   siblings ask for it.
//! * [`Error`] has a closed list of [`ErrorKind`]s, a detail and one hint: what to do next.
//! * [`Transport`] and [`Clock`] are passed in. [`HttpTransport`] and [`SystemClock`] are the real ones; tests use
//!   their own, and a week of retries runs in milliseconds.
//!
//! # Guarantees
//!
//! * A page is either what was asked for or an error: more rows than the limit, rows outside the time bounds, rows out
//!   of order, or a page that cannot be continued are refused. An odd *row* is not: an activity without an id, time or
//!   type is passed on with its bytes.
//! * No input makes this crate panic.
//! * A key never appears in `Debug`, `Display`, an error, a URL or a trace, not even when a proxy echoes it.
//! * Redirects are never followed, so the key goes to the configured host and nowhere else.
//!
//! # Example
//!
//! ```no_run
//! use feed::{ActivityRequest, ApiKey, Client, ClientOptions, HttpOptions, HttpTransport, StaticKey, SystemClock};
//!
//! # async fn run() -> Result<(), feed::Error> {
//! let key = ApiKey::new(std::env::var("ANTHROPIC_COMPLIANCE_KEY").unwrap_or_default())?;
//! let transport = HttpTransport::new(&HttpOptions::default())?;
//! let client = Client::new(transport, SystemClock, ClientOptions::default(), Box::new(StaticKey(key)))?;
//! let page = client.list_activities(&ActivityRequest { limit: Some(20), ..ActivityRequest::default() }).await?;
//! for activity in &page.activities {
//!     println!("{} {}", activity.id, activity.activity_type);
//! }
//! # Ok(())
//! # }
//! ```

mod client;
mod clock;
mod error;
mod headers;
mod key;
mod page;
mod redact;
mod request;
mod response;
mod retry;
mod trace;
mod transparency;
mod transport;

pub use client::{Client, ClientOptions, DEFAULT_API_VERSION, DEFAULT_BASE_URL, Walk};
pub use clock::{Clock, SystemClock};
pub use error::{Error, ErrorKind};
pub use key::{ApiKey, KeySource, StaticKey};
pub use page::{Activity, ApiAccess, Exchange, Page, PageContent, RateLimit, RecordingSetting, parse_page};
pub use request::{ActivityRequest, Cursor, DEFAULT_LIMIT, MAX_LIMIT, Order};
pub use retry::RetryOptions;
pub use transparency::{
    Flaw, FlawKind, LogAnswer, LogCheckpoint, LogKey, LogProof, LoggedActivity, PUBLISHED_KEY_FINGERPRINTS,
    is_logged, log_origin, organization_of, parse_keys, parse_proof,
};
pub use transport::{
    HeaderText, HttpOptions, HttpTransport, MAX_BODY_BYTES, MinimumTlsVersion, ProxyChoice, TraceOptions,
    Transport, TransportError, TransportRequest, TransportResponse,
};

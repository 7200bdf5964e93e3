//! The client against scripted answers on a clock that never waits, and the transport against real sockets.

#![allow(clippy::unwrap_used, reason = "the lint spares test functions only, and these are their helpers")]

mod client;
mod http;
mod proxy;
mod secrets;
mod support;
mod tls;
mod trace;

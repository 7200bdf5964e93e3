//! The console's server over real HTTP: a real ledger, real documents, real sockets, a clock that the test turns.

mod access;
mod actions;
mod actors;
mod document;
mod oidc;
mod safety;
mod sessions;
mod support;
mod trail;

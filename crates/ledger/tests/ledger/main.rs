//! The ledger from outside: what its callers see, in one process and in several.

mod account;
mod appending;
mod compat;
mod crash;
mod damage;
mod feeds;
mod model;
mod names;
mod opening;
mod processes;
mod reading;
mod sinks;
mod support;
mod transparency;

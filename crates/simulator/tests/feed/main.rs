//! The feed server against the contract: without a socket where the rules are the subject, with one where the wire is.

mod contract;
mod control;
mod faults;
mod lag;
mod log;
mod sockets;
mod support;
mod walking;
mod world;

//! The program from outside: the real binary beside a real simulator, and real engines where it speaks to them.
//!
//! One test program for all of it, so that it is linked once, and a test that waits does not keep the others from running.

mod bad_input;
mod cluster;
mod conservation;
mod crash;
mod delivery;
mod export;
mod keys;
mod normalize;
mod processors;
mod search;
mod secrets;
mod setup;
mod support;
mod transparency;
mod verify;

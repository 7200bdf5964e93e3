//! The tests of the crate, over its public interface.

mod generator;
mod sentences;

//! What is set up, against real engines: every document fits, setting up again changes nothing, and a role is enough and no more.

mod fit;
mod panels;
mod rights;
mod support;

//! What each command does. One file each; none knows another but for what they share by name.

pub(crate) mod acknowledge;
pub(crate) mod backfill;
pub(crate) mod check;
pub(crate) mod console;
pub(crate) mod dead_letters;
pub(crate) mod demo;
pub(crate) mod export;
pub(crate) mod index;
pub(crate) mod normalize;
pub(crate) mod replay;
pub(crate) mod run;
pub(crate) mod search;
pub(crate) mod setup;
pub(crate) mod simulate;
pub(crate) mod stats;
pub(crate) mod status;
pub(crate) mod tail;
pub(crate) mod verify;

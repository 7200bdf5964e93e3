//! Prepares an Elasticsearch or OpenSearch for the trail: how documents are mapped, how long they are kept, who may write them, and
//! the dashboards that show them.
//!
//! Everything is built in code from two descriptions, so that nothing is written twice: the mapping from the one list of fields that
//! `normalize` has, the dashboards from the panels in [`dashboards`]. What differs between the engines, and between their versions,
//! stands beside what it differs in. [`calls`] says what would be sent, [`run`] sends it.
//!
//! Guarantees:
//!
//! - running it again changes nothing, running a newer version brings an engine up to date;
//! - no document that is there is touched: a data stream whose mapping cannot be widened in place gets a new backing index;
//! - what is the user's own, the component template `<stream>@custom`, has the last word and is never written;
//! - an engine that lacks a part (lifecycle policies, logsdb) gets the rest, and it is said what was left out and why.
//!
//! It knows no ledger and no configuration file, and makes no document.

mod call;
pub mod dashboards;
mod import;
mod lifecycle;
mod mapping;
mod options;
mod role;
mod run;
mod templates;

pub use call::Call;
pub use import::{IMPORT_PATH, dashboards_of, import_dashboards, import_header};
pub use options::{Engine, Options};
pub use role::role;
pub use run::{Step, calls, run};

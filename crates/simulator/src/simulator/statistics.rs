//! What the server has done so far.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    answer::{Answer, Content},
    late_rows::LateRows,
};
use crate::{Delivery, SimulatedResponse};

/// Counts of calls to the API; the control plane is not counted.
#[derive(Debug, Default, Clone)]
pub(crate) struct Statistics {
    pub(crate) requests: u64,
    /// By status; calls that got no answer stand under `none`.
    pub(crate) by_status: BTreeMap<String, u64>,
    pub(crate) rows_served: u64,
    pub(crate) body_bytes: u64,
    pub(crate) late_rows: LateRows,
}

impl Statistics {
    pub(crate) fn count(&mut self, answer: &Answer, response: &SimulatedResponse, now: Timestamp) {
        self.requests += 1;
        let status = if response.status == 0 { "none".to_owned() } else { response.status.to_string() };
        *self.by_status.entry(status).or_default() += 1;
        self.body_bytes += response.body.len() as u64;
        if let Content::Page(page) = &answer.content {
            self.rows_served += page.rows.len() as u64;
            // What arrives by half tells nobody anything.
            if !answer.invalid_json && response.delivery == Delivery::Complete {
                self.late_rows.note(page, now);
            }
        }
    }
}

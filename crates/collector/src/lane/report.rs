//! What a feed's collector reports to the ledger after each poll, for whoever reads `status`.

use std::sync::Arc;

use feed::{Clock, Transport};
use jiff::Timestamp;
use serde_json::json;
use tracing::{debug, info, warn};

use super::Feed;
use crate::{
    Error, Event, Spending,
    diagnosis::{self, Diagnosis, Evidence},
};

/// The topic under which it is remembered what rows said of the recording of activities.
pub(crate) const RECORDING: &str = "recording";

impl<T: Transport, C: Clock> Feed<T, C> {
    /// Keeps the state of budget, overlap and rows, and tells of a cause that is new. What cannot be kept now is kept at the next poll.
    pub(super) async fn report(&self) -> Result<(), Error> {
        let now = self.clock.now();
        let spending = self.governor.spending(now);
        let budget = json!({
            "limit_per_minute": spending.limit_per_minute,
            "share": spending.share,
            "ours_per_minute": spending.ours_per_minute,
            "others_per_minute": spending.others_per_minute,
            "others_counted": spending.others_counted,
            "paused_seconds": spending.paused.as_secs_f64(),
        });
        let overlap = json!({
            "seconds": self.trail().patience(now).overlap.as_secs_f64(),
            "poll_interval_seconds": self.poll_interval.as_secs_f64(),
        });
        let diagnosis = self.diagnose(now, spending);
        let diagnosis = diagnosis.map(|Diagnosis { cause, since, evidence, hint }| {
            json!({ "cause": cause, "since": since.to_string(), "evidence": evidence, "hint": hint })
        });
        let (id, recording) = (self.id, self.signs().recording.text());
        let reports = [
            ("budget", budget.to_string()),
            ("overlap", overlap.to_string()),
            ("diagnosis", json!(diagnosis).to_string()),
            (RECORDING, recording),
        ];
        let outcome = self.store.run(move |ledger| {
            for (topic, text) in &reports {
                ledger.report(id, topic, text, now)?;
            }
            Ok(())
        });
        if let Err(unkept) = self.settle("keeping a report", outcome.await)? {
            debug!(feed = %self.name, error = unkept.message, "the report was not kept");
        }
        Ok(())
    }

    /// Why nothing comes, if nothing does; said once in the log for each cause.
    fn diagnose(&self, now: Timestamp, spending: Spending) -> Option<Diagnosis> {
        let server_ahead = self.skew().server_ahead();
        let coverage = self.trail().coverage.clone();
        let switched_off = self.signs().recording.off_since(&coverage);
        let mut signs = self.signs();
        let diagnosis = diagnosis::diagnose(&Evidence {
            now,
            poll_interval: self.poll_interval,
            failing: signs.failing.clone(),
            spending,
            last_activity: signs.last_activity,
            last_canary: signs.last_canary,
            canary_lag: signs.canary_lag,
            switched_off,
            server_ahead,
        });
        let cause = diagnosis.as_ref().map(|diagnosis| diagnosis.cause);
        if std::mem::replace(&mut signs.told, cause) == cause {
            return diagnosis;
        }
        drop(signs);
        let (evidence, hint) =
            diagnosis.as_ref().map_or(("", ""), |told| (told.evidence.as_str(), told.hint.as_str()));
        match cause {
            None => info!(feed = %self.name, "rows flow again"),
            Some(cause @ "quiet") => info!(feed = %self.name, cause, evidence, hint, "no activity"),
            Some(cause) => {
                warn!(feed = %self.name, cause, evidence, hint, "the trail does not grow as it should");
            }
        }
        self.tell(&Event::Diagnosed {
            feed: Arc::clone(&self.name),
            cause,
            evidence: evidence.to_owned(),
            hint: hint.to_owned(),
        });
        diagnosis
    }
}

//! What a feed's collector reports to the ledger after each poll, for whoever reads `status`.

use feed::{Clock, Transport};
use serde_json::json;
use tracing::debug;

use super::Feed;
use crate::Error;

impl<T: Transport, C: Clock> Feed<T, C> {
    /// Keeps the state of budget and overlap. What cannot be kept now is kept at the next poll.
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
        let overlap = json!({ "seconds": self.trail().patience(now).overlap.as_secs_f64() });
        let id = self.id;
        let reports = [("budget", budget.to_string()), ("overlap", overlap.to_string())];
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
}

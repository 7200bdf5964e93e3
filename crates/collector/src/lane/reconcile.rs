//! Reconciliation: what is covered is asked for again when it has come of age, beside the live tail.
//!
//! What it finds is late: the append counts it so, the lag of it widens the overlap, and it is delivered like any other row.

use feed::{Clock, Transport};
use ledger::LagPolicy;
use tracing::debug;

use super::{Feed, Load, Step};
use crate::{Error, Priority, drain::Drain, shards, windows::Window};

/// Asks again for as long as the feed is followed.
pub(crate) async fn follow<T: Transport, C: Clock>(feed: &Feed<T, C>) -> Result<(), Error> {
    loop {
        let clocks = feed.clocks();
        let due = {
            let trail = feed.trail();
            // Before the tail has reached the present nothing is known of the clocks, and there is more urgent work.
            if trail.live { trail.reconciliation.due(&trail.coverage, clocks.earliest()) } else { None }
        };
        let Some(due) = due else {
            let pause = feed.trail().reconciliation.pause();
            tokio::select! {
                biased;
                () = feed.stop.cancelled() => return Ok(()),
                () = feed.due.notified() => {}
                () = feed.clock.sleep(pause) => {}
            }
            continue;
        };
        let window = Window { gte: due.gte, lt: due.lt, live: false };
        debug!(feed = %feed.name, gte = %window.gte, lt = %window.lt, "asking again");
        if drain(feed, window).await?.is_none() || feed.stop.is_cancelled() {
            return Ok(());
        }
    }
}

/// Drains a window, shortened where it is crowded; `None` when told to stop.
async fn drain<T: Transport, C: Clock>(feed: &Feed<T, C>, window: Window) -> Result<Option<()>, Error> {
    let drain = Drain::new(window, feed.clock.now(), feed.settings.page_size);
    let mut load = Load::new(drain, Priority::Reconcile, LagPolicy::Count);
    loop {
        match feed.carry(&mut load).await? {
            Step::Page => {
                let drain = &mut load.drain;
                if let Some(at) = shards::cut(drain.window.interval(), drain.totals.pages, drain.reached()) {
                    drain.cut(at);
                }
            }
            Step::Stopped => return Ok(None),
            Step::Abandoned => return Ok((!feed.pause(feed.poll_interval).await).then_some(())),
            Step::Done(witness) => {
                feed.drained(&load.drain, "asked again", load.drain.window.lt);
                let interval = load.drain.window.interval();
                feed.note_reconciled(interval, witness.passed()).await?;
                return Ok(Some(()));
            }
        }
    }
}

//! Filling in what is missing before the live tail: the initial lookback, what an outage or a stop left out, requested backfills.
//!
//! It holds no list of work. What is missing is what is wanted and not covered, cut into shards that are fetched side by side,
//! newest first; a shard that is not finished, for whatever reason, is simply still missing. So any stop resumes.

use std::{sync::Arc, time::Duration};

use feed::{Clock, Transport};
use ledger::{Interval, LagPolicy};
use tokio::task::JoinSet;
use tracing::debug;

use super::{Feed, Load, Step};
use crate::{
    Error, Priority,
    drain::{Drain, Totals},
    reconciliation::Reconciliation,
    shards::{self, Shards},
    trail::UnderWay,
    windows::Window,
};

/// The first shard of a feed of which nothing is known.
const FIRST_LENGTH: Duration = Duration::from_hours(1);

/// A shard that ended.
struct Ended {
    number: u64,
    interval: Interval,
    totals: Option<Totals>,
    cut: bool,
}

/// Fills in for as long as the feed is followed.
pub(crate) async fn follow<T: Transport, C: Clock>(feed: &Arc<Feed<T, C>>) -> Result<(), Error> {
    let mut shards = Shards::new(FIRST_LENGTH);
    let mut workers: JoinSet<Result<Ended, Error>> = JoinSet::new();
    let mut number = 0;
    let mut told = false;
    loop {
        let changed = feed.changed.notified();
        while let Some(interval) = next(feed, &shards) {
            number += 1;
            told = false;
            debug!(feed = %feed.name, gte = %interval.gte, lt = %interval.lt, "filling in");
            feed.trail().under_way.push(UnderWay { number, interval, reached: interval.gte });
            let feed = Arc::clone(feed);
            workers.spawn(async move { fetch(&feed, number, interval).await });
        }
        if workers.is_empty() && !std::mem::replace(&mut told, true) {
            feed.tell_when_caught_up();
        }
        tokio::select! {
            biased;
            () = feed.stop.cancelled() => break,
            Some(ended) = workers.join_next() => {
                if let Ok(ended) = ended {
                    settle(feed, &mut shards, &ended?);
                }
            }
            () = changed => {}
            () = feed.wishes.wait() => {
                if read_wishes(feed).await?.is_none() {
                    break;
                }
            }
            // Time passes, and what was too young to be final comes of age.
            () = feed.clock.sleep(feed.poll_interval) => {}
        }
    }
    // Each shard obeys the stop as well; an append under way is finished first.
    while let Some(ended) = workers.join_next().await {
        if let Ok(ended) = ended {
            ended?;
        }
    }
    Ok(())
}

/// Reads from the ledger what is wanted by now; `None` when told to stop meanwhile.
async fn read_wishes<T: Transport, C: Clock>(feed: &Feed<T, C>) -> Result<Option<()>, Error> {
    let id = feed.id;
    let step =
        move |ledger: &mut ledger::Ledger| Ok((ledger.reader()?.backfills(id)?, ledger.reconciled(id)?));
    let Some((backfills, asked)) = feed.insist("reading what is wanted", step).await? else {
        return Ok(None);
    };
    let wanted = backfills.into_iter().map(|backfill| backfill.interval).collect();
    {
        let mut trail = feed.trail();
        trail.wanted = wanted;
        trail.reconciliation = Reconciliation::new(&feed.settings.reconcile_after, asked);
    }
    feed.due.notify_one();
    Ok(Some(()))
}

fn next<T: Transport, C: Clock>(feed: &Feed<T, C>, shards: &Shards) -> Option<Interval> {
    let clocks = feed.clocks();
    let trail = feed.trail();
    // The tail goes first: its first answer also tells the time.
    if !trail.live {
        return None;
    }
    shards.next(&trail.missing(clocks), &trail.intervals_under_way())
}

/// Takes note of a shard that ended, however it did.
fn settle<T: Transport, C: Clock>(feed: &Feed<T, C>, shards: &mut Shards, ended: &Ended) {
    feed.trail().under_way.retain(|shard| shard.number != ended.number);
    match ended.totals {
        Some(_) if ended.cut => shards.crowded(ended.interval),
        Some(totals) => {
            let rows = totals.inserted + totals.duplicates;
            shards.done(ended.interval, totals.pages, rows, feed.settings.page_size);
        }
        None => {}
    }
}

/// Drains one shard, and hands back what it turns out to be too crowded for.
async fn fetch<T: Transport, C: Clock>(
    feed: &Feed<T, C>,
    number: u64,
    interval: Interval,
) -> Result<Ended, Error> {
    let window = Window { gte: interval.gte, lt: interval.lt, live: false };
    let drain = Drain::new(window, feed.clock.now(), feed.settings.page_size);
    let mut load = Load::new(drain, Priority::Backfill, LagPolicy::Skip);
    let mut was_cut = false;
    loop {
        let step = feed.carry(&mut load).await?;
        let interval = load.drain.window.interval();
        match step {
            Step::Page => {
                let drain = &mut load.drain;
                if let Some(at) = shards::cut(interval, drain.totals.pages, drain.reached()) {
                    drain.cut(at);
                    was_cut = true;
                }
                progress(feed, number, &load.drain);
            }
            Step::Stopped => return Ok(Ended { number, interval, totals: None, cut: false }),
            Step::Abandoned => {
                // It is still missing, and will be asked for anew.
                feed.pause(feed.poll_interval).await;
                return Ok(Ended { number, interval, totals: None, cut: false });
            }
            Step::Done(witness) => {
                feed.drained(&load.drain, "filled in", interval.lt);
                if feed.trail().coverage.covers(interval) {
                    feed.note_reconciled(interval, witness.passed()).await?;
                } else {
                    // Its end had not settled by the server's clock; asking again at once would be in vain.
                    feed.pause(feed.poll_interval).await;
                }
                return Ok(Ended { number, interval, totals: Some(load.drain.totals), cut: was_cut });
            }
        }
    }
}

/// How far a shard has come, and how far it goes now.
fn progress<T: Transport, C: Clock>(feed: &Feed<T, C>, number: u64, drain: &Drain) {
    let mut trail = feed.trail();
    let mut shortened = false;
    if let Some(shard) = trail.under_way.iter_mut().find(|shard| shard.number == number) {
        shortened = shard.interval != drain.window.interval();
        shard.interval = drain.window.interval();
        shard.reached = drain.reached().unwrap_or(shard.reached).clamp(shard.interval.gte, shard.interval.lt);
    }
    drop(trail);
    if shortened {
        feed.changed.notify_waiters();
    }
}

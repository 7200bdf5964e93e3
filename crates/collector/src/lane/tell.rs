//! What a feed's lanes say: to the log, to the observer, and to the ledger for `status`.

use std::{sync::Arc, time::Duration};

use feed::{Clock, Page, Transport};
use jiff::Timestamp;
use ledger::Appended;
use tracing::{debug, error, info, warn};

use super::{Feed, elapsed};
use crate::{Error, Event, diagnosis::Failing, drain::Drain, setback::Setback, skew::News, windows::Window};

impl<T: Transport, C: Clock> Feed<T, C> {
    /// Tells of a failure, keeps it for `status`, and says how long to wait. What the background meets is told once a poll.
    pub(super) async fn failed(
        &self,
        setback: &Setback,
        failures: u32,
        foreground: bool,
    ) -> Result<Duration, Error> {
        let wait = setback.wait(failures, self.poll_interval);
        let now = self.clock.now();
        {
            let mut told = self.told();
            let known = told
                .as_ref()
                .is_some_and(|(at, kind)| *kind == setback.kind && elapsed(*at, now) < self.poll_interval);
            if known && !foreground {
                self.quietly(setback, wait);
                return Ok(wait);
            }
            *told = Some((now, setback.kind.clone()));
        }
        let (kind, hint, message) = (setback.kind.as_str(), setback.hint.as_str(), &setback.message);
        let retry_in = wait.as_secs_f64();
        if setback.needs_a_hand {
            error!(feed = %self.name, kind, error = message, hint, retry_in, "poll failed");
        } else if failures > 1 {
            warn!(feed = %self.name, kind, error = message, hint, retry_in, "poll failed");
        } else {
            info!(feed = %self.name, kind, error = message, retry_in, "an attempt failed, the next follows");
        }
        self.tell(&Event::Failed {
            feed: Arc::clone(&self.name),
            kind: setback.kind.clone(),
            message: setback.message.clone(),
            hint: setback.hint.clone(),
            request_id: setback.request_id.clone(),
            next_attempt_in: wait,
            needs_a_hand: setback.needs_a_hand,
            failures,
        });
        if foreground {
            let mut signs = self.signs();
            let since = signs.failing.as_ref().map_or(now, |failing| failing.since);
            signs.failing = Some(Failing {
                since,
                kind: setback.kind.clone(),
                message: setback.message.clone(),
                hint: setback.hint.clone(),
            });
        }
        let (id, failure) = (self.id, setback.as_failure(now));
        let noted = self.store.run(move |ledger| ledger.record_failure(id, &failure)).await;
        if let Err(unkept) = self.settle("recording a failure", noted)? {
            debug!(feed = %self.name, error = unkept.message, "the failure was not recorded");
        }
        if foreground {
            self.report().await?;
        }
        Ok(wait)
    }

    pub(super) fn tell_recovery(&self) {
        info!(feed = %self.name, "polling works again");
        self.tell(&Event::Recovered { feed: Arc::clone(&self.name) });
    }

    /// Compares the clocks, and looks for rows that no clock explains.
    pub(super) fn note_the_time(&self, page: &Page) {
        let exchange = &page.exchange;
        let (news, future) = {
            let mut skew = self.skew();
            let news = skew.observe(exchange.requested_at, exchange.responded_at, exchange.server_time);
            (news, skew.future_begins(exchange.responded_at))
        };
        match news {
            News::None => {}
            News::Wrong(server_ahead) => {
                warn!(
                    feed = %self.name,
                    server_ahead_seconds = server_ahead.as_secs(),
                    hint = "set this machine's clock; the trail stays complete meanwhile",
                    "the local clock is wrong"
                );
                let server_ahead = Some(server_ahead);
                self.tell(&Event::ClockSkew { feed: Arc::clone(&self.name), server_ahead });
            }
            News::RightAgain => {
                info!(feed = %self.name, "the local clock is right again");
                self.tell(&Event::ClockSkew { feed: Arc::clone(&self.name), server_ahead: None });
            }
        }
        let moments = page.activities.iter().filter_map(|activity| activity.created_at);
        let (rows, newest) = moments
            .filter(|created_at| *created_at > future)
            .fold((0_u32, future), |(rows, newest), created_at| (rows + 1, newest.max(created_at)));
        if rows > 0 {
            warn!(feed = %self.name, rows, newest = %newest, "rows from the future: the local clock may be behind");
            self.tell(&Event::FutureRows { feed: Arc::clone(&self.name), rows, newest });
        }
    }

    pub(super) fn tell_page(&self, drain: &Drain, page: &Page, appended: &Appended) {
        let clocks = self.clocks();
        self.tell(&Event::PageStored {
            feed: Arc::clone(&self.name),
            gte: drain.window.gte,
            lt: drain.window.lt,
            rows: u32::try_from(page.activities.len()).unwrap_or(u32::MAX),
            inserted: appended.inserted,
            reached: drain.reached(),
            left: self.trail().left(clocks),
        });
    }

    /// A window is drained: one line in the log, quiet when there was nothing new.
    pub(super) fn drained(&self, drain: &Drain, purpose: &str, covered_until: Timestamp) {
        let Window { gte, lt, live } = drain.window;
        let totals = drain.totals;
        let took = elapsed(drain.started, self.clock.now());
        let seconds = took.as_secs_f64();
        macro_rules! line {
            ($level:ident) => {
                $level!(
                    feed = %self.name, gte = %gte, lt = %lt, pages = totals.pages, inserted = totals.inserted,
                    duplicates = totals.duplicates, late = totals.late, covered_until = %covered_until, seconds,
                    "{purpose}"
                )
            };
        }
        if totals.inserted > 0 {
            line!(info);
        } else {
            line!(debug);
        }
        self.tell(&Event::Polled {
            feed: Arc::clone(&self.name),
            gte,
            lt,
            live,
            pages: totals.pages,
            inserted: totals.inserted,
            duplicates: totals.duplicates,
            late: totals.late,
            covered_until,
            took,
        });
    }

    /// Says, when it is so, that nothing is left to be fetched.
    pub(super) fn tell_when_caught_up(&self) {
        let clocks = self.clocks();
        let caught_up = {
            let trail = self.trail();
            trail.live && trail.missing(clocks).is_empty()
        };
        if caught_up {
            self.tell(&Event::CaughtUp { feed: Arc::clone(&self.name) });
        }
    }
}

//! One window on its way to its last page.
//!
//! Pages are asked for oldest first, each from the cursor of the one before, and each is stored before the next is asked for.
//! A drain survives failures: it goes on from where it stood. When its cursor is refused, it goes on by time from the newest
//! row that it has stored, rows of that very instant included, so nothing between is skipped.
//!
//! What a drain proves is judged by the time of its *first* page, because a row may become visible behind a drain that is under way.

use std::collections::HashSet;

use feed::{ActivityRequest, Cursor, Order, Page};
use jiff::Timestamp;
use ledger::Appended;

use crate::windows::{Window, Witness};

/// Pages in a row that bring neither a new row nor a later one. The feed has no such pages, save for more than this many
/// pages of one instant; a server that repeats itself has no others.
const MOST_IDLE_PAGES: u32 = 1_000;

/// The smallest page that is asked for when larger ones do not get through.
const LEAST_PAGE_SIZE: u32 = 100;

/// A window being drained.
#[derive(Debug)]
pub(crate) struct Drain {
    pub(crate) window: Window,
    /// The local clock when it was planned.
    pub(crate) started: Timestamp,
    /// The ledger's number of the drain; `None` before its first page is stored.
    pub(crate) number: Option<u64>,
    pub(crate) totals: Totals,
    witness: Option<Witness>,
    page_size: u32,
    asked_from: Timestamp,
    cursor: Option<Cursor>,
    cursors_seen: HashSet<Cursor>,
    reached: Option<Timestamp>,
    in_order: bool,
    idle_pages: u32,
}

/// What a drain has brought so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) pages: u32,
    pub(crate) inserted: u64,
    pub(crate) duplicates: u64,
    pub(crate) late: u64,
}

/// What follows a stored page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// More pages.
    Page,
    /// Nothing: that was the last.
    Done,
    /// The pages go in a circle, for the reason given. The drain will go on by time.
    Circle(String),
}

impl Drain {
    pub(crate) fn new(window: Window, started: Timestamp, page_size: u32) -> Self {
        Self {
            window,
            started,
            number: None,
            totals: Totals::default(),
            witness: None,
            page_size,
            asked_from: window.gte,
            cursor: None,
            cursors_seen: HashSet::new(),
            reached: None,
            in_order: true,
            idle_pages: 0,
        }
    }

    /// The request for the next page; `filters` holds what is the same for every page.
    pub(crate) fn request(&self, filters: &ActivityRequest) -> ActivityRequest {
        ActivityRequest {
            created_at_gte: Some(self.asked_from),
            created_at_lt: Some(self.window.lt),
            limit: Some(self.page_size),
            order: Some(Order::Ascending),
            after_id: self.cursor.clone(),
            ..filters.clone()
        }
    }

    /// The newest `created_at` stored.
    pub(crate) fn reached(&self) -> Option<Timestamp> {
        self.reached
    }

    /// What the drain knows of the time once `page` is stored as well.
    pub(crate) fn witness(&self, page: &Page) -> Witness {
        let first = self.witness.unwrap_or(Witness {
            local: page.exchange.requested_at,
            server: page.exchange.server_time,
            newest_row: None,
        });
        Witness { newest_row: first.newest_row.max(newest(page)), ..first }
    }

    /// Takes note that a page is durable.
    pub(crate) fn stored(&mut self, page: &Page, appended: &Appended) -> Next {
        self.witness = Some(self.witness(page));
        self.number = Some(appended.drain);
        self.totals.pages = self.totals.pages.saturating_add(1);
        self.totals.inserted += u64::from(appended.inserted);
        self.totals.duplicates += u64::from(appended.duplicates);
        self.totals.late += u64::from(appended.late);
        let oldest = page.activities.iter().find_map(|activity| activity.created_at);
        self.in_order &= self.reached.zip(oldest).is_none_or(|(reached, oldest)| reached <= oldest);
        let further = newest(page) > self.reached;
        self.reached = self.reached.max(newest(page));
        self.idle_pages = if further || appended.inserted > 0 { 0 } else { self.idle_pages + 1 };
        if !page.has_more {
            return Next::Done;
        }
        self.follow(page.last_id.as_ref())
    }

    fn follow(&mut self, cursor: Option<&Cursor>) -> Next {
        let Some(cursor) = cursor else {
            return self.circle("a page has more after it and no cursor to go on from".to_owned());
        };
        if !self.cursors_seen.insert(cursor.clone()) {
            return self.circle(format!("cursor {cursor} came twice"));
        }
        if self.idle_pages > MOST_IDLE_PAGES {
            return self.circle(format!("{} pages in a row brought nothing new", self.idle_pages));
        }
        self.cursor = Some(cursor.clone());
        Next::Page
    }

    fn circle(&mut self, reason: String) -> Next {
        self.go_on_by_time();
        Next::Circle(reason)
    }

    /// The API refused the cursor in use: the drain goes on by time. `false` when it stands where it stood the last time, or used no
    /// cursor, so that asking again at once would be in vain.
    pub(crate) fn cursor_refused(&mut self) -> bool {
        let stood = self.asked_from;
        let used = self.cursor.is_some();
        self.go_on_by_time();
        used && self.asked_from > stood
    }

    /// Pages of this size do not get through: the rest of the drain asks for smaller ones.
    pub(crate) fn ask_for_less(&mut self) {
        self.page_size = (self.page_size / 2).max(LEAST_PAGE_SIZE.min(self.page_size));
    }

    /// Ends the window at `at`, an earlier moment than it was to end at and a later one than was reached. The drain goes on by time,
    /// because a cursor belongs to the request that it came with.
    pub(crate) fn cut(&mut self, at: Timestamp) {
        self.window.lt = at;
        self.go_on_by_time();
    }

    /// From the newest stored row, that very instant included; from the window's beginning if the rows were not in order.
    fn go_on_by_time(&mut self) {
        self.cursor = None;
        self.cursors_seen.clear();
        self.idle_pages = 0;
        self.asked_from = match self.reached {
            Some(reached) if self.in_order && reached < self.window.lt => reached.max(self.asked_from),
            _ => self.window.gte,
        };
        // What follows is in order after where it begins, or it is not.
        self.in_order = true;
        self.reached = self.reached.filter(|_| self.asked_from > self.window.gte);
    }
}

fn newest(page: &Page) -> Option<Timestamp> {
    page.activities.iter().filter_map(|activity| activity.created_at).max()
}

#[cfg(test)]
mod tests;

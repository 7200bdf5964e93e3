//! Whether a page is the one that was asked for.
//!
//! A collector concludes from a page what did *not* happen, so a page that breaks the contract must not be used. The
//! time of a row is compared with the precision it was written in: `10:00:00Z` may stand for any moment of that second
//! and only counts as outside a bound, or out of order, when the whole second is.

use std::time::Duration;

use jiff::Timestamp;

use super::PageContent;
use crate::request::{ActivityRequest, Bounds, Cursor, Order};

/// A time as written: every moment from `at` to `latest`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) at: Timestamp,
    latest: Timestamp,
}

impl Moment {
    /// Reads RFC 3339; `None` for anything else.
    pub(super) fn read(text: &str) -> Option<Self> {
        let at: Timestamp = text.parse().ok()?;
        let digits = match text.split_once('.') {
            None => 0,
            Some((_, fraction)) => fraction.bytes().take_while(u8::is_ascii_digit).count(),
        };
        let latest = match u32::try_from(digits) {
            Ok(digits @ 0..=5) => {
                at.checked_add(Duration::from_nanos(10_u64.pow(9 - digits) - 1)).unwrap_or(at)
            }
            _ => at,
        };
        Some(Self { at, latest })
    }
}

/// The rules of one request, and what the rows so far say about the order.
pub(super) struct PageCheck<'a> {
    request: &'a ActivityRequest,
    bounds: Bounds,
    order: Order,
    before: Option<Moment>,
}

impl<'a> PageCheck<'a> {
    pub(super) fn new(request: &'a ActivityRequest) -> Self {
        Self { request, bounds: Bounds::of(request), order: request.page_order(), before: None }
    }

    pub(super) fn count(&self, rows: usize) -> Result<(), String> {
        let limit = self.request.page_limit();
        if rows > limit as usize {
            return Err(format!("it has {rows} rows, and {limit} were asked for"));
        }
        Ok(())
    }

    pub(super) fn row(&mut self, index: usize, moment: Option<Moment>) -> Result<(), String> {
        let Some(moment) = moment else { return Ok(()) };
        self.inside_bounds(index, moment)?;
        self.in_order(index, moment)
    }

    fn inside_bounds(&self, index: usize, moment: Moment) -> Result<(), String> {
        let Bounds { gt, gte, lt, lte } = self.bounds;
        let outside = [
            ("created_at.gt", gt, gt.is_some_and(|bound| moment.latest <= bound)),
            ("created_at.gte", gte, gte.is_some_and(|bound| moment.latest < bound)),
            ("created_at.lt", lt, lt.is_some_and(|bound| moment.at >= bound)),
            ("created_at.lte", lte, lte.is_some_and(|bound| moment.at > bound)),
        ];
        for (name, bound, is_outside) in outside {
            if let (Some(bound), true) = (bound, is_outside) {
                return Err(format!("row {index} is from {}, outside {name}={bound}", moment.at));
            }
        }
        Ok(())
    }

    fn in_order(&mut self, index: usize, moment: Moment) -> Result<(), String> {
        let Some(before) = self.before else {
            self.before = Some(moment);
            return Ok(());
        };
        let violated = match self.order {
            Order::Ascending => moment.latest < before.at,
            Order::Descending => moment.at > before.latest,
        };
        if violated {
            let order = self.order.as_str();
            return Err(format!("row {index} ({}) breaks the order {order} after {}", moment.at, before.at));
        }
        // Of times of unequal precision the one that binds the rest most is kept.
        let binds_more = match self.order {
            Order::Ascending => moment.at > before.at,
            Order::Descending => moment.latest < before.latest,
        };
        if binds_more {
            self.before = Some(moment);
        }
        Ok(())
    }

    /// A page that goes on must say where, and the place must not be the one it was asked from.
    pub(super) fn continuation(&self, content: &PageContent) -> Result<(), String> {
        if !content.has_more {
            return Ok(());
        }
        if content.activities.is_empty() {
            return Err("has_more is true on a page without rows".to_owned());
        }
        let (name, next, sent): (_, &Option<Cursor>, _) = match &self.request.before_id {
            Some(sent) => ("first_id", &content.first_id, Some(sent)),
            None => ("last_id", &content.last_id, self.request.after_id.as_ref()),
        };
        match next {
            None => Err(format!("has_more is true, and there is no {name} to go on from")),
            Some(next) if Some(next) == sent => {
                Err(format!("has_more is true, and {name} is the cursor it was asked from"))
            }
            Some(_) => Ok(()),
        }
    }
}

//! An answer on its way from the rules to the response, and what faults do to it.

use std::time::Duration;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};

use super::{
    budget::BudgetState,
    log,
    page::Page,
    problem::Problem,
    query::{PageQuery, Start},
    timeline::{Found, Timeline, Walk},
};
use crate::{ACTIVITY_SCOPE, Delivery, FaultKind};

/// What will be said.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    Page(Box<Page>),
    Log(Box<log::Reply>),
    Problem(Problem),
    /// A web page of somebody else's.
    Html {
        status: u16,
    },
    /// Nothing at all.
    Silence,
}

/// What will be said, and how.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) content: Content,
    pub(crate) budget: Option<BudgetState>,
    pub(crate) content_type: Option<String>,
    /// Half of the body only, sent as if it were whole.
    pub(crate) invalid_json: bool,
    /// Share of the body that arrives before the connection closes.
    pub(crate) truncated_share: Option<f64>,
    pub(crate) delivery: Delivery,
    /// How far the answering server's clock is off.
    pub(crate) skew: SignedDuration,
}

/// The page that a proxy puts in place of an answer.
pub(crate) const HTML_PAGE: &str = "<!doctype html>\n<html><head><title>Please wait</title></head>\
    <body><h1>Checking your connection</h1><p>This page is served by the network, not by the API.</p></body></html>\n";

impl Answer {
    pub(crate) fn new(content: Content) -> Self {
        Self {
            content,
            budget: None,
            content_type: None,
            invalid_json: false,
            truncated_share: None,
            delivery: Delivery::Complete,
            skew: SignedDuration::ZERO,
        }
    }

    pub(crate) fn problem(problem: Problem) -> Self {
        Self::new(Content::Problem(problem))
    }

    /// HTTP status; 0 when nothing arrives.
    pub(crate) fn status(&self) -> u16 {
        match &self.content {
            Content::Page(_) | Content::Log(_) => 200,
            Content::Problem(problem) => problem.status,
            Content::Html { status } => *status,
            Content::Silence => 0,
        }
    }

    /// Whether the API itself answered, so that the call leaves a row.
    pub(crate) fn leaves_row(&self) -> bool {
        match &self.content {
            Content::Page(_) | Content::Log(_) => true,
            Content::Problem(problem) => problem.leaves_row,
            Content::Html { .. } | Content::Silence => false,
        }
    }

    pub(crate) fn body(&self, request_id: &str) -> Bytes {
        let mut body = match &self.content {
            Content::Page(page) => page.body(),
            Content::Log(reply) => reply.body.clone(),
            Content::Problem(problem) => Bytes::from(problem.body(request_id)),
            Content::Html { .. } => Bytes::from_static(HTML_PAGE.as_bytes()),
            Content::Silence => Bytes::new(),
        };
        if self.invalid_json {
            body.truncate(body.len() / 2);
        }
        body
    }

    /// What stands in place of the answer; `None` for a fault that needs the true answer.
    pub(crate) fn replacement(kind: &FaultKind, query: &str) -> Option<Self> {
        let problem = match kind {
            FaultKind::BadRequest => Problem::bad_request("query: the request is not valid"),
            FaultKind::InvalidKey => Problem::invalid_key(),
            FaultKind::ExpiredKey => Problem::expired_key(),
            FaultKind::MissingScope => Problem::missing_scope(&[], ACTIVITY_SCOPE),
            FaultKind::ForeignOrganization => Problem::foreign_organization("org_01Foreign"),
            FaultKind::NotFound => Problem::new(404, "Not found"),
            FaultKind::RequestTimeout => Problem::new(408, "Request timed out."),
            FaultKind::RateLimited { retry_after } => Problem::rate_limited(retry_after.as_secs()),
            FaultKind::ServerError => Problem::new(500, "Internal server error"),
            FaultKind::ServerErrorFinal => {
                Problem { should_retry: Some(false), ..Problem::new(500, "Internal server error") }
            }
            FaultKind::BadGateway => Problem::new(502, "Bad gateway"),
            FaultKind::Unavailable => Problem::new(503, "Service unavailable"),
            FaultKind::GatewayTimeout => Problem::new(504, "Gateway timed out."),
            FaultKind::Overloaded => Problem::new(529, "Overloaded"),
            FaultKind::Status { status, should_retry } => {
                let usual = Problem::new(*status, format!("Status {status}"));
                Problem { should_retry: should_retry.or(usual.should_retry), ..usual }
            }
            FaultKind::HtmlPage { status } => return Some(Self::new(Content::Html { status: *status })),
            FaultKind::Hang { duration } => {
                return Some(Self::silence(Delivery::Hang { duration: *duration }));
            }
            FaultKind::ConnectionReset => return Some(Self::silence(Delivery::Reset)),
            FaultKind::RefusedCursor => {
                let name =
                    ["after_id", "before_id"].into_iter().find(|name| query.contains(&format!("{name}=")))?;
                Problem::bad_request(format!("Invalid {name}"))
            }
            _ => return None,
        };
        Some(Self::problem(problem))
    }

    /// Spoils a true answer; `false`, and no change, where this fault cannot be done to it.
    pub(crate) fn spoil(&mut self, kind: &FaultKind, timeline: &Timeline, now: Timestamp) -> bool {
        if let FaultKind::ClockSkew { by } = kind {
            self.skew = *by;
            return true;
        }
        if let Content::Log(reply) = &self.content
            && let Some(spoiled) = reply.spoiled(kind)
        {
            self.content = spoiled.map_or_else(Content::Problem, |reply| Content::Log(Box::new(reply)));
            return true;
        }
        if self.spoil_delivery(kind) {
            return true;
        }
        let Content::Page(page) = &mut self.content else { return false };
        match kind {
            FaultKind::PageOutsideBounds => add_foreign_row(page, timeline, now),
            FaultKind::PageTooManyRows { rows } => add_rows(page, *rows, timeline, now),
            FaultKind::PageWrongOrder => {
                page.rows.reverse();
                page.rows.len() > 1
            }
            FaultKind::DuplicateRows { rows } => duplicate_rows(page, *rows),
            FaultKind::RepeatedCursor => repeat_cursor(page),
            FaultKind::RowWithoutLeafIndex => take_leaf_indexes(page),
            _ => false,
        }
    }

    /// What goes wrong on the way of an answer of either kind.
    fn spoil_delivery(&mut self, kind: &FaultKind) -> bool {
        if !matches!(self.content, Content::Page(_) | Content::Log(_)) {
            return false;
        }
        match kind {
            FaultKind::WrongContentType { content_type } => {
                self.content_type = Some(content_type.clone());
                true
            }
            FaultKind::InvalidJson => {
                self.invalid_json = true;
                true
            }
            FaultKind::TruncatedBody { share } => {
                self.truncated_share = Some(*share);
                true
            }
            FaultKind::SlowBody { duration } => {
                self.delivery = Delivery::Slow { duration: *duration };
                true
            }
            _ => false,
        }
    }

    fn silence(delivery: Delivery) -> Self {
        Self { delivery, ..Self::new(Content::Silence) }
    }

    /// How long the server thinks, when `roll` (0.0 to 1.0) is this call's luck: the proportions seen on the wire.
    pub(crate) fn delay(&self, latency_max: Duration, roll: f64) -> Duration {
        match self.content {
            Content::Page(_) | Content::Log(_) => latency_max.mul_f64((0.9 + 4.2 * roll * roll) / 5.1),
            _ => latency_max.mul_f64(0.1 / 5.1),
        }
    }
}

/// The faults of pages are for walks with `after_id`: a caller that overlooks one still misses no row, because the
/// cursors keep pointing at rows of the true page.
fn walks_forward(query: &PageQuery) -> bool {
    !matches!(query.start, Start::Before(_))
}

/// Puts a row of just outside the range where it belongs in the order, in place of the last row when the page is full.
fn add_foreign_row(page: &mut Page, timeline: &Timeline, now: Timestamp) -> bool {
    let (from, to) = (page.query.from, page.query.to);
    let mut walk = Walk {
        filter: &page.query.filter,
        from: Timestamp::MIN,
        to: from,
        beyond: None,
        ascending: false,
        limit: 1,
        unindexed_too: false,
    };
    let mut foreign = timeline.walk(&walk, now).found.pop();
    let is_older = foreign.is_some();
    if foreign.is_none() && to < Timestamp::MAX {
        walk = Walk { from: to, to: Timestamp::MAX, ascending: true, ..walk };
        foreign = timeline.walk(&walk, now).found.pop();
    }
    let is_full = page.rows.len() == page.query.limit;
    let (Some(foreign), true, false) =
        (foreign, walks_forward(&page.query), is_full && page.query.limit == 1)
    else {
        return false;
    };
    if is_full {
        cut(page, page.query.limit - 1);
    }
    if is_older == page.query.ascending {
        page.rows.insert(0, foreign);
    } else {
        page.rows.push(foreign);
    }
    true
}

/// Goes on past the limit.
fn add_rows(page: &mut Page, count: usize, timeline: &Timeline, now: Timestamp) -> bool {
    if !page.has_more || !walks_forward(&page.query) {
        return false;
    }
    let walk = Walk {
        filter: &page.query.filter,
        from: page.query.from,
        to: page.query.to,
        beyond: page.last.as_ref(),
        ascending: page.query.ascending,
        limit: count + 1,
        unindexed_too: false,
    };
    let mut more = timeline.walk(&walk, now).found;
    page.has_more = more.len() > count;
    more.truncate(count);
    page.rows.append(&mut more);
    page.last = page.rows.last().map(|row| row.place.clone());
    true
}

/// Sends the first rows twice, each right behind itself; the page keeps to its limit.
fn duplicate_rows(page: &mut Page, count: usize) -> bool {
    let count = count.min(page.rows.len()).min(page.query.limit / 2);
    if count == 0 || !walks_forward(&page.query) {
        return false;
    }
    if page.rows.len() + count > page.query.limit {
        cut(page, page.query.limit - count);
    }
    let twice: Vec<Found> = page.rows.iter().take(count).flat_map(|row| [row.clone(), row.clone()]).collect();
    page.rows.splice(..count, twice);
    true
}

/// Takes their places in the log from the rows that tell one.
fn take_leaf_indexes(page: &mut Page) -> bool {
    let mut any = false;
    for row in page.rows.iter_mut().filter(|row| row.is_logged) {
        row.json = Bytes::from(log::leaf::with_index(&row.json, None));
        any = true;
    }
    any
}

/// Points `last_id` back to where this page began: the same page comes again.
fn repeat_cursor(page: &mut Page) -> bool {
    if !page.has_more || !walks_forward(&page.query) {
        return false;
    }
    page.last = page.after.clone().or_else(|| page.first.clone());
    true
}

fn cut(page: &mut Page, length: usize) {
    page.rows.truncate(length);
    page.last = page.rows.last().map(|row| row.place.clone());
    page.has_more = true;
}

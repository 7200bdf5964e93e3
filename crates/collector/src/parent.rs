//! Whose key it is: that of the parent organization which the trail is of, or another's.
//!
//! The API names no parent, and answers each key with its own parent's rows. So a key that is new to this process, at a start or
//! after a rotation, must show that it sees what the trail holds before anything that it brought is kept: a page of it that
//! repeats a known row does, and where none does, the newest known rows are asked for. A key that sees none of them is another
//! parent's. The trail is then planned anew under a scope of that parent's own, which is a link of the chain, and nothing of the
//! one is claimed for the other; when the former key comes back, so does its coverage.

use std::sync::Arc;

use feed::{ActivityRequest, Clock, Order, Page, Transport};
use jiff::SignedDuration;
use ledger::{Entry, Ledger, Reader};
use tracing::{info, warn};

use crate::{
    Error, Event, Priority,
    lane::{Feed, Vouched},
    setback::Setback,
    store,
};

/// From how many of the newest pages the known rows are taken, two of each. A key that misses one of them is not another parent's:
/// the vendor may have removed it. One that misses all of them is.
const PAGES_LOOKED_AT: u32 = 3;

/// Stands between a feed's scope and the number of a parent other than the first.
const NUMBERED: &str = " parent ";

/// What a page's key is worth.
pub(crate) enum Voucher {
    /// It sees what the trail holds, or there is nothing yet that it could see.
    Good,
    /// The key changed meanwhile: the page is to be asked for again.
    Again,
    /// Whether it is good could not be found out.
    Unknown(Setback),
    /// Told to stop, or it is another parent's, and the feed is to be taken up again under that one's scope.
    Stopped,
}

/// What asking for known rows has come to.
enum Found {
    Some,
    None,
    Unknown(Voucher),
}

/// The scope of a feed under its `number`-th parent.
fn scope_of(base: &str, number: u32) -> String {
    if number <= 1 { base.to_owned() } else { format!("{base}{NUMBERED}{number}") }
}

/// Which parent a scope is of, counted from 1; `None` when it is no scope of these settings.
pub fn parent_number(base: &str, scope: &str) -> Option<u32> {
    let rest = scope.strip_prefix(base)?;
    if rest.is_empty() {
        return Some(1);
    }
    rest.strip_prefix(NUMBERED)?.parse().ok().filter(|number| *number > 1)
}

/// The scope to go on with at a start: that of the parent whose turn it was.
pub(crate) fn scope_at_start(reader: &Reader, name: &str, base: &str) -> Result<String, ledger::Error> {
    let known = reader.feeds()?.into_iter().find(|feed| feed.name == name);
    let known = known.filter(|feed| parent_number(base, &feed.scope).is_some());
    Ok(known.map_or_else(|| base.to_owned(), |feed| feed.scope))
}

/// What `status` says of a change, as JSON.
pub(crate) fn report(number: u32, since: jiff::Timestamp) -> String {
    let (evidence, hint) = if number == 1 {
        ("the key is again one of the organization that the trail began with".to_owned(), String::new())
    } else {
        (
            format!(
                "since {since} the key is one of another parent organization: it sees none of the newest rows of the trail, \
                 which is fetched anew as that organization's; everything kept before stays"
            ),
            "if that was not meant, give the feed its former key back and restart: what was covered with it counts again. \
             If it was, a [[feed]] of its own for each organization keeps them apart"
                .to_owned(),
        )
    };
    serde_json::json!({ "number": number, "since": since.to_string(), "evidence": evidence, "hint": hint })
        .to_string()
}

impl<T: Transport, C: Clock> Feed<T, C> {
    /// Looks at the key that a page was asked with, before anything of the page is kept.
    pub(crate) async fn vouch(&self, page: &Page, priority: Priority) -> Result<Voucher, Error> {
        let known_good = || self.vouched().key_number == Some(page.exchange.key_number);
        if known_good() {
            return Ok(Voucher::Good);
        }
        // One lane finds out, and the others wait for it.
        let _one_at_a_time = self.vouching.lock().await;
        if known_good() {
            return Ok(Voucher::Good);
        }
        if self.stop.is_cancelled() {
            return Ok(Voucher::Stopped);
        }
        let Some(known) = self.known_rows(self.scope.clone()).await? else { return Ok(Voucher::Stopped) };
        if known.is_empty() || known.iter().any(|known| holds(page, known)) {
            self.vouch_for(page.exchange.key_number);
            return Ok(Voucher::Good);
        }
        match self.asked_for(&known, page.exchange.key_number, priority).await {
            Found::Some => {
                self.vouch_for(page.exchange.key_number);
                Ok(Voucher::Good)
            }
            Found::Unknown(voucher) => Ok(voucher),
            Found::None => self.find_parent(page.exchange.key_number, priority).await,
        }
    }

    fn vouch_for(&self, key_number: u32) {
        *self.vouched() = Vouched { key_number: Some(key_number), doubted_since: None };
    }

    /// The key sees nothing of the trail: looks whether it is one of an earlier parent, and has the feed taken up again.
    async fn find_parent(&self, key_number: u32, priority: Priority) -> Result<Voucher, Error> {
        let id = self.id;
        let read = move |ledger: &mut Ledger| ledger.reader()?.scopes(id);
        let Some(scopes) = self.insist("reading the scopes of the feed", read).await? else {
            return Ok(Voucher::Stopped);
        };
        let mut highest = 1;
        let mut found = None;
        for scope in scopes.iter().rev() {
            let Some(number) = parent_number(&self.settings.scope, &scope.text) else { continue };
            highest = highest.max(number);
            if found.is_some() || scope.text == self.scope {
                continue;
            }
            let Some(known) = self.known_rows(scope.text.clone()).await? else { return Ok(Voucher::Stopped) };
            if known.is_empty() {
                continue;
            }
            match self.asked_for(&known, key_number, priority).await {
                Found::Some => found = Some(number),
                Found::None => {}
                Found::Unknown(voucher) => return Ok(voucher),
            }
        }
        let number = found.unwrap_or(highest + 1);
        if number == 1 {
            info!(feed = %self.name, "the key is again one of the organization that the trail began with");
        } else {
            warn!(
                feed = %self.name,
                hint = "if that was not meant, give the feed its former key back and restart",
                "the key belongs to another parent organization: the trail is fetched anew as that one's"
            );
        }
        self.tell(&Event::ParentChanged { feed: Arc::clone(&self.name), number });
        self.move_to(scope_of(&self.settings.scope, number), number);
        Ok(Voucher::Stopped)
    }

    async fn known_rows(&self, scope: String) -> Result<Option<Vec<Entry>>, Error> {
        let (id, before) = (self.id, self.vouched().doubted_since);
        let read =
            move |ledger: &mut Ledger| ledger.reader()?.newest_of_scope(id, &scope, PAGES_LOOKED_AT, before);
        self.insist("reading the newest rows", read).await
    }

    /// Asks for the very instants of known rows.
    async fn asked_for(&self, known: &[Entry], key_number: u32, priority: Priority) -> Found {
        for row in known {
            let request = ActivityRequest {
                created_at_gte: Some(row.created_at),
                created_at_lt: row.created_at.checked_add(SignedDuration::from_micros(1)).ok(),
                limit: Some(self.settings.page_size),
                order: Some(Order::Ascending),
                ..self.filters.clone()
            };
            match self.ask(&request, priority).await {
                None => return Found::Unknown(Voucher::Stopped),
                Some(Err(failure)) => return Found::Unknown(Voucher::Unknown(Setback::of_request(&failure))),
                Some(Ok(page)) if page.exchange.key_number != key_number => {
                    return Found::Unknown(Voucher::Again);
                }
                // An instant with more rows than a page tells as much: another parent hardly has as many at the very same one.
                Some(Ok(page)) if page.has_more || holds(&page, row) => {
                    return Found::Some;
                }
                Some(Ok(_)) => {}
            }
        }
        Found::None
    }
}

/// Whether a page holds a known row, under the id that the ledger has it under.
fn holds(page: &Page, known: &Entry) -> bool {
    page.activities.iter().any(|row| store::id(row) == known.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_tells_its_parent() {
        for number in [1, 2, 17] {
            assert_eq!(parent_number("{}", &scope_of("{}", number)), Some(number));
        }
        for scope in ["", "{}x", "{} parent ", "{} parent 1", "{} parent x", "[]"] {
            assert_eq!(parent_number("{}", scope), None, "{scope:?}");
        }
    }
}

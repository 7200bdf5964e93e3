//! Which requests were our own, so that the feed's rows about them can be told from those about others' requests.
//!
//! Every call of the Compliance API makes a row in the feed, with the `request-id` that the call was answered with. Our own come
//! back to us like a canary: they show that the feed records, and how long a row takes from happening to being seen.

use std::collections::{HashMap, VecDeque};

use jiff::Timestamp;

/// Requests that are remembered. A busy collector makes some ten a second, and rows about them come within minutes.
const MOST: usize = 20_000;

/// The newest requests of one parent organization by this program.
#[derive(Debug, Default)]
pub(crate) struct OwnRequests {
    answered: HashMap<String, Timestamp>,
    order: VecDeque<String>,
}

impl OwnRequests {
    /// Remembers a request by the id and time of its answer.
    pub(crate) fn answered(&mut self, request_id: &str, at: Timestamp) {
        if self.answered.insert(request_id.to_owned(), at).is_some() {
            return;
        }
        self.order.push_back(request_id.to_owned());
        if self.order.len() > MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.answered.remove(&oldest);
        }
    }

    /// When a request of ours was answered; `None` for one of others.
    pub(crate) fn when(&self, request_id: &str) -> Option<Timestamp> {
        self.answered.get(request_id).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_first() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut own = OwnRequests::default();
        own.answered("first", at(1));
        own.answered("first", at(2));
        for number in 0..MOST {
            assert!(own.when("first").is_some());
            own.answered(&format!("req_{number}"), at(3));
        }
        assert_eq!((own.when("first"), own.when("req_0")), (None, Some(at(3))));
    }
}

//! Slows down whoever guesses: failed sign-ins are counted by address and by name.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;

/// Failures are forgotten after this long.
const WINDOW_SECONDS: i64 = 15 * 60;
/// Failures of one address within the window; then it waits.
const PER_ADDRESS: u32 = 10;
/// Failures with one name, from wherever: a bound for guesses from many addresses.
const PER_NAME: u32 = 30;
/// Counters kept; beyond that the oldest go.
const KEPT: usize = 10_000;

/// Counts of failed sign-ins.
#[derive(Default)]
pub(crate) struct Limiter(Mutex<HashMap<(bool, String), Failures>>);

struct Failures {
    count: u32,
    since: i64,
}

impl Limiter {
    /// Seconds to wait before another attempt, if any.
    pub(crate) fn wait(&self, address: &str, name: &str, now: Timestamp) -> Option<u64> {
        let failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = now.as_second();
        [(false, address, PER_ADDRESS), (true, name, PER_NAME)]
            .into_iter()
            .filter_map(|(by_name, key, most)| {
                let known = failures.get(&(by_name, key.to_owned()))?;
                let left = known.since + WINDOW_SECONDS - now;
                (known.count >= most && left > 0).then_some(left as u64)
            })
            .max()
    }

    /// Counts a failure.
    pub(crate) fn failed(&self, address: &str, name: &str, now: Timestamp) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = now.as_second();
        if failures.len() + 2 > KEPT {
            failures.retain(|_, known| known.since + WINDOW_SECONDS > now);
        }
        while failures.len() + 2 > KEPT {
            let oldest = failures.iter().min_by_key(|(_, known)| known.since).map(|(key, _)| key.clone());
            oldest.and_then(|key| failures.remove(&key));
        }
        // A name can be anything that somebody typed; only so much of it is kept.
        let name: String = name.chars().take(200).collect();
        for key in [(false, address.to_owned()), (true, name)] {
            let known = failures.entry(key).or_insert(Failures { count: 0, since: now });
            if known.since + WINDOW_SECONDS <= now {
                *known = Failures { count: 0, since: now };
            }
            known.count += 1;
        }
    }

    /// Forgets the failures of an address that knew the password in the end.
    pub(crate) fn succeeded(&self, address: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&(false, address.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_764_000_000 + second).unwrap()
    }

    #[test]
    fn an_address_that_guesses_waits_and_others_do_not() {
        let limiter = Limiter::default();
        for attempt in 0..PER_ADDRESS {
            assert_eq!(limiter.wait("192.0.2.1", "ana", at(0)), None, "attempt {attempt}");
            limiter.failed("192.0.2.1", "ana", at(0));
        }
        assert_eq!(limiter.wait("192.0.2.1", "bob", at(60)), Some(840));
        assert_eq!(limiter.wait("192.0.2.2", "ana", at(60)), None);
        assert_eq!(limiter.wait("192.0.2.1", "ana", at(900)), None, "forgotten after the window");
    }

    #[test]
    fn a_name_that_is_guessed_from_everywhere_waits() {
        let limiter = Limiter::default();
        for attempt in 0..PER_NAME {
            limiter.failed(&format!("192.0.2.{attempt}"), "ana", at(0));
        }
        assert!(limiter.wait("198.51.100.1", "ana", at(1)).is_some());
        assert_eq!(limiter.wait("198.51.100.1", "bob", at(1)), None);
    }

    #[test]
    fn memory_is_bounded() {
        let limiter = Limiter::default();
        for attempt in 0..KEPT + 10 {
            limiter.failed(&format!("address {attempt}"), &format!("name {attempt}"), at(0));
        }
        assert!(limiter.0.lock().unwrap().len() <= KEPT);
    }
}

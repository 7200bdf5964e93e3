//! Which host is asked next: a pure account of who works and who does not.
//!
//! Requests go round the hosts that work. A host that failed is left out for a while, twice as long each time it fails again;
//! when all are left out, the one that is due first is asked, because asking is better than not.

use std::time::Duration;

const FIRST_REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_mins(1);

/// The hosts and what is known of each.
#[derive(Debug)]
pub(crate) struct Hosts {
    hosts: Vec<Host>,
    next: usize,
}

#[derive(Debug)]
struct Host {
    failures: u32,
    /// Left out until then; a time since the client was made.
    rests_until: Duration,
}

impl Hosts {
    pub(crate) fn new(count: usize) -> Self {
        let hosts = (0..count).map(|_| Host { failures: 0, rests_until: Duration::ZERO }).collect();
        Self { hosts, next: 0 }
    }

    /// The host to ask, of those not tried for this request yet.
    pub(crate) fn choose(&mut self, now: Duration, tried: &[usize]) -> Option<usize> {
        let count = self.hosts.len();
        let round = (0..count).map(|step| (self.next + step) % count);
        let chosen = round
            .filter(|index| !tried.contains(index))
            .min_by_key(|index| self.hosts[*index].rests_until.saturating_sub(now))?;
        self.next = (chosen + 1) % count;
        Some(chosen)
    }

    pub(crate) fn failed(&mut self, index: usize, now: Duration) {
        let host = &mut self.hosts[index];
        let rest = FIRST_REST.saturating_mul(1 << host.failures.min(6)).min(LONGEST_REST);
        host.failures = host.failures.saturating_add(1);
        host.rests_until = now + rest;
    }

    pub(crate) fn worked(&mut self, index: usize) {
        let host = &mut self.hosts[index];
        host.failures = 0;
        host.rests_until = Duration::ZERO;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_take_turns_and_a_failed_one_rests() {
        let second = Duration::from_secs;
        let mut hosts = Hosts::new(3);
        let turns: Vec<_> = (0..4).filter_map(|_| hosts.choose(second(0), &[])).collect();
        assert_eq!(turns, [0, 1, 2, 0]);

        hosts.failed(1, second(10));
        let turns: Vec<_> = (0..3).filter_map(|_| hosts.choose(second(10), &[])).collect();
        assert_eq!(turns, [2, 0, 2], "1 is left out");
        assert_eq!(hosts.choose(second(12), &[0, 2]), Some(1), "it is asked when the others were");
        hosts.failed(1, second(12));
        hosts.failed(0, second(12));
        hosts.failed(2, second(12));
        assert_eq!(hosts.choose(second(12), &[]), Some(2), "all rest: one that is due first, in turn");
        assert_eq!(hosts.choose(second(12), &[0, 1, 2]), None);
        hosts.worked(1);
        assert_eq!(hosts.choose(second(12), &[]), Some(1));
    }

    #[test]
    fn rests_grow_to_a_minute() {
        let mut hosts = Hosts::new(1);
        for _ in 0..40 {
            hosts.failed(0, Duration::ZERO);
        }
        assert_eq!(hosts.hosts[0].rests_until, LONGEST_REST);
    }
}

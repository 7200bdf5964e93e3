//! A plan at work: counts its requests and what has happened.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;

use super::{Fault, FaultKind, FaultPlan};
use crate::dice;

/// What a trigger may look at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Circumstances<'a> {
    /// Number of the request, counted from when the plan came into force.
    pub(crate) number: u64,
    pub(crate) now: Timestamp,
    pub(crate) path: &'a str,
    /// Percent-encoding undone.
    pub(crate) query: &'a str,
}

/// A plan in force.
#[derive(Debug)]
pub(crate) struct ActiveFaults {
    plan: FaultPlan,
    started: Timestamp,
    requests: AtomicU64,
    happened: Mutex<Vec<u64>>,
}

impl ActiveFaults {
    pub(crate) fn new(plan: FaultPlan, now: Timestamp) -> Self {
        let happened = Mutex::new(vec![0; plan.faults.len()]);
        Self { plan, started: now, requests: AtomicU64::new(0), happened }
    }

    /// The number of a new request.
    pub(crate) fn count_request(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The first fault, from this place in the plan on, that happens now; it counts as happened until it is given back.
    pub(crate) fn choose(
        &self,
        from: usize,
        circumstances: &Circumstances<'_>,
    ) -> Option<(usize, &FaultKind)> {
        let mut happened = self.happened();
        let faults = self.plan.faults.iter().enumerate().skip(from);
        for (place, fault) in faults {
            if fault.count_max.is_none_or(|max| happened[place] < max)
                && self.holds(place, fault, circumstances)
            {
                happened[place] += 1;
                return Some((place, &fault.kind));
            }
        }
        None
    }

    /// The chosen fault could not be done to its request.
    pub(crate) fn give_back(&self, place: usize) {
        self.happened()[place] -= 1;
    }

    /// How often each kind has happened.
    pub(crate) fn statistics(&self) -> BTreeMap<&'static str, u64> {
        let mut statistics = BTreeMap::new();
        for (fault, count) in self.plan.faults.iter().zip(self.happened().iter()) {
            *statistics.entry(fault.kind.name()).or_default() += count;
        }
        statistics
    }

    fn holds(&self, place: usize, fault: &Fault, circumstances: &Circumstances<'_>) -> bool {
        let trigger = &fault.trigger;
        let number = circumstances.number;
        let passed =
            Duration::try_from(circumstances.now.duration_since(self.started)).unwrap_or(Duration::ZERO);
        let luck = dice::share(dice::roll(self.plan.seed ^ dice::roll(place as u64, 1), number));
        (trigger.requests.is_empty() || trigger.requests.contains(&number))
            && trigger.every.is_none_or(|every| {
                number.checked_sub(every.offset).is_some_and(|past| past.is_multiple_of(every.period.max(1)))
            })
            && trigger.probability.is_none_or(|probability| luck < probability)
            && trigger.from.is_none_or(|from| from <= passed)
            && trigger.to.is_none_or(|to| passed < to)
            && trigger.path.as_ref().is_none_or(|text| circumstances.path.contains(text))
            && trigger.query.as_ref().is_none_or(|text| circumstances.query.contains(text))
    }

    fn happened(&self) -> MutexGuard<'_, Vec<u64>> {
        self.happened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Every, Trigger};

    /// The numbers, of 1 to 40 at one request a second, at which a fault with this trigger happens.
    fn numbers(trigger: Trigger, count_max: Option<u64>) -> Vec<u64> {
        let fault = Fault { kind: FaultKind::NotFound, trigger, count_max };
        let start = Timestamp::UNIX_EPOCH;
        let active = ActiveFaults::new(FaultPlan { seed: 3, faults: vec![fault] }, start);
        (1..=40)
            .filter(|number| {
                let now = start + Duration::from_secs(number - 1);
                let query = if number % 2 == 0 { "order=asc" } else { "order=desc" };
                assert_eq!(active.count_request(), *number);
                let path = if *number > 3 { "/activities" } else { "/log" };
                active.choose(0, &Circumstances { number: *number, now, path, query }).is_some()
            })
            .collect()
    }

    #[test]
    fn triggers() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        let every = |period, offset| Some(Every { period, offset });
        let none = Trigger::default;
        for (trigger, count_max, expected) in [
            (none(), Some(2), vec![1, 2]),
            (Trigger { requests: vec![7, 3], ..none() }, None, vec![3, 7]),
            (Trigger { every: every(15, 15), ..none() }, None, vec![15, 30]),
            (Trigger { every: every(15, 4), ..none() }, None, vec![4, 19, 34]),
            (Trigger { every: every(15, 4), ..none() }, Some(2), vec![4, 19]),
            (Trigger { from: seconds(36), ..none() }, None, vec![37, 38, 39, 40]),
            (Trigger { to: seconds(3), ..none() }, None, vec![1, 2, 3]),
            (Trigger { from: seconds(10), to: seconds(12), ..none() }, None, vec![11, 12]),
            (Trigger { query: Some("order=asc".to_owned()), to: seconds(6), ..none() }, None, vec![2, 4, 6]),
            (Trigger { path: Some("log".to_owned()), ..none() }, None, vec![1, 2, 3]),
            (Trigger { probability: Some(0.0), ..none() }, None, vec![]),
            (Trigger { probability: Some(1.0), to: seconds(2), ..none() }, None, vec![1, 2]),
        ] {
            assert_eq!(numbers(trigger.clone(), count_max), expected, "{trigger:?}");
        }
    }

    #[test]
    fn probability_is_seeded_and_about_right() {
        let half = || numbers(Trigger { probability: Some(0.5), ..Trigger::default() }, None);
        assert_eq!(half(), half());
        assert!((10..=30).contains(&half().len()), "{:?}", half());
    }

    #[test]
    fn a_fault_that_is_given_back_can_happen_again_and_the_next_one_gets_its_turn() {
        let once = |kind| Fault { kind, trigger: Trigger::default(), count_max: Some(1) };
        let faults = vec![once(FaultKind::RefusedCursor), once(FaultKind::NotFound)];
        let active = ActiveFaults::new(FaultPlan { seed: 0, faults }, Timestamp::UNIX_EPOCH);
        let circumstances = Circumstances { number: 1, now: Timestamp::UNIX_EPOCH, path: "", query: "" };
        assert_eq!(active.choose(0, &circumstances), Some((0, &FaultKind::RefusedCursor)));
        active.give_back(0);
        assert_eq!(active.choose(1, &circumstances), Some((1, &FaultKind::NotFound)));
        assert_eq!(active.choose(0, &circumstances), Some((0, &FaultKind::RefusedCursor)));
        assert_eq!(active.choose(0, &circumstances), None);
        assert_eq!(active.statistics(), BTreeMap::from([("refused_cursor", 1), ("not_found", 1)]));
    }
}

//! Simulated time: it stands still while anyone works, and jumps to the next waking when everyone waits.
//!
//! Every task of the simulation is a participant and waits in one place at a time. When all of them sleep, the one that goes to
//! sleep last moves time to the earliest waking and wakes that one alone. So only one task runs at a time, in an order that the
//! seed alone decides, whatever threads the ledger's work runs on.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

/// The time of a simulation. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct SimulatedClock(Arc<Mutex<Time>>);

#[derive(Debug)]
struct Time {
    now: Timestamp,
    skew: SignedDuration,
    participants: usize,
    sleepers: BTreeMap<(Timestamp, u64), Waker>,
    next_sleeper: u64,
}

impl SimulatedClock {
    pub(crate) fn starting_at(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(Time {
            now,
            skew: SignedDuration::ZERO,
            participants: 0,
            sleepers: BTreeMap::new(),
            next_sleeper: 0,
        })))
    }

    /// The time as it is, which only the server's clock shows.
    pub(crate) fn true_now(&self) -> Timestamp {
        self.time().now
    }

    /// Sets the local clock wrong by this much; zero sets it right.
    pub(crate) fn set_skew(&self, skew: SignedDuration) {
        self.time().skew = skew;
    }

    /// Joins the simulation. Time moves only when all who joined sleep; dropping the guard leaves.
    pub(crate) fn join(&self) -> Participant {
        self.time().participants += 1;
        Participant(self.clone())
    }

    fn time(&self) -> MutexGuard<'_, Time> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Time {
    fn move_on_if_all_sleep(&mut self) {
        if self.participants == 0 || self.sleepers.len() < self.participants {
            return;
        }
        if let Some(((until, _), waker)) = self.sleepers.pop_first() {
            self.now = self.now.max(until);
            waker.wake();
        }
    }
}

impl feed::Clock for SimulatedClock {
    fn now(&self) -> Timestamp {
        let time = self.time();
        time.now.checked_add(time.skew).unwrap()
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        Sleep { clock: self.clone(), duration, place: None }
    }
}

/// See [`SimulatedClock::join`].
#[derive(Debug)]
pub(crate) struct Participant(SimulatedClock);

impl Drop for Participant {
    fn drop(&mut self) {
        let mut time = self.0.time();
        time.participants -= 1;
        time.move_on_if_all_sleep();
    }
}

struct Sleep {
    clock: SimulatedClock,
    duration: Duration,
    place: Option<(Timestamp, u64)>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let clock = self.clock.clone();
        let mut time = clock.time();
        match self.place {
            None => {
                let duration = SignedDuration::try_from(self.duration).unwrap();
                let place = (time.now.checked_add(duration).unwrap(), time.next_sleeper);
                time.next_sleeper += 1;
                time.sleepers.insert(place, context.waker().clone());
                self.place = Some(place);
                time.move_on_if_all_sleep();
            }
            Some(place) => match time.sleepers.get_mut(&place) {
                Some(waker) => waker.clone_from(context.waker()),
                None => return Poll::Ready(()),
            },
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            self.clock.time().sleepers.remove(&place);
        }
    }
}

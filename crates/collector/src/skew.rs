//! How far the local clock is from the server's, as the answers tell.
//!
//! An answer carries the server's time in whole seconds, and was made at some moment between request and response. A difference
//! that this explains is no difference; one that is clearly larger is a wrong clock, which is told once and allowed for in what
//! is asked. It is never used for what is claimed: that takes the answers of the drain itself (`windows::Witness`).

use jiff::{SignedDuration, Timestamp};

use crate::windows::Clocks;

/// A difference within this much is a delay, a rounded second or an ordinary drift. Well under the shortest sensible `settle`.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(5);

/// A known difference is told again when it has changed by this much.
const WORTH_TELLING: SignedDuration = SignedDuration::from_secs(60);

/// What an answer brought to light.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum News {
    /// Nothing that was not told before.
    None,
    /// The clocks differ by this much: server minus local.
    Wrong(SignedDuration),
    /// They agree again.
    RightAgain,
}

/// The difference as last observed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Skew {
    server_ahead: Option<SignedDuration>,
    told: Option<SignedDuration>,
}

impl Skew {
    /// Takes in one answer.
    pub(crate) fn observe(
        &mut self,
        requested_at: Timestamp,
        responded_at: Timestamp,
        server_time: Option<Timestamp>,
    ) -> News {
        let Some(server_time) = server_time else { return News::None };
        let at_least = server_time.duration_since(responded_at);
        let at_most = server_time.duration_since(requested_at) + SignedDuration::from_secs(1);
        self.server_ahead = if at_least > TOLERANCE {
            Some(at_least)
        } else if at_most < -TOLERANCE {
            Some(at_most)
        } else {
            None
        };
        match (self.told, self.server_ahead) {
            (Some(_), None) => {
                self.told = None;
                News::RightAgain
            }
            (told, Some(now)) if told.is_none_or(|told| (now - told).abs() >= WORTH_TELLING) => {
                self.told = Some(now);
                News::Wrong(now)
            }
            _ => News::None,
        }
    }

    /// Server minus local, when they differ by more than can be a delay.
    pub(crate) fn server_ahead(&self) -> Option<SignedDuration> {
        self.server_ahead
    }

    /// Both clocks, at a moment of the local one.
    pub(crate) fn clocks(&self, local: Timestamp) -> Clocks {
        let server = self.server_ahead.and_then(|ahead| local.checked_add(ahead).ok());
        Clocks { local, server }
    }

    /// The later of the two clocks, with tolerance: a row newer than this is from the future by every clock there is.
    pub(crate) fn future_begins(&self, local: Timestamp) -> Timestamp {
        let clocks = self.clocks(local);
        let latest = clocks.server.map_or(local, |server| server.max(local));
        latest.checked_add(TOLERANCE).unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + seconds).unwrap()
    }

    #[test]
    fn delays_and_rounding_are_no_skew() {
        let mut skew = Skew::default();
        // Sent at 0, complete at 4; the server may have stamped any of these.
        for server in -5..=9 {
            assert_eq!(skew.observe(at(0), at(4), Some(at(server))), News::None, "server {server}");
            assert_eq!(skew.clocks(at(4)).server, None);
        }
        assert_eq!(skew.observe(at(0), at(4), None), News::None);
    }

    #[test]
    fn a_wrong_clock_is_told_once_and_when_it_is_right_again() {
        let mut skew = Skew::default();
        let hour = SignedDuration::from_hours(1);
        assert_eq!(skew.observe(at(0), at(1), Some(at(3601))), News::Wrong(hour));
        assert_eq!(skew.observe(at(60), at(61), Some(at(3660))), News::None);
        assert_eq!(skew.clocks(at(100)), Clocks { local: at(100), server: Some(at(3699)) });
        assert_eq!(skew.observe(at(120), at(121), None), News::None, "an answer without a time says nothing");
        assert_eq!(skew.observe(at(120), at(121), Some(at(120))), News::RightAgain);
        assert_eq!(skew.observe(at(120), at(121), Some(at(-3481))), News::Wrong(-hour));
        assert_eq!(skew.future_begins(at(0)), at(5));
    }
}

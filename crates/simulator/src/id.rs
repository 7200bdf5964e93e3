//! The form of ids: a prefix, `01`, and two numbers of eleven digits each that keep their order.
//!
//! An activity's first number begins with its time in microseconds, so ids grow with time, and the time of a row can be
//! read off its id.

use jiff::Timestamp;

/// Digits and letters in their order, without those that look alike.
const DIGITS: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// Enough of them for any number of 64 bits.
const LENGTH: usize = 11;
/// The lowest bits of an activity's first number are not time.
const BITS_BELOW_TIME: u32 = 8;

/// An id of these two numbers.
pub(crate) fn of(prefix: &str, high: u64, low: u64) -> String {
    let mut id = format!("{prefix}01");
    for number in [high, low] {
        let digit = |place: u32| DIGITS[(number / 58_u64.pow(place) % 58) as usize];
        id.extend((0..LENGTH as u32).rev().map(|place| char::from(digit(place))));
    }
    id
}

/// The id of an activity of this time; `low` tells activities of one microsecond apart.
pub(crate) fn of_activity(created_at: Timestamp, low: u64) -> String {
    let micros = u64::try_from(created_at.as_microsecond()).unwrap_or(0);
    of("activity_", micros << BITS_BELOW_TIME, low)
}

/// The time in an activity's id; `None` when it is not of this form. Whether there is such a row is another question.
pub(crate) fn created_at(id: &str) -> Option<Timestamp> {
    let digits = id.strip_prefix("activity_01").filter(|digits| digits.len() == 2 * LENGTH)?;
    let high = digits.bytes().take(LENGTH).try_fold(0_u64, |number, digit| {
        let value = DIGITS.iter().position(|known| *known == digit)?;
        number.checked_mul(58)?.checked_add(value as u64)
    })?;
    Timestamp::from_microsecond(i64::try_from(high >> BITS_BELOW_TIME).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_keep_the_order_and_the_time() {
        let at = |microsecond| Timestamp::from_microsecond(microsecond).expect("in range");
        let ids = [(0, 5), (1, 0), (1, 57), (1, 58), (1_800_000_000_000_000, u64::MAX)]
            .map(|(microsecond, low)| of_activity(at(microsecond), low));
        assert!(ids.is_sorted());
        assert!(ids.iter().all(|id| id.len() == 33));
        assert_eq!(created_at(&ids[4]), Some(at(1_800_000_000_000_000)));
        for other in ["", "activity_", "activity_01", "activity_01zzzzzzzzzzzzzzzzzzzzzz", "activity_01０"] {
            assert_eq!(created_at(other), None, "{other}");
        }
    }
}

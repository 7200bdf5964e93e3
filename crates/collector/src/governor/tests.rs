//! The budget by hand, in a time of its own.

use jiff::SignedDuration;

use super::*;

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(1_790_000_000_000 + milliseconds).unwrap()
}

fn told(limit: u32, remaining: u32, reset_ms: i64) -> RateLimit {
    RateLimit { limit: Some(limit), remaining: Some(remaining), reset: Some(at(reset_ms)) }
}

/// Feeds that ask again as soon as they may, from `from` for a while; who got how many permits at which moments.
fn crowd(state: &mut State, feeds: &[(&str, Priority)], from: i64, length: i64) -> Vec<Vec<i64>> {
    let mut numbers: Vec<u64> = feeds.iter().map(|(feed, priority)| state.join(feed, *priority)).collect();
    let mut granted = vec![Vec::new(); feeds.len()];
    for now in (from..from + length).step_by(10) {
        for (index, number) in numbers.iter_mut().enumerate() {
            if state.ask(*number, at(now)).is_none() {
                granted[index].push(now);
                *number = state.join(feeds[index].0, feeds[index].1);
            }
        }
    }
    for number in numbers {
        state.waiting.remove(&number);
    }
    granted
}

#[test]
fn no_minute_exceeds_the_share_by_more_than_the_burst() {
    for share in [0.05, 0.5, 1.0] {
        let mut state = State::new(share);
        let sent = crowd(&mut state, &[("a", Priority::Live)], 0, 180_000).remove(0);
        for minute in 0..3 {
            let inside = |time: &&i64| (minute * 60_000..(minute + 1) * 60_000).contains(*time);
            let count = sent.iter().filter(inside).count() as f64;
            assert!(count <= 600.0 * share + BURST + 1.0, "share {share}, minute {minute}: {count}");
            assert!(count >= 600.0 * share * 0.97, "share {share}, minute {minute}: only {count}");
        }
    }
}

#[test]
fn feeds_of_one_priority_get_the_same_and_the_live_tail_goes_first() {
    let mut state = State::new(0.5);
    let backfills = [("a", Priority::Backfill), ("b", Priority::Backfill), ("c", Priority::Backfill)];
    let granted = crowd(&mut state, &backfills, 0, 60_000);
    let counts: Vec<usize> = granted.iter().map(Vec::len).collect();
    assert!(counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 1, "{counts:?}");
    assert!(counts.iter().sum::<usize>() >= 295, "{counts:?}");

    // Whoever was away has no claim to what it did not ask for.
    let granted =
        crowd(&mut state, &[("a", Priority::Backfill), ("new", Priority::Backfill)], 60_000, 20_000);
    assert!(granted[0].len().abs_diff(granted[1].len()) <= 1, "{granted:?}");

    let three = [("a", Priority::Backfill), ("a", Priority::Reconcile), ("b", Priority::Live)];
    let granted = crowd(&mut state, &three, 90_000, 20_000);
    assert!(
        granted[0].len() + granted[1].len() <= 10,
        "a tail that asks all the time leaves nothing: {granted:?}"
    );

    // One live request among a crowd of others does not wait.
    let crowd_of_others: Vec<u64> = (0..40).map(|_| state.join("a", Priority::Backfill)).collect();
    for now in (110_000..170_000).step_by(200) {
        for number in &crowd_of_others {
            state.ask(*number, at(now));
        }
    }
    let live = state.join("b", Priority::Live);
    assert_eq!(state.ask(live, at(170_000)), None);
}

#[test]
fn a_wait_that_the_api_asked_for_is_kept_by_all() {
    let mut state = State::new(0.5);
    state.pause(at(0), Duration::from_secs(30));
    state.pause(at(1_000), Duration::from_secs(5));
    let numbers =
        [("a", Priority::Live), ("b", Priority::Backfill)].map(|(feed, priority)| state.join(feed, priority));
    for number in numbers {
        assert_eq!(state.ask(number, at(2_000)), Some(Duration::from_secs(28)), "the longer wait stands");
    }
    assert_eq!(state.spending(at(2_000)).paused, Duration::from_secs(28));
    for number in numbers {
        assert_eq!(state.ask(number, at(30_000)), None);
    }
    state.pause(at(40_000), Duration::from_hours(1_000));
    let number = state.join("a", Priority::Live);
    assert_eq!(state.ask(number, at(40_000)), Some(LONGEST_PAUSE), "within reason");
    assert_eq!(state.ask(number, at(39_000)), None, "a clock set back does not make it longer");
}

#[test]
fn headers_correct_the_limit_and_what_is_left() {
    let mut state = State::new(0.5);
    state.answered(at(0), Some(at(0)), told(1_200, 100, 55_000));
    assert!((state.rate() - 10.0).abs() < f64::EPSILON);
    // 100 of 1,200 are left: enough for the tail and reconciliation, not for backfill, which leaves a tenth.
    let ask = |state: &mut State, priority| {
        let number = state.join("a", priority);
        let wait = state.ask(number, at(0));
        state.waiting.remove(&number);
        wait
    };
    assert_eq!(ask(&mut state, Priority::Live), None);
    assert_eq!(ask(&mut state, Priority::Reconcile), None);
    let wait = ask(&mut state, Priority::Backfill).unwrap();
    assert!(wait > Duration::from_millis(900) && wait < Duration::from_secs(2), "{wait:?}");
    state.answered(at(0), Some(at(0)), told(1_200, 0, 60_000));
    assert!(ask(&mut state, Priority::Live).is_some(), "nothing is left for anyone");
    // A server an hour ahead means the same by its own clock.
    state.answered(at(0), Some(at(3_600_000)), told(1_200, 0, 3_602_000));
    assert!(state.left_at(at(1_999)).is_some() && state.left_at(at(2_000)).is_none());
}

#[test]
fn what_others_spend_is_counted_from_rows_or_estimated_from_headers() {
    let mut state = State::new(0.5);
    assert_eq!(state.spending(at(0)).others_per_minute, None);
    for _ in 0..20 {
        let number = state.join("a", Priority::Live);
        for now in 0..100 {
            if state.ask(number, at(now * 100)).is_none() {
                break;
            }
        }
    }
    state.answered(at(10_000), Some(at(10_000)), told(600, 480, 22_000));
    let spending = state.spending(at(10_000));
    assert_eq!((spending.ours_per_minute, spending.others_per_minute), (20, Some(100)));
    let governor = Governor { state: Mutex::new(state), own: Mutex::default() };
    let moments: Vec<Timestamp> = (0..500).map(|index| at(-200_000 + index * 400)).collect();
    governor.others_asked(at(10_000), &moments);
    let spending = governor.spending(at(10_000));
    assert_eq!((spending.others_per_minute, spending.others_counted), (Some(100), true));
    let later = at(10_000).checked_add(SignedDuration::from_mins(6)).unwrap();
    let spending = governor.spending(later);
    assert_eq!((spending.ours_per_minute, spending.others_per_minute), (0, Some(0)));
}

//! Rates against offered load: how many pass, and whether what the refused are told is true.

use std::time::Duration;

use wardgate_limit::{Rule, Window};

use crate::world::*;

const WINDOWS: u64 = 20;

/// Offers calls evenly and returns when those were that passed.
fn passed(world: &mut World, window: Duration, per_window: f64) -> Vec<Duration> {
    let gap = window.div_f64(per_window);
    let mut passed = Vec::new();
    while world.moment.now < window * WINDOWS as u32 {
        if world.admit(&who("ann")).is_ok() {
            passed.push(world.moment.now);
        }
        world.pass(gap);
    }
    passed
}

fn world(calls: u64, window: Duration, burst: Option<u64>) -> World {
    World::new(&[Rule {
        key: BY_PRINCIPAL,
        calls: Some(calls),
        burst,
        per: Some(Window::Sliding(window)),
        ..rule("floor")
    }])
}

#[test]
fn load_below_the_limit_meets_no_refusal() {
    let (second, minute) = (Duration::from_secs(1), Duration::from_secs(60));
    for (calls, window) in [
        (1, second),
        (10, second),
        (100, second),
        (1000, second),
        (60, minute),
    ] {
        for burst in [None, Some(1), Some(calls)] {
            let mut world = world(calls, window, burst);
            let offered = calls as f64 * 0.95;
            let passed = passed(&mut world, window, offered).len() as f64;
            assert!(
                passed >= offered * WINDOWS as f64 - 1.0,
                "{passed} of {calls}"
            );
        }
    }
}

#[test]
fn overload_passes_at_the_limit_and_no_window_holds_more() {
    let (second, minute) = (Duration::from_secs(1), Duration::from_secs(60));
    for (calls, window) in [(10, second), (100, second), (1000, second), (60, minute)] {
        for burst in [None, Some(calls / 2), Some(calls)] {
            for factor in [1.5, 10.0] {
                let mut world = world(calls, window, burst);
                let passed = passed(&mut world, window, calls as f64 * factor);
                for (first, beyond) in passed.iter().zip(passed.iter().skip(calls as usize)) {
                    assert!(*beyond - *first >= window, "{calls} {burst:?} {factor}");
                }
                // One call or one percent of each window.
                let least = (calls * 99 / 100).min(calls - 1) * WINDOWS;
                assert!(
                    passed.len() as u64 >= least,
                    "{} {calls} {burst:?} {factor}",
                    passed.len()
                );
            }
        }
    }
}

#[test]
fn who_waits_as_told_passes_and_who_comes_earlier_does_not() {
    for burst in [None, Some(3)] {
        let mut world = world(10, Duration::from_secs(1), burst);
        for _ in 0..200 {
            world.pass(millis(13));
            let Err(refusal) = world.admit(&who("ann")) else {
                continue;
            };
            let wait = refusal.retry_after.unwrap();
            world.pass(wait - Duration::from_nanos(1));
            assert!(world.admit(&who("ann")).is_err());
            world.pass(Duration::from_nanos(1));
            assert!(world.admit(&who("ann")).is_ok());
        }
    }
}

#[test]
fn a_burst_above_the_rate_comes_at_once_and_then_the_rate_holds() {
    let mut world = world(1, Duration::from_secs(1), Some(5));
    assert_eq!(world.admitted(&who("ann"), 9), 5);
    for _ in 0..10 {
        world.pass(millis(1000));
        assert_eq!(world.admitted(&who("ann"), 9), 1);
    }
}

//! Memory is bounded, and a flood of keys makes nobody unlimited.

use std::num::NonZeroUsize;

use wardgate_limit::Rule;

use crate::world::*;

fn floor(calls: u64) -> Rule {
    Rule {
        key: BY_PRINCIPAL,
        calls: Some(calls),
        per: Some(MINUTE),
        ..rule("floor")
    }
}

fn agents(count: usize) -> impl Iterator<Item = crate::world::Who> {
    (0..count).map(|n| who(&format!("agent-{n}")))
}

#[test]
fn keys_beyond_the_cap_share_one_allowance() {
    let world = World::with_keys_max(&[floor(10)], NonZeroUsize::new(32).unwrap());
    let passed: usize = agents(1000).map(|agent| world.admitted(&agent, 20)).sum();
    let standings = world.limits.list(&world.moment);
    let own = standings.iter().filter(|s| !s.key.rest).count();
    assert!((17..=32).contains(&own), "{own} keys");
    assert_eq!(passed, own * 10 + 10);
    assert!(standings.iter().any(|s| s.key.rest && s.remaining == 0));
}

#[test]
fn idle_keys_make_room_and_busy_ones_stay() {
    let mut world = World::with_keys_max(&[floor(2)], NonZeroUsize::MIN);
    assert_eq!(world.admitted(&who("ann"), 3), 2);
    world.pass(millis(59_999));
    assert_eq!(world.admitted(&who("bob"), 1), 1);
    assert_eq!(world.admitted(&who("ann"), 1), 0);
    world.pass(millis(1_001));
    assert_eq!(world.admitted(&who("cid"), 2), 2);
    let standings = world.limits.list(&world.moment);
    assert!(
        standings
            .iter()
            .any(|s| s.key.principal == Some(who("cid").principal))
    );
}

#[test]
fn sweeping_forgets_only_what_changes_no_answer() {
    let places = Rule {
        key: BY_PRINCIPAL,
        concurrency: Some(1),
        ..rule("places")
    };
    let mut world = World::new(&[floor(2), places]);
    let slot = world.admit(&who("ann")).unwrap();
    assert_eq!(world.admitted(&who("bob"), 3), 2);
    world.pass(millis(30_000));
    world.limits.sweep(&world.moment);
    assert_eq!(world.admitted(&who("bob"), 1), 0);
    world.pass(millis(60_000));
    world.limits.sweep(&world.moment);
    assert!(world.admit(&who("ann")).is_err());
    drop(slot);
    assert!(world.admit(&who("ann")).is_ok());
}

#[test]
fn looking_around_is_bounded_and_uses_up_no_calls() {
    let world = World::new(&[floor(3)]);
    assert_eq!(world.admitted(&who("ann").looks(), 9), 3);
    assert_eq!(world.admitted(&who("ann"), 9), 3);
}

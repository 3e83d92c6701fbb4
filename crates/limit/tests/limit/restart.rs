//! Usage through a restart: as data, over a monotonic clock that begins again.

use wardgate_limit::{Rule, Usage, Window};
use wardgate_model::MicroUsd;

use crate::world::*;

fn declared() -> Vec<Rule> {
    vec![
        Rule {
            key: BY_PRINCIPAL,
            calls: Some(10),
            burst: Some(5),
            per: Some(MINUTE),
            ..rule("floor")
        },
        Rule {
            key: BY_TENANT,
            cost: MicroUsd::parse("1"),
            per: Some(Window::Month),
            ..rule("month")
        },
        Rule {
            key: BY_TOOL,
            tokens: Some(100),
            per: Some(Window::Day),
            ..rule("day")
        },
    ]
}

/// The same rules in a process that starts at `wall`, with the usage that the other left as JSON.
fn restarted(before: &World, rules: &[Rule], wall: &str) -> World {
    let json = serde_json::to_string(&before.limits.usage(&before.moment)).unwrap();
    let mut world = World::new(rules);
    world.set_wall(wall);
    let usage: Usage = serde_json::from_str(&json).unwrap();
    world.limits.restore(&usage, &world.moment);
    world
}

fn used_world() -> World {
    let world = World::new(&declared());
    let caller = who("ann").calls("pay", "refund_create");
    assert_eq!(world.admitted(&who("ann"), 9), 5);
    let spend = wardgate_limit::Spend {
        tokens: 60,
        ..cost("0.75")
    };
    assert_eq!(world.spent(&caller, &spend, 1), 1);
    world
}

#[test]
fn a_restart_keeps_every_counter() {
    let before = used_world();
    let mut after = restarted(&before, &declared(), "2026-11-25T12:00:03Z");
    let amounts = |world: &World| -> Vec<_> {
        let standings = world.limits.list(&world.moment);
        standings
            .into_iter()
            .map(|s| (s.rule, s.key, s.used))
            .collect()
    };
    assert_eq!(amounts(&after), amounts(&before));
    assert_eq!(after.admitted(&who("ann"), 1), 0);
    after.pass(millis(3_000));
    assert_eq!(after.admitted(&who("ann"), 2), 1);
    let caller = who("ann").calls("pay", "refund_create");
    assert!(after.reserve(&caller, &cost("0.26")).is_err());
    assert!(after.reserve(&caller, &cost("0.25")).is_ok());
    assert!(after.reserve(&caller, &tokens(41)).is_err());
}

#[test]
fn what_was_over_while_the_process_was_down_is_over() {
    let after = restarted(&used_world(), &declared(), "2026-11-26T00:00:00Z");
    let caller = who("ann").calls("pay", "refund_create");
    assert_eq!(after.admitted(&who("ann"), 9), 5);
    assert!(after.reserve(&caller, &tokens(100)).is_ok());
    assert!(after.reserve(&caller, &cost("0.26")).is_err());
    let after = restarted(&used_world(), &declared(), "2026-12-01T00:00:00Z");
    assert!(after.reserve(&caller, &cost("1")).is_ok());
}

#[test]
fn a_clock_set_back_frees_nothing() {
    let after = restarted(&used_world(), &declared(), "2026-11-25T11:00:00Z");
    assert_eq!(after.admitted(&who("ann"), 1), 0);
}

#[test]
fn what_is_reserved_and_not_settled_counts_as_spent() {
    let before = World::new(&declared());
    let caller = who("ann").calls("pay", "refund_create");
    let _reservation = before.reserve(&caller, &cost("0.9")).unwrap();
    let after = restarted(&before, &declared(), "2026-11-25T12:00:03Z");
    assert!(after.reserve(&caller, &cost("0.2")).is_err());
}

#[test]
fn usage_of_a_rule_that_counts_otherwise_is_left_out() {
    let mut rules = declared();
    rules[1].key = BY_PRINCIPAL;
    rules[2].per = Some(MINUTE);
    rules.remove(0);
    let after = restarted(&used_world(), &rules, "2026-11-25T12:00:03Z");
    assert_eq!(after.limits.list(&after.moment), []);
}

#[test]
fn a_day_that_begins_a_month_is_not_that_month() {
    let day = Rule {
        tokens: Some(100),
        per: Some(Window::Day),
        ..rule("budget")
    };
    let month = Rule {
        per: Some(Window::Month),
        ..day.clone()
    };
    let mut before = World::new(std::slice::from_ref(&day));
    before.set_wall("2026-12-01T10:00:00Z");
    assert_eq!(before.spent(&who("ann"), &tokens(60), 1), 1);
    let left = |rule: Rule| {
        let after = restarted(&before, &[rule], "2026-12-01T11:00:00Z");
        100 - after
            .limits
            .list(&after.moment)
            .first()
            .map_or(0, |s| s.used)
    };
    assert_eq!((left(day), left(month)), (40, 100));
}

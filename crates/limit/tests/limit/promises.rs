//! What passes, what is refused, and what a refusal says and leaves alone.

use wardgate_limit::{Dimension, Rule, Window, retry_after_seconds};
use wardgate_model::{MicroUsd, TenantId};

use crate::world::*;

#[test]
fn ten_of_twelve_calls_pass_under_ten_a_minute() {
    let mut world = World::new(&[Rule {
        key: BY_PRINCIPAL,
        calls: Some(10),
        per: Some(MINUTE),
        ..rule("floor")
    }]);
    assert_eq!(world.admitted(&who("ann"), 12), 10);
    assert_eq!(world.admitted(&who("bob"), 12), 10);
    let refusal = world.admit(&who("ann")).unwrap_err();
    assert_eq!(
        (&*refusal.rule, refusal.dimension),
        ("floor", Dimension::Calls)
    );
    assert_eq!((refusal.limit, refusal.remaining), (10, 0));
    assert_eq!(refusal.retry_after, Some(millis(60_000)));
    assert_eq!(refusal.reset_at, Some(world.moment.wall + millis(60_000)));
    assert_eq!(retry_after_seconds(&refusal), Some(60));
    world.pass(millis(60_000));
    assert_eq!(world.admitted(&who("ann"), 12), 10);
}

#[test]
fn a_burst_is_exact_and_then_calls_keep_the_pace() {
    let mut world = World::new(&[Rule {
        key: BY_PRINCIPAL,
        calls: Some(120),
        burst: Some(40),
        per: Some(MINUTE),
        ..rule("floor")
    }]);
    assert_eq!(world.admitted(&who("ann"), 100), 40);
    world.pass(millis(499));
    assert_eq!(world.admitted(&who("ann"), 1), 0);
    world.pass(millis(1));
    assert_eq!(world.admitted(&who("ann"), 2), 1);
    let mut in_the_first_minute = 41;
    for _ in 0..118 {
        world.pass(millis(500));
        in_the_first_minute += world.admitted(&who("ann"), 2);
    }
    assert_eq!(in_the_first_minute, 120);
}

#[test]
fn every_matching_rule_must_let_a_call_pass_and_a_refused_call_takes_from_none() {
    let world = World::new(&[
        Rule {
            key: BY_PRINCIPAL,
            calls: Some(100),
            per: Some(MINUTE),
            ..rule("wide")
        },
        Rule {
            key: BY_TENANT,
            calls: Some(3),
            per: Some(MINUTE),
            ..rule("narrow")
        },
        Rule {
            key: BY_TENANT,
            concurrency: Some(50),
            ..rule("places")
        },
    ]);
    assert_eq!(world.admitted(&who("ann"), 20), 3);
    let used: Vec<_> = world.limits.list(&world.moment);
    let used: Vec<_> = used.iter().map(|s| (&*s.rule, s.used)).collect();
    assert_eq!(used, [("wide", 3), ("narrow", 3)]);
}

#[test]
fn the_refusal_that_lasts_longest_is_told() {
    let mut world = World::new(&[
        Rule {
            calls: Some(1),
            per: Some(SECOND),
            ..rule("second")
        },
        Rule {
            calls: Some(1),
            per: Some(MINUTE),
            ..rule("minute")
        },
    ]);
    assert_eq!(world.admitted(&who("ann"), 1), 1);
    let refusal = world.admit(&who("ann")).unwrap_err();
    assert_eq!(&*refusal.rule, "minute");
    world.pass(refusal.retry_after.unwrap());
    assert_eq!(world.admitted(&who("ann"), 1), 1);
}

#[test]
fn a_rule_with_patterns_counts_matching_tools_only() {
    let world = World::new(&[Rule {
        tools: vec!["pay/refund_*".into()],
        calls: Some(1),
        per: Some(MINUTE),
        ..rule("refunds")
    }]);
    let spend = tokens(0);
    assert_eq!(world.admitted(&who("ann"), 5), 5);
    assert_eq!(
        world.spent(&who("ann").calls("pay", "refund_create"), &spend, 2),
        1
    );
    assert_eq!(
        world.spent(&who("ann").calls("pay", "refund_cancel"), &spend, 2),
        0
    );
    assert_eq!(world.spent(&who("ann").calls("pay", "get"), &spend, 2), 2);
    assert_eq!(
        world.spent(&who("ann").calls("crm", "refund_create"), &spend, 2),
        2
    );
}

#[test]
fn a_tenants_rule_holds_for_that_tenant_only() {
    let world = World::new(&[Rule {
        tenant: Some(TenantId::new("acme")),
        calls: Some(1),
        per: Some(MINUTE),
        ..rule("floor")
    }]);
    assert_eq!(world.admitted(&who("ann"), 2), 1);
    assert_eq!(world.admitted(&who("ann").of("globex"), 2), 2);
}

#[test]
fn principals_of_one_name_in_two_tenants_are_two() {
    let world = World::new(&[Rule {
        key: BY_PRINCIPAL,
        calls: Some(1),
        per: Some(MINUTE),
        ..rule("floor")
    }]);
    assert_eq!(world.admitted(&who("ann"), 2), 1);
    assert_eq!(world.admitted(&who("ann").of("globex"), 2), 1);
}

#[test]
fn places_come_back_however_a_call_ends() {
    let world = World::new(&[Rule {
        key: BY_TENANT,
        concurrency: Some(2),
        ..rule("places")
    }]);
    let first = world.admit(&who("ann")).unwrap();
    let second = world.admit(&who("bob")).unwrap();
    let refusal = world.admit(&who("ann")).unwrap_err();
    assert_eq!(
        (refusal.dimension, refusal.limit),
        (Dimension::Concurrency, 2)
    );
    assert!(refusal.retry_after.is_some());
    drop(first);
    let third = world.admit(&who("ann")).unwrap();
    drop((second, third));
    assert_eq!(world.limits.list(&world.moment), []);
}

#[test]
fn a_rule_with_places_and_a_budget_holds_one_place_per_call() {
    let world = World::new(&[Rule {
        key: BY_TENANT,
        concurrency: Some(1),
        tokens: Some(100),
        per: Some(Window::Day),
        ..rule("both")
    }]);
    let slot = world.admit(&who("ann")).unwrap();
    let reservation = world.reserve(&who("ann"), &tokens(10)).unwrap();
    reservation.settle(&tokens(10));
    assert!(world.admit(&who("ann")).is_err());
    drop(slot);
    assert!(world.admit(&who("ann")).is_ok());
}

#[test]
fn who_waits_for_a_person_holds_its_budget_but_no_place() {
    let world = World::new(&[
        Rule {
            concurrency: Some(1),
            ..rule("places")
        },
        Rule {
            key: BY_TOOL,
            concurrency: Some(1),
            ..rule("tool places")
        },
        Rule {
            cost: MicroUsd::parse("0.03"),
            per: Some(Window::Day),
            ..rule("day")
        },
    ]);
    let caller = who("ann").calls("pay", "refund_create");
    let mut slot = world.admit(&caller).unwrap();
    let mut reservation = world.reserve(&caller, &cost("0.02")).unwrap();
    slot.leave();
    reservation.slot().leave();

    let mut other = world.admit(&caller).unwrap();
    let free = world.reserve(&caller, &cost("0.01")).unwrap();
    let over = world.admit(&caller).unwrap_err();
    assert_eq!(over.dimension, Dimension::Concurrency);
    assert!(slot.return_to().is_err());
    assert!(reservation.slot().return_to().is_err());
    other.leave();
    drop(free);
    slot.return_to().unwrap();
    slot.return_to().unwrap();
    reservation.slot().return_to().unwrap();
    assert!(other.return_to().is_err());
    let broke = world.reserve(&caller, &cost("0.02")).unwrap_err();
    assert_eq!(broke.dimension, Dimension::CostUsd);
    drop((slot, other));
    drop(reservation);
    assert_eq!(world.limits.list(&world.moment), []);
}

#[test]
fn settling_charges_the_difference_or_gives_it_back() {
    for per in [MINUTE, Window::Day, Window::Month] {
        let mut world = World::new(&[Rule {
            key: BY_TENANT,
            tokens: Some(100),
            per: Some(per),
            ..rule("budget")
        }]);
        let used = |world: &World| {
            world
                .limits
                .list(&world.moment)
                .first()
                .map_or(0, |s| s.used)
        };
        let caller = who("ann").calls("crm", "search");
        let (less, more, none) = (
            world.reserve(&caller, &tokens(30)).unwrap(),
            world.reserve(&caller, &tokens(30)).unwrap(),
            world.reserve(&caller, &tokens(30)).unwrap(),
        );
        assert!(world.reserve(&caller, &tokens(30)).is_err());
        world.pass(millis(5));
        less.settle(&tokens(10));
        assert_eq!(used(&world), 70);
        more.settle(&tokens(75));
        assert_eq!(used(&world), 115);
        drop(none);
        assert_eq!(used(&world), 85);
        assert_eq!(
            world.reserve(&caller, &tokens(16)).unwrap_err().remaining,
            15
        );
    }
}

#[test]
fn a_call_given_back_may_be_made_again() {
    let world = World::new(&[Rule {
        key: BY_TOOL,
        calls: Some(5),
        burst: Some(1),
        per: Some(MINUTE),
        ..rule("tool")
    }]);
    let caller = who("ann").calls("pay", "refund_create");
    drop(world.reserve(&caller, &tokens(0)).unwrap());
    assert_eq!(world.spent(&caller, &tokens(0), 2), 1);
}

#[test]
fn a_call_larger_than_the_limit_is_never_told_to_wait() {
    for per in [MINUTE, Window::Month] {
        let world = World::new(&[Rule {
            tokens: Some(100),
            per: Some(per),
            ..rule("budget")
        }]);
        let refusal = world.reserve(&who("ann"), &tokens(101)).unwrap_err();
        assert_eq!((refusal.retry_after, refusal.reset_at), (None, None));
        assert_eq!(refusal.remaining, 100);
    }
}

#[test]
fn money_is_counted_exactly() {
    let world = World::new(&[Rule {
        cost: MicroUsd::parse("0.3"),
        per: Some(Window::Month),
        ..rule("month")
    }]);
    let caller = who("ann").calls("pay", "refund_create");
    assert_eq!(world.spent(&caller, &cost("0.1"), 5), 3);
}

#[test]
fn a_month_begins_with_the_calendar_in_utc() {
    let mut world = World::new(&[Rule {
        key: BY_TENANT,
        cost: MicroUsd::parse("1"),
        per: Some(Window::Month),
        ..rule("month")
    }]);
    world.set_wall("2026-11-30T23:59:59Z");
    let caller = who("ann").calls("pay", "refund_create");
    assert_eq!(world.spent(&caller, &cost("0.5"), 3), 2);
    let refusal = world.reserve(&caller, &cost("0.5")).unwrap_err();
    assert_eq!(refusal.reset_at, "2026-12-01T00:00:00Z".parse().ok());
    world.pass(millis(1000));
    assert_eq!(world.spent(&caller, &cost("0.5"), 3), 2);
}

#[test]
fn no_step_of_the_wall_clock_changes_a_rate() {
    let mut world = World::new(&[Rule {
        calls: Some(10),
        burst: Some(5),
        per: Some(SECOND),
        ..rule("floor")
    }]);
    assert_eq!(world.admitted(&who("ann"), 9), 5);
    for wall in [
        "2026-11-24T12:00:00Z",
        "2036-01-01T00:00:00Z",
        "1999-12-31T23:59:60Z",
    ] {
        world.set_wall(wall);
        assert_eq!(world.admitted(&who("ann"), 1), 0);
    }
    world.pass(millis(100));
    assert_eq!(world.admitted(&who("ann"), 2), 1);
}

#[test]
fn a_budget_that_is_used_up_refuses_calls_nobody_could_estimate() {
    let world = World::new(&[
        Rule {
            tokens: Some(10),
            per: Some(Window::Day),
            ..rule("tokens")
        },
        Rule {
            cost: MicroUsd::parse("0"),
            per: Some(Window::Day),
            ..rule("free tools only")
        },
    ]);
    assert_eq!(world.spent(&who("ann"), &tokens(10), 1), 1);
    let refusal = world.reserve(&who("ann"), &tokens(0)).unwrap_err();
    assert_eq!(&*refusal.rule, "tokens");
    let refusal = world.reserve(&who("ann"), &cost("0.01")).unwrap_err();
    assert_eq!(&*refusal.rule, "free tools only");
}

//! Other rules in force: what is kept and what begins again.

use wardgate_limit::{Rule, Window};

use crate::world::*;

fn floor() -> Rule {
    Rule {
        key: BY_PRINCIPAL,
        calls: Some(10),
        per: Some(MINUTE),
        ..rule("floor")
    }
}

/// How many more calls pass after seven did and `change` came into force.
fn left_after(change: Rule) -> usize {
    let world = World::new(&[floor()]);
    assert_eq!(world.admitted(&who("ann"), 7), 7);
    world.limits.replace(rules(&[change]));
    world.admitted(&who("ann"), 100)
}

#[test]
fn a_rule_of_the_same_name_key_and_window_keeps_its_counters() {
    assert_eq!(left_after(floor()), 3);
    assert_eq!(
        left_after(Rule {
            calls: Some(20),
            ..floor()
        }),
        13
    );
    assert_eq!(
        left_after(Rule {
            calls: Some(5),
            ..floor()
        }),
        0
    );
    assert_eq!(
        left_after(Rule {
            tokens: Some(9),
            ..floor()
        }),
        3
    );
}

#[test]
fn any_other_rule_begins_anew() {
    assert_eq!(
        left_after(Rule {
            name: "roof".into(),
            ..floor()
        }),
        10
    );
    assert_eq!(
        left_after(Rule {
            key: BY_TENANT,
            ..floor()
        }),
        10
    );
    assert_eq!(
        left_after(Rule {
            per: Some(Window::Day),
            ..floor()
        }),
        10
    );
}

#[test]
fn calls_under_way_come_back_to_the_counter_they_were_taken_from() {
    let places = Rule {
        key: BY_TENANT,
        concurrency: Some(1),
        ..rule("places")
    };
    let budget = Rule {
        tokens: Some(10),
        per: Some(Window::Day),
        ..rule("day")
    };
    let world = World::new(&[places.clone(), budget.clone()]);
    let slot = world.admit(&who("ann")).unwrap();
    let reservation = world.reserve(&who("ann"), &tokens(10)).unwrap();
    world.limits.replace(rules(&[budget, places]));
    assert!(world.admit(&who("ann")).is_err());
    assert!(world.reserve(&who("ann"), &tokens(1)).is_err());
    drop(slot);
    reservation.settle(&tokens(4));
    assert!(world.admit(&who("ann")).is_ok());
    assert_eq!(world.spent(&who("ann"), &tokens(6), 2), 1);
}

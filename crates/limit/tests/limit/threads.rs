//! Racing calls: never more than the limit, never fewer.

use std::{
    sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use wardgate_limit::{Rule, Window};
use wardgate_model::MicroUsd;

use crate::world::*;

/// Runs `work` on `threads` threads at once, and adds up what it returns.
fn race(threads: usize, work: impl Fn(usize) -> usize + Sync) -> usize {
    let (start, total) = (Barrier::new(threads), AtomicUsize::new(0));
    thread::scope(|scope| {
        for number in 0..threads {
            let (start, total, work) = (&start, &total, &work);
            scope.spawn(move || {
                start.wait();
                total.fetch_add(work(number), Ordering::Relaxed);
            });
        }
    });
    total.into_inner()
}

#[test]
fn exactly_as_many_racing_calls_pass_as_the_limit_says() {
    let world = World::new(&[
        Rule {
            key: BY_TENANT,
            calls: Some(700),
            per: Some(MINUTE),
            ..rule("tenant")
        },
        Rule {
            key: BY_PRINCIPAL,
            calls: Some(100),
            per: Some(MINUTE),
            ..rule("each")
        },
    ]);
    let passed = race(8, |thread| {
        world.admitted(&who(&format!("agent-{thread}")), 500)
    });
    assert_eq!(passed, 700);
}

#[test]
fn racing_calls_hold_no_more_places_than_there_are() {
    let world = World::new(&[
        Rule {
            key: BY_TENANT,
            concurrency: Some(3),
            ..rule("tenant")
        },
        Rule {
            concurrency: Some(3),
            ..rule("all")
        },
    ]);
    let (under_way, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    race(8, |_| {
        for _ in 0..2000 {
            if let Ok(slot) = world.admit(&who("ann")) {
                most.fetch_max(
                    under_way.fetch_add(1, Ordering::SeqCst) + 1,
                    Ordering::SeqCst,
                );
                under_way.fetch_sub(1, Ordering::SeqCst);
                drop(slot);
            }
        }
        0
    });
    assert!((1..=3).contains(&most.into_inner()));
    assert_eq!(world.limits.list(&world.moment), []);
}

#[test]
fn of_three_parallel_calls_at_two_cents_five_cents_pay_for_two() {
    for _ in 0..50 {
        let world = World::new(&[Rule {
            key: BY_TENANT,
            cost: MicroUsd::parse("0.05"),
            per: Some(Window::Month),
            ..rule("month")
        }]);
        let caller = who("ann").calls("pay", "refund_create");
        let asked = Barrier::new(3);
        let passed = race(3, |_| {
            let reservation = world.reserve(&caller, &cost("0.02"));
            asked.wait();
            let Ok(reservation) = reservation else {
                return 0;
            };
            reservation.settle(&cost("0.02"));
            1
        });
        assert_eq!(passed, 2);
        assert_eq!(world.limits.list(&world.moment)[0].used, 40_000);
    }
}

#[test]
fn rules_may_change_places_under_racing_calls() {
    let one = Rule {
        key: BY_TENANT,
        concurrency: Some(2),
        ..rule("one")
    };
    let two = Rule {
        key: BY_TENANT,
        concurrency: Some(2),
        ..rule("two")
    };
    let world = World::new(&[one.clone(), two.clone()]);
    race(4, |thread| {
        for _ in 0..500 {
            if thread == 0 {
                world.limits.replace(rules(&[two.clone(), one.clone()]));
                world.limits.replace(rules(&[one.clone(), two.clone()]));
                world.limits.sweep(&world.moment);
            } else if let Ok(mut slot) = world.admit(&who("ann")) {
                slot.leave();
                let _either_way = slot.return_to();
            }
        }
        0
    });
    assert_eq!(world.limits.list(&world.moment), []);
}

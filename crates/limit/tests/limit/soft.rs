//! The soft share of a limit: one warning per window and key.

use wardgate_limit::{Dimension, Rule, Share, Window};
use wardgate_model::MicroUsd;

use crate::world::*;

fn month(per: Window) -> Rule {
    Rule {
        key: BY_TENANT,
        cost: MicroUsd::parse("1"),
        per: Some(per),
        soft: Share::per_mille(800),
        ..rule("month")
    }
}

#[test]
fn reaching_the_share_warns_once_per_window_and_key() {
    let next = [(Window::Day, 86_400_000), (MINUTE, 60_000)];
    for (per, window_ms) in next {
        let mut world = World::new(&[month(per)]);
        let caller = who("ann").calls("pay", "refund_create");
        for _ in 0..2 {
            let calm = world.reserve(&caller, &cost("0.79")).unwrap();
            assert_eq!(calm.warnings(), []);
            let warnings = calm.settle(&cost("0.8"));
            assert_eq!(warnings.len(), 1);
            assert_eq!((&*warnings[0].rule, warnings[0].used), ("month", 800_000));
            assert_eq!(warnings[0].dimension, Dimension::CostUsd);
            assert_eq!(warnings[0].key.tenant, Some(caller.tenant.clone()));
            let again = world.reserve(&caller, &cost("0.1")).unwrap();
            assert_eq!(again.warnings(), []);
            assert_eq!(again.settle(&cost("0.1")), []);
            world.pass(millis(window_ms));
        }
        let other = caller.of("globex");
        let reservation = world.reserve(&other, &cost("0.9")).unwrap();
        assert_eq!(reservation.warnings().len(), 1);
    }
}

#[test]
fn calls_warn_when_they_are_admitted() {
    let world = World::new(&[Rule {
        calls: Some(5),
        per: Some(Window::Day),
        soft: Share::per_mille(600),
        ..rule("day")
    }]);
    let warned = || world.admit(&who("ann")).unwrap().warnings().len();
    assert_eq!([warned(), warned(), warned(), warned()], [0, 0, 1, 0]);
}

#[test]
fn shares_are_above_none_and_at_most_the_whole() {
    assert_eq!(Share::per_mille(0), None);
    assert_eq!(Share::per_mille(1001), None);
}

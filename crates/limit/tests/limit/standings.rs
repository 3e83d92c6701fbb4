//! What a client's headers and an operator's list say.

use wardgate_limit::{Dimension, Rule, Window, rate_limit, rate_limit_policy};
use wardgate_model::MicroUsd;

use crate::world::*;

fn tell(world: &World, caller: &Who) -> [String; 2] {
    let standing = world
        .limits
        .standing(&caller.facts(), &world.moment)
        .unwrap();
    [rate_limit_policy(&standing), rate_limit(&standing)]
}

#[test]
fn the_tightest_limit_is_told() {
    let mut world = World::new(&[
        Rule {
            key: BY_PRINCIPAL,
            calls: Some(100),
            per: Some(MINUTE),
            ..rule("minute")
        },
        Rule {
            key: BY_TENANT,
            calls: Some(1000),
            per: Some(Window::Day),
            ..rule("day")
        },
    ]);
    assert_eq!(world.admitted(&who("ann"), 50), 50);
    world.pass(millis(20_000));
    assert_eq!(
        tell(&world, &who("ann")),
        [r#""minute";q=100;w=60"#, r#""minute";r=50;t=40"#]
    );
    let day = [r#""day";q=1000;w=86400"#, r#""day";r=950;t=43180"#];
    assert_eq!(tell(&world, &who("bob")), day);
}

#[test]
fn the_headers_and_retry_after_name_one_instant() {
    let mut world = World::new(&[Rule {
        key: BY_PRINCIPAL,
        calls: Some(10),
        burst: Some(4),
        per: Some(MINUTE),
        ..rule("floor")
    }]);
    assert_eq!(world.admitted(&who("ann"), 4), 4);
    world.pass(millis(1_500));
    let refusal = world.admit(&who("ann")).unwrap_err();
    assert_eq!(refusal.retry_after, Some(millis(4_500)));
    assert_eq!(tell(&world, &who("ann"))[1], r#""floor";r=0;t=5"#);
}

#[test]
fn no_client_learns_what_other_tenants_do() {
    let world = World::new(&[Rule {
        calls: Some(10),
        per: Some(MINUTE),
        ..rule("all")
    }]);
    assert_eq!(world.admitted(&who("ann"), 9), 9);
    assert_eq!(
        world
            .limits
            .standing(&who("ann").of("globex").facts(), &world.moment),
        None
    );
}

#[test]
fn asking_takes_nothing_and_tracks_nobody() {
    let world = World::new(&[Rule {
        key: BY_PRINCIPAL,
        calls: Some(1),
        per: Some(MINUTE),
        ..rule("floor")
    }]);
    for _ in 0..3 {
        assert_eq!(tell(&world, &who("ann"))[1], r#""floor";r=1;t=0"#);
        let (facts, moment) = (who("ann"), &world.moment);
        assert_eq!(world.limits.would_admit(&facts.facts(), moment), Ok(()));
    }
    assert_eq!(world.limits.list(&world.moment), []);
    assert_eq!(world.limits.usage(&world.moment).entries, []);
    assert_eq!(world.limits.unused(&world.moment).len(), 1);
    assert_eq!(world.admitted(&who("ann"), 2), 1);
    let refused = world.limits.would_admit(&who("ann").facts(), &world.moment);
    assert_eq!(&*refused.unwrap_err().rule, "floor");
    assert_eq!(world.limits.unused(&world.moment), []);
}

#[test]
fn the_list_shows_every_key_that_took_something() {
    let world = World::new(&[
        Rule {
            key: BY_PRINCIPAL,
            concurrency: Some(4),
            calls: Some(10),
            per: Some(MINUTE),
            ..rule("floor")
        },
        Rule {
            key: BY_TENANT,
            cost: MicroUsd::parse("5"),
            per: Some(Window::Month),
            ..rule("month")
        },
    ]);
    let _slot = world.admit(&who("bob")).unwrap();
    assert_eq!(world.admitted(&who("ann"), 2), 2);
    assert_eq!(world.spent(&who("ann"), &cost("1.5"), 1), 1);
    let list = world.limits.list(&world.moment);
    let told: Vec<_> = list
        .iter()
        .map(|s| {
            (
                &*s.rule,
                s.key.principal.as_ref().map(|p| p.as_str()),
                s.dimension,
                s.used,
                s.remaining,
            )
        })
        .collect();
    let expected = [
        ("floor", Some("ann"), Dimension::Calls, 2, 8),
        ("floor", Some("bob"), Dimension::Calls, 1, 9),
        ("floor", Some("bob"), Dimension::Concurrency, 1, 3),
        ("month", None, Dimension::CostUsd, 1_500_000, 3_500_000),
    ];
    assert_eq!(told, expected);
}

//! Candidate rules against calls of the past.

use jiff::Timestamp;
use wardgate_limit::{Dimension, Event, Refused, Rule, Spend, Window, simulate};
use wardgate_model::{Identity, MicroUsd, TenantId};

use crate::world::*;

fn event(principal: &str, second: i64, took: Spend) -> Event {
    let caller = who(principal).calls("pay", "refund_create");
    Event {
        at: Timestamp::from_second(1_790_000_000 + second).unwrap(),
        caller: Identity {
            tenant: caller.tenant,
            principal: caller.principal,
        },
        toolset: caller.toolset,
        tool: caller.tool,
        took,
    }
}

#[test]
fn a_report_says_how_many_and_which_calls_would_have_been_refused() {
    let floor = Rule {
        key: BY_PRINCIPAL,
        calls: Some(5),
        per: Some(MINUTE),
        ..rule("floor")
    };
    let budget = Rule {
        tenant: Some(TenantId::new("acme")),
        cost: MicroUsd::parse("0.05"),
        per: Some(Window::Month),
        ..rule("month")
    };
    let mut events: Vec<Event> = (0..10).map(|n| event("ann", n, cost("0"))).collect();
    events.extend((100..103).map(|n| event("bob", n, cost("0.02"))));
    events.reverse();
    let report = simulate(rules(&[floor, budget]), &events);
    assert_eq!(report.calls, 13);
    assert_eq!(report.refused.len(), 6);
    assert_eq!(
        report.by_rule.into_iter().collect::<Vec<_>>(),
        [("acme/month".into(), 1), ("floor".into(), 5)]
    );
    let by_principal: Vec<_> = report.by_principal.into_iter().collect();
    assert_eq!(
        by_principal,
        [("acme/ann".into(), 5), ("acme/bob".into(), 1)]
    );
    let last = Refused {
        event: 0,
        rule: "acme/month".into(),
        dimension: Dimension::CostUsd,
    };
    assert_eq!(report.refused.last(), Some(&last));
}

#[test]
fn simulated_calls_hold_their_places_as_long_as_they_computed() {
    let places = Rule {
        concurrency: Some(1),
        ..rule("places")
    };
    let long = Spend {
        compute: millis(10_000),
        ..Spend::default()
    };
    let events = [
        event("ann", 0, long),
        event("bob", 9, long),
        event("cid", 10, long),
    ];
    let report = simulate(rules(&[places]), &events);
    let refused: Vec<_> = report.refused.iter().map(|r| r.event).collect();
    assert_eq!(refused, [1]);
}

#[test]
fn no_calls_are_no_refusals() {
    assert_eq!(simulate(rules(&[]), &[]), wardgate_limit::Report::default());
}

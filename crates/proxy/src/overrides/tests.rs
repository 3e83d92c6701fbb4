//! What each kind of override covers, and until when.

use wardgate_model::{PrincipalId, TenantId};

use super::*;

fn subject() -> Subject {
    Subject {
        caller: Identity {
            tenant: TenantId::new("acme"),
            principal: PrincipalId::new("caller"),
        },
        toolset: ToolsetName::new("finance"),
    }
}

fn refund() -> Aim {
    Aim {
        server: ServerName::new("com.acme/payments"),
        alias: Alias::new("pay"),
        tool: Some("refund_create".to_owned()),
        may_write: true,
    }
}

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn set(effect: OverrideEffect, kind: &str, value: &str) -> Overrides {
    Overrides::new([Arc::new(Rule {
        id: OverrideId::new("ovr_1"),
        effect,
        matches: OverrideMatch::parse(kind, value).unwrap(),
        reason: "because".to_owned(),
        cancels: false,
        expires_at: Some(second(100)),
    })])
}

#[test]
fn each_kind_stops_what_it_names_and_nothing_else() {
    for (kind, value, stops) in [
        ("tool", "pay/refund_create", true),
        ("tool", "pay/refund_cancel", false),
        ("tool", "crm/refund_create", false),
        ("server", "com.acme/payments", true),
        ("server", "pay", true),
        ("server", "crm", false),
        ("toolset", "finance", true),
        ("toolset", "support", false),
        ("tenant", "acme", true),
        ("tenant", "other", false),
        ("principal", "acme/caller", true),
        ("principal", "other/caller", false),
        ("all-writes", "", true),
        ("everything", "", true),
    ] {
        let set = set(OverrideEffect::Deny, kind, value);
        let stopped = set.stops(&subject(), Some(&refund()), second(1));
        assert_eq!(stopped.is_some(), stops, "{kind} {value}");
        assert!(set.lifts(&subject(), &refund(), second(1)).is_none());
    }
}

#[test]
fn what_only_reads_goes_on_while_writes_are_stopped() {
    let reads = Aim {
        may_write: false,
        ..refund()
    };
    let writes = set(OverrideEffect::Deny, "all-writes", "");
    assert!(writes.stops(&subject(), Some(&reads), second(1)).is_none());
    let everything = set(OverrideEffect::Deny, "everything", "");
    assert!(
        everything
            .stops(&subject(), Some(&reads), second(1))
            .is_some()
    );
}

#[test]
fn before_the_aim_is_known_only_callers_are_stopped() {
    for (kind, value, stops) in [
        ("tenant", "acme", true),
        ("principal", "acme/caller", true),
        ("toolset", "finance", false),
        ("everything", "", false),
    ] {
        let set = set(OverrideEffect::Deny, kind, value);
        assert_eq!(set.stops(&subject(), None, second(1)).is_some(), stops);
    }
}

#[test]
fn a_rule_ends_the_moment_it_expires() {
    let set = set(OverrideEffect::Deny, "everything", "");
    assert!(set.stops(&subject(), Some(&refund()), second(99)).is_some());
    assert!(
        set.stops(&subject(), Some(&refund()), second(100))
            .is_none()
    );
}

#[test]
fn break_glass_and_freeze_stop_nothing() {
    for effect in [OverrideEffect::Allow, OverrideEffect::Freeze] {
        let set = set(effect, "tool", "pay/refund_create");
        assert!(set.stops(&subject(), Some(&refund()), second(1)).is_none());
        let lifts = set.lifts(&subject(), &refund(), second(1)).is_some();
        assert_eq!(lifts, effect == OverrideEffect::Allow);
    }
}

//! What operators may ask for, and what is written down of it.

use wardgate_model::{Identity, PersonId, PrincipalId, PrincipalKind};

use super::*;

fn operator() -> Operator {
    Operator {
        identity: Identity {
            tenant: TenantId::new("acme"),
            principal: PrincipalId::new("oncall"),
        },
        kind: PrincipalKind::User,
        auth: "api_key".to_owned(),
        person: PersonId::new("acme/oncall"),
    }
}

fn moment() -> Moment {
    Moment {
        at: jiff::Timestamp::from_second(1_000).unwrap(),
        randomness: [7; 10],
    }
}

fn wanted(effect: OverrideEffect, kind: &str, value: &str) -> Wanted {
    Wanted {
        effect,
        matches: OverrideMatch::parse(kind, value).unwrap(),
        reason: " INC-88 ".to_owned(),
        until: Until::After(LASTS_DEFAULT),
        cancel: false,
    }
}

#[test]
fn what_is_asked_for_ends_by_itself_and_says_why() {
    let wanted = wanted(OverrideEffect::Deny, "tool", "pay/refund_create");
    let item = ordered(&operator(), wanted, moment()).unwrap();
    assert_eq!(item.reason, "INC-88");
    assert_eq!(item.expires_at, Some(Timestamp::from_millis(4_600_000)));
    assert!(item.id.as_str().starts_with("ovr_"));
}

#[test]
fn what_may_not_be_asked_for_is_refused() {
    let deny = || wanted(OverrideEffect::Deny, "server", "pay");
    let allow = || wanted(OverrideEffect::Allow, "server", "pay");
    let with = |wanted: Wanted, reason: &str, until: Until| Wanted {
        reason: reason.to_owned(),
        until,
        ..wanted
    };
    let hours = |hours| Until::After(Duration::from_hours(hours));
    let everything = wanted(OverrideEffect::Allow, "all-writes", "");
    let cancelling = Wanted {
        cancel: true,
        ..allow()
    };
    for (wanted, said) in [
        (with(deny(), "  ", hours(1)), "a reason is needed"),
        (
            with(deny(), &"x".repeat(501), hours(1)),
            "a reason has at most 500 characters",
        ),
        (
            with(deny(), "x", Until::After(Duration::ZERO)),
            "an override lasts at least a second",
        ),
        (
            with(deny(), "x", hours(24 * 367)),
            "it cannot last that long: at most 8784 hours, or until lifted",
        ),
        (
            with(allow(), "x", hours(25)),
            "it cannot last that long: at most 24 hours, or until lifted",
        ),
        (
            with(allow(), "x", Until::Lifted),
            "break-glass ends by itself: it cannot be until lifted",
        ),
        (
            everything,
            "break-glass is for one tool, server, toolset, tenant or principal",
        ),
        (cancelling, "break-glass cancels nothing"),
    ] {
        let fault = ordered(&operator(), wanted, moment()).unwrap_err();
        assert_eq!(fault.to_string(), said);
    }
}

#[test]
fn the_record_of_an_expiry_is_the_same_whoever_writes_it() {
    let wanted = wanted(OverrideEffect::Deny, "tool", "pay/refund_create");
    let item = ordered(&operator(), wanted, moment()).unwrap();
    let tenant = TenantId::new("local");
    let [one, other] = [0; 2].map(|_| expired(&item, &tenant).unwrap());
    assert_eq!(one.id, other.id);
    assert_eq!(one.kind.as_str(), "override.expire");
    let decision = one.decision.unwrap();
    assert_eq!(decision.overridden.unwrap().as_str(), item.id.as_str());
}

#[test]
fn who_rules_over_one_tenant_stops_nobody_elses_calls() {
    let own = Reach::Tenant(TenantId::new("acme"));
    for (kind, value, within, shown) in [
        ("tenant", "acme", true, true),
        ("principal", "acme/ana", true, true),
        ("tenant", "globex", false, false),
        ("principal", "globex/ana", false, false),
        ("tool", "pay/refund_create", false, true),
        ("all-writes", "", false, true),
    ] {
        let matches = OverrideMatch::parse(kind, value).unwrap();
        assert_eq!(is_within(&own, &matches), within, "{kind} {value}");
        assert_eq!(is_shown(&own, &matches), shown, "{kind} {value}");
        assert!(is_within(&Reach::Everywhere, &matches));
    }
}

//! Arguments as policies see them: typed by the schema, exact, or the call is denied.

mod world;

use wardgate_policy::{Effect, Reason};
use world::{World, raw};

/// The verdict of `permit … when { condition }` on these arguments of `pay/refund`.
fn check(condition: &str, arguments: &str, reason: Reason) {
    let text = format!("permit (principal, action, resource) when {{ {condition} }};");
    let mut world = World::new(&text);
    world.arguments = raw(arguments);
    let decision = world.decide();
    assert_eq!(
        decision.reason, reason,
        "{condition} on {arguments}\n{:?}",
        decision.failures
    );
}

const YES: Reason = Reason::Permitted;
const NO: Reason = Reason::NoPermit;
const ERROR: Reason = Reason::PolicyError;

#[test]
fn integers_are_long_and_numbers_are_decimal() {
    check("context.input.count > 2", r#"{"count": 3}"#, YES);
    check("context.input.count > 2", r#"{"count": 2}"#, NO);
    check("context.input.count > 2", r#"{"count": 3.0}"#, YES);
    check("context.input.count > 2", r#"{"count": 3e2}"#, YES);
    let amount = r#"context.input.amount.lessThan(decimal("100.0"))"#;
    check(amount, r#"{"amount": 99.9999}"#, YES);
    check(amount, r#"{"amount": 100}"#, NO);
    check(amount, r#"{"amount": -1e2}"#, YES);
}

#[test]
fn what_cedar_cannot_hold_denies() {
    let amount = r#"context.input.amount.lessThan(decimal("100.0"))"#;
    check(amount, r#"{"amount": 99.99999}"#, ERROR);
    check(amount, r#"{"amount": 1e40}"#, ERROR);
    check(
        "context.input.count > 2",
        r#"{"count": 9223372036854775808}"#,
        ERROR,
    );
    let when = r#"context.input.when > datetime("2026-01-01")"#;
    check(when, r#"{"when": "2026-02-01T00:00:00.000001Z"}"#, ERROR);
}

#[test]
fn a_wrong_type_denies_and_nothing_is_coerced() {
    check("context.input.count > 2", r#"{"count": "3"}"#, ERROR);
    check("context.input.count > 2", r#"{"count": 3.5}"#, ERROR);
    check("context.input.count > 2", r#"{"count": true}"#, ERROR);
    check(r#"context.input.id == "r1""#, r#"{"id": ["r1"]}"#, ERROR);
    check(r#"context.input.id == "r1""#, r#"{"id": null}"#, ERROR);
    check(
        r#"context.input.to.iban like "DE*""#,
        r#"{"to": "DE"}"#,
        ERROR,
    );
    check(
        r#"context.input.tags.contains("a")"#,
        r#"{"tags": "a"}"#,
        ERROR,
    );
    check(
        r#"context.input.tags.contains("a")"#,
        r#"{"tags": ["a", 1]}"#,
        ERROR,
    );
}

#[test]
fn a_missing_argument_denies_unless_the_rule_asks_whether_it_is_there() {
    check(r#"context.input.note == "x""#, "{}", ERROR);
    check(r#"context.input.note == "x""#, r#"{"note": null}"#, ERROR);
    check(
        r#"context.input has note && context.input.note == "x""#,
        "{}",
        NO,
    );
    check(
        r#"context.input has note && context.input.note == "x""#,
        r#"{"note": "x"}"#,
        YES,
    );
    check(r#"!(context.input has note)"#, r#"{"note": null}"#, YES);
}

#[test]
fn a_forbid_that_cannot_read_its_argument_still_denies() {
    let text = r#"permit (principal, action, resource);
        forbid (principal, action, resource) when { context.input.amount.greaterThan(decimal("100.0")) };"#;
    let mut world = World::new(text);
    for arguments in [
        "{}",
        r#"{"amount": "500"}"#,
        r#"{"amount": 1e99}"#,
        r#"{"amount": 1, "amount": 500}"#,
    ] {
        world.arguments = raw(arguments);
        assert_eq!(world.decide().effect, Effect::Deny, "{arguments}");
    }
    world.arguments = raw(r#"{"amount": 100.0}"#);
    assert_eq!(world.decide().effect, Effect::Allow);
}

#[test]
fn a_member_that_is_there_twice_denies() {
    check(
        r#"context.input has note"#,
        r#"{"note": "x", "note": null}"#,
        ERROR,
    );
    check(
        r#"context.input.id == "r1""#,
        r#"{"id": "r1", "id": "r2"}"#,
        ERROR,
    );
    check(
        r#"context.input.id == "r1""#,
        r#"{"id": "r1", "\u0069d": "r2"}"#,
        ERROR,
    );
}

#[test]
fn dates_and_addresses_are_read_by_their_format() {
    let when = r#"context.input.when > datetime("2026-01-01")"#;
    check(when, r#"{"when": "2026-01-01T01:00:00+02:00"}"#, NO);
    check(when, r#"{"when": "2026-01-01T00:00:00-01:00"}"#, YES);
    check(when, r#"{"when": "2026-03-01"}"#, YES);
    check(when, r#"{"when": "tomorrow"}"#, ERROR);
    let from = r#"context.input.from.isInRange(ip("10.0.0.0/8"))"#;
    check(from, r#"{"from": "10.1.2.3"}"#, YES);
    check(from, r#"{"from": "11.1.2.3"}"#, NO);
    check(from, r#"{"from": "10.0.0.0/8"}"#, ERROR);
}

#[test]
fn lists_records_and_odd_names_are_read() {
    check(
        r#"context.input.tags.containsAll(["a", "b"])"#,
        r#"{"tags": ["b", "a", "c"]}"#,
        YES,
    );
    check(
        r#"context.input.to.iban like "DE*""#,
        r#"{"to": {"iban": "DE12"}}"#,
        YES,
    );
    check(
        r#"context.input["user-id"] == "u""#,
        r#"{"user-id": "u"}"#,
        YES,
    );
    check(r#"context.input == {"id": "r1"}"#, r#"{"id": "r1"}"#, YES);
}

#[test]
fn an_argument_that_no_rule_reads_denies_nothing() {
    check(
        r#"context.input.id == "r1""#,
        r#"{"id": "r1", "amount": 1.123456789, "any": [1, "a", null]}"#,
        YES,
    );
}

#[test]
fn an_argument_the_schema_does_not_describe_is_not_invisible() {
    check(
        "context.input has debug && context.input.debug",
        r#"{"debug": true}"#,
        YES,
    );
    check(r#"context.input.any == "x""#, r#"{"any": "x"}"#, YES);
    check(
        r#"context.input.any == {"a": [1]}"#,
        r#"{"any": {"a": [1]}}"#,
        YES,
    );
    check(
        r#"context.input.any == decimal("1.5")"#,
        r#"{"any": 1.5}"#,
        YES,
    );
}

#[test]
fn deep_nesting_ends_in_a_deny() {
    let deep = format!("{{\"any\": {}1{}}}", "[".repeat(100), "]".repeat(100));
    check("context.input.any == 1", &deep, ERROR);
}

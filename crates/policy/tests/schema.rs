//! Policies against the tools they are about.

mod world;

use serde_json::json;
use wardgate_policy::{Fault, FaultKind, schema_for, validate};
use world::{policies, refund, status, tool};

fn check(text: &str) -> Vec<Fault> {
    validate(&policies(text), &[refund(), status()]).expect("a schema")
}

#[test]
fn the_schema_names_tools_and_arguments_by_their_own_names() {
    let odd = json!({"type": "object", "properties": {
        "user-id": {"type": "string"}, "in": {"type": "integer"}, "if": {"type": "object", "properties": {"String": {"type": "object", "properties": {"__cedar": {"type": "boolean"}}}}},
        "Long": {"type": "object", "properties": {"a": {"type": "number"}}}, "price": {"type": "number"},
        "rows": {"type": "array", "items": {"type": "object", "properties": {"x": {"type": "integer"}}}},
        "": {"type": "string"}, "\"; entity Evil": {"type": "string"}
    }, "required": ["user-id"]});
    let schema = schema_for(&[refund(), tool("pay/odd.name-é\"x", odd)]).expect("a schema");
    for line in [
        r#"action "pay/refund" in [Action::"call"]"#,
        r#"action "pay/odd.name-é\"x" in [Action::"call"]"#,
        r#""user-id": String"#,
        r#""in"?: Long"#,
        r#"price?: decimal"#,
    ] {
        assert!(schema.contains(line), "{line}\n{schema}");
    }
    let read = schema
        .parse::<cedar_policy::Schema>()
        .expect("Cedar reads what it wrote");
    assert!(read.entity_types().all(|kind| kind.to_string() != "Evil"));
}

#[test]
fn a_policy_that_fits_has_no_faults() {
    let faults = check(
        r#"permit (principal in Group::"support", action == Action::"pay/refund", resource)
           when { context.input.amount.lessThan(decimal("100.0")) && resource.risk == "high" && context.env == "prod" }
           unless { context.input has note && context.input.note like "*!*" };
           forbid (principal, action == Action::"pay/refund", resource)
           when { context.input has to && context.input.to.iban like "DE*" && context.now > datetime("2026-01-01") };
           forbid (principal is Agent, action in [Action::"read", Action::"prompt"], resource) unless { resource.reviewed };
           permit (principal, action == Action::"list", resource in Toolset::"finance");
           permit (principal, action == Action::"pay/refund", resource)
           when { context.input has "user-id" && context.input["user-id"] == "u" };"#,
    );
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn an_argument_that_does_not_exist_is_a_fault_with_the_arguments_there_are() {
    let faults = check(
        "permit (principal, action == Action::\"pay/status\", resource)\nwhen { context.input.amont == \"x\" };",
    );
    assert_eq!(faults.len(), 1, "{faults:#?}");
    assert_eq!(
        (faults[0].kind, faults[0].place.line, faults[0].place.column),
        (FaultKind::Type, 2, 8)
    );
    let hint = faults[0].hint.as_deref().expect("a hint");
    assert_eq!(
        hint,
        "`pay/status` has no argument `amont`; `pay/status` takes `id`"
    );
    assert!(faults[0].message.contains("amont"), "{}", faults[0].message);
}

#[test]
fn what_may_be_missing_must_be_asked_for() {
    let faults = check(
        r#"permit (principal, action == Action::"pay/refund", resource) when { context.input.note == "x" };"#,
    );
    let hint = faults[0].hint.as_deref().expect("a hint");
    assert!(
        hint.starts_with(
            "`note` of `pay/refund` may be missing: ask `context.input has note && …` first"
        ),
        "{hint}"
    );
}

#[test]
fn an_argument_without_a_type_cannot_be_written_about() {
    let faults = check(
        r#"permit (principal, action == Action::"pay/refund", resource) when { context.input.any == "x" };"#,
    );
    let hint = faults[0].hint.as_deref().expect("a hint");
    assert!(hint.contains("no single type"), "{hint}");
}

#[test]
fn wrong_types_unknown_actions_and_attributes_are_faults() {
    for text in [
        r#"permit (principal, action == Action::"pay/refund", resource) when { context.input.amount > 100 };"#,
        r#"permit (principal, action == Action::"pay/refnd", resource);"#,
        r#"permit (principal, action in Action::"call", resource) when { resource.riks == "low" };"#,
        r#"permit (principal is Robot, action, resource);"#,
        r#"permit (principal, action, resource) when { resource.risk == "low" };"#,
    ] {
        assert_eq!(check(text).len(), 1, "{text}");
    }
}

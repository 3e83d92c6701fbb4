//! Cases beside policies: what a wrong one says.

mod world;

use std::sync::Arc;

use serde_json::{Value, json};
use wardgate_policy::{CaseFile, CaseReport};
use world::{policies, refund};

const POLICIES: &str = r#"
    @id("small") @redact("pii") permit (principal, action == Action::"pay/refund", resource)
    when { context.input.amount.lessThan(decimal("100.0")) };
    @id("night") @approval("leads:1") forbid (principal is Agent, action in Action::"call", resource)
    when { context.now < datetime("2026-06-01") };
    @id("never") forbid (principal in Group::"banned", action in Action::"call", resource);"#;

fn run(cases: Value) -> CaseReport {
    let file: CaseFile = serde_json::from_value(json!({"cases": cases})).expect("cases");
    Arc::new(policies(POLICIES)).test(&[refund()], &file)
}

#[test]
fn a_case_that_holds_says_nothing_more() {
    let report = run(json!([
        {"principal": "acme/ann", "tool": "pay/refund", "args": {"id": "r", "amount": 99.5}, "expect": "allow",
         "rules": ["small"], "redact": ["pii"]},
        {"principal": "acme/bot", "kind": "agent", "tool": "pay/refund", "args": {"id": "r", "amount": 1}, "expect": "defer",
         "rules": ["night"]},
        {"principal": "acme/bot", "kind": "agent", "tool": "pay/refund", "args": {"id": "r", "amount": 1},
         "now": "2026-07-01T00:00:00Z", "expect": "allow"},
    ]));
    assert!(report.passed(), "{report:#?}");
    assert_eq!(report.results[0].to_string(), "ok     case 1");
    let policies = policies(POLICIES);
    let unhit: Vec<_> = report
        .unhit(&policies)
        .iter()
        .map(|rule| rule.id.as_str())
        .collect();
    assert_eq!(unhit, ["never"]);
}

#[test]
fn a_case_that_fails_shows_what_was_expected_and_what_came() {
    let report = run(
        json!([{"name": "large", "principal": "acme/ann", "tool": "pay/refund",
        "args": {"id": "r", "amount": 500}, "expect": "allow", "rules": ["small"], "redact": ["pii"]}]),
    );
    assert!(!report.passed());
    assert_eq!(
        report.results[0].to_string(),
        "FAILED large\n       - effect: allow\n       + effect: deny\n       - rules: [small]\n       + rules: []\n       - redact: [pii]\n       + redact: []"
    );
}

#[test]
fn a_failure_behind_a_wrong_case_is_told() {
    let report = run(
        json!([{"principal": "acme/ann", "tool": "pay/refund", "args": {"amount": "much"}, "expect": "allow"}]),
    );
    let told = report.results[0].to_string();
    assert!(
        told.contains("because argument `/amount` is not a number"),
        "{told}"
    );
}

#[test]
fn a_case_that_cannot_be_run_fails() {
    let case = |change: Value| {
        let mut case = json!({"principal": "acme/ann", "tool": "pay/refund", "expect": "deny"});
        case.as_object_mut()
            .expect("an object")
            .extend(change.as_object().expect("an object").clone());
        run(json!([case])).results[0].differences.clone()
    };
    assert_eq!(
        case(json!({"principal": "ann"})),
        ["principal: `ann` is not `tenant/name`"]
    );
    assert_eq!(
        case(json!({"tool": "refund"})),
        ["tool: `refund` is not `alias/tool`"]
    );
    assert_eq!(
        case(json!({"now": "noon"})),
        ["now: `noon` is no time such as `2026-01-01T00:00:00Z`"]
    );
    let unknown = json!({"cases": [], "case": []});
    assert!(serde_json::from_value::<CaseFile>(unknown).is_err());
}

#[test]
fn a_tool_of_the_file_that_cannot_be_read_fails() {
    let file: CaseFile =
        serde_json::from_value(json!({"tools": [{"tool": "x"}], "cases": []})).expect("cases");
    assert!(!Arc::new(policies(POLICIES)).test(&[], &file).passed());
}

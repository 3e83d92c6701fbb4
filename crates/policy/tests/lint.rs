//! Policies that nobody can have meant.

mod world;

use wardgate_policy::FindingKind;
use world::{policies, refund, status};

fn check(text: &str, found: &[(FindingKind, &str)]) {
    let findings = policies(text).lint(&[refund(), status()]);
    let told: Vec<_> = findings
        .iter()
        .map(|finding| {
            let rule = finding.rule.as_ref().map(|rule| rule.id.to_string());
            let tool = finding.tool.as_ref().map(ToString::to_string);
            (finding.kind, rule.or(tool).expect("a rule or a tool"))
        })
        .collect();
    let found: Vec<_> = found
        .iter()
        .map(|(kind, name)| (*kind, (*name).to_owned()))
        .collect();
    assert_eq!(told, found, "{text}");
}

const ALL: &str = r#"@id("all") permit (principal, action, resource);"#;

#[test]
fn a_rule_about_no_tool_is_dead() {
    use FindingKind::Dead;
    for head in [
        r#"principal, action == Action::"pay/other", resource"#,
        r#"principal, action in Action::"call", resource in Server::"com.acme/other""#,
        r#"principal, action in Action::"call", resource in Toolset::"other""#,
        r#"principal, action in Action::"call", resource == Tool::"pay/other""#,
        r#"principal is Robot, action, resource"#,
        r#"principal, action == Action::"call", resource"#,
    ] {
        check(
            &format!("{ALL} @id(\"x\") forbid ({head}) when {{ true }};"),
            &[(Dead, "x")],
        );
    }
}

#[test]
fn a_rule_about_resources_is_not_dead() {
    check(
        &format!(
            "{ALL} @id(\"x\") forbid (principal, action == Action::\"read\", resource is Resource) when {{ resource.reviewed }};"
        ),
        &[],
    );
    check(
        &format!(
            "{ALL} @id(\"x\") forbid (principal, action in Action::\"call\", resource in Toolset::\"finance\");"
        ),
        &[],
    );
}

#[test]
fn what_a_wider_rule_decides_is_shadowed() {
    use FindingKind::Shadowed;
    check(
        &format!("{ALL} @id(\"x\") permit (principal in Group::\"g\", action, resource);"),
        &[(Shadowed, "x")],
    );
    check(
        &format!(
            "{ALL} @id(\"x\") permit (principal, action in Action::\"call\", resource) when {{ resource.readOnly }};"
        ),
        &[(Shadowed, "x")],
    );
    check(
        &format!(
            "{ALL} @id(\"x\") @redact(\"pii\") permit (principal in Group::\"g\", action, resource);"
        ),
        &[],
    );
    check(
        r#"@id("no") forbid (principal is Agent, action, resource);
           @id("x") @approval("a:1") forbid (principal == Agent::"acme/b", action == Action::"pay/refund", resource);
           @id("all") permit (principal, action, resource);"#,
        &[(Shadowed, "x")],
    );
    check(
        r#"@id("ask") @approval("a:1") forbid (principal, action, resource); @id("all") permit (principal, action, resource);
           @id("soft") @level("soft") forbid (principal is Agent, action, resource);"#,
        &[],
    );
}

#[test]
fn of_two_that_say_the_same_the_second_is_one_too_many() {
    let twice = format!("{ALL} @id(\"again\") permit (principal, action, resource);");
    check(&twice, &[(FindingKind::Shadowed, "again")]);
    check(
        &format!(
            "@id(\"a\") forbid (principal is Agent, action, resource); @id(\"b\") forbid (principal is Agent, action, resource); {ALL}"
        ),
        &[(FindingKind::Shadowed, "b")],
    );
}

#[test]
fn a_permit_of_what_is_forbidden_for_good_is_a_contradiction() {
    let when = r#"when { context.env == "prod" }"#;
    check(
        &format!(
            "{ALL} @id(\"x\") permit (principal is User, action, resource) {when} when {{ true }}; @id(\"no\") forbid (principal is User, action, resource) {when} when {{ true }};"
        ),
        &[(FindingKind::Contradictory, "x")],
    );
    check(
        &format!("{ALL} @id(\"no\") forbid (principal, action, resource);"),
        &[(FindingKind::Contradictory, "all")],
    );
    check(
        &format!("{ALL} @id(\"no\") @level(\"soft\") forbid (principal, action, resource);"),
        &[],
    );
}

#[test]
fn a_tool_without_a_permit_is_named() {
    check(
        r#"@id("x") permit (principal, action == Action::"pay/status", resource);"#,
        &[(FindingKind::NoPermit, "pay/refund")],
    );
}

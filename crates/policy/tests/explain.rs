//! Why a call was decided as it was, and what would change it.

mod world;

use wardgate_policy::{Change, Effect, Explanation, Verdict};
use world::{World, raw};

fn flip(explanation: &Explanation) -> Option<(&Change, Effect)> {
    explanation
        .flip
        .as_ref()
        .map(|flip| (&flip.change, flip.effect))
}

fn check(text: &str, change: Change, effect: Effect) {
    let world = World::new(text);
    let explanation = world.authorizer.explain(&world.request());
    assert_eq!(flip(&explanation), Some((&change, effect)), "{text}");
}

const ALL: &str = "permit (principal, action, resource);";

#[test]
fn each_rule_says_what_it_said() {
    let world = World::new(
        r#"@id("a") permit (principal, action, resource);
           @id("b") forbid (principal in Group::"none", action, resource);
           @id("c") permit (principal, action == Action::"pay/status", resource);
           @id("d") permit (principal, action, resource) when { context.input.missing };"#,
    );
    let explanation = world.authorizer.explain(&world.request());
    let verdicts: Vec<_> = explanation
        .rules
        .iter()
        .map(|said| (said.rule.id.as_str(), &said.verdict))
        .collect();
    assert!(
        matches!(
            verdicts[..],
            [
                ("a", Verdict::Matched),
                ("b", Verdict::NotMatched),
                ("c", Verdict::OutOfScope),
                ("d", Verdict::Failed { .. })
            ]
        ),
        "{verdicts:?}"
    );
    assert_eq!(explanation.decision.effect, Effect::Deny);
}

#[test]
fn a_request_that_cannot_be_asked_says_so() {
    let mut world =
        World::new("permit (principal, action, resource) when { context.input.count > 1 };");
    world.arguments = raw(r#"{"count": "x"}"#);
    let explanation = world.authorizer.explain(&world.request());
    assert_eq!(explanation.rules[0].verdict, Verdict::NotAsked);
    let change = Change::Argument {
        path: vec!["count".into()],
        from: Some("\"x\"".into()),
        to: "2".into(),
    };
    assert_eq!(flip(&explanation), Some((&change, Effect::Allow)));
}

#[test]
fn a_group_comes_first() {
    let group = |group: &str| Change::AddGroup {
        group: group.to_owned(),
    };
    check(
        r#"permit (principal in Group::"leads", action, resource);"#,
        group("leads"),
        Effect::Allow,
    );
    check(
        r#"permit (principal in Group::"acme/leads", action, resource);"#,
        group("leads"),
        Effect::Allow,
    );
    check(
        r#"permit (principal, action, resource) when { principal in Group::"leads" || context.env == "dev" };"#,
        group("leads"),
        Effect::Allow,
    );
}

#[test]
fn then_an_approval_and_break_glass() {
    let approve = Change::Approve {
        rule: wardgate_policy::RuleId::new("ask"),
        group: "leads".to_owned(),
        count: 2,
    };
    check(
        &format!("{ALL} @id(\"ask\") @approval(\"leads:2\") forbid (principal, action, resource);"),
        approve,
        Effect::Allow,
    );
    check(
        &format!("{ALL} @level(\"soft\") forbid (principal, action, resource);"),
        Change::BreakGlass,
        Effect::Allow,
    );
}

#[test]
fn then_an_argument_across_its_constant() {
    let argument = |name: &str, from: &str, to: &str| Change::Argument {
        path: vec![name.to_owned()],
        from: Some(from.to_owned()),
        to: to.to_owned(),
    };
    for (condition, change) in [
        (
            r#"context.input.amount.lessThan(decimal("10.0"))"#,
            argument("amount", "12.5", "9.9999"),
        ),
        (
            r#"context.input.amount.greaterThan(decimal("100.0"))"#,
            argument("amount", "12.5", "100.0001"),
        ),
        (
            r#"context.input.id == "r2""#,
            argument("id", "\"r1\"", "\"r2\""),
        ),
        (
            r#"["r7"].contains(context.input.id)"#,
            argument("id", "\"r1\"", "\"r7\""),
        ),
        (
            r#"context.input.id != "r1""#,
            argument("id", "\"r1\"", "\"\""),
        ),
    ] {
        check(
            &format!("permit (principal, action, resource) when {{ {condition} }};"),
            change,
            Effect::Allow,
        );
    }
}

#[test]
fn a_nested_or_missing_argument_is_changed_in_its_place() {
    let change = Change::Argument {
        path: vec!["to".into(), "iban".into()],
        from: None,
        to: "\"DE1\"".into(),
    };
    check(
        r#"permit (principal, action, resource) when { context.input has to && context.input.to.iban == "DE1" };"#,
        change,
        Effect::Allow,
    );
}

#[test]
fn then_the_environment_and_the_toolset() {
    let environment = |to: &str| Change::Environment { to: to.to_owned() };
    check(
        r#"permit (principal, action, resource) when { context.env == "staging" };"#,
        environment("staging"),
        Effect::Allow,
    );
    check(
        r#"permit (principal, action, resource) when { context.env != "prod" };"#,
        environment("dev"),
        Effect::Allow,
    );
    let mut tool = world::refund();
    tool.toolsets
        .push(wardgate_model::ToolsetName::new("support"));
    let world = World::with_tools(
        r#"permit (principal, action, resource in Toolset::"support");"#,
        [tool],
    );
    let explanation = world.authorizer.explain(&world.request());
    assert_eq!(
        flip(&explanation),
        Some((
            &Change::Toolset {
                to: "support".to_owned()
            },
            Effect::Allow
        ))
    );
}

#[test]
fn an_allow_flips_too() {
    let text = format!(
        "{ALL} forbid (principal, action, resource) when {{ context.input.amount.greaterThan(decimal(\"20.0\")) }};"
    );
    let change = Change::Argument {
        path: vec!["amount".into()],
        from: Some("12.5".into()),
        to: "20.0001".into(),
    };
    check(&text, change, Effect::Deny);
}

#[test]
fn where_no_single_fact_helps_none_is_named() {
    let world = World::new(&format!("{ALL} forbid (principal, action, resource);"));
    assert_eq!(flip(&world.authorizer.explain(&world.request())), None);
}

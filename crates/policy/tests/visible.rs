//! What is listed and what is callable never disagree.

mod world;

use proptest::prelude::*;
use wardgate_model::GroupName;
use wardgate_policy::{Effect, RuleId};
use world::{World, raw};

fn check(text: &str, visible: bool) {
    assert_eq!(World::new(text).visible(), visible, "{text}");
}

const ALL: &str = "permit (principal, action, resource);";

#[test]
fn a_tool_is_visible_if_some_call_of_it_could_be() {
    check("", false);
    check(ALL, true);
    check(
        &format!("{ALL} forbid (principal, action, resource);"),
        false,
    );
    check(
        &format!("{ALL} @approval(\"x:1\") forbid (principal, action, resource);"),
        true,
    );
    check(
        &format!("{ALL} @level(\"advisory\") forbid (principal, action, resource);"),
        true,
    );
    check(
        &format!("{ALL} forbid (principal, action, resource) when {{ context.input.count > 1 }};"),
        true,
    );
    check(
        &format!("{ALL} forbid (principal, action, resource) when {{ context.reason == \"\" }};"),
        true,
    );
    check(
        &format!("{ALL} forbid (principal, action, resource) when {{ context.env == \"prod\" }};"),
        false,
    );
    check(
        "permit (principal, action, resource) when { context.input.count > 1 };",
        true,
    );
    check(
        r#"permit (principal in Group::"none", action, resource) when { context.input.count > 1 };"#,
        false,
    );
    check(
        r#"permit (principal, action, resource) when { resource.readOnly } when { context.input.count > 1 };"#,
        false,
    );
}

#[test]
fn a_failure_of_every_call_hides_and_one_of_some_calls_does_not() {
    let fails = "resource.nothing == 1";
    check(
        &format!("{ALL} forbid (principal, action, resource) when {{ {fails} }};"),
        false,
    );
    check(
        &format!(
            "{ALL} permit (principal, action, resource) when {{ context.input.count > 1 }} when {{ {fails} }};"
        ),
        true,
    );
    check(
        &format!(
            "{ALL} @level(\"advisory\") forbid (principal, action, resource) when {{ {fails} }};"
        ),
        true,
    );
}

#[test]
fn break_glass_shows_what_it_lifts() {
    let mut world = World::new(&format!(
        "{ALL} @level(\"soft\") forbid (principal, action, resource);"
    ));
    assert!(!world.visible());
    world.break_glass = true;
    assert!(world.visible());
}

#[test]
fn an_unknown_tool_is_not_visible() {
    let mut world = World::new(ALL);
    world.tool = world::tool_ref("pay/other");
    assert!(!world.visible());
}

/// A rule put together from parts that pull in different directions.
fn rule() -> impl Strategy<Value = String> {
    let head = prop::sample::select(vec![
        "permit",
        "permit",
        "forbid",
        r#"@level("soft") forbid"#,
        r#"@level("advisory") forbid"#,
        r#"@approval("x:1") forbid"#,
    ]);
    let scope = prop::sample::select(vec![
        "(principal, action, resource)",
        r#"(principal in Group::"support", action, resource)"#,
        r#"(principal in Group::"other", action, resource)"#,
        r#"(principal is Agent, action, resource)"#,
        r#"(principal, action == Action::"pay/refund", resource)"#,
        r#"(principal, action, resource in Toolset::"finance")"#,
    ]);
    let condition = prop::sample::select(vec![
        "",
        "when { context.input.count > 1 }",
        "when { context.input has note }",
        r#"unless { context.reason == "" }"#,
        r#"when { context.env == "prod" }"#,
        "when { resource.destructive }",
        "when { resource.nothing }",
        "when { context.input.count > 1 && resource.nothing }",
        "when { context.input == {count: 2} }",
    ]);
    (head, scope, condition.clone(), condition)
        .prop_map(|(head, scope, one, two)| format!("{head} {scope} {one} {two};"))
}

fn rules() -> impl Strategy<Value = String> {
    prop::collection::vec(rule(), 1..5).prop_map(|rules| rules.join("\n"))
}

/// Shows each of a few calls that differ in all that may differ between calls, and which one it is.
fn each_call(world: &mut World, mut see: impl FnMut(usize, &World)) {
    let all: Vec<RuleId> = world
        .authorizer
        .policies()
        .rules()
        .iter()
        .map(|rule| rule.id.clone())
        .collect();
    let arguments = [
        "{}",
        r#"{"count": 2}"#,
        r#"{"count": 1, "note": "x"}"#,
        r#"{"count": "2"}"#,
    ];
    for which in 0..4 * arguments.len() {
        world.arguments = raw(arguments[which / 4]);
        world.reason = (which % 2 == 0).then_some("because");
        world.grants = if which % 4 < 2 {
            all.clone()
        } else {
            Vec::new()
        };
        see(which, world);
    }
}

fn effects(text: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    each_call(&mut World::new(text), |_, world| {
        effects.push(world.decide().effect)
    });
    effects
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_allowed_or_deferred_is_visible(
        text in rules(), environment in prop::sample::select(vec!["prod", "dev"]), break_glass: bool
    ) {
        let mut world = World::new(&text);
        world.environment = environment;
        world.break_glass = break_glass;
        let visible = world.visible();
        let mut hidden = Vec::new();
        each_call(&mut world, |which, world| {
            if world.decide().effect != Effect::Deny && !visible {
                hidden.push(which);
            }
        });
        prop_assert!(hidden.is_empty(), "calls {:?} of\n{}", hidden, text);
    }

    #[test]
    fn another_forbid_never_turns_a_deny_into_anything_else(text in rules(), forbid in rule()) {
        let more = format!("{text}\n{}", forbid.replace("permit", "forbid"));
        for (before, after) in effects(&text).into_iter().zip(effects(&more)) {
            prop_assert!(before != Effect::Deny || after == Effect::Deny, "{}", more);
        }
    }

    /// Without levels and approvals the weighing is Cedar's own, but for errors, which Cedar passes over.
    #[test]
    fn plain_rules_are_weighed_as_cedar_weighs_them(mut heads in prop::collection::vec(any::<(bool, bool)>(), 0..5), group: bool) {
        heads.truncate(4);
        let text: String = heads.iter().map(|(permit, matches)| {
            let head = if *permit { "permit" } else { "forbid" };
            let group = if *matches { "support" } else { "other" };
            format!("{head} (principal in Group::\"{group}\", action, resource);\n")
        }).collect();
        let mut world = World::new(&text);
        if group {
            world.caller.groups = [GroupName::new("other"), GroupName::new("support")].into();
        }
        let set: cedar_policy::PolicySet = text.parse().expect("policies");
        let uid = |text: &str| text.parse::<cedar_policy::EntityUid>().expect("an entity");
        let groups = world.caller.groups.iter().map(|group| uid(&format!("Group::\"{group}\""))).collect();
        let principal = cedar_policy::Entity::new_no_attrs(uid("User::\"a\""), groups);
        let entities = cedar_policy::Entities::from_entities([principal], None).expect("entities");
        let request = cedar_policy::Request::new(uid("User::\"a\""), uid("Action::\"x\""), uid("Tool::\"x\""), cedar_policy::Context::empty(), None)
            .expect("a request");
        let cedar = cedar_policy::Authorizer::new().is_authorized(&request, &set, &entities);
        let allowed = cedar.decision() == cedar_policy::Decision::Allow;
        prop_assert_eq!(world.decide().effect == Effect::Allow, allowed);
    }
}

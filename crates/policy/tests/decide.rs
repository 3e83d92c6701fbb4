//! What callers may do: the default, forbids, levels, grants, break-glass, errors.

mod world;

use wardgate_policy::{Effect, Reason, Redaction, RuleId};
use world::{World, caller, names, raw};

const ALL: &str = r#"@id("all") permit (principal, action, resource);"#;

fn check(text: &str, effect: Effect, reason: Reason) {
    let decision = World::new(text).decide();
    assert_eq!(
        (decision.effect, decision.reason),
        (effect, reason),
        "{text}\n{decision:#?}"
    );
}

fn with(text: &str) -> String {
    format!("{ALL}\n{text}")
}

#[test]
fn without_policies_everything_is_denied() {
    check("", Effect::Deny, Reason::NoPermit);
}

#[test]
fn a_forbid_wins_over_a_permit() {
    check(ALL, Effect::Allow, Reason::Permitted);
    check(
        &with("forbid (principal, action, resource);"),
        Effect::Deny,
        Reason::Forbidden,
    );
}

#[test]
fn an_unknown_tool_is_denied() {
    let mut world = World::new(ALL);
    world.tool = world::tool_ref("pay/other");
    assert_eq!(world.decide().reason, Reason::UnknownTool);
}

#[test]
fn principals_are_known_by_kind_group_tenant_and_id() {
    for (head, effect) in [
        (r#"principal is User"#, Effect::Allow),
        (r#"principal is Agent"#, Effect::Deny),
        (r#"principal == User::"acme/ann""#, Effect::Allow),
        (r#"principal == Agent::"acme/ann""#, Effect::Deny),
        (r#"principal == User::"ann""#, Effect::Deny),
        (r#"principal in Group::"support""#, Effect::Allow),
        (r#"principal in Group::"acme/support""#, Effect::Allow),
        (r#"principal in Group::"evil/support""#, Effect::Deny),
        (r#"principal in Group::"sales""#, Effect::Deny),
        (r#"principal in Tenant::"acme""#, Effect::Allow),
        (r#"principal in Tenant::"evil""#, Effect::Deny),
    ] {
        let text = format!("permit ({head}, action, resource);");
        assert_eq!(World::new(&text).decide().effect, effect, "{head}");
    }
}

#[test]
fn a_tenant_cannot_name_a_group_of_another() {
    let mut world = World::new(r#"permit (principal in Group::"acme/admins", action, resource);"#);
    world.caller = caller("evil/eve", &["acme/admins"]);
    assert_eq!(world.decide().effect, Effect::Deny);
    world.caller.tenant = wardgate_model::TenantId::new("acme/x");
    assert_eq!(world.decide().reason, Reason::PolicyError);
}

#[test]
fn tools_are_known_by_name_server_toolset_and_attributes() {
    for (head, condition, effect) in [
        (
            r#"action == Action::"pay/refund", resource"#,
            "true",
            Effect::Allow,
        ),
        (
            r#"action == Action::"pay/status", resource"#,
            "true",
            Effect::Deny,
        ),
        (
            r#"action in Action::"call", resource"#,
            "true",
            Effect::Allow,
        ),
        (
            r#"action == Action::"read", resource"#,
            "true",
            Effect::Deny,
        ),
        (
            r#"action, resource == Tool::"pay/refund""#,
            "true",
            Effect::Allow,
        ),
        (
            r#"action, resource in Server::"com.acme/payments""#,
            "true",
            Effect::Allow,
        ),
        (
            r#"action, resource in Server::"com.acme/other""#,
            "true",
            Effect::Deny,
        ),
        (
            r#"action, resource in Toolset::"finance""#,
            "true",
            Effect::Allow,
        ),
        (
            r#"action, resource in Toolset::"support""#,
            "true",
            Effect::Deny,
        ),
        ("action, resource is Prompt", "true", Effect::Deny),
        (
            "action, resource",
            r#"resource.risk == "high" && resource.destructive"#,
            Effect::Allow,
        ),
        (
            "action, resource",
            "resource.readOnly || resource.idempotent",
            Effect::Deny,
        ),
        (
            "action, resource",
            r#"resource.compliance.contains("pci") && resource.reviewed"#,
            Effect::Allow,
        ),
        (
            "action, resource",
            r#"resource.serverStatus == "approved" && !resource.deprecated"#,
            Effect::Allow,
        ),
        (
            "action, resource",
            r#"principal.scopes.contains("tools:call") && principal.via == "api_key""#,
            Effect::Allow,
        ),
    ] {
        let text = format!("permit (principal, {head}) when {{ {condition} }};");
        assert_eq!(
            World::new(&text).decide().effect,
            effect,
            "{head} when {condition}"
        );
    }
}

#[test]
fn the_toolset_a_call_comes_through_counts() {
    let mut world = World::new(&with(
        r#"forbid (principal, action, resource in Toolset::"support");"#,
    ));
    assert_eq!(world.decide().effect, Effect::Allow);
    world.toolset = wardgate_model::ToolsetName::new("support");
    assert_eq!(world.decide().effect, Effect::Deny);
}

#[test]
fn circumstances_are_known() {
    for (condition, effect) in [
        (r#"context.env == "prod""#, Effect::Allow),
        (r#"context.env == "dev""#, Effect::Deny),
        (r#"context.now > datetime("2026-01-01")"#, Effect::Allow),
        (r#"context.reason == """#, Effect::Allow),
        ("context.slo.exhausted", Effect::Deny),
        (
            "context.slo.budgetLeft == 100 && !context.review.overdue",
            Effect::Allow,
        ),
    ] {
        let text = format!("permit (principal, action, resource) when {{ {condition} }};");
        assert_eq!(World::new(&text).decide().effect, effect, "{condition}");
    }
}

#[test]
fn an_error_of_any_rule_that_counts_denies() {
    let fails = "when { context.input.missing == 1 };";
    for rule in [
        "permit",
        "forbid",
        r#"@level("soft") forbid"#,
        r#"@approval("a:1") forbid"#,
    ] {
        let text = with(&format!("{rule} (principal, action, resource) {fails}"));
        let mut world = World::new(&text);
        world.break_glass = true;
        let decision = world.decide();
        assert_eq!(
            (decision.effect, decision.reason),
            (Effect::Deny, Reason::PolicyError),
            "{rule}"
        );
        assert_eq!(decision.failures[0].rule, Some(RuleId::new("test.cedar:2")));
        assert!(!decision.liftable);
    }
}

#[test]
fn an_advisory_rule_is_recorded_and_never_obeyed() {
    let decision = World::new(&with(
        r#"@id("a") @level("advisory") forbid (principal, action, resource);
           @id("b") @level("advisory") @approval("x:1") forbid (principal, action, resource);
           @id("c") @level("advisory") forbid (principal, action, resource) when { context.input.missing == 1 };"#,
    ))
    .decide();
    assert_eq!(decision.effect, Effect::Allow);
    assert_eq!(names(&decision.advisories), ["a", "b"]);
    assert_eq!(decision.failures[0].rule, Some(RuleId::new("c")));
}

/// Level of a forbid, whether it asks for approval, the grants held, break-glass; and what comes of it.
#[test]
fn levels_grants_and_break_glass() {
    use Effect::{Allow, Defer, Deny};
    for (annotations, granted, break_glass, effect, liftable) in [
        (r#"@level("hard")"#, false, false, Deny, false),
        (r#"@level("hard")"#, false, true, Deny, false),
        (r#"@level("hard")"#, true, false, Deny, false),
        (r#"@level("hard")"#, true, true, Deny, false),
        (r#"@level("soft")"#, false, false, Deny, true),
        (r#"@level("soft")"#, false, true, Allow, false),
        (r#"@level("soft")"#, true, false, Deny, true),
        (r#"@level("soft")"#, true, true, Allow, false),
        (
            r#"@level("hard") @approval("x:2")"#,
            false,
            false,
            Defer,
            false,
        ),
        (
            r#"@level("hard") @approval("x:2")"#,
            false,
            true,
            Defer,
            false,
        ),
        (
            r#"@level("hard") @approval("x:2")"#,
            true,
            false,
            Allow,
            false,
        ),
        (
            r#"@level("hard") @approval("x:2")"#,
            true,
            true,
            Allow,
            false,
        ),
        (
            r#"@level("soft") @approval("x:2")"#,
            false,
            false,
            Defer,
            false,
        ),
        (
            r#"@level("soft") @approval("x:2")"#,
            false,
            true,
            Allow,
            false,
        ),
        (
            r#"@level("soft") @approval("x:2")"#,
            true,
            false,
            Allow,
            false,
        ),
        (r#"@level("advisory")"#, false, false, Allow, false),
        (
            r#"@level("advisory") @approval("x:2")"#,
            false,
            true,
            Allow,
            false,
        ),
    ] {
        let text = with(&format!(
            r#"@id("no") {annotations} forbid (principal, action, resource);"#
        ));
        let mut world = World::new(&text);
        world.break_glass = break_glass;
        world.grants = granted.then(|| RuleId::new("no")).into_iter().collect();
        let decision = world.decide();
        let case = format!("{annotations} granted {granted} break-glass {break_glass}");
        assert_eq!(
            (decision.effect, decision.liftable),
            (effect, liftable),
            "{case}"
        );
        if effect == Defer {
            let need = &decision.approvals[0];
            assert_eq!(
                (need.rule.as_str(), need.group.as_str(), need.count),
                ("no", "x", 2),
                "{case}"
            );
        }
    }
}

#[test]
fn a_grant_lifts_exactly_its_rule() {
    let text = with(
        r#"@id("one") @approval("x:1") forbid (principal, action, resource);
           @id("two") @approval("y:1") forbid (principal, action, resource);"#,
    );
    let mut world = World::new(&text);
    world.grants = vec![RuleId::new("one")];
    let decision = world.decide();
    assert_eq!(decision.effect, Effect::Defer);
    assert_eq!(names(&decision.rules), ["two"]);
    assert_eq!(names(&decision.lifted), ["one"]);
}

#[test]
fn without_a_permit_nothing_is_deferred_or_lifted() {
    let mut world = World::new(r#"@approval("x:1") forbid (principal, action, resource);"#);
    assert_eq!(world.decide().reason, Reason::NoPermit);
    world = World::new(r#"@level("soft") forbid (principal, action, resource);"#);
    assert!(!world.decide().liftable);
    world.break_glass = true;
    assert_eq!(world.decide().reason, Reason::NoPermit);
}

#[test]
fn a_deny_beside_an_approval_stays_a_deny() {
    let decision = World::new(&with(
        r#"@id("ask") @approval("x:1") forbid (principal, action, resource);
           @id("no") forbid (principal, action, resource);"#,
    ))
    .decide();
    assert_eq!(decision.effect, Effect::Deny);
    assert_eq!(names(&decision.rules), ["no"]);
    assert!(decision.approvals.is_empty());
}

#[test]
fn redactions_of_all_permits_that_match_are_owed() {
    let decision = World::new(&with(
        r#"@id("r") @redact("secrets, pii") permit (principal, action, resource);
           @id("s") @redact("pii") permit (principal, action == Action::"pay/status", resource);"#,
    ))
    .decide();
    let owed: Vec<_> = decision
        .obligations
        .iter()
        .map(|owed| (owed.rule.as_str(), owed.redact))
        .collect();
    assert_eq!(owed, [("r", Redaction::Pii), ("r", Redaction::Secrets)]);
}

#[test]
fn a_denied_call_owes_nothing() {
    let decision = World::new(
        r#"@redact("pii") permit (principal, action, resource); forbid (principal, action, resource);"#,
    )
    .decide();
    assert!(decision.obligations.is_empty() && decision.approvals.is_empty());
}

#[test]
fn resources_prompts_and_lists_have_their_own_actions() {
    use wardgate_policy::{Request, Target};
    let world = World::new(
        r#"permit (principal, action == Action::"read", resource is Resource)
           when { resource.uri like "file:///docs/*" && resource.reviewed };
           permit (principal, action == Action::"prompt", resource == Prompt::"pay/greet");
           permit (principal, action == Action::"list", resource == Toolset::"finance");"#,
    );
    let server = world::server();
    let effect = |target| {
        let request = Request {
            target,
            ..world.request()
        };
        world.authorizer.decide(&request).effect
    };
    let read = |uri| Target::Read {
        server: &server,
        uri,
    };
    let prompt = |name| Target::Prompt {
        server: &server,
        name,
    };
    assert_eq!(effect(read("file:///docs/a")), Effect::Allow);
    assert_eq!(effect(read("file:///etc/passwd")), Effect::Deny);
    assert_eq!(effect(prompt("greet")), Effect::Allow);
    assert_eq!(effect(prompt("other")), Effect::Deny);
    assert_eq!(effect(Target::List), Effect::Allow);
}

#[test]
fn names_with_odd_characters_are_names_and_not_syntax() {
    let odd = r#"x", resource); permit (principal, action, resource); //"#;
    let mut tool = world::refund();
    tool.tool.name = odd.to_owned();
    let reference = tool.tool.clone();
    let text = r#"permit (principal == User::"acme/bob", action, resource);"#;
    let mut world = World::with_tools(text, [tool]);
    world.tool = reference;
    world.caller.principal = wardgate_model::PrincipalId::new(r#"bob" || true || ""#);
    world.caller.groups = [wardgate_model::GroupName::new(r#"g"); permit (principal"#)].into();
    assert_eq!(world.decide().reason, Reason::NoPermit);
    world.caller.principal = wardgate_model::PrincipalId::new("bob");
    assert_eq!(world.decide().reason, Reason::Permitted);
}

#[test]
fn arguments_that_are_no_object_deny_when_read() {
    let mut world = World::new(&with(
        r#"forbid (principal, action, resource) when { context.input.amount > decimal("1.0") };"#,
    ));
    world.arguments = raw("[1]");
    assert_eq!(world.decide().reason, Reason::PolicyError);
    world = World::new(ALL);
    world.arguments = raw("[1]");
    assert_eq!(
        world.decide().effect,
        Effect::Allow,
        "no rule reads them; the schema refuses them elsewhere"
    );
}

//! What is refused when policies are read, and where the author is pointed to.

mod world;

use wardgate_policy::{FaultKind, Level, Policies, PolicyFile};

fn faults(text: &str) -> Vec<(FaultKind, usize, usize)> {
    let file = PolicyFile {
        name: "a.cedar",
        text,
    };
    let faults = Policies::parse([file]).expect_err(text);
    faults
        .iter()
        .map(|fault| (fault.kind, fault.place.line, fault.place.column))
        .collect()
}

#[test]
fn syntax_faults_have_their_place() {
    assert_eq!(
        faults("permit (principal, action, resource)\nwhen { a b };"),
        [(FaultKind::Syntax, 2, 10)]
    );
}

/// Walked as a tree it would take more stack than there is.
#[test]
fn what_is_too_deep_is_told_and_not_walked() {
    let head = "permit (principal, action, resource)\nwhen { ";
    for (open, close) in [("true || ", ""), ("true && ", ""), ("(", ")"), ("!", "")] {
        let text = [
            head,
            &open.repeat(20_000),
            "true",
            &close.repeat(20_000),
            " };",
        ]
        .concat();
        let [(kind, line, _)] = faults(&text)[..] else {
            panic!("{open}");
        };
        assert_eq!((kind, line), (FaultKind::TooDeep, 2), "{open}");
    }
}

/// As deep as policies may be: on the stack of a thread, in every walk.
#[test]
fn what_may_be_read_can_be_walked() {
    for (open, close) in [("true || ", ""), ("true && ", ""), ("(", ")")] {
        let condition = [&open.repeat(60), "true", &close.repeat(60)].concat();
        let text = format!("permit (principal, action, resource) when {{ {condition} }};");
        let walk = std::thread::Builder::new().stack_size(16 << 20);
        let walk = walk.spawn(move || world::World::new(&text).decide().effect);
        let effect = walk.expect("a thread").join().expect("no panic");
        assert_eq!(effect, wardgate_policy::Effect::Allow);
    }
}

#[test]
fn every_fault_of_every_file_is_told_at_once() {
    let files = [
        PolicyFile {
            name: "a.cedar",
            text: "permit (principal);",
        },
        PolicyFile {
            name: "b.cedar",
            text: "@leve(\"soft\")\nforbid (principal, action, resource);\n@level(\"mild\") forbid (principal, action, resource);",
        },
        PolicyFile {
            name: "c.cedar",
            text: "permit (principal, action, resource) when { 1 + };",
        },
    ];
    let faults = Policies::parse(files).expect_err("faults");
    let told: Vec<_> = faults
        .iter()
        .map(|fault| (fault.place.file.as_str(), fault.place.line, fault.kind))
        .collect();
    assert_eq!(
        told,
        [
            ("a.cedar", 1, FaultKind::Syntax), // no action
            ("a.cedar", 1, FaultKind::Syntax), // no resource
            ("b.cedar", 1, FaultKind::UnknownAnnotation),
            ("b.cedar", 3, FaultKind::MalformedAnnotation),
            ("c.cedar", 1, FaultKind::Syntax),
        ]
    );
    assert!(
        faults[2]
            .to_string()
            .contains("hint: annotations are `id`, `level`"),
        "{}",
        faults[2]
    );
}

#[test]
fn annotations_that_would_not_be_obeyed_are_refused() {
    let forbid = "forbid (principal, action, resource);";
    let permit = "permit (principal, action, resource);";
    for (text, kind) in [
        (
            format!("@approval(\"x\") {forbid}"),
            FaultKind::MalformedAnnotation,
        ),
        (
            format!("@approval(\":1\") {forbid}"),
            FaultKind::MalformedAnnotation,
        ),
        (
            format!("@approval(\"x:0\") {forbid}"),
            FaultKind::MalformedAnnotation,
        ),
        (
            format!("@approval(\"x:21\") {forbid}"),
            FaultKind::MalformedAnnotation,
        ),
        (
            format!("@approval(\"x:-1\") {forbid}"),
            FaultKind::MalformedAnnotation,
        ),
        (
            format!("@approval {forbid}"),
            FaultKind::MalformedAnnotation,
        ),
        (
            format!("@approval(\"x:1\") {permit}"),
            FaultKind::MisplacedAnnotation,
        ),
        (
            format!("@redact(\"pii\") {forbid}"),
            FaultKind::MisplacedAnnotation,
        ),
        (
            format!("@redact(\"names\") {permit}"),
            FaultKind::MalformedAnnotation,
        ),
        (
            format!("@redact(\"\") {permit}"),
            FaultKind::MalformedAnnotation,
        ),
        (
            format!("@level(\"Hard\") {forbid}"),
            FaultKind::MalformedAnnotation,
        ),
        (
            format!("@level(\"advisory\") {permit}"),
            FaultKind::MisplacedAnnotation,
        ),
        (
            format!("@id(\"\") {forbid}"),
            FaultKind::MalformedAnnotation,
        ),
        (
            format!("@id(\"a b\") {forbid}"),
            FaultKind::MalformedAnnotation,
        ),
        (
            format!("@approve(\"x:1\") {forbid}"),
            FaultKind::UnknownAnnotation,
        ),
        (
            format!("@id(\"a\") {forbid} @id(\"a\") {permit}"),
            FaultKind::DuplicateId,
        ),
        (
            "permit (principal == ?principal, action, resource);".to_owned(),
            FaultKind::Template,
        ),
    ] {
        assert_eq!(faults(&text)[0].0, kind, "{text}");
    }
}

#[test]
fn a_name_given_by_an_author_may_not_be_one_that_is_made_up() {
    let text = "permit (principal, action, resource); @id(\"a.cedar:1\") forbid (principal, action, resource);";
    assert_eq!(faults(text)[0].0, FaultKind::DuplicateId);
}

#[test]
fn rules_are_numbered_in_the_order_of_the_text() {
    let text = "permit (principal, action, resource);\n\n".repeat(12);
    let policies = world::policies(&text);
    let places: Vec<_> = policies
        .rules()
        .iter()
        .map(|rule| (rule.id.as_str(), rule.line))
        .collect();
    assert_eq!(places[1], ("test.cedar:2", 3));
    assert_eq!(places[11], ("test.cedar:12", 23));
    assert_eq!(policies.rules()[0].level, Level::Hard);
}

#[test]
fn the_revision_is_of_what_rules_say_and_not_of_how_they_are_written() {
    let revision = |text| world::policies(text).revision().to_owned();
    let one = revision(
        r#"@id("a") permit (principal, action, resource); @id("b") forbid (principal, action, resource);"#,
    );
    let same = revision(
        "// why\n@id(\"b\")\nforbid(principal,action,resource);\n@id(\"a\") permit (principal, action, resource);",
    );
    assert_eq!(one, same);
    assert_eq!(one.len(), 64);
    for other in [
        r#"@id("a") permit (principal, action, resource);"#,
        r#"@id("a") permit (principal, action, resource); @id("b") @level("soft") forbid (principal, action, resource);"#,
        r#"@id("a") permit (principal, action, resource); @id("b") forbid (principal, action, resource) when { false };"#,
    ] {
        assert_ne!(one, revision(other), "{other}");
    }
}

//! Policies as code: cases, lint, explanations and replay from the command line, over the tools a gateway has seen.

use std::path::Path;

use serde_json::{Value, json};
use wardgate_testkit::{http::send, within};

use crate::{
    edge::call,
    gateway::{TestGateway, wardgate},
};

const CONFIG: &str = "gateway: {environment: dev, audit: {level: request}}
include: [policies/*.cedar]
tenants: {acme: {groups: {money: [ana]}}}
servers: {lab: {lab: {effects: effects.jsonl}, tools: {echo: {read_only: true}}}}
";

const POLICIES: &str = r#"
@id("all") permit(principal, action in Action::"call", resource);
@id("see") permit(principal, action == Action::"list", resource);
@id("large") forbid(principal, action == Action::"lab/add", resource)
when { context.input.a.greaterThan(decimal("100.0")) };
"#;

const CASES: &str = "tools:
  - tool: lab/add
    input_schema: {type: object, properties: {a: {type: number}, b: {type: number}}, required: [a, b]}
cases:
  - {name: small sums pass, principal: acme/ana, tool: lab/add, args: {a: 100, b: 1}, expect: allow}
  - {name: large sums do not, principal: acme/ana, tool: lab/add, args: {a: 500, b: 1}, expect: deny, rules: [large]}
";

fn folder(policies: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "wardgate.yaml", CONFIG);
    write(folder.path(), "policies/sums.cedar", policies);
    write(folder.path(), "policies/sums.test.yaml", CASES);
    folder
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn run(folder: &Path, args: &[&str]) -> (i32, String) {
    let output = wardgate(folder, args).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.code().unwrap(),
        String::from_utf8(text).unwrap(),
    )
}

/// A gateway over the config, once it has written down which tools there are.
async fn seen(policies: &str) -> TestGateway {
    seen_with(policies, CONFIG).await
}

async fn seen_with(policies: &str, config: &str) -> TestGateway {
    let gateway = TestGateway::start_in(folder(policies), config, &[]).await;
    send(gateway.address, &call("echo", json!({"text": "a"}))).await;
    let file = gateway.folder.path().join("wardgate-data/tools.json");
    within("a file of known tools", async {
        while !file.exists() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    gateway
}

#[test]
fn cases_pass_until_the_policy_says_something_else() {
    let folder = folder(POLICIES);
    let (code, text) = run(folder.path(), &["policy", "test"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("2 passed, 0 failed"), "{text}");
    let (code, text) = run(folder.path(), &["policy", "test", "--coverage"]);
    assert_eq!(code, 1);
    assert!(text.contains("no case hits `see`"), "{text}");
    let looser = POLICIES.replace("100.0", "1000.0");
    write(folder.path(), "policies/sums.cedar", &looser);
    let (code, text) = run(folder.path(), &["policy", "test"]);
    assert_eq!(code, 1);
    assert!(text.contains("FAILED sums: large sums do not"), "{text}");
    assert!(
        text.contains("- effect: deny") && text.contains("+ effect: allow"),
        "{text}"
    );
}

#[test]
fn cases_that_cannot_be_read_are_told_with_their_place() {
    let folder = folder(POLICIES);
    write(
        folder.path(),
        "policies/sums.test.yaml",
        "cases:\n  - {principal: acme/ana, tol: lab/add}\n",
    );
    let (code, text) = run(folder.path(), &["policy", "test"]);
    assert_eq!(code, 2);
    assert!(
        text.contains("sums.test.yaml:2") && text.contains("tol"),
        "{text}"
    );
}

#[test]
fn the_starter_policies_pass_their_own_cases() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "wardgate.yaml",
        "include: [policies/*.cedar]\nservers: {lab: {lab: {}}}\n",
    );
    let (code, text) = run(folder.path(), &["policy", "init"]);
    assert_eq!(code, 0, "{text}");
    let (code, text) = run(folder.path(), &["policy", "test"]);
    assert_eq!(code, 0, "{text}");
    let (code, text) = run(folder.path(), &["policy", "init"]);
    assert_eq!(code, 2);
    assert!(text.contains("is there already"), "{text}");
}

#[tokio::test]
async fn check_knows_the_arguments_of_tools_that_were_seen() {
    let typo = POLICIES.replace("input.a.", "input.amount.");
    let gateway = seen(POLICIES).await;
    let folder = gateway.folder.path();
    assert_eq!(run(folder, &["check"]).0, 0);
    write(folder, "policies/sums.cedar", &typo);
    let (code, text) = run(folder, &["check"]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("policies/sums.cedar:5"), "{text}");
    assert!(
        text.contains("has no argument `amount`; `lab/add` takes `a` and `b`"),
        "{text}"
    );
}

#[tokio::test]
async fn lint_finds_what_can_never_decide_and_what_nobody_may_call() {
    let gateway = seen(POLICIES).await;
    let folder = gateway.folder.path();
    assert_eq!(
        run(folder, &["policy", "lint"]),
        (0, "nothing to look at again\n".to_owned())
    );
    let narrow = "@id(\"one\") permit(principal, action == Action::\"lab/echo\", resource);\n\
                  @id(\"gone\") permit(principal, action == Action::\"lab/gone\", resource);\n";
    write(folder, "policies/sums.cedar", narrow);
    let (code, text) = run(folder, &["policy", "lint", "--json"]);
    assert_eq!(code, 1);
    let found: Vec<Value> = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let kinds = |kind: &str| {
        found
            .iter()
            .filter(|finding| finding["kind"] == kind)
            .count()
    };
    assert_eq!(kinds("dead"), 1, "{text}");
    assert!(kinds("no_permit") > 3, "{text}");
}

#[tokio::test]
async fn an_explanation_names_the_rule_and_what_would_change_its_mind() {
    let gateway = seen(POLICIES).await;
    let folder = gateway.folder.path();
    let explain = |arguments| {
        run(
            folder,
            &[
                "policy", "explain", "--as", "acme/ana", "lab/add", arguments,
            ],
        )
    };
    let (code, text) = explain(r#"{"a": 500, "b": 1}"#);
    assert_eq!(code, 3, "{text}");
    assert!(text.starts_with("deny: forbidden\n"), "{text}");
    assert!(text.contains("forbid `large` matches"), "{text}");
    assert!(text.contains("allow if `a` were 100"), "{text}");
    assert_eq!(explain(r#"{"a": 5, "b": 1}"#).0, 0);
    let (code, text) = run(
        folder,
        &["policy", "explain", "--as", "acme/ana", "lab/nothing"],
    );
    assert_eq!(code, 2);
    assert!(text.contains("no tool `lab/nothing` is known"), "{text}");
    let (code, schema) = run(folder, &["policy", "schema"]);
    assert_eq!(code, 0);
    assert!(schema.contains("lab/add"), "{schema}");
}

/// Reports on so many calls, once all of them are on disk.
async fn replay(folder: &Path, calls: u64) -> Value {
    let args = ["policy", "replay", "--since", "1h", "candidate", "--json"];
    within("every call in the ledger", async {
        loop {
            let (code, text) = run(folder, &args);
            assert_eq!(code, 0, "{text}");
            let report: Value = serde_json::from_str(&text).unwrap();
            let count = |key: &str| report[key].as_u64().unwrap();
            if count("decided") + count("undecided") == calls {
                return report;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

const CANDIDATE: &str =
    "@id(\"no-echo\") forbid(principal, action == Action::\"lab/echo\", resource);";

async fn call_24_times(gateway: &TestGateway) {
    for number in 0..24 {
        let (tool, arguments) = match number % 3 {
            0 => ("echo", json!({"text": "a"})),
            _ => ("add", json!({"a": number, "b": 1})),
        };
        let reply = send(gateway.address, &call(tool, arguments)).await;
        assert_eq!(reply.answer()["result"]["isError"], Value::Null);
    }
    write(
        gateway.folder.path(),
        "candidate/sums.cedar",
        &format!("{POLICIES}{CANDIDATE}"),
    );
}

#[tokio::test]
async fn a_replay_counts_the_calls_that_would_end_otherwise_and_changes_nothing() {
    let gateway = seen(POLICIES).await;
    call_24_times(&gateway).await;
    let report = replay(gateway.folder.path(), 25).await;
    assert_eq!(
        (&report["changed"], &report["undecided"]),
        (&json!(9), &json!(0))
    );
    let change = &report["changes"][0];
    assert_eq!(change["tool"], "lab/echo");
    assert_eq!(
        (&change["from"], &change["to"]),
        (&json!("allow"), &json!("deny"))
    );
    assert_eq!(change["rules"], json!(["no-echo"]));
    let still = send(gateway.address, &call("echo", json!({"text": "a"}))).await;
    assert_eq!(still.answer()["result"]["isError"], Value::Null);
}

#[tokio::test]
async fn without_arguments_only_calls_whose_arguments_nothing_reads_are_decided_again() {
    let config = CONFIG.replace(", audit: {level: request}", "");
    let gateway = seen_with(POLICIES, &config).await;
    call_24_times(&gateway).await;
    let report = replay(gateway.folder.path(), 25).await;
    assert_eq!(
        (&report["decided"], &report["undecided"]),
        (&json!(9), &json!(16))
    );
}

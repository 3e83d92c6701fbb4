//! `wardgate explain` says beforehand what `wardgate call` then gets, layer by layer, and changes nothing by it.

use std::process::Output;

use rustix::process::Signal;
use serde_json::{Value, json};
use wardgate_testkit::upstream::{Act, Upstream};

use crate::{
    gateway::{STATE, records},
    lifecycle_serve::{Serve, wardgate},
};

const CONFIG: &str = "include: [policies/*.cedar]
gateway: {environment: dev, admin: 127.0.0.1:0, approvals: {wait: 0s}}
tenants:
  acme:
    groups: {finance: [ana, ben]}
    limits:
      - {name: floor, key: principal, calls: 100, per: 1h}
      - {name: purse, key: [principal, tool], cost_usd: 0.03, per: day}
servers:
  away: {url: 'http://127.0.0.1:1/mcp'}
  lab: {lab: {effects: effects.jsonl}, tools: {add: {cost_usd: 0.05}, echo: {read_only: true}}}
toolsets:
  default: {servers: [lab], hide: ['lab/price*']}
  reading: {servers: [lab], read_only: true}
  closed: {servers: [lab], groups: [nobody]}
  far: {servers: [away, lab]}
";

const POLICIES: &str = r#"
@id("everything") permit(principal, action, resource);
@id("refunds") @approval("finance:2") forbid(principal, action == Action::"lab/refund_create", resource);
@id("not-the-first") forbid(principal, action == Action::"lab/put_item", resource)
when { context.input.id == "item-1" };
@id("builders") forbid(principal, action == Action::"lab/build", resource)
unless { principal in Group::"finance" };
"#;

async fn start() -> Serve {
    start_with(CONFIG).await
}

async fn start_with(config: &str) -> Serve {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("policies")).expect("a folder");
    std::fs::write(folder.path().join("policies/all.cedar"), POLICIES).expect("policies");
    Serve::start_in(folder, config).await
}

async fn run(serve: &Serve, toolset: &str, args: &[&str]) -> Output {
    let url = format!("http://{}/mcp/{toolset}", serve.address);
    let run = wardgate(serve.directory.path(), args)
        .env("WARDGATE_URL", url)
        .output();
    run.await.expect("the built program")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("a code")
}

/// What it says of one call, and the code it ends with.
async fn explained(serve: &Serve, toolset: &str, tool: &str, arguments: &str) -> (Value, i32) {
    let args = [
        "explain",
        "--as",
        "acme/cleo",
        "--toolset",
        toolset,
        "--json",
        tool,
        arguments,
    ];
    let output = run(serve, toolset, &args).await;
    let said = String::from_utf8_lossy(&output.stderr);
    let explained = serde_json::from_slice(&output.stdout);
    (
        explained.unwrap_or_else(|fault| panic!("{fault}: {said}")),
        code(&output),
    )
}

/// Explains a call that ends at this layer, makes it, and expects the same end of it.
async fn ends(
    serve: &Serve,
    (toolset, tool, arguments): (&str, &str, &str),
    layer: &str,
    class: &str,
) -> Value {
    let (explained, foretold) = explained(serve, toolset, tool, arguments).await;
    let answer = &explained["answer"];
    assert_eq!(answer["layer"], layer, "{explained:#}");
    assert_eq!(answer["class"], class, "{explained:#}");
    let call = ["call", "--as", "acme/cleo", "--no-wait", tool, arguments];
    let called = run(serve, toolset, &call).await;
    let said = String::from_utf8_lossy(&called.stderr);
    assert_eq!(code(&called), foretold, "{tool} {arguments}: {said}");
    explained
}

fn change(explained: &Value) -> &str {
    explained["answer"]["change"].as_str().expect("a change")
}

fn layer<'a>(explained: &'a Value, name: &str) -> &'a Value {
    let layers = explained["layers"].as_array().expect("layers");
    let found = layers.iter().find(|layer| layer["layer"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {explained:#}"))
}

#[tokio::test]
async fn each_layer_that_refuses_says_what_the_caller_is_told_and_what_would_change_that() {
    let serve = start().await;
    let (well, foretold) = explained(&serve, "default", "lab/echo", r#"{"text":"x"}"#).await;
    let call = ["call", "--as", "acme/cleo", "lab/echo", r#"{"text":"x"}"#];
    assert_eq!(code(&run(&serve, "default", &call).await), foretold);
    assert_eq!(
        (&well["answer"]["class"], foretold),
        (&"ok".into(), 0),
        "{well:#}"
    );
    assert_eq!(well["tool"], "lab/echo");
    assert_eq!(well["rules"][0]["verdict"], "matched");

    let hidden = ends(&serve, ("default", "lab/price", "{}"), "tool", "not_found").await;
    assert_eq!(
        change(&hidden),
        "take its pattern out of `toolsets.default.hide`"
    );
    let writes = ends(
        &serve,
        ("reading", "lab/put_item", "{}"),
        "tool",
        "not_found",
    )
    .await;
    assert!(
        change(&writes).contains("lab.tools.put_item.read_only"),
        "{writes:#}"
    );
    let unseen = ends(
        &serve,
        ("default", "lab/build", "{}"),
        "policy",
        "not_found",
    )
    .await;
    assert_eq!(
        change(&unseen),
        "allow if the caller were in group `finance`"
    );

    let first = r#"{"id":"item-1","value":"x"}"#;
    let denied = ends(
        &serve,
        ("default", "lab/put_item", first),
        "policy",
        "policy_denied",
    )
    .await;
    assert!(
        change(&denied).starts_with("allow if `id` were"),
        "{denied:#}"
    );
    let matched = denied["rules"].as_array().expect("rules").iter();
    let matched: Vec<_> = matched
        .filter(|rule| rule["verdict"] == "matched")
        .map(|rule| rule["id"].as_str())
        .collect();
    assert_eq!(matched, [Some("everything"), Some("not-the-first")]);
}

#[tokio::test]
async fn arguments_budgets_approvals_and_servers_have_their_say() {
    let serve = start_with(&CONFIG.replace("calls: 100", "calls: 3")).await;
    let broken = ends(
        &serve,
        ("default", "lab/echo", r#"{"text":1}"#),
        "arguments",
        "invalid_arguments",
    )
    .await;
    assert!(
        layer(&broken, "arguments")["says"]
            .as_str()
            .unwrap()
            .starts_with("`/text`"),
        "{broken:#}"
    );
    let dear = ends(
        &serve,
        ("default", "lab/add", r#"{"a":1,"b":2}"#),
        "budget",
        "limit_exceeded",
    )
    .await;
    assert!(change(&dear).contains("raise limit `purse`"), "{dear:#}");
    let asks = ends(
        &serve,
        ("default", "lab/refund_create", r#"{"amount":5}"#),
        "approval",
        "approval_pending",
    )
    .await;
    assert_eq!(
        change(&asks),
        "an approval by 2 of group `finance` (`refunds`)"
    );
    // Three calls were made, and explaining took none.
    let spent = ends(
        &serve,
        ("default", "lab/echo", r#"{"text":"x"}"#),
        "limit",
        "limit_exceeded",
    )
    .await;
    assert!(change(&spent).contains("raise limit `floor`"), "{spent:#}");
}

#[tokio::test]
async fn overrides_and_closed_doors_have_their_say() {
    let serve = start().await;
    let (closed, foretold) = explained(&serve, "closed", "lab/echo", "{}").await;
    let toolset = layer(&closed, "toolset");
    assert_eq!(
        (&toolset["verdict"], foretold),
        (&"not_found".into(), 2),
        "{closed:#}"
    );
    assert!(
        change(&closed).contains("toolsets.closed.groups"),
        "{closed:#}"
    );
    let (nowhere, _) = explained(&serve, "nowhere", "lab/echo", "{}").await;
    assert_eq!(nowhere["answer"]["text"], "Toolset not found");

    let kill = ["kill", "tool", "lab/echo", "--reason", "under repair"];
    assert_eq!(code(&run(&serve, "default", &kill).await), 0);
    let killed = ends(
        &serve,
        ("default", "lab/echo", r#"{"text":"x"}"#),
        "override",
        "disabled",
    )
    .await;
    assert!(change(&killed).starts_with("lift `ovr_"), "{killed:#}");
    let (away, code_away) = explained(&serve, "far", "away/anything", "{}").await;
    assert_eq!(code_away, 2, "{away:#}");
    assert!(
        layer(&away, "tool")["says"]
            .as_str()
            .unwrap()
            .starts_with("what `away` lists is not known"),
        "{away:#}"
    );
}

#[tokio::test]
async fn what_people_have_decided_is_looked_up() {
    let serve = start().await;
    let refund = ("default", "lab/refund_create", r#"{"amount":5}"#);
    ends(&serve, refund, "approval", "approval_pending").await;
    let waits = ends(&serve, refund, "approval", "approval_pending").await;
    assert!(
        change(&waits).starts_with("a decision on `apr_"),
        "{waits:#}"
    );
    let asked = run(&serve, "default", &["approve", "ls", "--json"]).await;
    let asked: Value = serde_json::from_slice(&asked.stdout).expect("JSON");
    let id = asked[0]["id"].as_str().expect("an approval");
    for person in ["acme/ana", "acme/ben"] {
        let grant = ["approve", "grant", id, "--as", person, "--reason", "t"];
        run(&serve, "default", &grant).await;
    }
    let (granted, foretold) = explained(&serve, refund.0, refund.1, refund.2).await;
    assert_eq!(granted["answer"]["class"], "ok", "{granted:#}");
    let says = &layer(&granted, "approval")["says"];
    assert_eq!(*says, format!("`{id}` is granted"));
    let call = ["call", "--as", "acme/cleo", "--no-wait", refund.1, refund.2];
    let called = run(&serve, refund.0, &call).await;
    assert_eq!((foretold, code(&called)), (0, 0), "{called:?}");
    // It was good once.
    ends(&serve, refund, "approval", "approval_pending").await;
}

#[tokio::test]
async fn a_server_that_has_died_is_the_last_to_refuse() {
    let tools = json!([{"name": "work", "inputSchema": {"type": "object"}}]);
    let upstream = Upstream::modern(tools, |received| {
        Act::result(received, r#"{"resultType":"complete","content":[]}"#)
    });
    let upstream = upstream.await;
    let config = CONFIG.replace("http://127.0.0.1:1/mcp", &upstream.url());
    let serve = start_with(&config).await;
    let (well, _) = explained(&serve, "far", "away/work", "{}").await;
    assert_eq!(well["answer"]["class"], "ok", "{well:#}");
    drop(upstream);
    let work = ("far", "away/work", "{}");
    let died = ends(&serve, work, "server", "upstream_unavailable").await;
    assert_eq!(change(&died), "wait until `away` is back");
}

/// What a call would be judged by is what was typed, whatever a reader of JSON would make of it.
#[tokio::test]
async fn arguments_are_judged_as_they_are_written() {
    let serve = start().await;
    let long = r#"{"a":9007199254740993,"b":1}"#;
    let args = ["explain", "--as", "acme/cleo", "--json", "lab/echo"];
    for (arguments, expected) in [(r#"{"text":"x","text":"y"}"#, 2), ("[]", 2), ("{", 2)] {
        let output = run(&serve, "default", &[&args[..], &[arguments]].concat()).await;
        assert_eq!(code(&output), expected, "{arguments}: {output:?}");
        assert!(output.stdout.is_empty(), "{output:?}");
    }
    let (sum, _) = explained(&serve, "reading", "lab/echo", long).await;
    assert_eq!(layer(&sum, "arguments")["verdict"], "invalid_arguments");
}

#[tokio::test]
async fn what_a_decision_says_besides_is_told() {
    let policies = "@redact(\"pii\") permit(principal, action, resource);\n\
                    @id(\"watched\") @level(\"advisory\") forbid(principal, action, resource);\n";
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("policies")).expect("a folder");
    std::fs::write(folder.path().join("policies/all.cedar"), policies).expect("policies");
    let serve = Serve::start_in(folder, CONFIG).await;
    let (explained, _) = explained(&serve, "default", "lab/echo", r#"{"text":"x"}"#).await;
    let says = layer(&explained, "policy")["says"].as_str().expect("words");
    assert!(
        says.contains("takes out pii") && says.contains("against the advice of `watched`"),
        "{says}"
    );
}

#[tokio::test]
async fn explaining_leaves_no_call_no_approval_and_no_effect() {
    let mut serve = start().await;
    for _ in 0..5 {
        explained(
            &serve,
            "default",
            "lab/put_item",
            r#"{"id":"item-2","value":"x"}"#,
        )
        .await;
        explained(&serve, "default", "lab/refund_create", r#"{"amount":5}"#).await;
    }
    let listed = run(&serve, "default", &["approve", "ls", "--json"]).await;
    assert_eq!(listed.stdout.trim_ascii(), b"[]");
    let effects = std::fs::read_to_string(serve.path("effects.jsonl")).unwrap_or_default();
    assert_eq!(effects, "");
    serve.signal(Signal::TERM);
    serve.ended().await;
    let records = records(&serve.path(STATE));
    assert!(
        records.iter().all(|record| record["type"] != "tool.call"),
        "{records:?}"
    );
}

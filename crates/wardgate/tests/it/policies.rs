//! Policies decide over what the built gateway lists and calls, the same on every door, and change while it runs.

use std::path::Path;

use serde_json::{Value, json};
use wardgate_testkit::{http::send, legacy::Session, modern, within};

use crate::{
    edge::{call, class},
    gateway::{STATE, records},
    lifecycle_serve::{Serve, wardgate},
};

const CONFIG: &str = "include: [policies/*.cedar]\n\
                      servers: {lab: {lab: {effects: effects.jsonl}}}\n";

/// Everybody may read items; putting them is allowed too, but not over the first.
const SHELF: &str = r#"
@id("readers") permit(principal, action == Action::"lab/get_item", resource);
@id("writers") permit(principal, action == Action::"lab/put_item", resource);
@id("keep-the-first") forbid(principal, action == Action::"lab/put_item", resource)
when { context.input.id == "item-1" };
"#;

fn folder(policies: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), policies);
    folder
}

fn write(folder: &Path, policies: &str) {
    std::fs::create_dir_all(folder.join("policies")).unwrap();
    std::fs::write(folder.join("policies/shelf.cedar"), policies).unwrap();
}

async fn start(policies: &str) -> Serve {
    Serve::start_in(folder(policies), CONFIG).await
}

fn put(id: &str) -> Value {
    json!({"id": id, "value": "x"})
}

fn effects(serve: &Serve) -> usize {
    let text = std::fs::read_to_string(serve.path("effects.jsonl")).unwrap_or_default();
    text.lines().count()
}

fn names(answer: &Value) -> Vec<&str> {
    let tools = answer["result"]["tools"].as_array().unwrap();
    tools
        .iter()
        .map(|tool| tool["name"].as_str().unwrap())
        .collect()
}

async fn listed(serve: &Serve) -> Value {
    let list = modern::request("/mcp", 1, "tools/list", json!({}));
    send(serve.address, &list).await.answer()
}

#[tokio::test]
async fn a_list_shows_what_could_be_allowed_and_is_private() {
    let serve = start(SHELF).await;
    let answer = listed(&serve).await;
    assert_eq!(names(&answer), ["get_item", "put_item"]);
    assert_eq!(answer["result"]["cacheScope"], "private");
    for revision in ["2025-11-25", "2025-03-26"] {
        let session = Session::open(serve.address, "/mcp", revision).await;
        let answer = session.call(2, "tools/list", json!({})).await.answer();
        assert_eq!(names(&answer), ["get_item", "put_item"], "{revision}");
    }
}

#[tokio::test]
async fn arguments_decide_and_a_denied_call_has_no_effect() {
    let serve = start(SHELF).await;
    let allowed = send(serve.address, &call("put_item", put("item-2")))
        .await
        .answer();
    assert_eq!(allowed["result"]["isError"], Value::Null, "{allowed}");
    assert_eq!(effects(&serve), 1);
    let denied = send(serve.address, &call("put_item", put("item-1")))
        .await
        .answer();
    assert_eq!(class(&denied), "policy_denied", "{denied}");
    let text = denied["result"]["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("keep-the-first"), "{text}");
    for revision in ["2025-11-25", "2025-06-18"] {
        let session = Session::open(serve.address, "/mcp", revision).await;
        let params = json!({"name": "put_item", "arguments": put("item-1")});
        let answer = session.call(3, "tools/call", params).await.answer();
        assert_eq!(class(&answer), "policy_denied", "{revision}: {answer}");
    }
    assert_eq!(effects(&serve), 1);
}

#[tokio::test]
async fn an_argument_of_the_wrong_type_or_missing_is_denied() {
    let serve = start(SHELF).await;
    for arguments in [json!({"id": ["item-2"], "value": 1}), json!({"value": 1})] {
        let answer = send(serve.address, &call("put_item", arguments))
            .await
            .answer();
        assert_eq!(class(&answer), "policy_denied", "{answer}");
    }
    assert_eq!(effects(&serve), 0);
}

#[tokio::test]
async fn a_hidden_tool_is_as_unknown_as_one_that_does_not_exist() {
    let serve = start(SHELF).await;
    let hidden = send(serve.address, &call("echo", json!({"text": "x"}))).await;
    let unknown = send(serve.address, &call("ohce", json!({"text": "x"}))).await;
    assert_eq!(hidden.status, unknown.status);
    assert_eq!(hidden.text().replace("echo", "ohce"), unknown.text());
    assert_eq!(hidden.answer()["error"]["code"], -32602);
}

#[tokio::test]
async fn what_is_no_tool_is_hidden_unless_permitted() {
    let serve = start(SHELF).await;
    let list = modern::request("/mcp", 1, "prompts/list", json!({}));
    let answer = send(serve.address, &list).await.answer();
    assert_eq!(answer["result"]["prompts"], json!([]));
    let resources = modern::request("/mcp", 1, "resources/list", json!({}));
    let answer = send(serve.address, &resources).await.answer();
    assert_eq!(answer["result"]["resources"], json!([]));
}

#[tokio::test]
async fn a_policy_that_is_changed_takes_effect_and_a_faulty_one_does_not() {
    let serve = start(SHELF).await;
    let before = serve.log().len();
    write(serve.directory.path(), &SHELF.replace("item-1", "item-2"));
    serve.logged_after(before, "configuration reloaded").await;
    let answer = send(serve.address, &call("put_item", put("item-2")))
        .await
        .answer();
    assert_eq!(class(&answer), "policy_denied", "{answer}");
    let before = serve.log().len();
    write(
        serve.directory.path(),
        "permit(principal, action, resource) when { nonsense };",
    );
    serve
        .logged_after(before, "the old one keeps serving")
        .await;
    let answer = send(serve.address, &call("put_item", put("item-2")))
        .await
        .answer();
    assert_eq!(class(&answer), "policy_denied", "{answer}");
}

#[tokio::test]
async fn the_record_names_the_decision_and_its_rules() {
    let mut serve = start(SHELF).await;
    send(serve.address, &call("put_item", put("item-1"))).await;
    serve.signal(rustix::process::Signal::TERM);
    within("the end", serve.ended()).await;
    let record = records(&serve.path(STATE)).pop().expect("a record");
    assert_eq!(record["decision"]["effect"], "deny", "{record}");
    assert_eq!(
        record["decision"]["rules"],
        json!(["keep-the-first"]),
        "{record}"
    );
    assert_eq!(record["outcome"]["status"], "denied", "{record}");
}

#[tokio::test]
async fn check_says_where_a_policy_is_wrong_and_that_nothing_is_included() {
    let folder = folder("permit(principal, action, resource);\npermit(principal, when);\n");
    std::fs::write(folder.path().join("wardgate.yaml"), CONFIG).unwrap();
    let output = wardgate(folder.path(), &["check"]).output().await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("error[WG1066]"), "{said}");
    assert!(said.contains("policies/shelf.cedar:2:"), "{said}");
    std::fs::remove_dir_all(folder.path().join("policies")).unwrap();
    let output = wardgate(folder.path(), &["check"]).output().await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("error[WG1065]"), "{said}");
}

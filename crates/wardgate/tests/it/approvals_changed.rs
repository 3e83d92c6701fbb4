//! Approvals when something is no longer what it was between the request and the use: who calls, who agreed, what the tool is,
//! and whether the store answers.

use std::fs::File;

use rustix::fs::{FlockOperation, fcntl_lock};
use serde_json::{Value, json};
use wardgate_testkit::{
    http::{Request, send},
    modern, within,
};

use crate::{
    approvals::{
        PEOPLE, REFUNDS, at_once, call, effects, grant, granted, id_in, pending, said, start,
        start_as, until_answer,
    },
    edge::class,
    gateway::{STATE, TestLab},
    lifecycle_serve::{KEY, Serve, wardgate},
};

/// Runs the program beside the gateway with a key, and returns what it printed.
async fn with_key(serve: &Serve, key: &str, args: &[&str]) -> String {
    let mut command = wardgate(serve.directory.path(), args);
    let output = within("the program", command.env("WARDGATE_KEY", key).output()).await;
    let output = output.expect("the built program");
    assert!(output.status.success(), "{args:?}: {}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// A key of somebody of `acme`: its id and its text.
async fn key(serve: &Serve, principal: &str) -> (String, String) {
    let create = [
        "key",
        "create",
        "--tenant",
        "acme",
        "--principal",
        principal,
        "--reason",
        "t",
        "--json",
    ];
    let issued: Value = serde_json::from_str(&with_key(serve, KEY, &create).await).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&issued["item"]["id"]), text(&issued["key"]))
}

#[tokio::test]
async fn a_caller_whose_key_is_revoked_while_the_call_waits_is_refused() {
    let keyed = "gateway:
  keys: [{id: root, tenant: ops, principal: root, secret: {env: TEST_KEY}}]
  roles: {platform-admin: [ops/root]}
tenants: {acme: {groups: {finance: [ana]}, roles: {approver: [ana]}}}
servers: {lab: {lab: {effects: effects.jsonl}}}
include: [policies/*.cedar]
";
    let serve = start_as(&REFUNDS.replace("finance:2", "finance:1"), keyed).await;
    let (_, ana) = key(&serve, "ana").await;
    let (id, caller) = key(&serve, "caller").await;
    let params = json!({"name": "refund_create", "arguments": {"amount": 6}});
    let request = modern::request("/mcp", 1, "tools/call", params)
        .header("Authorization", format!("Bearer {caller}"));
    let deciding = async {
        serve.logged("approval asked for").await;
        with_key(&serve, KEY, &["key", "revoke", &id, "--reason", "lost"]).await;
        let asked = id_in(&serve.log());
        with_key(&serve, &ana, &["approve", "grant", &asked]).await;
    };
    let held = within("the held call", send(serve.address, &request));
    let (reply, ()) = tokio::join!(held, deciding);
    assert_eq!(reply.status, 401, "{}", reply.text());
    assert_eq!(effects(&serve).len(), 0);
}

/// Takes somebody out of the group that decides.
async fn drop_ana(serve: &Serve) {
    let before = serve.log().len();
    let config = std::fs::read_to_string(serve.path("wardgate.yaml")).unwrap();
    serve.configure(&config.replace("[ana, ben, cleo, caller]", "[ben, cleo, caller]"));
    serve.logged_after(before, "configuration reloaded").await;
}

#[tokio::test]
async fn who_loses_their_say_while_a_call_waits_has_said_nothing() {
    let serve = start("").await;
    let request = call(json!({"amount": 6}), json!({}));
    let deciding = async {
        let id = pending(&serve).await;
        grant(&serve, &id, "acme/ana", 4).await;
        drop_ana(&serve).await;
        grant(&serve, &id, "acme/ben", 0).await;
        id
    };
    let held = within("the held call", send(serve.address, &request));
    let (reply, id) = tokio::join!(held, deciding);
    let answer = reply.answer();
    assert_eq!(class(&answer), "approval_pending", "{answer}");
    let again = call(json!({"amount": 6}), at_once());
    let again = send(serve.address, &again).await.text();
    assert_ne!(id_in(&again), id);
    assert_eq!(effects(&serve).len(), 0);
}

#[tokio::test]
async fn a_grant_of_somebody_who_lost_their_say_is_not_used() {
    let serve = start("").await;
    let request = call(json!({"amount": 6}), at_once());
    let id = id_in(&send(serve.address, &request).await.text());
    granted(&serve, &id).await;
    drop_ana(&serve).await;
    let answer = send(serve.address, &request).await.answer();
    assert_eq!(class(&answer), "approval_pending", "{answer}");
    assert_ne!(id_in(&answer.to_string()), id);
    assert_eq!(effects(&serve).len(), 0);
}

/// A gateway in front of a lab whose tools can be changed under its feet.
async fn before(lab: &TestLab) -> Serve {
    let server = format!("servers: {{lab: {{url: '{}'}}}}", lab.url());
    let people = PEOPLE.replace("servers: {lab: {lab: {effects: effects.jsonl}}}", &server);
    start_as(
        REFUNDS,
        &format!("gateway: {{admin: 127.0.0.1:0}}\n{people}"),
    )
    .await
}

/// Gives the refunds of the lab another contract, and waits until the gateway's clients see it.
async fn mutate(lab: &TestLab, serve: &Serve) {
    let output = json!({"type": "object", "properties": {"refund_id": {}, "fee": {}}});
    let change = json!({"tool": "refund_create", "outputSchema": output});
    let changed = send(
        lab.address,
        &Request::post("/lab/mutate", change.to_string()),
    )
    .await;
    assert_eq!(changed.status, 204, "{}", changed.text());
    let list = modern::request("/mcp", 1, "tools/list", json!({}));
    let list = list.header("Wardgate-As", "acme/caller");
    until_answer(serve, &list, |answer| answer.to_string().contains("fee")).await;
}

/// Refunds that reached the lab.
async fn refunds(lab: &TestLab) -> Value {
    let counts = send(lab.address, &Request::new("GET", "/lab/calls")).await;
    counts.json()["tools/call refund_create"].clone()
}

#[tokio::test]
async fn a_grant_for_another_contract_is_not_used() {
    let lab = TestLab::start(&[]);
    let serve = before(&lab).await;
    let request = call(json!({"amount": 6}), at_once());
    let id = id_in(&send(serve.address, &request).await.text());
    granted(&serve, &id).await;
    mutate(&lab, &serve).await;
    let answer = send(serve.address, &request).await.answer();
    assert_eq!(class(&answer), "approval_pending", "{answer}");
    let other = id_in(&answer.to_string());
    assert_ne!(other, id);
    assert_eq!(refunds(&lab).await, Value::Null);
    granted(&serve, &other).await;
    let answer = send(serve.address, &request).await.answer();
    assert_eq!(class(&answer), "", "{answer}");
    assert_eq!(refunds(&lab).await, 1);
}

#[tokio::test]
async fn a_tool_that_changes_while_a_call_waits_is_not_called() {
    let lab = TestLab::start(&[]);
    let serve = before(&lab).await;
    let request = call(json!({"amount": 6}), json!({}));
    let deciding = async {
        let id = pending(&serve).await;
        mutate(&lab, &serve).await;
        granted(&serve, &id).await;
    };
    let held = within("the held call", send(serve.address, &request));
    let (reply, ()) = tokio::join!(held, deciding);
    let answer = reply.answer();
    assert_eq!(class(&answer), "approval_pending", "{answer}");
    assert_eq!(refunds(&lab).await, Value::Null);
}

/// As another program that keeps the store for itself: SQLite's lock for writing is a byte of this file that somebody reads.
fn keep_store(serve: &Serve) -> File {
    let shared = serve.path(STATE).join("wardgate.db-shm");
    let shared = File::open(shared).expect("the store's index");
    fcntl_lock(&shared, FlockOperation::LockShared).expect("a lock");
    shared
}

#[tokio::test]
async fn without_the_store_nothing_is_asked_and_no_grant_is_used() {
    let serve = start("").await;
    let granted_call = call(json!({"amount": 6}), at_once());
    let id = id_in(&send(serve.address, &granted_call).await.text());
    granted(&serve, &id).await;
    let kept = keep_store(&serve);
    let fresh_call = call(json!({"amount": 7}), at_once());
    for request in [&granted_call, &fresh_call] {
        let answer = send(serve.address, request).await.answer();
        assert_eq!(class(&answer), "internal", "{answer}");
        assert!(answer.to_string().contains("nothing was sent"), "{answer}");
    }
    assert_eq!(effects(&serve).len(), 0);
    drop(kept);
    // Records are in the same store, and are tried again too.
    let is_back = |answer: &Value| class(answer) != "internal";
    let answer = until_answer(&serve, &granted_call, is_back).await;
    assert_eq!(class(&answer), "", "{answer}");
    let made = effects(&serve);
    assert_eq!(made.len(), 1, "{made:?}");
    assert_eq!(made[0]["args"]["amount"], 6, "{made:?}");
}

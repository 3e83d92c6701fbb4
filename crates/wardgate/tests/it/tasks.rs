//! The core tasks of 2025-11-25, between a client and a server of that revision.

use serde_json::{Value, json};
use wardgate_testkit::{
    legacy::Session,
    upstream::{Act, Received, Upstream},
};

use crate::gateway::TestGateway;

const TOOLS: &str = r#"{"tools":[{"name":"dig","inputSchema":{"type":"object"},"execution":{"taskSupport":"optional"}}]}"#;
const KEYS: [(&str, &str); 2] = [
    ("ALICE_KEY", "alice-key-0123456789abcdef"),
    ("BOB_KEY", "bob-key-0123456789abcdefgh"),
];

/// A server whose every task is `t-1`, and which can do this about tasks.
async fn server(tasks: Value) -> Upstream {
    let hello = json!({"protocolVersion": "2025-11-25", "serverInfo": {"name": "digger", "version": "1"},
        "capabilities": {"tools": {}, "tasks": tasks}});
    Upstream::start(move |received| match received.rpc().as_str() {
        "initialize" => Act::result(received, &hello.to_string()),
        "tools/list" => Act::result(received, TOOLS),
        "server/discover" => Act::status(400),
        _ if received.method != "POST" => Act::status(405),
        method if method.starts_with("notifications/") => Act::status(202),
        _ => Act::result(received, &answer(received).to_string()),
    })
    .await
}

fn answer(received: &Received) -> Value {
    let task = |status: &str| json!({"taskId": "t-1", "status": status, "createdAt": "2026-01-01T00:00:00Z", "ttl": 60000});
    let related = json!({"io.modelcontextprotocol/related-task": {"taskId": "t-1"}});
    match received.rpc().as_str() {
        "tools/call" => json!({"task": task("working")}),
        "tasks/get" => task("working"),
        "tasks/cancel" => task("cancelled"),
        "tasks/result" => json!({"content": [{"type": "text", "text": "gold"}], "_meta": related}),
        other => panic!("{other} was sent to the server"),
    }
}

fn everything() -> Value {
    json!({"list": {}, "cancel": {}, "requests": {"tools": {"call": {}}}})
}

async fn start(upstream: &Upstream) -> TestGateway {
    let config = format!(
        "gateway:
  keys:
    - {{id: alice, principal: alice, secret: {{env: ALICE_KEY}}}}
    - {{id: bob, principal: bob, secret: {{env: BOB_KEY}}}}
servers: {{s: {{url: '{}', era: legacy}}}}
toolsets: {{default: {{}}, other: {{}}}}
",
        upstream.url()
    );
    TestGateway::start_with(&config, &KEYS).await
}

async fn open(gateway: &TestGateway, target: &str, who: usize, revision: &str) -> Session {
    let key = format!("Bearer {}", KEYS[who].1);
    Session::open_as(
        gateway.address,
        target,
        revision,
        json!({}),
        &[("Authorization", &key)],
    )
    .await
}

async fn ask(session: &Session, method: &str, params: Value) -> Value {
    session.call(7, method, params).await.answer()
}

/// Calls the tool as a task; returns the task as the client knows it.
async fn dig(session: &Session) -> Value {
    let params = json!({"name": "dig", "arguments": {}, "task": {"ttl": 60000}});
    ask(session, "tools/call", params).await["result"]["task"].clone()
}

#[tokio::test]
async fn a_call_as_a_task_is_followed_under_one_sealed_id() {
    let upstream = server(everything()).await;
    let gateway = start(&upstream).await;
    let session = open(&gateway, "/mcp", 0, "2025-11-25").await;
    let task = dig(&session).await;
    let id = task["taskId"].as_str().expect("an id");
    assert!(id.len() > 40 && !id.contains("t-1"), "{id}");
    assert_eq!(
        (&task["status"], &task["ttl"]),
        (&json!("working"), &json!(60000))
    );
    assert_eq!(
        upstream.of("tools/call")[0].message()["params"]["task"],
        json!({"ttl": 60000})
    );

    let params = json!({"taskId": id});
    let got = ask(&session, "tasks/get", params.clone()).await;
    assert_eq!(
        (&got["result"]["taskId"], &got["result"]["status"]),
        (&json!(id), &json!("working"))
    );
    let got = ask(&session, "tasks/result", params.clone()).await;
    assert_eq!(got["result"]["content"][0]["text"], "gold");
    assert_eq!(
        got["result"]["_meta"]["io.modelcontextprotocol/related-task"]["taskId"],
        id
    );
    let got = ask(&session, "tasks/cancel", params).await;
    assert_eq!(
        (&got["result"]["taskId"], &got["result"]["status"]),
        (&json!(id), &json!("cancelled"))
    );
    for method in ["tasks/get", "tasks/result", "tasks/cancel"] {
        assert_eq!(
            upstream.of(method)[0].message()["params"]["taskId"],
            "t-1",
            "{method}"
        );
    }
    // The same caller finds it from another session.
    let again = open(&gateway, "/mcp", 0, "2025-11-25").await;
    let got = ask(&again, "tasks/get", json!({"taskId": id})).await;
    assert_eq!(got["result"]["taskId"], id);
}

#[tokio::test]
async fn another_callers_task_is_as_unknown_as_none() {
    let upstream = server(everything()).await;
    let gateway = start(&upstream).await;
    let alice = open(&gateway, "/mcp", 0, "2025-11-25").await;
    let task = dig(&alice).await;
    let bob = open(&gateway, "/mcp", 1, "2025-11-25").await;
    let elsewhere = open(&gateway, "/mcp/other", 0, "2025-11-25").await;
    for method in ["tasks/get", "tasks/result", "tasks/cancel"] {
        let unknown = ask(&bob, method, json!({"taskId": "no-such-task"})).await;
        assert_eq!(unknown["error"]["code"], -32602, "{method}: {unknown}");
        for (session, id) in [
            (&bob, &task["taskId"]),
            (&elsewhere, &task["taskId"]),
            (&alice, &json!("t-1")),
        ] {
            assert_eq!(
                ask(session, method, json!({"taskId": id})).await,
                unknown,
                "{method}"
            );
        }
        assert!(
            upstream.of(method).is_empty(),
            "{method} reached the server"
        );
    }
}

#[tokio::test]
async fn what_is_advertised_is_what_is_served() {
    let call = json!({"requests": {"tools": {"call": {}}}});
    let with_cancel = json!({"cancel": {}, "requests": {"tools": {"call": {}}}});
    for (tasks, revision, advertised) in [
        (everything(), "2025-11-25", with_cancel),
        (call.clone(), "2025-11-25", call),
        (json!({"list": {}}), "2025-11-25", Value::Null),
        (Value::Null, "2025-11-25", Value::Null),
        (everything(), "2025-06-18", Value::Null),
    ] {
        let upstream = server(tasks.clone()).await;
        let gateway = start(&upstream).await;
        let session = open(&gateway, "/mcp", 0, revision).await;
        assert_eq!(
            session.hello["capabilities"]["tasks"], advertised,
            "{tasks} {revision}"
        );
        // Callers share the session at the server, so its list would show everybody's.
        let list = ask(&session, "tasks/list", json!({})).await;
        assert_eq!(list["error"]["code"], -32601, "{list}");
        assert!(upstream.of("tasks/list").is_empty());
    }
}

//! The lab as clients of 2024-11-05 to 2025-11-25 see it.

use crate::support::{Events, LabUnderTest, json_body};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use wardgate_ops::lab::{LabOptions, serve_pipe};

fn request(id: u64, method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

fn call(id: u64, tool: &str, arguments: Value) -> Value {
    request(
        id,
        "tools/call",
        json!({"name": tool, "arguments": arguments, "_meta": {"progressToken": "p"}}),
    )
}

#[tokio::test]
async fn the_client_is_asked_on_the_stream_of_its_call() {
    let lab = LabUnderTest::start(LabOptions::default()).await;
    let session = lab.initialize("2025-06-18").await;
    let mut events = Events::of(lab.legacy(Some(&session), &call(1, "ask", json!({}))).await);
    let question = events.message().await;
    assert_eq!(question["method"], "elicitation/create");
    let answer = json!({"jsonrpc": "2.0", "id": question["id"],
                        "result": {"action": "accept", "content": {"name": "Al"}}});
    assert_eq!(
        lab.legacy(Some(&session), &answer).await.status(),
        StatusCode::ACCEPTED
    );
    let result = events.message().await["result"].clone();
    assert_eq!(result["content"][0]["text"], "Hello, Al!");
    assert!(result.get("resultType").is_none());
}

#[tokio::test]
async fn a_lost_stream_is_read_on_from_the_last_event() {
    let lab = LabUnderTest::start(LabOptions::default()).await;
    let session = lab.initialize("2025-11-25").await;
    let mut events = Events::of(
        lab.legacy(Some(&session), &call(1, "notify", json!({"count": 3})))
            .await,
    );
    let (primer, nothing) = events.next().await.unwrap();
    assert!(primer.is_some() && nothing.is_null());
    let (seen, first) = events.next().await.unwrap();
    assert_eq!(first["params"]["progress"], 1);
    drop(events);

    let headers = [
        ("accept", "text/event-stream"),
        ("mcp-session-id", session.as_str()),
        ("last-event-id", seen.as_deref().unwrap()),
    ];
    let mut rest = Events::of(lab.send(Method::GET, "/mcp", &headers, "").await);
    let mut progress = Vec::new();
    let result = loop {
        let message = rest.message().await;
        match message["method"].as_str() {
            Some("notifications/progress") => progress.push(message["params"]["progress"].clone()),
            Some(_) => {}
            None => break message,
        }
    };
    assert_eq!(progress, [2, 3]);
    assert_eq!(result["id"], 1);
}

#[tokio::test]
async fn changes_come_on_the_stream_of_the_session() {
    let lab = LabUnderTest::start(LabOptions::default()).await;
    let session = lab.initialize("2025-11-25").await;
    let subscribe = request(1, "resources/subscribe", json!({"uri": "lab://items"}));
    Events::of(lab.legacy(Some(&session), &subscribe).await)
        .next()
        .await;
    let headers = [
        ("accept", "text/event-stream"),
        ("mcp-session-id", session.as_str()),
    ];
    let mut events = Events::of(lab.send(Method::GET, "/mcp", &headers, "").await);
    for what in ["resource", "tools"] {
        lab.call("touch", json!({"what": what})).await;
    }
    assert_eq!(
        events.message().await["method"],
        "notifications/resources/updated"
    );
    assert_eq!(
        events.message().await["method"],
        "notifications/tools/list_changed"
    );
}

#[tokio::test]
async fn an_ended_session_is_not_found() {
    let lab = LabUnderTest::start(LabOptions::default()).await;
    let session = lab.initialize("2025-11-25").await;
    let headers = [("mcp-session-id", session.as_str())];
    assert_eq!(
        lab.send(Method::DELETE, "/mcp", &headers, "")
            .await
            .status(),
        StatusCode::NO_CONTENT
    );
    let ping = request(1, "ping", json!({}));
    assert_eq!(
        lab.legacy(Some(&session), &ping).await.status(),
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        lab.legacy(None, &ping).await.status(),
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn a_cancelled_call_has_no_effect_and_no_answer() {
    let lab = LabUnderTest::start(LabOptions::default()).await;
    let session = lab.initialize("2025-06-18").await;
    let build = call(5, "build", json!({"secs": 600, "steps": 1000}));
    let mut events = Events::of(lab.legacy(Some(&session), &build).await);
    assert_eq!(events.message().await["method"], "notifications/progress");
    let cancelled =
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 5}});
    lab.legacy(Some(&session), &cancelled).await;
    while let Some((_, message)) = events.next().await {
        assert_eq!(message["method"], "notifications/progress");
    }
    assert!(lab.stop().await.is_empty());
}

#[tokio::test]
async fn without_sessions_each_post_stands_alone() {
    let lab = LabUnderTest::start(LabOptions {
        stateless: true,
        ..LabOptions::default()
    })
    .await;
    let initialize = request(
        0,
        "initialize",
        json!({"protocolVersion": "2025-06-18", "capabilities": {}}),
    );
    let response = lab.legacy(None, &initialize).await;
    assert!(!response.headers().contains_key("mcp-session-id"));
    let echoed = json_body(
        lab.legacy(None, &call(1, "echo", json!({"text": "hi"})))
            .await,
    )
    .await;
    assert_eq!(echoed["result"]["structuredContent"]["text"], "hi");
}

#[tokio::test]
async fn the_oldest_clients_post_beside_one_long_stream() {
    let lab = LabUnderTest::start(LabOptions::default()).await;
    let response = lab
        .send(Method::GET, "/sse", &[("accept", "text/event-stream")], "")
        .await;
    let mut events = Events::of(response);
    let endpoint = events.endpoint().await;
    let initialize = request(
        0,
        "initialize",
        json!({"protocolVersion": "2024-11-05", "capabilities": {}}),
    );
    for message in [initialize, call(1, "add", json!({"a": 1, "b": 2}))] {
        let headers = [("content-type", "application/json")];
        let posted = lab
            .send(Method::POST, &endpoint, &headers, message.to_string())
            .await;
        assert_eq!(posted.status(), StatusCode::ACCEPTED);
        let answer = events.message().await;
        assert_eq!(answer["id"], message["id"]);
        assert!(answer["result"].get("structuredContent").is_none());
    }
}

#[tokio::test]
async fn both_eras_share_one_pipe() {
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let (reader, writer) = tokio::io::split(theirs);
    let (answers, mut questions) = tokio::io::split(ours);
    let mut answers = BufReader::new(answers).lines();
    let talk = async {
        let modern = crate::support::call_message("echo", json!({"text": "new"}));
        let initialize = request(
            0,
            "initialize",
            json!({"protocolVersion": "2024-11-05", "capabilities": {}}),
        );
        let mut texts = Vec::new();
        for message in [initialize, call(2, "echo", json!({"text": "old"})), modern] {
            questions
                .write_all(format!("{message}\n").as_bytes())
                .await
                .unwrap();
            let answer: Value =
                serde_json::from_str(&answers.next_line().await.unwrap().unwrap()).unwrap();
            assert_eq!(answer["id"], message["id"]);
            texts.push(answer["result"]["content"][0]["text"].clone());
        }
        questions.shutdown().await.unwrap();
        texts
    };
    let (served, texts) = tokio::join!(serve_pipe(reader, writer, LabOptions::default()), talk);
    served.unwrap();
    assert_eq!(texts, [Value::Null, json!("old"), json!("new")]);
}

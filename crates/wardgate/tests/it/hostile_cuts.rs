//! A server whose connection breaks after every possible byte of a recorded answer. Whatever is cut, the client is told of a
//! fault or given the whole answer, and never a part of it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use serde_json::{Value, json};
use wardgate_testkit::{
    http::{Connection, send},
    legacy::Session,
    upstream::{Act, Received, Upstream},
};

use crate::{edge::call, gateway::TestGateway};

const TEXT: &str = "the whole and nothing but the whole";

fn tools() -> Value {
    json!([{"name": "say", "inputSchema": {"type": "object"}}])
}

fn body(received: &Received) -> String {
    let id = &received.message()["id"];
    json!({"jsonrpc": "2.0", "id": id, "result": {"content": [{"type": "text", "text": TEXT}], "resultType": "complete"}})
        .to_string()
}

fn with_length(received: &Received) -> Vec<u8> {
    let body = body(received);
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn in_chunks(received: &Received) -> Vec<u8> {
    let body = body(received);
    let (one, two) = body.split_at(body.len() / 2);
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{one}\r\n{:x}\r\n{two}\r\n0\r\n\r\n",
        one.len(),
        two.len()
    )
    .into_bytes()
}

fn as_events(received: &Received) -> Vec<u8> {
    let progress = r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}"#;
    let events = format!(
        ": hello\n\ndata: {progress}\n\ndata: {}\n\n",
        body(received)
    );
    let (one, two) = events.split_at(events.len() / 2);
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{one}\r\n{:x}\r\n{two}\r\n0\r\n\r\n",
        one.len(),
        two.len()
    )
    .into_bytes()
}

/// Cuts the answer after each number of bytes, for a client of each era.
async fn never_a_part(answer: fn(&Received) -> Vec<u8>, legacy: bool) {
    let cut = Arc::new(AtomicUsize::new(usize::MAX));
    let script = {
        let cut = cut.clone();
        move |received: &Received| {
            let mut bytes = answer(received);
            bytes.truncate(cut.load(Ordering::SeqCst));
            Act::Bytes(bytes)
        }
    };
    let upstream = match legacy {
        true => Upstream::legacy("2025-06-18", tools(), script).await,
        false => Upstream::modern(tools(), script).await,
    };
    let gateway =
        TestGateway::start(&format!("servers: {{it: {{url: '{}'}}}}\n", upstream.url())).await;
    let session = Session::open(gateway.address, "/mcp", "2025-06-18").await;
    let mut connection = Connection::open(gateway.address).await;
    let whole = send(gateway.address, &call("say", json!({})))
        .await
        .answer();
    assert_eq!(whole["result"]["content"][0]["text"], TEXT, "{whole}");
    // Later answers have longer ids.
    let length = answer(&upstream.of("tools/call")[0]).len() + 8;
    let mut complete = 0;
    for k in 0..=length {
        cut.store(k, Ordering::SeqCst);
        let request = match legacy {
            true => session.request("r", "tools/call", json!({"name": "say", "arguments": {}})),
            false => call("say", json!({})),
        };
        let reply = connection.send(&request).await;
        assert_eq!(reply.status, 200, "cut after {k}");
        let answer = reply.answer();
        let result = &answer["result"];
        if result["content"][0]["text"] == TEXT {
            assert!(result["isError"].is_null());
            complete += 1;
            continue;
        }
        assert_eq!(complete, 0, "cut after {k}, and less was enough: {answer}");
        let class = &result["_meta"]["dev.wardgate/error"]["class"];
        assert!(
            class == "outcome_unknown" || class == "upstream_error",
            "cut after {k}: {answer}"
        );
    }
    assert!((1..40).contains(&complete), "{complete}");
    let calls = upstream.of("tools/call").len();
    assert_eq!(calls, length + 2, "each call is sent once");
}

#[tokio::test]
async fn cut_within_a_length() {
    never_a_part(with_length, false).await;
    never_a_part(with_length, true).await;
}

#[tokio::test]
async fn cut_within_chunks() {
    never_a_part(in_chunks, false).await;
}

#[tokio::test]
async fn cut_within_events() {
    never_a_part(as_events, false).await;
    never_a_part(as_events, true).await;
}

//! The ground the other modules stand on.

use serde_json::json;
use wardgate_testkit::{http, legacy::Session, modern};

use crate::gateway::{STATE, TestGateway, records};

#[tokio::test]
async fn every_door_leads_to_the_same_tool() {
    let gateway = TestGateway::lab().await;
    let echo = json!({"name": "echo", "arguments": {"text": "hello"}});
    let reply = http::send(
        gateway.address,
        &modern::request("/mcp", 1, "tools/call", echo.clone()),
    )
    .await;
    assert_eq!(reply.answer()["result"]["content"][0]["text"], "hello");

    let session = Session::open(gateway.address, "/mcp", "2025-06-18").await;
    let reply = session.call(2, "tools/call", echo.clone()).await;
    assert_eq!(reply.answer()["result"]["content"][0]["text"], "hello");

    let mut stdio = gateway.stdio();
    let (_, answer) = stdio.ask(&modern::message(3, "tools/call", echo)).await;
    assert_eq!(answer["result"]["content"][0]["text"], "hello");
    let (rest, success) = stdio.close().await;
    assert!(rest.is_empty() && success);
    let on_stdio = records(&gateway.folder.path().join("stdio").join(STATE));
    let of_call = on_stdio
        .iter()
        .filter(|record| record["type"] == "tool.call");
    assert_eq!(of_call.count(), 2, "received and complete: {on_stdio:?}");

    let finished = gateway.stop().await;
    assert!(finished.success, "{}", finished.log);
    assert_eq!(finished.calls().len(), 2);
}

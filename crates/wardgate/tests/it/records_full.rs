//! A ledger that cannot be written: what is refused, what is served, and what is heard of it.

use std::path::Path;

use serde_json::{Value, json};
use wardgate_testkit::{http, modern};

use crate::gateway::{TestGateway, wardgate};

/// Room for some calls, then none.
fn config(more: &str) -> String {
    format!(
        "gateway: {{audit: {{file_max: 256KiB{more}}}}}
servers:
  lab: {{lab: {{effects: effects.jsonl}}, tools: {{get_item: {{read_only: true}}}}}}
"
    )
}

async fn call(gateway: &TestGateway, tool: &str, args: Value) -> Value {
    let params = json!({"name": tool, "arguments": args});
    let reply = http::send(
        gateway.address,
        &modern::request("/mcp", 1, "tools/call", params),
    )
    .await;
    reply.answer()["result"].clone()
}

fn class(result: &Value) -> &Value {
    &result["_meta"]["dev.wardgate/error"]["class"]
}

async fn ready(gateway: &TestGateway) -> (u16, String) {
    let reply = http::send(gateway.address, &http::Request::new("GET", "/readyz")).await;
    (reply.status, reply.text())
}

/// Puts items until one is refused, and returns how many were stored.
async fn fill(gateway: &TestGateway) -> usize {
    for number in 0.. {
        let args = json!({"id": format!("k{number}"), "value": "v"});
        let result = call(gateway, "put_item", args).await;
        if result["isError"] == true {
            assert!(
                ["internal", "outcome_unknown"]
                    .contains(&class(&result).as_str().unwrap_or_default()),
                "{result}"
            );
            return number;
        }
    }
    unreachable!("the file is capped")
}

fn verify(folder: &Path) -> String {
    let output = wardgate(folder, &["audit", "verify"])
        .output()
        .expect("the built program");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test]
async fn a_full_ledger_lets_no_effect_through() {
    let gateway = TestGateway::start(&config("")).await;
    let stored = fill(&gateway).await;
    let before = gateway.effects().len();
    // The call that met the full disk may have run, if only its completion found no room.
    assert!(
        before == stored || before == stored + 1,
        "{before} {stored}"
    );
    for number in 0..20 {
        let result = call(
            &gateway,
            "put_item",
            json!({"id": format!("n{number}"), "value": "v"}),
        )
        .await;
        assert_eq!(class(&result), "internal", "{result}");
    }
    let read = call(&gateway, "get_item", json!({"id": "k0"})).await;
    assert_eq!(
        class(&read),
        "internal",
        "reading is closed too, by default: {read}"
    );
    assert_eq!(gateway.effects().len(), before);
    assert_eq!(
        ready(&gateway).await,
        (503, "records cannot be written\n".into())
    );
    let finished = gateway.stop().await;
    assert!(
        finished.log.contains("records cannot be written"),
        "{}",
        finished.log
    );
    let said = verify(finished.folder.path());
    assert!(said.starts_with("ok "), "{said}");
}

#[tokio::test]
async fn reading_may_be_served_without_records() {
    let gateway = TestGateway::start(&config(", on_error_read_only: degrade")).await;
    fill(&gateway).await;
    let put = call(&gateway, "put_item", json!({"id": "n", "value": "v"})).await;
    assert_eq!(class(&put), "internal");
    let read = call(&gateway, "get_item", json!({"id": "k0"})).await;
    assert!(read["isError"].is_null(), "{read}");
}

#[tokio::test]
async fn who_says_so_is_served_without_records() {
    let gateway = TestGateway::start(&config(", on_error: degrade")).await;
    for number in 0..300 {
        let result = call(
            &gateway,
            "put_item",
            json!({"id": format!("k{number}"), "value": "v"}),
        )
        .await;
        assert!(result["isError"].is_null(), "{result}");
    }
    assert_eq!(ready(&gateway).await.0, 503);
    assert_eq!(gateway.effects().len(), 300);
}

#[tokio::test]
async fn room_that_is_made_is_used() {
    let gateway = TestGateway::start(&config("")).await;
    fill(&gateway).await;
    let finished = gateway.stop().await;
    let effects = finished.effects().len();
    let more = config("").replace("256KiB", "64MiB");
    let gateway = TestGateway::start_in(finished.folder, &more, &[]).await;
    let result = call(&gateway, "put_item", json!({"id": "again", "value": "v"})).await;
    assert!(result["isError"].is_null(), "{result}");
    assert_eq!(gateway.effects().len(), effects + 1);
    let finished = gateway.stop().await;
    let said = verify(finished.folder.path());
    assert!(said.starts_with("ok "), "{said}");
}

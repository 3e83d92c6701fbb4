//! `/metrics` as a scraper reads it: what was called is counted as it was recorded, with labels that callers do not choose.

use serde_json::json;
use wardgate_testkit::{
    http::{Request, send},
    modern,
};

use crate::{
    edge::call,
    gateway::{STATE, records},
    lifecycle_serve::{Serve, wardgate},
};

const CONFIG: &str = "gateway: {admin: 127.0.0.1:0}\nservers: {lab: {lab: true}}\n";

/// What a scraper gets.
pub async fn metrics(serve: &Serve) -> String {
    let url = std::fs::read_to_string(serve.path(STATE).join("admin.url")).expect("an address");
    let address = url
        .trim_start_matches("http://")
        .parse()
        .expect("an address");
    let reply = send(address, &Request::new("GET", "/metrics")).await;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(reply.header("content-type"), Some(kind), "{}", reply.text());
    reply.text()
}

#[tokio::test]
async fn calls_are_counted_as_they_are_recorded() {
    let mut serve = Serve::start(CONFIG).await;
    for _ in 0..3 {
        send(serve.address, &call("echo", json!({"text": "x"}))).await;
    }
    send(serve.address, &call("echo", json!({"text": 1}))).await;
    for name in 0..20 {
        send(serve.address, &call(&format!("made-up-{name}"), json!({}))).await;
    }
    send(
        serve.address,
        &modern::request("/mcp", 1, "tools/list", json!({})),
    )
    .await;
    let kill = ["kill", "tool", "lab/echo", "--reason", "t"];
    let killed = wardgate(serve.directory.path(), &kill).output().await;
    assert!(killed.expect("the built program").status.success());

    let text = metrics(&serve).await;
    let echo = "tenant=\"local\",toolset=\"default\",server=\"lab\",tool=\"echo\"";
    let has = |line: &str| assert!(text.lines().any(|has| has == line), "no {line} in\n{text}");
    let version = "version=\"unversioned\"";
    has(&format!(
        "wardgate_calls_total{{{echo},{version},status=\"success\",error_type=\"\"}} 3"
    ));
    has(&format!(
        "wardgate_calls_total{{{echo},{version},status=\"error\",error_type=\"invalid_arguments\"}} 1"
    ));
    has("wardgate_override_active{effect=\"deny\"} 1");
    has("wardgate_audit_writable 1");
    has("wardgate_audit_records_total{type=\"override.create\"} 1");
    has("# EOF");
    assert!(!text.contains("made-up"), "{text}");
    serve.signal(rustix::process::Signal::TERM);
    serve.ended().await;
    let records = records(&serve.path(STATE));
    let calls = records
        .iter()
        .filter(|record| record["type"] == "tool.call" && record["stage"] == "complete");
    has(&format!(
        "wardgate_audit_records_total{{type=\"tool.call\"}} {}",
        calls.count()
    ));
}

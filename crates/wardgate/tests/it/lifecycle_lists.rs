//! A server that is away never empties a list in silence.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use wardgate_testkit::{
    http::send,
    legacy::Session,
    modern,
    upstream::{Act, Upstream},
    within,
};

use crate::{
    edge::call,
    gateway::TestGateway,
    lifecycle_serve::{Serve, wardgate},
};

async fn list(serve: &Serve, method: &str) -> Value {
    let request = modern::request("/mcp", 1, method, json!({}));
    send(serve.address, &request).await.answer()["result"].clone()
}

fn names(result: &Value) -> Vec<&str> {
    let tools = result["tools"].as_array().unwrap();
    tools
        .iter()
        .map(|tool| tool["name"].as_str().unwrap())
        .collect()
}

fn tool(name: &str) -> Value {
    json!({"name": name, "inputSchema": {"type": "object"}})
}

#[tokio::test]
async fn dead_and_hanging_servers_are_named_within_the_deadline() {
    let hangs = Upstream::start(|_| Act::Hang).await;
    let lists_hang = Upstream::modern(json!([]), |_| Act::Hang).await;
    let silent_list = Upstream::start(|received| match received.rpc().as_str() {
        "server/discover" => Act::Hang,
        _ => Act::status(500),
    })
    .await;
    let errs = Upstream::start(|_| Act::status(500)).await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = free.local_addr().unwrap();
    drop(free);
    let config = format!(
        "servers:
  good: {{lab: true}}
  closed: {{url: 'http://{closed}/mcp'}}
  hangs: {{url: '{}', timeouts: {{list: 700ms}}}}
  silent: {{url: '{}', timeouts: {{list: 700ms}}}}
  errs: {{url: '{}', timeouts: {{list: 700ms}}}}
  gone: {{command: [/no/such/program], timeouts: {{list: 700ms}}}}
",
        hangs.url(),
        silent_list.url(),
        errs.url(),
    );
    drop(lists_hang);
    let serve = Serve::start(&config).await;
    let session = Session::open(serve.address, "/mcp", "2025-11-25").await;
    for method in ["tools/list", "prompts/list", "resources/list"] {
        for result in [
            list(&serve, method).await,
            session.call(1, method, json!({})).await.answer()["result"].clone(),
        ] {
            let started = Instant::now();
            let missing = result["_meta"]["dev.wardgate/missing"].as_array().unwrap();
            let mut aliases: Vec<_> = missing
                .iter()
                .map(|row| {
                    assert!(row["reason"].as_str().is_some_and(|why| !why.is_empty()));
                    assert!(!row.to_string().contains("127.0.0.1"), "{row}");
                    row["server"].as_str().unwrap()
                })
                .collect();
            aliases.sort_unstable();
            assert_eq!(
                aliases,
                ["closed", "errs", "gone", "hangs", "silent"],
                "{method}"
            );
            assert!(started.elapsed() < Duration::from_secs(3));
            if method == "tools/list" {
                assert!(names(&result).contains(&"good__echo"), "{result}");
            }
        }
    }
    let started = Instant::now();
    let answer = send(serve.address, &call("good__echo", json!({"text": "x"})))
        .await
        .answer();
    assert_eq!(answer["result"]["content"][0]["text"], "x");
    assert!(started.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn a_prefixed_tool_of_a_server_never_reached_is_unavailable_and_not_unknown() {
    let config = "servers: {good: {lab: true}, gone: {command: [/no/such/program]}}
toolsets: {default: {hide: ['gone/secret*']}, other: {servers: [good], prefix: always}, bare: {prefix: never}}
";
    let gateway = TestGateway::start(config).await;
    let session = Session::open(gateway.address, "/mcp", "2025-11-25").await;
    for tool in ["gone__anything", "gone__x"] {
        let params = json!({"name": tool, "arguments": {}});
        let legacy = session.call(1, "tools/call", params).await.answer();
        let modern = send(gateway.address, &call(tool, json!({}))).await.answer();
        for answer in [modern, legacy] {
            let error = &answer["result"]["_meta"]["dev.wardgate/error"];
            assert_eq!(error["class"], "upstream_unavailable", "{answer}");
            assert!(error["retryAfterMs"].is_u64(), "{answer}");
        }
    }
    for (path, tool) in [
        ("/mcp", "good__no_such"),
        ("/mcp", "gone__secret_x"),
        ("/mcp", "gone__"),
        ("/mcp", "gone__no tool name"),
        ("/mcp", "gone"),
        ("/mcp", "nowhere__x"),
        ("/mcp/other", "gone__x"),
        ("/mcp/bare", "gone__x"),
    ] {
        let params = json!({"name": tool, "arguments": {}});
        let request = modern::request(path, 1, "tools/call", params);
        let answer = send(gateway.address, &request).await.answer();
        assert_eq!(answer["error"]["code"], -32602, "{path} {tool}: {answer}");
    }
    let finished = gateway.stop().await;
    let record = finished.calls()[0];
    assert_eq!(
        (&record["what"]["server"], &record["outcome"]["error_type"]),
        (&json!("gone"), &json!("upstream_unavailable"))
    );
}

#[tokio::test]
async fn the_command_line_shows_what_is_missing() {
    let config = "servers: {good: {lab: true}, gone: {command: [/no/such/program]}}\n";
    let serve = Serve::start(config).await;
    let url = format!("http://{}/mcp", serve.address);
    let output = wardgate(serve.directory.path(), &["tools", "list", "--url", &url]).output();
    let output = within("the list", output).await.unwrap();
    assert_eq!(output.status.code(), Some(0));
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(out.contains("good__echo"), "{out}");
    assert!(err.contains("`gone` is missing"), "{err}");
}

#[tokio::test]
async fn the_last_known_list_is_shown_with_its_age_and_still_resolves() {
    let upstream = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let up = upstream.clone();
    let server = Upstream::start(move |received| {
        let alive = up.load(std::sync::atomic::Ordering::SeqCst);
        match received.rpc().as_str() {
            _ if !alive => Act::Bytes(Vec::new()),
            "server/discover" => Act::result(received, r#"{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"ttlMs":0,"cacheScope":"private"}"#),
            "tools/list" => Act::result(received, &json!({"tools": [tool("a")], "resultType": "complete", "ttlMs": 0, "cacheScope": "private"}).to_string()),
            _ => Act::result(received, r#"{"content":[],"resultType":"complete"}"#),
        }
    })
    .await;
    let config = format!(
        "servers: {{it: {{url: '{}', timeouts: {{list: 1s}}}}}}\n",
        server.url()
    );
    let serve = Serve::start(&config).await;
    let fresh = list(&serve, "tools/list").await;
    assert_eq!(names(&fresh), ["a"]);
    assert!(fresh["_meta"]["dev.wardgate/missing"].is_null());
    upstream.store(false, std::sync::atomic::Ordering::SeqCst);
    // Until the list has outlived the five seconds it is served without asking.
    let old = within("an old list", async {
        let mut look = tokio::time::interval(Duration::from_millis(250));
        loop {
            look.tick().await;
            let result = list(&serve, "tools/list").await;
            if !result["_meta"]["dev.wardgate/missing"].is_null() {
                return result;
            }
        }
    })
    .await;
    assert_eq!(names(&old), ["a"], "{old}");
    let row = &old["_meta"]["dev.wardgate/missing"][0];
    assert_eq!(row["server"], "it");
    assert!(row["ageMs"].as_u64().unwrap() >= 4_000, "{row}");
    assert_eq!(old["ttlMs"], 0);
    let answer = send(serve.address, &call("a", json!({}))).await.answer();
    let class = &answer["result"]["_meta"]["dev.wardgate/error"]["class"];
    assert!(
        class == "outcome_unknown" || class == "upstream_unavailable",
        "{answer}"
    );
    upstream.store(true, std::sync::atomic::Ordering::SeqCst);
    let answer = send(serve.address, &call("a", json!({}))).await.answer();
    assert!(answer["result"]["isError"].is_null(), "{answer}");
}

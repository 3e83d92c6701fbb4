//! Secrets planted wherever the gateway holds some, then looked for wherever it says or writes something: nothing that left
//! the process, and nothing on the disk, may hold one.

use std::path::Path;

use serde_json::{Value, json};
use wardgate_testkit::{
    http::{Reply, Request, send},
    legacy::Session,
    modern,
    upstream::{Act, Received, Upstream},
};

use crate::gateway::{STATE, TestGateway, wardgate};

const KEY: &str = "canary-key-5e1b0c7d92f84a36";
const WRONG: &str = "canary-wrong-71d3a0be48c25f69";
const UPSTREAM: &str = "canary-upstream-9a7c31e5d08b4f62";
const CHILD: &str = "canary-child-2c6e8f04b1d7935a";
const FILE: &str = "canary-file-83b5d1f7206ac94e";
const SEAL: &str = "canary-seal-0d4f6a8c2e917b35d1f7206ac94e83b5";
const ARGUMENT: &str = "canary-argument-6f20e9b7c1";
/// In a place that nobody declared sensitive: it is told by its form.
const TOKEN: &str = "ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8";
const CANARIES: [&str; 8] = [KEY, WRONG, UPSTREAM, CHILD, FILE, SEAL, ARGUMENT, TOKEN];

const ENV: &[(&str, &str)] = &[
    ("CANARY_KEY", KEY),
    ("CANARY_UPSTREAM", UPSTREAM),
    ("CANARY_CHILD", CHILD),
    ("CANARY_SEAL", SEAL),
    ("WARDGATE_LOG", "trace"),
];

fn config(upstream: &Upstream) -> String {
    let child = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/hostile_child.py");
    format!(
        "gateway:
  seal_key: {{env: CANARY_SEAL}}
  audit: {{level: request, sensitive: [/secret]}}
  keys: [{{id: a, tenant: acme, principal: ana, secret: {{env: CANARY_KEY}}}}]
servers:
  web:
    url: '{}'
    auth: {{token: {{env: CANARY_UPSTREAM}}}}
    headers: {{X-Secret: {{file: secret.txt}}}}
    timeouts: {{call: 5s}}
  child:
    command: [python3, '{child}', noise]
    env: {{CANARY: {{env: CANARY_CHILD}}}}
  gone: {{url: 'http://127.0.0.1:9/mcp', auth: {{token: {{env: CANARY_UPSTREAM}}}}}}
toolsets: {{default: {{prefix: always}}}}
",
        upstream.url()
    )
}

fn tools() -> Value {
    let schema = json!({"type": "object", "properties": {"secret": {"type": "string"}, "n": {"type": "integer"}}});
    json!([{"name": "quick", "inputSchema": schema}, {"name": "fail", "inputSchema": schema}])
}

/// `fail` fails with everything it was sent.
fn script(received: &Received) -> Act {
    match received.message()["params"]["name"].as_str() {
        Some("fail") => {
            let body = format!("{:?} {:?}", received.headers, received.message());
            Act::Reply(500, vec![("X-Debug".into(), UPSTREAM.into())], body.into())
        }
        _ => Act::result(received, r#"{"content":[],"resultType":"complete"}"#),
    }
}

fn call(tool: &str, arguments: Value, key: &str) -> Request {
    let why = json!({"dev.wardgate/reason": format!("with {TOKEN}")});
    let params = json!({"name": tool, "arguments": arguments, "_meta": why});
    modern::request("/mcp", 1, "tools/call", params)
        .header("Authorization", format!("Bearer {key}"))
}

fn holds(bytes: &[u8]) -> Option<&'static str> {
    let is_in = |canary: &&str| {
        bytes
            .windows(canary.len())
            .any(|window| window == canary.as_bytes())
    };
    CANARIES.into_iter().find(is_in)
}

/// Everything the gateway and its children show of themselves to others on the machine.
fn command_lines() -> Vec<u8> {
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let lines = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    lines.flatten().collect()
}

fn said(folder: &Path, args: &[&str]) -> Vec<u8> {
    let output = wardgate(folder, args).output().unwrap();
    [output.stdout, output.stderr].concat()
}

#[tokio::test]
async fn planted_secrets_appear_nowhere() {
    let upstream = Upstream::modern(tools(), script).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secret.txt"), FILE).unwrap();
    let gateway = TestGateway::start_in(folder, &config(&upstream), ENV).await;
    let secret = json!({"secret": ARGUMENT, "note": TOKEN});
    let wrong = json!({"secret": ARGUMENT, "n": "one"});
    let calls = [
        call("web__quick", secret.clone(), KEY),
        call("web__quick", wrong, KEY),
        call("web__fail", secret.clone(), KEY),
        call("child__echo", secret.clone(), KEY),
        call("gone__any", secret.clone(), KEY),
        call("no_such_tool", secret.clone(), KEY),
        call("web__quick", secret.clone(), WRONG),
        Request::post("/mcp", "{").header("Authorization", format!("Bearer {KEY}")),
    ];
    let mut replies: Vec<Reply> = Vec::new();
    for request in &calls {
        replies.push(send(gateway.address, request).await);
    }
    let headers = [("Authorization", format!("Bearer {KEY}"))];
    let headers = headers
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let session =
        Session::open_as(gateway.address, "/mcp", "2025-11-25", json!({}), &headers).await;
    let params = json!({"name": "web__fail", "arguments": secret});
    replies.push(session.call(2, "tools/call", params).await);
    // The secrets arrived where they belong.
    let sent = upstream.received();
    assert!(
        sent.iter()
            .any(|one| one.header("authorization") == Some(&format!("Bearer {UPSTREAM}")))
    );
    assert!(sent.iter().any(|one| one.header("x-secret") == Some(FILE)));
    assert_eq!(holds(&command_lines()), None, "in a command line");
    for reply in &replies {
        let text = format!("{:?} {}", reply.headers, reply.text());
        assert_eq!(holds(text.as_bytes()), None, "{text}");
    }
    let finished = gateway.stop().await;
    assert_eq!(holds(finished.log.as_bytes()), None, "in the log");
    let folder = finished.folder.path();
    for verb in [
        &["check", "--json"][..],
        &["audit", "export"],
        &["audit", "ls"],
    ] {
        assert_eq!(holds(&said(folder, verb)), None, "{verb:?}");
    }
    for file in std::fs::read_dir(folder.join(STATE)).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(
            holds(&std::fs::read(&path).unwrap()),
            None,
            "{}",
            path.display()
        );
    }
    let redacted = finished
        .records
        .iter()
        .filter(|record| !record["what"]["args"]["secret"].is_null());
    assert!(redacted.count() > 3, "arguments were recorded");
}

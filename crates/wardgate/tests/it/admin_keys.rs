//! API keys from issue to end: used in both eras, scoped, expired, revoked, over a restart, and never written down.

use std::{path::Path, process::Output, time::Instant};

use serde_json::{Value, json};
use wardgate_testkit::{
    DEADLINE,
    http::{self, Request},
    legacy::{self, Session},
    modern,
};

use crate::{
    admin::{Asker, admin_of, config, env, start},
    gateway::{TestGateway, wardgate},
};

fn run(gateway: &TestGateway, args: &[&str]) -> Output {
    let root = env().into_iter().find(|(name, _)| *name == "KEY_ROOT");
    let (_, root) = root.expect("a key");
    let mut command = wardgate(gateway.folder.path(), args);
    command
        .env("WARDGATE_KEY", root)
        .output()
        .expect("the built program")
}

fn issued(gateway: &TestGateway, options: &[&str]) -> Value {
    let base = [
        "key",
        "create",
        "--tenant",
        "acme",
        "--principal",
        "bot",
        "--reason",
        "t",
        "--json",
    ];
    let output = run(gateway, &[&base, options].concat());
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn text(issued: &Value) -> &str {
    issued["key"].as_str().expect("a key")
}

fn echo(target: &str, key: &str) -> Request {
    let params = json!({"name": "echo", "arguments": {"text": "hello"}});
    modern::request(target, 1, "tools/call", params)
        .header("Authorization", format!("Bearer {key}"))
}

async fn status(gateway: &TestGateway, target: &str, key: &str) -> u16 {
    http::send(gateway.address, &echo(target, key)).await.status
}

#[tokio::test]
async fn a_key_works_in_both_eras_until_it_is_revoked() {
    let gateway = start().await;
    let issued = issued(&gateway, &["--kind", "agent", "--groups", "b,a"]);
    let (key, id) = (text(&issued), issued["item"]["id"].as_str().expect("an id"));
    assert_eq!(issued["item"]["groups"], json!(["a", "b"]));
    assert_eq!(status(&gateway, "/mcp", key).await, 200);
    let authorization = format!("Bearer {key}");
    let session = Session::open_as(
        gateway.address,
        "/mcp",
        "2025-11-25",
        legacy::capabilities(),
        &[("Authorization", &authorization)],
    )
    .await;
    let called = session
        .call(
            2,
            "tools/call",
            json!({"name": "echo", "arguments": {"text": "a"}}),
        )
        .await;
    assert_eq!(called.status, 200, "{}", called.text());
    // One wrong character, or another's secret behind the id, is no key.
    let other = self::issued(&gateway, &[]);
    let mixed = format!("{}{}", &key[..20], &text(&other)[20..]);
    for wrong in [&key[..key.len() - 1], mixed.as_str(), &key.to_uppercase()] {
        assert_eq!(status(&gateway, "/mcp", wrong).await, 401);
    }
    let dry = run(
        &gateway,
        &["key", "revoke", id, "--reason", "t", "--dry-run"],
    );
    assert!(dry.status.success());
    assert_eq!(status(&gateway, "/mcp", key).await, 200);
    for _ in 0..2 {
        let revoked = run(&gateway, &["key", "revoke", id, "--reason", "lost laptop"]);
        assert!(
            revoked.status.success(),
            "{}",
            String::from_utf8_lossy(&revoked.stderr)
        );
        assert_eq!(status(&gateway, "/mcp", key).await, 401);
    }
    let called = session
        .call(
            3,
            "tools/call",
            json!({"name": "echo", "arguments": {"text": "a"}}),
        )
        .await;
    assert_eq!(called.status, 401);
    let unknown = run(&gateway, &["key", "revoke", "nokey", "--reason", "t"]);
    assert_eq!(unknown.status.code(), Some(2));
    let left = gateway.stop().await;
    let of = |kind: &str| {
        left.records
            .iter()
            .filter(|record| record["type"] == kind)
            .collect::<Vec<_>>()
    };
    let [revoked] = of("key.revoke").try_into().expect("one record");
    assert_eq!(
        revoked["why"],
        json!({"text": "lost laptop", "source": "operator"})
    );
    assert_eq!(
        (&revoked["who"]["principal"], &revoked["what"]["args"]["id"]),
        (&json!("root"), &json!(id))
    );
    assert_eq!(of("key.create").len(), 2);
    let by_key = left
        .calls()
        .into_iter()
        .find(|call| call["who"]["credential"] == id);
    let who = &by_key.expect("a call with the key")["who"];
    assert_eq!(
        (&who["principal"], &who["kind"], &who["groups"]),
        (&json!("bot"), &json!("agent"), &json!(["a", "b"]))
    );
}

#[tokio::test]
async fn a_scoped_key_opens_its_toolsets_and_not_the_admin_api() {
    let gateway = start().await;
    let issued = issued(&gateway, &["--toolsets", "small"]);
    assert_eq!(status(&gateway, "/mcp/small", text(&issued)).await, 200);
    assert_eq!(status(&gateway, "/mcp", text(&issued)).await, 403);
    let authorization = format!("Bearer {}", text(&issued));
    let whoami = Request::new("GET", "/admin/v1/whoami").header("Authorization", authorization);
    assert_eq!(http::send(admin_of(&gateway), &whoami).await.status, 403);
}

#[tokio::test]
async fn a_key_ends_when_it_was_to_end() {
    let gateway = start().await;
    let root = Asker {
        admin: admin_of(&gateway),
        variable: "KEY_ROOT",
    };
    let wanted = jiff::Timestamp::now() + std::time::Duration::from_millis(1500);
    let body = json!({"tenant": "acme", "principal": "bot", "expires_at": wanted.to_string(), "reason": "t"});
    let issued = root.post("/admin/v1/keys", body).await.json();
    let end: jiff::Timestamp = issued["item"]["expires_at"]
        .as_str()
        .expect("an end")
        .parse()
        .expect("a moment");
    // Ends are kept to the millisecond.
    assert_eq!(end.as_millisecond(), wanted.as_millisecond());
    assert_eq!(status(&gateway, "/mcp", text(&issued)).await, 200);
    let begun = Instant::now();
    while status(&gateway, "/mcp", text(&issued)).await == 200 {
        assert!(begun.elapsed() < DEADLINE, "the key does not end");
    }
    assert!(jiff::Timestamp::now() >= end);
    let listed = root.get("/admin/v1/keys").await.json();
    assert_eq!(listed["items"][0]["state"], "expired");
}

#[tokio::test]
async fn keys_outlive_a_restart_and_are_written_nowhere() {
    let gateway = start().await;
    let issued = issued(&gateway, &[]);
    let key = text(&issued).to_owned();
    assert_eq!(status(&gateway, "/mcp", &key).await, 200);
    let left = gateway.stop().await;
    let env = env();
    let env: Vec<_> = env
        .iter()
        .map(|(name, key)| (*name, key.as_str()))
        .collect();
    let gateway = TestGateway::start_in(left.folder, &config(), &env).await;
    assert_eq!(status(&gateway, "/mcp", &key).await, 200);
    let left = gateway.stop().await;
    // Behind the public id, which is no secret.
    assert_absent(left.folder.path(), &key[20..]);
}

fn assert_absent(folder: &Path, secret: &str) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            assert_absent(&path, secret);
            continue;
        }
        let bytes = std::fs::read(&path).expect("a file");
        let is_there = bytes
            .windows(secret.len())
            .any(|part| part == secret.as_bytes());
        assert!(!is_there, "the key stands in {}", path.display());
    }
}

#[tokio::test]
async fn the_command_line_says_what_went_wrong() {
    let gateway = start().await;
    let check = |mut command: std::process::Command, code: i32, why: &str| {
        let output = command.output().expect("the built program");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(why), "{said}");
    };
    let ls = || wardgate(gateway.folder.path(), &["key", "ls"]);
    check(ls(), 3, "no credential proves who asks");
    let mut viewer = ls();
    viewer.env("WARDGATE_KEY", &env()[1].1);
    check(
        viewer,
        3,
        "this takes one of the roles `tenant-admin`, `platform-admin`",
    );
    let mut elsewhere = ls();
    elsewhere.env("WARDGATE_ADMIN", "127.0.0.1:1");
    check(elsewhere, 8, "cannot reach");
    let no_reason = ["key", "create", "--principal", "bot", "--reason", ""];
    let mut no_reason = wardgate(gateway.folder.path(), &no_reason);
    no_reason.env("WARDGATE_KEY", &env()[7].1);
    check(no_reason, 2, "a reason is needed");
    let listed = run(&gateway, &["key", "ls", "--json"]);
    assert_eq!(String::from_utf8_lossy(&listed.stdout).trim(), "[]");
}

/// Reads a stream to its end.
async fn to_its_end(mut stream: http::Stream) {
    while stream.event().await.is_some() {}
}

#[tokio::test]
async fn a_revoked_key_ends_its_streams_and_no_others() {
    let gateway = start().await;
    let (lost, kept) = (issued(&gateway, &[]), issued(&gateway, &[]));
    let wants = json!({"notifications": {"toolsListChanged": true}});
    let listen = async |key: &str| {
        let request = modern::request("/mcp", 1, "subscriptions/listen", wants.clone());
        let request = request.header("Authorization", format!("Bearer {key}"));
        let mut stream = http::Connection::open(gateway.address)
            .await
            .stream(&request)
            .await;
        let first = stream.message().await;
        assert_eq!(first["method"], "notifications/subscriptions/acknowledged");
        stream
    };
    let modern = listen(text(&lost)).await;
    let mut other = listen(text(&kept)).await;
    let authorization = format!("Bearer {}", text(&lost));
    let headers = [("Authorization", authorization.as_str())];
    let (revision, can) = ("2025-11-25", legacy::capabilities());
    let session = Session::open_as(gateway.address, "/mcp", revision, can, &headers).await;
    let legacy = session.listen(None).await;

    let id = lost["item"]["id"].as_str().expect("an id");
    assert!(
        run(&gateway, &["key", "revoke", id, "--reason", "t"])
            .status
            .success()
    );
    to_its_end(modern).await;
    to_its_end(legacy).await;
    let kill = ["kill", "tool", "lab/echo", "--reason", "t"];
    assert!(run(&gateway, &kill).status.success());
    let news = other.message().await;
    assert_eq!(news["method"], "notifications/tools/list_changed");
}

#[tokio::test]
async fn who_fails_too_often_is_told_when_to_come_back() {
    let gateway = start().await;
    let wrong = Request::new("GET", "/admin/v1/whoami").header("Authorization", "Bearer wrong");
    let admin = admin_of(&gateway);
    let mut last = http::send(admin, &wrong).await;
    for _ in 0..30 {
        last = http::send(admin, &wrong).await;
    }
    let wait = last
        .header("retry-after")
        .and_then(|said| said.parse::<u64>().ok());
    assert_eq!(last.status, 429);
    assert!(
        wait.is_some_and(|wait| (1..=61).contains(&wait)),
        "{wait:?}"
    );
}

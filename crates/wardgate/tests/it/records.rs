//! Records as an operator meets them: what calls leave, what `wardgate audit` says of it, and what tampering looks like.

use std::{
    path::{Path, PathBuf},
    process::Output,
};

use serde_json::{Value, json};
use wardgate_testkit::{http, modern};

use crate::gateway::{Finished, LAB, STATE, TestGateway, wardgate};

/// Arguments are kept, but for one.
const REQUEST: &str = "gateway: {audit: {level: request}}
servers:
  lab:
    lab: {effects: effects.jsonl}
    tools:
      echo: {read_only: true, sensitive: [/text]}
";

/// Runs `wardgate audit` over what a gateway left.
fn audit(folder: &Path, args: &[&str]) -> Output {
    let mut command = wardgate(folder, &["audit"]);
    command.args(args).output().expect("the built program")
}

fn said(output: &Output) -> String {
    let all = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8_lossy(&all).trim_end().to_owned()
}

fn export(folder: &Path) -> String {
    let output = audit(folder, &["export"]);
    assert!(output.status.success(), "{}", said(&output));
    String::from_utf8(output.stdout).expect("text")
}

async fn call(gateway: &TestGateway, tool: &str, args: Value) -> Value {
    let params = json!({"name": tool, "arguments": args});
    let reply = http::send(
        gateway.address,
        &modern::request("/mcp", 1, "tools/call", params),
    )
    .await;
    reply.answer()
}

/// A ledger of 41 records: twenty calls in two halves, and a list.
async fn some_records() -> Finished {
    let gateway = TestGateway::start(LAB).await;
    let list = modern::request("/mcp", 1, "tools/list", json!({}));
    http::send(gateway.address, &list).await;
    for number in 0..20 {
        call(
            &gateway,
            "put_item",
            json!({"id": format!("k{number}"), "value": "v"}),
        )
        .await;
    }
    gateway.stop().await
}

/// Verifies a changed copy of the exported records and returns what is said of it.
fn verify_copy(folder: &Path, change: impl FnOnce(Vec<&str>) -> String) -> String {
    let text = export(folder);
    let copy = folder.join("copy.jsonl");
    std::fs::write(&copy, change(text.lines().collect())).expect("a file");
    let output = audit(folder, &["verify", "--file", "copy.jsonl"]);
    let code = i32::from(said(&output).split(' ').next() != Some("ok"));
    assert_eq!(output.status.code(), Some(code), "{}", said(&output));
    said(&output)
}

fn joined(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[tokio::test]
async fn what_may_change_something_leaves_two_records_and_the_rest_one() {
    let gateway = TestGateway::start(REQUEST).await;
    call(&gateway, "echo", json!({"text": "canary@acme.test"})).await;
    call(&gateway, "put_item", json!({"id": "a", "value": "b"})).await;
    call(&gateway, "add", json!({"a": 1, "b": "two"})).await;
    let finished = gateway.stop().await;
    let told: Vec<_> = finished
        .records
        .iter()
        .map(|record| {
            let text = |pointer| {
                record
                    .pointer(pointer)
                    .and_then(Value::as_str)
                    .unwrap_or("-")
            };
            (text("/what/tool"), text("/stage"), text("/outcome/status"))
        })
        .collect();
    assert_eq!(
        told,
        [
            ("echo", "complete", "success"),
            ("put_item", "received", "-"),
            ("put_item", "complete", "success"),
            ("add", "complete", "error"),
        ]
    );
    let [echo, received, complete, add] = finished.records.as_slice() else {
        panic!("four records");
    };
    assert_eq!(complete["of"], received["id"]);
    assert_eq!(received["what"]["args"], json!({"id": "a", "value": "b"}));
    assert_eq!(echo["what"]["args"]["text"]["$redacted"], "sensitive");
    assert_eq!(add["outcome"]["error_type"], "invalid_arguments");
    for file in std::fs::read_dir(finished.folder.path().join(STATE)).expect("a folder") {
        let bytes = std::fs::read(file.expect("a file").path()).expect("a file");
        let canary = b"canary@acme.test";
        assert!(!bytes.windows(canary.len()).any(|window| window == canary));
    }
}

#[tokio::test]
async fn whole_records_verify_and_nothing_is_needed_but_file_key_and_checkpoints() {
    let finished = some_records().await;
    let folder = finished.folder.path();
    let output = audit(folder, &["verify"]);
    assert!(
        said(&output).starts_with("ok 41 records, head sha256:"),
        "{}",
        said(&output)
    );
    let apart = tempfile::tempdir().expect("a folder");
    std::fs::write(apart.path().join("records.jsonl"), export(folder)).expect("a file");
    for name in ["audit.pub", "checkpoints.txt"] {
        std::fs::copy(folder.join(STATE).join(name), apart.path().join(name)).expect("a copy");
    }
    let alone = [
        "verify",
        "--file",
        "records.jsonl",
        "--key",
        "audit.pub",
        "--checkpoints",
        "checkpoints.txt",
    ];
    assert_eq!(said(&audit(apart.path(), &alone)), said(&output));
}

#[tokio::test]
async fn tampering_is_named_with_its_place() {
    let finished = some_records().await;
    let folder = finished.folder.path();
    let says = |change: fn(Vec<&str>) -> String| verify_copy(folder, change);
    assert!(says(|lines| joined(&lines)).starts_with("ok 41 records"));
    assert_eq!(
        says(|lines| joined(&lines).replacen("\"seq\":17,", "\"seq\":71,", 1)),
        "seq 17 hash mismatch"
    );
    assert_eq!(
        says(|lines| joined(&lines[..38])),
        "checkpoint claims 41, found 38"
    );
    let without = |lines: Vec<&str>| joined(&[&lines[..9], &lines[12..]].concat());
    assert_eq!(says(without), "seq 10 missing, found 13");
    let swapped = |mut lines: Vec<&str>| {
        lines.swap(4, 5);
        joined(&lines)
    };
    assert_eq!(says(swapped), "seq 5 missing, found 6");
}

#[tokio::test]
async fn a_byte_flipped_in_the_database_is_found() {
    let finished = some_records().await;
    let folder = finished.folder.path();
    let path = folder.join(STATE).join("wardgate.db");
    let mut bytes = std::fs::read(&path).expect("a database");
    let what = b"\"tool\":\"put_item\"";
    let places = bytes.windows(what.len()).enumerate();
    let at = places
        .filter(|(_, window)| window == what)
        .map(|(at, _)| at)
        .nth(7);
    bytes[at.expect("a place") + 9] ^= 1;
    std::fs::write(&path, bytes).expect("a database");
    let output = audit(folder, &["verify"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).ends_with("hash mismatch"),
        "{}",
        said(&output)
    );
}

#[tokio::test]
async fn a_database_brought_back_from_yesterday_is_found_by_a_checkpoint_held_elsewhere() {
    let first = some_records().await;
    let state = first.folder.path().join(STATE);
    let copy: PathBuf = first.folder.path().join("yesterday.db");
    std::fs::copy(state.join("wardgate.db"), &copy).expect("a copy");
    let gateway = TestGateway::start_in(first.folder, LAB, &[]).await;
    call(&gateway, "put_item", json!({"id": "late", "value": "v"})).await;
    let finished = gateway.stop().await;
    let folder = finished.folder.path();
    std::fs::copy(&copy, state.join("wardgate.db")).expect("a copy");
    let output = audit(folder, &["verify"]);
    assert_eq!(said(&output), "checkpoint claims 43, found 41");
}

#[tokio::test]
async fn records_are_listed_shown_explained_and_exported_beside_a_running_gateway() {
    let gateway = TestGateway::start(REQUEST).await;
    call(
        &gateway,
        "refund_create",
        json!({"amount": 5, "order": "ord-1"}),
    )
    .await;
    call(&gateway, "echo", json!({"text": "x"})).await;
    call(&gateway, "echo", json!({"text": "y"})).await;
    let folder = gateway.folder.path();
    // A record that nobody waits for comes within milliseconds; each look is a process of its own.
    let listed = wardgate_testkit::within("three calls", async {
        loop {
            let output = audit(folder, &["ls", "--json"]);
            let all: Vec<Value> = serde_json::from_slice(&output.stdout).expect("an array");
            if all.len() == 3 {
                break all;
            }
        }
    })
    .await;
    let id = listed[2]["id"].as_str().expect("an id");
    assert_eq!(listed[2]["what"]["tool"], "refund_create");

    let count = |args: &[&str]| said(&audit(folder, &[&["ls", "--count"], args].concat()));
    assert_eq!(
        count(&["--tool", "lab/echo", "--status", "success", "--since", "1h"]),
        "2"
    );
    assert_eq!(count(&["--tool", "other/echo"]), "0");
    assert_eq!(count(&["--type", "tool", "--all"]), "4");
    assert_eq!(count(&["--tenant", "acme"]), "0");

    let shown = audit(folder, &["show", id]);
    assert_eq!(
        serde_json::from_slice::<Value>(&shown.stdout).expect("JSON")["id"],
        id
    );
    let told = said(&audit(folder, &["explain", id]));
    assert_eq!(told.lines().count(), 10, "{told}");
    assert!(
        told.contains("refund_create") && told.contains("success"),
        "{told}"
    );
    assert_eq!(audit(folder, &["show", "rec_0"]).status.code(), Some(2));

    for (format, expected) in [
        ("cloudevents", "\"specversion\":\"1.0\""),
        ("ocsf", "\"class_uid\":6003"),
        ("ecs", "\"event\":{"),
        ("rfc5424", "<10"),
    ] {
        let output = audit(folder, &["export", "--format", format]);
        let lines = String::from_utf8(output.stdout).expect("text");
        assert!(
            lines.lines().all(|line| line.contains(expected)),
            "{format}: {lines}"
        );
        assert_eq!(lines.lines().count(), 4);
    }
    let rows = said(&audit(folder, &["export", "--format", "focus"]));
    assert!(
        rows.lines().count() > 1 && rows.contains("BilledCost"),
        "{rows}"
    );
    gateway.stop().await;
}

#[tokio::test]
async fn where_there_are_no_records_reading_makes_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = audit(folder.path(), &["ls", "--state", "nowhere"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("no records in `nowhere`"));
    assert!(!folder.path().join("nowhere").exists());
}

#[tokio::test]
async fn no_records_are_kept_where_the_config_says_so() {
    let gateway =
        TestGateway::start("gateway: {record: false}\nservers:\n  lab: {lab: true}\n").await;
    call(&gateway, "put_item", json!({"id": "a", "value": "b"})).await;
    let finished = gateway.stop().await;
    assert!(finished.records.is_empty());
    assert!(!finished.folder.path().join(STATE).exists());
}

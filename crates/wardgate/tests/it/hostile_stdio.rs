//! Children that say what they should not, or too much, or nothing.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use wardgate_testkit::{http::send, legacy::Session, modern};

use crate::{
    edge::{call, class, echo},
    lifecycle_serve::Serve,
};

/// A config with one child that misbehaves in this way. It leaves its marks in the working directory of the gateway.
pub fn child(mode: &str) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/hostile_child.py");
    let python = match std::path::Path::new("/usr/bin/python3").exists() {
        true => "/usr/bin/python3",
        false => "python3",
    };
    let command = json!([python, script, mode]);
    format!(
        "servers: {{bad: {{command: {command}, era: legacy, timeouts: {{call: 3s, list: 5s}}, reply_max: 1MiB}}}}\n"
    )
}

fn text(answer: &Value) -> &str {
    answer["result"]["content"][0]["text"]
        .as_str()
        .unwrap_or_default()
}

#[tokio::test]
async fn noise_on_standard_output_is_passed_over() {
    let serve = Serve::start(&child("noise")).await;
    for n in 0..5 {
        let said = format!("text {n}");
        let answer = send(serve.address, &call("echo", json!({"text": said})))
            .await
            .answer();
        assert_eq!(text(&answer), said, "{answer}");
    }
}

#[tokio::test]
async fn half_a_line_is_no_answer() {
    let serve = Serve::start(&child("half-line")).await;
    let answer = send(serve.address, &echo()).await.answer();
    assert_eq!(class(&answer), "outcome_unknown", "{answer}");
}

#[tokio::test]
async fn a_line_without_end_costs_the_child_its_life_and_nobody_the_memory() {
    let serve = Serve::start(&child("long-line")).await;
    // Pages of the program itself that are touched for the first time are not what is measured.
    let list = modern::request("/mcp", 1, "tools/list", json!({}));
    assert_eq!(send(serve.address, &list).await.status, 200);
    let before = serve.counts().bytes;
    let answer = send(serve.address, &echo()).await.answer();
    assert!(
        matches!(class(&answer), "outcome_unknown" | "upstream_error"),
        "{answer}"
    );
    let grown = serve.counts().bytes.saturating_sub(before);
    assert!(grown < 32 << 20, "{grown} bytes more");
    let marks = std::fs::read_to_string(serve.path("starts")).unwrap();
    let first: u32 = marks.lines().next().unwrap().parse().unwrap();
    crate::lifecycle_serve::gone(first).await;
}

#[tokio::test]
async fn a_child_that_falls_silent_fails_its_calls_in_time() {
    let serve = Serve::start(&child("mute")).await;
    let started = Instant::now();
    let answer = send(serve.address, &echo()).await.answer();
    assert!(
        matches!(class(&answer), "outcome_unknown" | "timeout"),
        "{answer}"
    );
    assert!(started.elapsed() < Duration::from_secs(6));
}

#[tokio::test]
async fn standard_error_may_be_flooded() {
    let serve = Serve::start(&child("talk")).await;
    let first = send(serve.address, &echo()).await.answer();
    assert_eq!(text(&first), "x", "{first}");
    let before = serve.counts().bytes;
    for _ in 0..4 {
        let answer = send(serve.address, &echo()).await.answer();
        assert_eq!(text(&answer), "x", "{answer}");
    }
    let grown = serve.counts().bytes.saturating_sub(before);
    // Far below what the child sends; the allocator keeps for a while what it was given.
    assert!(grown < 36 << 20, "{grown} bytes more");
    assert!(!serve.log().contains('\u{1b}'));
}

/// A child that never stops talking and reads no more: its call ends by the deadline, whoever made it, and the memory stays.
async fn a_flood_of(mode: &str) {
    let bad = child(mode).replace("servers: {bad:", "servers: {good: {lab: true}, bad:");
    let serve = Serve::start(&bad).await;
    let good = call("good__echo", json!({"text": "x"}));
    assert_eq!(text(&send(serve.address, &good).await.answer()), "x");
    // It can be asked nothing, so that everything it is asked must be refused.
    let session = Session::open_as(serve.address, "/mcp", "2025-11-25", json!({}), &[]).await;
    let params =
        json!({"name": "bad__echo", "arguments": {"text": "x"}, "_meta": {"progressToken": "p"}});
    let modern = modern::request("/mcp", 1, "tools/call", params.clone());
    let legacy = session.request(1, "tools/call", params);
    let before = serve.counts().bytes;
    for request in [&modern, &legacy] {
        let started = Instant::now();
        let flooded = async {
            let reply = send(serve.address, request).await;
            (reply, started.elapsed())
        };
        let others = async {
            for _ in 0..5 {
                let answer = send(serve.address, &good).await.answer();
                assert_eq!(text(&answer), "x", "{mode}: {answer}");
            }
        };
        let ((reply, took), ()) = tokio::join!(flooded, others);
        // A list that is asked for first may take its own time.
        assert!(took < Duration::from_secs(3 + 5 + 2), "{mode}: {took:?}");
        let ended = reply.messages().into_iter().rev();
        let mut ended = ended.filter(|message| message["method"].is_null());
        let answer = ended.next().unwrap_or_default();
        let asks = answer["result"]["inputRequests"].as_object();
        let few = asks.is_some_and(|asks| asks.len() <= 32);
        assert!(few || !class(&answer).is_empty(), "{mode}: {answer}");
    }
    let grown = serve.counts().bytes.saturating_sub(before);
    assert!(grown < 32 << 20, "{mode}: {grown} bytes more");
}

#[tokio::test]
async fn questions_without_end() {
    a_flood_of("questions").await;
}

#[tokio::test]
async fn pings_without_end() {
    a_flood_of("pings").await;
}

#[tokio::test]
async fn progress_without_end() {
    a_flood_of("progress").await;
}

#[tokio::test]
async fn changes_without_end() {
    a_flood_of("changes").await;
}

//! Children that fail again and again: however many kinds of clients ask for one, it is started seldom, they are told at once,
//! and when it is well again the next call works.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};
use wardgate_testkit::{
    http::{Connection, Request, send},
    modern, within,
};

use crate::{
    edge::{call, class, echo},
    hostile_stdio::child,
    lifecycle_children::{calls, starts},
    lifecycle_serve::{Serve, gone, signal},
};

/// The same call from clients that declare different things, and so cannot share a session with the server.
fn from_everybody() -> Vec<Request> {
    [
        json!({}),
        json!({"sampling": {}}),
        json!({"elicitation": {"form": {}}}),
        json!({"elicitation": {"form": {}, "url": {}}}),
        json!({"roots": {}}),
        json!({"sampling": {}, "roots": {}}),
    ]
    .into_iter()
    .map(|capabilities| {
        let params = json!({"name": "echo", "arguments": {"text": "x"}});
        let params = modern::with_meta(params, capabilities);
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
        modern::post("/mcp", &message)
    })
    .collect()
}

/// Lets every kind of client call for a while, and on a slow machine until each was answered often.
async fn hammer(serve: &Serve) -> usize {
    let requests = from_everybody();
    let mut connection = Connection::open(serve.address).await;
    let started = Instant::now();
    let mut answers = 0;
    while started.elapsed() < Duration::from_secs(2) || answers <= 100 {
        for request in &requests {
            assert_eq!(connection.send(request).await.status, 200);
            answers += 1;
        }
    }
    answers
}

#[tokio::test]
async fn however_many_kinds_of_clients_ask_a_failing_child_is_started_ten_times_at_the_most() {
    for mode in [
        "never",
        "segv",
        "refuse",
        "greet-and-go",
        "last-words",
        "brief",
    ] {
        let serve = Serve::start(&child(mode)).await;
        let answers = within("answers", hammer(&serve)).await;
        let starts = starts(&serve);
        assert!(
            (1..=10).contains(&starts),
            "{mode}: {starts} starts, {answers} answers"
        );
        let command = send(serve.address, &echo()).await;
        assert_eq!(command.status, 200, "{mode}");
    }
}

/// How long each of these calls took, shortest first.
async fn times(serve: &Serve, count: usize) -> Vec<Duration> {
    let mut connection = Connection::open(serve.address).await;
    let mut times = Vec::new();
    for _ in 0..count {
        let started = Instant::now();
        connection.send(&echo()).await;
        times.push(started.elapsed());
    }
    times.sort_unstable();
    times
}

#[tokio::test]
async fn callers_of_a_failing_child_are_told_at_once() {
    let serve = Serve::start(&child("while-well")).await;
    std::fs::write(serve.path("well"), "").unwrap();
    let (answers, _) = calls(&serve, 1).await;
    assert_eq!(class(&answers[0]), "", "{answers:?}");
    fall_ill(&serve).await;
    let (answers, _) = calls(&serve, 40).await;
    let last = answers.last().unwrap();
    assert_eq!(class(last), "upstream_unavailable", "{last}");
    let times = times(&serve, 101).await;
    assert!(times[50] < Duration::from_millis(10), "{:?}", times[50]);
}

#[tokio::test]
async fn everybody_sees_that_a_child_keeps_failing() {
    for mode in ["never", "greet-and-go"] {
        let serve = Serve::start(&child(mode)).await;
        calls(&serve, 40).await;
        let list = modern::request("/mcp", 1, "tools/list", json!({}));
        // The reason of the first attempt is told for a second.
        within("the state of the child", async {
            loop {
                let list = send(serve.address, &list).await.answer();
                let missing = &list["result"]["_meta"]["dev.wardgate/missing"][0];
                assert_eq!(missing["server"], "bad", "{mode}: {list}");
                let reason = missing["reason"].as_str().unwrap_or_default();
                if reason.contains("failed repeatedly") {
                    break;
                }
            }
        })
        .await;
        let log = serve.log();
        let said = log.contains("cannot connect") || log.contains("connection ended");
        assert!(said, "{log}");
    }
}

/// The child ends, and every other that is started.
async fn fall_ill(serve: &Serve) {
    std::fs::remove_file(serve.path("well")).unwrap();
    let marks = std::fs::read_to_string(serve.path("starts")).unwrap();
    let pid: u32 = marks.lines().last().unwrap().parse().unwrap();
    signal(pid, Signal::KILL);
    gone(pid).await;
    serve.logged("connection ended").await;
}

#[tokio::test]
async fn a_child_that_is_well_again_answers_after_the_wait_that_was_told() {
    let serve = Serve::start(&child("while-well")).await;
    std::fs::write(serve.path("well"), "").unwrap();
    calls(&serve, 1).await;
    fall_ill(&serve).await;
    let mut wait = None;
    while starts(&serve) < 5 {
        let answer = send(serve.address, &echo()).await.answer();
        assert_eq!(class(&answer), "upstream_unavailable", "{answer}");
        wait = answer["result"]["_meta"]["dev.wardgate/error"]["retryAfterMs"].as_u64();
    }
    std::fs::write(serve.path("well"), "").unwrap();
    let well = Instant::now();
    // The last start has just failed: this is the longest wait so far.
    let told = send(serve.address, &echo()).await.answer();
    let told = told["result"]["_meta"]["dev.wardgate/error"]["retryAfterMs"].as_u64();
    let longest = Duration::from_millis(told.or(wait).expect("a wait") + 1000);
    let answer = loop {
        let answer = send(serve.address, &echo()).await.answer();
        if class(&answer).is_empty() {
            break answer;
        }
        let took = well.elapsed();
        assert!(took < longest, "{took:?} of {longest:?}: {answer}");
    };
    assert_eq!(answer["result"]["content"][0]["text"], "x", "{answer}");
    let after: Vec<Value> = calls(&serve, 5).await.0;
    assert!(after.iter().all(|answer| class(answer).is_empty()));
}

#[tokio::test]
async fn a_command_that_does_not_exist_is_tried_seldom_whoever_asks() {
    let serve = Serve::start("servers: {gone: {command: [/no/such/program]}}\n").await;
    hammer(&serve).await;
    let tries = serve.log().matches("cannot connect").count();
    assert!((1..=10).contains(&tries), "{tries} tries");
    let request = call("echo", json!({"text": "x"}));
    let answer = send(serve.address, &request).await.answer();
    assert!(answer["error"]["code"].is_number(), "{answer}");
}

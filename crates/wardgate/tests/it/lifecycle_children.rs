//! Children and what they leave behind: nothing survives the gateway, and a child that dies again and again is not started
//! again and again.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};
use wardgate_testkit::{http::send, modern, within};

use crate::{
    edge::{call, class, echo},
    hostile_stdio::child,
    lifecycle_serve::{Serve, descendants, gone},
};

/// A server with grandchildren: one that ignores TERM, one in a session of its own, and both at once, forked away.
fn family() -> String {
    let script = "(trap '' TERM HUP INT; exec sleep 987) & \
         setsid sleep 987 & \
         (setsid sh -c 'trap \"\" TERM HUP; (exec sleep 987) & exec sleep 987' &) ; \
         exec \"$0\" lab --stdio";
    let command = json!(["sh", "-c", script, env!("CARGO_BIN_EXE_wardgate")]);
    format!("servers: {{lab: {{command: {command}}}}}\n")
}

#[tokio::test]
async fn nothing_outlives_a_killed_gateway() {
    let mut serve = Serve::start(&family()).await;
    assert_eq!(send(serve.address, &echo()).await.status, 200);
    let family = descendants(serve.pid());
    assert!(family.len() >= 6, "{family:?}");
    let killed = Instant::now();
    serve.signal(Signal::KILL);
    serve.ended().await;
    for (pid, _) in &family {
        gone(*pid).await;
    }
    let took = killed.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}: {family:?}");
}

#[tokio::test]
async fn nothing_outlives_a_gateway_killed_while_it_starts_children() {
    let servers: Vec<String> = (0..8)
        .map(|n| format!("s{n}: {{lab: true, warm: true}}"))
        .collect();
    let mut serve = Serve::start(&format!("servers: {{{}}}\n", servers.join(", "))).await;
    let mut seen = descendants(serve.pid());
    seen.extend(descendants(serve.pid()));
    serve.signal(Signal::KILL);
    let left = seen.iter().flat_map(|(pid, _)| descendants(*pid));
    let left: Vec<_> = left.chain(seen.iter().cloned()).collect();
    serve.ended().await;
    for (pid, _) in left {
        gone(pid).await;
    }
}

#[tokio::test]
async fn a_gateway_that_is_told_to_stop_takes_its_children_along() {
    let mut serve = Serve::start(&family()).await;
    assert_eq!(send(serve.address, &echo()).await.status, 200);
    let family = descendants(serve.pid());
    serve.signal(Signal::TERM);
    assert_eq!(serve.ended().await.code(), Some(0));
    let stopped = Instant::now();
    for (pid, _) in family {
        gone(pid).await;
    }
    assert!(stopped.elapsed() < Duration::from_millis(500));
}

#[tokio::test]
async fn orphans_of_a_child_do_not_pile_up_as_zombies() {
    let serve = Serve::start(&child("orphans")).await;
    assert_eq!(send(serve.address, &echo()).await.status, 200);
    let family = descendants(serve.pid());
    // The supervisor and the server; of sixty forked processes nothing is left but, perhaps, one just ending.
    assert!(family.len() <= 4, "{family:?}");
}

/// Waits until no more than this many processes are left below the gateway.
pub async fn only(serve: &Serve, count: usize) {
    let mut look = tokio::time::interval(Duration::from_millis(20));
    within("fewer children", async {
        while descendants(serve.pid()).len() > count {
            look.tick().await;
        }
    })
    .await;
}

pub fn starts(serve: &Serve) -> usize {
    let marks = std::fs::read_to_string(serve.path("starts")).unwrap_or_default();
    marks.lines().count()
}

/// Calls the tool `count` times; returns the answers and how long the slowest took but for the first.
pub async fn calls(serve: &Serve, count: usize) -> (Vec<Value>, Duration) {
    let mut answers = Vec::new();
    let mut slowest = Duration::ZERO;
    for n in 0..count {
        let started = Instant::now();
        let request = call("echo", json!({"text": "x"}));
        answers.push(send(serve.address, &request).await.answer());
        if n > 0 {
            slowest = slowest.max(started.elapsed());
        }
    }
    (answers, slowest)
}

#[tokio::test]
async fn a_child_that_never_starts_is_not_started_again_and_again() {
    for mode in ["never", "segv", "greet-and-go"] {
        let serve = Serve::start(&child(mode)).await;
        let (answers, _) = calls(&serve, 60).await;
        for answer in &answers {
            assert_ne!(
                answer["result"]["isError"],
                Value::Bool(false),
                "{mode}: {answer}"
            );
            assert!(
                answer["result"].is_null() || class(answer) == "upstream_unavailable",
                "{mode}: {answer}"
            );
        }
        let starts = starts(&serve);
        assert!((1..=10).contains(&starts), "{mode}: {starts} starts");
        assert!(!serve.log().contains('\u{1b}'), "{mode}");
    }
}

#[tokio::test]
async fn a_command_that_does_not_exist_is_said_to_be_unavailable_at_once() {
    let serve = Serve::start("servers: {gone: {command: [/no/such/program]}}\n").await;
    let (_, _) = calls(&serve, 2).await;
    let started = Instant::now();
    let (answers, _) = calls(&serve, 20).await;
    assert!(
        started.elapsed() < Duration::from_secs(3),
        "{:?}",
        started.elapsed()
    );
    assert!(
        answers
            .iter()
            .all(|answer| answer["result"]["isError"] != false)
    );
    let list = modern::request("/mcp", 1, "tools/list", json!({}));
    let list = send(serve.address, &list).await.answer();
    assert_eq!(
        list["result"]["_meta"]["dev.wardgate/missing"][0]["server"],
        "gone"
    );
}

#[tokio::test]
async fn a_child_that_ends_after_each_call_gets_its_answer_through_and_is_backed_off() {
    let serve = Serve::start(&child("last-words")).await;
    let (answers, slowest) = calls(&serve, 40).await;
    let answered = answers
        .iter()
        .filter(|answer| class(answer).is_empty())
        .count();
    let calls = std::fs::read_to_string(serve.path("calls"))
        .unwrap()
        .lines()
        .count();
    assert_eq!(
        answered, calls,
        "an answer that was given is not lost: {answers:?}"
    );
    assert!(answered >= 1);
    for answer in &answers {
        assert!(
            matches!(
                class(answer),
                "" | "upstream_unavailable" | "outcome_unknown"
            ),
            "{answer}"
        );
    }
    assert!(starts(&serve) <= 10, "{} starts", starts(&serve));
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
}

#[tokio::test]
async fn a_child_that_dies_of_a_call_leaves_its_outcome_unknown_and_is_not_asked_twice() {
    let serve = Serve::start(&child("crash-on-call")).await;
    let answer = send(serve.address, &echo()).await.answer();
    assert_eq!(class(&answer), "outcome_unknown", "{answer}");
    let calls = std::fs::read_to_string(serve.path("calls")).unwrap();
    assert_eq!(calls.lines().count(), 1);
}

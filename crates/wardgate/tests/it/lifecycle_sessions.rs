//! A thousand sessions leave nothing behind: no process, no descriptor, no memory to speak of. Neither does a child that is
//! replaced again and again.

use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;
use wardgate_testkit::{http::send, legacy::Session, within};

use crate::{
    edge::echo,
    gateway::TestLab,
    lifecycle_serve::{Counts, Serve},
};

/// How a session is left.
#[derive(Clone, Copy, PartialEq)]
enum Parting {
    Goodbye,
    Silent,
    /// With its stream open and a subscription made.
    Listening,
}

/// Runs this many sessions, eight at a time.
async fn cycles(serve: &Serve, count: usize, parting: Parting) {
    let mut workers = JoinSet::new();
    for _ in 0..8 {
        let address = serve.address;
        workers.spawn(async move {
            for n in 0..count / 8 {
                let session = Session::open(address, "/mcp", "2025-11-25").await;
                let echo = json!({"name": "echo", "arguments": {"text": "x"}});
                let reply = session.call(n, "tools/call", echo).await;
                assert_eq!(reply.answer()["result"]["content"][0]["text"], "x");
                if parting == Parting::Listening {
                    let uri = json!({"uri": "lab://items"});
                    let reply = session.call(n, "resources/subscribe", uri).await;
                    assert!(reply.answer()["result"].is_object(), "{}", reply.text());
                    drop(session.listen(None).await);
                }
                if parting == Parting::Goodbye {
                    assert_eq!(session.delete().await.status, 204);
                    let gone = session.call(n, "ping", json!({})).await;
                    assert_eq!(gone.status, 404);
                }
            }
        });
    }
    workers.join_all().await;
}

/// The same processes and threads, and descriptors and memory but for what is still being given back.
fn flat(before: &Counts, after: &Counts) {
    assert_eq!(after.processes, before.processes, "{after:?}");
    assert!(after.threads <= before.threads + 1, "{before:?} {after:?}");
    // Connections of the last calls may still be closing.
    let descriptors = before.descriptors + 8;
    assert!(after.descriptors <= descriptors, "{before:?} {after:?}");
    let grown = after.bytes.saturating_sub(before.bytes);
    assert!(grown < 8 << 20, "{grown} bytes: {before:?} {after:?}");
}

async fn stays_flat(server: &str, parting: Parting) {
    let limits = "gateway: {limits: {session_lifetime: 2s}}";
    let serve = Serve::start(&format!("{limits}\nservers: {{lab: {{{server}}}}}\n")).await;
    cycles(&serve, 200, parting).await;
    let before = serve.counts();
    cycles(&serve, 1000, parting).await;
    flat(&before, &serve.counts());
}

#[tokio::test]
async fn a_thousand_sessions_that_say_goodbye_leave_nothing() {
    stays_flat("lab: true", Parting::Goodbye).await;
}

#[tokio::test]
async fn a_thousand_sessions_that_are_just_left_leave_nothing() {
    stays_flat("lab: true", Parting::Silent).await;
}

#[tokio::test]
async fn a_thousand_sessions_that_leave_their_streams_leave_nothing() {
    stays_flat("lab: {era: legacy}", Parting::Listening).await;
}

#[tokio::test]
async fn a_thousand_sessions_before_a_server_with_sessions_leave_nothing() {
    let lab = TestLab::start(&["--era", "legacy"]);
    let server = format!("url: '{}'", lab.url());
    stays_flat(&server, Parting::Goodbye).await;
}

#[tokio::test]
async fn a_child_that_is_replaced_again_and_again_leaves_nothing() {
    let config = |n: u32| format!("servers: {{lab: {{lab: {{version: {n}.0.0}}}}}}\n");
    let serve = Serve::start(&config(0)).await;
    let replace = async |n: u32| {
        let logged = serve.log().len();
        serve.configure(&config(n));
        serve.logged_after(logged, "configuration reloaded").await;
        let reply = send(serve.address, &echo()).await;
        assert!(reply.text().contains(r#""text":"x""#), "{}", reply.text());
    };
    for n in 1..4 {
        replace(n).await;
    }
    let settled = async || {
        within("the last child alone", async {
            let mut look = tokio::time::interval(Duration::from_millis(20));
            // The supervisor and the lab.
            while serve.counts().processes > 2 {
                look.tick().await;
            }
        })
        .await;
        serve.counts()
    };
    let before = settled().await;
    for n in 4..24 {
        replace(n).await;
    }
    flat(&before, &settled().await);
}

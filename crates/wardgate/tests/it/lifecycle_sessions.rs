//! A thousand sessions leave nothing behind: no process, no descriptor, no memory to speak of.

use serde_json::json;
use tokio::task::JoinSet;
use wardgate_testkit::legacy::Session;

use crate::lifecycle_serve::Serve;

/// Runs this many sessions, eight at a time; every other one says goodbye if `polite`.
async fn cycles(serve: &Serve, count: usize, polite: bool) {
    let mut workers = JoinSet::new();
    for _ in 0..8 {
        let address = serve.address;
        workers.spawn(async move {
            for n in 0..count / 8 {
                let session = Session::open(address, "/mcp", "2025-11-25").await;
                let echo = json!({"name": "echo", "arguments": {"text": "x"}});
                let reply = session.call(n, "tools/call", echo).await;
                assert_eq!(reply.answer()["result"]["content"][0]["text"], "x");
                if polite {
                    assert_eq!(session.delete().await.status, 204);
                    let gone = session.call(n, "ping", json!({})).await;
                    assert_eq!(gone.status, 404);
                }
            }
        });
    }
    workers.join_all().await;
}

async fn stays_flat(polite: bool) {
    let serve =
        Serve::start("gateway: {limits: {session_lifetime: 2s}}\nservers: {lab: {lab: true}}\n")
            .await;
    cycles(&serve, 200, polite).await;
    let before = serve.counts();
    cycles(&serve, 1000, polite).await;
    let after = serve.counts();
    assert_eq!(after.processes, before.processes, "{after:?}");
    assert!(after.threads <= before.threads + 1, "{before:?} {after:?}");
    // Connections of the last calls may still be closing.
    assert!(
        after.descriptors <= before.descriptors + 8,
        "{before:?} {after:?}"
    );
    let grown = after.bytes.saturating_sub(before.bytes);
    assert!(grown < 8 << 20, "{grown} bytes: {before:?} {after:?}");
}

#[tokio::test]
async fn a_thousand_sessions_that_say_goodbye_leave_nothing() {
    stays_flat(true).await;
}

#[tokio::test]
async fn a_thousand_sessions_that_are_just_left_leave_nothing() {
    stays_flat(false).await;
}

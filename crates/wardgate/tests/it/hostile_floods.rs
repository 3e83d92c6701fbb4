//! Servers that never stop talking, or never start. The call ends by its deadline, the memory stays, others notice nothing.

use std::time::{Duration, Instant};

use serde_json::json;
use wardgate_testkit::{
    hostile::{Flood, JSON, STREAM, Torrent},
    http::send,
    upstream::{Act, Upstream},
};

use crate::{
    edge::{call, class},
    lifecycle_serve::Serve,
};

const DEADLINE: Duration = Duration::from_secs(2);

/// Calls the flooding server and, meanwhile, a good one; returns the class of the flooded call's end.
async fn withstands(torrent: Torrent) -> String {
    let flood = Flood::start(torrent).await;
    let config = format!(
        "servers:
  good: {{lab: true}}
  bad: {{url: '{}', reply_max: 1MiB, timeouts: {{call: 2s}}}}
",
        flood.url()
    );
    let serve = Serve::start(&config).await;
    let warm = send(serve.address, &call("good__echo", json!({"text": "x"}))).await;
    assert_eq!(warm.status, 200);
    let before = serve.counts().bytes;
    let started = Instant::now();
    let request = call("bad__flood", json!({}));
    let flooded = send(serve.address, &request);
    let meanwhile = async {
        for _ in 0..5 {
            let answer = send(serve.address, &call("good__echo", json!({"text": "x"})))
                .await
                .answer();
            assert_eq!(answer["result"]["content"][0]["text"], "x", "{answer}");
        }
        serve.counts().bytes
    };
    let (reply, during) = tokio::join!(flooded, meanwhile);
    let took = started.elapsed();
    assert!(took < DEADLINE + Duration::from_millis(1500), "{took:?}");
    let answer = reply.answer();
    assert_eq!(answer["result"]["isError"], true, "{answer}");
    flood.drained().await;
    let grown = during.max(serve.counts().bytes).saturating_sub(before);
    assert!(grown < 24 << 20, "{grown} bytes more");
    class(&answer).to_owned()
}

#[tokio::test]
async fn a_body_without_end() {
    assert_eq!(
        withstands(Torrent::new(JSON, vec![b'x'; 64 << 10])).await,
        "upstream_error"
    );
}

#[tokio::test]
async fn a_length_beyond_all_measure() {
    let head =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1073741824\r\n\r\n";
    assert_eq!(
        withstands(Torrent::new(head, vec![b' '; 64 << 10])).await,
        "upstream_error"
    );
}

#[tokio::test]
async fn a_nest_without_bottom() {
    assert_eq!(
        withstands(Torrent::new(JSON, vec![b'['; 64 << 10])).await,
        "upstream_error"
    );
}

#[tokio::test]
async fn a_head_without_end() {
    let class = withstands(Torrent::new("HTTP/1.1 200 OK\r\n", "X: y\r\n".repeat(1000))).await;
    assert!(
        matches!(class.as_str(), "outcome_unknown" | "upstream_error"),
        "{class}"
    );
}

#[tokio::test]
async fn an_event_without_end() {
    assert_eq!(
        withstands(Torrent::new(STREAM, vec![b'x'; 64 << 10])).await,
        "upstream_error"
    );
    let first = format!("{STREAM}data: ");
    assert_eq!(
        withstands(Torrent::new(&first, vec![b'x'; 64 << 10])).await,
        "upstream_error"
    );
    let lines = "data: x\n".repeat(1000);
    assert_eq!(
        withstands(Torrent::new(STREAM, lines)).await,
        "upstream_error"
    );
}

#[tokio::test]
async fn comments_for_ever() {
    let class = withstands(Torrent::new(STREAM, ": still here\n\n".repeat(1000))).await;
    assert!(
        matches!(class.as_str(), "timeout" | "upstream_error"),
        "{class}"
    );
}

#[tokio::test]
async fn progress_for_ever() {
    let progress = r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}}"#;
    let events = format!("data: {progress}\n\n").repeat(200);
    let class = withstands(Torrent::new(STREAM, events)).await;
    assert!(
        matches!(class.as_str(), "timeout" | "upstream_error"),
        "{class}"
    );
}

#[tokio::test]
async fn a_trickle() {
    let slow =
        |first: &str, then: &str| Torrent::new(first, then).every(Duration::from_millis(100));
    for torrent in [
        slow(JSON, " "),
        slow(STREAM, "d"),
        slow("HTTP/1.1 200 OK\r\nX: ", "y"),
        slow(STREAM, ":\n\n"),
    ] {
        let class = withstands(torrent).await;
        assert_eq!(class, "timeout");
    }
}

#[tokio::test]
async fn silence_ends_at_the_deadline_and_leaves_no_connection() {
    let mute = Upstream::modern(
        json!([{"name": "flood", "inputSchema": {"type": "object"}}]),
        |_| Act::Hang,
    )
    .await;
    let config = format!(
        "servers: {{bad: {{url: '{}', concurrency: 4, timeouts: {{call: 2s}}}}}}\n",
        mute.url()
    );
    let serve = Serve::start(&config).await;
    let started = Instant::now();
    let request = call("flood", json!({}));
    let calls = (0..12).map(|_| send(serve.address, &request));
    // Slots come free one by one as calls give up, so only while all four are held is a fifth one too many.
    let bulkhead = async {
        mute.until("tools/call", 4).await;
        let fifth = mute.until("tools/call", 5);
        tokio::time::timeout(Duration::from_millis(300), fifth).await
    };
    let (replies, fifth) = tokio::join!(futures_util::future::join_all(calls), bulkhead);
    assert!(fifth.is_err(), "a fifth call passed the bulkhead");
    for reply in replies {
        assert_eq!(class(&reply.answer()), "timeout");
    }
    let took = started.elapsed();
    assert!(
        took > Duration::from_millis(1900) && took < Duration::from_secs(5),
        "{took:?}"
    );
    let reached = mute.of("tools/call").len();
    mute.hung_up(reached).await;
}

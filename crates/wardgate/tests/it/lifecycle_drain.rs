//! The end: not ready at once, what is under way finishes, streams are told, children go first, and the exit code is 0.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;
use tokio::net::TcpStream;
use wardgate_testkit::{
    http::{Connection, Request, send},
    legacy::Session,
    modern,
};

use crate::{
    edge::call,
    gateway::{STATE, records},
    lifecycle_serve::{Serve, descendants, gone},
};

const CONFIG: &str = "gateway: {limits: {drain_delay: 1s, drain_timeout: 10s}}
servers: {lab: {lab: {effects: effects.jsonl}}}
";

#[tokio::test]
async fn what_is_under_way_finishes_and_the_rest_is_told() {
    let mut serve = Serve::start(CONFIG).await;
    let ready = Request::new("GET", "/readyz");
    assert_eq!(send(serve.address, &ready).await.status, 200);
    let listen = json!({"notifications": {"toolsListChanged": true}});
    let listen = modern::request("/mcp", "news", "subscriptions/listen", listen);
    let mut news = Connection::open(serve.address).await.stream(&listen).await;
    news.message().await;
    let session = Session::open(serve.address, "/mcp", "2025-11-25").await;
    let mut general = session.listen(None).await;
    let mut idle = Connection::open(serve.address).await;
    assert_eq!(idle.send(&ready).await.status, 200);
    let mut progress = call("build", json!({"secs": 3, "steps": 3}));
    let body = String::from_utf8(progress.body).unwrap();
    progress.body = body
        .replace("\"_meta\":{", "\"_meta\":{\"progressToken\":7,")
        .into_bytes();
    let mut slow = Connection::open(serve.address)
        .await
        .stream(&progress)
        .await;
    let first = slow.message().await;
    assert_eq!(first["method"], "notifications/progress", "{first}");
    let family = descendants(serve.pid());

    let told = Instant::now();
    serve.signal(Signal::TERM);
    serve.logged("draining").await;
    let reply = send(serve.address, &ready).await;
    assert_eq!((reply.status, reply.text()), (503, "draining\n".into()));
    assert_eq!(
        send(serve.address, &Request::new("GET", "/livez"))
            .await
            .status,
        200
    );
    // Between saying so and closing, what arrives is still served.
    let quick = send(serve.address, &call("echo", json!({"text": "x"}))).await;
    assert_eq!(quick.status, 200, "{}", quick.text());
    assert!(told.elapsed() < Duration::from_secs(1));

    let last = news.rest().await.pop().expect("a final result");
    assert_eq!(last["id"], "news");
    assert_eq!(last["result"]["resultType"], "complete");
    general.rest().await;
    idle.closed().await;
    let mut rest = slow.rest().await;
    let result = rest.pop().expect("a result");
    assert_eq!(
        result["result"]["structuredContent"]["steps"], 3,
        "{result}"
    );

    assert_eq!(serve.ended().await.code(), Some(0), "{}", serve.log());
    for (pid, _) in family {
        gone(pid).await;
    }
    assert!(TcpStream::connect(serve.address).await.is_err());
    let effects = std::fs::read_to_string(serve.path("effects.jsonl")).unwrap();
    assert_eq!(effects.lines().count(), 1);
    let records = records(&serve.path(STATE));
    let calls = records
        .iter()
        .filter(|record| record["type"] == "tool.call" && record["outcome"]["status"] == "success");
    assert_eq!(calls.count(), 2, "{records:?}");
}

#[tokio::test]
async fn a_second_signal_does_not_wait() {
    let mut serve = Serve::start(CONFIG).await;
    let warm = send(serve.address, &call("echo", json!({"text": "x"}))).await;
    assert_eq!(warm.status, 200);
    let mut stuck = Connection::open(serve.address).await;
    let slow = call("slow", json!({"ms": 60000}));
    stuck.write(&slow.encode(serve.address)).await;
    let started = Instant::now();
    serve.signal(Signal::TERM);
    serve.logged("draining").await;
    serve.signal(Signal::TERM);
    let status = serve.ended().await;
    assert_ne!(status.code(), Some(0));
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_call_that_outlasts_the_drain_is_given_up_and_the_exit_is_in_order() {
    let config = CONFIG
        .replace("drain_timeout: 10s", "drain_timeout: 500ms")
        .replace("drain_delay: 1s", "drain_delay: 0s");
    let mut serve = Serve::start(&config).await;
    let warm = send(serve.address, &call("echo", json!({"text": "x"}))).await;
    assert_eq!(warm.status, 200);
    let family = descendants(serve.pid());
    let bytes = call("slow", json!({"ms": 60000})).encode(serve.address);
    let mut stuck = Connection::open(serve.address).await;
    stuck.write(&bytes).await;
    let started = Instant::now();
    serve.signal(Signal::TERM);
    assert_eq!(serve.ended().await.code(), Some(0), "{}", serve.log());
    assert!(started.elapsed() < Duration::from_secs(8));
    for (pid, _) in family {
        gone(pid).await;
    }
}

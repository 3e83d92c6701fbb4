//! A new config takes over while calls run; a faulty one does not.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::{sync::watch, task::JoinSet};
use wardgate_testkit::{
    http::{Connection, Stream, send},
    legacy::Session,
    modern,
};

use crate::{
    edge::call,
    gateway::{STATE, records},
    lifecycle_serve::Serve,
};

const ONE: &str = "servers: {one: {lab: true}}\ntoolsets: {default: {prefix: always}}\n";
const TWO: &str =
    "servers: {one: {lab: true}, two: {lab: true}}\ntoolsets: {default: {prefix: always}}\n";

async fn listen(serve: &Serve) -> Stream {
    let wanted = json!({"notifications": {"toolsListChanged": true}});
    let request = modern::request("/mcp", "news", "subscriptions/listen", wanted);
    let mut news = Connection::open(serve.address).await.stream(&request).await;
    news.message().await;
    news
}

async fn tools(serve: &Serve) -> Vec<String> {
    let list = modern::request("/mcp", 1, "tools/list", json!({}));
    let answer = send(serve.address, &list).await.answer();
    let tools = answer["result"]["tools"].as_array().unwrap().clone();
    tools
        .iter()
        .map(|tool| tool["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn servers_come_and_go_without_a_dropped_call() {
    let serve = Serve::start(ONE).await;
    let mut news = listen(&serve).await;
    let session = Session::open(serve.address, "/mcp", "2025-11-25").await;
    let mut general = session.listen(None).await;
    let (stop, stopped) = watch::channel(false);
    let mut workers = JoinSet::new();
    for _ in 0..3 {
        let (address, stopped) = (serve.address, stopped.clone());
        workers.spawn(async move {
            let mut connection = Connection::open(address).await;
            let mut calls = 0;
            while !*stopped.borrow() {
                let request = call("one__add", json!({"a": calls, "b": 1}));
                let answer = connection.send(&request).await.answer();
                assert_eq!(
                    answer["result"]["structuredContent"]["sum"],
                    calls + 1,
                    "{answer}"
                );
                calls += 1;
            }
            calls
        });
    }
    let slow = call("one__slow", json!({"ms": 3000}));
    let slow = send(serve.address, &slow);
    let changes = async {
        for (config, there) in [(TWO, true), (ONE, false), (TWO, true)] {
            let changed = Instant::now();
            serve.configure(config);
            let message = news.message().await;
            assert_eq!(message["method"], "notifications/tools/list_changed");
            assert!(
                changed.elapsed() < Duration::from_secs(1),
                "{:?}",
                changed.elapsed()
            );
            while general.message().await["method"] != "notifications/tools/list_changed" {}
            let tools = tools(&serve).await;
            assert_eq!(
                tools.iter().any(|name| name == "two__echo"),
                there,
                "{tools:?}"
            );
            assert!(tools.iter().any(|name| name == "one__echo"));
            let answer = send(serve.address, &call("two__echo", json!({"text": "x"})))
                .await
                .answer();
            assert_eq!(
                answer["result"]["content"][0]["text"] == "x",
                there,
                "{answer}"
            );
        }
    };
    let (slow, ()) = tokio::join!(slow, changes);
    assert_eq!(
        slow.answer()["result"]["structuredContent"]["slept_ms"],
        3000
    );
    stop.send_replace(true);
    let calls: u64 = workers.join_all().await.iter().sum();
    assert!(calls > 20, "{calls}");
}

#[tokio::test]
async fn a_call_under_way_on_a_server_that_is_removed_still_ends() {
    let serve = Serve::start(TWO).await;
    let warm = send(serve.address, &call("two__echo", json!({"text": "x"}))).await;
    assert_eq!(warm.status, 200);
    let mut slow = call("two__build", json!({"secs": 2, "steps": 4}));
    let body = String::from_utf8(slow.body).unwrap();
    slow.body = body
        .replace("\"_meta\":{", "\"_meta\":{\"progressToken\":7,")
        .into_bytes();
    let mut slow = Connection::open(serve.address).await.stream(&slow).await;
    slow.message().await;
    serve.configure(ONE);
    serve.logged("configuration reloaded").await;
    let result = slow.rest().await.pop().unwrap();
    assert_eq!(
        result["result"]["structuredContent"]["steps"], 4,
        "{result}"
    );
    let answer = send(serve.address, &call("two__echo", json!({"text": "x"})))
        .await
        .answer();
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
    crate::lifecycle_children::only(&serve, 2).await;
}

#[tokio::test]
async fn a_faulty_config_is_shown_and_the_old_one_serves() {
    let serve = Serve::start(ONE).await;
    for (config, said) in [
        ("servers: {one: {lab: true}", "WG"),
        (
            "servers: {one: {lab: true}}\nserver: {}\n",
            "unknown key `server`",
        ),
        (
            "gateway: {keys: [{id: k, principal: p, secret: {env: NO_SUCH_VARIABLE}}]}\nservers: {one: {lab: true}}\n",
            "NO_SUCH_VARIABLE",
        ),
        ("servers: {one: {url: 'http://[bad'}}\n", "error[WG"),
        ("", "WG1011"),
        ("# servers: {one: {lab: true}}\n", "WG1011"),
    ] {
        let before = serve.log().len();
        serve.configure(config);
        serve.logged_after(before, "not reloaded").await;
        assert!(
            serve.log()[before..].contains(said),
            "{said}: {}",
            &serve.log()[before..]
        );
        let answer = send(serve.address, &call("one__echo", json!({"text": "x"})))
            .await
            .answer();
        assert_eq!(
            answer["result"]["content"][0]["text"], "x",
            "{config}: {answer}"
        );
    }
    let before = serve.log().len();
    serve.configure(TWO);
    serve.logged_after(before, "configuration reloaded").await;
    assert!(tools(&serve).await.contains(&"two__echo".to_owned()));
}

#[tokio::test]
async fn each_change_of_the_config_leaves_a_record() {
    let mut serve = Serve::start(ONE).await;
    for (config, said) in [
        ("servers: {", "not reloaded"),
        (TWO, "configuration reloaded"),
    ] {
        let before = serve.log().len();
        serve.configure(config);
        serve.logged_after(before, said).await;
    }
    send(serve.address, &call("one__echo", json!({"text": "x"}))).await;
    serve.signal(rustix::process::Signal::TERM);
    serve.ended().await;
    let all = records(&serve.path(STATE));
    let changes: Vec<_> = all
        .iter()
        .filter(|one| one["type"] == "config.change")
        .collect();
    let [refused, taken] = changes[..] else {
        panic!("{changes:#?}");
    };
    assert_eq!(refused["outcome"]["status"], "error");
    assert_eq!(refused["why"]["text"], "findings: 1");
    assert_eq!(taken["outcome"]["status"], "success");
    let called = all.iter().rfind(|one| one["type"] == "tool.call").unwrap();
    let obeyed = &called["decision"]["snapshot"];
    assert!(
        obeyed.is_string() && *obeyed == taken["decision"]["snapshot"],
        "{called:#}"
    );
}

#[tokio::test]
async fn a_hang_up_signal_rereads_the_config() {
    // A file written under its second name, in a folder that nobody watches: nothing but the signal tells.
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let second = elsewhere.path().join("second.yaml");
    std::fs::write(&second, ONE).unwrap();
    std::fs::hard_link(&second, folder.path().join("wardgate.yaml")).unwrap();
    let serve = Serve::start_in(folder, ONE).await;
    std::fs::write(&second, TWO).unwrap();
    assert!(!tools(&serve).await.contains(&"two__echo".to_owned()));
    serve.signal(rustix::process::Signal::HUP);
    serve.logged("configuration reloaded").await;
    assert!(tools(&serve).await.contains(&"two__echo".to_owned()));
}

/// As Kubernetes mounts a config map: `wardgate.yaml` → `..data/wardgate.yaml`, `..data` → a folder, swapped by a rename.
#[tokio::test]
async fn a_mounted_config_is_followed_through_its_links() {
    let serve = Serve::start(ONE).await;
    let swap = |version: &str, config: &str| {
        std::fs::create_dir(serve.path(version)).unwrap();
        std::fs::write(serve.path(version).join("wardgate.yaml"), config).unwrap();
        std::os::unix::fs::symlink(version, serve.path("..data_tmp")).unwrap();
        std::fs::rename(serve.path("..data_tmp"), serve.path("..data")).unwrap();
    };
    swap("..1", TWO);
    std::os::unix::fs::symlink("..data/wardgate.yaml", serve.path("next.yaml")).unwrap();
    std::fs::rename(serve.path("next.yaml"), serve.path("wardgate.yaml")).unwrap();
    serve.logged("configuration reloaded").await;
    for (version, config, there) in [("..2", ONE, false), ("..3", TWO, true)] {
        let before = serve.log().len();
        swap(version, config);
        serve.logged_after(before, "configuration reloaded").await;
        assert_eq!(tools(&serve).await.contains(&"two__echo".to_owned()), there);
    }
    // A file that is written in place, where the links lead.
    let before = serve.log().len();
    std::fs::write(serve.path("..3").join("wardgate.yaml"), ONE).unwrap();
    serve.logged_after(before, "configuration reloaded").await;
}

#[tokio::test]
async fn a_key_that_is_taken_away_opens_nothing_any_more() {
    let keys = "gateway: {keys: [{id: k, principal: p, secret: {env: TEST_KEY}}, {id: l, principal: q, secret: {file: other}}]}\n";
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("other"),
        "another-key-of-some-length-01234",
    )
    .unwrap();
    let serve = Serve::start_in(folder, &format!("{keys}{ONE}")).await;
    let echo = call("one__echo", json!({"text": "x"}));
    let with_key = echo.header(
        "Authorization",
        format!("Bearer {}", crate::lifecycle_serve::KEY),
    );
    let status = async || send(serve.address, &with_key).await.status;
    assert_eq!(status().await, 200);
    let before = serve.log().len();
    let less = keys.replace("{id: k, principal: p, secret: {env: TEST_KEY}}, ", "");
    serve.configure(&format!("{less}{ONE}"));
    serve.logged_after(before, "configuration reloaded").await;
    assert_eq!(status().await, 401);
}

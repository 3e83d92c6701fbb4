//! Servers that die and come back: clients keep their endpoint and their session, and nothing is sent twice that may have run.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Child,
    sync::watch,
    task::JoinSet,
};
use wardgate_testkit::{
    DEADLINE,
    http::{Connection, send},
    legacy::Session,
    modern, within,
};

use crate::{
    edge::{call, class},
    lifecycle_serve::{Serve, descendants, gone, signal, wardgate},
};

/// A lab that always comes back at the same port.
struct Lab {
    child: Child,
    port: u16,
    options: Vec<&'static str>,
}

impl Lab {
    async fn start(folder: &Path, options: &[&'static str]) -> Lab {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        Lab {
            child: spawn(folder, port, options).await,
            port,
            options: options.to_vec(),
        }
    }

    /// Kills it without a word.
    async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    async fn again(&mut self, folder: &Path) {
        self.child = spawn(folder, self.port, &self.options).await;
    }
}

async fn spawn(folder: &Path, port: u16, options: &[&str]) -> Child {
    let port = port.to_string();
    let args = ["lab", "--port", &port, "--effects", "effects.jsonl"];
    let mut child = wardgate(folder, &[&args, options].concat())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    within("the lab", lines.next_line())
        .await
        .unwrap()
        .expect("a lab that listens");
    child
}

fn put(id: &str) -> Value {
    json!({"name": "put_item", "arguments": {"id": id, "value": "v"}})
}

fn effects(serve: &Serve) -> BTreeMap<String, usize> {
    let text = std::fs::read_to_string(serve.path("effects.jsonl")).unwrap_or_default();
    let mut counts = BTreeMap::new();
    for line in text.lines() {
        let effect: Value = serde_json::from_str(line).unwrap();
        *counts
            .entry(effect["args"]["id"].as_str().unwrap().to_owned())
            .or_default() += 1;
    }
    counts
}

async fn survives(options: &[&'static str]) {
    let folder = tempfile::tempdir().unwrap();
    let mut lab = Lab::start(folder.path(), options).await;
    let config = format!(
        "servers: {{lab: {{url: 'http://127.0.0.1:{}/mcp'}}}}\n",
        lab.port
    );
    let serve = Serve::start_in(folder, &config).await;
    let session = Session::open(serve.address, "/mcp", "2025-11-25").await;
    let both = async |id: &str| {
        let old = session
            .call(1, "tools/call", put(&format!("old-{id}")))
            .await
            .answer();
        let new = modern::request("/mcp", 1, "tools/call", put(&format!("new-{id}")));
        [old, send(serve.address, &new).await.answer()]
    };
    for answer in both("before").await {
        assert_eq!(class(&answer), "", "{answer}");
    }
    lab.kill().await;
    for answer in both("meanwhile").await {
        assert_eq!(
            class(&answer),
            "upstream_unavailable",
            "{options:?} {answer}"
        );
    }
    lab.again(serve.directory.path()).await;
    for answer in both("after").await {
        assert_eq!(class(&answer), "", "{options:?} {answer}");
        assert!(answer["result"].is_object(), "{options:?} {answer}");
    }
    let counts = effects(&serve);
    let expected = ["old-before", "new-before", "old-after", "new-after"];
    assert_eq!(counts.len(), 4, "{counts:?}");
    assert!(
        expected.iter().all(|id| counts.get(*id) == Some(&1)),
        "{counts:?}"
    );
}

#[tokio::test]
async fn clients_survive_the_restart_of_a_server_with_sessions() {
    survives(&["--era", "legacy"]).await;
}

#[tokio::test]
async fn clients_survive_the_restart_of_a_server_without_sessions() {
    survives(&["--era", "legacy", "--stateless"]).await;
}

#[tokio::test]
async fn clients_survive_the_restart_of_a_modern_server() {
    survives(&["--era", "modern"]).await;
}

#[tokio::test]
async fn clients_survive_the_restart_of_a_server_of_both_eras() {
    survives(&[]).await;
}

/// Workers that call without pause, each with ids of its own; returns the ids that were answered with success.
async fn load(serve: &Serve, stop: watch::Receiver<bool>) -> JoinSet<Vec<String>> {
    let mut workers = JoinSet::new();
    for worker in 0..4 {
        let (address, stop) = (serve.address, stop.clone());
        workers.spawn(async move {
            let mut connection = Connection::open(address).await;
            let mut done = Vec::new();
            for n in 0.. {
                if *stop.borrow() {
                    break;
                }
                let id = format!("{worker}-{n}");
                let request = modern::request("/mcp", 1, "tools/call", put(&id));
                let answer = connection.send(&request).await.answer();
                if answer["result"].is_object() && class(&answer).is_empty() {
                    done.push(id);
                }
                tokio::task::yield_now().await;
            }
            done
        });
    }
    workers
}

/// Everything acknowledged ran once, and nothing ran twice.
fn honest(counts: &BTreeMap<String, usize>, done: &[String]) {
    for (id, count) in counts {
        assert_eq!(*count, 1, "{id} ran {count} times");
    }
    for id in done {
        assert!(
            counts.contains_key(id),
            "{id} was acknowledged and never ran"
        );
    }
}

#[tokio::test]
async fn killing_a_server_under_load_runs_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let mut lab = Lab::start(folder.path(), &["--fault", "latency=5ms@100%"]).await;
    let config = format!(
        "servers: {{lab: {{url: 'http://127.0.0.1:{}/mcp'}}}}\n",
        lab.port
    );
    let serve = Serve::start_in(folder, &config).await;
    let (stop, stopped) = watch::channel(false);
    let workers = load(&serve, stopped).await;
    for round in 1..=3 {
        some_effects(&serve, round * 40).await;
        lab.kill().await;
        lab.again(serve.directory.path()).await;
    }
    some_effects(&serve, 200).await;
    stop.send_replace(true);
    let done = workers.join_all().await.concat();
    assert!(done.len() > 100, "{}", done.len());
    honest(&effects(&serve), &done);
}

#[tokio::test]
async fn killing_a_child_under_load_runs_nothing_twice() {
    let serve = Arc::new(
        Serve::start(
            "servers: {lab: {lab: {effects: effects.jsonl, fault: 'latency=5ms@100%'}}}\n",
        )
        .await,
    );
    let (stop, stopped) = watch::channel(false);
    let workers = load(&serve, stopped).await;
    for round in 1..=3 {
        some_effects(&serve, round * 40).await;
        let family = descendants(serve.pid());
        let labs = family
            .iter()
            .filter(|(_, line)| line.contains(" lab ") && !line.contains("__child"));
        for (pid, _) in labs {
            signal(*pid, Signal::KILL);
            gone(*pid).await;
        }
    }
    some_effects(&serve, 200).await;
    stop.send_replace(true);
    let done = workers.join_all().await.concat();
    honest(&effects(&serve), &done);
}

/// Waits until at least this many effects were written: the load is under way.
async fn some_effects(serve: &Serve, count: usize) {
    let mut look = tokio::time::interval(std::time::Duration::from_millis(10));
    let seen = tokio::time::timeout(DEADLINE, async {
        while effects(serve).len() < count {
            look.tick().await;
        }
    });
    assert!(seen.await.is_ok(), "{} of {count}", effects(serve).len());
}

#[tokio::test]
async fn a_child_that_was_killed_is_started_for_the_next_call() {
    let serve = Serve::start("servers: {lab: {lab: true}}\n").await;
    let session = Session::open(serve.address, "/mcp", "2025-06-18").await;
    for _ in 0..2 {
        let add = json!({"name": "add", "arguments": {"a": 1, "b": 2}});
        let answer = session.call(1, "tools/call", add).await.answer();
        assert_eq!(answer["result"]["structuredContent"]["sum"], 3, "{answer}");
        let request = call("add", json!({"a": 2, "b": 2}));
        let answer = send(serve.address, &request).await.answer();
        assert_eq!(answer["result"]["structuredContent"]["sum"], 4, "{answer}");
        for (pid, line) in descendants(serve.pid()) {
            if line.contains("__child") {
                let before = serve.log().len();
                signal(pid, Signal::KILL);
                gone(pid).await;
                serve.logged_after(before, "connection ended").await;
            }
        }
    }
}

#[tokio::test]
async fn what_a_server_offers_after_its_restart_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let mut lab = Lab::start(folder.path(), &["--era", "modern"]).await;
    let config = format!(
        "servers: {{lab: {{url: 'http://127.0.0.1:{}/mcp'}}}}\n",
        lab.port
    );
    let serve = Serve::start_in(folder, &config).await;
    let list = modern::request("/mcp", 1, "tools/list", json!({}));
    let listen = json!({"notifications": {"toolsListChanged": true}});
    let listen = modern::request("/mcp", "news", "subscriptions/listen", listen);
    let mut news = Connection::open(serve.address).await.stream(&listen).await;
    let acknowledged = news.message().await;
    assert!(
        acknowledged["method"]
            .as_str()
            .unwrap()
            .ends_with("acknowledged")
    );
    let before = send(serve.address, &list).await.answer();
    lab.kill().await;
    lab.options.push("--conformance");
    lab.again(serve.directory.path()).await;
    let changed = news.message().await;
    assert_eq!(changed["method"], "notifications/tools/list_changed");
    let after = send(serve.address, &list).await.answer();
    let count = |answer: &Value| answer["result"]["tools"].as_array().unwrap().len();
    assert!(count(&after) > count(&before), "{}", count(&after));
}

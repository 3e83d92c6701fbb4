//! What the ledger says after the process was killed: of each call that was answered everything, of the others the truth.

use std::collections::{HashMap, HashSet};

use rustix::process::Signal;
use serde_json::{Value, json};
use wardgate_testkit::{http::Connection, modern};

use crate::{
    gateway::{STATE, records, wardgate},
    lifecycle_serve::Serve,
};

const CONFIG: &str = "servers:\n  lab: {lab: {effects: effects.jsonl}}\n";

fn put(id: usize) -> wardgate_testkit::http::Request {
    let args = json!({"id": format!("k{id}"), "value": "v"});
    let params = json!({"name": "put_item", "arguments": args, "_meta": {"dev.wardgate/reason": format!("k{id}")}});
    modern::request("/mcp", id as u32, "tools/call", params)
}

#[tokio::test]
async fn a_call_that_was_under_way_has_an_unknown_outcome_after_the_restart() {
    let mut serve = Serve::start(CONFIG).await;
    let mut connection = Connection::open(serve.address).await;
    let slow = modern::request(
        "/mcp",
        1,
        "tools/call",
        json!({"name": "slow", "arguments": {"ms": 60000}}),
    );
    connection.write(&slow.encode(serve.address)).await;
    wardgate_testkit::within("the received record", async {
        while records(&serve.path(STATE)).is_empty() {}
    })
    .await;
    serve.signal(Signal::KILL);
    serve.ended().await;
    let again = Serve::start_in(serve.directory, CONFIG).await;
    let all = records(&again.path(STATE));
    let [received, complete] = all.as_slice() else {
        panic!("two records: {all:?}");
    };
    assert_eq!(
        (&complete["of"], &complete["outcome"]["status"]),
        (&received["id"], &json!("unknown"))
    );
    assert!(again.log().contains("no known outcome"));
}

/// Eight clients put items one after the other until the gateway is gone. Returns the numbers that were answered.
async fn put_until_it_is_gone(serve: &mut Serve, from: usize, calls: usize) -> Vec<usize> {
    let mut clients = tokio::task::JoinSet::new();
    let address = serve.address;
    for lane in 0..8 {
        clients.spawn(async move {
            let mut answered = Vec::new();
            let mut connection = Connection::open(address).await;
            for id in (from + lane..from + calls).step_by(8) {
                match connection.try_send(&put(id)).await {
                    Some(reply) if reply.answer()["result"]["isError"].is_null() => {
                        answered.push(id)
                    }
                    Some(reply) => panic!("{}", reply.text()),
                    None => break,
                }
            }
            answered
        });
    }
    let killed_at = calls / 2;
    wardgate_testkit::within("half of the effects", async {
        while effects(serve).len() < from + killed_at && !clients.is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    serve.signal(Signal::KILL);
    serve.ended().await;
    clients.join_all().await.concat()
}

/// The items that were put, by id.
fn effects(serve: &Serve) -> Vec<String> {
    let text = std::fs::read_to_string(serve.path("effects.jsonl")).unwrap_or_default();
    // The last line may be half written.
    let effects = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let id = |effect: Value| effect["args"]["id"].as_str().expect("an id").to_owned();
    effects.map(id).collect()
}

#[tokio::test]
async fn killed_again_and_again_the_ledger_knows_every_answered_call() {
    let mut serve = Serve::start(CONFIG).await;
    let mut answered = Vec::new();
    for round in 0..5 {
        answered.extend(put_until_it_is_gone(&mut serve, round * 400, 400).await);
        serve = Serve::start_in(serve.directory, CONFIG).await;
    }
    check(&serve, &answered);
}

fn check(serve: &Serve, answered: &[usize]) {
    assert!(answered.len() > 400, "{}", answered.len());
    let all = records(&serve.path(STATE));
    let mut open: HashMap<&str, &Value> = HashMap::new();
    let mut ended: HashMap<&str, &Value> = HashMap::new();
    for record in all.iter().filter(|record| record["type"] == "tool.call") {
        let id = record["id"].as_str().expect("an id");
        if record["stage"] == "received" {
            assert!(open.insert(id, record).is_none());
            continue;
        }
        let received = open.remove(record["of"].as_str().expect("a received record"));
        let received = received.expect("none is completed that was not received, none twice");
        ended.insert(received["why"]["text"].as_str().expect("a reason"), record);
    }
    assert!(open.is_empty(), "received and never completed: {open:?}");
    let effects = effects(serve);
    let put: HashSet<_> = effects.iter().map(String::as_str).collect();
    assert_eq!(put.len(), effects.len(), "nothing was sent twice");
    assert!(
        put.iter().all(|id| ended.contains_key(id)),
        "every effect was written down before"
    );
    for id in answered.iter().map(|id| format!("k{id}")) {
        assert_eq!(ended[id.as_str()]["outcome"]["status"], "success", "{id}");
        assert!(put.contains(id.as_str()), "{id}");
    }
    let verify = wardgate(serve.directory.path(), &["audit", "verify"])
        .output()
        .expect("the program");
    assert!(
        verify.status.success(),
        "{}",
        String::from_utf8_lossy(&verify.stdout)
    );
}

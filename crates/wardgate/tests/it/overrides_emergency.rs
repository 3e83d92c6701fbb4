//! The emergency switch: a file in the state folder, or a signal, with nothing else there to help.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use wardgate_testkit::{
    http::{Connection, Stream, send},
    legacy::{self, Session},
    modern,
};

use crate::{
    edge::{call, class},
    gateway::{STATE, records},
    lifecycle_serve::Serve,
};

/// The operator vouches for reading, and for nothing else.
pub const SHELF: &str = "servers:
  lab:
    lab: {effects: effects.jsonl}
    tools: {get_item: {read_only: true}, echo: {read_only: true}}
";

/// A gateway has this long to obey.
pub const BOUND: Duration = Duration::from_millis(250);

fn switch(folder: &Path) -> PathBuf {
    folder.join(STATE).join("KILL")
}

pub fn put(id: &str) -> Value {
    json!({"id": id, "value": "x"})
}

pub async fn put_item(serve: &Serve, id: &str) -> Value {
    send(serve.address, &call("put_item", put(id)))
        .await
        .answer()
}

pub async fn get_item(serve: &Serve, id: &str) -> Value {
    let request = call("get_item", json!({"id": id}));
    send(serve.address, &request).await.answer()
}

pub async fn listed(serve: &Serve) -> Vec<String> {
    let list = modern::request("/mcp", 1, "tools/list", json!({}));
    names(&send(serve.address, &list).await.answer())
}

pub fn names(answer: &Value) -> Vec<String> {
    let tools = answer["result"]["tools"].as_array().expect("a list");
    let name = |tool: &Value| tool["name"].as_str().expect("a name").to_owned();
    tools.iter().map(name).collect()
}

pub fn effects(serve: &Serve) -> Vec<Value> {
    let text = std::fs::read_to_string(serve.path("effects.jsonl")).unwrap_or_default();
    let line = |line| serde_json::from_str(line).expect("JSON");
    text.lines().map(line).collect()
}

pub fn text(answer: &Value) -> &str {
    answer["result"]["content"][0]["text"]
        .as_str()
        .unwrap_or_default()
}

/// Writes the file whole, as a person would who knows how.
pub async fn kill(serve: &Serve, says: &str) {
    let before = serve.log().len();
    let next = serve.path("next");
    std::fs::write(&next, says).unwrap();
    std::fs::rename(next, switch(serve.directory.path())).unwrap();
    serve.logged_after(before, "emergency stop").await;
}

async fn lift(serve: &Serve) {
    let before = serve.log().len();
    std::fs::remove_file(switch(serve.directory.path())).unwrap();
    serve.logged_after(before, "emergency stop lifted").await;
}

/// What the log says at most, of things the gateway wrote itself.
fn kinds(records: &[Value], of: &str) -> usize {
    records.iter().filter(|record| record["type"] == of).count()
}

/// Calls without a pause until each of several clients was told that the tool is disabled, and some more. Returns the moment
/// `stop` was done.
pub async fn hammer(serve: &Serve, stop: impl AsyncFnOnce()) -> SystemTime {
    let mut clients = JoinSet::new();
    for client in 0..4 {
        let address = serve.address;
        clients.spawn(async move {
            let mut connection = Connection::open(address).await;
            let (mut n, mut refused) = (0, 0);
            while refused < 20 {
                let request = call("put_item", put(&format!("{client}-{n}")));
                let answer = connection.send(&request).await.answer();
                refused += u32::from(class(&answer) == "disabled");
                n += 1;
            }
        });
    }
    while effects(serve).len() < 20 {
        tokio::task::yield_now().await;
    }
    stop().await;
    let stopped = SystemTime::now();
    clients.join_all().await;
    stopped
}

/// When the last effect was, in milliseconds since 1970.
pub fn last_effect(serve: &Serve) -> i64 {
    let all = effects(serve);
    let at = all.last().expect("effects")["at"]
        .as_str()
        .expect("a time")
        .to_owned();
    at.parse::<jiff::Timestamp>()
        .expect("a time")
        .as_millisecond()
}

pub fn millis(time: SystemTime) -> i64 {
    jiff::Timestamp::try_from(time)
        .expect("a time")
        .as_millisecond()
}

#[tokio::test]
async fn an_empty_file_stops_everything_and_removing_it_lifts() {
    let mut serve = Serve::start(SHELF).await;
    assert_eq!(class(&put_item(&serve, "a").await), "");
    kill(&serve, "").await;
    for answer in [put_item(&serve, "b").await, get_item(&serve, "a").await] {
        assert_eq!(class(&answer), "disabled", "{answer}");
        assert!(text(&answer).contains("emergency stop"), "{answer}");
    }
    assert_eq!(listed(&serve).await, [""; 0]);
    let session = Session::open(serve.address, "/mcp", "2025-11-25").await;
    let read = session.call(7, "resources/list", json!({})).await.answer();
    assert_eq!(read["result"]["resources"], json!([]));
    lift(&serve).await;
    assert_eq!(class(&put_item(&serve, "c").await), "");
    assert!(listed(&serve).await.contains(&"put_item".to_owned()));
    assert_eq!(effects(&serve).len(), 2);
    serve.signal(Signal::TERM);
    serve.ended().await;
    let records = records(&serve.path(STATE));
    assert_eq!(kinds(&records, "override.create"), 1);
    assert_eq!(kinds(&records, "override.lift"), 1);
    let hits = records
        .iter()
        .filter(|record| record["decision"]["override"] == "KILL everything");
    assert_eq!(hits.filter(|hit| hit["type"] == "tool.call").count(), 2);
}

#[tokio::test]
async fn nothing_happens_a_quarter_of_a_second_after_the_file_is_there() {
    let serve = Serve::start(SHELF).await;
    let file = switch(serve.directory.path());
    let stopped = hammer(&serve, async || std::fs::write(file, "").unwrap()).await;
    let late = last_effect(&serve) - millis(stopped);
    assert!(late <= BOUND.as_millis() as i64, "{late} ms after");
}

#[tokio::test]
async fn a_line_stops_one_thing_and_tells_why_on_every_door() {
    let serve = Serve::start(SHELF).await;
    kill(&serve, "tool lab/put_item INC-88: double refunds\n").await;
    let answer = put_item(&serve, "a").await;
    assert_eq!(class(&answer), "disabled");
    assert!(
        text(&answer).contains("override: INC-88: double refunds."),
        "{answer}"
    );
    let session = Session::open(serve.address, "/mcp", "2025-06-18").await;
    let params = json!({"name": "put_item", "arguments": put("a")});
    let answer = session.call(3, "tools/call", params.clone()).await.answer();
    assert!(text(&answer).contains("INC-88"), "{answer}");
    let tools = listed(&serve).await;
    assert!(!tools.contains(&"put_item".to_owned()) && tools.contains(&"get_item".to_owned()));
    assert_eq!(class(&get_item(&serve, "a").await), "");
    assert_eq!(effects(&serve), [Value::Null; 0]);

    let apart = serve.path("stdio");
    std::fs::create_dir_all(apart.join(STATE)).unwrap();
    std::fs::write(switch(&apart), "all-writes INC-89\n").unwrap();
    let mut pipe = crate::gateway::stdio(serve.directory.path(), &[]);
    pipe.send(&legacy::initialize("2025-11-25", json!({})))
        .await;
    pipe.message().await;
    pipe.send(&legacy::notification(
        "notifications/initialized",
        json!({}),
    ))
    .await;
    pipe.send(&legacy::message(2, "tools/call", params)).await;
    let answer = pipe.message().await;
    assert!(text(&answer).contains("INC-89"), "{answer}");
}

#[tokio::test]
async fn a_file_that_cannot_be_understood_stops_everything() {
    let serve = Serve::start(SHELF).await;
    kill(&serve, "tools lab/put_item\n").await;
    assert_eq!(class(&get_item(&serve, "a").await), "disabled");
    assert!(
        serve
            .log()
            .contains("line 1 names nothing that can be stopped"),
        "{}",
        serve.log()
    );
    lift(&serve).await;
    assert_eq!(class(&get_item(&serve, "a").await), "");
    let before = serve.log().len();
    std::fs::create_dir(switch(serve.directory.path())).unwrap();
    serve.logged_after(before, "emergency stop").await;
    assert_eq!(class(&get_item(&serve, "a").await), "disabled");
}

/// A call that has told of its progress and would take a minute.
pub async fn under_way(serve: &Serve) -> Stream {
    let mut build = call("build", json!({"secs": 60, "steps": 600}));
    let body = String::from_utf8(build.body).unwrap();
    let with_token = body.replace("\"_meta\":{", "\"_meta\":{\"progressToken\":7,");
    build.body = with_token.into_bytes();
    let mut stream = Connection::open(serve.address).await.stream(&build).await;
    stream.message().await;
    stream
}

#[tokio::test]
async fn a_signal_stops_everything_cancels_what_is_under_way_and_survives_a_restart() {
    let mut serve = Serve::start(SHELF).await;
    let mut build = under_way(&serve).await;
    let started = Instant::now();
    serve.signal(Signal::USR2);
    let answer = build.rest().await.pop().expect("an answer");
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(class(&answer), "outcome_unknown", "{answer}");
    assert!(text(&answer).contains("stopped by a signal"), "{answer}");
    assert_eq!(class(&get_item(&serve, "a").await), "disabled");
    serve.signal(Signal::TERM);
    serve.ended().await;
    let records = records(&serve.path(STATE));
    let cancelled = records
        .iter()
        .find(|record| record["outcome"]["error_type"] == "cancelled");
    let cancelled = cancelled.expect("a record of the call");
    assert_eq!(cancelled["decision"]["override"], "KILL everything");
    assert_eq!(cancelled["outcome"]["status"], "unknown");

    let again = Serve::start_in(serve.directory, SHELF).await;
    assert_eq!(class(&get_item(&again, "a").await), "disabled");
    lift(&again).await;
    assert_eq!(class(&get_item(&again, "a").await), "");
}

#[tokio::test]
async fn what_a_caller_may_not_see_stays_unknown_when_it_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("shelf.cedar"),
        r#"permit(principal, action == Action::"lab/get_item", resource);"#,
    )
    .unwrap();
    let serve = Serve::start_in(folder, &format!("include: [shelf.cedar]\n{SHELF}")).await;
    kill(&serve, "tool lab/put_item\ntool lab/get_item\n").await;
    let request = |tool: &str| call(tool, put("a"));
    let hidden = send(serve.address, &request("put_item")).await;
    let unknown = send(serve.address, &request("tup_item")).await;
    assert_eq!(
        hidden.text().replace("put_item", "tup_item"),
        unknown.text()
    );
    assert_eq!(class(&get_item(&serve, "a").await), "disabled");
}

#[tokio::test]
async fn the_switch_works_while_the_store_does_not() {
    let full = "gateway: {audit: {file_max: 256KiB, on_error: degrade}}\n";
    let serve = Serve::start(&format!("{full}{SHELF}")).await;
    let mut n = 0;
    while !serve.log().contains("records cannot be written") {
        put_item(&serve, &format!("k{n}")).await;
        n += 1;
    }
    assert_eq!(class(&put_item(&serve, "one more").await), "");
    kill(&serve, "all-writes INC-88\n").await;
    let before = effects(&serve).len();
    assert_eq!(class(&put_item(&serve, "too late").await), "disabled");
    assert_eq!(class(&get_item(&serve, "k0").await), "");
    assert_eq!(effects(&serve).len(), before);
}

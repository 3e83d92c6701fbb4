//! Overrides in the store, as another gateway on the same folder would set them: obeyed, kept over a restart, ended in time.

use std::{sync::Arc, time::Duration};

use rustix::process::Signal;
use serde_json::{Value, json};
use wardgate_model::{OverrideEffect, OverrideId, OverrideMatch, PersonId};
use wardgate_store::{Lift, Override, Overrides, Timestamp};
use wardgate_store_sql::SqlStore;
use wardgate_testkit::{
    http::{Connection, Request, send},
    legacy::Session,
    modern,
    upstream::{Act, Upstream},
};

use crate::{
    edge::{call, class},
    gateway::{STATE, records},
    lifecycle_serve::Serve,
    overrides_emergency::{
        SHELF, effects, get_item, listed, names, put, put_item, text, under_way,
    },
};

async fn store(serve: &Serve) -> Arc<SqlStore> {
    let path = serve.path(STATE).join("wardgate.db");
    SqlStore::open_sqlite(&path, None).await.expect("a store")
}

fn now() -> Timestamp {
    std::time::SystemTime::now().into()
}

/// A kill switch until lifted.
fn deny(id: &str, kind: &str, value: &str) -> Override {
    Override {
        id: OverrideId::new(id),
        effect: OverrideEffect::Deny,
        matches: OverrideMatch::parse(kind, value).expect("a match"),
        reason: "INC-88".to_owned(),
        by: PersonId::new("local/oncall"),
        created_at: now(),
        expires_at: None,
        cancel_in_flight: false,
        lifts: Vec::new(),
        lifted_at: None,
    }
}

/// Puts it into the store and waits until the gateway has seen it.
async fn set(serve: &Serve, item: Override) {
    let before = serve.log().len();
    let store = store(serve).await;
    store.create(&item).await.expect("room");
    store.close().await;
    serve.logged_after(before, "override in force").await;
}

async fn lift(serve: &Serve, id: &str, by: &str) {
    let store = store(serve).await;
    let lift = Lift {
        by: PersonId::new(by),
        reason: "mended".to_owned(),
        at: now(),
    };
    let lifted = store.lift(&OverrideId::new(id), &lift).await;
    lifted.expect("an override in force");
    store.close().await;
}

async fn stopped(mut serve: Serve) -> (tempfile::TempDir, Vec<Value>) {
    serve.signal(Signal::TERM);
    serve.ended().await;
    let records = records(&serve.path(STATE));
    (serve.directory, records)
}

#[tokio::test]
async fn writes_stop_while_reads_go_on_and_a_restart_changes_nothing() {
    let serve = Serve::start(SHELF).await;
    set(&serve, deny("ovr_1", "all-writes", "")).await;
    assert_eq!(class(&put_item(&serve, "a").await), "disabled");
    assert_eq!(class(&get_item(&serve, "a").await), "");
    let list = modern::request("/mcp", 1, "tools/list", json!({}));
    let list = send(serve.address, &list).await.answer();
    assert_eq!(list["result"]["ttlMs"], 0, "it is not to be kept: {list}");
    let mut tools = names(&list);
    tools.sort();
    assert_eq!(tools, ["echo", "get_item"]);
    let (folder, records) = stopped(serve).await;
    let hit = records
        .iter()
        .find(|record| record["what"]["tool"] == "put_item")
        .unwrap();
    assert_eq!(hit["decision"]["override"], "ovr_1", "{hit}");
    assert_eq!(hit["decision"]["effect"], "deny", "{hit}");
    assert_eq!(hit["outcome"]["error_type"], "disabled", "{hit}");

    let again = Serve::start_in(folder, SHELF).await;
    assert_eq!(class(&put_item(&again, "a").await), "disabled");
    let before = again.log().len();
    lift(&again, "ovr_1", "local/oncall").await;
    lift(&again, "ovr_1", "local/lead").await;
    again.logged_after(before, "override ended").await;
    assert_eq!(class(&put_item(&again, "a").await), "");
    assert_eq!(effects(&again).len(), 1);
}

#[tokio::test]
async fn an_override_ends_when_it_expires_and_its_end_is_recorded_once() {
    let serve = Serve::start(SHELF).await;
    let item = Override {
        expires_at: Some(now().after(Duration::from_secs(2))),
        ..deny("ovr_1", "server", "lab")
    };
    set(&serve, item).await;
    assert_eq!(class(&get_item(&serve, "a").await), "disabled");
    serve.logged("override ended").await;
    assert_eq!(class(&get_item(&serve, "a").await), "");
    assert!(listed(&serve).await.contains(&"put_item".to_owned()));
    let (folder, _) = stopped(serve).await;
    let (_folder, records) = stopped(Serve::start_in(folder, SHELF).await).await;
    let ends = records
        .iter()
        .filter(|record| record["type"] == "override.expire");
    assert_eq!(ends.count(), 1, "{records:?}");
}

#[tokio::test]
async fn an_override_that_cancels_ends_only_what_it_is_about() {
    let serve = Serve::start(&format!(
        "{SHELF}  other: {{lab: true}}\ntoolsets: {{default: {{prefix: never}}}}\n"
    ))
    .await;
    let mut build = under_way(&serve).await;
    let other = deny("ovr_1", "server", "other");
    set(
        &serve,
        Override {
            cancel_in_flight: true,
            ..other
        },
    )
    .await;
    let quiet = deny("ovr_2", "tool", "lab/build");
    set(&serve, quiet).await;
    assert_eq!(build.message().await["method"], "notifications/progress");
    let about = deny("ovr_3", "tool", "lab/build");
    set(
        &serve,
        Override {
            cancel_in_flight: true,
            ..about
        },
    )
    .await;
    let answer = build.rest().await.pop().expect("an answer");
    assert_eq!(class(&answer), "outcome_unknown", "{answer}");
    let (_folder, records) = stopped(serve).await;
    let cancelled = records
        .iter()
        .find(|record| record["outcome"]["error_type"] == "cancelled")
        .unwrap();
    assert_eq!(cancelled["decision"]["override"], "ovr_3", "{cancelled}");
}

const DEV: &str = "gateway: {environment: dev}\n";

fn as_principal(request: Request, who: &str) -> Request {
    request.header("Wardgate-As", who)
}

#[tokio::test]
async fn a_stopped_principal_is_told_why_on_every_way() {
    let serve = Serve::start(&format!("{DEV}{SHELF}")).await;
    let listen = json!({"notifications": {"toolsListChanged": true}});
    let listen = modern::request("/mcp", "news", "subscriptions/listen", listen);
    let connection = Connection::open(serve.address).await;
    let mut news = connection
        .stream(&as_principal(listen, "local/rogue"))
        .await;
    news.message().await;
    set(&serve, deny("ovr_1", "principal", "local/rogue")).await;
    let end = news.rest().await.pop().expect("an answer");
    assert_eq!(end["error"]["code"], 42300, "{end}");
    for (method, params) in [
        ("tools/list", json!({})),
        ("resources/list", json!({})),
        ("server/discover", json!({})),
        ("prompts/get", json!({"name": "greet"})),
    ] {
        let request = modern::request("/mcp", 1, method, params);
        let answer = send(serve.address, &as_principal(request.clone(), "local/rogue"))
            .await
            .answer();
        assert_eq!(answer["error"]["code"], 42300, "{method}: {answer}");
        assert!(
            answer["error"]["message"]
                .as_str()
                .unwrap()
                .contains("INC-88")
        );
        let other = send(serve.address, &as_principal(request, "local/good"))
            .await
            .answer();
        assert_ne!(other["error"]["code"], 42300, "{method}: {other}");
    }
    let put = as_principal(call("put_item", put("a")), "local/rogue");
    let answer = send(serve.address, &put).await.answer();
    assert!(text(&answer).contains("INC-88"), "{answer}");
    assert_eq!(effects(&serve).len(), 0);
}

#[tokio::test]
async fn what_reads_beside_tools_stops_with_its_server() {
    let serve = Serve::start(SHELF).await;
    let session = Session::open(serve.address, "/mcp", "2025-11-25").await;
    let uri = first(&session, "resources/list", "resources", "uri").await;
    let name = first(&session, "prompts/list", "prompts", "name").await;
    set(&serve, deny("ovr_1", "server", "lab")).await;
    let reference = json!({"ref": {"type": "ref/prompt", "name": name}, "argument": {"name": "x", "value": "y"}});
    for (method, params) in [
        ("resources/read", json!({"uri": uri})),
        ("resources/subscribe", json!({"uri": uri})),
        ("prompts/get", json!({"name": name})),
        ("completion/complete", reference),
    ] {
        let answer = session.call(9, method, params).await.answer();
        assert_eq!(answer["error"]["code"], 42300, "{method}: {answer}");
        assert_eq!(
            answer["error"]["data"]["class"], "disabled",
            "{method}: {answer}"
        );
    }
    for (method, member) in [
        ("resources/list", "resources"),
        ("prompts/list", "prompts"),
        ("tools/list", "tools"),
    ] {
        let answer = session.call(10, method, json!({})).await.answer();
        assert_eq!(answer["result"][member], json!([]), "{method}: {answer}");
    }
}

async fn first(session: &Session, method: &str, member: &str, key: &str) -> String {
    let answer = session.call(5, method, json!({})).await.answer();
    answer["result"][member][0][key]
        .as_str()
        .expect("one")
        .to_owned()
}

const LEVELS: &str = r#"
@id("all") permit(principal, action, resource);
@id("soft") @level("soft") forbid(principal, action == Action::"lab/put_item", resource);
@id("hard") @level("hard") forbid(principal, action == Action::"lab/put_item", resource) when { context.input.id == "never" };
"#;

#[tokio::test]
async fn break_glass_lifts_soft_rules_and_never_hard_ones() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("levels.cedar"), LEVELS).unwrap();
    let serve = Serve::start_in(folder, &format!("include: [levels.cedar]\n{SHELF}")).await;
    // No call of it could be allowed, so it is hidden.
    assert_eq!(put_item(&serve, "a").await["error"]["code"], -32602);
    let opened = Override {
        effect: OverrideEffect::Allow,
        expires_at: Some(now().after(Duration::from_secs(600))),
        ..deny("ovr_1", "tool", "lab/put_item")
    };
    set(&serve, opened).await;
    assert!(listed(&serve).await.contains(&"put_item".to_owned()));
    assert_eq!(class(&put_item(&serve, "a").await), "");
    assert_eq!(class(&put_item(&serve, "never").await), "policy_denied");
    assert_eq!(class(&get_item(&serve, "a").await), "");
    assert_eq!(effects(&serve).len(), 1);
    let (_folder, records) = stopped(serve).await;
    let of = |tool: &str, status: &str| {
        let mut found = records.iter().filter(|record| {
            record["what"]["tool"] == tool && record["outcome"]["status"] == status
        });
        found.next_back().expect("a record")["decision"]["override"].clone()
    };
    assert_eq!(of("put_item", "success"), "ovr_1");
    assert_eq!(of("put_item", "denied"), Value::Null);
    assert_eq!(of("get_item", "success"), Value::Null);
}

#[tokio::test]
async fn a_store_that_cannot_be_read_keeps_the_gateway_from_starting() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(STATE)).unwrap();
    std::fs::write(folder.path().join(STATE).join("wardgate.db"), "no database").unwrap();
    let config = format!("gateway: {{record: false}}\n{SHELF}");
    std::fs::write(folder.path().join("wardgate.yaml"), config).unwrap();
    let output = crate::gateway::wardgate(folder.path(), &["serve", "--listen", "127.0.0.1:0"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && said.contains("the store cannot be opened"),
        "{said}"
    );
}

#[tokio::test]
async fn a_call_that_waits_for_its_clients_answer_is_cancelled_too() {
    let upstream = Upstream::legacy(
        "2025-06-18",
        json!([{"name": "ask", "inputSchema": {"type": "object"}}]),
        |received| {
            let question = json!({"jsonrpc": "2.0", "id": "q", "method": "elicitation/create",
            "params": {"message": "?", "requestedSchema": {"type": "object", "properties": {}}}});
            match received.message()["params"]["name"].as_str() {
                Some("ask") => Act::Events {
                    events: vec![wardgate_testkit::upstream::event(&question.to_string())],
                    hold: true,
                },
                _ => Act::status(202),
            }
        },
    )
    .await;
    let serve = Serve::start(&format!(
        "servers:\n  s: {{url: '{}', era: legacy}}\n",
        upstream.url()
    ))
    .await;
    let asked = send(serve.address, &call("ask", json!({}))).await.answer();
    assert_eq!(asked["result"]["resultType"], "input_required", "{asked}");
    let rule = deny("ovr_1", "server", "s");
    set(
        &serve,
        Override {
            cancel_in_flight: true,
            ..rule
        },
    )
    .await;
    upstream.until("notifications/cancelled", 1).await;
    let mut again =
        json!({"name": "ask", "arguments": {}, "requestState": asked["result"]["requestState"]});
    again["inputResponses"] = json!({"input-1": {"action": "accept", "content": {}}});
    let answer = send(
        serve.address,
        &modern::request("/mcp", 1, "tools/call", again),
    )
    .await
    .answer();
    assert_eq!(class(&answer), "disabled", "{answer}");
}

#[tokio::test]
async fn a_call_that_waits_for_its_turn_is_not_sent_any_more() {
    let one_at_a_time = SHELF.replace("    lab: {", "    concurrency: 1\n    lab: {");
    let serve = Serve::start(&one_at_a_time).await;
    assert_eq!(class(&get_item(&serve, "a").await), "");
    let build = under_way(&serve).await;
    let mut waiting = Connection::open(serve.address).await;
    waiting
        .write(&call("put_item", put("a")).encode(serve.address))
        .await;
    // Its record is written before it waits for its turn.
    let is_there = |record: &Value| record["what"]["tool"] == "put_item";
    while !records(&serve.path(STATE)).iter().any(is_there) {
        tokio::task::yield_now().await;
    }
    set(&serve, deny("ovr_1", "tool", "lab/put_item")).await;
    drop(build);
    let answer = waiting.read().await.expect("an answer").answer();
    assert_eq!(class(&answer), "disabled", "{answer}");
    assert_eq!(effects(&serve), [Value::Null; 0]);
}

#[tokio::test]
async fn a_stopped_principals_stream_ends_and_opens_no_more() {
    let serve = Serve::start(&format!("{DEV}{SHELF}")).await;
    let rogue = [("Wardgate-As", "local/rogue")];
    let session = Session::open_as(serve.address, "/mcp", "2025-11-25", json!({}), &rogue).await;
    let mut news = session.listen(None).await;
    set(&serve, deny("ovr_1", "principal", "local/rogue")).await;
    while news.event().await.is_some() {}
    let refused = send(serve.address, &session.get(None)).await;
    assert_eq!(refused.json()["error"]["code"], 42300, "{}", refused.text());
    let answer = session.call(9, "ping", json!({})).await.answer();
    assert_eq!(answer["error"]["code"], 42300, "{answer}");
}

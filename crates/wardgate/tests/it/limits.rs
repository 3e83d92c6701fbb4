//! Limits as callers and operators meet them: who is refused, what they are told, and that nothing is executed for them.

use std::process::Output;

use serde_json::{Value, json};
use wardgate_testkit::{
    http::{Connection, send},
    legacy::Session,
    modern,
    upstream::{Act, Received, Upstream},
    within,
};

use crate::{
    door::{Door, EVERY_WAY},
    edge::{call, class, echo, effect},
    gateway::{Finished, LAB, TestGateway, wardgate},
    lifecycle_serve::Serve,
};

/// The lab, whose `put_item` costs two cents, under these limits of tenant `local`.
fn lab_under(limits: &str) -> String {
    let lab =
        "lab: {effects: effects.jsonl}, tools: {put_item: {cost_usd: 0.02}, ask: {cost_usd: 0.02}}";
    format!("servers: {{lab: {{{lab}}}}}\ntenants: {{local: {{limits: [{limits}]}}}}\n")
}

fn limit(answer: &Value) -> &Value {
    &answer["result"]["_meta"]["dev.wardgate/limit"]
}

/// Asserts that the answer to a tool call is a refusal by this limit.
fn refused_by(answer: &Value, name: &str, dimension: &str) {
    assert_eq!(class(answer), "limit_exceeded", "{answer}");
    assert_eq!(answer["result"]["isError"], true, "{answer}");
    let told = limit(answer);
    assert_eq!(
        (&told["name"], &told["dimension"]),
        (&json!(name), &json!(dimension))
    );
    let wait = &answer["result"]["_meta"]["dev.wardgate/error"]["retryAfterMs"];
    assert_eq!(told["retryAfterMs"], *wait, "{answer}");
}

async fn tell(gateway: &TestGateway, args: &[&str]) -> Output {
    let mut command = wardgate(gateway.folder.path(), args);
    command.env("WARDGATE_URL", format!("http://{}/mcp", gateway.address));
    tokio::task::spawn_blocking(move || command.output().expect("the built program"))
        .await
        .expect("a call")
}

#[tokio::test]
async fn the_eleventh_of_ten_calls_a_minute_is_refused_until_a_time() {
    let gateway = TestGateway::start(&lab_under(
        "{name: floor, key: principal, calls: 10, per: 1m}",
    ))
    .await;
    let mut codes = Vec::new();
    for _ in 0..12 {
        let args = ["call", "add", r#"{"a": 1, "b": 2}"#, "--json"];
        let output = tell(&gateway, &args).await;
        codes.push(output.status.code().unwrap());
        if output.status.code() == Some(6) {
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(said.contains(r#""resetAt":"2"#), "{said}");
            let shown = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(
                shown.contains("Limit `floor` is used up: 0 of 10 calls left. Wait "),
                "{shown}"
            );
        }
    }
    assert_eq!(codes, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 6]);
    // Another principal has calls of its own.
    let as_ana = echo().header("Wardgate-As", "local/ana");
    assert_eq!(
        send(gateway.address, &as_ana).await.answer()["result"]["content"][0]["text"],
        "x"
    );
    let finished = gateway.stop().await;
    let limited = finished
        .records
        .iter()
        .filter(|record| record["outcome"]["status"] == "limited");
    assert_eq!(limited.count(), 2);
}

#[tokio::test]
async fn money_is_reserved_before_it_is_spent() {
    let gateway = TestGateway::start(&lab_under("{name: purse, cost_usd: 0.05, per: day}")).await;
    let effect = effect();
    let (a, b, c) = tokio::join!(
        send(gateway.address, &effect),
        send(gateway.address, &effect),
        send(gateway.address, &effect),
    );
    let answers = [a.answer(), b.answer(), c.answer()];
    let refused: Vec<_> = answers
        .iter()
        .filter(|answer| !class(answer).is_empty())
        .collect();
    assert_eq!(refused.len(), 1, "{answers:?}");
    refused_by(refused[0], "purse", "cost_usd");
    assert!(limit(refused[0])["resetAt"].is_string());
    let sentence = &refused[0]["result"]["content"][0]["text"];
    assert!(
        sentence
            .as_str()
            .unwrap()
            .contains("0.01 of 0.05 US dollars left"),
        "{sentence}"
    );
    assert_eq!(gateway.effects().len(), 2);
    // What is free passes still.
    assert_eq!(class(&send(gateway.address, &echo()).await.answer()), "");
    let costs: Vec<Value> = gateway
        .stop()
        .await
        .calls()
        .iter()
        .map(|record| record["cost"]["usd"].clone())
        .collect();
    assert_eq!(
        costs.iter().filter(|cost| **cost == json!("0.02")).count(),
        2
    );
    assert_eq!(costs.iter().filter(|cost| cost.is_null()).count(), 1);
}

#[tokio::test]
async fn every_way_in_hears_the_same_refusal() {
    let gateway = TestGateway::start(&lab_under("{name: small, cost_usd: 0.01, per: day}")).await;
    for way in EVERY_WAY {
        let mut door = Door::open(&gateway, way).await;
        let params = json!({"name": "put_item", "arguments": {"id": "a", "value": "b"}});
        let said = door.ask(7, "tools/call", params).await;
        let told = format!("{:?}: {}", way.tags(), said.text);
        refused_by(&said.answer, "small", "cost_usd");
        assert_eq!(said.answer["id"], 7, "{told}");
        let sentence = said.answer["result"]["content"][0]["text"]
            .as_str()
            .unwrap();
        assert!(
            sentence.starts_with(
                "This call needs more than limit `small` allows at all (0.01 US dollars)."
            ),
            "{told}"
        );
        assert!(limit(&said.answer)["retryAfterMs"].is_null(), "{told}");
        assert!(said.reply.is_none_or(|reply| reply.status == 200), "{told}");
        door.close().await;
    }
    assert_eq!(gateway.effects(), [Value::Null; 0]);
}

#[tokio::test]
async fn what_has_no_result_for_a_refusal_is_429() {
    let gateway = TestGateway::start(&lab_under(
        "{name: floor, key: principal, calls: 1, per: 1h}",
    ))
    .await;
    let prompt = json!({"name": "greeting", "arguments": {"name": "Ana"}});
    let prompt = modern::request("/mcp", 1, "prompts/get", prompt);
    let passed = send(gateway.address, &prompt).await;
    assert_ne!(passed.status, 429, "{}", passed.text());
    assert_eq!(
        passed.header("ratelimit-policy"),
        Some(r#""floor";q=1;w=3600"#)
    );
    assert_eq!(passed.header("ratelimit"), Some(r#""floor";r=0;t=3600"#));
    let reply = send(gateway.address, &prompt).await;
    assert_eq!(reply.status, 429);
    let seconds: u64 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((3590..=3600).contains(&seconds), "{seconds}");
    assert_eq!(
        reply.header("ratelimit"),
        Some(&*format!(r#""floor";r=0;t={seconds}"#))
    );
    assert!(reply.header("ratelimit-policy").is_some());
    let error = &reply.answer()["error"];
    assert_eq!(error["code"], 42900, "{error}");
    assert_eq!(error["data"]["class"], "limit_exceeded", "{error}");
    assert_eq!(error["data"]["limit"]["name"], "floor", "{error}");
    assert_eq!(
        error["data"]["limit"]["retryAfterMs"], error["data"]["retryAfterMs"],
        "{error}"
    );
}

#[tokio::test]
async fn looking_around_uses_up_no_calls() {
    let gateway = TestGateway::start(&lab_under("{name: floor, calls: 2, per: 1h}")).await;
    let list = modern::request("/mcp", 1, "tools/list", json!({}));
    for status in [200, 200, 429] {
        assert_eq!(send(gateway.address, &list).await.status, status);
    }
    for refused in [false, false, true] {
        let answer = send(gateway.address, &echo()).await.answer();
        assert_eq!(class(&answer) == "limit_exceeded", refused, "{answer}");
    }
    // A conversation can always be opened.
    let session = Session::open(gateway.address, "/mcp", "2025-06-18").await;
    assert!(session.call(2, "ping", json!({})).await.answer()["result"].is_object());
}

async fn stopped_and_started(gateway: TestGateway, config: &str) -> TestGateway {
    let Finished {
        folder,
        success,
        log,
        ..
    } = gateway.stop().await;
    assert!(success, "{log}");
    TestGateway::start_in(folder, config, &[]).await
}

#[tokio::test]
async fn a_restart_keeps_what_was_used() {
    let config = lab_under(
        "{name: floor, key: principal, calls: 2, per: 1h}, {name: purse, cost_usd: 0.03, per: month}",
    );
    let gateway = TestGateway::start(&config).await;
    assert_eq!(class(&send(gateway.address, &effect()).await.answer()), "");
    let gateway = stopped_and_started(gateway, &config).await;
    refused_by(
        &send(gateway.address, &effect()).await.answer(),
        "purse",
        "cost_usd",
    );
    let gateway = stopped_and_started(gateway, &config).await;
    refused_by(
        &send(gateway.address, &echo()).await.answer(),
        "floor",
        "calls",
    );
    assert_eq!(gateway.effects().len(), 1);
}

#[tokio::test]
async fn a_damaged_file_of_usage_keeps_nobody_from_starting() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("wardgate-data");
    std::fs::create_dir(&state).unwrap();
    std::fs::write(state.join("limits.json"), "{\"taken_at\":").unwrap();
    let config = lab_under("{name: floor, calls: 1, per: 1h}");
    let gateway = TestGateway::start_in(folder, &config, &[]).await;
    assert!(
        gateway.log().contains("counting begins anew"),
        "{}",
        gateway.log()
    );
    assert_eq!(class(&send(gateway.address, &echo()).await.answer()), "");
    let gateway = stopped_and_started(gateway, &config).await;
    refused_by(
        &send(gateway.address, &echo()).await.answer(),
        "floor",
        "calls",
    );
}

#[tokio::test]
async fn a_reload_keeps_what_was_used() {
    let config = |calls: u64| lab_under(&format!("{{name: floor, calls: {calls}, per: 1h}}"));
    let serve = Serve::start(&config(2)).await;
    let passes = async || class(&send(serve.address, &echo()).await.answer()).is_empty();
    assert!(passes().await);
    serve.configure(&config(3));
    serve.logged("configuration reloaded").await;
    assert!(passes().await && passes().await);
    assert!(!passes().await);
    let before = serve.log().len();
    serve.configure(LAB);
    serve.logged_after(before, "configuration reloaded").await;
    assert!(passes().await);
}

#[tokio::test]
async fn a_cancelled_call_makes_room_for_the_next() {
    let gateway =
        TestGateway::start(&lab_under("{name: places, key: principal, concurrency: 1}")).await;
    let session = Session::open(gateway.address, "/mcp", "2025-06-18").await;
    // A build says how far it is, so that it is known to be under way.
    let build = json!({"name": "build", "arguments": {"secs": 50, "steps": 100}, "_meta": {"progressToken": 1}});
    let mut building = session.stream("build", "tools/call", build).await;
    building.message().await;
    let echo = json!({"name": "echo", "arguments": {"text": "x"}});
    let answer = session.call(2, "tools/call", echo.clone()).await.answer();
    refused_by(&answer, "places", "concurrency");
    let sentence = answer["result"]["content"][0]["text"].as_str().unwrap();
    assert!(
        sentence.contains("allows 1 calls at the same time"),
        "{sentence}"
    );
    session
        .notify("notifications/cancelled", json!({"requestId": "build"}))
        .await;
    building.rest().await;
    let answer = session.call(3, "tools/call", echo).await.answer();
    assert_eq!(answer["result"]["content"][0]["text"], "x", "{answer}");
}

#[tokio::test]
async fn a_client_that_leaves_makes_room_too() {
    let upstream = Upstream::modern(
        json!([{"name": "work", "inputSchema": {"type": "object"}}]),
        |_| Act::Hang,
    )
    .await;
    let config = format!(
        "servers: {{far: {{url: '{}'}}}}\ntenants: {{local: {{limits: [{{name: places, concurrency: 1}}]}}}}\n",
        upstream.url()
    );
    let gateway = TestGateway::start(&config).await;
    for calls in 1..=3 {
        let work = within("a place", goes_through(&gateway, &upstream, calls));
        drop(work.await);
        upstream.hung_up(calls).await;
    }
}

/// Calls until the upstream has this many. That the one before has ended is known there a moment earlier than here.
async fn goes_through(gateway: &TestGateway, upstream: &Upstream, calls: usize) -> Connection {
    loop {
        let mut connection = Connection::open(gateway.address).await;
        let work = call("work", json!({})).encode(gateway.address);
        connection.write(&work).await;
        tokio::select! {
            _ = upstream.until("tools/call", calls) => return connection,
            refused = connection.read() => {
                let refused = refused.expect("a response").answer();
                assert_eq!(class(&refused), "limit_exceeded", "{refused}");
            }
        }
    }
}

#[tokio::test]
async fn a_call_that_does_not_reach_its_server_costs_nothing() {
    let away = std::sync::atomic::AtomicBool::new(true);
    let upstream = Upstream::modern(
        json!([{"name": "work", "inputSchema": {"type": "object", "required": ["id"]}}]),
        move |received: &Received| match away.swap(false, std::sync::atomic::Ordering::Relaxed) {
            true => Act::status(503),
            false => Act::result(received, r#"{"content": [], "resultType": "complete"}"#),
        },
    )
    .await;
    let config = format!(
        "servers: {{far: {{url: '{}', tools: {{work: {{cost_usd: 0.02}}}}}}}}\n\
         tenants: {{local: {{limits: [{{name: purse, cost_usd: 0.02, per: day}}]}}}}\n",
        upstream.url()
    );
    let gateway = TestGateway::start(&config).await;
    let classes = [
        (json!({}), "invalid_arguments"),
        (json!({"id": 1}), "upstream_unavailable"),
        (json!({"id": 1}), ""),
        (json!({"id": 1}), "limit_exceeded"),
    ];
    for (arguments, expected) in classes {
        let answer = send(gateway.address, &call("work", arguments))
            .await
            .answer();
        assert_eq!(class(&answer), expected, "{answer}");
    }
}

#[tokio::test]
async fn a_call_that_waits_for_an_answer_is_paid_once() {
    let config = lab_under("{name: purse, cost_usd: 0.02, per: day}");
    let config = config.replace("lab: {effects", "lab: {era: legacy, effects");
    let gateway = TestGateway::start(&config).await;
    let first = send(gateway.address, &call("ask", json!({})))
        .await
        .answer();
    let asked = &first["result"];
    assert_eq!(asked["resultType"], "input_required", "{first}");
    let key = asked["inputRequests"]
        .as_object()
        .unwrap()
        .keys()
        .next()
        .unwrap();
    let params = json!({
        "name": "ask", "arguments": {}, "requestState": asked["requestState"],
        "inputResponses": {key: {"action": "accept", "content": {"name": "Ana"}}},
    });
    let second = modern::request("/mcp", 2, "tools/call", params);
    let answer = send(gateway.address, &second).await.answer();
    assert_eq!(class(&answer), "", "{answer}");
    refused_by(
        &send(gateway.address, &call("ask", json!({})))
            .await
            .answer(),
        "purse",
        "cost_usd",
    );
}

#[tokio::test]
async fn bytes_and_tokens_are_those_of_arguments_and_results() {
    let limits = "{name: bytes, bytes: 1000B, per: day}, {name: tokens, tokens: 100000, per: day, tools: ['lab/echo']}";
    let gateway = TestGateway::start(&lab_under(limits)).await;
    let large = call("echo", json!({"text": "x".repeat(600)}));
    let reply = send(gateway.address, &large).await;
    assert_eq!(class(&reply.answer()), "");
    // Arguments and result together are more than a thousand: spent all the same, and nothing is left.
    assert!(
        reply
            .header("ratelimit")
            .unwrap()
            .starts_with(r#""bytes";r=0;t="#)
    );
    refused_by(
        &send(gateway.address, &large).await.answer(),
        "bytes",
        "bytes",
    );
}

#[tokio::test]
async fn a_limit_nearly_used_up_is_told_once() {
    let gateway =
        TestGateway::start(&lab_under("{name: floor, calls: 4, per: 1h, soft: 0.5}")).await;
    let mut told = Vec::new();
    for _ in 0..4 {
        let answer = send(gateway.address, &echo()).await.answer();
        told.push(limit(&answer).clone());
    }
    let warning = json!({"name": "floor", "dimension": "calls", "used": 2, "of": 4});
    assert_eq!(told, [Value::Null, warning, Value::Null, Value::Null]);
    assert!(
        gateway.log().contains("a limit is nearly used up"),
        "{}",
        gateway.log()
    );
}

#[tokio::test]
async fn a_limit_of_one_tenant_is_not_anothers() {
    let gateway = TestGateway::start(&lab_under("{name: floor, calls: 1, per: 1h}")).await;
    for refused in [false, true] {
        let answer = send(gateway.address, &echo()).await.answer();
        assert_eq!(class(&answer) == "limit_exceeded", refused, "{answer}");
    }
    let elsewhere = echo().header("Wardgate-As", "globex/ana");
    let reply = send(gateway.address, &elsewhere).await;
    assert_eq!(class(&reply.answer()), "");
    assert_eq!(reply.header("ratelimit"), None);
}

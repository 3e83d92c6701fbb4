//! Clients of each era before servers of each era: what a tool asks reaches the person, what it reports reaches the
//! client, and neither side can tell that the other is of another age.

use serde_json::{Value, json};
use wardgate_testkit::{
    http::{self, Connection, Request},
    legacy::{self, Session},
    modern,
    upstream::{Act, Upstream},
};

use crate::{
    door::{Door, EVERY_WAY, Way},
    gateway::{TestGateway, TestLab},
};

/// The built-in server, of one era, as a child and over HTTP.
async fn each_server(mut visit: impl AsyncFnMut(&str, TestGateway)) {
    for era in ["legacy", "modern"] {
        let child = format!("servers:\n  lab: {{lab: {{era: {era}}}, era: {era}}}\n");
        visit(&format!("{era} child"), TestGateway::start(&child).await).await;
        let lab = TestLab::start(&["--era", era]);
        let remote = format!("servers:\n  lab: {{url: '{}', era: {era}}}\n", lab.url());
        visit(
            &format!("{era} over http"),
            TestGateway::start(&remote).await,
        )
        .await;
    }
}

/// The revisions in which a tool can ask a person.
fn ways() -> impl Iterator<Item = Way> {
    let asks = |way: &Way| way.revision >= "2025-06-18";
    EVERY_WAY.into_iter().filter(asks)
}

#[tokio::test]
async fn a_tool_can_ask_the_person_whatever_the_eras() {
    each_server(async |server, gateway| {
        for way in ways() {
            let mut door = Door::open(&gateway, way).await;
            let told = format!("{server} for {:?}", way.tags());
            let question = json!({"message": "Who is there?"});
            let talk = door.talk("ask", "ask", question, json!({})).await;
            assert_eq!(talk.asked.len(), 1, "{told}: {}", talk.answer);
            let (method, params) = &talk.asked[0];
            assert_eq!(method, "elicitation/create", "{told}");
            assert_eq!(params["message"], "Who is there?", "{told}");
            assert_eq!(
                params["requestedSchema"]["required"],
                json!(["name"]),
                "{told}"
            );
            assert_eq!(talk.text(), "Hello, Ada!", "{told}");
            door.close().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_tool_can_ask_the_model_and_the_host_whatever_the_eras() {
    each_server(async |server, gateway| {
        for way in ways() {
            let mut door = Door::open(&gateway, way).await;
            let told = format!("{server} for {:?}", way.tags());
            let prompt = json!({"prompt": "two and two?"});
            let talk = door.talk("sample", "sample", prompt, json!({})).await;
            assert_eq!(talk.asked[0].0, "sampling/createMessage", "{told}");
            let said = &talk.asked[0].1["messages"][0]["content"]["text"];
            assert_eq!(said, "two and two?", "{told}");
            assert_eq!(talk.text(), "LLM response: four", "{told}");

            let talk = door.talk("roots", "roots", json!({}), json!({})).await;
            assert_eq!(talk.asked[0].0, "roots/list", "{told}");
            let roots = &talk.answer["result"]["structuredContent"]["roots"];
            assert_eq!(
                *roots,
                json!([{"uri": "file:///work", "name": "work"}]),
                "{told}"
            );
            door.close().await;
        }
    })
    .await;
}

#[tokio::test]
async fn nobody_is_asked_what_they_cannot_answer() {
    each_server(async |server, gateway| {
        let params = json!({"name": "ask", "arguments": {}});
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": modern::with_meta(params.clone(), json!({}))});
        let reply = http::send(gateway.address, &modern::post("/mcp", &message)).await;
        let answer = reply.answer();
        assert_ne!(
            answer["result"]["resultType"], "input_required",
            "{server}: {answer}"
        );
        assert!(
            answer["error"]["code"] == -32021 || answer["result"]["isError"] == true,
            "{server}: {answer}"
        );

        let session = Session::open_as(gateway.address, "/mcp", "2025-06-18", json!({}), &[]).await;
        let reply = session.call(1, "tools/call", params).await;
        let answer = reply.answer();
        assert_eq!(reply.messages().len(), 1, "{server}: it was asked");
        assert!(
            answer.get("error").is_some() || answer["result"]["isError"] == true,
            "{server}: {answer}"
        );
    })
    .await;
}

#[tokio::test]
async fn progress_comes_under_the_clients_own_token() {
    each_server(async |server, gateway| {
        for way in EVERY_WAY {
            let mut door = Door::open(&gateway, way).await;
            for token in [json!("token"), json!(7), json!("7"), json!(""), json!(0)] {
                let told = format!("{server} for {:?}, {token}", way.tags());
                let meta = json!({"progressToken": token});
                let talk = door
                    .talk("notify", "notify", json!({"count": 5}), meta)
                    .await;
                let progress = talk
                    .notices
                    .iter()
                    .filter(|notice| notice["method"] == "notifications/progress");
                let params: Vec<&Value> = progress.map(|notice| &notice["params"]).collect();
                let values: Vec<_> = params.iter().map(|p| p["progress"].as_f64()).collect();
                let expected: Vec<_> = (1..=5).map(|step| Some(f64::from(step))).collect();
                assert_eq!(values, expected, "{told}");
                assert!(
                    params.iter().all(|p| p["progressToken"] == token),
                    "{told}: {params:?}"
                );
            }
            // Without a token nobody reports.
            let talk = door
                .talk("quiet", "notify", json!({"count": 2}), json!({}))
                .await;
            let is_progress = |notice: &Value| notice["method"] == "notifications/progress";
            assert!(
                !talk.notices.iter().any(is_progress),
                "{server} {:?}",
                way.tags()
            );
            door.close().await;
        }
    })
    .await;
}

#[tokio::test]
async fn log_messages_come_from_the_level_the_client_set() {
    const LEVEL: &str = "io.modelcontextprotocol/logLevel";
    each_server(async |server, gateway| {
        for way in EVERY_WAY {
            let mut door = Door::open(&gateway, way).await;
            for (level, wanted) in [("info", true), ("error", false)] {
                let meta = match way.is_modern() {
                    true => json!({LEVEL: level}),
                    false => {
                        let set = door
                            .ask("set", "logging/setLevel", json!({"level": level}))
                            .await;
                        assert!(set.answer.get("result").is_some(), "{}", set.text);
                        json!({})
                    }
                };
                let said = json!({"count": 2, "level": "warning"});
                let talk = door.talk("log", "notify", said, meta).await;
                let logs = talk
                    .notices
                    .iter()
                    .filter(|notice| notice["method"] == "notifications/message");
                let expected = if wanted { 2 } else { 0 };
                assert_eq!(logs.count(), expected, "{server} {:?} {level}", way.tags());
            }
            if way.is_modern() {
                let talk = door
                    .talk("none", "notify", json!({"count": 2}), json!({}))
                    .await;
                assert!(talk.notices.is_empty(), "{server}: {:?}", talk.notices);
            }
            door.close().await;
        }
    })
    .await;
}

#[tokio::test]
async fn changes_reach_every_kind_of_listener() {
    each_server(async |server, gateway| {
        let session = Session::open(gateway.address, "/mcp", "2025-11-25").await;
        session.call(1, "tools/list", json!({})).await;
        let subscribed = session
            .call(2, "resources/subscribe", json!({"uri": "lab://items"}))
            .await;
        assert_eq!(subscribed.answer()["result"], json!({}), "{server}");
        let mut get = session.listen(None).await;
        assert_eq!(get.status, 200);

        let filter = json!({"toolsListChanged": true, "resourceSubscriptions": ["lab://items"]});
        let listen = json!({"notifications": filter});
        let mut streams = Vec::new();
        for id in [json!(5), json!("5"), json!("five")] {
            let request =
                modern::request("/mcp", id.clone(), "subscriptions/listen", listen.clone());
            let mut stream = Connection::open(gateway.address)
                .await
                .stream(&request)
                .await;
            let first = stream.message().await;
            assert_eq!(
                first["method"], "notifications/subscriptions/acknowledged",
                "{server}"
            );
            assert_eq!(first["params"]["notifications"], filter, "{server}");
            streams.push((id, stream));
        }

        for (what, method) in [
            ("tools", "notifications/tools/list_changed"),
            ("resource", "notifications/resources/updated"),
        ] {
            let touch = session.call(
                3,
                "tools/call",
                json!({"name": "touch", "arguments": {"what": what}}),
            );
            assert_eq!(
                touch.await.answer()["result"]["content"][0]["text"],
                format!("touched {what}")
            );
            let told = get.message().await;
            assert_eq!(told["method"], method, "{server} on the GET stream");
            for (id, stream) in &mut streams {
                let told = stream.message().await;
                assert_eq!(told["method"], method, "{server} for {id}");
                let subscription =
                    &told["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"];
                assert_eq!(subscription, id, "{server}");
                if what == "resource" {
                    assert_eq!(told["params"]["uri"], "lab://items", "{server}");
                }
            }
        }

        // What was not asked for is not told: the next thing each hears is the tools again.
        for what in ["prompts", "resources", "tools"] {
            let touch = json!({"name": "touch", "arguments": {"what": what}});
            session.call(4, "tools/call", touch).await;
        }
        for (id, stream) in &mut streams {
            let told = stream.message().await;
            assert_eq!(
                told["method"], "notifications/tools/list_changed",
                "{server} for {id}"
            );
        }

        let finished = gateway.stop().await;
        assert!(finished.success, "{}", finished.log);
        for (id, stream) in &mut streams {
            // A drained stream ends with its answer.
            let rest = stream.rest().await;
            let last = rest.last().expect("an end");
            assert_eq!(
                (&last["id"], &last["result"]["resultType"]),
                (&*id, &json!("complete"))
            );
        }
    })
    .await;
}

#[tokio::test]
async fn changes_reach_the_one_client_on_a_pipe() {
    each_server(async |server, gateway| {
        let touch = |what: &str| json!({"name": "touch", "arguments": {"what": what}});
        let mut pipe = gateway.stdio();
        pipe.ask(&legacy::initialize("2025-06-18", legacy::capabilities()))
            .await;
        // Told twice, and still everything comes once.
        for _ in 0..2 {
            pipe.send(&legacy::notification(
                "notifications/initialized",
                json!({}),
            ))
            .await;
        }
        pipe.ask(&legacy::message(1, "tools/list", json!({}))).await;
        pipe.send(&legacy::message(2, "tools/call", touch("tools")))
            .await;
        let (mut answered, mut told) = (false, 0);
        while !answered || told == 0 {
            let message = pipe.message().await;
            answered |= message["id"] == 2;
            told += usize::from(message["method"] == "notifications/tools/list_changed");
        }
        let (before, _) = pipe.ask(&legacy::message(3, "ping", json!({}))).await;
        assert_eq!((told, before.len()), (1, 0), "{server}: {before:?}");
        pipe.close().await;

        let mut pipe = gateway.stdio();
        let listen = json!({"notifications": {"toolsListChanged": true}});
        pipe.send(&modern::message("l", "subscriptions/listen", listen))
            .await;
        assert_eq!(
            pipe.message().await["method"],
            "notifications/subscriptions/acknowledged"
        );
        pipe.ask(&modern::message(1, "tools/list", json!({}))).await;
        pipe.send(&modern::message(2, "tools/call", touch("tools")))
            .await;
        let both = [pipe.message().await, pipe.message().await];
        let told = both
            .iter()
            .find(|message| message.get("method").is_some())
            .expect("a change");
        assert_eq!(
            told["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], "l",
            "{server}"
        );
        pipe.close().await;
    })
    .await;
}

fn slow_tool() -> Value {
    json!([{"name": "slow", "inputSchema": {"type": "object"}},
        {"name": "quick", "inputSchema": {"type": "object"}}])
}

/// Answers `quick` and never `slow`.
fn slow_or_quick(received: &wardgate_testkit::upstream::Received) -> Act {
    match received.message()["params"]["name"].as_str() {
        Some("quick") => Act::result(received, r#"{"content":[],"resultType":"complete"}"#),
        _ => Act::Hang,
    }
}

async fn before(upstream: &Upstream, era: &str) -> TestGateway {
    TestGateway::start(&format!(
        "servers:\n  s: {{url: '{}', era: {era}}}\n",
        upstream.url()
    ))
    .await
}

fn call(name: &str) -> Value {
    json!({"name": name, "arguments": {}})
}

#[tokio::test]
async fn leaving_cancels_a_modern_call_at_either_server() {
    let upstream = Upstream::modern(slow_tool(), slow_or_quick).await;
    let gateway = before(&upstream, "modern").await;
    let mut connection = Connection::open(gateway.address).await;
    let slow = modern::request("/mcp", 1, "tools/call", call("slow"));
    connection.write(&slow.encode(gateway.address)).await;
    upstream.until("tools/call", 1).await;
    drop(connection);
    upstream.hung_up(1).await;
    let finished = gateway.stop().await;
    let outcome = &finished.calls()[0]["outcome"];
    assert_eq!(outcome["error_type"], "cancelled");
    assert_eq!(outcome["status"], "unknown", "it was sent");

    let upstream = Upstream::legacy("2025-06-18", slow_tool(), slow_or_quick).await;
    let gateway = before(&upstream, "legacy").await;
    let mut connection = Connection::open(gateway.address).await;
    connection.write(&slow.encode(gateway.address)).await;
    let sent = upstream.until("tools/call", 1).await;
    drop(connection);
    let cancelled = upstream.until("notifications/cancelled", 1).await;
    assert_eq!(
        cancelled[0].message()["params"]["requestId"],
        sent[0].message()["id"]
    );
    assert_eq!(
        cancelled[0].header("mcp-session-id"),
        Some("scripted-session")
    );
}

#[tokio::test]
async fn a_legacy_call_is_cancelled_by_word_and_not_by_leaving() {
    for era in ["legacy", "modern"] {
        let upstream = match era {
            "legacy" => Upstream::legacy("2025-06-18", slow_tool(), slow_or_quick).await,
            _ => Upstream::modern(slow_tool(), slow_or_quick).await,
        };
        let gateway = before(&upstream, era).await;
        let session = Session::open(gateway.address, "/mcp", "2025-06-18").await;
        let mut connection = Connection::open(gateway.address).await;
        let slow = session.request("mine", "tools/call", call("slow"));
        connection.write(&slow.encode(gateway.address)).await;
        let sent = upstream.until("tools/call", 1).await;
        drop(connection);

        // Another session's word counts for nothing, nor does another id.
        let other = Session::open(gateway.address, "/mcp", "2025-06-18").await;
        other
            .notify("notifications/cancelled", json!({"requestId": "mine"}))
            .await;
        session
            .notify("notifications/cancelled", json!({"requestId": "other"}))
            .await;
        let quick = session.call(2, "tools/call", call("quick")).await;
        assert!(quick.answer()["result"].is_object(), "{era}");
        assert!(upstream.of("notifications/cancelled").is_empty(), "{era}");

        session
            .notify("notifications/cancelled", json!({"requestId": "mine"}))
            .await;
        match era {
            "legacy" => {
                let cancelled = upstream.until("notifications/cancelled", 1).await;
                let id = &cancelled[0].message()["params"]["requestId"];
                assert_eq!(*id, sent[0].message()["id"]);
            }
            _ => upstream.hung_up(1).await,
        }
        let finished = gateway.stop().await;
        let status: Vec<_> = finished
            .calls()
            .iter()
            .map(|call| call["outcome"]["status"].clone())
            .collect();
        assert_eq!(status, ["success", "unknown"], "{era}");
    }
}

#[tokio::test]
async fn a_pipe_cancels_by_word() {
    for era in ["legacy", "modern"] {
        for client in ["legacy", "modern"] {
            let upstream = match era {
                "legacy" => Upstream::legacy("2025-06-18", slow_tool(), slow_or_quick).await,
                _ => Upstream::modern(slow_tool(), slow_or_quick).await,
            };
            let gateway = before(&upstream, era).await;
            let mut pipe = gateway.stdio();
            let message = |id: u32, method: &str, params: Value| match client {
                "legacy" => legacy::message(id, method, params),
                _ => modern::message(id, method, params),
            };
            if client == "legacy" {
                pipe.ask(&legacy::initialize("2025-11-25", json!({}))).await;
            }
            pipe.send(&message(1, "tools/call", call("slow"))).await;
            upstream.until("tools/call", 1).await;
            let cancel = json!({"requestId": 1, "reason": "no longer needed"});
            pipe.send(&legacy::notification("notifications/cancelled", cancel))
                .await;
            match era {
                "legacy" => drop(upstream.until("notifications/cancelled", 1).await),
                _ => upstream.hung_up(1).await,
            }
            // What was taken back is not answered.
            let (before, answer) = pipe.ask(&message(2, "tools/call", call("quick"))).await;
            assert!(
                before.is_empty() && answer["result"].is_object(),
                "{era} {client} {before:?}"
            );
            let (rest, success) = pipe.close().await;
            assert!(rest.is_empty() && success, "{era} {client} {rest:?}");
        }
    }
}

#[tokio::test]
async fn a_broken_stream_is_read_on_where_it_stopped() {
    each_server(async |server, gateway| {
        let session = Session::open(gateway.address, "/mcp", "2025-11-25").await;
        let params = json!({"name": "notify", "arguments": {"count": 6, "pause_ms": 20},
            "_meta": {"progressToken": "p"}});
        session
            .call(0, "logging/setLevel", json!({"level": "error"}))
            .await;
        let mut stream = session.stream(1, "tools/call", params).await;
        let primer = stream.event().await.expect("a first event");
        assert!(
            primer.data.is_empty() && primer.id.is_some(),
            "{server}: {primer:?}"
        );
        let first = stream.message().await;
        assert_eq!(first["params"]["progress"].as_f64(), Some(1.0), "{server}");
        let last_id = stream.last_id.clone().expect("an id");
        drop(stream);

        let mut resumed = session.listen(Some(&last_id)).await;
        let rest = resumed.rest().await;
        let values: Vec<_> = rest[..rest.len() - 1]
            .iter()
            .map(|notice| notice["params"]["progress"].as_f64())
            .collect();
        assert_eq!(
            values,
            [2.0, 3.0, 4.0, 5.0, 6.0].map(Some),
            "{server}: {rest:?}"
        );
        assert_eq!(
            rest.last().expect("an answer")["result"]["structuredContent"]["count"],
            6
        );

        // From the very start, too, and not for another session.
        let again = session.listen(primer.id.as_deref()).await.rest().await;
        assert_eq!(again.len(), 7, "{server}: {again:?}");
        let other = Session::open(gateway.address, "/mcp", "2025-11-25").await;
        let mut theirs = other.listen(primer.id.as_deref()).await;
        other.delete().await;
        assert!(theirs.rest().await.is_empty(), "{server}");
    })
    .await;
}

#[tokio::test]
async fn delete_ends_a_session_and_all_that_hangs_on_it() {
    let gateway = TestGateway::lab().await;
    let session = Session::open(gateway.address, "/mcp", "2025-06-18").await;
    let mut get = session.listen(None).await;
    let reply = session.delete().await;
    assert!((200..300).contains(&reply.status));
    assert!(get.rest().await.is_empty());
    let reply = session.call(1, "ping", json!({})).await;
    assert_eq!(
        (reply.status, &reply.answer()["error"]["code"]),
        (404, &json!(-32001))
    );
    assert_eq!(session.delete().await.status, 404);
    assert_eq!(session.listen(None).await.status, 404);
}

#[tokio::test]
async fn the_trace_goes_on_to_the_server() {
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for era in ["legacy", "modern"] {
        let upstream = match era {
            "legacy" => Upstream::legacy("2025-06-18", slow_tool(), slow_or_quick).await,
            _ => Upstream::modern(slow_tool(), slow_or_quick).await,
        };
        let gateway = before(&upstream, era).await;
        let meta =
            json!({"traceparent": parent, "tracestate": "a=b", "baggage": "k=v", "com.acme/x": 1});
        let params = json!({"name": "quick", "arguments": {}, "_meta": meta});
        http::send(
            gateway.address,
            &modern::request("/mcp", 1, "tools/call", params.clone()),
        )
        .await;
        let session = Session::open(gateway.address, "/mcp", "2025-06-18").await;
        session.call(1, "tools/call", params).await;
        for received in upstream.until("tools/call", 2).await {
            let got = &received.message()["params"]["_meta"];
            for (key, value) in meta.as_object().expect("an object") {
                assert_eq!(got[key], *value, "{era} {key}");
            }
        }
        let finished = gateway.stop().await;
        assert!(
            finished
                .calls()
                .iter()
                .all(|record| record["trace"]["trace_id"] == parent[3..35])
        );
    }
}

#[tokio::test]
async fn a_trace_in_headers_goes_on_in_both_places() {
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let other = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    for era in ["legacy", "modern"] {
        let upstream = match era {
            "legacy" => Upstream::legacy("2025-06-18", slow_tool(), slow_or_quick).await,
            _ => Upstream::modern(slow_tool(), slow_or_quick).await,
        };
        let gateway = before(&upstream, era).await;
        let headers = [
            ("traceparent", parent),
            ("tracestate", "a=b"),
            ("baggage", "k=v"),
        ];
        let mut params = call("quick");
        let mut request = modern::request("/mcp", 1, "tools/call", params.clone());
        for (name, value) in headers {
            request = request.header(name, value);
        }
        http::send(gateway.address, &request).await;
        let session =
            Session::open_as(gateway.address, "/mcp", "2025-06-18", json!({}), &headers).await;
        session.call(1, "tools/call", params.clone()).await;
        for received in upstream.until("tools/call", 2).await {
            let meta = &received.message()["params"]["_meta"];
            for (name, value) in headers {
                assert_eq!(meta[name], value, "{era}: {meta}");
                assert_eq!(received.header(name), Some(value), "{era}");
            }
        }
        params["_meta"] = json!({"traceparent": other});
        session.call(2, "tools/call", params).await;
        let received = upstream.until("tools/call", 3).await.pop().unwrap();
        assert_eq!(received.message()["params"]["_meta"]["traceparent"], other);
        assert_eq!(received.header("traceparent"), Some(other));
        assert_eq!(
            received.header("tracestate"),
            None,
            "the state of another trace"
        );
        let malformed = modern::request("/mcp", 3, "tools/call", call("quick"));
        http::send(gateway.address, &malformed.header("traceparent", "00-x")).await;
        let received = upstream.until("tools/call", 4).await.pop().unwrap();
        assert_eq!(received.header("traceparent"), None);
        let finished = gateway.stop().await;
        let traces: Vec<_> = finished
            .calls()
            .iter()
            .map(|record| record["trace"]["trace_id"].clone())
            .collect();
        assert_eq!(
            traces,
            [
                json!(parent[3..35]),
                json!(parent[3..35]),
                json!(other[3..35]),
                json!(null)
            ]
        );
    }
}

/// The transport of 2024-11-05: one stream for everything, a POST for every message.
#[tokio::test]
async fn a_server_of_the_oldest_transport_serves_every_client() {
    let lab = TestLab::start(&["--era", "legacy"]);
    let config = format!("servers:\n  lab: {{sse: 'http://{}/sse'}}\n", lab.address);
    let gateway = TestGateway::start(&config).await;
    for way in EVERY_WAY {
        let mut door = Door::open(&gateway, way).await;
        let echo = door
            .talk("echo", "echo", json!({"text": "hi"}), json!({}))
            .await;
        assert_eq!(echo.text(), "hi", "{:?}", way.tags());
        let meta = json!({"progressToken": "p"});
        let notify = door
            .talk("notify", "notify", json!({"count": 3}), meta)
            .await;
        let progress = notify
            .notices
            .iter()
            .filter(|notice| notice["method"] == "notifications/progress");
        assert_eq!(progress.count(), 3, "{:?}", way.tags());
        door.close().await;
    }
}

#[tokio::test]
async fn every_page_of_a_server_is_in_the_list() {
    for era in ["legacy", "modern"] {
        let lab = TestLab::start(&["--era", era]);
        let mut two = Request::post("/lab/page", "2");
        two = two.with("Content-Type", "text/plain");
        let set = http::send(lab.address, &two).await;
        assert!((200..300).contains(&set.status), "{}", set.text());
        let config = format!("servers:\n  lab: {{url: '{}', era: {era}}}\n", lab.url());
        let gateway = TestGateway::start(&config).await;
        for way in EVERY_WAY {
            let mut door = Door::open(&gateway, way).await;
            for (method, key, first, least) in [
                ("tools/list", "tools", "echo", 10),
                ("resources/list", "resources", "readme", 3),
                ("prompts/list", "prompts", "greet", 2),
                ("resources/templates/list", "resourceTemplates", "item", 1),
            ] {
                let list = door.ask("l", method, json!({})).await.answer;
                let items = list["result"][key].as_array().expect("a list");
                let told = format!("{era} {:?} {method}: {}", way.tags(), items.len());
                assert!(items.len() >= least && items[0]["name"] == first, "{told}");
                let cursor = door
                    .ask("c", method, json!({"cursor": "bm8="}))
                    .await
                    .answer;
                assert_eq!(cursor["error"]["code"], -32602, "{told}: {cursor}");
            }
            door.close().await;
        }
    }
}

#[tokio::test]
async fn a_question_nobody_answers_is_given_up() {
    let upstream = Upstream::legacy("2025-06-18", slow_tool(), |received| {
        let question = json!({"jsonrpc": "2.0", "id": "q", "method": "elicitation/create",
            "params": {"message": "?", "requestedSchema": {"type": "object", "properties": {}}}});
        match received.message()["params"]["name"].as_str() {
            Some("slow") => Act::Events {
                events: vec![wardgate_testkit::upstream::event(&question.to_string())],
                hold: true,
            },
            _ => Act::status(202),
        }
    })
    .await;
    let config = format!(
        "servers:\n  s: {{url: '{}', era: legacy, timeouts: {{call: 1s, interaction: 1s}}}}\n",
        upstream.url()
    );
    let gateway = TestGateway::start(&config).await;

    // A legacy client hears of it; a modern one that comes back too late does too.
    let session = Session::open(gateway.address, "/mcp", "2025-06-18").await;
    let reply = session.call(1, "tools/call", call("slow")).await;
    let class = &reply.answer()["result"]["_meta"]["dev.wardgate/error"]["class"];
    assert_eq!(class, "timeout", "{}", reply.text());
    upstream.until("notifications/cancelled", 1).await;

    let request = |params: Value| modern::request("/mcp", 1, "tools/call", params);
    let asked = http::send(gateway.address, &request(call("slow")))
        .await
        .answer();
    assert_eq!(asked["result"]["resultType"], "input_required", "{asked}");
    upstream.until("notifications/cancelled", 2).await;
    let mut late = call("slow");
    late["requestState"] = asked["result"]["requestState"].clone();
    late["inputResponses"] = json!({"input-1": {"action": "accept", "content": {}}});
    let answer = http::send(gateway.address, &request(late)).await.answer();
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
}

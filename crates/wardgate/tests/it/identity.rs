//! Who a caller is, what that opens, and where credentials never go: to another's session, to a server, into a log.

use serde_json::{Value, json};
use wardgate_testkit::{
    http::{self, Reply, Request},
    legacy::{self, Session},
    modern,
    upstream::{Act, Received, Upstream},
};

use crate::gateway::{Finished, TestGateway};

const ALICE: &str = "alice-key-0123456789abcdef";
const BOB: &str = "bob-key-0123456789abcdef-bob";
const TOKEN: &str = "upstream-token-fedcba9876543210";
const WRONG: &str = "wrong-key-0123456789abcdef-x";

const ENV: &[(&str, &str)] = &[
    ("KEY_A", ALICE),
    ("KEY_B", BOB),
    ("UP_TOKEN", TOKEN),
    ("UP_HEADER", "header-secret-13579"),
];

fn config(upstream: &Upstream) -> String {
    format!(
        "gateway:
  environment: prod
  keys:
    - {{id: a, tenant: acme, principal: alice, secret: {{env: KEY_A}}}}
    - {{id: b, tenant: acme, principal: bob, toolsets: [small], secret: {{env: KEY_B}}}}
servers:
  s:
    url: '{}'
    auth: {{token: {{env: UP_TOKEN}}}}
    headers: {{X-Tenant-Secret: {{env: UP_HEADER}}}}
    timeouts: {{call: 5s}}
toolsets:
  default: {{servers: [s]}}
  small: {{servers: [s], tools: [s/quick]}}
",
        upstream.url()
    )
}

fn tools() -> Value {
    json!([{"name": "quick", "inputSchema": {"type": "object"}},
        {"name": "fail", "inputSchema": {"type": "object"}}])
}

/// Answers `quick`; `fail` fails with everything in its body that must not get out.
fn script(received: &Received) -> Act {
    match received.message()["params"]["name"].as_str() {
        Some("fail") => {
            let body = format!("{TOKEN} at {}", received.header("host").unwrap_or_default());
            Act::Reply(500, vec![("X-Debug".into(), TOKEN.into())], body.into())
        }
        _ => Act::result(received, r#"{"content":[],"resultType":"complete"}"#),
    }
}

async fn start() -> (Upstream, TestGateway) {
    let upstream = Upstream::modern(tools(), script).await;
    let gateway = TestGateway::start_with(&config(&upstream), ENV).await;
    (upstream, gateway)
}

fn quick(target: &str) -> Request {
    let params = json!({"name": "quick", "arguments": {}});
    modern::request(target, 1, "tools/call", params)
}

async fn send(gateway: &TestGateway, request: Request) -> Reply {
    http::send(gateway.address, &request).await
}

fn bearer(key: &str) -> String {
    format!("Bearer {key}")
}

#[tokio::test]
async fn a_wrong_credential_is_never_as_good_as_none_or_a_right_one() {
    let (upstream, gateway) = start().await;
    let wrong = [
        String::new(),
        "Bearer".into(),
        "Bearer ".into(),
        bearer(WRONG),
        bearer(&ALICE[..ALICE.len() - 1]),
        bearer(&format!("{ALICE}x")),
        bearer(&ALICE.to_uppercase()),
        format!("Bearer  {ALICE}"),
        format!("Bearer\t{ALICE}"),
        format!("Bearer {ALICE} {ALICE}"),
        format!("Bearer {ALICE}, Bearer {ALICE}"),
        format!("Bearer \"{ALICE}\""),
        format!("Basic {ALICE}"),
        "Basic YWxpY2U6YWxpY2U=".into(),
        format!("Digest {ALICE}"),
        ALICE.into(),
        format!("Bearer{ALICE}"),
        "Bearer ' OR 1=1 --".into(),
        "Bearer %00".into(),
        format!("Bearer {}", "k".repeat(10 << 10)),
        "Bearer null".into(),
        "Bearer undefined".into(),
    ];
    let mut count = 0;
    for authorization in &wrong {
        // Each from an address of its own: failures are counted.
        count += 1;
        let request = quick("/mcp").header("Authorization", authorization);
        let reply = http::send_from([127, 0, 1, count].into(), gateway.address, &request).await;
        let told = format!("{authorization}: {}", reply.text());
        assert_eq!(reply.status, 401, "{told}");
        assert_eq!(
            reply.header("www-authenticate"),
            Some("Bearer realm=\"wardgate\""),
            "{told}"
        );
        assert_eq!(reply.answer()["error"]["code"], 40100, "{told}");
    }
    let without = [
        quick("/mcp"),
        quick(&format!("/mcp?access_token={ALICE}")),
        quick("/mcp").header("Cookie", format!("access_token={ALICE}")),
        quick("/mcp").header("X-Api-Key", ALICE),
        quick("/mcp").header("Proxy-Authorization", bearer(ALICE)),
        quick("/mcp").header("X-Forwarded-User", "alice"),
        quick("/mcp").header("Wardgate-As", "acme/alice"),
        quick("/mcp")
            .header("Authorization", bearer(ALICE))
            .header("Authorization", bearer(ALICE)),
        quick("/mcp")
            .header("Authorization", bearer(ALICE))
            .header("authorization", bearer(WRONG)),
        quick("/mcp")
            .header("Authorization", bearer(WRONG))
            .header("Wardgate-As", "acme/alice"),
    ];
    for request in without {
        let told = format!("{:?}", request.headers);
        assert_eq!(send(&gateway, request).await.status, 401, "{told}");
        count += 1;
    }
    for right in ["Bearer", "bearer", "BEARER", "bEaReR"] {
        let request = quick("/mcp").header("Authorization", format!("{right} {ALICE}"));
        assert_eq!(send(&gateway, request).await.status, 200, "{right}");
    }
    assert_eq!(upstream.of("tools/call").len(), 4);
    let finished = gateway.stop().await;
    let denied = finished
        .calls()
        .into_iter()
        .filter(|call| call["outcome"]["status"] == "denied");
    assert_eq!(denied.count(), usize::from(count));
    no_secret_in(&finished);
}

/// Nothing that is secret stands in what the gateway wrote.
fn no_secret_in(finished: &Finished) {
    let records = format!("{:?}", finished.records);
    for secret in [ALICE, BOB, TOKEN, WRONG, "header-secret-13579"] {
        assert!(!finished.log.contains(secret), "{secret} in the log");
        assert!(!records.contains(secret), "{secret} in the records");
    }
}

/// A notification of 2026-07-28, which means nothing and is answered all the same.
fn modern_note() -> Request {
    let params =
        json!({"requestId": 1, "_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}});
    let note = legacy::notification("notifications/cancelled", params);
    Request::post("/mcp", note.to_string())
        .with("Content-Type", "application/json")
        .with("Accept", "application/json, text/event-stream")
        .with("MCP-Protocol-Version", "2026-07-28")
        .with("Mcp-Method", "notifications/cancelled")
}

#[tokio::test]
async fn every_door_of_a_closed_gateway_is_closed() {
    let (upstream, gateway) = start().await;
    let hello = legacy::initialize("2025-06-18", json!({})).to_string();
    let session = Session::open_as(
        gateway.address,
        "/mcp",
        "2025-06-18",
        json!({}),
        &[("Authorization", &bearer(ALICE))],
    )
    .await;
    let naked = Session {
        headers: Vec::new(),
        ..session.clone()
    };
    let note = legacy::notification("notifications/cancelled", json!({"requestId": 1}));
    let batch = format!("[{}]", legacy::message(1, "ping", json!({})));
    for request in [
        Request::post("/mcp", hello),
        modern::request("/mcp", 1, "tools/list", json!({})),
        modern::request("/mcp", 1, "server/discover", json!({})),
        modern::request("/mcp", 1, "nope", json!({})),
        modern::request(
            "/mcp",
            1,
            "subscriptions/listen",
            json!({"notifications": {}}),
        ),
        modern_note(),
        naked.request(1, "ping", json!({})),
        naked.request(1, "tools/call", json!({"name": "quick"})),
        naked.post(&note),
        naked.get(None),
        naked.get(Some("1-0")),
        naked.dress(Request::new("DELETE", "/mcp")),
    ] {
        let told = format!(
            "{} {}",
            request.method,
            String::from_utf8_lossy(&request.body)
        );
        let reply = send(&gateway, request).await;
        assert_eq!(reply.status, 401, "{told}: {}", reply.text());
    }
    let reply = send(&gateway, naked.dress(Request::post("/mcp", batch))).await;
    assert!(matches!(reply.status, 400 | 401), "{}", reply.text());
    assert!(upstream.of("tools/call").is_empty() && upstream.of("tools/list").is_empty());
    assert_eq!(session.call(1, "ping", json!({})).await.status, 200);
    let known = modern_note().header("Authorization", bearer(ALICE));
    assert_eq!(send(&gateway, known).await.status, 202);
}

#[tokio::test]
async fn a_key_opens_its_toolsets_and_no_other() {
    let (upstream, gateway) = start().await;
    let with = |target: &str, key: &str| quick(target).header("Authorization", bearer(key));
    for (target, key, status) in [
        ("/mcp", ALICE, 200),
        ("/mcp/default", ALICE, 200),
        ("/mcp/small", ALICE, 200),
        ("/mcp/small", BOB, 200),
        ("/mcp", BOB, 403),
        ("/mcp/default", BOB, 403),
        ("/mcp/nope", BOB, 404),
        ("/mcp/nope", ALICE, 404),
    ] {
        let reply = send(&gateway, with(target, key)).await;
        assert_eq!(reply.status, status, "{target} {key}: {}", reply.text());
    }
    assert_eq!(upstream.of("tools/call").len(), 4);

    // What a toolset does not show does not exist: the same bytes but for the name.
    let ask = |name: &str| {
        let params = json!({"name": name, "arguments": {}});
        modern::request("/mcp/small", 1, "tools/call", params).header("Authorization", bearer(BOB))
    };
    let hidden = send(&gateway, ask("fail")).await;
    let unknown = send(&gateway, ask("nope")).await;
    assert_eq!(hidden.status, unknown.status);
    assert_eq!(hidden.text(), unknown.text().replace("nope", "fail"));
    let same = |reply: &Reply| {
        let headers = reply.headers.iter().filter(|(name, _)| name != "date");
        headers.cloned().collect::<Vec<_>>()
    };
    assert_eq!(same(&hidden), same(&unknown));
    let list = modern::request("/mcp/small", 1, "tools/list", json!({}));
    let list = send(&gateway, list.header("Authorization", bearer(BOB))).await;
    assert_eq!(
        list.answer()["result"]["tools"].as_array().map(Vec::len),
        Some(1)
    );

    let finished = gateway.stop().await;
    let principals: Vec<_> = finished
        .calls()
        .iter()
        .map(|call| call["who"]["principal"].clone())
        .collect();
    assert!(principals.contains(&json!("alice")) && principals.contains(&json!("bob")));
}

#[tokio::test]
async fn a_session_is_its_openers_alone() {
    let (_upstream, gateway) = start().await;
    let open = |target: &'static str, key: &'static str| {
        let address = gateway.address;
        async move {
            let authorization = bearer(key);
            let headers = [("Authorization", authorization.as_str())];
            Session::open_as(address, target, "2025-06-18", json!({}), &headers).await
        }
    };
    let alice = open("/mcp/small", ALICE).await;
    let bob = open("/mcp/small", BOB).await;
    let stolen = Session {
        headers: bob.headers.clone(),
        ..alice.clone()
    };
    let elsewhere = Session {
        target: "/mcp".into(),
        ..alice.clone()
    };
    for session in [&stolen, &elsewhere] {
        let reply = session.call(1, "tools/list", json!({})).await;
        assert_eq!(
            (reply.status, &reply.answer()["error"]["message"]),
            (404, &json!("Session not found"))
        );
        assert_eq!(session.delete().await.status, 404);
        assert_eq!(session.listen(None).await.status, 404);
        let note = legacy::notification("notifications/cancelled", json!({"requestId": 1}));
        assert_eq!(send(&gateway, session.post(&note)).await.status, 404);
    }
    // Every byte of the id is covered: changed anywhere it is no id.
    for at in (0..alice.id.len()).step_by(7) {
        let mut id = alice.id.clone().into_bytes();
        id[at] = if id[at] == b'A' { b'B' } else { b'A' };
        let forged = Session {
            id: String::from_utf8(id).expect("ASCII"),
            ..alice.clone()
        };
        assert_eq!(
            forged.call(1, "ping", json!({})).await.status,
            404,
            "byte {at}"
        );
    }
    for id in ["", "x", &alice.id[1..], &format!("{}A", alice.id), &bob.id] {
        let forged = Session {
            id: id.to_owned(),
            ..alice.clone()
        };
        assert_eq!(forged.call(1, "ping", json!({})).await.status, 404, "{id}");
    }
    assert_eq!(alice.call(1, "ping", json!({})).await.status, 200);
}

#[tokio::test]
async fn what_a_client_brings_never_reaches_the_server() {
    for era in ["modern", "legacy"] {
        let upstream = match era {
            "modern" => Upstream::modern(tools(), script).await,
            _ => Upstream::legacy("2025-06-18", tools(), script).await,
        };
        let gateway = TestGateway::start_with(&config(&upstream), ENV).await;
        let brought = [
            ("Authorization", bearer(ALICE)),
            ("Cookie", "sid=client-cookie".into()),
            ("X-Forwarded-For", "client-forwarded".into()),
            ("X-Tenant-Secret", "client-tenant".into()),
            ("User-Agent", "client-agent".into()),
            ("Wardgate-As", "acme/root".into()),
            ("X-Custom", "client-custom".into()),
            ("Mcp-Param-Anything", "client-param".into()),
            ("Last-Event-ID", "client-event".into()),
        ];
        let mut request = quick("/mcp?token=client-query");
        for (name, value) in &brought {
            request = request.header(name, value);
        }
        assert_eq!(send(&gateway, request).await.status, 200);
        let headers: Vec<_> = brought
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let session =
            Session::open_as(gateway.address, "/mcp", "2025-06-18", json!({}), &headers).await;
        let reply = session
            .call(1, "tools/call", json!({"name": "quick", "arguments": {}}))
            .await;
        assert_eq!(reply.status, 200);
        upstream.until("tools/call", 2).await;
        for received in upstream.received() {
            let all = format!("{} {:?}", received.target, received.headers);
            assert!(
                !all.contains("client-") && !all.contains(ALICE) && !all.contains(&session.id),
                "{all}"
            );
            assert!(!all.contains("acme"), "{all}");
            let sent = |name: &str| {
                let values = received
                    .headers
                    .iter()
                    .filter(|(key, _)| key.eq_ignore_ascii_case(name));
                values.map(|(_, value)| value.clone()).collect::<Vec<_>>()
            };
            assert_eq!(sent("authorization"), [bearer(TOKEN)], "{all}");
            assert_eq!(sent("x-tenant-secret"), ["header-secret-13579"], "{all}");
        }
        let finished = gateway.stop().await;
        assert!(
            finished
                .calls()
                .iter()
                .all(|call| call["who"]["principal"] == "alice")
        );
    }
}

#[tokio::test]
async fn no_log_record_or_answer_holds_a_secret() {
    let upstream = Upstream::modern(tools(), script).await;
    let mut env = ENV.to_vec();
    env.push(("WARDGATE_LOG", "trace"));
    let gateway = TestGateway::start_with(&config(&upstream), &env).await;
    let fail = || {
        let params = json!({"name": "fail", "arguments": {"password": "argument-secret-24680"}});
        modern::request("/mcp", 1, "tools/call", params)
    };
    let mut shown = String::new();
    for request in [
        quick("/mcp").header("Authorization", bearer(ALICE)),
        quick("/mcp").header("Authorization", bearer(WRONG)),
        quick("/mcp").header("Authorization", bearer(BOB)),
        quick(&format!("/mcp?access_token={WRONG}")),
        fail().header("Authorization", bearer(ALICE)),
    ] {
        let reply = send(&gateway, request).await;
        shown += &format!("{:?} {}\n", reply.headers, reply.text());
    }
    let session = Session::open_as(
        gateway.address,
        "/mcp",
        "2025-11-25",
        json!({}),
        &[("Authorization", &bearer(ALICE))],
    )
    .await;
    let reply = session
        .call(1, "tools/call", json!({"name": "fail", "arguments": {}}))
        .await;
    shown += &reply.text();
    for secret in [
        ALICE,
        BOB,
        TOKEN,
        WRONG,
        "header-secret-13579",
        &upstream.address.to_string(),
    ] {
        assert!(!shown.contains(secret), "{secret} was told: {shown}");
    }
    let finished = gateway.stop().await;
    no_secret_in(&finished);
    assert!(
        !finished.log.contains(&session.id),
        "a session id in the log"
    );
    let written = format!("{} {:?}", finished.log, finished.records);
    assert!(
        !written.contains("argument-secret-24680"),
        "an argument in the log"
    );
}

#[tokio::test]
async fn on_loopback_without_keys_a_developer_may_name_a_principal() {
    let gateway = TestGateway::lab().await;
    let call = |named: &str| {
        let params = json!({"name": "add", "arguments": {"a": 1, "b": 1}});
        modern::request("/mcp", 1, "tools/call", params).header("Wardgate-As", named)
    };
    for named in ["acme/alice", "t/a.b-c_d@e"] {
        assert_eq!(send(&gateway, call(named)).await.status, 200, "{named}");
    }
    for named in [
        "",
        "/",
        "acme",
        "acme/",
        "/alice",
        "a/b/c",
        "a b/c",
        "acme/al\u{ed}ce",
        "acme/../x",
    ] {
        assert_eq!(send(&gateway, call(named)).await.status, 401, "{named}");
    }
    let plain = call("x").without("Wardgate-As");
    assert_eq!(send(&gateway, plain.clone()).await.status, 200);
    // Keys nobody has configured open nothing.
    let with_key = plain.header("Authorization", bearer(WRONG));
    assert_eq!(send(&gateway, with_key).await.status, 401);

    let finished = gateway.stop().await;
    let who = |record: &Value| {
        (
            record["who"]["tenant"].clone(),
            record["who"]["principal"].clone(),
        )
    };
    let ok: Vec<_> = finished
        .calls()
        .into_iter()
        .filter(|call| call["outcome"]["status"] == "success")
        .map(who)
        .collect();
    // By tenant: each has a chain of its own.
    let expected = [
        ("acme", "alice"),
        ("local", "anonymous"),
        ("t", "a.b-c_d@e"),
    ];
    assert_eq!(
        ok,
        expected.map(|(tenant, principal)| (json!(tenant), json!(principal)))
    );
}

#[tokio::test]
async fn where_it_is_not_dev_nobody_is_taken_for_another() {
    let config = "gateway: {environment: prod}\nservers:\n  lab: {lab: true}\n";
    let gateway = TestGateway::start(config).await;
    let list =
        modern::request("/mcp", 1, "tools/list", json!({})).header("Wardgate-As", "acme/root");
    send(&gateway, list).await;
    let finished = gateway.stop().await;
    assert!(
        finished
            .records
            .iter()
            .all(|record| record["who"]["principal"] != "root")
    );
}

#[tokio::test]
async fn a_parked_question_is_answered_once_and_by_its_own_caller() {
    let config = "servers:\n  lab: {lab: {era: legacy}, era: legacy}\n";
    let gateway = TestGateway::start(config).await;
    let ask = |who: &str, more: Value| {
        let mut params = json!({"name": "ask", "arguments": {"message": "who?"}});
        for (key, value) in more.as_object().expect("an object") {
            params[key] = value.clone();
        }
        modern::request("/mcp", 1, "tools/call", params).header("Wardgate-As", who)
    };
    let first = send(&gateway, ask("acme/alice", json!({}))).await.answer();
    let state = first["result"]["requestState"]
        .as_str()
        .expect("a state")
        .to_owned();
    let key = first["result"]["inputRequests"]
        .as_object()
        .expect("questions")
        .keys()
        .next();
    let key = key.expect("a question").clone();
    let answered = |state: &str| {
        let content = json!({"action": "accept", "content": {"name": "Ada"}});
        json!({"requestState": state, "inputResponses": {&key: content}})
    };
    let mut other = answered(&state);
    other["arguments"] = json!({"message": "whom?"});
    let mut forged = state.clone();
    forged.replace_range(8..9, if &state[8..9] == "A" { "B" } else { "A" });
    for (who, more) in [
        ("acme/bob", answered(&state)),
        ("other/alice", answered(&state)),
        ("acme/alice", other),
    ] {
        let answer = send(&gateway, ask(who, more)).await.answer();
        assert_eq!(answer["error"]["code"], -32602, "{who}: {answer}");
    }
    let answer = send(&gateway, ask("acme/alice", answered(&forged)))
        .await
        .answer();
    assert_ne!(
        answer["result"]["content"][0]["text"], "Hello, Ada!",
        "{answer}"
    );
    let answer = send(&gateway, ask("acme/alice", answered(&state)))
        .await
        .answer();
    assert_eq!(
        answer["result"]["content"][0]["text"], "Hello, Ada!",
        "{answer}"
    );
    let answer = send(&gateway, ask("acme/alice", answered(&state)))
        .await
        .answer();
    assert_eq!(answer["error"]["code"], -32602, "used twice: {answer}");
}

//! What the gateway has no business with goes through as it was spelled: spacing, key order, digits, unknown members.

use serde_json::{Value, json};
use wardgate_testkit::{
    http,
    legacy::Session,
    modern,
    upstream::{Act, Received, Upstream, event},
};

use crate::gateway::TestGateway;

/// Values that a parser would spell anew, or lose.
const ODD: &str = concat!(
    r#"{ "z" : 1.0 ,"a":1e400,  "big":12345678901234567890 , "neg" : -0 ,"exp":1E+2,"tiny":0.1e-7,"#,
    r#""long":3.14159265358979323846264338327950288,"s":"\u00e9\/\ud83d\ude00é","deep":[ [ ], { } ,[1 , 2 ]],"#,
    "\t\"tab\"\t:\ttrue, \"__proto__\" : null, \"\" : \"\" }"
);

fn tools() -> Value {
    json!([{"name": "odd", "inputSchema": {"type": "object"}}])
}

async fn upstream(
    era: &str,
    script: impl Fn(&Received) -> Act + Send + Sync + 'static,
) -> Upstream {
    match era {
        "legacy" => Upstream::legacy("2025-11-25", tools(), script).await,
        _ => Upstream::modern(tools(), script).await,
    }
}

async fn before(upstream: &Upstream, era: &str) -> TestGateway {
    TestGateway::start(&format!(
        "servers:\n  s: {{url: '{}', era: {era}}}\n",
        upstream.url()
    ))
    .await
}

/// Sends the call as a client of this era; returns the body as it came.
async fn called(gateway: &TestGateway, client: &str, id: &str, text: &str) -> String {
    let message = modern::message("PLACE", "tools/call", json!({"name": "odd"}));
    match client {
        "modern" => {
            let mut request = modern::post("/mcp", &message);
            request.body = text.replace("PLACE", id).into_bytes();
            http::send(gateway.address, &request).await.text()
        }
        _ => {
            let session = Session::open(gateway.address, "/mcp", "2025-11-25").await;
            let mut request = session.post(&message);
            request.body = text.replace("PLACE", id).into_bytes();
            http::send(gateway.address, &request).await.text()
        }
    }
}

fn request(client: &str, arguments: &str) -> String {
    let meta = match client {
        "modern" => modern::meta(json!({})).to_string(),
        _ => "{}".to_owned(),
    };
    format!(
        r#"{{"jsonrpc":"2.0","id":PLACE,"method":"tools/call","params":{{"name":"odd","arguments":{arguments},"_meta":{meta}}}}}"#
    )
}

#[tokio::test]
async fn a_reply_in_the_clients_era_is_the_servers_own_but_for_the_id() {
    for era in ["modern", "legacy"] {
        // Unknown members and spacing at every level: envelope, result, content, structured content, `_meta`.
        let result = format!(
            r#"{{ "content" : [ {{"type":"text" , "text":"x","annotations": {{"priority":1.0,"odd":{ODD}}}, "more":{ODD}}} ,{{ "type":"unheard-of","x":{ODD} }} ],"resultType": "complete" , "structuredContent":{ODD},"unknown":{ODD},"_meta": {{"com.acme/x" :{ODD} }} }}"#
        );
        let body = format!(
            r#" {{"extra": {ODD}, "result" :{result},"id" : ID ,"jsonrpc": "2.0" , "after":1.0 }}"#
        );
        let script = body.clone();
        let upstream = upstream(era, move |received| {
            Act::json(script.replace("ID", &received.message()["id"].to_string()))
        })
        .await;
        let gateway = before(&upstream, era).await;
        for id in ["7", r#""seven""#, "-1", "9007199254740993"] {
            let got = called(&gateway, era, id, &request(era, "{}")).await;
            let expected = body.replace("ID", id);
            match era {
                // Modern: nothing is added, nothing taken away.
                "modern" => assert_eq!(got, expected.trim(), "{id}"),
                // Legacy: the one member that revision does not know may go; everything else stays.
                _ => {
                    for part in [
                        ODD,
                        r#""unknown":{ "z""#,
                        r#"{"extra": { "z""#,
                        r#", "after":1.0 }"#,
                    ] {
                        assert!(got.contains(part), "{id}: {part} not in {got}");
                    }
                    assert_eq!(got.matches(ODD).count(), body.matches(ODD).count(), "{got}");
                    assert!(got.contains(&format!(r#""id" : {id} ,"#)), "{got}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_reply_for_the_other_era_keeps_every_subtree() {
    for (client, server) in [("modern", "legacy"), ("legacy", "modern")] {
        let result = format!(
            r#"{{"content":[{{"type":"text","text":"x","more":{ODD}}}],"structuredContent":{ODD},"unknown":{ODD},"isError": false,"resultType":"complete","_meta":{{"com.acme/x":{ODD}}}}}"#
        );
        let result = match server {
            "legacy" => result.replace(r#","resultType":"complete""#, ""),
            _ => result,
        };
        let script = result.clone();
        let upstream = upstream(server, move |received| Act::result(received, &script)).await;
        let gateway = before(&upstream, server).await;
        let got = called(&gateway, client, "1", &request(client, "{}")).await;
        assert_eq!(
            got.matches(ODD).count(),
            4,
            "{client} before {server}: {got}"
        );
        assert!(got.contains(r#""isError": false"#), "{got}");
        assert_eq!(got.contains(r#""resultType""#), client == "modern", "{got}");
    }
}

#[tokio::test]
async fn arguments_reach_the_server_as_they_were_spelled() {
    for client in ["modern", "legacy"] {
        for server in ["modern", "legacy"] {
            let upstream = upstream(server, |received| {
                Act::result(received, r#"{"content":[],"resultType":"complete"}"#)
            })
            .await;
            let gateway = before(&upstream, server).await;
            let got = called(&gateway, client, "1", &request(client, ODD)).await;
            assert!(got.contains(r#""content":[]"#), "{got}");
            let received = upstream.until("tools/call", 1).await;
            let text = String::from_utf8_lossy(&received[0].body).into_owned();
            assert!(
                text.contains(&format!(r#""arguments":{ODD}"#)),
                "{client} {server}: {text}"
            );
        }
    }
}

/// Beyond the range of a double, in a schema and in arguments.
#[tokio::test]
async fn numbers_of_any_size_are_judged_and_sent_digit_for_digit() {
    const LIST: &str = r#"{"tools":[{"name":"odd","inputSchema":{"type":"object","properties":{"n":{"type":"integer","maximum":1e400,"default":-1e999}}}}],"resultType":"complete"}"#;
    const HELLO: &str = r#"{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"ttlMs":60000,"cacheScope":"public"}"#;
    let upstream = Upstream::start(|received| match received.rpc().as_str() {
        "server/discover" => Act::result(received, HELLO),
        "tools/list" => Act::result(received, LIST),
        _ => Act::result(received, r#"{"content":[],"resultType":"complete"}"#),
    })
    .await;
    let gateway = before(&upstream, "modern").await;
    let long = "7".repeat(400);
    for number in ["1e400", long.as_str(), "-1E+999"] {
        let arguments = format!(r#"{{"n": {number} }}"#);
        let got = called(&gateway, "modern", "1", &request("modern", &arguments)).await;
        assert!(got.contains(r#""content":[]"#), "{got}");
        let received = upstream.of("tools/call").pop().expect("a call");
        let text = String::from_utf8_lossy(&received.body).into_owned();
        assert!(
            text.contains(&format!(r#""arguments":{arguments}"#)),
            "{text}"
        );
    }
    let got = called(
        &gateway,
        "modern",
        "1",
        &request("modern", r#"{"n":10001e396}"#),
    )
    .await;
    assert!(
        got.contains("invalid_arguments") && got.contains("`/n`"),
        "{got}"
    );
    assert_eq!(upstream.of("tools/call").len(), 3);
}

#[tokio::test]
async fn an_error_of_the_server_is_told_as_it_was_spelled() {
    for era in ["modern", "legacy"] {
        let error =
            format!(r#"{{ "code" : 12345 ,"message":"no \u00e9","data" : {ODD} ,"more":{ODD} }}"#);
        let script = error.clone();
        let upstream = upstream(era, move |received| {
            let id = &received.message()["id"];
            Act::json(format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{script}}}"#))
        })
        .await;
        let gateway = before(&upstream, era).await;
        let got = called(&gateway, era, "1", &request(era, "{}")).await;
        assert!(got.contains(&error), "{era}: {got}");
    }
}

#[tokio::test]
async fn what_comes_as_events_is_kept_too() {
    for era in ["modern", "legacy"] {
        let upstream = upstream(era, |received| {
            let message = received.message();
            let (id, token) = (&message["id"], &message["params"]["_meta"]["progressToken"]);
            let progress = format!(
                r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{ "progress" : 1.0,"total":1e400,"progressToken":{token}, "x":{} }}}}"#,
                ODD
            );
            let answer = format!(
                r#"{{"jsonrpc":"2.0","id":{id},"result":{{"content":[ ],"resultType":"complete","x":{ODD}}}}}"#
            );
            let events = vec![": hello\n\n".into(), event(&progress), event(&answer)];
            Act::Events { events, hold: false }
        })
        .await;
        let gateway = before(&upstream, era).await;
        let text =
            request(era, "{}").replace(r#""_meta":{"#, r#""_meta":{"progressToken":"mine","#);
        let text = text.replace(r#""mine",}"#, r#""mine"}"#);
        let got = called(&gateway, era, "1", &text).await;
        assert_eq!(got.matches(ODD).count(), 2, "{era}: {got}");
        assert!(
            got.contains(r#""progress" : 1.0,"total":1e400,"progressToken":"mine""#),
            "{got}"
        );
    }
}

#[tokio::test]
async fn lists_and_schemas_keep_what_nobody_here_reads() {
    let schema = format!(
        r#"{{ "type":"object","properties":{{"x":{{"type":"number","default":1.0,"maximum":12345678901234567890}}}},"x-vendor":{ODD} }}"#
    );
    let tool = format!(
        r#"{{ "name":"odd", "inputSchema" :{schema},"x-more":{ODD},"_meta":{{"com.acme/y":{ODD}}} }}"#
    );
    for (server, client) in [
        ("modern", "modern"),
        ("legacy", "legacy"),
        ("legacy", "modern"),
        ("modern", "legacy"),
    ] {
        let tool_text = tool.clone();
        let upstream = Upstream::start(move |received| match received.rpc().as_str() {
            "server/discover" if server == "modern" => Act::result(received, r#"{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"ttlMs":0,"cacheScope":"private"}"#),
            "initialize" if server == "legacy" => Act::result(received, r#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}"#),
            "tools/list" => Act::result(received, &format!(r#"{{"tools":[{tool_text}],"ttlMs":0,"cacheScope":"private","resultType":"complete"}}"#)),
            method if method.starts_with("notifications/") => Act::status(202),
            _ => Act::status(405),
        })
        .await;
        let gateway = before(&upstream, server).await;
        let got = match client {
            "modern" => {
                http::send(
                    gateway.address,
                    &modern::request("/mcp", 1, "tools/list", json!({})),
                )
                .await
            }
            _ => {
                let session = Session::open(gateway.address, "/mcp", "2025-11-25").await;
                session.call(1, "tools/list", json!({})).await
            }
        };
        assert!(
            got.text().contains(&tool),
            "{client} before {server}: {}",
            got.text()
        );
    }
}

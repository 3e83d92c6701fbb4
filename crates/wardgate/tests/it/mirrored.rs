//! Headers that mirror arguments: checked against what the client's body says, and rebuilt for the server from what is
//! sent to it.

use serde_json::{Value, json};
use wardgate_testkit::{
    http::{self, Reply},
    legacy::Session,
    modern,
    upstream::{Act, Upstream},
};

use crate::gateway::TestGateway;

fn tools() -> Value {
    let header = |kind: &str, name: &str| json!({"type": kind, "x-mcp-header": name});
    json!([{"name": "query", "inputSchema": {"type": "object", "properties": {
        "region": header("string", "Region"),
        "limit": header("integer", "Limit"),
        "dry": header("boolean", "Dry-Run"),
        "where": {"type": "object", "properties": {"zone": header("string", "Zone")}},
        "note": {"type": "string"},
    }}}])
}

async fn start(extra: &str) -> (Upstream, TestGateway) {
    let answer = |received: &wardgate_testkit::upstream::Received| {
        Act::result(received, r#"{"content":[],"resultType":"complete"}"#)
    };
    let upstream = Upstream::modern(tools(), answer).await;
    let config = format!(
        "servers:\n  s: {{url: '{}', era: modern}}\n{extra}",
        upstream.url()
    );
    let gateway = TestGateway::start(&config).await;
    (upstream, gateway)
}

async fn call(gateway: &TestGateway, arguments: &Value, headers: &[(&str, &str)]) -> Reply {
    let params = json!({"name": "query", "arguments": arguments});
    let mut request = modern::request("/mcp", 1, "tools/call", params);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    http::send(gateway.address, &request).await
}

#[tokio::test]
async fn a_mirrored_argument_must_be_mirrored_truly() {
    let (upstream, gateway) = start("").await;
    let eu = json!({"region": "eu"});
    let spaced = json!({"region": " eu "});
    let umlaut = json!({"region": "köln"});
    let lookalike = json!({"region": "=?base64?ZXU=?="});
    let limit = json!({"limit": 42});
    let dry = json!({"dry": true});
    let zone = json!({"where": {"zone": "a"}});
    let nothing = json!({"region": null, "note": "x"});
    let refused: &[(&Value, &[(&str, &str)])] = &[
        (&eu, &[]),
        (&eu, &[("Mcp-Param-Region", "us")]),
        (&eu, &[("Mcp-Param-Region", "EU")]),
        (&eu, &[("Mcp-Param-Region", "")]),
        (
            &eu,
            &[("Mcp-Param-Region", "eu"), ("mcp-param-region", "eu")],
        ),
        (
            &eu,
            &[("Mcp-Param-Region", "eu"), ("mcp-param-region", "us")],
        ),
        (&eu, &[("Mcp-Param-Region", "eu, us")]),
        (&eu, &[("Mcp-Param-Region", "=?base64?ZXU?=")]),
        (&eu, &[("Mcp-Param-Region", "=?Base64?ZXU=?=")]),
        (&eu, &[("Mcp-Param-Region", "=?base64?ZXU=?=x")]),
        (&eu, &[("Mcp-Param-Region", "eu"), ("Mcp-Param-Limit", "1")]),
        (&nothing, &[("Mcp-Param-Region", "eu")]),
        (&nothing, &[("Mcp-Param-Region", "null")]),
        (&spaced, &[("Mcp-Param-Region", " eu ")]),
        (&lookalike, &[("Mcp-Param-Region", "=?base64?ZXU=?=")]),
        (&umlaut, &[("Mcp-Param-Region", "köln")]),
        (&limit, &[("Mcp-Param-Limit", "43")]),
        (&limit, &[("Mcp-Param-Limit", "0x2a")]),
        (&dry, &[("Mcp-Param-Dry-Run", "True")]),
        (&dry, &[("Mcp-Param-Dry-Run", "1")]),
        (&zone, &[]),
        (&zone, &[("Mcp-Param-Zone", "b")]),
    ];
    for (arguments, headers) in refused {
        let reply = call(&gateway, arguments, headers).await;
        let told = format!("{arguments} {headers:?}: {}", reply.text());
        assert_eq!(
            (reply.status, &reply.answer()["error"]["code"]),
            (400, &json!(-32020)),
            "{told}"
        );
    }
    assert!(upstream.of("tools/call").is_empty());

    let taken: &[(&Value, &[(&str, &str)])] = &[
        (&eu, &[("Mcp-Param-Region", "eu")]),
        (&eu, &[("MCP-PARAM-REGION", "=?base64?ZXU=?=")]),
        (
            &eu,
            &[("Mcp-Param-Region", "eu"), ("Mcp-Param-Unheard", "of")],
        ),
        (&umlaut, &[("Mcp-Param-Region", "=?base64?a8O2bG4=?=")]),
        (&spaced, &[("Mcp-Param-Region", "=?base64?IGV1IA==?=")]),
        (
            &lookalike,
            &[("Mcp-Param-Region", "=?base64?PT9iYXNlNjQ/WlhVPT89?=")],
        ),
        (&limit, &[("Mcp-Param-Limit", "42")]),
        (&limit, &[("Mcp-Param-Limit", "42.0")]),
        (&dry, &[("Mcp-Param-Dry-Run", "true")]),
        (&zone, &[("Mcp-Param-Zone", "a")]),
        (&json!({"note": "x"}), &[]),
    ];
    for (count, (arguments, headers)) in taken.iter().enumerate() {
        let reply = call(&gateway, arguments, headers).await;
        assert_eq!(
            reply.status,
            200,
            "{arguments} {headers:?}: {}",
            reply.text()
        );
        let received = upstream.until("tools/call", count + 1).await;
        assert_eq!(received[count].header("mcp-param-unheard"), None);
    }
}

#[tokio::test]
async fn the_server_gets_headers_rebuilt_from_its_own_body() {
    let (upstream, gateway) = start("toolsets: {default: {prefix: always}}\n").await;
    let arguments =
        json!({"region": "köln", "limit": 42, "dry": false, "where": {"zone": "a b"}, "note": "n"});
    let params = json!({"name": "s__query", "arguments": arguments});
    let session = Session::open(gateway.address, "/mcp", "2025-06-18").await;
    session.call(1, "tools/call", params.clone()).await;
    let request = modern::request("/mcp", 1, "tools/call", params)
        .header("Mcp-Param-Region", "=?base64?a8O2bG4=?=")
        .header("Mcp-Param-Limit", "42")
        .header("Mcp-Param-Dry-Run", "false")
        .header("Mcp-Param-Zone", "a b");
    assert_eq!(http::send(gateway.address, &request).await.status, 200);
    for received in upstream.until("tools/call", 2).await {
        let all: Vec<_> = received
            .headers
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
            .filter(|(name, _)| name.starts_with("mcp-"))
            .collect();
        let value = |wanted: &str| {
            let values = all.iter().filter(|(name, _)| name == wanted);
            values.map(|(_, value)| value.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(value("mcp-method"), ["tools/call"]);
        assert_eq!(value("mcp-name"), ["query"]);
        assert_eq!(value("mcp-protocol-version"), [modern::REVISION]);
        assert_eq!(value("mcp-param-region"), ["=?base64?a8O2bG4=?="]);
        assert_eq!(value("mcp-param-limit"), ["42"]);
        assert_eq!(value("mcp-param-dry-run"), ["false"]);
        assert_eq!(value("mcp-param-zone"), ["a b"]);
        assert_eq!(all.len(), 7, "{all:?}");
        assert_eq!(received.message()["params"]["name"], "query");
        assert_eq!(received.message()["params"]["arguments"], arguments);
    }
}

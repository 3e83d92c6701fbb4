//! A toolset shows what its bounds admit: by what the operator knows of tools, by groups of callers, by environment. What it
//! does not show cannot be called either.

use serde_json::{Value, json};
use wardgate_testkit::{
    http::{Reply, Request, send},
    legacy::Session,
    modern,
    upstream::{Act, Received, Upstream},
};

use crate::{edge::call, gateway::TestGateway};

const CONFIG: &str = "gateway: {environment: dev}
tenants: {acme: {groups: {money: [ana]}}}
servers:
  lab:
    lab: {effects: effects.jsonl}
    tools:
      get_item: {read_only: true, risk: low}
      echo: {read_only: true}
      put_item: {risk: medium}
toolsets:
  reading: {read_only: true}
  tame: {risk_max: medium}
  finance: {groups: [money]}
  elsewhere: {environments: [prod]}
  default: {environments: [dev, prod]}
";

async fn listed(gateway: &TestGateway, toolset: &str) -> Vec<String> {
    let list = modern::request(&format!("/mcp/{toolset}"), 1, "tools/list", json!({}));
    let answer = send(gateway.address, &list).await.answer();
    names(&answer)
}

fn names(answer: &Value) -> Vec<String> {
    let tools = answer["result"]["tools"].as_array().unwrap();
    let name = |tool: &Value| tool["name"].as_str().unwrap().to_owned();
    tools.iter().map(name).collect()
}

fn put(toolset: &str) -> Request {
    let arguments = json!({"id": "item-1", "value": "x"});
    let params = json!({"name": "put_item", "arguments": arguments});
    modern::request(&format!("/mcp/{toolset}"), 1, "tools/call", params)
}

#[tokio::test]
async fn a_read_only_toolset_shows_and_calls_only_what_the_operator_vouches_for() {
    let gateway = TestGateway::start(CONFIG).await;
    assert_eq!(listed(&gateway, "reading").await, ["echo", "get_item"]);
    let session = Session::open(gateway.address, "/mcp/reading", "2025-11-25").await;
    let legacy = session.call(2, "tools/list", json!({})).await.answer();
    assert_eq!(names(&legacy), ["echo", "get_item"]);
    let refused = send(gateway.address, &put("reading")).await.answer();
    assert_eq!(refused["error"]["code"], -32602);
    assert!(gateway.effects().is_empty());
    let unknown = json!({"name": "no_such_tool", "arguments": {}});
    let unknown = modern::request("/mcp/reading", 1, "tools/call", unknown);
    let unknown = send(gateway.address, &unknown).await.answer().to_string();
    assert_eq!(
        refused.to_string(),
        unknown.replace("no_such_tool", "put_item")
    );
}

/// Nobody can say what a method that the gateway does not know would do: where anything is forbidden, it is not passed on.
#[tokio::test]
async fn methods_nobody_knows_end_at_a_toolset_with_bounds() {
    let echoes = |received: &Received| Act::result(received, r#"{"resultType":"complete"}"#);
    let upstream = Upstream::modern(json!([]), echoes).await;
    let config = CONFIG.replace(
        "  lab:\n    lab: {effects: effects.jsonl}",
        &format!("  lab:\n    url: {}", upstream.url()),
    );
    let config = config.replace(
        "toolsets:\n",
        "toolsets:\n  few: {tools: [\"lab/get_*\"]}\n  less: {hide: [\"lab/put_*\"]}\n",
    );
    let gateway = TestGateway::start(&config).await;
    let odd = async |toolset: &str, method: &str| {
        let request = modern::request(&format!("/mcp/{toolset}"), 1, method, json!({}));
        send(gateway.address, &request).await.answer()
    };
    for method in ["files/delete", "TOOLS/CALL", "resources/write"] {
        for toolset in ["reading", "tame", "few", "less"] {
            let refused = odd(toolset, method).await;
            assert_eq!(
                refused["error"]["code"], -32601,
                "{toolset} {method} {refused}"
            );
        }
        let passed = odd("default", method).await;
        assert!(passed["result"].is_object(), "{passed}");
    }
    let reached = upstream.received();
    let reached = reached.iter().map(Received::rpc);
    let odd = reached.filter(|rpc| rpc != "server/discover" && !rpc.ends_with("/list"));
    assert_eq!(
        odd.collect::<Vec<_>>(),
        ["files/delete", "TOOLS/CALL", "resources/write"]
    );
}

#[tokio::test]
async fn a_toolset_shows_no_tool_of_more_risk_than_it_bears() {
    let gateway = TestGateway::start(CONFIG).await;
    assert_eq!(listed(&gateway, "tame").await, ["get_item", "put_item"]);
    let done = send(gateway.address, &put("tame")).await.answer();
    assert_eq!(done["result"]["isError"], Value::Null, "{done}");
    assert_eq!(gateway.effects().len(), 1);
}

/// An empty list lets nothing through; only what is left out is everything.
#[tokio::test]
async fn an_empty_list_shows_nothing() {
    let empty = "toolsets:\n  nothing: {tools: []}\n  nowhere: {servers: []}\n";
    let gateway = TestGateway::start(&CONFIG.replace("toolsets:\n", empty)).await;
    for toolset in ["nothing", "nowhere"] {
        assert!(listed(&gateway, toolset).await.is_empty(), "{toolset}");
        let refused = send(gateway.address, &put(toolset)).await.answer();
        assert_eq!(refused["error"]["code"], -32602, "{toolset} {refused}");
    }
    assert!(gateway.effects().is_empty());
}

#[tokio::test]
async fn a_toolset_of_a_group_does_not_exist_for_others() {
    let gateway = TestGateway::start(CONFIG).await;
    let by = async |toolset: &str, principal: &str| -> Reply {
        let request = put(toolset).header("Wardgate-As", principal);
        send(gateway.address, &request).await
    };
    assert_eq!(by("finance", "acme/ana").await.status, 200);
    let refused = by("finance", "acme/bob").await;
    let unknown = by("nowhere", "acme/bob").await;
    assert_eq!((refused.status, unknown.status), (404, 404));
    assert_eq!(refused.body, unknown.body);
    assert_eq!(by("finance", "globex/ana").await.status, 404);
    assert_eq!(gateway.effects().len(), 1);
}

#[tokio::test]
async fn a_toolset_of_another_environment_does_not_exist() {
    let gateway = TestGateway::start(CONFIG).await;
    assert_eq!(send(gateway.address, &put("elsewhere")).await.status, 404);
    let here = send(gateway.address, &call("echo", json!({"text": "a"}))).await;
    assert_eq!(here.status, 200);
}

//! What a client declares beyond the core, extensions and experiments, and what servers of either era are told of it.

use serde_json::{Value, json};
use wardgate_testkit::{
    http,
    legacy::Session,
    modern,
    upstream::{Act, Received, Upstream},
};

use crate::gateway::TestGateway;

const APPS: &str = "io.modelcontextprotocol/ui";
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

fn settings() -> Value {
    json!({
        "extensions": {APPS: {"mimeTypes": ["text/html;profile=mcp-app"]}},
        "experimental": {"acme/trial": {"level": 2}},
    })
}

async fn start(era: &str) -> (Upstream, TestGateway) {
    let tools = json!([{"name": "quick", "inputSchema": {"type": "object"}}]);
    let answer =
        |received: &Received| Act::result(received, r#"{"content":[],"resultType":"complete"}"#);
    let upstream = match era {
        "legacy" => Upstream::legacy("2025-11-25", tools, answer).await,
        _ => Upstream::modern(tools, answer).await,
    };
    let config = format!(
        "servers: {{s: {{url: '{}', era: {era}}}}}\n",
        upstream.url()
    );
    let gateway = TestGateway::start(&config).await;
    (upstream, gateway)
}

/// Calls the tool as a client of this era that declares this.
async fn call(gateway: &TestGateway, client: &str, capabilities: Value) {
    let params = json!({"name": "quick", "arguments": {}});
    let reply = match client {
        "legacy" => {
            let session =
                Session::open_as(gateway.address, "/mcp", "2025-11-25", capabilities, &[]).await;
            session.call(1, "tools/call", params).await
        }
        _ => {
            let params = modern::with_meta(params, capabilities);
            let message =
                json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
            http::send(gateway.address, &modern::post("/mcp", &message)).await
        }
    };
    assert_eq!(
        reply.answer()["result"]["content"],
        json!([]),
        "{}",
        reply.text()
    );
}

/// What the server was told, by each request that tells it.
fn told(upstream: &Upstream, era: &str) -> Vec<Value> {
    let (methods, at): (&[&str], String) = match era {
        "legacy" => (&["initialize"], "/params/capabilities".into()),
        _ => (
            &["server/discover", "tools/list", "tools/call"],
            format!("/params/_meta/{}", CAPABILITIES.replace('/', "~1")),
        ),
    };
    let received = methods.iter().flat_map(|method| upstream.of(method));
    received
        .map(|received| received.message().pointer(&at).cloned().unwrap_or_default())
        .collect()
}

#[tokio::test]
async fn extensions_and_experiments_are_declared_on_to_servers_of_either_era() {
    for (client, server) in [
        ("legacy", "legacy"),
        ("legacy", "modern"),
        ("modern", "legacy"),
        ("modern", "modern"),
    ] {
        let (upstream, gateway) = start(server).await;
        call(&gateway, client, settings()).await;
        let told = told(&upstream, server);
        assert!(
            told.len() == if server == "legacy" { 1 } else { 3 },
            "{told:?}"
        );
        for capabilities in told {
            for key in ["extensions", "experimental"] {
                assert_eq!(
                    capabilities[key],
                    settings()[key],
                    "{client} {server}: {capabilities}"
                );
            }
        }
    }
}

#[tokio::test]
async fn nobody_is_declared_to_know_what_another_knows() {
    for server in ["legacy", "modern"] {
        let (upstream, gateway) = start(server).await;
        for client in ["modern", "legacy"] {
            call(&gateway, client, settings()).await;
            call(&gateway, client, json!({})).await;
        }
        let (with, without): (Vec<_>, Vec<_>) = told(&upstream, server)
            .into_iter()
            .partition(|capabilities| capabilities.get("extensions").is_some());
        // One line for each kind of client, whatever its era; a modern call tells anew each time.
        let each = if server == "legacy" { 1 } else { 4 };
        assert_eq!(
            (with.len(), without.len()),
            (each, each),
            "{with:?} {without:?}"
        );
    }
}

#[tokio::test]
async fn tasks_of_the_newest_revision_are_not_declared_across_the_eras() {
    let tasks = "io.modelcontextprotocol/tasks";
    for (client, server) in [("modern", "legacy"), ("legacy", "modern")] {
        let (upstream, gateway) = start(server).await;
        call(
            &gateway,
            client,
            json!({"extensions": {tasks: {}, APPS: {}}}),
        )
        .await;
        for capabilities in told(&upstream, server) {
            assert_eq!(
                capabilities["extensions"],
                json!({APPS: {}}),
                "{client} {server}"
            );
        }
    }
}

#[tokio::test]
async fn clients_cannot_make_sessions_at_a_server_without_end() {
    let (upstream, gateway) = start("legacy").await;
    for number in 0..40 {
        call(
            &gateway,
            "modern",
            json!({"experimental": {format!("acme/{number}"): {}}}),
        )
        .await;
    }
    let opened = upstream.of("initialize").len();
    assert!(opened == 33, "{opened}");
}

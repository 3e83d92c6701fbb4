//! What a new config takes back is gone at once, also from who began with it before: streams and tasks have no rights of their
//! own.

use serde_json::{Value, json};
use wardgate_testkit::{
    http::{Connection, Stream},
    legacy::Session,
    modern,
    upstream::{Act, Received, Upstream},
};

use crate::lifecycle_serve::Serve;

const LABS: &str = "servers: {lab: {lab: true}, spare: {lab: true}}\n";
const INCLUDE: &str = "include: [policies/*.cedar]\n";
const ALL: &str = "permit(principal, action, resource);\n";

async fn start(config: &str, policies: &str) -> Serve {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("policies")).expect("a folder");
    std::fs::write(folder.path().join("policies/all.cedar"), policies).expect("policies");
    Serve::start_in(folder, config).await
}

/// Puts a config and policies in the place of those that were.
async fn change(serve: &Serve, config: &str, policies: &str) {
    let seen = serve.log().len();
    std::fs::write(serve.path("policies/all.cedar"), policies).expect("policies");
    serve.configure(config);
    serve.logged_after(seen, "configuration reloaded").await;
}

async fn listen(serve: &Serve) -> Stream {
    let wanted = json!({"toolsListChanged": true, "resourceSubscriptions": ["lab://items"]});
    let wanted = json!({"notifications": wanted});
    let request = modern::request("/mcp", "news", "subscriptions/listen", wanted.clone());
    let mut stream = Connection::open(serve.address).await.stream(&request).await;
    let first = stream.message().await;
    assert_eq!(first["params"]["notifications"], wanted["notifications"]);
    stream
}

async fn touch(session: &Session, what: &str) {
    let params = json!({"name": "touch", "arguments": {"what": what}});
    let answer = session.call(9, "tools/call", params).await.answer();
    assert!(answer["result"].is_object(), "{answer}");
}

/// Touches the resource, and then the tools of a server that both streams hear of until they have told of them twice; returns
/// how often each told of the resource before that.
async fn told(lab: &Session, heard: &Session, streams: &mut [Stream; 2]) -> [usize; 2] {
    touch(lab, "resource").await;
    let mut updates = [0, 0];
    for _ in 0..2 {
        touch(heard, "tools").await;
        for (stream, updates) in streams.iter_mut().zip(&mut updates) {
            loop {
                let told = stream.message().await;
                if told["method"] == "notifications/tools/list_changed" {
                    break;
                }
                *updates += usize::from(told["method"] == "notifications/resources/updated");
            }
        }
    }
    updates
}

#[tokio::test]
async fn news_of_a_resource_ends_with_the_right_to_read_it() {
    let config = |default: &str| {
        format!(
            "{INCLUDE}{LABS}toolsets: {{default: {{servers: [{default}]}}, side: {{servers: [lab]}}}}\n"
        )
    };
    let no_reads = format!("{ALL}forbid(principal, action == Action::\"read\", resource);\n");
    for (config_after, policies_after) in [("lab", no_reads.as_str()), ("spare", ALL)] {
        let serve = start(&config("lab"), ALL).await;
        let session = Session::open(serve.address, "/mcp", "2025-11-25").await;
        let side = Session::open(serve.address, "/mcp/side", "2025-11-25").await;
        session.call(1, "tools/list", json!({})).await;
        let uri = json!({"uri": "lab://items"});
        session.call(2, "resources/subscribe", uri).await;
        let mut streams = [session.listen(None).await, listen(&serve).await];
        assert_eq!(told(&side, &session, &mut streams).await, [1, 1]);
        change(&serve, &config(config_after), policies_after).await;
        let after = told(&side, &session, &mut streams).await;
        assert_eq!(after, [0, 0], "{config_after}");
    }
}

fn digger(received: &Received) -> Act {
    let hello = json!({"protocolVersion": "2025-11-25", "serverInfo": {"name": "digger", "version": "1"},
        "capabilities": {"tools": {}, "tasks": {"cancel": {}, "requests": {"tools": {"call": {}}}}}});
    let tools = json!({"tools": [{"name": "dig", "inputSchema": {"type": "object"}, "execution": {"taskSupport": "optional"}}]});
    let task = json!({"taskId": "t-1", "status": "working", "createdAt": "2026-01-01T00:00:00Z", "ttl": 60000});
    let answer = match received.rpc().as_str() {
        "initialize" => hello,
        "tools/list" => tools,
        "tools/call" => json!({"task": task}),
        "tasks/get" => task,
        "server/discover" => return Act::status(400),
        _ if received.method != "POST" => return Act::status(405),
        _ => return Act::status(202),
    };
    Act::result(received, &answer.to_string())
}

#[tokio::test]
async fn a_task_is_as_open_as_its_tool() {
    let upstream = Upstream::start(digger).await;
    let servers = format!(
        "servers: {{s: {{url: '{}', era: legacy}}}}\n",
        upstream.url()
    );
    let config = format!("{INCLUDE}{servers}");
    let hidden = format!("{config}toolsets: {{default: {{hide: [s/dig]}}}}\n");
    let denied = "forbid(principal, action, resource);\n";
    for (config_after, policies_after) in [(&config, denied), (&hidden, ALL)] {
        let serve = start(&config, ALL).await;
        let session = Session::open(serve.address, "/mcp", "2025-11-25").await;
        let dig = json!({"name": "dig", "arguments": {}, "task": {"ttl": 60000}});
        let dug = session.call(2, "tools/call", dig).await.answer();
        let id = &dug["result"]["task"]["taskId"];
        assert!(id.is_string(), "{dug}");
        let ask = async |method: &str, id: &Value| {
            let params = json!({"taskId": id});
            session.call(3, method, params).await.answer()
        };
        assert_eq!(ask("tasks/get", id).await["result"]["status"], "working");
        change(&serve, config_after, policies_after).await;
        let before = upstream.of("tasks/get").len();
        for method in ["tasks/get", "tasks/result", "tasks/cancel"] {
            let refused = ask(method, id).await;
            assert_eq!(refused["error"]["code"], -32602, "{method} {refused}");
            assert_eq!(refused, ask(method, &json!("no-such-task")).await);
        }
        assert_eq!(upstream.of("tasks/get").len(), before);
        assert!(upstream.of("tasks/result").is_empty() && upstream.of("tasks/cancel").is_empty());
    }
}

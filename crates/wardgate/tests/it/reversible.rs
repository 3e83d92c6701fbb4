//! Values that policies take out reversibly: a client sees tokens, and a server that its calls may reach with them sees the values.

use serde_json::{Value, json};
use wardgate_testkit::{
    http::{Request, send},
    modern,
    upstream::{Act, Received, Upstream},
};

use crate::gateway::{STATE, TestGateway};

const EMAIL: &str = "ana.lopez@acme.test";
const POLICIES: &str = r#"
@redact("pii:reversible") permit(principal, action in [Action::"it/find", Action::"it/mail"], resource);
@redact("pii") permit(principal, action == Action::"it/show", resource);
permit(principal, action == Action::"it/other", resource);
"#;

fn tools() -> Value {
    let tool = |name: &str| json!({"name": name, "inputSchema": {"type": "object", "properties": {"to": {"type": "string"}}}});
    json!(["find", "mail", "show", "other"].map(tool))
}

/// `find` and `show` tell the address; the others repeat what they were sent.
fn script(received: &Received) -> Act {
    let params = &received.message()["params"];
    let said = match params["name"].as_str() {
        Some("find" | "show") => format!("write to {EMAIL}"),
        _ => format!(
            "sent to {}",
            params["arguments"]["to"].as_str().unwrap_or_default()
        ),
    };
    let content = json!([{"type": "text", "text": said}]);
    Act::result(
        received,
        &json!({"resultType": "complete", "content": content}).to_string(),
    )
}

struct World {
    upstream: Upstream,
    gateway: TestGateway,
}

impl World {
    async fn start() -> World {
        let upstream = Upstream::modern(tools(), script).await;
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("policies")).expect("a folder");
        std::fs::write(folder.path().join("policies/all.cedar"), POLICIES).expect("policies");
        let config = format!(
            "include: [policies/*.cedar]\ngateway: {{environment: dev}}\ntenants: {{acme: {{}}, globex: {{}}}}\nservers: {{it: {{url: '{}'}}}}\n",
            upstream.url()
        );
        let gateway = TestGateway::start_in(folder, &config, &[]).await;
        World { upstream, gateway }
    }

    /// What a caller reads of a call.
    async fn call(&self, by: &str, tool: &str, arguments: Value) -> String {
        let params = json!({"name": tool, "arguments": arguments});
        let request: Request =
            modern::request("/mcp", 1, "tools/call", params).header("Wardgate-As", by);
        let answer = send(self.gateway.address, &request).await.answer();
        let text = answer["result"]["content"][0]["text"].as_str();
        text.unwrap_or_else(|| panic!("no text: {answer}"))
            .to_owned()
    }

    /// The address the server was last sent.
    fn last_sent(&self) -> String {
        let received = self.upstream.received();
        let last = received
            .iter()
            .rfind(|one| one.message()["method"] == "tools/call");
        let to = &last.expect("a call").message()["params"]["arguments"]["to"];
        to.as_str().unwrap_or_default().to_owned()
    }
}

fn token(said: &str) -> &str {
    said.split_whitespace()
        .find(|word| word.starts_with("tok_email."))
        .unwrap_or_else(|| panic!("no token in {said}"))
}

#[tokio::test]
async fn a_client_sees_a_token_and_a_server_the_value() {
    let world = World::start().await;
    let said = world.call("acme/ben", "find", json!({})).await;
    assert!(!said.contains(EMAIL), "{said}");
    let token = token(&said).to_owned();

    // Back it goes to a server as the value, and what the server repeats is the same token again.
    let echoed = world.call("acme/cleo", "mail", json!({"to": token})).await;
    assert_eq!(world.last_sent(), EMAIL);
    assert_eq!(echoed, format!("sent to {token}"));

    // Where no permit says so, and to other tenants, it is only a word.
    for (by, tool) in [
        ("acme/ben", "other"),
        ("globex/eve", "mail"),
        ("acme/ben", "show"),
    ] {
        world.call(by, tool, json!({"to": token})).await;
        assert_eq!(world.last_sent(), token, "{by} {tool}");
    }
    let shown = world.call("acme/ben", "show", json!({})).await;
    assert_eq!(shown, "write to [redacted:email]");
    let bent = token.replace("tok_email.", "tok_email.A");
    world.call("acme/ben", "mail", json!({"to": bent})).await;
    assert_eq!(world.last_sent(), bent);
}

#[tokio::test]
async fn nothing_of_the_value_is_kept() {
    let world = World::start().await;
    let said = world.call("acme/ben", "find", json!({})).await;
    let token = token(&said).to_owned();
    world.call("acme/ben", "mail", json!({"to": token})).await;
    assert_eq!(world.last_sent(), EMAIL);
    let finished = world.gateway.stop().await;
    for entry in std::fs::read_dir(finished.folder.path().join(STATE)).expect("a folder") {
        let path = entry.expect("a file").path();
        let bytes = std::fs::read(&path).expect("a file");
        let holds = bytes
            .windows(EMAIL.len())
            .any(|window| window == EMAIL.as_bytes());
        assert!(!holds, "{}", path.display());
    }
    assert!(!finished.log.contains(EMAIL));
    let calls = finished.calls();
    let found = calls
        .iter()
        .filter(|record| record["outcome"]["found"]["pii.email"] == 1);
    assert_eq!(found.count(), 2, "{calls:?}");
}

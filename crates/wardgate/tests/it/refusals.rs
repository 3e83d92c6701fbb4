//! Whatever is refused, by whom and how early ever, leaves exactly one record: who it was as far as that is known, what was
//! asked for, and why not. Nothing that was sent stands in it.

use std::path::Path;

use serde_json::{Value, json};
use wardgate_testkit::{
    http::{Connection, Request},
    legacy::{self, Session},
    modern,
    upstream::{Act, Received, Upstream},
    within,
};

use crate::gateway::{Finished, STATE, TestGateway, records};

const ALICE: &str = "alice-key-0123456789abcdef";
const BOB: &str = "bob-key-0123456789abcdef-bob";
const WRONG: &str = "wrong-key-0123456789abcdef-x";
/// Stands in arguments, headers and paths.
const CANARY: &str = "canary-8472-51423";

fn config(upstream: &Upstream) -> String {
    format!(
        "gateway:
  environment: prod
  limits: {{body: 64KiB}}
  keys:
    - {{id: a, tenant: acme, principal: alice, secret: {{env: KEY_A}}}}
    - {{id: b, tenant: acme, principal: bob, toolsets: [small], secret: {{env: KEY_B}}}}
servers:
  s: {{url: '{}', timeouts: {{call: 300ms}}}}
toolsets:
  default: {{servers: [s]}}
  small: {{servers: [s]}}
",
        upstream.url()
    )
}

/// A server whose tool does as its argument says.
async fn upstream() -> Upstream {
    let region = json!({"type": "string", "x-mcp-header": "Region"});
    let properties = json!({"do": {"type": "string"}, "region": region});
    let schema = json!({"type": "object", "properties": properties, "required": ["do"]});
    let tools = json!([{"name": "act", "inputSchema": schema}]);
    Upstream::modern(tools, |received: &Received| {
        let message = received.message();
        let does = message["params"]["arguments"]["do"].as_str();
        let reply = |body: Value| Act::json(body.to_string());
        if received.rpc() != "tools/call" {
            let error = json!({"code": -32601, "message": "Method not found"});
            return reply(json!({"jsonrpc": "2.0", "id": message["id"], "error": error}));
        }
        match does.unwrap_or_default() {
            "fail" => Act::Reply(500, Vec::new(), CANARY.into()),
            "redirect" => Act::Reply(302, vec![("Location".into(), CANARY.into())], Vec::new()),
            "busy" => Act::status(503),
            "hang" => Act::Hang,
            "break" => Act::Bytes(b"HTTP/1.1 200 OK\r\nContent-Le".to_vec()),
            "lie" => reply(json!({"jsonrpc": "2.0", "id": 99, "result": {"content": []}})),
            "nest" => Act::json("[".repeat(100_000)),
            "err" => reply(json!({"jsonrpc": "2.0", "id": message["id"],
                "error": {"code": 7, "message": CANARY}})),
            _ => Act::result(received, r#"{"content":[],"resultType":"complete"}"#),
        }
    })
    .await
}

/// What is sent, and what must come of it: a status (0 where it does not matter) and a record, written as
/// `principal toolset method tool status code: class`.
struct Case {
    name: &'static str,
    bytes: Vec<u8>,
    status: u16,
    record: &'static str,
}

struct Table {
    gateway: TestGateway,
    cases: Vec<Case>,
}

impl Table {
    /// A case that is sent with Alice's key.
    fn alice(&mut self, name: &'static str, request: Request, status: u16, record: &'static str) {
        let key = format!("Bearer {ALICE}");
        self.plain(name, request.header("Authorization", key), status, record);
    }

    fn plain(&mut self, name: &'static str, request: Request, status: u16, record: &'static str) {
        let bytes = request.encode(self.gateway.address);
        self.raw(name, bytes, status, record);
    }

    fn raw(&mut self, name: &'static str, bytes: Vec<u8>, status: u16, record: &'static str) {
        self.cases.push(Case {
            name,
            bytes,
            status,
            record,
        });
    }

    /// Sends one after the other, each on a connection of its own, and compares the records with the table.
    async fn check(self, before: usize) {
        let state = self.gateway.folder.path().join(STATE);
        for (number, case) in self.cases.iter().enumerate() {
            let mut connection = Connection::open(self.gateway.address).await;
            connection.write(&case.bytes).await;
            let reply = within(case.name, connection.read()).await;
            let reply = reply.unwrap_or_else(|| panic!("no answer to {}", case.name));
            assert_eq!(reply.status, case.status, "{}: {}", case.name, reply.text());
            // The next one comes only when this one's record is written, so that they stand in order.
            within(case.name, async {
                let mut look = tokio::time::interval(std::time::Duration::from_millis(2));
                while ends(&state).len() <= before + number {
                    look.tick().await;
                }
            })
            .await;
        }
        let finished = self.gateway.stop().await;
        let records = &ends(&finished.folder.path().join(STATE))[before..];
        for (case, record) in self.cases.iter().zip(records) {
            assert_eq!(told(record), case.record, "{}: {record}", case.name);
        }
        assert_eq!(records.len(), self.cases.len());
        no_secret_in(&finished);
    }
}

/// What became of each request, in order of time: each tenant has a chain of its own.
fn ends(state: &Path) -> Vec<Value> {
    let mut ends = records(state);
    ends.retain(|record| record["stage"] == "complete");
    ends.sort_by_key(|record| record["ts"].to_string());
    ends
}

/// A record in one line, as [`Case::record`] has it.
fn told(record: &Value) -> String {
    let text = |pointer: &str| match record.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => "-".into(),
    };
    let [principal, toolset] = ["/who/principal", "/what/toolset"].map(text);
    let [method, tool] = ["/what/method", "/what/tool"].map(text);
    let [code, class] = ["/outcome/code", "/outcome/error_type"].map(text);
    let status = match text("/type").as_str() {
        "mcp.refused" => "refused".to_owned(),
        _ => text("/outcome/status"),
    };
    format!("{principal} {toolset} {method} {tool} {status} {code}: {class}")
}

fn no_secret_in(finished: &Finished) {
    let records = format!("{:?}", finished.records);
    for secret in [ALICE, BOB, WRONG, CANARY, "evil.test"] {
        assert!(!records.contains(secret), "{secret} in the records");
        assert!(!finished.log.contains(secret), "{secret} in the log");
    }
}

async fn table(upstream: &Upstream) -> Table {
    let env = [("KEY_A", ALICE), ("KEY_B", BOB)];
    Table {
        gateway: TestGateway::start_with(&config(upstream), &env).await,
        cases: Vec::new(),
    }
}

/// A call that would work if nothing were wrong with it.
fn act(does: &str) -> Request {
    let arguments = json!({"do": does, "region": CANARY});
    let params = json!({"name": "act", "arguments": arguments});
    modern::request("/mcp", 1, "tools/call", params).header("Mcp-Param-Region", CANARY)
}

fn at(target: &str) -> Request {
    let mut request = act("");
    target.clone_into(&mut request.target);
    request
}

fn by(method: &str) -> Request {
    let mut request = act("");
    method.clone_into(&mut request.method);
    request.body.clear();
    request
}

#[tokio::test]
async fn at_the_edge() {
    let upstream = upstream().await;
    let mut table = table(&upstream).await;
    let host = act("").with("Host", "evil.test");
    let nobody = "- - - - refused -: Host is not served here";
    table.alice("host", host, 403, nobody);
    let origin = act("").header("Origin", "http://evil.test");
    let nobody = "- - - - refused -: Origin is not allowed";
    table.alice("origin", origin, 403, nobody);
    let fetch = act("").header("Sec-Fetch-Site", "cross-site");
    let nobody = "- - - - refused -: cross-site request";
    table.alice("cross-site", fetch, 403, nobody);
    let twice = act("").header("Host", "a").header("Host", "evil.test");
    let nobody = "- - - - refused -: more than one Host";
    table.alice("two hosts", twice, 400, nobody);
    let nobody = "- - - - refused -: absolute-form target";
    table.alice("absolute", at("http://evil.test/mcp"), 400, nobody);
    let fat = act("").header("X", CANARY.repeat(2500));
    let nobody = "- - - - refused -: the headers are too large";
    table.alice("fat", fat, 431, nobody);
    let nobody = "- - - - refused -: no such path";
    for (name, path) in [
        ("decoded", "/%6dcp"),
        ("admin", "/admin/v1/canary-8472-51423"),
        ("climb", "/x/../mcp"),
    ] {
        table.alice(name, at(path), 404, nobody);
    }
    let nobody = "- - - - refused -: no such toolset";
    table.alice("toolset", at("/mcp/canary-8472-51423"), 404, nobody);
    let nobody = "- - - - refused -: the method is not allowed";
    table.alice("ready", Request::new("DELETE", "/readyz"), 405, nobody);
    let alice = "alice default - - refused -: the method is not allowed";
    table.alice("put", by("PUT"), 405, alice);
    table.alice("get", by("GET"), 405, alice);
    table.alice("delete", by("DELETE"), 405, alice);
    table.check(0).await;
    assert!(upstream.received().is_empty());
}

#[tokio::test]
async fn bytes_that_are_no_request() {
    let upstream = upstream().await;
    let mut table = table(&upstream).await;
    let good = act("").header("Authorization", format!("Bearer {ALICE}"));
    let text = String::from_utf8(good.encode(table.gateway.address)).unwrap();
    let line = text.find("Content-Length").unwrap();
    let nobody = "- - - - refused -: the bytes are no HTTP request";
    for (name, field) in [
        ("both framings", "Transfer-Encoding: chunked\r\n"),
        ("two lengths", "Content-Length: 1\r\n"),
        ("bare LF", "X: a\n"),
        ("space before colon", "X : a\r\n"),
        ("NUL", "X: \0\r\n"),
        ("unknown coding", "Transfer-Encoding: xchunked\r\n"),
    ] {
        let bytes = format!("{}{field}{}", &text[..line], &text[line..]);
        table.raw(name, bytes.into_bytes(), 400, nobody);
    }
    let nothing = format!("{CANARY}\r\n\r\n");
    table.raw("no request line", nothing.into_bytes(), 400, nobody);
    let upgrade = good.clone().header("Upgrade", "h2c");
    let nobody = "- - - - refused -: upgrades are not offered";
    table.plain("upgrade", upgrade, 400, nobody);
    let mut chunks = good.with("Transfer-Encoding", "chunked");
    chunks.body = b"2;\nx\r\n{}\r\n0\r\n\r\n".to_vec();
    let alice = "alice default - - refused -: the body broke off";
    table.plain("LF in a chunk", chunks, 400, alice);
    table.check(0).await;
    assert!(upstream.received().is_empty());
}

#[tokio::test]
async fn texts_that_are_no_message() {
    let upstream = upstream().await;
    let mut table = table(&upstream).await;
    let plain = act("").with("Content-Type", "text/plain");
    let alice = "alice default - - refused -: Content-Type must be application/json";
    table.alice("plain text", plain.clone(), 415, alice);
    let nobody = "- default - - refused -: Content-Type must be application/json";
    table.plain("plain text of nobody", plain, 415, nobody);
    let zipped = act("").header("Content-Encoding", "gzip");
    let alice = "alice default - - refused -: encoded bodies are not accepted";
    table.alice("zipped", zipped, 415, alice);
    let picky = act("").with("Accept", "text/html");
    let alice =
        "alice default - - refused -: Accept must list application/json and text/event-stream";
    table.alice("picky", picky, 406, alice);
    let long = act("").with("Content-Length", "10737418240");
    let alice = "alice default - - refused -: the body is too large";
    table.alice("long", long, 413, alice);
    let body = |text: &str| {
        let mut request = act("");
        request.body = text.as_bytes().to_vec();
        request
    };
    let alice = "alice default - - refused -32700: the text is not JSON";
    for (name, text) in [
        ("half", "{\"jsonrpc\""),
        ("two", "{} {}"),
        ("canary", CANARY),
    ] {
        table.alice(name, body(text), 400, alice);
    }
    table.alice("nest", body(&"[".repeat(10_000)), 400, alice);
    let alice = "alice default - - refused -32600: a batch";
    table.alice("batch", body("[{}]"), 400, alice);
    let twice = body(r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#);
    let alice = "alice default - - refused -32600: duplicate object key";
    table.alice("twice", twice, 400, alice);
    let answer = body(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#);
    let alice = "alice default - - refused -32600: clients send no responses in this revision";
    table.alice("response", answer, 400, alice);
    let alice = "alice default tools/call - refused -32020: headers and body do not agree";
    for (name, request) in [
        ("method header", act("").with("Mcp-Method", "tools/list")),
        ("no method header", act("").without("Mcp-Method")),
        ("name header", act("").with("Mcp-Name", CANARY)),
        ("two name headers", act("").header("Mcp-Name", "act")),
        ("base64", act("").with("Mcp-Name", "=?base64?%?=")),
    ] {
        table.alice(name, request, 400, alice);
    }
    let mut unknown = act("").with("MCP-Protocol-Version", CANARY);
    unknown.body = legacy::message(1, "tools/list", json!({}))
        .to_string()
        .into();
    let alice = "alice default tools/list - refused -32022: no such protocol version";
    table.alice("version", unknown, 400, alice);
    table.check(0).await;
    assert!(upstream.received().is_empty());
}

#[tokio::test]
async fn callers_who_may_not() {
    let upstream = upstream().await;
    let mut table = table(&upstream).await;
    let nobody = "- default tools/call - denied 40100: policy_denied";
    table.plain("no key", act(""), 401, nobody);
    let wrong = act("").header("Authorization", format!("Bearer {WRONG}"));
    table.plain("wrong key", wrong.clone(), 401, nobody);
    let two = wrong.header("Authorization", format!("Bearer {ALICE}"));
    table.plain("two keys", two, 401, nobody);
    let bob = |request: Request| request.header("Authorization", format!("Bearer {BOB}"));
    let record = "bob default tools/call - denied 40300: policy_denied";
    table.plain("not his toolset", bob(act("")), 403, record);
    let message = legacy::message(1, "ping", json!({}));
    let ping = Request::post("/mcp", message.to_string());
    let record = "alice default ping - denied -32000: no_session";
    table.alice("no session", ping.clone(), 400, record);
    let held = |id: &str| ping.clone().header("Mcp-Session-Id", id);
    let record = "alice default ping - denied -32001: no_session";
    table.alice("unknown session", held(CANARY), 404, record);
    let headers = [("Authorization", format!("Bearer {ALICE}"))];
    let headers = headers
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let address = table.gateway.address;
    let session = Session::open_as(address, "/mcp", "2025-06-18", json!({}), &headers).await;
    let opening = 1;
    let mut small = held(&session.id);
    small.target = "/mcp/small".into();
    let record = "bob small ping - denied -32001: no_session";
    table.plain("another's session", bob(small.clone()), 404, record);
    for method in ["GET", "DELETE"] {
        let mut request = small.clone();
        method.clone_into(&mut request.method);
        request.body.clear();
        let record = "bob small - - denied -32001: no_session";
        table.plain("another's stream", bob(request.clone()), 404, record);
        let record = "- small - - denied 40100: policy_denied";
        table.plain("nobody's stream", request, 401, record);
    }
    let mut told = held(CANARY);
    told.body = legacy::notification("notifications/initialized", json!({}))
        .to_string()
        .into();
    let record = "alice default notifications/initialized - denied -32001: no_session";
    table.alice("notification", told.clone(), 404, record);
    let record = "- default notifications/initialized - denied 40100: policy_denied";
    table.plain("nobody's notification", told, 401, record);
    table.check(opening).await;
    assert!(upstream.of("tools/call").is_empty());
}

#[tokio::test]
async fn calls_that_cannot_be() {
    let upstream = upstream().await;
    let mut table = table(&upstream).await;
    let tool = |name: &str, arguments: Value| {
        let params = json!({"name": name, "arguments": arguments});
        modern::request("/mcp", 1, "tools/call", params)
    };
    let record = "alice default tools/call - error -32602: not_found";
    table.alice("unknown tool", tool(CANARY, json!({})), 200, record);
    let record = "alice default tools/call act error -: invalid_arguments";
    let wrong = tool("act", json!({"do": [CANARY]}));
    table.alice("wrong arguments", wrong, 200, record);
    let record = "alice default tools/call act error -32020: invalid_request";
    let other = act("").with("Mcp-Param-Region", "other");
    table.alice("mirrored otherwise", other, 400, record);
    // Passed on, since the only server may know it; it does not.
    let record = "alice default other - error -32601: upstream";
    let odd = modern::request("/mcp", 1, CANARY, json!({}));
    table.alice("unknown method", odd, 404, record);
    let record = "alice default tools/list - error -32602: invalid_request";
    let mut bare = modern::request("/mcp", 1, "tools/list", json!({}));
    bare.body = legacy::message(1, "tools/list", json!({}))
        .to_string()
        .into();
    table.alice("no metadata", bare, 400, record);
    let record = "alice default resources/read - error -32602: not_found";
    let uri = json!({"uri": "file:///../canary-8472-51423"});
    let climb = modern::request("/mcp", 1, "resources/read", uri);
    table.alice("traversal", climb, 200, record);
    let record = "alice default resources/read - error -32601: upstream";
    let uri = json!({"uri": "db://user:canary-8472-51423@host/x"});
    let read = modern::request("/mcp", 1, "resources/read", uri);
    table.alice("a resource", read, 404, record);
    table.check(0).await;
    assert!(upstream.of("tools/call").is_empty());
}

#[tokio::test]
async fn servers_that_fail() {
    let upstream = upstream().await;
    let mut table = table(&upstream).await;
    for (does, record) in [
        (
            "fail",
            "alice default tools/call act error -: upstream_error",
        ),
        (
            "redirect",
            "alice default tools/call act error -: upstream_error",
        ),
        (
            "lie",
            "alice default tools/call act error -: upstream_error",
        ),
        (
            "nest",
            "alice default tools/call act error -: upstream_error",
        ),
        (
            "busy",
            "alice default tools/call act error -: upstream_unavailable",
        ),
        ("hang", "alice default tools/call act unknown -: timeout"),
        (
            "break",
            "alice default tools/call act unknown -: outcome_unknown",
        ),
        ("err", "alice default tools/call act error 7: upstream"),
    ] {
        table.alice(does, act(does), 200, record);
    }
    table.check(0).await;
}

#[tokio::test]
async fn lines_that_are_refused() {
    let upstream = upstream().await;
    let table = table(&upstream).await;
    let mut pipe = table.gateway.stdio();
    let call = |id: &str, name: &str, arguments: Value| {
        let params = json!({"name": name, "arguments": arguments});
        modern::message(id, "tools/call", params).to_string()
    };
    let cases = [
        (
            CANARY.to_owned(),
            "stdio default - - refused -32700: the text is not JSON",
        ),
        ("[]".to_owned(), "stdio default - - refused -32600: a batch"),
        (
            legacy::message(1, "tools/list", json!({})).to_string(),
            "stdio default tools/list - refused -32600: not initialized",
        ),
        (
            legacy::message(1, "server/discover", json!({})).to_string(),
            "stdio default server/discover - refused -32602: params._meta must carry the protocol version",
        ),
        (
            call("a", CANARY, json!({})),
            "stdio default tools/call - error -32602: not_found",
        ),
        (
            call("b", "act", json!({"do": 1})),
            "stdio default tools/call act error -: invalid_arguments",
        ),
        (
            call("c", "act", json!({"do": "lie"})),
            "stdio default tools/call act error -: upstream_error",
        ),
    ];
    for (line, _) in &cases {
        pipe.write(format!("{line}\n").as_bytes()).await;
        pipe.message().await;
    }
    let (rest, _) = pipe.close().await;
    assert!(rest.is_empty(), "{rest:?}");
    let records = ends(&table.gateway.folder.path().join("stdio").join(STATE));
    for ((line, expected), record) in cases.iter().zip(&records) {
        assert_eq!(told(record), *expected, "{line}: {record}");
    }
    assert_eq!(records.len(), cases.len());
    assert!(!format!("{records:?}").contains(CANARY));
}

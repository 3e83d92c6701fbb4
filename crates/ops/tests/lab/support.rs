//! A lab on a free port and a client that says exactly what a test wants to say.

use std::path::PathBuf;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;
use wardgate_ops::lab::{LabOptions, serve_http};

pub struct LabUnderTest {
    base: String,
    client: Client<HttpConnector, Full<Bytes>>,
    serving: JoinSet<std::io::Result<()>>,
    shutdown: CancellationToken,
    dir: TempDir,
}

impl LabUnderTest {
    pub async fn start(options: LabOptions) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let options = LabOptions {
            effects: Some(dir.path().join("effects.jsonl")),
            ..options
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let shutdown = CancellationToken::new();
        let mut serving = JoinSet::new();
        serving.spawn(serve_http(listener, options, shutdown.clone()));
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self {
            base,
            client,
            serving,
            shutdown,
            dir,
        }
    }

    /// Sends a request; `headers` are `name: value`.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Response<Incoming> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.client
            .request(request.body(Full::new(body.into())).unwrap())
            .await
            .unwrap()
    }

    /// Posts a modern request with the headers it should have.
    pub async fn modern(&self, message: &Value) -> Response<Incoming> {
        let method = message["method"].as_str().unwrap();
        let name = message["params"]["name"].as_str().unwrap_or("none");
        let headers = [
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", method),
            ("mcp-name", name),
        ];
        self.send(Method::POST, "/mcp", &headers, message.to_string())
            .await
    }

    /// Calls a tool the modern way and returns the result.
    pub async fn call(&self, tool: &str, arguments: Value) -> Value {
        let response = self.modern(&call_message(tool, arguments)).await;
        json_body(response).await["result"].clone()
    }

    /// Posts a legacy message, within a session if one is given.
    pub async fn legacy(&self, session: Option<&str>, message: &Value) -> Response<Incoming> {
        let mut headers = vec![
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
        ];
        headers.extend(session.map(|session| ("mcp-session-id", session)));
        self.send(Method::POST, "/mcp", &headers, message.to_string())
            .await
    }

    /// Opens a legacy session and returns its id.
    pub async fn initialize(&self, revision: &str) -> String {
        let message = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": revision,
            "capabilities": {"elicitation": {}},
            "clientInfo": {"name": "test", "version": "1"},
        }});
        let response = self.legacy(None, &message).await;
        let session = response.headers()["mcp-session-id"]
            .to_str()
            .unwrap()
            .to_owned();
        assert_eq!(
            json_body(response).await["result"]["protocolVersion"],
            revision
        );
        let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        assert_eq!(
            self.legacy(Some(&session), &initialized).await.status(),
            StatusCode::ACCEPTED
        );
        session
    }

    /// Stops the lab, waits for its calls to end, and returns the effects that were written.
    pub async fn stop(mut self) -> Vec<Value> {
        self.shutdown.cancel();
        drop(self.client);
        self.serving.join_next().await.unwrap().unwrap().unwrap();
        let path: PathBuf = self.dir.path().join("effects.jsonl");
        let lines = std::fs::read_to_string(path).unwrap();
        lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// A modern request with what each request must bear, and the capability to be asked.
pub fn modern_message(method: &str, mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {"elicitation": {}},
        "progressToken": 7,
    });
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
}

pub fn call_message(tool: &str, arguments: Value) -> Value {
    modern_message("tools/call", json!({"name": tool, "arguments": arguments}))
}

pub async fn json_body(response: Response<Incoming>) -> Value {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&bytes).unwrap()
}

/// Reads server-sent events one by one.
pub struct Events {
    body: Incoming,
    text: String,
}

impl Events {
    pub fn of(response: Response<Incoming>) -> Self {
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            body: response.into_body(),
            text: String::new(),
        }
    }

    /// Returns id and data of the next event, or nothing at the end of the stream.
    pub async fn next(&mut self) -> Option<(Option<String>, Value)> {
        let event = self.event().await?;
        let data = field(&event, "data").filter(|data| !data.is_empty());
        let message = data.map_or(Value::Null, |data| serde_json::from_str(data).unwrap());
        Some((field(&event, "id").map(str::to_owned), message))
    }

    /// Returns where the first event of an HTTP+SSE stream tells the client to post.
    pub async fn endpoint(&mut self) -> String {
        let event = self.event().await.unwrap();
        assert_eq!(field(&event, "event"), Some("endpoint"));
        field(&event, "data").unwrap().to_owned()
    }

    async fn event(&mut self) -> Option<String> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let event = event.to_owned();
                self.text = rest.to_owned();
                return Some(event);
            }
            let frame = self.body.frame().await?.unwrap();
            self.text
                .push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
        }
    }

    pub async fn message(&mut self) -> Value {
        self.next().await.expect("the stream goes on").1
    }
}

fn field<'a>(event: &'a str, name: &str) -> Option<&'a str> {
    let value = |line: &'a str| line.strip_prefix(name)?.strip_prefix(':').map(str::trim);
    event.lines().find_map(value)
}

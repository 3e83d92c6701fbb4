//! Sessions of the older revisions over Streamable HTTP.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::http::Connection;
use crate::http::{Reply, Request, Stream, send};

/// The revisions that have Streamable HTTP and sessions.
pub const REVISIONS: [&str; 3] = ["2025-03-26", "2025-06-18", "2025-11-25"];

/// Every capability a client can declare.
pub fn capabilities() -> Value {
    json!({"elicitation": {"form": {}, "url": {}}, "sampling": {}, "roots": {"listChanged": true}})
}

pub fn message(id: impl Into<Value>, method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id.into(), "method": method, "params": params})
}

pub fn notification(method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "method": method, "params": params})
}

pub fn initialize(revision: &str, capabilities: Value) -> Value {
    let client = json!({"name": "testkit", "version": "1.0.0"});
    message(
        "hello",
        "initialize",
        json!({"protocolVersion": revision, "capabilities": capabilities, "clientInfo": client}),
    )
}

/// One opened session.
#[derive(Clone, Debug)]
pub struct Session {
    pub address: SocketAddr,
    pub target: String,
    pub revision: String,
    pub id: String,
    /// Sent with every request, such as a credential.
    pub headers: Vec<(String, String)>,
    /// The result of `initialize`.
    pub hello: Value,
}

impl Session {
    /// Opens a session with every capability.
    pub async fn open(address: SocketAddr, target: &str, revision: &str) -> Session {
        Session::open_as(address, target, revision, capabilities(), &[]).await
    }

    /// Opens a session with these capabilities and headers.
    pub async fn open_as(
        address: SocketAddr,
        target: &str,
        revision: &str,
        capabilities: Value,
        headers: &[(&str, &str)],
    ) -> Session {
        let mut hello = Request::post(target, initialize(revision, capabilities).to_string());
        for (name, value) in headers {
            hello = hello.header(name, *value);
        }
        let reply = send(address, &hello).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let session = Session {
            address,
            target: target.to_owned(),
            revision: revision.to_owned(),
            id: reply
                .header("mcp-session-id")
                .expect("a session id")
                .to_owned(),
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            hello: reply.answer()["result"].clone(),
        };
        session.notify("notifications/initialized", json!({})).await;
        session
    }

    /// Adds what every request of this session carries.
    pub fn dress(&self, mut request: Request) -> Request {
        request = request.header("Mcp-Session-Id", &self.id);
        if self.revision != "2025-03-26" {
            request = request.header("MCP-Protocol-Version", &self.revision);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request
    }

    pub fn post(&self, message: &Value) -> Request {
        self.dress(Request::post(&self.target, message.to_string()))
    }

    pub fn request(&self, id: impl Into<Value>, method: &str, params: Value) -> Request {
        self.post(&message(id, method, params))
    }

    /// Sends one request on a connection of its own and reads everything.
    pub async fn call(&self, id: impl Into<Value>, method: &str, params: Value) -> Reply {
        send(self.address, &self.request(id, method, params)).await
    }

    /// Sends one request and reads its stream as it comes.
    pub async fn stream(&self, id: impl Into<Value>, method: &str, params: Value) -> Stream {
        let request = self.request(id, method, params);
        Connection::open(self.address).await.stream(&request).await
    }

    /// Sends a notification, which is answered 202 and nothing else.
    pub async fn notify(&self, method: &str, params: Value) {
        let reply = send(self.address, &self.post(&notification(method, params))).await;
        assert_eq!((reply.status, reply.text()), (202, String::new()));
    }

    /// Answers a request of the server.
    pub async fn answer(&self, id: &Value, result: Value) {
        let message = json!({"jsonrpc": "2.0", "id": id, "result": result});
        let reply = send(self.address, &self.post(&message)).await;
        assert_eq!(reply.status, 202, "{}", reply.text());
    }

    /// A GET that opens the session's own stream, or resumes one.
    pub fn get(&self, last_event_id: Option<&str>) -> Request {
        let mut request = Request::new("GET", &self.target).header("Accept", "text/event-stream");
        if let Some(id) = last_event_id {
            request = request.header("Last-Event-ID", id);
        }
        self.dress(request)
    }

    pub async fn listen(&self, last_event_id: Option<&str>) -> Stream {
        let request = self.get(last_event_id);
        Connection::open(self.address).await.stream(&request).await
    }

    pub async fn delete(&self) -> Reply {
        send(
            self.address,
            &self.dress(Request::new("DELETE", &self.target)),
        )
        .await
    }
}

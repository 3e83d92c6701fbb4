//! An MCP server over HTTP that follows a script and remembers everything it was sent.
//!
//! A script is a function from what was received to what is answered. [`Upstream::modern`] and [`Upstream::legacy`]
//! fill in greeting and listing, so that a test scripts only what it is about.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json, value::RawValue};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

use crate::{
    wire::{Framing, Wire},
    within,
};

/// One request as it arrived.
#[derive(Clone, Debug)]
pub struct Received {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Received {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The message in the body; null when there is none.
    pub fn message(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The JSON-RPC method, or nothing.
    pub fn rpc(&self) -> String {
        serde_json::from_str(&self.member("method")).unwrap_or_default()
    }

    /// A member of the message as it is spelled, or null: [`Value`] has no room for every number beside it.
    fn member(&self, key: &str) -> String {
        let members: HashMap<String, Box<RawValue>> =
            serde_json::from_slice(&self.body).unwrap_or_default();
        members
            .get(key)
            .map_or("null", |value| value.get())
            .to_owned()
    }
}

/// What is sent back.
#[derive(Clone, Debug)]
pub enum Act {
    /// A status, headers and a whole body.
    Reply(u16, Vec<(String, String)>, Vec<u8>),
    /// An event stream with these events; then its end, or silence until the peer hangs up.
    Events { events: Vec<String>, hold: bool },
    /// Silence until the peer hangs up.
    Hang,
    /// These bytes as they are, then the end of the connection.
    Bytes(Vec<u8>),
    /// These bytes as they are, then silence until the peer hangs up.
    Begin(Vec<u8>),
}

impl Act {
    pub fn json(body: impl Into<Vec<u8>>) -> Act {
        let kind = ("Content-Type".to_owned(), "application/json".to_owned());
        Act::Reply(200, vec![kind], body.into())
    }

    pub fn status(status: u16) -> Act {
        Act::Reply(status, Vec::new(), Vec::new())
    }

    /// A JSON-RPC result around these raw bytes.
    pub fn result(received: &Received, raw: &str) -> Act {
        let id = received.member("id");
        Act::json(format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{raw}}}"#))
    }
}

type Script = Arc<dyn Fn(&Received) -> Act + Send + Sync>;

/// The running server; it ends when dropped.
#[derive(Debug)]
pub struct Upstream {
    pub address: SocketAddr,
    log: Arc<Log>,
    _tasks: JoinSet<()>,
}

#[derive(Debug)]
struct Log {
    received: Mutex<Vec<Received>>,
    /// Requests received, and held connections that the peer has hung up.
    counts: watch::Sender<(usize, usize)>,
}

impl Upstream {
    /// Starts a server that does as the script says.
    pub async fn start(script: impl Fn(&Received) -> Act + Send + Sync + 'static) -> Upstream {
        let socket = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = socket.local_addr().expect("an address");
        let log = Arc::new(Log {
            received: Mutex::default(),
            counts: watch::Sender::new((0, 0)),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(socket, Arc::new(script), log.clone()));
        Upstream {
            address,
            log,
            _tasks: tasks,
        }
    }

    /// A server of revision 2026-07-28 with these tools; the script answers whatever is neither greeting nor listing.
    pub async fn modern(
        tools: Value,
        script: impl Fn(&Received) -> Act + Send + Sync + 'static,
    ) -> Upstream {
        Upstream::start(move |received| match received.rpc().as_str() {
            "server/discover" => Act::result(received, DISCOVERED),
            "tools/list" => {
                let list = json!({"tools": tools, "ttlMs": 60_000, "cacheScope": "public", "resultType": "complete"});
                Act::result(received, &list.to_string())
            }
            "initialize" => Act::Reply(404, Vec::new(), Vec::new()),
            _ => script(received),
        })
        .await
    }

    /// A server of this older revision with these tools.
    pub async fn legacy(
        revision: &'static str,
        tools: Value,
        script: impl Fn(&Received) -> Act + Send + Sync + 'static,
    ) -> Upstream {
        Upstream::start(move |received| match received.rpc().as_str() {
            "initialize" => greet(received, revision),
            "tools/list" => Act::result(received, &json!({"tools": tools}).to_string()),
            "ping" => Act::result(received, "{}"),
            "server/discover" => Act::Reply(400, Vec::new(), NOT_MODERN.into()),
            _ if received.method == "GET" => Act::status(405),
            _ if received.method == "DELETE" => Act::status(200),
            method if method.starts_with("notifications/") => Act::status(202),
            _ => script(received),
        })
        .await
    }

    pub fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    pub fn received(&self) -> Vec<Received> {
        self.log
            .received
            .lock()
            .expect("no panic while held")
            .clone()
    }

    /// What was received with this JSON-RPC method.
    pub fn of(&self, method: &str) -> Vec<Received> {
        let mut all = self.received();
        all.retain(|received| received.rpc() == method);
        all
    }

    /// Waits until this many requests of this method have arrived.
    pub async fn until(&self, method: &str, count: usize) -> Vec<Received> {
        let mut counts = self.log.counts.subscribe();
        within(&format!("{count} of {method} at the upstream"), async {
            loop {
                let found = self.of(method);
                if found.len() >= count {
                    return found;
                }
                counts.changed().await.expect("a running upstream");
            }
        })
        .await
    }

    /// Waits until the peer has hung up this many held requests.
    pub async fn hung_up(&self, count: usize) {
        let mut counts = self.log.counts.subscribe();
        within("a hang-up", counts.wait_for(|(_, gone)| *gone >= count))
            .await
            .expect("a running upstream");
    }
}

const DISCOVERED: &str = r#"{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{},"resources":{},"prompts":{}},"ttlMs":60000,"cacheScope":"public","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"scripted","version":"1.0.0"}}}"#;
const NOT_MODERN: &str = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Bad Request: Server not initialized"}}"#;

fn greet(received: &Received, revision: &str) -> Act {
    let info = json!({"name": "scripted", "version": "1.0.0"});
    let hello = json!({"protocolVersion": revision, "serverInfo": info,
        "capabilities": {"tools": {}, "resources": {}, "prompts": {}}});
    match Act::result(received, &hello.to_string()) {
        Act::Reply(status, mut headers, body) => {
            headers.push(("Mcp-Session-Id".into(), "scripted-session".into()));
            Act::Reply(status, headers, body)
        }
        other => other,
    }
}

async fn accept(socket: TcpListener, script: Script, log: Arc<Log>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = socket.accept().await {
        connections.spawn(serve(stream, script.clone(), log.clone()));
    }
}

/// Serves one connection until either side ends it; errors of the socket end it too.
async fn serve(stream: TcpStream, script: Script, log: Arc<Log>) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let mut wire = Wire::new(stream);
    while let Ok(Some(head)) = wire.head().await {
        let Ok(body) = wire.body(Framing::of(&head, Framing::Length(0))).await else {
            return;
        };
        let mut first = head.first.split(' ').map(str::to_owned);
        let received = Received {
            method: first.next().unwrap_or_default(),
            target: first.next().unwrap_or_default(),
            headers: head.headers,
            body,
        };
        log.received
            .lock()
            .expect("no panic while held")
            .push(received.clone());
        log.counts.send_modify(|counts| counts.0 += 1);
        if !act(&mut wire, script(&received), &log).await {
            return;
        }
    }
}

/// Returns whether the connection may be used again.
async fn act(wire: &mut Wire, act: Act, log: &Log) -> bool {
    match act {
        Act::Reply(status, headers, body) => {
            wire.write(&whole(status, &headers, &body)).await.is_ok()
        }
        Act::Bytes(bytes) => {
            // Whether it arrives is the peer's concern.
            let _ = wire.write(&bytes).await;
            false
        }
        Act::Begin(bytes) => {
            if wire.write(&bytes).await.is_ok() {
                hold(wire, log).await;
            }
            false
        }
        Act::Hang => {
            hold(wire, log).await;
            false
        }
        Act::Events { events, hold: held } => {
            let mut bytes = STREAM_HEAD.as_bytes().to_vec();
            for event in &events {
                bytes.extend_from_slice(event.as_bytes());
            }
            if wire.write(&bytes).await.is_ok() && held {
                hold(wire, log).await;
            }
            false
        }
    }
}

const STREAM_HEAD: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";

async fn hold(wire: &mut Wire, log: &Log) {
    wire.closed().await;
    log.counts.send_modify(|counts| counts.1 += 1);
}

fn whole(status: u16, headers: &[(String, String)], body: &[u8]) -> Vec<u8> {
    let mut head = format!(
        "HTTP/1.1 {status} Scripted\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    let mut bytes = (head + "\r\n").into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// One message as an event.
pub fn event(message: &str) -> String {
    format!("data: {message}\n\n")
}

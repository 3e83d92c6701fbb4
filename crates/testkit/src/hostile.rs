//! A server that greets and lists like any other and then floods: whatever is called, it sends the same bytes again and
//! again until the peer hangs up.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::{Duration, sleep},
};

use crate::{
    wire::{Framing, Wire},
    within,
};

/// What is sent in answer to a call.
#[derive(Clone, Debug)]
pub struct Torrent {
    /// Sent first: the head of a response, and perhaps the beginning of its body.
    pub first: String,
    /// Sent for ever after.
    pub then: Vec<u8>,
    /// Between two of those.
    pub pause: Duration,
}

impl Torrent {
    pub fn new(first: &str, then: impl Into<Vec<u8>>) -> Torrent {
        Torrent {
            first: first.into(),
            then: then.into(),
            pause: Duration::ZERO,
        }
    }

    pub fn every(mut self, pause: Duration) -> Torrent {
        self.pause = pause;
        self
    }
}

/// The head of an event stream.
pub const STREAM: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
/// The head of a JSON body that ends with the connection.
pub const JSON: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n";

/// A running server; it ends when dropped.
#[derive(Debug)]
pub struct Flood {
    pub address: SocketAddr,
    /// Bytes sent in answer to the call whose connection the peer has hung up.
    drained: watch::Receiver<Option<u64>>,
    _tasks: JoinSet<()>,
}

impl Flood {
    /// Starts a server of revision 2026-07-28 with the one tool `flood`.
    pub async fn start(torrent: Torrent) -> Flood {
        let socket = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = socket.local_addr().expect("an address");
        let (report, drained) = watch::channel(None);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = socket.accept().await {
                connections.spawn(serve(stream, torrent.clone(), report.clone()));
            }
        });
        Flood {
            address,
            drained,
            _tasks: tasks,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    /// Waits until the peer has had enough; returns how many bytes it let itself be sent.
    pub async fn drained(&self) -> u64 {
        let mut drained = self.drained.clone();
        let sent = within(
            "the peer to hang up",
            drained.wait_for(|sent| sent.is_some()),
        );
        sent.await
            .expect("a running server")
            .expect("just waited for")
    }
}

async fn serve(stream: TcpStream, torrent: Torrent, report: watch::Sender<Option<u64>>) {
    let mut wire = Wire::new(stream);
    while let Ok(Some(head)) = wire.head().await {
        let Ok(body) = wire.body(Framing::of(&head, Framing::Length(0))).await else {
            return;
        };
        let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
        let result = match asked["method"].as_str() {
            Some("server/discover") => {
                json!({"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}})
            }
            Some("tools/list") => {
                json!({"tools": [{"name": "flood", "inputSchema": {"type": "object"}}]})
            }
            _ => {
                let sent = flood(&mut wire, &torrent).await;
                report.send_replace(Some(sent));
                return;
            }
        };
        if wire.write(&greeting(&asked, result)).await.is_err() {
            return;
        }
    }
}

fn greeting(asked: &Value, mut result: Value) -> Vec<u8> {
    result["resultType"] = "complete".into();
    result["ttlMs"] = 60_000.into();
    result["cacheScope"] = "public".into();
    let body = json!({"jsonrpc": "2.0", "id": asked["id"], "result": result}).to_string();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length";
    format!("{head}: {}\r\n\r\n{body}", body.len()).into_bytes()
}

async fn flood(wire: &mut Wire, torrent: &Torrent) -> u64 {
    let mut sent = 0;
    if wire.write(torrent.first.as_bytes()).await.is_err() {
        return sent;
    }
    while wire.write(&torrent.then).await.is_ok() {
        sent += torrent.then.len() as u64;
        if torrent.pause.is_zero() {
            tokio::task::yield_now().await;
        } else {
            sleep(torrent.pause).await;
        }
    }
    sent
}

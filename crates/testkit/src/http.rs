//! A client that sends exactly the head and body it is given and shows exactly what came back.

use std::net::{IpAddr, SocketAddr};

use serde_json::Value;
use tokio::net::{TcpSocket, TcpStream};

use crate::{
    sse::{Event, Events},
    wire::{Framing, Head, Wire},
    within,
};

/// One request, header by header. Names may repeat and are sent as written.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn new(method: &str, target: &str) -> Request {
        Request {
            method: method.into(),
            target: target.into(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// A POST with the media types MCP wants.
    pub fn post(target: &str, body: impl Into<Vec<u8>>) -> Request {
        let mut request = Request::new("POST", target)
            .header("Content-Type", "application/json")
            .header("Accept", "application/json, text/event-stream");
        request.body = body.into();
        request
    }

    /// Adds a header, also when there is one of this name.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Request {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub fn without(mut self, name: &str) -> Request {
        self.headers
            .retain(|(key, _)| !key.eq_ignore_ascii_case(name));
        self
    }

    /// Replaces a header.
    pub fn with(self, name: &str, value: impl Into<String>) -> Request {
        self.without(name).header(name, value)
    }

    /// The bytes on the wire. Host and Content-Length are added where the request does not name its own.
    pub fn encode(&self, address: SocketAddr) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        let named = |name: &str| {
            self.headers
                .iter()
                .any(|(key, _)| key.eq_ignore_ascii_case(name))
        };
        if !named("host") {
            head += &format!("Host: {address}\r\n");
        }
        if !named("content-length") && !named("transfer-encoding") && self.method == "POST" {
            head += &format!("Content-Length: {}\r\n", self.body.len());
        }
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        let mut bytes = (head + "\r\n").into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// A whole response.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// # Panics
    /// When the body is not one JSON value.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|fault| panic!("{fault} in {}: {}", self.status, self.text()))
    }

    pub fn is_stream(&self) -> bool {
        self.header("content-type")
            .is_some_and(|kind| kind.starts_with("text/event-stream"))
    }

    /// Every message in the body: those of the stream, or the one there is.
    pub fn messages(&self) -> Vec<Value> {
        if !self.is_stream() {
            return match self.body.is_empty() {
                true => Vec::new(),
                false => vec![self.json()],
            };
        }
        let mut events = Events::default();
        events.push(&self.body);
        std::iter::from_fn(|| events.next_event())
            .filter_map(|event| event.message())
            .collect()
    }

    /// The last message, which is the answer of a request.
    pub fn answer(&self) -> Value {
        self.messages()
            .pop()
            .unwrap_or_else(|| panic!("no answer in {}: {}", self.status, self.text()))
    }
}

/// A kept connection.
#[derive(Debug)]
pub struct Connection {
    address: SocketAddr,
    wire: Wire,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Connection {
        let stream = TcpStream::connect(address).await.expect("a listener");
        Connection::over(address, stream)
    }

    /// Opens it from another address of this machine's own network, 127.0.0.0/8.
    pub async fn open_from(from: IpAddr, address: SocketAddr) -> Connection {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind((from, 0).into()).expect("a loopback address");
        let stream = socket.connect(address).await.expect("a listener");
        Connection::over(address, stream)
    }

    fn over(address: SocketAddr, stream: TcpStream) -> Connection {
        stream.set_nodelay(true).expect("a socket");
        Connection {
            address,
            wire: Wire::new(stream),
        }
    }

    /// Sends bytes as they are.
    pub async fn write(&mut self, bytes: &[u8]) {
        // The peer may have answered and closed already: what it said is what counts.
        let _ = self.wire.write(bytes).await;
    }

    /// Reads one response; `None` when the peer closed instead.
    pub async fn read(&mut self) -> Option<Reply> {
        let head = self.wire.head().await.ok()??;
        let framing = body_framing(&head);
        let body = self.wire.body(framing).await.ok()?;
        Some(Reply {
            status: status(&head),
            headers: head.headers,
            body,
        })
    }

    /// Sends a request and reads the response.
    ///
    /// # Panics
    /// When the connection ends without one.
    pub async fn send(&mut self, request: &Request) -> Reply {
        self.try_send(request).await.expect("a response")
    }

    /// Sends a request and reads the response; `None` when the peer closed instead.
    pub async fn try_send(&mut self, request: &Request) -> Option<Reply> {
        let bytes = request.encode(self.address);
        within("a response", async {
            self.write(&bytes).await;
            self.read().await
        })
        .await
    }

    /// Sends a request and reads only the head of the response.
    pub async fn stream(mut self, request: &Request) -> Stream {
        let bytes = request.encode(self.address);
        let head = within("the head of a response", async {
            self.write(&bytes).await;
            self.wire.head().await.expect("a response")
        })
        .await
        .expect("a response");
        Stream {
            status: status(&head),
            framing: body_framing(&head),
            headers: head.headers,
            wire: self.wire,
            events: Events::default(),
            last_id: None,
        }
    }

    /// Waits until the peer closes.
    pub async fn closed(mut self) {
        within("the end of the connection", self.wire.closed()).await;
    }
}

/// Sends one request on a connection of its own.
pub async fn send(address: SocketAddr, request: &Request) -> Reply {
    Connection::open(address).await.send(request).await
}

/// Sends one request on a connection of its own from this address.
pub async fn send_from(from: IpAddr, address: SocketAddr, request: &Request) -> Reply {
    Connection::open_from(from, address)
        .await
        .send(request)
        .await
}

/// A response that is still being sent. Dropping it closes the connection.
#[derive(Debug)]
pub struct Stream {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    /// The id of the last event that had one.
    pub last_id: Option<String>,
    wire: Wire,
    framing: Framing,
    events: Events,
}

impl Stream {
    /// Returns the next event; `None` when the stream has ended.
    pub async fn event(&mut self) -> Option<Event> {
        within("an event", async {
            loop {
                if let Some(event) = self.events.next_event() {
                    self.last_id = event.id.clone().or(self.last_id.take());
                    return Some(event);
                }
                let piece = self.wire.piece(&mut self.framing).await.ok()??;
                self.events.push(&piece);
            }
        })
        .await
    }

    /// Returns the next message.
    ///
    /// # Panics
    /// When the stream ends first.
    pub async fn message(&mut self) -> Value {
        loop {
            let event = self.event().await.expect("one more message");
            if let Some(message) = event.message() {
                return message;
            }
        }
    }

    /// Returns everything up to the end of the stream.
    pub async fn rest(&mut self) -> Vec<Value> {
        let mut messages = Vec::new();
        while let Some(event) = self.event().await {
            messages.extend(event.message());
        }
        messages
    }

    /// Reads the body to its end, for a response that is no event stream.
    pub async fn body(&mut self) -> Vec<u8> {
        within("a body", self.wire.body(self.framing))
            .await
            .expect("a body")
    }
}

fn status(head: &Head) -> u16 {
    let code = head.first.split(' ').nth(1).unwrap_or_default();
    code.parse()
        .unwrap_or_else(|_| panic!("no status in `{}`", head.first))
}

fn body_framing(head: &Head) -> Framing {
    match status(head) {
        204 | 304 => Framing::Length(0),
        _ => Framing::of(head, Framing::UntilClose),
    }
}

//! Every way a client can come in, behind one face: each revision, over HTTP and over standard input.

use serde_json::{Value, json};
use wardgate_testkit::{
    http::{self, Reply, Request},
    legacy::{self, Session},
    modern,
    stdio::Stdio,
};

use crate::gateway::TestGateway;

/// One way in: a revision and a transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    pub revision: &'static str,
    pub http: bool,
}

impl Way {
    pub fn is_modern(self) -> bool {
        self.revision == modern::REVISION
    }

    /// The words by which a transcript names this way.
    pub fn tags(self) -> [&'static str; 3] {
        let era = if self.is_modern() { "modern" } else { "legacy" };
        [self.revision, era, if self.http { "http" } else { "stdio" }]
    }
}

const fn way(revision: &'static str, http: bool) -> Way {
    Way { revision, http }
}

pub const EVERY_WAY: [Way; 9] = [
    way("2026-07-28", true),
    way("2025-11-25", true),
    way("2025-06-18", true),
    way("2025-03-26", true),
    way("2026-07-28", false),
    way("2025-11-25", false),
    way("2025-06-18", false),
    way("2025-03-26", false),
    way("2024-11-05", false),
];

/// An open way in.
pub struct Door {
    pub way: Way,
    inner: Inner,
}

enum Inner {
    Modern(std::net::SocketAddr),
    Legacy(Session),
    Stdio(Stdio),
}

/// What came back for one message.
#[derive(Debug)]
pub struct Said {
    /// HTTP only.
    pub reply: Option<Reply>,
    /// Messages before the answer.
    pub before: Vec<Value>,
    pub answer: Value,
    /// The answer as it was spelled.
    pub text: String,
}

impl Door {
    pub async fn open(gateway: &TestGateway, way: Way) -> Door {
        let inner = match (way.http, way.is_modern()) {
            (true, true) => Inner::Modern(gateway.address),
            (true, false) => {
                Inner::Legacy(Session::open(gateway.address, "/mcp", way.revision).await)
            }
            (false, _) => Inner::Stdio(stdio(gateway, way).await),
        };
        Door { way, inner }
    }

    /// A request in the shape of this way's revision.
    pub fn message(&self, id: impl Into<Value>, method: &str, params: Value) -> Value {
        match self.way.is_modern() {
            true => modern::message(id, method, params),
            false => legacy::message(id, method, params),
        }
    }

    /// The POST that carries this text, with the headers that belong to `message`.
    pub fn post(&self, message: &Value, text: impl Into<Vec<u8>>) -> Option<Request> {
        let mut request = match &self.inner {
            Inner::Modern(_) => modern::post("/mcp", message),
            Inner::Legacy(session) => session.post(message),
            Inner::Stdio(_) => return None,
        };
        request.body = text.into();
        Some(request)
    }

    pub async fn ask(&mut self, id: impl Into<Value>, method: &str, params: Value) -> Said {
        let message = self.message(id, method, params);
        let text = message.to_string();
        self.say(&message, text, |request| request).await
    }

    /// Sends this text as it is, in the envelope of `message`; `change` may alter the HTTP request.
    pub async fn say(
        &mut self,
        message: &Value,
        text: impl Into<Vec<u8>>,
        change: impl FnOnce(Request) -> Request,
    ) -> Said {
        let text = text.into();
        match (&mut self.inner, self.way.http) {
            (Inner::Stdio(stdio), _) => {
                stdio.write(&text).await;
                stdio.write(b"\n").await;
                heard(stdio).await
            }
            (Inner::Modern(address), _) => {
                let address = *address;
                let request = self.post(message, text).expect("an HTTP way");
                replied(http::send(address, &change(request)).await)
            }
            (Inner::Legacy(session), _) => {
                let address = session.address;
                let request = self.post(message, text).expect("an HTTP way");
                replied(http::send(address, &change(request)).await)
            }
        }
    }

    /// Ends the connection; on standard input the child must end well.
    pub async fn close(self) {
        if let Inner::Stdio(stdio) = self.inner {
            let (rest, success) = stdio.close().await;
            assert!(success && rest.is_empty(), "{rest:?}");
        }
    }
}

async fn stdio(gateway: &TestGateway, way: Way) -> Stdio {
    let mut stdio = gateway.stdio();
    if !way.is_modern() {
        let hello = legacy::initialize(way.revision, legacy::capabilities());
        let (_, answer) = stdio.ask(&hello).await;
        assert_eq!(answer["result"]["protocolVersion"], way.revision);
        stdio
            .send(&legacy::notification(
                "notifications/initialized",
                json!({}),
            ))
            .await;
    }
    stdio
}

async fn heard(stdio: &mut Stdio) -> Said {
    let mut before = Vec::new();
    loop {
        let text = stdio.line().await.expect("an answer");
        let message: Value = serde_json::from_str(&text).expect("JSON on a line");
        if message.get("method").is_none() {
            return Said {
                reply: None,
                before,
                answer: message,
                text,
            };
        }
        before.push(message);
    }
}

fn replied(reply: Reply) -> Said {
    let mut before = reply.messages();
    let answer = before.pop().unwrap_or_default();
    Said {
        text: reply.text(),
        reply: Some(reply),
        before,
        answer,
    }
}

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

    /// Makes a call and answers what is asked meanwhile, in the way of this revision, with these capabilities' [`responses`].
    pub async fn talk(&mut self, id: &str, tool: &str, arguments: Value, meta: Value) -> Talk {
        let params = json!({"name": tool, "arguments": arguments, "_meta": meta});
        let mut talk = Talk::default();
        match &mut self.inner {
            Inner::Modern(address) => {
                let address = *address;
                talk.rounds(id, params, async |message| {
                    let reply = http::send(address, &modern::post("/mcp", &message)).await;
                    let mut messages = reply.messages();
                    let answer = messages.pop().expect("an answer");
                    (messages, answer)
                })
                .await;
            }
            Inner::Stdio(stdio) if self.way.is_modern() => {
                talk.rounds(id, params, async |message| stdio.ask(&message).await)
                    .await;
            }
            Inner::Stdio(stdio) => {
                stdio.send(&legacy::message(id, "tools/call", params)).await;
                while let Some(response) = talk.hear(stdio.message().await) {
                    if !response.is_null() {
                        stdio.send(&response).await;
                    }
                }
            }
            Inner::Legacy(session) => {
                let mut stream = session.stream(id, "tools/call", params).await;
                let kind = stream
                    .headers
                    .iter()
                    .find(|(name, _)| name == "content-type");
                if kind.is_some_and(|(_, kind)| kind == "application/json") {
                    let body = stream.body().await;
                    talk.answer = serde_json::from_slice(&body).expect("JSON");
                    return talk;
                }
                while let Some(response) = talk.hear(stream.message().await) {
                    if !response.is_null() {
                        session
                            .answer(&response["id"], response["result"].clone())
                            .await;
                    }
                }
            }
        }
        talk
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
    loop {
        let text = stdio.line().await.expect("an answer");
        let message: Value = serde_json::from_str(&text).expect("JSON on a line");
        if message.get("method").is_none() {
            return Said {
                reply: None,
                answer: message,
                text,
            };
        }
    }
}

fn replied(reply: Reply) -> Said {
    let answer = reply.messages().pop().unwrap_or_default();
    Said {
        text: reply.text(),
        reply: Some(reply),
        answer,
    }
}

/// A call with everything that was said about it.
#[derive(Debug, Default)]
pub struct Talk {
    /// What the client was asked: method and params.
    pub asked: Vec<(String, Value)>,
    /// Notifications, in order.
    pub notices: Vec<Value>,
    pub answer: Value,
}

impl Talk {
    pub fn text(&self) -> &str {
        self.answer["result"]["content"][0]["text"]
            .as_str()
            .unwrap_or_else(|| panic!("no text in {}", self.answer))
    }

    /// Takes a legacy message; returns the response it wants (null for a notification), or nothing after the answer.
    fn hear(&mut self, message: Value) -> Option<Value> {
        let Some(method) = message["method"].as_str() else {
            self.answer = message;
            return None;
        };
        if message.get("id").is_none() {
            self.notices.push(message);
            return Some(Value::Null);
        }
        let result = response(method);
        self.asked
            .push((method.to_owned(), message["params"].clone()));
        Some(json!({"jsonrpc": "2.0", "id": message["id"], "result": result}))
    }

    /// Sends the call, and again with answers, until it is complete.
    async fn rounds(
        &mut self,
        id: &str,
        params: Value,
        mut send: impl AsyncFnMut(Value) -> (Vec<Value>, Value),
    ) {
        let mut next = params.clone();
        for round in 0.. {
            let message = modern::message(format!("{id}-{round}"), "tools/call", next);
            let (before, answer) = send(message).await;
            self.notices.extend(before);
            if answer["result"]["resultType"] != "input_required" {
                self.answer = answer;
                return;
            }
            let mut responses = json!({});
            for (key, request) in answer["result"]["inputRequests"]
                .as_object()
                .expect("questions")
            {
                let method = request["method"].as_str().expect("a method");
                responses[key] = response(method);
                self.asked
                    .push((method.to_owned(), request["params"].clone()));
            }
            next = params.clone();
            next["inputResponses"] = responses;
            if let Some(state) = answer["result"].get("requestState") {
                next["requestState"] = state.clone();
            }
        }
    }
}

/// What every client here answers.
pub fn response(method: &str) -> Value {
    match method {
        "elicitation/create" => json!({"action": "accept", "content": {"name": "Ada"}}),
        "sampling/createMessage" => {
            json!({"role": "assistant", "model": "m", "stopReason": "endTurn",
            "content": {"type": "text", "text": "four"}})
        }
        "roots/list" => json!({"roots": [{"uri": "file:///work", "name": "work"}]}),
        other => panic!("asked {other}"),
    }
}

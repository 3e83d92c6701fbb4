//! Clients that use the same ids and the same progress tokens at the same time, on shared connections and one shared
//! child: each must get its own answers and its own progress, and nobody else's.

use serde_json::{Value, json};
use tokio::task::JoinSet;
use wardgate_testkit::{
    http::Connection,
    legacy::{self, Session},
    modern,
    upstream::{Act, Received, Upstream, event},
};

use crate::gateway::{TestGateway, TestLab};

/// Calls over all combinations, what two cores manage in a quarter of a minute unoptimised. `cargo xtask crossings`, a part of
/// `cargo xtask test`, makes a hundred thousand by way of `WARDGATE_TEST_CALLS`.
const CALLS: usize = 12_000;
/// One call in so many asks for progress.
const REPORTED: usize = 20;
/// Clients at one time in one combination.
const CLIENTS: usize = 8;
/// Ids that every client uses, over and over.
const IDS: usize = 3;

/// How many messages each client saw that were not its own; the sum over all must be nothing.
#[derive(Default)]
struct Seen {
    calls: usize,
    reports: usize,
    foreign: Vec<String>,
}

impl Seen {
    fn add(&mut self, other: Seen) {
        self.calls += other.calls;
        self.reports += other.reports;
        self.foreign.extend(other.foreign);
    }

    /// Judges everything that came for one call.
    fn judge(&mut self, messages: &[Value], id: &Value, mark: &str, reports: usize) {
        self.calls += 1;
        let (answer, before) = messages.split_last().expect("an answer");
        let text = &answer["result"]["content"][0]["text"];
        if answer["id"] != *id || (reports == 0 && text != mark) {
            self.foreign.push(format!("{mark} got {answer}"));
        }
        for message in before {
            self.reports += 1;
            let params = &message["params"];
            let is_mine = params["progressToken"] == *id
                && params["message"]
                    .as_str()
                    .is_none_or(|text| text.contains(mark) || text.contains(" of "));
            if !is_mine {
                self.foreign.push(format!("{mark} was told {message}"));
            }
        }
        if before.len() != reports {
            self.foreign.push(format!(
                "{mark} got {} reports, not {reports}: {before:?}",
                before.len()
            ));
        }
    }
}

/// The same ids for everybody, numbers and strings that look like them.
fn id(number: usize) -> Value {
    match number % IDS {
        0 => json!(1),
        1 => json!("1"),
        _ => json!(2),
    }
}

/// A call whose answer names its caller; now and then one that reports progress under the same token as its id.
fn call(number: usize, mark: &str) -> (Value, usize) {
    let meta = json!({"progressToken": id(number)});
    if number.is_multiple_of(REPORTED) {
        (
            json!({"name": "notify", "arguments": {"count": 2}, "_meta": meta}),
            2,
        )
    } else {
        (
            json!({"name": "echo", "arguments": {"text": mark}, "_meta": meta}),
            0,
        )
    }
}

/// One client: modern or legacy, calls one after the other on a kept connection.
async fn client(address: std::net::SocketAddr, era: &str, name: String, calls: usize) -> Seen {
    let mut seen = Seen::default();
    let mut connection = Connection::open(address).await;
    let session = match era {
        "modern" => None,
        _ => Some(Session::open(address, "/mcp", "2025-06-18").await),
    };
    if let Some(session) = &session {
        // Log messages are not what this is about.
        session
            .call(0, "logging/setLevel", json!({"level": "emergency"}))
            .await;
    }
    for number in 0..calls {
        let mark = format!("{name}-{number}");
        let (params, reports) = call(number, &mark);
        let request = match &session {
            None => modern::request("/mcp", id(number), "tools/call", params),
            Some(session) => session.request(id(number), "tools/call", params),
        };
        let reply = connection.send(&request).await;
        seen.judge(&reply.messages(), &id(number), &mark, reports);
    }
    seen
}

/// Clients of both eras at once before one server.
async fn crowd(gateway: &TestGateway, combination: &str, calls: usize) -> Seen {
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let era = if number % 2 == 0 { "modern" } else { "legacy" };
        let name = format!("{combination}-{era}-{number}");
        clients.spawn(client(gateway.address, era, name, calls / CLIENTS));
    }
    let mut seen = Seen::default();
    while let Some(one) = clients.join_next().await {
        seen.add(one.expect("a client"));
    }
    seen
}

fn judge(seen: &Seen, calls: usize) {
    assert!(
        seen.foreign.is_empty(),
        "{} crossings, first {}",
        seen.foreign.len(),
        seen.foreign[0]
    );
    assert_eq!(seen.calls, calls / CLIENTS * CLIENTS);
    assert!(seen.reports > 0);
}

/// The calls that one combination gets.
fn share() -> usize {
    let calls = std::env::var("WARDGATE_TEST_CALLS").ok();
    calls.map_or(CALLS, |calls| calls.parse().expect("a number")) / 4
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_one_shared_child_of_the_newer_era() {
    let gateway = TestGateway::start("servers:\n  lab: {lab: {era: modern}, era: modern}\n").await;
    judge(&crowd(&gateway, "modern-child", share()).await, share());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_one_shared_child_of_the_older_era() {
    let gateway = TestGateway::start("servers:\n  lab: {lab: {era: legacy}, era: legacy}\n").await;
    judge(&crowd(&gateway, "legacy-child", share()).await, share());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_shared_connections_to_a_newer_server() {
    let lab = TestLab::start(&["--era", "modern"]);
    let config = format!("servers:\n  lab: {{url: '{}', era: modern}}\n", lab.url());
    let gateway = TestGateway::start(&config).await;
    judge(&crowd(&gateway, "modern-http", share()).await, share());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_one_shared_session_of_an_older_server() {
    let lab = TestLab::start(&["--era", "legacy"]);
    let config = format!("servers:\n  lab: {{url: '{}', era: legacy}}\n", lab.url());
    let gateway = TestGateway::start(&config).await;
    judge(&crowd(&gateway, "legacy-http", share()).await, share());
}

/// A server that answers each call with its own mark in a progress message, and with lies about the id of another.
fn liar(received: &Received) -> Act {
    let message = received.message();
    let (id, token) = (&message["id"], &message["params"]["_meta"]["progressToken"]);
    let mark = &message["params"]["arguments"]["text"];
    let report = |token: &Value, step: u32| {
        let params = json!({"progressToken": token, "progress": step, "message": mark});
        event(
            &json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": params})
                .to_string(),
        )
    };
    let answer = |id: &Value| {
        let result = json!({"content": [{"type": "text", "text": mark}], "resultType": "complete"});
        event(&json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string())
    };
    let number = id.as_u64().unwrap_or_default();
    let mut events = Vec::new();
    // To the calls before and behind, answers and reports that are not theirs.
    for other in [number.wrapping_sub(1), number + 1, number + 2] {
        events.push(answer(&json!(other)));
        events.push(report(&json!(other), 9));
        events.push(answer(&json!(other.to_string())));
    }
    events.push(report(token, 1));
    events.push(answer(id));
    Act::Events {
        events,
        hold: false,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_cannot_answer_one_call_on_the_stream_of_another() {
    let tools = json!([{"name": "echo", "inputSchema": {"type": "object"}}]);
    for era in ["modern", "legacy"] {
        let upstream = match era {
            "modern" => Upstream::modern(tools.clone(), liar).await,
            _ => Upstream::legacy("2025-06-18", tools.clone(), liar).await,
        };
        let config = format!("servers:\n  s: {{url: '{}', era: {era}}}\n", upstream.url());
        let gateway = TestGateway::start(&config).await;
        let address = gateway.address;
        let mut clients = JoinSet::new();
        for name in 0..CLIENTS {
            clients.spawn(async move {
                let mut connection = Connection::open(address).await;
                for number in 0..50 {
                    let mark = format!("{name}-{number}");
                    let params = json!({"name": "echo", "arguments": {"text": mark}, "_meta": {"progressToken": "p"}});
                    let request = modern::request("/mcp", 1, "tools/call", params);
                    let messages = connection.send(&request).await.messages();
                    let (answer, before) = messages.split_last().expect("an answer");
                    assert_eq!(answer["result"]["content"][0]["text"], mark, "{answer}");
                    for report in before {
                        assert_eq!(report["params"]["message"], mark, "{report}");
                        assert_eq!(report["params"]["progressToken"], "p", "{report}");
                    }
                }
            });
        }
        while let Some(done) = clients.join_next().await {
            done.expect("no crossing");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn questions_reach_only_the_one_whose_call_they_are_about() {
    for era in ["modern", "legacy"] {
        let lab = TestLab::start(&["--era", era]);
        let config = format!("servers:\n  lab: {{url: '{}', era: {era}}}\n", lab.url());
        let gateway = TestGateway::start(&config).await;
        let address = gateway.address;
        let mut clients = JoinSet::new();
        for name in 0..CLIENTS {
            clients.spawn(async move {
                let session =
                    Session::open_as(address, "/mcp", "2025-11-25", legacy::capabilities(), &[])
                        .await;
                for number in 0..10 {
                    let question = format!("who is {name}-{number}?");
                    let params = json!({"name": "ask", "arguments": {"message": question}});
                    let mut stream = session.stream(1, "tools/call", params).await;
                    let asked = stream.message().await;
                    assert_eq!(asked["params"]["message"], question, "{asked}");
                    let content = json!({"name": format!("{name}-{number}")});
                    session
                        .answer(
                            &asked["id"],
                            json!({"action": "accept", "content": content}),
                        )
                        .await;
                    let answer = stream.message().await;
                    let text = &answer["result"]["content"][0]["text"];
                    assert_eq!(text, &json!(format!("Hello, {name}-{number}!")), "{answer}");
                }
            });
        }
        while let Some(done) = clients.join_next().await {
            done.expect("no crossing");
        }
    }
}

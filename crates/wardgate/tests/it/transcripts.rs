//! Conversations as data. Each file in `transcripts/` holds exchanges; every exchange runs over every way in it names,
//! in order, and what comes back must be what is written there.
//!
//! ```text
//! == title
//! on modern+http legacy          ways by their words; without this line, all of them
//! send tools/call {"name": …}    or: text …  (sent as it is, headers as for the last `like`)
//! like tools/call {"name": …}    the request whose headers go with `text`
//! with Mcp-Name: other           replaces a header; `add` adds one, `without` takes one out
//! status 404                     HTTP only; `status[modern] 404` for some ways
//! answer {"error": …}            `answer[legacy+stdio] …`; "<any>" stands for any value, "...": true for more members
//! header Allow: POST
//! ```

use std::fmt::Write;

use serde_json::{Value, json};
use wardgate_testkit::http::Request;

use crate::{
    door::{Door, EVERY_WAY, Said, Way},
    gateway::TestGateway,
};

/// One request and what is expected of it.
struct Exchange {
    title: String,
    lines: Vec<(String, String)>,
}

impl Exchange {
    fn all(&self, word: &str) -> impl Iterator<Item = &str> + use<'_> {
        let word = word.to_owned();
        self.lines
            .iter()
            .filter(move |(key, _)| *key == word)
            .map(|(_, rest)| rest.as_str())
    }

    fn runs_on(&self, way: Way) -> bool {
        self.all("on")
            .next()
            .is_none_or(|ways| ways.split(' ').any(|alternative| names(alternative, way)))
    }

    /// The expectation for this way: the first line whose brackets name it, else the one without.
    fn expected<'a>(&'a self, word: &str, way: Way) -> Option<&'a str> {
        let special = self.lines.iter().find(|(key, _)| {
            key.strip_prefix(word)
                .and_then(|rest| rest.strip_prefix('['))
                .and_then(|rest| rest.strip_suffix(']'))
                .is_some_and(|tags| names(tags, way))
        });
        special
            .map(|(_, rest)| rest.as_str())
            .or_else(|| self.all(word).next())
    }

    fn change(&self, mut request: Request) -> Request {
        for (word, rest) in &self.lines {
            let (name, value) = rest.split_once(": ").unwrap_or((rest, ""));
            request = match word.as_str() {
                "with" => request.with(name, value),
                "add" => request.header(name, value),
                "without" => request.without(name),
                _ => request,
            };
        }
        request
    }
}

fn names(tags: &str, way: Way) -> bool {
    tags.split('+').all(|tag| way.tags().contains(&tag))
}

fn parse(file: &str) -> Vec<Exchange> {
    let mut exchanges: Vec<Exchange> = Vec::new();
    for line in file.lines() {
        if let Some(title) = line.strip_prefix("== ") {
            exchanges.push(Exchange {
                title: title.to_owned(),
                lines: Vec::new(),
            });
        } else if !line.trim().is_empty() && !line.starts_with('#') {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            let known = [
                "on", "send", "like", "text", "with", "add", "without", "status", "answer",
                "header",
            ];
            let bare = word.split('[').next().unwrap_or_default();
            assert!(
                known.contains(&bare),
                "unknown word in a transcript: {line}"
            );
            let exchange = exchanges.last_mut().expect("a title first");
            exchange.lines.push((word.to_owned(), rest.to_owned()));
        }
    }
    exchanges
}

/// Runs every exchange over every way it names; all differences are told at once.
async fn check(file: &str, config: &str) {
    let gateway = TestGateway::start(config).await;
    let exchanges = parse(file);
    let (mut differences, mut run) = (String::new(), 0);
    for way in EVERY_WAY {
        let mut door = Door::open(&gateway, way).await;
        for (number, exchange) in exchanges.iter().enumerate() {
            if exchange.runs_on(way) {
                let id = json!(format!("x-{number}"));
                let (expected_id, said) = carry_out(&mut door, exchange, &id).await;
                differences += &compare(exchange, way, &said, &expected_id);
                run += 1;
            }
        }
        door.close().await;
    }
    assert!(differences.is_empty(), "{differences}");
    assert!(run >= exchanges.len());
    let finished = gateway.stop().await;
    assert!(finished.success, "{}", finished.log);
}

async fn carry_out(door: &mut Door, exchange: &Exchange, id: &Value) -> (Value, Said) {
    let mut message = json!({"method": "ping"});
    for line in exchange.all("send").chain(exchange.all("like")) {
        let (method, params) = line.split_once(' ').unwrap_or((line, "{}"));
        let params = serde_json::from_str(params).expect("JSON in a transcript");
        message = door.message(id.clone(), method, params);
    }
    match exchange.all("text").next() {
        Some(text) => {
            let said = door
                .say(&message, text, |request| exchange.change(request))
                .await;
            (json!("<any>"), said)
        }
        None => {
            let text = message.to_string();
            let said = door
                .say(&message, text, |request| exchange.change(request))
                .await;
            (id.clone(), said)
        }
    }
}

fn compare(exchange: &Exchange, way: Way, said: &Said, id: &Value) -> String {
    let mut out = String::new();
    let mut differ = |what: &str, expected: &str, got: &str| {
        let _ = writeln!(
            out,
            "\n{} [{}]\n  {what} expected {expected}\n  {what} got      {got}",
            exchange.title,
            way.tags().join("+")
        );
    };
    if let Some(reply) = &said.reply {
        let status = exchange.expected("status", way).unwrap_or("200");
        if status != reply.status.to_string() {
            differ("status", status, &reply.status.to_string());
        }
        for header in exchange.all("header") {
            let (name, value) = header.split_once(": ").expect("a header");
            if reply.header(name) != Some(value) {
                differ("header", header, reply.header(name).unwrap_or("none"));
            }
        }
    }
    let Some(answer) = exchange.expected("answer", way) else {
        if !said.answer.is_null() {
            differ("answer", "none", &said.text);
        }
        return out;
    };
    let mut expected: Value = serde_json::from_str(answer).expect("JSON in a transcript");
    expected["jsonrpc"] = json!("2.0");
    if expected.get("id").is_none() {
        expected["id"] = id.clone();
    }
    if !matches(&expected, &said.answer) {
        differ("answer", &expected.to_string(), &said.answer.to_string());
    }
    out
}

/// Whether `got` is what is expected, digit for digit but for what is redacted.
fn matches(expected: &Value, got: &Value) -> bool {
    match (expected, got) {
        (Value::String(any), _) if any == "<any>" => true,
        (Value::Object(expected), Value::Object(got)) => {
            let open = expected.contains_key("...");
            let named = expected.iter().filter(|(key, _)| *key != "...");
            let mut count = 0;
            for (key, value) in named {
                count += 1;
                if !got.get(key).is_some_and(|got| matches(value, got)) {
                    return false;
                }
            }
            open || count == got.len()
        }
        (Value::Array(expected), Value::Array(got)) => {
            expected.len() == got.len()
                && expected
                    .iter()
                    .zip(got)
                    .all(|(expected, got)| matches(expected, got))
        }
        _ => expected == got,
    }
}

const ONE_SERVER: &str = "servers:\n  lab: {lab: {effects: effects.jsonl}}\n";

#[tokio::test]
async fn tools() {
    check(include_str!("transcripts/tools.txt"), ONE_SERVER).await;
}

#[tokio::test]
async fn prompts_and_resources() {
    check(
        include_str!("transcripts/prompts_and_resources.txt"),
        ONE_SERVER,
    )
    .await;
}

#[tokio::test]
async fn methods_and_versions() {
    check(
        include_str!("transcripts/methods_and_versions.txt"),
        ONE_SERVER,
    )
    .await;
}

#[tokio::test]
async fn headers_and_body() {
    check(include_str!("transcripts/headers_and_body.txt"), ONE_SERVER).await;
}

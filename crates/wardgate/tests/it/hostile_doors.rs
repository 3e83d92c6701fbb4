//! What holds at one door holds at all: hidden characters, names that come twice, methods that nobody knows, bodies by the hundred.

use serde_json::{Value, json};
use tokio::task::JoinSet;
use wardgate_testkit::{
    http::{Connection, send},
    modern,
    upstream::{Act, Received, Upstream},
};

use crate::{
    door::{Door, EVERY_WAY},
    gateway::{STATE, TestGateway, records},
    lifecycle_serve::Serve,
};

fn tool(name: &str) -> Value {
    json!({"name": name, "description": name, "inputSchema": {"type": "object"}})
}

/// E1, E4: a tag, an escape and a change of direction.
const HIDDEN: &str = "\u{e0041}\u{1b}[2J\u{202e}";

fn hides_nothing(text: &str) -> bool {
    let hidden = ['\u{e0041}', '\u{1b}', '\u{202e}'];
    let spelled = text.to_ascii_lowercase();
    let escaped = ["\\u001b", "\\u202e", "\\udb40"];
    !text.contains(hidden) && !escaped.iter().any(|escape| spelled.contains(escape))
}

/// Answers with hidden characters in every part, spelled out or escaped.
fn poison(received: &Received) -> Act {
    let message = received.message();
    let id = &message["id"];
    let part = format!("a{HIDDEN}b");
    let spelled = json!(part);
    let escaped = r"a\udb40\udc41\u001b[2J\u202Eb";
    match message["params"]["arguments"]["fail"].as_bool() {
        Some(true) => {
            let error = json!({"code": 7, "message": part, "data": {"d": part}});
            Act::json(json!({"jsonrpc": "2.0", "id": id, "error": error}).to_string())
        }
        _ => Act::json(format!(
            r#"{{"jsonrpc":"2.0","id":{id},"result":{{"resultType":"complete","content":[{{"type":"text","text":"{escaped}"}},{{"type":"resource","resource":{{"uri":"a://b","text":{spelled}}}}}],"structuredContent":{{"k{escaped}":{spelled}}}}}}}"#
        )),
    }
}

#[tokio::test]
async fn hidden_characters_come_out_of_no_door() {
    let mut odd = tool("say");
    odd["description"] = format!("a{HIDDEN}b").into();
    odd["title"] = format!("a{HIDDEN}b").into();
    let tools = json!([odd]);
    let new = Upstream::modern(tools.clone(), poison).await;
    let old = Upstream::legacy("2025-06-18", tools, poison).await;
    for upstream in [&new, &old] {
        let config = format!("servers: {{it: {{url: '{}'}}}}\n", upstream.url());
        let gateway = TestGateway::start(&config).await;
        for way in EVERY_WAY {
            let mut door = Door::open(&gateway, way).await;
            let list = door.ask(1, "tools/list", json!({})).await;
            assert!(hides_nothing(&list.text), "{:?}: {}", way.tags(), list.text);
            assert_eq!(list.answer["result"]["tools"][0]["description"], "ab");
            for fail in [false, true] {
                let params = json!({"name": "say", "arguments": {"fail": fail}});
                let said = door.ask(2, "tools/call", params).await;
                assert!(hides_nothing(&said.text), "{:?}: {}", way.tags(), said.text);
                assert!(said.text.contains("\"ab\""), "{}", said.text);
            }
            door.close().await;
        }
        assert!(hides_nothing(&gateway.log()));
    }
}

/// E3: the first of two is kept, also when they stand on different pages.
#[tokio::test]
async fn a_name_that_comes_again_on_another_page_is_the_first_ones() {
    let page = |received: &Received| {
        let cursor = received.message()["params"]["cursor"].clone();
        let mut again = tool("search");
        again["description"] = "an impostor".into();
        let list = match cursor.as_str() {
            None => json!({"tools": [tool("search"), tool("a")], "nextCursor": "2"}),
            Some("2") => json!({"tools": [again.clone(), tool("b")], "nextCursor": "3"}),
            _ => json!({"tools": [again, tool("a")]}),
        };
        let mut list = list;
        list["resultType"] = "complete".into();
        list["ttlMs"] = 60_000.into();
        list["cacheScope"] = "public".into();
        Act::result(received, &list.to_string())
    };
    let upstream = Upstream::start(move |received| match received.rpc().as_str() {
        "server/discover" => Act::result(
            received,
            r#"{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{}}}"#,
        ),
        "tools/list" => page(received),
        _ => Act::result(received, r#"{"content":[],"resultType":"complete"}"#),
    })
    .await;
    let config = format!("servers: {{it: {{url: '{}'}}}}\n", upstream.url());
    let gateway = TestGateway::start(&config).await;
    for way in EVERY_WAY {
        let mut door = Door::open(&gateway, way).await;
        let list = door.ask(1, "tools/list", json!({})).await.answer;
        let tools = list["result"]["tools"].as_array().unwrap();
        let names: Vec<_> = tools.iter().map(|tool| &tool["description"]).collect();
        assert_eq!(names, ["search", "a", "b"], "{:?}: {list}", way.tags());
        door.close().await;
    }
    assert!(gateway.log().contains("left out of the list"));
}

/// B16: whoever makes up methods gets one answer and one name in the record.
#[tokio::test]
async fn made_up_methods_are_one_method_at_every_door() {
    let gateway = TestGateway::lab().await;
    let (mut over_http, mut over_stdio) = (0, 0);
    for way in EVERY_WAY {
        let mut door = Door::open(&gateway, way).await;
        for number in 0..50_u32 {
            let method = format!("canary{:x}/{number}", number.wrapping_mul(2_654_435_761));
            let said = door.ask(number, &method, json!({})).await;
            assert_eq!(said.answer["error"]["code"], -32601, "{}", said.text);
        }
        over_http += usize::from(way.http) * 50;
        over_stdio += usize::from(!way.http) * 50;
        door.close().await;
    }
    let of_stdio = records(&gateway.folder.path().join("stdio").join(STATE));
    let finished = gateway.stop().await;
    let others = of_stdio
        .iter()
        .filter(|record| record["what"]["method"] == "other");
    assert_eq!(finished.of("other").len(), over_http);
    assert_eq!(others.count(), over_stdio);
    let records = format!("{:?}{of_stdio:?}", finished.records);
    assert!(!records.contains("canary") && !finished.log.contains("canary"));
}

/// B13: bodies by the hundred hold no more than there may be, and the rest is told to come again.
#[tokio::test]
async fn two_hundred_bodies_at_once_stay_within_the_budget() {
    let config = "gateway: {limits: {buffered: 16MiB, body: 1MiB}}\nservers:\n  lab: {lab: true}\n";
    let serve = Serve::start(config).await;
    let list = modern::request("/mcp", 1, "tools/list", json!({}));
    assert_eq!(send(serve.address, &list).await.status, 200);
    let before = serve.counts().bytes;
    let mut padded = list.clone();
    padded.body.resize(1 << 20, b' ');
    // Everything but the last byte comes first, so that all bodies are under way at the same time.
    let bytes = padded.encode(serve.address);
    let (most, last) = bytes.split_at(bytes.len() - 1);
    let mut clients = JoinSet::new();
    for _ in 0..200 {
        let (address, most, last) = (serve.address, most.to_vec(), last.to_vec());
        clients.spawn(async move {
            let mut connection = Connection::open(address).await;
            connection.write(&most).await;
            connection.write(&last).await;
            connection.read().await
        });
    }
    let (mut served, mut refused) = (0, 0);
    while let Some(reply) = clients.join_next().await {
        // A refusal may be followed by the end before it is read: what was still on its way is not wanted.
        match reply
            .unwrap()
            .map(|reply| (reply.status, reply.header("retry-after").is_some()))
        {
            Some((200, _)) => served += 1,
            Some((503, true)) | None => refused += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(served + refused, 200);
    assert!(served > 0);
    let grown = serve.counts().bytes.saturating_sub(before);
    // The budget is for bodies that are being read; a connection never takes more than twice the cap of a body.
    let bound = 200 * 2 * (1 << 20);
    assert!(grown < bound, "{grown} bytes more, {refused} refused");
    assert_eq!(send(serve.address, &list).await.status, 200);
}

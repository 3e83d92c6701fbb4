//! Texts that two readers could read in two ways, or not at all. Each is refused at every door with its own code, none
//! reaches a server, and the door works on as before.

use serde_json::{Value, json};
use wardgate_testkit::{
    http::{self, Connection, Request},
    legacy::Session,
    modern,
};

use crate::{
    door::{Door, EVERY_WAY, Way},
    gateway::{STATE, TestGateway, records},
};

const PARSE: i64 = -32700;
const INVALID: i64 = -32600;

/// What is done to a good text, and how it must be refused.
struct Bad {
    name: &'static str,
    code: i64,
    /// The refusal names the request's id.
    told_id: bool,
    make: fn(&str) -> Vec<u8>,
}

/// A text whose id can be read.
const fn invalid(name: &'static str, make: fn(&str) -> Vec<u8>) -> Bad {
    Bad {
        name,
        code: INVALID,
        told_id: true,
        make,
    }
}

/// A text whose id cannot be read, or must not be trusted.
const fn nameless(name: &'static str, make: fn(&str) -> Vec<u8>) -> Bad {
    Bad {
        name,
        code: INVALID,
        told_id: false,
        make,
    }
}

const fn unreadable(name: &'static str, make: fn(&str) -> Vec<u8>) -> Bad {
    Bad {
        name,
        code: PARSE,
        told_id: false,
        make,
    }
}

/// Replaces the first `from` of the good text.
fn put(text: &str, from: &str, to: &str) -> Vec<u8> {
    assert!(text.contains(from), "{from} in {text}");
    text.replacen(from, to, 1).into_bytes()
}

fn put_bytes(text: &str, from: &str, to: &[u8]) -> Vec<u8> {
    let at = text.find(from).expect("a place to put it");
    [
        &text.as_bytes()[..at],
        to,
        &text.as_bytes()[at + from.len()..],
    ]
    .concat()
}

const VALUE: &str = r#""value":1"#;
const ID: &str = r#""id":"bad""#;

const REPEATED: &[Bad] = &[
    invalid("a second method", |text| {
        put(text, "{", r#"{"method":"tools/list","#)
    }),
    invalid("second params", |text| put(text, "{", r#"{"params":{},"#)),
    nameless("a second id", |text| put(text, "{", r#"{"id":7,"#)),
    invalid("a second jsonrpc", |text| {
        put(text, "{", r#"{"jsonrpc":"2.0","#)
    }),
    invalid("a second name", |text| {
        put(text, r#""arguments""#, r#""name":"get_item","arguments""#)
    }),
    invalid("a second argument", |text| {
        put(text, VALUE, r#""value":1,"value":2"#)
    }),
    invalid("a second key far down", |text| {
        put(text, VALUE, r#""value":[{"a":[{"b":{"c":1,"c":1}}]}]"#)
    }),
    invalid("a second key, spelled otherwise", |text| {
        put(text, VALUE, r#""value":1,"valu\u0065":2"#)
    }),
    invalid("a second method, spelled otherwise", |text| {
        put(text, "{", r#"{"\u006dethod":"tools/list","#)
    }),
];

const FOLDED: &[Bad] = &[
    invalid("a method in capitals besides", |text| {
        put(text, "{", r#"{"METHOD":"tools/list","#)
    }),
    invalid("a method in capitals alone", |text| {
        put(text, r#""method""#, r#""Method""#)
    }),
    invalid("params in capitals besides", |text| {
        put(text, "{", r#"{"Params":{},"#)
    }),
    nameless("an id in capitals besides", |text| {
        put(text, "{", r#"{"ID":7,"#)
    }),
    invalid("a name in capitals besides", |text| {
        put(text, r#""arguments""#, r#""Name":"get_item","arguments""#)
    }),
    invalid("an argument in capitals besides", |text| {
        put(text, VALUE, r#""value":1,"VALUE":2"#)
    }),
    invalid("the long s", |text| put(text, "{", "{\"param\u{17f}\":{},")),
    invalid("the long s, spelled", |text| {
        put(text, "{", r#"{"param\u017f":{},"#)
    }),
    invalid("the Kelvin sign", |text| {
        put(text, VALUE, "\"value\":{\"k\":1,\"\u{212a}\":2}")
    }),
    invalid("the sharp s", |text| {
        put(text, VALUE, "\"value\":{\"stra\u{df}e\":1,\"STRASSE\":2}")
    }),
    invalid("a NUL behind the method", |text| {
        put(text, "{", r#"{"method\u0000":"tools/list","#)
    }),
    invalid("a NUL behind the params", |text| {
        put(text, "{", r#"{"params\u0000":{},"#)
    }),
    invalid("a NUL in an argument's key", |text| {
        put(text, VALUE, r#""value":1,"value\u0000":2"#)
    }),
];

const ENVELOPES: &[Bad] = &[
    invalid("no jsonrpc", |text| put(text, r#""jsonrpc":"2.0","#, "")),
    invalid("an older jsonrpc", |text| {
        put(text, r#""jsonrpc":"2.0""#, r#""jsonrpc":"1.0""#)
    }),
    invalid("jsonrpc as a number", |text| {
        put(text, r#""jsonrpc":"2.0""#, r#""jsonrpc":2.0"#)
    }),
    invalid("a method that is a number", |text| {
        put(text, r#""tools/call""#, "7")
    }),
    invalid("a method that is null", |text| {
        put(text, r#""tools/call""#, "null")
    }),
    invalid("a result besides", |text| {
        put(text, "{", r#"{"result":{},"#)
    }),
    invalid("an error besides", |text| {
        put(text, "{", r#"{"error":{"code":1,"message":""},"#)
    }),
    invalid("params that are an array", |text| {
        put(text, r#""params":{"#, r#""params":[],"more":{"#)
    }),
    invalid("params that are null", |text| {
        put(text, r#""params":{"#, r#""params":null,"more":{"#)
    }),
    nameless("an empty object", |_| b"{}".to_vec()),
    nameless("null", |_| b"null".to_vec()),
    nameless("a number", |_| b"17".to_vec()),
    nameless("a string", |_| br#""tools/call""#.to_vec()),
    nameless("an id that is null", |text| put(text, ID, r#""id":null"#)),
    nameless("an id with a fraction", |text| put(text, ID, r#""id":1.5"#)),
    nameless("an id with an exponent", |text| {
        put(text, ID, r#""id":1e3"#)
    }),
    nameless("an id that is true", |text| put(text, ID, r#""id":true"#)),
    nameless("an id that is an object", |text| {
        put(text, ID, r#""id":{}"#)
    }),
    nameless("an id that is an array", |text| {
        put(text, ID, r#""id":[1]"#)
    }),
    nameless("an id beyond 63 bits", |text| {
        put(text, ID, r#""id":9223372036854775808"#)
    }),
    nameless("an id of a mebibyte", |text| {
        put(text, ID, &format!(r#""id":"{}""#, "x".repeat(1 << 20)))
    }),
    nameless("an empty batch", |_| b"[]".to_vec()),
];

/// A batch is refused everywhere but in the one revision that has them.
const BATCHES: &[Bad] = &[
    nameless("a batch of one", |text| format!("[{text}]").into_bytes()),
    nameless("a batch of two", |text| {
        format!("[{text},{text}]").into_bytes()
    }),
    nameless("a batch behind white space", |text| {
        format!(" \t[{text}]").into_bytes()
    }),
];

const SYNTAX: &[Bad] = &[
    unreadable("half of it", |text| {
        text.as_bytes()[..text.len() / 2].to_vec()
    }),
    unreadable("a second value", |text| {
        format!("{text}{text}").into_bytes()
    }),
    unreadable("a second value behind a space", |text| {
        format!("{text} {{}}").into_bytes()
    }),
    unreadable("a brace too many", |text| format!("{text}}}").into_bytes()),
    unreadable("a NUL behind it", |text| format!("{text}\0").into_bytes()),
    unreadable("a trailing comma", |text| put(text, VALUE, r#""value":1,"#)),
    unreadable("single quotes", |text| put(text, VALUE, "'value':1")),
    unreadable("a comment", |text| put(text, VALUE, r#"/* */"value":1"#)),
    unreadable("NaN", |text| put(text, VALUE, r#""value":NaN"#)),
    unreadable("a leading zero", |text| put(text, VALUE, r#""value":01"#)),
    unreadable("a plus", |text| put(text, VALUE, r#""value":+1"#)),
    unreadable("a tab in a string", |text| {
        put(text, VALUE, "\"value\":\"a\tb\"")
    }),
    unreadable("an unknown escape", |text| {
        put(text, VALUE, r#""value":"\x41""#)
    }),
    unreadable("a lone surrogate", |text| {
        put(text, VALUE, r#""value":"\ud800""#)
    }),
    unreadable("surrogates the wrong way round", |text| {
        put(text, VALUE, r#""value":"\udc00\ud800""#)
    }),
    unreadable("a lone surrogate in a key", |text| {
        put(text, VALUE, r#""value":{"\ud800":1}"#)
    }),
    unreadable("not UTF-8", |text| {
        put_bytes(text, VALUE, b"\"value\":\"\xff\"")
    }),
    unreadable("an overlong slash", |text| {
        put_bytes(text, VALUE, b"\"value\":\"\xc0\xaf\"")
    }),
    unreadable("a surrogate in UTF-8", |text| {
        put_bytes(text, VALUE, b"\"value\":\"\xed\xa0\x80\"")
    }),
    unreadable("a byte order mark", |text| {
        format!("\u{feff}{text}").into_bytes()
    }),
    unreadable("UTF-16", |text| {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }),
    unreadable("a hundred thousand brackets", |text| {
        put(text, VALUE, &format!(r#""value":{}"#, "[".repeat(100_000)))
    }),
    unreadable("a hundred thousand braces", |text| {
        put(
            text,
            VALUE,
            &format!(r#""value":{}"#, r#"{"a":"#.repeat(100_000)),
        )
    }),
    unreadable("deep, and closed again", |text| {
        let value = format!("{}{}", "[".repeat(200), "]".repeat(200));
        put(text, VALUE, &format!(r#""value":{value}"#))
    }),
];

async fn refuse_everywhere(all: &[Bad], spare: impl Fn(Way) -> bool) {
    let gateway = TestGateway::lab().await;
    let (mut wrong, mut over_http, mut over_stdio) = (Vec::new(), 0, 0);
    for way in EVERY_WAY.into_iter().filter(|way| !spare(*way)) {
        let mut door = Door::open(&gateway, way).await;
        for bad in all {
            let arguments = json!({"id": "victim", "value": 1});
            let message = door.message(
                "bad",
                "tools/call",
                json!({"name": "put_item", "arguments": arguments}),
            );
            let text = (bad.make)(&message.to_string());
            if !way.http && text.contains(&0) && bad.name == "UTF-16" {
                // A line feed's bytes may lie in it, and then it is several lines.
                continue;
            }
            let said = door.say(&message, text, |request| request).await;
            let status = said.reply.as_ref().map_or(400, |reply| reply.status);
            let expected_id = if bad.told_id {
                json!("bad")
            } else {
                json!(null)
            };
            let got = (status, &said.answer["error"]["code"], &said.answer["id"]);
            if got != (400, &json!(bad.code), &expected_id) {
                wrong.push(format!(
                    "{} {:?}: {status} {}",
                    bad.name,
                    way.tags(),
                    said.text
                ));
            }
            over_http += usize::from(way.http);
            over_stdio += usize::from(!way.http);
        }
        let good = door
            .ask(
                "good",
                "tools/call",
                json!({"name": "add", "arguments": {"a": 1, "b": 2}}),
            )
            .await;
        assert_eq!(good.answer["result"]["structuredContent"]["sum"], 3);
        door.close().await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(gateway.lines("stdio/effects.jsonl").is_empty());
    let refused = |records: &[Value]| {
        let refused = records
            .iter()
            .filter(|record| record["type"] == "mcp.refused");
        refused.count()
    };
    let on_stdio = records(&gateway.folder.path().join("stdio").join(STATE));
    let finished = gateway.stop().await;
    assert!(finished.success && finished.effects().is_empty());
    assert_eq!(
        (refused(&finished.records), refused(&on_stdio)),
        (over_http, over_stdio)
    );
}

#[tokio::test]
async fn a_key_that_comes_twice_is_refused_at_every_depth() {
    refuse_everywhere(REPEATED, |_| false).await;
}

#[tokio::test]
async fn keys_that_some_parser_takes_for_another_are_refused() {
    refuse_everywhere(FOLDED, |_| false).await;
}

#[tokio::test]
async fn an_envelope_that_is_none_is_refused() {
    refuse_everywhere(ENVELOPES, |_| false).await;
}

#[tokio::test]
async fn text_that_is_no_json_is_refused() {
    refuse_everywhere(SYNTAX, |_| false).await;
}

#[tokio::test]
async fn batches_exist_in_one_revision_only() {
    refuse_everywhere(BATCHES, |way| way.revision == "2025-03-26").await;

    let gateway = TestGateway::lab().await;
    for way in EVERY_WAY {
        if way.revision != "2025-03-26" {
            continue;
        }
        let mut door = Door::open(&gateway, way).await;
        let call = |id: u32, a: u32| {
            door.message(
                id,
                "tools/call",
                json!({"name": "add", "arguments": {"a": a, "b": 1}}),
            )
        };
        let batch =
            json!([call(1, 1), call(2, 2), {"jsonrpc": "2.0", "method": "notifications/x"}]);
        let envelope = call(0, 0);
        let said = door
            .say(&envelope, batch.to_string(), |request| request)
            .await;
        let answers = said.answer.as_array().expect("a batch of answers");
        let mut sums: Vec<_> = answers
            .iter()
            .map(|answer| (&answer["id"], &answer["result"]["structuredContent"]["sum"]))
            .collect();
        sums.sort_by_key(|(id, _)| id.as_u64());
        assert_eq!(sums, [(&json!(1), &json!(2)), (&json!(2), &json!(3))]);
        door.close().await;
    }
}

/// Spelled as sent, digit for digit.
const IDS: &[&str] = &[
    "0",
    "-1",
    "9007199254740993",
    "9223372036854775807",
    "-9223372036854775808",
    "1",
    r#""1""#,
    r#""""#,
    r#""é \u00e9 \/ \ud83d\ude00""#,
    r#""9007199254740993""#,
    r#""00000000-0000-0000-0000-000000000000""#,
];

#[tokio::test]
async fn an_id_comes_back_as_it_was_spelled() {
    let gateway = TestGateway::lab().await;
    for way in EVERY_WAY {
        let mut door = Door::open(&gateway, way).await;
        for (method, params) in [
            (
                "tools/call",
                json!({"name": "add", "arguments": {"a": 1, "b": 1}}),
            ),
            ("tools/call", json!({"name": "nope"})),
            ("tools/list", json!({})),
            ("frobnicate", json!({})),
        ] {
            for id in IDS {
                let message = door.message("PLACE", method, params.clone());
                let text = message.to_string().replace(r#""PLACE""#, id);
                let said = door.say(&message, text, |request| request).await;
                assert!(
                    said.text.contains(&format!(r#""id":{id}"#)),
                    "{id} {:?}: {}",
                    way.tags(),
                    said.text
                );
            }
        }
        door.close().await;
    }
}

#[tokio::test]
async fn an_id_that_is_under_way_cannot_be_used_again_on_one_pipe() {
    let gateway = TestGateway::lab().await;
    let mut pipe = gateway.stdio();
    let slow = json!({"name": "slow", "arguments": {"ms": 600_000}});
    pipe.send(&modern::message(1, "tools/call", slow)).await;
    let add = json!({"name": "add", "arguments": {"a": 1, "b": 1}});
    let (_, answer) = pipe
        .ask(&modern::message(1, "tools/call", add.clone()))
        .await;
    assert_eq!(answer["error"]["code"], INVALID);
    // "1" is another id than 1.
    let (_, answer) = pipe.ask(&modern::message("1", "tools/call", add)).await;
    assert_eq!(answer["result"]["structuredContent"]["sum"], 2);
    let (rest, success) = pipe.close().await;
    assert!(success, "{rest:?}");
}

#[tokio::test]
async fn names_are_bounded_before_they_are_decoded() {
    let gateway = TestGateway::lab().await;
    let add = json!({"name": "add", "arguments": {"a": 1, "b": 1}});
    let good = modern::request("/mcp", 1, "tools/call", add);
    for size in [40 << 10, 1 << 20] {
        let request = good.clone().header("Mcp-Param-X", "x".repeat(size));
        let reply = http::send(gateway.address, &request).await;
        assert_eq!(reply.status, 431, "{size}: {}", reply.text());
    }
    let encoded = format!("=?base64?{}?=", "YWRk".repeat(6 << 10));
    let reply = http::send(gateway.address, &good.clone().with("Mcp-Name", encoded)).await;
    assert_eq!(reply.answer()["error"]["code"], -32020);
    assert_eq!(http::send(gateway.address, &good).await.status, 200);
}

#[tokio::test]
async fn a_body_over_the_cap_is_refused_before_it_is_read() {
    let gateway = TestGateway::lab().await;
    let list = modern::request("/mcp", 1, "tools/list", json!({}));

    let claimed = list.clone().with("Content-Length", "10737418240");
    let reply = http::send(gateway.address, &claimed).await;
    assert_eq!(
        (reply.status, reply.header("connection")),
        (413, Some("close"))
    );

    let mut chunked = list.clone().with("Transfer-Encoding", "chunked");
    chunked.body = Vec::new();
    for _ in 0..5 {
        chunked.body.extend_from_slice(b"100000\r\n");
        chunked.body.extend(vec![b' '; 1 << 20]);
        chunked.body.extend_from_slice(b"\r\n");
    }
    chunked.body.extend_from_slice(b"0\r\n\r\n");
    let reply = http::send(gateway.address, &chunked).await;
    assert_eq!(reply.status, 413);

    let mut padded = list.clone();
    padded.body.resize((4 << 20) + 1, b' ');
    assert_eq!(http::send(gateway.address, &padded).await.status, 413);
    let mut padded = list.clone();
    padded.body.resize(4 << 20, b' ');
    assert_eq!(http::send(gateway.address, &padded).await.status, 200);
}

#[tokio::test]
async fn lines_and_space_around_a_message_are_no_part_of_it() {
    let gateway = TestGateway::lab().await;
    let mut request = modern::request("/mcp", 1, "tools/list", json!({}));
    let text = String::from_utf8(request.body).unwrap();
    request.body = format!("\r\n\t {text}\n\n").into_bytes();
    assert_eq!(http::send(gateway.address, &request).await.status, 200);
    for more in [format!("{text}\n{text}"), format!("{text}\n{text}\n")] {
        request.body = more.into_bytes();
        let reply = http::send(gateway.address, &request).await;
        assert_eq!(
            (reply.status, &reply.answer()["error"]["code"]),
            (400, &json!(PARSE))
        );
    }
    request.body.clear();
    let reply = http::send(gateway.address, &request).await;
    assert_eq!(
        (reply.status, &reply.answer()["error"]["code"]),
        (400, &json!(PARSE))
    );
}

#[tokio::test]
async fn a_session_is_nothing_to_the_newest_revision() {
    let gateway = TestGateway::lab().await;
    let session = Session::open(gateway.address, "/mcp", "2025-11-25").await;
    for method in ["GET", "DELETE", "PUT", "PATCH", "HEAD", "TRACE"] {
        for id in [None, Some(&session.id)] {
            let mut request = Request::new(method, "/mcp")
                .header("Accept", "text/event-stream")
                .header("MCP-Protocol-Version", modern::REVISION);
            if let Some(id) = id {
                request = request.header("Mcp-Session-Id", id);
            }
            let mut connection = Connection::open(gateway.address).await;
            if method == "HEAD" {
                request = request.with("Connection", "close");
            }
            let reply = connection.send(&request).await;
            assert_eq!(reply.status, 405, "{method} {}", reply.text());
            assert_eq!(reply.header("allow"), Some("POST"), "{method}");
        }
    }
    // None of this has touched the session.
    let reply = session.call(1, "ping", json!({})).await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn methods_nobody_knows_share_one_name_in_the_record() {
    let gateway = TestGateway::lab().await;
    let mut connection = Connection::open(gateway.address).await;
    for number in 0..500_u32 {
        let method = format!("m{:x}/{number}", number.wrapping_mul(2_654_435_761));
        let reply = connection
            .send(&modern::request("/mcp", number, &method, json!({})))
            .await;
        assert_eq!(
            (reply.status, &reply.answer()["error"]["code"]),
            (404, &json!(-32601))
        );
    }
    let finished = gateway.stop().await;
    assert_eq!(finished.of("other").len(), 500);
}

#[tokio::test]
async fn bodies_being_read_share_one_budget() {
    let config = "gateway: {limits: {buffered: 8MiB, body: 4MiB}}\nservers:\n  lab: {lab: true}\n";
    let gateway = TestGateway::start(config).await;
    let list = modern::request("/mcp", 1, "tools/list", json!({}));
    // Each says 4 MiB, sends 3, and waits: together more than there may be.
    let mut half = list.clone().with("Content-Length", (4 << 20).to_string());
    half.body = vec![b' '; 3 << 20];
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (address, bytes) = (gateway.address, half.encode(gateway.address));
        waiting.spawn(async move {
            let mut connection = Connection::open(address).await;
            connection.write(&bytes).await;
            connection.read().await
        });
    }
    let first = wardgate_testkit::within("a refusal", waiting.join_next()).await;
    let first = first.expect("four").expect("a client").expect("a reply");
    assert_eq!(
        (first.status, first.header("retry-after")),
        (503, Some("1"))
    );
    // What was given up is given back, as soon as the gateway has seen it go.
    waiting.shutdown().await;
    let mut whole = list.clone();
    whole.body.resize(4 << 20, b' ');
    wardgate_testkit::within("room again", async {
        while http::send(gateway.address, &whole).await.status != 200 {}
    })
    .await;
}
